"""What a switch port does against hosts that should not be there: 802.1X, MAC addresses, DHCP snooping, ARP inspection, BPDU guard.

Read (CLI reference, "authenticator", "dhcp-security", "interface-mac-limit", "bpdu-block", "bpdu-block-on-edge"): 802.1X needs an access profile;
`mac-radius restrict` leaves MAC addresses alone; snooping is switched on VLAN by VLAN, and trunks are trusted unless told otherwise; blocking on edge
ports needs `edge`. From memory, high: the older form below `ethernet-switching-options` says the same. A limit of MAC addresses without an action
that drops, VLANs for guests, and names that mean a range of ports are not told; loops are not looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from secaudit.network.interfaces import PortProtection, SwitchPort
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.interfaces import Ports, unit_name
from secaudit.vendors.juniper_srx.tree import Statement, join

_READ = frozenset(PortProtection) - {PortProtection.LOOP_DETECTION}
_AUTHENTICATION = (PortProtection.DOT1X, PortProtection.MAC_AUTHENTICATION)
_DECIDED_ELSEWHERE = ("guest-vlan", "server-reject-vlan", "server-fail", "captive-portal", "authentication-order")
_DROPPING = frozenset(("drop", "drop-and-log", "shutdown"))
_TREES = ("rstp", "mstp", "vstp")
_ALL = "all"
_AGGREGATES = ("ae", "reth")
_OWN = (
    ("protocols", "dot1x"),
    ("protocols", "layer2-control", "bpdu-block"),
    ("switch-options", "interface"),
    ("ethernet-switching-options", "secure-access-port"),
    ("ethernet-switching-options", "bpdu-block"),
)
"""What is read here, whole, where the device has switch ports."""


@dataclass(slots=True)
class _Found:
    """What was found, by port or VLAN; `_ALL` is every one that has nothing of its own."""

    ports: dict[PortProtection, dict[str, Sources | None]] = field(default_factory=dict)
    """None: something is said, and what it comes to is not told."""
    unclear: set[PortProtection] = field(default_factory=set)
    untold: frozenset[PortProtection] = frozenset()

    def say(self, kind: PortProtection, name: str, sources: Sources | None) -> None:
        """What holds at one port, at all of them, or at a range of them that is not known."""
        if name != _ALL and "/" not in name and name.rstrip("0123456789.") not in _AGGREGATES:
            self.unclear.add(kind)
        else:
            self.ports.setdefault(kind, {})[name if name == _ALL else unit_name(name)] = sources


def protect_ports(scope: Scope, ports: Ports) -> None:
    """Tells every switch port what protects it."""
    names = [name for name, one in ports.interfaces.items() if one.switch_port is not None]
    if not names:
        return
    for path in _OWN:
        section = scope.root.get(*path)
        if section is not None:
            section.use_all()
    loops = scope.root.get("protocols", "loop-detect")  # what it does to a port is not read
    found = _Found(untold=frozenset(PortProtection) - _READ if loops is None else frozenset())
    _authentication(scope, found)
    _limits(scope, found)
    _guards(scope, found)
    vlans = dict(_snooping(scope, ports))
    trusted = _trusted(scope)
    for name in names:
        port = ports.interfaces[name].switch_port
        if port is not None:
            ports.replace(name, switch_port=_protected(port, name, found, vlans, trusted))


def _protected(
    port: SwitchPort, name: str, found: _Found, vlans: dict[int, _OfVlan], trusted: dict[str, Sources]
) -> SwitchPort:
    held: dict[PortProtection, Sources] = {}
    unknown = set(found.unclear)
    for kind, said in found.ports.items():
        sources = said[name] if name in said else said.get(_ALL, ())
        if sources is None:
            unknown.add(kind)
        elif sources:
            held[kind] = sources
    if port.trunk:
        unknown |= {PortProtection.DHCP_SNOOPING, PortProtection.ARP_INSPECTION}
    elif name not in trusted:
        of_vlan = vlans.get(port.access_vlan or 0) or vlans.get(0)
        if of_vlan is not None:
            held[PortProtection.DHCP_SNOOPING] = of_vlan.snooping
            if of_vlan.inspection:
                held[PortProtection.ARP_INSPECTION] = of_vlan.inspection
    kept = tuple((kind, held[kind]) for kind in PortProtection if kind in held and kind not in unknown)
    return replace(port, protections=kept, protections_read=_READ - unknown, protections_untold=found.untold)


def _authentication(scope: Scope, found: _Found) -> None:
    """`protocols dot1x authenticator authentication-profile-name P` and `interface I ...`."""
    section = scope.section("protocols", "dot1x", "authenticator")
    profile = section.value("authentication-profile-name")
    defined = scope.root.get("access", "profile", profile) if profile else None
    by = () if defined is None else join(section.children["authentication-profile-name"].sources(), defined.sources())
    for one in section.below("interface"):
        if "disable" in one.children:
            continue
        unclear = defined is None or any(word in one.children for word in _DECIDED_ELSEWHERE)
        lines = join(one.sources(), by)
        by_address = one.get("mac-radius")
        alone = by_address is not None and "restrict" in by_address.children
        if not alone:
            found.say(PortProtection.DOT1X, one.word, None if unclear else lines)
        if by_address is not None:
            found.say(PortProtection.MAC_AUTHENTICATION, one.word, None if unclear else lines)
    if "static" in section.children:
        found.unclear.update(_AUTHENTICATION)  # listed addresses come in without it


def _limits(scope: Scope, found: _Found) -> None:
    """`switch-options interface I interface-mac-limit N packet-action A`, `secure-access-port interface I mac-limit N action A` or `allowed-mac`."""
    kind = PortProtection.MAC_LIMIT
    for one in scope.section("switch-options").below("interface"):
        limit = one.get("interface-mac-limit")
        if limit is not None:
            found.say(kind, one.word, one.sources() if _drops(limit, "packet-action") else None)
    for one in scope.section("ethernet-switching-options", "secure-access-port").below("interface"):
        limit = one.get("mac-limit")
        if "allowed-mac" in one.children or limit is not None:
            sure = "allowed-mac" in one.children or (limit is not None and _drops(limit, "action"))
            found.say(kind, one.word, one.sources() if sure else None)


def _drops(limit: Statement, word: str) -> bool:
    actions = [node for node in limit.walk() if node.word == word]
    return bool(actions) and all(child.word in _DROPPING for action in actions for child in action)


def _guards(scope: Scope, found: _Found) -> None:
    """`bpdu-block interface I`, or `bpdu-block-on-edge` with `interface I edge`."""
    kind = PortProtection.BPDU_GUARD
    for name in _TREES:
        tree = scope.section("protocols", name)
        blocked = tree.get("bpdu-block-on-edge")
        if blocked is None or "disable" in tree.children:
            continue
        blocked.use_all()
        for one in tree.below("interface"):
            if "edge" in one.children and "disable" not in one.children:
                one.use_all()
                found.say(kind, one.word, join(blocked.sources(), one.sources()))
        if "vlan" in tree.children or "msti" in tree.children:
            found.unclear.add(kind)
    for path in (("protocols", "layer2-control", "bpdu-block"), ("ethernet-switching-options", "bpdu-block")):
        for one in scope.section(*path).below("interface"):
            found.say(kind, one.word, None if "disable" in one.children else one.sources())


@dataclass(frozen=True, slots=True)
class _OfVlan:
    snooping: Sources
    inspection: Sources


def _snooping(scope: Scope, ports: Ports) -> Iterator[tuple[int, _OfVlan]]:
    """`vlans V forwarding-options dhcp-security [arp-inspection]`, `secure-access-port vlan V|all examine-dhcp [arp-inspection]`; 0 is every VLAN."""
    for vlan in scope.section("vlans"):
        security = vlan.get("forwarding-options", "dhcp-security")
        if security is not None and vlan.word in ports.vlans:
            security.use_all()
            inspection = security.get("arp-inspection")
            own = _OfVlan(security.sources(), () if inspection is None else inspection.sources())
            for tag in ports.vlans[vlan.word].tags:
                yield tag, own
    for vlan in scope.section("ethernet-switching-options", "secure-access-port").below("vlan"):
        snooping = vlan.get("examine-dhcp")
        inspection = vlan.get("arp-inspection")
        if snooping is None:
            continue
        own = _OfVlan(snooping.sources(), () if inspection is None else inspection.sources())
        known = ports.vlans.get(vlan.word)
        tags = (0,) if vlan.word == _ALL else () if known is None else tuple(known.tags)
        for tag in tags:
            yield tag, own


def _trusted(scope: Scope) -> dict[str, Sources]:
    """Ports whose servers are believed."""
    found: dict[str, Sources] = {}
    for vlan in scope.section("vlans"):
        for group in vlan.below("forwarding-options", "dhcp-security", "group"):
            if group.get("overrides", "trusted") is not None:
                found.update({unit_name(one.word): one.sources() for one in group.below("interface")})
    for one in scope.section("ethernet-switching-options", "secure-access-port").below("interface"):
        if "dhcp-trusted" in one.children:
            found[unit_name(one.word)] = one.sources()
    return found
