"""The Junos reader on the model itself, and on hostile input. What packets do is in `cases/`."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from secaudit.flows.topology import build_topology
from secaudit.network.device import Device, DoubtKind, Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceKind, SwitchPort
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes
from secaudit.text.source import SourceLine
from secaudit.vendors.juniper_srx import READER
from secaudit.vendors.juniper_srx.parsing import parse, split_words
from secaudit.vendors.juniper_srx.services import built_in
from secaudit.vendors.juniper_srx.tree import Statement
from secaudit.vendors.reader import ReadConfig

CASES = Path(__file__).with_name("cases")
BASE = """\
set version 21.4R3.15
set system host-name SRX-01
set interfaces ge-0/0/1 unit 0 family inet address 10.1.0.1/24
set interfaces ge-0/0/2 unit 0 family inet address 10.2.0.1/24
set security zones security-zone trust interfaces ge-0/0/1.0
set security zones security-zone dmz interfaces ge-0/0/2.0
"""


def text_of(content: str) -> ConfigText:
    lines = tuple(SourceLine("fw.conf", number, line) for number, line in enumerate(content.split("\n"), 1))
    data = content.encode()
    return ConfigText("fw.conf", lines, "UTF-8", len(data), hashlib.sha256(data).hexdigest())


def read(content: str) -> ReadConfig:
    text = text_of(content)
    config = READER.read(text)
    unread = [one.line.number for one in config.coverage.unread]
    told = sorted([*config.coverage.used, *config.coverage.irrelevant, *unread])
    assert told == [line.number for line in text.lines], "every line is in exactly one class"
    return config


def device_of(content: str) -> Device:
    (device,) = read(content).devices
    return device


def quoted(word: str) -> str:
    return f'"{word}"' if set(word) & set(" {}[];#") else word


def curly_of(root: Statement, depth: int = 0) -> list[str]:
    """A tree written in the curly form: a word that has one child goes on in the same line at random."""
    lines = []
    for child in root:
        words = [quoted(child.word)]
        node = child
        while len(node.children) == 1 and not node.lines:
            node = next(iter(node))
            words.append(quoted(node.word))
        head = "    " * depth + " ".join(words)
        if node.children:
            lines += [head + " {", *curly_of(node, depth + 1), "    " * depth + "}"]
        else:
            lines.append(head + ";")
    return lines


def _plain_cases() -> list[Path]:
    """The cases that hold the statements of one device and nothing else."""
    return [path for path in sorted(CASES.glob("*.conf")) if _is_plain(path.read_text(encoding="utf-8"))]


def _is_plain(text: str) -> bool:
    part, *others = parse(text_of(text).lines)
    return not (others or part.garbage or part.cut or part.deactivates)


class TestForms:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('set a "b c" d', ["set", "a", "b c", "d"]),
            ('set a "b" ## SECRET-DATA', ["set", "a", "b"]),
            ("set a [ b c ]", ["set", "a", "[", "b", "c", "]"]),
            ('set a "not closed', ["set", "a", '"not', "closed"]),
        ],
    )
    def test_words(self, text: str, words: list[str]) -> None:
        assert split_words(text) == words

    @pytest.mark.parametrize("path", _plain_cases(), ids=lambda path: path.stem)
    def test_both_forms_are_one_model(self, path: Path) -> None:
        """SR-01: what was set, written in the curly form, gives the same filters, routes and translations."""
        text = path.read_text(encoding="utf-8")
        (part,) = parse(text_of(text).lines)
        again = "\n".join(curly_of(part.root)) + "\n"
        if part.comments:
            again = "\n".join(line.text for line in part.comments if line.text.startswith("# ")) + "\n" + again
        left, right = READER.read(text_of(text)).devices, READER.read(text_of(again)).devices
        assert [meaning(one) for one in left] == [meaning(one) for one in right]

    def test_a_quoted_value_over_several_lines(self) -> None:
        device = device_of(
            'security {\n    pki {\n        x "-----BEGIN\nMIIB {\n-----END";\n    }\n}\nsystem {\n    host-name A;\n}\n'
        )
        assert device.name == "A"

    def test_a_list_without_blanks(self) -> None:
        found = parse(text_of("set a [b c]\nd [ e f ];\n").lines)[0].root
        assert [list(one.children) for one in found] == [["b", "c"], ["e", "f"]]


def meaning(device: Device) -> object:
    """What a device does, without the lines."""

    def line(one: object) -> object:
        return tuple(getattr(one, name) for name in ("label", "action", "matches", "certainty", "ingress", "egress"))

    def port(one: SwitchPort | None) -> str:
        if one is None:
            return "None"
        kinds = [kind.value for kind, _ in one.protections]
        read = sorted(kind.value for kind in one.protections_read)
        return f"{kinds} {read} {replace(one, protections=(), protections_read=frozenset(), protections_untold=frozenset())}"

    return (
        device.name,
        {name: ([line(one) for one in held.lines], held.default) for name, held in device.filters.items()},
        [(one.prefix, one.vrf, one.distance) for one in device.routes],
        [(one.label, one.matches, one.destination, one.source, one.interfaces) for one in device.nat_rules],
        sorted((one.name, one.vlan, one.vrf, port(one.switch_port)) for one in device.interfaces.values()),
        sorted((one.kind.value, one.plane.value) for one in device.doubts),
    )


class TestLayer2:
    def test_access_ports_lead_to_the_interface_of_their_vlan(self) -> None:
        config = READER.read(text_of((CASES / "switching.conf").read_text(encoding="utf-8")))
        topology = build_topology(config.devices)
        assert topology.entrances("SRX-01", "ge-0/0/1.0") == (("SRX-01", "irb.10"),)
        assert topology.entrances("SRX-01", "ge-0/0/3.0") == (("SRX-01", "irb.20"),)
        trunk = config.devices[0].interfaces["ge-0/0/2.0"].switch_port
        assert trunk is not None
        assert trunk.trunk
        assert (trunk.access_vlan, trunk.trunk_vlans) == (20, frozenset((10, 20)))

    def test_members_of_an_aggregate(self) -> None:
        config = READER.read(text_of((CASES / "cluster.conf").read_text(encoding="utf-8")))
        interfaces = config.devices[0].interfaces
        assert interfaces["ge-5/0/3"].member_of == "reth0.0"
        assert interfaces["ge-0/0/4"].member_of == "reth1"
        assert interfaces["reth1"].kind is InterfaceKind.AGGREGATE
        assert (interfaces["reth1.20"].vlan, interfaces["reth1.20"].parent) == (20, "reth1")


class TestTunnels:
    def test_a_bound_vpn(self) -> None:
        config = READER.read(text_of((CASES / "ipsec.conf").read_text(encoding="utf-8")))
        tunnel = config.devices[0].interfaces["st0.0"].tunnel
        assert tunnel is not None
        assert (str(tunnel.remote), tunnel.local_interface) == ("203.0.113.2", "ge-0/0/0.0")

    def test_gre(self) -> None:
        device = device_of(
            BASE
            + "set interfaces gr-0/0/0 unit 0 tunnel source 10.1.0.1\nset interfaces gr-0/0/0 unit 0 tunnel destination 10.9.0.1\n"
        )
        tunnel = device.interfaces["gr-0/0/0.0"].tunnel
        assert tunnel is not None
        assert str(tunnel.remote) == "10.9.0.1"


class TestDoubts:
    def test_nothing_unread_is_passed_over(self) -> None:
        """Any statement that nobody knows leaves a doubt, or makes a line uncertain."""
        for extra in (
            "set security something new",
            "set interfaces ge-0/0/1 unit 0 family inet6 magic",
            "set firewall magic on",
            "set routing-options magic",
            "set vlans V magic",
            "set services magic",
            "set interfaces ge-0/0/1 encapsulation ethernet-bridge",
            "set interfaces ge-0/0/1 unit 0 encapsulation vlan-ccc",
            "set security flow allow-dns-reply",
            "set forwarding-options family inet filter input X",
        ):
            device = device_of(BASE + extra + "\n")
            assert [one.kind for one in device.doubts] == [DoubtKind.UNREAD], extra
            assert device.doubts[0].plane is Plane.TRAFFIC

    def test_what_concerns_the_device_itself_only(self) -> None:
        device = device_of(BASE + "set system services magic\n")
        assert [(one.kind, one.plane) for one in device.doubts] == [(DoubtKind.UNREAD, Plane.MANAGEMENT)]

    @pytest.mark.parametrize(
        "extra",
        [
            "set security forwarding-options secure-wire W interface ge-0/0/1.0",
            "set protocols l2-learning global-mode transparent-bridge",
            "set services ip-monitoring policy P then preferred-route route 0.0.0.0/0 next-hop 10.1.0.9",
            'set event-options policy P then change-configuration commands "set x"',
            "set system scripts commit file a.slax",
            "set routing-options instance-import P",
            "set security remote-access profile P",
        ],
    )
    def test_what_is_understood_and_not_modelled(self, extra: str) -> None:
        device = device_of(BASE + extra + "\n")
        assert DoubtKind.UNSUPPORTED in {one.kind for one in device.doubts}
        assert not read(BASE + extra + "\n").coverage.unread

    def test_a_group_under_conditions(self) -> None:
        device = device_of(
            BASE + "set groups G when chassis srx300\nset groups G snmp location X\nset apply-groups G\n"
        )
        assert [one.kind for one in device.doubts] == [DoubtKind.UNSUPPORTED]

    def test_removing_a_line_leaves_no_more_than_it_should(self) -> None:
        """Without the line that says how IPv6 is handled, nothing about IPv6 is sure; the rest stays."""
        device = device_of(BASE)
        (line,) = device.filters["security policies"].lines
        assert (line.action, line.certainty) == (Action.DENY, Certainty.UNCERTAIN)
        assert {one.family for one in line.matches} == {6}


class TestData:
    def test_built_in_applications_name_only_what_there_is(self) -> None:
        exact, most, sets = built_in()
        assert len(exact) > 90
        assert not exact.keys() & most.keys()
        for members in sets.values():
            assert all(member in exact or member in most for member in members)


class TestRecognition:
    @pytest.mark.parametrize(
        "content",
        [
            "interfaces {\n    ethernet eth0 {\n        address 10.0.0.1/24\n    }\n}\nsystem {\n    host-name vyos\n}\n",
            "set deviceconfig system hostname PA\nset network interface ethernet ethernet1/1 layer3\nset zone trust network layer3 ethernet1/1\n",
            'set zone id 100 "x"\nset interface "ethernet0/0" zone "Untrust"\nset policy id 1 from "Trust" to "Untrust" "Any" "Any" "ANY" permit\n',
            "version 15.2\nhostname R\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n",
            "table inet filter {\n chain input {\n  type filter hook input priority 0;\n }\n}\n",
            "set interface eth0 ipv4-address 10.0.0.1 mask-length 24\nset hostname gaia\n",
        ],
    )
    def test_look_alikes(self, content: str) -> None:
        assert READER.score(text_of(content)) < 40


class TestHostileInput:
    @pytest.mark.parametrize(
        "content",
        [
            "{" * 100_000,
            "}" * 100_000,
            "a {\n" * 30_000,
            "set " + "a " * 50_000,
            '"' * 50_000,
            'system { x "\n' * 20_000,
            "/*" * 50_000,
            "[" * 50_000,
            "edit a\n" * 20_000,
            "top " * 50_000,
            "set a b c\n" * 20_000,
            "set apply-groups a\n" * 10_000,
            "inactive: " * 30_000,
            BASE
            + "".join(f"set x policy {n}\n" for n in range(5000))
            + "".join(f"insert x policy {n} before policy 0\n" for n in range(5000)),
            "".join(f"set security address-book global address-set s{n} address-set s{n + 1}\n" for n in range(5000))
            + BASE
            + "".join(
                f"set security policies from-zone trust to-zone dmz policy r{n} match source-address s{n}\n"
                for n in range(200)
            ),
            "".join(
                f"set groups g{n} interfaces <*> unit <*> description x\nset apply-groups g{n}\n" for n in range(100)
            )
            + "".join(f"set interfaces ge-0/0/{n} unit 0\n" for n in range(500)),
        ],
        ids=lambda content: content[:20].replace("\n", " "),
    )
    def test_linear_and_quiet(self, content: str) -> None:
        begun = time.process_time()
        read(content)
        READER.score(text_of(content))
        assert time.process_time() - begun < 20

    def test_any_part_of_any_case(self) -> None:
        """Cut anywhere, lines shuffled, words lost: every line is accounted for and nothing is raised."""
        random = Random(5)
        for path in sorted(CASES.glob("*.conf")):
            lines = path.read_text(encoding="utf-8").split("\n")
            read("\n".join(lines[random.randrange(len(lines)) :]))
            shuffled = random.sample(lines, len(lines))
            read("\n".join(shuffled))
            read("\n".join(line[: random.randrange(len(line) + 1)] for line in lines))
            words = [word for line in lines for word in line.split()]
            read("\n".join(" ".join(random.sample(words, min(len(words), 9))) for _ in range(20)))
            read("set " + "\nset ".join(" ".join(random.sample(words, min(len(words), 9))) for _ in range(20)))

    def test_hard_wraps(self) -> None:
        """A terminal of 80 columns breaks lines; the words are put together again before the reader sees them."""
        long = "set security policies from-zone trust to-zone dmz policy a-name-of-some-length match destination-address any"
        lines = [
            *BASE.splitlines(),
            long,
            long.replace("destination-address any", "source-address any"),
            long.replace("destination-address any", "application any"),
            long.replace("match destination-address any", "then permit"),
        ]
        wrapped = "\n".join(line[i : i + 80] for line in lines for i in range(0, len(line), 80)) + "\n"
        config = READER.read(config_text_from_bytes(wrapped.encode(), "fw.conf"))
        (device,) = config.devices
        labels = [one.label for one in device.filters["security policies"].lines]
        assert "policy a-name-of-some-length" in labels
        assert not config.coverage.unread
