"""JSON with positions: every value knows the line it stands on, so that what is read from it has its evidence.

A token of JSON never goes over the end of a line (RFC 8259: a string holds no raw line break), so the text is read line by line. Nothing
recurses and every character is looked at once; depth is bounded. Several documents may follow each other (`cat *.json`), and what
stands around them (the command that was typed) is told apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources

DEEPEST = 100
"""Levels of brackets that are read; the documents meant here have about ten."""
_LONG_LINE = 400
_SHOWN = 200
_BEFORE = 40

_TOKEN = re.compile(r'[ \t\r]+|"(?:[^"\\]|\\.)*+"|[{}\[\]:,]|[^\s"{}\[\]:,]++')
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(slots=True)
class Item:
    """One value: a scalar, a list of items or an object of items, where it begins (line index, column) and the index of the line on which it ends."""

    value: str | int | float | bool | list[Item] | dict[str, Item] | None
    line: int
    column: int
    end: int

    def get(self, key: str) -> Item | None:
        """A member of an object; None for anything else."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    @property
    def items(self) -> list[Item]:
        """The elements of a list, or nothing."""
        return self.value if isinstance(self.value, list) else []

    @property
    def members(self) -> dict[str, Item]:
        """The members of an object, or nothing."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def text(self) -> str | None:
        """The value of a string."""
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> int | None:
        """A whole number."""
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None


@dataclass(slots=True)
class JsonDocument:
    """The documents of one text. `around` are lines outside of them, `broken` where reading had to stop (None: nowhere), `twice` keys that
    an object has a second time (the last one counts, as nearly everybody reads it)."""

    lines: Sequence[SourceLine]
    roots: list[Item] = field(default_factory=list)
    around: list[int] = field(default_factory=list)
    broken: int | None = None
    twice: list[int] = field(default_factory=list)

    def source(self, item: Item) -> SourceLine:
        """The line of a value; of a very long line (everything on one line) what stands around the value."""
        line = self.lines[item.line]
        if len(line.text) <= _LONG_LINE:
            return line
        start = max(0, item.column - _BEFORE)
        piece = line.text[start : start + _SHOWN]
        return SourceLine(line.file, line.number, ("… " if start else "") + piece + " …")

    def sources(self, *items: Item | None) -> Sources:
        """The lines of several values, each once."""
        return tuple(dict.fromkeys(self.source(one) for one in items if one is not None))


class _BrokenError(Exception):
    """What is read is no JSON from here on."""


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet. `key` waits for its value; `expects` is what may come: a value, a key, a colon, or a comma."""

    item: Item
    key: str | None = None
    expects: str = "first"


def read_json(lines: Sequence[SourceLine]) -> JsonDocument:
    """Reads every document of a text. Never raises; what was read before a mistake is kept, with its brackets closed there."""
    document = JsonDocument(lines)
    stack: list[_Open] = []
    for index, line in enumerate(lines):
        text = line.text
        if not stack:
            start = text.lstrip(" \t\ufeff")[:1]
            if start not in ("{", "["):
                document.around.append(index)
                continue
        try:
            for token, column in _tokens(text):
                _take(document, stack, token, index, column)
        except _BrokenError:
            document.broken = index
            break
    if stack and document.broken is None:
        document.broken = max(0, len(lines) - 1)
    for one in stack:
        one.item.end = len(lines) - 1 if document.broken is None else document.broken
    return document


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    position = len(text) - len(text.lstrip("\ufeff"))
    match = _TOKEN.match
    end = len(text)
    while position < end:
        found = match(text, position)
        if found is None:
            raise _BrokenError
        token = found[0]
        if token[0] not in " \t\r":
            yield token, position
        position = found.end()


def _take(document: JsonDocument, stack: list[_Open], token: str, line: int, column: int) -> None:
    first = token[0]
    if first in "}]":
        _close(stack, first, line)
        return
    if first == ",":
        if not stack or stack[-1].expects != "comma":
            raise _BrokenError
        stack[-1].expects = "key" if isinstance(stack[-1].item.value, dict) else "value"
        return
    if first == ":":
        if not stack or stack[-1].expects != "colon":
            raise _BrokenError
        stack[-1].expects = "value"
        return
    if stack and first == '"' and isinstance(stack[-1].item.value, dict) and stack[-1].expects in ("first", "key"):
        stack[-1].key = _string(token)
        stack[-1].expects = "colon"
        return
    item = Item(_scalar(token), line, column, line)
    if first == "{":
        item.value = {}
    elif first == "[":
        item.value = []
    _put(document, stack, item)
    if first in "{[":
        if len(stack) >= DEEPEST:
            raise _BrokenError
        stack.append(_Open(item))


def _put(document: JsonDocument, stack: list[_Open], item: Item) -> None:
    if not stack:
        if not isinstance(item.value, dict | list):
            raise _BrokenError
        document.roots.append(item)
        return
    top = stack[-1]
    container = top.item.value
    if isinstance(container, dict):
        if top.expects != "value" or top.key is None:
            raise _BrokenError
        if top.key in container:
            document.twice.append(item.line)
        container[top.key] = item
        top.key = None
    elif isinstance(container, list):
        if top.expects not in ("first", "value"):
            raise _BrokenError
        container.append(item)
    top.expects = "comma"


def _close(stack: list[_Open], bracket: str, line: int) -> None:
    if not stack or isinstance(stack[-1].item.value, dict) != (bracket == "}"):
        raise _BrokenError
    if stack[-1].expects not in ("first", "comma"):
        raise _BrokenError
    stack.pop().item.end = line


def _scalar(token: str) -> str | int | float | bool | None:
    first = token[0]
    if first in "{[":
        return None
    if first == '"':
        return _string(token)
    if MASK in token:
        return MASK  # the value of a secret
    if token in _WORDS:
        return _WORDS[token]
    try:
        # Longer numbers are none of ours, and turning them into a number takes long.
        return int(token) if len(token) <= 40 else token
    except ValueError:
        pass
    try:
        return float(token)
    except ValueError:
        raise _BrokenError from None


def _string(token: str) -> str:
    if len(token) < 2 or token[-1] != '"':
        raise _BrokenError
    if "\\" not in token:
        return token[1:-1]
    try:
        found = json.loads(token)
    except ValueError:
        # An escape that JSON does not know, as masking or hands may leave: kept as it is written.
        return token[1:-1]
    return found if isinstance(found, str) else token[1:-1]
