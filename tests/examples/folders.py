"""The sample audit folders as the tests use them."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from secaudit.audit.result import AuditResult
from secaudit.audit.run import audit_folder
from secaudit.rules.result import Outcome, RuleResult

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
AOZORA = EXAMPLES / "aozora-city"
MIDORI = EXAMPLES / "midori-town"
AS_OF = datetime.date(2026, 11, 20)

_ENCODINGS = ("utf-8", "cp932")
_SECRETS = (
    re.compile(r"\bENC (\S+)"),
    re.compile(r"\b(?:secret|password) [0-9] (\S+)"),
    re.compile(r"\bpassword encrypted (\S+)"),
    re.compile(r"\blogin user \S+ encrypted (\S+)"),
)


@dataclass(frozen=True, slots=True)
class Defect:
    """One row of `DEFECTS.md`: what must fail, and a line that its evidence must show. Rows of one `number` have one cause."""

    number: int
    rule: str
    subject: str
    file: str
    line: int
    text: str


@cache
def audited(folder: Path) -> AuditResult:
    """The result of a sample as it lies in the repository."""
    return audit_folder(folder, AS_OF)


def outcomes(result: AuditResult) -> dict[tuple[str, str], set[Outcome]]:
    """What each rule says about each subject; a rule can answer more than once."""
    found: dict[tuple[str, str], set[Outcome]] = {}
    for one in result.results:
        found.setdefault((one.rule, one.subject.name), set()).add(one.outcome)
    return found


def with_outcome(result: AuditResult, *wanted: Outcome) -> list[RuleResult]:
    """The results with one of these outcomes."""
    return [one for one in result.results if one.outcome in wanted]


def planted_defects() -> tuple[Defect, ...]:
    """The rows of `midori-town/DEFECTS.md`."""
    rows = []
    for line in (MIDORI / "DEFECTS.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 7 and cells[0].isdigit():
            number, rule, subject, file, at, text, _ = cells
            rows.append(Defect(int(number), rule, subject, file, int(at), text.strip("`")))
    return tuple(rows)


def config_text(path: Path) -> str:
    """A configuration as text, in whichever of the two encodings it is."""
    data = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError(f"{path} is in none of {_ENCODINGS}")


def secrets_of(folder: Path) -> dict[str, str]:
    """Every secret value in a sample's configurations, with the file that it stands in."""
    return {
        value: path.name
        for path in sorted((folder / "configs").iterdir())
        for pattern in _SECRETS
        for value in pattern.findall(config_text(path))
    }
