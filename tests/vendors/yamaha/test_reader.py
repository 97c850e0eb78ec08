"""What the YAMAHA reader makes of a configuration, fact by fact; whole packets are in `cases/`."""

from __future__ import annotations

import ipaddress
import random

import pytest

from secaudit.network.device import Device, DoubtKind, NoticeKind, Plane, Stage
from secaudit.network.filters import Action, Certainty, Filter
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.management import Storage
from secaudit.network.matches import ANY_SERVICE, Match, Service
from secaudit.network.nat import NatStage, TranslationKind
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import ReadConfig
from secaudit.vendors.yamaha import READER
from secaudit.vendors.yamaha.addresses import filter_addresses
from secaudit.vendors.yamaha.commands import split_words
from secaudit.vendors.yamaha.interconnect import allowed_pairs
from secaudit.vendors.yamaha.models import has_interconnect_groups, hub_of_vlan, revision
from secaudit.vendors.yamaha.services import filter_services, ports


def config_text(text: str, file: str = "configs/branch.conf") -> ConfigText:
    lines = tuple(SourceLine(file, number, line) for number, line in enumerate(text.split("\n"), 1))
    return ConfigText(file, lines, "UTF-8", len(text), "0" * 64)


def read(text: str) -> ReadConfig:
    return READER.read(config_text(text))


def device(text: str) -> Device:
    (one,) = read(text).devices
    return one


def filter_of(text: str, name: str) -> Filter:
    return device(text).filters[name]


def accounted(config: ReadConfig) -> list[int]:
    unread = [one.line.number for one in config.coverage.unread]
    return sorted([*config.coverage.used, *config.coverage.irrelevant, *unread])


def numbers(sources: tuple[SourceLine, ...]) -> list[int]:
    return [line.number for line in sources]


# -- frame ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ip  lan1\taddress 10.0.0.1/24", ("ip", "lan1", "address", "10.0.0.1/24")),
        ("# comment", ()),
        ("ip lan1 mtu 1400 # small", ("ip", "lan1", "mtu", "1400")),
        (r"console prompt A\#1", ("console", "prompt", "A#1")),
        ("console prompt '#'", ("console", "prompt", "#")),
        ('description lan1 "LAN #1"', ("description", "lan1", "LAN #1")),
        ('description lan1 "open', ("description", "lan1", '"open')),
        ("ip lan1\0\0", ("ip", "lan1")),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text) == words


def test_header_tells_model_and_is_the_identity() -> None:
    one = device("# RTX1300 Rev.23.00.12 (Mon)\n# MAC Address : 00:00:5e:00:53:01\n# note\nip lan1 address 10.0.0.1/24")
    assert (one.model, one.version, numbers(one.identity)) == ("RTX1300", "Rev.23.00.12", [1, 2])


def test_name_falls_back_to_the_file() -> None:
    assert device("ip lan1 address 10.0.0.1/24").name == "branch"
    assert device("description 1 edge router\nip lan1 mtu 1400").name == "edge router"
    assert device("description 1 edge\nsnmp sysname S\nconsole prompt P").name == "P"


def test_two_devices_of_one_name_are_told_apart() -> None:
    header = "# RTX830 Rev.15.02.26\nip lan1 address 10.0.0.1/24\n"
    assert [one.name for one in read(header * 2).devices] == ["branch", "branch (2)"]


def test_what_is_typed_before_the_header_is_no_device_of_its_own() -> None:
    (one,) = read("administrator\nconsole columns 200\nshow config\n# RTX830 Rev.15.02.26\nip lan1 mtu 1400").devices
    assert (one.name, one.model) == ("branch", "RTX830")


def test_a_file_without_commands_has_no_device_and_says_so() -> None:
    config = read("# only a comment\n\n")
    assert config.devices == ()
    assert [text.en for text in config.warnings] == ["there is no YAMAHA command in the file"]
    assert accounted(config) == [1, 2, 3]


def test_pipeline_translates_before_it_filters_inbound() -> None:
    assert device("ip lan1 mtu 1400").pipeline == (
        Stage.INGRESS_NAT,
        Stage.INGRESS_FILTER,
        Stage.ROUTE,
        Stage.EGRESS_FILTER,
        Stage.EGRESS_NAT,
    )


# -- coverage ---------------------------------------------------------------------------------------------------


def test_every_line_has_one_class_and_irrelevant_ones_a_reason() -> None:
    config = read("# c\n\nip lan1 address 10.0.0.1/24\nip lan1 mtu 1400\nmystery\nembedded file a <<EOF\nx\nEOF")
    assert accounted(config) == list(range(1, 9))
    assert config.coverage.used == {1, 2, 3}
    assert sorted(config.coverage.irrelevant) == [4, 6, 7, 8]
    assert all(reason.ja and reason.en for reason in config.coverage.irrelevant.values())
    assert [(one.line.number, one.could_matter) for one in config.coverage.unread] == [(5, True)]


def test_an_unread_definition_matters_only_when_something_uses_it() -> None:
    config = read(
        "ip filter 1 pass * * quic\nip filter 2 pass * * quic\nip lan1 secure filter in 1\n"
        "ip filter dynamic 1 * * warp\nip filter dynamic 2 * * warp\nip lan1 secure filter out 1 dynamic 1"
    )
    assert [(one.line.number, one.could_matter) for one in config.coverage.unread] == [
        (1, True),
        (2, False),
        (4, True),
        (5, False),
    ]


