"""`nat` lines from 8.3 on, in the order in which they are tried (AS-03).

Section 1 is manual NAT in its order, section 2 the NAT of objects (static before dynamic, then fewest real addresses, lowest address, name),
section 3 manual NAT marked `after-auto` (Cisco ASA firewall configuration guide, "NAT rule order"). Lines of before 8.3 are read by `old_nat_lines`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.intervals import ANY_PORT, Interval
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.cisco_asa.addresses import ANY, AddressSet, Words, single, to_ip
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.objects import NetworkObject, Objects, port
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, Scope, on_interfaces
from secaudit.vendors.common.lines import Node

_INACTIVE = Text(ja="inactive の NAT 行は働きません", en="a NAT rule marked inactive does nothing")
_OPTIONS = frozenset(("net-to-net", "no-proxy-arp", "dns", "flat", "round-robin", "extended", "block-allocation"))
_Order = tuple[bool, int, int, str]
_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}


@dataclass(frozen=True, slots=True)
class PortTranslation:
    """`service`: of a protocol, the source ports at the real end and as they are translated."""

    protocol: int
    real: Interval
    mapped: Interval


@dataclass(slots=True)
class NatLine:
    """One rule. An interface of None is `any`; `mapped` of None is the address of the mapped interface."""

    label: str
    sources: Sources
    real_interface: str | None
    mapped_interface: str | None
    static: bool
    real: AddressSet = ANY
    mapped: AddressSet | None = None
    identity: bool = False
    """The real and the mapped side name the same object: nothing changes."""
    pool: bool = False
    """Every port may be another one (PAT)."""
    or_interface: bool = False
    destination_mapped: AddressSet | None = None
    destination_real: AddressSet | None = None
    destination_identity: bool = False
    service: PortTranslation | None = None
    unidirectional: bool = False
    by_route: bool = False
    inactive: bool = False

    @property
    def twice(self) -> bool:
        """Whether it names the destination as well."""
        return self.destination_real is not None


@dataclass(slots=True)
class NatReader:
    """Reads the lines of one device."""

    objects: Objects
    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    manual: list[NatLine] = field(default_factory=list)
    automatic: list[tuple[_Order, NatLine]] = field(default_factory=list)
    after: list[NatLine] = field(default_factory=list)

    def read(self, nodes: Iterable[Node]) -> list[NatLine]:
        """All rules in force, in order."""
        for node in nodes:
            self._attempt(node)
        for held in self.objects.networks.values():
            for node in held.translations:
                self._of_object(node, held)
        lines = [*self.manual, *(line for _, line in sorted(self.automatic, key=lambda one: one[0])), *self.after]
        for line in lines:
            if line.inactive:
                self.ledger.notice(NoticeKind.INACTIVE, _INACTIVE, line.sources)
        return [line for line in lines if not line.inactive]

    def _attempt(self, node: Node) -> None:
        scope: Scope = DEVICE
        try:
            words = self.objects.words(node, 1)
            real, mapped = self._interfaces(words)
            scope = DEVICE if real is None or mapped is None else on_interfaces(real, mapped)
            if node.children:
                raise NotUnderstoodError("nothing stands below a rule")
            self._manual(words, node, real, mapped)
            self.ledger.use(node)
        except NotUnderstoodError:
            self.ledger.leave(node, scope)

    def _interfaces(self, words: Words) -> tuple[str | None, str | None]:
        word = words.take()
        pair = word.strip("()").split(",")
        if not (word.startswith("(") and word.endswith(")") and len(pair) == 2):
            raise NotUnderstoodError("no pair of interfaces")
        for name in pair:
            if name not in self.interfaces and name.lower() != "any":
                raise NotUnderstoodError(f"{name!r} is no interface")
        real, mapped = (None if name.lower() == "any" and name not in self.interfaces else name for name in pair)
        return real, mapped

    def _manual(self, words: Words, node: Node, real: str | None, mapped: str | None) -> None:
        rules = self.manual
        if words.skip("after-auto"):
            rules = self.after
        number = words.number(1, 2**31) if words.peek().isdigit() else None
        if not words.skip("source"):
            raise NotUnderstoodError("no source")
        kind = words.take().lower()
        if kind not in ("static", "dynamic"):
            raise NotUnderstoodError("neither static nor dynamic")
        line = NatLine(node.line.text.strip(), (node.line,), real, mapped, kind == "static")
        name = words.take()
        line.real = self._named(name)
        self._target(words, line, name, inline=False)
        while words:
            self._manual_option(words, line)
        if number is None or number > len(rules):
            rules.append(line)
        else:
            rules.insert(number - 1, line)

    def _manual_option(self, words: Words, line: NatLine) -> None:
        key = words.take().lower()
        match key:
            case "destination":
                if not words.skip("static"):
                    raise NotUnderstoodError("the destination is always static")
                name = words.take()
                if name.lower() == "interface":
                    words.skip("ipv6")
                    line.destination_mapped = self._own(line.real_interface)
                else:
                    line.destination_mapped = self._named(name)
                real_name = words.take()
                line.destination_real = self._named(real_name)
                line.destination_identity = real_name == name
            case "service":
                line.service = self._service(words.take(), words.take(), line)
            case "unidirectional":
                line.unidirectional = True
            case "route-lookup":
                line.by_route = True
            case "inactive":
                line.inactive = True
            case "description":
                words.rest()
            case _ if key in _OPTIONS:
                pass
            case _:
                raise NotUnderstoodError(f"option {key!r}")

    def _service(self, first: str, second: str, line: NatLine) -> PortTranslation:
        """Two service objects. Only source ports are modelled: how a server inside is published."""
        real, mapped = self.objects.service(first), self.objects.service(second)
        if real.doubt or mapped.doubt or len(real.services) != 1 or len(mapped.services) != 1:
            raise NotUnderstoodError("services that are not understood")
        one, two = real.services[0], mapped.services[0]
        ports = (one.source_ports, two.source_ports)
        plain = one.destination_ports == two.destination_ports == ANY_PORT and one.protocols == two.protocols
        single_protocol = len(one.protocols) == 1 and one.protocols[0][0] == one.protocols[0][1]
        if not (plain and single_protocol and all(len(held) == 1 for held in ports)):
            raise NotUnderstoodError("a translation of destination ports")
        if ports[0][0][1] - ports[0][0][0] != ports[1][0][1] - ports[1][0][0]:
            raise NotUnderstoodError("ranges of ports of different sizes")
        return PortTranslation(one.protocols[0][0], ports[0][0], ports[1][0])

    def _of_object(self, node: Node, held: NetworkObject) -> None:
        scope: Scope = DEVICE
        try:
            words = self.objects.words(node, 1)
            real, mapped = self._interfaces(words)
            scope = DEVICE if real is None or mapped is None else on_interfaces(real, mapped)
            if node.children or held.addresses is None or len(held.translations) > 1:
                raise NotUnderstoodError("an object without addresses, or with several rules, of which one is kept")
            kind = words.take().lower()
            if kind not in ("static", "dynamic"):
                raise NotUnderstoodError("neither static nor dynamic")
            lines = (node.line,) if held.value_line is None else (node.line, held.value_line)
            line = NatLine(f"{held.name} {node.line.text.strip()}", lines, real, mapped, kind == "static")
            line.real = held.addresses
            self._target(words, line, held.name, inline=True)
            while words:
                self._object_option(words, line)
            self.automatic.append((_order(line, held), line))
            self.ledger.use(node)
        except NotUnderstoodError:
            self.ledger.leave(node, scope)

    def _object_option(self, words: Words, line: NatLine) -> None:
        key = words.take().lower()
        if key == "service":
            protocol = _PROTOCOLS.get(words.take().lower())
            real, mapped = port(words.take()), port(words.take())
            if protocol is None:
                raise NotUnderstoodError("not a protocol with ports")
            line.service = PortTranslation(protocol, (real, real), (mapped, mapped))
        elif key == "route-lookup":
            line.by_route = True
        elif key not in _OPTIONS:
            raise NotUnderstoodError(f"option {key!r}")

    def _target(self, words: Words, line: NatLine, real_name: str, *, inline: bool) -> None:
        """What it is translated to: an object, an address, `interface`, or a pool of PAT."""
        if words.skip("interface"):
            if line.mapped_interface is None:
                raise NotUnderstoodError("the address of any interface")
            words.skip("ipv6")
            line.pool = not line.static
            return
        line.pool = words.skip("pat-pool")
        name = words.take()
        line.mapped = self._inline(name, words, line) if inline else self._named(name)
        line.identity = name == real_name
        if not line.static:
            sizes = [high - low for low, high in (*line.mapped.ipv4, *line.mapped.ipv6)]
            line.pool = line.pool or sizes == [0]
            while words.peek() in ("flat", "round-robin", "extended", "include-reserve", "block-allocation"):
                words.take()
            if words.skip("interface"):
                words.skip("ipv6")
                line.or_interface = True

    def _inline(self, name: str, words: Words, line: NatLine) -> AddressSet:
        """In an object: another object, or one address that may begin a network of the same size."""
        if name in self.objects.networks or self.objects.kind_of_group(name) == "network":
            return self.objects.any_network(name)
        address = to_ip(name, self.objects.names)
        spans = line.real.of(4 if address.version == 4 else 6)
        if line.static and len(spans) == 1:
            last = int(address) + spans[0][1] - spans[0][0]
            pair = ((int(address), last),)
            return AddressSet(pair) if address.version == 4 else AddressSet((), pair)
        return single(address)

    def _named(self, name: str) -> AddressSet:
        if name.lower() == "any" and name not in self.objects.networks:
            return ANY
        return self.objects.any_network(name)

    def _own(self, name: str | None) -> AddressSet:
        facts = self.interfaces.get(name or "")
        if facts is None or facts.dynamic is not None or not facts.addresses:
            raise NotUnderstoodError("the address of the interface is not in the file")
        return single(facts.addresses[0].address.ip)


def _order(line: NatLine, held: NetworkObject) -> _Order:
    spans = (*line.real.ipv4, *line.real.ipv6)
    return (
        not line.static,
        sum(high - low + 1 for low, high in spans),
        min((low for low, _ in spans), default=0),
        held.name,
    )
