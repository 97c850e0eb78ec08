"""Lines about layer 2 ports. Each function raises `NotUnderstoodError` for what it does not know."""

from __future__ import annotations

from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import whole_number

_ALL_VLANS = frozenset(range(1, 4095))


def switchport(facts: InterfaceFacts, words: Words) -> None:
    """`switchport` alone: the port is layer 2."""
    facts.switched = True
    words.finish()


def no_switchport(facts: InterfaceFacts, words: Words) -> None:
    """`no switchport`: the port is layer 3."""
    words.finish()
    facts.routed, facts.switched = True, False


def mode(facts: InterfaceFacts, words: Words) -> None:
    """`switchport mode access|trunk|dynamic ...|private-vlan host|promiscuous`."""
    mode = words.take().lower()
    if mode not in ("access", "trunk", "dynamic", "private-vlan"):
        raise NotUnderstoodError(mode)
    if mode == "private-vlan" and words.rest() not in (("host",), ("promiscuous",)):
        raise NotUnderstoodError("a trunk of private VLANs")
    facts.switched, facts.mode = True, mode


def access(facts: InterfaceFacts, words: Words) -> None:
    """`switchport access vlan N`."""
    if not words.skip("vlan"):
        raise NotUnderstoodError("vlan is missing")
    facts.switched, facts.access_vlan = True, words.number(1, 4094)
    words.finish()


def voice(facts: InterfaceFacts, words: Words) -> None:
    """`switchport voice vlan N`."""
    if not words.skip("vlan"):
        raise NotUnderstoodError("vlan is missing")
    facts.switched = True
    if words.peek().isdigit():
        facts.voice_vlan = words.number(1, 4094)
    elif words.take().lower() not in ("dot1p", "none", "untagged"):
        raise NotUnderstoodError("voice VLAN")


def trunk(facts: InterfaceFacts, words: Words) -> None:
    """`switchport trunk native vlan N` and `switchport trunk allowed vlan ...`."""
    what = words.take().lower()
    if not words.skip("vlan"):
        raise NotUnderstoodError(what)
    if what == "native":
        facts.native_vlan = words.number(1, 4094)
        words.finish()
    elif what == "allowed":
        facts.allowed = _allowed(words, facts.allowed)
    else:
        raise NotUnderstoodError(what)
    facts.switched = True


def _allowed(words: Words, before: frozenset[int] | None) -> frozenset[int] | None:
    """`LIST`, `add LIST`, `remove LIST`, `except LIST`, `all`, `none`; None = every VLAN."""
    how = words.peek()
    if how in ("all", "none"):
        words.take()
        words.finish()
        return None if how == "all" else frozenset()
    if how in ("add", "remove", "except"):
        words.take()
    listed = vlan_list(words.take())
    words.finish()
    current = _ALL_VLANS if before is None else before
    match how:
        case "add":
            return None if before is None else current | listed
        case "remove":
            return current - listed
        case "except":
            return _ALL_VLANS - listed
        case _:
            return listed


def vlan_list(word: str) -> frozenset[int]:
    """`10,20-23` as a set; raises `NotUnderstoodError`."""
    result: set[int] = set()
    for part in word.split(","):
        low, dash, high = part.partition("-")
        first = whole_number(low, 1, 4094)
        last = whole_number(high, 1, 4094) if dash else first
        if len(result) < len(_ALL_VLANS):
            result.update(range(first, last + 1))
    return frozenset(result)


def private_vlan(facts: InterfaceFacts, words: Words) -> None:
    """`switchport private-vlan host-association PRIMARY SECONDARY` and `... mapping PRIMARY LIST`."""
    if words.take().lower() not in ("host-association", "mapping"):
        raise NotUnderstoodError("private VLAN")
    facts.switched, facts.private_vlan = True, words.number(1, 4094)


def channel_group(facts: InterfaceFacts, words: Words) -> None:
    """`channel-group N mode M`: a member of an aggregate."""
    facts.member_of = f"Port-channel{words.number(1, 512)}"
    facts.routed = facts.routed or not facts.switched
