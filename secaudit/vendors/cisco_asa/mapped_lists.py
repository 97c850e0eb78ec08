"""Access lists of before 8.3, which name the addresses that stand in the packet as it enters.

The table of access rules acts after the destination was translated back. Each rule that does so leaves a mark on its packets, so an entry is
written again for every such rule: with the real addresses for packets that carry its mark ("IP addresses used for access lists when you
use NAT", Cisco Security Appliance configuration guide 8.2).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from operator import itemgetter

from secaudit.network.filters import Certainty, FilterLine
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_PORT,
    Interval,
    Intervals,
    complement,
    contains,
    intersect,
    normalise,
)
from secaudit.network.matches import ANY_MARK, Match, Service
from secaudit.text.bilingual import Text

_MOST_MARK = 65535
_NOT_EXACT = Text(
    ja="変換前のどの宛先がこの行に当たるかを正確に計算できません",
    en="which of the translated destinations this entry meets is not computed exactly",
)
_EITHER = Text(
    ja="版が不明なため、アクセスリストが変換前と変換後のどちらのアドレスを見るか分かりません",
    en="the version is not known, so whether the access list sees mapped or real addresses is not known",
)


@dataclass(frozen=True, slots=True)
class Untranslation:
    """A rule that translates destinations back, as its mark tells. `ports`: protocol, mapped port, real port."""

    mark: int
    interfaces: frozenset[str]
    mapped: Interval
    real: Interval
    ports: tuple[int, int, int] | None = None
    exact: bool = True
    """One to one, in order."""


_Meeting = tuple[tuple[int, int, int] | None, Intervals | None]
"""The ports of a rule, and the real destinations behind the mapped ones that are meant (None: that is not computed)."""


@dataclass(slots=True)
class MappedLists:
    """Writes entries again. `unsure`: they may name real addresses as well (no release is known)."""

    rules: Sequence[Untranslation]
    unsure: bool = False
    _tables: dict[frozenset[str] | None, _Table] = field(default_factory=dict)

    def lines(self, lines: Iterable[FilterLine]) -> list[FilterLine]:
        """The entries as the table sees packets."""
        found: list[FilterLine] = []
        for line in lines:
            table = self._tables.get(line.ingress)
            if table is None:
                here = [one for one in self.rules if line.ingress is None or one.interfaces & line.ingress]
                table = self._tables[line.ingress] = _Table(here)
            if table.rules:
                found += self._line(line, table)
            else:
                found.append(line)
        return found

    def _line(self, line: FilterLine, table: _Table) -> list[FilterLine]:
        exact: list[Match] = []
        inexact: list[Match] = []
        for match in line.matches:
            if match.family == 6 or _is_about_all(match):
                exact.append(match)
                continue
            exact.append(Match(4, match.sources, match.destinations, match.services, table.unmarked))
            sure, unsure = table.rewritten(match)
            if self.unsure:
                inexact += [*sure, *unsure, replace(match, marks=table.marks)]
            else:
                exact += sure
                inexact += unsure
        if not inexact:
            return [
                FilterLine(
                    line.label, line.action, tuple(exact), line.sources, line.certainty, line.doubt, line.logged,
                    line.ingress, line.egress, line.connection, line.source_translation, line.comment,
                )
            ]  # fmt: skip
        doubt = line.doubt or (_EITHER if self.unsure else _NOT_EXACT)
        uncertain = replace(line, matches=tuple(inexact), certainty=Certainty.UNCERTAIN, doubt=doubt)
        return [replace(line, matches=tuple(exact)), uncertain]


class _Table:
    """The rules at some interfaces, found by their mapped addresses."""

    def __init__(self, rules: Sequence[Untranslation]) -> None:
        self.rules = sorted(rules, key=lambda one: one.mapped)
        self._met: dict[Intervals, dict[_Meeting, Intervals]] = {}
        self.marks = normalise((one.mark, one.mark) for one in rules)
        self.unmarked = complement(self.marks, _MOST_MARK)
        self._hosts = [place for place, one in enumerate(self.rules) if one.mapped[0] == one.mapped[1]]
        self._addresses = [self.rules[place].mapped[0] for place in self._hosts]
        self._networks = [place for place, one in enumerate(self.rules) if one.mapped[0] != one.mapped[1]]
        self._lows = [self.rules[place].mapped[0] for place in self._networks]
        self._highest = list(accumulate((self.rules[place].mapped[1] for place in self._networks), max))
        self._plain = normalise((one.mark, one.mark) for one in rules if one.ports is None)
        self._by_port = _by_port(rules)

    def rewritten(self, match: Match) -> tuple[list[Match], list[Match]]:
        """One match for packets with the marks, and what it could match besides."""
        sure: list[Match] = []
        unsure: list[Match] = []
        if match.destinations == ANY_IPV4:
            plain = [replace(match, marks=self._plain)] if self._plain else []
            return [*plain, *self._at_any_address(match)], []
        for (ports, destinations), marks in self._meetings(match.destinations).items():
            services = match.services if ports is None else _real_services(match.services, *ports)
            if not services:
                continue
            if destinations is None:
                unsure.append(Match(4, match.sources, ANY_IPV4, services, marks))
            else:
                sure.append(Match(4, match.sources, destinations, services, marks))
        return sure, unsure

    def _meetings(self, destinations: Intervals) -> dict[_Meeting, Intervals]:
        """What some mapped destinations mean, with the marks of the rules by which they do. Entries about one network share it."""
        found = self._met.get(destinations)
        if found is None:
            marks: dict[_Meeting, list[Interval]] = {}
            for place in self._hit(destinations):
                rule = self.rules[place]
                meeting = (rule.ports, _real_destinations(destinations, rule))
                marks.setdefault(meeting, []).append((rule.mark, rule.mark))
            found = self._met[destinations] = {meeting: normalise(held) for meeting, held in marks.items()}
        return found

    def _at_any_address(self, match: Match) -> list[Match]:
        """What an entry without a destination means for the rules of ports."""
        found: list[Match] = []
        for service in match.services:
            for protocol, held in self._by_port.items():
                if not contains(service.protocols, protocol):
                    continue
                for low, high in service.destination_ports:
                    start = bisect_left(held, low, key=itemgetter(0))
                    for _, real, marks in held[start : bisect_right(held, high, key=itemgetter(0))]:
                        one = replace(service, protocols=((protocol, protocol),), destination_ports=((real, real),))
                        found.append(Match(4, match.sources, ANY_IPV4, (one,), marks))
        return found

    def _hit(self, destinations: Intervals) -> list[int]:
        """The places of the rules some of whose mapped addresses are meant. Hosts are found at once, networks by going back."""
        found: set[int] = set()
        for low, high in destinations:
            found.update(self._hosts[bisect_left(self._addresses, low) : bisect_right(self._addresses, high)])
            number = bisect_right(self._lows, high) - 1
            while number >= 0 and self._highest[number] >= low:
                if self.rules[self._networks[number]].mapped[1] >= low:
                    found.add(self._networks[number])
                number -= 1
        return sorted(found, reverse=True)


def _by_port(rules: Iterable[Untranslation]) -> dict[int, list[tuple[int, int, Intervals]]]:
    """By protocol: mapped port, real port, and the marks of the rules that translate the one into the other; by mapped port."""
    marks: dict[tuple[int, int, int], list[Interval]] = {}
    for one in rules:
        if one.ports is not None:
            marks.setdefault(one.ports, []).append((one.mark, one.mark))
    found: dict[int, list[tuple[int, int, Intervals]]] = {}
    for (protocol, mapped, real), held in sorted(marks.items()):
        found.setdefault(protocol, []).append((mapped, real, normalise(held)))
    return found


def _is_about_all(match: Match) -> bool:
    """Whether translation of the destination cannot matter."""
    plain = all(one.destination_ports == ANY_PORT for one in match.services)
    return plain and match.destinations == ANY_IPV4 and match.marks == ANY_MARK


def _real_destinations(destinations: Intervals, rule: Untranslation) -> Intervals | None:
    """The real addresses behind the mapped ones that are named; None when that is not computed."""
    low = rule.mapped[0]
    held = intersect(destinations, (rule.mapped,))
    if held == (rule.mapped,):
        return ANY_IPV4
    if not rule.exact:
        return None
    return tuple((first - low + rule.real[0], last - low + rule.real[0]) for first, last in held)


def _real_services(services: tuple[Service, ...], protocol: int, mapped: int, real: int) -> tuple[Service, ...]:
    """The services that meet the mapped port, with the real one."""
    found = []
    for one in services:
        if contains(one.protocols, protocol) and contains(one.destination_ports, mapped):
            found.append(replace(one, protocols=((protocol, protocol),), destination_ports=((real, real),)))
    return tuple(found)
