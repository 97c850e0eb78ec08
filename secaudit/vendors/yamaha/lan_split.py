"""What the LAN split and VLAN groups do to interfaces (command reference 4.50, 38.2, 38.3; YA-11)."""

from __future__ import annotations

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.interfaces import InterfaceKind
from secaudit.text.bilingual import Text
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, InterfaceDraft, Tightening
from secaudit.vendors.yamaha.interconnect import Pairs, allowed_pairs
from secaudit.vendors.yamaha.models import has_interconnect_groups, hub_of_vlan

_INTERCONNECT = Text(
    ja="VLAN相互接続グループにより、同じLANのVLAN間の通信が禁止されることがあります",
    en="a VLAN interconnect group may keep VLANs of the same LAN apart",
)


def settle_lan_split(draft: Draft, model: str, version: str) -> None:
    """Moves the settings of a divided LAN to its first part, and tells of parts that do not exist."""
    split: dict[str, list[InterfaceDraft]] = {}
    for interface in list(draft.interfaces.values()):
        lan = _owner(interface, model)
        if lan is not None:
            split.setdefault(lan, []).append(interface)
            interface.parent = lan
    for lan, parts in split.items():
        if lan in draft.divided:
            _inherit(draft, lan, parts)
        else:
            _without_effect(draft, lan, parts)
    sure = has_interconnect_groups(model, version)
    for key, command in draft.settings.items():
        word, _, lan = key.partition(" ")
        if word == "interconnect":
            _interconnect(draft, lan, command, sure)


def _owner(interface: InterfaceDraft, model: str) -> str | None:
    """The LAN that an interface would be a part of: `lan1` for `lan1.3`; for a `vlanN` without a mapping by its number (38.2)."""
    if "." in interface.name:
        return interface.name.partition(".")[0]
    if interface.kind is InterfaceKind.VLAN and "/" not in interface.name:
        return interface.parent or hub_of_vlan(int(interface.name[4:]), model)
    return None


def _inherit(draft: Draft, lan: str, parts: list[InterfaceDraft]) -> None:
    """Settings on `lan1` go over to `lan1.1` or `vlan1` (4.50); for another LAN the reference does not say."""
    base = draft.interfaces.get(lan)
    if base is None:
        return
    if lan != "lan1":
        if base.addresses or base.lists or base.nat:
            text = Text(
                ja=f"{lan} はLAN分割されていますが、{lan} 自身への設定がどの分割インタフェースに引き継がれるか資料にありません",
                en=f"{lan} is divided, and which part takes over the settings of {lan} itself is not documented",
            )
            names = frozenset((lan, *(part.name for part in parts)))
            draft.doubt(DoubtKind.UNSUPPORTED, text, tuple(base.sources), names)
        return
    first = "lan1.1" if any("." in part.name for part in parts) else "vlan1"
    heir = draft.interface(first)
    heir.parent = lan
    heir.addresses = base.addresses | heir.addresses
    heir.dynamic = base.dynamic | heir.dynamic if not heir.addresses else heir.dynamic
    heir.lists = base.lists | heir.lists
    heir.set_names = base.set_names | heir.set_names
    heir.inbound = base.inbound | heir.inbound
    heir.nat = heir.nat or base.nat
    heir.default_route_by_dhcp = base.default_route_by_dhcp and heir.default_route_by_dhcp
    heir.advertises = heir.advertises or base.advertises
    heir.advertised = heir.advertised or base.advertised
    heir.peer_routes = base.peer_routes | heir.peer_routes
    heir.tightening = base.tightening + heir.tightening
    heir.description = heir.description or base.description
    heir.sources = [*base.sources, *heir.sources]
    heir.enabled = base.enabled if heir.enabled is None else heir.enabled
    del draft.interfaces[lan]
    draft.hand_over(lan, first)


def _without_effect(draft: Draft, lan: str, parts: list[InterfaceDraft]) -> None:
    """Without `divide-network` the ports of the hub are one segment, whatever is mapped (38.2)."""
    names = ", ".join(part.name for part in parts)
    sources = tuple(line for part in parts for line in part.sources)
    notice = Text(
        ja=f"{lan} に port-based-option=divide-network がないため、{names} の設定は働きません",
        en=f"{lan} has no port-based-option=divide-network, so the settings of {names} have no effect",
    )
    draft.note(NoticeKind.INACTIVE, notice, sources)
    doubt = Text(
        ja=f"{lan} がLAN分割されていないため、{names} は {lan} と同じセグメントのままです",
        en=f"{lan} is not divided, so {names} and {lan} are one segment",
    )
    draft.doubt(DoubtKind.UNSUPPORTED, doubt, sources, frozenset((lan, *(part.name for part in parts))))


def _interconnect(draft: Draft, lan: str, command: Command, sure: bool) -> None:
    """Keeps the parts of one LAN apart, behind their outgoing filters (38.3).

    Exactly so only where model and revision are known to have it; elsewhere, and for groups that are not understood, the deny is uncertain.
    """
    members = [item for item in draft.interfaces.values() if item.name == lan or item.parent == lan]
    names = frozenset(item.name for item in members)
    pairs = allowed_pairs(command.words[4:], names)
    for item in members:
        apart = names if pairs is None else _apart(item.name, names, pairs)
        if apart - {item.name}:
            item.tightening.append(
                Tightening("out", _INTERCONNECT, command.line, apart, sure=sure and pairs is not None)
            )


def _apart(name: str, names: frozenset[str], pairs: Pairs) -> frozenset[str]:
    """The parts from which nothing may go out by this one."""
    return frozenset(other for other in names if other != name and frozenset((name, other)) not in pairs)
