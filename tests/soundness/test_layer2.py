"""Wires that join zones without any router: a VLAN on the wrong port, a switch nobody submitted, a host in two zones. Never `none`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soundness.folders import ZONES, Network, network
from tests.soundness.test_flows import ANSWERS, DENY, doubts, interface, router, verdict

CORES = """\
devices:
  - {name: core-a, vendor: cisco_ios, role: core_switch, zones: [my_number]}
  - {name: core-b, vendor: cisco_ios, role: core_switch, zones: [lgwan]}
  - {name: sw, vendor: cisco_ios, role: access_switch, zones: [my_number, lgwan], routes: false}
"""
CABLES = """\
links:
  - {left: "core-a:GigabitEthernet0/1", right: "sw:GigabitEthernet0/1"}
  - {left: "core-b:GigabitEthernet0/1", right: "sw:GigabitEthernet0/2"}
"""
TRUNK = "switchport mode trunk"
ACCESS = "switchport mode access\n switchport access vlan {}"


def port(name: str, *lines: str) -> str:
    return "\n".join((f"interface {name}", *(f" {line}" for line in lines), "!"))


def core(name: str, vlan: int, address: str, uplink: str) -> str:
    return router(name, f"vlan {vlan}\n!", interface(f"Vlan{vlan}", address), port("GigabitEthernet0/1", uplink))


def switch(first: str, second: str, *more: str) -> str:
    return "\n".join(
        (
            "version 15.2\nhostname sw\nno ip routing\nvlan 10\n!\nvlan 20\n!",
            port("GigabitEthernet0/1", first),
            port("GigabitEthernet0/2", second),
            *more,
            "end\n",
        )
    )


def through_a_switch(
    root: Path, first: str, second: str, *more: str, a: str = TRUNK, b: str = TRUNK, zones: str = ZONES
) -> Network:
    configs = {
        "core-a.cfg": core("core-a", 10, "10.1.0.1", a),
        "core-b.cfg": core("core-b", 20, "10.2.0.1", b),
        "sw.cfg": switch(first, second, *more),
    }
    return network(root, configs, zones + CORES + CABLES)


@pytest.mark.parametrize(
    ("first", "second", "b", "expected"),
    [
        (TRUNK, TRUNK, TRUNK, "none"),
        (ACCESS.format(10), ACCESS.format(20), TRUNK, "none"),
        (TRUNK, ACCESS.format(20), ACCESS.format(20), "none"),
        # The patch cable of core-b is in a port of the other zone's VLAN.
        (TRUNK, ACCESS.format(10), ACCESS.format(20), "undetermined"),
        # Native VLANs differ: what core-b sends untagged from VLAN 20 comes out in VLAN 10.
        (TRUNK, f"{TRUNK}\n switchport trunk native vlan 10", f"{TRUNK}\n switchport trunk native vlan 20", "undetermined"),
        (TRUNK, f"{TRUNK}\n switchport trunk native vlan 20", f"{TRUNK}\n switchport trunk native vlan 20", "none"),
        # A port that negotiates may be an access port.
        (TRUNK, "switchport access vlan 10", ACCESS.format(20), "undetermined"),
        (TRUNK, f"{TRUNK}\n switchport trunk allowed vlan 10", TRUNK, "none"),
        # An access port may take frames with the tag of its VLAN.
        (TRUNK, ACCESS.format(10), f"{TRUNK}\n switchport trunk native vlan 20", "undetermined"),
    ],
    ids=[
        "trunks", "access ports", "access to access", "wrong patch", "native mismatch", "native agrees",
        "negotiated", "VLAN not carried", "native into access",
    ],
)  # fmt: skip
def test_two_cores_on_one_switch(tmp_path: Path, first: str, second: str, b: str, expected: str) -> None:
    # core-a reaches the switch by VLAN 10, tagged or not.
    a = ACCESS.format(10) if "access" in first else TRUNK
    found = through_a_switch(tmp_path, first, second, a=a, b=b)
    assert found.verdict(*ANSWERS) == expected
    assert found.verdict(*ANSWERS[::-1]) == expected


def test_the_doubt_names_the_wire(tmp_path: Path) -> None:
    found = through_a_switch(tmp_path, TRUNK, ACCESS.format(10), b=ACCESS.format(20))
    pair = found.flows.pair(*ANSWERS)
    assert any("the zones lgwan and my_number are on one segment" in doubt.text.en for doubt in pair.doubts)
    assert pair.certain.is_empty
    assert found.flows.reliable(*ANSWERS, found.flows.everything()).is_empty


@pytest.mark.parametrize(
    "isolation",
    ["switchport protected", "switchport mode private-vlan host\n switchport private-vlan host-association 10 11"],
)
def test_isolated_ports_are_no_proof(tmp_path: Path, isolation: str) -> None:
    found = through_a_switch(tmp_path, TRUNK, f"{ACCESS.format(10)}\n {isolation}", b=ACCESS.format(20))
    assert found.verdict(*ANSWERS) == "undetermined"
    kept = "ports are isolated from each other there, but not surely on every way"
    doubt = next(one for one in found.flows.pair(*ANSWERS).doubts if kept in one.text.en)
    assert any("protected" in line.text or "private-vlan" in line.text for line in doubt.sources)


@pytest.mark.parametrize(
    ("more", "expected"),
    [("", "none"), ("spanning-tree mode mst", "none"), ("fabric join-everything", "undetermined")],
    ids=["nothing", "known", "unknown"],
)
def test_a_line_of_a_switch_that_nobody_understood_may_join_its_vlans(tmp_path: Path, more: str, expected: str) -> None:
    assert through_a_switch(tmp_path, TRUNK, TRUNK, more).verdict(*ANSWERS) == expected


def test_a_cabled_port_with_a_line_that_nobody_understood(tmp_path: Path) -> None:
    found = through_a_switch(
        tmp_path, TRUNK, f"{ACCESS.format(20)}\n switchport vlan mapping 20 10", b=ACCESS.format(20)
    )
    assert found.verdict(*ANSWERS) == "undetermined"


def test_vlans_of_zones_meet_on_switches_without_any_routed_interface(tmp_path: Path) -> None:
    zones = ZONES.replace("[10.1.0.0/24]", "[10.1.0.0/24], vlans: [110]").replace(
        "[10.2.0.0/24]", "[10.2.0.0/24], vlans: [220]"
    )
    ledger = """\
