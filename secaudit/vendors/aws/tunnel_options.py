"""Algorithms of the tunnels of a VPN connection: what each of its tunnels accepts, chosen or by default (`data/tunnels.toml`).

AWS tells the options that somebody chose; all documented values are accepted where nobody did, and no list is there. Terraform tells them with null
or an empty list, and leaves out what is known only after apply. A connection always has two tunnels, and each of them is open to the other end.
A word that is not known stands for itself as a proposal that says nothing, so that nobody takes the others for complete. A tunnel that encrypts
with AES-GCM alone has no list of algorithms for integrity, and needs none (RFC 4106, RFC 5282).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Generic, TypeVar

from secaudit.network.tunnels import Proposal
from secaudit.text.source import Sources
from secaudit.vendors.aws.coverage import tunnel_keys
from secaudit.vendors.aws.records import Record, merged
from secaudit.vendors.aws.terraform_resources import Made, Values
from secaudit.vendors.common.json_document import Item

_TUNNELS = 2
"""Tunnels of a connection. With fewer in the file not all of it is there."""
_MOST_TUNNELS = 4
_MOST_VALUES = 64
"""Tunnels and values of an option that are read; there are fewer of both."""
_KNOWN_AFTER_APPLY = Item("", 0, 0, 0)
"""In place of an option that Terraform does not know yet."""
_IN_TERRAFORM: Mapping[str, str] = {
    "IkeVersions": "ike_versions",
    "Phase1EncryptionAlgorithms": "phase1_encryption_algorithms",
    "Phase1IntegrityAlgorithms": "phase1_integrity_algorithms",
    "Phase1DHGroupNumbers": "phase1_dh_group_numbers",
    "Phase2EncryptionAlgorithms": "phase2_encryption_algorithms",
    "Phase2IntegrityAlgorithms": "phase2_integrity_algorithms",
    "Phase2DHGroupNumbers": "phase2_dh_group_numbers",
}
"""The options, and what Terraform calls them behind `tunnel1_` and `tunnel2_`."""
_Meaning = TypeVar("_Meaning", str, int)


@dataclass(frozen=True, slots=True)
class _Table:
    """The words of the options, the values that are accepted where nobody chose, and the modes of the versions of IKE."""

    encryption: Mapping[str, str]
    integrity: Mapping[str, str]
    groups: Mapping[str, int]
    versions: Mapping[str, int]
    defaults: Mapping[str, tuple[str, ...]]
    aggressive: Mapping[int, bool]


@cache
def _table() -> _Table:
    data = tomllib.loads(resources.files(__package__).joinpath("data/tunnels.toml").read_text("utf-8"))
    return _Table(
        **data["words"],
        defaults={option: tuple(words) for option, words in data["defaults"].items()},
        aggressive={int(version): mode for version, mode in data["aggressive"].items()},
    )


@dataclass(frozen=True, slots=True)
class _Option(Generic[_Meaning]):
    """The values of one option. `by_default`: nobody chose. `strange`: something of it is not known. `untold`: no line tells it."""

    values: tuple[_Meaning, ...] = ()
    lines: Sources = ()
    by_default: bool = False
    strange: bool = False
    untold: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all of it is told."""
        return not self.strange and not self.untold


def proposals(connection: Record) -> tuple[Proposal, ...]:
    """What the tunnels of a connection accept: of each the key exchange, then the tunnel itself. Never raises."""
    lines = connection.sources("VpnConnectionId")
    options = connection.get("Options")
    if options is None or options.value == "":
        return _nothing(lines, silent=True)
    lines_of_options = merged(lines, connection.document.sources(options))
    if not isinstance(options.value, dict):
        return _nothing(lines_of_options, silent=False)
    tunnels = options.get("TunnelOptions")
    if tunnels is None or tunnels.value in (None, "", []):
        # Of a very old connection AWS does not tell them.
        return _nothing(lines_of_options, silent=True)
    found = [
        one for tunnel in tunnels.items[:_MOST_TUNNELS] for one in _tunnel(lines, Record(connection.document, tunnel))
    ]
    if not _TUNNELS <= len(tunnels.items) <= _MOST_TUNNELS:
        found += _nothing(merged(lines, connection.document.sources(tunnels)), silent=False)
    return tuple(found)


def _nothing(lines: Sources, *, silent: bool) -> tuple[Proposal, ...]:
    """Both phases of a tunnel of which nothing is known."""
    return tuple(Proposal(phase, (), (), (), lines, silent=silent) for phase in (1, 2))


def _tunnel(of_connection: Sources, tunnel: Record) -> Iterator[Proposal]:
    if not isinstance(tunnel.item.value, dict):
        yield from _nothing(merged(of_connection, tunnel.sources()), silent=False)
        return
    lines = merged(of_connection, tunnel.sources("OutsideIpAddress"))
    table = _table()
    versions = _option(tunnel, "IkeVersions", table.versions)
    yield from _phase(1, lines, tunnel, versions)
    yield from _phase(2, lines, tunnel, None)
    known = tunnel_keys()
    others = [item for key, item in tunnel.item.members.items() if key not in known.used | known.irrelevant.keys()]
    if others:
        # Whatever it says may be about the algorithms.
        yield from _nothing(merged(lines, tunnel.document.sources(*others[:_MOST_VALUES])), silent=False)


