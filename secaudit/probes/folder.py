"""The folder `probes/` of an audit folder: all its scans, and taking in another one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from secaudit.errors import InputError, SecauditError, UsageError
from secaudit.municipality.model import Municipality, Zone
from secaudit.probes.metadata import META_ENDING, Control, ProbeMetadata, meta_name, missing_metadata, read_metadata
from secaudit.probes.nmap_import import import_nmap, read_nmap
from secaudit.probes.nmap_xml import EXPORT_HINT
from secaudit.probes.observation import IPAddress, Scan
from secaudit.text.bilingual import Text

PLAN_PATTERN = re.compile(r"plan-[a-z_]+\.ya?ml")


@dataclass(frozen=True, slots=True)
class Probes:
    """What the probe files of an audit folder said, and which of them could not be used (or only in part)."""

    scans: tuple[Scan, ...]
    problems: tuple[InputError, ...]


def load_probes(root: Path, paths: Iterable[str], municipality: Municipality | None = None) -> Probes:
    """Reads all probe files of an audit folder; `paths` are relative to `root`, with `/`.

    With `municipality` a scan is refused whose source address lies in another zone than the one it claims: it would show the
    separation of the wrong zone. Never raises for the content of a file: one that cannot be used is a problem, the rest goes on.
    """
    scans: list[Scan] = []
    problems: list[InputError] = []
    names = sorted(set(paths))
    for name in names:
        try:
            scan = _load_one(root, name, names, municipality, problems)
        except InputError as error:
            problems.append(error)
            continue
        if scan is not None:
            scans.append(scan)
    return Probes(tuple(scans), tuple(problems))


def _load_one(
    root: Path, name: str, names: list[str], municipality: Municipality | None, problems: list[InputError]
) -> Scan | None:
    base = PurePosixPath(name).name
    if base.startswith(".") or PLAN_PATTERN.fullmatch(base):
        return None
    if name.endswith(META_ENDING):
        if name.removesuffix(META_ENDING) + ".xml" not in names:
            raise InputError(
                Text(
                    ja="この説明ファイルに対応する nmap の XML がありません。",
                    en="the nmap XML that this file describes is missing.",
                ),
                file=name,
                hint=EXPORT_HINT,
            )
        return None
    if not name.endswith(".xml"):
        raise InputError(
            Text(
                ja="探査結果として読めるのは nmap の XML（.xml）だけです。",
                en="only nmap's XML (.xml) can be read as a probe result.",
            ),
            file=name,
            hint=EXPORT_HINT,
        )
    meta = meta_name(name)
    if meta not in names:
        read_nmap(root / name, name)  # a file that is not nmap's at all is the nearer mistake
        raise missing_metadata(name)
    metadata = read_metadata(root / meta, meta)
    _check_place(metadata, municipality, meta)
    control_name = metadata.control_shown_as(name)
    if control_name not in names:
        raise InputError(
            Text(
                ja=f"陽性対照の結果ファイル {PurePosixPath(control_name).name} がありません。",
                en=f"the file with the positive control's answers, {PurePosixPath(control_name).name}, is missing.",
            ),
            file=meta,
            line=metadata.source.number,
            field="positive_control.file",
            hint=Text(
                ja="探査の結果は、作られたファイルをすべて揃えて提出してください。",
                en="submit all files that the probe wrote.",
            ),
        )
    scan = import_nmap(root / name, name, metadata, root / control_name)
    if metadata.control is not None and scan.positive_control is None:
        problems.append(_control_not_asked(metadata.control, meta, metadata))
    return scan


def _check_place(metadata: ProbeMetadata, municipality: Municipality | None, meta: str) -> None:
    address = metadata.source_address
    if municipality is None or address is None:
        return
    claimed = [zone for zone in municipality.zones if any(address in net for net in zone.subnets)]
    if claimed and metadata.from_zone not in {zone.zone for zone in claimed}:
        owner = claimed[0].zone.value
        raise InputError(
            Text(
                ja=f"調査元アドレス {address} は領域 {owner} のもので、from_zone の {metadata.from_zone.value} と合いません。",
                en=f"the source address {address} belongs to the zone {owner}, not to {metadata.from_zone.value}.",
            ),
            file=meta,
            line=metadata.source.number,
            field="from_zone",
        )


def _control_not_asked(control: Control, meta: str, metadata: ProbeMetadata) -> InputError:
    return InputError(
        Text(
            ja=f"陽性対照 {control} がこの調査の中で問い合わされていません。応答が無いことは分離の証拠になりません。",
            en=f"the positive control {control} was not asked in this run, so silence proves nothing.",
        ),
        file=meta,
        line=metadata.source.number,
        field="positive_control",
        hint=Text(
            ja="陽性対照の宛先とポートを nmap の対象に含めて、もう一度調査してください。",
            en="scan again with the control's address and port among the targets.",
        ),
    )


def import_into(
    folder: Path,
    file: Path,
    from_zone: Zone,
    *,
    source_address: IPAddress | None = None,
    control: Control | None = None,
    name: str | None = None,
) -> Scan:
    """Copies an nmap XML file into the audit folder's `probes/`, with its metadata, and returns what it says.

    `name` is its name there without ending (default: that of `file`). Everything is read before anything is written; an existing file
    is never replaced. Raises `InputError` for the file, `UsageError` for a name that is taken.
    """
    stem = name if name is not None else file.stem
    if not re.fullmatch(r"[\w][\w.\-]{0,99}", stem) or stem.endswith(".meta"):
        raise UsageError(
            Text(ja=f"この名前は使えません: {stem[:60]!r}", en=f"this name cannot be used: {stem[:60]!r}"),
            Text(
                ja="文字、数字、「-」「_」「.」だけの名前を --name で指定してください。",
                en="give a name of letters, digits, '-', '_' and '.' with --name.",
            ),
        )
    reading = read_nmap(file, file.name)
    meta = metadata_text(from_zone, source_address, control)
    target = folder / "probes" / f"{stem}.xml"
    write_new(target.with_name(meta_name(target.name)), meta.encode())
    try:
        write_new(target, reading.document.data)
    except SecauditError:
        target.with_name(meta_name(target.name)).unlink()
        raise
    shown = f"probes/{target.name}"
    return import_nmap(target, shown, read_metadata(target.with_name(meta_name(target.name)), meta_name(shown)))


def metadata_text(
    from_zone: Zone,
    source_address: IPAddress | None,
    control: Control | None,
    assumed: Iterable[IPAddress] = (),
) -> str:
    """A metadata file, ready to be written and to be understood by the person who opens it."""
    lines = ['schema_version: "1.0"', "# 調査元の領域（どこから調べたか）", f"from_zone: {from_zone.value}"]
    if source_address is not None:
        lines += ["# 調査に使った端末のアドレス", f'source_address: "{source_address}"']
    if control is not None:
        lines += [
            "# 陽性対照: 必ず応答するはずの宛先。応答が無ければ、他の無応答も分離の証拠にならない",
            "positive_control:",
            f'  address: "{control.address}"',
            f"  protocol: {control.protocol}",
            f"  port: {control.port}",
        ]
        lines += [] if control.file is None else [f'  file: "{control.file}"']
    targets = list(assumed)
    if targets:
        lines += ["# 実在が確かでない宛先。応答があれば証拠になるが、無応答は証拠にならない", "assumed_targets:"]
        lines += [f'  - "{target}"' for target in targets]
    return "\n".join(lines) + "\n"


def write_new(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, and only where none is yet. Raises `UsageError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)  # unlike a rename, never replaces
        except FileExistsError:
            raise
        except OSError:
            _rename_new(temporary, path)
    except FileExistsError as error:
        raise UsageError(
            Text(
                ja=f"同じ名前のファイルが既にあります: {path.name}",
                en=f"there is already a file of that name: {path.name}",
            ),
            Text(
                ja="別の名前を指定してください。既存のファイルは変更していません。",
                en="choose another name; nothing was changed.",
            ),
        ) from error
    except OSError as error:
        raise UsageError(
            Text(
                ja=f"{path.name} を書き込めません（{error.strerror}）。",
                en=f"{path.name} cannot be written ({error.strerror}).",
            )
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _rename_new(temporary: Path, path: Path) -> None:
    """For file systems without hard links (a USB stick)."""
    if path.exists():
        raise FileExistsError(path)
    temporary.rename(path)
