"""NAT rules (PA-02): matched by addresses, service and zones before translation, and by one rule for source and destination.

The zone that a rule asks for is that of the address before translation, by route lookup. So a rule becomes up to three neutral ones: one that
changes destinations as packets come in, restricted to the addresses whose route leads to the zone and marking what it changed; one that
changes sources as they leave, asking for that mark; and, where a rule in front of a destination translation only keeps or changes
sources, one that changes nothing but keeps later rules from acting. Static translation with `bi-directional yes` adds its opposite right
behind it, from any zone (PAN-OS networking guide, static IP; `show running nat-policy` prints it so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.intervals import Interval, Intervals, intersect, normalise
from secaudit.network.matches import ANY_MARK, ANY_SERVICE, UNMARKED, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.addresses import Addresses, literal
from secaudit.vendors.panos.findings import Scope
from secaudit.vendors.panos.interfaces import Ports
from secaudit.vendors.panos.lookups import Lookups
from secaudit.vendors.panos.rulebases import zone_interfaces
from secaudit.vendors.panos.services import Services, ServiceSet, ports
from secaudit.vendors.panos.tree import Node, joined

LAST_MARK = 4096
"""How many destination translations are modelled."""
TRANSLATED_PORTS = (1024, 65535)
"""The source ports that dynamic IP and port translation gives (networking guide, source NAT)."""
_ALWAYS_THERE = ("from", "to", "source", "destination", "service")
"""What every rule is printed with; where it is missing a line was lost."""
_LOOKUP = Text(
    ja="変換前の宛先がどのゾーンに向かうかを経路から判断できません。",
    en="By which zone the destination before translation is reached cannot be told from the routes.",
)
_UNREAD = Text(ja="NATルールに読み取れない値があります。", en="The NAT rule has values that were not understood.")
_BINDING = Text(
    ja="アクティブ/アクティブ構成の片方だけで働きます。", en="It acts on one unit of an active/active pair only."
)


@dataclass(frozen=True, slots=True)
class Redirect:
    """A destination translation as policies see it: they ask for the address and the port before it, and for the zone behind it."""

    mark: int
    external: Intervals
    services: tuple[Service, ...]
    mapped: Interval
    shifts: bool
    """One to one: the first external address becomes the first mapped one."""
    changes_ports: bool
    interfaces: frozenset[str]
    sources: Sources


@dataclass(slots=True)
class Nat:
    """All NAT of a device."""

    rules: list[NatRule] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a rule asks of a packet before translation."""

    entry: Node
    from_interfaces: frozenset[str]
    to_interfaces: frozenset[str]
    sources: Intervals
    destinations: Intervals
    services: tuple[Service, ...]
    uncertain: Text | None
    lines: Sources

    @property
    def label(self) -> str:
        return f"nat {self.entry.name}"


@dataclass(frozen=True, slots=True)
class _Change:
    """A rule with what it does: to the destination, to the source, or nothing."""

    asked: _Asked
    destination: Translation | None = None
    source: Translation | None = None


