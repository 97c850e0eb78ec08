"""Terraform's account of AWS resources (`terraform show -json`) as records like those of AWS's own answers.

A state has `values`, a plan `planned_values`; both hold `root_module` with `resources` and `child_modules`. What is known only after
apply is not there: such a record has a member less, and what hangs on it stays undetermined. A resource without an id is known by
its address. Source: Terraform's JSON output format, format_version 0.1 to 1.2.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

from secaudit.text.bilingual import Text
from secaudit.vendors.aws.coverage import LineBook, keys
from secaudit.vendors.aws.records import Record, Records
from secaudit.vendors.aws.terraform_resources import MAKERS, Made, Values
from secaudit.vendors.aws.tunnel_options import VPN_MAKERS
from secaudit.vendors.common.json_document import Item, JsonDocument

_ELSEWHERE = Text(
    ja="計画や式の記述であり、値は values 又は planned_values から読む",
    en="expressions and changes; the values are read from values or planned_values",
)
_NO_NETWORK = Text(
    ja="ネットワークの構成に関わらないリソース",
    en="a resource that is no part of the network",
)
_PROVIDERS = ("aws_", "awscc_")
"""What the resources of AWS begin with: those of the usual provider and those of the Cloud Control API."""
_FRAME = frozenset(
    {"format_version", "terraform_version", "values", "planned_values", "root_module", "child_modules", "resources"}
)
_RESOURCE = frozenset({"address", "mode", "type", "name", "index", "provider_name", "schema_version", "values"})


@cache
def _types() -> tuple[tuple[str, ...], frozenset[str]]:
    data = tomllib.loads(resources.files(__package__).joinpath("data/terraform.toml").read_text("utf-8"))
    return tuple(data["prefixes"]), frozenset(data["types"])


def read_terraform(document: JsonDocument, book: LineBook, records: Records, root: Item) -> None:
    """Takes every resource of a state or a plan into the records."""
    for key, item in root.members.items():
        if key in ("format_version", "terraform_version"):
            book.used.add(item.line)
        elif key not in ("values", "planned_values"):
            book.set_aside(item, _ELSEWHERE)
    held = root.get("planned_values") or root.get("values")
    other = root.get("values") if held is not root.get("values") else None
    if other is not None:
        book.set_aside(other, _ELSEWHERE)
    made = Made(document, records)
    for resource in _resources(book, held):
        _resource(document, book, made, resource)


def _resources(book: LineBook, held: Item | None) -> Iterator[Item]:
    module = None if held is None else held.get("root_module")
    waiting = [module] if module is not None else []
    if held is not None:
        book.used.add(held.line)
        for key, item in held.members.items():
            if key != "root_module":
                book.set_aside(item, _ELSEWHERE)
    while waiting:
        one = waiting.pop()
        for key, item in one.members.items():
            book.used.add(item.line)
            if key == "resources":
                yield from (each for each in item.items if isinstance(each.value, dict))
            elif key == "child_modules":
                waiting.extend(each for each in item.items if isinstance(each.value, dict))


def _resource(document: JsonDocument, book: LineBook, made: Made, resource: Item) -> None:
    record = Record(document, resource)
    type_ = record.text("type")
    values = resource.get("values")
    maker = MAKERS.get(type_) or VPN_MAKERS.get(type_)
    if maker is not None and record.text("mode") != "data" and values is not None:
        for key, item in resource.members.items():
            if key in _RESOURCE:
                book.used.add(item.line)
            else:
                book.set_aside(item, _ELSEWHERE)
        book.walk(values, keys(terraform=True), values)
        maker(made, Values(document, values, record.text("address"), resource))
        return
    prefixes, known = _types()
    if not type_:
        book.not_known("?", resource)
        return
    if (
        record.text("mode") == "data"
        or type_ in known
        or type_.startswith(prefixes)
        or not type_.startswith(_PROVIDERS)
    ):
        book.set_aside(resource, _NO_NETWORK)
    else:
        book.not_known(type_ or "?", resource)


def join_parts(records: Records) -> None:
    """Puts the parts where they belong. What is a part of nothing that was submitted is left: its owner counts as not submitted as a whole."""
    for (kind, owner, key), items in records.parts.items():
        record = records.one(kind, owner)
        if record is not None:
            held = record.item.members.setdefault(key, Item([], items[0].line, items[0].column, items[0].end))
            held.items.extend(items)
