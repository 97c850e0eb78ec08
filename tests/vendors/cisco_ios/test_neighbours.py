"""Whether the neighbours of routing protocols must authenticate themselves: one interface or one neighbour without a key is enough to be open."""

from __future__ import annotations

import pytest

from secaudit.vendors.cisco_ios import READER
from tests.vendors.neighbours import NO, UNKNOWN, YES, below, evidence, neighbours, running

CHAIN = "key chain KEYS\n key 1\n  key-string 7 094F471A1A0A\n!\n"


def device(router: str, first: str = "", second: str = "", *, chain: str = CHAIN, end: str = "end") -> str:
    """A router with two interfaces, 10.1.0.1 and 10.2.0.1, and what is said below each; lines begin with one blank."""
    return (
        f"version 15.7\nhostname RT-01\n!\n{chain}"
        "interface Loopback0\n ip address 10.255.0.1 255.255.255.255\n!\n"
        f"interface GigabitEthernet0/0\n ip address 10.1.0.1 255.255.255.0\n{below(first)}!\n"
        f"interface GigabitEthernet0/1\n ip address 10.2.0.1 255.255.255.0\n{below(second)}!\n"
        f"{router}\n!\nline con 0\nline vty 0 4\n!\n{end}"
    )


# --- OSPF

OSPF = "router ospf 1\n network 10.0.0.0 0.255.255.255 area 0"
BY_AREA = f"{OSPF}\n area 0 authentication message-digest"
MODE = "ip ospf authentication message-digest"
KEY = "ip ospf message-digest-key 1 md5 7 094F471A1A0A"
PLAIN = "ip ospf authentication; ip ospf authentication-key 7 094F471A1A0A"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (BY_AREA, KEY, KEY, YES),
        (OSPF, f"{MODE}; {KEY}", f"{MODE}; {KEY}", YES),
        (OSPF, PLAIN, PLAIN, YES),
        (f"{OSPF}\n area 0.0.0.0 authentication message-digest", KEY, KEY, YES),
        (OSPF, "ip ospf authentication key-chain KEYS", PLAIN, YES),
        ("router ospf 1\n network 10.1.0.1 0.0.0.0 area 0\n area 0 authentication message-digest", KEY, "", YES),
        ("router ospf 1", f"ip ospf 1 area 0; {PLAIN}", "", YES),
        (OSPF, "", "", NO),
        (BY_AREA, KEY, "ip ospf authentication null", NO),
        (OSPF, PLAIN, "", NO),
        ("router ospf 1\n network 10.1.0.0 0.0.0.255 area 0\n network 10.2.0.0 0.0.0.255 area 1\n"
         " area 0 authentication message-digest", KEY, "ip ospf cost 10", NO),
        ("router ospf 1", "ip ospf 1 area 0", "", NO),
        ("router ospf 1\n area 0 authentication", f"ip ospf 1 area 1; {KEY}", "ip ospf 1 area 2", NO),
        (BY_AREA, KEY, "", UNKNOWN),
        (OSPF, MODE, PLAIN, UNKNOWN),
        (OSPF, PLAIN, KEY, UNKNOWN),
        (f"{OSPF}\n area 0 authentication", KEY, KEY, UNKNOWN),
        (OSPF, "ip ospf authentication key-chain GONE", PLAIN, UNKNOWN),
        (f"{BY_AREA}\n area 0 authentication ipsec spi 300 sha1 094F", KEY, KEY, UNKNOWN),
        (OSPF, f"{PLAIN}; ip ospf multi-area 5", PLAIN, UNKNOWN),
        (OSPF, PLAIN, "ip ospf authentification message-digest", UNKNOWN),
        ("router ospf 1\n network 192.168.0.0 0.0.255.255 area 0", "", "", UNKNOWN),
    ],
)  # fmt: skip
def test_ospf(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (f"{BY_AREA}\n passive-interface GigabitEthernet0/1", KEY, "", YES),
        (f"{BY_AREA}\n passive-interface default\n no passive-interface GigabitEthernet0/0", KEY, "", YES),
        (f"{OSPF}\n passive-interface Gi0/1", PLAIN, "", YES),
        (f"{OSPF}\n passive-interface GigabitEthernet0/0", PLAIN, "", NO),
        (f"{OSPF}\n passive-interface default\n no passive-interface GigabitEthernet0/1", PLAIN, "", NO),
        (f"{OSPF}\n passive-interface default", "", "", UNKNOWN),
        (f"{OSPF}\n passive-interface", PLAIN, "", UNKNOWN),
    ],
)
def test_ospf_has_no_neighbours_on_passive_interfaces(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


@pytest.mark.parametrize(
    ("router", "first", "expected"),
    [
        (f"{OSPF}\n area 0 authentication message-digest\n no area 0 authentication", "", NO),
        (BY_AREA, f"{KEY}; ip ospf authentication null; no ip ospf authentication", YES),
        (BY_AREA, f"{KEY}; no ip ospf message-digest-key 1", UNKNOWN),
        (OSPF, f"{MODE}; {KEY}; no ip ospf authentication", UNKNOWN),
        (OSPF, "ip ospf authentication null; no ip ospf authentication", NO),
        (OSPF, "no ip ospf prefix-suppression", NO),
    ],
)
def test_ospf_lines_that_are_taken_back(router: str, first: str, expected: str) -> None:
    assert neighbours(READER, device(f"{router}\n passive-interface GigabitEthernet0/1", first)) == expected


@pytest.mark.parametrize(
    ("extra", "expected_open"),
    [(" area 1 virtual-link 10.9.9.9", NO), (" area 1 sham-link 10.9.9.9 10.9.9.8", NO), (" frobnicate 7", UNKNOWN)],
)
def test_ospf_with_lines_that_are_not_followed(extra: str, expected_open: str) -> None:
    assert neighbours(READER, device(f"{BY_AREA}\n{extra}", KEY, KEY)) == UNKNOWN
    assert neighbours(READER, device(f"{OSPF}\n{extra}", PLAIN, "")) == expected_open


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("shutdown", YES),
        ("ip vrf forwarding CUSTOMER", YES),
        ("ip address 10.3.0.1 255.255.255.0 secondary; no ip address; ip address dhcp", UNKNOWN),
        ("no ip address; ip unnumbered Loopback0", UNKNOWN),
        ("no ip address; ip address 192.168.9.1 255.255.255.0; ip address 10.3.0.1 255.255.255.0 secondary", UNKNOWN),
        ("no ip address; ip address 192.168.9.1 255.255.255.0", YES),
        (f"no ip address; ip address dhcp; {PLAIN}", YES),
    ],
)
def test_ospf_runs_surely_maybe_or_not(second: str, expected: str) -> None:
    vrf = "ip vrf CUSTOMER\n rd 1:1\n!\n"
    assert neighbours(READER, device(vrf + OSPF, PLAIN, second)) == expected


