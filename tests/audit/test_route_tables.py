"""Captured routing tables beside the configurations: believed when they agree, told and left alone when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from secaudit.audit.network import ReadNetwork, network_of_files
from secaudit.errors import InputError
from secaudit.flows.modes import Mode
from secaudit.flows.replay import explain, replay
from secaudit.flows.trace import TraceVerdict
from secaudit.network.device import Device
from secaudit.packets.packet import Packet

CONFIG = """\
version 15.7
hostname RT-01
!
interface GigabitEthernet0/0
 ip address 10.1.0.1 255.255.255.0
!
interface GigabitEthernet0/1
 ip address 10.99.0.1 255.255.255.252
!
router ospf 1
 network 10.0.0.0 0.255.255.255 area 0
!
ip route 10.8.0.0 255.255.0.0 10.99.0.2
!
end
"""
NEIGHBOUR = """\
version 15.7
hostname RT-02
!
interface GigabitEthernet0/0
 ip address 10.99.0.2 255.255.255.252
!
interface GigabitEthernet0/1
 ip address 10.2.0.1 255.255.255.0
!
interface GigabitEthernet0/2
 ip address 10.8.0.1 255.255.255.0
!
end
"""
ENTRIES = """\
      10.0.0.0/8 is variably subnetted, 6 subnets, 4 masks
