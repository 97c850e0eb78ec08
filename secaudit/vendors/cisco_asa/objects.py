"""`object`, `object-group` and `name`: network, service, protocol and icmp-type, each of which may name others.

Groups share one space of names. A group in itself, an undefined or an empty one has no meaning that could be relied on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from secaudit.network.intervals import ANY_BYTE, ANY_PORT, PORT_MAX, Intervals, IPAddress, complement, normalise
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_asa.addresses import AddressSet, Words, span, to_ip, together, unknown
from secaudit.vendors.cisco_asa.vocabulary import names
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import whole_number

_DEEPEST = 32
PORT_OPERATORS = frozenset(("eq", "neq", "lt", "gt", "range"))
_PORTED = ("tcp", "udp", "tcp-udp", "sctp")
_PROTOCOLS_OF = {"tcp": ((6, 6),), "udp": ((17, 17),), "sctp": ((132, 132),), "tcp-udp": ((6, 6), (17, 17))}
_FQDN = Text(
    ja="ホスト名（FQDN）で指定されたアドレスは DNS の応答で決まり、設定からは分かりません",
    en="the addresses of a name (FQDN) come from DNS and are not in the file",
)


def _not_told(kind: str, name: str) -> Text:
    return Text(
        ja=f"{kind} {name} は未定義・空・循環しているか、読み取れない要素を含みます",
        en=f"{kind} {name} is undefined, empty, circular or holds members that were not understood",
    )


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """Services of a group. With a `doubt` they are the most that it could be."""

    services: tuple[Service, ...]
    doubt: Text | None = None


@dataclass(slots=True)
class _Group:
    line: SourceLine
    kind: str
    addresses: list[AddressSet] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    members: list[tuple[str, str]] = field(default_factory=list)
    """(`object` or `object-group`, name) in order."""
    exact: bool = True


@dataclass(slots=True)
class NetworkObject:
    """`object network NAME`; `translation` is its `nat` line."""

    name: str
    line: SourceLine
    addresses: AddressSet | None = None
    value_line: SourceLine | None = None
    translations: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Objects:
    """All objects and groups of a device."""

    names: Mapping[str, IPAddress]
    networks: dict[str, NetworkObject] = field(default_factory=dict)
    services: dict[str, ServiceSet] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    _known_addresses: dict[str, AddressSet] = field(default_factory=dict)
    _known_services: dict[str, ServiceSet] = field(default_factory=dict)
    _known_ports: dict[str, tuple[Intervals, Text | None]] = field(default_factory=dict)

    def words(self, node: Node, position: int) -> Words:
        """The words of a line from a position on."""
        return Words(node.words, node.keys, self.names, position)

    def network(self, name: str) -> AddressSet:
        """The addresses of `object NAME`."""
        held = self.networks.get(name)
        return unknown(_not_told("object", name)) if held is None or held.addresses is None else held.addresses

    def network_group(self, name: str) -> AddressSet:
        """The addresses of `object-group NAME`."""
        return self._network_group(name, 0)

    def any_network(self, name: str) -> AddressSet:
        """The addresses of an object or a group, as NAT rules name them."""
        return self.network(name) if name in self.networks else self.network_group(name)

    def kind_of_group(self, name: str) -> str:
        """`network`, `service`, `ports`, `protocol`, `icmp-type`, or an empty string."""
        held = self.groups.get(name)
        return "" if held is None else held.kind

    def service(self, name: str) -> ServiceSet:
        """The services of `object NAME`."""
        return self.services.get(name) or ServiceSet((ANY_SERVICE,), _not_told("object", name))

    def service_group(self, name: str) -> ServiceSet:
        """The services of `object-group NAME`, of whatever kind it is."""
        return self._service_group(name, 0)

    def ports(self, name: str) -> tuple[Intervals, Text | None]:
        """The ports of `object-group NAME`."""
        known = self._known_ports.get(name)
        if known is None:
            held = self.service_group(name)
            known = self._known_ports[name] = (ports_of(held.services), held.doubt)
        return known

    def _network_group(self, name: str, depth: int) -> AddressSet:
        known = self._known_addresses.get(name)
        if known is not None:
            return known
        group = self.groups.get(name)
        nothing = unknown(_not_told("object-group", name))
        if group is None or group.kind != "network" or depth > _DEEPEST:
            return nothing
        self._known_addresses[name] = nothing  # what a circle sees
        parts = list(group.addresses)
        for kind, member in group.members:
            parts.append(self.network(member) if kind == "object" else self._network_group(member, depth + 1))
        result = together(parts) if group.exact and parts else nothing
        self._known_addresses[name] = result
        return result

    def _service_group(self, name: str, depth: int) -> ServiceSet:
        known = self._known_services.get(name)
        if known is not None:
            return known
        group = self.groups.get(name)
        nothing = ServiceSet((ANY_SERVICE,), _not_told("object-group", name))
        if group is None or group.kind == "network" or depth > _DEEPEST:
            return nothing
        self._known_services[name] = nothing
        found = dict.fromkeys(group.services)
        doubt: Text | None = None
        for kind, member in group.members:
            part = self.service(member) if kind == "object" else self._service_group(member, depth + 1)
            doubt = doubt or part.doubt
            found.update(dict.fromkeys(part.services))
        result = ServiceSet(tuple(found), doubt) if group.exact and found else nothing
        self._known_services[name] = result
        return result


def read_names(nodes: Iterable[Node], ledger: Ledger) -> dict[str, IPAddress]:
    """`name ADDRESS NAME [description ...]`."""
    found: dict[str, IPAddress] = {}
    for node in nodes:
        try:
            if len(node.words) < 3 or node.keys[0] == "no":
                raise NotUnderstoodError("no name")
            found[node.words[2]] = to_ip(node.words[1], {})
            ledger.use_all(node)
        except NotUnderstoodError:
            ledger.leave(node)
    return found


def read_objects(objects: Iterable[Node], groups: Iterable[Node], held: Objects, ledger: Ledger) -> None:
    """`object network|service` and `object-group ...` blocks. A block that is entered again adds to the first."""
    for node in objects:
        if len(node.words) == 3 and node.keys[1] == "network":
            _network_object(node, held, ledger)
        elif len(node.words) == 3 and node.keys[1] == "service":
            _service_object(node, held, ledger)
        else:
            ledger.leave(node)
    for node in groups:
        _group(node, held, ledger)


def _network_object(node: Node, held: Objects, ledger: Ledger) -> None:
    name = node.words[2]
    known = held.networks.get(name)
    if known is None:
        known = held.networks[name] = NetworkObject(name, node.line)
    ledger.use(node)
    for child in node.children:
        key = child.keys[0]
        if key == "nat":
            known.translations.append(child)
        elif key in ("description", "exit"):
            ledger.use_all(child)
        elif key not in _VALUES:
            # Not what the object holds: it may be a translation.
            ledger.leave(child)
        else:
            try:
                known.addresses = _object_value(held.words(child, 0))
                known.value_line = child.line
                ledger.use_all(child)
            except NotUnderstoodError:
                known.addresses = unknown(_not_told("object", name))
                _leave_lines(child, ledger)


_VALUES = frozenset(("host", "subnet", "range", "fqdn"))


def _object_value(words: Words) -> AddressSet:
    """`host A`, `subnet A MASK`, `subnet P/L`, `range A B`, `fqdn [v4|v6] NAME`."""
    match words.take().lower():
        case "host":
            result = words.host()
        case "subnet":
            result = words.network()
        case "range":
            result = span(words.ip(), words.ip())
        case "fqdn":
            words.rest()
            return unknown(_FQDN)
        case _:
            raise NotUnderstoodError("not a network object")
    words.finish()
    return result


def _service_object(node: Node, held: Objects, ledger: Ledger) -> None:
    ledger.use(node)
    for child in node.children:
        if child.keys[0] in ("description", "exit"):
            ledger.use_all(child)
            continue
        try:
            words = held.words(child, 0)
            if not words.skip("service"):
                raise NotUnderstoodError("not a service object")
            held.services[node.words[2]] = ServiceSet(_services(words))
            ledger.use_all(child)
        except NotUnderstoodError:
            held.services[node.words[2]] = ServiceSet((ANY_SERVICE,), _not_told("object", node.words[2]))
            _leave_lines(child, ledger)


def _services(words: Words) -> tuple[Service, ...]:
    """`PROTOCOL [source PORTS] [destination PORTS]`, `icmp [TYPE [CODE]]`."""
    key = words.peek()
    if key in _PORTED:
        words.take()
        sources = port_set(words) if words.skip("source") else ANY_PORT
        destinations = ANY_PORT
        if words.skip("destination") or words.peek() in PORT_OPERATORS:
            destinations = port_set(words)
        words.finish()
        if not (sources and destinations):
            raise NotUnderstoodError("no port is left")
        return (Service(_PROTOCOLS_OF[key], destinations, sources),)
    protocol = protocol_number(words.take())
    if protocol is None:
        words.finish()
        return (ANY_SERVICE,)
    if protocol in (ICMP, ICMPV6) and words:
        result = icmp_service(protocol, words)
        words.finish()
        return (result,)
    words.finish()
    return (Service(((protocol, protocol),)),)


def _group(node: Node, held: Objects, ledger: Ledger) -> None:
    kind = node.keys[1] if len(node.keys) > 2 else ""
    ported = node.keys[3] if len(node.keys) > 3 else ""
    reader = _MEMBERS.get("ports" if kind == "service" and ported else kind)
    if reader is None or (ported and (kind != "service" or ported not in _PORTED)):
        # What it selects (users, security tags, applications) is uncertain wherever it is named.
        if kind in ("user", "security", "network-service"):
            ledger.use_all(node)
        else:
            ledger.leave(node)
        return
    name = node.words[2]
    group = held.groups.get(name)
    if group is None:
        group = held.groups[name] = _Group(node.line, "ports" if ported else kind)
    ledger.use(node)
    for child in node.children:
        try:
            if child.children:
                raise NotUnderstoodError("nothing stands below a member")
            words = held.words(child, 0)
            if words.skip("group-object"):
                group.members.append(("object-group", words.take()))
                words.finish()
            elif child.keys[0] not in ("description", "exit"):
                reader(words, group, _PROTOCOLS_OF.get(ported, ()))
            ledger.use_all(child)
        except NotUnderstoodError:
            group.exact = False
            _leave_lines(child, ledger)


def _leave_lines(node: Node, ledger: Ledger) -> None:
    """Not understood; what it could change is said where the object or group is named."""
    ledger.leave_line(node.line)
    for below in node.below():
        ledger.leave_line(below.line)


def _network_member(words: Words, group: _Group, _: Intervals) -> None:
    if not words.skip("network-object"):
        raise NotUnderstoodError("not a member")
    if words.skip("object"):
        group.members.append(("object", words.take()))
    elif words.skip("host"):
        group.addresses.append(words.host())
    else:
        group.addresses.append(words.network())
    words.finish()


def _service_member(words: Words, group: _Group, _: Intervals) -> None:
    if not words.skip("service-object"):
        raise NotUnderstoodError("not a member")
    if words.skip("object"):
        group.members.append(("object", words.take()))
        words.finish()
    else:
        group.services.extend(_services(words))


def _port_member(words: Words, group: _Group, protocols: Intervals) -> None:
    if not words.skip("port-object") or words.peek() not in ("eq", "range"):
        raise NotUnderstoodError("not a member")
    group.services.append(Service(protocols, port_set(words)))
    words.finish()


def _protocol_member(words: Words, group: _Group, _: Intervals) -> None:
    if not words.skip("protocol-object"):
        raise NotUnderstoodError("not a member")
    number = protocol_number(words.take())
    words.finish()
    group.services.append(ANY_SERVICE if number is None else Service(((number, number),)))


def _icmp_member(words: Words, group: _Group, _: Intervals) -> None:
    if not words.skip("icmp-object"):
        raise NotUnderstoodError("not a member")
    group.services.append(icmp_service(ICMP, words))
    words.finish()


_MEMBERS: Mapping[str, Callable[[Words, _Group, Intervals], None]] = {
    "network": _network_member,
    "service": _service_member,
    "ports": _port_member,
    "protocol": _protocol_member,
    "icmp-type": _icmp_member,
}


@lru_cache(maxsize=1024)
def protocol_number(word: str) -> int | None:
    """The number of a protocol; None for every protocol (`ip`). Raises `NotUnderstoodError`."""
    key = word.lower()
    if key == "ip":
        return None
    number = names().protocols.get(key)
    return whole_number(word, 1, 255) if number is None else number


def port_set(words: Words) -> Intervals:
    """`eq A`, `neq A`, `lt A`, `gt A`, `range A B`; may be empty (`lt 0`)."""
    operator = words.take().lower()
    first = port(words.take())
    match operator:
        case "eq":
            return ((first, first),)
        case "neq":
            return complement(((first, first),), PORT_MAX)
        case "lt":
            return ((0, first - 1),) if first else ()
        case "gt":
            return ((first + 1, PORT_MAX),) if first < PORT_MAX else ()
        case "range":
            last = port(words.take())
            if last < first:
                raise NotUnderstoodError("the range is upside down")
            return ((first, last),)
        case _:
            raise NotUnderstoodError(f"{operator!r} compares no port")


@lru_cache(maxsize=4096)
def port(word: str) -> int:
    """A port by number or name; raises `NotUnderstoodError`."""
    number = names().ports.get(word.lower())
    return whole_number(word, 0, PORT_MAX) if number is None else number


def is_icmp_type(word: str, protocol: int) -> bool:
    """Whether a word is an ICMP type."""
    return word.isdigit() or word in (names().icmp if protocol == ICMP else names().icmp6)


def icmp_service(protocol: int, words: Words) -> Service:
    """`TYPE [CODE]` behind `icmp` or `icmp6`."""
    word = words.take()
    number = (names().icmp if protocol == ICMP else names().icmp6).get(word.lower())
    if number is None:
        number = whole_number(word, 0, 255)
    codes = ANY_BYTE
    if words.peek().isdigit():
        code = words.number(0, 255)
        codes = ((code, code),)
    return Service(((protocol, protocol),), icmp_types=((number, number),), icmp_codes=codes)


def ports_of(services: Iterable[Service]) -> Intervals:
    """The destination ports of the members of a group of ports."""
    return normalise(pair for service in services for pair in service.destination_ports)
