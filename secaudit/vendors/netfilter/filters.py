"""The filtering base chains of one hook as `network.Filter`s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from secaudit.network.device import Doubt, DoubtKind, Plane
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.match_algebra import TooManyMatchesError, any_packet_of
from secaudit.network.matches import Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.netfilter.conntrack import ALL_STATES, split
from secaudit.vendors.netfilter.flattening import (
    MOST_MATCHES,
    WITHOUT_DECISION,
    FlatChain,
    Region,
    TooComplexError,
    flatten,
    too_big,
)
from secaudit.vendors.netfilter.ruleset import (
    BOTH_FAMILIES,
    BaseChain,
    Chain,
    Hook,
    Priority,
    Ruleset,
    State,
    VerdictKind,
)
from secaudit.vendors.netfilter.untracked import EVERYTHING_TRACKED, Untracked

_ACTIONS: Mapping[VerdictKind, Action] = {
    VerdictKind.ACCEPT: Action.PERMIT,
    VerdictKind.DROP: Action.DENY,
    VerdictKind.REJECT: Action.DENY,
}
_NOT_SHOWN = {
    4: Text(
        ja="IPv4のフィルター（iptables-save の filter テーブル）がファイルにないため、IPv4の通信の可否を判断できません",
        en="the IPv4 filter (the filter table of iptables-save) is not in the file, so what IPv4 may pass cannot be told",
    ),
    6: Text(
        ja="IPv6のフィルター（ip6tables-save の filter テーブル）がファイルにないため、IPv6の通信の可否を判断できません",
        en="the IPv6 filter (the filter table of ip6tables-save) is not in the file, so what IPv6 may pass cannot be told",
    ),
}
_ANY_STATE = ALL_STATES - {State.RELATED}
_UNKNOWN_VERDICT = Text(
    ja="この行の処理は読み取れず、許可・拒否のどちらもありえます",
    en="what this rule does with a packet was not understood: it may permit or deny",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where chains of a hook are asked: the interfaces that a packet there can have ("" = none), and how tcp is tracked."""

    hook: Hook
    ingress: frozenset[str]
    egress: frozenset[str]
    loose: bool
    plane: Plane
    untracked: Untracked = EVERYTHING_TRACKED


@dataclass(frozen=True, slots=True)
class Group:
    """Base chains of one name, hook and priority: IPv4's and IPv6's together are one filter."""

    name: str
    priority: int
    chains: tuple[tuple[Chain, BaseChain], ...]

    @property
    def families(self) -> frozenset[Family]:
        """The address families that its chains see."""
        return frozenset(family for chain, _ in self.chains for family in chain.key.families)


def groups(ruleset: Ruleset, hook: Hook) -> list[Group]:
    """The filtering base chains of a hook in the order in which the kernel asks them."""
    found: dict[tuple[int, str], list[tuple[Chain, BaseChain]]] = {}
    for chain in ruleset.chains.values():
        base = chain.base
        if base is not None and base.hook is hook and not base.nat:
            family = "inet " if chain.key.family == "inet" else ""
            name = f"{family}{chain.key.table} {chain.key.chain}"
            found.setdefault((base.priority, name), []).append((chain, base))
    return [
        Group(name, priority, tuple(chains))
        for (priority, name), chains in sorted(found.items(), key=lambda item: item[0][0])
    ]


def convert_group(
    ruleset: Ruleset, group: Group, place: Place, name: str, *, last: bool
) -> tuple[Filter, tuple[Doubt, ...]]:
    """One filter; a chain that is too complex is one line of unknown action and a doubt.

    `last`: no other chain of the hook follows, so this is where a family whose rules nobody showed must be spoken of.
    """
    lines: list[FilterLine] = []
    doubts: list[Doubt] = []
    ends_logged = True
    for chain, base in group.chains:
        try:
            flat = flatten(ruleset.chains, chain, place.ingress, place.egress)
            lines += _lines(flat, base, place)
            ends_logged = ends_logged and flat.end_logged
        except TooComplexError as error:
            ends_logged = False
            doubts.append(Doubt(DoubtKind.TOO_COMPLEX, error.text, error.sources, place.plane))
            lines.append(_unknown_line(chain.key.families, error.text, error.sources))
    sources = tuple(line for chain, base in group.chains for line in (*chain.sources, *base.sources))
    silent = BOTH_FAMILIES - group.families
    if last:
        lines += unknown_families(ruleset, silent)
    policies = {family: base for chain, base in group.chains for family in chain.key.families}
    accepts = {family: policies[family].accepts for family in policies}
    accepts |= dict.fromkeys(silent & ruleset.families, True)
    if len(set(accepts.values())) > 1:
        # One default cannot say both: the family that is dropped gets a line of its own.
        for family in sorted(family for family, accepted in accepts.items() if not accepted):
            lines.append(
                FilterLine(
                    "policy drop", Action.DENY, any_packet_of((family,)), policies[family].sources, logged=ends_logged
                )
            )
    default = Action.PERMIT if any(accepts.values()) else Action.DENY
    return Filter(name, tuple(lines), default, tuple(dict.fromkeys(sources)), ends_logged, _of_policies(group)), tuple(
        doubts
    )


