"""The routing stage of a device, for packet sets: policy routes, the table of each VRF, and routes that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.flows.forwarding import Choice, ForwardingTable
from secaudit.flows.modes import Mode
from secaudit.flows.next_hops import Found, NextHops
from secaudit.flows.part import Losses, Part, Passing, unsupported
from secaudit.flows.topology import Topology
from secaudit.network.device import Device, Doubt, DoubtKind
from secaudit.network.intervals import Intervals, normalise, of_network
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


class RoutingStage:
    """The routes of one device for one question. Tables are kept, so asking again is cheap."""

    def __init__(self, space: HeaderSpace, topology: Topology, device: Device, mode: Mode, losses: Losses) -> None:
        self._space = space
        self._topology = topology
        self._device = device
        self._mode = mode
        self._losses = losses
        self._tables: dict[str, NextHops] = {}
        self._own: dict[str, int] = {}

    def own(self, vrf: str) -> int:
        """Packets to the device's own addresses in a VRF."""
        node = self._own.get(vrf)
        if node is None:
            node = self._space.guard(Field.DESTINATION, self.own_addresses(vrf))
            self._own[vrf] = node
        return node

    def own_addresses(self, vrf: str) -> Intervals:
        """The device's own addresses in a VRF."""
        held = self._topology.own_addresses(self._device.name, vrf)
        return normalise((int(one), int(one)) for one in held if one.version == self._space.family)

    def _table(self, vrf: str) -> NextHops:
        found = self._tables.get(vrf)
        if found is None:
            table = ForwardingTable(self._topology, self._device, vrf, self._space.family)
            found = self._tables[vrf] = NextHops(self._space, table, self._mode)
        return found

    def route(self, ingress: str, part: Part) -> list[Part]:
        """Packets by their next hop; those for the device itself go no further."""
        space = self._space
        vrf = self.vrf(part)
        remaining = space.difference(part.packets, self.own(vrf))
        result: list[Part] = []
        unsure: list[Passing] = []
        for rule in self._device.policy_routes:
            if rule.vrf != vrf or (rule.ingress is not None and ingress not in rule.ingress):
                continue
            hit = space.intersection(remaining, space.matches(rule.matches))
            if hit == EMPTY:
                continue
            if rule.uncertain is not None and self._mode is not Mode.POSSIBLE:
                remaining = space.difference(remaining, hit)
                self._losses.add(hit)
                continue
            doubts = unsupported(rule.uncertain, rule.sources)
            chosen = part.then(hit, sources=rule.sources, doubts=doubts, policy_route=rule)
            absent = EMPTY
            if rule.next_hops:
                found, absent = self._table(vrf).by_hops(rule.next_hops, hit)
                result.extend(self._chosen(chosen, found))
            else:
                result.extend(self.by_table(vrf, chosen))
            if rule.uncertain is None:
                remaining = space.union(space.difference(remaining, hit), absent)
            else:
                unsure.append((hit, doubts))
        for one in part.left_alone(space, remaining, unsure):
            result.extend(self.by_table(vrf, one))
        return result

    def vrf(self, part: Part) -> str:
        """The VRF in whose table packets are looked up."""
        return self._device.interfaces[part.ingress].vrf if part.vrf is None else part.vrf

    def by_table(self, vrf: str, part: Part) -> list[Part]:
        """Packets by the next hops that the table has for them, policy routes apart."""
        found, absent = self._table(vrf).by_table(part.packets, explain=part.links is not None)
        self._losses.add(absent)
        result = self._chosen(part, found)
        if self._mode is Mode.POSSIBLE:
            result.extend(self._dynamic(vrf, part))
        return result

    def _chosen(self, part: Part, found: Found) -> list[Part]:
        result = []
        for choice, packets in found:
            if choice.discard:
                self._losses.add(packets)
            elif packets != EMPTY:
                result.append(part.then(packets, choice=choice, sources=choice.sources))
        return result

    def _dynamic(self, vrf: str, part: Part) -> list[Part]:
        """Unknown routes may send what is not connected out of any interface by which they may lead."""
        space = self._space
        result: list[Part] = []
        running = [one for one in self._device.dynamic_routing if one.concerns(vrf, space.family)]
        if not running:
            return result
        everywhere = space.difference(part.packets, self._table(vrf).connected)
        for protocol in running:
            unknown = everywhere
            if protocol.destinations is not None:
                unknown = space.intersection(
                    unknown, space.guard(Field.DESTINATION, (of_network(protocol.destinations),))
                )
            for interface in self._device.interfaces.values():
                if not interface.enabled or interface.vrf != vrf:
                    continue
                if protocol.interfaces is None or interface.name in protocol.interfaces:
                    choice = Choice(interface.name, None, protocol.sources, anywhere=True)
                    reason = protocol.reason or _learnt(protocol.protocol)
                    doubt = Doubt(DoubtKind.UNSUPPORTED, reason, protocol.sources)
                    result.append(part.then(unknown, choice=choice, sources=protocol.sources, doubts=(doubt,)))
        return [one for one in result if one.packets != EMPTY]

    def discarded(self, ingress: str, packets: int) -> Iterator[tuple[tuple[SourceLine, ...], int]]:
        """The lines of the routes that discard some of the packets, and these packets."""
        space = self._space
        vrf = self._device.interfaces[ingress].vrf
        left = space.difference(packets, self.own(vrf))
        for rule in self._device.policy_routes:
            if rule.vrf == vrf and (rule.ingress is None or ingress in rule.ingress):
                hit = space.intersection(left, space.matches(rule.matches))
                for choice, node in self._table(vrf).by_hops(rule.next_hops, hit)[0]:
                    if choice.discard and not choice.unsure and node != EMPTY:
                        yield rule.sources + choice.sources, node
        for choice, node in self._table(vrf).by_table(left, explain=True)[0]:
            if choice.discard and not choice.unsure and node != EMPTY:
                yield choice.sources, node


def _learnt(protocol: str) -> Text:
    return Text(
        ja=f"経路制御プロトコル {protocol} が学習する経路は、設定ファイルからは判断できない。",
        en=f"the routes that {protocol} learns cannot be told from the configuration",
    )
