"""`thresholds.yaml`: the numbers that rules refer to by name, so that they are in one place and a municipality can change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secaudit.policy.definitions import Definition, text_of
from secaudit.policy.model import Confidence
from secaudit.rules.rule import Threshold
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import KeyPath, shown
from secaudit.text.yaml_schema import unknown_word

_KEY = "threshold"


def read_thresholds(definition: Definition) -> Mapping[str, Threshold]:
    """The thresholds of a file by id. Raises `PolicyError` for one that is there twice or whose default is out of its bounds."""
    found: dict[str, Threshold] = {}
    for index, entry in enumerate(definition.data["thresholds"]):
        path: KeyPath = ("thresholds", index)
        if entry["id"] in found:
            raise definition.error(
                Text(ja=f"しきい値 {entry['id']} が二度ある", en=f"the threshold {entry['id']} is there twice"), path
            )
        threshold = Threshold(
            id=entry["id"],
            title=text_of(entry["title"]),
            unit=entry["unit"],
            value=entry["default"],
            minimum=entry.get("minimum"),
            maximum=entry.get("maximum"),
            choices=tuple(entry.get("choices", ())),
            lower_is_stricter=entry["stricter"] == "lower",
            basis=text_of(entry["basis"]),
            confidence=Confidence(entry["confidence"]),
        )
        check_bounds(threshold, threshold.value, definition, (*path, "default"))
        found[threshold.id] = threshold
    return found


def check_bounds(threshold: Threshold, value: object, definition: Definition, path: KeyPath) -> None:
    """Raises `PolicyError` when a value is not one that the threshold may have."""
    if threshold.choices:
        accepted = value in threshold.choices
        hint = unknown_word(shown(value), threshold.choices)
    else:
        low, high = threshold.minimum, threshold.maximum
        accepted = isinstance(value, int) and (low is None or value >= low) and (high is None or value <= high)
        hint = Text(ja=f"{low} から {high} までの整数", en=f"a whole number from {low} to {high}")
    if not accepted:
        raise definition.error(
            Text(
                ja=f"しきい値 {threshold.id} に {shown(value)} は書けない",
                en=f"the threshold {threshold.id} cannot be {shown(value)}",
            ),
            path,
            hint,
        )


def resolved(value: Any, thresholds: Mapping[str, Threshold], definition: Definition, path: KeyPath) -> Any:
    """Parameters with every `{threshold: ID}` replaced by its value. Raises `PolicyError` for an id that does not exist."""
    if isinstance(value, list):
        return [resolved(item, thresholds, definition, (*path, index)) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    name = named_by(value)
    if name is None:
        return {key: resolved(item, thresholds, definition, (*path, key)) for key, item in value.items()}
    if name not in thresholds:
        raise definition.error(
            Text(ja=f"しきい値 {shown(name)!r} はない", en=f"there is no threshold {shown(name)!r}"),
            (*path, _KEY),
            unknown_word(name, thresholds),
        )
    return thresholds[name].value


def named_by(value: object) -> str | None:
    """The threshold that a parameter names, None when it is no reference."""
    if isinstance(value, Mapping) and set(value) == {_KEY} and isinstance(value[_KEY], str):
        return str(value[_KEY])
    return None


def names_in(value: object) -> Iterator[str]:
    """Every threshold that parameters name."""
    name = named_by(value)
    if name is not None:
        yield name
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from names_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from names_in(item)
