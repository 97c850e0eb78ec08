"""What the nftables reader makes of a ruleset, fact by fact; whole packets are in `cases/`."""

from __future__ import annotations

import random

import pytest

from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.modes import Mode
from secaudit.network.device import Device, DoubtKind
from secaudit.network.filters import Action, Certainty, Connection
from secaudit.packets.packet import Packet
from secaudit.packets.space import HeaderSpace
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes
from secaudit.text.source import SourceLine
from secaudit.vendors.netfilter.ruleset import VerdictKind
from secaudit.vendors.nftables import READER
from secaudit.vendors.nftables.building import build
from secaudit.vendors.nftables.document import Document
from secaudit.vendors.reader import ReadConfig

HOSTILE_LINES = 100_000
INTERFACES = "".join(
    f"{number}: eth{number}: <UP> mtu 1500\n    inet 10.{number}.0.1/16 scope global eth{number}\n" for number in (1, 2)
)
"""What `ip addr` prints."""


def config_text(text: str) -> ConfigText:
    lines = tuple(SourceLine("configs/gate.conf", number, line) for number, line in enumerate(text.split("\n"), 1))
    return ConfigText("configs/gate.conf", lines, "UTF-8", len(text), "0" * 64)


def read(text: str) -> ReadConfig:
    return READER.read(config_text(text))


def device(text: str) -> Device:
    (one,) = read(text).devices
    return one


def forward(*rules: str, policy: str = "drop", beside: str = "") -> str:
    """A ruleset with one forward chain."""
    body = "\n".join(f"\t\t{rule}" for rule in rules)
    base = f"type filter hook forward priority filter; policy {policy};"
    return f"table inet filter {{\n{beside}\tchain forward {{\n\t\t{base}\n{body}\n\t}}\n}}\n{INTERFACES}"


def passes(text: str, packet: str, mode: Mode = Mode.CERTAIN, ingress: str = "eth1", egress: str = "eth2") -> bool:
    """Whether all filters for forwarded packets let one through."""
    one = Packet.parse(packet)
    found = device(text)
    space = HeaderSpace(one.family)
    compiler = FilterCompiler(space, mode)
    return all(
        any(
            space.contains(part.packets, space.packet_values(one))
            for part in compiler.permitted(found.filters[name], ingress, egress)
        )
        for name in found.policies
    )


def possible_and_certain(text: str, packet: str) -> tuple[bool, bool]:
    return passes(text, packet, Mode.POSSIBLE), passes(text, packet, Mode.CERTAIN)


def kinds(text: str) -> set[DoubtKind]:
    """The doubts, but for the one that says that there is no `ip addr` in the file."""
    found = device(text).doubts
    return {doubt.kind for doubt in found if "ip addr" not in doubt.text.en}


def accounted(config: ReadConfig) -> list[int]:
    unread = [one.line.number for one in config.coverage.unread]
    return sorted([*config.coverage.used, *config.coverage.irrelevant, *unread])


WEB = "tcp 10.1.0.9:40000 > 10.2.0.5:80"


