"""Judging statements (申告): is there one, is it fresh, by the right role, with its document, and what does it say?"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from secaudit.errors import InputError
from secaudit.municipality.documents import names_a_file
from secaudit.municipality.model import Attestation, AuditFolder
from secaudit.municipality.roles import title_of, titles_of
from secaudit.rules.answers import lines
from secaudit.rules.demands import Demand
from secaudit.rules.result import Evidence, Outcome
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era

ATTESTATIONS_FILE = "attestations.yaml"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a statement is worth. `missing` when nothing was submitted at all, which a legal date may judge differently."""

    outcome: Outcome
    reason: str
    facts: tuple[Text, ...]
    evidence: tuple[Evidence, ...] = ()
    needs: tuple[Text, ...] = ()
    missing: bool = False


class StatementContext(Protocol):
    """What judging a statement looks at; a `RuleContext` is one, and what only asks people need not read a device."""

    @property
    def folder(self) -> AuditFolder: ...

    @property
    def as_of(self) -> datetime.date: ...

    @property
    def digests(self) -> Mapping[str, str]: ...


def judge_statement(demand: Demand, rule_id: str, context: StatementContext) -> Judgement:
    """Judges the newest statement about a rule. Only a statement that can be relied upon says yes or no; all else is undetermined."""
    subject = demand.subject or rule_id
    broken = _unreadable(context)
    if broken is not None:
        return broken
    made = [one for one in context.folder.attestations if one.subject == subject]
    usable = [one for one in made if one.stated_on <= context.as_of]
    if not usable:
        return _nothing(demand, subject, future=bool(made))
    newest = newest_of(usable)
    weakness = _weakness(demand, newest, context)
    evidence = lines(context, (newest.source,))
    if weakness is not None:
        reason, fact, need = weakness
        return Judgement(Outcome.UNDETERMINED, reason, (_stated(newest), fact), evidence, (need,))
    return _verdict(demand, newest, evidence)


def newest_of(made: Sequence[Attestation]) -> Attestation:
    """The one that counts: of several of one day that which stands last in the file, where newer ones are appended."""
    return max(made, key=lambda one: (one.stated_on, one.source.number, one.id))


def _unreadable(context: StatementContext) -> Judgement | None:
    """An error when the whole file is unusable; a mistake in one statement leaves the others."""
    if context.folder.attestations:
        return None
    for problem in context.folder.problems:
        if isinstance(problem, InputError) and problem.file.rsplit("/", 1)[-1] == ATTESTATIONS_FILE:
            return Judgement(
                Outcome.ERROR,
                "attestations_unreadable",
                (
                    Text(
                        ja=f"{ATTESTATIONS_FILE} を読み取れないため評価できない（{problem.text.ja}）。",
                        en=f"{ATTESTATIONS_FILE} cannot be read, so this cannot be evaluated ({problem.text.en}).",
                    ),
                ),
                needs=(Text(ja=f"誤りを直した {ATTESTATIONS_FILE}", en=f"a corrected {ATTESTATIONS_FILE}"),),
            )
    return None


def _nothing(demand: Demand, subject: str, *, future: bool) -> Judgement:
    fact = Text(ja=f"{subject} に対する申告が提出されていない。", en=f"No statement about {subject} was submitted.")
    if future:
        fact = Text(
            ja=f"{subject} に対する申告は、監査基準日より後の日付のものしかない。",
            en=f"The only statements about {subject} are dated after the day of the audit.",
        )
    asked = demand.in_words()
    need = Text(
        ja=f"{subject} の申告を {ATTESTATIONS_FILE} に記載する（{asked.ja}）",
        en=f"a statement about {subject} in {ATTESTATIONS_FILE} ({asked.en})",
    )
    return Judgement(
        Outcome.UNDETERMINED, "stated_in_future" if future else "no_attestation", (fact,), needs=(need,), missing=True
    )


def _weakness(demand: Demand, made: Attestation, context: StatementContext) -> tuple[str, Text, Text] | None:
    """Why a statement cannot be relied upon: reason, fact, and what to submit."""
    renewed = Text(ja="日付の新しい申告", en="a newer statement")
    if made.valid_until is not None and made.valid_until < context.as_of:
        fact = Text(
            ja=f"申告の有効期限（{in_japanese_era(made.valid_until)}）が過ぎている。",
            en=f"It was valid until {made.valid_until}.",
        )
        return "attestation_expired", fact, renewed
    age = (context.as_of - made.stated_on) // datetime.timedelta(days=1)
    if demand.max_age_days is not None and age > demand.max_age_days:
        fact = Text(
            ja=f"申告から{age}日が経過している（上限{demand.max_age_days}日）。",
            en=f"It is {age} days old (at most {demand.max_age_days}).",
        )
        return "stale", fact, renewed
    if demand.roles and made.role not in demand.roles:
        role, roles = title_of(made.role), titles_of(demand.roles)
        fact = Text(
            ja=f"申告者の役割（{role.ja}）は、申告できる役割（{roles.ja}）のいずれでもない。",
            en=f"The role {role.en} is not one of those that may state it ({roles.en}).",
        )
        need = Text(ja=f"申告できる役割（{roles.ja}）の者による申告", en=f"a statement by one of: {roles.en}")
        return "wrong_role", fact, need
    if made.answer != "yes":
        return None  # who admits that something is not done needs no document for it
    return _document_weakness(demand, made, context) or _item_weakness(demand, made)


