"""Puts one device together from what its lines said."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from secaudit.network.device import Device, DoubtKind, NoticeKind, Stage
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.routes import Relay
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.yamaha.commands import Command, Listing
from secaudit.vendors.yamaha.draft import Draft, InterfaceDraft
from secaudit.vendors.yamaha.filter_lists import FilterBuilder
from secaudit.vendors.yamaha.filters import settle_definitions, unused_filters
from secaudit.vendors.yamaha.interfaces import settle_advertisements
from secaudit.vendors.yamaha.lan_split import settle_lan_split
from secaudit.vendors.yamaha.local_filter import local_filter
from secaudit.vendors.yamaha.management import build_management
from secaudit.vendors.yamaha.nat import build_nat_rules
from secaudit.vendors.yamaha.policy_filters import build_policy_filters
from secaudit.vendors.yamaha.routes import build_dynamic_routing, build_policy_routes, build_routes
from secaudit.vendors.yamaha.tunnels import by_gateway, settle_selectors, tunnel_end

PIPELINE = (Stage.INGRESS_NAT, Stage.INGRESS_FILTER, Stage.ROUTE, Stage.EGRESS_FILTER, Stage.EGRESS_NAT)
"""Inbound: NAT, filter, route. Outbound: route, filter, NAT (YA-70): a WAN `in` filter sees private destinations."""

POLICY_PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_FILTER,
    Stage.EGRESS_NAT,
)
"""Models with policy filters: inbound filter, NAT, route, policy filter, NAT (YA-66; technical document "policy_fw")."""

_CLUE_LINES = 3
_SELECTED_KINDS = (InterfaceKind.DIALER, InterfaceKind.TUNNEL)
_IPV6_OFF = Text(
    ja="IPv6の転送が止められていますが、IPv4だけを転送する状態はモデル化していません",
    en="IPv6 forwarding is off, and forwarding IPv4 only is not modelled",
)
_IPV4_OFF = Text(
    ja="IPv4の転送が止められていますが、IPv6だけを転送する状態はモデル化していません",
    en="IPv4 forwarding is off, and forwarding IPv6 only is not modelled",
)

_MAY_BE_ENABLED = Text(
    ja="読み取れない行があり、このインタフェースが有効かどうか確かめられません",
    en="lines were not understood that may enable this interface",
)


def assemble(draft: Draft, listing: Listing) -> Device:
    """The device; afterwards `draft` holds the final coverage of definitions, doubts and notices."""
    identity = tuple(listing.headers) or tuple(command.line for command in listing.commands[:_CLUE_LINES])
    settle_lan_split(draft, listing.model, listing.version)
    settle_advertisements(draft)
    settle_selectors(draft)
    routes = build_routes(draft)
    policy_routes = build_policy_routes(draft)
    nat_rules = build_nat_rules(draft)
    hops = [hop for route in routes for hop in route.next_hops]
    hops += [hop for policy_route in policy_routes for hop in policy_route.next_hops]
    for hop in hops:
        if hop.interface is not None:
            draft.interface(hop.interface)
    builder = FilterBuilder(draft)
    gateways = by_gateway(draft)
    interfaces = {name: _interface(draft, builder, interface, gateways) for name, interface in draft.interfaces.items()}
    settle_definitions(draft)
    unused_filters(draft)
    management = build_management(draft, identity, listing.model)
    policies = build_policy_filters(draft)
    itself = local_filter(draft, management)
    to_itself = [one for one in (None if policies is None else policies.to_itself, itself) if one is not None]
    added = [*to_itself, *(() if policies is None else (policies.forwarded, policies.from_itself))]
    builder.filters.update((one.name, one) for one in added)
    other_engine = policies is not None or any(one.inbound for one in draft.interfaces.values())
    return Device(
        _name(draft, draft.file),
        "yamaha",
        draft.file,
        identity,
        interfaces,
        builder.filters,
        POLICY_PIPELINE if other_engine else PIPELINE,
        listing.model,
        listing.version,
        policies=() if policies is None else (policies.forwarded.name,),
        routes=routes,
        policy_routes=policy_routes,
        dynamic_routing=build_dynamic_routing(draft),
        nat_rules=nat_rules,
        local_in=tuple(one.name for one in to_itself),
        local_out=() if policies is None else (policies.from_itself.name,),
        filters_own_packets=True,
        forwards=_forwards(draft, interfaces),
        management=management,
        doubts=draft.doubts(),
        notices=tuple(draft.notices),
        relays=tuple(_relays(draft, interfaces)),
    )


def _relays(draft: Draft, interfaces: Mapping[str, Interface]) -> Iterator[Relay]:
    """`dhcp service relay` passes DHCP requests heard on any interface on to each `dhcp relay server`."""
    service, servers = draft.settings.get("dhcp service"), draft.settings.get("dhcp relay server")
    if service is None or servers is None or service.words[2] != "relay":
        return
    for word in servers.words[3:]:
        try:
            target = ipaddress.IPv4Address(word)
        except ValueError:
            continue
        for name, interface in interfaces.items():
            if interface.addresses:
                yield Relay(name, target, (67,), (*service.sources, *servers.sources))


def _name(draft: Draft, file: str) -> str:
    """The device's name (YA-05): there is no `hostname` command."""
    for key, start in (("console prompt", 2), ("snmp sysname", 2), ("description", 1)):
        command = draft.settings.get(key)
        if command is not None:
            words = command.raw[start:]
            if key == "description" and len(words) > 1 and words[0].isdecimal():
                words = words[1:]
            name = " ".join(words).strip()
            if name:
                return name
    return PurePosixPath(file).stem or file


