"""The files a new audit folder starts with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent
_SOURCES: Mapping[str, str] = {
    "municipality.yaml": "template.yaml",
    "attestations.yaml": "template-attestations.yaml",
    "exceptions.yaml": "template-exceptions.yaml",
}

TEMPLATE_FILES = tuple(_SOURCES)


def template_text(name: str) -> str:
    """The commented text of one of `TEMPLATE_FILES`; raises `KeyError` for another name."""
    return (_FOLDER / _SOURCES[name]).read_text(encoding="utf-8")
