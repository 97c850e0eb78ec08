"""Packets of the host itself of which it cannot be told what becomes of them.

The `nat` chains of OUTPUT translate destinations before the other chains of OUTPUT see them, and the packet is routed again (kernel
`nf_nat_ipv4_local_fn`). That is not modelled: it concerns the host's own packets only, and of them those that a rule of such a chain matches.
"""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.network.filters import Action, FilterLine
from secaudit.network.match_algebra import any_packet_of
from secaudit.network.matches import Match
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.netfilter.flattening import TooComplexError, flatten
from secaudit.vendors.netfilter.ruleset import BaseChain, Chain, Hook, Ruleset, State, VerdictKind
from secaudit.vendors.netfilter.untracked import ITSELF, NOTRACK, Untracked

_TRANSLATED = Text(
    ja="機器自身が送るパケットの宛先の変換（nat テーブルの OUTPUT）はモデル化していません",
    en="translation of packets that the host itself sends (OUTPUT of the nat table) is not modelled",
)
_PASSIVE = (VerdictKind.ACCEPT, VerdictKind.RETURN, VerdictKind.NOTRACK, VerdictKind.ZONE)


def own_in_doubt(ruleset: Ruleset, names: frozenset[str], untracked: Untracked) -> tuple[FilterLine, ...]:
    """Lines of unknown action for the host's own packets that may be translated, or of which it is not sure whether they are tracked.

    By any interface: a translated packet may leave by another one.
    """
    lines = [_line(region.matches, sources, NOTRACK) for region, sources in untracked.own_unsure]
    if any(chain.base is not None and chain.base.nat for chain in ruleset.chains.values()):
        lines += [_line(matches, untracked.sources, NOTRACK) for matches in untracked.own.values()]
    for chain in ruleset.chains.values():
        if chain.base is not None and chain.base.nat and chain.base.hook is Hook.OUTPUT:
            lines += _translated(ruleset, chain, chain.base, names)
    return tuple(lines)


def _translated(ruleset: Ruleset, chain: Chain, base: BaseChain, names: frozenset[str]) -> Iterator[FilterLine]:
    try:
        flat = flatten(ruleset.chains, chain, frozenset((ITSELF,)), names)
    except TooComplexError as error:
        yield _line(any_packet_of(chain.key.families), error.sources, error.text)
        return
    for rule in flat.rules:
        for region in rule.regions if rule.verdict.kind not in _PASSIVE else ():
            if State.NEW in region.states:
                yield _line(region.matches, rule.sources, _TRANSLATED)
    if not base.accepts:
        yield _line(any_packet_of(chain.key.families), base.sources, _TRANSLATED)


def _line(matches: tuple[Match, ...], sources: Sources, doubt: Text) -> FilterLine:
    return FilterLine("?", Action.UNKNOWN, matches, sources, doubt=doubt)
