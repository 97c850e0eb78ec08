"""Filters of an interface that translates as well: whether they see packets before or after translation is not confirmed (NE-30).

Both readings are written into one filter, in terms of the packet before translation (as it comes in) or before it leaves. What both
readings do is sure; where they differ the line has an unknown action, so that the packet is possible and never certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from secaudit.network.filters import Action, Certainty, Connection, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_PORT, Intervals, intersect
from secaudit.network.match_algebra import TooManyMatchesError, intersect_matches, subtract_matches
from secaudit.network.matches import ANY_IPV4_PACKET, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

_MOST_MATCHES = 200
"""Pieces of one line; more of them are not told apart."""
_MOST_PAIRS = 10_000
"""Pairs of lines that are compared for one NAT rule; longer lists are read line by line, which is less exact."""
_MOST_PAIRS_IN_ALL = 200_000
"""Pairs of all rules of one direction; the packets of rules beyond that are undetermined."""
_ORDER = Text(
    ja="フィルタが NAT の変換前・変換後のどちらのパケットを評価するか確認できず、結果が異なります",
    en="whether the filter sees packets before or after translation is not confirmed, and it makes a difference",
)
_RANK = (Certainty.ALWAYS, Certainty.SOMETIMES, Certainty.UNCERTAIN)
DEFAULT_LABEL = "default"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A line as one reading sees it, in terms of the packet before translation."""

    line: FilterLine
    certainty: Certainty
    matches: tuple[Match, ...]


def with_both_readings(
    lines: Sequence[FilterLine],
    rules: Sequence[NatRule],
    replies: NatRule | None,
    default_sources: Sources,
    *,
    by_connection: bool = True,
) -> list[FilterLine]:
    """The IPv4 lines of one direction of an interface, for both readings; `rules` are the NAT rules of that direction, in order.

    `replies` says which packets are replies to what was masqueraded, and what becomes of them. Without `by_connection` replies are not
    told from other packets, so that more is undetermined.
    """
    concerned = [*rules, replies] if replies is not None else list(rules)
    if not any(_depends(line, rule) for rule in concerned for line in lines):
        return list(lines)
    default = FilterLine(DEFAULT_LABEL, Action.DENY, (ANY_IPV4_PACKET,), default_sources)
    found: list[FilterLine] = []
    translated: list[Match] = []
    if replies is not None:
        held = _line_by_line([_Seen(line, line.certainty, line.matches) for line in (*lines, default)], replies)
        found += [replace(line, connection=Connection.ESTABLISHED if by_connection else None) for line in held]
    budget = _MOST_PAIRS_IN_ALL
    for rule in rules:
        budget -= _cost(lines)
        found += _region(lines, default, rule) if budget > 0 else [_unknown(rule, default)]
        translated += rule.matches
    return [*found, *_rest(lines, translated)]


def _rest(lines: Sequence[FilterLine], translated: Sequence[Match]) -> Iterator[FilterLine]:
    """The lines that still say something about packets that no rule is for. Those that other lines hide stay, so that this is told."""
    before: list[Match] = []
    for line in lines:
        try:
            left = bool(subtract_matches(line.matches, translated, _MOST_MATCHES))
            hidden = not subtract_matches(line.matches, before, _MOST_MATCHES)
        except TooManyMatchesError:
            left, hidden = True, False
        if left or hidden:
            yield line
        if line.certainty is Certainty.ALWAYS and len(before) < _MOST_MATCHES:
            before += line.matches


def _region(lines: Sequence[FilterLine], default: FilterLine, rule: NatRule) -> list[FilterLine]:
    """What happens to the packets of one rule."""
    before = [_Seen(line, line.certainty, line.matches) for line in (*lines, default)]
    after = [seen for line in (*lines, default) if (seen := _translated_back(line, rule)) is not None]
    if len(before) * len(after) > _MOST_PAIRS:
        return _line_by_line(before, rule)
    try:
        return list(_pairs(_pieces(before, rule.matches), _pieces(after, rule.matches)))
    except TooManyMatchesError:
        return _line_by_line(before, rule)


def _pieces(seen: Sequence[_Seen], region: tuple[Match, ...]) -> list[_Seen]:
    """The lines cut down to what is left for each of them: no packet is in two certain ones."""
    result: list[_Seen] = []
    decided: list[Match] = []
    for one in seen:
        held = intersect_matches(one.matches, region, _MOST_MATCHES)
        held = subtract_matches(held, decided, _MOST_MATCHES)
        if held:
            result.append(replace(one, matches=held))
        if one.certainty is Certainty.ALWAYS:
            decided += held
    return result


def _pairs(before: Sequence[_Seen], after: Sequence[_Seen]) -> Iterator[FilterLine]:
    for first in before:
        for second in after:
            both = intersect_matches(first.matches, second.matches, _MOST_MATCHES)
            if both:
                yield _agreed(first, second, both)


