"""A netfilter ruleset and what is known of its host as a `network.Device`.

The way of a packet (kernel `Documentation/networking`, nftables wiki "Netfilter hooks"; NAT order: vendor notes 0.2): PREROUTING by
priority, with destination NAT at -100; the routing decision; then FORWARD, or INPUT for the host's own addresses; POSTROUTING with source
NAT at 100. What the host itself sends passes OUTPUT and POSTROUTING. An accept ends one base chain only: all chains of all hooks must accept.

| chain | becomes |
|---|---|
| PREROUTING before destination NAT | the incoming filter of every interface |
| PREROUTING behind it | the first policies, and `local_in` (they see translated destinations) |
| FORWARD, then POSTROUTING before source NAT | policies |
| POSTROUTING behind source NAT | the outgoing filter of every interface |
| INPUT / OUTPUT | `local_in` / `local_out` |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from secaudit.network.device import Device, Doubt, DoubtKind, Notice, NoticeKind, Plane, Stage
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.management import ManagementPlane
from secaudit.network.match_algebra import any_packet_of
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.netfilter.filters import Group, Place, convert_group, groups, unknown_families
from secaudit.vendors.netfilter.flattening import name_fits
from secaudit.vendors.netfilter.host import HostFacts, interface_kind
from secaudit.vendors.netfilter.own_packets import own_in_doubt
from secaudit.vendors.netfilter.ruleset import (
    BOTH_FAMILIES,
    Hook,
    InterfaceTest,
    Priority,
    Ruleset,
)
from secaudit.vendors.netfilter.translations import NatPlace, convert_nat
from secaudit.vendors.netfilter.untracked import EVERYTHING_TRACKED, NOTRACK, Untracked, untracked

PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
_NONE = frozenset(("",))
_OWN = "own packets"
_NO_ADDRESSES = Text(
    ja="インターフェースのアドレスがファイルにありません。`ip addr` と `ip route` の出力を同じファイルに添えてください",
    en="the addresses of the interfaces are not in the file; add the output of `ip addr` and `ip route` to it",
)
_NOT_THERE = Text(
    ja="規則に書かれたインターフェースが `ip addr` の出力になく、採取時に存在しなかったため、使われないものとします",
    en="rules name an interface that `ip addr` does not show; it did not exist at that moment and is taken as not in use",
)
_NOT_ONE_LIST = Text(
    ja="同じフックの複数のチェインを1つの一覧にできないため、判断できません",
    en="several chains at one hook cannot be written as one list",
)
_HOST_ITSELF = Text(
    ja="提出されたファイルにはパケットフィルターの規則があるだけで、ホスト自体の設定(管理用サービス、利用者と認証情報、SNMP、ログの送信先、時刻同期、名前解決)は含まれない。",
    en="the file holds packet filter rules; the settings of the host itself (services, users and secrets, SNMP, log collectors, time sources, resolvers) are in other files",
)
_COMES_AND_GOES = (InterfaceKind.DIALER, InterfaceKind.TUNNEL)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the device is called and what wrote its file."""

    vendor: str
    file: str
    version: str = ""


def convert(ruleset: Ruleset, host: HostFacts, identity: Identity) -> Device:
    """The device. Never raises: what is too complex or not in the file is a doubt or a line of unknown action."""
    interfaces, notices = _interfaces(ruleset, host)
    names = frozenset(interfaces) or _NONE
    apart, tracking_doubts = untracked(ruleset, names)
    apart, tracking_doubts = (apart, tracking_doubts) if _tracks(ruleset) else (EVERYTHING_TRACKED, ())
    nat_rules, nat_doubts = convert_nat(ruleset, NatPlace(interfaces, host.tcp_loose, apart))
    building = _Building(ruleset, names, host.tcp_loose, apart)
    building.hooks()
    if apart.sources and building.filter_out is not None and any(rule.source for rule in nat_rules):
        nat_doubts += (Doubt(DoubtKind.UNSUPPORTED, NOTRACK, apart.sources),)
    doubts = [*ruleset.doubts, *host.doubts, *building.doubts, *nat_doubts, *tracking_doubts]
    evidence = ruleset.sources or host.sources
    if host.interfaces is None:
        doubts.append(Doubt(DoubtKind.TRUNCATED, _NO_ADDRESSES, evidence))
    building.switch(_switched_off(host))
    return Device(
        host.hostname or PurePosixPath(identity.file).stem or identity.file,
        identity.vendor,
        identity.file,
        evidence,
        {
            name: replace(one, filter_in=building.filter_in, filter_out=building.filter_out)
            for name, one in interfaces.items()
        },
        building.filters,
        PIPELINE,
        version=identity.version,
        policies=tuple(building.policies),
        local_in=tuple(building.local_in),
        local_out=tuple(building.local_out),
        filters_own_packets=building.filter_out is not None,
        management=ManagementPlane(elsewhere=_HOST_ITSELF),
        tracks_connections=_tracks(ruleset),
        untracked=building.untracked,
        routes=host.routes,
        dynamic_routing=_unknown_routes(host, interfaces, evidence),
        nat_rules=nat_rules,
        forwards=any(host.forwarding.get(family, (True,))[0] for family in BOTH_FAMILIES),
        doubts=tuple(dict.fromkeys(doubts)),
        notices=notices,
    )


