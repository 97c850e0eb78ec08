"""Address objects and groups as sets of addresses (FO-08)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import (
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    complement,
    intersect,
    normalise,
    of_network,
    of_networks,
    of_wildcard,
)
from secaudit.network.matches import Family, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.findings import SHOWN_LINES, Scope, join
from secaudit.vendors.fortios.grammar import Section

MAXIMUM_DEPTH = 32
"""Groups nested deeper than this are not followed (FortiOS itself allows far less)."""

_PREDEFINED_ANY = frozenset(("all", "any"))
_PREDEFINED_UNCERTAIN = frozenset(("FABRIC_DEVICE", "FIREWALL_AUTH_PORTAL_ADDRESS"))
"""Objects without settings whose content FortiOS fills in at run time."""
_TYPES_BY_NAME = {
    "fqdn": Text(ja="FQDN（名前解決の結果で決まる）", en="an FQDN (depends on name resolution)"),
    "wildcard-fqdn": Text(ja="FQDN（名前解決の結果で決まる）", en="an FQDN (depends on name resolution)"),
    "geography": Text(ja="国・地域（地理情報データベースで決まる）", en="a country (depends on a geography database)"),
    "dynamic": Text(ja="動的アドレス（外部システムで決まる）", en="a dynamic address (depends on an external system)"),
    "mac": Text(ja="MACアドレス（IPアドレスからは決まらない）", en="MAC addresses (not decided by IP address)"),
    "device": Text(ja="機器の種類", en="a kind of device"),
    "route-tag": Text(ja="経路タグ", en="a route tag"),
    "template": Text(ja="アドレステンプレート", en="an address template"),
}


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses of one family: those surely in the object, and those that may be (`sure` is within `possible`).

    `why` tells what makes the difference, `undefined` whether a name refers to nothing.
    """

    sure: Intervals
    possible: Intervals
    sources: Sources = ()
    why: Text | None = None

    @property
    def certain(self) -> bool:
        """Whether nothing is doubtful about the set."""
        return self.sure == self.possible

    def negated(self, family: Family) -> AddressSet:
        """The addresses outside."""
        maximum = IPV4_MAX if family == 4 else IPV6_MAX
        return replace(self, sure=complement(self.possible, maximum), possible=complement(self.sure, maximum))


NOTHING = AddressSet((), ())


def union(sets: Iterable[AddressSet]) -> AddressSet:
    """All of several sets."""
    parts = list(sets)
    if len(parts) == 1:
        return parts[0]
    possible = normalise([interval for part in parts for interval in part.possible])
    certain = all(part.certain for part in parts)
    return AddressSet(
        possible if certain else normalise([interval for part in parts for interval in part.sure]),
        possible,
        join(line for part in parts for line in part.sources),
        next((part.why for part in parts if part.why is not None), None),
    )


