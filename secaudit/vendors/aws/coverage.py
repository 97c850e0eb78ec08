"""Which lines of AWS's answers are read, which cannot matter, and which nobody knows."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.aws.lists import LISTS
from secaudit.vendors.common.json_document import Item, JsonDocument
from secaudit.vendors.reader import Coverage, UnreadLine

_AROUND = Text(
    ja="JSON の外にある文字列(入力したコマンドの表示など)",
    en="text outside of the JSON (such as the command that was typed)",
)
_BEHIND = Text(
    ja="この行の値は表示や識別のためのもので、通信に影響しない",
    en="what stands on this line names or describes, and changes no traffic",
)
_FREE = frozenset({"Tags", "tags", "tags_all"})
"""Objects whose members people choose."""


_OF_OBJECTS = frozenset(
    (
        "Associations", "Attachments", "CidrBlockAssociationSet", "Entries", "Groups", "IpPermissions", "IpPermissionsEgress", "IpRanges",
        "Ipv6Addresses", "Ipv6CidrBlockAssociationSet", "Ipv6Prefixes", "Ipv6Ranges", "Ipv4Prefixes", "NatGatewayAddresses", "NetworkInterfaces",
        "PrefixListIds", "PrivateIpAddresses", "Routes", "TransitGatewayAttachments", "UserIdGroupPairs", "VpcAttachments", "egress", "ingress", "route",
    )
)  # fmt: skip
"""Members that are lists of objects; anything else in their place is not understood."""
_SINGLE = ("Id", "CidrBlock", "Ipv6Address", "PrivateIpAddress")
"""What members end with that are single values."""


def _is_odd(key: str, member: Item) -> bool:
    if key.endswith(_SINGLE):
        return isinstance(member.value, list | dict)
    if key not in _OF_OBJECTS or member.value is None:
        return False
    return not isinstance(member.value, list) or any(not isinstance(one.value, dict) for one in member.items)


def _is_odd_option(key: str, member: Item) -> bool:
    """Whether an option of a tunnel, all of which but the address are lists, is anything else."""
    return isinstance(member.value, list) == (key == "OutsideIpAddress") and member.value not in (None, "")


@dataclass(frozen=True, slots=True)
class Keys:
    """What is known of members by their name."""

    used: frozenset[str]
    irrelevant: Mapping[str, Text]


@cache
def keys(*, terraform: bool = False) -> Keys:
    """The lists of `data/keys.toml`."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/keys.toml").read_text("utf-8"))
    used = data["terraform_used" if terraform else "used"]
    groups = data["irrelevant_terraform" if terraform else "irrelevant"]
    return Keys(
        frozenset(used),
        {key: Text(ja=one["ja"], en=one["en"]) for one in groups for key in one["keys"]},
    )


@cache
def tunnel_keys() -> Keys:
    """The lists for the options of one tunnel of a VPN."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/keys.toml").read_text("utf-8"))
    reason = Text(ja=data["irrelevant_tunnel"]["ja"], en=data["irrelevant_tunnel"]["en"])
    return Keys(frozenset(data["tunnel_used"]), dict.fromkeys(data["irrelevant_tunnel"]["keys"], reason))


@dataclass(slots=True)
class Unknown:
    """A member that nobody knows, with its line, and the record in which it stands."""

    key: str
    line: SourceLine
    record: Item | None


@dataclass(slots=True)
class LineBook:
    """The book of the lines of one document: what is entered first for a line stays, used before irrelevant before unread."""

    document: JsonDocument
    used: set[int] = field(default_factory=set)
    irrelevant: dict[int, Text] = field(default_factory=dict)
    unread: set[int] = field(default_factory=set)
    unknown: list[Unknown] = field(default_factory=list)

    def walk_page(self, root: Item) -> None:
        """One page of AWS's answers."""
        known = keys()
        for key, item in root.members.items():
            if key in LISTS and isinstance(item.value, list):
                self.used.add(item.line)
                for record in item.items:
                    self.walk(record, known, record)
            elif key in known.irrelevant:
                self._span(item, known.irrelevant[key])
            elif key in known.used and not isinstance(item.value, list | dict):
                self.used.add(item.line)
            else:
                self._not_known(key, item, None)

    def walk(self, record: Item, known: Keys, owner: Item) -> None:
        """An object with everything in it."""
        waiting = [record]
        while waiting:
            item = waiting.pop()
            for key, member in item.members.items():
                if key in _FREE:
                    self._all_used(member)
                elif key in known.used and not _is_odd(key, member):
                    self.used.add(member.line)
                    waiting.append(member)
                elif key in known.irrelevant:
                    self._tunnels(member.get("TunnelOptions"))
                    self._span(member, known.irrelevant[key])
                else:
                    self._not_known(key, member, owner)
            for element in item.items:
                if isinstance(element.value, dict | list):
                    waiting.append(element)
                else:
                    self.used.add(element.line)

    def set_aside(self, item: Item, reason: Text) -> None:
        """A value with everything in it cannot matter."""
        self._span(item, reason)

    def not_known(self, key: str, item: Item) -> None:
        """A value with everything in it that nobody knows."""
        self._not_known(key, item, None)

    def _tunnels(self, tunnels: Item | None) -> None:
        """The tunnels inside of the options of a VPN. What is not known there concerns the algorithms, which then are not known either, and no traffic."""
        if tunnels is None or tunnels.value in (None, ""):
            return
        if isinstance(tunnels.value, list):
            self.used.add(tunnels.line)
        else:
            self._unread(tunnels)
        known = tunnel_keys()
        for tunnel in tunnels.items:
            if not isinstance(tunnel.value, dict):
                self._unread(tunnel)
            for key, member in tunnel.members.items():
                if key in known.irrelevant:
                    self._span(member, known.irrelevant[key])
                elif key in known.used and not _is_odd_option(key, member):
                    self._all_used(member)
                else:
                    self._unread(member)

    def _all_used(self, item: Item) -> None:
        self.used.update(range(item.line, item.end + 1))

    def _span(self, item: Item, reason: Text) -> None:
        for line in range(item.line, item.end + 1):
            self.irrelevant.setdefault(line, reason)

    def _unread(self, item: Item) -> None:
        self.unread.update(range(item.line, item.end + 1))

    def _not_known(self, key: str, item: Item, record: Item | None) -> None:
        self._unread(item)
        self.unknown.append(Unknown(key, self.document.source(item), record))

    def coverage(self) -> Coverage:
        """Every line once."""
        lines = self.document.lines
        around = {index: _AROUND for index in self.document.around if lines[index].text.strip()}
        broken = len(lines) if self.document.broken is None else self.document.broken
        used: set[int] = set()
        irrelevant: dict[int, Text] = {}
        unread: list[UnreadLine] = []
        for index, line in enumerate(lines):
            if not line.text.strip():
                used.add(line.number)
            elif index >= broken:
                unread.append(UnreadLine(line, True))
            elif index in self.used:
                used.add(line.number)
            elif index in around:
                irrelevant[line.number] = _AROUND
            elif index in self.unread:
                unread.append(UnreadLine(line, True))
            elif index in self.irrelevant:
                irrelevant[line.number] = self.irrelevant[index]
            else:
                used.add(line.number)
        return Coverage(frozenset(used), irrelevant, tuple(unread))
