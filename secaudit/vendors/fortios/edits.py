"""Commands that change a table as a whole: `delete`, `rename`, `clone`. Scripts have them, a device never prints them.

Each tells whether it could be carried out; where it could not, what the table holds is not known, and its line counts as not understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secaudit.text.source import SourceLine

if TYPE_CHECKING:
    from secaudit.vendors.fortios.grammar import Section

MOST_EDITS = 500
"""Of one table: each looks at all of it."""
_MOST_COPIED = 2_000
"""Settings that one `clone` may copy."""
_DEEPEST = 6


def delete(table: Section, name: str, line: SourceLine) -> bool:
    """`delete NAME`: the entry is as if it had never been there; its lines are those of the table."""
    if not _possible(table, name):
        return False
    gone = table.entries.pop(name)
    table.lines += [*gone.all_lines(), line]
    return True


def rename(table: Section, name: str, to: str, line: SourceLine) -> bool:
    """`rename NAME to OTHER`: the entry keeps its place. What names it elsewhere the device changes as well, a file does not show it."""
    if not _possible(table, name) or to in table.entries:
        return False
    table.entries = {to if key == name else key: entry for key, entry in table.entries.items()}
    table.entries[to].name = to
    table.lines.append(line)
    return True


def clone(table: Section, name: str, to: str, line: SourceLine) -> bool:
    """`clone NAME to OTHER`: a copy at the end of the table."""
    if not _possible(table, name) or to in table.entries:
        return False
    copy = _Copier(line).of(table.entries[name], to, 0)
    if copy is None:
        return False
    table.entries[to] = copy
    return True


def _possible(table: Section, name: str) -> bool:
    """Moves are carried out at the end of the file, so after one of them the order in which an edit finds a table is not known yet."""
    table.edits += 1
    return not table.is_entry and name in table.entries and not table.moves and table.edits <= MOST_EDITS


class _Copier:
    """Copies one entry with everything below it; its evidence is what was copied and the line that says so."""

    def __init__(self, line: SourceLine) -> None:
        self._line = line
        self._copied = 0

    def of(self, section: Section, name: str, depth: int) -> Section | None:
        """The copy; None when it is too large to be a setting of people."""
        self._copied += 1 + len(section.settings)
        if depth > _DEEPEST or self._copied > _MOST_COPIED or section.garbage:
            return None
        copy = type(section)(name, [self._line, *section.lines], section.is_entry)
        copy.settings, copy.unset, copy.inherited = dict(section.settings), dict(section.unset), set(section.settings)
        for held, made in ((section.sections, copy.sections), (section.entries, copy.entries)):
            for key, one in held.items():
                below = self.of(one, key, depth + 1)
                if below is None:
                    return None
                made[key] = below
        return copy
