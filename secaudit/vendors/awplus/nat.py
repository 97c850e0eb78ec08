"""`nat` / ` rule ...` / ` enable` (AL-26).

Rules are tried by ascending number; without `enable` none acts. `portfwd` and `dnat` change the destination before routing, so the firewall
sees the private host; `masq` and `snat` change the source of what leaves, after the firewall has seen the private one (table 0.2).
A forward without `to` is for the addresses of the device; whether for others as well is not confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from secaudit.network.device import NoticeKind
from secaudit.network.intervals import PORT_MAX, Interval, normalise
from secaudit.network.matches import ANY_PACKET, Family, Match, any_address
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.applications import Applications
from secaudit.vendors.awplus.entities import Entities, Entity, Part
from secaudit.vendors.awplus.firewall import Named, own_part, pair_matches, resolve
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words

_INWARD = frozenset(("portfwd", "dnat"))
_OUTWARD = frozenset(("masq", "snat"))
_ANY_NEW_PORT: Interval = (1, PORT_MAX)
_MOST_PAIRS = 400
_MOST_RULES = 20_000
_UNREAD_RULE = Text(
    ja="この NAT ルールを読み取れないため、何を変換するか分かりません",
    en="this NAT rule was not understood: it could translate anything",
)
_OTHER_DESTINATION = Text(
    ja="to の指定がない転送ルールが、機器のアドレス以外への通信にも働くかを確認できていません",
    en="whether a forward without `to` acts on packets for other addresses than those of the device is not confirmed",
)
_UNSURE_ENTITY = Text(
    ja="エンティティの範囲または変換後のアドレスを確定できません",
    en="the extent of an entity, or the address after translation, is not sure",
)
_OPTION = Text(
    ja="NAT ルールの後半の条件を読み取れません", en="a condition at the end of the NAT rule was not understood"
)
_SAME_NUMBER = Text(
    ja="同じ番号の NAT ルールがあり、どちらが有効か確認できません",
    en="another NAT rule has the same number; which of them is in force is not certain",
)
_OFF = Text(ja="nat に enable がないため、アドレス変換は働きません", en="`nat` has no `enable`: its rules do nothing")
_ANYWHERE = Part(None, True, {4: any_address(4), 6: any_address(6)})


@dataclass(slots=True)
class _Rule:
    number: int
    node: Node
    verb: str = ""
    named: Named | None = None
    target: Entity | None = None
    with_what: str = ""
    """`src` or `dst`: what the target replaces."""
    port: int | None = None
    doubt: Text | None = None


@dataclass(slots=True)
class AddressTranslation:
    """Reads the blocks, then turns them into rules."""

    entities: Entities
    applications: Applications
    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    enabled: bool = False
    _rules: list[_Rule] = field(default_factory=list)
    _blocks: list[SourceLine] = field(default_factory=list)
    _highest: int = 0
    _made: int = 0

    def read(self, nodes: Sequence[Node]) -> None:
        """All `nat` blocks."""
        for node in nodes:
            self._blocks.append(node.line)
            self.ledger.use(node)
            for child in node.children:
                if child.keys[0] == "rule":
                    self._rule(child)
                elif child.keys in (("enable",), ("no", "enable")):
                    self.enabled = child.keys == ("enable",)
                    self.ledger.use(child)
                elif child.keys[0] in ("exit", "description"):
                    self.ledger.use_all(child)
                else:
                    self.ledger.leave(child, DEVICE)
        if self._blocks and not self.enabled:
            self.ledger.notice(NoticeKind.INACTIVE, _OFF, tuple(self._blocks))

    def _rule(self, node: Node) -> None:
        words = Words(node.words, node.keys, 1)
        number: int | None = None
        try:
            number = words.number(1, 65535) if words.peek().isdigit() else self._highest + 10
            rule = _Rule(number, node)
            if node.children:
                raise NotUnderstoodError("nothing stands below a rule")
            self._conditions(words, rule)
            if rule.doubt is _OPTION:
                self.ledger.leave_line(node.line)
            else:
                self.ledger.use(node)
        except NotUnderstoodError:
            number = self._highest + 10 if number is None else number
            self._rules.append(_Rule(number, node, doubt=_UNREAD_RULE))
            for one in (node, *node.below()):
                self.ledger.leave_line(one.line)
        self._highest = max(self._highest, number)

    def _conditions(self, words: Words, rule: _Rule) -> None:
        """`VERB APP from ENTITY [to ENTITY] [with src|dst ENTITY] [dport N]`."""
        rule.verb = words.take().lower()
        if rule.verb not in (*_INWARD, *_OUTWARD, "netmap"):
            raise NotUnderstoodError(rule.verb)
        application = words.take()
        if not words.skip("from"):
            raise NotUnderstoodError("from is missing")
        source = words.take()
        destination = words.take() if words.skip("to") else None
        target: str | None = None
        while words:
            key = words.take().lower()
            if key == "with":
                if words.peek() not in ("src", "dst"):
                    raise NotUnderstoodError("with what")
                rule.with_what = words.take().lower()
                target = words.take()
            elif key == "dport":
                rule.port = words.number(0, PORT_MAX)
            elif key not in ("log",):
                words.rest()
                rule.doubt = _OPTION
        rule.named = resolve(
            self.entities, self.applications, (application, source, destination), rule.node, self.ledger
        )
        if target is not None:
            rule.target = self.entities.find(target)
            if rule.target is None:
                text = Text(
                    ja=f"ルールは無効です: エンティティ {target} が定義されていない",
                    en=f"the rule is inactive: the entity {target} is not defined",
                )
                self.ledger.notice(NoticeKind.INACTIVE, text, (rule.node.line,), undefined=True)
                return
        inward = rule.verb in _INWARD or (rule.verb == "netmap" and rule.with_what == "dst")
        if (rule.verb in _INWARD or rule.verb == "netmap") and rule.target is None:
            raise NotUnderstoodError("what it becomes is missing")
        if rule.with_what and (rule.with_what == "dst") is not inward:
            raise NotUnderstoodError("this direction of a translation")
        if rule.named is not None:
            self._rules.append(rule)

    # --- rules ------------------------------------------------------------------------------------------------

    def build(self) -> tuple[NatRule, ...]:
        """The rules in the order in which they are tried; nothing when translation is off."""
        if not self.enabled:
            return ()
        self._rules.sort(key=lambda rule: rule.number)
        numbers = [rule.number for rule in self._rules]
        twice = {low for low, high in pairwise(numbers) if low == high}
        built: list[NatRule] = []
        for rule in self._rules:
            if rule.number in twice:
                rule.doubt = rule.doubt or _SAME_NUMBER
                self.ledger.notice(NoticeKind.OVERWRITTEN, _SAME_NUMBER, (rule.node.line,))
            built += self._of(rule)
        return tuple(built)

    def _of(self, rule: _Rule) -> Iterator[NatRule]:
        if rule.named is None:
            yield from _unknown(rule)
        elif rule.verb in _INWARD or rule.with_what == "dst":
            yield from self._inward(rule, rule.named)
        else:
            yield from self._outward(rule, rule.named)

    def _outward(self, rule: _Rule, named: Named) -> Iterator[NatRule]:
        """`masq`, `snat` and `netmap ... with src`: the source of what leaves."""
        sources = [self._own(one) for one in named.source.parts]
        destinations = [_ANYWHERE] if named.destination is None else [self._own(one) for one in named.destination.parts]
        translation, sure = self._new_source(rule)
        for source, destination, exact in self._pairs(sources, destinations):
            for match in pair_matches(source, destination, named.application.services):
                fits = translation is None or match.family == _family(rule.target)
                if translation is None:
                    continue
                certain = exact and sure and fits and source.sure and destination.sure
                made = NatRule(
                    f"rule {rule.number}",
                    NatStage.EGRESS,
                    (match,),
                    self._sources(rule, named),
                    interfaces=_only(destination),
                    from_interfaces=_only(source),
                    source=translation,
                    uncertain=rule.doubt or named.application.doubt or (None if certain else _UNSURE_ENTITY),
                )
                yield from _fitting(made, rule)

    def _new_source(self, rule: _Rule) -> tuple[Translation | None, bool]:
        """The new address, and whether it is sure. Without `with` it is that of the interface by which the packet leaves."""
        if rule.target is None:
            return Translation(TranslationKind.INTERFACE, ports=_ANY_NEW_PORT), True
        span, sure = self._span(rule.target)
        if span is None:
            return Translation(TranslationKind.POOL, (0, 2**32 - 1), _ANY_NEW_PORT), False
        if rule.verb == "netmap":
            return Translation(TranslationKind.SHIFT, span), sure
        return Translation(TranslationKind.POOL, span, _ANY_NEW_PORT), sure

    def _inward(self, rule: _Rule, named: Named) -> Iterator[NatRule]:
        """`portfwd`, `dnat` and `netmap ... with dst`: the destination of what comes in."""
        sources = [self._own(one) for one in named.source.parts]
        explicit = named.destination is not None
        destinations = self._device() if named.destination is None else self._forwarded_to(named.destination)
        if rule.target is None:
            return
        span, sure = self._span(rule.target)
        ports = None if rule.port is None else (rule.port, rule.port)
        kind = TranslationKind.SHIFT if rule.verb == "netmap" else TranslationKind.POOL
        new = Translation(kind if span is not None else TranslationKind.POOL, span or (0, 2**32 - 1), ports)
        for source, destination, exact in self._pairs(sources, destinations):
            for match in pair_matches(source, destination, named.application.services):
                certain = (
                    exact
                    and sure
                    and span is not None
                    and source.sure
                    and destination.sure
                    and destination.interface is None
                    and match.family == _family(rule.target)
                )
                doubt = rule.doubt or named.application.doubt or (None if certain else _UNSURE_ENTITY)
                if not explicit and not destination.sure:
                    doubt = doubt if rule.doubt or named.application.doubt else _OTHER_DESTINATION
                made = NatRule(
                    f"rule {rule.number}",
                    NatStage.INGRESS,
                    (match,),
                    self._sources(rule, named),
                    interfaces=_only(source),
                    destination=new,
                    uncertain=doubt,
                )
                yield from _fitting(made, rule)

    def _forwarded_to(self, entity: Entity) -> list[Part]:
        """What packets are addressed to before they are translated. Of a host it is its address, wherever the host is."""
        parts = [self._own(one) for one in entity.parts]
        if entity.name.count(".") == 2 and any(one.sure for one in parts):
            return [replace(one, interface=None) for one in parts if one.sure]
        return parts

    def _device(self) -> list[Part]:
        """The device's own addresses for sure, and possibly every one."""
        own = [
            int(one.address.ip)
            for facts in self.interfaces.values()
            for one in facts.addresses
            if one.address.version == 4 and facts.enabled
        ]
        everything = Part(None, False, {4: any_address(4)})
        return [everything] if not own else [Part(None, True, {4: normalise((one, one) for one in own)}), everything]

    def _own(self, part: Part) -> Part:
        return part if part.own is None else own_part(part, self.interfaces)

    def _span(self, target: Entity) -> tuple[Interval | None, bool]:
        """The addresses of a target as one interval (None when they are none), and whether that is sure."""
        parts = [self._own(one) for one in target.parts]
        family = _family(target)
        spans = {span for part in parts for span in part.addresses.get(family, ()) if part.sure}
        surely = all(one.sure or not one.addresses.get(family) or one.interface is None for one in parts)
        if len(spans) != 1:
            unsure = {span for part in parts for span in part.addresses.get(family, ())}
            return (next(iter(unsure)), False) if len(unsure) == 1 else (None, False)
        return next(iter(spans)), surely

    def _pairs(self, sources: Sequence[Part], destinations: Sequence[Part]) -> Iterator[tuple[Part, Part, bool]]:
        count = len(sources) * len(destinations)
        self._made += count
        if count <= _MOST_PAIRS and self._made <= _MOST_RULES:
            yield from ((source, destination, True) for source in sources for destination in destinations)
        elif count:
            anything = replace(_ANYWHERE, sure=False)
            yield anything, anything, False

    def _sources(self, rule: _Rule, named: Named) -> Sources:
        entities = (named.source, named.destination, rule.target)
        lines = [line for entity in entities if entity is not None for line in entity.sources]
        return tuple(dict.fromkeys((rule.node.line, *named.application.sources, *lines)))


