"""The documents of this repository, and the commands in their fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(`{3,})\s*([a-z]*)\s*$")
_NOT_RUN = re.compile(r"^<!-- not run: (.+?) -->$")
_FILE = re.compile(r"^<!-- file: (\S+) -->$")
_APPENDED = re.compile(r"^<!-- appended to: (\S+) -->$")
_STATUS = re.compile(r"#.*?(?:exit status|終了コード)\s*([0-9]+)")


def documents() -> list[Path]:
    """Every document that we write for people; those of the samples belong to the samples."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").rglob("*.md")]
    found += (ROOT / "tests").rglob("*.md")
    return sorted(found)


@dataclass(frozen=True)
class Block:
    """A fenced block. `not_run` is the reason given above it, `file` the name under which its text is meant to be kept.

    `appended_to` is the file behind which it is to be typed.
    """

    language: str
    line: int
    lines: tuple[str, ...]
    not_run: str | None
    file: str | None
    appended_to: str | None = None


@dataclass(frozen=True)
class Command:
    """A command line, the exit status that the document states, and the lines that it says come out."""

    text: str
    line: int
    status: int
    output: tuple[str, ...]
    not_run: str | None


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text, in order."""
    above = ""
    fence = ""
    language, start = "", 0
    held: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _FENCE.match(line)
        if not fence and match is not None:
            fence, language, start, held = match.group(1), match.group(2), number, []
        elif fence and line.strip() == fence:
            reason, name, appended = _NOT_RUN.match(above), _FILE.match(above), _APPENDED.match(above)
            yield Block(
                language,
                start,
                tuple(held),
                None if reason is None else reason.group(1),
                None if name is None else name.group(1),
                None if appended is None else appended.group(1),
            )
            fence = above = ""
        elif fence:
            held.append(line)
        elif line.strip():
            above = line.strip()


def commands(block: Block) -> Iterator[Command]:
    """The commands of a `console` or `bash` block."""
    if block.language == "bash":
        for offset, line in enumerate(block.lines, start=1):
            if line.strip() and not line.startswith("#"):
                yield Command(line.strip(), block.line + offset, _status(line), (), block.not_run)
    if block.language != "console":
        return
    text, number, output = "", 0, []
    for offset, line in enumerate((*block.lines, "$ "), start=1):
        if not line.startswith("$ "):
            output.append(line)
            continue
        if text:
            shown = tuple(one.rstrip() for one in output if one.strip() not in ("", "…"))
            yield Command(text, number, _status(text), shown, block.not_run)
        text, number, output = line[2:].strip(), block.line + offset, []


def _status(line: str) -> int:
    match = _STATUS.search(line)
    return 0 if match is None else int(match.group(1))
