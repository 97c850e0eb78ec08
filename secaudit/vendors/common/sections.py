"""Sorting the top-level lines of a configuration by what reads them: each vendor has a table of leading words, and here is what they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.vendors.common.lines import Node


@dataclass(frozen=True, slots=True)
class SectionTable:
    """Leading words (lower case) to the name of the section that reads the line."""

    sections: Mapping[tuple[str, ...], str]
    from_any_mode: frozenset[str] = frozenset()
    """Sections of commands that cannot be meant for an interface: the device leaves the interface when it reads them."""
    longest: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest", max(len(start) for start in self.sections))

    def find(self, keys: Sequence[str]) -> tuple[int, str] | None:
        """How many words told the section, and its name: the longest match wins; None when no section reads the line."""
        for length in range(min(self.longest, len(keys)), 0, -1):
            section = self.sections.get(tuple(keys[:length]))
            if section is not None:
                return length, section
        return None


@dataclass(slots=True)
class Sections:
    """Top-level lines by section, in file order."""

    table: SectionTable
    nodes: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    words: set[str] = field(default_factory=set)
    """Every word outside the definitions of access lists: a list whose name is not among them is not used."""

    def of(self, section: str) -> list[Node]:
        """The lines of one section."""
        return self.nodes.get(section, [])

    def take(self, node: Node) -> bool:
        """Puts a line found below an interface into the section that reads it; False when it is no global command."""
        found = self.table.find(node.keys)
        if found is None or found[1] not in self.table.from_any_mode:
            return False
        self.nodes[found[1]].append(node)
        return True
