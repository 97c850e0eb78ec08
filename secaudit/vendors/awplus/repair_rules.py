"""Changes of the firewall as commands: denying rules with entities and applications of their own, and rules taken out."""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.network.changes import InsertDeny
from secaudit.network.device import Device
from secaudit.text.bilingual import Text
from secaudit.vendors.awplus.firewall import FORWARDING
from secaudit.vendors.awplus.repair_words import applications, entity
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.wording import NOT_REMOVABLE, UNPLACED, unused

_HIGHEST = 65535
_RULE_NUMBER = Text(
    ja="ルールの番号に空きがないか表示されていないため、この位置に加えられない。",
    en="no number is free between two rules, or they are not printed",
)


class RuleChanges:
    """The changes of the rules of one device. `definitions` are to be typed before them; `taken` are words that nothing new may be called."""

    def __init__(self, device: Device, sections: Sections, taken: set[str]) -> None:
        self.definitions: list[str] = []
        self._rules: list[str] = []
        self._taken = taken
        filter_ = device.filters.get(FORWARDING)
        self._lines = () if filter_ is None else filter_.lines
        self._numbers = _rule_numbers(sections)
        self._removed: dict[int, set[int]] = {}

    def insert(self, change: InsertDeny) -> None:
        """Denying rules between two rules. Raises `NotSaidError` where no number is free."""
        if None in self._numbers:
            raise NotSaidError(_RULE_NUMBER)
        low = self._rule_at(change.position - 1) if change.position else 0
        high = self._rule_at(change.position) if change.position < len(self._lines) else _HIGHEST + 1
        if low == high:
            raise NotSaidError(UNPLACED)
        free = (number for number in range(low + 1, high) if number not in self._numbers)
        if change.position == len(self._lines):
            highest = max((number for number in self._numbers if number is not None), default=0)
            free = (number for number in range(max(low, highest) + 1, _HIGHEST + 1))
        for match in change.matches:
            base = unused("secaudit", self._taken)
            source, destination = (unused(f"{base}-{end}", self._taken) for end in ("from", "to"))
            self.definitions += entity(source, match.family, match.sources, change.ingress)
            self.definitions += entity(destination, match.family, match.destinations, change.egress)
            for application in applications(match):
                number = next(free, None)
                if number is None:
                    raise NotSaidError(_RULE_NUMBER)
                self._numbers.add(number)
                name = "any"
                if application:
                    name = unused(f"{base}-app", self._taken)
                    self.definitions += [f"application {name}", *application]
                self._rules.append(f" rule {number} deny {name} from {source} to {destination} log")

    def remove(self, position: int) -> None:
        """A line of the firewall is taken out of use."""
        self._removed.setdefault(self._rule_at(position), set()).add(position)

    def lines(self) -> Iterator[str]:
        """What is typed inside the firewall. Raises `NotSaidError` where only a part of a rule is to go."""
        yield from self._rules
        for number, positions in sorted(self._removed.items()):
            every = {place for place, line in enumerate(self._lines) if line.label == f"rule {number}"}
            if every != positions:
                raise NotSaidError(NOT_REMOVABLE)
            yield f" no rule {number}"

    def _rule_at(self, position: int) -> int:
        """The number of the rule of a line. Raises `NotSaidError` for one without a printed number."""
        number = self._lines[position].label.removeprefix("rule ")
        if not number.isdigit() or int(number) not in self._numbers:
            raise NotSaidError(_RULE_NUMBER)
        return int(number)


def _rule_numbers(sections: Sections) -> set[int | None]:
    """The numbers of all rules of the firewall; None among them when one is not printed."""
    found: set[int | None] = set()
    for node in sections.of("firewall"):
        for child in node.children:
            if child.keys[0] == "rule":
                word = child.keys[1] if len(child.keys) > 1 else ""
                found.add(int(word) if word.isascii() and word.isdigit() and len(word) <= 5 else None)
    return found
