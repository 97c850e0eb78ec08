"""What may flow between zones, by edition and model: the matrix of the guideline as frozen values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from secaudit.municipality.model import Model, Zone
from secaudit.text.bilingual import Text


class Confidence(StrEnum):
    """How sure we are of a statement of the guideline, surest first."""

    SOURCE = "source"
    """Read in a named document."""
    HIGH = "high"
    MEDIUM = "medium"
    """Believed right; kept configurable."""
    DERIVED = "derived"
    """Our inference from the rules above it."""
    LOW = "low"
    """Plausible only; never comes out as fact."""


@dataclass(frozen=True, slots=True)
class ZoneInfo:
    """One zone of the matrices. `layer` is the 系 it belongs to (or is judged as), None outside the layers.

    `external` zones lie outside the building. `expected` zones exist at every municipality: when the audit folder does not
    say where one is, the pairs it takes part in cannot be judged.
    """

    zone: Zone
    code: str
    title: Text
    layer: Zone | None
    external: bool
    expected: bool


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """Destination ports of one protocol, as inclusive intervals."""

    protocol: str
    ports: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Free:
    """Anything may open a connection."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Nothing may. `exceptable` when a written, dated exception can settle a flow (`D*`)."""

    exceptable: bool


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """Outside the body's control."""


class Exchange(StrEnum):
    """Which way data may go between the My Number zone and a destination of one class (guideline 3.5)."""

    NONE = "none"
    IN = "in"
    """Only into the zone."""
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Registered:
    """Only flows inside valid register entries that carry `condition`; `services` (empty = all) narrows them further.

    `classes` gives the exchange that the edition permits with destinations of class 1 (①) and 2 (②); empty where it does not tell them apart.
    """

    condition: str
    services: tuple[ServicePorts, ...]
    classes: tuple[tuple[int, Exchange], ...] = ()

    def exchange_with(self, destination_class: int | None) -> Exchange:
        """What may be exchanged with a destination of a class; with one whose class nobody states, what is permitted with every class."""
        if not self.classes:
            return Exchange.BOTH
        order = (Exchange.NONE, Exchange.IN, Exchange.BOTH)
        asked = [way for number, way in self.classes if destination_class in (None, number)]
        return min(asked, key=order.index, default=Exchange.NONE)


@dataclass(frozen=True, slots=True)
class Via:
    """Only what leaves through `zone`; a direct exit is a violation."""

    zone: Zone


Constraint = Free | Denied | NotApplicable | Registered | Via


class Pin(StrEnum):
    """What an entry of the register must limit."""

    SOURCE = "source"
    DESTINATION = "destination"
    PORT = "port"
    MAC = "mac"


@dataclass(frozen=True, slots=True)
class Condition:
    """A cell code: its names, its meaning, what it asks of the configurations, and what an entry must pin under it."""

    code: str
    title: Text
    meaning: Text
    constraint: Constraint
    pins: tuple[Pin, ...]
    confidence: Confidence


class CellVerdict(StrEnum):
    """A cell in one word."""

    FREE = "free"
    CONDITIONAL = "conditional"
    DENIED = "denied"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Cell:
    """What may open a connection from `source` to `destination`. Any one of `conditions` permits.

    `text` is the cell as the matrix writes it (`D*/S2`). `reason` is what an edition or a model changed here, None where the first
    edition's model α still holds.
    """

    source: Zone
    destination: Zone
    text: str
    conditions: tuple[Condition, ...]
    confidence: Confidence
    reference: str
    reason: Text | None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the cell in written order."""
        return tuple(condition.code for condition in self.conditions)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The constraints of the codes in written order."""
        return tuple(condition.constraint for condition in self.conditions)

    @property
    def verdict(self) -> CellVerdict:
        """The cell in one word; a cell that permits anything under a condition is conditional."""
        if any(isinstance(constraint, Free) for constraint in self.constraints):
            return CellVerdict.FREE
        if any(isinstance(constraint, Registered | Via) for constraint in self.constraints):
            return CellVerdict.CONDITIONAL
        if any(isinstance(constraint, Denied) for constraint in self.constraints):
            return CellVerdict.DENIED
        return CellVerdict.NOT_APPLICABLE

    @property
    def exceptable(self) -> bool:
        """Whether the matrix foresees that an exception settles a flow of this pair: false only where a `D` stands alone."""
        denials = [constraint for constraint in self.constraints if isinstance(constraint, Denied)]
        return any(denial.exceptable for denial in denials) or len(denials) < len(self.constraints)


class Opener(StrEnum):
    """Who opens the connections with an external system."""

    MUNICIPALITY = "municipality"
    SYSTEM = "system"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class SystemUse:
    """How one zone of a municipality uses an external system: the zones of the matrix beyond, and the code of the cell that permits it."""

    zone: Zone
    beyond: tuple[Zone, ...]
    condition: str


@dataclass(frozen=True, slots=True)
class KnownPorts:
    """Destination ports that are publicly known or usual, and how sure that is."""

    services: tuple[ServicePorts, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class ExternalSystem:
    """A system outside that municipalities use (guideline chapter 5). Its addresses are never known here.

    `destination_class` is 1 (①, reaches no Internet) or 2 (②, can, and is officially judged safe), None where the distinction is not made.
    """

    id: str
    title: Text
    operator: Text
    destination_class: int | None
    uses: tuple[SystemUse, ...]
    opens: Opener
    path: Text
    ports: KnownPorts | None
    confidence: Confidence
    reference: str


@dataclass(frozen=True, slots=True)
class LegalDate:
    """A day on which a duty begins."""

    id: str
    title: Text
    law: Text
    date: datetime.date
    confidence: Confidence
    reference: str


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """A data file that the verdicts rest on: `path` as shown to people (`policies/zones.yaml`), size in bytes, SHA-256."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """What an edition changed of a condition: the exchange it permits by class of the destination."""

    code: str
    classes: tuple[tuple[int, Exchange], ...]
    reason: Text
    confidence: Confidence
    reference: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something an edition changed that no matrix shows."""

    text: Text
    confidence: Confidence
    reference: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of the guideline. `after` is the edition before it, None for the first."""

    id: str
    title: Text
    short: Text
    revised_on: datetime.date
    after: str | None
    conditions: tuple[ConditionChange, ...]
    elsewhere: tuple[Remark, ...]
    confidence: Confidence
    reference: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One edition and one model: all 16 x 16 cells, the zones, the conditions, and the legal dates.

    `history` are the editions up to this one, oldest first. `systems` are the external systems by id, `sources` the titles of the documents
    by the keys that stand in every `reference`.
    """

    edition: str
    edition_title: Text
    edition_short: Text
    revised_on: datetime.date
    history: tuple[Edition, ...]
    model: Model
    model_title: Text
    zones: Mapping[Zone, ZoneInfo]
    conditions: Mapping[str, Condition]
    cells: Mapping[tuple[Zone, Zone], Cell]
    legal_dates: Mapping[str, LegalDate]
    systems: Mapping[str, ExternalSystem]
    sources: Mapping[str, Text]
    files: tuple[DefinitionFile, ...]

    def cell(self, source: Zone, destination: Zone) -> Cell:
        """The cell of one ordered pair."""
        return self.cells[source, destination]

    def title_of(self, zone: Zone) -> Text:
        """What people call a zone."""
        return self.zones[zone].title
