"""What the cases cannot say: the model itself, recognition against imitators, and hostile input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.device import Device, DoubtKind, NoticeKind, Plane, Stage
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceKind, SwitchPort
from secaudit.network.intervals import contains
from secaudit.network.nat import NatStage, TranslationKind
from secaudit.vendors.cisco.vocabulary import interface_name, names
from secaudit.vendors.cisco_ios import READER, vocabulary
from secaudit.vendors.cisco_ios.vocabulary import defaults, irrelevance
from secaudit.vendors.reader import ReadConfig
from tests.vendors import default_tables
from tests.vendors.texts import config, read_by, traffic_doubts

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))


def read(text: str) -> ReadConfig:
    return read_by(READER, text)


def device(text: str) -> Device:
    (only,) = read(text).devices
    return only


# --- filters


def test_filter_lines_keep_number_comment_log_and_source() -> None:
    found = device(
        "ip access-list extended WEB\n 20 remark public web\n 30 permit tcp any host 10.0.0.1 eq 443 log-input\nend"
    )
    (line,) = found.filters["WEB"].lines
    assert (line.label, line.comment, line.logged, line.action) == ("30", "public web", True, Action.PERMIT)
    assert [source.number for source in line.sources] == [3]
    assert found.filters["WEB"].default is Action.DENY
    assert [source.number for source in found.filters["WEB"].default_sources] == [1]


def test_unread_entry_is_unknown_and_matches_everything() -> None:
    result = read("ip access-list extended X\n permit tcp any any eq 80 frobnicate\nend")
    (line,) = result.devices[0].filters["X"].lines
    assert (line.action, line.certainty) == (Action.UNKNOWN, Certainty.UNCERTAIN)
    assert line.doubt is not None
    assert [(one.line.number, one.could_matter) for one in result.coverage.unread] == [(2, True)]


def test_numbered_and_named_form_are_one_list() -> None:
    found = device(
        "access-list 101 permit tcp any any eq 80\nip access-list extended 101\n 5 deny tcp any any eq 80\nend"
    )
    assert [(line.label, line.action) for line in found.filters["101"].lines] == [
        ("5", Action.DENY),
        ("10", Action.PERMIT),
    ]


def test_time_range_and_lock_and_key_count_sometimes() -> None:
    found = device(
        "access-list 101 permit tcp any any eq 22 time-range NIGHT\n"
        "access-list 101 dynamic LOCK timeout 10 permit ip any any\nend"
    )
    assert [line.certainty for line in found.filters["101"].lines] == [Certainty.SOMETIMES, Certainty.SOMETIMES]


def test_too_complex_wildcard_is_uncertain_not_wrong() -> None:
    found = device("access-list 10 permit 10.0.0.1 170.85.170.254\nend")
    (line,) = found.filters["10"].lines
    assert line.certainty is Certainty.UNCERTAIN
    assert line.matches[0].sources == ((0, 2**32 - 1),)
    assert line.doubt is not None and "too complex" in line.doubt.en


def test_established_means_ack_or_rst() -> None:
    found = device("access-list 101 permit tcp any any established\nend")
    flags = found.filters["101"].lines[0].matches[0].services[0].tcp_flags
    assert [value for value in range(64) if contains(flags, value)] == [
        value for value in range(64) if value & 16 or value & 4
    ]


def test_ipv6_stays_open_where_only_an_ipv4_list_is_applied() -> None:
    lines = (
        "ipv6 unicast-routing\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n"
        " ipv6 address 2001:db8::1/64\n ip access-group A in\nip access-list extended A\n deny ip any any\nend"
    )
    found = device(lines)
    last = found.filters["A"].lines[-1]
    assert (last.action, last.matches[0].family) == (Action.PERMIT, 6)
    without = device(lines.replace(" ipv6 address 2001:db8::1/64\n", ""))
    assert all(match.family == 4 for line in without.filters["A"].lines for match in line.matches)


def test_list_applied_nowhere_and_list_that_does_not_exist_are_noticed() -> None:
    found = device(
        "interface GigabitEthernet0/0\n ip access-group GONE in\nip access-list extended LONELY\n permit ip any any\nend"
    )
    assert [(notice.kind, notice.sources[0].number) for notice in found.notices] == [
        (NoticeKind.UNDEFINED_FILTER, 2),
        (NoticeKind.UNUSED_FILTER, 3),
    ]
    assert found.interfaces["GigabitEthernet0/0"].filter_in is None


# --- replies


REFLEXIVE = """interface GigabitEthernet0/1
 ip address 10.0.0.1 255.255.255.0
 ip access-group OUT out
 ip access-group IN in
