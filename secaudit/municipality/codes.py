"""全国地方公共団体コード: six digits, the last of them a check digit (guideline 7.2)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_PREFECTURE_FILE = Path(__file__).with_name("prefectures.json")
_WEIGHTS = (6, 5, 4, 3, 2)
_DIGITS = re.compile(r"[0-9]{5,6}")


class CheckDigitError(ValueError):
    """The sixth digit does not fit the five before; `expected` is the code that would."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(f"the check digit of {code} is wrong; {expected} would be right")
        self.expected = expected


def check_digit(first_five: str) -> int:
    """The check digit: 11 minus the weighted sum modulo 11, its last digit.

    >>> check_digit("01100")
    2
    """
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_five, strict=True))
    return (11 - total % 11) % 10


def complete_code(text: str) -> str:
    """A code as people write it (five or six digits, full-width or not) as six digits.

    Raises `CheckDigitError` for a wrong check digit, `ValueError` for anything that is no code.
    """
    code = unicodedata.normalize("NFKC", text).strip()
    if _DIGITS.fullmatch(code) is None:
        raise ValueError("not five or six digits")
    expected = code[:5] + str(check_digit(code[:5]))
    if len(code) == 6 and code != expected:
        raise CheckDigitError(code, expected)
    return expected


@cache
def prefectures() -> Mapping[str, str]:
    """The names of the 47 prefectures by their two digits (JIS X 0401)."""
    names: Mapping[str, str] = json.loads(_PREFECTURE_FILE.read_text(encoding="utf-8"))
    return names
