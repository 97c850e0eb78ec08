"""The quick check of rule files accepts nothing that `jsonschema` refuses, and every shipped file."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from secaudit.locations import data_folder, schema_file
from secaudit.text.schema_check import compile_schema

SCHEMA = json.loads(schema_file("ruleset_rule").read_text(encoding="utf-8"))
QUICK = compile_schema(SCHEMA)
FULL = Draft202012Validator(SCHEMA)
FILES = [path for path in sorted((data_folder("rulesets") / "mic").glob("*/*.yaml")) if path.parent.name != "fixtures"]
ONE_OF_A_KIND = {yaml.safe_load(path.read_text(encoding="utf-8"))["kind"]: path for path in FILES}
NESTED = {
    "kind": "any",
    "parameters": {"checks": [{"kind": "not", "parameters": {"check": {"kind": "attestation"}}}, {"kind": "route", "parameters": {"zone": "lgwan"}}]},
}  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        item = pending.pop()
        steps = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for step, inner in steps:
            found.append((item, step))
            pending.append(inner)
    return found


def rules() -> list[dict[str, Any]]:
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ONE_OF_A_KIND.values()]
    return [*found, {**found[0], **NESTED}]


def test_every_shipped_rule_is_accepted() -> None:
    assert all(QUICK(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in FILES)
    assert QUICK(rules()[-1])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["kind"]))
def test_what_is_refused_is_refused_by_both(rule: dict[str, Any]) -> None:
    document = copy.deepcopy(rule)
    refused = 0
    for parent, step in places(document):
        before = parent[step]
        for value in (None, True, 0, 10**6, "x", [], ["x"], {}, {"threshold": "x"}, {"kind": "not"}, "all"):
            parent[step] = value
            if QUICK(document):
                assert FULL.is_valid(document), (step, value)
            refused += not QUICK(document)
        parent[step] = before
        if isinstance(parent, dict):
            del parent[step]
            assert not QUICK(document) or FULL.is_valid(document), step
            parent[step] = before
    assert refused > 50


def test_a_good_ruleset_needs_no_jsonschema() -> None:
    """It costs a third of a second to import, and 169 rules take it longer than all else."""
    code = (
        "import sys; from secaudit.rules.loader import load_ruleset; load_ruleset(); print('jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
