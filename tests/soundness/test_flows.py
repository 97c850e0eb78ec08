"""Ways in which real traffic passes although a quick look says that it cannot: never `none`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.soundness.folders import ZONES, network

ANSWERS = ("my_number", "lgwan")


def interface(name: str, address: str, *more: str, mask: str = "255.255.255.0") -> str:
    return "\n".join((f"interface {name}", f" ip address {address} {mask}", *(f" {line}" for line in more), "!"))


def router(name: str, *parts: str) -> str:
    return "\n".join(("version 15.7", f"hostname {name}", "ip routing", "!", *parts, "end", ""))


DENY = "ip access-list extended DENY\n deny ip any any\n!"
ONLY_BRANCH = "ip access-list extended BRANCH\n permit ip 10.1.5.0 0.0.0.255 any\n deny ip any any\n!"
WIDE = ZONES.replace("10.1.0.0/24", "10.1.0.0/16")
INTERNET = """\
zones:
  my_number: {subnets: [10.1.0.0/24]}
  lgwan: {subnets: [10.2.0.0/24]}
  security_cloud: {subnets: [10.200.0.0/16], interfaces: ["rt1:GigabitEthernet0/2"]}
  public_internet: {rest: true, behind: security_cloud}
"""


def verdict(root: Path, configs: Mapping[str, str], source: str, destination: str, description: str = ZONES) -> str:
    return network(root, configs, description).verdict(source, destination)


def doubts(root: Path, configs: Mapping[str, str], source: str, destination: str, description: str = ZONES) -> str:
    pair = network(root, configs, description).flows.pair(source, destination)
    return "; ".join(f"{one.text.en} [{one.sources[0].number if one.sources else 0}]" for one in pair.doubts)


def test_hosts_behind_a_router_that_nobody_submitted_may_send(tmp_path: Path) -> None:
    config = router(
        "rt1",
        interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group BRANCH in"),
        interface("GigabitEthernet0/1", "10.2.0.1"),
        ONLY_BRANCH,
        "ip route 10.1.5.0 255.255.255.0 10.1.0.254",
    )
    found = network(tmp_path, {"rt1.cfg": config}, WIDE)
    pair = found.flows.pair(*ANSWERS)
    assert [str(box) for box in pair.possible.boxes(2)] == ["10.1.5.0/24 → 10.2.0.0/24 any"]
    assert pair.certain.is_empty
    # the route that says where they are is the evidence
    assert 16 in {line.number for doubt in pair.doubts for line in doubt.sources}


def test_addresses_of_a_zone_that_are_connected_nowhere_may_send(tmp_path: Path) -> None:
    config = router(
        "rt1",
        interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group BRANCH in"),
        interface("GigabitEthernet0/1", "10.2.0.1"),
        ONLY_BRANCH,
    )
    assert verdict(tmp_path, {"rt1.cfg": config}, *ANSWERS, WIDE) == "undetermined"
    assert verdict(tmp_path, {"rt1.cfg": config}, *ANSWERS) == "none"


WAN = (
    interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group DENY in", "ip nat inside"),
    interface("GigabitEthernet0/1", "10.2.0.1"),
    interface("GigabitEthernet0/2", "10.200.0.1", "ip access-group DENY in", "ip access-group DENY out"),
    DENY,
)


@pytest.mark.parametrize(
    "line",
    [
        "interface Dialer1\n ip address negotiated\n ip nat outside\n encapsulation ppp\n!\n"
        "ip nat inside source static tcp 10.1.0.5 443 interface Dialer1 443\nip route 0.0.0.0 0.0.0.0 Dialer1",
        interface("GigabitEthernet0/3", "203.0.113.2", "ip nat outside", mask="255.255.255.248")
        + "\nip nat inside source static tcp 10.1.0.5 443 203.0.113.2 443\nip route 0.0.0.0 0.0.0.0 203.0.113.1",
        interface("GigabitEthernet0/3", "203.0.113.2", "ip nat outside", mask="255.255.255.248")
        + "\nip nat inside source static tcp 10.1.0.5 443 203.0.113.2 443",
    ],
    ids=["PPPoE", "static line", "static line without a route"],
)
def test_the_internet_comes_in_by_a_line_that_no_zone_names(tmp_path: Path, line: str) -> None:
    config = {"rt1.cfg": router("rt1", *WAN, line)}
    assert verdict(tmp_path, config, "public_internet", "my_number", INTERNET) == "undetermined"


def test_without_such_a_line_the_internet_does_not_come_in(tmp_path: Path) -> None:
    config = {"rt1.cfg": router("rt1", *WAN)}
    assert verdict(tmp_path, config, "public_internet", "my_number", INTERNET) == "none"
    assert verdict(tmp_path, config, "my_number", "public_internet", INTERNET) == "none"


def test_an_address_by_dhcp_brings_a_default_route(tmp_path: Path) -> None:
    config = router(
        "rt1",
        interface("GigabitEthernet0/0", "10.1.0.1"),
        interface("GigabitEthernet0/1", "10.2.0.1"),
        interface("GigabitEthernet0/2", "10.200.0.1", "ip access-group DENY in", "ip access-group DENY out"),
        DENY,
        "interface GigabitEthernet0/3\n ip address dhcp\n!",
    )
    assert verdict(tmp_path, {"rt1.cfg": config}, "my_number", "public_internet", INTERNET) == "undetermined"


MORE_ZONES = """\
zones:
  my_number: {subnets: [10.1.0.0/24]}
  lgwan: {subnets: [10.2.0.0/24]}
  internet: {subnets: [10.3.0.0/24]}
  guest_wireless: {subnets: [10.8.0.0/24]}
  management: {subnets: [10.9.0.0/24]}
