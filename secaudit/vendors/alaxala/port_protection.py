"""What a switch port does against hosts that should not be there: 802.1X, MAC addresses, snooping, ARP inspection, BPDU guard, loop detection.

Read: loop detection has to be switched on for the device, and only `send-inact-port` closes a port (AX3660S command reference vol. 1, "loop-detection";
AX3640S configuration guide vol. 2, 20.2.2); BPDU guard acts at ports with PortFast, which a trunk has only with the word `trunk` (AX3660S configuration
guide vol. 1, 27.13.2); `mac-address-table limit` drops frames of more hosts than it permits (AX6000S command reference vol. 1); MAC authentication at a
port, and that `authentication force-authorized` lets everybody in when no server answers (AX3640S configuration guide vol. 2, 5.5.2). From memory, high:
authentication acts only with `system-auth-control`; snooping acts in listed VLANs, and inspection rests on it. Where two of these
meet in a way that is not confirmed, nothing is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from secaudit.network.interfaces import PortProtection, SwitchPort
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.alaxala.facts import InterfaceFacts
from secaudit.vendors.alaxala.switch_ports import vlan_list
from secaudit.vendors.alaxala.vocabulary import interface_name
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

_READ = frozenset(PortProtection)
_AUTHENTICATION = frozenset((PortProtection.DOT1X, PortProtection.MAC_AUTHENTICATION))
_SNOOPING = frozenset((PortProtection.DHCP_SNOOPING, PortProtection.ARP_INSPECTION))
_Held = dict[PortProtection, Sources]
_Lines = Mapping[tuple[str, ...], SourceLine]

_AT_PORTS = frozenset(
    ("dot1x", "mac-authentication", "authentication", "ip", "spanning-tree", "loop-detection", "mac-address-table")
)
_GLOBAL = frozenset((*_AT_PORTS, "switchport-security"))
_PORT_LINES: frozenset[tuple[str, ...]] = frozenset(
    (
        ("dot1x", "port-control", "auto"),
        ("dot1x", "port-control", "force-authorized"),
        ("dot1x", "port-control", "force-unauthorized"),
        ("mac-authentication", "port"),
        ("ip", "dhcp", "snooping", "trust"),
        ("ip", "arp", "inspection", "trust"),
        ("spanning-tree", "portfast"),
        ("spanning-tree", "portfast", "trunk"),
        ("spanning-tree", "portfast", "disable"),
        ("spanning-tree", "bpduguard", "enable"),
        ("spanning-tree", "bpduguard", "disable"),
        ("spanning-tree", "bpdufilter", "enable"),
        ("loop-detection", "send-inact-port"),
        ("loop-detection", "send-port"),
        ("loop-detection", "uplink-port"),
        ("loop-detection", "exception-port"),
    )
)
"""Lines of a port that say whether it is protected."""
_GUARDING = frozenset((("spanning-tree", "portfast"), ("spanning-tree", "bpduguard"), ("spanning-tree", "bpdufilter")))
_DEVICE_LINES: frozenset[tuple[str, ...]] = frozenset(
    (
        ("dot1x", "system-auth-control"),
        ("mac-authentication", "system-auth-control"),
        ("ip", "dhcp", "snooping"),
        ("spanning-tree", "disable"),
        ("spanning-tree", "portfast", "default"),
        ("spanning-tree", "portfast", "bpduguard", "default"),
        ("loop-detection", "enable"),
    )
)
_VLANS: Mapping[tuple[str, ...], PortProtection] = {
    ("ip", "dhcp", "snooping", "vlan"): PortProtection.DHCP_SNOOPING,
    ("ip", "arp", "inspection", "vlan"): PortProtection.ARP_INSPECTION,
}
_MOST_LISTS = 64
"""How many lines with lists of VLANs are read; a device prints one of each kind."""
_AUTHENTICATORS = frozenset(("dot1x", "mac-authentication"))
_OLD_FORMS = frozenset((("interface",), ("vlan",)))
"""`dot1x vlan ...`, `mac-authentication interface ...`: which ports they concern is not read."""
_TABLE_DETAILS = frozenset((("aging-time",), ("static",)))
"""Lines about the table of MAC addresses that limit nothing."""


def may_protect(keys: Sequence[str]) -> bool:
    """Whether a line of an interface may be one of those that are read here."""
    return keys[1 if keys[0] == "no" and len(keys) > 1 else 0] in _AT_PORTS


@dataclass(slots=True)
class PortGuards:
    """What holds for the whole switch, and from that what protects each port."""

    ledger: Ledger
    said: dict[tuple[str, ...], SourceLine] = field(default_factory=dict)
    vlans: dict[PortProtection, dict[int, SourceLine]] = field(default_factory=lambda: {kind: {} for kind in _SNOOPING})
    limits: dict[str, SourceLine] = field(default_factory=dict)
    unclear: set[PortProtection] = field(default_factory=set)
    """Kinds about which a line for the whole switch was not understood."""
    _lists: int = 0

    def read(self, sections: Sections) -> None:
        """The lines for the whole switch."""
        for node in sections.of("irrelevant"):
            off = node.keys[0] == "no" and len(node.keys) > 1
            keys = node.keys[1:] if off else node.keys
            if keys[0] in _GLOBAL:
                self._line(keys, off, node)

    def _line(self, keys: tuple[str, ...], off: bool, node: Node) -> None:
        if keys in _DEVICE_LINES:
            self.ledger.use_all(node)
            _set(self.said, keys, node.line, off)
        elif keys[:4] in _VLANS:
            self.ledger.use_all(node)
            self._listed(_VLANS[keys[:4]], keys[4:], off, node)
        elif keys[:2] == ("mac-address-table", "limit") and keys[2:3] == ("interface",):
            self.ledger.use_all(node)
            self._limit(node, off)
        elif keys[:2] == ("spanning-tree", "vlan") and off:
            self.unclear.add(PortProtection.BPDU_GUARD)  # in some VLAN the protocol does not run
        elif keys[0] in ("mac-address-table", "switchport-security"):
            if keys[1:2] not in _TABLE_DETAILS:
                self.unclear.add(PortProtection.MAC_LIMIT)
        elif "force-authorized" in keys or (keys[0] in _AUTHENTICATORS and keys[1:2] in _OLD_FORMS):
            self.unclear |= _AUTHENTICATION

    def _listed(self, kind: PortProtection, words: Sequence[str], off: bool, node: Node) -> None:
        try:
            numbers = vlan_list("".join(words)) if len(words) == 1 else None
        except NotUnderstoodError:
            numbers = None
        self._lists += 1
        if numbers is None or self._lists > _MOST_LISTS:
            self.unclear.add(kind)
            return
        held = self.vlans[kind]
        for number in numbers:
            if off:
                held.pop(number, None)
            else:
                held[number] = node.line

    def _limit(self, node: Node, off: bool) -> None:
        """`mac-address-table limit interface gigabitethernet 1/1 maximum 20 [threshold 16]`."""
        start = 4 if off else 3
        try:
            name, taken = interface_name(node.words[start:])
        except NotUnderstoodError:
            self.unclear.add(PortProtection.MAC_LIMIT)
            return
        rest = node.keys[start + taken :]
        if off:
            self.limits.pop(name, None)
        elif rest[:1] == ("maximum",) and len(rest) > 1 and rest[1].isdecimal():
            self.limits[name] = node.line
        else:
            self.unclear.add(PortProtection.MAC_LIMIT)

    def protected(self, port: SwitchPort, facts: InterfaceFacts, group: SwitchPort | None) -> SwitchPort:
        """The port with what protects it: of a member of a port channel what protects the channel, which frames belong to.

        A channel that is not in the file may be anything.
        """
        if facts.member_of is not None:
            self._use(facts)
            held_by = SwitchPort() if group is None else group
            return replace(
                port,
                protections=held_by.protections,
                protections_read=held_by.protections_read,
                protections_untold=held_by.protections_untold,
            )
        lines: dict[tuple[str, ...], SourceLine] = {}
        unknown = set(self.unclear)
        for node in facts.guards:
            off = node.keys[0] == "no"
            keys = node.keys[1:] if off else node.keys
            if keys in _PORT_LINES:
                self.ledger.use_all(node)
                _set(lines, keys, node.line, off)
            elif keys[0] == "mac-address-table":
                unknown.add(PortProtection.MAC_LIMIT)
            elif "force-authorized" in keys:
                unknown |= _AUTHENTICATION
            elif keys[:2] in _GUARDING:
                unknown.add(PortProtection.BPDU_GUARD)
        held: _Held = {}
        self._authentication(lines, held)
        unknown |= self._snooping(port, facts, lines, held)
        unknown |= self._guard(facts, lines, held)
        self._loops(lines, held)
        if facts.name in self.limits:
            held[PortProtection.MAC_LIMIT] = (self.limits[facts.name],)
        kept = tuple((kind, held[kind]) for kind in PortProtection if kind in held and kind not in unknown)
        return replace(port, protections=kept, protections_read=_READ - unknown)

    def _use(self, facts: InterfaceFacts) -> None:
        for node in facts.guards:
            if (node.keys[1:] if node.keys[0] == "no" else node.keys) in _PORT_LINES:
                self.ledger.use_all(node)

    def _authentication(self, lines: _Lines, held: _Held) -> None:
        for line, kind, switch in (
            (("dot1x", "port-control", "auto"), PortProtection.DOT1X, ("dot1x", "system-auth-control")),
            (
                ("mac-authentication", "port"),
                PortProtection.MAC_AUTHENTICATION,
                ("mac-authentication", "system-auth-control"),
            ),
        ):
            if line in lines and switch in self.said:
                held[kind] = (lines[line], self.said[switch])

    def _snooping(
        self, port: SwitchPort, facts: InterfaceFacts, lines: _Lines, held: _Held
    ) -> frozenset[PortProtection]:
        """Only of a port with one VLAN; inspection without snooping in the same VLAN is not told."""
        switch = self.said.get(("ip", "dhcp", "snooping"))
        if port.trunk or port.negotiated or facts.unread:
            return _SNOOPING if switch is not None else frozenset()
        vlan = port.access_vlan or 0
        snooped = self.vlans[PortProtection.DHCP_SNOOPING].get(vlan)
        inspected = self.vlans[PortProtection.ARP_INSPECTION].get(vlan)
        trusted = ("ip", "dhcp", "snooping", "trust") in lines
        if switch is not None and snooped is not None and not trusted:
            held[PortProtection.DHCP_SNOOPING] = (switch, snooped)
        if inspected is None or ("ip", "arp", "inspection", "trust") in lines:
            return frozenset()
        if switch is None or snooped is None or trusted:
            return frozenset((PortProtection.ARP_INSPECTION,))
        held[PortProtection.ARP_INSPECTION] = (inspected, switch)
        return frozenset()

    def _guard(self, facts: InterfaceFacts, lines: _Lines, held: _Held) -> frozenset[PortProtection]:
        own = lines.get(("spanning-tree", "bpduguard", "enable"))
        off = ("spanning-tree", "bpduguard", "disable") in lines
        usual = None if off else self.said.get(("spanning-tree", "portfast", "bpduguard", "default"))
        guard = own or usual
        if guard is None:
            return frozenset()
        unclear = frozenset((PortProtection.BPDU_GUARD,))
        stopped = ("spanning-tree", "disable") in self.said
        if stopped or (own is not None and off) or ("spanning-tree", "bpdufilter", "enable") in lines:
            return unclear
        edge = self._edge(facts, lines)
        if edge is not None:
            held[PortProtection.BPDU_GUARD] = (guard, edge)
            return frozenset()
        told = own is not None or (("spanning-tree", "portfast", "trunk") in lines and facts.mode != "trunk")
        return unclear if told or facts.unread else frozenset()

    def _edge(self, facts: InterfaceFacts, lines: _Lines) -> SourceLine | None:
        """The line that gives the port PortFast."""
        if ("spanning-tree", "portfast", "disable") in lines:
            return None
        if facts.mode == "trunk":
            return lines.get(("spanning-tree", "portfast", "trunk"))
        return lines.get(("spanning-tree", "portfast"), self.said.get(("spanning-tree", "portfast", "default")))

    def _loops(self, lines: _Lines, held: _Held) -> None:
        switch = self.said.get(("loop-detection", "enable"))
        closing = lines.get(("loop-detection", "send-inact-port"))
        if switch is not None and closing is not None:
            held[PortProtection.LOOP_DETECTION] = (closing, switch)


def _set(lines: dict[tuple[str, ...], SourceLine], keys: tuple[str, ...], line: SourceLine, off: bool) -> None:
    """Notes a line, or takes it back; of `loop-detection WORD` and `dot1x port-control WORD` the last word counts."""
    if off:
        lines.pop(keys, None)
        return
    if keys[0] == "loop-detection" and keys[1] != "enable":
        for other in [one for one in lines if one[0] == "loop-detection" and one[1] != "enable"]:
            del lines[other]
    elif keys[:2] == ("dot1x", "port-control"):
        for other in [one for one in lines if one[:2] == ("dot1x", "port-control")]:
            del lines[other]
    lines[keys] = line
