"""What a term of a firewall filter asks of a packet (`from`).

Values of one condition are alternatives, conditions must all hold. `address` is the source or the destination, `port` likewise. `except` after a
prefix takes it out; of nested prefixes the longest decides, and a list of exceptions alone stands for nothing else
(Juniper, "Firewall Filter Match Conditions Based on Address Fields").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_PORT,
    BYTE_MAX,
    PORT_MAX,
    Interval,
    Intervals,
    complement,
    intersect,
    normalise,
)
from secaudit.network.matches import (
    ACK,
    ANY_SERVICE,
    FIN,
    ICMP,
    ICMPV6,
    PSH,
    RST,
    SCTP,
    SYN,
    TCP,
    UDP,
    URG,
    Family,
    Match,
    Service,
    any_address,
    values_with_bits,
)  # fmt: skip
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.addresses import prefix
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError
from secaudit.vendors.juniper_srx.services import ICMP6_TYPES, ICMP_TYPES, icmp_values, ports, protocol
from secaudit.vendors.juniper_srx.tree import Statement, join

_FLAGS = {"fin": FIN, "syn": SYN, "rst": RST, "push": PSH, "ack": ACK, "urgent": URG}
_PORTED = ((TCP, TCP), (UDP, UDP), (SCTP, SCTP))
_NO_PROTOCOL = Text(
    ja="ポート等の条件にプロトコルの指定がなく、他のプロトコルのパケットにも一致することがあります。",
    en="The term asks for ports or the like without naming a protocol, so packets of other protocols may fit too.",
)
_EXTENSIONS = frozenset((0, 43, 44, 60, 135, 139, 140))
"""IPv6 extension headers (IANA)."""
_NARROWED = Text(
    ja="フィルターの条件に、判定に使えないもの（フラグメント、TTL、パケット長等）があります。",
    en="The term has a condition that is not modelled (fragments, TTL, length and the like).",
)
_UNREADABLE = Text(ja="フィルターの条件を読み取れません。", en="A condition of the term was not understood.")
_UNDEFINED_LIST = Text(
    ja="フィルターが使うプレフィックスリストの定義がないか、空です。",
    en="A prefix list that the term uses is not defined or empty.",
)
_NARROWING = frozenset(
    ("fragment-offset", "fragment-flags", "is-fragment", "first-fragment", "packet-length", "ttl", "ip-options", "dscp", "precedence", "forwarding-class", "interface", "interface-group", "interface-set", "loss-priority", "tcp-established", "tcp-initial", "tcp-flags", "hop-limit", "traffic-class", "extension-header", "ah-spi", "esp-spi", "rat-type", "service-filter-hit", "interface-group-except", "packet-length-except", "ttl-except", "dscp-except", "source-class", "destination-class", "flexible-match-mask", "flexible-match-range", "is-fragment-except", "source-mac-address", "destination-mac-address")
)  # fmt: skip


_WITHOUT_VALUE = frozenset(("tcp-established", "tcp-initial", "is-fragment", "first-fragment", "service-filter-hit"))


@dataclass(frozen=True, slots=True)
class Condition:
    """The packets of a term: surely, and at most. `why` tells the difference."""

    sure: tuple[Match, ...]
    most: tuple[Match, ...]
    sources: Sources = ()
    why: Text | None = None


@dataclass(slots=True)
class _Draft:
    family: Family
    sources: Intervals
    destinations: Intervals
    either: Intervals | None = None
    protocols: Intervals = ANY_BYTE
    destination_ports: Intervals = ANY_PORT
    source_ports: Intervals = ANY_PORT
    either_port: Intervals | None = None
    icmp_types: Intervals = ANY_BYTE
    icmp_codes: Intervals = ANY_BYTE
    flags: Intervals = ANY_BYTE
    lines: list[Sources] = field(default_factory=list)
    why: Text | None = None


def read_condition(family: Family, section: Statement | None, lists: Statement) -> Condition:
    """The packets that a term is about. `lists` is `policy-options`, where the prefix lists are."""
    every = any_address(family)
    if section is None or not section.children:
        everything = (Match(family, every, every),)
        return Condition(everything, everything)
    section.use()
    draft = _Draft(family, every, every)
    for one in section:
        one.use()
        try:
            _read(one, section, draft, lists)
        except NotUnderstoodError:
            one.leave()
            draft.why = _UNREADABLE
    most = tuple(_matches(draft))
    lines = join(*draft.lines)
    if draft.why is not None:
        return Condition((), most, lines, draft.why)
    having = intersect(draft.protocols, _having(draft))
    if having == draft.protocols:
        return Condition(most, most, lines)
    # The bytes of a header are compared without a look at the protocol, unless the term names it.
    draft.protocols = having
    return Condition(tuple(_matches(draft)) if having else (), most, lines, _NO_PROTOCOL)


def _having(draft: _Draft) -> Intervals:
    """The protocols that have every field that the term asks for."""
    result = ANY_BYTE
    if draft.either_port is not None or draft.source_ports != ANY_PORT or draft.destination_ports != ANY_PORT:
        result = _PORTED
    if draft.icmp_types != ANY_BYTE or draft.icmp_codes != ANY_BYTE:
        number = ICMPV6 if draft.family == 6 else ICMP
        result = intersect(result, ((number, number),))
    if draft.flags != ANY_BYTE:
        result = intersect(result, ((TCP, TCP),))
    return result


def _read(one: Statement, section: Statement, draft: _Draft, lists: Statement) -> None:
    word = one.word
    if not one.children and word not in _WITHOUT_VALUE:
        raise NotUnderstoodError(word)  # the value is missing: it is not "none"
    match word:
        case (
            "source-address"
            | "destination-address"
            | "address"
            | "source-prefix-list"
            | "destination-prefix-list"
            | "prefix-list"
        ):
            _read_addresses(word, section, draft, lists)
        case "protocol" | "next-header" | "payload-protocol":
            draft.protocols = intersect(draft.protocols, normalise((v, v) for v in map(protocol, section.values(word))))
            if word == "next-header":
                draft.why = draft.why if _is_upper(section, word) else _NARROWED
        case "protocol-except" | "next-header-except":
            named = normalise((v, v) for v in map(protocol, section.values(word)))
            draft.protocols = intersect(draft.protocols, complement(named, BYTE_MAX))
        case "port" | "source-port" | "destination-port":
            spans = normalise(map(ports, section.values(word)))
            _ports(word, spans, draft)
        case "source-port-except" | "destination-port-except":
            spans = complement(normalise(map(ports, section.values(word))), PORT_MAX)
            _ports(word.removesuffix("-except"), spans, draft)
        case "icmp-type" | "icmp-code" | "icmp6-type":
            _icmp(word, section, draft)
        case "tcp-established":
            _tcp(draft, normalise((*values_with_bits(ACK, ACK), *values_with_bits(RST, RST))))
        case "tcp-initial":
            _tcp(draft, values_with_bits(SYN, SYN | ACK))
        case "tcp-flags":
            _tcp(draft, _flag_values(" ".join(section.values(word))))
        case _ if word in _NARROWING:
            one.use_all()
            draft.why = draft.why or _NARROWED
        case _:
            raise NotUnderstoodError(word)


def _is_upper(section: Statement, word: str) -> bool:
    """Whether the next header is that of the payload. An extension header stands in front of another one, which is not looked at."""
    return not any(protocol(value) in _EXTENSIONS for value in section.values(word))


def _ports(word: str, spans: Intervals, draft: _Draft) -> None:
    if word == "port":
        draft.either_port = spans
    elif word == "source-port":
        draft.source_ports = intersect(draft.source_ports, spans)
    else:
        draft.destination_ports = intersect(draft.destination_ports, spans)


def _icmp(word: str, section: Statement, draft: _Draft) -> None:
    six = draft.family == 6
    names = ICMP6_TYPES if six else ICMP_TYPES
    spans = normalise(icmp_values(value, {} if word == "icmp-code" else names) for value in section.values(word))
    if word == "icmp-code":
        draft.icmp_codes = spans
    else:
        draft.icmp_types = spans


def _tcp(draft: _Draft, flags: Intervals) -> None:
    """Conditions on flags; Junos does not check by itself that the packet is TCP."""
    draft.flags = intersect(draft.flags, flags)


def _flag_values(text: str) -> Intervals:
    """`syn & !ack`, `(ack | rst)`: conjunctions or disjunctions of flags. Raises `NotUnderstoodError`."""
    plain = text.strip().strip("()").lower()
    if "&" in plain and "|" in plain:
        raise NotUnderstoodError(text)
    found: list[Intervals] = []
    for part in plain.replace("|", "&").split("&"):
        name = part.strip()
        negated = name.startswith("!")
        bit = _FLAGS.get(name.removeprefix("!").strip())
        if bit is None:
            raise NotUnderstoodError(text)
        found.append(values_with_bits(0 if negated else bit, bit))
    if "|" in plain:
        return normalise(pair for one in found for pair in one)
    result = ANY_BYTE
    for one in found:
        result = intersect(result, one)
    return result


# --- addresses ------------------------------------------------------------------------------------------------


def _read_addresses(word: str, section: Statement, draft: _Draft, lists: Statement) -> None:
    side = word.split("-")[0] if word not in ("address", "prefix-list") else "either"
    singular = {"source": "source-address", "destination": "destination-address", "either": "address"}[side]
    plural = {"source": "source-prefix-list", "destination": "destination-prefix-list", "either": "prefix-list"}[side]
    if word == plural and singular in section.children:
        return  # read together with the addresses
    entries = list(_entries(section, singular, draft))
    entries += list(_listed(section, plural, draft, lists))
    if entries and all(out for _, out in entries):
        draft.why = draft.why or _NARROWED
        entries = [(any_address(draft.family)[0], False)]
    spans = _by_longest(entries)
    if side == "source":
        draft.sources = spans
    elif side == "destination":
        draft.destinations = spans
    else:
        draft.either = spans


def _entries(section: Statement, word: str, draft: _Draft) -> Iterator[tuple[Interval, bool]]:
    """Each prefix of the family with whether it is taken out."""
    for one in section.below(word):
        if any(inner.word != "except" for inner in one):
            raise NotUnderstoodError(one.word)
        one.use_all()
        family, span = prefix(one.word)
        if family == draft.family:
            yield span, "except" in one.children


def _listed(section: Statement, word: str, draft: _Draft, lists: Statement) -> Iterator[tuple[Interval, bool]]:
    for one in section.below(word):
        if any(inner.word != "except" for inner in one):
            raise NotUnderstoodError(one.word)
        section.children[word].use()
        one.use_all()
        found = lists.get("prefix-list", one.word)
        if found is None or not found.children or "apply-path" in found.children:
            # What an empty list means to a filter is told in different ways.
            draft.why = draft.why or _UNDEFINED_LIST
            if found is not None:
                found.use_all()
            yield any_address(draft.family)[0], "except" in one.children
            continue
        lists.use()
        lists.children["prefix-list"].use()
        found.use()
        draft.lines.append(found.sources())
        for entry in found:
            entry.use_all()
            family, span = prefix(entry.word)
            if family == draft.family:
                yield span, "except" in one.children


def _by_longest(entries: list[tuple[Interval, bool]]) -> Intervals:
    """The addresses for which the longest prefix that holds them is not taken out. Exceptions alone take out of nothing.

    Prefixes are nested or apart: laid on each other from the widest, each covers what lies below it, in one sweep with a stack.
    """
    decided: dict[Interval, bool] = {}
    for span, out in entries:
        decided[span] = out and decided.get(span, True)
    result: list[Interval] = []
    stack: list[tuple[int, bool]] = []
    position = 0

    def emit(upto: int, out: bool) -> None:
        if not out and position <= upto:
            result.append((position, upto))

    for (low, high), out in sorted(decided.items(), key=lambda one: (one[0][0], -one[0][1])):
        while stack and stack[-1][0] < low:
            end, above = stack.pop()
            emit(end, above)
            position = max(position, end + 1)
        if stack and position < low:
            emit(low - 1, stack[-1][1])
        position = max(position, low)
        stack.append((high, out))
    while stack:
        end, above = stack.pop()
        emit(end, above)
        position = max(position, end + 1)
    return normalise(result)


# --- putting together -----------------------------------------------------------------------------------------


def _matches(draft: _Draft) -> Iterator[Match]:
    services = tuple(_services(draft))
    if not services:
        return
    if draft.either is None:
        if draft.sources and draft.destinations:
            yield Match(draft.family, draft.sources, draft.destinations, services)
        return
    for sources, destinations in (
        (intersect(draft.sources, draft.either), draft.destinations),
        (draft.sources, intersect(draft.destinations, draft.either)),
    ):
        if sources and destinations:
            yield Match(draft.family, sources, destinations, services)


def _services(draft: _Draft) -> Iterator[Service]:
    plain = Service(
        draft.protocols, draft.destination_ports, draft.source_ports, draft.icmp_types, draft.icmp_codes, draft.flags
    )
    if not all(
        (draft.protocols, draft.destination_ports, draft.source_ports, draft.icmp_types, draft.icmp_codes, draft.flags)
    ):
        return
    if draft.either_port is None:
        yield ANY_SERVICE if plain == ANY_SERVICE else plain
        return
    for name, ports_of in (("destination_ports", draft.destination_ports), ("source_ports", draft.source_ports)):
        both = intersect(ports_of, draft.either_port)
        if both:
            yield replace(plain, **{name: both})
