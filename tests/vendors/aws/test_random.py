"""Random security groups and network ACLs: what the reader makes of them, packet by packet, against AWS's documented rules told anew.

The oracle works on the plain JSON and knows nothing of the reader: a packet between two subnets must pass the outbound permissions of some
group of its sender, the outbound list of the sender's subnet, the inbound list of the receiver's subnet (first number that matches), and
the inbound permissions of some group of the receiver.
"""

from __future__ import annotations

import ipaddress
import json
from random import Random
from typing import Any

import pytest

from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.packets.packet import Packet
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.aws import READER

ROUNDS, PACKETS = 40, 40
OWNER, NETWORK = "111122223333", "vpc-0a000001"
SUBNETS = {"subnet-0a000001": "10.1.1.0/24", "subnet-0a000002": "10.1.2.0/24", "subnet-0a000003": "10.1.3.0/24"}
PREFIXES = (
    "0.0.0.0/0",
    "10.1.0.0/16",
    "10.1.1.0/24",
    "10.1.2.0/24",
    "10.1.1.4/31",
    "10.1.2.5/32",
    "10.1.0.0/22",
    "192.0.2.0/24",
)
LIST = {"PrefixListId": "pl-0a000001", "PrefixListName": "example.list", "Cidrs": ["10.1.1.4/32", "10.1.2.0/24"]}
PORTS = (22, 53, 80, 443, 5432)

Json = dict[str, Any]


def ports(random: Random) -> tuple[int, int]:
    low, high = sorted((random.choice(PORTS), random.choice(PORTS)))
    return random.choice(((low, low), (low, high), (0, 65535)))


