"""An audit folder under another model or edition: flows are computed once, the rules run twice, and nothing in the folder changes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from secaudit.audit.preparation import PreparedFolder, Progress, prepare_folder
from secaudit.audit.result import AuditResult, RuleSummary
from secaudit.audit.run import context_of, judge
from secaudit.audit.worst import worst_by_subject
from secaudit.errors import InputError, UsageError
from secaudit.municipality.model import Model, Zone
from secaudit.packets.sets import PacketSet
from secaudit.policy.loader import load_policy
from secaudit.policy.model import Cell, Condition, Denied, Policy, Registered
from secaudit.probes.folder import Probes
from secaudit.rules.context import RuleContext
from secaudit.rules.own import ruleset_for
from secaudit.rules.permitted import allowance, refusal_of, service_packets
from secaudit.rules.result import Disposition, Outcome, Severity
from secaudit.rules.separation import beyond
from secaudit.text.bilingual import Text


class Effect(StrEnum):
    """What becomes of a result."""

    FAILS = "fails"
    UNDETERMINED = "undetermined"
    FREED = "freed"
    """It failed or was not known, and is neither any more."""
    OTHER = "other"


class Need(StrEnum):
    """What has to be prepared."""

    ATTESTATION = "attestation"
    DOCUMENT = "document"
    REGISTER = "register"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class ChangedResult:
    """A result that would be another one; None where the rule is not asked. Of several about one subject the worst counts."""

    effect: Effect
    rule: str
    rule_title: Text
    subject: str
    title: Text
    severity: Severity
    before: Outcome | None
    after: Outcome | None
    open: bool
    """No valid exception settles it."""


@dataclass(frozen=True, slots=True)
class ChangedEntry:
    """A register entry that would be refused, or permitted; `reason` is why it is refused in one of the two."""

    id: str
    title: str
    permitted: bool
    reason: Text


@dataclass(frozen=True, slots=True)
class ChangedPair:
    """What changes between two zones. `close` surely passes and would no longer be permitted, `maybe_close` could.

    `open` is already registered and would be permitted. `openable` is the widest that a new entry could permit, `codes` the conditions
    under which; an exceptable denial (`D*`) alone opens nothing.
    """

    source: str
    destination: str
    before: str
    after: str
    codes: tuple[str, ...]
    close: tuple[str, ...]
    maybe_close: tuple[str, ...]
    open: tuple[str, ...]
    openable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preparation:
    """One thing to prepare, for a rule, an entry or a pair."""

    need: Need
    what: str
    text: Text


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Everything that another model or edition changes for one folder."""

    before: AuditResult
    after: AuditResult
    results: tuple[ChangedResult, ...]
    begin: tuple[RuleSummary, ...]
    cease: tuple[RuleSummary, ...]
    register: tuple[ChangedEntry, ...]
    pairs: tuple[ChangedPair, ...]
    prepare: tuple[Preparation, ...]

    def worst_failure(self) -> Severity | None:
        """The severity of the worst open failure that there would be and is not now."""
        order = list(Severity)
        found = [one.severity for one in self.results if one.effect is Effect.FAILS and one.open]
        return min(found, key=order.index, default=None)


def what_if(
    path: Path,
    as_of: datetime.date,
    model: Model | None,
    edition: str | None,
    limit: int,
    progress: Progress | None = None,
    rules: Path | None = None,
) -> WhatIf:
    """Judges a folder as it is and under another model or edition. `limit`: boxes shown for each change of a pair,
    `rules` a folder of own rules, as for an audit.

    Raises `UsageError` when that is what the folder declares, `InputError` when there is nothing to judge, `PolicyError` for an edition
    that does not exist or does not have the model.
    """
    if model is None and edition is None:
        raise UsageError(
            Text(ja="--model も --edition も指定されていない。", en="neither --model nor --edition was given"),
            Text(
                ja="例: secaudit what-if フォルダ --model beta", en="for example: secaudit what-if FOLDER --model beta"
            ),
        )
    prepared = prepare_folder(path, progress)
    declared = prepared.folder.municipality
    changed = replace(declared, model=model or declared.model, edition=edition or declared.edition)
    if changed == declared:
        raise UsageError(
            Text(
                ja=f"監査フォルダの記載が既に {declared.edition} {declared.model.value} である。",
                en=f"the folder already declares {declared.edition} {declared.model.value}",
            ),
            Text(ja="別のモデル又は版を指定すること。", en="name another model or edition"),
        )
    policy = load_policy(changed.edition, changed.model)
    if not prepared.network.devices:
        raise InputError(
            Text(ja="読み取れた設定ファイルがない。", en="not a single configuration was read"),
            file=f"{path.as_posix()}/configs",
            hint=Text(ja="機器から書き出した設定を置くこと。", en="put the configurations of the devices there"),
        )
    other = replace(prepared, folder=replace(prepared.folder, municipality=changed), policy=policy)
    ruleset = ruleset_for(Path(prepared.folder.root), rules)
    before, after = judge(prepared, as_of, progress, ruleset), judge(other, as_of, progress, ruleset)
    contexts = _context(prepared, as_of), _context(other, as_of)
    results = tuple(_results(before, after))
    register = tuple(_register(*contexts))
    pairs = tuple(_pairs(*contexts, limit))
    return WhatIf(
        before=before,
        after=after,
        results=results,
        begin=_only(after.rules, before.rules),
        cease=_only(before.rules, after.rules),
        register=register,
        pairs=pairs,
        prepare=tuple(_prepare(results, after, register, pairs, policy)),
    )


