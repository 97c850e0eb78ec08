"""Interfaces, addresses and services as policies of FWX120 and SRT100 name them, with their groups: always the most that they can be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from secaudit.network.intervals import Intervals, normalise
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, TCP, UDP, Family, Match, Service, any_address
from secaudit.vendors.yamaha.addresses import filter_addresses
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import PolicyDraft
from secaudit.vendors.yamaha.services import filter_services, ports, protocol_numbers
from secaudit.vendors.yamaha.table import read_data

_INTERFACE = re.compile(r"local|null|(?:lan|vlan|bridge|loopback|wan|onu|bri|pri|tunnel|pp)[0-9 /.]*\*?|pp ?anonymous")
_MOST_STEPS = 2000
"""Words of nested groups that are followed for one field."""
_STEP_BUDGET = 200_000
"""Words of groups that are followed for one address family; beyond it a field is everything."""


class PolicyObjects:
    """The objects of one address family. What is not understood, or refers to itself, is everything."""

    def __init__(self, kept: PolicyDraft, family: Family, interfaces: Sequence[str]) -> None:
        self._kept = kept
        self._family = family
        self._interfaces = interfaces
        self._found: dict[tuple[str, str, str], tuple[Match, ...]] = {}
        self._of_words: dict[tuple[str, str], list[str] | None] = {}
        self._budget = _STEP_BUDGET

    def interfaces(self, word: str) -> frozenset[str] | None:
        """The names behind an interface field (`local` is the device itself); None for all of them."""
        if word == "*":
            return None
        words = self._members("interface", word)
        if words is None or "*" in words:
            return None
        names: set[str] = set()
        for one in words:
            spaced = _with_blank(one)
            if not _INTERFACE.fullmatch(spaced):
                return None
            if one.endswith("*"):
                names.update(name for name in self._interfaces if name.startswith(spaced[:-1].rstrip()))
            else:
                names.add(spaced)
        return frozenset(names)

    def matches(self, source: str, destination: str, service: str) -> tuple[Match, ...]:
        """The most packets that a policy is for."""
        key = (source, destination, service)
        if key not in self._found:
            ends = (self._addresses(source), self._addresses(destination))
            self._found[key] = (Match(self._family, *ends, self._services(service)),)
        return self._found[key]

    def _addresses(self, word: str) -> Intervals:
        everything = any_address(self._family)
        words = self._members("address", word)
        if word == "*" or words is None:
            return everything
        found = [filter_addresses(self._family, one) for one in words]
        if any(one is None for one in found):
            return everything
        return normalise(pair for one in found if one is not None for pair in one.intervals)

    def _services(self, word: str) -> tuple[Service, ...]:
        words = self._members("service", word)
        if word == "*" or words is None:
            return (ANY_SERVICE,)
        found: list[Service] = []
        for one in words:
            services = self._service(one)
            if services is None:
                return (ANY_SERVICE,)
            found += services
        return tuple(dict.fromkeys(found)) or (ANY_SERVICE,)

    def _service(self, name: str) -> tuple[Service, ...] | None:
        """What one service can be; None for those that open further connections, and for names that are not known."""
        own = self._kept.services.get(name)
        if own is not None:
            return self._own_service(own)
        numbers = protocol_numbers(self._family)
        if name in numbers:
            return (Service(((numbers[name], numbers[name]),)),)
        if name in ("ping", "ping6"):
            number = ICMP if name == "ping" else ICMPV6
            return (Service(((number, number),)),)
        values = ports(name) if name in _plain_services() else None
        return None if values is None else (Service(((TCP, TCP), (UDP, UDP)), values),)

    def _own_service(self, command: Command) -> tuple[Service, ...] | None:
        """`ip policy service N NAME PROTOCOL [SOURCE-PORT DESTINATION-PORT]`."""
        fields = (*command.words[5:8], *("*",) * max(0, 8 - len(command.words)))
        if not 6 <= len(command.words) <= 8:
            return None
        found = filter_services(self._family, *fields)
        return None if found is None or found.doubt is not None else found.services

    def _members(self, kind: str, word: str) -> list[str] | None:
        """The words behind a field: those of a group (a number), or the word itself; None when that cannot be told."""
        if not word.isdecimal():
            return word.split(",")
        if (kind, word) not in self._of_words:
            self._of_words[kind, word] = self._group_members(kind, word)
        return self._of_words[kind, word]

    def _group_members(self, kind: str, word: str) -> list[str] | None:
        found: list[str] = []
        seen = {word}
        waiting = [word]
        steps = 0
        while waiting:
            group = self._kept.groups.get((kind, waiting.pop()))
            if group is None:
                return None
            nested = False
            members = list(without_name(group.words[5:]))
            if not members:
                return None  # its name may have no end, so that its members read as part of it
            for one in members:
                steps += 1
                self._budget -= 1
                if steps > _MOST_STEPS or self._budget < 0:
                    return None
                if one == "group":
                    nested = True
                elif not nested:
                    found.append(one)
                elif one not in seen:
                    seen.add(one)
                    waiting.append(one)
                else:
                    return None
        return found


@cache
def _plain_services() -> frozenset[str]:
    """Services that open no further connection."""
    return frozenset(read_data("services")["policy"]["plain"])


def _with_blank(word: str) -> str:
    """`pp1` and `tunnel1` as the reader names these interfaces."""
    for kind in ("pp", "tunnel"):
        if word.startswith(kind) and word[len(kind) :].lstrip().isdecimal():
            return f"{kind} {int(word[len(kind) :][:9])}"
    return word


def without_name(words: Sequence[str]) -> Iterator[str]:
    """The words without `name=...`, which may hold blanks inside quotes."""
    quoted = False
    for word in words:
        if quoted:
            quoted = not word.endswith('"')
        elif word.startswith("name="):
            quoted = word.startswith('name="') and not (word.endswith('"') and len(word) > len('name="'))
        else:
            yield word
