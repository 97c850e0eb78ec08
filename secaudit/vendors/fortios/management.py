"""The management plane: services, administrators, SNMP, logging, time and name servers (FO-14)."""

from __future__ import annotations

from secaudit.network.device import DoubtKind, Plane
from secaudit.network.management import (
    Credential,
    ManagementPlane,
    ManagementService,
    Server,
    SnmpCommunity,
    Storage,
)
from secaudit.network.matches import TCP, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports

_SERVICES = ("telnet", "ssh", "http", "https", "snmp")
_PORT_SETTINGS = {"http": "admin-port", "https": "admin-sport", "ssh": "admin-ssh-port", "telnet": "admin-telnet-port"}
_SYSLOG = ("log syslogd", "log syslogd2", "log syslogd3", "log syslogd4")
_COLLECTORS = (*_SYSLOG, "log fortianalyzer", "log fortianalyzer2", "log fortianalyzer3")
_WELL_KNOWN = frozenset(("public", "private"))
ANY_HOST = ("0.0.0.0 0.0.0.0", "0.0.0.0/0", "::/0", "")
_NO_SERVER = ("", "0.0.0.0", "::")  # noqa: S104 (addresses, nothing is bound)
FORTIGUARD = "FortiGuard"
"""Shown as the address of the time source when the device takes time from FortiGuard."""


def read_management(scope: Scope, ports: Ports) -> ManagementPlane:
    """Everything the rules ask about the device itself."""
    return ManagementPlane(
        services=_services(scope, ports),
        snmp_communities=_communities(scope),
        credentials=_credentials(scope),
        syslog_servers=_collectors(scope),
        ntp_servers=_time_sources(scope),
        dns_servers=_resolvers(scope),
    )


_OTHER_ACCESS = frozenset((
    "ping", "fgfm", "fabric", "capwap", "radius-acct", "probe-response", "dnp", "ftm", "speed-test", "scim", "icond", "auto-ipsec", "fortitelemetry",
))  # fmt: skip
"""What `allowaccess` may list besides the services that rules ask for."""


_ABOUT_ACCESS = frozenset(("allowaccess", "telnet", "ssh", "http", "https", "snmp"))
"""Words by which a line of an interface that is not understood may be about who manages the device."""


def _unknown_access(scope: Scope, interface: str, word: str, lines: Sources) -> None:
    scope.findings.not_understood(lines)
    text = Text(
        ja=f"インタフェース {interface} の allowaccess の {word} が何を許可するか分かりません。",
        en=f"What {word} in the allowaccess of {interface} permits is not known.",
    )
    scope.findings.doubt(DoubtKind.UNREAD, text, lines, plane=Plane.MANAGEMENT)


def _services(scope: Scope, ports: Ports) -> tuple[ManagementService, ...]:
    interfaces: dict[str, set[str]] = {name: set() for name in _SERVICES}
    lines: dict[str, list[SourceLine]] = {name: [] for name in _SERVICES}
    for entry in scope.entries("system interface"):
        if entry.name not in ports.interfaces:
            continue
        odd = tuple(line for line in entry.unknown if _ABOUT_ACCESS & set(line.text.lower().split()))
        if odd:
            _unknown_access(scope, entry.name, odd[0].text.strip(), odd)
        holders = [(entry, "allowaccess"), (entry.section("ipv6"), "ip6-allowaccess")]
        holders += [(second, "allowaccess") for second in entry.section("secondaryip").entries.values()]
        for holder, name in holders:
            for service in holder.values(name):
                if service in interfaces:
                    interfaces[service].add(entry.name)
                    lines[service] += holder.lines_of(name)
                elif service not in _OTHER_ACCESS:
                    _unknown_access(scope, entry.name, service, holder.lines_of(name))
    restricted, trust_lines = _trusted_hosts(scope)
    return tuple(
        _service(scope, name, frozenset(interfaces[name]), join(lines[name]), restricted, trust_lines)
        for name in _SERVICES
    )


def _service(
    scope: Scope, name: str, interfaces: frozenset[str], lines: Sources, restricted: bool, trust_lines: Sources
) -> ManagementService:
    if not interfaces:
        # No interface lists it and the default of `allowaccess` is empty: it answers nowhere.
        return ManagementService(name, False, scope.identity, by_default=True)
    usual = scope.defaults
    switches: dict[str, tuple[Section, str, bool]] = {
        "telnet": (scope.section("system global"), "admin-telnet", usual.telnet_where_listed),
        "snmp": (scope.section("system snmp sysinfo"), "status", usual.snmp_agent),
    }
    if name in switches:
        section, switch, otherwise = switches[name]
        if not section.is_on(switch, otherwise):
            said = section.lines_of(switch)
            return ManagementService(name, False, (*(said or section.opening), *lines), interfaces, by_default=not said)
    if name == "snmp":
        restricted, trust_lines = _snmp_restricted(scope)
    return ManagementService(
        name,
        True,
        join((*lines, *(trust_lines if restricted else ()))),
        interfaces,
        restricted=restricted,
        listens=_listens(scope, name),
    )


