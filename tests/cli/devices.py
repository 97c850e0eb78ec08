"""One small configuration for each of the three vendors, to trace packets through."""

from __future__ import annotations

from dataclasses import dataclass

FORTIOS = """\
#config-version=FG100F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin
config system global
    set hostname "fw"
    set allow-traffic-redirect disable
    set ipv6-allow-traffic-redirect disable
end
config system interface
    edit "port1"
        set vdom "root"
        set ip 10.1.1.1 255.255.255.0
        set type physical
    next
    edit "port2"
        set vdom "root"
        set ip 10.2.2.1 255.255.255.0
        set type physical
    next
    edit "port3"
        set vdom "root"
        set ip 192.0.2.1 255.255.255.252
        set type physical
    next
end
config firewall address
    edit "server"
        set subnet 10.2.2.10 255.255.255.255
    next
    edit "by-name"
        set type fqdn
        set fqdn "server.example.jp"
    next
end
config router static
    edit 1
        set dst 198.51.100.0 255.255.255.0
        set gateway 192.0.2.2
        set device "port3"
    next
end
config firewall policy
    edit 10
        set name "web"
        set srcintf "port1"
        set dstintf "port2"
        set action accept
        set srcaddr "all"
        set dstaddr "server"
        set schedule "always"
        set service "HTTPS"
    next
    edit 20
        set name "by a name that DNS resolves"
        set srcintf "port1"
        set dstintf "port2"
        set action accept
        set srcaddr "all"
        set dstaddr "by-name"
        set schedule "always"
        set service "SSH"
    next
    edit 30
        set name "out"
        set srcintf "port1"
        set dstintf "port3"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "HTTPS"
    next
end
"""

CISCO_IOS = """\
version 15.4
service timestamps log datetime msec
hostname rt
!
interface GigabitEthernet0/0
 ip address 10.1.1.1 255.255.255.0
 ip access-group FROM-LAN in
!
interface GigabitEthernet0/1
 ip address 10.2.2.1 255.255.255.0
!
interface GigabitEthernet0/2
 ip address 192.0.2.1 255.255.255.252
!
ip route 198.51.100.0 255.255.255.0 192.0.2.2
!
ip access-list extended FROM-LAN
 permit tcp any host 10.2.2.10 eq 443
 deny   tcp any host 10.2.2.10 eq 23 log
 permit tcp any any eq 443
 permit tcp any host 10.2.2.10 eq 22 match-the-unknown
!
no ip http server
no ip http secure-server
!
line con 0
line vty 0 4
 login local
 transport input ssh
!
end
"""

YAMAHA = """\
# RTX1210 Rev.14.01.42 (Fri Jul  8 11:00:00 2022)
# MAC Address : 00:00:5e:00:53:10, 00:00:5e:00:53:11
console prompt rtx
ip route 198.51.100.0/24 gateway 192.0.2.2
ip lan1 address 10.1.1.1/24
ip lan2 address 10.2.2.1/24
ip lan3 address 192.0.2.1/30
ip lan1 secure filter in 100 200 400 300
ip filter 100 pass * 10.2.2.10 tcp * 443
ip filter 200 reject * 10.2.2.10 tcp * 23
ip filter 300 pass-unknown * 10.2.2.10 tcp * 22
ip filter 400 pass * * tcp * 443
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A configuration, its interface towards the clients and towards the server, and the texts of the lines that decide."""

    vendor: str
    file: str
    config: str
    device: str
    inside: str
    server_side: str
    permits: str
    denies: str
    unsure: str

    def line_of(self, text: str) -> int:
        """The number of the line that holds a text."""
        (number,) = [n for n, line in enumerate(self.config.splitlines(), start=1) if line.strip() == text]
        return number


SAMPLES = (
    Sample("fortios", "fw.conf", FORTIOS, "fw", "port1", "port2", "edit 10", "config firewall policy", "edit 20"),
    Sample(
        "cisco_ios",
        "rt.txt",
        CISCO_IOS,
        "rt",
        "GigabitEthernet0/0",
        "GigabitEthernet0/1",
        "permit tcp any host 10.2.2.10 eq 443",
        "deny   tcp any host 10.2.2.10 eq 23 log",
        "permit tcp any host 10.2.2.10 eq 22 match-the-unknown",
    ),
    Sample(
        "yamaha",
        "rtx.txt",
        YAMAHA,
        "rtx",
        "lan1",
        "lan2",
        "ip filter 100 pass * 10.2.2.10 tcp * 443",
        "ip filter 200 reject * 10.2.2.10 tcp * 23",
        "ip filter 300 pass-unknown * 10.2.2.10 tcp * 22",
    ),
)