# -- rules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("tcp dport 80 accept", (True, True)),
        ("tcp dport 80 counter accept", (True, True)),
        ("tcp dport 80 counter packets 0 bytes 0 log prefix \"x \" level warn flags ip options accept", (True, True)),
        ("tcp dport eq 80 accept", (True, True)),
        ("tcp dport ne 80 accept", (False, False)),
        ("tcp dport { 80 } accept comment \"web { server\"", (True, True)),
        ("tcp dport { 79, 81-90 } accept", (False, False)),
        ("meta l4proto tcp accept", (True, True)),
        ("meta nfproto ipv6 accept", (False, False)),
        ("meta protocol ip accept", (True, True)),
        ("ip saddr 10.1.0.0/16 ip daddr 10.2.0.0-10.2.0.9 accept", (True, True)),
        ("ip saddr != { 10.1.0.0/24 } accept", (False, False)),
        ("ip saddr . tcp dport 10.1.0.9 . 80 accept", (True, True)),
        ("ip saddr . tcp dport { 10.1.0.9 . 81 } accept", (False, False)),
        ("ct state new accept", (True, True)),
        ("ct state established | related accept", (True, False)),
        ("ct state != established | related accept", (True, True)),
        ("ct state == established | new accept", (False, False)),
        ("fib daddr type multicast accept", (False, False)),
        ("fib daddr type unicast accept", (True, True)),
        ("fib daddr type prohibit accept", (True, False)),
        ("ct mark 0x1 accept", (True, False)),
        ("ct original ip saddr 10.1.0.9 accept", (True, False)),
        ("ct helper \"ftp\" accept", (True, False)),
        ("meta skuid 0 accept", (True, False)),
        ("ether saddr 02:00:00:00:00:01 accept", (True, False)),
        ("ether saddr 02:00:00:00:00:01 tcp dport 81 accept", (False, False)),
        ("fib saddr . iif oif exists accept", (True, False)),
        ("fib daddr type local tcp dport 81 accept", (False, False)),
        ("@th,16,16 80 accept", (True, False)),
        ("numgen random mod 2 < 1 accept", (True, True)),
        ("ip dscp cs1 accept", (True, False)),
        ("udplite dport 80 accept", (False, False)),
        ("tcp option maxseg size 1-500 accept", (True, False)),
        ("ip saddr www.example.jp accept", (True, False)),
        ("tcp dport 80 meta mark set ct mark accept", (True, True)),
        ("meta mark set 0x1 tcp dport 81 accept", (False, False)),
        ("meta mark set meta mark or 0x10 tcp dport 81 accept", (False, False)),
        ("ct status dnat accept", (False, False)),
        ("ct status & dnat == 0 accept", (True, True)),
        ("ct status assured accept", (True, False)),
        ("limit rate 10/second burst 5 packets accept", (True, True)),
        ("limit name \"slow\" accept", (True, True)),
        ("tcp dport vmap { 80 : accept }", (True, True)),
        ("tcp dport & 0xff vmap { 80 : accept }", (True, False)),
        ("tcp dport vmap { 81 : drop, * : accept }", (True, True)),
        ("ip saddr . tcp dport vmap { 10.1.0.8 . 80 : drop, * : accept }", (True, False)),
        ("jhash ip saddr mod 2 vmap { 0 : accept, 1 : drop }", (True, False)),
        ("frag frag-off 0 accept", (False, False)),
        ("exthdr frag exists accept", (False, False)),
        ("tcp dport accept", (True, False)),
        ("tcp dport 80 jump { accept; }", (True, False)),
        ("tcp dport 80 accept drop", (True, False)),
        ("something new accept", (True, False)),
    ],
)  # fmt: skip
def test_what_a_rule_lets_through(rule: str, expected: tuple[bool, bool]) -> None:
    assert possible_and_certain(forward(rule), WEB) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "ether saddr 02:00:00:00:00:01 drop",
        "ct mark 0x1 drop",
        "limit rate over 10/second drop",
        "ip saddr www.example.jp drop",
        "ip saddr @undefined drop",
        "ip saddr . tcp dport @undefined drop",
        "ip saddr != @undefined drop",
        "tcp dport no-such-service drop",
        "something new drop",
        "add @undefined { ip saddr } drop",
        "meta hour \"08:00\"-\"18:00\" drop",
        "ip saddr . ip daddr vmap @undefined",
        "tcp dport 80 queue num 1",
        "jump nowhere",
    ],
)  # fmt: skip
def test_a_drop_that_is_not_sure_never_counts_as_a_separation(rule: str) -> None:
    assert passes(forward(rule, policy="accept"), WEB, Mode.POSSIBLE)


def test_verdicts_of_a_map_keep_the_rest_for_the_next_rule() -> None:
    text = forward(
        "iifname vmap { \"eth1\" : jump inside, \"eth2\" : drop }",
        "tcp dport 443 accept",
        beside="\tchain inside {\n\t\ttcp dport 80 accept\n\t}\n",
    )  # fmt: skip
    assert passes(text, WEB)
    assert passes(text, "tcp 10.1.0.9:1 > 10.2.0.5:443")
    assert not passes(text, "tcp 10.1.0.9:1 > 10.2.0.5:443", ingress="eth2", egress="eth1")
    assert not passes(text, "tcp 10.1.0.9:1 > 10.2.0.5:22")


