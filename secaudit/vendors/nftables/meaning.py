"""A rule as rules of a netfilter ruleset: one for every verdict of a map, all in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from secaudit.network.filters import Certainty
from secaudit.network.intervals import Intervals
from secaudit.network.match_algebra import TooManyMatchesError, any_packet_of
from secaudit.network.nat import TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.netfilter.ruleset import ChainKey, Condition, Rule, Verdict, VerdictKind
from secaudit.vendors.nftables.conditions import (
    MOST_MATCHES,
    Asked,
    all_of,
    base,
    both,
    complemented,
    conditions,
    left_over,
    of_keys,
    positive,
    worst,
)
from secaudit.vendors.nftables.document import NOT_UNDERSTOOD, Document
from secaudit.vendors.nftables.fields import UNDEFINED_SET, UNKNOWN_TEST
from secaudit.vendors.nftables.plans import Plan, Plans, TestStep, TranslateStep, Usual
from secaudit.vendors.nftables.rules import verdict_of
from secaudit.vendors.nftables.sets import Element, Sets
from secaudit.vendors.nftables.syntax import (
    Changes,
    Does,
    Log,
    Narrowing,
    NotUnderstood,
    Part,
    Test,
    Translate,
    VerdictMap,
)
from secaudit.vendors.nftables.tokens import Item, Kind, Token, lines_of
from secaudit.vendors.nftables.translations import translations

_TOO_BIG = Text(
    ja="条件の組み合わせが多すぎるため、この行の条件を判断できません",
    en="too complex: the conditions of this rule are too many when written out",
)
_UNKNOWN_MAP = Text(
    ja="読み取れない、または内容が動的に変わる verdict map があり、許可・拒否のどちらもありえます",
    en="a verdict map was not understood or changes by itself: it may permit or deny",
)
_UNKNOWN_NAT = Text(
    ja="アドレス変換の変換先を読み取れません",
    en="what the packets are translated to was not understood",
)
_HIDDEN = Text(
    ja="nft が表示できない iptables の条件または処理（xt_…）がこのルールにあります",
    en="the rule has an iptables match or target that nft could not show (xt_...)",
)
_EVERYTHING: Final = Condition()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of packets that is not modelled, if the rule is ever asked."""

    doubt: Text
    sources: Sources


