"""A device whose packet sets grow beyond the limit: what is left of it when it is no longer computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secaudit.network.device import Device, Doubt, DoubtKind
from secaudit.network.filters import Action, Filter
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import ANY_PORT, IPV4_MAX, IPV6_MAX
from secaudit.network.matches import ANY_PACKET
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop
from secaudit.text.bilingual import Text

_ANYTHING = "?"


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
        interfaces={name: _unfiltered(one) for name, one in device.interfaces.items()},
        filters={_ANYTHING: Filter(_ANYTHING, (), Action.UNKNOWN, device.identity[:1])},
        policies=(),
        local_in=(),
        local_out=(),
        untracked=None,
        routes=routes,
        policy_routes=tuple(
            replace(one, matches=ANY_PACKET, next_hops=tuple(map(_for_anything, one.next_hops)), uncertain=text)
            for one in device.policy_routes
        ),
        nat_rules=tuple(_any_translation(device, text)),
        doubts=(*device.doubts, doubt),
    )


def _for_anything(hop: NextHop) -> NextHop:
    """A next hop for some packets may be one for any, or for none."""
    return hop if hop.matches is None else replace(hop, matches=None, conditional=True)


def _unfiltered(interface: Interface) -> Interface:
    """Without filters; what its tunnels take may be anything."""
    diversions = tuple(replace(one, selector=_ANYTHING) for one in interface.diversions)
    return replace(interface, filter_in=None, filter_out=None, diversions=diversions)


def _any_translation(device: Device, text: Text) -> Iterator[NatRule]:
    """Rules that may give packets any address, where the device has rules that give them some: the same side at the same stage."""
    lines = [line for filter_ in device.filters.values() for line in filter_.lines]
    for stage in NatStage:
        rules = [rule for rule in device.nat_rules if rule.stage is stage]
        by_policy = stage is NatStage.EGRESS and any(line.source_translation for line in lines)
        destination = any(rule.destination for rule in rules)
        source = by_policy or any(rule.source for rule in rules)
        for match, maximum in zip(ANY_PACKET, (IPV4_MAX, IPV6_MAX), strict=True):
            anything = Translation(TranslationKind.POOL, (0, maximum), ANY_PORT[0])
            for changes, other in dict.fromkeys(((destination, source), (destination, False), (False, source))):
                if changes or other:
                    yield NatRule(
                        "?",
                        stage,
                        (match,),
                        device.identity[:1],
                        destination=anything if changes else None,
                        source=anything if other else None,
                        uncertain=text,
                    )