def test_an_unread_definition_replaces_a_read_one() -> None:
    found = filter_of("ip filter 1 reject * *\nip filter 1 pass * * quic\nip lan1 secure filter in 1", "lan1 in")
    assert (found.lines[0].label, found.lines[0].action) == ("1", Action.UNKNOWN)
    assert numbers(found.lines[0].sources) == [2, 3]


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        ("ip lan1 wormhole on", frozenset({"lan1"})),
        ("pp wormhole on", frozenset({"pp 1"})),
        ("tunnel wormhole on", frozenset({"tunnel 2"})),
        ("ip lan1 address 10.0.0.300/24", None),
        ("ip lan1 address 10.0.0.1", None),
        ("wormhole on", None),
        ("nat descriptor masquerade static 1 1 10.0.0.5 tcp 99999", None),
        ("ip filter 21474837 pass * *", None),
    ],
)
def test_how_far_an_unread_line_reaches(line: str, bound: frozenset[str] | None) -> None:
    one = device(f"pp select 1\npp enable 1\ntunnel select 2\ntunnel enable 2\n{line}")
    (doubt,) = one.doubts
    assert (doubt.kind, doubt.plane, doubt.interfaces) == (DoubtKind.UNREAD, Plane.TRAFFIC, bound)
    assert numbers(doubt.sources) == [5]


def test_an_unread_route_is_bounded_by_its_prefix() -> None:
    """Unless it is for a part of a connected subnet, to which it would be preferred."""
    one = device(
        "ip lan1 address 10.1.0.1/24\nip route 10.9.0.0/16 gateway nowhere\nip route 10.1.0.128/25 gateway nowhere"
    )
    (bounded,) = one.dynamic_routing
    assert (str(bounded.destinations), numbers(bounded.sources)) == ("10.9.0.0/16", [2])
    (doubt,) = one.doubts
    assert (doubt.kind, doubt.interfaces, numbers(doubt.sources)) == (DoubtKind.UNREAD, None, [3])


def test_an_unread_management_line_does_not_touch_traffic() -> None:
    (doubt,) = device("telnetd service maybe").doubts
    assert (doubt.kind, doubt.plane) == (DoubtKind.UNREAD, Plane.MANAGEMENT)


def test_an_embedded_file_without_end_hides_nothing() -> None:
    config = read("embedded file a <<EOF\nip filter 1 reject * *\nip lan1 secure filter in 1")
    (one,) = config.devices
    assert [doubt.kind for doubt in one.doubts] == [DoubtKind.TRUNCATED]
    assert one.filters["lan1 in"].lines[0].action is Action.DENY
    assert [(found.line.number, found.could_matter) for found in config.coverage.unread] == [(1, True)]


# -- filters ----------------------------------------------------------------------------------------------------


def test_a_line_carries_its_definition_and_the_line_that_lists_it() -> None:
    found = filter_of(
        "ip filter 7 pass 10.0.0.0/8 *\nip lan1 secure filter in 7\nip lan1 address 10.0.0.1/8", "lan1 in"
    )
    line = found.lines[0]
    assert (line.label, line.action, numbers(line.sources)) == ("7", Action.PERMIT, [1, 2])
    assert (found.default, numbers(found.default_sources), found.default_logged) == (Action.DENY, [2], True)
    assert (found.lines[1].label, found.lines[1].action) == ("no ipv6 filter", Action.PERMIT)
    assert found.lines[1].matches[0].family == 6
    assert numbers(found.lines[1].sources) == [3]


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        ("pass", (Action.PERMIT, Certainty.ALWAYS, False)),
        ("pass-log", (Action.PERMIT, Certainty.ALWAYS, True)),
        ("reject", (Action.DENY, Certainty.ALWAYS, True)),
        ("reject-nolog", (Action.DENY, Certainty.ALWAYS, False)),
        ("restrict", (Action.PERMIT, Certainty.SOMETIMES, False)),
        ("restrict-log", (Action.PERMIT, Certainty.SOMETIMES, True)),
    ],
)
def test_actions(action: str, wanted: tuple[Action, Certainty, bool]) -> None:
    line = filter_of(f"ip filter 1 {action} * *\nip lan1 secure filter in 1", "lan1 in").lines[0]
    assert (line.action, line.certainty, line.logged) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10.1.2.3", [("10.1.2.3", "10.1.2.3")]),
        ("10.1.2.0/24", [("10.1.2.0", "10.1.2.255")]),
        ("10.1.2.77/0xffffff00", [("10.1.2.0", "10.1.2.255")]),
        ("10.1.2.77/255.255.0.0", [("10.1.0.0", "10.1.255.255")]),
        ("10.*.*.*", [("10.0.0.0", "10.255.255.255")]),
        ("10.1.2.3-10.1.2.9", [("10.1.2.3", "10.1.2.9")]),
        ("-10.1.2.9", [("0.0.0.0", "10.1.2.9")]),
        ("10.1.2.3-", [("10.1.2.3", "255.255.255.255")]),
        ("10.1.2.3,10.1.2.4,10.9.9.*", [("10.1.2.3", "10.1.2.4"), ("10.9.9.0", "10.9.9.255")]),
    ],
)
def test_addresses(text: str, wanted: list[tuple[str, str]]) -> None:
    found = filter_addresses(4, text)
    assert found is not None
    assert found.doubt is None
    assert [tuple(str(ipaddress.IPv4Address(end)) for end in pair) for pair in found.intervals] == wanted