def test_an_accept_in_one_base_chain_is_not_the_last_word() -> None:
    text = forward("tcp dport 80 accept") + (
        "table inet later {\n\tchain c {\n\t\ttype filter hook forward priority filter + 10; policy accept;\n"
        "\t\tip daddr 10.2.0.5 drop\n\t}\n}\n"
    )
    assert len(device(text).policies) == 2
    assert not passes(text, WEB, Mode.POSSIBLE)


def test_established_lines_open_nothing() -> None:
    found = device(forward("ct state established,related accept", "ct state new tcp dport 80 accept"))
    assert found.tracks_connections
    (name,) = found.policies
    lines = found.filters[name].lines
    assert lines[0].connection is Connection.ESTABLISHED
    assert all(line.connection is Connection.NEW for line in lines[1:])


def test_packets_for_the_host_itself_have_their_own_filters() -> None:
    text = (
        "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n"
        "\t\ttcp dport 22 accept\n\t}\n\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t}\n}\n"
    )
    found = device(text + INTERFACES)
    assert [found.filters[name].default for name in found.local_in] == [Action.DENY]
    assert [line.action for line in found.filters[found.local_in[0]].lines] == [Action.PERMIT]
    assert [found.filters[name].default for name in found.local_out] == [Action.PERMIT]


@pytest.mark.parametrize(
    ("written", "priority"),
    [
        ("raw", -300),
        ("mangle - 5", -155),
        ("dstnat", -100),
        ("filter + 10", 10),
        ("security", 50),
        ("srcnat", 100),
        ("-225", -225),
        ("0", 0),
    ],
)
def test_priorities(written: str, priority: int) -> None:
    text = f"table ip t {{\n\tchain c {{\n\t\ttype filter hook output priority {written};\n\t}}\n}}"
    (chain,) = build(Document(config_text(text).lines), rules_shown=True).ruleset.chains.values()
    assert chain.base is not None
    assert (chain.base.priority, chain.base.accepts, chain.base.nat) == (priority, True, False)


@pytest.mark.parametrize(
    "base",
    ["type filter hook sideways priority 0;", "type filter hook forward;", "type filter hook forward priority high;", "type odd hook forward priority 0;"],
)  # fmt: skip
def test_a_base_chain_that_is_not_understood_is_a_doubt(base: str) -> None:
    text = f"table inet filter {{\n\tchain forward {{\n\t\t{base}\n\t\tdrop\n\t}}\n}}\n"
    assert kinds(text) == {DoubtKind.UNREAD}
    assert [one.line.number for one in read(text).coverage.unread] == [3]


def test_everything_of_a_translation_is_understood_or_a_doubt() -> None:
    head = "table ip nat {\n\tchain c {\n\t\ttype nat hook prerouting priority dstnat;\n\t\t"
    for good in (
        "dnat to 10.0.0.1:80-90",
        "dnat to tcp dport map { 80 : 10.0.0.1 }",
        "redirect to :80",
        "dnat ip to 10.0.0.1",
    ):
        assert kinds(f"{head}{good}\n\t}}\n}}\n{INTERFACES}") == set(), good
    for bad in (
        "dnat to host.example.jp",
        "dnat to @nowhere",
        "dnat to ip saddr map @nowhere",
        "dnat to tcp dport map { 80 : x }",
    ):
        assert kinds(f"{head}{bad}\n\t}}\n}}\n{INTERFACES}") - {DoubtKind.UNDEFINED} == {DoubtKind.UNSUPPORTED}, bad


def test_random_ports_and_ranges_of_a_source_translation() -> None:
    text = (
        "table ip nat {\n\tchain c {\n\t\ttype nat hook postrouting priority srcnat;\n"
        "\t\ttcp dport 80 snat to 10.0.0.1-10.0.0.3:1000-2000\n\t\tudp dport 53 snat to 10.0.0.1 random,persistent\n\t}\n}\n"
    )
    rules = device(text + INTERFACES).nat_rules
    assert [rule.source.ports for rule in rules if rule.source] == [(1000, 2000), (1, 65535)]
    assert [rule.source.addresses for rule in rules if rule.source] == [(167772161, 167772163), (167772161, 167772161)]


