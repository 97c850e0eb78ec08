"""The formats a report can be written in.

One module of `secaudit.report.writers` a format, each with a `WRITER`; a package of somebody else adds one by an entry
point of the group `secaudit.report_formats`. Nothing else has to be edited.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Protocol, cast

from secaudit.audit.result import AuditResult
from secaudit.errors import UsageError
from secaudit.report import writers
from secaudit.text.bilingual import Language, Text

ENTRY_POINTS = "secaudit.report_formats"


class Writer(Protocol):
    """A report format. `name` is what `--format` takes, `suffix` the ending of the file, with its dot."""

    name: str
    suffix: str
    title: Text

    def write(self, result: AuditResult, language: Language) -> str:
        """The whole content of the file; the same result gives the same text. It is written as UTF-8."""
        ...


@cache
def formats() -> Mapping[str, Writer]:
    """Every format by its name, ours first; a foreign one cannot take the name of ours."""
    modules = sorted(module.name for module in pkgutil.iter_modules(writers.__path__, f"{writers.__name__}."))
    found = [cast(Writer, importlib.import_module(name).WRITER) for name in modules]
    found += [
        cast(Writer, point.load())
        for point in sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    ]
    result: dict[str, Writer] = {}
    for writer in found:
        result.setdefault(writer.name, writer)
    return result


def writer_for(name: str) -> Writer:
    """The format called `name`. Raises `UsageError` naming those that exist."""
    try:
        return formats()[name]
    except KeyError:
        known = ", ".join(formats())
        raise UsageError(
            Text(ja=f"報告書の形式 {name!r} はない", en=f"there is no report format {name!r}"),
            Text(ja=f"使える形式: {known}", en=f"formats: {known}"),
        ) from None
