"""The mayor's page never sounds better than the results are."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import in_order
from secaudit.report.findings import group
from secaudit.report.summary import State, Summary, summarise
from secaudit.rules.result import Disposition, Outcome, Severity
from tests.report.sample import empty_result, rates, sample_result


def summary_of(result: AuditResult) -> Summary:
    result = in_order(result)
    return summarise(result, group(result))


def clean() -> AuditResult:
    """The sample with all of its results passing and all of its flows as they should be."""
    base = sample_result()
    results = tuple(
        dataclasses.replace(item, outcome=Outcome.PASS, disposition=Disposition.OPEN, exception=None)
        for item in base.results
    )
    flows = tuple(
        dataclasses.replace(flow, judgement="denied_ok", verdict="none")
        if flow.judgement in ("violation", "undetermined")
        else flow
        for flow in base.flows
    )
    return counted(dataclasses.replace(base, results=results, flows=flows, problems=()))


def counted(result: AuditResult) -> AuditResult:
    counts = {outcome: sum(item.outcome is outcome for item in result.results) for outcome in Outcome}
    excepted = sum(item.disposition is Disposition.EXCEPTED for item in result.results)
    return dataclasses.replace(result, rates=rates(counts, excepted))


def changed(result: AuditResult, index: int, **changes: object) -> AuditResult:
    results = list(result.results)
    results[index] = dataclasses.replace(results[index], **changes)
    return counted(dataclasses.replace(result, results=tuple(results)))


def test_all_clean_is_said_as_the_outcome_of_a_desk_examination() -> None:
    summary = summary_of(clean())
    assert summary.state is State.GOOD
    assert summary.headline.ja == "提出された設定の机上検証の範囲では、是正を要する不適合は確認されなかった。"
    assert [check.state for check in summary.checks] == [State.GOOD] * 3
    assert summary.first_steps == ()


def test_the_sample() -> None:
    summary = summary_of(sample_result())
    assert summary.state is State.BAD
    assert summary.headline.ja == "重大な指摘事項が3件ある。速やかな是正を要する。"
    sentences = [sentence.ja for sentence in summary.details]
    # Three high and medium failures; MN-01 is excepted; four undetermined, the error of a reference rule apart.
    assert sentences[0] == "重大以外の指摘事項は3件である。"
    assert sentences[1] == "このほか4件は提出資料から判断できず、確認不能とした。"
    assert sentences[2] == "例外措置により許可された不適合が1件ある。判定は不適合のままである。"
    assert sentences[3] == "期限の切れた例外措置に係る不適合が1件ある。"
    assert [finding.result.rule for finding in summary.critical.shown] == ["LG-01", "MN-02", "MN-03"]
    separation, split, links = summary.checks
    # 11 zones: My Number and Government Cloud are judged as one layer against the nine others, in both directions.
    assert separation.answer.ja == "許されない通信が、36組の領域間のうち2組で可能である。"
    assert split.answer.en == "Traffic that is not permitted can pass between 1 of 2 pairs of zones."
    assert links.answer.ja == "成立0件、不成立1件、確認不能0件である。"
    assert [check.state for check in summary.checks] == [State.BAD] * 3
    assert [duty.answer.ja for duty in summary.duties] == ["対応済み（期限から233日経過）", "確認不能（期限まで223日）"]


def test_one_lesser_failure_is_not_critical_but_not_good() -> None:
    summary = summary_of(changed(clean(), 0, outcome=Outcome.FAIL, severity=Severity.LOW))
    assert summary.state is State.BAD
    assert summary.headline.ja == "重大な指摘事項は確認されなかったが、是正を要する指摘事項が1件ある。"
    assert summary.headline.en.endswith("there is 1 finding to correct.")


@pytest.mark.parametrize("outcome", [Outcome.UNDETERMINED, Outcome.ERROR])
def test_one_gap_is_not_compliance(outcome: Outcome) -> None:
    summary = summary_of(changed(clean(), 0, outcome=outcome))
    assert summary.state is State.UNKNOWN
    assert "適合とはいえない" in summary.headline.ja


def test_an_excepted_failure_is_not_open_but_is_told() -> None:
    summary = summary_of(changed(clean(), 0, outcome=Outcome.FAIL, disposition=Disposition.EXCEPTED))
    assert summary.critical.total == 0
    assert "例外措置により許可された不適合が1件ある。判定は不適合のままである。" in [
        each.ja for each in summary.details
    ]


@pytest.mark.parametrize("disposition", [Disposition.OPEN, Disposition.EXCEPTION_EXPIRED, Disposition.DISPUTED])
def test_what_is_not_validly_excepted_stays_open(disposition: Disposition) -> None:
    summary = summary_of(changed(clean(), 0, outcome=Outcome.FAIL, disposition=disposition))
    assert summary.critical.total == 1
    assert summary.state is State.BAD


@pytest.mark.parametrize("judgement", ["violation", "undetermined"])
def test_a_flow_without_a_finding_still_keeps_the_headline_from_sounding_good(judgement: str) -> None:
    base = clean()
    flows = tuple(
        dataclasses.replace(flow, judgement=judgement)
        if (flow.source_zone, flow.destination_zone) == ("lgwan", "internet")
        else flow
        for flow in base.flows
    )
    summary = summary_of(dataclasses.replace(base, flows=flows))
    assert summary.state is State.UNKNOWN
    assert summary.checks[1].state is (State.BAD if judgement == "violation" else State.UNKNOWN)


def test_nothing_judged_is_no_conclusion() -> None:
    summary = summary_of(empty_result())
    assert summary.state is State.UNKNOWN
    assert summary.headline.ja.startswith("判定できた事項がない。")
    assert [check.state for check in summary.checks] == [State.UNKNOWN] * 3
    assert [share.per_mille for share in summary.shares] == [0, 0, 0, 0]


def test_a_reference_rule_weighs_nothing_and_is_told_apart() -> None:
    base = clean()
    index = next(index for index, item in enumerate(base.results) if item.rule == "NW-14")
    summary = summary_of(changed(base, index, outcome=Outcome.FAIL))
    assert summary.state is State.GOOD
    assert any("参考として示す不適合が1件ある" in each.ja for each in summary.details)


def test_the_bar_is_filled_exactly() -> None:
    shares = summary_of(sample_result()).shares
    assert sum(share.per_mille for share in shares) == 1000
    assert all(before.offset + before.per_mille == after.offset for before, after in itertools.pairwise(shares))


def test_no_result_made_worse_ever_improves_the_state() -> None:
    """Turning any passed result into a failure or a gap never gives a better state."""
    order = list(State)
    base = clean()
    before = order.index(summary_of(base).state)
    for index, item in enumerate(base.results):
        for outcome in (Outcome.FAIL, Outcome.UNDETERMINED, Outcome.ERROR):
            worse = order.index(summary_of(changed(base, index, outcome=outcome)).state)
            assert worse <= before
            assert worse < before or item.rule == "NW-14"
