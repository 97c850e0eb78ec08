"""Tests as conditions of a netfilter ruleset.

What cannot be told is left out of the condition, which is then uncertain: its matches are the most that it could be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from secaudit.network.filters import Certainty
from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_PORT,
    BYTE_MAX,
    Interval,
    Intervals,
    complement,
    intersect,
    normalise,
)
from secaudit.network.match_algebra import TooManyMatchesError, intersect_matches, subtract_matches
from secaudit.network.matches import ANY_MARK, ANY_PACKET, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.vendors.netfilter.address_types import addresses_of_type
from secaudit.vendors.netfilter.ruleset import (
    TRANSLATED_DESTINATION,
    UNTRANSLATED_DESTINATION,
    Condition,
    InterfaceTest,
    State,
)
from secaudit.vendors.nftables.fields import UNKNOWN_TEST, set_doubt, single
from secaudit.vendors.nftables.selectors import BOTH, PORTED, Selector
from secaudit.vendors.nftables.sets import Sets
from secaudit.vendors.nftables.syntax import Test
from secaudit.vendors.nftables.tokens import Item, Token, split
from secaudit.vendors.nftables.values import (
    Values,
    ValueType,
    component,
    families_of,
    maximum,
    merge,
    without,
)

_MOST_PIECES: Final = 500
MOST_MATCHES: Final = 200_000
"""Matches and services that one rule may need."""

LOOSE = Text(
    ja="th のポート条件は、TCP・UDP・SCTP以外ではポートでない値と比較されます",
    en="th compares what is not a port for protocols other than TCP, UDP and SCTP",
)
TRACKED: Final = {0: frozenset((State.NEW,)), 1: frozenset((State.ESTABLISHED,))}
"""`ct direction`: of the packets that are asked for, the opening ones go in the original direction and the answers in the other."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one component of a key must be; `values` None when it is not known."""

    selector: Selector
    values: Values | None


def simple(test: Test, sets: Sets) -> Asked | None:
    """What a test of one field asks, if it is known and one condition says it: several of these are put together at once (`all_of`)."""
    if len(test.key) != 1 or not test.values:
        return None
    selector = test.key[0]
    if selector.type is None or selector.loose:
        return None
    values = single(selector.type, test, sets)
    if values is None:
        return None
    outside = selector.type is ValueType.INTERFACE and test.operator == "!="
    return asked(selector, values, outside=outside)


def conditions(test: Test, sets: Sets) -> tuple[Condition, ...] | None:
    """A test as a choice of conditions. None: it is the negation of several fields together (`positive` then has what is excluded)."""
    if len(test.key) > 1:
        return None if test.operator == "!=" else _lookup(test, sets)
    selector = test.key[0]
    if selector.name in ("fib saddr type", "fib daddr type"):
        return _address_type(selector, test, sets)
    if selector.type is None or not test.values:
        return of_parts((Part(selector, None),))
    outside = selector.type is ValueType.INTERFACE and test.operator == "!="
    return of_parts((Part(selector, single(selector.type, test, sets)),), set_doubt(test.values, sets), outside=outside)


def base(key: Sequence[Selector]) -> tuple[Condition, ...]:
    """What asking for a key implies, whatever the values are (`tcp dport != 22` is about TCP)."""
    anything = [Part(one, _everything(one)) for one in key]
    return of_parts(anything)


def positive(test: Test, sets: Sets) -> tuple[Condition, ...]:
    """The test without its `!=`."""
    return _lookup(replace(test, operator=""), sets)


def _everything(selector: Selector) -> Values | None:
    if selector.type is None:
        return None
    if selector.type is ValueType.STATE:
        return frozenset(State)
    if selector.type is ValueType.INTERFACE:
        return frozenset(("*",))
    return ((0, maximum(selector.type)),)


# One field


