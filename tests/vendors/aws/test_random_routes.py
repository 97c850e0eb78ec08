"""Random route tables of two networks, between which a peering and a transit gateway lead: packet by packet against AWS's documented rules.

The oracle works on the plain JSON. In the sender's network: the outbound list of its subnet, the route with the longest prefix in the table of the
subnet (its own, else the main one), the outbound permissions of its groups. A peering leads straight to the other network. Before a transit
gateway the inbound list of the subnet of its interface counts, then the table that is associated with the attachment, then the outbound list of
the subnet of its interface in the other network. At last the inbound permissions of the receiver's groups and the inbound list of its subnet.
"""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.packets.packet import Packet
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.aws import READER
from tests.vendors.aws.test_random import OWNER, acl, acl_permits, group_permits, packet_of, permission

Json = dict[str, Any]

ROUNDS, PACKETS = 40, 40
PEERING, HUB = "pcx-0a000001", "tgw-0a000001"
NETWORKS = {"vpc-0a000001": 1, "vpc-0a000002": 2}


def prefixes_of(number: int) -> tuple[str, ...]:
    """Destinations in a network, from narrow to wide."""
    return (
        f"10.{number}.1.4/32",
        f"10.{number}.1.0/24",
        f"10.{number}.2.0/24",
        f"10.{number}.0.0/16",
        "10.0.0.0/8",
        "0.0.0.0/0",
    )


def routes(random: Random, own: int) -> list[Json]:
    """To the other network: no destination twice, as AWS has it."""
    found: list[Json] = [
        {
            "DestinationCidrBlock": f"10.{own}.0.0/16",
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        }
    ]
    for prefix in random.sample(prefixes_of(3 - own), random.choice((1, 2, 4))):
        target = random.choice(
            ({"VpcPeeringConnectionId": PEERING}, {"TransitGatewayId": HUB}, {"TransitGatewayId": HUB})
        )
        state = "blackhole" if random.random() < 0.15 else "active"
        found.append({"DestinationCidrBlock": prefix, **target, "Origin": "CreateRoute", "State": state})
    random.shuffle(found)
    return found


