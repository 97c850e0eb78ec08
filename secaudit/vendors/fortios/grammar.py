"""The grammar of FortiOS configurations: `config` / `edit` / `set` / `next` / `end` as a tree (FO-01).

Nothing here knows what a section means. Every line ends up in exactly one place: structure, the opening of a
section, a setting, or `Section.garbage` (what the grammar cannot place).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.fortios import edits

MASK = "********"
"""What `secaudit.text` leaves where a secret stood."""

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|((?:[^\s"\'\\]|\\.)+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_EDITS = frozenset(("delete", "rename", "clone"))
_STATEMENTS = frozenset(("config", "edit", "set", "unset", "append", "next", "end", "move")) | _EDITS


@dataclass(frozen=True, slots=True)
class Setting:
    """The effective `set` of one name: its values without quotes, and the lines that made them."""

    name: str
    values: tuple[str, ...]
    lines: Sources

    @property
    def value(self) -> str:
        """All values as one string, as written between name and end of line."""
        return " ".join(self.values)


@dataclass(slots=True)
class Section:
    """A `config PATH` or an `edit KEY` with what it holds. Mutable only while the tree is built.

    Opening the same `config` or `edit` again continues it, as on the device. `garbage` are lines that are no
    statement, or settings that a later line of the same entry replaced (a device never writes that: text was lost).
    """

    name: str
    lines: list[SourceLine]
    is_entry: bool = False
    moves: list[tuple[str, str, bool]] = field(default_factory=list)
    """`move A before|after B` of the table, in the order typed (True: after); done at the end of the file."""
    edits: int = 0
    """How many `delete`, `rename` and `clone` the table has seen (`edits`)."""
    inherited: set[str] = field(default_factory=set)
    """Settings that a clone has from its original: to set them anew is no sign of lost text."""
    settings: dict[str, Setting] = field(default_factory=dict)
    unset: dict[str, Setting] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)
    entries: dict[str, Section] = field(default_factory=dict)
    garbage: list[SourceLine] = field(default_factory=list)
    unknown: list[SourceLine] = field(default_factory=list)
    """Lines below this section that the vocabulary does not know; filled by `coverage.classify`."""

    def get(self, name: str, default: str = "") -> str:
        """The value of a setting as one string, or the default when it is not set."""
        setting = self.settings.get(name)
        return default if setting is None else setting.value

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a setting that are not empty; nothing when it is not set (`show full-configuration` prints `''`)."""
        setting = self.settings.get(name)
        if setting is None:
            return ()
        return setting.values if all(setting.values) else tuple(filter(None, setting.values))

    def enabled(self, name: str) -> bool:
        """Whether `set NAME enable` holds."""
        return self.get(name) == "enable"

    def is_on(self, name: str, usual: bool) -> bool:
        """Whether a switch is on: as the file says, and as usual where it says nothing; a value that is no `disable` is the wider one."""
        said = self.get(name)
        return said != "disable" if said else usual

    def lines_of(self, *names: str) -> Sources:
        """The lines of these settings, in the order asked."""
        settings = self.settings
        return tuple([line for name in names if name in settings for line in settings[name].lines])

    @property
    def opening(self) -> Sources:
        """The line that opened the section first."""
        return tuple(self.lines[:1])

    def section(self, name: str) -> Section:
        """A nested `config`; an empty one when it is not there."""
        return self.sections.get(name) or Section(name, [])

    def all_lines(self) -> list[SourceLine]:
        """Every line of the section and below, in file order, structure lines not included."""
        found: list[SourceLine] = []
        pending = [self]
        while pending:
            current = pending.pop()
            found += current.lines
            found += current.garbage
            for setting in (*current.settings.values(), *current.unset.values()):
                found += setting.lines
            pending += current.sections.values()
            pending += current.entries.values()
        return sorted(set(found), key=lambda line: line.number)


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed file. `structure` are the numbers of blank lines, comments, `next` and `end`; `open_sections` what was not closed."""

    root: Section
    structure: frozenset[int]
    header: Sources
    """The `#` lines."""
    open_sections: tuple[Section, ...]
    inside_quote: SourceLine | None
    """The line whose quoted value never ends."""


def tokens(text: str) -> tuple[str, ...] | None:
    """Splits a statement into words without their quotes; None when a quote stays open.

    >>> tokens('set member "a b" c')
    ('set', 'member', 'a b', 'c')
    """
    if "'" not in text and "\\" not in text:
        if '"' not in text:
            return tuple(text.split())
        outside, *others = text.split('"')
        words = outside.split()
        for quoted, outside in zip(others[::2], others[1::2], strict=False):
            words.append(quoted)
            words += outside.split()
        return None if len(others) % 2 else tuple(words)
    words = []
    position = 0
    for match in _TOKEN.finditer(text):
        if text[position : match.start()].strip():
            return None
        position = match.end()
        word = match.group(match.lastindex or 0)
        words.append(_ESCAPE.sub(r"\1", word) if "\\" in word else word)
    return None if text[position:].strip() else tuple(words)


def parse(lines: Sources) -> Tree:
    """Builds the tree in one pass over the lines. Never fails: what has no place is `garbage` of the section around it."""
    return _Parser().run(lines)


class _Parser:
    """One pass with an explicit stack, so that hostile nesting cannot exhaust Python's own."""

    def __init__(self) -> None:
        self.root = Section("", [])
        self.stack = [self.root]
        self.structure: set[int] = set()
        self.header: list[SourceLine] = []
        self.after_secret = False
        self.moved: list[Section] = []

    def run(self, lines: Sources) -> Tree:
        total = len(lines)
        index = 0
        unterminated: SourceLine | None = None
        known: dict[str, tuple[str, ...]] = {}  # most lines of a long table are like many others
        while index < total:
            line = lines[index]
            text = line.text.strip()
            index += 1
            if not text or text[0] == "#":
                self.structure.add(line.number)
                if text and len(self.stack) == 1:
                    self.header.append(line)
                continue
            words = known.get(text) or tokens(text)
            if words is not None:
                known[text] = words
                self._statement(words, line)
                continue
            if text.split(None, 1)[0] not in ("set", "append"):
                self._misplaced(line, text)
                continue
            end = _end_of_quoted(lines, index, text)
            if end is None:
                unterminated = line
                self.stack[-1].garbage += lines[index - 1 :]
                break
            self._quoted(lines[index - 1 : end])
            index = end
        for section in self.moved:
            section.entries = _in_moved_order(section.entries, section.moves)
        return Tree(self.root, frozenset(self.structure), tuple(self.header), tuple(self.stack[1:]), unterminated)

    def _quoted(self, lines: Sources) -> None:
        """A value over several lines: kept whole as the last word of its setting."""
        words = tokens("\n".join(line.text.strip() for line in lines))
        if words is None:
            # A masked secret took the closing quote with it; what is before the quote still counts.
            words = (*(tokens(lines[0].text.strip().split('"', 1)[0]) or ("set", "?")), MASK)
        self._setting(words, tuple(lines))

    def _statement(self, words: tuple[str, ...], line: SourceLine) -> None:
        keyword = words[0]
        if keyword == "set" or keyword == "append":
            self._setting(words, (line,))
        elif keyword == "unset" and len(words) == 2:
            self._unset(words[1], line)
        elif keyword == "edit" and len(words) == 2:
            self._edit(words[1], line)
        elif keyword == "next" and len(words) == 1 and self.stack[-1].is_entry:
            self.stack.pop()
            self.structure.add(line.number)
        elif keyword == "end" and len(words) == 1 and len(self.stack) > 1:
            self._end(line)
        elif keyword == "config" and len(words) > 1:
            self._config(" ".join(words[1:]), line)
        elif keyword == "move" and len(words) == 4 and words[2] in ("before", "after"):
            self._move(words[1], words[3], line, after=words[2] == "after")
        elif keyword in _EDITS and not self._edited(words, line):
            self.stack[-1].garbage.append(line)
        elif keyword not in _EDITS:
            self._misplaced(line, line.text.strip())

    def _misplaced(self, line: SourceLine, text: str) -> None:
        section = self.stack[-1]
        if self.after_secret and text.split(None, 1)[0] not in _STATEMENTS and _looks_encoded(text):
            # The rest of a key whose first line was masked together with its opening quote.
            self.structure.add(line.number)
            return
        section.garbage.append(line)

    def _setting(self, words: tuple[str, ...], lines: Sources) -> None:
        section = self.stack[-1]
        if len(words) < 2 or section is self.root:
            section.garbage += lines
            return
        name = words[1]
        old = section.settings.get(name)
        values = words[2:]
        if words[0] == "append":
            values = (*(old.values if old else ()), *values)
            lines = (*(old.lines if old else ()), *lines)
        elif old is not None and name not in section.inherited:
            section.garbage += old.lines
        section.inherited.discard(name)
        section.settings[name] = Setting(name, values, lines)
        self.after_secret = bool(values) and MASK in values[-1]

    def _unset(self, name: str, line: SourceLine) -> None:
        section = self.stack[-1]
        if section is self.root:
            section.garbage.append(line)
            return
        old = section.settings.pop(name, None)
        before = section.unset.get(name)
        lines = (*(before.lines if before else ()), *(old.lines if old else ()), line)
        section.unset[name] = Setting(name, (), lines)

    def _edit(self, key: str, line: SourceLine) -> None:
        if self.stack[-1].is_entry:
            self.stack.pop()
        table = self.stack[-1]
        if table is self.root:
            table.garbage.append(line)
            return
        self._open(table.entries, key, line, is_entry=True)

    def _move(self, name: str, other: str, line: SourceLine, *, after: bool) -> None:
        """`move 12 before 3` in a table, as scripts have it; a device never prints it."""
        table = self.stack[-1]
        if table.is_entry or name == other or name not in table.entries or other not in table.entries:
            table.garbage.append(line)
            return
        if not table.moves:
            self.moved.append(table)
        table.moves.append((name, other, after))
        table.lines.append(line)

    def _edited(self, words: tuple[str, ...], line: SourceLine) -> bool:
        """Carries out `delete A`, `rename A to B`, `clone A to B` in a table; False where that cannot be done."""
        table = self.stack[-1]
        if words[0] == "delete":
            return len(words) == 2 and edits.delete(table, words[1], line)
        if len(words) != 4 or words[2] != "to":
            return False
        change = edits.rename if words[0] == "rename" else edits.clone
        return change(table, words[1], words[3], line)

    def _config(self, path: str, line: SourceLine) -> None:
        self._open(self.stack[-1].sections, path, line, is_entry=False)

    def _open(self, siblings: dict[str, Section], name: str, line: SourceLine, *, is_entry: bool) -> None:
        section = siblings.get(name)
        if section is None:
            section = siblings[name] = Section(name, [], is_entry)
        section.lines.append(line)
        self.stack.append(section)
        self.after_secret = False

    def _end(self, line: SourceLine) -> None:
        """Closes the innermost `config`, and the entry that is still open in it (VDOM files do that, FO-04)."""
        if self.stack[-1].is_entry:
            self.stack.pop()
        self.stack.pop()
        self.structure.add(line.number)
        self.after_secret = False


