"""What reaches a device itself, and which of its services."""

from __future__ import annotations

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.exposure import exposed_lines
from secaudit.flows.missing import MissingDevice
from secaudit.flows.witness import exposure_witness
from secaudit.municipality.model import Zone
from secaudit.network.device import Device, Doubt, DoubtKind, Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.management import ManagementPlane, ManagementService
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from tests.flows.building import analyse, at, device, filter_of, interface, line, match, tcp, zone

DOUBT = Text(ja="不明", en="unclear")
SSH = ManagementService("ssh", True, at(40))
SSH_PACKET = Packet.parse("tcp 10.1.0.5:40000 > 10.2.0.1:22")
MANAGEMENT = ManagementPlane(services=(SSH, ManagementService("telnet", False, at(41))))


def router(**more: object) -> Device:
    more.setdefault("management", MANAGEMENT)
    return device("rt", [interface("a", "10.1.0.1/24", 10), interface("b", "10.2.0.1/24", 11)], **more)


def analysed(one: Device, *missing: MissingDevice) -> FlowAnalysis:
    zones = [zone(Zone.LGWAN, "10.1.0.0/24"), zone(Zone.INTERNET, "10.2.0.0/24")]
    return analyse([one], zones, missing)


def test_every_address_of_the_device_counts() -> None:
    analysis = analysed(router())
    exposure = analysis.exposure("lgwan", "rt")
    ssh = exposure.service("ssh")
    assert ssh is not None
    assert ssh.certain == ssh.possible
    assert [str(box) for box in ssh.certain.boxes()] == ["10.1.0.0/24 → 10.1.0.1,10.2.0.1 tcp/22"]
    assert exposure.service("telnet") is None
    found = exposure_witness(analysis, exposure, ssh.certain)
    assert found is not None and found.trace.device == "rt" and found.trace.interface is None


def test_filters_for_the_device_bound_it_and_are_named() -> None:
    admins = filter_of("local", line(30, Action.PERMIT, match("10.1.0.5/32", None, tcp(22))))
    analysis = analysed(router(filters={"local": admins}, local_in=("local",)))
    exposure = analysis.exposure("lgwan", "rt")
    assert [str(box) for box in exposure.certain.boxes()] == ["10.1.0.5 → 10.1.0.1,10.2.0.1 tcp/22"]
    assert {one.number for one in exposed_lines(analysis, exposure, exposure.certain)} == {30}
    assert analysis.exposure("internet", "rt").possible.is_empty


def test_a_filter_of_the_interface_by_which_it_comes_in() -> None:
    shut = filter_of("in", line(31, Action.DENY, match(None, "10.2.0.1/32")), default=Action.PERMIT)
    one = router(filters={"in": shut})
    inside = interface("a", "10.1.0.1/24", 10, filter_in="in")
    exposure = analysed(
        device("rt", [inside, one.interfaces["b"]], filters={"in": shut}, management=MANAGEMENT)
    ).exposure("lgwan", "rt")
    ssh = exposure.service("ssh")
    assert ssh is not None and [str(box) for box in ssh.possible.boxes()] == ["10.1.0.0/24 → 10.1.0.1 tcp/22"]


@pytest.mark.parametrize("forwards", [True, False])
def test_a_switch_that_does_not_forward_is_reached_by_its_own_segment(forwards: bool) -> None:
    exposure = analysed(router(forwards=forwards)).exposure("lgwan", "rt")
    assert exposure.certain.contains(Packet.parse("tcp 10.1.0.5:40000 > 10.1.0.1:22"))


@pytest.mark.parametrize("plane", list(Plane))
def test_what_was_not_read_makes_it_possible_only(plane: Plane) -> None:
    shut = filter_of("local", line(30, Action.DENY))
    doubt = Doubt(DoubtKind.UNREAD, DOUBT, at(50), plane)
    flows = analysed(router(filters={"local": shut}, local_in=("local",), doubts=(doubt,)))
    exposure = flows.exposure("lgwan", "rt")
    assert exposure.certain.is_empty
    assert exposure.possible.contains(SSH_PACKET)
    assert 50 in {source.number for one in flows.exposure_doubts(exposure) for source in one.sources}
    telnet = exposure.service("telnet")
    assert (telnet is None) is (plane is Plane.TRAFFIC)  # a line about management may turn it on


def test_an_uncertain_line_of_a_local_filter() -> None:
    unsure = filter_of("local", line(30, Action.PERMIT, match(None, None), certainty=Certainty.UNCERTAIN))
    flows = analysed(router(filters={"local": unsure}, local_in=("local",)))
    exposure = flows.exposure("lgwan", "rt")
    assert exposure.certain.is_empty and exposure.possible.contains(SSH_PACKET)
    assert {30} <= {source.number for one in flows.exposure_doubts(exposure) for source in one.sources}


def test_a_restriction_that_no_filter_tells_is_not_certain() -> None:
    limited = ManagementPlane(services=(ManagementService("ssh", True, at(40), restricted=True),))
    ssh = analysed(router(management=limited)).exposure("lgwan", "rt").service("ssh")
    assert ssh is not None and ssh.certain.is_empty and ssh.possible.contains(SSH_PACKET)


def test_a_service_answers_on_its_interfaces_and_ports() -> None:
    here = ManagementService("ssh", True, at(40), frozenset(("b",)), listens=(tcp(2222),))
    analysis = analysed(router(management=ManagementPlane(services=(here,))))
    from_a, from_b = (analysis.exposure(name, "rt").service("ssh") for name in ("lgwan", "internet"))
    assert from_a is not None and from_a.possible.is_empty
    assert from_b is not None
    assert [str(box) for box in from_b.certain.boxes()] == ["10.2.0.0/24 → 10.1.0.1,10.2.0.1 tcp/2222"]


def test_an_address_given_from_outside_may_be_any() -> None:
    outside = interface("b", "10.2.0.1/24", 11, dynamic_address=True)
    exposure = analysed(device("rt", [interface("a", "10.1.0.1/24", 10), outside], management=MANAGEMENT)).exposure(
        "lgwan", "rt"
    )
    away = Packet.parse("tcp 10.1.0.5:40000 > 203.0.113.9:22")
    assert exposure.possible.contains(away) and not exposure.certain.contains(away)


def test_a_device_that_nobody_submitted_may_bring_them_in_elsewhere() -> None:
    shut = filter_of("in", line(31, Action.DENY), default=Action.DENY)
    one = device(
        "rt",
        [interface("a", "10.1.0.1/24", 10, filter_in="in"), interface("b", "10.2.0.1/24", 11)],
        filters={"in": shut},
    )
    gone = MissingDevice("gone", ("lgwan", "internet"), Doubt(DoubtKind.UNDEFINED, DOUBT, at(60)))
    assert analysed(one).exposure("lgwan", "rt").possible.is_empty
    exposure = analysed(one, gone).exposure("lgwan", "rt")
    assert exposure.certain.is_empty and exposure.possible.contains(SSH_PACKET)
