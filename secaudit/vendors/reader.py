"""What a vendor package offers: recognise a configuration, and read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from secaudit.network.captured import CapturedTable
from secaudit.network.device import Device
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line that the reader did not understand. `could_matter` is false only where its context makes that sure."""

    line: SourceLine
    could_matter: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every line of a file is in exactly one of the three.

    `used`: line numbers that became part of the model (or are pure structure: `end`, `next`, `!`, blank, comments).
    `irrelevant`: line number to the reason why it cannot change a verdict. `unread`: what was not understood.
    """

    used: frozenset[int]
    irrelevant: Mapping[int, Text]
    unread: tuple[UnreadLine, ...]


@dataclass(frozen=True, slots=True)
class ReadConfig:
    """What came out of one file. Usually one device; several for virtual ones."""

    vendor: str
    devices: tuple[Device, ...]
    coverage: Coverage
    warnings: tuple[Text, ...] = field(default=())


class Reader(Protocol):
    """A vendor. Registered as an entry point of the group `secaudit.vendors`.

    `name` is the vendor's id ("fortios"), `title` what people call it ("FortiGate (FortiOS)").
    """

    name: str
    title: str

    def score(self, text: ConfigText) -> int:
        """How sure it is that this vendor wrote the text: 0 (no) to 100 (certain). Several clues, never one; cheap."""
        ...

    def read(self, text: ConfigText) -> ReadConfig:
        """Reads the whole file. Never raises for anything in the text: what is not understood is unread."""
        ...


@dataclass(frozen=True, slots=True)
class FoundTables:
    """Captured routing tables found in a text, and the numbers of the lines they are made of."""

    tables: tuple[CapturedTable, ...]
    lines: frozenset[int]


@runtime_checkable
class TableReader(Protocol):
    """What a reader offers whose vendor's captured routing tables (`show ip route`) can be read as well."""

    def find_tables(self, text: ConfigText) -> FoundTables:
        """Every routing table in a text, whatever else is in it. Never raises; linear in the length of the text."""
        ...


@dataclass(frozen=True, slots=True)
class Outline:
    """What a text of a vendor is made of, and what it lacks to be a whole export: for putting together the files of one device.

    `hostname` is empty where none is told or where it is one that every new device has; `named` are the lines that say nothing else.
    `sections` are the names of what stands at the top level; `inside`: the text begins (or ends) in the middle of one. `beginning`: it has
    what stands at the beginning of an export, or names its device. `lacking` says what every whole export has and this text has not,
    `lacking_management` what is needed to judge only how the device is managed. `complete`: all that can matter is surely there, even when
    nobody says so. `command` prints the whole configuration.
    """

    hostname: str
    named: frozenset[int]
    sections: frozenset[str]
    inside: bool
    beginning: bool
    lacking: tuple[Text, ...]
    complete: bool
    command: str
    lacking_management: tuple[Text, ...] = ()


@runtime_checkable
class OutlinedReader(Protocol):
    """What a reader offers that tells the outline of a text itself; for others it is data (`outlines.toml`)."""

    def outline(self, text: ConfigText) -> Outline:
        """The outline of a text of this vendor, or of several joined. Never raises; linear in the length of the text."""
        ...


@runtime_checkable
class GatheringReader(Protocol):
    """What a reader offers whose vendor tells one network in several files: pages and kinds of a cloud's answers, of one or several accounts."""

    def read_together(self, texts: Sequence[ConfigText]) -> tuple[ReadConfig, ...]:
        """Reads texts of this vendor as parts of one whole: one `ReadConfig` a text, in their order, with its own coverage. The devices, which
        no text has alone, are in the first one; all have its `file`. Never raises for anything in the texts."""
        ...
