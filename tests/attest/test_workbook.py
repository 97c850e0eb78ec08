"""A sheet is written, filled in by another program (openpyxl), read back, and judged."""

from __future__ import annotations

import dataclasses
import datetime
import io
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from secaudit.attest.layout import ANSWERED, FIRST_ROW, Columns
from secaudit.attest.questions import Questionnaire, StateKind
from secaudit.attest.reading import ReadAnswers, read_answers
from secaudit.attest.workbook import workbook_bytes
from secaudit.attest.writing import append_answers
from secaudit.errors import InputError, UsageError
from secaudit.text.bilingual import Language
from tests.attest.folder import AS_OF, MUNICIPALITY, STATEMENTS, asked_of, make_folder

DAY = datetime.date(2026, 9, 30)


def sheet_file(root: Path, language: Language = Language.JA) -> Path:
    """All questions as a sheet."""
    asked = asked_of(root)
    file = root.parent / "記入 表.xlsx"
    file.write_bytes(workbook_bytes(asked, asked.questions, language))
    return file


class Filling:
    """A person with another spreadsheet program."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.book = openpyxl.load_workbook(file)
        self.sheet = self.book.worksheets[1]

    def row(self, key: str) -> int:
        return next(row for row in range(FIRST_ROW, self.sheet.max_row + 1) if self.sheet.cell(row, 1).value == key)

    def put(self, key: str, **values: Any) -> None:
        row = self.row(key)
        for name, value in values.items():
            self.sheet.cell(row, Columns[name].value.index + 1).value = value

    def answer(self, key: str, **changes: Any) -> None:
        """A row that is right in all cells, but for the changes."""
        values = {
            "ANSWER": "はい", "STATEMENT": "実施している。", "PERSON": "副市長", "ROLE": "最高情報セキュリティ責任者 (CISO)",
            "STATED_ON": DAY, "DOCUMENT": "第1号",
        }  # fmt: skip
        self.put(key, **{**values, **changes})

    def save(self) -> None:
        self.book.save(self._file)


def filled(root: Path, fill: Callable[[Filling], None]) -> ReadAnswers:
    file = sheet_file(root)
    person = Filling(file)
    fill(person)
    person.save()
    return read_answers(file, "記入 表.xlsx", asked_of(root))


@pytest.mark.parametrize("language", list(Language))
def test_a_row_for_every_question_and_part(language: Language, tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS)
    asked = asked_of(root)
    sheet = Filling(sheet_file(root, language)).sheet
    keys = [sheet.cell(row, 1).value for row in range(FIRST_ROW, sheet.max_row + 1)]
    wanted = []
    for question in asked.questions:
        wanted += [question.subject, *(f"{question.subject}/{item.id}" for item in question.demand.items)]
    assert keys == wanted
    row = keys.index("MN-10") + FIRST_ROW
    texts = [str(sheet.cell(row, column.value.index + 1).value) for column in Columns]
    question = asked.question("MN-10")
    assert question.rule.requirement.in_(language) in texts[2]
    assert question.demand.document is not None and texts[3] == question.demand.document.in_(language)
    assert "総行第12号" in texts[6] and texts[7:] == ["None"] * 7


def test_only_the_answer_cells_are_open_and_it_prints_on_a4(tmp_path: Path) -> None:
    sheet = Filling(sheet_file(make_folder(tmp_path))).sheet
    assert sheet.protection.sheet is True
    letters = {one.value.letter for one in ANSWERED}
    for row in sheet.iter_rows(min_row=1):
        for cell in row:
            is_part = "/" in str(sheet.cell(cell.row, 1).value)
            open_ = cell.row >= FIRST_ROW and cell.column_letter in letters
            assert cell.protection.locked is not (open_ and (not is_part or cell.column_letter == "H")), cell.coordinate
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    assert sheet.page_setup.fitToHeight == 0 and sheet.print_title_rows == "$3:$3"
    assert sheet.freeze_panes == f"B{FIRST_ROW}"
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation if one.type == "list"}
    assert all("H" in place or "K" in place for place in lists)
    assert any("はい,いいえ,一部" in formula for formula in lists.values())


def test_same_questions_same_bytes(tmp_path: Path) -> None:
    asked = asked_of(make_folder(tmp_path, STATEMENTS))
    first, second = (workbook_bytes(asked, asked.questions, Language.JA) for _ in range(2))
    assert first == second


def test_without_the_library_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_of(make_folder(tmp_path))
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(UsageError) as caught:
        workbook_bytes(asked, asked.questions, Language.JA)
    assert caught.value.hint is not None and "pip install XlsxWriter" in caught.value.hint.ja


def test_texts_of_people_are_no_formulas_and_no_links(tmp_path: Path) -> None:
    evil = STATEMENTS.replace("stated_by: 副市長", "stated_by: '=HYPERLINK(\"http://x\")'").replace(
        "総行第12号", "http://x.example"
    )
    root = make_folder(tmp_path, evil)
    root.joinpath("municipality.yaml").write_text(
        MUNICIPALITY.replace("name: あおぞら市", "name: '=1+1市'"), encoding="utf-8"
    )
    file = sheet_file(root)
    assert all(cell.data_type != "f" for sheet in openpyxl.load_workbook(file) for row in sheet for cell in row)
    names = zipfile.ZipFile(file).namelist()
    assert not [name for name in names if "externalLink" in name or "/worksheets/_rels/" in name]


def test_what_was_filled_in_comes_back(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS)

    def fill(person: Filling) -> None:
        person.answer(
            "MN-11", STATED_ON="令和8年9月30日", VALID_UNTIL=datetime.datetime(2027, 3, 31), DOCUMENT="方針 写し.pdf"
        )
        person.answer("LG-03", ANSWER="partly", STATEMENT="添付は対象外", ROLE="system_manager", DOCUMENT=12)
        person.answer("LAW-01", ROLE="ciso")
        for item in asked_of(root).question("LAW-01").demand.items:
            person.put(f"LAW-01/{item.id}", ANSWER="はい")

    found = filled(root, fill)
    assert found.mistakes == () and found.already_there == 0
    by_subject = {one.subject: one for one in found.drafts}
    assert set(by_subject) == {"MN-11", "LG-03", "LAW-01"}
    assert (by_subject["MN-11"].stated_on, str(by_subject["MN-11"].valid_until)) == (DAY, "2027-03-31")
    assert by_subject["MN-11"].document == "documents/方針 写し.pdf" and by_subject["MN-11"].document_sha256 is not None
    assert (by_subject["LG-03"].answer, by_subject["LG-03"].document) == ("partly", "12")
    assert len(by_subject["LAW-01"].items) == 6
    append_answers(root, found.drafts)
    states = {one.subject: one.state.kind for one in asked_of(root).questions}
    assert [subject for subject, kind in states.items() if kind is StateKind.ANSWERED] == [
        "LAW-01",
        "MN-10",
        "MN-11",
        "LG-03",
    ]


def test_the_same_sheet_read_twice_adds_nothing(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    found = filled(root, lambda person: person.answer("MN-10", DOCUMENT="方針 写し.pdf"))
    append_answers(root, found.drafts)
    before = (root / "attestations.yaml").read_bytes()
    (root / "documents" / "方針 写し.pdf").write_bytes(b"another")
    again = read_answers(root.parent / "記入 表.xlsx", "x", asked_of(root))
    assert (again.drafts, again.already_there, again.mistakes) == ((), 1, ())
    append_answers(root, again.drafts)
    assert (root / "attestations.yaml").read_bytes() == before


def test_a_statement_older_than_the_last_is_a_mistake_but_not_when_it_is_there_already(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS)
    found = filled(root, lambda person: person.answer("MN-10", STATED_ON="R8.3.31"))
    assert (
        found.drafts == () and "AT-001" in found.mistakes[0].text.ja and found.mistakes[0].column is Columns.STATED_ON
    )
    found = filled(root, lambda person: person.answer("MN-10"))
    append_answers(root, [*found.drafts, dataclasses.replace(found.drafts[0], stated_on=AS_OF)])
    again = read_answers(root.parent / "記入 表.xlsx", "x", asked_of(root))
    assert (again.drafts, again.already_there, again.mistakes) == ((), 1, ())


def test_an_empty_sheet_holds_nothing(tmp_path: Path) -> None:
    found = filled(make_folder(tmp_path, STATEMENTS), lambda person: None)
    assert found == ReadAnswers((), 0, ())


WRONG: list[tuple[str, Callable[[Filling], None], str, str]] = [
    ("answer", lambda one: one.answer("MN-10", ANSWER="たぶん"), "H", "「たぶん」は回答として読めない"),
    ("no answer", lambda one: one.answer("MN-10", ANSWER=None), "H", "回答として読めない"),
    ("future", lambda one: one.answer("MN-10", STATED_ON=datetime.date(2026, 10, 2)), "L", "より後である"),
    ("no day", lambda one: one.answer("MN-10", STATED_ON=None), "L", "申告日が書かれていない"),
    ("no date", lambda one: one.answer("MN-10", STATED_ON="来月"), "L", "日付として読めない"),
    ("small number", lambda one: one.answer("MN-10", STATED_ON=5), "L", "日付として読めない"),
    ("huge number", lambda one: one.answer("MN-10", STATED_ON=1e300), "L", "日付として読めない"),
    ("period", lambda one: one.answer("MN-10", VALID_UNTIL=datetime.date(2026, 1, 1)), "M", "より前である"),
    ("no person", lambda one: one.answer("MN-10", PERSON=None), "J", "申告者が書かれていない"),
    ("role", lambda one: one.answer("MN-10", ROLE="監査人"), "K", "申告できる役割ではない"),
    ("no role", lambda one: one.answer("MN-10", ROLE=None), "K", "役割が書かれていない"),
    ("unknown role", lambda one: one.answer("MN-10", ROLE="課長"), "K", "という役割はない"),
    ("no document", lambda one: one.answer("MN-10", DOCUMENT=None), "N", "根拠となる文書"),
    ("document", lambda one: one.answer("MN-10", DOCUMENT="../x.pdf"), "N", "監査フォルダの外"),
    ("partly", lambda one: one.answer("MN-10", ANSWER="一部", STATEMENT=None), "I", "「一部」と答えるときは"),
    ("formula", lambda one: one.answer("MN-10", PERSON='=HYPERLINK("http://x")'), "J", "数式又はエラー値"),
    ("parts", lambda one: one.answer("LAW-01"), "H", "回答として読めない"),
    ("part alone", lambda one: one.put("LAW-01/head", ANSWER="はい"), "H", "回答として読めない"),
    ("part with a date", lambda one: one.put("LAW-01/head", STATED_ON=DAY), "L", "だけを記入する"),
    ("unknown id", lambda one: (one.answer("MN-10"), one.put("MN-10", QUESTION="x", KEY="MN-1O"))[0], "A", "求められていない"),
    ("altered id", lambda one: one.put("MN-10", KEY="XX-1"), "A", "変わっている（正しくは MN-10）"),
    ("other id", lambda one: one.put("MN-10", KEY="MN-11"), "A", "対応していない"),
    ("id gone", lambda one: (one.put("MN-10", ANSWER="はい", QUESTION=None), one.put("MN-10", KEY=None))[0], "A", "番号が消えている"),
]  # fmt: skip


@pytest.mark.parametrize(("fill", "column", "said"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_every_mistake_is_named_with_its_cell(
    fill: Callable[[Filling], None], column: str, said: str, tmp_path: Path
) -> None:
    root = make_folder(tmp_path)
    row = 0

    def both(person: Filling) -> None:
        nonlocal row
        row = person.row("MN-10")
        person.answer("LG-05")
        fill(person)

    found = filled(root, both)
    assert [one.subject for one in found.drafts] == ["LG-05"], "the right row is kept apart from the wrong one"
    told = [one for one in found.mistakes if one.column.value.letter == column and said in one.text.ja]
    assert told, [one.message().ja for one in found.mistakes]
    message = told[0].message()
    assert message.ja.startswith(f"申告!{column}") and "→" in message.ja and "→" in message.en
    if "LAW" not in message.ja and told[0].row == row:
        assert f"{column}{row}（" in message.ja


def test_a_row_twice_is_no_answer(tmp_path: Path) -> None:
    def fill(person: Filling) -> None:
        person.answer("MN-10")
        last, first = person.sheet.max_row + 1, person.row("MN-10")
        for column in range(1, 15):
            person.sheet.cell(last, column).value = person.sheet.cell(first, column).value
        person.sheet.cell(last, 8).value = "いいえ"

    found = filled(make_folder(tmp_path), fill)
    assert found.drafts == ()
    assert "行が二つある" in found.mistakes[0].text.ja


def test_a_sheet_of_another_municipality_is_refused(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    file = sheet_file(root)
    yaml = root / "municipality.yaml"
    yaml.write_text(MUNICIPALITY.replace("mic-2026-03", "mic-2022-03"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_answers(file, "記入 表.xlsx", asked_of(root))
    assert "mic-2026-03" in caught.value.text.ja and "mic-2022-03" in caught.value.text.ja


# Hostile workbooks


def repacked(file: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The workbook with parts changed, or left out where `change` gives None."""
    buffer, different = io.BytesIO(), False
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            different = different or data != old.read(name)
            if data is not None:
                new.writestr(name, data)
    assert different
    file.write_bytes(buffer.getvalue())
    return file


