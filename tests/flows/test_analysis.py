"""What a pair of zones says: certain, possible, and why not more."""

from __future__ import annotations

from dataclasses import replace

from secaudit.flows.analysis import MissingDevice
from secaudit.flows.modes import Mode
from secaudit.flows.witness import witness
from secaudit.municipality.model import Zone
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Action, Certainty
from secaudit.network.intervals import ANY_IPV4
from secaudit.network.matches import Match, Service, values_with_bits
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import DynamicRouting
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from tests.flows.building import analyse, at, device, filter_of, interface, line, match, route, tcp, zone

MN = zone(Zone.MY_NUMBER, "10.1.0.0/24")
LG = zone(Zone.LGWAN, "10.2.0.0/24")
NET = zone(Zone.PUBLIC_INTERNET, interfaces=["fw:wan"], rest=True)
WHY = Text(ja="読み取れない", en="not understood")


def firewall(*lines: object, **more: object):
    rules = filter_of("policy", *lines, stateful=True)
    interfaces = [
        interface("mn", "10.1.0.1/24", 11),
        interface("lg", "10.2.0.1/24", 12),
        interface("wan", "192.0.2.2/29", 13),
    ]
    more.setdefault("routes", (route("0.0.0.0/0", "192.0.2.1", 20),))
    return device("fw", interfaces, filters={"policy": rules}, policies=("policy",), **more)


def boxes(packets) -> list[str]:
    return [str(box) for box in packets.boxes()]


def test_exactly_what_the_policy_permits_gets_across_with_its_lines() -> None:
    fw = firewall(
        line(31, Action.DENY, match("10.1.0.5/32", None)),
        line(32, Action.PERMIT, match("10.1.0.0/30", "10.2.0.9/32", tcp(443))),
    )
    flows = analyse([fw], [MN, LG])
    pair = flows.pair("my_number", "lgwan")
    assert boxes(pair.certain) == ["10.1.0.0/30 → 10.2.0.9 tcp/443"]
    assert pair.possible == pair.certain == flows.reliable("my_number", "lgwan", flows.everything())
    assert {one.number for one in flows.responsible(pair, pair.certain)} == {12, 32}
    assert flows.pair("lgwan", "my_number").possible.is_empty


def test_internet_is_reached_through_its_interface_and_told_by_the_inside_address() -> None:
    nat = NatRule(
        "masquerade",
        NatStage.EGRESS,
        (Match(4, ANY_IPV4, ANY_IPV4),),
        at(50),
        interfaces=frozenset({"wan"}),
        source=Translation(TranslationKind.INTERFACE, None, (1024, 65535)),
    )
    fw = firewall(line(31, Action.PERMIT, match("10.1.0.7/32", None, tcp(80))), nat_rules=(nat,))
    flows = analyse([fw], [MN, LG, NET])
    pair = flows.pair("my_number", "public_internet")
    assert boxes(pair.certain)[0].startswith("10.1.0.7 → ")
    found = witness(flows, pair, pair.certain)
    assert found is not None
    assert (str(found.packet.source), str(found.arrives.source)) == ("10.1.0.7", "192.0.2.2")
    assert {one.number for one in flows.responsible(pair, pair.certain)} == {13, 20, 31, 50}


def test_a_next_hop_nobody_submitted_leaves_the_pair_undetermined() -> None:
    fw = firewall(line(31, Action.PERMIT, match("10.1.0.7/32", None, tcp(80))))
    elsewhere = zone(Zone.PUBLIC_INTERNET, rest=True, interfaces=["fw:lg"])
    pair = analyse([fw], [MN, LG, elsewhere]).pair("my_number", "public_internet")
    assert pair.certain.is_empty
    assert not pair.possible.is_empty
    assert [(one.kind, one.sources[0].number) for one in pair.doubts] == [(DoubtKind.UNSUPPORTED, 13)]


def test_the_internet_behind_the_security_cloud_tells_direct_exits_apart() -> None:
    cloud = zone(Zone.SECURITY_CLOUD, "203.0.113.0/24", interfaces=["fw:wan"])
    behind = zone(Zone.PUBLIC_INTERNET, rest=True, behind=Zone.SECURITY_CLOUD)
    fw = firewall(line(31, Action.PERMIT, match("10.2.0.0/24", None, tcp(443))))
    pair = analyse([fw], [MN, LG, cloud, behind]).pair("lgwan", "public_internet")
    assert not pair.certain.is_empty
    assert pair.direct.is_empty
    own = replace(behind, interfaces=zone(Zone.PUBLIC_INTERNET, interfaces=["fw:mn"]).interfaces)
    split = replace(fw, routes=(*fw.routes, route("198.51.100.0/24", "10.1.0.250", 21)))
    pair = analyse([split], [MN, LG, cloud, own]).pair("lgwan", "public_internet")
    assert boxes(pair.direct) == ["10.2.0.0/24 → 198.51.100.0/24 tcp/443"]


