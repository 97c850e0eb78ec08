"""The firewall of AR routers: `firewall` / ` rule ...` / ` protect` (C.4, AL-20 to AL-25).

It acts only with `protect`; then what no rule permits is dropped, also to and from the device itself (AL-23). Rules are tried by ascending
number, the first that matches decides, and a rule with the action `log` decides nothing (AL-21).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import Intervals, normalise
from secaudit.network.matches import ANY_PACKET, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.applications import Application, Applications, State
from secaudit.vendors.awplus.entities import Entities, Entity, Part
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, Scope, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words

FORWARDING, TO_ITSELF, FROM_ITSELF = "firewall", "firewall to the device", "firewall from the device"
_ACTIONS = {"permit": Action.PERMIT, "deny": Action.DENY, "reject": Action.DENY}
_MOST_PAIRS = 400
"""Lines that one rule becomes: interfaces of its source times interfaces of its destination."""
_MOST_LINES = 100_000
_MOST_EDITS = 500
"""`no rule N`: each looks at all rules."""
_FAMILIES: tuple[Family, ...] = (4, 6)
_UNREAD_RULE = Text(
    ja="このルールを読み取れないため、何を許可・拒否するか分かりません",
    en="this rule was not understood: it could permit or deny anything",
)
_UNSURE_ENTITY = Text(
    ja="エンティティの範囲（アドレスまたはインターフェース）を確定できません",
    en="the extent of an entity (addresses or interfaces) is not sure",
)
_ITSELF = Text(
    ja="エンティティのインターフェースの指定が、機器自身の通信にどう効くかを確認できていません",
    en="how the interface of an entity bears on traffic of the device itself is not confirmed",
)
_SAME_NUMBER = Text(
    ja="同じ番号のルールがあり、どちらが有効か確認できません",
    en="another rule has the same number; which of them is in force is not certain",
)
_OPTION = Text(ja="ルールの後半の条件を読み取れません", en="a condition at the end of the rule was not understood")
_TOO_MANY = Text(
    ja="ルールの対象が多すぎて正確に計算できません", en="the rule is about too much to be computed exactly"
)
_STATELESS = Text(
    ja="no-state-enforcement のルールは、接続の途中のパケットも通します。その範囲はモデル化していません",
    en="a rule with `no-state-enforcement` lets packets of no known connection pass; which is not modelled",
)
_OFF = Text(
    ja="firewall に protect がないため、ファイアウォールは働きません（ルールは適用されません）",
    en="`firewall` has no `protect`: the firewall is off and its rules do nothing",
)


@dataclass(frozen=True, slots=True)
class Named:
    """What both ends and the application of a rule stand for."""

    application: Application
    source: Entity
    destination: Entity | None


def resolve(
    entities: Entities,
    applications: Applications,
    words: tuple[str, str, str | None],
    node: Node,
    ledger: Ledger,
) -> Named | None:
    """The names of a rule (application, from, to); None with a notice when one of them makes the rule inactive (AL-24)."""
    application = applications.find(words[0])
    source = entities.find(words[1])
    destination = None if words[2] is None else entities.find(words[2])
    missing: list[Text] = []
    for name, found in ((words[1], source), (words[2], destination)):
        if name is not None and found is None:
            missing.append(Text(ja=f"エンティティ {name} が定義されていない", en=f"the entity {name} is not defined"))
    if application.state is State.UNDEFINED:
        missing.append(
            Text(ja=f"アプリケーション {words[0]} が定義されていない", en=f"the application {words[0]} is not defined")
        )
    if application.state is State.WITHOUT_PROTOCOL:
        missing.append(
            Text(ja=f"アプリケーション {words[0]} に protocol がない", en=f"the application {words[0]} has no protocol")
        )
    if missing or source is None:
        ledger.notice(
            NoticeKind.INACTIVE,
            Text(
                ja=f"ルールは無効です: {'、'.join(one.ja for one in missing)}",
                en=f"the rule is inactive: {', '.join(one.en for one in missing)}",
            ),
            (node.line, *application.sources),
            undefined=True,
        )
        return None
    return Named(application, source, destination)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of an entity one by one, and everything that they could be."""

    each: tuple[Part, ...]
    together: Part


@dataclass(slots=True)
class _Rule:
    number: int
    node: Node
    action: Action = Action.UNKNOWN
    named: Named | None = None
    doubt: Text | None = None
    logged: bool = False


