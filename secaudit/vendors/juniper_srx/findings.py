"""Book-keeping while a device is read: what is doubtful about it, and what a hygiene rule may want to know."""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.network.device import Doubt, DoubtKind, Notice, NoticeKind, Plane
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.defaults import Defaults
from secaudit.vendors.juniper_srx.tree import Statement

SHOWN_LINES = 30
"""A doubt about very many lines names the first of them."""


class NotUnderstoodError(Exception):
    """A value is none that this reader knows; its caller makes something uncertain of it."""


@dataclass(slots=True)
class Findings:
    """Doubts and notices of one device."""

    doubts: list[Doubt] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def doubt(
        self,
        kind: DoubtKind,
        text: Text,
        sources: Sources,
        *,
        plane: Plane = Plane.TRAFFIC,
        interfaces: frozenset[str] | None = None,
    ) -> None:
        """Something that makes verdicts undetermined."""
        self.doubts.append(Doubt(kind, text, sources[:SHOWN_LINES], plane, interfaces))

    def notice(self, kind: NoticeKind, text: Text, sources: Sources) -> None:
        """A fact for hygiene rules."""
        self.notices.append(Notice(kind, text, sources))


@dataclass(frozen=True, slots=True)
class Scope:
    """What one device is read from: its statements, the lines that tell version and name, and what holds where nothing is said."""

    root: Statement
    identity: Sources
    defaults: Defaults
    findings: Findings = field(default_factory=Findings)

    def section(self, *path: str) -> Statement:
        """The statement at a path; an empty one when there is none."""
        return self.root.get(*path) or Statement("")
