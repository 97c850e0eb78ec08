"""What staff paste beside the rules: `hostname`, `ip addr`, `ip route`, `ip rule`, `sysctl`, each recognised by the look of its lines.

The output formats are those of iproute2 (`ip addr`, `ip -o addr`, `ip [-6] route`, `ip rule`) and of procps (`sysctl`). Interfaces
and routes are a picture of the moment at which they were collected.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import NextHop, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources

_PROMPT = re.compile(
    r"^(?:\[[\w.@~:/ -]{1,80}\]|(?P<user>[\w.-]{1,32})@(?P<host>[\w.-]{1,64})[\w:~/ .-]{0,80}|[\w.-]{0,64})[#$]\s*(?:sudo\s+)?(?P<command>\S.{0,200})?$"
)
_PROMPT_WORDS = frozenset(
    (
        "iptables",
        "ip6tables",
        "iptables-save",
        "ip6tables-save",
        "nft",
        "ip",
        "hostname",
        "hostnamectl",
        "sysctl",
        "cat",
        "ipset",
        "uname",
        "date",
        "iptables-legacy-save",
        "iptables-nft-save",
        "ip6tables-legacy-save",
        "ip6tables-nft-save",
        "exit",
        "su",
        "sudo",
    )
)
_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_LINK = re.compile(r"^\d{1,6}: ([^\s:@]{1,15})(?:@([^\s:]{1,15}))?: <([A-Z0-9_,-]*)>(.*)$")
_ONE_LINE = re.compile(r"^\d{1,6}: ([^\s:@]{1,15})\s+(inet6?) (\S+)(.*)$")
_ADDRESS = re.compile(r"^\s+(inet6?) (\S+)(.*)$")
_DETAIL = re.compile(
    r"^\s+(?:link/\S+|valid_lft |altname |vlan protocol |bridge |bridge_slave |bond |bond_slave |veth |tun type |wireguard|vxlan |vrf table|RX: |TX: |\d+ +\d+ +\d+)"
)
_ROUTE_TYPES = ("unreachable", "blackhole", "prohibit", "throw")
_OTHER_TYPES = ("local", "broadcast", "anycast", "multicast")
_ROUTE = re.compile(
    rf"^(?:(?P<type>unicast|{'|'.join((*_ROUTE_TYPES, *_OTHER_TYPES))}) )?(?P<prefix>default|[0-9][0-9./]{{0,40}}|[0-9a-f:]{{2,45}}(?:/\d{{1,3}})?)(?P<rest>(?: .*)?)$"
)
_ROUTE_WORDS = re.compile(r"\b(?:dev|via|proto|scope|metric|nhid|table|src|nexthop)\b")
_NEXTHOP = re.compile(r"^\s+nexthop (.*)$")
_RULE = re.compile(r"^(\d{1,10}):\s+(?:not )?from (\S+)(.*)$")
_SYSCTL = re.compile(r"^(?:sysctl )?(net\.[\w.-]{1,120}|kernel\.hostname)\s*=\s*(.*)$")
_USUAL_RULES = frozenset((("0", "local"), ("32766", "main"), ("32767", "default")))

_IRRELEVANT_SYSCTL = Text(
    ja="通信の可否を変えないカーネルの設定です", en="a kernel setting that does not change what is let through"
)
_NOT_A_ROUTE = Text(
    ja="機器自身のアドレスの経路であり、転送先を変えません",
    en="a route of the host's own addresses; it moves no packet elsewhere",
)


@dataclass(slots=True)
class _Link:
    name: str
    sources: list[SourceLine]
    flags: frozenset[str] = frozenset()
    parent: str | None = None
    down: bool = False
    dynamic: bool = False
    addresses: list[InterfaceAddress] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a file shows of the host.

    `interfaces`: by name, None when no `ip addr` is in the file. `routes_shown` are the address families whose routing table it holds.
    `forwarding` is the switch of each family as far as it is shown, with its line. `rest` are the lines that are something else.
    """

    hostname: str | None
    interfaces: dict[str, Interface] | None
    routes: tuple[Route, ...]
    routes_shown: frozenset[Family]
    forwarding: dict[Family, tuple[bool, SourceLine]]
    tcp_loose: bool
    rules_shown: bool
    """`ip rule` was shown, and holds the usual rules only."""
    sources: Sources
    doubts: tuple[Doubt, ...]
    used: frozenset[int]
    irrelevant: dict[int, Text]
    rest: tuple[SourceLine, ...]