def test_ospf_in_an_ipsec_tunnel_may_be_asked_by_ipsec() -> None:
    tunnel = "interface Tunnel0\n ip address 10.8.0.1 255.255.255.252\n tunnel source GigabitEthernet0/0\n"
    tunnel += (
        " tunnel destination 192.0.2.1\n tunnel mode ipsec ipv4\n{}!\nrouter ospf 1\n network 10.8.0.0 0.0.0.3 area 0"
    )
    protected = " tunnel protection ipsec profile P\n"
    assert neighbours(READER, device(tunnel.format(""))) == NO
    assert neighbours(READER, device(tunnel.format(protected))) == UNKNOWN


def test_processes_and_vrfs_are_told_apart() -> None:
    text = device(
        "ip vrf A\n rd 1:1\n!\nrouter ospf 1\n network 10.1.0.0 0.0.255.255 area 0\n!\n"
        "router ospf 2 vrf A\n network 10.0.0.0 0.255.255.255 area 0",
        PLAIN,
        "ip vrf forwarding A; ip address 10.2.0.1 255.255.255.0",
    )
    assert [(one.vrf, one.authenticated) for one in running(READER, text)] == [("", True), ("A", False)]


def test_evidence_of_an_open_interface_names_it() -> None:
    assert evidence(READER, device(OSPF, PLAIN, "")) == [
        "router ospf 1",
        "network 10.0.0.0 0.255.255.255 area 0",
        "interface GigabitEthernet0/1",
    ]


