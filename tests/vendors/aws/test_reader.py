"""What cases cannot say of the AWS reader: hostile input, time, evidence that is taken away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.network.device import Device
from secaudit.packets.packet import Packet
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes
from secaudit.text.source import SourceLine
from secaudit.vendors.aws import READER
from secaudit.vendors.common.json_document import DEEPEST
from tests.vendors.cases import ExpectedPacket, expected_of, texts_of

CASES = Path(__file__).with_name("cases")
STOPPED = {"denied", "unrouted"}


def raw(text: str, file: str = "configs/aws.json") -> ConfigText:
    """A text as it is, without the repairs of decoding."""
    lines = tuple(SourceLine(file, number, line) for number, line in enumerate(text.split("\n"), 1))
    return ConfigText(file, lines, "UTF-8", len(text), "0" * 64)


def whole(name: str) -> str:
    return (CASES / f"{name}.conf").read_text(encoding="utf-8")


def documents(text: str) -> list[str]:
    """The JSON documents that follow each other in a text."""
    decoder = json.JSONDecoder()
    found, position = [], 0
    while text[position:].strip():
        start = position + len(text[position:]) - len(text[position:].lstrip())
        _, position = decoder.raw_decode(text, start)
        found.append(text[start:position])
    return found


def verdict(devices: tuple[Device, ...], packet: ExpectedPacket) -> str:
    """What happens to a packet; `undetermined` where the device by which it would enter is not known any more."""
    by_name = {one.name: one for one in devices}
    device = by_name.get(packet.device or "")
    if device is None or packet.at not in device.interfaces:
        return "undetermined"
    return explain(build_topology(devices), device.name, packet.at, Packet.parse(packet.packet)).verdict.value


def connected_cases() -> list[str]:
    return [
        path.stem for path in sorted(CASES.glob("*.conf")) if path.stem not in ("cut_in_the_middle", "command_around")
    ]


@pytest.mark.parametrize("name", connected_cases())
def test_what_was_not_submitted_never_stops_a_packet(name: str) -> None:
    """Without one of the answers, nothing that passes or may pass is surely stopped."""
    parts = documents(whole(name))
    expected = expected_of(CASES / f"{name}.conf")
    for left_out in range(len(parts) if len(parts) > 1 else 0):
        rest = "\n".join(one for number, one in enumerate(parts) if number != left_out)
        devices = READER.read(config_text_from_bytes(rest.encode(), "rest.json")).devices
        for packet in expected.packets:
            if packet.ways[0].verdict not in STOPPED:
                found = verdict(devices, packet)
                assert found not in STOPPED, f"{packet.packet} is {found} without {parts[left_out][:60]}"


@pytest.mark.parametrize("name", ["direct_connect_allowed_prefixes", "nat_gateway", "terraform_rule_resources", "ipv6"])
def test_a_file_that_is_cut_never_stops_a_packet(name: str) -> None:
    text = whole(name)
    expected = expected_of(CASES / f"{name}.conf")
    lines = text.split("\n")
    for end in range(3, len(lines), 17):
        devices = READER.read(raw("\n".join(lines[:end]))).devices
        for packet in expected.packets:
            if packet.ways[0].verdict not in STOPPED:
                assert verdict(devices, packet) not in STOPPED, f"{packet.packet} when cut at line {end}"


def test_no_text_raises_and_every_line_is_accounted_for() -> None:
    rng = Random(7)
    texts = [path.read_text(encoding="utf-8") for path in sorted(CASES.glob("*.conf"))]
    pieces = [
        '"',
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "true",
        "-1",
        "99999999999999999999",
        '"Routes"',
        "\\",
        "é",
        '"VpcId": []',
        "{}",
    ]
    for _ in range(300):
        text = rng.choice(texts)
        for _ in range(rng.randrange(1, 6)):
            position = rng.randrange(len(text))
            text = text[:position] + rng.choice(pieces) + text[position + rng.randrange(4) :]
        given = raw(text)
        found = READER.read(given)
        unread = [one.line.number for one in found.coverage.unread]
        told = sorted([*found.coverage.used, *found.coverage.irrelevant, *unread])
        assert told == [line.number for line in given.lines]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"Vpcs": ' + "[" * (DEEPEST + 5),
        '{"a": ' * 100_000,
        '{"Vpcs": ["' + "\\" * 400_000,
        '"' * 300_000,
        '{"Vpcs": [' + "{}, " * 200_000,
        "{}" * 200_000,
        '{"Vpcs": [{"VpcId": ' + "9" * 200_000 + "}]}",
        '{"SecurityGroups": [' + ",".join(['{"GroupId": "sg-0a000001"}'] * 30_000) + "]}",
        "{" + ",".join(f'"k{number}": {number}' for number in range(100_000)) + "}",
    ],
    ids=range(10),
)
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    READER.read(raw(text))
    READER.score(raw(text))
    assert time.process_time() - started < 5


def test_values_of_the_wrong_kind_are_not_believed() -> None:
    names = (
        "VpcId",
        "CidrBlock",
        "Routes",
        "Associations",
        "Groups",
        "IpPermissions",
        "Entries",
        "PrivateIpAddresses",
        "Attachments",
    )
    text = json.dumps(json.loads(whole("one_line")), indent=1)
    for name in names:
        for value in ("null", "7", '"x"', "[]", "{}", '[7, "x", null, [], {}]', "true"):
            lines = [
                f'"{name}": {value},' if line.strip().startswith(f'"{name}": "') else line for line in text.split("\n")
            ]
            READER.read(raw("\n".join(lines)))


def test_a_large_account_is_read_in_time() -> None:
    """40,000 lines a second and more: a thousand groups with twenty rules."""
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.1.0.0/16"}],
        "UserIdGroupPairs": [],
    }
    groups = [
        {
            "GroupId": f"sg-{number:08x}",
            "VpcId": "vpc-0a000001",
            "IpPermissions": [permission] * 20,
            "IpPermissionsEgress": [],
        }
        for number in range(1000)
    ]
    text = raw(json.dumps({"SecurityGroups": groups}, indent=4))
    started = time.process_time()
    READER.read(text)
    taken = time.process_time() - started
    assert len(text.lines) / taken > 40_000 / 4, "a quarter of what is promised, for a busy machine"


def test_many_networks_and_gateways_take_no_more_than_their_share() -> None:
    """Twice as many of everything takes about twice as long."""

    def seconds(count: int) -> float:
        names = [f"{number:08x}" for number in range(count)]
        data = {
            "Vpcs": [{"VpcId": f"vpc-{one}", "CidrBlock": "10.0.0.0/16"} for one in names],
            "Subnets": [
                {"SubnetId": f"subnet-{one}", "VpcId": f"vpc-{one}", "CidrBlock": "10.0.0.0/24"} for one in names
            ],
            "RouteTables": [
                {"RouteTableId": f"rtb-{one}", "VpcId": f"vpc-{one}", "Associations": [], "Routes": []} for one in names
            ],
            "SecurityGroups": [{"GroupId": f"sg-{one}", "VpcId": f"vpc-{one}"} for one in names],
            "TransitGateways": [{"TransitGatewayId": f"tgw-{one}"} for one in names],
            "TransitGatewayAttachments": [
                {
                    "TransitGatewayAttachmentId": f"tgw-attach-{one}",
                    "TransitGatewayId": f"tgw-{one}",
                    "ResourceType": "vpc",
                    "ResourceId": f"vpc-{one}",
                }
                for one in names
            ],
        }
        text = raw(json.dumps(data, indent=1))
        started = time.process_time()
        assert len(READER.read(text).devices) == 2 * count
        return time.process_time() - started

    assert min(seconds(2000) for _ in range(3)) < 4 * max(min(seconds(1000) for _ in range(3)), 0.1)


def test_several_networks_and_accounts_are_devices_of_their_own() -> None:
    parts = texts_of(CASES / "two_accounts")
    found = READER.read_together(parts)
    assert [one.name for one in found[0].devices] == [
        "111122223333/tgw-0a000001",
        "111122223333/vpc-0a000001",
        "444455556666/vpc-0a000002",
    ]
    assert all(one.devices == () for one in found[1:])
    assert {one.file for one in found[0].devices} == {parts[0].file}


def test_order_of_files_changes_nothing() -> None:
    parts = texts_of(CASES / "two_accounts")
    forth, back = READER.read_together(parts)[0].devices, READER.read_together(parts[::-1])[0].devices
    for one, other in zip(forth, back, strict=True):
        assert (one.name, one.interfaces, one.filters, one.policy_routes) == (
            other.name,
            other.interfaces,
            other.filters,
            other.policy_routes,
        )


def test_evidence_of_a_long_line_is_a_piece_of_it() -> None:
    text = json.dumps(json.loads(whole("one_line")))
    (device,) = READER.read(raw(text)).devices
    lines = [line for interface in device.interfaces.values() for line in interface.sources]
    assert all(line.number == 1 and len(line.text) < 300 for line in lines)
    assert any("subnet-0a0000a1" in line.text for line in lines)


def test_secrets_are_masked_before_they_are_read() -> None:
    for name in ("vpn_connection", "terraform_state"):
        path = CASES / f"{name}.conf"
        assert "NeverShown" in path.read_text(encoding="utf-8")
        (text,) = texts_of(path)
        assert not any("NeverShown" in line.text for line in text.lines)


@pytest.mark.parametrize(
    "text",
    [
        '{"SecurityGroups": {"SecurityGroup": [{"SecurityGroupId": "sg-bp67acfmxazb4p"}]}}',
        '{"Routes": [{"path": "/"}]}',
        '{"format_version": "1.2", "values": {"root_module": {"resources": [{"type": "google_compute_network"}]}}}',
        '{"value": [{"type": "Microsoft.Network/virtualNetworks"}]}',
        "hostname r1\n!\nend\n",
    ],
)
def test_documents_of_others_are_not_taken(text: str) -> None:
    assert READER.score(raw(text)) < 50


RULES = {
    "Routes", "SecurityGroupRules", "Entries", "PrefixLists", "RouteTables", "directConnectGatewayAssociations",
    "TransitGatewayStaticRoutes", "TransitGatewayPropagations", "NatGateways",
}  # fmt: skip
"""Lists whose records are permissions or routes of their own: without one there is less indeed. A subnet without a table of its own has
the main one, and nothing tells that a table is missing."""


def without_one_record(parts: list[str]) -> Iterator[tuple[str, str]]:
    """The text without one record of one list, and what was left out."""
    for number, part in enumerate(parts):
        whole_part = json.loads(part)
        for key, held in whole_part.items():
            if not isinstance(held, list) or key in RULES:
                continue
            for index in range(len(held)):
                rest = {**whole_part, key: held[:index] + held[index + 1 :]}
                texts = [json.dumps(rest, indent=1) if at == number else one for at, one in enumerate(parts)]
                yield "\n".join(texts), f"{key} {index}"


@pytest.mark.parametrize("name", connected_cases())
def test_a_record_that_is_missing_never_stops_a_packet(name: str) -> None:
    """Interfaces, subnets, filters, groups, gateways and attachments are missed where others name them, or where counts do."""
    expected = expected_of(CASES / f"{name}.conf")
    for text, left_out in without_one_record(documents(whole(name))):
        devices = READER.read(config_text_from_bytes(text.encode(), "rest.json")).devices
        for packet in expected.packets:
            if packet.ways[0].verdict not in STOPPED:
                found = verdict(devices, packet)
                assert found not in STOPPED, f"{packet.packet} is {found} without {left_out}"


MEMBERS = (
    "Routes", "Entries", "IpPermissions", "IpPermissionsEgress", "Groups", "PrivateIpAddresses", "PrivateIpAddress", "SubnetIds", "CidrBlock",
    "CidrIp", "IpProtocol", "FromPort", "Egress", "RuleNumber", "RuleAction", "PortRange", "AvailableIpAddressCount", "State", "GatewayId", "TransitGatewayId",
    "ResourceId", "ResourceType", "DestinationCidrBlock", "associatedGateway", "virtualGatewayId", "customerAddress", "amazonAddress", "SourceDestCheck", "Main",
    "CidrBlockAssociationSet", "VpcAttachments", "Attachments", "UserIdGroupPairs", "PrefixListIds", "IpRanges", "NatGatewayAddresses", "InterfaceType",
    "allowedPrefixesToDirectConnectGateway", "directConnectGatewayId", "TransitGatewayRouteTableId", "TransitGatewayAttachments", "Type", "GroupId", "OwnerId",
)  # fmt: skip


def without_member(value: object, name: str) -> object:
    if isinstance(value, dict):
        return {key: without_member(one, name) for key, one in value.items() if key != name}
    return [without_member(one, name) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_that_is_missing_everywhere_never_stops_a_packet(member: str) -> None:
    """As `--query` leaves members out: what is not told is not known, and nothing else."""
    named = [name for name in connected_cases() if f'"{member}"' in whole(name)]
    for name in Random(member).sample(named, min(5, len(named))):
        parts = documents(whole(name))
        text = "\n".join(json.dumps(without_member(json.loads(part), member), indent=1) for part in parts)
        devices = READER.read(config_text_from_bytes(text.encode(), "rest.json")).devices
        for packet in expected_of(CASES / f"{name}.conf").packets:
            if packet.ways[0].verdict not in STOPPED:
                found = verdict(devices, packet)
                assert found not in STOPPED, f"{name}: {packet.packet} is {found} without {member}"


def test_two_lists_for_one_subnet_decide_nothing() -> None:
    text = whole("acl_order")
    found = next(json.loads(one) for one in documents(text) if '"NetworkAcls"' in one)
    other = found["NetworkAcls"][0]
    other["NetworkAclId"] = "acl-0a0000ee"
    other["Entries"] = [one for one in other["Entries"] if one["RuleNumber"] == 32767]
    both = f"{text}\n{json.dumps(found, indent=4)}"
    devices = READER.read(raw(both)).devices
    for packet in expected_of(CASES / "acl_order.conf").packets:
        assert verdict(devices, packet) == "undetermined"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"VpcId": "vpc-0a000001"', '"VpcId": "vpc-0a0000ee"'),  # of the first subnet
        ('"Associations": [', '"AssociationsOfOthers": ['),
        ('"IpPermissions": [', '"IpPermissions": "?", "Other": ['),
        ('"IpRanges": [', '"IpRanges": {}, "Other": ['),
        ('"Entries": [', '"Entries": "?", "Other": ['),
        ('"GroupId": "sg-0a0000a1"', '"GroupId": null'),
        ('"SubnetId": "subnet-0a0000a1"', '"SubnetId": {}'),
    ],
)
def test_one_damaged_member_never_stops_a_packet(old: str, new: str) -> None:
    """Every place of the member in turn: what is no longer understood stops nothing that passed."""
    text = whole("group_names_group")
    packets = expected_of(CASES / "group_names_group.conf").packets
    passing = [one for one in packets if verdict(READER.read(raw(text)).devices, one) not in STOPPED]
    places = [place for place in range(len(text)) if text.startswith(old, place)]
    assert passing
    assert places
    for place in places:
        damaged = text[:place] + new + text[place + len(old) :]
        devices = READER.read(raw(damaged)).devices
        assert not STOPPED & {verdict(devices, one) for one in passing}, damaged[max(0, place - 80) : place + 80]
