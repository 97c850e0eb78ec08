"""The curly form (`show` in configuration mode): `name { ... }`, `name value;`, `name [ a b ];`.

Terminals cut long values in the middle, so a statement goes on until its semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine
from secaudit.vendors.panos.tree import DEEPEST, Document, Node

BEGIN = re.compile(r"\s*(?:config|mgt-config|deviceconfig|shared|devices|network|vsys|rulebase)\s*\{\s*$")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{};\[\]]|[^\s{};\[\]"]+|"')


def parse(lines: Sequence[SourceLine]) -> tuple[list[Document], Sequence[SourceLine]]:
    """The configurations in a text, and the lines behind the last one. Never raises."""
    documents: list[Document] = []
    position = 0
    behind: Sequence[SourceLine] = lines
    while position < len(lines):
        if not BEGIN.match(lines[position].text):
            position += 1
            continue
        reader = _Reader(lines, position)
        documents.append(reader.read())
        position = reader.position
        behind = lines[position:]
    return documents, behind


_MARKS = frozenset("{};[]")
_MOST_LINES_OF_A_VALUE = 2000


class _Reader:
    """Reads one configuration from a line on, until its braces are closed."""

    def __init__(self, lines: Sequence[SourceLine], position: int) -> None:
        self.lines = lines
        self.position = position
        self.document = Document(Node("config", lines[position]))
        self.stack = [self.document.root]
        self.words: list[tuple[str, SourceLine]] = []
        self.group: list[tuple[str, SourceLine]] | None = None

    def read(self) -> Document:
        """Top-level statements until something stands there that is none."""
        while self.position < len(self.lines):
            line = self.lines[self.position]
            if len(self.stack) == 1 and not self.words and (self._is_whole(line.text) or not self._begins(line.text)):
                break
            self.position += 1
            self._line(line)
        if len(self.stack) > 1 or self.words:
            self.document.truncated = (self.stack[-1].line, self.lines[self.position - 1])
            self._statement()
        wrapped = self.document.root.children.get("config")
        if wrapped is not None and len(self.document.root.children) == 1:
            self.document.root = wrapped
        return self.document

    def _is_whole(self, text: str) -> bool:
        """Whether what comes is another configuration: this one is closed, or has this part already."""
        known = self.document.root.children
        return "config" in known or (BEGIN.match(text) is not None and text.split("{")[0].strip() in known)

    @staticmethod
    def _begins(text: str) -> bool:
        stripped = text.strip()
        return not stripped or stripped.endswith(("{", "}", ";"))

    def _line(self, line: SourceLine) -> None:
        text = line.text
        if text.count('"') % 2 and '\\"' not in text:
            text += self._quoted_on(line)
        parts = _TOKEN.findall(text)
        if _MARKS.issuperset(parts):
            self.document.structure.add(line.number)
        if parts and self.words and parts[0] not in _MARKS:
            self._wrapped(parts.pop(0), line)
        for part in parts:
            self._part(part, line)
        if parts and MASK in line.text and line.text.rstrip().endswith(MASK):
            self._statement()  # the mask took the semicolon

    def _quoted_on(self, line: SourceLine) -> str:
        """The rest of a quoted value that goes on in the lines below; nothing when it does not end."""
        for index in range(self.position, min(self.position + _MOST_LINES_OF_A_VALUE, len(self.lines))):
            if self.lines[index].text.rstrip().endswith(("{", "}")):
                break  # the quote is one of the text (an inch): a block is never a part of a value
            if self.lines[index].text.count('"') % 2:
                taken = self.lines[self.position : index + 1]
                self.document.structure.update(one.number for one in taken)
                self.position = index + 1
                return " " + " ".join(one.text for one in taken)
        self.document.garbage.append(line)
        return ""

    def _wrapped(self, part: str, line: SourceLine) -> None:
        """A terminal cut a value: the piece belongs to what stands before. Where a list was cut, nobody knows whether between two members."""
        self.document.structure.add(line.number)
        if self.group is not None or len(self.words) < 2:
            self.document.garbage.append(line)
            self._part(part, line)
            return
        value, first = self.words[-1]
        self.words[-1] = (value + part, first)

    def _part(self, part: str, line: SourceLine) -> None:
        if part == "{":
            self._open(line)
        elif part == "}":
            self._statement()
            if len(self.stack) > 1:
                self.stack.pop()
            else:
                self.document.garbage.append(line)
        elif part == ";":
            self._statement()
        elif part == "[" and self.words:
            self.group = []
        elif part == "]" and self.group is not None:
            self.words.append(("]", line))
        else:
            word = part[1:-1] if len(part) > 1 and part[0] == '"' else part
            (self.words if self.group is None else self.group).append((word, line))

    def _open(self, line: SourceLine) -> None:
        names = self.words or [("", line)]
        self.words, self.group = [], None
        if len(self.stack) >= DEEPEST or len(names) > 1:
            self.document.garbage.append(line)
        name, first = names[0]
        parent = self.stack[-1]
        node = parent.children.get(name)
        if node is None:
            node = parent.children[name] = Node(name, first)
        else:
            node.further.append(first)
            node.repeated = True
            self.document.repeated.append((parent.name, first))
        if len(self.stack) >= DEEPEST:
            node = Node("", line)  # no part of the tree
        self.stack.append(node)

    def _statement(self) -> None:
        words, group = self.words, self.group
        self.words, self.group = [], None
        if not words:
            return
        node = self.stack[-1]
        (name, line), *rest = [one for one in words if one[0] != "]" or group is None]
        found = node.children.get(name)
        if found is None:
            found = node.children[name] = Node(name, line)
        else:
            found.further.append(line)
        for value, where in (*rest, *(group or ())):
            found.children.setdefault(value, Node(value, where))
