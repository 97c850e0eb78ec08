"""Which line counts as what: used, irrelevant with a reason, or unread.

The vocabulary (`vocabulary.json`) is data: the sections that the reader reads with their settings, settings of those
that cannot change a verdict, and whole sections that cannot.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from secaudit.network.device import Plane
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.fortios.grammar import Section, Tree
from secaudit.vendors.reader import Coverage, UnreadLine

SEPARATOR = " > "
"""Joins the path of a nested `config` to that of the section around it."""


@dataclass(frozen=True, slots=True)
class SectionWords:
    """What is known about one section. `plane` is what an unknown setting in it could change; None: the
    reader itself makes the one object or policy uncertain (`Section.unknown`)."""

    used: frozenset[str]
    irrelevant: dict[str, Text]
    irrelevant_prefixes: tuple[tuple[str, Text], ...]
    table: bool
    plane: Plane | None

    def reason_to_ignore(self, name: str) -> Text | None:
        """Why a setting of this section cannot change a verdict; None when it is not known to be so."""
        reason = self.irrelevant.get(name) or vocabulary().anywhere.get(name)
        if reason is not None:
            return reason
        return next((reason for prefix, reason in self.irrelevant_prefixes if name.startswith(prefix)), None)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`vocabulary.json`, read."""

    read: dict[str, SectionWords]
    anywhere: dict[str, Text]
    unsupported: dict[str, Text]
    ignored: dict[str, Text]
    ignored_prefixes: tuple[tuple[str, Text], ...]

    def reason_to_ignore(self, path: str) -> Text | None:
        """Why a whole section cannot change a verdict; None when it is not known to be so."""
        reason = self.ignored.get(path)
        if reason is not None:
            return reason
        return next((reason for prefix, reason in self.ignored_prefixes if path.startswith(prefix)), None)


@dataclass(frozen=True, slots=True)
class UnknownSection:
    """Lines that nobody understands and that no object takes upon itself: they become a doubt."""

    path: str
    plane: Plane
    lines: Sources


@cache
def vocabulary() -> Vocabulary:
    """Reads the vocabulary once."""
    raw = json.loads((Path(__file__).parent / "vocabulary.json").read_text(encoding="utf-8"))
    reasons = {key: Text(ja=text["ja"], en=text["en"]) for key, text in raw["reasons"].items()}

    def texts(entries: dict[str, dict[str, str]]) -> dict[str, Text]:
        return {path: Text(ja=text["ja"], en=text["en"]) for path, text in entries.items() if path != "about"}

    def by_reason(groups: dict[str, str]) -> dict[str, Text]:
        return {name: reasons[key] for key, names in groups.items() for name in names.split()}

    planes = {"object": None, "traffic": Plane.TRAFFIC, "management": Plane.MANAGEMENT}
    read = {}
    for path, given in raw["read"].items():
        entry = raw["read"][given["same_as"]] if "same_as" in given else given
        exact, prefixes = _split_prefixes(by_reason(entry.get("irrelevant", {})))
        used = frozenset(entry["used"].split())
        read[path] = SectionWords(used, exact, prefixes, entry.get("table", True), planes[entry["unknown"]])
    ignored = {path: reasons[key] for key, paths in raw["ignored"].items() for path in paths}
    return Vocabulary(
        read,
        by_reason(raw["anywhere"]),
        texts(raw["unsupported"]),
        *_split_prefixes(ignored),
    )


def _split_prefixes(reasons: dict[str, Text]) -> tuple[dict[str, Text], tuple[tuple[str, Text], ...]]:
    """Separates whole names from those that end in `*`."""
    exact = {name: reason for name, reason in reasons.items() if not name.endswith("*")}
    return exact, tuple((name[:-1], reason) for name, reason in reasons.items() if name.endswith("*"))