C        10.1.0.0/24 is directly connected, GigabitEthernet0/0
L        10.1.0.1/32 is directly connected, GigabitEthernet0/0
O        10.2.0.0/24 [110/2] via 10.99.0.2, 00:12:01, GigabitEthernet0/1
S        10.8.0.0/16 [1/0] via 10.99.0.2
C        10.99.0.0/30 is directly connected, GigabitEthernet0/1
L        10.99.0.1/32 is directly connected, GigabitEthernet0/1
"""
TABLE = f"RT-01#show ip route\nGateway of last resort is not set\n\n{ENTRIES}RT-01#\n"
LEARNT = "tcp 10.1.0.5:4000 > 10.2.0.9:443"
STATIC = "tcp 10.1.0.5:4000 > 10.8.0.9:443"
NOWHERE = "tcp 10.1.0.5:4000 > 203.0.113.9:443"


def read(tmp_path: Path, files: dict[str, str]) -> ReadNetwork:
    for name, text in {"RT-02.cfg": NEIGHBOUR, **files}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return network_of_files(sorted(tmp_path.iterdir()))


def told(network: ReadNetwork) -> str:
    return "\n".join(text.en for text in network.problems)


def verdict(network: ReadNetwork, packet: str) -> TraceVerdict:
    return explain(network.topology, "RT-01", "GigabitEthernet0/0", Packet.parse(packet)).verdict


def is_unknown(network: ReadNetwork) -> bool:
    """Whether routes that nobody showed us may lead anywhere."""
    return verdict(network, NOWHERE) is TraceVerdict.UNDETERMINED


def test_without_a_table_what_a_protocol_learns_is_unknown(tmp_path: Path) -> None:
    network = read(tmp_path, {"RT-01.cfg": CONFIG})
    assert is_unknown(network)
    assert verdict(network, STATIC) is TraceVerdict.UNDETERMINED


@pytest.mark.parametrize(
    "files",
    [
        {"RT-01.cfg": CONFIG, "RT-01.routes.txt": TABLE},
        {"RT-01.cfg": CONFIG, "RT-01_show_ip_route.log": TABLE},
        {"backup 0401.cfg": CONFIG, "backup 0401.routes.txt": TABLE},
        {"backup 0401.cfg": CONFIG, "rt-01.txt": TABLE},
        {"RT-01.log": f"RT-01#show running-config\n{CONFIG}\n{TABLE}"},
        {"RT-01.log": f"{TABLE}RT-01#show running-config\n{CONFIG}RT-01#"},
    ],
)
def test_a_table_that_agrees_takes_the_place_of_what_the_protocol_learns(tmp_path: Path, files: dict[str, str]) -> None:
    network = read(tmp_path, files)
    assert network.problems == ()
    assert not is_unknown(network)
    assert verdict(network, NOWHERE) is TraceVerdict.UNROUTED
    assert verdict(network, STATIC) is TraceVerdict.DELIVERED
    device = network.topology.devices["RT-01"]
    (learnt,) = [route for route in device.routes if route.next_hops[0].captured]
    assert (str(learnt.prefix), learnt.distance) == ("10.2.0.0/24", 110)
    assert learnt.sources[0].text.startswith("O ")
    assert device.captured
    for file in network.files:
        assert file.problem is None
        if file.read is not None and file.text is not None:
            coverage = file.read.coverage
            counted = [*coverage.used, *coverage.irrelevant, *(one.line.number for one in coverage.unread)]
            assert sorted(counted) == sorted(line.number for line in file.text.lines)


def test_a_learnt_route_may_be_withdrawn_and_what_is_relied_on_is_the_table(tmp_path: Path) -> None:
    network = read(tmp_path, {"RT-01.cfg": CONFIG, "RT-01.routes.txt": TABLE})
    packet = Packet.parse(LEARNT)
    ends = {
        mode: {trace.verdict for trace in replay(network.topology, "RT-01", "GigabitEthernet0/0", packet, mode)}
        for mode in Mode
    }
    assert ends[Mode.CERTAIN] == {TraceVerdict.DELIVERED, TraceVerdict.UNROUTED}
    assert ends[Mode.RELIABLE] == {TraceVerdict.DELIVERED}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("10.8.0.0/16 [1/0] via 10.99.0.2", "10.8.0.0/16 [1/0] via 10.1.0.7"), "a static route for 10.8.0.0/16"),
        (("S        10.8.0.0/16", "S        10.9.0.0/16"), "a static route for 10.9.0.0/16"),
        (("S        10.8.0.0/16", "O        10.7.0.0/16"), "static route for 10.8.0.0/16 is not in the table"),
        (("10.1.0.0/24 is", "10.1.4.0/24 is"), "10.1.4.0/24 connected to GigabitEthernet0/0"),
        (("O        10.2.0.0/24", "B        10.2.0.0/24"), "learnt by bgp"),
        (
            ("00:12:01, GigabitEthernet0/1", "00:12:01, GigabitEthernet0/7"),
            "leads 10.2.0.0/24 out of GigabitEthernet0/7",
        ),
    ],
)
def test_a_table_that_contradicts_the_configuration_leaves_the_routes_unknown(
    tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    assert change[0] in TABLE
    network = read(tmp_path, {"RT-01.cfg": CONFIG, "RT-01.routes.txt": TABLE.replace(*change)})
    assert why in told(network)
    assert is_unknown(network)


def test_a_contradiction_counts_where_no_protocol_runs_as_well(tmp_path: Path) -> None:
    config = CONFIG.replace("router ospf 1\n network 10.0.0.0 0.255.255.255 area 0\n!\n", "")
    network = read(tmp_path, {"RT-01.cfg": config, "RT-01.routes.txt": TABLE})
    assert "learnt by ospf, which is not configured" in told(network)
    assert is_unknown(network)
    assert "do not agree" in next(
        one.reason.en for one in network.topology.devices["RT-01"].dynamic_routing if one.reason
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (TABLE.removesuffix("RT-01#\n"), "end of the table is not there"),
        (TABLE.replace("O        10.2", "O  %%    10.2"), "lines that were not understood"),
        (TABLE.replace("6 subnets", "7 subnets"), "there should be 7 entries"),
        (TABLE.replace("Gateway of last resort", "Routing Table: RED\nGateway of last resort"), 'has no VRF "RED"'),
        (f"{TABLE}\n{TABLE.replace('00:12:01, GigabitEthernet0/1', '00:12:01, GigabitEthernet0/0')}", "they differ"),
        (
            TABLE.replace("6 subnets, 4", "5 subnets, 3").replace(ENTRIES.splitlines()[3] + "\n", ""),
            "no route learnt by ospf",
        ),
    ],
)
def test_a_table_that_cannot_be_believed_changes_nothing(tmp_path: Path, table: str, why: str) -> None:
    network = read(tmp_path, {"RT-01.cfg": CONFIG, "RT-01.routes.txt": table})
    assert why in told(network)
    assert is_unknown(network)
    assert not any(hop.captured for one in network.devices for route in one.routes for hop in route.next_hops)


def test_what_is_learnt_by_an_interface_that_was_down_stays_unknown(tmp_path: Path) -> None:
    config = CONFIG.replace(
        "router ospf", "interface GigabitEthernet0/2\n ip address 10.3.0.1 255.255.255.0\n!\nrouter ospf"
    )
    network = read(tmp_path, {"RT-01.cfg": config, "RT-01.routes.txt": TABLE})
    assert "does not show GigabitEthernet0/2" in told(network)
    (left,) = network.topology.devices["RT-01"].dynamic_routing
    assert (left.interfaces, left.family) == (frozenset({"GigabitEthernet0/2"}), 4)
    assert is_unknown(network)


def test_a_table_of_another_vendor_or_of_nobody_is_told_and_not_used(tmp_path: Path) -> None:
    foreign = "FW # get router info routing-table all\nRouting table for VRF=0\nO       10.2.0.0/24 [110/2] via 10.99.0.2, port1, 00:12:01\n\nx # \n"
    network = read(tmp_path, {"RT-01.cfg": CONFIG, "RT-01.routes.txt": foreign, "other.routes.txt": TABLE})
    assert "no routing table of the vendor of RT-01" in told(network)
    assert "other.routes.txt:2: whose routing table this is is not known" in told(network)
    assert is_unknown(network)


def test_vdoms_are_told_apart_by_the_name_of_the_file(tmp_path: Path) -> None:
    vdom = "edit {0}\nconfig router ospf\nconfig area\nedit 0.0.0.0\nnext\nend\nend\nnext\n"
    config = (
        "#config-version=FGT60F-7.2.5-FW-build1517-230606:opmode=0:vdom=1:user=admin\n"
        "config vdom\nedit root\nnext\nedit b\nnext\nend\nconfig global\nconfig system global\nset hostname FW\nend\n"
        "config system interface\nedit port1\nset vdom root\nset ip 10.1.0.1 255.255.255.0\nnext\n"
        "edit port2\nset vdom b\nset ip 10.1.0.1 255.255.255.0\nnext\nend\nend\nconfig vdom\n"
        + vdom.format("root") + vdom.format("b") + "end\n"
    )  # fmt: skip
    table = (
        "FW (root) # get router info routing-table all\nRouting table for VRF=0\nC       10.1.0.0/24 is directly connected, port1\n"
        "O       10.2.0.0/24 [110/2] via 10.1.0.2, port1, 00:12:01\n\nFW # \n"
    )
    network = read(tmp_path, {"FW.conf": config, "FW.routes.txt": table})
    assert "cannot be told (FW/root, FW/b)" in told(network)
    (tmp_path / "FW.routes.txt").rename(tmp_path / "FW.root.routes.txt")
    network = network_of_files(sorted(tmp_path.iterdir()))
    assert network.problems == ()
    assert network.topology.devices["FW/root"].captured
    assert [one.family for one in network.topology.devices["FW/root"].dynamic_routing] == []
    assert not network.topology.devices["FW/b"].captured


VENDORS = {
    "nec_ix/cases/dynamic_routing": (
        "IX-01", "ospf",
        """\