def read_host(lines: Sequence[SourceLine]) -> HostFacts:
    """Takes the lines about the host out of a file. Never raises: what is not understood stays in `rest`."""
    reading = _Reading()
    for line in lines:
        if not reading.take(line):
            reading.rest.append(line)
    return reading.facts()


class _Reading:
    def __init__(self) -> None:
        self.rest: list[SourceLine] = []
        self._hostname: str | None = None
        self._hostname_next = False
        self._prompt_host: str | None = None
        self._links: dict[str, _Link] = {}
        self._link: _Link | None = None
        self._routes: list[tuple[IPNetwork, list[NextHop], int, SourceLine]] = []
        self._pending: tuple[IPNetwork, int, SourceLine] | None = None
        self._shown: set[Family] = set()
        self._forwarding: dict[Family, tuple[bool, SourceLine]] = {}
        self._loose = True
        self._rules = 0
        self._doubts: list[Doubt] = []
        self._used: set[int] = set()
        self._irrelevant: dict[int, Text] = {}
        self._sources: list[SourceLine] = []

    def take(self, line: SourceLine) -> bool:
        """Whether the line belongs to the host's facts."""
        text = line.text.rstrip()
        if self._is_elsewhere(text) and not self._hostname_next:
            return False
        if self._hostname_next and text and _HOSTNAME.fullmatch(text.strip()):
            self._hostname, self._hostname_next = text.strip(), False
            return self._use(line)
        return (
            self._prompt(text, line)
            or self._link_line(text, line)
            or self._sysctl(text, line)
            or self._rule(text, line)
            or self._route(text, line)
        )

    def _is_elsewhere(self, text: str) -> bool:
        """Whether a line surely is none of the host's: a rule of iptables, or one of nft, as nearly all lines are."""
        start = text[:1]
        if start == "-":
            return "#" not in text and "$" not in text
        indented = start in ("\t", " ") and self._link is None
        return indented and "=" not in text and "nexthop" not in text

    def _use(self, line: SourceLine, *, evidence: bool = True) -> bool:
        self._used.add(line.number)
        if evidence:
            self._sources.append(line)
        return True

    def _prompt(self, text: str, line: SourceLine) -> bool:
        match = _PROMPT.match(text)
        if match is None or not match["command"]:
            return False
        words = match["command"].split()
        word = words[0].rsplit("/", 1)[-1]
        if word not in _PROMPT_WORDS:
            return False
        self._prompt_host = self._prompt_host or match["host"]
        self._hostname_next = word == "hostname" and len(words) == 1
        self._link = None
        if word == "ip":
            self._empty_table(words[1:])
        return self._use(line, evidence=False)

    def _empty_table(self, words: Sequence[str]) -> None:
        """`ip route` may print nothing: then the prompt alone shows that there are no routes."""
        families: tuple[Family, ...] = (6,) if "-6" in words else (4,)
        plain = [word for word in words if not word.startswith("-")]
        if plain and plain[0] in ("r", "ro", "route") and len(plain) <= 2:
            self._shown.update(families)

    # --- interfaces ---------------------------------------------------------------------------------------

    def _link_line(self, text: str, line: SourceLine) -> bool:
        match = _LINK.match(text)
        if match is not None:
            self._open_link(match, line)
            return self._use(line)
        match = _ONE_LINE.match(text)
        if match is not None:
            link = self._links.setdefault(match[1], _Link(match[1], []))
            return self._address(link, match[2], match[3], match[4], line)
        if self._link is None:
            return False
        match = _ADDRESS.match(text)
        if match is not None:
            return self._address(self._link, match[1], match[2], match[3], line)
        return _DETAIL.match(text) is not None and self._use(line, evidence=False)

    def _open_link(self, match: re.Match[str], line: SourceLine) -> None:
        name, parent, flags, _ = match.groups()
        link = self._links.setdefault(name, _Link(name, []))
        link.sources.append(line)
        link.flags = frozenset(flags.split(","))
        link.parent = None if parent is None or parent.startswith("if") or parent == "NONE" else parent
        link.down = "UP" not in link.flags
        self._link = link

    def _address(self, link: _Link, family: str, value: str, rest: str, line: SourceLine) -> bool:
        words = rest.split()
        try:
            if words[:1] == ["peer"] and len(words) > 1:
                value = f"{value.split('/', 1)[0]}/{words[1].partition('/')[2] or '32'}"
            address = ipaddress.ip_interface(value)
        except ValueError:
            return False
        if address.version != (4 if family == "inet" else 6):
            return False
        link.dynamic = link.dynamic or ("dynamic" in words and address.version == 4)
        link.sources.append(line)
        link.addresses.append(InterfaceAddress(address, (line,)))
        return self._use(line)

    # --- kernel settings ----------------------------------------------------------------------------------

    def _sysctl(self, text: str, line: SourceLine) -> bool:
        match = _SYSCTL.match(text.strip())
        if match is None:
            return False
        name, value = match[1], match[2].strip()
        family: Family | None = {
            "net.ipv4.ip_forward": 4,
            "net.ipv4.conf.all.forwarding": 4,
            "net.ipv6.conf.all.forwarding": 6,
        }.get(name)  # type: ignore[assignment]
        if family is not None and value in ("0", "1", "2"):
            self._forwarding[family] = (value != "0", line)
        elif name == "net.netfilter.nf_conntrack_tcp_loose" and value in ("0", "1"):
            self._loose = value == "1"
        elif name == "kernel.hostname":
            self._hostname = self._hostname or value
        elif name.endswith(".forwarding") and value == "0":
            text_ = Text(
                ja="インターフェースごとの転送の停止はモデル化していません",
                en="forwarding that is off for one interface is not modelled",
            )
            self._doubts.append(Doubt(DoubtKind.UNSUPPORTED, text_, (line,)))
        elif name.endswith(".nf_conntrack_helper") and value == "1":
            text_ = Text(
                ja="接続追跡の補助機能が自動で働き、関連する接続（FTPなど）が許可されることがあります",
                en="connection tracking helpers act by themselves and may let related connections (FTP and others) in",
            )
            self._doubts.append(Doubt(DoubtKind.UNSUPPORTED, text_, (line,)))
        else:
            self._irrelevant[line.number] = _IRRELEVANT_SYSCTL
            return True
        return self._use(line)

    # --- routes -------------------------------------------------------------------------------------------

    def _rule(self, text: str, line: SourceLine) -> bool:
        match = _RULE.match(text)
        if match is None:
            return False
        words = match[3].split()
        table = words[-1] if words else ""
        self._rules += 1
        if match[2] != "all" or (match[1], table) not in _USUAL_RULES or words[:-1] != ["lookup"]:
            text_ = Text(
                ja="ポリシールーティングの規則があり、別の経路表で転送されることがあります",
                en="a policy routing rule may forward packets by another routing table",
            )
            self._doubts.append(Doubt(DoubtKind.UNSUPPORTED, text_, (line,)))
        return self._use(line)

    def _route(self, text: str, line: SourceLine) -> bool:
        nexthop = _NEXTHOP.match(text)
        if nexthop is not None and self._pending is not None:
            prefix, metric, first = self._pending
            hop = _next_hop(nexthop[1].split(), line)
            if hop is None:
                return False
            self._routes.append((prefix, [hop], metric, first))
            return self._use(line)
        match = _ROUTE.match(text)
        if match is None or not (match["type"] or _ROUTE_WORDS.search(text)):
            return False
        return self._route_line(match, text, line)

    def _route_line(self, match: re.Match[str], text: str, line: SourceLine) -> bool:
        words = match["rest"].split()
        version = 6 if ":" in text.replace("nexthop", "") and _is_ipv6(match["prefix"], words) else 4
        prefix = _prefix(match["prefix"], version)
        if prefix is None:
            return False
        table = _after(words, "table")
        if match["type"] in _OTHER_TYPES or table == "local":
            self._irrelevant[line.number] = _NOT_A_ROUTE
            return True
        self._shown.add(6 if prefix.version == 6 else 4)
        metric = _after(words, "metric")
        distance = int(metric) if metric is not None and metric.isdecimal() else (1024 if version == 6 else 0)
        self._pending = (prefix, distance, line)
        if table not in (None, "main", "default"):
            text_ = Text(
                ja="別の経路表の経路があり、どのパケットに使われるか判断できません",
                en="a route of another routing table; which packets use it cannot be told",
            )
            self._doubts.append(Doubt(DoubtKind.UNSUPPORTED, text_, (line,)))
        elif match["type"] in _ROUTE_TYPES:
            self._routes.append((prefix, [NextHop((line,), discard=True)], distance, line))
        else:
            hop = _next_hop(words, line)
            if hop is not None:
                self._routes.append((prefix, [hop], distance, line))
            elif words and not {"proto", "metric", "scope", "nhid"} & set(words):
                return False
        return self._use(line)

    # --- the result ---------------------------------------------------------------------------------------

    def facts(self) -> HostFacts:
        """Everything that was found."""
        return HostFacts(
            self._hostname or self._prompt_host,
            {link.name: self._interface(link) for link in self._links.values()} if self._links else None,
            self._grouped(),
            frozenset(self._shown),
            self._forwarding,
            self._loose,
            self._rules > 0,
            tuple(self._sources),
            tuple(self._doubts),
            frozenset(self._used),
            self._irrelevant,
            tuple(self.rest),
        )

    def _interface(self, link: _Link) -> Interface:
        vlan = re.search(r"\.(\d{1,4})$", link.name)
        return Interface(
            link.name,
            interface_kind(link.name, link.flags),
            tuple(link.sources),
            tuple(link.addresses),
            link.dynamic and not link.addresses,
            enabled=not link.down,
            vlan=int(vlan[1]) if vlan is not None and link.parent is not None else None,
            parent=link.parent,
        )

    def _grouped(self) -> tuple[Route, ...]:
        """Routes of one prefix and metric share their next hops (multipath). Those that are connected follow from the addresses."""
        connected = {
            (address.address.network, link.name) for link in self._links.values() for address in link.addresses
        }
        found: dict[tuple[IPNetwork, int], tuple[list[NextHop], list[SourceLine]]] = {}
        for prefix, hops, distance, line in self._routes:
            kept = [hop for hop in hops if hop.gateway is not None or (prefix, hop.interface) not in connected]
            if kept:
                all_hops, lines = found.setdefault((prefix, distance), ([], []))
                all_hops += kept
                lines.append(line)
        return tuple(
            Route(prefix, tuple(hops), tuple(dict.fromkeys(lines)), distance=distance)
            for (prefix, distance), (hops, lines) in found.items()
        )


