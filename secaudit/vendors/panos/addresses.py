"""Address objects, groups, lists and literals as sets of addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    complement,
    normalise,
    of_network,
    of_wildcard,
)
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.findings import Scope
from secaudit.vendors.panos.tree import Node, joined

MAXIMUM_DEPTH = 32
"""Groups nested deeper than this are not followed."""
_MOST_OF_A_WILDCARD = 4096
"""How many pieces a wildcard mask may have."""
_ADDRESS = Text(ja="アドレス", en="address")
_FIELDS: Mapping[str, str] = {"ip-netmask": "_netmask", "ip-range": "_range", "ip-wildcard": "_wildcard"}
_UNCERTAIN: Mapping[str, Text] = {
    "fqdn": Text(ja="FQDN（名前解決の結果で決まる）", en="an FQDN (depends on name resolution)"),
    "dynamic": Text(ja="動的グループ（タグで決まる）", en="a dynamic group (depends on tags)"),
    "list": Text(ja="外部動的リスト（外部から取り込む）", en="an external dynamic list (fetched from outside)"),
    "region": Text(ja="国・地域（地理情報データベースで決まる）", en="a region (depends on a geography database)"),
    "unread": Text(ja="読み取れない値を含むオブジェクト", en="an object with values that were not understood"),
}


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses of both families: those surely meant, and those that may be (`sure` is within `possible`). `why` tells the difference."""

    sure4: Intervals = ()
    sure6: Intervals = ()
    possible4: Intervals = ()
    possible6: Intervals = ()
    sources: Sources = ()
    why: Text | None = None

    def sure(self, family: Family) -> Intervals:
        """What is surely meant in one family."""
        return self.sure4 if family == 4 else self.sure6

    def possible(self, family: Family) -> Intervals:
        """What may be meant in one family."""
        return self.possible4 if family == 4 else self.possible6

    def certain(self, family: Family) -> bool:
        """Whether nothing is doubtful in one family."""
        return self.sure(family) == self.possible(family)

    def negated(self) -> AddressSet:
        """The addresses outside; of a set of one family that is the whole other family (aerleon negates an object of all IPv4 addresses to say
        IPv6)."""
        return AddressSet(
            complement(self.possible4, IPV4_MAX),
            complement(self.possible6, IPV6_MAX),
            complement(self.sure4, IPV4_MAX),
            complement(self.sure6, IPV6_MAX),
            self.sources,
            self.why,
        )


ANY = AddressSet(ANY_IPV4, ANY_IPV6, ANY_IPV4, ANY_IPV6)
NOTHING = AddressSet()


def _exactly(intervals4: Intervals, intervals6: Intervals, sources: Sources) -> AddressSet:
    return AddressSet(intervals4, intervals6, intervals4, intervals6, sources)


def literal(text: str) -> tuple[Intervals, Intervals] | None:
    """`A`, `A/LEN`, `A-B` as intervals of both families; None when it is none of these."""
    low, dash, high = text.partition("-")
    if not low[:1].isalnum() and low[:1] != ":":
        return None
    try:
        if dash:
            first, last = ipaddress.ip_address(low), ipaddress.ip_address(high)
            if first.version != last.version or int(first) > int(last):
                return None
            interval, version = (int(first), int(last)), first.version
        else:
            network = ipaddress.ip_network(text, strict=False)
            interval, version = of_network(network), network.version
    except ValueError:
        return None
    return ((interval,), ()) if version == 4 else ((), (interval,))


def members(group: Node, word: str) -> tuple[str, ...]:
    """The members of a group. Releases before 6 print them without a word in front."""
    return group.names(word) or tuple(
        one.name for one in group.children.values() if not one.children and one.name != word
    )


def union(parts: Iterable[AddressSet]) -> AddressSet:
    """All of several sets."""
    held = list(parts)
    if len(held) == 1:
        return held[0]
    return AddressSet(
        normalise(span for one in held for span in one.sure4),
        normalise(span for one in held for span in one.sure6),
        normalise(span for one in held for span in one.possible4),
        normalise(span for one in held for span in one.possible6),
        joined(line for one in held for line in one.sources),
        next((one.why for one in held if one.why is not None), None),
    )


