"""What changed between two audit folders: flows opened and closed, exactly, and results that became others."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secaudit.audit.preparation import PreparedFolder, Progress, prepare_folder
from secaudit.audit.result import AuditResult
from secaudit.audit.run import judge
from secaudit.audit.worst import worst_by_subject
from secaudit.flows.analysis import PairFlow
from secaudit.flows.witness import FlowWitness, witness
from secaudit.packets.sets import PacketSet, Spaces
from secaudit.rules.own import ruleset_for
from secaudit.rules.result import Outcome, Severity
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

_NODE_LIMIT = 8_000_000
"""Both folders share one manager: twice the limit of one."""


class Change(StrEnum):
    """What became of packets that can open a connection. Before and after, each surely passes, surely does not, or is not known."""

    OPENED = "opened"
    """They did not pass; now they do."""
    CLOSED = "closed"
    MAYBE_OPENED = "maybe_opened"
    """They did not pass; now it cannot be told."""
    MAYBE_CLOSED = "maybe_closed"
    """They passed; now it cannot be told."""
    KNOWN_OPEN = "known_open"
    """It could not be told; now they surely pass."""
    KNOWN_CLOSED = "known_closed"
    """It could not be told; now they surely do not."""


@dataclass(frozen=True, slots=True)
class FlowChange:
    """Packets of one zone pair with the same change.

    `lines` let them through: in the new folder, or in the old one for what was closed. `witness` is one of them, replayed there (None where
    nothing is certain).
    """

    change: Change
    packets: PacketSet
    boxes: tuple[str, ...]
    boxes_omitted: int
    lines: tuple[SourceLine, ...]
    witness: FlowWitness | None


@dataclass(frozen=True, slots=True)
class PairChange:
    """Everything that changed from one zone to another."""

    source: str
    destination: str
    changes: tuple[FlowChange, ...]


@dataclass(frozen=True, slots=True)
class ResultChange:
    """A result that became another one; None where the rule was not asked about this subject."""

    rule: str
    subject: str
    title: Text
    severity: Severity
    before: Outcome | None
    after: Outcome | None


@dataclass(frozen=True, slots=True)
class FolderChanges:
    """Two folders compared. `unchanged_pairs` are the zone pairs with exactly the same flows."""

    pairs: tuple[PairChange, ...]
    unchanged_pairs: int
    results: tuple[ResultChange, ...]
    troubles: tuple[Text, ...]


def compare_folders(
    old: Path,
    new: Path,
    as_of: datetime.date,
    limit: int,
    progress: Progress | None = None,
    rules: Path | None = None,
) -> FolderChanges:
    """Compares the flows of every ordered zone pair and the results, both judged for the same day. `limit`: boxes shown a change.
    `rules` is a folder of own rules, as for an audit.

    Raises `InputError` when a `municipality.yaml` cannot be used.
    """
    spaces = Spaces(_NODE_LIMIT)
    before, after = (prepare_folder(path, progress, spaces) for path in (old, new))
    pairs = tuple(_pairs(before, after))
    changed = [(pair, tuple(_flow_changes(before, after, *pair, limit))) for pair in pairs]
    troubles = tuple(
        Text(ja=f"{path.as_posix()}: {one.ja}", en=f"{path.as_posix()}: {one.en}")
        for path, side in ((old, before), (new, after))
        for one in side.network.troubles()
    )
    return FolderChanges(
        pairs=tuple(PairChange(*pair, found) for pair, found in changed if found),
        unchanged_pairs=sum(not found for _, found in changed),
        results=compare_results(
            judge(before, as_of, progress, ruleset_for(old, rules)),
            judge(after, as_of, progress, ruleset_for(new, rules)),
        ),
        troubles=troubles,
    )


def _pairs(before: PreparedFolder, after: PreparedFolder) -> Iterator[tuple[str, str]]:
    zones = sorted({*before.plan.zones, *after.plan.zones})
    return ((source, destination) for source in zones for destination in zones if source != destination)


def _flow_changes(
    before: PreparedFolder, after: PreparedFolder, source: str, destination: str, limit: int
) -> Iterator[FlowChange]:
    old, new = _pair(before, source, destination), _pair(after, source, destination)
    nothing = before.flows.nothing()
    was_open, was_unsure = (nothing, nothing) if old is None else (old.certain, old.possible - old.certain)
    is_open, is_unsure = (nothing, nothing) if new is None else (new.certain, new.possible - new.certain)
    found = {
        Change.OPENED: is_open - was_open - was_unsure,
        Change.CLOSED: was_open - is_open - is_unsure,
        Change.MAYBE_OPENED: is_unsure - was_open - was_unsure,
        Change.MAYBE_CLOSED: was_open & is_unsure,
        Change.KNOWN_OPEN: was_unsure & is_open,
        Change.KNOWN_CLOSED: was_unsure - is_open - is_unsure,
    }
    for change, packets in found.items():
        if packets.is_empty:
            continue
        there, pair = (before, old) if change in _SHOWN_IN_OLD else (after, new)
        assert pair is not None
        boxes, omitted = packets.boxes_and_rest(limit)
        yield FlowChange(
            change=change,
            packets=packets,
            boxes=tuple(str(box) for box in boxes),
            boxes_omitted=omitted,
            lines=there.flows.responsible(pair, packets),
            witness=witness(there.flows, pair, packets),
        )


_SHOWN_IN_OLD = (Change.CLOSED, Change.MAYBE_CLOSED, Change.KNOWN_CLOSED)


def _pair(prepared: PreparedFolder, source: str, destination: str) -> PairFlow | None:
    """The flows of a pair, None where the folder does not have both zones."""
    zones = prepared.plan.zones
    return prepared.flows.pair(source, destination) if source in zones and destination in zones else None


def compare_results(old: AuditResult, new: AuditResult) -> tuple[ResultChange, ...]:
    """The results that became others, in the order of the rules."""
    before, after = worst_by_subject(old.results), worst_by_subject(new.results)
    changes = []
    for key in sorted({*before, *after}):
        left, right = before.get(key), after.get(key)
        if left is not None and right is not None and left.outcome is right.outcome:
            continue
        one = right or left
        assert one is not None
        changes.append(
            ResultChange(
                rule=one.rule,
                subject=one.subject.name,
                title=one.subject.title,
                severity=one.severity,
                before=None if left is None else left.outcome,
                after=None if right is None else right.outcome,
            )
        )
    return tuple(changes)
