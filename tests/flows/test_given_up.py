"""What is left of a device that is given up: everything that a device can hold has been thought of."""

from __future__ import annotations

import dataclasses

from secaudit.flows.complexity import given_up
from secaudit.flows.modes import Mode
from secaudit.municipality.model import Zone
from secaudit.network.device import Device, DoubtKind, Stage
from secaudit.network.filters import Action
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop, PolicyRoute
from secaudit.network.tunnels import Carrier, Diversion, TunnelEnd
from tests.flows.building import PIPELINE, analyse, at, device, filter_of, interface, line, match, route, zone

KEPT = {
    "name", "vendor", "file", "identity", "pipeline", "model", "version", "filters_own_packets", "tracks_connections",
    "dynamic_routing", "forwards", "management", "notices", "relays", "captured", "captured_routing",
}  # fmt: skip
"""What does not grow with filters, or is only told to people; what it does is computed as before."""
LOOSENED = {
    "interfaces", "filters", "policies", "local_in", "local_out", "untracked", "routes", "policy_routes", "nat_rules",
    "doubts",
}  # fmt: skip
"""What asks for packets no longer does: it may do anything to anything, or nothing."""
KEPT_OF_INTERFACES = {
    "name", "kind", "sources", "addresses", "dynamic_address", "enabled", "vlan", "parent", "vrf", "zone", "switch_port",
    "tunnel", "description", "native", "member_of", "ipv6_only_link_local", "peer",
}  # fmt: skip
LOOSENED_OF_INTERFACES = {"filter_in", "filter_out", "diversions"}


def names(kind: type) -> set[str]:
    return {one.name for one in dataclasses.fields(kind)}


def everything() -> Device:
    """A device with one of each."""
    address = Translation(TranslationKind.POOL, (1, 2))
    inside = interface("a", "10.1.0.1/24", filter_in="list", diversions=())
    outside = interface("b", "10.2.0.1/24", filter_out="list", diversions=(Diversion("list", "t", at(3)),))
    tunnel = Interface("t", InterfaceKind.TUNNEL, at(4), tunnel=TunnelEnd(Carrier.IPSEC, at(4)))
    by_list = NextHop(at(5), interface="b", matches=(match("10.1.0.0/24", None),))
    one = device(
        "one",
        [inside, outside, tunnel],
        filters={"list": filter_of("list", line(11, Action.PERMIT, match("10.1.0.0/24", None)))},
        policies=("list",),
        local_in=("list",),
        local_out=("list",),
        untracked="list",
        routes=(dataclasses.replace(route("10.3.0.0/24", "10.2.0.254", 5), next_hops=(by_list,)),),
        policy_routes=(PolicyRoute("1", (match("10.1.0.0/24", None),), (by_list,), at(6)),),
        nat_rules=(
            NatRule("1", NatStage.INGRESS, (match(None, None),), at(7), source=address),
            NatRule("2", NatStage.EGRESS, (match(None, None),), at(8), destination=address, source=address),
        ),
    )
    return dataclasses.replace(one, pipeline=(*PIPELINE[:-1], Stage.DIVERSION, PIPELINE[-1]))


def test_every_part_of_a_device_is_decided_on() -> None:
    """A new field fails here: does it ask for packets (then `given_up` must loosen it), or not?"""
    assert names(Device) == KEPT | LOOSENED
    assert names(Interface) == KEPT_OF_INTERFACES | LOOSENED_OF_INTERFACES
    assert not (KEPT & LOOSENED or KEPT_OF_INTERFACES & LOOSENED_OF_INTERFACES)


def test_what_is_kept_is_kept_and_the_rest_asks_for_nothing() -> None:
    before = everything()
    after = given_up(before)
    assert all(getattr(after, name) == getattr(before, name) for name in KEPT)
    for name, held in after.interfaces.items():
        assert all(getattr(held, field) == getattr(before.interfaces[name], field) for field in KEPT_OF_INTERFACES)
        assert (held.filter_in, held.filter_out) == (None, None)
        assert all(after.filters[one.selector].default is Action.UNKNOWN for one in held.diversions)
    assert not (after.policies or after.local_in or after.local_out or after.untracked)
    assert not any(one.lines or one.default is not Action.UNKNOWN for one in after.filters.values())
    hops = [hop for one in (*after.routes, *after.policy_routes) for hop in one.next_hops]
    assert all(hop.matches is None and hop.conditional for hop in hops)
    assert all(one.uncertain for one in (*after.policy_routes, *after.nat_rules))
    found = {(one.stage, one.destination is not None, one.source is not None) for one in after.nat_rules}
    both = {(NatStage.EGRESS, True, True), (NatStage.EGRESS, True, False), (NatStage.EGRESS, False, True)}
    assert found == {(NatStage.INGRESS, False, True), *both}
    assert after.doubts[-1].kind is DoubtKind.TOO_COMPLEX
    assert after.doubts[-1].interfaces == set(before.interfaces)


def test_what_diverts_packets_may_still_take_any() -> None:
    """A crypto map whose list went with the other filters."""
    zones = [zone(Zone.MY_NUMBER, "10.1.0.0/24"), zone(Zone.LGWAN, "10.2.0.0/24")]
    analysis = analyse([given_up(everything())], zones)
    assert not analysis.arrivals.between(Mode.POSSIBLE, "my_number", "lgwan").is_empty
    assert analysis.arrivals.between(Mode.CERTAIN, "my_number", "lgwan").is_empty
