"""Whether the neighbours of a routing protocol must authenticate themselves: the key of each BGP neighbour, of each interface of OSPF, EIGRP and RIP.

Source: Cisco ASA command reference, the pages of these commands: `area N authentication` holds for the interfaces of the area that say nothing
themselves; RIP and EIGRP need the mode and the key at the interface. What needs more than these lines (virtual links, key chains, IS-IS, IPv6) is
not told, and neither is a protocol that acts at no interface of the file.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.intervals import IPAddress
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_asa.addresses import Words
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import Answer, together
from secaudit.vendors.common.words import ipv4_network

_KEYS = {(): "authentication-key", ("message-digest",): "message-digest-key"}
"""The lines that hold the keys of the two modes of OSPF; a chain of keys is not told."""


def neighbours(node: Node, interfaces: Mapping[str, InterfaceFacts], names: Mapping[str, IPAddress]) -> Answer:
    """What one `router PROTOCOL` block comes to."""
    kind = "".join(node.keys[1:2])
    if kind == "bgp":
        return _bgp(node)
    ask = {"ospf": _ospf, "eigrp": _eigrp, "rip": _rip}.get(kind)
    covered = None if ask is None else _covered(node, interfaces, names)
    if ask is None or not covered:
        return None, ()
    return together(ask(_Process(node, covered)))


@dataclass(frozen=True, slots=True)
class _Process:
    node: Node
    covered: Sequence[tuple[InterfaceFacts, SourceLine, str]]
    """The interfaces at which it has neighbours, each with its `network` line and its area."""


def _covered(
    node: Node, interfaces: Mapping[str, InterfaceFacts], names: Mapping[str, IPAddress]
) -> list[tuple[InterfaceFacts, SourceLine, str]] | None:
    """The interfaces that a `network` line names; None where one is not understood."""
    held: list[tuple[ipaddress.IPv4Network, SourceLine, str]] = []
    for child in node.children:
        if child.keys[0] == "network":
            prefix = _network(child, names)
            if prefix is None:
                return None
            held.append((prefix, child.line, _area(child.keys[-1]) if "area" in child.keys else ""))
    silent = _silent(node)
    found = []
    for facts in interfaces.values():
        if not facts.enabled or not facts.routed or silent(facts.name):
            continue
        own = [one.address.ip for one in facts.addresses if one.address.version == 4]
        within = [(line, area) for prefix, line, area in held if any(address in prefix for address in own)]
        if within:
            found.append((facts, *within[0]))
        elif facts.dynamic is not None:
            return None
    return found


def _network(node: Node, names: Mapping[str, IPAddress]) -> ipaddress.IPv4Network | None:
    """`network A [MASK] [area N]`; without a mask that of the class of the address."""
    words = Words(node.words, node.keys, names, 1)
    try:
        address = words.address()
        if words and words.peek() != "area":
            return ipv4_network(address, words.mask())
        length = 8 if address < 1 << 31 else 16 if address < 3 << 30 else 24
        return ipaddress.IPv4Network((address, length), strict=False)
    except (NotUnderstoodError, ValueError):
        return None


def _silent(node: Node) -> Callable[[str], bool]:
    """`passive-interface IF|default`: no neighbour is sought there."""
    named = {
        child.words[1] for child in node.children if child.keys[0] == "passive-interface" and len(child.words) == 2
    }
    spoken = {
        child.words[2]
        for child in node.children
        if child.keys[:2] == ("no", "passive-interface") and len(child.words) == 3
    }
    return lambda name: name not in spoken and (name in named or "default" in named)


def _ospf(process: _Process) -> Iterator[Answer]:
    areas = {
        _area(child.keys[1]): child
        for child in process.node.children
        if child.keys[0] == "area" and child.keys[2:3] == ("authentication",)
    }
    linked = [child for child in process.node.children if "virtual-link" in child.keys]
    if linked:
        yield None, ()
    for facts, line, area in process.covered:
        said = [one for one in facts.neighbours if one.keys[:2] == ("ospf", "authentication")]
        chosen = said[-1] if said else areas.get(area)
        mode = () if chosen is None else chosen.keys[2 if said else 3 :]
        keys = [one for one in facts.neighbours if one.keys[1:2] == (_KEYS.get(mode),)]
        if chosen is None or mode == ("null",):
            yield False, (line, *(one.line for one in said))
        elif not keys:
            yield None, ()
        else:
            yield True, (line, chosen.line, *(one.line for one in keys))


def _eigrp(process: _Process) -> Iterator[Answer]:
    """The device runs one process; which it is that a key is for stands in what is masked on reading."""
    number = process.node.keys[2:3]
    for facts, line, _ in process.covered:
        modes = [one.line for one in facts.neighbours if one.keys[1:4] == ("mode", "eigrp", *number)]
        keys = [one.line for one in facts.neighbours if one.keys[:2] == ("authentication", "key")]
        yield _both(modes[-1] if modes else None, keys[-1] if keys else None, line)


def _rip(process: _Process) -> Iterator[Answer]:
    """Only version 2 has keys; without `version 2` the first one is heard as well."""
    if not any(child.keys == ("version", "2") for child in process.node.children):
        yield None, ()
    for facts, line, _ in process.covered:
        said = {
            one.keys[2]: one.line
            for one in facts.neighbours
            if one.keys[:2] == ("rip", "authentication") and len(one.keys) > 3
        }
        yield _both(said.get("mode"), said.get("key"), line)


def _both(mode: SourceLine | None, key: SourceLine | None, line: SourceLine) -> Answer:
    if mode is None and key is None:
        return False, (line,)
    return (None, ()) if mode is None or key is None else (True, (line, mode, key))


def _bgp(node: Node) -> Answer:
    """`neighbor A remote-as N`, `neighbor A password K`, in the address families below."""
    held: dict[str, dict[str, SourceLine]] = {}
    for child in node.below():
        if child.keys[0] == "neighbor" and len(child.keys) > 2:
            held.setdefault(child.keys[1], {}).setdefault(child.keys[2], child.line)
    return together(map(_of_neighbour, (one for one in held.values() if "remote-as" in one and "shutdown" not in one)))


def _of_neighbour(said: Mapping[str, SourceLine]) -> Answer:
    if "inherit" in said or "peer-group" in said:
        return None, ()
    lines = (said["remote-as"],)
    return (True, (*lines, said["password"])) if "password" in said else (False, lines)


def _area(word: str) -> str:
    """`0` and `0.0.0.0` are one area."""
    try:
        return str(ipaddress.IPv4Address(int(word) if word.isdecimal() else word))
    except ValueError:
        return word
