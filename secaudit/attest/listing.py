"""Every question with its state, as people and as programs read it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from secaudit.attest.answers import ANSWERS
from secaudit.attest.questions import Question, Questionnaire, State, StateKind
from secaudit.municipality.model import Attestation
from secaudit.municipality.roles import in_order, title_of
from secaudit.report.wrapping import visible
from secaudit.text.bilingual import Language, Text
from secaudit.text.dates import in_japanese_era

SCHEMA_VERSION = "1.0"
STATES = {
    StateKind.ANSWERED: Text(ja="回答済み", en="answered"),
    StateKind.STALE: Text(ja="期限切れ", en="stale"),
    StateKind.WEAK: Text(ja="不十分", en="weak"),
    StateKind.OPEN: Text(ja="未回答", en="open"),
    StateKind.OPTIONAL: Text(ja="必要な場合のみ", en="only where needed"),
}


def state_in_words(state: State) -> Text:
    """One line: answered with what, stale since when, weak because of what, or open."""
    if state.last is None:
        head = STATES[state.kind]
        return _with_facts(head, state) if state.reason == "stated_in_future" else head
    answer = ANSWERS[state.last.answer]
    if state.kind is StateKind.ANSWERED:
        until = _until(state)
        head = Text(ja=f"回答済み：{answer.ja}{until.ja}", en=f"answered: {answer.en}{until.en}")
        return _with_facts(head, state) if state.reason == "items_not_met" else head
    if state.kind is StateKind.STALE:
        assert state.stale_on is not None, "what is stale is so from some day on"
        day = state.stale_on
        return Text(ja=f"期限切れ（{in_japanese_era(day)}から）：{answer.ja}", en=f"stale since {day}: {answer.en}")
    return _with_facts(Text(ja=f"不十分：{answer.ja}", en=f"weak: {answer.en}"), state)


def last_in_words(made: Attestation) -> Text:
    """What was stated last, by whom, when, on which document."""
    answer, role = ANSWERS[made.answer], title_of(made.role)
    document = "" if made.document is None else f"、文書：{made.document}"
    paper = "" if made.document is None else f", document: {made.document}"
    return Text(
        ja=f"{in_japanese_era(made.stated_on)} {answer.ja}　{made.stated_by}（{role.ja}）「{made.statement}」{document}",
        en=f'{made.stated_on} {answer.en}, {made.stated_by} ({role.en}): "{made.statement}"{paper}',
    )


def listed(asked: Questionnaire, language: Language) -> Iterator[str]:
    """The list as lines of text."""
    chapter = ""
    for question in asked.questions:
        if question.chapter.id != chapter:
            chapter = question.chapter.id
            yield question.chapter.title.in_(language)
        yield f"  {question.subject:12} {question.rule.title.in_(language)}"
        yield f"      {visible(state_in_words(question.state).in_(language))}"
    yield totals(asked).in_(language)


def left_wanting(asked: Questionnaire, subjects: Iterable[str]) -> Iterator[Text]:
    """Of these questions, those that an audit could still not rely upon, with the reason."""
    for question in (asked.question(subject) for subject in subjects):
        if question.state.kind is not StateKind.ANSWERED:
            state = state_in_words(question.state)
            yield Text(ja=f"{question.subject}: {state.ja}", en=f"{question.subject}: {state.en}")


def totals(asked: Questionnaire) -> Text:
    """How many there are, by state."""
    counts = {kind: sum(one.state.kind is kind for one in asked.questions) for kind in StateKind}
    ja = "、".join(f"{STATES[kind].ja} {count}件" for kind, count in counts.items())
    en = ", ".join(f"{count} {STATES[kind].en}" for kind, count in counts.items())
    day = in_japanese_era(asked.as_of)
    return Text(
        ja=f"全{len(asked.questions)}件：{ja}（基準日 {day}）",
        en=f"{len(asked.questions)} in all: {en} (as of {asked.as_of})",
    )


def listed_json(asked: Questionnaire) -> dict[str, Any]:
    """The list for programs (schema `attest`)."""
    municipality = asked.folder.municipality
    return {
        "schema_version": SCHEMA_VERSION,
        "municipality": municipality.code,
        "edition": municipality.edition,
        "model": municipality.model.value,
        "as_of": asked.as_of.isoformat(),
        "questions": [_question_json(question) for question in asked.questions],
    }


def _question_json(question: Question) -> dict[str, Any]:
    demand, state = question.demand, question.state
    return {
        "rule": question.subject,
        "chapter": question.chapter.id,
        "title": _text_json(question.rule.title),
        "requirement": _text_json(question.requirement),
        "reference_only": question.rule.reference_only,
        "document": None if demand.document is None else _text_json(demand.document),
        "roles": list(in_order(demand.roles)),
        "max_age_days": demand.max_age_days,
        "items": [{"id": item.id, "title": _text_json(item.title)} for item in demand.items],
        "state": state.kind.value,
        "reason": state.reason,
        "stale_on": None if state.stale_on is None else state.stale_on.isoformat(),
        "facts": [_text_json(fact) for fact in state.facts],
        "last": None if state.last is None else _last_json(state.last),
    }


def _last_json(made: Attestation) -> dict[str, Any]:
    return {
        "id": made.id,
        "answer": made.answer,
        "statement": made.statement,
        "stated_by": made.stated_by,
        "role": made.role,
        "stated_on": made.stated_on.isoformat(),
        "valid_until": None if made.valid_until is None else made.valid_until.isoformat(),
        "document": made.document,
        "document_sha256": made.document_sha256,
        "items": dict(made.items),
        "file": made.source.file,
        "line": made.source.number,
    }


def _text_json(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _until(state: State) -> Text:
    if state.stale_on is None:
        return Text(ja="", en="")
    last_day = state.stale_on - datetime.timedelta(days=1)
    return Text(ja=f"（{in_japanese_era(last_day)}まで有効）", en=f" (fresh until {last_day})")


def _with_facts(head: Text, state: State) -> Text:
    return Text(
        ja=f"{head.ja}（{''.join(fact.ja for fact in state.facts)}）",
        en=f"{head.en} ({' '.join(fact.en for fact in state.facts)})",
    )