def test_keys_are_read_lines_and_their_values_are_gone() -> None:
    shown = evidence(READER, device(BY_AREA, KEY, KEY))
    assert "ip ospf message-digest-key 1 md5 7 ********" in shown
    assert "area 0 authentication message-digest" in shown


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ipv6 ospf authentication ipsec spi 300 sha1 0123456789ABCDEF", YES),
        ("ospfv3 6 ipv6 authentication ipsec spi 300 md5 7 0123456789ABCDEF", YES),
        ("", NO),
        ("ipv6 ospf cost 5", NO),
        ("ospfv3 encryption ipsec spi 300 esp null sha1 0123456789ABCDEF", UNKNOWN),
        ("ipv6 ospf authentication ipsec spi 300 sha1", UNKNOWN),
        ("ipv6 ospf authentication null", UNKNOWN),
        ("ipv6 ospf frobnicate", UNKNOWN),
    ],
)
def test_ospf_of_ipv6(line: str, expected: str) -> None:
    started = f"ipv6 address 2001:db8::1/64; ipv6 ospf 6 area 0; {line}"
    assert neighbours(READER, device("ipv6 router ospf 6", started)) == expected
    assert neighbours(READER, device("ipv6 router ospf 6\n passive-interface GigabitEthernet0/0", started)) == UNKNOWN


def test_ospf_of_ipv6_by_area() -> None:
    started = "ipv6 address 2001:db8::1/64; ospfv3 6 ipv6 area 0"
    secured = " area 0 authentication ipsec spi 300 md5 0123456789ABCDEF"
    assert neighbours(READER, device(f"router ospfv3 6\n{secured}", started)) == YES
    assert neighbours(READER, device(f"router ospfv3 6\n{secured.replace('area 0', 'area 1')}", started)) == NO
    assert (
        neighbours(READER, device("router ospfv3 6\n address-family ipv6 unicast\n  area 0 stub", started)) == UNKNOWN
    )


# --- EIGRP

EIGRP = "router eigrp 100\n network 10.0.0.0"
EIGRP_MODE = "ip authentication mode eigrp 100 md5"
EIGRP_KEYS = "ip authentication key-chain eigrp 100 KEYS"
BOTH = f"{EIGRP_MODE}; {EIGRP_KEYS}"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (EIGRP, BOTH, BOTH, YES),
        ("router eigrp 100\n network 10.1.0.0 0.0.255.255", BOTH, "", YES),
        (f"{EIGRP}\n passive-interface GigabitEthernet0/1", BOTH, "", YES),
        ("router eigrp 100\n network 0.0.0.0", BOTH, BOTH, YES),
        (EIGRP, BOTH, "", NO),
        ("router eigrp 100\n network 0.0.0.0", BOTH, "", NO),
        (EIGRP, BOTH, BOTH.replace("100", "200"), NO),
        (EIGRP, BOTH, EIGRP_MODE, UNKNOWN),
        (EIGRP, BOTH, EIGRP_KEYS, UNKNOWN),
        (EIGRP, BOTH, f"{EIGRP_MODE}; ip authentication key-chain eigrp 100 GONE", UNKNOWN),
        (EIGRP, BOTH, f"{BOTH}; no {EIGRP_MODE}", UNKNOWN),
        (EIGRP, BOTH, f"{BOTH}; no {EIGRP_MODE}; no {EIGRP_KEYS}", NO),
        (EIGRP, BOTH, "ip authentication mode", UNKNOWN),
        (f"{EIGRP}\n neighbor 10.1.0.9 GigabitEthernet0/0", BOTH, BOTH, UNKNOWN),
        (f"{EIGRP}\n shutdown", "", "", UNKNOWN),
        ("router eigrp 100\n network 172.16.0.0", "", "", UNKNOWN),
    ],
)
def test_eigrp(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


def test_a_network_of_zeros_is_every_interface() -> None:
    (found,) = running(READER, device("router eigrp 100\n network 0.0.0.0"))
    assert found.interfaces == {"Loopback0", "GigabitEthernet0/0", "GigabitEthernet0/1"}


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (CHAIN, YES),
        ("", UNKNOWN),
        ("key chain KEYS\n key 1\n!\n", UNKNOWN),
        ("key chain KEYS\n key 1\n  key-string 7 094F\n  accept-lifetime 00:00:00 Jan 1 2020 infinite\n!\n", YES),
        ("key chain KEYS\n key 1\n  key-string 7 094F\n  accept-lifetime 00:00:00 Jan 1 2020 00:00:00 Jan 1 2021\n!\n", UNKNOWN),
        ("key chain KEYS\n key 1\n  key-string 7 094F\n no key 1\n!\n", UNKNOWN),
    ],
)  # fmt: skip
def test_chains_of_keys(chain: str, expected: str) -> None:
    assert neighbours(READER, device(EIGRP, BOTH, BOTH, chain=chain)) == expected


