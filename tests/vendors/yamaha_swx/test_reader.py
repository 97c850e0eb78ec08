"""What the cases cannot say: the model itself, recognition against imitators, and hostile input."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.device import Device, DoubtKind, Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceKind, SwitchPort
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.cisco_ios import READER as CISCO_IOS
from secaudit.vendors.reader import ReadConfig
from secaudit.vendors.registry import recognise
from secaudit.vendors.yamaha import READER as YAMAHA
from secaudit.vendors.yamaha_swx import READER
from secaudit.vendors.yamaha_swx.interfaces import vlan_list
from secaudit.vendors.yamaha_swx.vocabulary import interface_names, irrelevance
from tests.vendors.texts import config, read_by

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))


def read(text: str) -> ReadConfig:
    return read_by(READER, text)


def device(text: str) -> Device:
    (only,) = read(text).devices
    return only


def port(text: str) -> SwitchPort:
    found = device(f"interface port1.1\n{text}\nend").interfaces["port1.1"].switch_port
    assert found is not None
    return replace(found, protections_read=frozenset(), protections_untold=frozenset())


# --- ports


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (" switchport", SwitchPort(1)),
        (" switchport mode access\n switchport access vlan 10", SwitchPort(10)),
        (" switchport mode access\n switchport voice vlan 20", SwitchPort(1, frozenset((20,)))),
        (" switchport mode trunk", SwitchPort(1, frozenset(), trunk=True)),
        (
            " switchport mode trunk\n switchport trunk allowed vlan add 10,20-21\n switchport trunk allowed vlan remove 20",
            SwitchPort(1, frozenset((10, 21)), trunk=True),
        ),
        (
            " switchport mode trunk\n switchport trunk allowed vlan all\n switchport trunk native vlan none",
            SwitchPort(None, None, trunk=True),
        ),
        (" switchport mode trunk ingress-filter disable", SwitchPort(1, None, trunk=True)),
    ],
)
def test_layer_2_of_a_port(lines: str, expected: SwitchPort) -> None:
    assert port(lines) == expected


def test_groups_and_private_vlans_are_told_and_prove_nothing() -> None:
    found = port(" switchport multiple-vlan group 1,2\n switchport mode private-vlan host\n"
                 " switchport private-vlan host-association 100 add 103")  # fmt: skip
    assert (found.access_vlan, [line.number for line in found.isolated]) == (100, [2, 4])


def test_members_aggregates_and_several_ports_in_one_block() -> None:
    found = device(
        "interface port1.1-2\n static-channel-group 3\ninterface port1.3\n channel-group 4 mode active\n"
        "interface sa3\n shutdown\ninterface po4\n description trunk to the core\nend"
    ).interfaces
    assert {name: one.member_of for name, one in found.items()} == {
        "port1.1": "sa3", "port1.2": "sa3", "port1.3": "po4", "sa3": None, "po4": None,
    }  # fmt: skip
    assert (found["sa3"].kind, found["sa3"].enabled) == (InterfaceKind.AGGREGATE, False)
    assert found["po4"].description == "trunk to the core"


def test_names_of_interfaces() -> None:
    assert interface_names("port1.1,port2.3-4,vlan10") == ("port1.1", "port2.3", "port2.4", "vlan10")
    assert [interface_names(word) for word in ("port1.0.1", "port1.9-3", "GigabitEthernet0/1", "", "vlan")] == [()] * 5
    assert vlan_list("1-3,7") == {1, 2, 3, 7}


# --- access lists


def test_an_entry_without_number_is_ten_behind_the_highest() -> None:
    found = device(
        "access-list 1 permit tcp any any eq 80\naccess-list 1 25 permit tcp any any eq 81\n"
        "access-list 1 deny any any any\n"
        "vlan access-map M\n match access-list 1\nvlan filter M 1\ninterface vlan1\n ip address 10.0.0.1/24\nend"
    ).filters["vlan1 in"]
    assert [line.label for line in found.lines] == ["10", "25", "35", "no match"]
    assert (found.lines[-1].action, found.default) == (Action.UNKNOWN, Action.PERMIT)


def test_a_list_on_a_port_is_never_relied_on() -> None:
    found = device(
        "access-list 1 10 permit any any any\ninterface port1.1\n access-group 1 in\n"
        "interface vlan1\n ip address 10.0.0.1/24\ninterface vlan2\n ip address 10.0.1.1/24\nend"
    )
    (line,) = found.filters["vlan1 in"].lines
    assert (line.action, line.certainty) == (Action.DENY, Certainty.UNCERTAIN)
    assert [source.number for source in line.sources] == [3]
    assert found.interfaces["vlan2"].filter_in is None


def test_a_later_list_of_the_same_kind_replaces_the_earlier_one() -> None:
    found = device(
        "access-list 1 10 permit any any any\naccess-list 2 10 permit any any any\naccess-list 3001 10 permit any\n"
        "interface port1.1\n access-group 1 in\n access-group 2 in\n access-group 3001 in\n"
        "interface vlan1\n ip address 10.0.0.1/24\nend"
    ).filters["vlan1 in"]
    assert [line.label for line in found.lines] == ["port1.1 access-group 2", "port1.1 access-group 3001"]


# --- the rest


def test_a_no_of_something_that_it_takes_away_is_not_understood() -> None:
    found = read("no access-list 1\nno ip route 10.0.0.0/8 10.1.1.1\nno http-server\nend")
    assert [one.line.number for one in found.coverage.unread] == [1, 2]
    (only,) = found.devices
    assert not next(one for one in only.management.services if one.name == "http").enabled


def test_unread_lines_are_bounded_by_their_interface_or_by_management() -> None:
    found = device("interface vlan1\n frobnicate\ntelnet-server frobnicate\nsnmp-server frobnicate\nend")
    unread = {(one.plane, one.interfaces) for one in found.doubts if one.kind is DoubtKind.UNREAD}
    assert (Plane.TRAFFIC, frozenset({"vlan1"})) in unread
    assert (Plane.MANAGEMENT, None) in unread


def test_a_virtual_address_is_shared_and_has_the_prefix_of_its_interface() -> None:
    found = device("interface vlan1\n ip address 10.0.0.2/24\nrouter vrrp 5 vlan1\n virtual-ip 10.0.0.1\n enable\nend")
    assert [(str(one.address), one.shared) for one in found.interfaces["vlan1"].addresses] == [
        ("10.0.0.2/24", False),
        ("10.0.0.1/24", True),
    ]


def test_dhcp_requests_are_relayed() -> None:
    found = device("dhcp-relay server 10.0.9.9\ninterface vlan1\n ip address 10.0.0.2/24\nend")
    (relay,) = found.relays
    assert (relay.interface, str(relay.target), relay.ports) == ("vlan1", "10.0.9.9", (67,))


@pytest.mark.parametrize(
    ("text", "forwards"),
    [
        ("interface vlan1\n ip address 10.0.0.1/24", False),
        ("interface vlan1\n ip address 10.0.0.1/24\nip route 0.0.0.0/0 10.0.0.254", False),
        ("interface vlan1\n ip address 10.0.0.1/24\nip route 10.9.0.0/16 10.0.0.254", True),
        ("interface vlan1\n ip address 10.0.0.1/24\n ip address 10.0.1.1/24 secondary", True),
        ("interface vlan1\n ip address 10.0.0.1/24\ninterface vlan2\n ip address dhcp", True),
        ("interface vlan1\n ip address 10.0.0.1/24\ninterface vlan2\n ip address 10.0.1.1/24", True),
        ("ip forwarding disable\ninterface vlan1\n ip address 10.0.0.1/24\ninterface vlan2\n ip address 10.0.1.1/24", False),
        ("ip forwarding disable\ninterface vlan1\n ipv6 enable\ninterface vlan2\n ip address 10.0.1.1/24\nip route 10.9.0.0/16 10.0.1.2", True),
        ("ip forwarding enable\ninterface vlan1\n ip address 10.0.0.1/24\ninterface vlan2\n ip address 10.0.1.1/24", True),
    ],
)  # fmt: skip
def test_forwards_is_false_only_when_sure(text: str, forwards: bool) -> None:
    assert device(f"{text}\nend").forwards is forwards


def test_names_of_two_switches_that_are_called_alike() -> None:
    names = [one.name for one in read("hostname S\ninterface vlan1\nend\nhostname S\ninterface vlan1\nend").devices]
    assert names == ["S", "S (2)"]


# --- recognition


def test_own_files_are_recognised() -> None:
    for path in CASES:
        text = config_text_from_bytes(path.read_bytes(), path.name)
        found = recognise(text)
        assert found is not None, path.name
        assert found.name == "yamaha_swx", path.name


IMITATORS = {
    "AlliedWare Plus": "!\nservice password-encryption\nhostname awplus\nvlan database\n vlan 10 name A state enable\n"
    "interface port1.0.1\n switchport\n switchport mode access\n switchport access vlan 10\ninterface vlan10\n"
    " ip address 10.0.0.1/24\nline vty 0 32\nend",
    "Cisco IOS": "Building configuration...\nversion 15.2\nhostname S\ninterface GigabitEthernet0/1\n switchport mode access\n"
    "interface Vlan10\n ip address 10.0.0.1 255.255.255.0\naccess-list 1 permit any\nline vty 0 4\nend",
    "YAMAHA router": "# RTX1210 Rev.14.01.42\nip lan1 address 10.0.0.1/24\nip filter 1 pass * *\nswitch control use lan1 on",
    "NX-OS": "!Command: show running-config\nfeature ssh\nvlan database\ninterface Ethernet1/1\n switchport access vlan 10",
    "ALAXALA": '#Last modified by a at b with version 11\nhostname "S"\nvlan 10\ninterface gigabitethernet 0/1\n switchport mode access',
    "Comware": "#\n version 7.1.070\n sysname S\nvlan 10\ninterface Vlan-interface10\n ip address 10.0.0.1 24\nreturn",
    "AOS-CX": "!Version ArubaOS-CX FL.10.06\nhostname S\nvlan 1,10\ninterface 1/1/1\n vlan access 10",
}


@pytest.mark.parametrize("product", IMITATORS)
def test_look_alikes_are_not_taken_for_it(product: str) -> None:
    assert READER.score(config(IMITATORS[product])) <= 5 or recognise(config(IMITATORS[product])) is not READER
    found = recognise(config(IMITATORS[product]))
    assert found is None or found.name != "yamaha_swx"


def test_it_is_not_taken_for_another() -> None:
    text = config_text_from_bytes(CASES[0].read_bytes(), "x.txt")
    assert CISCO_IOS.score(text) <= 5
    assert YAMAHA.score(text) <= 5


def test_a_single_clue_is_not_enough() -> None:
    assert READER.score(config("interface port1.1\n")) < 50


# --- hostile input


PIECES = st.sampled_from(
    ["interface", "vlan1", "port1.1", "port1.1-99", "access-list", "1", "3001", "2001", "10", "permit", "deny", "any", "host", "tcp",
     "eq", "range", "0.0.0.255", "10.0.0.0/8", "switchport", "trunk", "allowed", "vlan", "add", "1-4094", "access-group", "in", "out", "no",
     "telnet-server", "access", "snmp-server", "community", "ip", "ipv6", "route", "address", "filter", "database", "state", "disable",
     "router", "vrrp", "virtual-ip", "end", "hostname", "match", "access-map", "username", "password", "********", "user", "group", "auth", "http-server",
     "login-timeout", "aaa", "authentication", "dot1x", "port-control", "auto", "auth-mac", "enable", "port-security", "spanning-tree",
     "bpdu-guard", "loop-detect", "blocking", "static-channel-group", "sa1", "banner", "²", "\x00", "　"]
)  # fmt: skip
LINES = st.lists(
    st.builds(
        lambda pad, words: pad + " ".join(words), st.sampled_from(["", " ", "  ", "\t"]), st.lists(PIECES, max_size=8)
    )
)


@settings(max_examples=200, deadline=None)
@given(lines=LINES)
def test_any_mixture_of_words_is_read_without_raising(lines: list[str]) -> None:
    read("\n".join(lines))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_file_cut_anywhere_is_read_and_never_certain(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for count in range(1, len(lines), 7):
        if "end" in lines[:count]:
            break
        last = read("\n".join(lines[:count])).devices[-1]
        assert any(one.kind is DoubtKind.TRUNCATED and one.plane is Plane.TRAFFIC for one in last.doubts)


HUGE = {
    "entries": "\n".join(f"access-list 1 {n % 65535 + 1} permit tcp any 10.{n % 256}.0.0 0.0.255.255 eq {n % 65536}" for n in range(40_000)),
    "blocks": "\n".join(f"interface port1.{n % 99}\n switchport\n switchport mode access\n no shutdown" for n in range(10_000)),
    "wide blocks": "\n".join("interface port1.1-64\n switchport trunk allowed vlan add 1-4094" for _ in range(300)),
    "deep": "\n".join(" " * (n % 2000) + "vlan 1" for n in range(40_000)),
    "maps": "vlan access-map M\n" + "\n".join(f" match access-list {n % 4000 + 1}" for n in range(40_000)),
    "filters": "\n".join(f"vlan filter M {n % 4094 + 1} in" for n in range(40_000)),
    "guards": "interface port1.1-64\n" + "\n".join(f" spanning-tree w{n} enable\n loop-detect enable" for n in range(3_000)),
    "one line": "access-list 1 10 permit " + "any " * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_huge_files_take_seconds(name: str) -> None:
    source = config(HUGE[name] + "\nend")
    start = time.process_time()
    READER.read(source)
    READER.score(source)
    assert time.process_time() - start < 5


def test_irrelevant_lines_have_reasons_in_both_languages() -> None:
    reason = irrelevance().reason("global", ("no", "spanning-tree", "mode"))
    assert reason is not None
    assert reason[1].ja
    assert reason[1].en


def test_a_member_of_an_aggregate_that_is_not_there_is_a_doubt() -> None:
    found = device("interface port1.1\n static-channel-group 9\ninterface vlan1\n ip address 10.0.0.1/24\nend")
    assert [(one.kind, one.interfaces) for one in found.doubts if one.plane is Plane.TRAFFIC] == [
        (DoubtKind.UNDEFINED, frozenset({"port1.1"}))
    ]


def test_a_terminal_log_is_read() -> None:
    shown = (
        "SWX-01>enable\r\nSWX-01#show running-config\r\n!\r\nhostname 情報系-01\r\n!\r\ninterface port1.1\r\n switchport\r\n"
        " --More-- \r\n no shutdown\r\n!\r\nl2ms configuration\r\n l2ms role agent\r\n!\r\ntelnet-server enable\r\n!\r\nend\r\n\r\nSWX-01#\r\n"
    )
    text = config_text_from_bytes(shown.encode("cp932"), "x.txt")
    assert recognise(text) is not None
    result = READER.read(text)
    assert [one.name for one in result.devices] == ["情報系-01"]
    assert not result.coverage.unread
    assert not any(one.kind is DoubtKind.TRUNCATED for one in result.devices[0].doubts)
