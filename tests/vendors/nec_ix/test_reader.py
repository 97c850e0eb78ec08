"""What the cases cannot say: the model itself, replies, recognition against imitators, and hostile input."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.flows.modes import Mode
from secaudit.flows.replay import explain, replay, replay_connection
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import TraceVerdict
from secaudit.network.device import Device, DoubtKind, NoticeKind, Stage
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.tunnels import Carrier, Proposal
from secaudit.packets.packet import Packet
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.nec_ix import READER
from secaudit.vendors.nec_ix.defaults import defaults
from secaudit.vendors.nec_ix.vocabulary import irrelevance
from secaudit.vendors.reader import ReadConfig
from tests.vendors.cases import expected_of, readers
from tests.vendors.texts import config, read_by, traffic_doubts

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))
HEADER = "! NEC Portable Internetwork Core Operating System Software\n! IX Series IX2215 (magellan-sec) Software, Version 10.7.18, RELEASE SOFTWARE\n"
WAN = "interface GigaEthernet0.0\n  ip address 203.0.113.1/24\n  no shutdown\n  "
LAN = "\ninterface GigaEthernet1.0\n  ip address 192.168.10.1/24\n  no shutdown\n"


def read(text: str) -> ReadConfig:
    return read_by(READER, text)


def device(text: str) -> Device:
    (only,) = read(text).devices
    return only


# --- the model


def test_identity_is_told_by_the_header() -> None:
    found = device(HEADER + "hostname IX-01\n" + WAN + LAN)
    assert (found.name, found.model, found.version) == ("IX-01", "IX2215", "10.7.18")
    assert [line.number for line in found.identity] == [2, 3]


def test_without_any_header_the_first_lines_are_the_evidence() -> None:
    found = device(WAN + LAN)
    assert (found.name, found.model, found.version) == ("device-01", "", "")
    assert [line.number for line in found.identity] == [1, 5]
    assert {one.name for one in found.management.services if one.by_default} == set(defaults().services)


def test_outgoing_filters_see_packets_of_the_device_itself() -> None:
    """NE-12: who closes the outgoing direction stops the device's own NTP, DNS and logs."""
    assert device(HEADER + WAN + LAN).filters_own_packets


def test_filters_stand_before_translation_on_both_ways() -> None:
    """NE-30: the filters hold for both orders because they are written in terms of this one."""
    pipeline = device(HEADER + WAN + LAN).pipeline
    assert pipeline.index(Stage.INGRESS_FILTER) < pipeline.index(Stage.INGRESS_NAT)
    assert pipeline.index(Stage.EGRESS_FILTER) < pipeline.index(Stage.EGRESS_NAT)


def test_denials_are_logged_when_the_filter_may_warn() -> None:
    text = HEADER + "{}\nip access-list l deny ip src any dest any\n" + WAN + "ip filter l 1 in{}\n" + LAN
    for line, option, logged in (
        ("logging subsystem all warn", "", True),
        ("logging subsystem all warn\nlogging subsystem flt error", "", False),
        ("logging subsystem flt notice", "", True),
        ("logging subsystem all warn", " suppress-logging", False),
        ("!", "", False),
    ):
        found = device(text.format(line, option))
        filter_ = found.filters[found.interfaces["GigaEthernet0.0"].filter_in or ""]
        assert (filter_.lines[0].logged, filter_.default_logged) == (logged, logged), line
        assert found.management.logging_denied is (logged or "suppress" in option)


def test_interfaces_of_one_list_share_one_filter_whose_default_names_all_of_them() -> None:
    found = device(
        HEADER
        + "ip access-list l permit ip src any dest any\n"
        + WAN
        + "ip filter l 1 in\n"
        + LAN
        + "  ip filter l 1 in"
    )
    names = {one.filter_in for one in found.interfaces.values()}
    assert names == {"l"}
    assert [line.number for line in found.filters["l"].default_sources] == [7, 12]


