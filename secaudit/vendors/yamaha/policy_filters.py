"""The policy filter engine of FWX120 and SRT100: `ip policy filter ...`, and `ip inbound filter` in front of it (YA-66).

Order of processing: inbound filter, NAT, routing, policy filter, NAT (YAMAHA technical document "policy_fw"). How policies below other
policies (in brackets) are tried, and what happens to a packet that none is for, is not confirmed. So only this is taken for sure:
**nothing passes that no passing policy of the set is for**, once some policy of the upper level is for every packet. What a passing policy
is for may pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, Outcome, PolicyDraft
from secaudit.vendors.yamaha.policy_objects import PolicyObjects, without_name
from secaudit.vendors.yamaha.table import Handler

_Key = TypeVar("_Key", str, tuple[str, str])

_ACTIONS = {
    f"{start}-{log}": start != "reject"
    for start in ("pass", "static-pass", "reject", "restrict")
    for log in ("log", "nolog")
}
"""Each action, and whether it may let packets pass."""
_FIELDS = 6
_MOST_POLICIES = 4000
_UNSURE = Text(
    ja="ポリシーフィルターの評価順（階層）を確かめられないため、通過を許すポリシーに当てはまる通信は「通る可能性がある」として扱います",
    en="how policies below other policies are tried is not confirmed, so what a passing policy is for may pass",
)
_NO_MATCH = Text(
    ja="どのポリシーにも当てはまらない通信の扱いを確かめられません",
    en="what happens to packets that no policy is for is not confirmed",
)
_NOT_READ = Text(
    ja="ポリシーフィルターのセットまたはポリシーの定義がないか、読み取れません",
    en="the set of policy filters, or a policy in it, is not defined or cannot be read",
)
_SWITCHED = Text(
    ja="ポリシーフィルターのセットが条件によって切り替わります",
    en="another set of policy filters takes over under a condition",
)
_NONE_ENABLED = Text(
    ja="ポリシーフィルターの設定がありますが、有効なセットがなく、機器の動作を確かめられません",
    en="there are policy filters, but no set is enabled; what the device then does is not confirmed",
)
_BOTH_ENGINES = Text(
    ja="ポリシーフィルター系と secure filter が併用されており、処理の順序を確かめられません",
    en="policy or inbound filters stand beside `secure filter`, and their order is not confirmed",
)
_FAMILIES: tuple[tuple[Family, str, Match], ...] = ((4, "ip", ANY_IPV4_PACKET), (6, "ipv6", ANY_IPV6_PACKET))


def _policy(command: Command, draft: Draft) -> Outcome:
    """Any `ip policy ...` line, kept under what it defines; a later line replaces an earlier one."""
    words = command.words
    kept = draft.policies[6 if words[0] == "ipv6" else 4]
    if len(words) < 4:
        return Outcome.UNREAD
    kind = words[2:4]
    if kind[1:] == ("group",) and kind[0] in ("interface", "address", "service") and len(words) > 4:
        return _keep(kept.groups, (kind[0], words[4]), command)
    if kind[0] == "service" and len(words) > 4:
        return _keep(kept.services, words[4], command)
    if kind == ("filter", "set"):
        return _set(kept, command)
    if kind == ("filter", "timer"):
        return Outcome.USED
    if kind[0] == "filter" and kind[1].isdecimal():
        return _keep(kept.filters, kind[1], command)
    return Outcome.UNREAD


def _set(kept: PolicyDraft, command: Command) -> Outcome:
    words = command.words
    which = words[4] if len(words) > 4 else ""
    if which == "enable":
        if not command.negated and len(words) < 6:
            return Outcome.UNREAD
        kept.enabled = None if command.negated else command
        return Outcome.USED if command.negated or len(words) == 6 else Outcome.UNREAD
    if which == "switch":
        return _keep(kept.switches, " ".join(words[5:7]), command)
    return _keep(kept.sets, which, command) if which.isdecimal() else Outcome.UNREAD


def _keep(table: dict[_Key, Command], key: _Key, command: Command) -> Outcome:
    if command.negated:
        table.pop(key, None)
    else:
        table[key] = command
    return Outcome.USED


@dataclass(frozen=True, slots=True)
class PolicyFilters:
    """The filters of the engine by what they are for: forwarded packets, packets for the device, its own packets."""

    forwarded: Filter
    to_itself: Filter
    from_itself: Filter


def build_policy_filters(draft: Draft) -> PolicyFilters | None:
    """The filters; None when no set is enabled."""
    _doubts(draft)
    sets = [_Set(draft, family, word, everything) for family, word, everything in _FAMILIES]
    if all(one.enabled is None for one in sets):
        return None
    sources = tuple(line for one in sets if one.enabled is not None for line in one.enabled.sources)
    return PolicyFilters(
        _filter("policy filter", sources, [line for one in sets for line in one.lines("", "")]),
        _filter("policy filter (local in)", sources, [line for one in sets for line in one.lines("", "local")]),
        _filter("policy filter (local out)", sources, [line for one in sets for line in one.lines("local", "")]),
    )


def _filter(name: str, sources: Sources, lines: Sequence[FilterLine]) -> Filter:
    permitted = tuple(match for line in lines if line.action is Action.PERMIT for match in line.matches)
    return Filter(
        name, tuple(lines), Action.DENY, sources, default_logged=True, default_sources=sources, sessions=permitted
    )


def _doubts(draft: Draft) -> None:
    secure = [found.sources for one in draft.interfaces.values() for found in one.lists.values()]
    secure += [(line,) for one in draft.interfaces.values() for _, line in one.set_names.values()]
    used = any(kept.filters or kept.sets for kept in draft.policies.values())
    inbound = any(one.inbound for one in draft.interfaces.values())
    if secure and (used or inbound):
        draft.doubt(DoubtKind.UNSUPPORTED, _BOTH_ENGINES, secure[0])
    for kept in draft.policies.values():
        for command in kept.switches.values():
            draft.doubt(DoubtKind.UNSUPPORTED, _SWITCHED, command.sources)
        lines = [*kept.sets.values(), *kept.filters.values()]
        if kept.enabled is None and lines:
            draft.doubt(DoubtKind.UNSUPPORTED, _NONE_ENABLED, lines[0].sources)


class _Set:
    """The enabled set of one address family."""

    def __init__(self, draft: Draft, family: Family, word: str, everything: Match) -> None:
        self._draft = draft
        self._kept = draft.policies[family]
        self._objects = PolicyObjects(self._kept, family, tuple(draft.interfaces))
        self._family = family
        self._word = word
        self._everything = everything
        self.enabled = self._kept.enabled
        self._told = False

    def lines(self, source: str, destination: str) -> Iterator[FilterLine]:
        """The passing policies between two interfaces (empty: any but the device itself, `local`: the device itself)."""
        if self.enabled is None:
            yield self._unknown(_NO_MATCH, ())
            return
        chosen = self._kept.sets.get(self.enabled.words[5])
        if chosen is None:
            self._undefined(f"{self._word} policy filter set {self.enabled.words[5]}", self.enabled.sources)
            yield self._unknown(_NOT_READ, self.enabled.sources)
            return
        closed = False
        for number, upper in _members(chosen.words[5:]):
            policy = self._kept.filters.get(number)
            fields = () if policy is None else policy.words[4:]
            if policy is None or not 2 <= len(fields) <= _FIELDS or fields[0] not in _ACTIONS:
                if policy is None:
                    self._undefined(f"{self._word} policy filter {number}", chosen.sources)
                yield self._unknown(_NOT_READ, chosen.sources if policy is None else policy.sources)
                continue
            closed = closed or (upper and fields[1:] == ("*",) * (_FIELDS - 1))
            if _ACTIONS[fields[0]]:
                yield from self._passing(number, policy, chosen, source, destination)
        self._told = True
        if not closed:
            yield self._unknown(_NO_MATCH, chosen.sources)

    def _passing(
        self, number: str, policy: Command, chosen: Command, source: str, destination: str
    ) -> Iterator[FilterLine]:
        left_out = ("*",) * (_FIELDS + 4 - len(policy.words))
        action, from_interface, to_interface, from_address, to_address, service = (*policy.words[4:], *left_out)
        incoming = self._objects.interfaces(from_interface)
        outgoing = self._objects.interfaces(to_interface)
        lines: list[SourceLine] = [*policy.sources, *chosen.sources]
        matches = self._objects.matches(from_address, to_address, service)
        if not _is_among(source, incoming) or not _is_among(destination, outgoing):
            return
        yield FilterLine(
            f"policy {number}" if self._family == 4 else f"ipv6 policy {number}",
            Action.PERMIT,
            matches,
            tuple(lines),
            Certainty.UNCERTAIN,
            _UNSURE,
            action.endswith("-log"),
            None if incoming is None or source else incoming,
            None if outgoing is None or destination else outgoing,
        )

    def _unknown(self, text: Text, sources: Sources) -> FilterLine:
        label = "policy" if self._family == 4 else "ipv6 policy"
        return FilterLine(label, Action.UNKNOWN, (self._everything,), sources, Certainty.UNCERTAIN, text)

    def _undefined(self, what: str, sources: Sources) -> None:
        if not self._told:
            text = Text(ja=f"{what} は定義されていません", en=f"{what} is not defined")
            self._draft.note(NoticeKind.UNDEFINED_LINE, text, sources)


def _is_among(which: str, names: frozenset[str] | None) -> bool:
    """Whether a policy concerns the device itself (`local`), or any other interface."""
    if names is None:
        return True
    return which in names if which else bool(names - {"local"})


def _members(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The policies of a set, and whether each is of the upper level: `1100 [1110 1123 [1124]] 2000`."""
    depth = found = 0
    for word in without_name(words):
        for item in word.replace("[", " [ ").replace("]", " ] ").split():
            if item == "[":
                depth += 1
            elif item == "]":
                depth = max(0, depth - 1)
            elif found < _MOST_POLICIES:
                found += 1
                yield item, depth == 0
            else:
                yield "", False
                return


HANDLERS: Mapping[str, Handler] = {
    "ip|ipv6 policy": _policy,
    "ip|ipv6 policy address": _policy,  # otherwise `ip INTERFACE address`, which is longer, would take it
}
