"""`object-group ip address`, `object-group ipv6 address` and `object-group ip port`: named by `addrgroup` and `portgroup` in entries.

Source: Cisco Nexus 9000 Series NX-OS Security Configuration Guide, "Configuring IP ACLs", sections on object groups. Groups cannot name groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from secaudit.network.device import NoticeKind
from secaudit.network.intervals import (
    ANY_PORT,
    PORT_MAX,
    Interval,
    Intervals,
    complement,
    normalise,
    of_network,
    of_wildcard,
)
from secaudit.network.matches import TCP, Family, any_address
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco.object_groups import port_set
from secaudit.vendors.cisco_nxos.vocabulary import Words
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import ipv4, ipv6, ipv6_network, whole_number

_MOST_INTERVALS = 256
_AGAIN = Text(
    ja="オブジェクトグループの同じ番号の行が前にあり、どちらが有効か確認できません",
    en="an earlier member of the group has the same number; which of them is in force is not certain",
)


@dataclass(frozen=True, slots=True)
class Group:
    """Values of a group: addresses or ports. When not `exact`, they are the most that it could be."""

    values: Intervals
    exact: bool = True


@dataclass(slots=True)
class _Members:
    intervals: list[Interval] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    exact: bool = True


@dataclass(slots=True)
class NumberedGroups:
    """All groups of a device by what they hold (4, 6 or `port`) and name."""

    members: dict[tuple[Family | str, str], _Members] = field(default_factory=dict)
    _known: dict[tuple[Family | str, str], Group] = field(default_factory=dict)

    def addresses(self, name: str, family: Family) -> Group:
        """Every address, not exact, when the group is undefined or empty or has members that were not understood."""
        return self._group((family, name), any_address(family))

    def ports(self, name: str) -> Group:
        """Likewise for ports."""
        return self._group(("port", name), ANY_PORT)

    def _group(self, key: tuple[Family | str, str], everything: Intervals) -> Group:
        known = self._known.get(key)
        if known is None:
            held = self.members.get(key)
            # What an empty group selects is not documented.
            sure = held is not None and held.exact and bool(held.intervals)
            values = normalise(held.intervals) if held is not None and sure else everything
            known = self._known[key] = Group(values, sure)
        return known


def read_groups(nodes: Sequence[Node], ledger: Ledger) -> NumberedGroups:
    """Reads the blocks; a member that is not understood makes its group inexact."""
    groups = NumberedGroups()
    kinds: dict[tuple[str, ...], Family | str] = {("ip", "address"): 4, ("ipv6", "address"): 6, ("ip", "port"): "port"}
    for node in nodes:
        kind = kinds.get(node.keys[1:3])
        if kind is None or len(node.keys) != 4:
            ledger.leave(node, DEVICE)
            continue
        members = groups.members.setdefault((kind, node.words[3]), _Members())
        ledger.use(node)
        for child in node.children:
            _read_member(child, kind, members, ledger)
    return groups


def _read_member(node: Node, kind: Family | str, members: _Members, ledger: Ledger) -> None:
    words = Words(node.words, node.keys)
    try:
        if node.children:
            raise NotUnderstoodError("nothing stands below a member")
        if words.peek() not in ("description", "exit"):
            if words.peek().isdigit():
                number = words.take()
                if number in members.numbers:
                    ledger.notice(NoticeKind.OVERWRITTEN, _AGAIN, (node.line,))
                    members.exact = False
                members.numbers.add(number)
            members.intervals.extend(_ports(words) if kind == "port" else _addresses(words, kind))
            words.finish()
        ledger.use(node)
    except NotUnderstoodError:
        members.exact = False
        ledger.leave_line(node.line)
        for below in node.below():
            ledger.leave_line(below.line)


def _addresses(words: Words, kind: Family | str) -> Intervals:
    """`host A`, `A/LENGTH`, `A WILDCARD`."""
    if words.skip("host"):
        number = ipv4(words.take()) if kind == 4 else int(ipv6(words.take()))
        return ((number, number),)
    first = words.take()
    if kind == 6:
        return (of_network(ipv6_network(first)),)
    base, slash, length = first.partition("/")
    if slash:
        return (prefix_interval(base, length),)
    address, wildcard = ipv4(base), words.address()
    try:
        return of_wildcard(address, wildcard, limit=_MOST_INTERVALS)
    except ValueError as error:
        raise NotUnderstoodError("the wildcard mask is too scattered") from error


@lru_cache(maxsize=65536)
def prefix_interval(base: str, length: str) -> Interval:
    """The addresses of `A/LENGTH`; raises `NotUnderstoodError`."""
    hosts = (1 << (32 - whole_number(length, 0, 32))) - 1
    low = ipv4(base) & ~hosts
    return (low, low | hosts)


def _ports(words: Words) -> Intervals:
    """`eq P`, `neq P`, `lt P`, `gt P`, `range A B`; numbers, or the names that TCP has."""
    if words.peek() == "neq":
        words.take()
        port = words.number(0, PORT_MAX)
        return complement(((port, port),), PORT_MAX)
    return port_set(words, TCP)
