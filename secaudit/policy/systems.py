"""The external systems that a register may name: what they are, who opens the connection, and what their path must pin."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.policy.definitions import Definition, ports_of, text_of
from secaudit.policy.model import Confidence, ExternalSystem, KnownPorts, Opener, ServicePorts, SystemUse
from secaudit.text.bilingual import Text


def read_systems(definition: Definition, conditions: Container[str]) -> Mapping[str, ExternalSystem]:
    """The systems of a validated file, by id. Raises `PolicyError` for an id or a condition that cannot be."""
    found: dict[str, ExternalSystem] = {}
    for index, entry in enumerate(definition.data["systems"]):
        path = ("systems", index)
        if entry["id"] in found:
            raise definition.error(
                Text(ja=f"{entry['id']} が二度書かれている", en=f"{entry['id']} is written twice"), (*path, "id")
            )
        for number, use in enumerate(entry["uses"]):
            if use["condition"] not in conditions:
                raise definition.error(
                    Text(
                        ja=f"記号 {use['condition']!r} は定義されていない",
                        en=f"the code {use['condition']!r} is not defined",
                    ),
                    (*path, "uses", number, "condition"),
                )
        found[entry["id"]] = _system(definition, entry, path)
    return found


def _system(definition: Definition, entry: Mapping[str, Any], path: tuple[str | int, ...]) -> ExternalSystem:
    return ExternalSystem(
        id=entry["id"],
        title=text_of(entry["title"]),
        operator=text_of(entry["operator"]),
        destination_class=entry.get("class"),
        uses=tuple(
            SystemUse(Zone(use["zone"]), tuple(Zone(one) for one in use["beyond"]), use["condition"])
            for use in entry["uses"]
        ),
        opens=Opener(entry["opens"]),
        path=text_of(entry["path"]),
        ports=_ports(definition, entry["ports"], (*path, "ports")) if "ports" in entry else None,
        confidence=Confidence(entry["confidence"]),
        reference=entry["source"],
    )


def _ports(definition: Definition, entry: Mapping[str, Any], path: tuple[str | int, ...]) -> KnownPorts:
    services = []
    for index, one in enumerate(entry["known"]):
        try:
            services.append(ServicePorts(one["protocol"], ports_of(one["ports"])))
        except ValueError as error:
            raise definition.error(
                Text(ja=f"ポート {error} を読み取れない", en=f"the port {error} cannot be read"),
                (*path, "known", index, "ports"),
            ) from error
    return KnownPorts(tuple(services), Confidence(entry["confidence"]))
