"""Telling IOS and IOS-XE from the many devices that imitate their command line."""

from __future__ import annotations

from secaudit.vendors.clues import Clues

# Each clue is counted once. Clues of others weigh more than any of ours: their files hold many lines that look like IOS.
_CLUES = Clues(
    own=(
        (r"Building configuration\.\.\.", 15),
        (r"Current configuration : \d+ bytes", 30),
        (r"! Last configuration change at ", 20),
        (r"! NVRAM config last updated at ", 15),
        (r"! Cisco IOS(?: XE)? Software", 40),
        (r"version 1[0-9]\.\d+[A-Za-z0-9.()]*\s*$", 30),
        (r"boot-start-marker\b", 25),
        (r"service timestamps (?:debug|log) ", 25),
        (
            r"interface (?:TwoGigabit|FiveGigabit|TenGigabit|FortyGigabit|Gigabit|Fast)?Ethernet\d+(?:/\d+)*(?:\.\d+)?\s*$",
            15,
        ),
        (r"interface (?:Vlan|Loopback|Dialer|Port-channel|Tunnel|BVI)\d+\s*$", 8),
        (r"ip access-list (?:standard|extended) \S+\s*$", 8),
        (r"access-list 1?\d?\d (?:permit|deny|remark) ", 8),
        (r"ip nat inside source ", 12),
        (r"\s+ip nat (?:inside|outside)\s*$", 12),
        (r"\s+ip address \d+\.\d+\.\d+\.\d+ 255\.\d+\.\d+\.\d+", 8),
        (r"\s+ip access-group \S+ (?:in|out)\s*$", 6),
        (r"ip route (?:vrf \S+ )?\d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+ ", 6),
        (r"ip cef\b", 8),
        (r"(?:no )?aaa new-model\s*$", 10),
        (r"ip forward-protocol nd\s*$", 15),
        (r"line (?:con|vty|aux) 0", 6),
        (r"(?:no )?ip http (?:server|secure-server)\s*$", 8),
        (r"enable secret [0-9] ", 8),
        (r"zone-pair security ", 12),
        (r"class-map type inspect ", 12),
        (r"hostname [^\s\"]+\s*$", 3),
        (r"switchport mode (?:access|trunk)", 2),
        (r"\s+switchport (?:access|trunk|mode) ", 4),
        (r"end\s*$", 2),
    ),
    foreign=(
        r"interface port\d+\.\d+",  # AlliedWare Plus, YAMAHA SWX
        r"\s*(?:stack virtual-chassis-id|awplus|ssh server allow-users|service ssh\b|no service telnet\b)",
        r"# ?configuration list for AX|#Last modified by ",  # ALAXALA
        r"hostname \"",
        r"interface (?:gigabitethernet|tengigabitethernet|fastethernet|mgmt) \d",  # ALAXALA
        r"! ?NEC Portable Internetwork|! ?IX Series ",
        r"interface GigaEthernet\d",
        r"\s*ipv?6? ufs-cache ",
        r"ASA Version |PIX Version |: Saved|! Cisco Adaptive Security",
        r"\s*(?:nameif|security-level) ",
        r"! ?Cisco Nexus Operating System|!Command: show |!Time: ",
        r"(?:no )?feature [a-z-]+\s*$|vdc \S+ id \d|vrf context ",
        r"! Command: show running-config|! device: .*EOS|transceiver qsfp default-mode",  # Arista
        r"! boot system flash.*EOS",
        r"\s*sysname |return\s*$|undo ",  # Comware
        r"! ArubaOS-CX|!Version ArubaOS-CX",
        r"hostname \S+\s*; J\d|; J\d+[A-Z] Configuration",
        r"#config-version=|config system global",
        r"## Last |set (?:system|interfaces|security) ",
        r"ip lan\d |nat descriptor |pp select ",
        r"!!? IOS XR Configuration|!! Last configuration change",
        r"interface (?:MgmtEth|GigabitEthernet|TenGigE)\d+/\d+/\d+/\d+",  # IOS XR has four numbers
        r"feature-set |ipv4 access-list ",
        r"\*filter|:INPUT ",
        r"<\?xml|<config |\{\s*$|\{\"",
    ),
)
score = _CLUES.score
