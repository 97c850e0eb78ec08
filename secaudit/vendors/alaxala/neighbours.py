"""Whether the neighbours of OSPF and BGP have to authenticate themselves.

An interface does what its own `ip ospf authentication` says, else what its area says; without either nobody is asked (AX3640S command reference
vol. 2, "ip ospf authentication"; keys: AX3660S and AX8600S, "ip ospf authentication-key" and "message-digest-key"). BGP asks those neighbours that have a
password (AX8600R configuration guide vol. 3, 22.1.6). Of RIP, RIPng, OSPFv3 and IS-IS nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from secaudit.network.interfaces import InterfaceKind
from secaudit.vendors.alaxala.facts import InterfaceFacts
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words

_NONE, _TEXT, _DIGEST = "none", "text", "digest"
_KEYS = {_TEXT: "authentication-key", _DIGEST: "message-digest-key"}
_METHODS = {(): _TEXT, ("message-digest",): _DIGEST, ("null",): _NONE}
_MOST_PAIRS = 100_000
"""Interfaces and `network` lines that are compared."""
_Network = tuple[int, int, str]


def ospf_authenticated(
    router: Node,
    process: str,
    covered: frozenset[str] | None,
    interfaces: Mapping[str, InterfaceFacts],
    ledger: Ledger,
) -> bool | None:
    """Whether OSPF asks every neighbour; False when some interface surely asks nobody. `covered` are its interfaces, None when not plain."""
    if covered is None:
        return None
    areas = {
        child.keys[1]: _METHODS.get(child.keys[3:], "")
        for child in router.children
        if child.keys[0] == "area" and child.keys[2:3] == ("authentication",)
    }
    for child in router.children:
        if child.keys[0] == "area" and child.keys[2:3] == ("authentication",):
            ledger.use(child)
    networks = _networks(router)
    if len(networks) * len(covered) > _MOST_PAIRS:
        return None
    answers = {
        _at_interface(interfaces[name], process, areas, networks, ledger)
        for name in covered
        if interfaces[name].enabled and interfaces[name].kind is not InterfaceKind.LOOPBACK
    }
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _networks(router: Node) -> tuple[_Network, ...]:
    found: list[_Network] = []
    for child in router.children:
        if child.keys[0] != "network" or len(child.keys) != 5:
            continue
        words = Words(child.words, child.keys, 1)
        try:
            found.append((words.address(), words.address(), child.keys[4]))
        except NotUnderstoodError:
            continue
    return tuple(found)


def _at_interface(
    facts: InterfaceFacts, process: str, areas: Mapping[str, str], networks: tuple[_Network, ...], ledger: Ledger
) -> bool | None:
    method, keys = None, set()
    joined: set[str] = set()
    for node in facts.routing:
        rest = node.keys[2:]
        if rest[:1] == ("authentication",):
            method = _METHODS.get(rest[1:], "")
            ledger.use(node)
        elif rest[:1] and rest[0] in _KEYS.values():
            keys.add(rest[0])
            ledger.use(node)
        elif rest[1:2] == ("area",) and rest[0] == process and len(rest) == 3:
            joined.add(rest[2])
    if method is None:
        joined |= {
            area
            for address, wildcard, area in networks
            for one in facts.addresses
            if one.address.version == 4 and not (int(one.address.ip) ^ address) & ~wildcard & 0xFFFFFFFF
        }
        methods = {areas.get(area, _NONE) for area in joined}
        if len(methods) != 1:
            return None
        (method,) = methods
    if method == _NONE:
        return None if facts.unread else False
    return True if _KEYS.get(method) in keys else None


def bgp_authenticated(lines: Iterable[Node], ledger: Ledger) -> bool | None:
    """Whether every neighbour of a block has a password, its own or that of its peer group."""
    neighbours: dict[str, set[str]] = {}
    groups: dict[str, str] = {}
    secret: set[str] = set()
    for node in lines:
        keys = node.keys
        if keys[0] != "neighbor" or len(keys) < 3:
            continue
        name = node.words[1]
        neighbours.setdefault(name, set()).add(keys[2])
        if keys[2] == "password":
            secret.add(name)
            ledger.use(node)
        elif keys[2:3] == ("peer-group",) and len(keys) > 3:
            groups[name] = node.words[3]
    members = [
        name
        for name, words in neighbours.items()
        if "shutdown" not in words and (name in groups or ("remote-as" in words and "peer-group" not in words))
    ]
    if not members:
        return None
    return all(name in secret or groups.get(name) in secret for name in members)
