"""What a switch port does against hosts that should not be there: 802.1X, MAC addresses, DHCP snooping, ARP inspection, BPDU guard.

Read (Catalyst 2950 and ME 3400 guides): the global BPDU guard acts at ports with PortFast only; PortFast at a trunk needs the word `trunk`; its
global form is for ports that are no trunks. From memory, high: 802.1X acts only with `dot1x system-auth-control`, and not where `authentication open` lets
everybody in; snooping and inspection are switched on VLAN by VLAN and act at ports that are not trusted. Where a policy, a template or a guest VLAN decides, nothing is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from secaudit.network.interfaces import PortProtection, SwitchPort
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.port_guards import READ, bpdu_guard, keep, vlan_numbers
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

_UNTOLD = frozenset(PortProtection) - READ
_AUTHENTICATION = frozenset((PortProtection.DOT1X, PortProtection.MAC_AUTHENTICATION))
_FIRST_WORDS = frozenset(
    (
        "dot1x",
        "authentication",
        "access-session",
        "mab",
        "spanning-tree",
        "switchport",
        "ip",
        "source",
        "service-policy",
    )
)
_LINES: dict[tuple[str, ...], str] = {
    ("switchport", "port-security"): "security",
    ("dot1x", "pae", "authenticator"): "authenticator",
    ("dot1x", "pae", "both"): "authenticator",
    ("authentication", "port-control", "auto"): "control",
    ("dot1x", "port-control", "auto"): "old control",
    ("authentication", "open"): "open",
    ("mab",): "mab",
    ("mab", "eap"): "mab",
    ("ip", "dhcp", "snooping", "trust"): "dhcp trust",
    ("ip", "arp", "inspection", "trust"): "arp trust",
    ("spanning-tree", "bpduguard", "enable"): "guard",
    ("spanning-tree", "bpduguard", "disable"): "no guard",
    ("spanning-tree", "bpdufilter", "enable"): "filter",
    ("spanning-tree", "portfast"): "edge",
    ("spanning-tree", "portfast", "edge"): "edge",
    ("spanning-tree", "portfast", "trunk"): "edge trunk",
    ("spanning-tree", "portfast", "edge", "trunk"): "edge trunk",
    ("spanning-tree", "portfast", "disable"): "no edge",
    ("spanning-tree", "portfast", "network"): "no edge",
}
_DECIDED_ELSEWHERE = (
    ("access-session",),
    ("source", "template"),
    ("service-policy", "type", "control"),
    ("authentication", "event"),
    ("dot1x", "guest-vlan"),
    ("dot1x", "auth-fail"),
    ("dot1x", "critical"),
)
_GLOBAL: dict[tuple[str, ...], str] = {
    ("dot1x", "system-auth-control"): "dot1x",
    ("ip", "dhcp", "snooping"): "dhcp",
    ("spanning-tree", "portfast", "bpduguard", "default"): "guard",
    ("spanning-tree", "portfast", "edge", "bpduguard", "default"): "guard",
    ("spanning-tree", "portfast", "bpdufilter", "default"): "filter",
    ("spanning-tree", "portfast", "edge", "bpdufilter", "default"): "filter",
    ("spanning-tree", "portfast", "default"): "edge",
    ("spanning-tree", "portfast", "edge", "default"): "edge",
}
_VLANS: dict[tuple[str, ...], str] = {
    ("ip", "dhcp", "snooping", "vlan"): "dhcp",
    ("ip", "arp", "inspection", "vlan"): "arp",
}


def may_protect(keys: tuple[str, ...]) -> bool:
    """Whether a line of an interface may be one of those that are read here."""
    return keys[1 if keys[0] == "no" and len(keys) > 1 else 0] in _FIRST_WORDS


@dataclass(slots=True)
class PortGuards:
    """What holds for all ports, and from that what protects each."""

    ledger: Ledger
    said: dict[str, SourceLine] = field(default_factory=dict)
    vlans: dict[str, dict[int, SourceLine]] = field(default_factory=lambda: {"dhcp": {}, "arp": {}})
    unclear: set[PortProtection] = field(default_factory=set)
    """Kinds about which a global line was not understood."""

    def read(self, sections: Sections) -> None:
        """The lines that hold for the whole switch."""
        for node in sections.of("port default"):
            off = node.keys[0] == "no"
            keys = node.keys[1:] if off else node.keys
            self.ledger.use_all(node)
            if keys in _GLOBAL:
                keep(self.said, _GLOBAL[keys], node, off)
            elif keys[:4] in _VLANS and len(keys) == 5:
                self._vlans(_VLANS[keys[:4]], keys[4], node, off)
            elif keys[:4] in _VLANS and len(keys) > 5 and keys[5][:1].isdigit():
                self._vlans(_VLANS[keys[:4]], "?", node, off)
        for node in sections.of("irrelevant"):
            if node.keys[:3] == ("no", "spanning-tree", "vlan"):
                self.unclear.add(PortProtection.BPDU_GUARD)

    def _vlans(self, which: str, word: str, node: Node, off: bool) -> None:
        numbers = vlan_numbers(word)
        if numbers is None:
            kinds = {"dhcp": PortProtection.DHCP_SNOOPING, "arp": PortProtection.ARP_INSPECTION}
            self.unclear.add(kinds[which])
            return
        for number in numbers:
            if off:
                self.vlans[which].pop(number, None)
            else:
                self.vlans[which][number] = node.line

    def protected(self, port: SwitchPort, facts: InterfaceFacts) -> SwitchPort:
        """The port with what protects it."""
        said, unknown = self._lines(facts)
        unknown |= self.unclear
        if port.trunk or facts.mode == "private-vlan":
            unknown |= {PortProtection.DHCP_SNOOPING, PortProtection.ARP_INSPECTION}
        held: dict[PortProtection, Sources] = {}
        if "security" in said:
            held[PortProtection.MAC_LIMIT] = (said["security"],)
        unknown |= self._authentication(said, held)
        self._snooping(port, said, held)
        unknown |= bpdu_guard(port, said, self.said, held)
        kept = tuple((kind, held[kind]) for kind in PortProtection if kind in held and kind not in unknown)
        return replace(port, protections=kept, protections_read=READ - unknown, protections_untold=_UNTOLD)

    def _lines(self, facts: InterfaceFacts) -> tuple[dict[str, SourceLine], set[PortProtection]]:
        said: dict[str, SourceLine] = {}
        unknown: set[PortProtection] = set()
        for node in facts.guards:
            off = node.keys[0] == "no"
            keys = node.keys[1:] if off else node.keys
            name = _LINES.get(keys)
            if name is not None:
                keep(said, name, node, off)
                self.ledger.use_all(node)
            elif not off and any(keys[: len(start)] == start for start in _DECIDED_ELSEWHERE):
                unknown |= READ if keys[0] == "source" else _AUTHENTICATION
                self.ledger.use_all(node)
        return said, unknown

    def _authentication(
        self, said: Mapping[str, SourceLine], held: dict[PortProtection, Sources]
    ) -> set[PortProtection]:
        control = said.get("control", said.get("old control"))
        if control is None or "open" in said:
            return set()
        role = said.get("authenticator", said.get("old control"))
        switched_on = self.said.get("dot1x")
        if role is not None and switched_on is not None:
            held[PortProtection.DOT1X] = tuple(dict.fromkeys((control, role, switched_on)))
        if "mab" in said:
            if switched_on is None:
                return {PortProtection.MAC_AUTHENTICATION}  # whether it acts without 802.1X depends on the release
            held[PortProtection.MAC_AUTHENTICATION] = (control, said["mab"], switched_on)
        return set()

    def _snooping(self, port: SwitchPort, said: Mapping[str, SourceLine], held: dict[PortProtection, Sources]) -> None:
        vlan = port.access_vlan or 0
        switched_on, here = self.said.get("dhcp"), self.vlans["dhcp"].get(vlan)
        if switched_on is not None and here is not None and "dhcp trust" not in said:
            held[PortProtection.DHCP_SNOOPING] = (switched_on, here)
        inspected = self.vlans["arp"].get(vlan)
        if inspected is not None and "arp trust" not in said:
            held[PortProtection.ARP_INSPECTION] = (inspected,)
