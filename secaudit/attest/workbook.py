"""The questions as an Excel workbook in which only the answer cells can be typed into.

Texts are written as texts and never as formulas or links, whatever they begin with. Same questions give the same bytes.
"""

from __future__ import annotations

import datetime
import io
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from secaudit.attest.answers import ANSWERS
from secaudit.attest.layout import (
    FIRST_ROW,
    HEADER_ROW,
    INSTRUCTIONS_SHEET,
    LAST_COLUMN,
    LISTS_SHEET,
    MARK_ROW,
    SHEET,
    Columns,
    item_text,
    key_of,
    mark_of,
    question_text,
)
from secaudit.attest.listing import last_in_words, state_in_words
from secaudit.attest.questions import Question, Questionnaire
from secaudit.errors import UsageError
from secaudit.municipality.roles import ROLES, in_order, title_of
from secaudit.report.wrapping import visible
from secaudit.rules.demands import Item
from secaudit.text.bilingual import Language, Text
from secaudit.text.dates import in_japanese_era

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_A4 = 9
_LONGEST_CELL = 32_000
_LINE_POINTS, _HIGHEST_ROW_POINTS = 15, 400
_FONT = {"font_name": "Meiryo UI", "font_size": 10, "valign": "top", "text_wrap": True}
_FORMATS: Mapping[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 13, "text_wrap": False},
    "mark": {"font_color": "#808080", "font_size": 8, "text_wrap": False},
    "header": {"bold": True, "bg_color": "#D9E1F2", "border": 1},
    "header_answer": {"bold": True, "bg_color": "#FFE699", "border": 1},
    "fixed": {"bg_color": "#F2F2F2", "border": 1},
    "answer": {"locked": False, "border": 1, "num_format": "@"},
    "text": {},
}
# In Japanese the era stands in the cell, as on paper.
_DATE_FORMATS = {Language.JA: '[$-411]ggge"年"m"月"d"日"', Language.EN: "yyyy-mm-dd"}
_EARLIEST = datetime.date(2000, 1, 1)


