"""What the cases cannot say: the model itself, recognition against imitators, and hostile input."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.device import Device, DoubtKind, NoticeKind, Plane, Stage
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import Interface, InterfaceKind, SwitchPort
from secaudit.network.routes import Relay
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes
from secaudit.text.secrets import mask_line
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_ios import READER as IOS
from secaudit.vendors.cisco_nxos import READER
from secaudit.vendors.cisco_nxos.defaults import defaults
from secaudit.vendors.cisco_nxos.vocabulary import interface_name
from secaudit.vendors.reader import ReadConfig

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))
END = "\nline vty\n"


def config(text: str, file: str = "configs/sw-01.cfg") -> ConfigText:
    lines = tuple(SourceLine(file, number, line) for number, line in enumerate(text.split("\n"), 1))
    return ConfigText(file, lines, "UTF-8", len(text), "0" * 64)


def read(text: str) -> ReadConfig:
    """Reads, and checks that every line is in exactly one class."""
    source = config(text)
    result = READER.read(source)
    coverage = result.coverage
    told = [*coverage.used, *coverage.irrelevant, *(one.line.number for one in coverage.unread)]
    assert sorted(told) == [line.number for line in source.lines]
    return result


def device(text: str) -> Device:
    (only,) = read(text).devices
    return only


def traffic_doubts(found: Device) -> list[tuple[DoubtKind, frozenset[str] | None]]:
    return [(doubt.kind, doubt.interfaces) for doubt in found.doubts if doubt.plane is Plane.TRAFFIC]


# --- filters


def test_filter_lines_keep_number_comment_log_and_source() -> None:
    found = device(f"ip access-list WEB\n  20 remark public web\n  30 permit tcp any 10.0.0.0/30 eq 443 log{END}")
    (line,) = found.filters["WEB"].lines
    assert (line.label, line.comment, line.logged, line.action) == ("30", "public web", True, Action.PERMIT)
    assert [source.number for source in line.sources] == [3]
    assert found.filters["WEB"].default is Action.DENY
    assert [source.number for source in found.filters["WEB"].default_sources] == [1]


def test_unread_entry_is_unknown_and_matches_everything() -> None:
    result = read(f"ip access-list X\n  10 permit tcp any any eq 80 frobnicate{END}")
    (line,) = result.devices[0].filters["X"].lines
    assert (line.action, line.certainty) == (Action.UNKNOWN, Certainty.UNCERTAIN)
    assert [(one.line.number, one.could_matter) for one in result.coverage.unread] == [(2, True)]


def test_an_entry_with_the_number_of_a_remark_is_not_sure() -> None:
    found = device(f"ip access-list X\n  10 remark here\n  10 deny tcp any any\n  20 permit ip any any{END}")
    assert [line.certainty for line in found.filters["X"].lines] == [Certainty.UNCERTAIN, Certainty.ALWAYS]
    assert NoticeKind.OVERWRITTEN in {notice.kind for notice in found.notices}


def test_an_entry_without_a_number_stands_behind_remarks_as_well() -> None:
    found = device(f"ip access-list X\n  10 permit tcp any any\n  30 remark late\n  deny ip any any{END}")
    assert [line.label for line in found.filters["X"].lines] == ["10", "40"]


@pytest.mark.parametrize(
    ("line", "doubtful"),
    [
        ("resequence ip access-list X 100 10", False),
        ("resequence ip access-list NOPE 100 10", True),
        ("resequence ip access-list X 100", True),
    ],
)
def test_a_list_is_numbered_anew(line: str, doubtful: bool) -> None:
    found = device(f"ip access-list X\n  7 permit tcp any any\n  9 deny ip any any\n{line}{END}")
    assert (traffic_doubts(found) == [(DoubtKind.UNREAD, None)]) is doubtful
    assert [one.label for one in found.filters["X"].lines] == (["7", "9"] if doubtful else ["100", "110"])


def test_a_list_that_nothing_names_is_noticed() -> None:
    found = device(f"ip access-list X\n  10 permit ip any any{END}")
    assert [(one.kind, [s.number for s in one.sources]) for one in found.notices] == [(NoticeKind.UNUSED_FILTER, [1])]


# --- interfaces


def test_names_of_interfaces() -> None:
    assert interface_name(("Ethernet1/1/1",)) == ("Ethernet1/1/1", 1)
    assert interface_name(("po10.7",)) == ("port-channel10.7", 1)
    assert interface_name(("vlan", "10", "10.1.1.1")) == ("Vlan10", 2)
    for odd in (("Ethernet1/1-4",), ("Dialer1",), (), ("Ethernet",), ("vlan", "ten")):
        with pytest.raises(ValueError, match=r"interface|name"):
            interface_name(odd)


def layer2(interface: Interface) -> SwitchPort | None:
    """The VLANs of a port, whatever is told of its protection."""
    port = interface.switch_port
    return (
        None
        if port is None
        else replace(port, protections=(), protections_read=frozenset(), protections_untold=frozenset())
    )


def test_kinds_and_switch_ports() -> None:
    found = device(
        "interface port-channel3\n  switchport mode trunk\n  switchport trunk allowed vlan 10-11\n"
        "interface Ethernet1/1\n  channel-group 3 mode active\n"
        "interface Ethernet1/2\n  switchport access vlan 12\n"
        "interface Ethernet1/3\n  no switchport\n"
        "interface Ethernet1/3.9\n  encapsulation dot1q 9\n  ip address 10.9.0.1/24\n"
        "interface loopback0\n  ip address 10.255.0.1/32\n"
        "interface mgmt0\n  ip address 192.0.2.1/24\n"
        f"interface Vlan12\n  ip address 10.12.0.1/24{END}"
    ).interfaces
    assert layer2(found["port-channel3"]) == SwitchPort(1, frozenset((10, 11)), trunk=True)
    assert found["port-channel3"].kind is InterfaceKind.AGGREGATE
    assert found["Ethernet1/1"].member_of == "port-channel3"
    assert layer2(found["Ethernet1/2"]) == SwitchPort(12)
    assert found["Ethernet1/3"].switch_port is None
    assert (found["Ethernet1/3.9"].vlan, found["Ethernet1/3.9"].parent) == (9, "Ethernet1/3")
    assert found["loopback0"].kind is InterfaceKind.LOOPBACK
    assert (found["mgmt0"].vrf, found["mgmt0"].switch_port) == ("management", None)
    assert (found["Vlan12"].vlan, found["Vlan12"].kind) == (12, InterfaceKind.VLAN)


def test_ports_are_routed_where_the_default_says_so() -> None:
    text = "no system default switchport\ninterface Ethernet1/1\n  no shutdown\ninterface Ethernet1/2\n  switchport"
    found = device(text + END).interfaces
    assert found["Ethernet1/1"].switch_port is None
    assert layer2(found["Ethernet1/2"]) == SwitchPort(1)


def test_a_virtual_address_has_the_length_of_its_subnet() -> None:
    found = device(
        "feature hsrp\ninterface Ethernet1/1\n  no switchport\n  ip address 10.1.0.2/25\n  ip address 10.2.0.2/26 secondary\n"
        f"  hsrp 1\n    ip 10.2.0.1\n    ip 10.9.0.1 secondary{END}"
    )
    shared = [str(one.address) for one in found.interfaces["Ethernet1/1"].addresses if one.shared]
    assert shared == ["10.2.0.1/26", "10.9.0.1/32"]


def test_relays() -> None:
    found = device(f"interface Vlan10\n  ip address 10.1.0.1/24\n  ip dhcp relay address 10.9.0.5{END}")
    (relay,) = found.relays
    assert isinstance(relay, Relay)
    assert (relay.interface, str(relay.target), relay.ports) == ("Vlan10", "10.9.0.5", (67, 68))


# --- the device


def test_identity_version_and_order() -> None:
    found = device(f"! PID: N9K-C93180YC-EX   , VID: V01\nversion 10.2(3) Bios:version 05.45\nhostname CORE{END}")
    assert (found.name, found.version, found.model) == ("CORE", "10.2(3)", "N9K-C93180YC-EX")
    assert [line.number for line in found.identity] == [2, 3, 1]
    assert found.pipeline == (Stage.INGRESS_FILTER, Stage.ROUTE, Stage.EGRESS_FILTER)


def test_without_a_hostname_the_file_names_it() -> None:
    assert device("feature lacp" + END).name == "sw-01"


def test_each_hostname_is_a_device_and_takes_its_heading() -> None:
    text = f"!Command: show running-config\nversion 9.3(8)\nhostname A{END}!Command: show running-config\nversion 7.3(1)D1(1)\nhostname B{END}"
    assert [(one.name, one.version) for one in read(text).devices] == [("A", "9.3(8)"), ("B", "7.3(1)D1(1)")]


@pytest.mark.parametrize(
    ("version", "telnet", "http"),
    [
        ("9.3(8)", False, False),
        ("10.2(3)", False, False),
        ("7.0(3)I7(6)", False, True),
        ("7.3(13)N1(1)", None, None),
        ("5.2(1)", None, None),
        ("", None, None),
        ("11.1(1)", None, None),
    ],
)
def test_defaults_by_release(version: str, telnet: bool | None, http: bool | None) -> None:
    held = defaults(version)
    assert (held.telnet, held.nxapi_http) == (telnet, http)


def test_the_policy_of_the_vendor_for_the_control_plane_only_limits_rates() -> None:
    assert device(f"control-plane\n  service-policy input copp-system-p-policy-strict{END}").local_in == ()
    assert device(f"control-plane\n  service-policy input OWN{END}").local_in == ("management access",)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("5bceb97 priv 0x895d2007 localizedkey", "******** priv ******** localizedkey"),
        ("x7D  role network-admin", "********  role network-admin"),
        ("\tx7D\trole\tvdc-operator", "\t********\trole\tvdc-operator"),
        (" role network-admin", " role network-admin"),
        ("role name network-helper", "role name network-helper"),
        ("username kanri role network-operator", "username kanri role network-operator"),
    ],
)
def test_the_rest_of_a_secret_that_a_terminal_cut_is_masked(line: str, masked: str) -> None:
    assert mask_line(line) == masked


def _wrapped(line: str) -> list[str]:
    return [line[place : place + 80] for place in range(0, max(len(line), 1), 80)]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_a_terminal_cut_at_80_columns_is_joined_again(ending: str) -> None:
    entry = "  10 permit tcp 10.111.222.0 0.0.0.255 10.222.111.192 0.0.0.63 eq 44300 established log"
    lines = ["version 9.3(8)", "hostname A", "ip access-list X", entry, "  20 deny ip any any", "line vty"]
    cut = ending.join(part for line in lines for part in _wrapped(line))
    result = READER.read(config_text_from_bytes(cut.encode(), "a.cfg"))
    first = result.devices[0].filters["X"].lines[0]
    assert (result.coverage.unread, first.logged) == ((), True)
    assert first.matches[0].services[0].destination_ports == ((44300, 44300),)


def test_lines_padded_to_80_columns_say_the_same() -> None:
    text = "version 9.3(8)\nhostname A\nip access-list X\n  10 permit tcp any 10.0.0.0/8 eq www\nline vty"
    padded = "\n".join(line.ljust(80) for line in text.split("\n"))
    (plain,), (other,) = (READER.read(config_text_from_bytes(one.encode(), "a")).devices for one in (text, padded))
    assert other.filters["X"].lines[0].matches == plain.filters["X"].lines[0].matches
    assert not traffic_doubts(other)


# --- recognition


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases_are_recognised_and_are_not_ios(path: Path) -> None:
    text = config(path.read_text(encoding="utf-8"))
    assert READER.score(text) >= 60
    assert IOS.score(text) <= READER.score(text) - 10


@pytest.mark.parametrize(
    "text",
    [
        "Building configuration...\n!\nversion 15.2\nhostname R\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.0.0.0\nend",
        "! Command: show running-config\n! device: sw (vEOS, EOS-4.20)\nhostname sw\ninterface Ethernet1\n   no switchport",
        "#\n version 7.1\n sysname S\n#\ninterface Vlan-interface10\n#\nreturn",
        "interface port1.0.1\n switchport mode access\nvlan database\n vlan 10",
        ": Saved\nASA Version 9.1(2)\nhostname fw\ninterface Ethernet0/0\n nameif outside",
    ],
)
def test_imitators_are_not_taken_for_it(text: str) -> None:
    assert READER.score(config(text)) <= 10


# --- hostile input


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "interface",
        "interface Vlan",
        "ip access-list",
        "ip access-list X\n  99999999999999999999 permit ip any any",
        "ip access-list X\n  10 permit tcp any any range 9 1",
        "object-group\nobject-group ip address\nobject-group ip port X\n  10 neq 70000",
        "interface Ethernet1/1\n  ip address 10.0.0.1/99\n  ip address\n  channel-group",
        "interface Vlan10\n  hsrp 1\n    ip 10.0.0.999\n      ip 1",
        "vrf context\nvrf context A B\nrouter\nrouter bgp",
        "ip route\nip route 10.0.0.0/33 10.0.0.1\nip route 10.0.0.0/8",
        "snmp-server community\nsnmp-server community X use-acl\nntp server\nlogging server\nusername\nip name-server",
        "nxapi http port\nno nxapi\nssh port\nssh port x\nfeature\nno feature",
        "vlan x\nvlan\nvlan filter\nvlan access-map\nroute-map\nline\nline vty\n  access-class",
        "banner motd #\nnever closed",
        "fex 101\n" * 3,
        "version\nhostname\nhostname \nhostname A\nhostname B",
        "\x00\x00\n\u3000\u3000\n\t\t",
    ],
)
def test_nothing_raises(text: str) -> None:
    read(text)


_WORDS = st.sampled_from(
    [
        "interface",
        "Vlan10",
        "Ethernet1/1",
        "mgmt0",
        "ip",
        "ipv6",
        "access-list",
        "access-group",
        "X",
        "in",
        "out",
        "permit",
        "deny",
        "tcp",
        "any",
        "host",
        "10.0.0.1",
        "10.0.0.0/8",
        "0.0.0.255",
        "addrgroup",
        "portgroup",
        "eq",
        "range",
        "80",
        "object-group",
        "address",
        "port",
        "route",
        "vrf",
        "context",
        "member",
        "default",
        "hsrp",
        "1",
        "no",
        "feature",
        "switchport",
        "mode",
        "trunk",
        "allowed",
        "vlan",
        "1-4094",
        "line",
        "vty",
        "access-class",
        "snmp-server",
        "community",
        "use-acl",
        "group",
        "fragments",
        "permit-all",
        "route-map",
        "set",
        "next-hop",
        "router",
        "ospf",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.lists(_WORDS, min_size=1, max_size=7)), max_size=30))
def test_no_arrangement_of_words_raises(lines: list[tuple[int, list[str]]]) -> None:
    read("\n".join("  " * indent + " ".join(words) for indent, words in lines))


def test_time_is_linear_in_the_number_of_lines() -> None:
    def took(count: int) -> float:
        entries = "\n".join(
            f"  {number} permit tcp 10.0.0.0/8 host 10.1.0.1 eq {number % 60000}" for number in range(1, count)
        )
        ports = "\n".join(f"interface Ethernet1/{number}\n  switchport access vlan 7" for number in range(count // 4))
        text = config(f"ip access-list X\n{entries}\n{ports}{END}")
        start = time.process_time()
        READER.read(text)
        return time.process_time() - start

    took(1000)
    small = min(took(4000) for _ in range(2))
    assert took(32000) < max(24 * small, 2.0)
