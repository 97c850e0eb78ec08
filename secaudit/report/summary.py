"""The page for the mayor: what was concluded, in plain sentences and few figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from secaudit.audit.result import AuditResult, Deadline, FlowSummary
from secaudit.report.exceptions import exception_notes
from secaudit.report.findings import Capped, Finding, Grouped, capped
from secaudit.rules.result import Disposition, Outcome, Severity
from secaudit.text.bilingual import Text

TITLES_SHOWN = 5
STEPS_SHOWN = 5


class State(StrEnum):
    """How something stands, worst first; the template gives each a mark that is more than a colour."""

    BAD = "bad"
    UNKNOWN = "unknown"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Check:
    """One of the few questions that the whole audit is about, with its answer."""

    question: Text
    state: State
    answer: Text


@dataclass(frozen=True, slots=True)
class Share:
    """One outcome in the bar of all results. `per_mille` of the bar's width; `offset` where it starts."""

    outcome: Outcome
    count: int
    per_mille: int
    offset: int


@dataclass(frozen=True, slots=True)
class DatedDuty:
    """A legal date and how it stands."""

    deadline: Deadline
    state: State
    answer: Text


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything on the summary page."""

    state: State
    headline: Text
    details: tuple[Text, ...]
    checks: tuple[Check, ...]
    shares: tuple[Share, ...]
    critical: Capped[Finding]
    first_steps: tuple[Finding, ...]
    duties: tuple[DatedDuty, ...]
    exceptions: tuple[Text, ...]
    """What somebody has to do about exceptions."""


def summarise(result: AuditResult, grouped: Grouped) -> Summary:
    """Draws the conclusion. Only open findings weigh; what is excepted or for reference is said apart."""
    open_ = [finding for finding in grouped.all_failed if finding.weighs]
    critical = [finding for finding in open_ if finding.result.severity is Severity.CRITICAL]
    unknown = [finding for finding in grouped.all_unknown if finding.weighs]
    checks = (_separation(result), _split(result), _links(result))
    state, headline = _headline(result, checks, len(critical), len(open_), len(unknown))
    return Summary(
        state,
        headline,
        _details(result, grouped, len(open_) - len(critical), len(unknown), state),
        checks,
        _shares(result),
        capped(critical, TITLES_SHOWN),
        _first_steps(open_ or unknown),
        tuple(_duty(deadline) for deadline in result.deadlines),
        exception_notes(result),
    )


def _first_steps(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The first findings that ask for different things: the same advice twice is read as once."""
    by_advice: dict[Text, Finding] = {}
    for finding in findings:
        by_advice.setdefault(finding.remedy, finding)
    return tuple(by_advice.values())[:STEPS_SHOWN]


def _headline(
    result: AuditResult, checks: tuple[Check, ...], critical: int, open_: int, unknown: int
) -> tuple[State, Text]:
    if critical:
        return State.BAD, Text(
            ja=f"重大な指摘事項が{critical}件ある。速やかな是正を要する。",
            en=f"There {_are(critical, 'critical finding')}. Prompt correction is needed.",
        )
    if open_:
        return State.BAD, Text(
            ja=f"重大な指摘事項は確認されなかったが、是正を要する指摘事項が{open_}件ある。",
            en=f"No critical finding was made, but there {_are(open_, 'finding')} to correct.",
        )
    if unknown:
        return State.UNKNOWN, Text(
            ja=f"是正を要する不適合は確認されなかったが、{unknown}件は判断できず、適合とはいえない。",
            en=f"No failure to correct was found, but {unknown} could not be judged: this is not compliance.",
        )
    if not result.rates.passed:
        return State.UNKNOWN, Text(
            ja="判定できた事項がない。提出された資料では結論を述べることができない。",
            en="Nothing could be judged. No conclusion can be drawn from what was submitted.",
        )
    if _critical_off(result):
        return State.UNKNOWN, Text(
            ja="是正を要する不適合は確認されなかったが、重大なルールが適用されておらず、その範囲は検査していない。",
            en="No failure to correct was found, but critical rules are switched off: what they ask was not examined.",
        )
    if any(check.state is not State.GOOD for check in checks):
        return State.UNKNOWN, Text(
            ja="未対応の指摘事項はないが、下表の主要な確認事項に、許されない通信又は判断できないものがある。",
            en="No finding is open, but among the main questions below something is not permitted or cannot be judged.",
        )
    return State.GOOD, Text(
        ja="提出された設定の机上検証の範囲では、是正を要する不適合は確認されなかった。",
        en="Within the desk examination of the submitted configurations no failure to correct was found.",
    )


