"""The words of a rule as a condition and a target (iptables(8), iptables-extensions(8), version 1.8.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from secaudit.network.filters import Certainty
from secaudit.network.interfaces import IPInterface
from secaudit.network.intervals import (
    Intervals,
    normalise,
)
from secaudit.network.matches import PROTOCOLS_WITH_PORTS, Family, Match, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.iptables import values
from secaudit.vendors.iptables.conditions import Draft
from secaudit.vendors.iptables.extensions import extensions
from secaudit.vendors.iptables.ipsets import IpSets
from secaudit.vendors.iptables.sections import Quoted
from secaudit.vendors.netfilter.address_types import addresses_of_type
from secaudit.vendors.netfilter.ruleset import InterfaceTest, State

_UNREAD = Text(
    ja="読み取れない条件があり、一致するかどうかを判断できません",
    en="a condition was not understood, so whether the rule matches cannot be told",
)
_STATUS = Text(
    ja="接続追跡の詳しい条件は判断できません",
    en="a detailed condition on connection tracking cannot be told",
)
_ADDRESS_TYPE = Text(
    ja="アドレスの種類の条件は、機器のアドレスや経路が分からないため判断できません",
    en="a test of the kind of an address cannot be told without the addresses and routes of the host",
)
_STATES = {
    "NEW": State.NEW,
    "ESTABLISHED": State.ESTABLISHED,
    "RELATED": State.RELATED,
    "INVALID": State.INVALID,
    "UNTRACKED": State.UNTRACKED,
}
_TARGET_OPTIONS = frozenset(("-j", "--jump", "-g", "--goto"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule's words depend on: the family of its table, the sets of the file, the host's addresses (None = not shown)."""

    family: Family
    sets: IpSets
    own: tuple[IPInterface, ...] | None


@dataclass(slots=True)
class Parsed:
    """A rule's words. `target` is None when it has none; `unread` holds when something was not understood."""

    draft: Draft
    target: str | None = None
    goto: bool = False
    arguments: Sequence[str] = ()
    comment: str = ""
    unread: bool = False
    sources: list[SourceLine] = field(default_factory=list)
    """Lines of the sets that it names."""


def parse(words: Sequence[str], surroundings: Surroundings) -> Parsed:
    """Never raises: what is not understood makes the condition uncertain and `unread` true."""
    reading = _Reading(words, surroundings)
    reading.run()
    return reading.parsed


