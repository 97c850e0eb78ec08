"""What passes beside the policies, or makes the whole device something else: packet mode, IPv6, bridging, scripts."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.matches import ANY_IPV6_PACKET, ANY_PACKET
from secaudit.text.bilingual import Text
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.firewall import Diverted
from secaudit.vendors.juniper_srx.policies import NAME
from secaudit.vendors.juniper_srx.tree import join

_PACKET_MODE = Text(
    ja="パケットモードの設定があり、この通信はセキュリティポリシーを通らずに転送されることがあります。",
    en="Packet mode is configured: such traffic may be forwarded without any security policy.",
)
_IPV6_UNKNOWN = Text(
    ja="IPv6を転送するか（forwarding-options family inet6 mode）が設定になく、既定値は版により異なります。",
    en="The file does not say whether IPv6 is forwarded (forwarding-options family inet6 mode), and the default depends on the release.",
)
_NO_ZONES = Text(
    ja="セキュリティゾーンの設定がありません。SRXであれば転送せず、他のJunos機器であれば転送します。",
    en="There are no security zones: an SRX would forward nothing, other Junos devices forward.",
)
_UNSUPPORTED: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("security", "forwarding-options", "secure-wire"), "セキュアワイヤー", "Secure wire"),
    (("security", "forwarding-options", "mode"), "タップモード", "Tap mode"),
    (("security", "advance-policy-based-routing"), "アプリケーションによる経路選択", "Routing by application"),
    (("services", "ip-monitoring"), "監視による経路の切り替え", "Routes that monitoring switches"),
    (("services", "service-set"), "サービスセット", "A service set"),
    (("services", "nat"), "サービスのNAT", "NAT as a service"),
    (("services", "web-proxy"), "Webプロキシ", "A web proxy"),
    (("system", "scripts", "commit"), "コミットスクリプト", "A commit script"),
    (("security", "macsec"), "MACsec", "MACsec"),
    (("security", "ipsec", "manual"), "手動鍵のIPsec", "IPsec with manual keys"),
    (("security", "group-vpn"), "グループVPN", "A group VPN"),
    (("security", "l3vpn"), "L3VPN", "An L3VPN"),
    (("security", "mka"), "MKA", "MKA"),
    (("security", "softwires"), "IPv6上のIPv4トンネル（softwire）", "A tunnel of IPv4 in IPv6 (softwire)"),
    (("routing-options", "flow"), "フロー指定による経路", "Routing by flow specifications"),
    (("protocols", "mvrp"), "VLANの自動登録（MVRP）", "Registration of VLANs by neighbours (MVRP)"),
    (("switch-options", "vtep-source-interface"), "VXLAN", "VXLAN"),
)  # fmt: skip
_NOT_SRX = ("ex", "qfx", "mx", "acx", "ptx", "nfx")


def lines_before(scope: Scope, bypassing: Iterable[tuple[str, Diverted]]) -> list[FilterLine]:
    """The lines in front of all policies."""
    lines: list[FilterLine] = []
    options = scope.section("security", "forwarding-options", "family")
    if options.children:
        scope.section("security", "forwarding-options").use()
        options.use()
    if options.value("mpls", "mode") == "packet-based":
        # Juniper, "Understanding Packet-Based Processing": it takes the whole device out of flow mode.
        sources = options.children["mpls"].sources()
        lines.append(FilterLine("packet mode", Action.PERMIT, ANY_PACKET, sources, Certainty.UNCERTAIN, _PACKET_MODE))
    if "iso" in options.children:
        options.children["iso"].use_all()
    for ingress, one in bypassing:
        lines.append(
            FilterLine(
                one.label, Action.PERMIT, one.matches, one.sources, Certainty.UNCERTAIN, _PACKET_MODE,
                ingress=frozenset((ingress,)),
            )
        )  # fmt: skip
    mode = options.value("inet6", "mode")
    ipv6 = (ANY_IPV6_PACKET,)
    sources = options.children["inet6"].sources() if mode else scope.identity
    match mode or scope.defaults.ipv6_mode:
        case None:
            lines.append(FilterLine("IPv6 mode", Action.DENY, ipv6, sources, Certainty.UNCERTAIN, _IPV6_UNKNOWN))
        case "flow-based":
            pass
        case "drop":
            lines.append(FilterLine("IPv6 mode drop", Action.DENY, ipv6, sources))
        case _:
            if mode != "packet-based":
                lines.append(FilterLine("IPv6 mode", Action.DENY, ipv6, sources, Certainty.UNCERTAIN, _IPV6_UNKNOWN))
            lines.append(
                FilterLine(f"IPv6 mode {mode}", Action.PERMIT, ipv6, sources, Certainty.UNCERTAIN, _PACKET_MODE)
            )
    return lines


def without_zones(scope: Scope, model: str) -> Filter | None:
    """The filter of a device without security zones; None for one that surely is a router or switch."""
    if model.startswith(_NOT_SRX) or scope.root.get("virtual-chassis") is not None:
        return None
    line = FilterLine("no security zones", Action.DENY, ANY_PACKET, scope.identity, Certainty.UNCERTAIN, _NO_ZONES)
    return Filter(NAME, (line,), Action.PERMIT, scope.identity, default_sources=scope.identity)


def report_modes(scope: Scope, table: Filter | None, *, translates: bool) -> None:
    """Functions of the whole device that are not modelled."""
    packet_mode = [line for line in (() if table is None else table.lines) if line.doubt is _PACKET_MODE]
    if packet_mode and translates:
        # What is forwarded in packet mode is not translated either, and the lines of the policies cannot say that.
        sources = join(*(line.sources for line in packet_mode))
        scope.findings.doubt(DoubtKind.UNSUPPORTED, _PACKET_MODE, sources)
    for path, ja, en in _UNSUPPORTED:
        found = scope.root.get(*path)
        if found is not None:
            found.use_all()
            text = Text(
                ja=f"{ja}の設定があります。この働きは判定していません。",
                en=f"{en} is configured; this is not modelled.",
            )
            scope.findings.doubt(DoubtKind.UNSUPPORTED, text, found.sources() or scope.identity)
    learning = scope.section("protocols", "l2-learning")
    if learning.value("global-mode") == "transparent-bridge":
        text = Text(
            ja="透過モードで動作します。この働きは判定していません。",
            en="The device works in transparent mode; this is not modelled.",
        )
        scope.findings.doubt(DoubtKind.UNSUPPORTED, text, learning.sources())
    changing = [
        policy.children["then"].children["change-configuration"]
        for policy in scope.section("event-options").below("policy")
        if policy.get("then", "change-configuration") is not None
    ]
    if changing:
        for one in changing:
            one.use_all()
        text = Text(
            ja="イベントにより設定が変わる定義があります。変わった後の設定は判定していません。",
            en="Events change the configuration; what it is then is not modelled.",
        )
        scope.findings.doubt(DoubtKind.UNSUPPORTED, text, join(*(one.sources() for one in changing)))
