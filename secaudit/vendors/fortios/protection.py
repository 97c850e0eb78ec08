"""How the device protects itself: sessions, failed logins, banners, passwords, administrators, users of SNMPv3, a second device.

Read: `admintimeout` is in minutes, an access profile may override it, and the console follows it unless `admin-console-timeout` is set (community
213366, 190539); the profile `super_admin` alone can do everything (administration guide, "Administrator profiles"); the password policy is
switched on by itself from 7.6.5 on (community 220886). From the CLI reference: `admin-restrict-local` keeps local administrators out while a
server answers; users of SNMPv3 neither authenticate nor encrypt unless `security-level` says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.network.device import DoubtKind, Plane
from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.settings import is_whole, without_defaults
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports

SETTINGS_READ = frozenset(SettingKind)
_MINUTE = 60
_ALL_RIGHTS, _ONLY_READS = "super_admin", "super_admin_readonly"
_SYSTEM_RIGHTS = ("sysgrp", "admingrp")
"""What a profile needs to make administrators; the name of the second one is of releases before 6.0."""
_SERVERS = ("user radius", "user tacacs+", "user ldap")
_BUILT_IN = frozenset(("", "super_admin", "super_admin_readonly", "prof_admin", "no_access"))
"""Profiles that are there without a line."""
_CLUSTERS = frozenset(("a-a", "a-p"))
_LEVELS = {
    "": (False, False),
    "no-auth-no-priv": (False, False),
    "auth-no-priv": (True, False),
    "auth-priv": (True, True),
}
_ON_OR_OFF = {"enable": True, "disable": False}


def whole(scope: Scope) -> bool:
    """Whether what a device does not say in the file is as its release has it: nothing that could say otherwise was lost or left out."""
    if scope.version is None or not all(scope.section(one).lines for one in ("system global", "system interface")):
        return False
    return is_whole(scope.findings.doubts)


def read_settings(scope: Scope, ports: Ports) -> tuple[Setting, ...]:
    """All settings of the device; to be asked when everything else of it was read."""
    found = (
        *_timeouts(scope),
        *_attempts(scope),
        *_banner(scope),
        *_ssh_version(scope),
        *_password_length(scope),
        *_central(scope),
        *_redundancy(scope, ports),
    )
    return found if whole(scope) else without_defaults(found)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None


def _usual(scope: Scope, kind: SettingKind, value: int) -> Setting:
    return Setting(kind, value, scope.identity, by_default=True)


def _minutes(word: str) -> int | None:
    number = _number(word)
    return None if number is None else number * _MINUTE


def _timeouts(scope: Scope) -> Iterator[Setting]:
    """Of every session, of the console where it has its own, and of the profiles that override it."""
    kind = SettingKind.IDLE_TIMEOUT
    section = scope.section("system global")
    if "admintimeout" in section.settings:
        yield Setting(kind, _minutes(section.get("admintimeout")), section.lines_of("admintimeout"))
    else:
        yield _usual(scope, kind, scope.defaults.admin_minutes * _MINUTE)
    console = section.get("admin-console-timeout", "0")
    if console != "0":
        yield Setting(kind, _number(console), section.lines_of("admin-console-timeout"), "console")
    elif scope.defaults.console_follows is not True:
        lines = section.lines_of("admin-console-timeout")
        yield Setting(kind, None, lines or scope.identity, "console", by_default=not lines)
    administrators = scope.entries("system admin")
    used = {one.get("accprofile") for one in administrators}
    unknown = any(one.enabled(f"{server}accprofile-override") for one in administrators for server in ("", "radius-"))
    profiles = scope.entries("system accprofile")
    for one in administrators:
        name = one.get("accprofile")
        if name not in _BUILT_IN and all(profile.name != name for profile in profiles):
            yield Setting(kind, None, (*one.opening, *one.lines_of("accprofile")), f"accprofile {name}")
    for profile in profiles:
        override = profile.get("admintimeout-override")
        if override not in ("", *_ON_OR_OFF) and (unknown or profile.name in used):
            yield Setting(kind, None, profile.lines_of("admintimeout-override"), f"accprofile {profile.name}")
        if profile.enabled("admintimeout-override") and (unknown or profile.name in used):
            lines = (*profile.opening, *profile.lines_of("admintimeout-override", "admintimeout"))
            said = profile.get("admintimeout") or str(scope.defaults.profile_minutes)
            yield Setting(kind, _minutes(said), lines, f"accprofile {profile.name}")


def _attempts(scope: Scope) -> Iterator[Setting]:
    kind = SettingKind.LOGIN_ATTEMPTS
    section = scope.section("system global")
    if "admin-lockout-threshold" in section.settings:
        lines = section.lines_of("admin-lockout-threshold")
        yield Setting(kind, _number(section.get("admin-lockout-threshold")), lines)
    else:
        yield _usual(scope, kind, scope.defaults.login_attempts)


def _banner(scope: Scope) -> Iterator[Setting]:
    """A message before the password is asked, or one that must be accepted behind it: each is off unless switched on."""
    kind = SettingKind.LOGIN_BANNER
    section = scope.section("system global")
    names = [name for name in ("pre-login-banner", "post-login-banner") if section.get(name)]
    shown = [name for name in names if section.enabled(name)]
    odd = [name for name in names if section.get(name) not in _ON_OR_OFF]
    if shown:
        yield Setting(kind, 1, section.lines_of(*shown))
    elif odd:
        yield Setting(kind, None, section.lines_of(*odd))
    else:
        lines = section.lines_of(*names)
        yield Setting(kind, 0, lines or scope.identity, by_default=len(names) < 2)


def _ssh_version(scope: Scope) -> Iterator[Setting]:
    kind = SettingKind.SSH_VERSION
    section = scope.section("system global")
    word = section.get("admin-ssh-v1")
    if word:
        value = {"enable": 1, "disable": 2}.get(word)
        yield Setting(kind, value, section.lines_of("admin-ssh-v1"))
    else:
        yield _usual(scope, kind, scope.defaults.ssh_version)


def _password_length(scope: Scope) -> Iterator[Setting]:
    kind = SettingKind.PASSWORD_LENGTH
    policy = scope.section("system password-policy")
    lines = policy.lines_of("status", "apply-to", "minimum-length")
    applied = policy.values("apply-to")
    on = _ON_OR_OFF.get(policy.get("status")) if policy.get("status") else scope.defaults.password_policy
    if on is None:
        if lines:
            yield Setting(kind, None, lines, by_default=not policy.get("status"))
    elif not on or (applied and "admin-password" not in applied):
        yield Setting(kind, 0, lines or scope.identity, by_default=not policy.get("status"))
    elif policy.get("minimum-length"):
        yield Setting(kind, _number(policy.get("minimum-length")), lines)
    else:
        usual = scope.defaults.password_length
        yield Setting(kind, usual, lines or scope.identity, by_default=True)


# --- administrators ---


def read_accounts(scope: Scope) -> tuple[Account, ...] | None:
    """Administrators by name. An entry with `wildcard` is no name: it stands for everybody whom a server lets in."""
    if not scope.entries("system admin"):
        return None  # a device always has one, so the section was left out
    found = []
    for entry in (*scope.entries("system admin"), *scope.entries("system sso-admin")):
        if entry.enabled("wildcard") or not _is_of(scope, entry):
            continue
        profile = scope.section("system accprofile").entries.get(entry.get("accprofile"))
        said = () if profile is None else (*profile.opening, *profile.lines_of(*_SYSTEM_RIGHTS))
        lines = (*entry.opening, *entry.lines_of("accprofile"), *said)
        found.append(Account(entry.name, _privileged(entry, profile), lines))
    return tuple(found)


def _is_of(scope: Scope, entry: Section) -> bool:
    """Whether an administrator may be one of this VDOM; those of the whole device are of each."""
    if scope.vdom is None or entry.unknown or not entry.values("vdom") or scope.vdom in entry.values("vdom"):
        return True
    profile = scope.section("system accprofile").entries.get(entry.get("accprofile"))
    everywhere = entry.get("accprofile") in (_ALL_RIGHTS, _ONLY_READS) or (
        profile is None or profile.get("scope") == "global"
    )
    return everywhere or any(entry.enabled(f"{server}vdom-override") for server in ("", "radius-"))


def _privileged(entry: Section, profile: Section | None) -> bool | None:
    """Whether an administrator has all rights. Who may change administrators can take them: that is not told."""
    if entry.unknown or any(entry.enabled(f"{server}accprofile-override") for server in ("", "radius-")):
        return None
    if entry.get("accprofile") == _ALL_RIGHTS:
        return True
    if entry.get("accprofile") == _ONLY_READS:
        return False
    if profile is None or profile.garbage:
        return None
    return False if all(profile.get(one, "none") in ("none", "read") for one in _SYSTEM_RIGHTS) else None


def _central(scope: Scope) -> Iterator[Setting]:
    """1 where a server is asked for every administrator, or local ones are kept out while it answers; 0 where none is.

    Where some are local and some are not, or the certificate or another site tells who somebody is, it is not told.
    """
    kind = SettingKind.CENTRAL_AUTHENTICATION
    administrators = scope.entries("system admin")
    if not administrators:
        return
    remote = [one for one in administrators if one.enabled("remote-auth")]
    local = [one for one in administrators if not one.enabled("remote-auth")]
    elsewhere = [one for one in local if one.enabled("peer-auth") or one.get("remote-auth") not in ("", "disable")]
    single = scope.section("system saml")
    alone = scope.section("system global")
    alone_lines = alone.lines_of("admin-restrict-local")
    lines: list[SourceLine] = [
        line for one in remote for line in (*one.opening, *one.lines_of("remote-auth", "remote-group"))
    ]
    lines += [line for one in local for line in (*one.opening, *one.lines_of("remote-auth", "peer-auth"))]
    if elsewhere or single.get("status") not in ("", "disable"):
        yield Setting(kind, None, join((*single.lines_of("status"), *lines)))
    elif not remote:
        yield Setting(kind, 0, join(lines), by_default=not all(one.get("remote-auth") == "disable" for one in local))
    else:
        servers = [_server_lines(scope, one.get("remote-group")) for one in remote]
        bound = not local or alone.get("admin-restrict-local") in ("enable", "all", "non-console-only")
        shown = join((*lines, *(alone_lines if local else ()), *(line for one in servers for line in one)))
        yield Setting(kind, 1 if bound and all(servers) else None, shown)


def _server_lines(scope: Scope, group: str) -> Sources:
    """The lines by which a group leads to a server; none where it leads to none that is known."""
    held = scope.section("user group").entries.get(group)
    if held is None:
        return ()
    members = held.values("member")
    servers = [entry for path in _SERVERS for name, entry in scope.section(path).entries.items() if name in members]
    lines = tuple(line for one in servers for line in (*one.opening, *one.lines_of("server")))
    return (*held.opening, *held.lines_of("member"), *lines) if lines else ()


def _redundancy(scope: Scope, ports: Ports) -> Iterator[Setting]:
    """HA, or a virtual address of an interface that is up. Sessions that are only copied to a peer tell nothing."""
    kind = SettingKind.REDUNDANCY
    cluster = scope.section("system ha")
    mode, lines = cluster.get("mode"), cluster.lines_of("mode")
    shared = [
        line
        for interface in ports.interfaces.values()
        for address in interface.addresses
        if interface.enabled and address.shared
        for line in address.sources
    ]
    peers = [
        line
        for section in (
            scope.section("system cluster-sync"),
            scope.section("system standalone-cluster").section("cluster-peer"),
        )
        for entry in section.entries.values()
        for line in (*entry.opening, *entry.lines_of("peerip"))
    ]
    if mode in _CLUSTERS or shared:
        yield Setting(kind, 1, join((*(lines if mode in _CLUSTERS else ()), *shared)))
    elif peers or mode not in ("", "standalone"):
        yield Setting(kind, None, join((*lines, *peers)), by_default=mode in ("", "standalone"))
    else:
        yield Setting(kind, 0, lines or scope.identity, by_default=not mode)


# --- SNMP ---


def read_snmp_users(scope: Scope) -> tuple[SnmpUser, ...] | None:
    """Users of SNMPv3 that are in use; None for the part of a device that cannot have them, the file of one VDOM."""
    table = scope.section("system snmp user")
    if not table.lines and not scope.section("system global").lines:
        return None
    found = []
    for entry in table.entries.values():
        level = _LEVELS.get(entry.get("security-level"))
        lines = (*entry.opening, *entry.lines_of("security-level", "status"))
        if level is None:
            _unknown_level(scope, entry)
        elif scope.works(entry):
            found.append(SnmpUser(entry.name, *level, lines))
    return tuple(found)


def _unknown_level(scope: Scope, entry: Section) -> None:
    lines = entry.lines_of("security-level")
    scope.findings.not_understood(lines)
    text = Text(
        ja=f"SNMP利用者 {entry.name} の security-level を読み取れません。",
        en=f"The security-level of the SNMP user {entry.name} was not understood.",
    )
    scope.findings.doubt(DoubtKind.UNREAD, text, lines, plane=Plane.MANAGEMENT)
