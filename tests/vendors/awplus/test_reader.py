"""What the cases cannot say: the model itself, recognition against imitators, and hostile input."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.device import Device, DoubtKind, NoticeKind, Stage
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceKind, SwitchPort
from secaudit.network.nat import NatStage, TranslationKind
from secaudit.network.tunnels import Carrier
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.awplus import READER, vocabulary
from secaudit.vendors.awplus.interface_names import canonical, expand
from secaudit.vendors.awplus.vocabulary import defaults, irrelevance, known_applications, names
from secaudit.vendors.common.ledger import NotUnderstoodError
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


def test_the_kind_of_a_list_decides_what_happens_when_nothing_matches() -> None:
    found = device(
        "access-list 3000 permit ip any any\naccess-list 4000 deny any any\naccess-list hardware H\n permit ip any any\n"
        "access-list 10 permit 10.0.0.1\naccess-list 101 permit ip any any\naccess-list standard S permit any\n"
        "ipv6 access-list V\n permit ipv6 any any\nend"
    )
    usual = {name: one.default for name, one in found.filters.items()}
    hardware, software = ("3000", "4000", "H", "V"), ("10", "101", "S")
    assert usual == {**dict.fromkeys(hardware, Action.PERMIT), **dict.fromkeys(software, Action.DENY)}


def test_filter_lines_keep_number_comment_log_and_source() -> None:
    found = device("access-list hardware WEB\n remark public web\n 30 permit tcp any host 10.0.0.1 eq 443 log\nend")
    (line,) = found.filters["WEB"].lines
    assert (line.label, line.comment, line.logged, line.action) == ("30", "public web", True, Action.PERMIT)
    assert [source.number for source in line.sources] == [3]


def test_entries_without_a_number_get_4_8_12() -> None:
    found = device("access-list hardware A\n deny ip any any\n permit ip any any\n 6 permit tcp any any\nend")
    assert [(line.label, line.action) for line in found.filters["A"].lines] == [
        ("4", Action.DENY),
        ("6", Action.PERMIT),
        ("8", Action.PERMIT),
    ]


def test_entries_that_lost_their_indentation_stay_in_their_list() -> None:
    found = device("access-list hardware A\n4 deny ip any any\npermit ip any any\n!\nend")
    assert [line.label for line in found.filters["A"].lines] == ["4", "8"]


def test_unread_entry_is_unknown_and_matches_everything() -> None:
    result = read("access-list hardware X\n 4 sort-of-permit tcp any any eq 80\nend")
    (line,) = result.devices[0].filters["X"].lines
    assert (line.action, line.certainty) == (Action.UNKNOWN, Certainty.UNCERTAIN)
    assert {match.family for match in line.matches} == {4, 6}
    assert [(one.line.number, one.could_matter) for one in result.coverage.unread] == [(2, True)]


def test_an_unknown_condition_at_the_end_only_narrows() -> None:
    result = read("access-list hardware X\n 4 deny tcp any 10.0.0.0/8 eq 80 colour blue\nend")
    (line,) = result.devices[0].filters["X"].lines
    assert (line.action, line.certainty) == (Action.DENY, Certainty.UNCERTAIN)
    assert line.matches[0].destinations == ((10 << 24, (11 << 24) - 1),)


@pytest.mark.parametrize(
    "entry", ["permit tcp any any eq 80 443", "deny tcp any any eq 80 443", "permit ip any any colour"]
)
def test_what_may_be_about_more_is_unknown(entry: str) -> None:
    (line,) = device(f"access-list hardware X\n 4 {entry}\nend").filters["X"].lines
    assert (line.action, line.certainty) == (Action.UNKNOWN, Certainty.UNCERTAIN)


def test_unused_lists_are_told() -> None:
    found = device("access-list hardware A\n deny ip any any\naccess-list 10 permit any\nvty access-class 10\nend")
    assert [notice.kind for notice in found.notices] == [NoticeKind.UNUSED_FILTER]


def test_the_pipeline_filters_ports_first_and_the_firewall_after_the_destination_was_translated() -> None:
    order = device("hostname A\nend").pipeline
    assert order.index(Stage.INGRESS_FILTER) < order.index(Stage.INGRESS_NAT) < order.index(Stage.POLICY)
    assert order.index(Stage.POLICY) < order.index(Stage.EGRESS_NAT)


# --- interfaces


def test_names_ranges_and_lists() -> None:
    assert expand("port1.0.2-1.0.4,sa1") == ["port1.0.2", "port1.0.3", "port1.0.4", "sa1"]
    assert expand("po1-2") == ["po1", "po2"]
    assert canonical("lo") == "lo"


@pytest.mark.parametrize(
    "wrong", ["", "port", "frob1", "port1.0.4-1.0.2", "port1.0.1-2.0.4", "vlan1-9999999", "vlan2-x"]
)
def test_what_is_no_interface(wrong: str) -> None:
    with pytest.raises(NotUnderstoodError):
        expand(wrong)


def test_switch_ports() -> None:
    interfaces = device(
        "interface port1.0.1\n switchport access vlan 10\n switchport voice vlan 20\n"
        "interface port1.0.2\n switchport mode trunk\n switchport trunk allowed vlan add 5-6\n switchport trunk native vlan none\n"
        "interface port1.0.3\n switchport mode trunk\n switchport trunk allowed vlan all\n"
        "interface port1.0.4\n switchport mode trunk\n switchport trunk allowed vlan except 2-4094\n"
        "interface port1.0.5\n switchport mode access ingress-filter disable\n"
        "interface port1.0.6\n"
        "interface port1.0.7\n switchport mode trunk\nend"
    ).interfaces
    found = {
        name: replace(one.switch_port, protections_read=frozenset())
        for name, one in interfaces.items()
        if one.switch_port is not None
    }
    assert found["port1.0.1"] == SwitchPort(10, frozenset((20,)))
    assert found["port1.0.2"] == SwitchPort(None, frozenset((5, 6)), trunk=True)
    assert found["port1.0.3"] == SwitchPort(1, None, trunk=True)
    assert found["port1.0.4"] == SwitchPort(1, frozenset((1,)), trunk=True)
    assert found["port1.0.5"] == SwitchPort(1, None)
    assert found["port1.0.6"] == SwitchPort(1, frozenset())
    assert found["port1.0.7"] == SwitchPort(1, frozenset(), trunk=True)


def test_private_vlans_isolate_and_prove_nothing() -> None:
    found = device(
        "interface port1.0.1\n switchport mode private-vlan host\n switchport private-vlan host-association 2 add 3\nend"
    ).interfaces["port1.0.1"]
    assert found.switch_port is not None
    assert (found.switch_port.access_vlan, [line.number for line in found.switch_port.isolated]) == (2, [3])


def test_kinds_members_and_sub_interfaces() -> None:
    found = device(
        "interface port1.0.1\n channel-group 1 mode active\ninterface port1.0.2\n static-channel-group 3\n"
        "interface po1\ninterface sa3\ninterface eth1\n encapsulation dot1q 7\ninterface eth1.7\ninterface lo\n"
        "interface ppp0\n ip address negotiated\ninterface br2\ninterface tunnel4\n tunnel mode gre\nend"
    ).interfaces
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "port1.0.1": InterfaceKind.PHYSICAL,
        "port1.0.2": InterfaceKind.PHYSICAL,
        "po1": InterfaceKind.AGGREGATE,
        "sa3": InterfaceKind.AGGREGATE,
        "eth1": InterfaceKind.PHYSICAL,
        "eth1.7": InterfaceKind.VLAN,
        "lo": InterfaceKind.LOOPBACK,
        "ppp0": InterfaceKind.DIALER,
        "br2": InterfaceKind.BRIDGE,
        "tunnel4": InterfaceKind.TUNNEL,
    }
    assert (found["port1.0.1"].member_of, found["port1.0.2"].member_of) == ("po1", "sa3")
    assert (found["eth1.7"].parent, found["eth1.7"].vlan) == ("eth1", 7)
    assert found["ppp0"].dynamic_address
    assert found["tunnel4"].tunnel is not None and found["tunnel4"].tunnel.carrier is Carrier.GRE


def test_a_doubt_about_a_port_is_one_about_the_interfaces_of_its_vlans() -> None:
    found = device(
        "interface port1.0.1\n switchport mode trunk\n switchport trunk allowed vlan add 10\n frobnicate\n"
        "interface vlan1\ninterface vlan10\ninterface vlan20\nend"
    )
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, frozenset(("port1.0.1", "vlan1", "vlan10")))]


def test_an_unknown_kind_of_tunnel_is_a_doubt() -> None:
    found = device("interface tunnel1\n tunnel mode warp\n ip address 10.0.0.1/30\nend")
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, frozenset(("tunnel1",)))]


def test_relays() -> None:
    found = device("interface vlan1\n ip helper-address 10.0.0.9\n ip dhcp-relay server-address 10.0.0.8\nend")
    assert [(one.interface, str(one.target)) for one in found.relays] == [("vlan1", "10.0.0.9"), ("vlan1", "10.0.0.8")]


def test_a_line_of_another_mode_leaves_the_interface() -> None:
    found = device("interface vlan1\n ip address 10.0.0.1/24\n ip route 10.9.0.0/16 10.0.0.2\nend")
    assert [str(route.prefix) for route in found.routes] == ["10.9.0.0/16"]


# --- firewall and NAT

FIREWALL = (
    "zone A\n network N\n  ip subnet 10.0.0.0/24 interface vlan1\n  ipv6 subnet 2001:db8::/64 interface vlan1\n"
    "zone B\n network M\n  ip subnet 10.9.0.0/24\n  host H\n   ip address 10.9.0.9\n"
    "interface vlan1\n ip address 10.0.0.1/24\ninterface vlan2\n ip address 10.9.0.1/24\n"
)


def test_firewall_lines_name_rule_interfaces_and_evidence() -> None:
    found = device(FIREWALL + "firewall\n rule 7 permit https from A to B.M.H log\n protect\nend")
    firewall = found.filters["firewall"]
    (line,) = firewall.lines
    assert (line.label, line.action, line.ingress, line.egress) == (
        "rule 7",
        Action.PERMIT,
        frozenset(("vlan1",)),
        None,
    )
    assert line.logged and line.certainty is Certainty.ALWAYS
    assert [match.family for match in line.matches] == [4]
    assert (firewall.default, firewall.stateful) == (Action.DENY, True)
    assert [source.text for source in firewall.default_sources] == [" protect"]
    assert found.policies == ("firewall",)
    assert (found.local_in, found.local_out) == (("firewall to the device",), ("firewall from the device",))


def test_no_protect_no_filter() -> None:
    found = device(FIREWALL + "firewall\n rule 7 permit https from A to B.M.H\nend")
    assert (found.policies, found.local_in, found.local_out) == ((), (), ())
    assert [notice.kind for notice in found.notices if notice.kind is NoticeKind.INACTIVE] != []


def test_own_packets_need_rules_too() -> None:
    found = device(
        FIREWALL.replace("   ip address 10.9.0.9", "   ip address dynamic interface vlan2")
        + "firewall\n rule 7 permit dns from B.M.H to B.M\n protect\nend"
    )
    (line,) = found.filters["firewall from the device"].lines
    assert line.certainty is Certainty.ALWAYS
    assert line.matches[0].sources == ((0x0A090001, 0x0A090001),)


def test_nat_rules_are_in_order_and_in_their_stages() -> None:
    found = device(
        FIREWALL
        + "nat\n rule 20 masq any from A to B\n rule 10 portfwd https from A to B.M.H with dst B.M.H dport 8443\n enable\nend"
    )
    assert [(one.label, one.stage) for one in found.nat_rules] == [
        ("rule 10", NatStage.INGRESS),
        ("rule 20", NatStage.EGRESS),
    ]
    forward, masquerade = found.nat_rules
    assert forward.destination is not None and forward.destination.ports == (8443, 8443)
    assert masquerade.source is not None and masquerade.source.kind is TranslationKind.INTERFACE
    assert forward.uncertain is None and masquerade.uncertain is None


def test_a_translation_that_was_not_understood_could_be_any() -> None:
    found = device(FIREWALL + "nat\n rule 5 juggle any from A\n enable\nend")
    assert {(one.stage, one.uncertain is not None) for one in found.nat_rules} == {
        (NatStage.INGRESS, True),
        (NatStage.EGRESS, True),
    }


# --- routing


def test_a_routing_protocol_is_bound_to_the_interfaces_that_its_lines_name() -> None:
    base = "interface vlan1\n ip address 10.1.0.1/24\ninterface vlan2\n ip address 10.2.0.1/24\ninterface vlan3\n ip address 10.3.0.1/24\n"
    found = device(
        base
        + "router ospf 1\n network 10.1.0.0/24 area 0\n network 10.2.0.0 0.0.255.255 area 0\n passive-interface vlan2\n"
        "router rip\n network vlan3\n passive-interface vlan3\nrouter bgp 65000\n neighbor 10.3.0.9 remote-as 65001\nend"
    ).dynamic_routing
    assert [(one.protocol, one.interfaces, one.family) for one in found] == [
        ("ospf", frozenset(("vlan1",)), 4),
        ("rip", frozenset(("vlan3",)), 4),
        ("bgp", None, None),
    ]
    for line in ("network what area 0", "area 1 virtual-link 10.9.9.9", "neighbor 10.1.0.9"):
        (protocol,) = device(base + f"router ospf 1\n network 10.1.0.0/24 area 0\n {line}\nend").dynamic_routing
        assert protocol.interfaces is None, line


def test_a_protocol_that_is_not_known_may_lead_anywhere() -> None:
    found = device("interface vlan1\n ip address 10.1.0.1/24\nrouter babel\nend")
    assert {(one.family, one.interfaces) for one in found.dynamic_routing} == {(4, None), (6, None)}
    assert traffic_doubts(found) == [(DoubtKind.UNREAD, None)]


def test_model_and_name() -> None:
    found = device("hostname KIKAN\nswitch 1 provision x999-99\nend")
    assert (found.name, found.model, [line.number for line in found.identity]) == ("KIKAN", "x999-99", [1, 2])


def test_japanese_in_shift_jis() -> None:
    text = "service password-encryption\nhostname A\ninterface vlan1\n description 基幹系 表示\n ip address 10.0.0.1/24\nend\n"
    (found,) = READER.read(config_text_from_bytes(text.encode("cp932"), "a.conf")).devices
    assert found.interfaces["vlan1"].description == "基幹系 表示"


# --- data files


def test_data_files_are_sane() -> None:
    assert names().ports["https"] == 443
    known = known_applications()
    assert known.unconfirmed <= known.predefined.keys()
    assert not known.inspected & known.predefined.keys()
    reasons = irrelevance()
    assert reasons.reason("global", ("spanning-tree", "mode", "rstp")) is not None
    for line in ("access-group X", "ip route 1.2.3.0/24 1.1.1.1", "vlan filter M vlan-list 1", "bridge 1", "openflow"):
        assert reasons.reason("global", tuple(line.split())) is None, line
    for line in ("switchport trunk allowed vlan add 3", "access-group X", "bridge-group 1", "service-policy input P"):
        assert reasons.reason("interface", tuple(line.split())) is None, line


# --- recognition

IMITATORS = {
    "IOS": "version 15.2\nhostname rt\ninterface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.0\nline vty 0 4\nend",
    "YAMAHA SWX": "!\nservice password-encryption\nvlan database\n vlan 10 name a\ninterface port1.1\n switchport\n switchport mode access\nend",
    "ALAXALA": '#configuration list for AX3660S\nhostname "core"\ninterface gigabitethernet 0/1\n switchport mode access\n',
    "NX-OS": "!Command: show running-config\nfeature interface-vlan\nvlan database\ninterface Ethernet1/1\n",
    "Comware": "#\n version 7.1\n sysname core\ninterface vlan10\n#\nreturn\n",
    "NEC IX": "! NEC Portable Internetwork Core Operating System Software\nhostname ix\nip route default 192.0.2.1\n",
    "ASA": ": Saved\nASA Version 9.12\nhostname asa\naccess-list 101 extended permit ip any any\n",
    "old AlliedWare": 'set system name="ar"\nadd ip int=vlan1 ip=10.0.0.1\nadd firewall policy=p int=vlan1 type=private\n',
}


@pytest.mark.parametrize("text", IMITATORS.values(), ids=IMITATORS.keys())
def test_imitators_are_not_taken_for_it(text: str) -> None:
    assert READER.score(config(text)) <= 10


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases_are_recognised_surely(path: Path) -> None:
    assert READER.score(config(path.read_text(encoding="utf-8"))) >= 50


# --- files that are hard to read


def test_two_devices_in_one_file_have_their_own_doubts() -> None:
    one = "hostname A\nfrobnicate\ninterface vlan1\n ip address 10.0.0.1/24\nend\n"
    two = "hostname B\ninterface vlan1\n ip address 10.0.0.2/24\nend\n"
    first, second = read(one + two).devices
    assert (first.name, second.name) == ("A", "B")
    assert traffic_doubts(first) == [(DoubtKind.UNREAD, None)]
    assert traffic_doubts(second) == []


def test_a_file_that_a_terminal_wrapped_at_80_columns() -> None:
    text = (CASES[0].parent / "acl_no_implicit_deny.conf").read_text(encoding="utf-8").replace("LIMIT", "L" * 70)
    wrapped = "\n".join(
        part for line in text.splitlines() for part in ([line[:80], line[80:]] if len(line) > 80 else [line])
    )
    (found,) = READER.read(config_text_from_bytes(wrapped.encode(), "wrapped.conf")).devices
    lines = found.filters["L" * 70].lines
    assert [line.action for line in lines] == [Action.PERMIT, Action.DENY]


def test_prompts_and_pager_remains() -> None:
    text = "awplus#show running-config\nservice password-encryption\n!\nhostname A\n--More--\ninterface vlan1\n ip address 10.0.0.1/24\nend\nawplus#exit\n"
    (found,) = READER.read(config_text_from_bytes(text.encode(), "log.txt")).devices
    assert (found.name, traffic_doubts(found)) == ("A", [])


# --- hostile input

VOCABULARY = (
    "interface port1.0.1 port1.0.1-1.0.9 vlan1 vlan10 vlan database access-list 3000 4000 10 100 hardware X permit deny ip tcp any host 10.0.0.0/8 "
    "10.0.0.1 0.0.0.255 eq range 80 no access-group ipv6 traffic-filter zone network A A.N A.N.H host subnet address dynamic firewall rule 5 "
    "from to protect nat masq portfwd netmap with src dst dport enable application protocol sport route vrf router ospf vrrp virtual-ip switchport "
    "mode trunk allowed add 1-4094 native none bridge-group 1 tunnel source end hostname line vty access-class snmp-server community ! -1 é"
)
WORDS = st.sampled_from(VOCABULARY.split())
LINES = st.lists(st.tuples(st.sampled_from(("", " ", "  ", "   ")), st.lists(WORDS, max_size=9)), max_size=25)


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_any_words_in_any_order(lines: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(indent + " ".join(words) for indent, words in lines)
    read(text)
    assert 0 <= READER.score(config(text)) <= 100


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    result = read(text)
    assert result.devices


HOSTILE = {
    "entries": "access-list hardware A\n" + " deny ip 10.0.0.0 0.255.0.255 any\n" * 5000,
    "unread entries": "access-list hardware A\n" + " deny ip what any\n" * 5000,
    "removals": "access-list hardware A\n" + " 4 deny ip any any\n" * 2000 + " no 4\n" * 5000,
    "ranges": "interface vlan1-4094\n" + " ip address 10.0.0.1/24\n" * 3000 + "interface port1.0.1-1.0.4000\n" * 300,
    "ports and VLANs": "access-list 3000 deny ip any any\n"
    + "".join(
        f"interface port1.0.{number}\n access-group 3000\n switchport mode trunk\n switchport trunk allowed vlan except {number}\n"
        for number in range(1, 1500)
    )
    + "interface vlan1-2000\n ip address 10.0.0.1/24\n",
    "different lists": "".join(
        f"access-list {3000 + number} deny tcp any any eq {number}\ninterface port1.0.{number}\n access-group {3000 + number}\n"
        for number in range(1, 600)
    )
    + "interface vlan1\n ip address 10.0.0.1/24\n",
    "entities": "zone A\n"
    + "".join(f" network N{number}\n  ip subnet 10.0.0.0/24 interface vlan{number % 4094}\n" for number in range(1, 3000))
    + "firewall\n" + " rule permit any from A to A\n" * 2000 + " protect\n",
    "one name often": "zone A\n network N\n  ip subnet 10.0.0.0/8\n" * 3000,
    "VLAN filters": "access-list 3000 deny ip any any\nvlan access-map M\n" + " match access-group 3000\n" * 2000
    + "vlan filter M vlan-list 1-4094 input\n" * 2000 + "interface vlan1-4094\n",
    "translations": "zone A\n network N\n" + "".join(f"  ip subnet 10.{n % 250}.{n // 250}.0/24\n" for n in range(3000))
    + "nat\n" + " rule masq any from A to A\n" * 3000 + " enable\n",
    "deep": "".join(" " * depth + "interface vlan1\n" for depth in range(1500)),
    "routes": "ip route 10.0.0.0/8 10.0.0.1 5\n" * 5000 + "ip route what\n" * 5000,
    "ends": "hostname a\nend\n" * 1500,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_takes_no_more_than_its_length(text: str) -> None:
    started = time.process_time()
    read(text + "end")
    assert time.process_time() - started < 6


def test_too_many_differently_configured_ports_are_said() -> None:
    text = "".join(
        f"access-list hardware L{number}\n deny tcp any any eq {number}\n"
        f"interface port1.{number // 500}.{number % 500}\n access-group L{number}\n"
        for number in range(2500)
    )
    found = device(text + "interface vlan1\n ip address 10.0.0.1/24\nend")
    assert DoubtKind.TOO_COMPLEX in {doubt.kind for doubt in found.doubts}


# --- defaults

_SILENT = """hostname S
boot system flash:/x510-5.4.9-1.1.rel
interface port1.0.1
 switchport
