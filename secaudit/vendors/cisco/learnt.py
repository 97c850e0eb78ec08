"""What an interface gets from outside, and what passes without a route of its own: defaults by DHCP, IPv6 prefixes, multicast."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPNetwork
from secaudit.network.routes import NextHop, Route
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.common.ledger import Ledger, on_interfaces

_PREFIX = Text(
    ja="IPv6 のプレフィックスが外部から与えられるため、このインターフェースの IPv6 の範囲は設定からは分かりません",
    en="the IPv6 prefix of this interface is given from outside and is not in the file",
)
_ADVERTISED = Text(
    ja="インターフェースのアドレスにない IPv6 プレフィックスを端末に広告しています",
    en="an IPv6 prefix is advertised to hosts that is none of the interface's own",
)
_MULTICAST = Text(
    ja="マルチキャストを中継します。中継される範囲はモデル化していません",
    en="multicast is routed between these interfaces; what passes is not modelled",
)
_EVERYTHING: Mapping[int, IPNetwork] = {4: ipaddress.IPv4Network("0.0.0.0/0"), 6: ipaddress.IPv6Network("::/0")}
DHCP_DISTANCE = 254


def learnt_defaults(interfaces: Mapping[str, InterfaceFacts]) -> tuple[Route, ...]:
    """`ip address dhcp` and `ipv6 address autoconfig default` give a default route while the line is up, last of all."""
    return tuple(
        Route(
            _EVERYTHING[family],
            (NextHop((line,), interface=facts.name, conditional=True),),
            (line,),
            facts.vrf,
            DHCP_DISTANCE,
        )
        for facts in interfaces.values()
        for family, line in sorted(facts.learnt.items())
    )


def doubtful_prefixes(interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """The IPv6 prefix of an interface is not in the file when it comes by DHCP or router advertisements.

    A prefix that is advertised to hosts and is none of the interface's own is not part of the model either.
    """
    for facts in interfaces.values():
        own = [one.address.network for one in facts.addresses]
        for prefix, line in facts.advertised:
            if facts.enabled and not any(net.version == 6 and prefix.subnet_of(net) for net in own):
                ledger.doubt(DoubtKind.UNSUPPORTED, _ADVERTISED, (line,), on_interfaces(facts.name))
        if facts.unknown_ipv6 is not None and facts.enabled:
            ledger.doubt(DoubtKind.UNSUPPORTED, _PREFIX, (facts.unknown_ipv6,), on_interfaces(facts.name))


def doubtful_multicast(interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """Between two interfaces that route multicast packets to groups pass; access lists for hosts do not tell which."""
    routed = [facts for facts in interfaces.values() if facts.multicast is not None and facts.enabled]
    if len(routed) > 1:
        lines = tuple(facts.multicast for facts in routed if facts.multicast is not None)
        ledger.doubt(DoubtKind.UNSUPPORTED, _MULTICAST, lines, on_interfaces(*(facts.name for facts in routed)))
