"""The questions that the rules put to one municipality, each with the state of its answer."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secaudit.errors import InputError, UsageError
from secaudit.municipality.loader import load_audit_folder
from secaudit.municipality.model import Attestation, AuditFolder, Municipality
from secaudit.policy.loader import load_policy
from secaudit.rules.demands import Demand
from secaudit.rules.own import ruleset_for
from secaudit.rules.result import Outcome
from secaudit.rules.rule import Chapter, Rule, Ruleset
from secaudit.rules.statements import ATTESTATIONS_FILE, judge_statement, newest_of
from secaudit.text.bilingual import Text
from secaudit.text.yaml_schema import unknown_word


class StateKind(StrEnum):
    """What is the case with a question."""

    ANSWERED = "answered"
    STALE = "stale"
    WEAK = "weak"
    OPEN = "open"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class State:
    """The state of one question. `last` is the statement that counts, `reason` the code that an audit would give.

    `stale_on` is the first day on which the last statement is too old (None: it never is), `facts` why it is weak, stale, or open.
    """

    kind: StateKind
    reason: str
    last: Attestation | None
    stale_on: datetime.date | None
    facts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked under one id. Several rules may rest on one statement; `demand` is what satisfies all of them."""

    subject: str
    rule: Rule
    chapter: Chapter
    demand: Demand
    state: State

    @property
    def requirement(self) -> Text:
        """What must be so, and for which devices the statement counts."""
        told = self.rule.requirement
        if not self.demand.only_where_needed:
            return told
        return Text(
            ja=f"{told.ja}（設定ファイルから判断できない機器がある場合に限り、その機器について答える。）",
            en=f"{told.en} (Only about devices whose configuration does not tell, if there are any.)",
        )


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """All questions of an audit folder, by chapter and id. `given` is the folder of rules that was named beside it."""

    root: Path
    folder: AuditFolder
    as_of: datetime.date
    questions: tuple[Question, ...]
    given: Path | None = None

    def question(self, subject: str) -> Question:
        """One of them. Raises `UsageError` for an id that asks nothing here."""
        for question in self.questions:
            if question.subject == subject:
                return question
        raise UsageError(
            Text(
                ja=f"この監査フォルダには、申告を求める規則 {subject} はない。",
                en=f"no rule {subject} asks this audit folder for a statement",
            ),
            unknown_word(subject, [question.subject for question in self.questions]),
        )

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """Those that an audit could not rely upon: open, stale or weak. What few bodies need is not among the open ones."""
        return tuple(one for one in self.questions if one.state.kind not in (StateKind.ANSWERED, StateKind.OPTIONAL))


@dataclass(frozen=True, slots=True)
class _Statements:
    """What judging a statement looks at."""

    folder: AuditFolder
    as_of: datetime.date
    digests: Mapping[str, str]


def questions_of(root: Path, as_of: datetime.date, given: Path | None = None) -> Questionnaire:
    """The questions of the rules that apply to the edition and model of an audit folder: its own, those of the folder `given`, or the shipped ones.

    Raises `InputError` when the folder cannot be used, or `attestations.yaml` cannot be read: answers could not be added to it.
    """
    folder = load_audit_folder(root)
    _refuse_unreadable(folder)
    municipality = folder.municipality
    policy = load_policy(municipality.edition, municipality.model)
    ruleset = ruleset_for(root, given)
    rules = [rule for rule in ruleset.rules if rule.applies_to(policy.edition, policy.model)]
    context = _Statements(folder, as_of, {one.path: one.sha256 for one in folder.inputs})
    found = [
        _question(subject, asking, ruleset, context) for subject, asking in _by_subject(rules, municipality).items()
    ]
    places = {chapter.id: index for index, chapter in enumerate(ruleset.chapters)}
    ordered = sorted(found, key=lambda one: (places[one.chapter.id], one.subject))
    return Questionnaire(root, folder, as_of, tuple(ordered), given)


def _refuse_unreadable(folder: AuditFolder) -> None:
    if folder.attestations:
        return
    meant = ATTESTATIONS_FILE.partition(".")[0][:-1]
    for problem in folder.problems:
        # Nearly the name counts as well: a second file beside it would hide what was written there.
        if isinstance(problem, InputError) and problem.file.lower().startswith(meant):
            raise problem


def _by_subject(rules: Iterable[Rule], municipality: Municipality) -> dict[str, list[tuple[Rule, Demand]]]:
    found: dict[str, list[tuple[Rule, Demand]]] = {}
    for rule in rules:
        for demand in rule.demands:
            if demand.is_put_to(municipality):
                found.setdefault(demand.subject or rule.id, []).append((rule, demand))
    return found


def _question(subject: str, asking: Sequence[tuple[Rule, Demand]], ruleset: Ruleset, context: _Statements) -> Question:
    rule = next((one for one in ruleset.rules if one.id == subject), asking[0][0])
    demand = asking[0][1]
    for _, other in asking[1:]:
        demand = _both(demand, other)
    chapter = next(one for one in ruleset.chapters if one.id == rule.chapter)
    return Question(subject, rule, chapter, demand, state_of(subject, demand, context))


def _both(left: Demand, right: Demand) -> Demand:
    """What satisfies two demands at once."""
    ages = [age for age in (left.max_age_days, right.max_age_days) if age is not None]
    documents = list(dict.fromkeys(one for one in (left.document, right.document) if one is not None))
    roles = left.roles & right.roles if left.roles and right.roles else left.roles | right.roles
    return Demand(
        subject=left.subject,
        max_age_days=min(ages, default=None),
        roles=roles or left.roles,
        document=Text(ja="、".join(one.ja for one in documents), en="; ".join(one.en for one in documents))
        if documents
        else None,
        items=tuple({item.id: item for item in (*left.items, *right.items)}.values()),
        only_where_needed=left.only_where_needed and right.only_where_needed,
    )


def state_of(subject: str, demand: Demand, context: _Statements) -> State:
    """The state of a question, as an audit of that day would judge the statement."""
    judged = judge_statement(demand, subject, context)
    usable = [one for one in context.folder.attestations if one.subject == subject and one.stated_on <= context.as_of]
    last = newest_of(usable) if usable else None
    if last is None:
        kind = StateKind.OPTIONAL if demand.only_where_needed else StateKind.OPEN
        return State(kind, judged.reason, None, None, judged.facts)
    stale_on = _first_stale_day(demand, last)
    # The first fact repeats the statement itself.
    facts = judged.facts[1:]
    if judged.outcome is not Outcome.UNDETERMINED:
        return State(StateKind.ANSWERED, judged.reason, last, stale_on, facts)
    kind = StateKind.STALE if judged.reason in ("stale", "attestation_expired") else StateKind.WEAK
    return State(kind, judged.reason, last, stale_on, facts)


def _first_stale_day(demand: Demand, made: Attestation) -> datetime.date | None:
    fresh = [] if demand.max_age_days is None else [made.stated_on.toordinal() + demand.max_age_days]
    if made.valid_until is not None:
        fresh.append(made.valid_until.toordinal())
    if not fresh:
        return None
    return datetime.date.fromordinal(min(*fresh, datetime.date.max.toordinal() - 1) + 1)
