"""`flow_denied`: nothing gets from one zone to another beyond what the policy permits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.result import RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import judge_pair, pairs_of


@dataclass(frozen=True, slots=True)
class _Parameters:
    pairs: tuple[tuple[Zone, Zone], ...]


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(pairs_of(data["pairs"]))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    for source, destination in parameters.pairs:
        yield from judge_pair(rule, context, source, destination)


KIND = Kind("flow_denied", _parse, _check, refutable=True)