def test_scattered_wildcards_are_exact_up_to_a_limit() -> None:
    one = filter_addresses(4, "10.*.7.1")
    assert one is not None
    assert (len(one.intervals), one.doubt) == (256, None)
    many = filter_addresses(4, "*.*.7.1")
    assert many is not None
    assert many.intervals == ((0, 2**32 - 1),)
    assert many.doubt is not None


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "10.0.0.9-10.0.0.1", "10.0.0.0/33", "10.0.0.0/", "-", "１０.0.0.1"]
)
def test_addresses_that_mean_nothing(text: str) -> None:
    assert filter_addresses(4, text) is None


@pytest.mark.parametrize(
    "text", ["*.example.jp", "www.example.jp", "map-e", "hb46pp", "@app_1", "10.0.0.1,www.example.jp"]
)
def test_names_are_uncertain_and_may_be_anything(text: str) -> None:
    found = filter_addresses(4, text)
    assert found is not None
    assert found.intervals == ((0, 2**32 - 1),)
    assert found.doubt is not None


def test_ports_are_not_compared_for_other_protocols() -> None:
    found = filter_services(4, "*", "*", "80")
    assert found is not None
    assert found.services == (
        Service(((6, 6), (17, 17)), ((80, 80),)),
        Service(((0, 5), (7, 16), (18, 255))),
    )


def test_a_protocol_number_for_icmp_with_port_fields_is_uncertain() -> None:
    found = filter_services(4, "1", "8", "*")
    assert found is not None
    assert found.doubt is not None
    assert found.services == (Service(((1, 1),)),)


def test_a_flag_condition_that_cannot_hold_matches_nothing() -> None:
    line = filter_of("ip filter 1 pass * * tcpflag=0x0002/0x0001\nip lan1 secure filter in 1", "lan1 in").lines[0]
    assert line.matches == ()


@pytest.mark.parametrize("text", ["65536", "80-79", "http-alt", "1,,2", "-", ""])
def test_ports_that_mean_nothing(text: str) -> None:
    assert ports(text) is None


def test_ipv6_icmp_means_icmpv6() -> None:
    found = filter_services(6, "icmp", "128", "*")
    assert found is not None
    assert found.services == (Service(((58, 58),), icmp_types=((128, 128),)),)


def test_dynamic_numbers_become_sessions_of_their_own_direction() -> None:
    text = (
        "ip filter 1 pass * *\nip filter dynamic 1 10.0.0.0/8 * www\nip filter dynamic 2 * * dhcpc\n"
        "ip filter dynamic 3 * * ping\nip lan1 secure filter out 1 dynamic 1 2 3\nip lan1 secure filter in 1"
    )
    ten = ((10 << 24, (11 << 24) - 1),)
    anywhere = ((0, 2**32 - 1),)
    assert filter_of(text, "lan1 out").sessions == (
        Match(4, ten, anywhere, (Service(((6, 6),), ((80, 80),)),)),
        Match(4, anywhere, anywhere, (Service(((1, 1),), icmp_types=((8, 8),)),)),
    )
    assert filter_of(text, "lan1 in").sessions == ()


def test_the_second_form_permits_the_opposite_direction_uncertainly() -> None:
    text = (
        "ip filter 1 pass * *\nip filter 10 reject 192.0.2.1 * tcp * 5000\nip filter 11 pass * * tcp * 6000\n"
        "ip filter 12 pass * * udp * 7000\nip filter dynamic 9 10.0.0.1 10.0.0.2 filter 10 in 11 out 12\n"
        "ip lan1 secure filter out 1 dynamic 9\nip lan1 secure filter in 1"
    )
    one, two = int(ipaddress.IPv4Address("10.0.0.1")), int(ipaddress.IPv4Address("10.0.0.2"))
    out, into = filter_of(text, "lan1 out"), filter_of(text, "lan1 in")
    assert out.sessions == (Match(4, ((one, one),), ((two, two),), (Service(((6, 6),), ((5000, 5000),)),)),)
    assert into.lines[0].matches == (Match(4, ((two, two),), ((one, one),), (Service(((6, 6),), ((6000, 6000),)),)),)
    assert out.lines[0].matches == (Match(4, ((one, one),), ((two, two),), (Service(((17, 17),), ((7000, 7000),)),)),)
    for line in (out.lines[0], into.lines[0]):
        assert (line.label, line.action, line.certainty) == ("dynamic 9", Action.PERMIT, Certainty.UNCERTAIN)
        assert line.doubt is not None
        assert numbers(line.sources) == [5, 6]


@pytest.mark.parametrize(
    ("lists", "why"),
    [
        ("ip lan1 secure filter in 8 9", "no number of the list is defined"),
        ("ip filter dynamic 1 * * tcp\nip lan1 secure filter in dynamic 1", "dynamic filters only"),
        ("ip lan1 secure filter in", "without any number"),
        ("ip lan1 secure filter in 1 two", "cannot be read"),
        ("ip lan1 secure filter in " + "1 " * 302, "cannot be read"),
        ("ip filter set s in 1\nip lan1 secure filter name s\nip lan1 secure filter in 1", "both a set and a list"),
    ],
)
def test_lists_whose_effect_is_not_known(lists: str, why: str) -> None:
    line = filter_of(f"ip filter 1 reject * *\n{lists}", "lan1 in").lines[0]
    assert line.action is Action.UNKNOWN
    assert line.doubt is not None
    assert why in line.doubt.en


