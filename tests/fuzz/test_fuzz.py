"""The fuzz harness itself: it runs, tries inputs, and notices a reader that breaks its promises. How long it runs is `make fuzz`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from secaudit.text.config_text import ConfigText
from secaudit.vendors.reader import ReadConfig
from secaudit.vendors.registry import readers
from tests.fuzz.__main__ import dictionary, fuzz, seeds_of
from tests.fuzz.promises import BrokenPromiseError, check
from tests.requirements import require_module

BY_NAME = {one.name: one for one in readers()}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_reader_has_seeds_and_keeps_its_promises_on_them(name: str) -> None:
    seeds = seeds_of(name)
    assert seeds
    assert dictionary(seeds).count("\n") > 5
    for path in seeds:
        check(BY_NAME[name], path.read_bytes())


def test_inputs_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_module("atheris")
    monkeypatch.setattr("tests.fuzz.__main__.FAILURES", tmp_path)
    found = fuzz("comware", "-runs=200")
    assert (found.wrong, found.tried >= 200) == ("", True)


class Forgetful:
    """A reader that does not account for the last line."""

    name = "comware"
    title = "forgetful"

    def score(self, text: ConfigText) -> int:
        return 0

    def read(self, text: ConfigText) -> ReadConfig:
        found = BY_NAME["comware"].read(text)
        last = max(line.number for line in text.lines)
        kept = tuple(one for one in found.coverage.unread if one.line.number != last)
        return replace(found, coverage=replace(found.coverage, used=found.coverage.used - {last}, unread=kept))


def test_a_line_that_is_not_accounted_for_is_noticed() -> None:
    with pytest.raises(BrokenPromiseError):
        check(Forgetful(), b"sysname a\nreturn\n")