devices:
  - {name: core-a, vendor: cisco_ios, role: core_switch, zones: [my_number]}
  - {name: core-b, vendor: cisco_ios, role: core_switch, zones: [lgwan]}
  - {name: s1, vendor: cisco_ios, role: access_switch, zones: [my_number], routes: false}
  - {name: s2, vendor: cisco_ios, role: access_switch, zones: [lgwan], routes: false}
links:
  - {left: "s1:GigabitEthernet0/1", right: "s2:GigabitEthernet0/1"}
"""

    def edge(name: str, vlan: int, uplink: int) -> str:
        lines = (port("GigabitEthernet0/1", ACCESS.format(uplink)), port("GigabitEthernet0/2", ACCESS.format(vlan)))
        return "\n".join((f"version 15.2\nhostname {name}\nno ip routing\nvlan {vlan}\n!", *lines, "end\n"))

    configs = {
        "core-a.cfg": router("core-a", interface("Vlan110", "10.1.0.1")),
        "core-b.cfg": router("core-b", interface("Vlan220", "10.2.0.1")),
    }
    apart = {**configs, "s1.cfg": edge("s1", 110, 110), "s2.cfg": edge("s2", 220, 1)}
    meet = {**configs, "s1.cfg": edge("s1", 110, 110), "s2.cfg": edge("s2", 220, 220)}
    assert network(tmp_path / "apart", apart, zones + ledger).verdict(*ANSWERS) == "none"
    joined = network(tmp_path / "meet", meet, zones + ledger)
    assert joined.verdict(*ANSWERS) == "undetermined"
    assert joined.flows.pair(*ANSWERS).certain.is_empty


def test_sub_interfaces_and_aggregates(tmp_path: Path) -> None:
    ledger = """\
devices:
  - {name: rt, vendor: cisco_ios, role: router, zones: [my_number]}
  - {name: core-b, vendor: cisco_ios, role: core_switch, zones: [lgwan]}
links:
  - {left: "rt:GigabitEthernet0/1", right: "core-b:GigabitEthernet0/1"}
