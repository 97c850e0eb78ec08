"""The matrix of one edition and model: the first edition's model α, what later editions changed, and how the model differs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from secaudit.errors import PolicyError
from secaudit.municipality.model import Model
from secaudit.policy.definitions import Definition, load_definition, text_of
from secaudit.policy.editions import EditionFile
from secaudit.policy.model import Confidence
from secaudit.text.bilingual import Text

_FOLDER = "models"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class WrittenCell:
    """A cell as the data writes it, by zone codes: its text, how sure it is, where that is from, and why it changed last."""

    text: str
    confidence: Confidence
    reference: str
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """All cells by the codes of their zones, the model's name, and the files of the models it is made of, this one last."""

    cells: Mapping[Pair, WrittenCell]
    title: Text
    files: tuple[Definition, ...]


def split_cell(text: str) -> tuple[str, ...]:
    """The codes of a cell as written: `D*/S2` → `D*`, `S2`; `P0+I1` → `P0`, `I1`; `n/a` stays whole."""
    return ("n/a",) if text == "n/a" else tuple(text.replace("+", "/").split("/"))


def load_matrix(
    root: Path, history: Sequence[EditionFile], model: Model, zones: Iterable[str], conditions: Iterable[str]
) -> Matrix:
    """The matrix of the last edition of `history`. Raises `PolicyError` for a model that it does not have, and for a broken file."""
    known = frozenset(conditions)
    chain = _chain(root, history, model)
    base = chain[0]
    cells = _whole(base, list(zones))
    _check_codes(base, {pair: (cell.text, ("rows", pair[0])) for pair, cell in cells.items()}, known)
    for definition in [one.definition for one in history] + chain[1:]:
        _apply(definition, cells, known)
    return Matrix(cells, text_of(chain[-1].data["title"]), tuple(chain))


def _chain(root: Path, history: Sequence[EditionFile], model: Model) -> list[Definition]:
    """The files of a model: the whole matrix first, then each difference."""
    order = [one.edition.id for one in history]
    found: list[Definition] = []
    name = model.value
    while True:
        if not (root / _FOLDER / f"{name}.yaml").is_file():
            if found:
                raise found[-1].error(
                    Text(ja=f"もとになるモデル {name!r} を読めない", en=f"the model {name!r} cannot be read"),
                    ("differs_from",),
                    _did_you_mean(name, [one.value for one in Model]),
                )
            raise _no_model(root, order, model)
        definition = load_definition(root / _FOLDER / f"{name}.yaml", f"policies/{_FOLDER}/{name}.yaml", "policy_model")
        found.append(definition)
        if definition.data["since"] not in order:
            raise _no_model(root, order, model)
        base = definition.data.get("differs_from")
        if base is None:
            return found[::-1]
        if any(base == one.data["model"] for one in found):
            raise definition.error(
                Text(ja=f"もとになるモデル {base!r} が循環している", en=f"the model {base!r} differs from itself"),
                ("differs_from",),
            )
        name = base


def _no_model(root: Path, order: Sequence[str], model: Model) -> PolicyError:
    edition = order[-1]
    known = []
    for one in Model:
        path = root / _FOLDER / f"{one.value}.yaml"
        if path.is_file():
            data = load_definition(path, f"policies/{_FOLDER}/{path.name}", "policy_model").data
            if data["since"] in order:
                known.append(one.value)
    return PolicyError(
        Text(ja=f"版 {edition} にモデル {model.value} はない", en=f"the edition {edition} has no model {model.value}"),
        file="policies",
        hint=Text(ja=f"この版のモデル: {'、'.join(known)}", en=f"its models: {', '.join(known)}"),
    )


def _whole(definition: Definition, codes: list[str]) -> dict[Pair, WrittenCell]:
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
    told = _notes(definition, codes)
    cells: dict[Pair, WrittenCell] = {}
    for source, texts in rows.items():
        if len(texts) != len(columns):
            raise definition.error(
                Text(
                    ja=f"{len(columns)} 個の欄が必要だが {len(texts)} 個ある",
                    en=f"{len(columns)} cells are needed, not {len(texts)}",
                ),
                ("rows", source),
            )
        for destination, text in zip(columns, texts, strict=True):
            cells[source, destination] = WrittenCell(text, *told[source, destination])
    return cells


def _notes(definition: Definition, codes: list[str]) -> Mapping[Pair, tuple[Confidence, str]]:
    whole = (Confidence(definition.data["confidence"]), definition.data["source"])
    notes = {(row, column): whole for row in codes for column in codes}
    for note in definition.data.get("notes", ()):
        told = (Confidence(note["confidence"]), note["source"])
        notes.update({(row, column): told for row in note["rows"] for column in note["columns"]})
    return notes


def _apply(definition: Definition, cells: dict[Pair, WrittenCell], conditions: frozenset[str]) -> None:
    for index, change in enumerate(definition.data.get("changes", ())):
        written: dict[Pair, tuple[str, tuple[str | int, ...]]] = {
            (source, destination): (text, ("changes", index, "cells", source))
            for source, row in change["cells"].items()
            for destination, text in row.items()
        }
        _check_codes(definition, written, conditions)
        for pair, (text, path) in written.items():
            if cells[pair].text == text:
                raise definition.error(
                    Text(ja=f"{pair[0]}→{pair[1]} は既に {text} である", en=f"{pair[0]}→{pair[1]} already is {text}"),
                    path,
                )
            cells[pair] = WrittenCell(
                text, Confidence(change["confidence"]), change["source"], text_of(change["reason"])
            )


def _check_codes(
    definition: Definition,
    written: Mapping[Pair, tuple[str, tuple[str | int, ...]]],
    conditions: frozenset[str],
) -> None:
    for (source, destination), (text, path) in written.items():
        for code in split_cell(text):
            if code not in conditions:
                raise definition.error(
                    Text(
                        ja=f"{source}→{destination} の記号 {code!r} は定義されていない",
                        en=f"the code {code!r} of {source}→{destination} is not defined",
                    ),
                    path,
                    _did_you_mean(code, conditions),
                )


def _did_you_mean(word: str, known: Iterable[str]) -> Text | None:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return Text(ja=f"{near[0]} の誤りではないか", en=f"did you mean {near[0]}?") if near else None
