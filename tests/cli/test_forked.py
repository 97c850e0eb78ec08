"""A run that is forked shows what a run shows for which the interpreter is started."""

from __future__ import annotations

import pytest

from tests.cli.folders import AS_OF, Folder
from tests.cli.program import environment, secaudit, started


@pytest.mark.parametrize("locale", ["ja_JP.UTF-8", "en_US.UTF-8"])
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--help",), 0),
        (("config", "configs", "--format", "json"), 0),
        (("audit", ".", "--out", "../結果", "--as-of", AS_OF), 1),
        (("audit", "nothing here"), 2),
        (("audti",), 2),
        ((), 2),
        (("audit", ".", "--out", "../結果", "--as-of", "2026-03-01", "--fail-on", "critical", "--strict"), 3),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else None,
)
def test_status_and_both_streams(arguments: tuple[str, ...], status: int, locale: str, folder: Folder) -> None:
    env = environment(LANG=locale)
    forked = secaudit(*arguments, cwd=folder.path, env=env)
    assert forked == started(*arguments, cwd=folder.path, env=env)
    assert forked.status == status
