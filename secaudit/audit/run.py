"""Audit folder in, AuditResult out."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

from secaudit import __version__
from secaudit.audit.exceptions import exception_summaries
from secaudit.audit.network import ReadNetwork
from secaudit.audit.preparation import PreparedFolder, Progress, prepare_folder
from secaudit.audit.rates import rates_of
from secaudit.audit.result import SCHEMA_VERSION, AuditResult, Deadline
from secaudit.audit.summaries import (
    condition_summaries,
    definition_summaries,
    deviation_summaries,
    flow_summaries,
    input_summaries,
    ledger_summaries,
    problem_texts,
    register_summaries,
    rule_summaries,
    zone_summaries,
)
from secaudit.municipality.model import AuditFolder, LedgerDevice
from secaudit.probes.folder import Probes, load_probes
from secaudit.rules.context import RuleContext
from secaudit.rules.evaluate import applicable, evaluate
from secaudit.rules.exception_references import mistakes_in
from secaudit.rules.own import check_decided, ruleset_for
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Ruleset
from secaudit.text.bilingual import Text


def audit_folder(
    path: Path, as_of: datetime.date, progress: Progress | None = None, rules: Path | None = None
) -> AuditResult:
    """Audits one municipality by the rules of its own `rulesets/`, of the folder `rules`, or the shipped ones.

    Raises `InputError` when `municipality.yaml` or a ruleset cannot be used (an audit by other rules than were meant is worth nothing); every
    other fault of the input is in the result.
    """
    ruleset = ruleset_for(path, rules)
    return judge(prepare_folder(path, progress), as_of, progress, ruleset)


def judge(
    prepared: PreparedFolder, as_of: datetime.date, progress: Progress | None = None, ruleset: Ruleset | None = None
) -> AuditResult:
    """The rules on a folder that was read; without `ruleset` those that the folder itself asks for."""
    say = progress or _silent
    folder, policy, network, plan = prepared.folder, prepared.policy, prepared.network, prepared.plan
    ruleset = ruleset or ruleset_for(Path(folder.root))
    check_decided(ruleset, as_of)
    say(Text(ja="実測結果を読み取っています", en="reading the probe results"))
    probes = load_probes(Path(folder.root), folder.probes, folder.municipality)
    say(Text(ja="通信の可否を計算しています", en="computing the flows"))
    context = context_of(prepared, as_of, probes)
    say(Text(ja="ルールを評価しています", en="evaluating the rules"))
    results = evaluate(ruleset, context)
    known = replace(context, results=results, rule_ids=frozenset(rule.id for rule in ruleset.rules))
    mistakes = mistakes_in(folder.exceptions, known)
    return AuditResult(
        schema_version=SCHEMA_VERSION,
        tool_version=__version__,
        code=folder.municipality.code,
        name=folder.municipality.name,
        prefecture=folder.municipality.prefecture,
        model=folder.municipality.model.value,
        model_title=policy.model_title,
        edition=folder.municipality.edition,
        edition_title=policy.edition_title,
        as_of=as_of,
        newest_evidence=_newest_evidence(folder, probes, as_of),
        rates=rates_of(results, ruleset.rules),
        inputs=input_summaries(folder, network, probes, mistakes),
        zones=zone_summaries(context),
        flows=flow_summaries(context),
        register=register_summaries(context),
        ledger=ledger_summaries(context),
        exceptions=exception_summaries(known, results),
        deadlines=_deadlines(context, results),
        rules=rule_summaries(applicable(ruleset, context), policy.edition),
        # A result is kept long after the diagrams of its packets are dropped.
        results=tuple(replace(one, packets=None) for one in results),
        problems=problem_texts(folder, network, probes, plan, mistakes),
        definitions=definition_summaries((*policy.files, *ruleset.files)),
        conditions=condition_summaries(policy),
        deviations=deviation_summaries(ruleset),
    )


def context_of(prepared: PreparedFolder, as_of: datetime.date, probes: Probes) -> RuleContext:
    """What the rules are asked about."""
    folder, network = prepared.folder, prepared.network
    return RuleContext(
        policy=prepared.policy,
        folder=folder,
        devices={device.name: device for device in network.devices},
        read_files={file.path: file.read for file in network.files if file.read is not None},
        flows=prepared.flows,
        scans=probes.scans,
        as_of=as_of,
        digests={one.path: one.sha256 for one in folder.inputs},
        missing_devices=_without_config(folder, network),
    )


def _silent(_: Text) -> None:
    """No progress is wanted."""


def _without_config(folder: AuditFolder, network: ReadNetwork) -> tuple[LedgerDevice, ...]:
    read = {device.name.partition("/")[0] for device in network.devices}
    return tuple(entry for entry in folder.municipality.ledger if entry.config_expected and entry.name not in read)


def _newest_evidence(folder: AuditFolder, probes: Probes, as_of: datetime.date) -> datetime.date | None:
    """The latest date that any evidence bears and that is not in the future. Configurations bear none."""
    dates = [one.stated_on for one in folder.attestations]
    dates += [scan.started.date() for scan in probes.scans if scan.started is not None]
    return max((one for one in dates if one <= as_of), default=None)


def _deadlines(context: RuleContext, results: tuple[RuleResult, ...]) -> tuple[Deadline, ...]:
    """Every legal date, with whether its duty is met as far as the deadline rules could tell."""
    found = []
    for due in sorted(context.policy.legal_dates.values(), key=lambda one: (one.date, one.id)):
        outcomes = {one.outcome for one in results if one.legal_date == due.id}
        met: bool | None = None
        if outcomes == {Outcome.PASS}:
            met = True
        elif Outcome.FAIL in outcomes:
            met = False
        found.append(Deadline(due.id, due.title, due.date, (due.date - context.as_of).days, met))
    return tuple(found)
