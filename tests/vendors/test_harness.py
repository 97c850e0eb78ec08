"""The harness of the vendor cases itself: a fixture that is wrong, or an answer that differs, must fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.network.filters import Action
from secaudit.network.interfaces import PortProtection, SwitchPort
from secaudit.network.management import Account, ManagementPlane, Setting, SettingKind, SnmpUser
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import DynamicRouting
from secaudit.network.tunnels import Carrier, Proposal, TunnelEnd
from secaudit.packets.packet import Packet
from tests.flows.network import at, device, filter_, hop, interface, line, match, route
from tests.vendors.cases import BadFixtureError, ExpectedPacket, ExpectedWay, expected_of, lonely_files
from tests.vendors.protection import Plain, check_protection, check_protection_evidence
from tests.vendors.test_cases import check_packet

GOOD = """\
vendor: yamaha
hostname: RTX-01
packets:
  - {at: lan1, packet: "udp 10.1.1.1:1 > 10.2.2.2:53", verdict: denied, lines: [3]}
"""


def case(folder: Path, expected: str) -> Path:
    cases = folder / "yamaha" / "cases"
    cases.mkdir(parents=True)
    (cases / "one.expected.yaml").write_text(expected, encoding="utf-8")
    config = cases / "one.conf"
    config.write_text("ip lan1 address 10.1.1.254/24\n", encoding="utf-8")
    return config


def test_a_good_file_is_read(tmp_path: Path) -> None:
    expected = expected_of(case(tmp_path, GOOD))
    assert expected.packets[0].ways == (ExpectedWay("denied", None, (3,), None),)
    assert (expected.unread, expected.doubts, expected.notices) == ((), frozenset(), None)
    assert lonely_files(tmp_path) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (GOOD + "unraed: [3]\n", "unknown keys ['unraed']"),
        (GOOD.replace("lines:", "line:"), "unknown keys ['line']"),
        (GOOD.replace("denied", "dropped"), "'dropped' is no verdict"),
        (GOOD.replace("hostname: RTX-01\n", ""), "the key 'hostname' is missing"),
        (GOOD.replace("verdict: denied, ", ""), "the key 'verdict' is missing"),
        (GOOD.replace("[3]", "3"), "a list is expected"),
        (GOOD + "setings: {ssh_version: 2}\n", "unknown keys ['setings']"),
        (GOOD + "unread: [true]\n", "True is no line number"),
        (GOOD + "management: {telnet: all}\n", "unknown keys ['telnet']"),
        (GOOD + "management: {snmp: [{writeable: true}]}\n", "unknown keys ['writeable']"),
        ("- just a list\n", "a mapping is expected"),
    ],
)
def test_a_wrong_file_fails(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(BadFixtureError) as error:
        expected_of(case(tmp_path, wrong))
    assert told in str(error.value)


def test_lonely_files_are_found(tmp_path: Path) -> None:
    config = case(tmp_path, GOOD)
    config.with_name("two.conf").write_text("", encoding="utf-8")
    config.with_name("three.expected.yaml").write_text("", encoding="utf-8")
    config.with_name("four.txt").write_text("", encoding="utf-8")
    names = [f"yamaha/cases/{name}" for name in ("four.txt", "three", "two")]
    assert lonely_files(tmp_path) == names


PACKET = "tcp 10.1.1.1:40000 > 198.51.100.7:443"


def expecting(**changes: object) -> ExpectedPacket:
    way = {"verdict": "unmodelled", "out": "left", "lines": (10, 60), "arrives": "tcp 192.0.2.1:* > 198.51.100.7:443"}
    other = ExpectedWay("denied", None, (11,), None)
    also = changes.pop("also", (other,))
    return ExpectedPacket("in", None, PACKET, (ExpectedWay(**{**way, **changes}), *also))  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("expected", "right"),
    [
        (expecting(), True),
        (expecting(lines=()), True),
        (expecting(out=None, arrives=None), True),
        (expecting(verdict="delivered"), False),
        (expecting(out="right"), False),
        (expecting(lines=(10, 61)), False),
        (expecting(lines=(11,)), False),  # a line of the other way
        (expecting(arrives="tcp 192.0.2.9:* > 198.51.100.7:443"), False),
        (expecting(also=()), False),  # a way that the file does not know
        (expecting(also=(ExpectedWay("denied", None, (12,), None),)), False),
        (expecting(also=(ExpectedWay("unrouted", None, (), None),)), False),
    ],
)
def test_packets_are_compared_with_every_way(expected: ExpectedPacket, right: bool) -> None:
    masquerade = Translation(TranslationKind.INTERFACE, ports=(60000, 64095))
    router = device(
        "a",
        interface("in", "10.1.1.254/24", filter_in="f"),
        interface("left", "192.0.2.1/30"),
        interface("right", "192.0.2.5/30", filter_out="g"),
        filters=[filter_("f", line(10, Action.PERMIT)), filter_("g", line(11, Action.DENY))],
        routes=[route("0.0.0.0/0", hop(20, "192.0.2.2"), hop(20, "192.0.2.6"))],
        nat=[NatRule("n", NatStage.EGRESS, (match(),), at(60), source=masquerade)],
    )
    explanation = explain(build_topology([router]), "a", "in", Packet.parse(PACKET))
    if right:
        check_packet(explanation, expected)
    else:
        with pytest.raises(AssertionError):
            check_packet(explanation, expected)


SAYING = at(5)
PROTECTED = replace(
    device("a", interface("ge1"), interface("tunnel1"), interface("tunnel2")),
    interfaces={
        "ge1": replace(
            interface("ge1"),
            switch_port=SwitchPort(
                10,
                protections=((PortProtection.DOT1X, SAYING),),
                protections_read=frozenset(PortProtection) - {PortProtection.MAC_LIMIT},
            ),
        ),
        "tunnel1": replace(
            interface("tunnel1"),
            tunnel=TunnelEnd(
                Carrier.IPSEC,
                SAYING,
                proposals=(
                    Proposal(1, ("aes-256",), ("sha256",), (14, 19), SAYING, 1, aggressive=False),
                    Proposal(2, ("aes-256", "3des"), (), (), SAYING),
                ),
            ),
        ),
        "tunnel2": replace(interface("tunnel2"), tunnel=TunnelEnd(Carrier.IPSEC, SAYING)),
    },
    dynamic_routing=(DynamicRouting("ospf", SAYING, authenticated=True), DynamicRouting("bgp", SAYING)),
    management=ManagementPlane(
        settings=(
            Setting(SettingKind.IDLE_TIMEOUT, 300, SAYING, "console"),
            Setting(SettingKind.IDLE_TIMEOUT, 600, SAYING, "vty", by_default=True),
            Setting(SettingKind.SSH_VERSION, None, SAYING),
        ),
        settings_read=frozenset(SettingKind) - {SettingKind.REDUNDANCY},
        accounts=(Account("taro", True, SAYING), Account("reader", False, SAYING), Account("old", None, SAYING)),
        snmp_users=(SnmpUser("monitor", True, True, SAYING), SnmpUser("test", False, False, SAYING)),
    ),
)


@pytest.mark.parametrize(
    ("key", "wanted", "right"),
    [
        ("settings", {"idle_timeout": {"console": 300, "vty": "600 by default"}}, True),
        ("settings", {"idle_timeout": {"console": 300, "vty": 600}}, False),
        ("settings", {"idle_timeout": {"console": 300}}, False),
        ("settings", {"ssh_version": "unclear", "login_banner": {}, "redundancy": "not read"}, True),
        ("settings", {"ssh_version": 2}, False),
        ("settings", {"login_banner": "not read"}, False),
        ("settings", {"login_baner": {}}, False),
        ("accounts", {"taro": "all", "reader": "some", "old": "unknown"}, True),
        ("accounts", {"taro": "all", "reader": "some"}, False),
        ("accounts", {"taro": "all", "reader": "all", "old": "unknown"}, False),
        ("accounts", "not read", False),
        ("snmp_users", {"monitor": "encrypted", "test": "open"}, True),
        ("snmp_users", {"monitor": "encrypted"}, False),
        ("snmp_users", {"monitor": "authenticated", "test": "open"}, False),
        ("protections", {"ge1": ["mac_limit?", "dot1x"]}, True),
        ("protections", {"ge1": ["dot1x"]}, False),
        ("protections", {"ge1": ["mac_limit?"]}, False),
        ("protections", {"ge2": []}, False),
        ("proposals", {"tunnel1": ["1 aes-256 sha256 group14 group19 ike1 main", "2 aes-256,3des -"]}, True),
        ("proposals", {"tunnel2": "not read"}, True),
        ("proposals", {"tunnel1": ["1 aes-256 sha256 group14 group19 ike1 main"]}, False),
        ("proposals", {"tunnel2": []}, False),
        ("neighbours", {"ospf": "authenticated", "bgp": "unknown"}, True),
        ("neighbours", {"ospf": "open"}, False),
        ("neighbours", {"rip": "open"}, False),
    ],
)
def test_facts_about_protection_are_compared(key: str, wanted: Plain, right: bool) -> None:
    check_protection_evidence(PROTECTED)
    if right:
        check_protection([PROTECTED], {key: wanted})
    else:
        with pytest.raises(AssertionError):
            check_protection([PROTECTED], {key: wanted})


def test_facts_without_a_line_or_of_a_kind_that_is_not_read_fail() -> None:
    plane = PROTECTED.management
    for wrong in (
        replace(plane, settings_read=frozenset()),
        replace(plane, accounts=(Account("taro", True, ()),)),
        replace(plane, settings=(Setting(SettingKind.SSH_VERSION, 2, ()),)),
    ):
        with pytest.raises(AssertionError):
            check_protection_evidence(replace(PROTECTED, management=wrong))
