"""`policies/` as a `Policy`: one edition and one model."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.municipality.model import Model, Zone
from secaudit.policy.definitions import Definition, date_of, load_definition, ports_of, text_of
from secaudit.policy.model import (
    Cell,
    Condition,
    Confidence,
    Constraint,
    Denied,
    Free,
    LegalDate,
    NotApplicable,
    Policy,
    Registered,
    ServicePorts,
    Via,
    ZoneInfo,
)
from secaudit.text.bilingual import Text

_MAXIMUM_DEPTH = 8
"""Of `extends`: far more than there are editions, so that a circle ends in a message."""

_Grid = dict[tuple[str, str], str]
_Notes = dict[tuple[str, str], tuple[Confidence, str]]


def editions(folder: Path | None = None) -> tuple[str, ...]:
    """The editions that `policies/` knows, oldest first."""
    root = folder or data_folder("policies")
    return tuple(sorted(entry.parent.name for entry in root.glob("*/edition.yaml")))


def load_policy(edition: str, model: Model, folder: Path | None = None) -> Policy:
    """Reads the policy of one edition and model.

    Raises `PolicyError` for an edition or model that `policies/` does not have, and for a broken file.
    """
    root = folder or data_folder("policies")
    _require_edition(root, edition)
    zones_file = _load(root, "zones.yaml", "policy_zones")
    conditions_file = _load(root, "conditions.yaml", "policy_conditions")
    dates_file = _load(root, "legal-dates.yaml", "policy_legal_dates")
    edition_file = _load(root, f"{edition}/edition.yaml", "policy_edition")
    if not (root / edition / f"{model.value}.yaml").is_file():
        raise _no_model(root, edition, model)
    zones = _zones(zones_file)
    conditions = _conditions(conditions_file)
    grid, notes, matrices = _matrix(root, f"{edition}/{model.value}", conditions, zones, depth=0)
    files = [zones_file, conditions_file, dates_file, edition_file, *matrices]
    return Policy(
        edition=edition,
        edition_title=text_of(edition_file.data["title"]),
        edition_short=text_of(edition_file.data["short"]),
        revised_on=date_of(edition_file.data["revised_on"]),
        model=model,
        model_title=text_of(matrices[-1].data["title"]),
        zones=zones,
        conditions=conditions,
        cells=_cells(zones, conditions, grid, notes),
        legal_dates=_legal_dates(dates_file),
        files=tuple(sorted((definition.file for definition in files), key=lambda file: file.path)),
    )


def split_cell(text: str) -> tuple[str, ...]:
    """The codes of a cell as written: `D*/S2` → `D*`, `S2`; `P0+I1` → `P0`, `I1`; `n/a` stays whole."""
    return ("n/a",) if text == "n/a" else tuple(text.replace("+", "/").split("/"))


def _load(root: Path, name: str, schema: str) -> Definition:
    return load_definition(root / name, f"policies/{name}", schema)


def _require_edition(root: Path, edition: str) -> None:
    known = editions(root)
    if edition in known:
        return
    near = difflib.get_close_matches(edition, known, n=1)
    hint = Text(ja=f"使える版: {'、'.join(known)}", en=f"known editions: {', '.join(known)}")
    if near:
        hint = Text(ja=f"{near[0]} の誤りではないか。{hint.ja}", en=f"did you mean {near[0]}? {hint.en}")
    raise PolicyError(
        Text(
            ja=f"ガイドラインの版 {edition!r} の方針データがない", en=f"there is no policy for the edition {edition!r}"
        ),
        file="policies",
        hint=hint,
    )


def _no_model(root: Path, edition: str, model: Model) -> PolicyError:
    known = [name.value for name in Model if (root / edition / f"{name.value}.yaml").is_file()]
    return PolicyError(
        Text(
            ja=f"版 {edition} にモデル {model.value} の方針データがない",
            en=f"edition {edition} has no policy for the model {model.value}",
        ),
        file=f"policies/{edition}",
        hint=Text(ja=f"使えるモデル: {'、'.join(known)}", en=f"known models: {', '.join(known)}"),
    )


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
            confidence=Confidence(entry.get("confidence", "high")),
        )
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


def _matrix(
    root: Path, name: str, conditions: Mapping[str, Condition], zones: Mapping[Zone, ZoneInfo], depth: int
) -> tuple[_Grid, _Notes, list[Definition]]:
    """The cells of one matrix by zone codes, what is known of each, and the files read: the bases first, this one last."""
    definition = _load(root, f"{name}.yaml", "policy_matrix")
    codes = [info.code for info in zones.values()]
    base = definition.data.get("extends")
    if base is None:
        grid = _whole(definition, codes)
        read: list[Definition] = []
        notes = _notes_of(definition, grid, codes)
    else:
        if depth >= _MAXIMUM_DEPTH or not (root / f"{base}.yaml").is_file():
            raise definition.error(
                Text(ja=f"もとになる表 {base!r} を読めない", en=f"the matrix {base!r} cannot be read"), ("extends",)
            )
        grid, notes, read = _matrix(root, base, conditions, zones, depth + 1)
        for index, change in enumerate(definition.data["changes"]):
            _apply(definition, index, change, grid, notes)
    for (source, destination), text in grid.items():
        unknown = [code for code in split_cell(text) if code not in conditions]
        if unknown:
            raise definition.error(
                Text(
                    ja=f"{source}→{destination} の記号 {unknown[0]!r} は定義されていない",
                    en=f"the code {unknown[0]!r} of {source}→{destination} is not defined",
                ),
                ("rows", source) if base is None else ("changes",),
                _did_you_mean(unknown[0], conditions),
            )
    return grid, notes, [*read, definition]


def _whole(definition: Definition, codes: list[str]) -> _Grid:
    columns, rows = definition.data["columns"], definition.data["rows"]
    for path, given in ((("columns",), columns), (("rows",), list(rows))):
        if sorted(given) != sorted(codes):
            odd = ", ".join(sorted(set(given) ^ set(codes))) or "-"
            raise definition.error(
                Text(
                    ja=f"16の領域がちょうど一度ずつ必要である（過不足: {odd}）",
                    en=f"each of the 16 zones is needed once (differs: {odd})",
                ),
                path,
            )
    grid: _Grid = {}
    for source, cells in rows.items():
        if len(cells) != len(columns):
            raise definition.error(
                Text(
                    ja=f"{len(columns)} 個の欄が必要だが {len(cells)} 個ある",
                    en=f"{len(columns)} cells are needed, not {len(cells)}",
                ),
                ("rows", source),
            )
        grid.update({(source, destination): text for destination, text in zip(columns, cells, strict=True)})
    return grid


def _notes_of(definition: Definition, grid: _Grid, codes: list[str]) -> _Notes:
    whole = (Confidence(definition.data["confidence"]), definition.data["source"])
    notes: _Notes = dict.fromkeys(grid, whole)
    for index, note in enumerate(definition.data.get("notes", ())):
        for field in ("rows", "columns"):
            unknown = [code for code in note[field] if code not in codes]
            if unknown:
                raise definition.error(_no_zone(unknown[0]), ("notes", index, field), _did_you_mean(unknown[0], codes))
        told = (Confidence(note["confidence"]), note["source"])
        notes.update({(row, column): told for row in note["rows"] for column in note["columns"]})
    return notes


def _apply(definition: Definition, index: int, change: Mapping[str, Any], grid: _Grid, notes: _Notes) -> None:
    told = (Confidence(change["confidence"]), change["source"])
    for source, cells in change["cells"].items():
        for destination, text in cells.items():
            if (source, destination) not in grid:
                wrong = source if all(row != source for row, _ in grid) else destination
                raise definition.error(
                    _no_zone(wrong), ("changes", index, "cells", source), _did_you_mean(wrong, [row for row, _ in grid])
                )
            grid[source, destination] = text
            notes[source, destination] = told


def _cells(
    zones: Mapping[Zone, ZoneInfo], conditions: Mapping[str, Condition], grid: _Grid, notes: _Notes
) -> Mapping[tuple[Zone, Zone], Cell]:
    result = {}
    for source in Zone:
        for destination in Zone:
            key = zones[source].code, zones[destination].code
            confidence, reference = notes[key]
            own = tuple(conditions[code] for code in split_cell(grid[key]))
            result[source, destination] = Cell(source, destination, grid[key], own, confidence, reference)
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


def _no_zone(code: str) -> Text:
    return Text(ja=f"領域の記号 {code!r} はない", en=f"there is no zone code {code!r}")


def _did_you_mean(word: str, known: Iterable[str]) -> Text | None:
    near = difflib.get_close_matches(word, list(known), n=1)
    return Text(ja=f"{near[0]} の誤りではないか", en=f"did you mean {near[0]}?") if near else None