def _document_weakness(demand: Demand, made: Attestation, context: StatementContext) -> tuple[str, Text, Text] | None:
    if demand.document is not None and not made.document:
        need = Text(
            ja=f"根拠となる文書（{demand.document.ja}）の名称又は番号",
            en=f"the name or number of the document that it rests on ({demand.document.en})",
        )
        return "no_document", Text(ja="根拠となる文書が示されていない。", en="It names no document."), need
    if made.document_verified is False:
        fact = Text(
            ja=f"文書 {made.document} の内容が、申告に記載されたダイジェストと一致しない。",
            en=f"The document {made.document} does not have the digest that the statement gives.",
        )
        return "document_altered", fact, Text(ja="申告と一致する文書", en="the document that the statement describes")
    if made.document is not None and made.document_verified is None and _is_gone(made, context):
        fact = Text(
            ja=f"文書 {made.document} が監査フォルダにないため、内容を確認できない。",
            en=f"The document {made.document} is not in the audit folder, so it cannot be looked at.",
        )
        return "document_missing", fact, Text(ja=f"文書 {made.document}", en=f"the document {made.document}")
    return None


def _is_gone(made: Attestation, context: StatementContext) -> bool:
    """Whether a document that should lie in the folder does not: it has a digest to compare, or is named as a file.

    A number of reference (`第12号`) names a document that is kept elsewhere.
    """
    if made.document_sha256 is not None:
        return True
    name = made.document or ""
    return names_a_file(name) and all(one.path != name for one in context.folder.inputs)


def _item_weakness(demand: Demand, made: Attestation) -> tuple[str, Text, Text] | None:
    missing = [item for item in demand.items if item.answer_in(made) is None]
    if not missing:
        return None
    ja = "、".join(item.title.ja for item in missing)
    en = ", ".join(item.title.en for item in missing)
    return (
        "items_missing",
        Text(ja=f"次の項目についての記載がない：{ja}。", en=f"It says nothing about: {en}."),
        Text(ja=f"次の項目の記載：{ja}", en=f"what is the case for: {en}"),
    )


def _verdict(demand: Demand, made: Attestation, evidence: tuple[Evidence, ...]) -> Judgement:
    stated = _stated(made)
    titles = {name: item.title for item in demand.items for name in (item.id, item.title.ja)}
    wanting = [titles.get(name, Text(ja=name, en=name)) for name, answer in made.items if answer != "yes"]
    if made.answer != "yes":
        fact = Text(
            ja="申告の回答は「一部のみ実施」である。"
            if made.answer == "partly"
            else "申告の回答は「実施していない」である。",
            en="It says that this is done only in part."
            if made.answer == "partly"
            else "It says that this is not done.",
        )
        reason = "answered_partly" if made.answer == "partly" else "answered_no"
        return Judgement(Outcome.FAIL, reason, (stated, fact, *_items_fact(wanting)), evidence)
    if wanting:
        return Judgement(Outcome.FAIL, "items_not_met", (stated, *_items_fact(wanting)), evidence)
    confirmed = Text(
        ja="申告の内容を確認した。実施の状況そのものは検証していない。",
        en="What was stated was confirmed; whether it is really so was not tested.",
    )
    return Judgement(Outcome.PASS, "attested", (stated, confirmed), evidence)


def _items_fact(wanting: list[Text]) -> tuple[Text, ...]:
    if not wanting:
        return ()
    ja = "、".join(title.ja for title in wanting)
    en = ", ".join(title.en for title in wanting)
    return (Text(ja=f"実施されていない項目：{ja}。", en=f"Not done: {en}."),)


def _stated(made: Attestation) -> Text:
    document = "" if made.document is None else f"、文書：{made.document}"
    paper = "" if made.document is None else f", document: {made.document}"
    role = title_of(made.role)
    return Text(
        ja=f"{in_japanese_era(made.stated_on)}に{made.stated_by}（{role.ja}）が申告した{document}。「{made.statement}」",
        en=f'Stated on {made.stated_on} by {made.stated_by} ({role.en}){paper}: "{made.statement}"',
    )
