"""Whether a text is a FortiOS configuration (FO-01)."""

from __future__ import annotations

import re

from secaudit.text.config_text import ConfigText

_SCANNED_LINES = 400
_CLUES = (
    (re.compile(r"#config-version=(?:FG|FW|FOS|FV)\w*-"), 60),
    (re.compile(r"config system global$"), 15),
    (re.compile(r"config system interface$"), 15),
    (re.compile(r"config firewall (?:policy|address|service custom)$"), 15),
    (re.compile(r"config (?:router static|system accprofile|vdom|system zone)$"), 5),
    (re.compile(r"edit \S"), 4),
    (re.compile(r"set (?:vdom|allowaccess|srcintf|snmp-index) "), 6),
    (re.compile(r"next$"), 3),
    (re.compile(r"end$"), 2),
)
_SECTION = re.compile(
    r"config (?:firewall (?:policy6?|address6?|addrgrp6?|service \w+|schedule \w+|vip6?|vipgrp6?|ippool6?|central-snat-map|local-in-policy6?"
    r"|multicast-policy6?|proxy-policy)|router (?:static6?|policy6?|ospf6?|bgp|ripn?g?|isis)|vpn ipsec phase[12](?:-interface)?"
    r"|system (?:interface|zone|sdwan|settings|global|switch-interface|virtual-wan-link|admin|ntp|dns|snmp \w+)|log (?:syslogd\d?|fortianalyzer\d?|setting)\b.*)$"
)
"""Sections that `show SECTION` prints alone."""
_STATEMENT = re.compile(r"(?:config|edit|set|unset|append|next|end)\b")
_BLOCKS_ONLY = 60
_OTHER_PRODUCT = re.compile(r"#config-version=(?!FG|FW|FOS|FV)\w+-")
_FORTIOS_OWN = re.compile(r"config (?:firewall|router|vpn) \S")


def score(text: ConfigText) -> int:
    """Adds up the clues of the first lines; nothing but blocks of known sections is the output of `show` for single ones. Other products of the maker print the same frame with another header."""
    found: set[int] = set()
    other = False
    own = False
    blocks = section = False
    seen = 0
    for line in text.lines:
        stripped = line.text.strip()
        if not stripped:
            continue
        seen += 1
        if seen > _SCANNED_LINES:
            break
        section = section or _SECTION.match(stripped) is not None
        blocks = (blocks or (seen == 1 and section)) and _STATEMENT.match(stripped) is not None
        other = other or _OTHER_PRODUCT.match(stripped) is not None
        own = own or _FORTIOS_OWN.match(stripped) is not None
        found.update(index for index, (clue, _) in enumerate(_CLUES) if clue.match(stripped))
    score = min(100, sum(_CLUES[index][1] for index in found))
    if blocks:
        score = max(score, _BLOCKS_ONLY)
    return min(score, 10) if other and not own else score
