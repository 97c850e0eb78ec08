"""What has been read so far. Mutable, private to this package; `assembly` turns it into a `Device`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice

from secaudit.network.device import Doubt, DoubtKind, Notice, NoticeKind, Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceAddress, InterfaceKind
from secaudit.network.intervals import Intervals, IPNetwork
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, Family, Match, Service
from secaudit.network.routes import DynamicRouting
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.reader import UnreadLine
from secaudit.vendors.yamaha.commands import Command

HIGHEST_FILTER_NUMBER = 21474836
"""YA-30."""
LONGEST_LIST = 300
"""More numbers than any model takes in one direction (YA-45)."""
LONGEST_SET = 1001
"""Numbers of one direction of a filter set (command reference 8.1.11)."""
INTERVAL_BUDGET = 400_000
"""Address and port intervals one file may need; beyond it filters are left undetermined instead of exhausting memory."""
LINE_BUDGET = 400_000
"""Filter lines one device may have when every list is written out."""
RANGE_BUDGET = 200_000
"""Interfaces that lines about whole ranges of them may look at; each looks at all that are there."""
RULE_BUDGET = 100_000
"""NAT rules, or policy routes, that one device may have when every use is written out."""
_SHOWN_SOURCES = 50
"""Lines named in one doubt; the coverage of the file names all of them."""

_NAME = re.compile(r"(lan|vlan|bridge|loopback|wan|onu|bri|pri|tunnel|pp)(\d{1,6})((?:[/.]\d{1,4})?)")
_KINDS = {
    "lan": InterfaceKind.PHYSICAL,
    "vlan": InterfaceKind.VLAN,
    "bridge": InterfaceKind.BRIDGE,
    "loopback": InterfaceKind.LOOPBACK,
    "wan": InterfaceKind.DIALER,
    "onu": InterfaceKind.PHYSICAL,
    "bri": InterfaceKind.DIALER,
    "pri": InterfaceKind.DIALER,
    "tunnel": InterfaceKind.TUNNEL,
    "pp": InterfaceKind.DIALER,
    "null": InterfaceKind.NULL,
}


class Outcome(Enum):
    """What a handler did with its command."""

    USED = "used"
    UNREAD = "unread"
    ACCOUNTED = "accounted"
    """The handler has entered the lines into the coverage itself."""


@dataclass(frozen=True, slots=True)
class FilterDefinition:
    """`ip filter N ...` or `ipv6 filter N ...`. `readable` is false for a line that could mean anything."""

    number: int
    line: SourceLine
    readable: bool
    action: Action = Action.UNKNOWN
    certainty: Certainty = Certainty.ALWAYS
    logged: bool = False
    from_addresses: Intervals = ()
    to_addresses: Intervals = ()
    services: tuple[Service, ...] = ()
    doubt: Text | None = None


@dataclass(frozen=True, slots=True)
class DynamicDefinition:
    """`ip filter dynamic N ...`. Form 1 has `services`; form 2 names static filters (YA-52)."""

    number: int
    line: SourceLine
    readable: bool
    from_addresses: Intervals = ()
    to_addresses: Intervals = ()
    services: tuple[Service, ...] = ()
    triggers: tuple[int, ...] = ()
    opposite: tuple[int, ...] = ()
    same: tuple[int, ...] = ()
    doubt: Text | None = None


@dataclass(frozen=True, slots=True)
class FilterList:
    """The numbers of one direction of `secure filter` or of a set; unreadable when a word is not a filter number."""

    statics: tuple[int, ...]
    dynamics: tuple[int, ...]
    sources: Sources
    readable: bool = True


@dataclass(frozen=True, slots=True)
class GatewayDraft:
    """One `gateway ...` of `ip route`, with its parameters as written."""

    gateway: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None
    interface: str | None = None
    discard: bool = False
    filters: tuple[int, ...] = ()
    by_application: bool = False
    conditional: bool = False
    weight: int = 1


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """`ip route` / `ipv6 route` of one network."""

    prefix: IPNetwork
    gateways: tuple[GatewayDraft, ...]
    sources: Sources
    distance: int = 1


@dataclass(frozen=True, slots=True)
class NatUse:
    """`ip IF nat descriptor N.. [reverse N..]`."""

    numbers: tuple[int, ...]
    reverse: tuple[int, ...]
    sources: Sources


@dataclass(frozen=True, slots=True)
class Tightening:
    """A feature that may drop packets of an interface: `direction` is `in`, `out` or empty for both.

    `ingress` bounds an outbound one to packets that came in there, `matches` to some packets.
    """

    direction: str
    text: Text
    line: SourceLine
    ingress: frozenset[str] | None = None
    matches: tuple[Match, ...] = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
    sure: bool = False
    """It is known exactly what it drops."""


@dataclass(slots=True)
class PolicyDraft:
    """The policy filter engine of one address family: every line by what it defines."""

    groups: dict[tuple[str, str], Command] = field(default_factory=dict)
    """(`interface`, `address` or `service`, number) to the group."""
    services: dict[str, Command] = field(default_factory=dict)
    """Names of services that the file defines."""
    filters: dict[str, Command] = field(default_factory=dict)
    sets: dict[str, Command] = field(default_factory=dict)
    enabled: Command | None = None
    switches: dict[str, Command] = field(default_factory=dict)


@dataclass(slots=True)
class InterfaceDraft:
    """An interface while it is being read. Every setting has its own key, so that a later line replaces an earlier one."""

    name: str
    kind: InterfaceKind
    sources: list[SourceLine] = field(default_factory=list)
    addresses: dict[str, InterfaceAddress] = field(default_factory=dict)
    dynamic: dict[str, SourceLine] = field(default_factory=dict)
    enabled: bool | None = None
    vlan: int | None = None
    parent: str | None = None
    member_of: str | None = None
    description: str = ""
    lists: dict[tuple[Family, str], FilterList] = field(default_factory=dict)
    set_names: dict[Family, tuple[str, SourceLine]] = field(default_factory=dict)
    inbound: dict[Family, FilterList] = field(default_factory=dict)
    """`inbound filter list`, of models with the policy filter engine."""
    nat: NatUse | None = None
    tunnel: dict[str, Command] = field(default_factory=dict)
    """What `tunnel select N` holds about the tunnel itself, by the words that say what it is."""
    tightening: list[Tightening] = field(default_factory=list)
    default_route_by_dhcp: bool = True
    advertises: SourceLine | None = None
    advertised: tuple[int, ...] = ()
    """The numbers of the prefixes that it advertises."""
    peer_routes: dict[str, tuple[tuple[IPNetwork, ...], SourceLine]] = field(default_factory=dict)


class Draft:
    """Everything that one device's lines have said so far."""

    def __init__(self, file: str, model: str = "") -> None:
        self.file = file
        self.model = model
        self.interfaces: dict[str, InterfaceDraft] = {}
        self.filters: dict[Family, dict[int, FilterDefinition]] = {4: {}, 6: {}}
        self.dynamics: dict[Family, dict[int, DynamicDefinition]] = {4: {}, 6: {}}
        self.inbound_filters: dict[Family, dict[int, FilterDefinition]] = {4: {}, 6: {}}
        self.policies: dict[Family, PolicyDraft] = {4: PolicyDraft(), 6: PolicyDraft()}
        self.filter_sets: dict[Family, dict[str, dict[str, FilterList]]] = {4: {}, 6: {}}
        self.routes: dict[IPNetwork, RouteDraft] = {}
        self.partly_read_routes: dict[IPNetwork, list[SourceLine]] = {}
        """Lines of which only the destination was understood."""
        self.unread_routes: list[DynamicRouting] = []
        """Of lines of which not even that was."""
        self.policy_routes: dict[tuple[str, int], tuple[GatewayDraft, Sources]] = {}
        self.policy_route_uses: dict[str, tuple[str, SourceLine]] = {}
        self.descriptors: dict[int, dict[str, Command]] = {}
        self.settings: dict[str, Command] = {}
        """Single settings of the device (`ip routing`, `console prompt`, `telnetd host`) by their key."""
        self.user_attributes: dict[str, dict[str, tuple[str, SourceLine]]] = {}
        """`user attribute` by user (empty: the one without a name) and attribute."""
        self.snmp_hosts: dict[str, dict[str, Command]] = {}
        """`snmp host`, `snmpv2c host` and `snmpv3 host` to their lines, one a host."""
        self.prefixes: dict[int, IPNetwork | None] = {}
        """`ipv6 prefix N P`; None where P is taken over from another interface."""
        self.divided: dict[str, Command] = {}
        self.port_mappings: dict[str, tuple[str, SourceLine]] = {}
        self.referenced: dict[Family, set[int]] = {4: set(), 6: set()}
        self.referenced_dynamics: dict[Family, set[int]] = {4: set(), 6: set()}
        self.used: set[int] = set()
        self.irrelevant: dict[int, Text] = {}
        self.unread: list[UnreadLine] = []
        self.notices: list[Notice] = []
        self._doubts: dict[tuple[DoubtKind, Text, Plane, frozenset[str] | None], dict[SourceLine, None]] = {}
        self.unread_definitions: list[tuple[Family, bool, int, SourceLine]] = []
        self._may_enable: dict[str, Sources] = {}
        self.interval_budget = INTERVAL_BUDGET
        self.range_budget = RANGE_BUDGET

    def interface_name(self, word: str, command: Command) -> str | None:
        """The full name behind an interface word: `pp` and `tunnel` mean the selected one (YA-03)."""
        if word == "pp":
            return command.pp
        if word == "tunnel":
            return command.tunnel
        if word == "null":
            return word
        match = _NAME.fullmatch(word)
        if match is None:
            return None
        kind, number, sub = match.groups()
        if kind in ("pp", "tunnel"):
            return None if sub else f"{kind} {int(number)}"
        if sub and kind != "lan":
            return None
        return word

    def interface(self, name: str, line: SourceLine | None = None) -> InterfaceDraft:
        """The interface of that name, made when it is first mentioned; `line` becomes one of its sources."""
        draft = self.interfaces.get(name)
        if draft is None:
            draft = InterfaceDraft(name, _kind_of(name))
            match = _NAME.fullmatch(name)
            if match is not None and match[3]:
                draft.parent = match[1] + match[2]
            self.interfaces[name] = draft
        if line is not None:
            draft.sources.append(line)
        return draft

    def note(self, kind: NoticeKind, text: Text, sources: Sources) -> None:
        """Records a fact for the hygiene rules."""
        self.notices.append(Notice(kind, text, sources))

    def doubt(
        self,
        kind: DoubtKind,
        text: Text,
        sources: Sources,
        interfaces: frozenset[str] | None = None,
        plane: Plane = Plane.TRAFFIC,
    ) -> None:
        """Records something that makes verdicts undetermined; equal texts of one scope become one doubt."""
        self._doubts.setdefault((kind, text, plane, interfaces), {}).update(dict.fromkeys(sources))

    def hand_over(self, old: str, new: str) -> None:
        """Everything that was said of one interface is now about another one: doubts, policy routes, gateways."""
        doubts = self._doubts
        self._doubts = {}
        for (kind, text, plane, names), lines in doubts.items():
            moved = names if names is None or old not in names else names - {old} | {new}
            self._doubts.setdefault((kind, text, plane, moved), {}).update(lines)
        if old in self.policy_route_uses:
            self.policy_route_uses.setdefault(new, self.policy_route_uses.pop(old))
        for prefix, route in self.routes.items():
            gateways = tuple(_moved(gateway, old, new) for gateway in route.gateways)
            self.routes[prefix] = replace(route, gateways=gateways)
        for key, (gateway, sources) in self.policy_routes.items():
            self.policy_routes[key] = (_moved(gateway, old, new), sources)

    def doubts(self) -> tuple[Doubt, ...]:
        """All doubts, in the order in which they first arose."""
        return tuple(
            Doubt(kind, text, tuple(lines)[:_SHOWN_SOURCES], plane, interfaces)
            for (kind, text, plane, interfaces), lines in self._doubts.items()
        )

    def unread_that_may_enable(self, kind: str) -> Sources:
        """The unread lines that may enable interfaces of a kind (`pp`, `tunnel`); to be asked when all lines are read."""
        if kind not in self._may_enable:
            lines = (one.line for one in self.unread if one.could_matter)
            found = (line for line in lines if not {kind, "enable"}.isdisjoint(line.text.lower().split()[:3]))
            self._may_enable[kind] = tuple(islice(found, _SHOWN_SOURCES))
        return self._may_enable[kind]

    def mark_used(self, sources: Sources) -> None:
        """These lines became part of the model."""
        for line in sources:
            self.used.add(line.number)

    def mark_irrelevant(self, sources: Sources, reason: Text) -> None:
        """These lines cannot change a verdict."""
        self.irrelevant.update((line.number, reason) for line in sources)

    def mark_unread(self, sources: Sources, could_matter: bool) -> None:
        """These lines were not understood."""
        self.unread.extend(UnreadLine(line, could_matter) for line in sources)


def _moved(gateway: GatewayDraft, old: str, new: str) -> GatewayDraft:
    return replace(gateway, interface=new) if gateway.interface == old else gateway


def _kind_of(name: str) -> InterfaceKind:
    letters = re.match(r"[a-z]+", name)
    kind = _KINDS.get(letters.group() if letters else "", InterfaceKind.PHYSICAL)
    if kind is InterfaceKind.PHYSICAL and "/" in name:
        return InterfaceKind.VLAN
    return kind


def numbers_of(words: tuple[str, ...], highest: int = HIGHEST_FILTER_NUMBER) -> tuple[int, ...] | None:
    """Words as numbers from 1 to `highest`; None when one of them is something else."""
    numbers: list[int] = []
    for word in words:
        number = number_of(word, highest)
        if number is None:
            return None
        numbers.append(number)
    return tuple(numbers)


def number_of(word: str, highest: int, lowest: int = 1) -> int | None:
    """One word as a number from `lowest` to `highest`, else None."""
    if not (word.isascii() and word.isdecimal()) or len(word) > 10:
        return None
    number = int(word)
    return number if lowest <= number <= highest else None
