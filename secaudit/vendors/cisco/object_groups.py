"""`object-group network` and `object-group service`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from secaudit.network.intervals import ANY_IPV4, ANY_PORT, PORT_MAX, Interval, Intervals, complement, normalise
from secaudit.network.matches import ANY_SERVICE, ICMP, PROTOCOLS_WITH_PORTS, TCP, UDP, Service
from secaudit.vendors.cisco.vocabulary import names
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import ipv4, prefix_length, whole_number

_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class NetworkGroup:
    """Addresses of a group. When not `exact`, they are the most that it could be."""

    addresses: Intervals
    exact: bool = True


@dataclass(frozen=True, slots=True)
class ServiceGroup:
    """Services of a group. When not `exact`, they are the most that it could be."""

    services: tuple[Service, ...]
    exact: bool = True


_UNKNOWN_NETWORK = NetworkGroup(ANY_IPV4, exact=False)
_UNKNOWN_SERVICE = ServiceGroup((ANY_SERVICE,), exact=False)


@dataclass(slots=True)
class _Members:
    intervals: list[Interval] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    exact: bool = True


_ReadMember = Callable[[Words, _Members], None]


@dataclass(slots=True)
class ObjectGroups:
    """All groups of a device. Groups may name groups; a circle or a very deep chain is not exact."""

    networks: dict[str, _Members] = field(default_factory=dict)
    services: dict[str, _Members] = field(default_factory=dict)
    _known_networks: dict[str, NetworkGroup] = field(default_factory=dict)
    _known_services: dict[str, ServiceGroup] = field(default_factory=dict)

    def network(self, name: str) -> NetworkGroup:
        """The addresses of a group; everything and not exact when it is undefined."""
        return self._network(name, 0)

    def service(self, name: str) -> ServiceGroup:
        """The services of a group; everything and not exact when it is undefined."""
        return self._service(name, 0)

    def _network(self, name: str, depth: int) -> NetworkGroup:
        known = self._known_networks.get(name)
        if known is not None:
            return known
        members = self.networks.get(name)
        if members is None or depth > _DEEPEST:
            return _UNKNOWN_NETWORK
        self._known_networks[name] = _UNKNOWN_NETWORK  # what a circle sees
        parts = [self._network(group, depth + 1) for group in members.groups]
        exact = members.exact and all(part.exact for part in parts)
        intervals = [pair for part in parts for pair in part.addresses] + members.intervals
        # An empty group has no documented meaning that we could rely on.
        result = NetworkGroup(normalise(intervals), exact) if exact and intervals else _UNKNOWN_NETWORK
        self._known_networks[name] = result
        return result

    def _service(self, name: str, depth: int) -> ServiceGroup:
        known = self._known_services.get(name)
        if known is not None:
            return known
        members = self.services.get(name)
        if members is None or depth > _DEEPEST:
            return _UNKNOWN_SERVICE
        self._known_services[name] = _UNKNOWN_SERVICE
        parts = [self._service(group, depth + 1) for group in members.groups]
        exact = members.exact and all(part.exact for part in parts)
        services = dict.fromkeys([*members.services, *(service for part in parts for service in part.services)])
        result = ServiceGroup(tuple(services)) if exact and services else _UNKNOWN_SERVICE
        self._known_services[name] = result
        return result


def read_object_groups(nodes: list[Node], ledger: Ledger) -> ObjectGroups:
    """Reads the blocks; a member that is not understood makes its group inexact."""
    groups = ObjectGroups()
    for node in nodes:
        kind = node.keys[1] if len(node.keys) > 2 else ""
        if kind == "network":
            _read_block(node, groups.networks.setdefault(node.words[2], _Members()), _network_member, ledger)
        elif kind == "service":
            _read_block(node, groups.services.setdefault(node.words[2], _Members()), _service_member, ledger)
        else:
            ledger.leave(node, DEVICE)
    return groups


def _read_block(node: Node, members: _Members, read: _ReadMember, ledger: Ledger) -> None:
    ledger.use(node)
    for child in node.children:
        try:
            if child.keys[0] not in ("description", "exit"):
                if child.children:
                    raise NotUnderstoodError("nothing stands below a member")
                read(Words(child.words, child.keys), members)
            ledger.use_all(child)
        except NotUnderstoodError:
            members.exact = False
            ledger.leave_line(child.line)
            for below in child.below():
                ledger.leave_line(below.line)


def _network_member(words: Words, members: _Members) -> None:
    """`host A`, `A MASK`, `A/LENGTH`, `range A B`, `any`, `group-object NAME` (netmasks here, not wildcards)."""
    first = words.take()
    match first.lower():
        case "group-object":
            members.groups.append(words.take())
        case "host":
            address = words.address()
            members.intervals.append((address, address))
        case "any":
            members.intervals.extend(ANY_IPV4)
        case "range":
            low, high = words.address(), words.address()
            if low > high:
                raise NotUnderstoodError("the range is upside down")
            members.intervals.append((low, high))
        case _:
            base, slash, length = first.partition("/")
            bits = whole_number(length, 0, 32) if slash else prefix_length(words.address())
            mask = (1 << 32) - (1 << (32 - bits))
            address = ipv4(base) & mask
            members.intervals.append((address, address | (mask ^ 0xFFFFFFFF)))
    words.finish()


def _service_member(words: Words, members: _Members) -> None:
    """`PROTOCOL [source PORTS] [PORTS]`, `tcp-udp ...`, `icmp [TYPE]`, `group-object NAME`."""
    if words.skip("group-object"):
        members.groups.append(words.take())
        words.finish()
        return
    if words.skip("tcp-udp"):
        protocols: tuple[int | None, ...] = (TCP, UDP)
    else:
        protocols = (protocol_number(words.take()),)
    start = words.position
    for protocol in protocols:
        words.position = start
        members.services.extend(_group_service(protocol, words))
    words.finish()


def _group_service(protocol: int | None, words: Words) -> tuple[Service, ...]:
    if protocol in PROTOCOLS_WITH_PORTS and protocol is not None:
        source = port_set(words, protocol) if words.skip("source") else ANY_PORT
        destination = port_set(words, protocol) if words else ANY_PORT
        if not (source and destination):
            return ()
        return (Service(((protocol, protocol),), destination, source),)
    if protocol == ICMP and words:
        return (icmp_service(ICMP, words),)
    return (protocol_service(protocol),)


@lru_cache(maxsize=1024)
def protocol_number(word: str) -> int | None:
    """The number of a protocol name or number; None for every protocol (`ip`, `ipv6`)."""
    key = word.lower()
    if key in ("ip", "ipv6"):
        return None
    number = names().protocols.get(key)
    return whole_number(word, 0, 255) if number is None else number


@cache
def protocol_service(protocol: int | None) -> Service:
    """A whole protocol, or everything for None."""
    return ANY_SERVICE if protocol is None else Service(protocols=((protocol, protocol),))


PORT_OPERATORS = frozenset(("eq", "neq", "lt", "gt", "range"))


def port_set(words: Words, protocol: int) -> Intervals:
    """`eq A B ...`, `neq A B ...`, `lt A`, `gt A`, `range A B`, or one bare port; may be empty (`lt 0`)."""
    operator = words.peek()
    if operator not in PORT_OPERATORS:
        port = _port(words.take(), protocol)
        return ((port, port),)
    words.take()
    first = _port(words.take(), protocol)
    if operator == "lt":
        return ((0, first - 1),) if first else ()
    if operator == "gt":
        return ((first + 1, PORT_MAX),) if first < PORT_MAX else ()
    if operator == "range":
        last = _port(words.take(), protocol)
        if last < first:
            raise NotUnderstoodError("the range is upside down")
        return ((first, last),)
    if not words and operator == "eq":
        return ((first, first),)
    ports = [first]
    while words and _is_port(words.peek(), protocol):
        ports.append(_port(words.take(), protocol))
    listed = normalise((port, port) for port in ports)
    return listed if operator == "eq" else complement(listed, PORT_MAX)


def _is_port(key: str, protocol: int) -> bool:
    return key.isdigit() or key in (names().udp_ports if protocol == UDP else names().tcp_ports)


def _port(word: str, protocol: int) -> int:
    if word.isdigit():
        return whole_number(word, 0, PORT_MAX)
    number = (names().udp_ports if protocol == UDP else names().tcp_ports).get(word.lower())
    if number is None:
        raise NotUnderstoodError(f"{word!r} is not a port")
    return number


def icmp_service(protocol: int, words: Words) -> Service:
    """`TYPE-NAME`, `TYPE` or `TYPE CODE` after `icmp`; raises `NotUnderstoodError`."""
    table = names().icmp if protocol == ICMP else names().icmpv6
    word = words.take()
    named = table.get(word.lower())
    if named is None:
        named = (whole_number(word, 0, 255),)
        if words.peek().isdigit():
            named = (*named, words.number(0, 255))
    types = ((named[0], named[0]),)
    if len(named) == 1:
        return Service(protocols=((protocol, protocol),), icmp_types=types)
    return Service(protocols=((protocol, protocol),), icmp_types=types, icmp_codes=((named[1], named[1]),))
