"""`result.json`: the one place where an `AuditResult` becomes JSON and JSON becomes an `AuditResult`.

The names in the file are a contract for other people's programs; they are in `_NAMES` and in
`schemas/result.schema.json`, and a test holds the two and the dataclasses together.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import re
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from secaudit.audit.result import SCHEMA_VERSION, AuditResult, FlowSummary, InputSummary, Rates, RegisterSummary
from secaudit.audit.schema_errors import first_violation
from secaudit.errors import InputError
from secaudit.files import read_text
from secaudit.rules.result import Disposition, Outcome, RuleResult
from secaudit.text.bilingual import Text

TOOL_NAME = "secaudit"
LARGEST_RESULT_BYTES = 200 * 1024 * 1024

_NAMES: Mapping[type, Mapping[str, str]] = {
    AuditResult: {
        "tool_version": "tool.version",
        "code": "municipality.code",
        "name": "municipality.name",
        "prefecture": "municipality.prefecture",
    },
    InputSummary: {
        "size_bytes": "bytes",
        "lines_total": "coverage.total",
        "lines_used": "coverage.used",
        "lines_irrelevant": "coverage.irrelevant",
        "lines_unread": "coverage.unread",
        "unread": "coverage.unread_lines",
    },
    FlowSummary: {"source_zone": "from", "destination_zone": "to"},
    RegisterSummary: {"source_zone": "from", "destination_zone": "to"},
    RuleResult: {"outcome": "result"},
}
"""Fields whose name in the file differs; a dot leads into an object that exists in the file only. That object is null when all of it is empty."""

_SURROGATE = re.compile("[\ud800-\udfff]")

T = TypeVar("T")


def in_order(result: AuditResult) -> AuditResult:
    """The same result with everything sorted whose order means nothing, so that equal audits are equal bytes."""
    return dataclasses.replace(
        result,
        inputs=tuple(sorted(result.inputs, key=lambda item: item.path)),
        flows=tuple(sorted(result.flows, key=lambda item: (item.source_zone, item.destination_zone))),
        register=tuple(sorted(result.register, key=lambda item: item.id)),
        ledger=tuple(sorted(result.ledger, key=lambda item: item.name)),
        exceptions=tuple(sorted(result.exceptions, key=lambda item: item.id)),
        deadlines=tuple(sorted(result.deadlines, key=lambda item: (item.date, item.id))),
        rules=tuple(sorted(result.rules, key=lambda item: item.id)),
        results=tuple(
            sorted(
                result.results,
                key=lambda item: (item.rule, item.subject.kind, item.subject.name, item.outcome, item.reason),
            )
        ),
        definitions=tuple(sorted(result.definitions, key=lambda item: item.path)),
        deviations=tuple(sorted(result.deviations, key=lambda item: (item.subject, item.ruleset, item.kind))),
    )


def to_json(result: AuditResult) -> str:
    """The text of `result.json`: the same result gives the same bytes. Valid against `schemas/result.schema.json`."""
    document = _encode(in_order(result))
    assert isinstance(document, dict)
    document["tool"] = {"name": TOOL_NAME, **document["tool"]}
    text = _laid_out(document)
    # Half a character, as a broken file can hold, has no UTF-8 form.
    return _SURROGATE.sub("\ufffd", text) + "\n"


def _laid_out(document: Mapping[str, Any]) -> str:
    """A line for every item of every list: small, quickly written, and two results can be compared line by line."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            items = ",\n  ".join(map(_compact, value))
            parts.append(f" {_compact(key)}: [\n  {items}\n ]")
        else:
            parts.append(f" {_compact(key)}: {_compact(value)}")
    return "{\n" + ",\n".join(parts) + "\n}"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read_result(path: Path, shown_as: str) -> AuditResult:
    """Reads the file of a result. Raises `InputError` as `from_json`, and when the file cannot be read."""
    return from_json(read_text(path, shown_as, LARGEST_RESULT_BYTES), shown_as)


def from_json(text: str, shown_as: str) -> AuditResult:
    """Reads a `result.json`, which may be broken or hostile.

    `shown_as` is the file as the user knows it. Raises `InputError`, with the line where the text is no JSON, with the field where the
    document is not what the schema demands or contradicts itself.
    """
    document = _parse(text, shown_as)
    version = document.get("schema_version") if isinstance(document, dict) else None
    if isinstance(version, str) and version != SCHEMA_VERSION:
        raise InputError(
            Text(
                ja=f"この結果ファイルの形式の版は {version[:20]!r} であり、本プログラムが読める {SCHEMA_VERSION} ではない",
                en=f"this result file has format version {version[:20]!r}; this program reads {SCHEMA_VERSION}",
            ),
            file=shown_as,
            field="schema_version",
            hint=Text(ja="同じ版の secaudit で監査し直す", en="audit again with the same version of secaudit"),
        )
    violation = first_violation(document, "result")
    if violation is not None:
        raise InputError(violation.text, file=shown_as, field=violation.field, hint=_NOT_OURS)
    try:
        result: AuditResult = _decoder(AuditResult)(document)
    except _WrongValueError as error:
        raise InputError(error.text, file=shown_as, field=error.field, hint=_NOT_OURS) from error
    _check_consistency(result, shown_as)
    return result