ip access-list extended OUT
 permit tcp any any reflect WEB
ip access-list extended IN
 evaluate WEB
end"""


def test_reflexive_list_gives_sessions_to_the_opening_filter_only() -> None:
    found = device(REFLEXIVE)
    port = found.interfaces["GigabitEthernet0/1"]
    assert port.filter_out is not None and port.filter_in is not None
    assert [match.services[0].protocols for match in found.filters[port.filter_out].sessions] == [((6, 6),)]
    assert found.filters[port.filter_in].sessions == ()
    assert found.filters[port.filter_in].lines == ()


def test_reflexive_list_without_evaluate_lets_nothing_back() -> None:
    found = device(REFLEXIVE.replace("evaluate WEB", "evaluate OTHER"))
    assert all(one.sessions == () for one in found.filters.values())


def test_inspection_binds_replies_to_the_inside() -> None:
    found = device(
        "ip inspect name FW tcp\n"
        "interface GigabitEthernet0/0\n ip address 10.1.0.1 255.255.255.0\n ip inspect FW in\n"
        "interface GigabitEthernet0/1\n ip address 10.2.0.1 255.255.255.0\n ip access-group NO in\n"
        "interface GigabitEthernet0/2\n ip address 10.3.0.1 255.255.255.0\n"
        "ip access-list extended NO\n deny ip any any\nend"
    )
    outside = found.interfaces["GigabitEthernet0/1"].filter_out
    assert outside is not None
    (session,) = found.filters[outside].sessions
    low = 10 << 24 | 1 << 16
    assert session.sources == ((low, low + 255),)
    assert found.filters[outside].default is Action.PERMIT
    assert found.interfaces["GigabitEthernet0/2"].filter_out is None


# --- the device


def test_order_of_the_stages() -> None:
    assert device("hostname R\nend").pipeline == (
        Stage.INGRESS_FILTER,
        Stage.INGRESS_NAT,
        Stage.ROUTE,
        Stage.POLICY,
        Stage.EGRESS_NAT,
        Stage.EGRESS_FILTER,
    )


@pytest.mark.parametrize(
    ("text", "forwards"),
    [
        ("no ip routing\ninterface Vlan1\n ip address 10.0.0.1 255.255.255.0", False),
        ("interface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.0", True),
        ("interface Gi1/0/1\n switchport mode access\ninterface Vlan1\n ip address 10.0.0.1 255.255.255.0", False),
        (
            "ip routing\ninterface Gi1/0/1\n switchport mode access\ninterface Vlan1\n ip address 10.0.0.1 255.255.255.0",
            True,
        ),
        (
            "interface Gi1/0/1\n switchport mode access\ninterface Vlan1\n ip address 10.0.0.1 255.255.255.0\n"
            "interface Vlan2\n ip address 10.0.1.1 255.255.255.0",
            True,
        ),
        (
            "interface Gi1/0/1\n switchport mode access\ninterface Vlan1\n ip address 10.0.0.1 255.255.255.0\n"
            "ip route 0.0.0.0 0.0.0.0 10.0.0.254",
            True,
        ),
        (
            "interface Gi1/0/1\n switchport mode access\ninterface Vlan1\n ip address 10.0.0.1 255.255.255.0\n"
            " ip address 10.0.9.1 255.255.255.0 secondary",
            True,
        ),
    ],
)
def test_forwards_is_false_only_when_sure(text: str, forwards: bool) -> None:
    assert device(text + "\nend").forwards is forwards


def test_switch_ports() -> None:
    found = device(
        "interface GigabitEthernet1/0/1\n switchport access vlan 10\n switchport mode access\n switchport voice vlan 20\n"
        "interface GigabitEthernet1/0/2\n switchport trunk native vlan 99\n switchport trunk allowed vlan 10,20-22\n"
        " switchport trunk allowed vlan remove 21\n switchport mode trunk\n"
        "interface GigabitEthernet1/0/3\n"
        "interface GigabitEthernet1/0/4\n no switchport\n ip address 10.0.0.1 255.255.255.0\n"
        "interface Vlan10\n ip address 10.0.1.1 255.255.255.0\nend"
    )
    ports = {
        name: None
        if one.switch_port is None
        else replace(one.switch_port, protections_read=frozenset(), protections_untold=frozenset())
        for name, one in found.interfaces.items()
    }
    assert ports["GigabitEthernet1/0/1"] == SwitchPort(10, frozenset({20}))
    assert ports["GigabitEthernet1/0/2"] == SwitchPort(99, frozenset({10, 20, 22}), trunk=True)
    # Nothing is set: access VLAN 1, but it would become a trunk when the other side asks.
    assert ports["GigabitEthernet1/0/3"] == SwitchPort(1, None, negotiated=True)
    assert ports["GigabitEthernet1/0/4"] is None
    assert (found.interfaces["Vlan10"].kind, found.interfaces["Vlan10"].vlan) == (InterfaceKind.VLAN, 10)


def test_members_native_sub_interfaces_and_isolated_ports() -> None:
    found = device(
        "interface GigabitEthernet0/0\n no ip address\n"
        "interface GigabitEthernet0/0.10\n encapsulation dot1Q 10 native\n ip address 10.0.0.1 255.255.255.0\n"
        "interface GigabitEthernet1/0/1\n channel-group 5 mode active\n"
        "interface GigabitEthernet1/0/2\n switchport mode access\n switchport protected\n"
        "interface GigabitEthernet1/0/3\n switchport private-vlan host-association 100 101\n switchport mode private-vlan host\n"
        "interface GigabitEthernet1/0/4\n bridge-group 3\n"
        "interface Vlan7\n ipv6 enable\ninterface Vlan8\n ipv6 enable\n ipv6 address 2001:db8::1/64\nend"
    )
    one = found.interfaces
    assert (one["GigabitEthernet0/0.10"].native, one["GigabitEthernet0/0.10"].vlan) == (True, 10)
    assert one["GigabitEthernet1/0/1"].member_of == "Port-channel5"
    assert one["GigabitEthernet1/0/4"].member_of == "BVI3"
    protected, private = one["GigabitEthernet1/0/2"].switch_port, one["GigabitEthernet1/0/3"].switch_port
    assert protected is not None and [line.text.strip() for line in protected.isolated] == ["switchport protected"]
    assert private is not None and (private.access_vlan, private.trunk_vlans) == (100, frozenset())
    assert [line.text.strip() for line in private.isolated] == ["switchport private-vlan host-association 100 101"]
    assert (one["Vlan7"].ipv6_only_link_local, one["Vlan8"].ipv6_only_link_local) == (True, False)


def test_unnumbered_borrows_the_address_but_connects_no_subnet() -> None:
    found = device(
        "interface Loopback0\n ip address 10.9.9.9 255.255.255.0\ninterface Tunnel1\n ip unnumbered Loopback0\n"
        " tunnel destination 192.0.2.9\nend"
    )
    tunnel = found.interfaces["Tunnel1"]
    assert [str(entry.address) for entry in tunnel.addresses] == ["10.9.9.9/32"]
    assert tunnel.tunnel is not None and str(tunnel.tunnel.remote) == "192.0.2.9"


def test_virtual_gateway_addresses_are_shared() -> None:
    found = device(
        "interface Vlan10\n ip address 10.0.0.2 255.255.255.0\n standby 1 ip 10.0.0.1\n standby 1 priority 110\n"
        " vrrp 2 ip 10.0.0.3\nend"
    )
    addresses = found.interfaces["Vlan10"].addresses
    assert [(str(one.address), one.shared) for one in addresses] == [
        ("10.0.0.2/24", False),
        ("10.0.0.1/24", True),
        ("10.0.0.3/24", True),
    ]


def test_static_nat_is_one_rule_each_way() -> None:
    found = device(
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip nat inside\n"
        "interface GigabitEthernet0/1\n ip address 198.51.100.2 255.255.255.0\n ip nat outside\n"
        "ip nat inside source static tcp 10.0.0.5 80 198.51.100.2 8080 extendable\nend"
    )
    incoming, outgoing = found.nat_rules
    assert (incoming.stage, incoming.interfaces) == (NatStage.INGRESS, frozenset({"GigabitEthernet0/1"}))
    assert incoming.matches[0].services[0].destination_ports == ((8080, 8080),)
    assert incoming.destination is not None and incoming.destination.ports == (80, 80)
    assert (outgoing.stage, outgoing.from_interfaces) == (NatStage.EGRESS, frozenset({"GigabitEthernet0/0"}))
    assert outgoing.source is not None and outgoing.source.kind is TranslationKind.SHIFT
    assert outgoing.matches[0].services[0].source_ports == ((80, 80),)


def test_nat_without_outside_interface_does_nothing_and_says_so() -> None:
    found = device(
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip nat inside\n"
        "ip nat inside source static 10.0.0.5 198.51.100.5\nend"
    )
    assert found.nat_rules == ()
    assert [notice.kind for notice in found.notices] == [NoticeKind.INACTIVE]


def test_virtual_interface_nat_is_not_guessed() -> None:
    found = device("ip nat source list 1 interface GigabitEthernet0/1 overload\naccess-list 1 permit any\nend")
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, None)]


def test_leak_between_vrfs_is_a_doubt() -> None:
    text = (
        "vrf definition A\n rd 1:1\n route-target export 1:1\n route-target import 1:2\n"
        "vrf definition B\n rd 1:2\n route-target export 1:2\n route-target import 1:2\nend"
    )
    assert traffic_doubts(device(text)) == [(DoubtKind.UNSUPPORTED, None)]
    assert traffic_doubts(device(text.replace("import 1:2", "import 1:9"))) == []


def test_dynamic_routing_is_bound_to_interfaces_where_that_is_plain() -> None:
    text = (
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n"
        "interface GigabitEthernet0/1\n ip address 10.0.1.1 255.255.255.0\n"
        "interface GigabitEthernet0/2\n ip address 192.168.0.1 255.255.255.0\n"
        "router ospf 1\n passive-interface GigabitEthernet0/0\n network 10.0.0.0 0.0.255.255 area 0\nend"
    )
    (ospf,) = device(text).dynamic_routing
    assert (ospf.protocol, ospf.interfaces) == ("ospf", frozenset({"GigabitEthernet0/1"}))
    (bgp,) = device("router bgp 65000\n neighbor 10.0.0.9 remote-as 65001\nend").dynamic_routing
    assert bgp.interfaces is None


def test_crossing_routes_name_their_lines() -> None:
    found = device(
        "vrf definition B\ninterface GigabitEthernet0/1\n vrf forwarding B\n ip address 10.0.0.1 255.255.255.0\n"
        "ip route vrf A 10.9.0.0 255.255.0.0 GigabitEthernet0/1 10.0.0.9 global\nend"
    )
    (doubt,) = [one for one in found.doubts if one.plane is Plane.TRAFFIC]
    assert (doubt.kind, doubt.sources[0].number) == (DoubtKind.UNSUPPORTED, 5)


def test_a_route_into_the_global_table_leaves_by_its_interface_or_by_anything() -> None:
    text = (
        "vrf definition A\ninterface GigabitEthernet0/1\n vrf forwarding A\n ip address 10.0.0.1 255.255.255.0\n"
        "interface GigabitEthernet0/2\n ip address 192.0.2.1 255.255.255.0\n"
        "ip route vrf A 10.9.0.0 255.255.0.0 {0} global\nend"
    )
    found = device(text.format("192.0.2.9"))
    (leak,) = found.routes
    assert (leak.vrf, leak.next_hops[0].interface) == ("A", "GigabitEthernet0/2")
    (doubt,) = [one for one in found.doubts if one.plane is Plane.TRAFFIC]
    assert doubt.interfaces == frozenset({"GigabitEthernet0/2"})
    unknown = device(text.format("198.51.100.9"))
    (doubt,) = [one for one in unknown.doubts if one.plane is Plane.TRAFFIC]
    assert doubt.interfaces is None


# --- management


def test_telnet_by_default_depends_on_the_version() -> None:
    old = device("version 12.4\nline vty 0 4\n login\nno ip http server\nno ip http secure-server\nend")
    telnet = next(service for service in old.management.services if service.name == "telnet")
    assert (telnet.enabled, telnet.by_default) == (True, True)
    assert [source.number for source in telnet.sources] == [2, 1]
    assert old.doubts == ()
    new = device("version 16.9\nline vty 0 4\n login\nno ip http server\nno ip http secure-server\nend")
    assert [(doubt.kind, doubt.plane) for doubt in new.doubts] == [(DoubtKind.UNSUPPORTED, Plane.MANAGEMENT)]


def test_access_class_restricts_only_when_every_open_line_has_it() -> None:
    text = (
        "access-list 10 permit 10.0.0.5\nline vty 0 4\n access-class 10 in\n transport input ssh\n"
        "line vty 5 15\n access-class 10 in\n transport input ssh\nno ip http server\nno ip http secure-server\nend"
    )

    def restricted(found: Device) -> bool:
        return next(service for service in found.management.services if service.name == "ssh").restricted

    assert restricted(device(text))
    assert not restricted(device(text.replace("line vty 5 15\n access-class 10 in\n", "line vty 5 15\n")))
    assert not restricted(device(text.replace("access-list 10 permit 10.0.0.5\n", "")))


def test_unread_terminal_line_is_about_management_only() -> None:
    found = device("line vty 0 4\n frobnicate\n transport input ssh\nno ip http server\nno ip http secure-server\nend")
    assert [(doubt.kind, doubt.plane) for doubt in found.doubts] == [(DoubtKind.UNREAD, Plane.MANAGEMENT)]


# --- the shape of files


def test_missing_end_is_a_doubt_about_everything() -> None:
    assert traffic_doubts(device("hostname R\ninterface Loopback0")) == [(DoubtKind.TRUNCATED, None)]


def test_unclosed_banner_does_not_hide_the_configuration() -> None:
    found = device("banner motd #\nhostname R\ninterface Loopback0\n ip address 10.0.0.1 255.255.255.255\nend")
    assert found.name == "R"
    assert traffic_doubts(found) == [(DoubtKind.TRUNCATED, None)]


def test_global_command_under_an_interface_leaves_the_interface() -> None:
    found = device("interface GigabitEthernet0/0\n ip route 10.0.0.0 255.0.0.0 Null0\n vlan mapping 1 2\nend")
    assert [str(route.prefix) for route in found.routes] == ["10.0.0.0/8"]
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, frozenset({"GigabitEthernet0/0"}))]


def test_name_falls_back_to_the_file() -> None:
    assert device("interface Loopback0\nend").name == "device-01"


def test_interface_names_as_typed_and_as_printed() -> None:
    assert interface_name(("gi0/1",)) == ("GigabitEthernet0/1", 1)
    assert interface_name(("Port-channel", "1")) == ("Port-channel1", 2)
    assert interface_name(("vlan10",)) == ("Vlan10", 1)
    with pytest.raises(ValueError, match="not an interface"):
        interface_name(("10.0.0.1",))


def test_a_line_that_is_off_is_as_irrelevant_as_one_that_is_on() -> None:
    on = irrelevance().reason("global", ("ip", "cef"))
    off = irrelevance().reason("global", ("no", "ip", "cef"))
    assert on is not None and on == off
    assert irrelevance().reason("global", ("ip", "frobnicate")) is None
    assert irrelevance().reason("interface", ("standby", "7", "priority", "110")) is not None
    assert irrelevance().reason("interface", ("standby", "7", "ip", "10.0.0.1")) is None


def test_names_that_the_device_prints() -> None:
    assert names().tcp_ports["www"] == 80 and names().udp_ports["ntp"] == 123
    assert names().tcp_ports["syslog"] == names().udp_ports["syslog"] == 514
    assert names().icmp["port-unreachable"] == (3, 3)
    assert names().protocols["esp"] == 50


# --- recognition

OWN = """Building configuration...

