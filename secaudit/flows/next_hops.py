"""Packet sets distributed over next hops, in every state of the device that the question asks for.

A route that may be absent (conditional, its gateway not reachable, learnt by a protocol) leaves its packets to the next one. A route of a
higher distance for the same prefix, and a backup gateway, are states of their own (docs/decisions/0008), which `RELIABLE` leaves out where
the first route is sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from secaudit.flows.forwarding import POINT_TO_POINT, RECURSION_LIMIT, Chain, Choice, ForwardingTable, Routed
from secaudit.flows.modes import Mode
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import IPAddress, complement, normalise
from secaudit.network.routes import NextHop
from secaudit.packets.diagrams import EMPTY, FULL
from secaudit.packets.partition import Partition, split
from secaudit.packets.space import Field, HeaderSpace
from secaudit.text.source import Sources

Found = list[tuple[Choice, int]]
"""Next hops, each with the packets that may take it."""
_NOWHERE = -1
"""The label of destinations for which a table has nothing."""
_Result = tuple[Found, int]
"""What was found, and the packets for which there is a state in which nothing is."""


class NextHops:
    """The table of one device, VRF and address family, for one question."""

    def __init__(self, space: HeaderSpace, table: ForwardingTable, mode: Mode) -> None:
        self._space = space
        self._table = table
        self._mode = mode
        self._known: dict[tuple[tuple[int, ...], IPAddress | None, int, int], _Result] = {}
        self._whole: dict[tuple[int, ...], _Result] = {}
        self.connected = space.guard(Field.DESTINATION, table.connected)

    def by_table(self, packets: int, *, explain: bool) -> _Result:
        """The next hops that the table has for packets. `explain`: apart for every set of lines that decides."""
        space = self._space
        found: Found = []
        entries = self._table.by_lines if explain else self._table.entries
        parts = split(space, packets, Field.DESTINATION, self._by_lines if explain else self._by_entry)
        absent = parts.get(_NOWHERE, EMPTY)
        for index in sorted(parts):
            if index != _NOWHERE:
                inside = parts[index]
                choices, failing = self._of_everything(entries[index].chain)
                found += [(choice, space.intersection(inside, node)) for choice, node in choices]
                absent = space.union(absent, space.intersection(inside, failing))
        return found, absent

    def _of_everything(self, chain: Chain) -> _Result:
        """What a chain has for all packets. What it has for some is the same, restricted to them: a route sees packet by packet."""
        key = tuple(id(routes) for routes in chain)
        found = self._whole.get(key)
        if found is None:
            found = self._whole[key] = self._spread(chain, None, FULL, 0)
        return found

    @cached_property
    def _by_entry(self) -> Partition:
        return self._partition(self._table.entries)

    @cached_property
    def _by_lines(self) -> Partition:
        return self._partition(self._table.by_lines)

    def _partition(self, entries: Sequence[Routed]) -> Partition:
        held = normalise(span for one in entries for span in one.destinations)
        nowhere = (_NOWHERE, complement(held, self._space.address_maximum))
        return Partition([nowhere, *((index, one.destinations) for index, one in enumerate(entries))])

    def by_hops(self, hops: Iterable[NextHop], packets: int) -> _Result:
        """The same for the next hops of a policy route."""
        return self._level(tuple(hops), packets, 0)

    def _spread(self, chain: Chain, towards: IPAddress | None, packets: int, depth: int) -> _Result:
        """Down a chain; `towards` is the gateway that is looked for, when it is one."""
        direct = any(routes.connected for routes in chain)
        key = (tuple(id(routes) for routes in chain), towards if direct else None, packets, depth)
        if depth and key in self._known:
            return self._known[key]
        unsure = bool(self._table.unknown) and self._mode is not Mode.POSSIBLE
        found: Found = []
        undecided = packets
        for routes in chain:
            if undecided == EMPTY:
                break
            if routes.connected:
                found += [
                    (Choice(one.egress, towards, () if depth else one.sources), undecided) for one in routes.connected
                ]
                undecided = EMPTY
                break
            if unsure:
                break
            rest = undecided
            for level in routes.levels:
                more, failing = self._level(level, rest, depth)
                found += more
                undecided = self._space.intersection(undecided, failing)
                if self._mode is Mode.RELIABLE:
                    rest = undecided
                if rest == EMPTY:
                    break
        if unsure and undecided != EMPTY:
            # What a protocol learnt may be more specific, or preferred, or the only route.
            found += _nothing_sure(tuple(line for one in self._table.unknown for line in one.sources), undecided)
            undecided = EMPTY
        if depth:
            found = self._without_repetition(found)
            self._known[key] = (found, undecided)
        return found, undecided

    def _without_repetition(self, found: Found) -> Found:
        """Gateways behind gateways lead to the same few neighbours by very many ways."""
        if len(found) < 2:
            return found
        different: dict[tuple[object, ...], tuple[Choice, int]] = {}
        for choice, packets in found:
            key = (choice.egress, choice.gateway, choice.anywhere, choice.discard, choice.unsure)
            first, already = different.get(key, (choice, EMPTY))
            different[key] = (first, self._space.union(already, packets))
        return list(different.values())

    def _level(self, hops: tuple[NextHop, ...], packets: int, depth: int) -> _Result:
        """Gateways with `matches` in written order, then all others at once; then the backups in the same way."""
        space = self._space
        found: Found = []
        rest, sure = packets, EMPTY
        for backup in (False, True):
            if self._mode is Mode.RELIABLE:
                rest = space.difference(rest, sure)
            tier = [hop for hop in hops if hop.backup is backup]
            for hop in tier:
                if hop.matches is not None and rest != EMPTY:
                    hit = space.intersection(rest, space.matches(hop.matches))
                    more, decided = self._hop(hop, hit, depth)
                    found += more
                    rest = space.difference(rest, decided)
            for hop in tier:
                if hop.matches is None and rest != EMPTY:
                    more, decided = self._hop(hop, rest, depth)
                    found += more
                    sure = space.union(sure, decided)
        return found, space.difference(rest, sure)

    def _hop(self, hop: NextHop, packets: int, depth: int) -> _Result:
        """One next hop, and the packets that surely find it: in every state of the device."""
        if packets == EMPTY:
            return [], EMPTY
        found, failing = self._resolve(hop, packets, depth)
        absent = hop.conditional or (hop.captured and self._mode is not Mode.RELIABLE)
        return found, EMPTY if absent else self._space.difference(packets, failing)

    def _resolve(self, hop: NextHop, packets: int, depth: int) -> _Result:
        if hop.discard:
            return [(Choice("", None, hop.sources, discard=True), packets)], EMPTY
        if hop.interface is not None:
            return self._by_interface(hop, hop.interface, packets)
        if hop.gateway is None or depth >= RECURSION_LIMIT or hop.gateway in self._table.own:
            return [], packets
        found, failing = self._spread(self._table.chain(hop.gateway), hop.gateway, packets, depth + 1)
        through = [(_through(choice, hop), node) for choice, node in found]
        if self._mode is Mode.POSSIBLE and depth == 0:
            through += [(one, packets) for one in self._table.learnt_ways(hop.gateway)]
        bare = self._space.difference(packets, self._space.union_all(node for _, node in found))
        if depth or bare == EMPTY:
            return through, failing
        elsewhere = self._table.of_unknown_subnet()
        if not elsewhere:
            return through, failing
        if self._mode is Mode.POSSIBLE:
            return [*through, *((Choice(name, hop.gateway, hop.sources), bare) for name in elsewhere)], failing
        # It is probably behind one of them, and nobody knows.
        return [*through, *_nothing_sure(hop.sources, bare)], self._space.difference(failing, bare)

    def _by_interface(self, hop: NextHop, name: str, packets: int) -> _Result:
        interface = self._table.device.interfaces.get(name)
        if interface is None:
            return ([], packets) if self._mode is Mode.POSSIBLE else (_nothing_sure(hop.sources, packets), EMPTY)
        if interface.kind is InterfaceKind.NULL:
            return [(Choice("", None, hop.sources, discard=True), packets)], EMPTY
        if not interface.enabled:
            return [], packets
        anywhere = hop.gateway is None and (
            interface.kind in POINT_TO_POINT or self._mode is Mode.POSSIBLE or interface.dynamic_address
        )
        return [(Choice(name, hop.gateway, hop.sources, anywhere), packets)], EMPTY


def _through(choice: Choice, hop: NextHop) -> Choice:
    """The way to a gateway as the way to what lies behind it."""
    gateway = choice.gateway or hop.gateway
    lines = (*hop.sources, *choice.sources)
    return replace(choice, gateway=None if choice.discard else gateway, sources=lines, anywhere=False)


def _nothing_sure(lines: Sources, packets: int) -> Found:
    """Packets of which nobody knows the way, to a question for what is sure: as if they were dropped."""
    return [(Choice("", None, lines, discard=True, unsure=True), packets)]
