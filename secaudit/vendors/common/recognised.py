"""Products that are known by their look, and of whose configuration only names, addresses and services are read.

What such a device does with traffic is not known: everything that passes it is undetermined (`DoubtKind.NOT_READ`), whatever its
interfaces say. A product is a folder with `product.toml`: clues, and patterns of lines that tell something.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from secaudit.network.device import Device, Doubt, DoubtKind, Plane, Stage
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.management import ManagementPlane, ManagementService
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.clues import any_of
from secaudit.vendors.reader import Coverage, ReadConfig, UnreadLine

_CLUE_LINES = 400
_LONGEST_LINE = 400
_ALONE = 40
"""The most that a single clue is worth: it takes two to be sure, or one that stands for two."""
_IDENTITY = 3


@dataclass(frozen=True, slots=True)
class _Product:
    """`product.toml`. Clues have worths that add up to a score. Patterns have named groups: `name`, `address`, `length` or `mask`.

    An `address` pattern without `name` belongs to the interface of the last `interface` line above it; a line that begins in the first
    column and matches nothing ends that interface.
    """

    title: str
    clues: tuple[tuple[re.Pattern[str], int], ...]
    any_clue: re.Pattern[str]
    hostname: tuple[re.Pattern[str], ...]
    interface: tuple[re.Pattern[str], ...]
    address: tuple[re.Pattern[str], ...]
    services: tuple[tuple[re.Pattern[str], str, bool], ...]
    structure: tuple[re.Pattern[str], ...]


def _patterns(found: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(one, re.IGNORECASE) for one in found)


def _load(package: str) -> _Product:
    data: Mapping[str, Any] = tomllib.loads(resources.files(package).joinpath("product.toml").read_text("utf-8"))
    clues = tuple((re.compile(one["pattern"], re.IGNORECASE), one["worth"]) for one in data["clue"])
    return _Product(
        data["title"],
        clues,
        any_of(pattern for pattern, _ in clues),
        _patterns(data.get("hostname", ())),
        _patterns(data.get("interface", ())),
        _patterns(data.get("address", ())),
        tuple((re.compile(o["pattern"], re.IGNORECASE), o["name"], o["on"]) for o in data.get("service", ())),
        _patterns(data.get("structure", ())),
    )


class RecognisedReader:
    """A product whose configuration is recognised and not understood."""

    def __init__(self, package: str) -> None:
        self.name = package.rpartition(".")[2]
        self._package = package

    @cached_property
    def _product(self) -> _Product:
        return _load(self._package)

    @property
    def title(self) -> str:
        """What people call it."""
        return self._product.title

    def score(self, text: ConfigText) -> int:
        """The worth of all different clues in the first lines."""
        clues, any_clue = self._product.clues, self._product.any_clue
        found: set[int] = set()
        seen = 0
        for line in text.lines:
            content = line.text[:_LONGEST_LINE]
            if not content.strip():
                continue
            seen += 1
            if seen > _CLUE_LINES or len(found) == len(clues):
                break
            if any_clue.search(content):
                found.update(n for n, (pattern, _) in enumerate(clues) if n not in found and pattern.search(content))
        total = sum(clues[number][1] for number in found)
        strong = any(clues[number][1] > _ALONE for number in found)
        return min(100, total) if len(found) > 1 or strong else min(_ALONE, total)

    def read(self, text: ConfigText) -> ReadConfig:
        """One device, whose traffic and management are not understood; every line that told nothing is unread."""
        draft = _Draft(self._product)
        for line in text.lines:
            draft.read(line)
        coverage = Coverage(
            frozenset(draft.used),
            {},
            tuple(UnreadLine(line, could_matter=True) for line in text.lines if line.number not in draft.used),
        )
        if not draft.told:
            return ReadConfig(self.name, (), coverage)
        return ReadConfig(self.name, (self._device(text, draft),), coverage)

    def _device(self, text: ConfigText, draft: _Draft) -> Device:
        title = self._product.title
        identity = tuple(draft.told[:_IDENTITY])
        traffic = Text(
            ja=f"{title} の設定は機種を判別するのみで、その意味を読み取らない。この機器を通る通信は確認不能となる。",
            en=f"a configuration of {title} is recognised but not understood: traffic through this device is undetermined",
        )
        management = Text(
            ja=f"{title} の管理に関する設定（認証、ログ、時刻等）は、一部のサービスを除き読み取らない。",
            en=f"of how {title} is managed only some services are read",
        )
        return Device(
            name=draft.hostname or PurePosixPath(text.file).stem or text.file,
            vendor=self.name,
            file=text.file,
            identity=identity,
            interfaces=draft.interfaces(),
            filters={},
            pipeline=(Stage.INGRESS_FILTER, Stage.ROUTE, Stage.EGRESS_FILTER),
            management=ManagementPlane(services=tuple(draft.services.values())),
            doubts=(
                Doubt(DoubtKind.NOT_READ, traffic, identity),
                Doubt(DoubtKind.NOT_READ, management, identity, Plane.MANAGEMENT),
            ),
        )


@dataclass(slots=True)
class _Draft:
    """What is known of the device while its lines are read."""

    product: _Product
    hostname: str = ""
    used: set[int] = field(default_factory=set)
    told: list[SourceLine] = field(default_factory=list)
    """Lines that are not blank, the first of which tell what device it is."""
    services: dict[str, ManagementService] = field(default_factory=dict)
    _lines: dict[str, list[SourceLine]] = field(default_factory=dict)
    _addresses: dict[str, list[InterfaceAddress]] = field(default_factory=dict)
    _current: str | None = None

    def read(self, line: SourceLine) -> None:
        """One line; it may tell several things."""
        content = line.text[:_LONGEST_LINE]
        if not content.strip():
            self.used.add(line.number)
            return
        self.told.append(line)
        if any(pattern.search(content) for pattern in self.product.structure):
            self.used.add(line.number)
        told = self._named(content, line) | self._placed(content, line) | self._served(content, line)
        if told:
            self.used.add(line.number)
        elif not content[0].isspace():
            self._current = None

    def _named(self, content: str, line: SourceLine) -> bool:
        for pattern in self.product.hostname:
            match = pattern.search(content)
            if match is not None:
                self.hostname = self.hostname or match["name"]
                return True
        return False

    def _placed(self, content: str, line: SourceLine) -> bool:
        for pattern in self.product.address:
            match = pattern.search(content)
            if match is not None and self._address(match, line):
                return True
        for pattern in self.product.interface:
            match = pattern.search(content)
            if match is not None:
                self._current = match["name"]
                self._lines.setdefault(self._current, []).append(line)
                return match.end() == len(content.rstrip())  # else the line says more, which nobody understood
        return False

    def _address(self, match: re.Match[str], line: SourceLine) -> bool:
        groups = match.groupdict()
        name = groups.get("name") or self._current
        try:
            written = f"{groups['address']}/{groups.get('length') or groups.get('mask') or ''}".rstrip("/")
            address = ipaddress.ip_interface(written)
        except ValueError:
            return False
        if name is None:
            return False
        self._lines.setdefault(name, []).append(line)
        self._addresses.setdefault(name, []).append(InterfaceAddress(address, (line,)))
        return True

    def _served(self, content: str, line: SourceLine) -> bool:
        for pattern, name, on in self.product.services:
            if pattern.search(content):
                self.services[name] = ManagementService(name, on, (line,))
                return True
        return False

    def interfaces(self) -> Mapping[str, Interface]:
        """The interfaces that were named, in the order of the file."""
        return {
            name: Interface(name, InterfaceKind.PHYSICAL, tuple(lines), tuple(self._addresses.get(name, ())))
            for name, lines in self._lines.items()
        }
