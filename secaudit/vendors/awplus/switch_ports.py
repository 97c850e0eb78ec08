"""Lines about ports at layer 2 (AL-04). Each function raises `NotUnderstoodError` for what it does not know."""

from __future__ import annotations

from functools import lru_cache

from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import Words, whole_number

_ALL_VLANS = frozenset(range(1, 4095))
_INGRESS_FILTER = (("ingress-filter", "enable"), ("ingress-filter", "disable"))


def switchport(facts: InterfaceFacts, words: Words) -> None:
    """`switchport` alone: the port is at layer 2."""
    words.finish()
    facts.routed = False


def no_switchport(facts: InterfaceFacts, words: Words) -> None:
    """`no switchport`: the port routes."""
    words.finish()
    facts.routed = True


def mode(facts: InterfaceFacts, words: Words) -> None:
    """`switchport mode access|trunk [ingress-filter enable|disable]`, `switchport mode private-vlan host|promiscuous`.

    Without ingress filtering a port takes frames of VLANs that it is no member of, so it may be in every one.
    """
    kind = words.take().lower()
    if kind not in ("access", "trunk", "private-vlan"):
        raise NotUnderstoodError(kind)
    rest = words.rest()
    if kind == "private-vlan":
        if rest not in (("host",), ("promiscuous",)):
            raise NotUnderstoodError("a trunk of private VLANs")
    elif rest not in ((), *_INGRESS_FILTER):
        raise NotUnderstoodError("option of switchport mode")
    facts.mode = kind
    if kind != "private-vlan" and rest == ("ingress-filter", "disable"):
        facts.tagged = facts.voice_vlans = None


def access(facts: InterfaceFacts, words: Words) -> None:
    """`switchport access vlan N`."""
    if not words.skip("vlan"):
        raise NotUnderstoodError("vlan is missing")
    vlan = words.number(1, 4094)
    words.finish()
    facts.access_vlan = vlan


def voice(facts: InterfaceFacts, words: Words) -> None:
    """`switchport voice vlan N|dot1p|untagged|priority|dynamic`; a dynamic one is told by a RADIUS server."""
    words.skip("vlan")
    if words.peek().isdigit():
        facts.voice_vlans = frozenset((words.number(1, 4094),))
        words.finish()
        return
    kind = words.take().lower()
    if kind == "dynamic":
        facts.voice_vlans = None
    elif kind not in ("dot1p", "untagged", "priority", "dscp"):
        raise NotUnderstoodError("voice VLAN")


def trunk(facts: InterfaceFacts, words: Words) -> None:
    """`switchport trunk native vlan N|none` and `switchport trunk allowed vlan ...`."""
    what = words.take().lower()
    if what not in ("native", "allowed") or not words.skip("vlan"):
        raise NotUnderstoodError(what)
    if what == "native":
        native = None if words.skip("none") else words.number(1, 4094)
        words.finish()
        facts.native_vlan = native
    else:
        facts.tagged = _allowed(words, facts.tagged)


def _allowed(words: Words, before: frozenset[int] | None) -> frozenset[int] | None:
    """`all`, `none`, `add LIST`, `remove LIST`, `except LIST`; None = every VLAN."""
    how = words.take().lower()
    if how in ("all", "none"):
        words.finish()
        return None if how == "all" else frozenset()
    if how not in ("add", "remove", "except"):
        raise NotUnderstoodError(how)
    listed = vlan_list(words.take())
    words.finish()
    if how == "except":
        return _ALL_VLANS - listed
    if how == "add":
        return None if before is None else before | listed
    return (_ALL_VLANS if before is None else before) - listed


@lru_cache(maxsize=4096)
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
    """`switchport private-vlan host-association PRIMARY add N` and `... mapping PRIMARY add LIST`."""
    if words.take().lower() not in ("host-association", "mapping"):
        raise NotUnderstoodError("private VLAN")
    facts.private_vlan = words.number(1, 4094)


def channel_group(facts: InterfaceFacts, words: Words) -> None:
    """`channel-group N mode active|passive` is a member of `poN`, `static-channel-group N` one of `saN`."""
    number = words.number(1, 4096)
    facts.member_of = f"sa{number}" if words.keys[0] == "static-channel-group" else f"po{number}"
    facts.member_filters = "member-filters" in words.keys
