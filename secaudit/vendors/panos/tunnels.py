"""The ends of tunnels: IPsec with its proxy IDs, GRE, and the tunnel interfaces of GlobalProtect gateways.

Remote users and satellites come in by the tunnel interface of their gateway, as senders that nobody submitted (`Carrier.OTHER`, `answers`).
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import IPAddress
from secaudit.network.matches import Match
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.addresses import literal
from secaudit.vendors.panos.findings import Findings
from secaudit.vendors.panos.proposals import proposals
from secaudit.vendors.panos.tree import Node, joined

_IPSEC_WORDS = frozenset((
    "auto-key", "manual-key", "global-protect-satellite", "tunnel-interface", "tunnel-monitor", "anti-replay", "anti-replay-window", "copy-tos",
    "copy-flow-label", "disabled", "ipsec-mode", "enable-gre-encapsulation", "comment", "ipv6",
))  # fmt: skip


def read_tunnels(network: Node | None, interfaces: dict[str, Interface], findings: Findings) -> dict[str, Filter]:
    """Puts the ends of tunnels into their interfaces; the filters are the proxy IDs."""
    filters: dict[str, Filter] = {}
    if network is None:
        return filters
    for entry in network.entries("tunnel", "ipsec"):
        if not entry.yes("disabled"):
            filters |= _ipsec(network, interfaces, findings, entry)
    for entry in network.entries("tunnel", "gre"):
        if not entry.yes("disabled"):
            end = TunnelEnd(
                Carrier.GRE, entry.sources(), _address(entry.value("peer-address", "ip")), _address(entry.value("local-address", "ip").split("/")[0]),
                entry.value("local-address", "interface") or None,
            )  # fmt: skip
            _put(interfaces, entry.value("tunnel-interface"), end)
    for word in ("global-protect-gateway", "global-protect-site-to-site"):
        for entry in network.entries("tunnel", word):
            local = entry.value("local-address", "interface") or None
            _put(
                interfaces,
                entry.value("tunnel-interface"),
                TunnelEnd(Carrier.OTHER, entry.sources(), local_interface=local, answers=True),
            )
    return filters


def _put(interfaces: dict[str, Interface], name: str, end: TunnelEnd) -> None:
    known = interfaces.get(name)
    if known is not None:
        interfaces[name] = replace(known, tunnel=end, sources=joined((*known.sources, *end.sources)))


def _ipsec(network: Node, interfaces: dict[str, Interface], findings: Findings, entry: Node) -> dict[str, Filter]:
    name = entry.value("tunnel-interface")
    odd = [child for word, child in entry.children.items() if word not in _IPSEC_WORDS]
    if odd or name not in interfaces:
        findings.not_understood(*odd)
        text = Text(
            ja=f"IPsec トンネル {entry.name} に読み取れない行があるか、トンネルインタフェースが分かりません。",
            en=f"The IPsec tunnel {entry.name} has lines that were not understood, or its tunnel interface is not known.",
        )
        bounded = frozenset((name,)) if name in interfaces else None
        findings.doubt(DoubtKind.UNREAD if odd else DoubtKind.UNDEFINED, text, entry.sources(), interfaces=bounded)
    gateways = entry.names("auto-key", "ike-gateway")
    gateway = network.child("ike", "gateway", gateways[0]) if len(gateways) == 1 else None
    lines = entry.sources()
    if gateway is None:
        satellite = entry.child("global-protect-satellite") is not None
        _put(interfaces, name, TunnelEnd(Carrier.OTHER if satellite else Carrier.IPSEC, lines, answers=True))
        if gateways and len(gateways) == 1:
            findings.doubt(
                DoubtKind.UNDEFINED,
                Text(
                    ja=f"IKEゲートウェイ「{gateways[0]}」の定義がありません。",
                    en=f"The IKE gateway '{gateways[0]}' is not defined.",
                ),
                lines,
                interfaces=frozenset((name,)),
            )
        return {}
    peer = gateway.child("peer-address")
    end = TunnelEnd(
        Carrier.IPSEC,
        joined((*lines, *gateway.sources("peer-address", "local-address", "local-id", "peer-id"))),
        _address(gateway.value("peer-address", "ip")),
        _address(gateway.value("local-address", "ip").split("/")[0]),
        gateway.value("local-address", "interface") or None,
        answers=peer is None or "dynamic" in peer.children,
        local_id=gateway.value("local-id", "id"),
        remote_id=gateway.value("peer-id", "id"),
        proposals=proposals(network, gateway, entry),
    )
    _put(interfaces, name, end)
    return _selectors(interfaces, name, entry, findings.defaults.proxy_id)


def _selectors(interfaces: dict[str, Interface], name: str, entry: Node, usual: str) -> dict[str, Filter]:
    """Proxy IDs name what the tunnel carries. That other packets are dropped is not confirmed: they are left open."""
    known = interfaces.get(name)
    proxies = [*entry.entries("auto-key", "proxy-id"), *entry.entries("auto-key", "proxy-id-v6")]
    if known is None or not proxies:
        return {}
    filters: dict[str, Filter] = {}
    for inward in (True, False):
        lines = [line for proxy in proxies for line in _selector(proxy, inward, usual)]
        title = f"{name} proxy-id {'in' if inward else 'out'}"
        sources: Sources = joined(line for proxy in proxies for line in proxy.sources())
        filters[title] = Filter(title, tuple(lines), Action.UNKNOWN, sources, default_sources=sources)
    names = tuple(filters)
    interfaces[name] = replace(known, filter_in=names[0], filter_out=names[1])
    return filters


def _selector(proxy: Node, inward: bool, usual: str) -> list[FilterLine]:
    near, far = (literal(proxy.value(word, default=usual)) for word in ("local", "remote"))
    protocol = next(iter(proxy.names("protocol")), "any")
    if near is None or far is None or protocol != "any":
        return []
    if inward:
        near, far = far, near
    matches = [Match(4, near[0], far[0])] if near[0] and far[0] else []
    matches += [Match(6, near[1], far[1])] if near[1] and far[1] else []
    return [FilterLine(f"proxy-id {proxy.name}", Action.PERMIT, tuple(matches), proxy.sources())] if matches else []


def _address(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
