"""Names of protocols, ports and interfaces (`data/names.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from secaudit.network.matches import ICMP, TCP, UDP, Service


@dataclass(frozen=True, slots=True)
class Names:
    """Names that stand for numbers (`data/names.toml`); `icmp` values are (type,) or (type, code)."""

    protocols: Mapping[str, int]
    tcp_ports: Mapping[str, int]
    udp_ports: Mapping[str, int]
    icmp: Mapping[str, tuple[int, ...]]
    icmpv6: Mapping[str, tuple[int, ...]]
    applications: Mapping[str, tuple[Service, ...]]
    interfaces: Mapping[str, str]


@cache
def names() -> Names:
    """Reads `data/names.toml` once."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/names.toml").read_text("utf-8"))
    return Names(
        protocols=data["protocols"],
        tcp_ports=data["ports"]["tcp"],
        udp_ports=data["ports"]["udp"],
        icmp={name: tuple(value) for name, value in data["icmp"].items()},
        icmpv6={name: tuple(value) for name, value in data["icmpv6"].items()},
        applications={name: tuple(map(_application, value)) for name, value in data["applications"].items()},
        interfaces=data["interfaces"],
    )


def _application(text: str) -> Service:
    protocol, _, port = text.partition("/")
    number = {"tcp": TCP, "udp": UDP, "icmp": ICMP}[protocol]
    if not port:
        return Service(protocols=((number, number),))
    return Service(protocols=((number, number),), destination_ports=((int(port), int(port)),))


def interface_name(words: Sequence[str]) -> tuple[str, int]:
    """The name of an interface as the device prints it, and how many words it took.

    >>> interface_name(("gi0/1", "10.0.0.1"))
    ('GigabitEthernet0/1', 1)
    >>> interface_name(("GigabitEthernet", "0/1"))
    ('GigabitEthernet0/1', 2)

    Raises `ValueError` when the words do not name an interface.
    """
    if not words:
        raise ValueError("no interface name")
    first = words[0]
    letters = first.rstrip("0123456789/.:")
    full = names().interfaces.get(letters.lower())
    number = first[len(letters) :]
    taken = 1
    if not number and len(words) > 1 and words[1][:1].isdigit():
        number, taken = words[1], 2
    if full is None or not number:
        raise ValueError(f"{first!r} is not an interface")
    return full + number, taken
