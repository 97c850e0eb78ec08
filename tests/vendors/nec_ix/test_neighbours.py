"""Whether the neighbours of routing protocols must authenticate themselves: one interface or one neighbour without a key is enough to be open."""

from __future__ import annotations

import pytest

from secaudit.vendors.nec_ix import READER
from tests.vendors.neighbours import NO, UNKNOWN, YES, below, evidence, neighbours


def device(router: str, first: str = "", second: str = "", more: str = "") -> str:
    """A router with two interfaces, 10.1.0.1 and 10.2.0.1, and what is said below each. The device prints interfaces behind its protocols."""
    return (
        "! NEC Portable Internetwork Core Operating System Software\n"
        "! IX Series IX2215 (magellan-sec) Software, Version 10.7.18, RELEASE SOFTWARE\n!\nhostname IX-01\n"
        f"{router}\n!\n"
        f"interface GigaEthernet0.0\n  ip address 10.1.0.1/24\n{below(first, 2)}  no shutdown\n!\n"
        f"interface GigaEthernet1.0\n  ip address 10.2.0.1/24\n{below(second, 2)}  no shutdown\n!\n"
        f"{more}interface Loopback0.0\n  ip address 10.255.0.1/32\n!\ninterface Null0.0\n  no ip address\n"
    )


# --- OSPF

OSPF = "ip router ospf 1\n  router-id 10.255.0.1\n  area 0\n  network GigaEthernet0.0 area 0\n  network GigaEthernet1.0 area 0"
BY_PREFIX = "ip router ospf 1\n  area 0\n  network 10.0.0.0/8 area 0"
DIGEST = "ip ospf authentication message-digest; ip ospf message-digest-key 1 himitsu"
PLAIN = "ip ospf authentication; ip ospf authentication-key himitsu"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (OSPF, DIGEST, DIGEST, YES),
        (OSPF, DIGEST, PLAIN, YES),
        (BY_PREFIX, DIGEST, DIGEST, YES),
        (f"{OSPF}\n  passive-interface GigaEthernet1.0", DIGEST, "", YES),
        ("ip router ospf 1\n  network gigaethernet0.0 area 0", DIGEST, "", YES),
        (f"{OSPF}\n  network Loopback0.0 area 0", DIGEST, DIGEST, YES),
        (OSPF, "", "", NO),
        (OSPF, DIGEST, "ip ospf cost 10; ip ospf mtu-ignore", NO),
        (OSPF, DIGEST, "ip ospf authentication null", NO),
        (BY_PREFIX, DIGEST, "", NO),
        (f"{OSPF}\n  passive-interface GigaEthernet0.0", DIGEST, "", NO),
        (f"{OSPF}\n  area 1 virtual-link 10.9.9.9", DIGEST, "", NO),
        (OSPF, DIGEST, "ip ospf authentication message-digest", UNKNOWN),
        (OSPF, DIGEST, "ip ospf message-digest-key 1 himitsu", UNKNOWN),
        (OSPF, DIGEST, "ip ospf authentication-key himitsu", UNKNOWN),
        (OSPF, DIGEST, "ip ospf authentication message-digest; ip ospf authentication-key himitsu", UNKNOWN),
        (OSPF, DIGEST, "ip ospf frobnicate", UNKNOWN),
        (f"{OSPF}\n  area 0 authentication message-digest", "", "", UNKNOWN),
        (f"{OSPF}\n  area 1 virtual-link 10.9.9.9", DIGEST, DIGEST, UNKNOWN),
        (f"{OSPF}\n  passive-interface GigaEthernet0.0\n  passive-interface GigaEthernet1.0", "", "", UNKNOWN),
        (f"{OSPF}\n  frobnicate", "", "", UNKNOWN),
        (f"{OSPF}\n  network GigaEthernet2.0 area 0", DIGEST, DIGEST, UNKNOWN),
        ("ip router ospf 1\n  network 192.168.0.0/16 area 0", "", "", UNKNOWN),
    ],
)
def test_ospf(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (f"{DIGEST}; no ip ospf authentication", UNKNOWN),
        (f"{DIGEST}; no ip ospf authentication; no ip ospf message-digest-key 1", UNKNOWN),
        (f"ip ospf authentication null; {DIGEST}", YES),
    ],
)
def test_ospf_lines_that_are_taken_back_are_not_understood(second: str, expected: str) -> None:
    assert neighbours(READER, device(OSPF, DIGEST, second)) == expected


def test_interfaces_that_are_down_have_no_neighbours() -> None:
    text = device(OSPF, DIGEST, "")
    assert neighbours(READER, text) == NO
    shut = text.replace("10.2.0.1/24\n  no shutdown", "10.2.0.1/24\n  shutdown")
    assert neighbours(READER, shut) == YES
    below_it = text.replace("hostname IX-01\n", "hostname IX-01\ndevice GigaEthernet1\n  shutdown\n!\n")
    assert neighbours(READER, below_it) == UNKNOWN


