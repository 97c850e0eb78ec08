"""The network of an audit folder, or of plain configuration files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from secaudit.audit.reading import ConfigFile, name_devices, read_config_file
from secaudit.errors import InputError, UsageError
from secaudit.flows.topology import Topology, build_topology
from secaudit.municipality.model import AuditFolder
from secaudit.network.device import Device
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class ReadNetwork:
    """Configurations read and joined. `problems` are files and names that could not be used."""

    files: tuple[ConfigFile, ...]
    devices: tuple[Device, ...]
    topology: Topology
    problems: tuple[Text, ...]


def network_of_folder(folder: AuditFolder) -> ReadNetwork:
    """Reads every configuration of an audit folder."""
    root = Path(folder.root)
    files = [read_config_file(root / path, path) for path in folder.configs]
    devices, problems = name_devices(files, folder.municipality.ledger)
    links = [
        ((link.left.device, link.left.interface), (link.right.device, link.right.interface))
        for link in folder.municipality.links
    ]
    return ReadNetwork(tuple(files), tuple(devices), build_topology(devices, links), tuple(problems))


def network_of_files(paths: Sequence[Path]) -> ReadNetwork:
    """Reads plain configuration files, without an audit folder. Raises for a file that cannot be read: the question is about it."""
    files = [read_config_file(path, path.as_posix()) for path in paths]
    for file in files:
        if file.problem is not None:
            raise file.problem
    devices, problems = name_devices(files, ())
    return ReadNetwork(tuple(files), tuple(devices), build_topology(devices), tuple(problems))


def is_audit_folder(paths: Sequence[Path]) -> bool:
    """Whether the one path given is a folder rather than configuration files."""
    if len(paths) == 1 and paths[0].is_dir():
        return True
    for path in paths:
        if path.is_dir():
            raise UsageError(
                Text(
                    ja=f"フォルダと設定ファイルは混ぜて指定できない: {path}",
                    en=f"an audit folder cannot be mixed with configuration files: {path}",
                )
            )
        if not path.is_file():
            raise InputError(
                Text(ja="ファイルがない。", en="no such file"),
                file=path.as_posix(),
                hint=Text(ja="パスを確かめること。", en="check the path"),
            )
    return False


def parse_port(text: str, devices: Iterable[Device]) -> tuple[str, str]:
    """`DEVICE:INTERFACE`, or the interface alone when there is one device. Raises `UsageError` with the names that exist."""
    by_name = {device.name: device for device in devices}
    name, colon, interface = text.partition(":")
    if not colon or name not in by_name:
        only = next(iter(by_name.values())) if len(by_name) == 1 else None
        if only is not None and text in only.interfaces:
            return only.name, text
        raise UsageError(
            Text(ja=f"機器が見つからない: {text}", en=f"no such device: {text}"),
            Text(
                ja="「機器名:インターフェース名」で指定する。機器: " + "、".join(sorted(by_name)),
                en="write DEVICE:INTERFACE. Devices: " + ", ".join(sorted(by_name)),
            ),
        )
    if interface not in by_name[name].interfaces:
        raise UsageError(
            Text(ja=f"{name} にインターフェース {interface} はない。", en=f"{name} has no interface {interface}"),
            Text(
                ja="インターフェース: " + "、".join(by_name[name].interfaces),
                en="interfaces: " + ", ".join(by_name[name].interfaces),
            ),
        )
    return name, interface
