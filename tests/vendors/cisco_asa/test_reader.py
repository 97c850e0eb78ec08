"""What the cases cannot say: the model itself, recognition against imitators, and hostile input."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.device import Device, DoubtKind, Stage
from secaudit.network.filters import Action, Certainty, Connection
from secaudit.network.interfaces import InterfaceKind, PortProtection, SwitchPort
from secaudit.network.nat import NatStage, TranslationKind
from secaudit.network.tunnels import Carrier
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.cisco_asa import READER, vocabulary
from secaudit.vendors.cisco_asa.vocabulary import defaults, irrelevance, names
from secaudit.vendors.reader import ReadConfig
from tests.vendors import default_tables
from tests.vendors.texts import config, read_by, traffic_doubts

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))
OTHERS = sorted(
    path
    for vendor in ("cisco_ios", "fortios", "yamaha", "iptables", "nftables")
    for path in (Path(__file__).parents[1] / vendor / "cases").glob("*.conf")
)
FRAME = """ASA Version 9.12(4)
hostname FW-01
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 203.0.113.1 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.1.0.1 255.255.255.0
"""


OLD_FRAME = FRAME.replace("9.12(4)", "8.2(5)")


def read(text: str) -> ReadConfig:
    return read_by(READER, text)


def device(text: str, frame: str = FRAME) -> Device:
    (only,) = read(f"{frame}{text}\n: end").devices
    return only


# --- the model


def test_lists_see_real_addresses_and_own_packets_pass_no_list() -> None:
    found = device("")
    order = found.pipeline
    assert order.index(Stage.INGRESS_NAT) < order.index(Stage.POLICY) < order.index(Stage.EGRESS_NAT)
    assert order.index(Stage.EGRESS_FILTER) < order.index(Stage.EGRESS_NAT) < order.index(Stage.DIVERSION)
    assert found.interfaces["inside"].filter_in is None
    assert found.policies == ("access rules",)
    assert not found.filters_own_packets


def test_entries_keep_label_comment_log_and_source() -> None:
    found = device(
        "access-list IN remark public web\naccess-list IN extended permit tcp any host 10.0.0.1 eq https log\n"
        "access-list IN extended deny ip any any log disable\naccess-list IN extended deny ip any any\n"
        "access-list IN extended permit ip any any inactive\naccess-group IN in interface inside"
    )
    table = found.filters["access rules"]
    permit, quiet, deny = (line for line in table.lines if line.label.startswith("IN "))
    assert (permit.label, permit.comment, permit.logged, permit.ingress) == (
        "IN 2",
        "public web",
        True,
        frozenset(("inside",)),
    )
    assert [source.number for source in permit.sources] == [12]
    # a denial is logged unless the entry says otherwise (message 106023)
    assert (quiet.logged, deny.logged) == (False, True)
    assert [line.label for line in table.disabled] == ["IN 5"]
    assert table.default is Action.DENY


def test_what_is_denied_is_logged_when_logging_is_on() -> None:
    assert device("").management.logging_denied is False
    assert device("logging enable").management.logging_denied is True
    off = device("logging enable\nno logging message 106023").management
    assert (off.logging_denied, [line.number for line in off.logging_denied_sources]) == (False, [12])


@pytest.mark.parametrize(
    ("policy", "certainty"),
    [
        ("service-policy GLOBAL global", Certainty.ALWAYS),
        ("service-policy GLOBAL interface inside", Certainty.UNCERTAIN),
        ("", None),
    ],
)
def test_replies_of_icmp_need_inspection(policy: str, certainty: Certainty | None) -> None:
    found = device(
        "class-map inspection_default\n match default-inspection-traffic\npolicy-map GLOBAL\n"
        f" class inspection_default\n  inspect icmp\n{policy}"
    )
    lines = [line for line in found.filters["access rules"].lines if line.connection is Connection.ESTABLISHED]
    icmp = [line.certainty for line in lines if any(low <= 1 <= high for low, high in _protocols(line))]
    assert icmp == ([] if certainty is None else [certainty])


def _protocols(line: object) -> tuple[tuple[int, int], ...]:
    return line.matches[0].services[0].protocols  # type: ignore[attr-defined,no-any-return]


def test_static_nat_is_one_rule_each_way_and_pat_one() -> None:
    found = device(
        "object network WEB\n host 10.1.0.8\n nat (inside,outside) static 203.0.113.8\n"
        "nat (inside,outside) after-auto source dynamic any interface"
    )
    kinds = [
        (rule.stage, rule.destination and rule.destination.kind, rule.source and rule.source.kind)
        for rule in found.nat_rules
    ]
    assert kinds == [
        (NatStage.EGRESS, None, TranslationKind.SHIFT),
        (NatStage.INGRESS, TranslationKind.SHIFT, None),
        (NatStage.EGRESS, None, TranslationKind.POOL),
    ]
    assert len({rule.mark for rule in found.nat_rules if rule.mark}) == 1


def test_groups_of_different_size_are_not_guessed() -> None:
    found = device(
        "object-group network MANY\n network-object host 10.1.0.8\n network-object host 10.1.0.10\n"
        "object network ONE\n host 203.0.113.8\nnat (inside,outside) source static MANY ONE"
    )
    assert all(rule.uncertain is not None for rule in found.nat_rules)


def test_translation_between_families_is_a_doubt_about_its_interfaces() -> None:
    found = device("object network FOUR\n host 10.1.0.8\n nat (inside,outside) static 2001:db8::8")
    assert traffic_doubts(found) == [(DoubtKind.UNSUPPORTED, frozenset(("inside", "outside")))]


def test_interfaces() -> None:
    found = device(
        "interface Port-channel1.20\n vlan 20\n nameif servers\n ip address 10.20.0.1 255.255.255.0\n"
        "interface Port-channel1\n no nameif\ninterface GigabitEthernet0/4\n channel-group 1 mode active\n no nameif\n"
        "interface GigabitEthernet0/5\n no nameif\n ip address 10.5.0.1 255.255.255.0"
    )
    servers = found.interfaces["servers"]
    assert (servers.kind, servers.vlan, servers.parent, servers.zone) == (
        InterfaceKind.VLAN,
        20,
        "Port-channel1",
        "servers",
    )
    assert found.interfaces["GigabitEthernet0/4"].member_of == "Port-channel1"
    assert found.interfaces["GigabitEthernet0/5"].addresses == ()


def test_built_in_switch_ports() -> None:
    found = device(
        "interface Ethernet0/0\n switchport access vlan 2\ninterface Ethernet0/1\ninterface Ethernet0/2\n"
        " switchport trunk allowed vlan 1-2\n switchport mode trunk\ninterface Vlan1\n nameif lan\n"
        " ip address 192.168.1.1 255.255.255.0"
    )
    ports = {name: one.switch_port for name, one in found.interfaces.items() if one.switch_port is not None}
    untold = frozenset(PortProtection)
    assert ports == {
        "Ethernet0/0": SwitchPort(2, protections_untold=untold),
        "Ethernet0/1": SwitchPort(1, protections_untold=untold),
        "Ethernet0/2": SwitchPort(None, frozenset((1, 2)), trunk=True, protections_untold=untold),
    }
    assert found.interfaces["lan"].vlan == 1


def test_dynamic_crypto_maps_and_pools_are_callers_whose_addresses_nobody_knows() -> None:
    found = device(
        "ip local pool CLIENTS 10.50.0.0-10.50.0.255\ncrypto dynamic-map DYN 1 set ikev1 transform-set AES\n"
        "crypto map M 65535 ipsec-isakmp dynamic DYN\ncrypto map M interface outside"
    )
    name = "outside crypto map M 65535"
    end = found.interfaces[name].tunnel
    assert end is not None and (end.carrier, end.answers, end.remote) == (Carrier.OTHER, True, None)
    (route,) = (route for route in found.routes if str(route.prefix) == "10.50.0.0/24")
    assert [hop.interface for hop in route.next_hops] == [name]


def test_management_only_has_a_table_of_its_own_since_9_5() -> None:
    text = "interface Management0/0\n management-only\n nameif mgmt\n ip address 192.168.9.1 255.255.255.0"
    assert device(text).interfaces["mgmt"].vrf == "management-only"
    assert device(text, FRAME.replace("9.12(4)", "9.1(2)")).interfaces["mgmt"].vrf == ""
    assert device(text, FRAME.replace("ASA Version 9.12(4)\n", "")).interfaces["mgmt"].vrf == ""


def test_several_devices_in_one_file() -> None:
    second = FRAME.replace("FW-01", "FW-02")
    devices = read(f"{FRAME}: end\n\nfw-01# exit\n{second}: end\n").devices
    assert [one.name for one in devices] == ["FW-01", "FW-02"]
    assert [len(one.interfaces) for one in devices] == [2, 2]


def test_a_file_without_its_end_or_beginning_is_in_doubt() -> None:
    (cut,) = read(FRAME).devices
    assert traffic_doubts(cut) == [(DoubtKind.TRUNCATED, None)]
    (headless,) = read(FRAME.partition("hostname FW-01\n")[2] + ": end").devices
    assert traffic_doubts(headless) == [(DoubtKind.TRUNCATED, None)]
    (summed,) = read(f"{FRAME}Cryptochecksum:0123456789abcdef0123456789abcdef").devices
    assert traffic_doubts(summed) == []


def test_lines_that_a_terminal_broke_are_joined() -> None:
    entry = (
        "access-list FROM-THE-INSIDE-NETWORK extended permit tcp 10.1.0.0 255.255.255.0 host 203.0.113.200 eq https log"
    )
    broken = f"{FRAME}{entry[:80]}\n{entry[80:]}\naccess-group FROM-THE-INSIDE-NETWORK in interface inside\n: end\n"
    result = READER.read(config_text_from_bytes(broken.encode(), "fw.cfg"))
    (line,) = (one for one in result.devices[0].filters["access rules"].lines if one.label.endswith("NETWORK 1"))
    assert line.matches[0].services[0].destination_ports == ((443, 443),)
    assert not result.coverage.unread


def test_prompts_and_pagers_around_a_configuration() -> None:
    text = f"fw-01# show running-config\n: Saved\n{FRAME}: end\nfw-01/act# exit\nfw-01#\n"
    result = READER.read(config_text_from_bytes(text.encode(), "fw.cfg"))
    assert not result.coverage.unread
    assert [traffic_doubts(one) for one in result.devices] == [[]]
    changing = READER.read(config_text_from_bytes(f"{text}fw-01# configure terminal\n".encode(), "fw.cfg"))
    assert [one.line.text for one in changing.coverage.unread] == ["fw-01# configure terminal"]


def test_japanese_text_in_any_encoding() -> None:
    text = f"{FRAME}access-list A remark 本庁舎の端末\naccess-list A extended permit ip any any\naccess-group A in interface inside\n: end\n"
    for encoding in ("utf-8-sig", "cp932", "euc_jp"):
        (found,) = READER.read(config_text_from_bytes(text.encode(encoding), "fw.cfg")).devices
        (line,) = (one for one in found.filters["access rules"].lines if one.label == "A 2")
        assert line.comment == "本庁舎の端末"


def test_a_file_cut_anywhere_is_never_certain() -> None:
    for path in CASES:
        text = path.read_text(encoding="utf-8").rstrip("\n").removesuffix(": end")
        for cut in range(1, len(text), max(1, len(text) // 25)):
            result = read(text[:cut])
            assert all(
                any(doubt.kind is DoubtKind.TRUNCATED and doubt.interfaces is None for doubt in one.doubts)
                for one in result.devices
            ), (path.stem, cut)


# --- recognition


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_others_are_not_taken_for_an_asa(path: Path) -> None:
    assert READER.score(config_text_from_bytes(path.read_bytes(), path.name)) < 50


def test_a_paste_without_header_is_recognised() -> None:
    assert READER.score(config(FRAME.partition("hostname FW-01\n")[2])) >= 50


def test_every_reason_is_in_both_languages() -> None:
    assert names().ports["https"] == 443
    for word in ("clock", "timeout", "aaa"):
        found = irrelevance().reason("global", (word,))
        assert found is not None and found[1].ja and found[1].en


# --- hostile input


def test_no_prefix_of_a_case_raises() -> None:
    for path in CASES:
        lines = path.read_text(encoding="utf-8").split("\n")
        for count in range(0, len(lines), 3):
            read("\n".join(lines[:count]))


def test_no_shortened_line_raises() -> None:
    for path in CASES:
        text = path.read_text(encoding="utf-8").split("\n")
        read("\n".join(line[: len(line) * 2 // 3] for line in text))
        read("\n".join(line.rpartition(" ")[0] for line in text))
        read("\n".join(line.lstrip() for line in text))


WORDS = st.sampled_from(
    ["access-list", "A", "extended", "permit", "deny", "ip", "tcp", "any", "host", "10.0.0.1", "255.0.0.0", "255.0.255.0", "eq",
     "object", "object-group", "network", "service", "nat", "(inside,outside)", "(any,any)", "source", "static", "dynamic",
     "interface", "inside", "destination", "route", "0", "crypto", "map", "M", "10", "set", "peer", "no", "range", "1", "65536",
     "::1/64", "ssh", "http", "icmp", "ipv6", "line", "name", "access-group", "in", "global", "username", "password", "range",
     "vlan", "switchport", "webvpn", "enable", "ip", "local", "pool", "10.0.0.9-10.0.0.1", "\u00b2", "router", "telnet"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.lists(WORDS, min_size=1, max_size=9)), max_size=12))
def test_no_words_in_any_order_raise(lines: list[tuple[bool, list[str]]]) -> None:
    read(FRAME + "\n".join((" " if below else "") + " ".join(words) for below, words in lines))


OLD_WORDS = st.sampled_from(
    ["nat", "(inside)", "(outside)", "0", "1", "access-list", "A", "global", "static", "(inside,outside)", "(outside,inside)",
     "(inside,inside)", "tcp", "udp", "interface", "www", "203.0.113.9", "10.1.0.9", "10.1.0.0", "netmask", "255.255.255.255",
     "255.255.255.0", "203.0.113.20-203.0.113.30", "outside", "dns", "norandomseq", "alias", "nat-control", "access-group", "in",
     "extended", "permit", "deny", "ip", "any", "host", "eq", "inside", "NAME", "same-security-traffic"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(OLD_WORDS, min_size=1, max_size=9), max_size=12))
def test_no_words_of_before_8_3_raise(lines: list[list[str]]) -> None:
    entry = "access-list A extended permit tcp host 10.1.0.9 eq www any\n"
    read(OLD_FRAME + entry + "\n".join(" ".join(words) for words in lines))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    read(text.replace("\r", "\n"))


def _seconds(lines: list[str], frame: str = FRAME) -> float:
    source = config(frame + "\n".join(lines) + "\n: end")
    start = time.process_time()
    READER.score(source)
    READER.read(source)
    return time.process_time() - start


@pytest.mark.parametrize(
    "lines",
    [
        ["access-list A line 1 extended permit ip any any"],
        ["no access-list A extended permit ip any any"],
        ["object-group network G{}", " group-object G{next}", "access-list A extended permit ip object-group G{} any"],
        ["object network O{}", " host 10.0.0.1", " nat (inside,outside) static 203.0.113.9"],
        ["nat (inside,outside) source static any any destination static O{} O{next}"],
        [
            "object network P{}",
            " range 10.1.0.1 10.1.0.9",
            "nat (outside,inside) source static P{} P{}",
            "nat (inside,outside) source static P{} P{} destination static P{} P{next}",
        ],
        ["interface Vlan{}", " nameif n{}", " ip address 10.0.0.1 255.255.255.0"],
        ["crypto map M {} match address A", "crypto map M {} set peer 192.0.2.1", "crypto map M interface outside"],
        [
            "object-group service G tcp",
            " port-object eq {}",
            "access-list A extended permit tcp any any object-group G",
        ],
        ["route outside 10.0.0.0 255.255.255.0 203.0.113.9 {}"],
    ],
    ids=lambda lines: lines[0].split(" {")[0],
)
def test_time_is_linear(lines: list[str]) -> None:
    def many(count: int) -> list[str]:
        return [line.replace("{next}", str(n + 1)).replace("{}", str(n)) for n in range(count) for line in lines]

    _seconds(many(50))
    small, large = _seconds(many(500)), _seconds(many(4000))
    assert large < 8 * 6 * small + 0.5


@pytest.mark.parametrize(
    "lines",
    [
        [
            "static (inside,outside) tcp 203.0.113.{low} www 10.1.0.{low} {} netmask 255.255.255.255",
            "access-list A extended permit tcp any any eq {}",
        ],
        [
            "static (inside,outside) 203.0.{high}.{low} 10.1.{high}.{low} netmask 255.255.255.255",
            "access-list A extended permit tcp any host 203.0.{high}.{low} eq www",
        ],
        ["nat (inside) {next} 10.{high}.{low}.0 255.255.255.0", "global (outside) {next} 203.0.{high}.{low}"],
        ["access-list N extended permit ip host 10.1.{high}.{low} 10.9.0.0 255.255.0.0"],
        [
            "static (inside,outside) 203.0.{high}.{low} 10.1.{high}.{low} netmask 255.255.255.255",
            "access-list A extended permit tcp host 192.0.2.{low} 203.0.{high}.0 255.255.255.0 eq {next}",
        ],
    ],
    ids=lambda lines: f"{lines[0].split(' {')[0]} {lines[-1].split(' {')[0]}",
)
def test_time_is_linear_before_8_3(lines: list[str]) -> None:
    def many(count: int) -> list[str]:
        found = ["access-group A in interface outside", "nat (inside) 0 access-list N", "nat-control"]
        for number in range(count):
            high, low = divmod(number, 250)
            numbers = (("{next}", number + 1), ("{high}", high), ("{low}", low), ("{}", number))
            for line in lines:
                for word, value in numbers:
                    line = line.replace(word, str(value))
                found.append(line)
        return found

    _seconds(many(50), OLD_FRAME)
    small, large = _seconds(many(500), OLD_FRAME), _seconds(many(4000), OLD_FRAME)
    assert large < 8 * 6 * small + 0.5


def test_more_translations_than_there_are_marks() -> None:
    """What is not modelled leaves the device in doubt."""
    entries = [f"access-list N extended permit ip host 10.1.{n // 250}.{n % 250} any" for n in range(16000)]
    found = device("\n".join([*entries, "nat (inside) 0 access-list N"]), OLD_FRAME)
    assert {doubt.kind for doubt in found.doubts} == {DoubtKind.TOO_COMPLEX}
    assert not found.nat_rules


# --- defaults

_SILENT = """ASA Version {version}
hostname FW-01
interface Vlan1
 nameif outside
 ip address 203.0.113.1 255.255.255.0
 ipv6 address 2001:db8::1/64
