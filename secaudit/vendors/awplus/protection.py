"""What protects the device itself and its ports: sessions, logins, accounts, users of SNMP, guards of switch ports.

Sources: AlliedWare Plus command references of x310 (5.4.4), IX5 and x230 (5.4.5), x930 (5.4.6), x510 (5.4.7) and IE340 (5.5.3), chapters on
users, AAA, SSH, SNMP, port authentication, DHCP snooping, spanning tree and loop protection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from secaudit.network.interfaces import PortProtection
from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.awplus.vocabulary import Defaults
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

SETTINGS_READ = frozenset(SettingKind)
_CLOSING = frozenset((("learn-disable",), ("link-down",), ("port-disable",), ("vlan-disable",)))
"""Actions of loop protection that stop a loop; the others only tell of it."""
PROTECTIONS_READ = frozenset(PortProtection)
_MOST_RIGHTS = "15"
_MATTERS: Mapping[str, frozenset[str]] = {
    "aaa": frozenset(("authentication", "local")),
    "banner": frozenset(("login", "motd")),
    "ssh": frozenset(("server",)),
    "security-password": frozenset(("minimum-length",)),
    "service": frozenset(("dhcp-snooping",)),
    "loop-protection": frozenset(("loop-detect",)),
    "spanning-tree": frozenset(("portfast", "edgeport", "rstp", "stp", "mstp")),
    "auth": frozenset(("profile",)),
    "radius-server": frozenset(("host",)),
    "tacacs-server": frozenset(("host",)),
    "ldap-server": frozenset(("host",)),
}
"""First and second words of global lines, here without `no`, that are facts about protection."""
_SSH = frozenset((("v2only",), ("v1v2",), ("v1only",)))
ON_INTERFACES = frozenset(("dot1x", "auth-mac", "auth", "switchport", "ip", "arp", "spanning-tree", "loop-protection"))
"""First words of interface lines that may be."""
_PORT_LINES: Mapping[tuple[str, ...], PortProtection] = {
    ("dot1x", "port-control", "auto"): PortProtection.DOT1X,
    ("auth-mac", "enable"): PortProtection.MAC_AUTHENTICATION,
    ("switchport", "port-security"): PortProtection.MAC_LIMIT,
}
_ACCESS_LISTS = {PortProtection.DOT1X: "dot1x", PortProtection.MAC_AUTHENTICATION: "auth-mac"}


def matters(keys: Sequence[str]) -> bool:
    """Whether an interface line is a fact about protection."""
    return (
        keys[:3] in (("ip", "dhcp", "snooping"), ("spanning-tree", "portfast", "bpdu-guard"))
        or keys[:2] in (("switchport", "port-security"), ("auth", "profile"), ("arp", "security"))
        or keys[:2] in (("spanning-tree", "portfast"), ("spanning-tree", "edgeport"))
        or keys[0] in ("dot1x", "auth-mac", "loop-protection")
    )


class Protection:
    """The global lines about protection, by their words."""

    def __init__(self, sections: Sections, ledger: Ledger) -> None:
        self._sections = sections
        self._lines: dict[tuple[str, ...], SourceLine] = {}
        self._profiles: dict[str, Node] = {}
        for node in sections.of("irrelevant"):
            keys = node.keys
            bare = keys[1:] if keys[0] == "no" else keys
            if len(bare) < 2 or bare[1] not in _MATTERS.get(bare[0], ()) or (bare[0] == "ssh" and bare[2:] not in _SSH):
                continue
            ledger.use_all(node)
            if bare[:2] == ("auth", "profile") and keys[0] != "no":
                self._profiles[node.words[-1]] = node
            self._lines[keys] = node.line

    def _starting(self, *start: str) -> list[tuple[tuple[str, ...], SourceLine]]:
        return [(keys, line) for keys, line in self._lines.items() if keys[: len(start)] == start]

    # --- ports

    def of_ports(
        self, interfaces: Mapping[str, InterfaceFacts]
    ) -> dict[str, tuple[tuple[PortProtection, Sources], ...]]:
        """What protects each port at layer 2; a member of a channel group has what the group has."""
        vlans = self._guarded_vlans(interfaces)
        own = {name: dict(self._of_port(facts, vlans)) if facts.switched else {} for name, facts in interfaces.items()}
        return {
            name: tuple({**own.get(interfaces[name].member_of or "", {}), **held}.items()) for name, held in own.items()
        }

    def _guarded_vlans(
        self, interfaces: Mapping[str, InterfaceFacts]
    ) -> dict[PortProtection, dict[int, list[SourceLine]]]:
        """`ip dhcp snooping` and `arp security` stand at VLAN interfaces, and act where `service dhcp-snooping` is on."""
        found: dict[PortProtection, dict[int, list[SourceLine]]] = {
            PortProtection.DHCP_SNOOPING: {},
            PortProtection.ARP_INSPECTION: {},
        }
        service = self._lines.get(("service", "dhcp-snooping"))
        if service is None or ("no", "service", "dhcp-snooping") in self._lines:
            return found
        for facts in interfaces.values():
            if facts.vlan is None:
                continue
            for node in facts.protective:
                if node.keys == ("ip", "dhcp", "snooping"):
                    found[PortProtection.DHCP_SNOOPING][facts.vlan] = [service, node.line]
                elif node.keys[:2] == ("arp", "security"):
                    found[PortProtection.ARP_INSPECTION][facts.vlan] = [service, node.line]
        arp = found[PortProtection.ARP_INSPECTION]
        found[PortProtection.ARP_INSPECTION] = {
            vlan: lines for vlan, lines in arp.items() if vlan in found[PortProtection.DHCP_SNOOPING]
        }
        return found

    def _of_port(
        self, facts: InterfaceFacts, vlans: Mapping[PortProtection, Mapping[int, list[SourceLine]]]
    ) -> Iterator[tuple[PortProtection, Sources]]:
        lines = {node.keys: node.line for node in facts.protective}
        for keys in list(lines):
            profile = self._profiles.get(_last_word(facts, keys)) if keys[:2] == ("auth", "profile") else None
            if profile is not None:
                lines.update((child.keys, child.line) for child in profile.children)
        for start, kind in _PORT_LINES.items():
            if start not in lines or ("no", *start) in lines:
                continue
            switch: list[SourceLine] = []
            if kind in _ACCESS_LISTS:
                switch = [line for _, line in self._starting("aaa", "authentication", _ACCESS_LISTS[kind])]
                if not switch:
                    continue  # authentication of this kind is not switched on
            yield kind, (lines[start], *switch)
        if ("ip", "dhcp", "snooping", "trust") not in lines:
            for kind, held in vlans.items():
                if facts.access_vlan in held:
                    yield kind, tuple(held[facts.access_vlan])
        yield from self._loops(lines)

    def _loops(self, lines: Mapping[tuple[str, ...], SourceLine]) -> Iterator[tuple[PortProtection, Sources]]:
        """BPDU guard acts on ports with portfast while spanning tree runs; loop detection acts unless its action is none."""
        stopped = any(("no", "spanning-tree", name, "enable") in self._lines for name in ("rstp", "stp", "mstp"))
        for word in ("portfast", "edgeport"):
            edge = lines.get(("spanning-tree", word))
            own = lines.get(("spanning-tree", "portfast", "bpdu-guard", "enable"))
            everywhere = self._lines.get(("spanning-tree", "portfast", "bpdu-guard"))
            off = ("spanning-tree", "portfast", "bpdu-guard", "disable") in lines
            guard = own or (None if off else everywhere)
            if edge is not None and guard is not None and not stopped:
                yield PortProtection.BPDU_GUARD, (edge, guard)
                break
        detect = next((line for _, line in self._starting("loop-protection", "loop-detect")), None)
        silent = any(
            keys[:1] == ("no",) or (keys[:2] == ("loop-protection", "action") and keys[2:] not in _CLOSING)
            for keys in lines
            if "loop-protection" in keys
        )
        if detect is not None and not silent:
            yield PortProtection.LOOP_DETECTION, (detect,)

    # --- the device itself

    def settings(self, shared: Sources, usual: Defaults, identity: Sources) -> Iterator[Setting]:
        """Every setting. `shared` are the lines of virtual addresses."""
        yield from self._timers(usual, identity)
        fails = self._starting("aaa", "local", "authentication", "attempts", "max-fail")
        pause = self._starting("aaa", "local", "authentication", "attempts", "lockout-time", "0")
        if fails or pause:
            number = None if pause or not fails else _number(fails[-1][0][-1])
            yield Setting(SettingKind.LOGIN_ATTEMPTS, number, tuple(line for _, line in (*fails, *pause)))
        else:
            yield Setting(SettingKind.LOGIN_ATTEMPTS, usual.login_attempts, identity, by_default=True)
        shown = [*self._starting("banner", "login"), *self._starting("banner", "motd")]
        if shown:
            yield Setting(SettingKind.LOGIN_BANNER, 1, tuple(line for _, line in shown))
        for word, version in (("v2only", 2), ("v1v2", 1), ("v1only", 1)):
            line = self._lines.get(("ssh", "server", word))
            if line is not None:
                yield Setting(SettingKind.SSH_VERSION, version, (line,))
        length = self._starting("security-password", "minimum-length")
        for keys, line in length:
            yield Setting(SettingKind.PASSWORD_LENGTH, _number(keys[-1]), (line,))
        yield from self._central(identity)
        second = [
            node.line
            for node in self._sections.of("model")
            if node.keys[1:2] not in ((), ("1",)) and node.keys[2:3] == ("provision",)
        ]
        stopped = [
            node.line
            for node in self._sections.of("router")
            if "vrrp" in node.keys[1:3] and all(child.keys != ("enable",) for child in node.children)
        ]
        if second or (shared and not stopped):
            yield Setting(SettingKind.REDUNDANCY, 1, (*second, *shared))
        elif shared or stopped:
            yield Setting(SettingKind.REDUNDANCY, None, (*shared, *stopped))
        else:
            yield Setting(SettingKind.REDUNDANCY, 0, identity, by_default=True)

    def _timers(self, usual: Defaults, identity: Sources) -> Iterator[Setting]:
        """`exec-timeout MINUTES [SECONDS]` of each terminal line; 0 0 = never."""
        blocks = self._sections.of("line")
        for node in blocks:
            where = " ".join(node.words)
            said = [child for child in node.children if child.keys[0] == "exec-timeout"]
            if not said:
                yield Setting(SettingKind.IDLE_TIMEOUT, usual.exec_timeout, (node.line,), where, by_default=True)
                continue
            parts = [_number(word) for word in said[-1].keys[1:]]
            known = [part for part in parts if part is not None]
            value = known[0] * 60 + sum(known[1:]) if len(known) == len(parts) and len(parts) in (1, 2) else None
            yield Setting(SettingKind.IDLE_TIMEOUT, value, (said[-1].line,), where)
        if not blocks:
            yield Setting(SettingKind.IDLE_TIMEOUT, usual.exec_timeout, identity, by_default=True)
            return
        for kind in ("con", "vty"):
            if all(not "".join(node.keys[1:2]).startswith(kind) for node in blocks):
                yield Setting(SettingKind.IDLE_TIMEOUT, usual.exec_timeout, identity, f"line {kind}", by_default=True)

    def _central(self, identity: Sources) -> Iterator[Setting]:
        """`aaa authentication login LIST METHODS`, for the lists that terminal lines use; by default only the accounts of the device."""
        uses: dict[str, list[SourceLine]] = {}
        for node in self._sections.of("line"):
            lists = [child for child in node.children if child.keys[:2] == ("login", "authentication")]
            name = "".join(lists[-1].keys[2:3]) if lists else "default"
            uses.setdefault(name, []).extend(child.line for child in lists)
        servers = [
            line
            for word in ("radius-server", "tacacs-server", "ldap-server")
            for _, line in self._starting(word, "host")
        ]
        for name, lines in (uses or {"default": []}).items():
            where = "" if name == "default" else name
            said = self._starting("aaa", "authentication", "login", name)
            if not said:
                default = name == "default"
                value = 0 if default else None
                yield Setting(
                    SettingKind.CENTRAL_AUTHENTICATION, value, tuple(lines) or identity, where, by_default=default
                )
                continue
            keys, line = said[-1]
            methods = keys[4:]
            value = None
            if methods[:1] == ("group",) and servers:
                value = 1
            elif methods == ("local",):
                value = 0
            sources = (line, *lines, *(servers if value else ()))
            yield Setting(SettingKind.CENTRAL_AUTHENTICATION, value, sources, where)

    def accounts(self) -> tuple[Account, ...]:
        """`username NAME [privilege N] ...`; 15 is every right; who of the others knows the `enable password` is not told."""
        raising = bool(self._sections.of("enable"))
        rights: dict[str, str] = {}
        lines: dict[str, list[SourceLine]] = {}
        for node in self._sections.of("username"):
            if len(node.words) < 2:
                continue
            name = node.words[1]
            lines.setdefault(name, []).append(node.line)
            if "privilege" in node.keys[2:-1]:
                rights[name] = node.keys[node.keys.index("privilege", 2) + 1]
        return tuple(
            Account(
                name,
                True if rights.get(name) == _MOST_RIGHTS else None if raising else False,
                tuple(held),
                rights_told=rights.get(name) == _MOST_RIGHTS or not raising,
            )
            for name, held in lines.items()
        )

    def snmp_users(self) -> tuple[SnmpUser, ...]:
        """`snmp-server user NAME GROUP [encrypted] [auth ...] [priv ...]`, `snmp-server group NAME auth|noauth|priv`."""
        return tuple(_snmp_users(self._sections.of("snmp")))


def _snmp_users(nodes: Iterable[Node]) -> Iterator[SnmpUser]:
    for node in nodes:
        keys = node.keys
        if keys[:2] == ("snmp-server", "user") and len(keys) > 3:
            yield SnmpUser(node.words[2], "auth" in keys[4:], "priv" in keys[4:], (node.line,))
        elif keys[:2] == ("snmp-server", "group") and len(keys) > 3:
            yield SnmpUser(node.words[2], keys[3] in ("auth", "priv"), keys[3] == "priv", (node.line,))


def _last_word(facts: InterfaceFacts, keys: tuple[str, ...]) -> str:
    return next((node.words[-1] for node in facts.protective if node.keys == keys), "")


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 8 else None
