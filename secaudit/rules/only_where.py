"""`only_where`: a question for bodies whose audit folder speaks of certain zones, conditions of the register or external systems.

A body without Government Cloud need not say how it is connected. What the folder does not speak of is taken not to be there, as everywhere for
zones that not every municipality has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Municipality, Zone


@dataclass(frozen=True, slots=True)
class OnlyWhere:
    """What a body must have for a question to be asked; one of all these is enough."""

    zones: frozenset[Zone]
    conditions: frozenset[str]
    systems: frozenset[str]

    def holds_for(self, municipality: Municipality) -> bool:
        """Whether the audit folder speaks of any of it: where zones are, the register, the ledger, or the hosts in several zones."""
        stated = {binding.zone for binding in municipality.zones}
        stated.update(zone for device in municipality.ledger for zone in device.zones)
        stated.update(zone for host in municipality.hosts for zone in host.zones)
        stated.update(zone for entry in municipality.register for zone in (entry.source_zone, entry.destination_zone))
        return bool(
            self.zones & stated
            or any(
                entry.condition in self.conditions or entry.system in self.systems for entry in municipality.register
            )
        )


def only_where_of(data: Mapping[str, Any]) -> OnlyWhere | None:
    """The parameter `only_where` of a check, None when every body is asked."""
    where = data.get("only_where")
    if where is None:
        return None
    return OnlyWhere(
        zones=frozenset(Zone(name) for name in where.get("zones", ())),
        conditions=frozenset(where.get("conditions", ())),
        systems=frozenset(where.get("systems", ())),
    )