def test_a_missing_device_makes_nothing_pass_in_the_zones_it_touches_or_lies_between() -> None:
    doubt = Doubt(DoubtKind.UNDEFINED, WHY, at(70))
    gone = MissingDevice("core", ("lgwan",), doubt)
    flows = analyse([firewall()], [MN, LG, NET], [gone])
    assert not flows.pair("my_number", "lgwan").possible.is_empty
    assert doubt in flows.pair("my_number", "lgwan").doubts
    assert flows.pair("my_number", "public_internet").possible.is_empty
    through = firewall(
        line(31, Action.PERMIT, match("10.1.0.0/24", "10.2.0.0/24")),
        line(32, Action.PERMIT, match("10.2.0.0/24", None), egress=frozenset({"wan"})),
    )
    flows = analyse([through], [MN, LG, NET], [gone])
    assert doubt in flows.pair("my_number", "public_internet").doubts


def test_a_zone_that_no_submitted_device_reaches_is_undetermined() -> None:
    guest = zone(Zone.GUEST_WIRELESS, "10.9.0.0/24")
    pair = analyse([firewall()], [MN, LG, guest]).pair("guest_wireless", "my_number")
    assert pair.certain.is_empty
    assert not pair.possible.is_empty
    assert pair.doubts[0].sources[0].file == "municipality.yaml"


def test_an_unread_line_touches_only_what_it_matches_and_is_named() -> None:
    unclear = line(33, Action.UNKNOWN, match("10.1.0.8/32", None), certainty=Certainty.UNCERTAIN, doubt=WHY)
    flows = analyse([firewall(unclear)], [MN, LG])
    pair = flows.pair("my_number", "lgwan")
    assert boxes(pair.possible) == ["10.1.0.8 → 10.2.0.0/24 any"]
    assert pair.certain.is_empty
    assert [one.sources[0].number for one in pair.doubts] == [33]
    assert flows.pair("lgwan", "my_number").possible.is_empty


def test_an_uncertain_deny_does_not_hide_the_permit_below_it() -> None:
    fw = firewall(
        line(31, Action.DENY, match(None, None), certainty=Certainty.UNCERTAIN, doubt=WHY),
        line(32, Action.PERMIT, match("10.1.0.0/24", "10.2.0.9/32", tcp(22))),
    )
    pair = analyse([fw], [MN, LG]).pair("my_number", "lgwan")
    assert pair.certain.is_empty
    assert boxes(pair.possible) == ["10.1.0.0/24 → 10.2.0.9 tcp/22"]
    assert [one.sources[0].number for one in pair.doubts] == [31]


def test_a_schedule_permits_for_a_violation_and_not_for_a_required_link() -> None:
    fw = firewall(line(31, Action.PERMIT, match(None, None, tcp(22)), certainty=Certainty.SOMETIMES))
    flows = analyse([fw], [MN, LG])
    assert not flows.pair("my_number", "lgwan").certain.is_empty
    assert flows.reliable("my_number", "lgwan", flows.everything()).is_empty


def test_routes_that_a_protocol_learns_are_possible_and_not_certain() -> None:
    fw = firewall(line(31, Action.PERMIT, match(None, None)), dynamic_routing=(DynamicRouting("ospf", at(60)),))
    flows = analyse([fw], [MN, LG, NET])
    assert not flows.pair("my_number", "lgwan").certain.is_empty
    pair = flows.pair("my_number", "public_internet")
    assert boxes(pair.certain) == ["10.1.0.0/24 → 192.0.2.0/29 any"]  # the connected subnet alone
    assert boxes(pair.possible - pair.certain)
    assert any(one.sources == at(60) for one in pair.doubts)


def test_what_could_pass_with_any_source_holds_packets_that_open_nothing() -> None:
    """Two devices that we do not have may carry an opening packet in the replies of a connection between them (an SSL-VPN)."""
    acked = Service(((6, 6),), tcp_flags=values_with_bits(16, 16))
    unsure = line(32, Action.PERMIT, match("10.1.0.9/32", None, tcp(80)), certainty=Certainty.UNCERTAIN)
    for lines in (
        (line(31, Action.PERMIT, match(None, None, acked)),),
        (line(31, Action.PERMIT, match(None, None, acked)), unsure),
    ):
        fw = firewall(*lines)
        stateless = replace(fw, filters={name: replace(one, stateful=False) for name, one in fw.filters.items()})
        flows = analyse([stateless], [MN, LG])
        flows.pair("my_number", "lgwan")
        reply = Packet.parse("tcp 10.7.7.7:443 > 10.2.0.9:40000 A")
        assert flows.arrivals.between(Mode.POSSIBLE, "my_number", "lgwan", forged=True).contains(reply)
        assert not flows.arrivals.between(Mode.POSSIBLE, "my_number", "lgwan").contains(reply)


def test_reply_looking_packets_through_a_stateless_line_are_told_apart() -> None:
    acked = Service(((6, 6),), tcp_flags=values_with_bits(16, 16))
    inbound = filter_of("in", line(31, Action.PERMIT, match(None, None, acked)))
    router = device(
        "r", [interface("lg", "10.2.0.1/24", filter_in="in"), interface("mn", "10.1.0.1/24")], filters={"in": inbound}
    )
    pair = analyse([router], [MN, LG]).pair("lgwan", "my_number")
    assert pair.possible.is_empty
    assert pair.replies.contains(Packet.parse("tcp 10.2.0.5:443 > 10.1.0.5:50000 A"))


