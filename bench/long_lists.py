"""A very long access list of Cisco IOS: nothing of it may hang, and nothing may be guessed."""

from __future__ import annotations

import ipaddress
import random
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.measure import Row, memory, timed
from secaudit.audit.reading import read_config_file
from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.dead_lines import dead_lines
from secaudit.flows.topology import build_topology
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import Zone, ZoneBinding
from secaudit.network.device import Device
from secaudit.text.source import SourceLine

SUBNETS = {Zone.MY_NUMBER: "10.1.0.0/16", Zone.LGWAN: "10.2.0.0/16"}


def access_list(lines: int) -> str:
    """A router with a list of so many entries between two interfaces, in no order that would help."""
    rng = random.Random(3)
    entries = []
    for number in range(lines):
        source = f"10.1.{rng.randrange(256)}.{rng.randrange(256)}"
        target = f"10.2.{rng.randrange(256)}.{rng.randrange(256)}"
        action = "permit" if rng.random() < 0.9 else "deny"
        entries.append(f" {action} tcp host {source} host {target} eq {1 + number % 5000}")
    return "\n".join(
        (
            "version 15.9", "hostname rt-long", "interface GigabitEthernet0/0", " ip address 10.1.0.1 255.255.0.0",
            " ip access-group LONG in", "interface GigabitEthernet0/1", " ip address 10.2.0.1 255.255.0.0",
            "ip access-list extended LONG", *entries, "end", "",
        )
    )  # fmt: skip


def analysis(device: Device) -> FlowAnalysis:
    """The flows between what is on the two sides of the router."""
    bindings = [
        ZoneBinding(zone, (ipaddress.ip_network(subnet),), (), (), False, None, SourceLine("generated", 1, ""))
        for zone, subnet in SUBNETS.items()
    ]
    topology = build_topology([device])
    return FlowAnalysis(topology, plan_zones(topology, bindings))


def _pairs(device: Device) -> str:
    flows = analysis(device)
    pair = flows.pair(Zone.MY_NUMBER.value, Zone.LGWAN.value)
    return f"{'given up' if flows.given_up else 'exact'}, {pair.certain.size:,} headers"


def measure(counts: Sequence[int]) -> list[Row]:
    """Reading, the flows of both directions, and the dead lines of lists of several lengths; once each."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            path = Path(folder) / "long.conf"
            path.write_text(access_list(count), encoding="utf-8")
            taken, file = timed(partial(read_config_file, path, path.name))
            if file.read is None or file.read.coverage.unread:
                raise RuntimeError("the generated list is not read as it should be")
            (router,) = file.read.devices
            rows.append(Row(f"{count:6} lines, read", (taken,)))
            taken, found = timed(partial(_pairs, router))
            rows.append(Row(f"{count:6} lines, flows", (taken,), found))
            taken, dead = timed(partial(dead_lines, router.filters["LONG"]))
            rows.append(Row(f"{count:6} lines, dead lines", (taken,), f"{len(dead)} dead; {memory()} MB"))
    return rows
