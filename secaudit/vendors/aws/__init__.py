"""Amazon Web Services: virtual networks as `aws ec2 describe-*` and `terraform show -json` tell them."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.text.config_text import ConfigText
from secaudit.vendors.aws import recognition
from secaudit.vendors.reader import ReadConfig

NAME = "aws"


class AwsReader:
    """Amazon Web Services: `aws ec2 describe-*`, `aws directconnect describe-*`, `terraform show -json`."""

    name = NAME
    title = "AWS VPC"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.aws import reader

        return reader.read(text)

    def read_together(self, texts: Sequence[ConfigText]) -> tuple[ReadConfig, ...]:
        """See `reader.read_together`."""
        from secaudit.vendors.aws import reader

        return reader.read_together(texts)


READER = AwsReader()
