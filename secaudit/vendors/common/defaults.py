"""What holds where a configuration says nothing, by release: `data/defaults.toml` of a vendor as a table with typed fields.

A key of the file is a field of the table. Its value is `on`, `off`, `unsure` (not confirmed), a word or a number: one for every release, or
a list of entries `{before = "7.4", value = "off"}` of which the first whose conditions hold counts. `before`: releases older than that;
`contains`: the release is printed with these letters in it. A release that no entry is for (newer than the table, or not in the file) has the
value on which all entries agree, and is unsure where they differ.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, TypeVar

Release = tuple[int, ...]
Value = bool | int | str | None
_Table = TypeVar("_Table")
_WORDS: Mapping[str, bool | None] = {"on": True, "off": False, "unsure": None}


def read_defaults(table: Callable[..., _Table], package: str, release: Release | None, printed: str = "") -> _Table:
    """The defaults of one release. `printed` is the release as the file prints it; `release` its numbers, None where nothing tells it."""
    return table(**{name: _of_release(held, release, printed) for name, held in entries(package).items()})


@cache
def entries(package: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The entries of each key; a single value is one entry without conditions."""
    data = tomllib.loads(resources.files(package).joinpath("data/defaults.toml").read_text("utf-8"))
    return {name: held if isinstance(held, list) else [{"value": held}] for name, held in data.items()}


def covers(entry: Mapping[str, Any], release: Release, printed: str) -> bool:
    """Whether the conditions of an entry hold for a release."""
    before = entry.get("before")
    older = before is None or release < tuple(map(int, before.split(".")))
    return older and entry.get("contains", "") in printed


def _of_release(held: Sequence[Mapping[str, Any]], release: Release | None, printed: str) -> Value:
    if release is not None:
        for entry in held:
            if covers(entry, release, printed):
                return _value(entry["value"])
    values = {_value(entry["value"]) for entry in held}
    return values.pop() if len(values) == 1 else None


def _value(written: int | str) -> Value:
    return _WORDS.get(written, written) if isinstance(written, str) else written
