"""Telling NX-OS from IOS, Arista EOS and the other devices with a similar command line."""

from __future__ import annotations

from secaudit.vendors.clues import Clues

# Each clue is counted once (vendor table 0.3, and what only NX-OS prints).
_CLUES = Clues(
    own=(
        (r"!Command: show (?:running|startup)-config", 30),
        (r"! ?Cisco Nexus Operating System", 45),
        (r"!Running configuration last done at: ", 25),
        (r"!Time: [A-Z][a-z]{2} ", 15),
        (r"version \d{1,2}\.\d{1,2}\(\d", 30),
        (r"(?:no )?feature [a-z+-]+(?: [a-z]+)?\s*$", 25),
        (r"feature-set \S", 20),
        (r"vrf context \S+\s*$", 25),
        (r"vdc \S+ id \d", 30),
        (r"interface Ethernet\d+/\d+(?:/\d+)?(?:\.\d+)?\s*$", 12),
        (r"interface mgmt0\s*$", 15),
        (r"interface (?:Vlan|port-channel|loopback|nve)\d+\s*$", 8),
        (r"\s+vrf member \S+\s*$", 15),
        (r"\s+ip address \d+\.\d+\.\d+\.\d+/\d+", 6),
        (r"ip access-list [^\s]+\s*$", 6),
        (r"\s+\d+ (?:permit|deny) \S+ ", 4),
        (r"\s+statistics per-entry\s*$", 20),
        (r"object-group ip (?:address|port) \S", 25),
        (r"username \S+ password \d \S+\s+role (?:network|vdc)-", 25),
        (r"snmp-server user \S+ (?:network|vdc)-", 20),
        (r"snmp-server community \S+ group (?:network|vdc)-", 20),
        (r"boot (?:nxos|kickstart|system) bootflash:", 20),
        (r"(?:copp profile |vpc domain \d|nv overlay |system default switchport|no password strength-check)", 20),
        (r"hostname [^\s\"]+\s*$|switchname \S+\s*$", 3),
        (r"line (?:console|vty)\s*$", 10),
    ),
    foreign=(
        r"Building configuration\.\.\.|Current configuration : \d|boot-start-marker|service timestamps ",  # IOS
        r"! Cisco IOS|!! IOS XR|!! Last configuration|version 1[0-9]\.\d+\s*$",
        r"interface (?:TwoGigabit|TenGigabit|FortyGigabit|Gigabit|Fast)Ethernet ?\d",
        r"ip access-list (?:standard|extended) ",
        r"! Command: show |! device: .*EOS|transceiver qsfp default-mode|daemon \S",  # Arista
        r"interface port\d+\.\d+|\s*(?:stack virtual-chassis-id|awplus)",  # AlliedWare Plus, YAMAHA SWX
        r"# ?configuration list for AX|#Last modified by |hostname \"",  # ALAXALA
        r"interface (?:gigabitethernet|tengigabitethernet|fastethernet|mgmt) \d",
        r"! ?NEC Portable Internetwork|! ?IX Series |interface GigaEthernet\d|\s*ipv?6? ufs-cache ",
        r"ASA Version |PIX Version |: Saved|\s*(?:nameif|security-level) ",
        r"\s*sysname |return\s*$|undo ",  # Comware
        r"! ?ArubaOS-CX|!Version ArubaOS-CX|; J\d+[A-Z] Configuration",
        r"#config-version=|config system global|## Last |set (?:system|interfaces|security) ",
        r"ip lan\d |nat descriptor |pp select |\*filter|:INPUT |<\?xml|<config |\{\s*$|\{\"",
    ),
)
score = _CLUES.score
