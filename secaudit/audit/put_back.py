"""Values of the model with other source lines: what was read from several files as one text gets its own files and line numbers back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeVar, cast

from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

T = TypeVar("T")

_LEAVES = (str, int, float, bool, type(None), Enum, Text)


def with_lines(value: T, place: Callable[[SourceLine], SourceLine]) -> T:
    """The same value with every source line in it replaced, however deep in dataclasses, tuples, sets and mappings.

    What holds no line that changes is the very same object afterwards, and what was one object stays one.
    """
    return cast(T, _Walk(place).of(value))


class _Walk:
    def __init__(self, place: Callable[[SourceLine], SourceLine]) -> None:
        self._place = place
        self._known: dict[int, tuple[object, object]] = {}
        """By identity, with the value itself, so that its identity is not given to another one meanwhile."""

    def of(self, value: object) -> object:
        if isinstance(value, _LEAVES):
            return value
        held = self._known.get(id(value))
        if held is None:
            held = (value, self._made(value))
            self._known[id(value)] = held
        return held[1]

    def _made(self, value: object) -> object:
        if isinstance(value, SourceLine):
            return self._place(value)
        if isinstance(value, tuple):
            return self._same_or(value, [self.of(one) for one in value], tuple)
        if isinstance(value, frozenset):
            before = list(value)
            after = [self.of(one) for one in before]
            return value if _all_same(before, after) else frozenset(after)
        if isinstance(value, Mapping):
            keys, values = list(value), list(value.values())
            new_keys, new_values = [self.of(one) for one in keys], [self.of(one) for one in values]
            if _all_same(keys, new_keys) and _all_same(values, new_values):
                return value
            return dict(zip(new_keys, new_values, strict=True))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {}
            for one in dataclasses.fields(value):
                before_ = getattr(value, one.name)
                after_ = self.of(before_)
                if after_ is not before_:
                    changed[one.name] = after_
            return dataclasses.replace(value, **changed) if changed else value
        return value

    @staticmethod
    def _same_or(value: object, after: list[object], made: Callable[[list[object]], object]) -> object:
        return value if _all_same(list(cast(tuple[object, ...], value)), after) else made(after)


def _all_same(before: list[object], after: list[object]) -> bool:
    return all(one is other for one, other in zip(before, after, strict=True))
