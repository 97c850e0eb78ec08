"""Every captured routing table in `*/tables/` is read as its expected file says; adding a case is adding two files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from secaudit.errors import InputError
from secaudit.network.captured import CapturedRoute, CapturedTable
from secaudit.network.routes import NextHop
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes, read_config_text
from secaudit.text.source import Sources
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


HOPS_COUNTED = frozenset(("alaxala", "cisco_nxos", "panos"))
ROUTES_COUNTED = frozenset(("juniper_srx", "nec_ix"))
"""Vendors whose tables tell how many next hops, or at least how many routes there are; those of others do not show that one row was taken out."""


def without_line(path: Path, number: int) -> ConfigText:
    lines = path.read_bytes().splitlines(keepends=True)
    return config_text_from_bytes(b"".join(lines[: number - 1] + lines[number:]), path.name)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_table_that_lost_a_line_is_believed_to_hold_no_less(name: str) -> None:
    """Whatever line is taken out: a table that still looks whole holds what it held, but for the very route of that line where nobody counts."""
    path = CASES[name]
    vendor = path.parent.parent.name
    before = reader_of(vendor).find_tables(read_config_text(path, path.name)).tables
    for number in range(1, len(path.read_bytes().splitlines()) + 1):
        try:
            text = without_line(path, number)
        except InputError:
            continue
        after = {(one.vrf, one.family): one for one in reader_of(vendor).find_tables(text).tables if not one.flaws}
        for table in before:
            left = after.get((table.vrf, table.family))
            if table.flaws or left is None:
                continue
            lost = hops(table) - hops(left)
            if lost:
                assert vendor not in HOPS_COUNTED, (number, lost)
                assert len({prefix for prefix, _ in lost}) == 1, (number, lost)
                assert all(any(one.number == number for one in sources_of(table, prefix)) for prefix, _ in lost), number
                if vendor in ROUTES_COUNTED:
                    assert {prefix for prefix, _ in lost} <= {str(one.prefix) for one in left.routes}, (number, lost)


def hops(table: CapturedTable) -> set[tuple[str, str]]:
    return {
        (str(route.prefix), f"{route.origin} {route.protocol} {hop(one)}")
        for route in table.routes
        for one in route.next_hops
    }


def sources_of(table: CapturedTable, prefix: str) -> Sources:
    return next(one.sources for one in table.routes if str(one.prefix) == prefix)


@pytest.mark.parametrize("name", sorted(CASES))
def test_only_a_table_with_its_command_and_the_next_prompt_is_believed(name: str) -> None:
    path = CASES[name]
    text = read_config_text(path, path.name)
    found = reader_of(path.parent.parent.name).find_tables(text)
    assert all(
        table.flaws for table in reader_of(path.parent.parent.name).find_tables(replace(text, commands=())).tables
    ) or any(line.text.startswith(("#", "show")) for line in text.lines)
    if any(not table.flaws for table in found.tables):
        last = max(found.lines)
        assert any(one.number > last for one in text.commands) or text.lines[-1].text.startswith("#")


WHOLE = {
    "cisco_ios": ("R1#", "show ip route", ("Gateway of last resort is not set", "", "O     10.2.0.0/16 [110/2] via 10.1.0.2, 00:01:02, Vlan1")),
    "fortios": ("FW # ", "get router info routing-table all", ("Routing table for VRF=0", "O       10.2.0.0/16 [110/2] via 10.1.0.2, port1, 00:01:02")),
    "yamaha": ("RTX1210# ", "show ip route", ("Destination         Gateway          Interface       Kind  Additional Info.", "10.2.0.0/16  10.1.0.2  LAN2  OSPF")),
    "juniper_srx": (
        "admin@srx> ", "show route",
        ("inet.0: 1 destinations, 1 routes (1 active, 0 holddown, 0 hidden)", "10.2.0.0/16        *[OSPF/10] 1d 00:10:11", "                    >  to 10.1.0.2 via ge-0/0/2.0"),
    ),
    "nec_ix": (
        "ix01# ", "show ip route",
        ("IP Routing Table - 1 entries, 0 hidden, 2045 frees", "Entries: 0 Connected, 0 Static, 0 RIP, 1 OSPF, 0 BGP", "Timers: Age", "O    10.2.0.0/16 [110/2] via 10.1.0.2, GigaEthernet0.0, 1:02:03"),
    ),
    "awplus": ("awplus#", "show ip route", ("Codes: C - connected, S - static, R - RIP, B - BGP", "", "O       10.2.0.0/16 [110/2] via 10.1.0.2, vlan1, 00:04:11")),
    "alaxala": (
        "ax01> ", "show ip route",
        ("Total: 1 routes", "Destination   Next Hop   Interface   Metric   Protocol   Age", "10.2/16   10.1.0.2   VLAN0010   2/0   OSPF intra   12s"),
    ),
    "cisco_nxos": (
        "n9k# ", "show ip route",
        ('IP Route Table for VRF "default"', "", "10.2.0.0/16, ubest/mbest: 1/0", "    *via 10.1.0.2, Eth1/1, [110/41], 3w1d, ospf-1, intra"),
    ),
    "cisco_asa": ("fw1# ", "show route", ("Gateway of last resort is not set", "", "O        10.2.0.0 255.255.0.0 [110/20] via 10.1.0.2, 0:01:23, inside")),
    "panos": (
        "admin@PA-01> ", "show routing route",
        (
            "VIRTUAL ROUTER: default (id 1)", "  ==========", "destination  nexthop  metric flags  age  interface  next-AS",
            "10.2.0.0/16  10.1.0.2  20  A Oi  1348860  ethernet1/2", "total routes shown: 1",
        ),
    ),
}  # fmt: skip
"""For each vendor its prompt, the command for the whole table, and a table of one route."""
FILTERS = (
    " static", " ospf", " 10.0.0.0", " 10.0.0.0/8 longer-prefixes", " 10.0.0.0 255.0.0.0", " | include 10.2", " | exclude 172.16", " | begin 10.",
    " | grep 10.", " | match 10.", " | except 10.", " summary", " vrf RED", " detail", " terse", " | section O", " type ospf", " | tee x", " connected",
)  # fmt: skip


def test_every_vendor_of_tables_is_tried() -> None:
    assert set(WHOLE) == {name for name, reader in readers().items() if isinstance(reader, TableReader)}


@pytest.mark.parametrize("vendor", sorted(WHOLE))
def test_a_filter_behind_the_command_is_seen(vendor: str) -> None:
    prompt, command, table = WHOLE[vendor]
    assert only(vendor, text_of(prompt + command, *table, prompt)).flaws == ()
    assert only(vendor, text_of(command, *table, prompt)).flaws == ()
    for behind in FILTERS:
        assert only(vendor, text_of(prompt + command + behind, *table, prompt)).flaws, behind
        assert only(vendor, text_of(command + behind, *table, prompt)).flaws, behind


@pytest.mark.parametrize(
    ("vendor", "command"),
    [
        ("cisco_ios", "sh ip ro"),
        ("cisco_ios", "show ip route vrf *"),
        ("cisco_nxos", "sh ip route vrf default"),
        ("cisco_nxos", "show ip route vrf all | no-more"),
        ("cisco_asa", "sh ro"),
        ("awplus", "show ip route global"),
        ("alaxala", "show ip route vrf all"),
        ("panos", "show routing route virtual-router default"),
        ("panos", 'show routing route virtual-router "default"'),
        ("juniper_srx", "show route | no-more"),
        ("juniper_srx", "show route table inet.0"),
    ],
)
def test_other_ways_to_ask_for_a_whole_table(vendor: str, command: str) -> None:
    prompt, _, table = WHOLE[vendor]
    assert only(vendor, text_of(prompt + command, *table, prompt)).flaws == ()


@pytest.mark.parametrize(
    ("vendor", "six"),
    [
        ("awplus", ("IPv6 Routing Table", "Codes: C - connected, S - static, R - RIP, O - OSPF, B - BGP", "", "C      2001:db8:10::/64 via ::, vlan1, 20:42:47")),
        ("cisco_nxos", ('IPv6 Routing Table for VRF "default"', "", "2001:db8:1::/64, ubest/mbest: 1/0, attached", "    *via 2001:db8:1::1, Vlan10, [0/0], 00:15:46, direct")),
        ("alaxala", ("Total: 1 routes", "Destination   Next Hop   Interface   Metric   Protocol   Age", "2001:db8:2::/64   2001:db8::2   VLAN0010   2/0   RIPng   12s")),
        ("yamaha", ("Destination   Gateway   Interface   Type", "2001:db8::/64   -   LAN1   implicit")),
        ("fortios", ("IPv6 Routing Table", "Codes: K - kernel route, C - connected", "", "C       2001:db8::/64 via ::, wan1, 22:05:00")),
    ],
)  # fmt: skip
def test_a_command_stands_for_the_family_that_it_asks_for(vendor: str, six: tuple[str, ...]) -> None:
    """The table of the other family behind it lost its own command, which may have had a filter; and the first one lost its end."""
    prompt, command, table = WHOLE[vendor]
    own = command.replace("show ip ", "show ipv6 ").replace("info routing-table all", "info6 routing-table")
    assert only(vendor, text_of(prompt + own, *six, prompt)).flaws == ()
    assert only(vendor, text_of(prompt + command, *six, prompt)).flaws
    found = reader_of(vendor).find_tables(text_of(prompt + command, *table, "", *six, prompt)).tables
    assert [one.family for one in found] == [4, 6]
    assert all(one.flaws for one in found)


def test_a_cluster_tells_its_role_in_front_of_every_prompt() -> None:
    prompt, command, table = WHOLE["juniper_srx"]
    text = text_of("{primary:node0}", prompt + command, "", *table, "", "{primary:node0}", prompt)
    assert only("juniper_srx", text).flaws == ()
    assert only("juniper_srx", text_of("{primary:node0}", prompt + command, *table, "{primary:node0}")).flaws


@pytest.mark.parametrize("vendor", ["yamaha", "alaxala"])
def test_devices_without_a_name_have_prompts_as_well(vendor: str) -> None:
    _, command, table = WHOLE[vendor]
    assert only(vendor, text_of(f"# {command}", *table, "#")).flaws == ()
    assert only(vendor, text_of(f"> {command}", *table, "> exit")).flaws == ()
    assert only(vendor, text_of(f"# {command} static", *table, "#")).flaws
    assert only(vendor, text_of("# the table of yesterday", *table, "#")).flaws


@pytest.mark.parametrize("vendor", sorted(WHOLE))
def test_a_table_without_its_command_its_end_or_left_at_a_pager_is_not_believed(vendor: str) -> None:
    prompt, command, table = WHOLE[vendor]
    for lines in (
        (*table, prompt),
        (prompt, *table, prompt),
        (prompt + command, "something else", *table, prompt),
        (prompt + command, prompt, *table, prompt),
        (prompt + "show version", *table, prompt),
        (prompt + command, *table),
        (prompt + command, *table, "", ""),
        (prompt + command, *table, "", "something else"),
        (prompt + command, *table, " --More-- ", prompt),
        (prompt + command, *table, " --More-- " + prompt),
        (prompt + command, *table, "--More-- \x08\x08\x08\x08        \x08\x08\x08\x08" + prompt + "exit"),
        (prompt + command, *table[:-1], " --More-- /10.3", "filtering...", table[-1], prompt),
    ):
        found = reader_of(vendor).find_tables(text_of(*lines)).tables
        assert all(one.flaws for one in found), lines
    (whole,) = (
        reader_of(vendor).find_tables(text_of(prompt + command, *table[:-1], " --More-- ", table[-1], prompt)).tables
    )
    assert whole.flaws == ()


@pytest.mark.parametrize("vendor", sorted(WHOLE))
def test_a_table_inside_a_banner_is_not_believed_and_takes_nothing_from_the_configuration(vendor: str) -> None:
    prompt, command, table = WHOLE[vendor]
    rest = ["interface Vlan1", " ip address 10.1.0.1 255.255.255.0", "access-list 1 permit any", "router ospf 1", "end"]
    for first, last in (
        ("banner motd ^C", "^C"),
        ("banner exec #", "#"),
        ('set buffer "', '"'),
        ("embedded file a <<EOF", "EOF"),
        ("menu X title ^C", "^C"),
        ("macro name X", "@"),
        ("<login-banner>", "</login-banner>"),
    ):
        for inside in ((prompt + command, *table, prompt), (prompt + command, *table), tuple(table)):
            text = text_of(first, *inside, last, *rest)
            found = reader_of(vendor).find_tables(text)
            assert all(one.flaws for one in found.tables), (first, inside)
            left = [line.text for line in text.lines if line.number not in found.lines]
            assert [one for one in rest if one not in left] == []


def test_large_tables_are_read_whole() -> None:
    """20,000 routes of every vendor, in one pass."""
    prefixes = [f"{10 + n // 65536}.{n // 256 % 256}.{n % 256}.0/24" for n in range(20_000)]
    masked = [one.replace("/24", " 255.255.255.0") for one in prefixes]
    rows = {
        "cisco_ios": [f"B     {one} [20/0] via 192.0.2.1, 00:00:01" for one in prefixes],
        "fortios": [f"B       {one} [20/0] via 192.0.2.1, port1, 00:00:01, [1/0]" for one in prefixes],
        "yamaha": [f"{one}   192.0.2.1   LAN2   BGP" for one in prefixes],
        "awplus": [f"B       {one} [20/0] via 192.0.2.1, vlan1, 00:00:01" for one in prefixes],
        "cisco_asa": [f"B        {one} [20/0] via 192.0.2.1, 00:00:01" for one in masked],
        "cisco_nxos": [f"{one}, ubest/mbest: 1/0\n    *via 192.0.2.1, [20/0], 1d02h, bgp-1, external" for one in prefixes],
        "nec_ix": [f"B    {one} [20/0] via 192.0.2.1, GigaEthernet0.0, 1:02:03" for one in prefixes],
        "panos": [f"{one}  192.0.2.1  20  A B  1348860  ethernet1/2  65001" for one in prefixes],
        "alaxala": [f"{one}   192.0.2.1   VLAN0010   2/0   BGP   12s" for one in prefixes],
    }  # fmt: skip
    for vendor, own in rows.items():
        prompt, command, table = WHOLE[vendor]
        heading = [
            line.replace(" 1 entries", " 20000 entries").replace("1 OSPF, 0 BGP", "0 OSPF, 20000 BGP") for line in table
        ]
        begun = next(at for at, line in enumerate(heading) if "10.2" in line)
        end = ["total routes shown: 20000"] if vendor == "panos" else []
        found = only(
            vendor,
            text_of(
                prompt + command,
                *(line.replace("Total: 1 ", "Total: 20000 ") for line in heading[:begun]),
                *own,
                *end,
                prompt,
            ),
        )
        assert (len(found.routes), found.flaws) == (20_000, ()), vendor


@pytest.mark.parametrize("vendor", sorted(WHOLE))
def test_headings_without_end_do_not_take_long_or_raise(vendor: str) -> None:
    headings = (
        "Codes: C - connected, S - static", "Codes: K - kernel, C - connected", "Routing Table: A", "show ip route",
        "Gateway of last resort is not set", "IPv6 Routing Table - a - 3 entries", "Routing table for VRF=1", "IPv6 Routing Table",
        "Destination Gateway Interface Kind Additional Info.", "get router info routing-table all", "Codes: C - connected, S - static, R - RIP, B - BGP",
        'IP Route Table for VRF "a"', "IP Routing Table - 1 entries, 0 hidden, 2 frees", "flags: A:active, ?:loose", "VIRTUAL ROUTER: a (id 1)",
        "Total: 3 routes", "[VRF: a]", "IPv6 Routing Table - 3 entries", "Date 2024/07/14 12:00:00 UTC", "R1#show ip route vrf all", "#",
    )  # fmt: skip
    for heading in headings:
        found = reader_of(vendor).find_tables(text_of(*[heading] * 3_000, "end"))
        assert all(table.flaws for table in found.tables)
