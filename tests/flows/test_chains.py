"""Chains of responsible lines: all of them, each exact, each with a packet that the interpreter delivers over it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.chain import Chain, Link
from secaudit.flows.chains import find_chains
from secaudit.flows.witness import chain_witness
from secaudit.municipality.model import Zone
from secaudit.network.device import Doubt, DoubtKind, Stage
from secaudit.network.filters import Action, Certainty
from secaudit.network.intervals import ANY_IPV4
from secaudit.network.matches import Match
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop, PolicyRoute
from secaudit.text.bilingual import Text
from tests.flows.building import analyse, at, device, filter_of, interface, line, match, route, tcp, zone
from tests.flows.random_networks import ZONES, RandomNetwork

PERMIT, DENY = Action.PERMIT, Action.DENY
MN = zone(Zone.MY_NUMBER, "10.1.0.0/24")
LG = zone(Zone.LGWAN, "10.2.0.0/24")
NET = zone(Zone.PUBLIC_INTERNET, interfaces=["fw:wan"], rest=True)
WHY = Text(ja="読み取れない", en="not understood")


def firewall(*lines: object, name: str = "fw", default: Action = DENY, **more: object):
    rules = filter_of("policy", *lines, default=default, stateful=True)
    interfaces = [
        interface("mn", "10.1.0.1/24", 11),
        interface("lg", "10.2.0.1/24", 12),
        interface("wan", "192.0.2.2/29", 13),
    ]
    more.setdefault("routes", (route("0.0.0.0/0", "192.0.2.1", 20),))
    return device(name, interfaces, filters={"policy": rules}, policies=("policy",), **more)


def chains_of(flows: FlowAnalysis, source: str = "my_number", destination: str = "lgwan", **more: int):
    pair = flows.pair(source, destination)
    return find_chains(flows, pair, pair.certain, **more)


def numbers(chain: Chain) -> list[int]:
    return [one.number for one in chain.lines]


def boxes(chain: Chain) -> list[str]:
    return [str(box) for box in chain.packets.boxes()]


def test_two_lines_are_two_chains_the_wider_first() -> None:
    fw = firewall(
        line(31, DENY, match("10.1.0.5/32", None)),
        line(32, PERMIT, match("10.1.0.8/32", "10.2.0.9/32", tcp(443))),
        line(33, PERMIT, match("10.1.0.0/24", "10.2.0.9/32", tcp(443))),
        line(34, PERMIT, match("10.1.0.9/32", "10.2.0.9/32", tcp(443))),
    )
    found = chains_of(analyse([fw], [MN, LG]))
    assert [numbers(one) for one in found.chains] == [[12, 33], [12, 32]]
    assert boxes(found.chains[1]) == ["10.1.0.8 → 10.2.0.9 tcp/443"]
    assert found.complete and found.rest.is_empty
    # Source ports, and the TCP flags of a SYN that may carry anything but ACK and RST, are headers of their own.
    assert [one.size for one in found.chains] == [254 * 65536 * 32, 65536 * 32]
    link = found.chains[0].links[1]
    assert (link.device, link.stage, link.ingress, link.egress) == ("fw", Stage.POLICY, "mn", "lg")
    assert (link.filter, link.position, link.label) == ("policy", 2, "33")
    assert link.line is fw.filters["policy"].lines[2]


def test_the_default_of_a_filter_is_a_decision() -> None:
    fw = firewall(line(31, DENY, match(None, "10.2.0.9/32")), default=PERMIT)
    (chain,) = chains_of(analyse([fw], [MN, LG])).chains
    link = chain.links[-1]
    assert (link.filter, link.position, link.line) == ("policy", None, None)
    assert numbers(chain) == [12, 99]


def test_two_ways_are_two_chains_with_the_same_packets() -> None:
    west = [interface("mn", "10.1.0.1/24", 11), interface("a", "10.9.1.1/30", 12), interface("b", "10.9.2.1/30", 13)]
    east = [interface("lg", "10.2.0.1/24", 21), interface("a", "10.9.1.2/30", 22), interface("b", "10.9.2.2/30", 23)]
    hops = (
        NextHop(at(15), gateway=route("0.0.0.0/0", "10.9.1.2", 0).next_hops[0].gateway),
        NextHop(at(16), gateway=route("0.0.0.0/0", "10.9.2.2", 0).next_hops[0].gateway),
    )
    both = replace(route("10.2.0.0/24", "10.9.1.2", 15), next_hops=hops)
    flows = analyse([device("west", west, routes=(both,)), device("east", east)], [MN, LG])
    found = chains_of(flows)
    assert sorted(numbers(one) for one in found.chains) == [[15, 21], [16, 21]]
    assert found.chains[0].packets == found.chains[1].packets
    pair = flows.pair("my_number", "lgwan")
    for chain in found.chains:
        taken = chain_witness(flows, pair, chain)
        assert taken is not None
        assert {hop.egress for hop in taken.trace.hops if hop.device == "west" and hop.egress} == {
            chain.links[0].egress
        }


def test_nat_rules_and_policy_routes_are_links() -> None:
    nat = NatRule(
        "masquerade", NatStage.EGRESS, (Match(4, ANY_IPV4, ANY_IPV4),), at(50), interfaces=frozenset({"wan"}),
        source=Translation(TranslationKind.INTERFACE, None, (1024, 65535)),
    )  # fmt: skip
    around = PolicyRoute(
        "7", (match("10.1.0.7/32", None),), (NextHop(at(41), gateway=route("0.0.0.0/0", "192.0.2.3", 0).next_hops[0].gateway),),
        at(40),
    )  # fmt: skip
    fw = firewall(line(31, PERMIT, match("10.1.0.0/24", None, tcp(80))), nat_rules=(nat,), policy_routes=(around,))
    flows = analyse([fw], [MN, LG, NET])
    found = chains_of(flows, destination="public_internet")
    assert found.rest.is_empty
    assert [numbers(one) for one in found.chains] == [[20, 31, 50], [40, 41, 31, 50], [13, 31, 50]]
    assert boxes(found.chains[1])[0].startswith("10.1.0.7 → ")
    assert [link.label for link in found.chains[1].links if link.policy_route or link.rule] == ["7", "masquerade"]
    pair = flows.pair("my_number", "public_internet")
    for chain in found.chains:
        taken = chain_witness(flows, pair, chain)
        assert taken is not None
        assert str(taken.arrives.source) == "192.0.2.2"


def test_one_to_one_translation_and_a_narrow_line_behind_it_have_a_witness() -> None:
    """The set only remembers the range of the addresses before the translation; the right one of it has to be sent."""
    held = Match(4, ANY_IPV4, ((0x0A020010, 0x0A02002F),))
    nat = NatRule(
        "shift", NatStage.INGRESS, (held,), at(50), destination=Translation(TranslationKind.SHIFT, (0x0A020080, 0x0A02009F))
    )  # fmt: skip
    fw = firewall(line(31, PERMIT, match(None, "10.2.0.145/32")), nat_rules=(nat,))
    flows = analyse([fw], [MN, LG])
    found = chains_of(flows)
    assert [numbers(one) for one in found.chains] == [[12, 31], [50, 12, 31]]
    taken = chain_witness(flows, flows.pair("my_number", "lgwan"), found.chains[1])
    assert taken is not None
    assert (str(taken.packet.destination), str(taken.arrives.destination)) == ("10.2.0.33", "10.2.0.145")


def test_a_chain_of_what_only_could_cross_names_its_doubt() -> None:
    unclear = line(33, Action.UNKNOWN, match("10.1.0.8/32", None), certainty=Certainty.UNCERTAIN, doubt=WHY)
    sure = line(34, PERMIT, match("10.1.0.9/32", None))
    late = line(35, DENY, match("10.1.0.0/24", None), certainty=Certainty.UNCERTAIN, doubt=WHY)
    flows = analyse([firewall(unclear, sure, late)], [MN, LG])
    pair = flows.pair("my_number", "lgwan")
    (chain,) = find_chains(flows, pair, pair.possible - pair.certain).chains
    assert numbers(chain) == [12, 33]
    assert [doubt.sources for doubt in chain.doubts] == [at(33)]
    both = find_chains(flows, pair, pair.possible).chains
    assert [(numbers(one), bool(one.doubts)) for one in both] == [([12, 33], True), ([12, 34], False)]


def test_a_doubt_about_a_device_is_a_link_of_its_own() -> None:
    doubt = Doubt(DoubtKind.UNREAD, WHY, at(70))
    flows = analyse([firewall(doubts=(doubt,))], [MN, LG])
    pair = flows.pair("my_number", "lgwan")
    assert pair.certain.is_empty
    found = find_chains(flows, pair, pair.possible)
    assert {(link.stage, link.sources) for one in found.chains for link in one.links} == {(None, at(70))}
    assert all(doubt in one.doubts for one in found.chains)
    assert found.rest.is_empty


def test_what_leaves_for_a_device_of_nobody_is_a_chain_that_says_so() -> None:
    fw = firewall(line(31, PERMIT, match("10.1.0.7/32", None, tcp(80))))
    flows = analyse([fw], [MN, LG, zone(Zone.PUBLIC_INTERNET, rest=True, interfaces=["fw:lg"])])
    pair = flows.pair("my_number", "public_internet")
    found = find_chains(flows, pair, pair.possible)
    assert [(numbers(one), one.leaves) for one in found.chains] == [([20, 31], ("fw", "wan"))]
    assert found.chains[0].doubts


def test_a_loop_ends_and_adds_no_chain() -> None:
    west = [interface("mn", "10.1.0.1/24", 11), interface("a", "10.9.1.1/30", 12), interface("b", "10.9.2.1/30", 13)]
    east = [interface("lg", "10.2.0.1/24", 21), interface("a", "10.9.1.2/30", 22), interface("b", "10.9.2.2/30", 23)]
    there = replace(route("10.2.0.0/16", "10.9.1.2", 15), prefix=route("10.2.0.0/23", "10.9.1.2", 15).prefix)
    back = route("10.2.1.0/24", "10.9.2.1", 25)
    rest = zone(Zone.LGWAN, "10.2.0.0/23")
    found = chains_of(
        analyse([device("west", west, routes=(there,)), device("east", east, routes=(back,))], [MN, rest])
    )
    assert [numbers(one) for one in found.chains] == [[15, 21]]
    assert found.complete and found.rest.is_empty


def test_a_search_that_is_stopped_says_so_and_tells_what_it_found() -> None:
    lines = [line(100 + n, PERMIT, match(f"10.1.0.{n}/32", None)) for n in range(2, 60)]
    fw = firewall(*lines)
    behind = device(
        "behind",
        [interface("up", "10.2.0.2/24", 61), interface("far", "10.3.0.1/24", 62, filter_out="out")],
        filters={"out": filter_of("out", *(line(200 + n, PERMIT, match(None, None, tcp(n))) for n in range(1, 60)))},
    )
    far = zone(Zone.INTERNET, "10.3.0.0/24")
    onward = replace(fw, routes=(route("10.3.0.0/24", "10.2.0.2", 63),))
    flows = analyse([onward, behind], [MN, LG, far])
    whole = chains_of(flows, destination="internet")
    assert (len(whole.chains), whole.complete) == (58 * 59, True)
    assert whole.rest.is_empty
    some = chains_of(flows, destination="internet", work_limit=20_000)
    assert not some.complete
    assert 0 < len(some.chains) < 58 * 59
    assert not some.rest.is_empty
    none = chains_of(flows, destination="internet", work_limit=1)
    assert (none.chains, none.complete) == ((), False)


def shown(link: Link) -> tuple[str, Stage | None, frozenset[int]]:
    return link.device, link.stage, frozenset(one.number for one in link.sources)


def assert_goes_over(analysis: FlowAnalysis, flows_pair: object, chain: Chain) -> None:
    """The interpreter delivers the witness, and every filter and NAT rule it met is a link, in the order of the links."""
    taken = chain_witness(analysis, flows_pair, chain)  # type: ignore[arg-type]
    assert taken is not None
    names = {link.device for link in chain.links}
    met = [hop for hop in taken.trace.hops if hop.stage is not None and hop.device in names]
    links = [
        link for link in chain.links
        if link.policy_route is None or link.policy_route.next_hops
    ]  # fmt: skip
    position = 0
    for hop in met:
        held = {one.number for one in hop.sources}
        if hop.stage is Stage.ROUTE:
            while (
                position < len(links) and links[position].stage is Stage.ROUTE and links[position].device == hop.device
            ):
                position += 1
            continue
        if hop.stage is Stage.EGRESS_NAT and (position == len(links) or links[position].rule is None):
            continue  # the translation of a policy, told by the policy's link
        assert shown(links[position])[:2] == (hop.device, hop.stage)
        assert shown(links[position])[2] <= held
        position += 1
    assert position == len(links)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("nat", [False, True])
def test_random_networks_the_chains_are_exactly_what_crosses(seed: int, nat: bool) -> None:
    network = RandomNetwork(seed, nat=nat, unsure=False)
    analysis = FlowAnalysis(network.topology, network.plan)
    for source in ZONES:
        for destination in ZONES:
            if source is destination:
                continue
            pair = analysis.pair(source.value, destination.value)
            if pair.certain.is_empty:
                continue
            found = find_chains(analysis, pair, pair.certain)
            assert found.complete
            together = analysis.nothing()
            for chain in found.chains:
                together |= chain.packets
                assert_goes_over(analysis, pair, chain)
                assert chain.size == chain.packets.size > 0
                assert not chain.doubts
            assert together == pair.certain
            assert found.rest.is_empty
            assert len({one.links for one in found.chains}) == len(found.chains)
            lines = {one for chain in found.chains for one in chain.lines}
            assert lines <= set(analysis.responsible(pair, pair.certain))


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_with_doubts_every_possible_packet_is_on_a_chain(seed: int) -> None:
    network = RandomNetwork(seed, nat=seed % 2 == 0, unsure=True)
    analysis = FlowAnalysis(network.topology, network.plan)
    for source in ZONES:
        for destination in ZONES:
            if source is destination:
                continue
            pair = analysis.pair(source.value, destination.value)
            part = pair.possible - pair.certain
            if part.is_empty:
                continue
            found = find_chains(analysis, pair, part)
            together = analysis.nothing()
            for chain in found.chains:
                together |= chain.packets
                assert chain.doubts
            assert together == part
            assert found.complete