def workbook_bytes(asked: Questionnaire, questions: Sequence[Question], language: Language) -> bytes:
    """The whole file. Raises `UsageError` where XlsxWriter is not installed."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            Text(
                ja="Excel ファイルを作る部品（XlsxWriter）がない。",
                en="XlsxWriter, which writes Excel files, is missing.",
            ),
            Text(
                ja="pip install XlsxWriter で導入する。端末で答えるなら --xlsx は要らない。",
                en="install it with pip install XlsxWriter; answering in a terminal needs no --xlsx",
            ),
        ) from error
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    # A fixed moment: the file must not depend on the clock.
    book.set_properties(
        {"title": SHEET.in_(language), "created": datetime.datetime.combine(asked.as_of, datetime.time())}
    )
    _Writer(book, asked, language).write(questions)
    book.close()
    return buffer.getvalue()


class _Writer:
    def __init__(self, book: Workbook, asked: Questionnaire, language: Language) -> None:
        self._asked = asked
        self._language = language
        self._formats: dict[str, Format] = {name: book.add_format({**_FONT, **own}) for name, own in _FORMATS.items()}
        date = {**_FONT, **_FORMATS["answer"], "num_format": _DATE_FORMATS[language]}
        self._formats["date"] = book.add_format(date)
        self._instructions = book.add_worksheet(INSTRUCTIONS_SHEET.in_(language))
        self._sheet = book.add_worksheet(SHEET.in_(language))
        self._lists = book.add_worksheet(LISTS_SHEET.in_(language))
        self._role_lists: dict[tuple[str, ...], str] = {}

    def write(self, questions: Sequence[Question]) -> None:
        self._write_instructions()
        self._set_up()
        row = FIRST_ROW - 1
        for question in questions:
            self._write_question(row, question)
            row += 1
            for item in question.demand.items:
                self._write_item(row, question, item)
                row += 1
        self._sheet.print_area(0, 0, max(row - 1, HEADER_ROW - 1), LAST_COLUMN)
        self._lists.protect()
        self._lists.hide()

    def _set_up(self) -> None:
        sheet, municipality = self._sheet, self._asked.folder.municipality
        sheet.hide_gridlines(0)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.5)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEADER_ROW - 1)
        sheet.set_footer("&L&A&R&P / &N")
        sheet.freeze_panes(HEADER_ROW, 1)
        sheet.protect(options={"format_rows": True, "format_columns": True})
        heading = Text(ja=f"申告の記入表　{municipality.name}", en=f"Statements of {municipality.name}")
        self._put(sheet, 0, 0, heading.in_(self._language), "title")
        self._put(sheet, MARK_ROW - 1, 0, mark_of(self._asked), "mark")
        for column in Columns:
            held = column.value
            sheet.set_column(held.index, held.index, held.width)
            style = "header_answer" if held.answered else "header"
            self._put(sheet, HEADER_ROW - 1, held.index, held.title.in_(self._language), style)

    def _write_question(self, row: int, question: Question) -> None:
        demand, state = question.demand, question.state
        last = ""
        if state.last is not None:
            made, now = last_in_words(state.last), state_in_words(state)
            last = f"{made.in_(self._language)}\n{now.in_(self._language)}"
        fixed = {
            Columns.KEY: key_of(question),
            Columns.CHAPTER: question.chapter.title.in_(self._language),
            Columns.QUESTION: question_text(question).in_(self._language),
            Columns.DOCUMENT_WANTED: demand.document_in_words().in_(self._language),
            Columns.ROLES: demand.roles_in_words().in_(self._language),
            Columns.AGE: demand.age_in_words().in_(self._language),
            Columns.LAST: last,
        }
        self._write_fixed(row, fixed)
        for column in (Columns.STATEMENT, Columns.PERSON, Columns.DOCUMENT):
            self._sheet.write_blank(row, column.value.index, None, self._formats["answer"])
        self._offer_answers(row)
        self._offer_roles(row, in_order(demand.roles or ROLES))
        self._offer_dates(row)

    def _write_item(self, row: int, question: Question, item: Item) -> None:
        fixed = dict.fromkeys(Columns, "")
        fixed[Columns.KEY] = key_of(question, item)
        fixed[Columns.QUESTION] = item_text(item).in_(self._language)
        last = None if question.state.last is None else item.answer_in(question.state.last)
        fixed[Columns.LAST] = "" if last is None else ANSWERS[last].in_(self._language)
        del fixed[Columns.ANSWER]
        self._write_fixed(row, fixed)
        self._offer_answers(row)

    def _write_fixed(self, row: int, texts: Mapping[Columns, str]) -> None:
        lines = 1
        for column, text in texts.items():
            self._put(self._sheet, row, column.value.index, text, "fixed")
            lines = max(lines, _lines(text, column.value.width))
        self._sheet.set_row(row, min(lines * _LINE_POINTS, _HIGHEST_ROW_POINTS))

    def _offer_answers(self, row: int) -> None:
        column = Columns.ANSWER.value.index
        self._sheet.write_blank(row, column, None, self._formats["answer"])
        words = [title.in_(self._language) for title in ANSWERS.values()]
        self._validate(row, column, {"validate": "list", "source": words, "error_title": SHEET.in_(self._language)})

    def _offer_roles(self, row: int, roles: tuple[str, ...]) -> None:
        # Names are longer together than a list inside a cell may be, so they stand on a sheet of their own.
        if roles not in self._role_lists:
            column = len(self._role_lists)
            for index, role in enumerate(roles):
                self._put(self._lists, index, column, title_of(role).in_(self._language), "text")
            letter = _letters(column)
            name = LISTS_SHEET.in_(self._language)
            self._role_lists[roles] = f"='{name}'!${letter}$1:${letter}${len(roles)}"
        column = Columns.ROLE.value.index
        self._sheet.write_blank(row, column, None, self._formats["answer"])
        self._validate(row, column, {"validate": "list", "source": self._role_lists[roles]})

    def _offer_dates(self, row: int) -> None:
        hint = Text(ja="2026-04-01、令和8年4月1日、R8.4.1 のいずれかで入力する。", en="For example 2026-04-01.")
        for column in (Columns.STATED_ON, Columns.VALID_UNTIL):
            self._sheet.write_blank(row, column.value.index, None, self._formats["date"])
            # A warning only: an Excel in another language does not know Japanese dates, which are read all the same.
            self._validate(
                row,
                column.value.index,
                {
                    "validate": "date",
                    "criteria": ">=",
                    "value": _EARLIEST,
                    "error_type": "warning",
                    "input_message": hint.in_(self._language),
                },
            )

    def _validate(self, row: int, column: int, options: dict[str, Any]) -> None:
        self._sheet.data_validation(row, column, row, column, options)

    def _write_instructions(self) -> None:
        sheet = self._instructions
        sheet.set_column(0, 0, 110)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.protect()
        for row, (text, style) in enumerate(_instructions(self._asked)):
            line = text.in_(self._language)
            self._put(sheet, row, 0, line, style)
            sheet.set_row(row, (_lines(line, 110) + (style == "title")) * _LINE_POINTS)

    def _put(self, sheet: Worksheet, row: int, column: int, text: str, style: str) -> None:
        sheet.write_string(row, column, visible(text[:_LONGEST_CELL]), self._formats[style])


def _instructions(asked: Questionnaire) -> Sequence[tuple[Text, str]]:
    name, day = asked.folder.municipality.name, asked.as_of
    lines = (
        Text(
            ja=f"{name}の申告のうち、設定ファイル等からは確かめられない事項を記入する表である（基準日 {in_japanese_era(day)}）。",
            en=f"Statements of {name} about what no configuration shows (as of {day}).",
        ),
        Text(
            ja=f"1. シート「{SHEET.ja}」の、見出しが黄色の列（回答から文書まで）だけを記入する。ほかのセルは保護されている。",
            en=f"1. On the sheet `{SHEET.en}`, fill in the columns with a yellow heading only; all other cells are locked.",
        ),
        Text(
            ja="2. 回答は「はい」「いいえ」「一部」から選ぶ。「一部」のときは、実施していることと、していないことを「申告の内容」に書く。",
            en="2. Answer yes, no or partly. For `partly`, say in `statement` what is done and what is not.",
        ),
        Text(
            ja="3. 項目の行があるときは、全ての項目の「回答」を選ぶ。項目の行のほかの列は記入しない。",
            en="3. Where rows with parts follow, answer every part; their other columns stay empty.",
        ),
        Text(
            ja="4. 申告者は職名又は氏名とする。役割は「申告できる役割」から選ぶ。役割の異なる者の申告は受け付けられない。",
            en="4. `stated by` is a post or a name; the role is one of those that may state it. Others are not accepted.",
        ),
        Text(
            ja="5. 申告日は実際に申告した日とする（2026-04-01、令和8年4月1日、R8.4.1）。先の日付は書けない。有効期限はなければ空欄とする。",
            en="5. `stated on` is the day of the statement, never a day to come. `valid until` may stay empty.",
        ),
        Text(
            ja="6. 文書は、監査フォルダの documents/ に置いたファイルの名前、又は文書番号を書く。「はい」と答えるときは、求める文書を必ず書く。",
            en="6. The document is the name of a file in documents/ of the audit folder, or a number of reference; `yes` needs it.",
        ),
        Text(
            ja="7. 答えない行は空欄のままとする。行の追加、並べ替え、番号の変更はしない。数式は使えない（値を入力する）。",
            en="7. Leave rows that you do not answer empty. Do not add or sort rows, or change ids. No formulas: type values.",
        ),
        Text(
            ja="8. 記入後は .xlsx のまま保存し、「secaudit attest 監査フォルダ --read このファイル」で取り込む。誤りがあれば、セルの位置と直し方が示される。",
            en="8. Save as .xlsx and read it with `secaudit attest FOLDER --read FILE`. Mistakes are told with their cells.",
        ),
        Text(
            ja="取り込むと、申告の内容が attestations.yaml に加わる。「いいえ」「一部」は不適合となるが、事実のとおりに答えること。",
            en="What was read is added to attestations.yaml. `no` and `partly` become failures; answer as things are.",
        ),
    )
    return ((INSTRUCTIONS_SHEET, "title"), *((line, "text") for line in lines))


def _lines(text: str, width: int) -> int:
    """How many lines a text takes in a column; a full-width character is two wide."""
    return sum(max(1, math.ceil(_width(line) * 1.1 / width)) for line in text.split("\n"))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def _letters(column: int) -> str:
    """The letters of a column counted from 0."""
    head, rest = divmod(column, 26)
    return (_letters(head - 1) if head else "") + chr(ord("A") + rest)