"""

    def configs(native: str) -> dict[str, str]:
        sub = interface("GigabitEthernet0/1.10", "10.1.0.1").replace("\n!", f"\n encapsulation dot1q 10{native}\n!")
        bundle = port("Port-channel1", TRUNK, "switchport trunk native vlan 20")
        member = port("GigabitEthernet0/1", "channel-group 1 mode active")
        return {
            "rt.cfg": router("rt", port("GigabitEthernet0/1", "no ip address"), sub),
            "core-b.cfg": router("core-b", "vlan 20\n!", interface("Vlan20", "10.2.0.1"), bundle, member),
        }

    assert network(tmp_path / "tagged", configs(""), ZONES + ledger).verdict(*ANSWERS) == "none"
    assert network(tmp_path / "native", configs(" native"), ZONES + ledger).verdict(*ANSWERS) == "undetermined"


def test_a_zone_outside_that_enters_by_a_port_of_a_switch(tmp_path: Path) -> None:
    zones = """\
    zones:
      my_number: {subnets: [10.1.0.0/24]}
      lgwan: {subnets: [10.2.0.0/24]}
      lgwan_network: {subnets: [172.20.0.0/16], interfaces: ["core:GigabitEthernet0/1"]}
    """

    def config(uplink: str) -> dict[str, str]:
        return {
            "core.cfg": router(
                "core",
                "vlan 99\n!",
                interface("Vlan10", "10.1.0.1"),
                interface("Vlan99", "192.168.9.1", "ip access-group DENY in"),
                DENY,
                port("GigabitEthernet0/1", uplink),
                "ip route 172.20.0.0 255.255.0.0 192.168.9.2",
            )
        }

    # By the VLAN of the port, with the filter of its routed interface.
    assert verdict(tmp_path / "in", config(ACCESS.format(99)), "lgwan_network", "my_number", zones) == "none"
    assert verdict(tmp_path / "out", config(ACCESS.format(99)), "my_number", "lgwan_network", zones) == "flow"
    told = doubts(tmp_path / "trunk", config(TRUNK), "lgwan_network", "my_number", zones)
    assert "rt1" not in told and "core:GigabitEthernet0/1 does not route" in told


# --- switches that nobody submitted, hosts in several zones ---------------------------------------------------

APART = {
    "rt1.cfg": router("rt1", interface("Vlan10", "10.1.0.1")),
    "rt2.cfg": router("rt2", interface("Vlan20", "10.2.0.1"), interface("Vlan30", "10.3.0.1")),
}
THREE = ZONES + "  internet: {subnets: [10.3.0.0/24]}\n"
ROUTERS = """\
devices:
  - {name: rt1, vendor: cisco_ios, role: router, zones: [my_number]}
  - {name: rt2, vendor: cisco_ios, role: router, zones: [lgwan, internet]}