IX-01(config)# show ip route
IP Routing Table - 4 entries, 2 hidden, 2042 frees
Entries: 2 Connected, 0 Static, 0 RIP, 2 OSPF, 0 BGP
Codes: C - Connected, S - Static, R - RIP, O - OSPF, IA - OSPF inter area
Timers: Age
O    10.4.0.0/16 [110/2] via 203.0.113.9, GigaEthernet0.0, 1:02:03
O IA 10.5.0.0/16 [110/2] via 203.0.113.9, GigaEthernet0.0, 1:02:03
C    192.168.10.0/24 [0/1] is directly connected, GigaEthernet1.0, 15:21:35
C    203.0.113.0/24 [0/1] is directly connected, GigaEthernet0.0, 15:21:35
IX-01(config)#
""",
    ),
    "alaxala/cases/ospf_and_rip": (
        "OSPF-SW", "ospf",
        """\
OSPF-SW> show ip route
Date 2026/04/06 10:00:00 UTC
Total: 8 routes
Destination     Next Hop      Interface   Metric   Protocol    Age
10.1.0/24       10.1.0.1      VLAN0010    0/0      Connected   1h 2m
10.1.0.1/32     10.1.0.1      VLAN0010    0/0      Connected   1h 2m
10.2.0/24       10.2.0.1      VLAN0020    0/0      Connected   1h 2m
10.3.0/24       10.3.0.1      VLAN0030    0/0      Connected   1h 2m
10.4/16         10.2.0.9      VLAN0020    2/0      OSPF intra  12s
10.5/16         10.2.0.9      VLAN0020    2/0      OSPF inter  12s
127/8           ----          localhost   0/0      Connected   1h 2m
127.0.0.1/32    127.0.0.1     localhost   0/0      Connected   1h 2m
OSPF-SW>
""",
    ),
    "cisco_nxos/cases/ospf_on_some_interfaces": (
        "CORE-A", "ospf",
        """\
