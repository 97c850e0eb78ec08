"""What is undetermined for one and the same want is told once, and nothing of it is lost."""

from __future__ import annotations

import re

from secaudit.report.findings import group
from secaudit.report.gaps import gaps_of
from secaudit.report.html import render_html
from secaudit.rules.result import Outcome
from tests.examples.folders import MIDORI, audited


def test_every_undetermined_result_stands_in_one_place() -> None:
    grouped = group(audited(MIDORI))
    gaps = gaps_of(grouped.all_unknown)
    held = [finding for gap in (*gaps.devices, *gaps.statements, *gaps.settings) for finding in gap.findings]
    numbers = [finding.number for finding in (*held, *gaps.others.full)]
    assert sorted(numbers) == sorted(finding.number for finding in grouped.all_unknown)
    assert {gap.first.result.subject.name for gap in gaps.devices} == {"sw-2f"}
    assert all(gap.needs for gap in (*gaps.devices, *gaps.statements, *gaps.settings))
    assert all(finding.result.outcome is Outcome.UNDETERMINED for finding in held)


def test_the_report_shows_every_number_once() -> None:
    result = audited(MIDORI)
    page = render_html(result)
    anchors = re.findall(r'id="(unknown-\d+)"', page)
    assert sorted(anchors) == sorted(finding.anchor for finding in group(result).all_unknown)
