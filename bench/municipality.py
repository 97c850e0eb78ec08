"""A typical municipality as an audit folder: 60 configurations of three vendors, about 5,000 filter lines."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.book import TCP_PORTS, Place
from bench.fortios_text import Side, firewall

LAYERS = {"mn": ("my_number", 10), "lg": ("lgwan", 20), "in": ("internet", 30)}
VLANS = range(1, 11)
FAR = {"lgwan_network": 172, "security_cloud": 173, "government_cloud": 174, "remote_maintenance": 175}

TOUCHED = {
    "fw-kyokai": ["my_number", "lgwan"],
    "fw-muga": ["lgwan", "internet"],
    "fw-lgwan": ["lgwan", "lgwan_network"],
    "fw-inet": ["internet", "security_cloud", "public_internet"],
    "fw-gcloud": ["my_number", "government_cloud"],
    "fw-hoshu": ["internet", "remote_maintenance"],
}


@dataclass(frozen=True, slots=True)
class Size:
    """How many devices, and how many lines of each kind: access routers, policies a firewall, lines an access list, lines a router."""

    routers: int
    policies: int
    access_list: int
    router_lines: int


FULL = Size(routers=51, policies=500, access_list=25, router_lines=25)
QUICK = Size(routers=6, policies=12, access_list=4, router_lines=5)


def write(folder: Path, seed: int, size: Size) -> int:
    """Writes an audit folder; returns the number of filter lines in it."""
    configs = folder / "configs"
    configs.mkdir(parents=True)
    rng = random.Random(seed)
    routers = _routers(size)
    texts: dict[str, tuple[str, Iterator[str]]] = {}
    for layer in LAYERS:
        texts[f"core-{layer}"] = ("cisco_ios", _core(rng, layer, routers, size.access_list))
    for index, (name, sides, permits) in enumerate(_firewalls(routers)):
        texts[name] = ("fortios", firewall(name, seed + index, sides, size.policies, permits=permits))
    for name, (layer, number) in routers.items():
        if number % 3 == 2:
            texts[name] = ("cisco_ios", _ios_router(rng, name, layer, number, size.router_lines))
        else:
            texts[name] = ("yamaha", _yamaha_router(rng, name, layer, number, size.router_lines))
    lines = 0
    for name, (_, made) in texts.items():
        held = list(made)
        lines += sum(one.lstrip().startswith(("permit ", "deny ", "ip filter ", "set srcintf ")) for one in held)
        (configs / f"{name}.txt").write_text("\n".join(held) + "\n", encoding="utf-8")
    vendors = {name: vendor for name, (vendor, _) in texts.items()}
    (folder / "municipality.yaml").write_text("\n".join(_description(vendors)) + "\n", encoding="utf-8")
    return lines


def _routers(size: Size) -> dict[str, tuple[str, int]]:
    """The access routers: of each its layer and its number there."""
    layers = [list(LAYERS)[(0, 1, 1, 2, 2)[index % 5]] for index in range(size.routers)]
    return {f"ra-{layer}-{layers[:index].count(layer)}": (layer, layers[:index].count(layer))
            for index, layer in enumerate(layers)}  # fmt: skip


def _place(layer: str, routers: Mapping[str, tuple[str, int]]) -> Place:
    second = LAYERS[layer][1]
    third = [*VLANS, *(100 + number for at, number in routers.values() if at == layer)]
    return Place(tuple((10 << 24) | (second << 16) | (one << 8) for one in third))


def _far(zone: str) -> Place:
    return Place(tuple((FAR[zone] << 24) | (20 << 16) | (one << 8) for one in range(8)))


def _firewalls(routers: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, list[Side], float]]:
    def inner(layer: str, port: str, last: int) -> Side:
        second = LAYERS[layer][1]
        route = (f"10.{second}.0.0/16", f"10.{second}.255.1")
        return Side(port, f"10.{second}.255.{last}/24", _place(layer, routers), (route,))

    def outer(zone: str, last: int) -> Side:
        prefix = "0.0.0.0/0" if zone == "security_cloud" else f"{FAR[zone]}.20.0.0/16"
        return Side("wan1", f"192.0.2.{last}/28", _far(zone), ((prefix, f"192.0.2.{last + 1}"),), outside=True)

    yield "fw-kyokai", [inner("mn", "port1", 2), inner("lg", "port2", 2)], 0.04
    yield "fw-muga", [inner("lg", "port1", 3), inner("in", "port2", 3)], 0.3
    yield "fw-lgwan", [inner("lg", "port1", 4), outer("lgwan_network", 1)], 0.92
    yield "fw-inet", [inner("in", "port1", 5), outer("security_cloud", 17)], 0.92
    yield "fw-gcloud", [inner("mn", "port1", 6), outer("government_cloud", 33)], 0.5
    yield "fw-hoshu", [inner("in", "port1", 7), outer("remote_maintenance", 49)], 0.5


def _core(rng: random.Random, layer: str, routers: Mapping[str, tuple[str, int]], count: int) -> Iterator[str]:
    second = LAYERS[layer][1]
    yield from _ios_head(f"core-{layer}")
    yield from (
        "interface GigabitEthernet1/0/24", " no switchport", f" ip address 10.{second}.255.1 255.255.255.0", "!",
    )  # fmt: skip
    for vlan in VLANS:
        yield from (
            f"interface Vlan{vlan}", f" ip address 10.{second}.{vlan}.1 255.255.255.0",
            f" ip access-group ACL-{vlan} in", "!",
        )  # fmt: skip
    own = [(name, number) for name, (at, number) in routers.items() if at == layer]
    for name, number in own:
        port = number + 1
        yield from (
            f"interface GigabitEthernet2/0/{port}", f" description {name}", " no switchport",
            f" ip address 10.{second}.250.{4 * number + 1} 255.255.255.252", "!",
        )  # fmt: skip
    for _, number in own:
        yield f"ip route 10.{second}.{100 + number}.0 255.255.255.0 10.{second}.250.{4 * number + 2}"
    for prefix, last in _ways(layer):
        network = ipaddress.ip_network(prefix)
        yield f"ip route {network.network_address} {network.netmask} 10.{second}.255.{last}"
    for vlan in VLANS:
        yield f"ip access-list extended ACL-{vlan}"
        yield from _ios_lines(rng, second, vlan, count)
    yield from ("line vty 0 4", " transport input ssh", "!", "end")


def _ways(layer: str) -> list[tuple[str, int]]:
    """Prefixes and the firewall (last number of its address) that leads there."""
    return {
        "mn": [("10.20.0.0/16", 2), ("174.20.0.0/16", 6)],
        "lg": [("10.10.0.0/16", 2), ("10.30.0.0/16", 3), ("172.20.0.0/16", 4)],
        "in": [("10.20.0.0/16", 3), ("0.0.0.0/0", 5), ("175.20.0.0/16", 7)],
    }[layer]


def _ios_head(name: str) -> Iterator[str]:
    yield from ("Building configuration...", "!", "version 17.9", f"hostname {name}", "!", "ip routing", "!")
    yield from ("no ip http server", "no ip http secure-server", "!")


def _targets(rng: random.Random, second: int) -> tuple[int, int]:
    """The second and third number of an address somewhere."""
    other = second if rng.random() < 0.5 else rng.choice([one for _, one in LAYERS.values()])
    return other, rng.choice(VLANS)


def _ios_lines(rng: random.Random, second: int, third: int, count: int) -> Iterator[str]:
    here = f"10.{second}.{third}.0 0.0.0.255"
    yield f" permit ip {here} 10.{second}.0.0 0.0.255.255"
    for _ in range(count - 3):
        other, vlan = _targets(rng, second)
        source = here if rng.random() < 0.6 else f"host 10.{second}.{third}.{rng.randint(10, 30)}"
        host = f"host 10.{other}.{vlan}.{rng.randint(10, 30)}"
        target = host if rng.random() < 0.6 else f"10.{other}.{vlan}.0 0.0.0.255"
        yield f" permit tcp {source} {target} eq {rng.choice(TCP_PORTS)}"
    yield f" permit tcp {here} any established"
    yield " deny ip any any log"


def _ios_router(rng: random.Random, name: str, layer: str, number: int, count: int) -> Iterator[str]:
    second = LAYERS[layer][1]
    yield from _ios_head(name)
    yield from (
        "interface GigabitEthernet0/0", f" ip address 10.{second}.250.{4 * number + 2} 255.255.255.252", "!",
        "interface GigabitEthernet0/1", f" ip address 10.{second}.{100 + number}.1 255.255.255.0",
        " ip access-group LAN-IN in", "!", f"ip route 0.0.0.0 0.0.0.0 10.{second}.250.{4 * number + 1}",
        "ip access-list extended LAN-IN",
    )  # fmt: skip
    yield from _ios_lines(rng, second, 100 + number, count)
    yield from ("line vty 0 4", " transport input ssh", "!", "end")


def _yamaha_router(rng: random.Random, name: str, layer: str, number: int, count: int) -> Iterator[str]:
    second = LAYERS[layer][1]
    here = f"10.{second}.{100 + number}.0/24"
    yield from (
        "# RTX830 Rev.15.02.31 (Tue Jan 16 11:20:05 2024)",
        "# MAC Address : 00:00:5e:00:53:10, 00:00:5e:00:53:11",
        f"console prompt {name}", "ip routing on", "ipv6 routing off",
        f"ip route default gateway 10.{second}.250.{4 * number + 1}",
        f"ip lan1 address 10.{second}.{100 + number}.1/24", f"ip lan2 address 10.{second}.250.{4 * number + 2}/30",
    )  # fmt: skip
    used = " ".join(str(1000 + index) for index in range(count - 1))
    yield f"ip lan1 secure filter in {used} 9999 dynamic 1"
    yield f"ip filter 1000 pass {here} 10.{second}.0.0/16 * * *"
    for index in range(1, count - 1):
        other, vlan = _targets(rng, second)
        source = here if rng.random() < 0.6 else f"10.{second}.{100 + number}.{rng.randint(10, 30)}"
        target = f"10.{other}.{vlan}.{rng.randint(10, 30)}" if rng.random() < 0.6 else f"10.{other}.{vlan}.0/24"
        yield f"ip filter {1000 + index} pass {source} {target} tcp * {rng.choice(TCP_PORTS)}"
    yield from ("ip filter 9999 reject-log * * * * *", "ip filter dynamic 1 * * tcp")
    yield from ("telnetd service off", "sshd service on", "httpd service off", "tftp host none", "snmp host none")


def _description(vendors: Mapping[str, str]) -> Iterator[str]:
    yield from (
        "municipality:", '  code: "202991"', "  name: 測定市（架空）", "  prefecture: 長野県",
        "  population_band: 50000-99999", "model: alpha", "edition: mic-2026-03", "zones:",
        "  my_number:", "    subnets: [10.10.0.0/16]", "  lgwan:", "    subnets: [10.20.0.0/16]",
        "  internet:", "    subnets: [10.30.0.0/16]",
    )  # fmt: skip
    exits = {"lgwan_network": "fw-lgwan", "security_cloud": "fw-inet", "government_cloud": "fw-gcloud",
             "remote_maintenance": "fw-hoshu"}  # fmt: skip
    for zone, name in exits.items():
        yield from (f"  {zone}:", f"    subnets: [{FAR[zone]}.20.0.0/16]", f'    interfaces: ["{name}:wan1"]')
    yield from ("  public_internet:", "    rest: true", "    behind: security_cloud", "devices:")
    zones = {"core": "core_switch", "fw": "boundary_firewall", "ra": "branch_router"}
    for name, vendor in vendors.items():
        at = TOUCHED.get(name) or [zone for layer, (zone, _) in LAYERS.items() if f"-{layer}" in name]
        yield f"  - {{name: {name}, vendor: {vendor}, role: {zones[name.split('-')[0]]}, zones: [{', '.join(at)}]}}"
