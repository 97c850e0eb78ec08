"""Telling UNIVERGE IX from the devices whose command line looks like it."""

from __future__ import annotations

from secaudit.vendors.clues import Clues

# Each clue is counted once. `GigaEthernet` and `src ... dest ...` are written by no other device (vendor table 0.3).
_CLUES = Clues(
    own=(
        (r"!\s*NEC Portable Internetwork Core Operating System", 50),
        (r"!\s*IX(?:-R|-V)? Series IX", 40),
        (r"interface GigaEthernet\d+(?::\d+)?\.\d+\s*$", 35),
        (r"interface FastEthernet\d+/\d+\.\d+\s*$", 15),
        (r"interface (?:Tunnel|Loopback|Null|BRI\d+/|USB-Serial)\d+\.\d+\s*$", 15),
        (r"interface BVI\d+\s*$", 3),
        (r"device (?:GigaEthernet|FastEthernet|BRI|USB)\d", 25),
        (r"ip(?:v6)? ufs-cache ", 25),
        (r"ip(?:v6)? access-list \S+ (?:\d+ )?(?:permit|deny) \S+ (?:type \d+ (?:code \d+ )?)?src \S+ .*dest \S", 30),
        (r"ip(?:v6)? access-list dynamic \S+ ", 20),
        (r"\s+ip(?:v6)? filter \S+ \d+ (?:in|out)\b", 25),
        (r"\s+ip (?:napt|nat) enable\s*$", 20),
        (r"\s+ip napt (?:static|service|inside|hairpinning)\b", 15),
        (r"\s+ip address (?:dhcp receive-default|ipcp|map-e)\b", 15),
        (r"\s+ip(?:v6)? address [0-9a-fA-F.:]+/\d+", 4),
        (r"\s+encapsulation dot1q \d+ tpid ", 20),
        (r"\s+tunnel mode (?:ipsec|ipsec-ikev2|ether-ip|4-over-6|map-e)\b", 12),
        (r"ip route (?:default|\d+\.\d+\.\d+\.\d+/\d+) \S+", 8),
        (r"(?:ssh-server|telnet-server|http-server|snmp-agent) ip enable\s*$", 20),
        (r"username \S+ password (?:plain|hash|secret)(?: \d)? \S+ administrator", 15),
        (r"timezone \+\d\d \d\d\s*$", 10),
        (r"proxy-dns (?:ip|ipv6|server|interface) ", 12),
        (r"logging subsystem \S+ (?:error|warn|notice|info|debug)", 12),
        (r"ppp profile \S+", 6),
        (r"ike(?:v2)? (?:proposal|policy|authentication) ", 5),
        (r"ipsec autokey-(?:map|proposal) ", 20),
        (r"ipv6 dhcp (?:client|server)-profile ", 12),
        (r"ip dhcp profile ", 10),
        (r"nm (?:ip enable|account |sitename )", 15),
        (r"hostname [^\s\"]+\s*$", 3),
        (r"\s+no shutdown\s*$", 2),
    ),
    foreign=(
        r"Current configuration : \d+ bytes|version 1[0-9]\.\d+",  # IOS
        r"interface (?:TenGigabit|Gigabit)Ethernet ?\d|interface Vlan\d",  # IOS and its imitators
        r"ip access-list (?:standard|extended) |\s+ip access-group ",
        r"line (?:con|vty|aux) \d",
        r"interface port\d+\.\d+|vlan database",  # AlliedWare Plus, YAMAHA SWX
        r"# ?configuration list for AX|#Last modified by |hostname \"",  # ALAXALA
        r"interface (?:gigabitethernet|tengigabitethernet|fastethernet|mgmt) \d",
        r"(?:add|set|create|enable) (?:ip|firewall|vlan|ppp) \S{0,64}=",  # old AlliedWare
        r"ASA Version |PIX Version |: Saved|\s*(?:nameif|security-level) ",
        r"!Command: show |feature [a-z-]+\s*$|vrf context ",  # NX-OS
        r"\s*sysname |return\s*$|undo ",  # Comware
        r"!Version ArubaOS-CX|! device: .*EOS",
        r"#config-version=|config system global",
        r"## Last |set (?:system|interfaces|security) ",
        r"ip lan\d |nat descriptor |pp select ",
        r"lan \d{1,3} ip6? |ether \d",  # Fujitsu Si-R
        r"\*filter|:INPUT |<\?xml|<config ",
    ),
    headers=2,
)
score = _CLUES.score