def test_kinds_of_interfaces() -> None:
    found = device(
        HEADER
        + "".join(
            f"interface {name}\n  {line}\n  no shutdown\n"
            for name, line in (
                ("GigaEthernet2:6.1", "encapsulation dot1q 61 tpid 8100"),
                ("GigaEthernet0.1", "encapsulation pppoe"),
                ("BVI1", "ip address 10.0.0.1/24"),
                ("Loopback0.0", "no ip address"),
                ("Tunnel3.0", "tunnel mode gre ip"),
                ("FastEthernet0/0.0", "ip address 10.1.0.1/24"),
            )
        )
    )
    kinds = {name: one.kind for name, one in found.interfaces.items()}
    assert kinds == {
        "GigaEthernet2:6.1": InterfaceKind.VLAN,
        "GigaEthernet0.1": InterfaceKind.DIALER,
        "BVI1": InterfaceKind.BRIDGE,
        "Loopback0.0": InterfaceKind.LOOPBACK,
        "Tunnel3.0": InterfaceKind.TUNNEL,
        "FastEthernet0/0.0": InterfaceKind.PHYSICAL,
    }
    tagged = found.interfaces["GigaEthernet2:6.1"]
    assert (tagged.vlan, tagged.parent) == (61, "GigaEthernet2:6.0")
    assert found.interfaces["GigaEthernet0.1"].dynamic_address


def test_ends_of_tunnels() -> None:
    found = device(
        HEADER
        + "ip access-list all permit ip src any dest any\nipsec autokey-map m all peer 198.51.100.9 p\nipsec dynamic-map d all p ike x\n"
        + WAN
        + "\ninterface Tunnel0.0\n  tunnel mode ipsec\n  ipsec policy tunnel m out\n  no shutdown"
        + "\ninterface Tunnel1.0\n  tunnel mode ipsec\n  ipsec policy tunnel d out\n  no shutdown"
        + "\ninterface Tunnel2.0\n  tunnel mode ipsec-ikev2\n  ikev2 peer any authentication psk id keyid FAR\n  ikev2 outgoing-interface GigaEthernet0.0 203.0.113.254\n  no shutdown"
        + "\ninterface Tunnel3.0\n  tunnel mode gre ip\n  tunnel destination 198.51.100.7\n  tunnel source 203.0.113.1\n  no shutdown\n"
    )
    ends = {name: one.tunnel for name, one in found.interfaces.items() if one.tunnel is not None}
    told = {
        name: (end.carrier, str(end.remote), end.answers, end.local_interface, str(end.local), end.remote_id)
        for name, end in ends.items()
    }
    assert told == {
        "Tunnel0.0": (Carrier.IPSEC, "198.51.100.9", False, None, "None", ""),
        "Tunnel1.0": (Carrier.IPSEC, "None", True, None, "None", ""),
        "Tunnel2.0": (Carrier.IPSEC, "None", True, "GigaEthernet0.0", "None", "FAR"),
        "Tunnel3.0": (Carrier.GRE, "198.51.100.7", False, None, "203.0.113.1", ""),
    }
    assert traffic_doubts(found) == []


_IKEV2 = (
    "\ninterface Tunnel0.0\n  tunnel mode ipsec-ikev2\n  ikev2 sa-proposal enc aes-cbc-256\n  ikev2 sa-proposal integrity sha2-256\n"
    "  ikev2 sa-proposal dh 2048-bit\n  ikev2 peer any authentication psk id keyid FAR\n"
)


def _offered(text: str) -> tuple[Proposal, ...] | None:
    tunnel = device(text).interfaces["Tunnel0.0"].tunnel
    assert tunnel is not None
    return tunnel.proposals


def test_lines_of_ikev2_become_proposals_with_their_lines() -> None:
    told = _offered(HEADER + WAN + _IKEV2 + "  no shutdown\n")
    assert told is not None
    first, second = told
    assert (first.encryption, first.integrity, first.groups, first.ike) == (("aes-256",), ("sha256",), (14,), 2)
    assert [line.text.strip() for line in first.sources][:3] == [
        "ikev2 sa-proposal enc aes-cbc-256",
        "ikev2 sa-proposal integrity sha2-256",
        "ikev2 sa-proposal dh 2048-bit",
    ]
    assert (second.encryption, second.silent) == ((), True)


