"""Which line counts as what, and the doubts about what nobody understood (`data/irrelevant.toml`, `data/scopes.toml`)."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from secaudit.network.device import DoubtKind, Plane
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance
from secaudit.vendors.juniper_srx.findings import Findings
from secaudit.vendors.juniper_srx.tree import Mark, Statement
from secaudit.vendors.reader import Coverage, UnreadLine

_PACKAGE = "secaudit.vendors.juniper_srx"
INACTIVE = Text(
    ja="無効化（inactive）されており、機器はこの行を無視します",
    en="deactivated: the device ignores it",
)
_NOT_APPLIED = Text(
    ja="どこにも適用されていない設定グループの行です",
    en="belongs to a group that is applied nowhere",
)
_FAMILIES = frozenset(("inet", "inet6", "iso", "mpls", "ethernet-switching", "bridge", "ccc", "vpls", "tcc", "any"))
_RANK = {Mark.IRRELEVANT: 1, Mark.USED: 2, Mark.UNREAD: 3}


@cache
def irrelevance() -> Irrelevance:
    """The statements that cannot change a verdict, by their leading words."""
    return load_irrelevance(_PACKAGE, ("statement",))


@cache
def _management_parts() -> tuple[tuple[str, ...], ...]:
    data = tomllib.loads(resources.files(_PACKAGE).joinpath("data/scopes.toml").read_text("utf-8"))
    return tuple(tuple(one.split()) for one in data["management"])


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: tuple[str, ...]
    node: Statement


def account_for(root: Statement, findings: Findings, interfaces: Iterable[str]) -> None:
    """Gives every statement without a mark one: irrelevant as data says, else unread with a doubt that is bounded where that is sure."""
    known = irrelevance()
    names = frozenset(interfaces)
    doubts: dict[tuple[Plane, frozenset[str] | None], list[SourceLine]] = defaultdict(list)
    for leaf in _unmarked(root):
        found = known.reason("statement", leaf.path)
        if found is not None:
            leaf.node.mark, leaf.node.reason = Mark.IRRELEVANT, found[1]
            continue
        leaf.node.mark = Mark.UNREAD
        doubts[_scope(leaf.path, names)].extend(leaf.node.lines)
    for (plane, bounds), lines in doubts.items():
        count = len(lines)
        text = Text(
            ja=f"読み取れない設定が{count}行あり、判定に影響する可能性があります。",
            en=f"{count} line{'s were' if count != 1 else ' was'} not understood and could matter.",
        )
        findings.doubt(DoubtKind.UNREAD, text, tuple(lines), plane=plane, interfaces=bounds)


def _unmarked(root: Statement) -> Iterator[_Leaf]:
    """Statements at the end of their path that nobody looked at."""
    stack: list[tuple[tuple[str, ...], Statement]] = [((), root)]
    while stack:
        path, node = stack.pop()
        for child in node:
            here = (*path, child.word) if len(path) < 40 else path
            if child.children:
                stack.append((here, child))
            elif child.mark is None:
                yield _Leaf(here, child)


def _scope(path: Sequence[str], interfaces: frozenset[str]) -> tuple[Plane, frozenset[str] | None]:
    """What a statement that nobody understands could change."""
    for part in _management_parts():
        if tuple(path[: len(part)]) == part:
            return Plane.MANAGEMENT, None
    if path[0] == "interfaces" and path[1:2] == ("lo0",) and "filter" in path:
        return Plane.MANAGEMENT, None
    if len(path) > 4 and path[0] == "interfaces" and path[2] == "unit" and not _may_be_an_address(path):
        name = f"{path[1]}.{path[3]}"
        if name in interfaces:
            return Plane.TRAFFIC, frozenset((name,))
    return Plane.TRAFFIC, None


def _may_be_an_address(path: Sequence[str]) -> bool:
    """Whether a statement of a unit may tell an address or a route: then traffic of other interfaces could go there."""
    if path[4] != "family" or path[5] not in _FAMILIES:
        return "address" in path or any("/" in word for word in path[4:])
    if path[5] not in ("inet", "inet6") or len(path) < 7:
        return False
    return not (path[6] == "filter" or (path[6] == "address" and len(path) > 8 and "/" in path[7]))


class LineClasses:
    """The class of every line of a text. A line that several statements name has the strongest of their classes."""

    def __init__(self) -> None:
        self._marks: dict[int, Mark] = {}
        self._reasons: dict[int, Text] = {}

    def take(self, root: Statement) -> None:
        """Every statement of a finished tree. A statement with others below it is read when one of them is."""
        order = list(root.walk())
        known: dict[int, Mark] = {}
        for node in reversed(order):
            mark = node.mark
            if mark is None:
                inner = [known[id(child)] for child in node]
                mark = _of_block(inner)
                if mark is Mark.IRRELEVANT:
                    node.reason = next(child.reason for child in node if known[id(child)] is Mark.IRRELEVANT)
            known[id(node)] = mark
            for line in node.lines:
                self._put(line.number, mark, node.reason)

    def take_inactive(self, nodes: Iterable[Statement]) -> None:
        """Deactivated statements."""
        for top in nodes:
            for node in top.walk():
                for line in node.lines:
                    self._put(line.number, Mark.IRRELEVANT, INACTIVE)

    def take_givers(self, nodes: Iterable[Statement]) -> None:
        """Groups: their lines are what they were where they are applied."""
        for top in nodes:
            for node in top.walk():
                for line in node.lines:
                    if node.children or node.mark is Mark.USED:
                        self._put(line.number, Mark.USED, None)
                    elif line.number not in self._marks:
                        self._put(line.number, Mark.IRRELEVANT, _NOT_APPLIED)

    def structure(self, numbers: Iterable[int]) -> None:
        """Lines that are no statement of their own."""
        for number in numbers:
            if number not in self._marks:
                self._marks[number] = Mark.USED

    def unread(self, lines: Iterable[SourceLine]) -> None:
        """Lines that are no statement of the language."""
        for line in lines:
            self._marks[line.number] = Mark.UNREAD

    def _put(self, number: int, mark: Mark, reason: Text | None) -> None:
        before = self._marks.get(number)
        if before is None or _RANK[mark] > _RANK[before]:
            self._marks[number] = mark
            if reason is not None:
                self._reasons[number] = reason

    def coverage(self, lines: Sequence[SourceLine]) -> Coverage:
        """Every line in exactly one class."""
        used: set[int] = set()
        irrelevant: dict[int, Text] = {}
        unread: list[UnreadLine] = []
        for line in lines:
            mark = self._marks.get(line.number)
            reason = self._reasons.get(line.number)
            if mark is Mark.USED:
                used.add(line.number)
            elif mark is Mark.IRRELEVANT and reason is not None:
                irrelevant[line.number] = reason
            else:
                unread.append(UnreadLine(line, could_matter=True))
        return Coverage(frozenset(used), irrelevant, tuple(unread))


def _of_block(inner: Sequence[Mark]) -> Mark:
    """A block head: what all of its content is; a mixture is read."""
    if not inner:
        return Mark.UNREAD
    first = inner[0]
    return first if all(mark is first for mark in inner) else Mark.USED
