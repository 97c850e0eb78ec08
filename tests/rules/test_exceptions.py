"""例外措置: what one covers, to the packet, and that nothing about exceptions ever changes an outcome."""

from __future__ import annotations

import dataclasses
import datetime
import random
from typing import Any

import pytest

from secaudit.audit.exceptions import exception_summaries
from secaudit.audit.result import ExceptionSummary
from secaudit.rules.context import RuleContext
from secaudit.rules.evaluate import evaluate
from secaudit.rules.exception_references import mistakes_in
from secaudit.rules.exceptions import ExceptionState, ends_soon, state_of
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Disposition, Outcome, RuleResult
from tests.rules.world import base_world, changed, context_of

RULESET = load_ruleset()
PAIR = "internet->lgwan"
OPEN = {"devices": {"fw1": {"lines": {"25": "permit in lg 10.3.0.0/24 10.2.0.0/24 tcp/445"}}}}
"""Internet hosts get at the files of LGWAN hosts: LG-01 fails."""
LG_01 = {"rule": "LG-01", "subject": PAIR, "valid_until": "2026-12-31"}


def flow(source: str, destination: str, ports: str = "445", protocol: str = "tcp") -> dict[str, Any]:
    return {"from": source.split(), "to": destination.split(), "protocol": protocol, "ports": ports.split()}


def judged(exceptions: dict[str, Any], change: dict[str, Any] = OPEN) -> tuple[RuleContext, tuple[RuleResult, ...]]:
    world = changed(changed(base_world(), change), {"exceptions": None})
    context = context_of({**world, "exceptions": exceptions})
    results = evaluate(RULESET, context)
    known = frozenset(rule.id for rule in RULESET.rules)
    return dataclasses.replace(context, results=results, rule_ids=known), results


def of(results: tuple[RuleResult, ...], rule: str, subject: str) -> RuleResult:
    (found,) = (one for one in results if (one.rule, one.subject.name) == (rule, subject))
    return found


def summary(exceptions: dict[str, Any], change: dict[str, Any] = OPEN) -> dict[str, ExceptionSummary]:
    return {one.id: one for one in exception_summaries(*judged(exceptions, change))}


@pytest.mark.parametrize(
    ("scopes", "disposition", "used"),
    [
        ([flow("10.3.0.0/24", "10.2.0.0/24")], Disposition.EXCEPTED, [1]),
        ([flow("10.3.0.0/16", "10.2.0.0/24", "0-65535")], Disposition.EXCEPTED, [1]),
        ([flow("10.3.0.0/24", "10.2.0.0/24", "", "any")], Disposition.EXCEPTED, [1]),
        ([flow("10.3.0.0/25", "10.2.0.0/24")], Disposition.OPEN, [0]),
        ([flow("10.3.0.0/24", "10.2.0.20/32")], Disposition.OPEN, [0]),
        ([flow("10.3.0.0/24", "10.2.0.0/24", "446")], Disposition.OPEN, [0]),
        ([flow("10.3.0.0/24", "10.2.0.0/24", protocol="udp")], Disposition.OPEN, [0]),
        ([flow("10.2.0.0/24", "10.3.0.0/24")], Disposition.OPEN, [0]),
        ([flow("10.3.0.0/25", "10.2.0.0/24"), flow("10.3.0.128/25", "10.2.0.0/24")], Disposition.EXCEPTED, [1, 1]),
        ([flow("10.3.0.0/25", "10.2.0.0/24"), flow("10.3.0.128/26", "10.2.0.0/24")], Disposition.OPEN, [0, 0]),
    ],
)
def test_a_failure_is_excepted_when_all_of_its_packets_are(
    scopes: list[dict[str, Any]], disposition: Disposition, used: list[int]
) -> None:
    grants = {f"EX-{number}": {**LG_01, "flow": scope} for number, scope in enumerate(scopes)}
    _, results = judged(grants)
    found = of(results, "LG-01", PAIR)
    assert (found.outcome, found.disposition) == (Outcome.FAIL, disposition)
    assert found.exception == ("EX-0" if disposition is Disposition.EXCEPTED else None)
    assert [one.used for one in summary(grants).values()] == used


def test_a_part_stays_open_and_says_what_lies_outside() -> None:
    grants = {"EX-1": {**LG_01, "flow": flow("10.3.0.0/25", "10.2.0.0/24")}}
    _, results = judged(grants)
    fact = of(results, "LG-01", PAIR).facts[-1]
    assert "EX-1" in fact.ja and "10.3.0.128/25 → 10.2.0.0/24 tcp/445" in fact.ja
    assert "EX-1" in fact.en and "10.3.0.128/25 → 10.2.0.0/24 tcp/445" in fact.en
    assert (summary(grants)["EX-1"].used, summary(grants)["EX-1"].partly) == (0, 1)
    assert summary(grants)["EX-1"].flow == "10.3.0.0/25 → 10.2.0.0/24 tcp/445"


