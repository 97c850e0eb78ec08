"""What is not tracked, and what becomes of the host's own packets."""

from __future__ import annotations

import pytest

from secaudit.flows.modes import Mode
from secaudit.network.device import Device, DoubtKind
from secaudit.network.filters import Action
from secaudit.packets.packet import Packet
from secaudit.vendors.iptables import READER
from tests.kernel.prediction import Prediction, read_device

HOST = """1: eth1: <UP> mtu 1500
    inet 10.1.0.1/16 scope global eth1
2: eth2: <UP> mtu 1500
    inet 10.2.0.1/16 scope global eth2
# ip route
10.1.0.0/16 dev eth1 proto kernel scope link src 10.1.0.1
"""
FILTER = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""


def device(table: str, *rules: str) -> Device:
    text = "\n".join((f"*{table}", ":PREROUTING ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", *rules, "COMMIT", ""))
    return read_device(READER, HOST + text + FILTER)


def test_what_is_not_tracked_is_no_longer_new() -> None:
    one = device("raw", "-A PREROUTING -i eth1 -p udp --dport 53 -j CT --notrack")
    assert not [doubt for doubt in one.doubts if "tracking" in doubt.text.en]
    prediction = Prediction(one)
    for port, out in ((53, set()), (54, {"eth2"})):
        packet = Packet.parse(f"udp 10.1.0.7:1000 > 10.2.0.7:{port}")
        for mode in (Mode.POSSIBLE, Mode.CERTAIN):
            assert prediction.leaves_by(packet, mode, "eth1") == out
            assert {where for where, _ in prediction.ways(packet, mode, "eth1")} == out


@pytest.mark.parametrize(
    "rule",
    ["-A PREROUTING -i eth1 -m limit --limit 5/sec -j NOTRACK", "-A PREROUTING -i eth1 -p tcp -j CT --zone 5"],
)
def test_what_may_not_be_tracked_is_a_doubt_about_its_interface(rule: str) -> None:
    found = [doubt for doubt in device("raw", rule).doubts if "tracking" in doubt.text.en]
    assert [(doubt.kind, doubt.interfaces) for doubt in found] == [(DoubtKind.UNSUPPORTED, {"eth1"})]


@pytest.mark.parametrize(
    ("table", "rules"),
    [
        ("raw", ["-A OUTPUT -p udp --dport 53 -m limit --limit 5/sec -j NOTRACK"]),
        ("nat", ["-A OUTPUT -p udp --dport 53 -j DNAT --to-destination 10.2.0.9"]),
        ("nat", [":OWN - [0:0]", "-A OUTPUT -p udp -j OWN", "-A OWN -p udp --dport 53 -j REDIRECT --to-ports 5353"]),
        ("nat", ["-A OUTPUT -p udp --dport 53 -j CLUSTERIP"]),
    ],
)
def test_own_packets_in_doubt_are_possible_and_not_certain(table: str, rules: list[str]) -> None:
    one = device(table, *rules)
    prediction = Prediction(one)
    question, other = (Packet.parse(f"udp 10.2.0.1:1000 > 10.2.0.7:{port}") for port in (53, 54))
    assert prediction.own_passes(question, "eth2", Mode.POSSIBLE)
    assert not prediction.own_passes(question, "eth2", Mode.CERTAIN)
    assert not prediction.own_passes_by_interpreter(question, "eth2", Mode.CERTAIN)
    assert prediction.own_passes(other, "eth2", Mode.CERTAIN)
    lines = [line for name in one.local_out for line in one.filters[name].lines if line.action is Action.UNKNOWN]
    assert all(line.doubt is not None and line.sources for line in lines)
    forwarded = Packet.parse("udp 10.1.0.7:1000 > 10.2.0.7:53")
    assert prediction.leaves_by(forwarded, Mode.CERTAIN, "eth1") == {"eth2"}