@dataclass(slots=True)
class Meaning:
    """What the rules of one chain came to. `helpers` are the rules of chains that say what one rule cannot, by their names."""

    rules: list[Rule] = field(default_factory=list)
    helpers: dict[str, list[Rule]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    unread: list[Sources] = field(default_factory=list)
    undefined: list[Sources] = field(default_factory=list)


def meaning_of(
    key: ChainKey, rules: Sequence[tuple[Item, ...]], sets: Sets, plans: Plans, document: Document
) -> Meaning:
    """All rules of a chain of a document."""
    meaning = Meaning()
    reader = _RuleReader(key, sets, plans, meaning, document.unknown_matches)
    for number, items in enumerate(rules, 1):
        first = items[0]
        if isinstance(first, Token) and first.kind is Kind.LINE:
            reader.read(document.written.words(first.text), (first.line,), number)
        else:
            reader.read(items, lines_of(items), number)
    return meaning


class _RuleReader:
    """One rule after the other: `_choices` are the conditions under which the next part of it is reached.

    `_asked` is what simple tests ask beyond that; they are put together when something else follows.
    """

    def __init__(self, key: ChainKey, sets: Sets, plans: Plans, meaning: Meaning, hidden: frozenset[int]) -> None:
        self._key = key
        self._sets = sets
        self._plans = plans
        self._meaning = meaning
        self._hidden_lines = hidden
        self._asked: list[Asked] = []

    def _begin(self, plan: Plan, items: tuple[Item, ...], lines: Sources, number: int) -> None:
        self._rules = self._meaning.rules
        self._number = number
        self._plan = plan
        self._comment = plan.comment(items)
        self._sources = self._evidence(plan, items, lines) if plan.sets else lines
        self._hidden = bool(self._hidden_lines) and any(line.number in self._hidden_lines for line in self._sources)
        self._choices: list[Condition] = [_EVERYTHING]
        self._logged = False

    def _evidence(self, plan: Plan, items: tuple[Item, ...], lines: Sources) -> Sources:
        """The lines of the rule and those of the sets that it names."""
        found = dict.fromkeys(lines)
        for place in plan.sets:
            elements = self._sets.of(items[place])
            if elements is not None:
                found.update(dict.fromkeys(elements.lines))
                if not elements.defined:
                    self._meaning.undefined.append(lines)
        return tuple(found)

    def read(self, items: tuple[Item, ...], lines: Sources, number: int) -> None:
        """Goes through the parts of a rule that is on these lines; every verdict on the way becomes rules."""
        plan = self._plans.of(items)
        if plan.usual is not None and not self._hidden_lines:
            condition = self._usual(items, plan.usual)
            if condition is not None:
                label = f"{self._key.chain} {number}"
                sources = self._evidence(plan, items, lines) if plan.sets else lines
                self._meaning.rules.append(Rule(condition, plan.usual.verdict, sources, label, plan.comment(items)))
                return
        self._begin(plan, items, lines, number)
        if self._hidden:
            self._narrow(Certainty.UNCERTAIN, _HIDDEN)
        for step in self._plan.steps:
            if isinstance(step, TestStep):
                answer = step.answer(items, self._sets)
                if isinstance(answer, Asked):
                    self._asked.append(answer)
                    continue
                self._together()
                if answer is None:
                    self._excluding(step.of(items))
                else:
                    self._and(answer)
                continue
            self._together()
            self._act(step.of(items) if isinstance(step, TranslateStep) else step)
        self._together()
        if not self._plan.decides:
            if self._hidden:
                self._emit(self._choices, Verdict(VerdictKind.UNKNOWN))
            elif self._logged:
                self._emit(self._choices, Verdict(VerdictKind.CONTINUE))

    def _usual(self, items: tuple[Item, ...], usual: Usual) -> Condition | None:
        """The condition of a rule of a usual shape, if all its values are known."""
        every: list[Intervals] = []
        for step in usual.tests:
            values = step.values(items, self._sets)
            if not values:
                return None
            every.append(values)
        return usual.frame.condition(every)

    def _act(self, part: Part) -> None:
        match part:
            case Does():
                for test in part.requires:
                    self._test(test)
                self._emit(self._choices, part.verdict)
            case Narrowing():
                self._narrow(part.certainty, part.doubt)
            case Log():
                self._logged = True
            case Changes():
                if self._choices:
                    self._meaning.changes.append(Change(part.doubt, self._sources))
            case VerdictMap():
                self._map(part)
            case Translate():
                self._translate(part)
            case NotUnderstood():
                self._meaning.unread.append(self._sources)
                self._narrow(Certainty.ALWAYS, NOT_UNDERSTOOD)
                self._emit(self._choices, Verdict(VerdictKind.UNKNOWN))
            case Test():
                self._test(part)

    # Conditions

    def _narrow(self, certainty: Certainty, doubt: Text) -> None:
        self._choices = [
            replace(one, certainty=worst(one.certainty, certainty), doubt=one.doubt or doubt) for one in self._choices
        ]

    def _and(self, others: Iterable[Condition]) -> None:
        self._choices = self._crossed(self._choices, tuple(others))

    def _crossed(self, left: Sequence[Condition], right: Sequence[Condition]) -> list[Condition]:
        """All combinations; when they are too many, the left ones alone, not certain."""
        found: list[Condition] = []
        size = 0
        try:
            for first in left:
                for second in right:
                    one = both(first, second)
                    if one is not None:
                        found.append(one)
                        size += len(one.matches)
                        if size > MOST_MATCHES:
                            raise TooManyMatchesError
        except TooManyMatchesError:
            return [replace(one, certainty=Certainty.UNCERTAIN, doubt=_TOO_BIG) for one in left]
        return found

    def _together(self) -> None:
        """Puts together what the last tests ask."""
        if not self._asked:
            return
        one = all_of(self._asked)
        self._asked.clear()
        if one is None or one.states == frozenset():
            self._choices = []
        elif len(self._choices) == 1 and self._choices[0] is _EVERYTHING:
            self._choices = [one]
        else:
            self._and((one,))

    def _test(self, test: Test) -> None:
        found = conditions(test, self._sets)
        if found is not None:
            self._and(found)
            return
        self._excluding(test)

    def _excluding(self, test: Test) -> None:
        """`KEY . KEY != @set`. What is long goes to a chain of its own, which first sends back what the set holds.

        A verdict that leaves the chain itself (`return`, `goto`) would mean something else there; then the test is not certain.
        """
        excluded = positive(test, self._sets)
        others = left_over(base(test.key), excluded)
        if others is not None:
            self._and(others)
            return
        self._and(base(test.key))
        if any(_leaves(part) for part in self._plan.parts):
            self._narrow(Certainty.UNCERTAIN, UNKNOWN_TEST)
            return
        name = f"{self._key.chain} rule {self._number} part {len(self._meaning.helpers) + 1}"
        self._emit(self._choices, Verdict(VerdictKind.JUMP, name))
        helper: list[Rule] = []
        self._meaning.helpers[name] = helper
        self._rules = helper
        self._emit(excluded, Verdict(VerdictKind.RETURN))
        self._choices = [_EVERYTHING]

    # Verdicts

    def _emit(self, choices: Iterable[Condition], verdict: Verdict) -> None:
        label = f"{self._key.chain} {self._number}"
        for one in choices:
            self._rules.append(Rule(one, verdict, self._sources, label, self._comment, self._logged))

    def _map(self, part: VerdictMap) -> None:
        elements = self._sets.of(part.mapping)
        if elements is None or not elements.known or part.mask:
            text = UNDEFINED_SET if elements is not None and not elements.defined else _UNKNOWN_MAP
            self._and(base(part.key))
            self._narrow(Certainty.ALWAYS, text)
            self._emit(self._choices, Verdict(VerdictKind.UNKNOWN))
            return
        groups: dict[Verdict, list[tuple[Item, ...]]] = {}
        rest: Verdict | None = None
        for element in elements.elements:
            verdict = verdict_of(element.data) or Verdict(VerdictKind.UNKNOWN)
            if _is_star(element):
                rest = verdict
            else:
                groups.setdefault(verdict, []).append(element.key)
        before = self._choices
        for verdict, keys in groups.items():
            self._emit(self._crossed(before, of_keys(part.key, keys)), verdict)
        if rest is not None:
            self._emit(
                self._crossed(before, self._remaining(part, [one for keys in groups.values() for one in keys])), rest
            )

    def _remaining(self, part: VerdictMap, keys: Sequence[tuple[Item, ...]]) -> tuple[Condition, ...]:
        """What no element holds: the packets of the element `*`."""
        if not keys:
            return base(part.key)
        named = of_keys(part.key, keys)
        selector = part.key[0]
        if len(part.key) == 1 and selector.type is not None and all(one.certainty is Certainty.ALWAYS for one in named):
            others = complemented(selector, keys)
            if others is not None:
                return others
        return tuple(
            replace(one, certainty=Certainty.UNCERTAIN, doubt=one.doubt or UNKNOWN_TEST) for one in base(part.key)
        )

    def _translate(self, part: Translate) -> None:
        found = translations(part, self._sets)
        if found is None:
            self._meaning.unread.append(self._sources)
            self._narrow(Certainty.ALWAYS, _UNKNOWN_NAT)
            self._emit(self._choices, Verdict(VerdictKind.UNKNOWN))
            return
        before = self._choices
        for one in found:
            choices = self._crossed(before, (one.condition,))
            if one.family is not None:
                choices = self._crossed(choices, (Condition(matches=any_packet_of((one.family,))),))
            translation = one.verdict.source or one.verdict.destination
            if translation is not None and translation.kind is TranslationKind.SHIFT:
                # One rule for each interval, so that it is known what it is moved by.
                choices = [replace(choice, matches=(match,)) for choice in choices for match in choice.matches]
            self._emit(choices, one.verdict)


def _leaves(part: object) -> bool:
    if isinstance(part, VerdictMap):
        return True
    return isinstance(part, Does) and part.verdict.kind in (VerdictKind.RETURN, VerdictKind.GOTO)


def _is_star(element: Element) -> bool:
    return len(element.key) == 1 and isinstance(element.key[0], Token) and element.key[0].is_sign("*")