devices:
  - {name: rt1, vendor: cisco_ios, role: router, zones: []}
  - {name: rt2, vendor: cisco_ios, role: router, zones: []}
  - {name: rt3, vendor: cisco_ios, role: router, zones: []}
"""
BETWEEN = {
    "rt1.cfg": router(
        "rt1",
        interface("GigabitEthernet0/0", "10.1.0.1"),
        interface("GigabitEthernet0/1", "10.3.0.1"),
        interface("GigabitEthernet0/2", "10.2.0.1", "ip access-group DENY in", "ip access-group DENY out"),
        DENY,
    ),
    "rt2.cfg": router("rt2", interface("GigabitEthernet0/0", "10.9.0.1"), interface("GigabitEthernet0/1", "10.2.0.2")),
    "rt3.cfg": router("rt3", interface("GigabitEthernet0/0", "10.8.0.1")),
}


def test_two_missing_devices_one_after_the_other_may_carry_packets(tmp_path: Path) -> None:
    first = "  - {name: rt-a, vendor: cisco_ios, role: router, zones: [internet, guest_wireless]}\n"
    second = "  - {name: rt-b, vendor: cisco_ios, role: router, zones: [guest_wireless, management]}\n"
    assert verdict(tmp_path / "none", BETWEEN, *ANSWERS, MORE_ZONES) == "none"
    assert verdict(tmp_path / "one", BETWEEN, *ANSWERS, MORE_ZONES + first) == "none"
    assert verdict(tmp_path / "two", BETWEEN, *ANSWERS, MORE_ZONES + first + second) == "undetermined"


def test_a_missing_device_sends_on_with_the_address_of_the_sender(tmp_path: Path) -> None:
    only_sender = "ip access-list extended MN\n permit ip 10.1.0.0 0.0.0.255 any\n deny ip any any\n!"
    configs = {
        **BETWEEN,
        "rt2.cfg": router(
            "rt2",
            interface("GigabitEthernet0/0", "10.9.0.1", "ip access-group MN in"),
            interface("GigabitEthernet0/1", "10.2.0.2"),
            only_sender,
        ),
    }
    gone = "  - {name: rt-a, vendor: cisco_ios, role: router, zones: [internet, management]}\n"
    assert verdict(tmp_path, configs, *ANSWERS, MORE_ZONES + gone) == "undetermined"


BEYOND = router("rt2", interface("GigabitEthernet0/1", "10.2.0.2"))
FORTIOS = """\
#config-version=FGT60F-7.2.5-FW-build1517-230606:opmode=0:vdom=0:user=admin
config system global
    set hostname "fw"