def _address_type(selector: Selector, test: Test, sets: Sets) -> tuple[Condition, ...]:
    """`fib daddr type local`: what follows from the host's addresses; other types depend on its routes."""
    elements = sets.of(test.values[0]) if len(test.values) == 1 else None
    keys = [test.values] if elements is None else [one.key for one in elements.elements]
    known = test.operator in ("", "==", "!=") and not test.mask and (elements is None or elements.known)
    matches: list[Match] = []
    families: tuple[Family, ...] = (4, 6)
    for family in families:
        chosen: list[Interval] = []
        for items in keys:
            word = items[0].text if len(items) == 1 and isinstance(items[0], Token) else ""
            found = addresses_of_type(word, family, sets.own)
            known = known and found is not None
            chosen.extend(found or ())
        wanted = normalise(chosen)
        if test.operator == "!=":
            wanted = complement(wanted, any_address(family)[0][1])
        if wanted:
            matches.extend(_matches((family,), ANY_BYTE, {selector.field: wanted}))
    return (Condition(matches=tuple(matches)),) if known else of_parts((Part(selector, None),))


# Several fields together


def _lookup(test: Test, sets: Sets) -> tuple[Condition, ...]:
    """A key of several fields in a set, or equal to one element."""
    if test.mask or test.operator not in ("", "=="):
        return of_parts([Part(one, None) for one in test.key])
    elements = sets.of(test.values[0]) if len(test.values) == 1 else None
    if elements is None:
        return of_keys(test.key, (test.values,))
    if not elements.known:
        return of_parts([Part(one, None) for one in test.key], set_doubt(test.values, sets))
    return of_keys(test.key, [one.key for one in elements.elements])


def of_keys(key: tuple[Selector, ...], keys: Iterable[tuple[Item, ...]]) -> tuple[Condition, ...]:
    """The conditions under which a key is one of some elements, with neighbours put together."""
    found: dict[tuple[Values | None, ...], None] = {}
    for items in keys:
        parts = split(items, ".") if len(key) > 1 else [tuple(items)]
        if len(parts) != len(key):
            found[(None,) * len(key)] = None
            continue
        found[
            tuple(
                None if selector.type is None else component(selector.type, part)
                for selector, part in zip(key, parts, strict=True)
            )
        ] = None
    rows = list(found)
    for position in range(len(key)):
        rows = _joined(rows, position)
    result: list[Condition] = []
    for row in rows:
        result.extend(of_parts([Part(selector, values) for selector, values in zip(key, row, strict=True)]))
    return merged(result)


def complemented(selector: Selector, keys: Sequence[tuple[Item, ...]]) -> tuple[Condition, ...] | None:
    """The conditions under which one field is none of some elements; None when they are not understood."""
    assert selector.type is not None
    parts = [component(selector.type, tuple(items)) for items in keys]
    known = [one for one in parts if one is not None]
    if len(known) < len(parts) or not known:
        return None
    values = merge(known)
    if isinstance(values, tuple):
        return of_parts((Part(selector, without(selector.type, values)),))
    if selector.type is ValueType.STATE:
        return of_parts((Part(selector, frozenset(State) - values),))
    return of_parts((Part(selector, values),), outside=True)


def _joined(rows: Sequence[tuple[Values | None, ...]], position: int) -> list[tuple[Values | None, ...]]:
    """Rows that differ in one place only become one row."""
    groups: dict[tuple[Values | None, ...], list[Values | None]] = {}
    for row in rows:
        groups.setdefault((*row[:position], *row[position + 1 :]), []).append(row[position])
    result: list[tuple[Values | None, ...]] = []
    for rest, held in groups.items():
        known = [one for one in held if one is not None]
        if known:
            result.append((*rest[:position], merge(known), *rest[position:]))
        if len(known) < len(held):
            result.append((*rest[:position], None, *rest[position:]))
    return result


@dataclass(frozen=True, slots=True)
class Asked:
    """What one component asks of a packet. `values` are those of `field`, a field of `Match` or `Service` (empty: of none)."""

    families: frozenset[Family]
    protocols: Intervals
    field: str = ""
    values: Intervals = ()
    ingress: tuple[InterfaceTest, ...] = ()
    egress: tuple[InterfaceTest, ...] = ()
    states: frozenset[State] | None = None