def test_a_rule_names_the_lines_of_its_sets_and_variables() -> None:
    text = "define lan = eth1\n" + forward(
        "iifname $lan ip daddr @web accept",
        beside="\tset web {\n\t\ttype ipv4_addr\n\t\telements = { 10.2.0.5,\n\t\t\t10.2.0.6 }\n\t}\n",
    )
    found = device(text)
    (line,) = found.filters[found.policies[0]].lines
    assert [source.number for source in line.sources] == [1, 10, 3, 5, 6]
    assert line.certainty is Certainty.ALWAYS


def test_a_chain_that_nothing_calls_does_nothing() -> None:
    text = forward(
        policy="accept", beside="\tchain unused {\n\t\tip saddr set 10.0.0.1\n\t\tmeta mark set 1\n\t\tdrop\n\t}\n"
    )
    assert kinds(text) == set()
    assert passes(text, WEB)


@pytest.mark.parametrize(
    "rule", ["ip daddr set 10.9.9.9", "dup to 10.9.9.9", "ct helper set \"ftp\"", "udp dport set 53"]
)  # fmt: skip
def test_what_moves_or_rewrites_packets_is_a_doubt(rule: str) -> None:
    assert DoubtKind.UNSUPPORTED in kinds(forward(rule, "accept"))


def test_zones_and_uncertain_tracking_are_doubts_about_what_comes_in_there() -> None:
    early = (
        "table inet r {\n\tchain p {\n\t\ttype filter hook prerouting priority raw;\n\t\tiifname eth1 RULE\n\t}\n}\n"
    )
    for rule in ("ct zone set 1", "limit rate 5/second notrack", "ct state invalid notrack"):
        (doubt,) = device(early.replace("RULE", rule) + forward("ct state new accept")).doubts
        assert (doubt.kind, doubt.interfaces, doubt.sources[0].number) == (DoubtKind.UNSUPPORTED, {"eth1"}, 4), rule
    assert kinds(early.replace("RULE", "notrack") + forward("ct state new accept")) == set()
    assert kinds(early.replace("RULE", "ct zone set 1") + forward("accept")) == set()  # nothing is tracked at all


def test_marks_matter_only_where_routes_are_chosen() -> None:
    text = "table ip m {\n\tchain p {\n\t\ttype filter hook prerouting priority mangle;\n\t\tmeta mark set 1\n\t}\n}\n"
    usual = "# ip rule\n0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
    assert kinds(text) == {DoubtKind.UNSUPPORTED}
    assert kinds(text + usual) == set()
    assert kinds(text.replace("prerouting", "forward")) == set()


def test_a_line_that_a_terminal_seemed_to_cut_is_two_again() -> None:
    """Reading a text joins what looks cut at 80 columns; the indentation in the middle shows that it was not."""
    rule = "\t\tip saddr 10.1.0.9 counter"
    lines = forward(rule.strip(), "tcp dport 80 accept").split("\n")
    position = lines.index(rule)
    joined = [
        SourceLine("x", number + (number > position + 1), line)
        for number, line in enumerate([*lines[:position], rule + lines[position + 1], *lines[position + 2 :]], 1)
    ]
    config = READER.read(ConfigText("x", tuple(joined), "UTF-8", 1, "0" * 64))
    (found,) = config.devices
    (line,) = found.filters[found.policies[0]].lines
    assert line.matches[0].sources == ((0, 2**32 - 1),)


# -- commands ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "add rule inet filter forward position 3 accept",
        "replace rule inet filter forward handle 3 accept",
        "delete rule inet filter forward handle 3",
        "rename chain inet filter forward other",
        "frobnicate everything",
        "add rule inet",
        "}",
    ],
)
def test_a_command_that_is_not_understood_is_unread_and_a_doubt(command: str) -> None:
    text = forward("tcp dport 80 accept") + command
    assert DoubtKind.UNREAD in kinds(text)
    assert len(read(text).coverage.unread) == 1


