"""Reads how the router protects itself: sessions, accounts, servers that authenticate, users of SNMPv3 (command reference 4, 21, 22)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from secaudit.network.device import DoubtKind
from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, Outcome, number_of
from secaudit.vendors.yamaha.table import Handler, read_data

SETTINGS_READ = frozenset(SettingKind)
"""The router has no command for a message at the login, nor one for the number of attempts."""

_ONLY_SSH_VERSION = 2
"""The SSH server does not speak version 1 (technical document "sshd" of the vendor)."""
_EVERYBODY = "*"
_FILTERED_BY_RADIUS = Text(
    ja="RADIUSの応答（Filter-Id）によって、接続してきた相手のフィルターが置き換わることがあります",
    en="a RADIUS answer (Filter-Id) may replace the filter of a caller",
)


def _stored(length: int, command: Command, draft: Draft) -> Outcome:
    """A line that is kept under its first words, whatever follows them: what is not understood there is no value."""
    key = " ".join(command.words[:length])
    if command.negated:
        draft.settings.pop(key, None)
    else:
        draft.settings[key] = command
    return Outcome.USED


def _radius_auth(command: Command, draft: Draft) -> Outcome:
    """`radius auth on|off`: a server answers for callers, and for administrators where `login radius use` says so."""
    if not command.negated and command.words[2:] != ("off",):
        bound = frozenset({"pp anonymous"})
        draft.doubt(DoubtKind.UNSUPPORTED, _FILTERED_BY_RADIUS, command.sources, bound)
    return _stored(2, command, draft)


def _attribute(command: Command, draft: Draft) -> Outcome:
    """`user attribute [USER] NAME=VALUE ...`; without a user it is about the one without a name."""
    words = command.raw[2:]
    user = words[0] if words and "=" not in words[0] else ""
    if command.negated:
        draft.user_attributes.pop(user, None)
        return Outcome.USED
    held = draft.user_attributes.setdefault(user, {})
    for word in words[1:] if user else words:
        name, equals, value = word.partition("=")
        if not equals:
            return Outcome.UNREAD
        held[name.lower()] = (value.lower(), command.line)
    return Outcome.USED


def _snmp_user(command: Command, draft: Draft) -> Outcome:
    """`snmpv3 usm user ID NAME [group G] [AUTH PASSWORD [PRIV PASSWORD]]` (21.13)."""
    words = command.words
    key = " ".join(words[:4])
    if len(words) < 4 or number_of(words[3], 65_535) is None:
        return Outcome.UNREAD
    if command.negated:
        draft.settings.pop(key, None)
        return Outcome.USED
    if len(words) < 5:
        return Outcome.UNREAD
    draft.settings[key] = command
    return Outcome.USED


def snmp_users(draft: Draft) -> tuple[SnmpUser, ...]:
    """The users of SNMPv3. Without a password for authentication there is none for encryption either (21.13)."""
    found = []
    for key, command in draft.settings.items():
        if key.startswith("snmpv3 usm user "):
            rest = command.words[5:]
            rest = rest[2:] if rest[:1] == ("group",) else rest
            authenticated = len(rest) > 1 and rest[0] in ("md5", "sha")
            encrypted = authenticated and len(rest) > 3 and rest[2] in ("des-cbc", "aes128-cfb")
            found.append(SnmpUser(command.raw[4], authenticated, encrypted, command.sources))
    return tuple(found)


def accounts(draft: Draft) -> tuple[Account, ...]:
    """The users by name. Who is let in by no way (`connection=off`) is none."""
    found = []
    rights: Mapping[str, bool] = read_data("protection")["administrator"]
    for key, command in draft.settings.items():
        if not key.startswith("secret login user "):
            continue
        name = command.raw[2]
        held = {**draft.user_attributes.get(_EVERYBODY, {}), **draft.user_attributes.get(name, {})}
        if held.get("connection", ("", None))[0] == "off":
            continue
        right = held.get("administrator")
        said: Sources = () if right is None else (right[1],)
        found.append(Account(name, rights.get("on" if right is None else right[0]), (*command.sources, *said)))
    return tuple(found)


def settings(draft: Draft, identity: Sources, model: str) -> Iterator[Setting]:
    """Every setting of the kinds in `SETTINGS_READ`, with the documented defaults."""
    yield from _timers(draft, identity)
    yield Setting(SettingKind.SSH_VERSION, _ONLY_SSH_VERSION, identity, by_default=True)
    for entry in read_data("protection")["password_length"]:
        if model.upper().startswith(tuple(entry["models"])):
            yield Setting(SettingKind.PASSWORD_LENGTH, entry["least"], identity, by_default=True)
    yield from _servers(draft, identity)
    shared = [
        line
        for one in draft.interfaces.values()
        for address in one.addresses.values()
        if address.shared
        for line in address.sources
    ]
    if shared:
        yield Setting(SettingKind.REDUNDANCY, 1, tuple(shared))
    else:
        yield Setting(SettingKind.REDUNDANCY, 0, identity, by_default=True)


def _timers(draft: Draft, identity: Sources) -> Iterator[Setting]:
    """`login timer`, and `login-timer` of a user, which is preferred to it (4.10, 4.53)."""
    command = draft.settings.get("login timer")
    if command is None:
        default = read_data("protection")["login_timer"]["default"]
        yield Setting(SettingKind.IDLE_TIMEOUT, default, identity, by_default=True)
    else:
        yield from _timer("".join(command.words[2:]), "", command.sources)
    for user, held in draft.user_attributes.items():
        value = held.get("login-timer")
        if value is not None:
            yield from _timer(value[0], f"user {user}".strip(), (value[1],))
    page = draft.settings.get("httpd timeout")
    if page is not None:
        yield Setting(SettingKind.IDLE_TIMEOUT, None, page.sources, "web")


def _timer(word: str, where: str, sources: Sources) -> Iterator[Setting]:
    """`clear`: never on the serial console, as by default elsewhere."""
    if word != "clear":
        yield Setting(SettingKind.IDLE_TIMEOUT, number_of(word, 21_474_836), sources, where)
        return
    default = read_data("protection")["login_timer"]["default"]
    places = (("console", 0), ("telnet, SSH, HTTP", default))
    for place, value in places:
        yield Setting(SettingKind.IDLE_TIMEOUT, value, sources, f"{where}, {place}" if where else place)


def _servers(draft: Draft, identity: Sources) -> Iterator[Setting]:
    """Who logs in, and who becomes an administrator: both are asked of RADIUS only where a line says so and a server is named (4.6, 4.7)."""
    held = draft.settings
    switch = held.get("radius auth")
    server = held.get("radius auth server") or held.get("radius server")
    named: list[SourceLine] = []
    if switch is not None and server is not None and switch.words[2:] == ("on",):
        named = [*switch.sources, *server.sources]
    for key, where, on in (
        ("login radius use", "login", ("on",)),
        ("administrator radius auth", "administrator", ("on", "only")),
    ):
        command = held.get(key)
        if command is None:
            yield Setting(SettingKind.CENTRAL_AUTHENTICATION, 0, identity, where, by_default=True)
            continue
        word = "".join(command.words[3:])
        value = 0 if word == "off" else 1 if word in on and named else None
        sources = (*command.sources, *named) if value else command.sources
        yield Setting(SettingKind.CENTRAL_AUTHENTICATION, value, sources, where)


HANDLERS: Mapping[str, Handler] = {
    "login timer": partial(_stored, 2),
    "httpd timeout": partial(_stored, 2),
    "login radius use": partial(_stored, 3),
    "administrator radius auth": partial(_stored, 3),
    "radius auth": _radius_auth,
    "radius auth server": partial(_stored, 3),
    "radius server": partial(_stored, 2),
    "user attribute": _attribute,
    "snmpv3 usm user": _snmp_user,
}
