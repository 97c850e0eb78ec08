"""Traffic that leaves by the interface it came in by: `allow-traffic-redirect`.

While it is on, a packet whose source is in the subnet of the interface goes back out by the same interface without any
policy; for other sources that depends on the release (Fortinet community 98332). What it is by default does so as well
(`data/defaults.toml`). Packets that a VIP translated, and tunnels, are not concerned.
"""

from __future__ import annotations

from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.intervals import of_networks
from secaudit.network.matches import UNMARKED, Family, Match, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.findings import Scope

_OPTIONS: tuple[tuple[Family, str], ...] = ((4, "allow-traffic-redirect"), (6, "ipv6-allow-traffic-redirect"))
_NOT_CONCERNED = (InterfaceKind.TUNNEL, InterfaceKind.LOOPBACK, InterfaceKind.NULL)
_OTHER_SOURCES = Text(
    ja="同じインタフェースから出る通信を、ポリシーなしで転送する設定です。送信元が直結サブネット以外のときの働きは版により異なります。",
    en="Traffic that leaves by the interface it came in by is forwarded without a policy; for sources outside the connected subnet that depends on the release.",
)
_UNKNOWN_DEFAULT = Text(
    ja="同じインタフェースから出る通信をポリシーなしで転送するか（allow-traffic-redirect）が、設定からも版からも分かりません。",
    en="Neither the file nor the release tells whether traffic that leaves by the interface it came in by is forwarded without a policy (allow-traffic-redirect).",
)


def hairpin_lines(scope: Scope, interfaces: dict[str, Interface]) -> list[FilterLine]:
    """The lines in front of all policies that stand for `allow-traffic-redirect`."""
    lines: list[FilterLine] = []
    usual = scope.defaults.allow_traffic_redirect, scope.defaults.ipv6_allow_traffic_redirect
    for (family, option), on in zip(_OPTIONS, usual, strict=True):
        works, sources = _works(scope, option, on)
        if works is False:
            continue
        for interface in interfaces.values():
            if interface.enabled and interface.kind not in _NOT_CONCERNED and _has_family(interface, family):
                lines += _of_interface(interface, family, option, works, sources)
    return lines


def _works(scope: Scope, option: str, usual: bool | None) -> tuple[bool | None, Sources]:
    """Whether the option is on (None: it cannot be told), and the lines that say so."""
    settings = scope.shared.sections.get("system global")
    said = settings.get(option) if settings is not None else ""
    if settings is not None and said:
        return {"enable": True, "disable": False}.get(said), settings.lines_of(option)
    return usual, scope.identity


def _has_family(interface: Interface, family: Family) -> bool:
    if interface.dynamic_address and family == 4:
        return True
    return any(address.address.version == family for address in interface.addresses)


def _of_interface(
    interface: Interface, family: Family, option: str, works: bool | None, sources: Sources
) -> list[FilterLine]:
    both = frozenset((interface.name,))
    own = of_networks(a.address.network for a in interface.addresses if a.address.version == family)
    anywhere = any_address(family)

    def line(match: Match, certainty: Certainty, doubt: Text | None) -> FilterLine:
        return FilterLine(
            label=f"{option} {interface.name}",
            action=Action.PERMIT,
            matches=(match,),
            sources=(*sources, *interface.sources[:1]),
            certainty=certainty,
            doubt=doubt,
            ingress=both,
            egress=both,
        )

    other = line(
        Match(family, anywhere, anywhere, marks=UNMARKED),
        Certainty.UNCERTAIN,
        _UNKNOWN_DEFAULT if works is None else _OTHER_SOURCES,
    )
    if not own or works is None:
        return [other]
    return [line(Match(family, own, anywhere, marks=UNMARKED), Certainty.ALWAYS, None), other]
