"""Dates in the Western and in the Japanese calendar (guideline 7.7)."""

from __future__ import annotations

import datetime
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Era:
    name: str
    letter: str
    first_day: datetime.date
    last_day: datetime.date

    @property
    def offset(self) -> int:
        """Western year minus year of the era."""
        return self.first_day.year - 1


_ERAS = (
    _Era("令和", "R", datetime.date(2019, 5, 1), datetime.date.max),
    _Era("平成", "H", datetime.date(1989, 1, 8), datetime.date(2019, 4, 30)),
)
JAPAN = datetime.timezone(datetime.timedelta(hours=9), "JST")
_FISCAL_YEAR_FIRST_MONTH = 4
_LONGEST = 32

_WESTERN = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)"
)
_JAPANESE = re.compile(
    r"(令和|平成)([0-9]{1,2}|元)年([0-9]{1,2})月([0-9]{1,2})日|([RH])([0-9]{1,2}|元)[./-]([0-9]{1,2})[./-]([0-9]{1,2})"
)


def parse_date(text: str) -> datetime.date:
    """A date as people write it: `2026-04-01`, `2026年4月1日`, `令和8年4月1日`, `令和８年４月１日`, `R8.4.1`, `平成31年4月30日`, `令和元年5月1日`.

    Raises `ValueError` for anything else, for a day that does not exist, and for a day outside of its era.

    >>> parse_date("令和8年4月1日")
    datetime.date(2026, 4, 1)
    """
    if len(text) > _LONGEST:
        raise ValueError("too long for a date")
    compact = "".join(unicodedata.normalize("NFKC", text).split())
    western = _WESTERN.fullmatch(compact)
    if western is not None:
        year, month, day = (int(part) for part in western.groups() if part is not None)
        return datetime.date(year, month, day)
    japanese = _JAPANESE.fullmatch(compact[:1].upper() + compact[1:])
    if japanese is None:
        raise ValueError("not a date")
    mark, year_text, month_text, day_text = (part for part in japanese.groups() if part is not None)
    era = next(era for era in _ERAS if mark in (era.name, era.letter))
    year_of_era = 1 if year_text == "元" else int(year_text)
    if year_of_era == 0:
        raise ValueError("an era has no year 0")
    date = datetime.date(era.offset + year_of_era, int(month_text), int(day_text))
    if not era.first_day <= date <= era.last_day:
        raise ValueError(f"{date.isoformat()} is not in the era {era.name}")
    return date


def today_in_japan() -> datetime.date:
    """The day that it is in Japan, wherever the program runs: all dates that people write are Japan's."""
    return datetime.datetime.now(JAPAN).date()


def in_japanese_era(date: datetime.date) -> str:
    """The date as reports write it; a day before 平成 keeps its Western year.

    >>> in_japanese_era(datetime.date(2019, 5, 1))
    '令和元年5月1日'
    """
    for era in _ERAS:
        if date >= era.first_day:
            year = date.year - era.offset
            return f"{era.name}{'元' if year == 1 else year}年{date.month}月{date.day}日"
    return f"{date.year}年{date.month}月{date.day}日"


def fiscal_year(date: datetime.date) -> int:
    """The 年度 of a date as a Western year: 1 April to 31 March.

    >>> fiscal_year(datetime.date(2026, 3, 31))
    2025
    """
    return date.year if date.month >= _FISCAL_YEAR_FIRST_MONTH else date.year - 1