def test_flush_ruleset_forgets_what_was_before() -> None:
    text = forward("accept") + "flush ruleset\n" + forward("tcp dport 443 accept")
    assert not passes(text, WEB, Mode.POSSIBLE)
    without = forward("tcp dport 443 accept") + "flush table inet filter\n"
    assert not passes(without, "tcp 10.1.0.9:1 > 10.2.0.5:443", Mode.POSSIBLE)


def test_rules_for_a_chain_that_is_not_in_the_file() -> None:
    assert kinds("add rule ip filter FORWARD tcp dport 80 accept") == {DoubtKind.UNDEFINED}


def test_an_element_taken_away_makes_its_set_unsure() -> None:
    text = forward(
        "tcp dport @web accept", beside="\tset web {\n\t\ttype inet_service\n\t\telements = { 80, 443 }\n\t}\n"
    )
    assert possible_and_certain(text, WEB) == (True, True)
    assert possible_and_certain(text + "delete element inet filter web { 80 }\n", WEB) == (True, False)


# -- recognition ------------------------------------------------------------------------------------------------


def test_recognition() -> None:
    assert READER.score(config_text(forward("accept"))) >= 60
    assert READER.score(config_text("flush ruleset\nadd table inet x\nadd rule inet x y accept")) >= 60
    assert READER.score(config_text("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT")) == 0
    assert READER.score(config_text("hostname SW1\ninterface Vlan10\n ip access-group X in")) == 0
    assert READER.score(config_text("")) == 0


def test_a_listing_as_it_comes_from_a_terminal() -> None:
    text = "root@gate:~# nft list ruleset\n" + forward("tcp dport 80 accept") + "root@gate:~# exit\n"
    config = READER.read(config_text_from_bytes(text.encode(), "gate.txt"))
    assert not config.coverage.unread
    assert config.devices[0].name == "gate"


# -- hostile input ----------------------------------------------------------------------------------------------

