"""What a terminal leaves in a saved log: pagers, escapes, prompts, lines cut at 80 columns.

Nothing here may hide text of a configuration: only what surely is the terminal's own is taken away, and the caller
says in which lines. An overwritten text (backspaces, a lone carriage return) is therefore never simulated.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WRAP_COLUMNS = 80

_PATTERN_FILE = Path(__file__).with_name("terminal.json")
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|[()][0-9A-B]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[=>78cDEHMNOZ])"
)
_AT_THE_END = re.compile(r"\(end\)", re.IGNORECASE)
_NUMBERS_ONLY = re.compile(r"\s*(?:\d{1,10}|dynamic)(?:\s+(?:\d{1,10}|dynamic))*\s*")
_NUMBER_LIST_COMMAND = re.compile(r"^\s*(?:ip|ipv6)\s.*\b(?:filter|set)\b.*\s(?:\d{1,10}|dynamic)\s*$", re.IGNORECASE)
_FIRST_WORD = re.compile(r"[^\s\"']+")
_NUMBERED_ENTRY = re.compile(r"\s*\d+\s+[A-Za-z]")
_HOST_OF_PROMPT = re.compile(
    r"[<\[]?(?:[\w.-]{1,64}@)?([A-Za-z0-9][\w.-]{0,63})(?:[:/~(\[][^>#%$\]]{0,64})?(?: \([\w.-]{1,32}\))? ?[>#%$\]]"
)
_CONTROL = {code: 0x2400 + code for code in range(32) if code not in (9,)} | {0x7F: 0x2421}
"""Control characters become their pictures (U+2400 and following): visible, harmless and still different from each other."""


@dataclass(frozen=True, slots=True)
class _Terminal:
    pager: re.Pattern[str]
    prompt: re.Pattern[str]
    echoed: re.Pattern[str]
    one_line_only: re.Pattern[str]
    first_words: frozenset[str]


@cache
def _terminal() -> _Terminal:
    data = json.loads(_PATTERN_FILE.read_text(encoding="utf-8"))
    pagers = "|".join(data["pagers"])
    return _Terminal(
        # A pager is erased by blanks between backspaces or by an escape; the text after the last of them is the file's own.
        pager=re.compile(
            rf"^[ \t\x08]*(?:{_ESCAPE.pattern})?(?:{pagers})(?:(?:[ \r\x08]|{_ESCAPE.pattern})*(?:[\r\x08]|{_ESCAPE.pattern})| {{1,9}}(?=\S)| {{9}}| *$)?",
            re.IGNORECASE,
        ),
        prompt=re.compile(rf"^(?:{'|'.join(data['prompts'])})\s*(?P<typed>{data['commands']})?$", re.IGNORECASE),
        echoed=re.compile(rf"^\s*(?P<typed>{data['echoed_commands']})\s*$", re.IGNORECASE),
        one_line_only=re.compile(data["one_line_only"], re.IGNORECASE),
        first_words=frozenset(data["first_words"]),
    )


@dataclass(frozen=True, slots=True)
class Cleaned:
    """All lines of a file without the terminal's own text, and the numbers (from 1) of those where something was done.

    A line that was only the terminal's is empty but still there, so that every line of the file stays accounted for. `prompts` tells for
    each of its lines what was typed there, "" where nothing was. `waiting` are the pagers that did not say that the end was reached.
    """

    lines: list[str]
    pagers: tuple[int, ...]
    waiting: tuple[int, ...]
    prompts: dict[int, str]
    escapes: tuple[int, ...]


def clean(lines: Sequence[str]) -> Cleaned:
    """Takes away pager remains, escape sequences and prompts."""
    terminal = _terminal()
    cleaned = []
    pagers, waiting, escapes = [], [], []
    prompts: dict[int, str] = {}
    seen_text = False
    paged = _may_hold_pager("\n".join(lines))
    for number, line in enumerate(lines, start=1):
        text = line
        if paged and _may_hold_pager(text[:64]):
            without = terminal.pager.sub("", text, count=1)
            if without != text:
                pagers.append(number)
                if not _AT_THE_END.search(text.removesuffix(without)):
                    waiting.append(number)
                text = without
        if not text.isprintable() and not text.lstrip("\t").isprintable():
            without = _ESCAPE.sub("", text) if "\x1b" in text else text
            without = without.replace("\x07", "").replace("\r", " ").translate(_CONTROL)
            if without != text:
                escapes.append(number)
                text = without
        typed = _typed(text, terminal, first=not seen_text) if not seen_text or _may_be_prompt(text) else None
        if typed is not None:
            prompts[number] = typed
            text = ""
        elif not seen_text:
            seen_text = bool(text.strip())
        cleaned.append(text)
    return Cleaned(cleaned, tuple(pagers), tuple(waiting), prompts, tuple(escapes))


def _may_hold_pager(text: str) -> bool:
    lower = text.lower()
    return "more" in lower or "つづく" in lower or "press any" in lower or "lines " in lower


def _may_be_prompt(text: str) -> bool:
    return ">" in text or "#" in text or "%" in text or "$" in text or text[:1] in ("[", "<")


def _typed(text: str, terminal: _Terminal, *, first: bool) -> str | None:
    """What was typed at the prompt that a line is, "" for nothing; None for a line that is no prompt."""
    if len(text) > 200 or not text or text.isspace():
        return None
    found = terminal.echoed.match(text) if first else None
    if found is None and _may_be_prompt(text):
        found = terminal.prompt.match(text.rstrip())
    return None if found is None else (found["typed"] or "").strip()


def prompt_hosts(prompts: Iterable[str]) -> tuple[str, ...]:
    """The names of devices in lines that were prompts, without users and modes, each once.

    >>> prompt_hosts(["kyokai # show router static", "kyokai(config)#", "admin@fw> show"])
    ('kyokai', 'fw')
    """
    found = (_HOST_OF_PROMPT.match(line.strip()) for line in prompts)
    return tuple(dict.fromkeys(one.group(1) for one in found if one is not None))


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Lines joined again where a terminal had cut them, each with the number of its first part in `numbers`.

    `joined` are the numbers of the lines that went into the one before. `suspects` are lines of full width that may have been cut
    but were left alone; `cut_secrets` are lines behind a suspect that look like the rest of a word.
    """

    lines: list[str]
    numbers: list[int]
    joined: tuple[int, ...]
    suspects: tuple[int, ...]
    cut_secrets: frozenset[int]


