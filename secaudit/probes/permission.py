"""Which addresses and ports may be probed at all: those that the audit folder names, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secaudit.errors import UsageError
from secaudit.municipality.model import IPNetwork, Municipality, PermittedFlow, Zone
from secaudit.network.intervals import IPAddress
from secaudit.probes.nmap_run import host_text
from secaudit.probes.plan import ProbePlan
from secaudit.text.bilingual import Text

INTERNAL_ZONES = frozenset(
    (
        Zone.MY_NUMBER,
        Zone.LGWAN,
        Zone.INTERNET,
        Zone.MANAGEMENT,
        Zone.EDUCATION,
        Zone.OTHER_INTERNAL,
        Zone.GUEST_WIRELESS,
    )
)
"""Zones that the municipality runs itself. Hosts of the others belong to somebody else."""

LARGEST_ZONE_PREFIX = {4: 8, 6: 32}
LARGEST_REGISTER_PREFIX = {4: 24, 6: 120}
"""A register entry of `0.0.0.0/0` permits a flow; it does not name the whole Internet as something to be probed."""


def internal_subnets(municipality: Municipality) -> tuple[IPNetwork, ...]:
    """The subnets of the zones that the municipality runs itself."""
    return tuple(
        subnet
        for binding in municipality.zones
        if binding.zone in INTERNAL_ZONES
        for subnet in binding.subnets
        if subnet.prefixlen >= LARGEST_ZONE_PREFIX[subnet.version]
    )


def register_ports(municipality: Municipality, address: IPAddress) -> frozenset[tuple[str, int]]:
    """The ports that the register of permitted flows names for an address, as (protocol, port)."""
    return frozenset(
        (flow.protocol, port)
        for flow in municipality.register
        for network in named_networks(flow)
        if address in network
        for low, high in flow.ports
        for port in range(low, high + 1)
    )


def named_networks(flow: PermittedFlow) -> Iterator[IPNetwork]:
    """The places a register entry names narrowly enough to be probed: its destinations, and its sources when it is two-way."""
    ends = (*flow.destinations, *flow.sources) if flow.two_way else flow.destinations
    return (network for network in ends if network.prefixlen >= LARGEST_REGISTER_PREFIX[network.version])


def refuse_strangers(plan: ProbePlan, municipality: Municipality) -> None:
    """Raises `UsageError` when the plan would send anything to where the audit folder does not point.

    In the municipality's own subnets any port may be asked. A host of somebody else (a destination of the register) is asked
    nothing but the ports that the register names for it.
    """
    subnets = internal_subnets(municipality)
    refused: list[str] = []
    control = plan.control
    asked: list[tuple[IPAddress, Iterable[tuple[str, int]]]] = [
        (control.address, ((control.protocol, control.port),)),
        *(
            (target.address, [*(("tcp", port) for port in target.tcp), *(("udp", port) for port in target.udp)])
            for target in plan.targets
        ),
    ]
    for address, ports in asked:
        host_text(address)  # refuses what is no plain address
        if address.is_loopback or address.is_multicast or address.is_unspecified:
            refused.append(str(address))
        elif any(address in subnet for subnet in subnets):
            continue
        else:
            known = register_ports(municipality, address)
            strange = [f"{port}/{protocol}" for protocol, port in ports if (protocol, port) not in known]
            refused += [f"{address} ({', '.join(strange[:5])})" if known else str(address)] if strange else []
    if refused:
        shown = ", ".join(refused[:5]) + (" ..." if len(refused) > 5 else "")
        raise UsageError(
            Text(
                ja=f"監査フォルダに無い宛先またはポートが計画に含まれているため、何も送信しませんでした: {shown}",
                en=f"nothing was sent: the plan names targets or ports that the audit folder does not: {shown}",
            ),
            Text(
                ja="計画からその宛先を消すか、municipality.yaml の領域・特定通信台帳に正しく登録してください。",
                en="remove them from the plan, or register them in municipality.yaml (zones, permitted flows).",
            ),
        )
