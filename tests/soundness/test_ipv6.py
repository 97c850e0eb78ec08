"""IPv6 beside IPv4: on and unfiltered is a flow, on with addresses nobody stated is never `none`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soundness.folders import ZONES, network
from tests.soundness.test_flows import ANSWERS, DENY, interface, router, verdict

CLOSED4 = "ip access-group DENY in"
SIX = "ipv6 address 2001:db8:{}::1/64"


def pair_of(first: tuple[str, ...], second: tuple[str, ...], *more: str) -> dict[str, str]:
    """Two zones whose IPv4 is closed, with more lines at each interface."""
    return {
        "rt1.cfg": router(
            "rt1",
            "ipv6 unicast-routing",
            interface("GigabitEthernet0/0", "10.1.0.1", CLOSED4, *first),
            interface("GigabitEthernet0/1", "10.2.0.1", CLOSED4, *second),
            DENY,
            *more,
        )
    }


@pytest.mark.parametrize(
    ("first", "second", "more", "expected"),
    [
        ((), (), (), "none"),
        ((SIX.format(1),), (SIX.format(2),), (), "flow"),
        ((SIX.format(1), "ipv6 traffic-filter D6 in"), (SIX.format(2),), ("ipv6 access-list D6\n deny ipv6 any any\n!",), "none"),
        # Only link-local: nothing is routed by it until a route says so.
        (("ipv6 enable",), ("ipv6 enable",), (), "none"),
        (("ipv6 enable",), (SIX.format(2),), (), "undetermined"),
        (("ipv6 enable",), ("ipv6 enable",), ("ipv6 route 2001:db8:2::/64 GigabitEthernet0/1 FE80::2",), "undetermined"),
        ((SIX.format(1),), ("ipv6 enable",), ("ipv6 route 2001:db8:2::/64 GigabitEthernet0/1 FE80::2",), "undetermined"),
        ((SIX.format(1), "ipv6 nd prefix 2001:db8:77::/64"), (SIX.format(2), "ipv6 traffic-filter D6 out"), ("ipv6 access-list D6\n deny ipv6 2001:db8:1::/64 any\n permit ipv6 any any\n!",), "undetermined"),
        ((SIX.format(1), "ipv6 nd prefix 2001:db8:1::/64"), (SIX.format(2), "ipv6 traffic-filter D6 out"), ("ipv6 access-list D6\n deny ipv6 2001:db8:1::/64 any\n permit ipv6 any any\n!",), "none"),
    ],
    ids=[
        "off", "on and unfiltered", "on and closed", "link-local on both sides", "link-local on one side",
        "route between link-local sides", "route to a link-local side", "other prefix advertised", "own prefix advertised",
    ],
)  # fmt: skip
def test_ios(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...], more: tuple[str, ...], expected: str
) -> None:
    assert verdict(tmp_path, pair_of(first, second, *more), *ANSWERS) == expected


def test_prefixes_behind_a_router_nobody_submitted_belong_to_the_zone(tmp_path: Path) -> None:
    only_far = "ipv6 access-list FAR\n permit ipv6 2001:db8:5::/64 any\n deny ipv6 any any\n!"
    plain = pair_of((SIX.format(1), "ipv6 traffic-filter FAR in"), (SIX.format(2),), only_far)
    assert verdict(tmp_path / "plain", plain, *ANSWERS) == "none"
    behind = "ipv6 route 2001:db8:5::/64 2001:db8:1::9"
    routed = pair_of((SIX.format(1), "ipv6 traffic-filter FAR in"), (SIX.format(2),), only_far, behind)
    pair = network(tmp_path / "routed", routed).flows.pair(*ANSWERS)
    assert [str(box) for box in pair.possible.boxes(2)] == ["2001:db8:5::/64 → 2001:db8:2::/64 any"]
    assert pair.certain.is_empty
    assert "states no IPv6 addresses for the zone my_number" in pair.doubts[0].text.en
    # and the other way: what is sent there arrives in the zone
    back = network(tmp_path / "back", routed).flows.pair(*ANSWERS[::-1])
    assert any("2001:db8:5::/64" in str(box) for box in back.possible.boxes(8))


def test_a_zone_that_states_its_ipv6_is_told_exactly(tmp_path: Path) -> None:
    only_far = "ipv6 access-list FAR\n permit ipv6 2001:db8:5::/64 any\n deny ipv6 any any\n!"
    behind = "ipv6 route 2001:db8:5::/64 2001:db8:1::9"
    configs = pair_of((SIX.format(1), "ipv6 traffic-filter FAR in"), (SIX.format(2),), only_far, behind)
    stated = ZONES.replace("[10.1.0.0/24]", '[10.1.0.0/24, "2001:db8:1::/64"]')
    assert verdict(tmp_path, configs, *ANSWERS, stated) == "none"


OUTSIDE = """\
zones:
  my_number: {subnets: [10.1.0.0/24]}
  lgwan: {subnets: [10.2.0.0/24]}
  lgwan_network: {subnets: [172.20.0.0/16], interfaces: ["rt1:GigabitEthernet0/2"]}
