"""Address books: global, or of zones (attached books and those inside the zone), with nested sets (SR-06).

A name is looked up in the book of the zone first and then in the global one (Juniper, "Address Books and Address Sets": a zone book and the
global book cannot both be used for one zone in old releases; `any`, `any-ipv4` and `any-ipv6` are predefined). A name that DNS resolves
is not in the file: any address of the family may be meant.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from secaudit.network.intervals import Interval, Intervals, normalise, of_wildcard
from secaudit.network.matches import Family, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError
from secaudit.vendors.juniper_srx.tree import Statement, join

FAMILIES: tuple[Family, Family] = (4, 6)
_MOST_VISITS = 300_000
"""Members of sets that are looked at for all policies together."""
_HARMLESS = ("description", "apply-groups", "apply-groups-except")
_ANY: Mapping[str, tuple[Family, ...]] = {"any": (4, 6), "any-ipv4": (4,), "any-ipv6": (6,)}


def undefined_address(name: str) -> Text:
    """A name that no book defines."""
    return Text(
        ja=f"アドレス「{name}」がアドレスブックに定義されていません。",
        en=f"No address book defines the address '{name}'.",
    )


_DNS = Text(
    ja="アドレスがDNS名で指定されており、実際のアドレスは設定に含まれていません。",
    en="The address is a DNS name; what it resolves to is not in the file.",
)
_UNREADABLE = Text(ja="読み取れないアドレスがあります。", en="An address was not understood.")
_CIRCLE = Text(ja="アドレスセットが自分自身を含んでいます。", en="An address set contains itself.")
_EMPTY = Text(ja="アドレスセットに要素がありません。", en="An address set has no members.")
_COMPLEX = Text(ja="アドレスセットの要素が多すぎます。", en="An address set has too many members.")


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a name, by family: surely, and at most. `why` tells the difference."""

    sure: Mapping[Family, Intervals]
    possible: Mapping[Family, Intervals]
    sources: Sources = ()
    why: Text | None = None

    @property
    def certain(self) -> bool:
        """Whether exactly these are meant."""
        return self.why is None

    def without(self) -> Addresses:
        """Every other address (`source-address-excluded`)."""
        sure = {family: _outside(self.possible[family], family) for family in FAMILIES}
        possible = {family: _outside(self.sure[family], family) for family in FAMILIES}
        return Addresses(sure, possible, self.sources, self.why)


def _outside(spans: Intervals, family: Family) -> Intervals:
    result: list[Interval] = []
    start, last = any_address(family)[0]
    for low, high in spans:
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    if start <= last:
        result.append((start, last))
    return tuple(result)


def anything(sources: Sources, why: Text) -> Addresses:
    """Nothing for sure, everything at most."""
    return Addresses({4: (), 6: ()}, {f: any_address(f) for f in FAMILIES}, sources, why)


ANYWHERE = Addresses({f: any_address(f) for f in FAMILIES}, {f: any_address(f) for f in FAMILIES})


@lru_cache(maxsize=65536)
def prefix(word: str) -> tuple[Family, Interval]:
    """A prefix or single address as a span. Raises `NotUnderstoodError`."""
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError as error:
        raise NotUnderstoodError(word) from error
    return (4 if network.version == 4 else 6), (int(network.network_address), int(network.broadcast_address))


def span(first: str, last: str) -> tuple[Family, Interval]:
    """The addresses from one to another. Raises `NotUnderstoodError`."""
    family, (low, _) = prefix(first.split("/")[0])
    other, (high, _) = prefix(last.split("/")[0])
    if family != other or low > high:
        raise NotUnderstoodError(f"{first} to {last}")
    return family, (low, high)


@dataclass(slots=True)
class _Collected:
    sure: dict[Family, list[Interval]] = field(default_factory=lambda: {4: [], 6: []})
    possible: dict[Family, list[Interval]] = field(default_factory=lambda: {4: [], 6: []})
    lines: list[Sources] = field(default_factory=list)
    why: Text | None = None

    def add(self, family: Family, spans: Iterable[Interval]) -> None:
        both = tuple(spans)
        self.sure[family].extend(both)
        self.possible[family].extend(both)

    def open_up(self, why: Text, families: Iterable[Family] = FAMILIES) -> None:
        self.why = self.why or why
        for family in families:
            self.possible[family].extend(any_address(family))

    def result(self) -> Addresses:
        return Addresses(
            {f: normalise(self.sure[f]) for f in FAMILIES},
            {f: normalise(self.possible[f]) for f in FAMILIES},
            join(*self.lines),
            self.why,
        )


