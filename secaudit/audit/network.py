"""The network of an audit folder, or of plain configuration files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secaudit.audit.parts import put_together
from secaudit.audit.reading import ConfigFile, name_devices, read_config_file
from secaudit.audit.route_tables import with_route_tables
from secaudit.errors import InputError, UsageError
from secaudit.flows.declared_crossings import crossings_of
from secaudit.flows.topology import Topology, build_topology
from secaudit.flows.zones import ZonePlan, plan_zones
from secaudit.municipality.model import AuditFolder
from secaudit.network.device import Device
from secaudit.policy.model import Policy
from secaudit.text.bilingual import Language, Text

_SHOWN_PORTS = 12


@dataclass(frozen=True, slots=True)
class ReadNetwork:
    """Configurations read and joined. `problems` are files and names that could not be used."""

    files: tuple[ConfigFile, ...]
    devices: tuple[Device, ...]
    topology: Topology
    problems: tuple[Text, ...]

    def troubles(self) -> tuple[Text, ...]:
        """Everything that a person should know about what could not be used."""
        unread = [file.problem for file in self.files if file.problem is not None]
        told = [Text(ja=one.message(Language.JA), en=one.message(Language.EN)) for one in unread]
        return (*told, *self.problems)


def network_of_folder(folder: AuditFolder) -> ReadNetwork:
    """Reads every configuration of an audit folder."""
    root = Path(folder.root)
    ledger = folder.municipality.ledger
    files, joins = put_together([read_config_file(root / path, path) for path in folder.configs], ledger)
    named, problems = name_devices(files, ledger)
    devices, told = with_route_tables(named, files)
    return joined(ReadNetwork(tuple(files), (), build_topology(()), (*joins, *problems, *told)), folder, devices)


def joined(network: ReadNetwork, folder: AuditFolder, devices: Iterable[Device]) -> ReadNetwork:
    """The network with these devices instead, joined by subnets and by the declared links of the folder."""
    links = [
        ((link.left.device, link.left.interface), (link.right.device, link.right.interface))
        for link in folder.municipality.links
    ]
    held = tuple(devices)
    return replace(network, devices=held, topology=build_topology(held, links))


def network_of_files(paths: Sequence[Path]) -> ReadNetwork:
    """Reads plain configuration files, without an audit folder. Raises for a file that cannot be read: the question is about it."""
    files, joins = put_together([read_config_file(path, path.as_posix()) for path in paths])
    for file in files:
        if file.problem is not None:
            raise file.problem
    named, problems = name_devices(files, ())
    devices, told = with_route_tables(named, files)
    return ReadNetwork(tuple(files), tuple(devices), build_topology(devices), (*joins, *problems, *told))


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
    if len(by_name) == 1:
        only = next(iter(by_name.values()))
        if text in only.interfaces:
            return only.name, text
    # An interface may hold a colon as well, so the device is the longest name that fits.
    name = max((one for one in by_name if text.startswith(f"{one}:")), key=len, default=None)
    if name is None:
        raise UsageError(
            Text(ja=f"機器が見つからない: {text}", en=f"no such device: {text}"),
            Text(
                ja="「機器名:インターフェース名」で指定する(大文字と小文字を区別する)。例: "
                + "、".join(_examples(by_name)),
                en="write DEVICE:INTERFACE, upper and lower case as in the file, for example "
                + ", ".join(_examples(by_name)),
            ),
        )
    interface = text.removeprefix(f"{name}:")
    if interface not in by_name[name].interfaces:
        raise UsageError(
            Text(ja=f"{name} にインターフェース「{interface}」はない。", en=f'{name} has no interface "{interface}"'),
            Text(
                ja="インターフェース: " + "、".join(by_name[name].interfaces),
                en="interfaces: " + ", ".join(by_name[name].interfaces),
            ),
        )
    return name, interface


def _examples(by_name: Mapping[str, Device]) -> list[str]:
    ports = [f"{name}:{interface}" for name, device in sorted(by_name.items()) for interface in device.interfaces]
    return ports[:_SHOWN_PORTS] + (["..."] if len(ports) > _SHOWN_PORTS else [])


def zones_of(folder: AuditFolder, network: ReadNetwork, policy: Policy) -> ZonePlan:
    """Where the zones of an audit folder are in its network; the policy says which of them lie outside the building."""
    outside = frozenset(zone.value for zone, info in policy.zones.items() if info.external)
    crossings = crossings_of(folder.municipality, network.devices)
    return plan_zones(network.topology, folder.municipality.zones, outside, crossings)
