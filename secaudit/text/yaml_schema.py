"""Checks a YAML document against its JSON Schema and says what is wrong as people need it: line, field, suggestion.

Schemas are JSON Schema 2020-12. A subschema may carry `x-expected` with `ja` and `en`: what to write there, in words.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from secaudit.errors import InputError
from secaudit.locations import schema_file
from secaudit.text.bilingual import Text
from secaudit.text.schema_check import Check, compile_schema
from secaudit.text.yaml_document import KeyPath, YamlDocument, dotted, shown

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_LISTED_ERRORS = 20
_MAXIMUM_ERRORS = 100
_MAXIMUM_CHOICES = 2000
_LISTED_CHOICES = 24
_LONGEST_SUGGESTED = 64
_TYPES = {
    "object": Text(ja="項目の集まり（`キー: 値` の行）", en="a mapping (`key: value` lines)"),
    "array": Text(ja="一覧（`- ` で始まる行、または `[a, b]`）", en="a list (lines with `- `, or `[a, b]`)"),
    "string": Text(ja="文字（数字だけなら引用符で囲む）", en="text (quoted if it is only digits)"),
    "integer": Text(ja="整数", en="a whole number"),
    "number": Text(ja="数", en="a number"),
    "boolean": Text(ja="「true」か「false」", en="true or false"),
    "null": Text(ja="空欄", en="nothing"),
}


def check_schema(document: YamlDocument, schema_name: str) -> None:
    """Raises `InputError` for the first violation; the others are listed in its hint."""
    quick = _quick_check(schema_name)
    if quick is not None and quick(document.data):
        return
    errors = schema_errors(document, schema_name)
    if errors:
        raise joined(errors)


def check_value(document: YamlDocument, data: object, schema_name: str) -> None:
    """`check_schema` of data that was made from a document; errors name the places of the document that it came from."""
    check_schema(dataclasses.replace(document, data=data), schema_name)  # type: ignore[arg-type]


def schema_errors(document: YamlDocument, schema_name: str) -> list[InputError]:
    """The violations, in the order of the lines; of a hostile file not more than people would read."""
    found: list[InputError] = []
    for error in _validator(schema_name).iter_errors(document.data):  # type: ignore[arg-type, unused-ignore]
        found.extend(islice(_explained(error, document), _MAXIMUM_ERRORS))
        if len(found) >= _MAXIMUM_ERRORS:
            break
    unique = {(error.line, error.field, error.text.ja): error for error in found}
    return sorted(unique.values(), key=lambda error: (error.line or 0, error.field or ""))


def joined(errors: Sequence[InputError]) -> InputError:
    """One error that tells the first mistake and lists the others, so that people can mend them all at once."""
    first, *others = errors
    if not others:
        return first
    hint_ja = [first.hint.ja] if first.hint else []
    hint_en = [first.hint.en] if first.hint else []
    hint_ja.append(f"ほかに {len(others)} 件の誤りがあります:")
    hint_en.append(f"There are {len(others)} more mistakes:")
    for error in others[:_LISTED_ERRORS]:
        place = (f"{error.file}:{error.line}" if error.line else error.file) + (
            f" [{error.field}]" if error.field else ""
        )
        hint_ja.append(f"  {place}: {error.text.ja}" + (f"（{error.hint.ja}）" if error.hint else ""))
        hint_en.append(f"  {place}: {error.text.en}" + (f" ({error.hint.en})" if error.hint else ""))
    result = type(first)(
        first.text,
        file=first.file,
        line=first.line,
        field=first.field,
        hint=Text(ja="\n    ".join(hint_ja), en="\n    ".join(hint_en)),
    )
    result.__cause__ = first
    return result


def suggestion(word: str, choices: Iterable[str]) -> str | None:
    """The choice that a mistyped word was probably meant to be."""
    if len(word) > _LONGEST_SUGGESTED:
        return None
    known = {choice.lower(): choice for choice in islice(choices, _MAXIMUM_CHOICES)}
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return known[close[0]] if close else None


def unknown_word(word: str, choices: Iterable[str]) -> Text:
    """The hint for a word that is not one of the choices: the probable one, or all of them."""
    known = sorted(choices)
    meant = suggestion(word, known)
    if meant is not None:
        return Text(ja=f"「{meant}」のことですか。", en=f"Did you mean `{meant}`?")
    listed = ", ".join(shown(choice) for choice in known[:_LISTED_CHOICES]) + (
        " …" if len(known) > _LISTED_CHOICES else ""
    )
    return Text(ja=f"書けるもの: {listed}", en=f"One of: {listed}")


@cache
def _quick_check(schema_name: str) -> Check | None:
    """The plain check of a schema, None for one with keywords that only `jsonschema` knows."""
    try:
        return compile_schema(json.loads(schema_file(schema_name).read_text(encoding="utf-8")))
    except ValueError:
        return None


@cache
def _validator(schema_name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # slow to import, and needed only where a file is checked

    return Draft202012Validator(json.loads(schema_file(schema_name).read_text(encoding="utf-8")))


def _explained(error: ValidationError, document: YamlDocument) -> Iterator[InputError]:
    path: KeyPath = tuple(error.absolute_path)
    instance: Any = error.instance
    demanded: Any = error.validator_value
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}

    def at(place: KeyPath, text: Text, hint: Text | None) -> InputError:
        return InputError(
            text, file=document.file, line=document.line_of(place), field=dotted(place) or None, hint=hint
        )

    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            known = [*schema.get("properties", ())]
            for key in instance:
                if key not in known:
                    yield at(
                        (*path, key),
                        Text(
                            ja=f"「{shown(key)}」という項目はありません。", en=f"There is no key `{shown(key)}` here."
                        ),
                        unknown_word(key, known),
                    )
        case "required":
            for key in demanded:
                if key not in instance:
                    expected = _expected(schema.get("properties", {}).get(key, {}))
                    yield at(path, Text(ja=f"「{key}」がありません。", en=f"`{key}` is missing."), expected)
        case "enum" | "const":
            choices = demanded if error.validator == "enum" else [demanded]
            words = [str(choice) for choice in choices if choice is not None]
            yield at(path, _not_accepted(instance), unknown_word(shown(instance), words))
        case "type":
            yield at(path, _wrong_type(error), _expected(schema))
        case "anyOf" | "oneOf" if error.context:
            # The branch that got furthest is the one that was meant.
            branch = max(error.context, key=lambda sub: (len(sub.absolute_path), sub.validator != "type"))
            if "x-expected" in schema:
                yield at(path, _not_accepted(instance), _expected(schema))
            else:
                yield from _explained(branch, document)
        case "if" | "then" | "else" | "allOf" if error.context:
            for sub in error.context:
                yield from _explained(sub, document)
        case "minItems" | "minLength" | "minProperties":
            yield at(path, Text(ja="空です。", en="This is empty."), _expected(schema))
        case "maxLength" | "maxItems" | "maxProperties":
            yield at(
                path,
                Text(
                    ja=f"長すぎます（上限 {demanded}）。",
                    en=f"Too long (at most {demanded}).",
                ),
                None,
            )
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            yield at(path, _not_accepted(instance), _expected(schema) or _range(schema))
        case "uniqueItems":
            yield at(path, Text(ja="同じものが二度書かれています。", en="An item is written twice."), None)
        case "propertyNames":
            yield at(
                (*path, str(instance)),
                Text(
                    ja=f"キー「{shown(instance)}」の書き方が正しくありません。",
                    en=f"The key `{shown(instance)}` is not accepted.",
                ),
                _expected(schema),
            )
        case "not":
            yield at(path, Text(ja="ここには書けません。", en="This may not be written here."), _expected(schema))
        case _:
            yield at(path, _not_accepted(instance), _expected(schema))


def _not_accepted(value: object) -> Text:
    text = "true" if value is True else "false" if value is False else shown(value)
    return Text(ja=f"「{text}」は書けません。", en=f"`{text}` is not accepted here.")


def _wrong_type(error: ValidationError) -> Text:
    demanded: Any = error.validator_value
    wanted = demanded if isinstance(demanded, list) else [demanded]
    titles = [_TYPES[name] for name in wanted if name != "null"]
    return Text(
        ja="ここには" + "または".join(title.ja for title in titles) + "を書きます。",
        en="This must be " + " or ".join(title.en for title in titles) + ".",
    )


def _range(schema: Mapping[str, Any]) -> Text:
    low, high = schema.get("minimum", "…"), schema.get("maximum", "…")
    return Text(ja=f"{low} から {high} まで", en=f"From {low} to {high}")


def _expected(schema: object) -> Text | None:
    expected = schema.get("x-expected") if isinstance(schema, Mapping) else None
    return None if expected is None else Text(ja=expected["ja"], en=expected["en"])
