"""Reading files that may be anything, and writing files so that a failure never leaves half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from secaudit.errors import InputError, UsageError
from secaudit.text.bilingual import Text


def read_text(path: Path, shown_as: str, limit_bytes: int, encodings: Sequence[str] = ("utf-8-sig",)) -> str:
    """The text of a file of at most `limit_bytes`, in the first of `encodings` that fits (a UTF-8 byte order mark is dropped).

    `shown_as` is the file as the user knows it. Raises `InputError` when it cannot be read, is too large, or fits none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(
            Text(ja=f"読めません（{reason}）", en=f"it cannot be read ({reason})"), file=shown_as
        ) from error
    if len(data) > limit_bytes:
        megabytes = limit_bytes // 1024 // 1024
        raise InputError(
            Text(ja=f"大きすぎます（{megabytes} MB まで）", en=f"it is too large (at most {megabytes} MB)"),
            file=shown_as,
        )
    for encoding in encodings:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding)
    names = "・".join(encodings).replace("-sig", "")
    raise InputError(Text(ja=f"文字コードが {names} ではありません", en=f"it is not encoded in {names}"), file=shown_as)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a whole file, or nothing: readers see the old content or the new one, never a part.

    Text is written as UTF-8 with the line ends it has, on every system, so that equal results are equal bytes. Missing
    folders are made. The new file gets the permissions a newly made file gets; a symbolic link is replaced, not followed.
    Raises `UsageError` when the place cannot be written to; what was there before is then unchanged.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    # Same folder, so that the rename stays on one file system; the random part keeps two runs apart.
    temporary = path.parent / f".{path.name[:100]}.{secrets.token_hex(6)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with _remove_on_failure(temporary):
            # "x" refuses to follow a link that somebody else has laid at the temporary name.
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error


@contextlib.contextmanager
def _remove_on_failure(temporary: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _cannot_write(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or type(error).__name__
    return UsageError(
        Text(ja=f"{path} に書き込めません（{reason}）", en=f"{path} cannot be written ({reason})"),
        Text(
            ja="書き込みのできるフォルダを指定し、空き容量を確かめてください。元のファイルは変更していません。",
            en="choose a folder that can be written to and check the free space; what was there is unchanged",
        ),
    )
