"""The two ends of a NAT line in one address family, and how mapped values follow from real ones."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.network.intervals import ANY_PORT, Interval, Intervals
from secaudit.network.matches import ANY_SERVICE, Family, Service
from secaudit.network.nat import Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco_asa.nat_lines import NatLine

UNEQUAL = Text(
    ja="変換前後のアドレスの数または並びが異なり、どのアドレスになるか計算できません",
    en="the real and the mapped addresses differ in number or order: which becomes which is not computed",
)


@dataclass(slots=True)
class Ends:
    """One line in one address family. `far_real` and `far_mapped` are the other end, everything when it is not named."""

    line: NatLine
    family: Family
    real: Intervals
    mapped: Intervals
    far_real: Intervals
    far_mapped: Intervals
    doubt: Text | None

    def real_sources(self) -> tuple[Service, ...]:
        """Packets from the real end."""
        held = self.line.service
        if held is None:
            return (ANY_SERVICE,)
        return (Service(((held.protocol, held.protocol),), ANY_PORT, (held.real,)),)

    def real_destinations(self) -> tuple[Service, ...]:
        """Packets to the real end."""
        held = self.line.service
        return (ANY_SERVICE,) if held is None else (Service(((held.protocol, held.protocol),), (held.real,)),)

    def mapped_destinations(self) -> tuple[Service, ...]:
        """Packets to the mapped end."""
        held = self.line.service
        return (ANY_SERVICE,) if held is None else (Service(((held.protocol, held.protocol),), (held.mapped,)),)


def translation(
    old: Intervals, new: Intervals, identity: bool, ports: Interval | None = None
) -> tuple[Translation | None, Text | None]:
    """How static values follow from old ones, and why that is not known."""
    if identity or old == new:
        if ports is None:
            return None, None
        if len(old) == 1:
            return Translation(TranslationKind.SHIFT, old[0], ports, True), None
    if len(old) == len(new) == 1 and old[0][1] - old[0][0] == new[0][1] - new[0][0]:
        return Translation(TranslationKind.SHIFT, new[0], ports, ports is not None), None
    return Translation(TranslationKind.POOL, (new[0][0], new[-1][1]), ports, ports is not None), UNEQUAL