def _details(result: AuditResult, grouped: Grouped, lesser: int, unknown: int, state: State) -> tuple[Text, ...]:
    details = []
    if lesser and state is State.BAD:
        details.append(
            Text(ja=f"重大以外の指摘事項は{lesser}件である。", en=f"There {_are(lesser, 'finding')} of lesser weight.")
        )
    if unknown and state is State.BAD:
        details.append(
            Text(
                ja=f"このほか{unknown}件は提出資料から判断できず、確認不能とした。",
                en=f"Another {unknown} could not be judged from what was submitted and are undetermined.",
            )
        )
    excepted = sum(finding.excepted for finding in grouped.all_failed)
    if excepted:
        details.append(
            Text(
                ja=f"例外措置により許可された不適合が{excepted}件ある。判定は不適合のままである。",
                en=f"There {_are(excepted, 'failure')} under a valid exception; the result stays a failure.",
            )
        )
    expired = sum(f.result.disposition is Disposition.EXCEPTION_EXPIRED for f in grouped.all_failed)
    if expired:
        details.append(
            Text(
                ja=f"期限の切れた例外措置に係る不適合が{expired}件ある。",
                en=f"There {_are(expired, 'failure')} whose exception has expired.",
            )
        )
    for_reference = sum(finding.rule.reference_only for finding in grouped.all_failed)
    if for_reference:
        details.append(
            Text(
                ja=f"参考として示す不適合が{for_reference}件ある（要求事項が確定していないため、指摘の件数に含めない）。",
                en=f"There {_are(for_reference, 'failure')} shown for reference only and not counted above.",
            )
        )
    details += _deviations(result)
    if result.problems:
        count = len(result.problems)
        details.append(
            Text(
                ja=f"使用できなかった資料等が{count}件ある（「使用できなかった資料」の章による）。",
                en=f"There {_are(count, 'file or device')} that could not be used (see the chapter on them).",
            )
        )
    return tuple(details)


def _critical_off(result: AuditResult) -> list[str]:
    """Critical rules that an own ruleset switches off."""
    return [one.subject for one in result.deviations if one.kind == "off" and one.severity is Severity.CRITICAL]


def _deviations(result: AuditResult) -> list[Text]:
    """That the ruleset is not the standard one, and what weighs most about it."""
    found = []
    critical = _critical_off(result)
    if critical:
        named = ", ".join(critical)
        found.append(
            Text(
                ja=f"重大なルール（{named}）は、独自ルールセットにより適用していない。",
                en=f"Critical rules ({named}) are switched off by an own ruleset.",
            )
        )
    if result.deviations:
        count = len(result.deviations)
        found.append(
            Text(
                ja=f"標準のルールセットと異なる点が{count}件ある（「用いたルールと定義」の章による）。",
                en=f"The ruleset differs from the standard one in {count} respects (see the chapter on rules).",
            )
        )
    return found


def _separation(result: AuditResult) -> Check:
    layers = _layers(result)
    return _boundary(
        result,
        Text(
            ja="マイナンバー利用事務系は、他の領域から分離されているか",
            en="Is the My Number layer separated from all others?",
        ),
        lambda flow: (
            (layers.get(flow.source_zone) == "my_number") != (layers.get(flow.destination_zone) == "my_number")
        ),
    )


def _split(result: AuditResult) -> Check:
    layers = _layers(result)
    return _boundary(
        result,
        Text(
            ja="LGWAN接続系とインターネット接続系は分割されているか",
            en="Are the LGWAN layer and the Internet layer split?",
        ),
        lambda flow: {layers.get(flow.source_zone), layers.get(flow.destination_zone)} == {"lgwan", "internet"},
    )


def _layers(result: AuditResult) -> dict[str, str | None]:
    return {zone.zone: zone.layer for zone in result.zones}


