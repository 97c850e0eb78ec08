"""Service objects and groups, and applications with the ports on which `application-default` lets them pass (PA-04)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from secaudit.network.intervals import ANY_PORT, Interval, Intervals, normalise
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, SCTP, TCP, UDP, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.addresses import MAXIMUM_DEPTH, members
from secaudit.vendors.panos.findings import Scope
from secaudit.vendors.panos.tree import Node, joined

_SERVICE = Text(ja="サービス", en="service")
_APPLICATION = Text(ja="アプリケーション", en="application")
_PROTOCOLS: Mapping[str, int] = {"tcp": TCP, "udp": UDP, "sctp": SCTP}
_PREDEFINED: Mapping[str, tuple[Service, ...]] = {
    "service-http": (Service(((TCP, TCP),), ((80, 80), (8080, 8080))),),
    "service-https": (Service(((TCP, TCP),), ((443, 443),)),),
}
"""Services that every device has (web interface help, Objects > Services)."""


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """What services or applications stand for: surely, and at most. `why` tells the difference."""

    sure: tuple[Service, ...]
    possible: tuple[Service, ...]
    sources: Sources = ()
    why: Text | None = None

    @property
    def certain(self) -> bool:
        """Whether nothing is doubtful about the set."""
        return self.sure == self.possible


ANY = ServiceSet((ANY_SERVICE,), (ANY_SERVICE,))


def union(parts: Iterable[ServiceSet]) -> ServiceSet:
    """All of several sets."""
    held = list(parts)
    if len(held) == 1:
        return held[0]
    sure = tuple(dict.fromkeys(one for part in held for one in part.sure))
    possible = tuple(dict.fromkeys(one for part in held for one in part.possible))
    why = next((part.why for part in held if part.why is not None), None)
    return ServiceSet(
        sure,
        (ANY_SERVICE,) if ANY_SERVICE in possible else possible,
        joined(line for part in held for line in part.sources),
        why,
    )


def ports(text: str) -> Intervals | None:
    """`80`, `80,443`, `1024-65535` as intervals; None when it cannot be read."""
    found: list[Interval] = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        high = high if dash else low
        if not all(one.isascii() and one.isdigit() and len(one) <= 5 for one in (low, high)):
            return None
        first, last = int(low), int(high)
        if first > last or last > ANY_PORT[0][1]:
            return None
        found.append((first, last))
    return normalise(found)


@dataclass(slots=True)
class Services:
    """Resolves names of services; results are kept."""

    scope: Scope
    _known: dict[str, ServiceSet] = field(default_factory=dict)
    _lists: dict[tuple[str, ...], ServiceSet] = field(default_factory=dict)

    def of_names(self, names: tuple[str, ...], users: Sources) -> ServiceSet:
        """The union of named services."""
        found = self._lists.get(names)
        if found is None:
            found = self._lists[names] = union(self._resolve(name, users, ()) for name in names)
        return found

    def _resolve(self, name: str, users: Sources, around: tuple[str, ...]) -> ServiceSet:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._object(name, users, around)
        return known

    def _object(self, name: str, users: Sources, around: tuple[str, ...]) -> ServiceSet:
        if name == "any":
            return ANY
        entry = self.scope.find("service", name)
        if entry is not None:
            return self._single(entry)
        group = self.scope.find("service-group", name)
        if group is not None:
            return self._group(group, users, around)
        if name in _PREDEFINED:
            return ServiceSet(_PREDEFINED[name], _PREDEFINED[name])
        return ServiceSet((), (ANY_SERVICE,), users, self.scope.findings.undefined(_SERVICE, name, users))

    def _group(self, group: Node, users: Sources, around: tuple[str, ...]) -> ServiceSet:
        lines = group.sources()
        if group.name in around or len(around) >= MAXIMUM_DEPTH:
            return ServiceSet(
                (), (ANY_SERVICE,), lines, self.scope.findings.circular(_SERVICE, group.name, (*lines, *users))
            )
        names = members(group, "members")
        if group.unknown or not names or group.repeated:
            return _unreadable(group)
        found = union(self._resolve(name, lines, (*around, group.name)) for name in names)
        return ServiceSet(found.sure, found.possible, joined((*lines, *found.sources)), found.why)

    def _single(self, entry: Node) -> ServiceSet:
        found: list[Service] = []
        complete = not entry.unknown and not entry.repeated
        for protocol in entry.entries("protocol"):
            number = _PROTOCOLS.get(protocol.name)
            if number is None:
                complete = False
                continue
            # A list may be one word or several.
            held = [
                ports(",".join(protocol.names(name))) if protocol.child(name) is not None else ANY_PORT
                for name in ("port", "source-port")
            ]
            if held[0] is None or held[1] is None or protocol.child("port") is None:
                complete = False
                self.scope.findings.not_understood(protocol)
            else:
                found.append(Service(((number, number),), held[0], held[1]))
        if not complete or not found:
            return _unreadable(entry)
        lines = entry.sources("protocol")
        return ServiceSet(tuple(found), tuple(found), lines)


def _unreadable(entry: Node) -> ServiceSet:
    why = Text(
        ja=f"「{entry.name}」に読み取れない値があります。", en=f"'{entry.name}' has values that were not understood."
    )
    return ServiceSet((), (ANY_SERVICE,), entry.sources(), why)


@cache
def _usual() -> Mapping[str, tuple[Service, ...]]:
    """The usual applications (`data/applications.toml`)."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/applications.toml").read_text("utf-8"))
    found: dict[str, tuple[Service, ...]] = {}
    for word, number in (("tcp", TCP), ("udp", UDP)):
        for name, text in data[word].items():
            found[name] = (*found.get(name, ()), Service(((number, number),), ports(text) or ANY_PORT))
    for name, number in data["protocol"].items():
        found[name] = (Service(((number, number),)),)
    return found


