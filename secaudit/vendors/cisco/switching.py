"""Layer 2 filters (port lists, VLAN maps) and quality-of-service policies: what of them could matter to routed traffic."""

from __future__ import annotations

from collections.abc import Mapping

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.switch_ports import vlan_list
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, Scope, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

_QUALITY = Text(
    ja="QoS（優先制御・帯域制御）の設定で、通信の許可・拒否には影響しません",
    en="quality of service only; permits and denies nothing",
)
_DROPS = Text(
    ja="サービスポリシーが通信を破棄（drop）します。モデル化していません",
    en="a service policy drops traffic; not modelled",
)
_UNDEFINED_POLICY = Text(
    ja="適用されているサービスポリシーが定義されていません", en="the service policy that is applied is not defined"
)
_PORT_FILTER = Text(
    ja="レイヤー2ポートのアクセスリストはモデル化していません（通信をさらに落とすことがあります）",
    en="an access list on a layer 2 port is not modelled (it may drop further traffic)",
)
_VLAN_MAP = Text(
    ja="VLAN アクセスマップはモデル化していません（通信をさらに落とすことがあります）",
    en="VLAN access maps are not modelled (they may drop further traffic)",
)
_VLAN_MAP_DEFINITION = Text(
    ja="VLAN アクセスマップの定義です。適用された VLAN（vlan filter）で判断します",
    en="the definition of a VLAN access map: it is judged where `vlan filter` applies it",
)


def quality_policies(sections: Sections, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """Class and policy maps only shape and mark, unless a class drops."""
    dropping: dict[str, list[Node]] = {}
    defined: set[str] = set()
    for node in sections.of("class map"):
        ledger.ignore(node, _QUALITY)
    for node in sections.of("policy map"):
        ledger.ignore(node, _QUALITY)
        name = node.words[-1]
        defined.add(name)
        drops = [child for child in node.below() if child.keys[0] in ("drop", "service-policy")]
        if drops:
            dropping.setdefault(name, []).extend(drops)
    for facts in interfaces.values():
        for applied in facts.service_policies:
            scope = on_interfaces(facts.name)
            if applied.name not in defined:
                ledger.doubt(DoubtKind.UNDEFINED, _UNDEFINED_POLICY, (applied.source,), scope)
            elif applied.name in dropping:
                lines: Sources = (applied.source, *(child.line for child in dropping[applied.name]))
                ledger.doubt(DoubtKind.UNSUPPORTED, _DROPS, lines, scope)


def bridged_filters(sections: Sections, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """Port lists and VLAN maps: doubts for the routed interfaces of the VLANs that they touch (IO-02)."""
    for facts in interfaces.values():
        sources: Sources = tuple(facts.mac_filters)
        if facts.switched:
            sources = (*sources, *(named.source for named in facts.filters.values()))
        if sources:
            vlans = frozenset((facts.access_vlan,)) if facts.mode == "access" else facts.allowed
            ledger.doubt(DoubtKind.UNSUPPORTED, _PORT_FILTER, sources, _vlan_scope(interfaces, vlans, facts.name))
    for node in sections.of("vlan map"):
        ledger.ignore(node, _VLAN_MAP_DEFINITION)
    for node in sections.of("vlan filter"):
        ledger.use_all(node)
        try:
            if "vlan-list" not in node.keys[:-1]:
                raise NotUnderstoodError("vlan-list is missing")
            listed = "".join(node.words[node.keys.index("vlan-list") + 1 :])
            scope = _vlan_scope(interfaces, vlan_list(listed), None)
        except NotUnderstoodError:
            scope = DEVICE
        ledger.doubt(DoubtKind.UNSUPPORTED, _VLAN_MAP, (node.line,), scope)


def _vlan_scope(interfaces: Mapping[str, InterfaceFacts], vlans: frozenset[int] | None, port: str | None) -> Scope:
    """The routed interfaces of some VLANs (None = all), and the port itself."""
    names = [
        facts.name
        for facts in interfaces.values()
        if facts.kind is InterfaceKind.VLAN and (vlans is None or facts.name[4:] in {str(vlan) for vlan in vlans})
    ]
    return on_interfaces(*names, *(() if port is None else (port,)))
