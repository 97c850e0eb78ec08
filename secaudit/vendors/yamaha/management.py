"""Reads the management plane: services, communities, passwords, logs, time and resolvers (A.9)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import PORT_MAX, IPNetwork
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
from secaudit.text.source import Sources
from secaudit.vendors.yamaha.addresses import host
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, Outcome
from secaudit.vendors.yamaha.models import lacks_service
from secaudit.vendors.yamaha.protection import SETTINGS_READ, accounts, snmp_users
from secaudit.vendors.yamaha.protection import settings as protective_settings
from secaudit.vendors.yamaha.table import Handler, read_data

_SWITCHES = (("on",), ("off",))
_WELL_KNOWN = ("public", "private")
_SCHEDULED = Text(
    ja="スケジュールで設定を変えるコマンドやLuaスクリプトが実行されるため、この設定は固定ではありません",
    en="a schedule runs a Lua script or a command that changes settings, so this configuration is not static",
)
_SCHEDULED_HARMLESS = Text(
    ja="スケジュールで実行されるコマンドは、転送や管理の設定を変えません",
    en="the scheduled command changes neither forwarding nor management",
)


def _switch(command: Command, draft: Draft) -> Outcome:
    """`telnetd service on|off`, `ip routing on|off`, `syslog notice on|off`: kept under the words before the value."""
    return _keep(command, draft, command.words[:2], command.words[2:] in _SWITCHES)


def _value(command: Command, draft: Draft) -> Outcome:
    """A setting of two words and any value: `telnetd host ...`, `console prompt ...`."""
    return _keep(command, draft, command.words[:2], len(command.words) > 2)


def _three_word_value(command: Command, draft: Draft) -> Outcome:
    return _keep(command, draft, command.words[:3], len(command.words) > 3)


def _host(command: Command, draft: Draft) -> Outcome:
    """`snmp host HOST [RO [RW]]`, of which there may be several lines, one a host (21.1, 21.6, 21.14: `no snmp host [HOST]`)."""
    words = command.words
    held = draft.snmp_hosts.setdefault(" ".join(words[:2]), {})
    if command.negated and len(words) > 2:
        held.pop(words[2], None)
    elif command.negated:
        held.clear()
    elif len(words) < 3:
        return Outcome.UNREAD
    else:
        held[words[2]] = command
    return Outcome.USED


def _host_lines(draft: Draft, start: str) -> list[Command]:
    """All lines about the hosts of one service: `snmp host` has a line for each, `telnetd host` one for all."""
    found = [draft.settings[start]] if start in draft.settings else []
    return [*found, *draft.snmp_hosts.get(start, {}).values()]


def _keep(command: Command, draft: Draft, key_words: tuple[str, ...], valid: bool) -> Outcome:
    key = " ".join(key_words)
    if command.negated:
        draft.settings.pop(key, None)
        return Outcome.USED
    if not valid:
        return Outcome.UNREAD
    draft.settings[key] = command
    return Outcome.USED


def _listen(command: Command, draft: Draft) -> Outcome:
    """`telnetd|sshd|httpd listen PORT`."""
    word = "".join(command.words[2:3])
    valid = word.isascii() and word.isdecimal() and 0 < int(word[:6]) <= PORT_MAX
    return _keep(command, draft, command.words[:2], valid)


def _secret(command: Command, draft: Draft) -> Outcome:
    """A line with a secret, kept once per user, key number, PP and tunnel."""
    start = " ".join(command.words[:3])
    entry = next(one for one in read_data("management")["credential"] if start.startswith(one["command"]))
    words = command.words[: len(entry["command"].split()) + entry["names"]]
    key = f"secret {' '.join(words)} {command.pp} {command.tunnel}"
    if command.negated:
        draft.settings.pop(key, None)
        if command.pp is not None:
            draft.interface(command.pp).peer_routes.pop(" ".join(command.words[:4]), None)
        return Outcome.USED
    if len(command.words) <= len(words):
        return Outcome.UNREAD
    draft.settings[key] = command
    if entry["command"] == "pp auth username" and command.pp is not None:
        _address_of_caller(command, draft, command.pp)
    return Outcome.USED


def _address_of_caller(command: Command, draft: Draft, name: str) -> None:
    """`pp auth username USER PASS ... [ADDRESS]`: the caller has that address while he is connected (11)."""
    addresses = [address for word in command.words[5:] if (address := host(word)) is not None]
    if addresses:
        networks: tuple[IPNetwork, ...] = tuple(map(ipaddress.ip_network, addresses))
        draft.interface(name).peer_routes[" ".join(command.words[:4])] = (networks, command.line)


def _schedule(command: Command, draft: Draft) -> Outcome:
    """`schedule at N [DATE] TIME|startup|... WHO COMMAND`: time from `ntpdate`; anything that changes settings is a doubt."""
    words = command.words
    key = f"schedule {words[2] if len(words) > 2 else ''}"
    if command.negated:
        draft.settings.pop(key, None)
        return Outcome.USED
    if len(words) < 5:
        return Outcome.UNREAD
    data = read_data("schedule")
    start = next((at for at, word in enumerate(words) if at > 2 and word in data["commands"]), None)
    if start is not None and words[start] == "ntpdate" and len(words) > start + 1:
        draft.settings[key] = command
        return Outcome.USED
    if start is not None and words[start] in data["harmless"]:
        draft.mark_irrelevant(command.sources, _SCHEDULED_HARMLESS)
        return Outcome.ACCOUNTED
    draft.doubt(DoubtKind.UNSUPPORTED, _SCHEDULED, command.sources)
    return Outcome.USED


def build_management(draft: Draft, identity: Sources, model: str) -> ManagementPlane:
    """The management plane with the documented defaults of the model (A.9)."""
    settings = draft.settings
    notice = settings.get("syslog notice")
    return ManagementPlane(
        tuple(_services(draft, identity, model)),
        tuple(_communities(draft, identity)),
        tuple(_credentials(settings)),
        _servers(settings, "syslog host", 2),
        tuple(_time_servers(settings)),
        _servers(settings, "dns server", 2),
        notice is not None and notice.words[2] == "on",
        identity if notice is None else notice.sources,
        tuple(protective_settings(draft, identity, model)),
        SETTINGS_READ,
        accounts(draft),
        snmp_users(draft),
    )


def _services(draft: Draft, identity: Sources, model: str) -> Iterator[ManagementService]:
    for entry in read_data("management")["service"]:
        switch = draft.settings.get(entry["switch"]) if "switch" in entry else None
        hosts, words = listed_hosts(draft, entry)
        if "switch" in entry:
            default = bool(entry["default"]) and not lacks_service(entry["name"], model)
            enabled = switch.words[-1] == "on" if switch is not None else default
        else:
            enabled = bool(hosts)
        where = words or tuple(entry["default_host"].split())
        if set(where) == {"none"}:
            enabled = False
        interfaces, restricted = _reach(draft, where)
        said = (*(switch.sources if switch is not None else ()), *(line for host in hosts for line in host.sources))
        port = draft.settings.get(f"{entry['daemon']} listen") if "daemon" in entry else None
        number = 0 if port is None else int(port.words[2])
        yield ManagementService(
            entry["name"],
            enabled,
            said or identity,
            interfaces,
            by_default=not said,
            restricted=restricted,
            listens=(Service(((TCP, TCP),), ((number, number),)),) if number else (),
        )


def listed_hosts(draft: Draft, entry: Mapping[str, Any]) -> tuple[list[Command], tuple[str, ...]]:
    """The lines that name the hosts of a service, and these hosts; in lines about SNMP names of communities follow."""
    used = [line for start in entry["hosts"] for line in _host_lines(draft, start)]
    last = 3 if entry["name"] == "snmp" else None
    return used, tuple(word for one in used for word in one.words[2:last])


def _reach(draft: Draft, words: tuple[str, ...]) -> tuple[frozenset[str] | None, bool]:
    """Where a `host` list lets a service answer: interfaces (None = all), and whether addresses are listed.

    Interfaces bound it only when nothing else is listed: an address may come in anywhere.
    """
    if "any" in words:
        return None, False
    names: set[str] = set()
    addresses = False
    for word in words:
        if word == "lan":
            names.update(name for name in draft.interfaces if name.startswith(("lan", "vlan", "bridge")))
        elif word.startswith(("lan", "vlan", "bridge", "wan", "onu")):
            names.add(word)
        elif _is_address(word):
            addresses = True
        elif word != "none":
            return None, False  # whom it stands for is not known
    return (None if addresses or not words else frozenset(names)), addresses


def _is_address(word: str) -> bool:
    return word[:1].isdecimal() or ":" in word


def _communities(draft: Draft, identity: Sources) -> Iterator[SnmpCommunity]:
    """`snmp community ...`, or `snmp host HOST RO RW`; v1 answers to `public` when neither names one (A.9).

    Without a line about hosts nobody is answered (21.1). A LAN as host is any host there.
    """
    for prefix, hosts in (("snmp", "snmp host"), ("snmpv2c", "snmpv2c host")):
        opened = _host_lines(draft, hosts)
        restricted = all(one.words[2] == "none" or _is_address(one.words[2]) for one in opened)
        active = [one for one in opened if one.words[2] != "none"]
        for access in ("read-only", "read-write"):
            command = draft.settings.get(f"{prefix} community {access}")
            if command is not None:
                name = command.raw[3]
                sources = (*command.sources, *(line for one in opened for line in one.sources))
                yield SnmpCommunity(name in _WELL_KNOWN, access == "read-write", restricted, sources)
            position = 3 if access == "read-only" else 4
            for one in active:
                if len(one.words) > position:
                    yield SnmpCommunity(
                        one.raw[position] in _WELL_KNOWN, access == "read-write", restricted, one.sources
                    )
                elif access == "read-only" and prefix == "snmp" and len(one.words) == 3 and command is None:
                    yield SnmpCommunity(True, False, restricted, (*one.sources, *identity))


def _credentials(settings: Mapping[str, Command]) -> Iterator[Credential]:
    for key, command in settings.items():
        if not key.startswith("secret "):
            continue
        words = command.words
        for entry in read_data("management")["credential"]:
            start = tuple(entry["command"].split())
            if words[: len(start)] == start:
                yield Credential(entry["what"], _storage(words), command.sources)
                break


def _storage(words: tuple[str, ...]) -> Storage:
    """`encrypted` keeps a hash; a single `*` is how `show config` hides a password, so its form is not known."""
    if "encrypted" in words:
        return Storage.HASHED
    return Storage.UNKNOWN if words[-1] == "*" else Storage.CLEAR


def _servers(settings: Mapping[str, Command], key: str, start: int) -> tuple[Server, ...]:
    command = settings.get(key)
    if command is None:
        return ()
    words = command.words[start:]
    if words[:1] in (("pp",), ("dhcp",), ("tunnel",)):
        return (Server(" ".join(words[:2]), command.sources),)
    found = [word for word in words if "=" not in word]
    return tuple(Server(word, command.sources) for word in found)


def _time_servers(settings: Mapping[str, Command]) -> Iterator[Server]:
    for key, command in settings.items():
        if key.startswith("schedule ") and "ntpdate" in command.words:
            yield Server(command.words[command.words.index("ntpdate") + 1], command.sources)


HANDLERS: Mapping[str, Handler] = {
    "telnetd|sshd|httpd|sftpd service": _switch,
    "telnetd|sshd|httpd|sftpd|tftp host": _value,
    "telnetd|sshd|httpd listen": _listen,
    "snmp|snmpv2c|snmpv3 host": _host,
    "snmp|snmpv2c community read-only|read-write": _three_word_value,
    "snmp sysname": _value,
    "syslog host": _value,
    "syslog notice": _switch,
    "console prompt": _value,
    "dns server": _value,
    "dhcp service": _value,
    "dhcp relay server": _three_word_value,
    "ip routing": _switch,
    "ipv6 routing": _switch,
    "login|administrator password": _secret,
    "login user": _secret,
    "pp auth myname|username": _secret,
    "ipsec ike pre-shared-key": _secret,
    "l2tp tunnel auth": _secret,
    "radius secret": _secret,
    "schedule at": _schedule,
}
