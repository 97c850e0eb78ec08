"""Sets, maps and verdict maps: their elements, and what being in them means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from secaudit.network.interfaces import IPInterface
from secaudit.text.source import SourceLine
from secaudit.vendors.nftables.document import SetText
from secaudit.vendors.nftables.tokens import Group, Item, Kind, Token, split
from secaudit.vendors.nftables.values import Values, ValueType, component, merge

MOST_ELEMENTS: Final = 300_000
"""Elements that one set may have when variables are written out."""
_MOST_LOOKED_AT: Final = 1_000_000
"""Elements of all sets that are written within rules."""
_OPTIONS = ("timeout", "expires", "counter", "comment", "limit", "quota", "last", "ct")
_CHANGING = frozenset(("dynamic", "timeout"))


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its key as written, and for a map what it is mapped to."""

    key: tuple[Item, ...]
    data: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Elements:
    """What a set holds. `known` is false when it may hold something else as well: it changes by itself, or is filled by a program."""

    elements: tuple[Element, ...]
    known: bool
    defined: bool = True
    lines: tuple[SourceLine, ...] = ()


class Sets:
    """The sets of one table; each is taken apart once. `changed` are those that rules add to or take from; `own` are the host's addresses."""

    def __init__(
        self,
        sets: Mapping[str, SetText],
        changed: frozenset[str] = frozenset(),
        own: Iterable[IPInterface] | None = None,
    ) -> None:
        self._sets = sets
        self.own = None if own is None else tuple(own)
        self._changed = changed
        self._done: dict[str, Elements] = {}
        self._groups: dict[int, tuple[Group, Elements]] = {}  # an id is unique only while its object lives
        self._values: dict[tuple[ValueType, int], tuple[Elements, Values | None]] = {}
        self._looked_at = 0

    def of(self, item: Item) -> Elements | None:
        """The elements of `{ ... }` or of `@name`; None when the item is neither."""
        if isinstance(item, Group):
            return self._anonymous(item) if item.opener.text == "{" else None
        if item.shape[0] != "@" or item.kind is not Kind.WORD:
            return None
        name = item.text[1:]
        found = self._done.get(name)
        if found is None:
            found = self._done[name] = self._named(name)
        return found

    def values(self, kind: ValueType, elements: Elements) -> Values | None:
        """The elements of a set of one field together; None when one of them is not understood."""
        key = (kind, id(elements))
        held = self._values.get(key)
        if held is None:
            parts = [component(kind, element.key) for element in elements.elements]
            known = [part for part in parts if part is not None]
            values = merge(known) if known and len(known) == len(parts) else None
            held = self._values[key] = (elements, values)  # an id is unique only while its object lives
        return held[1]

    def _anonymous(self, group: Group) -> Elements:
        """A set within a rule; a variable may bring the same long one into many rules."""
        held = self._groups.get(id(group))
        if held is None:
            elements, known = _elements(part for part in split(group.items, ",") if part)
            self._looked_at += len(elements)
            if self._looked_at > _MOST_LOOKED_AT:
                elements, known = (), False
            held = self._groups[id(group)] = (group, Elements(elements, known, lines=group.lines))
        return held[1]

    def _named(self, name: str) -> Elements:
        text = self._sets.get(name)
        if text is None:
            return Elements((), known=False, defined=False)
        elements, complete = _elements(text.elements)
        timed = any(isinstance(item, Token) and item.is_word("timeout") for one in text.elements for item in one)
        fixed = bool(elements) and not (text.flags & _CHANGING) and not timed
        known = complete and not text.unsure and name not in self._changed and (fixed or "constant" in text.flags)
        return Elements(elements, known, lines=tuple(text.lines))


def _elements(parts: Iterable[tuple[Item, ...]]) -> tuple[tuple[Element, ...], bool]:
    """Sets within a set (a variable that holds one) are flattened; and whether everything could be told."""
    found: list[Element] = []
    waiting = list(parts)
    waiting.reverse()
    while waiting:
        part = waiting.pop()
        if len(found) + len(waiting) > MOST_ELEMENTS:
            return tuple(found), False
        if len(part) == 1 and isinstance(part[0], Group) and part[0].opener.text == "{":
            inner = [one for one in split(part[0].items, ",") if one]
            waiting.extend(reversed(inner))
            continue
        found.append(_element(part))
    return tuple(found), True


def _element(items: tuple[Item, ...]) -> Element:
    items = tuple(item for item in items if not (isinstance(item, Token) and item.kind is Kind.END))
    for position, item in enumerate(items):
        if isinstance(item, Token) and item.is_sign(":"):
            return Element(_plain(items[:position]), _plain(items[position + 1 :]))
    return Element(_plain(items))


def _plain(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Without `timeout 1h`, `counter packets 0 bytes 0`, `comment "x"`."""
    for position, item in enumerate(items):
        if position and isinstance(item, Token) and item.is_word(*_OPTIONS):
            return items[:position]
    return items