"""


@pytest.mark.parametrize(
    ("line", "inward", "outward"),
    [
        ((), "none", "none"),
        (("ipv6 address 2001:db8:f::1/64",), "flow", "flow"),
        (("ipv6 enable",), "undetermined", "none"),
        (("ipv6 address 2001:db8:f::1/64", "ipv6 traffic-filter D6 in"), "none", "flow"),
    ],
    ids=["off", "on", "link-local", "closed inward"],
)
def test_a_zone_outside_that_states_only_ipv4(tmp_path: Path, line: tuple[str, ...], inward: str, outward: str) -> None:
    config = router(
        "rt1",
        "ipv6 unicast-routing",
        interface("GigabitEthernet0/0", "10.1.0.1", CLOSED4, SIX.format(1)),
        interface("GigabitEthernet0/2", "192.0.2.1", CLOSED4, *line, mask="255.255.255.252"),
        DENY,
        "ipv6 access-list D6\n deny ipv6 any any\n!",
    )
    assert verdict(tmp_path / "in", {"rt1.cfg": config}, "lgwan_network", "my_number", OUTSIDE) == inward
    assert verdict(tmp_path / "out", {"rt1.cfg": config}, "my_number", "lgwan_network", OUTSIDE) == outward


def test_ipv6_that_leaves_by_the_entrance_of_a_zone_may_be_for_it(tmp_path: Path) -> None:
    config = router(
        "rt1",
        "ipv6 unicast-routing",
        interface("GigabitEthernet0/0", "10.1.0.1", CLOSED4, SIX.format(1)),
        interface(
            "GigabitEthernet0/2", "192.0.2.1", CLOSED4, "ipv6 enable", "ipv6 traffic-filter D6 in",
            mask="255.255.255.252",
        ),
        DENY,
        "ipv6 access-list D6\n deny ipv6 any any\n!",
        "ipv6 route ::/0 GigabitEthernet0/2 FE80::1",
    )  # fmt: skip
    assert verdict(tmp_path, {"rt1.cfg": config}, "my_number", "lgwan_network", OUTSIDE) == "undetermined"


YAMAHA = """\
# RTX1210 Rev.14.01.42 (Fri Jul  8 13:54:17 2022)
console prompt rt1
ip lan1 address 10.1.0.1/24
ip lan2 address 10.2.0.1/24
ip filter 999 reject * * * * *
ip lan1 secure filter in 999
ip lan2 secure filter in 999
"""


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", "none"),
        ("ipv6 lan1 address 2001:db8:1::1/64\nipv6 lan2 address 2001:db8:2::1/64", "flow"),
        (
            "ipv6 lan1 address 2001:db8:1::1/64\nipv6 lan2 address 2001:db8:2::1/64\n"
            "ipv6 filter 1 reject * * * * *\nipv6 lan1 secure filter in 1",
            "none",
        ),
        # hosts have addresses of a prefix that the filter does not know
        (
            "ipv6 lan1 address 2001:db8:1::1/64\nipv6 lan2 address 2001:db8:2::1/64\nipv6 prefix 1 2001:db8:77::/64\n"
            "ipv6 lan1 rtadv send 1\nipv6 filter 1 reject 2001:db8:1::/64 * * * *\nipv6 filter 2 pass * * * * *\n"
            "ipv6 lan1 secure filter in 1 2",
            "undetermined",
        ),
        (
            "ipv6 lan1 address 2001:db8:1::1/64\nipv6 lan2 address 2001:db8:2::1/64\nipv6 prefix 1 2001:db8:1::/64\n"
            "ipv6 lan1 rtadv send 1\nipv6 filter 1 reject * * * * *\nipv6 lan1 secure filter in 1",
            "none",
        ),
    ],
    ids=["off", "on and unfiltered", "closed", "other prefix advertised", "own prefix advertised"],
)
def test_yamaha(tmp_path: Path, more: str, expected: str) -> None:
    assert verdict(tmp_path, {"rt1.txt": YAMAHA + more + "\n"}, *ANSWERS) == expected


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
        config ipv6
            set ip6-address 2001:db8:1::1/64
            {inside}
        end
    next
    edit "port2"
        set vdom "root"
        set ip 10.2.0.1 255.255.255.0
        set type physical
        config ipv6
            set ip6-address 2001:db8:2::1/64
        end
    next
end
{more}
config firewall policy
end
config firewall policy6
end
config router static
end
"""
POLICY = """\
config firewall policy
    edit 1
        set srcintf "port1"
        set dstintf "port2"
        set action accept
        {addresses}
        set schedule "always"
        set service "ALL"
    next
end
"""


@pytest.mark.parametrize(
    ("inside", "more", "expected"),
    [
        ("", "", "none"),
        ("", POLICY.format(addresses='set srcaddr6 "all"\n        set dstaddr6 "all"'), "flow"),
        ("set ip6-send-adv enable\nconfig ip6-prefix-list\nedit 2001:db8:1::/64\nnext\nend", "", "none"),
        ("set ip6-send-adv enable\nconfig ip6-prefix-list\nedit 2001:db8:77::/64\nnext\nend", "", "undetermined"),
    ],
    ids=["closed", "policy for IPv6", "own prefix advertised", "other prefix advertised"],
)
def test_fortios(tmp_path: Path, inside: str, more: str, expected: str) -> None:
    assert verdict(tmp_path, {"rt1.conf": FORTIGATE.format(inside=inside, more=more)}, *ANSWERS) == expected
