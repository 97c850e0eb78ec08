"""Test points of guideline 7.7, and the forms people write."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secaudit.text.dates import fiscal_year, in_japanese_era, parse_date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-04-01", "2026-04-01"),
        ("2026/4/1", "2026-04-01"),
        ("2026年4月1日", "2026-04-01"),
        ("令和8年4月1日", "2026-04-01"),
        ("令和８年４月１日", "2026-04-01"),
        (" 令和 8 年 4 月 1 日 ", "2026-04-01"),
        ("R8.4.1", "2026-04-01"),
        ("r8.4.1", "2026-04-01"),
        ("Ｒ８．４．１", "2026-04-01"),
        ("R8/4/1", "2026-04-01"),
        ("㋿8年4月1日", "2026-04-01"),
        ("平成31年4月30日", "2019-04-30"),
        ("H31.4.30", "2019-04-30"),
        ("令和元年5月1日", "2019-05-01"),
        ("令和1年5月1日", "2019-05-01"),
        ("R1.5.1", "2019-05-01"),
        ("平成元年1月8日", "1989-01-08"),
        ("令和9年7月1日", "2027-07-01"),
    ],
)
def test_both_calendars_are_read(text: str, date: str) -> None:
    assert parse_date(text) == datetime.date.fromisoformat(date)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "soon",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "26-04-01",
            "20260401",
            "令和8年4月31日",
            "令和0年5月1日",
            "令和8年4月",
        ),
        *(
            "平成31年5月1日",
            "令和元年4月30日",
            "昭和64年1月7日",
            "R8.4",
            "2026-04-01T00:00",
            "8.4.1",
            "令和" + "9" * 500 + "年1月1日",
        ),
        "2026-04-01-",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_date(text)


@pytest.mark.parametrize(
    ("date", "text"),
    [
        ("2019-04-30", "平成31年4月30日"),
        ("2019-05-01", "令和元年5月1日"),
        ("2020-01-01", "令和2年1月1日"),
        ("2027-07-01", "令和9年7月1日"),
        ("1989-01-07", "1989年1月7日"),
    ],
)
def test_dates_are_written_as_reports_write_them(date: str, text: str) -> None:
    assert in_japanese_era(datetime.date.fromisoformat(date)) == text


@pytest.mark.parametrize(
    ("date", "year"), [("2026-03-31", 2025), ("2026-04-01", 2026), ("2027-01-01", 2026), ("2026-12-31", 2026)]
)
def test_a_fiscal_year_begins_in_april(date: str, year: int) -> None:
    assert fiscal_year(datetime.date.fromisoformat(date)) == year


@given(st.dates(min_value=datetime.date(1000, 1, 1), max_value=datetime.date(2117, 12, 31)))
def test_what_is_written_can_be_read_again(date: datetime.date) -> None:
    assert parse_date(in_japanese_era(date)) == date
    assert parse_date(date.isoformat()) == date


@given(st.text(max_size=40))
def test_no_text_raises_anything_but_value_error(text: str) -> None:
    try:
        parse_date(text)
    except ValueError:
        return
