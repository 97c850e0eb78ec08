"""Where a document breaks its JSON Schema, in words for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from secaudit.locations import schema_file
from secaudit.text.bilingual import Text
from secaudit.text.schema_check import Check, compile_schema

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_SHOWN = 60
_TYPES: Mapping[str, Text] = {
    "object": Text(ja="オブジェクト", en="an object"),
    "array": Text(ja="配列", en="a list"),
    "string": Text(ja="文字列", en="a text"),
    "integer": Text(ja="整数", en="a whole number"),
    "number": Text(ja="数値", en="a number"),
    "boolean": Text(ja="真偽値", en="true or false"),
    "null": Text(ja="null", en="null"),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """The first thing wrong with a document. `field` is its path (`results[3].rule`), empty for the whole document."""

    field: str
    text: Text


def first_violation(document: object, schema: str) -> Violation | None:
    """What is wrong with `document` by the schema of that name, or None. Only the first is told: later ones often follow from it."""
    if _quick_check(schema)(document):
        return None
    for error in _validator(schema).iter_errors(document):
        deepest = _innermost(error)
        return Violation(_path(deepest.absolute_path), _describe(deepest))
    return None


@cache
def _quick_check(schema: str) -> Check:
    return compile_schema(json.loads(schema_file(schema).read_text(encoding="utf-8")))


@cache
def _validator(schema: str) -> Draft202012Validator:
    # Imported here: it costs 0.1 s, and a good result never needs it.
    from jsonschema import Draft202012Validator

    document = json.loads(schema_file(schema).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def _innermost(error: ValidationError) -> ValidationError:
    """Of "neither null nor this object", the complaint about the object: it names the real mistake."""
    while error.context:
        error = max(error.context, key=lambda each: (len(each.absolute_path), each.validator != "type"))
    return error


def _path(steps: Iterable[str | int]) -> str:
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step[:_SHOWN]}" if path else step[:_SHOWN]
    return path


def _describe(error: ValidationError) -> Text:
    instance: Any = error.instance
    wanted: Any = error.validator_value
    schema: Any = error.schema
    value = _shown(instance)
    match error.validator:
        case "required":
            missing = next(name for name in wanted if name not in instance)
            return Text(ja=f"項目 {missing!r} がない", en=f"the key {missing!r} is missing")
        case "additionalProperties":
            known = schema.get("properties", {})
            extra = _shown(next(name for name in instance if name not in known))
            return Text(ja=f"知らない項目がある: {extra}", en=f"there is an unknown key: {extra}")
        case "type":
            names = [_TYPES[name] for name in ([wanted] if isinstance(wanted, str) else list(wanted))]
            return Text(
                ja=f"{'又は'.join(each.ja for each in names)}であるべきところ、{value} である",
                en=f"it should be {' or '.join(each.en for each in names)}, but is {value}",
            )
        case "enum" | "const":
            choices = ", ".join(_shown(each) for each in (wanted if error.validator == "enum" else [wanted]))
            return Text(
                ja=f"{choices} のいずれかであるべきところ、{value} である", en=f"{value} is not one of {choices}"
            )
        case "pattern":
            return Text(ja=f"書き方が正しくない: {value}", en=f"this is not written as it should be: {value}")
        case _:
            limit = f"{error.validator} {_shown(wanted)}"
            return Text(ja=f"{value} は許される範囲にない（{limit}）", en=f"{value} is out of bounds ({limit})")


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
