"""Telling ALAXALA AX from the many devices with a similar command line (vendor table 0.3, AX-01, AX-02)."""

from __future__ import annotations

from secaudit.vendors.clues import Clues

# Each clue is counted once. What others print as well weighs little.
_CLUES = Clues(
    own=(
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
    ),
    foreign=(
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
    ),
)
score = _CLUES.score
