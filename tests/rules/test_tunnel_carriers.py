"""The kind `tunnel` asks for algorithms wherever IPsec protects what carries a tunnel, whatever carries it."""

from __future__ import annotations

import dataclasses

import pytest

from secaudit.network.tunnels import Carrier
from secaudit.rules.kinds.tunnel import KIND
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome
from tests.rules.world import base_world, changed, context_of


@pytest.mark.parametrize(
    ("carrier", "read", "outcome"),
    [
        (Carrier.IPSEC, True, Outcome.FAIL),
        (Carrier.OTHER, True, Outcome.FAIL),
        (Carrier.L2TPV3, True, Outcome.FAIL),
        (Carrier.GRE, False, Outcome.NOT_APPLICABLE),
    ],
)
def test_weak_algorithms_count_for_every_carrier(carrier: Carrier, read: bool, outcome: Outcome) -> None:
    world = changed(base_world(), {"devices": {"fw1": {"tunnels": {"t1": {"1": "3des md5", "2": "des md5"}}}}})
    context = context_of(world)
    device = context.devices["fw1"]
    port = device.interfaces["t1"]
    assert port.tunnel is not None
    end = dataclasses.replace(port.tunnel, carrier=carrier, proposals=port.tunnel.proposals if read else None)
    ports = {**device.interfaces, "t1": dataclasses.replace(port, tunnel=end)}
    only = {"fw1": dataclasses.replace(device, interfaces=ports)}
    rule = load_ruleset().rules[0]
    parameters = KIND.parse({"weak_encryption": ["3des", "des"]})
    results = KIND.check(rule, parameters, dataclasses.replace(context, devices=only))
    assert {one.outcome for one in results if "fw1" in str(one.subject)} == {outcome}
