"""Reads interfaces: addresses, VLANs, LAN split, PP and tunnel interfaces, bridges."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.interfaces import InterfaceAddress, InterfaceKind
from secaudit.network.intervals import IPNetwork
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.vendors.yamaha.addresses import host, interface_address, ipv4_range
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, InterfaceDraft, Outcome, Tightening, number_of
from secaudit.vendors.yamaha.interconnect import is_understood
from secaudit.vendors.yamaha.table import Handler

_HIGHEST_VLAN = 4094
_LONGEST_WORD = 100
_LAN_TYPE = re.compile(
    r"auto|[\d,\-]+|\d+[\w\-]*-[a-z]+|(?!port-based)[a-z\d\-]+=\S+"
    r"|port-based-\w+=(?:divide-network|off|split-into-[\d:,]+|[\d,:;+\-]+)"
)
"""The words behind `lan type lan1` (4.50): speeds, numbers of ports, options."""
_FROM_PROVIDER = Text(
    ja="IPv6プレフィックスが回線側から与えられるため、このインタフェースのIPv6の範囲が分かりません",
    en="the IPv6 prefix is given by the provider, so the IPv6 range of this interface is not known",
)
_ADVERTISED = Text(
    ja="IPv6プレフィックスを広告していますが、このインタフェースのIPv6アドレスが設定にないため、IPv6の範囲が分かりません",
    en="an IPv6 prefix is advertised, but no IPv6 address is set here, so the IPv6 range of this interface is not known",
)
_BRIDGED = Text(
    ja="ブリッジ機能がインタフェースをレイヤー2でつなぐため、その間の通信は経路とフィルターだけでは判断できません",
    en="a bridge joins interfaces at layer 2, so what passes between them does not follow from routes and filters alone",
)
_NEEDS_MASK = (InterfaceKind.PHYSICAL, InterfaceKind.VLAN, InterfaceKind.BRIDGE)
"""On these the reference gives no default for a mask that is left out (8.1.2)."""


def _known(command: Command, draft: Draft) -> InterfaceDraft | None:
    name = draft.interface_name(command.words[1], command)
    return None if name is None else draft.interface(name)


def _address(command: Command, draft: Draft) -> Outcome:
    """`ip IF address A/M | dhcp`, `ip IF secondary address A/M`, `ipv6 IF address ...` (YA-10)."""
    words = command.words
    family: Family = 6 if words[0] == "ipv6" else 4
    interface = _known(command, draft)
    if interface is None:
        return Outcome.UNREAD
    text = "".join(words[words.index("address", 2) + 1 :][:1])
    key = f"ipv6 {text}" if family == 6 else words[2]
    if command.negated:
        if family == 6 and not text:
            for old in [name for name in interface.addresses if name.startswith("ipv6 ")]:
                del interface.addresses[old]
        interface.addresses.pop(key, None)
        interface.dynamic.pop(key, None)
        return Outcome.USED
    if text in ("dhcp", "auto") or "@" in text:
        interface.addresses.pop(key, None)
        interface.dynamic[key] = command.line
        interface.sources.append(command.line)
        if "@" in text or text == "auto":
            draft.doubt(DoubtKind.UNSUPPORTED, _FROM_PROVIDER, command.sources, frozenset({interface.name}))
        return Outcome.USED
    address = interface_address(family, text)
    if address is None or ("/" not in text and interface.kind in _NEEDS_MASK):
        return Outcome.UNREAD
    if key in interface.addresses and interface.addresses[key].address != address:
        text_ = Text(
            ja=f"{interface.name} のアドレスが2回設定されており、後の行が前の行を置き換えます",
            en=f"the address of {interface.name} is set twice; the later line replaces the earlier one",
        )
        draft.note(NoticeKind.OVERWRITTEN, text_, (*interface.addresses[key].sources, command.line))
    interface.dynamic.pop(key, None)
    interface.addresses[key] = InterfaceAddress(address, command.sources)
    interface.sources.append(command.line)
    return Outcome.USED


def _vrrp(command: Command, draft: Draft) -> Outcome:
    """`ip lan1 vrrp ID ADDRESS ...`: a virtual address that another router may hold as well."""
    words = command.words
    interface = _known(command, draft)
    number = words[3] if len(words) > 3 else ""
    if interface is None or number_of(number, 255) is None:
        return Outcome.UNREAD
    key = f"vrrp {words[0]} {number}"
    if command.negated:
        interface.addresses.pop(key, None)
        return Outcome.USED
    address = host(words[4]) if len(words) > 4 else None
    if address is None or address.version != (6 if words[0] == "ipv6" else 4):
        return Outcome.UNREAD
    interface.addresses[key] = InterfaceAddress(ipaddress.ip_interface(address), command.sources, shared=True)
    return Outcome.USED


def _advertise(command: Command, draft: Draft) -> Outcome:
    """`ipv6 IF rtadv send N...`: hosts behind the interface get IPv6 addresses of a prefix."""
    interface = _known(command, draft)
    if interface is None:
        return Outcome.UNREAD
    interface.advertises = None if command.negated else command.line
    interface.advertised = tuple(int(word) for word in command.words[4:] if number_of(word, 65535) is not None)
    return Outcome.USED


def _prefix(command: Command, draft: Draft) -> Outcome:
    """`ipv6 prefix N PREFIX/LENGTH [option=..]`; a prefix taken over from another interface (`ra-prefix@lan2::/64`) is not known."""
    number = number_of(command.words[2], 65535) if len(command.words) > 2 else None
    if number is None:
        return Outcome.UNREAD
    draft.prefixes.pop(number, None)
    if not command.negated and len(command.words) > 3:
        draft.prefixes[number] = None
        with suppress(ValueError):
            draft.prefixes[number] = ipaddress.ip_network(command.words[3], strict=False)
    return Outcome.USED


def settle_advertisements(draft: Draft) -> None:
    """A prefix that is advertised and is none of the interface's own IPv6 subnets is not part of the model."""
    for interface in draft.interfaces.values():
        own = [one.address.network for one in interface.addresses.values() if one.address.version == 6]
        prefixes = [draft.prefixes[number] for number in interface.advertised if number in draft.prefixes]
        known = any(name.startswith("ipv6") for name in interface.dynamic) or (
            bool(own) and all(prefix is not None and any(_holds(net, prefix) for net in own) for prefix in prefixes)
        )
        if interface.advertises is not None and not known:
            draft.doubt(DoubtKind.UNSUPPORTED, _ADVERTISED, (interface.advertises,), frozenset({interface.name}))


