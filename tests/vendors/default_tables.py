"""Tables of defaults (`data/defaults.toml`): what stands in one, and what a reader makes of one that says something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

CONDITIONS = frozenset(("below", "at_least", "models"))
"""Keys that tell when an entry holds; the others are what holds then."""
VALUES = frozenset(("on", "off", "unsure"))


def entries(table: Any) -> Iterator[tuple[str, Any]]:
    """Every default of a table, at any depth: its name and its value."""
    for one in table if isinstance(table, list) else [table]:
        for key, value in one.items():
            if isinstance(value, Mapping) or (isinstance(value, list) and value and isinstance(value[0], Mapping)):
                yield from entries(value)
            elif key not in CONDITIONS:
                yield key, value


def names(table: Mapping[str, Any]) -> list[str]:
    """The names of all defaults."""
    return sorted({name for name, _ in entries(table)})


def saying(table: Any, name: str, word: Any) -> Any:
    """The table with another value wherever a default has that name."""
    if isinstance(table, list):
        return [saying(one, name, word) for one in table] if table and isinstance(table[0], Mapping) else table
    if not isinstance(table, Mapping):
        return table
    return {key: word if key == name else saying(value, name, word) for key, value in table.items()}


def others(value: Any) -> tuple[Any, ...]:
    """Values that it could have as well."""
    if isinstance(value, str) and value in VALUES:
        return tuple(sorted(VALUES))
    if isinstance(value, list):
        return ([9],)
    return (0, 77, 200) if isinstance(value, int) else ("custom", "")


def replace(monkeypatch: pytest.MonkeyPatch, vocabulary: ModuleType, table: Mapping[str, Any]) -> None:
    """Has the reader of a vendor use this table."""
    vocabulary.defaults.cache_clear()
    monkeypatch.setattr(vocabulary, "_table", lambda: table)


def restore(monkeypatch: pytest.MonkeyPatch, vocabulary: ModuleType) -> None:
    """Has it use its own again."""
    monkeypatch.undo()
    vocabulary.defaults.cache_clear()
