"""Commands as a person sees them: `golden/VENDOR/CONFIGURATION.NAME.yaml` holds changes and the commands for `CONFIGURATION.conf`.

`changes`: `insert` (a filter, `before` which line, `from`/`to` interfaces), `remove` (a filter, which `line`) or `add` (an interface);
`number` tells which of several lines with one label. `commands` is what is printed, or `not_said` the sentence why nothing is.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Intervals
from secaudit.network.matches import ANY_SERVICE, Family, Match, Service
from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import NotSaidError
from tests.vendors.commands.reading_back import FAMILIES, READERS, commands_for, text_of, wrong

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*/*.yaml"))
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "esp": 50}
_ADDRESSES = ("source", "destination")


def test_there_are_cases_for_every_vendor() -> None:
    assert {path.parent.name for path in FILES} == {"awplus", "fortios", "cisco_ios", "yamaha"}
    held = {path.name.partition(".")[0] for path in FILES}
    assert {path.stem for path in GOLDEN.glob("*/*.conf")} == held


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden(path: Path) -> None:
    vendor = path.parent.name
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    content = path.with_name(path.name.partition(".")[0] + ".conf").read_text(encoding="utf-8")
    text = text_of(content, vendor)
    read = READERS[vendor].read(text)
    assert not read.coverage.unread
    device = next(one for one in read.devices if one.name == case.get("device", read.devices[0].name))
    changes = [change_of(device, one) for one in case["changes"]]
    try:
        commands = commands_for(device, changes, text)
    except NotSaidError as error:
        assert error.text.en == case.get("not_said")
        return
    assert "\n".join(commands.lines) + "\n" == case.get("commands", ""), "\n".join(commands.lines)
    assert commands.notes
    assert all(note.ja and note.en for note in commands.notes)
    spaces = {family: HeaderSpace(family) for family in FAMILIES}
    found = wrong(spaces, content, device, changes, commands)
    # A policy names the zone of an interface, and so the other members: the case says which pair is concerned as well.
    for known in case.get("also", ()):
        assert known in found
        found = "; ".join(one for one in found.split("; ") if not one.startswith(known))
    assert not found


def change_of(device: Device, given: dict[str, Any]) -> Change:
    if "remove" in given:
        return RemoveLine(device.name, given["remove"], place_of(device, given["remove"], given["line"], given))
    matches = (match_of(given),)
    if "add" in given:
        return AddFilter(device.name, given["add"], matches, given["direction"] == "out")
    place = place_of(device, given["insert"], given["before"], given)
    return InsertDeny(device.name, given["insert"], place, matches, given.get("from"), given.get("to"))


def place_of(device: Device, filter_name: str, label: str, given: dict[str, Any]) -> int:
    lines = device.filters[filter_name].lines
    return [place for place, line in enumerate(lines) if line.label == label][given.get("number", 0)]


def match_of(given: dict[str, Any]) -> Match:
    family: Family = 6 if any(":" in str(given[name]) for name in _ADDRESSES) else 4
    sources, destinations = (addresses(str(given[name]), family) for name in _ADDRESSES)
    return Match(family, sources, destinations, tuple(map(service, given["service"])))


def addresses(text: str, family: Family) -> Intervals:
    if text == "any":
        return ANY_IPV4 if family == 4 else ANY_IPV6
    low, dash, high = text.partition("-")
    if dash:
        return ((int(ipaddress.ip_address(low)), int(ipaddress.ip_address(high))),)
    network = ipaddress.ip_network(text)
    return ((int(network.network_address), int(network.broadcast_address)),)


def service(text: str) -> Service:
    if text == "any":
        return ANY_SERVICE
    name, slash, values = text.partition("/")
    protocol = _PROTOCOLS[name]
    low, _, high = values.partition("-")
    held = ((int(low), int(high or low)),) if slash else None
    if name.startswith("icmp"):
        return Service(((protocol, protocol),), icmp_types=held or ANY_BYTE)
    return Service(((protocol, protocol),), held or ANY_PORT)