end
config system interface
    edit "port1"
        set vdom "root"
        set ip 10.1.0.1 255.255.255.0
        set type physical
    next
"""
IOS = "version 15.7\nhostname fw\nip routing\n!\ninterface Vlan10\n ip address 10.1.0.1 255.255.255.0\n!\ninterface Vlan20\n ip addr"


@pytest.mark.parametrize("text", [FORTIOS, IOS], ids=["FortiOS", "IOS"])
def test_a_file_cut_in_the_middle_may_miss_the_interface_that_matters(tmp_path: Path, text: str) -> None:
    configs = {"fw.cfg": text, "rt2.cfg": BEYOND}
    assert verdict(tmp_path, configs, *ANSWERS) == "undetermined"
    assert verdict(tmp_path, configs, "lgwan", "my_number") == "undetermined"


LEDGER = """\
devices:
  - {name: sw, vendor: cisco_ios, role: core_switch, zones: [my_number, lgwan]}
  - {name: rt2, vendor: cisco_ios, role: router, zones: [lgwan]}
"""
BOTH = router("sw", interface("Vlan10", "10.1.0.1"), interface("Vlan20", "10.2.0.1"))


@pytest.mark.parametrize(
    "older",
    [BOTH.replace("ip routing", "no ip routing"), router("sw", interface("Vlan10", "10.1.0.1"))],
    ids=["that did not route", "without the interface"],
)
def test_of_two_files_for_one_device_neither_proves_anything(tmp_path: Path, older: str) -> None:
    configs = {"a.cfg": older, "b.cfg": BOTH, "rt2.cfg": BEYOND}
    for pair in (ANSWERS, ANSWERS[::-1]):
        assert verdict(tmp_path, configs, *pair, ZONES + LEDGER) == "undetermined"


def hsrp(name: str, last: int) -> str:
    return router(
        name,
        interface("Vlan10", f"10.1.0.{last}", "standby 1 ip 10.1.0.1", "ip access-group DENY in"),
        interface("Vlan20", f"10.2.0.{last}", "standby 2 ip 10.2.0.1", "ip access-group DENY in"),
        DENY,
    )


def test_the_other_router_of_a_virtual_address_may_filter_nothing(tmp_path: Path) -> None:
    configs = {"c1.cfg": hsrp("c1", 2)}
    assert verdict(tmp_path / "one", configs, *ANSWERS) == "undetermined"
    assert "shares virtual addresses (VRRP, HSRP) with c1 was not submitted [7]" in doubts(
        tmp_path / "why", configs, *ANSWERS
    )
    assert verdict(tmp_path / "both", {**configs, "c2.cfg": hsrp("c2", 3)}, *ANSWERS) == "none"


def test_a_second_router_on_the_wire_can_be_used_whatever_its_subnet(tmp_path: Path) -> None:
    configs = {
        "r1.cfg": router(
            "r1",
            interface(
                "Vlan10", "10.1.0.1", "ip address 192.168.1.1 255.255.255.0 secondary", "ip access-group DENY in"
            ),
            DENY,
        ),
        "r2.cfg": router("r2", interface("Vlan10", "192.168.1.2"), interface("Vlan20", "10.2.0.2")),
    }
    assert verdict(tmp_path, configs, *ANSWERS) == "undetermined"


YAMAHA = """\
# RTX1210 Rev.14.01.42 (Fri Jul  8 13:54:17 2022)
console prompt rt1
ip lan1 address 10.1.0.1/24
ip lan2 address 10.2.0.1/24
ip filter 200 pass * * {match} * *
ip filter 999 reject * * * * *
ip lan1 secure filter in 200 999
ip lan2 secure filter in 999
"""


@pytest.mark.parametrize(
    ("match", "expected"), [("tcpfin", "undetermined"), ("tcprst", "none"), ("established", "none"), ("tcpsyn", "flow")]
)
def test_syn_with_fin_opens_a_connection_on_some_hosts(tmp_path: Path, match: str, expected: str) -> None:
    assert verdict(tmp_path, {"rt1.txt": YAMAHA.format(match=match)}, *ANSWERS) == expected


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (("ipv6 address autoconfig",), ("ipv6 address 2001:db8:2::1/64",)),
        (("ipv6 address PFX ::1:0:0:0:1/64",), ("ipv6 address PFX ::2:0:0:0:1/64",)),
        (("ipv6 address dhcp",), ("ipv6 address dhcp",)),
        (("ip pim sparse-mode",), ("ip pim sparse-mode",)),
    ],
    ids=["IPv6 by advertisement", "IPv6 by delegated prefix", "IPv6 by DHCP", "multicast"],
)
def test_ios_what_the_file_does_not_tell_is_no_separation(
    tmp_path: Path, here: tuple[str, ...], there: tuple[str, ...]
) -> None:
    plain = (
        interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group DENY in"),
        interface("GigabitEthernet0/1", "10.2.0.1", "ip access-group DENY in"),
        DENY,
        "ipv6 unicast-routing",
    )
    assert verdict(tmp_path / "plain", {"rt1.cfg": router("rt1", *plain)}, *ANSWERS) == "none"
    config = router(
        "rt1",
        interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group DENY in", *here),
        interface("GigabitEthernet0/1", "10.2.0.1", "ip access-group DENY in", *there),
        *plain[2:],
    )
    assert verdict(tmp_path / "more", {"rt1.cfg": config}, *ANSWERS) == "undetermined"


def test_ios_an_outside_host_is_reached_by_its_inside_address(tmp_path: Path) -> None:
    blocked = "ip access-list extended MN\n deny ip any 10.2.0.0 0.0.0.255\n permit ip any any\n!"
    parts = (
        interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group MN in", "ip nat inside"),
        interface("GigabitEthernet0/1", "10.2.0.1", "ip nat outside"),
        blocked,
    )
    static = "ip nat outside source static 10.2.0.5 10.1.0.200 add-route"
    assert verdict(tmp_path / "plain", {"rt1.cfg": router("rt1", *parts)}, *ANSWERS) == "none"
    assert verdict(tmp_path / "nat", {"rt1.cfg": router("rt1", *parts, static)}, *ANSWERS) == "undetermined"


FORTIGATE = """\
#config-version=FGT60F-7.2.5-FW-build1517-230606:opmode=0:vdom=0:user=admin
config system global
    set hostname "rt1"
