"""The one tree that the three forms of a configuration become (PA-01), with the lines of every node.

`<rules><entry name="web"><from><member>trust</member>`, `set ... rules web from trust` and `rules { web { from trust; } }` are the same path
of names: an entry, a member and a value are nodes like any other word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secaudit.text.source import SourceLine, Sources

DEEPEST = 64
"""How deep nodes may be nested; PAN-OS itself stays below 25."""
SHOWN_LINES = 20
"""How many lines at most are kept as evidence of one fact."""


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """One name of the tree. `line` is where it stands first; `unknown` are lines below it that nobody understood."""

    name: str
    line: SourceLine
    children: dict[str, Node] = field(default_factory=dict)
    further: list[SourceLine] = field(default_factory=list)
    repeated: bool = False
    """An entry that stands there twice, which no device prints."""
    unknown: list[SourceLine] = field(default_factory=list)

    def child(self, *path: str) -> Node | None:
        """The node at the end of a path below this one."""
        node: Node | None = self
        for name in path:
            node = None if node is None else node.children.get(name)
        return node

    def entries(self, *path: str) -> Iterable[Node]:
        """The nodes below a path, in their order."""
        node = self.child(*path)
        return () if node is None else node.children.values()

    def names(self, *path: str) -> tuple[str, ...]:
        """The names below a path: the members of a list."""
        node = self.child(*path)
        return () if node is None else tuple(node.children)

    def value(self, *path: str, default: str = "") -> str:
        """The value of a setting; the last one where there are several."""
        node = self.child(*path)
        return next(reversed(node.children), default) if node is not None else default

    def yes(self, *path: str) -> bool:
        """Whether a setting is `yes`."""
        return self.value(*path) == "yes"

    def below(self) -> Iterator[Node]:
        """This node and all below it, in their order; iterative, because the depth is the file's choice, and a step at a time, because many stop early."""
        levels: list[Iterator[Node]] = [iter((self,))]
        while levels:
            node = next(levels[-1], None)
            if node is None:
                levels.pop()
                continue
            yield node
            if node.children:
                levels.append(iter(node.children.values()))

    def sources(self, *settings: str) -> Sources:
        """The lines of this node and of some settings below it (none given: of everything), `SHOWN_LINES` at most."""
        found: dict[int, SourceLine] = {self.line.number: self.line}
        wanted = [self] if not settings else [one for name in settings if (one := self.children.get(name)) is not None]
        for top in wanted:
            for node in top.below():
                found.setdefault(node.line.number, node.line)
                if len(found) >= SHOWN_LINES:
                    return tuple(found.values())
        return tuple(found.values())


def joined(lines: Iterable[SourceLine]) -> Sources:
    """Lines without repetition, `SHOWN_LINES` at most."""
    found: dict[int, SourceLine] = {}
    for line in lines:
        found.setdefault(line.number, line)
        if len(found) >= SHOWN_LINES:
            break
    return tuple(found.values())


@dataclass(slots=True)
class Document:
    """What a text became: the tree, the lines that are pure structure, those that are no statement, and where it ends too early."""

    root: Node
    structure: set[int] = field(default_factory=set)
    garbage: list[SourceLine] = field(default_factory=list)
    truncated: Sources = ()
    version: str = ""
    """The release that the XML form names."""
    merged: bool = False
    """Whether it says of its parts that Panorama pushed them."""
    repeated: list[tuple[str, SourceLine]] = field(default_factory=list)
    """Entries that stand there twice: what holds them, and the later line."""
    moved: list[SourceLine] = field(default_factory=list)
    """Lines that change the order of rules."""
    open_end: bool = False
    """It has the `set` form only, in which nothing shows whether the end is there."""
