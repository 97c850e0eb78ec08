"""Lines about layer 2 ports (AX-03). Each function raises `NotUnderstoodError` for what it does not know."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from secaudit.vendors.alaxala.facts import InterfaceFacts
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import Words, whole_number

_MODES = ("access", "trunk", "mac-vlan", "protocol-vlan")


def switchport(facts: InterfaceFacts, words: Words) -> bool:
    """`switchport WHAT ...`; False for what changes tags or tunnels, which the model has no words for."""
    read = _READERS.get(words.peek())
    if read is None:
        return False
    words.take()
    known = read(facts, words)
    words.finish()
    facts.switched = facts.switched or known
    return known


def _mode(facts: InterfaceFacts, words: Words) -> bool:
    mode = words.take().lower()
    if mode not in _MODES:
        words.rest()
        return False
    facts.mode = mode
    return True


def _access(facts: InterfaceFacts, words: Words) -> bool:
    _vlan_word(words)
    facts.access_vlan = words.number(1, 4094)
    return True


def _trunk(facts: InterfaceFacts, words: Words) -> bool:
    what = words.take().lower()
    _vlan_word(words)
    if what == "native":
        facts.native_vlan = words.number(1, 4094)
    elif what == "allowed":
        facts.allowed = _changed(words, facts.allowed or frozenset())
    else:
        raise NotUnderstoodError(what)
    return True


def _by_frame(facts: InterfaceFacts, words: Words) -> bool:
    """`switchport mac|protocol vlan LIST`, `... native vlan N` and `switchport mac dot1q vlan LIST`."""
    if words.skip("native"):
        _vlan_word(words)
        facts.native_vlan = words.number(1, 4094)
    elif words.skip("dot1q"):
        _vlan_word(words)
        facts.tagged = _changed(words, facts.tagged)
    else:
        _vlan_word(words)
        facts.by_frame = _changed(words, facts.by_frame)
    return True


def _voice(facts: InterfaceFacts, words: Words) -> bool:
    _vlan_word(words)
    facts.voice_vlan = words.number(1, 4094)
    return True


def _vlan_word(words: Words) -> None:
    if not words.skip("vlan"):
        raise NotUnderstoodError("vlan is missing")


def _changed(words: Words, before: frozenset[int]) -> frozenset[int]:
    """`LIST`, `add LIST`, `remove LIST`."""
    how = words.peek()
    if how in ("add", "remove"):
        words.take()
    listed = vlan_list(words.take())
    if how == "add":
        return before | listed
    return before - listed if how == "remove" else listed


@lru_cache(maxsize=1024)
def vlan_list(word: str) -> frozenset[int]:
    """`10,20-23` as a set; raises `NotUnderstoodError`."""
    result: set[int] = set()
    for part in word.split(","):
        low, dash, high = part.partition("-")
        first = whole_number(low, 1, 4095)
        last = whole_number(high, 1, 4095) if dash else first
        if len(result) < 4095:
            result.update(range(first, last + 1))
    return frozenset(result)


_READERS: dict[str, Callable[[InterfaceFacts, Words], bool]] = {
    "mode": _mode,
    "access": _access,
    "trunk": _trunk,
    "mac": _by_frame,
    "protocol": _by_frame,
    "voice": _voice,
}
