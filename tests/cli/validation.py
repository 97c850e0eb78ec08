"""Checks JSON that the program printed against the schema that the program itself prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import secaudit

SCHEMAS = Path(secaudit.__file__).parent / "schemas"


def validate(document: Any, schema: str) -> None:
    """Fails with every violation of the schema of that name."""
    loaded = json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(loaded)
    found = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(loaded).iter_errors(document)]
    assert not found, found
