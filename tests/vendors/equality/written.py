"""What a writer hands over: one vendor's text of an abstract policy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from secaudit.network.matches import Family


@dataclass(frozen=True, slots=True)
class Written:
    """A configuration whose policy decides what may go from `inside` to `outside` (names of interfaces).

    `direction` tells where the list is applied: `in` at the inner interface, `out` at the outer one, empty when the device has one
    table of policies. `style` names the way of writing, for messages.
    """

    vendor: str
    style: str
    family: Family
    lines: tuple[str, ...]
    inside: str
    outside: str
    direction: str = ""

    @property
    def text(self) -> str:
        """The lines with line ends."""
        return "\n".join(self.lines) + "\n"

    def with_lines(self, lines: list[str], style: str) -> Written:
        """The same policy in other lines."""
        return replace(self, lines=tuple(lines), style=f"{self.style}, {style}")