def _holds(outer: IPNetwork, inner: IPNetwork) -> bool:
    return (
        isinstance(outer, ipaddress.IPv6Network) and isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)
    )


def _dhcp_route(command: Command, draft: Draft) -> Outcome:
    """`ip IF dhcp auto default-route-add on|off`: whether DHCP brings a default route."""
    interface = _known(command, draft)
    if interface is None or (not command.negated and command.words[5:] not in (("on",), ("off",))):
        return Outcome.UNREAD
    interface.default_route_by_dhcp = command.negated or command.words[5] == "on"
    return Outcome.USED


def _remote_address(command: Command, draft: Draft) -> Outcome:
    """`ip pp remote address A`, `... pool A-B|A B ..|dhcp`: addresses that are reached through this interface."""
    interface = _known(command, draft)
    if interface is None:
        return Outcome.UNREAD
    words = command.words[4:]
    key = "pool" if words[:1] == ("pool",) else "peer"
    if command.negated:
        interface.peer_routes.pop(key, None)
        return Outcome.USED
    values = words[1:] if key == "pool" else words
    if values[:1] in (("dhcp",), ("dhcpc",)):
        text = Text(
            ja="接続してきた相手に与えるアドレスがDHCPで決まるため、どのアドレスがこの先にあるか分かりません",
            en="the addresses given to callers come from DHCP, so what is behind this interface is not known",
        )
        draft.doubt(DoubtKind.UNSUPPORTED, text, command.sources, frozenset({interface.name}))
        return Outcome.USED
    ranges = [ipv4_range(value) for value in values]
    if not ranges or None in ranges:
        return Outcome.UNREAD
    networks: list[IPNetwork] = []
    for found in ranges:
        if found is not None:
            first, last = map(ipaddress.IPv4Address, found)
            networks += ipaddress.summarize_address_range(first, last)
    interface.peer_routes[key] = (tuple(networks), command.line)
    interface.sources.append(command.line)
    return Outcome.USED