def asked(selector: Selector, values: Values | None, *, outside: bool = False) -> Asked:
    """A component by what it asks. `outside`: the interfaces are those *not* named. Of values that are not known: what asking implies."""
    families, protocols = selector.families, selector.protocols
    if values is None:
        return Asked(families, protocols)
    if isinstance(values, frozenset):
        if selector.field not in ("ingress", "egress"):
            return Asked(families, protocols, states=frozenset(one for one in values if isinstance(one, State)))
        tests = (InterfaceTest(frozenset(one for one in values if isinstance(one, str)), outside),)
        if selector.field == "ingress":
            return Asked(families, protocols, ingress=tests)
        return Asked(families, protocols, egress=tests)
    if selector.type in (ValueType.FAMILY, ValueType.ETHER_TYPE):
        return Asked(families & families_of(selector.type, values), protocols)
    match selector.field:
        case "protocols":
            return Asked(families, intersect(protocols, values))
        case "direction":
            wanted = [TRACKED[side] for side in (0, 1) if any(low <= side <= high for low, high in values)]
            return Asked(families, protocols, states=frozenset(one for group in wanted for one in group))
        case "status":
            return Asked(families, protocols, "marks", _marks(values))
        case _:
            return Asked(families, protocols, selector.field, values)


def all_of(
    every: Iterable[Asked], certainty: Certainty = Certainty.ALWAYS, doubt: Text | None = None
) -> Condition | None:
    """The condition under which all of it holds; None when no packet has such a header."""
    families = BOTH
    protocols = ANY_BYTE
    fields: dict[str, Intervals] = {}
    ingress: tuple[InterfaceTest, ...] = ()
    egress: tuple[InterfaceTest, ...] = ()
    states: frozenset[State] | None = None
    for one in every:
        if one.families is not BOTH:
            families &= one.families
        if one.protocols is not ANY_BYTE:
            protocols = one.protocols if protocols is ANY_BYTE else intersect(protocols, one.protocols)
        if one.field:
            held = fields.get(one.field)
            fields[one.field] = one.values if held is None else intersect(held, one.values)
            continue
        ingress += one.ingress
        egress += one.egress
        if one.states is not None:
            states = one.states if states is None else states & one.states
    matches = _matches(families, protocols, fields)
    return Condition(ingress, egress, matches, states, certainty, doubt) if matches else None


def of_parts(parts: Sequence[Part], doubt: Text = UNKNOWN_TEST, *, outside: bool = False) -> tuple[Condition, ...]:
    """All components together. `outside`: the interfaces are those *not* named."""
    every = [asked(part.selector, part.values, outside=outside) for part in parts]
    certainty = Certainty.ALWAYS
    for part in parts:
        if part.values is None:
            certainty = worst(certainty, part.selector.certainty)
    result = [all_of(every, certainty, None if certainty is Certainty.ALWAYS else doubt)]
    if any(part.selector.loose for part in parts):
        others = Asked(BOTH, intersect(complement(PORTED, BYTE_MAX), _others(parts)))
        rest = [
            replace(one, protocols=ANY_BYTE, field="" if one.field.endswith("_ports") else one.field) for one in every
        ]
        result.append(all_of((*rest, others), Certainty.UNCERTAIN, LOOSE))
    return tuple(one for one in result if one is not None)


def _others(parts: Sequence[Part]) -> Intervals:
    """The protocols that the components other than `th` leave."""
    protocols = ANY_BYTE
    for part in parts:
        if not part.selector.loose:
            protocols = intersect(protocols, part.selector.protocols)
            if part.selector.field == "protocols" and isinstance(part.values, tuple):
                protocols = intersect(protocols, part.values)
    return protocols


def _marks(values: Intervals) -> Intervals:
    wanted: Intervals = ()
    for value, marks in ((0, UNTRANSLATED_DESTINATION), (1, TRANSLATED_DESTINATION)):
        if any(low <= value <= high for low, high in values):
            wanted = normalise((*wanted, *marks))
    return wanted


def _matches(families: Iterable[int], protocols: Intervals, fields: Mapping[str, Intervals]) -> tuple[Match, ...]:
    if not protocols or not all(fields.values()):
        return ()
    value = fields.get
    ports = value("destination_ports", ANY_PORT), value("source_ports", ANY_PORT)
    if _BELOW_PORTS.isdisjoint(fields):
        services = (Service(protocols, *ports),)
    else:
        others = value("icmp_types", ANY_BYTE), value("icmp_codes", ANY_BYTE), value("tcp_flags", ANY_BYTE)
        services = (Service(protocols, *ports, *others),)
    return tuple(
        [
            Match(family, value("sources", every), value("destinations", every), services, value("marks", ANY_MARK))
            for family, every in _EVERY_ADDRESS
            if family in families
        ]
    )


