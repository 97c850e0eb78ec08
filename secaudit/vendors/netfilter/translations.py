"""The NAT base chains as `network.NatRule`s.

Only the first packet of a connection passes them, so every rule is narrowed to what connection tracking calls NEW; an ACCEPT in front
of a translation leaves its packets untranslated, which is a rule without translations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Certainty
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import Interval
from secaudit.network.match_algebra import TooManyMatchesError
from secaudit.network.matches import Family, Match
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.vendors.netfilter.conntrack import only_new
from secaudit.vendors.netfilter.filters import merged, scope
from secaudit.vendors.netfilter.flattening import (
    MOST_MATCHES,
    WITHOUT_DECISION,
    FlatRule,
    Region,
    TooComplexError,
    flatten,
    too_big,
)
from secaudit.vendors.netfilter.ruleset import BaseChain, Chain, Hook, Ruleset, State, VerdictKind
from secaudit.vendors.netfilter.untracked import EVERYTHING_TRACKED, UNTRACKED, Untracked

_UNSURE = Text(
    ja="このアドレス変換が行われるかどうかを確定できません",
    en="it cannot be told whether this translation takes place",
)
_SEVERAL_ADDRESSES = Text(
    ja="インターフェースに複数のサブネットのアドレスがあり、どのアドレスに変換されるかは次の転送先によります",
    en="the interface has addresses in several subnets; the next hop decides which of them is used",
)
_NO_ADDRESS = Text(
    ja="インターフェースのアドレスが分からず、転送先を確定できません（ip addr の出力を添えてください）",
    en="the address of the interface is not known (add the output of `ip addr`)",
)
_DROPS = Text(
    ja="nat テーブルでパケットを破棄する設定はモデル化していません",
    en="dropping packets in a NAT chain is not modelled",
)
_SHIELDED = Text(
    ja="前の nat チェインで許可されたパケットに、後の nat チェインの変換が行われるかどうかをモデル化していません",
    en="several NAT chains at one hook, an earlier one of which accepts packets without translating them, are not modelled",
)


_TIED = Text(
    ja="同じ優先度の nat チェインが複数あり、どちらが先に処理されるかは設定ファイルからは分かりません",
    en="several NAT chains have the same priority, and which of them is asked first is not in the file",
)


@dataclass(frozen=True, slots=True)
class NatPlace:
    """The interfaces of the host, and how TCP is tracked."""

    interfaces: Mapping[str, Interface]
    loose: bool
    untracked: Untracked = EVERYTHING_TRACKED


def convert_nat(ruleset: Ruleset, place: NatPlace) -> tuple[tuple[NatRule, ...], tuple[Doubt, ...]]:
    """All rules of PREROUTING and POSTROUTING in the kernel's order.

    Of chains with one priority the kernel asks the one that was made last first (`nf_hook_entries_grow`; seen with two tables loaded
    from one file). A listing does not show when each was made, so the rules of such chains are not certain.
    """
    rules: list[NatRule] = list(_not_tracked(place))
    doubts: list[Doubt] = []
    for hook in (Hook.PREROUTING, Hook.POSTROUTING):
        chains = sorted(
            (
                (chain.base.priority, -number, chain, chain.base)
                for number, chain in enumerate(ruleset.chains.values())
                if chain.base is not None and chain.base.nat and chain.base.hook is hook
            ),
            key=lambda item: item[:2],
        )
        for index, (_, _, chain, base) in enumerate(chains):
            later = frozenset(family for item in chains[index + 1 :] for family in item[2].key.families)
            tied = any(
                other is not chain
                and item_base.priority == base.priority
                and other.rules
                and chain.rules
                and other.key.families & chain.key.families
                for _, _, other, item_base in chains
            )
            try:
                found = list(_chain(ruleset, chain, base, place, shields=bool(later & chain.key.families)))
            except TooComplexError as error:
                doubts.append(Doubt(DoubtKind.TOO_COMPLEX, error.text, error.sources))
                continue
            if not base.accepts:
                doubts.append(Doubt(DoubtKind.UNSUPPORTED, _DROPS, base.sources))
            for one in found:
                if isinstance(one, Doubt):
                    doubts.append(one)
                elif tied:
                    rules.append(replace(one, uncertain=one.uncertain or _TIED))
                else:
                    rules.append(one)
    while rules and rules[-1].source is None and rules[-1].destination is None:
        rules.pop()  # nothing is behind it that it could keep from acting
    return _marked(rules), tuple(doubts)


def _not_tracked(place: NatPlace) -> Iterator[NatRule]:
    """What is not tracked is never translated. (Of the host's own packets: they have no ingress interface.)"""
    for name, matches in place.untracked.entering.items():
        for stage in NatStage:
            before = stage is NatStage.INGRESS
            yield NatRule(
                UNTRACKED,
                stage,
                matches,
                place.untracked.sources,
                frozenset((name,)) if before else None,
                None if before else frozenset((name,)),
            )


def _marked(rules: list[NatRule]) -> tuple[NatRule, ...]:
    """Every destination translation leaves a mark of its own, for rules that ask whether there was one (`--ctstate DNAT`)."""
    return tuple(
        replace(rule, mark=min(number, 65535)) if rule.destination is not None else rule
        for number, rule in enumerate(rules, 1)
    )


def _chain(
    ruleset: Ruleset, chain: Chain, base: BaseChain, place: NatPlace, *, shields: bool
) -> Iterator[NatRule | Doubt]:
    every = frozenset(place.interfaces)
    before = base.hook is Hook.PREROUTING
    flat = flatten(ruleset.chains, chain, every, frozenset(("",)) if before else every)
    for rule in flat.rules:
        if rule.verdict.kind in WITHOUT_DECISION:
            continue
        for region in merged(rule.regions):
            if State.NEW not in region.states:
                continue
            try:
                matches = only_new(region.matches, loose=place.loose, most=MOST_MATCHES)
            except TooManyMatchesError:
                raise too_big(rule.sources) from None
            if matches:
                yield from _rules(rule, replace(region, matches=matches), place, before=before, shields=shields)


def _rules(
    flat: FlatRule, region: Region, place: NatPlace, *, before: bool, shields: bool
) -> Iterator[NatRule | Doubt]:
    every = frozenset(place.interfaces)
    interfaces = scope(region.ingress if before else region.egress, every)
    uncertain = None if region.certainty is Certainty.ALWAYS else region.doubt or _UNSURE
    kind = flat.verdict.kind
    plain = NatRule(
        flat.rule.label,
        NatStage.INGRESS if before else NatStage.EGRESS,
        region.matches,
        flat.sources,
        interfaces,
        None if before else scope(region.ingress, every),
        uncertain=uncertain,
    )
    if kind in (VerdictKind.ACCEPT, VerdictKind.RETURN):
        yield replace(plain, uncertain=uncertain or (_SHIELDED if shields else None))
    elif kind is not VerdictKind.TRANSLATE:
        text = _DROPS if kind in (VerdictKind.DROP, VerdictKind.REJECT) else region.doubt or _UNSURE
        bound = None if before and kind is VerdictKind.UNKNOWN else interfaces
        yield Doubt(DoubtKind.UNSUPPORTED, text, flat.sources, interfaces=bound)
    elif before and flat.verdict.destination is not None:
        yield from _destinations(plain, flat.verdict.destination, flat, place)
    elif not before and flat.verdict.source is not None:
        yield from _sources(plain, flat.verdict.source, flat, place)


def _destinations(plain: NatRule, translation: Translation, flat: FlatRule, place: NatPlace) -> Iterator[NatRule]:
    if translation.kind is TranslationKind.INTERFACE:
        yield from _redirected(plain, translation, place)
        return
    for match, new in _shifted(plain.matches, translation, flat, destination=True):
        yield replace(plain, matches=match, destination=new)


def _redirected(plain: NatRule, translation: Translation, place: NatPlace) -> Iterator[NatRule]:
    """REDIRECT: the first address of the interface by which the packet came in (kernel `nf_nat_redirect.c`)."""
    names = frozenset(place.interfaces) if plain.interfaces is None else plain.interfaces
    for name in sorted(names):
        for family in sorted({match.family for match in plain.matches}):
            rule = replace(
                plain,
                interfaces=frozenset((name,)),
                matches=tuple(match for match in plain.matches if match.family == family),
            )
            own = _held(place.interfaces[name], family)
            if own:
                yield replace(
                    rule, destination=replace(translation, kind=TranslationKind.POOL, addresses=(own[0], own[0]))
                )
            else:
                yield replace(rule, uncertain=rule.uncertain or _NO_ADDRESS)


def _sources(plain: NatRule, translation: Translation, flat: FlatRule, place: NatPlace) -> Iterator[NatRule]:
    if translation.kind is not TranslationKind.INTERFACE:
        for match, new in _shifted(plain.matches, translation, flat, destination=False):
            yield replace(plain, matches=match, source=new)
        return
    names = frozenset(place.interfaces) if plain.interfaces is None else plain.interfaces
    several = frozenset(name for name in names if _in_several_subnets(place.interfaces[name]))
    if names - several:
        left = None if not several and plain.interfaces is None else names - several
        yield replace(plain, interfaces=left, source=translation)
    for name in sorted(several):
        for family in sorted({match.family for match in plain.matches}):
            own = _held(place.interfaces[name], family)
            rule = replace(
                plain,
                interfaces=frozenset((name,)),
                matches=tuple(match for match in plain.matches if match.family == family),
            )
            if len(own) < 2:
                yield replace(rule, source=translation)
            else:
                pool = replace(translation, kind=TranslationKind.POOL, addresses=(min(own), max(own)))
                yield replace(rule, source=pool, uncertain=rule.uncertain or _SEVERAL_ADDRESSES)


def _held(interface: Interface, family: Family) -> list[int]:
    return [
        int(held.address.ip)
        for held in interface.addresses
        if held.address.version == family and not held.address.ip.is_link_local
    ]


def _in_several_subnets(interface: Interface) -> bool:
    """Whether a masquerading host must choose among addresses (secondary addresses of one subnet are never chosen)."""
    families: tuple[Family, ...] = (4, 6)
    return any(
        len(
            {
                held.address.network
                for held in interface.addresses
                if held.address.version == family and not held.address.ip.is_link_local
            }
        )
        > 1
        for family in families
    )


def _shifted(
    matches: tuple[Match, ...], translation: Translation, flat: FlatRule, *, destination: bool
) -> Iterator[tuple[tuple[Match, ...], Translation]]:
    """A translation that moves a whole interval needs one rule for each interval that is left of it."""
    moves_address = translation.kind is TranslationKind.SHIFT
    if not moves_address and not translation.ports_shift:
        yield matches, translation
        return
    written = flat.rule.condition.matches[0]
    first = _addresses(written, destination=destination)[0][0]
    first_port = _ports(written, 0, destination=destination)[0][0]
    for match in matches:
        for low, high in _addresses(match, destination=destination) if moves_address else ((0, 0),):
            addresses = translation.addresses
            one = match
            if moves_address and addresses is not None:
                one = _with_addresses(match, (low, high), destination=destination)
                offset = addresses[0] - first
                addresses = (low + offset, high + offset)
            if not translation.ports_shift or translation.ports is None:
                yield (one,), replace(translation, addresses=addresses)
                continue
            for number, service in enumerate(one.services):
                for start, end in _ports(one, number, destination=destination):
                    moved = start + translation.ports[0] - first_port
                    narrowed = (
                        replace(service, destination_ports=((start, end),))
                        if destination
                        else replace(service, source_ports=((start, end),))
                    )
                    yield (
                        (replace(one, services=(narrowed,)),),
                        replace(translation, addresses=addresses, ports=(moved, moved + end - start)),
                    )


def _addresses(match: Match, *, destination: bool) -> tuple[Interval, ...]:
    return match.destinations if destination else match.sources


def _with_addresses(match: Match, interval: Interval, *, destination: bool) -> Match:
    return replace(match, destinations=(interval,)) if destination else replace(match, sources=(interval,))


def _ports(match: Match, number: int, *, destination: bool) -> tuple[Interval, ...]:
    service = match.services[number]
    return service.destination_ports if destination else service.source_ports
