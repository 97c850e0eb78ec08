"""The cells of one sheet of an Excel workbook that anybody may have made.

Four parts of the archive are looked at: the list of sheets, their places, the shared texts, and the sheet. Nothing else of it is opened:
no external link, no macro, no style, no stored formula. Each part is bounded before it is unpacked, and read as a stream that keeps only
the cells of our columns, so that neither a small file that unpacks to gigabytes nor a sheet with a million rows takes memory.
"""

from __future__ import annotations

import io
import posixpath
import re
import xml.sax.handler
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax import SAXException

from secaudit.attest.layout import LAST_COLUMN, MAXIMUM_ROWS
from secaudit.errors import InputError
from secaudit.text.bilingual import Text
from secaudit.text.decoding import read_bytes

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl

MAXIMUM_FILE_BYTES = 4 * 1024 * 1024
MAXIMUM_PART_BYTES = 8 * 1024 * 1024
MAXIMUM_CELL_CHARACTERS = 32_767
_WORKBOOK, _PLACES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SAVE_AGAIN = Text(
    ja="secaudit attest 監査フォルダ --xlsx ファイル で作った表に記入し、Excel ブック（.xlsx）として保存する。",
    en="Fill in a sheet made by `secaudit attest FOLDER --xlsx FILE` and save it as an Excel workbook (.xlsx).",
)
_NOT_EXCEL = Text(ja="Excel ブック（.xlsx）として読めない。", en="It cannot be read as an Excel workbook (.xlsx).")
_TOO_LARGE = Text(
    ja="記入表としては大きすぎるため読まない。", en="It is too large for an answer sheet and is not read."
)


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell holds. `number` marks a number (a date is one), `formula` a value that was computed, which is never used."""

    text: str
    number: bool = False
    formula: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of our columns by row (from 1) and column (from 0); empty ones are left out.

    `since_1904` tells from which day a workbook counts its dates.
    """

    name: str
    cells: Mapping[tuple[int, int], Cell]
    since_1904: bool


class _RefusedError(Exception):
    """The content is beyond a limit, or contradicts itself."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def read_sheet(path: Path, shown_as: str, names: tuple[str, ...]) -> Sheet:
    """The first sheet that has one of the names. Raises `InputError` for anything that is no such workbook."""
    data = read_bytes(path, shown_as, MAXIMUM_FILE_BYTES)
    if data.startswith(_OLD_EXCEL):
        raise InputError(
            Text(
                ja="古い形式（.xls）か、パスワードの付いたブックである。",
                en="It is of the old format (.xls) or has a password.",
            ),
            file=shown_as,
            hint=Text(
                ja="パスワードを外し、Excel ブック（.xlsx）として保存し直す。",
                en="Remove the password and save it as an Excel workbook (.xlsx).",
            ),
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _sheet(archive, names)
    except _RefusedError as error:
        raise InputError(error.text, file=shown_as, hint=_SAVE_AGAIN) from error
    # What the standard library raises on damaged archives and XML (`ValueError`: also entities, which are refused).
    except (zipfile.BadZipFile, zlib.error, SAXException, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise InputError(_NOT_EXCEL, file=shown_as, hint=_SAVE_AGAIN) from error


def _sheet(archive: zipfile.ZipFile, names: tuple[str, ...]) -> Sheet:
    book = _Book()
    _parse(_part(archive, _WORKBOOK), book)
    places = _Places()
    _parse(_part(archive, _PLACES), places)
    found = next(((name, id_) for name, id_ in book.sheets if name in names), None)
    if found is None:
        listed = "、".join(names)
        raise _RefusedError(Text(ja=f"シート「{listed}」がない。", en=f"There is no sheet {' or '.join(names)}."))
    name, id_ = found
    texts = _Texts()
    if places.shared_texts is not None:
        _parse(_part(archive, places.shared_texts), texts)
    cells = _Cells(texts.found)
    _parse(_part(archive, places.by_id.get(id_, "")), cells)
    return Sheet(name, cells.found, book.since_1904)


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part, unpacked. The archive states its size beforehand, and never gives more than it states."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise _RefusedError(_NOT_EXCEL) from None
    if info.file_size > MAXIMUM_PART_BYTES:
        raise _RefusedError(_TOO_LARGE)
    if info.compress_type not in _METHODS or info.flag_bits & 0x1:
        raise _RefusedError(_NOT_EXCEL)
    with archive.open(info) as stream:
        return stream.read(MAXIMUM_PART_BYTES)


def _parse(data: bytes, handler: xml.sax.handler.ContentHandler) -> None:
    from defusedxml.sax import make_parser

    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(handler)
    parser.parse(io.BytesIO(data))


class _Handler(xml.sax.handler.ContentHandler):
    """Names of elements and attributes without their prefixes, which every program chooses by itself."""

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the interface of xml.sax
        self.begin(_local(name), {_local(key): value for key, value in attrs.items()})

    def endElement(self, name: str) -> None:  # noqa: N802 - the interface of xml.sax
        self.end(_local(name))

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Book(_Handler):
    """`xl/workbook.xml`: the sheets and how dates are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str]] = []
        self.since_1904 = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            self.sheets.append((attributes.get("name", ""), attributes.get("id", "")))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "") in ("1", "true")


