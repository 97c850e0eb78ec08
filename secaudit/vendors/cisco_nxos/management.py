"""The management plane: services by feature, terminal access, SNMP, credentials, and the servers that the device uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind
from secaudit.network.management import ManagementPlane, ManagementService, Server, SnmpCommunity
from secaudit.network.matches import TCP, Family, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.local_filter import Restriction
from secaudit.vendors.cisco.management import WELL_KNOWN_COMMUNITIES, Management
from secaudit.vendors.cisco_nxos.defaults import defaults
from secaudit.vendors.cisco_nxos.features import Features
from secaudit.vendors.cisco_nxos.sections import Sections
from secaudit.vendors.common.ledger import MANAGEMENT
from secaudit.vendors.common.lines import Node

_READING_ROLES = (("network-operator",), ("vdc-operator",))
_DEFAULT = Text(
    ja="設定に書かれていないサービスの既定値が、この機種・版では確認できません（Telnet・SSH・NX-API）",
    en="the defaults of services that the file does not mention are not confirmed for this model and release (Telnet, SSH, NX-API)",
)
_LIST_OPTIONS = frozenset(("use-acl", "use-ipv4acl", "use-ipv6acl"))
"""What names the lists of a community; who is asked by a line with another word is not known."""


@dataclass(slots=True)
class NxosManagement(Management):
    """Collects the management plane while the file is read. What IOS writes alike is read by its class."""

    features: Features = field(kw_only=True)
    _nxapi: dict[str, tuple[bool, int, SourceLine]] = field(default_factory=dict)
    _ssh_port: tuple[int, SourceLine] | None = None
    _terminal_lists: dict[Family, tuple[AccessList, SourceLine]] = field(default_factory=dict)
    _community_names: list[str] = field(default_factory=list)
    _community_lists: list[tuple[str, tuple[tuple[str, str], ...], SourceLine]] = field(default_factory=list)
    """Name, the lists with the words before them, and the line."""
    _snmp_off: SourceLine | None = None

    def read(self, sections: Sections) -> None:
        """Every line about management."""
        readers: tuple[tuple[str, Callable[[Node], None]], ...] = (
            ("line", self.line),
            ("nxapi", self.nxapi),
            ("ssh port", self.ssh_port),
            ("community", self.community),
            ("snmp", self.snmp_user),
            ("snmp protocol", self.snmp_protocol),
            ("username", self.username),
            ("syslog", self.logging_host),
            ("ntp", self.time_server),
            ("dns", self.name_server),
        )
        for section, read in readers:
            for node in sections.of(section):
                read(node)
        for section in ("irrelevant", "router"):
            for node in sections.of(section):
                self.shared_keys(node)
        for node in sections.of("interface"):
            for child in node.below():
                self.shared_key(child)
        for node in sections.of("irrelevant"):
            if node.keys[0] == "tacacs-server":
                self.features.need("tacacs+", node.line)

    def line(self, node: Node) -> None:
        """`line vty` with `access-class LIST in`: one setting for all terminal lines, in every VRF."""
        self.ledger.use(node)
        for child in node.children:
            keys = child.keys
            family: Family = 6 if keys[0] == "ipv6" else 4
            rest = keys[1:] if keys[0] in ("ip", "ipv6") else keys
            if node.keys[1:2] == ("vty",) and rest[:1] == ("access-class",) and len(rest) == 3:
                name = child.words[-2]
                if rest[2] not in ("in", "out"):
                    self.ledger.leave(child, MANAGEMENT)
                    continue
                self.ledger.use_all(child)
                if rest[2] == "in" and self._defined(name, child.line):
                    for held in self._lists(name, family):
                        self._terminal_lists[family] = (held, child.line)
                continue
            known = self.irrelevance.reason("line", keys)
            if known is None:
                self.ledger.leave(child, MANAGEMENT)
            else:
                self.ledger.ignore(child, known[1])

    def nxapi(self, node: Node) -> None:
        """`[no] nxapi http|https [port N]`; other lines about NX-API are certificates, sandboxes and VRFs."""
        keys = node.keys
        off = keys[0] == "no"
        rest = keys[1:] if off else keys
        self.ledger.use_all(node)
        if rest[1:2] in (("http",), ("https",)):
            usual = 80 if rest[1] == "http" else 443
            number = rest[3] if rest[2:3] == ("port",) and len(rest) == 4 else ""
            port = int(number) if number.isascii() and number.isdigit() and len(number) <= 5 else usual
            self._nxapi[rest[1]] = (not off, port, node.line)

    def ssh_port(self, node: Node) -> None:
        """`ssh port N`."""
        number = node.words[2] if len(node.words) == 3 else ""
        if number.isascii() and number.isdigit() and len(number) <= 5:
            self._ssh_port = (int(number), node.line)
            self.ledger.use_all(node)
        else:
            self.ledger.leave(node, MANAGEMENT)

    def community(self, node: Node) -> None:
        """`snmp-server community NAME [group ROLE | ro | rw]`, and `... use-acl LIST` or `use-ipv4acl LIST [use-ipv6acl LIST]`.

        A role that is none of the usual ones may write: that is the most that it could.
        """
        keys = node.keys
        if len(keys) < 3:
            self.ledger.leave(node, MANAGEMENT)
            return
        self._snmp_lines.append(node.line)
        name = node.words[2]
        rest = keys[3:]
        if rest[:1] and rest[0].startswith("use-"):
            pairs = tuple(zip(rest[::2], node.words[4::2], strict=False))
            if len(rest) % 2 or not all(option in _LIST_OPTIONS for option, _ in pairs):
                self.ledger.leave(node, MANAGEMENT)
                return
            self.ledger.use_all(node)
            self._community_lists.append((name, pairs, node.line))
            return
        if rest and not (rest in (("ro",), ("rw",)) or (rest[0] == "group" and len(rest) == 2)):
            self.ledger.leave(node, MANAGEMENT)
        else:
            self.ledger.use_all(node)
        writable = rest[:1] == ("rw",) or (rest[:1] == ("group",) and rest[1:2] not in _READING_ROLES)
        self._community_names.append(name)
        self.communities.append(SnmpCommunity(keys[2] in WELL_KNOWN_COMMUNITIES, writable, False, (node.line,)))

    def _restrict_communities(self) -> None:
        """The lists of communities stand on lines of their own. Masked names are not told apart, and a community has one such line at most:
        when there are as many of them as of communities, each has one."""
        for name in dict.fromkeys(self._community_names):
            places = [place for place, other in enumerate(self._community_names) if other == name]
            held = [one for one in self._community_lists if one[0] == name]
            if len(held) != len(places):
                continue
            for place, (_, lists, line) in zip(places, held, strict=True):
                if not all(self._defined(one, line) for _, one in lists):
                    continue
                known = self.communities[place]
                self.communities[place] = replace(known, restricted=True, sources=(*known.sources, line))
                for option, one in lists:
                    self._snmp_lists += self._lists(one, 6 if "6" in option else 4)

    def snmp_protocol(self, node: Node) -> None:
        """`[no] snmp-server protocol enable`."""
        self.ledger.use_all(node)
        self._snmp_off = node.line if node.keys[0] == "no" else None

    def logging_host(self, node: Node) -> None:
        """`logging server A [LEVEL] [use-vrf V]`."""
        if len(node.words) < 3:
            self.ledger.leave(node, MANAGEMENT)
            return
        self.syslog.append(Server(node.words[2], (node.line,)))
        self.ledger.use_all(node)

    def name_server(self, node: Node) -> None:
        """`ip name-server A B ... [use-vrf V]`."""
        words = list(node.words[2:])
        if "use-vrf" in node.keys[2:]:
            del words[node.keys.index("use-vrf") - 2 :]
        self.dns.extend(Server(word, (node.line,)) for word in words)
        self.ledger.use_all(node)

    def build(self, version: str, identity: Sources) -> ManagementPlane:
        """The finished plane."""
        usual = defaults(version)
        sure = self._by_feature("telnet", usual.telnet, identity) & self._by_feature("ssh", usual.ssh, identity)
        sure &= self._web(usual.nxapi_http, usual.nxapi_https)
        if not sure:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _DEFAULT, identity, MANAGEMENT)
        self._simple_network_management()
        return ManagementPlane(
            tuple(self.services),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self.syslog),
            tuple(self.ntp),
            tuple(self.dns),
        )

    def _by_feature(self, name: str, usual: bool | None, identity: Sources) -> bool:
        """A service of the terminal lines; whether it is sure if it is on. One that may be on counts as on."""
        line = self.features.line(name)
        on = self.features.on(name) if line is not None else usual is not False
        lists = tuple(held for held, _ in self._terminal_lists.values())
        sources = identity if line is None else (line,)
        listens: tuple[Service, ...] = ()
        if name == "ssh" and self._ssh_port is not None:
            listens = _tcp(self._ssh_port[0])
            sources = (*sources, self._ssh_port[1])
        if on:
            sources = (*sources, *(source for _, source in self._terminal_lists.values()))
        restricted = on and 4 in self._terminal_lists
        if line is not None or usual is not None or name == "ssh":
            self.services.append(ManagementService(name, on, sources, None, line is None, restricted, listens))
        if on and lists:
            self._restrictions.append(
                Restriction(name, lists, tuple(source for _, source in self._terminal_lists.values()))
            )
        return line is not None or usual is not None

    def _web(self, http: bool | None, https: bool | None) -> bool:
        """NX-API; whether it is sure. Nothing answers without its feature."""
        line = self.features.line("nxapi")
        sure = True
        for name, usual in (("http", http), ("https", https)):
            told = self._nxapi.get(name)
            if line is None or not self.features.on("nxapi"):
                if line is not None:
                    self.services.append(ManagementService(name, False, (line,)))
                continue
            sources = (line,) if told is None else (line, told[2])
            on = told[0] if told is not None else usual is not False
            listens = _tcp(told[1]) if told is not None and told[0] else ()
            self.services.append(ManagementService(name, on, sources, None, told is None, False, listens))
            sure = sure and (told is not None or usual is not None)
        return sure

    def _simple_network_management(self) -> None:
        self._restrict_communities()
        if self._snmp_off is not None:
            self.services.append(ManagementService("snmp", False, (self._snmp_off,)))
            return
        if not self._snmp_lines:
            return
        # Users of version 3 are known by their passwords; a list bounds a community only.
        restricted = bool(self.communities) and not self._snmp_users and all(one.restricted for one in self.communities)
        lines = tuple(self._snmp_lines)
        self.services.append(ManagementService("snmp", True, lines, restricted=restricted))
        lists = {(one.family, one.name): one for one in self._snmp_lists}
        if restricted and lists:
            self._restrictions.append(Restriction("snmp", tuple(lists.values()), lines))


def _tcp(port: int) -> tuple[Service, ...]:
    return (Service(((TCP, TCP),), ((port, port),)),)
