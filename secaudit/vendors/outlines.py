"""What a text is made of, without knowing what it means: whose configuration it is, its top-level sections, and what a whole export would have besides.

A reader may say this itself (`OutlinedReader`); for the others it is data (`outlines.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.clues import any_of
from secaudit.vendors.reader import Outline, OutlinedReader, Reader

_FILE = Path(__file__).with_name("outlines.toml")
_LONGEST_LINE = 400
_STRUCTURE = re.compile(
    r"(?:[!#]|: |:$|end$|exit$|quit$|return$|version \S|Building configuration|Current configuration|COMMIT$|\}|$)",
    re.IGNORECASE,
)
"""Lines that belong to no section: they may stand in every part."""
_TABLE_FAMILY = re.compile(r"#.*\b(ip6?tables)\S*-save\b")


@dataclass(frozen=True, slots=True)
class _Shape:
    command: str
    form: str
    hostname: re.Pattern[str]
    factory: tuple[str, ...]
    head: re.Pattern[str]
    marks: Mapping[str, re.Pattern[str]]
    management: Mapping[str, re.Pattern[str]]
    any: re.Pattern[str]
    """What any of the others matches."""


@cache
def _shapes() -> Mapping[str, _Shape]:
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {vendor: _shape(one) for vendor, one in data.items()}


def _shape(data: Mapping[str, Any]) -> _Shape:
    management = data.get("management", {})
    patterns = (data["hostname"], *data["head"], *data["marks"].values(), *management.values())
    return _Shape(
        data["command"],
        data["form"],
        re.compile(data["hostname"]),
        tuple(data["factory"]),
        any_of(map(re.compile, data["head"])),
        {name: re.compile(pattern) for name, pattern in data["marks"].items()},
        {name: re.compile(pattern) for name, pattern in management.items()},
        any_of(map(re.compile, patterns)),
    )


def outline_of(reader: Reader, text: ConfigText) -> Outline | None:
    """The outline of a text of a vendor; None where nothing is known of how the vendor's exports are made up."""
    if isinstance(reader, OutlinedReader):
        return reader.outline(text)
    shape = _shapes().get(reader.name)
    return None if shape is None else _outline(shape, text)


def begins(reader: Reader, text: ConfigText) -> bool:
    """Whether a text has what stands at the beginning of an export (`Outline.beginning`); cheap where it does."""
    if isinstance(reader, OutlinedReader):
        return reader.outline(text).beginning
    shape = _shapes().get(reader.name)
    return shape is None or any(shape.head.match(line.text[:_LONGEST_LINE]) for line in text.lines)


def is_factory_name(name: str, factory: tuple[str, ...]) -> bool:
    """Whether a hostname says nothing: none, or the one every new device has (`Router`, `PA-220`)."""
    plain = name.casefold()
    return not plain or any(plain == one or (plain.startswith(one) and _is_model(plain[len(one) :])) for one in factory)


def _is_model(rest: str) -> bool:
    return not any(character.isalpha() for character in rest) or any(character.isdigit() for character in rest[:2])


def _outline(shape: _Shape, text: ConfigText) -> Outline:
    hostname = ""
    named: set[int] = set()
    missing = {**shape.marks, **shape.management}
    head = False
    for line in text.lines:
        shown = line.text[:_LONGEST_LINE]
        if shape.any.match(shown) is None:
            continue
        if (match := shape.hostname.match(shown)) is not None:
            hostname = hostname or match.group(1)
            named.add(line.number)
        head = head or shape.head.match(shown) is not None
        for name in [name for name, mark in missing.items() if mark.match(shown)]:
            del missing[name]
    names, inside = _FORMS[shape.form]([line for line in text.lines if line.number not in named])
    told = () if hostname else text.hosts
    found = hostname or (told[0] if len(told) == 1 else "")
    return Outline(
        hostname="" if is_factory_name(found, shape.factory) else found,
        named=frozenset(named) if shape.form == "blocks" else frozenset(),
        sections=names,
        inside=inside,
        beginning=head,
        lacking=tuple(_mark(name, shape.command) for name in missing if name in shape.marks),
        complete=False,
        command=shape.command,
        lacking_management=tuple(_mark(name, shape.command) for name in missing if name in shape.management),
    )


def _mark(name: str, command: str) -> Text:
    return Text(
        ja=f"{command} の出力にあるはずの「{name}」がどのファイルにもない",
        en=f"no file has `{name}`, which the output of {command} should have",
    )


def _blocks(lines: list[SourceLine]) -> tuple[frozenset[str], bool]:
    """A line with others further in is a section of its own; single lines are told by their first two words."""
    written = [line.text for line in lines if line.text.strip()]
    found: set[str] = set()
    inside = bool(written) and written[0][0].isspace()
    for at, shown in enumerate(written):
        if shown[0].isspace() or _STRUCTURE.match(shown.strip()):
            continue
        words = shown.removeprefix("no ").split()
        opens = at + 1 < len(written) and written[at + 1][0].isspace()
        found.add(" ".join(words) if opens else " ".join(words[:2]))
    return frozenset(found), inside


def _braces(lines: list[SourceLine]) -> tuple[frozenset[str], bool]:
    """`NAME {` up to its brace; lines outside of any (`set` commands) are told by their first two words. XML is one section."""
    found: set[str] = set()
    depth = lowest = 0
    for shown in (line.text.strip() for line in lines):
        if shown.startswith("<"):
            return frozenset(("<config>",)), False
        if depth <= 0 and not _STRUCTURE.match(shown):
            opens = shown.endswith("{")
            words = shown.rstrip("{ ;").split()
            found.add(" ".join(words) if opens else " ".join(words[:2]))
        bare = shown.partition("##")[0].rstrip()
        depth += bare.endswith("{") - (bare.startswith("}"))
        lowest = min(lowest, depth)
    return frozenset(found), lowest < 0


def _tables(lines: list[SourceLine]) -> tuple[frozenset[str], bool]:
    """The tables of iptables-save, those of IPv4 and of IPv6 apart; what else stands there (addresses, sysctl) by its first word."""
    found: set[str] = set()
    family, table = "iptables", ""
    inside = False
    for shown in (line.text.strip() for line in lines):
        if (match := _TABLE_FAMILY.match(shown)) is not None:
            family = match.group(1)
        elif shown.startswith("*"):
            table = f"{family} {shown}"
            found.add(table)
        elif shown == "COMMIT":
            inside = inside or not table
            table = ""
        elif not table and not shown.startswith((":", "[", "-A ")) and not _STRUCTURE.match(shown):
            found.add(shown.split()[0].partition(".")[0].rstrip(":"))
        elif not table and shown.startswith(("-A ", "[")):
            inside = True
    return frozenset(found), inside


_Form = Callable[[list[SourceLine]], tuple[frozenset[str], bool]]
_FORMS: Mapping[str, _Form] = {"blocks": _blocks, "braces": _braces, "tables": _tables}


def listed(outlines: Mapping[str, Outline]) -> Iterator[tuple[str, str, str]]:
    """Every section that occurs in two texts: its name, and which two."""
    first: dict[str, str] = {}
    for file, one in outlines.items():
        for section in sorted(one.sections):
            if section in first:
                yield section, first[section], file
            first.setdefault(section, file)
