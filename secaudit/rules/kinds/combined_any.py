"""`any`: one inner check passes. The logic is in `secaudit.rules.combining`."""

from __future__ import annotations

from functools import partial

from secaudit.rules.combining import combine, demands_of, parse_combination
from secaudit.rules.kind import Kind

KIND = Kind("any", partial(parse_combination, "any"), combine, asks=demands_of)
