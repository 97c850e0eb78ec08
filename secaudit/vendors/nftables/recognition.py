"""Recognises nft rulesets by several clues (vendors 0.3)."""

from __future__ import annotations

import re

from secaudit.text.config_text import ConfigText
from secaudit.vendors.clues import any_of

_LINES = 2000
_LONGEST_LINE = 400
_ALONE = 40
"""The most that a single clue is worth."""

_CLUES = tuple(
    (re.compile(pattern), worth)
    for pattern, worth in (
        (r"#!\s*/\S*\bnft\b", 50),
        (r"(?:.*[#$]\s*)?(?:sudo )?nft (?:-\S+ )*list (?:ruleset|table)", 40),
        (r"table (?:ip6?|inet|arp|bridge|netdev) \S+ \{", 45),
        (r"table \S+ \{", 25),
        (r"chain \S+ \{", 25),
        (r".*\btype (?:filter|nat|route) hook (?:prerouting|input|forward|output|postrouting|ingress)\b", 45),
        (r"(?:.*; ?)?policy (?:accept|drop)\s*;?", 10),
        (r"flush ruleset", 30),
        (r"(?:add|insert) rule (?:ip6?|inet|arp|bridge|netdev) \S+ \S+ ", 45),
        (r"(?:add|create) (?:table|chain|set|map) (?:ip6?|inet|arp|bridge|netdev) \S+", 40),
        (
            r"(?:ct state|iifname|oifname|meta l4proto|ip6? [sd]addr|tcp dport|udp dport) .*\b(?:accept|drop|return|reject|jump \S+)\b",
            20,
        ),
        (r"(?:set|map) \S+ \{", 10),
    )
)
_WITHIN = (0, 1, 5, 6)
"""The clues that may stand anywhere in a line; each has one of the next words in it."""
_WITHIN_WORDS = ("nft", " hook ", "policy ")
_ANY_AT_START = any_of(pattern for number, (pattern, _) in enumerate(_CLUES) if number not in _WITHIN)
_OTHERS = re.compile(
    r"(\*(?:filter|nat|mangle|raw)\b|:[A-Z]+ (?:ACCEPT|DROP) \[|-A [A-Z]\w+ |config (?:system|firewall|router)|interface \S|hostname \S+;?$|set (?:security|system) |ip filter \d)"
)


def score(text: ConfigText) -> int:
    """0 (no) to 100 (certain): the worth of all different clues, less what looks like another vendor."""
    found: set[int] = set()
    others: set[str] = set()
    total = seen = 0
    for line in text.lines:
        stripped = " ".join(line.text[:_LONGEST_LINE].split())
        if not stripped:
            continue
        seen += 1
        if seen > _LINES:
            break
        may_be = _ANY_AT_START.match(stripped) is not None or any(word in stripped for word in _WITHIN_WORDS)
        for number, (pattern, worth) in enumerate(_CLUES if may_be else ()):
            if number not in found and pattern.match(stripped):
                found.add(number)
                total += worth
        match = _OTHERS.match(stripped)
        if match is not None:
            others.add(match.group(1).split(" ")[0])
    if len(found) == 1:
        total = min(total, _ALONE)
    return max(0, min(100, total) - 30 * len(others))
