"""Repairs as FortiOS commands: a new denying policy moved before another one, or a policy that is disabled (FO-07).

What is only memory, not from a manual: names may be 79 characters long (policies 35); the interfaces of a zone cannot be named by a
policy themselves; `match-vip` exists in `firewall policy` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Interval
from secaudit.network.matches import ICMP, SCTP, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.fortios.grammar import Section, parse
from secaudit.vendors.fortios.policies import TABLES, Names
from secaudit.vendors.wording import (
    MOST_LINES,
    NOT_REMOVABLE,
    TOO_MANY,
    UNPLACED,
    PlainService,
    address,
    number_range,
    plain_services,
    prefixes,
    unused,
)

_POLICY = "policy"
_TABLE, _OLD_IPV6, _CONSOLIDATED = "firewall policy", "firewall policy6", "firewall consolidated policy"
_LONGEST_NAME = 79
_HIGHEST_ID = 4294967294
_PORTED = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}
_UNIFIED = (6, 4)
"""From this release one table holds the policies of both address families."""
_KEEP = Text(
    ja="投入した行はすぐに効き、保存の操作は要らない。投入前に設定のバックアップを取り、業務に影響しない時間帯に投入すること。",
    en="every line takes effect at once and is saved: take a backup first, and use a maintenance window",
)
_SESSIONS = Text(
    ja="すでに確立しているセッションは残ることがある。切る場合は diagnose sys session filter で絞ってから clear すること。",
    en="sessions that are already open may go on; clear them with `diagnose sys session filter` and `clear` if need be",
)
_CUT = Text(
    ja="設定ファイルが途中で切れているため、コマンドを続けられない。",
    en="the configuration file is cut off, so nothing can be typed behind it",
)
_NO_FILTERS = Text(
    ja="FortiGate のインタフェースにフィルターはない。ポリシーで止めること。",
    en="interfaces of a FortiGate have no filter of their own; use a policy",
)
_VIP_TABLE = Text(
    ja="バーチャルIPのあるこの版のポリシー表には、それを除いて遮断する指定がない。",
    en="this table of policies cannot leave virtual IPs out of a denying policy",
)


class FortiosCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """Objects first, then the policies with their `move`. Raises `NotSaidError`."""
        tree = parse(text.lines)
        if tree.open_sections or tree.inside_quote is not None:
            raise NotSaidError(_CUT)
        vdoms = tree.root.sections.get("vdom")
        local, vdom = tree.root, None
        if vdoms is not None and vdoms.entries:
            vdom = device.name.partition("/")[2] if len(vdoms.entries) > 1 else next(iter(vdoms.entries))
            if vdom not in vdoms.entries:
                raise NotSaidError(UNPLACED)
            local = vdoms.entries[vdom]
        session = _Session(device, local)
        for change in changes:
            session.change(change)
        lines = session.lines()
        if vdom is not None:
            lines = ["config vdom", f"edit {vdom}", *lines, "end"]
        return Commands(device.name, device.vendor, tuple(lines), (_KEEP, *session.notes, _SESSIONS))

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """A section that is opened again is continued."""
        return append_lines(text, lines)


class _Session:
    """The changes of one device or VDOM."""

    def __init__(self, device: Device, local: Section) -> None:
        self.notes: list[Text] = []
        self._device = device
        self._local = local
        self._tables = [table for table in TABLES if local.section(table).entries]
        if _CONSOLIDATED in self._tables and len(self._tables) > 1:
            raise NotSaidError(UNPLACED)
        self._owners: dict[int, tuple[str, str]] = {
            entry.lines[0].number: (table, entry.name)
            for table in self._tables
            for entry in local.section(table).entries.values()
        }
        self._sections: dict[str, list[str]] = {}
        """Lines of each section, in the order in which they must be typed."""
        self._taken = {
            name
            for path, section in local.sections.items()
            if path.startswith(("firewall", "system"))
            for name in (*section.entries, *(entry.get("name") for entry in section.entries.values()))
        }
        self._addresses: dict[tuple[Family, Interval], str] = {}
        self._services: dict[PlainService, str] = {}
        self._ids: dict[str, int] = {}
        self._policies: dict[str, list[str]] = {}

    def change(self, change: Change) -> None:
        match change:
            case InsertDeny():
                self._insert(change)
            case RemoveLine():
                self._remove(change)
            case AddFilter():
                raise NotSaidError(_NO_FILTERS)
            case _:
                assert_never(change)

    def lines(self) -> list[str]:
        """Every section once: addresses and services before the policies that name them."""
        found: list[str] = []
        for path, body in (*self._sections.items(), *self._policies.items()):
            found += [f"config {path}", *(f"    {line}" for line in body), "end"]
        return found

    # --- changes ----------------------------------------------------------------------------------------------

    def _insert(self, change: InsertDeny) -> None:
        if change.filter != _POLICY:
            raise NotSaidError(UNPLACED)
        for match in change.matches:
            table, names = self._table(match.family)
            anchor = self._anchor(change, table, match.family)
            number = self._new_id(table)
            body = self._policy(number, change, match, table, names)
            if anchor is not None:
                body.append(f"move {number} before {anchor}")
            self._policies.setdefault(table, []).extend(body)

    def _remove(self, change: RemoveLine) -> None:
        lines = self._device.filters[change.filter].lines
        owner = self._owner(lines[change.position])
        if change.filter != _POLICY or owner is None or sum(self._owner(line) == owner for line in lines) > 1:
            raise NotSaidError(NOT_REMOVABLE)
        table, name = owner
        explicit = "status" in self._local.section(table).entries[name].settings
        settings = [*(["    unset status"] if explicit else []), "    set status disable"]
        self._policies.setdefault(table, []).extend([f"edit {name}", *settings, "next"])

    def _owner(self, line: FilterLine) -> tuple[str, str] | None:
        """Table and id of the policy of which a line of the model is a part."""
        owner = self._owners.get(line.sources[0].number) if line.sources else None
        return owner if owner is not None and line.label == f"policy {owner[1]}" else None

    def _table(self, family: Family) -> tuple[str, Names]:
        """The table in which a policy of that family stands, and how it calls its addresses."""
        table = _TABLE
        if _CONSOLIDATED in self._tables:
            table = _CONSOLIDATED
        elif family == 6 and (_OLD_IPV6 in self._tables or self._before_unified()):
            table = _OLD_IPV6
        return table, next(names for names in TABLES[table] if names.family == family)

    def _before_unified(self) -> bool:
        numbers = [int(part) for part in self._device.version.split(".")[:2] if part.isdecimal()]
        return len(numbers) == 2 and tuple(numbers) < _UNIFIED

    def _anchor(self, change: InsertDeny, table: str, family: Family) -> str | None:
        """The policy before which the new one is moved; None at the end of the table. Raises `NotSaidError`.

        Lines that are no policy (and those of another table) cannot be the neighbour: what stands between them and the
        new policy must not concern its packets.
        """
        lines = self._device.filters[_POLICY].lines
        owners = [self._owner(line) for line in lines]
        inside = [place for place, owner in enumerate(owners) if owner is not None and owner[0] == table]
        firsts = [place for place in inside if place == 0 or owners[place - 1] != owners[place]]
        place = next((place for place in firsts if place >= change.position), None)
        if place is not None:
            reached = place
        elif inside:
            reached = inside[-1] + 1
        else:
            # A new table: its policies come behind all others.
            reached = max((number + 1 for number, owner in enumerate(owners) if owner is not None), default=0)
        between = lines[min(reached, change.position) : max(reached, change.position)]
        if any(_concerns(line, family, change) for line in between):
            raise NotSaidError(UNPLACED)
        owner = None if place is None else owners[place]
        return None if owner is None else owner[1]

    def _new_id(self, table: str) -> int:
        if table not in self._ids:
            used = (int(name) for name in self._local.section(table).entries if name.isascii() and name.isdecimal())
            self._ids[table] = max(used, default=0)
        self._ids[table] += 1
        if self._ids[table] > _HIGHEST_ID:
            raise NotSaidError(UNPLACED)
        return self._ids[table]

    # --- one policy -------------------------------------------------------------------------------------------

    def _policy(self, number: int, change: InsertDeny, match: Match, table: str, names: Names) -> list[str]:
        settings = [
            f'set name "{unused(f"secaudit-deny-{number}", self._taken)}"',
            f"set srcintf {self._port(change.ingress)}",
            f"set dstintf {self._port(change.egress)}",
            "set action deny",
            f"set {names.source} {self._address_names(match.family, match.sources)}",
            f"set {names.destination} {self._address_names(match.family, match.destinations)}",
            'set schedule "always"',
            f"set service {self._service_names(match)}",
        ]
        if self._has_vips():
            # Packets that a virtual IP translated are told by that object, not by an address.
            if table != _TABLE:
                raise NotSaidError(_VIP_TABLE)
            settings.append("set match-vip disable")
        settings.append("set logtraffic all")
        return [f"edit {number}", *(f"    {line}" for line in settings), "next"]

    def _has_vips(self) -> bool:
        return any(self._local.section(path).entries for path in ("firewall vip", "firewall vip6"))

    def _port(self, interface: str | None) -> str:
        """An interface as a policy names it: by its zone when it is in one."""
        if interface is None:
            return '"any"'
        zone = self._device.interfaces[interface].zone
        if zone:
            others = [
                one.name for one in self._device.interfaces.values() if one.zone == zone and one.name != interface
            ]
            if others:
                listed = ", ".join(sorted(others))
                self.notes.append(
                    Text(
                        ja=f"ゾーン「{zone}」で指定するため、同じゾーンの {listed} にも効く。",
                        en=f'the policy names the zone "{zone}", so it acts on {listed} as well',
                    )
                )
        return f'"{zone or interface}"'

    def _address_names(self, family: Family, intervals: Iterable[Interval]) -> str:
        held = tuple(intervals)
        if held == (ANY_IPV4 if family == 4 else ANY_IPV6):
            return '"all"'
        names = [name for interval in held for name in self._address(family, interval)]
        if len(names) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
        return " ".join(f'"{name}"' for name in names)

    def _address(self, family: Family, interval: Interval) -> list[str]:
        """The objects of one interval: a prefix or a range; a range from 0 in prefixes, since 0 is how FortiOS says "not set"."""
        nets = prefixes(family, interval)
        parts = (
            [(int(net.network_address), int(net.broadcast_address)) for net in nets] if interval[0] == 0 else [interval]
        )
        return [self._address_object(family, part) for part in parts]

    def _address_object(self, family: Family, interval: Interval) -> str:
        known = self._addresses.get((family, interval))
        if known is not None:
            return known
        nets = prefixes(family, interval)
        low, high = address(family, interval[0]), address(family, interval[1])
        if len(nets) == 1:
            name = low if nets[0].prefixlen == nets[0].max_prefixlen else str(nets[0])
            value = [f"set ip6 {nets[0]}"] if family == 6 else [f"set subnet {low} {nets[0].netmask}"]
        else:
            name = f"{low}-{high}"
            value = ["set type iprange", f"set start-ip {low}", f"set end-ip {high}"]
        name = unused(_short(f"SA-{name}"), self._taken)
        self._addresses[family, interval] = name
        path = "firewall address6" if family == 6 else "firewall address"
        self._object(path, name, value)
        return name

    def _service_names(self, match: Match) -> str:
        found: list[str] = []
        for service in plain_services(match):
            for types, codes in product(_single(service.icmp_types), _single(service.icmp_codes)):
                one = PlainService(service.protocol, service.destination_ports, service.source_ports, types, codes)
                found.append(self._service(one))
        if len(found) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
        return " ".join(f'"{name}"' for name in dict.fromkeys(found))

    def _service(self, service: PlainService) -> str:
        if service.protocol is None:
            return "ALL"
        known = self._services.get(service)
        if known is not None:
            return known
        word = _PORTED.get(service.protocol)
        if service.has_ports and word is not None:
            ranges = [
                number_range(ports) + ("" if service.source_ports == ANY_PORT else f":{number_range(sources)}")
                for ports in service.destination_ports
                for sources in service.source_ports
            ]
            if len(ranges) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
            name, value = (
                f"{word}-{'_'.join(ranges).replace(':', 'from')}",
                [f"set {word}-portrange {' '.join(ranges)}"],
            )
        elif service.has_types:
            kind = "ICMP" if service.protocol == ICMP else "ICMP6"
            name, value = kind.lower(), [f"set protocol {kind}"]
            for field, values in (("type", service.icmp_types), ("code", service.icmp_codes)):
                if values != ANY_BYTE:
                    name += f"-{field}-{values[0][0]}"
                    value.append(f"set icmp{field} {values[0][0]}")
        elif service.protocol == 0:
            raise NotSaidError(UNPLACED)  # 0 is how FortiOS says "every protocol"
        else:
            name = word or f"protocol-{service.protocol}"
            value = ["set protocol IP", f"set protocol-number {service.protocol}"]
        name = unused(_short(f"SA-{name}"), self._taken)
        self._services[service] = name
        self._object("firewall service custom", name, value)
        return name

    def _object(self, path: str, name: str, value: Sequence[str]) -> None:
        body = [f'edit "{name}"', *(f"    {line}" for line in value), "next"]
        self._sections.setdefault(path, []).extend(body)


def _short(name: str) -> str:
    """At most the length of a name, with room for a number."""
    return name[: _LONGEST_NAME - 6]


def _single(values: tuple[Interval, ...]) -> list[tuple[Interval, ...]]:
    """Single values, since a service object names one ICMP type; everything stays one."""
    if values == ANY_BYTE:
        return [values]
    found: list[tuple[Interval, ...]] = [((one, one),) for low, high in values for one in range(low, high + 1)]
    if len(found) > MOST_LINES:
        raise NotSaidError(TOO_MANY)
    return found


def _concerns(line: FilterLine, family: Family, change: InsertDeny) -> bool:
    """Whether a line sees packets of that family between the interfaces of the change."""
    sides = ((line.ingress, change.ingress), (line.egress, change.egress))
    return any(match.family == family for match in line.matches) and all(
        held is None or wanted is None or wanted in held for held, wanted in sides
    )


WRITER = FortiosCommandWriter()
