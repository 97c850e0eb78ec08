"""Sorting the top-level lines of a configuration by what reads them."""

from __future__ import annotations

from secaudit.text.bilingual import Text
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree
from secaudit.vendors.common.sections import Sections, SectionTable
from secaudit.vendors.yamaha_swx.vocabulary import irrelevance

_SHOW_HEADER = Text(ja="表示コマンドの見出しです", en="a heading of the show command")

# Leading words to the section that reads the line; the longest match wins, also against the irrelevant lines. `no` in front is left out.
_SECTIONS: dict[tuple[str, ...], str] = {
    tuple(start.split()): section
    for start, section in (
        ("end", "structure"),
        ("exit", "structure"),
        ("hostname", "hostname"),
        ("vlan database", "vlan database"),
        ("interface", "interface"),
        ("access-list", "access list"),
        ("vlan access-map", "access map"),
        ("vlan filter", "vlan filter"),
        ("class-map", "class map"),
        ("ip route", "route"),
        ("ipv6 route", "route"),
        ("ip forwarding", "forwarding"),
        ("ipv6 forwarding", "forwarding"),
        ("router ospf", "router"),
        ("router rip", "router"),
        ("router bgp", "router"),
        ("router ipv6", "router"),
        ("router vrrp", "vrrp"),
        ("ip multicast-routing", "multicast"),
        ("ipv6 multicast-routing", "multicast"),
        ("ip pim", "multicast"),
        ("dhcp-relay", "relay"),
        ("schedule", "schedule"),
        ("management interface", "management interface"),
        ("telnet-server", "server"),
        ("ssh-server", "server"),
        ("http-server", "server"),
        ("tftp-server", "server"),
        ("http-proxy", "proxy"),
        ("snmp-server community", "snmp"),
        ("snmp-server user", "snmp"),
        ("snmp-server access", "snmp"),
        ("enable password", "secret"),
        ("password", "secret"),
        ("username", "secret"),
        ("radius-server host", "secret"),
        ("radius-server key", "secret"),
        ("logging host", "host"),
        ("ntpdate server", "host"),
        ("dns-client name-server", "host"),
        ("line", "line"),
    )
}
_FROM_ANY_MODE = frozenset(
    ("route", "access list", "vlan filter", "access map", "interface", "router", "hostname", "relay")
)
"""Commands that cannot be meant for an interface: the switch leaves the interface when it reads them."""
_TAKES_NO = frozenset(("access list", "server", "proxy", "forwarding", "structure", "multicast"))
"""Sections whose readers know what `no` in front means; of the others a `no` takes something away that nobody can tell."""
_TABLE = SectionTable(_SECTIONS, _FROM_ANY_MODE)


def collect(tree: LineTree, ledger: Ledger) -> Sections:
    """Sorts the top-level lines; lines known not to matter and unknown ones are booked at once."""
    sections = Sections(_TABLE)
    for node in tree.roots:
        negated = node.keys[0] == "no" and len(node.keys) > 1
        keys = node.keys[1:] if negated else node.keys
        found = _TABLE.find(keys)
        known = irrelevance().reason("global", node.keys)
        if found is not None and (known is None or found[0] >= known[0]):
            if negated and found[1] not in _TAKES_NO:
                ledger.leave(node)
            else:
                sections.nodes[found[1]].append(node)
        elif known is not None:
            ledger.ignore(node, known[1])
            sections.nodes["switched off" if negated else "irrelevant"].append(node)
        elif keys[:2] == ("show", "running-config") or keys[0].endswith(("#show", "#sh")):
            ledger.ignore(node, _SHOW_HEADER)
        else:
            ledger.leave(node)
    return sections
