"""One file of a rule, as a `Rule`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from secaudit.errors import InputError, PolicyError
from secaudit.municipality.model import Model
from secaudit.policy.definitions import Definition, text_of
from secaudit.policy.model import Confidence, DefinitionFile
from secaudit.rules.demands import Demand, demand_of
from secaudit.rules.kind import all_kinds
from secaudit.rules.result import Severity
from secaudit.rules.rule import Chapter, Check, EvidenceKind, Rule, StatutoryField, Threshold
from secaudit.rules.thresholds import names_in, resolved
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import KeyPath, shown
from secaudit.text.yaml_schema import check_value, unknown_word

SCHEMA = "ruleset_rule"
_WITH_THRESHOLDS = ("parameters", "also", "where_not_told")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule as written, its chapter, and its file as results name it. From it the rule can be made again with other thresholds."""

    definition: Definition
    chapter: Chapter
    file: DefinitionFile


def chapter_of(definition: Definition, chapters: tuple[Chapter, ...], folder: PurePath) -> Chapter:
    """The chapter of a rule: its folder must be the one whose controls its id begins with."""
    group = definition.data["id"].partition("-")[0]
    for chapter in chapters:
        if group in chapter.controls:
            if folder.as_posix() != chapter.id:
                raise definition.error(
                    Text(
                        ja=f"{definition.data['id']} はフォルダ {chapter.id} に置く",
                        en=f"{definition.data['id']} belongs in the folder {chapter.id}",
                    ),
                    ("id",),
                )
            return chapter
    raise definition.error(
        Text(ja=f"{group} で始まるルールの章がない", en=f"there is no chapter for rules that begin with {group}"),
        ("id",),
        unknown_word(group, (name for chapter in chapters for name in chapter.controls)),
    )


def make_rule(source: RuleFile, thresholds: Mapping[str, Threshold], known: tuple[str, ...]) -> Rule:
    """The rule with the values that the thresholds have. `known` are the editions, oldest first.

    Raises `PolicyError` for what the schema cannot see.
    """
    definition, chapter = source.definition, source.chapter
    data = definition.data
    reference = data["reference"]
    reference_only = data.get("reference_only", False)
    if reference["confidence"] == Confidence.LOW and not reference_only:
        raise definition.error(
            Text(
                ja="確度が low の要件は参考（reference_only: true）としてのみ扱う",
                en="a requirement of low confidence may only be for reference (reference_only: true)",
            ),
            ("reference", "confidence"),
        )
    return Rule(
        id=data["id"],
        chapter=chapter.id,
        statutory_fields=tuple(StatutoryField(name) for name in data.get("statutory_fields", chapter.statutory_fields)),
        title=text_of(data["title"]),
        requirement=text_of(data["requirement"]),
        remedy=text_of(data["remedy"]),
        clauses=_clauses(definition, known),
        models=tuple(Model(name) for name in data["models"]),
        severity=Severity(data["severity"]),
        needs=tuple(EvidenceKind(name) for name in data["needs"]),
        confidence=Confidence(reference["confidence"]),
        reference=reference["source"],
        reference_only=reference_only,
        checks=tuple(_checks(definition, thresholds)),
        file=source.file,
        where_not_told=_where_not_told(definition, thresholds),
    )


def thresholds_of(definition: Definition) -> frozenset[str]:
    """The thresholds that a rule names."""
    return frozenset(names_in(tuple(definition.data.get(key) for key in _WITH_THRESHOLDS)))


def _clauses(definition: Definition, known: tuple[str, ...]) -> Mapping[str, Text]:
    """The clause by edition: what a file says of one edition holds until a later one says otherwise, or ends it with `null`."""
    written = definition.data["clause"]
    for edition in written:
        if edition not in known:
            raise definition.error(
                Text(ja=f"ガイドラインの版 {edition!r} はない", en=f"there is no edition {edition!r}"),
                ("clause", edition),
                unknown_word(edition, known),
            )
    found: dict[str, Text] = {}
    held: Mapping[str, str] | None = None
    for edition in known:
        held = written.get(edition, held)
        if held is not None:
            found[edition] = text_of(held)
    return found


def _checks(definition: Definition, thresholds: Mapping[str, Threshold]) -> Iterable[Check]:
    data = definition.data
    _check_kinds(definition, data, ())
    for index, also in enumerate(data.get("also", ())):
        _check_kinds(definition, also, ("also", index))
    plain = data
    if thresholds_of(definition):
        plain = {
            key: resolved(value, thresholds, definition, (key,)) if key in _WITH_THRESHOLDS else value
            for key, value in data.items()
        }
        # A threshold may be out of the bounds of the very parameter that names it.
        try:
            check_value(definition.document, plain, SCHEMA)
        except InputError as error:
            raise PolicyError(
                error.text, file=error.file, line=error.line, field=error.field, hint=error.hint
            ) from error
    yield _check(definition, plain, data, ())
    for index, also in enumerate(plain.get("also", ())):
        yield _check(definition, also, data["also"][index], ("also", index))


def _where_not_told(definition: Definition, thresholds: Mapping[str, Threshold]) -> Demand | None:
    written = definition.data.get("where_not_told")
    if written is None:
        return None
    demand = demand_of(resolved(written, thresholds, definition, ("where_not_told",)))
    return replace(demand, only_where_needed=True)


def _check_kinds(definition: Definition, entry: Mapping[str, Any], path: KeyPath) -> None:
    """Every kind that a check names, however deeply it is combined, must exist."""
    kinds = all_kinds()
    name = entry["kind"]
    if name not in kinds:
        raise definition.error(
            Text(ja=f"種類 {shown(name)!r} はない", en=f"there is no kind {shown(name)!r}"),
            (*path, "kind"),
            unknown_word(name, kinds),
        )
    parameters = entry.get("parameters", {})
    if name in ("all", "any"):
        for index, inner in enumerate(parameters["checks"]):
            _check_kinds(definition, inner, (*path, "parameters", "checks", index))
    elif name == "not":
        _check_kinds(definition, parameters["check"], (*path, "parameters", "check"))


def _check(definition: Definition, entry: Mapping[str, Any], written: Mapping[str, Any], path: KeyPath) -> Check:
    kind = all_kinds()[entry["kind"]]
    try:
        return Check(kind, kind.parse(entry.get("parameters", {})), written.get("parameters", {}))
    except ValueError as error:
        raise definition.error(
            Text(ja=f"パラメータが正しくない: {error}", en=f"the parameters are wrong: {error}"), (*path, "parameters")
        ) from error
