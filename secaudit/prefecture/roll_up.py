"""Many results to one view of a prefecture. Results are read one by one, and only what the view needs is kept."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import read_result
from secaudit.errors import InputError
from secaudit.files import read_text
from secaudit.rules.result import Disposition, Outcome, Severity
from secaudit.text.bilingual import Text

LARGEST_LIST = 4 * 1024 * 1024
_FEW = 64
"""Below so many results, starting processes takes longer than it saves."""
_CHUNK = 8


@dataclass(frozen=True, slots=True)
class Body:
    """A body of the prefecture's list: six-digit 団体コード and name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class BodyDeadline:
    """The next legal date of a body that is not yet met; `days_left` is counted from the date of the roll-up."""

    title: Text
    date: datetime.date
    days_left: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class BodyState:
    """What the prefecture needs to know of one body. Ages are in days from the date of the roll-up.

    `name` is the name in the result; `listed` whether the prefecture's list has the body (None without a list).
    `deadline` is None when every legal date of the result is met, or when it has none (`deadlines` 0).
    `replaced` counts older results of the same body that were set aside.
    """

    code: str
    name: str
    prefecture: str
    file: str
    as_of: datetime.date
    model: Text
    edition: Text
    compliance: float | None
    compliance_after_exceptions: float | None
    confirmation: float | None
    critical_open: int
    failed: int
    undetermined: int
    deadline: BodyDeadline | None
    deadlines: int
    evidence_age_days: int | None
    result_age_days: int
    listed: bool | None
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule across the bodies. `failing` bodies have at least one open failure, out of `bodies` to which it applied."""

    id: str
    title: Text
    severity: Severity
    failing: int
    undetermined: int
    bodies: int

    @property
    def share(self) -> float:
        """Failing bodies among those to which the rule applied."""
        return self.failing / self.bodies if self.bodies else 0.0


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file that could not be used, and why."""

    file: str
    reason: Text


@dataclass(frozen=True, slots=True)
class RollUp:
    """A prefecture on one date. `bodies` by need: most open critical findings first; `missing` have not submitted."""

    as_of: datetime.date
    expected: int | None
    bodies: tuple[BodyState, ...]
    missing: tuple[Body, ...]
    rules: tuple[RuleState, ...]
    broken: tuple[BrokenFile, ...]
    notes: tuple[Text, ...]

    @property
    def critical_open(self) -> int:
        """Open critical findings of all bodies."""
        return sum(body.critical_open for body in self.bodies)


@dataclass(frozen=True, slots=True)
class _RuleOfBody:
    title: Text
    severity: Severity
    failing: bool
    undetermined: bool


@dataclass(frozen=True, slots=True)
class _Digest:
    """What is kept of one result."""

    state: BodyState
    rules: dict[str, _RuleOfBody]


@dataclass(slots=True)
class _RuleCount:
    title: Text
    severity: Severity
    failing: int = 0
    undetermined: int = 0
    bodies: int = 0


@dataclass(slots=True)
class _Collected:
    newest: dict[str, _Digest] = field(default_factory=dict)
    replaced: Counter[str] = field(default_factory=Counter)
    broken: list[BrokenFile] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