"""


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{name: sw, vendor: other, role: switch, zones: [my_number], routes: false}", "none"),
        ("{name: sw, vendor: other, role: switch, zones: [my_number, lgwan], routes: false}", "undetermined"),
        ("{name: sw, vendor: other, role: switch, routes: false}", "undetermined"),
        ("{name: sw, vendor: other, role: switch, zones: [lgwan, internet], routes: false}", "none"),
    ],
    ids=["one zone", "two zones", "not stated", "other zones"],
)
def test_a_switch_nobody_submitted_may_join_the_zones_that_it_carries(
    tmp_path: Path, entry: str, expected: str
) -> None:
    description = f"{THREE}{ROUTERS}  - {entry}\n"
    found = network(tmp_path, APART, description)
    assert found.verdict(*ANSWERS) == expected
    if expected != "none":
        pair = found.flows.pair(*ANSWERS)
        assert pair.certain.is_empty
        assert [doubt.sources[0].text.strip() for doubt in pair.doubts] == [f"- {entry}"]


def test_by_a_joined_zone_packets_go_on_to_a_third_one(tmp_path: Path) -> None:
    switch_ = "  - {name: sw, vendor: other, role: switch, zones: [my_number, lgwan], routes: false}\n"
    assert verdict(tmp_path / "without", APART, "my_number", "internet", THREE + ROUTERS) == "none"
    found = network(tmp_path / "with", APART, THREE + ROUTERS + switch_)
    pair = found.flows.pair("my_number", "internet")
    assert [str(box) for box in pair.possible.boxes(2)] == ["10.1.0.0/24 → 10.3.0.0/24 any"]
    assert pair.certain.is_empty


def test_a_declared_link_says_more_than_the_ledger(tmp_path: Path) -> None:
    stated = "  - {name: sw, vendor: other, role: switch, zones: [my_number], routes: false}\n"
    link = 'links:\n  - {left: "rt2:Vlan20", right: "sw:1"}\n'
    assert verdict(tmp_path / "none", APART, *ANSWERS, THREE + ROUTERS + stated) == "none"
    assert verdict(tmp_path / "link", APART, *ANSWERS, THREE + ROUTERS + stated + link) == "undetermined"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("{name: backup, addresses: [10.1.0.5, 10.2.0.5]}", "undetermined"),
        ("{name: backup, zones: [my_number, lgwan]}", "undetermined"),
        ("{name: backup, addresses: [10.1.0.5], zones: [lgwan], forwards: true}", "undetermined"),
        ("{name: backup, addresses: [10.1.0.5, 10.2.0.5], forwards: false}", "none"),
        ("{name: backup, addresses: [10.1.0.5, 10.1.0.6]}", "none"),
    ],
    ids=["by its addresses", "as stated", "both", "does not forward", "one zone"],
)
def test_a_host_in_two_zones_may_forward_between_them(tmp_path: Path, host: str, expected: str) -> None:
    found = network(tmp_path, APART, f"{THREE}{ROUTERS}hosts:\n  - {host}\n")
    assert found.verdict(*ANSWERS) == expected
    if expected != "none":
        doubt = found.flows.pair(*ANSWERS).doubts[0]
        assert doubt.text.en == "backup is in several zones (lgwan, my_number) and may forward between them"
        assert doubt.sources[0].text.strip() == f"- {host}"


def test_a_host_that_translates_sends_with_its_own_address(tmp_path: Path) -> None:
    only_host = "ip access-list extended HOST\n permit ip host 10.2.0.5 any\n deny ip any any\n!"
    configs = {
        **APART,
        "rt2.cfg": router(
            "rt2",
            interface("Vlan20", "10.2.0.1", "ip access-group HOST in"),
            interface("Vlan30", "10.3.0.1"),
            only_host,
        ),
    }
    host = "hosts:\n  - {name: proxy, addresses: [10.1.0.5, 10.2.0.5]}\n"
    pair = network(tmp_path, configs, THREE + ROUTERS + host).flows.pair("my_number", "internet")
    assert [str(box) for box in pair.possible.boxes(2)] == ["10.2.0.5 → 10.3.0.0/24 any"]
    assert pair.certain.is_empty


def test_a_host_and_a_switch_one_after_the_other(tmp_path: Path) -> None:
    configs = {**APART, "rt2.cfg": router("rt2", interface("Vlan20", "10.2.0.1"))}
    configs["rt3.cfg"] = router("rt3", interface("Vlan30", "10.3.0.1"))
    ledger = ROUTERS.replace("[lgwan, internet]", "[lgwan]")
    ledger += "  - {name: rt3, vendor: cisco_ios, role: router, zones: [internet]}\n"
    switch_ = "  - {name: sw, vendor: other, role: switch, zones: [lgwan, internet], routes: false}\n"
    host = "hosts:\n  - {name: backup, addresses: [10.1.0.5, 10.2.0.5]}\n"
    assert verdict(tmp_path / "host", configs, "my_number", "internet", THREE + ledger + host) == "none"
    both = doubts(tmp_path / "both", configs, "my_number", "internet", THREE + ledger + switch_ + host)
    assert "backup is in several zones" in both and "sw may carry several zones" in both


def test_a_missing_router_behind_a_joined_zone(tmp_path: Path) -> None:
    zones = THREE + "  management: {subnets: [10.9.0.0/24]}\n  education: {subnets: [10.8.0.0/24]}\n"
    configs = {
        **APART,
        "rt2.cfg": router("rt2", interface("Vlan20", "10.2.0.1")),
        "rt3.cfg": router("rt3", interface("Vlan30", "10.3.0.1")),
        "rt4.cfg": router("rt4", interface("Vlan90", "10.9.0.1"), interface("Vlan80", "10.8.0.1")),
    }
    ledger = ROUTERS.replace("[lgwan, internet]", "[lgwan]") + (
        "  - {name: rt3, vendor: cisco_ios, role: router, zones: [internet]}\n"
        "  - {name: rt4, vendor: cisco_ios, role: router, zones: [management, education]}\n"
        "  - {name: gone, vendor: cisco_ios, role: router, zones: [lgwan, management]}\n"
    )
    switch_ = "  - {name: sw, vendor: other, role: switch, zones: [my_number, lgwan], routes: false}\n"
    assert verdict(tmp_path / "apart", configs, "my_number", "education", zones + ledger) == "none"
    assert verdict(tmp_path / "joined", configs, "my_number", "education", zones + ledger + switch_) == "undetermined"


@pytest.mark.parametrize(
    ("carried", "links", "expected"),
    [
        ("10,90", "", "undetermined"),
        ("90", "", "none"),
        ("10,90", 'links:\n  - {left: "core-a:GigabitEthernet0/1", right: "other:1"}\n', "none"),
    ],
    ids=["carried by both trunks", "not carried", "the trunk leads elsewhere"],
)
def test_trunks_of_switches_in_one_management_subnet_may_be_one_cable(
    tmp_path: Path, carried: str, links: str, expected: str
) -> None:
    """Both have VLAN 10, for different zones, and both are in VLAN 90: what connects them there may carry VLAN 10 as well."""
    zones = ZONES + "  management: {subnets: [10.9.0.0/24]}\n"
    ledger = """\