NAMED = "router eigrp OFFICE\n address-family ipv4 unicast autonomous-system 100\n{}  topology base\n  exit-af-topology\n  network 10.0.0.0\n exit-address-family"
ASKED = "   authentication mode md5\n   authentication key-chain KEYS\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (f"  af-interface default\n{ASKED}  exit-af-interface\n", YES),
        (f"  af-interface GigabitEthernet0/0\n{ASKED}  af-interface GigabitEthernet0/1\n{ASKED}", YES),
        ("  af-interface default\n   authentication mode hmac-sha-256 7 094F471A\n", YES),
        (f"  af-interface default\n{ASKED}  af-interface GigabitEthernet0/1\n   hello-interval 5\n", YES),
        (f"  af-interface default\n   passive-interface\n  af-interface GigabitEthernet0/0\n   no passive-interface\n{ASKED}", YES),
        ("", NO),
        (f"  af-interface GigabitEthernet0/0\n{ASKED}", NO),
        (f"  af-interface default\n{ASKED}  af-interface GigabitEthernet0/1\n   no authentication mode\n   no authentication key-chain\n", NO),
        (f"  af-interface default\n{ASKED}  af-interface GigabitEthernet0/1\n   no authentication mode\n", UNKNOWN),
        ("  af-interface default\n   authentication mode hmac-sha-256\n", UNKNOWN),
        ("  af-interface default\n   authentication mode md5\n", UNKNOWN),
        (f"  af-interface default\n{ASKED}   frobnicate\n", UNKNOWN),
        ("  af-interface default\n   passive-interface\n", UNKNOWN),
        ("  shutdown\n", UNKNOWN),
        (f"  af-interface default\n{ASKED}  neighbor 10.9.9.9 GigabitEthernet0/0 remote 10\n", UNKNOWN),
    ],
)  # fmt: skip
def test_named_eigrp(lines: str, expected: str) -> None:
    assert neighbours(READER, device(NAMED.format(lines), BOTH, BOTH)) == expected


def test_eigrp_in_a_vrf_has_its_own_number() -> None:
    vrf = (
        "ip vrf A\n rd 1:1\n!\nrouter eigrp 1\n address-family ipv4 vrf A\n  network 10.0.0.0\n  autonomous-system 100"
    )
    second = "ip vrf forwarding A; ip address 10.2.0.1 255.255.255.0; {}"
    assert neighbours(READER, device(vrf, "", second.format(BOTH))) == YES
    assert neighbours(READER, device(vrf, "", second.format(""))) == NO
    assert neighbours(READER, device(vrf, "", second.format(BOTH.replace("100", "1")))) == NO
    assert neighbours(READER, device(vrf.replace("\n  autonomous-system 100", ""), "", second.format(""))) == UNKNOWN


# --- RIP

RIP = "router rip\n version 2\n network 10.0.0.0\n no auto-summary"
RIP_MODE = "ip rip authentication mode md5"
RIP_KEYS = "ip rip authentication key-chain KEYS"
RIP_BOTH = f"{RIP_MODE}; {RIP_KEYS}"


