"""The table of commands: which words lead to which handler, and which commands are known without being modelled."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from secaudit.network.device import Plane
from secaudit.text.bilingual import Text
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, Outcome

Handler = Callable[[Command, Draft], Outcome]

_DATA = Path(__file__).resolve().parent / "data"


class Effect(Enum):
    """What is known of a command that has no handler."""

    IRRELEVANT = "irrelevant"
    """It cannot change what is forwarded or how the device is managed."""
    DOUBT = "doubt"
    """It could permit or steer packets in a way that is not modelled."""
    TIGHTENS = "tightens"
    """It can only drop packets: an uncertain deny line says so."""


@dataclass(frozen=True, slots=True)
class KnownCommand:
    """A command of the data files.

    `interface_at` is the position of the word that names an interface (None = the whole device), `bound` a fixed
    interface name instead. `off_words`: values of the next word that switch the feature off, `on_words`: the only
    ones that switch it on. `references`: the numbers in it refer to filters (YA-39).
    """

    effect: Effect
    text: Text
    length: int
    plane: Plane = Plane.TRAFFIC
    interface_at: int | None = None
    bound: str | None = None
    off_words: frozenset[str] = frozenset()
    on_words: frozenset[str] | None = None
    references: bool = False

    def is_off(self, words: tuple[str, ...]) -> bool:
        """Whether this very command leaves the feature without effect."""
        following = words[self.length] if len(words) > self.length else ""
        return following in self.off_words or (self.on_words is not None and following not in self.on_words)


@dataclass(slots=True)
class _Node:
    words: dict[str, _Node] = field(default_factory=dict)
    any_word: _Node | None = None
    entry: Handler | KnownCommand | None = None


class CommandTable:
    """Word patterns with their entries; `*` is any one word, `a|b` an alternative. The longest pattern wins."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, pattern: str, entry: Handler | KnownCommand) -> None:
        """Adds one pattern. Of two equal patterns the first stays: handlers are added before data."""
        for words in product(*(word.split("|") for word in pattern.split())):
            node = self._root
            for word in words:
                if word == "*":
                    node.any_word = node.any_word or _Node()
                    node = node.any_word
                else:
                    node = node.words.setdefault(word, _Node())
            if node.entry is None:
                node.entry = entry

    def find(self, words: tuple[str, ...]) -> Handler | KnownCommand | None:
        """The entry of the longest pattern that starts the command; a literal word beats `*`."""
        best = self._root.entry
        nodes = [self._root]
        for word in words:
            following: list[_Node] = []
            for node in nodes:
                literal = node.words.get(word)
                if literal is not None:
                    following.append(literal)
                if node.any_word is not None:
                    following.append(node.any_word)
            if not following:
                break
            nodes = following
            for node in nodes:  # those reached by literal words are in front of those reached by `*`
                if node.entry is not None:
                    best = node.entry
                    break
        return best


def load_table(handlers: Iterable[Mapping[str, Handler]]) -> CommandTable:
    """Handlers and the data files as one table."""
    table = CommandTable()
    for group in handlers:
        for pattern, handler in group.items():
            table.add(pattern, handler)
    for pattern, known in _known_commands():
        table.add(pattern, known)
    return table


@cache
def read_data(name: str) -> dict[str, Any]:
    """One data file of this package. Its shape is ours, so a mistake in it is a bug and not an input error."""
    return tomllib.loads((_DATA / f"{name}.toml").read_text(encoding="utf-8"))


def _known_commands() -> Iterator[tuple[str, KnownCommand]]:
    for effect in Effect:
        for group in read_data(effect.value)["group"]:
            for pattern in group["commands"]:
                words = pattern.split()
                scoped = bool(group.get("interface", effect is Effect.TIGHTENS)) and "*" in words
                yield (
                    pattern,
                    KnownCommand(
                        effect,
                        Text(ja=group["ja"], en=group["en"]),
                        len(words),
                        Plane(group.get("plane", "traffic")),
                        words.index("*") if scoped else None,
                        group.get("bound"),
                        frozenset(group.get("off", ())),
                        frozenset(group["on"]) if "on" in group else None,
                        bool(group.get("references", False)),
                    ),
                )
