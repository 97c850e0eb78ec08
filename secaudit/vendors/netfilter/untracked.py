"""Packets that rules take out of connection tracking (`NOTRACK`, `CT --notrack`, `notrack`).

Such a packet is UNTRACKED and in no other state, whatever its header; it is never translated, nothing is remembered of it, and it is
nobody's reply (kernel `nf_conntrack_in`, `nf_nat_inet_fn`; iptables-extensions(8), CT). Only what stands before connection tracking
(priority -200) at PREROUTING and OUTPUT has a say. There every packet is INVALID.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.match_algebra import TooManyMatchesError
from secaudit.network.matches import ANY_MARK, ANY_PACKET, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.netfilter.conntrack import ALL_STATES
from secaudit.vendors.netfilter.flattening import (
    FlatRule,
    Region,
    TooComplexError,
    flatten,
    minus,
    overlap,
)
from secaudit.vendors.netfilter.ruleset import (
    UNTRANSLATED_DESTINATION,
    Hook,
    Priority,
    Ruleset,
    VerdictKind,
)

UNTRACKED = "untracked"
"""The name of the filter that permits the packets of which nothing is remembered (`Device.untracked`)."""
ITSELF = ""
"""The ingress interface of the host's own packets."""

NOTRACK = Text(
    ja="接続追跡の対象外にする規則（NOTRACK）があり、どのパケットに働くか確定できません",
    en="a rule takes packets out of connection tracking (NOTRACK), and which ones cannot be told for sure",
)
_ZONE = Text(
    ja="接続追跡のゾーンはモデル化していません",
    en="zones of connection tracking are not modelled",
)
_ENDS = (VerdictKind.ACCEPT, VerdictKind.DROP, VerdictKind.REJECT, VerdictKind.RETURN, VerdictKind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Untracked:
    """By interface, the headers that are not tracked: of packets that come in by it, and of the host's own that leave by it."""

    entering: Mapping[str, tuple[Match, ...]]
    own: Mapping[str, tuple[Match, ...]]
    sources: Sources
    own_unsure: tuple[tuple[Region, Sources], ...] = ()
    """The host's own packets of which it is not sure whether they are tracked."""

    def of(self, ingress: str, egress: str) -> tuple[Match, ...]:
        """What is not tracked of the packets from one interface to another, with the headers that they came in with."""
        return self.own.get(egress, ()) if ingress == ITSELF else self.entering.get(ingress, ())

    def groups(
        self, ingress: frozenset[str], egress: frozenset[str]
    ) -> Iterator[tuple[frozenset[str], frozenset[str], tuple[Match, ...]]]:
        """Pairs of interfaces in groups of which the same packets are not tracked."""
        if not self.sources:
            yield ingress, egress, ()
            return
        coming: dict[tuple[Match, ...], set[str]] = {}
        for name in sorted(ingress - {ITSELF}):  # sets of names have no order of their own
            coming.setdefault(self.entering.get(name, ()), set()).add(name)
        for matches, names in coming.items():
            yield frozenset(names), egress, matches
        if ITSELF in ingress:
            leaving: dict[tuple[Match, ...], set[str]] = {}
            for name in sorted(egress):
                leaving.setdefault(self.own.get(name, ()), set()).add(name)
            for matches, names in leaving.items():
                yield frozenset((ITSELF,)), frozenset(names), matches

    def filter(self) -> Filter | None:
        """What `Device.untracked` names; the ingress of the host's own packets is `ITSELF`."""
        if not self.sources:
            return None
        lines = [
            FilterLine(UNTRACKED, Action.PERMIT, matches, self.sources, ingress=frozenset((name,)), implied=True)
            for name, matches in sorted(self.entering.items())
        ]
        lines += [
            FilterLine(
                UNTRACKED,
                Action.PERMIT,
                matches,
                self.sources,
                ingress=frozenset((ITSELF,)),
                egress=frozenset((name,)),
                implied=True,
            )
            for name, matches in sorted(self.own.items())
        ]
        return Filter(UNTRACKED, tuple(lines), Action.DENY, self.sources)


EVERYTHING_TRACKED = Untracked({}, {}, ())


def untracked(ruleset: Ruleset, names: frozenset[str]) -> tuple[Untracked, tuple[Doubt, ...]]:
    """What rules surely take out of connection tracking; a rule of which that is not sure is a doubt about what it could touch.

    Zones split what is remembered: a reply may look like a new packet, which matters to no packet that opens a connection.
    """
    kinds = {rule.verdict.kind for chain in ruleset.chains.values() for rule in chain.rules}
    if not kinds & {VerdictKind.NOTRACK, VerdictKind.ZONE}:
        return EVERYTHING_TRACKED, ()
    work = _Untracked(ruleset)
    entering = work.at(Hook.PREROUTING, names, frozenset((ITSELF,)))
    own = work.at(Hook.OUTPUT, frozenset((ITSELF,)), names)
    return (
        Untracked(
            _by_interface(entering, own=False),
            _by_interface(own, own=True),
            tuple(dict.fromkeys(work.sources)),
            tuple(work.own_unsure),
        ),
        tuple(work.doubts),
    )


def _by_interface(regions: list[Region], *, own: bool) -> dict[str, tuple[Match, ...]]:
    found: dict[str, list[Match]] = {}
    for region in regions:
        for name in sorted(region.egress if own else region.ingress):
            found.setdefault(name, []).extend(
                replace(match, marks=UNTRANSLATED_DESTINATION) for match in region.matches
            )
    return {name: tuple(matches) for name, matches in found.items()}


class _Untracked:
    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self.sources: list[SourceLine] = []
        self.doubts: list[Doubt] = []
        self.own_unsure: list[tuple[Region, Sources]] = []
        """The host's own packets of which it is not sure whether they are tracked."""

    def at(self, hook: Hook, ingress: frozenset[str], egress: frozenset[str]) -> list[Region]:
        """The regions of all chains of a hook; the packets that are not tracked are those of any of them."""
        found: list[Region] = []
        states: dict[SourceLine, None] = {}
        for chain in self._ruleset.chains.values():
            if chain.base is None or chain.base.hook is not hook or chain.base.nat:
                continue
            try:
                flat = flatten(self._ruleset.chains, chain, ingress, egress)
                early = chain.base.priority < Priority.CONNTRACK
                found += self._of(flat.rules, hook, early=early)
                states |= dict.fromkeys(
                    line for rule in flat.rules if early and _asks_state(rule) for line in rule.sources
                )
            except TooComplexError:
                continue  # the chain itself is a doubt about everything
            except TooManyMatchesError:
                self._doubt(hook, Region(ingress, egress, ALL_STATES, ANY_PACKET), chain.sources)
        for region in found if states else ():
            # an early rule that asks for a state sees UNTRACKED behind NOTRACK, and INVALID before it
            self._doubt(hook, region, tuple(states))
        return found

    def _of(self, rules: tuple[FlatRule, ...], hook: Hook, *, early: bool) -> list[Region]:
        """What a rule is not sure to see, or that is too late, is a doubt."""
        kept: list[Region] = []
        decided: list[Region] = []
        for rule in rules:
            kind = rule.verdict.kind
            for region in rule.regions:
                if kind in _ENDS:
                    decided.append(region)
                elif kind is VerdictKind.ZONE:
                    self._doubt(hook, region, rule.sources, _ZONE)
                elif kind is VerdictKind.NOTRACK:
                    kept += self._taken(region, decided, hook, rule, early=early)
        return kept

    def _taken(self, region: Region, decided: list[Region], hook: Hook, rule: FlatRule, *, early: bool) -> list[Region]:
        left: tuple[Region, ...] = (region,)
        sure = early and _is_plain(region)
        for other in decided:
            if _is_plain(other):
                left = minus(left, other)
            elif overlap(left, other):
                sure = False
        if not left:
            return []
        if sure:
            self.sources += rule.sources
            return list(left)
        for one in left:
            self._doubt(hook, one, rule.sources)
        return []

    def _doubt(self, hook: Hook, region: Region, sources: Sources, text: Text = NOTRACK) -> None:
        if hook is Hook.PREROUTING:
            self.doubts.append(Doubt(DoubtKind.UNSUPPORTED, text, sources, interfaces=region.ingress))
        elif text is NOTRACK:
            self.own_unsure.append((region, sources))


def _is_plain(region: Region) -> bool:
    """Whether a rule surely acts on what it names, and asks nothing of a connection that is not looked up yet (nor of its translation)."""
    about_translation = any(match.marks != ANY_MARK for match in region.matches)
    return region.certainty is Certainty.ALWAYS and region.states == ALL_STATES and not about_translation


def _asks_state(rule: FlatRule) -> bool:
    return any(region.states != ALL_STATES for region in rule.regions)
