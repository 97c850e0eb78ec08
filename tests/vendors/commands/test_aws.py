"""Random changes of random accounts: the lines of the AWS CLI, replayed on the answers, read back as the changed model."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.network.changes import Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import Action, FilterLine
from secaudit.network.intervals import ANY_IPV4, Intervals, intersect, of_network
from secaudit.network.matches import ANY_SERVICE, Match, Service
from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import Commands, NotSaidError, apply_commands
from tests.vendors.aws.test_random import PACKETS, PREFIXES, SUBNETS, account, packet_of, passes
from tests.vendors.commands.reading_back import READERS, commands_for, text_of, wrong
from tests.vendors.equality.test_equality import ROUNDS

COUNT = 40 * ROUNDS
GROUPS = ("security groups inbound", "security groups outbound")
LISTS = ("acl-00000001 inbound", "acl-00000001 outbound", "acl-00000002 inbound", "acl-00000002 outbound")
SERVICES = (
    ANY_SERVICE,
    Service(((6, 6),), ((22, 22),)),
    Service(((6, 6),), ((80, 443),)),
    Service(((17, 17),)),
    Service(((1, 1),), icmp_types=((8, 8),)),
)
WIDER = ("the change acts on", "acts on all hosts of")
"""Notes that tell that more is denied than was asked for."""


@dataclass(frozen=True)
class Case:
    """A change of an account. `exact`: nothing else may be denied."""

    content: str
    device: Device
    change: Change


def case_of(seed: str) -> Case:
    random = Random(seed)
    data = account(random)
    if random.random() < 0.6:
        apart(data)
    content = json.dumps(data, indent=2)
    (device,) = READERS["aws"].read(text_of(content, "aws")).devices
    return Case(content, device, change_of(random, device))


def change_of(random: Random, device: Device) -> Change:
    name = random.choice(GROUPS) if random.random() < 0.7 else random.choice(LISTS)
    lines = device.filters[name].lines
    position = random.choice([place for place, line in enumerate(lines) if line.action is Action.PERMIT] or [0])
    if random.random() < 0.2:
        return RemoveLine(device.name, name, position)
    first = position
    if name in GROUPS and random.random() < 0.9:
        # Rules of a group have no order, so before the first of the same interface.
        first = next(place for place, line in enumerate(lines) if line.comment == lines[position].comment)
    return insertion(random, device.name, name, first, lines[position])


def apart(data: dict[str, Any]) -> None:
    """Every network interface gets a group of its own, so that a change of the group concerns nobody else."""
    groups = {one["GroupId"]: one for one in data["SecurityGroups"]}
    for number, card in enumerate(data["NetworkInterfaces"], 1):
        own = {**groups[card["Groups"][0]["GroupId"]], "GroupId": f"sg-0a00000{number}"}
        data["SecurityGroups"].append(own)
        card["Groups"] = [{"GroupId": own["GroupId"]}]


def insertion(random: Random, device: str, name: str, position: int, line: FilterLine) -> InsertDeny:
    """Some of what a line permits."""
    held = line.matches[0]
    inbound = name.endswith("inbound")
    peers, own = (held.sources, held.destinations)[:: 1 if inbound else -1]
    if random.random() < 0.5:
        peers = part(random, peers)
    ends = line.egress if inbound else line.ingress
    if ends is None:
        own = ANY_IPV4
    elif random.random() < 0.3:
        own = (of_network(ipaddress.ip_network(SUBNETS[next(iter(ends))])),)
    services = held.services if random.random() < 0.5 else (random.choice(SERVICES),)
    sides = (peers, own) if inbound else (own, peers)
    ports = [None if one is None else next(iter(one)) for one in (line.ingress, line.egress)]
    return InsertDeny(device, name, position, (Match(4, *sides, services),), *ports)


def part(random: Random, peers: Intervals) -> Intervals:
    """Some of the addresses, or all where nothing else is in both."""
    return intersect(peers, (of_network(ipaddress.ip_network(random.choice(PREFIXES))),)) or peers


def is_wider(commands: Commands) -> bool:
    return any(word in note.en for note in commands.notes for word in WIDER)


def test_commands_read_back_as_the_changed_model() -> None:
    """Where a note says that others are concerned, more may be denied; never may anything be permitted that was not."""
    said: dict[str, list[str]] = {}
    for number in range(COUNT):
        case = case_of(f"aws commands {number}")
        kind = f"{type(case.change).__name__} {case.change.filter.partition('-')[0][:3]}"
        try:
            commands = commands_for(case.device, [case.change], text_of(case.content, "aws"))
        except NotSaidError as error:
            assert error.text.ja and error.text.en
            said.setdefault(kind, []).append(error.text.en[:50])
            continue
        found = wrong({4: HeaderSpace(4)}, case.content, case.device, [case.change], commands)
        if is_wider(commands):
            assert all(one.endswith("denies too much") for one in filter(None, found.split("; "))), (number, found)
        else:
            assert not found, (number, found, case.change, commands.lines)
        said.setdefault(kind, []).append("wider" if is_wider(commands) else "exact")
    print({kind: {one: answers.count(one) for one in set(answers)} for kind, answers in said.items()})
    exact = sum(answers.count("exact") for answers in said.values())
    assert exact / sum(map(len, said.values())) > 0.3


def test_several_changes_of_one_device_at_once() -> None:
    """They are made one behind the other on the same groups and lists, and nothing is written before all are known."""
    exact = 0
    for number in range(COUNT):
        case = case_of(f"aws several {number}")
        random = Random(f"aws several {number}")
        changes = [case.change, *(change_of(random, case.device) for _ in range(random.choice((1, 2))))]
        places = {(one.filter, one.position) for one in changes if isinstance(one, InsertDeny | RemoveLine)}
        if len(places) < len(changes):
            continue
        try:
            commands = commands_for(case.device, changes, text_of(case.content, "aws"))
        except NotSaidError:
            continue
        found = wrong({4: HeaderSpace(4)}, case.content, case.device, changes, commands)
        if is_wider(commands):
            assert all(one.endswith("denies too much") for one in filter(None, found.split("; "))), (number, found)
        else:
            assert not found, (number, found, changes, commands.lines)
            exact += 1
    assert exact > COUNT / 20


@pytest.mark.parametrize("seed", range(12 * ROUNDS))
def test_what_the_lines_make_of_the_answers_is_what_aws_would_do(seed: int) -> None:
    """The oracle on the replayed answers and the reader agree packet by packet."""
    case = case_of(f"aws replay {seed}")
    try:
        commands = commands_for(case.device, [case.change], text_of(case.content, "aws"))
    except NotSaidError:
        return
    (typed,) = apply_commands([case.content], commands)
    data = json.loads(typed)
    devices = READERS["aws"].read(text_of(typed, "aws")).devices
    topology = build_topology(devices)
    random = Random(seed)
    for _ in range(PACKETS):
        sender, receiver = random.sample(data["NetworkInterfaces"], 2)
        if sender["SubnetId"] == receiver["SubnetId"]:
            continue
        packet = packet_of(random, sender, receiver)
        found = explain(topology, devices[0].name, sender["SubnetId"], packet).verdict.value
        assert found == ("delivered" if passes(data, packet, sender, receiver) else "denied"), packet
