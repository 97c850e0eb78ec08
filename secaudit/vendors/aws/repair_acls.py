"""Changes of network ACLs: denying entries with numbers that are free, and entries that are taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from secaudit.network.changes import InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import Intervals, normalise, subtract
from secaudit.network.matches import Family, Match
from secaudit.text.bilingual import Text
from secaudit.vendors.aws.defaults import defaults
from secaudit.vendors.aws.records import Record, Records
from secaudit.vendors.aws.repair_groups import meets
from secaudit.vendors.aws.repair_rules import (
    SOURCE_PORTS,
    Wording,
    highest,
    names_source_ports,
    numbered,
    services_of_match,
    wordings,
)
from secaudit.vendors.cloud.groups import Cards, addresses_of, of_prefixes
from secaudit.vendors.cloud.model import Cloud
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.wording import NOT_REMOVABLE, UNPLACED, all_prefixes

MOST_ENTRIES = 10
"""More denying entries than this are too much of a list that holds twenty."""
_ID = re.compile(r"acl-[0-9a-f]{8,17}")
_STEP = 100
_NO_NUMBER = Text(
    ja="この位置に入れられる空いた番号がネットワークACLにない。番号を振り直してから行うこと。",
    en="the network ACL has no free number at this place; number its entries anew first",
)
_TOO_MANY = Text(
    ja=f"ネットワークACLの項目が {MOST_ENTRIES} 件を超えて必要になるため、投入コマンドにしない。",
    en=f"more than {MOST_ENTRIES} entries of the network ACL would be needed",
)
_STATELESS = Text(
    ja="ネットワークACLは接続の状態を見ないため、拒否した条件に当てはまる応答も止まる。すでに確立している接続にもすぐに効く。",
    en="a network ACL remembers no connections: replies that fit the denying entry are stopped too, and so are connections that are already open",
)
_BAD_ID = Text(
    ja="ネットワークACLの ID の形式が AWS のものではないため、投入コマンドにしない。",
    en="the id is none of a network ACL of AWS, so no command is written with it",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A denying entry."""

    number: int
    wording: Wording
    prefix: str
    family: Family

    def options(self) -> Iterator[str]:
        """What stands behind the number in the line that creates it."""
        yield from ("--protocol", numbered(self.wording), "--rule-action", "deny")
        yield from ("--cidr-block" if self.family == 4 else "--ipv6-cidr-block", self.prefix)
        if self.wording.first is not None:
            if self.wording.protocol in ("icmp", "icmpv6"):
                yield from ("--icmp-type-code", f"Type={self.wording.first},Code={self.wording.last}")
            else:
                yield from ("--port-range", f"From={self.wording.first},To={self.wording.last}")


