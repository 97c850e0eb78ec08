"""The fixtures of the vendor readers: a configuration and what must come out of it (`README.md` tells the format)."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

import secaudit.vendors
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import read_config_text
from secaudit.vendors.reader import Reader
from tests.vendors.protection import FACTS, Plain

HERE = Path(__file__).parent

_CASE_KEYS = {"vendor", "hostname", "packets", "unread", "doubts", "notices", "management", *FACTS}
_WAY_KEYS = {"verdict", "out", "lines", "arrives"}
_PACKET_KEYS = {"at", "device", "packet", "also"} | _WAY_KEYS
_MANAGEMENT_KEYS = {"services", "syslog", "ntp", "dns", "snmp", "credentials"}
_SNMP_KEYS = {"well_known", "writable", "restricted"}
_VERDICTS = {"delivered", "denied", "unrouted", "unmodelled", "undetermined"}


class BadFixtureError(AssertionError):
    """An expected file that does not say what it seems to say."""


@dataclass(frozen=True)
class ExpectedWay:
    """One way of a packet: its verdict, and whatever else the file gives."""

    verdict: str
    out: str | None
    lines: tuple[int | str, ...]
    arrives: str | None


@dataclass(frozen=True)
class ExpectedPacket:
    """A packet and its ways; the first is the one that gets furthest."""

    at: str
    device: str | None
    packet: str
    ways: tuple[ExpectedWay, ...]


@dataclass(frozen=True)
class Expected:
    """A whole expected file. `notices` is None, and a key of `management` or of `protection` is absent, where nothing is asked."""

    vendor: str
    hostname: str
    packets: tuple[ExpectedPacket, ...]
    unread: tuple[int | str, ...] = ()
    doubts: frozenset[str] = frozenset()
    notices: frozenset[str] | None = None
    management: Mapping[str, Plain] = field(default_factory=dict)
    protection: Mapping[str, Plain] = field(default_factory=dict)


def found_cases(folder: Path = HERE) -> list[Path]:
    """Every configuration of every vendor: a file, or a folder of files that are parts of one whole."""
    folders = (path for path in folder.glob("*/cases/*") if path.is_dir())
    return sorted((*folder.glob("*/cases/*.conf"), *folders))


def texts_of(case: Path) -> list[ConfigText]:
    """The texts of a case; those of a folder are known by the names of their files."""
    files = sorted(case.iterdir()) if case.is_dir() else [case]
    return [read_config_text(path, path.name) for path in files]


def lonely_files(folder: Path = HERE) -> list[str]:
    """Configurations without an expected file, and the reverse."""
    configs = {path if path.is_dir() else path.with_suffix("") for path in found_cases(folder)}
    answers = {
        path.parent / path.name.removesuffix(".expected.yaml") for path in folder.glob("*/cases/*.expected.yaml")
    }
    others = {
        path
        for path in folder.glob("*/cases/*")
        if not path.name.endswith((".conf", ".expected.yaml")) and not path.is_dir()
    }
    return sorted(str(path.relative_to(folder)) for path in (configs ^ answers) | others)


def readers() -> dict[str, Reader]:
    """The readers of all vendor packages that can be imported, by the name of their package."""
    found: dict[str, Reader] = {}
    for module in pkgutil.iter_modules(secaudit.vendors.__path__):
        if not module.ispkg:
            continue
        try:
            package = importlib.import_module(f"secaudit.vendors.{module.name}")
        except (ImportError, SyntaxError):
            continue  # another vendor's trouble: test_every_vendor_package_is_registered fails for it
        if hasattr(package, "READER"):
            found[module.name] = package.READER
    return found


def expected_of(path: Path) -> Expected:
    """Reads the expected file beside a configuration. Raises `BadFixtureError`."""
    answer = path.with_name((path.name if path.is_dir() else path.stem) + ".expected.yaml")
    raw = _mapping(yaml.safe_load(answer.read_text(encoding="utf-8")), _CASE_KEYS, answer.name)
    for key in ("vendor", "hostname", "packets"):
        if key not in raw:
            raise BadFixtureError(f"{answer.name}: the key {key!r} is missing")
    packets = tuple(
        _packet(_mapping(one, _PACKET_KEYS, f"{answer.name} packet {number}"), f"{answer.name} packet {number}")
        for number, one in enumerate(_list(raw["packets"], answer.name), 1)
    )
    management = _mapping(raw.get("management", {}), _MANAGEMENT_KEYS, f"{answer.name} management")
    for one in _list(management.get("snmp", []), answer.name):
        _mapping(one, _SNMP_KEYS, f"{answer.name} snmp")
    notices = raw.get("notices")
    return Expected(
        vendor=str(raw["vendor"]),
        hostname=str(raw["hostname"]),
        packets=packets,
        unread=_numbers(raw.get("unread", []), f"{answer.name} unread"),
        doubts=frozenset(str(one) for one in _list(raw.get("doubts", []), answer.name)),
        notices=None if notices is None else frozenset(str(one) for one in _list(notices, answer.name)),
        management=management,
        protection={key: raw[key] for key in FACTS if key in raw},
    )


def _packet(raw: Mapping[str, Plain], where: str) -> ExpectedPacket:
    for key in ("at", "packet", "verdict"):
        if key not in raw:
            raise BadFixtureError(f"{where}: the key {key!r} is missing")
    also = [_mapping(one, _WAY_KEYS, where) for one in _list(raw.get("also", []), where)]
    device = raw.get("device")
    return ExpectedPacket(
        at=str(raw["at"]),
        device=None if device is None else str(device),
        packet=str(raw["packet"]),
        ways=tuple(_way(one, where) for one in (raw, *also)),
    )


def _way(raw: Mapping[str, Plain], where: str) -> ExpectedWay:
    verdict = raw.get("verdict")
    if verdict not in _VERDICTS:
        raise BadFixtureError(f"{where}: {verdict!r} is no verdict")
    out, arrives = raw.get("out"), raw.get("arrives")
    return ExpectedWay(
        verdict=str(verdict),
        out=None if out is None else str(out),
        lines=_numbers(raw.get("lines", []), where),
        arrives=None if arrives is None else str(arrives),
    )


def _mapping(raw: Plain, known: set[str], where: str) -> Mapping[str, Plain]:
    if not isinstance(raw, Mapping):
        raise BadFixtureError(f"{where}: a mapping is expected, not {raw!r}")
    unknown = sorted(str(key) for key in raw if key not in known)
    if unknown:
        raise BadFixtureError(f"{where}: unknown keys {unknown}; known are {sorted(known)}")
    return raw


def _list(raw: Plain, where: str) -> Sequence[Plain]:
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        raise BadFixtureError(f"{where}: a list is expected, not {raw!r}")
    return raw


def _numbers(raw: Plain, where: str) -> tuple[int | str, ...]:
    """Numbers of lines; in a case of several files `FILE:NUMBER`."""
    return tuple(_number(one, where) for one in _list(raw, where))


def _number(one: Plain, where: str) -> int | str:
    if isinstance(one, str) and ":" in one and one.rpartition(":")[2].isdecimal():
        return one
    if not isinstance(one, int) or isinstance(one, bool) or one < 1:
        raise BadFixtureError(f"{where}: {one!r} is no line number")
    return one