def test_a_policy_map_beside_a_mode_of_ikev2_tells_nothing() -> None:
    lists = "ip access-list all permit ip src any dest any\nipsec autokey-map m all peer 198.51.100.9 p\n"
    assert _offered(HEADER + lists + WAN + _IKEV2 + "  ipsec policy tunnel m out\n  no shutdown\n") is None


@pytest.mark.parametrize(
    "line",
    ["ikev2", "ikev2 profile", "no ikev2 default-profile", "ikev2 sa-proposal dh 1024-bit", "ikev2 default-profile x"],
)
def test_a_top_level_line_of_ikev2_that_is_not_known_leaves_nothing_told(line: str) -> None:
    told = _offered(HEADER + line + "\n" + WAN + _IKEV2 + "  no shutdown\n")
    assert told is not None
    assert [(one.phase, one.encryption, one.groups, one.silent) for one in told] == [
        (1, (), (), False),
        (2, (), (), False),
    ]


@pytest.mark.parametrize(
    "line",
    ["no ikev2 dpd", "ikev2 authentication psk id keyid FAR key char kagi", "no ikev2 authentication psk id keyid FAR"],
)
def test_a_top_level_line_about_something_else_changes_no_proposal(line: str) -> None:
    told = _offered(HEADER + line + "\n" + WAN + _IKEV2 + "  no shutdown\n")
    assert told is not None
    assert told[0].encryption == ("aes-256",)


@pytest.mark.parametrize(
    "line", ["ikev2 binding", "no ikev2 binding x", "ikev2 sa-proposal", "no ikev2 sa-proposal", "ikev2 child-pfs"]
)
def test_a_line_without_its_words_is_not_silence(line: str) -> None:
    told = _offered(HEADER + WAN + _IKEV2 + f"  {line}\n  no shutdown\n")
    assert told is not None
    assert not all(one.silent for one in told)


def test_bad_slips_of_the_pen_are_told() -> None:
    """NE-17: the network of an interface with another length."""
    found = read(HEADER + "ip access-list l deny ip src 192.168.10.0/25 dest any\n" + WAN + LAN + "  ip filter l 1 in")
    assert [warning.en for warning in found.warnings] == [
        "the prefix in line 3 differs from the network 192.168.10.0/24 of an interface in its length only; check that it is meant"
    ]


def test_every_reason_of_an_irrelevant_line_is_bilingual() -> None:
    reason = irrelevance().reason("global", ("timezone", "+09", "00"))
    assert reason is not None
    assert reason[1].ja != reason[1].en


# --- replies


def works(text: str, packet: str, at: str = "GigaEthernet1.0") -> bool:
    found = device(HEADER + text)
    return replay_connection(build_topology([found]), found.name, at, Packet.parse(packet)).works


OUT = "ip route default 203.0.113.254\n"
CLOSED = "ip access-list close deny ip src any dest any\n"
ALL = "ip access-list all permit ip src any dest any\n"
DYNAMIC = "ip access-list dynamic dyn access all\n"


def test_replies_come_back_by_a_dynamic_list_only() -> None:
    """NE-20: the cache entry of the outgoing packet is looked at before the filter that closes the way in."""
    packet = "tcp 192.168.10.7:4000 > 203.0.113.9:443"
    assert works(OUT + CLOSED + ALL + DYNAMIC + WAN + "ip filter close 1 in\n  ip filter dyn 1 out" + LAN, packet)
    assert not works(OUT + CLOSED + ALL + WAN + "ip filter close 1 in\n  ip filter all 1 out" + LAN, packet)