def test_a_forged_source_is_reported_apart() -> None:
    fw = firewall(line(31, Action.PERMIT, match("10.1.0.0/24", "10.1.0.9/32", tcp(443)), ingress=frozenset({"lg"})))
    pair = analyse([fw], [MN, LG]).pair("lgwan", "my_number")
    assert pair.possible.is_empty
    assert boxes(pair.spoofed) == ["10.1.0.0/24 → 10.1.0.9 tcp/443"]


def test_two_devices_in_a_row_must_both_permit() -> None:
    edge = device(
        "edge",
        [interface("lg", "10.2.0.1/24"), interface("mid", "10.99.0.1/30", filter_out="out")],
        filters={"out": filter_of("out", line(41, Action.PERMIT, match(None, None, tcp(443))))},
        routes=(route("10.1.0.0/24", "10.99.0.2", 42),),
    )
    core = device(
        "core",
        [interface("mid", "10.99.0.2/30", filter_in="in"), interface("mn", "10.1.0.1/24", 52)],
        filters={"in": filter_of("in", line(51, Action.PERMIT, match("10.2.0.0/28", None)))},
    )
    flows = analyse([edge, core], [MN, LG])
    pair = flows.pair("lgwan", "my_number")
    assert boxes(pair.certain) == ["10.2.0.0/28 → 10.1.0.0/24 tcp/443"]
    assert {one.number for one in flows.responsible(pair, pair.certain)} == {41, 42, 51, 52}


def test_two_zones_beyond_one_external_interface_are_not_crossed_by_our_device() -> None:
    cloud = zone(Zone.SECURITY_CLOUD, "203.0.113.0/24", interfaces=["fw:wan"])
    behind = zone(Zone.PUBLIC_INTERNET, rest=True, behind=Zone.SECURITY_CLOUD)
    fw = firewall(line(31, Action.PERMIT, match(None, None)))
    flows = analyse([fw], [MN, cloud, behind])
    assert flows.pair("public_internet", "security_cloud").possible.is_empty
    assert not flows.pair("my_number", "security_cloud").certain.is_empty
    assert not flows.pair("security_cloud", "my_number").certain.is_empty


def test_two_inside_zones_on_one_segment_are_never_separated() -> None:
    both = interface("lan", "10.1.0.1/24", 11)
    both = replace(both, addresses=(*both.addresses, *interface("lan", "10.2.0.1/24", 12).addresses))
    closed = filter_of("closed", line(31, Action.DENY, match(None, None)))
    router = device("r", [replace(both, filter_in="closed")], filters={"closed": closed})
    pair = analyse([router], [MN, LG]).pair("my_number", "lgwan")
    assert not pair.possible.is_empty
    assert {one.number for one in pair.doubts[0].sources} == {11, 12}


def test_two_layers_entered_by_one_interface_are_not_separated_beyond_it() -> None:
    left = zone(Zone.MY_NUMBER, "10.51.0.0/24", interfaces=["fw:mn"])
    right = zone(Zone.LGWAN, "10.52.0.0/24", interfaces=["fw:mn"])
    pair = analyse([firewall()], [left, right]).pair("my_number", "lgwan")
    assert not pair.possible.is_empty


def test_a_zone_of_which_only_the_interface_is_told_holds_every_address_that_no_zone_claims() -> None:
    lines = zone(Zone.LGWAN_NETWORK, interfaces=["fw:wan"])
    fw = firewall(
        line(31, Action.PERMIT, match("10.2.0.0/24", None, tcp(443))),
        line(32, Action.PERMIT, match(None, "10.1.0.9/32", tcp(22)), ingress=frozenset({"wan"})),
    )
    flows = analyse([fw], [MN, LG, lines])
    assert not flows.pair("lgwan", "lgwan_network").certain.is_empty
    assert not flows.pair("lgwan_network", "my_number").certain.is_empty


def test_two_zones_beyond_one_line_both_receive() -> None:
    cloud = zone(Zone.SECURITY_CLOUD, interfaces=["fw:wan"])
    behind = zone(Zone.PUBLIC_INTERNET, rest=True, behind=Zone.SECURITY_CLOUD)
    flows = analyse([firewall(line(31, Action.PERMIT, match("10.1.0.0/24", None)))], [MN, cloud, behind])
    assert not flows.pair("my_number", "security_cloud").certain.is_empty
    assert not flows.pair("my_number", "public_internet").certain.is_empty


def test_nothing_passes_towards_a_zone_whose_addresses_are_not_stated() -> None:
    lines = zone(Zone.LGWAN_NETWORK, interfaces=["fw:lg"])
    fw = firewall(line(31, Action.PERMIT, match("10.1.0.0/24", None, tcp(443)), egress=frozenset({"wan"})))
    pair = analyse([fw], [MN, NET, lines]).pair("my_number", "lgwan_network")
    assert pair.certain.is_empty
    assert not pair.possible.is_empty
    assert [one.sources[0].file for one in pair.doubts] == ["municipality.yaml"]
