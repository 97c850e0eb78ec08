"""One entry of an access list: its addresses, ports and options (IO-01)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from secaudit.network.filters import Certainty
from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    Intervals,
    complement,
    intersect,
    normalise,
    of_network,
    of_wildcard,
)
from secaudit.network.matches import (
    ACK,
    ANY_SERVICE,
    FIN,
    ICMP,
    ICMPV6,
    PROTOCOLS_WITH_PORTS,
    PSH,
    RST,
    SYN,
    TCP,
    URG,
    Family,
    Match,
    Service,
    values_with_bits,
)
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco.object_groups import (
    PORT_OPERATORS,
    ObjectGroups,
    icmp_service,
    port_set,
    protocol_number,
    protocol_service,
)
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import ipv6, ipv6_network

_INTERVALS_PER_WILDCARD = 256
_SCATTERED_INTERVALS_PER_DEVICE = 200_000

_FLAGS = {"ack": ACK, "fin": FIN, "psh": PSH, "rst": RST, "syn": SYN, "urg": URG}
ESTABLISHED: Intervals = complement(normalise(values_with_bits(0, ACK | RST)), 255)
"""ACK or RST is set: what IOS calls `established` (IO-01)."""

FIELD_OPTIONS = frozenset(
    ("dscp", "tos", "precedence", "ttl", "option", "flow-label", "routing", "routing-type", "auth", "dest-option",
     "dest-option-type", "mobility", "mobility-type", "undetermined-transport", "hbh", "payload", "fqdn", "gtp")
)  # fmt: skip


@dataclass(slots=True)
class Entry:
    """What one entry says; `matches` is the most that it could be unless `certainty` is ALWAYS."""

    matches: tuple[Match, ...] = ()
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None
    logged: bool = False
    reflect: str | None = None
    sequence: int | None = None

    def uncertain(self, doubt: Text) -> None:
        """It cannot be told whether a packet matches; the first reason is kept."""
        self.certainty = Certainty.UNCERTAIN
        if self.doubt is None:
            self.doubt = doubt


@dataclass(slots=True)
class EntryReader:
    """Reads entries of one device. Raises `NotUnderstoodError` for an entry that it cannot read."""

    groups: ObjectGroups
    scattered: int = 0
    field_options: ClassVar[frozenset[str]] = FIELD_OPTIONS
    """Options that ask for something that is not modelled; NX-OS, whose reader builds on this one, has others."""
    log_tags: ClassVar[bool] = True
    """Whether one word of the administrator may follow `log`."""

    def standard(self, words: Words) -> Entry:
        """`any`, `host A`, `A [WILDCARD]`, then `log`."""
        entry = Entry()
        if words.skip("any"):
            sources = ANY_IPV4
        elif words.skip("host"):
            address = words.address()
            sources = ((address, address),)
        else:
            address = words.address()
            wildcard = words.address() if words and words.peek()[0].isdigit() else 0
            sources = self.wildcard(address, wildcard, entry)
        if words.skip("log"):
            entry.logged = True
            if words:
                words.take()
        words.finish()
        entry.matches = (Match(4, sources, ANY_IPV4),)
        return entry

    def extended(self, words: Words, family: Family) -> Entry:
        """`PROTOCOL SOURCE [PORTS] DESTINATION [PORTS] [OPTIONS]` of an IPv4 or IPv6 list."""
        entry = Entry()
        protocol: int | None = None
        group: tuple[Service, ...] | None = None
        if words.skip("object-group"):
            name = words.take()
            resolved = self.groups.service(name)
            group = resolved.services
            if not resolved.exact:
                entry.uncertain(inexact_group(name))
            if family == 6 and any(service.protocols == ((ICMP, ICMP),) for service in resolved.services):
                group = (ANY_SERVICE,)
                entry.uncertain(_GROUP_OF_ICMP)
        else:
            word = words.take()
            protocol = protocol_number(word)
            if family == 6 and word.lower() == "icmp":
                protocol = ICMPV6
            elif protocol == 0:
                protocol = None
                entry.uncertain(_PROTOCOL_ZERO)
        sources = self.endpoint(words, family, entry)
        source_ports = self.ports(words, protocol, entry)
        destinations = self.endpoint(words, family, entry)
        destination_ports = self.ports(words, protocol, entry)
        flags, icmp = self._options(words, protocol, entry) if words else _NO_OPTIONS
        if not (sources and destinations and source_ports and destination_ports):
            return entry
        if group is not None:
            services = group
        elif icmp is not None:
            services = (icmp,)
        else:
            services = _services(protocol, destination_ports, source_ports, flags)
        entry.matches = (Match(family, sources, destinations, services),)
        return entry

    def ports(self, words: Words, protocol: int | None, entry: Entry) -> Intervals:
        """Ports behind an address, where the protocol has them."""
        if protocol in PROTOCOLS_WITH_PORTS and protocol is not None and words.peek() in PORT_OPERATORS:
            return port_set(words, protocol)
        return ANY_PORT

    def endpoint(self, words: Words, family: Family, entry: Entry) -> Intervals:
        """The addresses of one side."""
        key = words.peek()
        if key == "any":
            words.take()
            return ANY_IPV4 if family == 4 else ANY_IPV6
        if family == 6:
            if words.skip("host"):
                number = int(ipv6(words.take()))
                return ((number, number),)
            return (of_network(ipv6_network(words.take())),)
        if key == "host":
            words.take()
            address = words.address()
            return ((address, address),)
        if key == "object-group":
            words.take()
            name = words.take()
            resolved = self.groups.network(name)
            if not resolved.exact:
                entry.uncertain(inexact_group(name))
            return resolved.addresses
        address = words.address()
        return self.wildcard(address, words.address(), entry)

    def wildcard(self, address: int, wildcard: int, entry: Entry) -> Intervals:
        """The addresses of a wildcard mask; every one, uncertain, where it is too scattered."""
        if not wildcard & (wildcard + 1):
            base = address & ~wildcard
            return ((base, base | wildcard),)
        try:
            intervals = of_wildcard(address, wildcard, limit=_INTERVALS_PER_WILDCARD)
        except ValueError:
            intervals = ()
        self.scattered += len(intervals)
        if intervals and self.scattered <= _SCATTERED_INTERVALS_PER_DEVICE:
            return intervals
        entry.uncertain(
            Text(
                ja="ワイルドカードマスクが複雑すぎて、対象アドレスを計算できません",
                en="the wildcard mask is too complex to compute its addresses",
            )
        )
        return ANY_IPV4

    def _options(self, words: Words, protocol: int | None, entry: Entry) -> tuple[Intervals, Service | None]:
        """Reads options up to the end; TCP flags and the ICMP service that they ask for."""
        flags = ANY_BYTE
        icmp: Service | None = None
        while words:
            key = words.peek()
            if key in ("log", "log-input"):
                words.take()
                entry.logged = True
                last = self.log_tags and len(words.items) == words.position + 1
                if last and words.peek() not in ("established", "fragments"):
                    words.take()  # a tag of the administrator for the log
            elif key == "established" and protocol == TCP:
                words.take()
                flags = intersect(flags, ESTABLISHED)
            elif key in ("match-any", "match-all", *_FLAGS) and protocol == TCP:
                flags = intersect(flags, _flag_values(words, entry))
            elif key == "time-range":
                words.take()
                words.take()
                if entry.certainty is Certainty.ALWAYS:
                    entry.certainty = Certainty.SOMETIMES
            elif key == "reflect":
                words.take()
                entry.reflect = words.take()
                if words.skip("timeout"):
                    words.number(1, 2**31)
            elif key == "sequence":
                words.take()
                entry.sequence = words.number(1, 2**32 - 1)
            elif key == "fragments":
                words.take()
                entry.uncertain(_FRAGMENTS)
            elif key in self.field_options:
                entry.logged = entry.logged or "log" in words.keys[words.position :]
                entry.uncertain(_field_option(key))
                words.rest()
            elif protocol in (ICMP, ICMPV6) and protocol is not None and icmp is None:
                icmp = icmp_service(protocol, words)
            else:
                raise NotUnderstoodError(f"option {key!r}")
        return flags, icmp


_NO_OPTIONS: tuple[Intervals, Service | None] = (ANY_BYTE, None)
_PROTOCOL_ZERO = Text(
    ja="プロトコル番号 0 が全プロトコルを指すか、IPv6 のホップバイホップ オプションだけを指すかを確認できません",
    en="whether protocol number 0 means every protocol or hop-by-hop options only is not confirmed",
)
_GROUP_OF_ICMP = Text(
    ja="ICMP を含むサービスのグループが IPv6 のリストで ICMPv6 を指すかを確認できません",
    en="whether a service group with ICMP means ICMPv6 in an IPv6 list is not confirmed",
)
_FRAGMENTS = Text(
    ja="fragments は2番目以降の断片だけに一致するため、この行が効くかは断片化しだいです",
    en="fragments matches non-initial fragments only, so whether it applies depends on fragmentation",
)


def _field_option(key: str) -> Text:
    return Text(ja=f"{key} の条件はモデル化していません", en=f"the condition {key} is not modelled")


def inexact_group(name: str) -> Text:
    """Why an entry is uncertain that names such a group."""
    return Text(
        ja=f"オブジェクトグループ {name} が未定義・循環、または読み取れない要素を含みます",
        en=f"object group {name} is undefined, circular or holds members that were not understood",
    )


@lru_cache(maxsize=16384)
def _services(
    protocol: int | None, destinations: Intervals, sources: Intervals, flags: Intervals
) -> tuple[Service, ...]:
    if protocol is None:
        return (ANY_SERVICE,)
    if destinations == ANY_PORT and sources == ANY_PORT and flags == ANY_BYTE:
        return (protocol_service(protocol),)
    if not flags:
        return ()
    return (Service(((protocol, protocol),), destinations, sources, tcp_flags=flags),)


def _flag_values(words: Words, entry: Entry) -> Intervals:
    """`match-any +syn -ack`, `match-all +syn -ack`, or the old form `syn ack` (any of them set)."""
    mode = words.peek()
    if mode not in ("match-any", "match-all"):
        listed: list[Intervals] = []
        while words.peek() in _FLAGS:
            bit = _FLAGS[words.take().lower()]
            listed.append(values_with_bits(bit, bit))
        if len(listed) > 1:
            entry.uncertain(
                Text(
                    ja="複数の TCP フラグを並べた旧書式で、すべてか一つでもかを確認できません",
                    en="several TCP flags in the old form: whether all or any must be set is not confirmed",
                )
            )
        return normalise(pair for values in listed for pair in values)
    words.take()
    result: Intervals | None = None
    while words.peek()[:1] in ("+", "-") and words.peek()[1:] in _FLAGS:
        sign, name = words.peek()[0], words.peek()[1:]
        words.take()
        bit = _FLAGS[name]
        values = values_with_bits(bit if sign == "+" else 0, bit)
        if result is None:
            result = values
        elif mode == "match-all":
            result = intersect(result, values)
        else:
            result = normalise((*result, *values))
    if result is None:
        raise NotUnderstoodError("no TCP flag is named")
    return result
