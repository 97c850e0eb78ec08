"""How Junos is recognised: several clues in the first lines; points off for what looks alike."""

from __future__ import annotations

import re

from secaudit.text.config_text import ConfigText
from secaudit.vendors.clues import any_of

_LINES = 400
_CLUES: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"## Last (?:commit|changed):"), 30),
    (re.compile(r"(?:set )?version \d{2}\.\d[A-Z]\S{0,20};?$"), 30),
    (re.compile(r"(?:set )?version \d{8}\.\d{6}\S{0,40};?$"), 25),
    (re.compile(r"# (?:Junos|JUNOS)\b"), 20),
    (re.compile(r".{0,500};\s{0,8}## SECRET-DATA"), 20),
    (re.compile(r"set system host-name \S"), 25),
    (re.compile(r"(?:inactive: )?host-name \S{1,100};$"), 15),
    (re.compile(r"set interfaces \S{1,64} unit \d{1,6} (?:family|vlan-id|description) \S"), 40),
    (re.compile(r"set security (?:policies|zones|nat|address-book) \S"), 45),
    (re.compile(r"set (?:routing-options|policy-options|firewall family|system services|system syslog|applications application|groups|vlans|protocols) \S"), 15),
    (re.compile(r"(?:system|interfaces|security|routing-options|policy-options|firewall|protocols|snmp|applications|groups|routing-instances|vlans) \{$"), 12),
    (re.compile(r"security-zone \S{1,64} \{$"), 20),
    (re.compile(r"from-zone \S{1,64} to-zone \S{1,64} \{$"), 20),
    (re.compile(r"unit \d{1,6} \{$"), 12),
    (re.compile(r"family inet6? (?:\{|address )"), 10),
    (re.compile(r"(?:ge|xe|et|fe)-\d{1,3}/\d{1,3}/\d{1,3} \{$"), 15),
    (re.compile(r"(?:deactivate|delete|insert|activate) (?:system|interfaces|security|firewall|protocols|routing-options) \S"), 10),
)  # fmt: skip
_OTHERS = (
    re.compile(r"(?:set )?(?:deviceconfig|mgt-config)\b"),
    re.compile(r"#config-version="),
    re.compile(r"config system global$"),
    re.compile(r"set (?:zone id|policy id|interface \"?ethernet|admin name|ike gateway \")"),
    re.compile(r"set (?:vsys|rulebase|network interface|expert-password|interface eth\d)\b"),
    re.compile(r"(?:table|chain) \S{1,64} \S{0,64}\s?\{$"),
    re.compile(r"(?:set )?(?:vbond|vmanage)\b"),
    re.compile(r"set interfaces ethernet eth\d"),
    re.compile(r"ethernet eth\d \{$"),
)
_OTHER = any_of(_OTHERS)
_ANY = any_of(clue for clue, _ in _CLUES)


def score(text: ConfigText) -> int:
    """Adds up the clues of the first lines; lines of another vendor (PAN-OS, ScreenOS, VyOS, Gaia, nftables) take away."""
    found: dict[int, int] = {}
    foreign = 0
    seen = 0
    for line in text.lines:
        stripped = line.text.strip()
        if not stripped:
            continue
        seen += 1
        if seen > _LINES:
            break
        if _ANY.match(stripped):
            for index, (clue, _) in enumerate(_CLUES):
                if clue.match(stripped):
                    found[index] = found.get(index, 0) + 1
        if _OTHER.match(stripped):
            foreign += 1
    points = sum(weight for index, (_, weight) in enumerate(_CLUES) if index in found)
    several = len(found) > 1 or sum(found.values()) > 2
    return max(0, min(100, points if several else points // 2) - 40 * min(foreign, 2))
