"""Every captured routing table in `*/tables/` is read as its expected file says; adding a case is adding two files."""

from __future__ import annotations

import pytest
import yaml

from secaudit.network.captured import CapturedRoute, CapturedTable
from secaudit.network.routes import NextHop
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes, read_config_text
from secaudit.vendors.reader import TableReader
from tests.vendors.cases import HERE, readers

CASES = {f"{path.parent.parent.name}/{path.stem}": path for path in HERE.glob("*/tables/*.txt")}


def reader_of(name: str) -> TableReader:
    found = readers()[name]
    assert isinstance(found, TableReader)
    return found


def written(route: CapturedRoute) -> str:
    """`PREFIX ORIGIN [PROTOCOL] DISTANCE HOP [or HOP]`."""
    words = [str(route.prefix), route.origin.value, route.protocol, str(route.distance)]
    return " ".join([*filter(None, words), " or ".join(map(hop, route.next_hops))])


def hop(one: NextHop) -> str:
    if one.discard:
        return "discard"
    gateway = "" if one.gateway is None else f"via {one.gateway}"
    return " ".join(filter(None, (gateway, one.interface)))


def test_every_table_has_an_expected_file_and_the_reverse() -> None:
    answers = {
        path.with_name(path.name.removesuffix(".expected.yaml") + ".txt") for path in HERE.glob("*/tables/*.yaml")
    }
    assert answers == set(CASES.values())
    assert CASES


@pytest.mark.parametrize("name", sorted(CASES))
def test_tables(name: str) -> None:
    path = CASES[name]
    expected = yaml.safe_load(path.with_name(path.stem + ".expected.yaml").read_text(encoding="utf-8"))
    text = read_config_text(path, path.name)
    found = reader_of(path.parent.parent.name).find_tables(text)
    assert [(one.vrf, one.family) for one in found.tables] == [
        (one["vrf"], one["family"]) for one in expected["tables"]
    ]
    for table, wanted in zip(found.tables, expected["tables"], strict=True):
        assert [written(route) for route in table.routes] == wanted["routes"]
        told = [flaw.text.en for flaw in table.flaws]
        flaws = wanted.get("flaws", [])
        assert len(told) == len(flaws) and all(part in one for one, part in zip(told, flaws, strict=True)), told
        assert all(flaw.sources for flaw in table.flaws)
        assert all(route.sources and all(one.sources for one in route.next_hops) for route in table.routes)
    left = [line for line in text.lines if line.text.strip() not in ("", "#") and line.number not in found.lines]
    assert len(left) == expected.get("left", 0), left


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_other_vendor_believes_a_table(name: str) -> None:
    """Formats look alike; a table that two vendors claim is told apart by the device's vendor, but none of ours is."""
    path = CASES[name]
    text = read_config_text(path, path.name)
    for vendor, reader in readers().items():
        if vendor != path.parent.parent.name and isinstance(reader, TableReader):
            assert reader.find_tables(text).tables == (), vendor


def test_configurations_hold_no_tables() -> None:
    for path in HERE.glob("*/cases/*.conf"):
        text = read_config_text(path, path.name)
        for reader in readers().values():
            if isinstance(reader, TableReader):
                assert reader.find_tables(text).tables == (), path


def text_of(*lines: str) -> ConfigText:
    return config_text_from_bytes("\n".join(lines).encode(), "t.txt")


def only(vendor: str, text: ConfigText) -> CapturedTable:
    (table,) = reader_of(vendor).find_tables(text).tables
    return table


def test_large_tables_are_read_whole() -> None:
    """20,000 routes of every vendor, in one pass."""
    prefixes = [f"{10 + n // 65536}.{n // 256 % 256}.{n % 256}.0/24" for n in range(20_000)]
    ios = [f"B     {one} [20/0] via 192.0.2.1, 00:00:01" for one in prefixes]
    assert len(only("cisco_ios", text_of("Gateway of last resort is not set", "", *ios, "", "r#")).routes) == 20_000
    forti = [f"B       {one} [20/0] via 192.0.2.1, port1, 00:00:01, [1/0]" for one in prefixes]
    assert len(only("fortios", text_of("Routing table for VRF=0", *forti, "", "x")).routes) == 20_000
    yamaha = [f"{one}   192.0.2.1   LAN2   BGP" for one in prefixes]
    header = "Destination         Gateway          Interface       Kind  Additional Info."
    assert len(only("yamaha", text_of(header, *yamaha, "#", "x")).routes) == 20_000


@pytest.mark.parametrize("vendor", ["cisco_ios", "fortios", "yamaha"])
def test_headings_without_end_do_not_take_long_or_raise(vendor: str) -> None:
    headings = (
        "Codes: C - connected, S - static", "Codes: K - kernel, C - connected", "Routing Table: A", "show ip route",
        "Gateway of last resort is not set", "IPv6 Routing Table - a - 3 entries", "Routing table for VRF=1",
        "Destination Gateway Interface Kind Additional Info.", "get router info routing-table all",
    )  # fmt: skip
    for heading in headings:
        found = reader_of(vendor).find_tables(text_of(*[heading] * 3_000, "end"))
        assert all(table.flaws for table in found.tables)
