"""`result.json` says exactly what the result says, and a broken or hostile file is refused at its field."""

from __future__ import annotations

import dataclasses
import json
import random
import re
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.audit import result as result_module
from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import field_plans, from_json, in_order, to_json
from secaudit.errors import InputError
from secaudit.locations import schema_file
from secaudit.rules import result as rule_result_module
from secaudit.rules.result import Outcome
from tests.report.sample import empty_result, hostile_result, sample_result

SAMPLES: dict[str, Callable[[], AuditResult]] = {
    "sample": sample_result,
    "hostile": hostile_result,
    "empty": empty_result,
}
Document = dict[str, Any]


@cache
def sample_text() -> str:
    return to_json(sample_result())


def document() -> Document:
    loaded = json.loads(sample_text())
    assert isinstance(loaded, dict)
    return loaded


def refused(changed: object) -> InputError:
    with pytest.raises(InputError) as caught:
        from_json(changed if isinstance(changed, str) else json.dumps(changed), "town/result.json")
    assert caught.value.file == "town/result.json"
    assert caught.value.text.ja != caught.value.text.en
    return caught.value


# --- what is written ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(SAMPLES))
def test_what_is_written_is_read_back(name: str) -> None:
    result = SAMPLES[name]()
    text = to_json(result)
    assert from_json(text, "result.json") == in_order(result)
    assert to_json(from_json(text, "result.json")) == text


