"""Access lists of NX-OS: numbered entries with prefix lengths, wildcard masks, address groups and port groups.

Source: Cisco Nexus 9000 Series NX-OS Security Configuration Guide, "Configuring IP ACLs": implicit deny, `established` is ACK or RST,
IPv6 lists permit neighbour discovery and router discovery before the deny, and an undefined list that is applied permits everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import ANY_IPV6, ANY_PORT, Intervals
from secaudit.network.matches import (
    ANY_IPV4_PACKET,
    ANY_IPV6_PACKET,
    ICMPV6,
    PROTOCOLS_WITH_PORTS,
    Family,
    Match,
    Service,
)
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco.access_entries import FIELD_OPTIONS, Entry, EntryReader, inexact_group
from secaudit.vendors.cisco.access_lists import AccessList, neighbour_discovery_lines, unknown_line
from secaudit.vendors.cisco.object_groups import ObjectGroups
from secaudit.vendors.cisco.words import Words as IosWords
from secaudit.vendors.cisco_nxos.object_groups import NumberedGroups, prefix_interval
from secaudit.vendors.cisco_nxos.vocabulary import Words
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node

_ACTIONS = {"permit": Action.PERMIT, "deny": Action.DENY}
_HIGHEST = 2**32 - 1
_LAST = _HIGHEST + 1
_ELSEWHERE = frozenset(("redirect", "load-share", "set-erspan-gre-proto", "set-erspan-dscp"))
"""Options that send packets somewhere else."""
_UNREAD_ENTRY = Text(
    ja="この行を読み取れないため、何を許可・拒否するか分かりません",
    en="this entry was not understood: it could permit or deny anything",
)
_DUPLICATE = Text(
    ja="同じ番号の行が前にあり、どちらが有効か確認できません",
    en="an earlier entry has the same number; which of them is in force is not certain",
)
_FRAGMENTS = Text(
    ja="fragments permit-all により、2番目以降の断片がこのリストを通過することがあります",
    en="by `fragments permit-all` fragments but the first may pass this list",
)
_IGNORE_ROUTABLE = Text(
    ja="ignore routable により、ルーティングされる通信にこのリストが効かないことがあります",
    en="by `ignore routable` this list may not apply to routed traffic",
)


class NxosEntryReader(EntryReader):
    """Entries as in IOS, with `A/LENGTH`, `addrgroup NAME` and `portgroup NAME`."""

    field_options: ClassVar[frozenset[str]] = FIELD_OPTIONS | frozenset(
        (
            "packet-length",
            "http-method",
            "tcp-flags-mask",
            "tcp-option-length",
            "vlan",
            "vni",
            "nve",
            "udf",
            "tcp-flags",
            "igmp-type",
            "dvmrp",
        )
    )

    log_tags: ClassVar[bool] = False

    def __init__(self, groups: NumberedGroups) -> None:
        super().__init__(ObjectGroups())
        self._numbered = groups

    def endpoint(self, words: IosWords, family: Family, entry: Entry) -> Intervals:
        """`any`, `host A`, `A/LENGTH`, `A WILDCARD`, `addrgroup NAME`."""
        key = words.peek()
        if family == 4 and "/" in key:
            base, _, length = words.take().partition("/")
            return (prefix_interval(base, length),)
        if key == "addrgroup":
            words.take()
            name = words.take()
            group = self._numbered.addresses(name, family)
            if not group.exact:
                entry.uncertain(inexact_group(name))
            return group.values
        if key == "object-group":
            raise NotUnderstoodError("groups are named by addrgroup")
        return super().endpoint(words, family, entry)

    def ports(self, words: IosWords, protocol: int | None, entry: Entry) -> Intervals:
        """`eq P`, `range A B` ..., `portgroup NAME`."""
        if words.peek() == "portgroup" and protocol in PROTOCOLS_WITH_PORTS:
            words.take()
            name = words.take()
            group = self._numbered.ports(name)
            if not group.exact:
                entry.uncertain(inexact_group(name))
            return group.values if group.exact else ANY_PORT
        return super().ports(words, protocol, entry)


def implicit_lines(definition: SourceLine) -> tuple[FilterLine, ...]:
    """What every IPv6 list permits before its implicit deny: neighbour discovery, and router discovery besides."""
    router = tuple(
        FilterLine(
            f"implicit {name}",
            Action.PERMIT,
            (Match(6, ANY_IPV6, ANY_IPV6, (Service(((ICMPV6, ICMPV6),), icmp_types=((kind, kind),)),)),),
            (definition,),
        )
        for name, kind in (("router-advertisement", 134), ("router-solicitation", 133))
    )
    return (*neighbour_discovery_lines(definition), *router)


def read_access_lists(
    nodes: Sequence[Node], reader: NxosEntryReader, ledger: Ledger
) -> tuple[dict[str, AccessList], dict[str, AccessList]]:
    """`ip access-list NAME` and `ipv6 access-list NAME` blocks, and `resequence ...`, in file order."""
    lists: dict[Family, dict[str, AccessList]] = {4: {}, 6: {}}
    for node in nodes:
        if node.keys[0] == "resequence":
            _resequence(node, lists, ledger)
            continue
        if len(node.keys) != 3:
            ledger.leave(node, DEVICE)
            continue
        family: Family = 6 if node.keys[0] == "ipv6" else 4
        name = node.words[2]
        held = lists[family].get(name)
        if held is None:
            held = lists[family][name] = AccessList(name, family, False, node.line)
        ledger.use(node)
        block = _Block(held, reader, ledger)
        for child in node.children:
            block.read(child)
    for held in (*lists[4].values(), *lists[6].values()):
        held.finish()
    return lists[4], lists[6]


def _resequence(node: Node, lists: dict[Family, dict[str, AccessList]], ledger: Ledger) -> None:
    """`resequence ip|ipv6 access-list NAME FIRST STEP`: typed by people, never printed by a device."""
    words = Words(node.words, node.keys, 1)
    try:
        family: Family = 6 if words.take().lower() == "ipv6" else 4
        if not words.skip("access-list"):
            raise NotUnderstoodError("no access list")
        held = lists[family].get(words.take())
        first, step = words.number(1, 2**31 - 1), words.number(1, 2**31 - 1)
        words.finish()
        if held is None or node.children or not all(line.label.isdigit() for _, line in held.entries):
            raise NotUnderstoodError("nothing to number")
        if not held.resequence(first, step):
            raise NotUnderstoodError("nothing to number")
        ledger.use(node)
    except NotUnderstoodError:
        ledger.leave(node, DEVICE)


@dataclass(slots=True)
class _Block:
    """Reads the lines of one block into a list."""

    held: AccessList
    reader: NxosEntryReader
    ledger: Ledger

    def read(self, node: Node) -> None:
        """One line."""
        words = IosWords(node.words, node.keys)
        sequence: int | None = None
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below an entry")
            if words.peek() == "no":
                self._remove(words)
            else:
                if words.peek().isdigit():
                    sequence = words.number(1, _HIGHEST)
                self._line(words, sequence, node.line)
            self.ledger.use(node)
        except NotUnderstoodError:
            self._not_understood(node, sequence)

    def _line(self, words: IosWords, sequence: int | None, source: SourceLine) -> None:
        match words.peek():
            case "permit" | "deny":
                self._entry(words, sequence, source)
            case "remark":
                words.take()
                self.held.place_remark(sequence)
                self.held.remark = " ".join(words.items[words.position :])
            case "statistics" | "exit":
                if words.rest() not in (("statistics", "per-entry"), ("exit",)):
                    raise NotUnderstoodError("statistics")
            case "fragments":
                self._fragments(words, source)
            case "ignore":
                if words.rest() != ("ignore", "routable"):
                    raise NotUnderstoodError("ignore")
                self._whole_list(0, Action.UNKNOWN, source, _IGNORE_ROUTABLE)
            case _:
                raise NotUnderstoodError(words.peek())

    def _fragments(self, words: IosWords, source: SourceLine) -> None:
        """`fragments deny-all` touches nothing but fragments behind the first; `permit-all` lets them in whatever the list says."""
        what = words.rest()
        if what == ("fragments", "permit-all"):
            self._whole_list(_LAST, Action.PERMIT, source, _FRAGMENTS)
        elif what != ("fragments", "deny-all"):
            raise NotUnderstoodError("fragments")

    def _whole_list(self, number: int, action: Action, source: SourceLine, doubt: Text) -> None:
        """A line about every packet of the list, before all entries or behind them. Its label is no number: it cannot be removed by one."""
        match = ANY_IPV4_PACKET if self.held.family == 4 else ANY_IPV6_PACKET
        label = " ".join(source.text.split())
        line = FilterLine(label, action, (match,), (source,), Certainty.UNCERTAIN, doubt)
        if not any(known == number for known, _ in self.held.entries):
            self.held.entries.append((number, line))

    def _remove(self, words: IosWords) -> None:
        words.take()
        number = words.number(1, _HIGHEST)
        words.finish()
        if not self.held.remove(number):
            raise NotUnderstoodError("no such entry")

    def _entry(self, words: IosWords, sequence: int | None, source: SourceLine) -> None:
        action = _ACTIONS[words.take().lower()]
        entry = self.reader.extended(words, self.held.family)
        number, taken = self.held.place(sequence)
        if taken:
            self.ledger.notice(NoticeKind.OVERWRITTEN, _DUPLICATE, (source,))
            entry.uncertain(_DUPLICATE)
        line = FilterLine(
            str(number), action, entry.matches, (source,), entry.certainty, entry.doubt, entry.logged, comment=self.held.remark
        )  # fmt: skip
        self.held.remark = ""
        self.held.entries.append((number, line))

    def _not_understood(self, node: Node, sequence: int | None) -> None:
        if node.keys[0] == "no" or not _ELSEWHERE.isdisjoint(node.keys):
            # It takes something away, or sends packets where nobody knows: no line of the list tells that.
            self.ledger.leave(node, DEVICE)
        number, _ = self.held.place(sequence)
        self.held.entries.append((number, unknown_line(str(number), self.held.family, node.line, _UNREAD_ENTRY)))
        self.ledger.leave_line(node.line)
        for below in node.below():
            self.ledger.leave_line(below.line)