end
config system interface
    edit "port1"
        set vdom "root"
        set ip 10.1.0.1 255.255.255.0
        set type physical
{inside}
    next
    edit "port2"
        set vdom "root"
        set ip 10.2.0.1 255.255.255.0
        set type physical
    next
end
{more}
config firewall policy
end
config router static
end
"""


@pytest.mark.parametrize(
    ("inside", "more", "expected"),
    [
        ("", "", "none"),
        ("config ipv6\nset ip6-mode dhcp\nend", "", "undetermined"),
        ("config ipv6\nset autoconf enable\nend", "", "undetermined"),
        ('set dhcp-relay-service enable\nset dhcp-relay-ip "10.2.0.5"', "", "undetermined"),
        ('set dhcp-relay-service enable\nset dhcp-relay-ip "10.1.0.5"', "", "none"),
        ('set dhcp-relay-ip "10.2.0.5"', "", "none"),
        ("config ipv6\nset ip6-mode delegated\nset ip6-subnet ::1:0:0:0:1/64\nend", "", "undetermined"),
        (
            "",
            'config firewall multicast-policy\nedit 1\nset srcintf "port1"\nset dstintf "port2"\n'
            'set srcaddr "all"\nset dstaddr "all"\nnext\nend',
            "undetermined",
        ),
    ],
    ids=[
        "plain",
        "IPv6 by DHCP",
        "IPv6 by advertisement",
        "DHCP relay",
        "DHCP relay inside the zone",
        "DHCP relay off",
        "IPv6 by delegated prefix",
        "multicast policy",
    ],
)
def test_fortios_what_the_file_does_not_tell_is_no_separation(
    tmp_path: Path, inside: str, more: str, expected: str
) -> None:
    assert verdict(tmp_path, {"rt1.conf": FORTIGATE.format(inside=inside, more=more)}, *ANSWERS) == expected


LINKED = """\
devices:
  - {name: sw-a, vendor: cisco_ios, role: core_switch, zones: [my_number]}
  - {name: sw-b, vendor: cisco_ios, role: core_switch, zones: [lgwan]}
