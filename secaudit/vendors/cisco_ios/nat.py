"""`ip nat inside source` and `ip nat outside source` (IO-04)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.intervals import ANY_IPV4, ANY_PORT, Interval, Intervals, of_network
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_SERVICE, TCP, UDP, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.route_maps import RouteMap
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, Scope, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import ipv4, ipv4_network, prefix_length, whole_number

_PLAIN_OPTIONS = frozenset(
    ("extendable", "no-alias", "no-payload", "forced", "reversible", "add-route", "no-host-route")
)
_ANY_NEW_PORT: Interval = (1, 65535)
"""Overloading keeps the port when it is free and takes another one when it is not."""
_UNKNOWN_SELECTION = Text(
    ja="変換の対象を決めるリストまたはルートマップを正確に計算できません",
    en="the list or route map that selects what is translated cannot be computed exactly",
)
_ONLY_WHILE_TRANSLATED = Text(
    ja="動的 NAT の変換が残っている間だけ、外からプールのアドレスに届きます",
    en="outside hosts reach a pool address only while a dynamic translation exists",
)
_NO_SIDES = Text(
    ja="ip nat inside と ip nat outside の両方が設定されたインターフェースがないため、この変換は働きません",
    en="no pair of interfaces is marked `ip nat inside` and `ip nat outside`: this translation does nothing",
)


_ReadLine = Callable[[Words, Node], None]


@dataclass(frozen=True, slots=True)
class _Static:
    """One-to-one translation between `local` and `global_`, of one port when `protocol` is set."""

    local: Interval
    global_: Interval | None
    """None: the address of `interface`."""
    interface: str | None
    protocol: int | None
    local_port: int
    global_port: int
    uncertain: Text | None
    sources: Sources


@dataclass(slots=True)
class AddressTranslation:
    """Reads `ip nat` lines and builds the rules once all interfaces and lists are known."""

    lists: Mapping[str, AccessList]
    route_maps: Mapping[str, RouteMap]
    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    pools: dict[str, tuple[Interval, SourceLine]] = field(default_factory=dict)
    _port_statics: list[_Static] = field(default_factory=list)
    _statics: list[_Static] = field(default_factory=list)
    _outside_statics: list[_Static] = field(default_factory=list)
    _added_routes: list[Route] = field(default_factory=list)
    _dynamic: list[NatRule] = field(default_factory=list)
    _dynamic_in: list[NatRule] = field(default_factory=list)
    _inside: frozenset[str] = frozenset()
    _outside: frozenset[str] = frozenset()

    def build(self, nodes: Sequence[Node]) -> tuple[NatRule, ...]:
        """The rules in the order in which the device tries them: ports, addresses, then dynamic ones."""
        self._inside = self._side("inside")
        self._outside = self._side("outside")
        for node in nodes:
            if node.keys[2:3] == ("pool",):
                self._attempt(node, self._pool)
        for node in nodes:
            if node.keys[2:3] != ("pool",):
                self._attempt(node, self._rule)
        if not (self._inside and self._outside):
            for node in nodes:
                if node.keys[2:3] != ("pool",):
                    self.ledger.notice(NoticeKind.INACTIVE, _NO_SIDES, (node.line,), undefined=True)
            return ()
        rules = [rule for static in (*self._port_statics, *self._statics) for rule in self._inside_static(static)]
        rules += [rule for static in self._outside_statics for rule in self._outside_static(static)]
        return (*rules, *self._dynamic_in, *self._dynamic)

    def _side(self, side: str) -> frozenset[str]:
        return frozenset(
            facts.name
            for facts in self.interfaces.values()
            if facts.nat_side is not None and facts.nat_side.name == side
        )

    def _attempt(self, node: Node, read: _ReadLine) -> None:
        try:
            read(Words(node.words, node.keys, 2), node)
        except NotUnderstoodError:
            self.ledger.leave(node, self._scope())
        else:
            self.ledger.use(node)

    def _scope(self) -> Scope:
        """Translation touches packets that cross between an inside and an outside interface only."""
        return on_interfaces(*self._outside) if self._outside else DEVICE

    def _pool(self, words: Words, node: Node) -> None:
        """`pool NAME FIRST LAST netmask M`, or the block form with one `address FIRST LAST` line."""
        words.take()
        name = words.take()
        if words.peek() in ("netmask", "prefix-length") and node.children:
            words.take()
            words.take()
            words.finish()
            ranges = [child for child in node.children if child.keys[0] == "address" and len(child.words) == 3]
            if len(ranges) != 1 or len(node.children) != 1:
                raise NotUnderstoodError("a pool of several ranges")
            first, last = ipv4(ranges[0].words[1]), ipv4(ranges[0].words[2])
            self.ledger.use(ranges[0])
        else:
            first, last = words.address(), words.address()
            if words.take().lower() not in ("netmask", "prefix-length"):
                raise NotUnderstoodError("a pool without a mask")
            words.take()
            words.finish()
            if node.children:
                raise NotUnderstoodError("a pool of several ranges")
        if last < first:
            raise NotUnderstoodError("the range is upside down")
        self.pools[name] = ((first, last), node.line)

    def _rule(self, words: Words, node: Node) -> None:
        if node.children:
            raise NotUnderstoodError("nothing stands below a rule")
        side = words.take().lower()
        if side not in ("inside", "outside") or not words.skip("source"):
            raise NotUnderstoodError("only `inside source` and `outside source` are modelled")
        if words.skip("static"):
            self._static(words, node, side)
        elif side == "inside":
            self._dynamic_source(words, node)
        else:
            raise NotUnderstoodError("dynamic translation of outside sources")

    def _static(self, words: Words, node: Node, side: str) -> None:
        protocol: int | None = None
        network = False
        if words.peek() in ("tcp", "udp"):
            protocol = TCP if words.take().lower() == "tcp" else UDP
        elif words.skip("network"):
            network = True
        first = words.address()
        first_port = words.number(1, 65535) if protocol is not None else 0
        interface: str | None = None
        second: int | None = None
        if words.skip("interface"):
            interface = words.interface()
        else:
            second = words.address()
        second_port = words.number(1, 65535) if protocol is not None else 0
        size = _network_size(words.take()) if network else 1
        uncertain = self._static_options(words)
        if first % size or (second is not None and second % size):
            raise NotUnderstoodError("the network has host bits")
        one = (first, first + size - 1)
        two = None if second is None else (second, second + size - 1)
        if side == "inside":
            static = _Static(one, two, interface, protocol, first_port, second_port, uncertain, (node.line,))
            (self._statics if protocol is None else self._port_statics).append(static)
        else:
            if two is None:
                raise NotUnderstoodError("outside source static needs an address")
            # Written global first, then local.
            static = _Static(two, one, None, protocol, second_port, first_port, uncertain, (node.line,))
            self._outside_statics.append(static)
            if "add-route" in node.keys:
                self._added_routes.append(_towards_global(two, one, node.line))

    @property
    def added_routes(self) -> tuple[Route, ...]:
        """The routes of `add-route`: the inside address of an outside host is sent to where that host is."""
        return tuple(self._added_routes)

    def _static_options(self, words: Words) -> Text | None:
        uncertain: Text | None = None
        while words:
            option = words.take().lower()
            if option in _PLAIN_OPTIONS:
                continue
            if option in ("route-map", "redundancy"):
                words.take()
                uncertain = Text(
                    ja=f"変換は {option} の条件しだいです", en=f"whether it is translated depends on {option}"
                )
            else:
                raise NotUnderstoodError(f"option {option}")
        return uncertain

    def _inside_static(self, static: _Static) -> list[NatRule]:
        """Outside hosts reach `local` by `global`; what `local` sends out appears as `global`."""
        label = static.sources[0].text.strip()
        global_, uncertain = static.global_, static.uncertain
        if global_ is None:
            global_, dynamic = self._address_of(static.interface)
            uncertain = dynamic or uncertain
        local_match = _match(static.protocol, sources=static.local, source_port=static.local_port)
        outgoing = NatRule(
            label,
            NatStage.EGRESS,
            (local_match,),
            static.sources,
            self._outside,
            self._inside,
            source=(
                Translation(TranslationKind.INTERFACE, None, _ports(static.protocol, static.global_port))
                if global_ is None
                else _shift(global_, static.protocol, static.global_port)
            ),
            uncertain=uncertain,
        )
        incoming_match = _match(
            static.protocol, destinations=global_ or ANY_IPV4[0], destination_port=static.global_port
        )
        # An unknown global address means that any destination could be it: the rule is uncertain then.
        kind = TranslationKind.POOL if global_ is None else TranslationKind.SHIFT
        incoming = NatRule(
            label,
            NatStage.INGRESS,
            (incoming_match,),
            static.sources,
            self._outside,
            destination=Translation(
                kind, static.local, _ports(static.protocol, static.local_port), static.protocol is not None
            ),
            uncertain=uncertain,
        )
        return [incoming, outgoing]

    def _address_of(self, interface: str | None) -> tuple[Interval | None, Text | None]:
        facts = self.interfaces.get(interface or "")
        if facts is not None and not facts.dynamic_address:
            for entry in facts.addresses:
                if entry.address.version == 4 and not entry.shared:
                    number = int(entry.address.ip)
                    return (number, number), None
        return None, Text(
            ja=f"{interface} のアドレスがファイルにないため、どの宛先が変換されるか分かりません",
            en=f"the address of {interface} is not in the file, so which destination is translated is not known",
        )

    def _outside_static(self, static: _Static) -> list[NatRule]:
        """A host outside with address `global` is known inside as `local`."""
        label = static.sources[0].text.strip()
        if static.global_ is None:
            return []
        incoming = NatRule(
            label,
            NatStage.INGRESS,
            (_match(static.protocol, sources=static.global_, source_port=static.global_port),),
            static.sources,
            self._outside,
            source=_shift(static.local, static.protocol, static.local_port),
            uncertain=static.uncertain,
        )
        outgoing = NatRule(
            label,
            NatStage.EGRESS,
            (_match(static.protocol, destinations=static.local, destination_port=static.local_port),),
            static.sources,
            self._outside,
            self._inside,
            destination=_shift(static.global_, static.protocol, static.global_port),
            uncertain=static.uncertain,
        )
        return [incoming, outgoing]

    def _dynamic_source(self, words: Words, node: Node) -> None:
        """`list ACL|route-map MAP` and `interface IF|pool POOL`, then `overload`."""
        how, name = words.take().lower(), words.take()
        egress = self._outside
        if how == "list":
            matches, uncertain, sources = self._list(name)
        elif how == "route-map":
            matches, uncertain, sources, egress = self._route_map(name)
        else:
            raise NotUnderstoodError(how)
        sources = (node.line, *sources)
        target = words.take().lower()
        if target == "interface":
            results = self._interface_address(words.interface(), egress)
            pool = None
        elif target == "pool":
            pool_name = words.take()
            if pool_name not in self.pools:
                self._undefined_pool(pool_name, node)
                return
            pool, pool_line = self.pools[pool_name]
            results = [(egress, Translation(TranslationKind.POOL, pool), None)]
            sources = (*sources, pool_line)
        else:
            raise NotUnderstoodError(target)
        overload = words.skip("overload")
        words.finish()
        label = node.line.text.strip()
        for leaving, translated, unknown in results:
            if overload or pool is None:
                translated = Translation(translated.kind, translated.addresses, _ANY_NEW_PORT)
            self._dynamic.append(
                NatRule(
                    label,
                    NatStage.EGRESS,
                    matches,
                    sources,
                    leaving,
                    self._inside,
                    source=translated,
                    uncertain=uncertain or unknown,
                )
            )
        if pool is not None and not overload and matches:
            self._dynamic_in.append(_way_back(label, pool, matches, sources, self._outside))

    def _interface_address(
        self, name: str, egress: frozenset[str]
    ) -> list[tuple[frozenset[str], Translation, Text | None]]:
        """`interface X` means the address of X even where packets leave by another interface: by egress, and whether that is known."""
        result: list[tuple[frozenset[str], Translation, Text | None]] = []
        if name in egress:
            result.append((frozenset((name,)), Translation(TranslationKind.INTERFACE), None))
        others = egress - {name}
        if others:
            address, unknown = self._address_of(name)
            result.append((others, Translation(TranslationKind.POOL, address or ANY_IPV4[0]), unknown))
        return result

    def _undefined_pool(self, name: str, node: Node) -> None:
        self.ledger.doubt(
            DoubtKind.UNDEFINED,
            Text(ja=f"NAT プール {name} が定義されていません", en=f"NAT pool {name} is not defined"),
            (node.line,),
            self._scope(),
        )

    def _list(self, name: str) -> tuple[tuple[Match, ...], Text | None, Sources]:
        access_list = self.lists.get(name)
        if access_list is None:
            return (ANY_IPV4_PACKET,), _UNKNOWN_SELECTION, ()
        permitted = access_list.permitted()
        return permitted.matches, None if permitted.exact else _UNKNOWN_SELECTION, access_list.evidence

    def _route_map(self, name: str) -> tuple[tuple[Match, ...], Text | None, Sources, frozenset[str]]:
        """Exact only for a single permit entry with lists and, at most, one egress interface."""
        route_map = self.route_maps.get(name)
        unknown = ((ANY_IPV4_PACKET,), _UNKNOWN_SELECTION, (), self._outside)
        if route_map is None or len(route_map.entries) != 1:
            return unknown
        entry = route_map.entries[0]
        condition = entry.condition(self.lists)
        if not entry.permit or not condition.exact:
            return unknown
        egress = self._outside & entry.egress_interfaces if entry.egress_interfaces else self._outside
        return condition.matches, None, entry.sources, frozenset(egress)


def _network_size(word: str) -> int:
    """`/24` or `255.255.255.0` as a number of addresses."""
    length = whole_number(word[1:], 0, 32) if word.startswith("/") else prefix_length(ipv4(word))
    network = ipv4_network(0, (1 << 32) - (1 << (32 - length)))
    low, high = of_network(network)
    return high - low + 1


def _match(
    protocol: int | None,
    *,
    sources: Interval = ANY_IPV4[0],
    destinations: Interval = ANY_IPV4[0],
    source_port: int = 0,
    destination_port: int = 0,
) -> Match:
    """One match; a port is compared when a protocol is given and the port is not 0."""
    if protocol is None:
        return Match(4, (sources,), (destinations,), (ANY_SERVICE,))
    source_ports: Intervals = ((source_port, source_port),) if source_port else ANY_PORT
    destination_ports: Intervals = ((destination_port, destination_port),) if destination_port else ANY_PORT
    return Match(4, (sources,), (destinations,), (Service(((protocol, protocol),), destination_ports, source_ports),))


def _ports(protocol: int | None, port: int) -> Interval | None:
    return None if protocol is None else (port, port)


def _shift(addresses: Interval, protocol: int | None, port: int) -> Translation:
    return Translation(TranslationKind.SHIFT, addresses, _ports(protocol, port), protocol is not None)


def _way_back(
    label: str, pool: Interval, matches: Sequence[Match], sources: Sources, outside: frozenset[str]
) -> NatRule:
    """Without `overload` a translation is a whole address, so outside hosts reach the inside host while it lasts."""
    low = min(match.sources[0][0] for match in matches)
    high = max(match.sources[-1][1] for match in matches)
    return NatRule(
        label,
        NatStage.INGRESS,
        (Match(4, ANY_IPV4, (pool,)),),
        sources,
        outside,
        destination=Translation(TranslationKind.POOL, (low, high)),
        uncertain=_ONLY_WHILE_TRANSLATED,
    )


def _towards_global(local: Interval, global_: Interval, line: SourceLine) -> Route:
    """`local` and `global_` are blocks of one size; only a single address has a single next hop."""
    prefix = ipaddress.IPv4Network((local[0], 32 - (local[1] - local[0]).bit_length()))
    hop = NextHop((line,), gateway=ipaddress.IPv4Address(global_[0]))
    return Route(prefix, (hop,), (line,))