def test_notices_of_lists() -> None:
    one = device(
        "ip filter 1 pass * *\nip filter 5 pass * *\nip filter 1 reject * *\nip lan1 secure filter in 1 4\n"
        "ip lan2 secure filter name ghost\nip route default gateway 10.0.0.9 filter 3\nip filter 6 pass * *\n"
        "ip tos supersede 1 4 6"
    )
    assert {(notice.kind, tuple(numbers(notice.sources))) for notice in one.notices} == {
        (NoticeKind.OVERWRITTEN, (1, 3)),
        (NoticeKind.UNDEFINED_LINE, (4,)),
        (NoticeKind.UNDEFINED_FILTER, (5,)),
        (NoticeKind.UNDEFINED_LINE, (6,)),
        (NoticeKind.UNUSED_FILTER, (2,)),
    }
    assert one.interfaces["lan2"].filter_in is None


def test_features_that_only_drop_are_an_uncertain_deny() -> None:
    one = device(
        "ethernet filter 1 reject-log 00:00:5e:00:53:01 *\nethernet lan1 filter in 1\nip lan1 address 10.0.0.1/24"
    )
    line = one.filters["lan1 in"].lines[0]
    assert (line.action, line.certainty, numbers(line.sources)) == (Action.DENY, Certainty.UNCERTAIN, [2])
    assert [other.label for other in one.filters["lan1 in"].lines[1:]] == ["no ip filter", "no ipv6 filter"]
    assert one.interfaces["lan1"].filter_out is None


@pytest.mark.parametrize(
    ("header", "certainty"),
    [
        ("# RTX830 Rev.15.02.31 (some day)", Certainty.ALWAYS),
        ("# RTX830 Rev.15.02.30 (some day)", Certainty.UNCERTAIN),
        ("# RTX1210 Rev.14.01.42 (some day)", Certainty.UNCERTAIN),
        ("# RTX830 Rev.unknown", Certainty.UNCERTAIN),
    ],
)
def test_a_vlan_group_is_exact_where_model_and_revision_have_it(header: str, certainty: Certainty) -> None:
    one = device(
        f"{header}\nvlan lan1/1 802.1q vid=10\nvlan lan1/2 802.1q vid=20\nip lan1/1 mtu 1400\n"
        "vlan interconnect group lan1 none"
    )
    line = one.filters["lan1/1 out"].lines[0]
    assert (line.action, line.certainty, line.ingress) == (Action.DENY, certainty, frozenset({"lan1/2"}))


def test_groups_that_are_not_understood_only_might_keep_vlans_apart() -> None:
    config = read(
        "# RTX830 Rev.15.02.31 (some day)\nvlan lan1/1 802.1q vid=10\nvlan lan1/2 802.1q vid=20\n"
        "vlan interconnect group lan1 lan1/1+lan1/2"
    )
    line = config.devices[0].filters["lan1/1 out"].lines[0]
    assert (line.action, line.certainty) == (Action.DENY, Certainty.UNCERTAIN)
    assert [(one.line.number, one.could_matter) for one in config.coverage.unread] == [(4, False)]


# -- interfaces -------------------------------------------------------------------------------------------------


def test_interface_kinds_and_parents() -> None:
    one = device(
        "vlan lan1/1 802.1q vid=10 name=front\nip lan1 address 10.0.0.1/24\npp select anonymous\npp enable anonymous\n"
        "tunnel select 3\nipsec ike remote address 1 203.0.113.9\ntunnel enable 3\nip loopback1 address 10.9.9.9"
    )
    kinds = {name: interface.kind for name, interface in one.interfaces.items()}
    assert kinds == {
        "lan1/1": InterfaceKind.VLAN,
        "lan1": InterfaceKind.PHYSICAL,
        "pp anonymous": InterfaceKind.DIALER,
        "tunnel 3": InterfaceKind.TUNNEL,
        "loopback1": InterfaceKind.LOOPBACK,
    }
    tagged = one.interfaces["lan1/1"]
    assert (tagged.vlan, tagged.parent, tagged.description) == (10, "lan1", "front")
    tunnel = one.interfaces["tunnel 3"].tunnel
    assert tunnel is not None and tunnel.remote == ipaddress.IPv4Address("203.0.113.9")
    assert one.interfaces["pp anonymous"].dynamic_address
    assert all(interface.enabled for interface in one.interfaces.values())


def test_pp_and_tunnel_are_off_until_enabled_and_lan_until_shut() -> None:
    one = device(
        "pp select 1\ntunnel select 1\ntunnel enable all\nip lan3 address 10.0.0.1/24\nlan shutdown lan3\nlan shutdown lan2 4"
    )
    assert {name: interface.enabled for name, interface in one.interfaces.items()} == {
        "pp 1": False,
        "tunnel 1": True,
        "lan3": False,
    }
    assert [(notice.kind, numbers(notice.sources)) for notice in one.notices] == [(NoticeKind.INACTIVE, [1])]


def test_a_divided_lan_hands_its_settings_to_its_first_part() -> None:
    one = device(
        "lan type lan1 auto port-based-option=divide-network\nip lan1 address 10.0.0.1/24\nip lan1.2 address 10.0.1.1/24\n"
        "ip filter 1 pass * *\nip lan1 secure filter in 1"
    )
    assert sorted(one.interfaces) == ["lan1.1", "lan1.2"]
    assert [str(item.address) for item in one.interfaces["lan1.1"].addresses] == ["10.0.0.1/24"]
    assert one.interfaces["lan1.1"].filter_in == "lan1.1 in"
    assert one.interfaces["lan1.2"].filter_in is None


def test_vrrp_is_a_shared_address_of_the_same_network() -> None:
    one = device("ip lan1 vrrp 1 10.0.0.254 priority=200\nip lan1 address 10.0.0.1/24")
    assert {(str(item.address), item.shared) for item in one.interfaces["lan1"].addresses} == {
        ("10.0.0.1/24", False),
        ("10.0.0.254/24", True),
    }


