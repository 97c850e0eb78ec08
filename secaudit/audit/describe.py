"""What was read from one configuration file, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from secaudit.audit.reading import ConfigFile
from secaudit.flows.dead_lines import DeadKind, DeadLine, dead_lines
from secaudit.network.device import Device
from secaudit.network.filters import Filter, FilterLine
from secaudit.packets.diagrams import TooComplexError
from secaudit.text.bilingual import Language, Text
from secaudit.vendors.reader import Coverage


@dataclass(frozen=True, slots=True)
class Description:
    """One file, described. `dead` holds the unreachable lines of each device's filters, `too_complex` the filters for which they are not known."""

    file: ConfigFile
    dead: tuple[tuple[str, str, tuple[DeadLine, ...]], ...]
    too_complex: tuple[tuple[str, str], ...] = ()

    def as_json(self, language: Language) -> dict[str, Any]:
        """The contract of `config --format json`."""
        read, text = self.file.read, self.file.text
        problem = None if self.file.problem is None else self.file.problem.message(language)
        head = {
            "file": self.file.path,
            "sha256": self.file.sha256,
            "encoding": None if text is None else text.encoding,
            "problem": problem,
        }
        if read is None:
            nothing: dict[str, Any] = {"vendor": None, "hostname": None, "lines": None, "devices": []}
            return {**head, **nothing, "interfaces": [], "filters": [], "warnings": [], "notes": []}
        coverage = read.coverage
        return {
            **head,
            "vendor": read.vendor,
            "hostname": read.devices[0].name if read.devices else None,
            "lines": {
                "total": _total(coverage),
                "used": len(coverage.used),
                "irrelevant": len(coverage.irrelevant),
                "unread": [
                    {"line": one.line.number, "text": one.line.text.strip(), "could_matter": one.could_matter}
                    for one in coverage.unread
                ],
            },
            "devices": [self._device(device, language) for device in read.devices],
            "interfaces": [_interface(device, name) for device in read.devices for name in device.interfaces],
            "filters": [
                self._filter(device, filter_) for device in read.devices for filter_ in device.filters.values()
            ],
            "warnings": [one.in_(language) for one in read.warnings],
            "notes": [] if text is None else [one.in_(language) for one in text.notes],
        }

    def _device(self, device: Device, language: Language) -> dict[str, Any]:
        return {
            "name": device.name,
            "model": device.model,
            "version": device.version,
            "doubts": [
                {"kind": one.kind.value, "text": one.text.in_(language), "lines": [line.number for line in one.sources]}
                for one in device.doubts
            ],
            "notices": [
                {"kind": one.kind.value, "text": one.text.in_(language), "lines": [line.number for line in one.sources]}
                for one in device.notices
            ],
        }

    def _filter(self, device: Device, filter_: Filter) -> dict[str, Any]:
        dead = {id(one.line): one for one in self._dead_of(device.name, filter_.name)}
        known = (device.name, filter_.name) not in self.too_complex
        return {
            "device": device.name,
            "name": filter_.name,
            "default": filter_.default.value,
            "lines": [_line(line, dead.get(id(line)), known) for line in filter_.lines],
        }

    def _tables(self, language: Language) -> str:
        """The captured routing tables of the file, and why they cannot be believed."""
        told = []
        for table in self.file.tables:
            number, count = table.sources[0].number, len(table.routes)
            place = f"{table.vendor} IPv{table.family}" + (f" VRF {table.vrf}" if table.vrf else "")
            told.append(
                _say(
                    language,
                    f"{self.file.path}:{number}: 経路表 ({place})、経路 {count} 件",
                    f"{self.file.path}:{number}: routing table ({place}), {count} routes",
                )
            )
            told += [f"  ? {flaw.text.in_(language)} ({flaw.sources[0].number})" for flaw in table.flaws]
        return "\n".join(told) or self.file.path

    def _dead_of(self, device: str, filter_: str) -> tuple[DeadLine, ...]:
        return next((found for one, name, found in self.dead if (one, name) == (device, filter_)), ())

    def as_text(self, language: Language) -> str:
        """For a terminal."""
        read = self.file.read
        if read is None or self.file.text is None:
            problem = self.file.problem
            return self._tables(language) if problem is None else problem.message(language)
        coverage = read.coverage
        known = len(coverage.used) + len(coverage.irrelevant)
        total = _total(coverage)
        share = 100.0 if total == 0 else 100.0 * known / total
        names = ", ".join(device.name for device in read.devices)
        lines = [
            f"{self.file.path}: {read.vendor} {names} ({self.file.text.encoding})",
            _say(
                language,
                f"  行: 全{total}、使用 {len(coverage.used)}、影響なし {len(coverage.irrelevant)}、"
                f"読み取れない {len(coverage.unread)}(把握率 {share:.1f} %)",
                f"  lines: {total} in all, {len(coverage.used)} used, {len(coverage.irrelevant)} irrelevant, "
                f"{len(coverage.unread)} unread ({share:.1f} % accounted for)",
            ),
        ]
        if self.file.whole is not None:
            others = ", ".join(self.file.whole.paths)
            lines.append(
                _say(
                    language, f"  一台の機器の設定として読み取ったファイル: {others}", f"  read as one device: {others}"
                )
            )
        lines += [f"    {one.line.number}: {one.line.text.strip()}" for one in coverage.unread]
        lines += [self._tables(language)] if self.file.tables else []
        lines += [f"  * {one.in_(language)}" for one in (*self.file.text.notes, *read.warnings)]
        for device in read.devices:
            lines += [f"  ? {one.text.in_(language)}" for one in device.doubts]
            lines += [f"  ! {one.text.in_(language)}" for one in device.notices]
        identities = {device.name: set(device.identity) for device in read.devices}
        for device_name, filter_name, found in self.dead:
            written = [one for one in found if not identities[device_name].issuperset(one.line.sources[:1])]
            for one in written:  # what follows from no line of the file (a default of the product) is nobody's mistake
                lines.append(f"  {device_name} {filter_name}: {_unreachable(one).in_(language)}")
        for device_name, filter_name in self.too_complex:
            lines.append(
                _say(
                    language,
                    f"  {device_name} {filter_name}: 複雑すぎるため、到達しない行があるかどうかを調べられない",
                    f"  {device_name} {filter_name}: too complex: whether it has unreachable lines is not known",
                )
            )
        return "\n".join(lines)


