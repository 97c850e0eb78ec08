"""A ruleset on top of another one: rules added, tightened, loosened, switched off, and thresholds changed, never in silence."""

from __future__ import annotations

import copy
import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secaudit.errors import InputError, PolicyError
from secaudit.policy import editions
from secaudit.policy.definitions import Definition, date_of, text_of
from secaudit.rules.loader import Assembled, Layer, sorted_rules
from secaudit.rules.result import Severity
from secaudit.rules.rule import Deviation, DeviationKind, Rule, Threshold
from secaudit.rules.rule_file import SCHEMA, RuleFile, make_rule, thresholds_of
from secaudit.rules.ruleset_files import CONTROLS_FILE, THRESHOLDS_FILE
from secaudit.rules.strictness import changed_parameters, is_stricter, severity_is_stricter
from secaudit.rules.thresholds import check_bounds, resolved
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import KeyPath, shown
from secaudit.text.yaml_schema import check_schema, unknown_word

_SEVERITIES = {
    Severity.CRITICAL: Text(ja="重大", en="critical"),
    Severity.HIGH: Text(ja="高", en="high"),
    Severity.MEDIUM: Text(ja="中", en="medium"),
    Severity.LOW: Text(ja="低", en="low"),
}
_SWITCHED_OFF = Text(ja="ルールを適用しない", en="the rule is not applied")
_ADDED = Text(ja="ルールを追加", en="the rule was added")
_SHOWN_CHARACTERS = 120


def extended(base: Assembled, layer: Layer) -> Assembled:
    """`base` with what a layer adds and changes. Raises `PolicyError` for a change that is not what it says it is, with its line."""
    head, ruleset = layer.head, base.ruleset
    _check_own(layer, base)
    known = editions()
    thresholds, about_thresholds = _thresholds(head, ruleset.thresholds)
    loosened = {one.subject for one in about_thresholds if one.kind is DeviationKind.THRESHOLD_LOOSENED}
    changed = {one.subject for one in about_thresholds}
    rules = {rule.id: rule for rule in ruleset.rules}
    sources = dict(base.sources)
    deviations = [*ruleset.deviations, *about_thresholds]
    easier: set[str] = set()
    for index, entry in enumerate(head.data.get("changes", ())):
        deviation, source = _change(head, index, entry, rules, sources, ruleset.thresholds)
        if any(one.subject == deviation.subject and one.ruleset == layer.id for one in deviations):
            raise head.error(
                Text(ja=f"{deviation.subject} の変更が二度ある", en=f"{deviation.subject} is changed twice"),
                ("changes", index, "rule"),
            )
        deviations.append(deviation)
        if deviation.kind is DeviationKind.OFF:
            rules[deviation.subject] = dataclasses.replace(rules[deviation.subject], off=deviation)
            continue
        sources[deviation.subject] = source
        if deviation.kind is DeviationKind.LOOSENED:
            easier.add(deviation.subject)
    altered = {one for one in sources if sources[one] is not base.sources[one]}
    for name, source in sources.items():
        named = thresholds_of(source.definition)
        if name not in altered and not named & changed:
            continue
        old = rules[name]
        before = old if name in easier or named & loosened else old.before
        rules[name] = dataclasses.replace(make_rule(source, thresholds, known), before=before, off=old.off)
    for name, source in layer.sources.items():
        rules[name] = make_rule(source, thresholds, known)
        deviations.append(_added(head, rules[name]))
    made = dataclasses.replace(
        ruleset,
        id=layer.id,
        title=text_of(head.data["title"]),
        version=head.data["version"],
        chapters=(*ruleset.chapters, *layer.chapters),
        rules=sorted_rules(rules),
        files=(*ruleset.files, *layer.files),
        thresholds=thresholds,
        deviations=tuple(deviations),
        folders=(layer.root, *ruleset.folders),
    )
    return Assembled(made, {**sources, **layer.sources})


def _check_own(layer: Layer, base: Assembled) -> None:
    """An own ruleset has its own chapters, and changes numbers in its `ruleset.yaml`."""
    shown_folder = layer.head.file.path.rpartition("/")[0]
    for name in (THRESHOLDS_FILE, CONTROLS_FILE):
        if (layer.root / name).exists():
            raise PolicyError(
                Text(ja="拡張するルールセットには置けない", en="a ruleset that extends another has no such file"),
                file=f"{shown_folder}/{name}",
                hint=Text(
                    ja="しきい値の変更は ruleset.yaml の thresholds に書くこと。",
                    en="write changed thresholds under `thresholds:` in ruleset.yaml",
                ),
            )
    taken = {name for chapter in base.ruleset.chapters for name in (chapter.id, *chapter.controls)}
    for index, chapter in enumerate(layer.chapters):
        for name in (chapter.id, *chapter.controls):
            if name in taken:
                raise layer.head.error(
                    Text(
                        ja=f"{name} は拡張元のルールセットで使われている",
                        en=f"{name} belongs to the ruleset that is extended",
                    ),
                    ("chapters", index),
                    Text(
                        ja="独自の章の名前とルールの記号（英大文字2から4字）を用いること。",
                        en="use a chapter and a prefix of your own (2 to 4 capital letters)",
                    ),
                )