def test_a_static_list_before_the_dynamic_one_leaves_no_cache_entry() -> None:
    text = (
        OUT + CLOSED + ALL + DYNAMIC + WAN + "ip filter close 1 in\n  ip filter all 1 out\n  ip filter dyn 2 out" + LAN
    )
    assert not works(text, "tcp 192.168.10.7:4000 > 203.0.113.9:443")


def test_replies_to_masqueraded_packets_find_their_way() -> None:
    packet = "tcp 192.168.10.7:4000 > 203.0.113.9:443"
    assert works(OUT + WAN + "ip napt enable" + LAN, packet)
    assert works(
        OUT + CLOSED + ALL + DYNAMIC + WAN + "ip napt enable\n  ip filter close 1 in\n  ip filter dyn 1 out" + LAN,
        packet,
    )
    assert works(
        OUT + "ip access-list back permit tcp src any sport eq 443 dest any dport any\n" + WAN
        + "ip napt enable\n  ip filter back 1 in" + LAN, packet,
    )  # fmt: skip


def test_replies_that_only_one_order_of_filter_and_translation_lets_in_are_not_relied_on() -> None:
    """NE-30: whether the list sees the outer address or the inside host is not confirmed."""
    packet = "tcp 192.168.10.7:4000 > 203.0.113.9:443"
    for destination in ("203.0.113.1/32", "192.168.10.0/24"):
        entry = f"ip access-list back permit tcp src any sport any dest {destination} dport any\n"
        assert not works(OUT + entry + WAN + "ip napt enable\n  ip filter back 1 in" + LAN, packet)


def test_hosts_that_are_not_masqueraded_get_no_replies_for_sure() -> None:
    entry = "ip access-list hidden permit ip src 192.168.10.0/25 dest any\n"
    text = OUT + entry + WAN + "ip napt enable\n  ip napt inside list hidden" + LAN
    assert works(text, "tcp 192.168.10.7:4000 > 203.0.113.9:443")
    assert not works(text, "tcp 192.168.10.200:4000 > 203.0.113.9:443")


# --- both orders of filters and translation


def test_a_long_list_is_read_line_by_line_and_stays_on_the_safe_side() -> None:
    """More pairs than are compared: nothing becomes certain or impossible that is not."""
    entries = [
        f"ip access-list l permit tcp src any sport any dest 10.9.{n // 250}.{n % 250}/32 dport eq 443"
        for n in range(150)
    ]
    entries += ["ip access-list l permit tcp src any sport any dest 203.0.113.1/32 dport eq 443"]
    entries += ["ip access-list l permit tcp src any sport any dest any dport eq 80"]
    statics = "\n".join(f"  ip napt static 192.168.10.5 tcp {port}" for port in (80, 443, 25))
    found = device(HEADER + "\n".join(entries) + "\n" + WAN + "ip napt enable\n  ip filter l 1 in\n" + statics + LAN)
    topology = build_topology([found])
    told = {}
    for port in (80, 443, 25):
        packet = Packet.parse(f"tcp 198.51.100.7:4000 > 203.0.113.1:{port}")
        told[port] = tuple(
            replay(topology, found.name, "GigaEthernet0.0", packet, mode)[0].verdict
            for mode in (Mode.POSSIBLE, Mode.CERTAIN)
        )
    delivered, denied = TraceVerdict.DELIVERED, TraceVerdict.DENIED
    assert told == {80: (delivered, delivered), 443: (delivered, denied), 25: (denied, denied)}


def test_lines_that_ask_for_nothing_that_is_translated_stay_as_they_are() -> None:
    found = device(
        HEADER + "ip access-list l permit tcp src any sport eq 80 dest any dport any\n" + WAN
        + "ip napt enable\n  ip napt static 192.168.10.5 tcp 80\n  ip filter l 1 in" + LAN
    )  # fmt: skip
    filter_ = found.filters[found.interfaces["GigaEthernet0.0"].filter_in or ""]
    assert filter_.name == "l"
    assert [(line.label, line.action, line.certainty) for line in filter_.lines] == [
        ("l 1", Action.PERMIT, Certainty.ALWAYS),
        ("IPv6: no ipv6 filter", Action.PERMIT, Certainty.ALWAYS),
    ]


