"""What an audit folder says, once it is validated. Every entry knows the line it was written on."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from secaudit.text.source import SourceLine

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Model(StrEnum):
    """Models of the three-layer measures (guideline 4.1)."""

    ALPHA = "alpha"
    ALPHA_PRIME = "alpha_prime"
    BETA = "beta"
    BETA_PRIME = "beta_prime"


class Zone(StrEnum):
    """The 16 zones of the matrices (guideline 4.3)."""

    MY_NUMBER = "my_number"
    LGWAN = "lgwan"
    INTERNET = "internet"
    SECURITY_CLOUD = "security_cloud"
    PUBLIC_INTERNET = "public_internet"
    LGWAN_NETWORK = "lgwan_network"
    SPECIFIC_DESTINATION = "specific_destination"
    GOVERNMENT_CLOUD = "government_cloud"
    LGWAN_CLOUD = "lgwan_cloud"
    CLOUD_SERVICE = "cloud_service"
    TELEWORK = "telework"
    GUEST_WIRELESS = "guest_wireless"
    EDUCATION = "education"
    OTHER_INTERNAL = "other_internal"
    REMOTE_MAINTENANCE = "remote_maintenance"
    MANAGEMENT = "management"


@dataclass(frozen=True, slots=True)
class InterfaceRef:
    """An interface of a device, written `DEVICE:INTERFACE`."""

    device: str
    interface: str

    def __str__(self) -> str:
        return f"{self.device}:{self.interface}"


@dataclass(frozen=True, slots=True)
class ZoneBinding:
    """Where one zone is in the network.

    `subnets` are its addresses; hosts of an internal zone sit on the interfaces whose subnet lies inside them.
    `rest` (only for `public_internet`) means every address that no zone claims. A zone outside the building
    (LGWAN, security cloud, destinations) is entered and left by `interfaces`, the last interfaces of submitted
    devices before it. `behind` names the zone through which this one is reached (the Internet behind the
    security cloud): it then uses that zone's interfaces too, and such traffic counts as having passed it.
    """

    zone: Zone
    subnets: tuple[IPNetwork, ...]
    interfaces: tuple[InterfaceRef, ...]
    vlans: tuple[int, ...]
    rest: bool
    behind: Zone | None
    source: SourceLine


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file that the ledger names as (part of) a device's configuration: `configs/...`, and where the ledger says so."""

    path: str
    field: str
    source: SourceLine


