"""How templates are filled in: everything escaped, nothing undefined, in one language."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from secaudit.locations import data_folder
from secaudit.report import words
from secaudit.report.wrapping import visible
from secaudit.text.bilingual import Language, Text
from secaudit.text.dates import in_japanese_era


@cache
def environment(language: Language) -> Environment:
    """The templates of `reports/templates` for one language.

    In a template `t("日本語", "English")` is a sentence of its own, `say` chooses from a `Text`, `word` names a code.
    """
    result = Environment(
        loader=FileSystemLoader(data_folder("reports/templates"), encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def word(code: str, table: Mapping[str, Text]) -> str:
        return words.named(table, code).in_(language)

    result.globals |= {
        "language": language.value,
        "words": words,
        "t": lambda ja, en: ja if language is Language.JA else en,
    }
    result.filters |= {
        "say": lambda text: text.in_(language),
        "word": word,
        "full_date": lambda date: full_date(date, language),
        "short_date": lambda date: short_date(date, language),
        "percent": percent,
        "number": lambda number: f"{number:,}",
    }
    return result


def percent(share: float | None) -> str:
    """A rate with one decimal, rounded down: what is not quite everything never reads 100.

    >>> percent(0.9999)
    '99.9 %'
    """
    if share is None:
        return "－"
    # The small addition undoes the error of fractions such as 0.29 * 1000 = 289.99999.
    return f"{math.floor(share * 1000 + 1e-6) / 10:.1f} %"


def full_date(date: datetime.date, language: Language) -> str:
    """The date in both calendars in Japanese, and as a person writes it in English.

    >>> full_date(datetime.date(2026, 4, 1), Language.JA)
    '令和8年4月1日（2026年4月1日）'
    """
    if language is Language.JA:
        return f"{in_japanese_era(date)}（{date.year}年{date.month}月{date.day}日）"
    # Not strftime: its month names follow the locale of the machine.
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def short_date(date: datetime.date, language: Language) -> str:
    """For tables: 和暦 in Japanese, ISO in English."""
    return in_japanese_era(date) if language is Language.JA else date.isoformat()


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _finalize(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
