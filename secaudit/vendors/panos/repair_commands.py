"""Repairs as PAN-OS commands: a new denying rule moved before another one, or a rule that is disabled.

Addresses stand in the rule itself; services need objects, and exist for TCP, UDP and SCTP only: other protocols are told by application, which denies
nothing for sure. What is only memory, not from a manual: names of rules may be 63 characters long (31 before release 8.1; ours are shorter).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, ANY_PORT, Interval
from secaudit.network.matches import SCTP, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.panos.documents import documents_of
from secaudit.vendors.panos.reader import POLICY
from secaudit.vendors.panos.tree import Document, Node
from secaudit.vendors.wording import (
    MOST_LINES,
    NOT_REMOVABLE,
    SEVERAL_DEVICES,
    TOO_MANY,
    UNPLACED,
    PlainService,
    address,
    number_range,
    plain_services,
    prefixes,
    unused,
)

_PORTED = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}
_LONGEST_NAME = 31
_COMMIT = Text(
    ja="configure で設定モードに入って投入し、commit するまで効かない。commit の前に validate full で確認し、設定のバックアップを取ること。",
    en="type them in configuration mode (configure); nothing acts before commit. Check with `validate full` and take a backup first",
)
_SESSIONS = Text(
    ja="すでに確立しているセッションは残ることがある。rematch の設定を確かめ、必要なら clear session すること。",
    en="sessions that are already open may go on; check the rematch setting and clear them (`clear session`) if need be",
)
_CUT = Text(
    ja="設定ファイルが途中で切れているため、コマンドを続けられない。",
    en="the configuration file is cut off, so nothing can be typed behind it",
)
_NO_FILTERS = Text(
    ja="PAN-OS のインタフェースにフィルターはない。セキュリティルールで止めること。",
    en="interfaces of PAN-OS have no filter of their own; use a security rule",
)
_NO_SERVICE = Text(
    ja="TCP、UDP、SCTP 以外のプロトコルはアプリケーションで判定されるため、確実に遮断するルールにできない。",
    en="protocols other than TCP, UDP and SCTP are told by application, which denies nothing for sure",
)


class PanosCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """Service objects first, then the rules with their `move`. Raises `NotSaidError`."""
        documents = documents_of(text)[0]
        if len(documents) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        if documents[0].truncated:
            raise NotSaidError(_CUT)
        session = _Session(device, documents[0])
        for change in changes:
            session.change(change)
        return Commands(device.name, device.vendor, tuple(session.lines()), (_COMMIT, *session.notes, _SESSIONS))

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands behind a configuration belong to it, in whatever form it is."""
        return append_lines(text, lines)


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, document: Document) -> None:
        self.notes: list[Text] = []
        self._device = device
        root = document.root
        self._top = next(iter(root.entries("devices")), root)
        self._told_by_commands = self._top is root
        """Whether the file is in the form of commands: it then tells whether paths begin with the virtual system."""
        self._taken = {node.name for node in root.below()}
        self._services: dict[PlainService, str] = {}
        self._objects: list[str] = []
        self._rules: list[str] = []

    def lines(self) -> list[str]:
        """Objects before the rules that name them."""
        return [*self._objects, *self._rules]

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

    def _vsys(self, filter_: str) -> tuple[str, Node]:
        """What stands in front of a path into the virtual system of a filter, and its part of the tree. Raises `NotSaidError`."""
        systems = {one.name: one for one in self._top.entries("vsys")}
        name = filter_.removesuffix(POLICY).strip()
        if not filter_.endswith(POLICY):
            raise NotSaidError(UNPLACED)
        if not systems:
            return "", self._top
        if not name and len(systems) == 1:
            name = next(iter(systems))
        if name not in systems:
            raise NotSaidError(UNPLACED)
        if len(systems) == 1 and not self._told_by_commands:
            return "", systems[name]  # without several virtual systems paths begin inside the only one
        return f"vsys {_quoted(name)} ", systems[name]

    def _insert(self, change: InsertDeny) -> None:
        prefix, local = self._vsys(change.filter)
        for match in change.matches:
            anchor = self._anchor(change, match.family, local)
            name = unused("secaudit-deny", self._taken)
            path = f"{prefix}rulebase security rules {name}"
            self._rules += [
                f"set {path} from {self._zone(change.ingress, local)}",
                f"set {path} to {self._zone(change.egress, local)}",
                f"set {path} source {_addresses(match.family, match.sources)}",
                f"set {path} destination {_addresses(match.family, match.destinations)}",
                f"set {path} application any",
                f"set {path} service {self._service_names(prefix, match)}",
                f"set {path} action deny",
                f"set {path} log-end yes",
            ]
            if anchor is not None:
                self._rules.append(f"move {path} before {_quoted(anchor)}")

    def _remove(self, change: RemoveLine) -> None:
        prefix, local = self._vsys(change.filter)
        lines = self._device.filters[change.filter].lines
        owner = self._owner(lines[change.position], local)
        if owner is None or sum(self._owner(line, local) == owner for line in lines) > 1:
            raise NotSaidError(NOT_REMOVABLE)
        self._rules.append(f"set {prefix}rulebase security rules {_quoted(owner)} disabled yes")

    @staticmethod
    def _owner(line: FilterLine, local: Node) -> str | None:
        """The rule of the device's own rule base of which a line of the model is a part."""
        name = line.label.removeprefix("rule ")
        entry = local.child("rulebase", "security", "rules", name)
        if entry is None or name == line.label or not line.sources or line.sources[0].number != entry.line.number:
            return None
        return name

    def _anchor(self, change: InsertDeny, family: Family, local: Node) -> str | None:
        """The rule before which the new one is moved; None at the end. Raises `NotSaidError` when lines that are no rule of its own stand between."""
        lines = self._device.filters[change.filter].lines
        owners = [self._owner(line, local) for line in lines]
        inside = [place for place, owner in enumerate(owners) if owner is not None]
        firsts = [place for place in inside if place == 0 or owners[place - 1] != owners[place]]
        place = next((place for place in firsts if place >= change.position), None)
        if place is not None:
            reached = place
        elif inside:
            reached = inside[-1] + 1
        else:
            reached = change.position
            if any(line.label.startswith("rule ") for line in lines):
                raise NotSaidError(UNPLACED)
        between = lines[min(reached, change.position) : max(reached, change.position)]
        if any(_concerns(line, family, change) for line in between):
            raise NotSaidError(UNPLACED)
        return None if place is None else owners[place]

    def _zone(self, interface: str | None, local: Node) -> str:
        """The zone of an interface; every one of its interfaces is concerned. Raises `NotSaidError`."""
        if interface is None:
            return "any"
        zone = self._device.interfaces[interface].zone
        held = None if zone is None else local.child("zone", zone, "network")
        if zone is None or held is None or not any(interface in kind.children for kind in held.children.values()):
            raise NotSaidError(UNPLACED)  # no interface of this virtual system
        others = sorted(
            one.name for one in self._device.interfaces.values() if one.zone == zone and one.name != interface
        )
        if others:
            listed = ", ".join(others)
            self.notes.append(
                Text(
                    ja=f"ゾーン「{zone}」で指定するため、同じゾーンの {listed} にも効く。",
                    en=f'the rule names the zone "{zone}", so it acts on {listed} as well',
                )
            )
        return _quoted(zone)

    def _service_names(self, prefix: str, match: Match) -> str:
        found = [self._service(prefix, one) for one in plain_services(match)]
        if len(found) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
        return _listed(dict.fromkeys(found))

    def _service(self, prefix: str, service: PlainService) -> str:
        if service.protocol is None:
            return "any"
        word = _PORTED.get(service.protocol)
        if word is None:
            raise NotSaidError(_NO_SERVICE)
        known = self._services.get(service)
        if known is not None:
            return known
        ports = ",".join(number_range(one) for one in service.destination_ports)
        if len(service.destination_ports) + len(service.source_ports) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
        name = unused(f"SA-{word}-{ports.replace(',', '_')}"[: _LONGEST_NAME - 4], self._taken)
        self._services[service] = name
        path = f"{prefix}service {name} protocol {word}"
        self._objects.append(f"set {path} port {ports}")
        if service.source_ports != ANY_PORT:
            self._objects.append(
                f"set {path} source-port {','.join(number_range(one) for one in service.source_ports)}"
            )
        return name