CORE-A# show ip route vrf all | no-more
IP Route Table for VRF "default"
'*' denotes best ucast next-hop

10.4.0.0/16, ubest/mbest: 1/0
    *via 10.20.0.9, Vlan20, [110/41], 3w1d, ospf-1, intra
10.5.0.0/16, ubest/mbest: 1/0
    *via 10.20.0.9, Vlan20, [110/41], 3w1d, ospf-1, inter
10.10.0.0/24, ubest/mbest: 1/0, attached
    *via 10.10.0.1, Vlan10, [0/0], 2d03h, direct
10.20.0.0/24, ubest/mbest: 1/0, attached
    *via 10.20.0.1, Vlan20, [0/0], 2d03h, direct

IP Route Table for VRF "management"
'*' denotes best ucast next-hop

Route not found

IP Route Table for VRF "OFFICE"
'*' denotes best ucast next-hop

10.30.0.0/24, ubest/mbest: 1/0, attached
    *via 10.30.0.1, Vlan30, [0/0], 2d03h, direct

CORE-A#
""",
    ),
    "cisco_asa/cases/dynamic_routing": (
        "FW-01", "ospf",
        """\
FW-01# show route
Codes: C - connected, S - static, I - IGRP, R - RIP, M - mobile, B - BGP
Gateway of last resort is 203.0.113.254 to network 0.0.0.0

C    203.0.113.0 255.255.255.0 is directly connected, outside
C    10.1.0.0 255.255.255.0 is directly connected, inside
C    10.2.0.0 255.255.255.0 is directly connected, dmz
O    10.4.0.0 255.255.0.0 [110/20] via 10.2.0.9, 0:01:23, dmz
O IA 10.5.0.0 255.255.0.0 [110/20] via 10.2.0.9, 0:01:23, dmz
S*   0.0.0.0 0.0.0.0 [1/0] via 203.0.113.254, outside
FW-01#
""",
    ),
    "panos/cases/nat_dynamic_route": (
        "PA-NATBGP", "bgp",
        """\
admin@PA-NATBGP> show routing route

flags: A:active, ?:loose, C:connect, H:host, S:static, ~:internal, R:rip, O:ospf, B:bgp,

VIRTUAL ROUTER: default (id 1)
  ==========
destination      nexthop        metric flags   age   interface     next-AS
0.0.0.0/0        203.0.113.254  10     A S           ethernet1/1
10.1.0.0/24      10.1.0.1       0      A C           ethernet1/2
10.1.0.1/32      0.0.0.0        0      A H
10.2.0.0/24      10.2.0.1       0      A C           ethernet1/3
10.4.0.0/16      10.2.0.9              A B     120   ethernet1/3   65001
10.5.0.0/16      10.2.0.9              A B     120   ethernet1/3   65001
203.0.113.0/24   203.0.113.1    0      A C           ethernet1/1
total routes shown: 7

admin@PA-NATBGP>
""",
    ),
    "awplus/cases/dynamic_routing": (
        "L3-04", "ospf",
        """\
L3-04#show ip route
Codes: C - connected, S - static, R - RIP, B - BGP
       O - OSPF, IA - OSPF inter area
       * - candidate default

O       10.4.0.0/16 [110/2] via 10.1.20.9, vlan20, 00:04:11
O IA    10.5.0.0/16 [110/2] via 10.1.20.9, vlan20, 00:04:11
C       10.1.10.0/24 is directly connected, vlan10
C       10.1.20.0/24 is directly connected, vlan20