# --- lines that are not understood


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_an_unknown_word_behind_any_line_makes_nothing_sure(path: Path) -> None:
    """Whatever line is not understood any more: a packet goes the way it went, or nobody can tell; never a sure other way."""
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = expected_of(path).packets
    for index, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith(("!", "hostname", "description")) or "%" in line:
            continue
        changed = [*lines[:index], f"{line} word-that-no-command-has", *lines[index + 1 :]]
        found = READER.read(config_text_from_bytes("\n".join(changed).encode(), path.name))
        topology = build_topology(found.devices)
        for one in expected:
            device_name = one.device or found.devices[0].name
            verdict = explain(topology, device_name, one.at, Packet.parse(one.packet)).verdict.value
            if path.stem.startswith("two_devices") and verdict == "unmodelled":
                continue  # the owner of a gateway is not known any more: it may arrive anywhere behind
            assert verdict in (one.ways[0].verdict, "undetermined"), f"{line}: {one.packet} is {verdict}"


# --- hostile input


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(blacklist_categories=("Cs",)), max_size=60), max_size=30))
def test_no_text_raises(lines: list[str]) -> None:
    read("\n".join(line.replace("\n", " ") for line in lines))


WORDS = (
    "ip", "ipv6", "access-list", "dynamic", "permit", "deny", "src", "dest", "any", "tcp", "udp", "icmp", "sport", "dport", "eq",
    "range", "interface", "GigaEthernet0.0", "Tunnel0.0", "filter", "in", "out", "1", "10", "0", "napt", "nat", "static", "enable",
    "inside", "list", "pool", "service", "route", "default", "10.0.0.0/8", "10.0.0.1", "2001:db8::/32", "no", "shutdown", "address",
    "route-map", "match", "set", "next-hop", "watch-group", "action", "router", "ospf", "hostname", "x", "ipsec", "autokey-map", "peer",
    "tunnel", "mode", "policy", "bridge-group", "vrrp", "snmp-agent", "community", "ssh-server", "username", "distance", "metric",
    "type", "code", "option", "access", "none", "%", "Null0.0", "encapsulation", "dot1q", "4095", "fe80::1%GigaEthernet0.0",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(("", "  ", "    ", "\t")), st.lists(st.sampled_from(WORDS), min_size=1, max_size=9)),
        max_size=25,
    )
)
def test_no_words_of_the_language_raise(lines: list[tuple[str, list[str]]]) -> None:
    read("\n".join(indent + " ".join(words) for indent, words in lines))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_cut_anywhere_is_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for end in range(0, len(text), 97):
        read(text[:end])


@pytest.mark.parametrize(
    "line",
    [
        "ip access-list l permit tcp src any sport any dest 10.0.0.0/8 dport eq {n}",
        "ip access-list l{n} permit ip src any dest any",
        "ip route 10.0.0.0/8 192.0.2.{m}",
        "no ip access-list l permit tcp src any sport any dest any dport eq {n}",
        "interface GigaEthernet{n}.0",
        "  ip napt static 192.168.10.{m} tcp {n}",
        "hostname x",
        "ip access-list dynamic d access l{n}",
        "  ip filter l{n} {m} in",
        "x" * 300,
    ],
)
def test_time_is_linear(line: str) -> None:
    def seconds(count: int) -> float:
        body = "\n".join(line.replace("{n}", str(n % 60000)).replace("{m}", str(n % 250 + 1)) for n in range(count))
        text = config(HEADER + WAN.rstrip() + "\n" + body)
        start = time.process_time()
        READER.read(text)
        return time.process_time() - start

    seconds(200)
    short, long = (min(seconds(count) for _ in range(2)) for count in (1000, 4000))
    assert long < 12 * short + 0.3, (short, long)


