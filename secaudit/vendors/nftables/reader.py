"""The nftables reader: the text of a file in, a device and coverage out."""

from __future__ import annotations

from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.netfilter.conversion import Identity, convert
from secaudit.vendors.netfilter.host import read_host
from secaudit.vendors.nftables import NAME
from secaudit.vendors.nftables.building import build
from secaudit.vendors.nftables.document import Document
from secaudit.vendors.nftables.tokens import joined_lines
from secaudit.vendors.reader import Coverage, ReadConfig, UnreadLine

_NO_TABLES = Text(
    ja="nftablesのテーブルが1つもなく、このファイルのとおりならフィルターは何も適用されていません",
    en="there is no nftables table in the file; if that is all, nothing is filtered",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads the whole file: one host."""
    host = read_host(text.lines)
    document = Document(host.rest, joined_lines(text.lines))
    own = None
    if host.interfaces is not None:
        own = tuple(held.address for one in host.interfaces.values() for held in one.addresses)
    built = build(document, rules_shown=host.rules_shown, own=own)
    device = convert(built.ruleset, host, Identity(NAME, text.file))
    unread = {line.number: line for line in built.unread} | document.unread
    irrelevant = {**document.irrelevant, **host.irrelevant}
    irrelevant = {number: reason for number, reason in irrelevant.items() if number not in unread}
    used = frozenset(line.number for line in text.lines) - unread.keys() - irrelevant.keys()
    coverage = Coverage(used, irrelevant, tuple(UnreadLine(unread[number], True) for number in sorted(unread)))
    warnings = () if document.tables else (_NO_TABLES,)
    return ReadConfig(NAME, (device,), coverage, warnings)
