"""The program in a process of its own that need not start: it is forked from one that has loaded the libraries already.

Streams, environment, working folder, language and exit status are the run's own, as with `python -m secaudit`. What the start itself
decides (the encoding of the locale, the seed of hashes, which module is loaded when) is not seen here: `program.started` shows it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_LOADED = (
    "secaudit.audit.changes",
    "secaudit.audit.flow_query",
    "secaudit.audit.run",
    "secaudit.prefecture.site",
    "secaudit.report.html",
    "secaudit.vendors.cisco_ios",
    "secaudit.vendors.fortios",
    "secaudit.vendors.iptables",
    "secaudit.vendors.nftables",
    "secaudit.vendors.yamaha",
    "jsonschema",
    __name__,
)
"""Nothing of `secaudit.cli`, which looks at the command line when it is loaded."""


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout_seconds: float
) -> tuple[int, bytes, bytes]:
    """Exit status, stdout and stderr. Raises `TimeoutError`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED))
    with tempfile.TemporaryDirectory() as kept:
        streams = (Path(kept, "stdout"), Path(kept, "stderr"))
        process = context.Process(target=_program, args=(list(arguments), folder, dict(environment), streams))
        process.start()
        process.join(timeout_seconds)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{arguments} runs for more than {timeout_seconds} s")
        out, err = (stream.read_bytes() for stream in streams)
        return process.exitcode, out, err


def _program(arguments: list[str], folder: Path, environment: dict[str, str], streams: tuple[Path, Path]) -> None:
    for descriptor, stream in enumerate(streams, start=1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    os.chdir(folder)
    sys.argv = ["secaudit", *arguments]
    from secaudit.cli.main import main

    main()
