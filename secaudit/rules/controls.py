"""`controls.yaml`: the catalogue of all controls, the measure of how much of the guideline the rules cover."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.municipality.model import Model
from secaudit.policy.definitions import Definition, text_of
from secaudit.policy.model import Confidence
from secaudit.rules.result import Severity
from secaudit.rules.rule import Chapter, Control, ControlEvidence
from secaudit.text.bilingual import Text


def read_controls(definition: Definition, chapters: Iterable[Chapter]) -> tuple[Control, ...]:
    """The controls in the order of the file. Raises `PolicyError` for one that is there twice or belongs to no chapter."""
    groups = {group for chapter in chapters for group in chapter.controls}
    found: dict[str, Control] = {}
    for index, entry in enumerate(definition.data["controls"]):
        control = Control(
            id=entry["id"],
            clause=text_of(entry["clause"]),
            title=text_of(entry["title"]),
            evidence=tuple(ControlEvidence(name) for name in entry["evidence"]),
            models=tuple(Model(name) for name in entry["models"]),
            severity=Severity(entry["severity"]),
            confidence=Confidence(entry["confidence"]),
        )
        path = ("controls", index, "id")
        if control.id in found:
            raise definition.error(
                Text(ja=f"管理策 {control.id} が二度ある", en=f"the control {control.id} is there twice"), path
            )
        if control.id.partition("-")[0] not in groups:
            raise definition.error(
                Text(ja=f"管理策 {control.id} の章がない", en=f"there is no chapter for the control {control.id}"), path
            )
        found[control.id] = control
    return tuple(found.values())
