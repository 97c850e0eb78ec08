"""What surely gets from one zone to another in every state of the devices, by every way: asked of required links only."""

from __future__ import annotations

from secaudit.flows.arrivals import Arrivals, arrived_in
from secaudit.flows.engine import within
from secaudit.flows.headers import as_flow, as_sent, sent_among
from secaudit.flows.modes import Mode
from secaudit.flows.zones import FAMILIES
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.sets import PacketSet, Spaces


def reliable_part(spaces: Spaces, arrivals: Arrivals, source: str, destination: str, wanted: PacketSet) -> PacketSet:
    """The part of a flow that arrives whatever the devices do. Raises `TooComplexError`."""
    if not arrivals.has_states:
        return wanted & arrivals.between(Mode.CERTAIN, source, destination)
    nodes = [_of_family(spaces, arrivals, family, source, destination, wanted.node(family)) for family in FAMILIES]
    return wanted & PacketSet(spaces, *nodes)


def _of_family(spaces: Spaces, arrivals: Arrivals, family: Family, source: str, destination: str, wanted: int) -> int:
    """Every place where hosts of the zone can send is asked by itself: a host may use one that works.

    Only what certainly arrives, in some state, is followed.
    """
    space, engine = spaces[family], arrivals.engine(Mode.RELIABLE, family)
    sent = as_sent(space, arrivals.arrived(Mode.CERTAIN, family, source, destination, wanted))
    kept = []
    for injection in within(space, engine.injections(zones=[source]), sent):
        run = engine.propagate([injection])
        there = space.union_all(arrived_in([run], destination, arrivals.ways_into))
        astray = EMPTY if EMPTY in (there, run.lost) else sent_among(space, there, as_sent(space, run.lost))
        kept.append(space.difference(there, astray))
    return as_flow(space, space.union_all(kept))
