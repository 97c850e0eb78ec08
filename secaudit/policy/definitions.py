"""Reading one data file of `policies/` or `rulesets/`: validated by its schema, with its digest."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secaudit.errors import InputError, PolicyError
from secaudit.policy.model import DefinitionFile
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlDocument, dotted
from secaudit.text.yaml_reader import load_yaml

_INTERVAL = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Definition:
    """A validated data file. `data` has the shape that its schema says; it stays inside the loader that reads it."""

    data: Mapping[str, Any]
    document: YamlDocument
    file: DefinitionFile

    def error(self, text: Text, path: tuple[str | int, ...], hint: Text | None = None) -> PolicyError:
        """An error at one place of the file, for what a schema cannot say."""
        line = self.document.line_of(path)
        return PolicyError(text, file=self.file.path, line=line, field=dotted(path) or None, hint=hint)


def load_definition(path: Path, shown_as: str, schema_name: str) -> Definition:
    """Reads and validates one file. Raises `PolicyError` naming file, line and field."""
    try:
        document = load_yaml(path, shown_as, schema_name)
    except InputError as error:
        raise PolicyError(error.text, file=error.file, line=error.line, field=error.field, hint=error.hint) from error
    file = DefinitionFile(shown_as, document.size_bytes, document.sha256)
    data = document.data
    if not isinstance(data, Mapping):
        raise PolicyError(
            Text(ja="最上位はキーと値の組でなければならない", en="the top level must be a mapping"),
            file=shown_as,
            line=1,
        )
    return Definition(data, document, file)


def text_of(value: Mapping[str, str]) -> Text:
    """A `{ja: ..., en: ...}` pair."""
    return Text(ja=value["ja"], en=value["en"])


def date_of(value: str | datetime.date) -> datetime.date:
    """A date as `YYYY-MM-DD`."""
    return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)


def ports_of(values: list[str]) -> tuple[tuple[int, int], ...]:
    """Ports written `"25"` or `"5000-5010"` as inclusive intervals.

    Raises `ValueError` for a port above 65535 or an empty interval.
    """
    result = []
    for value in values:
        match = _INTERVAL.fullmatch(value)
        if match is None:
            raise ValueError(value)
        low = int(match[1])
        high = int(match[2] or match[1])
        if not 0 <= low <= high <= 65535:
            raise ValueError(value)
        result.append((low, high))
    return tuple(result)