devices:
  - {name: core-a, vendor: cisco_ios, role: core_switch, zones: [my_number]}
  - {name: core-b, vendor: cisco_ios, role: core_switch, zones: [lgwan]}
  - {name: other, vendor: other, role: switch, zones: [my_number], routes: false}
"""

    def config(name: str, last: int, subnet: int, allowed: str) -> str:
        return router(
            name,
            interface("Vlan10", f"10.{subnet}.0.1"),
            interface("Vlan90", f"10.9.0.{last}", "ip access-group DENY in", "ip access-group DENY out"),
            DENY,
            port("GigabitEthernet0/1", TRUNK, f"switchport trunk allowed vlan {allowed}"),
        )

    configs = {"core-a.cfg": config("core-a", 1, 1, "10,90"), "core-b.cfg": config("core-b", 2, 2, carried)}
    found = network(tmp_path, configs, zones + ledger + links)
    assert found.verdict(*ANSWERS) == expected
    if expected == "undetermined":
        assert any("by a cable that `links` does not name" in one.text.en for one in found.flows.pair(*ANSWERS).doubts)


def test_a_line_to_the_internet_is_one_although_two_devices_are_on_it(tmp_path: Path) -> None:
    """Both have an address of the provider's subnet; the provider's own router is a third one."""
    zones = """\
zones:
  my_number: {subnets: [10.1.0.0/24]}
  security_cloud: {subnets: [10.200.0.0/16], interfaces: ["rt1:GigabitEthernet0/2"]}
  public_internet: {rest: true, behind: security_cloud}
"""

    def configs(mask: str) -> dict[str, str]:
        first = (
            interface("GigabitEthernet0/0", "10.1.0.1", "ip nat inside"),
            interface("GigabitEthernet0/2", "10.200.0.1", "ip access-group DENY in", "ip access-group DENY out"),
            interface("GigabitEthernet0/3", "203.0.113.1", "ip nat outside", mask=mask),
            DENY,
            "ip nat inside source static tcp 10.1.0.5 443 203.0.113.1 443",
        )
        second = router("rt2", interface("GigabitEthernet0/3", "203.0.113.2", mask=mask))
        return {"rt1.cfg": router("rt1", *first), "rt2.cfg": second}

    line = configs("255.255.255.248")
    assert verdict(tmp_path / "line", line, "public_internet", "my_number", zones) == "undetermined"
    between = configs("255.255.255.252")
    assert verdict(tmp_path / "between", between, "public_internet", "my_number", zones) == "none"
