"""Static, destination and source translation in the order of the device (SR-03).

Static, then destination, then route, zone and policy, then the reverse of static, then source. Of several rule-sets that fit, the one bound to
an interface goes before one bound to a zone, that before one bound to a routing instance. Whether a packet that no rule of the first
fits is tried in the others is told in two ways (inetzero.com: no; measured with Batfish #3349: yes), so the rules of such others are uncertain.
NAT looks up names in the global address book only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import Interval, Intervals, normalise
from secaudit.network.matches import ANY_SERVICE, TCP, UDP, Family, Match, Service, any_address
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.addresses import FAMILIES, AddressBooks, prefix, span
from secaudit.vendors.juniper_srx.applications import Applications
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError, Scope
from secaudit.vendors.juniper_srx.interfaces import Ports, unit_name
from secaudit.vendors.juniper_srx.nat_order import Found, Side, ordered, outgoing_of
from secaudit.vendors.juniper_srx.services import ports as port_span
from secaudit.vendors.juniper_srx.services import protocol
from secaudit.vendors.juniper_srx.tree import Statement, join
from secaudit.vendors.juniper_srx.zones import HOST, Zones

_LEVELS = ("interface", "zone", "routing-instance")
_MATCH_WORDS = frozenset(
    ("source-address", "source-address-name", "destination-address", "destination-address-name", "destination-port", "source-port", "protocol", "application")
)  # fmt: skip
_STATIC_WORDS = frozenset(("prefix", "prefix-name", "mapped-port", "routing-instance"))
_HARMLESS_POOL = frozenset(
    ("host-address-base", "overflow-pool", "address-persistent", "address-pooling", "address-sharing", "pool-utilization-alarm", "port-overloading-factor", "description", "interim-logging-interval", "mapping-timeout", "limit-per-host")
)  # fmt: skip
_PORTED = ((TCP, TCP), (UDP, UDP))


class Translations:
    """Reads all NAT of a device."""

    def __init__(
        self, scope: Scope, ports: Ports, zones: Zones, books: AddressBooks, applications: Applications
    ) -> None:
        self.scope = scope
        self.ports = ports
        self.zones = zones
        self.books = books
        self.applications = applications
        self.section = scope.section("security", "nat")

    def rules(self) -> tuple[NatRule, ...]:
        """Every rule in the order in which they are tried."""
        self.section.use()
        static = list(self._of_kind("static"))
        incoming = [*ordered(static), *ordered(list(self._of_kind("destination")))]
        outgoing = [*outgoing_of(ordered(static)), *ordered(list(self._of_kind("source")))]
        for word in ("proxy-arp", "proxy-ndp"):
            if word in self.section.children:
                self.section.children[word].use_all()
        for word in ("natv6v4", "nat64"):
            found = self.section.get(word)
            if found is not None and word == "nat64":
                found.use_all()
                self._doubt(_FAMILY, found.sources())
        return (*incoming, *outgoing)

    def _doubt(self, text: Text, sources: Sources, interfaces: frozenset[str] | None = None) -> None:
        self.scope.findings.doubt(DoubtKind.UNSUPPORTED, text, sources, interfaces=interfaces)

    def _of_kind(self, kind: str) -> Iterator[Found]:
        section = self.section.get(kind)
        if section is None:
            return
        section.use()
        if kind == "source":
            self._other_source_words(section)
        for number, rule_set in enumerate(section.below("rule-set")):
            section.children["rule-set"].use()
            rule_set.use()
            coming = self._side(rule_set, "from")
            going = self._side(rule_set, "to")
            for word in rule_set.children:
                if word not in ("from", "to", "rule", "description"):
                    rule_set.children[word].leave()
                    self._doubt(_UNREAD, rule_set.children[word].sources())
            for place, rule in enumerate(rule_set.below("rule")):
                rule_set.children["rule"].use()
                rule.use()
                for found in self._rule(kind, rule, coming, going):
                    yield Found(coming, going, (number, place), found)

    def _other_source_words(self, section: Statement) -> None:
        for child in section:
            if child.word in ("address-persistent", "pool-utilization-alarm", "port-randomization", "interface", "pool-default-port-range", "session-persistence-scan", "session-drop-hold-down", "port-round-robin"):  # fmt: skip
                child.use_all()

    def _side(self, rule_set: Statement, word: str) -> Side:
        said = rule_set.get(word)
        if said is None:
            return Side(None, 3)
        said.use()
        for level, kind in enumerate(_LEVELS):
            names = said.values(kind)
            if not names:
                continue
            if kind == "interface":
                if any(unit_name(n) not in self.ports.interfaces for n in names):
                    self.scope.findings.doubt(DoubtKind.UNDEFINED, _UNDEFINED, said.sources())
                return Side(frozenset(unit_name(n) for n in names if unit_name(n) in self.ports.interfaces), level)
            if kind == "zone":
                self._report_undefined([name for name in names if name != HOST], kind, said)
                return Side(frozenset(m for name in names for m in self.zones.members(name)), level)
            self._report_undefined([name for name in names if name not in ("default", "master")], kind, said)
            wanted = {"" if name in ("default", "master") else name for name in names}
            return Side(frozenset(n for n, one in self.ports.interfaces.items() if one.vrf in wanted), level)
        for child in said:
            child.leave()
        self._doubt(_UNREAD, said.sources())
        return Side(None, 3)

    def _report_undefined(self, names: list[str], kind: str, said: Statement) -> None:
        """A zone or routing instance that is not in the file: part of the text is missing."""
        section = self.zones.zones if kind == "zone" else self.scope.section("routing-instances").children
        missing = [name for name in names if name not in section]
        if missing:
            self.scope.findings.doubt(DoubtKind.UNDEFINED, _UNDEFINED, said.sources())

    # --- one rule -----------------------------------------------------------------------------------------------

    def _rule(self, kind: str, rule: Statement, coming: Side, going: Side) -> Iterator[NatRule]:
        match = rule.get("match") or Statement("")
        match.use()
        then = rule.get("then") or Statement("")
        then.use()
        sources = rule.sources() or self.scope.identity
        uncertain: list[Text] = []
        if any(one.word == "persistent-nat" for one in then.walk()):
            sides = (coming.interfaces, going.interfaces)
            both = frozenset().union(*(side for side in sides if side is not None))
            self._doubt(_PERSISTENT, sources, None if None in sides else both)
        for child in (*match, *(one for one in rule if one.word not in ("match", "then", "description"))):
            if child.word not in _MATCH_WORDS:
                child.leave()
                uncertain.append(_UNREAD)
        if "description" in rule.children:
            rule.children["description"].use_all()
        try:
            matches = self._matches(match, uncertain)
            found = list(getattr(self, f"_{kind}")(rule, then, matches, match))
        except NotUnderstoodError:
            self._doubt(_UNREADABLE, sources)
            then.use_all()
            match.use_all()
            return
        for one in found:
            why = one.uncertain or next(iter(uncertain), None)
            if kind == "source":
                yield replace(one, interfaces=going.interfaces, from_interfaces=coming.interfaces, uncertain=why)
            else:
                yield replace(one, interfaces=coming.interfaces, uncertain=why)

    def _spans(self, match: Statement, side: str, uncertain: list[Text]) -> dict[Family, Intervals]:
        found: dict[Family, list[Interval]] = {4: [], 6: []}
        for word in (f"{side}-address", f"{side}-address-name"):
            if word in match.children and not match.children[word].children:
                raise NotUnderstoodError(word)
        for word in match.values(f"{side}-address"):
            family, one = prefix(word)
            found[family].append(one)
        for word in match.values(f"{side}-address-name"):
            named = self.books.of_name(word, "")
            if named.why is not None:
                uncertain.append(named.why)
            for family in FAMILIES:
                found[family].extend(named.possible[family])
        if not (f"{side}-address" in match.children or f"{side}-address-name" in match.children):
            found = {family: list(any_address(family)) for family in FAMILIES}
        return {family: normalise(found[family]) for family in FAMILIES}

    def _matches(self, match: Statement, uncertain: list[Text]) -> tuple[Match, ...]:
        sources = self._spans(match, "source", uncertain)
        destinations = self._spans(match, "destination", uncertain)
        services = self._services(match, uncertain)
        return tuple(
            Match(f, sources[f], destinations[f], services) for f in FAMILIES if sources[f] and destinations[f]
        )

    def _services(self, match: Statement, uncertain: list[Text]) -> tuple[Service, ...]:
        names = match.values("application")
        if names and "any" not in names:
            found = self.applications.of_names(names)
            if found.why is not None:
                uncertain.append(found.why)
            return found.possible
        protocols = normalise((value, value) for value in map(protocol, match.values("protocol"))) or None
        ports: dict[str, Intervals] = {}
        for word, name in (("destination-port", "destination_ports"), ("source-port", "source_ports")):
            spans = [
                (port_span(f"{one.word}-{one.value('to')}") if "to" in one.children else port_span(one.word))
                for one in match.below(word)
            ]
            for one in match.below(word):
                one.use_all()
            if word in match.children:
                match.children[word].use()
            if spans:
                ports[name] = normalise(spans)
        if not ports:
            return (ANY_SERVICE,) if protocols is None else (Service(protocols),)
        return (Service(protocols or normalise(_PORTED), **ports),)

    # --- destination --------------------------------------------------------------------------------------------

    def _destination(
        self, rule: Statement, then: Statement, matches: tuple[Match, ...], match: Statement
    ) -> Iterator[NatRule]:
        action = then.get("destination-nat")
        if action is None:
            raise NotUnderstoodError("then")
        action.use()
        sources = rule.sources()
        if "off" in action.children:
            action.children["off"].use()
            yield NatRule(f"destination-nat rule {rule.word}", NatStage.INGRESS, matches, sources)
            return
        name = action.value("pool")
        pool = self.section.get("destination", "pool", name) if name else None
        if pool is None:
            for child in action:
                child.use_all()
            raise NotUnderstoodError(name)
        self.section.children["destination"].children["pool"].use()
        family, addresses, ports, why = self._pool(pool)
        own = tuple(one for one in matches if one.family == family)
        translation = Translation(TranslationKind.POOL, addresses, ports)
        if addresses[0] != addresses[1] and len(own) == 1 and len(own[0].destinations) == 1:
            low, high = own[0].destinations[0]
            if high - low == addresses[1] - addresses[0]:
                translation = Translation(TranslationKind.SHIFT, addresses, ports)
                why = why or (_SHIFTED if ports is not None else None)
        yield NatRule(
            f"destination-nat rule {rule.word}", NatStage.INGRESS, own, join(sources, pool.sources()),
            destination=translation, uncertain=why,
        )  # fmt: skip
        if any(one.family != family for one in matches) and "destination-address" in match.children:
            others = [one for one in matches if one.family != family]
            if others and len(own) == 0:
                self._doubt(_FAMILY, sources)

    def _pool(self, pool: Statement) -> tuple[Family, Interval, Interval | None, Text | None]:
        """The addresses of a pool, its ports (None: kept), and why it is uncertain. Raises `NotUnderstoodError`."""
        pool.use()
        spans: list[tuple[Family, Interval]] = []
        ports: Interval | None = None
        why: Text | None = None
        for one in pool.below("address"):
            if one.word == "port":
                ports = port_span(one.value() or next(iter(one.children), ""))
                one.use_all()
                continue
            one.use()
            last = one.value("to")
            spans.append(span(one.word, last) if last else prefix(one.word))
            if "port" in one.children:
                ports = port_span(one.value("port"))
            for inner in one:
                if inner.word not in ("to", "port"):
                    raise NotUnderstoodError(inner.word)
                inner.use_all()
        if "address" in pool.children:
            pool.children["address"].use()
        for child in pool:
            if child.word == "routing-instance":
                child.use_all()
                if child.value() not in ("", "default"):
                    why = why or _OTHER_INSTANCE
                    self._doubt(_OTHER_INSTANCE, pool.sources())
            elif child.word in _HARMLESS_POOL:
                child.use_all()
                why = why or (_OVERFLOW if child.word == "overflow-pool" else None)
            elif child.word not in ("address", "port"):
                child.leave()
                why = why or _UNREAD
        if not spans or len({family for family, _ in spans}) != 1:
            raise NotUnderstoodError(pool.word)
        low, high = min(one[0] for _, one in spans), max(one[1] for _, one in spans)
        if sum(b - a + 1 for _, (a, b) in spans) != high - low + 1:
            why = why or _GAPS
        return spans[0][0], (low, high), ports, why

    # --- source -------------------------------------------------------------------------------------------------

    def _source(
        self, rule: Statement, then: Statement, matches: tuple[Match, ...], match: Statement
    ) -> Iterator[NatRule]:
        action = then.get("source-nat")
        if action is None:
            raise NotUnderstoodError("then")
        action.use()
        label = f"source-nat rule {rule.word}"
        sources = rule.sources()
        if "off" in action.children:
            action.children["off"].use()
            yield NatRule(label, NatStage.EGRESS, matches, sources)
        elif "interface" in action.children:
            action.children["interface"].use_all()
            yield NatRule(
                label,
                NatStage.EGRESS,
                matches,
                sources,
                source=Translation(TranslationKind.INTERFACE, None, (1024, 65535)),
            )
        elif "pool" in action.children:
            action.children["pool"].use()
            chosen = action.latest("pool")
            name = "" if chosen is None else chosen.word
            if chosen is not None:
                chosen.use_all()
            pool = self.section.get("source", "pool", name)
            if pool is None:
                raise NotUnderstoodError(name)
            self.section.children["source"].children["pool"].use()
            yield from self._source_pool(label, pool, matches, sources)
        else:
            raise NotUnderstoodError("then")

    def _source_pool(
        self, label: str, pool: Statement, matches: tuple[Match, ...], sources: Sources
    ) -> Iterator[NatRule]:
        family, addresses, _, why = self._pool(pool)
        ports: Interval | None = (1024, 65535)
        said = pool.get("port")
        if said is not None:
            said.use_all()
            if "no-translation" in said.children:
                ports = None
            elif "range" in said.children:
                low = next(iter(said.children["range"].children), "")
                last = said.value("range", low, "to")
                ports = port_span(f"{low}-{last}") if last else port_span(low)
        own = tuple(one for one in matches if one.family == family)
        translation = Translation(TranslationKind.POOL, addresses, ports)
        base = pool.get("host-address-base")
        if base is not None:
            why = why or _SHIFTED
        yield NatRule(label, NatStage.EGRESS, own, join(sources, pool.sources()), source=translation, uncertain=why)

    # --- static -------------------------------------------------------------------------------------------------

    def _static(
        self, rule: Statement, then: Statement, matches: tuple[Match, ...], match: Statement
    ) -> Iterator[NatRule]:
        action = then.get("static-nat")
        if action is None:
            raise NotUnderstoodError("then")
        action.use()
        inside = action.get("prefix") or action.get("prefix-name")
        if inside is None:
            action.use_all()
            raise NotUnderstoodError("static-nat inet")
        inside.use()
        latest = inside.latest()
        if latest is None or any(one.word not in _STATIC_WORDS for one in (*latest, *action)):
            raise NotUnderstoodError("static-nat")
        for child in inside:
            child.use_all()
        if inside.word == "prefix":
            family, mapped = prefix(latest.word)
        else:
            named = self.books.of_name(latest.word, "")
            spans = [(f, one) for f in FAMILIES for one in named.sure[f]]
            if named.why is not None or len(spans) != 1:
                raise NotUnderstoodError(latest.word)
            family, mapped = spans[0]
        own = tuple(one for one in matches if one.family == family)
        said_family = "destination-address" in match.children
        if not own or len(own[0].destinations) != 1 or (said_family and len(own) != len(matches)):
            raise NotUnderstoodError("family")
        low, high = own[0].destinations[0]
        if high - low != mapped[1] - mapped[0]:
            raise NotUnderstoodError("size")
        why = _OTHER_INSTANCE if latest.get("routing-instance") or action.get("routing-instance") else None
        action.use_all()
        if why is not None:
            self._doubt(why, rule.sources())
        said = latest.get("mapped-port") or action.get("mapped-port")
        ports: Interval | None = None
        if said is not None:
            first = next(iter(said), None)
            if first is None:
                raise NotUnderstoodError("mapped-port")
            last = first.value("to")
            ports = port_span(f"{first.word}-{last}") if last else port_span(first.word)
        translation = Translation(TranslationKind.SHIFT, mapped, ports, ports_shift=ports is not None)
        yield NatRule(
            f"static-nat rule {rule.word}",
            NatStage.INGRESS,
            own[:1],
            rule.sources(),
            destination=translation,
            uncertain=why,
        )


_UNREAD = Text(ja="NATに読み取れない行があります。", en="A line of NAT was not understood.")
_UNDEFINED = Text(
    ja="NATのルールセットが使うインタフェース、ゾーンまたはルーティングインスタンスの定義がありません。",
    en="An interface, zone or routing instance that a rule-set of NAT uses is not defined.",
)
_UNREADABLE = Text(
    ja="NATの規則を読み取れないか、モデル化していません。",
    en="A NAT rule was not understood, or is of a kind that is not modelled.",
)
_FAMILY = Text(ja="IPv4とIPv6の間の変換は判定していません。", en="Translation between IPv4 and IPv6 is not modelled.")
_OTHER_INSTANCE = Text(
    ja="変換後のパケットが別のルーティングインスタンスへ渡されます。この働きは判定していません。",
    en="What is translated goes on in another routing instance; this is not modelled.",
)
_PERSISTENT = Text(
    ja="persistent-natがあり、外側からの通信が変換されて内側へ届くことがあります。この働きは判定していません。",
    en="Persistent NAT may translate what comes from outside to inner hosts; this is not modelled.",
)
_OVERFLOW = Text(
    ja="アドレスプールが不足すると、別のアドレスに変換されます。",
    en="When the pool is exhausted, another address is used (overflow-pool).",
)
_GAPS = Text(ja="アドレスプールに抜けがあります。", en="The pool of addresses has gaps.")
_SHIFTED = Text(ja="変換後のアドレスとポートの組が確定しません。", en="Which address and port come out is not certain.")
