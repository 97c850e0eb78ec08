"""What passes beside the policy table: between members of a zone, multicast, and DHCP that is relayed."""

from __future__ import annotations

import ipaddress

from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.matches import Family, Match, any_address
from secaudit.network.routes import Relay
from secaudit.text.bilingual import Text
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.interfaces import Ports

_FAMILIES: tuple[Family, ...] = (4, 6)
_ONE_MEMBER = Text(
    ja="メンバーが1つのゾーンでの同一ゾーン内許可は、版により働きが異なります。",
    en="What intrazone allow does in a zone of one member depends on the version.",
)


def multicast_lines(scope: Scope, ports: Ports) -> list[FilterLine]:
    """Multicast policies (FO-15) work beside the policy table: what they permit is not modelled, so that anything between their
    interfaces may pass. A group has no address in any zone, so whom a packet to it reaches cannot be told by its destination."""
    lines = []
    for family, table in _MULTICAST:
        for entry in scope.entries(table):
            if not scope.works(entry) or entry.get("action", scope.defaults.multicast_action) != "accept":
                continue
            sides = [ports.expand(entry.values(name) or ("any",)) for name in ("srcintf", "dstintf")]
            lines.append(
                FilterLine(
                    label=f"multicast policy {entry.name}",
                    action=Action.PERMIT,
                    matches=(Match(family, any_address(family), any_address(family)),),
                    sources=join(entry.all_lines()),
                    certainty=Certainty.UNCERTAIN,
                    doubt=_MULTICAST_DOUBT,
                    ingress=sides[0][0] if sides[0][2] else None,
                    egress=sides[1][0] if sides[1][2] else None,
                )
            )
    return lines


_MULTICAST: tuple[tuple[Family, str], ...] = ((4, "firewall multicast-policy"), (6, "firewall multicast-policy6"))
_MULTICAST_DOUBT = Text(
    ja="マルチキャストポリシーの働きは判定していません。", en="What multicast policies permit is not modelled."
)


def read_relays(scope: Scope, ports: Ports) -> tuple[Relay, ...]:
    """`dhcp-relay-service enable` passes DHCP requests on to each `dhcp-relay-ip`."""
    found = []
    for entry in scope.entries("system interface"):
        if entry.name not in ports.interfaces or not entry.enabled("dhcp-relay-service"):
            continue
        for word in entry.values("dhcp-relay-ip"):
            try:
                target = ipaddress.IPv4Address(word)
            except ValueError:
                continue
            lines = join((*entry.opening, *entry.lines_of("dhcp-relay-ip")))
            found.append(Relay(entry.name, target, (67,), lines))
    return tuple(found)


def intrazone_lines(scope: Scope, ports: Ports) -> list[FilterLine]:
    """`intrazone allow`: members reach each other when no policy decided before (FO-06, Fortinet community 264457).

    A zone with one member permits nothing of its own before 7.4.4 (Fortinet community 279733).
    """
    lines = []
    for zone in ports.zones.values():
        members = zone.members & ports.interfaces.keys()
        if not zone.intrazone_allow or not members:
            continue
        sure = len(members) > 1 or scope.defaults.zone_of_one_allows_inside
        if sure is False:
            continue
        lines.append(
            FilterLine(
                label=f"zone {zone.name} intrazone",
                action=Action.PERMIT,
                matches=tuple(Match(family, any_address(family), any_address(family)) for family in _FAMILIES),
                sources=zone.sources,
                certainty=Certainty.ALWAYS if sure else Certainty.UNCERTAIN,
                doubt=None if sure else _ONE_MEMBER,
                ingress=members,
                egress=members,
            )
        )
    return lines
