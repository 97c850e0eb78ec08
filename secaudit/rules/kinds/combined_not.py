"""`not`: the inner check fails. The logic is in `secaudit.rules.combining`."""

from __future__ import annotations

from functools import partial

from secaudit.rules.combining import combine, demands_of, parse_combination
from secaudit.rules.kind import Kind

KIND = Kind("not", partial(parse_combination, "not"), combine, asks=demands_of)
