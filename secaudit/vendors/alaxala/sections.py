"""Sorting the top-level lines of a configuration by what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from secaudit.text.bilingual import Text
from secaudit.vendors.alaxala.vocabulary import irrelevance, names, plain
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.sections import Sections, SectionTable

_SHOW_HEADER = Text(ja="プロンプトや表示コマンドの行です", en="a prompt or a show command")

# Leading words to the section that reads the line; the longest match wins, also against the irrelevant lines.
_SECTIONS: dict[tuple[str, ...], str] = {
    tuple(start.split()): section
    for start, section in (
        ("end", "structure"),
        ("exit", "structure"),
        ("hostname", "hostname"),
        ("switch", "switch"),
        ("interface", "interface"),
        ("vlan", "vlan"),
        ("ip access-list", "list"),
        ("access-list", "list"),
        ("ipv6 access-list", "list"),
        ("mac access-list", "list"),
        ("advance access-list", "list"),
        ("flow detection mode", "flow mode"),
        ("flow detection out mode", "flow out mode"),
        ("ip route", "route"),
        ("ipv6 route", "route"),
        ("ip default-gateway", "default gateway"),
        ("router", "router"),
        ("ipv6 router", "router"),
        ("vrf definition", "vrf"),
        ("policy-list", "policy list"),
        ("line", "line"),
        ("ip ssh", "ssh"),
        ("ftp-server", "ftp"),
        ("snmp-server community", "community"),
        ("snmp-server group", "snmp"),
        ("snmp-server user", "snmp"),
        ("logging host", "syslog"),
        ("ntp server", "ntp"),
        ("ntp client server", "ntp"),
        ("ntp peer", "ntp"),
        ("ip name-server", "dns"),
    )
}
_ENTRY_OPTIONS = ("eq", "range", "established", "any", "host", "action", "log")
_SERVICES = frozenset(("http-server", "https-server", "netconf", "on-api", "onapi", "rest-server", "api"))
"""Leading words of services on the device that this reader does not know: what they let people do concerns the device only."""
_HARMLESS = frozenset(
    (
        "show",
        "sh",
        "save",
        "exit",
        "quit",
        "logout",
        "end",
        "enable",
        "disable",
        "configure",
        "top",
        "ping",
        "set",
        "copy",
        "ls",
        "cat",
    )
)
"""What people type at a prompt that sets nothing of the configuration (`set terminal pager` is for the session)."""
_TABLE = SectionTable(_SECTIONS)


def collect(tree: LineTree, ledger: Ledger) -> Sections:
    """Sorts the top-level lines; lines known not to matter and unknown ones are booked at once."""
    sections = Sections(_TABLE)
    for node in tree.roots:
        found = _TABLE.find(node.keys)
        known = irrelevance().reason("global", node.keys)
        if _is_rest_of_entry(node):
            ledger.leave(node)
        elif found is not None and (known is None or found[0] >= known[0]):
            sections.nodes[found[1]].append(node)
        elif known is not None:
            ledger.ignore(node, known[1])
            sections.nodes["irrelevant"].append(node)
        elif _is_prompt(node):
            ledger.ignore(node, _SHOW_HEADER)
        elif node.keys[0] in _SERVICES:
            ledger.leave(node, MANAGEMENT)
        else:
            ledger.leave(node)
        if found is None or found[1] != "list":
            _words(node, sections.words)
            for child in node.below() if node.children else ():
                _words(child, sections.words)
    return sections


def _words(node: Node, words: set[str]) -> None:
    words.update(plain(word) for word in node.words)


def _is_prompt(node: Node) -> bool:
    """`AX3660S-1# show running-config`, `> enable`, `show running-config`, `(config)# exit`, without anything below.

    A prompt with a command that sets something is none of these: people type settings behind what they have printed.
    """
    if node.children:
        return False
    keys = node.keys
    if keys[0].endswith(("#", ">")):
        return sets_nothing(keys[1:])
    return keys[0] in ("show", "save") or "#show" in keys[0]


def sets_nothing(typed: Sequence[str]) -> bool:
    """Whether what stands behind a prompt changes no configuration."""
    return not typed or typed[0].lower() in _HARMLESS


def _is_rest_of_entry(node: Node) -> bool:
    """Whether a line holds nothing but the end of an access list entry (`ntp`, `eq snmp`), or has entries below that belong to a list.

    A terminal that cut an entry leaves such a line: the part before it reads as an entry that matches more.
    """
    if any(_is_entry(child.keys) for child in node.children) and not any("list" in key for key in node.keys):
        return True
    return all(key in _entry_words() or key.isdigit() for key in node.keys)


def _is_entry(keys: Sequence[str]) -> bool:
    return keys[0] in ("permit", "deny") or (keys[0].isdigit() and keys[1:2] in (("permit",), ("deny",)))


@cache
def _entry_words() -> frozenset[str]:
    known = names()
    return frozenset((*known.tcp_ports, *known.udp_ports, *known.icmp, *_ENTRY_OPTIONS))
