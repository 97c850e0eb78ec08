"""What the parts of the reader hand around: the sections of one device, and the doubts and notices they find."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from secaudit.network.device import Doubt, DoubtKind, Notice, NoticeKind, Plane
from secaudit.network.routes import DynamicRouting
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.fortios.coverage import Ledger
from secaudit.vendors.fortios.defaults import Defaults
from secaudit.vendors.fortios.defaults import defaults as of_release
from secaudit.vendors.fortios.grammar import Section

SHOWN_LINES = 20
"""How many lines at most are kept as evidence of one fact."""

Version = tuple[int, int, int]

_EMPTY = Section("", [])
_HEADER_VERSION = re.compile(r"#config-version=([A-Za-z0-9_]+)-(\d+)\.(\d+)(?:\.(\d+))?-")


def header_version(lines: Sources) -> tuple[str, Version | None, Sources]:
    """Model, version and line of the `#config-version` header (FO-03); empty when there is none.

    Version 5.00 style headers of old releases give no patch number; 0 is taken, which is the oldest it can be.
    """
    for line in lines:
        match = _HEADER_VERSION.match(line.text.strip())
        if match is not None:
            model, major, minor, patch = match.groups()
            return model, (int(major), int(minor), int(patch or 0)), (line,)
    return "", None, ()


@dataclass(slots=True)
class Findings:
    """Collects what is doubtful while one device is read."""

    ledger: Ledger
    doubts: list[Doubt] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unread_routes: list[DynamicRouting] = field(default_factory=list)
    """Of static routes whose destination is not known."""

    def doubt(
        self,
        kind: DoubtKind,
        text: Text,
        sources: Iterable[SourceLine],
        *,
        plane: Plane = Plane.TRAFFIC,
        interfaces: frozenset[str] | None = None,
    ) -> None:
        """Adds a doubt with at most `SHOWN_LINES` lines."""
        self.doubts.append(Doubt(kind, text, tuple(sources)[:SHOWN_LINES], plane, interfaces))

    def notice(self, kind: NoticeKind, text: Text, sources: Iterable[SourceLine]) -> None:
        """Adds a notice."""
        self.notices.append(Notice(kind, text, tuple(sources)[:SHOWN_LINES]))

    @property
    def cut_off(self) -> bool:
        """Whether the file ends in the middle, so that settings may be lacking in any entry."""
        return any(one.kind is DoubtKind.TRUNCATED for one in self.doubts)

    def not_understood(self, lines: Iterable[SourceLine]) -> None:
        """The value of these lines was not understood: they count as unread."""
        self.ledger.not_understood(lines)


@dataclass(slots=True)
class Scope:
    """The sections that one device is made of: those of its VDOM, and the global ones (FO-04).

    `vdom` is None for a device without VDOMs; `defaults` are what holds where the sections say nothing.
    """

    local: Section
    shared: Section
    vdom: str | None
    version: Version | None
    identity: Sources
    findings: Findings
    defaults: Defaults = field(init=False)

    def __post_init__(self) -> None:
        self.defaults = of_release(self.version)

    def section(self, path: str) -> Section:
        """A section of the VDOM, or of the whole device when the VDOM has none."""
        found = self.local.sections.get(path)
        if found is None and self.shared is not self.local:
            found = self.shared.sections.get(path)
        return found or _EMPTY

    def entries(self, path: str) -> list[Section]:
        """The entries of a table in file order."""
        return list(self.section(path).entries.values())

    def works(self, entry: Section) -> bool:
        """Whether an entry is in use (`status`)."""
        return entry.is_on("status", self.defaults.entry_works)


def join(lines: Iterable[SourceLine], limit: int = SHOWN_LINES) -> Sources:
    """Lines without repetition, in the given order, at most `limit`."""
    seen: dict[int, SourceLine] = {}
    for line in lines:
        if line.number not in seen:
            seen[line.number] = line
            if len(seen) == limit:
                break
    return tuple(seen.values())
