"""Where filter lines hold: the interfaces and the connections that they name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from secaudit.network.filters import Connection, FilterLine


class Scope(NamedTuple):
    """The interfaces of entry and exit and the kind of connection for which a line holds; None: whatever it is."""

    ingress: frozenset[str] | None
    egress: frozenset[str] | None
    connection: Connection | None

    def stands_between(self, ingress: str, egress: str) -> bool:
        """Whether its lines see packets between two interfaces that belong to no connection yet: the only ones the engine asks about."""
        return (
            self.connection is not Connection.ESTABLISHED
            and (self.ingress is None or ingress in self.ingress)
            and (self.egress is None or egress in self.egress)
        )

    def covers(self, other: Scope) -> bool:
        """Whether its lines hold wherever those of the other do."""
        return (
            self.connection in (None, other.connection)
            and (self.ingress is None or (other.ingress is not None and other.ingress <= self.ingress))
            and (self.egress is None or (other.egress is not None and other.egress <= self.egress))
        )

    def meets(self, other: Scope) -> bool:
        """Whether lines of both hold for some packets: an interface and a kind of connection that both name."""
        return (
            (self.ingress is None or other.ingress is None or not self.ingress.isdisjoint(other.ingress))
            and (self.egress is None or other.egress is None or not self.egress.isdisjoint(other.egress))
            and (self.connection is None or other.connection in (None, self.connection))
        )


def scope_of(line: FilterLine) -> Scope:
    """Where a line holds."""
    return Scope(line.ingress, line.egress, line.connection)


def by_scope(lines: Iterable[FilterLine]) -> dict[Scope, list[int]]:
    """The positions of the lines of each scope: few scopes, where there may be thousands of lines."""
    found: dict[Scope, list[int]] = {}
    for position, line in enumerate(lines):
        found.setdefault(scope_of(line), []).append(position)
    return found