def test_ospf_in_an_ipsec_tunnel_may_be_asked_by_ipsec() -> None:
    router = "ip router ospf 1\n  network Tunnel0.0 area 0"
    tunnel = "interface Tunnel0.0\n  tunnel mode {}\n  tunnel destination 192.0.2.1\n  tunnel source GigaEthernet0.0\n  ip address 10.8.0.1/30\n  no shutdown\n!\n"
    assert neighbours(READER, device(router, more=tunnel.format("gre ip"))) == NO
    assert neighbours(READER, device(router, more=tunnel.format("gre ip ipsec"))) == UNKNOWN


def test_evidence_names_the_interface_and_hides_the_key() -> None:
    assert evidence(READER, device(OSPF, DIGEST, "")) == [
        "ip router ospf 1",
        "network GigaEthernet1.0 area 0",
        "interface GigaEthernet1.0",
    ]
    assert "ip ospf message-digest-key 1 ********" in evidence(READER, device(OSPF, DIGEST, DIGEST))


# --- RIP

RIP = "ip router rip\n  network GigaEthernet0.0\n  network GigaEthernet1.0"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (RIP, "", "", NO),
        (RIP, "ip rip authentication text himitsu", "", NO),
        (RIP, *(2 * ["ip rip authentication text himitsu"]), UNKNOWN),
        (RIP, *(2 * ["ip rip frobnicate"]), UNKNOWN),
        (f"{RIP}\n  frobnicate", "", "", UNKNOWN),
        ("ip router rip", "", "", UNKNOWN),
    ],
)
def test_rip(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


# --- BGP

BGP = "router bgp 65001\n"
A = "  neighbor 10.1.0.2 remote-as 65002\n"
A_SECRET = f"{A}  neighbor 10.1.0.2 password himitsu\n"
B = "  neighbor 10.2.0.2 remote-as 65003\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (f"{A_SECRET}  address-family ipv4 unicast\n    network 10.0.0.0/8\n", YES),
        (f"{A_SECRET}{B}  neighbor 10.2.0.2 shutdown\n", YES),
        (f"{A_SECRET}{B}", NO),
        (f"{A}  neighbor 10.1.0.2 timers 10 30\n", NO),
        (f"{A_SECRET}  no neighbor 10.1.0.2 password\n", NO),
        (f"{A}  neighbor 10.1.0.2 shutdown\n", UNKNOWN),
        (f"{A}  neighbor 10.1.0.2 frobnicate\n", UNKNOWN),
        (f"{A_SECRET}{B}  neighbor G peer-group\n  neighbor G password himitsu\n  neighbor 10.2.0.2 peer-group G\n", UNKNOWN),
        ("  frobnicate\n", UNKNOWN),
    ],
)  # fmt: skip
def test_bgp(lines: str, expected: str) -> None:
    assert neighbours(READER, device(BGP + lines.rstrip())) == expected


# --- what may be lacking


def test_a_line_of_an_interface_that_is_not_understood() -> None:
    assert neighbours(READER, device(OSPF, DIGEST, f"{DIGEST}; frobnicate 7")) == UNKNOWN
    assert neighbours(READER, device(OSPF, "", "frobnicate 7")) == NO
    assert neighbours(READER, device(OSPF, "frobnicate 7", DIGEST)) == UNKNOWN


@pytest.mark.parametrize(
    "cut", ["interface GigaEthernet1.0\n", "\n  ip ospf message-digest-key 1 himitsu\n  no shutdown", "!\ninterface"]
)
def test_a_file_that_is_cut_off_tells_nothing(cut: str) -> None:
    whole = device(OSPF, DIGEST, DIGEST)
    assert neighbours(READER, whole) == YES
    assert neighbours(READER, whole[: whole.index(cut) + len(cut.partition("\n")[0])]) == UNKNOWN
    assert neighbours(READER, device(BY_PREFIX, DIGEST, DIGEST).partition("interface Null0.0")[0]) == UNKNOWN


def test_the_last_block_of_a_file_may_lack_a_password() -> None:
    assert neighbours(READER, device("") + "!\n" + (BGP + A).rstrip()) == UNKNOWN
    assert neighbours(READER, device((BGP + A).rstrip())) == NO


def test_lines_that_a_terminal_wrapped_out_of_their_block() -> None:
    cut = (
        f"{BGP}{A}  neighbor 10.1.0.2 description the router of\nthe-other-office\n  neighbor 10.1.0.2 password himitsu"
    )
    assert neighbours(READER, device(cut)) == UNKNOWN


@pytest.mark.parametrize(
    "router", ["ipv6 router ospf 1", "ipv6 router ripng", "ip router ospf 1 vrf A\n  network 10.0.0.0/8 area 0"]
)
def test_protocols_that_are_not_followed(router: str) -> None:
    assert neighbours(READER, device(router)) == UNKNOWN
