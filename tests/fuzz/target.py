"""`python -m tests.fuzz.target READER SEEDS [libFuzzer options]`: fuzzes one reader until it fails or the options end it."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["secaudit.vendors", "secaudit.text"]):
    from secaudit.vendors.registry import readers
    from tests.fuzz.promises import check


def main() -> None:
    """Runs until libFuzzer ends the process."""
    name = sys.argv[1]
    reader = next(one for one in readers() if one.name == name)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], lambda data: check(reader, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
