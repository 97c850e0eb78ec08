"""NAT lines as rules of the model.

The destination is translated back before the access lists and the route, the source on the way out (table 0.2). A rule that names both ends
leaves a mark on its packets by which they find the same rule again on the way out. Rules that name an interface send what they translate
back out of that interface, whatever the routing table says (`route-lookup` apart).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    IPV4_MAX,
    IPV6_MAX,
    Interval,
    Intervals,
    complement,
    normalise,
    of_network,
)
from secaudit.network.matches import ANY_MARK, UNMARKED, Family, Match, any_address
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop, PolicyRoute, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.cisco_asa.address_sets import Union, clipped
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.nat_ends import UNEQUAL, Ends, translation
from secaudit.vendors.cisco_asa.nat_lines import NatLine
from secaudit.vendors.common.ledger import DEVICE, Ledger, on_interfaces

ANY_NEW_PORT: Interval = (1, 65535)
_MOST_MARKS = 65535
_FAMILIES: tuple[Family, Family] = (4, 6)
ONLY_WHILE_TRANSLATED = Text(
    ja="動的 NAT の変換が残っている間だけ、外からプールのアドレスに届きます",
    en="outside hosts reach a pool address only while a dynamic translation exists",
)
POOL_EMPTY = Text(
    ja="プールに空きがないときは、インタフェースのアドレスが使われます",
    en="when the pool is used up the address of the interface is taken",
)
WHOLE_ADDRESS = Text(
    ja="インタフェースのアドレス全体が変換され、装置自身のサービスがどうなるかを確認できません",
    en="the whole address of the interface is translated: what becomes of the services of the device itself is not confirmed",
)
_UNKNOWN_OWN = Text(
    ja="インタフェースのアドレスがファイルにないため、どの宛先が変換されるか分かりません",
    en="the address of the interface is not in the file, so which destination is translated is not known",
)
_ACROSS_FAMILIES = Text(
    ja="IPv4 と IPv6 の間の変換はモデル化していません",
    en="translation between IPv4 and IPv6 is not modelled",
)
REVERSE_PATH = Text(
    ja="応答に NAT が働く通信は、変換後のアドレスを経由しないと破棄されます（リバースパスの検査）",
    en="packets whose replies would be translated are dropped unless they come by the mapped address (NAT reverse path check)",
)
_DIVERTED = Text(
    ja="NAT がルーティングテーブルと異なるインタフェースへ送ることがあります",
    en="the NAT rule may send it out of another interface than the routing table",
)
_EARLIER = Text(
    ja="前にある NAT 行も同じ通信に一致し、宛先が変換されるかを確認できません",
    en="an earlier NAT rule matches the same packets; whether the destination is translated is not certain",
)
TOO_MANY = Text(ja="NAT の行が多すぎてモデル化できません", en="there are too many NAT rules to model")


@dataclass(slots=True)
class NatModel:
    """Builds the rules of a device. `wide` gives an interface with the tunnels that stand behind it."""

    interfaces: Mapping[str, InterfaceFacts]
    routes: Sequence[Route]
    wide: Callable[[str | None], frozenset[str] | None]
    ledger: Ledger
    rules: list[NatRule] = field(default_factory=list)
    checks: list[FilterLine] = field(default_factory=list)
    """The reverse path check, for the table of access rules."""
    diversions: list[PolicyRoute] = field(default_factory=list)
    _marks: int = 0
    _one_sided: dict[tuple[str | None, str | None, Family], Union] = field(default_factory=dict)
    """By interfaces and family, the real addresses of the rules for the source alone so far."""
    _tables: dict[Family, dict[str, Intervals]] = field(default_factory=dict)
    _elsewhere: dict[tuple[str, Family], Intervals] = field(default_factory=dict)
    _own_addresses: dict[str | None, tuple[int, ...]] = field(default_factory=dict)

    def build(self, lines: Iterable[NatLine]) -> None:
        """Fills `rules`, `checks` and `diversions`."""
        for line in lines:
            doubts = [
                held.doubt
                for held in (line.real, line.mapped, line.destination_mapped, line.destination_real)
                if held is not None and held.doubt is not None
            ]
            done = False
            for family in _FAMILIES:
                if self._marks > _MOST_MARKS - 2:
                    self.ledger.doubt(DoubtKind.TOO_COMPLEX, TOO_MANY, line.sources)
                    return
                done = self._line(line, family, doubts[0] if doubts else None) or done
            if not done:
                self._doubt(line, _ACROSS_FAMILIES)

    def _doubt(self, line: NatLine, text: Text) -> None:
        named = (line.real_interface, line.mapped_interface)
        scope = DEVICE if None in named else on_interfaces(*(name for name in named if name is not None))
        self.ledger.doubt(DoubtKind.UNSUPPORTED, text, line.sources, scope)

    def _line(self, line: NatLine, family: Family, doubt: Text | None) -> bool:
        """The rules of one line in one address family; false when it has none there."""
        real = line.real.of(family)
        mapped, unknown = self._mapped(line, family)
        if not real or not (mapped or line.mapped is None):
            return False
        if line.mapped is None and family == 6:
            return False
        every = any_address(family)
        ends = Ends(line, family, real, mapped, every, every, doubt or unknown)
        if line.destination_real is not None and line.destination_mapped is not None:
            ends.far_real, ends.far_mapped = line.destination_real.of(family), line.destination_mapped.of(family)
            if not (ends.far_real and ends.far_mapped):
                return False
        self._outbound(ends)
        if line.static and not line.unidirectional:
            self._inbound(ends)
        elif not line.static and not line.pool and mapped:
            self._while_translated(ends)
        if not line.twice:
            key = (line.real_interface, line.mapped_interface, family)
            self._one_sided.setdefault(key, Union()).add(real)
        if not line.identity:
            self._check(ends)
        return True

    def _mapped(self, line: NatLine, family: Family) -> tuple[Intervals, Text | None]:
        """The mapped addresses: those of the interface where it names one."""
        if line.mapped is not None:
            return line.mapped.of(family), None
        facts = self.interfaces.get(line.mapped_interface or "")
        held = [] if facts is None or facts.dynamic is not None else facts.addresses
        own = [int(one.address.ip) for one in held if one.address.version == family]
        if own:
            return ((own[0], own[0]),), None
        return (ANY_IPV4, _UNKNOWN_OWN) if line.static else ((), None)

    def mark(self) -> int:
        """A mark that no other rule has."""
        self._marks += 1
        return self._marks

    def _outbound(self, ends: Ends) -> None:
        """From the real side: the destination on the way in when it is named, the source on the way out."""
        line = ends.line
        mark = 0
        if line.twice:
            mark = self.mark()
            far, inexact = translation(ends.far_mapped, ends.far_real, line.destination_identity)
            earlier = None if far is None or not self._matched_before(ends) else _EARLIER
            self.rules.append(
                NatRule(
                    line.label,
                    NatStage.INGRESS,
                    (Match(ends.family, ends.real, ends.far_mapped, ends.real_sources()),),
                    line.sources,
                    self.wide(line.real_interface),
                    destination=far,
                    mark=mark,
                    uncertain=ends.doubt or inexact or earlier,
                )
            )
            self._divert(ends, ends.far_real, line.real_interface, line.mapped_interface)
        match = Match(ends.family, ends.real, ends.far_real, ends.real_sources(), ((mark, mark),) if mark else ANY_MARK)
        for new, inexact in self._new_sources(ends):
            self.rules.append(
                NatRule(
                    line.label,
                    NatStage.EGRESS,
                    (match,),
                    line.sources,
                    self.wide(line.mapped_interface),
                    self.wide(line.real_interface),
                    source=new,
                    uncertain=ends.doubt or inexact,
                )
            )

    def _new_sources(self, ends: Ends) -> list[tuple[Translation | None, Text | None]]:
        line = ends.line
        ports = ANY_NEW_PORT if line.pool else None if line.service is None else line.service.mapped
        shifted = line.static and line.service is not None
        if line.mapped is None:
            return [(self._own(line, ports, shifted), None)]
        if not line.static:
            hull = (ends.mapped[0][0], ends.mapped[-1][1])
            inexact = POOL_EMPTY if line.or_interface else None if len(ends.mapped) == 1 else UNEQUAL
            found: list[tuple[Translation | None, Text | None]] = [
                (Translation(TranslationKind.POOL, hull, ports), inexact)
            ]
            if line.or_interface:
                found.append((self._own(line, ANY_NEW_PORT, False), None))
            return found
        return [translation(ends.real, ends.mapped, line.identity, ports)]

    def _own(self, line: NatLine, ports: Interval | None, shifted: bool) -> Translation:
        """The address of the mapped interface, also for what leaves by a tunnel that stands where it stands."""
        facts = self.interfaces.get(line.mapped_interface or "")
        held = [] if facts is None or facts.dynamic is not None else facts.addresses
        own = [int(one.address.ip) for one in held if one.address.version == 4]
        if not own:
            return Translation(TranslationKind.INTERFACE, None, ports, shifted)
        return Translation(TranslationKind.POOL, (own[0], own[0]), ports, shifted)

    def _inbound(self, ends: Ends) -> None:
        """From the mapped side: a static rule works in both directions."""
        line = ends.line
        mark = self.mark()
        ports = None if line.service is None else line.service.real
        back, inexact = translation(ends.mapped, ends.real, line.identity, ports)
        if back is not None and line.service is None and self.takes_own_address(line.mapped_interface, ends.mapped):
            inexact = inexact or WHOLE_ADDRESS
        self.rules.append(
            NatRule(
                line.label,
                NatStage.INGRESS,
                (Match(ends.family, ends.far_real, ends.mapped, ends.mapped_destinations()),),
                line.sources,
                self.wide(line.mapped_interface),
                destination=back,
                mark=mark,
                uncertain=ends.doubt or inexact,
            )
        )
        self._divert(ends, ends.real, line.mapped_interface, line.real_interface)
        if line.twice:
            far, unequal = translation(ends.far_real, ends.far_mapped, line.destination_identity)
            self.rules.append(
                NatRule(
                    line.label,
                    NatStage.EGRESS,
                    (Match(ends.family, ends.far_real, ends.real, marks=((mark, mark),)),),
                    line.sources,
                    self.wide(line.real_interface),
                    self.wide(line.mapped_interface),
                    source=far,
                    uncertain=ends.doubt or unequal,
                )
            )

    def takes_own_address(self, name: str | None, mapped: Intervals) -> bool:
        """Whether an address of the interface itself is translated, not only a port of it."""
        if mapped in (ANY_IPV4, ANY_IPV6):
            return False
        own = self._own_addresses.get(name)
        if own is None:
            held = [facts for facts in self.interfaces.values() if name in (None, facts.name)]
            own = tuple(int(one.address.ip) for facts in held for one in facts.addresses)
            self._own_addresses[name] = own
        return any(low <= one <= high for low, high in mapped for one in own)

    def _while_translated(self, ends: Ends) -> None:
        line = ends.line
        hull = (ends.real[0][0], ends.real[-1][1])
        self.rules.append(
            NatRule(
                line.label,
                NatStage.INGRESS,
                (Match(ends.family, ends.far_real, ends.mapped),),
                line.sources,
                self.wide(line.mapped_interface),
                destination=Translation(TranslationKind.POOL, hull),
                mark=self.mark(),
                uncertain=ONLY_WHILE_TRANSLATED,
            )
        )

    def _matched_before(self, ends: Ends) -> bool:
        """Whether an earlier rule for the source alone could take the same packets."""
        line = ends.line
        for (real_interface, mapped_interface, family), addresses in self._one_sided.items():
            same = all(
                one is None or two is None or one == two
                for one, two in (
                    (real_interface, line.real_interface),
                    (mapped_interface, line.mapped_interface),
                )
            )
            if same and family == ends.family and addresses.meets(ends.real):
                return True
        return False

    def _check(self, ends: Ends) -> None:
        line = ends.line
        match = Match(ends.family, ends.far_real, ends.real, ends.real_destinations(), UNMARKED)
        self.check(line.label, line.sources, match, line.mapped_interface, line.real_interface)

    def check(
        self,
        label: str,
        sources: Sources,
        match: Match,
        ingress: str | None,
        egress: str | None,
        doubt: Text = REVERSE_PATH,
    ) -> None:
        """Packets that should be dropped because their replies would be translated."""
        self.checks.append(
            FilterLine(
                f"reverse path: {label}",
                Action.DENY,
                (match,),
                sources,
                Certainty.UNCERTAIN,
                doubt,
                ingress=self.wide(ingress),
                egress=self.wide(egress),
            )
        )

    # --- the way that a rule sends packets

    def _divert(self, ends: Ends, addresses: Intervals, ingress: str | None, egress: str | None) -> None:
        if not ends.line.by_route:
            self.divert(ends.line.label, ends.line.sources, ends.family, addresses, ingress, egress)

    def divert(
        self,
        label: str,
        sources: Sources,
        family: Family,
        addresses: Intervals,
        ingress: str | None,
        egress: str | None,
    ) -> None:
        """Destinations that the table sends elsewhere than out of the rule's interface."""
        if egress is None:
            return
        away = self._elsewhere.get((egress, family))
        if away is None:
            away = complement(self._routed_by(egress, family), IPV4_MAX if family == 4 else IPV6_MAX)
            self._elsewhere[egress, family] = away
        elsewhere = clipped(addresses, away)
        if not elsewhere:
            return
        self.diversions.append(
            PolicyRoute(
                label,
                (Match(family, any_address(family), elsewhere),),
                (NextHop(sources, interface=egress),),
                sources,
                self.wide(ingress),
                uncertain=_DIVERTED,
            )
        )

    def _routed_by(self, name: str, family: Family) -> Intervals:
        """The destinations that the table sends out of an interface, whatever state other lines are in."""
        if family not in self._tables:
            self._tables[family] = self._by_interface(family)
        return self._tables[family].get(name, ())

    def _by_interface(self, family: Family) -> dict[str, Intervals]:
        """Longest prefixes first, by one sweep over the nested prefixes."""
        prefixes: dict[Interval, set[str | None]] = {}
        for facts in self.interfaces.values():
            for held in facts.addresses if facts.routed and facts.enabled else ():
                if held.address.version == family:
                    prefixes.setdefault(of_network(held.address.network), set()).add(facts.name)
        for route in self.routes:
            if route.prefix.version == family and not route.vrf:
                names = prefixes.setdefault(of_network(route.prefix), set())
                names.update(hop.interface for hop in route.next_hops)
        found: dict[str, list[Interval]] = {}
        stack: list[tuple[int, set[str | None]]] = []
        position = 0

        def told(low: int, high: int, leading: set[str | None]) -> None:
            (only, *more) = leading or {None}
            if only is not None and not more and low <= high:
                found.setdefault(only, []).append((low, high))

        for (low, high), leading in sorted(prefixes.items(), key=lambda one: (one[0][0], -one[0][1])):
            while stack and stack[-1][0] < low:
                end, held_by = stack.pop()
                told(position, end, held_by)
                position = max(position, end + 1)
            if stack:
                told(position, low - 1, stack[-1][1])
            position = low
            stack.append((high, leading))
        while stack:
            end, held_by = stack.pop()
            told(position, end, held_by)
            position = max(position, end + 1)
        return {name: normalise(pairs) for name, pairs in found.items()}