def interface_kind(name: str, flags: frozenset[str] = frozenset()) -> InterfaceKind:
    """What an interface is, by the kernel's flags and the usual names."""
    if "LOOPBACK" in flags or name == "lo":
        return InterfaceKind.LOOPBACK
    if name.startswith(("ppp", "wwan")):
        return InterfaceKind.DIALER
    if "POINTOPOINT" in flags or name.startswith(("tun", "tap", "wg", "gre", "sit", "vti", "ipsec", "l2tp", "xfrm")):
        return InterfaceKind.TUNNEL
    if name.startswith(("br", "docker", "virbr")):
        return InterfaceKind.BRIDGE
    if name.startswith(("bond", "team")) and "." not in name:
        return InterfaceKind.AGGREGATE
    if re.search(r"\.\d{1,4}$", name) or re.fullmatch(r"vlan\d{1,4}", name):
        return InterfaceKind.VLAN
    return InterfaceKind.PHYSICAL


def _next_hop(words: Sequence[str], line: SourceLine) -> NextHop | None:
    """`via A dev B`, `dev B`; `dead` and `linkdown` next hops count only in some states."""
    gateway: IPAddress | None = None
    via = _after(words, "via")
    if via in ("inet", "inet6"):
        via = _after(words, via)
    device = _after(words, "dev")
    if via is not None:
        try:
            gateway = ipaddress.ip_address(via)
        except ValueError:
            return None
    if gateway is None and device is None:
        return None
    return NextHop((line,), gateway, device, conditional="dead" in words or "linkdown" in words)


def _after(words: Sequence[str], word: str) -> str | None:
    return words[words.index(word) + 1] if word in words[:-1] else None


def _is_ipv6(prefix: str, words: Sequence[str]) -> bool:
    if prefix != "default":
        return ":" in prefix
    return any(":" in word for word in (_after(words, "via") or "", _after(words, "src") or "")) or "pref" in words


def _prefix(word: str, version: int) -> IPNetwork | None:
    try:
        return ipaddress.ip_network(("0.0.0.0/0" if version == 4 else "::/0") if word == "default" else word)
    except ValueError:
        return None
