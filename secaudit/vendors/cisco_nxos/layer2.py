"""What is a switch port, and what VLAN lines say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.interfaces import InterfaceKind
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.switch_ports import vlan_list
from secaudit.vendors.cisco_nxos.features import Features
from secaudit.vendors.cisco_nxos.vocabulary import MANAGEMENT_INTERFACE, irrelevance
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node

_INACTIVE = Text(
    ja="レイヤー2ポートに適用された ip access-group は働きません（ポートには ip port access-group を使います）",
    en="`ip access-group` does nothing on a layer 2 port (ports use `ip port access-group`)",
)
_NO_PORT = Text(
    ja="ポートのアクセスリストは、レイヤー2ポートでないインターフェースでは働きません",
    en="a port access list does nothing on an interface that is no layer 2 port",
)
_EXTENDED = Text(
    ja="この VLAN は VXLAN で別の拠点へ延伸されることがあります。延伸先との通信はモデル化していません",
    en="by VXLAN this VLAN may be extended to other places; that traffic is not modelled",
)


def settle_ports(
    interfaces: Mapping[str, InterfaceFacts], default_nodes: Sequence[Node], ledger: Ledger
) -> frozenset[str]:
    """The names of the layer 2 ports. A port that says nothing counts as one, unless `no system default switchport` says otherwise.

    A port without `switchport mode` is an access port: NX-OS does not negotiate. Source: Interfaces Configuration Guide.
    """
    whole = [node for node in default_nodes if node.keys[-1] == "switchport"]  # not `... switchport shutdown`
    routed_default = bool(whole) and whole[-1].keys[0] == "no"
    for node in default_nodes:
        ledger.use_all(node)
    found = set()
    for facts in interfaces.values():
        could = facts.kind in (InterfaceKind.PHYSICAL, InterfaceKind.AGGREGATE) and facts.parent is None
        if not could or facts.name == MANAGEMENT_INTERFACE or facts.routed or (routed_default and not facts.switched):
            facts.switched = False
            if facts.mac_filters:
                ledger.notice(NoticeKind.INACTIVE, _NO_PORT, tuple(facts.mac_filters))
                facts.mac_filters.clear()
            continue
        facts.switched = True
        facts.mode = facts.mode or "access"
        found.add(facts.name)
        if facts.filters:
            ledger.notice(NoticeKind.INACTIVE, _INACTIVE, tuple(named.source for named in facts.filters.values()))
            facts.filters.clear()
    return frozenset(found)


def read_vlans(nodes: Sequence[Node], ledger: Ledger) -> None:
    """`vlan LIST` blocks: a VLAN of VXLAN reaches other places; what is unknown could separate ports of the VLAN."""
    for node in nodes:
        try:
            vlans = [f"Vlan{vlan}" for vlan in sorted(vlan_list("".join(node.words[1:])))]
        except NotUnderstoodError:
            ledger.leave(node)
            continue
        ledger.use(node)
        for child in node.children:
            known = irrelevance().reason("vlan", child.keys)
            if known is not None:
                ledger.ignore(child, known[1])
            elif child.keys[0] == "vn-segment":
                ledger.use_all(child)
                ledger.doubt(DoubtKind.UNSUPPORTED, _EXTENDED, (node.line, child.line), on_interfaces(*vlans))
            else:
                ledger.leave(child, on_interfaces(*vlans))


def check_vlan_interfaces(interfaces: Mapping[str, InterfaceFacts], features: Features, ledger: Ledger) -> None:
    """VLAN interfaces need a feature.

    One that says neither `shutdown` nor `no shutdown` is taken as up, which is the most that it could be.
    """
    for facts in interfaces.values():
        if not facts.name.startswith("Vlan") or not (facts.addresses or facts.ipv6 or facts.unnumbered):
            continue
        features.need_on("interface-vlan", facts.sources[0], facts.name)