class _Building:
    """The filters of all hooks, and where each is asked."""

    def __init__(self, ruleset: Ruleset, names: frozenset[str], loose: bool, apart: Untracked) -> None:
        self._ruleset = ruleset
        self._names = names
        self._loose = loose
        self._apart = apart
        self.filters: dict[str, Filter] = {}
        filter_ = apart.filter()
        self.untracked = None if filter_ is None else filter_.name
        if filter_ is not None:
            self.filters[filter_.name] = filter_
        self.doubts: list[Doubt] = []
        self.policies: list[str] = []
        self._forward: list[str] = []
        self.local_in: list[str] = []
        self.local_out: list[str] = []
        self.filter_in: str | None = None
        self.filter_out: str | None = None

    def hooks(self) -> None:
        """Fills everything, hook by hook."""
        every, names = self._ruleset, self._names
        early: list[str] = []
        for group in groups(every, Hook.PREROUTING):
            name = self._add(group, self._place(Hook.PREROUTING, names, _NONE))
            if group.priority < Priority.DESTINATION_NAT:
                early.append(name)
            else:
                self.policies.append(name)
                self.local_in.append(name)
        self.filter_in = self._one(early, movable=not self._translates_before_routing())
        self._hook(self._place(Hook.FORWARD, names, names), self._forward)
        self.policies += self._forward
        self._hook(self._place(Hook.INPUT, names, _NONE), self.local_in)
        self._hook(self._place(Hook.OUTPUT, _NONE, names), self.local_out)
        own = own_in_doubt(every, names, self._apart)
        late: list[str] = []
        for group in groups(every, Hook.POSTROUTING):
            if group.priority < Priority.SOURCE_NAT:
                self.policies.append(self._add(group, self._place(Hook.POSTROUTING, names, names)))
                self.local_out.append(self._add(group, self._place(Hook.POSTROUTING, _NONE, names), " (own packets)"))
            else:
                late.append(self._add(group, self._place(Hook.POSTROUTING, names | _NONE, names)))
        self.filter_out = self._one(late, movable=False)
        self._begin_own(own)

    def _begin_own(self, lines: tuple[FilterLine, ...]) -> None:
        """Own packets of which nothing is sure pass every filter for what is possible, and none for what is certain."""
        if lines and not self.local_out:
            self.local_out.append(_OWN)
            self.filters[_OWN] = Filter(_OWN, (), Action.PERMIT, lines[0].sources)
        for name in self.local_out if lines else ():
            self.filters[name] = replace(self.filters[name], lines=(*lines, *self.filters[name].lines))

    def _place(self, hook: Hook, ingress: frozenset[str], egress: frozenset[str]) -> Place:
        own = hook in (Hook.INPUT, Hook.OUTPUT) or ingress == _NONE
        return Place(hook, ingress, egress, self._loose, Plane.MANAGEMENT if own else Plane.TRAFFIC, self._apart)

    def _add(self, group: Group, place: Place, suffix: str = "", *, last: bool = False) -> str:
        name = group.name + suffix
        while name in self.filters:
            name += f" ({group.priority})"
        self.filters[name], doubts = convert_group(self._ruleset, group, place, name, last=last)
        self.doubts += doubts
        return name

    def _hook(self, place: Place, places: list[str]) -> None:
        """All chains of one hook. Where the file shows none, a family whose rules it does not show may be permitted or denied."""
        found = groups(self._ruleset, place.hook)
        for number, group in enumerate(found, 1):
            places.append(self._add(group, place, last=number == len(found)))
        lines = () if found else tuple(unknown_families(self._ruleset, BOTH_FAMILIES))
        if lines:
            name = place.hook.value
            self.filters[name] = Filter(name, lines, Action.PERMIT, self._ruleset.sources)
            places.append(name)

    def switch(self, off: tuple[FilterLine, ...]) -> None:
        """Puts what the kernel does not forward at all in front of the forwarded packets' filter, and leaves tables out that do nothing."""
        idle = [name for name in self.policies if self._is_idle(name)]
        forward = [name for name in idle if name in self._forward]
        self.policies = [name for name in self.policies if name not in idle] or forward[-1:] or idle[-1:]
        if not off:
            return
        own = [name for name in self.policies if name in self._forward]
        if not own:
            self.policies.insert(0, "forwarding")
            self.filters["forwarding"] = Filter("forwarding", (), Action.PERMIT, off[0].sources)
            own = ["forwarding"]
        chosen = next((name for name in own if self.filters[name].default is Action.DENY), own[-1])
        self.filters[chosen] = replace(self.filters[chosen], lines=(*off, *self.filters[chosen].lines))

    def _is_idle(self, name: str) -> bool:
        return not self.filters[name].lines and self.filters[name].default is Action.PERMIT

    def _translates_before_routing(self) -> bool:
        return any(
            chain.base is not None and chain.base.nat and chain.base.hook is Hook.PREROUTING and chain.rules
            for chain in self._ruleset.chains.values()
        )

    def _one(self, names: list[str], *, movable: bool) -> str | None:
        """An interface has one filter: of several chains in a row those that may only deny are joined with the last.

        `movable`: no address is translated between this place and the policies, so they may as well be asked there.
        """
        acting = [name for name in names if self.filters[name].lines or self.filters[name].default is not Action.PERMIT]
        for name in set(names) - set(acting):
            del self.filters[name]
        if len(acting) < 2:
            return acting[0] if acting else None
        if movable:
            self.policies[:0] = acting
            self.local_in[:0] = acting
            return None
        joined = [self.filters.pop(name) for name in acting]
        sources = tuple(dict.fromkeys(line for one in joined for line in one.sources))
        # what the end of a list permits, its default would permit as well
        before = [one if one.default is not Action.PERMIT else _up_to_last_denial(one) for one in joined[:-1]]
        if any(one.default is not Action.PERMIT or not _only_denies(one) for one in before):
            self.doubts.append(Doubt(DoubtKind.UNSUPPORTED, _NOT_ONE_LIST, sources))
        lines = tuple(line for one in (*before, joined[-1]) for line in one.lines)
        name = " + ".join(acting)
        self.filters[name] = replace(joined[-1], name=name, lines=lines, sources=sources)
        return name