@pytest.mark.parametrize(
    ("router", "first", "second", "expected"),
    [
        (RIP, RIP_BOTH, RIP_BOTH, YES),
        (RIP, RIP_BOTH, RIP_BOTH.replace("md5", "text"), YES),
        ("router rip\n network 10.0.0.0", *(2 * [f"{RIP_BOTH}; ip rip receive version 2"]), YES),
        (RIP, RIP_BOTH, "", NO),
        (f"{RIP}\n passive-interface GigabitEthernet0/1", RIP_BOTH, "", NO),
        (f"{RIP}\n passive-interface default", "", "", NO),
        ("router rip\n version 1\n network 10.0.0.0", RIP_BOTH, "", NO),
        ("router rip\n version 1\n network 10.0.0.0", RIP_BOTH, RIP_BOTH, UNKNOWN),
        ("router rip\n network 10.0.0.0", RIP_BOTH, RIP_BOTH, UNKNOWN),
        (RIP, RIP_BOTH, f"{RIP_BOTH}; ip rip receive version 1 2", UNKNOWN),
        (RIP, RIP_BOTH, RIP_MODE, UNKNOWN),
        (RIP, RIP_BOTH, RIP_KEYS, UNKNOWN),
        (RIP, RIP_BOTH, f"{RIP_BOTH}; no {RIP_KEYS}", UNKNOWN),
        (RIP, RIP_BOTH, "ip rip frobnicate", UNKNOWN),
        (f"{RIP}\n frobnicate", RIP_BOTH, "", UNKNOWN),
        (RIP, "shutdown", "shutdown", UNKNOWN),
    ],
)
def test_rip(router: str, first: str, second: str, expected: str) -> None:
    assert neighbours(READER, device(router, first, second)) == expected


def test_rip_in_a_vrf() -> None:
    router = (
        "ip vrf A\n rd 1:1\n!\nrouter rip\n version 2\n !\n address-family ipv4 vrf A\n  network 10.0.0.0\n  version 2"
    )
    second = "ip vrf forwarding A; ip address 10.2.0.1 255.255.255.0; {}"
    assert neighbours(READER, device(router, "", second.format(RIP_BOTH))) == YES
    assert neighbours(READER, device(router, "", second.format(""))) == NO


# --- IS-IS

ISIS = "router isis OFFICE\n net 49.0001.0100.5500.0001.00"
ISIS_HERE = "ip router isis OFFICE"


@pytest.mark.parametrize(
    ("router", "first", "expected"),
    [
        (ISIS, "isis authentication mode md5; isis authentication key-chain KEYS", YES),
        (ISIS, "", NO),
        (ISIS, "isis circuit-type level-1; isis metric 5", NO),
        (f"{ISIS}\n authentication mode md5\n authentication key-chain KEYS", "", UNKNOWN),
        (f"{ISIS}\n area-password himitsu", "", UNKNOWN),
        (ISIS, "isis authentication mode md5 level-1; isis authentication key-chain KEYS level-1", UNKNOWN),
        (ISIS, "isis authentication mode md5", UNKNOWN),
        (ISIS, "isis authentication key-chain KEYS; isis authentication send-only", UNKNOWN),
        (ISIS, "isis password himitsu", UNKNOWN),
        (ISIS, "isis password himitsu level-2", UNKNOWN),
        (f"{ISIS}\n passive-interface GigabitEthernet0/0", "", UNKNOWN),
        (f"{ISIS}\n frobnicate", "", UNKNOWN),
    ],
)
def test_is_is(router: str, first: str, expected: str) -> None:
    assert neighbours(READER, device(router, f"{ISIS_HERE}; {first}")) == expected


# --- BGP

