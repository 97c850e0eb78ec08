"""The answers of a filled-in sheet: every row checked, every mistake named with its cell and what to do."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from secaudit.attest import answers
from secaudit.attest.answers import Draft, WrongAnswerError
from secaudit.attest.layout import (
    ANSWERED,
    FIRST_ROW,
    MARK_ROW,
    SHEET,
    Columns,
    item_text,
    key_of,
    mark_of,
    question_text,
)
from secaudit.attest.questions import Question, Questionnaire
from secaudit.attest.sheet import Cell, Sheet, read_sheet
from secaudit.errors import InputError
from secaudit.rules.demands import Item
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import shown
from secaudit.text.yaml_schema import unknown_word

T = TypeVar("T")

_EPOCH_1900, _EPOCH_1904 = datetime.date(1899, 12, 30), datetime.date(1904, 1, 1)
_FIRST_SURE_DAY = 61
"""Excel counts a 29 February 1900 that never was; from the day after it on its numbers are those of the calendar."""
_AS_IT_WAS = Text(
    ja="保護されたセルは変えない。secaudit attest 監査フォルダ --xlsx で作り直した表に記入する。",
    en="Locked cells must stay as they are; fill in a sheet made anew with `secaudit attest FOLDER --xlsx`.",
)


@dataclass(frozen=True, slots=True)
class CellMistake:
    """What is wrong in one cell."""

    sheet: str
    row: int
    column: Columns
    text: Text
    hint: Text

    def message(self) -> Text:
        """The mistake with its place."""
        place, title = f"{self.sheet}!{self.column.value.letter}{self.row}", self.column.value.title
        return Text(
            ja=f"{place}（{title.ja}）: {self.text.ja}\n  → {self.hint.ja}",
            en=f"{place} ({title.en}): {self.text.en}\n  → {self.hint.en}",
        )


@dataclass(frozen=True, slots=True)
class ReadAnswers:
    """What a sheet holds: answers to write, how many are in the file already, and what is wrong."""

    drafts: tuple[Draft, ...]
    already_there: int
    mistakes: tuple[CellMistake, ...]


@dataclass(slots=True)
class _Rows:
    """The rows of one question."""

    question: Question
    row: int | None = None
    items: dict[str, int] = field(default_factory=dict)
    bad: bool = False


def read_answers(path: Path, shown_as: str, asked: Questionnaire) -> ReadAnswers:
    """Reads a sheet that `workbook` has written and people have filled in. Raises `InputError` for what is no such sheet."""
    sheet = read_sheet(path, shown_as, (SHEET.ja, SHEET.en))
    _check_mark(sheet, shown_as, asked)
    return _Reader(sheet, asked).read()


def _check_mark(sheet: Sheet, shown_as: str, asked: Questionnaire) -> None:
    """The sheet must be of this layout and of this municipality, edition and model."""
    cell = sheet.cells.get((MARK_ROW, Columns.KEY.value.index), Cell(""))
    wanted = mark_of(asked)
    if cell.text != wanted or cell.formula:
        raise InputError(
            Text(
                ja=f"この監査フォルダの記入表ではない（「{wanted}」であるべきところが「{shown(cell.text)}」である）。",
                en=f"It is no answer sheet of this audit folder (it says `{shown(cell.text)}` instead of `{wanted}`).",
            ),
            file=shown_as,
            hint=Text(
                ja="団体、版、モデルを確かめ、secaudit attest 監査フォルダ --xlsx で作り直した表に記入する。",
                en="Check municipality, edition and model, and fill in a sheet made anew with --xlsx.",
            ),
        )


class _Reader:
    def __init__(self, sheet: Sheet, asked: Questionnaire) -> None:
        self._sheet = sheet
        self._asked = asked
        self._mistakes: list[CellMistake] = []
        self._rows: dict[str, _Rows] = {one.subject: _Rows(one) for one in asked.questions}
        self._keys: dict[str, tuple[Question, Item | None]] = {}
        for question in asked.questions:
            self._keys[key_of(question)] = (question, None)
            for item in question.demand.items:
                self._keys[key_of(question, item)] = (question, item)

    def read(self) -> ReadAnswers:
        for row in sorted({row for row, _ in self._sheet.cells if row >= FIRST_ROW}):
            self._assign(row)
        drafts, already_there = [], 0
        for rows in self._rows.values():
            draft = self._draft(rows)
            if draft is None:
                continue
            if any(draft.says_the_same_as(made) for made in self._asked.folder.attestations):
                already_there += 1
            elif self._counts(rows, draft):
                drafts.append(draft)
        ordered = sorted(self._mistakes, key=lambda one: (one.row, one.column.value.index))
        return ReadAnswers(tuple(drafts), already_there, tuple(ordered))

    def _counts(self, rows: _Rows, draft: Draft) -> bool:
        """Whether it would be the newest statement; if not, that is noted."""
        try:
            answers.not_before(rows.question.state.last, draft.stated_on)
        except WrongAnswerError as wrong:
            assert rows.row is not None, "a draft is made of its row"
            self._wrong(rows.row, Columns.STATED_ON, wrong.text, wrong.hint)
            return False
        return True

    def _assign(self, row: int) -> None:
        """Which question a row is about: its id must be known, and stand beside its own question."""
        key = self._text(row, Columns.KEY)
        asks = _compact(self._text(row, Columns.QUESTION))
        if not key and not asks and not self._filled(row):
            return
        if key not in self._keys:
            self._wrong_key(row, key, asks)
            return
        question, item = self._keys[key]
        rows = self._rows[question.subject]
        text = question_text(question) if item is None else item_text(item)
        if asks not in (_compact(text.ja), _compact(text.en)) or self._cell(row, Columns.KEY).formula:
            rows.bad = True
            self._wrong(
                row,
                Columns.KEY,
                Text(
                    ja=f"番号 {key} と確認事項が対応していない（番号の変更、行の入替え、又はルールの改定）。",
                    en=f"The id {key} does not stand beside its question (an altered id, moved cells, or newer rules).",
                ),
                _AS_IT_WAS,
            )
        elif (rows.row if item is None else rows.items.get(item.id)) is not None:
            rows.bad = True
            self._wrong(
                row,
                Columns.KEY,
                Text(ja=f"番号 {key} の行が二つある。", en=f"There are two rows for {key}."),
                Text(ja="一つを残して行を空にする。", en="Keep one of them and empty the other."),
            )
        elif item is None:
            rows.row = row
        else:
            rows.items[item.id] = row

    def _wrong_key(self, row: int, key: str, asks: str) -> None:
        for known, (question, item) in self._keys.items():
            text = question_text(question) if item is None else item_text(item)
            # Titles of parts may be alike in several questions, so they do not tell whose row it is.
            if item is None and asks in (_compact(text.ja), _compact(text.en)):
                self._rows[question.subject].bad = True
                self._wrong(
                    row,
                    Columns.KEY,
                    Text(
                        ja=f"番号が「{shown(key)}」に変わっている（正しくは {known}）。",
                        en=f"The id was altered to `{shown(key)}`; it is {known}.",
                    ),
                    _AS_IT_WAS,
                )
                return
        what = (
            Text(
                ja=f"番号「{shown(key)}」の申告は求められていない。",
                en=f"No statement is asked for under `{shown(key)}`.",
            )
            if key
            else Text(ja="番号が消えている。", en="The id is missing.")
        )
        self._wrong(row, Columns.KEY, what, unknown_word(key, self._keys) if key else _AS_IT_WAS)

    def _draft(self, rows: _Rows) -> Draft | None:
        """The answer to one question; None when it was not answered, or is wrong, which is noted."""
        if rows.bad or not any(self._filled(row) for row in (rows.row, *rows.items.values()) if row is not None):
            return None
        if rows.row is None:
            first = min(rows.items.values())
            self._wrong(
                first,
                Columns.KEY,
                Text(
                    ja=f"{rows.question.subject} の行がなく、項目の行だけがある。",
                    en=f"The row of {rows.question.subject} is missing; only rows of its parts are there.",
                ),
                _AS_IT_WAS,
            )
            return None
        before = len(self._mistakes)
        made = _Fields(self, rows.row, rows.question).read(self._items(rows))
        return made if len(self._mistakes) == before else None

    def _items(self, rows: _Rows) -> dict[str, str]:
        found: dict[str, str] = {}
        for item in rows.question.demand.items:
            row = rows.items.get(item.id)
            if row is None:
                assert rows.row is not None, "only asked of a question that has its row"
                self._wrong(
                    rows.row,
                    Columns.KEY,
                    Text(
                        ja=f"項目「{item.title.ja}」の行がない。",
                        en=f"The row of the part `{item.title.en}` is missing.",
                    ),
                    _AS_IT_WAS,
                )
                continue
            answer = self.field(row, Columns.ANSWER, lambda cell: answers.answer_of(cell.text))
            if answer is not None:
                found[item.id] = answer
            for column in ANSWERED:
                if column is not Columns.ANSWER and self._cell(row, column).text:
                    self._wrong(
                        row,
                        column,
                        Text(ja="項目の行では「回答」だけを記入する。", en="Rows of parts have an answer only."),
                        Text(ja="このセルを空にする。", en="Empty this cell."),
                    )
        return found

    def field(self, row: int, column: Columns, read: Callable[[Cell], T]) -> T | None:
        """What a cell means; None when it is wrong, which is noted."""
        cell = self._cell(row, column)
        if cell.formula:
            self._wrong(
                row,
                column,
                Text(ja="数式又はエラー値である。", en="It is a formula or an error value."),
                Text(ja="値を直接入力する。", en="Type the value itself."),
            )
            return None
        try:
            return read(cell)
        except WrongAnswerError as wrong:
            self._wrong(row, column, wrong.text, wrong.hint)
            return None

    def day(self, cell: Cell) -> datetime.date:
        """A date cell: a number of days, or a date as text."""
        if not cell.number:
            return answers.day_of(cell.text)
        serial = _finite(cell.text)
        epoch = _EPOCH_1904 if self._sheet.since_1904 else _EPOCH_1900
        if serial is None or not _FIRST_SURE_DAY <= serial <= (datetime.date.max - _EPOCH_1904).days:
            return answers.day_of(cell.text)  # raises, for a number alone is no date
        return epoch + datetime.timedelta(days=math.floor(serial))

    @property
    def asked(self) -> Questionnaire:
        """What was asked."""
        return self._asked

    def _cell(self, row: int, column: Columns) -> Cell:
        return self._sheet.cells.get((row, column.value.index), Cell(""))

    def _text(self, row: int, column: Columns) -> str:
        return self._cell(row, column).text.strip()

    def _filled(self, row: int) -> bool:
        return any(self._text(row, column) or self._cell(row, column).formula for column in ANSWERED)

    def _wrong(self, row: int, column: Columns, text: Text, hint: Text) -> None:
        self._mistakes.append(CellMistake(self._sheet.name, row, column, text, hint))


@dataclass(frozen=True, slots=True)
class _Fields:
    """The cells of one question's row. All are read, so that all mistakes are told at once."""

    reader: _Reader
    row: int
    question: Question

    def read(self, items: dict[str, str]) -> Draft | None:
        demand, as_of, root = self.question.demand, self.reader.asked.as_of, self.reader.asked.root
        answer = self._of(Columns.ANSWER, lambda cell: answers.answer_of(cell.text))
        statement = self._of(Columns.STATEMENT, lambda cell: answers.statement_of(_words(cell), answer or "yes"))
        person = self._of(Columns.PERSON, lambda cell: answers.person_of(_words(cell)))
        role = self._of(Columns.ROLE, lambda cell: answers.role_of(_words(cell), demand))
        stated_on = self._of(Columns.STATED_ON, lambda cell: answers.stated_on_of(self._day(cell), as_of))
        until = self._of(Columns.VALID_UNTIL, lambda cell: self._valid_until(cell, stated_on))
        document = self._of(
            Columns.DOCUMENT, lambda cell: answers.document_of(_words(cell), root, demand, answer or "no")
        )
        if (
            answer is None
            or statement is None
            or person is None
            or role is None
            or stated_on is None
            or document is None
        ):
            return None
        return Draft(
            subject=self.question.subject,
            answer=answer,
            statement=statement,
            stated_by=person,
            role=role,
            stated_on=stated_on,
            valid_until=until,
            document=document[0],
            document_sha256=document[1],
            items=answers.items_of(demand, items),
        )

    def _of(self, column: Columns, read: Callable[[Cell], T]) -> T | None:
        return self.reader.field(self.row, column, read)

    def _day(self, cell: Cell) -> datetime.date:
        if not cell.text.strip():
            raise WrongAnswerError(
                Text(ja="申告日が書かれていない。", en="The day of the statement is missing."),
                Text(ja="申告した日を入力する（例: 令和8年4月1日）。", en="Give the day, such as 2026-04-01."),
            )
        return self.reader.day(cell)

    def _valid_until(self, cell: Cell, stated_on: datetime.date | None) -> datetime.date | None:
        day = self.reader.day(cell) if cell.text.strip() else None
        return answers.valid_until_of(day, stated_on or datetime.date.min)


def _words(cell: Cell) -> str:
    """A cell as words: a whole number as people see it."""
    serial = _finite(cell.text) if cell.number else None
    return str(int(serial)) if serial is not None and serial == int(serial) and abs(serial) < 1e15 else cell.text


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _compact(text: str) -> str:
    return "".join(text.split())
