"""Whether a text is what AWS answers, or Terraform's account of AWS resources."""

from __future__ import annotations

import re

from secaudit.text.config_text import ConfigText
from secaudit.vendors.aws.lists import LISTS

_LINES, _COLUMNS = 400, 4000
_KEY = re.compile(r'"([A-Za-z]{4,60})"\s*:\s*(?=[\[{"]|$)')
_ID = re.compile(
    r'"(?:vpc|subnet|sg|sgr|acl|rtb|igw|eigw|nat|eni|tgw|vgw|pcx|vpce|pl|dxvif|dxcon|vpn|i)-(?:attach-|rtb-)?[0-9a-f]{8,17}"'
)
_ACCOUNT = re.compile(r'"(?:OwnerId|ownerAccount|owner_id|ResourceOwnerId|UserId)"\s*:\s*"\d{12}"')
_FORMAT = re.compile(r'"format_version"\s*:\s*"[01]\.\d')
_TERRAFORM = re.compile(r'"(?:terraform_version|planned_values|root_module|resource_changes)"\s*:')
_RESOURCE = re.compile(
    r'"(?:type|provider_name|address)"\s*:\s*"(?:aws_|registry\.terraform\.io/hashicorp/aws|[^"]{0,80}\baws_)'
)
_SHARED = frozenset(
    {"Routes", "Entries", "Associations", "Instances", "Subnets", "Addresses", "SecurityGroups", "attachments"}
)
"""Lists that other products have as well: nothing without ids of AWS beside them."""


def score(text: ConfigText) -> int:
    """JSON; a list that AWS's answers have; ids of AWS; a number of an account. Or Terraform's frame with resources of AWS in it."""
    lines = [line.text[:_COLUMNS] for line in text.lines[:_LINES] if line.text]
    if not any(line.lstrip(" \t\ufeff")[:1] in ("{", "[") for line in lines[:20]):
        return 0
    found = 0
    keys = {key for line in lines for key in _KEY.findall(line)}
    known = keys & LISTS.keys()
    if known - _SHARED:
        found += 55
    elif known:
        found += 30
    if any(_ID.search(line) for line in lines):
        found += 25
    if any(_ACCOUNT.search(line) for line in lines):
        found += 10
    terraform = 0
    if any(_FORMAT.search(line) for line in lines):
        terraform += 25
    if any(_TERRAFORM.search(line) for line in lines):
        terraform += 20
    if any(_RESOURCE.search(line) for line in lines):
        terraform += 35
    return min(100, max(found, terraform if terraform > 35 else 0))