def _thresholds(
    head: Definition, old: Mapping[str, Threshold]
) -> tuple[Mapping[str, Threshold], tuple[Deviation, ...]]:
    """The thresholds with the values that a layer gives them."""
    new = dict(old)
    deviations: list[Deviation] = []
    for index, entry in enumerate(head.data.get("thresholds", ())):
        path: KeyPath = ("thresholds", index)
        name = entry["threshold"]
        if name not in old:
            raise head.error(
                Text(ja=f"しきい値 {shown(name)!r} はない", en=f"there is no threshold {shown(name)!r}"),
                (*path, "threshold"),
                unknown_word(name, old),
            )
        if any(one.subject == name for one in deviations):
            raise head.error(Text(ja=f"{name} の変更が二度ある", en=f"{name} is changed twice"), (*path, "threshold"))
        before = old[name]
        word = _only_one_of(head, entry, path, ("tighten", "loosen"))
        value = entry[word]["value"]
        check_bounds(before, value, head, (*path, word, "value"))
        if value == before.value:
            raise head.error(_nothing_changes(name), (*path, word, "value"))
        _check_direction(head, (*path, word), word, [] if before.is_stricter(value) else ["value"], 1)
        new[name] = dataclasses.replace(before, value=value)
        deviations.append(
            _deviation(
                head,
                path,
                entry,
                DeviationKind.THRESHOLD_TIGHTENED if word == "tighten" else DeviationKind.THRESHOLD_LOOSENED,
                name,
                before.title,
                None,
                Text(ja=f"{before.value} → {value}", en=f"{before.value} → {value}"),
            )
        )
    return new, tuple(deviations)


def _change(
    head: Definition,
    index: int,
    entry: Mapping[str, Any],
    rules: Mapping[str, Rule],
    sources: Mapping[str, RuleFile],
    thresholds: Mapping[str, Threshold],
) -> tuple[Deviation, RuleFile]:
    """One change of a rule, and the file of the rule as it is afterwards."""
    path: KeyPath = ("changes", index)
    name = entry["rule"]
    if name not in rules:
        raise head.error(
            Text(ja=f"ルール {shown(name)!r} はない", en=f"there is no rule {shown(name)!r}"),
            (*path, "rule"),
            unknown_word(name, rules),
        )
    rule, source = rules[name], sources[name]
    if rule.off is not None:
        raise head.error(
            Text(
                ja=f"{name} は {rule.off.ruleset} で適用しないこととされている",
                en=f"{name} was switched off by {rule.off.ruleset}",
            ),
            (*path, "rule"),
        )
    word = _only_one_of(head, entry, path, ("tighten", "loosen", "off"))
    if word == "off":
        return _deviation(head, path, entry, DeviationKind.OFF, name, rule.title, rule.severity, _SWITCHED_OFF), source
    altered = _altered(head, (*path, word), entry[word], source)
    before, after = source.definition, altered.definition
    easier = list(_easier(before, after, thresholds))
    told = list(_told(before, after, thresholds))
    if not told:
        raise head.error(_nothing_changes(name), (*path, word))
    _check_direction(head, (*path, word), word, easier, len(told))
    kind = DeviationKind.TIGHTENED if word == "tighten" else DeviationKind.LOOSENED
    what = Text(ja="、".join(one.ja for one in told), en=", ".join(one.en for one in told))
    return _deviation(head, path, entry, kind, name, rule.title, rule.severity, what), altered


def _only_one_of(head: Definition, entry: Mapping[str, Any], path: KeyPath, words: tuple[str, ...]) -> str:
    found = [word for word in words if word in entry]
    if len(found) != 1:
        listed = ", ".join(words)
        raise head.error(
            Text(ja=f"{listed} のうち一つだけを書く", en=f"write exactly one of {listed}"),
            path,
        )
    return found[0]


def _check_direction(head: Definition, path: KeyPath, word: str, easier: list[str], count: int) -> None:
    """What is called a tightening must be one in everything, and a loosening must not be one."""
    if word == "tighten" and easier:
        raise head.error(
            Text(
                ja=f"{'、'.join(easier)} は厳しくする変更であると確かめられない",
                en=f"{', '.join(easier)}: this is not known to make it stricter",
            ),
            path,
            Text(ja="緩める変更であれば loosen と書くこと。", en="write `loosen` if it does not"),
        )
    if word == "loosen" and not easier and count:
        raise head.error(
            Text(ja="この変更は厳しくするものである", en="this makes it stricter"),
            path,
            Text(ja="tighten と書くこと。", en="write `tighten`"),
        )


