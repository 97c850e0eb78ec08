"""The register of permitted flows (特定通信台帳 and the like) of `municipality.yaml`."""

from __future__ import annotations

import datetime

from secaudit.municipality import fields
from secaudit.municipality.documents import Documents
from secaudit.municipality.fields import Mistakes
from secaudit.municipality.model import DataDirection, IPNetwork, PermittedFlow, Zone
from secaudit.municipality.zone_bindings import Zones
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlNode


def read_register(root: YamlNode, zones: Zones, documents: Documents, mistakes: Mistakes) -> tuple[PermittedFlow, ...]:
    """Reads `register:` and checks every entry against the zones."""
    nodes = list(root.items("register"))
    fields.check_unique(mistakes, [(node.text("id"), node) for node in nodes], "id")
    flows = (_flow(node, zones, documents, mistakes) for node in nodes)
    return tuple(flow for flow in flows if flow is not None)


def _flow(node: YamlNode, zones: Zones, documents: Documents, mistakes: Mistakes) -> PermittedFlow | None:
    sources = _addresses(node, "sources", "from", zones, mistakes)
    destinations = _addresses(node, "destinations", "to", zones, mistakes)
    fields.check_families(mistakes, node, sources, "destinations", destinations)
    protocol = node.text("protocol")
    ports = mistakes.each(fields.ports, node, "ports")
    fields.check_ports(mistakes, node, protocol)
    approved_on = _required_date(node, "approved_on", mistakes)
    valid_until = mistakes.optional(fields.date, node, "valid_until")
    fields.check_order(mistakes, node, approved_on, "valid_until", valid_until)
    document = documents.named_by(node, mistakes)
    if approved_on is None:
        return None
    return PermittedFlow(
        id=node.text("id"),
        title=node.text("title"),
        condition=node.text("condition"),
        system=node.optional_text("system"),
        destination_class=node.number("destination_class"),
        source_zone=Zone(node.text("from")),
        destination_zone=Zone(node.text("to")),
        sources=sources,
        destinations=destinations,
        protocol=protocol,
        ports=ports,
        mac_addresses=mistakes.each(fields.mac_address, node, "mac_addresses"),
        data=_direction(node),
        two_way=node.flag("two_way", default=False),
        required=node.flag("required", default=False),
        approved_by=node.text("approved_by"),
        approved_on=approved_on,
        valid_until=valid_until,
        document=document,
        source=node.source,
    )


def _direction(node: YamlNode) -> DataDirection | None:
    stated = node.optional_text("data")
    return None if stated is None else DataDirection(stated)


def _required_date(node: YamlNode, key: str, mistakes: Mistakes) -> datetime.date | None:
    return mistakes.optional(fields.date, node, key)


def _addresses(node: YamlNode, key: str, zone_key: str, zones: Zones, mistakes: Mistakes) -> tuple[IPNetwork, ...]:
    zone = Zone(node.text(zone_key))
    if zone not in zones.bindings:
        mistakes.add(
            node.error(
                Text(ja=f"領域 {zone} が zones にありません。", en=f"The zone {zone} is not under `zones`."),
                Text(ja=f"zones に {zone} を書いてください。", en=f"Describe {zone} under `zones`."),
                zone_key,
            )
        )
        return mistakes.each(fields.network, node, key)
    result = []
    for item in node.items(key):
        network = mistakes.attempt(fields.network, item)
        if network is None:
            continue
        result.append(network)
        if not zones.may_hold(zone, network):
            holder = zones.holding(network)
            where_ja = (
                f"領域 {holder} のアドレス" if holder is not None and holder is not zone else "どの領域にもないアドレス"
            )
            where_en = f"in {holder}" if holder is not None and holder is not zone else "in no zone"
            mistakes.add(
                item.error(
                    Text(
                        ja=f"{network} は領域 {zone} の subnets に含まれません（{where_ja}です）。",
                        en=f"{network} is not inside the subnets of {zone} (it is {where_en}).",
                    ),
                    Text(
                        ja=f"アドレスか {zone_key} の領域、または zones の subnets を直してください。",
                        en=f"Mend the address, the zone under `{zone_key}`, or the subnets of the zone.",
                    ),
                )
            )
    return tuple(result)
