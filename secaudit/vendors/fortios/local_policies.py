"""Local-in policies: which packets for the FortiGate itself are refused before its services are asked (FO-14).

In file order, the first that matches decides. One that accepts opens nothing: it keeps later ones from refusing, and the interface must list
the service as well. What none matches goes on to the interface's own list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, ANY_SERVICE, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import Addresses, AddressSet
from secaudit.vendors.fortios.conditions import logs_all, schedule_condition
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports
from secaudit.vendors.fortios.services import Services, ServiceSet

NAME = "local-in policies"
_TABLES: tuple[tuple[str, Family], ...] = (("firewall local-in-policy", 4), ("firewall local-in-policy6", 6))
_SHOWN = (
    "intf", "srcintf", "srcaddr", "dstaddr", "srcaddr-negate", "dstaddr-negate", "service", "service-negate", "action",
    "schedule", "status",
)  # fmt: skip
_ACTIONS = {"accept": Action.PERMIT, "deny": Action.DENY}
_UNSURE = Text(
    ja="このlocal-inポリシーがどの通信に一致するかを確定できません。",
    en="Which packets this local-in policy matches is not certain.",
)


def local_policies(scope: Scope, ports: Ports, addresses: Addresses, services: Services) -> Filter | None:
    """All of them as one filter; None when there are none."""
    reader = _Reader(scope, ports, addresses, services)
    lines: list[FilterLine] = []
    disabled: list[FilterLine] = []
    for table, family in _TABLES:
        for entry in scope.entries(table):
            target = lines if scope.works(entry) else disabled
            target.extend(reader.lines(entry, family))
    if not lines and not disabled:
        return None
    sources = join(line for one in (*lines, *disabled) for line in one.sources)
    return Filter(NAME, tuple(lines), Action.PERMIT, sources, default_sources=sources, disabled=tuple(disabled))


@dataclass(frozen=True, slots=True)
class _Reader:
    scope: Scope
    ports: Ports
    addresses: Addresses
    services: Services

    def lines(self, entry: Section, family: Family) -> Iterator[FilterLine]:
        """The line for what surely matches, then the one for what may."""
        source = self._side(entry, family, "srcaddr")
        destination = self._side(entry, family, "dstaddr")
        service = self._service(entry)
        ingress, zone_lines, known = self._interfaces(entry)
        condition = schedule_condition(self.scope, entry)
        sources = join(
            (
                *entry.opening,
                *entry.lines_of(*_SHOWN),
                *zone_lines,
                *source.sources,
                *destination.sources,
                *service.sources,
            )
        )
        line = FilterLine(
            f"local-in policy {entry.name}",
            _ACTIONS.get(entry.get("action", self.scope.defaults.local_in_action), Action.UNKNOWN),
            (),
            sources,
            logged=logs_all(self.scope, entry),
            ingress=ingress,
        )
        if not known or entry.unknown or line.action is Action.UNKNOWN:
            everything = ANY_IPV4_PACKET if family == 4 else ANY_IPV6_PACKET
            yield replace(line, matches=(everything,), ingress=None, certainty=Certainty.UNCERTAIN, doubt=_UNSURE)
            return
        if condition is not None:
            line = replace(line, certainty=condition.certainty, doubt=condition.text)
        sure = source.sure and destination.sure and service.sure
        if sure:
            yield replace(line, matches=(Match(family, source.sure, destination.sure, service.sure),))
        certain = source.certain and destination.certain and service.certain
        if not certain and source.possible and destination.possible and service.possible:
            wide = Match(family, source.possible, destination.possible, service.possible)
            why = source.why or destination.why or service.why or _UNSURE
            yield replace(line, matches=(wide,), certainty=Certainty.UNCERTAIN, doubt=why)

    def _side(self, entry: Section, family: Family, name: str) -> AddressSet:
        found = self.addresses.of_names(family, entry.values(name) or ("all",), entry.lines_of(name))
        return found.negated(family) if entry.enabled(f"{name}-negate") else found

    def _service(self, entry: Section) -> ServiceSet:
        if not entry.values("service"):
            return ServiceSet((), (ANY_SERVICE,), entry.opening, _UNSURE)
        found = self.services.of_names(entry.values("service"), entry.lines_of("service"))
        return found.negated() if entry.enabled("service-negate") else found

    def _interfaces(self, entry: Section) -> tuple[frozenset[str] | None, Sources, bool]:
        names = (*entry.values("intf"), *entry.values("srcintf"))
        interfaces, lines, known = self.ports.expand(names)
        return interfaces, lines, known and bool(names)
