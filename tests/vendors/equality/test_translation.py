"""Port forwards, one-to-one addresses and masquerade in three syntaxes: the same flows arrive (`translation.py`)."""

from __future__ import annotations

import ipaddress
import os
from random import Random

import pytest

from secaudit.municipality.model import Zone
from secaudit.network.intervals import IPV4_MAX, subtract
from secaudit.packets.diagrams import EMPTY
from tests.flows.building import analyse, zone
from tests.vendors.equality.reading import device_of
from tests.vendors.equality.translation import INSIDE, ROUTER_OUTSIDE, WRITERS, Translated, Writer, make
from tests.vendors.equality.written import Written

ROUNDS = int(os.environ.get("SECAUDIT_EQUALITY_ROUNDS", "1"))


def flows_differ(network: Translated, written: Written) -> list[str]:
    """What is wrong with the flows of one device; and the text, when anything is."""
    device, complaints = device_of(written)
    inner, outer = Zone.LGWAN, Zone.PUBLIC_INTERNET
    bindings = [zone(inner, str(INSIDE)), zone(outer, interfaces=[f"{device.name}:{written.outside}"], rest=True)]
    analysis = analyse([device], bindings)
    space = analysis.spaces[4]
    own = int(ipaddress.ip_address(ROUTER_OUTSIDE))
    outside = analysis.plan.addresses[outer.value][4]
    inbound, outbound = analysis.pair(outer.value, inner.value), analysis.pair(inner.value, outer.value)
    wanted = network.inbound_set(space, outside)
    wanted_out = network.outbound_set(space, subtract(outside, ((own, own),), IPV4_MAX))
    found = [f"complaint: {one}" for one in complaints]
    found += ["inbound: more is possible"] if inbound.possible.ipv4 != wanted else []
    found += ["inbound: less is certain"] if inbound.certain.ipv4 != wanted else []
    found += ["outbound: other flows are possible"] if outbound.possible.ipv4 != wanted_out else []
    found += ["outbound: other flows are certain"] if outbound.certain.ipv4 != wanted_out else []
    assert (wanted != EMPTY) is bool(network.forwards or network.pairs)
    return [*found, written.text] if found else []


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_the_same_flows_arrive(writer: Writer) -> None:
    for number in range(20 * ROUNDS):
        network = make(Random(f"network {number}"))
        wrong = flows_differ(network, writer(network, Random(number)))
        assert not wrong, "\n".join([*wrong, str(network)])


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_a_changed_forward_is_seen(writer: Writer) -> None:
    """One inner port, inner host or source moved by one in the text that is read, not in what is expected of it."""
    tried = 0
    for number in range(5 * ROUNDS):
        network = make(Random(f"changed {number}"))
        for other in network.near_misses():
            tried += 1
            assert flows_differ(network, writer(other, Random(number))), str(other)
    assert tried > 5 * ROUNDS
