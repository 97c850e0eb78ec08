"""What exceptions refer to: a rule or a subject that does not exist is a mistake in the file, with what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from secaudit.errors import InputError
from secaudit.municipality.model import ExceptionGrant, Zone
from secaudit.rules.context import RuleContext
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.text.yaml_document import shown

_ZONES = frozenset(zone.value for zone in Zone)


def mistakes_in(grants: Iterable[ExceptionGrant], context: RuleContext) -> tuple[InputError, ...]:
    """The mistakes of all exceptions, in the order of the file; the audit goes on, and such an exception covers nothing."""
    found = [mistake for grant in grants if (mistake := mistake_of(grant, context)) is not None]
    return tuple(sorted(found, key=lambda one: (one.file, one.line or 0, one.field or "")))


def mistake_of(grant: ExceptionGrant, context: RuleContext) -> InputError | None:
    """An exception's reference to a rule or a subject that does not exist; None when both do, be there something to cover or not."""
    if grant.rule not in context.rule_ids:
        return _mistake(
            grant,
            grant.rule_source,
            "rule",
            Text(
                ja=f"例外措置 {grant.id} の対象とする規則「{shown(grant.rule)}」は存在しない。",
                en=f"The exception {grant.id} names the rule `{shown(grant.rule)}`, which does not exist.",
            ),
            _hint(grant.rule, context.rule_ids, "secaudit rules list"),
        )
    if grant.subject is None or _is_pair(grant.subject) or grant.subject in set(_subjects(context)):
        return None
    return _mistake(
        grant,
        grant.subject_source,
        "subject",
        Text(
            ja=f"例外措置 {grant.id} の対象「{shown(grant.subject)}」に当たる領域の組、機器、台帳の番号がない。",
            en=f"The exception {grant.id} names the subject `{shown(grant.subject)}`: there is no such pair of zones, device or entry.",
        ),
        _hint(grant.subject, {*_subjects(context), *_pairs(context)}, "secaudit audit"),
    )


def _mistake(grant: ExceptionGrant, source: SourceLine | None, field: str, text: Text, hint: Text) -> InputError:
    place = source or grant.source
    return InputError(text, file=place.file, line=place.number, field=f"{grant.id}.{field}", hint=hint)


def _hint(word: str, known: Iterable[str], command: str) -> Text:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    if near:
        return Text(ja=f"{near[0]} の誤りではないか。", en=f"did you mean {near[0]}?")
    return Text(
        ja=f"{command} の結果にある番号又は名称を書くこと。", en=f"write an id or a name as `{command}` shows it"
    )


def _is_pair(subject: str) -> bool:
    source, arrow, destination = subject.partition("->")
    return bool(arrow) and {source, destination} <= _ZONES and source != destination


def _pairs(context: RuleContext) -> Iterator[str]:
    """The ordered pairs of the zones that the folder has."""
    zones = [one.zone.value for one in context.municipality.zones]
    return (f"{source}->{destination}" for source in zones for destination in zones if source != destination)


def _subjects(context: RuleContext) -> Iterator[str]:
    """Everything else that a result can be about."""
    municipality = context.municipality
    yield municipality.code
    yield from context.devices
    yield from (name.partition("/")[0] for name in context.devices)
    yield from (one.name for one in municipality.ledger)
    yield from (one.id for one in municipality.register)
    yield from (one.id for one in context.folder.exceptions)
    yield from (one.subject.name for one in context.results)
