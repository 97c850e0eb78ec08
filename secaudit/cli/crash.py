"""A crash, kept in a file that may be sent: where in the program it happened, and nothing of what was being read."""

from __future__ import annotations

import platform
import tempfile
import traceback
from pathlib import Path

from secaudit import __version__
from secaudit.cli.language import say

_LONGEST_CHAIN = 10
_FIRST_FRAMES, _LAST_FRAMES = 20, 40


def crash_report(error: BaseException) -> str:
    """Types of the errors and positions in the code.

    The words of an error are left out: they may quote a line of a configuration, an address or a password. File names are cut to the part
    below the package, for the rest of a path may name a person.
    """
    lines = [f"secaudit {__version__}", f"Python {platform.python_version()} {platform.system()} {platform.machine()}"]
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen and len(seen) < _LONGEST_CHAIN:
        seen.append(current)
        lines.append("")
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        frames = traceback.extract_tb(current.__traceback__)
        places = [f"  {_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
        if len(places) > _FIRST_FRAMES + _LAST_FRAMES:
            left_out = len(places) - _FIRST_FRAMES - _LAST_FRAMES
            places[_FIRST_FRAMES:-_LAST_FRAMES] = [f"  ({left_out} more)"]
        lines += places
        current = current.__cause__ or current.__context__
    return "\n".join(lines) + "\n"


def _place(filename: str) -> str:
    parts = Path(filename).parts
    for name in ("secaudit", "site-packages", "dist-packages"):
        if name in parts:
            at = len(parts) - 1 - parts[::-1].index(name)
            return "/".join(parts[at:])
    return parts[-1] if parts else "?"


def keep_crash(error: BaseException) -> str:
    """Writes the report and answers with what a person should do with it."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="secaudit-error-", suffix=".txt", delete=False
        ) as kept:
            kept.write(crash_report(error))
    except OSError:
        return say(
            "記録を残せなかった。実行したコマンドと上の文を開発元に知らせること。",
            "No record could be kept; please report the command and the words above.",
        )
    return say(
        f"このファイルを開発元に送ること(設定の内容は含まない): {kept.name}",
        f"please send this file (it holds nothing of your configurations): {kept.name}",
    )
