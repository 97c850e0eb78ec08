"""Whether the neighbours of routing protocols must authenticate themselves: one interface or one neighbour without a key is enough to be open."""

from __future__ import annotations

import pytest

from secaudit.vendors.awplus import READER
from tests.vendors.neighbours import NO, UNKNOWN, YES, below, evidence, neighbours, running

CHAIN = "key chain KEYS\n key 1\n  key-string himitsu\n!\n"


def device(router: str, first: str = "", second: str = "", *, chain: str = CHAIN, end: str = "end") -> str:
    """A switch with two routed VLANs, 10.1.0.1 and 10.2.0.1, and what is said below each."""
    return (
        f"!\nservice password-encryption\n!\nhostname L3-01\n!\n{chain}"
        "vlan database\n vlan 10,20 state enable\n!\ninterface lo\n ip address 10.255.0.1/32\n!\n"
        f"interface vlan10\n ip address 10.1.0.1/24\n{below(first)}!\n"
        f"interface vlan20\n ip address 10.2.0.1/24\n{below(second)}!\n"
        f"{router}\n!\nline con 0\nline vty 0 4\n!\n{end}"
    )


# --- OSPF

OSPF = "router ospf 1\n ospf router-id 10.255.0.1\n network 10.0.0.0/8 area 0"
BY_AREA = f"{OSPF}\n area 0 authentication message-digest"
MODE = "ip ospf authentication message-digest"
KEY = "ip ospf message-digest-key 1 md5 himitsu"
PLAIN = "ip ospf authentication; ip ospf authentication-key himitsu"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (BY_AREA, KEY, KEY, YES),
        (OSPF, f"{MODE}; {KEY}", PLAIN, YES),
        ("router ospf 1\n network 10.1.0.0 0.0.0.255 area 0.0.0.0\n area 0 authentication message-digest", KEY, "", YES),
        (f"{BY_AREA}\n passive-interface vlan20", KEY, "", YES),
        (BY_AREA, KEY, "shutdown", YES),
        (OSPF, "", "", NO),
        (OSPF, PLAIN, "ip ospf cost 10; ip ospf priority 0", NO),
        (BY_AREA, KEY, "ip ospf authentication null", NO),
        (f"{OSPF}\n passive-interface vlan10", PLAIN, "", NO),
        ("router ospf 1\n network 10.1.0.0/24 area 0\n network 10.2.0.0/24 area 1\n area 0 authentication", PLAIN, "", NO),
        (f"{OSPF}\n area 1 virtual-link 10.9.9.9", PLAIN, "", NO),
        (BY_AREA, KEY, "", UNKNOWN),
        (OSPF, PLAIN, KEY, UNKNOWN),
        (f"{OSPF}\n area 0 authentication", KEY, KEY, UNKNOWN),
        (OSPF, "ip ospf 10.1.0.1 authentication; ip ospf 10.1.0.1 authentication-key himitsu", PLAIN, UNKNOWN),
        (f"{BY_AREA}\n area 1 virtual-link 10.9.9.9", KEY, KEY, UNKNOWN),
        (f"{OSPF}\n passive-interface", PLAIN, "", UNKNOWN),
        (OSPF, PLAIN, "ip ospf disable all", UNKNOWN),
        (OSPF, PLAIN, "ip ospf 1 area 0", UNKNOWN),
        (f"{OSPF}\n frobnicate", PLAIN, "", UNKNOWN),
        ("router ospf 1\n network 192.168.0.0/16 area 0", "", "", UNKNOWN),
    ],
)  # fmt: skip
def test_ospf(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


@pytest.mark.parametrize(
    ("router", "first", "expected"),
    [
        (f"{OSPF}\n area 0 authentication\n no area 0 authentication", "", NO),
        (BY_AREA, f"{KEY}; ip ospf authentication null; no ip ospf authentication", YES),
        (BY_AREA, f"{KEY}; no ip ospf message-digest-key 1", UNKNOWN),
    ],
)
def test_ospf_lines_that_are_taken_back(router: str, first: str, expected: str) -> None:
    assert neighbours(READER, device(f"{router}\n passive-interface vlan20", first)) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("no ip address; ip address dhcp", UNKNOWN),
        (f"no ip address; ip address dhcp; {PLAIN}", YES),
        ("no ip address; ip address 192.168.9.1/24; ip address 10.3.0.1/24 secondary", UNKNOWN),
        ("no ip address; ip address 192.168.9.1/24", YES),
    ],
)
def test_ospf_runs_surely_maybe_or_not(second: str, expected: str) -> None:
    assert neighbours(READER, device(OSPF, PLAIN, second)) == expected


def test_evidence_of_an_open_interface_names_it() -> None:
    shown = evidence(READER, device(OSPF, PLAIN, ""))
    assert shown == ["router ospf 1", "network 10.0.0.0/8 area 0", "interface vlan20"]


def test_keys_are_read_lines_and_their_values_are_gone() -> None:
    assert "ip ospf message-digest-key 1 md5 ********" in evidence(READER, device(BY_AREA, KEY, KEY))


# --- RIP

