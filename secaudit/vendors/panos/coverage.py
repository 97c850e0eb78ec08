"""Which class every line of a configuration is in: used, irrelevant with a reason, or unread. The words are data (`data/vocabulary.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from secaudit.network.device import Plane
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.panos.tree import Node, joined
from secaudit.vendors.reader import Coverage, UnreadLine

CONTEXTS = ("config", "deviceconfig", "network", "vsys")
_MANAGEMENT = {"config": ("mgt-config",), "deviceconfig": ("system",)}
"""Where, by context, what nobody understands concerns the device itself only."""

_SWITCHES = frozenset(
    ("disabled", "negate-source", "negate-destination", "enabled", "ipv6-firewalling", "advance-routing")
)
_YES_OR_NO = frozenset(("yes", "no"))


@dataclass(slots=True)
class _Word:
    """What may stand at one place: `whole` takes everything below, `reason` sets everything below aside, `holder` answers for what is unknown,
    `leaves` takes members."""

    words: dict[str, _Word] = field(default_factory=dict)
    whole: bool = False
    holder: bool = False
    leaves: bool = False
    reason: Text | None = None

    def then(self, name: str) -> _Word | None:
        return self.words.get(name) or self.words.get("*")


@cache
def vocabulary() -> dict[str, _Word]:
    """The words by context."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/vocabulary.toml").read_text("utf-8"))
    roots = {context: _Word() for context in CONTEXTS}
    bases: Sequence[str] = data["rules"]["bases"]
    for context in CONTEXTS:
        patterns = list(data["used"][context])
        if context == "vsys":
            patterns += [f"{base} {one}" for base in bases for one in data["rules"]["used"]]
        for pattern in patterns:
            _enter(roots[context], pattern.removesuffix(" **")).whole = pattern.endswith(" **")
        for reasons in data["irrelevant"]:
            reason = Text(ja=reasons["ja"], en=reasons["en"])
            ignored = list(reasons.get(context, ()))
            if context == "vsys":
                ignored += [f"{base} {one}" for base in bases for one in reasons.get("rules", ())]
            for pattern in ignored:
                _enter(roots[context], pattern).reason = reason
        for pattern in data["leaves"].get(context, ()):
            _enter(roots[context], pattern).leaves = True
        for pattern in data["holders"][context]:
            _enter(roots[context], pattern).holder = True
    return roots


def _enter(root: _Word, pattern: str) -> _Word:
    word = root
    for name in pattern.split():
        word = word.words.setdefault(name, _Word())
    return word


@dataclass(frozen=True, slots=True)
class UnknownPart:
    """Lines that nobody understands and no entry answers for."""

    path: str
    plane: Plane
    lines: Sources
    vsys: Node | None


@dataclass(slots=True)
class Ledger:
    """Collects the class of every line while a file is read."""

    used: set[int] = field(default_factory=set)
    structure: set[int] = field(default_factory=set)
    irrelevant: dict[int, Text] = field(default_factory=dict)
    unread: dict[int, SourceLine] = field(default_factory=dict)
    unknown: list[UnknownPart] = field(default_factory=list)

    def not_understood(self, lines: Iterable[SourceLine]) -> None:
        """The value of these lines was not understood: they count as unread."""
        for line in lines:
            self.unread[line.number] = line

    def classify(self, top: Node, context: str) -> None:
        """Accounts for everything below a node."""
        root = vocabulary()[context]
        pending: list[tuple[Node, _Word, Node | None, str, Text | None]] = [(top, root, None, "", None)]
        management = _MANAGEMENT.get(context, ())
        while pending:
            node, word, holder, path, reason = pending.pop()
            self._use(node)
            for child in node.children.values():
                found = word.words.get(child.name) or word.words.get("*")
                if found is None and reason is not None:
                    self._ignore(child, reason)
                elif found is None:
                    if not child.children and (word.leaves or not word.words):
                        self._use(child)
                    else:
                        where = f"{path} {child.name}".strip()
                        plane = Plane.MANAGEMENT if management and where.startswith(management) else Plane.TRAFFIC
                        self._leave(child, holder, where, plane, top if context == "vsys" else None)
                elif child.name in _SWITCHES and not child.children.keys() <= _YES_OR_NO:
                    self._leave(
                        child, holder, f"{path} {child.name}".strip(), Plane.TRAFFIC, top if context == "vsys" else None
                    )
                elif found.whole:
                    for one in child.below():
                        self._use(one)
                elif found.reason is not None and not found.words:
                    self._ignore(child, found.reason)
                else:
                    inner = child if found.holder else holder
                    deeper = f"{path} {child.name}".strip()
                    pending.append((child, found, inner, deeper, found.reason or reason))

    def _use(self, node: Node) -> None:
        self.used.add(node.line.number)
        if node.further:
            self.used.update(line.number for line in node.further)

    def _ignore(self, node: Node, reason: Text) -> None:
        irrelevant = self.irrelevant
        for one in node.below():
            irrelevant[one.line.number] = reason
            if one.further:
                irrelevant.update((line.number, reason) for line in one.further)

    def _leave(self, node: Node, holder: Node | None, path: str, plane: Plane, vsys: Node | None) -> None:
        lines = [line for one in node.below() for line in (one.line, *one.further)]
        self.not_understood(lines)
        if holder is not None:
            holder.unknown.extend(lines)
        else:
            self.unknown.append(UnknownPart(path, plane, joined(lines), vsys))

    def coverage(self, lines: Sources) -> Coverage:
        """The final account: unread wins over used, used over irrelevant; a line in none is unread."""
        used: set[int] = set()
        irrelevant: dict[int, Text] = {}
        unread: list[UnreadLine] = []
        for line in lines:
            number = line.number
            if number in self.unread:
                unread.append(UnreadLine(line, True))
            elif number in self.used:
                used.add(number)
            elif number in self.irrelevant:
                irrelevant[number] = self.irrelevant[number]
            elif number in self.structure or not line.text.strip():
                used.add(number)
            else:
                unread.append(UnreadLine(line, True))
        return Coverage(frozenset(used), irrelevant, tuple(unread))