class AclSession:
    """The entries of all network ACLs that changes touch."""

    def __init__(self, device: Device, records: Records, cloud: Cloud) -> None:
        network = device.name.rpartition("/")[2]
        self._device = device
        self._records = records
        self._held = Cards(cloud)
        self._subnets = {one.id: one for one in cloud.subnets if one.network == network}
        self._filters = {one.id: one for one in cloud.filters}
        self._taken: dict[tuple[str, bool], set[int]] = {}
        self._removed: dict[tuple[str, bool], list[int]] = {}
        self.entries: dict[tuple[str, bool], list[Entry]] = {}
        self._notes: list[Text] = []

    def list_of(self, name: str) -> tuple[str, bool] | None:
        """The network ACL that a filter stands for, and whether its outbound entries are meant."""
        for id_ in self._filters:
            for outbound, word in ((False, "inbound"), (True, "outbound")):
                if name == f"{id_} {word}" or name.startswith(f"{id_} {word} "):
                    return id_, outbound
        return None

    # --- changes ----------------------------------------------------------------------------------------------

    def insert(self, change: InsertDeny, id_: str, outbound: bool) -> None:
        """Denying entries before others. Raises `NotSaidError`."""
        for match in change.matches:
            peers, own = (match.destinations, match.sources)[:: 1 if outbound else -1]
            words = list(islice(wordings(services_of_match(match)), MOST_ENTRIES + 1))
            pairs = [(word, str(one)) for word in words for one in all_prefixes(match.family, peers)]
            if len(pairs) > MOST_ENTRIES:
                raise NotSaidError(_TOO_MANY)
            numbers = self._numbers(change, match, id_, outbound, len(pairs))
            held = self.entries.setdefault((id_, outbound), [])
            held += [Entry(number, *pair, match.family) for number, pair in zip(numbers, pairs, strict=True)]
            self._note_subnets(id_, match.family, own)
            if names_source_ports(match):
                self._notes.append(SOURCE_PORTS)

    def remove(self, change: RemoveLine, id_: str, outbound: bool) -> None:
        """An entry is taken out. Raises `NotSaidError`."""
        line = self._device.filters[change.filter].lines[change.position]
        number = _number(line)
        told = [one for one in self._told(id_, outbound) if one.number("RuleNumber") == number]
        if number is None or len(told) != 1 or number > defaults().highest_number:
            raise NotSaidError(NOT_REMOVABLE)
        self._removed.setdefault((id_, outbound), []).append(number)

    # --- numbers ----------------------------------------------------------------------------------------------

    def _told(self, id_: str, outbound: bool) -> list[Record]:
        record = self._records.one("NetworkAcls", id_)
        if record is None or not record.has("Entries"):
            raise NotSaidError(UNPLACED)
        return [one for one in record.children("Entries") if one.flag("Egress") is outbound]

    def _numbers(self, change: InsertDeny, match: Match, id_: str, outbound: bool, count: int) -> list[int]:
        """Free numbers at the place of a change, or where nothing between cares."""
        lines = self._device.filters[change.filter].lines
        if any(_number(line) is None for line in lines[change.position :]):
            raise NotSaidError(UNPLACED)
        taken = self._taken.get((id_, outbound))
        if taken is None:
            told = (one.number("RuleNumber") for one in self._told(id_, outbound))
            taken = self._taken[id_, outbound] = {one for one in told if one is not None}
        for place in _places(lines, change, match):
            low = (_number(lines[place - 1]) or 0) if place else 0
            high = (
                (_number(lines[place]) or 0)
                if place < len(lines)
                else min(defaults().highest_number + 1, low + _STEP * 2)
            )
            free = [one for one in range(max(low, 0) + 1, high) if one not in taken]
            if len(free) >= count:
                found = [free[(one + 1) * len(free) // (count + 1)] for one in range(count)]
                taken.update(found)
                return found
        raise NotSaidError(_NO_NUMBER)

    # --- what is said -----------------------------------------------------------------------------------------

    def lines(self) -> Iterator[tuple[str, ...]]:
        """The lines that deny, then those that take entries out. Raises `NotSaidError`."""
        for (id_, outbound), held in self.entries.items():
            for one in sorted(held, key=lambda entry: entry.number):
                yield (*_head("create", id_, outbound, one.number), *one.options())
        for (id_, outbound), numbers in self._removed.items():
            for number in dict.fromkeys(numbers):
                yield _head("delete", id_, outbound, number)

    def changed(self) -> Iterator[tuple[str, bool, list[Entry], list[int]]]:
        """Network ACLs with the entries that come and the numbers of those that go, by direction (True: outbound)."""
        for key in dict.fromkeys((*self.entries, *self._removed)):
            yield (*key, self.entries.get(key, []), self._removed.get(key, []))

    def notes(self) -> Iterator[Text]:
        """What a person should know before."""
        yield from self._notes
        if self.entries:
            yield _STATELESS
        quota = defaults().acl_quota
        for (id_, outbound), taken in self._taken.items():
            number = sum(one <= defaults().highest_number for one in taken)
            if number > quota:
                yield Text(
                    ja=f"{id_} の{'アウトバウンド' if outbound else 'インバウンド'}の項目が {number} 件になり、既定の上限({quota} 件)を超える。先に上限の引上げを申請すること。",
                    en=f"{id_} will have {number} {'outbound' if outbound else 'inbound'} entries, more than the usual quota of {quota}; ask for a higher one first",
                )

    def _note_subnets(self, id_: str, family: Family, own: Intervals) -> None:
        """An entry speaks of who is at the other end only; inside, it acts on every host of every subnet of the list."""
        subnets = sorted(self._filters[id_].subnets)
        if not subtract(self._hosts(subnets, family), own, highest(family)):
            return
        shown = ", ".join(subnets)
        self._notes.append(
            Text(
                ja=f"{id_} の項目は、サブネット {shown} のすべての端末に効く。",
                en=f"an entry of {id_} acts on all hosts of {shown}",
            )
        )

    def _hosts(self, subnets: Sequence[str], family: Family) -> Intervals:
        """The addresses at which hosts of subnets are or may be."""
        spans: list[tuple[int, int]] = []
        for name in subnets:
            subnet = self._subnets.get(name)
            spans += [span for card in self._held.of(name) for span in addresses_of(card, family)]
            if subnet is not None and not self._held.complete(subnet):
                spans += of_prefixes(subnet.prefixes, family)
        return normalise(spans)


def _places(lines: Sequence[FilterLine], change: InsertDeny, match: Match) -> Iterator[int]:
    """The place of a change and those that are as good: nothing between them lets its packets through."""
    start = change.position
    yield start
    for place in range(start - 1, -1, -1):
        if _number(lines[place]) is None or not _passes_over(lines[place], match, change):
            break
        yield place
    for place in range(start, len(lines)):
        if not _passes_over(lines[place], match, change):
            break
        yield place + 1


def _passes_over(line: FilterLine, match: Match, change: InsertDeny) -> bool:
    denies = line.action is Action.DENY and line.certainty is Certainty.ALWAYS
    return denies or not meets(line, match, change)


def _number(line: FilterLine) -> int | None:
    """The number of an entry; None for what is none."""
    return int(line.label) if line.label.isascii() and line.label.isdigit() else None


def _head(verb: str, id_: str, outbound: bool, number: int) -> tuple[str, ...]:
    if not _ID.fullmatch(id_):
        raise NotSaidError(_BAD_ID)
    way = "--egress" if outbound else "--ingress"
    return ("aws", "ec2", f"{verb}-network-acl-entry", "--network-acl-id", id_, way, "--rule-number", str(number))
