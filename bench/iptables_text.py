"""Generated rules of a Linux boundary host, as `iptables-save` prints them, with the commands that say where they hold."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator

from bench.book import TCP_PORTS, UDP_PORTS, USUAL_HOSTS

_NETWORKS = 30
_SUBNETS = 8
_HOST = """\
$ hostname
fw-bench
$ ip -o addr
1: lo    inet 127.0.0.1/8 scope host lo
2: eth0    inet 10.200.0.1/24 brd 10.200.0.255 scope global eth0
3: eth1    inet 10.201.0.1/24 brd 10.201.0.255 scope global eth1
$ ip route
10.0.0.0/11 via 10.200.0.254 dev eth0
10.200.0.0/24 dev eth0 proto kernel scope link src 10.200.0.1
10.201.0.0/24 dev eth1 proto kernel scope link src 10.201.0.1
$ sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 0
"""


def large_host(seed: int, rules: int) -> str:
    """A host that forwards by so many rules: replies first, then a chain for every /16, what matches nothing is dropped.

    The rules speak of hosts and subnets, one port, several or any; few of them deny, and some come again further down.
    """
    rng = random.Random(seed)
    chains = {f"to_10_{number}": number for number in range(_NETWORKS)}
    lines = ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]"]
    lines += [f":{chain} - [0:0]" for chain in chains]
    lines.append("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
    lines += [f"-A FORWARD -d 10.{number}.0.0/16 -j {chain}" for chain, number in chains.items()]
    for index in range(rules - len(chains) - 1):
        chain = f"to_10_{index * _NETWORKS // rules}"
        lines.append(f"-A {chain} {' '.join(_rule(rng, chains[chain]))}")
    return "\n".join((_HOST + "$ iptables-save", *lines, "COMMIT", ""))


def _rule(rng: random.Random, network: int) -> Iterator[str]:
    if rng.random() > 0.03:
        yield f"-s {_place(rng, rng.randrange(_NETWORKS))}"
    if rng.random() > 0.03:
        yield f"-d {_place(rng, network)}"
    if rng.random() > 0.05:
        protocol, ports = ("tcp", TCP_PORTS) if rng.random() < 0.78 else ("udp", UDP_PORTS)
        chosen = sorted(rng.sample(ports, rng.choice((1, 1, 1, 1, 2, 3, 5))))
        if len(chosen) == 1:
            yield f"-p {protocol} -m {protocol} --dport {chosen[0]}"
        else:
            yield f"-p {protocol} -m multiport --dports {','.join(map(str, chosen))}"
    yield (
        f"-j {rng.choice(('DROP', 'REJECT --reject-with icmp-port-unreachable'))}"
        if rng.random() < 0.08
        else "-j ACCEPT"
    )


def _place(rng: random.Random, network: int) -> ipaddress.IPv4Network:
    """A host, one of the usual ones of its subnet, or a subnet."""
    base = (10 << 24) | (network << 16) | (rng.randrange(_SUBNETS) << 8)
    if rng.random() < 0.4:
        return ipaddress.IPv4Network((base, 24))
    return ipaddress.IPv4Network((base + 10 + rng.randrange(USUAL_HOSTS), 32))
