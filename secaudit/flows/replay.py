"""The packet interpreter: one concrete packet through the network, hop by hop.

The second, independent evaluator (`docs/architecture.md`): it shares with the engine of packet sets the model, the modes and the
topology, and no code that decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.errors import UsageError
from secaudit.flows.modes import Mode
from secaudit.flows.replay_headers import Header, ends, reply_to, swapped_ends
from secaudit.flows.replay_walk import Walk
from secaudit.flows.replay_way import Arrival
from secaudit.flows.topology import Topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

GETS_ACROSS = frozenset((TraceVerdict.DELIVERED, TraceVerdict.UNMODELLED))


def replay(topology: Topology, device: str, interface: str, packet: Packet, mode: Mode) -> tuple[Trace, ...]:
    """Every way of a packet that enters `device` by `interface`; the ways that get furthest come first.

    `POSSIBLE` and `CERTAIN` ask whether *one* way arrives, `RELIABLE` whether *all* do. A way ends `UNDETERMINED` in the last two
    when it depends on something of which we are not sure. Raises `UsageError` for a device or interface that does not exist.
    """
    return tuple(arrival.trace for arrival in _arrivals(topology, device, interface, packet, mode))


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happens to a packet, for a person.

    `ways` are the ways that show it, the first one best. When the verdict is `UNDETERMINED`, `lines` are those on which it hangs.
    """

    verdict: TraceVerdict
    ways: tuple[Trace, ...]
    reason: Text
    lines: Sources = ()

    @property
    def trace(self) -> Trace:
        """The way to show when only one is shown."""
        return self.ways[0]


def explain(topology: Topology, device: str, interface: str, packet: Packet) -> Explanation:
    """What surely happens to the packet, or `UNDETERMINED` with the lines that could change it.

    The verdict of several ways is that of the one that gets furthest. Raises `UsageError` as `replay` does.
    """
    possible = _arrivals(topology, device, interface, packet, Mode.POSSIBLE)
    certain = _arrivals(topology, device, interface, packet, Mode.CERTAIN)
    verdict = possible[0].trace.verdict
    if verdict is certain[0].trace.verdict and verdict is not TraceVerdict.UNDETERMINED:
        ways = tuple(arrival.trace for arrival in certain)
        return Explanation(verdict, ways, ways[0].reason)
    lines = tuple(dict.fromkeys(line for arrival in (*certain, *possible) for line in arrival.doubtful))
    reason = _undetermined(possible[0].trace, certain[0].trace, lines)
    ways = tuple(_as_undetermined(arrival.trace, reason) for arrival in possible)
    return Explanation(TraceVerdict.UNDETERMINED, ways, reason, lines)


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One way of an opening packet, and every way of its reply (none when it did not arrive or nobody answers it)."""

    forward: Trace
    replies: tuple[Trace, ...]
    returned: bool
    """Every way of the reply gets back to where the packet came from, with the addresses that its sender expects."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An opening packet and its replies. `works`: in every way there and back (meaningful for `Mode.RELIABLE`)."""

    trips: tuple[RoundTrip, ...]

    @property
    def forward(self) -> tuple[Trace, ...]:
        """The ways of the opening packet."""
        return tuple(trip.forward for trip in self.trips)

    @property
    def replies(self) -> tuple[Trace, ...]:
        """The ways of all replies."""
        return tuple(trace for trip in self.trips for trace in trip.replies)

    @property
    def works(self) -> bool:
        """Whether every way arrives and every reply returns."""
        return bool(self.trips) and all(trip.returned for trip in self.trips)


def replay_connection(
    topology: Topology,
    device: str,
    interface: str,
    packet: Packet,
    mode: Mode = Mode.RELIABLE,
    reply_at: tuple[str, str] | None = None,
) -> Connection:
    """The opening packet, and the reply to what arrives of it.

    The devices remember the sessions and the translations of the opening packet. The reply is assumed to come back into the
    interface by which the opening packet left its last device (another router on that segment could be its gateway as well), or to be
    sent by that device when the packet was for itself; `reply_at`, a device and an interface, says otherwise.
    A protocol that is not answered (an ICMP error) never `works`. Raises `UsageError` as `replay` does.
    """
    arrivals = _arrivals(topology, device, interface, packet, mode)
    origin = (device, interface)
    return Connection(tuple(_round_trip(topology, origin, arrival, mode, reply_at) for arrival in arrivals))


def _arrivals(topology: Topology, device: str, interface: str, packet: Packet, mode: Mode) -> tuple[Arrival, ...]:
    _check(topology, device, interface)
    return Walk(topology, mode).ways(device, interface, Header(packet))


def _check(topology: Topology, device: str, interface: str) -> None:
    known = topology.devices.get(device)
    if known is None:
        names = ", ".join(sorted(topology.devices))
        raise UsageError(
            Text(ja=f"機器「{device}」がありません", en=f'there is no device "{device}"'),
            Text(ja=f"機器: {names}", en=f"devices: {names}"),
        )
    if interface not in known.interfaces:
        names = ", ".join(sorted(known.interfaces))
        raise UsageError(
            Text(
                ja=f"機器「{device}」にインターフェース「{interface}」がありません",
                en=f'device "{device}" has no interface "{interface}"',
            ),
            Text(ja=f"インターフェース: {names}", en=f"interfaces: {names}"),
        )


def _round_trip(
    topology: Topology, origin: tuple[str, str], arrival: Arrival, mode: Mode, reply_at: tuple[str, str] | None
) -> RoundTrip:
    forward = arrival.trace
    answer = None if forward.arrives is None else reply_to(forward.arrives)
    if answer is None:
        return RoundTrip(forward, (), returned=False)
    header = Header(
        answer,
        source_known=arrival.header.destination_known,
        destination_known=arrival.header.source_known,
    )
    if reply_at is not None:
        _check(topology, *reply_at)
    begins: tuple[str, str | None] = reply_at or (forward.device, forward.interface)
    back = Walk(topology, mode, arrival.passages).ways(*begins, header)
    replies = tuple(one.trace for one in back)
    topology = topology if mode is Mode.POSSIBLE else topology.sure
    return RoundTrip(forward, replies, all(_is_back(topology, origin, forward.packet, one) for one in replies))


def _is_back(topology: Topology, origin: tuple[str, str], opening: Packet, reply: Trace) -> bool:
    """Whether a reply reaches the segment from which the opening packet came, addressed as the sender expects it."""
    if reply.verdict not in GETS_ACROSS or reply.arrives is None or ends(reply.arrives) != ends(swapped_ends(opening)):
        return False
    if reply.interface is not None:
        reached = [(reply.device, reply.interface)]
    else:
        interfaces = topology.devices[reply.device].interfaces.values()
        reached = [
            (reply.device, one.name)
            for one in interfaces
            if any(held.address.ip == opening.source for held in one.addresses)
        ]
    return any(port == origin or port in topology.neighbours(*origin) for port in reached)


def _undetermined(possible: Trace, certain: Trace, lines: Sources) -> Text:
    shown = ", ".join(f"{line.file}:{line.number}" for line in lines[:10]) + (", ..." if len(lines) > 10 else "")
    if not lines:
        return certain.reason if certain.verdict is TraceVerdict.UNDETERMINED else possible.reason
    return Text(
        ja=f"確定できない設定により結果が変わる（{shown}）",
        en=f"the result depends on settings that are not sure ({shown})",
    )


def _as_undetermined(trace: Trace, reason: Text) -> Trace:
    return Trace(TraceVerdict.UNDETERMINED, trace.packet, trace.hops, None, trace.device, trace.interface, reason)
