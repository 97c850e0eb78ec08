"""Whether the neighbours of routing protocols must authenticate themselves.

From the CLI reference: `password` or `auth-options` of a BGP neighbour or group; `authentication` of an OSPF area and of an interface, of which that
of the interface counts; `auth-mode` of a RIP interface; without any of them nobody has to. RIP hears neighbours on passive interfaces as well.
What holds for an area whose interface has an entry of its own without `authentication` is not confirmed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping

from secaudit.network.interfaces import Interface
from secaudit.network.intervals import IPNetwork
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.fortios.findings import Scope
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports

_NONE = ("", "none")
_OF_RIP = ("auth-string", "auth-keychain")
_OF_DIGESTS = ("md5-key", "md5-keychain", "md5-keys", "keychain")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "text": ("authentication-key", *_OF_RIP),
    "md5": (*_OF_DIGESTS, *_OF_RIP),
    "message-digest": _OF_DIGESTS,
    "ah": ("ipsec-keys",),
    "esp": ("ipsec-keys",),
}
"""What holds the keys of each way: a value, or a table below."""
_BACKBONE = "0.0.0.0"  # noqa: S104 (the number of an area)

_Answer = bool | None
_Answers = Iterable[tuple[_Answer, Sources]]


def authenticated(scope: Scope, ports: Ports, protocol: str) -> tuple[_Answer, Sources]:
    """Whether all neighbours must (True), some need not (False), or the file does not tell; with the lines."""
    section = scope.section(f"router {protocol}")
    judge = _PROTOCOLS.get(protocol)
    found = [] if judge is None or _lost(scope, section) else list(judge(section, ports))
    open_ = [lines for answer, lines in found if answer is False]
    if open_:
        return False, tuple(line for lines in open_ for line in lines)
    sure = bool(found) and all(answer for answer, _ in found)
    return (True if sure else None), tuple(line for _, lines in found for line in lines) if sure else ()


def _lost(scope: Scope, section: Section) -> bool:
    """Whether a line of the protocol was not understood, or may be lacking."""
    unread = scope.findings.ledger.unread
    return scope.findings.cut_off or (bool(unread) and any(line.number in unread for line in section.all_lines()))


def _bgp(section: Section, ports: Ports) -> Iterator[tuple[_Answer, Sources]]:
    groups = section.section("neighbor-group").entries
    peers = [one for one in section.section("neighbor").entries.values() if not one.enabled("shutdown")]
    for one in section.section("neighbor-range").entries.values():
        group = groups.get(one.get("neighbor-group"))
        if group is None:
            yield None, one.opening
        else:
            peers.append(group)
    for one in peers:
        lines = one.lines_of("password", "auth-options")
        yield bool(one.get("password") or one.get("auth-options")), (*one.opening, *lines)


def _active(section: Section, ports: Ports, *, passive: bool) -> Iterator[tuple[Interface, str, bool]]:
    """Interfaces on which `network` switches a protocol on, with the area; and whether that is sure."""
    networks = [
        (network, one.get("area", _BACKBONE))
        for one in section.section("network").entries.values()
        if (network := _network(one.values("prefix"))) is not None
    ]
    left_out = section.values("passive-interface") if passive else ()
    for interface in ports.interfaces.values():
        if not interface.enabled or interface.name in left_out or not networks:
            continue
        areas = [
            area
            for network, area in networks
            if any(one.address.version == network.version and one.address.ip in network for one in interface.addresses)
        ]
        if areas:
            yield interface, areas[0], len(set(areas)) == 1
        elif interface.dynamic_address:
            yield interface, "", False


def _unclear(section: Section) -> Iterator[tuple[_Answer, Sources]]:
    """Where else the protocol may run: networks that were not understood."""
    for one in section.section("network").entries.values():
        if _network(one.values("prefix")) is None:
            yield None, one.opening


def _network(words: tuple[str, ...]) -> IPNetwork | None:
    try:
        return ipaddress.ip_network("/".join(words), strict=False)
    except ValueError:
        return None


def _has_key(entry: Section, way: str) -> bool:
    return any(entry.get(name) or entry.section(name).entries for name in _KEYS.get(way, ()))


def _of(entry: Section, name: str) -> _Answer:
    """What one entry says: somebody must have its key, nobody must, or it does not tell."""
    word = entry.get(name)
    if word in _NONE:
        return False
    return True if _has_key(entry, word) else None


def _rip(section: Section, ports: Ports) -> Iterator[tuple[_Answer, Sources]]:
    if section.get("version") == "1":  # it knows no authentication
        yield False, section.lines_of("version")
        return
    entries = section.section("interface").entries
    yield from _unclear(section)
    for interface, _, sure in _active(section, ports, passive=False):
        entry = entries.get(interface.name)
        answer = False if entry is None else _of(entry, "auth-mode")
        lines = section.opening if entry is None else (*entry.opening, *entry.lines_of("auth-mode"))
        yield answer if sure or answer else None, lines


def _ospf(section: Section, ports: Ports) -> Iterator[tuple[_Answer, Sources]]:
    areas = section.section("area").entries
    own: dict[str, list[Section]] = {}
    for one in section.section("ospf-interface").entries.values():
        own.setdefault(one.get("interface"), []).append(one)
    for area in areas.values():
        if area.section("virtual-link").entries:
            yield None, area.opening
    yield from _unclear(section)
    for interface, name, sure in _active(section, ports, passive=True):
        area_says = areas[name].get("authentication") if name in areas else ""
        entries = own.get(interface.name, [])
        if entries and all(one.get("status") == "disable" for one in entries):
            continue
        answers = {_of(one, "authentication") for one in entries} or {False}
        # An area that asks for it, at an interface that does not say by what key, or says nothing: not told.
        answer = None if len(answers) > 1 or (False in answers and area_says not in _NONE) else answers.pop()
        lines = [line for one in entries for line in (*one.opening, *one.lines_of("authentication"))]
        yield answer if sure or answer else None, _or(lines, areas, name, section)


def _or(lines: list[SourceLine], areas: Mapping[str, Section], name: str, section: Section) -> Sources:
    return tuple(lines) or (areas[name].opening if name in areas else section.opening)


def _ospf6(section: Section, ports: Ports) -> Iterator[tuple[_Answer, Sources]]:
    areas = section.section("area").entries
    for entry in section.section("ospf6-interface").entries.values():
        interface = ports.interfaces.get(entry.get("interface") or entry.name)
        off = entry.get("status") == "disable" or entry.name in section.values("passive-interface")
        if interface is None or not interface.enabled or off:
            continue
        area = areas.get(entry.get("area-id", _BACKBONE))
        says = entry if entry.get("authentication") not in ("", "area") or area is None else area
        yield _of(says, "authentication"), (*entry.opening, *says.lines_of("authentication"))


_PROTOCOLS: Mapping[str, Callable[[Section, Ports], _Answers]] = {
    "bgp": _bgp,
    "rip": _rip,
    "ospf": _ospf,
    "ospf6": _ospf6,
}
