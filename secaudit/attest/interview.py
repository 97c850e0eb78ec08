"""The questions one by one in a terminal. Every answer is in the file before the next question is asked."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from secaudit.attest import answers
from secaudit.attest.answers import ANSWERS, Draft, WrongAnswerError
from secaudit.attest.listing import last_in_words, state_in_words
from secaudit.attest.questions import Question, Questionnaire
from secaudit.attest.writing import append_answers
from secaudit.errors import SecauditError
from secaudit.municipality.roles import ROLES, in_order, title_of
from secaudit.report.wrapping import visible
from secaudit.rules.statements import ATTESTATIONS_FILE
from secaudit.text.bilingual import Language, Text
from secaudit.text.dates import in_japanese_era

_WORDS = {"skip": "skip", "飛ばす": "skip", "back": "back", "戻る": "back", "quit": "quit", "終了": "quit"}
_LETTERS = {"s": "skip", "b": "back", "q": "quit"}
"""Single letters count where a choice is asked for; in a sentence or a name they are what they are."""


class Terminal(Protocol):
    """Where the questions are asked."""

    def say(self, line: str) -> None:
        """Shows one line."""

    def ask(self, prompt: str) -> str:
        """What the person types behind the prompt. Raises `EOFError` when there will be no more."""


class _CommandError(Exception):
    """The person typed `skip`, `back` or `quit` instead of an answer."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(slots=True)
class _Form:
    """The answer to one question while it is being given."""

    answer: str = ""
    statement: str = ""
    items: dict[str, str] = field(default_factory=dict)
    role: str = ""
    stated_by: str = ""
    stated_on: datetime.date = datetime.date.min
    valid_until: datetime.date | None = None
    document: tuple[str | None, str | None] = (None, None)


