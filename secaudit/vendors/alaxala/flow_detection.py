"""Which kinds of access lists a device searches: `flow detection mode` and `flow detection out mode` (AX-14, AX-18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.alaxala.access_lists import ADVANCE, IP
from secaudit.vendors.alaxala.vocabulary import FlowModes, defaults, flow_modes
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node

_NO_MODE = Text(
    ja="フロー検出モードの行がなく、既定のモードでこの種類のリストが動作するかを確認できません",
    en="there is no line about the flow detection mode, and whether this kind of list is searched by default is not confirmed",
)


@dataclass(frozen=True, slots=True)
class _Mode:
    name: str
    sources: Sources


@dataclass(frozen=True, slots=True)
class FlowDetection:
    """The modes of one device; None where no line states one. `printed`: the file has a header that the device writes."""

    model: str
    printed: bool
    incoming: _Mode | None
    outgoing: _Mode | None

    def stated(self, direction: str) -> str | None:
        """The mode that a line states."""
        mode = self.incoming if direction == "in" else self.outgoing
        return None if mode is None else mode.name

    def sources(self, direction: str) -> Sources:
        """The line that states it."""
        mode = self.incoming if direction == "in" else self.outgoing
        return () if mode is None else mode.sources

    @property
    def mac_lists_skip_routed(self) -> bool:
        """Whether MAC lists are searched for bridged frames only (AX8300S configuration guide vol. 2, 10.1.5)."""
        return self.model.startswith(flow_modes().without_modes)

    def why_not(self, kind: str, direction: str, on_vlan: bool) -> Text | None:
        """Why it is not sure that lists of a kind are searched on a port, or on a VLAN; None when they are.

        An IPv4 list for incoming packets without a line about the mode is searched: the vendor's own example configurations of AX2530S and
        AX3660S have such lists and no such line (ansible-guidebook). A device does not take a list that its mode does not have (all lists
        have to go before the mode is changed: AX3640S and AX3660S configuration guides), but people who type a file do: on a VLAN that
        counts only in a file that a device has printed.
        """
        modes = flow_modes()
        if kind != ADVANCE and self.model.startswith(modes.without_modes):
            return None
        name = self.stated(direction) or self._default(direction)
        if not name:
            usual = kind == IP and direction == "in" and (self.printed or not on_vlan)
            return None if usual else _NO_MODE
        kinds = self._kinds(modes, name, direction)
        if kinds is not None and (kind in kinds or (not on_vlan and f"{kind} ethernet" in kinds)):
            return None
        return Text(
            ja=f"フロー検出モード {name} でこの種類のリストが動作することを確認できないため、何も廃棄されないことがあります",
            en=f"it is not confirmed that the flow detection mode {name} searches lists of this kind: it may be that nothing is discarded",
        )

    def _default(self, direction: str) -> str:
        usual = defaults(self.model)
        return usual.flow_mode if direction == "in" else usual.flow_out_mode

    def _kinds(self, modes: FlowModes, name: str, direction: str) -> frozenset[str] | None:
        for model, differing in modes.differing.items():
            if self.model.startswith(model) and name in differing:
                return differing[name]
        return (modes.incoming if direction == "in" else modes.outgoing).get(name)


def read_modes(
    incoming: Sequence[Node], outgoing: Sequence[Node], model: str, printed: bool, ledger: Ledger
) -> FlowDetection:
    """The last line of each; `no flow detection mode` is not printed by a device and stays unread."""
    found: list[_Mode | None] = []
    for nodes, at in ((incoming, 3), (outgoing, 4)):
        mode = None
        for node in nodes:
            if len(node.keys) != at + 1 or node.children:
                ledger.leave(node)
                continue
            ledger.use(node)
            mode = _Mode(node.keys[at], (node.line,))
        found.append(mode)
    return FlowDetection(model, printed, *found)