def _tagged_vlan(command: Command, draft: Draft) -> Outcome:
    """`vlan lan1/1 802.1q vid=10 [name=..]`."""
    name = draft.interface_name(command.words[1], command)
    if name is None or "/" not in name:
        return Outcome.UNREAD
    if command.negated:
        draft.interface(name).vlan = None
        return Outcome.USED
    vid = next((word[4:] for word in command.words[3:] if word.startswith("vid=")), "")
    number = number_of(vid, _HIGHEST_VLAN)
    if number is None:
        return Outcome.UNREAD
    interface = draft.interface(name, command.line)
    interface.vlan = number
    label = next((raw[5:] for raw in command.raw[3:] if raw.lower().startswith("name=")), "")
    interface.description = interface.description or label
    return Outcome.USED


def _port_mapping(command: Command, draft: Draft) -> Outcome:
    """`vlan port mapping lan1.3 vlan2`: acts only with `divide-network` (38.2)."""
    words = command.words
    if len(words) < 4 or draft.interface_name(words[3], command) is None or "." not in words[3]:
        return Outcome.UNREAD
    if command.negated:
        draft.port_mappings.pop(words[3], None)
        return Outcome.USED
    if len(words) != 5 or not words[4].startswith("vlan") or draft.interface_name(words[4], command) is None:
        return Outcome.UNREAD
    draft.port_mappings[words[3]] = (words[4], command.line)
    interface = draft.interface(words[4], command.line)
    interface.parent = interface.parent or words[3].partition(".")[0]
    return Outcome.USED


def _lan_type(command: Command, draft: Draft) -> Outcome:
    """`lan type lan1 ... port-based-option=divide-network`; `-` in the extended form keeps a port from the router."""
    words = command.words
    name = draft.interface_name(words[2], command) if len(words) > 2 else None
    if name is None:
        return Outcome.UNREAD
    option = next((word.partition("=")[2] for word in words[3:] if word.startswith("port-based-")), "")
    if not command.negated and not all(len(word) <= _LONGEST_WORD and _LAN_TYPE.fullmatch(word) for word in words[3:]):
        return Outcome.UNREAD
    if command.negated or option == "off":
        draft.divided.pop(name, None)
    elif option == "divide-network":
        draft.divided[name] = command
    elif "-" in option and option[:1].isdecimal():
        text = Text(
            ja="このLANの一部のポートは、ルーターを経由する通信を禁止されています",
            en="some ports of this LAN are kept from going through the router",
        )
        draft.interface(name).tightening.append(Tightening("in", text, command.line))
    return Outcome.USED


def _shutdown(command: Command, draft: Draft) -> Outcome:
    """`lan shutdown lan2`; with port numbers only these ports are closed, the interface stays."""
    words = command.words
    name = draft.interface_name(words[2], command) if len(words) > 2 else None
    if name is None:
        return Outcome.UNREAD
    if len(words) == 3:
        draft.interface(name, command.line).enabled = command.negated
    return Outcome.USED


