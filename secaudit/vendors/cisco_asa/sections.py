"""Sorting the top-level lines of a configuration by what reads them."""

from __future__ import annotations

from collections import Counter
from functools import cache

from secaudit.text.bilingual import Text
from secaudit.vendors.cisco_asa.vocabulary import irrelevance
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.sections import Sections, SectionTable

_SHOW_HEADER = Text(ja="表示コマンドの見出し・末尾です", en="a heading or the end of the show command")

# Leading words to the section that reads the line; the longest match wins, also against the irrelevant lines.
_SECTIONS: dict[tuple[str, ...], str] = {
    tuple(start.split()): section
    for start, section in (
        ("asa version", "version"),
        ("pix version", "version"),
        ("hostname", "hostname"),
        ("exit", "structure"),
        ("end", "structure"),
        ("firewall transparent", "transparent"),
        ("no firewall transparent", "structure"),
        ("interface", "interface"),
        ("name", "name"),
        ("no name", "name"),
        ("object network", "object"),
        ("object service", "object"),
        ("object-group", "object group"),
        ("access-list", "access list"),
        ("no access-list", "access list"),
        ("clear configure access-list", "access list"),
        ("ipv6 access-list", "ipv6 list"),
        ("access-group", "access group"),
        ("no access-group", "access group"),
        ("time-range", "time range"),
        ("nat", "nat"),
        ("no nat", "nat"),
        ("global", "nat"),
        ("static", "nat"),
        ("alias", "alias"),
        ("nat-control", "nat control"),
        ("no nat-control", "structure"),
        ("route", "route"),
        ("ipv6 route", "route"),
        ("router", "router"),
        ("ipv6 router", "router"),
        ("same-security-traffic permit inter-interface", "between equals"),
        ("same-security-traffic permit intra-interface", "back again"),
        ("no same-security-traffic", "structure"),
        ("class-map", "class map"),
        ("policy-map", "policy map"),
        ("service-policy", "service policy"),
        ("crypto map", "crypto map"),
        ("crypto dynamic-map", "dynamic map"),
        ("crypto ikev2 enable", "ikev2"),
        ("ip local pool", "pool"),
        ("webvpn", "webvpn"),
        ("group-policy", "group policy"),
        ("sysopt connection permit-vpn", "permit vpn"),
        ("sysopt connection permit-ipsec", "permit vpn"),
        ("no sysopt connection permit-vpn", "permit vpn"),
        ("no sysopt connection permit-ipsec", "permit vpn"),
        ("dhcprelay server", "relay"),
        ("dhcprelay enable", "relay"),
        ("multicast-routing", "multicast"),
        ("context", "context"),
        ("admin-context", "context"),
        ("mode multiple", "context"),
        ("ssh", "management"),
        ("no ssh", "management"),
        ("telnet", "management"),
        ("no telnet", "management"),
        ("http", "management"),
        ("no http", "management"),
        ("icmp permit", "management"),
        ("icmp deny", "management"),
        ("ipv6 icmp", "icmp6"),
        ("management-access", "management"),
        ("no management-access", "management"),
        ("snmp-server host", "management"),
        ("snmp-server community", "management"),
        ("snmp-server host-group", "management"),
        ("snmp-server enable", "management"),
        ("snmp-server", "management"),
        ("no snmp-server", "management"),
        ("no snmp-server enable", "management"),
        ("logging enable", "management"),
        ("no logging enable", "management"),
        ("logging on", "management"),
        ("logging host", "management"),
        ("logging message 106023", "management"),
        ("no logging message 106023", "management"),
        ("ntp server", "management"),
        ("dns name-server", "management"),
        ("dns server-group", "dns group"),
        ("enable password", "password"),
        ("passwd", "password"),
        ("username", "username"),
    )
}
_OF_THE_DEVICE_ITSELF = {
    "ssh timeout": "idle limit",
    "telnet timeout": "idle limit",
    "console timeout": "idle limit",
    "http server idle-timeout": "idle limit",
    "http connection idle-timeout": "idle limit",
    "aaa local authentication attempts": "login limit",
    "banner": "banner",
    "ssh version": "ssh version",
    "password-policy minimum-length": "password length",
    "aaa authentication ssh console": "aaa",
    "aaa authentication telnet console": "aaa",
    "aaa authentication http console": "aaa",
    "aaa authentication serial console": "aaa",
    "aaa authorization exec": "aaa",
    "aaa authorization command": "aaa",
    "aaa-server": "aaa server",
    "failover": "failover",
    "cluster group": "failover",
    "snmp-server group": "snmp user",
    "snmp-server user": "snmp user",
    "crypto ikev1 policy": "algorithms",
    "crypto ikev2 policy": "algorithms",
    "crypto isakmp policy": "algorithms",
    "isakmp policy": "algorithms",
    "crypto ikev1 enable": "algorithms",
    "crypto isakmp enable": "algorithms",
    "isakmp enable": "algorithms",
    "crypto ikev1 am-disable": "algorithms",
    "crypto isakmp am-disable": "algorithms",
    "isakmp am-disable": "algorithms",
    "crypto ipsec ikev1 transform-set": "algorithms",
    "crypto ipsec transform-set": "algorithms",
    "crypto ipsec ikev2 ipsec-proposal": "algorithms",
    "crypto ipsec profile": "algorithms",
}
"""What protects the device itself and its tunnels; the lines that take it back are read with it."""
for _start, _section in _OF_THE_DEVICE_ITSELF.items():
    _SECTIONS[tuple(_start.split())] = _SECTIONS[("no", *_start.split())] = _section
