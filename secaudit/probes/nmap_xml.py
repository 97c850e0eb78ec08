"""nmap's XML as a tree whose elements know their lines, read as the hostile input it is.

Declared entities are refused (they are only good for bombs), nmap's own `<!DOCTYPE nmaprun>` is not: real files have it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secaudit.errors import InputError
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
"""nmap nests at most about ten levels (tables of scripts); deeper is not nmap's."""

_CUT_CODES = frozenset((3, 5, 6, 20))
"""expat: no element found, unclosed token, partial character, unclosed CDATA section. All mean that the text ends too early."""

EXPORT_HINT = Text(
    ja="nmap を「-oX ファイル名」付きで最後まで実行し、できた XML をそのまま提出してください。",
    en='run nmap to its end with "-oX FILE" and submit that XML unchanged.',
)


@dataclass(frozen=True, slots=True)
class NmapDocument:
    """A well-formed nmap file. `lines` tells on which line each element starts."""

    file: str
    data: bytes
    root: Element
    lines: dict[Element, int]

    def line(self, element: Element) -> int:
        """The line on which the element starts, counted from 1."""
        return self.lines[element]

    def source(self, element: Element, text: str) -> SourceLine:
        """The element as evidence, shown as `text`."""
        return SourceLine(self.file, self.line(element), text)

    def wrong(self, element: Element, text: Text) -> InputError:
        """An error at the element."""
        return InputError(text, file=self.file, line=self.line(element), hint=EXPORT_HINT)


def cleaned(text: str | None, limit: int = 80) -> str:
    """Text that a stranger chose (a banner, a host name) made safe to show: one line, no control or direction characters.

    >>> cleaned("OpenSSH\\x1b[2J\\u202e 9.2", 40)
    'OpenSSH [2J 9.2'
    """
    kept = (" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in (text or "")[: limit * 8])
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def read_bytes(path: Path, shown_as: str, limit: int = MAX_BYTES) -> bytes:
    """The file's content. Raises `InputError` when it cannot be read or is larger than `limit` bytes."""
    try:
        if not path.is_file():
            raise InputError(
                Text(ja="通常のファイルではないか、存在しません。", en="this is not a regular file, or it is missing."),
                file=shown_as,
            )
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise InputError(
            Text(ja=f"ファイルを読めません（{error.strerror}）。", en=f"the file cannot be read ({error.strerror})."),
            file=shown_as,
        ) from error
    if len(data) > limit:
        size = limit // (1024 * 1024)
        raise InputError(
            Text(ja=f"ファイルが大きすぎます（上限 {size} MB）。", en=f"the file is too large (limit {size} MB)."),
            file=shown_as,
            hint=Text(
                ja="対象を分けて調査し、ファイルを分割してください。", en="split the scan by target into several files."
            ),
        )
    return data


def parse(data: bytes, shown_as: str) -> NmapDocument:
    """Reads nmap's XML. Raises `InputError` for anything else, with the line where it is known."""
    from xml.etree.ElementTree import ParseError, TreeBuilder

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import XMLParser

    lines: dict[Element, int] = {}

    class LineBuilder(TreeBuilder):
        """Notes the line of every start tag."""

        depth = 0

        def start(self, tag: str, attrs: dict[str, str], /) -> Element:
            self.depth += 1
            line = parser.parser.CurrentLineNumber
            if self.depth > MAX_DEPTH:
                raise _not_nmap(shown_as, line)
            element = super().start(tag, attrs)
            lines[element] = line
            return element

        def end(self, tag: str, /) -> Element:
            self.depth -= 1
            return super().end(tag)

    parser = XMLParser(target=LineBuilder(), forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except ParseError as error:
        raise _unreadable(error.code, error.position[0], data, shown_as) from error
    except DefusedXmlException as error:
        raise InputError(
            Text(
                ja="XML に実体宣言（エンティティ）が含まれています。nmap の出力には無いもので、危険なため読みません。",
                en="the XML declares entities. nmap never writes them and they are dangerous, so the file is not read.",
            ),
            file=shown_as,
            line=parser.parser.CurrentLineNumber,
            hint=EXPORT_HINT,
        ) from error
    except (LookupError, ValueError) as error:
        raise InputError(
            Text(
                ja="XML の文字コードの宣言が正しくありません。", en="the XML declares an encoding that does not exist."
            ),
            file=shown_as,
            line=1,
            hint=EXPORT_HINT,
        ) from error
    if root.tag != "nmaprun" or root.get("scanner") != "nmap":
        raise _not_nmap(shown_as, lines[root])
    return NmapDocument(shown_as, data, root, lines)


def _unreadable(code: int, line: int, data: bytes, shown_as: str) -> InputError:
    if not data.strip():
        return InputError(Text(ja="ファイルが空です。", en="the file is empty."), file=shown_as, hint=EXPORT_HINT)
    if b"<nmaprun" not in data:
        return _not_nmap(shown_as, line)
    if code in _CUT_CODES:
        return InputError(
            Text(
                ja="nmap の XML が途中で切れています。途中までの結果は分離の証拠にできません。",
                en="the nmap XML ends in the middle. A part of a scan is no proof of separation.",
            ),
            file=shown_as,
            line=line,
            hint=EXPORT_HINT,
        )
    return InputError(
        Text(ja="XML として正しくありません。", en="this is not well-formed XML."),
        file=shown_as,
        line=line,
        hint=EXPORT_HINT,
    )


def _not_nmap(shown_as: str, line: int) -> InputError:
    return InputError(
        Text(ja="nmap の XML ファイルではありません。", en="this is not an nmap XML file."),
        file=shown_as,
        line=line,
        hint=EXPORT_HINT,
    )
