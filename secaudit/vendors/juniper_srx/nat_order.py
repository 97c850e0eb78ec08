"""The order in which the rules of NAT are tried, and static translation of what leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from secaudit.network.intervals import Interval
from secaudit.network.matches import ANY_SERVICE, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class Side:
    """`from` or `to` of a rule-set: the interfaces, and how specific it is (0 an interface, 1 a zone, 2 a routing instance, 3 nothing)."""

    interfaces: frozenset[str] | None
    level: int


@dataclass(frozen=True, slots=True)
class Found:
    """A rule with the two sides of its rule-set, and the places of both in the file."""

    coming: Side
    going: Side
    place: tuple[int, int]
    rule: NatRule

    @property
    def rank(self) -> tuple[int, int, int]:
        """The more specific rule-sets first, then in their order."""
        return (self.coming.level + self.going.level, *self.place)

    def surely_before(self, other: Found) -> bool:
        """Whether its rule-set is more specific, on both sides taken for itself."""
        mine, its = (self.coming.level, self.going.level), (other.coming.level, other.going.level)
        return mine != its and mine[0] <= its[0] and mine[1] <= its[1]

    def meets(self, other: Found) -> bool:
        """Whether there are packets for which both rule-sets fit."""
        pairs = ((self.coming, other.coming), (self.going, other.going))
        return all(_common(one.interfaces, another.interfaces) for one, another in pairs)


def _common(left: frozenset[str] | None, right: frozenset[str] | None) -> bool:
    return left is None or right is None or bool(left & right)


def ordered(found: list[Found]) -> list[NatRule]:
    """The rules by specificity. One whose rule-set fits the same packets as another that is not surely behind it may not be tried."""
    sets = {one.place[0]: one for one in found}
    unsure = {
        number
        for number, one in sets.items()
        if any(number != other and one.meets(it) and not one.surely_before(it) for other, it in sets.items())
    }
    return [
        replace(one.rule, uncertain=one.rule.uncertain or _OVERLAID) if one.place[0] in unsure else one.rule
        for one in sorted(found, key=lambda each: each.rank)
    ]


def outgoing_of(rules: list[NatRule]) -> Iterator[NatRule]:
    """Static translation of what leaves: the inner address becomes the outer one."""
    for rule in rules:
        to = rule.destination
        if to is None or to.addresses is None:
            continue
        outside = rule.matches[0]
        ports = [service.destination_ports for service in outside.services]
        services: tuple[Service, ...] = (ANY_SERVICE,)
        given: Interval | None = None
        if to.ports is not None and len(ports) == 1 and len(ports[0]) == 1:
            services = (replace(outside.services[0], destination_ports=((0, 65535),), source_ports=(to.ports,)),)
            given = ports[0][0]
        elif outside.services != (ANY_SERVICE,):
            services = tuple(
                replace(service, destination_ports=((0, 65535),), source_ports=service.destination_ports)
                for service in outside.services
            )
        match = Match(outside.family, (to.addresses,), outside.sources, services)
        translation = Translation(TranslationKind.SHIFT, outside.destinations[0], given, ports_shift=given is not None)
        yield NatRule(
            f"{rule.label} (reverse)", NatStage.EGRESS, (match,), rule.sources, interfaces=rule.interfaces,
            source=translation, uncertain=rule.uncertain,
        )  # fmt: skip


_OVERLAID = Text(
    ja="より限定されたルールセットが同じインタフェースにあり、この規則まで調べられるかは確認できません。",
    en="A more specific rule-set is for the same interface; whether this rule is tried after it is not known.",
)