links:
  - {left: "sw-a:GigabitEthernet0/1", right: "sw-b:GigabitEthernet0/1"}
"""


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ("switchport mode trunk", "switchport mode trunk", "undetermined"),
        ("switchport access vlan 10\n switchport mode access", "switchport access vlan 10\n switchport mode access", "undetermined"),
        ("switchport mode trunk", "switchport mode trunk\n switchport trunk allowed vlan 20", "none"),
        ("switchport access vlan 10\n switchport mode access", "switchport access vlan 30\n switchport mode access", "none"),
    ],
    ids=["trunk", "access", "VLAN not carried", "other VLAN"],
)  # fmt: skip
def test_two_zones_in_one_vlan_across_a_cable_share_the_wire(
    tmp_path: Path, here: str, there: str, expected: str
) -> None:
    configs = {
        "sw-a.cfg": router("sw-a", "vlan 10\n!", interface("Vlan10", "10.1.0.1"), f"interface GigabitEthernet0/1\n {here}\n!"),
        "sw-b.cfg": router("sw-b", "vlan 10\n!", interface("Vlan10", "10.2.0.1"), f"interface GigabitEthernet0/1\n {there}\n!"),
    }  # fmt: skip
    assert verdict(tmp_path, configs, *ANSWERS, ZONES + LINKED) == expected


def test_who_dials_in_may_have_an_address_of_the_zone(tmp_path: Path) -> None:
    config = YAMAHA.format(match="tcprst").replace("secure filter in 200 999", "secure filter in 999")
    assert verdict(tmp_path / "plain", {"rt1.txt": config}, *ANSWERS) == "none"
    dialled = (
        "pp select anonymous\n pp bind tunnel1\n ip pp remote address pool dhcp\n pp enable anonymous\n"
        "tunnel select 1\n tunnel encapsulation pptp\n tunnel enable 1\n"
    )
    assert verdict(tmp_path / "dialled", {"rt1.txt": config + dialled}, *ANSWERS) == "undetermined"


def test_ios_a_scheduled_change_of_the_configuration_is_not_hidden(tmp_path: Path) -> None:
    parts = (
        interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group DENY in"),
        interface("GigabitEthernet0/1", "10.2.0.1", "ip access-group DENY in"),
        DENY,
    )
    applet = (
        'event manager applet NIGHT\n event timer cron cron-entry "0 1 * * *"\n action 1 cli command "configure terminal"\n'
        ' action 2 cli command "no ip access-list extended DENY"\n!'
    )
    assert verdict(tmp_path / "plain", {"rt1.cfg": router("rt1", *parts)}, *ANSWERS) == "none"
    assert verdict(tmp_path / "applet", {"rt1.cfg": router("rt1", *parts, applet)}, *ANSWERS) == "undetermined"


def test_broadcasts_passed_on_to_another_zone_cross(tmp_path: Path) -> None:
    deny = "ip access-list extended MN\n deny ip any 10.2.0.0 0.0.0.255\n permit ip any any\n!"

    def config(*more: str) -> str:
        inside = interface("GigabitEthernet0/0", "10.1.0.1", "ip access-group MN in", *more)
        return router("rt1", inside, interface("GigabitEthernet0/1", "10.2.0.1", "ip access-group MN in"), deny)

    assert verdict(tmp_path / "own", {"rt1.cfg": config("ip helper-address 10.1.0.9")}, *ANSWERS) == "none"
    other = network(tmp_path / "other", {"rt1.cfg": config("ip helper-address 10.2.0.5")})
    pair = other.flows.pair(*ANSWERS)
    assert pair.certain.is_empty
    assert [str(box) for box in pair.possible.boxes(3)] == ["10.1.0.0/24 → 10.2.0.5 udp/37,42,49,53,67-69,137-138"]
    assert [line.text.strip() for doubt in pair.doubts for line in doubt.sources] == ["ip helper-address 10.2.0.5"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("dhcp service relay\ndhcp relay server 10.2.0.5", "undetermined"),
        ("dhcp service server\ndhcp relay server 10.2.0.5", "none"),
        ("dhcp service relay\ndhcp relay server 10.1.0.5", "none"),
    ],
    ids=["to the other zone", "not on", "inside the zone"],
)
def test_yamaha_dhcp_relay(tmp_path: Path, more: str, expected: str) -> None:
    config = YAMAHA.format(match="tcprst") + more + "\n"
    assert verdict(tmp_path, {"rt1.txt": config}, *ANSWERS) == expected


def test_a_device_without_an_interface_where_the_ledger_puts_it_is_not_complete(tmp_path: Path) -> None:
    cut = YAMAHA.format(match="tcprst").partition("ip lan2")[0] + "ip lan1 secure filter in 999\n"
    configs = {"rt1.txt": cut, "rt2.cfg": BEYOND}
    stated = "devices:\n  - {name: rt1, vendor: yamaha, role: router, zones: [my_number%s]}\n  - {name: rt2, vendor: cisco_ios, role: router, zones: [lgwan]}\n"
    assert verdict(tmp_path / "one", configs, *ANSWERS, ZONES + stated % "") == "none"
    assert verdict(tmp_path / "two", configs, *ANSWERS, ZONES + stated % ", lgwan") == "undetermined"
    why = doubts(tmp_path / "why", configs, *ANSWERS, ZONES + stated % ", lgwan")
    assert "the ledger says that rt1 is connected to lgwan, but its configuration has no interface there" in why


SSL_VPN = """\
config vpn ssl settings
    set source-interface "wan1"
    set status {status}