class _Reading:
    __slots__ = ("_around", "_at", "_draft", "_handlers", "_module", "_words", "parsed")

    def __init__(self, words: Sequence[str], surroundings: Surroundings) -> None:
        self._words = words
        self._at = 0
        self._around = surroundings
        self._module = ""
        self._handlers = _HANDLERS[""]
        self.parsed = Parsed(Draft(surroundings.family))
        self._draft = self.parsed.draft

    def run(self) -> None:
        """All words."""
        words = self._words
        self._usual()
        while self._at < len(words):
            option = words[self._at]
            negated = option == "!" and type(option) is not Quoted
            if negated:
                self._at += 1
                if self._at >= len(words):
                    self._not_understood()
                    return
                option = words[self._at]
            self._at += 1
            handler = None if type(option) is Quoted else self._handlers.get(option)
            try:
                if handler is not None:
                    if self._is("!"):  # the older place of the negation: `-s ! 10.0.0.0/8`
                        self._at += 1
                        negated = not negated
                    handler(self, negated)
                elif option in _TARGET_OPTIONS and type(option) is not Quoted and not negated:
                    self._target(option)
                    return
                else:
                    self._other(option, negated=negated)
            except (ValueError, IndexError):
                self._not_understood()

    def _usual(self) -> None:
        """The options that nearly all rules have, each once and not negated; `run` goes on where something else stands."""
        words, family, draft = self._words, self._around.family, self._draft
        sources = destinations = ports = protocol = None
        port = ""
        at, end = 0, len(words) - 1
        try:
            while at < end:
                option, value = words[at], words[at + 1]
                if type(option) is Quoted or value == "!":
                    break
                if option == "-s" and sources is None:
                    sources = values.addresses(value, family)
                elif option == "-d" and destinations is None:
                    destinations = values.addresses(value, family)
                elif option == "-p" and protocol is None:
                    protocol = values.protocol(value)
                elif option == "-m" and (handlers := _harmless(value)) is not None:
                    self._module, self._handlers = value, handlers
                elif option in _PORT_OPTIONS and protocol in PROTOCOLS_WITH_PORTS and ports is None:
                    port, ports = option, values.ports(value)
                elif option == "-j":
                    self._at = at + 1
                    self._target(option)
                    at = len(words)
                    break
                elif option == "-i":
                    draft.ingress += (_interface(value, False),)
                elif option == "-o":
                    draft.egress += (_interface(value, False),)
                else:
                    break
                at += 2
        except ValueError:
            pass  # `run` meets it again and tells it
        self._at = at
        draft.begin(sources, destinations, protocol)
        if ports is not None:
            draft.port(_PORT_OPTIONS[port], ports, negated=False)

    def _is(self, text: str) -> bool:
        if self._at >= len(self._words):
            return False
        word = self._words[self._at]
        return word == text and type(word) is not Quoted

    def _target(self, option: str) -> None:
        if self._at >= len(self._words):
            self._not_understood()
            return
        self.parsed.target = str(self._words[self._at])
        self.parsed.goto = option in ("-g", "--goto")
        self.parsed.arguments = self._words[self._at + 1 :]

    def _other(self, option: str, *, negated: bool) -> None:
        if type(option) is Quoted or not option.startswith("-"):
            self._not_understood()
        elif option in ("-m", "--match"):
            self._match_module()
        else:
            self._skip(negated=negated)

    def _match_module(self) -> None:
        name = self._next()
        self._module = name
        self._handlers = _HANDLERS.get(name, _HANDLERS[""])
        effect = extensions().matches.get(name)
        if effect is not None:
            if name != "recent":
                self._draft.unsure(effect.certainty, effect.text)
        elif name not in _READ_MODULES:
            self._not_understood()

    def _skip(self, *, negated: bool) -> None:
        """An option of a match that is not read in detail: its module has said what that means."""
        effect = extensions().matches.get(self._module)
        known = effect is not None and effect.certainty is not Certainty.ALWAYS
        if not known:
            self._not_understood()
        elif negated and effect is not None and self._module != "recent":
            self._draft.unsure(effect.certainty, effect.text)
        while self._at < len(self._words):
            word = self._words[self._at]
            if type(word) is not Quoted and (word == "!" or (word.startswith("-") and len(word) > 1)):
                return
            self._at += 1

    def _not_understood(self) -> None:
        self.parsed.unread = True
        self._draft.unsure(Certainty.UNCERTAIN, _UNREAD)

    def _next(self) -> str:
        if self._at >= len(self._words):
            raise ValueError("a value is missing")
        self._at += 1
        return str(self._words[self._at - 1])

    # --- iptables itself ----------------------------------------------------------------------------------

    def protocol(self, negated: bool) -> None:
        self._draft.of_protocol(values.protocol(self._next()), negated=negated)

    def source(self, negated: bool) -> None:
        self._draft.source(values.addresses(self._next(), self._around.family), negated=negated)

    def destination(self, negated: bool) -> None:
        self._draft.destination(values.addresses(self._next(), self._around.family), negated=negated)

    def ingress(self, negated: bool) -> None:
        self._draft.ingress += (_interface(self._next(), negated),)

    def egress(self, negated: bool) -> None:
        self._draft.egress += (_interface(self._next(), negated),)

    def fragment(self, negated: bool) -> None:
        """`-f`: the second and later fragments. A flow begins with a packet that has its whole header, so they are not asked about."""
        if not negated:
            self._draft.never()

    # --- protocols ----------------------------------------------------------------------------------------

    def source_port(self, negated: bool) -> None:
        self._draft.port("source_ports", values.ports(self._next()), negated=negated)

    def destination_port(self, negated: bool) -> None:
        self._draft.port("destination_ports", values.ports(self._next()), negated=negated)

    def source_ports(self, negated: bool) -> None:
        self._draft.ports(sources=values.ports(self._next()), destinations=None, negated=negated)

    def destination_ports(self, negated: bool) -> None:
        self._draft.ports(sources=None, destinations=values.ports(self._next()), negated=negated)

    def either_ports(self, negated: bool) -> None:
        ports = values.ports(self._next())
        self._draft.ports(sources=ports, destinations=ports, negated=negated)

    def flags(self, negated: bool) -> None:
        self._draft.tcp_flags(*values.tcp_flags(self._next(), self._next()), negated=negated)

    def syn(self, negated: bool) -> None:
        self._draft.tcp_flags(*values.tcp_flags("FIN,SYN,RST,ACK", "SYN"), negated=negated)

    def icmp_type(self, negated: bool) -> None:
        self._draft.icmp(*values.icmp_type(self._next(), self._around.family), negated=negated)

    # --- connection tracking ------------------------------------------------------------------------------

    def state(self, negated: bool) -> None:
        names = self._next().split(",")
        states = frozenset(_STATES[name] for name in names if name in _STATES)
        unknown = set(names) - set(_STATES) - {"DNAT"}
        if unknown:
            # SNAT, or a name nobody knows: the states are as wide as they may be
            self._draft.unsure(Certainty.UNCERTAIN, _STATUS)
            self._draft.in_states(frozenset(State), translated=False, negated=False)
            return
        self._draft.in_states(states, translated="DNAT" in names, negated=negated)

    def connection_protocol(self, negated: bool) -> None:
        self._draft.of_protocol(values.protocol(self._next()), negated=negated)
        self._draft.in_states(_TRACKED, translated=False, negated=False)

    def connection_direction(self, negated: bool) -> None:
        reply = (self._next().upper() == "REPLY") != negated
        if reply:
            self._draft.in_states(frozenset((State.ESTABLISHED, State.RELATED)), translated=False, negated=False)
        else:
            self._draft.in_states(_TRACKED, translated=False, negated=False)
            self._draft.unsure(Certainty.UNCERTAIN, _STATUS)

    def connection_detail(self, negated: bool) -> None:
        self._next()
        self._draft.in_states(frozenset(State), translated=False, negated=False)
        self._draft.unsure(Certainty.UNCERTAIN, _STATUS)

    # --- addresses ----------------------------------------------------------------------------------------

    def source_range(self, negated: bool) -> None:
        self._draft.source((values.address_range(self._next(), self._around.family),), negated=negated)

    def destination_range(self, negated: bool) -> None:
        self._draft.destination((values.address_range(self._next(), self._around.family),), negated=negated)

    def match_set(self, negated: bool) -> None:
        name, sides = self._next(), self._next().split(",")
        found = self._around.sets.match(name, sides, self._around.family)
        self.parsed.sources += found.sources
        if found.doubt is not None:
            self._draft.unsure(Certainty.UNCERTAIN, found.doubt)
            if negated:
                return
        self._draft.narrow(found.matches, negated=negated)

    def source_type(self, negated: bool) -> None:
        self._address_type(source=True, negated=negated)

    def destination_type(self, negated: bool) -> None:
        self._address_type(source=False, negated=negated)

    def _address_type(self, *, source: bool, negated: bool) -> None:
        """LOCAL, BROADCAST and MULTICAST follow from the host's addresses; what else is asked depends on its routes."""
        family = self._around.family
        chosen: list[Intervals] = []
        for name in self._next().split(","):
            known = addresses_of_type(name.lower(), family, self._around.own)
            if known is None:
                self._draft.unsure(Certainty.UNCERTAIN, _ADDRESS_TYPE)
                return
            chosen.append(known)
        union = normalise(pair for one in chosen for pair in one)
        every = any_address(family)
        self._draft.narrow(
            (Match(family, union, every) if source else Match(family, every, union),) if union else (), negated=negated
        )

    # --- others -------------------------------------------------------------------------------------------

    def comment(self, negated: bool) -> None:
        self.parsed.comment = self._next()

    def bridged(self, negated: bool) -> None:
        """`--physdev-is-bridged`: frames that a bridge passes on; what is routed never is (and the model has routed packets only)."""
        if not negated:
            self._draft.never()

    def bridge_port(self, negated: bool) -> None:
        self._next()
        self._draft.unsure(Certainty.UNCERTAIN, _UNREAD_PORT)

    def bridge_side(self, negated: bool) -> None:
        self._draft.unsure(Certainty.UNCERTAIN, _UNREAD_PORT)

    def recent_set(self, negated: bool) -> None:
        """`recent --set` always matches; every other command depends on what was seen."""
        if negated:
            self.recent_check(negated)

    def recent_check(self, negated: bool) -> None:
        effect = extensions().matches["recent"]
        self._draft.unsure(effect.certainty, effect.text)