@pytest.mark.parametrize("name", list(SAMPLES))
def test_what_is_written_meets_the_published_schema(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(schema_file("result").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(json.loads(to_json(SAMPLES[name]())))


def test_order_of_inputs_changes_nothing() -> None:
    result = sample_result()
    shuffler = random.Random(7)
    names = ["inputs", "flows", "register", "ledger", "exceptions", "deadlines", "rules", "results", "definitions"]
    shuffled = {name: tuple(shuffler.sample(getattr(result, name), len(getattr(result, name)))) for name in names}
    assert to_json(dataclasses.replace(result, **shuffled)) == to_json(result)


def test_the_names_other_programs_rely_on() -> None:
    written = document()
    assert written["schema_version"] == "1.0"
    assert written["tool"] == {"name": "secaudit", "version": "0.1.0"}
    assert written["municipality"] == {"code": "139998", "name": "若葉野市", "prefecture": "架空県"}
    assert (written["edition"], written["model"], written["as_of"]) == ("mic-2026-03", "alpha", "2026-11-20")
    config = next(item for item in written["inputs"] if item["path"] == "configs/rtx-honcho.txt")
    assert {"path", "bytes", "sha256", "vendor", "encoding", "coverage"} <= set(config)
    assert config["coverage"]["total"] == 310
    assert config["coverage"]["unread_lines"][0] == {
        "line": 141,
        "text": "ip tunnel secure filter 5",
        "note": {"ja": "読み取れない行である。", "en": "This line was not understood."},
    }
    assert next(item for item in written["inputs"] if item["kind"] == "probe")["coverage"] is None
    flow = next(item for item in written["flows"] if (item["from"], item["to"]) == ("my_number", "public_internet"))
    assert (flow["verdict"], flow["judgement"], flow["cell"]) == ("some", "violation", "D")
    assert flow["witness"]["hops"][1]["evidence"][0]["line"] == 388
    found = next(item for item in written["results"] if item["rule"] == "MN-02" and item["result"] == "fail")
    assert {"rule", "result", "reason", "disposition", "severity", "subject", "evidence"} <= set(found)
    assert (found["reason"], found["disposition"], found["severity"]) == ("flow_found", "open", "critical")
    assert found["subject"]["name"] == "my_number->public_internet"
    assert set(found["evidence"][0]) == {"file", "line", "text", "digest"}


def test_the_text_is_readable_and_ends_with_a_line_end() -> None:
    text = to_json(sample_result())
    assert "若葉野市" in text
    assert text.endswith("}\n")
    assert "\\u" not in text


def test_half_a_character_of_a_broken_file_does_not_stop_the_writing() -> None:
    text = to_json(dataclasses.replace(sample_result(), name="青\ud800市"))
    assert "青\ufffd市" in text.encode("utf-8").decode("utf-8")


def _definition_of(schema: Document, cls: type) -> Document:
    names = {
        "AuditResult": None,
        "RuleResult": "result",
        "RuleSummary": "rule",
        "FlowSummary": "flow",
        "ZoneSummary": "zone",
        "InputSummary": "input",
        "LineNote": "line_note",
        "RegisterSummary": "register_entry",
        "LedgerSummary": "ledger_entry",
        "ExceptionSummary": "exception",
        "ConditionSummary": "condition",
        "DeviationSummary": "deviation",
        "Deadline": "deadline",
        "Evidence": "evidence",
        "Witness": "witness",
        "WitnessHop": "hop",
    }
    if cls.__name__ == "Rates":
        return typing.cast(Document, schema["properties"]["rates"])
    if cls.__name__ == "Subject":
        return typing.cast(Document, schema["$defs"]["result"]["properties"]["subject"])
    name = names[cls.__name__]
    return schema if name is None else typing.cast(Document, schema["$defs"][name])


CLASSES = [
    value
    for module in (result_module, rule_result_module)
    for value in vars(module).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_schema_and_dataclasses_name_the_same_fields(cls: type) -> None:
    schema = json.loads(schema_file("result").read_text(encoding="utf-8"))
    definition = _definition_of(schema, cls)
    written: dict[str, set[str]] = {}
    for plan in field_plans(cls):
        written.setdefault(plan.path[0], set()).update(plan.path[1:2])
    assert set(definition["properties"]) - {"tool"} == set(written) - {"tool"}
    for name, inner in written.items():
        if inner:
            assert set(definition["properties"][name]["properties"]) - {"name"} == inner - {"name"}


def test_every_object_of_the_schema_is_closed_and_described() -> None:
    pending: list[Any] = [json.loads(schema_file("result").read_text(encoding="utf-8"))]
    objects = 0
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if "properties" in item and isinstance(item["properties"], dict):
                objects += 1
                assert item["additionalProperties"] is False
                assert sorted(item["required"]) == sorted(item["properties"])
                for name, each in item["properties"].items():
                    assert "description" in each or "$ref" in each, name
            pending += item.values()
        elif isinstance(item, list):
            pending += item
    assert objects > 15


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        (("results", 0, "result"), "passed", "results[0].result", "'passed' is not one of"),
        (("results", 0, "evidence"), {}, "results[0].evidence", "should be a list"),
        (("as_of",), "2026-02-30", "as_of", "no such date"),
        (("as_of",), "令和8年", "as_of", "not written as it should be"),
        (("municipality", "code"), "13", "municipality.code", "not written as it should be"),
        (("rates", "compliance"), 1.5, "rates.compliance", "out of bounds"),
        (("rates", "passed"), -1, "rates.passed", "out of bounds"),
        (("inputs", 0, "sha256"), "x" * 64, "inputs[0].sha256", "not written as it should be"),
        (("inputs", 0, "bytes"), 1.5, "inputs[0].bytes", "should be a whole number"),
        (("inputs", 0, "bytes"), True, "inputs[0].bytes", "should be a whole number"),
        (("zones", 0, "title"), "MN", "zones[0].title", "should be an object"),
        (("zones", 0, "layer"), "外", "zones[0].layer", "is not one of"),
        (("municipality", "name"), "", "municipality.name", "out of bounds"),
        (("results", 0, "rule"), "XX-99", "results[0].rule", "not listed in rules"),
        (("tool", "name"), "other", "tool.name", "is not one of"),
        (("flows",), None, "flows", "should be a list"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(path: tuple[Any, ...], value: object, field: str, words: str) -> None:
    changed = document()
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    error = refused(changed)
    assert error.field == field
    assert words in error.text.en


def test_a_missing_and_an_unknown_key_are_named() -> None:
    missing = document()
    del missing["results"][2]["disposition"]
    error = refused(missing)
    assert (error.field, "'disposition' is missing" in error.text.en) == ("results[2]", True)
    extra = document()
    extra["results"][2]["comment"] = "x"
    error = refused(extra)
    assert (error.field, "unknown key: 'comment'" in error.text.en) == ("results[2]", True)


def test_a_witness_is_refused_at_the_mistake_inside_it_not_as_a_whole() -> None:
    changed = document()
    index = next(index for index, item in enumerate(changed["results"]) if item["witness"] is not None)
    changed["results"][index]["witness"]["hops"][0]["what"]["ja"] = 5
    assert refused(changed).field == f"results[{index}].witness.hops[0].what.ja"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ('{\n"schema_version": "1.0",\n', 3),
        ("[1, 2", 1),
        ("<result/>", 1),
        ('{"a": "\x01"}', 1),
    ],
)
def test_what_is_no_json_is_refused_at_its_line(text: str, line: int) -> None:
    assert refused(text).line == line


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 200_000,
        "1" + "0" * 10_000,
        "null",
        "[]",
        '"result"',
        "NaN",
        '{"schema_version": "1.0", "schema_version": "1.0"}',
    ],
    ids=["deep list", "deep object", "long number", "null", "list", "text", "NaN", "twice"],
)
def test_hostile_json_is_one_clear_error(text: str) -> None:
    refused(text)


