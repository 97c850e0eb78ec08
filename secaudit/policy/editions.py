"""The editions of the guideline, each written as its difference from the one before."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.policy.definitions import Definition, date_of, load_definition, text_of
from secaudit.policy.model import ConditionChange, Confidence, Edition, Exchange, Remark
from secaudit.text.bilingual import Text

_FOLDER = "editions"


@dataclass(frozen=True, slots=True)
class EditionFile:
    """An edition with the file that it was read from: the changes of the matrix are in `definition`."""

    edition: Edition
    definition: Definition


def editions(folder: Path | None = None) -> tuple[str, ...]:
    """The editions that `policies/` knows, oldest first."""
    root = folder or data_folder("policies")
    return tuple(sorted(path.stem for path in root.glob(f"{_FOLDER}/*.yaml")))


def load_history(edition: str, root: Path) -> tuple[EditionFile, ...]:
    """The editions up to one, oldest first. Raises `PolicyError` for one that is not there and for a broken file."""
    known = editions(root)
    if edition not in known:
        raise _no_edition(edition, known)
    found: list[EditionFile] = []
    wanted: str | None = edition
    while wanted is not None:
        one = _load(root, wanted)
        found.append(one)
        wanted = one.edition.after
        if wanted is not None and (wanted not in known or any(wanted == held.edition.id for held in found)):
            raise one.definition.error(
                Text(ja=f"前の版 {wanted!r} を読めない", en=f"the edition before, {wanted!r}, cannot be read"),
                ("after",),
            )
    return tuple(reversed(found))


def _load(root: Path, name: str) -> EditionFile:
    definition = load_definition(root / _FOLDER / f"{name}.yaml", f"policies/{_FOLDER}/{name}.yaml", "policy_edition")
    data = definition.data
    if data["id"] != name:
        raise definition.error(
            Text(
                ja=f"ファイル名は id {data['id']} と一致しなければならない",
                en=f"the file name must be the id {data['id']}",
            ),
            ("id",),
        )
    edition = Edition(
        id=name,
        title=text_of(data["title"]),
        short=text_of(data["short"]),
        revised_on=date_of(data["revised_on"]),
        after=data.get("after"),
        conditions=tuple(_condition(entry) for entry in data.get("conditions", ())),
        elsewhere=tuple(
            Remark(text_of(entry["text"]), Confidence(entry["confidence"]), entry["source"])
            for entry in data.get("elsewhere", ())
        ),
        confidence=Confidence(data["confidence"]),
        reference=data["source"],
    )
    return EditionFile(edition, definition)


def _condition(entry: Mapping[str, Any]) -> ConditionChange:
    return ConditionChange(
        code=entry["code"],
        classes=tuple(sorted((int(number), Exchange(way)) for number, way in entry["classes"].items())),
        reason=text_of(entry["reason"]),
        confidence=Confidence(entry["confidence"]),
        reference=entry["source"],
    )


def _no_edition(edition: str, known: tuple[str, ...]) -> PolicyError:
    near = difflib.get_close_matches(edition, known, n=1)
    hint = Text(ja=f"使える版: {'、'.join(known)}", en=f"known editions: {', '.join(known)}")
    if near:
        hint = Text(ja=f"{near[0]} の誤りではないか。{hint.ja}", en=f"did you mean {near[0]}? {hint.en}")
    return PolicyError(
        Text(
            ja=f"ガイドラインの版 {edition!r} の方針データがない", en=f"there is no policy for the edition {edition!r}"
        ),
        file="policies",
        hint=hint,
    )
