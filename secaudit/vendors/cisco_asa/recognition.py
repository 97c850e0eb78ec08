"""Telling the ASA from the many devices whose configurations look like it."""

from __future__ import annotations

from secaudit.vendors.clues import Clues

_CLUES = Clues(
    own=(
        (r"(?:ASA|PIX) Version \d", 50),
        (r": Saved\s*$", 15),
        (r": Hardware: +(?:ASA|FPR|ASAv|PIX)", 25),
        (r"! Cisco Adaptive Security Appliance", 30),
        (r"Cryptochecksum:[0-9a-f]{8}", 15),
        (r": end\s*$", 5),
        (r"\s+nameif \S+\s*$", 25),
        (r"\s+security-level \d{1,3}\s*$", 25),
        (r"\s+no nameif\s*$", 15),
        (r"access-list \S+ (?:line \d+ )?extended (?:permit|deny) ", 15),
        (r"access-group \S+ (?:in|out) interface \S+", 20),
        (r"access-group \S+ global\s*$", 20),
        (r"object network \S+\s*$", 8),
        (r"object-group (?:network|service|protocol|icmp-type) \S+", 5),
        (r"\s*nat \([^)\s]{1,64},[^)\s]{1,64}\) ", 20),
        (r"(?:global|static) \([^)\s]{1,64}\) ", 15),
        (r"nat \([^)\s,]{1,64}\) \d", 15),
        (r"route \S+ \d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+", 8),
        (r"same-security-traffic permit ", 20),
        (r"xlate per-session ", 20),
        (r"passwd \S+", 5),
        (r"(?:ssh|telnet|http) \d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+ \S+\s*$", 10),
        (r"mtu \S+ \d+\s*$", 5),
        (r"dynamic-access-policy-record ", 10),
        (r"names\s*$", 5),
        (r"failover\b", 5),
        (r"hostname [^\s\"]+\s*$", 3),
        (r"sysopt ", 10),
        (r"threat-detection ", 10),
        (r"no asdm history|asdm image", 10),
    ),
    foreign=(
        r"Current configuration : \d+ bytes|boot-start-marker|! Last configuration change at ",
        r"version 1[0-9]\.\d",
        r"ip access-list |\s+ip access-group |line vty |ip route \d",  # IOS
        r"interface port\d+\.\d+",
        r"# ?configuration list for AX|#Last modified by ",
        r"hostname \"",
        r"interface (?:gigabitethernet|tengigabitethernet|fastethernet|mgmt) \d",
        r"! ?NEC Portable Internetwork|interface GigaEthernet\d",
        r"! ?Cisco Nexus Operating System|!Command: show |vrf context |feature [a-z-]+\s*$",
        r"! Command: show running-config|! device: .*EOS",
        r"\s*sysname |return\s*$|undo ",
        r"!Version ArubaOS-CX",
        r"#config-version=|config system global",
        r"## Last |set (?:system|interfaces|security) ",
        r"ip lan\d |nat descriptor |pp select ",
        r"!!? IOS XR Configuration",
        r"\*filter|:INPUT ",
        r"<\?xml|<config |\{\s*$|\{\"",
    ),
)
score = _CLUES.score
