"""Configuration text as a tree of lines: indentation, comments, and text blocks such as banners."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from secaudit.text.source import SourceLine

_BANNER_LINES = 500
_UNCLOSED_BANNERS = 20


@dataclass(slots=True)
class Node:
    """One line and the lines indented below it.

    `words` are as written, `keys` in lower case for comparing keywords (names are case-sensitive, keywords are not).
    """

    line: SourceLine
    words: tuple[str, ...]
    keys: tuple[str, ...]
    children: Sequence[Node] = ()

    def append(self, child: Node) -> None:
        """Adds a line below. Most lines have none, so the list is made only when it is needed."""
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]

    def below(self) -> Iterator[Node]:
        """Every line below this one; iterative, because the depth is the file's choice."""
        stack = list(reversed(self.children))
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


Delimiter = Callable[[Node], str | None]
"""The delimiter of a text block (a banner) that goes on in the lines below a line; None when there is none or it ends on that line."""


@dataclass(slots=True)
class LineTree:
    """Top-level lines in order; `structure` are comments, blank lines, banner text and block ends (line numbers)."""

    roots: list[Node] = field(default_factory=list)
    structure: set[int] = field(default_factory=set)
    comments: list[SourceLine] = field(default_factory=list)
    unclosed: list[SourceLine] = field(default_factory=list)
    """Banners whose end was not found: what follows could be their text."""
    ended: bool = False
    """Whether the last thing in the part is `end`, as the device prints it."""


def split_at_end(lines: Sequence[SourceLine]) -> list[Sequence[SourceLine]]:
    """Cuts a file into parts at each `end`, because several devices can be pasted into one file.

    Parts that hold no command are joined to the one before.
    """
    parts: list[Sequence[SourceLine]] = []
    start = 0
    for index, line in enumerate(lines):
        if line.text.rstrip() == "end":
            parts.append(lines[start : index + 1])
            start = index + 1
    tail = lines[start:]
    if parts and all(not line.text.strip() or line.text.lstrip().startswith("!") for line in tail):
        last = parts.pop()
        parts.append([*last, *tail])
    else:
        parts.append(tail)
    return parts


def read_tree(lines: Sequence[SourceLine], delimiter_of: Delimiter | None = None, comment: str = "!") -> LineTree:
    """Builds the tree in one pass. Never raises. `comment` are the characters that begin a comment line."""
    tree = LineTree()
    stack: list[tuple[int, Node]] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        text = line.text.expandtabs() if "\t" in line.text else line.text
        stripped = text.strip()
        if not stripped or stripped[0] in comment:
            tree.structure.add(line.number)
            if stripped:
                tree.comments.append(line)
            continue
        words = tuple(stripped.split())
        lower = stripped.lower()
        node = Node(line, words, words if lower == stripped else tuple(lower.split()))
        indent = text.index(stripped[0])
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if stack:
            stack[-1][1].append(node)
        else:
            tree.roots.append(node)
            tree.ended = node.keys == ("end",)
        stack.append((indent, node))
        delimiter = None if delimiter_of is None else delimiter_of(node)
        if delimiter is not None:
            position = _skip_text(tree, lines, position, line, delimiter, delimiter_of)
    return tree


def _skip_text(
    tree: LineTree,
    lines: Sequence[SourceLine],
    position: int,
    opening: SourceLine,
    delimiter: str,
    delimiter_of: Delimiter | None,
) -> int:
    """Takes the lines up to the closing delimiter as text; when it is not found nothing is skipped.

    A device writes nothing behind the closing delimiter. Where something stands there, or the line opens a text block of its own, the
    delimiter of this one was lost, and the lines between may be configuration.
    """
    if len(tree.unclosed) < _UNCLOSED_BANNERS:
        for index in range(position, min(position + _BANNER_LINES, len(lines))):
            if delimiter in lines[index].text:
                if lines[index].text.partition(delimiter)[2].strip() or _opens(lines[index], delimiter_of):
                    break
                tree.structure.update(line.number for line in lines[position : index + 1])
                return index + 1
    tree.unclosed.append(opening)
    return position


def _opens(line: SourceLine, delimiter_of: Delimiter | None) -> bool:
    words = tuple(line.text.split())
    if delimiter_of is None or not words:
        return False
    return delimiter_of(Node(line, words, tuple(word.lower() for word in words))) is not None