def test_ipv6_from_the_provider_is_a_doubt_of_its_interface() -> None:
    for line in ("ipv6 lan1 address ra-prefix@lan2::1/64", "ipv6 lan1 rtadv send 1"):
        (doubt,) = device(line).doubts
        assert (doubt.kind, doubt.interfaces) == (DoubtKind.UNSUPPORTED, frozenset({"lan1"}))
    assert device("ipv6 lan1 address 2001:db8::1/64\nipv6 lan1 rtadv send 1").doubts == ()


# -- routes -----------------------------------------------------------------------------------------------------


def test_gateways_with_their_parameters() -> None:
    one = device(
        "ip filter 1 pass * * tcp * 443\nip route default gateway pp 1 filter 1 hide gateway tunnel 2 keepalive 3 metric 2 "
        "gateway 10.0.0.9 weight 0 gateway null"
    )
    (route,) = one.routes
    first, second, third, fourth = route.next_hops
    assert first.interface == "pp 1"
    assert first.conditional
    assert first.matches is not None
    assert first.matches[0].services == (Service(((6, 6),), ((443, 443),)),)
    assert numbers(first.sources) == [2, 1]
    assert (second.interface, second.conditional, second.matches) == ("tunnel 2", True, None)
    assert (third.gateway, third.backup) == (ipaddress.IPv4Address("10.0.0.9"), True)
    assert fourth.discard
    assert {"pp 1", "tunnel 2"} <= set(one.interfaces)


@pytest.mark.parametrize("parameters", ["filter 2", "filter 9", "dpi 1", "filter 3"])
def test_a_classifier_that_is_not_surely_understood_is_conditional(parameters: str) -> None:
    text = "ip filter 2 reject * * tcp\nip filter 3 pass www.example.jp *\n"
    (route,) = device(f"{text}ip route default gateway 10.0.0.9 {parameters} gateway 10.0.0.8").routes
    assert route.next_hops[0].conditional
    assert route.next_hops[0].matches is not None


def test_addresses_of_callers_are_conditional_routes() -> None:
    routes = device("pp select anonymous\nip pp remote address pool 10.0.0.10-10.0.0.11\npp enable anonymous").routes
    assert [(str(route.prefix), route.next_hops[0].interface, route.next_hops[0].conditional) for route in routes] == [
        ("10.0.0.10/31", "pp anonymous", True)
    ]


def test_dhcp_brings_a_default_route_unless_switched_off() -> None:
    (route,) = device("ip lan2 address dhcp").routes
    assert (str(route.prefix), route.next_hops[0].interface, route.next_hops[0].conditional) == (
        "0.0.0.0/0",
        "lan2",
        True,
    )
    assert device("ip lan2 address dhcp\nip lan2 dhcp auto default-route-add off").routes == ()


def test_routing_protocols() -> None:
    one = device("rip use on\nospf use off\nbgp use on\nipv6 rip use on\nno bgp use")
    assert [protocol.protocol for protocol in one.dynamic_routing] == ["RIP", "RIPng"]


def test_forward_filter_is_an_uncertain_policy_route() -> None:
    (route,) = device(
        "ip filter 1 pass * * tcp\nip forward filter 5 1 gateway tunnel 1 filter 1\nip lan1 forward filter 5"
    ).policy_routes
    assert (route.ingress, route.next_hops[0].interface) == (frozenset({"lan1"}), "tunnel 1")
    assert route.uncertain is not None
    assert numbers(route.sources) == [2, 1, 3]


def test_switching_off_one_family_only_is_a_doubt() -> None:
    assert not device("ip lan1 address 10.0.0.1/24\nip routing off").forwards
    one = device("ipv6 lan1 address 2001:db8::1/64\nip routing off")
    assert one.forwards
    assert [doubt.kind for doubt in one.doubts] == [DoubtKind.UNSUPPORTED]


# -- NAT --------------------------------------------------------------------------------------------------------


def test_masquerade_entries_come_before_the_rest() -> None:
    rules = device(
        "ip lan2 address 203.0.113.5/24\nip lan2 nat descriptor 1\nnat descriptor type 1 masquerade\n"
        "nat descriptor address outer 1 primary\nnat descriptor address inner 1 10.0.0.1-10.0.0.9\n"
        "nat descriptor masquerade static 1 1 10.0.0.5 tcp 8080=80\nnat descriptor masquerade static 1 2 10.0.0.6 udp 5000-5009=6000-6009"
    ).nat_rules
    assert [(rule.label, rule.stage) for rule in rules] == [
        ("nat 1 masquerade static 1", NatStage.INGRESS),
        ("nat 1 masquerade static 1", NatStage.EGRESS),
        ("nat 1 masquerade static 2", NatStage.INGRESS),
        ("nat 1 masquerade static 2", NatStage.EGRESS),
        ("nat 1 masquerade", NatStage.EGRESS),
    ]
    address = int(ipaddress.IPv4Address("203.0.113.5"))
    moved = rules[2].destination
    assert moved is not None
    assert (moved.ports, moved.ports_shift) == ((6000, 6009), True)
    assert rules[2].matches[0].destinations == ((address, address),)
    last = rules[4].source
    assert last is not None
    assert (last.kind, last.addresses, last.ports) == (TranslationKind.POOL, (address, address), (1, 65535))
    assert rules[4].matches[0].sources == (
        (int(ipaddress.IPv4Address("10.0.0.1")), int(ipaddress.IPv4Address("10.0.0.9"))),
    )
    assert numbers(rules[0].sources) == [6, 4, 3, 2]


