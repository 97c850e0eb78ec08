"""Where the lines of the drawing run: ports on the boxes, tracks in the channels between the rows, lanes between the layers.

All pieces are level or upright; no two of them lie on each other, and none crosses a box.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secaudit.report.diagram import HEIGHTS, WIDTH, Box, Line, Slab, Wish

TRACK = 19
_CLEAR = (10, 7, 4, 2)
"""How far upright pieces stay apart: the widest that there is room for."""


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a line: on the lower (`down`) or upper side of a box."""

    zone: str
    down: bool


class Router:
    """Gives every line its ports on the boxes, its track in a channel and its lane between the layers."""

    def __init__(self, slabs: Mapping[str, Slab], wishes: Sequence[Wish]) -> None:
        self._slabs = slabs
        self._wishes = wishes
        self._channels = [self._channels_of(wish) for wish in wishes]
        self._lanes = self._place_lanes()
        self._ports = self._place_ports()
        self._tracks, depths = self._place_tracks()
        tops = [14.0]
        for row in (0, 1):
            occupied = any(slab.row == row for slab in slabs.values())
            height = HEIGHTS[row] if occupied else 0.0
            tops.append(tops[-1] + height + (depths[row] + 1) * TRACK + 16)
        self.tops = tuple(tops)
        bottom = any(slab.row == 2 for slab in slabs.values())
        self.height = tops[2] + (HEIGHTS[2] if bottom else 0.0) + 14

    def _rows(self, wish: Wish) -> tuple[int, int]:
        return self._slabs[wish.source].row, self._slabs[wish.destination].row

    def _channels_of(self, wish: Wish) -> tuple[int, ...]:
        low, high = sorted(self._rows(wish))
        if low == high:
            return (0,) if low == 0 else (1,)
        return tuple(range(low, high))

    def _end(self, wish: Wish, first: bool) -> _End:
        zone = wish.source if first else wish.destination
        own, other = self._slabs[zone].row, self._slabs[wish.destination if first else wish.source].row
        return _End(zone, own < other or (own == other and own < 2))

    def _place_lanes(self) -> dict[int, float]:
        """For lines from the upper to the lower row: where they pass the middle one."""
        crossing = [index for index, channels in enumerate(self._channels) if len(channels) == 2]
        gaps = self._gaps()
        chosen: dict[int, list[int]] = defaultdict(list)
        for index in crossing:
            wish = self._wishes[index]
            middle = (self._centre(wish.source) + self._centre(wish.destination)) / 2
            gap = min(
                range(len(gaps)), key=lambda number: abs(sum(gaps[number]) / 2 - middle) + 30 * len(chosen[number])
            )
            chosen[gap].append(index)
        lanes = {}
        for gap, members in chosen.items():
            left, right = gaps[gap]
            for place, index in enumerate(sorted(members, key=lambda each: self._centre(self._wishes[each].source))):
                lanes[index] = left + (right - left) * (place + 1) / (len(members) + 1)
        return lanes

    def _gaps(self) -> list[tuple[float, float]]:
        middle = sorted((slab for slab in self._slabs.values() if slab.row == 1), key=lambda slab: slab.x)
        if not middle:
            return [(0.0, float(WIDTH))]
        # The left part of a gap between two layers belongs to the mark of the boundary.
        inner = [(left.x + left.width + 40, right.x) for left, right in itertools.pairwise(middle)]
        return [(4.0, middle[0].x - 4), *inner, (middle[-1].x + middle[-1].width + 4, WIDTH - 4.0)]

    def _centre(self, zone: str) -> float:
        return self._slabs[zone].x + self._slabs[zone].width / 2

    def _place_ports(self) -> dict[tuple[int, bool], float]:
        """The x of both ends of every line, spread over the side of the box in the order of where the lines go."""
        sides: dict[_End, list[tuple[float, int, bool]]] = defaultdict(list)
        for index, wish in enumerate(self._wishes):
            for first in (True, False):
                other = wish.destination if first else wish.source
                toward = self._lanes.get(index, self._centre(other))
                sides[self._end(wish, first)].append((toward, index, first))
        ports: dict[tuple[int, bool], float] = {}
        # Upright pieces of one channel keep clear of each other, wherever they come from.
        taken = {channel: list(self._lanes.values()) for channel in (-1, 0, 1, 2)}
        for end, members in sides.items():
            slab = self._slabs[end.zone]
            upright = taken[slab.row if end.down else slab.row - 1]
            for place, (_, index, first) in enumerate(sorted(members)):
                x = slab.x + slab.width * (place + 1) / (len(members) + 1)
                ports[index, first] = _nearest_free(x, slab.x + 5, slab.x + slab.width - 5, upright)
                upright.append(ports[index, first])
        return ports

    def _spans(self, index: int) -> list[tuple[int, float, float]]:
        start, end = self._ports[index, True], self._ports[index, False]
        channels = self._channels[index]
        if len(channels) == 1:
            return [(channels[0], min(start, end), max(start, end))]
        lane = self._lanes[index]
        upper, lower = (start, end) if self._rows(self._wishes[index])[0] == 0 else (end, start)
        return [(0, min(upper, lane), max(upper, lane)), (1, min(lower, lane), max(lower, lane))]

    def _place_tracks(self) -> tuple[dict[tuple[int, int], int], list[int]]:
        """Level pieces share a track where they lie clear of each other."""
        pieces = [
            (channel, left, right, index)
            for index in range(len(self._wishes))
            for channel, left, right in self._spans(index)
        ]
        tracks: dict[tuple[int, int], int] = {}
        taken: dict[int, list[float]] = {0: [], 1: []}
        for channel, left, right, index in sorted(pieces):
            reach = self._label_width(self._wishes[index].label) / 2
            middle = (left + right) / 2
            from_, to = min(left, middle - reach) - 8, max(right, middle + reach) + 8
            ends = taken[channel]
            free = next((number for number, end in enumerate(ends) if end <= from_), len(ends))
            if free == len(ends):
                ends.append(to)
            else:
                ends[free] = to
            tracks[index, channel] = free
        return tracks, [len(taken[0]), len(taken[1])]

    @staticmethod
    def _label_width(label: str) -> float:
        return 10 + 7.5 * len(label)

    def _track_y(self, index: int, channel: int) -> float:
        occupied = any(slab.row == channel for slab in self._slabs.values())
        return (
            self.tops[channel]
            + (HEIGHTS[channel] if occupied else 0.0)
            + 10
            + (self._tracks[index, channel] + 0.5) * TRACK
        )

    def line(self, index: int, wish: Wish, boxes: Mapping[str, Box]) -> Line:
        """The finished line."""
        points = [self._at(index, wish, True, boxes)]
        channels = self._channels[index] if self._rows(wish)[0] <= self._rows(wish)[1] else self._channels[index][::-1]
        x, end = points[0][0], self._at(index, wish, False, boxes)
        label_at = (0.0, 0.0)
        for number, channel in enumerate(channels):
            y = self._track_y(index, channel)
            following = end[0] if number == len(channels) - 1 else self._lanes[index]
            points += [(x, y), (following, y)]
            if number == 0:
                label_at = ((x + following) / 2, y)
            x = following
        points.append(end)
        zones = {box.zone.zone: box.zone for box in boxes.values()}
        return Line(
            wish.kind,
            _path(points),
            wish.both_ways,
            wish.label,
            round(label_at[0], 1),
            round(label_at[1], 1),
            self._label_width(wish.label),
            wish.target,
            zones[wish.source],
            zones[wish.destination],
        )

    def _at(self, index: int, wish: Wish, first: bool, boxes: Mapping[str, Box]) -> tuple[float, float]:
        end = self._end(wish, first)
        box = boxes[end.zone]
        # Room for the head of the arrow.
        clear = 1 if first and not wish.both_ways else 3
        return self._ports[index, first], box.y + box.height + clear if end.down else box.y - clear