Current configuration : 1342 bytes
!
version 15.4
service timestamps log datetime msec
hostname RT-01
boot-start-marker
interface GigabitEthernet0/0
 ip address 10.0.0.1 255.255.255.0
line vty 0 4
end"""

IMITATORS = {
    "AlliedWare Plus": "!\nservice password-encryption\nhostname sw1\nno service telnet\nservice ssh\nvlan database\n"
    "interface port1.0.1\n switchport\n switchport mode access\ninterface vlan1\n ip address 10.0.0.1/24\nline con 0\nend",
    "ALAXALA": '#configuration list for AX3660S\nhostname "core"\nvlan 10\ninterface gigabitethernet 0/1\n'
    "  switchport mode access\ninterface vlan 10\n  ip address 10.0.0.1 255.255.255.0\nline vty 0 4",
    "YAMAHA SWX": "interface port1.1\n switchport mode access\ninterface vlan1\n ip address 10.0.0.1/24\n"
    "access-list 1 permit any\nline vty 0 7\nend",
    "NX-OS": "!Command: show running-config\n!Time: Mon Jan  1 00:00:00 2024\nversion 9.3(5)\nhostname nx\n"
    "feature interface-vlan\nvrf context management\ninterface Ethernet1/1\n switchport mode trunk\nline vty",
    "ASA": ": Saved\nASA Version 9.12(4)\nhostname fw\ninterface GigabitEthernet0/0\n nameif outside\n security-level 0\n"
    " ip address 192.0.2.1 255.255.255.0\naccess-list OUT extended permit ip any any",
    "Arista": "! Command: show running-config\n! device: sw (DCS-7050, EOS-4.28.0F)\nhostname sw\ninterface Ethernet1\n"
    " switchport mode trunk\nip access-list A\n 10 permit ip any any\nend",
    "Comware": "#\n version 7.1.045, Release 2418\n sysname sw\nvlan 1\ninterface GigabitEthernet1/0/1\n"
    " port link-mode bridge\nip route-static 0.0.0.0 0 10.0.0.1\nreturn",
    "NEC IX": "! NEC Portable Internetwork Core Operating System Software\n! IX Series IX2215 Software, Version 10.2\n"
    "hostname ix\nip ufs-cache enable\ninterface GigaEthernet0.0\n ip address 10.0.0.1/24\n no shutdown",
    "IOS XR": "!! IOS XR Configuration 7.3.2\nhostname xr\ninterface GigabitEthernet0/0/0/0\n ipv4 address 10.0.0.1 255.255.255.0\nend",
    "FortiOS": '#config-version=FG100F-7.2.5\nconfig system global\n    set hostname "fw"\nend',
    "YAMAHA RTX": "# RTX1210 Rev.14.01.42\nip lan1 address 192.168.100.1/24\npp select 1\nip route default gateway pp 1",
}


def test_own_files_are_recognised() -> None:
    assert READER.score(config(OWN)) == 100
    minimal = "hostname r\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\nend"
    assert 20 <= READER.score(config(minimal)) < 100


@pytest.mark.parametrize("vendor", IMITATORS)
def test_imitators_are_not_claimed(vendor: str) -> None:
    assert READER.score(config(IMITATORS[vendor])) <= 5


# --- hostile input

_VOCABULARY = (
    "interface ip ipv6 access-list extended standard permit deny tcp udp icmp any host eq range object-group network "
    "service group-object route nat inside outside source static list pool overload 10.0.0.1 255.255.255.0 0.0.0.255 "
    "GigabitEthernet0/0 Vlan10 route-map match set next-hop zone-pair security class-map policy-map type inspect class "
    "line vty 0 4 transport input end ! banner motd ^C router ospf network area vrf definition snmp-server community "
    "switchport trunk allowed vlan 1-4094 no hostname 101 99999999999 address crypto standby vrrp username password 7 "
    "évaluation \u3000 2001:db8::1/64 sequence remark reflect evaluate time-range -1 1,2,,3 filter vlan-list"
)
_WORDS = _VOCABULARY.split(" ")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.sampled_from(_WORDS), max_size=9)).map(
            lambda pair: " " * pair[0] + " ".join(pair[1])
        ),
        max_size=25,
    )
)
def test_any_mixture_of_words_is_read_without_raising(lines: list[str]) -> None:
    read("\n".join(lines))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_file_cut_anywhere_is_read_and_never_certain(path: Path) -> None:
    text = path.read_text(encoding="utf-8").rstrip("\n")
    for cut in range(1, len(text) - 1, max(1, len(text) // 40)):
        part = text[:cut]
        if any(line.rstrip() == "end" for line in part.split("\n")):
            continue  # two devices in one file: the first is whole
        result = read(part)
        assert any(doubt.kind is DoubtKind.TRUNCATED for found in result.devices for doubt in found.doubts), cut


def test_circular_and_endless_object_groups() -> None:
    circle = "\n".join(f"object-group network G{n}\n group-object G{(n + 1) % 500}" for n in range(500))
    found = device(circle + "\nip access-list extended X\n permit ip object-group G0 any\nend")
    assert found.filters["X"].lines[0].certainty is Certainty.UNCERTAIN
    wide = "\n".join(f"object-group network G{n}\n group-object G{n + 1}\n group-object G{n + 2}" for n in range(900))
    found = device(wide + "\nip access-list extended X\n permit ip object-group G0 any\nend")
    assert found.filters["X"].lines[0].certainty is Certainty.UNCERTAIN


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("garbage", "\n".join(f"{number:x} frobnicate {number}" for number in range(200_000))),
        ("banners", "\n".join(f"banner motd {chr(0x4E00 + number % 3000)}" for number in range(100_000))),
        ("depth", "\n".join(" " * number + "interface Loopback0" for number in range(3_000))),
        ("one line", "ip access-list extended X\n permit tcp any any eq " + "80 " * 100_000),
        ("vlans", "vlan filter X vlan-list " + ",".join(["1-4094"] * 20_000)),
        (
            "scattered masks",
            "ip access-list extended X\n"
            + "\n".join(f" permit ip any 10.{n % 256}.{n // 256}.0 0.170.85.255" for n in range(20_000)),
        ),
        (
            "tunnels",
            "\n".join(
                f"interface Tunnel{n}\n ip unnumbered Loopback0\n ip inspect A in\n ip access-group X in"
                for n in range(3_000)
            )
            + "\nip inspect name A tcp\nip access-list extended X\n permit ip any any\nip route 0.0.0.0 0.0.0.0 Tunnel1",
        ),
        (
            "denies before permits",
            "interface Gi0/0\n ip nat inside\ninterface Gi0/1\n ip nat outside\n"
            "ip nat inside source list B interface Gi0/1 overload\nip access-list extended B\n"
            + "\n".join(
                f" {'permit' if n % 2 else 'deny'} ip host 10.0.{n % 256}.{n // 256} any" for n in range(20_000)
            ),
        ),
    ],
)
def test_huge_files_take_seconds(name: str, text: str) -> None:
    source = config(text)
    READER.score(source)
    READER.read(source)


def test_ports_whose_broadcasts_are_forwarded_as_well() -> None:
    """`ip forward-protocol udp PORT` adds to what `ip helper-address` passes on; a port that is not known could be any."""
    text = "interface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.0\n ip helper-address 10.9.0.9\n{0}\nend"
    usual, added, named, unknown = (
        device(text.format(line)).relays[0].ports
        for line in (
            "no ip forward-protocol nd", "ip forward-protocol udp 5000", "ip forward-protocol udp syslog", "ip forward-protocol udp frob",
        )
    )  # fmt: skip
    assert set(added) == {*usual, 5000}
    assert set(named) == {*usual, 514}
    assert len(unknown) == 65536


# --- defaults

_ROUTER = """hostname R
interface GigabitEthernet0/0
 ip address 10.1.0.1 255.255.255.0
 ipv6 address 2001:db8:1::1/64
 ip helper-address 10.2.0.9
