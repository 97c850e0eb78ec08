"""`snat`, `dnat`, `masquerade` and `redirect` as verdicts (`man nft`, NAT STATEMENTS)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from secaudit.network.intervals import PORT_MAX, Interval
from secaudit.network.matches import Family
from secaudit.network.nat import Translation, TranslationKind
from secaudit.vendors.netfilter.ruleset import Condition, Verdict, VerdictKind
from secaudit.vendors.nftables.conditions import of_keys
from secaudit.vendors.nftables.selectors import Reading, Selector, selectors
from secaudit.vendors.nftables.sets import Sets
from secaudit.vendors.nftables.syntax import Translate
from secaudit.vendors.nftables.tokens import Group, Item, Token, split
from secaudit.vendors.nftables.values import ValueType, interval

_RANDOM_PORTS: Final[Interval] = (1, PORT_MAX)


@dataclass(frozen=True, slots=True)
class Target:
    """New values of a translation; `family` None when only ports are given."""

    addresses: Interval | None
    ports: Interval | None
    family: Family | None


@dataclass(frozen=True, slots=True)
class Translated:
    """What a NAT statement does to some packets. `sure` is false when the new values are not what they seem."""

    condition: Condition
    verdict: Verdict
    family: Family | None


def translations(part: Translate, sets: Sets) -> tuple[Translated, ...] | None:
    """All translations of one statement, those of a map one by one; None when it is not understood."""
    if part.kind == "masquerade" or part.kind == "redirect":
        return _to_interface(part, sets)
    reading = Reading(part.items)
    key = selectors(reading)
    if key:
        return _mapped(part, key, reading, sets)
    target = _target(part, part.items)
    if target is None or (target.addresses is None and target.ports is None):
        return None
    return (Translated(Condition(), _verdict(part, target), target.family),)


def _to_interface(part: Translate, sets: Sets) -> tuple[Translated, ...] | None:
    """`masquerade [to :PORTS]`, `redirect [to :PORTS]`: to the address of the interface."""
    if part.items and not (isinstance(part.items[0], Token) and part.items[0].is_sign(":")):
        return None
    rest = part.items[1:]
    reading = Reading(rest)
    key = selectors(reading)
    if key:
        return _mapped(part, key, reading, sets)
    ports = None
    if rest:
        ports = interval(ValueType.PORT, rest)
        if ports is None:
            return None
    return (Translated(Condition(), _verdict(part, Target(None, ports, None)), None),)


def _verdict(part: Translate, target: Target) -> Verdict:
    ports = target.ports
    if ports is None and part.random:
        ports = _RANDOM_PORTS if part.kind in ("snat", "masquerade") else None
    if part.kind in ("masquerade", "redirect"):
        translation = Translation(TranslationKind.INTERFACE, None, ports)
    else:
        translation = Translation(TranslationKind.POOL, target.addresses, ports)
    if part.kind in ("snat", "masquerade"):
        return Verdict(VerdictKind.TRANSLATE, source=translation)
    return Verdict(VerdictKind.TRANSLATE, destination=translation)


def _target(part: Translate, items: tuple[Item, ...]) -> Target | None:
    """`10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `[2001:db8::1]:80`, `:8080`."""
    before, after = items, None
    for position, item in enumerate(items):
        if isinstance(item, Token) and item.is_sign(":"):
            before, after = items[:position], items[position + 1 :]
            break
    ports = None
    if after is not None:
        ports = interval(ValueType.PORT, after)
        if ports is None:
            return None
    if not before:
        return Target(None, ports, _family(part.family))
    return _addressed(part, _without_brackets(before), ports)


def _without_brackets(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """`[2001:db8::1]`, and `[a]-[b]`."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Group) and item.opener.text == "[":
            found.extend(item.items)
        else:
            found.append(item)
    return tuple(found)


def _addressed(part: Translate, items: tuple[Item, ...], ports: Interval | None) -> Target | None:
    wanted: tuple[tuple[Family, ValueType], ...] = ((4, ValueType.ADDRESS4), (6, ValueType.ADDRESS6))
    for family, kind in wanted:
        addresses = interval(kind, items)
        if addresses is not None and part.family in ("", "ip" if family == 4 else "ip6"):
            return Target(addresses, ports, family)
    return None


def _family(word: str) -> Family | None:
    return {"ip": 4, "ip6": 6}.get(word)  # type: ignore[return-value]  # the values are families


def _mapped(part: Translate, key: tuple[Selector, ...], reading: Reading, sets: Sets) -> tuple[Translated, ...] | None:
    """`to KEY map { VALUE : TARGET, ... }`."""
    if reading.word() != "map":
        return None
    taken = reading.take(2)
    elements = sets.of(taken[1]) if len(taken) == 2 else None
    if elements is None or not elements.known or reading.peek() is not None:
        return None
    targets: dict[Target, list[tuple[Item, ...]]] = {}
    for element in elements.elements:
        target = _data(part, element.data)
        if target is None or _is_star(element.key):
            return None
        targets.setdefault(target, []).append(element.key)
    found: list[Translated] = []
    for target, keys in targets.items():
        if part.prefix:
            moved = list(_moved(part, key, keys, target))
            if not moved:
                return None
            found += moved
            continue
        for condition in of_keys(key, keys):
            found.append(Translated(condition, _verdict(part, target), target.family))
    return tuple(found)


def _is_star(items: tuple[Item, ...]) -> bool:
    return len(items) == 1 and isinstance(items[0], Token) and items[0].is_sign("*")


def _data(part: Translate, items: tuple[Item, ...]) -> Target | None:
    """What a map gives: an address, a port, or both joined by a dot."""
    parts = split(items, ".")
    if part.kind in ("masquerade", "redirect"):
        ports = interval(ValueType.PORT, parts[0]) if len(parts) == 1 else None
        return None if ports is None else Target(None, ports, None)
    if len(parts) > 2:
        return None
    ports = None
    if len(parts) == 2:
        ports = interval(ValueType.PORT, parts[1])
        if ports is None:
            return None
    return _addressed(part, parts[0], ports)


def _moved(
    part: Translate, key: tuple[Selector, ...], keys: list[tuple[Item, ...]], target: Target
) -> Iterator[Translated]:
    """`snat ip prefix to ip saddr map { A/n : B/n }`: the host part of the translated address stays. Nothing when the sizes differ."""
    field = "sources" if part.kind == "snat" else "destinations"
    if len(key) != 1 or key[0].field != field or target.addresses is None:
        return
    low, high = target.addresses
    for items in keys:
        for condition in of_keys(key, [items]):
            if len(condition.matches) != 1:
                return
            intervals = condition.matches[0].sources if field == "sources" else condition.matches[0].destinations
            if len(intervals) != 1 or intervals[0][1] - intervals[0][0] != high - low:
                return
            verdict = _verdict(part, target)
            moved = replace(
                verdict.source or verdict.destination or Translation(TranslationKind.SHIFT), kind=TranslationKind.SHIFT
            )
            yield Translated(
                condition,
                Verdict(VerdictKind.TRANSLATE, source=moved)
                if part.kind == "snat"
                else Verdict(VerdictKind.TRANSLATE, destination=moved),
                target.family,
            )
