"""Reads what a tunnel interface says about its other end and about what carries it (A.8, command reference 14 and 15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import ANY_IPV4, IPV4_MAX, IPAddress, complement, of_network
from secaudit.network.matches import Match
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.yamaha.addresses import host, network
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, InterfaceDraft, Outcome, Tightening
from secaudit.vendors.yamaha.proposals import proposals
from secaudit.vendors.yamaha.table import Handler

_MAP_E = frozenset(("map-e", "hb46pp"))
_CARRIERS = {
    "ipsec": Carrier.IPSEC,
    "ipip": Carrier.IPIP,
    "gre": Carrier.GRE,
    "l2tpv3": Carrier.L2TPV3,
    "l2tpv3-raw": Carrier.L2TPV3,
}
_SELECTED = Text(
    ja="IPsec SAのポリシー（local-id・remote-id）がトンネルに入る通信を限定することがあります",
    en="the policy of the IPsec SA (local-id, remote-id) may narrow what enters the tunnel",
)


def _encapsulation(command: Command, draft: Draft) -> Outcome:
    """`tunnel encapsulation TYPE`; a MAP-E tunnel gets its address from the provider (YA-73)."""
    if command.tunnel is None:
        return Outcome.UNREAD
    interface = draft.interface(command.tunnel, command.line)
    kind = "" if command.negated or len(command.words) < 3 else command.words[2]
    if kind in _MAP_E:
        interface.dynamic["encapsulation"] = command.line
    else:
        interface.dynamic.pop("encapsulation", None)
    return _keep(command, draft, "encapsulation")


def _endpoint(command: Command, draft: Draft) -> Outcome:
    """`tunnel endpoint [remote|local] address [LOCAL] REMOTE`."""
    length = 3 if command.words[2] == "address" else 4
    if not command.negated and (
        len(command.words) <= length or any(host(word) is None for word in command.words[length:])
    ):
        return Outcome.UNREAD
    return _keep(command, draft, " ".join(command.words[:length]))


def _of_gateway(command: Command, draft: Draft) -> Outcome:
    """`ipsec ike local|remote address|name GATEWAY VALUE`: of the tunnel whose policy names that gateway."""
    words = command.words
    if len(words) < (5 if command.negated else 6):
        return Outcome.UNREAD
    return _keep_setting(command, draft, " ".join(words[:5]))


def _policy(command: Command, draft: Draft) -> Outcome:
    """`ipsec sa policy POLICY GATEWAY ah|esp ... [local-id=NET] [remote-id=NET]`."""
    if len(command.words) < (4 if command.negated else 6):
        return Outcome.UNREAD
    return _keep_setting(command, draft, " ".join(command.words[:4]))


def _tunnel_policy(command: Command, draft: Draft) -> Outcome:
    """`ipsec tunnel POLICY`: the policy that the selected tunnel uses."""
    return _keep(command, draft, "ipsec tunnel")


def _keep(command: Command, draft: Draft, key: str) -> Outcome:
    if command.tunnel is None:
        return Outcome.UNREAD
    settings = draft.interface(command.tunnel, command.line).tunnel
    if command.negated:
        settings.pop(key, None)
    else:
        settings[key] = command
    return Outcome.USED


def _keep_setting(command: Command, draft: Draft, key: str) -> Outcome:
    """A setting of the device that usually stands below a tunnel; the tunnel where it stood counts when no policy tells."""
    if command.negated:
        draft.settings.pop(key, None)
        return Outcome.USED
    draft.settings[key] = command
    if command.tunnel is not None:
        draft.interface(command.tunnel).tunnel[key] = command
    return Outcome.USED


def by_gateway(draft: Draft) -> dict[str, dict[str, Command]]:
    """The `ipsec ike` settings of a device by the number of the security gateway that they are about."""
    found: dict[str, dict[str, Command]] = {}
    for key, command in draft.settings.items():
        if key.startswith("ipsec ike ") and len(command.words) > 4:
            found.setdefault(command.words[4], {})[key] = command
    return found


def tunnel_end(
    draft: Draft, interface: InterfaceDraft, gateways: Mapping[str, Mapping[str, Command]]
) -> TunnelEnd | None:
    """What the interface says about its other end. `gateways` are those of `by_gateway`.

    None when it is no tunnel, or one that carries no IP by itself: PPTP carries the PP interface that is bound to it, and MAP-E has no
    single other end. L2TP carries such a PP interface as well, but where IPsec protects it, its algorithms are told.
    """
    if interface.kind is not InterfaceKind.TUNNEL or not interface.name.startswith("tunnel"):
        return None
    kind = interface.tunnel.get("encapsulation")
    word = kind.words[2] if kind is not None else "ipsec"
    carrier = _CARRIERS.get(word)
    if carrier is Carrier.IPSEC:
        return _ipsec(draft, interface, gateways)
    offered = _ipsec(draft, interface, gateways).proposals if "ipsec tunnel" in interface.tunnel else None
    if carrier is not None:
        return replace(_plain(interface, carrier), proposals=offered)
    if word == "l2tp" and offered is not None and kind is not None:
        return TunnelEnd(Carrier.OTHER, kind.sources, proposals=offered)
    return None


def _plain(interface: InterfaceDraft, carrier: Carrier) -> TunnelEnd:
    local: IPAddress | None = None
    remote: IPAddress | None = None
    lines: list[SourceLine] = []
    for key, command in interface.tunnel.items():
        if not key.startswith("tunnel endpoint"):
            continue
        addresses = [host(word) for word in command.words[key.count(" ") + 1 :]]
        lines += command.sources
        if "local" in key:
            local = addresses[-1]
        else:
            remote = addresses[-1]
            local = addresses[0] if len(addresses) > 1 else local
    return TunnelEnd(carrier, tuple(lines) or tuple(interface.sources), remote, local)


def _ipsec(draft: Draft, interface: InterfaceDraft, gateways: Mapping[str, Mapping[str, Command]]) -> TunnelEnd:
    gateway, policies = _gateway(draft, interface)
    settings = {key: draft.settings.get(key, command) for key, command in interface.tunnel.items()}
    found = {
        " ".join(command.words[2:4]): command
        for key, command in {**settings, **gateways.get(gateway, {})}.items()
        if key.startswith("ipsec ike ") and (not gateway or command.words[4] == gateway)
    }
    remote = found.get("remote address")
    word = "" if remote is None else remote.words[5]
    local = found.get("local address")
    lines = [line for command in (*policies, *found.values()) for line in command.sources]
    sources = tuple(dict.fromkeys(lines)) or tuple(interface.sources)
    named = "local name" in found or "remote name" in found
    return TunnelEnd(
        Carrier.IPSEC,
        sources,
        host(word),
        None if local is None else host(local.words[5]),
        answers=word == "any" or (not word and "remote name" in found),
        local_id=found["local name"].raw[5] if "local name" in found else "",
        remote_id=found["remote name"].raw[5] if "remote name" in found else "",
        proposals=proposals(draft, gateway, policies, named, sources),
    )


def _gateway(draft: Draft, interface: InterfaceDraft) -> tuple[str, list[Command]]:
    """The number of the security gateway of a tunnel, by its policy; empty when no line tells."""
    use = interface.tunnel.get("ipsec tunnel")
    if use is None or len(use.words) < 3:
        return "", []
    policy = draft.settings.get(f"ipsec sa policy {use.words[2]}")
    return ("", [use]) if policy is None else (policy.words[4], [use, policy])


def settle_selectors(draft: Draft) -> None:
    """`local-id` and `remote-id` of a policy: what is outside of them is not surely carried."""
    for interface in draft.interfaces.values():
        for command in _gateway(draft, interface)[1]:
            for match in _outside(command):
                for direction, side in (("out", match), ("in", _mirrored(match))):
                    tightening = Tightening(direction, _SELECTED, command.line, matches=(side,))
                    interface.tightening.append(tightening)


def _outside(command: Command) -> Iterator[Match]:
    for word in command.words[5:]:
        name, equals, value = word.partition("=")
        held = network(4, value) if equals and name in ("local-id", "remote-id") else None
        if held is not None:
            others = complement((of_network(held),), IPV4_MAX)
            if others:
                ends = (others, ANY_IPV4) if name == "local-id" else (ANY_IPV4, others)
                yield Match(4, *ends)


def _mirrored(match: Match) -> Match:
    return Match(match.family, match.destinations, match.sources)


HANDLERS: Mapping[str, Handler] = {
    "tunnel encapsulation": _encapsulation,
    "tunnel endpoint address": _endpoint,
    "tunnel endpoint local|remote address": _endpoint,
    "ipsec ike local|remote address": _of_gateway,
    "ipsec ike local|remote name": _of_gateway,
    "ipsec sa policy": _policy,
    "ipsec tunnel": _tunnel_policy,
}
