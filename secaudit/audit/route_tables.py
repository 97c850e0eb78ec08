"""Which captured routing table belongs to which device, and what has to be said about those that cannot be used.

A table in the same file as a configuration is of its device; one in a file of its own is of the device whose configuration (or whose
name) the file is named after: `configs/RT-01.routes.txt` beside `configs/RT-01.cfg`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from secaudit.audit.reading import ConfigFile
from secaudit.network.captured import CapturedTable, Flaw
from secaudit.network.device import Device
from secaudit.network.joining import join_tables
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

_ENDING = re.compile(r"[._ -]+(?:routes?|routing|route[_-]?table|show[._ -].*|get[._ -].*|経路表?)\Z", re.IGNORECASE)


def with_route_tables(devices: Sequence[Device], files: Iterable[ConfigFile]) -> tuple[list[Device], list[Text]]:
    """The devices with the tables that were captured on them, and what could not be used."""
    found: dict[str, list[CapturedTable]] = defaultdict(list)
    told: list[Text] = []
    for file in files:
        if not file.tables:
            continue
        owners = _owners(devices, file)
        own = [table for table in file.tables if any(table.vendor == one.vendor for one in owners)]
        if len(owners) == 1 and own:
            found[owners[0].name] += own
        else:
            told.append(_without_owner(file, owners, own))
    joined = []
    for device in devices:
        one, flaws = join_tables(device, found.get(device.name, ()))
        joined.append(one)
        told += [_shown(device, flaw) for flaw in flaws]
    return joined, told


def _owners(devices: Sequence[Device], file: ConfigFile) -> list[Device]:
    """The devices that a file's tables can be of; several are as bad as none."""
    inside = [one for one in devices if one.file in ((file.path,) if file.whole is None else file.whole.paths)]
    if inside:
        return inside
    path = PurePosixPath(file.path)
    stem = _ENDING.sub("", path.stem).casefold()
    beside = [one for one in devices if _stem(one.file).casefold() == stem and _folder(one.file) == str(path.parent)]
    named = [one for one in devices if _plain(one.name) == _plain(stem)]
    by_host = [one for one in devices if _plain(one.name.partition("/")[0]) == _plain(stem)]
    return named or beside or by_host


def _stem(file: str) -> str:
    return PurePosixPath(file).stem


def _folder(file: str) -> str:
    return str(PurePosixPath(file).parent)


def _plain(name: str) -> str:
    """Names of files cannot hold the slash of `HOST/VDOM`."""
    return re.sub(r"[/._ -]+", "-", name.casefold())


def _without_owner(file: ConfigFile, owners: Sequence[Device], own: Sequence[CapturedTable]) -> Text:
    line = file.tables[0].sources[0].number
    if len(owners) > 1:
        names = ", ".join(one.name for one in owners)
        return Text(
            ja=f"{file.path}:{line}: 経路表が {names} のどれのものか判断できないため、使用しない。\n  → VDOM ごとに「機器名.VDOM名.routes.txt」として保存すること。",
            en=f"{file.path}:{line}: whose routing table this is cannot be told ({names}); it is not used\n  → save one file for each VDOM, named HOST.VDOM.routes.txt",
        )
    if owners and not own:
        return Text(
            ja=f"{file.path}:{line}: 経路表の形式が {owners[0].name} の機種({owners[0].vendor})のものではないため、使用しない。",
            en=f"{file.path}:{line}: this is no routing table of the vendor of {owners[0].name} ({owners[0].vendor}); it is not used",
        )
    return Text(
        ja=f"{file.path}:{line}: 経路表がどの機器のものか判断できないため、使用しない。\n  → 設定ファイルと同じ名前で「名前.routes.txt」として configs/ に置くこと。",
        en=f"{file.path}:{line}: whose routing table this is is not known; it is not used\n  → name it after the configuration: NAME.routes.txt, in the same folder",
    )


def _shown(device: Device, flaw: Flaw) -> Text:
    places = _places(flaw.sources)
    return Text(
        ja=f"{places}: {device.name} の経路表: {flaw.text.ja}",
        en=f"{places}: routing table of {device.name}: {flaw.text.en}",
    )


def _places(sources: Sources) -> str:
    return ", ".join(f"{one.file}:{one.number}" for one in sources[:3])