interface GigabitEthernet0/1
 ip address 10.2.0.1 255.255.255.0
 ipv6 address 2001:db8:2::1/64
line vty 0 4
 login
end
"""
_SWITCH = """hostname S
vlan 10
interface GigabitEthernet1/0/1
 switchport
interface GigabitEthernet1/0/2
 switchport mode trunk
interface Vlan10
 ip address 10.1.0.1 255.255.255.0
interface Vlan20
 ip address 10.2.0.1 255.255.255.0
line vty 0 4
 login
end
"""


@pytest.mark.parametrize("name", default_tables.names(vocabulary._table()))
def test_every_default_of_the_table_decides_something(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = vocabulary._table()
    value = next(value for other, value in default_tables.entries(table) if other == name)
    found = set()
    for word in (value, *default_tables.others(value)):
        default_tables.replace(monkeypatch, vocabulary, default_tables.saying(table, name, word))
        found.add(repr([device(text) for text in (_ROUTER, _SWITCH)]))
        default_tables.restore(monkeypatch, vocabulary)
    assert len(found) > 1


@pytest.mark.parametrize(
    ("version", "telnet", "ssh", "https"),
    [
        ("11.3", True, False, False),
        ("12.0", True, True, False),
        ("12.1", True, True, None),
        ("12.4(24)T", True, True, None),
        ("15.0", None, None, None),
        ("17.12", None, None, None),
        ("", None, None, None),
        ("unknown", None, None, None),
    ],
)
def test_defaults_by_release(version: str, telnet: bool | None, ssh: bool | None, https: bool | None) -> None:
    held = defaults(version).services
    assert (held["telnet"], held["ssh"], held["https"]) == (telnet, ssh, https)
    assert (held["http"], held["snmp"]) == (None, False)


def test_banner_that_ends_on_a_line_of_its_own_leaves_no_doubt() -> None:
    found = device(
        "hostname R\nbanner motd ^C\nall is well\n^C\nbanner exec #\nthe end #\nline vty 0 4\n transport input ssh\nend"
    )
    assert not traffic_doubts(found)


@pytest.mark.parametrize("behind", ["banner login ^C hello ^C", "banner login ^C\nhello\n^C", "username ^C secret x"])
def test_banner_whose_end_is_that_of_something_else_is_a_doubt(behind: str) -> None:
    found = device(f"hostname R\nbanner motd ^C\nhello\n{behind}\nline vty 0 4\n transport input ssh\nend")
    assert DoubtKind.TRUNCATED in [one.kind for one in found.doubts]


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("", False),
        ("no snmp-server", False),
        ("snmp-server community Kasumi-81 RO", True),
        ("snmp-server location there", None),
        ("snmp-server frobnicate", None),
    ],
)
def test_simple_network_management_without_a_community(line: str, on: bool | None) -> None:
    found = device(f"version 15.2\nhostname R\n{line}\nline vty 0 4\n transport input ssh\nend")
    assert next((one.enabled for one in found.management.services if one.name == "snmp"), None) is on


def test_a_bare_no_below_a_line_is_not_understood() -> None:
    found = read("hostname R\nline vty 0 4\n no\n transport input ssh\nend")
    assert [one.line.number for one in found.coverage.unread] == [3]
