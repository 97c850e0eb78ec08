"""A device whose packet sets grow beyond the limit: what is left of it when it is no longer computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secaudit.network.device import Device, Doubt, DoubtKind
from secaudit.network.intervals import ANY_PORT, IPV4_MAX, IPV6_MAX
from secaudit.network.matches import ANY_PACKET
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop
from secaudit.text.bilingual import Text


def given_up(device: Device) -> Device:
    """The device without filters; what translates or chooses may do anything to anything, or nothing.

    What is possible there is everything, along the routes that it has; what is certain is nothing. The other devices are computed as before.
    """
    text = Text(
        ja=f"{device.name} の設定は複雑すぎるため、通過する通信を計算できない(計算量の上限に達した)。",
        en=f"too complex: {device.name}: the limit of the computation was reached, so what passes it is not known",
    )
    doubt = Doubt(DoubtKind.TOO_COMPLEX, text, device.identity[:1], interfaces=frozenset(device.interfaces))
    routes = tuple(replace(one, next_hops=tuple(map(_for_anything, one.next_hops))) for one in device.routes)
    return replace(
        device,
        interfaces={name: replace(one, filter_in=None, filter_out=None) for name, one in device.interfaces.items()},
        filters={},
        policies=(),
        local_in=(),
        local_out=(),
        routes=routes,
        policy_routes=tuple(replace(one, matches=ANY_PACKET, uncertain=text) for one in device.policy_routes),
        nat_rules=tuple(_any_translation(device, text)),
        doubts=(*device.doubts, doubt),
    )


def _for_anything(hop: NextHop) -> NextHop:
    """A next hop for some packets may be one for any, or for none."""
    return hop if hop.matches is None else replace(hop, matches=None, conditional=True)


def _any_translation(device: Device, text: Text) -> Iterator[NatRule]:
    """Rules that may give packets any address, where the device has rules that give them some."""
    lines = [line for filter_ in device.filters.values() for line in filter_.lines]
    source = any(rule.source for rule in device.nat_rules) or any(line.source_translation for line in lines)
    destination = any(rule.destination for rule in device.nat_rules)
    for match, maximum in zip(ANY_PACKET, (IPV4_MAX, IPV6_MAX), strict=True):
        anything = Translation(TranslationKind.POOL, (0, maximum), ANY_PORT[0])
        if destination:
            yield NatRule("?", NatStage.INGRESS, (match,), device.identity[:1], destination=anything, uncertain=text)
        if source:
            yield NatRule("?", NatStage.EGRESS, (match,), device.identity[:1], source=anything, uncertain=text)
