"""Those who dial in (L2TP, PPP): the addresses that a `ppp profile` gives them lead to the interface that is bound to it, while they are connected.

Such a range is often part of the subnet of a LAN, so without these routes their packets would seem to go there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words
from secaudit.vendors.nec_ix.interface_facts import InterfaceFacts

_GIVEN = ("ipcp", "provide-ip-address")
_CALLERS = Text(
    ja="L2TP で接続する利用者への経路は、接続している間だけ存在します",
    en="routes to those who dial in by L2TP exist while they are connected",
)
_UNKNOWN_CALLERS = Text(
    ja="L2TP で接続する利用者に割り当てるアドレスが設定からは分かりません",
    en="which addresses those get who dial in by L2TP cannot be told from the file",
)

Ranges = Mapping[str, tuple[tuple[int, int], SourceLine]]


def given_ranges(nodes: Sequence[Node]) -> Ranges:
    """`ppp profile NAME` / `  ipcp provide-ip-address range FIRST LAST`, by the name of the profile."""
    found: dict[str, tuple[tuple[int, int], SourceLine]] = {}
    for node in nodes:
        if node.keys[:2] != ("ppp", "profile") or len(node.words) < 3:
            continue
        for child in node.children:
            if child.keys[:2] != _GIVEN:
                continue
            words = Words(child.words, child.keys, 2)
            try:
                several = words.skip("range")
                first = words.address()
                last = words.address() if several else first
                words.finish()
            except NotUnderstoodError:
                continue
            if first <= last:
                found[node.words[2]] = ((first, last), child.line)
    return found


def routes_to_callers(interfaces: Mapping[str, InterfaceFacts], ranges: Ranges, ledger: Ledger) -> tuple[Route, ...]:
    """Routes that exist while somebody is connected. A doubt where somebody may dial in and get any address, also one of a LAN."""
    routes: list[Route] = []
    for facts in interfaces.values():
        held = None if facts.binding is None else ranges.get(facts.binding.name)
        if held is None or facts.binding is None:
            line = _called_by(facts)
            if line is not None:
                ledger.doubt(DoubtKind.UNSUPPORTED, _UNKNOWN_CALLERS, (line,))
            continue
        (first, last), line = held
        sources = (line, facts.binding.source)
        hop = NextHop(sources, interface=facts.name, conditional=True)
        span = ipaddress.summarize_address_range(ipaddress.IPv4Address(first), ipaddress.IPv4Address(last))
        routes += [Route(prefix, (hop,), sources) for prefix in span]
    return tuple(routes)


def unknown_routes(interfaces: Mapping[str, InterfaceFacts]) -> tuple[DynamicRouting, ...]:
    """A router that dials in may have any network behind it."""
    called = ((facts.name, _called_by(facts)) for facts in interfaces.values())
    return tuple(
        DynamicRouting("L2TP", (line,), "", frozenset((name,)), transient=True, reason=_CALLERS)
        for name, line in called
        if line is not None
    )


def _called_by(facts: InterfaceFacts) -> SourceLine | None:
    """The line that tells that callers come by a tunnel: its mode, or the PPP profile, which no other kind of tunnel has."""
    if facts.kind is not InterfaceKind.TUNNEL:
        return None
    if facts.tunnel is not None and facts.tunnel.dial_in:
        return facts.tunnel.sources[0]
    return facts.unread_l2tp if facts.binding is None else facts.binding.source