def test_an_expired_part_and_a_valid_part_are_not_a_whole() -> None:
    grants = {
        "EX-1": {**LG_01, "flow": flow("10.3.0.0/25", "10.2.0.0/24")},
        "EX-2": {**LG_01, "flow": flow("10.3.0.128/25", "10.2.0.0/24"), "valid_until": "2026-10-31"},
    }
    _, results = judged(grants)
    assert of(results, "LG-01", PAIR).disposition is Disposition.OPEN
    assert (of(results, "OP-06", "EX-2").outcome, of(results, "OP-06", "EX-2").reason) == (
        Outcome.FAIL,
        "expired_in_use",
    )


def test_an_expired_exception_for_other_packets_is_not_in_use() -> None:
    expired = {**LG_01, "flow": flow("10.3.0.0/24", "10.2.0.0/24", "22"), "valid_until": "2026-10-31"}
    _, results = judged({"EX-1": expired})
    assert (of(results, "OP-06", "EX-1").outcome, of(results, "OP-06", "EX-1").reason) == (
        Outcome.PASS,
        "expired_unused",
    )
    assert of(results, "LG-01", PAIR).disposition is Disposition.OPEN


def test_a_flow_settles_nothing_that_is_not_about_packets() -> None:
    grants = {
        "EX-1": {
            "rule": "NW-14",
            "subject": "fw1",
            "valid_until": "2026-12-31",
            "flow": flow("0.0.0.0/0", "0.0.0.0/0", "", "any"),
        }
    }
    _, results = judged(grants, {"devices": {"fw1": {"syslog": []}}})
    found = of(results, "NW-14", "fw1")
    assert (found.outcome, found.disposition) == (Outcome.FAIL, Disposition.OPEN)


def test_packets_that_only_look_like_replies_are_packets_too() -> None:
    """A flow as it is opened does not cover what a stateless line lets back; one for every port does."""
    change = {
        "devices": {
            "back": {
                "interfaces": {"m": "10.1.0.3/24", "l": "10.2.0.3/24"},
                "filters": {
                    "none": {"default": "deny"},
                    "ack": {"default": "deny", "lines": {"1": "permit - - any 10.2.0.0/24 tcp established"}},
                },
                "apply": {"m": {"in": "ack"}, "l": {"in": "none"}},
            }
        },
        "ledger": {"back": {}},
    }
    grant = {"rule": "MN-01", "subject": "my_number->lgwan", "valid_until": "2026-12-31"}
    for ports, disposition in (("443", Disposition.OPEN), ("0-65535", Disposition.EXCEPTED)):
        scope = flow("10.1.0.0/16", "10.2.0.0/16", ports)
        _, results = judged({"EX-1": {**grant, "flow": scope}}, change)
        (found,) = (one for one in results if (one.rule, one.reason) == ("MN-01", "stateless_replies"))
        assert (found.outcome, found.disposition) == (Outcome.FAIL, disposition)


DAY = datetime.date(2026, 11, 1)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, ExceptionState.VALID),
        ({"valid_from": "2026-11-01"}, ExceptionState.VALID),
        ({"valid_until": "2026-11-01"}, ExceptionState.VALID),
        ({"valid_until": "2026-10-31"}, ExceptionState.EXPIRED),
        ({"valid_from": "2026-11-02"}, ExceptionState.FUTURE),
        ({"valid_from": "2027-11-02"}, ExceptionState.INVALID),
        ({"approved_by": "山田　太郎", "requested_by": "山田太郎"}, ExceptionState.INVALID),
        ({"approved_by": "ＹＡＭＡＤＡ", "requested_by": "Yamada"}, ExceptionState.INVALID),
        ({"compensating_measure": " 　"}, ExceptionState.INVALID),
    ],
)
def test_the_state_of_an_exception(change: dict[str, str], state: ExceptionState) -> None:
    context, results = judged({"EX-1": {**LG_01, **change}})
    (grant,) = context.folder.exceptions
    assert state_of(grant, DAY) is state
    excepted = of(results, "LG-01", PAIR).disposition is Disposition.EXCEPTED
    assert excepted == (state is ExceptionState.VALID)
    assert summary({"EX-1": {**LG_01, **change}})["EX-1"].state == state.value


@pytest.mark.parametrize(("until", "soon"), [("2026-12-01", True), ("2026-12-02", False), ("2026-10-31", False)])
def test_an_exception_that_ends_within_thirty_days(until: str, soon: bool) -> None:
    context, _ = judged({"EX-1": {**LG_01, "valid_until": until}})
    assert ends_soon(context.folder.exceptions[0], DAY) is soon
    assert summary({"EX-1": {**LG_01, "valid_until": until}})["EX-1"].ends_soon is soon


