"""Security rules as one stateful filter a virtual system (PA-02 to PA-04).

Addresses and ports are those before translation, zones those behind it. What rules say of applications is honest about App-ID: the first packets of
a connection pass a rule before its application is known, so a permit by application is possible on every port of its service, sure (in some
state: when it is that application) only on the ports that the application has, and a denial by application is never sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, Intervals
from secaudit.network.match_algebra import TooManyMatchesError, subtract_services
from secaudit.network.matches import ANY_MARK, ANY_PACKET, ANY_SERVICE, UNMARKED, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.addresses import Addresses, AddressSet
from secaudit.vendors.panos.findings import Scope
from secaudit.vendors.panos.interfaces import Ports
from secaudit.vendors.panos.redirected import Redirected
from secaudit.vendors.panos.rulebases import ZoneSet, every_interface, interfaces_of, rules, zone_interfaces
from secaudit.vendors.panos.services import Applications, Services, ServiceSet
from secaudit.vendors.panos.tree import Node, joined

ACTIONS = {
    "allow": Action.PERMIT, "deny": Action.DENY, "drop": Action.DENY, "reset-client": Action.DENY, "reset-server": Action.DENY,
    "reset-both": Action.DENY,
}  # fmt: skip
INTRAZONE, INTERZONE = "intrazone-default", "interzone-default"
_FAMILIES: tuple[Family, ...] = (4, 6)
_MOST = 256
_WHO = (
    ("source-user", Text(ja="利用者", en="the user")),
    ("hip-profiles", Text(ja="端末の状態（HIP）", en="the state of the host (HIP)")),
    ("source-hip", Text(ja="端末の状態（HIP）", en="the state of the host (HIP)")),
    ("destination-hip", Text(ja="端末の状態（HIP）", en="the state of the host (HIP)")),
    ("category", Text(ja="URL カテゴリ", en="the URL category")),
    ("saas-user-list", Text(ja="SaaS の利用者", en="the user of a service")),
    ("saas-tenant-list", Text(ja="SaaS のテナント", en="the tenant of a service")),
)
_NOBODY_ASKED = frozenset(("any", ""))
_CONTENT = Text(ja="アプリケーションは通信の中身で決まります。", en="The application is decided by content.")
_UNREAD = Text(ja="ルールに読み取れない行があります。", en="The rule has lines that were not understood.")
_REPEATED = Text(ja="同じ名前のルールが複数あります。", en="Several rules have this name.")
_NO_ACTION = Text(ja="ルールの動作を読み取れません。", en="The action of the rule cannot be read.")
_IPV6 = Text(
    ja="IPv6 ファイアウォール（ipv6-firewalling）が有効か設定から分かりません。",
    en="The file does not say that IPv6 firewalling is on (ipv6-firewalling).",
)


@dataclass(frozen=True, slots=True)
class Objects:
    """Everything a rule refers to."""

    ports: Ports
    addresses: Addresses
    services: Services
    applications: Applications
    redirected: Redirected


@dataclass(slots=True)
class _Parts:
    """What a rule matches: for sure, when the application is the one, and at most."""

    sure: list[Match] = field(default_factory=list)
    possible: list[Match] = field(default_factory=list)


def policy_filter(scope: Scope, objects: Objects, name: str, others: frozenset[str], ipv6: Node | None) -> Filter:
    """All security rules with the default rules behind them. `others` are the interfaces of other virtual systems, whose own traffic passes."""
    lines: list[FilterLine] = []
    disabled: list[FilterLine] = []
    if others:
        lines.append(
            FilterLine(
                "other virtual systems",
                Action.PERMIT,
                ANY_PACKET,
                scope.findings.identity,
                ingress=others,
                egress=others,
            )
        )
    said = ipv6 is not None and "yes" in ipv6.children
    unsaid = ipv6 is None or not ipv6.children
    if _has_ipv6(objects.ports) and not said and not (unsaid and scope.findings.defaults.ipv6_firewalling):
        sources = scope.findings.identity if ipv6 is None else ipv6.sources()
        lines.append(
            FilterLine(
                "ipv6-firewalling", Action.DENY, (Match(6, ANY_IPV6, ANY_IPV6),), sources, Certainty.UNCERTAIN, _IPV6
            )
        )
    first: Sources = ()
    for entry in rules(scope, "security"):
        found = _RuleReader(scope, objects, entry).lines()
        first = first or found[0].sources
        (disabled if entry.yes("disabled") else lines).extend(found)
    default = _Default(scope)
    every = every_interface(scope, objects.ports)
    lines += default.intrazone(objects.ports)
    if default.action(INTERZONE) is not Action.DENY:
        lines.append(default.line(INTERZONE, every, every))
    sources = first or scope.findings.identity
    return Filter(
        name=name,
        lines=tuple(lines),
        default=Action.DENY,
        sources=sources,
        default_logged=default.logged(INTERZONE),
        default_sources=default.sources(INTERZONE),
        stateful=True,
        disabled=tuple(disabled),
    )


def _has_ipv6(ports: Ports) -> bool:
    return any(
        one.ipv6_only_link_local or any(held.address.version == 6 for held in one.addresses)
        for one in ports.interfaces.values()
        if one.zone is not None
    )


class _Default:
    """The two rules at the end (PA-03): inside a zone everything passes, between zones nothing, unless they are overridden."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.entries: dict[str, Node] = {}
        for holder in (*scope.around, scope.local):
            for base in ("pre-rulebase", "post-rulebase", "rulebase"):
                for entry in holder.entries(base, "default-security-rules", "rules"):
                    self.entries[entry.name] = entry

    def action(self, name: str) -> Action:
        entry = self.entries.get(name)
        usual = self.scope.findings.defaults
        if entry is None or (not entry.value("action") and not entry.unknown):
            return ACTIONS[usual.intrazone_action if name == INTRAZONE else usual.interzone_action]
        return Action.UNKNOWN if entry.unknown else ACTIONS.get(entry.value("action"), Action.UNKNOWN)

    def sources(self, name: str) -> Sources:
        entry = self.entries.get(name)
        return self.scope.findings.identity if entry is None else entry.sources()

    def logged(self, name: str) -> bool:
        entry = self.entries.get(name)
        if entry is None or not (entry.value("log-end") or entry.value("log-start")):
            return self.scope.findings.defaults.default_rule_logs
        return entry.yes("log-end") or entry.yes("log-start")

    def line(self, name: str, ingress: frozenset[str], egress: frozenset[str], more: Sources = ()) -> FilterLine:
        return FilterLine(
            name, self.action(name), ANY_PACKET, joined((*self.sources(name), *more)), logged=self.logged(name),
            ingress=ingress, egress=egress, implied=name not in self.entries,
        )  # fmt: skip

    def intrazone(self, ports: Ports) -> Iterator[FilterLine]:
        for zone in ports.zones.get(self.scope.name, {}).values():
            if zone.members:
                yield self.line(INTRAZONE, zone.members, zone.members, zone.sources)


