"""The YAMAHA reader: configuration text in, devices and coverage out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from secaudit.network.device import Device, DoubtKind, Plane
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.reader import Coverage, ReadConfig, UnreadLine
from secaudit.vendors.yamaha import (
    NAME,
    filters,
    interfaces,
    management,
    nat,
    policy_filters,
    proposals,
    protection,
    routes,
    tunnels,
)
from secaudit.vendors.yamaha.assembly import assemble
from secaudit.vendors.yamaha.commands import Command, Listing, list_commands, split_devices
from secaudit.vendors.yamaha.draft import Draft, Outcome, Tightening
from secaudit.vendors.yamaha.services import ports, protocol_numbers
from secaudit.vendors.yamaha.table import CommandTable, Effect, KnownCommand, load_table

_EMBEDDED = Text(
    ja="embedded file に格納された内容であり、コマンドではありません",
    en="content of an embedded file, not a command",
)
_CUT_FILE = Text(
    ja="embedded file の終わりがなく、ファイルが途中で切れているおそれがあります",
    en="an embedded file has no end, so the configuration may be cut off",
)
_UNREAD = Text(
    ja="読み取れない行があり、通信の可否に影響するおそれがあります",
    en="lines were not understood and could change what is let through",
)
_CUT_FILTER = Text(
    ja="端末の幅で切れたフィルターの続き（プロトコルやポート）と見られる行があり、前の行の条件が欠けているおそれがあります",
    en="a line looks like the rest of a filter (protocols or ports) that a terminal cut, so the line before it may lack a condition",
)
_UNREAD_MANAGEMENT = Text(
    ja="読み取れない行があり、機器の管理に影響するおそれがあります",
    en="lines were not understood and could change how the device is managed",
)
_NO_COMMANDS = Text(
    ja="YAMAHAルーターのコマンドが1行もありません",
    en="there is no YAMAHA command in the file",
)

_MANAGEMENT_WORDS = frozenset(
    (
        "telnetd",
        "sshd",
        "httpd",
        "tftp",
        "sftpd",
        "snmp",
        "snmpv2c",
        "snmpv3",
        "syslog",
        "login",
        "administrator",
        "dns",
        "user",
    )
)
_PP_WORDS = frozenset(("pp", "ppp", "pppoe", "isdn"))
_TUNNEL_WORDS = frozenset(("tunnel", "ipsec", "l2tp", "pptp"))
_BOUND_BY_NOTHING = frozenset(("address", "nat", "dhcp", "enable", "disable", "select"))
_WITH_INTERFACE = frozenset(("ip", "ipv6", "ethernet", "url", "queue", "vlan"))


def read(text: ConfigText) -> ReadConfig:
    """Reads the whole file; two headers in it mean two devices."""
    devices: list[Device] = []
    used: set[int] = set()
    irrelevant: dict[int, Text] = {}
    unread: list[UnreadLine] = []
    for lines in split_devices(text.lines):
        listing = list_commands(lines)
        draft = Draft(text.file, listing.model)
        read_draft(draft, listing)
        if listing.commands:
            devices.append(assemble(draft, listing))
        used |= draft.used
        irrelevant |= draft.irrelevant
        unread += draft.unread
    coverage = Coverage(frozenset(used), irrelevant, tuple(sorted(unread, key=lambda item: item.line.number)))
    return ReadConfig(NAME, _distinct(devices), coverage, () if devices else (_NO_COMMANDS,))


@cache
def _table() -> CommandTable:
    return load_table(
        (
            filters.HANDLERS,
            policy_filters.HANDLERS,
            interfaces.HANDLERS,
            routes.HANDLERS,
            nat.HANDLERS,
            tunnels.HANDLERS,
            proposals.HANDLERS,
            management.HANDLERS,
            protection.HANDLERS,
        )
    )


def read_draft(draft: Draft, listing: Listing) -> None:
    """Reads the commands of one device into its draft."""
    draft.used.update(listing.structure)
    draft.irrelevant.update((number, _EMBEDDED) for number in listing.embedded)
    for line in listing.unterminated:
        draft.mark_unread((line,), could_matter=True)
        draft.doubt(DoubtKind.TRUNCATED, _CUT_FILE, (line,))
    for name, lines in listing.selected.items():
        for line in lines:
            draft.interface(name, line)
    table = _table()
    for command in listing.commands:
        if _is_rest_of_filter(command):
            draft.mark_unread(command.sources, could_matter=True)
            draft.doubt(DoubtKind.UNREAD, _CUT_FILTER, command.sources)
            continue
        entry = table.find(command.words)
        if entry is None:
            outcome = Outcome.UNREAD
        elif isinstance(entry, KnownCommand):
            outcome = _known_command(draft, command, entry)
        else:
            outcome = entry(command, draft)
        if outcome is Outcome.USED:
            draft.mark_used(command.sources)
        elif outcome is Outcome.UNREAD:
            _unread(draft, command)


def _is_rest_of_filter(command: Command) -> bool:
    """Whether a line holds nothing but protocols and ports: some of their names (`syslog`, `rip`, `tftp`) begin commands as well.

    No command consists of them, but a filter that a terminal cut goes on with them, and the part before it reads as a wider filter.
    """
    names = protocol_numbers(6)
    for word in command.words:
        if ports(word) is None and word not in names:
            return False
    return not command.negated


def _known_command(draft: Draft, command: Command, entry: KnownCommand) -> Outcome:
    """A command of the data files: irrelevant, a doubt, or something that may only drop packets."""
    if entry.references:
        family: Family = 6 if command.words[0] == "ipv6" else 4
        draft.referenced[family].update(int(word) for word in command.words[entry.length :] if _is_number(word))
    if entry.effect is Effect.IRRELEVANT or command.negated or entry.is_off(command.words):
        draft.mark_irrelevant(command.sources, entry.text)
        return Outcome.ACCOUNTED
    name: str | None = entry.bound
    if entry.interface_at is not None:
        name = draft.interface_name(command.words[entry.interface_at], command)
        if name is None:
            return Outcome.UNREAD
    if entry.effect is Effect.TIGHTENS and name is not None:
        following = command.words[entry.length] if len(command.words) > entry.length else ""
        direction = following if following in ("in", "out") else ""
        draft.interface(name).tightening.append(Tightening(direction, entry.text, command.line))
        return Outcome.USED
    bound = None if name is None else frozenset({name})
    draft.doubt(DoubtKind.UNSUPPORTED, entry.text, command.sources, bound, entry.plane)
    return Outcome.USED


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= 10


def _unread(draft: Draft, command: Command) -> None:
    """An unread command could matter; where it stands tells how far that reaches."""
    draft.mark_unread(command.sources, could_matter=True)
    if command.words[0] in _MANAGEMENT_WORDS:
        draft.doubt(DoubtKind.UNREAD, _UNREAD_MANAGEMENT, command.sources, plane=Plane.MANAGEMENT)
        return
    name = _reach(draft, command)
    draft.doubt(DoubtKind.UNREAD, _UNREAD, command.sources, None if name is None else frozenset({name}))


def _may_be_an_address(word: str) -> bool:
    return "@" in word or word.count(":") > 1 or word.count(".") > 2


def _reach(draft: Draft, command: Command) -> str | None:
    """The interface that bounds an unread command.

    What may be an address would change routes, NAT may turn packets for the router back inside, and `enable` names any interface:
    these are bound by nothing.
    """
    words = command.words
    if not _BOUND_BY_NOTHING.isdisjoint(words) or any(map(_may_be_an_address, words)):
        return None
    if words[0] in _WITH_INTERFACE and len(words) > 1:
        name = draft.interface_name(words[1], command)
    elif words[0] in _PP_WORDS:
        name = command.pp
    elif words[0] in _TUNNEL_WORDS:
        name = command.tunnel
    else:
        return None
    if name is not None:
        draft.interface(name)
    return name


def _distinct(devices: list[Device]) -> tuple[Device, ...]:
    """Devices of one file need names of their own."""
    seen: dict[str, int] = {}
    result: list[Device] = []
    for device in devices:
        count = seen.get(device.name, 0) + 1
        seen[device.name] = count
        result.append(device if count == 1 else replace(device, name=f"{device.name} ({count})"))
    return tuple(result)
