"""One entry of an access list: protocol, ends, ports and options (AS-02). Masks are netmasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from secaudit.network.filters import Certainty
from secaudit.network.intervals import ANY_PORT, Intervals
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, Match, Service
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco_asa.addresses import ANY, ANY4, ANY6, AddressSet, Words
from secaudit.vendors.cisco_asa.objects import (
    PORT_OPERATORS,
    Objects,
    ServiceSet,
    icmp_service,
    is_icmp_type,
    port,
    port_set,
    protocol_number,
)
from secaudit.vendors.common.ledger import NotUnderstoodError

_ANY = {"any": ANY, "any4": ANY4, "any6": ANY6}
_TAGS = {
    "user": 1,
    "user-group": 1,
    "object-group-user": 1,
    "object-group-security": 1,
    "security-group": 2,
}
"""What may stand before an end, and how many words follow: users and security tags."""
_WHO = Text(
    ja="利用者やセキュリティタグの条件は、設定ファイルだけでは誰に当てはまるか分かりません",
    en="a condition on users or security tags: whom it is about cannot be told from the file",
)
_APPLICATIONS = Text(
    ja="ネットワークサービスのグループの宛先は、設定ファイルだけでは分かりません",
    en="the destinations of a network-service group cannot be told from the file",
)
_MIXED = Text(
    ja="プロトコルを含むサービスのグループがポートの位置で使われています",
    en="a group of services that names protocols stands where ports are expected",
)
_DYNAMIC = Text(
    ja="インタフェースのアドレスがファイルにありません",
    en="the address of the interface is not in the file",
)
_LOG_WORDS = frozenset(
    ("disable", "default", "emergencies", "alerts", "critical", "errors", "warnings", "notifications",
     "informational", "debugging")
)  # fmt: skip


@dataclass(slots=True)
class Entry:
    """What one entry says; `matches` is the most that it could be unless `certainty` is ALWAYS."""

    matches: tuple[Match, ...] = ()
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None
    logged: bool | None = None
    """None: nothing is said, and what is denied is logged all the same (message 106023)."""
    inactive: bool = False

    def uncertain(self, doubt: Text | None) -> None:
        """It cannot be told whether a packet matches; the first reason is kept."""
        if doubt is not None:
            self.certainty = Certainty.UNCERTAIN
            self.doubt = self.doubt or doubt


@dataclass(slots=True)
class EntryReader:
    """Reads entries of one device. Raises `NotUnderstoodError` for an entry that it cannot read."""

    objects: Objects
    interface_addresses: Mapping[str, AddressSet | None]
    """The addresses of each interface; None when one is given by DHCP or PPPoE."""
    times: frozenset[str]
    """The time ranges that are defined."""
    _ends: dict[Sequence[str], AddressSet] = field(default_factory=dict)
    """Hosts and networks by the two words that they are written with; most come again and again."""

    def standard(self, words: Words) -> Entry:
        """`any|any4`, `host A`, `A MASK` of a standard list: in lists for routes and tunnels these are destinations."""
        entry = Entry()
        if words.peek() in _ANY:
            held = _ANY[words.take().lower()]
        elif words.skip("host"):
            held = words.host()
        else:
            held = words.network()
        words.finish()
        entry.matches = _matches(ANY4, held, (ANY_SERVICE,))
        return entry

    def extended(self, words: Words) -> Entry:
        """`PROTOCOL SOURCE [PORTS] DESTINATION [PORTS|ICMP TYPE] [log ...] [time-range NAME] [inactive]`."""
        entry = Entry()
        protocol, whole = self._protocol(words, entry)
        sources, source_ports = self._end(words, entry)
        destinations, destination_ports = self._end(words, entry)
        icmp: tuple[Service, ...] | None = None
        while words:
            key = words.peek()
            if key in ("log", "time-range", "inactive"):
                self._option(words, entry)
            elif icmp is None and protocol in (ICMP, ICMPV6) and protocol is not None:
                icmp = self._icmp(words, protocol, entry)
            else:
                raise NotUnderstoodError(f"option {key!r}")
        if not (source_ports and destination_ports):
            return entry
        if icmp is not None:
            services = icmp
        elif source_ports is ANY_PORT and destination_ports is ANY_PORT:
            services = whole
        else:
            services = _with_ports(whole, destination_ports, source_ports)
        entry.matches = _matches(sources, destinations, services)
        return entry

    def _protocol(self, words: Words, entry: Entry) -> tuple[int | None, tuple[Service, ...]]:
        word = words.take()
        key = word.lower()
        if key in ("object-group", "object"):
            name = words.take()
            held: ServiceSet = self.objects.service_group(name) if key == "object-group" else self.objects.service(name)
            entry.uncertain(held.doubt)
            return None, held.services
        number = protocol_number(word)
        return number, _whole(number)

    def _end(self, words: Words, entry: Entry) -> tuple[AddressSet, Intervals]:
        """One end with its ports. `object-group` may name addresses or ports: groups share one space of names."""
        start = words.position
        two = tuple(words.items[start : start + 2])
        held = self._ends.get(two)
        if held is not None:
            words.position = start + 2
        else:
            while words.peek() in _TAGS:
                for _ in range(1 + _TAGS[words.take().lower()] - 1):
                    words.take()
                entry.uncertain(_WHO)
            held = self._addresses(words)
            if words.position == start + 2 and (two[0] == "host" or two[0][:1].isdigit()):
                self._ends[two] = held
            if held.doubt is not None:
                entry.uncertain(held.doubt)
        key = words.peek()
        if key == "eq":
            words.position += 1
            return held, _equal(words.take())
        if key in PORT_OPERATORS:
            return held, port_set(words)
        if key == "object-group" and self.objects.kind_of_group(_following(words)) in ("ports", "service"):
            words.take()
            if self.objects.kind_of_group(_following(words, 0)) == "service":
                entry.uncertain(_MIXED)
            ports, doubt = self.objects.ports(words.take())
            entry.uncertain(doubt)
            return held, ports
        return held, ANY_PORT

    def _addresses(self, words: Words) -> AddressSet:
        key = words.peek()
        known = _ANY.get(key)
        if known is not None:
            words.take()
            return known
        if key == "host":
            words.take()
            return words.host()
        if key == "object":
            words.take()
            return self.objects.network(words.take())
        if key == "object-group":
            words.take()
            return self.objects.network_group(words.take())
        if key == "object-group-network-service":
            words.take()
            words.take()
            return AddressSet(ANY.ipv4, ANY.ipv6, _APPLICATIONS)
        if key == "interface":
            words.take()
            return self.interface_addresses.get(words.take()) or AddressSet(ANY.ipv4, ANY.ipv6, _DYNAMIC)
        return words.network()

    def _icmp(self, words: Words, protocol: int, entry: Entry) -> tuple[Service, ...]:
        if words.skip("object-group"):
            group = self.objects.service_group(words.take())
            entry.uncertain(group.doubt)
            if protocol == ICMPV6:
                return tuple(
                    Service(((ICMPV6, ICMPV6),), icmp_types=one.icmp_types, icmp_codes=one.icmp_codes)
                    for one in group.services
                )
            return group.services
        if not is_icmp_type(words.peek(), protocol):
            raise NotUnderstoodError("not an ICMP type")
        return (icmp_service(protocol, words),)

    def _option(self, words: Words, entry: Entry) -> None:
        match words.take().lower():
            case "log":
                entry.logged = words.peek() != "disable"
                if words.peek() in _LOG_WORDS or (words.peek().isdigit() and len(words.peek()) == 1):
                    words.take()
                if words.skip("interval"):
                    words.number(1, 600)
                if words.skip("disable"):
                    entry.logged = False
            case "time-range":
                name = words.take()
                if name not in self.times:
                    entry.uncertain(
                        Text(
                            ja=f"時間帯 {name} が定義されていません",
                            en=f"time range {name} is not defined",
                        )
                    )
                elif entry.certainty is Certainty.ALWAYS:
                    entry.certainty = Certainty.SOMETIMES
            case _:
                entry.inactive = True


@lru_cache(maxsize=4096)
def _equal(word: str) -> Intervals:
    number = port(word)
    return ((number, number),)


def _following(words: Words, ahead: int = 1) -> str:
    position = words.position + ahead
    return words.items[position] if position < len(words.items) else ""


@lru_cache(maxsize=512)
def _whole(protocol: int | None) -> tuple[Service, ...]:
    return (ANY_SERVICE,) if protocol is None else (Service(((protocol, protocol),)),)


@lru_cache(maxsize=16384)
def _with_ports(services: tuple[Service, ...], destinations: Intervals, sources: Intervals) -> tuple[Service, ...]:
    return tuple(Service(one.protocols, destinations, sources) for one in services)


def _matches(sources: AddressSet, destinations: AddressSet, services: tuple[Service, ...]) -> tuple[Match, ...]:
    """One match a family in which both ends have addresses."""
    four = six = None
    if sources.ipv4 and destinations.ipv4:
        four = Match(4, sources.ipv4, destinations.ipv4, services)
    if sources.ipv6 and destinations.ipv6:
        six = Match(6, sources.ipv6, destinations.ipv6, services)
        return (six,) if four is None else (four, six)
    return () if four is None else (four,)
