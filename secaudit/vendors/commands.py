"""What a vendor package offers for repairs: the commands that make a change on its devices.

Writers are entry points of the group `secaudit.commands`, named as the vendor (`Device.vendor`): another package can add one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from secaudit.network.changes import Change
from secaudit.network.device import Device
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText

GROUP = "secaudit.commands"


class NotSaidError(Exception):
    """A change that this vendor's writer cannot put into commands. `text` says why, for a person; `advises`: and what to change instead."""

    def __init__(self, text: Text, *, advises: bool = False) -> None:
        super().__init__(text.en)
        self.text = text
        self.advises = advises


@dataclass(frozen=True, slots=True)
class Commands:
    """What to type on one device, in order. `notes` are what a person should know before (that a list is replaced, how to save)."""

    device: str
    vendor: str
    lines: tuple[str, ...]
    notes: tuple[Text, ...] = ()


class CommandWriter(Protocol):
    """The writer of one vendor."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """The commands for all changes of one device, which was read from `text`. Raises `NotSaidError`.

        Typed behind that configuration they must read back as the changed device: that is how a repair is proved.
        """
        ...

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """A configuration with commands typed behind it, as the reader of this vendor reads it."""
        ...


@runtime_checkable
class GatheringWriter(Protocol):
    """What a writer offers besides, whose vendor tells one network in several files (`secaudit.vendors.reader.GatheringReader`)."""

    def commands_together(self, device: Device, changes: Sequence[Change], texts: Sequence[ConfigText]) -> Commands:
        """As `CommandWriter.commands`, of a device that was read from all of these texts together. Raises `NotSaidError`."""
        ...

    def typed_behind_together(self, texts: Sequence[str], lines: Sequence[str]) -> tuple[str, ...]:
        """The same texts after the commands, in their order."""
        ...


def commands_of(
    writer: CommandWriter, device: Device, changes: Sequence[Change], texts: Sequence[ConfigText]
) -> Commands:
    """The commands for a device that was read from these texts: one, but for a vendor that tells a network in several. Raises `NotSaidError`."""
    if isinstance(writer, GatheringWriter):
        return writer.commands_together(device, changes, texts)
    (text,) = texts
    return writer.commands(device, changes, text)


def apply_commands(texts: Sequence[str], commands: Commands) -> tuple[str, ...]:
    """The texts of a configuration with the commands typed behind them. Without a writer for the vendor the lines are put at the end of the first."""
    writer = writer_of(commands.vendor)
    if isinstance(writer, GatheringWriter):
        return writer.typed_behind_together(texts, commands.lines)
    first, *others = texts
    typed = append_lines(first, commands.lines) if writer is None else writer.typed_behind(first, commands.lines)
    return typed, *others


def append_lines(text: str, lines: Sequence[str]) -> str:
    """A text with lines behind it."""
    return "\n".join((*text.splitlines(), *lines)) + "\n"


@cache
def writer_of(vendor: str) -> CommandWriter | None:
    """The writer for a vendor, None when there is none."""
    for entry in entry_points(group=GROUP):
        if entry.name == vendor:
            writer: CommandWriter = entry.load()
            return writer
    return None