def _altered(head: Definition, path: KeyPath, change: Mapping[str, Any], source: RuleFile) -> RuleFile:
    """The rule file as changed. What is wrong with it by its schema is told at the line of the change."""
    data = copy.deepcopy(dict(source.definition.data))
    if "severity" in change:
        data["severity"] = change["severity"]
    number = change.get("check", 1)
    if number > 1 + len(data.get("also", ())):
        raise head.error(
            Text(ja=f"{number}番目の検査はない", en=f"there is no check number {number}"), (*path, "check")
        )
    place: KeyPath = () if number == 1 else ("also", number - 2)
    target = data if number == 1 else data["also"][number - 2]
    parameters = target.setdefault("parameters", {})
    for key, value in change.get("parameters", {}).items():
        if value is None:
            parameters.pop(key, None)
        else:
            parameters[key] = value
    start = len(path) + 1
    lines = {
        (*place, "parameters", *one[start:]): line
        for one, line in head.document.lines.items()
        if one[:start] == (*path, "parameters")
    }
    document = dataclasses.replace(head.document, data=data, lines={(): head.document.line_of(path), **lines})
    try:
        check_schema(document, SCHEMA)
    except InputError as error:
        raise PolicyError(error.text, file=error.file, line=error.line, field=error.field, hint=error.hint) from error
    return dataclasses.replace(source, definition=dataclasses.replace(head, data=data, document=document))


def _easier(before: Definition, after: Definition, thresholds: Mapping[str, Threshold]) -> Iterator[str]:
    """What a change does not make stricter."""
    old, new = Severity(before.data["severity"]), Severity(after.data["severity"])
    if old is not new and not severity_is_stricter(old, new):
        yield "severity"
    for was, now in _checks(before, after):
        past, present = (_plain(one, thresholds, after) for one in (was, now))
        for name in changed_parameters(past, present):
            if not is_stricter(now["kind"], name, past.get(name), present.get(name)):
                yield f"parameters.{name}"


def _told(before: Definition, after: Definition, thresholds: Mapping[str, Threshold]) -> Iterator[Text]:
    """The differences in words."""
    old, new = Severity(before.data["severity"]), Severity(after.data["severity"])
    if old is not new:
        left, right = _SEVERITIES[old], _SEVERITIES[new]
        yield Text(ja=f"重要度 {left.ja} → {right.ja}", en=f"severity {left.en} → {right.en}")
    for was, now in _checks(before, after):
        past, present = (_plain(one, thresholds, after) for one in (was, now))
        for name in changed_parameters(past, present):
            words = f"{name}: {_short(past.get(name))} → {_short(present.get(name))}"
            yield Text(ja=words, en=words)


def _checks(before: Definition, after: Definition) -> Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    yield before.data, after.data
    yield from zip(before.data.get("also", ()), after.data.get("also", ()), strict=True)


def _plain(check: Mapping[str, Any], thresholds: Mapping[str, Threshold], definition: Definition) -> dict[str, Any]:
    found = resolved(check.get("parameters", {}), thresholds, definition, ("parameters",))
    assert isinstance(found, dict)
    return found


def _short(value: object) -> str:
    if value is None:
        return "-"
    text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _nothing_changes(name: str) -> Text:
    return Text(ja=f"{name} は何も変わらない", en=f"nothing changes about {name}")


def _added(head: Definition, rule: Rule) -> Deviation:
    data = head.data
    return Deviation(
        DeviationKind.ADDED,
        data["id"],
        rule.id,
        rule.title,
        rule.severity,
        _ADDED,
        rule.requirement,
        data["decided_by"],
        _date(head, data["decided_on"], ("decided_on",)),
    )


def _deviation(
    head: Definition,
    path: KeyPath,
    entry: Mapping[str, Any],
    kind: DeviationKind,
    subject: str,
    title: Text,
    severity: Severity | None,
    what: Text,
) -> Deviation:
    return Deviation(
        kind,
        head.data["id"],
        subject,
        title,
        severity,
        what,
        Text(ja=entry["reason"], en=entry["reason"]),
        entry["decided_by"],
        _date(head, entry["decided_on"], (*path, "decided_on")),
    )


def _date(head: Definition, value: str, path: KeyPath) -> datetime.date:
    try:
        return date_of(value)
    except ValueError as error:
        raise head.error(
            Text(ja=f"存在しない日付: {value}", en=f"there is no such date: {value}"),
            path,
        ) from error
