"""A small audit folder from text, and what the program says about two of its zones."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from secaudit.audit.missing import missing_devices
from secaudit.audit.network import network_of_folder, zones_of
from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.municipality.loader import load_audit_folder
from secaudit.network.device import Device
from secaudit.policy.loader import load_policy

AS_OF = datetime.date(2026, 11, 21)

HEAD = """\
municipality: {code: "202991", name: あおぞら市, prefecture: 長野県}
model: alpha
edition: mic-2026-03
"""

ZONES = """\
zones:
  my_number: {subnets: [10.1.0.0/24]}
  lgwan: {subnets: [10.2.0.0/24]}
"""


@dataclass(frozen=True, slots=True)
class Network:
    """The flows of a folder."""

    flows: FlowAnalysis
    devices: Mapping[str, Device]

    def verdict(self, source: str, destination: str) -> str:
        """`flow` when something surely crosses, `none` when nothing can, else `undetermined`."""
        return verdict_of(self.flows.pair(source, destination))


def verdict_of(pair: PairFlow) -> str:
    if not pair.certain.is_empty:
        return "flow"
    return "none" if pair.possible.is_empty else "undetermined"


def _ledger(configs: Iterable[str]) -> str:
    lines = [
        f"  - {{name: {name.partition('.')[0]}, vendor: cisco_ios, role: router, zones: []}}\n" for name in configs
    ]
    return "devices:\n" + "".join(lines)


def write_folder(root: Path, configs: Mapping[str, str], description: str = ZONES) -> Path:
    """An audit folder; `description` is what follows the head of `municipality.yaml`."""
    (root / "configs").mkdir(parents=True, exist_ok=True)
    ledger = "" if "devices:" in description else _ledger(configs)
    (root / "municipality.yaml").write_text(HEAD + ledger + dedent(description), encoding="utf-8")
    for name, text in configs.items():
        (root / "configs" / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return root


def network(root: Path, configs: Mapping[str, str], description: str = ZONES) -> Network:
    """Reads a folder as an audit does and computes its flows."""
    folder = load_audit_folder(write_folder(root, configs, description))
    policy = load_policy(folder.municipality.edition, folder.municipality.model)
    read = network_of_folder(folder)
    plan = zones_of(folder, read, policy)
    flows = FlowAnalysis(read.topology, plan, missing_devices(folder, read, plan))
    return Network(flows, {device.name: device for device in read.devices})
