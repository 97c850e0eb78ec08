"""The policy table as one filter: file order, first match, implicit deny (FO-07)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import intersect
from secaudit.network.matches import ANY_MARK, ANY_SERVICE, UNMARKED, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import NOTHING, Addresses, AddressSet
from secaudit.vendors.fortios.conditions import Condition, conditions, logs_all, schedule_condition
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports
from secaudit.vendors.fortios.pools import Pools
from secaudit.vendors.fortios.services import Services, ServiceSet
from secaudit.vendors.fortios.vips import Vip, Vips

MARKED = ((1, ANY_MARK[0][1]),)
_ACTIONS = {"accept": Action.PERMIT, "learn": Action.PERMIT, "ssl-vpn": Action.PERMIT, "deny": Action.DENY}
_SHOWN = (
    "srcintf", "dstintf", "srcaddr", "dstaddr", "srcaddr4", "dstaddr4", "srcaddr6", "dstaddr6", "srcaddr-negate",
    "dstaddr-negate", "srcaddr6-negate", "dstaddr6-negate", "service", "service-negate", "action", "status",
    "schedule", "nat", "ippool", "poolname", "match-vip", "users", "groups", "internet-service", "internet-service-src",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """How one policy table calls its address settings for one family."""

    family: Family
    source: str
    destination: str
    source_negate: str
    destination_negate: str
    pool: str


TABLES: dict[str, tuple[Names, ...]] = {
    "firewall policy": (
        Names(4, "srcaddr", "dstaddr", "srcaddr-negate", "dstaddr-negate", "poolname"),
        Names(6, "srcaddr6", "dstaddr6", "srcaddr6-negate", "dstaddr6-negate", "poolname6"),
    ),
    "firewall policy6": (Names(6, "srcaddr", "dstaddr", "srcaddr-negate", "dstaddr-negate", "poolname"),),
    "firewall consolidated policy": (
        Names(4, "srcaddr4", "dstaddr4", "srcaddr-negate", "dstaddr-negate", "poolname4"),
        Names(6, "srcaddr6", "dstaddr6", "srcaddr-negate", "dstaddr-negate", "poolname6"),
    ),
}


@dataclass(frozen=True, slots=True)
class Objects:
    """Everything a policy refers to."""

    ports: Ports
    addresses: Addresses
    services: Services
    vips: Vips
    pools: Pools
    central: bool = False
    """Central NAT: policies compare addresses after a virtual IP, and translate nothing (`central_nat`)."""
    undefined_interfaces: set[str] = field(default_factory=set)
    """Names of interfaces that were reported as undefined, so that each is reported once."""


@dataclass(slots=True)
class _Parts:
    """What one policy matches: surely, and possibly beyond that."""

    sure: list[Match] = field(default_factory=list)
    possible: list[Match] = field(default_factory=list)
    reasons: list[Text] = field(default_factory=list)
    sources: list[Sources] = field(default_factory=list)


def read_policies(scope: Scope, objects: Objects) -> tuple[list[FilterLine], list[FilterLine]]:
    """The lines of all policy tables and the disabled ones, each in file order."""
    active: list[FilterLine] = []
    disabled: list[FilterLine] = []
    tables = [table for table in TABLES if scope.section(table).entries]
    if "firewall policy" in tables and "firewall consolidated policy" in tables:
        consolidated = scope.section("firewall consolidated policy")
        scope.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja="通常のポリシーと統合ポリシーの両方があり、どちらが有効か判断できません。",
                en="There are ordinary and consolidated policies; which of them work is not known.",
            ),
            consolidated.opening,
        )
    for table in tables:
        for entry in scope.entries(table):
            lines = _PolicyReader(scope, objects, entry, TABLES[table]).lines()
            (active if scope.works(entry) else disabled).extend(lines)
    return active, disabled


class _PolicyReader:
    """Reads one policy into its filter lines."""

    def __init__(self, scope: Scope, objects: Objects, entry: Section, tables: tuple[Names, ...]) -> None:
        self.scope = scope
        self.objects = objects
        self.entry = entry
        self.tables = tables
        self.action = _ACTIONS.get(entry.get("action", scope.defaults.policy_action), Action.UNKNOWN)
        if entry.unknown and "action" not in entry.settings:
            self.action = Action.UNKNOWN  # the line that was not understood may be the one that says it
        self.users = (*entry.opening, *entry.lines_of(*_SHOWN))
        self.says = [(self._says(table.source), self._says(table.destination)) for table in tables]
        self.conditions: list[Condition] = [*conditions(entry)]
        self.zone_lines: Sources = ()

    def lines(self) -> list[FilterLine]:
        """The sure line first, then the line for what may match besides."""
        entry = self.entry
        ingress = self._interfaces("srcintf")
        egress = self._interfaces("dstintf")
        schedule = schedule_condition(self.scope, entry)
        if schedule is not None:
            self.conditions.append(schedule)
        if entry.unknown:
            self.conditions.append(Condition(Certainty.UNCERTAIN, _UNREAD, tuple(entry.unknown)))
        self._report_tunnel(ingress, egress)
        parts = self._parts(ingress)
        if entry.unknown:  # it may say that the policy is for others than those that it names
            families = [names.family for names in self.tables]
            everything = [Match(family, any_address(family), any_address(family)) for family in families]
            return self._line(everything, _UNREAD, parts, ingress, egress)
        lines = []
        if parts.sure or not parts.possible:  # what is only possible is no line that matches nothing
            lines += self._line(parts.sure, None, parts, ingress, egress)
        if parts.possible:
            reason = parts.reasons[0] if parts.reasons else _MARKED
            lines += self._line(parts.possible, reason, parts, ingress, egress)
        return lines

    def _interfaces(self, name: str) -> frozenset[str] | None:
        """The interfaces of a setting; all of them, with a condition, when a name is not defined."""
        names = self.entry.values(name)
        interfaces, lines, known = self.objects.ports.expand(names)
        self.zone_lines = join((*self.zone_lines, *lines))
        if known and names:
            return interfaces
        if not names:
            text = Text(ja=f"ポリシーに {name} の指定がありません。", en=f"The policy names no {name}.")
        else:
            text = Text(
                ja=f"{name} が指すインタフェースの定義がありません。",
                en=f"An interface that {name} names is not defined.",
            )
            self._report_undefined(names, self.entry.lines_of(name))
        self.conditions.append(Condition(Certainty.UNCERTAIN, text, ()))
        return None

    def _report_undefined(self, names: tuple[str, ...], lines: Sources) -> None:
        ports = self.objects.ports
        for name in names:
            if name in ports.interfaces or name in ports.zones or name in self.objects.undefined_interfaces:
                continue
            self.objects.undefined_interfaces.add(name)
            text = Text(
                ja=f"ポリシーが使うインタフェース「{name}」の定義がありません。",
                en=f"The interface '{name}' that a policy uses is not defined in the file.",
            )
            self.scope.findings.doubt(DoubtKind.UNDEFINED, text, lines, interfaces=frozenset())

    def _report_tunnel(self, ingress: frozenset[str] | None, egress: frozenset[str] | None) -> None:
        if self.entry.get("action") != "ipsec" or not self.scope.works(self.entry):
            return
        both = None if ingress is None or egress is None else ingress | egress
        self.scope.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja=f"ポリシー {self.entry.name} はポリシーベースIPsecです。トンネルの先への通信を判定していません。",
                en=f"Policy {self.entry.name} is policy-based IPsec; what its tunnel carries is not modelled.",
            ),
            self.users,
            interfaces=both,
        )

    def _parts(self, ingress: frozenset[str] | None) -> _Parts:
        parts = _Parts()
        services = self._services()
        for names in self.tables:
            self._family(names, services, ingress, parts)
        if services.why is not None:
            parts.reasons.append(services.why)
        parts.sources.append(services.sources)
        return parts

    def _services(self) -> ServiceSet:
        entry = self.entry
        if entry.enabled("internet-service") or entry.enabled("internet-service6"):
            return ServiceSet((), (ANY_SERVICE,), entry.lines_of("internet-service", "internet-service-name"), _ISDB)
        if not entry.values("service"):
            by_application = any(entry.values(name) for name in ("app-category", "application", "app-group"))
            why = _APPLICATION if by_application else _NO_SERVICE
            return ServiceSet((), (ANY_SERVICE,), entry.opening, why)
        found = self.objects.services.of_names(entry.values("service"), entry.lines_of("service"))
        return found.negated() if entry.enabled("service-negate") else found

    def _family(self, names: Names, services: ServiceSet, ingress: frozenset[str] | None, parts: _Parts) -> None:
        entry = self.entry
        suffix = "6" if names.family == 6 and len(self.tables) > 1 else ""
        source = self._side(names.family, names.source, names.source_negate, f"internet-service{suffix}-src")
        ordinary = self._ordinary_names(names)
        destination = self._side(
            names.family, names.destination, names.destination_negate, f"internet-service{suffix}", ordinary
        )
        if source is None or (destination is None and not self._vip_names(names)):
            return
        destination = destination or NOTHING
        vips, complete = self._vips(names)
        if vips and entry.enabled(names.destination_negate):
            complete, vips = False, []
        for one in (source, destination):
            parts.sources.append(one.sources)
            if one.why is not None:
                parts.reasons.append(one.why)
        parts.sources.append(join(line for vip in vips for line in vip.sources))
        self._ordinary_matches(names.family, source, destination, services, ingress, parts)
        for vip in vips:
            marks = ((vip.mark, vip.mark),)
            _add(parts, names.family, source, AddressSet((vip.mapped,), (vip.mapped,)), services, marks, marks)
        if not complete:
            parts.reasons.append(_UNSUPPORTED_VIP)
            everything = AddressSet((), any_address(names.family))
            _add(parts, names.family, source, everything, services, (), ANY_MARK)

    def _vip_names(self, names: Names) -> list[str]:
        wanted = self.entry.values(names.destination)
        return [name for name in wanted if self._is_vip(names.family, name)]

    def _ordinary_names(self, names: Names) -> tuple[str, ...]:
        wanted = self.entry.values(names.destination)
        return tuple(name for name in wanted if not self._is_vip(names.family, name))

    def _is_vip(self, family: Family, name: str) -> bool:
        return not self.objects.addresses.defined(family, name) and self.objects.vips.names_one(family, name)

    def _vips(self, names: Names) -> tuple[list[Vip], bool]:
        found: dict[str, Vip] = {}
        complete = True
        for name in self._vip_names(names):
            members, all_modelled = self.objects.vips.members(names.family, name)
            found.update({vip.name: vip for vip in members})
            complete = complete and all_modelled
        return list(found.values()), complete

    def _side(
        self, family: Family, name: str, negate: str, isdb: str, ordinary: tuple[str, ...] | None = None
    ) -> AddressSet | None:
        """The addresses of one side; None when the policy says nothing for this family."""
        entry = self.entry
        if entry.enabled(isdb):
            return AddressSet((), any_address(family), entry.lines_of(isdb, f"{isdb}-name", f"{isdb}-id"), _ISDB)
        if not entry.values(name):
            return self._absent(family, name)
        wanted = entry.values(name) if ordinary is None else ordinary
        if not wanted:
            return None
        found = self.objects.addresses.of_names(family, wanted, entry.lines_of(name))
        return found.negated(family) if entry.enabled(negate) else found

    def _absent(self, family: Family, name: str) -> AddressSet | None:
        """A policy names addresses of at least one family; without any, text was lost and all are possible."""
        if (True, True) in self.says:
            return None
        said = [table for table, says in zip(self.tables, self.says, strict=True) if any(says)]
        by_service = self.entry.enabled("internet-service") or self.entry.enabled("internet-service-src")
        if (by_service and family == 6) or (said and family != said[0].family):
            return None
        return AddressSet((), any_address(family), self.entry.opening, _NO_ADDRESS)

    def _says(self, name: str) -> bool:
        return bool(self.entry.values(name))

    def _ordinary_matches(
        self,
        family: Family,
        source: AddressSet,
        destination: AddressSet,
        services: ServiceSet,
        ingress: frozenset[str] | None,
        parts: _Parts,
    ) -> None:
        """Matches of ordinary destinations, which mean packets that no VIP translated (FO-10)."""
        reachable = [
            vip
            for vip in self.objects.vips.of_family(family)
            if ingress is None or vip.interfaces is None or ingress & vip.interfaces
        ]
        if not reachable or self.objects.central:
            _add(parts, family, source, destination, services, ANY_MARK, ANY_MARK)
            return
        match_vip = self._match_vip()
        everywhere = destination.sure == any_address(family)
        if match_vip is True and everywhere:
            _add(parts, family, source, destination, services, ANY_MARK, ANY_MARK)
            return
        _add(parts, family, source, destination, services, UNMARKED, UNMARKED)
        if match_vip is False:
            return
        parts.reasons.append(_MARKED)
        # Whether the address before or after translation is compared is not documented: either may match.
        _add(parts, family, source, AddressSet((), destination.possible), services, (), MARKED)
        for vip in reachable:
            if intersect((vip.external,), destination.possible):
                mapped = AddressSet((), (vip.mapped,))
                _add(parts, family, source, mapped, services, (), ((vip.mark, vip.mark),))

    def _match_vip(self) -> bool | None:
        """Whether the policy also matches packets that a VIP translated; None when it cannot be told.

        A denial: as set, and by default as the release has it. Accept: the option exists on old releases only.
        """
        said = self.entry.get("match-vip")
        if self.action is not Action.DENY:
            return None
        if said:
            return said == "enable"
        return self.scope.defaults.denial_matches_vip

    def _line(
        self,
        matches: list[Match],
        doubt: Text | None,
        parts: _Parts,
        ingress: frozenset[str] | None,
        egress: frozenset[str] | None,
    ) -> list[FilterLine]:
        entry = self.entry
        certainty = Certainty.ALWAYS
        for condition in self.conditions:
            if certainty is Certainty.ALWAYS or condition.certainty is Certainty.UNCERTAIN:
                certainty = condition.certainty
                doubt = doubt or condition.text if certainty is Certainty.UNCERTAIN else doubt
        if doubt is not None:
            certainty = Certainty.UNCERTAIN
        sources = (*(condition.sources for condition in self.conditions), self.zone_lines, *parts.sources)
        line = FilterLine(
            label=f"policy {entry.name}",
            action=self.action,
            matches=tuple(matches),
            sources=join(chain(self.users, *sources)),
            certainty=certainty,
            doubt=doubt,
            logged=logs_all(self.scope, entry),
            ingress=ingress,
            egress=egress,
            comment=entry.get("name") or entry.get("comments"),
        )
        if self.action is not Action.PERMIT or not entry.enabled("nat") or self.objects.central:
            return [line]
        return self.objects.pools.translated(line, entry, self.tables[0].pool, self.objects.vips)


def _add(
    parts: _Parts,
    family: Family,
    source: AddressSet,
    destination: AddressSet,
    services: ServiceSet,
    sure_marks: tuple[tuple[int, int], ...],
    possible_marks: tuple[tuple[int, int], ...],
) -> None:
    """Adds what surely matches, and what may match when that is more."""
    sure = sure_marks and _match(family, source.sure, destination.sure, services.sure, sure_marks)
    if sure:
        parts.sure.append(sure)
    certain = source.certain and destination.certain and services.certain and sure_marks == possible_marks
    possible = _match(family, source.possible, destination.possible, services.possible, possible_marks)
    if possible is not None and not certain:
        parts.possible.append(possible)


def _match(
    family: Family,
    sources: tuple[tuple[int, int], ...],
    destinations: tuple[tuple[int, int], ...],
    services: tuple[Service, ...],
    marks: tuple[tuple[int, int], ...],
) -> Match | None:
    if not (sources and destinations and services):
        return None
    return Match(family, sources, destinations, services, marks)


_ISDB = Text(
    ja="インターネットサービスデータベースの内容は設定に含まれていません。",
    en="The content of the Internet service database is not in the file.",
)
_APPLICATION = Text(ja="アプリケーションで判定するポリシーです。", en="The policy decides by application.")
_NO_SERVICE = Text(ja="ポリシーにサービスの指定がありません。", en="The policy names no service.")
_NO_ADDRESS = Text(ja="ポリシーにアドレスの指定がありません。", en="The policy names no address.")
_UNREAD = Text(ja="ポリシーに読み取れない行があります。", en="The policy has lines that were not understood.")
_UNSUPPORTED_VIP = Text(
    ja="ポリシーの宛先に、判定に使えないVIPがあります。", en="The policy's destination has a VIP that is not modelled."
)
_MARKED = Text(
    ja="VIPで変換された通信にこのポリシーが一致するかは、版と設定により異なります。",
    en="Whether this policy matches traffic that a VIP translated depends on version and settings.",
)
