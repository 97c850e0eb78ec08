"""IPsec VPNs that are bound to `st0` units, and those that are not: what ends where."""

from __future__ import annotations

import ipaddress

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPAddress
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.interfaces import Ports, unit_name
from secaudit.vendors.juniper_srx.proposals import proposals
from secaudit.vendors.juniper_srx.tree import Statement, join

_DYNAMIC = Text(
    ja="リモートアクセスVPN（動的なVPN）があります。接続した利用者の通信は判定していません。",
    en="There is a VPN for remote access; what its users may do is not modelled.",
)

_UNBOUND = Text(
    ja="VPNが使うインタフェース（bind-interface）の設定がありません。",
    en="The interface that a VPN is bound to is not configured.",
)
_NO_GATEWAY = Text(
    ja="VPNの接続先（IKEゲートウェイ）の定義がありません。", en="The IKE gateway of a VPN is not defined."
)


def bind_tunnels(scope: Scope, ports: Ports) -> None:
    """Tells the `st0` units what carries them. A VPN without an interface acts by the policies that name it (`policies`)."""
    bound: dict[str, list[Statement]] = {}
    for vpn in scope.section("security", "ipsec").below("vpn"):
        name = vpn.value("bind-interface")
        if name and unit_name(name) in ports.interfaces:
            bound.setdefault(unit_name(name), []).append(vpn)
        elif name:
            scope.findings.doubt(DoubtKind.UNDEFINED, _UNBOUND, vpn.sources())
    for unit, vpns in bound.items():
        # Several VPNs on one unit (multipoint): which of them a packet takes is told by a table that is not in the file.
        offered = tuple(one for vpn in vpns for one in proposals(scope, vpn, _gateway(scope, vpn)))
        many = TunnelEnd(Carrier.IPSEC, join(*(vpn.sources() for vpn in vpns)), answers=True, proposals=offered)
        ports.replace(unit, tunnel=_end(scope, ports, vpns[0]) if len(vpns) == 1 else many)
    for path in (("security", "dynamic-vpn"), ("security", "remote-access")):
        found = scope.root.get(*path)
        if found is not None:
            found.use_all()
            scope.findings.doubt(DoubtKind.UNSUPPORTED, _DYNAMIC, found.sources())


def _gateway(scope: Scope, vpn: Statement) -> Statement | None:
    return scope.root.get("security", "ike", "gateway", vpn.value("ike", "gateway"))


def _end(scope: Scope, ports: Ports, vpn: Statement) -> TunnelEnd:
    gateway = _gateway(scope, vpn)
    if gateway is None:
        unit = frozenset((unit_name(vpn.value("bind-interface")),))
        scope.findings.doubt(DoubtKind.UNDEFINED, _NO_GATEWAY, vpn.sources(), interfaces=unit)
        return TunnelEnd(Carrier.IPSEC, vpn.sources(), proposals=proposals(scope, vpn, None))
    sources = join(vpn.sources(), gateway.sources())
    outside = gateway.value("external-interface")
    outside = unit_name(outside) if outside else ""
    return TunnelEnd(
        Carrier.IPSEC,
        sources,
        remote=_address(gateway.value("address")),
        local=_address(gateway.value("local-address")),
        local_interface=outside if outside in ports.interfaces else None,
        answers=gateway.get("dynamic") is not None,
        local_id=_identity(gateway.get("local-identity")),
        remote_id=_identity(gateway.get("remote-identity") or gateway.get("dynamic")),
        proposals=proposals(scope, vpn, gateway),
    )


def _address(word: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(word)
    except ValueError:
        return None


def _identity(section: Statement | None) -> str:
    if section is None:
        return ""
    for kind in ("hostname", "inet", "inet6", "user-at-hostname"):
        value = section.value(kind)
        if value:
            return value
    return ""
