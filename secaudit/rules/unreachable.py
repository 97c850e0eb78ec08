"""Lines of filters that contradict earlier ones or repeat them: no packet reaches them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secaudit.flows.dead_lines import DeadKind, DeadLine, dead_lines
from secaudit.network.device import Device
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.packets.diagrams import TooComplexError
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

WORK = 20_000_000
"""How many edges the lines of one filter may cost: some seconds. A person who waits longer asks with `secaudit config`."""

_SHOWN_LABELS = 5


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """What is wrong with one filter; not `sure` where it depends on something that was not understood."""

    reason: str
    fact: Text
    sources: tuple[SourceLine, ...]
    sure: bool = True


def applied_filters(device: Device) -> tuple[Filter, ...]:
    """The filters that see packets on their way through the device, by name, each once."""
    names = set(device.policies)
    for interface in device.interfaces.values():
        if interface.enabled:
            names |= {name for name in (interface.filter_in, interface.filter_out) if name is not None}
    return tuple(device.filters[name] for name in sorted(names) if name in device.filters)


def inconsistencies(device: Device) -> Iterator[Inconsistency]:
    """The contradictions first, then what is only superfluous, then what is not known. A line that matches nothing contradicts nobody."""
    found = [one for table in applied_filters(device) for one in _of_filter(device, table)]
    yield from sorted(found, key=lambda one: (not one.sure, one.reason))


def _of_filter(device: Device, table: Filter) -> Iterable[Inconsistency]:
    try:
        dead = _hidden(table)
        maybe = _possibly_hidden(table, dead)
    except TooComplexError:
        text = Text(
            ja=f"{device.name} の {table.name} は規則が複雑で、到達しない規則があるかを計算できない。",
            en=f"{table.name} on {device.name} is too complex to tell whether it has lines that nothing reaches.",
        )
        return [Inconsistency("too_complex", text, table.sources, sure=False)]
    return [_told(device, table, one) for one in dead] + [_told_unsure(device, table, one) for one in maybe]


def _hidden(table: Filter) -> tuple[DeadLine, ...]:
    """The written lines that nothing reaches. One that was not understood says nothing that could be contradicted."""
    return tuple(
        one
        for one in dead_lines(table, WORK)
        if one.kind is DeadKind.HIDDEN and not one.line.implied and one.line.action is not Action.UNKNOWN
    )


def _possibly_hidden(table: Filter, dead: Iterable[DeadLine]) -> tuple[DeadLine, ...]:
    """The further lines that would be unreachable if every line that is not certain took all that it may match."""
    if all(line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN for line in table.lines):
        return ()
    known = {one.label for one in dead}
    supposed = dataclasses.replace(table, lines=tuple(_supposed(line) for line in table.lines))
    return tuple(one for one in _hidden(supposed) if one.label not in known and _rests_on_doubt(table, one))


def _supposed(line: FilterLine) -> FilterLine:
    """The line as if it surely took what it may match. Lines that hold at times are really passed at other times."""
    if line.certainty is not Certainty.UNCERTAIN and line.action is not Action.UNKNOWN:
        return line
    action = Action.DENY if line.action is Action.UNKNOWN else line.action
    return dataclasses.replace(line, certainty=Certainty.ALWAYS, action=action)


def _rests_on_doubt(table: Filter, dead: DeadLine) -> bool:
    """Whether the line itself was understood: what is not certain to match is not called superfluous."""
    return any(
        line.label == dead.label and line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN
        for line in table.lines
    )


def _told(device: Device, table: Filter, dead: DeadLine) -> Inconsistency:
    where_ja, where_en = (
        f"{device.name} の {table.name} の {dead.label}",
        f"{dead.label} of {table.name} on {device.name}",
    )
    by = _labels(dead.by)
    sources = (*dead.line.sources, *_lines_of(table, (*dead.by, *dead.differing)))
    if dead.contradicts:
        text = Text(
            ja=f"{where_ja} は、先に一致する {_labels(dead.differing)} が異なる動作をするため、記載のとおりに働かない。",
            en=f"{where_en} does not do what it says: {_labels(dead.differing)} match first and do something else.",
        )
        return Inconsistency("contradictory_line", text, sources)
    text = Text(
        ja=f"{where_ja} は、先に一致する {by} と重複しており、該当するパケットがない。",
        en=f"{where_en} repeats {by}, which match first: no packet reaches it.",
    )
    return Inconsistency("redundant_line", text, sources)


def _told_unsure(device: Device, table: Filter, dead: DeadLine) -> Inconsistency:
    text = Text(
        ja=f"{device.name} の {table.name} の {dead.label} に到達するパケットがあるかは、一部を読み取れない {_labels(dead.by)} によるため判断できない。",
        en=f"Whether anything reaches {dead.label} of {table.name} on {device.name} depends on {_labels(dead.by)}, not all of which is understood.",
    )
    return Inconsistency("unread_lines", text, (*dead.line.sources, *_lines_of(table, dead.by)), sure=False)


def _labels(labels: tuple[str, ...]) -> str:
    more = "" if len(labels) <= _SHOWN_LABELS else ", ..."
    return ", ".join(labels[:_SHOWN_LABELS]) + more


def _lines_of(table: Filter, labels: Iterable[str]) -> tuple[SourceLine, ...]:
    wanted = set(labels)
    return tuple(source for line in table.lines if line.label in wanted for source in line.sources)