def permission(random: Random, groups: list[str]) -> Json:
    protocol = random.choice(("tcp", "tcp", "udp", "icmp", "-1", "-1", "50"))
    one: Json = {"IpProtocol": protocol, "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    if protocol in ("tcp", "udp"):
        one["FromPort"], one["ToPort"] = ports(random)
    elif protocol == "icmp":
        one["FromPort"], one["ToPort"] = random.choice(((-1, -1), (8, -1), (8, 0), (13, 0)))
    if random.random() < 0.6:
        one["IpRanges"] = [{"CidrIp": random.choice(PREFIXES)} for _ in range(random.choice((1, 1, 2)))]
    elif random.random() < 0.7:
        one["UserIdGroupPairs"] = [{"GroupId": random.choice(groups), "UserId": OWNER}]
    else:
        one["PrefixListIds"] = [{"PrefixListId": LIST["PrefixListId"]}]
    return one


def entry(random: Random, number: int, egress: bool) -> Json:
    protocol = random.choice(("6", "6", "17", "1", "-1", "50"))
    action = "allow" if random.random() < 0.8 else "deny"
    one: Json = {
        "RuleNumber": number,
        "Egress": egress,
        "Protocol": protocol,
        "CidrBlock": random.choice(PREFIXES),
        "RuleAction": action,
    }
    if protocol in ("6", "17"):
        one["PortRange"] = dict(zip(("From", "To"), ports(random), strict=True))
    elif protocol == "1":
        one["IcmpTypeCode"] = {"Type": random.choice((-1, 8, 13)), "Code": random.choice((-1, 0))}
    return one


def acl(random: Random, number: int, subnets: list[str]) -> Json:
    entries = [
        entry(random, one, egress)
        for egress in (True, False)
        for one in random.sample(range(1, 200), random.choice((1, 2, 4)))
    ]
    entries += [
        {"RuleNumber": last, "Egress": egress, "Protocol": "-1", "CidrBlock": "0.0.0.0/0", "RuleAction": action}
        for egress in (True, False)
        for last, action in ((300, random.choice(("allow", "allow", "allow", "deny"))), (32767, "deny"))
    ]
    random.shuffle(entries)
    associations = [{"SubnetId": one, "NetworkAclId": f"acl-{number:08x}"} for one in subnets]
    return {"NetworkAclId": f"acl-{number:08x}", "VpcId": NETWORK, "Associations": associations, "Entries": entries}


def account(random: Random) -> Json:
    groups = [f"sg-{number:08x}" for number in range(1, 5)]
    cards = []
    for number, (subnet, prefix) in enumerate((name, prefix) for name, prefix in SUBNETS.items() for _ in range(2)):
        held = random.sample(groups, random.choice((1, 1, 2)))
        address = str(ipaddress.ip_network(prefix)[4 + number % 2])
        cards.append({
            "NetworkInterfaceId": f"eni-{number:08x}", "SubnetId": subnet, "VpcId": NETWORK, "PrivateIpAddress": address,
            "PrivateIpAddresses": [{"PrivateIpAddress": address, "Primary": True}], "Groups": [{"GroupId": one} for one in held],
            "SourceDestCheck": True, "InterfaceType": "interface",
        })  # fmt: skip
    names = list(SUBNETS)
    route = {
        "DestinationCidrBlock": "10.1.0.0/16",
        "GatewayId": "local",
        "State": "active",
        "Origin": "CreateRouteTable",
    }
    return {
        "Vpcs": [{"VpcId": NETWORK, "OwnerId": OWNER, "CidrBlock": "10.1.0.0/16"}],
        "Subnets": [
            {"SubnetId": name, "VpcId": NETWORK, "CidrBlock": prefix, "AvailableIpAddressCount": 249}
            for name, prefix in SUBNETS.items()
        ],
        "RouteTables": [{"RouteTableId": "rtb-0a000001", "VpcId": NETWORK, "Associations": [{"Main": True}], "Routes": [route]}],
        "NetworkAcls": [acl(random, 1, names[:1]), acl(random, 2, names[1:])],
        "SecurityGroups": [
            {
                "GroupId": one, "GroupName": one, "VpcId": NETWORK,
                "IpPermissions": [permission(random, groups) for _ in range(random.choice((2, 4, 8)))],
                "IpPermissionsEgress": [permission(random, groups) for _ in range(random.choice((2, 4, 8)))],
            }
            for one in groups
        ],
        "NetworkInterfaces": cards,
        "PrefixLists": [LIST],
    }  # fmt: skip


# --- the oracle -----------------------------------------------------------------------------------------------


def speaks_of(one: Json, packet: Packet, first: int | None, last: int | None, protocol: str) -> bool:
    """Whether a protocol with its ports (or ICMP type and code) is that of a packet."""
    number = {"tcp": "6", "udp": "17", "icmp": "1"}.get(protocol, protocol)
    if number == "-1":
        return True
    if int(number) != packet.protocol:
        return False
    if packet.protocol in (6, 17):
        assert first is not None
        assert last is not None
        return first <= packet.destination_port <= last
    if packet.protocol == 1:
        return first in (-1, packet.icmp_type) and (first == -1 or last in (-1, packet.icmp_code))
    return True


def group_permits(data: Json, card: Json, packet: Packet, peer: Any, key: str) -> bool:
    groups = {one["GroupId"]: one for one in data["SecurityGroups"]}
    for held in card["Groups"]:
        for one in groups[held["GroupId"]][key]:
            named = {pair["GroupId"] for pair in one["UserIdGroupPairs"]}
            members = {
                other["PrivateIpAddress"]
                for other in data["NetworkInterfaces"]
                if named & {group["GroupId"] for group in other["Groups"]}
            }
            spans = [span["CidrIp"] for span in one["IpRanges"]]
            for named_list in one["PrefixListIds"]:
                spans += next(
                    each["Cidrs"] for each in data["PrefixLists"] if each["PrefixListId"] == named_list["PrefixListId"]
                )
            near = any(peer in ipaddress.ip_network(span) for span in spans) or str(peer) in members
            if near and speaks_of(one, packet, one.get("FromPort"), one.get("ToPort"), one["IpProtocol"]):
                return True
    return False


def acl_permits(data: Json, subnet: str, packet: Packet, peer: Any, egress: bool) -> bool:
    held = next(one for one in data["NetworkAcls"] if any(a["SubnetId"] == subnet for a in one["Associations"]))
    for one in sorted(held["Entries"], key=lambda each: int(each["RuleNumber"])):
        kind = one.get("PortRange", {})
        first, last = kind.get("From"), kind.get("To")
        if "IcmpTypeCode" in one:
            first, last = one["IcmpTypeCode"]["Type"], one["IcmpTypeCode"]["Code"]
        near = one["Egress"] is egress and peer in ipaddress.ip_network(one["CidrBlock"])
        if near and speaks_of(one, packet, first, last, one["Protocol"]):
            return bool(one["RuleAction"] == "allow")
    return False


def passes(data: Json, packet: Packet, sender: Json, receiver: Json) -> bool:
    return (
        group_permits(data, sender, packet, packet.destination, "IpPermissionsEgress")
        and acl_permits(data, sender["SubnetId"], packet, packet.destination, egress=True)
        and acl_permits(data, receiver["SubnetId"], packet, packet.source, egress=False)
        and group_permits(data, receiver, packet, packet.source, "IpPermissions")
    )


def packet_of(random: Random, sender: Json, receiver: Json) -> Packet:
    protocol = random.choice((6, 6, 17, 1, 50))
    ported = protocol in (6, 17)
    return Packet(
        ipaddress.ip_address(sender["PrivateIpAddress"]), ipaddress.ip_address(receiver["PrivateIpAddress"]), protocol,
        source_port=random.randrange(1024, 65535) if ported else 0,
        destination_port=random.choice((*PORTS, 8080)) if ported else 0,
        icmp_type=random.choice((8, 13)) if protocol == 1 else 0,
        tcp_flags=2 if protocol == 6 else 0,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_against_the_documented_rules(seed: int) -> None:
    random = Random(seed)
    data = account(random)
    devices = READER.read(config_text_from_bytes(json.dumps(data, indent=2).encode(), "account.json")).devices
    topology = build_topology(devices)
    (device,) = devices
    for _ in range(PACKETS):
        sender, receiver = random.sample(data["NetworkInterfaces"], 2)
        if sender["SubnetId"] == receiver["SubnetId"]:
            continue
        packet = packet_of(random, sender, receiver)
        found = explain(topology, device.name, sender["SubnetId"], packet).verdict.value
        expected = "delivered" if passes(data, packet, sender, receiver) else "denied"
        assert found == expected, packet


def test_the_oracle_says_both() -> None:
    """Otherwise the test above would prove little."""
    answers = []
    for seed in range(ROUNDS):
        random = Random(seed)
        data = account(random)
        for _ in range(PACKETS):
            sender, receiver = random.sample(data["NetworkInterfaces"], 2)
            answers.append(passes(data, packet_of(random, sender, receiver), sender, receiver))
    assert 0.1 < sum(answers) / len(answers) < 0.9
