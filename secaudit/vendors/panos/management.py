"""The management plane: the management port, management profiles of other interfaces, administrators, SNMP, logging, time and names (PA-05, PA-06)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.device import DoubtKind, NoticeKind, Plane
from secaudit.network.management import Credential, ManagementPlane, ManagementService, Server, SnmpCommunity, Storage
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.findings import Findings, Scope
from secaudit.vendors.panos.interfaces import MANAGEMENT, Ports
from secaudit.vendors.panos.tree import Node, joined

SERVICES = ("telnet", "ssh", "http", "https", "snmp")
_EVERYBODY = frozenset(("0.0.0.0/0", "::/0"))
_WELL_KNOWN = frozenset(("public", "private"))
_PROFILE_WORDS = frozenset((
    *SERVICES, "ping", "permitted-ip", "http-ocsp", "response-pages", "userid-service", "userid-syslog-listener-ssl", "userid-syslog-listener-udp",
))  # fmt: skip


def _is_known(word: str, setting: Node) -> bool:
    """Whether a line of a management profile is understood: all but the permitted addresses are `yes` or `no`."""
    return word in _PROFILE_WORDS and (word == "permitted-ip" or setting.children.keys() <= {"yes", "no"})


@dataclass(frozen=True, slots=True)
class Access:
    """One way to the device: by an interface, for a service; `permitted` are the hosts that may use it (None: any)."""

    interface: str
    service: str
    sources: Sources
    permitted: tuple[str, ...] | None
    by_default: bool = False


_OF_SNMP: Mapping[tuple[str, ...], frozenset[str]] = {
    (): frozenset(("access-setting", "snmp-system")),
    ("access-setting",): frozenset(("version",)),
    ("access-setting", "version"): frozenset(("v2c", "v3")),
    ("access-setting", "version", "v2c"): frozenset(("snmp-community-string",)),
    ("access-setting", "version", "v3"): frozenset(("users", "views")),
}
"""What may stand below `snmp-setting`, by the place."""


def snmp_doubts(deviceconfig: Node | None, findings: Findings) -> None:
    """Doubts about SNMP where a word of its settings is not known."""
    for path, known in _OF_SNMP.items():
        holder = None if deviceconfig is None else deviceconfig.child("system", "snmp-setting", *path)
        odd = [] if holder is None else [one for word, one in holder.children.items() if word not in known]
        if odd:
            findings.not_understood(*odd)
            text = Text(ja="SNMPの設定に読み取れない行があります。", en="Settings of SNMP were not understood.")
            findings.doubt(DoubtKind.UNREAD, text, odd[0].sources(), plane=Plane.MANAGEMENT)


def accesses(network: Node | None, deviceconfig: Node | None, ports: Ports, findings: Findings) -> list[Access]:
    """All of them: on the management port, and where a management profile opens another interface."""
    found: list[Access] = []
    snmp_doubts(deviceconfig, findings)
    found += _of_management_port(deviceconfig, findings)
    for name, (profile, lines) in ports.profiles.items():
        entry = None if network is None else network.child("profiles", "interface-management-profile", profile)
        if entry is None:
            text = Text(
                ja=f"インタフェース {name} の管理プロファイル「{profile}」の定義がありません。",
                en=f"The management profile '{profile}' of {name} is not defined in the file.",
            )
            findings.doubt(DoubtKind.UNDEFINED, text, lines, plane=Plane.MANAGEMENT)
            continue
        odd = [child for word, child in entry.children.items() if not _is_known(word, child)]
        if odd:
            findings.not_understood(*odd)
            text = Text(
                ja=f"管理プロファイル「{profile}」に読み取れない行があります。",
                en=f"The management profile '{profile}' has lines that were not understood.",
            )
            findings.doubt(DoubtKind.UNREAD, text, odd[0].sources(), plane=Plane.MANAGEMENT)
        permitted = entry.names("permitted-ip") or None
        for service in (*SERVICES, "ping"):
            if entry.yes(service):
                shown = joined((*lines, *entry.sources(service, "permitted-ip")))
                found.append(Access(name, service, shown, permitted))
    return found


def _of_management_port(deviceconfig: Node | None, findings: Findings) -> Iterator[Access]:
    system = None if deviceconfig is None else deviceconfig.child("system")
    if system is None:
        system = Node("system", findings.identity[0])  # what is not in the file is as it is by default
    permitted = system.names("permitted-ip") or None
    listed = system.sources("permitted-ip")[1:] if permitted else ()
    for service in (*SERVICES, "ping"):
        word = "icmp" if service == "ping" else service
        setting = system.child("service", f"disable-{word}")
        said = system.value("service", f"disable-{word}")
        if said == "no" or (said != "yes" and findings.defaults.services[service]):
            lines = findings.identity if setting is None else setting.sources()
            yield Access(MANAGEMENT, service, joined((*lines, *listed)), permitted, setting is None)


def read_management(
    root: Node,
    deviceconfig: Node | None,
    scopes: Sequence[Scope],
    network: Node | None,
    held: Sequence[Access],
    findings: Findings,
) -> ManagementPlane:
    """Everything the rules ask about the device itself."""
    system = None if deviceconfig is None else deviceconfig.child("system")
    return ManagementPlane(
        services=tuple(_service(name, held, system, findings) for name in SERVICES),
        snmp_communities=tuple(_communities(system, held)),
        credentials=tuple(_credentials(root, network, system)),
        syslog_servers=_collectors(scopes, findings),
        ntp_servers=tuple(_time_sources(system)),
        dns_servers=tuple(
            Server(system.value("dns-setting", "servers", word), one.sources())
            for word in ("primary", "secondary")
            if system is not None and (one := system.child("dns-setting", "servers", word)) is not None and one.children
        ),
    )


def _service(name: str, held: Sequence[Access], system: Node | None, findings: Findings) -> ManagementService:
    own = [one for one in held if one.service == name]
    if not own:
        setting = None if system is None else system.child("service", f"disable-{name}")
        return ManagementService(
            name, False, findings.identity if setting is None else setting.sources(), by_default=setting is None
        )
    return ManagementService(
        name,
        True,
        joined(line for one in own for line in one.sources),
        frozenset(one.interface for one in own),
        by_default=all(one.by_default for one in own),
        restricted=all(one.permitted is not None for one in own),
    )


def _communities(system: Node | None, held: Sequence[Access]) -> Iterator[SnmpCommunity]:
    setting = (
        None
        if system is None
        else system.child("snmp-setting", "access-setting", "version", "v2c", "snmp-community-string")
    )
    if setting is None or not setting.children or system is None:
        return
    own = [one.permitted for one in held if one.service == "snmp"]
    listed = own or [system.names("permitted-ip") or None]
    restricted = all(one is not None and not _EVERYBODY & set(one) for one in listed)
    yield SnmpCommunity(next(iter(setting.children)) in _WELL_KNOWN, False, restricted, setting.sources())


_SECRETS: Mapping[str, tuple[str, Storage]] = {
    "authpwd": ("SNMP user", Storage.REVERSIBLE),
    "privpwd": ("SNMP user", Storage.REVERSIBLE),
}


def _credentials(root: Node, network: Node | None, system: Node | None) -> Iterator[Credential]:
    """Hashes of administrators, keys of IKE gateways (encrypted with the master key), SNMPv3 users."""
    for user in root.entries("mgt-config", "users"):
        phash = user.child("phash")
        if phash is not None:
            yield Credential(f"admin {user.name}", Storage.HASHED, phash.sources())
    for gateway in () if network is None else network.entries("ike", "gateway"):
        # The mask of the key takes the word in front of it with it.
        key = gateway.child("authentication", "pre-shared-key")
        if key is not None:
            yield Credential(f"IKE pre-shared key {gateway.name}", Storage.REVERSIBLE, key.sources())
    v3 = None if system is None else system.child("snmp-setting", "access-setting", "version", "v3", "users")
    for user in () if v3 is None else v3.children.values():
        for word, (what, storage) in _SECRETS.items():
            setting = user.child(word)
            if setting is not None:
                yield Credential(f"{what} {user.name} {word}", storage, setting.sources())


def _collectors(scopes: Sequence[Scope], findings: Findings) -> tuple[Server, ...]:
    """Servers of syslog profiles that some kind of log is sent to; a profile that nothing uses collects nothing."""
    holders = [scope.local for scope in scopes] + [one for scope in scopes[:1] for one in scope.around]
    used: dict[str, Sources] = {}
    for holder in holders:
        settings = holder.child("log-settings")
        for node in () if settings is None else settings.below():
            if node.name in _SENDING:
                used.update((name, (child.line,)) for name, child in node.children.items())
    found: dict[str, Server] = {}
    for holder in holders:
        for path in (("log-settings", "syslog"), ("server-profile", "syslog")):
            for profile in holder.entries(*path):
                if profile.name not in used:
                    text = Text(
                        ja=f"syslog プロファイル「{profile.name}」にログを送る設定がありません。",
                        en=f"No log is sent to the syslog profile '{profile.name}'.",
                    )
                    findings.notice(NoticeKind.INACTIVE, text, profile.sources())
                    continue
                for server in profile.entries("server"):
                    address = server.value("server")
                    if address:
                        lines = joined((*server.sources("server"), *used[profile.name]))
                        found.setdefault(address, Server(address, lines))
    return tuple(found.values())


_SENDING = frozenset(("send-syslog", "using-syslog-setting"))


def _time_sources(system: Node | None) -> Iterator[Server]:
    if system is None:
        return
    for path in (
        ("ntp-servers", "primary-ntp-server", "ntp-server-address"), ("ntp-servers", "secondary-ntp-server", "ntp-server-address"),
        ("ntp-server-1",), ("ntp-server-2",),
    ):  # fmt: skip
        setting = system.child(*path)
        if setting is not None and setting.children:
            yield Server(system.value(*path), setting.sources())
