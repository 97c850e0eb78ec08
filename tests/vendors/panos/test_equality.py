"""Random policies in all three forms: the same packets as the policy itself, for both address families.

The random policies of `tests/vendors/equality` are used as far as PAN-OS can say them for sure: what is neither TCP nor UDP is told by application.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest

from secaudit.flows.modes import Mode
from secaudit.network.changes import InsertDeny, RemoveLine
from secaudit.network.intervals import normalise
from secaudit.network.matches import ANY_SERVICE as EVERYTHING
from secaudit.network.matches import Family, Match
from secaudit.network.matches import Service as NeutralService
from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import NotSaidError
from tests.vendors.commands.reading_back import commands_for, text_of, wrong
from tests.vendors.equality.policies import (
    ANY_SERVICE,
    PORTS,
    TCP,
    UDP,
    Policy,
    PolicyMaker,
    Rule,
    Service,
    Span,
    address,
    highest,
    prefixes,
)
from tests.vendors.equality.reading import device_of, meant, opening, permitted
from tests.vendors.equality.written import Written

FAMILIES: tuple[Family, ...] = (4, 6)
FORMS = ("set", "curly", "xml")
COUNT = 25
Path = tuple[str, ...]


def a_policy(family: Family, seed: str) -> Policy:
    """A policy of services that PAN-OS can say."""
    maker = PolicyMaker(Random(seed), family)
    rules = []
    for rule in (maker.rule() for _ in range(6)):
        services = tuple(one for one in rule.services if one.protocol in (None, TCP, UDP))
        rules.append(replace(rule, services=services or (ANY_SERVICE,)))
    return Policy(family, tuple(rules), Random(seed).random() < 0.3)


class PanosWriter:
    """One configuration as paths of words; every choice of style comes from `random`. Knows nothing of the reader."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self.policy = policy
        self.random = random
        self.paths: list[Path] = []
        self.device: Path = ("devices", "localhost.localdomain")
        self.vsys: Path = (*self.device, "vsys", "vsys1")

    def write(self) -> list[Path]:
        first, second = ("10.1.0.1/16", "10.2.0.1/16")
        network = (*self.device, "network")
        self.add((*self.device, "deviceconfig", "system", "hostname"), "PA")
        self.add((*self.device, "deviceconfig", "setting", "session", "ipv6-firewalling"), "yes")
        for name, own, six in (("ethernet1/1", first, "2001:db8:1::1/48"), ("ethernet1/2", second, "2001:db8:2::1/48")):
            layer3 = (*network, "interface", "ethernet", name, "layer3")
            self.add((*layer3, "ip"), own)
            self.add((*layer3, "ipv6", "enabled"), "yes")
            self.add((*layer3, "ipv6", "address"), six)
            self.add((*network, "virtual-router", "default", "interface"), name)
        self.add((*self.vsys, "zone", "in side", "network", "layer3"), "ethernet1/1")
        self.add((*self.vsys, "zone", "outside", "network", "layer3"), "ethernet1/2")
        for number, rule in enumerate(self.policy.rules):
            self.rule(number, rule)
        if self.policy.default:
            self.add(
                (*self.vsys, "rulebase", "default-security-rules", "rules", "interzone-default", "action"), "allow"
            )
        return self.paths

    def add(self, path: Path, *values: str) -> None:
        self.paths += [(*path, value) for value in values]

    def rule(self, number: int, rule: Rule) -> None:
        random = self.random
        path = (
            *self.vsys,
            "rulebase",
            "security",
            "rules",
            random.choice((f"r{number}", f"rule {number}", f"set-{number}")),
        )
        zones = [("from", "in side"), ("to", "outside")]
        for setting, zone in zones:
            self.add((*path, setting), random.choice((zone, "any")))
        for setting, spans in (("source", rule.sources), ("destination", rule.destinations)):
            names = [name for span in spans for name in self.address(f"{setting}{number}", span)]
            if names and random.random() < 0.3:
                group = f"group {setting} {number}"
                self.add((*self.vsys, "address-group", group, "static"), *names)
                names = [group]
            self.add((*path, setting), *dict.fromkeys(names))
        self.add((*path, "application"), "any")
        self.add(
            (*path, "service"), *dict.fromkeys(name for one in rule.services for name in self.service(number, one))
        )
        self.add((*path, "action"), "allow" if rule.permit else random.choice(("deny", "drop", "reset-both")))

    def address(self, owner: str, span: Span) -> Iterable[str]:
        family = self.policy.family
        if span == (0, highest(family)):
            return ["0.0.0.0/0" if family == 4 else "::/0"]
        networks = prefixes(span, family)
        written = str(networks[0]) if len(networks) == 1 else f"{address(span[0], family)}-{address(span[1], family)}"
        if self.random.random() < 0.5:
            return [written]
        name = f"{owner} {written.replace('/', '_').replace(':', '.')}"[:63]
        table = self.vsys if self.random.random() < 0.5 else ("shared",)
        self.add((*table, "address", name, "ip-netmask" if len(networks) == 1 else "ip-range"), written)
        return [name]

    def service(self, number: int, service: Service) -> Iterable[str]:
        if service.protocol is None:
            return ["any"]
        word = "tcp" if service.protocol == TCP else "udp"
        ports = ",".join(f"{low}-{high}" if low != high else str(low) for low, high in service.destination_ports)
        sources = ",".join(f"{low}-{high}" if low != high else str(low) for low, high in service.source_ports)
        name = f"s{number} {word} {len(self.paths)}"
        path = (*self.vsys, "service", name, "protocol", word)
        self.add((*path, "port"), ports)
        if service.source_ports != (PORTS,):
            self.add((*path, "source-port"), sources)
        return [name]


def quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def as_set(paths: list[Path]) -> list[str]:
    """With one virtual system its settings stand at the top."""
    lines = []
    for path in paths:
        rest = path[4:] if path[2:4] == ("vsys", "vsys1") else path[2:] if path[0] == "devices" else path
        lines.append("set " + " ".join(map(quoted, rest)))
    return lines


Tree = dict[str, "Tree"]


def as_tree(paths: list[Path]) -> Tree:
    tree: Tree = {}
    for path in paths:
        node = tree
        for word in path:
            node = node.setdefault(word, {})
    return tree


def as_curly(tree: Tree, depth: int = 0) -> list[str]:
    lines = []
    for name, below in tree.items():
        pad = "  " * depth
        if below and not any(below.values()):
            held = " ".join(map(quoted, below))
            lines.append(f"{pad}{quoted(name)} {held};" if len(below) == 1 else f"{pad}{quoted(name)} [ {held}];")
        elif below:
            lines += [f"{pad}{quoted(name)} {{", *as_curly(below, depth + 1), f"{pad}}}"]
        else:
            lines.append(f"{pad}{quoted(name)};")
    return lines


TABLES = {"devices", "vsys", "ethernet", "ip", "address", "address-group", "service", "rules", "zone", "virtual-router"}
LISTS = {"from", "to", "source", "destination", "application", "service", "static", "interface", "layer3"}


def as_xml(tree: Tree, holder: str = "", depth: int = 0, entries: bool = False) -> list[str]:
    lines = []
    for name, below in tree.items():
        pad = "  " * depth
        tag, opening_tag = ("entry", f'entry name="{name}"') if entries else (name, name)
        if not below:
            lines.append(f'{pad}<entry name="{name}"/>' if entries else f"{pad}<{name}/>")
        elif not any(below.values()) and not (name in TABLES and name != "service" and not entries):
            multiple = name in LISTS and not entries
            if multiple:
                lines += [f"{pad}<{name}>", *(f"{pad}  <member>{one}</member>" for one in below), f"{pad}</{name}>"]
            else:
                lines += [f"{pad}<{name}>{one}</{name}>" for one in below]
        else:
            inner = as_xml(below, name, depth + 1, name in TABLES and not entries)
            lines += [f"{pad}<{opening_tag}>", *inner, f"{pad}</{tag}>"]
    return lines


def write(policy: Policy, form: str, seed: str) -> Written:
    paths = PanosWriter(policy, Random(f"{form} {seed}")).write()
    if form == "set":
        lines = as_set(paths)
    elif form == "curly":
        lines = ["config {", *as_curly(as_tree(paths), 1), "}"]
    else:
        lines = [
            '<?xml version="1.0"?>',
            '<config version="10.1.0" urldb="paloaltonetworks">',
            *as_xml(as_tree(paths), "", 1),
            "</config>",
        ]
    return Written("panos", form, policy.family, tuple(lines), "ethernet1/1", "ethernet1/2")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_policy_is_read_back(family: Family, form: str) -> None:
    space = HeaderSpace(family)
    for number in range(COUNT):
        policy = a_policy(family, f"panos {family} {number}")
        written = write(policy, form, str(number))
        device, complaints = device_of(written)
        assert not complaints, (complaints, written.text)
        wanted = space.intersection(meant(space, policy), opening(space))
        for mode in Mode:
            assert permitted(space, device, written, mode) == wanted, f"{mode}\n{written.text}"


@pytest.mark.parametrize("form", FORMS)
def test_commands_read_back_as_the_changed_model(form: str) -> None:
    """Random denials and removals, typed behind the configuration of each form."""
    said = 0
    for number in range(COUNT):
        family: Family = 4 if number % 2 else 6
        random = Random(f"commands {form} {number}")
        written = write(a_policy(family, f"commands {number}"), form, str(number))
        text = text_of(written.text, "panos")
        device, _ = device_of(written)
        lines = device.filters["security policy"].lines
        rule = PolicyMaker(random, family).rule()
        services = tuple(dict.fromkeys(neutral(one) for one in rule.services if one.protocol in (None, TCP, UDP)))
        match = Match(family, normalise(rule.sources), normalise(rule.destinations), services or (EVERYTHING,))
        position = random.randrange(len(lines))
        for change in (
            InsertDeny("PA", "security policy", position, (match,), "ethernet1/1", "ethernet1/2"),
            RemoveLine("PA", "security policy", position),
        ):
            try:
                commands = commands_for(device, [change], text)
            except NotSaidError as error:
                assert error.text.ja and error.text.en
                continue
            said += 1
            message = wrong({family: HeaderSpace(family)}, written.text, device, [change], commands)
            assert not message, f"{message}\n{change}\n{written.text}\n" + "\n".join(commands.lines)
    assert said > COUNT


def neutral(service: Service) -> NeutralService:
    if service.protocol is None:
        return EVERYTHING
    protocol = ((service.protocol, service.protocol),)
    return NeutralService(protocol, normalise(service.destination_ports), normalise(service.source_ports))
