"""Firewall filters of interfaces (SR-05): terms in order, first match, what no term matches is discarded.

`family inet`, `family inet6` and the old `firewall filter` (IPv4). A list of filters acts as one filter made of all their terms
(Juniper, "Applying Multiple Filters": one implicit discard at the end). An action that ends nothing (`count`, `log`, a policer) alone
accepts; `next term` goes on. A policer only drops more. A filter without state: replies need terms of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.matches import Family, Match, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.interfaces import Ports
from secaudit.vendors.juniper_srx.terms import Condition, read_condition
from secaudit.vendors.juniper_srx.tree import Statement, join

_FAMILIES: tuple[tuple[Family, str], ...] = ((4, "inet"), (6, "inet6"))
ENDING = ("accept", "discard", "reject")
HARMLESS_ACTIONS = frozenset(
    ("count", "log", "syslog", "sample", "port-mirror", "port-mirror-instance", "loss-priority", "forwarding-class", "policer", "three-color-policer", "dscp", "traffic-class", "service-accounting", "service-accounting-deferred", "prefix-action", "hierarchical-policer", "clear-policy-map", "policy-map", "no-decrement-ttl")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diverted:
    """Packets that a term sends to another routing instance, or past the policies (`packet-mode`)."""

    label: str
    matches: tuple[Match, ...]
    sources: Sources
    target: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """The terms of the filters of one family in one direction."""

    lines: tuple[FilterLine, ...]
    sources: Sources
    routed: tuple[Diverted, ...] = ()
    bypassing: tuple[Diverted, ...] = ()
    known: bool = True
    strange: Sources = ()
    """Terms with an action that nobody knows: it may send packets anywhere."""


@dataclass(slots=True)
class _Terms:
    lines: list[FilterLine] = field(default_factory=list)
    strange: list[Sources] = field(default_factory=list)
    routed: list[Diverted] = field(default_factory=list)
    bypassing: list[Diverted] = field(default_factory=list)


class FirewallFilters:
    """The filters of a device; each is read once a family."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.section = scope.section("firewall")
        self._known: dict[tuple[Family, str], Applied | None] = {}
        self._lists = scope.section("policy-options")
        self.applied: set[tuple[Family, str]] = set()

    def of_names(self, family: Family, names: Sequence[str], applying: Sources) -> Applied:
        """Some filters, one behind the other; what is not defined could do anything."""
        lines: list[FilterLine] = []
        sources: list[Sources] = [applying]
        routed: list[Diverted] = []
        bypassing: list[Diverted] = []
        strange: list[Sources] = []
        known = True
        for name in names:
            found = self._filter(family, name)
            if found is None:
                known = False
                continue
            lines += found.lines
            sources.append(found.sources)
            routed += found.routed
            bypassing += found.bypassing
            strange.append(found.strange)
        return Applied(tuple(lines), join(*sources), tuple(routed), tuple(bypassing), known, join(*strange))

    def _statement(self, family: Family, name: str) -> Statement | None:
        word = dict(_FAMILIES)[family]
        found = self.section.get("family", word, "filter", name)
        if found is None and family == 4:
            found = self.section.get("filter", name)
        return found

    def _filter(self, family: Family, name: str) -> Applied | None:
        key = (family, name)
        self.applied.add(key)
        if key not in self._known:
            statement = self._statement(family, name)
            self._known[key] = None if statement is None else self._read(family, statement)
        return self._known[key]

    def read_unused(self) -> None:
        """Reads the filters that are applied nowhere, so that their lines are accounted for."""
        for family, word in _FAMILIES:
            names = [one.word for one in self.section.below("family", word, "filter")]
            names += [one.word for one in self.section.below("filter")] if family == 4 else []
            for name in names:
                if (family, name) in self.applied:
                    continue
                found = self._filter(family, name)
                self.applied.discard((family, name))
                if found is not None:
                    text = Text(
                        ja=f"フィルター「{name}」はどこにも適用されていません。",
                        en=f"The filter '{name}' is applied nowhere.",
                    )
                    self.scope.findings.notice(NoticeKind.UNUSED_FILTER, text, found.sources[:1])

    def _read(self, family: Family, statement: Statement) -> Applied:
        for node in (self.section, self.section.get("family"), self.section.get("family", dict(_FAMILIES)[family])):
            if node is not None:
                node.use()
        statement.use()
        terms = _Terms()
        if not any(one.children for one in statement if one.word == "term"):
            # A filter without a term is refused by Junos: lines are missing.
            terms.lines.append(_open_line(statement.word, family, statement.sources()))
        for child in statement:
            if child.word == "term":
                child.use()
                for term in child:
                    self._term(family, statement.word, term, terms)
            elif child.word in ("interface-specific", "accounting-profile", "enhanced-mode", "physical-interface-filter", "description", "interface-shared", "fast-lookup-filter", "instance-shared"):  # fmt: skip
                child.use_all()
            else:
                child.leave()
                terms.lines.append(_open_line(f"{statement.word} {child.word}", family, child.sources()))
        return Applied(
            tuple(terms.lines), statement.sources(), tuple(terms.routed), tuple(terms.bypassing),
            strange=join(*terms.strange),
        )  # fmt: skip

    def _term(self, family: Family, filter_name: str, term: Statement, terms: _Terms) -> None:
        term.use()
        condition = read_condition(family, term.get("from"), self._lists)
        then = term.get("then")
        label = f"{filter_name} term {term.word}"
        sources = join(term.sources(), condition.sources) or self.scope.identity
        action, why, target, bypass = self._then(then)
        for child in term:
            if child.word not in ("from", "then"):
                child.leave()
                why = why or _UNREAD
        reasons = [one for one in (condition.why, why) if one is not None]
        if target:
            terms.routed.append(Diverted(label, condition.most, sources, target, not reasons))
        if bypass:
            terms.bypassing.append(Diverted(label, condition.most, sources, "", not reasons))
        if why is not None:
            terms.strange.append(sources)
        if action is None:
            return
        logged = then is not None and any(word in then.children for word in ("log", "syslog"))
        terms.lines.extend(_term_lines(label, action, condition, why, sources, logged))

    def _then(self, then: Statement | None) -> tuple[Action | None, Text | None, str, bool]:
        """What a term does (None: the next term decides), why it is uncertain, the routing instance, and whether policies are passed by."""
        if then is None:
            return Action.PERMIT, None, "", False
        then.use()
        ending = [child for child in then if child.word in ENDING]
        why: Text | None = None
        target = ""
        action: Action | None = Action.PERMIT
        bypass = False
        for child in then:
            word = child.word
            if word in HARMLESS_ACTIONS or word in ENDING:
                child.use_all()
            elif word == "next" and "term" in child.children:
                child.use_all()
                action = None
            elif word == "routing-instance":
                target = then.value(word)
                child.use_all()
            elif word == "packet-mode":
                child.use()
                bypass = True
            else:
                child.leave()
                why = _UNREAD
                action = Action.UNKNOWN
        if ending:
            latest = max(ending, key=lambda child: child.order)
            action = Action.PERMIT if latest.word == "accept" else Action.DENY
        if why is not None:
            action = Action.UNKNOWN
        return action, why, target, bypass