def _nearest_free(wanted: float, left: float, right: float, taken: Sequence[float]) -> float:
    """The place between `left` and `right` nearest to the wanted one that keeps clear of those that are taken."""
    wanted = round(wanted)
    for clear in _CLEAR:
        for step in range(int(right - left) + 1):
            for x in (wanted + step, wanted - step):
                if left <= x <= right and all(abs(x - other) >= clear for other in taken):
                    return x
    return wanted


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Path data with softened corners."""
    distinct = [point for number, point in enumerate(points) if number == 0 or point != points[number - 1]]
    data = [f"M{distinct[0][0]:.1f} {distinct[0][1]:.1f}"]
    for before, corner, after in zip(distinct, distinct[1:], distinct[2:], strict=False):
        enter, leave = _toward(corner, before), _toward(corner, after)
        data.append(f"L{enter[0]:.1f} {enter[1]:.1f}Q{corner[0]:.1f} {corner[1]:.1f} {leave[0]:.1f} {leave[1]:.1f}")
    data.append(f"L{distinct[-1][0]:.1f} {distinct[-1][1]:.1f}")
    return "".join(data)


def _toward(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """The point 5 units (at most half the way) from a corner."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)
    share = min(5.0, length / 2) / length
    return corner[0] + dx * share, corner[1] + dy * share
