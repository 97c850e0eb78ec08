"""Text to statements: the curly form, the `set` form, and the commands that change what was set before.

Curly form: `word word { ... }`, `word word;`, `[ list ]`, `"quoted"`, `/* */` and `#` comments, and the tags `inactive:`, `replace:`,
`delete:`, `protect:` in front of a statement (Juniper, "CLI User Guide": comments, deactivating, loading with `replace`). `set` form:
`set`, `delete`, `deactivate`, `activate`, `insert ... before|after ...`, with `edit`, `top` and `up` moving the place they start from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.text.source import SourceLine
from secaudit.vendors.juniper_srx.tree import Statement

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\];]|/\*|#.*|(?:(?!/\*)[^\s{}\[\];"])+')
_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\S+')
_PROMPT = re.compile(
    r"\{[a-z]+(?::node\d{1,2})?\}(?:\[edit[^\]]{0,200}\])?$|\[edit[^\]]{0,200}\]$|\S{1,64}@\S{1,64}[>#%]"
)
_NEW_DEVICE = re.compile(r"## Last (?:commit|changed)")
_TAGS = frozenset(("inactive:", "replace:", "delete:", "protect:", "active:", "unprotect:"))
_CHANGES = frozenset(("set", "delete", "deactivate", "activate", "insert", "edit", "top", "up"))
_HARMLESS = frozenset(
    ("exit", "quit", "commit", "show", "run", "configure", "status", "annotate", "protect", "unprotect")
)
_NOT_FOLLOWED = frozenset(("rename", "copy", "replace", "wildcard", "load", "rollback"))
_COMMANDS = _CHANGES | _HARMLESS | _NOT_FOLLOWED
_NEEDING_A_VALUE = frozenset(
    (
        "address", "address-set", "application", "application-set", "bind-interface", "default-policy", "family", "filter", "from-zone",
        "host-inbound-traffic", "interface", "interface-mode", "interfaces", "logical-systems", "members", "mode", "next-hop", "policies", "policy",
        "policy-options", "protocols", "route", "routing-instances", "routing-options", "security", "security-zone", "static", "system-services",
        "tenants", "term", "to-zone", "unit", "vlan-id", "zones",
    )
)  # fmt: skip
"""Words that stand at the end of no whole statement."""
_NAMING = frozenset(
    ("address", "address-set", "apply-macro", "application", "application-set", "class", "community", "description", "filter", "group", "groups", "host-name", "next", "policy", "pool", "prefix-list", "rule", "rule-set", "security-zone", "source-nat", "term", "user", "zone")
)  # fmt: skip
"""Behind these such a word is a name (and `source-nat interface` and `next term` are whole)."""
_LONGEST_QUOTE = 300
_MOST_MOVES = 2_000_000
"""Elements passed by all `insert` commands together."""
_DEEPEST = 200
"""Blocks inside blocks; the deepest hierarchy of Junos has about 20."""


@dataclass(slots=True)
class Part:
    """The configuration of one device (with its logical systems) in a text.

    `structure` are the numbers of lines that are no statement (comments, closing braces, prompts) or that a later command took back;
    `garbage` lines that are no statement of the language; `cut` the lines where text is missing.
    """

    root: Statement = field(default_factory=lambda: Statement(""))
    structure: set[int] = field(default_factory=set)
    garbage: list[SourceLine] = field(default_factory=list)
    cut: list[SourceLine] = field(default_factory=list)
    comments: list[SourceLine] = field(default_factory=list)
    lines: list[SourceLine] = field(default_factory=list)
    deactivates: bool = False
    """Whether anything is deactivated."""


def parse(lines: Sequence[SourceLine]) -> list[Part]:
    """Every device of a text, in one pass. Never raises."""
    return _Parser(lines).run()


class _Parser:
    """The state while reading: the open blocks, and the words of the statement that is not finished."""

    def __init__(self, lines: Sequence[SourceLine]) -> None:
        self.lines = lines
        self.parts = [Part()]
        self.part = self.parts[0]
        self.open: list[Statement] = []
        self.words: list[str] = []
        self.heads: list[SourceLine] = []
        self.elements: list[str] | None = None
        self.comment = False
        self.place: list[str] = []
        self.order = 0
        self.moves = 0

    def run(self) -> list[Part]:
        position = 0
        while position < len(self.lines):
            line = self.lines[position]
            text = line.text.strip()
            if _NEW_DEVICE.match(text) and not self.comment:
                self._next_part(line)
            self.part.lines.append(line)
            position += 1
            if self.comment:
                self.part.structure.add(line.number)
                end = text.find("*/")
                if end < 0:
                    continue
                self.comment = False
                text = text[end + 2 :].strip()
            if not text:
                self.part.structure.add(line.number)
            elif not self.open and not self.words and self._is_command(text, line):
                continue
            else:
                position = self._curly(line, text, position)
        self._finish()
        return self.parts

    # --- parts ------------------------------------------------------------------------------------------------

    def _next_part(self, line: SourceLine) -> None:
        """A header begins the next device, when there was one before."""
        if self.part.root.children or self.open or self.words:
            self._finish()
            self.part = Part()
            self.parts.append(self.part)
            self.open, self.words, self.heads, self.elements, self.place = [], [], [], None, []

    def _finish(self) -> None:
        self._drop_words()
        if self.open or self.comment:
            self.part.cut.extend(self.part.lines[-1:])

    def _drop_words(self) -> None:
        """Words that no `;` or `{` ends are no statement."""
        if self.words or self.elements is not None:
            self.part.garbage.extend(self.heads)
            if self.open:
                self.part.cut.extend(self.heads[:1])
        self.words, self.heads, self.elements = [], [], None

    # --- the set form -----------------------------------------------------------------------------------------

    def _is_command(self, text: str, line: SourceLine) -> bool:
        """Takes a line of the `set` form, a prompt or a comment."""
        first = text.split(None, 1)[0]
        if first not in _COMMANDS or text.endswith(("{", ";")):
            if text[0] in "#{[" or "@" in first:
                return self._is_remark(text, line)
            return False
        words = split_words(text)
        if first in _HARMLESS:
            self.part.structure.add(line.number)
            if first in ("exit", "quit"):
                self.place = []
        elif first in _NOT_FOLLOWED or (first != "top" and first != "up" and len(words) < 2):
            self.part.garbage.append(line)
        else:
            self._command(first, words[1:], line)
        return True

    def _is_remark(self, text: str, line: SourceLine) -> bool:
        prompt = _PROMPT.match(text)
        if text[0] != "#" and prompt is None:
            return False
        typed = "" if prompt is None else text[prompt.end() :].strip()
        if typed and typed.split(None, 1)[0] in _COMMANDS:
            return self._is_command(typed, line)
        if typed and prompt is not None and prompt.group().endswith("#") and not typed.startswith("#"):
            self.part.garbage.append(line)  # a command of configuration mode that nobody knows
            return True
        self.part.structure.add(line.number)
        self.part.comments.append(line)
        return True

    def _command(self, name: str, words: list[str], line: SourceLine) -> None:
        match name:
            case "set":
                if self.place or words[0] == "version":
                    words = self._with_place(words, line)
                self._set(words, line)
            case "edit":
                if len(self.place) > _DEEPEST:
                    self.part.garbage.append(line)
                else:
                    self.place = [*self.place, *words]
                    self.part.structure.add(line.number)
            case "top" | "up":
                self._climb(name, words, line)
            case "delete":
                self._delete([*self.place, *words], line)
            case "insert":
                self._insert([*self.place, *words], line)
            case _:
                self._activate([*self.place, *words], line, active=name == "activate")

    def _with_place(self, words: list[str], line: SourceLine) -> list[str]:
        """A second `set version` begins the next device."""
        if words[0] == "version" and "version" in self.part.root.children:
            self.part.lines.pop()
            self._next_part(line)
            self.part.lines.append(line)
        return [*self.place, *words]

    def _set(self, words: list[str], line: SourceLine) -> None:
        if "[" in line.text and any(word.startswith("[") for word in words):
            start = next(index for index, word in enumerate(words) if word.startswith("["))
            elements = [one for word in words[start:] if (one := word.strip("[]"))]
            if "]" not in line.text:
                self.part.garbage.append(line)  # the rest of the list is missing
            self._descend(self.part.root, words[:start], elements, [line])
            return
        if words[-1] in _NEEDING_A_VALUE:
            self._report_missing(words, [line])
        self.order = order = self.order + 1
        node = self.part.root
        for word in words:
            child = node.children.get(word)
            if child is None:
                child = Statement(word)
                node.put(child)
            child.order = order
            node = child
        node.add_lines(line)

    def _report_missing(self, words: Sequence[str], lines: list[SourceLine]) -> None:
        """A statement that ends where its value should be: the rest of the line is missing."""
        before = words[-2] if len(words) > 1 else self.open[-1].word if self.open else ""
        if before not in _NAMING:
            self.part.garbage.extend(lines)

    def _climb(self, name: str, words: list[str], line: SourceLine) -> None:
        self.part.structure.add(line.number)
        if name == "top":
            self.place = []
            if len(words) > 1 and words[0] in _CHANGES and words[0] not in ("top", "up"):
                self._command(words[0], words[1:], line)
            return
        count = int(words[0]) if words and words[0].isascii() and words[0].isdigit() and len(words[0]) < 4 else 1
        self.place = self.place[: max(0, len(self.place) - count)]

    def _delete(self, words: list[str], line: SourceLine) -> None:
        self.part.structure.add(line.number)
        parent = self.part.root.get(*words[:-1])
        gone = None if parent is None else parent.children.pop(words[-1], None)
        if parent is not None and gone is not None:
            self.part.structure.update(one.number for one in gone.sources())
            if not parent.children:
                parent.use()

    def _activate(self, words: list[str], line: SourceLine, *, active: bool) -> None:
        found = self.part.root.get(*words)
        if found is None:
            # It may be about something that a group gives.
            self.part.garbage.append(line)
            return
        found.inactive = not active
        self.part.deactivates = True
        self.part.structure.add(line.number)

    def _insert(self, words: list[str], line: SourceLine) -> None:
        """`insert PATH before|after KEYWORD NAME` moves an element of an ordered list."""
        where = next((word for word in reversed(words[:-2]) if word in ("before", "after")), None)
        if where is None:
            self.part.garbage.append(line)
            return
        cut = len(words) - 1 - words[::-1].index(where)
        parent = self.part.root.get(*words[: cut - 1]) if cut > 1 else None
        moved, beside = words[cut - 1], words[-1]
        if parent is None or moved not in parent.children or beside not in parent.children or moved == beside:
            self.part.garbage.append(line)
            return
        self.moves += len(parent.children)
        if self.moves > _MOST_MOVES:
            self.part.garbage.append(line)
            return
        self.part.structure.add(line.number)
        order: dict[str, Statement] = {}
        for word, child in parent.children.items():
            if word == moved:
                continue
            if word == beside and where == "before":
                order[moved] = parent.children[moved]
            order[word] = child
            if word == beside and where == "after":
                order[moved] = parent.children[moved]
        parent.children = order

    # --- the curly form ---------------------------------------------------------------------------------------

    def _curly(self, line: SourceLine, text: str, position: int) -> int:
        """Takes the tokens of a line; a quoted value may go on in the next ones. Returns the position behind what was taken."""
        if not self.open and self.words:
            # Heads at the top are one line: what no brace followed is no statement.
            self._drop_words()
            if self._is_command(text, line):
                return position
        used = False
        while text:
            found = _TOKEN.search(text)
            if found is None:
                break
            piece = found.group()
            text = text[found.end() :]
            first = piece[0]
            if first == "#":
                self.part.comments.append(line)
                break
            if piece == "/*":
                end = text.find("*/")
                if end < 0:
                    self.comment = True
                    break
                text = text[end + 2 :]
                continue
            used = True
            if first == '"':
                piece, text, position = self._quoted(piece, text, position)
            self._token(piece, line, quoted=first == '"')
        if not used:
            self.part.structure.add(line.number)
        return position

    def _quoted(self, piece: str, text: str, position: int) -> tuple[str, str, int]:
        """The value of a quoted word, the text behind it and the next line; it may run over lines, as certificates do."""
        if len(piece) > 1 and piece.endswith('"'):
            return piece[1:-1], text, position
        for index in range(position, min(position + _LONGEST_QUOTE, len(self.lines))):
            before, quote, behind = self.lines[index].text.partition('"')
            if quote:
                taken = self.lines[position : index + 1]
                self.part.lines.extend(taken)
                self.part.structure.update(one.number for one in taken)
                return f"{piece[1:]} {before.strip()}", behind.strip(), index + 1
        return piece[1:], text, position

    def _token(self, piece: str, line: SourceLine, *, quoted: bool) -> None:
        if quoted or piece not in ("{", "}", "[", "]", ";"):
            if not self.heads or self.heads[-1] is not line:
                self.heads.append(line)
            (self.words if self.elements is None else self.elements).append(piece)
        elif piece == "{":
            self._open(line)
        elif piece == ";":
            self._statement(line)
        elif piece == "}":
            self._close(line)
        elif piece == "[":
            self.elements = []

    def _statement(self, line: SourceLine) -> None:
        if not self.words:
            self.part.structure.add(line.number)
            return
        words, heads, elements = self.words, self.heads, self.elements
        self.words, self.heads, self.elements = [], [], None
        if not self.open and words[0] == "version" and "version" in self.part.root.children:
            self.part.lines.pop()
            self._next_part(line)
            self.part.lines.append(line)
        if elements is None and words[-1] in _NEEDING_A_VALUE:
            self._report_missing(words, heads)
        self._tagged(words, elements, heads, block=False)

    def _open(self, line: SourceLine) -> None:
        words, heads = self.words, self.heads
        self.words, self.heads, self.elements = [], [], None
        if not words or len(self.open) >= _DEEPEST:
            self.part.garbage.append(line)
            self.open.append(Statement(""))
            return
        self.open.append(self._tagged(words, None, heads, block=True))

    def _tagged(
        self, words: list[str], elements: list[str] | None, heads: list[SourceLine], *, block: bool
    ) -> Statement:
        tags: set[str] = set()
        while len(words) > 1 and words[0] in _TAGS:
            tags.add(words[0])
            words = words[1:]
        base = self.open[-1] if self.open else self.part.root
        if "delete:" in tags or "replace:" in tags:
            parent = base.get(*words[:-1])
            gone = None if parent is None else parent.children.pop(words[-1], None)
            if gone is not None:
                self.part.structure.update(one.number for one in gone.sources())
        if "delete:" in tags:
            self.part.structure.update(one.number for one in heads)
            return Statement("")
        node = self._descend(base, words, elements, heads)
        if "inactive:" in tags:
            self.part.deactivates = True
            whole = node if block or len(words) < 3 else base.get(*words[:2])
            for one in (node.children[word] for word in elements) if elements and len(words) == 1 else (whole,):
                if one is not None:
                    one.inactive = True
        return node

    def _close(self, line: SourceLine) -> None:
        self._drop_words()
        if not self.open:
            self.part.garbage.append(line)
            self.part.cut.append(line)
            return
        self.open.pop()
        self.part.structure.add(line.number)

    def _descend(
        self, base: Statement, words: Sequence[str], elements: list[str] | None, lines: list[SourceLine]
    ) -> Statement:
        self.order = order = self.order + 1
        node = base
        for word in words:
            child = node.child(word)
            child.order = order
            node = child
        if not elements:
            node.add_lines(*lines)
            return node
        for word in elements:
            child = node.child(word)
            child.order = order
            child.add_lines(*lines)
        return node


def split_words(text: str) -> list[str]:
    """The words of a command. Quotes are taken off, a `##` comment at the end is left out.

    >>> split_words('set system host-name "a b" ## note')
    ['set', 'system', 'host-name', 'a b']
    """
    if '"' not in text and "#" not in text:
        return text.split()
    words = []
    for found in _QUOTED.finditer(text):
        word = found.group()
        if word.startswith("##"):
            break
        words.append(word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word)
    return words