interface Vlan2
 nameif inside
 ip address 10.1.0.1 255.255.255.0
interface Vlan3
 nameif other
 ip address 10.3.0.1 255.255.255.0
interface Vlan4
 nameif mgmt
 ip address 10.4.0.1 255.255.255.0
 management-only
interface Ethernet0/1
 switchport
access-list OUT extended permit tcp any any eq 443
access-list VPN extended permit ip 10.1.0.0 255.255.255.0 10.9.0.0 255.255.255.0
access-group OUT in interface outside
logging host inside 10.1.0.5
telnet 10.3.0.0 255.255.255.0 other
nat (inside) 1 10.1.0.0 255.255.255.0
global (outside) 1 interface
crypto map M 1 match address VPN
crypto map M 1 set peer 198.51.100.9
crypto map M interface outside
: end"""


@pytest.mark.parametrize("name", default_tables.names(vocabulary._table()))
def test_every_default_of_the_table_decides_something(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = vocabulary._table()
    value = next(value for other, value in default_tables.entries(table) if other == name)
    texts = [_SILENT.format(version=one) for one in ("8.2(5)", "9.12(4)")]
    # A line that switches the log on is needed to tell whether denials are in it.
    texts.append(texts[0].replace(": end", "logging enable\n: end"))
    texts.append(texts[0].replace("telnet 10.3.0.0 255.255.255.0 other\n", ""))
    # Who is locked out, and which versions of SSH are answered, is asked where there is somebody and something to answer.
    lines = (
        "ssh 10.1.0.0 255.255.255.0 inside",
        "aaa authentication ssh console LOCAL",
        "aaa authentication telnet console LOCAL",
        "aaa local authentication attempts max-fail 3",
        "username tanaka password 0123456789abcdef encrypted privilege 15",
        ": end",
    )
    texts.append(texts[0].replace(": end", "\n".join(lines)))
    found = set()
    for word in (value, *default_tables.others(value)):
        default_tables.replace(monkeypatch, vocabulary, default_tables.saying(table, name, word))
        found.add(repr([read(text).devices for text in texts]))
        default_tables.restore(monkeypatch, vocabulary)
    assert len(found) > 1


@pytest.mark.parametrize(
    ("release", "real", "six", "apart"),
    [
        ((7, 2), False, False, False),
        ((8, 2), False, False, False),
        ((8, 3), True, False, False),
        ((8, 4), True, False, False),
        ((9, 0), True, True, False),
        ((9, 4), True, True, False),
        ((9, 5), True, True, True),
        ((9, 20), True, True, True),
        (None, None, None, None),
    ],
)
def test_defaults_by_release(
    release: tuple[int, int] | None, real: bool | None, six: bool | None, apart: bool | None
) -> None:
    held = defaults(release)
    assert (held.lists_name_real_addresses, held.lists_hold_ipv6, held.management_has_its_own_table) == (
        real,
        six,
        apart,
    )
    assert (held.nat_control, held.vpn_bypasses_lists) == (False, True)


def test_many_unused_lists_are_compared_in_linear_time() -> None:
    lines = [f"access-list {'N' * 200}{number} extended permit ip any any" for number in range(3000)]
    started = time.perf_counter()
    device("\n".join([*lines, f"access-group {'N' * 200}0 in interface outside"]))
    assert time.perf_counter() - started < 5
