"""Recognises a YAMAHA router's configuration by several clues (vendors 0.3)."""

from __future__ import annotations

import re

from secaudit.text.config_text import ConfigText
from secaudit.vendors.clues import any_of

_LINES = 200
"""Non-blank lines that are looked at."""
_LONGEST_LINE = 400
_ALONE = 20
"""The most that a single clue is worth."""

_HEADERS = (
    (re.compile(r"#\s*(RTX|NVR|FWX|RTV|RT\d|SRT|vRX|N\d{3,4})\S*\s+Rev\.\d", re.IGNORECASE), 60),
    (re.compile(r"#\s*MAC Address\s*:", re.IGNORECASE), 20),
    (re.compile(r"#\s*main:\s+(RTX|NVR|FWX|SRT|vRX)", re.IGNORECASE), 20),
)
_COMMANDS = tuple(
    (re.compile(pattern, re.IGNORECASE), worth)
    for pattern, worth in (
        (r"(no )?ip(v6)? (lan\d\S*|vlan\d+|bridge\d|wan1) (address|secure filter|nat descriptor|mtu|secondary)\b", 25),
        (r"ip(v6)? (pp|tunnel|tunnel\d+) (address|secure filter|nat descriptor|mtu|tcp)\b", 25),
        (r"ip(v6)? filter \d+ (pass|reject|restrict)(-log|-nolog)? ", 30),
        (r"ip(v6)? filter dynamic \d+ ", 20),
        (r"(pp|tunnel) select (\d+|anonymous|none)$", 30),
        (r"nat descriptor (type|address|masquerade|static) ", 30),
        (r"ip(v6)? route \S+ gateway (pp|tunnel|dhcp|null|\d)", 20),
        (r"ipsec (tunnel|sa policy|ike (pre-shared-key|remote address|local address)) \d", 20),
        (r"vlan (lan\d/\d+ 802\.1q|port mapping lan)", 25),
        (r"(telnetd|httpd|sshd|tftp|sftpd) (host|service) ", 10),
        (r"dhcp (scope|service) ", 5),
        (r"dns (server|private|service) ", 5),
        (r"(pppoe (use|auto)|pp (always-on|enable|auth)|ppp (lcp|ipcp)) ", 15),
        (r"(console (character|prompt)|syslog (notice|host)|description lan\d|lan type lan\d) ?", 5),
    )
)
_CLUES = (*_HEADERS, *_COMMANDS)
_ANY_CLUE = any_of(pattern for pattern, _ in _CLUES)
_OTHERS = re.compile(
    r"(interface (port|gigabit|fast|ethernet|vlan|giga|te|eth|mgmt)\S*|config (system|firewall|router|vdom)|set (security|system|interfaces)|hostname \S+"
    r"|access-list \d+|building configuration|<\?xml|end$|sysname )",
    re.IGNORECASE,
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
        for number, (pattern, worth) in enumerate(_CLUES if _ANY_CLUE.match(stripped) else ()):
            if number not in found and pattern.match(stripped):
                found.add(number)
                total += worth
        match = _OTHERS.match(stripped)
        if match is not None:
            others.add(match.group(1).split(" ")[0].lower())
    if len(found) == 1:
        total = min(total, _ALONE)
    return max(0, min(100, total) - 30 * len(others))