@cache
def _secure() -> Mapping[str, tuple[Service, ...]]:
    """The ports on which some of them are encrypted."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/applications.toml").read_text("utf-8"))
    return {name: (Service(((TCP, TCP),), ports(text) or ANY_PORT),) for name, text in data["secure_tcp"].items()}


@dataclass(slots=True)
class Applications:
    """What applications are, by name: the ports on which they are by default."""

    scope: Scope
    _lists: dict[tuple[str, ...], ServiceSet] = field(default_factory=dict)

    def of_names(self, names: tuple[str, ...], users: Sources) -> ServiceSet:
        """The default ports of named applications; all ports are possible as soon as one of them is not known."""
        found = self._lists.get(names)
        if found is None:
            found = self._lists[names] = union(self._resolve(name, users, ()) for name in names)
        return found

    def _resolve(self, name: str, users: Sources, around: tuple[str, ...]) -> ServiceSet:
        if name == "any":
            every = tuple(dict.fromkeys(one for services in _usual().values() for one in services))
            return ServiceSet(every, (ANY_SERVICE,), users, _EVERY)
        entry = self.scope.find("application", name)
        if entry is not None:
            return self._own(entry)
        group = self.scope.find("application-group", name)
        if group is not None:
            return self._group(group, users, around)
        listed = self.scope.find("application-filter", name)
        if listed is not None:
            why = Text(
                ja=f"アプリケーションフィルター「{name}」の中身は設定に含まれていません。",
                en=f"What the application filter '{name}' holds is not in the file.",
            )
            return ServiceSet((), (ANY_SERVICE,), listed.sources(), why)
        usual = _usual().get(name)
        if usual is not None:
            secure = _secure().get(name, ())
            return ServiceSet(usual, (*usual, *secure), (), _DECRYPTED if secure else None)
        why = Text(
            ja=f"アプリケーション「{name}」が使うポートは設定に含まれていません。",
            en=f"The ports of the application '{name}' are not in the file.",
        )
        return ServiceSet((), (ANY_SERVICE,), (), why)

    def _group(self, group: Node, users: Sources, around: tuple[str, ...]) -> ServiceSet:
        lines = group.sources()
        if group.name in around or len(around) >= MAXIMUM_DEPTH:
            return ServiceSet(
                (), (ANY_SERVICE,), lines, self.scope.findings.circular(_APPLICATION, group.name, (*lines, *users))
            )
        names = members(group, "members")
        if group.unknown or not names or group.repeated:
            return _unreadable(group)
        found = union(self._resolve(name, lines, (*around, group.name)) for name in names)
        return ServiceSet(found.sure, found.possible, joined((*lines, *found.sources)), found.why)

    def _own(self, entry: Node) -> ServiceSet:
        """An application that the configuration defines: `default port [ tcp/80 udp/dynamic ]`, `ident-by-ip-protocol N`, `ident-by-icmp-type`."""
        found: list[Service] = []
        held = entry.names("default", "port")
        lines = entry.sources("default")
        for text in (part.strip() for one in held for part in one.split(",")):
            word, slash, number = text.partition("/")
            if word in _PROTOCOLS:
                protocol = _PROTOCOLS[word]
            elif not slash and found:
                number = word  # `tcp/80,443`
            else:
                return _unreadable(entry)
            parsed = ANY_PORT if number == "dynamic" else ports(number)
            if parsed is None:
                return _unreadable(entry)
            found.append(Service(((protocol, protocol),), parsed))
        for name, numbers in (
            ("ident-by-ip-protocol", None),
            ("ident-by-icmp-type", ICMP),
            ("ident-by-icmp6-type", ICMPV6),
        ):
            value = entry.value("default", name)
            if value:
                protocol_number = (
                    numbers
                    if numbers is not None
                    else int(value)
                    if value.isascii() and value.isdigit() and len(value) <= 3
                    else 256
                )
                if protocol_number > 255:
                    return _unreadable(entry)
                found.append(Service(((protocol_number, protocol_number),)))
        if not found or entry.unknown or entry.repeated:
            why = Text(
                ja=f"アプリケーション「{entry.name}」に既定のポートがありません。",
                en=f"The application '{entry.name}' has no default ports.",
            )
            return ServiceSet((), (ANY_SERVICE,), lines, why)
        return ServiceSet(tuple(found), tuple(found), lines)


_DECRYPTED = Text(
    ja="復号する装置では、暗号化された形のポートでも通します。",
    en="Where the device decrypts, the application also passes on the port of its encrypted form.",
)
_EVERY = Text(
    ja="すべてのアプリケーションの既定のポートは設定に含まれていません。",
    en="The default ports of all applications are not in the file.",
)