interface port1.0.2
 switchport
 switchport mode trunk
interface vlan10
 ip address 10.1.0.1/24
 ipv6 address 2001:db8:1::1/64
 ip helper-address 10.2.0.9
 ip dhcp-relay server-address 2001:db8:2::9
interface vlan20
 ip address 10.2.0.1/24
 ipv6 address 2001:db8:2::1/64
line vty 0 4
end
"""


@pytest.mark.parametrize("name", default_tables.names(vocabulary._table()))
def test_every_default_of_the_table_decides_something(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = vocabulary._table()
    value = next(value for other, value in default_tables.entries(table) if other == name)
    found = set()
    for word in (value, *default_tables.others(value)):
        default_tables.replace(monkeypatch, vocabulary, default_tables.saying(table, name, word))
        found.add(repr(device(_SILENT)))
        default_tables.restore(monkeypatch, vocabulary)
    assert len(found) > 1


@pytest.mark.parametrize(
    ("image", "telnet"),
    [
        ("flash:/x930-5.4.9-1.1.rel", True),
        ("x510-5.4.2-0.1.rel", True),
        ("x510-5.3.4-0.1.rel", None),
        ("flash:/x530-5.5.0-0.1.rel", None),
        ("flash:/own.rel", None),
    ],
)
def test_defaults_by_the_release_that_boots(image: str, telnet: bool | None) -> None:
    found = device(f"hostname S\nboot system {image}\nservice http\nline vty 0 4\nend")
    on = {one.name: one.enabled for one in found.management.services}
    assert (on.get("telnet"), on.get("ssh")) == (telnet, None)
    assert DoubtKind.UNSUPPORTED in [one.kind for one in found.doubts]
    assert defaults(None).services["telnet"] is None