def _term_lines(
    label: str, action: Action, condition: Condition, why: Text | None, sources: Sources, logged: bool
) -> Iterator[FilterLine]:
    """The sure line, and one for what may match besides."""

    def line(matches: tuple[Match, ...], certainty: Certainty, doubt: Text | None) -> FilterLine:
        return FilterLine(label, action, matches, sources, certainty, doubt, logged)

    if why is not None:
        yield line(condition.most, Certainty.UNCERTAIN, why)
        return
    if condition.sure or condition.why is None:
        yield line(condition.sure, Certainty.ALWAYS, None)
    if condition.why is not None:
        yield line(condition.most, Certainty.UNCERTAIN, condition.why)


def _open_line(label: str, family: Family, sources: Sources) -> FilterLine:
    everything = (Match(family, any_address(family), any_address(family)),)
    return FilterLine(label, Action.UNKNOWN, everything, sources, Certainty.UNCERTAIN, _UNREAD)


@dataclass(slots=True)
class InterfaceFilters:
    """What the filters of the interfaces are: the filters of the model, what they divert, and the filters of `lo0`."""

    filters: dict[str, Filter] = field(default_factory=dict)
    routed: list[tuple[str, Diverted]] = field(default_factory=list)
    bypassing: list[tuple[str, Diverted]] = field(default_factory=list)
    of_device: dict[str, Filter] = field(default_factory=dict)
    """The input filter of each unit of `lo0`."""