@dataclass(slots=True)
class Firewall:
    """Reads the blocks, then turns them into filters: for what is forwarded, for the device itself, and for what it sends."""

    entities: Entities
    applications: Applications
    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    protect: list[SourceLine] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)
    _blocks: list[SourceLine] = field(default_factory=list)
    _highest: int = 0
    _lines: int = 0
    _edits: int = 0
    _known_parts: dict[tuple[str, bool], _Parts] = field(default_factory=dict)

    def read(self, nodes: Sequence[Node]) -> None:
        """All `firewall` blocks."""
        for node in nodes:
            self._blocks.append(node.line)
            self.ledger.use(node)
            for child in node.children:
                keys = child.keys
                if keys[0] == "rule":
                    self._rule(child)
                elif keys[:2] == ("no", "rule") and len(keys) == 3 and self._remove(keys[2]):
                    self.ledger.use(child)
                elif keys == ("protect",):
                    self.protect.append(child.line)
                    self.ledger.use(child)
                elif keys == ("no", "protect"):
                    self.protect.clear()
                    self.ledger.use(child)
                elif keys[0] in ("exit", "description"):
                    self.ledger.use_all(child)
                elif keys[0] in ("connection-limit", "connection-log", "debug"):
                    self.ledger.use_all(child)  # limits and records; permits nothing
                else:
                    self.ledger.leave(child, DEVICE)
        if self._blocks and not self.protect:
            self.ledger.notice(NoticeKind.INACTIVE, _OFF, tuple(self._blocks))

    def _remove(self, word: str) -> bool:
        """`no rule N`, as people type it; False when not exactly one rule has the number."""
        held = [rule for rule in self.rules if str(rule.number) == word] if self._edits < _MOST_EDITS else []
        if len(held) != 1:
            return False
        self._edits += 1
        self.rules.remove(held[0])
        return True

    def _rule(self, node: Node) -> None:
        words = Words(node.words, node.keys, 1)
        number: int | None = None
        try:
            number = words.number(1, 65535) if words.peek().isdigit() else self._highest + 10
            rule = _Rule(number, node)
            if node.children or not self._conditions(words, rule):
                raise NotUnderstoodError("form of a rule")
            if rule.doubt is _OPTION:
                self.ledger.leave_line(node.line)
            else:
                self.ledger.use(node)
        except NotUnderstoodError:
            number = self._highest + 10 if number is None else number
            rule = _Rule(number, node, doubt=_UNREAD_RULE)
            for one in (node, *node.below()):
                self.ledger.leave_line(one.line)
            self.rules.append(rule)
        self._highest = max(self._highest, number)

    def _conditions(self, words: Words, rule: _Rule) -> bool:
        """`ACTION APP from ENTITY to ENTITY [no-state-enforcement] [log]`; False for another form."""
        verb = words.take().lower()
        if verb not in (*_ACTIONS, "log"):
            return False
        application = words.take()
        if not words.skip("from"):
            return False
        source = words.take()
        if not words.skip("to"):
            return False
        destination = words.take()
        while words:
            option = words.take().lower()
            if option == "log":
                rule.logged = True
            elif option == "no-state-enforcement":
                rule.doubt = rule.doubt or (_STATELESS if verb == "permit" else None)
            else:
                words.rest()
                rule.doubt = _OPTION
        if verb == "log":
            return True
        rule.action = _ACTIONS[verb]
        rule.named = resolve(
            self.entities, self.applications, (application, source, destination), rule.node, self.ledger
        )
        if rule.named is not None:
            self.rules.append(rule)
        return True

    # --- filters ----------------------------------------------------------------------------------------------

    def build(self) -> tuple[Filter, ...]:
        """The three filters; nothing when the firewall is off."""
        if not self.protect:
            return ()
        self.rules.sort(key=lambda rule: rule.number)
        numbers = [rule.number for rule in self.rules]
        twice = {low for low, high in pairwise(numbers) if low == high}
        for rule in self.rules:
            if rule.number in twice:
                rule.doubt = rule.doubt or _SAME_NUMBER
                self.ledger.notice(NoticeKind.OVERWRITTEN, _SAME_NUMBER, (rule.node.line,))
            if rule.doubt is _STATELESS:
                self.ledger.doubt(DoubtKind.UNSUPPORTED, _STATELESS, (rule.node.line,), self._scope(rule))
        sources = tuple(self.protect)
        writers = ((FORWARDING, self._forwarded), (TO_ITSELF, self._to_itself), (FROM_ITSELF, self._from_itself))
        return tuple(
            Filter(
                name,
                tuple(line for rule in self.rules for line in write(rule)),
                Action.DENY,
                sources,
                default_sources=sources,
                stateful=True,
            )
            for name, write in writers
        )

    def _scope(self, rule: _Rule) -> Scope:
        """The interfaces by which a rule can concern traffic."""
        named: set[str] = set()
        for entity in (None if rule.named is None else (rule.named.source, rule.named.destination)) or ():
            for part in () if entity is None else entity.parts:
                if part.interface is None:
                    return DEVICE
                named.add(part.interface)
        return on_interfaces(*named) if named else DEVICE

    def _forwarded(self, rule: _Rule) -> Iterator[FilterLine]:
        """Addresses of the device itself are left out: what is for them is not forwarded, and what comes with them is forged."""
        if rule.named is None or rule.named.destination is None:
            yield _unknown(rule)
            return
        sources = self._parts(rule.named.source, own=False)
        destinations = self._parts(rule.named.destination, own=False)
        for source, destination, exact in self._pairs(sources, destinations):
            yield from self._line(rule, source, destination, exact, None)

    def _to_itself(self, rule: _Rule) -> Iterator[FilterLine]:
        """An interface of the destination is not asked, but makes it unsure."""
        if rule.named is None or rule.named.destination is None:
            yield _unknown(rule)
            return
        sources = self._parts(rule.named.source, own=False)
        destinations = self._parts(rule.named.destination, own=True)
        for source, destination, exact in self._pairs(sources, destinations):
            anywhere = Part(None, destination.sure, destination.addresses)
            unsure = _ITSELF if destination.interface is not None else None
            yield from self._line(rule, source, anywhere, exact, unsure)

    def _from_itself(self, rule: _Rule) -> Iterator[FilterLine]:
        """An interface of the source is not asked, but makes it unsure."""
        if rule.named is None or rule.named.destination is None:
            yield _unknown(rule)
            return
        sources = self._parts(rule.named.source, own=True)
        destinations = self._parts(rule.named.destination, own=False)
        for source, destination, exact in self._pairs(sources, destinations):
            anywhere = Part(None, source.sure, source.addresses)
            unsure = _ITSELF if source.interface is not None else None
            yield from self._line(rule, anywhere, destination, exact, unsure)

    def _parts(self, entity: Entity, own: bool) -> _Parts:
        """The parts of an entity: without addresses of the device itself, or with these as far as they are known."""
        key = (entity.name, own)
        if key not in self._known_parts:
            parts = [self._own(one) for one in entity.parts if own or one.own is None]
            self._known_parts[key] = _Parts(tuple(parts), _joined(parts))
        return self._known_parts[key]

    def _own(self, part: Part) -> Part:
        """The addresses of an interface of the device; when they are given from outside, they could be any."""
        if part.own is None:
            return part
        return own_part(part, self.interfaces)

    def _pairs(self, sources: _Parts, destinations: _Parts) -> Iterator[tuple[Part, Part, bool]]:
        """Every source with every destination; all in one, and not exact, when they are too many."""
        count = len(sources.each) * len(destinations.each)
        self._lines += count if count <= _MOST_PAIRS else 1
        if count <= _MOST_PAIRS and self._lines <= _MOST_LINES:
            yield from ((source, destination, True) for source in sources.each for destination in destinations.each)
        elif count:
            yield sources.together, destinations.together, False

    def _line(
        self, rule: _Rule, source: Part, destination: Part, exact: bool, unsure: Text | None
    ) -> Iterator[FilterLine]:
        named = rule.named
        if named is None or named.destination is None:
            return
        matches = pair_matches(source, destination, named.application.services)
        if not matches:
            return
        doubt = rule.doubt or named.application.doubt or unsure
        if not exact:
            doubt = doubt or _TOO_MANY
        if not (source.sure and destination.sure):
            doubt = doubt or _UNSURE_ENTITY
        yield FilterLine(
            f"rule {rule.number}",
            rule.action,
            matches,
            (rule.node.line, *named.application.sources, *named.source.sources, *named.destination.sources),
            Certainty.ALWAYS if doubt is None else Certainty.UNCERTAIN,
            doubt,
            rule.logged,
            None if source.interface is None else frozenset((source.interface,)),
            None if destination.interface is None else frozenset((destination.interface,)),
        )


