"""What a switch port does against hosts that should not be there: 802.1X, MAC addresses, DHCP snooping, ARP inspection, BPDU guard.

Sources: Nexus 9000 Security Configuration Guide ("Configuring 802.1X": member ports of a channel have it, the channel has not), Nexus 7000 Security Configuration
Guide 4.1 ("Configuring DHCP Snooping": VLAN by VLAN), Layer 2 guides ("Configuring STP Extensions": the global BPDU guard acts at edge ports, and a
trunk is one only with the word `trunk`). From memory, high: each needs its feature; ports of fabric extenders guard against BPDUs without a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceKind, PortProtection, SwitchPort
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.port_guards import READ, bpdu_guard, keep, vlan_numbers
from secaudit.vendors.cisco_nxos.features import Features
from secaudit.vendors.cisco_nxos.sections import Sections
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node

_OF_EXTENDER = re.compile(r"Ethernet1\d\d/")
_UNTOLD = frozenset(PortProtection) - READ
_MAY_PROTECT = frozenset(
    (
        ("switchport", "port-security"),
        ("ip", "dhcp"),
        ("ip", "arp"),
        ("spanning-tree", "port"),
        ("spanning-tree", "bpduguard"),
        ("spanning-tree", "bpdufilter"),
        ("dot1x", "port-control"),
        ("dot1x", "mac-auth-bypass"),
    )
)
_LINES: dict[tuple[str, ...], str] = {
    ("switchport", "port-security"): "security",
    ("dot1x", "port-control", "auto"): "control",
    ("dot1x", "mac-auth-bypass"): "mac",
    ("dot1x", "mac-auth-bypass", "eap"): "mac",
    ("ip", "dhcp", "snooping", "trust"): "dhcp trust",
    ("ip", "arp", "inspection", "trust"): "arp trust",
    ("spanning-tree", "bpduguard", "enable"): "guard",
    ("spanning-tree", "bpduguard", "disable"): "no guard",
    ("spanning-tree", "bpdufilter", "enable"): "filter",
    ("spanning-tree", "port", "type", "edge"): "edge",
    ("spanning-tree", "port", "type", "edge", "trunk"): "edge trunk",
    ("spanning-tree", "port", "type", "normal"): "no edge",
    ("spanning-tree", "port", "type", "network"): "no edge",
}
_GLOBAL: dict[tuple[str, ...], str] = {
    ("dot1x", "system-auth-control"): "dot1x",
    ("ip", "dhcp", "snooping"): "dhcp",
    ("spanning-tree", "port", "type", "edge", "bpduguard", "default"): "guard",
    ("spanning-tree", "port", "type", "edge", "bpdufilter", "default"): "filter",
    ("spanning-tree", "port", "type", "edge", "default"): "edge",
}
_VLANS: dict[tuple[str, ...], PortProtection] = {
    ("ip", "dhcp", "snooping", "vlan"): PortProtection.DHCP_SNOOPING,
    ("ip", "arp", "inspection", "vlan"): PortProtection.ARP_INSPECTION,
}


def may_protect(keys: tuple[str, ...]) -> bool:
    """Whether a line of an interface may be one of those that are read here."""
    start = 1 if keys[0] == "no" else 0
    return keys[start : start + 2] in _MAY_PROTECT or keys[0] == "inherit"


@dataclass(slots=True)
class PortGuards:
    """What holds for all ports, and from that what protects each."""

    ledger: Ledger
    features: Features
    said: dict[str, SourceLine] = field(default_factory=dict)
    vlans: dict[PortProtection, dict[int, SourceLine]] = field(
        default_factory=lambda: {kind: {} for kind in _VLANS.values()}
    )
    unclear: set[PortProtection] = field(default_factory=set)
    """Kinds about which a global line was not understood."""
    _dot1x_off: bool = False
    _cut_off: bool = False
    _loops_said: bool = False

    def read(self, sections: Sections) -> None:
        """The lines that hold for the whole switch. What is lacking in a part of a file may stand in the other one."""
        self._cut_off = any(one.kind is DoubtKind.TRUNCATED for one in self.ledger.doubts)
        for node in sections.of("irrelevant"):
            off = node.keys[0] == "no"
            keys = node.keys[1:] if off else node.keys
            if keys in _GLOBAL:
                self.ledger.use_all(node)
                keep(self.said, _GLOBAL[keys], node, off)
                self._dot1x_off = off if keys[0] == "dot1x" else self._dot1x_off
            elif keys[:4] in _VLANS and len(keys) > 4:
                self.ledger.use_all(node)
                self._of_vlans(_VLANS[keys[:4]], keys[4:], node, off)
            elif off and keys[:2] == ("spanning-tree", "vlan"):
                self.unclear.add(PortProtection.BPDU_GUARD)
            elif "loop-detection" in keys:
                self._loops_said = True

    def _of_vlans(self, kind: PortProtection, words: tuple[str, ...], node: Node, off: bool) -> None:
        numbers = vlan_numbers(words[0]) if len(words) == 1 else None
        if numbers is None:
            self.unclear.add(kind)
            return
        for number in numbers:
            if off:
                self.vlans[kind].pop(number, None)
            else:
                self.vlans[kind][number] = node.line

    def protected(self, port: SwitchPort, facts: InterfaceFacts) -> SwitchPort:
        """The port with what protects it."""
        said, unknown = self._lines(facts)
        unknown |= self.unclear
        if port.trunk or facts.mode == "private-vlan":
            unknown |= set(_VLANS.values())
        held: dict[PortProtection, Sources] = {}
        unknown |= self._authentication(said, held)
        unknown |= self._snooping(port, said, held)
        unknown |= bpdu_guard(port, said, self.said, held)
        if facts.kind is InterfaceKind.AGGREGATE or facts.member_of is not None or self._cut_off:
            unknown |= READ - held.keys()  # the channel and its members have some from each other
        if _OF_EXTENDER.match(facts.name) and PortProtection.BPDU_GUARD not in held:
            unknown.add(PortProtection.BPDU_GUARD)
        kept = tuple((kind, held[kind]) for kind in PortProtection if kind in held and kind not in unknown)
        untold = frozenset() if self._loops_said else _UNTOLD
        return replace(port, protections=kept, protections_read=READ - unknown, protections_untold=untold)

    def _lines(self, facts: InterfaceFacts) -> tuple[dict[str, SourceLine], set[PortProtection]]:
        said: dict[str, SourceLine] = {}
        unknown: set[PortProtection] = set()
        for node in facts.guards:
            off = node.keys[0] == "no"
            name = _LINES.get(node.keys[1:] if off else node.keys)
            if name is not None:
                keep(said, name, node, off)
                self.ledger.use_all(node)
            elif node.keys[0] == "inherit" or node.line.number in self.ledger.unread:
                unknown |= READ
        return said, unknown

    def _with_feature(self, name: str) -> Sources:
        line = self.features.line(name)
        return (line,) if line is not None and self.features.on(name) else ()

    def _authentication(
        self, said: Mapping[str, SourceLine], held: dict[PortProtection, Sources]
    ) -> set[PortProtection]:
        """What acts only with a feature is not told where the file does not switch it on."""
        unknown: set[PortProtection] = set()
        kinds: list[tuple[PortProtection, str, tuple[str, ...]]] = [
            (PortProtection.MAC_LIMIT, "port-security", ("security",))
        ]
        if "control" in said and not self._dot1x_off:
            kinds.append((PortProtection.DOT1X, "dot1x", ("control",)))
            if "mac" in said:
                kinds.append((PortProtection.MAC_AUTHENTICATION, "dot1x", ("control", "mac")))
        for kind, feature, names in kinds:
            if not all(name in said for name in names):
                continue
            switched_on = self._with_feature(feature)
            if switched_on:
                held[kind] = (*(said[name] for name in names), *switched_on)
            else:
                unknown.add(kind)
        return unknown

    def _snooping(
        self, port: SwitchPort, said: Mapping[str, SourceLine], held: dict[PortProtection, Sources]
    ) -> set[PortProtection]:
        feature, switched_on = self._with_feature("dhcp"), self.said.get("dhcp")
        unknown: set[PortProtection] = set()
        for kind, trust in ((PortProtection.DHCP_SNOOPING, "dhcp trust"), (PortProtection.ARP_INSPECTION, "arp trust")):
            here = self.vlans[kind].get(port.access_vlan or 0)
            if here is None or trust in said or (kind is PortProtection.DHCP_SNOOPING and switched_on is None):
                continue
            if feature:
                snooping = (switched_on,) if kind is PortProtection.DHCP_SNOOPING and switched_on is not None else ()
                held[kind] = (*snooping, here, *feature)
            else:
                unknown.add(kind)
        return unknown
