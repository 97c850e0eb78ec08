"""What a rule can ask of a packet: `ip saddr`, `meta iifname`, `ct state` and so on (`man nft`, EXPRESSIONS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from secaudit.network.filters import Certainty
from secaudit.network.intervals import ANY_BYTE, Intervals, normalise
from secaudit.network.matches import ICMP, ICMPV6, PROTOCOLS_WITH_PORTS, SCTP, TCP, UDP, Family
from secaudit.vendors.nftables.tokens import Item, Kind, Token
from secaudit.vendors.nftables.values import ValueType

BOTH: Final[frozenset[Family]] = frozenset((4, 6))
_IP: Final[frozenset[Family]] = frozenset((4,))
_IP6: Final[frozenset[Family]] = frozenset((6,))
PORTED: Final[Intervals] = normalise((number, number) for number in PROTOCOLS_WITH_PORTS)


@dataclass(frozen=True, slots=True)
class Selector:
    """One thing that is asked. `field` is the field of `network.Match`/`Service` (or `family`, `ingress`, `egress`, `state`, ...).

    `families` and `protocols` are what asking implies: nft adds the tests `meta nfproto` and `meta l4proto` itself (seen in
    `nft --debug=netlink`). `type` None is something that we do not model: the test may hold or not (`certainty`).
    `loose` reads where ports would be, whatever the protocol is (`th dport`).
    """

    name: str
    type: ValueType | None = None
    field: str = ""
    families: frozenset[Family] = BOTH
    protocols: Intervals = ANY_BYTE
    loose: bool = False
    certainty: Certainty = Certainty.UNCERTAIN


def _ports(name: str, protocol: int) -> tuple[Selector, ...]:
    one: Intervals = ((protocol, protocol),)
    return (
        Selector(f"{name} sport", ValueType.PORT, "source_ports", protocols=one),
        Selector(f"{name} dport", ValueType.PORT, "destination_ports", protocols=one),
    )


_ICMP: Intervals = ((ICMP, ICMP),)
_ICMPV6: Intervals = ((ICMPV6, ICMPV6),)
_KNOWN: Final = {
    one.name: one
    for one in (
        Selector("ip saddr", ValueType.ADDRESS4, "sources", _IP),
        Selector("ip daddr", ValueType.ADDRESS4, "destinations", _IP),
        Selector("ip protocol", ValueType.PROTOCOL, "protocols", _IP),
        Selector("ip6 saddr", ValueType.ADDRESS6, "sources", _IP6),
        Selector("ip6 daddr", ValueType.ADDRESS6, "destinations", _IP6),
        Selector("ip6 nexthdr", ValueType.PROTOCOL, "protocols", _IP6),
        *_ports("tcp", TCP),
        *_ports("udp", UDP),
        *_ports("sctp", SCTP),
        Selector("th sport", ValueType.PORT, "source_ports", protocols=PORTED, loose=True),
        Selector("th dport", ValueType.PORT, "destination_ports", protocols=PORTED, loose=True),
        Selector("tcp flags", ValueType.TCP_FLAGS, "tcp_flags", protocols=((TCP, TCP),)),
        Selector("icmp type", ValueType.ICMP_TYPE, "icmp_types", _IP, _ICMP),
        Selector("icmp code", ValueType.ICMP_CODE, "icmp_codes", _IP, _ICMP),
        Selector("icmpv6 type", ValueType.ICMPV6_TYPE, "icmp_types", _IP6, _ICMPV6),
        Selector("icmpv6 code", ValueType.ICMPV6_CODE, "icmp_codes", _IP6, _ICMPV6),
        Selector("meta l4proto", ValueType.PROTOCOL, "protocols"),
        Selector("meta nfproto", ValueType.FAMILY, "family"),
        Selector("meta protocol", ValueType.ETHER_TYPE, "family"),
        Selector("meta iif", ValueType.INTERFACE, "ingress"),
        Selector("meta iifname", ValueType.INTERFACE, "ingress"),
        Selector("meta oif", ValueType.INTERFACE, "egress"),
        Selector("meta oifname", ValueType.INTERFACE, "egress"),
        Selector("ct state", ValueType.STATE, "state"),
        Selector("ct direction", ValueType.DIRECTION, "direction"),
        Selector("ct status", ValueType.STATUS, "status"),
    )
}
ADDRESS_SIDES: Final = {"saddr": "sources", "daddr": "destinations"}
"""The sides of a packet that `fib` looks up, and the field of each."""
_BARE_META = (
    "iif",
    "iifname",
    "iiftype",
    "iifgroup",
    "oif",
    "oifname",
    "oiftype",
    "oifgroup",
    "mark",
    "nftrace",
    "pkttype",
    "skuid",
    "skgid",
    "cgroup",
    "rtclassid",
    "ibrname",
    "obrname",
    "ibriport",
    "obriport",
    "time",
    "day",
    "hour",
)
_IN_SOME_STATES = ("meta random", "meta time", "meta day", "meta hour", "meta cpu")
_ONE_FIELD = {
    "ip": _IP,
    "ip6": _IP6,
    "arp": frozenset[Family](),
    "ether": BOTH,
    "vlan": BOTH,
    "meta": BOTH,
    "tcp": BOTH,
    "udp": BOTH,
    "udplite": BOTH,
    "dccp": BOTH,
    "sctp": BOTH,
    "th": BOTH,
    "icmp": _IP,
    "icmpv6": _IP6,
    "igmp": _IP,
    "esp": BOTH,
    "ah": BOTH,
    "comp": BOTH,
    "gre": BOTH,
    "frag": _IP6,
    "hbh": _IP6,
    "dst": _IP6,
    "mh": _IP6,
    "srh": _IP6,
    "exthdr": _IP6,
    "socket": BOTH,
    "osf": BOTH,
}
_PROTOCOL_OF = {
    "tcp": 6,
    "udp": 17,
    "udplite": 136,
    "dccp": 33,
    "sctp": 132,
    "icmp": 1,
    "icmpv6": 58,
    "igmp": 2,
    "esp": 50,
    "ah": 51,
    "comp": 108,
    "gre": 47,
}


class Reading:
    """A position in the items of a rule."""

    def __init__(self, items: tuple[Item, ...]) -> None:
        self.items = tuple(item for item in items if not (isinstance(item, Token) and item.kind is Kind.END))
        self.at = 0
        self._words = [item.text if isinstance(item, Token) and item.kind is Kind.WORD else "" for item in self.items]

    def peek(self, ahead: int = 0) -> Item | None:
        """The next item, without taking it."""
        return self.items[self.at + ahead] if self.at + ahead < len(self.items) else None

    def word(self, ahead: int = 0) -> str:
        """The next item if it is a bare word, else nothing."""
        place = self.at + ahead
        return self._words[place] if place < len(self._words) else ""

    def sign(self, *signs: str, ahead: int = 0) -> bool:
        """Whether the next item is one of these signs."""
        place = self.at + ahead
        if place >= len(self.items) or self._words[place]:
            return False
        item = self.items[place]
        return isinstance(item, Token) and item.is_sign(*signs)

    def take(self, count: int = 1) -> tuple[Item, ...]:
        """The next items."""
        taken = self.items[self.at : self.at + count]
        self.at += len(taken)
        return taken

    def rest(self) -> tuple[Item, ...]:
        """All that is left."""
        return self.take(len(self.items))


def selectors(reading: Reading) -> tuple[Selector, ...]:
    """One selector or several joined by `.`; empty when what follows is none (nothing is taken then)."""
    start = reading.at
    found: list[Selector] = []
    while True:
        one = _selector(reading)
        if one is None:
            reading.at = start
            return ()
        found.append(one)
        if not reading.sign("."):
            return tuple(found)
        reading.take()


def _selector(reading: Reading) -> Selector | None:
    head, second = reading.word(), reading.word(1)
    if head in _BARE_META:
        reading.take()
        return _meta(head)
    match head:
        case "ct":
            return _ct(reading)
        case "fib":
            return _fib(reading)
        case "numgen":
            return _until(reading, "numgen", ("mod",))
        case "jhash" | "symhash":
            return _until(reading, head, ("mod",))
        case "rt":
            if second in ("classid", "nexthop", "mtu", "ipsec"):
                reading.take(2)
                return Selector("rt " + second)
            if second in ("ip", "ip6"):
                reading.take(3)
                return Selector("rt nexthop")
            reading.take(2)
            return Selector("rt", families=_IP6)
        case "xt":
            if second == "match":
                reading.take(3)
                return Selector("xt match")
            return None
        case "ipsec":
            reading.take(2)
            while (
                reading.word() in ("spnum", "ip", "ip6", "saddr", "daddr", "reqid", "spi") or reading.word().isdecimal()
            ):
                reading.take()
            return Selector("ipsec")
    if head in ("tcp", "ip") and second == "option":
        reading.take(3)
        if reading.word() in (
            "size",
            "kind",
            "length",
            "left",
            "right",
            "count",
            "tsval",
            "tsecr",
            "type",
            "value",
            "addr",
            "ptr",
        ):
            reading.take()
        return Selector(
            f"{head} option", families=_ONE_FIELD[head], protocols=ANY_BYTE if head == "ip" else ((TCP, TCP),)
        )
    if head in _ONE_FIELD and second:
        if head == "arp" and reading.word(2) in ("ip", "ether"):
            reading.take()
        reading.take(2)
        if head == "socket" and second == "cgroupv2":
            reading.take(2)
        return _meta(second) if head == "meta" else _header(head, second)
    if head.startswith("@") and reading.sign(",", ahead=1) and reading.sign(",", ahead=3):
        reading.take(5)
        return Selector("raw payload")
    return None


def _meta(key: str) -> Selector:
    name = f"meta {key}"
    certainty = Certainty.SOMETIMES if name in _IN_SOME_STATES else Certainty.UNCERTAIN
    return _KNOWN.get(name) or Selector(name, certainty=certainty)


def _header(head: str, name: str) -> Selector:
    known = _KNOWN.get(f"{head} {name}")
    if known is not None:
        return known
    number = _PROTOCOL_OF.get(head)
    return Selector(
        f"{head} {name}", families=_ONE_FIELD[head], protocols=ANY_BYTE if number is None else ((number, number),)
    )


def _ct(reading: Reading) -> Selector | None:
    second = reading.word(1)
    if not second:
        return None
    reading.take(2)
    if second in ("original", "reply"):
        if reading.word() in ("ip", "ip6"):
            reading.take()
        reading.take()
        return Selector(f"ct {second}")
    return _KNOWN.get(f"ct {second}") or Selector(f"ct {second}")


def _fib(reading: Reading) -> Selector:
    """`fib saddr . iif oif missing`, `fib daddr type local`."""
    reading.take()
    side = reading.word()
    if side in ADDRESS_SIDES and reading.word(1) == "type":
        reading.take(2)
        return Selector(f"fib {side} type", field=ADDRESS_SIDES[side])
    while (
        reading.word() in ("saddr", "daddr", "mark", "iif")
        or (reading.word() == "oif" and reading.sign(".", ahead=1))
        or reading.sign(".")
    ):
        reading.take()
    reading.take()
    return Selector("fib")


def _until(reading: Reading, name: str, last: tuple[str, ...]) -> Selector:
    """`numgen inc mod 2 offset 1`, `jhash ip saddr . tcp dport mod 2 seed 0x1`."""
    while reading.peek() is not None and reading.word() not in last:
        reading.take()
    reading.take(2)
    while reading.word() in ("seed", "offset"):
        reading.take(2)
    return Selector(name, certainty=Certainty.SOMETIMES if name == "numgen" else Certainty.UNCERTAIN)
