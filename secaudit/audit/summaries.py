"""The parts of an AuditResult that only retell what was read and computed."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.audit.flow_words import flow_words
from secaudit.audit.missing import missing_devices
from secaudit.audit.network import ReadNetwork
from secaudit.audit.reading import ConfigFile
from secaudit.audit.result import (
    ConditionSummary,
    DeviationSummary,
    FlowSummary,
    InputSummary,
    LedgerSummary,
    LineNote,
    RegisterSummary,
    RuleSummary,
    ZoneSummary,
)
from secaudit.errors import InputError, SecauditError
from secaudit.flows.zones import ZonePlan
from secaudit.municipality.model import AuditFolder, InputFile, Zone
from secaudit.network.device import Doubt
from secaudit.policy.model import CellVerdict, DefinitionFile, Policy
from secaudit.probes.folder import Probes
from secaudit.rules.answers import lines
from secaudit.rules.context import RuleContext
from secaudit.rules.permitted import allowance
from secaudit.rules.rule import Rule, Ruleset
from secaudit.rules.separation import beyond
from secaudit.rules.witnesses import as_result, flow_witness
from secaudit.text.bilingual import Language, Text

_BOXES = 20
_FEW_BOXES = 5
_KINDS = {"municipality.yaml": "municipality", "attestations.yaml": "attestations", "exceptions.yaml": "exceptions"}


def input_summaries(
    folder: AuditFolder, network: ReadNetwork, probes: Probes, mistakes: Iterable[InputError] = ()
) -> tuple[InputSummary, ...]:
    """Every file of the folder, in path order; configurations with their coverage. `mistakes` were found when its words were used."""
    configs = {file.path: file for file in network.files}
    troubled = {
        getattr(error, "file", ""): _message(error) for error in (*mistakes, *folder.problems, *probes.problems)
    }
    found = []
    for one in folder.inputs:
        file = configs.get(one.path)
        if file is not None:
            found.append(_config_summary(file))
        else:
            found.append(
                InputSummary(one.path, _kind(one, folder), one.size_bytes, one.sha256, problem=troubled.get(one.path))
            )
    return tuple(sorted(found, key=lambda summary: summary.path))


def _kind(one: InputFile, folder: AuditFolder) -> str:
    if one.path in _KINDS:
        return _KINDS[one.path]
    if one.path in folder.probes:
        return "probe"
    if one.path in folder.rulesets:
        return "definition"
    documents = {made.document for made in folder.attestations} | {grant.document for grant in folder.exceptions}
    if one.path in documents:
        return "document"
    return "other"


def _config_summary(file: ConfigFile) -> InputSummary:
    if file.read is None or file.text is None:
        problem = None if file.problem is None else _message(file.problem)
        kind = "routes" if file.tables and problem is None else "config"
        return InputSummary(file.path, kind, file.size_bytes, file.sha256, problem=problem)
    coverage = file.read.coverage
    return InputSummary(
        path=file.path,
        kind="config",
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        vendor=file.read.vendor,
        devices=tuple(device.name for device in file.read.devices),
        encoding=file.text.encoding,
        lines_total=len(coverage.used) + len(coverage.irrelevant) + len(coverage.unread),
        lines_used=len(coverage.used),
        lines_irrelevant=len(coverage.irrelevant),
        lines_unread=len(coverage.unread),
        unread=tuple(
            LineNote(one.line.number, one.line.text.strip(), _MATTERS if one.could_matter else _CANNOT_MATTER)
            for one in coverage.unread
        ),
        problem=None if file.problem is None else _message(file.problem),
    )


_MATTERS = Text(ja="判定に影響し得る", en="could change a verdict")
_CANNOT_MATTER = Text(ja="判定に影響しない", en="cannot change a verdict")


def _message(error: Exception) -> Text:
    if isinstance(error, SecauditError):
        return Text(ja=error.message(Language.JA), en=error.message(Language.EN))
    return Text(ja=str(error), en=str(error))


def problem_texts(
    folder: AuditFolder, network: ReadNetwork, probes: Probes, plan: ZonePlan, mistakes: Iterable[InputError] = ()
) -> tuple[Text, ...]:
    """What could not be used, and zones that nothing submitted reaches."""
    texts = [_message(error) for error in (*folder.problems, *mistakes)]
    stray = {one.name for one in missing_devices(folder, network, plan)}
    for file in network.files:
        if file.problem is not None:
            told = _message(file.problem)
            texts.append(_with_effect(told) if file.path in stray else told)
    texts += list(network.problems)
    texts += [_message(error) for error in probes.problems]
    if network.devices:
        texts += [_unreached(held[0]) for held in plan.doubts.values()]
    return tuple(texts)


def _unreached(doubt: Doubt) -> Text:
    places = ", ".join(f"{source.file}:{source.number}" for source in doubt.sources)
    return Text(
        ja=f"{places}: {doubt.text.ja}\n  → 機器の設定を configs/ に置き、機器名とインターフェース名を設定の通りに書くこと。領域のアドレスは subnets に書くこと。",
        en=f"{places}: {doubt.text.en}\n  → put the device's configuration into configs/ and write names as they stand in it, and the zone's addresses under subnets",
    )


def _with_effect(told: Text) -> Text:
    """A file that nobody can read and that no ledger entry claims could be a device between any two zones."""
    return Text(
        ja=f"{told.ja}\n  → どの領域を接続する機器か分からないため、通信の判定は確認不能となる。機器の設定でないファイルは configs/ の外へ移すこと。",
        en=f"{told.en}\n  → it may connect any two zones, so flows stay undetermined; move a file that is no device configuration out of configs/",
    )


def zone_summaries(context: RuleContext) -> tuple[ZoneSummary, ...]:
    """The zones that the folder binds, in the order of the matrix."""
    bound = {binding.zone: binding for binding in context.municipality.zones}
    plan = context.flows.plan
    found = []
    for zone, info in context.policy.zones.items():
        if zone not in bound:
            continue
        binding = bound[zone]
        rest = ("0.0.0.0/0",) if binding.rest else ()
        found.append(
            ZoneSummary(
                zone=zone.value,
                code=info.code,
                title=info.title,
                layer=None if info.layer is None else info.layer.value,
                external=info.external,
                subnets=tuple(str(network) for network in binding.subnets) + rest,
                attached_to=tuple(sorted({f"{one.port[0]}:{one.port[1]}" for one in plan.of_zone(zone.value)})),
            )
        )
    return tuple(found)


def flow_summaries(context: RuleContext) -> tuple[FlowSummary, ...]:
    """Every ordered pair of bound zones, judged by its cell."""
    zones = [zone for zone in context.policy.zones if context.binding(zone) is not None]
    return tuple(_flow(context, left, right) for left in zones for right in zones if left is not right)


def _flow(context: RuleContext, source: Zone, destination: Zone) -> FlowSummary:
    pair = context.flows.pair(source.value, destination.value)
    cell = context.policy.cell(source, destination)
    certain, possible = beyond(pair, allowance(cell, context))
    if not pair.certain.is_empty:
        verdict = "some"
    else:
        verdict = "none" if pair.possible.is_empty else "undetermined"
    shown = pair.certain if verdict == "some" else pair.possible
    if cell.verdict in (CellVerdict.FREE, CellVerdict.NOT_APPLICABLE):
        judgement = "free"
    elif not certain.is_empty:
        judgement, shown = "violation", certain
    elif not possible.is_empty:
        judgement, shown = "undetermined", possible
    else:
        # What is not known here would be permitted whatever it is; "nothing passes" is said only where that is known.
        judgement = "denied_ok" if verdict == "none" else "permitted"
    boxes, omitted = shown.boxes_and_rest(_BOXES)
    found = flow_witness(context, pair, certain if judgement == "violation" else pair.certain)
    return FlowSummary(
        source_zone=source.value,
        destination_zone=destination.value,
        verdict=verdict,
        cell=cell.text,
        judgement=judgement,
        boxes=tuple(str(box) for box in boxes),
        boxes_omitted=omitted,
        witness=None if found is None or judgement == "free" else as_result(context, found),
        evidence=lines(context, context.flows.responsible(pair, shown)) if judgement == "violation" else (),
        doubts=tuple(doubt.text for doubt in pair.doubts) if judgement == "undetermined" else (),
        spoofed_boxes=tuple(str(box) for box in pair.spoofed.boxes(_FEW_BOXES)),
        reply_boxes=tuple(str(box) for box in pair.replies.boxes(_FEW_BOXES)),
    )


def register_summaries(context: RuleContext) -> tuple[RegisterSummary, ...]:
    """The register of permitted flows, in written order."""
    return tuple(
        RegisterSummary(
            id=entry.id,
            title=entry.title,
            condition=entry.condition,
            source_zone=entry.source_zone.value,
            destination_zone=entry.destination_zone.value,
            two_way=entry.two_way,
            boxes=(flow_words(entry.sources, entry.destinations, entry.protocol, entry.ports),),
            approved_by=entry.approved_by,
            approved_on=entry.approved_on,
            valid_until=entry.valid_until,
        )
        for entry in context.municipality.register
    )


def ledger_summaries(context: RuleContext) -> tuple[LedgerSummary, ...]:
    """The device ledger, with what was submitted."""
    by_name = {name.partition("/")[0]: device for name, device in context.devices.items()}
    return tuple(
        LedgerSummary(
            name=entry.name,
            vendor=entry.vendor,
            role=entry.role,
            zones=tuple(zone.value for zone in entry.zones),
            submitted=entry.name in by_name,
            file=by_name[entry.name].file if entry.name in by_name else None,
        )
        for entry in context.municipality.ledger
    )


def rule_summaries(rules: Iterable[Rule], edition: str) -> tuple[RuleSummary, ...]:
    """What a report says about the rules that were evaluated."""
    return tuple(
        RuleSummary(
            id=rule.id,
            kind=rule.kind,
            title=rule.title,
            clause=rule.clauses[edition],
            requirement=rule.requirement,
            remedy=rule.remedy,
            severity=rule.severity,
            confidence=rule.confidence.value,
            reference_only=rule.reference_only,
        )
        for rule in rules
    )


def condition_summaries(policy: Policy) -> tuple[ConditionSummary, ...]:
    """The legend of the matrix."""
    return tuple(ConditionSummary(one.code, one.title, one.meaning) for one in policy.conditions.values())


def definition_summaries(files: Iterable[DefinitionFile]) -> tuple[InputSummary, ...]:
    """Digests of the policies and rules that the verdicts rest on."""
    return tuple(InputSummary(one.path, "definition", one.size_bytes, one.sha256) for one in files)


def deviation_summaries(ruleset: Ruleset) -> tuple[DeviationSummary, ...]:
    """Every difference of an own ruleset from the shipped one."""
    return tuple(
        DeviationSummary(
            kind=one.kind.value,
            ruleset=one.ruleset,
            subject=one.subject,
            title=one.title,
            severity=one.severity,
            what=one.what,
            reason=one.reason,
            decided_by=one.decided_by,
            decided_on=one.decided_on,
        )
        for one in ruleset.deviations
    )
