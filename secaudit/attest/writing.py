"""Adding answers to `attestations.yaml`: behind what is there, byte for byte as it was, with its comments and its layout.

The whole new file is read again before it takes the old one's place: unless it says exactly what the old one said and the new answers
besides, nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from secaudit.attest.answers import Draft
from secaudit.errors import InputError
from secaudit.files import write_atomically
from secaudit.municipality.folder import FolderFiles
from secaudit.rules.statements import ATTESTATIONS_FILE
from secaudit.text.bilingual import Text
from secaudit.text.decoding import decode_text, read_bytes
from secaudit.text.yaml_document import YamlDocument, YamlValue
from secaudit.text.yaml_reader import MAXIMUM_BYTES, yaml_of_bytes
from secaudit.text.yaml_schema import check_schema

_SCHEMA = "attestations"
_KEY = "attestations"
_NEW_FILE = b"attestations:\n"
_CODECS = {
    "CP932": "cp932",
    "EUC-JP": "euc_jp",
    "UTF-16 LE": "utf-16-le",
    "UTF-16 BE": "utf-16-be",
    "UTF-32 LE": "utf-32-le",
    "UTF-32 BE": "utf-32-be",
}
"""By the name that decoding gives them; all others are UTF-8."""
_EMPTY_VALUE = re.compile(
    r"^(attestations[ \t]*:)[ \t]*(?:\[[ \t]*\]|null|~)(?=[ \t]*(?:#[^\r\n]*)?\r?$)", re.MULTILINE
)
_DASH = re.compile(r"( *)-(?:\s|$)")
_OUR_ID = re.compile(r"AT-([0-9]{1,9})")
_PLAIN = re.compile(
    r"[^\W\d_][\w、。・（）「」～：％／！？-]*(?: [\w、。・（）「」～：％／！？][\w、。・（）「」～：％／！？-]*)*"
)
_WORDS_OF_YAML = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def append_answers(root: Path, drafts: Sequence[Draft]) -> tuple[str, ...]:
    """Adds statements and returns their ids. Raises `InputError` when the file cannot take them; then it is as it was."""
    if not drafts:
        return ()
    files = FolderFiles(root)
    there = files.exists(ATTESTATIONS_FILE)
    target = files.path_of(ATTESTATIONS_FILE).resolve() if there else root / ATTESTATIONS_FILE
    data = read_bytes(target, ATTESTATIONS_FILE, MAXIMUM_BYTES) if there else _NEW_FILE
    old = yaml_of_bytes(data or _NEW_FILE, ATTESTATIONS_FILE)
    check_schema(old, _SCHEMA)
    held = _entries(old)
    ids = _free_ids(held, len(drafts))
    entries = [_entry(id_, draft) for id_, draft in zip(ids, drafts, strict=True)]
    changed = _appended(data or _NEW_FILE, old, entries)
    _check(changed, [*held, *entries])
    write_atomically(target, changed)
    return ids


def _entries(document: YamlDocument) -> list[YamlValue]:
    held = document.data.get(_KEY) if isinstance(document.data, dict) else None
    return held if isinstance(held, list) else []


def _free_ids(held: Iterable[YamlValue], count: int) -> tuple[str, ...]:
    taken = {str(entry["id"]) for entry in held if isinstance(entry, dict)}
    numbers = [int(match[1]) for match in map(_OUR_ID.fullmatch, taken) if match is not None]
    first = max(numbers, default=0) + 1
    return tuple(f"AT-{number:03}" for number in range(first, first + count))


def _entry(id_: str, draft: Draft) -> dict[str, YamlValue]:
    """What is written, in the order in which it is."""
    entry: dict[str, YamlValue] = {
        "id": id_,
        "subject": draft.subject,
        "answer": draft.answer,
        "statement": draft.statement,
        "stated_by": draft.stated_by,
        "role": draft.role,
        "stated_on": draft.stated_on.isoformat(),
    }
    if draft.valid_until is not None:
        entry["valid_until"] = draft.valid_until.isoformat()
    if draft.document is not None:
        entry["document"] = draft.document
    if draft.document_sha256 is not None:
        entry["document_sha256"] = draft.document_sha256
    if draft.items:
        entry["items"] = dict(draft.items)
    return entry


def _appended(data: bytes, old: YamlDocument, entries: Sequence[dict[str, YamlValue]]) -> bytes:
    text, title, _ = decode_text(data, ATTESTATIONS_FILE)
    codec = _CODECS.get(title, "utf-8")
    without = _EMPTY_VALUE.sub(r"\1", text, count=1) if not _entries(old) else text
    if without != text:
        mark = data[: len(data) - len(text.encode(codec))]
        if mark + text.encode(codec) != data:  # bytes that the encoding does not know would be lost
            raise _not_appendable(old.line_of((_KEY,)))
        data, text = mark + without.encode(codec), without
    line_end = "\r\n" if "\r\n" in text else "\n"
    indent = _indent(old)
    lines = [line for entry in entries for line in _lines(entry, indent, codec)]
    glue = "" if text.endswith(("\n", "\r")) or not text else line_end
    return data + (glue + line_end.join(lines) + line_end).encode(codec)


def _indent(old: YamlDocument) -> str:
    """How far the dashes of the entries stand to the right, so that new ones stand below them."""
    if not _entries(old):
        return "  "
    first = old.line_of((_KEY, 0))
    for line in reversed(old.text_lines[:first]):
        dash = _DASH.match(line)
        if dash is not None:
            return dash[1]
    raise _not_appendable(first)


def _lines(entry: dict[str, YamlValue], indent: str, codec: str) -> list[str]:
    lines: list[str] = []
    for key, value in entry.items():
        lead = f"{indent}- " if not lines else f"{indent}  "
        if isinstance(value, dict):
            lines.append(f"{lead}{key}:")
            lines += [f"{lead}  {_scalar(name, codec)}: {_scalar(str(item), codec)}" for name, item in value.items()]
        else:
            plain = key in ("id", "subject", "answer", "role", "stated_on", "valid_until", "document_sha256")
            lines.append(f"{lead}{key}: {value if plain and _stays_text(str(value)) else _scalar(str(value), codec)}")
    return lines


def _stays_text(value: str) -> bool:
    """Whether YAML reads a word of ours as text without quotes; a digest of nothing but digits would be a number."""
    return not value.isdigit()


def _scalar(text: str, codec: str) -> str:
    """A word as YAML, bare where that is plainly the same, else quoted with every other character escaped."""
    if text in ("yes", "no", "partly"):
        return text
    bare = _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS_OF_YAML
    if bare and _encodable(text, codec):
        return text
    return '"' + "".join(_character(one, codec) for one in text) + '"'


def _character(one: str, codec: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    if (one.isprintable() or one == "\u3000") and _encodable(one, codec):
        return one
    code = ord(one)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _encodable(text: str, codec: str) -> bool:
    try:
        return text.encode(codec).decode(codec) == text
    except UnicodeError:
        return False


def _check(changed: bytes, wanted: Sequence[YamlValue]) -> None:
    try:
        new = yaml_of_bytes(changed, ATTESTATIONS_FILE)
        check_schema(new, _SCHEMA)
    except InputError as error:
        raise _not_appendable(error.line) from error
    if len(changed) > MAXIMUM_BYTES or _entries(new) != list(wanted):
        raise _not_appendable(None)


def _not_appendable(line: int | None) -> InputError:
    return InputError(
        Text(
            ja="この書き方のファイルには申告を書き足せない。ファイルは変更していない。",
            en="Answers cannot be added to a file that is written like this; it is unchanged.",
        ),
        file=ATTESTATIONS_FILE,
        line=line,
        hint=Text(
            ja="attestations: の下に「- 」で始まる行で1件ずつ書き、[ ] や { } の書き方、末尾の ... をやめる（5000件、4 MB まで）。",
            en="Write one statement after the other with `- ` below `attestations:`, without [ ] or { } and without a final `...` (at most 5,000 and 4 MB).",
        ),
    )