def test_an_unknown_outer_address_is_none_of_the_connected_ones() -> None:
    rules = device(
        "ip lan1 address 10.0.0.1/24\npp select 1\nip pp nat descriptor 1\npp enable 1\nnat descriptor type 1 masquerade\n"
        "nat descriptor masquerade static 1 1 10.0.0.5 tcp 80"
    ).nat_rules
    destinations = rules[0].matches[0].destinations
    inside = int(ipaddress.IPv4Address("10.0.0.77"))
    assert not any(low <= inside <= high for low, high in destinations)
    assert rules[-1].source is not None
    assert rules[-1].source.kind is TranslationKind.INTERFACE


def test_dynamic_nat_lets_packets_in_while_bound() -> None:
    rules = device(
        "ip lan2 nat descriptor 1\nnat descriptor type 1 nat\nnat descriptor address outer 1 203.0.113.10-203.0.113.19\n"
        "nat descriptor address inner 1 10.0.0.1-10.0.0.99"
    ).nat_rules
    assert [(rule.stage, rule.uncertain is not None) for rule in rules] == [
        (NatStage.INGRESS, True),
        (NatStage.EGRESS, False),
    ]


def test_descriptors_that_are_not_modelled_or_inactive() -> None:
    one = device("ip lan2 nat descriptor 1 2 reverse 3\nnat descriptor type 2 masquerade hairpin=on")
    assert [(doubt.kind, doubt.interfaces) for doubt in one.doubts] == [
        (DoubtKind.UNSUPPORTED, frozenset({"lan2"})),
        (DoubtKind.UNSUPPORTED, None),
    ]
    assert [notice.kind for notice in one.notices] == [NoticeKind.INACTIVE]


# -- features that are not modelled -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "plane", "bound"),
    [
        ("upnp use on", Plane.TRAFFIC, None),
        ("ip filter source-route off", Plane.TRAFFIC, None),
        ("ip policy filter 1 pass-log * * * * *", Plane.TRAFFIC, None),
        ("schedule at 1 */* 09:00 * lua go.lua", Plane.TRAFFIC, None),
        ("schedule at 1 */* 09:00 * ip filter 1 pass * *", Plane.TRAFFIC, None),
        ("bridge member bridge1 lan1 lan2", Plane.TRAFFIC, frozenset({"bridge1", "lan1", "lan2"})),
        ("ip lan1 igmp router", Plane.TRAFFIC, frozenset({"lan1"})),
        ("yno use on", Plane.MANAGEMENT, None),
    ],
)
def test_what_could_open_something_is_a_doubt(line: str, plane: Plane, bound: frozenset[str] | None) -> None:
    (doubt,) = device(line).doubts
    assert (doubt.kind, doubt.plane, doubt.interfaces) == (DoubtKind.UNSUPPORTED, plane, bound)


@pytest.mark.parametrize(
    "line",
    [
        "upnp use off",
        "ip filter source-route on",
        "ip lan1 igmp off",
        "schedule at 1 */* 09:00 * restart",
        "lua use on",
        "url filter 1 reject * *",
    ],
)
def test_what_opens_nothing_is_irrelevant(line: str) -> None:
    config = read(line)
    assert config.devices[0].doubts == ()
    assert list(config.coverage.irrelevant) == [1]


# -- management -------------------------------------------------------------------------------------------------


def test_rejected_packets_are_logged_only_with_notice() -> None:
    plane = device("# RTX830 Rev.15.02.26\nip lan1 mtu 1400").management
    assert (plane.logging_denied, numbers(plane.logging_denied_sources)) == (False, [1])
    plane = device("ip lan1 mtu 1400\nsyslog notice on").management
    assert (plane.logging_denied, numbers(plane.logging_denied_sources)) == (True, [2])


def test_defaults_of_services() -> None:
    plane = device("# RTX830 Rev.15.02.26\nip lan1 address 10.0.0.1/24\npp select 1").management
    found = {service.name: service for service in plane.services}
    assert (found["telnet"].enabled, found["telnet"].interfaces, found["telnet"].by_default) == (True, None, True)
    assert (found["http"].enabled, found["http"].interfaces) == (True, frozenset({"lan1"}))
    assert not found["ssh"].enabled
    assert numbers(found["telnet"].sources) == [1]


def test_service_lines_and_host_lists() -> None:
    plane = device("telnetd host 10.0.0.0-10.0.0.9\nsshd service on\nhttpd host none\ntftp host any").management
    found = {service.name: service for service in plane.services}
    assert (found["telnet"].restricted, found["telnet"].interfaces, found["telnet"].by_default) == (True, None, False)
    assert found["ssh"].enabled
    assert not found["http"].enabled
    assert (found["tftp"].enabled, numbers(found["tftp"].sources)) == (True, [4])


def test_a_password_set_again_replaces_the_old_one() -> None:
    plane = device(
        "login password ********\nlogin password encrypted ********\nlogin user a ********\nno login user a"
    ).management
    assert [(one.what, one.storage, numbers(one.sources)) for one in plane.credentials] == [
        ("login password", Storage.HASHED, [2])
    ]


def test_snmp_answers_to_public_by_default_once_opened() -> None:
    (community,) = device("snmp host any").management.snmp_communities
    assert (community.well_known, community.restricted, community.writable) == (True, False, False)
    assert device("snmp host none").management.snmp_communities == ()
    communities = device("snmp host 10.0.0.5 ******** ********").management.snmp_communities
    assert [(one.well_known, one.writable, one.restricted) for one in communities] == [
        (False, False, True),
        (False, True, True),
    ]


