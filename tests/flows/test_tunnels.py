"""Tunnels: who may be the other end, and whether what carries them gets there, by both evaluators."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import replace

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.topology import Topology, build_topology
from secaudit.flows.trace import TraceVerdict
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import Zone, ZoneBinding
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action, Certainty, Filter
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.matches import Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import Route
from secaudit.network.tunnels import Carrier, Diversion, TunnelEnd
from secaudit.packets.packet import Packet
from secaudit.text.source import SourceLine
from tests.flows.network import at, device, filter_, hop, interface, line, match, route

WEB = "tcp 10.1.0.5:40000 > 10.2.0.9:443"
GRE = Service(((47, 47),))
OUTER = Service(((50, 50),)), Service(((17, 17),), ((500, 500),), ((500, 500),))


def end(name: str, remote: str | None, carrier: Carrier = Carrier.GRE, **more: object) -> Interface:
    far = None if remote is None else ipaddress.ip_address(remote)
    tunnel = TunnelEnd(carrier, at(7), far, **more)  # type: ignore[arg-type]
    return replace(interface(name, kind=InterfaceKind.TUNNEL), tunnel=tunnel)


def here(tunnel: Interface, *more: Interface, filters: Iterable[Filter] = (), **settings: object) -> Device:
    wan = more or (interface("wan", "192.0.2.1/24"),)
    routes = [route("10.2.0.0/16", hop(20, out=tunnel.name)), route("0.0.0.0/0", hop(21, "192.0.2.254"))]
    return device("a", interface("in", "10.1.0.1/16"), *wan, tunnel, routes=routes, filters=filters, **settings)  # type: ignore[arg-type]


def there(tunnel: Interface, *more: Interface, filters: Iterable[Filter] = (), **settings: object) -> Device:
    wan = more or (interface("wan", "203.0.113.1/24"),)
    routes = [route("10.1.0.0/16", hop(30, out=tunnel.name)), route("0.0.0.0/0", hop(31, "203.0.113.254"))]
    return device("b", interface("lan", "10.2.0.1/16"), *wan, tunnel, routes=routes, filters=filters, **settings)  # type: ignore[arg-type]


def verdicts(*devices: Device) -> tuple[set[str], set[str]]:
    """Whether a packet by the tunnel arrives at a host there, as interpreter and engine of sets say: the modes in which it does."""
    topology = build_topology(devices)
    walked = {
        mode.value
        for mode in Mode
        if any(
            trace.verdict is TraceVerdict.DELIVERED for trace in replay(topology, "a", "in", Packet.parse(WEB), mode)
        )
    }
    analysis, ends = flows(topology), (Zone.LGWAN.value, Zone.INTERNET.value)
    pair, reliable = analysis.pair(*ends), analysis.reliable(*ends, analysis.everything())
    sets = (("possible", pair.possible), ("certain", pair.certain), ("reliable", reliable))
    return walked, {name for name, packets in sets if packets.contains(Packet.parse(WEB))}


def flows(topology: Topology) -> FlowAnalysis:
    source = SourceLine("municipality.yaml", 1, "zone")
    zones = [
        ZoneBinding(zone, (ipaddress.ip_network(subnet),), (), (), False, None, source)
        for zone, subnet in ((Zone.LGWAN, "10.1.0.0/16"), (Zone.INTERNET, "10.2.0.0/16"))
    ]
    return FlowAnalysis(topology, plan_zones(topology, zones))


UP = {"possible", "certain", "reliable"}
MAYBE = {"possible"}


def agreed(*devices: Device) -> set[str]:
    walked, by_sets = verdicts(*devices)
    assert walked == by_sets
    return walked


@pytest.mark.parametrize("carrier", [one for one in Carrier if one is not Carrier.PPTP])
def test_two_ends_that_name_each_other_across_a_provider(carrier: Carrier) -> None:
    assert agreed(here(end("t1", "203.0.113.1", carrier)), there(end("t9", "192.0.2.1", carrier))) == UP


def test_without_a_route_to_the_far_end_it_is_not_up() -> None:
    lost = replace(there(end("t9", "192.0.2.1")), routes=(route("10.1.0.0/16", hop(30, out="t9")),))
    assert agreed(here(end("t1", "203.0.113.1")), lost) == MAYBE


def test_a_way_that_loses_what_carries_it_leaves_no_promise() -> None:
    """Equal next hops towards the far end: one is the provider, the other a router that knows no way on."""
    near = here(end("t1", "203.0.113.1"))
    both = Route(ipaddress.ip_network("0.0.0.0/0"), (hop(21, "192.0.2.254"), hop(22, "192.0.2.9")), at(21))
    near = replace(near, routes=(near.routes[0], both))
    lost = device("w", interface("wan", "192.0.2.9/24"))
    assert agreed(near, lost, there(end("t9", "192.0.2.1"))) == {"possible", "certain"}


def test_a_filter_for_the_far_device_that_acts_only_sometimes_leaves_no_promise() -> None:
    at_times = filter_(
        "f", line(10, Action.DENY, match(services=(GRE,)), certainty=Certainty.SOMETIMES), default=Action.PERMIT
    )
    far = there(end("t9", "192.0.2.1"), filters=[at_times], local_in=("f",))
    assert agreed(here(end("t1", "203.0.113.1")), far) == {"possible", "certain"}


def test_different_carriers_do_not_meet() -> None:
    assert agreed(here(end("t1", "203.0.113.1")), there(end("t9", "192.0.2.1", Carrier.IPIP))) == MAYBE


@pytest.mark.parametrize("stage", ["filter_in", "local_in", "own"])
def test_a_filter_that_stops_what_carries_it(stage: str) -> None:
    shut = filter_("f", line(10, Action.DENY, match(services=(GRE,))), default=Action.PERMIT)
    far = end("t9", "192.0.2.1")
    wan = interface("wan", "203.0.113.1/24", filter_in="f" if stage == "filter_in" else None)
    if stage == "own":
        wan = interface("wan", "203.0.113.1/24", filter_out="f")
        sees = there(far, wan, filters=[shut], filters_own_packets=True)
        assert agreed(here(end("t1", "203.0.113.1")), there(far, wan, filters=[shut])) == UP
    else:
        sees = there(far, wan, filters=[shut], local_in=("f",) if stage == "local_in" else ())
    assert agreed(here(end("t1", "203.0.113.1")), sees) == MAYBE


def test_ipsec_works_with_esp_or_with_nat_traversal() -> None:
    def there_with(*services: Service) -> Device:
        permits = filter_("f", line(10, Action.PERMIT, match(services=services)))
        return there(
            end("t9", "192.0.2.1", Carrier.IPSEC), interface("wan", "203.0.113.1/24", filter_in="f"), filters=[permits]
        )

    near = here(end("t1", "203.0.113.1", Carrier.IPSEC))
    esp, ike = OUTER
    traversal = Service(((17, 17),), ((4500, 4500),))
    assert agreed(near, there_with(esp, ike)) == UP
    assert agreed(near, there_with(traversal, ike)) == UP
    assert agreed(near, there_with(esp)) == MAYBE


def test_a_tunnel_inside_a_tunnel() -> None:
    """GRE between addresses that only the outer tunnel connects."""
    inner_here = replace(interface("lo", "172.16.0.1/32", kind=InterfaceKind.LOOPBACK))
    inner_there = replace(interface("lo", "172.16.0.2/32", kind=InterfaceKind.LOOPBACK))
    near = here(
        end("t1", "172.16.0.2"), interface("wan", "192.0.2.1/24"), inner_here, end("t0", "203.0.113.1", Carrier.IPSEC)
    )
    far = there(
        end("t9", "172.16.0.1"), interface("wan", "203.0.113.1/24"), inner_there, end("t8", "192.0.2.1", Carrier.IPSEC)
    )
    near = replace(near, routes=(*near.routes, route("172.16.0.2/32", hop(22, out="t0"))))
    far = replace(far, routes=(*far.routes, route("172.16.0.1/32", hop(32, out="t8"))))
    assert agreed(near, far) == UP
    shut = replace(far, routes=far.routes[:-1])
    assert agreed(near, shut) == MAYBE


def test_an_end_behind_address_translation() -> None:
    """`b` sends from its own private address; a router in front of it, which nobody submitted, translates."""
    far = there(end("t9", "192.0.2.1", local=ipaddress.ip_address("172.16.9.2")), interface("wan", "172.16.9.2/30"))
    far = replace(far, routes=(route("10.1.0.0/16", hop(30, out="t9")), route("0.0.0.0/0", hop(31, "172.16.9.1"))))
    assert agreed(here(end("t1", "203.0.113.1")), far) == MAYBE


def test_an_end_behind_translation_that_was_submitted() -> None:
    """The public address of `b` is one that the firewall before it translates, both ways."""
    inside = ((int(ipaddress.ip_address("172.16.9.2")),) * 2,)
    outside = ((int(ipaddress.ip_address("203.0.113.1")),) * 2,)
    forward = NatRule(
        "in", NatStage.INGRESS, (replace(match(), destinations=outside),), at(50), frozenset(("wan",)),
        destination=Translation(TranslationKind.POOL, inside[0]),
    )  # fmt: skip
    back = NatRule(
        "out", NatStage.EGRESS, (replace(match(), sources=inside),), at(51), frozenset(("wan",)),
        source=Translation(TranslationKind.POOL, outside[0]),
    )  # fmt: skip
    wall = device(
        "w", interface("wan", "203.0.113.2/24"), interface("dmz", "172.16.9.1/30"),
        nat=[forward, back], routes=[route("0.0.0.0/0", hop(60, "203.0.113.254"))],
    )  # fmt: skip
    far = there(end("t9", "192.0.2.1"), interface("wan", "172.16.9.2/30"))
    far = replace(far, routes=(route("10.1.0.0/16", hop(30, out="t9")), route("0.0.0.0/0", hop(31, "172.16.9.1"))))
    walked, by_sets = verdicts(here(end("t1", "203.0.113.1")), wall, far)
    # The provider brings the packet to whoever holds the address; nobody does, so nothing is sure.
    assert walked == by_sets == MAYBE


def test_a_caller_whose_address_is_not_known_is_matched_by_its_name() -> None:
    hub = end("t1", None, Carrier.IPSEC, answers=True, remote_id="branch")
    dynamic = interface("wan", dynamic=True, kind=InterfaceKind.DIALER)
    caller = end("t9", "192.0.2.1", Carrier.IPSEC, local_id="branch")
    stranger = end("t9", "192.0.2.1", Carrier.IPSEC, local_id="other")
    assert agreed(here(hub), there(caller, dynamic)) == MAYBE
    assert build_topology([here(hub), there(caller, dynamic)]).neighbours("a", "t1") == (("b", "t9"),)
    assert build_topology([here(hub), there(stranger, dynamic)]).neighbours("a", "t1") == ()


def test_callers_of_one_hub_do_not_meet_without_it() -> None:
    hub = end("t1", None, Carrier.IPSEC, answers=True)
    one = there(end("t9", "192.0.2.1", Carrier.IPSEC))
    other = device(
        "c", interface("lan", "10.3.0.1/16"), interface("wan", "198.51.100.1/24"), end("t5", "192.0.2.1", Carrier.IPSEC)
    )
    topology = build_topology([here(hub), one, other])
    assert topology.neighbours("b", "t9") == (("a", "t1"),)
    assert topology.neighbours("a", "t1") == (("b", "t9"), ("c", "t5"))


def test_who_dials_in_may_come_from_anywhere() -> None:
    """Nobody submitted the other end of a tunnel that takes callers: hosts of the zones may be there."""
    hub = end("vpn", None, Carrier.OTHER, answers=True)
    router = device("a", interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16", filter_out="f"), hub,
        filters=[filter_("f", line(10, Action.DENY, ingress=["in"]), default=Action.PERMIT)])  # fmt: skip
    pair = flows(build_topology([router])).pair(Zone.LGWAN.value, Zone.INTERNET.value)
    assert pair.certain.is_empty
    assert pair.possible.contains(Packet.parse(WEB))
    assert any("who connects by vpn" in doubt.text.en for doubt in pair.doubts)


PIPELINE = (Stage.INGRESS_FILTER, Stage.ROUTE, Stage.EGRESS_NAT, Stage.DIVERSION, Stage.EGRESS_FILTER)


def test_a_list_takes_packets_into_a_tunnel() -> None:
    """Instead of in the clear by the outer interface, whose filter then does not see them."""
    chosen = filter_("vpn", line(10, Action.PERMIT, match("10.1.0.0/16", "10.2.0.0/16")))
    shut = filter_("wan out", line(11, Action.DENY, match("any", "10.2.0.0/16")), default=Action.PERMIT)
    wan = interface("wan", "192.0.2.1/24", filter_out="wan out", diversions=(Diversion("vpn", "t1", at(12)),))
    near = replace(
        here(end("t1", "203.0.113.1"), wan, filters=[chosen, shut], pipeline=PIPELINE),
        routes=(route("0.0.0.0/0", hop(21, "192.0.2.254")),),
    )
    far = there(end("t9", "192.0.2.1"))
    assert agreed(near, far) == UP
    other = replace(near, filters={**near.filters, "vpn": replace(chosen, lines=())})
    assert agreed(other, far) == set()
