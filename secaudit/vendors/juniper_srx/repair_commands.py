"""Repairs as Junos commands: a denying policy or term put before another one, one that is deactivated, a filter where there was none.

The commands are those of configuration mode, in the `set` form: they may stand behind a text of either form. Nothing acts before `commit`.
An ordered list grows at its end, and `insert` moves the new element to its place (Juniper, "CLI User Guide": inserting).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Interval, Intervals
from secaudit.network.matches import ICMP, ICMPV6, SCTP, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.juniper_srx.parsing import parse
from secaudit.vendors.juniper_srx.policies import NAME as POLICIES
from secaudit.vendors.juniper_srx.tree import Statement
from secaudit.vendors.wording import (
    MOST_LINES,
    NOT_REMOVABLE,
    SEVERAL_DEVICES,
    TOO_MANY,
    UNPLACED,
    PlainService,
    all_prefixes,
    number_range,
    plain_services,
    unused,
)

_PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmp6", SCTP: "sctp"}
_EXTENSIONS = frozenset((0, 43, 44, 60, 135, 139, 140))
_COMMIT = Text(
    ja="設定モード（configure）で投入し、commit check で確かめてから commit confirmed 10 で有効にし、問題がなければ commit すること。",
    en="type them in configuration mode; check with `commit check`, activate with `commit confirmed 10`, and `commit` when all is well",
)
_SESSIONS = Text(
    ja="すでに確立しているセッションは残ることがある。切る場合は clear security flow session で対象を絞ること。",
    en="sessions that are already open may go on; clear them with `clear security flow session` if need be",
)
_CUT = Text(
    ja="設定ファイルが途中で切れているため、コマンドを続けられない。",
    en="the configuration file is cut off, so nothing can be typed behind it",
)
_VIRTUAL = Text(
    ja="論理システムとテナントの設定への投入コマンドは作らない。",
    en="no commands are written for logical systems and tenants",
)
_NO_ZONE = Text(
    ja="ゾーンに属さないインタフェースの通信は、ポリシーで指定できない。",
    en="traffic of an interface in no zone cannot be named by a policy",
)

Path = tuple[str, ...]


class JuniperCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """Objects first, then the policies and terms with their `insert`. Raises `NotSaidError`."""
        parts = parse(text.lines)
        if len(parts) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        (part,) = parts
        if part.cut:
            raise NotSaidError(_CUT)
        if "/" in device.name or "logical-systems" in part.root.children or "tenants" in part.root.children:
            raise NotSaidError(_VIRTUAL)
        session = _Session(device, part.root)
        for change in changes:
            session.change(change)
        return Commands(device.name, device.vendor, tuple(session.lines()), (_COMMIT, *session.notes, _SESSIONS))

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """The `set` form behind either form."""
        return append_lines(text, lines)


class _Session:
    """The commands for the changes of one device."""

    def __init__(self, device: Device, root: Statement) -> None:
        self._device = device
        self._root = root
        self._taken = {node.word for node in root.walk()}
        self._objects: list[str] = []
        self._body: list[str] = []
        self._removed: list[str] = []
        self._addresses: dict[str, str] = {}
        self._services: dict[PlainService, str] = {}
        self._owners = dict(_owners(root))
        self.notes: list[Text] = []

    def lines(self) -> list[str]:
        """What is defined before what names it; what is taken out of use last."""
        return [*self._objects, *self._body, *self._removed]

    def change(self, change: Change) -> None:
        """One change. Raises `NotSaidError`."""
        match change:
            case InsertDeny() if change.filter == POLICIES:
                self._insert_policy(change)
            case InsertDeny():
                self._insert_term(change)
            case RemoveLine():
                self._remove(change)
            case AddFilter():
                self._add_filter(change)
            case _:
                assert_never(change)

    # --- what there is ----------------------------------------------------------------------------------------

    def _owner(self, line: FilterLine) -> Path | None:
        """The policy or term that a line comes from."""
        found = {self._owners[one.number] for one in line.sources if one.number in self._owners}
        return found.pop() if len(found) == 1 else None

    def _remove(self, change: RemoveLine) -> None:
        line = self._device.filters[change.filter].lines[change.position]
        owner = self._owner(line)
        if owner is None:
            raise NotSaidError(NOT_REMOVABLE)
        others = [one for one in self._device.filters[change.filter].lines if self._owner(one) == owner]
        if len(others) > 1:
            # What surely fits and what may fit besides are one statement.
            raise NotSaidError(NOT_REMOVABLE)
        self._removed.append(f"deactivate {_joined(owner)}")

    def _reached(self, change: InsertDeny, inside: Sequence[int]) -> int | None:
        """The position of the line before which the new element stands; None at the end of its list."""
        return next((place for place in inside if place >= change.position), None)

    # --- policies ---------------------------------------------------------------------------------------------

    def _insert_policy(self, change: InsertDeny) -> None:
        lines = self._device.filters[POLICIES].lines
        pair = (self._zone(change.ingress), self._zone(change.egress))
        context: Path = ("security", "policies", "from-zone", pair[0], "to-zone", pair[1], "policy")
        owners = [self._owner(line) for line in lines]
        inside = [place for place, owner in enumerate(owners) if owner is not None and owner[:-1] == context]
        firsts = [place for place in inside if place == 0 or owners[place - 1] != owners[place]]
        place = self._reached(change, firsts)
        # A new list stands before the global policies.
        start = next((n for n, owner in enumerate(owners) if owner is not None and owner[2] == "global"), len(lines))
        reached = place if place is not None else inside[-1] + 1 if inside else start
        between = lines[min(reached, change.position) : max(reached, change.position)]
        for match in change.matches:
            if any(_concerns(line, match.family, change) for line in between):
                raise NotSaidError(UNPLACED)
        before = None if place is None else owners[place]
        for match in change.matches:
            self._policy(context, match, None if before is None else before[-1])

    def _zone(self, interface: str | None) -> str:
        zone = None if interface is None else self._device.interfaces[interface].zone
        if not zone:
            raise NotSaidError(_NO_ZONE)
        others = sorted(
            one.name for one in self._device.interfaces.values() if one.zone == zone and one.name != interface
        )
        if others:
            listed = ", ".join(others)
            note = Text(
                ja=f"ゾーン「{zone}」で指定するため、同じゾーンの {listed} にも効く。",
                en=f'the policy names the zone "{zone}", so it acts on {listed} as well',
            )
            self.notes.append(note)
        return zone

    def _policy(self, context: Path, match: Match, before: str | None) -> None:
        name = unused("secaudit-deny", self._taken)
        head = f"set {_joined((*context, name))}"
        sides = (("source-address", match.sources), ("destination-address", match.destinations))
        new = [f"{head} match {word} {one}" for word, held in sides for one in self._address_names(match.family, held)]
        new += [f"{head} match application {one}" for one in self._application_names(match)]
        new += [f"{head} then deny", f"{head} then log session-init"]
        if before is not None:
            new.append(f"insert {_joined((*context, name))} before policy {_quoted(before)}")
        self._body += new

    def _address_names(self, family: Family, intervals: Intervals) -> list[str]:
        if intervals == (ANY_IPV4 if family == 4 else ANY_IPV6):
            return ["any-ipv4" if family == 4 else "any-ipv6"]
        names = []
        for network in all_prefixes(family, intervals):
            text = str(network)
            if text not in self._addresses:
                self._addresses[text] = unused(f"SA-{text.replace('/', '_').replace(':', '.')}", self._taken)
                self._objects.append(f"set security address-book global address {self._addresses[text]} {text}")
            names.append(self._addresses[text])
        return names

    def _application_names(self, match: Match) -> list[str]:
        services = plain_services(match)
        if PlainService(None) in services:
            return ["any"]
        names = [self._application(one) for service in services for one in _single_types(service)]
        if len(names) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
        return list(dict.fromkeys(names))

    def _application(self, service: PlainService) -> str:
        known = self._services.get(service)
        if known is not None:
            return known
        assert service.protocol is not None, "every protocol is the application `any`"
        word = _PROTOCOLS.get(service.protocol, str(service.protocol))
        name = self._services[service] = unused(f"SA-{word}", self._taken)
        head = f"set applications application {name}"
        six = "6" if service.protocol == ICMPV6 else ""
        if service.has_ports:
            pairs = list(product(service.source_ports, service.destination_ports))
            if len(pairs) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
            for number, (source, destination) in enumerate(pairs, 1):
                ports = "" if source == ANY_PORT[0] else f" source-port {number_range(source)}"
                ports += "" if destination == ANY_PORT[0] else f" destination-port {number_range(destination)}"
                self._objects.append(f"{head} term t{number} protocol {word}{ports}")
            return name
        self._objects.append(f"{head} protocol {word}")
        for kind, values in (("type", service.icmp_types), ("code", service.icmp_codes)):
            if values != ANY_BYTE:
                self._objects.append(f"{head} icmp{six}-{kind} {number_range(values[0])}")
        return name

    # --- filters ----------------------------------------------------------------------------------------------

    def _insert_term(self, change: InsertDeny) -> None:
        lines = self._device.filters[change.filter].lines
        owners = [self._owner(line) for line in lines]
        for match in change.matches:
            word = _family_word(match.family)
            inside = [
                place
                for place, owner in enumerate(owners)
                if owner is not None and owner[0] == "firewall" and _family_of(owner) == word
            ]
            lists = list(dict.fromkeys(owner[:-1] for place in inside if (owner := owners[place]) is not None))
            if len(lists) != 1:
                raise NotSaidError(UNPLACED)
            firsts = [place for place in inside if place == 0 or owners[place - 1] != owners[place]]
            place = self._reached(change, firsts)
            reached = place if place is not None else inside[-1] + 1
            between = lines[min(reached, change.position) : max(reached, change.position)]
            if any(_concerns(line, match.family, change) for line in between):
                raise NotSaidError(UNPLACED)
            before = None if place is None else owners[place]
            self._note_shared(lists[0], change.filter)
            for new in self._terms(lists[0], match):
                if before is not None:
                    self._body.append(f"insert {_joined((*lists[0], new))} before term {_quoted(before[-1])}")

    def _note_shared(self, path: Path, filter_: str) -> None:
        """A filter that is applied at several interfaces acts on all of them, so the change would be another one."""
        name = path[-2]
        for one in self._device.filters.values():
            if one.name != filter_ and name in one.name.split(": ")[-1].split():
                raise NotSaidError(UNPLACED)

    def _terms(self, path: Path, match: Match) -> Iterator[str]:
        services = [one for service in plain_services(match) for one in _single_types(service)]
        if len(services) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
        for service in services:
            name = unused("secaudit-deny", self._taken)
            head = f"set {_joined((*path, name))}"
            for side, held in (("source", match.sources), ("destination", match.destinations)):
                if held != (ANY_IPV4 if match.family == 4 else ANY_IPV6):
                    self._body += [f"{head} from {side}-address {one}" for one in all_prefixes(match.family, held)]
            self._body += [f"{head} from {one}" for one in _term_conditions(service, match.family)]
            self._body += [f"{head} then syslog", f"{head} then discard"]
            yield name

    def _add_filter(self, change: AddFilter) -> None:
        families = dict.fromkeys(match.family for match in change.matches)
        port, _, unit = change.interface.rpartition(".")
        if not port:
            raise NotSaidError(UNPLACED)
        way = "output" if change.outgoing else "input"
        for family in families:
            name = unused("secaudit-filter", self._taken)
            word = _family_word(family)
            path: Path = ("firewall", "family", word, "filter", name, "term")
            for match in change.matches:
                if match.family == family:
                    list(self._terms(path, match))
            self._body.append(f"set {_joined((*path, 'rest'))} then accept")
            self._body.append(f"set interfaces {port} unit {unit} family {word} filter {way} {name}")


def _owners(root: Statement) -> Iterator[tuple[int, Path]]:
    """The policy or term of every line that belongs to one."""
    contexts: list[tuple[Path, Statement]] = []
    policies = ("security", "policies")
    for source in root.below(*policies, "from-zone"):
        for destination in source.below("to-zone"):
            path: Path = (*policies, "from-zone", source.word, "to-zone", destination.word, "policy")
            contexts.append((path, destination.get("policy") or Statement("")))
    contexts.append(((*policies, "global", "policy"), root.get(*policies, "global", "policy") or Statement("")))
    for word in ("inet", "inet6"):
        for one in root.below("firewall", "family", word, "filter"):
            contexts.append(
                (("firewall", "family", word, "filter", one.word, "term"), one.get("term") or Statement(""))
            )
    for one in root.below("firewall", "filter"):
        contexts.append((("firewall", "filter", one.word, "term"), one.get("term") or Statement("")))
    for path, held in contexts:
        for element in held:
            for line in element.sources():
                yield line.number, (*path, element.word)


def _family_word(family: Family) -> str:
    return "inet" if family == 4 else "inet6"


def _family_of(owner: Path) -> str:
    return owner[2] if owner[1] == "family" else "inet"


def _term_conditions(service: PlainService, family: Family) -> Iterator[str]:
    if service.protocol is None:
        return
    if family == 6 and service.protocol in _EXTENSIONS:
        raise NotSaidError(UNPLACED)
    word = "next-header" if family == 6 else "protocol"
    yield f"{word} {_PROTOCOLS.get(service.protocol, str(service.protocol))}"
    for side, ports in (("source", service.source_ports), ("destination", service.destination_ports)):
        if ports != ANY_PORT:
            yield from (f"{side}-port {number_range(span)}" for span in ports)
    for kind, values in (("icmp-type", service.icmp_types), ("icmp-code", service.icmp_codes)):
        if values != ANY_BYTE:
            yield from (f"{kind} {number_range(span)}" for span in values)


def _single_types(service: PlainService) -> Iterable[PlainService]:
    """One range of ICMP types and codes each, since an application names one."""
    for types, codes in product(_each(service.icmp_types), _each(service.icmp_codes)):
        yield PlainService(service.protocol, service.destination_ports, service.source_ports, types, codes)


def _each(values: Intervals) -> list[Intervals]:
    if values == ANY_BYTE:
        return [values]
    singles: list[Interval] = [(one, one) for low, high in values for one in range(low, high + 1)]
    if len(singles) > MOST_LINES:
        raise NotSaidError(TOO_MANY)
    return [(one,) for one in singles]


def _concerns(line: FilterLine, family: Family, change: InsertDeny) -> bool:
    """Whether a line sees packets of that family between the interfaces of the change."""
    sides = ((line.ingress, change.ingress), (line.egress, change.egress))
    return any(match.family == family for match in line.matches) and all(
        held is None or wanted is None or wanted in held for held, wanted in sides
    )


def _quoted(word: str) -> str:
    return f'"{word}"' if set(word) & set(" {}[];#") else word


def _joined(path: Path) -> str:
    return " ".join(map(_quoted, path))


WRITER = JuniperCommandWriter()