# -- hostile input ----------------------------------------------------------------------------------------------


def within(text: str) -> ReadConfig:
    config = read(text)
    assert accounted(config) == list(range(1, text.count("\n") + 2))
    return config


def test_garbage_lines() -> None:
    source = random.Random(7)
    words = [
        "ip",
        "filter",
        "lan1",
        "pp",
        "select",
        "secure",
        "no",
        "1",
        "*",
        '"',
        "#",
        "\\",
        "nat",
        "descriptor",
        "route",
        "gateway",
        "-",
        ",",
    ]
    config = within("\n".join(" ".join(source.choices(words, k=6)) for _ in range(200_000)))
    assert config.coverage.unread


def test_garbage_characters() -> None:
    source = random.Random(8)
    letters = "ab *#\"'\\\0,-/.０é\t"
    within("\n".join("".join(source.choices(letters, k=40)) for _ in range(50_000)))


def test_huge_lists_in_one_line() -> None:
    addresses = ",".join(
        f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}" for number in range(0, 400_000, 2)
    )
    config = within(
        f"ip filter 1 pass {addresses} *\nip filter 2 pass * * tcp * {','.join(map(str, range(60000)))}\n"
        f"ip lan1 secure filter in {' '.join(map(str, range(1, 100_000)))}\nip filter 3 pass * * tcp * {'-' * 100_000}"
    )
    (one,) = config.devices
    assert [line.action for line in one.filters["lan1 in"].lines] == [Action.UNKNOWN, Action.PERMIT]


def test_scattered_wildcards_do_not_exhaust_memory() -> None:
    text = "\n".join(
        f"ip filter {number} pass {number % 256}.*.{number // 256 % 256}.* *" for number in range(1, 60_000)
    )
    config = within(f"{text}\nip lan1 secure filter in 59999")
    assert config.devices[0].filters["lan1 in"].lines[0].action is Action.UNKNOWN


def test_very_many_lists_are_told_as_too_complex() -> None:
    lists = "\n".join(f"ip lan1/{number} secure filter in {'1 ' * 300}" for number in range(1, 2000))
    config = within(f"ip filter 1 pass * *\n{lists}")
    doubts = {doubt.kind for doubt in config.devices[0].doubts}
    assert doubts == {DoubtKind.TOO_COMPLEX}


def test_endless_continuations_and_embedded_files() -> None:
    within("ip lan1 secure filter in 1\n" + "\n".join(["1 2 3"] * 100_000))
    within("\n".join(f"embedded file a <<E{number}" for number in range(100_000)))


def test_one_descriptor_on_very_many_interfaces_is_told_as_too_complex() -> None:
    uses = "\n".join(f"ip lan1/{number} nat descriptor 1" for number in range(1, 3000))
    entries = "\n".join(
        f"nat descriptor masquerade static 1 {number} 10.0.0.5 tcp {number}" for number in range(1, 500)
    )
    config = within(f"nat descriptor type 1 masquerade\n{entries}\n{uses}")
    assert {doubt.kind for doubt in config.devices[0].doubts} == {DoubtKind.TOO_COMPLEX}


@pytest.mark.parametrize("length", range(0, 120, 7))
def test_a_file_cut_anywhere_is_read(length: int) -> None:
    text = "pp select 1\nip pp secure filter in 1 2 dynamic 3\nnat descriptor masquerade static 1 1 10.0.0.5 tcp 80=8080\npp enable 1"
    config = read(text[:length])
    assert accounted(config) == list(range(1, text[:length].count("\n") + 2))


# -- recognition ------------------------------------------------------------------------------------------------


def test_several_clues_are_needed() -> None:
    assert READER.score(config_text("pp select 1")) <= 20
    assert READER.score(config_text("# RTX830 Rev.15.02.26\nip lan1 address 10.0.0.1/24\nip filter 1 pass * *")) == 100
    assert READER.score(config_text("")) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Building configuration...\nversion 15.2\nhostname RT\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\nend",
        "config system global\n set hostname FW\nend",
        "interface port1.1\n access-group 1 in\naccess-list 1 permit any",
    ],
)
def test_other_vendors_score_nothing(text: str) -> None:
    assert READER.score(config_text(text)) == 0


# --- the other engine (FWX120, SRT100)

POLICIES = """# FWX120 Rev.11.03.28 (some day)
ip lan1 address 10.1.1.1/24
pp select 1
 ip pp address 203.0.113.1/32
 pp enable 1
pp select none
ip policy service 1 Gyoumu tcp * 8443
ip policy filter 1000 static-pass-log lan1 local * * Gyoumu
ip policy filter 1100 pass-nolog local * * * *
ip policy filter 1200 restrict-log lan1 pp* * * www
ip policy filter 1300 reject-nolog * * * * *
ip policy filter set 1 name="The set" 1000 1100 [ 1200 ] 1300
ip policy filter set enable 1
"""


