"""The groups of `vlan interconnect group`: which parts of a LAN may talk to each other (command reference 38.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations

_PART = re.compile(r"(lan\d{1,2}(?:/\d{1,2}|\.\d{1,2})?|vlan\d{1,2})(?:-(\d{1,2}))?")
_NUMBER = re.compile(r"\d+$")

_MOST_GROUPS = 512
MOST_PARTS = 64
"""More parts than any LAN can have (32 tagged VLANs, 8 ports); beyond it pairs are not told apart."""

Pairs = frozenset[frozenset[str]]


def is_understood(groups: Iterable[str]) -> bool:
    """Whether every group is written as the reference has it."""
    return allowed_pairs(groups, frozenset()) is not None


def allowed_pairs(groups: Iterable[str], members: frozenset[str]) -> Pairs | None:
    """The pairs of members that may talk to each other; None when a group is not understood.

    `vlan1-3,vlan5` is one group, `vlan2$` pairs one part with every other, `all` and `none` mean what they say.

    >>> sorted(map(sorted, allowed_pairs(("vlan1-2", "vlan3$"), frozenset(("vlan1", "vlan2", "vlan3")))))
    [['vlan1', 'vlan2'], ['vlan1', 'vlan3'], ['vlan2', 'vlan3']]
    """
    pairs: set[frozenset[str]] = set()
    listed = tuple(dict.fromkeys(groups))
    if not 0 < len(listed) <= _MOST_GROUPS or len(members) > MOST_PARTS:
        return None
    for group in listed:
        if group == "none":
            continue
        names = list(_names(group.removesuffix("$"))) if group != "all" else sorted(members)
        if not names or "" in names or (group.endswith("$") and len(names) > 1):
            return None
        if group.endswith("$"):
            pairs.update(frozenset((names[0], other)) for other in members if other != names[0])
        else:
            present = sorted(members.intersection(names))
            pairs.update(map(frozenset, combinations(present, 2)))
    return frozenset(pairs)


def _names(group: str) -> Iterator[str]:
    """The interfaces of one group; an empty name for what is not understood."""
    for item in group.split(","):
        match = _PART.fullmatch(item)
        if match is None:
            yield ""
            return
        first, last = match.groups()
        yield first
        number = _NUMBER.search(first)
        if last is not None and number is not None:
            start = first[: number.start()]
            yield from (f"{start}{value}" for value in range(int(number.group()) + 1, int(last) + 1))
