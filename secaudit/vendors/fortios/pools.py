"""Source translation of policies: interface address, IP pools, and the external address of one-to-one VIPs (FO-12)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace

from secaudit.network.device import DoubtKind
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import Interval, intersect, normalise
from secaudit.network.matches import Match
from secaudit.network.nat import Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.vips import Vip, Vips

TRANSLATED_PORTS = (5117, 65533)
"""The source ports that FortiOS translates to (FortiOS administration guide, dynamic SNAT)."""
_KEEP_PORTS = frozenset(("one-to-one",))


@dataclass(frozen=True, slots=True)
class Pools:
    """The IP pools of a device."""

    scope: Scope

    def translated(self, line: FilterLine, entry: Section, pool_setting: str, vips: Vips) -> list[FilterLine]:
        """The line with what it does to sources, preceded by lines for hosts that a one-to-one VIP gives their own address."""
        ports = None if entry.enabled("fixedport") else TRANSLATED_PORTS
        usual = Translation(TranslationKind.INTERFACE, None, ports)
        sources = line.sources
        if entry.enabled("ippool"):
            usual, line = self._pool(line, entry, pool_setting, usual)
        own = [replaced for vip in vips.by_name.values() for replaced in _own_address(line, vip)]
        return [*own, replace(line, source_translation=usual, sources=join((*sources, *line.sources)))]

    def _pool(
        self, line: FilterLine, entry: Section, setting: str, usual: Translation
    ) -> tuple[Translation, FilterLine]:
        names = (*entry.values(setting), *(entry.values("poolname6") if setting == "poolname" else ()))
        found = self.range_of(names)
        if found is None:
            defined = all(self._find(name) is not None for name in names)
            self.scope.findings.doubt(
                DoubtKind.UNSUPPORTED if defined else DoubtKind.UNDEFINED,
                Text(
                    ja=f"ポリシー {entry.name} のIPプールから、変換後の送信元アドレスを1つの範囲に決められません。",
                    en=f"The IP pools of policy {entry.name} do not give one range of source addresses.",
                ),
                (*entry.opening, *entry.lines_of(setting)),
                interfaces=line.egress,
            )
            return usual, line
        addresses, keeps_ports, lines = found
        ports = None if keeps_ports else usual.ports
        return Translation(TranslationKind.POOL, addresses, ports), replace(line, sources=join((*line.sources, *lines)))

    def range_of(self, names: Sequence[str]) -> tuple[Interval, bool, Sources] | None:
        """The addresses of some pools when they are one range, whether ports are kept, and the lines; else None."""
        pools = [pool for name in names if (pool := self._find(name)) is not None]
        ranges = [_range(pool) for pool in pools]
        known = normalise(one for one in ranges if one is not None)
        if len(known) != 1 or None in ranges or len(pools) != len(names):
            return None
        kinds = {pool.get("type", self.scope.defaults.pool_type) for pool in pools}
        lines = tuple(line for pool in pools for line in (*pool.opening, *pool.lines_of("startip", "endip")))
        return known[0], kinds <= _KEEP_PORTS, lines

    def _find(self, name: str) -> Section | None:
        for table in ("firewall ippool", "firewall ippool6"):
            pool = self.scope.section(table).entries.get(name)
            if pool is not None:
                return pool
        return None


def _range(pool: Section) -> Interval | None:
    try:
        low = ipaddress.ip_address(pool.get("startip"))
        high = ipaddress.ip_address(pool.get("endip") or pool.get("startip"))
    except ValueError:
        return None
    if pool.unknown or low.version != high.version or int(low) > int(high):
        return None
    return int(low), int(high)


def _own_address(line: FilterLine, vip: Vip) -> list[FilterLine]:
    """What a one-to-one VIP does to connections that its mapped hosts open through a policy with NAT: they leave by
    its external address (FortiOS administration guide, static virtual IPs)."""
    if vip.port_forward:
        return []
    egress = line.egress
    if vip.interfaces is not None:
        egress = vip.interfaces if egress is None else egress & vip.interfaces
    if egress is not None and not egress:
        return []
    matches = tuple(
        Match(match.family, hosts, match.destinations, match.services, match.marks)
        for match in line.matches
        if match.family == vip.family and (hosts := intersect(match.sources, (vip.mapped,)))
    )
    if not matches:
        return []
    translation = Translation(TranslationKind.POOL, vip.external)
    sources = join((*line.sources[:10], *vip.sources))
    return [replace(line, matches=matches, egress=egress, source_translation=translation, sources=sources)]