def unknown_families(ruleset: Ruleset, silent: Iterable[Family]) -> Iterator[FilterLine]:
    """A line for each address family whose rules are not in the file: it may permit or deny."""
    for family in sorted(silent):
        if family not in ruleset.families:
            yield _unknown_line(frozenset((family,)), _NOT_SHOWN[family], ruleset.sources)


def _of_policies(group: Group) -> Sources:
    return tuple(dict.fromkeys(line for _, base in group.chains for line in base.sources))


def _unknown_line(families: Iterable[Family], doubt: Text, sources: Sources) -> FilterLine:
    return FilterLine("?", Action.UNKNOWN, any_packet_of(families), sources, doubt=doubt)


def _lines(flat: FlatChain, base: BaseChain, place: Place) -> Iterator[FilterLine]:
    tracked = base.priority > Priority.CONNTRACK
    actions = {**_ACTIONS, VerdictKind.RETURN: Action.PERMIT if base.accepts else Action.DENY}
    for rule in flat.rules:
        kind = rule.verdict.kind
        if kind in WITHOUT_DECISION:
            continue
        action = actions.get(kind, Action.UNKNOWN)
        for region in rule.regions if len(rule.regions) == 1 else merged(rule.regions):
            doubt = region.doubt or (_UNKNOWN_VERDICT if action is Action.UNKNOWN else None)
            try:
                for ingress, egress, connection, matches in _parts(region, place, tracked=tracked):
                    yield FilterLine(
                        rule.rule.label,
                        action,
                        matches,
                        rule.sources,
                        region.certainty,
                        doubt,
                        rule.logged,
                        scope(ingress, place.ingress),
                        scope(egress, place.egress),
                        connection,
                        None,
                        rule.rule.comment,
                    )
            except TooManyMatchesError:
                raise too_big(rule.sources) from None


_Part = tuple[frozenset[str], frozenset[str], Connection | None, tuple[Match, ...]]


def _parts(region: Region, place: Place, *, tracked: bool) -> Iterable[_Part]:
    """A region by interfaces and by whether its packets belong to a connection. Raises `TooManyMatchesError`."""
    states = region.states
    if states is not ALL_STATES and not tracked and place.hook in (Hook.PREROUTING, Hook.OUTPUT):
        # Before connection tracking has seen a packet, the kernel calls every packet invalid.
        states = ALL_STATES if State.INVALID in states else frozenset()
    if states is ALL_STATES or states >= _ANY_STATE:
        return ((region.ingress, region.egress, None, region.matches),)
    known = place.untracked if tracked else EVERYTHING_TRACKED
    return (
        (ingress, egress, connection, matches)
        for ingress, egress, apart in known.groups(region.ingress, region.egress)
        for connection, matches in split(states, region.matches, apart, loose=place.loose, most=MOST_MATCHES)
    )


@lru_cache(maxsize=1024)
def scope(names: frozenset[str], every: frozenset[str]) -> frozenset[str] | None:
    """Interfaces as a filter line names them: None when all are meant."""
    return None if names == every else names - {""}


def merged(regions: Sequence[Region]) -> list[Region]:
    """Regions that differ in their matches only are one."""
    if len(regions) == 1:
        return list(regions)
    found: dict[tuple[frozenset[str], frozenset[str], frozenset[State], Certainty, Text | None], list[Match]] = {}
    for one in regions:
        found.setdefault((one.ingress, one.egress, one.states, one.certainty, one.doubt), []).extend(one.matches)
    if len(found) == len(regions):
        return list(regions)
    return [
        Region(ingress, egress, states, tuple(matches), certainty, doubt)
        for (ingress, egress, states, certainty, doubt), matches in found.items()
    ]
