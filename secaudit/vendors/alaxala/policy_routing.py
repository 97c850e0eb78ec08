"""Policy-based routing: a permit entry of an applied list that names a list of next hops (AX-17)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from secaudit.network.device import DoubtKind
from secaudit.network.filters import FilterLine
from secaudit.network.routes import NextHop, PolicyRoute
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.alaxala.access_lists import AccessList, Lists
from secaudit.vendors.alaxala.facts import InterfaceFacts, Named
from secaudit.vendors.alaxala.vocabulary import interface_name
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv6, is_ipv4

_WHEN = Text(
    ja="ポリシーベースルーティングの行き先は、ネクストホップの状態と、より前のエントリの一致しだいです",
    en="where policy-based routing sends packets depends on the state of its next hops and on earlier entries",
)
_UNKNOWN_HOPS = Text(
    ja="ポリシーベースルーティングの行き先(policy-list)を読み取れないため、パケットの行き先を判断できません",
    en="the next hops of a policy list are not defined or were not understood, so where packets go cannot be told",
)


def read_policy_lists(nodes: Sequence[Node], ledger: Ledger) -> dict[str, tuple[NextHop, ...]]:
    """`policy-list N` / `policy-interface IF next-hop A` / `default permit|deny`; a list with a line that is not understood has no next hops."""
    found: dict[str, tuple[NextHop, ...]] = {}
    for node in nodes:
        name = node.words[1] if len(node.words) == 2 else ""
        ledger.use(node)
        hops: list[NextHop] = []
        known = bool(name)
        for child in node.children:
            if child.keys[0] in ("default", "recover", "exit", "description"):
                ledger.use_all(child)
                continue
            try:
                hops.append(_hop(child))
                ledger.use_all(child)
            except NotUnderstoodError:
                known = False
                ledger.leave(child)
        found[name] = tuple(hops) if known else ()
    return found


def _hop(node: Node) -> NextHop:
    """`policy-interface vlan 20 next-hop 192.0.2.1 [track N]`, `next-hop 192.0.2.1 [track N]`."""
    words = Words(node.words, node.keys)
    if words.skip("policy-interface"):
        _, taken = interface_name(words.items[words.position :])
        words.position += taken
    if not words.skip("next-hop"):
        raise NotUnderstoodError("no next hop")
    if is_ipv4(words.peek()):
        hop = NextHop((node.line,), ipaddress.IPv4Address(words.address()), conditional=True)
    else:
        hop = NextHop((node.line,), ipv6(words.take()), conditional=True)
    if words.skip("track"):
        words.take()
    words.finish()
    return hop


def policy_routes(
    interfaces: Mapping[str, InterfaceFacts],
    lists: Lists,
    hops: Mapping[str, Sequence[NextHop]],
    ledger: Ledger,
) -> tuple[PolicyRoute, ...]:
    """One route for each such entry and interface. Whether it acts is never certain: entries before it may decide, and next hops may be down."""
    routes: list[PolicyRoute] = []
    for facts in interfaces.values():
        for (kind, direction), named in facts.lists.items():
            access_list = lists.get((kind, named.name))
            if direction == "in" and access_list is not None and access_list.policies:
                routes += _of_list(facts, access_list, named, hops, ledger)
    return tuple(routes)


def _of_list(
    facts: InterfaceFacts,
    access_list: AccessList,
    named: Named,
    hops: Mapping[str, Sequence[NextHop]],
    ledger: Ledger,
) -> list[PolicyRoute]:
    routes: list[PolicyRoute] = []
    unknown: list[SourceLine] = []
    by_label: dict[str, FilterLine] = {line.label: line for line in access_list.lines}
    for number, policy in access_list.policies.items():
        line = by_label[str(number)]
        held = hops.get(policy, ())
        if not held:
            unknown.append(line.sources[0])
            continue
        for family in (4, 6):
            matches = tuple(match for match in line.matches if match.family == family)
            chosen = tuple(hop for hop in held if hop.gateway is not None and hop.gateway.version == family)
            if matches and chosen:
                routes.append(
                    PolicyRoute(
                        f"{access_list.name} {line.label}",
                        matches,
                        chosen,
                        (named.source, line.sources[0]),
                        frozenset((facts.name,)),
                        facts.vrf,
                        _WHEN,
                    )
                )
    if unknown:
        ledger.doubt(DoubtKind.UNDEFINED, _UNKNOWN_HOPS, (named.source, *unknown), DEVICE)
    return routes
