"""What bears on ports from outside of their blocks: VLANs, VLAN access maps, lists of the whole switch, QoS policies (AL-03, AL-15)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action
from secaudit.network.interfaces import InterfaceKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.awplus.access_lists import AccessLists
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.awplus.port_filters import PortRules
from secaudit.vendors.awplus.switch_ports import vlan_list
from secaudit.vendors.common.ledger import DEVICE, MANAGEMENT, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.words import whole_number

_QUALITY = Text(
    ja="QoS（優先制御・帯域制御）の設定で、通信の許可・拒否には影響しません",
    en="quality of service only; permits and denies nothing",
)
_NEXT_HOP = Text(
    ja="ポリシーマップが転送先（next-hop）を変えます。モデル化していません",
    en="a policy map changes the next hop; not modelled",
)
_UNUSED_MAP = Text(
    ja="VLAN アクセスマップが vlan filter で適用されていません", en="no `vlan filter` applies this VLAN access map"
)
_BRIDGED = Text(
    ja="ブリッジでつながるインターフェース間の通信はモデル化していません",
    en="what passes between the interfaces of a bridge is not modelled",
)
_TOO_MANY_FILTERS = Text(ja="vlan filter が多すぎて計算できません", en="too many VLAN filters to compute what they do")
_MOST_WORK = 200_000
"""VLANs times lists of their access maps, for one device."""


def read_vlan_database(nodes: list[Node], ledger: Ledger) -> dict[int, list[SourceLine]]:
    """`vlan database` / ` vlan 10,22 state enable`: the VLANs that exist, with their lines. VLAN 1 always does.

    A VLAN that is disabled here carries nothing; that is not relied on. Lines that are not known could join VLANs.
    """
    found: dict[int, list[SourceLine]] = {}
    for node in nodes:
        ledger.use(node)
        for child in node.children:
            try:
                if child.keys[0] == "no" or child.keys[0] != "vlan":
                    raise NotUnderstoodError("not a VLAN")
                rest = child.keys[2:]
                if rest[:1] not in ((), ("name",), ("state",), ("mtu",)):
                    raise NotUnderstoodError(rest[0])
                for vlan in vlan_list(child.words[1]):
                    found.setdefault(vlan, []).append(child.line)
            except (NotUnderstoodError, IndexError):
                if child.keys[0] == "private-vlan":
                    ledger.use_all(child)  # its ports are put into the primary VLAN
                elif child.keys[0] == "exit":
                    ledger.use_all(child)
                else:
                    ledger.leave(child, DEVICE)
                continue
            ledger.use_all(child)
    return found


def missing_vlans(
    database: Mapping[int, list[SourceLine]], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> None:
    """A VLAN interface can be in the text although its VLAN does not exist: then it is down (AL-03, medium: told, not relied on)."""
    for facts in interfaces.values():
        if facts.kind is InterfaceKind.VLAN and facts.vlan not in (None, 1) and facts.vlan not in database:
            text = Text(
                ja=f"{facts.name} のVLANが vlan database にないため、このインターフェースは働かないと考えられます",
                en=f"the VLAN of {facts.name} is not in the VLAN database: the interface is probably down",
            )
            ledger.notice(NoticeKind.INACTIVE, text, (facts.sources[0],))


def port_rules(sections: Sections, lists: AccessLists, ledger: Ledger) -> PortRules:
    """Everything that is applied outside of the interfaces."""
    everywhere: list[tuple[str, SourceLine]] = []
    for node in sections.of("global list"):
        names = [word for word in node.words if word.lower() not in ("access-group", "ip", "mac", "in")]
        if len(names) == 1 and not node.children:
            ledger.use(node)
            everywhere.append((names[0], node.line))
        else:
            ledger.leave(node, DEVICE)
    return PortRules(tuple(everywhere), _vlan_filters(sections, ledger), _dropping(sections, lists, ledger))


def _vlan_filters(sections: Sections, ledger: Ledger) -> dict[int, list[tuple[str, SourceLine]]]:
    maps: dict[str, list[tuple[str, SourceLine]]] = {}
    definitions: dict[str, SourceLine] = {}
    for node in sections.of("vlan map"):
        if len(node.words) != 3:
            ledger.leave(node, DEVICE)
            continue
        held = maps.setdefault(node.words[2], [])
        definitions.setdefault(node.words[2], node.line)
        ledger.use(node)
        for child in node.children:
            if child.keys[:2] == ("match", "access-group") and len(child.words) == 3 and not child.children:
                held.append((child.words[2], child.line))
                ledger.use(child)
            elif child.keys == ("exit",):
                ledger.use(child)
            else:
                ledger.leave(child, DEVICE)
    result: dict[int, list[tuple[str, SourceLine]]] = defaultdict(list)
    used: set[str] = set()
    work = 0
    for node in sections.of("vlan filter"):
        keys = node.keys
        listed = "".join(word for word in node.words[4:] if word.lower() != "input")
        try:
            if len(keys) < 5 or keys[3] != "vlan-list" or node.children:
                raise NotUnderstoodError("vlan-list is missing")
            vlans = vlan_list(listed)
        except NotUnderstoodError:
            ledger.leave(node, DEVICE)
            continue
        ledger.use(node)
        used.add(node.words[2])
        mapped = maps.get(node.words[2])
        work += len(vlans) * len(mapped or ())
        if work > _MOST_WORK:
            ledger.doubt(DoubtKind.TOO_COMPLEX, _TOO_MANY_FILTERS, (node.line,))
            continue
        if mapped is None:
            text = Text(
                ja=f"VLAN アクセスマップ {node.words[2]} は適用されていますが定義がないため、すべて通過します",
                en=f"VLAN access map {node.words[2]} is applied but not defined: everything passes",
            )
            ledger.notice(NoticeKind.UNDEFINED_FILTER, text, (node.line,))
            continue
        for vlan in vlans:
            result[vlan] += mapped
    for name, line in definitions.items():
        if name not in used:
            ledger.notice(NoticeKind.UNUSED_FILTER, _UNUSED_MAP, (line,))
    return result


def _dropping(sections: Sections, lists: AccessLists, ledger: Ledger) -> frozenset[str]:
    """The policy maps that may drop: by the action of a list in one of their classes, by their default, or by a word not known here."""
    denying: set[str] = set()
    defined: set[str] = set()
    harmless = {one.name for one in lists.all() if all(line.action is Action.PERMIT for line in one.lines)}
    for node in sections.of("class map"):
        ledger.ignore(node, _QUALITY)
        names = node.words[1:]
        for child in node.children:
            if child.keys[0] not in ("match", "no", "description", "exit"):
                denying.update(names)  # it may name a list that denies
            if child.keys[:2] == ("match", "access-group"):
                found = [one for family in (4, 6) if (one := lists.hardware(child.words[-1], family)) is not None]
                if not found or any(one.name not in harmless for one in found):
                    denying.update(names)
    dropping: set[str] = set()
    for node in sections.of("policy map"):
        ledger.ignore(node, _QUALITY)
        name = node.words[-1]
        defined.add(name)
        hops = [child for child in node.below() if "next-hop" in child.keys]
        if hops:
            ledger.doubt(DoubtKind.UNSUPPORTED, _NEXT_HOP, tuple(child.line for child in hops))
        for child in node.below():
            drops = child.keys[0] in ("drop", "default-action", "deny") and "permit" not in child.keys
            if drops or (child.keys[0] == "class" and child.words[-1] in denying):
                dropping.add(name)
    named = {
        child.words[-1]
        for node in sections.of("interface")
        for child in node.children
        if child.keys[0] == "service-policy"
    }
    return frozenset(dropping | (named - defined))


def bridges(sections: Sections, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """Two interfaces in one bridge: frames pass between them whatever the routing says, so everything is in doubt."""
    for node in sections.of("bridge"):
        try:
            whole_number(node.words[1], 0, 4095)
            ledger.use(node)
            for child in node.children:
                ledger.leave(child, DEVICE)
        except (NotUnderstoodError, IndexError):
            ledger.leave(node, DEVICE)
    members: dict[str, list[SourceLine]] = defaultdict(list)
    for facts in interfaces.values():
        if facts.bridge is not None and facts.member_of is not None and facts.enabled:
            members[facts.member_of].append(facts.bridge)
    for lines in members.values():
        if len(lines) > 1:
            ledger.doubt(DoubtKind.UNSUPPORTED, _BRIDGED, tuple(lines))


def read_amf(nodes: list[Node], ledger: Ledger) -> None:
    """`atmf ...`: in an AMF network other nodes manage this device; who they are is not in its file (C.6)."""
    named = [node for node in nodes if node.keys[:2] == ("atmf", "network-name")]
    for node in nodes:
        ledger.use_all(node)
    if named:
        ledger.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja="AMF（atmf）に参加しています。AMFマスターや他のノードからこの機器を管理できますが、その範囲はこの設定からは分かりません",
                en="the device is in an AMF network: its master and other nodes can manage it, and who they are is not in this file",
            ),
            tuple(node.line for node in nodes),
            MANAGEMENT,
        )