def _up_to_last_denial(filter_: Filter) -> Filter:
    lines = filter_.lines
    while lines and lines[-1].action is Action.PERMIT:
        lines = lines[:-1]
    return replace(filter_, lines=lines)


def _only_denies(filter_: Filter) -> bool:
    return all(line.action is Action.DENY for line in filter_.lines)


def _interfaces(ruleset: Ruleset, host: HostFacts) -> tuple[dict[str, Interface], tuple[Notice, ...]]:
    """Those of `ip addr`, and those that only rules (and routes) name.

    An interface of a kind that comes and goes (dial-up, tunnels) may be there at other times; any other that `ip addr` does
    not show is not in use. A pattern (`ppp*`) that fits no interface stands for those that may come.
    """
    result: dict[str, Interface] = dict(host.interfaces or {})
    notices: list[Notice] = []
    for name, sources in _named(ruleset, host).items():
        if name in result or (name.endswith("*") and any(name_fits(one, name) for one in result)):
            continue
        kind = interface_kind(name.rstrip("*"))
        if name == "*":
            continue
        there = host.interfaces is None or kind in _COMES_AND_GOES
        result[name] = Interface(name, kind, sources, dynamic_address=kind is not InterfaceKind.LOOPBACK, enabled=there)
        if not there:
            notices.append(Notice(NoticeKind.INACTIVE, _NOT_THERE, sources, undefined=True))
    return result, tuple(notices)


def _named(ruleset: Ruleset, host: HostFacts) -> Mapping[str, Sources]:
    """Every interface that a rule or a route names, patterns last, with the first line that does."""
    found: dict[str, Sources] = {}
    for route in host.routes:
        for hop in route.next_hops:
            if hop.interface is not None:
                found.setdefault(hop.interface, hop.sources)
    for chain in ruleset.chains.values():
        for rule in chain.rules:
            if not (rule.condition.ingress or rule.condition.egress):
                continue
            tests: tuple[InterfaceTest, ...] = (*rule.condition.ingress, *rule.condition.egress)
            for name in sorted(name for test in tests for name in test.names):
                found.setdefault(name, rule.sources)
    return dict(sorted(found.items(), key=lambda item: item[0].endswith("*")))


def _tracks(ruleset: Ruleset) -> bool:
    """Connection tracking runs as soon as a rule needs it: a test of the state, or NAT."""
    return any(
        (chain.base is not None and chain.base.nat) or any(rule.condition.states is not None for rule in chain.rules)
        for chain in ruleset.chains.values()
    )


def _unknown_routes(
    host: HostFacts, interfaces: Mapping[str, Interface], evidence: Sources
) -> tuple[DynamicRouting, ...]:
    """A routing table that the file does not show may hold any route."""
    families: tuple[Family, ...] = (4, 6)
    for family in families:
        needed = any(
            held.address.version == family and not held.address.is_link_local and not held.address.is_loopback
            for interface in interfaces.values()
            for held in interface.addresses
        )
        if needed and family not in host.routes_shown:
            command = "ip route" if family == 4 else "ip -6 route"
            return (DynamicRouting(f"({command})", evidence),)
    return ()


def _switched_off(host: HostFacts) -> tuple[FilterLine, ...]:
    """`ip_forward` of one address family off and that of the other on (or not shown): nothing of that family passes."""
    off = {family: line for family, (on, line) in host.forwarding.items() if not on}
    if len(off) == len(BOTH_FAMILIES):
        return ()
    return tuple(
        FilterLine(f"IPv{family} forwarding off", Action.DENY, any_packet_of((family,)), (line,), implied=True)
        for family, line in sorted(off.items())
    )
