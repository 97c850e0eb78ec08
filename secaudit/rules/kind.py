"""A kind of check: the extension point of `rules/kinds/` and of the entry point group `secaudit.rule_kinds`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from secaudit.rules.context import RuleContext
    from secaudit.rules.demands import Demand
    from secaudit.rules.result import RuleResult
    from secaudit.rules.rule import Rule

Parameters = TypeVar("Parameters")

ENTRY_POINT_GROUP = "secaudit.rule_kinds"


@dataclass(frozen=True, slots=True)
class Kind(Generic[Parameters]):
    """One kind of check, offered by its module as `KIND`.

    `parse` turns the validated `parameters` of a rule file into a frozen dataclass and raises `ValueError` for what a schema cannot
    see. `check` answers for every subject. A kind with `needs_results` is evaluated last, with the results of all other rules in
    the context. A kind that rests on statements says with `asks` which, so that people can be asked for them. A kind is `refutable` when it
    fails only on what was seen, never for want of evidence: only then may `not` turn its failure into a pass.
    """

    name: str
    parse: Callable[[Mapping[str, Any]], Parameters]
    check: Callable[[Rule, Parameters, RuleContext], Iterable[RuleResult]]
    needs_results: bool = False
    asks: Callable[[Parameters], Iterable[Demand]] | None = None
    refutable: bool = False


@cache
def all_kinds() -> Mapping[str, Kind[Any]]:
    """Every kind by name: the modules of `secaudit.rules.kinds`, then those of other packages, which cannot replace ours."""
    package = importlib.import_module("secaudit.rules.kinds")
    found: dict[str, Kind[Any]] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        kind: Kind[Any] = importlib.import_module(f"{package.__name__}.{module.name}").KIND
        found[kind.name] = kind
    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda one: one.name):
        kind = entry_point.load()
        found.setdefault(kind.name, kind)
    return found
