"""The quick check and `jsonschema` give the same answer."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from secaudit.audit.result_json import to_json
from secaudit.locations import schema_file
from secaudit.text.schema_check import compile_schema
from tests.report.sample import empty_result, hostile_result, sample_result

SCHEMA = json.loads(schema_file("result").read_text(encoding="utf-8"))
QUICK = compile_schema(SCHEMA)
FULL = Draft202012Validator(SCHEMA)
SAMPLE = json.loads(to_json(sample_result()))


def shrunk(value: Any) -> Any:
    """The document with at most two items a list: as many kinds of places, much quicker to check."""
    if isinstance(value, dict):
        return {key: shrunk(item) for key, item in value.items()}
    return [shrunk(item) for item in value[:2]] if isinstance(value, list) else value


SMALL = shrunk(SAMPLE)


@pytest.mark.parametrize(
    "result", [sample_result(), hostile_result(), empty_result()], ids=["sample", "hostile", "empty"]
)
def test_results_are_accepted(result: Any) -> None:
    assert QUICK(json.loads(to_json(result)))


def places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        item = pending.pop()
        for step, inner in (
            item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        ):
            found.append((item, step))
            pending.append(inner)
    return found


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        0.5,
        1.0,
        1e300,
        10**16,
        "",
        "x",
        "2026-04-01",
        "2026-04-01\n",
        "139998\n",
        [],
        [None],
        {},
        {"ja": "x", "en": "y"},
    ],
    ids=repr,
)
def test_every_place_with_a_wrong_value_is_judged_alike(value: object) -> None:
    document = copy.deepcopy(SMALL)
    disagreements = []
    for parent, step in places(document):
        before = parent[step]
        parent[step] = value
        if QUICK(document) != FULL.is_valid(document):
            disagreements.append((step, before))
        parent[step] = before
    assert disagreements == []


def test_too_many_zones_are_refused_by_both() -> None:
    document = copy.deepcopy(SMALL)
    zone = document["zones"][0]
    document["zones"] = [zone] * 64
    assert QUICK(document)
    assert FULL.is_valid(document)
    document["zones"] = [zone] * 65
    assert not QUICK(document)
    assert not FULL.is_valid(document)


def test_every_missing_and_every_additional_key_is_refused_by_both() -> None:
    document = copy.deepcopy(SMALL)
    for parent, step in places(document):
        if isinstance(parent, dict):
            before = dict(parent)
            del parent[step]
            assert not QUICK(document)
            assert not FULL.is_valid(document)
            parent.clear()
            parent.update(before, **{f"{step}x": 1})
            assert not QUICK(document)
            assert not FULL.is_valid(document)
            del parent[f"{step}x"]


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(_anything, st.integers(0, 10**9))
def test_any_value_in_any_place_is_judged_alike(value: object, where: int) -> None:
    document = copy.deepcopy(SMALL)
    found = places(document)
    parent, step = found[where % len(found)]
    parent[step] = value
    assert QUICK(document) == FULL.is_valid(document)
    assert QUICK(value) == FULL.is_valid(value)


def test_a_truth_value_is_no_number() -> None:
    check = compile_schema({"enum": [0, 1, "x", None]})
    assert [value for value in (0, 1, "x", None, True, False, 2, "y") if check(value)] == [0, 1, "x", None]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "uniqueItems": False},
        {"properties": {"a": {"format": "date"}}},
        {"$defs": {"a": {"contains": {}}}},
        {"additionalProperties": False, "patternProperties": {"a": True}},
        {"allOf": [{"dependentRequired": {}}]},
        {"enum": [1.5, 2]},
        {"enum": [True]},
        {"const": {}},
    ],
)
def test_a_keyword_that_it_does_not_know_is_an_error_not_a_yes(schema: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="quick check"):
        compile_schema(schema)
