"""What a policy line matches of packets whose destination a NAT rule changed: it asks for the address and port before that (PA-02)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from secaudit.network.intervals import ANY_IPV4, IPV4_MAX, Interval, Intervals, intersect, normalise, subtract
from secaudit.network.match_algebra import TooManyMatchesError, subtract_services
from secaudit.network.matches import ANY_SERVICE, Match, Service
from secaudit.vendors.panos.nat import Redirect

_MOST = 256


@dataclass(frozen=True, slots=True)
class Part:
    """One match of redirected packets; not `sure` when it is only the most that it could be."""

    match: Match
    sure: bool


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a line asks of redirected packets: addresses and services behind the translation, and its marks. `exact`: no more than is meant."""

    destinations: Intervals
    services: tuple[Service, ...]
    marks: Intervals
    exact: bool


@dataclass(slots=True)
class Redirected:
    """The redirects of a device, to be found by the addresses before translation. Answers are kept: many rules ask alike."""

    redirects: Sequence[Redirect]
    _lows: list[int] = field(default_factory=list)
    _spans: list[tuple[Interval, Redirect]] = field(default_factory=list)
    _reach: list[int] = field(default_factory=list)
    _covers: dict[tuple[tuple[Service, ...], tuple[Service, ...]], str] = field(default_factory=dict)
    _meant: dict[tuple[frozenset[str], tuple[Intervals, Intervals], tuple[Service, ...]], tuple[_Meant, ...]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        self._spans = sorted(((span, one) for one in self.redirects for span in one.external), key=lambda pair: pair[0])
        self._lows = [span[0] for span, _ in self._spans]
        highest = -1
        for span, _ in self._spans:
            highest = max(highest, span[1])
            self._reach.append(highest)

    def near(self, destinations: Intervals) -> list[Redirect]:
        """Those whose external addresses meet some destinations."""
        if destinations == ANY_IPV4:
            return list(self.redirects)
        found: dict[int, Redirect] = {}
        for low, high in destinations:
            start = bisect_left(self._reach, low)
            for (first, last), one in self._spans[start : bisect_left(self._lows, high + 1)]:
                if first <= high and last >= low:
                    found[one.mark] = one
        return [found[mark] for mark in sorted(found)]

    def parts(
        self,
        ingress: frozenset[str],
        sources: Intervals,
        destinations: tuple[Intervals, Intervals],
        services: tuple[Service, ...],
        sure: bool,
    ) -> Iterator[Part]:
        """The matches of a line for redirected packets; `destinations` are the sure and the possible ones, before translation."""
        if not sources or not services:
            return
        key = (ingress, destinations, services)
        found = self._meant.get(key)
        if found is None:
            found = self._meant[key] = tuple(self._all(ingress, destinations, services))
        for one in found:
            yield Part(Match(4, sources, one.destinations, one.services, one.marks), sure and one.exact)

    def _all(
        self, ingress: frozenset[str], destinations: tuple[Intervals, Intervals], services: tuple[Service, ...]
    ) -> Iterator[_Meant]:
        whole: list[Interval] = []
        kept: list[Interval] = []
        every = destinations[0] == ANY_IPV4
        for one in self.near(destinations[1]):
            if not ingress & one.interfaces:
                continue
            cover = "kept"
            if services == (ANY_SERVICE,):
                cover = "all"
            elif one.changes_ports:
                cover = self._cover(one.services, services)
            if cover == "none":
                continue
            within = every or subtract(one.external, destinations[0], IPV4_MAX) == ()
            if within and cover in ("all", "kept"):
                (whole if cover == "all" else kept).append((one.mark, one.mark))
            else:
                yield from self._partly(one, destinations, services, cover, within)
        if whole:
            yield _Meant(ANY_IPV4, (ANY_SERVICE,), normalise(whole), True)
        if kept:
            yield _Meant(ANY_IPV4, services, normalise(kept), True)

    @staticmethod
    def _partly(
        one: Redirect,
        destinations: tuple[Intervals, Intervals],
        services: tuple[Service, ...],
        cover: str,
        within: bool,
    ) -> Iterator[_Meant]:
        """Only some of the external addresses, or of the ports, are meant."""
        marks = ((one.mark, one.mark),)
        asked = services if cover == "kept" else (ANY_SERVICE,)
        exact = cover != "some"
        if not one.shifts:
            yield _Meant(ANY_IPV4, asked, marks, exact and within)
            return
        offset = one.mapped[0] - one.external[0][0]
        for chosen, certain in ((destinations[0], True), (destinations[1], destinations[0] == destinations[1])):
            hit = intersect(one.external, chosen)
            moved = normalise((low + offset, high + offset) for low, high in hit)
            if moved:
                yield _Meant(moved, asked, marks, exact and certain)
            if destinations[0] == destinations[1]:
                return

    def _cover(self, asked: tuple[Service, ...], services: tuple[Service, ...]) -> str:
        """Whether what a redirect takes is all, some or none of what services name."""
        key = (asked, services)
        found = self._covers.get(key)
        if found is None:
            try:
                left = subtract_services(4, asked, services, _MOST)
            except TooManyMatchesError:
                left = (*asked, *asked)
            found = self._covers[key] = "all" if not left else "none" if left == asked else "some"
        return found
