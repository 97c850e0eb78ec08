"""One entry of an access list: its action, addresses, ports and options (C.2, C.3).

Source: command references of x310, x510 and IE340, "IPv4 Hardware Access Control List (ACL) Commands" and the software chapter: an
address is `any`, `host A`, `A/LENGTH` or `A WILDCARD`, and ports are compared by `eq`, `lt`, `gt`, `ne` and `range`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from secaudit.network.filters import Action, Certainty
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    IPV4_MAX,
    PORT_MAX,
    Intervals,
    complement,
    of_network,
    of_wildcard,
)
from secaudit.network.matches import (
    ANY_PACKET,
    ANY_SERVICE,
    ICMP,
    ICMPV6,
    PROTOCOLS_WITH_PORTS,
    Family,
    Match,
    Service,
    any_address,
)
from secaudit.text.bilingual import Text
from secaudit.vendors.awplus.vocabulary import names
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import Words, ipv4, ipv6_network, whole_number
from secaudit.vendors.common.words import ipv6 as ipv6_address

_INTERVALS_PER_WILDCARD = 256
_MOST_SCATTERED = 200_000
_ANY_MAC = "ffff.ffff.ffff"


class Kind(Enum):
    """The kinds of lists. Only hardware lists filter what passes through a switch."""

    HARDWARE = "hardware"
    STANDARD = "standard"
    EXTENDED = "extended"


class Verb(Enum):
    """What an entry of a hardware list does (AL-14)."""

    PERMIT = "permit"
    DENY = "deny"
    COPY_TO_CPU = "copy-to-cpu"
    COPY_TO_MIRROR = "copy-to-mirror"
    SEND_TO_CPU = "send-to-cpu"
    SEND_TO_MIRROR = "send-to-mirror"
    SEND_TO_PORT = "send-to-vlan-port"


VERBS = {verb.value: verb for verb in Verb}
ACTIONS = {
    Verb.PERMIT: Action.PERMIT,
    Verb.COPY_TO_CPU: Action.PERMIT,  # a copy: the packet itself is forwarded
    Verb.COPY_TO_MIRROR: Action.PERMIT,
    Verb.DENY: Action.DENY,
    Verb.SEND_TO_CPU: Action.DENY,  # forwarding stops (AL-14, measured)
    Verb.SEND_TO_MIRROR: Action.UNKNOWN,
    Verb.SEND_TO_PORT: Action.UNKNOWN,
}
_REDIRECTED = Text(
    ja="一致した通信を別の VLAN のポートまたはミラーポートへ送ります。送られた先での動作はモデル化していません",
    en="what matches is sent to a port of another VLAN or to the mirror port; what becomes of it there is not modelled",
)
_VLAN_TAG = Text(
    ja="vlan の条件は、入ってくるフレームのタグによります",
    en="the condition `vlan` depends on the tag of the frame that comes in",
)
_MAC_ADDRESSES = Text(
    ja="MAC アドレスの条件は、IP アドレスからは判断できません", en="MAC addresses cannot be told from IP addresses"
)
_SCATTERED = Text(
    ja="ワイルドカードマスクが複雑すぎて、対象アドレスを計算できません",
    en="the wildcard mask is too complex to compute its addresses",
)


@dataclass(slots=True)
class Entry:
    """What one entry says; `matches` is the most that it could be unless `certainty` is ALWAYS. `tail` are words not understood."""

    verb: Verb
    matches: tuple[Match, ...] = ()
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None
    logged: bool = False
    tail: bool = False

    @property
    def action(self) -> Action:
        """What it does with packets that it matches."""
        return ACTIONS[self.verb]

    def uncertain(self, doubt: Text) -> None:
        """It cannot be told whether a packet matches; the first reason is kept."""
        self.certainty = Certainty.UNCERTAIN
        if self.doubt is None:
            self.doubt = doubt


@dataclass(slots=True)
class EntryReader:
    """Reads entries of one device. Raises `NotUnderstoodError` for an entry of which nothing can be told."""

    scattered: int = 0

    def read(self, words: Words, kind: Kind, family: Family) -> Entry:
        """`ACTION ...` of a list of a kind and address family."""
        verb = VERBS.get(words.take().lower())
        if verb is None or (kind is not Kind.HARDWARE and verb not in (Verb.PERMIT, Verb.DENY)):
            raise NotUnderstoodError("no action")
        entry = Entry(verb)
        if verb is Verb.SEND_TO_PORT:
            _target(words)
        if entry.action is Action.UNKNOWN:
            entry.uncertain(_REDIRECTED)
        if kind is Kind.STANDARD:
            sources = self._endpoint(words, family, entry, bare=True)
            words.skip("exact-match")
            entry.matches = (Match(family, sources, any_address(family)),)
        elif words.peek() == "mac" or _looks_like_mac(words):
            words.skip("mac")
            self._frames(words, entry)
        else:
            self._packets(words, family, entry)
        self._options(words, entry)
        return entry

    def frames(self, words: Words) -> Entry:
        """An entry of a numbered MAC list (4000-4699)."""
        verb = VERBS.get(words.take().lower())
        if verb is None:
            raise NotUnderstoodError("no action")
        entry = Entry(verb)
        if verb is Verb.SEND_TO_PORT:
            _target(words)
        if entry.action is Action.UNKNOWN:
            entry.uncertain(_REDIRECTED)
        words.skip("mac")
        self._frames(words, entry)
        self._options(words, entry)
        return entry

    def _frames(self, words: Words, entry: Entry) -> None:
        """`SOURCE MASK DESTINATION MASK`, each pair or `any`: frames of every protocol, so IP packets of both families, too."""
        everything = [self._frame_end(words), self._frame_end(words)]
        entry.matches = ANY_PACKET
        if not all(everything):
            entry.uncertain(_MAC_ADDRESSES)

    def _frame_end(self, words: Words) -> bool:
        if words.skip("any"):
            return True
        if words.take().count(".") != 2:
            raise NotUnderstoodError("no MAC address")
        return words.take().lower() == _ANY_MAC

    def _packets(self, words: Words, family: Family, entry: Entry) -> None:
        protocol = _protocol(words, family)
        sources = self._endpoint(words, family, entry)
        source_ports = _ports(words, protocol)
        destinations = self._endpoint(words, family, entry)
        destination_ports = _ports(words, protocol)
        service: tuple[Service, ...]
        if words.peek() in ("icmp-type", "icmp-code") and protocol in (ICMP, ICMPV6):
            service = (_icmp(words, protocol or ICMP),)
        else:
            service = _services(protocol, destination_ports, source_ports)
        if sources and destinations and source_ports and destination_ports:
            entry.matches = (Match(family, sources, destinations, service),)

    def _endpoint(self, words: Words, family: Family, entry: Entry, bare: bool = False) -> Intervals:
        key = words.peek()
        if key == "any":
            words.take()
            return ANY_IPV4 if family == 4 else ANY_IPV6
        if family == 6:
            if words.skip("host"):
                number = int(ipv6_address(words.take()))
                return ((number, number),)
            return (of_network(ipv6_network(words.take())),)
        if words.skip("host"):
            address = words.address()
            return ((address, address),)
        word = words.take()
        if "/" in word:
            return (_prefix(word),)
        address = ipv4(word)
        if "." not in words.peek():
            if bare:
                return ((address, address),)  # a standard list takes a host without a mask
            raise NotUnderstoodError("an address without a mask")
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
        if intervals and self.scattered <= _MOST_SCATTERED:
            return intervals
        entry.uncertain(_SCATTERED)
        return ANY_IPV4

    def _options(self, words: Words, entry: Entry) -> None:
        """What stands behind the addresses. What is not known of it makes the entry uncertain, where it denies and can only narrow.

        Raises `NotUnderstoodError` for a number or name of a port (the entry may be about more) and where an entry permits.
        """
        while words:
            key = words.take().lower()
            if key == "log":
                entry.logged = True
            elif key in ("vlan", "inner-vlan") and words.peek().isdigit():
                words.take()
                entry.uncertain(_VLAN_TAG)
            elif key in ("mac", "any") or key.count(".") == 2:
                words.rest()
                entry.uncertain(_MAC_ADDRESSES)
            elif entry.action is Action.DENY and not key[:1].isdigit() and key not in names().ports:
                words.rest()
                entry.tail = True
            else:
                raise NotUnderstoodError(f"option {key!r}")


def _looks_like_mac(words: Words) -> bool:
    """`SOURCE-MAC MASK ...` without a protocol before it; the words of an IPv4 address have three points, not two."""
    return words.peek().count(".") == 2


def _target(words: Words) -> None:
    """`send-to-vlan-port vlan V port P`."""
    for key in ("vlan", "port"):
        if not words.skip(key):
            raise NotUnderstoodError("target of send-to-vlan-port")
        words.take()


def _protocol(words: Words, family: Family) -> int | None:
    """The number of a protocol; None for every one (`ip`, `ipv6`, `any`)."""
    word = words.take().lower()
    if word in ("ip", "ipv6") or (word == "any" and words.peek() != ""):
        return None
    if word == "proto":
        return words.number(0, 255)
    if word == "icmp" and family == 6:
        return ICMPV6
    number = names().protocols.get(word)
    return whole_number(word, 0, 255) if number is None else number


def _ports(words: Words, protocol: int | None) -> Intervals:
    operator = words.peek()
    if operator not in ("eq", "lt", "gt", "ne", "neq", "range"):
        return ANY_PORT
    if protocol not in PROTOCOLS_WITH_PORTS:
        raise NotUnderstoodError("ports of a protocol that has none")
    words.take()
    first = _port(words.take())
    if operator == "range":
        last = _port(words.take())
        if last < first:
            raise NotUnderstoodError("the range is upside down")
        return ((first, last),)
    if operator == "eq":
        return ((first, first),)
    if operator == "lt":
        return ((0, first - 1),) if first else ()
    if operator == "gt":
        return ((first + 1, PORT_MAX),) if first < PORT_MAX else ()
    return complement(((first, first),), PORT_MAX)


def _port(word: str) -> int:
    number = names().ports.get(word.lower())
    return whole_number(word, 0, PORT_MAX) if number is None else number


def _icmp(words: Words, protocol: int) -> Service:
    """`icmp-type N [code N]`."""
    words.take()
    kind = words.number(0, 255)
    types = ((kind, kind),)
    if words.skip("icmp-code") or words.skip("code"):
        code = words.number(0, 255)
        return Service(((protocol, protocol),), icmp_types=types, icmp_codes=((code, code),))
    return Service(((protocol, protocol),), icmp_types=types)


@lru_cache(maxsize=16384)
def _services(protocol: int | None, destinations: Intervals, sources: Intervals) -> tuple[Service, ...]:
    if protocol is None:
        return (ANY_SERVICE,)
    return (Service(((protocol, protocol),), destinations, sources),)


@lru_cache(maxsize=65536)
def _prefix(word: str) -> tuple[int, int]:
    """`A/LENGTH` as an interval (host bits are dropped). Written out because `ipaddress` is slow."""
    address, _, length = word.partition("/")
    if "." in length:
        try:
            return of_network(ipaddress.IPv4Network(word, strict=False))
        except ValueError as error:
            raise NotUnderstoodError(word) from error
    host = IPV4_MAX >> whole_number(length, 0, 32)
    base = ipv4(address) & ~host
    return base, base | host