class Ledger:
    """Collects the class of every line while a file is read."""

    def __init__(self, tree: Tree) -> None:
        self.used: set[int] = set(tree.structure)
        self.irrelevant: dict[int, Text] = {}
        self.unread: dict[int, UnreadLine] = {}
        self.unknown_sections: list[UnknownSection] = []

    def not_understood(self, lines: Iterable[SourceLine], *, could_matter: bool = True) -> None:
        """A reader could not use the value of these lines after all."""
        for line in lines:
            self.unread[line.number] = UnreadLine(line, could_matter)

    def coverage(self, lines: Sources) -> Coverage:
        """The final account: unread wins over irrelevant, irrelevant over used; a line in none is unread."""
        used: set[int] = set()
        irrelevant: dict[int, Text] = {}
        unread: list[UnreadLine] = []
        for line in lines:
            number = line.number
            if number in self.unread:
                unread.append(self.unread[number])
            elif number in self.irrelevant:
                irrelevant[number] = self.irrelevant[number]
            elif number in self.used:
                used.add(number)
            else:
                unread.append(UnreadLine(line, True))
        return Coverage(frozenset(used), irrelevant, tuple(unread))

    def classify(self, section: Section, path: str) -> None:
        """Accounts for a section of a device (`path` as in the vocabulary) and all that is below it."""
        pending: list[tuple[Section, str, tuple[Section, ...]]] = [(section, path, ())]
        while pending:
            current, path, around = pending.pop()
            words = vocabulary().read.get(path)
            reason = vocabulary().reason_to_ignore(path) if words is None else None
            if reason is not None:
                self._ignore(current, reason)
                continue
            if path in vocabulary().unsupported:
                self.used.update(line.number for line in current.all_lines())
                continue
            if words is None:
                self._unknown(current.all_lines(), path, Plane.TRAFFIC, around)
                continue
            self._account(current, path, words, around)
            inner = (*around, current) if current.is_entry or words.plane is None else around
            pending += [(entry, path, inner) for entry in current.entries.values() if words.table]
            if not words.table:
                for entry in current.entries.values():
                    self._unknown(entry.all_lines(), path, words.plane or Plane.TRAFFIC, inner)
            pending += [(child, path + SEPARATOR + name, inner) for name, child in current.sections.items()]

    def _ignore(self, section: Section, reason: Text) -> None:
        for line in section.all_lines():
            self.irrelevant[line.number] = reason

    def _account(self, section: Section, path: str, words: SectionWords, around: tuple[Section, ...]) -> None:
        self.used.update(line.number for line in section.lines)
        unknown: list[SourceLine] = list(section.garbage)
        settable = section.is_entry or not words.table
        for group in (section.settings, section.unset):
            for name, setting in group.items():
                numbers = [line.number for line in setting.lines]
                if not settable or not _may_be(name, setting.values):
                    unknown += setting.lines
                elif name in words.used:
                    self.used.update(numbers)
                elif (reason := words.reason_to_ignore(name)) is not None:
                    self.irrelevant.update((number, reason) for number in numbers)
                else:
                    unknown += setting.lines
        if unknown:
            self._unknown(unknown, path, words.plane, (*around, section))

    def _unknown(self, lines: list[SourceLine], path: str, plane: Plane | None, around: tuple[Section, ...]) -> None:
        """Lines nobody knows: the entry around them takes them upon itself, or they become a doubt of their own."""
        self.not_understood(lines)
        holder = next((section for section in around if section.is_entry), None)
        if holder is not None and _takes_unknown(path):
            holder.unknown += lines
        elif lines:
            own = Plane.MANAGEMENT if path.startswith(_OF_MANAGEMENT) else Plane.TRAFFIC
            self.unknown_sections.append(UnknownSection(path, plane or own, tuple(lines)))


_OF_MANAGEMENT = "system snmp "
_ON_OR_OFF = frozenset(("enable", "disable"))
_SWITCHES = frozenset((
    "srcaddr-negate", "dstaddr-negate", "srcaddr6-negate", "dstaddr6-negate", "service-negate", "exclude", "portforward", "blackhole",
    "input-device-negate", "internet-service", "internet-service-src", "internet-service6", "internet-service6-src", "nat", "match-vip",
    "allow-traffic-redirect", "ipv6-allow-traffic-redirect",
))  # fmt: skip
_CHOICES = {
    **dict.fromkeys(_SWITCHES, _ON_OR_OFF),
    "status": _ON_OR_OFF | {"up", "down"},
    "intrazone": frozenset(("allow", "deny")),
}
"""Settings that are one of a few words, whatever section they are in."""


def _may_be(name: str, values: tuple[str, ...]) -> bool:
    """Whether a setting can have these values; those that are not a choice can have any."""
    choice = _CHOICES.get(name)
    return choice is None or not any(values) or (len(values) == 1 and values[0] in choice)


def _takes_unknown(path: str) -> bool:
    words = vocabulary().read.get(path.split(SEPARATOR, 1)[0])
    return words is not None and words.plane is None
