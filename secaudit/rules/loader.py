"""`rulesets/NAME/` as a `Ruleset`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.municipality.model import Model
from secaudit.policy import editions
from secaudit.policy.definitions import Definition, load_definition, text_of
from secaudit.policy.model import Confidence
from secaudit.rules.kind import all_kinds
from secaudit.rules.result import Severity
from secaudit.rules.rule import Chapter, Check, EvidenceKind, Rule, Ruleset, StatutoryField
from secaudit.text.bilingual import Text

HEAD_FILE = "ruleset.yaml"


def load_ruleset(folder: Path | None = None) -> Ruleset:
    """Reads a folder of rules (default: `rulesets/mic`), a folder a chapter, a file a rule, sorted by id.

    Raises `PolicyError` with file, line and a suggestion for anything that a person may have mistyped.
    """
    root = folder or data_folder("rulesets") / "mic"
    shown = f"rulesets/{root.name}"
    head = load_definition(root / HEAD_FILE, f"{shown}/{HEAD_FILE}", "ruleset")
    chapters = tuple(
        Chapter(
            id=entry["id"],
            title=text_of(entry["title"]),
            controls=tuple(entry["controls"]),
            statutory_fields=tuple(StatutoryField(name) for name in entry["statutory_fields"]),
        )
        for entry in head.data["chapters"]
    )
    known = editions()
    rules: dict[str, Rule] = {}
    for path in sorted(root.rglob("*.yaml")):
        name = path.relative_to(root).as_posix()
        if name == HEAD_FILE:
            continue
        definition = load_definition(path, f"{shown}/{name}", "ruleset_rule")
        rule = _rule(definition, _chapter_of(definition, chapters, path.parent.relative_to(root)), known)
        if path.stem != rule.id:
            raise definition.error(
                Text(
                    ja=f"ファイル名 {path.name} は id {rule.id} と一致しなければならない",
                    en=f"the file name {path.name} must be the id {rule.id}",
                ),
                ("id",),
            )
        rules[rule.id] = rule
    ordered = tuple(rules[name] for name in sorted(rules))
    if not ordered:
        raise PolicyError(Text(ja="ルールが一つもない", en="there is not a single rule"), file=shown)
    return Ruleset(
        id=head.data["id"],
        title=text_of(head.data["title"]),
        version=head.data["version"],
        chapters=chapters,
        rules=ordered,
        files=(head.file, *(rule.file for rule in ordered)),
    )


def _chapter_of(definition: Definition, chapters: tuple[Chapter, ...], folder: PurePath) -> Chapter:
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
    )


def _rule(definition: Definition, chapter: Chapter, known: tuple[str, ...]) -> Rule:
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
        checks=tuple(_checks(definition)),
        file=definition.file,
    )


def _clauses(definition: Definition, known: tuple[str, ...]) -> Mapping[str, Text]:
    """The clause by edition: what a file says of one edition holds until a later one says otherwise, or ends it with `null`."""
    written = definition.data["clause"]
    for edition in written:
        if edition not in known:
            near = difflib.get_close_matches(edition, known, n=1)
            raise definition.error(
                Text(ja=f"ガイドラインの版 {edition!r} はない", en=f"there is no edition {edition!r}"),
                ("clause", edition),
                Text(ja=f"{near[0]} の誤りではないか", en=f"did you mean {near[0]}?") if near else None,
            )
    found: dict[str, Text] = {}
    held: Mapping[str, str] | None = None
    for edition in known:
        held = written.get(edition, held)
        if held is not None:
            found[edition] = text_of(held)
    return found


def _checks(definition: Definition) -> Iterable[Check]:
    yield _check(definition, definition.data, ())
    for index, also in enumerate(definition.data.get("also", ())):
        yield _check(definition, also, ("also", index))


def _check(definition: Definition, entry: Mapping[str, Any], path: tuple[str | int, ...]) -> Check:
    kinds = all_kinds()
    name = entry["kind"]
    if name not in kinds:
        near = difflib.get_close_matches(name, kinds, n=1)
        raise definition.error(
            Text(ja=f"種類 {name!r} はない", en=f"there is no kind {name!r}"),
            (*path, "kind"),
            Text(ja=f"{near[0]} の誤りではないか", en=f"did you mean {near[0]}?") if near else None,
        )
    try:
        return Check(kinds[name], kinds[name].parse(entry.get("parameters", {})))
    except ValueError as error:
        raise definition.error(
            Text(ja=f"パラメータが正しくない: {error}", en=f"the parameters are wrong: {error}"), (*path, "parameters")
        ) from error