_NOT_OURS = Text(
    ja="secaudit audit が書き出した result.json を、書き換えずに指定する",
    en="give a result.json as `secaudit audit` wrote it, unchanged",
)


# --- text to document ---------------------------------------------------------------------------------------------


class _WrongValueError(Exception):
    def __init__(self, field: str, text: Text) -> None:
        super().__init__(text.en)
        self.field = field
        self.text = text

    def inside(self, place: str) -> _WrongValueError:
        """The same fault, told from one level further out."""
        dot = "." if self.field and not self.field.startswith("[") else ""
        return _WrongValueError(f"{place}{dot}{self.field}", self.text)


def _parse(text: str, shown_as: str) -> object:
    try:
        document: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(
            Text(ja=f"JSON として読めない（{error.msg}）", en=f"this is not JSON ({error.msg})"),
            file=shown_as,
            line=error.lineno,
            hint=_NOT_OURS,
        ) from error
    except _WrongValueError as error:
        raise InputError(error.text, file=shown_as, field=error.field, hint=_NOT_OURS) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or brackets nested thousands deep.
        raise InputError(
            Text(ja="数値の桁数又は入れ子が深すぎる", en="a number is too long or the nesting too deep"),
            file=shown_as,
            hint=_NOT_OURS,
        ) from error
    if _SURROGATE.search(text) or ("\\u" in text and _has_surrogate(document)):
        raise InputError(
            Text(ja="文字として成り立たない符号がある", en="it contains half a character (a lone surrogate)"),
            file=shown_as,
            hint=_NOT_OURS,
        )
    return document


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise _WrongValueError(
            twice[:80],
            Text(ja=f"同じ項目が二度書かれている: {twice[:80]!r}", en=f"a key is written twice: {twice[:80]!r}"),
        )
    return result


def _no_constant(name: str) -> object:
    raise _WrongValueError("", Text(ja=f"数値でない値: {name}", en=f"not a number: {name}"))


def _has_surrogate(document: object) -> bool:
    pending = [document]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if _SURROGATE.search(item):
                return True
        elif isinstance(item, dict):
            pending += item.keys()
            pending += item.values()
        elif isinstance(item, list):
            pending += item
    return False


# --- dataclasses and documents ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class FieldPlan:
    """How one field of a dataclass stands in the file: `path` leads to it, `optional` fields are null when None."""

    attribute: str
    path: tuple[str, ...]
    type: Any


def field_plans(cls: type) -> tuple[FieldPlan, ...]:
    """The fields of a dataclass of the result, in the order in which they are written."""
    known = _PLANS.get(cls)
    if known is None:
        known = _PLANS[cls] = _make_plans(cls)
    return known


_PLANS: dict[type, tuple[FieldPlan, ...]] = {}


def _make_plans(cls: type) -> tuple[FieldPlan, ...]:
    names = _NAMES.get(cls, {})
    hints = typing.get_type_hints(cls)
    return tuple(
        FieldPlan(field.name, tuple(names.get(field.name, field.name).split(".")), hints[field.name])
        for field in dataclasses.fields(cls)
        if field.metadata.get("stored", True)
    )


_AS_THEY_ARE = frozenset((str, int, bool, type(None)))


def _encode(value: object) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _encode_fields(value)
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} has no place in a result")
    assert value is None or isinstance(value, (str, int, float)), type(value)
    return value


def _encode_fields(value: object) -> dict[str, Any]:
    document: dict[str, Any] = {}
    plans = field_plans(type(value))
    nested = False
    for plan in plans:
        target = document
        if len(plan.path) > 1:
            nested = True
            for step in plan.path[:-1]:
                target = target.setdefault(step, {})
        target[plan.path[-1]] = _encode(getattr(value, plan.attribute))
    if not nested:
        return document
    for name in {plan.path[0] for plan in plans if len(plan.path) > 1}:
        if all(item is None or item == [] for item in document[name].values()):
            document[name] = None
    return document


_Decoder = Callable[[Any], Any]