L3-04#
""",
    ),
}  # fmt: skip
CASES = Path(__file__).parent.parent / "vendors"


def one_device(tmp_path: Path, case: str, name: str, table: str) -> tuple[Device, str]:
    (tmp_path / f"{name}.cfg").write_bytes((CASES / f"{case}.conf").read_bytes())
    (tmp_path / f"{name}.routes.txt").write_text(table, encoding="utf-8")
    network = network_of_files(sorted(tmp_path.iterdir()))
    return network.topology.devices[name], told(network)


def still_learning(device: Device, protocol: str) -> bool:
    return any(one.protocol.lower() == protocol and one.concerns(vrf_of(device), 4) for one in device.dynamic_routing)


def vrf_of(device: Device) -> str:
    return "default" if device.vendor == "panos" else ""


@pytest.mark.parametrize("case", sorted(VENDORS))
def test_tables_of_every_vendor_take_the_place_of_what_a_protocol_learns(tmp_path: Path, case: str) -> None:
    name, protocol, table = VENDORS[case]
    device, problems = one_device(tmp_path, case, name, table)
    assert "do not agree" not in problems and "not understood" not in problems
    assert not still_learning(device, protocol), problems
    learnt = {str(one.prefix) for one in device.routes if one.next_hops[0].captured}
    assert learnt == {"10.4.0.0/16", "10.5.0.0/16"}
    assert device.captured
    (tmp_path / f"{name}.routes.txt").unlink()
    (alone,) = network_of_files(sorted(tmp_path.iterdir())).devices
    assert set(alone.routes) <= set(device.routes)
    assert alone.interfaces == device.interfaces


def test_a_file_with_a_table_and_lines_that_nobody_knows_is_refused_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, {"RT-01.cfg": CONFIG, "RT-01.routes.txt": f"{TABLE}\nsomething else\n"})
    assert "neither of the table nor of a configuration" in caught.value.text.en
    assert (caught.value.file or "").endswith("RT-01.routes.txt")
    assert caught.value.line == len(TABLE.splitlines()) + 2


@pytest.mark.parametrize("case", sorted(VENDORS))
def test_no_line_can_be_taken_from_a_table_so_that_less_is_possible(tmp_path: Path, case: str) -> None:
    """What remains when a line is lost is believed and has all its routes, or it changes nothing. Where the vendor counts no routes, the row of a
    route can be taken out: that is the only thing which does not show."""
    name, protocol, table = VENDORS[case]
    lines = table.splitlines(keepends=True)
    for number, line in enumerate(lines):
        try:
            device, problems = one_device(tmp_path, case, name, "".join(lines[:number] + lines[number + 1 :]))
        except InputError:
            continue  # lines are left that nobody knows: the file is refused
        learnt = {str(one.prefix) for one in device.routes if one.next_hops[0].captured}
        if case.startswith(("awplus", "cisco_asa")) and line.startswith("O"):
            assert len(learnt) == 1
        else:
            assert still_learning(device, protocol) or learnt == {"10.4.0.0/16", "10.5.0.0/16"}, (line, problems)


@pytest.mark.parametrize("case", sorted(VENDORS))
def test_a_filtered_table_of_no_vendor_changes_what_is_possible(tmp_path: Path, case: str) -> None:
    name, protocol, table = VENDORS[case]
    first, _, rest = table.partition("\n")
    without = "".join(line for line in rest.splitlines(keepends=True) if "10.5" not in line)
    for behind in (" | include 10.4", " ospf", " 10.4.0.0"):
        device, problems = one_device(tmp_path, case, name, f"{first}{behind}\n{without}")
        assert "does not print the whole table" in problems
        assert still_learning(device, protocol)
        assert not any(hop.captured for one in device.routes for hop in one.next_hops)


@pytest.mark.parametrize("number", range(len(TABLE.splitlines())))
def test_a_lost_line_never_makes_less_possible(tmp_path: Path, number: int) -> None:
    lines = TABLE.splitlines(keepends=True)
    whole = read(tmp_path, {"RT-01.cfg": CONFIG, "RT-01.routes.txt": TABLE})
    try:
        less = read(tmp_path, {"RT-01.cfg": CONFIG, "RT-01.routes.txt": "".join(lines[:number] + lines[number + 1 :])})
    except InputError:
        return  # lines are left that nobody knows: the file is refused
    for packet in (LEARNT, STATIC, NOWHERE):
        assert verdict(less, packet) in (verdict(whole, packet), TraceVerdict.UNDETERMINED), lines[number]


def test_a_table_in_a_banner_neither_counts_nor_hides_the_configuration(tmp_path: Path) -> None:
    banner = f"banner motd ^C\n{TABLE}^C\n!\n"
    network = read(tmp_path, {"RT-01.cfg": CONFIG.replace("!\ninterface", f"!\n{banner}interface", 1)})
    assert "inside a text of the configuration" in told(network)
    assert is_unknown(network)
    device = network.topology.devices["RT-01"]
    plain = read(tmp_path, {"RT-01.cfg": CONFIG}).topology.devices["RT-01"]
    assert set(device.interfaces) == set(plain.interfaces)
    assert [one.prefix for one in device.routes] == [one.prefix for one in plain.routes]