class NatReader:
    """Reads the NAT rules of one virtual system after the other."""

    def __init__(self, ports: Ports, lookups: Lookups, forwarded: frozenset[str]) -> None:
        self.ports = ports
        self.lookups = lookups
        self.forwarded = forwarded
        """Interfaces behind which policy-based forwarding acts."""
        self.nat = Nat()

    def read(self, scope: Scope, rules: Sequence[Node], addresses: Addresses, services: Services) -> None:
        """Adds the rules of one virtual system."""
        changes: list[_Change] = []
        for entry in rules:
            if entry.yes("disabled"):
                continue
            reader = _RuleReader(scope, self.ports, addresses, services, entry)
            changes += reader.changes()
        self._ingress(scope, changes)
        self._egress(changes)

    def _ingress(self, scope: Scope, changes: Sequence[_Change]) -> None:
        redirected = normalise(
            span for one in changes if one.destination is not None for span in one.asked.destinations
        )
        entered = frozenset(
            name for one in changes if one.destination is not None for name in one.asked.from_interfaces
        )
        for change in changes:
            asked = change.asked
            if change.destination is None and not (
                intersect(asked.destinations, redirected) and asked.from_interfaces & entered
            ):
                continue
            acts = False
            for vrf in sorted(
                {self.ports.interfaces[name].vrf for name in asked.from_interfaces if name in self.ports.interfaces}
            ):
                acts = self._ingress_of(scope, change, vrf) or acts
            if not acts and change.destination is not None:
                text = Text(
                    ja=f"NATルール {asked.entry.name} の宛先は、その宛先ゾーンに向かわないため働きません。",
                    en=f"The NAT rule {asked.entry.name} does nothing: its destination is not reached by its destination zone.",
                )
                scope.findings.notice(NoticeKind.INACTIVE, text, asked.lines)

    def _ingress_of(self, scope: Scope, change: _Change, vrf: str) -> bool:
        asked = change.asked
        interfaces = frozenset(
            name
            for name in asked.from_interfaces
            if name in self.ports.interfaces and self.ports.interfaces[name].vrf == vrf
        )
        sure, possible = self.lookups.towards(vrf, asked.destinations, asked.to_interfaces)
        if interfaces & self.forwarded:
            sure, possible = (), asked.destinations
        if not possible:
            return False
        shifts = change.destination is not None and change.destination.kind is TranslationKind.SHIFT
        if shifts and possible != asked.destinations:
            # only the whole range is shifted; what it does to a part of it is not told apart
            sure, possible = (), asked.destinations
        uncertain = asked.uncertain or (None if sure == possible else _LOOKUP)
        match = Match(4, asked.sources, possible, asked.services)
        mark = 0
        if change.destination is not None:
            mark = len(self.nat.redirects) + 1
            if mark > LAST_MARK or change.destination.addresses is None:
                text = Text(ja="宛先変換のルールが多すぎます。", en="There are too many destination translations.")
                scope.findings.doubt(DoubtKind.TOO_COMPLEX, text, asked.lines)
                return True
            self.nat.redirects.append(
                Redirect(
                    mark, possible, asked.services, change.destination.addresses, shifts,
                    change.destination.ports is not None, interfaces, asked.lines,
                )
            )  # fmt: skip
        self.nat.rules.append(
            NatRule(
                asked.label,
                NatStage.INGRESS,
                (match,),
                asked.lines,
                interfaces,
                destination=change.destination,
                mark=mark,
                uncertain=uncertain,
            )
        )
        if mark and change.source is not None:
            marked = Match(4, asked.sources, match_any(), (ANY_SERVICE,), ((mark, mark),))
            self.nat.rules.append(
                NatRule(
                    asked.label,
                    NatStage.EGRESS,
                    (marked,),
                    asked.lines,
                    None,
                    None,
                    source=change.source,
                    uncertain=asked.uncertain,
                )
            )
        return True

    def _egress(self, changes: Sequence[_Change]) -> None:
        marks = UNMARKED if self.nat.redirects else ANY_MARK
        for change in changes:
            asked = change.asked
            if change.destination is not None or not asked.to_interfaces:
                continue
            match = Match(4, asked.sources, asked.destinations, asked.services, marks)
            self.nat.rules.append(
                NatRule(
                    asked.label, NatStage.EGRESS, (match,), asked.lines, asked.to_interfaces, asked.from_interfaces,
                    source=change.source, uncertain=asked.uncertain,
                )
            )  # fmt: skip


def match_any() -> Intervals:
    """Every IPv4 address."""
    return ((0, 2**32 - 1),)


