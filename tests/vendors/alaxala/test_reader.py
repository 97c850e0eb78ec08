"""What the cases cannot say: the model itself, recognition against imitators, data files, and hostile input."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.device import Device, DoubtKind, NoticeKind, Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceKind, SwitchPort
from secaudit.network.management import Storage
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.alaxala import READER, vocabulary
from secaudit.vendors.alaxala.vocabulary import (
    defaults,
    flow_modes,
    interface_name,
    interface_names,
    irrelevance,
    names,
)
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.reader import ReadConfig
from secaudit.vendors.registry import recognise, vendor_hint
from tests.vendors import default_tables
from tests.vendors.texts import config, read_by, traffic_doubts

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))
HEAD = '#configuration list for AX3660S-24T4X\n!\nhostname "SW"\n!\nvlan 10\n!\nvlan 20\n!\n'


def read(text: str) -> ReadConfig:
    return read_by(READER, text)


def device(text: str) -> Device:
    (only,) = read(text).devices
    return only


# --- identity and parts


def test_name_model_and_version_come_from_the_headers() -> None:
    text = '#Last modified by operator at Mon Apr  6 10:00:00 2026 with version 12.1.K\n!\nhostname "A B"\n'
    found = device(text + "switch 1 provision 3660-48t4xw\n!\n")
    assert (found.name, found.model, found.version) == ("A B", "AX3660S", "12.1.K")
    assert [line.number for line in found.identity] == [1, 3, 4]


def test_without_a_hostname_the_file_names_the_device() -> None:
    found = device("#configuration list for AX2530S-24T\n!\nline vty 0 1\n!\n")
    assert (found.name, found.model) == ("device-01", "AX2530S-24T")


def test_a_second_header_or_hostname_begins_another_device() -> None:
    both = "#configuration list for AX2530S-24T\n#Last modified by a at b with version 4.1\n!\n"
    result = read(both + 'hostname "A"\n!\n' + both + 'hostname "B"\n!\nhostname "C"\n!\n')
    assert [one.name for one in result.devices] == ["A", "B", "C"]


def test_a_device_that_ends_with_its_mark_is_whole() -> None:
    assert not device(HEAD + "line vty 0 1\n!\n").doubts
    assert not device(HEAD + "line vty 0 1\n!\nSW# exit\n").doubts
    cut = device(HEAD + "line vty 0 1\n  transport inp")
    assert DoubtKind.TRUNCATED in [doubt.kind for doubt in cut.doubts]


# --- interfaces


def test_names_of_interfaces() -> None:
    assert interface_name(("gigabitethernet", "1/0/1", "x")) == ("gigabitethernet 1/0/1", 2)
    assert interface_name(("port-channel10",)) == ("port-channel 10", 1)
    assert interface_names(("range", "gigabitethernet", "0/1-3,", "gigabitethernet", "0/9")) == [
        "gigabitethernet 0/1", "gigabitethernet 0/2", "gigabitethernet 0/3", "gigabitethernet 0/9",
    ]  # fmt: skip
    assert interface_names(("range", "vlan", "10-11")) == ["vlan 10", "vlan 11"]
    assert interface_names(("range", "port-channel", "1-2")) == ["port-channel 1", "port-channel 2"]
    for wrong in ((), ("gigabitethernet",), ("serial", "0"), ("vlan", "x"), ("range",), ("vlan", "10", "in")):
        with pytest.raises(NotUnderstoodError):
            interface_names(wrong)
    with pytest.raises(NotUnderstoodError):
        interface_names(("range", "vlan", "1-99999"))


def carried(found: Device, name: str) -> SwitchPort:
    """A port without what protects it."""
    port = found.interfaces[name].switch_port
    assert port is not None
    return replace(port, protections_read=frozenset())


def test_ports_and_what_they_carry() -> None:
    found = device(
        HEAD
        + "interface gigabitethernet 1/0/1\n!\n"
        + "interface gigabitethernet 1/0/2\n  switchport mode trunk\n!\n"
        + "interface gigabitethernet 1/0/3\n  switchport mode trunk\n  switchport trunk allowed vlan 10,20-21\n"
        + "  switchport trunk allowed vlan add 30\n  switchport trunk allowed vlan remove 20\n  channel-group 1 mode on\n!\n"
        + "interface gigabitethernet 1/0/4\n  switchport mode mac-vlan\n  switchport mac vlan 10\n  switchport mac dot1q vlan 20\n!\n"
        + "interface gigabitethernet 1/0/5\n  switchport mode access\n  switchport access vlan 20\n  switchport isolation interface gigabitethernet 1/0/1\n!\n"
    )
    ports = [carried(found, f"gigabitethernet 1/0/{number}") for number in range(1, 6)]
    assert ports[0] == SwitchPort(1)
    # A trunk without a list: which VLANs it carries is not confirmed, so all of them may be there.
    assert ports[1] == SwitchPort(1, None, trunk=True, negotiated=True)
    assert ports[2] == SwitchPort(1, frozenset((10, 21, 30)), trunk=True)
    assert found.interfaces["gigabitethernet 1/0/3"].member_of == "port-channel 1"
    assert ports[3] == SwitchPort(1, frozenset((10, 20)), negotiated=True)
    assert (ports[4].access_vlan, len(ports[4].isolated)) == (20, 1)


def test_a_mac_port_may_reach_every_mac_vlan() -> None:
    found = device(
        HEAD + "vlan 30 mac-based\n!\ninterface vlan 30\n  ip address 10.3.0.1 255.255.255.0\n!\n"
        "interface gigabitethernet 1/0/1\n  switchport mode mac-vlan\n  switchport mac native vlan 10\n  mac-authentication port\n!\n"
    )
    assert carried(found, "gigabitethernet 1/0/1") == SwitchPort(10, frozenset((30,)), negotiated=True)
    assert traffic_doubts(found) == [(DoubtKind.UNSUPPORTED, frozenset(("vlan 30", "gigabitethernet 1/0/1")))]


def test_kinds_addresses_and_vrf() -> None:
    found = device(
        HEAD
        + "interface loopback 0\n  ip address 192.0.2.1\n!\n"
        + "interface vlan 10\n  vrf forwarding 5\n  ip address 10.1.0.1 255.255.255.0\n  ip address 10.1.9.1 255.255.255.0 secondary\n"
        + "  ip address 10.1.0.2 255.255.255.0\n  ipv6 enable\n  ip helper-address 10.2.0.9\n!\n"
        + "interface gigabitethernet 1/1.20\n  encapsulation dot1q 20\n  ipv6 address 2001:db8::1/64\n  vrrp 1 ipv6 2001:db8::ff\n  shutdown\n!\n"
    )
    loopback, vlan, below = (found.interfaces[name] for name in ("loopback 0", "vlan 10", "gigabitethernet 1/1.20"))
    assert [str(one.address) for one in loopback.addresses] == ["192.0.2.1/32"]
    assert loopback.kind is InterfaceKind.LOOPBACK
    assert sorted(str(one.address) for one in vlan.addresses) == ["10.1.0.2/24", "10.1.9.1/24"]
    assert (vlan.vlan, vlan.vrf, vlan.ipv6_only_link_local) == (10, "5", True)
    assert (below.vlan, below.parent, below.enabled) == (20, "gigabitethernet 1/1", False)
    assert [(str(one.address), one.shared) for one in below.addresses] == [
        ("2001:db8::1/64", False),
        ("2001:db8::ff/64", True),
    ]
    assert [(relay.interface, str(relay.target), relay.ports) for relay in found.relays] == [
        ("vlan 10", "10.2.0.9", (67, 68))
    ]


def test_an_address_by_dhcp_may_bring_a_default_route() -> None:
    found = device(HEAD + "interface vlan 10\n  ip address dhcp\n!\n")
    assert found.interfaces["vlan 10"].dynamic_address
    (route,) = found.routes
    assert (str(route.prefix), route.next_hops[0].interface, route.next_hops[0].conditional) == (
        "0.0.0.0/0",
        "vlan 10",
        True,
    )


def test_a_line_that_is_not_understood_concerns_its_interface() -> None:
    found = device(HEAD + "interface vlan 10\n  ip address 10.1.0.1 255.255.255.0\n  ip wormhole\n!\n")
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, frozenset(("vlan 10",)))]


@pytest.mark.parametrize("line", ["netconf", "https-server", "rest-server port 8443"])
def test_an_unknown_service_concerns_the_device_only(line: str) -> None:
    found = device(HEAD + line + "\n!\n")
    assert [(doubt.kind, doubt.plane) for doubt in found.doubts] == [(DoubtKind.UNREAD, Plane.MANAGEMENT)]


def test_multicast_between_two_interfaces_is_doubtful() -> None:
    block = "interface vlan {0}\n  ip address 10.{0}.0.1 255.255.255.0\n  ip pim sparse-mode\n!\n"
    found = device(HEAD + block.format(10) + block.format(20))
    assert traffic_doubts(found) == [(DoubtKind.UNSUPPORTED, frozenset(("vlan 10", "vlan 20")))]
    assert not device(HEAD + block.format(10)).doubts


# --- filters


def test_an_entry_keeps_number_remark_log_and_line() -> None:
    found = device(
        HEAD
        + 'ip access-list extended WEB\n  remark "public web"\n  30 permit tcp any host 10.0.0.1 eq https action log\n!\n'
    )
    (line,) = found.filters["WEB"].lines
    assert (line.label, line.comment, line.logged, line.action) == ("30", "public web", True, Action.PERMIT)
    assert [source.number for source in line.sources] == [11]
    assert found.filters["WEB"].default is Action.DENY
    assert [notice.kind for notice in found.notices] == [NoticeKind.UNUSED_FILTER]


def test_entries_without_numbers_go_on_by_tens_and_no_takes_one_out() -> None:
    found = device(
        HEAD
        + "ip access-list extended L\n  permit tcp any any\n  deny udp any any\n  5 deny icmp any any\n  no 20\n!\n"
        "ip access-list extended L\n  permit igmp any any\n!\n"
    )
    assert [line.label for line in found.filters["L"].lines] == ["5", "10", "20"]
    assert [line.sources[0].number for line in found.filters["L"].lines] == [12, 10, 16]


@pytest.mark.parametrize("line", ["no 70", "no permit ip any any"])
def test_a_removal_that_is_not_understood_makes_the_device_doubtful(line: str) -> None:
    found = device(HEAD + f"ip access-list extended L\n  10 permit ip any any\n  {line}\n!\n")
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, None)]


@pytest.mark.parametrize(
    "entry",
    [
        "permit tcp any any lt 1024", "permit tcp any any eq nonsense", "permit tcp any any range 90 80", "permit udp any any established",
        "permit tcp any", "permit ip any any action teleport", "allow ip any any", "permit icmp any any 300", "permit 256 any any",
        "permit tcp 10.0.0.0/8 any", "permit ip any any extra", "permit",
    ],
)  # fmt: skip
def test_an_entry_that_is_not_understood_may_do_anything(entry: str) -> None:
    result = read(HEAD + f"ip access-list extended L\n  10 {entry}\n  20 permit tcp any any\n!\n")
    line = result.devices[0].filters["L"].lines[0]
    assert (line.action, line.certainty, line.label) == (Action.UNKNOWN, Certainty.UNCERTAIN, "10")
    assert [one.line.number for one in result.coverage.unread] == [10]


@pytest.mark.parametrize(
    ("entry", "kinds"),
    [
        ("permit any any", {4, 6}),
        ("permit any any 0x0800", {4}),
        ("permit any any 0x86dd", {6}),
        ("permit any any arp", set()),
        ("permit any bpdu", set()),
        ("deny 0012.e2a0.0000 0000.0000.ffff host 0012.e200.0001 ipv4 vlan 10 user-priority 3", {4}),
    ],
)
def test_which_ip_packets_a_mac_entry_can_match(entry: str, kinds: set[int]) -> None:
    found = device(HEAD + f"mac access-list extended M\n  10 {entry}\n!\n")
    assert {match.family for match in found.filters["M"].lines[0].matches} == kinds


def test_an_advance_entry_by_range_and_own_addresses() -> None:
    found = device(
        HEAD + "advance access-list A\n  10 permit mac-ip any any tcp range-address 10.0.0.1 10.0.0.9 own eq https\n"
        "  20 deny mac-ipv6 any any ipv6 2001:db8::/32 any\n  30 permit mac any any\n  40 permit mac-ip any any ip any\n!\n"
    )
    first, second, third, fourth = found.filters["A"].lines
    assert (first.certainty, first.matches[0].sources) == (Certainty.UNCERTAIN, ((0x0A000001, 0x0A000009),))
    assert (second.certainty, second.matches[0].family) == (Certainty.ALWAYS, 6)
    assert (third.certainty, {match.family for match in third.matches}) == (Certainty.ALWAYS, {4, 6})
    assert fourth.action is Action.UNKNOWN


def test_two_lists_of_one_name_and_different_kinds_are_told_apart() -> None:
    found = device(
        HEAD
        + "interface vlan 10\n  ip access-group L in\n  ipv6 traffic-filter L in\n!\nflow detection mode layer3-6\n!\n"
        "ip access-list extended L\n  10 permit tcp any any\n!\nipv6 access-list L\n  10 permit tcp any any\n!\n"
    )
    assert found.interfaces["vlan 10"].filter_in == "L + L (ipv6)"
    assert [line.matches[0].family for line in found.filters["L + L (ipv6)"].lines] == [4, 6]


def test_a_second_list_on_one_interface_is_doubtful() -> None:
    found = device(
        HEAD
        + "interface vlan 10\n  ip address 10.1.0.1 255.255.255.0\n  ip access-group A in\n  ip access-group B in\n!\n"
        "ip access-list standard A\n  10 permit any\n!\nip access-list standard B\n  10 permit any\n!\n"
    )
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, frozenset(("vlan 10",)))]


def test_mac_lists_of_big_models_concern_bridged_frames_only() -> None:
    """AX8300S configuration guide vol. 2, 10.1.5."""
    text = (
        '#configuration list for {0}\n!\nhostname "R"\n!\ninterface gigabitethernet 1/1\n  ip address 10.1.0.1 255.255.255.0\n'
        "  mac access-group M in\n!\nmac access-list extended M\n  10 permit host 0012.e2a0.0001 any\n!\n"
    )
    assert device(text.format("AX8308S")).interfaces["gigabitethernet 1/1"].filter_in is None
    assert device(text.format("AX4630S-4M")).interfaces["gigabitethernet 1/1"].filter_in is not None


def test_more_port_lists_than_are_looked_at_may_do_anything() -> None:
    ports = "".join(
        f"interface gigabitethernet 1/0/{number}\n  switchport access vlan 10\n  ip access-group P{number} in\n!\n"
        f"ip access-list extended P{number}\n  10 permit ip any any\n!\n"
        for number in range(130)
    )
    found = device(HEAD + "interface vlan 10\n  ip address 10.1.0.1 255.255.255.0\n!\n" + ports)
    lines = found.filters[found.interfaces["vlan 10"].filter_in or ""].lines
    crowded = [line for line in lines if line.label == "port lists"]
    assert [(line.action, line.certainty) for line in crowded] == [
        (Action.PERMIT, Certainty.UNCERTAIN),
        (Action.DENY, Certainty.UNCERTAIN),
    ]


def test_a_list_on_a_member_of_an_aggregate_counts_for_its_vlans() -> None:
    found = device(
        HEAD + "interface vlan 20\n  ip address 10.2.0.1 255.255.255.0\n!\n"
        "interface port-channel 1\n  switchport mode trunk\n  switchport trunk allowed vlan 20\n!\n"
        "interface gigabitethernet 1/0/1\n  channel-group 1 mode active\n  ip access-group P in\n!\n"
        "ip access-list extended P\n  10 permit tcp any any\n!\n"
    )
    assert [line.label for line in found.filters[found.interfaces["vlan 20"].filter_in or ""].lines[:2]] == [
        "port list P"
    ] * 2


# --- routes and management


def test_policy_lists_and_their_next_hops() -> None:
    found = device(
        HEAD + "interface vlan 10\n  ip address 10.1.0.1 255.255.255.0\n  ip access-group L in\n!\n"
        "ip access-list extended L\n  10 permit tcp any any action policy-list 3\n  20 deny udp any any action policy-list 4\n!\n"
        "policy-list 3\n  policy-interface vlan 20 next-hop 10.2.0.9 track 1\n  next-hop 10.2.0.8\n!\n"
    )
    (route,) = found.policy_routes
    assert [str(hop.gateway) for hop in route.next_hops] == ["10.2.0.9", "10.2.0.8"]
    assert (route.ingress, route.uncertain is not None, [line.number for line in route.sources]) == (
        frozenset(("vlan 10",)), True, [11, 14],
    )  # fmt: skip
    assert not found.doubts


def test_ospf_of_an_interface_whose_process_no_line_declares() -> None:
    found = device(
        HEAD + "interface vlan 10\n  ip address 10.1.0.1 255.255.255.0\n  ip ospf 7 area 0\n!\nrouter ospf 1\n!\n"
    )
    assert [(one.protocol, one.interfaces) for one in found.dynamic_routing] == [
        ("ospf", frozenset()),
        ("ospf", frozenset(("vlan 10",))),
    ]


def test_keys_are_told_without_their_values() -> None:
    source = config_text_from_bytes(
        (
            HEAD + 'tacacs-server host 192.0.2.1 key "S3cret"\nrouter rip\n  neighbor 192.0.2.9 password "S3cret"\n!\n'
        ).encode(),
        "sw.cfg",
    )
    (found,) = READER.read(source).devices
    held = [(one.what, one.storage) for one in found.management.credentials]
    assert held == [
        ("tacacs-server host 192.0.2.1 key", Storage.UNKNOWN),
        ("router rip neighbor 192.0.2.9 password", Storage.UNKNOWN),
    ]
    assert "S3cret" not in repr(found)


def test_two_lists_below_line_vty_are_not_told_apart() -> None:
    found = device(
        HEAD
        + "ip access-list standard A\n  10 permit host 10.1.0.9\n!\nip access-list standard B\n  10 permit host 10.1.0.8\n!\n"
        "line vty 0 1\n  ip access-group A vrf all in\n  ip access-group B in\n!\n"
    )
    held = found.filters[found.local_in[0]]
    assert {line.certainty for line in held.lines} == {Certainty.UNCERTAIN}


# --- recognition


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_is_recognised(path: Path) -> None:
    found = recognise(config_text_from_bytes(path.read_bytes(), path.name))
    assert found is not None
    assert found.name == "alaxala"


@pytest.mark.parametrize(
    "text",
    [
        "version 15.2\nhostname sw\ninterface GigabitEthernet0/1\n switchport mode access\nline vty 0 4\nend\n",
        'hostname "ProCurve" ; J9145A Configuration Editor\nvlan 1\n   name "DEFAULT_VLAN"\n',
        "!\nservice password-encryption\nhostname awplus\ninterface port1.0.1\n switchport mode access\nline vty 0 32\nend\n",
        "interface port1.1\n switchport mode access\nvlan 10\nline vty 0 7\n",
        "#\n version 7.1.070, Release 6616P01\n#\n sysname core\nreturn\n",
        '!TL-SG3210\n#\nvlan 20\n name "mgmt"\n#\nhostname "sw-a"\n#\ninterface gigabitEthernet 1/0/1\n  switchport mode trunk\n#\nline vty 0 0\n',
        'hostname "x"\n',
        "",
    ],
)
def test_imitators_are_not_taken_for_it(text: str) -> None:
    assert READER.score(config(text)) < 50


def test_the_old_language_is_named_and_not_read() -> None:
    """AX-04: AX7800R and AX2000R have another language."""
    text = config_text_from_bytes(
        b"line Tokyo ethernet 0/0 {\n  ip 10.1.0.1/24;\n};\nflow filter Tokyo in\n  list 10 ip 10.1.0.0/24 any\n    action drop\n",
        "old.cfg",
    )
    assert recognise(text) is None
    assert vendor_hint(text) == "ALAXALA AX7800R / AX2000R"


# --- data


def test_the_data_files_hold_what_the_code_relies_on() -> None:
    known = names()
    for numbers in (known.tcp_ports, known.udp_ports):
        assert all(0 < number < 65536 for number in numbers.values())
    assert all(0 < number < 256 for number in known.protocols.values())
    modes = flow_modes()
    kinds = {kind for mode in (*modes.incoming.values(), *modes.outgoing.values()) for kind in mode}
    assert kinds == {"mac", "ip", "ip ethernet", "ipv6", "advance"}
    for model in ("AX3660S", "AX3640S", "AX8632R", "AX2530S", ""):
        assert (defaults(model).flow_mode or "custom") in modes.incoming
        assert (defaults(model).flow_out_mode or "layer3-1-out") in modes.outgoing
    assert irrelevance().reason("global", ("spanning-tree", "mode", "pvst")) is not None


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ("global", "ip route 0.0.0.0"), ("global", "interface vlan 10"), ("global", "ip access-list extended L"), ("global", "policy-list 1"),
        ("global", "vrf definition 1"), ("global", "flow detection mode layer3-1"), ("interface", "ip address"), ("interface", "ip access-group"),
        ("interface", "switchport mode"), ("interface", "mac access-group"), ("interface", "tunnel mode"), ("vlan", "vxlan-vni 1"),
        ("line", "transport input"), ("line", "ip access-group"), ("global", "python"), ("global", "nat"), ("interface", "l2vpn"),
    ],
)  # fmt: skip
def test_nothing_that_forwards_or_filters_is_irrelevant(context: str, line: str) -> None:
    assert irrelevance().reason(context, tuple(line.split())) is None


# --- hostile input


WORDS = st.sampled_from(
    ["interface", "vlan", "10", "1-4094", "ip", "ipv6", "access-list", "extended", "standard", "mac", "advance", "permit", "deny", "any", "host",
     "10.1.0.1", "255.255.255.0", "0.0.0.255", "tcp", "eq", "range", "https", "switchport", "mode", "trunk", "allowed", "add", "native", "route",
     "vrf", "router", "ospf", "line", "vty", "0", "access-group", "L", "in", "out", "policy-list", "action", "no", "exit", "!", '"', "#", "range",
     "gigabitethernet", "1/0/1", "channel-group", "vrrp", "2001:db8::/64", "::", "flow", "detection", "snmp-server", "community", "public", "next-hop",
     "hostname", "remark", "encapsulation", "dot1q", "address", "traffic-filter", "helper-address", "forwarding", "definition", "99999999999999999999",
     "username", "password", "exec-timeout", "default_user", "user", "v3", "auth", "dhcp", "snooping", "arp", "inspection", "trust", "dot1x", "port-control",
     "auto", "system-auth-control", "mac-authentication", "port", "mac-address-table", "limit", "maximum", "spanning-tree", "portfast", "bpduguard", "default",
     "enable", "loop-detection", "send-inact-port", "port-channel", "bgp", "neighbor", "remote-as", "peer-group", "network", "area", "authentication", "1"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.lists(WORDS, min_size=1, max_size=8)), max_size=40))
def test_no_text_makes_it_raise(lines: list[tuple[int, list[str]]]) -> None:
    text = "\n".join("  " * indent + " ".join(words) for indent, words in lines)
    read(HEAD + text)
    READER.score(config(text))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_no_characters_make_it_raise(text: str) -> None:
    read(text)
    READER.score(config(text))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_file_cut_inside_a_section_is_doubtful(path: Path) -> None:
    text = path.read_text(encoding="utf-8").rstrip("\n")
    for cut in range(1, len(text) - 1, max(1, len(text) // 40)):
        part = text[:cut]
        last = part.rstrip().rpartition("\n")[2]
        doubts = {doubt.kind for found in read(part).devices for doubt in found.doubts}
        whole = last.strip().startswith("!") or last.endswith(("#", ">")) or last.startswith("CORE#")
        assert whole or DoubtKind.TRUNCATED in doubts, cut


def seconds(text: str) -> float:
    source = config(text)
    start = time.process_time()
    READER.read(source)
    return time.process_time() - start


@pytest.mark.parametrize(
    "make",
    [
        lambda size: "\n".join(f"  {number} permit tcp 10.0.0.0 0.0.0.255 any eq {number % 60000}" for number in range(size)),
        lambda size: "\n".join("interface vlan 10\n  ip address 10.1.0.1 255.255.255.0" for _ in range(size)),
        lambda size: "\n".join(
            f"interface gigabitethernet 1/0/{number}\n  switchport mode trunk\n  ip access-group L in" for number in range(size)
        )
        + "\n".join(f"\ninterface vlan {number}\n  ip access-group L in" for number in range(1, 1000)),
        lambda size: "\n".join(" " * (number % 300) + "permit" for number in range(size)),
        lambda size: "interface range gigabitethernet " + ",".join(f"1/0/{number}" for number in range(size)),
        lambda size: "vlan " + ",".join("1-4094" for _ in range(size)),
        lambda size: "\n".join(f"ip dhcp snooping vlan 1-{number % 4000 + 1}\nusername u{number} exec-timeout 5" for number in range(size)),
        lambda size: "interface gigabitethernet 1/0/1\n" + "\n".join(f"  spanning-tree portfast\n  no loop-detection send-port\n  dot1x port-control auto {number}" for number in range(size)),
        lambda size: "router bgp 1\n" + "\n".join(f"  neighbor 10.0.{number // 250}.{number % 250} remote-as 2" for number in range(size)),
    ],
)  # fmt: skip
def test_time_is_linear(make: Callable[[int], str]) -> None:
    prefix = HEAD + "ip access-list extended L\n"
    small = seconds(prefix + make(1500))
    large = seconds(prefix + make(6000))
    assert large < 12 * small + 1.0


# --- defaults

_SILENT = """#configuration list for {model}
hostname "S"
interface mgmt 0
  ip address 10.9.0.1 255.255.255.0