def network(random: Random, id_: str, number: int) -> Json:
    """One network: two subnets with hosts, one with the interface of the transit gateway."""
    hosts, inner = [f"subnet-0a0000{number}1", f"subnet-0a0000{number}2"], f"subnet-0a0000{number}f"
    groups = [f"sg-0a0000{number}{one}" for one in range(3)]
    cards = [
        {
            "NetworkInterfaceId": f"eni-0a0000{number}{place}", "InterfaceType": "interface", "SubnetId": hosts[place // 2], "VpcId": id_,
            "PrivateIpAddress": f"10.{number}.{place // 2 + 1}.{4 + place % 2}", "Groups": [{"GroupId": random.choice(groups)}], "SourceDestCheck": True,
        }
        for place in range(4)
    ]  # fmt: skip
    cards.append({
        "NetworkInterfaceId": f"eni-0a0000{number}f", "InterfaceType": "transit_gateway", "SubnetId": inner, "VpcId": id_,
        "PrivateIpAddress": f"10.{number}.255.4", "Groups": [], "SourceDestCheck": False,
    })  # fmt: skip
    tables = [
        {"RouteTableId": f"rtb-0a0000{number}1", "VpcId": id_, "Associations": [{"Main": True}], "Routes": routes(random, number)},
        {"RouteTableId": f"rtb-0a0000{number}2", "VpcId": id_, "Associations": [{"Main": False, "SubnetId": hosts[0]}], "Routes": routes(random, number)},
    ]  # fmt: skip
    lists = [
        acl(random, number * 16, hosts[:1]),
        acl(random, number * 16 + 1, hosts[1:]),
        acl(random, number * 16 + 2, [inner]),
    ]
    return {
        "Vpcs": [{"VpcId": id_, "OwnerId": OWNER, "CidrBlock": f"10.{number}.0.0/16"}],
        "Subnets": [
            *({"SubnetId": one, "VpcId": id_, "CidrBlock": f"10.{number}.{place}.0/24", "AvailableIpAddressCount": 249} for place, one in enumerate(hosts, 1)),
            {"SubnetId": inner, "VpcId": id_, "CidrBlock": f"10.{number}.255.0/28", "AvailableIpAddressCount": 10},
        ],
        "RouteTables": tables[: random.choice((1, 2, 2))],
        "NetworkAcls": [{**one, "VpcId": id_} for one in lists],
        "SecurityGroups": [
            {
                "GroupId": one, "GroupName": one, "VpcId": id_,
                "IpPermissions": [*(permission(random, groups) for _ in range(3)), everything(random)],
                "IpPermissionsEgress": [*(permission(random, groups) for _ in range(3)), everything(random)],
            }
            for one in groups
        ],
        "NetworkInterfaces": cards,
    }  # fmt: skip


def everything(random: Random) -> Json:
    """A wide permission, so that many packets get as far as the routes."""
    prefix = random.choice(("0.0.0.0/0", "10.0.0.0/8", "10.2.0.0/16"))
    lists: Json = {"Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    return {"IpProtocol": "-1", "IpRanges": [{"CidrIp": prefix}], **lists}


def hub(random: Random) -> list[Json]:
    """A transit gateway with an attachment and a table for each network."""
    full = [
        {
            "TransitGatewayAttachmentId": f"tgw-attach-0a00000{number}", "TransitGatewayId": HUB, "ResourceType": "vpc", "ResourceId": id_, "State": "available",
            "Association": {"TransitGatewayRouteTableId": f"tgw-rtb-0a00000{number}", "State": "associated"},
        }
        for id_, number in NETWORKS.items()
    ]  # fmt: skip
    details = [
        {
            "TransitGatewayAttachmentId": f"tgw-attach-0a00000{number}", "TransitGatewayId": HUB, "VpcId": id_, "State": "available",
            "SubnetIds": [f"subnet-0a0000{number}f"],
        }
        for id_, number in NETWORKS.items()
    ]  # fmt: skip
    pages = []
    for number in NETWORKS.values():
        other = 3 - number
        held = []
        for prefix in random.sample(prefixes_of(other), random.choice((1, 2, 3))):
            to = {
                "ResourceType": "vpc",
                "ResourceId": f"vpc-0a00000{other}",
                "TransitGatewayAttachmentId": f"tgw-attach-0a00000{other}",
            }
            black = random.random() < 0.2
            held.append({
                "DestinationCidrBlock": prefix, "Type": "static", "State": "blackhole" if black else "active",
                "TransitGatewayAttachments": [] if black else [to],
            })  # fmt: skip
        pages.append(
            {
                "Routes": held,
                "AdditionalRoutesAvailable": False,
                "TransitGatewayRouteTableId": f"tgw-rtb-0a00000{number}",
            }
        )
    tables = [
        {"TransitGatewayRouteTableId": f"tgw-rtb-0a00000{number}", "TransitGatewayId": HUB, "State": "available"}
        for number in NETWORKS.values()
    ]
    return [
        {"TransitGateways": [{"TransitGatewayId": HUB, "OwnerId": OWNER, "State": "available"}]},
        {"TransitGatewayAttachments": full},
        {"TransitGatewayVpcAttachments": details},
        {"TransitGatewayRouteTables": tables},
        *pages,
    ]


def accounts(random: Random) -> tuple[Json, list[Json]]:
    """Everything by kind, and the tables of the transit gateway."""
    data: Json = {}
    for id_, number in NETWORKS.items():
        for kind, records in network(random, id_, number).items():
            data.setdefault(kind, []).extend(records)
    data["PrefixLists"] = [
        {"PrefixListId": "pl-0a000001", "PrefixListName": "example", "Cidrs": ["10.1.1.0/24", "10.2.2.4/32"]}
    ]
    data["VpcPeeringConnections"] = [
        {
            "VpcPeeringConnectionId": PEERING, "Status": {"Code": "active"},
            "RequesterVpcInfo": {"VpcId": "vpc-0a000001"}, "AccepterVpcInfo": {"VpcId": "vpc-0a000002"},
        }
    ]  # fmt: skip
    return data, hub(random)


# --- the oracle -----------------------------------------------------------------------------------------------


def longest(routes: list[Json], destination: Any) -> Json | None:
    """The route with the longest prefix; None where there is none, or packets are dropped."""
    fitting = [one for one in routes if destination in ipaddress.ip_network(one["DestinationCidrBlock"])]
    best = max(fitting, key=lambda one: ipaddress.ip_network(one["DestinationCidrBlock"]).prefixlen, default=None)
    return None if best is None or best["State"] == "blackhole" else best


def table_of(data: Json, card: Json) -> Json:
    held = [one for one in data["RouteTables"] if one["VpcId"] == card["VpcId"]]
    own = [one for one in held if any(each.get("SubnetId") == card["SubnetId"] for each in one["Associations"])]
    found: Json = (own or [one for one in held if any(each["Main"] for each in one["Associations"])])[0]
    return found


def expected(data: Json, gateway: list[Json], packet: Packet, sender: Json, receiver: Json) -> str:
    """The verdict of a packet: at the first thing that stops it."""
    there, here = packet.destination, packet.source
    if not acl_permits(data, sender["SubnetId"], packet, there, egress=True):
        return "denied"
    route = longest(table_of(data, sender)["Routes"], there)
    if route is None:
        return "unrouted"
    if not group_permits(data, sender, packet, there, "IpPermissionsEgress"):
        return "denied"
    if "TransitGatewayId" in route:
        near, far = (f"subnet-0a0000{NETWORKS[one['VpcId']]}f" for one in (sender, receiver))
        if not acl_permits(data, near, packet, here, egress=False):
            return "denied"
        table = f"tgw-rtb-0a00000{NETWORKS[sender['VpcId']]}"
        page = next(one for one in gateway if "Routes" in one and one["TransitGatewayRouteTableId"] == table)
        if longest(page["Routes"], there) is None:
            return "unrouted"
        if not acl_permits(data, far, packet, there, egress=True):
            return "denied"
    permitted = group_permits(data, receiver, packet, here, "IpPermissions")
    return (
        "delivered" if permitted and acl_permits(data, receiver["SubnetId"], packet, here, egress=False) else "denied"
    )


def tries(seed: int) -> Any:
    """The accounts of a seed with random packets between hosts of different subnets."""
    random = Random(f"routes {seed}")
    data, gateway = accounts(random)
    hosts = [one for one in data["NetworkInterfaces"] if one["InterfaceType"] == "interface"]
    found = []
    while len(found) < PACKETS:
        sender, receiver = random.sample(hosts, 2)
        if sender["SubnetId"] != receiver["SubnetId"]:
            found.append((packet_of(random, sender, receiver), sender, receiver))
    return data, gateway, found


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_against_the_documented_rules(seed: int) -> None:
    data, gateway, packets = tries(seed)
    documents = [{kind: records} for kind, records in data.items()] + gateway
    content = "\n".join(json.dumps(one, indent=2) for one in documents)
    devices = READER.read(config_text_from_bytes(content.encode(), "accounts.json")).devices
    topology = build_topology(devices)
    for packet, sender, receiver in packets:
        device = f"{OWNER}/{sender['VpcId']}"
        found = explain(topology, device, sender["SubnetId"], packet).verdict.value
        assert found == expected(data, gateway, packet, sender, receiver), packet


def test_the_oracle_says_everything() -> None:
    """Otherwise the test above would prove little: every verdict, by the peering and by the transit gateway."""
    answers: Counter[str] = Counter()
    for seed in range(ROUNDS):
        data, gateway, packets = tries(seed)
        for packet, sender, receiver in packets:
            route = longest(table_of(data, sender)["Routes"], packet.destination)
            way = next((key for key in ("TransitGatewayId", "VpcPeeringConnectionId") if key in (route or {})), "")
            answers[f"{expected(data, gateway, packet, sender, receiver)} {way}"] += 1
    assert min(answers.values()) > 20, answers
    assert {one.split()[0] for one in answers if one.endswith("GatewayId")} == {"delivered", "denied", "unrouted"}
    assert {one.split()[0] for one in answers if one.endswith("ConnectionId")} == {"delivered", "denied"}