class _RuleReader:
    """Reads one rule; `bi-directional yes` makes two of it."""

    def __init__(self, scope: Scope, ports: Ports, addresses: Addresses, services: Services, entry: Node) -> None:
        self.scope = scope
        self.ports = ports
        self.addresses = addresses
        self.entry = entry
        self.reason: Text | None = None
        self.lines: list[Sources] = [entry.sources()]
        self.services = self._service(services)

    def changes(self) -> list[_Change]:
        """The changes that the rule makes; a doubt where it cannot be modelled."""
        entry = self.entry
        usual = self.scope.findings.defaults
        kind = entry.value("nat-type", default=usual.nat_type)
        if kind != "ipv4" or entry.child("dynamic-destination-translation") is not None:
            self._unsupported(kind if kind != "ipv4" else "dynamic-destination-translation")
            return []
        if entry.unknown:
            self._unsupported(" ".join(entry.unknown[0].text.split()))
        if entry.unknown or entry.repeated or any(not entry.names(name) for name in _ALWAYS_THERE):
            self.reason = _UNREAD
        if entry.value("active-active-device-binding", default=usual.nat_binding) not in ("both", "primary"):
            self.reason = self.reason or _BINDING
        source = self.addresses.of_setting(entry, "source")
        destination = self.addresses.of_setting(entry, "destination")
        for one in (source, destination):
            self.lines.append(one.sources)
            if not one.certain(4):
                self.reason = self.reason or one.why or _UNREAD
        asked = _Asked(
            entry, self._interfaces("from"), self._to(), source.possible4, destination.possible4,
            self.services.possible, self.reason, (),
        )  # fmt: skip
        try:
            destination_change = self._destination(asked)
            source_change = self._source(asked)
        except ValueError:
            self._unsupported("translated-address")
            return []
        asked = replace(asked, uncertain=self.reason, lines=joined(line for part in self.lines for line in part))
        found = [_Change(asked, destination_change, source_change)]
        if entry.yes("source-translation", "static-ip", "bi-directional") and source_change is not None:
            found.append(self._opposite(asked, source_change))
        return [one for one in found if one.asked.sources and one.asked.destinations]

    def _unsupported(self, what: str) -> None:
        """What it does is left open."""
        entry = self.entry
        ends = self._interfaces("from") | self._interfaces("to")
        self.scope.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja=f"NATルール {entry.name} の {what} を判定していません。",
                en=f"What the NAT rule {entry.name} does with {what} is not modelled.",
            ),
            entry.sources(),
            interfaces=ends if what == "translated-address" and ends else None,
        )

    def _interfaces(self, name: str) -> frozenset[str]:
        found = zone_interfaces(self.scope, self.ports, self.entry, name)
        if found.unknown is not None:
            self.reason = self.reason or found.unknown
        self.lines.append(found.sources)
        return found.interfaces

    def _to(self) -> frozenset[str]:
        found = self._interfaces("to")
        only = self.entry.value("to-interface", default="any")
        return found if only in ("any", "") else found & {only}

    def _service(self, services: Services) -> ServiceSet:
        node = self.entry.child("service")
        if node is None or not node.children:
            return services.of_names(("any",), ())
        found = services.of_names(tuple(node.children), node.sources())
        if not found.certain:
            self.reason = found.why or _UNREAD
        self.lines.append(found.sources)
        return found

    def _destination(self, asked: _Asked) -> Translation | None:
        """The destination translation. Raises `ValueError` when it cannot be read."""
        node = self.entry.child("destination-translation")
        if node is None or not node.children:
            return None
        mapped = self._range(node.value("translated-address"))
        written = node.value("translated-port")
        port = ports(written) if written else None
        if written and port is None:
            raise ValueError(written)
        size = sum(high - low + 1 for low, high in asked.destinations)
        wide = mapped[1] - mapped[0] + 1
        shifts = wide > 1
        if shifts and (wide != size or len(asked.destinations) != 1):
            self.reason = self.reason or _UNREAD
            shifts = False
        return Translation(
            TranslationKind.SHIFT if shifts else TranslationKind.POOL, mapped, None if port is None else port[0]
        )

    def _source(self, asked: _Asked) -> Translation | None:
        """The source translation. Raises `ValueError` when it cannot be read."""
        node = self.entry.child("source-translation")
        if node is None or not node.children:
            return None
        static = node.child("static-ip")
        if static is not None:
            mapped = self._range(static.value("translated-address"))
            wide = mapped[1] - mapped[0] + 1
            size = sum(high - low + 1 for low, high in asked.sources)
            shifts = wide > 1 and wide == size and len(asked.sources) == 1
            if wide > 1 and not shifts:
                self.reason = self.reason or _UNREAD
            return Translation(TranslationKind.SHIFT if shifts else TranslationKind.POOL, mapped)
        for word, translated in (
            ("dynamic-ip-and-port", TRANSLATED_PORTS), ("persistent-dynamic-ip-and-port", TRANSLATED_PORTS), ("dynamic-ip", None),
        ):  # fmt: skip
            held = node.child(word)
            if held is None:
                continue
            if held.child("fallback") is not None:
                self.reason = self.reason or _UNREAD
            own = held.child("interface-address")
            if own is not None:
                return self._of_interface(own, translated)
            names = held.names("translated-address")
            spans = normalise(self._range(name) for name in names)
            if not spans:
                raise ValueError(word)
            if len(spans) > 1:
                self.reason = self.reason or _UNREAD
            return Translation(TranslationKind.POOL, (spans[0][0], spans[-1][1]), translated)
        raise ValueError("source-translation")

    def _of_interface(self, own: Node, translated: Interval | None) -> Translation:
        name = own.value("interface")
        interface = self.ports.interfaces.get(name)
        written = own.value("ip") or own.value("floating-ip")
        if written:
            return Translation(TranslationKind.POOL, _single(self._range(written.split("/")[0])), translated)
        held = [
            int(one.address.ip)
            for one in (() if interface is None else interface.addresses)
            if one.address.version == 4
        ]
        if interface is None or not held:
            return Translation(TranslationKind.INTERFACE, None, translated)
        self.lines.append(interface.addresses[0].sources)
        return Translation(TranslationKind.POOL, (held[0], held[0]), translated)

    def _range(self, name: str) -> Interval:
        """A translated address: a literal or an object, one interval of IPv4. Raises `ValueError`."""
        parsed = (
            literal(name)
            if self.scope.find("address", name) is None and self.scope.find("address-group", name) is None
            else None
        )
        if parsed is not None:
            intervals = parsed[0]
        else:
            found = self.addresses.of_names((name,), self.entry.sources())
            self.lines.append(found.sources)
            intervals = found.sure4 if found.certain(4) else ()
        if len(intervals) != 1:
            raise ValueError(name)
        return intervals[0]

    def _opposite(self, asked: _Asked, source: Translation) -> _Change:
        """The destination translation that `bi-directional` adds: from any zone, to the translated address (only for one to one translations)."""
        assert source.addresses is not None
        reason = asked.uncertain
        if len(asked.sources) != 1 or (
            source.kind is TranslationKind.POOL and asked.sources[0][0] != asked.sources[0][1]
        ):
            reason = reason or _UNREAD
        if asked.services != (ANY_SERVICE,):
            reason = reason or _BIDIRECTIONAL
        hull = (asked.sources[0][0], asked.sources[-1][1]) if asked.sources else (0, 0)
        back = Translation(source.kind, hull)
        if source.kind is TranslationKind.SHIFT and hull[1] - hull[0] != source.addresses[1] - source.addresses[0]:
            back = Translation(TranslationKind.POOL, hull)
        every = self.ports.of_vsys(self.scope.name)
        opposite = replace(
            asked, from_interfaces=every, sources=match_any(), destinations=(source.addresses,), services=(ANY_SERVICE,), uncertain=reason,
        )  # fmt: skip
        return _Change(opposite, back, None)


_BIDIRECTIONAL = Text(
    ja="双方向の静的変換にサービスの指定があり、逆方向の働きを確認できていません。",
    en="A bi-directional translation names a service; what that means for the opposite direction is not confirmed.",
)


def _single(span: Interval) -> Interval:
    return span[0], span[0]
