"""Everything a rule may look at."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from secaudit.flows.analysis import FlowAnalysis
from secaudit.municipality.model import AuditFolder, LedgerDevice, Municipality, Zone, ZoneBinding
from secaudit.network.device import Device
from secaudit.policy.model import Policy
from secaudit.probes.observation import Scan
from secaudit.rules.places import Places
from secaudit.rules.result import RuleResult
from secaudit.vendors.reader import ReadConfig


@dataclass(frozen=True, slots=True)
class RuleContext:
    """The inputs of an evaluation; nothing in it changes while rules run.

    `devices` are all devices by name, `read_files` what came out of each configuration file (by its path), `digests` the SHA-256 of
    every input by its path, `missing_devices` the entries of the ledger that should have a configuration and have none.
    `results` is empty until the kinds run that judge other rules' results.
    """

    policy: Policy
    folder: AuditFolder
    devices: Mapping[str, Device]
    read_files: Mapping[str, ReadConfig]
    flows: FlowAnalysis
    scans: tuple[Scan, ...]
    as_of: datetime.date
    digests: Mapping[str, str]
    missing_devices: tuple[LedgerDevice, ...]
    results: tuple[RuleResult, ...] = ()
    rule_ids: frozenset[str] = frozenset()
    places: Places = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", Places(self.devices, self.folder.municipality))

    @property
    def municipality(self) -> Municipality:
        """What `municipality.yaml` says."""
        return self.folder.municipality

    def binding(self, zone: Zone) -> ZoneBinding | None:
        """Where a zone is, None when the audit folder does not say."""
        for binding in self.municipality.zones:
            if binding.zone is zone:
                return binding
        return None