@dataclass(slots=True)
class Addresses:
    """Resolves names to address sets; results are kept, so that a group used by many policies is resolved once."""

    scope: Scope
    interfaces: Mapping[str, Interface]
    _known: dict[tuple[Family, str], AddressSet] = field(default_factory=dict)
    _lists: dict[tuple[Family, tuple[str, ...]], AddressSet] = field(default_factory=dict)
    _reported: set[tuple[Family, str]] = field(default_factory=set)

    def defined(self, family: Family, name: str) -> bool:
        """Whether an object or group of this name exists."""
        objects, groups = _tables(family)
        return name in self.scope.section(objects).entries or name in self.scope.section(groups).entries

    def of_names(self, family: Family, names: tuple[str, ...], users: Sources) -> AddressSet:
        """The union of named objects; `users` are the lines that name them (for the doubt about an undefined one)."""
        key = (family, names)
        found = self._lists.get(key)
        if found is None:
            found = self._lists[key] = union(self._resolve(family, name, users, ()) for name in names)
        return found

    def _resolve(self, family: Family, name: str, users: Sources, around: tuple[str, ...]) -> AddressSet:
        key = (family, name)
        known = self._known.get(key)
        if known is not None:
            return known
        objects, groups = _tables(family)
        entry = self.scope.section(objects).entries.get(name)
        group = self.scope.section(groups).entries.get(name)
        if name in around or len(around) >= MAXIMUM_DEPTH:
            return self._nonsense(family, name, (*users, *(group.opening if group else ())), name in around)
        if entry is not None:
            result = self._object(family, name, entry)
        elif group is not None:
            result = self._group(family, group, (*around, name))
        elif name in _PREDEFINED_ANY:
            result = AddressSet(any_address(family), any_address(family))
        elif name == "none":
            result = NOTHING
        elif name in self.scope.section("system external-resource").entries:
            feed = self.scope.section("system external-resource").entries[name]
            what = Text(ja="外部から取り込むアドレス一覧", en="a list of addresses fetched from outside")
            result = self._uncertain(family, name, feed.opening, what)
        else:
            result = self._nonsense(family, name, users, recursive=False)
        self._known[key] = result
        return result

    def _nonsense(self, family: Family, name: str, sources: Sources, recursive: bool) -> AddressSet:
        """A name without meaning: anything is possible, nothing is sure."""
        if recursive:
            text = Text(
                ja=f"アドレスグループ「{name}」が自分自身を含んでいます。",
                en=f"The address group '{name}' contains itself.",
            )
        else:
            text = Text(
                ja=f"アドレス「{name}」の定義がありません。", en=f"The address '{name}' is not defined in the file."
            )
        if (family, name) not in self._reported:
            self._reported.add((family, name))
            self.scope.findings.doubt(DoubtKind.UNDEFINED, text, sources, interfaces=frozenset())
        return AddressSet((), any_address(family), sources[:SHOWN_LINES], text)

    def _group(self, family: Family, group: Section, around: tuple[str, ...]) -> AddressSet:
        lines = (*group.opening, *group.lines_of("member", "exclude", "exclude-member"))
        members = [self._resolve(family, name, lines, around) for name in group.values("member")]
        result = union(members) if members else NOTHING
        if group.enabled("exclude"):
            excluded = [self._resolve(family, name, lines, around) for name in group.values("exclude-member")]
            outside = (union(excluded) if excluded else NOTHING).negated(family)
            result = AddressSet(
                intersect(result.sure, outside.sure),
                intersect(result.possible, outside.possible),
                join((*result.sources, *outside.sources)),
                result.why or outside.why,
            )
        result = replace(result, sources=join((*lines, *result.sources)))
        return self._with_unknown(family, group, result)

    def _object(self, family: Family, name: str, entry: Section) -> AddressSet:
        usual = self.scope.defaults
        kind = entry.get("type", usual.address_type if family == 4 else usual.address6_type)
        lines = (*entry.opening, *(line for setting in entry.settings.values() for line in setting.lines))
        sources = self._object_sources(entry)
        if name in _PREDEFINED_UNCERTAIN:
            what = Text(ja="機器が実行時に決めるアドレス", en="addresses that the device fills in at run time")
            return self._uncertain(family, name, sources, what)
        if kind in _TYPES_BY_NAME or entry.values("fqdn"):
            return self._uncertain(family, name, sources, _TYPES_BY_NAME.get(kind, _TYPES_BY_NAME["fqdn"]))
        if kind == "interface-subnet":
            own = self._of_interface(entry)
            if own is None:
                what = Text(
                    ja="アドレスが設定にないインタフェースのサブネット",
                    en="the subnet of an interface whose address is not in the file",
                )
                return self._uncertain(family, name, sources, what)
            return self._with_unknown(family, entry, AddressSet(own, own, sources))
        try:
            intervals = self._intervals(family, kind, entry)
        except ValueError:
            intervals = None
        if intervals is None:
            self.scope.findings.not_understood(
                line for setting in entry.settings.values() if setting.name in _VALUE_NAMES for line in setting.lines
            )
            return self._uncertain(
                family, name, lines[:SHOWN_LINES], Text(ja="読み取れない値", en="a value that cannot be read")
            )
        return self._with_unknown(family, entry, AddressSet(intervals, intervals, sources))

    @staticmethod
    def _object_sources(entry: Section) -> Sources:
        return (*entry.opening, *entry.lines_of(*_VALUE_NAMES))

    def _with_unknown(self, family: Family, entry: Section, result: AddressSet) -> AddressSet:
        """An object with a line nobody understands may be anything."""
        if not entry.unknown:
            return result
        why = Text(
            ja=f"アドレス「{entry.name}」に読み取れない行があります。",
            en=f"The address '{entry.name}' has a line that was not understood.",
        )
        return AddressSet((), any_address(family), join((*entry.unknown, *result.sources)), why)

    @staticmethod
    def _uncertain(family: Family, name: str, sources: Sources, what: Text) -> AddressSet:
        why = Text(ja=f"アドレス「{name}」は{what.ja}です。", en=f"The address '{name}' is {what.en}.")
        return AddressSet((), any_address(family), sources, why)

    def _intervals(self, family: Family, kind: str, entry: Section) -> Intervals | None:
        """The addresses of an object of a known type; None or `ValueError` when they cannot be read."""
        if kind == "iprange":
            low, high = ipaddress.ip_address(entry.get("start-ip")), ipaddress.ip_address(entry.get("end-ip"))
            if low.version != family or high.version != family:
                return None
            return normalise([(int(low), int(high))])
        if family == 6:
            if kind != "ipprefix":
                return None
            prefix = entry.get("ip6", "::/0")
            return (of_network(ipaddress.IPv6Network(prefix, strict=False)),)
        if kind == "wildcard":
            address, mask = (
                int(ipaddress.IPv4Address(word)) for word in entry.get("wildcard").replace("/", " ").split()
            )
            return of_wildcard(address, mask ^ IPV4_MAX)
        if kind != "ipmask":
            return None
        return (of_network(network_of(entry.values("subnet") or ("0.0.0.0", "0.0.0.0"))),)  # noqa: S104 (an address)

    def _of_interface(self, entry: Section) -> Intervals | None:
        interface = self.interfaces.get(entry.get("interface"))
        if interface is None or interface.dynamic_address:
            return None
        networks = [a.address.network for a in interface.addresses if isinstance(a.address, ipaddress.IPv4Interface)]
        return of_networks(networks) if networks else None


_VALUE_NAMES = (
    "type", "subnet", "start-ip", "end-ip", "wildcard", "interface", "ip6", "fqdn", "wildcard-fqdn", "country",
    "sub-type", "sdn", "filter", "macaddr", "start-mac", "end-mac", "host", "host-type", "template",
)  # fmt: skip


def _tables(family: Family) -> tuple[str, str]:
    return ("firewall address", "firewall addrgrp") if family == 4 else ("firewall address6", "firewall addrgrp6")


def network_of(words: tuple[str, ...]) -> ipaddress.IPv4Network:
    """`A M`, `A/LEN` or `A/M` as a network. Raises `ValueError`, also for a mask that is no prefix."""
    return ipaddress.IPv4Network("/".join(words), strict=False)
