"""Sorting the top-level lines of a configuration by what reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.text.bilingual import Text
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.sections import Sections, SectionTable
from secaudit.vendors.nec_ix.vocabulary import irrelevance

_SHOW_HEADER = Text(ja="表示コマンドの見出しです", en="a heading of the show command")
_BARE_HEADERS = frozenset(("enable-config", "svintr-config", "configure", "end", "enable"))

# Leading words to the section that reads the line; the longest match wins, also against the irrelevant lines.
_SECTIONS: dict[tuple[str, ...], str] = {
    tuple(start.split()): section
    for start, section in (
        ("exit", "structure"),
        ("hostname", "hostname"),
        ("interface", "interface"),
        ("ip access-list", "list"),
        ("ipv6 access-list", "list"),
        ("no ip access-list", "list"),
        ("no ipv6 access-list", "list"),
        ("ip route", "route"),
        ("ipv6 route", "route"),
        ("ip nat pool", "nat pool"),
        ("route-map", "route map"),
        ("router", "router"),
        ("ip router", "router"),
        ("ipv6 router", "router"),
        ("watch-group", "watch group"),
        ("ipsec autokey-map", "ipsec map"),
        ("ipsec dynamic-map", "ipsec map"),
        ("device", "device"),
        ("bridge irb enable", "structure"),
        ("ipv6 dhcp client-profile", "prefix client"),
        ("username", "username"),
        ("telnet-server", "server"),
        ("ssh-server", "server"),
        ("http-server", "server"),
        ("tftp-server", "server"),
        ("snmp-agent", "snmp"),
        ("snmpv3", "snmp"),
        ("syslog ip host", "syslog"),
        ("syslog ipv6 host", "syslog"),
        ("logging subsystem", "logging"),
        ("ntp server", "ntp"),
        ("ntp ipv6 server", "ntp"),
        ("sntp server", "ntp"),
        ("ip name-server", "dns"),
        ("ipv6 name-server", "dns"),
        ("dns host", "structure"),
        ("proxy-dns server", "dns"),
        ("proxy-dns ipv6 server", "dns"),
        ("nm ip enable", "netmeister"),
        ("nm ipv6 enable", "netmeister"),
    )
}
_BLOCKS = tuple(
    tuple(start.split())
    for start in (
        "interface", "device", "route-map", "router", "ip router", "ipv6 router", "watch-group", "ppp profile", "ip dhcp profile",
        "ipv6 dhcp", "class-map", "policy-map", "ikev2", "ike", "ipsec", "pki", "l2tp", "proxy-dns", "dns", "ip dhcp", "qos", "ddns",
        "nm", "web-console", "ip access-list", "ipv6 access-list", "ip route", "ipv6 route",
    )
)  # fmt: skip
"""What may have lines below it; entries and routes refuse such lines themselves."""
_NEVER_BELOW = frozenset(
    tuple(start.split())
    for start in (
        "interface", "hostname", "router", "route-map", "watch-group", "ip access-list", "ipv6 access-list", "ip route", "ipv6 route",
        "ip router", "ipv6 router",
    )
)  # fmt: skip
_PROTOCOLS = frozenset(("ip", "tcp", "udp", "icmp"))
_OF_INTERFACES = frozenset(("ip", "ipv6", "shutdown", "encapsulation", "tunnel", "bridge-group"))
"""What begins lines below the head of an interface."""
_TABLE = SectionTable(_SECTIONS)
_SERVER_SETTINGS = frozenset(("radius", "tacacs", "ssh-client", "telnet-client", "web-console", "nm"))
"""What begins lines that are about the management of the device only, whatever they say."""


@dataclass(slots=True)
class IxSections(Sections):
    """Top-level lines by section, and interfaces that are not whole."""

    cut: set[int] = field(default_factory=set)
    """Heads of interfaces whose block a line cuts that was not understood: a terminal wrapped it, and the rest of the block stands behind."""


def collect(tree: LineTree, ledger: Ledger) -> IxSections:
    """Sorts the top-level lines; lines known not to matter and unknown ones are booked at once."""
    sections = IxSections(_TABLE)
    interface: int | None = None
    for node in tree.roots:
        keys = node.keys
        before, interface = interface, node.line.number if keys[0] == "interface" else None
        if before is not None and keys[:2] == ("no", "shutdown"):
            sections.cut.add(before)  # it lost its blanks
        if node.children:
            strangers = _set_apart_strangers(node, ledger)
            sections.nodes["lost interface"] += [one for one in strangers if _holds_interface(one)]
            if any(one.keys[0] in _OF_INTERFACES or one.keys[:2] == ("no", "shutdown") for one in strangers):
                sections.nodes["lost interface"].append(node)  # its head was not understood
                if before is not None:
                    sections.cut.add(before)
        if keys[:2] in (("ip", "access-list"), ("ipv6", "access-list")):
            sections.nodes["list"].append(node)
            if keys[2:3] == ("dynamic",):
                sections.words.update(node.words[4:])
            continue
        found = _TABLE.find(keys)
        known = irrelevance().reason("global", keys)
        if keys[0] == "access-list" and not _PROTOCOLS.isdisjoint(keys[3:4]):
            known = None  # an entry for IP packets that lost its first word is none of a MAC list
        if found is not None and (known is None or found[0] >= known[0]):
            sections.nodes[found[1]].append(node)
        elif known is not None:
            ledger.ignore(node, known[1])
            sections.nodes["irrelevant"].append(node)
        elif _is_header(node):
            ledger.ignore(node, _SHOW_HEADER)
        elif keys[0] in _SERVER_SETTINGS:
            ledger.leave(node, MANAGEMENT)
        else:
            ledger.leave(node)
        sections.words.update(node.words[1:])
        for child in node.below() if node.children else ():
            sections.words.update(child.words)
    return sections


def _holds_interface(node: Node) -> bool:
    return any(one.keys[0] == "interface" for one in (node, *node.below()))


def _set_apart_strangers(node: Node, ledger: Ledger) -> list[Node]:
    """Lines that cannot stand below a command but are indented as if they did: a paste lost or gained blanks.

    They are left unread, or what they say would be taken for a detail of that command.
    """
    block = any(node.keys[: len(start)] == start for start in _BLOCKS)
    kept: list[Node] = []
    strangers: list[Node] = []
    for one in node.children:
        if block and not _begins_elsewhere(one):
            kept.append(one)
        else:
            strangers.append(one)
            ledger.leave(one)
    node.children = kept
    return strangers


def _begins_elsewhere(node: Node) -> bool:
    """Whether a line, or one below it, begins a block, or is an entry or a route."""
    return any(one.keys[:1] in _NEVER_BELOW or one.keys[:2] in _NEVER_BELOW for one in (node, *node.below()))


def _is_header(node: Node) -> bool:
    """`Building configuration...`, the echo of the show command, the words that open a configuration that is typed."""
    if node.children:
        return False
    first = node.keys[0]
    return (
        node.keys[:2] in (("building", "configuration..."), ("current", "time"), ("show", "running-config"))
        or (len(node.keys) == 1 and first in _BARE_HEADERS)
        or (first == "%" and len(node.keys) > 1)
    )
