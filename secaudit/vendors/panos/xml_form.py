"""The XML form: exported configurations, `show config running`, and replies of the API that wrap one.

Parsed by defusedxml's expat reader: no document type, no entities, nothing from outside. The text is masked line by line before it comes here, so
a masked value may have taken its end tag with it; that is mended where the line begins with the tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from xml.sax.handler import ContentHandler, LexicalHandler, property_lexical_handler

from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine
from secaudit.vendors.panos.tree import DEEPEST, Document, Node

BEGIN = re.compile(r"<(?:\?xml|response|config)\b")
_TAG = re.compile(r"\s*<([A-Za-z][\w.-]{0,100})>")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"<\?xml[^>]{0,200}\?>")
_MOST_LINES_OF_A_VALUE = 500
_PUSHED = frozenset(("ptpl", "loc"))


class _Stop(Exception):  # noqa: N818 (no error: the rest is not looked at)
    """Nested too deep."""


class _Builder(ContentHandler, LexicalHandler):
    """Makes nodes of elements. `configs` are the configurations found, whatever wraps them."""

    def __init__(self, lines: Sequence[SourceLine]) -> None:
        super().__init__()
        self.lines = lines
        self.configs: list[Document] = []
        self.stack: list[Node] = []
        self.around: set[int] = set()
        self.text: list[str] = []
        self.text_line = 0
        self.config_depth = 0
        self.depth = 0
        self.last = 0
        self.row: Callable[[], int] = lambda: 1
        """The line where the parser is."""

    def _line(self) -> SourceLine:
        self.last = min(max(self.row() - 1, 0), len(self.lines) - 1)
        return self.lines[self.last]

    def startElement(self, name: str, attrs: object) -> None:  # noqa: N802 (the names are the interface's)
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Stop
        line = self._line()
        if not self.config_depth:
            self.around.add(line.number)
            if name == "config":
                held_version: dict[str, str] = dict(attrs.items())  # type: ignore[attr-defined]
                self.configs.append(Document(Node("config", line), version=held_version.get("version", "")))
                self.stack = [self.configs[-1].root]
                self.config_depth = self.depth
            return
        self.text.clear()
        document = self.configs[-1]
        entry = name == "entry"
        held: dict[str, str] = dict(attrs.items())  # type: ignore[attr-defined]
        if held and not document.merged:
            document.merged = not _PUSHED.isdisjoint(held) or held.get("src") == "tpl"
        if name == "member":
            name = ""
        elif entry:
            name = held.get("name", "")
        parent = self.stack[-1]
        if entry and not name:
            document.garbage.append(line)  # what it holds belongs to nothing
        node = parent.children.get(name) if name else None
        if node is None:
            node = Node(name, line)
            if name:
                parent.children[name] = node
        else:
            node.further.append(line)
            if entry:
                node.repeated = True
                document.repeated.append((parent.name, line))
        self.stack.append(node)

    def characters(self, content: str) -> None:
        if not self.text:
            if content.isspace():
                return
            self.text_line = self.row()
        self.text.append(content)

    def comment(self, content: str) -> None:
        first = max(self.row() - 1, 0)
        self.around.update(line.number for line in self.lines[first : first + content.count("\n") + 1])

    def endElement(self, name: str) -> None:  # noqa: N802
        line = self._line()
        self.depth -= 1
        if not self.config_depth:
            self.around.add(line.number)
            return
        document = self.configs[-1]
        document.structure.add(line.number)
        if self.depth < self.config_depth:
            self.config_depth = 0
            self.stack = []
            return
        node = self.stack.pop()
        text = "".join(self.text).strip()
        self.text.clear()
        if name == "member":
            if text:
                self.stack[-1].children.setdefault(text, node).name = text
        elif text:
            first = self.lines[min(max(self.text_line - 1, 0), len(self.lines) - 1)]
            value = Node(text, first)
            node.children.pop(text, None)
            node.children[text] = value
            if first.number != line.number:
                value.further.extend(self.lines[self.text_line : self.row() - 1])


def parse(lines: Sequence[SourceLine]) -> tuple[list[Document], set[int], Sequence[SourceLine]]:
    """The configurations in a text, the numbers of the lines around them, and the lines behind the last.

    What is not well-formed ends the configuration there.
    """
    from xml.sax import SAXParseException

    from defusedxml.common import DefusedXmlException
    from defusedxml.expatreader import create_parser

    builder = _Builder(lines)
    parser = create_parser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(builder)
    parser.setProperty(property_lexical_handler, builder)
    builder.row = parser.getLineNumber
    start = next((index for index, line in enumerate(lines) if BEGIN.search(line.text)), len(lines))
    ended = _last_end(lines, start)
    behind = len(lines) if ended is None else ended + 1
    fed = False
    try:
        parser.feed("\n" * start + "<secaudit>")
        for index in range(start, behind):
            parser.feed(_mended(lines, index) + "\n")
        fed = True
        parser.feed("</secaudit>")
        parser.close()
    except (SAXParseException, DefusedXmlException, _Stop, ValueError):
        if builder.configs:
            document = builder.configs[-1]
            position = min(max(builder.row(), builder.last + 1, 1), len(lines))
            document.truncated = (lines[position - 1],)
            if not fed:
                document.garbage.extend(line for line in lines[position - 1 : behind] if line.text.strip())
    around = builder.around | {line.number for line in lines[:start]}
    around |= {line.number for line in lines[start:behind] if _DECLARATION.search(line.text)}
    return builder.configs, around, lines[behind:]


def _last_end(lines: Sequence[SourceLine], start: int) -> int | None:
    """Where the last `</config>` or what wraps it ends; None when the text ends before."""
    for index in range(len(lines) - 1, start - 1, -1):
        if "</response>" in lines[index].text or "</config>" in lines[index].text:
            return index
    return None


def _mended(lines: Sequence[SourceLine], index: int) -> str:
    """A line that expat takes: without declarations in the middle, without characters that XML does not have, with the end tag that a mask took."""
    text = lines[index].text
    if "<?" in text:
        text = _DECLARATION.sub("", text)
    if not text.isascii() or not text.isprintable():
        text = _NOT_XML.sub("?", text)
    if MASK in text and text.rstrip().endswith(MASK):
        opened = _TAG.match(text)
        if opened is not None and f"</{opened[1]}>" not in text and not _ends_below(lines, index, f"</{opened[1]}>"):
            text = f"{text}</{opened[1]}>"
    return text


def _ends_below(lines: Sequence[SourceLine], index: int, end: str) -> bool:
    """Whether a value goes on in the lines below and its end tag is the next tag there."""
    for line in lines[index + 1 : index + 1 + _MOST_LINES_OF_A_VALUE]:
        place = line.text.find("<")
        if place >= 0:
            return line.text.startswith(end, place)
    return False