_HOSTILE = {
    "nothing": "",
    "only an opening": "table inet filter {",
    "many openings": "{" * 5000,
    "many closings": "}" * 5000,
    "brackets that cross": "table inet t { chain c { ( } ) [ } ]",
    "open string": forward('log prefix "abc'),
    "odd characters": forward("\x00\x07 \u3000 ￥ ' ` accept", "\\"),
    "empty sets": forward("tcp dport { } accept", "tcp dport { , , } accept", "tcp dport vmap { } ", "tcp dport vmap { : } "),
    "backwards": forward("tcp dport 90-80 accept", "ip saddr 10.0.0.9-10.0.0.1 drop", "ip saddr 10.0.0.0/99 drop"),
    "out of range": forward("tcp dport 99999999999999999999999 accept", "meta l4proto 300 drop", "tcp flags 0xfff accept"),
    "half statements": forward("tcp", "tcp dport", "ip saddr !=", "jump", "dnat to", "limit rate", "ct", "meta", "fib", "add @x", "reject with", "xt", "numgen", "ip saddr &", "snat to :", "comment"),
    "define itself": "define a = $a\n" + forward("ip saddr $a accept"),
    "defines without values": "define\ndefine x\ndefine x =\ndefine = 3\ninclude\nflush\ndelete\nadd\nadd rule\n",
    "chain of chains": forward("jump forward"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(_HOSTILE))
def test_odd_input_is_read_without_a_crash(name: str) -> None:
    text = _HOSTILE[name]
    config = read(text)
    assert accounted(config) == list(range(1, text.count("\n") + 2))


def test_a_truncated_ruleset_is_never_certain() -> None:
    text = forward("tcp dport 80 accept", "ip saddr { 10.0.0.1,", "10.0.0.2 } drop").removesuffix(INTERFACES).rstrip()
    for length in range(25, len(text), 7):
        assert device(f"{INTERFACES}{text[:length]}").doubts, text[:length]


def test_words_in_any_order_never_crash() -> None:
    words = ["table", "inet", "ip", "t", "chain", "c", "{", "}", "(", ")", "[", "]", ";", ",", ":", ".", "-", "/", "|", "&", "!", "==", "!=", "<", ">", "{", "}", "type", "filter", "nat", "hook", "forward", "priority", "0", "policy", "drop", "accept", "jump", "goto", "return", "ip", "saddr", "daddr", "tcp", "dport", "80", "10.0.0.1", "10.0.0.0/8", "::1", "@s", "$v", "vmap", "map", "set", "elements", "=", "flags", "interval", "define", "include", "add", "rule", "element", "meta", "mark", "ct", "state", "new", "iifname", '"eth0"', "eth*", "*", "limit", "rate", "over", "dnat", "to", "snat", "masquerade", "redirect", "th", "fib", "numgen", "mod", "reject", "with", "log", "counter", "queue", "comment", "xt", "match"]  # fmt: skip
    rng = random.Random(7)
    for _ in range(400):
        text = " ".join(rng.choice((*words, "\n")) for _ in range(rng.randint(1, 60)))
        for one in (text, forward(text.replace("\n", " "))):
            config = read(one)
            assert accounted(config) == list(range(1, one.count("\n") + 2))


def read_whole(text: str) -> ReadConfig:
    """Reads something that a slow way of reading would not finish in a day."""
    config = read(text)
    assert len(accounted(config)) == text.count("\n") + 1
    return config


def test_a_set_of_very_many_elements() -> None:
    elements = ",\n".join(f"10.{i >> 15 & 255}.{i >> 7 & 255}.{i * 2 & 255}" for i in range(HOSTILE_LINES))
    text = forward(
        "ip saddr @big drop",
        "ip daddr != @big accept",
        beside=f"\tset big {{\n\ttype ipv4_addr\n\telements = {{ {elements} }}\n\t}}\n",
    )
    read_whole(text)


def test_a_concatenated_set_of_very_many_elements() -> None:
    elements = ",\n".join(
        f"10.{i >> 15 & 255}.{i >> 7 & 255}.{i * 2 & 255} . {i % 60000}" for i in range(HOSTILE_LINES // 5)
    )
    read_whole(forward(f"ip saddr . tcp dport {{ {elements} }} drop", "accept"))


def test_very_many_rules() -> None:
    rules = [f"ip saddr 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255} tcp dport {i % 65535} drop" for i in range(10_000)]
    read_whole(forward(*rules, "accept"))


def test_variables_that_double_end_in_a_doubt() -> None:
    defines = ["define v0 = { 10.0.0.1, 10.0.0.2 }"]
    defines += [f"define v{n} = {{ $v{n - 1}, $v{n - 1} }}" for n in range(1, 40)]
    text = "\n".join(defines) + "\n" + forward("ip saddr $v39 drop", policy="accept")
    read_whole(text)
    assert passes(text, "tcp 10.0.0.1:1 > 10.2.0.5:80", Mode.POSSIBLE)


def test_a_long_variable_in_very_many_rules() -> None:
    addresses = ", ".join(f"10.0.{i >> 8}.{i & 255}" for i in range(0, 20_000, 2))
    read_whole(f"define many = {{ {addresses} }}\n" + forward(*["ip saddr $many drop"] * 1000))


def test_chains_that_multiply_are_too_complex() -> None:
    chains = "".join(
        f"\tchain c{n} {{\n" + f"\t\tjump c{n + 1}\n" * 10 + "\t}\n" for n in range(12)
    ) + "\tchain c12 {\n\t\ttcp dport 80 accept\n\t}\n"  # fmt: skip
    text = forward("jump c0", beside=chains)
    config = read_whole(text)
    assert DoubtKind.TOO_COMPLEX in {doubt.kind for doubt in config.devices[0].doubts}


def test_the_verdict_of_unread_rules_is_unknown() -> None:
    document = Document(config_text(forward("tcp dport 80 blah")).lines)
    (chain,) = build(document, rules_shown=True).ruleset.chains.values()
    assert [rule.verdict.kind for rule in chain.rules] == [VerdictKind.UNKNOWN]
