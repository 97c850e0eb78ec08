"""What a repair may not do besides."""

from __future__ import annotations

from secaudit.audit.repairs import unanswered_of
from secaudit.municipality.model import Zone
from secaudit.network.changes import InsertDeny, changed
from secaudit.network.filters import Action
from secaudit.network.matches import Match, Service
from secaudit.packets.packet import Packet
from tests.flows.building import analyse, device, filter_of, interface, line, match, tcp, zone

ZONES = [zone(Zone.MY_NUMBER, "10.1.0.0/24"), zone(Zone.LGWAN, "10.2.0.0/24")]


def test_a_denial_on_a_stateless_list_may_stop_replies() -> None:
    """Telnet from one zone is permitted; what the other zone may open to high ports is not, and looks like its replies."""
    one = device(
        "one",
        [interface("a", "10.1.0.1/24"), interface("b", "10.2.0.1/24", filter_in="list")],
        filters={"list": filter_of("list", line(1, Action.PERMIT, match(None, None)))},
    )
    permitted = Packet.parse("tcp 10.1.0.5:40000 > 10.2.0.5:23")
    high = Service(((6, 6),), destination_ports=((1024, 65535),))
    before = analyse([one], ZONES)
    was = before.pair("lgwan", "my_number")
    back = before.pair("my_number", "lgwan").certain
    for service, lost in ((high, True), (tcp(3389), False)):
        deny = InsertDeny("one", "list", 0, (Match(4, *_sides(), (service,)),))
        after = analyse([changed(one, [deny])], ZONES, spaces=before.spaces)  # type: ignore[arg-type]
        found = unanswered_of(back, was, after.pair("lgwan", "my_number"))
        assert found.contains(permitted) is lost
    assert unanswered_of(back, was, was).is_empty


def _sides() -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    held = match("10.2.0.0/24", "10.1.0.0/24")
    return held.sources, held.destinations
