"""Hosts behind devices that nobody submitted: what a line tells of them, or may tell, is never `none`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soundness.folders import network
from tests.soundness.test_flows import DENY, interface, router

ZONES = """\
zones:
  my_number: {subnets: [10.1.0.0/16]}
  lgwan: {subnets: [10.2.0.0/16]}
"""
BOTH_WAYS = (("my_number", "lgwan"), ("lgwan", "my_number"))
CLOSED = ("ip access-group DENY in", "ip access-group DENY out")
BRANCH = "ip route 10.1.5.0 255.255.255.0 10.9.0.2"
"""Hosts of my_number are behind a router that nobody submitted."""
OWN = {
    "rt1.cfg": router("rt1", interface("Vlan1", "10.1.0.1", *CLOSED), DENY),
    "rt3.cfg": router("rt3", interface("Vlan1", "10.2.0.1", *CLOSED), DENY),
}
"""Each zone has a place of its own from which nothing goes anywhere."""


def verdicts(root: Path, middle: str) -> tuple[str, ...]:
    found = network(root, {**OWN, "rt2.cfg": middle}, ZONES)
    return tuple(found.verdict(*pair) for pair in BOTH_WAYS)


def between(*parts: str, inside: tuple[str, ...] = ()) -> str:
    wires = (interface("Vlan2", "10.9.0.1", *inside), interface("Vlan3", "10.8.0.1"))
    return router("rt2", *wires, DENY, BRANCH, *parts)


def test_with_every_line_understood_nothing_is_made_up(tmp_path: Path) -> None:
    assert verdicts(tmp_path / "plain", between()) == ("none", "none")
    other = "ip route 172.16.0.0 255.255.0.0 10.8.0.2"
    assert verdicts(tmp_path / "another", between(other)) == ("none", "none")


@pytest.mark.parametrize("more", ["!", "ip route 172.16.0.0 255.255.0.0 10.8.0.2"], ids=["", "told of"])
@pytest.mark.parametrize("inside", [(), ("ip access-group DENY in",)], ids=["open", "filtered"])
def test_an_unread_line_lets_hosts_behind_a_router_out_as_it_does_hosts_on_the_wire(
    tmp_path: Path, more: str, inside: tuple[str, ...]
) -> None:
    """The line may be what leads to hosts of the other zone behind 10.8.0.2."""
    assert verdicts(tmp_path / "behind", between(more, "frobnicate on", inside=inside))[0] == "undetermined"
    attached = between(more, "frobnicate on", inside=inside).replace("10.9.0.1", "10.1.9.1").replace(BRANCH, "!")
    assert verdicts(tmp_path / "attached", attached)[0] == "undetermined"


@pytest.mark.parametrize(
    "line", ["ip route 10.2.5.0 frob 10.8.0.2", "ip route frob", "ip route 10.2.5.0 255.255.255.0 frob"]
)
def test_behind_a_route_that_nobody_could_read_may_be_hosts_that_send(tmp_path: Path, line: str) -> None:
    assert verdicts(tmp_path, between(line)) == ("undetermined", "undetermined")


def test_yamaha_behind_a_route_that_nobody_could_read_may_be_hosts_that_send(tmp_path: Path) -> None:
    config = """\
        # RTX1210 Rev.14.01.42 (Fri Jul  8 13:54:17 2022)
        console prompt rt2
        ip lan1 address 10.9.0.1/24
        ip lan2 address 10.8.0.1/24
        ip route 10.1.5.0/24 gateway 10.9.0.2
        """
    ledger = "devices:\n" + "".join(
        f"  - {{name: {name}, vendor: {vendor}, role: router, zones: []}}\n"
        for name, vendor in (("rt1", "cisco_ios"), ("rt2", "yamaha"), ("rt3", "cisco_ios"))
    )
    for name, line, expected in (("plain", "", "none"), ("unread", "ip route frob gateway 10.8.0.2", "undetermined")):
        found = network(tmp_path / name, {**OWN, "rt2.txt": f"{config}{line}\n"}, ZONES + ledger)
        assert found.verdict("lgwan", "my_number") == expected


@pytest.mark.parametrize(
    ("dst", "expected"), [("172.16.0.0 255.255.0.0", "none"), ("frob 255.255.0.0", "undetermined")]
)  # fmt: skip
def test_fortios_behind_a_route_that_nobody_could_read_may_be_hosts_that_send(
    tmp_path: Path, dst: str, expected: str
) -> None:
    ports = "".join(
        f'edit "port{number}"\nset vdom "root"\nset ip {address} 255.255.255.0\nset type physical\nnext\n'
        for number, address in ((1, "10.9.0.1"), (2, "10.8.0.1"))
    )
    routes = (
        "edit 1\nset dst 10.1.5.0 255.255.255.0\nset gateway 10.9.0.2\nset device port1\nnext\n"
        f"edit 2\nset dst {dst}\nset gateway 10.8.0.2\nset device port2\nnext\n"
    )
    policy = (
        'edit 1\nset srcintf "port2"\nset dstintf "port1"\nset action accept\nset srcaddr "all"\nset dstaddr "all"\n'
        'set schedule "always"\nset service "ALL"\nnext\n'
    )
    config = (
        "#config-version=FGT60F-7.2.5-FW-build1517-230606:opmode=0:vdom=0:user=admin\n"
        f'config system global\nset hostname "rt2"\nend\nconfig system interface\n{ports}end\n'
        f"config router static\n{routes}end\nconfig firewall policy\n{policy}end\n"
    )
    ledger = "devices:\n" + "".join(
        f"  - {{name: {name}, vendor: {vendor}, role: router, zones: []}}\n"
        for name, vendor in (("rt1", "cisco_ios"), ("rt2", "fortios"), ("rt3", "cisco_ios"))
    )
    found = network(tmp_path, {**OWN, "rt2.conf": config}, ZONES + ledger)
    assert found.verdict("lgwan", "my_number") == expected


def one_wire(*routes: str, zone: str = "10.9.0.1", inside: tuple[str, ...] = ("ip access-group DENY in",)) -> str:
    return router("rt2", interface("Vlan2", zone, *inside), DENY, *routes)


@pytest.mark.parametrize(
    ("routes", "address", "expected"),
    [
        ((BRANCH, "ip route 10.2.5.0 255.255.255.0 10.9.0.2"), "10.9.0.1", "undetermined"),
        ((BRANCH, "ip route 10.2.5.0 255.255.255.0 10.9.0.3"), "10.9.0.1", "undetermined"),
        (("ip route 10.1.5.0 255.255.255.0 10.2.9.2",), "10.2.9.1", "undetermined"),
        ((BRANCH,), "10.9.0.1", "none"),
        ((BRANCH, "ip route 172.16.0.0 255.255.0.0 10.9.0.2"), "10.9.0.1", "none"),
        ((BRANCH, "ip route 10.2.0.0 255.255.255.0 10.9.0.3"), "10.9.0.1", "none"),
    ],
    ids=["one router", "two routers", "router on the wire of the other zone", "one zone", "no zone", "elsewhere"],
)
def test_a_router_that_nobody_submitted_may_join_what_is_behind_it(
    tmp_path: Path, routes: tuple[str, ...], address: str, expected: str
) -> None:
    """It passes packets between them that no submitted device sees. Addresses that a submitted device attaches are where that device is."""
    assert verdicts(tmp_path, one_wire(*routes, zone=address)) == (expected, expected)


def test_what_a_router_may_join_names_the_routes(tmp_path: Path) -> None:
    configs = {**OWN, "rt2.cfg": one_wire(BRANCH, "ip route 10.2.5.0 255.255.255.0 10.9.0.2")}
    pair = network(tmp_path, configs, ZONES).flows.pair("my_number", "lgwan")
    assert any("10.9.0.2" in line.text for doubt in pair.doubts for line in doubt.sources)
