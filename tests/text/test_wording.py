"""No text that people read words anything as an assurance, and the two words for the two separations are never exchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from secaudit.locations import data_folder

ROOT = Path(__file__).parents[2]
ASSURANCE = re.compile(
    r"保証|安全である|万全|完全に防|問題ない|安心|\b(guarantee[ds]?|secure[ds]?|safe|assur\w*|ensures?)\b",
    re.IGNORECASE,
)
DENIED = re.compile(
    r"保証するものではない|保証する表現|保証しない|\b(not|no|nor|never|nothing)\b.{0,40}\b(guarantee|secure|safe|assur)"
    r"|Policy for ensuring|secure filter|secure-server"
    r"|(guarantee|secure|safe|assur)\w*.{0,20}\b(nothing|not)\b",
    re.IGNORECASE,
)
"""What says that nothing is assured, and names of things."""


def texts() -> Iterator[tuple[Path, int, str]]:
    """Every line that may be shown to people: data files, templates, and the bilingual texts of the program."""
    whole = [
        *sorted(path for path in data_folder("rulesets").rglob("*.yaml") if "fixtures" not in path.parts),
        *sorted(data_folder("policies").rglob("*.yaml")),
        *sorted((ROOT / "reports/templates").rglob("*.j2")),
        *sorted((ROOT / "secaudit/rules").rglob("*.json")),
    ]
    for path in whole:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.lstrip().startswith("#"):
                yield path, number, line
    for path in sorted((ROOT / "secaudit").rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\b(ja|en)=|say\(|help=", line):
                yield path, number, line


def test_nothing_is_worded_as_an_assurance() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, number, line in texts()
        if ASSURANCE.search(line) and not DENIED.search(line)
    ]
    assert found == []


SWAPPED = re.compile(
    r"マイナンバー利用事務系[^。、]{0,12}分割|LGWAN接続系とインターネット接続系[^。、]{0,4}分離|インターネット接続系とLGWAN接続系[^。、]{0,4}分離"
)


def test_the_words_for_the_two_separations_are_not_exchanged() -> None:
    """分離 at the My Number zone, 分割 between the LGWAN-connected and the Internet-connected zone (guideline 8)."""
    assert [f"{path.name}:{number}: {line.strip()}" for path, number, line in texts() if SWAPPED.search(line)] == []


@pytest.mark.parametrize(
    "line",
    ["ja: 情報セキュリティが確保されていることを保証する。", 'en: "The network is safe."', "この町は安全である。"],
)
def test_an_assurance_is_seen(line: str) -> None:
    assert ASSURANCE.search(line) and not DENIED.search(line)
