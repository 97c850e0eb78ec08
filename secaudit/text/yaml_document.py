"""What a YAML file says, with the line of every key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from secaudit.errors import InputError
from secaudit.text.bilingual import Text
from secaudit.text.secrets import mask_line
from secaudit.text.source import SourceLine

Scalar: TypeAlias = "str | int | float | bool | None"
YamlValue: TypeAlias = "Scalar | list[YamlValue] | dict[str, YamlValue]"
KeyPath: TypeAlias = "tuple[str | int, ...]"

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML file after reading: its data, and where every key and list item of it stands.

    `data` is made of `dict`, `list`, `str`, `int`, `float`, `bool` and `None`; keys are always `str`.
    """

    file: str
    data: YamlValue
    size_bytes: int
    sha256: str
    text_lines: tuple[str, ...]
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int:
        """The line of a key or list item; of the nearest thing around it when it is not in the file."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def source(self, path: KeyPath) -> SourceLine:
        """The line of a key as evidence, masked."""
        number = self.line_of(path)
        text = self.text_lines[number - 1] if number <= len(self.text_lines) else ""
        return SourceLine(self.file, number, mask_line(text))

    @property
    def root(self) -> YamlNode:
        """The whole document as a node."""
        return YamlNode(self, (), self.data)


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A part of a document that knows its place. For data that a JSON Schema has accepted: a wrong type is our mistake."""

    document: YamlDocument
    path: KeyPath
    value: YamlValue

    @property
    def source(self) -> SourceLine:
        """The line it stands on."""
        return self.document.source(self.path)

    def get(self, key: str) -> YamlNode | None:
        """What stands under a key; None when it is missing or empty."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return None if value is None else YamlNode(self.document, (*self.path, key), value)

    def text(self, key: str) -> str:
        """A word under a key that the schema demands."""
        value = self.optional_text(key)
        assert value is not None, f"the schema does not demand {key}"
        return value

    def optional_text(self, key: str) -> str | None:
        """A word under a key; a number is given as it would be written."""
        node = self.get(key)
        return None if node is None else node.as_text()

    def as_text(self) -> str:
        """This very word."""
        assert isinstance(self.value, str | int) and not isinstance(self.value, bool)
        return str(self.value).strip()

    def number(self, key: str) -> int | None:
        """A whole number under a key."""
        node = self.get(key)
        if node is None:
            return None
        assert isinstance(node.value, int)
        return node.value

    def flag(self, key: str, default: bool) -> bool:
        """`true` or `false` under a key."""
        node = self.get(key)
        if node is None:
            return default
        assert isinstance(node.value, bool)
        return node.value

    def items(self, key: str) -> Iterator[YamlNode]:
        """The items of a list under a key; none when it is missing."""
        node = self.get(key)
        if node is not None:
            assert isinstance(node.value, list)
            for index, value in enumerate(node.value):
                yield YamlNode(self.document, (*node.path, index), value)

    def entries(self, key: str) -> Iterator[tuple[str, YamlNode]]:
        """The keys and values of a mapping under a key; none when it is missing."""
        node = self.get(key)
        if node is not None:
            assert isinstance(node.value, dict)
            for name, value in node.value.items():
                yield name, YamlNode(self.document, (*node.path, name), value)

    def error(self, text: Text, hint: Text | None = None, key: str | None = None) -> InputError:
        """An error about this part, or about the key `key` of it."""
        path = self.path if key is None else (*self.path, key)
        return InputError(
            text, file=self.document.file, line=self.document.line_of(path), field=dotted(path) or None, hint=hint
        )


def dotted(path: KeyPath) -> str:
    """A path as people write it.

    >>> dotted(("register", 2, "ports"))
    'register[2].ports'
    """
    parts = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            parts.append(f".{shown(part)}" if parts else shown(part))
    return "".join(parts)


def shown(value: object) -> str:
    """A value of a file, short and harmless enough to stand in a message."""
    text = value if isinstance(value, str) else str(value)
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in text[: _SHOWN_CHARACTERS + 1]
    )
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
