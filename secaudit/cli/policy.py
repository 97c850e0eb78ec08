"""`secaudit policy show|diff`"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

import click

from secaudit.cli.commands import Group
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import format_option, language_option
from secaudit.errors import UsageError
from secaudit.municipality.model import Model, Zone
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from secaudit.policy import Cell, Edition, ExternalSystem, Policy
    from secaudit.policy.difference import PolicyDifference

MODELS = [model.value for model in Model]
ZONES = [zone.value for zone in Zone]
CONFIDENCE = {
    "source": say("出典を確認", "read in its source"),
    "high": say("確度 高", "high"),
    "medium": say("確度 中", "medium"),
    "derived": say("本ツールの解釈", "inferred"),
    "low": say("確度 低(参考)", "low"),
}


@click.group(
    "policy",
    cls=Group,
    help=say("ガイドラインの版とモデルごとの領域間の方針。", "What may flow between zones, by edition and model."),
)
@language_option
def command() -> None:
    """Groups the commands about policies."""


@command.command(
    "show",
    help=say(
        "一つの版とモデルの方針を表で示す。--from、--to を付けると欄ごとに意味、出典、確度を示す。",
        "The matrix of one edition and model; with --from or --to each cell with its meaning, source and confidence.",
    ),
)
@click.option(
    "--edition",
    metavar="EDITION",
    help=say("ガイドラインの版(既定: 最新。例: mic-2026-03)", "edition of the guideline (default: the newest)"),
)
@click.option(
    "--model", type=click.Choice(MODELS), default="alpha", help=say("モデル(既定: alpha)", "model (default: alpha)")
)
@click.option("--from", "source", type=click.Choice(ZONES), metavar="ZONE", help=say("開始側の領域", "opens from here"))
@click.option("--to", "destination", type=click.Choice(ZONES), metavar="ZONE", help=say("相手方の領域", "goes there"))
@click.option("--svg", is_flag=True, help=say("表を図(SVG)として標準出力に書く", "write the matrix as a picture (SVG)"))
@format_option
@language_option
def show(edition: str | None, model: str, source: str | None, destination: str | None, svg: bool, format_: str) -> None:
    """Shows one policy."""
    from secaudit.policy import editions, load_policy

    if svg and (format_ == "json" or source or destination):
        raise UsageError(
            Text(
                ja="--svg は --format json、--from、--to と一緒に指定できない。",
                en="--svg goes with neither --format json nor --from and --to",
            )
        )
    policy = load_policy(edition or editions()[-1], Model(model))
    cells = [
        cell
        for cell in policy.cells.values()
        if source in (None, cell.source.value) and destination in (None, cell.destination.value)
    ]
    if format_ == "json":
        click.echo(json.dumps(policy_json(policy, cells), ensure_ascii=False, indent=1))
    elif svg:
        from secaudit.report.policy_picture import picture

        click.echo(picture(policy, LANGUAGE), nl=False)
    else:
        for line in _details(policy, cells) if source or destination else _table(policy):
            click.echo(line)


@command.command(
    "diff",
    help=say(
        "版やモデルが変わると方針の何が変わるかを示す。OLD、NEW は 版/モデル(例: mic-2022-03/alpha)。モデルを略すと alpha。",
        "What another edition or model changes. OLD and NEW are EDITION/MODEL, such as mic-2022-03/alpha; without a model: alpha.",
    ),
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@format_option
@language_option
def diff(old: str, new: str, format_: str) -> None:
    """Compares two policies."""
    from secaudit.policy.difference import difference

    before, after = _named(old), _named(new)
    found = difference(before, after)
    if format_ == "json":
        click.echo(json.dumps(difference_json(before, after, found), ensure_ascii=False, indent=1))
        return
    for line in _differences(before, after, found):
        click.echo(line)


@command.command(
    "systems",
    help=say(
        "台帳の system に書ける外部接続先の一覧。ID を付けると、利用する領域、経路、開始側、限定すべき項目を示す。",
        "The external systems that the register may name; with ID: who uses it, by which path, and what must be pinned.",
    ),
)
@click.argument("system_id", required=False, metavar="ID")
@format_option
@language_option
def systems(system_id: str | None, format_: str) -> None:
    """Shows the catalogue of external systems."""
    from secaudit.policy import editions, load_policy

    policy = load_policy(editions()[-1], Model.ALPHA)
    if system_id is not None and system_id not in policy.systems:
        near = difflib.get_close_matches(system_id, policy.systems, n=1)
        raise UsageError(
            Text(ja=f"そのような外部接続先はない: {system_id}", en=f"no such external system: {system_id}"),
            Text(ja=f"{near[0]} の誤りではないか。", en=f"did you mean {near[0]}?")
            if near
            else Text(ja="一覧は secaudit policy systems。", en="secaudit policy systems names them all"),
        )
    chosen = [one for one in policy.systems.values() if system_id in (None, one.id)]
    if format_ == "json":
        found = {"schema_version": "1.0", "systems": [system_json(one, policy) for one in chosen]}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for one in chosen:
        mark = {1: "①", 2: "②", None: "－"}[one.destination_class]
        click.echo(f"{one.id:26} {mark} {one.title.in_(LANGUAGE)}")
        if system_id is not None:
            for line in _system_lines(one, policy):
                click.echo(line)


_OPENERS = {
    "municipality": say("団体の側", "the municipality"),
    "system": say("外部接続先の側", "the external system"),
    "both": say("双方", "both"),
}
_PINS = {
    "source": say("送信元", "source"),
    "destination": say("宛先", "destination"),
    "port": say("ポート番号", "port"),
    "mac": say("MACアドレス", "MAC address"),
}


def _system_lines(one: ExternalSystem, policy: Policy) -> Iterable[str]:
    yield say("  運営: ", "  operator: ") + one.operator.in_(LANGUAGE)
    for use in one.uses:
        condition = policy.conditions[use.condition]
        beyond = say("、", ", ").join(policy.title_of(zone).in_(LANGUAGE) for zone in use.beyond)
        pins = say("、", ", ").join(_PINS[pin.value] for pin in condition.pins)
        yield f"  {policy.title_of(use.zone).in_(LANGUAGE)} ⇔ {beyond}: {use.condition} {condition.title.in_(LANGUAGE)}"
        if pins:
            yield say("    限定する項目: ", "    to be pinned: ") + pins
    yield say("  経路: ", "  path: ") + one.path.in_(LANGUAGE)
    yield say("  接続を開始する側: ", "  opens the connection: ") + _OPENERS[one.opens.value]
    if one.ports is not None:
        yield (
            say("  知られているポート: ", "  known ports: ")
            + ", ".join(_port_words(one))
            + f" ({CONFIDENCE[one.ports.confidence.value]})"
        )
    yield f"  {CONFIDENCE[one.confidence.value]} ({one.reference})"
    yield from _sources(policy, [one.reference])


def _port_words(one: ExternalSystem) -> Iterable[str]:
    for service in () if one.ports is None else one.ports.services:
        for low, high in service.ports:
            yield f"{service.protocol}/{low}" + ("" if low == high else f"-{high}")


def system_json(one: ExternalSystem, policy: Policy) -> dict[str, Any]:
    """One system of `policy systems --format json`."""
    return {
        "id": one.id,
        "title": _text(one.title),
        "operator": _text(one.operator),
        "class": one.destination_class,
        "uses": [
            {
                "zone": use.zone.value,
                "beyond": [zone.value for zone in use.beyond],
                "condition": use.condition,
                "pins": [pin.value for pin in policy.conditions[use.condition].pins],
            }
            for use in one.uses
        ],
        "opens": one.opens.value,
        "path": _text(one.path),
        "ports": list(_port_words(one)),
        "ports_confidence": None if one.ports is None else one.ports.confidence.value,
        "confidence": one.confidence.value,
        "source": one.reference,
    }


def _sources(policy: Policy, references: Iterable[str]) -> Iterable[str]:
    """What the keys in references stand for."""
    words = {word for reference in references for word in re.findall(r"[A-Z0-9]+(?:-[A-Z0-9]+)*", reference)}
    held = [(key, title) for key, title in policy.sources.items() if key in words]
    if held:
        yield ""
        for key, title in held:
            yield f"{key}: {title.in_(LANGUAGE)}"


def _named(text: str) -> Policy:
    from secaudit.policy import load_policy

    edition, _, model = text.partition("/")
    if model and model not in MODELS:
        raise UsageError(
            Text(ja=f"そのようなモデルはない: {model}", en=f"no such model: {model}"),
            Text(ja="モデル: " + "、".join(MODELS), en="models: " + ", ".join(MODELS)),
        )
    return load_policy(edition, Model(model or "alpha"))


def _name(policy: Policy) -> str:
    return f"{policy.edition_short.in_(LANGUAGE)} {policy.model_title.in_(LANGUAGE)}"


def _table(policy: Policy) -> Iterable[str]:
    codes = {zone: info.code for zone, info in policy.zones.items()}
    rows = [[say("開始\\相手", "from\\to"), *codes.values()]]
    rows += [[codes[source], *(policy.cell(source, one).text for one in codes)] for source in codes]
    # The one corner that is not plain ASCII: its characters are two columns wide.
    wide = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield _name(policy)
    yield ""
    for row in rows:
        yield "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, wide, strict=True)).rstrip()
    yield ""
    for info in policy.zones.values():
        yield f"{info.code:5} {info.zone.value:21} {info.title.in_(LANGUAGE)}"
    yield ""
    used = {code for cell in policy.cells.values() for code in cell.codes}
    for code, condition in policy.conditions.items():
        if code in used:
            yield f"{code:5} {condition.title.in_(LANGUAGE)}: {condition.meaning.in_(LANGUAGE)}"


def _width(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)


def _details(policy: Policy, cells: Sequence[Cell]) -> Iterable[str]:
    yield _name(policy)
    for cell in cells:
        source, destination = policy.title_of(cell.source), policy.title_of(cell.destination)
        yield f"{source.in_(LANGUAGE)} → {destination.in_(LANGUAGE)}: {cell.text}"
        for condition in cell.conditions:
            yield f"  {condition.code} {condition.title.in_(LANGUAGE)}: {condition.meaning.in_(LANGUAGE)}"
        if cell.reason is not None:
            yield f"  {cell.reason.in_(LANGUAGE)}"
        yield f"  {CONFIDENCE[cell.confidence.value]} ({cell.reference})"
    yield from _sources(policy, [cell.reference for cell in cells])


def _differences(before: Policy, after: Policy, found: PolicyDifference) -> Iterable[str]:
    yield f"{_name(before)} → {_name(after)}"
    if found.is_empty:
        yield say("違いはない。", "Nothing differs.")
    for change in found.cells:
        source, destination = after.title_of(change.after.source), after.title_of(change.after.destination)
        yield f"{source.in_(LANGUAGE)} → {destination.in_(LANGUAGE)}: {change.before.text} → {change.after.text}"
        reason = change.after.reason or change.before.reason
        if reason is not None:
            yield f"  {reason.in_(LANGUAGE)}"
        yield f"  {CONFIDENCE[change.after.confidence.value]} ({change.after.reference})"
    for condition in found.conditions:
        yield f"{condition.code} {after.conditions[condition.code].title.in_(LANGUAGE)}: {condition.reason.in_(LANGUAGE)}"
        yield f"  {CONFIDENCE[condition.confidence.value]} ({condition.reference})"
    for remark in found.elsewhere:
        yield f"- {remark.text.in_(LANGUAGE)}"
        yield f"  {CONFIDENCE[remark.confidence.value]} ({remark.reference})"
    told = [one.after.reference for one in found.cells]
    told += [one.reference for one in found.conditions]
    told += [one.reference for one in found.elsewhere]
    yield from _sources(after, told)


def policy_json(policy: Policy, cells: Iterable[Cell]) -> dict[str, Any]:
    """The contract of `policy show --format json`."""
    return {
        "schema_version": "1.0",
        "edition": policy.edition,
        "model": policy.model.value,
        "revised_on": policy.revised_on.isoformat(),
        "editions": [_edition_json(one) for one in policy.history],
        "cells": [_cell_json(cell) for cell in cells],
        "conditions": [
            {
                "code": one.code,
                "title": _text(one.title),
                "meaning": _text(one.meaning),
                "confidence": one.confidence.value,
            }
            for one in policy.conditions.values()
        ],
    }


def difference_json(before: Policy, after: Policy, found: PolicyDifference) -> dict[str, Any]:
    """The contract of `policy diff --format json`."""
    return {
        "schema_version": "1.0",
        "old": {"edition": before.edition, "model": before.model.value},
        "new": {"edition": after.edition, "model": after.model.value},
        "cells": [{"before": one.before.text, **_cell_json(one.after)} for one in found.cells],
        "conditions": [
            {
                "code": one.code,
                "reason": _text(one.reason),
                "confidence": one.confidence.value,
                "source": one.reference,
            }
            for one in found.conditions
        ],
        "elsewhere": [
            {"text": _text(one.text), "confidence": one.confidence.value, "source": one.reference}
            for one in found.elsewhere
        ],
    }


def _edition_json(edition: Edition) -> dict[str, Any]:
    return {"id": edition.id, "title": _text(edition.title), "revised_on": edition.revised_on.isoformat()}


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {
        "from": cell.source.value,
        "to": cell.destination.value,
        "cell": cell.text,
        "verdict": cell.verdict.value,
        "confidence": cell.confidence.value,
        "source": cell.reference,
        "reason": None if cell.reason is None else _text(cell.reason),
    }


def _text(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}
