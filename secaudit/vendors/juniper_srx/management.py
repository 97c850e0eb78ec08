"""The management plane: services, accounts, SNMP, logging, time and name servers.

Junos runs no service that the configuration does not name, apart from the console; what each takes is in `host-inbound-traffic`.
Passwords are stored as hashes (`encrypted-password`), shared secrets as `$9$` text that can be turned back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from secaudit.network.management import Credential, ManagementPlane, ManagementService, Server, SnmpCommunity, Storage
from secaudit.network.matches import TCP, Service
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError, Scope
from secaudit.vendors.juniper_srx.services import number
from secaudit.vendors.juniper_srx.tree import Statement, join

_ON = {
    "telnet": ("telnet",), "ssh": ("ssh",), "ftp": ("ftp",), "http": ("web-management", "http"), "https": ("web-management", "https"),
    "tftp": ("tftp-server",),
}  # fmt: skip
_WELL_KNOWN = frozenset(("public", "private"))
_SECRETS = {
    "encrypted-password": Storage.HASHED, "plain-text-password-value": Storage.CLEAR, "plain-text-password": Storage.CLEAR,
    "secret": Storage.REVERSIBLE, "ascii-text": Storage.REVERSIBLE, "hexadecimal": Storage.REVERSIBLE, "authentication-key": Storage.REVERSIBLE,
    "authentication-password": Storage.REVERSIBLE, "privacy-password": Storage.REVERSIBLE, "privacy-key": Storage.REVERSIBLE, "simple-password": Storage.REVERSIBLE,
    "chap-secret": Storage.REVERSIBLE, "default-chap-secret": Storage.REVERSIBLE, "local-password": Storage.REVERSIBLE, "default-password": Storage.REVERSIBLE,
    "pap-password": Storage.REVERSIBLE,
}  # fmt: skip
_EVERYBODY = ("0.0.0.0/0", "::/0", "0/0", "default")
_PARTS = ("system", "snmp", "security", "access", "protocols", "routing-instances", "interfaces")
Answering = Callable[[str], frozenset[str] | None]
"""The interfaces on which a service may be asked; None for all."""


def read_management(scope: Scope, answering: Answering) -> ManagementPlane:
    """Everything the rules ask about the device itself."""
    return ManagementPlane(
        services=tuple(_services(scope, answering)),
        snmp_communities=tuple(_communities(scope)),
        credentials=tuple(_credentials(scope)),
        syslog_servers=tuple(_syslog(scope)),
        ntp_servers=tuple(_servers(scope, ("system", "ntp"), ("server", "peer"))),
        dns_servers=tuple(_servers(scope, ("system",), ("name-server",))),
    )


def _services(scope: Scope, answering: Answering) -> Iterator[ManagementService]:
    system = scope.section("system", "services")
    system.use()
    usual = scope.defaults.services
    for name, path in _ON.items():
        found = system.get(*path)
        if found is None:
            yield ManagementService(name, usual[name], scope.identity, by_default=True)
            continue
        found.use_all()
        if path[0] in system.children:
            system.children[path[0]].use()
        interfaces = answering(name)
        bound = frozenset(_unit(one.word) for one in found.below("interface"))
        if "all.0" in bound:
            bound = frozenset()
        if bound:
            interfaces = bound if interfaces is None else bound & interfaces
        yield ManagementService(name, True, found.sources() or scope.identity, interfaces, listens=_listens(found))
    snmp = scope.section("snmp")
    agents = [snmp.get(word) for word in ("community", "v3")]
    lines = join(*(one.sources() for one in agents if one is not None))
    yield ManagementService(
        "snmp", bool(lines) or usual["snmp"], lines or scope.identity, answering("snmp") if lines else None, by_default=not lines,
        restricted=_snmp_restricted(snmp),
    )  # fmt: skip


def _unit(word: str) -> str:
    return word if "." in word else f"{word}.0"


def _listens(found: Statement) -> tuple[Service, ...]:
    said = found.value("port")
    if not said:
        return ()
    try:
        port = number(said, 1, 65535)
    except NotUnderstoodError:
        return ()
    return (Service(((TCP, TCP),), ((port, port),)),)


def _snmp_restricted(snmp: Statement) -> bool:
    communities = [one for community in snmp.below("community") for one in _single(community)]
    return bool(communities) and all(one.restricted for one in communities)


@dataclass(frozen=True, slots=True)
class _Community:
    writable: bool
    restricted: bool
    lines: Sources


def _single(community: Statement) -> Iterator[_Community]:
    """The communities behind one word: their names are masked before anything is read, so that several look like one.

    Each begins with its own line, or with `authorization` behind the settings of another one. A client lets in, `restrict` refuses it; no
    client at all, or one that is everybody, lets everybody in.
    """
    sources = community.sources()
    heads = {line.number for line in community.lines}
    levels = {line.number for line in _sources_of(community.get("authorization"))}
    groups: list[list[SourceLine]] = []
    seen = False
    for line in sources:
        if not groups or line.number in heads or (line.number in levels and seen):
            groups.append([])
            seen = False
        seen = seen or line.number not in heads
        groups[-1].append(line)
    place = {line.number: index for index, group in enumerate(groups) for line in group}
    writable = {place[line.number] for line in _sources_of(community.get("authorization", "read-write"))}
    named: set[int] = set()
    everybody: set[int] = set()
    for one in (*community.below("clients"), *community.below("client-list-name")):
        mine = {place[line.number] for line in one.sources()}
        named |= mine
        if one.word in _EVERYBODY:
            everybody |= mine - {place[line.number] for line in _sources_of(one.get("restrict"))}
    for index, group in enumerate(groups):
        yield _Community(index in writable, index in named and index not in everybody, tuple(group))


def _sources_of(statement: Statement | None) -> Sources:
    return () if statement is None else statement.sources()


def _communities(scope: Scope) -> Iterator[SnmpCommunity]:
    snmp = scope.section("snmp")
    snmp.use()
    for one in snmp.below("community"):
        snmp.children["community"].use()
        one.use_all()
        for found in _single(one):
            yield SnmpCommunity(one.word in _WELL_KNOWN, found.writable, found.restricted, found.lines)


def _credentials(scope: Scope) -> Iterator[Credential]:
    """Every secret of the file, named by where it stands."""
    for part in _PARTS:
        section = scope.root.get(part)
        if section is None:
            continue
        stack: list[tuple[tuple[str, ...], Statement]] = [((part,), section)]
        while stack:
            path, node = stack.pop()
            for child in reversed(list(node)):
                if child.word in _SECRETS and child.children:
                    if part == "security" and child.word in ("secret",) and "ike" not in path:
                        continue
                    child.use_all()
                    yield Credential(_what(path, child.word), _SECRETS[child.word], child.sources() or node.sources())
                elif child.children and len(path) < 30:
                    stack.append(((*path, child.word), child))


def _what(path: tuple[str, ...], word: str) -> str:
    match path:
        case ("system", "root-authentication", *_):
            return "root password"
        case ("system", "login", "user", *_):
            return "user password"
        case ("security", "ike", *_):
            return "IKE pre-shared key"
        case ("system", "radius-server" | "tacplus-server", *_):
            return f"{path[1]} secret"
        case _:
            return f"{path[0]} {word}"


def _syslog(scope: Scope) -> Iterator[Server]:
    for host in scope.section("system", "syslog").below("host"):
        host.use_all()
        if host.word != "other-routing-engine":
            yield Server(host.word, host.sources() or scope.identity)
    log = scope.section("security", "log")
    for stream in log.below("stream"):
        address = stream.value("host") or next(iter(inner.word for inner in stream.below("host")), "")
        if address and address not in ("port",):
            stream.use_all()
            yield Server(address, stream.sources())


def _servers(scope: Scope, path: tuple[str, ...], words: tuple[str, ...]) -> Iterator[Server]:
    section = scope.section(*path)
    section.use()
    for word in words:
        for one in section.below(word):
            section.children[word].use()
            one.use_all()
            yield Server(one.word, one.sources() or scope.identity)
