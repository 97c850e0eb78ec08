"""Book-keeping while reading: which line became what, and what is doubtful about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from secaudit.network.device import Doubt, DoubtKind, Notice, NoticeKind, Plane
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.lines import Node
from secaudit.vendors.reader import Coverage, UnreadLine


class NotUnderstoodError(Exception):
    """A line says something that this reader does not know; its caller turns that into an unread line."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an unread line could change: one interface (or some), or everything; traffic or management."""

    plane: Plane = Plane.TRAFFIC
    interfaces: frozenset[str] | None = None


DEVICE = Scope()
MANAGEMENT = Scope(Plane.MANAGEMENT)


def on_interfaces(*names: str) -> Scope:
    """Only traffic that enters or leaves by these interfaces."""
    return Scope(interfaces=frozenset(names))


@dataclass(slots=True)
class Ledger:
    """Collects coverage, doubts and notices of one device."""

    used: set[int] = field(default_factory=set)
    irrelevant: dict[int, Text] = field(default_factory=dict)
    unread: dict[int, SourceLine] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    _unread_by_scope: dict[Scope, list[SourceLine]] = field(default_factory=lambda: defaultdict(list))

    def use(self, *nodes: Node) -> None:
        """These lines (not those below them) became part of the model."""
        for node in nodes:
            self.used.add(node.line.number)

    def use_all(self, node: Node) -> None:
        """This line and everything below it became part of the model."""
        self.used.add(node.line.number)
        if node.children:
            self.used.update(child.line.number for child in node.below())

    def ignore(self, node: Node, reason: Text) -> None:
        """This line and everything below it cannot change a verdict."""
        self.irrelevant[node.line.number] = reason
        if node.children:
            self.ignore_below(node, reason)

    def ignore_below(self, node: Node, reason: Text) -> None:
        """Everything below this line cannot change a verdict."""
        for child in node.below():
            self.irrelevant[child.line.number] = reason

    def leave(self, node: Node, scope: Scope = DEVICE) -> None:
        """This line and everything below it was not understood."""
        lines = [node.line, *(child.line for child in node.below())]
        self.unread.update((line.number, line) for line in lines)
        self._unread_by_scope[scope].extend(lines)

    def leave_line(self, line: SourceLine) -> None:
        """This line was not understood; what it could change is already said elsewhere (an uncertain filter line)."""
        self.unread[line.number] = line

    def doubt(self, kind: DoubtKind, text: Text, sources: Sources, scope: Scope = DEVICE) -> None:
        """Something understood makes verdicts undetermined."""
        self.doubts.append(Doubt(kind, text, sources, scope.plane, scope.interfaces))

    def notice(self, kind: NoticeKind, text: Text, sources: Sources, *, undefined: bool = False) -> None:
        """A fact for hygiene rules. `undefined`: what the lines name is not in the configuration."""
        self.notices.append(Notice(kind, text, sources, undefined))

    def all_doubts(self) -> tuple[Doubt, ...]:
        """Doubts in file order of their first line; unread lines are gathered into one doubt a scope."""
        gathered = [
            Doubt(DoubtKind.UNREAD, _unread_text(lines), tuple(lines), scope.plane, scope.interfaces)
            for scope, lines in self._unread_by_scope.items()
        ]
        return tuple(
            sorted([*self.doubts, *gathered], key=lambda doubt: doubt.sources[0].number if doubt.sources else 0)
        )

    def coverage_into(self, total: CoverageBuilder, lines: Iterable[SourceLine]) -> None:
        """Puts every line of this device into exactly one class: unread wins over used, used over irrelevant."""
        for line in lines:
            number = line.number
            if number in self.unread:
                total.unread.append(UnreadLine(line, could_matter=True))
            elif number in self.used:
                total.used.add(number)
            elif number in self.irrelevant:
                total.irrelevant[number] = self.irrelevant[number]
            else:
                total.unread.append(UnreadLine(line, could_matter=True))


@dataclass(slots=True)
class CoverageBuilder:
    """Coverage of a whole file, gathered over its devices."""

    used: set[int] = field(default_factory=set)
    irrelevant: dict[int, Text] = field(default_factory=dict)
    unread: list[UnreadLine] = field(default_factory=list)

    def build(self) -> Coverage:
        """The finished value."""
        return Coverage(frozenset(self.used), self.irrelevant, tuple(self.unread))


def _unread_text(lines: list[SourceLine]) -> Text:
    count = len(lines)
    return Text(
        ja=f"読み取れない設定が{count}行あり、通信に影響する可能性があります",
        en=f"{count} line{'s' if count > 1 else ''} not understood; could matter",
    )
