"""Help and usage errors, in both languages and never in both at once."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from secaudit.cli.main import COMMANDS, group
from tests.cli.program import environment, secaudit

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
ENGLISH_SENTENCE = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b", re.IGNORECASE)
DATES = "令和8年4月1日"
"""The example of a Japanese date is Japanese in every language."""


def every_command() -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = [()]
    for name in COMMANDS:
        found.append((name,))
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.list_commands(context)]
    return found


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_help_speaks_one_language(command: tuple[str, ...], language: str) -> None:
    ran = secaudit(*command, "--help", env=environment(LANG="ja_JP.UTF-8" if language == "ja" else "en_US.UTF-8"))
    assert ran.status == 0
    assert ran.err == ""
    usage, rest = ran.out.split("\n", 1)
    assert " ".join(("secaudit", *command)) in usage
    assert "--lang" in rest
    if language == "ja":
        assert usage.startswith("使い方: ")
        assert "オプション:" in rest
        assert len(JAPANESE.findall(rest)) > 40
        assert not ENGLISH_SENTENCE.search(rest), ENGLISH_SENTENCE.findall(rest)
    else:
        assert usage.startswith("Usage: ")
        assert "Options:" in rest
        assert not JAPANESE.search(rest.replace(DATES, "")), rest


def test_every_command_is_listed_with_its_line() -> None:
    ran = secaudit("--help", "--lang", "en")
    for name, (_, _line) in COMMANDS.items():
        assert re.search(rf"^  {name} +\S", ran.out, re.MULTILINE), name


def test_version() -> None:
    ran = secaudit("--version")
    assert (ran.status, ran.err) == (0, "")
    assert re.fullmatch(r"secaudit \d+\.\d+\.\d+\n", ran.out)


def test_without_a_command_the_help_is_shown_and_the_status_says_wrong_usage() -> None:
    ran = secaudit()
    assert ran.status == 2
    assert ran.out == ""
    assert "audit" in ran.err


USAGE_ERRORS = [
    (("audti",), "audit の書き間違い", "did you mean audit?"),
    (("zzzzz",), "コマンド 'zzzzz' はない", "there is no command 'zzzzz'"),
    (("rules", "lst"), "list の書き間違い", "did you mean list?"),
    (("audit",), "DIR が指定されていない", "DIR is missing"),
    (("audit", "x", "--ot", "y"), "--out の書き間違い", "did you mean --out?"),
    (("audit", "x", "--fail-on", "severe"), "critical、high、medium、low", "critical, high, medium, low"),
    (("audit", "x", "--strict=1"), "--strict は値を取らない", "--strict takes no value"),
    (("audit", "x", "--out"), "--out には値が必要", "--out needs a value"),
    (("audit", "監査", "フォルダ"), "引用符で囲む", "into quotes"),
    (("audit", "x", "--as-of", "2026-13-01"), "日付を読み取れません: 2026-13-01", "not a date: 2026-13-01"),
    (("flows", "x", "--limit", "0"), "1 から 10000 まで", "from 1 to 10000"),
    (("flows", "x", "--limit", "many"), "1 から 10000 まで", "from 1 to 10000"),
    (("trace", "x"), "--at が指定されていない", "--at is missing"),
    (("--lang", "en", "--bogus"), "", "there is no option --bogus"),
    (("config",), "FILES... が指定されていない", "FILES... is missing"),
    (("probe", "plan", "x"), "--from が指定されていない", "--from is missing"),
]


@pytest.mark.parametrize(("arguments", "ja", "en"), USAGE_ERRORS, ids=lambda value: " ".join(value)[:40])
def test_a_wrong_command_line_says_what_is_wrong_and_where_help_is(
    arguments: tuple[str, ...], ja: str, en: str, tmp_path: Path
) -> None:
    for language, wanted, locale in (("ja", ja, None), ("en", en, "en_GB.UTF-8")):
        ran = secaudit(*arguments, cwd=tmp_path, env=environment(LANG=locale))
        if language == "ja" and "--lang" in arguments:
            continue
        assert ran.status == 2
        assert ran.out == ""
        assert wanted in ran.err
        assert "→" in ran.err, "every message says what to do next"
        if language == "ja":
            assert ran.err.startswith("エラー: ")
            assert not ENGLISH_SENTENCE.search(re.sub(r"(secaudit|使い方:)[^\n]*", "", ran.err)), ran.err
        else:
            assert ran.err.startswith("error: ")
            assert not JAPANESE.search(ran.err.replace(DATES, "").replace("監査", "").replace("フォルダ", "")), ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_language_that_does_not_exist_is_refused() -> None:
    ran = secaudit("rules", "list", "--lang", "fr")
    assert ran.status == 2
    assert "ja、en" in ran.err


@pytest.mark.parametrize(
    ("variables", "japanese"),
    [
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "POSIX"}, True),
        ({"LANG": "ja_JP.UTF-8"}, True),
        ({"LANG": "ja_JP.eucJP"}, True),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, False),
    ],
    ids=str,
)
def test_the_language_follows_the_locale(variables: dict[str, str | None], japanese: bool) -> None:
    ran = secaudit("--help", env=environment(**variables))
    assert bool(JAPANESE.search(ran.out)) is japanese


def test_the_option_wins_over_the_locale_wherever_it_stands() -> None:
    english = environment(LANG="en_US.UTF-8")
    for arguments in (
        ["--lang", "ja", "audit", "--help"],
        ["audit", "--lang=ja", "--help"],
        ["audit", "-h", "--lang", "ja"],
    ):
        assert "使い方" in secaudit(*arguments, env=english).both, arguments