def _phase(phase: int, lines: Sources, tunnel: Record, versions: _Option[int] | None) -> Iterator[Proposal]:
    table = _table()
    encryption = _option(tunnel, f"Phase{phase}EncryptionAlgorithms", table.encryption)
    integrity = _option(tunnel, f"Phase{phase}IntegrityAlgorithms", table.integrity)
    groups = _option(tunnel, f"Phase{phase}DHGroupNumbers", table.groups)
    if integrity.by_default and not encryption.by_default and all("gcm" in one for one in encryption.values):
        integrity = replace(integrity, values=())
    algorithms = (encryption, integrity, groups)
    told = algorithms if versions is None else (*algorithms, versions)
    lines = merged(lines, *(one.lines for one in told))
    silent = any(one.untold for one in told) and not any(one.strange for one in told)
    numbers: list[int | None] = [] if versions is None else [*versions.values]
    if versions is None or not versions.is_whole:
        numbers.append(None)
    for ike in numbers:
        mode = None if ike is None else table.aggressive.get(ike)
        yield Proposal(phase, encryption.values, integrity.values, groups.values, lines, ike, mode, silent)
        if not all(one.is_whole for one in algorithms):
            yield Proposal(phase, (), (), (), lines, ike, mode, silent)


def _option(tunnel: Record, name: str, words: Mapping[str, _Meaning]) -> _Option[_Meaning]:
    found = tunnel.item.get(name)
    if found is _KNOWN_AFTER_APPLY:
        return _Option(untold=True)
    lines = tunnel.document.sources(found)
    if found is None or found.value in (None, "", []):
        values = tuple(words[one] for one in _table().defaults[name])
        return _Option(values, lines, by_default=True)
    if not isinstance(found.value, list):
        return _Option(lines=lines, strange=True)
    held = [one.get("Value") or one for one in found.items[:_MOST_VALUES]]
    known = [words.get(_word(one)) for one in held]
    return _Option(
        tuple(dict.fromkeys(one for one in known if one is not None)),
        merged(lines, tunnel.document.sources(*held)),
        strange=None in known or len(found.items) > _MOST_VALUES,
    )


def _word(item: Item) -> str:
    """A string, or a whole number as it is written; nothing for anything else."""
    return item.text or ("" if item.number is None else str(item.number))


# --- Terraform ------------------------------------------------------------------------------------------------


def _connection(made: Made, v: Values) -> None:
    """A connection with its tunnels as AWS itself would tell them, and what it is attached to."""
    hub, edge = v.get("transit_gateway_id"), v.get("vpn_gateway_id")
    outside = [v.get(f"tunnel{number}_address") for number in range(1, _TUNNELS + 1)]
    connection = v.object(
        VpnConnectionId=v.id,
        CustomerGatewayId=v.get("customer_gateway_id"),
        VpnGatewayId=edge,
        TransitGatewayId=hub,
        VgwTelemetry=v.made([v.object(OutsideIpAddress=one) for one in outside if one is not None]),
        Options=v.object(TunnelOptions=v.made([_tunnel_of(v, number) for number in range(1, _TUNNELS + 1)])),
    )
    # Not `made.add`: that Terraform manages one connection does not tell that there are no others.
    made.records.add("VpnConnections", str(v.id.value), Record(made.document, connection))
    if hub is not None:
        # Among those of VPCs: there, too, it is never told which route table is associated.
        id_ = v.get("transit_gateway_attachment_id") or v.made(f"{v.id.value} attachment")
        made.add("TransitGatewayVpcAttachments", id_, v.object(
            TransitGatewayAttachmentId=id_, TransitGatewayId=hub, ResourceType=v.made("vpn"), ResourceId=v.id,
        ))  # fmt: skip
    elif edge is None:
        _homeless(made, v, "VpnConnections")


def _tunnel_of(v: Values, number: int) -> Item:
    told = {
        option: v.item.get(f"tunnel{number}_{name}") or _KNOWN_AFTER_APPLY for option, name in _IN_TERRAFORM.items()
    }
    return v.object(OutsideIpAddress=v.get(f"tunnel{number}_address"), **told)


def _customer_gateway(made: Made, v: Values) -> None:
    made.add("CustomerGateways", v.id, v.object(CustomerGatewayId=v.id, IpAddress=v.get("ip_address")))


def _gateway(made: Made, v: Values) -> None:
    network = v.get("vpc_id")
    attached = [] if network is None else [v.object(VpcId=network)]
    made.add("VpnGateways", v.id, v.object(VpnGatewayId=v.id, VpcAttachments=v.made([*attached])))
    if v.item.get("vpc_id") is None:
        _homeless(made, v, "VpnGateways")


def _homeless(made: Made, v: Values, kind: str) -> None:
    """What it is attached to is not told, or known after apply."""
    made.records.strange.append((Record(made.document, v.item), kind))


VPN_MAKERS: Mapping[str, Callable[[Made, Values], None]] = {
    "aws_vpn_connection": _connection,
    "aws_customer_gateway": _customer_gateway,
    "aws_vpn_gateway": _gateway,
}
"""Terraform's resources about VPN, beside those of `terraform_resources`."""