def test_a_hard_wrap_of_a_terminal_is_undone() -> None:
    entry = "ip access-list a-long-name permit tcp src 192.168.10.0/24 sport any dest 198.51.100.0/24 dport eq"
    entries = [f"{entry} {port}" for port in range(443, 460)]
    text = HEADER + "\n".join(f"{one[:80]}\n{one[80:]}" for one in entries) + "\n" + WAN + LAN
    found = READER.read(config_text_from_bytes(text.encode(), "wrapped.txt"))
    assert not found.coverage.unread
    lines = found.devices[0].filters["a-long-name"].lines
    ports = [line.matches[0].services[0].destination_ports for line in lines if line.action is Action.PERMIT]
    assert ports[:17] == [((n, n),) for n in range(443, 460)]


def test_an_entry_that_was_cut_once_is_told() -> None:
    """The part before the cut may read as a broader denial; the rest of it makes everything undetermined."""
    text = HEADER + "ip access-list l deny tcp src any sport any dest 198.51.100.0/2\n4 dport eq 443\n" + WAN + LAN
    found = read(text)
    assert [one.line.number for one in found.coverage.unread] == [4]
    assert traffic_doubts(found.devices[0]) == [(DoubtKind.UNREAD, None)]


def test_several_devices_by_their_headers() -> None:
    one = HEADER + "hostname IX-{}\n" + WAN + LAN
    found = read("Building configuration...\n" + one.format("A") + one.format("B") + HEADER + WAN + LAN)
    assert [device.name for device in found.devices] == ["IX-A", "IX-B", "device-01"]


# --- recognition


IMITATORS = {
    "ios": "version 15.2\nhostname r\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n no shutdown\nline vty 0 4\nend",
    "alliedware plus": "service password-encryption\nhostname awplus\ninterface port1.0.1\n no shutdown\nip route 0.0.0.0/0 192.0.2.1\nend",
    "swx": "interface port1.1\n no shutdown\nip route 0.0.0.0/0 192.0.2.1\n",
    "alaxala": '#configuration list for AX3660S\nhostname "core"\ninterface gigabitethernet 1/0/1\n  no shutdown\nip route default 192.0.2.1\n',
    "nx-os": "!Command: show running-config\nfeature interface-vlan\nhostname n\ninterface Ethernet1/1\n  ip address 10.0.0.1/24\n  no shutdown\n",
    "asa": ": Saved\nASA Version 9.12(4)\nhostname asa\ninterface GigabitEthernet0/0\n nameif outside\n",
    "comware": " version 7.1.070, Release 6616P01\n sysname core\nip route-static 0.0.0.0 0 10.0.0.1\nreturn\n",
    "si-r": "lan 0 ip address 192.0.2.1/24 3\nether 1 1 vlan untag 1\n",
    "yamaha": "# RTX1220 Rev.15.04.05\nip route default gateway pp 1\nip lan1 address 192.168.0.1/24\n",
}


@pytest.mark.parametrize("name", sorted(IMITATORS))
def test_imitators_are_not_taken_for_it(name: str) -> None:
    assert READER.score(config(IMITATORS[name])) < 20


def test_nobody_else_takes_its_files() -> None:
    for path in CASES:
        text = config_text_from_bytes(path.read_bytes(), path.name)
        scores = {name: one.score(text) for name, one in readers().items()}
        assert all(score < 20 for name, score in scores.items() if name != "nec_ix"), (path.name, scores)


def test_unused_lists_are_told_and_those_that_anything_names_are_not() -> None:
    found = device(
        HEADER + "".join(f"ip access-list {name} permit ip src any dest any\n" for name in ("a", "b", "c", "d", "e"))
        + "ip access-list dynamic dyn access a\nssh-server ip access-list b\nproxy-dns ip access-list c\n"
        + WAN + "ip napt enable\n  ip napt inside list d" + LAN
    )  # fmt: skip
    unused = [notice.sources[0].number for notice in found.notices if notice.kind is NoticeKind.UNUSED_FILTER]
    assert unused == [7, 8]