def unwrap(lines: Sequence[str]) -> Unwrapped:
    """Joins what a terminal of 80 columns cut, only where that is sure; `lines` are all lines of a file.

    Sure means: no line of the file is wider than 80 columns, this one is exactly that wide and not a comment, and the next one
    does not begin as any command does. A line of nothing but numbers behind a YAMAHA list of filter numbers is its rest
    whatever the width of other lines is, for no command consists of numbers.
    """
    widths = [_width(line) for line in lines]
    page = _page(lines, widths)
    result: list[str] = []
    numbers: list[int] = []
    joined, suspects = [], []
    cut_secrets = set()
    index = 0
    while index < len(lines):
        parts = [lines[index]]
        numbers.append(index + 1)
        while index + 1 < len(lines):
            following = lines[index + 1]
            start = following.lstrip()[:1]
            ordinary = widths[index] < WRAP_COLUMNS - 1 or page.widest > WRAP_COLUMNS
            if ordinary and not (start.isdecimal() or start == "d"):
                break  # nearly every line: not cut by a terminal, and the next one is not the rest of a list of numbers
            glue = _glue(lines[index], following, widths[index], page, head=parts[0])
            if glue is None:
                break
            parts.append(glue + following)
            index += 1
            joined.append(index + 1)
        result.append(parts[0] if len(parts) == 1 else "".join(parts))
        if widths[index] >= WRAP_COLUMNS and widths[index] == page.widest and index + 1 < len(lines):
            if not page.padded and page.widest == WRAP_COLUMNS:
                suspects.append(index + 1)
            if not page.padded and _is_one_unknown_word(lines[index + 1]):
                cut_secrets.add(index + 2)
        index += 1
    return Unwrapped(result, numbers, tuple(joined), tuple(suspects), frozenset(cut_secrets))


@dataclass(frozen=True, slots=True)
class _Page:
    """What the lines of a file have in common: the widest of them, whether the terminal filled them with blanks, and words that begin a line."""

    widest: int
    padded: bool
    known: frozenset[str]


def _page(lines: Sequence[str], widths: Sequence[int]) -> _Page:
    widest = max(widths, default=0)
    full = sum(
        1 for width, line in zip(widths, lines, strict=True) if width >= WRAP_COLUMNS and len(line.rstrip()) < len(line)
    )
    # Where lines are wider or narrower than a terminal, nobody asks which words begin one.
    known = _first_words_of(lines, widths) if widest == WRAP_COLUMNS else frozenset()
    return _Page(widest, full * 2 > len(lines), known)


def _glue(text: str, following: str, width: int, page: _Page, *, head: str) -> str | None:
    """What to put between a line and its rest, or None when the next line is a line of its own."""
    if not following.strip() or not text.strip() or _terminal().one_line_only.match(head):
        return None
    if _NUMBERS_ONLY.fullmatch(following) and _NUMBER_LIST_COMMAND.match(head) and len(head) <= 4 * WRAP_COLUMNS:
        if following.startswith((" ", "\t")):
            return ""
        if width == WRAP_COLUMNS:
            return ""
        return " " if width == WRAP_COLUMNS - 1 else None
    exact = width == WRAP_COLUMNS and (not page.padded or len(text.rstrip()) == len(text))
    if not exact or page.widest > WRAP_COLUMNS:
        return None
    return None if _begins_a_line(following, page.known) else ""


def _begins_a_line(text: str, known: frozenset[str]) -> bool:
    if _NUMBERED_ENTRY.match(text):
        return True
    stripped = text.lstrip()
    if stripped[:1] in ("!", "#", "/", "}", "<", "*", ":", ";"):
        return True
    word = _FIRST_WORD.match(stripped)
    return word is not None and word[0].lower().rstrip(";") in known


def _first_words_of(lines: Sequence[str], widths: Sequence[int]) -> frozenset[str]:
    """Words that begin a command: those every vendor knows, and those this very file begins other lines with."""
    seen = set()
    previous = 0
    for line, width in zip(lines, widths, strict=True):
        if previous != WRAP_COLUMNS:
            word = _FIRST_WORD.match(line.lstrip())
            if word is not None and len(word[0]) <= 32 and not word[0].isdigit():
                seen.add(word[0].lower())
        previous = width
    return _terminal().first_words | seen


def _is_one_unknown_word(text: str) -> bool:
    stripped = text.strip()
    return (
        bool(stripped)
        and not text[0].isspace()
        and len(stripped.split(None, 1)) == 1
        and stripped.lower() not in _terminal().first_words
        and stripped not in ("!", "#")
    )


def _width(text: str) -> int:
    """Columns of a terminal: a full-width character takes two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