@dataclass(frozen=True, slots=True)
class LedgerDevice:
    """A device of the ledger (機器台帳). `zones` are those it is connected to (empty = not stated, so possibly all).

    `file` is the configuration (`configs/...`) that belongs to it when the hostname alone does not tell; `files` are all of them, in order,
    where the configuration was exported in several parts (`file` is the first of them).
    `routes` is false for devices that do not route (access points, layer 2 switches): one that carries several zones can still join
    them when it is set up wrongly.
    `config_expected` is false for devices from which no configuration can be exported.
    """

    name: str
    vendor: str
    role: str
    zones: tuple[Zone, ...]
    file: str | None
    routes: bool
    config_expected: bool
    source: SourceLine
    files: tuple[ListedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Host:
    """A host that is in several zones at once, by its `addresses` or as stated. `forwards` is false when it is stated not to pass on
    anything from one zone to another."""

    name: str
    zones: tuple[Zone, ...]
    addresses: tuple[IPNetwork, ...]
    forwards: bool
    source: SourceLine


class DataDirection(StrEnum):
    """Which way the data of a permitted flow goes, seen from the municipality. The connection may be opened from either side."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class PermittedFlow:
    """One permitted flow of the register; those with condition `S1` are the 特定通信台帳.

    `condition` is a cell code of the policy matrix (S1, M1, M2, M3, L1, K1, ...). The flow opens from
    `source_zone` to `destination_zone`; `two_way` permits (and, when `required`, demands) the opening in both
    directions, the mirror entry keeping the same ports on the far side. `ports` are destination ports as inclusive intervals,
    empty for protocols without. `system` names the external system (`eltax`, `mynaportal`, ...). `data` is which way the data goes, None
    when it is not stated.
    """

    id: str
    title: str
    condition: str
    system: str | None
    destination_class: int | None
    source_zone: Zone
    destination_zone: Zone
    sources: tuple[IPNetwork, ...]
    destinations: tuple[IPNetwork, ...]
    protocol: str
    ports: tuple[tuple[int, int], ...]
    mac_addresses: tuple[str, ...]
    data: DataDirection | None
    two_way: bool
    required: bool
    approved_by: str
    approved_on: datetime.date
    valid_until: datetime.date | None
    document: str | None
    source: SourceLine


@dataclass(frozen=True, slots=True)
class Role:
    """A responsible role (`ciso`, `security_officer`, `system_manager`, `auditor`) and its holder."""

    role: str
    holder: str


@dataclass(frozen=True, slots=True)
class Link:
    """A declared link between two interfaces that shared subnets do not show."""

    left: InterfaceRef
    right: InterfaceRef
    source: SourceLine


@dataclass(frozen=True, slots=True)
class Municipality:
    """`municipality.yaml`."""

    code: str
    name: str
    prefecture: str
    population_band: str | None
    model: Model
    edition: str
    roles: tuple[Role, ...]
    zones: tuple[ZoneBinding, ...]
    register: tuple[PermittedFlow, ...]
    ledger: tuple[LedgerDevice, ...]
    links: tuple[Link, ...]
    hosts: tuple[Host, ...] = ()


@dataclass(frozen=True, slots=True)
class Attestation:
    """A dated statement by a responsible person (申告). `subject` is the rule it answers, `detail` its structured part.

    `answer` is what is stated: `yes`, `no` or `partly`. `items` are the parts a statement may be split into (organs of LAW-01, the eight
    fields of LAW-03) with their own answers. `document_sha256` is verified when the document lies in the folder:
    `document_verified` is None when it was not given or the document is not there.
    """

    id: str
    subject: str
    answer: str
    statement: str
    stated_by: str
    role: str
    stated_on: datetime.date
    valid_until: datetime.date | None
    document: str | None
    document_sha256: str | None
    document_verified: bool | None
    items: tuple[tuple[str, str], ...]
    source: SourceLine


@dataclass(frozen=True, slots=True)
class ExceptionFlow:
    """The packets that an exception is limited to, as opened: `ports` are destination ports as inclusive intervals, empty for protocols without."""

    sources: tuple[IPNetwork, ...]
    destinations: tuple[IPNetwork, ...]
    protocol: str
    ports: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ExceptionGrant:
    """An approved, dated deviation (例外措置). It changes the disposition of a result, never the result.

    Scope: `rule` and optionally `subject` (a zone pair `my_number->lgwan`, a device name, a register id) and `flow`. `rule_source` and
    `subject_source` are the lines of these two fields, where they are known.
    """

    id: str
    rule: str
    subject: str | None
    reason: str
    compensating_measure: str
    requested_by: str
    approved_by: str
    valid_from: datetime.date
    valid_until: datetime.date
    document: str | None
    source: SourceLine
    document_sha256: str | None = None
    document_verified: bool | None = None
    flow: ExceptionFlow | None = None
    rule_source: SourceLine | None = None
    subject_source: SourceLine | None = None


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of the audit folder as it was read: path relative to the folder, size, digest."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AuditFolder:
    """One municipality's audit folder.

    `configs` and `probes` are relative paths; their content is read by `vendors` and `probes`. `problems` are files of the folder
    that could not be used (each an error with its file and line): the audit goes on without them and says so.
    """

    root: str
    municipality: Municipality
    attestations: tuple[Attestation, ...]
    exceptions: tuple[ExceptionGrant, ...]
    configs: tuple[str, ...]
    probes: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    problems: tuple[Exception, ...]
    rulesets: tuple[str, ...] = ()
    """Files of an own ruleset; `rules.own` reads them."""
