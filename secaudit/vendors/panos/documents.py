"""The configurations of a file, in whichever of the three forms they are (PA-01)."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.panos import curly_form, set_form, xml_form
from secaudit.vendors.panos.tree import Document, Node


def documents_of(text: ConfigText) -> tuple[list[Document], set[int]]:
    """The configurations, at least one, and the numbers of the lines around them. Commands behind the last one belong to it. Never raises."""
    lines = text.lines
    behind: Sequence[SourceLine] = ()
    documents: list[Document] = []
    around: set[int] = set()
    if any(xml_form.BEGIN.search(line.text) for line in lines):
        documents, around, behind = xml_form.parse(lines)
    if not documents and any(curly_form.BEGIN.match(line.text) for line in lines):
        documents, behind = curly_form.parse(lines)
        first = documents[0].root.line.number
        around |= {line.number for line in lines if line.number < first and not set_form.is_command(line.text)}
    if not documents:
        documents = [Document(Node("config", lines[0] if lines else SourceLine(text.file, 1, "")), open_end=True)]
        behind = lines
    set_form.read_into(documents[-1], behind)
    return documents, around
