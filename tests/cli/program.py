"""The program as a person runs it: its own process, its own environment, and what came out on both streams.

`secaudit` saves the start of the interpreter; `started` starts it, for tests of what the start decides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli import forked
from tests.requirements import require_program

TIMEOUT_SECONDS = 300
"""For machines that are busy with other things; no test measures time."""

STATUSES = frozenset(range(6))
"""Every exit status there is (design, chapter 7)."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the program."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """What stdout holds, which must be one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def both(self) -> str:
        """Everything a person sees."""
        return self.out + self.err


def environment(**changes: str | None) -> dict[str, str]:
    """The environment of the test without anything that decides language or colour; a change of None takes a variable away."""
    found = {
        key: value
        for key, value in os.environ.items()
        if key
        not in ("LANG", "LANGUAGE", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PYTHONUTF8", "PYTHONIOENCODING")
        and not key.startswith("LC_")
    }
    for key, value in changes.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = value
    return found


def command_line(arguments: Sequence[str | Path]) -> list[str]:
    """`python -m secaudit ...` with the interpreter of the tests."""
    return [sys.executable, "-m", "secaudit", *map(str, arguments)]


def _without_root_powers() -> list[str]:
    """A command in front that takes away from root the right to pass over permissions."""
    if os.geteuid() != 0:
        return []
    return [require_program("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]


def secaudit(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ran:
    """Runs the program and checks what holds for every run: a known exit status, and no traceback on either stream."""
    words = [str(argument) for argument in arguments]
    return _checked(*forked.run(words, cwd or Path.cwd(), environment() if env is None else env, TIMEOUT_SECONDS))


def started(
    *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, ordinary_user: bool = False
) -> Ran:
    """As `secaudit`, with an interpreter that is started for it.

    `ordinary_user`: permissions of files count, as they do for everybody but root.
    """
    done = subprocess.run(
        [*(_without_root_powers() if ordinary_user else ()), *command_line(arguments)],
        cwd=cwd,
        env=dict(environment() if env is None else env),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return _checked(done.returncode, done.stdout, done.stderr)


def _checked(status: int, out: bytes, err: bytes) -> Ran:
    ran = Ran(status, out.decode("utf-8"), err.decode("utf-8"))
    assert ran.status in STATUSES, ran
    assert "Traceback" not in ran.both, ran
    return ran
