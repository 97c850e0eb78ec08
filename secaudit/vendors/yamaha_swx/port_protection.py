"""What a switch port does against hosts that should not be there: authentication, listed MAC addresses, BPDU guard, loop detection.

Read: `port-security enable` lets only hosts through whose MAC addresses are listed (technical reference SWX2310P, "Port security functions"); 802.1X and MAC
authentication need `aaa authentication dot1x|auth-mac` for the switch as well (examples for SWX2310); loop detection is switched on for the switch
and by port, and blocking is a setting of its own (SWX2310P, "Loop detection"). From memory, high: the words of its commands, and `spanning-tree
bpdu-guard enable`, which needs no edge port and is off by default. The defaults of loop detection differ by model and were not read, so it is told
only where lines say all of it. The contents of the references (SWX3220, SWR2310) have no DHCP snooping and no inspection of ARP; where a line has such words
all the same, nothing is told. Nor is it where hosts without authentication get into a guest VLAN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from secaudit.network.interfaces import PortProtection, SwitchPort
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.yamaha_swx.interfaces import InterfaceFacts

_READ = frozenset(PortProtection)
_AUTHENTICATION = frozenset((PortProtection.DOT1X, PortProtection.MAC_AUTHENTICATION))
_Lines = Mapping[tuple[str, ...], SourceLine]
_SWITCHED = frozenset(
    (
        ("auth-mac",),
        ("port-security",),
        ("spanning-tree",),
        ("spanning-tree", "bpdu-guard"),
        ("spanning-tree", "bpdu-filter"),
        ("loop-detect",),
        ("loop-detect", "blocking"),
    )
)
"""What lines of a port switch on and off (`enable`, `disable`)."""
_SNOOPING: Mapping[tuple[str, ...], PortProtection] = {
    ("dhcp-snooping",): PortProtection.DHCP_SNOOPING,
    ("ip", "dhcp", "snooping"): PortProtection.DHCP_SNOOPING,
    ("ip", "arp"): PortProtection.ARP_INSPECTION,
    ("arp", "security"): PortProtection.ARP_INSPECTION,
}
_AUTHENTICATED: Mapping[tuple[str, ...], tuple[PortProtection, tuple[str, ...]]] = {
    ("dot1x", "port-control", "auto"): (PortProtection.DOT1X, ("aaa", "authentication", "dot1x")),
    ("auth-mac", "enable"): (PortProtection.MAC_AUTHENTICATION, ("aaa", "authentication", "auth-mac")),
}
_CLASHING = ("dot1x", "port-control")
_STATES = frozenset(("enable", "disable"))


class PortGuards:
    """The lines for the whole switch, and from those what protects each port."""

    def __init__(self, sections: Sections, ledger: Ledger) -> None:
        self._ledger = ledger
        self._said: dict[tuple[str, ...], SourceLine] = {}
        self._unclear: set[PortProtection] = set()
        for node in (*sections.of("irrelevant"), *sections.of("switched off")):
            self._line(node)

    def _line(self, node: Node) -> None:
        off = node.keys[0] == "no"
        keys = node.keys[1:] if off else node.keys
        if keys[:3] in (("aaa", "authentication", "dot1x"), ("aaa", "authentication", "auth-mac")):
            self._ledger.use_all(node)
            _set(self._said, keys[:3], node.line, off)
        elif keys in (("loop-detect", "enable"), ("loop-detect", "disable"), ("spanning-tree", "shutdown")):
            self._ledger.use_all(node)
            _set(self._said, keys, node.line, off)
        elif not off:
            self._unclear |= _snooping(keys)

    def protected(self, port: SwitchPort, facts: InterfaceFacts, group: SwitchPort | None) -> SwitchPort:
        """The port with what protects it: of a member of a link aggregation against loops what protects that, otherwise what either has.

        An aggregation that is not in the file may have anything.
        """
        lines: dict[tuple[str, ...], SourceLine] = {}
        unknown = set(self._unclear)
        for node in facts.guards:
            off = node.keys[0] == "no"
            keys = node.keys[1:] if off else node.keys
            if off and keys == ("spanning-tree",):
                off, keys = False, ("spanning-tree", "disable")
            if _is_read(keys):
                self._ledger.use_all(node)
                _set(lines, keys, node.line, off)
            elif not off:
                unknown |= _AUTHENTICATION if "guest-vlan" in keys else _snooping(keys)
        held: dict[PortProtection, Sources] = {}
        untold: frozenset[PortProtection] = frozenset()
        for start, (kind, switch) in _AUTHENTICATED.items():
            if start in lines and switch in self._said:
                held[kind] = (lines[start], self._said[switch])
        secured = lines.get(("port-security", "enable"))
        if secured is not None:
            held[PortProtection.MAC_LIMIT] = (secured,)
        if facts.member_of is None:
            unknown |= self._guard(lines, held)
            untold = self._loops(lines, held)
        elif group is None:
            unknown |= _READ - set(held)
        else:
            for kind, sources in group.protections:
                held.setdefault(kind, sources)
            untold = group.protections_untold - set(held)
            unknown |= _READ - group.protections_read - untold - set(held)
        kept = tuple((kind, held[kind]) for kind in PortProtection if kind in held and kind not in unknown)
        read = _READ - unknown - untold
        return replace(port, protections=kept, protections_read=read, protections_untold=untold - unknown)

    def _guard(self, lines: _Lines, held: dict[PortProtection, Sources]) -> frozenset[PortProtection]:
        guard = lines.get(("spanning-tree", "bpdu-guard", "enable"))
        if guard is None:
            return frozenset()
        stopped = ("spanning-tree", "shutdown") in self._said or ("spanning-tree", "disable") in lines
        if stopped or ("spanning-tree", "bpdu-filter", "enable") in lines:
            return frozenset((PortProtection.BPDU_GUARD,))
        held[PortProtection.BPDU_GUARD] = (guard,)
        return frozenset()

    def _loops(self, lines: _Lines, held: dict[PortProtection, Sources]) -> frozenset[PortProtection]:
        """Off where a line says so; on where the switch, the port and its blocking are switched on by lines; else no line tells."""
        switch = self._said.get(("loop-detect", "enable"))
        off = ("loop-detect", "disable")
        if switch is None and off in self._said:
            return frozenset()
        if off in lines or ("loop-detect", "blocking", "disable") in lines:
            return frozenset()
        here, blocking = lines.get(("loop-detect", "enable")), lines.get(("loop-detect", "blocking", "enable"))
        if switch is None or here is None or blocking is None:
            return frozenset((PortProtection.LOOP_DETECTION,))
        held[PortProtection.LOOP_DETECTION] = (here, blocking, switch)
        return frozenset()


def _is_read(keys: tuple[str, ...]) -> bool:
    return (keys[-1] in _STATES and keys[:-1] in _SWITCHED) or (keys[:2] == _CLASHING and len(keys) == 3)


def _snooping(keys: Sequence[str]) -> frozenset[PortProtection]:
    return frozenset(kind for start, kind in _SNOOPING.items() if tuple(keys[: len(start)]) == start)


def _set(lines: dict[tuple[str, ...], SourceLine], keys: tuple[str, ...], line: SourceLine, off: bool) -> None:
    """Notes a line; one that says the contrary (`enable` and `disable`, another port control) takes the place of an earlier one."""
    start = keys[:-1] if keys[-1] in _STATES or keys[:2] == _CLASHING else keys
    for other in [one for one in lines if one[: len(start)] == start and len(one) == len(keys)]:
        del lines[other]
    if not off:
        lines[keys] = line
    elif keys[-1] == "enable":
        lines[(*start, "disable")] = line