class _RuleReader:
    """Reads one security rule into its filter lines."""

    def __init__(self, scope: Scope, objects: Objects, entry: Node) -> None:
        self.scope = scope
        self.objects = objects
        self.entry = entry
        self.action = ACTIONS.get(entry.value("action"), Action.UNKNOWN)
        self.uncertain: Text | None = None
        self.sometimes: Text | None = None
        self.shown: list[Sources] = [(entry.line,), entry.sources(*_SHOWN)]

    def lines(self) -> list[FilterLine]:
        """The sure line first, then the one for what may match besides."""
        self._conditions()
        source = self._side("source", "negate-source")
        destination = self._side("destination", "negate-destination")
        services, applications = self._services()
        from_zones, to_zones = (self._zones(name) for name in ("from", "to"))
        parts = self._parts(from_zones.interfaces, source, destination, services)
        reason = next((one.why for one in (source, destination, services) if one.why is not None), _CONTENT)
        found: list[FilterLine] = []
        for ingress, egress in self._pairs(from_zones, to_zones):
            if not (ingress and egress) and found:
                continue
            if parts.sure or not parts.possible:
                found.append(self._line(parts.sure, None, applications, ingress, egress))
            if parts.possible:
                found.append(self._line(parts.possible, reason, applications, ingress, egress))
        return found or [self._line([], None, applications, frozenset(), frozenset())]

    def _conditions(self) -> None:
        entry = self.entry
        if entry.unknown:
            self.uncertain = _UNREAD
            self.shown.append(joined(entry.unknown))
        if entry.repeated or (len(entry.names("action")) > 1 and not _typed_again(entry)):
            self.uncertain = self.uncertain or _REPEATED
            self.action = Action.UNKNOWN
        if self.action is Action.UNKNOWN:
            self.uncertain = self.uncertain or _NO_ACTION
        if entry.names("target", "devices"):
            text = Text(ja="特定の装置だけのルールです。", en="The rule is for certain devices only.")
            self.sometimes = text
        if any(not entry.names(name) for name in _ALWAYS_THERE):
            self.uncertain = self.uncertain or _UNREAD
        for name, what in _WHO:
            held = entry.names(name)
            if held and not _NOBODY_ASKED.issuperset(held):
                self.sometimes = Text(ja=f"{what.ja}による条件があります。", en=f"It depends on {what.en}.")
        schedule = entry.value("schedule")
        if schedule:
            held_schedule = self.scope.find("schedule", schedule)
            if held_schedule is None:
                what = Text(ja="スケジュール", en="schedule")
                users = entry.sources("schedule")
                self.uncertain = self.scope.findings.undefined(what, schedule, users)
            else:
                self.sometimes = Text(
                    ja=f"スケジュール「{schedule}」の時間だけ働きます。",
                    en=f"It acts only during the schedule '{schedule}'.",
                )
                self.shown.append(held_schedule.sources())

    def _side(self, name: str, negate: str) -> AddressSet:
        found = self.objects.addresses.of_setting(self.entry, name)
        self.shown.append(found.sources)
        if self.entry.unknown or (self.entry.yes(negate) and not self.entry.names(name)):
            # what was not understood may be what the rule compares, or that it means the addresses outside
            return AddressSet((), (), ANY_IPV4, ANY_IPV6, found.sources, _UNREAD)
        return found.negated() if self.entry.yes(negate) else found

    def _zones(self, name: str) -> ZoneSet:
        found = zone_interfaces(self.scope, self.objects.ports, self.entry, name)
        if found.unknown is not None:
            self.uncertain = self.uncertain or found.unknown
        self.shown.append(found.sources)
        return found

    def _services(self) -> tuple[ServiceSet, bool]:
        """What the rule asks of protocol and ports, and whether applications decide as well."""
        entry = self.entry
        names = entry.names("service") or ("any",)
        asked = entry.names("application") or ("any",)
        users = entry.sources("application", "service")
        by_application = "any" not in asked
        own = self.objects.applications.of_names(asked, users)
        if "application-default" in names:
            self.shown.append(own.sources)
            return own, True
        services = self.objects.services.of_names(names, users)
        self.shown += [services.sources, own.sources] if by_application else [services.sources]
        if not by_application:
            return services, False
        sure = _common(own.sure, services.sure)
        return ServiceSet(sure, services.possible, (), services.why or own.why or _CONTENT), True

    def _parts(
        self, ingress: frozenset[str], source: AddressSet, destination: AddressSet, services: ServiceSet
    ) -> _Parts:
        parts = _Parts()
        for family in _FAMILIES:
            marked = family == 4 and bool(self.objects.redirected.redirects)
            everywhere = destination.sure(family) == (ANY_IPV4 if family == 4 else ANY_IPV6)
            simple = not marked or (everywhere and services.sure == services.possible == (ANY_SERVICE,))
            marks = ANY_MARK if simple else UNMARKED
            certain = source.certain(family) and services.certain
            _add(parts.sure, family, source.sure(family), destination.sure(family), services.sure, marks)
            if not certain or not destination.certain(family):
                _add(
                    parts.possible,
                    family,
                    source.possible(family),
                    destination.possible(family),
                    services.possible,
                    marks,
                )
            if not simple:
                self._redirected(parts, ingress, source, destination, services, certain)
        return parts

    def _redirected(
        self,
        parts: _Parts,
        ingress: frozenset[str],
        source: AddressSet,
        destination: AddressSet,
        services: ServiceSet,
        certain: bool,
    ) -> None:
        redirects = self.objects.redirected
        both = (destination.sure4, destination.possible4)
        for part in redirects.parts(ingress, source.possible4, both, services.possible, certain):
            (parts.sure if part.sure else parts.possible).append(part.match)
        if not certain:
            sure = redirects.parts(ingress, source.sure4, both, services.sure, True)
            parts.sure += [part.match for part in sure if part.sure]

    def _pairs(self, from_zones: ZoneSet, to_zones: ZoneSet) -> list[tuple[frozenset[str], frozenset[str]]]:
        """Ingress and egress by the type of the rule (PA-03): between any two of the zones, only inside each, only between different ones."""
        kind = self.entry.value("rule-type", default=self.scope.findings.defaults.rule_type)
        ports = self.objects.ports
        if kind == "intrazone":
            return [(interfaces_of(ports, zone), interfaces_of(ports, zone)) for zone in from_zones.zones]
        if kind == "interzone":
            return [
                (interfaces_of(ports, zone), to_zones.interfaces - interfaces_of(ports, zone))
                for zone in from_zones.zones
            ]
        if kind != "universal":
            self.uncertain = self.uncertain or _UNREAD
        return [(from_zones.interfaces, to_zones.interfaces)]

    def _line(
        self,
        matches: list[Match],
        doubt: Text | None,
        applications: bool,
        ingress: frozenset[str],
        egress: frozenset[str],
    ) -> FilterLine:
        entry = self.entry
        doubt = self.uncertain or doubt
        certainty = Certainty.SOMETIMES if applications or self.sometimes is not None else Certainty.ALWAYS
        if applications and self.action is not Action.PERMIT:
            doubt = doubt or _CONTENT
        if doubt is not None:
            certainty = Certainty.UNCERTAIN
        return FilterLine(
            label=f"rule {entry.name}",
            action=self.action,
            matches=tuple(matches),
            sources=joined(line for part in self.shown for line in part),
            certainty=certainty,
            doubt=doubt,
            logged=self._logged(),
            ingress=ingress,
            egress=egress,
            comment=entry.value("description"),
        )

    def _logged(self) -> bool:
        said = self.entry.value("log-end")
        usual = self.scope.findings.defaults.rule_logs_end
        return (said == "yes" if said else usual) or self.entry.yes("log-start")


