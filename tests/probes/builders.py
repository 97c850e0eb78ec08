"""Small municipalities for the tests of probes."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from secaudit.municipality.model import (
    AuditFolder,
    IPNetwork,
    Model,
    Municipality,
    PermittedFlow,
    Zone,
    ZoneBinding,
)
from secaudit.text.source import SourceLine

LINE = SourceLine("municipality.yaml", 1, "")
FIXTURES = Path(__file__).with_name("fixtures")


def networks(*texts: str) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def binding(zone: Zone, *subnets: str) -> ZoneBinding:
    return ZoneBinding(zone, networks(*subnets), (), (), rest=False, behind=None, source=LINE)


def flow(
    identifier: str,
    source_zone: Zone,
    destination_zone: Zone,
    sources: tuple[str, ...],
    destinations: tuple[str, ...],
    *,
    protocol: str = "tcp",
    ports: tuple[tuple[int, int], ...] = ((443, 443),),
    two_way: bool = False,
) -> PermittedFlow:
    return PermittedFlow(
        id=identifier,
        title="電子申告",
        condition="S1",
        system="eltax",
        destination_class=2,
        source_zone=source_zone,
        destination_zone=destination_zone,
        sources=networks(*sources),
        destinations=networks(*destinations),
        protocol=protocol,
        ports=ports,
        mac_addresses=(),
        data=None,
        two_way=two_way,
        required=True,
        approved_by="CISO",
        approved_on=datetime.date(2026, 4, 1),
        valid_until=None,
        document=None,
        source=LINE,
    )


def municipality(*zones: ZoneBinding, register: tuple[PermittedFlow, ...] = ()) -> Municipality:
    return Municipality(
        code="011002",
        name="架空市",
        prefecture="架空県",
        population_band=None,
        model=Model.ALPHA,
        edition="mic-2026-03",
        roles=(),
        zones=zones,
        register=register,
        ledger=(),
        links=(),
    )


def folder(of: Municipality) -> AuditFolder:
    return AuditFolder(
        root=".", municipality=of, attestations=(), exceptions=(), configs=(), probes=(), inputs=(), problems=()
    )