def in_part(part: str, old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    def change(name: str, data: bytes) -> bytes:
        assert name != part or old in data, (part, old)
        return data.replace(old, new, 1) if name == part else data

    return change


SHEET, TEXTS = "xl/worksheets/sheet2.xml", "xl/sharedStrings.xml"
ROW = b'<row r="%d"><c r="A%d"><v>1</v></c></row>'
BILLION = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
HOSTILE: dict[str, Callable[[str, bytes], bytes | None]] = {
    "bomb": in_part(SHEET, b"<sheetData>", b"<sheetData>" + b" " * 200_000_000),
    "bomb of texts": in_part(TEXTS, b"<si>", b"<si>" + b"<r/>" * 20_000_000),
    "row beyond": in_part(SHEET, b"</sheetData>", ROW % (1_048_576, 1_048_576) + b"</sheetData>"),
    "entities": in_part(SHEET, b"<worksheet", BILLION + b"<worksheet"),
    "outside entity": in_part(TEXTS, b"<sst", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst'),
    "cut": lambda name, data: data[: len(data) // 2] if name == SHEET else data,
    "no sheet": lambda name, data: None if name == SHEET else data,
    "no workbook": lambda name, data: None if name == "xl/workbook.xml" else data,
    "text of nowhere": lambda name, data: re.sub(rb't="s"><v>[0-9]+<', b't="s"><v>9999999<', data),
    "cell of nowhere": in_part(SHEET, b'<c r="A1"', b'<c r="1A"'),
    "cell twice": in_part(SHEET, b"</sheetData>", ROW % (2, 2) + b"</sheetData>"),
    "elsewhere": in_part(
        "xl/_rels/workbook.xml.rels", b'Target="worksheets/sheet2.xml"', b'Target="../../../etc/passwd"'
    ),
    "external": in_part(
        "xl/_rels/workbook.xml.rels", b'Target="worksheets/sheet2.xml"', b'Target="http://x/" TargetMode="External"'
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_in_words(name: str, tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    file = repacked(sheet_file(root), HOSTILE[name])
    with pytest.raises(InputError) as caught:
        read_answers(file, "記入 表.xlsx", asked_of(root))
    assert caught.value.file == "記入 表.xlsx" and caught.value.hint is not None


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """A sheet of the largest size that is read, full of cells that are not ours: what is kept does not grow with it."""
    import tracemalloc

    root = make_folder(tmp_path)
    cells = b"".join(b'<c r="ZZ%d"><v>1</v></c>' % (number % 999_999 + 1) for number in range(250_000))
    file = repacked(
        sheet_file(root), in_part(SHEET, b"</sheetData>", b'<row r="9999">' + cells + b"</row></sheetData>")
    )
    asked = asked_of(root)
    tracemalloc.start()
    try:
        assert read_answers(file, "x", asked).drafts == ()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0" + b"x" * 600,
        b"id,answer\r\n",
        b"PK\x05\x06" + b"\0" * 18,
        b"x" * 5_000_000,
    ],
    ids=["empty", "cut", "old", "csv", "empty zip", "large"],
)
def test_what_is_no_workbook(data: bytes, tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    file = tmp_path / "x.xlsx"
    file.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_answers(file, "x.xlsx", asked_of(root))
    assert caught.value.hint is not None


def test_readings_of_words_and_runs_are_told_apart(tmp_path: Path) -> None:
    """Excel keeps the reading of a Japanese name beside it, and a text in pieces where a part is bold."""
    root = make_folder(tmp_path)
    file = sheet_file(root)
    pieces = b'<r><t>MN-</t></r><r><rPr><b/></rPr><t>10</t></r><rPh sb="0" eb="1"><t>YOMI</t></rPh>'
    repacked(file, in_part(TEXTS, b"<t>MN-10</t>", pieces))
    assert read_answers(file, "x", asked_of(root)).mistakes == ()
    person = Filling(file)
    person.answer("MN-10", PERSON="NAME")
    person.save()
    pieces = pieces.replace(b"MN-", "山".encode()).replace(b"<t>10", "<t>田".encode())
    repacked(file, in_part(SHEET, b"<t>NAME</t>", pieces))
    (draft,) = read_answers(file, "x", asked_of(root)).drafts
    assert draft.stated_by == "山田"


def test_dates_counted_from_1904(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    file = sheet_file(root)
    person = Filling(file)
    person.book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    person.answer("MN-10")
    person.save()
    (draft,) = read_answers(file, "x", asked_of(root)).drafts
    assert draft.stated_on == DAY


def test_nothing_is_written_without_questions(tmp_path: Path) -> None:
    asked: Questionnaire = asked_of(make_folder(tmp_path))
    assert openpyxl.load_workbook(io.BytesIO(workbook_bytes(asked, (), Language.EN))).sheetnames[1] == "statements"
