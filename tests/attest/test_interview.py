"""Answering in a terminal: every answer is in the file before the next question, and nothing is lost however it ends."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from secaudit.attest.interview import Interview
from secaudit.attest.questions import StateKind
from secaudit.errors import InputError, UsageError
from secaudit.text.bilingual import Language
from tests.attest.folder import AS_OF, STATEMENTS, Person, asked_of, make_folder

MN_11 = ("y", "", "1", "", "", "", "総行第34号", "")
"""Answer, statement, role, person, day, valid until, document, confirmation."""


def hold(
    root: Path, *typed: str | BaseException, rules: tuple[str, ...] = (), language: Language = Language.JA
) -> Person:
    asked = asked_of(root)
    person = Person(*typed)
    session = Interview(asked, person, language)
    chosen = tuple(asked.question(rule) for rule in rules) or asked.unanswered
    try:
        session.run(chosen)
    finally:
        person.say(f"recorded {session.recorded} quit {session.quit_early}")
    return person


def test_the_question_says_what_it_asks(tmp_path: Path) -> None:
    screen = hold(make_folder(tmp_path, STATEMENTS), "q", rules=("MN-10",)).screen
    for part in (
        "[1/1] MN-10 多要素認証", "要件: マイナンバー利用事務系の端末", "求める文書: 多要素認証の設定を示す資料",
        "最高情報セキュリティ責任者 (CISO)、", "申告の日から365日以内", "前回の申告: 令和8年4月1日 はい", "総行第12号",
    ):  # fmt: skip
        assert part in screen, part


def test_an_answer_is_recorded_with_its_defaults(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS)
    person = hold(root, *MN_11, rules=("MN-11",))
    (_, made) = asked_of(root).folder.attestations
    assert (made.id, made.subject, made.answer) == ("AT-002", "MN-11", "yes")
    assert made.stated_on == AS_OF and made.document == "総行第34号" and made.document_sha256 is None
    assert "AT-002" in person.seen[-2]
    assert asked_of(root).question("MN-11").state.kind is StateKind.ANSWERED


def test_parts_are_asked_one_by_one_and_a_file_is_digested(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    items = ["y", "y", "n", "p", "はい", "ｙ"]
    typed = ("一部", *items, "", "教育委員会は未策定である。", "2", "", "R8.4.1", "R9.3.31", '"方針 写し.pdf"', "")
    person = hold(root, *typed, rules=("LAW-01",))
    (made,) = asked_of(root).folder.attestations
    assert [answer for _, answer in made.items] == ["yes", "yes", "no", "partly", "yes", "yes"]
    assert "「一部」と答えるときは" in person.screen, "an empty statement is not enough for `partly`"
    assert made.document == "documents/方針 写し.pdf"
    assert made.document_sha256 == hashlib.sha256(b"%PDF-1.7 policy").hexdigest()
    assert made.document_verified is True
    assert str(made.valid_until) == "2027-03-31" and str(made.stated_on) == "2026-04-01"


@pytest.mark.parametrize("end", [None, "q", KeyboardInterrupt()], ids=["end of input", "quit", "Ctrl-C"])
def test_after_each_answer_the_session_can_end_and_go_on(end: str | BaseException | None, tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    for answered in range(3):
        before = len(asked_of(root).unanswered)
        typed: list[str | BaseException] = ["y", "", "1", "", "", "", "第1号", ""]
        typed += [] if end is None else [end]
        rules = ("MN-10", "MN-11", "LG-03")[answered:]
        if isinstance(end, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                hold(root, *(typed[:8] if len(rules) > 1 else []), end, rules=rules)
        else:
            hold(root, *typed, rules=rules)
        if len(rules) > 1 or end is None or end == "q":
            assert len(asked_of(root).unanswered) == before - 1
    assert {one.subject for one in asked_of(root).folder.attestations} >= {"MN-10", "MN-11"}


def test_ctrl_c_within_a_question_writes_no_half_of_it(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS)
    for typed in range(len(MN_11)):
        with pytest.raises(KeyboardInterrupt):
            hold(root, *MN_11[:typed], KeyboardInterrupt(), rules=("MN-11",))
    assert (root / "attestations.yaml").read_text(encoding="utf-8") == STATEMENTS


def test_skip_goes_on_and_back_goes_to_the_question_before(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    screen = hold(root, "s", "b", "s", *MN_11, rules=("MN-10", "MN-11")).screen
    assert screen.count("[1/2] MN-10") == 2 and screen.count("[2/2] MN-11") == 2
    assert [one.subject for one in asked_of(root).folder.attestations] == ["MN-11"]


def test_back_within_a_question_goes_to_the_field_before(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    hold(root, "y", "誤り", "戻る", "正しい内容", "1", "", "", "", "第1号", "b", "第2号", "", rules=("MN-11",))
    (made,) = asked_of(root).folder.attestations
    assert (made.statement, made.document) == ("正しい内容", "第2号")


WRONG = [
    (("まあまあ",), "「まあまあ」は回答として読めない"),
    (("y", "", "auditor"), "監査人は、この事項を申告できる役割ではない"),
    (("y", "", "99"), "「99」という役割はない"),
    (
        (
            "y",
            "",
            "2",
            "",
        ),
        "申告者が書かれていない",
    ),
    (("y", "", "1", "", "2026-10-02"), "より後である"),
    (("y", "", "1", "", "来月"), "日付として読めない"),
    (("y", "", "1", "", "", "2026-01-01"), "より前である"),
    (("y", "", "1", "", "", "", ""), "根拠となる文書"),
    (("y", "", "1", "", "", "", "ない.pdf"), "監査フォルダにない"),
    (("y", "", "1", "", "", "", "/etc/passwd"), "外にある"),
    (("y", "", "1", "", "", "", "../x.pdf"), "外にある"),
    (("y", "", "1", "", "", "", "C:\\x.pdf"), "外にある"),
    (("y", "a\x1b[0m"), "表示できない文字"),
    (("y", "あ" * 4001), "長すぎる"),
    (("y", "", "1", "", "", "", "第1号", "x"), "記録していない"),
]


@pytest.mark.parametrize(("typed", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_cannot_be_taken_is_asked_again(typed: tuple[str, ...], said: str, tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    person = hold(root, *typed, rules=("MN-10",))
    assert said in person.screen
    assert person.screen.count("→") >= 1
    assert not (root / "attestations.yaml").exists()


def test_a_no_needs_no_document(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    hold(root, "n", "", "1", "", "", "", "", "", rules=("MN-10",))
    state = asked_of(root).question("MN-10").state
    assert (state.kind, state.reason) == (StateKind.ANSWERED, "answered_no")


def test_a_newer_statement_of_the_same_day_counts(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS.replace("AT-001", "ZZ-1").replace("令和8年4月1日", "2026-10-01"))
    hold(root, "n", "", "1", "", "", "", "第9号", "", rules=("MN-10",))
    state = asked_of(root).question("MN-10").state
    assert (state.reason, state.last and state.last.answer) == ("answered_no", "no")


def test_a_day_before_that_of_the_last_statement_would_not_count(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS)
    person = hold(root, "n", "", "1", "", "R8.3.31", "", "", "第9号", "", rules=("MN-10",))
    assert "より新しい申告（AT-001、令和8年4月1日）がある" in person.screen
    (_, made) = asked_of(root).folder.attestations
    assert made.stated_on == AS_OF


def test_what_is_too_old_or_not_yes_is_said_before_it_is_recorded(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    screen = hold(root, "y", "", "1", "", "R7.4.1", "R8.9.30", "第9号", "", rules=("MN-10",)).screen
    assert screen.count("期限を過ぎているため、確認不能となる") == 2 and "文書: 第9号" in screen
    screen = hold(
        root, "y", *("y", "n", "y", "y", "y", "y"), "", "2", "", "", "", "第9号", "q", rules=("LAW-01",)
    ).screen
    assert "「はい」でない項目: 長=いいえ" in screen


def test_a_file_that_cannot_be_written_just_now_loses_no_answer(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS)
    file = root / "attestations.yaml"

    class Mending(Person):
        """Breaks the file before the answer is recorded, and mends it when asked to."""

        def ask(self, prompt: str) -> str:
            if "この内容で記録する" in prompt:
                file.write_text("attestations:\n  - id: [\n", encoding="utf-8")
            if "再び書き込む" in prompt:
                file.write_text(STATEMENTS, encoding="utf-8")
            return super().ask(prompt)

    asked = asked_of(root)
    person = Mending(*MN_11, "")
    Interview(asked, person, Language.JA).run([asked.question("MN-11")])
    assert "attestations.yaml:3" in person.screen
    assert [one.subject for one in asked_of(root).folder.attestations] == ["MN-10", "MN-11"]


def test_what_people_wrote_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    evil = STATEMENTS.replace("stated_by: 副市長", 'stated_by: "\\e]0;x\\a"')
    assert "\x1b" not in hold(make_folder(tmp_path, evil), "q", rules=("MN-10",)).screen


def test_english(tmp_path: Path) -> None:
    screen = hold(make_folder(tmp_path), "y", "q", rules=("MN-10",), language=Language.EN).screen
    assert "may be stated by: chief information security officer (CISO)" in screen and "1/1" in screen


def test_an_unknown_rule_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        hold(make_folder(tmp_path), rules=("MN10",))
    assert caught.value.hint is not None and "MN-1" in caught.value.hint.ja


@pytest.mark.parametrize("name", ["attestations.yaml", "attestations.yml"])
def test_a_file_that_is_not_read_gets_no_answers(name: str, tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    (root / name).write_text("attestations:\n  - id: [\n", encoding="utf-8")
    with pytest.raises(InputError):
        asked_of(root)
