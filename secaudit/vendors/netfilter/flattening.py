"""Chains that call chains as one list in which the first match decides.

A rule behind a jump holds for what the jump matches AND what the rule matches; a `RETURN` takes its packets out of the rest of
its chain, so that rest holds for what is left (a difference of matches). Conditions that hold for everything stay as written, so nothing is multiplied out
without need. What would get too big raises `TooComplexError`; the kernel refuses loops, so a loop is an error as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from secaudit.network.filters import Certainty
from secaudit.network.match_algebra import (
    TooManyMatchesError,
    any_packet_of,
    intersect_matches,
    subtract_matches,
)
from secaudit.network.matches import Match
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.netfilter.conntrack import ALL_STATES
from secaudit.vendors.netfilter.ruleset import (
    BOTH_FAMILIES,
    Chain,
    ChainKey,
    Condition,
    InterfaceTest,
    Rule,
    State,
    Verdict,
    VerdictKind,
)

MOST_MATCHES = 20_000
"""Matches of one condition."""
_SPARE_RULES = 20_000
"""Rules that may be visited for one base chain beyond three times those that there are: chains that are called from many places."""
_SPARE_SIZE = 200_000
"""The same for matches of all lines and regions together, each rule having up to 30 of its own."""
WITHOUT_DECISION = (VerdictKind.NOTRACK, VerdictKind.ZONE)
"""What is only of interest to connection tracking."""
_DEEPEST = 64
"""Jumps inside jumps (nft allows 16)."""


class TooComplexError(Exception):
    """A chain that cannot be flattened; `text` says why and `sources` where."""

    def __init__(self, text: Text, sources: Sources) -> None:
        super().__init__(text.en)
        self.text = text
        self.sources = sources


@dataclass(frozen=True, slots=True)
class Region:
    """Packets by where they come from and go to, their state and their header; all interfaces are named."""

    ingress: frozenset[str]
    egress: frozenset[str]
    states: frozenset[State]
    matches: tuple[Match, ...]
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None


@dataclass(frozen=True, slots=True)
class FlatRule:
    """One rule as a line of the flat list. `regions` are where it holds (any of them), `sources` those of its jumps and its own."""

    rule: Rule
    verdict: Verdict
    regions: tuple[Region, ...]
    sources: Sources
    logged: bool


@dataclass(frozen=True, slots=True)
class FlatChain:
    """A base chain without jumps. `end_logged`: what reaches its end was logged just before."""

    rules: tuple[FlatRule, ...]
    end_logged: bool


def flatten(
    chains: Mapping[ChainKey, Chain], base: Chain, ingress: frozenset[str], egress: frozenset[str]
) -> FlatChain:
    """A base chain as a flat list. A `RETURN` from it is a rule of its own (the policy decides its packets).

    `ingress` and `egress` are the names that the packets of the hook can have; a packet without one has the name "".
    """
    work = _Flattening(chains)
    everything = Region(ingress, egress, ALL_STATES, _WHOLE[base.key.families])
    logged = work.walk(base, (everything,), (), ())
    return FlatChain(tuple(work.result), logged)


class _Flattening:
    def __init__(self, chains: Mapping[ChainKey, Chain]) -> None:
        self._chains = chains
        self.result: list[FlatRule] = []
        rules = sum(len(chain.rules) for chain in chains.values())
        self._visits_left = _SPARE_RULES + 3 * rules
        self._size_left = _SPARE_SIZE + 30 * rules

    def walk(self, chain: Chain, regions: tuple[Region, ...], path: tuple[ChainKey, ...], jumps: Sources) -> bool:
        """Appends the rules of a chain entered with `regions`. Returns whether its last rule logs whatever gets there."""
        pending: Condition | None = None
        hit: tuple[Region, ...]
        path = (*path, chain.key)
        for rule in chain.rules:
            self._visits_left -= 1
            if self._visits_left < 0:
                raise too_big(rule.sources)
            kind = rule.verdict.kind
            if kind is VerdictKind.CONTINUE:
                pending = self._of_families(chain, rule.condition) if rule.logged else pending
                continue
            try:
                if len(regions) == 1:
                    one = _both(regions[0], rule.condition)
                    hit = () if one is None else (one,)
                else:
                    hit = tuple([one for region in regions if (one := _both(region, rule.condition)) is not None])
                if hit:
                    logged = rule.logged or (pending is not None and _covers(pending, rule.condition))
                    sources = (*jumps, *rule.sources)
                    if kind not in _MOVING:
                        self._append(FlatRule(rule, rule.verdict, hit, sources, logged), rule)
                    elif self._move(chain, rule, hit, path, sources, logged=logged) and kind is VerdictKind.JUMP:
                        # what comes back from that chain was logged at its end
                        pending = self._of_families(chain, rule.condition)
                    if kind in _LEAVING and len(path) > 1:
                        regions = tuple(left for region in regions for left in _without(region, rule.condition, hit))
                        self._grow(regions, rule)
            except TooManyMatchesError:
                raise too_big(rule.sources) from None
            if pending is not None and kind not in _COMING_BACK:
                pending = None
            if not regions:
                break
        return pending is not None and _covers(pending, Condition())

    def _move(
        self,
        chain: Chain,
        rule: Rule,
        hit: tuple[Region, ...],
        path: tuple[ChainKey, ...],
        sources: Sources,
        *,
        logged: bool,
    ) -> bool:
        """Appends what a rule does that calls a chain or goes back. Returns whether it leads to a chain whose end is logged (`walk`)."""
        kind = rule.verdict.kind
        if kind in _CALLING:
            key = replace(chain.key, chain=rule.verdict.chain)
            target = self._chains.get(key)
            if target is None:
                self._append(FlatRule(rule, _UNKNOWN, _unsure(hit, rule), sources, logged), rule)
                return False
            if key in path:
                raise TooComplexError(_loop(key.chain), sources)
            if len(path) >= _DEEPEST:
                raise too_big(sources)
            ends_logged = self.walk(target, hit, path, sources)
            if kind is VerdictKind.GOTO and len(path) == 1:
                self._append(FlatRule(rule, _RETURN, hit, sources, logged=False), rule)
            return ends_logged
        if len(path) == 1:
            self._append(FlatRule(rule, rule.verdict, hit, sources, logged), rule)
        return False

    @staticmethod
    def _of_families(chain: Chain, log: Condition) -> Condition:
        """A condition of a log; one for every packet that the table sees asks for nothing."""
        whole = log.matches == any_packet_of(chain.key.families)
        return replace(log, matches=_EVERYTHING) if whole else log

    def _append(self, flat: FlatRule, rule: Rule) -> None:
        self._grow(flat.regions, rule)
        self.result.append(flat)

    def _grow(self, regions: Iterable[Region], rule: Rule) -> None:
        for region in regions:
            for match in region.matches:
                self._size_left -= len(match.services)
        if self._size_left < 0:
            raise too_big(rule.sources)


_CALLING = (VerdictKind.JUMP, VerdictKind.GOTO)
_LEAVING = (VerdictKind.GOTO, VerdictKind.RETURN)
_MOVING = (*_CALLING, VerdictKind.RETURN)
_COMING_BACK = (VerdictKind.JUMP, *WITHOUT_DECISION)
"""Verdicts behind which the packets go on in the chain, so that what was logged before still holds."""
_UNKNOWN = Verdict(VerdictKind.UNKNOWN)
_RETURN = Verdict(VerdictKind.RETURN)


def select(names: frozenset[str], tests: Iterable[InterfaceTest]) -> frozenset[str]:
    """The interfaces for which every test holds."""
    for test in tests:
        fitting = frozenset(name for name in names if any(name_fits(name, pattern) for pattern in test.names))
        names = names - fitting if test.negated else fitting
    return names


def name_fits(name: str, pattern: str) -> bool:
    """Whether an interface has a name as a rule writes it (`*` at the end: begins with).

    >>> name_fits("eth0", "eth*"), name_fits("eth0", "eth")
    (True, False)
    """
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _both(region: Region, condition: Condition) -> Region | None:
    """The packets of a region for which a condition holds."""
    ingress = select(region.ingress, condition.ingress) if condition.ingress else region.ingress
    egress = select(region.egress, condition.egress) if condition.egress else region.egress
    states = region.states if condition.states is None else region.states & condition.states
    if not (ingress and egress and states):
        return None
    matches = region.matches
    wanted = condition.matches
    if wanted is not _EVERYTHING and (len(wanted) != len(_EVERYTHING) or wanted != _EVERYTHING):
        matches = _narrowed(matches, wanted)
    if not matches:
        return None
    certainty = region.certainty
    if condition.certainty is not Certainty.ALWAYS:
        certainty = _joined(certainty, condition.certainty)
    return Region(ingress, egress, states, matches, certainty, condition.doubt or region.doubt)


_EVERYTHING = Condition().matches
_IPV4, _IPV6 = any_packet_of((4,)), any_packet_of((6,))
_WHOLE = {BOTH_FAMILIES: _EVERYTHING, frozenset((4,)): _IPV4, frozenset((6,)): _IPV6}
"""Every packet of the families of a table: what a base chain begins with, and most chains that it calls."""


def _narrowed(matches: tuple[Match, ...], wanted: tuple[Match, ...]) -> tuple[Match, ...]:
    """The packets that are in both; of a whole family they are those that are wanted, as they are. Raises `TooManyMatchesError`."""
    if (matches is _EVERYTHING or matches is _IPV4 or matches is _IPV6) and len(wanted) <= len(_EVERYTHING):
        for one in wanted:
            if not (one.sources and one.destinations and one.services and one.marks) or len(one.services) > _FEW:
                break
        else:
            first = wanted[0] if len(wanted) == 1 else None
            if first is not None and first.sources != matches[0].sources and first.family == matches[0].family:
                return wanted
            found = tuple([one for every in matches for one in wanted if one.family == every.family])
            # The very one, so that the next rule sees it as well.
            return matches if len(found) == len(matches) and found == matches else found
    return intersect_matches(matches, wanted, MOST_MATCHES)


_FEW = 1000
"""Services of one match that are far below `MOST_MATCHES`."""


def _without(region: Region, condition: Condition, hit: Iterable[Region]) -> list[Region]:
    """The packets of a region that go on behind a `RETURN`; those for which that is not sure are marked so."""
    both = _both(region, condition)
    if both is None:
        return [region]
    result = []
    rest = region
    if both.ingress != region.ingress:
        result.append(replace(region, ingress=region.ingress - both.ingress))
        rest = replace(rest, ingress=both.ingress)
    if both.egress != region.egress:
        result.append(replace(rest, egress=region.egress - both.egress))
        rest = replace(rest, egress=both.egress)
    if both.states != region.states:
        result.append(replace(rest, states=region.states - both.states))
        rest = replace(rest, states=both.states)
    matches = subtract_matches(region.matches, both.matches, MOST_MATCHES)
    if matches:
        result.append(replace(rest, matches=matches))
    if condition.certainty is not Certainty.ALWAYS:
        result.append(both)
    return result


def _joined(first: Certainty, second: Certainty) -> Certainty:
    """Two conditions that must both hold; two that hold at times may never hold together."""
    if first is Certainty.ALWAYS:
        return second
    return first if second is Certainty.ALWAYS else Certainty.UNCERTAIN


def minus(regions: Iterable[Region], taken: Region) -> tuple[Region, ...]:
    """The packets of regions that are not in another one. Raises `TooManyMatchesError`."""
    condition = as_condition(taken)
    return tuple(left for region in regions for left in _without(region, condition, ()))


def overlap(regions: Iterable[Region], other: Region) -> bool:
    """Whether some packets are in both. Raises `TooManyMatchesError`."""
    return any(_both(region, as_condition(other)) is not None for region in regions)


def as_condition(region: Region) -> Condition:
    """What asks for the packets of a region."""
    return Condition((InterfaceTest(region.ingress),), (InterfaceTest(region.egress),), region.matches, region.states)


def _covers(log: Condition, condition: Condition) -> bool:
    """Whether what `condition` matches was logged by a rule before it (a limit on the log does not matter)."""
    return (
        log.states in (None, condition.states)
        and all(one in ((), other) for one, other in ((log.ingress, condition.ingress), (log.egress, condition.egress)))
        and log.matches in (_EVERYTHING, condition.matches)
    )


def _unsure(regions: tuple[Region, ...], rule: Rule) -> tuple[Region, ...]:
    text = Text(
        ja=f"ジャンプ先のチェイン「{rule.verdict.chain}」が定義されていません",
        en=f'the chain "{rule.verdict.chain}" to which it jumps is not defined',
    )
    return tuple(replace(region, doubt=text) for region in regions)


def _loop(chain: str) -> Text:
    return Text(
        ja=f"チェイン「{chain}」が自分自身に戻っています（カーネルは受け付けません）",
        en=f'the chain "{chain}" comes back to itself, which the kernel refuses',
    )


def too_big(sources: Sources) -> TooComplexError:
    """The error for what would need too many matches."""
    return TooComplexError(
        Text(
            ja="チェインの呼び出しを展開すると大きくなりすぎるため、判断できません",
            en="too complex: the chains that call each other are too big when written out",
        ),
        sources,
    )