def _addresses(family: Family, intervals: Iterable[Interval]) -> str:
    """Addresses as a rule lists them; every address of one family is a prefix of length 0, for `any` means both families."""
    held = tuple(intervals)
    if held == (ANY_IPV4 if family == 4 else ANY_IPV6):
        return "0.0.0.0/0" if family == 4 else "::/0"
    if len(held) > MOST_LINES:
        raise NotSaidError(TOO_MANY)
    found = []
    for interval in held:
        networks = prefixes(family, interval)
        if len(networks) == 1:
            found.append(str(networks[0]))
        else:
            found.append(f"{address(family, interval[0])}-{address(family, interval[1])}")
    return _listed(found)


def _listed(names: Iterable[str]) -> str:
    held = list(names)
    return held[0] if len(held) == 1 else f"[ {' '.join(held)} ]"


def _quoted(name: str) -> str:
    return f'"{name}"' if not name or any(letter in name for letter in ' []"') else name


def _concerns(line: FilterLine, family: Family, change: InsertDeny) -> bool:
    """Whether a line sees packets of that family between the interfaces of the change."""
    sides = ((line.ingress, change.ingress), (line.egress, change.egress))
    return any(match.family == family for match in line.matches) and all(
        held is None or wanted is None or wanted in held for held, wanted in sides
    )


WRITER = PanosCommandWriter()
