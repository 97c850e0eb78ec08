"""The statements of a configuration as a tree of words: both forms of the text (SR-01) give the same tree.

`set interfaces ge-0/0/0 unit 0` and `interfaces { ge-0/0/0 { unit 0; } }` are the same path of five words. Where a name ends and
what it contains begins is not told by the text, so every word is a node of its own; the elements of a list `[ a b ]` are
children of the word before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources


class Mark(Enum):
    """What became of a statement."""

    USED = "used"
    IRRELEVANT = "irrelevant"
    UNREAD = "unread"


_NO_LINES: list[SourceLine] = []
_NOTHING: dict[str, Statement] = {}
"""What every statement has that has no lines or children of its own; never written to (most statements are values)."""


class Statement:
    """One word of a path. `lines` are those that end at it (a value, the head of a block); `order` tells which of several values
    was written last, and is below zero for what a group gave, which never replaces what is written out."""

    __slots__ = ("children", "inactive", "lines", "mark", "order", "reason", "word")

    def __init__(self, word: str, order: int = 0) -> None:
        self.word = word
        self.order = order
        self.children: dict[str, Statement] = _NOTHING
        self.lines: list[SourceLine] = _NO_LINES
        self.inactive = False
        self.mark: Mark | None = None
        self.reason: Text | None = None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.children.values())

    def get(self, *path: str) -> Statement | None:
        """The statement below this one at a path of words."""
        node: Statement | None = self
        for word in path:
            if node is None:
                return None
            node = node.children.get(word)
        return node

    def child(self, word: str, order: int = 0) -> Statement:
        """The statement below this one with a word, made when it is not there."""
        found = self.children.get(word)
        if found is None:
            found = Statement(word, order)
            self.put(found)
        return found

    def put(self, child: Statement) -> None:
        """Adds a statement below this one, in place of one with the same word."""
        if self.children is _NOTHING:
            self.children = {}
        self.children[child.word] = child

    def add_lines(self, *lines: SourceLine) -> None:
        """Lines that end at this statement."""
        if self.lines is _NO_LINES:
            self.lines = list(lines)
        else:
            self.lines.extend(lines)

    def has(self, *path: str) -> bool:
        """Whether there is a statement at a path; it counts as used."""
        found = self.get(*path)
        if found is None:
            return False
        found.use()
        return True

    def below(self, *path: str) -> tuple[Statement, ...]:
        """The children of the statement at a path, in their order."""
        found = self.get(*path)
        return () if found is None else tuple(found.children.values())

    def value(self, *path: str) -> str:
        """The value of a statement that has one: of several the last that was written. Empty when there is none. All count as used."""
        latest = self.latest(*path)
        return "" if latest is None else latest.word

    def latest(self, *path: str) -> Statement | None:
        """The value that counts, as a statement."""
        found = self.get(*path)
        if found is None:
            return None
        found.use()
        for child in found:
            child.use()
        return max(found, key=lambda child: child.order, default=None)

    def values(self, *path: str) -> tuple[str, ...]:
        """The values of a list; they count as used."""
        found = self.below(*path)
        for child in found:
            child.use()
        return tuple(child.word for child in found)

    def walk(self) -> Iterator[Statement]:
        """This statement and everything below it; iterative, because the depth is the file's choice."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            if node.children:
                stack.extend(reversed(node.children.values()))

    def sources(self) -> Sources:
        """Every line of this statement and below it, in file order."""
        found = {line.number: line for node in self.walk() for line in node.lines}
        return tuple(found[number] for number in sorted(found))

    def use(self) -> None:
        """This statement (not those below it) became part of the model."""
        if self.mark is None:
            self.mark = Mark.USED

    def use_all(self) -> None:
        """This statement and everything below it became part of the model."""
        for node in self.walk():
            node.use()

    def leave(self) -> None:
        """This statement and everything below it was not understood."""
        for node in self.walk():
            node.mark = Mark.UNREAD

    def forget(self) -> None:
        """Nobody looked at this statement after all: what is left like that becomes unread, with a doubt."""
        for node in self.walk():
            node.mark = None


def join(*groups: Sources) -> Sources:
    """Lines of several places, each once, in file order."""
    found = {line.number: line for group in groups for line in group}
    return tuple(found[number] for number in sorted(found))
