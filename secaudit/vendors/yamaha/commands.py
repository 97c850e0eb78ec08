"""Lines to commands: comments, quotes, `pp select` / `tunnel select` contexts, wrapped lists and embedded files.

One command stands on one line, case does not matter, indentation means nothing (YA-01). `#` starts a comment at
the start of a line and after a blank, `\\#` and quotes escape it (YA-02). A selection lasts until the next one (YA-03).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from secaudit.text.source import SourceLine, Sources

_SPECIAL = re.compile(r"[\"'#\\\x00]")
_HEADER = re.compile(r"#\s*(?P<model>(?:RTX|NVR|FWX|RTV|RT|SRT|vRX|N)\d*\S*)\s+(?P<version>Rev\.\S+)", re.IGNORECASE)
_TERMINAL_WORDS = frozenset(("show", "exit", "quit", "save", "administrator", "console", "password:"))
"""What a person types around `show config`; it belongs to the device whose header follows."""
_TERMINAL_WIDTH = 79
"""A line at least this long that is followed by bare numbers was cut by a terminal of 80 columns."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `words` in lower case, `raw` as written, both without the `no` of a negated one.

    `pp` and `tunnel` are the interface names selected where the command stands.
    """

    words: tuple[str, ...]
    raw: tuple[str, ...]
    sources: Sources
    negated: bool
    pp: str | None
    tunnel: str | None

    @property
    def line(self) -> SourceLine:
        """The line on which the command starts."""
        return self.sources[0]


@dataclass(slots=True)
class Listing:
    """One device's part of a file, cut into commands.

    `structure` are the numbers of blank lines, comments and selections; `embedded` the lines inside `embedded file`.
    `headers` are the comment lines by which `show config` tells model, revision and hardware.
    """

    commands: list[Command] = field(default_factory=list)
    structure: list[int] = field(default_factory=list)
    embedded: list[int] = field(default_factory=list)
    unterminated: list[SourceLine] = field(default_factory=list)
    headers: list[SourceLine] = field(default_factory=list)
    model: str = ""
    version: str = ""
    selected: dict[str, list[SourceLine]] = field(default_factory=dict)


def split_words(text: str) -> tuple[str, ...]:
    """The words of one line, without its comment; quotes group, a backslash escapes.

    >>> split_words('description lan1 "LAN #1"  # office')
    ('description', 'lan1', 'LAN #1')
    """
    if _SPECIAL.search(text) is None:
        return tuple(text.split())
    words: list[str] = []
    position, end = 0, len(text)
    while position < end:
        character = text[position]
        if character.isspace() or character == "\0":
            position += 1
            continue
        if character == "#":
            break
        word, position = _word(text, position)
        words.append(word)
    return tuple(words)


def _word(text: str, position: int) -> tuple[str, int]:
    """One word that starts at `position`, and where it ends. An unclosed quote is an ordinary character."""
    if text[position] in "\"'":
        closing = text.find(text[position], position + 1)
        if closing >= 0:
            return text[position + 1 : closing], closing + 1
    letters: list[str] = []
    while position < len(text) and not text[position].isspace() and text[position] != "\0":
        if text[position] == "\\" and position + 1 < len(text):
            position += 1
        letters.append(text[position])
        position += 1
    return "".join(letters), position


def split_devices(lines: Iterable[SourceLine]) -> list[list[SourceLine]]:
    """The parts of a file that belong to one device each: a second `# RTX... Rev.` header starts another one."""
    parts: list[list[SourceLine]] = [[]]
    has_commands = False
    for line in lines:
        stripped = line.text.strip()
        if stripped.startswith("#"):
            if has_commands and _HEADER.match(stripped):
                parts.append([])
                has_commands = False
        elif stripped and stripped.split(maxsplit=1)[0].lower() not in _TERMINAL_WORDS:
            has_commands = True
        parts[-1].append(line)
    return parts


def list_commands(lines: list[SourceLine]) -> Listing:
    """Cuts the lines of one device into commands."""
    return _Splitter(lines).run()


class _Splitter:
    """Walks the lines once; every line ends in exactly one list of the `Listing`."""

    def __init__(self, lines: list[SourceLine]) -> None:
        self._lines = lines
        self._listing = Listing()
        self._pp: str | None = None
        self._tunnel: str | None = None
        self._last_position: dict[str, int] | None = None

    def run(self) -> Listing:
        position = 0
        while position < len(self._lines):
            position = self._step(position)
        return self._listing

    def _step(self, position: int) -> int:
        line = self._lines[position]
        words = split_words(line.text)
        if not words:
            self._structure(line)
            return position + 1
        lowered = tuple(map(str.lower, words))
        if lowered[:2] == ("embedded", "file"):
            return self._embedded(position, lowered, words)
        end = position + 1
        if lowered[0] in ("ip", "ipv6") and _takes_numbers(lowered):
            while end < len(self._lines) and _only_numbers(self._lines[end].text):
                end += 1
        sources: Sources = tuple(self._lines[position:end])
        if len(sources) > 1:
            words = split_words(_join(sources))
            lowered = tuple(map(str.lower, words))
        self._add(words, lowered, sources)
        return end

    def _structure(self, line: SourceLine) -> None:
        self._listing.structure.append(line.number)
        text = line.text.strip()
        if not text.startswith("#"):
            return
        match = _HEADER.match(text)
        if match is not None and not self._listing.version:
            self._listing.model, self._listing.version = match["model"], match["version"]
            self._listing.headers.append(line)
        elif re.match(r"#\s*(MAC Address|Memory|main\s*:)", text, re.IGNORECASE):
            self._listing.headers.append(line)

    def _add(self, words: tuple[str, ...], lowered: tuple[str, ...], sources: Sources) -> None:
        if lowered[:1] in (("pp",), ("tunnel",)) and lowered[1:2] == ("select",):
            if len(lowered) == 3 and self._select(lowered[0], lowered[2], sources[0]):
                return
            # Which one is selected now is not known; what follows must not be taken for a setting of the one before.
            self._select(lowered[0], "none", None)
        if lowered[:3] in (("no", "pp", "select"), ("no", "tunnel", "select")):
            self._select(lowered[1], "none", sources[0])
            return
        negated = lowered[0] == "no" and len(words) > 1
        if negated:
            words, lowered = words[1:], lowered[1:]
        self._listing.commands.append(Command(lowered, words, sources, negated, self._pp, self._tunnel))

    def _select(self, kind: str, which: str, line: SourceLine | None) -> bool:
        if which == "none":
            name = None
        elif which == "anonymous" or (which.isascii() and which.isdecimal()):
            name = f"{kind} {which if which == 'anonymous' else int(which[:9])}"
        else:
            return False
        if kind == "pp":
            self._pp = name
        else:
            self._tunnel = name
        if line is not None:
            if name is not None:
                self._listing.selected.setdefault(name, []).append(line)
            self._listing.structure.append(line.number)
        return True

    def _embedded(self, position: int, lowered: tuple[str, ...], words: tuple[str, ...]) -> int:
        """`embedded file NAME <<EOF` ... `EOF`: nothing inside is a command. Without its end it hides nothing."""
        line = self._lines[position]
        marker = next((word[2:] for word in words if word.startswith("<<")), "")
        if not marker:
            self._add(words, lowered, (line,))
            return position + 1
        if self._last_position is None:
            self._last_position = {item.text.strip(): index for index, item in enumerate(self._lines)}
        if self._last_position.get(marker, -1) <= position:
            self._listing.unterminated.append(line)
            return position + 1
        while True:
            self._listing.embedded.append(self._lines[position].number)
            position += 1
            if self._lines[position].text.strip() == marker:
                self._listing.embedded.append(self._lines[position].number)
                return position + 1


def _takes_numbers(words: tuple[str, ...]) -> bool:
    """Whether the command ends in a list of filter numbers that a terminal may have broken."""
    return "filter" in words[1:4] and (words[2:4] == ("secure", "filter") or words[1:3] == ("filter", "set"))


def _only_numbers(text: str) -> bool:
    words = text.split()
    return bool(words) and all(word.isdecimal() or word.lower() == "dynamic" for word in words)


def _join(sources: Sources) -> str:
    """The text of a wrapped command: a full terminal line goes on in the middle of a number, a shorter one does not."""
    parts = [sources[0].text]
    width = len(sources[0].text)
    for line in sources[1:]:
        cut_inside = width > _TERMINAL_WIDTH and not line.text[:1].isspace() and not parts[-1][-1:].isspace()
        parts.append(line.text if cut_inside else " " + line.text)
        width = len(line.text)
    return "".join(parts)
