"""Records: the objects of AWS's answers with their lines, gathered from all texts by kind and id."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.json_document import Item, JsonDocument

_MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class Record:
    """One object. Keys of EC2 begin with a capital letter, those of Direct Connect with a small one: both spellings are found."""

    document: JsonDocument
    item: Item

    def get(self, key: str) -> Item | None:
        """A member that is there and is not null."""
        found = self.item.get(key)
        if found is None:
            found = self.item.get(key[:1].lower() + key[1:])
        return None if found is None or found.value is None else found

    def has(self, key: str) -> bool:
        """Whether a member is there and is not null."""
        return self.get(key) is not None

    def text(self, key: str) -> str:
        """A string, or a number as it is written; empty when it is not there."""
        found = self.get(key)
        if found is None or isinstance(found.value, bool | list | dict):
            return ""
        return str(found.value)

    def number(self, key: str) -> int | None:
        """A whole number, also as a string of digits."""
        found = self.text(key)
        return int(found) if _is_number(found) else None

    def flag(self, key: str) -> bool | None:
        """True or false; None when it is not told."""
        found = self.get(key)
        return found.value if found is not None and isinstance(found.value, bool) else None

    def child(self, key: str) -> Record | None:
        """An object inside."""
        found = self.get(key)
        return Record(self.document, found) if found is not None and isinstance(found.value, dict) else None

    def children(self, key: str) -> list[Record]:
        """The objects of a list inside."""
        found = self.get(key)
        return (
            [] if found is None else [Record(self.document, one) for one in found.items if isinstance(one.value, dict)]
        )

    def texts(self, key: str) -> list[str]:
        """The strings of a list inside."""
        found = self.get(key)
        return [] if found is None else [one.value for one in found.items if isinstance(one.value, str)]

    def sources(self, *keys: str) -> Sources:
        """The lines of some members; that of the object itself when none of them is there."""
        found = [one for key in keys if (one := self.get(key)) is not None]
        return self.document.sources(*found[:_MOST_LINES]) if found else (self.document.source(self.item),)

    def title(self) -> str:
        """The tag `Name`."""
        for tag in self.children("Tags"):
            if tag.text("Key") == "Name":
                return tag.text("Value")
        return ""


def _is_number(text: str) -> bool:
    body = text[1:] if text[:1] == "-" else text
    return body.isascii() and body.isdigit() and len(body) <= 10


def network_of(text: str) -> IPNetwork | None:
    """A prefix, host bits tolerated; None for anything else."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def address_of(text: str) -> IPAddress | None:
    """An address; None for anything else."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


@dataclass(slots=True)
class Records:
    """Records by kind (the name of the list they stand in, `Vpcs`) and id. `differing` are the lines of records that say different things
    under one id, `strange` records without an id or without an owner, `told` the kinds of which at least one list was there, `unfinished` lists of which no last page was."""

    by_kind: dict[str, dict[str, Record]] = field(default_factory=dict)
    differing: list[tuple[str, SourceLine, SourceLine]] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    unfinished: dict[str, SourceLine] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    strange: list[tuple[Record, str]] = field(default_factory=list)
    parts: dict[tuple[str, str, str], list[Item]] = field(default_factory=dict)
    """Elements of lists that are resources of their own in Terraform, by the kind, id and list they belong to."""

    def add(self, kind: str, id_: str, record: Record) -> None:
        """Takes a record; the first of several that differ stays, and the difference is told."""
        held = self.by_kind.setdefault(kind, {})
        first = held.get(id_)
        if first is None:
            held[id_] = record
        elif plain(first.item) != plain(record.item):
            self.differing.append((id_, first.sources()[0], record.sources()[0]))

    def of(self, kind: str) -> Iterator[tuple[str, Record]]:
        """The records of a kind in the order of their ids."""
        yield from sorted(self.by_kind.get(kind, {}).items())

    def one(self, kind: str, id_: str) -> Record | None:
        """One record."""
        return self.by_kind.get(kind, {}).get(id_)


def plain(item: Item) -> object:
    """A value without its positions, to compare."""
    if isinstance(item.value, dict):
        return {key: plain(one) for key, one in item.value.items()}
    if isinstance(item.value, list):
        return [plain(one) for one in item.value]
    return item.value


def merged(*groups: Iterable[SourceLine]) -> Sources:
    """Lines once each, in their order."""
    return tuple(dict.fromkeys(line for group in groups for line in group))
