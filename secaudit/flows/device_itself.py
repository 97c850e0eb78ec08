"""What a device sends itself, and what it takes for itself, as functions on packet sets.

The stages are those of `device_model`; own packets begin at the routing stage, packets for the device end there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from secaudit.flows.budget import UNLIMITED, Budget
from secaudit.flows.chain import Link
from secaudit.flows.departures import Departure, Detail
from secaudit.flows.device_model import DeviceModel
from secaudit.flows.modes import Mode
from secaudit.flows.part import Part
from secaudit.network.device import HIDING, DoubtKind, Plane, Stage
from secaudit.network.filters import Filter
from secaudit.packets.diagrams import EMPTY, FULL
from secaudit.packets.space import Field

ITSELF = ""
"""Stands in place of an ingress interface: the device itself sends the packets."""

HIDES_A_LOCAL_FILTER = HIDING | {DoubtKind.TOO_COMPLEX}
"""Doubts about the management plane behind which a filter for the device itself may be hidden; the others are about single services."""


@dataclass(frozen=True, slots=True)
class Received:
    """Packets that a device takes for itself, and the decisions that let them (only when asked for)."""

    packets: int
    links: tuple[Link, ...] = ()


class WholeDevice(DeviceModel):
    """A device with what it sends and takes itself."""

    def transfer(
        self, ingress: str, packets: int, *, detail: Detail = Detail.NOTHING, budget: Budget = UNLIMITED
    ) -> list[Departure]:
        """What leaves when `packets` come in by `ingress`, or (`ITSELF`) are the device's own: see `DeviceModel.transfer`."""
        if ingress == ITSELF:
            return self._originate(packets, detail, budget)
        return super().transfer(ingress, packets, detail=detail, budget=budget)

    def _originate(self, packets: int, detail: Detail, budget: Budget) -> list[Departure]:
        """What leaves of the device's own packets. A doubt about the whole device says nothing of them for sure."""
        pipeline = self.device.pipeline
        self._losses.packets = EMPTY
        unsure = self._mode is not Mode.POSSIBLE and any(one.interfaces is None for one in self._doubts)
        if unsure or Stage.ROUTE not in pipeline:
            self._losses.add(packets)
            return []
        found: list[Departure] = []
        for vrf in sorted({one.vrf for one in self.device.interfaces.values()}):
            own = self._space.intersection(packets, self._sent_from(vrf))
            if own == EMPTY:
                continue
            parts = [replace(self._entering(ITSELF, own, detail), vrf=vrf)]
            for stage in pipeline[pipeline.index(Stage.ROUTE) :]:
                parts = self._own_stage(stage, parts, detail, budget)
            self._lose_in_doubt(parts)
            found.extend(self._departures(parts))
            if self._mode is Mode.POSSIBLE:
                found.extend(self._doubtful(replace(self._entering(ITSELF, own, Detail.NOTHING), vrf=vrf)))
        return found

    def _own_stage(self, stage: Stage, parts: list[Part], detail: Detail, budget: Budget) -> list[Part]:
        if stage is Stage.POLICY or (stage is Stage.EGRESS_FILTER and not self.device.filters_own_packets):
            return parts
        parts = self._stage(stage, ITSELF, parts, detail, budget)
        if stage is not Stage.ROUTE:
            return parts
        filters = self._named(self.device.local_out)
        return [
            new
            for part in parts
            for new in self._past_all(filters, "" if part.choice is None else part.choice.egress, part, detail, budget)
        ]

    def _named(self, names: tuple[str, ...]) -> list[Filter]:
        return [self.device.filters[name] for name in names]

    def _sent_from(self, vrf: str) -> int:
        """Packets with a source that the device has in a VRF: any at all, possibly, where an address is given from outside."""
        if self._mode is Mode.POSSIBLE and self._has_unknown_address(vrf):
            return FULL
        return self._space.guard(Field.SOURCE, self._routing.own_addresses(vrf))

    def _has_unknown_address(self, vrf: str) -> bool:
        """Whether an interface of the VRF has an address that is not in the file."""
        return any(one.enabled and one.dynamic_address and one.vrf == vrf for one in self.device.interfaces.values())

    def received(self, ingress: str, packets: int, *, detail: Detail = Detail.NOTHING) -> list[Received]:
        """What the device takes for itself of packets that come in by `ingress`: addressed to any of its addresses in that VRF.

        They pass what stands before routing and the filters for the device itself, whether or not it forwards. `lost` are those it refuses.
        """
        self._losses.packets = EMPTY
        interface = self.device.interfaces[ingress]
        hidden = [
            one for one in self.device.doubts if one.plane is Plane.MANAGEMENT and one.kind in HIDES_A_LOCAL_FILTER
        ]
        unsure = self._mode is not Mode.POSSIBLE and bool(hidden)
        if not interface.enabled or unsure or self._in_doubt(ingress):
            self._losses.add(packets)
            return []
        own = self._routing.own(interface.vrf)
        if self._mode is Mode.POSSIBLE and self._has_unknown_address(interface.vrf):
            own = FULL
        unfiltered = self._addressed(own, ingress, packets, detail)
        parts = [
            new
            for part in unfiltered
            for new in self._past_all(self._named(self.device.local_in), "", part, detail, UNLIMITED)
        ]
        found = [Received(self._translator.unmark(part.packets), part.links or ()) for part in parts]
        if self._mode is Mode.POSSIBLE:
            found += self._in_spite_of_doubts(ingress, self._space.intersection(packets, own), unfiltered)
            found += [
                Received(self._translator.unmark(part.packets), (self._doubt_link(one, ingress, ""),))
                for one in (hidden if self.device.local_in else ())
                for part in unfiltered
            ]
        return [one for one in found if one.packets != EMPTY]

    def _addressed(self, own: int, ingress: str, packets: int, detail: Detail) -> list[Part]:
        """What is left for the device after everything that stands before routing."""
        parts = [self._entering(ingress, packets, detail)]
        for stage in self.device.pipeline:
            if stage is Stage.ROUTE:
                break
            parts = self._stage(stage, ingress, parts, detail, UNLIMITED)
        hits = ((part, self._space.intersection(part.packets, own)) for part in parts)
        return [part.then(hit) for part, hit in hits if hit != EMPTY]

    def _in_spite_of_doubts(self, ingress: str, untranslated: int, parts: list[Part]) -> list[Received]:
        """What a doubt about traffic could let in: past every filter, translated or not."""
        nodes = [untranslated, *(self._translator.unmark(part.packets) for part in parts)]
        return [
            Received(node, (self._doubt_link(doubt, ingress, ""),))
            for doubt in self._doubts
            if doubt.interfaces is None or ingress in doubt.interfaces
            for node in nodes
        ]