def _agreed(first: _Seen, second: _Seen, matches: tuple[Match, ...]) -> FilterLine:
    certainty = max(first.certainty, second.certainty, key=_RANK.index)
    one, other = first.line, second.line
    if one is other or (one.label == other.label):
        return replace(one, matches=matches, certainty=certainty, doubt=one.doubt or _doubt(certainty))
    sources = tuple(dict.fromkeys((*one.sources, *other.sources)))
    label = f"{one.label} / {other.label}"
    if one.action is other.action and one.action is not Action.UNKNOWN:
        doubt = one.doubt or other.doubt or _doubt(certainty)
        return FilterLine(label, one.action, matches, sources, certainty, doubt, one.logged and other.logged)
    return FilterLine(label, Action.UNKNOWN, matches, sources, certainty, _ORDER)


def _doubt(certainty: Certainty) -> Text | None:
    return None if certainty is Certainty.ALWAYS else _ORDER


def _cost(lines: Sequence[FilterLine]) -> int:
    """How many pairs of lines one rule compares, at the most."""
    return min((len(lines) + 1) ** 2, _MOST_PAIRS)


def _unknown(rule: NatRule, default: FilterLine) -> FilterLine:
    """One line for all packets of a rule, where telling them apart would take too long."""
    sources = tuple(dict.fromkeys((*rule.sources, *default.sources)))
    return FilterLine(rule.label, Action.UNKNOWN, rule.matches, sources, Certainty.ALWAYS, _ORDER)


def _line_by_line(before: Sequence[_Seen], rule: NatRule) -> list[FilterLine]:
    """For long lists: a line that asks for what is translated is uncertain, for the packets of either reading.

    Then what is permitted for sure is permitted in both readings, and what either permits is possible.
    """
    result: list[FilterLine] = []
    try:
        for one in before:
            if not _depends(one.line, rule):
                result += _cut(one.line, one.line.matches, rule, one.certainty)
                continue
            result += _cut(one.line, one.line.matches, rule, Certainty.UNCERTAIN)
            seen = _translated_back(one.line, rule)
            if seen is not None:
                result += _cut(one.line, seen.matches, rule, Certainty.UNCERTAIN)
    except TooManyMatchesError:
        return [_unknown(rule, before[-1].line)]
    return result


def _cut(line: FilterLine, matches: tuple[Match, ...], rule: NatRule, certainty: Certainty) -> Iterator[FilterLine]:
    held = intersect_matches(matches, rule.matches, 10 * _MOST_MATCHES)
    if held:
        yield replace(line, matches=held, certainty=certainty, doubt=line.doubt or _doubt(certainty))


def _depends(line: FilterLine, rule: NatRule) -> bool:
    """Whether a line asks for anything that the rule changes."""
    incoming = rule.stage is NatStage.INGRESS
    translation = rule.destination if incoming else rule.source
    for match in line.matches:
        if (match.destinations if incoming else match.sources) != ANY_IPV4:
            return True
        if translation is not None and translation.ports is not None:
            ports = (one.destination_ports if incoming else one.source_ports for one in match.services)
            if any(one != ANY_PORT for one in ports):
                return True
    return False


def _translated_back(line: FilterLine, rule: NatRule) -> _Seen | None:
    """The packets that the line matches once the rule has translated them; less sure where the new values are not one-to-one."""
    incoming = rule.stage is NatStage.INGRESS
    translation = rule.destination if incoming else rule.source
    if translation is None:
        return _Seen(line, line.certainty, line.matches)
    found: list[Match] = []
    exact = True
    for match in line.matches:
        addresses = match.destinations if incoming else match.sources
        old, sure = _old_addresses(addresses, translation, rule, incoming)
        if not old:
            continue
        services, plain = _old_services(match.services, translation, incoming)
        exact = exact and sure and plain
        if incoming:
            found.append(replace(match, destinations=old, services=services))
        else:
            found.append(replace(match, sources=old, services=services))
    if not found:
        return None
    return _Seen(line, line.certainty if exact else Certainty.UNCERTAIN, tuple(found))


def _old_addresses(
    addresses: Intervals, translation: Translation, rule: NatRule, incoming: bool
) -> tuple[Intervals, bool]:
    new = translation.addresses
    if new is None:
        # The address of the interface, which the file does not tell.
        return ANY_IPV4, addresses == ANY_IPV4
    held = intersect(addresses, (new,))
    if not held:
        return (), True
    if translation.kind is TranslationKind.SHIFT:
        first = (rule.matches[0].destinations if incoming else rule.matches[0].sources)[0][0]
        return tuple((low - new[0] + first, high - new[0] + first) for low, high in held), True
    return ANY_IPV4, held == (new,)


def _old_services(
    services: tuple[Service, ...], translation: Translation, incoming: bool
) -> tuple[tuple[Service, ...], bool]:
    if translation.ports is None:
        return services, True
    name = "destination_ports" if incoming else "source_ports"
    plain = all(getattr(one, name) == ANY_PORT for one in services)
    return tuple(replace(one, **{name: ANY_PORT}) for one in services), plain
