"""`feature NAME`: what must be switched on before the settings that depend on it do anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import Ledger, on_interfaces
from secaudit.vendors.common.lines import Node

_NAMES = {"vrrpv3": "vrrpv3", "vrrp": "vrrp", "hsrp": "hsrp", "glbp": "glbp"}


@dataclass(slots=True)
class Features:
    """The features of a device: name to whether it is on and the line that says so."""

    ledger: Ledger
    known: dict[str, tuple[bool, SourceLine]] = field(default_factory=dict)
    _needed: dict[str, list[SourceLine]] = field(default_factory=dict)
    _needed_on: dict[str, list[tuple[str, SourceLine]]] = field(default_factory=dict)

    def read(self, nodes: Sequence[Node]) -> None:
        """`feature NAME [WORD]`, `no feature NAME`; the last line counts."""
        for node in nodes:
            keys = node.keys[1:] if node.keys[0] in ("no", "install") else node.keys
            if len(keys) < 2 or node.children:
                self.ledger.leave(node)
                continue
            if keys[0] == "feature":
                self.known[" ".join(keys[1:])] = (node.keys[0] != "no", node.line)
            self.ledger.use(node)

    def on(self, name: str) -> bool:
        """Whether a line switches it on."""
        return self.known.get(name, (False, None))[0]

    def line(self, name: str) -> SourceLine | None:
        """The line about it."""
        held = self.known.get(name)
        return None if held is None else held[1]

    def need(self, name: str, line: SourceLine) -> None:
        """A setting that does nothing without a feature: a notice if the feature is off, because the setting can only add."""
        self._needed.setdefault(_NAMES.get(name, name), []).append(line)

    def need_on(self, name: str, line: SourceLine, interface: str) -> None:
        """A setting of an interface of which it matters whether it acts: undetermined there if the feature is off."""
        self._needed_on.setdefault(name, []).append((interface, line))

    def finish(self) -> None:
        """Books what is missing."""
        for name, lines in self._needed.items():
            if not self.on(name):
                self._notice(name, tuple(lines))
        for name, pairs in self._needed_on.items():
            if self.on(name):
                continue
            lines = [line for _, line in pairs]
            self._notice(name, tuple(lines))
            text = Text(
                ja=f"feature {name} がないため、この設定が働くかを確認できません（ファイルの一部かもしれません）",
                en=f"there is no `feature {name}`: whether this acts is not certain (the file may be a part only)",
            )
            scope = on_interfaces(*(interface for interface, _ in pairs))
            self.ledger.doubt(DoubtKind.UNDEFINED, text, tuple(lines), scope)

    def _notice(self, name: str, lines: tuple[SourceLine, ...]) -> None:
        text = Text(
            ja=f"feature {name} が有効でないため、この設定は働きません",
            en=f"`feature {name}` is not on, so this does nothing",
        )
        self.ledger.notice(NoticeKind.INACTIVE, text, lines)