def _boundary(result: AuditResult, question: Text, crosses: Callable[[FlowSummary], bool]) -> Check:
    pairs = [flow for flow in result.flows if crosses(flow)]
    bad = sum(flow.judgement == "violation" for flow in pairs)
    unknown = sum(flow.judgement == "undetermined" for flow in pairs)
    if not pairs:
        return Check(
            question,
            State.UNKNOWN,
            Text(ja="領域が定義されておらず、判断できない。", en="The zones are not defined, so it cannot be judged."),
        )
    rest = (
        Text(ja=f"（ほかに{unknown}組は確認不能）", en=f" ({unknown} more undetermined)")
        if unknown
        else Text(ja="", en="")
    )
    if bad:
        return Check(
            question,
            State.BAD,
            Text(
                ja=f"許されない通信が、{len(pairs)}組の領域間のうち{bad}組で可能である{rest.ja}。",
                en=f"Traffic that is not permitted can pass between {bad} of {len(pairs)} pairs of zones{rest.en}.",
            ),
        )
    if unknown:
        return Check(
            question,
            State.UNKNOWN,
            Text(
                ja=f"{len(pairs)}組の領域間のうち{unknown}組は、提出された資料から判断できない。",
                en=f"{unknown} of {len(pairs)} pairs of zones cannot be judged from what was submitted.",
            ),
        )
    return Check(
        question,
        State.GOOD,
        Text(
            ja=f"{len(pairs)}組の領域間のいずれにも、許されない通信は見つからなかった。",
            en=f"Between none of the {len(pairs)} pairs of zones was traffic found that is not permitted.",
        ),
    )


def _links(result: AuditResult) -> Check:
    question = Text(
        ja="eLTAX・マイナポータル等の必要な通信は成立するか", en="Do the required links (eLTAX, Mynaportal, ...) work?"
    )
    kinds = {rule.id: rule.kind for rule in result.rules}
    outcomes = [item.outcome for item in result.results if kinds[item.rule] == "flow_required"]
    failed, passed = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.PASS)
    unknown = outcomes.count(Outcome.UNDETERMINED) + outcomes.count(Outcome.ERROR)
    counts = Text(
        ja=f"成立{passed}件、不成立{failed}件、確認不能{unknown}件である。",
        en=f"{passed} work, {failed} do not, {unknown} undetermined.",
    )
    if failed:
        return Check(question, State.BAD, counts)
    if unknown or not passed:
        none = Text(ja="判断できる登録がない。", en="There is no entry that could be judged.")
        return Check(question, State.UNKNOWN, counts if unknown else none)
    return Check(question, State.GOOD, counts)


def _shares(result: AuditResult) -> tuple[Share, ...]:
    rates = result.rates
    counts = (
        (Outcome.PASS, rates.passed),
        (Outcome.FAIL, rates.failed),
        (Outcome.UNDETERMINED, rates.undetermined),
        (Outcome.ERROR, rates.errors),
    )
    total = sum(count for _, count in counts)
    shares, before = [], 0
    for outcome, count in counts:
        start, end = (1000 * edge // max(total, 1) for edge in (before, before + count))
        shares.append(Share(outcome, count, end - start, start))
        before += count
    return tuple(shares)


def _duty(deadline: Deadline) -> DatedDuty:
    days = deadline.days_left
    when = (
        Text(ja=f"期限まで{days}日", en=f"{_days(days)} left")
        if days > 0
        else Text(ja="本日が期限", en="due today")
        if days == 0
        else Text(ja=f"期限から{-days}日経過", en=f"{_days(-days)} past")
    )
    if deadline.met:
        return DatedDuty(deadline, State.GOOD, Text(ja=f"対応済み（{when.ja}）", en=f"met ({when.en})"))
    if deadline.met is None:
        return DatedDuty(deadline, State.UNKNOWN, Text(ja=f"確認不能（{when.ja}）", en=f"undetermined ({when.en})"))
    state = State.BAD if days < 0 else State.UNKNOWN
    return DatedDuty(deadline, state, Text(ja=f"未対応（{when.ja}）", en=f"not met ({when.en})"))


def _are(count: int, noun: str) -> str:
    return f"is 1 {noun}" if count == 1 else f"are {count} {noun}s"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