@dataclass(slots=True)
class Interview:
    """A session. `recorded` are the ids of the statements it has written so far; `quit_early` whether the person ended it."""

    asked: Questionnaire
    terminal: Terminal
    language: Language
    recorded: list[str] = field(default_factory=list)
    quit_early: bool = False
    _role: str = ""
    _stated_by: str = ""

    def run(self, questions: Sequence[Question]) -> None:
        """Asks the questions in their order. What is written stays written, however the session ends."""
        index = 0
        while index < len(questions):
            question = questions[index]
            self._show(question, index + 1, len(questions))
            try:
                written = self._record(self._fill(question))
            except _CommandError as command:
                if command.word == "quit":
                    self.quit_early = True
                    return
                index = max(index - 1, 0) if command.word == "back" else index + 1
                continue
            self.recorded.append(written)
            self._say(
                Text(
                    ja=f"  → {ATTESTATIONS_FILE} に記録した（{written}）",
                    en=f"  → recorded in {ATTESTATIONS_FILE} ({written})",
                )
            )
            index += 1

    def _record(self, draft: Draft) -> str:
        """Writes an answer and returns its id. A file that cannot be written just now (open in another program) loses nothing."""
        while True:
            try:
                (written,) = append_answers(self.asked.root, [draft])
            except SecauditError as error:
                self._say(Text(ja=f"  ! {error.message(Language.JA)}", en=f"  ! {error.message(Language.EN)}"))
                again = Text(
                    ja="  直してから Enter で再び書き込む (q=終了): ",
                    en="  mend that and press Enter to write again (q=quit): ",
                )
                self._ask(again, letters=True)
            else:
                return written

    def _show(self, question: Question, number: int, total: int) -> None:
        rule, demand, state = question.rule, question.demand, question.state
        self.terminal.say("")
        title = f"[{number}/{total}] {question.subject} {rule.title.in_(self.language)}"
        self.terminal.say(f"{title} ({question.chapter.title.in_(self.language)})")
        self._say(Text(ja=f"  要件: {question.requirement.ja}", en=f"  requirement: {question.requirement.en}"))
        if rule.reference_only:
            self._say(Text(ja="  （参考としてのみ扱う項目）", en="  (for reference only)"))
        document, roles, age = demand.document_in_words(), demand.roles_in_words(), demand.age_in_words()
        self._say(Text(ja=f"  求める文書: {document.ja}", en=f"  document: {document.en}"))
        self._say(Text(ja=f"  申告できる役割: {roles.ja}", en=f"  may be stated by: {roles.en}"))
        self._say(Text(ja=f"  有効な期間: {age.ja}", en=f"  stays fresh: {age.en}"))
        if state.last is not None:
            last, now = last_in_words(state.last), state_in_words(state)
            self._say(Text(ja=f"  前回の申告: {last.ja}", en=f"  stated last: {last.en}"))
            self._say(Text(ja=f"  その状態: {now.ja}", en=f"  its state: {now.en}"))

    def _fill(self, question: Question) -> Draft:
        """Asks field by field; `back` goes to the field before. Raises `_CommandError`."""
        form = _Form()
        steps: list[Callable[[], None]] = [lambda: self._ask_answer(form)]
        for number, _ in enumerate(question.demand.items):
            steps.append(lambda number=number: self._ask_item(form, question, number))  # type: ignore[misc]
        steps += [
            lambda: self._ask_statement(form),
            lambda: self._ask_role(form, question),
            lambda: self._ask_person(form),
            lambda: self._ask_day(form, question),
            lambda: self._ask_valid_until(form, question),
            lambda: self._ask_document(form, question),
            lambda: self._confirm(form, question),
        ]
        index = 0
        while index < len(steps):
            try:
                steps[index]()
            except WrongAnswerError as wrong:
                self._say(Text(ja=f"  ! {wrong.text.ja}", en=f"  ! {wrong.text.en}"))
                self._say(Text(ja=f"    → {wrong.hint.ja}", en=f"    → {wrong.hint.en}"))
            except _CommandError as command:
                if command.word != "back" or index == 0:
                    raise
                index -= 1
            else:
                index += 1
        self._role, self._stated_by = form.role, form.stated_by
        return _draft(form, question)

    def _ask_answer(self, form: _Form) -> None:
        prompt = Text(
            ja="回答 (はい=y いいえ=n 一部=p 飛ばす=s 戻る=b 終了=q): ",
            en="answer (yes=y no=n partly=p skip=s back=b quit=q): ",
        )
        form.answer = answers.answer_of(self._ask(prompt, letters=True))

    def _ask_item(self, form: _Form, question: Question, number: int) -> None:
        item, total = question.demand.items[number], len(question.demand.items)
        prompt = Text(
            ja=f"  項目 {number + 1}/{total} {item.title.ja} (y/n/p): ",
            en=f"  part {number + 1}/{total} {item.title.en} (y/n/p): ",
        )
        form.items[item.id] = answers.answer_of(self._ask(prompt, letters=True))

    def _ask_statement(self, form: _Form) -> None:
        default = answers.default_statement(form.answer)
        prompt = Text(ja="  申告の内容", en="  statement")
        form.statement = answers.statement_of(self._ask(_with_default(prompt, default)), form.answer)

    def _ask_role(self, form: _Form, question: Question) -> None:
        permitted = in_order(question.demand.roles or ROLES)
        holders = {one.role: one.holder for one in self.asked.folder.municipality.roles}
        for number, role in enumerate(permitted, start=1):
            holder = f" ({visible(holders[role])})" if role in holders else ""
            self.terminal.say(f"    {number} {title_of(role).in_(self.language)}{holder}")
        default = self._role if self._role in permitted else ""
        shown = title_of(default).in_(self.language) if default else None
        typed = self._ask(_with_default(Text(ja="  役割（番号）", en="  role (number)"), shown)) or default
        by_number = {str(number): role for number, role in enumerate(permitted, start=1)}
        form.role = by_number.get(answers.plain(typed)) or answers.role_of(typed, question.demand)

    def _ask_person(self, form: _Form) -> None:
        holders = {one.role: one.holder for one in self.asked.folder.municipality.roles}
        default = self._stated_by if self._role == form.role else holders.get(form.role)
        prompt = _with_default(Text(ja="  申告者（職名又は氏名）", en="  stated by (post or name)"), default)
        form.stated_by = answers.person_of(self._ask(prompt) or default or "")

    def _ask_day(self, form: _Form, question: Question) -> None:
        as_of = self.asked.as_of
        default = in_japanese_era(as_of) if self.language is Language.JA else as_of.isoformat()
        typed = self._ask(_with_default(Text(ja="  申告日", en="  stated on"), default))
        form.stated_on = answers.stated_on_of(answers.day_of(typed) if typed else as_of, as_of)
        answers.not_before(question.state.last, form.stated_on)
        self._warn_when_old(form.stated_on, None, question)

    def _warn_when_old(self, stated_on: datetime.date, valid_until: datetime.date | None, question: Question) -> None:
        if answers.too_old(question.demand, stated_on, valid_until, self.asked.as_of):
            age = question.demand.age_in_words()
            self._say(
                Text(
                    ja=f"  ! 基準日には有効な期間（{age.ja}）又は期限を過ぎているため、確認不能となる。日付を直すには「戻る」。",
                    en=f"  ! Too old on the day of the audit (fresh: {age.en}), so it will be undetermined; `back` changes the date.",
                )
            )

    def _ask_valid_until(self, form: _Form, question: Question) -> None:
        typed = self._ask(Text(ja="  有効期限（なければ Enter）: ", en="  valid until (Enter: none): "))
        form.valid_until = answers.valid_until_of(answers.day_of(typed) if typed else None, form.stated_on)
        if form.valid_until is not None:
            self._warn_when_old(form.stated_on, form.valid_until, question)

    def _ask_document(self, form: _Form, question: Question) -> None:
        wanted = question.demand.document
        prompt = (
            Text(
                ja="  文書（ファイル名又は文書番号。なければ Enter）: ", en="  document (file or number; Enter: none): "
            )
            if wanted is None
            else Text(
                ja=f"  文書（{wanted.ja}のファイル名又は番号）: ", en=f"  document ({wanted.en}: file or number): "
            )
        )
        form.document = answers.document_of(self._ask(prompt), self.asked.root, question.demand, form.answer)
        name, digest = form.document
        if digest is not None:
            self.terminal.say(f"    {name} SHA-256 {digest}")

    def _confirm(self, form: _Form, question: Question) -> None:
        answer, role = ANSWERS[form.answer], title_of(form.role)
        self._say(
            Text(
                ja=f"  {question.subject} {answer.ja}「{form.statement}」{form.stated_by}（{role.ja}）{in_japanese_era(form.stated_on)}",
                en=f'  {question.subject} {answer.en}: "{form.statement}" {form.stated_by} ({role.en}) {form.stated_on}',
            )
        )
        wanting = [
            Text(ja=f"{item.title.ja}={ANSWERS[given].ja}", en=f"{item.title.en}={ANSWERS[given].en}")
            for item in question.demand.items
            if (given := form.items[item.id]) != "yes"
        ]
        if wanting:
            ja, en = "、".join(one.ja for one in wanting), ", ".join(one.en for one in wanting)
            self._say(Text(ja=f"    「はい」でない項目: {ja}", en=f"    parts that are not `yes`: {en}"))
        if form.document[0] is not None:
            self._say(Text(ja=f"    文書: {form.document[0]}", en=f"    document: {form.document[0]}"))
        prompt = Text(
            ja="  この内容で記録する (Enter=記録 b=直す s=飛ばす q=終了): ",
            en="  record this (Enter=yes b=change s=skip q=quit): ",
        )
        if answers.plain(self._ask(prompt, letters=True)).lower() not in ("", "y", "yes", "はい"):
            raise WrongAnswerError(
                Text(ja="記録していない。", en="Not recorded."),
                Text(ja="Enter、b、s、q のいずれかを入力する。", en="Type Enter, b, s or q."),
            )

    def _ask(self, prompt: Text, *, letters: bool = False) -> str:
        """What was typed. Raises `_CommandError` for a word that is a command."""
        try:
            typed = self.terminal.ask(prompt.in_(self.language)).strip()
        except EOFError:
            raise _CommandError("quit") from None
        word = answers.plain(typed).lower()
        command = _WORDS.get(word) or (_LETTERS.get(word) if letters else None)
        if command is not None:
            raise _CommandError(command)
        return typed

    def _say(self, text: Text) -> None:
        # What people wrote stands among it, and may hold what a terminal would obey.
        self.terminal.say(visible(text.in_(self.language)))


def _with_default(prompt: Text, default: str | None) -> Text:
    shown = "" if not default else f" [{visible(default)}]"
    return Text(ja=f"{prompt.ja}{shown}: ", en=f"{prompt.en}{shown}: ")


def _draft(form: _Form, question: Question) -> Draft:
    document, digest = form.document
    return Draft(
        subject=question.subject,
        answer=form.answer,
        statement=form.statement,
        stated_by=form.stated_by,
        role=form.role,
        stated_on=form.stated_on,
        valid_until=form.valid_until,
        document=document,
        document_sha256=digest,
        items=answers.items_of(question.demand, form.items),
    )