def _family(target: Entity | None) -> Family:
    """The address family of a target; translation is of IPv4 unless it has IPv6 addresses only."""
    if target is None:
        return 4
    families = {family for part in target.parts for family in part.addresses}
    return 6 if families == {6} else 4


def _only(part: Part) -> frozenset[str] | None:
    return None if part.interface is None else frozenset((part.interface,))


def _fitting(made: NatRule, rule: _Rule) -> Iterator[NatRule]:
    """A rule of the address family that its target has; one to one needs two ranges of one size."""
    (match,) = made.matches
    if match.family != _family(rule.target):
        return
    new = made.source if made.source is not None else made.destination
    if new is None or new.kind is not TranslationKind.SHIFT or new.addresses is None:
        yield made
        return
    old = match.sources if made.source is not None else match.destinations
    if len(old) == 1 and old[0][1] - old[0][0] == new.addresses[1] - new.addresses[0]:
        yield made
        return
    pool = replace(new, kind=TranslationKind.POOL)
    unsure = made.uncertain or _UNSURE_ENTITY
    if made.source is not None:
        yield replace(made, source=pool, uncertain=unsure)
    else:
        yield replace(made, destination=pool, uncertain=unsure)


def _unknown(rule: _Rule) -> Iterator[NatRule]:
    """A rule that was not understood: it could send anything anywhere, from any address."""
    for family in (4, 6):
        everything: tuple[Match, ...] = tuple(one for one in ANY_PACKET if one.family == family)
        low, high = any_address(4 if family == 4 else 6)[0]
        anything = Translation(TranslationKind.POOL, (low, high), (0, PORT_MAX))
        for stage in (NatStage.INGRESS, NatStage.EGRESS):
            yield NatRule(
                f"rule {rule.number}",
                stage,
                everything,
                (rule.node.line,),
                destination=anything if stage is NatStage.INGRESS else None,
                source=anything if stage is NatStage.EGRESS else None,
                uncertain=rule.doubt or _UNREAD_RULE,
            )
