"""団体コード: the table of guideline 7.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secaudit.municipality.codes import CheckDigitError, check_digit, complete_code, prefectures


@pytest.mark.parametrize(
    "code", ["011002", "131016", "141003", "130001", "232360", "462101", "022039", "014575", "244422", "105228"]
)
def test_known_codes_are_right(code: str) -> None:
    assert complete_code(code) == code
    assert complete_code(code[:5]) == code
    assert str(check_digit(code[:5])) == code[5]


@given(st.integers(0, 99999).map("{:05}".format), st.integers(1, 9))
def test_any_other_check_digit_is_refused(first_five: str, off: int) -> None:
    right = check_digit(first_five)
    with pytest.raises(CheckDigitError) as caught:
        complete_code(f"{first_five}{(right + off) % 10}")
    assert caught.value.expected == f"{first_five}{right}"


@pytest.mark.parametrize("text", ["", "1234", "1234567", "20299x", "-20299", "20 299"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        complete_code(text)


def test_there_are_47_prefectures() -> None:
    assert sorted(prefectures()) == [f"{number:02}" for number in range(1, 48)]
    assert len(set(prefectures().values())) == 47
