"""A test of one field as the values for which it holds."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.network.intervals import Intervals
from secaudit.text.bilingual import Text
from secaudit.vendors.netfilter.ruleset import State
from secaudit.vendors.nftables.sets import Sets
from secaudit.vendors.nftables.syntax import Test
from secaudit.vendors.nftables.tokens import Item, Token, split
from secaudit.vendors.nftables.values import (
    Values,
    ValueType,
    component,
    flag_bits,
    interval,
    maximum,
    number,
    with_mask,
    without,
)

UNKNOWN_TEST = Text(
    ja="条件の一部が読み取れないか、設定だけでは一致するか判断できません",
    en="part of the condition was not understood, or cannot be judged from the configuration",
)
CHANGING_SET = Text(
    ja="セットの内容が動的に変わる（または空である）ため、何に一致するか判断できません",
    en="what the set holds changes by itself (or it is empty), so what it matches cannot be told",
)
UNDEFINED_SET = Text(
    ja="定義されていないセットまたはマップが使われています",
    en="a set or map is used that is not defined",
)


def set_doubt(items: tuple[Item, ...], sets: Sets) -> Text:
    elements = sets.of(items[0]) if len(items) == 1 else None
    if elements is None:
        return UNKNOWN_TEST
    if not elements.defined:
        return UNDEFINED_SET
    return UNKNOWN_TEST if elements.known else CHANGING_SET


def single(kind: ValueType, test: Test, sets: Sets) -> Values | None:
    """The values for which a test of one field holds; None when that is not known."""
    elements = sets.of(test.values[0]) if len(test.values) == 1 else None
    if kind is ValueType.STATUS:
        return None if elements is not None else _status(test)
    if elements is not None:
        if not elements.known or test.operator not in ("", "==", "!="):
            return None
        values = sets.values(kind, elements)
        return _finished(kind, test, values, negated=test.operator == "!=")
    match kind:
        case ValueType.STATE:
            return None if test.mask else _states(test)
        case ValueType.TCP_FLAGS:
            return _flags(test)
        case ValueType.INTERFACE:
            return component(kind, test.values) if not test.mask and test.operator in ("", "==", "!=") else None
        case _:
            return _numbers(kind, test)


def _finished(kind: ValueType, test: Test, values: Values | None, *, negated: bool) -> Values | None:
    """Mask and negation applied. Interfaces stay as they are: their negation is a test of its own."""
    if values is None:
        return None
    if isinstance(values, tuple):
        if test.mask:
            mask = flag_bits(test.mask) if kind is ValueType.TCP_FLAGS else number(kind, test.mask[0])
            masked = None if mask is None else with_mask(kind, mask, values)
            if masked is None:
                return None
            values = masked
        return without(kind, values) if negated else values
    if test.mask:
        return None
    if kind is ValueType.STATE and negated:
        return frozenset(State) - values
    return values


def _numbers(kind: ValueType, test: Test) -> Values | None:
    found = interval(kind, test.values)
    if found is None and test.mask and len(test.values) == 1 and isinstance(test.values[0], Token):
        value = number(ValueType.PORT, test.values[0])  # `& 0.0.0.255 == 7`
        found = None if value is None else (value, value)
    if found is None:
        return None
    if test.operator == "" and not test.mask:
        return (found,)
    low, high = found
    top = maximum(kind)
    match test.operator:
        case "" | "==" | "!=":
            values: Intervals = (found,)
        case "<" if low == high:
            values = ((0, low - 1),) if low else ()
        case "<=" if low == high:
            values = ((0, low),)
        case ">" if low == high:
            values = ((low + 1, top),) if low < top else ()
        case ">=" if low == high:
            values = ((low, top),)
        case _:
            return None
    if test.operator in ("<", "<=", ">", ">=") and test.mask and kind in (ValueType.ADDRESS4, ValueType.ADDRESS6):
        return None
    return _finished(kind, test, values, negated=test.operator == "!=")


def _states(test: Test) -> Values | None:
    """`established,related`: one of them. A packet has exactly one state, so `== a,b` never and `!= a,b` always holds (nft compares the
    whole mask). `a | b` is how nft lists `== a,b` and also how some write `a,b`: not certain.
    """
    found = []
    joined = any(isinstance(item, Token) and item.is_sign("|") for item in test.values)
    if joined and test.operator not in ("==", "!="):
        return None
    for items in split(test.values, "|" if joined else ","):
        values = component(ValueType.STATE, items)
        if not isinstance(values, frozenset):
            return None
        found.append(values)
    states: frozenset[State] = frozenset(one for values in found for one in values if isinstance(one, State))
    match test.operator:
        case "":
            return states
        case "==":
            return states if len(states) == 1 else frozenset()
        case "!=":
            return frozenset(State) - states if len(states) == 1 else frozenset(State)
        case "!":
            return frozenset(State) - states
        case _:
            return None


def _flags(test: Test) -> Values | None:
    """All ways to ask for TCP flags, as `nft --debug=netlink` shows them: without operator any of the flags must be set; `a / mask`
    compares under the mask; `==` compares the byte.
    """
    kind = ValueType.TCP_FLAGS
    parts = split(test.values, "/")
    if len(parts) == 2:
        bits, mask = _listed_flags(parts[0]), _listed_flags(parts[1])
        if bits is None or mask is None or test.mask or test.operator not in ("", "==", "!="):
            return None
        values = with_mask(kind, mask, ((bits, bits),))
        return None if values is None else (without(kind, values) if test.operator == "!=" else values)
    bits = _listed_flags(test.values)
    if bits is None or len(parts) != 1:
        return None
    if test.mask:
        if test.operator in ("==", "!="):
            return _finished(kind, test, ((bits, bits),), negated=test.operator == "!=")
        return None
    none_set = with_mask(kind, bits, ((0, 0),))
    match test.operator:
        case "":
            return None if none_set is None else without(kind, none_set)
        case "!":
            return none_set
        case "==":
            return ((bits, bits),)
        case "!=":
            return without(kind, ((bits, bits),))
        case _:
            return None


def _listed_flags(items: Sequence[Item]) -> int | None:
    bits = 0
    for part in split(items, ","):
        one = flag_bits(part)
        if one is None:
            return None
        bits |= one
    return bits


def _status(test: Test) -> Values | None:
    """`ct status dnat` and its negation, as 1 and 0; nothing else is known of a connection."""
    words = [item.text for item in test.values if isinstance(item, Token)]
    mask = [item.text for item in test.mask if isinstance(item, Token)]
    if not test.mask and words == ["dnat"] and test.operator in ("", "!"):
        return ((1, 1),) if test.operator == "" else ((0, 0),)
    if mask == ["dnat"] and len(test.mask) == 1 and test.operator in ("==", "!="):
        if words == ["dnat"]:
            return ((1, 1),) if test.operator == "==" else ((0, 0),)
        if words in (["0"], ["0x0"], ["0x00000000"]):
            return ((0, 0),) if test.operator == "==" else ((1, 1),)
    return None