BGP = "router bgp 65001\n bgp log-neighbor-changes\n"
A = " neighbor 10.1.0.2 remote-as 65002\n"
A_SECRET = f"{A} neighbor 10.1.0.2 password 7 094F471A1A0A\n"
B = " neighbor 10.2.0.2 remote-as 65003\n"
GROUP = " neighbor INSIDE peer-group\n neighbor INSIDE remote-as 65001\n"
SECRET = " neighbor INSIDE password 7 094F471A1A0A\n"
MEMBER = " neighbor 10.2.0.2 peer-group INSIDE\n"
TEMPLATE = " template peer-session OUTSIDE\n  remote-as 65009\n{} exit-peer-session\n !\n"
INHERITS = " neighbor 10.2.0.2 inherit peer-session OUTSIDE\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (A_SECRET, YES),
        (f"{A_SECRET}{B} neighbor 10.2.0.2 shutdown\n", YES),
        (f"{A_SECRET}{GROUP}{SECRET}{MEMBER}", YES),
        (f"{GROUP}{SECRET} bgp listen range 10.5.0.0/16 peer-group INSIDE\n bgp listen limit 20\n", YES),
        (TEMPLATE.format("  password 7 094F471A\n") + INHERITS, YES),
        (" template peer-session BASE\n  password 7 094F471A\n exit-peer-session\n !\n"
         + TEMPLATE.format("  inherit peer-session BASE\n") + INHERITS, YES),
        (f"{A_SECRET} address-family ipv4\n  neighbor 10.1.0.2 activate\n  network 10.0.0.0\n exit-address-family\n", YES),
        (A, NO),
        (f"{A_SECRET}{B}", NO),
        (f"{A_SECRET}{GROUP}{MEMBER}", NO),
        (f"{GROUP} bgp listen range 10.5.0.0/16 peer-group INSIDE\n", NO),
        (TEMPLATE.format("") + INHERITS, NO),
        (f"{A_SECRET} no neighbor 10.1.0.2 password\n", NO),
        (f"{A_SECRET}{B} neighbor 10.2.0.2 shutdown\n no neighbor 10.2.0.2 shutdown\n", NO),
        (f"{A_SECRET} address-family ipv4 vrf A\n  neighbor 10.9.0.2 remote-as 65009\n", NO),
        (f"{A_SECRET}{B} no neighbor 10.2.0.2\n", YES),
        (f"{A} neighbor 10.1.0.2 shutdown\n", UNKNOWN),
        (f"{A_SECRET}{B} neighbor 10.2.0.2 shutdown graceful 600\n", UNKNOWN),
        (f"{A_SECRET}{B}{GROUP}{MEMBER} neighbor INSIDE shutdown\n", UNKNOWN),
        (f"{A_SECRET}{MEMBER}", UNKNOWN),
        (f"{A_SECRET}{INHERITS}", UNKNOWN),
        (TEMPLATE.format("  inherit peer-session GONE\n") + INHERITS, UNKNOWN),
        (TEMPLATE.format("  frobnicate\n  password 7 094F\n") + INHERITS, UNKNOWN),
        (" bgp listen range 10.5.0.0/16 peer-group GONE\n", UNKNOWN),
        (f"{A} neighbor 10.1.0.2 ao KEYS include-tcp-options\n", UNKNOWN),
        (f"{A} neighbor 10.1.0.2 frobnicate\n", UNKNOWN),
        (f"{A_SECRET}{A} frobnicate\n", UNKNOWN),
        (f"{A_SECRET}{B}{GROUP}{SECRET} address-family ipv4\n  neighbor 10.2.0.2 peer-group INSIDE\n", UNKNOWN),
        (f"{A_SECRET} neighbor 10.2.0.2 description no number yet\n", YES),
        ("", UNKNOWN),
    ],
)  # fmt: skip
def test_bgp(lines: str, expected: str) -> None:
    assert neighbours(READER, device(BGP + lines.rstrip())) == expected


def test_evidence_of_an_open_neighbour() -> None:
    assert evidence(READER, device((BGP + A_SECRET + GROUP + MEMBER).rstrip())) == [
        "router bgp 65001",
        "neighbor 10.2.0.2 peer-group INSIDE",
        "neighbor INSIDE remote-as 65001",
    ]


# --- what may be lacking

EVERY = [
    (BY_AREA, KEY),
    (EIGRP, BOTH),
    (RIP, RIP_BOTH),
    (
        "router isis\n net 49.0001.0100.5500.0001.00",
        "ip router isis; isis authentication mode md5; isis authentication key-chain KEYS",
    ),
]


