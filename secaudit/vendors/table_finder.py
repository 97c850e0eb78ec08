"""How captured routing tables are found in a text, whatever the vendor: a heading, rows until something else stands there, a prompt."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_commands import Typed, command_flaws, inside_texts, prints_every_table, text_flaw
from secaudit.vendors.table_lines import TableDraft

_LOOK_AHEAD = 3
"""So many lines that are not understood may stand in a row inside a table; where more do it is over, and what follows may be a configuration."""


def goes_on(lines: Sequence[SourceLine], index: int, rows: re.Pattern[str]) -> bool:
    """Whether a line that is not understood stands inside a table: one of the next lines is a row of it."""
    return any(rows.match(line.text) for line in lines[index + 1 : index + 1 + _LOOK_AHEAD])


class TableFinder(ABC):
    """Reads every table of one vendor in a text. A subclass says how headings and rows are written.

    `beginnings` are the characters with which a heading begins, `rows` what a line of a table looks like at least, `whole` the commands that
    print whole tables (its group `vrf` is the VRF they name), `bare_is_all` whether one that names none prints all of them, `both_families` whether one
    command prints both. `nameless` and `any_delimiter`: see `Typed` and `inside_texts`.
    """

    beginnings: ClassVar[frozenset[str]]
    rows: ClassVar[re.Pattern[str]]
    whole: ClassVar[re.Pattern[str]]
    bare_is_all: ClassVar[bool] = False
    both_families: ClassVar[bool] = False
    nameless: ClassVar[bool] = False
    any_delimiter: ClassVar[bool] = False

    def __init__(self, text: ConfigText) -> None:
        self.lines = text.lines
        self.typed = Typed(text, nameless=self.nameless)
        self.position = 0
        self.used: set[int] = set()
        self.tables: list[tuple[TableDraft, bool]] = []

    @abstractmethod
    def heading(self) -> tuple[TableDraft, int] | None:
        """The table that begins at `position`, and the index behind its heading; None when none does. Changes nothing."""

    @abstractmethod
    def begin(self, lines: Sequence[SourceLine]) -> None:
        """A table begins, with these lines of its heading."""

    @abstractmethod
    def row(self, draft: TableDraft, line: SourceLine) -> bool:
        """Takes a line of a table; False when it is not understood."""

    def close(self, draft: TableDraft) -> Sequence[TableDraft]:
        """The tables that were read when the last row was: one, unless the device prints both families in one."""
        return (draft,)

    def find(self) -> FoundTables:
        """Every table of the text."""
        beginnings = self.beginnings
        # Most files hold no table at all: their lines are asked once, in one go.
        for index in [number for number, line in enumerate(self.lines) if line.text[:1] in beginnings]:
            if index < self.position:
                continue  # inside the table before
            self.position = index
            begun = self.heading()
            if begun is not None:
                self._table(*begun)
        inside = inside_texts(self.lines, any_delimiter=self.any_delimiter) if self.tables else frozenset()
        for draft, _ in self.tables:
            if draft.heading[0].number in inside:
                draft.flaws.append(text_flaw(draft.heading))
        return FoundTables(tuple(draft.build(ended=ended) for draft, ended in self.tables), frozenset(self.used))

    def _table(self, draft: TableDraft, behind: int) -> None:
        command = self.typed.in_front(self.position, self.used)
        if command is not None:
            self.used.add(command.number)
        heading = self.lines[self.position : behind]
        self.used.update(line.number for line in heading)
        self.begin(heading)
        self.position = behind
        self._rows(draft)
        many = prints_every_table(command, self.whole, bare_is_all=self.bare_is_all)
        ended = (many and self._next_of(draft)) or self.typed.ended(self.position)
        for one in self.close(draft):
            one.flaws += command_flaws(
                command, self.whole, one, bare_is_all=self.bare_is_all, both_families=self.both_families
            )
            self.tables.append((one, ended))

    def _rows(self, draft: TableDraft) -> None:
        """Rows up to a prompt, the next heading, or what is no table; blank lines belong to it where rows follow them (a pager stood there)."""
        blank: list[SourceLine] = []
        while self.position < len(self.lines):
            line = self.lines[self.position]
            if self.typed.prompt(line) is not None or self._begins():
                break
            if not line.text.strip():
                blank.append(line)
                self.position += 1
                continue
            if not self.row(draft, line):
                if not (self.rows.match(line.text) or goes_on(self.lines, self.position, self.rows)):
                    if not blank:
                        draft.unread.append(line)
                    break
                draft.unread.append(line)
            self.used.update(one.number for one in (*blank, line))
            blank = []
            self.position += 1
        self.position -= len(blank)

    def _begins(self) -> bool:
        return self.lines[self.position].text[:1] in self.beginnings and self.heading() is not None

    def _next_of(self, draft: TableDraft) -> bool:
        """Whether the next line that is not blank begins the table of another VRF."""
        here = self.position
        while self.position < len(self.lines) and not self.lines[self.position].text.strip():
            if self.typed.prompt(self.lines[self.position]) is not None:
                break
            self.position += 1
        found = None
        if self.position < len(self.lines) and self.lines[self.position].text[:1] in self.beginnings:
            found = self.heading()
        self.position = here
        return found is not None and found[0].vrf != draft.vrf and found[0].family == draft.family
