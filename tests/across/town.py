"""The town of `folder/`, with the boundary device of one vendor in it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from secaudit.audit.result import AuditResult
from secaudit.audit.worst import worst_by_subject
from secaudit.network.management import SettingKind
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import RuleResult

HERE = Path(__file__).parent
AS_OF = datetime.date(2026, 10, 1)
DEVICE = "kyokai"
HOLES = ("permit_too_many", "all_permitted")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says about something."""

    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A change of the configuration that lets too much through; `guilty` are lines that do it, `unsaid` why no commands mend it."""

    changes: Sequence[tuple[str, str]]
    guilty: tuple[str, ...]
    unsaid: str | None


@dataclass(frozen=True, slots=True)
class Boundary:
    """The boundary device as one vendor writes it; `exceptions` are its results that rightly differ, by rule."""

    vendor: str
    exceptions: Mapping[str, Verdict] = field(hash=False)
    holes: Mapping[str, Hole] = field(hash=False)

    @property
    def text(self) -> str:
        """The configuration as it should be."""
        return (HERE / "devices" / f"{self.vendor}.conf").read_text(encoding="utf-8")

    def with_hole(self, name: str) -> str:
        """The configuration with a hole in it."""
        text = self.text
        for old, new in self.holes[name].changes:
            assert text.count(old) == 1, (self.vendor, name, old)
            text = text.replace(old, new)
        return text


def _hole(raw: Mapping[str, Any]) -> Hole:
    assert raw.keys() <= {"changes", "guilty", "unsaid"}, raw
    return Hole([(old, new) for old, new in raw["changes"]], tuple(raw["guilty"]), raw.get("unsaid"))


def _boundary(vendor: str, raw: Mapping[str, Any]) -> Boundary:
    assert raw.keys() <= {"exceptions", *HOLES}, raw
    exceptions = raw.get("exceptions", {})
    assert all(one["why"] for one in exceptions.values())
    verdicts = {rule: Verdict(one["outcome"], one["reason"]) for rule, one in exceptions.items()}
    return Boundary(vendor, verdicts, {name: _hole(raw[name]) for name in HOLES})


PROTECTION = frozenset(kind.name.lower() for kind in SettingKind) | {"accounts", "snmp", "routing_authenticated"}


@cache
def boundaries() -> tuple[Boundary, ...]:
    """Every vendor in which the device is written."""
    raw = yaml.safe_load((HERE / "vendors.yaml").read_text(encoding="utf-8"))
    return tuple(_boundary(vendor, one) for vendor, one in sorted(raw.items()))


def town_with(folder: Path, boundary: Boundary, text: str) -> Path:
    """Writes the audit folder with a configuration of the boundary device."""
    configs = folder / "configs"
    configs.mkdir(parents=True)
    municipality = (HERE / "folder" / "municipality.yaml").read_text(encoding="utf-8")
    (folder / "municipality.yaml").write_text(municipality.replace("VENDOR", boundary.vendor), encoding="utf-8")
    for other in (HERE / "folder" / "configs").iterdir():
        (configs / other.name).write_bytes(other.read_bytes())
    (configs / "kyokai.conf").write_text(text, encoding="utf-8")
    return folder


def verdicts(result: AuditResult) -> dict[tuple[str, str], Verdict]:
    """The worst that a rule says of each subject. How the boundary protects itself is left out: its files are about traffic, and what they
    leave to defaults is another thing for every product (`tests/vendors/*/cases` are about that).
    """
    return {
        (rule, subject): Verdict(one.outcome.value, one.reason)
        for (rule, _, subject), one in worst_by_subject(result.results).items()
        if rule not in about_itself() or subject not in (DEVICE, result.code)
    }


@cache
def about_itself() -> frozenset[str]:
    """The rules about sessions, accounts, ports and tunnels of a device."""
    return frozenset(
        rule.id
        for rule in load_ruleset().rules
        for check in rule.checks
        if check.kind.name in ("layer2", "tunnel") or check.written.get("setting") in PROTECTION
    ) | {"HD-02"}


def result_of(result: AuditResult, rule: str, subject: str) -> RuleResult:
    """The one result of a rule about a subject."""
    (found,) = [one for one in result.results if (one.rule, one.subject.name) == (rule, subject)]
    return found
