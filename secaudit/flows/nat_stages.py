"""The two stages of a device that translate addresses and ports, for packet sets."""

from __future__ import annotations

from secaudit.flows.modes import Mode
from secaudit.flows.part import Losses, Part, Passing, unsupported
from secaudit.flows.translation import Translator
from secaudit.network.device import Device
from secaudit.network.intervals import Intervals
from secaudit.network.nat import NatRule, NatStage
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace


class NatStages:
    """The NAT rules of one device for one question."""

    def __init__(self, space: HeaderSpace, device: Device, mode: Mode, losses: Losses) -> None:
        self._space = space
        self._device = device
        self._mode = mode
        self._losses = losses
        self._translator = Translator(space)

    def ingress(self, ingress: str, part: Part) -> list[Part]:
        """What the rules at the interface of entry make of packets."""
        return self._nat(NatStage.INGRESS, ingress, ingress, part)

    def egress(self, ingress: str, part: Part) -> list[Part]:
        """What the rules at the interface of exit make of them, or the line of the policy that let them through."""
        egress = part.egress
        if part.translation is not None:
            own = self._interface_addresses(egress)
            moved = part.then(self._translator.source(part.packets, part.translation, (), own))
            moved.translation = None
            return [moved]
        return self._nat(NatStage.EGRESS, egress, ingress, part)

    def _nat(self, stage: NatStage, interface: str, ingress: str, part: Part) -> list[Part]:
        space = self._space
        remaining = part.packets
        result = []
        unsure: list[Passing] = []
        for rule in self._device.nat_rules:
            if rule.stage is not stage or (rule.interfaces is not None and interface not in rule.interfaces):
                continue
            if rule.from_interfaces is not None and ingress not in rule.from_interfaces:
                continue
            hit = space.intersection(remaining, space.matches(rule.matches))
            if hit == EMPTY:
                continue
            if rule.uncertain is None or self._mode is Mode.POSSIBLE:
                moved = self._translated(rule, hit, interface)
                doubts = unsupported(rule.uncertain, rule.sources)
                acted = part.then(moved, sources=rule.sources, doubts=doubts, rule=rule)
                acted.marked = part.marked or rule.mark != 0
                result.append(acted)
            else:
                self._losses.add(hit)
            # An uncertain rule may also not act; for the other questions nothing sure can be said of its packets.
            if rule.uncertain is None or self._mode is not Mode.POSSIBLE:
                remaining = space.difference(remaining, hit)
            else:
                unsure.append((hit, doubts))
        return [*result, *part.left_alone(space, remaining, unsure)]

    def _translated(self, rule: NatRule, packets: int, interface: str) -> int:
        if rule.destination is not None:
            packets = self._translator.destination(packets, rule.destination, rule.matches)
        if rule.source is not None:
            own = self._interface_addresses(interface)
            packets = self._translator.source(packets, rule.source, rule.matches, own)
        return self._translator.mark(packets, rule.mark)

    def _interface_addresses(self, name: str) -> Intervals:
        """The address that an interface translates to: its first; any at all when it is given by DHCP or PPPoE."""
        interface = self._device.interfaces[name]
        held = [int(a.address.ip) for a in interface.addresses if a.address.version == self._space.family]
        if held:
            return ((held[0], held[0]),)
        return ((0, self._space.address_maximum),) if self._mode is Mode.POSSIBLE else ()
