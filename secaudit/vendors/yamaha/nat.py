"""Reads NAT descriptors and turns those applied to interfaces into NAT rules (YA-70..YA-73, command reference 23).

Outbound a packet is filtered before it is translated, inbound after (YA-70): see `assembly.PIPELINE`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import ANY_IPV4, IPV4_MAX, Interval, Intervals, complement, normalise, of_network
from secaudit.network.matches import ANY_SERVICE, TCP, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.yamaha.addresses import ipv4_range
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import RULE_BUDGET, Draft, InterfaceDraft, NatUse, Outcome, number_of, numbers_of
from secaudit.vendors.yamaha.nat_entries import Forward, OneToOne, parse_forward, parse_one_to_one
from secaudit.vendors.yamaha.table import Handler

_HIGHEST_DESCRIPTOR = 2147483647
_TYPES = ("none", "nat", "masquerade", "nat-masquerade")
_NAMED_OUTER = (("ipcp",), ("primary",), ("secondary",), ("map-e",), ("hb46pp",))
_MASQUERADE_PORTS: Interval = (1, 65535)
_MOST_DESCRIPTORS = 16
"""Descriptors that one interface can have (23.2)."""

_REVERSE = Text(
    ja="reverse 指定のNATディスクリプタはモデル化していません",
    en="NAT descriptors after `reverse` are not modelled",
)
_TOO_MANY = Text(
    ja="NATの規則が多すぎるため展開していません",
    en="there are too many NAT rules to write them out",
)
_HAIRPIN = Text(
    ja="ヘアピンNATにより、内側から外側アドレス宛ての通信が内側へ折り返されます。モデル化していません",
    en="hairpin NAT turns packets from inside to an outer address back inside; it is not modelled",
)
_DYNAMIC_INBOUND = Text(
    ja="動的NATの割当てがある間だけ、外側アドレス宛ての通信が内側の端末に届きます",
    en="only while a dynamic binding exists do packets to an outer address reach the inside",
)
_REFUSED = Text(
    ja="IPマスカレードの変換テーブルにない外側からの通信は破棄されます（nat descriptor masquerade incoming）。複数のディスクリプタがある場合などの動作までは確かめられません",
    en="what comes from outside and is in no table of the masquerade is dropped (`nat descriptor masquerade incoming`); how several descriptors act together is not documented",
)
_WELL_KNOWN_TCP = Service(((TCP, TCP),), ((0, 1023),))
"""What `through` drops nevertheless (23.10)."""
_SECONDARY = Text(
    ja="外側アドレスに secondary が指定されていますが、セカンダリアドレスが設定されていません",
    en="the outer address is `secondary`, but no secondary address is set",
)


def _use(command: Command, draft: Draft) -> Outcome:
    """`ip IF nat descriptor N.. [reverse N..]`."""
    words = command.words
    name = draft.interface_name(words[1], command)
    if name is None:
        return Outcome.UNREAD
    interface = draft.interface(name)
    if command.negated:
        interface.nat = None
        return Outcome.USED
    position = words.index("reverse") if "reverse" in words else len(words)
    numbers = numbers_of(words[4:position], _HIGHEST_DESCRIPTOR)
    reverse = numbers_of(words[position + 1 :], _HIGHEST_DESCRIPTOR)
    if numbers is None or reverse is None or not (numbers or reverse):
        return Outcome.UNREAD
    interface.nat = NatUse(numbers, reverse, command.sources)
    return Outcome.USED


def _setting(command: Command, draft: Draft) -> Outcome:
    """A line of a descriptor: kept by its key, so that a later line with the same key replaces it."""
    found = _place(command.words)
    if found is None:
        return Outcome.UNREAD
    number, key = found
    settings = draft.descriptors.setdefault(number, {})
    if command.negated:
        settings.pop(key, None)
        return Outcome.USED
    if not _is_valid(command.words, key):
        return Outcome.UNREAD
    settings[key] = command
    return Outcome.USED


def _place(words: tuple[str, ...]) -> tuple[int, str] | None:
    """The descriptor number of a line, and the key under which it is kept."""
    kind = words[2:4]
    if words[2] == "type" and len(words) > 3:
        number, key = number_of(words[3], _HIGHEST_DESCRIPTOR), "type"
    elif kind in (("address", "outer"), ("address", "inner"), ("masquerade", "incoming")) and len(words) > 4:
        number, key = number_of(words[4], _HIGHEST_DESCRIPTOR), kind[1]
    elif words[2] == "static" and len(words) > 4:
        number, key = number_of(words[3], _HIGHEST_DESCRIPTOR), f"static {words[4]}"
    elif kind == ("masquerade", "static") and len(words) > 5:
        number, key = number_of(words[4], _HIGHEST_DESCRIPTOR), f"forward {words[5]}"
    else:
        return None
    return None if number is None else (number, key)


def _is_valid(words: tuple[str, ...], key: str) -> bool:
    if key == "type":
        return len(words) > 4 and words[4] in _TYPES
    if key == "outer":
        return words[5:] in _NAMED_OUTER or bool(_ranges(words[5:]))
    if key == "inner":
        return words[5:] == ("auto",) or bool(_ranges(words[5:]))
    if key == "incoming":
        if words[5:6] == ("forward",):
            return len(words) == 7 and ipv4_range(words[6]) is not None
        return words[5:] in (("reject",), ("discard",), ("through",))
    if key.startswith("static "):
        return parse_one_to_one(words[5:]) is not None
    return bool(parse_forward(words[6:]))


def _ranges(words: tuple[str, ...]) -> list[Interval]:
    """`A`, `A-B` and several of them; empty when one is not understood."""
    found = [ipv4_range(word) for word in words]
    return [] if None in found else [item for item in found if item is not None]


@dataclass(frozen=True, slots=True)
class _Outer:
    """The outer addresses of a descriptor on its interface; `pool` is None where the file does not tell them."""

    pool: tuple[Interval, ...] | None
    destinations: Intervals
    uncertain: Text | None = None

    @property
    def first(self) -> Translation:
        """Masquerade uses the first outer address only (23.4)."""
        if self.pool is None:
            return Translation(TranslationKind.INTERFACE, ports=_MASQUERADE_PORTS)
        address = self.pool[0][0]
        return Translation(TranslationKind.POOL, (address, address), _MASQUERADE_PORTS)

    @property
    def hull(self) -> Interval | None:
        """The smallest interval around the whole pool."""
        return None if self.pool is None else (min(self.pool)[0], max(high for _, high in self.pool))


def build_nat_rules(draft: Draft) -> tuple[NatRule, ...]:
    """The rules of every descriptor that is applied to an interface, in the order of its list."""
    rules: list[NatRule] = []
    elsewhere = _unconnected(draft)
    for interface in draft.interfaces.values():
        if interface.nat is None:
            continue
        if interface.nat.reverse:
            draft.doubt(DoubtKind.UNSUPPORTED, _REVERSE, interface.nat.sources, frozenset({interface.name}))
        for number in dict.fromkeys(interface.nat.numbers):
            if len(rules) > RULE_BUDGET:
                draft.doubt(DoubtKind.TOO_COMPLEX, _TOO_MANY, interface.nat.sources)
                return tuple(rules)
            rules += _descriptor(draft, interface, interface.nat, number, elsewhere)
    return tuple(rules)


def incoming_refusals(draft: Draft) -> Iterator[FilterLine]:
    """What masquerade does with packets for its outer address that no entry is for (23.10): `reject` when no line says otherwise.

    They would be for the router itself, so the lines belong in front of the filter for its own services. They are uncertain: such a
    drop is never relied on.
    """
    elsewhere = _unconnected(draft)
    for interface in draft.interfaces.values():
        numbers = () if interface.nat is None else interface.nat.numbers
        for number in dict.fromkeys(numbers[:_MOST_DESCRIPTORS]):
            settings = draft.descriptors.get(number, {})
            kind = settings.get("type")
            if interface.nat is None or kind is None or kind.words[4] not in ("masquerade", "nat-masquerade"):
                continue
            incoming = settings.get("incoming")
            action = "reject" if incoming is None else incoming.words[5]
            if action == "forward":
                continue
            descriptor = _Descriptor(interface, interface.nat, number, settings, elsewhere)
            service = _WELL_KNOWN_TCP if action == "through" else ANY_SERVICE
            yield FilterLine(
                f"nat {number} masquerade incoming",
                Action.DENY,
                (Match(4, ANY_IPV4, descriptor.outer_destinations, (service,)),),
                descriptor.sources_of(incoming),
                Certainty.UNCERTAIN,
                _REFUSED,
                ingress=frozenset({interface.name}),
            )


def _unconnected(draft: Draft) -> Intervals:
    """The addresses outside every connected network: an outer address that the file does not tell is one of them."""
    connected = [
        of_network(address.address.network)
        for interface in draft.interfaces.values()
        for address in interface.addresses.values()
        if address.address.version == 4
    ]
    return complement(normalise(connected), IPV4_MAX)


def _descriptor(
    draft: Draft, interface: InterfaceDraft, use: NatUse, number: int, elsewhere: Intervals
) -> Iterator[NatRule]:
    settings = draft.descriptors.get(number, {})
    kind = settings.get("type")
    if kind is None or kind.words[4] == "none":
        text = Text(
            ja=f"{interface.name} に適用されたNATディスクリプタ {number} は種別が設定されておらず、働きません",
            en=f"the NAT descriptor {number} on {interface.name} has no type and does nothing",
        )
        draft.note(NoticeKind.INACTIVE, text, use.sources)
        return
    if "hairpin=on" in kind.words:
        draft.doubt(DoubtKind.UNSUPPORTED, _HAIRPIN, kind.sources)
    yield from _Descriptor(interface, use, number, settings, elsewhere).rules()


class _Descriptor:
    """One descriptor on one interface."""

    def __init__(
        self, interface: InterfaceDraft, use: NatUse, number: int, settings: Mapping[str, Command], elsewhere: Intervals
    ) -> None:
        self._interface = interface
        self._number = number
        self._settings = settings
        self._interfaces = frozenset({interface.name})
        self._kind = settings["type"].words[4]
        self._base: Sources = (*settings["type"].sources, *use.sources)
        self._elsewhere = elsewhere
        self._outer = self._find_outer()
        inner = settings.get("inner")
        self._inner: Intervals = ANY_IPV4
        if inner is not None and inner.words[5] != "auto":
            self._inner = normalise(_ranges(inner.words[5:]))

    def _find_outer(self) -> _Outer:
        words = self._settings["outer"].words[5:] if "outer" in self._settings else ("ipcp",)
        pool = tuple(_ranges(words))
        if pool:
            return _Outer(pool, normalise(pool))
        key = "secondary" if words[0] == "secondary" else "address"
        address = self._interface.addresses.get(key)
        if address is not None and key not in self._interface.dynamic:
            number = int(address.address.ip)
            return _Outer(((number, number),), ((number, number),))
        destinations = ANY_IPV4 if self._interface.addresses else self._elsewhere
        return _Outer(None, destinations, _SECONDARY if key == "secondary" else None)

    def rules(self) -> Iterator[NatRule]:
        """Fixed entries before dynamic ones, in both directions."""
        forwards = self._entries("forward ")
        fixed = self._entries("static ")
        for entry_id, command in fixed:
            entry = parse_one_to_one(command.words[5:])
            if entry is not None:
                yield from self._one_to_one(entry_id, entry, command)
        if self._kind != "nat":
            for entry_id, command in forwards:
                for forward in parse_forward(command.words[6:]):
                    yield from self._forward(entry_id, forward, command)
            yield from self._default_host()
        yield from self._dynamic()

    def _entries(self, prefix: str) -> list[tuple[str, Command]]:
        return [(key[len(prefix) :], command) for key, command in self._settings.items() if key.startswith(prefix)]

    def sources_of(self, *commands: Command | None) -> Sources:
        """The lines of some commands, and those that apply the descriptor."""
        lines = [line for command in commands if command is not None for line in command.sources]
        return (*lines, *self._base)

    def _one_to_one(self, entry_id: str, entry: OneToOne, command: Command) -> Iterator[NatRule]:
        label = f"nat {self._number} static {entry_id}"
        sources = self.sources_of(command)
        yield NatRule(
            label,
            NatStage.INGRESS,
            (Match(4, ANY_IPV4, (entry.outer,)),),
            sources,
            self._interfaces,
            destination=Translation(TranslationKind.SHIFT, entry.inner),
        )
        yield NatRule(
            label,
            NatStage.EGRESS,
            (Match(4, (entry.inner,), ANY_IPV4),),
            sources,
            self._interfaces,
            source=Translation(TranslationKind.SHIFT, entry.outer),
        )

    def _forward(self, entry_id: str, forward: Forward, command: Command) -> Iterator[NatRule]:
        label = f"nat {self._number} masquerade static {entry_id}"
        sources = self.sources_of(command, self._settings.get("outer"))
        inner = (forward.host, forward.host)
        protocol = (forward.protocol, forward.protocol)
        outside, inside = forward.outer_ports, forward.inner_ports
        incoming = Service((protocol,)) if outside is None else Service((protocol,), (outside,))
        returning = Service((protocol,)) if inside is None else Service((protocol,), source_ports=(inside,))
        moved = inside is not None and inside != outside
        yield NatRule(
            label,
            NatStage.INGRESS,
            (Match(4, ANY_IPV4, self.outer_destinations, (incoming,)),),
            sources,
            self._interfaces,
            destination=Translation(TranslationKind.POOL, inner, inside if moved else None, moved),
            uncertain=self._outer.uncertain,
        )
        address = self._outer.first
        yield NatRule(
            label,
            NatStage.EGRESS,
            (Match(4, (inner,), ANY_IPV4, (returning,)),),
            sources,
            self._interfaces,
            source=Translation(address.kind, address.addresses, outside if moved else None, moved),
            uncertain=self._outer.uncertain,
        )

    @property
    def outer_destinations(self) -> Intervals:
        """The outer address of masquerade; when the file does not tell it, every address that is not elsewhere."""
        if self._outer.pool is None:
            return self._outer.destinations
        first = self._outer.pool[0][0]
        return ((first, first),)

    def _default_host(self) -> Iterator[NatRule]:
        """`masquerade incoming N forward IP`: everything that no entry took goes to one host (YA-71)."""
        command = self._settings.get("incoming")
        if command is None or command.words[5] != "forward":
            return
        target = ipv4_range(command.words[6])
        yield NatRule(
            f"nat {self._number} masquerade incoming",
            NatStage.INGRESS,
            (Match(4, ANY_IPV4, self.outer_destinations),),
            self.sources_of(command, self._settings.get("outer")),
            self._interfaces,
            destination=Translation(TranslationKind.POOL, target),
            uncertain=self._outer.uncertain,
        )

    def _dynamic(self) -> Iterator[NatRule]:
        label = f"nat {self._number} {self._kind}"
        sources = self.sources_of(self._settings.get("outer"), self._settings.get("inner"))
        hull = self._outer.hull
        if self._kind != "masquerade":
            yield NatRule(
                label,
                NatStage.INGRESS,
                (Match(4, ANY_IPV4, self._outer.destinations),),
                sources,
                self._interfaces,
                destination=Translation(TranslationKind.POOL, (self._inner[0][0], self._inner[-1][1])),
                uncertain=_DYNAMIC_INBOUND,
            )
        if self._kind == "masquerade" or hull is None:
            translation = self._outer.first
        else:
            ports = None if self._kind == "nat" else _MASQUERADE_PORTS
            translation = Translation(TranslationKind.POOL, hull, ports)
        yield NatRule(
            label,
            NatStage.EGRESS,
            (Match(4, self._inner, ANY_IPV4),),
            sources,
            self._interfaces,
            source=translation,
            uncertain=self._outer.uncertain,
        )


HANDLERS: Mapping[str, Handler] = {
    "ip * nat descriptor": _use,
    "nat descriptor type": _setting,
    "nat descriptor address outer|inner": _setting,
    "nat descriptor masquerade static|incoming": _setting,
    "nat descriptor static": _setting,
}
