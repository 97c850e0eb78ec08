"""Whether the neighbours of OSPF and RIP must authenticate themselves. What keys come to is not confirmed: they tell nothing."""

from __future__ import annotations

import pytest

from secaudit.vendors.yamaha_swx import READER
from tests.vendors.neighbours import NO, UNKNOWN, below, evidence, neighbours

OSPF = "router ospf 1\n network 10.0.0.0/8 area 0"
RIP = "router rip\n network 10.0.0.0/8"


def device(router: str, first: str = "", second: str = "", *, end: str = "end") -> str:
    """A switch with two routed VLANs, 10.1.0.1 and 10.2.0.1, and what is said below each."""
    return (
        "!\nhostname SWX-01\n!\nvlan database\n vlan 10\n vlan 20\n!\n"
        f"interface vlan10\n no switchport\n ip address 10.1.0.1/24\n{below(first)} no shutdown\n!\n"
        f"interface vlan20\n no switchport\n ip address 10.2.0.1/24\n{below(second)}!\n"
        f"{router}\n!\nline con 0\nline vty 0 7\n!\n{end}"
    )


OSPF_KEY = "ip ospf authentication message-digest; ip ospf message-digest-key 1 md5 himitsu"
RIP_KEY = "ip rip authentication mode md5; ip rip authentication string himitsu"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (OSPF, "", "", NO),
        (OSPF, "ip ospf cost 10", "", NO),
        (OSPF, OSPF_KEY, "", NO),
        (f"{OSPF}\n passive-interface vlan10", OSPF_KEY, "", NO),
        (OSPF, OSPF_KEY, OSPF_KEY, UNKNOWN),
        (f"{OSPF}\n area 0 authentication message-digest", "", "", UNKNOWN),
        (OSPF, "ip ospf authentication", "ip ospf authentication-key himitsu", UNKNOWN),
        (f"{OSPF}\n passive-interface vlan20", OSPF_KEY, "", UNKNOWN),
        (f"{OSPF}\n passive-interface vlan10\n passive-interface vlan20", "", "", UNKNOWN),
        (OSPF, OSPF_KEY, "shutdown", UNKNOWN),
        (OSPF, OSPF_KEY, "ip ospf frobnicate", UNKNOWN),
        (OSPF, OSPF_KEY, "ip address dhcp", NO),
        (f"{OSPF}\n frobnicate", "", "", UNKNOWN),
        (RIP, "", "", NO),
        ("router rip\n network vlan20", RIP_KEY, "", NO),
        (f"{RIP}\n passive-interface vlan20", RIP_KEY, "", NO),
        (RIP, RIP_KEY, "ip rip enable", NO),
        (RIP, RIP_KEY, RIP_KEY, UNKNOWN),
        (RIP, RIP_KEY, "ip rip authentication mode md5", UNKNOWN),
        (RIP, RIP_KEY, "ip rip frobnicate", UNKNOWN),
        ("router rip\n network 192.168.0.0/16", "", "", UNKNOWN),
        ("router bgp 65001\n neighbor 10.1.0.2 remote-as 65002", "", "", UNKNOWN),
        ("router ipv6 ospf 1", "", "", UNKNOWN),
    ],
)
def test_one_interface_without_any_line_about_keys_is_open(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


def test_a_line_that_takes_a_key_back_leaves_none() -> None:
    assert neighbours(READER, device(OSPF, OSPF_KEY, f"{OSPF_KEY}; no ip ospf message-digest-key 1")) == UNKNOWN
    back = "ip ospf authentication; no ip ospf authentication"
    assert neighbours(READER, device(OSPF, OSPF_KEY, back)) == NO
    assert (
        neighbours(READER, device(RIP, RIP_KEY, "ip rip authentication mode md5; no ip rip authentication mode")) == NO
    )


@pytest.mark.parametrize("router", [OSPF, RIP])
def test_what_is_not_understood_or_lacking(router: str) -> None:
    assert neighbours(READER, device(router, "frobnicate 7", "frobnicate 7")) == UNKNOWN
    assert neighbours(READER, device(router, end="")) == UNKNOWN
    assert neighbours(READER, device(router, "shutdown; description cut\nofficenetwork\n", "shutdown")) == UNKNOWN
    assert neighbours(READER, device(f"{router}\nfrobnicate 7")) == UNKNOWN


def test_a_vlan_that_is_off_has_no_neighbours() -> None:
    text = device(OSPF, OSPF_KEY, "")
    assert neighbours(READER, text) == NO
    assert neighbours(READER, text.replace(" vlan 20\n", " vlan 20 state disable\n")) == UNKNOWN


def test_evidence_of_an_open_interface_names_it() -> None:
    shown = evidence(READER, device(OSPF, OSPF_KEY, ""))
    assert shown == ["router ospf 1", "network 10.0.0.0/8 area 0", "interface vlan20"]