_BELOW_PORTS: Final = frozenset(("icmp_types", "icmp_codes", "tcp_flags"))
_EVERY_ADDRESS: Final[tuple[tuple[Family, Intervals], ...]] = ((4, any_address(4)), (6, any_address(6)))


class Frame:
    """Tests of addresses and ports, each field once: whom they are about does not depend on the values."""

    __slots__ = ("_families", "_fields", "_protocols", "_services")

    def __init__(self, fields: Sequence[str], families: Iterable[Family], protocols: Intervals) -> None:
        wanted = frozenset(families)
        self._fields = tuple(fields)
        self._families = tuple(pair for pair in _EVERY_ADDRESS if pair[0] in wanted)
        self._protocols = protocols
        self._services: dict[tuple[Intervals, Intervals], tuple[Service, ...]] = {}

    def condition(self, values: Iterable[Intervals]) -> Condition:
        """The condition with the values of one rule, none of which is empty."""
        sources = destinations = None
        to, of = ANY_PORT, ANY_PORT
        for name, one in zip(self._fields, values, strict=True):
            if name == "sources":
                sources = one
            elif name == "destinations":
                destinations = one
            elif name == "destination_ports":
                to = one
            else:
                of = one
        services = self._services.get((to, of))
        if services is None:
            services = self._services[to, of] = (Service(self._protocols, to, of),)
        matches = [Match(family, sources or every, destinations or every, services) for family, every in self._families]
        return Condition((), (), tuple(matches))


def frame_of(selectors: Sequence[Selector]) -> Frame | None:
    """The frame of some tests; None where they ask for other things, one twice, or what no packet has."""
    families, protocols = BOTH, ANY_BYTE
    for one in selectors:
        families &= one.families
        protocols = intersect(protocols, one.protocols)
    fields = [one.field for one in selectors]
    plain = len(set(fields)) == len(fields) and _FRAMED.issuperset(fields)
    return Frame(fields, families, protocols) if plain and families and protocols else None


_FRAMED: Final = frozenset(("sources", "destinations", "destination_ports", "source_ports"))


# Putting together


def worst(left: Certainty, right: Certainty) -> Certainty:
    """The less certain of two."""
    order = (Certainty.ALWAYS, Certainty.SOMETIMES, Certainty.UNCERTAIN)
    return max(left, right, key=order.index)


def both(left: Condition, right: Condition) -> Condition | None:
    """Both must hold; None when that cannot be. Raises `TooManyMatchesError`."""
    if left.matches == ANY_PACKET:
        matches = right.matches
    elif right.matches == ANY_PACKET:
        matches = left.matches
    else:
        matches = intersect_matches(left.matches, right.matches, MOST_MATCHES)
    states = (
        right.states if left.states is None else left.states if right.states is None else left.states & right.states
    )
    if not matches or states == frozenset():
        return None
    certainty = worst(left.certainty, right.certainty)
    doubt = left.doubt if left.certainty is certainty else right.doubt
    return Condition((*left.ingress, *right.ingress), (*left.egress, *right.egress), matches, states, certainty, doubt)


def left_over(every: Iterable[Condition], excluded: Sequence[Condition]) -> tuple[Condition, ...] | None:
    """What no excluded condition holds for; None when that cannot be written as plain matches, or is long."""
    holes: list[Match] = []
    for one in excluded:
        if one.ingress or one.egress or one.states is not None or one.certainty is not Certainty.ALWAYS:
            return None
        holes.extend(one.matches)
    try:
        return tuple(
            replace(one, matches=matches)
            for one in every
            if (matches := subtract_matches(one.matches, holes, _MOST_PIECES))
        )
    except TooManyMatchesError:
        return None


def merged(found: Iterable[Condition]) -> tuple[Condition, ...]:
    """Conditions that differ in their matches only become one."""
    groups: dict[Condition, list[Match]] = {}
    for one in found:
        groups.setdefault(replace(one, matches=()), []).extend(one.matches)
    return tuple(replace(one, matches=tuple(dict.fromkeys(matches))) for one, matches in groups.items())