def apply_filters(scope: Scope, ports: Ports, firewall: FirewallFilters) -> InterfaceFilters:
    """Puts the filters on the interfaces; those of `lo0` protect the device itself."""
    result = InterfaceFilters()
    for name, families in ports.families.items():
        for direction in ("input", "output"):
            built = _of_interface(scope, firewall, name, families, direction, result)
            if built is None:
                continue
            if name.startswith("lo0.") and direction == "input":
                result.of_device[name] = built
                result.filters[built.name] = built
            elif not name.startswith("lo0."):
                result.filters[built.name] = built
                ports.replace(name, **{"filter_in" if direction == "input" else "filter_out": built.name})
    firewall.read_unused()
    return result


def _of_interface(
    scope: Scope, firewall: FirewallFilters, name: str, families: Statement, direction: str, result: InterfaceFilters
) -> Filter | None:
    """One filter for both families; a family without a filter passes."""
    found: dict[Family, Applied] = {}
    titles: list[str] = []
    for family, word in _FAMILIES:
        section = families.get(word, "filter")
        if section is None:
            continue
        section.use()
        names, lines = _names(section, direction)
        if not names:
            continue
        titles += names
        applied = firewall.of_names(family, names, lines)
        found[family] = applied
        if not applied.known:
            _report_undefined(scope, name, names, lines)
        if applied.strange:
            scope.findings.doubt(DoubtKind.UNREAD, _UNREAD, applied.strange)
        if direction == "input":
            result.routed += [(name, one) for one in applied.routed]
            result.bypassing += [(name, one) for one in applied.bypassing]
        elif applied.routed or applied.bypassing:
            sources = join(*(one.sources for one in (*applied.routed, *applied.bypassing)))
            scope.findings.doubt(DoubtKind.UNSUPPORTED, _OUTPUT_DIVERTS, sources, interfaces=frozenset((name,)))
    if not found:
        return None
    return _combined(f"{name} {direction}: {' '.join(dict.fromkeys(titles))}", found)


def _names(section: Statement, direction: str) -> tuple[list[str], Sources]:
    names: list[str] = []
    lines: list[Sources] = []
    for word in (direction, f"{direction}-list"):
        one = section.get(word)
        if one is None:
            continue
        if word == direction:
            latest = section.latest(word)
            names += [] if latest is None else [latest.word]
            one.use_all()
        else:
            names += section.values(word)
        lines.append(one.sources())
    return names, join(*lines)


def _combined(name: str, found: dict[Family, Applied]) -> Filter:
    lines: list[FilterLine] = []
    sources = join(*(one.sources for one in found.values()))
    for family, _ in _FAMILIES:
        everything = (Match(family, any_address(family), any_address(family)),)
        applied = found.get(family)
        if applied is None:
            lines.append(FilterLine(f"no filter for IPv{family}", Action.PERMIT, everything, sources))
            continue
        lines += applied.lines
        if not applied.known:
            lines.append(_open_line(f"undefined filter for IPv{family}", family, applied.sources))
    return Filter(name, tuple(lines), Action.DENY, sources, default_sources=sources)


def _report_undefined(scope: Scope, interface: str, names: Iterable[str], lines: Sources) -> None:
    text = Text(
        ja=f"インタフェース {interface} に適用されたフィルター「{' '.join(names)}」の定義がありません。",
        en=f"The filter '{' '.join(names)}' that is applied to {interface} is not defined.",
    )
    scope.findings.doubt(DoubtKind.UNDEFINED, text, lines, interfaces=frozenset((interface,)))
    scope.findings.notice(NoticeKind.UNDEFINED_FILTER, text, lines)


_UNREAD = Text(ja="フィルターに読み取れない行があります。", en="A line of the filter was not understood.")
_OUTPUT_DIVERTS = Text(
    ja="出力フィルターが経路または処理方式を変えます。この働きは判定していません。",
    en="A filter for outgoing packets changes their route or how they are processed; this is not modelled.",
)
