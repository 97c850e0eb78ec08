"""What the parts of the reader hand around: the objects that a virtual system sees, and the doubts and notices that they find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from secaudit.network.device import Doubt, DoubtKind, Notice, NoticeKind, Plane
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.panos.coverage import Ledger
from secaudit.vendors.panos.defaults import Defaults
from secaudit.vendors.panos.tree import Node, joined


@dataclass(slots=True)
class Findings:
    """Collects what is doubtful while one device is read. `defaults` are what holds where the file says nothing."""

    ledger: Ledger
    identity: Sources
    defaults: Defaults
    doubts: list[Doubt] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def doubt(
        self,
        kind: DoubtKind,
        text: Text,
        sources: Iterable[SourceLine],
        *,
        plane: Plane = Plane.TRAFFIC,
        interfaces: frozenset[str] | None = None,
    ) -> None:
        """Adds a doubt."""
        self.doubts.append(Doubt(kind, text, joined(sources) or self.identity, plane, interfaces))

    def undefined(self, what: Text, name: str, sources: Iterable[SourceLine]) -> Text:
        """Tells once that a name refers to nothing; what names it is uncertain, so that nothing else is in doubt."""
        text = Text(
            ja=f"{what.ja}「{name}」の定義がありません。", en=f"The {what.en} '{name}' is not defined in the file."
        )
        if (what.en, name) not in self._told:
            self._told.add((what.en, name))
            self.doubt(DoubtKind.UNDEFINED, text, sources, interfaces=frozenset())
        return text

    def circular(self, what: Text, name: str, sources: Iterable[SourceLine]) -> Text:
        """Tells once that a group contains itself."""
        text = Text(ja=f"{what.ja}「{name}」が自分自身を含んでいます。", en=f"The {what.en} '{name}' contains itself.")
        if (what.en, name) not in self._told:
            self._told.add((what.en, name))
            self.doubt(DoubtKind.UNDEFINED, text, sources, interfaces=frozenset())
        return text

    def notice(self, kind: NoticeKind, text: Text, sources: Iterable[SourceLine]) -> None:
        """Adds a notice."""
        self.notices.append(Notice(kind, text, joined(sources)))

    def not_understood(self, *nodes: Node) -> None:
        """The lines of these nodes and all below count as unread."""
        for node in nodes:
            for one in node.below():
                self.ledger.not_understood((one.line, *one.further))


@dataclass(frozen=True, slots=True)
class Scope:
    """A virtual system: its own part of the tree and, behind it, what is shared or was pushed, in the order in which names are looked up."""

    name: str
    local: Node
    around: tuple[Node, ...]
    findings: Findings

    def find(self, table: str, name: str) -> Node | None:
        """An object by its name: the one of the virtual system before a shared one."""
        for holder in (self.local, *self.around):
            entries = holder.children.get(table)
            found = None if entries is None else entries.children.get(name)
            if found is not None:
                return found
        return None
