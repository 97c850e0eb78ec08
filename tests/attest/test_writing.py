"""Answers are added to `attestations.yaml` behind what people wrote, which stays as it is to the byte."""

from __future__ import annotations

import codecs
import dataclasses
import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secaudit.attest.answers import Draft
from secaudit.attest.writing import append_answers
from secaudit.errors import InputError
from secaudit.municipality.loader import load_audit_folder
from secaudit.municipality.template import template_text
from tests.attest.folder import STATEMENTS, make_folder

DRAFT = Draft(
    subject="LAW-01",
    answer="yes",
    statement='議会: "方針" を定めた # 令和8年',
    stated_by="副市長",
    role="ciso",
    stated_on=datetime.date(2026, 4, 1),
    valid_until=datetime.date(2027, 3, 31),
    document="documents/方針 写し.pdf",
    document_sha256="0" * 64,
    items=(("議会", "yes"), ("長", "partly")),
)


def written(root: Path) -> Draft:
    """The newest statement of the file as a draft."""
    made = load_audit_folder(root).attestations[-1]
    return Draft(
        made.subject, made.answer, made.statement, made.stated_by, made.role, made.stated_on, made.valid_until,
        made.document, made.document_sha256, made.items,
    )  # fmt: skip


@pytest.mark.parametrize(
    "before",
    [
        STATEMENTS.encode("utf-8"),
        (STATEMENTS + "\n").encode("utf-8"),
        STATEMENTS.replace("\n", "\r\n").encode("utf-8"),
        codecs.BOM_UTF8 + STATEMENTS.encode("utf-8"),
        STATEMENTS.encode("cp932"),
        STATEMENTS.encode("euc_jp"),
        codecs.BOM_UTF16_LE + STATEMENTS.encode("utf-16-le"),
        STATEMENTS.replace("    - id", "- id").replace("\n      ", "\n  ").replace("    #", "#").encode("utf-8"),
        template_text("attestations.yaml").encode("utf-8"),
        b"attestations:",
    ],
    ids=["plain", "line end", "crlf", "bom", "cp932", "euc-jp", "utf-16", "no indent", "template", "key only"],
)
def test_what_was_there_stays_to_the_byte(before: bytes, tmp_path: Path) -> None:
    root = make_folder(tmp_path, before)
    held = load_audit_folder(root).attestations
    ids = append_answers(root, [DRAFT])
    after = (root / "attestations.yaml").read_bytes()
    assert after.startswith(before)
    folder = load_audit_folder(root)
    assert [one.statement for one in folder.attestations[:-1]] == [one.statement for one in held]
    assert folder.attestations[-1].id == ids[0] == f"AT-{len(held) + 1:03}"
    assert written(root) == DRAFT
    if b"\r\n" in before:
        assert after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize(
    "line", ["attestations: []", "attestations: [ ]  # まだない", "attestations: null", "attestations: ~"]
)
def test_an_empty_list_is_opened_and_its_comment_stays(line: str, tmp_path: Path) -> None:
    root = make_folder(tmp_path, f"# 上\n{line}\n# 下\n")
    append_answers(root, [DRAFT])
    text = (root / "attestations.yaml").read_text(encoding="utf-8")
    assert written(root) == DRAFT
    assert text.startswith("# 上\nattestations:") and "# 下\n" in text and ("# まだない" in text) == ("#" in line)


def test_without_a_file_one_is_made(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    append_answers(root, [DRAFT, DRAFT])
    assert [one.id for one in load_audit_folder(root).attestations] == ["AT-001", "AT-002"]


@pytest.mark.parametrize(
    "before",
    [
        'attestations: [{"id": a, "subject": b, "answer": yes, "statement": c, "stated_by": d, "role": ciso, "stated_on": 2026-01-01}]\n',
        STATEMENTS + "\n...\n",
        "attestations:\n  - id: 12\n",
        "attestations: 7\n",
        "other: x\n",
    ],
    ids=["brackets", "end mark", "broken entry", "number", "no key"],
)
def test_a_file_that_cannot_take_answers_is_left_alone(before: str, tmp_path: Path) -> None:
    root = make_folder(tmp_path, before)
    with pytest.raises(InputError) as caught:
        append_answers(root, [DRAFT])
    assert caught.value.file == "attestations.yaml"
    assert (root / "attestations.yaml").read_text(encoding="utf-8") == before


def test_ids_go_on_behind_the_highest(tmp_path: Path) -> None:
    root = make_folder(tmp_path, STATEMENTS.replace("AT-001", "AT-0999"))
    assert append_answers(root, [DRAFT]) == ("AT-1000",)


_WORDS = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn")), min_size=1, max_size=40
).map(lambda text: " ".join(text.split()))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.lists(_WORDS.filter(bool), min_size=3, max_size=3), codec=st.sampled_from(["utf-8", "cp932"]))
def test_any_words_come_back_as_they_were(
    words: list[str], codec: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = make_folder(tmp_path_factory.mktemp("any"), STATEMENTS.encode(codec))
    statement, person, number = words
    draft = dataclasses.replace(DRAFT, statement=statement, stated_by=person, items=((number, "no"),), document=None)
    append_answers(root, [draft])
    assert written(root) == draft
    assert (root / "attestations.yaml").read_bytes().startswith(STATEMENTS.encode(codec))
