"""Captured routing tables beside the configurations: believed when they agree, told and left alone when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from secaudit.audit.network import ReadNetwork, network_of_files
from secaudit.flows.modes import Mode
from secaudit.flows.replay import explain, replay
from secaudit.flows.trace import TraceVerdict
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
