"""What a rule asks, put together option by option: every option narrows it further."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from secaudit.network.filters import Certainty
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    BYTE_MAX,
    IPV4_MAX,
    IPV6_MAX,
    PORT_MAX,
    Intervals,
    complement,
    intersect,
    normalise,
)
from secaudit.network.match_algebra import TooManyMatchesError, intersect_matches, intersect_services, subtract_matches
from secaudit.network.matches import (
    ANY_SERVICE,
    ICMP,
    ICMPV6,
    PROTOCOLS_WITH_PORTS,
    TCP,
    UDP,
    Family,
    Match,
    Service,
    any_address,
    values_with_bits,
)
from secaudit.text.bilingual import Text
from secaudit.vendors.netfilter.ruleset import (
    TRANSLATED_DESTINATION,
    UNTRANSLATED_DESTINATION,
    Condition,
    InterfaceTest,
    State,
)

_MOST = 20_000
_EVERY_SERVICE = (ANY_SERVICE,)
_PORTED: Intervals = normalise((number, number) for number in PROTOCOLS_WITH_PORTS)
_TOO_BIG = Text(
    ja="条件を展開すると大きくなりすぎるため、一致を判断できません",
    en="too complex: the condition is too big when written out",
)


@lru_cache(maxsize=512)
def _of_protocol(number: int, *, negated: bool) -> tuple[Service, ...]:
    own: Intervals = ((number, number),)
    return (Service(complement(own, BYTE_MAX) if negated else own),)


@lru_cache(maxsize=65536)
def _of_ports(protocol: int, sources: Intervals | None, destinations: Intervals | None) -> tuple[Service, ...]:
    """The packets of a protocol with these ports (None: any)."""
    return (Service(((protocol, protocol),), destinations or ANY_PORT, sources or ANY_PORT),)


@dataclass(slots=True)
class Draft:
    """A condition in the making. `or_translated`: packets whose destination was translated match as well as those in `states`."""

    family: Family
    ingress: tuple[InterfaceTest, ...] = ()
    egress: tuple[InterfaceTest, ...] = ()
    states: frozenset[State] | None = None
    or_translated: bool = False
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None
    protocol: int | None = None
    """The one protocol of `-p`, for tests that mean its ports."""
    other_ports: tuple[tuple[str, Intervals], ...] = ()
    """Single ports that a side (a field of `Service`) must not have: see `_without_ports`."""

    _addresses: tuple[Intervals, Intervals] = (ANY_IPV4, ANY_IPV4)
    """Sources and destinations, with `_services`, as long as one match says it."""
    _services: tuple[Service, ...] = _EVERY_SERVICE
    _several: tuple[Match, ...] | None = None
    """Otherwise the matches."""

    def __post_init__(self) -> None:
        if self.family == 6:
            self._addresses = (ANY_IPV6, ANY_IPV6)

    def begin(self, sources: Intervals | None, destinations: Intervals | None, protocol: int | None) -> None:
        """What most rules ask (None: any), of a draft that says nothing yet of addresses and protocols."""
        first, second = self._addresses
        self._addresses = (sources or first, destinations or second)
        if protocol is not None:
            self.protocol = protocol
            self._services = _of_protocol(protocol, negated=False)

    @property
    def matches(self) -> tuple[Match, ...]:
        """The packets that it is about, whatever their interfaces and states are."""
        if self._several is not None:
            return self._several
        return (Match(self.family, *self._addresses, self._services),)

    # --- what narrows it ----------------------------------------------------------------------------------

    def unsure(self, certainty: Certainty, text: Text) -> None:
        """Something that makes it match at times only, or that cannot be told; two such things cannot be told."""
        if certainty is Certainty.ALWAYS:
            return
        self.certainty = certainty if self.certainty is Certainty.ALWAYS else Certainty.UNCERTAIN
        if self.doubt is None or certainty is Certainty.UNCERTAIN:
            self.doubt = text

    def narrow(self, matches: Iterable[Match], *, negated: bool = False) -> None:
        """Only packets that are in one of `matches` (or in none of them)."""
        others = tuple(matches)
        try:
            if negated:
                self._several = subtract_matches(self.matches, others, _MOST)
            else:
                self._several = intersect_matches(self.matches, others, _MOST)
        except TooManyMatchesError:
            self.unsure(Certainty.UNCERTAIN, _TOO_BIG)

    def source(self, values: Intervals, *, negated: bool) -> None:
        """Source addresses."""
        wanted = self._unless(values, negated)
        if self._several is not None:
            self.narrow((Match(self.family, wanted, any_address(self.family)),))
            return
        sources, destinations = self._addresses
        self._between(self._narrowed(sources, wanted), destinations)

    def destination(self, values: Intervals, *, negated: bool) -> None:
        """Destination addresses."""
        wanted = self._unless(values, negated)
        if self._several is not None:
            self.narrow((Match(self.family, any_address(self.family), wanted),))
            return
        sources, destinations = self._addresses
        self._between(sources, self._narrowed(destinations, wanted))

    def _narrowed(self, held: Intervals, wanted: Intervals) -> Intervals:
        return wanted if held is any_address(self.family) else intersect(held, wanted)

    def _between(self, sources: Intervals, destinations: Intervals) -> None:
        self._addresses = (sources, destinations)
        if not (sources and destinations):
            self.never()

    def _unless(self, values: Intervals, negated: bool) -> Intervals:
        return complement(values, IPV4_MAX if self.family == 4 else IPV6_MAX) if negated else values

    def services(self, services: Iterable[Service], *, negated: bool = False) -> None:
        """Protocols and their fields; what lacks a field does not match, whether negated or not."""
        wanted = tuple(services)
        if self._services is _EVERY_SERVICE and wanted and self._several is None and not negated:
            self._services = wanted
            return
        if self._several is not None or negated:
            every = any_address(self.family)
            self.narrow((Match(self.family, every, every, wanted),), negated=negated)
            return
        self._services = intersect_services(self.family, self._services, wanted)
        if not self._services:
            self.never()

    def of_protocol(self, number: int | None, *, negated: bool) -> None:
        """`-p`."""
        if number is None:
            if negated:
                self.never()
            return
        if not negated:
            self.protocol = number
        self.services(_of_protocol(number, negated=negated))

    def ports(self, *, sources: Intervals | None, destinations: Intervals | None, negated: bool) -> None:
        """The ports of multiport; with both given either may match (`--ports`)."""
        if self.protocol is not None and self.protocol not in PROTOCOLS_WITH_PORTS:
            self.unsure(Certainty.UNCERTAIN, _OTHER_PORTS)
            return
        one = sources if destinations is None else destinations if sources is None else None
        if one and self.protocol and self._services is _of_protocol(self.protocol, negated=False) and not negated:
            self._services = _of_ports(self.protocol, sources, destinations)
            return
        options = []
        if sources is not None:
            options.append(Service(_PORTED, source_ports=sources))
        if destinations is not None:
            options.append(Service(_PORTED, destination_ports=destinations))
        if negated:
            self.services((Service(_PORTED),))
        self.services(options, negated=negated)

    def port(self, side: str, values: Intervals, *, negated: bool) -> None:
        """`--sport` or `--dport`, by the field of `Service`; what it must not be waits for the other one (`_without_ports`)."""
        one = len(values) == 1 and values[0][0] == values[0][1]
        if negated and one and self.protocol in (TCP, UDP) and side not in dict(self.other_ports):
            self.other_ports += ((side, values),)
            return
        wanted = complement(values, PORT_MAX) if negated else values
        if side == "source_ports":
            self.ports(sources=wanted, destinations=None, negated=False)
        else:
            self.ports(sources=None, destinations=wanted, negated=False)

    def _without_ports(self) -> None:
        """`! --sport A ! --dport B`: older iptables-nft compares both as one number, so that one that differs is enough.

        (Measured with 1.8.9; mended on netfilter-devel, 13 March 2024; `iptables-legacy` asks for both. The listing is the same.)
        """
        if self.other_ports:
            own: Intervals = ((self.protocol or 0, self.protocol or 0),)
            self.services((Service(own),))
            self.services((Service(own, **dict(self.other_ports)),), negated=True)
        if len(self.other_ports) > 1:
            self.unsure(Certainty.UNCERTAIN, _EITHER_PORT)

    def icmp(self, types: Intervals, codes: Intervals, *, negated: bool) -> None:
        """`--icmp-type`."""
        number = ICMP if self.family == 4 else ICMPV6
        own: Intervals = ((number, number),)
        if negated:
            self.services((Service(own),))
        self.services((Service(own, icmp_types=types, icmp_codes=codes),), negated=negated)

    def tcp_flags(self, mask: int, wanted: int, *, negated: bool) -> None:
        """`--tcp-flags`: all flags of the mask are as wanted. One that is wanted but not looked at never is."""
        values = () if wanted & ~mask else values_with_bits(wanted, mask)
        if negated:
            values = complement(values, BYTE_MAX)
        if values:
            self.services((Service(((TCP, TCP),), tcp_flags=values),))
        else:
            self.never()

    def in_states(self, states: frozenset[State], *, translated: bool, negated: bool) -> None:
        """`--ctstate`; `translated`: DNAT is among them."""
        if negated:
            states = frozenset(State) - states
            if translated:
                self._marked(UNTRANSLATED_DESTINATION)
            translated = False
        elif translated and not states:
            self._marked(TRANSLATED_DESTINATION)
            states = frozenset(State)
            translated = False
        self.states = states if self.states is None else self.states & states
        self.or_translated = translated

    def _marked(self, marks: Intervals) -> None:
        every = any_address(self.family)
        self.narrow((Match(self.family, every, every, marks=marks),))

    def never(self) -> None:
        """It cannot match any packet."""
        self._several = ()

    # --- the result ---------------------------------------------------------------------------------------

    def conditions(self) -> tuple[Condition, ...]:
        """Usually one; the rule acts where any of them holds."""
        self._without_ports()
        first = Condition(self.ingress, self.egress, self.matches, self.states, self.certainty, self.doubt)
        if not self.or_translated:
            return (first,)
        self._marked(TRANSLATED_DESTINATION)
        second = Condition(self.ingress, self.egress, self.matches, frozenset(State), self.certainty, self.doubt)
        return first, second


_EITHER_PORT = Text(
    ja="`! --sport` と `! --dport` の併用は、古い iptables-nft（1.8.9 で確認）では片方のポートが異なるだけで一致します",
    en="`! --sport` with `! --dport`: to older versions of iptables-nft (seen with 1.8.9) one port that differs is enough",
)
_OTHER_PORTS = Text(
    ja="このプロトコルのポート番号の条件は判断できません",
    en="a test of the ports of this protocol cannot be told",
)
