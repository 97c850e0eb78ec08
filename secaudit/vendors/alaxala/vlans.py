"""`vlan` blocks and ports whose untagged frames are in several VLANs: what of them could matter to routed traffic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.alaxala.facts import InterfaceFacts
from secaudit.vendors.alaxala.switch_ports import vlan_list
from secaudit.vendors.alaxala.vocabulary import irrelevance
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, Scope, on_interfaces
from secaudit.vendors.common.lines import Node

_BY_FRAME = Text(
    ja="MAC VLAN・プロトコル VLAN のポートで、タグなしフレームがどの VLAN に属するかは送信元 MAC アドレスやプロトコルしだいです",
    en="on a MAC or protocol port the VLAN of an untagged frame depends on its source MAC address or protocol",
)
_BASED = {"mac-vlan": "mac-based", "protocol-vlan": "protocol-based"}
_VXLAN = Text(
    ja="VXLAN により VLAN が離れた装置まで延長されています。延長された先はモデル化していません",
    en="VXLAN extends the VLAN to other devices; what is there is not modelled",
)


def read_vlans(nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """`vlan N` / `vlan N mac-based` / `vlan 10-20` and their settings.

    A host on a MAC port may be put into a MAC VLAN when it is authenticated. That the port names that VLAN is not confirmed for every model, so
    every MAC VLAN of the device counts; so does every protocol VLAN on a protocol port.
    """
    extended: dict[int, SourceLine] = {}
    based: dict[str, frozenset[int]] = {}
    for node in nodes:
        try:
            vlans = vlan_list(node.words[1] if len(node.words) > 1 else "")
            if len(node.keys) > 3 or not set(node.keys[2:]) <= {"mac-based", "protocol-based"}:
                raise NotUnderstoodError("not a VLAN")
        except NotUnderstoodError:
            ledger.leave(node)
            continue
        ledger.use(node)
        for kind in node.keys[2:]:
            based[kind] = based.get(kind, frozenset()) | vlans
        for child in node.children:
            known = irrelevance().reason("vlan", child.keys)
            if child.keys[0] == "vxlan-vni":
                ledger.use_all(child)
                extended.update(dict.fromkeys(vlans, child.line))
            elif child.keys[0] in ("name", "exit", "protocol", "mac-address") or child.keys == ("state", "active"):
                ledger.use_all(child)
            elif known is not None:
                ledger.ignore(child, known[1])
            else:
                ledger.leave(child, _scope(interfaces, vlans))
    for facts in interfaces.values():
        facts.by_frame |= based.get(_BASED.get(facts.mode, ""), frozenset())
    tunnels = [facts for facts in interfaces.values() if facts.name.startswith("vxlan ") and facts.enabled]
    if tunnels and not extended:
        # Which VLANs it carries is told somewhere else.
        ledger.doubt(DoubtKind.UNSUPPORTED, _VXLAN, tuple(facts.sources[0] for facts in tunnels))
    if extended:
        lines = tuple(dict.fromkeys(extended.values()))
        ledger.doubt(DoubtKind.UNSUPPORTED, _VXLAN, lines, _scope(interfaces, extended))


def doubtful_ports(interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """MAC and protocol ports: their hosts may be in any of several VLANs."""
    for facts in interfaces.values():
        if facts.enabled and facts.mode in ("mac-vlan", "protocol-vlan") and facts.by_frame - {facts.native_vlan}:
            scope = _scope(interfaces, facts.by_frame | {facts.native_vlan}, facts.name)
            ledger.doubt(DoubtKind.UNSUPPORTED, _BY_FRAME, tuple(facts.layer2), scope)


def _scope(interfaces: Mapping[str, InterfaceFacts], vlans: Iterable[int], *ports: str) -> Scope:
    """The routed interfaces of some VLANs, and ports. A device without any of them is concerned as a whole."""
    wanted = frozenset(vlans)
    names = [facts.name for facts in interfaces.values() if facts.vlan in wanted and facts.kind is InterfaceKind.VLAN]
    found = (*names, *ports)
    return on_interfaces(*found) if found else DEVICE
