"""Small questions about the items of a command."""

from __future__ import annotations

from typing import Final, TypeGuard

from secaudit.text.source import SourceLine
from secaudit.vendors.nftables.tokens import Group, Item, Kind, Token

FAMILIES: Final = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
OBJECTS = ("flowtable", "counter", "quota", "limit", "secmark", "synproxy", "ct", "tunnel")
"""Things that a table can hold beside chains, sets and maps."""


def blocks(statement: tuple[Item, ...]) -> list[tuple[Item, ...]]:
    """`chain a { } chain b { }` on one line."""
    parts: list[tuple[Item, ...]] = []
    start = 0
    if word_of(statement[0]) in ("chain", "set", "map", *OBJECTS):
        for position, item in enumerate(statement):
            if is_block(item):
                parts.append(statement[start : position + 1])
                start = position + 1
    if start < len(statement):
        parts.append(statement[start:])
    return parts


def word_of(item: Item) -> str:
    """The bare word that an item is, or nothing."""
    return item.text if isinstance(item, Token) and item.kind is Kind.WORD else ""


def name_of(item: Item) -> str:
    """The name (in quotes or not) that an item is, or nothing."""
    return item.text if isinstance(item, Token) and item.kind in (Kind.WORD, Kind.STRING) else ""


def is_block(item: Item) -> TypeGuard[Group]:
    """Whether an item is `{ ... }`."""
    return isinstance(item, Group) and item.opener.text == "{"


def path_of(items: tuple[Item, ...], count: int) -> tuple[str, list[str], int]:
    """An optional family (default `ip`), then names; and how many items that took."""
    family, used = "ip", 0
    if items and word_of(items[0]) in FAMILIES:
        family, used = word_of(items[0]), 1
    names: list[str] = []
    while used < len(items) and len(names) < count and name_of(items[used]):
        names.append(name_of(items[used]))
        used += 1
    return family, names, used


def names_of(items: tuple[Item, ...]) -> tuple[str, list[str]]:
    """An optional family, then names."""
    family, names, _ = path_of(items, 9)
    return family, names


def all_lines(items: tuple[Item, ...]) -> tuple[SourceLine, ...]:
    """Every line of a statement that was not understood: none of them may count as used."""
    found: dict[SourceLine, None] = {}
    waiting: list[Item] = list(reversed(items))
    while waiting:
        item = waiting.pop()
        if isinstance(item, Group):
            found[item.opener.line] = None
            waiting.extend(reversed(item.items))
        elif item.kind is not Kind.END:
            found[item.line] = None
    return tuple(found)
