"""Access lists where they are applied: on ports, on link aggregations, and on VLANs by access maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import whole_number
from secaudit.vendors.yamaha_swx.access_lists import AccessList
from secaudit.vendors.yamaha_swx.interfaces import InterfaceFacts

_EVERYTHING = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
_MOST_SUSPECTS = 50
_ON_A_PORT = Text(
    ja="ポートに適用されたアクセスリストが通信を破棄することがあります（どのポートを通るかは設定から決まりません）",
    en="an access list on a port may drop packets (by which port they come or go, the configuration does not tell)",
)
_QUALITY = Text(
    ja="QoS（優先制御・帯域制限）の設定で、通信の許可・拒否には影響しません",
    en="quality of service only; permits and denies nothing",
)
_RANGE_OUT = Text(
    ja="ポート番号の範囲（range）を含むアクセスリストは送信側に適用できないため、働いているか確かめられません",
    en="a list with a range of ports cannot be applied to what goes out, so whether it is in force is not certain",
)
_TWICE = Text(
    ja="同じVLANに2つの vlan filter があり、どちらが有効か確かめられません",
    en="two `vlan filter` lines are for one VLAN, and which of them is in force is not confirmed",
)
_MAP_UNREAD = Text(
    ja="VLANアクセスマップを読み取れないため、何を許可・拒否するか分かりません",
    en="the VLAN access map was not understood: it could permit or deny anything",
)


@dataclass(slots=True)
class _Map:
    """`vlan access-map NAME`: the lists that it matches; not `readable` when it says something else as well."""

    definition: SourceLine
    numbers: list[tuple[int, SourceLine]] = field(default_factory=list)
    readable: bool = True


@dataclass(slots=True)
class AppliedFilters:
    """Builds the filters of the VLAN interfaces. `used` are the lists that something names."""

    lists: Mapping[int, AccessList]
    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    filters: dict[str, Filter] = field(default_factory=dict)
    in_and_out: dict[tuple[str, str], str] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    of_classes: set[int] = field(default_factory=set)
    """The lists that classes of traffic name."""
    _maps: dict[str, _Map] = field(default_factory=dict)
    _suspects: Sources = ()
    """Lines of ports that were not understood and may apply a list."""
    _by_vlan: dict[tuple[int, str], tuple[str, SourceLine]] = field(default_factory=dict)
    _twice: dict[tuple[int, str], list[SourceLine]] = field(default_factory=dict)
    """The lines that apply a map where another one was applied before."""

    def access_map(self, node: Node) -> None:
        """`vlan access-map NAME` with ` match access-list ID` below."""
        if len(node.words) < 3:
            self.ledger.leave(node)
            return
        found = self._maps.setdefault(node.words[2], _Map(node.line))
        self.ledger.use(node)
        for child in node.children:
            try:
                if child.keys[:2] != ("match", "access-list") or len(child.keys) != 3:
                    raise NotUnderstoodError(" ".join(child.keys))
                found.numbers.append((whole_number(child.words[2], 1, 4000), child.line))
                self.ledger.use_all(child)
            except NotUnderstoodError:
                found.readable = False
                self.ledger.leave_line(child.line)
                for below in child.below():
                    self.ledger.leave_line(below.line)

    def vlan_filter(self, node: Node) -> None:
        """`vlan filter NAME VLAN [in|out]`; frames that come in when no direction is written."""
        direction = node.keys[4] if len(node.keys) > 4 else "in"
        try:
            if not 4 <= len(node.keys) <= 5 or direction not in ("in", "out") or node.children:
                raise NotUnderstoodError(direction)
            vlan = whole_number(node.words[3], 1, 4094)
        except NotUnderstoodError:
            self.ledger.leave(node)
            return
        previous = self._by_vlan.get((vlan, direction))
        if previous is not None:
            text = Text(
                ja=f"VLAN {vlan} の {direction} に2つの vlan filter があり、後の行が前の行を置き換えるか確かめられません",
                en=f"there are two `vlan filter` lines for VLAN {vlan} {direction}; that the later one replaces the earlier one is not confirmed",
            )
            self.ledger.notice(NoticeKind.OVERWRITTEN, text, (previous[1], node.line))
            self._twice.setdefault((vlan, direction), [previous[1]]).append(node.line)
        self._by_vlan[vlan, direction] = (node.words[2], node.line)
        self.ledger.use(node)

    def class_map(self, node: Node) -> None:
        """`class-map NAME` / ` match access-list ID`: quality of service, but the list has its use."""
        self.ledger.ignore(node, _QUALITY)
        for child in node.children:
            word = child.keys[-1]
            if "access-list" in child.keys and word.isascii() and word.isdigit() and len(word) <= 4:
                self.used.add(int(word))
                self.of_classes.add(int(word))

    def build(self) -> None:
        """Fills `filters` and `in_and_out`."""
        for facts in self.interfaces.values():
            for applied in (one for held in facts.lists.values() for one in held):
                self.used.add(applied.number)
                if applied.number not in self.lists:
                    self._undefined(f"access list {applied.number}", f"アクセスリスト {applied.number}", applied.source)
        ports = (facts for facts in self.interfaces.values() if facts.is_port and facts.enabled)
        self._suspects = tuple(islice((line for facts in ports for line in facts.suspects), _MOST_SUSPECTS))
        for facts in self.interfaces.values():
            for direction in ("in", "out") if facts.vlan is not None else ():
                self._vlan_interface(facts, direction)

    def _vlan_interface(self, facts: InterfaceFacts, direction: str) -> None:
        vlan = facts.vlan or 0
        ports = list(self._ports(vlan, direction))
        applied = self._by_vlan.get((vlan, direction))
        lines = [] if applied is None else list(self._mapped(*applied, direction))
        twice = self._twice.get((vlan, direction))
        if twice is not None:
            lines = [FilterLine("vlan filter", Action.UNKNOWN, _EVERYTHING, tuple(twice), Certainty.UNCERTAIN, _TWICE)]
        if not ports and not lines:
            return
        sources = tuple(dict.fromkeys((*(line.sources[0] for line in ports), *([applied[1]] if applied else ()))))
        name = f"{facts.name} {direction}"
        self.filters[name] = Filter(
            name, (*ports, *lines), Action.PERMIT, sources, default_sources=tuple(facts.sources[:1])
        )
        self.in_and_out[facts.name, direction] = name

    def _ports(self, vlan: int, direction: str) -> Iterator[FilterLine]:
        """Lists on ports that carry the VLAN: each may drop anything that its port carries, and none is relied on."""
        if self._suspects:
            # A port with a line that was not understood may carry any VLAN.
            yield FilterLine("ports", Action.DENY, _EVERYTHING, self._suspects, Certainty.UNCERTAIN, _ON_A_PORT)
        for facts in self.interfaces.values():
            held = facts.lists.get(direction, ()) if facts.is_port and facts.enabled else ()
            for applied in held:
                if facts.carries(vlan):
                    yield FilterLine(
                        f"{facts.name} access-group {applied.number}",
                        Action.DENY,
                        _EVERYTHING,
                        (applied.source,),
                        Certainty.UNCERTAIN,
                        _ON_A_PORT,
                    )

    def _mapped(self, name: str, source: SourceLine, direction: str) -> Iterator[FilterLine]:
        """The lines of the list of a map. Without a defined list nothing is filtered, as far as anybody knows: that is not certain."""
        found = self._maps.get(name)
        if found is None:
            self._undefined(f"VLAN access map {name}", f"VLANアクセスマップ {name}", source)
            yield FilterLine(name, Action.UNKNOWN, _EVERYTHING, (source,), Certainty.UNCERTAIN, _MAP_UNREAD)
            return
        self.used.update(number for number, _ in found.numbers)
        chosen = [self.lists[number] for number, _ in found.numbers if number in self.lists]
        for number, line in found.numbers:
            if number not in self.lists:
                self._undefined(f"access list {number}", f"アクセスリスト {number}", line)
        if not found.readable or len(found.numbers) != 1 or len(chosen) != 1 or chosen[0].of_mac_addresses:
            lines = (found.definition, *(line for _, line in found.numbers), source)
            yield FilterLine(name, Action.UNKNOWN, _EVERYTHING, lines, Certainty.UNCERTAIN, _MAP_UNREAD)
            return
        if direction == "out" and chosen[0].has_ranges:
            lines = (chosen[0].definition, source)
            yield FilterLine(name, Action.UNKNOWN, _EVERYTHING, lines, Certainty.UNCERTAIN, _RANGE_OUT)
            return
        yield from chosen[0].lines

    def only_list(self, vlan: int, direction: str) -> AccessList | None:
        """The list of a VLAN in one direction, if that is all there is to it and nothing else names the list; for those who change it."""
        applied = self._by_vlan.get((vlan, direction))
        found = None if applied is None else self._maps.get(applied[0])
        if found is None or not found.readable or len(found.numbers) != 1 or (vlan, direction) in self._twice:
            return None
        number = found.numbers[0][0]
        users = sum(name == applied[0] for name, _ in self._by_vlan.values()) if applied is not None else 0
        maps = sum(number in (one for one, _ in other.numbers) for other in self._maps.values())
        on_ports = any(
            one.number == number for facts in self.interfaces.values() for held in facts.lists.values() for one in held
        )
        return None if users != 1 or maps != 1 or on_ports or number in self.of_classes else self.lists.get(number)

    def has_filter(self, vlan: int, direction: str) -> bool:
        """Whether a map is applied to a VLAN in one direction."""
        return (vlan, direction) in self._by_vlan

    def _undefined(self, en: str, ja: str, source: SourceLine) -> None:
        text = Text(ja=f"{ja} は適用されていますが、定義されていません", en=f"{en} is applied but not defined")
        self.ledger.notice(NoticeKind.UNDEFINED_FILTER, text, (source,))


def read_applied(
    maps: Sequence[Node], filters: Sequence[Node], classes: Sequence[Node], applied: AppliedFilters
) -> None:
    """Reads the maps, then where they are applied, and builds the filters."""
    for node in classes:
        applied.class_map(node)
    for node in maps:
        applied.access_map(node)
    for node in filters:
        applied.vlan_filter(node)
    applied.build()
