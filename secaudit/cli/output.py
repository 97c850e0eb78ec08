"""Where results go: streams that survive a reader who leaves, and folders that are checked before the work begins."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from secaudit.errors import UsageError
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _ReaderMayLeave(io.FileIO):
    """A stream whose reader may go away (`secaudit ... | head`): what it does not want is dropped, and the verdict stays."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def prepare_streams() -> None:
    """Japanese must come out on any console; what a console cannot show is escaped rather than a crash."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue  # closed, or taken by whoever called this in its own process
        if stream.isatty() or stream is not getattr(sys, f"__{name}__"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
            continue
        stream.flush()
        raw = _ReaderMayLeave(stream.fileno(), "w", closefd=False)
        forgiving = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=name == "stderr"
        )
        setattr(sys, name, forgiving)


def flush_results() -> None:
    """Writes out what is still held back. Raises `OSError` when it cannot be written, and then holds nothing back any more."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        # The interpreter would try again at its end and leave with a status of its own.
        sys.stdout = None
        raise


def check_output_folder(out: Path, audited: Path | None = None) -> None:
    """Whether results can go to `out`, before an audit is begun. Raises `UsageError`; makes nothing.

    `audited` is the audit folder: results inside of its `configs/` or `probes/` would be taken for evidence by the next audit.
    """
    choose = Text(ja="書き込める別のフォルダを指定すること。", en="choose another folder, one that can be written to")
    try:
        there = next(one for one in (out, *out.absolute().parents) if os.path.lexists(one))
        if not there.is_dir():
            raise UsageError(Text(ja=f"フォルダではない: {there}", en=f"this is not a folder: {there}"), choose)
        if not os.access(there, os.W_OK | os.X_OK):
            raise UsageError(Text(ja=f"書き込みの権限がない: {there}", en=f"no permission to write to {there}"), choose)
        if audited is not None:
            for name in ("configs", "probes"):
                if out.resolve().is_relative_to((audited / name).resolve()):
                    raise UsageError(
                        Text(
                            ja=f"監査の対象となる {name}/ の中に結果は書けない: {out}",
                            en=f"results cannot go into {name}/, which is audited: {out}",
                        ),
                        choose,
                    )
    except (OSError, ValueError) as error:
        raise UsageError(Text(ja=f"書き込めない場所である: {out}", en=f"{out} cannot be written to"), choose) from error
