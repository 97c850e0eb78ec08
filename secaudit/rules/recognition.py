"""Which model a network looks like (guideline 4.10): signs in the flows between its zones, each there, not there, or not known.

Screens are display protocols between hosts that exchange nothing else but registered sanitised traffic. Ports that web servers use
as well (`ambiguous`) count only where the register says that they carry screens. That business servers are in the
Internet-connected zone (β′) is in no configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from secaudit.flows.analysis import PairFlow
from secaudit.flows.zones import FAMILIES
from secaudit.municipality.model import Model, Zone
from secaudit.network.device import Doubt
from secaudit.network.intervals import Intervals
from secaudit.network.matches import Family
from secaudit.packets.sets import PacketSet
from secaudit.policy.model import Registered, ServicePorts
from secaudit.rules.context import RuleContext
from secaudit.rules.permitted import EVERY_ADDRESS, entry_packets, is_valid, joins, service_packets
from secaudit.text.bilingual import Text

SCREENS_OUT, SCREENS_IN = "M2", "B1"
"""Codes of screen transfer from the LGWAN-connected zone, and towards it."""
SANITISED = ("M1", "M3")
_PORTED = ("tcp", "udp")

TITLES: Mapping[Model, Text] = {
    Model.ALPHA: Text(ja="αモデル", en="model α"),
    Model.ALPHA_PRIME: Text(ja="α′モデル", en="model α′"),
    Model.BETA: Text(ja="βモデル", en="model β"),
    Model.BETA_PRIME: Text(ja="β′モデル", en="model β′"),
}


class Presence(StrEnum):
    """Whether a sign is there."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    WIDE = "wide"
    """Of a breakout: surely there, and not limited to destinations."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: the packets that show it (or could), on which pairs, and the doubts that keep it from being known."""

    presence: Presence
    flows: tuple[tuple[PairFlow, PacketSet], ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Signs:
    """`screens_out` from the LGWAN-connected zone to the Internet-connected one, `screens_in` the other way, `breakout` to the Internet."""

    screens_out: Sign
    screens_in: Sign
    breakout: Sign


@dataclass(frozen=True, slots=True)
class Limits:
    """What still is a listed destination: no wider than these prefixes. `ambiguous` are display ports that web servers use as well."""

    ambiguous: tuple[ServicePorts, ...]
    ipv4_prefix_length: int
    ipv6_prefix_length: int


def signs_of(context: RuleContext, limits: Limits, exits: Iterable[Zone]) -> Signs:
    """The signs of a body whose LGWAN- and Internet-connected zones are bound. `exits` are the zones beyond, as far as they are bound."""
    return Signs(
        screens_out=_screens(context, limits, Zone.LGWAN, Zone.INTERNET, SCREENS_OUT),
        screens_in=_screens(context, limits, Zone.INTERNET, Zone.LGWAN, SCREENS_IN),
        breakout=_breakout(context, limits, exits),
    )


def excluded(model: Model, signs: Signs) -> tuple[Sign, ...]:
    """The signs by which a network is surely not of a model; empty where it may be.

    No screens at all exclude nothing: how terminals use the Internet is then in no configuration.
    """
    out, back, way = signs.screens_out, signs.screens_in, signs.breakout
    found: list[Sign] = []
    leaving = way.presence in (Presence.YES, Presence.WIDE)
    if model in (Model.ALPHA, Model.ALPHA_PRIME) and back.presence is Presence.YES:
        found.append(back)
    if model is not Model.ALPHA_PRIME and leaving:
        found.append(way)
    if out.presence is Presence.YES and back.presence is not Presence.YES:
        if model is Model.ALPHA_PRIME and way.presence is Presence.NO:
            found.append(out)
        if model is Model.BETA and back.presence is Presence.NO:
            found.append(out)
    return tuple(found)


def shown(signs: Signs) -> tuple[Model, ...]:
    """The models that the signs surely show: one, both β and β′, which no configuration tells apart, or none."""
    out, back, way = (one.presence for one in (signs.screens_out, signs.screens_in, signs.breakout))
    if back is Presence.YES and way is Presence.NO:
        return (Model.BETA, Model.BETA_PRIME)
    if back is Presence.NO and way is Presence.YES:
        return (Model.ALPHA_PRIME,)
    if back is Presence.NO and way is Presence.NO and out is Presence.YES:
        return (Model.ALPHA,)
    return ()


def _screens(context: RuleContext, limits: Limits, source: Zone, destination: Zone, code: str) -> Sign:
    pair = context.flows.pair(source, destination)
    constraint = context.policy.conditions[code].constraint
    assert isinstance(constraint, Registered), code
    display = service_packets(constraint.services, context)
    other = _entries(context, source, destination, SANITISED)
    certain, possible = pair.certain - other, pair.possible - other
    if (possible & display).is_empty:
        return Sign(Presence.NO)
    beside = (certain & _ported(context)) - display
    alone = (certain & display) - beside.between_same_hosts()
    listed = _entries(context, source, destination, (code,))
    clear = (alone - service_packets(limits.ambiguous, context)) | (alone & listed)
    if not clear.is_empty:
        return Sign(Presence.YES, ((pair, clear),))
    return Sign(Presence.UNKNOWN, ((pair, possible & display),), pair.doubts)


def _ported(context: RuleContext) -> PacketSet:
    """TCP and UDP: hosts that show screens may be pinged as well."""
    found = context.flows.nothing()
    for protocol in _PORTED:
        found |= context.flows.set_of(
            sources=EVERY_ADDRESS, destinations=EVERY_ADDRESS, protocol=protocol, ports=((0, 65535),)
        )
    return found


def _entries(context: RuleContext, source: Zone, destination: Zone, codes: Iterable[str]) -> PacketSet:
    found = context.flows.nothing()
    for entry in context.municipality.register:
        if entry.condition in codes and joins(entry, source, destination) and is_valid(entry, context):
            found |= entry_packets(entry, source, context)
    return found


def _breakout(context: RuleContext, limits: Limits, exits: Iterable[Zone]) -> Sign:
    pairs = [context.flows.pair(Zone.LGWAN, zone) for zone in exits]
    sure = [(pair, pair.certain) for pair in pairs if not pair.certain.is_empty]
    if sure:
        wide = any(_is_wide(packets, limits) for _, packets in sure)
        unsure = [(one, one.possible) for one in pairs if _is_wide(one.possible, limits)]
        if unsure and not wide:
            return Sign(Presence.UNKNOWN, tuple(sure), _doubts(unsure))
        return Sign(Presence.WIDE if wide else Presence.YES, tuple(sure))
    possible = [(pair, pair.possible) for pair in pairs if not pair.possible.is_empty]
    return Sign(Presence.UNKNOWN, tuple(possible), _doubts(possible)) if possible else Sign(Presence.NO)


def _is_wide(packets: PacketSet, limits: Limits) -> bool:
    return any(_widest(packets.destinations(family)) > 1 << size for family, size in _sizes(limits))


def _sizes(limits: Limits) -> Iterator[tuple[Family, int]]:
    lengths = (32 - limits.ipv4_prefix_length, 128 - limits.ipv6_prefix_length)
    return zip(FAMILIES, lengths, strict=True)


def _widest(intervals: Intervals) -> int:
    return max((high - low + 1 for low, high in intervals), default=0)


def _doubts(flows: Iterable[tuple[PairFlow, PacketSet]]) -> tuple[Doubt, ...]:
    return tuple(dict.fromkeys(doubt for pair, _ in flows for doubt in pair.doubts))


def names_of(models: Iterable[Model]) -> Text:
    """Models as a sentence names them: `βモデル又はβ′モデル`."""
    titles = [TITLES[one] for one in models]
    return Text(ja="又は".join(one.ja for one in titles), en=" or ".join(one.en for one in titles))