_TABLE = SectionTable(_SECTIONS)
_HEADERS = (
    ("show", "running-config"),
    ("show", "run"),
    ("sh", "run"),
    ("more", "system:running-config"),
    ("show", "startup-config"),
    ("write", "terminal"),
    ("building", "configuration..."),
)


_AT_A_PROMPT = frozenset(
    (
        "show",
        "sh",
        "more",
        "terminal",
        "exit",
        "quit",
        "logout",
        "write",
        "wr",
        "enable",
        "en",
        "end",
        "ping",
        "changeto",
    )
)
"""What people type around a configuration that they copy from a terminal; none of it changes the configuration."""


def is_around(node: Node) -> bool:
    """Whether a line is no part of a configuration: a command that shows it, with or without a prompt, or its checksum."""
    keys = node.keys
    if keys[0].startswith("cryptochecksum:") or keys[:2] in _HEADERS:
        return True
    return keys[0][-1] in "#>" and len(keys[0]) > 1 and (len(keys) == 1 or keys[1] in _AT_A_PROMPT)


@cache
def _told_by_first_word() -> dict[str, str]:
    """First words that alone tell the section, whatever stands behind them, as those of long lists of lines do."""
    starts = Counter(start[0] for start in _SECTIONS)
    return {
        start[0]: section
        for start, section in _SECTIONS.items()
        if starts[start[0]] == len(start) == 1
        and section != "access list"
        and irrelevance().reason("global", start) is None
        and not irrelevance().goes_on("global", start[0])
    }


def collect(tree: LineTree, ledger: Ledger) -> Sections:
    """Sorts the top-level lines; lines known not to matter and unknown ones are booked at once."""
    sections = Sections(_TABLE)
    lists = sections.nodes["access list"]
    alone = _told_by_first_word()
    for node in tree.roots:
        keys = node.keys
        if keys[0] == "access-list" and len(keys) > 2 and keys[1] not in ("alert-interval", "deny-flow-max"):
            lists.append(node)
            continue
        section = alone.get(keys[0])
        if section is not None:
            sections.nodes[section].append(node)
            _note_words(sections, node)
            continue
        found = _TABLE.find(keys)
        known = irrelevance().reason("global", keys)
        # The words of irrelevant lines are counted without `no`.
        negated = keys[0] == "no"
        if found is not None and (known is None or found[0] - negated >= known[0]):
            sections.nodes[found[1]].append(node)
        elif known is not None:
            ledger.ignore(node, known[1])
            sections.nodes["irrelevant"].append(node)
        elif is_around(node):
            ledger.ignore(node, _SHOW_HEADER)
        else:
            ledger.leave(node)
        if found is None or found[1] != "access list":
            _note_words(sections, node)
    return sections


def _note_words(sections: Sections, node: Node) -> None:
    sections.words.update(node.words)
    for child in node.below() if node.children else ():
        sections.words.update(child.words)
