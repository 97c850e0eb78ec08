"""Configuration groups: what `apply-groups` and interface ranges add to the statements (SR-01).

A statement inherits what the group has at the same place. What is written out wins over what is inherited, the place further inside over
the one further outside, and the group that is named first over the next; `<pattern>` stands for every name that is there already; new
elements of an ordered list stand behind those that are there (Juniper, "CLI User Guide": configuration groups; the widespread group with a
final deny for `from-zone <*> to-zone <*>` relies on that order). In a chassis cluster `apply-groups "${node}"` names the groups
`node0` and `node1`; both are taken, because the file is that of both nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.tree import Mark, Statement

_APPLY = "apply-groups"
_EXCEPT = "apply-groups-except"
_NODE = "${node}"
_BUILT_IN = frozenset(("junos-defaults", "junos-default"))
_MOST_COPIES = 300_000
_RANGE = re.compile(r"(.{1,64}?)(\d{1,4})$")
_CLASS = re.compile(r"(.{0,64})\[(\d{1,3})-(\d{1,3})\](.{0,16})$")
_ALONE = frozenset(("system", "snmp", "chassis", "event-options"))
"""Parts of the hierarchy in which the two nodes of a cluster usually differ."""


@dataclass(slots=True)
class Inherited:
    """What went wrong while groups were applied."""

    undefined: list[tuple[str, Sources]] = field(default_factory=list)
    conditional: list[tuple[str, Sources]] = field(default_factory=list)
    per_node: Sources = ()
    ranges: list[Sources] = field(default_factory=list)
    """Interface ranges whose members cannot be told."""
    too_many: bool = False
    givers: list[Statement] = field(default_factory=list)
    """What only gives to others: the groups and the ranges, no longer in the tree."""


def prune(root: Statement) -> list[Statement]:
    """Takes every deactivated statement out of the tree; Junos ignores them. Returns them."""
    pruned: list[Statement] = []
    stack = [root]
    while stack:
        node = stack.pop()
        for word in [word for word, child in node.children.items() if child.inactive]:
            pruned.append(node.children.pop(word))
            if not node.children:
                node.use()  # a block that is empty now
        stack.extend(node.children.values())
    return pruned


def expand(root: Statement, *, applied: bool) -> Inherited:
    """Applies groups (if any are `applied` at all) and interface ranges, in place."""
    result = Inherited()
    groups = root.get("groups")
    if applied:
        expansion = _Expansion(root, groups or Statement(""), result)
        expansion.run()
        expansion.report_exceptions()
    _expand_ranges(root, result)
    if groups is not None:
        result.givers.append(root.children.pop("groups"))
    return result


class _Expansion:
    def __init__(self, root: Statement, groups: Statement, result: Inherited) -> None:
        self.root = root
        self.groups = groups
        self.result = result
        self.order = 0
        self.copies = 0

    def run(self) -> None:
        for path, node in list(_applying(self.root)):
            for name in node.values(_APPLY):
                sources = node.children[_APPLY].sources()
                for group in self._named(name, sources):
                    self._apply(group, path, node, sources, set())

    def report_exceptions(self) -> None:
        """Groups that are refused and do not exist: another one may be meant."""
        for node in self.root.walk():
            refused = node.children.get(_EXCEPT)
            for one in refused or ():
                if one.word not in self.groups.children and one.word not in _BUILT_IN:
                    self.result.undefined.append((one.word, one.sources()))

    def _named(self, name: str, sources: Sources) -> Iterator[Statement]:
        if name == _NODE or (name.startswith("${") and name.endswith("}")):
            for word in ("node0", "node1"):
                if word in self.groups.children:
                    yield self.groups.children[word]
        elif name in self.groups.children:
            yield self.groups.children[name]
        elif name not in _BUILT_IN:
            self.result.undefined.append((name, sources))

    def _apply(
        self, group: Statement, path: tuple[str, ...], target: Statement, sources: Sources, seen: set[str]
    ) -> None:
        if group.word in seen:
            return
        seen.add(group.word)
        if "when" in group.children:
            group.children["when"].use_all()
            self.result.conditional.append((group.word, group.children["when"].sources()))
        if group.word in ("node0", "node1"):
            self._note_differences(group)
        for giver in _at(group, path):
            self.order -= 1
            self._merge(target, giver, group.word)
            inner = giver.children.get(_APPLY)
            if inner is not None:
                for name in giver.values(_APPLY):
                    for other in self._named(name, inner.sources()):
                        self._apply(other, path, target, sources, seen)

    def _note_differences(self, group: Statement) -> None:
        for part in group:
            usual = part.word in _ALONE or (
                part.word == "interfaces" and all(one.word.startswith("fxp") for one in part)
            )
            usual = usual or part.word in (_APPLY, "routing-options") or not part.children
            if not usual:
                self.result.per_node = (*self.result.per_node, *part.sources())

    def _merge(self, target: Statement, giver: Statement, name: str) -> None:
        pending = [(target, giver)]
        while pending:
            to, source = pending.pop()
            if self.copies > _MOST_COPIES:
                self.result.too_many = True
                return
            refused = to.children.get(_EXCEPT)
            if refused is not None and name in refused.children:
                refused.use_all()
                continue
            for given in source:
                if given.word in (_APPLY, "when"):
                    continue
                self.copies += 1
                if given.word.startswith("<") and given.word.endswith(">"):
                    pattern = given.word[1:-1]
                    pending += [(one, given) for word, one in to.children.items() if fnmatchcase(word, pattern)]
                    continue
                child = to.children.get(given.word)
                if child is None:
                    child = to.child(given.word, self.order)
                    child.add_lines(*given.lines)
                elif given.lines:
                    child.add_lines(*(one for one in given.lines if one not in child.lines))
                pending.append((child, given))


def _applying(root: Statement) -> Iterator[tuple[tuple[str, ...], Statement]]:
    """Every statement that applies groups, the innermost first."""
    found: list[tuple[tuple[str, ...], Statement]] = []
    stack: list[tuple[tuple[str, ...], Statement]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if _APPLY in node.children:
            found.append((path, node))
        for child in node:
            if child.children and child.word != _APPLY and (path or child.word != "groups") and len(path) < 60:
                stack.append(((*path, child.word), child))
    return iter(sorted(found, key=lambda one: -len(one[0])))


def _at(group: Statement, path: tuple[str, ...]) -> list[Statement]:
    """What a group has at a place, with its patterns."""
    here = [group]
    for word in path:
        here = [
            child
            for node in here
            for child in node
            if child.word == word
            or (child.word.startswith("<") and child.word.endswith(">") and fnmatchcase(word, child.word[1:-1]))
        ]
    return here


def _expand_ranges(root: Statement, result: Inherited) -> None:
    """`interfaces interface-range NAME` gives its statements to the interfaces that it lists."""
    interfaces = root.get("interfaces")
    ranges = None if interfaces is None else interfaces.children.pop("interface-range", None)
    if interfaces is None or ranges is None:
        return
    ranges.use()
    expansion = _Expansion(root, Statement(""), result)
    for one in ranges:
        names = _members(one, interfaces)
        if names is None:
            result.ranges.append(one.sources())
            names = []
        one.use()
        rest = Statement(one.word)
        rest.children = {w: child for w, child in one.children.items() if w not in ("member", "member-range")}
        expansion.order = -1_000_000
        for name in names:
            target = interfaces.child(name)
            expansion._merge(target, rest, "")
    result.givers.append(ranges)


def _members(one: Statement, interfaces: Statement) -> list[str] | None:
    names: list[str] = []
    for word in one.values("member"):
        found = _CLASS.match(word)
        if found is not None and "*" not in word and int(found[3]) - int(found[2]) < 200:
            names += [f"{found[1]}{number}{found[4]}" for number in range(int(found[2]), int(found[3]) + 1)]
        elif any(char in word for char in "*?[<"):
            return None
        else:
            names.append(word)
    for first in one.below("member-range"):
        first.use_all()
        last = first.value("to") or first.word
        begin, end = _RANGE.match(first.word), _RANGE.match(last)
        if begin is None or end is None or begin[1] != end[1] or int(end[2]) - int(begin[2]) > 200:
            return None
        names += [f"{begin[1]}{number}" for number in range(int(begin[2]), int(end[2]) + 1)]
    for word in ("member", "member-range"):
        if word in one.children:
            one.children[word].mark = Mark.USED
    return names