def _enable(command: Command, draft: Draft) -> Outcome:
    """`pp enable N..`, `tunnel enable N..|all`, and `disable`; both are off until they are enabled (11, 14.1)."""
    kind, verb, *which = command.words
    on = (verb == "enable") is not command.negated
    names: list[str] = []
    if any("-" in word or word == "all" for word in which):
        draft.range_budget -= len(draft.interfaces)
        if draft.range_budget < 0:
            return Outcome.UNREAD
    for word in which:
        first, dash, last = word.partition("-")
        if word == "all":
            if on:
                draft.settings[f"{kind} enable all"] = command
            else:
                draft.settings.pop(f"{kind} enable all", None)
            names += [name for name in draft.interfaces if name.startswith(f"{kind} ")]
        elif word == "anonymous":
            names.append(f"{kind} anonymous")
        elif dash and all(not end or number_of(end, 999_999) is not None for end in (first, last)):
            names += _numbered(kind, first, last, draft)
        elif number_of(word, 999_999) is not None:
            names.append(f"{kind} {int(word)}")
        else:
            return Outcome.UNREAD
    if not which:
        return Outcome.UNREAD
    for name in names:
        interface = draft.interface(name, command.line)
        interface.enabled = on
    return Outcome.USED


def _numbered(kind: str, first: str, last: str, draft: Draft) -> list[str]:
    """The interfaces already mentioned whose number lies in `first-last`; either end may be missing."""
    low = number_of(first, 999_999) or 1
    high = number_of(last, 999_999) or 999_999
    numbers = ((name, name.partition(" ")) for name in draft.interfaces)
    return [
        name
        for name, (word, _, number) in numbers
        if word == kind and number.isdecimal() and low <= int(number) <= high
    ]


def _description(command: Command, draft: Draft) -> Outcome:
    """`description IF TEXT` describes an interface, `description [N] TEXT` the device (YA-05)."""
    words = command.words
    name = draft.interface_name(words[1], command) if len(words) > 1 else None
    if name is None:
        if words[1:2] in (("pp",), ("tunnel",)):
            return Outcome.UNREAD
        draft.settings.setdefault("description", command)
        return Outcome.USED
    interface = draft.interface(name)
    interface.description = "" if command.negated else " ".join(command.raw[2:])
    return Outcome.USED


def _bridge(command: Command, draft: Draft) -> Outcome:
    """`bridge member bridge1 lan1 tunnel1`: layer 2 between the members."""
    names = [draft.interface_name(word, command) for word in command.words[2:]]
    known = [name for name in names if name is not None]
    if len(known) != len(names) or not known:
        return Outcome.UNREAD
    if not command.negated:
        for name in known:
            draft.interface(name, command.line)
        for name in known[1:]:
            draft.interface(name).member_of = known[0]
        draft.doubt(DoubtKind.UNSUPPORTED, _BRIDGED, command.sources, frozenset(known))
    return Outcome.USED


def _interconnect(command: Command, draft: Draft) -> Outcome:
    """`vlan interconnect group lan1 all|none|...`: only keeps VLANs of one LAN apart, after the out filter (38.3)."""
    words = command.words
    name = draft.interface_name(words[3], command) if len(words) > 3 else None
    if name is None:
        return Outcome.UNREAD
    if command.negated or words[4:] == ("all",):
        draft.settings.pop(f"interconnect {name}", None)
        return Outcome.USED
    draft.settings[f"interconnect {name}"] = command
    if is_understood(words[4:]):
        return Outcome.USED
    draft.mark_unread(
        command.sources, could_matter=False
    )  # whatever it says, it only keeps parts of the LAN from each other
    return Outcome.ACCOUNTED


HANDLERS: Mapping[str, Handler] = {
    "ip|ipv6 * address": _address,
    "ip * secondary address": _address,
    "ip|ipv6 * vrrp": _vrrp,
    "ipv6 * rtadv send": _advertise,
    "ipv6 prefix": _prefix,
    "ip * dhcp auto default-route-add": _dhcp_route,
    "ip * remote address": _remote_address,
    "vlan * 802.1q": _tagged_vlan,
    "vlan port mapping": _port_mapping,
    "vlan interconnect group": _interconnect,
    "lan type": _lan_type,
    "lan shutdown": _shutdown,
    "pp|tunnel enable|disable": _enable,
    "description": _description,
    "bridge member": _bridge,
}
