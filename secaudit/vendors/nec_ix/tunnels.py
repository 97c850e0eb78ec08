"""Tunnel interfaces: where the other end is, by `tunnel destination`, IKEv2 peers or the IPsec policy that they name."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import IPAddress
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET
from secaudit.network.tunnels import Carrier, Proposal, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words
from secaudit.vendors.nec_ix.access_lists import Lists
from secaudit.vendors.nec_ix.interface_facts import InterfaceFacts, TunnelFacts
from secaudit.vendors.nec_ix.proposals import Offers

_LAYER2 = Text(
    ja="イーサネットフレームを運ぶトンネルです。先の機器と同じ配線になり、モデル化していません",
    en="the tunnel carries Ethernet frames: what is behind its other end is on the same wire, which is not modelled",
)
_NO_POLICY = Text(
    ja="IPsec のポリシーマップが定義されていないため、トンネルの相手を確認できません",
    en="the IPsec policy map is not defined, so the other end of the tunnel is not known",
)
_NO_MODE = Text(
    ja="tunnel mode の行がないため、トンネルの種類を確認できません",
    en="there is no `tunnel mode`: what kind of tunnel it is cannot be told",
)
_SELECTOR = Text(
    ja="IPsec で運ぶ通信を選ぶアクセスリストがすべての通信を対象としていないため、何が運ばれるか確認できません",
    en="the access list that selects what IPsec carries is not for every packet: what is carried is not certain",
)


@dataclass(frozen=True, slots=True)
class PolicyMap:
    """`ipsec autokey-map NAME LIST peer A ...` or `ipsec dynamic-map NAME LIST ...`. `remote` None with `answers`: whoever calls."""

    selector: str
    remote: IPAddress | None
    answers: bool
    source: SourceLine
    proposals: tuple[Proposal, ...] = ()


def read_policy_maps(nodes: Sequence[Node], offers: Offers, ledger: Ledger) -> dict[str, PolicyMap]:
    """All policy maps by name; a later line replaces an earlier one."""
    found: dict[str, PolicyMap] = {}
    for node in nodes:
        try:
            name, held = _policy_map(node)
        except NotUnderstoodError:
            ledger.leave(node)
            continue
        found[name] = replace(held, proposals=offers.of_map(node))
        ledger.use_all(node)
    return found


def _policy_map(node: Node) -> tuple[str, PolicyMap]:
    words = Words(node.words, node.keys, 2)
    name, selector = words.take(), words.take()
    if node.keys[1] == "dynamic-map":
        return name, PolicyMap(selector, None, True, node.line)
    if not words.skip("peer"):
        return name, PolicyMap(selector, None, True, node.line)
    word = words.take()
    try:
        return name, PolicyMap(selector, ipaddress.ip_address(word), False, node.line)
    except ValueError:
        return name, PolicyMap(selector, None, word.lower() == "any", node.line)


def tunnel_end(
    facts: InterfaceFacts, maps: Mapping[str, PolicyMap], offers: Offers, lists: Lists, ledger: Ledger
) -> TunnelEnd | None:
    """What a tunnel interface says about its other end; None for other interfaces."""
    if facts.kind is not InterfaceKind.TUNNEL:
        return None
    tunnel = facts.tunnel
    scope = on_interfaces(facts.name)
    if tunnel is None:
        ledger.doubt(DoubtKind.UNSUPPORTED, _NO_MODE, (facts.sources[0],), scope)
        return TunnelEnd(Carrier.OTHER, tuple(facts.sources), answers=True)
    if not any("mode" in line.text.split() for line in tunnel.sources):
        ledger.doubt(DoubtKind.UNSUPPORTED, _NO_MODE, (facts.sources[0],), scope)
    if tunnel.layer2 is not None:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LAYER2, (tunnel.layer2,), scope)
    sources = tuple(tunnel.sources)
    if tunnel.policy is None:
        return TunnelEnd(
            tunnel.carrier, sources, tunnel.remote, tunnel.local, tunnel.local_interface, tunnel.answers,
            remote_id=tunnel.remote_id, proposals=_of_ikev2(facts, tunnel, offers),
        )  # fmt: skip
    end = _by_policy(facts, tunnel, maps.get(tunnel.policy.name), lists, ledger)
    # A policy map is for IKEv1: beside a mode of IKEv2, nothing is told.
    return replace(end, proposals=None) if tunnel.ikev2 else end


def _of_ikev2(facts: InterfaceFacts, tunnel: TunnelFacts, offers: Offers) -> tuple[Proposal, ...] | None:
    return offers.of_tunnel(facts.ikev2, tuple(tunnel.sources), facts.unread) if tunnel.ikev2 else None


def _by_policy(
    facts: InterfaceFacts, tunnel: TunnelFacts, held: PolicyMap | None, lists: Lists, ledger: Ledger
) -> TunnelEnd:
    sources = tuple(tunnel.sources)
    scope = on_interfaces(facts.name)
    if held is None:
        line = tunnel.policy.source if tunnel.policy is not None else sources[0]
        ledger.doubt(DoubtKind.UNDEFINED, _NO_POLICY, (line,), scope)
        return TunnelEnd(Carrier.IPSEC, sources, tunnel.remote, answers=True)
    selector = [one for family in (4, 6) if (one := lists.static.get((family, held.selector))) is not None]
    every = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
    if not selector or not all(
        one.permitted().exact and one.permitted().matches[:1] and one.permitted().matches[0] in every
        for one in selector
    ):
        ledger.doubt(DoubtKind.UNSUPPORTED, _SELECTOR, (held.source,), scope)
    remote = tunnel.remote or held.remote
    answers = tunnel.answers or (held.answers and remote is None)
    return TunnelEnd(
        Carrier.IPSEC, (*sources, held.source), remote, tunnel.local, tunnel.local_interface, answers,
        proposals=held.proposals,
    )  # fmt: skip
