"""What the output of `show` for single sections lacks to be a whole configuration."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.fortios.grammar import tokens
from secaudit.vendors.reader import Outline

COMMAND = "show full-configuration"
_FILE = Path(__file__).with_name("parts.toml")
_HEADER = "#config-version="
_FACTORY = re.compile(r"(?:FortiGate|FortiWiFi)\b.*|F[GW]\w{13,15}", re.IGNORECASE)
"""A new device is called by its model or its serial number (`FortiGate-60E`, `FGT60E4Q16000000`)."""


@dataclass(frozen=True, slots=True)
class _Needed:
    core: tuple[str, ...]
    traffic: tuple[str, ...]
    before_unified: tuple[str, ...]
    management: tuple[str, ...]


@cache
def _needed() -> _Needed:
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return _Needed(*(tuple(data[name]) for name in ("core", "traffic", "before_unified", "management")))


def outline(text: ConfigText) -> Outline:
    """Sections begin at the left margin, as the device prints them; what stands further in is part of one."""
    needed = _needed()
    sections: set[str] = set()
    hostname = ""
    header = inside = False
    first = True
    for line in text.lines:
        shown = line.text
        if shown.startswith("#"):
            header = header or shown.startswith(_HEADER)
            continue
        if not shown.strip():
            continue
        if shown.startswith("config "):
            sections.add(" ".join(shown.split()[1:]))
        elif first:
            inside = True
        elif not hostname and shown.lstrip().startswith("set hostname "):
            words = tokens(shown)
            hostname = words[2] if words is not None and len(words) > 2 else ""
        first = False
    found = hostname or (text.hosts[0] if len(text.hosts) == 1 else "")
    wanted = needed.traffic + needed.before_unified
    traffic = _missing(needed.core if header else wanted, sections)
    complete = not _missing((*wanted, *needed.management), sections) and "vdom" not in sections
    return Outline(
        hostname="" if _is_factory_name(found) else found,
        named=frozenset(),
        sections=frozenset(sections),
        inside=inside,
        beginning=(header and not traffic) or complete,
        lacking=_told(traffic),
        complete=complete,
        command=COMMAND,
        lacking_management=() if header else _told(_missing(needed.management, sections)),
    )


def _missing(wanted: Iterable[str], sections: set[str]) -> list[str]:
    return [one for one in wanted if not any(name in sections for name in one.split(" | "))]


def _told(missing: Sequence[str]) -> tuple[Text, ...]:
    if not missing:
        return ()
    ja = "、".join(f"show {one.split(' | ')[0]}" for one in missing)
    en = ", ".join(f"show {one.split(' | ')[0]}" for one in missing)
    return (Text(ja=f"次のコマンドの出力がどのファイルにもない: {ja}", en=f"no file has the output of: {en}"),)


def _is_factory_name(name: str) -> bool:
    return not name or _FACTORY.fullmatch(name) is not None
