"""Bytes of a submitted configuration to masked lines.

Encodings and shapes of file are those seen in the field (`vendors.md` 0.4). Decoding never drops a byte in silence: a byte that
the chosen encoding does not know stays visible as `\\x81`, and a note says so.
"""

from __future__ import annotations

import codecs
import hashlib
import stat
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path

from secaudit.errors import InputError
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.secrets import MASK, mask_line, mask_lines
from secaudit.text.source import SourceLine
from secaudit.text.terminal import Cleaned, Unwrapped, clean, prompt_hosts, unwrap

MAXIMUM_BYTES = 50 * 1024 * 1024

_SAMPLE = 65536
_LISTED_LINES = 5
_MAXIMUM_CONTROL_SHARE = 0.02
_MINIMUM_CONTROLS = 8
_REFUSED_CONTROLS = tuple(chr(code) for code in range(32) if chr(code) not in "\t\r\n\x08\x1b\x0c\x07")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 (BOM)"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32 LE"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32 BE"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE"),
)
_TITLES = {"utf-8": "UTF-8", "cp932": "CP932", "euc_jp": "EUC-JP"}
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_DOCUMENTS = (b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_PROGRAMS = (b"MZ\x90", b"\x7fELF")


def read_config_text(path: Path, shown_as: str) -> ConfigText:
    """Reads a configuration file.

    `shown_as` is the path people know it by (relative to the audit folder); it appears in every line and message.
    Raises `InputError` for a file that is missing, no ordinary file, too large, empty or binary; for nothing else.
    """
    return config_text_from_bytes(read_bytes(path, shown_as), shown_as)


def read_bytes(path: Path, shown_as: str, maximum: int = MAXIMUM_BYTES) -> bytes:
    """The content of an ordinary file of at most `maximum` bytes. Raises `InputError`."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(
                Text(ja="通常のファイルではありません。", en="This is not an ordinary file."),
                file=shown_as,
                hint=Text(
                    ja="フォルダ等ではなく、ファイルそのものを置いてください。",
                    en="Put the file itself here, no folder or device.",
                ),
            )
        if status.st_size > maximum:
            raise _too_large(status.st_size, maximum, shown_as)
        with path.open("rb") as stream:
            data = stream.read(maximum + 1)
    except (OSError, ValueError) as error:
        raise InputError(
            Text(ja="ファイルを読めません。", en="The file cannot be read."),
            file=shown_as,
            hint=_reason(error),
        ) from error
    if len(data) > maximum:
        raise _too_large(len(data), maximum, shown_as)
    return data


def _reason(error: OSError | ValueError) -> Text:
    if isinstance(error, FileNotFoundError):
        return Text(
            ja="ファイルが見つかりません。名前と場所を確かめてください。",
            en="It does not exist; check its name and place.",
        )
    if isinstance(error, PermissionError):
        return Text(ja="読み取りの権限がありません。", en="You are not permitted to read it.")
    return Text(ja="名前と場所、権限を確かめてください。", en="Check its name, place and permissions.")


def _too_large(size: int, maximum: int, shown_as: str) -> InputError:
    megabytes, limit = size / 1024**2, maximum // 1024**2
    return InputError(
        Text(
            ja=f"ファイルが大きすぎます（{megabytes:.1f} MB、上限 {limit} MB）。",
            en=f"The file is too large ({megabytes:.1f} MB; at most {limit} MB).",
        ),
        file=shown_as,
        hint=Text(
            ja="機器の設定だけを書き出したファイルを置いてください（ログや show tech は不要です）。",
            en="Submit the configuration alone, without logs or diagnostic output.",
        ),
    )


def config_text_from_bytes(data: bytes, shown_as: str) -> ConfigText:
    """Decodes, unwraps and masks the bytes of one configuration file. Raises `InputError` only (empty or binary content)."""
    _refuse_known_binary(data, shown_as)
    text, encoding, notes = decode_text(data, shown_as)
    raw, line_notes = _split(text)
    cleaned = clean(raw)
    unwrapped = unwrap(cleaned.lines)
    if not any(line.strip() for line in unwrapped.lines):
        raise InputError(
            Text(ja="ファイルが空です。", en="The file is empty."),
            file=shown_as,
            hint=Text(ja="設定の書き出しをやり直してください。", en="Export the configuration again."),
        )
    masked = mask_lines([line.rstrip(" \t\x00") for line in unwrapped.lines])
    lines = tuple(map(SourceLine, repeat(shown_as), unwrapped.numbers, _mask_cut_secrets(unwrapped, masked.lines)))
    return ConfigText(
        file=shown_as,
        lines=lines,
        encoding=encoding,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        notes=(*notes, *line_notes, *_repairs(cleaned, unwrapped)),
        commands=tuple(SourceLine(shown_as, number, mask_line(typed)) for number, typed in cleaned.prompts.items()),
        pagers=cleaned.waiting,
        hosts=prompt_hosts(raw[number - 1] for number in cleaned.prompts),
    )


def _mask_cut_secrets(unwrapped: Unwrapped, masked: Sequence[str]) -> Sequence[str]:
    """A secret that a terminal cut in two goes on in the next line; that rest is masked as well."""
    if not unwrapped.cut_secrets:
        return masked
    result = list(masked)
    for index in range(1, len(result)):
        cut = unwrapped.numbers[index] in unwrapped.cut_secrets
        if cut and result[index - 1].endswith(MASK) and result[index - 1] != unwrapped.lines[index - 1]:
            result[index] = MASK
    return result


def _refuse_known_binary(data: bytes, shown_as: str) -> None:
    if data.startswith(_ARCHIVES):
        raise _binary(
            shown_as, Text(ja="圧縮を解いてから置いてください。", en="Unpack the archive and submit the files in it.")
        )
    if data.startswith(_DOCUMENTS):
        raise _binary(
            shown_as,
            Text(
                ja="文書や画像ではなく、機器から書き出した設定のテキストを置いてください。",
                en="Submit the text exported from the device, not a document or picture of it.",
            ),
        )
    if data.startswith(_PROGRAMS):
        raise _binary(
            shown_as,
            Text(
                ja="プログラムです。設定ファイルを置いてください。", en="This is a program; submit the configuration."
            ),
        )


def _binary(shown_as: str, hint: Text) -> InputError:
    return InputError(
        Text(ja="テキストではありません（バイナリファイルです）。", en="This is not text but a binary file."),
        file=shown_as,
        hint=hint,
    )


def decode_text(data: bytes, shown_as: str) -> tuple[str, str, list[Text]]:
    """The text, the name of its encoding for people, and notes. Nothing is masked. Raises `InputError` for binary content."""
    for bom, codec, title in _BOMS:
        if data.startswith(bom):
            return (*_decoded(data[len(bom) :], codec, title, shown_as),)
    wide = _utf16_without_bom(data)
    if wide is not None:
        return (*_decoded(data, wide, "UTF-16 LE" if wide.endswith("le") else "UTF-16 BE", shown_as),)
    if data.isascii():
        return (*_decoded(data, "utf-8", "ASCII", shown_as),)
    codec = _japanese_codec(data)
    return (*_decoded(data, codec, _TITLES[codec], shown_as),)


def _decoded(data: bytes, codec: str, title: str, shown_as: str) -> tuple[str, str, list[Text]]:
    notes = []
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        text = data.decode(codec, errors="backslashreplace")
        notes.append(
            Text(
                ja=f"{title} として読めないバイトがあります。\\x81 のように表示します。",
                en=f"Some bytes are not valid {title}; they are shown like \\x81.",
            )
        )
    _refuse_control_characters(text, shown_as)
    return text, title, notes


def _refuse_control_characters(text: str, shown_as: str) -> None:
    sample = text[:_SAMPLE].rstrip("\x00")
    controls = sum(map(sample.count, _REFUSED_CONTROLS))
    if controls > max(_MINIMUM_CONTROLS, len(sample) * _MAXIMUM_CONTROL_SHARE):
        raise _binary(
            shown_as,
            Text(
                ja="設定をテキスト形式で書き出してください。暗号化されたバックアップは読めません。",
                en="Export the configuration as text; an encrypted backup cannot be read.",
            ),
        )


def _utf16_without_bom(data: bytes) -> str | None:
    """UTF-16 shows as a zero in nearly every second byte of ASCII text."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    if half < 4:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


def _japanese_codec(data: bytes) -> str:
    """Strict UTF-8 first; of CP932 and EUC-JP the one that decodes, or that gives the likelier Japanese."""
    if _decodes(data, "utf-8"):
        return "utf-8"
    fits = [codec for codec in ("cp932", "euc_jp") if _decodes(data, codec)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        return max(fits, key=lambda codec: _likelihood(_non_ascii_lines(data).decode(codec, errors="replace")))
    # Damaged somewhere: the encoding that most lines agree on.
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    counts = {codec: sum(_decodes(line, codec) for line in lines) for codec in _TITLES}
    return max(counts, key=lambda codec: counts[codec])


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _non_ascii_lines(data: bytes) -> bytes:
    return b"\n".join(line for line in data.split(b"\n") if not line.isascii())[:_SAMPLE]


def _likelihood(text: str) -> float:
    """How much a text looks like Japanese as people write it, per character.

    Wrongly read as CP932, EUC-JP turns into half-width katakana; wrongly read as EUC-JP, half-width katakana turn into rare kanji.
    """
    score = 0.0
    count = 0
    for character in text:
        code = ord(character)
        if code < 0x80:
            continue
        count += 1
        if 0x3040 <= code <= 0x30FF or character in "、。「」（）・：":
            score += 2
        elif 0xFF61 <= code <= 0xFF9F:
            score += 0.2 if code >= 0xFF66 else -1
        elif 0x4E00 <= code <= 0x9FFF:
            score += 1 if _is_common_kanji(character) else -0.5
        elif 0xFF01 <= code <= 0xFF5E:
            score += 1
        elif code < 0xA0 or 0xE000 <= code <= 0xF8FF or code == 0xFFFD:
            score -= 5
    return score / count if count else 0.0


def _is_common_kanji(character: str) -> bool:
    """Kanji of JIS level 1 (rows 16 to 47) are the common ones."""
    encoded = character.encode("euc_jp", errors="replace")
    return len(encoded) == 2 and 0xB0 <= encoded[0] <= 0xCF


def _split(text: str) -> tuple[list[str], list[Text]]:
    """Lines as an editor numbers them: CRLF and LF end a line; a lone CR does so only in a file that uses it for that."""
    notes = []
    padding = len(text) - len(text.rstrip("\x00"))
    if padding:
        notes.append(
            Text(ja=f"末尾の NUL {padding} 文字を除きました。", en=f"Removed {padding} NUL characters at the end.")
        )
        text = text[: len(text) - padding]
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\r" in text and text.count("\r") > text.count("\n"):
        text = text.replace("\r", "\n")
    parts = text.replace("\x00", "").split("\n")
    if parts and not parts[-1]:
        parts.pop()
    return parts, notes


def _repairs(cleaned: Cleaned, unwrapped: Unwrapped) -> list[Text]:
    notes = []
    for numbers, ja, en in (
        (cleaned.pagers, "ページ送りの表示を除きました", "Removed what a pager left"),
        (tuple(cleaned.prompts), "端末のプロンプトを除きました", "Removed terminal prompts"),
        (
            cleaned.escapes,
            "制御文字を除くか、見える文字に置き換えました",
            "Removed control characters or made them visible",
        ),
        (
            unwrapped.joined,
            "80桁で折り返された行を前の行につなぎました",
            "Joined lines cut at 80 columns to the line before",
        ),
        (
            unwrapped.suspects,
            "ちょうど端末の幅で終わり、途中で切れている可能性があります",
            "Lines as wide as the terminal may have been cut",
        ),
    ):
        if numbers:
            notes.append(Text(ja=f"{ja}（{_listed_ja(numbers)}）。", en=f"{en} ({_listed_en(numbers)})."))
    return notes


def _listed_ja(numbers: Sequence[int]) -> str:
    listed = "、".join(str(number) for number in numbers[:_LISTED_LINES])
    return f"行 {listed}" + (f" ほか計{len(numbers)}行" if len(numbers) > _LISTED_LINES else "")


def _listed_en(numbers: Sequence[int]) -> str:
    listed = ", ".join(str(number) for number in numbers[:_LISTED_LINES])
    more = f" and others, {len(numbers)} in all" if len(numbers) > _LISTED_LINES else ""
    return f"line{'s' if len(numbers) > 1 else ''} {listed}{more}"
