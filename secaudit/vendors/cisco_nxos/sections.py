"""Sorting the top-level lines of a configuration by what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_nxos.vocabulary import irrelevance
from secaudit.vendors.common import sections as shared
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree, Node

# Leading words to the section that reads the line; the longest match wins, also against the irrelevant lines.
_SECTIONS: dict[tuple[str, ...], str] = {
    tuple(start.split()): section
    for start, section in (
        ("end", "structure"),
        ("exit", "structure"),
        ("version", "version"),
        ("hostname", "hostname"),
        ("switchname", "hostname"),
        ("feature", "feature"),
        ("no feature", "feature"),
        ("feature-set", "feature"),
        ("install feature-set", "feature"),
        ("interface", "interface"),
        ("ip access-list", "list"),
        ("ipv6 access-list", "list"),
        ("resequence", "list"),
        ("object-group", "object group"),
        ("ip route", "route"),
        ("ipv6 route", "route"),
        ("vrf context", "vrf"),
        ("route-map", "route map"),
        ("router", "router"),
        ("vlan access-map", "vlan map"),
        ("vlan filter", "vlan filter"),
        ("vlan", "vlan"),
        ("ip nat", "nat"),
        ("class-map", "class map"),
        ("policy-map", "policy map"),
        ("control-plane", "control plane"),
        ("system default switchport", "default port"),
        ("no system default switchport", "default port"),
        ("line", "line"),
        ("snmp-server community", "community"),
        ("snmp-server user", "snmp"),
        ("snmp-server protocol enable", "snmp protocol"),
        ("no snmp-server protocol enable", "snmp protocol"),
        ("username", "username"),
        ("logging server", "syslog"),
        ("ntp server", "ntp"),
        ("ntp peer", "ntp"),
        ("ip name-server", "dns"),
        ("nxapi", "nxapi"),
        ("no nxapi", "nxapi"),
        ("ssh port", "ssh port"),
        ("configure profile", "profile"),
        ("apply profile", "profile"),
        ("itd", "redirected"),
        ("epbr", "redirected"),
        ("otv", "bridged"),
        ("l2vpn", "bridged"),
        ("event manager applet", "applet"),
        ("scheduler job", "applet"),
    )
}
_LISTS = frozenset(("list", "object group"))
_FROM_ANY_MODE = frozenset(("route", "list", "object group", "interface", "vrf", "router", "vlan", "line"))
"""Commands that cannot be meant for an interface, so that the device leaves it; a paste without indentation has them below one another."""
_TABLE = shared.SectionTable(_SECTIONS, _FROM_ANY_MODE)
_OMITTED = frozenset(("(...)", "...", "<...>", "[...]", "<snip>", "[snip]", "(omitted)", "<omitted>"))
_ENTRY_OPTIONS = frozenset(
    ("eq", "neq", "gt", "lt", "range", "established", "log", "fragments", "portgroup", "addrgroup", "any")
)
_CHANGING = ("conf", "copy", "run-script", "source", "python", "rollback")
_CUT = Text(
    ja="設定の一部が省略されています",
    en="part of the configuration was left out here",
)
_TERMINAL = Text(ja="端末の表示（プロンプト・ページャ）です", en="what a terminal shows: prompts and the pager")
_REST_OF_USER = Text(
    ja="端末の折り返しで切れた username 行の続きです", en="the rest of a `username` line that the terminal cut"
)
_SHOWN = frozenset(("show", "sh", "exit", "terminal", "term", "copy", "end", ""))
_AUTOMATION = Text(
    ja="装置が自動で設定を変更することがあり、その後の設定は提出されたファイルからは分かりません",
    en="the device may change its own configuration; what it then is cannot be told from the file",
)
_BRIDGED = Text(
    ja="レイヤー2の延伸（VXLAN・OTV 等）はモデル化していません",
    en="layer 2 extension (VXLAN, OTV and the like) is not modelled",
)
_REDIRECTED = Text(
    ja="通信の転送先を変える機能（ITD・ePBR）はモデル化していません",
    en="redirection of traffic (ITD, ePBR) is not modelled",
)
_PROFILE = Text(
    ja="構成プロファイルの適用結果はモデル化していません",
    en="what a configuration profile adds is not modelled",
)
_NAT = Text(
    ja="NX-OS の NAT は対応機種が限られ、モデル化していません",
    en="NAT of NX-OS, which few models have, is not modelled",
)
_NOT_MODELLED = {"redirected": _REDIRECTED, "bridged": _BRIDGED, "profile": _PROFILE, "nat": _NAT}


@dataclass(slots=True)
class Sections(shared.Sections):
    """Top-level lines by section, in file order; `comments` are the lines that begin with `!`."""

    comments: Sequence[SourceLine] = ()


def collect(tree: LineTree, ledger: Ledger) -> Sections:
    """Sorts the top-level lines; lines known not to matter and unknown ones are booked at once."""
    sections = Sections(_TABLE, comments=tree.comments)
    for node in tree.roots:
        keys = node.keys
        found = _TABLE.find(keys)
        known = irrelevance().reason("global", keys)
        if keys[0] in _OMITTED and len(keys) == 1:
            ledger.use(node)
            for child in node.children:
                ledger.leave(child)
            ledger.doubt(DoubtKind.TRUNCATED, _CUT, (node.line,))
        elif _is_terminal(keys):
            ledger.ignore(node, _TERMINAL)
        elif keys[1:2] == ("role",) and len(keys) == 3 and keys[2].startswith(("network-", "vdc-")):
            ledger.ignore(node, _REST_OF_USER)
        elif _is_rest_of_entry(node):
            ledger.leave(node)
        elif found is not None and (known is None or found[0] >= known[0]):
            _known_section(node, found[1], sections, ledger)
        elif known is not None:
            ledger.ignore(node, known[1])
            sections.nodes["irrelevant"].append(node)
        else:
            ledger.leave(node)
        if found is None or found[1] not in _LISTS:
            sections.words.update(node.words)
            for child in node.below() if node.children else ():
                sections.words.update(child.words)
    return sections


def _known_section(node: Node, section: str, sections: Sections, ledger: Ledger) -> None:
    text = _NOT_MODELLED.get(section)
    if text is not None:
        ledger.use_all(node)
        ledger.doubt(DoubtKind.UNSUPPORTED, text, (node.line,))
    elif section == "applet":
        ledger.use_all(node)
        words = (word.strip('"') for child in node.below() for word in child.keys)
        if any(word.startswith(_CHANGING) for word in words):
            ledger.doubt(DoubtKind.UNSUPPORTED, _AUTOMATION, (node.line, *(child.line for child in node.below())))
    else:
        sections.nodes[section].append(node)


def _is_terminal(keys: Sequence[str]) -> bool:
    """A prompt with a command that changes nothing, `--More--`, or a fence of Markdown."""
    if keys[0].endswith("#") and len(keys[0]) > 1:
        return (keys[1] if len(keys) > 1 else "") in _SHOWN
    return keys == ("--more--",) or keys[0].startswith("```")


def _is_rest_of_entry(node: Node) -> bool:
    """Whether a line holds nothing but the end of an access list entry that a terminal cut: the entries behind it stand below this line."""
    keys = node.keys
    if any(_is_entry(child.keys) for child in node.children) and not any("access-list" in key for key in keys):
        return True
    return all(key in _ENTRY_OPTIONS or key.isdigit() for key in keys)


def _is_entry(keys: Sequence[str]) -> bool:
    return keys[0] in ("permit", "deny") or (keys[0].isdigit() and keys[1:2] in (("permit",), ("deny",)))