def own_part(part: Part, interfaces: Mapping[str, InterfaceFacts]) -> Part:
    """What `dynamic interface X` stands for: the addresses of X that are in the file, or possibly any."""
    facts = interfaces.get(part.own or "")
    families = tuple(part.addresses)
    if facts is None or facts.dynamic_address or facts.unnumbered is not None:
        return Part(None, False, {family: any_address(family) for family in families})
    return Part(
        None,
        True,
        {
            family: normalise(
                (int(one.address.ip), int(one.address.ip)) for one in facts.addresses if one.address.version == family
            )
            for family in families
        },
    )


def pair_matches(source: Part, destination: Part, services: tuple[Service, ...]) -> tuple[Match, ...]:
    """The packets from one part to another, of each address family that both have."""
    return tuple(
        Match(family, source.addresses[family], destination.addresses[family], services)
        for family in _FAMILIES
        if source.addresses.get(family) and destination.addresses.get(family)
    )


def _joined(parts: Iterable[Part]) -> Part:
    """Everything that some parts could be."""
    held: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
    for part in parts:
        for family, intervals in part.addresses.items():
            held[family].extend(intervals)
    addresses: dict[Family, Intervals] = {family: normalise(found) for family, found in held.items() if found}
    return Part(None, False, addresses)


def _unknown(rule: _Rule) -> FilterLine:
    sources: Sources = (rule.node.line,)
    return FilterLine(
        f"rule {rule.number}", Action.UNKNOWN, ANY_PACKET, sources, Certainty.UNCERTAIN, rule.doubt or _UNREAD_RULE
    )
