"""One question about flows: between two zones of an audit folder, or between two interfaces of plain configuration files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secaudit.audit.network import network_of_files, parse_port
from secaudit.audit.preparation import prepare_folder
from secaudit.audit.repairs import RepairAnswer, repair_pair
from secaudit.errors import UsageError
from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.chain import Chain
from secaudit.flows.chains import find_chains
from secaudit.flows.witness import FlowWitness, chain_witness, witness
from secaudit.flows.zones import Attachment, ZonePlan
from secaudit.network.device import Device, Doubt
from secaudit.network.intervals import Intervals, normalise, of_network
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

_SHOWN_LINES = 10
_SHOWN_BOXES = 5
"""Boxes shown for each chain."""


@dataclass(frozen=True, slots=True)
class ShownChain:
    """A chain of responsible lines with what it lets through. `share` is its part of what the chains of its kind were asked for, 0 to 1.

    `certain`: its packets surely cross; else they could, for `chain.doubts`. `witness` is None where no packet was found that surely goes this way.
    """

    chain: Chain
    certain: bool
    share: float
    boxes: tuple[str, ...]
    boxes_omitted: int
    witness: FlowWitness | None


@dataclass(frozen=True, slots=True)
class FlowExplanation:
    """Why a flow is possible, chain by chain, those that surely carry packets first.

    `found` is how many there are; when `complete` is false the search was stopped and there are more. `unexplained` are packets that
    are possible for the doubts of the pair alone, on no way through submitted devices.
    """

    chains: tuple[ShownChain, ...]
    found: int
    complete: bool
    unexplained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowAnswer:
    """The flows of one ordered pair, as the command shows them. `verdict` is `none`, `some` or `undetermined`.

    `explanation` and `repair` are None when nobody asked for them.
    """

    source: str
    destination: str
    verdict: str
    boxes: tuple[str, ...]
    boxes_omitted: int
    witness: FlowWitness | None
    lines: tuple[SourceLine, ...]
    doubts: tuple[Doubt, ...]
    spoofed_boxes: tuple[str, ...]
    reply_boxes: tuple[str, ...]
    troubles: tuple[Text, ...] = ()
    """Files that could not be used."""
    explanation: FlowExplanation | None = None
    repair: RepairAnswer | None = None


def between_zones(
    folder_path: Path,
    source: str,
    destination: str,
    limit: int,
    *,
    explain: bool = False,
    repair_on: datetime.date | None = None,
) -> FlowAnswer:
    """The flows between two zones of an audit folder; with `repair_on` also how to stop what is not permitted on that day."""
    prepared = prepare_folder(folder_path)
    plan = prepared.plan
    for zone in (source, destination):
        if zone not in plan.zones:
            raise UsageError(
                Text(ja=f"この監査フォルダに領域 {zone} はない。", en=f"this audit folder has no zone {zone}"),
                Text(ja="領域: " + "、".join(plan.zones), en="zones: " + ", ".join(plan.zones)),
            )
    if source == destination:
        raise UsageError(
            Text(
                ja=f"{source} から {source} へ: 一つの領域の中の通信は調べない。",
                en=f"from {source} to {source}: what happens inside one zone is not examined",
            ),
            Text(ja="異なる二つの領域を指定すること。", en="name two different zones"),
        )
    answer = _answer(prepared.flows, source, destination, limit, prepared.network.troubles(), explain)
    if repair_on is None:
        return answer
    return replace(answer, repair=repair_pair(prepared, source, destination, repair_on, limit))


def between_interfaces(
    paths: Sequence[Path], source: str, destination: str, limit: int, *, explain: bool = False
) -> FlowAnswer:
    """The flows from hosts behind one interface to anything that leaves by another, with nothing but configuration files."""
    network = network_of_files(paths)
    left, right = parse_port(source, network.devices), parse_port(destination, network.devices)
    by_name = {device.name: device for device in network.devices}
    names = (f"{left[0]}:{left[1]}", f"{right[0]}:{right[1]}")
    everything: dict[Family, Intervals] = {4: ((0, 2**32 - 1),), 6: ((0, 2**128 - 1),)}
    sources = _subnets(by_name[left[0]], left[1]) or everything
    plan = ZonePlan(
        zones=tuple(sorted(set(names))),
        addresses={names[0]: sources, names[1]: everything},
        attachments={
            left: (Attachment(names[0], left, sources, external=False),),
            right: (Attachment(names[1], right, everything, external=True),),
        },
        doubts={},
        joined={},
        unbound=(),
        has_direct_exit=frozenset(names),
    )
    return _answer(FlowAnalysis(network.topology, plan), names[0], names[1], limit, network.troubles(), explain)


def _subnets(device: Device, interface: str) -> dict[Family, Intervals]:
    """The addresses of the hosts on an interface; an interface without a subnet (PPPoE, DHCP) can carry any."""
    found: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
    for held in device.interfaces[interface].addresses:
        network = held.address.network
        if network.num_addresses > 1:
            found[4 if network.version == 4 else 6].append(of_network(network))
    if not found[4] and not found[6]:
        return {}
    return {4: normalise(found[4]), 6: normalise(found[6])}


def _answer(
    analysis: FlowAnalysis, source: str, destination: str, limit: int, troubles: tuple[Text, ...], explain: bool
) -> FlowAnswer:
    pair = analysis.pair(source, destination)
    if not pair.certain.is_empty:
        verdict, shown = "some", pair.certain
    elif pair.possible.is_empty:
        verdict, shown = "none", pair.possible
    else:
        verdict, shown = "undetermined", pair.possible
    boxes, omitted = shown.boxes_and_rest(limit)
    return FlowAnswer(
        source=source,
        destination=destination,
        verdict=verdict,
        boxes=tuple(str(box) for box in boxes),
        boxes_omitted=omitted,
        witness=witness(analysis, pair, pair.certain),
        lines=analysis.responsible(pair, shown),
        doubts=pair.doubts,
        spoofed_boxes=tuple(str(box) for box in pair.spoofed.boxes(_SHOWN_LINES)),
        reply_boxes=tuple(str(box) for box in pair.replies.boxes(_SHOWN_LINES)),
        troubles=troubles,
        explanation=_explanation(analysis, pair, limit) if explain else None,
    )


def _explanation(analysis: FlowAnalysis, pair: PairFlow, limit: int) -> FlowExplanation:
    shown: list[ShownChain] = []
    found = 0
    complete = True
    unexplained: tuple[str, ...] = ()
    for packets, certain in ((pair.certain, True), (pair.possible - pair.certain, False)):
        if packets.is_empty:
            continue
        chains = find_chains(analysis, pair, packets)
        found += len(chains.chains)
        complete = complete and chains.complete
        size = packets.size
        for chain in chains.chains[: limit - len(shown)]:
            boxes, omitted = chain.packets.boxes_and_rest(_SHOWN_BOXES)
            shown.append(
                ShownChain(
                    chain=chain,
                    certain=certain,
                    share=chain.size / size,
                    boxes=tuple(str(box) for box in boxes),
                    boxes_omitted=omitted,
                    witness=chain_witness(analysis, pair, chain),
                )
            )
        if chains.complete:
            unexplained = tuple(str(box) for box in chains.rest.boxes(_SHOWN_LINES))
    return FlowExplanation(tuple(shown), found, complete, unexplained)
