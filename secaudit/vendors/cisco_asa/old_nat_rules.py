"""Translation of before 8.3 as rules of the model.

The order in which a real address is looked up (Cisco Security Appliance configuration guide 8.2, "Order of NAT commands"): exemption
(`nat 0 access-list`), `static` in its order, `nat N access-list` in its order, then the `nat` line whose network fits best. The destination is
looked up alone: a packet that enters by the mapped interface is translated back first. Levels count: from a lower to a higher one only
`nat ... outside` and `static` translate the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.filters import Action, Certainty, Connection, FilterLine
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_PORT,
    IPV4_MAX,
    Interval,
    Intervals,
    complement,
    normalise,
)
from secaudit.network.matches import ANY_SERVICE, UNMARKED, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.address_sets import clipped
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.mapped_lists import Untranslation
from secaudit.vendors.cisco_asa.nat_ends import translation
from secaudit.vendors.cisco_asa.nat_rules import (
    ANY_NEW_PORT,
    ONLY_WHILE_TRANSLATED,
    POOL_EMPTY,
    REVERSE_PATH,
    WHOLE_ADDRESS,
    NatModel,
)
from secaudit.vendors.cisco_asa.old_nat_lines import OldLines, OldNat, OldPool, OldStatic, entries_of
from secaudit.vendors.cisco_asa.old_nat_matches import (
    Spans,
    arriving,
    count_of,
    for_port,
    mirrored,
    of_ipv4,
    only_ports,
    size_of,
    without,
)

_OUTSIDE = Text(
    ja="外側（セキュリティレベルの低い側）のアドレスの NAT は、動作を確認できません",
    en="translation of addresses of the outer (lower) side: how it acts is not confirmed",
)
_AFTER_DENY = Text(
    ja="NAT のアクセスリストに deny の行があり、どの通信が対象になるか確定できません",
    en="the access list of the NAT rule has a deny: which packets are meant is not certain",
)
_POLICY = Text(
    ja="NAT のアクセスリストの条件を正確に計算できません",
    en="the condition in the access list of the NAT rule is not computed exactly",
)
_NO_POOL = Text(
    ja="nat の番号に対応する global がこのインタフェースになく、変換されずに通るか破棄されるかを確認できません",
    en="no `global` of that number at the interface: whether the packet passes untranslated or is dropped is not confirmed",
)
_BOTH_WAYS = Text(
    ja="宛先も変換される通信では、NAT の条件が変換前後のどちらの宛先を見るかを確認できません",
    en="where the destination is translated too, which destination the NAT rule sees is not confirmed",
)
_CONTROL = Text(
    ja="nat-control（または動的 NAT）のもとで、変換の対象にならない通信は破棄されるはずです",
    en="under nat-control (or dynamic NAT) packets that no rule translates should be dropped",
)
_IDENTITY = Text(
    ja="nat 0 のアドレスへ外から接続を開始することはできないはずです",
    en="connections to addresses of `nat 0` should not open from outside",
)
_MOST_PRODUCTS = 64
_MOST_MARKS = 60000


@dataclass(slots=True)
class OldNatModel:
    """Adds the rules to those of `model`, and tells how lists that name mapped addresses see what was translated back."""

    interfaces: Mapping[str, InterfaceFacts]
    model: NatModel
    control: Sources = ()
    """`nat-control`."""
    untranslations: list[Untranslation] = field(default_factory=list)
    _translated: dict[str, list[tuple[Interval, ...]]] = field(default_factory=dict)
    """By interface, real and mapped addresses of what is translated back there."""
    _spans: dict[str, Spans] = field(default_factory=dict)
    _mapped_at: list[tuple[str, Interval]] = field(default_factory=list)
    """By interface, addresses that stand for others there."""
    _shared: dict[frozenset[str], tuple[Intervals, Intervals]] = field(default_factory=dict)
    """By interfaces, those addresses, and all others."""
    _own_addresses: dict[str, int | None] = field(default_factory=dict)
    _towards_known: dict[tuple[str, bool], list[str]] = field(default_factory=dict)
    _covered: dict[str, list[tuple[frozenset[str] | None, Match]]] = field(default_factory=dict)
    """By real interface, what a rule surely takes, and at which interfaces it leaves (None: all)."""

    def build(self, lines: OldLines) -> bool:
        """False when there are too many lines."""
        exempt = [one for one in lines.nats if one.number == 0 and one.policy is not None]
        by_policy = [one for one in lines.nats if one.number > 0 and one.policy is not None]
        plain = [one for one in lines.nats if one.policy is None]
        pools: dict[int, list[OldPool]] = {}
        for pool in lines.pools:
            pools.setdefault(pool.number, []).append(pool)
        marks = sum(4 * count_of(one) for one in exempt) + sum(count_of(one) for one in lines.statics)
        if marks + sum(count_of(one) * len(pools.get(one.number, ())) for one in lines.nats) > _MOST_MARKS:
            return False
        self._foresee(lines)
        for nat in exempt:
            self._exempt(nat)
        for static in lines.statics:
            self._static(static)
        for nat in (*by_policy, *sorted(plain, key=size_of)):
            self._dynamic(nat, pools.get(nat.number, ()))
        self._restrictions(lines.nats)
        return True

    # --- interfaces

    def _towards(self, name: str, *, higher: bool) -> list[str]:
        """The other interfaces, of a higher level or not."""
        found = self._towards_known.get((name, higher))
        if found is None:
            own = self.interfaces[name].security_level
            others = (facts for facts in self.interfaces.values() if facts.routed and facts.name != name)
            found = [facts.name for facts in others if (facts.security_level > own) is higher]
            self._towards_known[name, higher] = found
        return found

    def _wide(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(one for name in names for one in self.model.wide(name) or ())

    def _is_outside(self, real: str, mapped: str) -> bool:
        return real == mapped or self.interfaces[real].security_level < self.interfaces[mapped].security_level

    def _own(self, name: str) -> int | None:
        if name not in self._own_addresses:
            self._own_addresses[name] = self._first_address(self.interfaces[name])
        return self._own_addresses[name]

    @staticmethod
    def _first_address(facts: InterfaceFacts) -> int | None:
        held = [one for one in facts.addresses if one.address.version == 4] if facts.dynamic is None else []
        return int(held[0].address.ip) if held else None

    # --- rules

    def _rule(
        self,
        line: SourceLine,
        stage: NatStage,
        match: Match,
        where: frozenset[str] | None,
        *,
        real: str | None = None,
        new: Translation | None = None,
        mark: int = 0,
        doubt: Text | None = None,
        more: Sources = (),
    ) -> None:
        ingress = stage is NatStage.INGRESS
        to, of = (new, None) if ingress else (None, new)
        behind = None if real is None else self.model.wide(real)
        self.model.rules.append(
            NatRule(
                line.text.strip(), stage, (match,), (line, *more), where, behind,
                destination=to, source=of, mark=mark, uncertain=doubt,
            )
        )  # fmt: skip
        if not ingress and doubt is None and real is not None:
            self._covered.setdefault(real, []).append((where, match))

    def _sees_both(self, real: str, destinations: Intervals) -> Text | None:
        """Whether a condition on destinations is about addresses that are translated for packets from this interface."""
        spans = self._spans.get(real)
        if spans is None:
            spans = self._spans[real] = Spans(map(normalise, self._translated.get(real, ())))
        return _BOTH_WAYS if spans.are_cut(destinations) else None

    def _foresee(self, lines: OldLines) -> None:
        """By interface, mapped and real addresses of what may be translated back for packets that enter there."""
        for static in lines.statics:
            held: list[Intervals] = [(static.real,)] if static.real is not None else []
            if static.policy is not None:
                held += [match.sources for entry, _ in entries_of(static.policy) for match in of_ipv4(entry)]
            for real in held:
                mapped = self._mapped(static, real)
                if mapped != real:
                    self._mapped_at += [(static.mapped_interface, one) for one in mapped]
                self._translated.setdefault(static.mapped_interface, []).append((*real, *mapped))
        nats: dict[int, list[OldNat]] = {}
        for nat in lines.nats:
            nats.setdefault(nat.number, []).append(nat)
        for pool in lines.pools:
            if pool.addresses is not None:
                self._mapped_at.append((pool.interface, pool.addresses))
            for nat in nats.get(pool.number, ()):
                if nat.real is not None and pool.addresses is not None:
                    self._translated.setdefault(pool.interface, []).append((nat.real, pool.addresses))

    def _exempt(self, nat: OldNat) -> None:
        """`nat (IF) 0 access-list`: both ends may open connections; ports are not looked at."""
        assert nat.policy is not None
        lower = self._wide(self._towards(nat.interface, higher=False))
        rest = self._wide([nat.interface, *self._towards(nat.interface, higher=True)])
        for entry, after_deny in entries_of(nat.policy):
            for match in of_ipv4(entry):
                doubt = entry.doubt or (_OUTSIDE if nat.outside else _AFTER_DENY if after_deny else nat.doubt)
                if entry.certainty is not Certainty.ALWAYS or match.services != (ANY_SERVICE,):
                    doubt = doubt or _POLICY
                forth = Match(4, match.sources, match.destinations)
                for where, unsure in ((lower, doubt), (rest, doubt or _OUTSIDE)):
                    if not where:
                        continue
                    both = unsure or self._sees_both(nat.interface, match.destinations)
                    self._rule(
                        nat.line, NatStage.EGRESS, forth, where, real=nat.interface, doubt=both, more=entry.sources
                    )
                    self._exempt_back(nat, forth, where, unsure, entry.sources)

    def _exempt_back(self, nat: OldNat, forth: Match, where: frozenset[str], doubt: Text | None, more: Sources) -> None:
        """From the far end; an address that also stands for another one may be translated all the same."""
        if where not in self._shared:
            held = normalise(one for name, one in self._mapped_at if name in where)
            self._shared[where] = (held, complement(held, IPV4_MAX))
        shared, others = self._shared[where]
        parts = ((clipped(forth.sources, others), doubt), (clipped(forth.sources, shared), doubt or _BOTH_WAYS))
        for addresses, unsure in parts:
            if addresses:
                back = Match(4, forth.destinations, addresses)
                mark = self.model.mark()
                self._rule(nat.line, NatStage.INGRESS, back, where, mark=mark, doubt=unsure, more=more)

    def _static(self, static: OldStatic) -> None:
        doubt = static.doubt or (_OUTSIDE if self._is_outside(static.real_interface, static.mapped_interface) else None)
        if static.policy is None:
            assert static.real is not None
            forth: tuple[Service, ...] = (ANY_SERVICE,)
            if static.protocol is not None:
                forth = (Service(((static.protocol,) * 2,), ANY_PORT, ((static.real_port,) * 2,)),)
            self._pair(static, Match(4, (static.real,), ANY_IPV4, forth), static.real_port, doubt, ())
            return
        entries = entries_of(static.policy)
        odd = len(entries) != len(static.policy.lines) or len({m.sources for e, _ in entries for m in e.matches}) > 1
        for entry, _ in entries:
            for match in of_ipv4(entry):
                unsure = doubt or entry.doubt
                if odd or entry.certainty is not Certainty.ALWAYS or not all(map(only_ports, match.services)):
                    unsure = unsure or _POLICY
                port, services = static.real_port, match.services
                if static.protocol is not None:
                    services, port, exact = for_port(static.protocol, services)
                    unsure = unsure if exact else unsure or _POLICY
                self._pair(static, Match(4, match.sources, match.destinations, services), port, unsure, entry.sources)

    def _pair(self, static: OldStatic, forth: Match, real_port: int, doubt: Text | None, more: Sources) -> None:
        """Both directions of a static rule, for packets from the real side that match."""
        real = forth.sources
        mapped = self._mapped(static, real)
        unknown = mapped == ANY_IPV4 and static.mapped is None
        whole = static.protocol is None and real != mapped
        if unknown or (whole and self.model.takes_own_address(static.mapped_interface, mapped)):
            doubt = doubt or WHOLE_ADDRESS
        ported = static.protocol is not None
        out_ports: Interval | None = (static.mapped_port,) * 2 if ported else None
        in_ports: Interval | None = (real_port,) * 2 if ported else None
        out, inexact = translation(real, mapped, real == mapped, out_ports)
        outside, inside = self.model.wide(static.mapped_interface), static.real_interface
        self._rule(
            static.line, NatStage.EGRESS, forth, outside, real=inside, new=out, more=more,
            doubt=doubt or inexact
            or (None if forth.destinations == ANY_IPV4 else self._sees_both(inside, forth.destinations)),
        )  # fmt: skip
        back = tuple(mirrored(one, static) for one in forth.services)
        new, unequal = translation(mapped, real, real == mapped, in_ports)
        mark = self.model.mark()
        self._rule(
            static.line, NatStage.INGRESS, Match(4, forth.destinations, mapped, back), outside, new=new,
            mark=mark, doubt=doubt or unequal, more=more,
        )  # fmt: skip
        sources = (static.line, *more)
        label = static.line.text.strip()
        self.model.divert(label, sources, 4, real, static.mapped_interface, inside)
        if new is not None:
            exact = new.kind is TranslationKind.SHIFT
            ports = None if static.protocol is None else (static.protocol, static.mapped_port, real_port)
            hull = (real[0][0], real[-1][1])
            span = (mapped[0][0], mapped[-1][1])
            self.untranslations.append(Untranslation(mark, outside or frozenset(), span, hull, ports, exact))
        if real != mapped or ported:
            # What comes for the real address itself: its replies would be translated.
            checked = Match(4, forth.destinations, real, tuple(map(arriving, forth.services)), UNMARKED)
            self.model.check(label, sources, checked, static.mapped_interface, inside)

    def _mapped(self, static: OldStatic, real: Intervals) -> Intervals:
        if static.mapped is None:
            own = self._own(static.mapped_interface)
            return ANY_IPV4 if own is None else ((own, own),)
        size = real[0][1] - real[0][0] if len(real) == 1 else 0
        low = static.mapped if static.policy is None else static.mapped & ~size
        return ((low, min(low + size, IPV4_MAX)),)

    def _dynamic(self, nat: OldNat, pools: Sequence[OldPool]) -> None:
        """`nat N` with the pools of its number, at each interface that has some; where none is, it may be dropped."""
        for forth, doubt, more in self._selected(nat):
            places: dict[str, list[OldPool]] = {}
            for pool in sorted(pools, key=lambda one: one.one_address):
                places.setdefault(pool.interface, []).append(pool)
            for name, held in places.items():
                higher = self._is_outside(nat.interface, name) and name != nat.interface
                unsure = doubt or (_OUTSIDE if higher or nat.outside else None)
                for pool in held:
                    left = unsure or (None if pool is held[-1] else POOL_EMPTY)
                    self._through(nat, forth, pool, left, more)
            missing = [one for one in self._towards(nat.interface, higher=False) if one not in places]
            if nat.outside:
                missing += [one for one in self._towards(nat.interface, higher=True) if one not in places]
            if missing:
                plain = nat.number == 0 and not nat.outside
                nothing = doubt if plain else doubt or _NO_POOL
                where = self._wide(missing)
                self._rule(nat.line, NatStage.EGRESS, forth, where, real=nat.interface, doubt=nothing, more=more)
                for name in missing:
                    self._from_outside(nat, forth, name, (nat.line, *more), _IDENTITY if plain else None)

    def _from_outside(
        self, nat: OldNat, forth: Match, ingress: str, sources: Sources, doubt: Text | None = None
    ) -> None:
        """What comes for real addresses that a `nat` line names, without a rule that lets it in. Not back out of one interface."""
        if ingress != nat.interface:
            back = Match(4, forth.destinations, forth.sources, marks=UNMARKED)
            label = nat.line.text.strip()
            self.model.check(label, sources, back, ingress, nat.interface, doubt or REVERSE_PATH)

    def _selected(self, nat: OldNat) -> list[tuple[Match, Text | None, Sources]]:
        """What a `nat` line is about, as packets from the real side."""
        if nat.policy is None:
            assert nat.real is not None
            return [(Match(4, (nat.real,), ANY_IPV4), nat.doubt, ())]
        found: list[tuple[Match, Text | None, Sources]] = []
        for entry, after_deny in entries_of(nat.policy):
            for match in of_ipv4(entry):
                doubt = entry.doubt or (_AFTER_DENY if after_deny else None)
                if entry.certainty is not Certainty.ALWAYS:
                    doubt = doubt or _POLICY
                doubt = doubt or self._sees_both(nat.interface, match.destinations)
                found.append((match, doubt, entry.sources))
        return found

    def _through(self, nat: OldNat, forth: Match, pool: OldPool, doubt: Text | None, more: Sources) -> None:
        where = self.model.wide(pool.interface)
        sources = (pool.line, *more)
        addresses = pool.addresses
        if addresses is None:
            own = self._own(pool.interface)
            addresses = None if own is None else (own, own)
        kind = TranslationKind.INTERFACE if addresses is None else TranslationKind.POOL
        new = Translation(kind, addresses, ANY_NEW_PORT if pool.one_address else None)
        self._rule(nat.line, NatStage.EGRESS, forth, where, real=nat.interface, new=new, doubt=doubt, more=sources)
        self._from_outside(nat, forth, pool.interface, (nat.line, *sources))
        if addresses is None or pool.one_address:
            return
        hull = (forth.sources[0][0], forth.sources[-1][1])
        mark = self.model.mark()
        self._rule(
            nat.line, NatStage.INGRESS, Match(4, forth.destinations, (addresses,)), where,
            new=Translation(TranslationKind.POOL, hull), mark=mark, doubt=ONLY_WHILE_TRANSLATED, more=sources,
        )  # fmt: skip
        label = nat.line.text.strip()
        self.model.divert(label, (nat.line, *sources), 4, (hull,), pool.interface, nat.interface)
        self.untranslations.append(Untranslation(mark, where or frozenset(), addresses, hull, None, False))

    # --- what is dropped because nothing translates it

    def _restrictions(self, nats: Sequence[OldNat]) -> None:
        dynamic = {nat.interface: nat for nat in reversed(nats) if nat.policy is None or nat.number > 0}
        for name, facts in self.interfaces.items():
            if not facts.routed:
                continue
            nat = dynamic.get(name)
            lower = self._towards(name, higher=False)
            equals = [one for one in lower if self.interfaces[one].security_level == facts.security_level]
            if self.control:
                self._refuse(name, [one for one in lower if one not in equals], self.control)
            if nat is not None and equals:
                self._refuse(name, lower, (nat.line,))
            higher = self._towards(name, higher=True)
            outer = next((one for one in nats if one.interface == name and one.outside), None)
            if higher and (self.control or outer is not None):
                sources = self.control if outer is None else (outer.line,)
                marks = UNMARKED if outer is None else ((0, 65535),)
                here = self._wide([name])
                self._deny((Match(4, ANY_IPV4, ANY_IPV4, marks=marks),), sources, here, self._wide(higher))

    def _refuse(self, name: str, leaving: Sequence[str], sources: Sources) -> None:
        """Packets that no rule surely translates, or surely leaves as they are."""
        here = self._wide([name])
        for egress in leaving:
            at = self._wide([egress])
            left: list[tuple[Intervals, Intervals]] = [(ANY_IPV4, ANY_IPV4)]
            for where, match in self._covered.get(name, ()):
                if (where is None or at <= where) and match.services == (ANY_SERVICE,) and len(left) < _MOST_PRODUCTS:
                    left = [part for one in left for part in without(one, match)]
            self._deny(tuple(Match(4, *one) for one in left), sources, here, at)

    def _deny(
        self, matches: tuple[Match, ...], sources: Sources, ingress: frozenset[str], egress: frozenset[str]
    ) -> None:
        if matches:
            self.model.checks.append(
                FilterLine(
                    "nat-control", Action.DENY, matches, sources, Certainty.UNCERTAIN, _CONTROL,
                    ingress=ingress, egress=egress, connection=Connection.NEW,
                )
            )  # fmt: skip
