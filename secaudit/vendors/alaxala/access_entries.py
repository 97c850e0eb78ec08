"""One entry of an access list: its addresses, ports and options (AX-10, AX-12, AX-17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from secaudit.network.filters import Certainty
from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    Intervals,
    complement,
    normalise,
    of_network,
    of_wildcard,
)
from secaudit.network.matches import (
    ACK,
    ANY_IPV4_PACKET,
    ANY_IPV6_PACKET,
    ANY_SERVICE,
    FIN,
    ICMP,
    ICMPV6,
    PSH,
    RST,
    SYN,
    TCP,
    UDP,
    URG,
    Family,
    Match,
    Service,
    values_with_bits,
)
from secaudit.text.bilingual import Text
from secaudit.vendors.alaxala.vocabulary import names
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import Words, ipv6, ipv6_network, whole_number

_INTERVALS_PER_WILDCARD = 256
_SCATTERED_INTERVALS_PER_DEVICE = 200_000
_FLAGS = {"ack": ACK, "fin": FIN, "psh": PSH, "rst": RST, "syn": SYN, "urg": URG}
_ESTABLISHED: Intervals = complement(normalise(values_with_bits(0, ACK | RST)), 255)
_FIELDS = frozenset(
    ("dscp", "tos", "precedence", "vlan", "user-priority", "traffic-class", "ctag-vlan", "ctag-user-priority")
)
_IP_ETHERTYPES: dict[str, Family] = {"0x0800": 4, "0800": 4, "ipv4": 4, "ip": 4, "0x86dd": 6, "86dd": 6, "ipv6": 6}
_OTHER_ETHERTYPES = frozenset(("appletalk", "arp", "axp", "eapol", "gsrp", "ipx", "xns", "lldp", "oadp"))
_NO_IP_DESTINATIONS = frozenset(("bpdu", "cdp", "lacp", "lldp", "oadp", "pvst-plus-bpdu", "slow-protocol"))
_MAC_ADDRESSES = Text(
    ja="MAC アドレスの条件はモデル化していないため、この行が一致するか判断できません",
    en="conditions on MAC addresses are not modelled, so whether the entry matches cannot be told",
)
_SEVERAL_FLAGS = Text(
    ja="複数の TCP フラグの条件で、すべてか一つでもかを確認できません",
    en="several TCP flags are named: whether all or any must be set is not confirmed",
)
_OWN = Text(
    ja="装置自身のアドレスを指す条件はモデル化していません",
    en="a condition on the device's own addresses is not modelled",
)
_FRAGMENTS = Text(
    ja="フラグメントだけを指す条件のため、この行が効くかは断片化しだいです",
    en="a condition on fragments: whether it applies depends on fragmentation",
)
_SCATTERED = Text(
    ja="ワイルドカードマスクが複雑すぎて、対象アドレスを計算できません",
    en="the wildcard mask is too complex to compute its addresses",
)


@dataclass(slots=True)
class Entry:
    """What one entry says; `matches` is the most that it could be unless `certainty` is ALWAYS.

    `policy` is the list of next hops to which a permit sends its packets (policy-based routing, AX-17).
    """

    matches: tuple[Match, ...] = ()
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None
    logged: bool = False
    policy: str | None = None

    def uncertain(self, doubt: Text) -> None:
        """It cannot be told whether a packet matches; the first reason is kept."""
        self.certainty = Certainty.UNCERTAIN
        if self.doubt is None:
            self.doubt = doubt


@dataclass(slots=True)
class EntryReader:
    """Reads entries of one device. Raises `NotUnderstoodError` for an entry that it cannot read."""

    scattered: int = 0

    def standard(self, words: Words) -> Entry:
        """`any`, `host A`, `A [WILDCARD]`."""
        entry = Entry()
        if words.peek() not in ("any", "host"):
            address = words.address()
            wildcard = words.address() if words and words.peek()[0].isdigit() else 0
            sources = self._wildcard(address, wildcard, entry)
        else:
            sources = self._endpoint(words, 4, entry)
        words.finish()
        entry.matches = (Match(4, sources, ANY_IPV4),)
        return entry

    def extended(self, words: Words, family: Family) -> Entry:
        """`PROTOCOL SOURCE [PORTS] DESTINATION [PORTS] [OPTIONS]` of an IPv4 or IPv6 list."""
        entry = Entry()
        protocol = _protocol(words.take().lower(), family)
        sources = self._endpoint(words, family, entry)
        source_ports = _ports(words, protocol)
        destinations = self._endpoint(words, family, entry)
        destination_ports = _ports(words, protocol)
        flags, icmp = ANY_BYTE, None
        if words:
            flags, icmp = _options(words, protocol, entry)
        service = icmp if icmp is not None else _service(protocol, destination_ports, source_ports, flags)
        entry.matches = (Match(family, sources, destinations, (service,)),)
        return entry

    def mac(self, words: Words) -> Entry:
        """`SOURCE DESTINATION [ETHERTYPE] [OPTIONS]`: `matches` are the IP packets in the frames that it could match (none for ARP)."""
        entry = Entry()
        certain = _mac_pair(words)
        entry.matches = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
        if not certain.ip:
            entry.matches = ()
        if words and words.peek() not in (*_FIELDS, "action"):
            entry.matches = _of_ethertype(words.take().lower(), entry.matches)
        if not certain.every:
            entry.uncertain(_MAC_ADDRESSES)
        _options(words, None, entry)
        return entry

    def advance(self, words: Words) -> Entry:
        """`mac ...`, `mac-ip MACS ...` and `mac-ipv6 MACS ...` (AX6000S command reference vol. 2, "deny (advance access-list)")."""
        kind = words.take().lower()
        if kind == "mac":
            return self.mac(words)
        if kind not in ("mac-ip", "mac-ipv6"):
            raise NotUnderstoodError(kind)
        certain = _mac_pair(words)
        entry = self.extended(words, 4 if kind == "mac-ip" else 6)
        if not certain.ip:
            entry.matches = ()
        if not certain.every:
            entry.uncertain(_MAC_ADDRESSES)
        return entry

    def _endpoint(self, words: Words, family: Family, entry: Entry) -> Intervals:
        key = words.peek()
        everything = ANY_IPV4 if family == 4 else ANY_IPV6
        if key == "any":
            words.take()
            return everything
        if key in ("own", "own-address"):
            words.take()
            if key == "own-address" and words and words.peek()[0].isdigit():
                words.take()
            entry.uncertain(_OWN)
            return everything
        if key == "range-address":
            words.take()
            low, high = (words.address(), words.address()) if family == 4 else (_six(words), _six(words))
            if low > high:
                raise NotUnderstoodError("a range that ends before it begins")
            return ((low, high),)
        if key == "host":
            words.take()
            if words.skip("own-address"):
                entry.uncertain(_OWN)
                return everything
            address = words.address() if family == 4 else _six(words)
            return ((address, address),)
        if family == 6:
            return (of_network(ipv6_network(words.take())),)
        address = words.address()
        return self._wildcard(address, words.address(), entry)

    def _wildcard(self, address: int, wildcard: int, entry: Entry) -> Intervals:
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
        entry.uncertain(_SCATTERED)
        return ANY_IPV4


@dataclass(frozen=True, slots=True)
class _MacPair:
    """`every`: both addresses are `any`; `ip`: frames with IP packets can be among those that match."""

    every: bool
    ip: bool


def _mac_pair(words: Words) -> _MacPair:
    every, ip = True, True
    for _ in range(2):
        key = words.take().lower()
        if key == "any":
            continue
        every = False
        if key in _NO_IP_DESTINATIONS:
            ip = False
        elif key == "host":
            words.take()
        elif "." in key or ":" in key:
            words.take()  # the mask
        else:
            raise NotUnderstoodError(f"{key!r} is not a MAC address")
    return _MacPair(every, ip)


def _of_ethertype(word: str, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    family = _IP_ETHERTYPES.get(word)
    if family is not None:
        return tuple(match for match in matches if match.family == family)
    if word in _OTHER_ETHERTYPES or (word.removeprefix("0x").isalnum() and _is_hexadecimal(word)):
        return ()
    raise NotUnderstoodError(f"{word!r} is not an Ethernet type")


def _is_hexadecimal(word: str) -> bool:
    digits = word.removeprefix("0x")
    return len(digits) == 4 and all(digit in "0123456789abcdef" for digit in digits)


def _six(words: Words) -> int:
    return int(ipv6(words.take()))


@lru_cache(maxsize=512)
def _protocol(word: str, family: Family) -> int | None:
    """A protocol number, None for every protocol of the family."""
    if word == ("ip" if family == 4 else "ipv6"):
        return None
    if family == 6 and word in ("icmp", "icmpv6"):
        return ICMPV6
    number = names().protocols.get(word)
    return whole_number(word, 0, 255) if number is None else number


def _ports(words: Words, protocol: int | None) -> Intervals:
    """`eq P` and `range P Q` (AX3640S configuration guide vol. 2, 1.1.5: there are no other operators)."""
    if protocol not in (TCP, UDP) or words.peek() not in ("eq", "range"):
        return ANY_PORT
    known = names().tcp_ports if protocol == TCP else names().udp_ports
    single = words.take().lower() == "eq"
    low = _port(words.take().lower(), known)
    high = low if single else _port(words.take().lower(), known)
    if low > high:
        raise NotUnderstoodError("a range that ends before it begins")
    return ((low, high),)


def _port(word: str, known: Mapping[str, int]) -> int:
    number = known.get(word)
    return whole_number(word, 0, 65535) if number is None else number


@lru_cache(maxsize=16384)
def _service(protocol: int | None, destinations: Intervals, sources: Intervals, flags: Intervals) -> Service:
    if protocol is None:
        return ANY_SERVICE
    return Service(((protocol, protocol),), destinations, sources, tcp_flags=flags)


def _options(words: Words, protocol: int | None, entry: Entry) -> tuple[Intervals, Service | None]:
    """Reads options up to the end; TCP flags and the ICMP service that they ask for."""
    flags: list[Intervals] = []
    icmp: Service | None = None
    while words:
        key = words.peek()
        if key in _FIELDS:
            words.take()
            words.take()
            entry.uncertain(_field(key))
        elif key == "ctag-untagged":
            words.take()
            entry.uncertain(_field(key))
        elif key == "action":
            words.take()
            _action(words, entry)
        elif key in ("fragments", "+fragments", "-fragments"):
            words.take()
            entry.uncertain(_FRAGMENTS)
        elif key == "established" and protocol == TCP:
            words.take()
            flags.append(_ESTABLISHED)
        elif key.lstrip("+-") in _FLAGS and protocol == TCP:
            words.take()
            bit = _FLAGS[key.lstrip("+-")]
            flags.append(values_with_bits(0 if key[0] == "-" else bit, bit))
        elif protocol in (ICMP, ICMPV6) and protocol is not None and icmp is None:
            icmp = _icmp(words, protocol)
        else:
            raise NotUnderstoodError(f"option {key!r}")
    if len(flags) > 1:
        entry.uncertain(_SEVERAL_FLAGS)
    return normalise(pair for values in flags for pair in values) if flags else ANY_BYTE, icmp


def _action(words: Words, entry: Entry) -> None:
    """`action policy-list N` (policy-based routing) and `action log`; both may follow one another."""
    if not words:
        raise NotUnderstoodError("action without a word")
    while words and words.peek() not in _FIELDS:
        key = words.take().lower()
        if key in ("policy-list", "policy"):
            entry.policy = words.take()
        elif key == "log":
            entry.logged = True
        else:
            raise NotUnderstoodError(f"action {key!r}")


def _icmp(words: Words, protocol: int) -> Service:
    """A message by name, or by type and code."""
    word = words.take().lower()
    known = (names().icmp if protocol == ICMP else names().icmpv6).get(word)
    if known is None:
        kind = whole_number(word, 0, 255)
        known = (kind, words.number(0, 255)) if words.peek().isdigit() else (kind,)
    codes: Intervals = ((known[1], known[1]),) if len(known) > 1 else ANY_BYTE
    return Service(((protocol, protocol),), icmp_types=((known[0], known[0]),), icmp_codes=codes)


@lru_cache(maxsize=64)
def _field(key: str) -> Text:
    return Text(ja=f"{key} の条件はモデル化していません", en=f"the condition {key} is not modelled")
