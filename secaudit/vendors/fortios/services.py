"""Services, predefined and custom, and service groups (FO-09)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import ANY_BYTE, ANY_PORT, BYTE_MAX, PORT_MAX, Intervals, complement, normalise
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, SCTP, TCP, UDP, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import MAXIMUM_DEPTH
from secaudit.vendors.fortios.findings import SHOWN_LINES, Scope, join
from secaudit.vendors.fortios.grammar import Section

_PORTED = {"tcp": TCP, "udp": UDP, "sctp": SCTP}
_VALUE_NAMES = (
    "protocol", "protocol-number", "tcp-portrange", "udp-portrange", "sctp-portrange", "udplite-portrange",
    "icmptype", "icmpcode", "iprange", "fqdn", "proxy", "explicit-proxy", "app-service-type",
)  # fmt: skip
UDP_LITE = 136


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """Services surely in the object, and those that may be."""

    sure: tuple[Service, ...]
    possible: tuple[Service, ...]
    sources: Sources = ()
    why: Text | None = None

    @property
    def certain(self) -> bool:
        """Whether nothing is doubtful about the set."""
        return self.sure == self.possible

    def negated(self) -> ServiceSet:
        """Every service outside."""
        return ServiceSet(outside(self.possible), outside(self.sure), self.sources, self.why)


def compact(services: Iterable[Service]) -> tuple[Service, ...]:
    """The same set with services joined that differ in their destination ports only."""
    ports: dict[tuple[Intervals, Intervals, Intervals, Intervals], list[tuple[int, int]]] = {}
    for service in services:
        key = (service.protocols, service.source_ports, service.icmp_types, service.icmp_codes)
        ports.setdefault(key, []).extend(service.destination_ports)
    if any(key[0] == ANY_BYTE for key in ports):
        return (ANY_SERVICE,)
    return tuple(
        Service(protocols, normalise(values), sources, types, codes)
        for (protocols, sources, types, codes), values in ports.items()
    )


def outside(services: tuple[Service, ...]) -> tuple[Service, ...]:
    """All packets that none of the services matches, protocol by protocol.

    >>> outside((ANY_SERVICE,))
    ()
    """
    result: list[Service] = []
    plain: list[tuple[int, int]] = []
    for protocol in range(256):
        relevant = [service for service in services if _has(service.protocols, protocol)]
        if not relevant:
            plain.append((protocol, protocol))
        elif protocol in (TCP, UDP, SCTP):
            boxes = _outside_boxes([(s.destination_ports, s.source_ports) for s in relevant], PORT_MAX)
            result += [Service(((protocol, protocol),), first, second) for first, second in boxes]
        elif protocol in (ICMP, ICMPV6):
            boxes = _outside_boxes([(s.icmp_types, s.icmp_codes) for s in relevant], BYTE_MAX)
            result += [Service(((protocol, protocol),), icmp_types=first, icmp_codes=second) for first, second in boxes]
    if plain:
        result.append(Service(normalise(plain)))
    return tuple(result)


def _has(intervals: Intervals, value: int) -> bool:
    return any(low <= value <= high for low, high in intervals)


def _outside_boxes(boxes: list[tuple[Intervals, Intervals]], maximum: int) -> list[tuple[Intervals, Intervals]]:
    """The complement of a union of boxes: strips of the first field between all bounds, each with what is left of the second."""
    bounds = {0, maximum + 1}
    for first, _ in boxes:
        for low, high in first:
            bounds |= {low, high + 1}
    edges = sorted(bounds)
    strips: dict[Intervals, list[tuple[int, int]]] = {}
    for low, following in pairwise(edges):
        covered = normalise(pair for first, second in boxes if _has(first, low) for pair in second)
        left = complement(covered, maximum)
        if left:
            strips.setdefault(left, []).append((low, following - 1))
    return [(normalise(first), second) for second, first in strips.items()]


@cache
def predefined() -> dict[str, tuple[Service, ...]]:
    """The services that FortiOS defines itself (`services.json`)."""
    raw = json.loads((Path(__file__).parent / "services.json").read_text(encoding="utf-8"))
    return {name: _of_data(entry) for name, entry in raw.items() if name != "about"}


def _of_data(entry: dict[str, str | int]) -> tuple[Service, ...]:
    kind = entry.get("protocol")
    if kind == "proxy":
        return ()
    if kind == "IP":
        number = int(entry.get("number", 0))
        return (Service(((number, number),)) if number else ANY_SERVICE,)
    if kind in ("ICMP", "ICMP6"):
        protocol = ICMP if kind == "ICMP" else ICMPV6
        types = ((int(entry["type"]), int(entry["type"])),) if "type" in entry else ANY_BYTE
        return (Service(((protocol, protocol),), icmp_types=types),)
    return compact(
        service
        for name, protocol in _PORTED.items()
        if name in entry
        for service in _port_services(protocol, str(entry[name]).split())
    )


def _port_services(protocol: int, words: Iterable[str]) -> list[Service]:
    """`DESTINATION[:SOURCE]` words, each `N` or `N-M`. Raises `ValueError`."""
    result = []
    for word in words:
        destination, separator, source = word.partition(":")
        sources = (port_range(source),) if separator else ANY_PORT
        result.append(Service(((protocol, protocol),), (port_range(destination),), sources))
    return result


def port_range(text: str) -> tuple[int, int]:
    """`N` or `N-M`. Raises `ValueError` for anything else."""
    first, separator, last = text.partition("-")
    low = _number(first, PORT_MAX)
    high = _number(last, PORT_MAX) if separator else low
    if low > high:
        raise ValueError(text)
    return low, high


def _number(text: str, maximum: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6) or int(text) > maximum:
        raise ValueError(text)
    return int(text)


@dataclass(slots=True)
class Services:
    """Resolves names to services; results are kept."""

    scope: Scope
    _known: dict[str, ServiceSet] = field(default_factory=dict)
    _lists: dict[tuple[str, ...], ServiceSet] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)

    def of_names(self, names: tuple[str, ...], users: Sources) -> ServiceSet:
        """The union of named services; `users` are the lines that name them."""
        found = self._lists.get(names)
        if found is None:
            found = self._lists[names] = _union([self._resolve(name, users, ()) for name in names])
        return found

    def _resolve(self, name: str, users: Sources, around: tuple[str, ...]) -> ServiceSet:
        known = self._known.get(name)
        if known is not None:
            return known
        custom = self.scope.section("firewall service custom").entries.get(name)
        group = self.scope.section("firewall service group").entries.get(name)
        if name in around or len(around) >= MAXIMUM_DEPTH:
            return self._nonsense(name, (*users, *(group.opening if group else ())), recursive=name in around)
        if custom is not None:
            result = self._custom(custom)
        elif group is not None:
            lines = (*group.opening, *group.lines_of("member"))
            inner = _union([self._resolve(member, lines, (*around, name)) for member in group.values("member")])
            result = ServiceSet(inner.sure, inner.possible, join((*lines, *inner.sources)), inner.why)
            result = _with_unknown(group, result)
        elif name in predefined():
            result = ServiceSet(predefined()[name], predefined()[name])
        else:
            result = self._nonsense(name, users, recursive=False)
        self._known[name] = result
        return result

    def _nonsense(self, name: str, sources: Sources, recursive: bool) -> ServiceSet:
        if recursive:
            text = Text(
                ja=f"サービスグループ「{name}」が自分自身を含んでいます。",
                en=f"The service group '{name}' contains itself.",
            )
        else:
            text = Text(
                ja=f"サービス「{name}」の定義がありません。", en=f"The service '{name}' is not defined in the file."
            )
        if name not in self._reported:
            self._reported.add(name)
            self.scope.findings.doubt(DoubtKind.UNDEFINED, text, sources, interfaces=frozenset())
        return ServiceSet((), (ANY_SERVICE,), sources[:SHOWN_LINES], text)

    def _custom(self, entry: Section) -> ServiceSet:
        sources = (*entry.opening, *entry.lines_of(*_VALUE_NAMES))
        try:
            services = _custom_services(entry, self.scope.defaults.service_protocol)
        except ValueError:
            lines = entry.lines_of(*_VALUE_NAMES)
            self.scope.findings.not_understood(lines)
            why = _why(entry, "値を読み取れません", "has a value that cannot be read")
            return ServiceSet((), (ANY_SERVICE,), (*entry.opening, *lines), why)
        result = ServiceSet(services, services, sources)
        if entry.enabled("proxy") or entry.enabled("explicit-proxy"):
            # A service of the explicit proxy never matches forwarded packets.
            return ServiceSet((), (), sources)
        narrowed = entry.get("iprange") not in ("", "0.0.0.0") or bool(entry.values("fqdn"))  # noqa: S104 (an address)
        by_application = entry.get("app-service-type", "disable") != "disable"
        if not services:
            why = _why(entry, "ポートの指定がありません", "names no port")
            ported = (Service(((TCP, TCP), (UDP, UDP), (SCTP, SCTP))),)
            result = ServiceSet((), ported, sources, why)
        elif narrowed or by_application:
            why = _why(entry, "宛先やアプリケーションで限定されています", "is narrowed by destination or application")
            result = ServiceSet((), services, sources, why)
        return _with_unknown(entry, result)


def _custom_services(entry: Section, usual: str) -> tuple[Service, ...]:
    """What a custom service says. Raises `ValueError` when it cannot be read."""
    kind = entry.get("protocol", usual)
    if kind in ("IP", "ALL"):
        number = _number(entry.get("protocol-number", "0"), BYTE_MAX)
        return (Service(((number, number),)) if number else ANY_SERVICE,)
    if kind in ("ICMP", "ICMP6"):
        protocol = ICMP if kind == "ICMP" else ICMPV6
        fields = [_icmp_field(entry, name) for name in ("icmptype", "icmpcode")]
        return (Service(((protocol, protocol),), icmp_types=fields[0], icmp_codes=fields[1]),)
    if not kind.startswith("TCP/UDP"):
        raise ValueError(kind)
    ported = {**_PORTED, "udplite": UDP_LITE}
    return compact(
        service
        for name, protocol in ported.items()
        for service in _port_services(protocol, entry.values(f"{name}-portrange"))
    )


def _icmp_field(entry: Section, name: str) -> Intervals:
    text = entry.get(name)
    if not text:
        return ANY_BYTE
    value = _number(text, BYTE_MAX)
    return ((value, value),)


def _union(parts: list[ServiceSet]) -> ServiceSet:
    if len(parts) == 1:
        return parts[0]
    possible = compact(service for part in parts for service in part.possible)
    certain = all(part.certain for part in parts)
    return ServiceSet(
        possible if certain else compact(service for part in parts for service in part.sure),
        possible,
        join(line for part in parts for line in part.sources),
        next((part.why for part in parts if part.why is not None), None),
    )


def _with_unknown(entry: Section, result: ServiceSet) -> ServiceSet:
    if not entry.unknown:
        return result
    why = _why(entry, "読み取れない行があります", "has a line that was not understood")
    return ServiceSet((), (ANY_SERVICE,), join((*entry.unknown, *result.sources)), why)


def _why(entry: Section, ja: str, en: str) -> Text:
    return Text(ja=f"サービス「{entry.name}」は{ja}。", en=f"The service '{entry.name}' {en}.")
