"""Sorting the top-level lines of a configuration by what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco.vocabulary import names
from secaudit.vendors.cisco_ios.vocabulary import irrelevance
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.sections import Sections, SectionTable

_SHOW_HEADER = Text(ja="表示コマンドの見出しです", en="a heading of the show command")

# Leading words to the section that reads the line; the longest match wins, also against the irrelevant lines.
_SECTIONS: dict[tuple[str, ...], str] = {
    tuple(start.split()): section
    for start, section in (
        ("end", "structure"),
        ("exit", "structure"),
        ("version", "version"),
        ("hostname", "hostname"),
        ("interface", "interface"),
        ("ip access-list standard", "named list"),
        ("ip access-list extended", "named list"),
        ("ip access-list resequence", "named list"),
        ("access-list", "numbered list"),
        ("ipv6 access-list", "ipv6 list"),
        ("object-group", "object group"),
        ("ip route", "route"),
        ("ipv6 route", "route"),
        ("ip default-gateway", "default gateway"),
        ("ip local pool", "local pool"),
        ("ip forward-protocol", "forward protocol"),
        ("ip routing", "ip routing"),
        ("no ip routing", "no ip routing"),
        ("ipv6 unicast-routing", "ipv6 routing"),
        ("no ipv6 unicast-routing", "structure"),
        ("ip nat inside", "nat"),
        ("ip nat outside", "nat"),
        ("ip nat pool", "nat"),
        ("ip nat source", "nat"),
        ("route-map", "route map"),
        ("router", "router"),
        ("ipv6 router", "router"),
        ("vrf definition", "vrf"),
        ("ip vrf", "vrf"),
        ("vlan access-map", "vlan map"),
        ("vlan filter", "vlan filter"),
        ("vlan", "vlan"),
        ("crypto map", "crypto map"),
        ("zone security", "zone"),
        ("zone-pair", "zone pair"),
        ("class-map type inspect", "inspect class"),
        ("policy-map type inspect", "inspect policy"),
        ("class-map", "class map"),
        ("policy-map", "policy map"),
        ("ip inspect name", "inspection"),
        ("line", "line"),
        ("ip http", "http"),
        ("no ip http", "http"),
        ("ip ssh port", "ssh port"),
        ("control-plane", "control plane"),
        ("snmp-server community", "community"),
        ("snmp-server group", "snmp"),
        ("snmp-server user", "snmp"),
        ("snmp-server", "snmp detail"),
        ("no snmp-server", "snmp detail"),
        ("tftp-server", "tftp"),
        ("ftp-server enable", "ftp"),
        ("enable password", "enable"),
        ("enable secret", "enable"),
        ("username", "username"),
        ("service password-encryption", "structure"),
        ("no service password-encryption", "structure"),
        ("logging host", "syslog"),
        ("ntp server", "ntp"),
        ("ntp peer", "ntp"),
        ("sntp server", "ntp"),
        ("ip name-server", "dns"),
        ("ip ssh version", "ssh version"),
        ("no ip ssh version", "ssh version"),
        ("banner login", "banner"),
        ("banner motd", "banner"),
        ("login block-for", "login limit"),
        ("no login block-for", "login limit"),
        ("aaa local authentication attempts max-fail", "login limit"),
        ("security authentication failure rate", "login limit"),
        ("security passwords min-length", "password length"),
        ("no security passwords min-length", "password length"),
        ("aaa new-model", "aaa"),
        ("no aaa new-model", "aaa"),
        ("aaa authentication login", "aaa"),
        ("aaa group server", "server group"),
        ("radius-server host", "aaa server"),
        ("radius server", "aaa server"),
        ("tacacs-server host", "aaa server"),
        ("tacacs server", "aaa server"),
        ("ldap server", "aaa server"),
        ("dot1x system-auth-control", "port default"),
        ("no dot1x system-auth-control", "port default"),
        ("ip dhcp snooping", "port default"),
        ("no ip dhcp snooping", "port default"),
        ("ip arp inspection vlan", "port default"),
        ("no ip arp inspection vlan", "port default"),
        ("spanning-tree portfast", "port default"),
        ("no spanning-tree portfast", "port default"),
        ("crypto isakmp policy", "algorithms"),
        ("crypto isakmp aggressive-mode", "algorithms"),
        ("crypto ikev2 proposal", "algorithms"),
        ("crypto ikev2 policy", "algorithms"),
        ("crypto ipsec transform-set", "algorithms"),
        ("crypto ipsec profile", "algorithms"),
        ("license udi", "model"),
    )
}
_FROM_ANY_MODE = frozenset(
    ("route", "nat", "named list", "numbered list", "ipv6 list", "object group", "default gateway", "interface")
)
"""Commands that cannot be meant for an interface: the device leaves the interface when it reads them."""
_CHANGING = ("conf", "copy", "tclsh", "source")
_AUTOMATION = Text(
    ja="装置が自動で設定を変更することがあり、その後の設定は提出されたファイルからは分かりません",
    en="the device may change its own configuration; what it then is cannot be told from the file",
)
_ENTRY_OPTIONS = ("eq", "neq", "gt", "lt", "range", "established", "log", "log-input", "fragments")
_TIMES = frozenset(("absolute", "periodic", "exit"))
_TABLE = SectionTable(_SECTIONS, _FROM_ANY_MODE)


def collect(tree: LineTree, ledger: Ledger) -> Sections:
    """Sorts the top-level lines; lines known not to matter and unknown ones are booked at once."""
    sections = Sections(_TABLE)
    for node in tree.roots:
        keys = node.keys
        found = _TABLE.find(keys)
        known = irrelevance().reason("global", keys)
        if _is_rest_of_entry(node):
            ledger.leave(node)
        elif found is None and _is_syslog(node):
            sections.nodes["syslog"].append(node)
        elif found is not None and (known is None or found[0] >= known[0]):
            sections.nodes[found[1]].append(node)
        elif known is not None and _changes_the_configuration(node):
            ledger.use_all(node)
            ledger.doubt(DoubtKind.UNSUPPORTED, _AUTOMATION, (node.line, *(child.line for child in node.below())))
        elif known is not None:
            ledger.ignore(node, known[1])
            sections.nodes["irrelevant"].append(node)
        elif keys[:2] in (
            ("building", "configuration..."),
            ("current", "configuration"),
            ("using",),
            ("show", "running-config"),
        ):
            ledger.ignore(node, _SHOW_HEADER)
        else:
            ledger.leave(node)
        if found is None or found[1] not in ("named list", "numbered list", "ipv6 list"):
            sections.words.update(node.words)
            for child in node.below() if node.children else ():
                sections.words.update(child.words)
    return sections


def _is_rest_of_entry(node: Node) -> bool:
    """Whether a line holds nothing but the end of an access list entry (`ntp`, `eq snmp`, `time-range NAME`).

    Some of these words begin commands as well, but no command consists of them. A terminal that cut an entry leaves such a line: the
    part before it reads as an entry that matches more, or always, and the entries behind it stand below this line.
    """
    if any(_is_entry(child.keys) for child in node.children) and not any("list" in key for key in node.keys):
        return True
    if node.keys[0] == "time-range":
        times = [child.keys[0] for child in node.children]
        return len(node.keys) == 2 and not (times and set(times) <= _TIMES)
    return all(key in _entry_words() or key.isdigit() for key in node.keys)


def _is_entry(keys: Sequence[str]) -> bool:
    return keys[0] in ("permit", "deny") or (keys[0].isdigit() and keys[1:2] in (("permit",), ("deny",)))


@cache
def _entry_words() -> frozenset[str]:
    known = names()
    return frozenset((*known.tcp_ports, *known.udp_ports, *known.icmp, *_ENTRY_OPTIONS))


def _changes_the_configuration(node: Node) -> bool:
    """Whether an applet, a script or a scheduled command may enter configuration mode or load another configuration."""
    if node.keys[:3] == ("event", "manager", "policy"):
        return True
    if node.keys[:2] != ("event", "manager") and node.keys[0] != "kron":
        return False
    words = (word.strip('"') for child in node.below() for word in child.keys)
    return any(word.startswith(_CHANGING) for word in words)


def _is_syslog(node: Node) -> bool:
    """The old form `logging 192.0.2.1`."""
    return len(node.keys) == 2 and node.keys[0] == "logging" and node.keys[1][:1].isdigit() and "." in node.keys[1]
