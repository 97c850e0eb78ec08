"""Where the data files are, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder of data called `name`: `policies`, `rulesets`, `reports/templates` or `examples`.

    A wheel carries them below `secaudit/_data`; in a checkout they stand beside the package.
    """
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def schema_file(name: str) -> Path:
    """The JSON Schema called `name`, without its ending."""
    return _PACKAGE / "schemas" / f"{name}.schema.json"
