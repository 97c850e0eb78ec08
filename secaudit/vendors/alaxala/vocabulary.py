"""The data files of this vendor: names of protocols and ports, flow detection modes, defaults by model, and lines known not to matter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import whole_number

CONTEXTS = ("global", "interface", "vlan", "line", "router")
_MOST_OF_RANGE = 4096


@dataclass(frozen=True, slots=True)
class Names:
    """Names that stand for numbers (`data/names.toml`); `icmp` values are (type,) or (type, code)."""

    protocols: Mapping[str, int]
    tcp_ports: Mapping[str, int]
    udp_ports: Mapping[str, int]
    icmp: Mapping[str, tuple[int, ...]]
    icmpv6: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class FlowModes:
    """Which kinds of lists a mode searches (`data/flow_modes.toml`); a value is the list of kinds `mac`, `ip`, `ipv6`, `advance`.

    `differing` are beginnings of model names with the modes that are different there. `without_modes` are models that have no such command for these lists: they are always searched.
    """

    incoming: Mapping[str, frozenset[str]]
    outgoing: Mapping[str, frozenset[str]]
    differing: Mapping[str, Mapping[str, frozenset[str]]]
    without_modes: tuple[str, ...]


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(f"data/{name}.toml").read_text("utf-8"))


@cache
def names() -> Names:
    """Reads `data/names.toml` once."""
    data = _data("names")
    return Names(
        protocols=data["protocols"],
        tcp_ports=data["ports"]["tcp"],
        udp_ports=data["ports"]["udp"],
        icmp={name: tuple(value) for name, value in data["icmp"].items()},
        icmpv6={name: tuple(value) for name, value in data["icmpv6"].items()},
    )


@cache
def flow_modes() -> FlowModes:
    """Reads `data/flow_modes.toml` once."""
    data = _data("flow_modes")
    models = data["models"]
    return FlowModes(
        incoming={name: frozenset(kinds) for name, kinds in data["incoming"].items()},
        outgoing={name: frozenset(kinds) for name, kinds in data["outgoing"].items()},
        differing={model: {key: frozenset(value) for key, value in held.items()} for model, held in models.items()},
        without_modes=tuple(data["without_modes"]),
    )


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the file says nothing (`data/defaults.toml`). None: not confirmed for this model."""

    remote_login: bool | None
    """Whether anybody logs in from elsewhere without `line vty`."""
    terminal_telnet: bool | None
    """Whether `line vty` without `transport input` accepts it; likewise SSH below."""
    terminal_ssh: bool | None
    ssh_server: bool | None
    ftp_server: bool | None
    snmp_agent: bool | None
    management_port_forwards: bool | None
    access_vlan: int
    native_vlan: int
    relayed: tuple[int, ...]
    """The ports of the broadcasts that `ip helper-address` passes on."""
    routes: bool | None
    lists_see_own_packets: bool | None
    flow_mode: str
    """The flow detection mode without a line about it, "" when it is not confirmed; likewise the one of outgoing lists below."""
    flow_out_mode: str


@cache
def _table() -> Mapping[str, Any]:
    return _data("defaults")


@lru_cache(maxsize=256)
def defaults(model: str) -> Defaults:
    """The defaults of a model; the first table of the data file whose conditions hold."""
    always = _table()["always"]
    entry = next(one for one in _table()["model"] if model.startswith(tuple(one.get("models", ("",)))))
    return Defaults(
        remote_login=_three(always["remote_login"]),
        terminal_telnet=_three(always["terminal_telnet"]),
        terminal_ssh=_three(always["terminal_ssh"]),
        ssh_server=_three(always["ssh_server"]),
        ftp_server=_three(always["ftp_server"]),
        snmp_agent=_three(always["snmp_agent"]),
        management_port_forwards=_three(always["management_port_forwards"]),
        access_vlan=always["access_vlan"],
        native_vlan=always["native_vlan"],
        relayed=tuple(always["relayed"]),
        routes=_three(entry["routes"]),
        lists_see_own_packets=_three(entry["lists_see_own_packets"]),
        flow_mode=entry["flow_mode"],
        flow_out_mode=entry["flow_out_mode"],
    )


def _three(word: str) -> bool | None:
    return {"on": True, "off": False}.get(word)


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, CONTEXTS)


_KINDS = frozenset(("vlan", "mgmt", "loopback", "port-channel", "vxlan", "null", "tunnel", "async"))


def interface_name(words: Sequence[str]) -> tuple[str, int]:
    """The name of an interface as the device prints it (kind, blank, number), and how many words it took.

    >>> interface_name(("gigabitethernet", "0/1", "in"))
    ('gigabitethernet 0/1', 2)
    >>> interface_name(("Vlan10",))
    ('vlan 10', 1)

    Raises `NotUnderstoodError` when the words do not name an interface.
    """
    if not words:
        raise NotUnderstoodError("no interface name")
    kind = words[0].lower()
    taken = 2
    number = words[1] if len(words) > 1 else ""
    if kind not in _KINDS and not kind.endswith("ethernet"):
        letters = kind.rstrip("0123456789/.")
        kind, number, taken = letters, kind[len(letters) :], 1
    if (kind not in _KINDS and not kind.endswith("ethernet")) or not number[:1].isdigit():
        raise NotUnderstoodError(f"{words[0]!r} is not an interface")
    return f"{kind} {number}", taken


def interface_names(words: Sequence[str]) -> list[str]:
    """What follows `interface`: one name, or `range KIND 0/1-24, KIND 0/26`. Raises `NotUnderstoodError`."""
    if not words or words[0].lower() != "range":
        name, taken = interface_name(words)
        if taken != len(words):
            raise NotUnderstoodError("words behind the name of an interface")
        return [name]
    found: list[str] = []
    for part in " ".join(words[1:]).split(","):
        pieces = part.replace(" - ", "-").split()
        name, taken = interface_name(pieces)
        if taken != len(pieces):
            raise NotUnderstoodError("words behind the range of interfaces")
        head, dash, last = name.partition("-") if not name.startswith("port-channel") else _port_channels(name)
        if not dash:
            found.append(name)
            continue
        digits = len(head) - len(head.rstrip("0123456789"))
        low, high = whole_number(head[len(head) - digits :], 0, 10**6), whole_number(last, 0, 10**6)
        if high - low + len(found) > _MOST_OF_RANGE:
            raise NotUnderstoodError("a range that is too long")
        found += [f"{head[: len(head) - digits]}{number}" for number in range(low, high + 1)]
    return found


def _port_channels(name: str) -> tuple[str, str, str]:
    kind, _, number = name.partition(" ")
    low, dash, high = number.partition("-")
    return f"{kind} {low}", dash, high


def plain(word: str) -> str:
    """A name without the quotation marks in which the device prints it (AX-01)."""
    return word.strip('"')