def roll_up(
    paths: Iterable[Path],
    expected: Sequence[Body] | None,
    as_of: datetime.date,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> RollUp:
    """Reads results, many of them in several processes; the order of `paths` does not matter. `progress` is told how many of how many are read.

    `expected` is the prefecture's list of bodies, None without one. A file that is broken is listed with its reason and the
    rest goes on. Of several results of one body the newest counts, and a note says so.
    """
    listed = None if expected is None else frozenset(body.code for body in expected)
    collected = _Collected()
    chosen = sorted(set(paths))
    for done, one in enumerate(_read_all(chosen, partial(_read, listed=listed, as_of=as_of)), 1):
        if isinstance(one, BrokenFile):
            collected.broken.append(one)
        else:
            _take(collected, one)
        progress(done, len(chosen))
    bodies = [
        dataclasses.replace(digest.state, replaced=collected.replaced[code])
        for code, digest in sorted(collected.newest.items())
    ]
    bodies.sort(key=_need)
    missing = [body for body in expected or () if body.code not in collected.newest]
    return RollUp(
        as_of,
        None if expected is None else len(expected),
        tuple(bodies),
        tuple(sorted(missing, key=lambda body: body.code)),
        _rules(collected.newest.values()),
        tuple(collected.broken),
        (*collected.notes, *_unlisted(bodies), *_from_the_future(bodies)),
    )


def _read_all(paths: Sequence[Path], read: Callable[[Path], _Digest | BrokenFile]) -> Iterator[_Digest | BrokenFile]:
    """What is kept of every result, in order: few of them here, many by all processors."""
    workers = min(os.cpu_count() or 1, 8)
    if len(paths) < _FEW or workers == 1:
        yield from map(read, paths)
        return
    # Fresh processes: a copy of this one would carry whatever threads it has.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(read, paths, chunksize=_CHUNK)


def _read(path: Path, listed: frozenset[str] | None, as_of: datetime.date) -> _Digest | BrokenFile:
    try:
        # Not kept in a name: one whole result at a time is enough.
        return _digest(read_result(path, str(path)), str(path), listed, as_of)
    except InputError as error:
        return BrokenFile(str(path), _reason(error))


def read_expected(path: Path) -> tuple[Body, ...]:
    """The prefecture's list: a CSV with the columns `code,name` (or 団体コード,団体名), UTF-8 or CP932. Raises `InputError` with the line."""
    lines = list(csv.reader(read_text(path, str(path), LARGEST_LIST, ("utf-8-sig", "cp932")).splitlines()))
    header = [cell.strip() for cell in lines[0]] if lines else []
    names = [name for name in (("code", "name"), ("団体コード", "団体名")) if set(name) <= set(header)]
    if not names:
        raise InputError(
            Text(ja="見出し行に code と name がない", en="the first line does not name the columns code and name"),
            file=str(path),
            line=1,
            hint=Text(ja="1行目を「code,name」とする", en='make "code,name" the first line'),
        )
    code_at, name_at = (header.index(name) for name in names[0])
    bodies: dict[str, Body] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        body = _listed_body(cells, code_at, name_at, path, number)
        if body.code in bodies:
            raise InputError(
                Text(ja=f"団体コード {body.code} が二度ある", en=f"the code {body.code} is there twice"),
                file=str(path),
                line=number,
            )
        bodies[body.code] = body
    return tuple(bodies.values())


def _listed_body(cells: Sequence[str], code_at: int, name_at: int, path: Path, number: int) -> Body:
    code = cells[code_at].strip() if code_at < len(cells) else ""
    name = cells[name_at].strip() if name_at < len(cells) else ""
    # Excel drops the zero in front of the codes of 北海道 to 福島県 and further.
    code = code.zfill(6) if code.isascii() and code.isdigit() and len(code) == 5 and code[0] != "0" else code
    if not (len(code) == 6 and code.isascii() and code.isdigit()) or not name:
        raise InputError(
            Text(
                ja=f"6桁の団体コードと団体名が要る: {','.join(cells)[:60]!r}",
                en=f"a six-digit code and a name are needed: {','.join(cells)[:60]!r}",
            ),
            file=str(path),
            line=number,
        )
    return Body(code, name)


def _reason(error: InputError) -> Text:
    place = "".join(
        (f":{error.line}" if error.line is not None else "", f" [{error.field}]" if error.field else "")
    ).strip()
    lead = f"{place} " if place else ""
    return Text(ja=lead + error.text.ja, en=lead + error.text.en)


# --- one result ---------------------------------------------------------------------------------------------------


def _digest(result: AuditResult, file: str, listed: frozenset[str] | None, as_of: datetime.date) -> _Digest:
    for_reference = {rule.id for rule in result.rules if rule.reference_only}
    titles = {rule.id: rule.title for rule in result.rules}
    rules: dict[str, _RuleOfBody] = {}
    critical = 0
    for item in result.results:
        if item.rule in for_reference or item.outcome is Outcome.NOT_APPLICABLE:
            continue
        failing = item.outcome is Outcome.FAIL and item.disposition is not Disposition.EXCEPTED
        undetermined = item.outcome in (Outcome.UNDETERMINED, Outcome.ERROR)
        critical += failing and item.severity is Severity.CRITICAL
        before = rules.get(item.rule)
        rules[item.rule] = _RuleOfBody(
            titles[item.rule],
            item.severity if before is None else min(item.severity, before.severity, key=list(Severity).index),
            failing or (before is not None and before.failing),
            undetermined or (before is not None and before.undetermined),
        )
    state = BodyState(
        code=result.code,
        name=result.name,
        prefecture=result.prefecture,
        file=file,
        as_of=result.as_of,
        model=result.model_title,
        edition=result.edition_title,
        compliance=result.rates.compliance,
        compliance_after_exceptions=result.rates.compliance_after_exceptions,
        confirmation=result.rates.confirmation,
        critical_open=critical,
        failed=result.rates.failed,
        undetermined=result.rates.undetermined + result.rates.errors,
        deadline=_next_deadline(result, as_of),
        deadlines=len(result.deadlines),
        evidence_age_days=None if result.newest_evidence is None else (as_of - result.newest_evidence).days,
        result_age_days=(as_of - result.as_of).days,
        listed=None if listed is None else result.code in listed,
    )
    return _Digest(state, rules)


def _next_deadline(result: AuditResult, as_of: datetime.date) -> BodyDeadline | None:
    """The earliest legal date that is not known to be met: one that is overdue comes first."""
    pending = [deadline for deadline in result.deadlines if deadline.met is not True]
    if not pending:
        return None
    first = min(pending, key=lambda deadline: (deadline.date, deadline.id))
    return BodyDeadline(first.title, first.date, (first.date - as_of).days, first.met)


def _take(collected: _Collected, digest: _Digest) -> None:
    code = digest.state.code
    before = collected.newest.get(code)
    if before is None:
        collected.newest[code] = digest
        return
    # The file name decides between two of the same date, so that the answer does not depend on the order of reading.
    newer, older = sorted((digest, before), key=lambda each: (each.state.as_of, each.state.file), reverse=True)
    collected.newest[code] = newer
    collected.replaced[code] += 1
    same = newer.state.as_of == older.state.as_of
    collected.notes.append(
        Text(
            ja=f"団体コード {code} の結果が複数ある。"
            + ("同じ基準日のため、ファイル名が後の " if same else "基準日の新しい ")
            + f"{newer.state.file} を採り、{older.state.file} は用いない。",
            en=f"There are several results of {code}: "
            + ("of the same date, so by file name " if same else "the newest is used, ")
            + f"{newer.state.file} counts and {older.state.file} does not.",
        )
    )


def _need(body: BodyState) -> tuple[float, ...]:
    """Sorts the body that needs help most to the front. Nothing judged is worse than any rate."""
    return (-body.critical_open, -1.0 if body.compliance is None else body.compliance, int(body.code))


def _unlisted(bodies: Iterable[BodyState]) -> Iterator[Text]:
    for body in bodies:
        if body.listed is False:
            yield Text(
                ja=f"{body.name}（{body.code}）は団体の一覧にない。一覧又は団体コードを確かめること。",
                en=f"{body.name} ({body.code}) is not in the list of bodies; check the list or the code.",
            )


def _from_the_future(bodies: Iterable[BodyState]) -> Iterator[Text]:
    for body in bodies:
        if body.result_age_days < 0:
            yield Text(
                ja=f"{body.name}（{body.code}）の結果の基準日は、集計の基準日より後である。",
                en=f"The result of {body.name} ({body.code}) speaks of a day after the date of this page.",
            )


# --- across the bodies --------------------------------------------------------------------------------------------


def _rules(digests: Iterable[_Digest]) -> tuple[RuleState, ...]:
    counts: dict[str, _RuleCount] = {}
    for digest in sorted(digests, key=lambda each: each.state.code):
        for id_, rule in digest.rules.items():
            count = counts.setdefault(id_, _RuleCount(rule.title, rule.severity))
            count.severity = min(count.severity, rule.severity, key=list(Severity).index)
            count.failing += rule.failing
            count.undetermined += rule.undetermined and not rule.failing
            count.bodies += 1
    states = [
        RuleState(id_, count.title, count.severity, count.failing, count.undetermined, count.bodies)
        for id_, count in counts.items()
    ]
    order = list(Severity)
    return tuple(
        sorted(states, key=lambda rule: (-rule.failing, -rule.undetermined, order.index(rule.severity), rule.id))
    )
