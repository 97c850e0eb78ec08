"""Sorting the top-level lines of a configuration by what reads them."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.vendors.awplus.access_entries import VERBS
from secaudit.vendors.awplus.vocabulary import irrelevance
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.sections import Sections, SectionTable

_SHOW_HEADER = Text(ja="表示コマンドの見出しです", en="a heading of the show command")
_AUTOMATION = Text(
    ja="装置が自動でスクリプトを実行し設定を変更することがあり、その後の設定は提出されたファイルからは分かりません",
    en="the device may run scripts that change its own configuration; what it then is cannot be told from the file",
)

_DIAL_IN = Text(
    ja="リモートアクセスの利用者にこのプールのアドレスを割り当てます。どのインターフェースから入るかは設定からは分かりません",
    en="those who dial in get addresses of this pool; by which interface they come in cannot be told from the file",
)

# Leading words to the section that reads the line; the longest match wins, also against the irrelevant lines.
_SECTIONS: dict[tuple[str, ...], str] = {
    tuple(start.split()): section
    for start, section in (
        ("end", "structure"),
        ("exit", "structure"),
        ("service password-encryption", "structure"),
        ("no service password-encryption", "structure"),
        ("hostname", "hostname"),
        ("no hostname", "structure"),
        ("switch", "model"),
        ("interface", "interface"),
        ("vlan database", "vlan database"),
        ("vlan access-map", "vlan map"),
        ("vlan filter", "vlan filter"),
        ("access-list", "list"),
        ("ipv6 access-list", "list"),
        ("standard ip access list", "list"),
        ("extended ip access list", "list"),
        ("named standard ip access list", "list"),
        ("named extended ip access list", "list"),
        ("standard ipv6 access list", "list"),
        ("named standard ipv6 access list", "list"),
        ("named extended ipv6 access list", "list"),
        ("hardware ip access list", "list"),
        ("hardware ipv6 access list", "list"),
        ("hardware mac access list", "list"),
        ("access-group", "global list"),
        ("ip access-group", "global list"),
        ("mac access-group", "global list"),
        ("class-map", "class map"),
        ("policy-map", "policy map"),
        ("bridge", "bridge"),
        ("ip route", "route"),
        ("ipv6 route", "route"),
        ("ip vrf", "vrf"),
        ("ip forwarding", "ip forwarding"),
        ("no ip forwarding", "no ip forwarding"),
        ("ipv6 forwarding", "ipv6 forwarding"),
        ("no ipv6 forwarding", "structure"),
        ("router", "router"),
        ("ip policy-route", "policy route"),
        ("policy-based-routing", "policy routing"),
        ("zone", "zone"),
        ("application", "application"),
        ("firewall", "firewall"),
        ("nat", "nat"),
        ("dpi", "dpi"),
        ("atmf", "atmf"),
        ("line", "line"),
        ("vty access-class", "vty list"),
        ("vty ipv6 access-class", "vty list"),
        ("service telnet", "service"),
        ("no service telnet", "service"),
        ("service ssh", "service"),
        ("no service ssh", "service"),
        ("service http", "service"),
        ("no service http", "service"),
        ("telnet server port", "port"),
        ("ssh server port", "port"),
        ("http port", "port"),
        ("http secure-port", "port"),
        ("snmp-server", "snmp"),
        ("no snmp-server", "snmp"),
        ("tftp-server", "tftp"),
        ("enable password", "enable"),
        ("enable secret", "enable"),
        ("username", "username"),
        ("log host", "syslog"),
        ("ntp server", "ntp"),
        ("ntp peer", "ntp"),
        ("ip name-server", "dns"),
        ("trigger", "trigger"),
        ("ip local pool", "dial-in"),
    )
}
_FROM_ANY_MODE = frozenset(("route", "list", "interface", "vlan database", "zone", "firewall", "nat", "application"))
"""Commands that cannot be meant for an interface: the device leaves the interface when it reads them."""
_SNMP_DETAILS = frozenset(
    (
        "contact",
        "location",
        "enable",
        "host",
        "source-interface",
        "engineid",
        "view",
        "startup-trap-delay",
        "legacy-ifadminstatus",
    )
)
_SINGLE_LINES = frozenset(("http", "ssh", "telnet", "ntp", "log", "enable", "username"))
"""Commands below which nothing stands; some are names of applications as well."""
_SERVERS = frozenset(("ssh", "telnet", "http"))
"""Commands about servers of the device itself."""
_TABLE = SectionTable(_SECTIONS, _FROM_ANY_MODE)


def _section(keys: Sequence[str]) -> tuple[int, str] | None:
    found = _TABLE.find(keys)
    if found is not None and found[1] == "snmp" and set(keys[1:3]) & _SNMP_DETAILS:
        return None
    return found


def collect(tree: LineTree, ledger: Ledger) -> Sections:
    """Sorts the top-level lines; lines known not to matter and unknown ones are booked at once."""
    sections = Sections(_TABLE)
    for node in _with_flat_lists(tree.roots):
        keys = node.keys
        found = _section(keys)
        known = irrelevance().reason("global", keys)
        if found is not None and found[1] == "dial-in":
            ledger.use_all(node)
            ledger.doubt(DoubtKind.UNSUPPORTED, _DIAL_IN, (node.line,))
        elif found is not None and found[1] == "trigger":
            _trigger(node, ledger)
        elif found is not None and (known is None or found[0] >= known[0]):
            sections.nodes[found[1]].append(node)
        elif known is not None and node.children and keys[0] in _SINGLE_LINES:
            ledger.leave(node)  # the rest of a line that a terminal wrapped, and of the block in which it stood
        elif known is not None:
            ledger.ignore(node, known[1])
            sections.nodes["irrelevant"].append(node)
        elif keys[:2] in (("building", "configuration..."), ("current", "configuration"), ("show", "running-config")):
            ledger.ignore(node, _SHOW_HEADER)
        elif keys[0] in _SERVERS and len(keys) > 1 and not node.children:
            ledger.leave(node, MANAGEMENT)
        else:
            ledger.leave(node)
    return sections


def _with_flat_lists(roots: Sequence[Node]) -> list[Node]:
    """The top-level lines; entries of a list that lost their indentation stand below the list that they follow."""
    result: list[Node] = []
    current: Node | None = None
    for node in roots:
        keys = node.keys
        bare = keys[1:] if keys[0].isdigit() and len(keys) > 1 else keys
        if current is not None and bare[0] in VERBS and not node.children:
            current.append(node)
            continue
        named = keys[:2] == ("access-list", "hardware") or keys[:2] == ("ipv6", "access-list")
        current = node if named and len(keys) == 3 else None
        result.append(node)
    return result


def _trigger(node: Node, ledger: Ledger) -> None:
    """`trigger N` / ` script M FILE`: what the script does to the configuration is not known."""
    scripts = [child for child in node.below() if child.keys[0] == "script"]
    ledger.use_all(node)
    if scripts:
        ledger.doubt(DoubtKind.UNSUPPORTED, _AUTOMATION, (node.line, *(child.line for child in scripts)))
