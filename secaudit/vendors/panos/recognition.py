"""Is it a configuration of PAN-OS? Clues of each of the three forms (PA-01); several are needed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine

_SCANNED_LINES = 400
_SCANNED_LETTERS = 4000
_Clues = tuple[tuple[re.Pattern[str], int], ...]
_XML: _Clues = (
    (re.compile(r'<config\b[^>]{0,300}\bversion="\d'), 30),
    (re.compile(r'\burldb="'), 30),
    (re.compile(r"<mgt-config\b"), 25),
    (re.compile(r"<deviceconfig\b"), 25),
    (re.compile(r'<entry name="localhost\.localdomain"'), 25),
    (re.compile(r"<devices\b"), 10),
    (re.compile(r"<phash\b"), 15),
    (re.compile(r"<(?:rulebase|pre-rulebase|post-rulebase|vsys|virtual-router|shared)\b"), 10),
)
_SET: _Clues = (
    (re.compile(r"\s*set (?:devices \S+ )?deviceconfig (?:system|setting) "), 35),
    (re.compile(r"\s*set mgt-config (?:users|password-complexity|devices) "), 30),
    (
        re.compile(r"\s*set (?:devices \S+ )?network (?:interface|virtual-router|profiles|ike|tunnel|logical-router) "),
        30,
    ),
    (
        re.compile(
            r"\s*set (?:\S+ \S+ ){0,4}(?:pre-|post-)?rulebase (?:security|nat|pbf|default-security-rules) rules "
        ),
        35,
    ),
    (re.compile(r"\s*set (?:\S+ \S+ ){0,4}zone \S.{0,80} network (?:layer3|layer2|virtual-wire|tap|external)"), 30),
    (re.compile(r"\s*set (?:\S+ \S+ ){0,4}address \S.{0,80} (?:ip-netmask|ip-range|fqdn) "), 15),
    (re.compile(r"\s*set shared "), 10),
    (re.compile(r"\s*set import network interface "), 20),
)
_CURLY: _Clues = (
    (re.compile(r"\s*mgt-config \{"), 30),
    (re.compile(r"\s*deviceconfig \{"), 30),
    (re.compile(r"\s*localhost\.localdomain \{"), 25),
    (re.compile(r"\s*phash "), 15),
    (re.compile(r"\s*(?:rulebase|vsys|virtual-router|shared) \{"), 10),
    (re.compile(r"\s*(?:network|devices) \{"), 10),
    (re.compile(r"\s*(?:layer3|ip-netmask|ike-crypto-profiles|interface-management-profile)\b[^;]{0,100}[{;]"), 10),
)


def score(text: ConfigText) -> int:
    """0 to 100; the best of the three forms."""
    lines = list(_first(text.lines))
    if any(line.startswith("## Last commit") or line.startswith("## Last changed") for line in lines):
        return 0
    return max(_points(lines, clues) for clues in (_XML, _SET, _CURLY))


def _first(lines: Iterable[SourceLine]) -> Iterable[str]:
    seen = 0
    for line in lines:
        stripped = line.text.strip()
        if not stripped:
            continue
        # A picture of a logo in the settings is many lines of letters; they say nothing and do not count.
        if len(stripped) > 40 and " " not in stripped and "<" not in stripped:
            continue
        seen += 1
        if seen > _SCANNED_LINES:
            return
        yield line.text[:_SCANNED_LETTERS]


def _points(lines: Iterable[str], clues: _Clues) -> int:
    left = list(clues)
    points = 0
    for line in lines:
        hit = [
            clue for clue in left if (clue[0].search(line) if line.lstrip().startswith("<") else clue[0].match(line))
        ]
        for clue in hit:
            points += clue[1]
            left.remove(clue)
        if points >= 100:
            return 100
    return points