_TRACKED = frozenset((State.NEW, State.ESTABLISHED, State.RELATED))
_UNREAD_PORT = Text(
    ja="ブリッジのポートの条件は判断できません",
    en="a test of the port of a bridge cannot be told",
)


_PORT_OPTIONS = {"--dport": "destination_ports", "--sport": "source_ports"}


@lru_cache(maxsize=512)
def _harmless(name: str) -> Mapping[str, _Handler] | None:
    """The options of a module that asks nothing by itself; None for one that does, or that is not known."""
    effect = extensions().matches.get(name)
    if name in _READ_MODULES if effect is None else effect.certainty is Certainty.ALWAYS:
        return _HANDLERS.get(name, _HANDLERS[""])
    return None


@lru_cache(maxsize=1024)
def _interface(name: str, negated: bool) -> InterfaceTest:
    """`eth+` means every name that begins with `eth`."""
    pattern = name[:-1] + "*" if name.endswith("+") else name
    return InterfaceTest(frozenset((pattern,)), negated)


_Handler = Callable[[_Reading, bool], None]
_READ_MODULES = frozenset(("multiport", "state", "conntrack", "iprange", "set", "addrtype", "physdev"))
_OPTIONS: Mapping[str, tuple[tuple[str, _Handler], ...]] = {
    "": (
        ("-p --protocol", _Reading.protocol),
        ("-s --source --src", _Reading.source),
        ("-d --destination --dst", _Reading.destination),
        ("-i --in-interface", _Reading.ingress),
        ("-o --out-interface", _Reading.egress),
        ("-f --fragment", _Reading.fragment),
        ("--sport --source-port", _Reading.source_port),
        ("--dport --destination-port", _Reading.destination_port),
        ("--tcp-flags", _Reading.flags),
        ("--syn", _Reading.syn),
        ("--icmp-type --icmpv6-type", _Reading.icmp_type),
        ("--comment", _Reading.comment),
    ),
    "multiport": (
        ("--sports --source-ports", _Reading.source_ports),
        ("--dports --destination-ports", _Reading.destination_ports),
        ("--ports", _Reading.either_ports),
    ),
    "state": (("--state", _Reading.state),),
    "conntrack": (
        ("--ctstate", _Reading.state),
        ("--ctproto", _Reading.connection_protocol),
        ("--ctdir", _Reading.connection_direction),
        (
            "--ctorigsrc --ctorigdst --ctreplsrc --ctrepldst --ctorigsrcport --ctorigdstport --ctreplsrcport --ctrepldstport --ctstatus --ctexpire",
            _Reading.connection_detail,
        ),
    ),
    "iprange": (("--src-range", _Reading.source_range), ("--dst-range", _Reading.destination_range)),
    "set": (("--match-set", _Reading.match_set),),
    "addrtype": (("--src-type", _Reading.source_type), ("--dst-type", _Reading.destination_type)),
    "physdev": (
        ("--physdev-is-bridged", _Reading.bridged),
        ("--physdev-in --physdev-out", _Reading.bridge_port),
        ("--physdev-is-in --physdev-is-out", _Reading.bridge_side),
    ),
    "recent": (
        ("--set", _Reading.recent_set),
        ("--rcheck --update --remove", _Reading.recent_check),
    ),
}
_HANDLERS: Mapping[str, Mapping[str, _Handler]] = {
    module: {name: handler for names, handler in (*_OPTIONS[""], *entries) for name in names.split()}
    for module, entries in _OPTIONS.items()
}
"""By module (the last one that the rule named), its options and those that need none."""