@pytest.mark.parametrize(("router", "lines"), EVERY)
def test_a_line_of_an_interface_that_is_not_understood(router: str, lines: str) -> None:
    assert neighbours(READER, device(router, lines, lines)) == YES
    assert neighbours(READER, device(router, lines, f"{lines}; frobnicate 7")) == UNKNOWN
    bare = "ip router isis" if "isis" in lines else ""
    assert neighbours(READER, device(router.partition("\n area")[0], bare, f"{bare}; frobnicate 7")) == NO
    assert neighbours(READER, device(router.partition("\n area")[0], f"{bare}; frobnicate 7", "shutdown")) == UNKNOWN


@pytest.mark.parametrize(("router", "lines"), [*EVERY, ((BGP + A_SECRET).rstrip(), "")])
def test_a_file_that_is_cut_off_tells_nothing(router: str, lines: str) -> None:
    assert neighbours(READER, device(router, lines, lines)) == YES
    assert neighbours(READER, device(router, lines, lines, end="")) == UNKNOWN
    assert neighbours(READER, device(OSPF, end="")) == UNKNOWN


@pytest.mark.parametrize(("router", "lines"), [*EVERY, ((BGP + A_SECRET).rstrip(), "")])
def test_a_damaged_line_is_never_taken_for_a_key(router: str, lines: str) -> None:
    """Without the line, with its last word cut off, with a letter too much in one of its words but the name of a neighbour and the key."""
    chain = CHAIN if "KEYS" in lines else ""
    whole = device(router, lines, lines, chain=chain).replace("7 094F471A1A0A", "himitsu").split("\n")
    assert neighbours(READER, "\n".join(whole)) == YES
    for index, line in enumerate(whole):
        if {"authentication", "message-digest-key", "password", "key-string"}.isdisjoint(line.split()):
            continue
        blank, words = " " * (len(line) - len(line.lstrip())), line.split()
        damaged = [[], words[:-1], [words[0] + "x", *words[1:]]]
        damaged += [[*words[:2], words[2] + "x", *words[3:]]] if len(words) > 3 else []
        for one in damaged:
            text = "\n".join([*whole[:index], blank + " ".join(one), *whole[index + 1 :]])
            assert neighbours(READER, text) != YES, one


def test_a_block_whose_head_is_lost_may_be_an_interface() -> None:
    text = device(BY_AREA, KEY, KEY)
    assert neighbours(READER, text.replace("interface GigabitEthernet0/1", "interfaec GigabitEthernet0/1")) == UNKNOWN
    assert neighbours(READER, text.replace("interface GigabitEthernet0/1\n", "")) == UNKNOWN
    assert neighbours(READER, text.replace("interface GigabitEthernet0/0\n", "")) == UNKNOWN


def test_lines_of_an_interface_that_lost_their_blanks() -> None:
    text = device(OSPF, PLAIN, PLAIN)
    assert neighbours(READER, text) == YES
    assert neighbours(READER, text.replace("\n ip ospf", "\nip ospf")) == UNKNOWN


def test_a_neighbour_without_the_line_that_sets_it_up() -> None:
    assert (
        neighbours(READER, device((BGP + A_SECRET).rstrip().replace("10.1.0.2 password", "10.1.0.22 password")))
        == UNKNOWN
    )
    assert neighbours(READER, device((BGP + A_SECRET).rstrip() + "\n no neighbor 10.1.0.22 password")) == UNKNOWN
    assert neighbours(READER, device((BGP + A_SECRET).rstrip() + "\n neighbor 10.2.0.2 peer-group")) == UNKNOWN


def test_lines_that_a_terminal_wrapped_out_of_their_block() -> None:
    cut = f"{BGP}{A} neighbor 10.1.0.2 description the router of\nthe-other-office\n neighbor 10.1.0.2 password 7 094F471A"
    assert neighbours(READER, device(cut)) == UNKNOWN
    assert neighbours(READER, device(OSPF, PLAIN, "description cut\nofficenetwork")) == UNKNOWN


@pytest.mark.parametrize(
    "router", ["ipv6 router eigrp 1", "ipv6 router rip OFFICE", "router lisp", "router odr", "router mobile"]
)
def test_protocols_that_are_not_followed(router: str) -> None:
    assert neighbours(READER, device(router)) == UNKNOWN
