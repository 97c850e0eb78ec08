"""Telling SWX and SWR switches from the devices whose command line looks alike (vendors 0.3, A.11)."""

from __future__ import annotations

from secaudit.vendors.clues import Clues

_CLUES = Clues(
    own=(
        (r"! ?SW[XRP]\d{3,4}\S*\s", 30),
        (r"interface port\d{1,2}\.\d{1,2}(?:-\d{1,2})?\s*$", 21),
        (r"l2ms configuration\s*$| l2ms role |l2ms enable", 18),
        (r"access-list [1-9]\d{0,3} (?:\d+ )?(?:permit|deny) ", 6),
        (r"(?:telnet|ssh|http|tftp)-server (?:enable|disable|interface|access|secure|language)", 12),
        (r"ntpdate (?:server|interval) ", 9),
        (r"dns-client (?:enable|disable|name-server|domain)", 6),
        (r"vlan database\s*$", 3),
        (r"vlan filter \S+ \d+ (?:in|out)\s*$", 9),
        (r" access-group \d+ (?:in|out)\s*$", 6),
        (r"lldp auto-setting ", 6),
        (r" switchport (?:mode|access|trunk) ", 3),
        (r" ip address \d+\.\d+\.\d+\.\d+/\d+", 3),
        (r"interface (?:vlan|sa|po)\d+\s*$", 3),
        (r"management interface vlan\d+", 9),
        (r"line vty 0 7\s*$", 3),
        (r"snapshot (?:enable|disable)|http-proxy |auto-ip ", 6),
    ),
    foreign=(
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
    ),
)
score = _CLUES.score
