"""Applications and application sets of policies (SR-06): protocol, ports, ICMP; terms; those that Junos defines itself.

An application with terms is any of its terms. What narrows further and is not in the header (RPC program numbers, UUIDs) makes
it the most that it could be. A name that is not in the file and not built in makes the policy uncertain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError
from secaudit.vendors.juniper_srx.services import ICMP6_TYPES, ICMP_TYPES, built_in, icmp_values, ports, protocol
from secaudit.vendors.juniper_srx.tree import Statement, join

_HARMLESS = frozenset(
    ("description", "inactivity-timeout", "application-protocol", "alg", "apply-groups", "ttl-threshold")
)
"""Of an application: its helper (ALG) and its timer. What the helper opens besides is that of the permitted connection."""
_NARROWING = frozenset(("uuid", "rpc-program-number", "snmp-command", "ether-type"))
_NARROWED = Text(
    ja="アプリケーションの定義に、ヘッダー以外の条件（RPCのプログラム番号等）があります。",
    en="The application has a condition beyond the header (an RPC program number or the like).",
)
_MOST = Text(
    ja="機器に組み込みのアプリケーションで、正確な範囲が版により異なります。",
    en="A built-in application whose exact range depends on the release.",
)
_UNREADABLE = Text(
    ja="アプリケーションの定義を読み取れません。", en="The definition of an application was not understood."
)
_CIRCLE = Text(ja="アプリケーションセットが自分自身を含んでいます。", en="An application set contains itself.")
_EMPTY = Text(ja="アプリケーションセットに要素がありません。", en="An application set has no members.")
_COMPLEX = Text(ja="アプリケーションセットの要素が多すぎます。", en="An application set has too many members.")
_MOST_VISITS = 300_000
"""Members of sets that are looked at for all policies together."""


def undefined_application(name: str) -> Text:
    """A name that is neither defined nor built in."""
    return Text(
        ja=f"アプリケーション「{name}」の定義がなく、組み込みの名前でもありません。",
        en=f"The application '{name}' is neither defined nor built in.",
    )


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """The services of some names: surely, and at most. `why` tells the difference."""

    sure: tuple[Service, ...]
    possible: tuple[Service, ...]
    sources: Sources = ()
    why: Text | None = None


ANYTHING = ServiceSet((ANY_SERVICE,), (ANY_SERVICE,))


class Applications:
    """The applications of a device."""

    def __init__(self, root: Statement) -> None:
        section = root.get("applications") or Statement("")
        self._single = section.get("application") or Statement("")
        self._sets = section.get("application-set") or Statement("")
        self._known: dict[str, ServiceSet] = {}
        self._visits = 0
        for kind in (self._single, self._sets):
            kind.use()
            for entry in kind:
                entry.use()
        for entry in self._sets:
            for part in entry:
                if part.word in ("application", "application-set", "description"):
                    part.use_all()
        for entry in self._single:
            _mark(entry)

    def of_names(self, names: Iterable[str]) -> ServiceSet:
        """All of some names; `any` is everything."""
        wanted = tuple(names)
        if "any" in wanted:
            return ANYTHING
        found = [self._of_name(name) for name in wanted]
        if len(found) == 1:
            return found[0]
        return ServiceSet(
            tuple(dict.fromkeys(service for one in found for service in one.sure)),
            tuple(dict.fromkeys(service for one in found for service in one.possible)),
            join(*(one.sources for one in found)),
            next((one.why for one in found if one.why is not None), None),
        )

    def _of_name(self, name: str) -> ServiceSet:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._collect(name)
        return known

    def _collect(self, name: str) -> ServiceSet:
        sure: list[Service] = []
        possible: list[Service] = []
        lines: list[Sources] = []
        why: Text | None = None
        pending: list[tuple[str, tuple[str, ...]]] = [(name, ())]
        seen: set[str] = set()
        while pending:
            one, above = pending.pop()
            if one in above:
                why = why or _CIRCLE
                possible.append(ANY_SERVICE)
                continue
            if one in seen:
                continue
            seen.add(one)
            self._visits += 1
            if self._visits > _MOST_VISITS:
                return ServiceSet((), (ANY_SERVICE,), join(*lines), _COMPLEX)
            members = self._members(one, lines)
            if members is not None:
                if not members:
                    why = why or _EMPTY
                    possible.append(ANY_SERVICE)
                pending += [(member, (*above, one) if len(above) < 50 else above) for member in members]
                continue
            found = self._single_application(one)
            lines.append(found.sources)
            sure += found.sure
            possible += found.possible
            why = why or found.why
        return ServiceSet(tuple(dict.fromkeys(sure)), tuple(dict.fromkeys(possible)), join(*lines), why)

    def _members(self, name: str, lines: list[Sources]) -> tuple[str, ...] | None:
        """The members of a set; None when the name is no set."""
        if name in self._single.children:
            return None
        entry = self._sets.children.get(name)
        if entry is None:
            return built_in()[2].get(name)
        lines.append(entry.sources())
        return tuple(
            member.word for kind in entry if kind.word in ("application", "application-set") for member in kind
        )

    def _single_application(self, name: str) -> ServiceSet:
        entry = self._single.children.get(name)
        if entry is not None:
            return _read_application(entry)
        exact, most, _ = built_in()
        if name in exact:
            return ServiceSet(exact[name], exact[name])
        if name in most:
            return ServiceSet((), most[name], (), _MOST)
        return ServiceSet((), (ANY_SERVICE,), (), undefined_application(name))


def _settings(entry: Statement) -> Iterator[Statement]:
    """The settings of an application or term; in one line they stand behind each other (`term t1 protocol tcp destination-port 80`)."""
    pending = list(entry)
    while pending:
        one = pending.pop(0)
        yield one
        if one.word not in ("term", "description"):
            pending += [inner for value in one for inner in value]


_KNOWN = frozenset(
    ("protocol", "destination-port", "source-port", "icmp-type", "icmp-code", "icmp6-type", "icmp6-code")
)


def _mark(entry: Statement) -> None:
    """Accounts for the lines of an application; what is not known makes it uncertain wherever it is named."""
    for part in entry:
        if part.word == "term":
            part.use()
            for term in part:
                term.use()
                _mark(term)
        else:
            _mark_setting(part)


def _mark_setting(first: Statement) -> None:
    pending = [first]
    while pending:
        setting = pending.pop()
        if setting.word not in _KNOWN and setting.word not in _HARMLESS and setting.word not in _NARROWING:
            setting.leave()
            continue
        setting.use()
        for value in setting:
            value.use()
            if setting.word != "description":
                pending.extend(value)


def _read_application(entry: Statement) -> ServiceSet:
    sources = entry.sources()
    terms = entry.below("term")
    services: list[Service] = []
    why: Text | None = None
    try:
        for one in terms or (entry,):
            service, narrowed = _read_term(one)
            services.append(service)
            why = why or (_NARROWED if narrowed else None)
    except NotUnderstoodError:
        return ServiceSet((), (ANY_SERVICE,), sources, _UNREADABLE)
    found = tuple(services)
    return ServiceSet(() if why is not None else found, found, sources, why)


def _read_term(entry: Statement) -> tuple[Service, bool]:
    """The service of a term, and whether something narrows it further. Raises `NotUnderstoodError`."""
    values: dict[str, str] = {}
    narrowed = False
    for setting in _settings(entry):
        word = setting.word
        if word in _NARROWING:
            narrowed = True
        elif word in _KNOWN:
            latest = max(setting, key=lambda child: child.order, default=None)
            if latest is None:
                raise NotUnderstoodError(word)
            values[word] = latest.word
        elif word not in _HARMLESS and word != "term":
            raise NotUnderstoodError(word)
    if not values:
        raise NotUnderstoodError(entry.word)
    return _service(values), narrowed


def _service(values: dict[str, str]) -> Service:
    said = values.get("protocol", "")
    icmp = ("icmp-type" in values or "icmp-code" in values) and not said
    icmp6 = ("icmp6-type" in values or "icmp6-code" in values) and not said
    named = ICMP if icmp else ICMPV6 if icmp6 else None
    if named is None and not said:
        raise NotUnderstoodError("no protocol")
    value = protocol(said) if said else named
    assert value is not None, "one of the two is there"
    if value == 0:
        raise NotUnderstoodError("protocol 0")  # the device shows "any" as protocol 0
    kwargs: dict[str, tuple[tuple[int, int], ...]] = {}
    for word, field in (("destination-port", "destination_ports"), ("source-port", "source_ports")):
        if word in values:
            kwargs[field] = (ports(values[word]),)
    six = value == ICMPV6
    names = ICMP6_TYPES if six else ICMP_TYPES
    for word, field in (("icmp-type", "icmp_types"), ("icmp6-type", "icmp_types")):
        if word in values:
            kwargs[field] = (icmp_values(values[word], names),)
    for word in ("icmp-code", "icmp6-code"):
        if word in values:
            kwargs["icmp_codes"] = (icmp_values(values[word], {}),)
    return Service(((value, value),), **kwargs)