def test_policies_are_told_apart_by_what_they_are_for() -> None:
    found = device(POLICIES)
    assert found.pipeline == (
        Stage.INGRESS_FILTER, Stage.INGRESS_NAT, Stage.ROUTE, Stage.POLICY, Stage.EGRESS_FILTER, Stage.EGRESS_NAT,
    )  # fmt: skip
    names = {"forwarded": found.policies, "to": found.local_in, "from": found.local_out}
    ipv4 = {
        what: [line.label for line in found.filters[name].lines if not line.label.startswith("ipv6")]
        for what, (name, *_) in names.items()
    }
    assert ipv4 == {"forwarded": ["policy 1200"], "to": ["policy 1000"], "from": ["policy 1100"]}
    (line, ipv6) = found.filters["policy filter"].lines
    assert (line.ingress, line.egress, line.certainty) == (
        frozenset({"lan1"}),
        frozenset({"pp 1"}),
        Certainty.UNCERTAIN,
    )
    assert ipv6.action is Action.UNKNOWN
    assert found.filters["policy filter"].default is Action.DENY
    (to,) = (one for one in found.filters["policy filter (local in)"].lines if one.label == "policy 1000")
    assert to.matches[0].services[0].destination_ports == ((8443, 8443),)


def test_a_switch_of_policy_sets_is_a_doubt() -> None:
    found = device(POLICIES + "ip policy filter set switch 1 2 trigger winny count=2 interval=60 recoverytime=600")
    assert [numbers(one.sources) for one in found.doubts] == [[14]]


def test_fields_that_are_left_out_and_services_that_are_not_known_are_everything() -> None:
    found = device(
        POLICIES.replace("www\n", "winny\n").replace("1100 pass-nolog local * * * *", "1100 pass-nolog lan1")
    ).filters["policy filter"]
    assert {line.label for line in found.lines if line.action is Action.PERMIT} == {"policy 1100", "policy 1200"}
    assert all(line.matches[0].services == (ANY_SERVICE,) for line in found.lines if line.action is Action.PERMIT)


def test_very_many_policies_and_groups_take_seconds() -> None:
    groups = "\n".join(
        f"ip policy service group {n} name=g www group {' '.join(map(str, range(n + 1, n + 40)))}"
        for n in range(1, 2000)
    )
    policies = "\n".join(f"ip policy filter {n} pass-log lan{n} * * * {n}" for n in range(1, 6000))
    chosen = " ".join(f"[{n}" for n in range(1, 6000))
    config = within(
        f"{groups}\n{policies}\nip policy filter set 1 {chosen}\nip policy filter set enable 1\nip lan1 address 10.0.0.1/24"
    )
    lines = config.devices[0].filters["policy filter"].lines
    assert lines[-2].action is Action.UNKNOWN
    assert len(lines) < 5000


# --- what depends on model and revision


@pytest.mark.parametrize(
    ("header", "services"),
    [
        ("# RTX1210 Rev.14.01.42 (x)", {"telnet": True, "http": True, "ssh": False}),
        ("# RTX3510 Rev.23.01.02 (x)", {"telnet": True, "http": False, "ssh": False}),
        ("# vRX Rev.19.00.08 (x)", {"telnet": True, "http": False, "ssh": False}),
        ("ip lan1 mtu 1500", {"telnet": True, "http": True, "ssh": False}),
    ],
)
def test_services_by_default_and_by_model(header: str, services: dict[str, bool]) -> None:
    found = {one.name: one.enabled for one in device(f"{header}\nip lan1 address 10.0.0.1/24").management.services}
    assert {name: found[name] for name in services} == services


def test_an_http_server_that_a_line_switches_on_is_on() -> None:
    found = device("# RTX3510 Rev.23.01.02 (x)\nhttpd service on\nip lan1 address 10.0.0.1/24").management.services
    assert next(one for one in found if one.name == "http").enabled


def test_revisions_that_are_not_written_as_usual_are_not_compared() -> None:
    assert [revision(text) for text in ("Rev.15.02.31", "Rev.unknown", "", "Rev.1.2.3.4.5")] == [
        (15, 2, 31),
        (),
        (),
        (1, 2, 3, 4),
    ]
    assert has_interconnect_groups("RTX840", "Rev.23.02.02")
    assert not has_interconnect_groups("RTX840", "")
    assert not has_interconnect_groups("NVR700W", "Rev.15.00.22")
    assert [hub_of_vlan(number, "RTX5000") for number in (1, 4, 5, 8)] == ["lan1", "lan1", "lan2", "lan2"]
    assert hub_of_vlan(5, "RTX1210") == "lan1"


@pytest.mark.parametrize(
    ("groups", "pairs"),
    [
        (("none",), []),
        (("all",), ["vlan1 vlan2", "vlan1 vlan3", "vlan2 vlan3"]),
        (("vlan1,vlan3",), ["vlan1 vlan3"]),
        (("vlan1-2", "vlan2-3"), ["vlan1 vlan2", "vlan2 vlan3"]),
        (("vlan3$",), ["vlan1 vlan3", "vlan2 vlan3"]),
        (("vlan8-9",), []),
        (("vlan1-2$",), None),
        (("vlan1;vlan2",), None),
        ((), None),
    ],
)
def test_groups_of_vlans(groups: tuple[str, ...], pairs: list[str] | None) -> None:
    found = allowed_pairs(groups, frozenset(("vlan1", "vlan2", "vlan3")))
    assert (None if found is None else sorted(" ".join(sorted(one)) for one in found)) == pairs


def test_a_set_of_policies_that_is_enabled_without_its_number_is_not_read() -> None:
    frame = "ip lan1 address 10.1.1.1/24\nip policy filter 1100 reject-nolog lan1 * * * *\nip policy filter set 101 name=a 1100\n"
    found = read(frame + "ip policy filter set enable\n")
    assert [one.line.number for one in found.coverage.unread] == [4]
    assert any(doubt.sources[0].number == 4 for device in found.devices for doubt in device.doubts)
