"""YAML that people write: safe, strict, and with the line of every key.

A small part of YAML is accepted: mappings with words as keys, lists, words, whole and decimal numbers, `true`/`false`. Dates, `yes`,
`012025` and `00:00:5e:00:53:01` stay the text they are. Anchors, aliases, merge keys, tags, duplicate keys and several
documents in one file are refused: they hide what a file says, or let a few bytes grow without bound.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import yaml

from secaudit.errors import InputError
from secaudit.text.bilingual import Text
from secaudit.text.decoding import decode_text, read_bytes
from secaudit.text.yaml_document import KeyPath, Scalar, YamlDocument, YamlValue, dotted, shown
from secaudit.text.yaml_schema import check_schema

MAXIMUM_BYTES = 4 * 1024 * 1024
MAXIMUM_DEPTH = 24
MAXIMUM_NODES = 400_000


_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_WORDS: Mapping[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}


def load_yaml(path: Path, shown_as: str, schema_name: str, maximum_bytes: int = MAXIMUM_BYTES) -> YamlDocument:
    """Reads a YAML file and checks it against `secaudit/schemas/SCHEMA_NAME.schema.json`.

    Raises `InputError` for the first mistake, with file, line, dotted field and a suggestion; its hint lists the others.
    """
    document = read_yaml(path, shown_as, maximum_bytes)
    if document.data is None:
        raise InputError(
            Text(ja="ファイルに何も書かれていません。", en="The file says nothing."),
            file=shown_as,
            hint=Text(ja="ひな形に沿って記入してください。", en="Fill in the template."),
        )
    check_schema(document, schema_name)
    return document


def read_yaml(path: Path, shown_as: str, maximum_bytes: int = MAXIMUM_BYTES) -> YamlDocument:
    """Reads a YAML file without looking at its meaning. Raises `InputError` with the line."""
    return yaml_of_bytes(read_bytes(path, shown_as, maximum_bytes), shown_as)


def yaml_of_bytes(data: bytes, shown_as: str) -> YamlDocument:
    """The content of a YAML file as a document. Raises `InputError` with the line."""
    try:
        text, _, _ = decode_text(data, shown_as)
    except InputError as error:
        raise InputError(error.text, file=shown_as, hint=_PLAIN_TEXT) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    builder = _Builder(shown_as, text)
    try:
        value = builder.build()
    except yaml.YAMLError as error:
        raise _syntax_error(error, shown_as, text) from error
    return YamlDocument(
        file=shown_as,
        data=value,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        text_lines=tuple(text.split("\n")),
        lines=builder.lines,
    )


_TOO_DEEP = Text(
    ja=f"入れ子が深すぎるか、項目が多すぎます（上限: 深さ {MAXIMUM_DEPTH}、{MAXIMUM_NODES} 項目）。",
    en=f"Nested too deeply or too long (at most {MAXIMUM_DEPTH} levels and {MAXIMUM_NODES} items).",
)
_AS_THE_TEMPLATE = Text(ja="ひな形の形に合わせて書き直してください。", en="Follow the shape of the template.")
_PLAIN_TEXT = Text(
    ja="メモ帳などのテキストエディタで UTF-8 として保存し直してください。",
    en="Save it again as UTF-8 with a text editor.",
)
_NO_ANCHORS = Text(
    ja="同じ内容でも、もう一度そのまま書いてください。記号で始まる語は引用符で囲みます。",
    en="Write the content out again; put a word that begins with a sign between quotes.",
)


class _Builder:
    """Builds data from the parser's events, so that every limit holds while reading and not afterwards."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._nodes = 0
        self.lines: dict[KeyPath, int] = {}

    def build(self) -> YamlValue:
        loader = yaml.CSafeLoader(self._text)
        try:
            return self._document(loader)
        finally:
            loader.dispose()

    def _document(self, loader: yaml.CSafeLoader) -> YamlValue:
        value: YamlValue = None
        documents = 0
        while True:
            event = _next(loader)
            if isinstance(event, yaml.StreamEndEvent):
                return value
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(
                        event,
                        Text(
                            ja="一つのファイルに文書が二つ以上あります（`---`）。",
                            en="There are several documents in one file (`---`).",
                        ),
                        Text(
                            ja="`---` の行から後ろを別のファイルにしてください。",
                            en="Move what follows `---` to a file of its own.",
                        ),
                    )
            elif isinstance(event, yaml.NodeEvent):
                value = self._node(loader, event, ())

    def _node(self, loader: yaml.CSafeLoader, event: yaml.Event, path: KeyPath) -> YamlValue:
        self._check(event, path)
        self.lines.setdefault(path, _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[YamlValue] = []
            while not isinstance(event := _next(loader), yaml.SequenceEndEvent):
                items.append(self._node(loader, event, (*path, len(items))))
            return items
        return self._mapping(loader, path)

    def _mapping(self, loader: yaml.CSafeLoader, path: KeyPath) -> dict[str, YamlValue]:
        mapping: dict[str, YamlValue] = {}
        while not isinstance(event := _next(loader), yaml.MappingEndEvent):
            self._check(event, path)
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, Text(ja="キーは一つの語でなければなりません。", en="A key must be one word."), None)
            key = str(event.value)
            line = _line(event)
            if key == "<<":
                self._refuse(
                    event,
                    Text(ja="マージキー `<<` は使えません。", en="Merge keys `<<` are not accepted."),
                    _NO_ANCHORS,
                )
            if key in mapping:
                first = self.lines[(*path, key)]
                self._refuse(
                    event,
                    Text(
                        ja=f"キー「{shown(key)}」が二度書かれています（最初は {first} 行目）。",
                        en=f"The key `{shown(key)}` is written twice (first in line {first}).",
                    ),
                    Text(ja="一つにまとめてください。", en="Keep one of them."),
                    (*path, key),
                )
            self.lines[(*path, key)] = line
            mapping[key] = self._node(loader, _next(loader), (*path, key))
        return mapping

    def _check(self, event: yaml.Event, path: KeyPath) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(
                event, Text(ja="別名（`*`）は使えません。", en="Aliases (`*`) are not accepted."), _NO_ANCHORS, path
            )
        if getattr(event, "anchor", None) is not None:
            self._refuse(
                event, Text(ja="アンカー（`&`）は使えません。", en="Anchors (`&`) are not accepted."), _NO_ANCHORS, path
            )
        if getattr(event, "tag", None) is not None:
            self._refuse(
                event, Text(ja="タグ（`!`）は使えません。", en="Tags (`!`) are not accepted."), _NO_ANCHORS, path
            )
        self._nodes += 1
        if self._nodes > MAXIMUM_NODES or len(path) > MAXIMUM_DEPTH:
            self._refuse(
                event,
                _TOO_DEEP,
                _AS_THE_TEMPLATE,
            )

    def _refuse(self, event: yaml.Event, text: Text, hint: Text | None, path: KeyPath = ()) -> NoReturn:
        raise InputError(text, file=self._file, line=_line(event), field=dotted(path) or None, hint=hint)


