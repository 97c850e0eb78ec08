"""YAML that people write: lines, limits, and messages that tell what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secaudit.errors import InputError
from secaudit.text import yaml_schema
from secaudit.text.bilingual import Language
from secaudit.text.yaml_document import YamlDocument, dotted
from secaudit.text.yaml_reader import MAXIMUM_BYTES, load_yaml, read_yaml


def read(folder: Path, text: str | bytes) -> YamlDocument:
    path = folder / "some.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return read_yaml(path, "some.yaml")


def refused(folder: Path, text: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    return caught.value


def test_only_simple_values_are_interpreted(tmp_path: Path) -> None:
    text = """
code: 012025
date: 2026-04-01
era: R8.4.1
mac: 10:20:30:40:50:10
answer: yes
flag: true
count: 12
ratio: 0.5
hex: 0x10
empty:
quoted: "12"
big: 99999999999999999999
list: [1, a]
"""
    assert read(tmp_path, text).data == {
        "code": "012025",
        "date": "2026-04-01",
        "era": "R8.4.1",
        "mac": "10:20:30:40:50:10",
        "answer": "yes",
        "flag": True,
        "count": 12,
        "ratio": 0.5,
        "hex": "0x10",
        "empty": None,
        "quoted": "12",
        "big": "99999999999999999999",
        "list": [1, "a"],
    }


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    document = read(
        tmp_path, "# 説明\nzones:\n  lgwan:\n    subnets:\n      - 10.0.0.0/8\n\n      - 10.1.0.0/16\nname: x\n"
    )
    assert document.line_of(("zones", "lgwan", "subnets", 1)) == 7
    assert document.line_of(("zones", "lgwan")) == 3
    assert document.line_of(("zones", "lgwan", "missing", 3)) == 3
    assert document.line_of(("name",)) == 8
    assert document.source(("zones", "lgwan", "subnets", 0)).text == "      - 10.0.0.0/8"
    assert dotted(("zones", "lgwan", "subnets", 1)) == "zones.lgwan.subnets[1]"


def test_evidence_from_yaml_is_masked(tmp_path: Path) -> None:
    assert read(tmp_path, "password: S3cret!\n").source(("password",)).text == "password: ********"


@pytest.mark.parametrize(
    ("text", "line", "field", "english", "japanese"),
    [
        ("a: 1\nb: &x 2\n", 2, "b", "Anchors (`&`) are not accepted.", "アンカー（`&`）は使えません。"),
        ("a: 1\nb: *x\n", 2, "b", "Aliases (`*`) are not accepted.", "別名（`*`）は使えません。"),
        ("a: 1\n<<: {b: 1}\n", 2, None, "Merge keys `<<` are not accepted.", "マージキー `<<` は使えません。"),
        (
            "a: 1\nb:\n  c: !!python/object:os.system x\n",
            3,
            "b.c",
            "Tags (`!`) are not accepted.",
            "タグ（`!`）は使えません。",
        ),
        (
            "a: 1\nb: 2\na: 3\n",
            3,
            "a",
            "The key `a` is written twice (first in line 1).",
            "キー「a」が二度書かれています（最初は 1 行目）。",
        ),
        (
            "a: 1\n---\nb: 1\n",
            2,
            None,
            "There are several documents in one file (`---`).",
            "一つのファイルに文書が二つ以上あります（`---`）。",
        ),
        ("a: 1\n? [x]\n: y\n", 2, None, "A key must be one word.", "キーは一つの語でなければなりません。"),
    ],
)
def test_what_hides_or_multiplies_content_is_refused(
    tmp_path: Path, text: str, line: int, field: str | None, english: str, japanese: str
) -> None:
    error = refused(tmp_path, text)
    assert (error.file, error.line, error.field) == ("some.yaml", line, field)
    assert (error.text.en, error.text.ja) == (english, japanese)
    assert error.message(Language.JA).startswith(f"some.yaml:{line}")


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)
    )
    error = refused(tmp_path, bomb)
    assert (error.line, error.text.en) == (1, "Anchors (`&`) are not accepted.")


@pytest.mark.parametrize(
    "text", ["[" * 500_000, "{a: " * 200_000, "- " * 500_000, "\n".join(" " * n + "a:" for n in range(2000))]
)
def test_deep_nesting_is_refused_at_once(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, text)
    assert "Nested too deeply" in error.text.en or "A key must be one word" in error.text.en


def test_too_many_items_are_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "- 1\n" * 500_000)
    assert "at most 24 levels and 400000 items" in error.text.en
    assert error.line == 400_000


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, b"a: " + b"x" * MAXIMUM_BYTES)
    assert error.text.en == "The file is too large (4.0 MB; at most 4 MB)."


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("a:\n\t- b\n", 2, "字下げにタブは使えません。半角の空白にしてください。"),
        ("a: 1\nb：2\nc: 3\n", 3, "全角の空白やコロン（：）があります。半角の空白とコロン（: ）にしてください。"),
        ("a: 'x\n", 2, "この行と一つ前の行の字下げ、コロンの後の空白、引用符の閉じ忘れを確かめてください。"),
        ("a: b: c\n", 1, "この行と一つ前の行の字下げ、コロンの後の空白、引用符の閉じ忘れを確かめてください。"),
    ],
)
def test_broken_yaml_tells_the_line_and_the_likely_mistake(tmp_path: Path, text: str, line: int, hint: str) -> None:
    error = refused(tmp_path, text)
    assert error.line == line
    assert error.text.ja.startswith("YAML として読めません（")
    assert error.text.en.startswith("This is not valid YAML (")
    assert error.hint is not None
    assert error.hint.ja == hint
    assert error.hint.en


def test_binary_content_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, bytes(range(32)) * 30)
    assert error.text.en == "This is not text but a binary file."
    assert error.hint is not None
    assert "UTF-8" in error.hint.ja


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp932", "utf-16", "euc_jp"])
def test_japanese_encodings_are_read(tmp_path: Path, codec: str) -> None:
    assert read(tmp_path, "名前: あおぞら市（本庁）\r\n".encode(codec)).data == {"名前": "あおぞら市（本庁）"}


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!#\"' \n\t<>|%@?,", max_size=80).map(str.encode))
def test_no_bytes_raise_anything_but_an_input_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "random.yaml"
    path.write_bytes(data)
    try:
        read_yaml(path, "random.yaml")
    except InputError as error:
        assert error.file == "random.yaml"


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "level"],
    "properties": {
        "title": {"type": "string", "minLength": 1, "x-expected": {"ja": "題名", "en": "The title"}},
        "level": {"enum": ["low", "medium", "high"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "on": {"type": "boolean"},
        "kind": {"enum": ["a", "b"]},
        "size": {
            "anyOf": [
                {"type": "integer"},
                {
                    "type": "object",
                    "required": ["x"],
                    "additionalProperties": False,
                    "properties": {"x": {"type": "integer"}},
                },
            ]
        },
    },
    "allOf": [{"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["count"]}}],
}


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tiny.schema.json"
    path.write_text(json.dumps(SCHEMA), encoding="utf-8")
    monkeypatch.setattr(yaml_schema, "schema_file", lambda name: path)
    yaml_schema._validator.cache_clear()


def violations(folder: Path, text: str) -> InputError:
    path = folder / "rule.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_yaml(path, "rules/rule.yaml", "tiny")
    return caught.value


@pytest.mark.usefixtures("schema")
@pytest.mark.parametrize(
    ("text", "line", "field", "english", "japanese", "hint"),
    [
        ("title: a\nlevle: low\nlevel: low\n", 2, "levle", "There is no key `levle` here.", "「levle」という項目はありません。", "Did you mean `level`?"),
        ("title: a\nlevel: hihg\n", 2, "level", "`hihg` is not accepted here.", "「hihg」は書けません。", "Did you mean `high`?"),
        ("title: a\nlevel: 重大\n", 2, "level", "`重大` is not accepted here.", "「重大」は書けません。", "One of: high, low, medium"),
        ("level: low\n", 1, None, "`title` is missing.", "「title」がありません。", "The title"),
        ("title: ''\nlevel: low\n", 1, "title", "This is empty.", "空です。", "The title"),
        ("title: 5\nlevel: low\n", 1, "title", "This must be text (quoted if it is only digits).", "ここには文字（数字だけなら引用符で囲む）を書きます。", "The title"),
        ("title: a\nlevel: low\non: yes\n", 3, "on", "This must be true or false.", "ここには「true」か「false」を書きます。", None),
        ("title: a\nlevel: low\ncount: 10\n", 3, "count", "`10` is not accepted here.", "「10」は書けません。", "From 1 to 9"),
        ("title: a\nlevel: low\nkind: a\n", 1, None, "`count` is missing.", "「count」がありません。", None),
        ("title: a\nlevel: low\nsize:\n  x: 1\n  z: 2\n", 5, "size.z", "There is no key `z` here.", "「z」という項目はありません。", "One of: x"),
        ("- a\n", 1, None, "This must be a mapping (`key: value` lines).", "ここには項目の集まり（`キー: 値` の行）を書きます。", None),
        ("# nothing\n", None, None, "The file says nothing.", "ファイルに何も書かれていません。", "Fill in the template."),
    ],
)  # fmt: skip
def test_a_schema_violation_tells_line_field_and_suggestion(
    tmp_path: Path, text: str, line: int | None, field: str | None, english: str, japanese: str, hint: str | None
) -> None:
    error = violations(tmp_path, text)
    assert (error.file, error.line, error.field) == ("rules/rule.yaml", line, field)
    assert (error.text.en, error.text.ja) == (english, japanese)
    assert (error.hint.en if error.hint else None) == hint


@pytest.mark.usefixtures("schema")
def test_the_suggestion_is_also_in_japanese(tmp_path: Path) -> None:
    error = violations(tmp_path, "title: a\nlevel: hihg\n")
    assert error.message(Language.JA) == "rules/rule.yaml:2 [level]: 「hihg」は書けません。\n  → 「high」のことですか。"


@pytest.mark.usefixtures("schema")
def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    error = violations(tmp_path, "titel: a\nlevel: hihg\non: maybe\n")
    assert (error.line, error.field, error.text.en) == (1, None, "`title` is missing.")
    assert error.hint is not None
    for part in (
        "There are 3 more mistakes:",
        "rules/rule.yaml:1 [titel]: There is no key `titel` here. (Did you mean `title`?)",
        "rules/rule.yaml:2 [level]: `hihg` is not accepted here. (Did you mean `high`?)",
        "rules/rule.yaml:3 [on]",
    ):
        assert part in error.hint.en
    assert "ほかに 3 件の誤りがあります:" in error.hint.ja


@pytest.mark.usefixtures("schema")
def test_hostile_keys_and_values_are_shown_short_and_harmless(tmp_path: Path) -> None:
    error = violations(tmp_path, 'title: a\nlevel: low\n"\\e[31m' + "x" * 900 + '": 1\n')
    assert len(error.text.ja) < 100
    assert error.field is not None
    assert len(error.field) < 100
    assert "\x1b" not in error.message(Language.EN)


def test_every_schema_is_a_schema() -> None:
    from jsonschema import Draft202012Validator

    schemas = sorted((Path(yaml_schema.__file__).parents[1] / "schemas").glob("*.schema.json"))
    assert {"municipality", "attestations", "exceptions"} <= {
        path.name.removesuffix(".schema.json") for path in schemas
    }
    for path in schemas:
        Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