def _interface(
    draft: Draft,
    builder: FilterBuilder,
    interface: InterfaceDraft,
    gateways: Mapping[str, Mapping[str, Command]],
) -> Interface:
    addresses = tuple(_with_prefix(address, interface) for address in interface.addresses.values())
    dynamic = bool(interface.dynamic)
    if interface.kind is InterfaceKind.DIALER and interface.name.startswith("pp"):
        dynamic = dynamic or "address" not in interface.addresses
    return Interface(
        interface.name,
        interface.kind,
        tuple(dict.fromkeys(interface.sources)),
        addresses,
        dynamic,
        _enabled(draft, interface),
        interface.vlan,
        interface.parent,
        filter_in=builder.build(interface, "in"),
        filter_out=builder.build(interface, "out"),
        tunnel=tunnel_end(draft, interface, gateways),
        description=interface.description,
        member_of=interface.member_of,
    )


def _with_prefix(address: InterfaceAddress, interface: InterfaceDraft) -> InterfaceAddress:
    """A virtual address is written without its prefix: it has that of the interface's own network."""
    if not address.shared:
        return address
    for own in interface.addresses.values():
        if not own.shared and address.address.ip in own.address.network:
            text = f"{address.address.ip}/{own.address.network.prefixlen}"
            return InterfaceAddress(ipaddress.ip_interface(text), address.sources, shared=True)
    return address


def _enabled(draft: Draft, interface: InterfaceDraft) -> bool:
    """PP and tunnel interfaces are off until a line enables them (14.1); all others are on until a line shuts them."""
    if interface.enabled is not None:
        return interface.enabled
    word, blank, _ = interface.name.partition(" ")
    if not blank or interface.kind not in _SELECTED_KINDS or f"{word} enable all" in draft.settings:
        return True
    unread = draft.unread_that_may_enable(word)
    if unread:
        draft.doubt(DoubtKind.UNREAD, _MAY_BE_ENABLED, unread, frozenset({interface.name}))
        return True
    text = Text(
        ja=f"{interface.name} を有効にする行（{word} enable）がないため、使われません",
        en=f"no line enables {interface.name} (`{word} enable`), so it is not used",
    )
    draft.note(NoticeKind.INACTIVE, text, tuple(interface.sources))
    return False


def _forwards(draft: Draft, interfaces: dict[str, Interface]) -> bool:
    """`ip routing off` and `ipv6 routing off` are apart; the model has one switch for both."""
    ipv4, ipv6 = draft.settings.get("ip routing"), draft.settings.get("ipv6 routing")
    with_ipv6 = frozenset(
        name
        for name, interface in interfaces.items()
        if any(address.address.version == 6 for address in interface.addresses)
        or any(key.startswith("ipv6") for key in draft.interfaces[name].dynamic)
    )
    ipv4_off = ipv4 is not None and ipv4.words[2] == "off"
    ipv6_off = ipv6 is not None and ipv6.words[2] == "off"
    if ipv4_off and (ipv6_off or not with_ipv6):
        return False
    off: tuple[Text, Sources] | None = None
    if ipv4_off and ipv4 is not None:
        off = (_IPV4_OFF, ipv4.sources)
    elif ipv6_off and ipv6 is not None and with_ipv6:
        off = (_IPV6_OFF, ipv6.sources)
    if off is not None:
        draft.doubt(DoubtKind.UNSUPPORTED, *off)
    return True
