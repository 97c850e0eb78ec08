"""An audit folder read, with its network ready to be asked for flows: what every question about a folder starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from secaudit.audit.missing import missing_devices
from secaudit.audit.network import ReadNetwork, joined, network_of_folder, zones_of
from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.zones import ZonePlan
from secaudit.municipality.loader import load_audit_folder
from secaudit.municipality.model import AuditFolder
from secaudit.network.device import Device
from secaudit.packets.sets import Spaces
from secaudit.policy.loader import load_policy
from secaudit.policy.model import Policy
from secaudit.text.bilingual import Text

Progress = Callable[[Text], None]
"""Called before each step with what is being done."""


@dataclass(frozen=True, slots=True)
class PreparedFolder:
    """One audit folder: what people wrote, what the devices say, where the zones are, and the flows (computed when asked for)."""

    folder: AuditFolder
    policy: Policy
    network: ReadNetwork
    plan: ZonePlan
    flows: FlowAnalysis


def prepare_folder(path: Path, progress: Progress | None = None, spaces: Spaces | None = None) -> PreparedFolder:
    """Reads an audit folder and joins its devices. Folders prepared with the same `spaces` have packet sets that can be compared.

    Raises `InputError` when `municipality.yaml` cannot be used.
    """
    say = progress or _silent
    say(Text(ja="監査フォルダを読み込んでいます", en="reading the audit folder"))
    folder = load_audit_folder(path)
    policy = load_policy(folder.municipality.edition, folder.municipality.model)
    say(Text(ja="設定ファイルを読み取っています", en="reading the configurations"))
    return _prepared(folder, policy, network_of_folder(folder), spaces)


def with_devices(prepared: PreparedFolder, changed: Mapping[str, Device]) -> PreparedFolder:
    """The same folder with some devices as they would be after a change; its packet sets can be compared with those of before."""
    devices = [changed.get(one.name, one) for one in prepared.network.devices]
    network = joined(prepared.network, prepared.folder, devices)
    return _prepared(prepared.folder, prepared.policy, network, prepared.flows.spaces)


def _prepared(folder: AuditFolder, policy: Policy, network: ReadNetwork, spaces: Spaces | None) -> PreparedFolder:
    plan = zones_of(folder, network, policy)
    flows = FlowAnalysis(network.topology, plan, missing_devices(folder, network, plan), spaces)
    return PreparedFolder(folder, policy, network, plan, flows)


def _silent(_: Text) -> None:
    """No progress is wanted."""