interface gigabitethernet 1/0/1
  switchport mode access
interface gigabitethernet 1/0/2
  switchport mode trunk
  switchport trunk allowed vlan 10,20
interface vlan 10
  ip address 10.1.0.1 255.255.255.0
  ip helper-address 10.2.0.9
  ip access-group LIST in
  ipv6 traffic-filter SIX in
interface vlan 20
  ip address 10.2.0.1 255.255.255.0
  ip access-group LIST out
ip access-list extended LIST
  10 permit tcp any any
ipv6 access-list SIX
  10 permit tcp any any
"""


@pytest.mark.parametrize("name", default_tables.names(vocabulary._table()))
def test_every_default_of_the_table_decides_something(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = vocabulary._table()
    value = next(value for other, value in default_tables.entries(table) if other == name)
    silent = _SILENT.format(model="AX3660S-24T4X")
    texts = [f"{silent}!", f"{silent}line vty 0 1\n!", f"{silent}line vty 0 1\nip ssh\n!"]
    found = set()
    for word in (value, *default_tables.others(value)):
        default_tables.replace(monkeypatch, vocabulary, default_tables.saying(table, name, word))
        found.add(repr([device(text) for text in texts]))
        default_tables.restore(monkeypatch, vocabulary)
    assert len(found) > 1


@pytest.mark.parametrize(
    ("model", "routes", "mode"),
    [
        ("AX3660S-24T4X", True, "layer3-2"),
        ("AX3640S-24T", True, "layer3-2"),
        ("AX3830S", True, ""),
        ("AX8632R", True, "quantity-oriented"),
        ("AX2530S-24T", None, ""),
        ("AX2630S-24T4XW", None, ""),
        ("AX1240S", None, ""),
        ("IP8800/S3660-24T4X", True, ""),
        ("IP8800/S2530-24T", None, ""),
        ("AX9999", None, ""),
        ("", None, ""),
    ],
)
def test_defaults_by_model(model: str, routes: bool | None, mode: str) -> None:
    assert (defaults(model).routes, defaults(model).flow_mode) == (routes, mode)