def _next(loader: yaml.CSafeLoader) -> yaml.Event:
    event = loader.get_event()
    assert isinstance(event, yaml.Event), "the parser ends with a stream end"
    return event


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else mark.line + 1


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    text = str(event.value)
    if event.style not in (None, ""):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _syntax_error(error: yaml.YAMLError, file: str, text: str) -> InputError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = None if mark is None else min(mark.line + 1, text.count("\n") + 1)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    if "nesting depth" in problem:  # newer parsers stop before we count
        return InputError(_TOO_DEEP, file=file, line=line, hint=_AS_THE_TEMPLATE)
    return InputError(
        Text(
            ja=f"YAML として読めません（{shown(problem)}）。",
            en=f"This is not valid YAML ({shown(problem)}).",
        ),
        file=file,
        line=line,
        hint=_syntax_hint(text, line),
    )


def _syntax_hint(text: str, line: int | None) -> Text:
    """What people in front of a Japanese keyboard get wrong most often."""
    lines = text.split("\n")
    near = lines[max(line - 2, 0) : line] if line is not None else lines[:1]
    if any("\t" in part for part in near):
        return Text(ja="字下げにタブは使えません。半角の空白にしてください。", en="Indent with blanks, not with tabs.")
    if any("\u3000" in part or "：" in part for part in near):
        return Text(
            ja="全角の空白やコロン（：）があります。半角の空白とコロン（: ）にしてください。",
            en="There is a full-width blank or colon; use plain ones (`: `).",
        )
    return Text(
        ja="この行と一つ前の行の字下げ、コロンの後の空白、引用符の閉じ忘れを確かめてください。",
        en="Check the indentation of this line and the one before, the blank after a colon, and closing quotes.",
    )
