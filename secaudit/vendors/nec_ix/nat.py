"""`ip nat` and `ip napt` on interfaces, as rules for packets from outside and from inside (B.5).

The interface on which the lines stand is the outer one. Syntax: NEC command reference (ix-nrv), chapters "NAT" and "NAPT".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_PORT,
    IPV4_MAX,
    Interval,
    Intervals,
    complement,
    normalise,
    of_network,
)
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_SERVICE, ICMP, TCP, UDP, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, is_ipv4, whole_number
from secaudit.vendors.nec_ix.access_lists import Lists
from secaudit.vendors.nec_ix.interface_facts import InterfaceFacts
from secaudit.vendors.nec_ix.vocabulary import spelled

_ANY_NEW_PORT: Interval = (1, 65535)
"""NAPT keeps the port when it is free and takes another one when it is not."""
_PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}
_NOT_ENABLED = Text(
    ja="ip nat enable・ip napt enable のいずれもないため、この行は働きません",
    en="neither `ip nat enable` nor `ip napt enable` is set: this line does nothing",
)
_UNKNOWN_SELECTION = Text(
    ja="変換の対象を決めるアクセスリストを正確に計算できません",
    en="the access list that selects what is translated cannot be computed exactly",
)
_ONLY_WHILE_BOUND = Text(
    ja="動的な割当てがある間だけ、外側アドレス宛ての通信が内側の端末に届きます",
    en="only while a dynamic binding exists do packets to an outer address reach the inside",
)
_NAMED_PORT = Text(
    ja="サービス名だけが指定されており、ポート番号は設定からは分かりません",
    en="only the name of a service is given; its port is not in the file",
)
NO_ENTRY = Text(
    ja="NAPT に登録のない通信を外側から受けたときの動作を確認できません",
    en="what becomes of packets from outside for which NAPT has no entry is not confirmed",
)
_HAIRPIN = Text(
    ja="ヘアピンNATにより、内側から外側アドレス宛ての通信が内側へ折り返されることがあります",
    en="hairpin NAT may turn packets from inside to an outer address back inside",
)


@dataclass(slots=True)
class Entry:
    """A fixed entry: what comes to the outer address for `service` goes to `host` (None: the device itself)."""

    host: int | None
    service: Service
    sources: Sources
    outer: Interval | None = None
    uncertain: Text | None = None


@dataclass(slots=True)
class InterfaceNat:
    """NAT of one outer interface. `rules` by stage are in the order in which they are tried; `entries` are the fixed ones."""

    name: str
    napt: Sources = ()
    nat: Sources = ()
    address: Interval | None = None
    inside: tuple[Match, ...] = (ANY_IPV4_PACKET,)
    inside_doubt: Text | None = None
    inside_sources: Sources = ()
    entries: list[Entry] = field(default_factory=list)
    pairs: list[tuple[Interval, Interval, Sources]] = field(default_factory=list)
    pools: list[tuple[tuple[Match, ...], Interval, Text | None, Sources]] = field(default_factory=list)
    hairpin: Sources = ()
    independent: Sources = ()
    """The lines that let any outside host answer a binding (`eim-mode`)."""
    ingress: list[NatRule] = field(default_factory=list)
    egress: list[NatRule] = field(default_factory=list)
    arriving: Intervals = ()
    """The outer address; when the file does not tell it, every address that is not elsewhere."""
    untranslated: list[NatRule] = field(default_factory=list)
    """Rules that change nothing: what entries let to the device itself, and what no entry is for, which NAPT may discard."""
    replies: NatRule | None = None
    """What becomes of replies to masqueraded packets. It is no rule of the device: what opens a connection is not translated by it."""

    @property
    def active(self) -> bool:
        """Whether anything is translated."""
        return bool(self.napt or self.nat)


@dataclass(slots=True)
class NatReader:
    """Reads the lines of every interface; to be used when all interfaces and lists are known."""

    interfaces: Mapping[str, InterfaceFacts]
    lists: Lists
    ledger: Ledger
    found: dict[str, InterfaceNat] = field(default_factory=dict)
    _pools: dict[str, tuple[Interval, SourceLine]] = field(default_factory=dict)

    def read(self, pools: Sequence[Node]) -> tuple[NatRule, ...]:
        """All rules; `found` has them by interface."""
        for node in pools:
            self._pool(node)
        for facts in self.interfaces.values():
            if facts.nat:
                self._interface(facts)
        elsewhere = _unconnected(self.interfaces)
        rules: list[NatRule] = []
        for nat in self.found.values():
            if nat.active:
                self._build(nat, elsewhere)
                rules += (*nat.ingress, *nat.untranslated, *nat.egress)
        for nat in self.found.values():
            if nat.active and nat.hairpin:
                rules += self._turned_back(nat, elsewhere)
        return tuple(rules)

    def _pool(self, node: Node) -> None:
        """`ip nat pool NAME FIRST LAST`."""
        words = Words(node.words, node.keys, 3)
        try:
            name, first, last = words.take(), words.address(), words.address()
            words.finish()
            if last < first:
                raise NotUnderstoodError("the range is upside down")
        except NotUnderstoodError:
            self.ledger.leave(node)
            return
        self._pools[name] = ((first, last), node.line)
        self.ledger.use(node)

    def _interface(self, facts: InterfaceFacts) -> None:
        nat = self.found[facts.name] = InterfaceNat(facts.name)
        for node in facts.nat:
            reader = _READERS.get(node.keys[1:3])
            try:
                if reader is None:
                    raise NotUnderstoodError("not a line of NAT that is known")
                reader(self, nat, Words(node.words, node.keys, 3), node)
            except NotUnderstoodError:
                self.ledger.used.discard(node.line.number)
                # Hairpinning concerns packets that never pass this interface.
                known = node.keys[2:3] in _BOUNDED
                hairpin = not known or any("hairpinning" in one.keys for one in facts.nat)
                self.ledger.leave(node, DEVICE if hairpin else on_interfaces(facts.name))
        if not nat.active:
            for node in facts.nat:
                self.ledger.notice(NoticeKind.INACTIVE, _NOT_ENABLED, (node.line,))
        nat.address = nat.address or _address_of(facts)

    # --- lines

    def enable_napt(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip napt enable`."""
        words.finish()
        nat.napt = (node.line,)

    def enable_nat(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip nat enable`."""
        words.finish()
        nat.nat = (node.line,)

    def outer_address(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip napt address A`."""
        address = words.address()
        words.finish()
        nat.address = (address, address)

    def inside_list(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip napt inside list LIST`."""
        if not words.skip("list"):
            raise NotUnderstoodError("list is missing")
        name = words.take()
        words.finish()
        nat.inside, nat.inside_doubt, sources = self._selection(name)
        nat.inside_sources = (node.line, *sources)

    def _selection(self, name: str) -> tuple[tuple[Match, ...], Text | None, Sources]:
        held = self.lists.get(4, name)
        if held is None:
            return (ANY_IPV4_PACKET,), _UNKNOWN_SELECTION, ()
        selected = held.permitted()
        return selected.matches, None if selected.exact else _UNKNOWN_SELECTION, held.evidence

    def static_port(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip napt static A|IF tcp|udp|icmp|N [PORT|any]`."""
        host = self._host(words.take(), nat)
        service = _service(words)
        words.finish()
        nat.entries.append(Entry(host, service, (node.line,)))

    def service(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip napt service NAME A [OUTER|none] [tcp|udp|icmp PORT|any]`; without a port the name stands for one that is not in the file."""
        words.take()
        host = self._host(words.take(), nat)
        outer: Interval | None = None
        if words and not words.skip("none"):
            address = words.address()
            outer = (address, address)
        if words:
            service, uncertain = _service(words), None
        else:
            service, uncertain = ANY_SERVICE, _NAMED_PORT
        words.finish()
        nat.entries.append(Entry(host, service, (node.line,), outer, uncertain))

    def _host(self, word: str, nat: InterfaceNat) -> int | None:
        """An inside host; None for the device itself, which is named by its interface or by an address of its own."""
        if not is_ipv4(word):
            if spelled(word) not in self.interfaces:
                raise NotUnderstoodError(f"{word!r} is neither an address nor an interface")
            return None
        number = int(ipaddress.IPv4Address(word))
        own = (int(held.address.ip) for facts in self.interfaces.values() for held in facts.addresses)
        return None if number in own else number

    def hairpinning(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip napt hairpinning`."""
        words.finish()
        nat.hairpin = (node.line,)

    def endpoint_independent(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip napt eim-mode ...`: a binding takes packets from any outside host (RFC 4787)."""
        words.rest()
        nat.independent = (node.line,)

    def static_pair(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip nat static INSIDE OUTSIDE`: two addresses, or two prefixes of one length."""
        inside, outside = _span(words.take()), _span(words.take())
        words.finish()
        if inside[1] - inside[0] != outside[1] - outside[0]:
            raise NotUnderstoodError("the two prefixes differ in length")
        nat.pairs.append((inside, outside, (node.line,)))

    def dynamic_pool(self, nat: InterfaceNat, words: Words, node: Node) -> None:
        """`ip nat dynamic list LIST pool POOL`."""
        if not words.skip("list"):
            raise NotUnderstoodError("list is missing")
        name = words.take()
        if not words.skip("pool"):
            raise NotUnderstoodError("pool is missing")
        pool = self._pools.get(words.take())
        words.finish()
        if pool is None:
            raise NotUnderstoodError("the pool is not defined")
        matches, doubt, sources = self._selection(name)
        nat.pools.append((matches, pool[0], doubt, (node.line, pool[1], *sources)))

    # --- rules

    def _build(self, nat: InterfaceNat, elsewhere: Intervals) -> None:
        outside = ANY_IPV4 if nat.address is None else (nat.address,)
        arriving = nat.arriving = elsewhere if nat.address is None else outside
        for inside, outer, sources in nat.pairs if nat.nat else ():
            self._pair(nat, inside, outer, (*sources, *nat.nat))
        for entry in nat.entries if nat.napt else ():
            self._entry(nat, entry, arriving)
        for matches, pool, doubt, sources in nat.pools if nat.nat else ():
            self._from_pool(nat, matches, pool, doubt, (*sources, *nat.nat))
        if nat.napt:
            self._masquerade(nat, arriving)

    def _pair(self, nat: InterfaceNat, inside: Interval, outer: Interval, sources: Sources) -> None:
        label = f"static {sources[0].text.strip()}"
        self._incoming(nat, label, Match(4, ANY_IPV4, (outer,)), Translation(TranslationKind.SHIFT, inside), sources)
        self._outgoing(nat, label, (Match(4, (inside,), ANY_IPV4),), Translation(TranslationKind.SHIFT, outer), sources)

    def _entry(self, nat: InterfaceNat, entry: Entry, arriving: Intervals) -> None:
        sources = (*entry.sources, *nat.napt)
        destinations = arriving if entry.outer is None else (entry.outer,)
        incoming = Match(4, ANY_IPV4, destinations, (entry.service,))
        label = entry.sources[0].text.strip()
        if entry.host is None:
            if entry.uncertain is None:
                self._unchanged(nat, label, Match(4, ANY_IPV4, ANY_IPV4, (entry.service,)), sources)
            return
        host = (entry.host, entry.host)
        self._incoming(nat, label, incoming, Translation(TranslationKind.POOL, host), sources, entry.uncertain)
        reply = Service(entry.service.protocols, ANY_PORT, entry.service.destination_ports)
        outer = entry.outer or nat.address
        if entry.uncertain is None:
            matched = (Match(4, (host,), ANY_IPV4, (reply,)),)
            self._outgoing(nat, label, matched, _to(outer, None), sources)

    def _from_pool(
        self, nat: InterfaceNat, matches: tuple[Match, ...], pool: Interval, doubt: Text | None, sources: Sources
    ) -> None:
        label = sources[0].text.strip()
        self._outgoing(nat, label, matches, Translation(TranslationKind.POOL, pool), sources, doubt)
        hull = _hull(matches)
        if hull is not None:
            back = Translation(TranslationKind.POOL, hull)
            self._incoming(nat, label, Match(4, ANY_IPV4, (pool,)), back, sources, _ONLY_WHILE_BOUND)

    def _masquerade(self, nat: InterfaceNat, arriving: Intervals) -> None:
        sources = (*nat.napt, *nat.inside_sources)
        label = nat.napt[0].text.strip()
        self._outgoing(nat, label, nat.inside, _to(nat.address, _ANY_NEW_PORT), sources, nat.inside_doubt)
        hull = _hull(nat.inside)
        if hull is not None:
            back = Translation(TranslationKind.POOL, hull, _ANY_NEW_PORT)
            nat.replies = NatRule(label, NatStage.INGRESS, (Match(4, ANY_IPV4, arriving),), sources, destination=back)
        if nat.independent and hull is not None:
            back = Translation(TranslationKind.POOL, hull, _ANY_NEW_PORT)
            matched = Match(4, ANY_IPV4, arriving)
            self._incoming(nat, label, matched, back, (*nat.independent, *sources), _ONLY_WHILE_BOUND)
        # NAT forwards what nothing matches as it is (function manual 2.10); of NAPT that is not said.
        self._unchanged(nat, label, ANY_IPV4_PACKET, nat.napt, NO_ENTRY)

    def _incoming(
        self,
        nat: InterfaceNat,
        label: str,
        match: Match,
        translation: Translation,
        sources: Sources,
        uncertain: Text | None = None,
    ) -> None:
        nat.ingress.append(
            NatRule(
                label, NatStage.INGRESS, (match,), sources, frozenset((nat.name,)),
                destination=translation, uncertain=uncertain,
            )
        )  # fmt: skip

    def _unchanged(
        self, nat: InterfaceNat, label: str, match: Match, sources: Sources, uncertain: Text | None = None
    ) -> None:
        nat.untranslated.append(
            NatRule(label, NatStage.INGRESS, (match,), sources, frozenset((nat.name,)), uncertain=uncertain)
        )

    def _outgoing(
        self,
        nat: InterfaceNat,
        label: str,
        matches: tuple[Match, ...],
        translation: Translation,
        sources: Sources,
        uncertain: Text | None = None,
    ) -> None:
        if matches:
            nat.egress.append(
                NatRule(
                    label, NatStage.EGRESS, matches, sources, frozenset((nat.name,)),
                    source=translation, uncertain=uncertain,
                )
            )  # fmt: skip

    def _turned_back(self, nat: InterfaceNat, elsewhere: Intervals) -> list[NatRule]:
        """Hairpinning: what inside hosts send to the outer address may reach any inside host, with their own address or the outer one."""
        others = frozenset(name for name in self.interfaces if name != nat.name)
        connected = complement(elsewhere, IPV4_MAX)
        if not connected or not others:
            return []
        hull = (connected[0][0], connected[-1][1])
        sources = (*nat.hairpin, *nat.napt)
        arriving = elsewhere if nat.address is None else (nat.address,)
        inside = Translation(TranslationKind.POOL, hull, _ANY_NEW_PORT)
        rules = []
        for source in (None, _to(nat.address or (0, IPV4_MAX), _ANY_NEW_PORT)):
            rules.append(
                NatRule(
                    nat.hairpin[0].text.strip(), NatStage.INGRESS, (Match(4, ANY_IPV4, arriving),), sources, others,
                    destination=inside, source=source, uncertain=_HAIRPIN,
                )
            )  # fmt: skip
        return rules


_BOUNDED = frozenset((("static",), ("service",), ("inside",), ("address",), ("dynamic",), ("eim-mode",), ("enable",)))
"""Third words of lines that concern packets through their own interface only, whatever else they say."""
_Reader = Callable[[NatReader, InterfaceNat, Words, Node], None]
_READERS: Mapping[tuple[str, ...], _Reader] = {
    ("napt", "enable"): NatReader.enable_napt,
    ("napt", "address"): NatReader.outer_address,
    ("napt", "inside"): NatReader.inside_list,
    ("napt", "static"): NatReader.static_port,
    ("napt", "service"): NatReader.service,
    ("napt", "hairpinning"): NatReader.hairpinning,
    ("napt", "eim-mode"): NatReader.endpoint_independent,
    ("nat", "enable"): NatReader.enable_nat,
    ("nat", "static"): NatReader.static_pair,
    ("nat", "dynamic"): NatReader.dynamic_pool,
}


def _service(words: Words) -> Service:
    """`tcp|udp PORT|any`, `icmp [any]` or a protocol number."""
    word = words.take().lower()
    number = _PROTOCOLS.get(word)
    if number is None:
        number = whole_number(word, 1, 255)
    protocols = ((number, number),)
    if words.skip("any") or (not words and number not in (TCP, UDP)):
        return Service(protocols)
    if number not in (TCP, UDP):
        raise NotUnderstoodError("only TCP and UDP have ports")
    port = words.number(0, 65535)
    return Service(protocols, ((port, port),))


def _span(word: str) -> Interval:
    try:
        return of_network(ipaddress.IPv4Network(word))
    except ValueError as error:
        raise NotUnderstoodError(f"{word!r} is neither an address nor a prefix") from error


def _to(address: Interval | None, ports: Interval | None) -> Translation:
    if address is None:
        return Translation(TranslationKind.INTERFACE, None, ports)
    return Translation(TranslationKind.POOL, address, ports)


def _hull(matches: tuple[Match, ...]) -> Interval | None:
    """The smallest interval around the sources of some packets."""
    held = [span for match in matches for span in match.sources]
    return (min(low for low, _ in held), max(high for _, high in held)) if held else None


def _address_of(facts: InterfaceFacts) -> Interval | None:
    if not facts.dynamic_address:
        for held in facts.addresses:
            if held.address.version == 4 and not held.shared:
                number = int(held.address.ip)
                return (number, number)
    return None


def _unconnected(interfaces: Mapping[str, InterfaceFacts]) -> Intervals:
    """The addresses outside every connected network: an outer address that the file does not tell is one of them."""
    connected = [
        of_network(held.address.network)
        for facts in interfaces.values()
        for held in facts.addresses
        if held.address.version == 4
    ]
    return complement(normalise(connected), IPV4_MAX)