class AddressBooks:
    """Every address book of a device. `undefined` are names that were asked for in vain."""

    def __init__(self, root: Statement) -> None:
        self._global: list[Statement] = []
        self._of_zone: dict[str, list[Statement]] = {}
        self._known: dict[tuple[str, str], Addresses] = {}
        self._visits = 0
        for book in _section(root, "security", "address-book"):
            book.use()
            zones = book.values("attach", "zone")
            if book.get("attach") is not None:
                book.children["attach"].use_all()
            for zone in zones:
                self._of_zone.setdefault(zone, []).append(book)
            if book.word == "global":
                self._global.append(book)
        for entry in _section(root, "security", "zones", "security-zone"):
            inner = entry.get("address-book")
            if inner is not None:
                inner.use()
                self._of_zone.setdefault(entry.word, []).insert(0, inner)
        for book in {id(b): b for b in (*self._global, *(b for bs in self._of_zone.values() for b in bs))}.values():
            _mark(book)
        for book in _section(root, "security", "address-book"):
            _mark(book)

    def of_names(self, names: Iterable[str], zone: str) -> Addresses:
        """All of some names in the books of a zone (empty: the global one)."""
        found = [self.of_name(name, zone) for name in names]
        if len(found) == 1:
            return found[0]
        if not found:
            return ANYWHERE
        return Addresses(
            {f: normalise(span for one in found for span in one.sure[f]) for f in FAMILIES},
            {f: normalise(span for one in found for span in one.possible[f]) for f in FAMILIES},
            join(*(one.sources for one in found)),
            next((one.why for one in found if one.why is not None), None),
        )

    def of_name(self, name: str, zone: str) -> Addresses:
        """One name."""
        key = (zone, name)
        known = self._known.get(key)
        if known is None:
            collected = _Collected()
            if name in _ANY:
                for family in _ANY[name]:
                    collected.add(family, any_address(family))
            else:
                self._collect(name, zone, collected)
            known = self._known[key] = collected.result()
        return known

    def _books(self, zone: str) -> list[Statement]:
        return [*self._of_zone.get(zone, ()), *self._global]

    def _collect(self, name: str, zone: str, collected: _Collected) -> None:
        """Follows sets with a list of what is still to do, because their depth is the file's choice."""
        pending: list[tuple[str, bool, tuple[str, ...]]] = [(name, True, ())]
        seen: set[tuple[str, bool]] = set()
        while pending:
            one, may_be_set, above = pending.pop()
            if may_be_set and one in above:
                collected.open_up(_CIRCLE)
                continue
            if (one, may_be_set) in seen:
                continue
            seen.add((one, may_be_set))
            self._visits += 1
            if self._visits > _MOST_VISITS:
                collected.open_up(_COMPLEX)
                return
            found = self._find(one, zone)
            if found is None:
                collected.open_up(undefined_address(one))
                continue
            entry, is_set = found
            collected.lines.append(entry.sources())
            if not is_set:
                _read_address(entry, collected)
                continue
            if not any(child.children for child in entry if child.word in ("address", "address-set")):
                collected.open_up(_EMPTY)  # its members are missing
            inner = (*above, one) if len(above) < 50 else above
            for child in entry:
                if child.word in ("address", "address-set"):
                    pending += [(member.word, True, inner) for member in child]
                elif child.word not in _HARMLESS:
                    collected.open_up(_UNREADABLE)

    def _find(self, name: str, zone: str) -> tuple[Statement, bool] | None:
        for book in self._books(zone):
            for word, is_set in (("address", False), ("address-set", True)):
                entry = book.get(word, name)
                if entry is not None:
                    return entry, is_set
        return None


def _section(root: Statement, *path: str) -> tuple[Statement, ...]:
    return root.below(*path)


def _mark(book: Statement) -> None:
    """Accounts for the lines of a book. What is not known makes the address uncertain, wherever it is used."""
    for child in book:
        if child.word in ("address", "address-set"):
            child.use()
            for entry in child:
                entry.use()
                for part in entry:
                    if part.word in ("dns-name", "wildcard-address", "range-address", "address", "address-set"):
                        part.use_all()
                    elif part.word not in _HARMLESS:
                        _mark_value(part)
                    else:
                        part.use_all()
        elif child.word in ("description", "attach"):
            child.use_all()


def _mark_value(part: Statement) -> None:
    try:
        prefix(part.word)
    except NotUnderstoodError:
        part.leave()
    else:
        part.use()
        for below in part:
            below.use_all() if below.word == "description" else below.leave()


def _read_address(entry: Statement, collected: _Collected) -> None:
    """`address NAME PREFIX`, `dns-name`, `wildcard-address A/M`, `range-address A to B`. A later value replaces an earlier one."""
    values = [child for child in entry if child.word not in _HARMLESS]
    if not values:
        collected.open_up(_UNREADABLE)
        return
    latest = max(values, key=lambda child: child.order)
    try:
        _read_value(latest, collected)
    except (NotUnderstoodError, ValueError):
        collected.open_up(_UNREADABLE)


def _read_value(value: Statement, collected: _Collected) -> None:
    inner = next(iter(value), None)
    match value.word:
        case "dns-name":
            only: dict[str, tuple[Family, ...]] = {"ipv4-only": (4,), "ipv6-only": (6,)}
            said = [word.word for word in value.walk() if word.word in only]
            collected.open_up(_DNS, only[said[0]] if len(said) == 1 else FAMILIES)
        case "wildcard-address" if inner is not None:
            address, _, mask = inner.word.partition("/")
            wildcard = int(ipaddress.IPv4Address(mask)) ^ 0xFFFFFFFF
            collected.add(4, of_wildcard(int(ipaddress.IPv4Address(address)), wildcard))
        case "range-address" if inner is not None:
            last = inner.value("to") or next(iter(child.word for child in inner), inner.word)
            family, both = span(inner.word, last)
            collected.add(family, (both,))
        case word:
            if any(below.word not in _HARMLESS for below in value):
                raise NotUnderstoodError(word)
            family, both = prefix(word)
            collected.add(family, (both,))