_ALWAYS_THERE = ("from", "to", "source", "destination", "application", "service")
"""What every rule is printed with; where it is missing a line was lost."""
_SHOWN = (
    "from", "to", "source", "destination", "application", "service", "action", "negate-source", "negate-destination", "disabled", "schedule",
    "source-user", "category", "hip-profiles", "rule-type",
)  # fmt: skip


def _add(
    matches: list[Match],
    family: Family,
    sources: Intervals,
    destinations: Intervals,
    services: tuple[Service, ...],
    marks: Intervals,
) -> None:
    if sources and destinations and services:
        matches.append(Match(family, sources, destinations, services, marks))


def _typed_again(entry: Node) -> bool:
    """Whether a value was set again behind a configuration: the last one counts, as the device does."""
    action = entry.child("action")
    return action is not None and any(
        line.text.lstrip().startswith("set ") for line in (one.line for one in action.children.values())
    )


def _common(left: tuple[Service, ...], right: tuple[Service, ...]) -> tuple[Service, ...]:
    """The packets that are in both: what is left of one when all outside the other is taken away."""
    if right == (ANY_SERVICE,):
        return left
    try:
        outside = subtract_services(4, (ANY_SERVICE,), right, _MOST)
        return subtract_services(4, left, outside, _MOST)
    except TooManyMatchesError:
        return ()


def report_missing_rules(scope: Scope, ports: Ports, managed: Sources, merged: bool) -> None:
    """A device that Panorama manages prints only its own part unless the merged configuration is exported (PA-01)."""
    if managed and not merged:
        scope.findings.doubt(
            DoubtKind.TRUNCATED,
            Text(
                ja="Panorama で管理する装置ですが、Panorama から配布された設定がファイルにありません。統合した設定（show config merged）を出してください。",
                en="Panorama manages the device, and what it pushed is not in the file. Export the merged configuration (show config merged).",
            ),
            managed,
        )
    if not ports.zones.get(scope.name):
        scope.findings.doubt(
            DoubtKind.TRUNCATED,
            Text(
                ja="ゾーンの設定がありません。設定の一部だけのファイルです。",
                en="There are no zones: the file holds only a part of a configuration.",
            ),
            scope.findings.identity,
        )
