"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.folders import AS_OF, Folder, passes, small_folder
from tests.cli.program import secaudit


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A small audit folder of one's own to break."""
    return small_folder(tmp_path)


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The small audit folder, audited once; to look at only."""
    made = small_folder(tmp_path_factory.mktemp("sound"))
    ran = secaudit("audit", made.path, "--out", made.out, "--as-of", AS_OF)
    assert ran.status == 1, ran
    assert passes(made.result()), "a folder without any pass could not show that a fault adds one"
    return made
