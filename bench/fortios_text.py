"""Generated FortiGate configurations, as `show full-configuration` would print the parts that matter here."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.book import TCP_PORTS, UDP_PORTS, Place

HEAD = "#config-version=FG200F-7.4.8-FW-build2795-250523:opmode=0:vdom=0:user=nwadmin"


@dataclass(frozen=True, slots=True)
class Side:
    """An interface of the firewall, its address, and the places that rules speak of behind it."""

    interface: str
    address: str
    place: Place
    routes: tuple[tuple[str, str], ...] = ()
    """Prefixes behind a gateway."""
    outside: bool = False


def firewall(name: str, seed: int, sides: Sequence[Side], policies: int, *, permits: float = 0.92) -> Iterator[str]:
    """One firewall with so many policies, a share of them permitting."""
    rng = random.Random(seed)
    yield from (HEAD, "config system global", f'    set hostname "{name}"', "    set admintimeout 10")
    yield from ("end", "config system interface")
    for side in sides:
        held = ipaddress.ip_interface(side.address)
        yield from (
            f'    edit "{side.interface}"', '        set vdom "root"', f"        set ip {held.ip} {held.netmask}",
            "        set type physical", "        set role lan", "    next",
        )  # fmt: skip
    yield "end"
    objects = {side.interface: list(_objects(rng, side)) for side in sides}
    yield "config firewall address"
    for named in objects.values():
        for label, lines in named:
            yield from (f'    edit "{label}"', *(f"        set {line}" for line in lines), "    next")
    yield from ("end", "config firewall addrgrp")
    groups: dict[str, list[str]] = {}
    for side in sides:
        labels = [label for label, _ in objects[side.interface]]
        groups[side.interface] = []
        for number in range(max(1, len(labels) // 12)):
            group = f"GRP-{side.interface}-{number}"
            groups[side.interface].append(group)
            members = " ".join(f'"{one}"' for one in rng.sample(labels, min(len(labels), rng.choice((3, 5, 8, 20)))))
            yield from (f'    edit "{group}"', f"        set member {members}", "    next")
    yield from ("end", "config firewall service custom")
    services = []
    for protocol, ports in (("tcp", TCP_PORTS), ("udp", UDP_PORTS)):
        for port in ports:
            services.append(f"{protocol.upper()}-{port}")
            yield from (f'    edit "{services[-1]}"', f"        set {protocol}-portrange {port}", "    next")
    yield "end"
    vips = yield from _vips(rng, sides)
    yield "config firewall policy"
    for number in range(1, policies + 1):
        yield from _policy(rng, number, sides, objects, groups, services, vips, permits)
    yield from ("end", "config router static")
    number = 0
    for side in sides:
        for prefix, gateway in side.routes:
            number += 1
            network = ipaddress.ip_network(prefix)
            yield from (
                f"    edit {number}", f"        set dst {network.network_address} {network.netmask}",
                f"        set gateway {gateway}", f'        set device "{side.interface}"', "    next",
            )  # fmt: skip
    yield "end"


def _objects(rng: random.Random, side: Side) -> Iterator[tuple[str, tuple[str, ...]]]:
    for base in side.place.subnets:
        subnet = ipaddress.ip_address(base)
        yield f"NET-{subnet}", (f"subnet {subnet} 255.255.255.0",)
        for host in range(rng.randint(4, 12)):
            one = ipaddress.ip_address(base + 10 + host)
            yield f"SRV-{one}", (f'comment "server {host}"', f"subnet {one} 255.255.255.255")
        if rng.random() < 0.2:
            low = base + 100 + rng.randrange(20)
            ends = (f"start-ip {ipaddress.ip_address(low)}", f"end-ip {ipaddress.ip_address(low + 15)}")
            yield f"RNG-{ipaddress.ip_address(low)}", ("type iprange", *ends)


def _vips(rng: random.Random, sides: Sequence[Side]) -> Iterator[str]:
    """Published servers, one to one; the generator's value is their names by outer interface."""
    inner = [side for side in sides if not side.outside]
    vips: dict[str, list[str]] = {}
    outer = [side for side in sides if side.outside]
    if outer:
        yield "config firewall vip"
    for side in outer:
        vips[side.interface] = []
        first = int(ipaddress.ip_interface(side.address).ip) + 100
        for number in range(10):
            name = f"VIP-{side.interface}-{number}"
            server = ipaddress.ip_address(rng.choice(rng.choice(inner).place.subnets) + 10 + number)
            vips[side.interface].append(name)
            yield from (
                f'    edit "{name}"', f"        set extip {ipaddress.ip_address(first + number)}",
                f'        set mappedip "{server}"', f'        set extintf "{side.interface}"', "    next",
            )  # fmt: skip
    if outer:
        yield "end"
    return vips


def _policy(
    rng: random.Random,
    number: int,
    sides: Sequence[Side],
    objects: dict[str, list[tuple[str, tuple[str, ...]]]],
    groups: dict[str, list[str]],
    services: list[str],
    vips: dict[str, list[str]],
    permits: float,
) -> Iterator[str]:
    here, there = rng.sample(list(sides), 2)
    destination = _names(rng, objects[there.interface], groups[there.interface])
    if here.outside and rng.random() < 0.3:
        destination = f'"{rng.choice(vips[here.interface])}"'
    chosen = '"ALL"' if rng.random() < 0.03 else ""
    if not chosen:
        chosen = " ".join(f'"{one}"' for one in rng.sample(services, rng.choice((1, 1, 1, 2, 2, 3, 5))))
    yield from (
        f"    edit {number}",
        f'        set name "R{number}"',
        f'        set srcintf "{here.interface}"',
        f'        set dstintf "{there.interface}"',
    )
    if rng.random() < permits:
        yield "        set action accept"
    yield from (
        f"        set srcaddr {_names(rng, objects[here.interface], groups[here.interface])}",
        f"        set dstaddr {destination}",
        '        set schedule "always"',
        f"        set service {chosen}",
        "        set logtraffic all",
    )
    if there.outside:
        yield "        set nat enable"
    yield "    next"


def _names(rng: random.Random, objects: Sequence[tuple[str, tuple[str, ...]]], groups: Sequence[str]) -> str:
    draw = rng.random()
    if draw < 0.02:
        return '"all"'
    if draw < 0.15:
        return f'"{rng.choice(groups)}"'
    count = 1 if draw < 0.65 else rng.randint(2, 6)
    names = [label for label, _ in rng.sample(list(objects), min(count, len(objects)))]
    return " ".join(f'"{one}"' for one in names)


def large(seed: int, policies: int) -> str:
    """A firewall with eight interfaces: one of them outside, thirty subnets behind each of the others."""
    sides = [
        Side(
            f"port{index + 1}",
            f"172.31.{index}.1/24",
            Place(tuple((10 << 24) | (index << 16) | (number << 8) for number in range(30))),
            ((f"10.{index}.0.0/16", f"172.31.{index}.254"),),
        )
        for index in range(7)
    ]
    sides.append(Side("wan1", "203.0.113.1/24", Place(((198 << 24) | (51 << 16) | (100 << 8),)),
                      (("0.0.0.0/0", "203.0.113.254"),), outside=True))  # fmt: skip
    return "\n".join(firewall("FW-LARGE", seed, sides, policies)) + "\n"
