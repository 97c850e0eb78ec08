"""`secaudit attest` as a person runs it: in a terminal, with a sheet, and what an audit makes of it."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cli.folders import AS_OF, Folder, audited
from tests.cli.program import TIMEOUT_SECONDS, command_line, environment, secaudit
from tests.cli.validation import validate

ANSWERS = ("y", "", "1", "", "", "", "総行第1号", "")
"""Answer, statement, role, person, day, valid until, document, confirmation: the rule asks for no parts."""


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self._process, self._ours, self._shown = process, ours, b""

    def type(self, *lines: str) -> None:
        """Types lines; the terminal keeps them until the program asks."""
        os.write(self._ours, "".join(f"{line}\n" for line in lines).encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def wait_for(self, text: str) -> str:
        """All that was shown since the last call until `text` stands there. Fails when the program leaves or stays silent before."""
        end = time.monotonic() + TIMEOUT_SECONDS
        wanted = text.encode()
        while wanted not in self._shown:
            assert time.monotonic() < end and select.select([self._ours], [], [], TIMEOUT_SECONDS)[0], self._shown
            try:
                read = os.read(self._ours, 65536)
            except OSError:  # the program has left
                read = b""
            assert read, f"{text!r} was not shown: {self._shown.decode(errors='replace')}"
            self._shown += read
        cut = self._shown.index(wanted) + len(wanted)
        screen, self._shown = self._shown[:cut], self._shown[cut:]
        return screen.decode("utf-8", errors="replace")


@contextmanager
def terminal(*arguments: str | Path) -> Iterator[Terminal]:
    """Runs the program on a terminal; it must have left by the end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command_line([str(one) for one in arguments]),
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment(LANG="ja_JP.UTF-8"), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(process, ours)
        process.wait(TIMEOUT_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def statements(folder: Folder) -> list[str]:
    """The rules that have a statement, in the order of the file."""
    text = (folder.path / "attestations.yaml").read_text(encoding="utf-8")
    return re.findall(r"subject: (\S+)", text)


def questions(folder: Folder) -> list[Any]:
    """Everything that is asked of the folder."""
    found: list[Any] = secaudit("attest", folder.path, "--list", "--format", "json", "--as-of", AS_OF).json()[
        "questions"
    ]
    return found


def test_answers_are_kept_one_by_one_and_the_next_session_goes_on(folder: Folder) -> None:
    rules = ("--rule", "MN-10", "--rule", "MN-11")
    with terminal("attest", folder.path, "--as-of", AS_OF, *rules) as person:
        person.type(*ANSWERS)
        assert "AT-001" in person.wait_for("[2/2] MN-11")
        assert statements(folder) == ["MN-10"], "written before the next question is asked"
        person.type("y")
        person.wait_for("申告の内容")
        person.interrupt()
        person.wait_for("1件を記録した")
    assert statements(folder) == ["MN-10"]
    with terminal("attest", folder.path, "--as-of", AS_OF, *rules[2:]) as person:
        person.type(*ANSWERS)
        person.wait_for("1件を記録した")
    assert statements(folder) == ["MN-10", "MN-11"]
    judged = {(one["rule"], one["result"]) for one in audited(folder)["results"]}
    assert ("MN-10", "pass") in judged and ("MN-11", "pass") in judged


def test_without_a_terminal_the_sheet_is_named(folder: Folder) -> None:
    for language, wanted in (("ja", "端末ではないため"), ("en", "this is no terminal")):
        ran = secaudit("attest", folder.path, "--as-of", AS_OF, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err and "--xlsx" in ran.err and "--read" in ran.err


def test_the_list_as_text_and_json(folder: Folder) -> None:
    folder.write(
        "attestations.yaml",
        "attestations:\n"
        "  - {id: a, subject: MN-10, answer: yes, statement: 実施, stated_by: 副市長, role: ciso, stated_on: R8.9.1, document: 第1号}\n"
        "  - {id: b, subject: MN-11, answer: partly, statement: 一部, stated_by: 副市長, role: ciso, stated_on: R7.9.1, document: 第1号}\n"
        "  - {id: c, subject: LG-03, answer: yes, statement: 実施, stated_by: 副市長, role: ciso, stated_on: R8.9.1}\n"
        "  - {id: d, subject: LG-05, answer: yes, statement: 実施, stated_by: 副市長, role: ciso, stated_on: R8.10.2}\n",
    )
    ran = secaudit("attest", folder.path, "--list", "--as-of", AS_OF, "--lang", "en")
    assert (ran.status, ran.err) == (0, "")
    for said in (
        "answered: yes (fresh until 2027-09-01)", "stale since 2026-09-02: partly", "weak: yes (It names no document.)",
        "open (The only statements about LG-05 are dated after", " in all: 1 answered, 1 stale, 1 weak, ",
    ):  # fmt: skip
        assert said in ran.out, ran.out
    assert (
        "不十分：はい（根拠となる文書が示されていない。）"
        in secaudit("attest", folder.path, "--list", "--as-of", AS_OF).out
    )
    listed = secaudit("attest", folder.path, "--list", "--format", "json", "--as-of", AS_OF).json()
    validate(listed, "attest")
    states = {one["rule"]: (one["state"], one["reason"], one["stale_on"]) for one in listed["questions"]}
    assert states["MN-10"] == ("answered", "attested", "2027-09-02")
    assert states["MN-11"] == ("stale", "stale", "2026-09-02")
    assert states["LG-03"] == ("weak", "no_document", "2027-09-02")
    assert states["LG-05"] == ("open", "stated_in_future", None)
    assert states["LAW-01"] == ("open", "no_attestation", None)


def test_from_the_sheet_to_the_verdict(folder: Folder, tmp_path: Path) -> None:
    sheet = tmp_path / "申告 記入表.xlsx"
    made = secaudit("attest", folder.path, "--xlsx", sheet, "--as-of", AS_OF)
    open_ = [one for one in questions(folder) if one["state"] != "optional"]
    assert (made.status, made.err) == (0, "") and f"質問 {len(open_)} 件" in made.out
    book = openpyxl.load_workbook(sheet)
    rows = {row[0].value: row for row in book["申告"].iter_rows(min_row=4)}
    for key, answer in (("MN-10", "はい"), ("MN-11", "いいえ"), ("LAW-02", "はい")):
        row = rows[key]
        for index, value in zip(range(7, 14), (answer, None, "副市長", "ciso", "R8.9.30", None, "第1号"), strict=True):
            row[index].value = value
    rows["LAW-02"][10].value = "監査人"
    book.save(sheet)
    refused = secaudit("attest", folder.path, "--read", sheet, "--as-of", AS_OF)
    assert refused.status == 2 and not (folder.path / "attestations.yaml").exists()
    assert f"申告!K{rows['LAW-02'][10].row}（役割）: 監査人は、この事項を申告できる役割ではない" in refused.err
    assert "何も書いていない" in refused.err
    partly = secaudit("attest", folder.path, "--read", sheet, "--skip-bad", "--as-of", AS_OF)
    assert partly.status == 2 and "取り込んだ申告 2 件" in partly.out
    rows["LAW-02"][10].value = "最高情報セキュリティ責任者 (CISO)"
    book.save(sheet)
    read = secaudit("attest", folder.path, "--read", sheet, "--as-of", AS_OF, "--lang", "en")
    assert (read.status, read.err) == (0, "") and "1 statements read, 2 already there" in read.out
    before = (folder.path / "attestations.yaml").read_bytes()
    again = secaudit("attest", folder.path, "--read", sheet, "--as-of", AS_OF)
    assert again.status == 0 and "取り込んだ申告 0 件、既に記録されていたもの 3 件" in again.out
    assert (folder.path / "attestations.yaml").read_bytes() == before
    judged = {(one["rule"], one["result"], one["reason"]) for one in audited(folder)["results"]}
    assert {("MN-10", "pass", "attested"), ("MN-11", "fail", "answered_no")} <= judged
    assert any(rule == "LAW-02" and result == "pass" for rule, result, _ in judged)


def test_what_was_read_and_cannot_be_relied_upon_is_said(folder: Folder, tmp_path: Path) -> None:
    sheet = tmp_path / "a.xlsx"
    secaudit("attest", folder.path, "--xlsx", sheet, "--rule", "MN-10", "--as-of", AS_OF)
    book = openpyxl.load_workbook(sheet)
    for column, value in zip("HIJKLN", ("はい", "実施", "副市長", "ciso", "R7.4.1", "第1号"), strict=True):
        book["申告"][f"{column}4"].value = value
    book.save(sheet)
    ran = secaudit("attest", folder.path, "--read", sheet, "--as-of", AS_OF)
    assert ran.status == 0 and "MN-10: 期限切れ（令和8年4月2日から）：はい" in ran.out


def test_a_sheet_is_never_written_over(folder: Folder, tmp_path: Path) -> None:
    sheet = tmp_path / "a.xlsx"
    sheet.write_bytes(b"filled in")
    for file, wanted in (
        (sheet, "is not overwritten"),
        (tmp_path / "a.xls", "must end in .xlsx"),
        (folder.path / "configs" / "a.xlsx", "results cannot go into configs/"),
        (sheet / "b.xlsx", "this is not a folder"),
    ):
        ran = secaudit("attest", folder.path, "--xlsx", file, "--as-of", AS_OF, "--lang", "en")
        assert (ran.status, ran.out) == (2, "") and wanted in ran.err, ran
    assert sheet.read_bytes() == b"filled in"


@pytest.mark.parametrize(
    ("arguments", "ja", "en"),
    [
        (("--list", "--read", "x"), "--list・--read は同時に使えない", "--list and --read do not go together"),
        (("--xlsx", "a.xlsx", "--read", "x"), "同時に使えない", "do not go together"),
        (("--list", "--all"), "同時に使えない", "do not go together"),
        (("--skip-bad",), "--skip-bad は --read と共に使う", "--skip-bad goes with --read"),
        (("--format", "json"), "--format は --list と共に使う", "--format goes with --list"),
        (("--rule", "MN-1"), "申告を求める規則 MN-1 はない", "no rule MN-1 asks"),
        (("--read", "none.xlsx"), "none.xlsx", "It does not exist"),
        (("--as-of", "明日"), "日付を読み取れません", "not a date"),
    ],
    ids=str,
)
def test_wrong_arguments(arguments: tuple[str, ...], ja: str, en: str, folder: Folder) -> None:
    for language, wanted in (("ja", ja), ("en", en)):
        ran = secaudit("attest", folder.path, *arguments, "--lang", language)
        assert (ran.status, ran.out) == (2, ""), ran
        assert wanted in ran.err and "→" in ran.err


def test_a_broken_file_of_statements_is_told_with_its_line(folder: Folder) -> None:
    folder.write("attestations.yaml", "attestations:\n  - id: [\n")
    ran = secaudit("attest", folder.path, "--list")
    assert (ran.status, ran.out) == (2, "") and "attestations.yaml:3: YAML として読めません" in ran.err
    shutil.rmtree(folder.path)
    assert "監査フォルダが見つかりません" in secaudit("attest", folder.path, "--list").err


def test_nothing_is_left_to_answer(folder: Folder, tmp_path: Path) -> None:
    entry = "  - {{id: {rule}, subject: {rule}, answer: yes, statement: 実施, stated_by: a, role: {role}, stated_on: R8.10.1, document: 第1号, items: {{{items}}}}}\n"
    entries = [
        entry.format(
            rule=one["rule"],
            role=(one["roles"] or ["ciso"])[0],
            items=", ".join(f"{item['id']}: yes" for item in one["items"]),
        )
        for one in questions(folder)
    ]
    folder.write("attestations.yaml", "attestations:\n" + "".join(entries))
    ran = secaudit("attest", folder.path, "--as-of", AS_OF)
    assert ran.status == 0 and "答えるべき質問はない" in ran.out
    written = secaudit("attest", folder.path, "--all", "--xlsx", tmp_path / "x.xlsx", "--as-of", AS_OF)
    assert written.status == 0 and f"質問 {len(questions(folder))} 件" in written.out


def test_rules_show_says_what_is_asked() -> None:
    shown = secaudit("rules", "show", "LAW-01").out
    for said in (
        "求める文書: 機関ごとの方針",
        "最高情報セキュリティ責任者 (CISO)",
        "申告の日から400日以内",
        "項目: 教育委員会",
    ):
        assert said in shown
