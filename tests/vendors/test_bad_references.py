"""Configurations that refer to nothing, or to themselves: undetermined where it matters, with the line, and everything else goes on."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.network.device import Device
from secaudit.packets.packet import Packet
from secaudit.text.decoding import config_text_from_bytes
from tests.flows.building import device as plain_device
from tests.flows.building import interface

CASES = Path(__file__).with_name("bad_references")
"""One file a vendor: a `frame` with the places `{here}` and `{behind}`, and what stands there by the name of the case."""
TOUCHED, UNTOUCHED = "tcp 10.1.0.7:40000 > 198.51.100.5:443", "udp 10.1.0.7:40000 > 198.51.100.5:53"


@dataclass(frozen=True)
class Case:
    vendor: str
    at: str
    name: str
    text: str
    says: int
    """The number of the line that must be told."""
    touched: str
    untouched: str

    def __str__(self) -> str:
        return f"{self.vendor}-{self.name}"


def cases() -> list[Case]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, one in held["cases"].items():
            text = held["frame"].replace("{here}", one.get("here", held["here"]).rstrip("\n"))
            text = text.replace("{behind}", one.get("behind", "").rstrip("\n"))
            says = next(number for number, line in enumerate(text.splitlines(), 1) if one["says"] in line)
            expected = (one.get("touched", "undetermined"), one.get("untouched", held["untouched"]))
            found.append(Case(path.stem, held["at"], name, text, says, *expected))
    return found


def read(case: Case) -> Device:
    reader = importlib.import_module(f"secaudit.vendors.{case.vendor}").READER
    (device,) = reader.read(config_text_from_bytes(case.text.encode(), "bad.conf")).devices
    assert isinstance(device, Device)
    return device


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_reference_to_nothing_or_to_itself(case: Case) -> None:
    device = read(case)
    other = plain_device("other", [interface("a", "10.8.0.1/24"), interface("b", "10.9.0.1/24")])
    topology = build_topology([device, other])
    told = {line.number for one in (*device.doubts, *device.notices) for line in one.sources}
    for packet, expected in ((TOUCHED, case.touched), (UNTOUCHED, case.untouched)):
        found = explain(topology, device.name, case.at, Packet.parse(packet))
        assert found.verdict.value == expected, packet
        told |= {line.number for line in found.lines}
    assert case.says in told
    elsewhere = explain(topology, "other", "a", Packet.parse("tcp 10.8.0.5:1000 > 10.9.0.5:80"))
    assert elsewhere.verdict.value == "delivered"


def test_every_vendor_has_its_cases() -> None:
    """A reader that is added needs a file here."""
    vendors = {
        path.parent.name for path in Path(importlib.import_module("secaudit.vendors").__path__[0]).glob("*/reader.py")
    }
    assert {path.stem for path in CASES.glob("*.yaml")} == vendors
