"""Telling ALAXALA AX from the many devices with a similar command line (vendor table 0.3, AX-01, AX-02)."""

from __future__ import annotations

import re
from itertools import islice

from secaudit.text.config_text import ConfigText
from secaudit.vendors.clues import any_of

_LINES_LOOKED_AT = 400
_ENOUGH = 60

# Each clue is counted once. What others print as well weighs little.
_OWN_CLUES: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(pattern), weight)
    for pattern, weight in (
        (r"#Last modified by \S+ at .* with version ", 45),
        (r"# ?configuration list for (?:AX|IP8800)", 45),
        (r"hostname \"", 15),
        (r"interface (?:fast|gigabit|tengigabit|fortygigabit|hundredgigabit)ethernet \d+/\d+(?:/\d+)?\s*$", 25),
        (r"interface (?:mgmt|loopback|port-channel) \d+\s*$", 10),
        (r"interface vlan \d+\s*$", 6),
        (r"flow detection (?:out )?mode ", 25),
        (r"clock timezone \"?[A-Z]{1,5}\"? \+?\d", 6),
        (r"switch \d+ provision ", 12),
        (r"spanning-tree (?:disable|mode )", 4),
        (r"\s+switchport mode (?:access|trunk|mac-vlan|protocol-vlan)\s*$", 4),
        (r"\s+(?:ip|mac) access-group \S+ (?:in|out)\s*$", 4),
        (r"ip access-list (?:standard|extended) \S+\s*$", 4),
        (r"(?:mac access-list extended|advance access-list) \S+\s*$", 8),
        (r"  \d+ (?:permit|deny) ", 4),
        (r"  name \"", 8),
        (r"line vty \d+", 3),
        (r"ip ssh(?: version 2)?\s*$", 2),
        (r"vlan \d+\s*$", 2),
    )
)
_ANY_OWN_CLUE = any_of(pattern for pattern, _ in _OWN_CLUES)

_FOREIGN_CLUE = any_of(
    re.compile(pattern)
    for pattern in (
        r"Building configuration\.\.\.|Current configuration : |! Cisco IOS|boot-start-marker|service timestamps ",
        r"interface port\d+\.\d+",  # AlliedWare Plus, YAMAHA SWX
        r"\s*(?:stack virtual-chassis-id|awplus|atmf |service password-encryption)",
        r"interface (?:Twe|Te|Gi|Fa|Fo|Hu)[A-Za-z]*\d",  # IOS writes no blank, and capitals
        r"! ?NEC Portable Internetwork|! ?IX Series |interface GigaEthernet\d",
        r"ASA Version |PIX Version |: Saved|\s*(?:nameif|security-level) ",
        r"!Command: show |!Time: |(?:no )?feature [a-z-]+\s*$|vdc \S+ id \d|vrf context ",
        r"! Command: show running-config|! device: .*EOS",
        r"\s*sysname |return\s*$|undo ",  # Comware
        r"!Version ArubaOS-CX|hostname \S+\s*; J\d|; J\d+[A-Z] Configuration",  # ProCurve quotes its hostname, too
        r"#config-version=|config system global",
        r"## Last |set (?:system|interfaces|security) ",
        r"ip lan\d |nat descriptor |pp select ",
        r"\*filter|:INPUT |<\?xml|<config |\{\s*$|\{\"",
        r"flow filter \S+ (?:in|out)|router-interface |ip \S+ \{",  # the old language of AX7800R and AX2000R (AX-04)
        r"(?:create|config) access_profile ",
        r"!T[LS]-?S?G|interface (?:ten-)?gigabitEthernet |user name \S+ privilege ",  # TP-Link quotes its hostname, too
    )
)


def score(text: ConfigText) -> int:
    """0 to 100 by clues. A clear clue of another vendor keeps it at 5 or less, and so does a single clue that is not the header."""
    found: set[int] = set()
    total = 0
    for line in islice((line.text for line in text.lines if line.text.strip()), _LINES_LOOKED_AT):
        shown = line[:200]
        if _FOREIGN_CLUE.match(shown) is not None:
            return min(5, total)
        for index, (pattern, weight) in enumerate(_OWN_CLUES if _ANY_OWN_CLUE.match(shown) else ()):
            if index not in found and pattern.match(shown) is not None:
                found.add(index)
                total += weight
    if len(found) < 2:
        return min(total, 10)
    return min(total * 100 // _ENOUGH, 100)
