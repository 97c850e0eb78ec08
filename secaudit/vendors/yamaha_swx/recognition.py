"""Telling SWX and SWR switches from the devices whose command line looks alike (vendors 0.3, A.11)."""

from __future__ import annotations

import re
from itertools import islice

from secaudit.text.config_text import ConfigText
from secaudit.vendors.clues import any_of

_LINES_LOOKED_AT = 400
_LONGEST_LINE = 200
_ALONE = 20
"""The most that a single clue is worth."""

_OWN_CLUES: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(pattern), weight)
    for pattern, weight in (
        (r"! ?SW[XRP]\d{3,4}\S*\s", 50),
        (r"interface port\d{1,2}\.\d{1,2}(?:-\d{1,2})?\s*$", 35),
        (r"l2ms configuration\s*$| l2ms role |l2ms enable", 30),
        (r"access-list [1-9]\d{0,3} (?:\d+ )?(?:permit|deny) ", 10),
        (r"(?:telnet|ssh|http|tftp)-server (?:enable|disable|interface|access|secure|language)", 20),
        (r"ntpdate (?:server|interval) ", 15),
        (r"dns-client (?:enable|disable|name-server|domain)", 10),
        (r"vlan database\s*$", 5),
        (r"vlan filter \S+ \d+ (?:in|out)\s*$", 15),
        (r" access-group \d+ (?:in|out)\s*$", 10),
        (r"lldp auto-setting ", 10),
        (r" switchport (?:mode|access|trunk) ", 5),
        (r" ip address \d+\.\d+\.\d+\.\d+/\d+", 5),
        (r"interface (?:vlan|sa|po)\d+\s*$", 5),
        (r"management interface vlan\d+", 15),
        (r"line vty 0 7\s*$", 5),
        (r"snapshot (?:enable|disable)|http-proxy |auto-ip ", 10),
    )
)
_ANY_OWN_CLUE = any_of(pattern for pattern, _ in _OWN_CLUES)

_FOREIGN_CLUE = any_of(
    re.compile(pattern)
    for pattern in (
        r"interface port\d+\.\d+\.\d+",  # AlliedWare Plus has three numbers
        r"\s*(?:stack virtual-chassis-id|awplus|atmf |service ssh\b|no service telnet\b)",
        r"Building configuration|Current configuration|version \d+\.\d",  # IOS
        r"interface (?:TwoGigabit|TenGigabit|Gigabit|Fast)?Ethernet\d",
        r"interface (?:gigabitethernet|tengigabitethernet|fastethernet) ?\d",
        r"# ?configuration list for AX|#Last modified by |hostname \"",
        r"! ?NEC Portable Internetwork|interface GigaEthernet\d",
        r"ASA Version |: Saved|\s*nameif ",
        r"!Command: show |(?:no )?feature [a-z-]+\s*$|vdc \S+ id \d",
        r"\s*sysname |return\s*$|undo ",
        r"!Version ArubaOS-CX|hostname \S+\s*; J\d",
        r"#config-version=|config system |set (?:system|interfaces|security) ",
        r"ip lan\d |nat descriptor |pp select |# RTX",
        r"\*filter|:INPUT |<\?xml|\{\"",
    )
)


def score(text: ConfigText) -> int:
    """0 to 100: the worth of all different clues. One clear clue of another product keeps it at 5 or less."""
    found: set[int] = set()
    total = 0
    for line in islice((line.text for line in text.lines if line.text.strip()), _LINES_LOOKED_AT):
        shown = line[:_LONGEST_LINE]
        if _FOREIGN_CLUE.match(shown) is not None:
            return min(5, total)
        for index, (pattern, weight) in enumerate(_OWN_CLUES if _ANY_OWN_CLUE.match(shown) else ()):
            if index not in found and pattern.match(shown) is not None:
                found.add(index)
                total += weight
    return min(total, _ALONE if len(found) < 2 else 100)