end
config firewall policy
    edit 1
        set srcintf "ssl.root"
        set dstintf "port2"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "ALL"
    next
end
"""
SSL_INTERFACE = 'next\nedit "ssl.root"\nset vdom "root"\nset type tunnel'


@pytest.mark.parametrize(("status", "expected"), [("enable", "undetermined"), ("disable", "none")])
def test_clients_of_an_ssl_vpn_come_in_with_addresses_of_a_zone(tmp_path: Path, status: str, expected: str) -> None:
    config = FORTIGATE.format(inside=SSL_INTERFACE, more=SSL_VPN.format(status=status))
    assert verdict(tmp_path, {"rt1.conf": config}, *ANSWERS) == expected


GRE = """\
interface Tunnel1
 ip address 172.16.0.{last} 255.255.255.252
 tunnel source 192.0.2.{last}
 tunnel destination 192.0.2.{other}
!"""


@pytest.mark.parametrize(
    ("shut", "expected"),
    [("", "flow"), ("ip access-list extended WAN\n deny gre any any\n permit ip any any\n!", "undetermined")],
)
def test_a_tunnel_whose_packets_are_stopped_is_no_flow_for_sure(tmp_path: Path, shut: str, expected: str) -> None:
    def site(last: int, lan: str, far: str) -> str:
        wan = interface("GigabitEthernet0/1", f"192.0.2.{last}", *(("ip access-group WAN in",) if shut else ()))
        tunnel = GRE.format(last=last, other=3 - last)
        return router(
            f"rt{last}",
            interface("GigabitEthernet0/0", lan),
            wan,
            tunnel,
            shut,
            f"ip route {far} 255.255.255.0 Tunnel1",
        )

    configs = {"rt1.cfg": site(1, "10.1.0.1", "10.2.0.0"), "rt2.cfg": site(2, "10.2.0.1", "10.1.0.0")}
    assert verdict(tmp_path, configs, *ANSWERS) == expected