class _Places(_Handler):
    """The relationships of the workbook: where its sheets and its shared texts are inside the archive."""

    def __init__(self) -> None:
        super().__init__()
        self.by_id: dict[str, str] = {}
        self.shared_texts: str | None = None

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
        self.by_id[attributes.get("Id", "")] = target
        if attributes.get("Type", "").endswith("/sharedStrings"):
            self.shared_texts = target


class _Gathering(_Handler):
    """Gathers the text of `t` elements. Readings of Japanese words (`rPh`) stand beside the text and are no part of it."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._length = 0
        self._open = False
        self._reading = False

    def _start_text(self) -> None:
        self._pieces, self._length = [], 0

    def _text(self) -> str:
        return "".join(self._pieces)

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "rPh":
            self._reading = True
        self._open = name == "t" and not self._reading

    def end(self, name: str) -> None:
        if name == "rPh":
            self._reading = False
        self._open = False

    def characters(self, content: str) -> None:
        if self._open and self._length <= MAXIMUM_CELL_CHARACTERS:
            self._pieces.append(content)
            self._length += len(content)


class _Texts(_Gathering):
    """`xl/sharedStrings.xml`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        super().begin(name, attributes)
        if name == "si":
            self._start_text()

    def end(self, name: str) -> None:
        super().end(name)
        if name == "si":
            self.found.append(self._text())


class _Cells(_Gathering):
    """A sheet: the cells of our columns."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.found: dict[tuple[int, int], Cell] = {}
        self._texts = texts
        self._place: tuple[int, int] | None = None
        self._type = ""
        self._formula = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        super().begin(name, attributes)
        if name == "c":
            self._start_text()
            self._place = _place(attributes.get("r", ""))
            self._type = attributes.get("t", "n")
            self._formula = False
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._open = True

    def end(self, name: str) -> None:
        super().end(name)
        if name != "c" or self._place is None:
            return
        text = self._text()
        if self._type == "s" and text:
            text = self._shared(text)
        if not text and not self._formula:
            return
        row, column = self._place
        if column > LAST_COLUMN:
            return
        if row > MAXIMUM_ROWS:
            raise _RefusedError(_TOO_LARGE)
        if self._place in self.found:
            raise _RefusedError(
                Text(ja="同じセルが二度書かれている。", en="A cell is written twice.")
            )  # two programs would read two different answers
        self.found[self._place] = Cell(text, self._type == "n", self._formula or self._type in ("e", "str"))

    def _shared(self, text: str) -> str:
        index = int(text) if text.isdecimal() and len(text) < 8 else -1
        if not 0 <= index < len(self._texts):
            raise _RefusedError(_NOT_EXCEL)
        return self._texts[index]


def _place(reference: str) -> tuple[int, int]:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise _RefusedError(_NOT_EXCEL)
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column - 1
