"""A word of a line that got lost or damaged may leave a verdict open; it never turns one into the opposite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from secaudit.errors import UsageError
from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.packets.packet import Packet
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.juniper_srx import READER
from tests.vendors.cases import ExpectedPacket, expected_of

BEYOND = ("logical_systems",)
"""Cases in which a packet may end at a device that is nobody's any more when a word is damaged."""
CASES = [path for path in sorted(Path(__file__).with_name("cases").glob("*.conf")) if path.stem not in BEYOND]
PASSES, STOPS = ("delivered", "unmodelled"), ("denied", "unrouted")
TOLD_ELSEWHERE = ("version", "host-name", "description")
PASTED = ("#", "}", "/", "delete", "deactivate", "insert", "edit", "top", "up")
LINES_A_CASE = 8


def damaged(lines: list[str], random: Random) -> Iterator[str]:
    """Texts in which one statement has another last word, or one more."""
    places = [
        place
        for place, line in enumerate(lines)
        if len(line.split()) > 1
        and not line.strip().startswith(PASTED)
        and not line.rstrip().endswith("{")
        and not any(word in line for word in TOLD_ELSEWHERE)
    ]
    for place in random.sample(places, min(LINES_A_CASE, len(places))):
        line = lines[place].rstrip()
        body, end = line.removesuffix(";"), ";" if line.endswith(";") else ""
        for other in (body.rsplit(None, 1)[0] + " zz-unknown", body + " zz-unknown"):
            yield "\n".join([*lines[:place], other + end, *lines[place + 1 :]])


def verdict(text: str, packet: ExpectedPacket) -> str:
    """What happens to a packet; empty when the interface it comes in by is not there any more."""
    devices = READER.read(config_text_from_bytes(text.encode(), "damaged.conf")).devices
    name = packet.device or devices[0].name
    try:
        return str(explain(build_topology(devices), name, packet.at, Packet.parse(packet.packet)).verdict)
    except UsageError:
        return ""


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_damaged_word_never_turns_a_verdict_around(path: Path) -> None:
    random = Random(path.stem)
    lines = path.read_text(encoding="utf-8").split("\n")
    packets = [one for one in expected_of(path).packets if len(one.ways) == 1]
    for text in damaged(lines, random):
        for packet in packets:
            before, after = packet.ways[0].verdict, verdict(text, packet)
            assert not (before in PASSES and after in STOPS), text
            assert not (before in STOPS and after in PASSES), text
