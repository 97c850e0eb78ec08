"""A JSON Schema as a plain function: says only whether a document is valid, many times faster than a general validator.

A prefecture reads 1,788 results, and a ruleset has a file a rule: with `jsonschema` alone that takes long. What this check accepts is
accepted; for the rest `jsonschema` finds the words. It knows the keywords that our own schemas use and refuses any other, so that
no keyword can be overlooked in silence; tests hold it against `jsonschema`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

_ANNOTATIONS = frozenset(("$schema", "$id", "$defs", "title", "description", "default", "x-expected", "then", "else"))


def _is_integer(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


_TYPES: Mapping[str, Check] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def compile_schema(schema: Mapping[str, Any]) -> Check:
    """The check for a whole schema document. Raises `ValueError` for a keyword that it does not know."""
    named: dict[str, Check] = {}

    def compile_one(part: Mapping[str, Any] | bool) -> Check:
        if isinstance(part, bool):
            return lambda _: part
        whole = _WHOLE_OBJECT if part.get("type") == "object" and "properties" in part else frozenset[str]()
        checks = [_object(part, compile_one)] if whole else []
        checks += [
            _KEYWORDS[keyword](wanted, part, compile_one, named)
            for keyword, wanted in part.items()
            if keyword not in _ANNOTATIONS and keyword not in whole and _known(keyword)
        ]
        return _all_of_them(checks)

    for name, definition in schema.get("$defs", {}).items():
        named[f"#/$defs/{name}"] = compile_one(definition)
    return compile_one(schema)


_WHOLE_OBJECT = frozenset(("type", "properties", "required", "additionalProperties"))


def _object(part: Mapping[str, Any], compile_one: _Compile) -> Check:
    """An object with its properties in one pass: most of what there is to check are such."""
    if "patternProperties" in part:
        raise ValueError("the quick check does not know patternProperties")
    known = {name: compile_one(each) for name, each in part["properties"].items()}
    required = frozenset(part.get("required", ()))
    other = compile_one(part.get("additionalProperties", True))

    def check(value: Any) -> bool:
        if not isinstance(value, dict) or not required <= value.keys():
            return False
        for name, item in value.items():  # noqa: SIM110 - a loop, for its speed
            if not known.get(name, other)(item):
                return False
        return True

    return check


def _all_of_them(checks: list[Check]) -> Check:
    """Several checks as one, without a loop where they are few."""
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:
        first, second = checks
        return lambda value: first(value) and second(value)
    return lambda value: all(check(value) for check in checks)


def _known(keyword: str) -> bool:
    if keyword not in _KEYWORDS:
        raise ValueError(f"the schema uses {keyword!r}, which the quick check does not know")
    return True


_Compile = Callable[[Mapping[str, Any] | bool], Check]
_Keyword = Callable[[Any, Mapping[str, Any], _Compile, Mapping[str, Check]], Check]


def _type(wanted: Any, _part: Mapping[str, Any], _compile: _Compile, _named: Mapping[str, Check]) -> Check:
    if isinstance(wanted, str):
        return _TYPES[wanted]
    checks = [_TYPES[name] for name in wanted]
    return lambda value: any(check(value) for check in checks)


def _ref(wanted: Any, _part: Mapping[str, Any], _compile: _Compile, named: Mapping[str, Check]) -> Check:
    # Looked up when it is used: definitions may refer to later ones.
    return lambda value: named[wanted](value)


def _any_of(wanted: Any, _part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    checks = [compile_one(part) for part in wanted]
    return lambda value: any(check(value) for check in checks)


def _items(wanted: Any, _part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    check = compile_one(wanted)
    return lambda value: not isinstance(value, list) or all(map(check, value))


def _properties(wanted: Any, _part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    checks = tuple((name, compile_one(part)) for name, part in wanted.items())
    return lambda value: (
        not isinstance(value, dict) or all(check(value[name]) for name, check in checks if name in value)
    )


def _required(wanted: Any, _part: Mapping[str, Any], _compile: _Compile, _named: Mapping[str, Check]) -> Check:
    names = frozenset(wanted)
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _additional(wanted: Any, part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    if "patternProperties" in part:
        raise ValueError("the quick check does not know patternProperties")
    names = frozenset(part.get("properties", {}))
    if wanted is False:
        return lambda value: not isinstance(value, dict) or value.keys() <= names
    check = compile_one(wanted)
    return lambda value: not isinstance(value, dict) or all(check(value[name]) for name in value if name not in names)


def _property_names(wanted: Any, _part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    check = compile_one(wanted)
    return lambda value: not isinstance(value, dict) or all(map(check, value))


def _enum(wanted: Any, _part: Mapping[str, Any], _compile: _Compile, _named: Mapping[str, Check]) -> Check:
    if not all(isinstance(each, str | int | None) and not isinstance(each, bool) for each in wanted):
        raise ValueError("the quick check knows only texts, integers and null in an enum")
    # True equals 1 in Python and not in JSON.
    return lambda value: isinstance(value, str | int | None) and not isinstance(value, bool) and value in wanted


def _const(wanted: Any, part: Mapping[str, Any], compile_one: _Compile, named: Mapping[str, Check]) -> Check:
    if isinstance(wanted, bool):
        return lambda value: value is wanted
    return _enum([wanted], part, compile_one, named)


def _all_of(wanted: Any, _part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    by_word = _by_word(wanted, compile_one)
    if by_word is not None:
        return by_word
    checks = [compile_one(part) for part in wanted]
    return lambda value: all(check(value) for check in checks)


def _by_word(parts: Any, compile_one: _Compile) -> Check | None:
    """Many `if KEY is WORD then ...` about one key as a look-up: a rule is held against its own kind only."""
    chosen: dict[str, Check] = {}
    keys = set()
    for part in parts:
        asked = part.get("if", {}) if isinstance(part, Mapping) and set(part) == {"if", "then"} else {}
        properties = asked.get("properties", {})
        if len(properties) != 1 or asked != {"properties": properties, "required": [*properties]}:
            return None
        ((key, condition),) = properties.items()
        if set(condition) != {"const"} or not isinstance(condition["const"], str) or condition["const"] in chosen:
            return None
        keys.add(key)
        chosen[condition["const"]] = compile_one(part["then"])
    if len(keys) != 1:
        return None
    (key,) = keys

    def check(value: Any) -> bool:
        word = value.get(key) if isinstance(value, dict) else None
        found = chosen.get(word) if isinstance(word, str) else None
        return found is None or found(value)

    return check


def _not(wanted: Any, _part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    check = compile_one(wanted)
    return lambda value: not check(value)


def _if(wanted: Any, part: Mapping[str, Any], compile_one: _Compile, _named: Mapping[str, Check]) -> Check:
    condition = compile_one(wanted)
    then, otherwise = compile_one(part.get("then", True)), compile_one(part.get("else", True))
    return lambda value: then(value) if condition(value) else otherwise(value)


def _unique_items(wanted: Any, _part: Mapping[str, Any], _compile: _Compile, _named: Mapping[str, Check]) -> Check:
    if wanted is not True:
        raise ValueError("the quick check knows only uniqueItems: true")
    return lambda value: not isinstance(value, list) or _are_unique(value)


def _are_unique(items: list[Any]) -> bool:
    """Whether no two are equal. A list of anything but texts is left to `jsonschema`, which knows when 1 and 1.0 are the same."""
    return all(isinstance(item, str) for item in items) and len(set(items)) == len(items)


def _pattern(wanted: Any, _part: Mapping[str, Any], _compile: _Compile, _named: Mapping[str, Check]) -> Check:
    search = re.compile(wanted).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _limit(measure: Callable[[Any], Any], of: str, at_most: bool) -> _Keyword:
    applies = _TYPES[of]

    def keyword(wanted: Any, _part: Mapping[str, Any], _compile: _Compile, _named: Mapping[str, Check]) -> Check:
        if at_most:
            return lambda value: not applies(value) or measure(value) <= wanted
        return lambda value: not applies(value) or measure(value) >= wanted

    return keyword


_KEYWORDS: Mapping[str, _Keyword] = {
    "type": _type,
    "$ref": _ref,
    "anyOf": _any_of,
    "items": _items,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "propertyNames": _property_names,
    "allOf": _all_of,
    "not": _not,
    "if": _if,
    "uniqueItems": _unique_items,
    "minLength": _limit(len, "string", at_most=False),
    "maxLength": _limit(len, "string", at_most=True),
    "minItems": _limit(len, "array", at_most=False),
    "maxItems": _limit(len, "array", at_most=True),
    "minProperties": _limit(len, "object", at_most=False),
    "maxProperties": _limit(len, "object", at_most=True),
    "minimum": _limit(lambda value: value, "number", at_most=False),
    "maximum": _limit(lambda value: value, "number", at_most=True),
}