def _context(prepared: PreparedFolder, as_of: datetime.date) -> RuleContext:
    """For questions about flows and the register, which no probe changes."""
    return context_of(prepared, as_of, Probes((), ()))


def _only(these: Iterable[RuleSummary], not_those: Iterable[RuleSummary]) -> tuple[RuleSummary, ...]:
    known = {one.id for one in not_those}
    return tuple(one for one in these if one.id not in known)


_UNSETTLED = (Outcome.FAIL, Outcome.ERROR, Outcome.UNDETERMINED)


def _results(before: AuditResult, after: AuditResult) -> Iterator[ChangedResult]:
    old, new = worst_by_subject(before.results), worst_by_subject(after.results)
    titles = {one.id: one.title for one in (*before.rules, *after.rules)}
    for key in sorted({*old, *new}):
        left, right = old.get(key), new.get(key)
        one = right or left
        assert one is not None
        was, will = (None if side is None else side.outcome for side in (left, right))
        if was is not will:
            yield ChangedResult(
                effect=_effect(was, will),
                rule=one.rule,
                rule_title=titles[one.rule],
                subject=one.subject.name,
                title=one.subject.title,
                severity=one.severity,
                before=was,
                after=will,
                open=one.disposition is not Disposition.EXCEPTED,
            )


def _effect(was: Outcome | None, will: Outcome | None) -> Effect:
    if will is Outcome.FAIL:
        return Effect.FAILS
    if will in (Outcome.UNDETERMINED, Outcome.ERROR):
        return Effect.UNDETERMINED
    return Effect.FREED if was in _UNSETTLED else Effect.OTHER


def _register(before: RuleContext, after: RuleContext) -> Iterator[ChangedEntry]:
    for entry in sorted(before.municipality.register, key=lambda one: one.id):
        was, will = refusal_of(entry, before), refusal_of(entry, after)
        if (was is None) is not (will is None):
            told = will or was
            assert told is not None
            yield ChangedEntry(entry.id, entry.title, will is None, told.text)


def _pairs(before: RuleContext, after: RuleContext, limit: int) -> Iterator[ChangedPair]:
    zones = sorted(zone for zone in before.policy.zones if before.binding(zone) is not None)
    for source in zones:
        for destination in zones:
            if source is not destination:
                changed = _pair(before, after, source, destination, limit)
                if changed is not None:
                    yield changed


def _pair(before: RuleContext, after: RuleContext, source: Zone, destination: Zone, limit: int) -> ChangedPair | None:
    old, new = before.policy.cell(source, destination), after.policy.cell(source, destination)
    was, will = allowance(old, before), allowance(new, after)
    flow = before.flows.pair(source, destination)
    certain_was, possible_was = beyond(flow, was)
    certain, possible = beyond(flow, will)
    close = certain - certain_was
    maybe = possible - possible_was - close
    nothing = before.flows.nothing()
    everything = before.flows.everything()
    opened = nothing if will.packets == everything else will.packets - was.packets - flow.certain
    added = [one for one in new.conditions if one.code not in old.codes and not isinstance(one.constraint, Denied)]
    widest = nothing
    for condition in added:
        widest |= _widest(condition, new, after)
    if old.text == new.text and close.is_empty and maybe.is_empty and opened.is_empty:
        return None
    return ChangedPair(
        source=source.value,
        destination=destination.value,
        before=old.text,
        after=new.text,
        codes=tuple(one.code for one in added),
        close=_boxes(close, limit),
        maybe_close=_boxes(maybe, limit),
        open=_boxes(opened, limit),
        openable=_boxes(widest, limit),
    )


def _boxes(packets: PacketSet, limit: int) -> tuple[str, ...]:
    return tuple(str(box) for box in packets.boxes(limit))


def _widest(condition: Condition, cell: Cell, context: RuleContext) -> PacketSet:
    """All that a condition could ever permit between two zones."""
    between = context.flows.between(cell.source, cell.destination)
    constraint = condition.constraint
    if isinstance(constraint, Registered) and constraint.services:
        return between & service_packets(constraint.services, context)
    return between


def _prepare(
    results: Iterable[ChangedResult],
    after: AuditResult,
    register: Iterable[ChangedEntry],
    pairs: Iterable[ChangedPair],
    policy: Policy,
) -> Iterator[Preparation]:
    kinds = {one.id: one.kind for one in after.rules}
    found = worst_by_subject(after.results)
    by_name = {(one.rule, one.subject.name): one for one in found.values()}
    for changed in results:
        if changed.effect is Effect.UNDETERMINED:
            need = Need.ATTESTATION if kinds[changed.rule] in ("attestation", "deadline") else Need.DOCUMENT
            for text in by_name[changed.rule, changed.subject].needs:
                yield Preparation(need, changed.rule, text)
    for entry in register:
        if not entry.permitted:
            yield Preparation(Need.REGISTER, entry.id, entry.reason)
    for pair in pairs:
        cell = policy.cell(Zone(pair.source), Zone(pair.destination))
        exceptable = any(isinstance(one, Denied) and one.exceptable for one in cell.constraints)
        if exceptable and (pair.close or pair.maybe_close):
            yield Preparation(
                Need.EXCEPTION,
                f"{pair.source}->{pair.destination}",
                Text(
                    ja=f"通信を残す場合は、期限を定めた例外措置の許可（{cell.text}）",
                    en=f"an approved, dated exception ({cell.text}) for what is to stay open",
                ),
            )
