"""What rules have in common is done once.

Which words of a rule are its tests and its verdict does not depend on the numbers and addresses in it: rules of one shape
(`tokens.Token.shape`) are taken apart once, and a test of the same values is understood once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from secaudit.network.intervals import Intervals
from secaudit.vendors.netfilter.ruleset import Condition, Verdict
from secaudit.vendors.nftables.conditions import Asked, Frame, conditions, frame_of, simple
from secaudit.vendors.nftables.neighbours import either_may_differ
from secaudit.vendors.nftables.rules import ParsedRule, parse
from secaudit.vendors.nftables.selectors import Selector
from secaudit.vendors.nftables.sets import Sets
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
from secaudit.vendors.nftables.tokens import Group, Item, Token
from secaudit.vendors.nftables.values import ValueType, number

_SHORT: Final = 64
"""Tokens of a set within a rule that is recognised when it comes again."""
Answer = Asked | tuple[Condition, ...] | None
"""What a test asks, else the conditions that it is a choice of; None: see `conditions.conditions`."""
_NOT_YET: Final = Asked(frozenset(), ())
"""Stands where nobody has asked yet."""


_DECIDING = (Does, VerdictMap, Translate, NotUnderstood)


class TestStep:
    """A test of the rules of one shape. `start` is where its values are in the rule (negative: they are the test's own)."""

    __slots__ = ("_bare", "_known", "_one", "_start", "_stop", "_values", "number", "test")

    def __init__(self, test: Test, known: dict[object, Answer], values: dict[object, Intervals]) -> None:
        self.test = test
        self._start = test.start
        self._stop = test.start + len(test.values)
        self._one = test.start >= 0 and len(test.values) == 1
        self._bare = all(isinstance(item, Token) for item in test.values)
        self.number = _number_of(test)
        """What it asks if one value is all that it says: an address or a port."""
        self._known = known
        self._values = values

    def of(self, items: Sequence[Item]) -> Test:
        """The test with the values of one rule."""
        test = self.test
        if self._start < 0:
            return test
        return Test(test.key, test.mask, test.operator, tuple(items[self._start : self._stop]), self._start)

    def answer(self, items: Sequence[Item], sets: Sets) -> Answer:
        """What it asks in one rule."""
        key = self._key(items)
        if key is None:
            return _answer(self.of(items), sets)
        found = self._known.get(key, _NOT_YET)
        if found is _NOT_YET:
            found = self._known[key] = _answer(self.of(items), sets)
        return found

    def values(self, items: Sequence[Item], sets: Sets) -> Intervals | None:
        """The addresses or ports that it asks for, if it asks for nothing else (see `number`)."""
        item = items[self._start]
        key = item.text if self._one and isinstance(item, Token) else self._key(items)
        found = self._values.get(key)
        if found is None:
            value = None
            if self._one and self.number is not None and self.number.type is not None:
                value = number(self.number.type, items[self._start])
            answer = _answer(self.of(items), sets) if value is None else None
            found = answer.values if isinstance(answer, Asked) else None
            if value is not None:
                found = ((value, value),)
            if found is not None and key is not None:
                self._values[key] = found
        return found

    def _key(self, items: Sequence[Item]) -> object:
        """What its answer depends on; None where it is too long, or not in the rule."""
        if self._one:
            item = items[self._start]
            return item.text if isinstance(item, Token) else _written(item)
        if self._start < 0:
            return None
        if self._bare:  # what kinds of words they are is the same in all rules of the shape
            return tuple([item.text for item in items[self._start : self._stop] if isinstance(item, Token)])
        return _all_written(items[self._start : self._stop])


_NUMBERS: Final = (ValueType.ADDRESS4, ValueType.ADDRESS6, ValueType.PORT)


def _number_of(test: Test) -> Selector | None:
    selector = test.key[0]
    plain = len(test.key) == 1 and test.operator in ("", "==") and not test.mask and not selector.loose
    return selector if plain and test.start >= 0 and selector.type in _NUMBERS else None


class TranslateStep:
    """A translation of the rules of one shape."""

    __slots__ = ("_translate",)

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def of(self, items: Sequence[Item]) -> Translate:
        """The translation with what one rule translates to."""
        one = self._translate
        to = tuple([items[place] for place in one.places])
        return Translate(one.kind, one.family, to, one.prefix, one.random, one.places)


def _answer(test: Test, sets: Sets) -> Answer:
    asked = simple(test, sets)
    return conditions(test, sets) if asked is None else asked


def _written(group: Group) -> object:
    """A short group by its text; None for others."""
    if len(group.items) > _SHORT:
        return None
    return _all_written(group.items)


def _all_written(items: Sequence[Item]) -> object:
    found = tuple([(item.text, item.shape) for item in items if isinstance(item, Token)])
    return found if len(found) == len(items) else None


Step = Part | TestStep | TranslateStep


@dataclass(frozen=True, slots=True)
class Usual:
    """What nearly all rules of a long list are: `verdict` for the packets with some values in the header. `frame` makes the condition."""

    tests: tuple[TestStep, ...]
    frame: Frame
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read rules of one shape. `steps` are its parts, `sets` the places of the names of sets in it.

    `decides`: it says what becomes of a packet. `usual`: it is nothing but tests for addresses and ports and, behind them, a verdict.
    """

    parts: tuple[Part, ...]
    steps: tuple[Step, ...]
    sets: tuple[int, ...]
    decides: bool
    comment_at: int | None
    usual: Usual | None

    def comment(self, items: Sequence[Item]) -> str:
        """The comment of one rule."""
        item = None if self.comment_at is None else items[self.comment_at]
        return item.text if isinstance(item, Token) else ""


class Plans:
    """The plans of the rules of one table, made as they are needed."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._known: dict[object, tuple[dict[object, Answer], dict[object, Intervals]]] = {}

    def of(self, items: tuple[Item, ...]) -> Plan:
        """The plan of a rule."""
        shape = tuple([item.shape for item in items])
        if len(shape) > 1 and shape[-2] == "comment" and shape[-1][0] == '"':
            shape = (*shape[:-1], '""')
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._made(parse(items), shape)
            if all(_is_of_shape(part) for part in plan.parts):
                self._plans[shape] = plan
        return plan

    def _made(self, parsed: ParsedRule, shape: tuple[str, ...]) -> Plan:
        parts = either_may_differ(parsed.parts)
        sets = tuple(place for place, one in enumerate(shape) if one[0] == "@" and len(one) > 1)
        steps = tuple(self._step(part, shape) for part in parts)
        decides = any(isinstance(part, _DECIDING) for part in parts)
        return Plan(parts, steps, sets, decides, parsed.comment_at, _usual(steps))

    def _step(self, part: Part, shape: tuple[str, ...]) -> Step:
        if isinstance(part, Translate):
            return TranslateStep(part)
        return self._test(part, shape) if isinstance(part, Test) else part

    def _test(self, test: Test, shape: tuple[str, ...]) -> TestStep:
        values = shape[test.start : test.start + len(test.values)]
        key = (tuple(one.name for one in test.key), test.operator, values)
        return TestStep(test, *(({}, {}) if test.mask else self._known.setdefault(key, ({}, {}))))


def _usual(steps: Sequence[Step]) -> Usual | None:
    last = steps[-1] if steps else None
    tests = tuple(step for step in steps if isinstance(step, TestStep))
    selectors = [step.number for step in tests if step.number is not None]
    if not isinstance(last, Does) or last.requires or not len(selectors) == len(tests) == len(steps) - 1:
        return None
    frame = frame_of(selectors)
    return None if frame is None else Usual(tests, frame, last.verdict)


def _is_of_shape(part: Part) -> bool:
    """Whether a part is the same for all rules of a shape, but for the values of its tests."""
    match part:
        case Test():
            return not part.mask and (part.start >= 0 or not part.values)
        case Does():
            return not part.verdict.chain[:1].isdecimal()
        case Narrowing() | Log() | Changes() | NotUnderstood() | Translate():
            return True
        case _:
            return False
