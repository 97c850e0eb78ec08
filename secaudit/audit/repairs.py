"""Repairs: the fewest changes that stop a forbidden flow, tried on the model before anybody types them.

A repair is called proved only when all of this holds of the network after it, computed anew from the changed configurations:
the forbidden packets no longer pass; between no two zones does anything pass that did not before; nothing else was closed, but what was
forbidden as well, and no permitted packet lost its replies; and no rule that passed before fails or is undetermined now (required links and their replies among them).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import assert_never

from secaudit.audit.changes import compare_results
from secaudit.audit.parts import numbered_through, read_whole
from secaudit.audit.preparation import PreparedFolder, Progress, with_devices
from secaudit.audit.reading import ConfigFile, gathered, name_devices
from secaudit.audit.result import AuditResult
from secaudit.audit.route_tables import with_route_tables
from secaudit.audit.run import context_of, judge
from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.chains import find_chains
from secaudit.flows.cuts import MOST_CHANGES, Cut, find_cuts, smallest_sets
from secaudit.municipality.model import Zone
from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine, changed
from secaudit.network.device import Device
from secaudit.network.matches import Match, Service
from secaudit.packets.boxes import Box
from secaudit.packets.sets import PacketSet
from secaudit.probes.folder import load_probes
from secaudit.rules.kinds.filter_hygiene import asks_for_dead_lines
from secaudit.rules.own import ruleset_for
from secaudit.rules.permitted import allowance
from secaudit.rules.result import Outcome
from secaudit.rules.separation import beyond
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.commands import Commands, NotSaidError, apply_commands, commands_of, writer_of
from secaudit.vendors.registry import gathering_vendors, read_config

_MOST_BOXES = 200
"""Replies that are stopped, as boxes; where there are more, any packet may have lost its reply."""
ATTEMPTS = 12
"""How many sets of changes are tried before giving up."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared. `still_possible`: the packets no longer surely pass, but something that is not understood could let them.

    `read_back`: the changed configurations were made by the printed commands and read again; else the changes were made on the model only.
    `left_behind`: lines stay in a filter that nothing reaches any more, which is untidy and no harm.
    """

    pairs: int
    results: int
    read_back: bool
    still_possible: bool
    left_behind: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """Changes that stop a forbidden flow, and the same in words (`steps`). `fewest`: no smaller number of changes to filters could.

    `commands` are empty when `unsaid` tells why no commands can be printed.
    """

    changes: tuple[Change, ...]
    steps: tuple[Text, ...]
    commands: tuple[Commands, ...]
    unsaid: Text | None
    fewest: bool
    proof: Proof


@dataclass(frozen=True, slots=True)
class RepairAnswer:
    """The forbidden part of a flow, and how to stop it. Without `repair`, `refused` tells why each try was not good enough."""

    source: str
    destination: str
    boxes: tuple[str, ...]
    boxes_omitted: int
    repair: Repair | None
    refused: tuple[Text, ...]


def repair_pair(
    prepared: PreparedFolder,
    source: str,
    destination: str,
    as_of: datetime.date,
    limit: int,
    progress: Progress | None = None,
) -> RepairAnswer:
    """The repair of everything that surely crosses from one zone to another and is not permitted on a day."""
    before = _Before(prepared, as_of)
    pair = prepared.flows.pair(source, destination)
    forbidden = before.forbidden(prepared.flows, source, destination)
    boxes, omitted = forbidden.boxes_and_rest(limit)
    repair, refused = (None, ()) if forbidden.is_empty else _repair(before, pair, forbidden, progress)
    return RepairAnswer(
        source=source,
        destination=destination,
        boxes=tuple(str(box) for box in boxes),
        boxes_omitted=omitted,
        repair=repair,
        refused=tuple(dict.fromkeys(refused)),
    )


def forbidden_pairs(prepared: PreparedFolder, as_of: datetime.date) -> tuple[tuple[str, str], ...]:
    """The pairs of zones between which something surely passes that is not permitted on a day."""
    return tuple((pair.source, pair.destination) for pair, _ in _Before(prepared, as_of).all_forbidden())


class _Before:
    """The folder as it is, with everything that a repair is held against."""

    def __init__(self, prepared: PreparedFolder, as_of: datetime.date) -> None:
        self.prepared = prepared
        self.as_of = as_of
        folder = prepared.folder
        probes = load_probes(Path(folder.root), folder.probes, folder.municipality)
        self._context = context_of(prepared, as_of, probes)
        self._result: AuditResult | None = None

    @property
    def result(self) -> AuditResult:
        """The audit of the folder as it is."""
        if self._result is None:
            self._result = judge(self.prepared, self.as_of)
        return self._result

    def pairs(self) -> Iterator[tuple[str, str]]:
        zones = self.prepared.plan.zones
        return ((left, right) for left in zones for right in zones if left != right)

    def forbidden(self, flows: FlowAnalysis, source: str, destination: str) -> PacketSet:
        """What surely opens connections from one zone to another beyond what the policy and the register permit."""
        cell = self._context.policy.cell(Zone(source), Zone(destination))
        return beyond(flows.pair(source, destination), allowance(cell, self._context))[0]

    def all_forbidden(self) -> tuple[tuple[PairFlow, PacketSet], ...]:
        """The forbidden part of every pair that has one."""
        flows = self.prepared.flows
        found = ((flows.pair(*pair), self.forbidden(flows, *pair)) for pair in self.pairs())
        return tuple((pair, packets) for pair, packets in found if not packets.is_empty)


def _repair(
    before: _Before, pair: PairFlow, forbidden: PacketSet, progress: Progress | None
) -> tuple[Repair | None, Sequence[Text]]:
    flows = before.prepared.flows
    chains = find_chains(flows, pair, forbidden).chains
    cuts = find_cuts(flows, pair, forbidden, chains, before.all_forbidden())
    refused: list[Text] = []
    unsaid: list[tuple[tuple[Cut, ...], NotSaidError]] = []
    smallest = 0
    for chosen in islice(smallest_sets(cuts, len(chains)), ATTEMPTS):
        smallest = smallest or len(chosen)
        if progress is not None:
            progress(Text(ja="修正案を検証しています", en="trying a repair"))
        try:
            commands = _commands(before.prepared, chosen)
        except NotSaidError as error:
            unsaid.append((chosen, error))
            continue
        read = _read_back(before.prepared, commands)
        found = _NOT_READ_BACK if read is None else _prove(before, read, pair, forbidden)
        if isinstance(found, _Compared):
            return _repair_of(before, chosen, found, smallest, commands), refused
        refused.append(found)
    # A sentence that tells what to change is worth more than one that tells why nothing can be typed.
    for chosen, why in sorted(unsaid, key=lambda one: not one[1].advises):
        touched = _touched(before.prepared, chosen)
        devices = {name: changed(device, _changes(chosen)) for name, device in touched.items()}
        found = _prove(before, devices, pair, forbidden)
        if isinstance(found, _Compared):
            return _repair_of(before, chosen, found, smallest, (), why.text), refused
        refused.append(found)
    return None, refused or (_NOWHERE,)


_NOT_READ_BACK = Text(ja="変更後の設定を読み取り直せなかった。", en="the changed configuration could not be read again")
_NOWHERE = Text(
    ja="フィルターの変更だけで、この通信を止められる箇所が見つからない。経路や結線、領域の割り当てを見直すこと。",
    en="no place was found where a change to a filter alone stops these packets; look at routes, cables and the zones themselves",
)


def _repair_of(
    before: _Before,
    chosen: Sequence[Cut],
    found: _Compared,
    smallest: int,
    commands: tuple[Commands, ...],
    unsaid: Text | None = None,
) -> Repair:
    devices = _touched(before.prepared, chosen)
    return Repair(
        changes=_changes(chosen),
        steps=tuple(_step(devices[one.change.device], one.change) for one in chosen),
        commands=commands,
        unsaid=unsaid,
        fewest=len(chosen) == smallest <= MOST_CHANGES,
        proof=Proof(found.pairs, found.results, unsaid is None, found.still_possible, found.left_behind),
    )


def _step(device: Device, change: Change) -> Text:
    """A change in words."""
    match change:
        case RemoveLine():
            label = device.filters[change.filter].lines[change.position].label
            return Text(
                ja=f"{device.name}: フィルター「{change.filter}」の行「{label}」を使わないようにする",
                en=f'{device.name}: take line "{label}" of filter "{change.filter}" out of use',
            )
        case InsertDeny():
            lines = device.filters[change.filter].lines
            if change.position < len(lines):
                label = lines[change.position].label
                return Text(
                    ja=f"{device.name}: フィルター「{change.filter}」の行「{label}」の直前に、遮断する行を加える",
                    en=f'{device.name}: add a denying line to filter "{change.filter}" before line "{label}"',
                )
            return Text(
                ja=f"{device.name}: フィルター「{change.filter}」の末尾に、遮断する行を加える",
                en=f'{device.name}: add a denying line at the end of filter "{change.filter}"',
            )
        case AddFilter():
            ja, en = ("出る", "goes out") if change.outgoing else ("入る", "comes in")
            return Text(
                ja=f"{device.name}: フィルターのない {change.interface} に、{ja}パケットのフィルターを設ける",
                en=f"{device.name}: give {change.interface}, which has none, a filter for what {en}",
            )
        case _:
            assert_never(change)


def _changes(chosen: Sequence[Cut]) -> tuple[Change, ...]:
    return tuple(one.change for one in chosen)


def _touched(prepared: PreparedFolder, chosen: Sequence[Cut]) -> dict[str, Device]:
    by_name = {one.name: one for one in prepared.network.devices}
    return {name: by_name[name] for name in sorted({one.change.device for one in chosen})}


def _commands(prepared: PreparedFolder, chosen: Sequence[Cut]) -> tuple[Commands, ...]:
    """The commands for every device. Raises `NotSaidError`."""
    found = []
    for name, device in _touched(prepared, chosen).items():
        writer = writer_of(device.vendor)
        if writer is None:
            raise NotSaidError(
                Text(
                    ja=f"{name} の機種({device.vendor})の投入コマンドは、この版では出力できない。",
                    en=f"this version prints no commands for the vendor of {name} ({device.vendor})",
                )
            )
        wanted = [one for one in _changes(chosen) if one.device == name]
        held = _files_of(prepared, device)
        whole = held[0].whole if len(held) == 1 else None
        typed_on = device if whole is None else numbered_through(whole, device)
        found.append(commands_of(writer, typed_on, wanted, [_configuration(one) for one in held]))
    return tuple(found)


def _read_back(prepared: PreparedFolder, commands: Sequence[Commands]) -> Mapping[str, Device] | None:
    """The devices of the changed files, read and named again as all files were first; None when that gives other devices than before."""
    by_name = {one.name: one for one in prepared.network.devices}
    files = {one.path: one for one in prepared.network.files}
    typed: dict[str, str] = {}
    for one in commands:
        held = _files_of(prepared, by_name[one.device])
        texts = [typed.get(file.path) or _text_of(_configuration(file)) for file in held]
        typed |= zip((file.path for file in held), apply_commands(texts, one), strict=True)
    for path, text in typed.items():
        whole = files[path].whole
        config = config_text_from_bytes(text.encode(), path)
        read = read_config(config) if whole is None else read_whole(whole, config)
        if read is None:
            return None
        files[path] = replace(files[path], text=config, read=read)
    if any(one.vendor in gathering_vendors() for one in commands):
        files = {one.path: one for one in gathered(tuple(files.values()))}
    named, _ = name_devices(tuple(files.values()), prepared.folder.municipality.ledger)
    devices, _ = with_route_tables(named, files.values())
    if {one.name for one in devices} != by_name.keys():
        return None
    return {one.name: one for one in devices if one.file in typed}


def _files_of(prepared: PreparedFolder, device: Device) -> list[ConfigFile]:
    """The files that a device was read from: of a cloud, whose answers are read together, all of its vendor."""
    files = prepared.network.files
    if device.vendor not in gathering_vendors():
        return [one for one in files if one.path == device.file]
    return [one for one in files if one.read is not None and one.read.vendor == device.vendor]


def _text_of(config: ConfigText) -> str:
    return "\n".join(line.text for line in config.lines)


def _configuration(file: ConfigFile) -> ConfigText:
    """What the reader got of a file: its text without the routing tables that were captured in it."""
    if file.whole is not None:
        return file.whole.text
    assert file.configuration is not None, "a device that was read has a text"
    return file.configuration


@dataclass(frozen=True, slots=True)
class _Compared:
    """Everything was compared and is as it should be."""

    pairs: int
    results: int
    still_possible: bool
    left_behind: bool


def _prove(before: _Before, devices: Mapping[str, Device], pair: PairFlow, forbidden: PacketSet) -> _Compared | Text:
    """What was compared, when the changes do what they should and nothing else; else what they do."""
    after = with_devices(before.prepared, devices)
    new = after.flows.pair(pair.source, pair.destination)
    left = new.certain & forbidden
    if not left.is_empty:
        return Text(ja=f"止めるべき通信が残る: {_some(left)}", en=f"forbidden packets would still pass: {_some(left)}")
    for source, destination in before.pairs():
        was, is_ = before.prepared.flows.pair(source, destination), after.flows.pair(source, destination)
        opened = (is_.certain - was.certain) | (is_.possible - was.possible)
        if not opened.is_empty:
            return Text(
                ja=f"{source} から {destination} への通信が新たに通り得る: {_some(opened)}",
                en=f"packets from {source} to {destination} could newly pass: {_some(opened)}",
            )
        closed = was.certain - is_.certain
        if not closed.is_empty:
            wanted = before.forbidden(before.prepared.flows, source, destination)
            other = closed - wanted
            if not other.is_empty:
                return Text(
                    ja=f"{source} から {destination} への許可された通信まで止まる: {_some(other)}",
                    en=f"permitted packets from {source} to {destination} would be stopped as well: {_some(other)}",
                )
        back = before.prepared.flows.pair(destination, source).certain
        unwanted = before.forbidden(before.prepared.flows, destination, source)
        unanswered = unanswered_of(back - unwanted, was, is_)
        if not unanswered.is_empty:
            return Text(
                ja=f"{destination} から {source} への許可された通信の応答が止まる: {_some(unanswered)}",
                en=f"replies to permitted packets from {destination} to {source} would be stopped: {_some(unanswered)}",
            )
    result = judge(after, before.as_of)
    # A line that takes a permission out of effect hides it: that is the purpose, and no harm.
    tidiness = {rule.id for rule in ruleset_for(Path(before.prepared.folder.root)).rules if asks_for_dead_lines(rule)}
    left_behind = False
    for change in compare_results(before.result, result):
        if change.rule in tidiness:
            left_behind = left_behind or change.after is Outcome.FAIL
        elif change.before is Outcome.PASS or change.after is Outcome.FAIL:
            return Text(
                ja=f"{change.rule}({change.title.ja})の判定が悪くなる。",
                en=f"the result of {change.rule} ({change.title.en}) would get worse",
            )
    possible = not (new.possible & forbidden).is_empty
    return _Compared(sum(1 for _ in before.pairs()), len(result.results), possible, left_behind)


def unanswered_of(permitted: PacketSet, was: PairFlow, is_: PairFlow) -> PacketSet:
    """Which of some packets the other way have lost their replies: where no device remembers connections, replies pass as any packet does."""
    stopped = was.replies - is_.replies
    if stopped.is_empty:
        return stopped
    boxes = stopped.boxes(_MOST_BOXES)
    if len(boxes) == _MOST_BOXES:
        return permitted
    return permitted & permitted.spaces.of_matches(map(_answered_by, boxes))


def _answered_by(box: Box) -> Match:
    """The packets to which those of a box are replies."""
    service = Service(box.protocols, destination_ports=box.source_ports, source_ports=box.destination_ports)
    return Match(4 if box.family == 4 else 6, box.destinations, box.sources, (service,))


def _some(packets: PacketSet) -> str:
    return "; ".join(str(box) for box in packets.boxes(2))
