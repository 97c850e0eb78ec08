"""What devices remember of an opening packet when its reply comes by: sessions and translations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from secaudit.flows.replay_headers import ends, swapped_ends
from secaudit.flows.replay_nat import translated
from secaudit.flows.replay_way import Passage, Way
from secaudit.network.device import Stage
from secaudit.text.bilingual import Text


class Memory:
    """The passages of an opening packet by device; empty for a packet that is no reply."""

    def __init__(self, passages: Iterable[Passage] = ()) -> None:
        self._by_device: dict[str, list[Passage]] = {}
        for passage in passages:
            if passage.untracked:
                continue
            self._by_device.setdefault(passage.device, []).append(passage)

    def has_session(self, way: Way, interface: str) -> bool:
        """Whether the packet is the reply of a session of the filter on `interface`."""
        return any(interface in passage.interfaces for passage in self._passed(way))

    def has_policy_session(self, way: Way, policy: str | None = None) -> bool:
        """Whether the packet is the reply of a session of a policy (None: of any) of the device."""
        return any(passage.policies if policy is None else policy in passage.policies for passage in self._passed(way))

    def has_passed(self, way: Way) -> bool:
        """Whether the packet is the reply of one that the device let through."""
        return any(True for _ in self._passed(way))

    def was_redirected(self, way: Way) -> bool:
        """Whether the packet is the reply of one whose destination the device translated."""
        return any(
            where is Stage.INGRESS_NAT
            and (before.destination, before.destination_port) != (after.destination, after.destination_port)
            for passage in self._passed(way)
            for where, before, after in passage.bindings
        )

    def _passed(self, way: Way) -> Iterator[Passage]:
        back = ends(swapped_ends(way.header.packet))
        for passage in self._by_device.get(way.device, ()):
            if any(ends(form) == back for form in passage.forms):
                yield passage

    def undone(self, way: Way, made_in: Stage, stage: Stage) -> Way | None:
        """The reply with the addresses that its opening packet had before the NAT of stage `made_in`; None if there was none."""
        packet = way.header.packet
        back = ends(swapped_ends(packet))
        for passage in self._by_device.get(way.device, ()):
            for where, before, after in passage.bindings:
                if where is not made_in or ends(after) != back:
                    continue
                old = swapped_ends(before)
                restored = replace(
                    packet,
                    source=old.source,
                    source_port=old.source_port,
                    destination=old.destination,
                    destination_port=old.destination_port,
                )
                header = replace(way.header, packet=restored, source_known=True, destination_known=True)
                label = Text(ja="行きの変換を応答で元に戻す", en="the translation of the opening packet is undone")
                return translated(way, stage, header, label, (), binds=False)
        return None
