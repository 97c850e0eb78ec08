"""Random changes of random policies: the commands read back as the changed model, for every vendor and both address families."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.intervals import ANY_IPV4, normalise
from secaudit.network.matches import ANY_SERVICE, Family, Match, Service
from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import Commands, NotSaidError
from tests.vendors.commands.reading_back import FAMILIES, READERS, Spaces, commands_for, text_of, wrong
from tests.vendors.equality.policies import PolicyMaker
from tests.vendors.equality.policies import Service as AbstractService
from tests.vendors.equality.test_equality import ROUNDS, a_policy, write, writers
from tests.vendors.equality.written import Written

COUNT = 8 * ROUNDS
GOLDEN = Path(__file__).parent / "golden"


def matches_of(random: Random, family: Family) -> tuple[Match, ...]:
    """Products as a repair makes them: addresses, and ports or ICMP types."""
    rule = PolicyMaker(random, family).rule()
    services = tuple(dict.fromkeys(map(service_of, rule.services)))
    return (Match(family, normalise(rule.sources), normalise(rule.destinations), services),)


def service_of(service: AbstractService) -> Service:
    if service.protocol is None:
        return ANY_SERVICE
    protocols = ((service.protocol, service.protocol),)
    if service.has_ports:
        return Service(protocols, normalise(service.destination_ports), normalise(service.source_ports))
    types = ((0, 255),) if service.icmp_type is None else ((service.icmp_type, service.icmp_type),)
    codes = ((0, 255),) if service.icmp_code is None else ((service.icmp_code, service.icmp_code),)
    return Service(protocols, icmp_types=types, icmp_codes=codes)


def changes_of(random: Random, device: Device, written: Written) -> list[Change]:
    """One to three changes of the filter that decides, and sometimes a filter where none is."""
    family = written.family
    inside = device.interfaces[written.inside]
    outside = device.interfaces[written.outside]
    name = device.policies[0] if not written.direction else inside.filter_in or outside.filter_out
    assert name is not None
    lines = device.filters[name].lines
    found: list[Change] = []
    for _ in range(random.randrange(1, 4)):
        if random.random() < 0.6 or not lines:
            ends = (None, None) if written.direction else (written.inside, written.outside)
            matches = matches_of(random, family)
            if random.random() < 0.2:
                matches += matches_of(random, family)
            found.append(InsertDeny(device.name, name, random.randrange(len(lines) + 1), matches, *ends))
        else:
            found.append(RemoveLine(device.name, name, random.randrange(len(lines))))
    if written.direction and random.random() < 0.3:
        other = outside if inside.filter_in or inside.filter_out else inside
        found.append(AddFilter(device.name, other.name, matches_of(random, family), random.random() < 0.5))
    return list({(type(one), getattr(one, "position", -1)): one for one in found}.values())


def cases() -> Iterator[tuple[Family, str, int]]:
    for family in FAMILIES:
        for writer in writers(family):
            for number in range(COUNT):
                yield family, writer, number


def test_commands_read_back_as_the_changed_model() -> None:
    said: dict[str, list[bool]] = {}
    spaces: Spaces = {family: HeaderSpace(family) for family in FAMILIES}
    for family, writer, number in cases():
        if number == 0:
            spaces = {one: HeaderSpace(one) for one in FAMILIES}
        random = Random(f"commands {family} {writer} {number}")
        written = write(a_policy(family, f"commands {number}"), writer, f"commands {number}")
        text = text_of(written.text, written.vendor)
        (device,) = READERS[written.vendor].read(text).devices
        for change in changes_of(random, device, written):
            changes = [change]
            try:
                commands = commands_for(device, changes, text)
            except NotSaidError as error:
                said.setdefault(writer, []).append(False)
                assert error.text.ja and error.text.en
                continue
            said.setdefault(writer, []).append(True)
            message = wrong(spaces, written.text, device, changes, commands)
            assert not message, report(message, written, changes, commands)
    for writer, answers in said.items():
        share = sum(answers) / len(answers)
        assert share == 0 if writer == "zone firewall" else share > 0.7, (writer, share, len(answers))


def test_several_changes_of_one_device_at_once() -> None:
    for family, writer, number in cases():
        random = Random(f"several {family} {writer} {number}")
        written = write(a_policy(family, f"several {number}"), writer, f"several {number}")
        text = text_of(written.text, written.vendor)
        (device,) = READERS[written.vendor].read(text).devices
        changes = changes_of(random, device, written)
        try:
            commands = commands_for(device, changes, text)
        except NotSaidError:
            continue
        message = wrong({family: HeaderSpace(family)}, written.text, device, changes, commands)
        assert not message, report(message, written, changes, commands)


@pytest.mark.parametrize("vendor", ["alaxala", "fortios", "cisco_ios", "juniper_srx", "yamaha"])
def test_a_bound_that_is_off_by_one_is_seen(vendor: str) -> None:
    """The check of the check: commands for an almost equal change do not pass for the change."""
    spaces: Spaces = {4: HeaderSpace(4)}
    content = (GOLDEN / vendor / "by_hand.conf").read_text(encoding="utf-8")
    text = text_of(content, vendor)
    (device,) = READERS[vendor].read(text).devices
    names = {
        "alaxala": "TO-DMZ",
        "fortios": "policy",
        "cisco_ios": "TO-DMZ",
        "juniper_srx": "security policies",
        "yamaha": "lan1 in",
    }
    name = names[vendor]
    lines = device.filters[name].lines
    position = next(place for place, line in enumerate(lines) if line.label.split()[-1].isdigit())
    ends = {"fortios": ("lan", "wan"), "juniper_srx": ("ge-0/0/1.0", "ge-0/0/0.0")}.get(vendor, (None, None))
    service = Service(((6, 6),), ((80, 90),))
    true = InsertDeny(device.name, name, position, (Match(4, ANY_IPV4, ((16, 31),), (service,)),), *ends)
    commands = commands_for(device, [true], text)
    assert not wrong(spaces, content, device, [true], commands)
    wider = Service(((6, 6),), ((80, 91),))
    for other in (
        replace(true, matches=(Match(4, ANY_IPV4, ((16, 32),), (service,)),)),
        replace(true, matches=(Match(4, ANY_IPV4, ((16, 31),), (wider,)),)),
        replace(true, position=len(lines)),
    ):
        assert wrong(spaces, content, device, [other], commands), other


def report(message: str, written: Written, changes: list[Change], commands: Commands) -> str:
    listed = "\n".join(map(str, changes))
    typed = "\n".join(commands.lines)
    return f"{message}\n{written.style}\n{listed}\n{written.text}\n--- commands\n{typed}\n{os.linesep}"