RIP = "router rip\n version 2\n network 10.0.0.0/8"
STRING = "ip rip authentication mode md5; ip rip authentication string himitsu"
KEYS = "ip rip authentication mode text; ip rip authentication key-chain KEYS"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (RIP, STRING, KEYS, YES),
        ("router rip\n network vlan10", f"{STRING}; ip rip receive version 2", "", YES),
        (RIP, STRING, "", NO),
        (f"{RIP}\n passive-interface vlan20", STRING, "", NO),
        ("router rip\n network vlan20", STRING, "ip rip send version 2", NO),
        ("router rip\n network 10.0.0.0/8", STRING, STRING, UNKNOWN),
        (RIP, STRING, f"{STRING}; ip rip receive version 1 2", UNKNOWN),
        (RIP, STRING, "ip rip authentication mode md5", UNKNOWN),
        (RIP, STRING, "ip rip authentication string himitsu", UNKNOWN),
        (RIP, STRING, f"{STRING}; no ip rip authentication string", UNKNOWN),
        (RIP, STRING, "ip rip authentication mode md5; ip rip authentication key-chain GONE", UNKNOWN),
        (RIP, STRING, "no ip rip receive-packet", UNKNOWN),
        (f"{RIP}\n frobnicate", STRING, "", UNKNOWN),
        (RIP, "shutdown", "shutdown", UNKNOWN),
    ],
)
def test_rip(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


# --- BGP

BGP = "router bgp 65001\n bgp router-id 10.255.0.1\n"
A = " neighbor 10.1.0.2 remote-as 65002\n"
A_SECRET = f"{A} neighbor 10.1.0.2 password himitsu\n"
B = " neighbor 10.2.0.2 remote-as 65003\n"
GROUP = " neighbor INSIDE peer-group\n neighbor INSIDE remote-as 65001\n"
SECRET = " neighbor INSIDE password himitsu\n"
MEMBER = " neighbor 10.2.0.2 peer-group INSIDE\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (A_SECRET, YES),
        (f"{A_SECRET}{GROUP}{SECRET}{MEMBER}", YES),
        (f"{A_SECRET}{B} neighbor 10.2.0.2 shutdown\n", YES),
        (f"{A_SECRET}{B}", NO),
        (f"{A_SECRET}{GROUP}{MEMBER}", NO),
        (f"{A_SECRET} no neighbor 10.1.0.2 password\n", NO),
        (f"{A_SECRET} address-family ipv4 vrf RED\n  neighbor 10.9.0.2 remote-as 65009\n exit-address-family\n", NO),
        (f"{A} neighbor 10.1.0.2 shutdown\n", UNKNOWN),
        (f"{A_SECRET}{MEMBER}", UNKNOWN),
        (f"{A_SECRET}{B} neighbor 10.2.0.2 frobnicate\n", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_bgp(lines: str, expected: str) -> None:
    assert neighbours(READER, device(BGP + lines.rstrip())) == expected


# --- what may be lacking


@pytest.mark.parametrize(("router", "lines"), [(BY_AREA, KEY), (RIP, STRING)])
def test_a_line_of_an_interface_that_is_not_understood(router: str, lines: str) -> None:
    assert neighbours(READER, device(router, lines, lines)) == YES
    assert neighbours(READER, device(router, lines, f"{lines}; frobnicate 7")) == UNKNOWN
    bare = router.partition("\n area")[0]
    assert neighbours(READER, device(bare, "", "frobnicate 7")) == NO
    assert neighbours(READER, device(bare, "frobnicate 7", "shutdown")) == UNKNOWN


@pytest.mark.parametrize(("router", "lines"), [(BY_AREA, KEY), (RIP, STRING), ((BGP + A_SECRET).rstrip(), "")])
def test_a_file_that_is_cut_off_tells_nothing(router: str, lines: str) -> None:
    assert neighbours(READER, device(router, lines, lines)) == YES
    assert neighbours(READER, device(router, lines, lines, end="")) == UNKNOWN
    assert neighbours(READER, device(OSPF, end="")) == UNKNOWN


def test_lines_that_a_terminal_wrapped_out_of_their_block() -> None:
    cut = f"{BGP}{A} neighbor 10.1.0.2 description the router of\nthe-other-office\n neighbor 10.1.0.2 password himitsu"
    assert neighbours(READER, device(cut)) == UNKNOWN
    assert neighbours(READER, device(OSPF, PLAIN, "description cut\nofficenetwork")) == UNKNOWN


def test_an_interface_that_cannot_be_read_may_be_open() -> None:
    lost = f"interface frobnicate1\n ip address 10.3.0.1/24\n!\n{BY_AREA}"
    assert neighbours(READER, device(lost, KEY, KEY)) == UNKNOWN


def test_vrfs_are_told_apart() -> None:
    text = device(
        f"ip vrf RED 1\n!\n{OSPF}\n!\nrouter ospf 2 RED\n network 10.0.0.0/8 area 0", PLAIN, "ip vrf forwarding RED"
    )
    assert [(one.vrf, one.authenticated) for one in running(READER, text)] == [("", True), ("RED", False)]


@pytest.mark.parametrize("router", ["router ipv6 ospf 1", "router ipv6 rip", "router isis A"])
def test_protocols_that_are_not_followed(router: str) -> None:
    assert neighbours(READER, device(router)) == UNKNOWN