def test_half_a_character_is_refused() -> None:
    escaped = to_json(sample_result()).replace("若葉野市", "\\ud800市")
    assert "lone surrogate" in refused(escaped).text.en
    raw = to_json(sample_result()).replace("若葉野市", "\ud800市")
    assert "lone surrogate" in refused(raw).text.en
    paired = to_json(sample_result()).replace("若葉野市", "\\ud842\\udfb7市")
    assert from_json(paired, "result.json").name == "𠮷市"


def test_another_version_of_the_format_is_named() -> None:
    changed = document()
    changed["schema_version"] = "2.0"
    error = refused(changed)
    assert error.field == "schema_version"
    assert "'2.0'" in error.text.en


def test_a_better_rate_than_the_results_give_is_refused() -> None:
    changed = document()
    changed["rates"]["compliance"] = 1.0
    assert refused(changed).field == "rates.compliance"
    changed = document()
    failed, passed = changed["rates"]["failed"], changed["rates"]["passed"]
    changed["rates"] |= {"passed": passed + failed, "failed": 0}
    assert refused(changed).field == "rates"
    changed = document()
    changed["results"] = [item for item in changed["results"] if item["result"] != "fail"]
    assert refused(changed).field == "rates"


def test_an_exception_that_nobody_granted_is_refused() -> None:
    changed = document()
    index = next(index for index, item in enumerate(changed["results"]) if item["disposition"] == "excepted")
    for state in ("expired", "future", "invalid"):
        changed["exceptions"][0]["state"] = state
        assert refused(changed).field == f"results[{index}].exception"
    changed["exceptions"][0]["state"] = "valid"
    changed["results"][index]["exception"] = None
    assert refused(changed).field == f"results[{index}].exception"


@pytest.mark.parametrize("field", ["rules", "zones", "exceptions"])
def test_the_same_thing_twice_is_refused(field: str) -> None:
    changed = document()
    changed[field].append(changed[field][0])
    assert refused(changed).field == field


def test_rates_may_leave_out_what_is_for_reference_only() -> None:
    changed = document()
    # NW-14 is for reference only; its one result is an evaluation error.
    changed["rates"]["errors"] = 0
    total = changed["rates"]["passed"] + changed["rates"]["failed"] + changed["rates"]["undetermined"]
    changed["rates"]["compliance"] = changed["rates"]["passed"] / total
    changed["rates"]["compliance_after_exceptions"] = (changed["rates"]["passed"] + 1) / total
    changed["rates"]["confirmation"] = (changed["rates"]["passed"] + changed["rates"]["failed"]) / total
    assert from_json(json.dumps(changed), "result.json").rates.errors == 0


def test_whole_numbers_may_be_written_with_a_point() -> None:
    changed = to_json(sample_result()).replace('"bytes": 9412', '"bytes": 9412.0')
    size = next(item.size_bytes for item in from_json(changed, "x").inputs if item.path == "municipality.yaml")
    assert size == 9412
    assert isinstance(size, int)


def test_errors_show_no_more_than_a_glimpse_of_a_hostile_value() -> None:
    changed = document()
    changed["results"][0]["result"] = "x" * 100_000
    assert len(refused(changed).text.en) < 300


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    pairs: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        item = pending.pop()
        steps = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for step, inner in steps:
            pairs.append((item, step))
            pending.append(inner)
    return pairs


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), _values)
def test_any_change_is_either_read_faithfully_or_refused(where: int, value: object) -> None:
    changed = document()
    places = _places(changed)
    parent, step = places[where % len(places)]
    parent[step] = value
    text = json.dumps(changed)
    try:
        read = from_json(text, "result.json")
    except InputError:
        return
    assert from_json(to_json(read), "result.json") == in_order(read)
    assert [Outcome(item["result"]) for item in changed["results"]] == [item.outcome for item in read.results]


def test_error_messages_are_japanese_in_japanese() -> None:
    changed = document()
    changed["results"][0]["severity"] = 3
    assert re.search("[ぁ-ん]", refused(changed).text.ja)