def _listens(scope: Scope, name: str) -> tuple[Service, ...]:
    """The port of an administrative service where it was changed."""
    setting = _PORT_SETTINGS.get(name, "")
    word = scope.shared.section("system global").get(setting)
    if not (word.isascii() and word.isdigit() and len(word) <= 5):
        return ()
    return (Service(((TCP, TCP),), ((int(word), int(word)),)),)


def _trusted_hosts(scope: Scope) -> tuple[bool, Sources]:
    """Whether every administrator is bound to trusted hosts: only then are other sources refused."""
    admins = scope.section("system admin").entries.values()
    lines: list[SourceLine] = []
    for admin in admins:
        own = [
            setting
            for name, setting in admin.settings.items()
            if name.startswith(("trusthost", "ip6-trusthost")) and setting.value not in ANY_HOST
        ]
        if not own:
            return False, ()
        lines += [line for setting in own for line in setting.lines]
    return bool(lines), tuple(lines)


def _snmp_restricted(scope: Scope) -> tuple[bool, Sources]:
    entries = list(scope.section("system snmp community").entries.values())
    hosts = [_snmp_hosts(entry) for entry in entries]
    return bool(hosts) and all(hosts), tuple(line for one in hosts for line in one)


def _snmp_hosts(entry: Section) -> Sources:
    """The lines that bind a community to hosts; none when any host may ask."""
    hosts = [(host, host.get("ip")) for host in entry.section("hosts").entries.values()]
    hosts += [(host, host.get("ipv6")) for host in entry.section("hosts6").entries.values()]
    if any(value in ANY_HOST for _, value in hosts):
        return ()
    return tuple(line for host, _ in hosts for line in host.lines_of("ip", "ipv6"))


def _communities(scope: Scope) -> tuple[SnmpCommunity, ...]:
    found = []
    for entry in scope.section("system snmp community").entries.values():
        asked = scope.defaults.snmp_queries
        if not scope.works(entry) or not any(entry.is_on(f"query-{one}-status", asked) for one in ("v1", "v2c")):
            continue
        hosts = _snmp_hosts(entry)
        sources = (*entry.opening, *entry.lines_of("name"), *hosts)
        found.append(SnmpCommunity(entry.get("name") in _WELL_KNOWN, False, bool(hosts), sources))
    return tuple(found)


def _credentials(scope: Scope) -> tuple[Credential, ...]:
    found: list[Credential] = []
    for admin in scope.section("system admin").entries.values():
        found += _credential(admin, "password", f"admin {admin.name}", Storage.HASHED)
    for path in ("vpn ipsec phase1-interface", "vpn ipsec phase1"):
        for tunnel in scope.entries(path):
            found += _credential(tunnel, "psksecret", f"IPsec pre-shared key {tunnel.name}", Storage.REVERSIBLE)
    for user in scope.section("system snmp user").entries.values():
        for name in ("auth-pwd", "priv-pwd"):
            found += _credential(user, name, f"SNMP user {user.name} {name}", Storage.REVERSIBLE)
    return tuple(found)


def _credential(entry: Section, name: str, what: str, encoded: Storage) -> list[Credential]:
    """FortiOS always writes secrets as `ENC ...`; anything else was masked or typed by a person before it came to us."""
    setting = entry.settings.get(name)
    if setting is None:
        return []
    storage = encoded if setting.values[:1] == ("ENC",) else Storage.UNKNOWN
    return [Credential(what, storage, setting.lines)]


def _collectors(scope: Scope) -> tuple[Server, ...]:
    found = []
    for path in _COLLECTORS:
        settings = scope.section(f"{path} setting")
        override = scope.section(f"{path} override-setting")
        if override.enabled("override") or override.enabled("status"):
            settings = override
        if settings.enabled("status") and settings.get("server"):
            found.append(Server(settings.get("server"), settings.lines_of("status", "server")))
    return tuple(found)


def _time_sources(scope: Scope) -> tuple[Server, ...]:
    ntp = scope.section("system ntp")
    if not ntp.enabled("ntpsync"):
        return ()
    on = ntp.lines_of("ntpsync", "type")
    if ntp.get("type", scope.defaults.ntp_type) == "fortiguard" and not ntp.section("ntpserver").entries:
        return (Server(FORTIGUARD, on),)
    return tuple(
        Server(entry.get("server"), (*on, *entry.lines_of("server")))
        for entry in ntp.section("ntpserver").entries.values()
        if entry.get("server")
    )


def _resolvers(scope: Scope) -> tuple[Server, ...]:
    own = scope.section("system vdom-dns")
    settings = own if own.enabled("vdom-dns") else scope.section("system dns")
    return tuple(
        Server(settings.get(name), settings.lines_of(name))
        for name in ("primary", "secondary", "ip6-primary", "ip6-secondary")
        if settings.get(name) not in _NO_SERVER
    )
