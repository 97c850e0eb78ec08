"""The layout of the answer sheet: what is written into a workbook and what is read back, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from secaudit.attest.questions import Question, Questionnaire
from secaudit.rules.demands import Item
from secaudit.text.bilingual import Text

VERSION = "1"
SHEET = Text(ja="申告", en="statements")
INSTRUCTIONS_SHEET = Text(ja="記入方法", en="how to fill in")
LISTS_SHEET = Text(ja="選択肢", en="lists")
MARK_ROW, HEADER_ROW, FIRST_ROW = 2, 3, 4
"""Rows count from 1, as people see them."""
MAXIMUM_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its letter, its heading, its width in characters; `answered` when people fill it in."""

    letter: str
    title: Text
    width: int
    answered: bool = False

    @property
    def index(self) -> int:
        """Counted from 0."""
        return ord(self.letter) - ord("A")


class Columns(Enum):
    """The columns from left to right."""

    KEY = Column("A", Text(ja="番号", en="id"), 10)
    CHAPTER = Column("B", Text(ja="章", en="chapter"), 10)
    QUESTION = Column("C", Text(ja="確認事項", en="question"), 32)
    DOCUMENT_WANTED = Column("D", Text(ja="求める文書", en="document to ask for"), 16)
    ROLES = Column("E", Text(ja="申告できる役割", en="may be stated by"), 26)
    AGE = Column("F", Text(ja="有効な期間", en="stays fresh"), 10)
    LAST = Column("G", Text(ja="前回の申告", en="stated last"), 20)
    ANSWER = Column("H", Text(ja="回答", en="answer"), 8, True)
    STATEMENT = Column("I", Text(ja="申告の内容", en="statement"), 24, True)
    PERSON = Column("J", Text(ja="申告者", en="stated by"), 11, True)
    ROLE = Column("K", Text(ja="役割", en="role"), 16, True)
    STATED_ON = Column("L", Text(ja="申告日", en="stated on"), 12, True)
    VALID_UNTIL = Column("M", Text(ja="有効期限", en="valid until"), 12, True)
    DOCUMENT = Column("N", Text(ja="文書", en="document"), 16, True)


ANSWERED = tuple(one for one in Columns if one.value.answered)
LAST_COLUMN = Columns.DOCUMENT.value.index


def mark_of(asked: Questionnaire) -> str:
    """What tells that a sheet is one of ours, and whose."""
    municipality = asked.folder.municipality
    return f"secaudit attest {VERSION} / {municipality.code} / {municipality.edition} / {municipality.model.value}"


def key_of(question: Question, item: Item | None = None) -> str:
    """The id of a row."""
    return question.subject if item is None else f"{question.subject}/{item.id}"


def question_text(question: Question) -> Text:
    """What a row asks."""
    title, requirement = question.rule.title, question.requirement
    return Text(ja=f"{title.ja}\n{requirement.ja}", en=f"{title.en}\n{requirement.en}")


def item_text(item: Item) -> Text:
    """What a row below a question asks."""
    return Text(ja=f"　項目：{item.title.ja}", en=f"  part: {item.title.en}")
