"""The whole result of one audit: what `result.json` holds and every report is rendered from."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from secaudit.rules.result import Evidence, RuleResult, Severity, Witness
from secaudit.text.bilingual import Text

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Rates:
    """適合率 = pass / (pass + fail + undetermined + error); 確認率 = (pass + fail) / (the same).

    `compliance_after_exceptions` counts an excepted failure as settled: (pass + excepted fail) / (the same). All None when nothing was judged.
    """

    passed: int
    failed: int
    undetermined: int
    errors: int
    not_applicable: int
    excepted: int
    compliance: float | None
    compliance_after_exceptions: float | None
    confirmation: float | None


@dataclass(frozen=True, slots=True)
class LineNote:
    """A line and why it is mentioned."""

    line: int
    text: str
    note: Text | None


@dataclass(frozen=True, slots=True)
class InputSummary:
    """One file that was read, with its digest; coverage fields are None for files that are not configurations.

    `kind` is `municipality`, `attestations`, `exceptions`, `config`, `routes`, `probe`, `document`, `definition` or `other`.
    `problem` says why it could not be used, when it could not.
    """

    path: str
    kind: str
    size_bytes: int
    sha256: str
    vendor: str | None = None
    devices: tuple[str, ...] = ()
    encoding: str | None = None
    lines_total: int | None = None
    lines_used: int | None = None
    lines_irrelevant: int | None = None
    lines_unread: int | None = None
    unread: tuple[LineNote, ...] = ()
    problem: Text | None = None


@dataclass(frozen=True, slots=True)
class FlowSummary:
    """What can open a connection from one zone to another.

    `verdict` is `none`, `some` or `undetermined`. `cell` is the policy cell (`D`, `S1`, `M1/M3`, ...), `judgement` what
    the audit makes of the pair: `denied_ok` (nothing passes, as demanded), `permitted` (only what the policy and the register
    permit), `violation`, `undetermined`, `free` (P0, n/a). `spoofed_boxes` are packets that get across only with a forged source.
    `reply_boxes` are reply-looking packets that a stateless line lets across without a connection.
    """

    source_zone: str
    destination_zone: str
    verdict: str
    cell: str
    judgement: str
    boxes: tuple[str, ...] = ()
    boxes_omitted: int = 0
    witness: Witness | None = None
    evidence: tuple[Evidence, ...] = ()
    doubts: tuple[Text, ...] = ()
    spoofed_boxes: tuple[str, ...] = ()
    reply_boxes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ZoneSummary:
    """A zone as bound by the audit folder. `layer` is its 系 (`my_number`, `lgwan`, `internet`) or None for zones outside the layers."""

    zone: str
    code: str
    title: Text
    layer: str | None
    external: bool
    subnets: tuple[str, ...]
    attached_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisterSummary:
    """One entry of the register of permitted flows as the report shows it."""

    id: str
    title: str
    condition: str
    source_zone: str
    destination_zone: str
    two_way: bool
    boxes: tuple[str, ...]
    approved_by: str
    approved_on: datetime.date
    valid_until: datetime.date | None


@dataclass(frozen=True, slots=True)
class LedgerSummary:
    """One device of the ledger: whether its configuration was submitted, and what the reader made of it."""

    name: str
    vendor: str
    role: str
    zones: tuple[str, ...]
    submitted: bool
    file: str | None


@dataclass(frozen=True, slots=True)
class ExceptionSummary:
    """One exception, whether it is valid on `as_of` and how many results it covers. `state`: `valid`, `expired`, `future`, `invalid`.

    `days_left` counts to its last day (negative: past it), `ends_soon` says that a valid one has few of them. `partly` are failures of which
    only a part lies in its `flow`, so that they stay open. `problem` is what it refers to and does not exist.
    """

    id: str
    rule: str
    subject: str | None
    state: str
    valid_until: datetime.date
    used: int
    reason: str = ""
    compensating_measure: str = ""
    approved_by: str = ""
    requested_by: str = ""
    valid_from: datetime.date | None = None
    days_left: int = 0
    ends_soon: bool = False
    flow: str | None = None
    partly: int = 0
    problem: Text | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A legal date. `met` is None when it cannot be judged."""

    id: str
    title: Text
    date: datetime.date
    days_left: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """What the report says about a rule that was evaluated."""

    id: str
    kind: str
    title: Text
    clause: Text
    requirement: Text
    remedy: Text
    severity: Severity
    confidence: str
    reference_only: bool
    """Shown as 参考: its requirement is not certain enough to fail an audit."""


@dataclass(frozen=True, slots=True)
class ConditionSummary:
    """What a cell code of the matrix (`D*`, `S1`, ...) means: the legend of the report."""

    code: str
    title: Text
    meaning: Text


@dataclass(frozen=True, slots=True)
class DeviationSummary:
    """One difference of the ruleset from the one that ships with the product.

    `kind` is `added`, `tightened`, `loosened`, `off`, `threshold_tightened` or `threshold_loosened`; `subject` is the rule or threshold,
    `severity` that of the rule before the change, None for a threshold.
    """

    kind: str
    ruleset: str
    subject: str
    title: Text
    severity: Severity | None
    what: Text
    reason: Text
    decided_by: str
    decided_on: datetime.date


@dataclass(frozen=True, slots=True)
class AuditResult:
    """One audit of one municipality, complete: a report needs nothing else."""

    schema_version: str
    tool_version: str
    code: str
    name: str
    prefecture: str
    model: str
    model_title: Text
    edition: str
    edition_title: Text
    as_of: datetime.date
    newest_evidence: datetime.date | None
    rates: Rates
    inputs: tuple[InputSummary, ...]
    zones: tuple[ZoneSummary, ...]
    flows: tuple[FlowSummary, ...]
    register: tuple[RegisterSummary, ...]
    ledger: tuple[LedgerSummary, ...]
    exceptions: tuple[ExceptionSummary, ...]
    deadlines: tuple[Deadline, ...]
    rules: tuple[RuleSummary, ...]
    results: tuple[RuleResult, ...]
    problems: tuple[Text, ...]
    """Files and devices that could not be used, and what that means."""
    definitions: tuple[InputSummary, ...]
    """Digests of the policies and rulesets used."""
    conditions: tuple[ConditionSummary, ...] = ()
    """The cell codes of the policy, in the policy's order."""
    deviations: tuple[DeviationSummary, ...] = ()
    """Every difference of an own ruleset: rules added, tightened, loosened, switched off, thresholds changed."""