@pytest.mark.parametrize(
    ("change", "field", "meant"),
    [
        ({"rule": "LG-001"}, "rule", "LG-01"),
        ({"rule": "zzz"}, "rule", "secaudit rules list"),
        ({"subject": "internet->lgwann"}, "subject", "internet->lgwan"),
        ({"subject": "fw2"}, "subject", "fw1"),
        ({"subject": "TK-01"}, "subject", "TK-001"),
        ({"subject": "lgwan->lgwan"}, "subject", "lgwan"),
        ({"subject": "?" * 300}, "subject", "secaudit audit"),
    ],
)
def test_what_does_not_exist_is_a_mistake_with_a_suggestion(change: dict[str, str], field: str, meant: str) -> None:
    grants = {"EX-1": {**LG_01, **change}}
    context, results = judged(grants)
    (mistake,) = mistakes_in(context.folder.exceptions, context)
    assert (mistake.file, mistake.field) == ("exceptions.yaml", f"EX-1.{field}")
    assert mistake.hint is not None
    assert meant in mistake.hint.ja and meant in mistake.hint.en
    assert len(mistake.text.ja) < 200
    told = of(results, "OP-06", "EX-1")
    assert (told.outcome, told.reason) == (Outcome.UNDETERMINED, f"unknown_{field}")
    assert of(results, "LG-01", PAIR).disposition is Disposition.OPEN
    assert summary(grants)["EX-1"].problem == mistake.text


@pytest.mark.parametrize("subject", ["lgwan->internet", "education->lgwan", "mnsw", "TK-001", None])
def test_what_matches_nothing_today_is_no_mistake_but_unused(subject: str | None) -> None:
    grants = {"EX-1": {"rule": "NW-05", "subject": subject, "valid_until": "2026-12-31"}}
    context, results = judged(grants)
    assert mistakes_in(context.folder.exceptions, context) == ()
    told = of(results, "OP-06", "EX-1")
    assert (told.outcome, told.reason) == (Outcome.PASS, "not_expired")
    assert any("使用されていない" in fact.ja for fact in told.facts)
    assert (summary(grants)["EX-1"].used, summary(grants)["EX-1"].problem) == (0, None)


DEFECTS: dict[str, Any] = {
    "devices": {
        "fw1": {
            "syslog": [],
            "lines": {"15": "permit mn sc 10.1.0.0/24 any tcp/443", "25": "permit in lg any any tcp/445"},
            "services": {"telnet": "on"},
        },
        "mnsw": {"ntp": []},
    },
    "register": {"TK-002": {"valid_until": "2026-01-01"}},
    "attestations": {"A4": {"answer": "no"}},
}


def drawn(chosen: random.Random, failed: list[RuleResult]) -> dict[str, Any]:
    """Some exceptions about what fails, of every kind that there is."""
    grants = {}
    for number in range(chosen.randint(1, 8)):
        one = chosen.choice(failed)
        grant = {
            "rule": chosen.choice([one.rule, one.rule, "NW-99"]),
            "subject": chosen.choice([one.subject.name, None, "nothing"]),
            "valid_until": chosen.choice(["2026-12-31", "2026-11-01", "2026-10-01"]),
            "valid_from": chosen.choice(["2026-04-01", "2026-11-02"]),
            "requested_by": chosen.choice(["課長", "最高情報セキュリティ責任者"]),
        }
        if chosen.random() < 0.5:
            grant["flow"] = chosen.choice(
                [
                    flow("0.0.0.0/0", "0.0.0.0/0", "", "any"),
                    flow("10.1.0.0/25", "0.0.0.0/0", "443"),
                    flow("10.3.0.0/24", "10.2.0.0/24"),
                ]
            )
        grants[f"EX-{number}"] = grant
    return grants


def bare(results: tuple[RuleResult, ...]) -> list[RuleResult]:
    """The results without what exceptions may change."""
    return [
        dataclasses.replace(one, disposition=Disposition.OPEN, exception=None, facts=())
        for one in results
        if one.rule != "OP-06"
    ]


@pytest.mark.parametrize("seed", range(5))
def test_adding_removing_and_reordering_exceptions_changes_dispositions_only(seed: int) -> None:
    chosen = random.Random(seed)
    _, plain = judged({}, DEFECTS)
    failed = [one for one in plain if one.outcome is Outcome.FAIL]
    grants = drawn(chosen, failed)
    _, whole = judged(grants, DEFECTS)
    assert bare(whole) == bare(plain), "adding them"
    names = list(grants)
    chosen.shuffle(names)
    _, again = judged({name: grants[name] for name in names}, DEFECTS)
    assert again == whole, "their order"
    _, fewer = judged({name: grants[name] for name in names[1:]}, DEFECTS)
    assert bare(fewer) == bare(plain), "removing one"
    settled = {(one.rule, one.subject.name) for one in whole if one.disposition is Disposition.EXCEPTED}
    left = {(one.rule, one.subject.name) for one in fewer if one.disposition is Disposition.EXCEPTED}
    assert left <= settled, "an exception that is taken away settles nothing more"
