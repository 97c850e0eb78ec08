"""Telling AlliedWare Plus from the many devices whose command line looks alike (vendor table 0.3)."""

from __future__ import annotations

from secaudit.vendors.clues import Clues

# Each clue is counted once.
_CLUES = Clues(
    own=(
        (r"interface port\d{1,3}\.\d{1,3}\.\d", 40),
        (r"interface vlan\d+(?:[-,]\S*)?\s*$", 12),
        (r"interface (?:eth|ppp|po|sa|tunnel|br)\d+(?:\.\d+)?\s*$", 6),
        (r"stack virtual-(?:chassis-id|mac)\b", 30),
        (r"(?:no )?stack \d+ ", 10),
        (r"switch \d+ provision ", 25),
        (r"(?:no )?atmf ", 25),
        (r"awplus[>#(]", 30),
        (r"hostname awplus\b", 20),
        (r"service password-encryption\s*$", 8),
        (r"service (?:ssh|telnet|http)\s*$", 12),
        (r"no service (?:telnet|http|ssh|dhcp-server)\s*$", 10),
        (r"ssh server ", 12),
        (r"no clock timezone\s*$", 10),
        (r"aaa authentication enable default local\s*$", 12),
        (r"lacp global-passive-mode enable\s*$", 25),
        (r"vlan database\s*$", 15),
        (r"\s+vlan \S+ state (?:enable|disable)\s*$", 15),
        (r"spanning-tree mode rstp\s*$", 6),
        (r"no banner motd\s*$", 6),
        (r"access-list hardware \S", 30),
        (r"access-list (?:3[0-6]|4[0-6])\d\d (?:permit|deny|copy-to|send-to)", 15),
        (r"access-list (?:standard|extended) \S", 8),
        (r"(?:\s+)?access-group \S+\s*$", 8),
        (r"vty (?:ipv6 )?access-class ", 20),
        (r"zone \S+\s*$", 6),
        (r" network \S+\s*$", 6),
        (r"  ip(?:v6)? subnet \S+/\d+", 20),
        (r"\s+host \S+\s*$", 3),
        (r"application \S+\s*$", 6),
        (r"\s+rule \d* ?(?:permit|deny|reject|log|masq|portfwd|netmap|dnat|snat) \S+ from \S", 25),
        (r"firewall\s*$", 8),
        (r"nat\s*$", 6),
        (r"\s+ip address \d+\.\d+\.\d+\.\d+/\d+", 6),
        (r"ip route (?:vrf \S+ )?\d+\.\d+\.\d+\.\d+/\d+ ", 6),
        (r"Hardware (?:IP|IPv6|MAC) access list \S+\s*$", 45),
        (r"Named (?:Standard|Extended) (?:IP|IPv6) access list \S+\s*$", 20),
        (r"(?:Standard|Extended) IP access list \d+\s*$", 5),
        (r"log host ", 5),
        (r"line vty 0 \d+\s*$", 3),
        (r"username manager privilege 15 ", 12),
        (r"end\s*$", 2),
    ),
    foreign=(
        r"interface port\d+\.\d+\s*$|(?:no )?l2ms\b|! ?(?:SWX|SWR)\d",  # YAMAHA SWX: two numbers
        r"interface (?:TwoGigabit|TenGigabit|FortyGigabit|Gigabit|Fast)?Ethernet ?\d",  # IOS, NX-OS
        r"interface (?:gigabitethernet|tengigabitethernet|fastethernet) \d",  # ALAXALA
        r"version 1[0-9]\.\d|Current configuration : \d|boot-start-marker|service timestamps ",  # IOS
        r"# ?configuration list for AX|#Last modified by |hostname \"",  # ALAXALA
        r"! ?NEC Portable Internetwork|! ?IX Series |interface GigaEthernet\d",
        r"ASA Version |PIX Version |: Saved|\s+nameif |\s+security-level ",
        r"!Command: show |(?:no )?feature [a-z-]+\s*$|vrf context |vdc \S+ id \d",  # NX-OS
        r"! Command: show running-config|! device: .*EOS|! boot system flash.*EOS",
        r"\s*sysname |return\s*$|undo ",  # Comware
        r"!Version ArubaOS-CX|!export-password:",
        r"#config-version=|config system global",
        r"## Last |set (?:system|interfaces|security) ",
        r"ip lan\d |nat descriptor |pp select ",
        r"packet-filter2|(?:create|config) access_profile ",  # APRESIA
        r"(?:add|set|create|enable) (?:ip|firewall|vlan|system|config)\S* ?\S*=",  # old AlliedWare
        r"\*filter|:INPUT |<\?xml|<config ",
    ),
)
score = _CLUES.score
