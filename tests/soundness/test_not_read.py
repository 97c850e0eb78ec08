"""A device that is recognised and not understood separates nothing, whatever of it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soundness.folders import network
from tests.soundness.test_flows import DENY, interface, router

PAIR = ("my_number", "lgwan")
CLOSED = ("ip access-group DENY in", "ip access-group DENY out")
BESIDE = {
    "mn.cfg": router("mn", interface("Vlan1", "10.1.0.2", *CLOSED), DENY),
    "lg.cfg": router("lg", interface("Vlan1", "10.2.0.2", *CLOSED), DENY),
}
"""Each zone has a router of its own that lets nothing through."""
BETWEEN = """\
#
 version 7.1.070, Release 6348P01
#
 sysname between
#
interface Vlan-interface10
 ip address 10.1.0.1 255.255.255.0
 packet-filter 3000 inbound
#
interface Vlan-interface20
 ip address 10.2.0.1 255.255.255.0
#
acl advanced 3000
 rule 0 deny ip
#
return
"""


def without(start: str) -> str:
    return "".join(line for line in BETWEEN.splitlines(keepends=True) if not line.startswith(start))


@pytest.mark.parametrize(
    "text", [BETWEEN, without(" ip address"), without("interface"), without(" rule")], ids=["all", "no address", "no interface", "no rule"]
)  # fmt: skip
def test_nothing_passes_on_the_word_of_it(tmp_path: Path, text: str) -> None:
    found = network(tmp_path, {**BESIDE, "between.txt": text})
    assert found.devices["between"].vendor == "comware"
    assert found.verdict(*PAIR) == found.verdict(*PAIR[::-1]) == "undetermined"
    assert any("not understood" in doubt.text.en for doubt in found.flows.pair(*PAIR).doubts)


def test_without_it_the_zones_are_apart(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    assert network(tmp_path, BESIDE).verdict(*PAIR) == "none"
