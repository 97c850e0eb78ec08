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


@dataclass(slots=True)
class Redirected:
    """The redirects of a device, to be found by the addresses before translation."""

    redirects: Sequence[Redirect]
    _lows: list[int] = field(default_factory=list)
    _spans: list[tuple[Interval, Redirect]] = field(default_factory=list)
    _reach: list[int] = field(default_factory=list)
    _covers: dict[tuple[tuple[Service, ...], tuple[Service, ...]], str] = field(default_factory=dict)

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
        ingress: frozenset[str] | None,
        sources: Intervals,
        destinations: tuple[Intervals, Intervals],
        services: tuple[Service, ...],
        sure: bool,
    ) -> Iterator[Part]:
        """The matches of a line for redirected packets; `destinations` are the sure and the possible ones, before translation."""
        if not sources or not services:
            return
        whole: list[Interval] = []
        kept: list[Interval] = []
        for one in self.near(destinations[1]):
            if ingress is not None and not ingress & one.interfaces:
                continue
            cover = (
                "all"
                if services == (ANY_SERVICE,)
                else self._cover(one.services, services)
                if one.changes_ports
                else "kept"
            )
            if cover == "none":
                continue
            mark = (one.mark, one.mark)
            within = subtract(one.external, destinations[0], IPV4_MAX) == ()
            if within and cover == "all":
                whole.append(mark)
            elif within and cover == "kept":
                kept.append(mark)
            else:
                yield from self._partly(one, sources, destinations, services, cover, sure)
        if whole:
            yield Part(Match(4, sources, ANY_IPV4, (ANY_SERVICE,), normalise(whole)), sure)
        if kept:
            yield Part(Match(4, sources, ANY_IPV4, services, normalise(kept)), sure)

    def _partly(
        self,
        one: Redirect,
        sources: Intervals,
        destinations: tuple[Intervals, Intervals],
        services: tuple[Service, ...],
        cover: str,
        sure: bool,
    ) -> Iterator[Part]:
        """Only some of the external addresses, or of the ports, are meant."""
        marks = ((one.mark, one.mark),)
        asked = services if cover == "kept" else (ANY_SERVICE,)
        exact = cover != "some"
        if not one.shifts:
            inside = subtract(one.external, destinations[0], IPV4_MAX) == ()
            yield Part(Match(4, sources, ANY_IPV4, asked, marks), sure and exact and inside)
            return
        offset = one.mapped[0] - one.external[0][0]
        for chosen, certain in ((destinations[0], True), (destinations[1], False)):
            hit = intersect(one.external, chosen)
            moved = normalise((low + offset, high + offset) for low, high in hit)
            if moved:
                yield Part(Match(4, sources, moved, asked, marks), sure and exact and certain)
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
