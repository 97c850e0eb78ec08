"""Configurations from files: every file is read or has a reason why not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secaudit.errors import InputError, InternalError, SecauditError
from secaudit.municipality.model import LedgerDevice
from secaudit.network.captured import CapturedTable
from secaudit.network.device import Device, Doubt, DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import read_config_text
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables, ReadConfig
from secaudit.vendors.registry import (
    find_tables,
    gathering_vendors,
    read_config,
    read_together,
    readers,
    vendor_hint,
)


@dataclass(frozen=True, slots=True)
class Whole:
    """Several files read as the configuration of one device: in which order (`paths`), as which text, and what must be doubted.

    `places` are file and line number of each line of the text, whose own numbers go on through all files.
    """

    paths: tuple[str, ...]
    vendor: str
    text: ConfigText
    places: tuple[tuple[str, int], ...]
    doubts: tuple[Doubt, ...]
    name: str = ""
    """The device's name, where the text itself has none."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One configuration file: read, or with the `problem` that it has.

    `tables` are routing tables captured on a device: a file may hold nothing else, or both, as a terminal log does.
    `configuration` is the text without those tables: what the reader of the vendor gets.
    `whole` is there when the file was read as one with others; the devices are in the first of them.
    """

    path: str
    size_bytes: int
    sha256: str
    text: ConfigText | None
    read: ReadConfig | None
    problem: SecauditError | None
    tables: tuple[CapturedTable, ...] = ()
    configuration: ConfigText | None = None
    whole: Whole | None = None


def config_paths(paths: Iterable[Path]) -> list[Path]:
    """The files meant: a folder stands for every file below it but hidden ones."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = [one for one in path.rglob("*") if one.is_file() or one.is_symlink()]
            found += sorted(one for one in below if not one.relative_to(path).as_posix().startswith("."))
        else:
            found.append(path)
    return found


def read_config_file(path: Path, shown_as: str) -> ConfigFile:
    """Reads one file; what is wrong with it is in the answer, never raised."""
    try:
        text = read_config_text(path, shown_as)
    except InputError as error:
        return ConfigFile(shown_as, _size(path), _digest(path), None, None, error)
    try:
        captured = find_tables(text)
        rest = without_tables(text, captured)
        if captured.tables and not any(line.text.strip() for line in rest.lines):
            return ConfigFile(shown_as, text.size_bytes, text.sha256, text, None, None, captured.tables, rest)
        found = read_config(rest)
    except InternalError as error:  # a fault of one reader leaves one file unread, and the audit goes on
        return ConfigFile(shown_as, text.size_bytes, text.sha256, None, None, error)
    problem = None
    if found is None:
        problem = _beside_a_table(rest) if captured.tables and vendor_hint(rest) is None else unknown(text)
    if found is not None:
        found = replace(found, coverage=replace(found.coverage, used=found.coverage.used | captured.lines))
    if found is not None and not found.devices:
        problem = no_device(text, found.vendor)
    return ConfigFile(shown_as, text.size_bytes, text.sha256, text, found, problem, captured.tables, rest)


def gathered(files: Sequence[ConfigFile]) -> list[ConfigFile]:
    """The same files, those read again together that are parts of one whole (the answers of a cloud): its devices are in the first of them."""
    result = list(files)
    for vendor in gathering_vendors():
        texts = [(at, one.text) for at, one in enumerate(result) if one.text is not None and _is_of(one, vendor)]
        if len(texts) < 2:
            continue
        try:
            parts = read_together(vendor, [text for _, text in texts])
        except InternalError as error:  # as for a single file: these stay unread, and the audit goes on
            for at, _ in texts:
                result[at] = replace(result[at], text=None, read=None, problem=error)
            continue
        nothing = not any(part.devices for part in parts)
        for (at, text), part in zip(texts, parts, strict=True):
            result[at] = replace(result[at], read=part, problem=no_device(text, vendor) if nothing else None)
    return result


def _is_of(file: ConfigFile, vendor: str) -> bool:
    return file.read is not None and file.read.vendor == vendor


def without_tables(text: ConfigText, captured: FoundTables) -> ConfigText:
    """A text as its configuration reader gets it: the captured tables in it are not configuration."""
    if not captured.lines:
        return text
    return replace(text, lines=tuple(line for line in text.lines if line.number not in captured.lines))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def unknown(text: ConfigText) -> InputError:
    """What is said of a file of which nobody knows the vendor."""
    hint = vendor_hint(text)
    if hint is not None:
        return InputError(
            Text(
                ja=f"{hint} の設定ファイルと思われるが、この版では読み取れない。",
                en=f"this looks like a configuration of {hint}, which this version cannot read",
            ),
            file=text.file,
            hint=Text(ja="この機器を通る通信は確認不能となる。", en="traffic through this device stays undetermined"),
        )
    return InputError(
        Text(ja="どの機器の設定ファイルか判別できない。", en="the vendor of this configuration is not recognised"),
        file=text.file,
        hint=Text(
            ja="機器の全設定を出力したテキスト(show running-config、show full-configuration、show config など)を置くこと。",
            en="submit the device's whole configuration as text (show running-config, show full-configuration, show config ...)",
        ),
    )


def _beside_a_table(rest: ConfigText) -> InputError:
    """For a file that holds a routing table and something else that is no configuration which anybody knows."""
    line = next((one.number for one in rest.lines if one.text.strip()), None)
    return InputError(
        Text(
            ja="経路表のほかに、経路表としても設定としても読み取れない行がある。",
            en="beside a routing table it has lines that are neither of the table nor of a configuration that is recognised",
        ),
        file=rest.file,
        line=line,
        hint=Text(
            ja="コマンドを入力したプロンプトから次のプロンプトまでの経路表だけを保存すること。",
            en="save the table alone, from the prompt with its command to the next prompt",
        ),
    )


