"""A join that hangs on something no file tells is possible, and never certain: to both evaluators."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import TraceVerdict
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import Zone
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface, InterfaceKind, SwitchPort
from secaudit.packets.packet import Packet
from tests.flows.building import zone
from tests.flows.network import at, device, hop, interface, route

PACKET = "tcp 10.1.0.5:40000 > 10.2.0.5:443"


def switch(port: SwitchPort) -> Device:
    ports = [Interface(name, InterfaceKind.PHYSICAL, at(1), switch_port=port) for name in ("p0", "p1")]
    return device("sw", *ports, forwards=False)


@pytest.mark.parametrize(
    ("port", "sure"),
    [(SwitchPort(7), True), (SwitchPort(7, None, negotiated=True), False)],
    ids=["access", "negotiated"],
)
def test_a_next_hop_behind_a_port_that_negotiates(port: SwitchPort, sure: bool) -> None:
    # the next hop has no subnet of its own there, so only the cables say where it is
    first = device(
        "a", interface("in", "10.1.0.1/24"), interface("out", "192.0.2.1/24"),
        routes=[route("10.2.0.0/24", hop(1, "192.0.2.2"))],
    )  # fmt: skip
    second = device("b", interface("in", "192.0.2.2/32"), interface("out", "10.2.0.1/24"))
    links = [(("a", "out"), ("sw", "p0")), (("b", "in"), ("sw", "p1"))]
    topology = build_topology([first, second, switch(port)], links)
    assert (topology.sure is topology) is sure
    assert topology.holders("a", "out", ipaddress.ip_address("192.0.2.2")) == (("b", "in"),)

    verdicts = {
        mode: {trace.verdict for trace in replay(topology, "a", "in", Packet.parse(PACKET), mode)}
        for mode in (Mode.POSSIBLE, Mode.CERTAIN)
    }
    assert verdicts[Mode.POSSIBLE] == {TraceVerdict.DELIVERED}
    assert verdicts[Mode.CERTAIN] == {TraceVerdict.DELIVERED if sure else TraceVerdict.UNMODELLED}

    plan = plan_zones(topology, [zone(Zone.MY_NUMBER, "10.1.0.0/24"), zone(Zone.LGWAN, "10.2.0.0/24")])
    pair = FlowAnalysis(topology, plan).pair("my_number", "lgwan")
    assert pair.possible.contains(Packet.parse(PACKET))
    assert pair.certain.is_empty is not sure


def test_a_port_that_is_shut_joins_nothing() -> None:
    left = device("a", interface("out", "10.1.0.1/24"))
    right = device("b", interface("in", "10.2.0.1/24"))
    links = [(("a", "out"), ("sw", "p0")), (("b", "in"), ("sw", "p1"))]
    open_ = switch(SwitchPort(7))
    shut = replace(open_, interfaces={**open_.interfaces, "p1": replace(open_.interfaces["p1"], enabled=False)})
    assert build_topology([left, right, open_], links).neighbours("a", "out") == (("b", "in"),)
    assert build_topology([left, right, shut], links).neighbours("a", "out") == ()
    assert build_topology([left, right, open_], [*links[:1], (("b", "in"), ("sw", "p9"))]).neighbours("a", "out") == ()


def test_a_bridge_is_one_wire_with_its_members() -> None:
    members = [Interface(name, InterfaceKind.PHYSICAL, at(1), member_of="lan") for name in ("p0", "p1")]
    bridge = Interface("lan", InterfaceKind.BRIDGE, at(1))
    tagged = replace(interface("lan.10", "10.5.0.1/24", kind=InterfaceKind.VLAN), vlan=10, parent="lan")
    there = replace(interface("x.10", "10.6.0.1/24", kind=InterfaceKind.VLAN), vlan=10, parent="x")
    left = device("a", interface("x", "10.1.0.1/24"), there)
    right = device("b", interface("x", "10.2.0.1/24"))
    links = [(("a", "x"), ("fw", "p0")), (("b", "x"), ("fw", "p1"))]
    topology = build_topology([left, right, device("fw", *members, bridge, tagged)], links)
    assert set(topology.neighbours("a", "x")) == {("b", "x"), ("fw", "lan")}
    assert topology.neighbours("a", "x.10") == (("fw", "lan.10"),)
    # without an interface of the bridge the members are one wire all the same
    without = build_topology([left, right, device("fw", *members)], links)
    assert without.neighbours("a", "x") == (("b", "x"),)
