"""`policies/` as a `Policy`: one edition and one model."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from secaudit.locations import data_folder
from secaudit.municipality.model import Model, Zone
from secaudit.policy.definitions import Definition, date_of, load_definition, ports_of, text_of
from secaudit.policy.editions import EditionFile, load_history
from secaudit.policy.invariants import check_invariants
from secaudit.policy.matrix import Matrix, load_matrix, split_cell
from secaudit.policy.model import (
    Cell,
    Condition,
    Confidence,
    Constraint,
    Denied,
    Free,
    LegalDate,
    NotApplicable,
    Pin,
    Policy,
    Registered,
    ServicePorts,
    Via,
    ZoneInfo,
)
from secaudit.policy.systems import read_systems
from secaudit.text.bilingual import Text


def load_policy(edition: str, model: Model, folder: Path | None = None) -> Policy:
    """Reads the policy of one edition and model.

    Raises `PolicyError` for an edition or model that `policies/` does not have, for a broken file, and for a matrix that breaks what
    holds in every edition.
    """
    root = folder or data_folder("policies")
    history = load_history(edition, root)
    zones_file = _load(root, "zones.yaml", "policy_zones")
    conditions_file = _load(root, "conditions.yaml", "policy_conditions")
    dates_file = _load(root, "legal-dates.yaml", "policy_legal_dates")
    invariants_file = _load(root, "invariants.yaml", "policy_invariants")
    systems_file = _load(root, "external-systems.yaml", "policy_external_systems")
    sources_file = _load(root, "sources.yaml", "policy_sources")
    zones = _zones(zones_file)
    conditions = _as_of(_conditions(conditions_file), history)
    matrix = load_matrix(root, history, model, [info.code for info in zones.values()], conditions)
    check_invariants(invariants_file, matrix, edition, model)
    files = [zones_file, conditions_file, dates_file, invariants_file, systems_file, sources_file, *matrix.files]
    files += [one.definition for one in history]
    last = history[-1].edition
    return Policy(
        edition=edition,
        edition_title=last.title,
        edition_short=last.short,
        revised_on=last.revised_on,
        history=tuple(one.edition for one in history),
        model=model,
        model_title=matrix.title,
        zones=zones,
        conditions=conditions,
        cells=_cells(zones, conditions, matrix),
        legal_dates=_legal_dates(dates_file),
        systems=read_systems(systems_file, conditions),
        sources={entry["key"]: text_of(entry["title"]) for entry in sources_file.data["sources"]},
        files=tuple(sorted((definition.file for definition in files), key=lambda file: file.path)),
    )


def _load(root: Path, name: str, schema: str) -> Definition:
    return load_definition(root / name, f"policies/{name}", schema)


def _zones(definition: Definition) -> Mapping[Zone, ZoneInfo]:
    result: dict[Zone, ZoneInfo] = {}
    for index, entry in enumerate(definition.data["zones"]):
        zone = Zone(entry["id"])
        if zone in result:
            raise definition.error(_twice(entry["id"]), ("zones", index, "id"))
        layer = entry.get("layer")
        result[zone] = ZoneInfo(
            zone=zone,
            code=entry["code"],
            title=text_of(entry["title"]),
            layer=None if layer is None else Zone(layer),
            external=entry["external"],
            expected=entry["expected"],
        )
    missing = [zone.value for zone in Zone if zone not in result]
    if missing:
        names = ", ".join(missing)
        raise definition.error(Text(ja=f"領域が足りない: {names}", en=f"zones are missing: {names}"), ("zones",))
    return result


def _conditions(definition: Definition) -> Mapping[str, Condition]:
    services: dict[str, tuple[ServicePorts, ...]] = {}
    for name, entry in definition.data["services"].items():
        services[name] = _service_ports(definition, name, entry["ports"])
    result: dict[str, Condition] = {}
    for index, entry in enumerate(definition.data["conditions"]):
        code = entry["code"]
        if code in result:
            raise definition.error(_twice(code), ("conditions", index, "code"))
        wanted = entry["constraint"].get("services")
        if wanted is not None and wanted not in services:
            raise definition.error(
                Text(ja=f"サービスの一覧 {wanted!r} がない", en=f"there is no list of services {wanted!r}"),
                ("conditions", index, "constraint", "services"),
                _did_you_mean(wanted, services),
            )
        result[code] = Condition(
            code=code,
            title=text_of(entry["title"]),
            meaning=text_of(entry["meaning"]),
            constraint=_constraint(code, entry["constraint"], services),
            pins=tuple(Pin(name) for name in entry.get("pins", ())),
            confidence=Confidence(entry.get("confidence", "high")),
        )
    return result


def _as_of(conditions: Mapping[str, Condition], history: Sequence[EditionFile]) -> Mapping[str, Condition]:
    """The conditions as the last edition has them."""
    result = dict(conditions)
    for one in history:
        for index, change in enumerate(one.edition.conditions):
            held = result.get(change.code)
            if held is None or not isinstance(held.constraint, Registered):
                raise one.definition.error(
                    Text(
                        ja=f"台帳による条件 {change.code!r} がない",
                        en=f"there is no condition {change.code!r} that rests on the register",
                    ),
                    ("conditions", index, "code"),
                    _did_you_mean(change.code, result),
                )
            result[change.code] = replace(held, constraint=replace(held.constraint, classes=change.classes))
    return result


def _service_ports(definition: Definition, name: str, entries: list[dict[str, Any]]) -> tuple[ServicePorts, ...]:
    result = []
    for index, entry in enumerate(entries):
        try:
            result.append(ServicePorts(entry["protocol"], ports_of(entry["ports"])))
        except ValueError as error:
            raise definition.error(
                Text(ja=f"ポート {error} を読み取れない", en=f"the port {error} cannot be read"),
                ("services", name, "ports", index, "ports"),
            ) from error
    return tuple(result)


def _constraint(code: str, entry: Mapping[str, Any], services: Mapping[str, tuple[ServicePorts, ...]]) -> Constraint:
    kind = entry["type"]
    if kind == "free":
        return Free()
    if kind == "denied":
        return Denied(exceptable=entry["exceptable"])
    if kind == "via":
        return Via(Zone(entry["zone"]))
    if kind == "register":
        return Registered(code, services[entry["services"]] if "services" in entry else ())
    return NotApplicable()


def _cells(
    zones: Mapping[Zone, ZoneInfo], conditions: Mapping[str, Condition], matrix: Matrix
) -> Mapping[tuple[Zone, Zone], Cell]:
    result = {}
    for source in Zone:
        for destination in Zone:
            cell = matrix.cells[zones[source].code, zones[destination].code]
            own = tuple(conditions[code] for code in split_cell(cell.text))
            result[source, destination] = Cell(
                source, destination, cell.text, own, cell.confidence, cell.reference, cell.reason
            )
    return result


def _legal_dates(definition: Definition) -> Mapping[str, LegalDate]:
    result = {}
    for entry in definition.data["dates"]:
        result[entry["id"]] = LegalDate(
            id=entry["id"],
            title=text_of(entry["title"]),
            law=text_of(entry["law"]),
            date=date_of(entry["date"]),
            confidence=Confidence(entry["confidence"]),
            reference=entry["source"],
        )
    return result


def _twice(name: str) -> Text:
    return Text(ja=f"{name} が二度書かれている", en=f"{name} is written twice")


def _did_you_mean(word: str, known: Iterable[str]) -> Text | None:
    near = difflib.get_close_matches(word, list(known), n=1)
    return Text(ja=f"{near[0]} の誤りではないか", en=f"did you mean {near[0]}?") if near else None
