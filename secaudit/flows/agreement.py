"""Which of the three questions have the same answer for a whole network, so that each answer is computed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from secaudit.flows.device_itself import HIDES_A_LOCAL_FILTER
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Topology
from secaudit.network.device import Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.routes import Route


def modes_that_agree(topology: Topology) -> Mapping[Mode, Mode]:
    """Which questions have the same answer for this network, so that each is computed once."""
    unsure = topology.sure is not topology
    held = [
        held.address.ip for one in topology.devices.values() for i in one.interfaces.values() for held in i.addresses
    ]
    sometimes = len(held) != len(set(held))  # an address that several hold leads to all of them
    for device in topology.devices.values():
        unsure |= bool(device.dynamic_routing) or any(
            one.plane is Plane.TRAFFIC or one.kind in HIDES_A_LOCAL_FILTER for one in device.doubts
        )
        unsure |= any(rule.uncertain is not None for rule in device.nat_rules)
        unsure |= any(rule.uncertain is not None for rule in device.policy_routes)
        unsure |= any(one.dynamic_address or one.tunnel is not None for one in device.interfaces.values())
        sometimes |= bool(device.policy_routes) or _several_next_hops(device.routes)
        for filter_ in device.filters.values():
            unsure |= filter_.default is Action.UNKNOWN
            for line in filter_.lines:
                unsure |= line.certainty is Certainty.UNCERTAIN or line.action is Action.UNKNOWN
                sometimes |= line.certainty is Certainty.SOMETIMES
        groups = [*(one.next_hops for one in device.routes), *(one.next_hops for one in device.policy_routes)]
        hops = [hop for group in groups for hop in group]
        named = [hop for hop in hops if hop.interface is not None]
        unsure |= any(hop.gateway is None or hop.interface not in device.interfaces for hop in named)
    certain = Mode.CERTAIN if unsure else Mode.POSSIBLE
    reliable = Mode.RELIABLE if sometimes or unsure else certain
    return {Mode.POSSIBLE: Mode.POSSIBLE, Mode.CERTAIN: certain, Mode.RELIABLE: reliable}


def _several_next_hops(routes: Iterable[Route]) -> bool:
    seen = set()
    for route in routes:
        key = (route.vrf, route.prefix)
        if (
            key in seen
            or len(route.next_hops) > 1
            or any(hop.conditional or hop.backup or hop.captured for hop in route.next_hops)
        ):
            return True
        seen.add(key)
    return False