def _in_moved_order(entries: dict[str, Section], moves: Sequence[tuple[str, str, bool]]) -> dict[str, Section]:
    """The entries after all moves, by a chain of neighbours, so that many moves in a long table cost no more than its length.

    That an entry stands later in the file than a move changes nothing: it is behind all that was moved.
    """
    names = list(entries)
    following: dict[str | None, str | None] = dict(zip([None, *names], [*names, None], strict=True))
    preceding: dict[str | None, str | None] = {after: before for before, after in following.items()}
    for name, other, after in moves:
        before, behind = preceding[name], following[name]
        following[before], preceding[behind] = behind, before
        left = other if after else preceding[other]
        right = following[left]
        following[left] = preceding[right] = name
        preceding[name], following[name] = left, right
    result: dict[str, Section] = {}
    current = following[None]
    while current is not None:
        result[current] = entries[current]
        current = following[current]
    return result


def _end_of_quoted(lines: Sources, index: int, first: str) -> int | None:
    """The index after the line that closes the quote opened in `first`, or None when none does."""
    quote = _open_quote(first)
    masked = MASK in first
    for position in range(index, len(lines)):
        text = lines[position].text
        if masked and text.strip().split(None, 1)[:1] and text.split(None, 1)[0] in _STATEMENTS:
            return position
        if quote in text and _closes(text, quote):
            return position + 1
        masked = masked or MASK in text
    return None


def _open_quote(text: str) -> str:
    """Which quote is open at the end of the text."""
    position = 0
    for match in _TOKEN.finditer(text):
        if match.start() > position and text[position : match.start()].strip():
            break
        position = match.end()
    rest = text[position:].strip()
    return rest[0] if rest[:1] in ("'", '"') else '"'


def _closes(text: str, quote: str) -> bool:
    """Whether the text holds the quote without a backslash before it."""
    escaped = False
    for character in text:
        if character == quote and not escaped:
            return True
        escaped = character == "\\" and not escaped
    return False


def _looks_encoded(text: str) -> bool:
    return text.startswith(("-----", MASK)) or " " not in text
