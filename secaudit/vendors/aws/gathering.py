"""Texts to records: pages of AWS's answers, and Terraform's account of resources, of any number of files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.aws.coverage import LineBook
from secaudit.vendors.aws.lists import LISTS, SAME
from secaudit.vendors.aws.records import Record, Records
from secaudit.vendors.aws.terraform import join_parts, read_terraform
from secaudit.vendors.common.json_document import Item, JsonDocument, read_json

_HUB_TABLE = re.compile(r"tgw-rtb-[0-9a-f]{8,17}")
_LIST_NAME = re.compile(r"(?<![0-9a-z])pl-[0-9a-f]{8,17}")


@dataclass(slots=True)
class Page:
    """One text: its document and the book of its lines. `flaws` are what is wrong with it, with the line."""

    text: ConfigText
    document: JsonDocument
    book: LineBook
    flaws: list[tuple[Text, SourceLine]] = field(default_factory=list)


def gather(texts: Sequence[ConfigText]) -> tuple[list[Page], Records]:
    """Reads all texts. Records of Terraform and of AWS's answers are the same from here on."""
    records = Records()
    pages = []
    for text in texts:
        document = read_json(text.lines)
        page = Page(text, document, LineBook(document))
        pages.append(page)
        for root in document.roots:
            _root(page, records, root)
    join_parts(records)
    return pages, records


def _root(page: Page, records: Records, root: Item) -> None:
    if isinstance(root.value, list):
        for one in root.items:
            _root(page, records, one)
    elif "format_version" in root.members or "planned_values" in root.members:
        read_terraform(page.document, page.book, records, root)
    else:
        page.book.walk_page(root)
        _answer(page, records, root)


def _answer(page: Page, records: Records, root: Item) -> None:
    record = Record(page.document, root)
    listed = [key for key, item in root.members.items() if key in LISTS and isinstance(item.value, list)]
    token = record.get("NextToken")
    for key in listed:
        kind = SAME.get(key, key)
        records.told.add(kind)
        if token is not None and token.value:
            records.unfinished.setdefault(kind, page.document.source(token))
        else:
            records.finished.add(kind)
    if "Routes" in listed:
        _by_name(page, records, record, "TransitGatewayRoutes", "TransitGatewayRouteTableId", _HUB_TABLE)
    if "Associations" in listed or "TransitGatewayRouteTableAssociations" in listed:
        _by_name(page, records, record, "TransitGatewayAssociations", "TransitGatewayRouteTableId", _HUB_TABLE)
    if "TransitGatewayRouteTablePropagations" in listed:
        _by_name(page, records, record, "TransitGatewayPropagations", "TransitGatewayRouteTableId", _HUB_TABLE)
    if "Entries" in listed:
        _by_name(page, records, record, "PrefixListEntries", "PrefixListId", _LIST_NAME)
    for key in listed:
        if key in (
            "Routes",
            "Associations",
            "Entries",
            "TransitGatewayRouteTableAssociations",
            "TransitGatewayRouteTablePropagations",
        ):
            continue
        for one in record.children(key):
            _take(records, SAME.get(key, key), one)


def _by_name(page: Page, records: Records, record: Record, kind: str, key: str, pattern: re.Pattern[str]) -> None:
    """An answer that does not say which table or list it is about: the collector's own member, the only line around it, or the name of the file."""
    named = record.text(key)
    if not named:
        around = " ".join(page.document.lines[index].text for index in page.document.around[:20])
        names = set(pattern.findall(around)) or set(pattern.findall(page.text.file))
        named = names.pop() if len(names) == 1 else ""
    if not named:
        page.flaws.append((_NO_NAME, record.sources()[0]))
        return
    token = record.get("NextToken")
    if token is not None and token.value:
        page.flaws.append((_UNFINISHED, page.document.source(token)))
    held = records.by_kind.get(kind, {})
    if named in held and kind == "TransitGatewayRoutes":
        named = f"{named}#{len(held)}"
    records.add(kind, named, record)


def _take(records: Records, kind: str, record: Record) -> None:
    if kind == "Reservations":
        for one in record.children("Instances"):
            records.add("Instances", one.text("InstanceId"), one)
        return
    if kind == "PrefixLists" and not record.has("Cidrs"):
        kind = "ManagedPrefixLists"
    name = record.text(_names().get(kind, "PrefixListId"))
    if name:
        records.add(kind, name, record)
    else:
        records.strange.append((record, kind))


def _names() -> Mapping[str, str]:
    return LISTS


_NO_NAME = Text(
    ja="どのルートテーブル(又はプレフィックスリスト)についての出力か分からない。ファイル名に ID を含めること。",
    en="which route table (or prefix list) the output is about is not told; put its id into the name of the file",
)
_UNFINISHED = Text(
    ja="出力の続きのページ(NextToken)が提出されていない。",
    en="the next page of the output (NextToken) was not submitted",
)