def describe_file(file: ConfigFile) -> Description:
    """Everything worth saying about one file."""
    dead = []
    too_complex = []
    for device in file.read.devices if file.read is not None else ():
        for filter_ in device.filters.values():
            try:
                found = dead_lines(filter_)
            except TooComplexError:
                too_complex.append((device.name, filter_.name))
                continue
            if found:
                dead.append((device.name, filter_.name, found))
    return Description(file, tuple(dead), tuple(too_complex))


def _line(line: FilterLine, dead: DeadLine | None, known: bool) -> dict[str, Any]:
    return {
        "label": line.label,
        "number": line.sources[0].number if line.sources else None,
        "text": line.sources[0].text.strip() if line.sources else "",
        "action": line.action.value,
        "unreachable": dead is not None if known else None,
        "by": [] if dead is None else list(dead.by),
        "fewest": dead is not None and dead.fewest,
        "matches_nothing": dead is not None and dead.kind is DeadKind.EMPTY,
        "contradicted_by": [] if dead is None else list(dead.differing),
    }


def _unreachable(dead: DeadLine) -> Text:
    """Why no packet gets to a line, and whether the packets it is meant for are treated otherwise."""
    if dead.kind is DeadKind.EMPTY:
        return Text(ja=f"{dead.label} はどのパケットにも一致しない", en=f"{dead.label} matches no packet at all")
    by = ", ".join(dead.by)
    ja, en = f"{dead.label} は到達しない(先に {by} が一致する)", f"{dead.label} is unreachable ({by} match first)"
    if dead.contradicts:
        others = ", ".join(dead.differing)
        ja += f"。{others} の動作が {dead.label} と逆のため、{dead.label} は書かれたとおりに働かない"
        en += f"; {others} does the opposite, so {dead.label} does not do what it says"
    return Text(ja=ja, en=en)


def _total(coverage: Coverage) -> int:
    return len(coverage.used) + len(coverage.irrelevant) + len(coverage.unread)


def _interface(device: Device, name: str) -> dict[str, Any]:
    interface = device.interfaces[name]
    return {
        "device": device.name,
        "name": name,
        "kind": interface.kind.value,
        "addresses": [str(held.address) for held in interface.addresses],
        "vlan": interface.vlan,
        "zone": interface.zone,
        "enabled": interface.enabled,
        "filter_in": interface.filter_in,
        "filter_out": interface.filter_out,
    }


def _say(language: Language, ja: str, en: str) -> str:
    return Text(ja, en).in_(language)
