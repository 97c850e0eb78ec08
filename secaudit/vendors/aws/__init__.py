"""Amazon Web Services: virtual networks as `aws ec2 describe-*` and `terraform show -json` tell them."""

from secaudit.vendors.aws.reader import AwsReader

READER = AwsReader()

__all__ = ["READER"]