@cache
def _decoder(expected: Any) -> _Decoder:
    """How a value that the schema has accepted becomes one of a type. Made once for each: a prefecture reads millions of values."""
    origin = typing.get_origin(expected)
    if origin is tuple:
        return _tuple_decoder(_decoder(typing.get_args(expected)[0]))
    if origin in (types.UnionType, typing.Union):
        (inner,) = (_decoder(each) for each in typing.get_args(expected) if each is not type(None))
        return lambda value: None if value is None else inner(value)
    if dataclasses.is_dataclass(expected):
        assert isinstance(expected, type)
        return _dataclass_decoder(expected)
    if expected is datetime.date:
        return _date
    if isinstance(expected, type) and issubclass(expected, enum.Enum):
        members = {one.value: one for one in expected}
        return lambda value: members[value]
    if expected is float:
        return float
    if expected is int:
        return int  # JSON Schema takes 1.0 for an integer
    return lambda value: value


def _tuple_decoder(item: _Decoder) -> _Decoder:
    def decode(value: Any) -> tuple[Any, ...]:
        found = []
        for each in value:
            try:
                found.append(item(each))
            except _WrongValueError as error:
                raise error.inside(f"[{len(found)}]") from error
        return tuple(found)

    return decode


def _dataclass_decoder(cls: type) -> _Decoder:
    steps = tuple(
        (plan.attribute, plan.path, _decoder(plan.type), typing.get_origin(plan.type) is tuple)
        for plan in field_plans(cls)
    )

    def decode(document: Any) -> Any:
        values: dict[str, Any] = {}
        for attribute, path, inner, is_tuple in steps:
            found = document
            for step in path:
                found = None if found is None else found[step]
            if found is None and is_tuple:
                values[attribute] = ()
                continue
            try:
                values[attribute] = inner(found)
            except _WrongValueError as error:
                raise error.inside(".".join(path)) from error
        return cls(**values)

    return decode


def _date(value: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(value)
    except ValueError as error:
        raise _WrongValueError(
            "", Text(ja=f"存在しない日付: {value!r}", en=f"there is no such date: {value!r}")
        ) from error


# --- what the schema cannot say -----------------------------------------------------------------------------------


def _check_consistency(result: AuditResult, shown_as: str) -> None:
    for field, text in _contradictions(result):
        raise InputError(text, file=shown_as, field=field, hint=_NOT_OURS)


def _contradictions(result: AuditResult) -> Iterator[tuple[str, Text]]:
    for field, names in (
        ("rules", [rule.id for rule in result.rules]),
        ("zones", [zone.zone for zone in result.zones]),
        ("exceptions", [item.id for item in result.exceptions]),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                yield field, Text(ja=f"同じものが二度ある: {name[:80]!r}", en=f"it is there twice: {name[:80]!r}")
    known = {rule.id for rule in result.rules}
    valid = {item.id for item in result.exceptions if item.state == "valid"}
    for index, item in enumerate(result.results):
        if item.rule not in known:
            yield (
                f"results[{index}].rule",
                Text(
                    ja=f"rules にないルールである: {item.rule!r}", en=f"this rule is not listed in rules: {item.rule!r}"
                ),
            )
        if item.disposition is Disposition.EXCEPTED and item.exception not in valid:
            yield (
                f"results[{index}].exception",
                Text(
                    ja="例外措置とされているが、有効な例外措置が exceptions にない",
                    en="it counts as excepted, but exceptions holds no valid exception for it",
                ),
            )
    yield from _wrong_rates(result)


def _wrong_rates(result: AuditResult) -> Iterator[tuple[str, Text]]:
    """Rates are recomputed: a file must not claim a better figure than its own results give."""
    for_reference = {rule.id for rule in result.rules if rule.reference_only}
    claimed = _counts_of(result.rates)
    judged = [item for item in result.results if item.rule not in for_reference]
    if claimed not in (_counts(judged), _counts(result.results)):
        yield (
            "rates",
            Text(ja="判定の件数が results と一致しない", en="the numbers of results do not agree with results"),
        )
    rates = result.rates
    total = rates.passed + rates.failed + rates.undetermined + rates.errors
    for field, count in (
        ("compliance", rates.passed),
        ("compliance_after_exceptions", rates.passed + rates.excepted),
        ("confirmation", rates.passed + rates.failed),
    ):
        value = getattr(rates, field)
        if (value is None) != (total == 0) or (value is not None and abs(value - count / total) > 0.0005):
            yield (
                f"rates.{field}",
                Text(ja="率が件数から計算した値と一致しない", en="the rate is not what the numbers give"),
            )


def _counts(results: Iterable[RuleResult]) -> tuple[int, ...]:
    counts = Counter(item.outcome for item in results)
    return tuple(counts[outcome] for outcome in Outcome)


def _counts_of(rates: Rates) -> tuple[int, ...]:
    by_outcome = {
        Outcome.PASS: rates.passed,
        Outcome.FAIL: rates.failed,
        Outcome.NOT_APPLICABLE: rates.not_applicable,
        Outcome.UNDETERMINED: rates.undetermined,
        Outcome.ERROR: rates.errors,
    }
    return tuple(by_outcome[outcome] for outcome in Outcome)