@dataclass(slots=True)
class Addresses:
    """Resolves names; results are kept, so that a group used by many rules is resolved once."""

    scope: Scope
    _known: dict[str, AddressSet] = field(default_factory=dict)
    _lists: dict[tuple[str, ...], AddressSet] = field(default_factory=dict)

    def of_setting(self, holder: Node, name: str) -> AddressSet:
        """The addresses that a setting of a rule lists; any when it is not there."""
        node = holder.children.get(name)
        if node is None or not node.children:
            return ANY
        return self.of_names(tuple(node.children), node.sources())

    def of_names(self, names: tuple[str, ...], users: Sources) -> AddressSet:
        """The union of named objects and literals; `users` are the lines that name them."""
        found = self._lists.get(names)
        if found is None:
            found = self._lists[names] = union(self._resolve(name, users, ()) for name in names)
        return found

    def _resolve(self, name: str, users: Sources, around: tuple[str, ...]) -> AddressSet:
        known = self._known.get(name)
        if known is not None:
            return known
        if name == "any":
            return ANY
        found = self._object(name, users, around)
        self._known[name] = found
        return found

    def _object(self, name: str, users: Sources, around: tuple[str, ...]) -> AddressSet:
        scope = self.scope
        entry = scope.find("address", name)
        if entry is not None:
            return self._single(entry)
        group = scope.find("address-group", name)
        if group is not None:
            return self._group(group, around, users)
        written = literal(name)
        if written is not None:
            return _exactly(*written, ())
        if scope.find("external-list", name) is not None or name.startswith("panw-"):
            listed = scope.find("external-list", name)
            return self._uncertain(name, users if listed is None else listed.sources(), _UNCERTAIN["list"])
        region = scope.find("region", name)
        if region is not None:
            return self._region(region)
        if len(name) == 2 and name.isalpha() and name.isupper():
            return self._uncertain(name, users, _UNCERTAIN["region"])
        text = scope.findings.undefined(_ADDRESS, name, users)
        return AddressSet((), (), ANY_IPV4, ANY_IPV6, users, text)

    def _group(self, group: Node, around: tuple[str, ...], users: Sources) -> AddressSet:
        name = group.name
        if name in around or len(around) >= MAXIMUM_DEPTH:
            text = self.scope.findings.circular(_ADDRESS, name, (*group.sources("static"), *users))
            return AddressSet((), (), ANY_IPV4, ANY_IPV6, group.sources("static"), text)
        if group.child("dynamic") is not None or group.unknown or group.repeated:
            why = _UNCERTAIN["dynamic"] if group.child("dynamic") is not None else _UNCERTAIN["unread"]
            return self._uncertain(name, group.sources(), why)
        lines = group.sources()
        held = [self._resolve(member, lines, (*around, name)) for member in members(group, "static")]
        if not held:
            return self._uncertain(name, lines, _UNCERTAIN["unread"])
        found = union(held)
        return AddressSet(
            found.sure4, found.sure6, found.possible4, found.possible6, joined((*lines, *found.sources)), found.why
        )

    def _single(self, entry: Node) -> AddressSet:
        lines = entry.sources(*_FIELDS, "fqdn")
        if entry.child("fqdn") is not None:
            return self._uncertain(entry.name, lines, _UNCERTAIN["fqdn"])
        held = [kind for kind in _FIELDS if entry.child(kind) is not None]
        if len(held) == 1 and not entry.unknown and len(entry.names(held[0])) == 1 and not entry.repeated:
            written = entry.value(held[0])
            parsed = _wildcard(written) if held[0] == "ip-wildcard" else literal(written)
            if parsed is not None:
                return _exactly(*parsed, lines)
        self.scope.findings.not_understood(*(one for kind in held if (one := entry.child(kind)) is not None))
        return self._uncertain(entry.name, entry.sources(), _UNCERTAIN["unread"])

    def _region(self, region: Node) -> AddressSet:
        """A region of one's own: what it lists; the geography database knows nothing of it."""
        parsed = [literal(one) for one in region.names("address")]
        if not parsed or None in parsed or region.unknown:
            return self._uncertain(region.name, region.sources(), _UNCERTAIN["region"])
        return union(_exactly(*one, region.sources()) for one in parsed if one is not None)

    @staticmethod
    def _uncertain(name: str, sources: Sources, what: Text) -> AddressSet:
        why = Text(ja=f"アドレス「{name}」は{what.ja}です。", en=f"The address '{name}' is {what.en}.")
        return AddressSet((), (), ANY_IPV4, ANY_IPV6, sources, why)


def _wildcard(text: str) -> tuple[Intervals, Intervals] | None:
    """`A/WILDCARD` (PAN-OS 9.0): where the wildcard has zero bits the address is compared."""
    address, slash, mask = text.partition("/")
    try:
        found = of_wildcard(
            int(ipaddress.IPv4Address(address)), int(ipaddress.IPv4Address(mask)), limit=_MOST_OF_A_WILDCARD
        )
    except ValueError:
        return None
    return (found, ()) if slash else None
