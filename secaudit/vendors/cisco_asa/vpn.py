"""VPN: crypto maps, virtual tunnel interfaces and remote access clients.

Each entry of a crypto map becomes a tunnel interface of its own that stands where the outer interface stands: for address translation
decrypted packets come in by the outer interface. Translation comes before the crypto map, whose access list names translated addresses. While
`sysopt connection permit-vpn` (the default) decrypted packets pass by the access lists and security levels (AS-04).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.intervals import Interval, IPAddress, IPNetwork
from secaudit.network.matches import ANY_PACKET, Match
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.network.tunnels import Carrier, Diversion, Proposal, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.access_lists import AccessList, unknown_line
from secaudit.vendors.cisco_asa.addresses import Words
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.proposals import Algorithms, Setting
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import prefix_length

_MOST_PREFIXES = 64


@lru_cache(maxsize=1024)
def _alone(name: str) -> frozenset[str]:
    return frozenset((name,))


_HARMLESS = frozenset(
    ("ikev1", "ikev2", "transform-set", "pfs", "security-association", "nat-t-disable", "connection-type",
     "phase1-mode", "trustpoint", "df-bit", "tfc-packets", "validate-icmp-errors")
)  # fmt: skip
_NOT_MODELLED = Text(
    ja="暗号マップ（IPsec）により、一部の通信は別の経路で届きます。この書き方はモデル化していません",
    en="a crypto map (IPsec) carries some traffic to another place; this form of it is not modelled",
)
_UNUSED = Text(
    ja="どのインタフェースにも適用されていない暗号マップです",
    en="a crypto map that no interface applies",
)
_UNENCRYPTED = Text(
    ja="暗号マップの対象となる通信が暗号化されずに届くと破棄されます",
    en="packets that the crypto map names are dropped when they come in unencrypted",
)
_VPN_FILTER = Text(
    ja="vpn-filter や動的なポリシーが、VPN から来た通信をさらに制限することがあります",
    en="a vpn-filter or a dynamic policy may restrict packets that came by a VPN",
)
_BYPASS_DEFAULT = Text(
    ja="sysopt connection permit-vpn の行がなく、既定で VPN からの通信がアクセスリストを通らないかを確認できません",
    en="there is no line about `sysopt connection permit-vpn`, and whether packets that came by a VPN pass by the lists is not confirmed",
)
_VTI = Text(
    ja="仮想トンネルインタフェースから来た通信にアクセスリストが働くかを確認できません",
    en="whether access lists act on packets from a virtual tunnel interface is not confirmed",
)
_NO_LIST = Text(
    ja="暗号マップの対象を決めるリストがありません",
    en="the list that selects packets for the crypto map is not there",
)


@dataclass(slots=True)
class _Entry:
    sequence: int
    lines: list[SourceLine] = field(default_factory=list)
    list_name: str | None = None
    peers: list[str] = field(default_factory=list)
    dynamic: str | None = None
    reverse: bool = False
    """`set reverse-route`: a route to the other end is added."""
    unknown: bool = False
    settings: list[Setting] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CryptoTunnel:
    """One entry of a crypto map at one interface."""

    name: str
    outside: str
    end: TunnelEnd
    selector: str | None
    """The name of the filter that selects its packets; None for callers whose addresses are not known."""
    lines: tuple[FilterLine, ...]
    sources: Sources


@dataclass(slots=True)
class Vpn:
    """Everything by which packets come in encrypted."""

    interfaces: Mapping[str, InterfaceFacts]
    lists: Mapping[str, AccessList]
    names: Mapping[str, IPAddress]
    ledger: Ledger
    algorithms: Algorithms
    tunnels: list[CryptoTunnel] = field(default_factory=list)
    pools: list[tuple[tuple[Interval, ...], SourceLine]] = field(default_factory=list)
    clients: dict[str, Sources] = field(default_factory=dict)
    """By interface, the lines that let remote access clients in."""
    bypass: Sources | None = ()
    """None: `no sysopt connection permit-vpn`."""
    bypass_unsure: bool = False
    """Nothing says it, and the default is not sure."""
    restricted: Sources = ()
    _maps: dict[str, dict[int, _Entry]] = field(default_factory=dict)
    _applied: dict[str, tuple[str, SourceLine]] = field(default_factory=dict)
    _standing: dict[str, frozenset[str]] = field(default_factory=dict)
    _reversing: dict[str, SourceLine] = field(default_factory=dict)
    """Dynamic maps with `set reverse-route`."""
    _offered_to_callers: dict[str, dict[str, list[Setting]]] = field(default_factory=dict)
    """The settings of dynamic maps, by their entries."""
    _reverse: list[CryptoTunnel] = field(default_factory=list)
    _learnt: list[DynamicRouting] = field(default_factory=list)

    # --- reading

    def crypto_map(self, node: Node) -> None:
        """`crypto map NAME SEQ ...` and `crypto map NAME interface IF`."""
        keys, words = node.keys, node.words
        self.ledger.use_all(node)
        if len(keys) == 5 and keys[3] == "interface":
            if words[4] in self.interfaces:
                self._applied[words[4]] = (words[2], node.line)
            else:
                self.ledger.leave(node)
            return
        if len(keys) < 5 or not (keys[3].isdigit() and len(keys[3]) < 6):
            self.ledger.leave(node)
            return
        entry = self._maps.setdefault(words[2], {}).setdefault(int(keys[3]), _Entry(int(keys[3])))
        entry.lines.append(node.line)
        if keys[4] == "set":
            entry.settings.append((words[5:], node.line))
        match keys[4:]:
            case ("match", "address", _):
                entry.list_name = words[6]
            case ("set", "peer", *_) if len(keys) > 6:
                entry.peers.extend(words[6:])
            case ("ipsec-isakmp", "dynamic", _):
                entry.dynamic = words[6]
            case ("ipsec-isakmp",):
                pass
            case ("set", "reverse-route", *_):
                entry.reverse = True
            case ("set", setting, *_) if setting in _HARMLESS:
                pass
            case _:
                entry.unknown = True

    def dynamic_map(self, node: Node) -> None:
        """`crypto dynamic-map NAME SEQ set ...`: its peers are not known, whatever else it says."""
        self.ledger.use_all(node)
        if node.keys[4:5] == ("set",):
            entries = self._offered_to_callers.setdefault(node.words[2], {})
            entries.setdefault(node.words[3], []).append((node.words[5:], node.line))
        if node.keys[4:6] == ("set", "reverse-route"):
            self._reversing.setdefault(node.words[2], node.line)

    def pool(self, node: Node) -> None:
        """`ip local pool NAME FIRST-LAST [mask MASK]`: addresses of remote access clients."""
        try:
            words = Words(node.words, node.keys, self.names, 4)
            first, dash, last = words.take().partition("-")
            low = ipaddress.IPv4Address(first)
            high = ipaddress.IPv4Address(last) if dash else low
            if low > high:
                raise NotUnderstoodError("the range is upside down")
            if words.skip("mask"):
                prefix_length(words.mask())
            words.finish()
            self.pools.append((((int(low), int(high)),), node.line))
            self.ledger.use_all(node)
        except (NotUnderstoodError, ValueError):
            self.ledger.leave(node)

    # --- building

    def build(self) -> None:
        """The tunnels of all interfaces that apply a crypto map."""
        applied = {name for name, _ in self._applied.values()}
        for name, entries in self._maps.items():
            if name not in applied:
                for entry in entries.values():
                    for line in entry.lines:
                        self.ledger.irrelevant[line.number] = _UNUSED
                        self.ledger.used.discard(line.number)
        for outside, (name, line) in self._applied.items():
            entries = self._maps.get(name, {})
            if not entries or any(entry.unknown for entry in entries.values()):
                lines = tuple(one for entry in entries.values() for one in entry.lines)
                self.ledger.doubt(DoubtKind.UNSUPPORTED, _NOT_MODELLED, (line, *lines), on_interfaces(outside))
            for entry in sorted(entries.values(), key=lambda one: one.sequence):
                self._entry(outside, name, line, entry)
        for outside, lines in self.clients.items():
            end = TunnelEnd(Carrier.OTHER, lines, answers=True, local_interface=outside)
            self.tunnels.append(CryptoTunnel(f"{outside} remote access", outside, end, None, (), lines))
        self._stand()

    def _entry(self, outside: str, name: str, applied: SourceLine, entry: _Entry) -> None:
        sources = (*entry.lines, applied)
        tunnel = f"{outside} crypto map {name} {entry.sequence}"
        if entry.dynamic is not None or not (entry.peers and entry.list_name):
            callers = self._offered_to_callers.get(entry.dynamic or "", {}).values()
            settings = [entry.settings] if entry.dynamic is None else callers
            offered = tuple(one for held in settings for one in self.algorithms.offered(held, outside))
            end = TunnelEnd(Carrier.OTHER, sources, answers=True, local_interface=outside, proposals=offered)
            self.tunnels.append(CryptoTunnel(tunnel, outside, end, None, (), sources))
            line = self._reversing.get(entry.dynamic or "")
            if line is not None or entry.reverse:
                lines_of_route = (line or entry.lines[0], applied)
                self._learnt.append(_reverse_routes(lines_of_route, frozenset((tunnel,))))
            return
        remote: IPAddress | None = None
        if len(entry.peers) == 1:
            try:
                remote = self.names.get(entry.peers[0]) or ipaddress.ip_address(entry.peers[0])
            except ValueError:
                remote = None
        held = self.lists.get(entry.list_name)
        if held is None or not held.lines:
            lines: tuple[FilterLine, ...] = (unknown_line(entry.list_name, sources, _NO_LIST),)
        else:
            lines = tuple(held.at(None))
        offered = self.algorithms.offered(entry.settings, outside)
        end = TunnelEnd(Carrier.IPSEC, sources, remote, local_interface=outside, proposals=offered)
        self.tunnels.append(CryptoTunnel(tunnel, outside, end, entry.list_name, lines, sources))
        if entry.reverse:
            self._reverse.append(self.tunnels[-1])

    def client_access(self, name: str, sources: Sources) -> None:
        """Remote access clients may come in by an interface (`webvpn`, IKEv2 with client services)."""
        held = self.clients.get(name, ())
        self.clients[name] = (*held, *sources)

    def _stand(self) -> None:
        found: dict[str, list[str]] = {}
        for tunnel in self.tunnels:
            found.setdefault(tunnel.outside, [tunnel.outside]).append(tunnel.name)
        self._standing = {outside: frozenset(names) for outside, names in found.items()}

    def behind(self, name: str | None) -> frozenset[str] | None:
        """An interface with the tunnels that stand where it stands; None stays every interface."""
        if name is None:
            return None
        return self._standing.get(name) or _alone(name)

    def interfaces_of_tunnels(self, held: Mapping[str, Interface]) -> dict[str, Interface]:
        """The interfaces, with one for every tunnel and the packets diverted into them."""
        result = dict(held)
        for tunnel in self.tunnels:
            outside = result[tunnel.outside]
            result[tunnel.name] = Interface(
                tunnel.name,
                InterfaceKind.TUNNEL,
                tunnel.sources,
                enabled=outside.enabled,
                vrf=outside.vrf,
                zone=outside.zone,
                filter_in=None if tunnel.selector is None else f"{tunnel.name} in",
                tunnel=tunnel.end,
            )
            if tunnel.selector is not None:
                diversion = Diversion(f"{tunnel.name} out", tunnel.name, tunnel.sources)
                result[tunnel.outside] = replace(outside, diversions=(*outside.diversions, diversion))
        return result

    def filters(self) -> dict[str, Filter]:
        """What goes into each tunnel and what may come out of it: the packets of its list, and the same with the ends exchanged."""
        found: dict[str, Filter] = {}
        for tunnel in self.tunnels:
            if tunnel.selector is None:
                continue
            held = self.lists.get(tunnel.selector)
            definition = tunnel.sources if held is None else (held.definition, *tunnel.sources)
            out = Filter(f"{tunnel.name} out", tunnel.lines, Action.DENY, definition, default_sources=definition)
            back = tuple(replace(line, matches=tuple(map(_mirrored, line.matches))) for line in tunnel.lines)
            into = Filter(f"{tunnel.name} in", back, Action.DENY, definition, default_sources=definition)
            found[out.name], found[into.name] = out, into
        return found

    @property
    def names_of_tunnels(self) -> frozenset[str]:
        """The interfaces that stand for tunnels."""
        return frozenset(tunnel.name for tunnel in self.tunnels)

    def access_lines(self, identity: Sources) -> list[FilterLine]:
        """Lines of the table of access rules: what came by a VPN passes, what should have come by one does not."""
        lines: list[FilterLine] = []
        virtual = frozenset(
            facts.name for facts in self.interfaces.values() if facts.kind is InterfaceKind.TUNNEL and facts.routed
        )
        if self.bypass is not None:
            sources = (*self.bypass, *self.restricted) or identity
            if self.tunnels:
                doubt = _VPN_FILTER if self.restricted else _BYPASS_DEFAULT if self.bypass_unsure else None
                lines.append(
                    FilterLine(
                        "sysopt connection permit-vpn",
                        Action.PERMIT,
                        ANY_PACKET,
                        sources or self.tunnels[0].sources,
                        Certainty.ALWAYS if doubt is None else Certainty.UNCERTAIN,
                        doubt,
                        ingress=self.names_of_tunnels,
                    )
                )
            if virtual:
                lines.append(
                    FilterLine(
                        "sysopt connection permit-vpn",
                        Action.PERMIT,
                        ANY_PACKET,
                        sources or tuple(self.interfaces[name].line for name in sorted(virtual)),
                        Certainty.UNCERTAIN,
                        _VTI,
                        ingress=virtual,
                    )
                )
        for tunnel in self.tunnels:
            lines += [
                FilterLine(
                    f"crypto {line.label}",
                    Action.DENY,
                    tuple(map(_mirrored, line.matches)),
                    (*line.sources, *tunnel.sources[-1:]),
                    Certainty.UNCERTAIN,
                    _UNENCRYPTED,
                    ingress=frozenset((tunnel.outside,)),
                )
                for line in tunnel.lines
                if line.action is not Action.DENY
            ]
        return lines

    def learnt(self) -> tuple[DynamicRouting, ...]:
        """Routes that come and go with peers, of which the file does not tell the destinations."""
        return tuple(self._learnt)

    def _reverse_routes(self) -> list[Route]:
        """`set reverse-route`: to the far addresses of the list by the outer interface, at least while the tunnel is up."""
        found: list[Route] = []
        for tunnel in self._reverse:
            hop = NextHop(tunnel.sources, interface=tunnel.outside, conditional=True)
            prefixes = [prefix for line in tunnel.lines for prefix in _far_prefixes(line)]
            if len(prefixes) > _MOST_PREFIXES or any(line.certainty is not Certainty.ALWAYS for line in tunnel.lines):
                self._learnt.append(_reverse_routes(tunnel.sources, frozenset((tunnel.outside,))))
            else:
                found.extend(Route(prefix, (hop,), tunnel.sources) for prefix in dict.fromkeys(prefixes))
        return found

    def routes(self) -> tuple[Route, ...]:
        """A route to the addresses of clients, through whatever lets them in."""
        ways = [tunnel for tunnel in self.tunnels if tunnel.selector is None]
        found = self._reverse_routes()
        for spans, line in self.pools if ways else ():
            low, high = spans[0]
            prefixes = list(ipaddress.summarize_address_range(ipaddress.IPv4Address(low), ipaddress.IPv4Address(high)))[
                :_MOST_PREFIXES
            ]
            hops = tuple(NextHop((line, *way.sources[:1]), interface=way.name, conditional=True) for way in ways)
            found.extend(Route(prefix, hops, (line,)) for prefix in prefixes)
        return tuple(found)


def _far_prefixes(line: FilterLine) -> list[IPNetwork]:
    if line.action is Action.DENY:
        return []
    found: list[IPNetwork] = []
    for match in line.matches:
        kind = ipaddress.IPv4Address if match.family == 4 else ipaddress.IPv6Address
        for low, high in match.destinations:
            found.extend(ipaddress.summarize_address_range(kind(low), kind(high)))
            if len(found) > _MOST_PREFIXES:
                return found
    return found


def _reverse_routes(sources: Sources, interfaces: frozenset[str]) -> DynamicRouting:
    return DynamicRouting("reverse-route", sources, interfaces=interfaces, transient=True)


def _mirrored(match: Match) -> Match:
    services = tuple(
        replace(one, destination_ports=one.source_ports, source_ports=one.destination_ports) for one in match.services
    )
    return replace(match, sources=match.destinations, destinations=match.sources, services=services)


def tunnel_end(facts: InterfaceFacts, algorithms: Algorithms) -> TunnelEnd | None:
    """A virtual tunnel interface."""
    if facts.kind is not InterfaceKind.TUNNEL:
        return None
    outside = facts.tunnel_source or ""
    offered: tuple[Proposal, ...] = ()
    if facts.tunnel_profile is not None:
        offered = algorithms.of_profile(facts.tunnel_profile[0], outside, facts.tunnel_profile[1])
    return TunnelEnd(
        Carrier.IPSEC, tuple(facts.lines), facts.tunnel_remote, local_interface=outside or None, proposals=offered
    )