def no_device(text: ConfigText, vendor: str) -> InputError:
    """What is said of a file of a vendor in which no device is."""
    return InputError(
        Text(
            ja=f"{vendor} の設定ファイルだが、機器の設定が含まれていない。",
            en=f"a {vendor} file without any device in it",
        ),
        file=text.file,
    )


def name_devices(files: Sequence[ConfigFile], ledger: Iterable[LedgerDevice]) -> tuple[list[Device], list[Text]]:
    """All devices of the files, under the names of the ledger where it names their file.

    Of two devices with one name, in two files or in one, the first keeps it and becomes doubtful as a whole: nobody knows which configuration
    is the current one. A second file in which a reader gets the very same lines is no second configuration. Devices that several files tell
    together have the name of any of these files.
    """
    ledger = tuple(ledger)
    by_file = {entry.file: entry.name for entry in ledger if entry.file}
    by_file |= {one.path: entry.name for entry in ledger for one in entry.files}
    together = {vendor: _any_name(files, vendor, by_file) for vendor in gathering_vendors()}
    named: dict[str, Device] = {}
    firsts: dict[str, ConfigFile] = {}
    problems: list[Text] = []
    for file in files:
        if file.read is None:
            continue
        for device in file.read.devices:
            one = _renamed(device, _name_of(file, by_file) or together.get(file.read.vendor))
            if one.name not in named:
                named[one.name] = one
                firsts[one.name] = file
            elif firsts[one.name] is file:
                named[one.name] = _ambiguous(named[one.name], one)
                problems.append(_twice_in(file, one.name))
            elif not same_lines(firsts[one.name], file):
                problems.append(_in_two_files(named[one.name], one))
                named[one.name] = _ambiguous(named[one.name], one)
    problems += _of_other_vendors(named.values(), ledger)
    return list(named.values()), list(dict.fromkeys(problems))


def _of_other_vendors(devices: Iterable[Device], ledger: Iterable[LedgerDevice]) -> Iterator[Text]:
    """Devices whose configuration is of another vendor than the ledger says: it may be the file of another device."""
    known = {reader.name for reader in readers()}
    stated = {entry.name: entry.vendor for entry in ledger if entry.vendor in known}
    for device in devices:
        vendor = stated.get(device.name.partition("/")[0], device.vendor)
        if vendor != device.vendor:
            yield Text(
                ja=f"機器台帳では {device.name} の機種は {vendor} であるが、その設定ファイル({device.file})は {device.vendor} のものと読み取られた。"
                "別の機器のファイルでないかを確かめ、台帳の vendor か configs/ のファイルを正すこと。",
                en=f"the ledger says that {device.name} is {vendor}, but its configuration ({device.file}) was read as {device.vendor}: "
                "make sure that it is not the file of another device, and correct vendor in the ledger or the file in configs/",
            )


def same_lines(left: ConfigFile, right: ConfigFile) -> bool:
    """Whether a reader gets the very same lines of two files."""
    if left.sha256 == right.sha256:
        return True
    if left.text is None or right.text is None or len(left.text.lines) != len(right.text.lines):
        return False
    return all(one.text == other.text for one, other in zip(left.text.lines, right.text.lines, strict=True))


def _twice_in(file: ConfigFile, name: str) -> Text:
    return Text(
        ja=f"{file.path} に機器 {name} の設定が二つ以上含まれている。どれが現在の設定か判断できないため、この機器についての判定は確認不能とする。現在の設定だけを残すこと。",
        en=f"{file.path} holds more than one configuration of {name}: what concerns it stays undetermined; leave only the current one in the file",
    )


def _in_two_files(first: Device, other: Device) -> Text:
    return Text(
        ja=f"機器 {first.name} の設定ファイルが二つ提出されている({first.file} と {other.file})。どちらが現在の設定か、又は一つの設定が分けて出力されたものか判断できないため、"
        "この機器についての判定は確認不能とする。古いものは configs/ から取り除き、一つの設定を分けて出力したものは、機器台帳の files にすべて挙げること。",
        en=f"two different configurations of {first.name} were submitted ({first.file} and {other.file}): which is current, or whether they are parts of one, "
        "is not known, so what concerns it stays undetermined; take an older one out of configs/; where they are parts of one export, name them all in `files` in the ledger",
    )


def _name_of(file: ConfigFile, by_file: Mapping[str, str]) -> str | None:
    return by_file.get(file.path) or by_file.get(file.path.removeprefix("configs/"))


def _any_name(files: Sequence[ConfigFile], vendor: str, by_file: Mapping[str, str]) -> str | None:
    return next((name for one in files if _is_of(one, vendor) and (name := _name_of(one, by_file))), None)


def _renamed(device: Device, name: str | None) -> Device:
    if name is None or device.name == name:
        return device
    _, slash, virtual = device.name.partition("/")
    return replace(device, name=name + slash + virtual)


def _ambiguous(device: Device, other: Device) -> Device:
    first = tuple(SourceLine(one.file, 1, "") for one in (device, other))
    # The other file may differ in anything, interfaces and settings of the device itself included.
    files = list(dict.fromkeys((device.file, other.file)))
    doubt = Doubt(
        DoubtKind.TRUNCATED,
        Text(
            ja=f"同じ名前の機器の設定が二つある({'、'.join(files)})。",
            en=f"two configurations have the same device name ({', '.join(files)})",
        ),
        device.identity[:1] + other.identity[:1] or first,
    )
    return replace(device, doubts=(*device.doubts, doubt))
