"""Static, aggregate and policy routes, routing protocols, and routes into other tables.

Distances are Junos preferences. A `qualified-next-hop` has a preference
of its own. `next-table` looks up again in the table of another instance: what that table has is written out as routes by its interfaces.
`rib-group`, `instance-import` and `auto-export` copy routes between tables as policies say, which is not modelled.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPAddress, IPNetwork, of_network
from secaudit.network.match_algebra import TooManyMatchesError, intersect_matches
from secaudit.network.matches import Family, Match, any_address
from secaudit.network.routes import DynamicRouting, NextHop, PolicyRoute, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError, Scope
from secaudit.vendors.juniper_srx.firewall import Diverted
from secaudit.vendors.juniper_srx.interfaces import DHCP_CLIENTS, Ports, unit_name
from secaudit.vendors.juniper_srx.neighbours import authenticated
from secaudit.vendors.juniper_srx.services import number
from secaudit.vendors.juniper_srx.tree import Statement, join

_PROTOCOLS = ("ospf", "ospf3", "bgp", "rip", "ripng", "isis", "mpls", "pim")
_LEAKING = ("rib-groups", "instance-import", "instance-export", "auto-export")
_HARMLESS = frozenset(
    ("no-readvertise", "readvertise", "retain", "no-retain", "install", "metric", "metric2", "tag", "as-path", "community", "active", "passive", "full", "brief", "description", "color", "policy")
)  # fmt: skip
_LEAKED = Text(
    ja="経路をルーティングテーブル間で複写する設定（rib-group等）があります。この働きは判定していません。",
    en="Routes are copied between routing tables (rib groups and the like); this is not modelled.",
)
_OTHER_TABLE = Text(
    ja="フィルターが通信を別のルーティングインスタンスへ渡します。そのテーブルの内容が設定から確定しません。",
    en="A filter hands packets to another routing instance, whose table is not certain from the file.",
)
_WITHOUT_INTERFACES = ("forwarding", "no-forwarding")
"""Instances for routes alone: all interfaces belong to the main one (Juniper, "instance-type")."""
_SHARED = Text(
    ja="経路だけを持つ種類のルーティングインスタンスにインタフェースの指定があります。この働きは判定していません。",
    en="A routing instance of a kind that has routes only names interfaces; this is not modelled.",
)
_GROUPS = (ipaddress.ip_network("224.0.0.0/4"), ipaddress.ip_network("ff00::/8"))
"""Multicast: what PIM learns is about these alone."""
_MONITORED = ("bfd-liveness-detection",)
_KEPT_OUT = "no-install"
"""The route is not put into the forwarding table (Juniper, "no-install"); both states are looked at."""
_NOWHERE = frozenset(("discard", "reject", "receive"))
_LEADING = frozenset(("next-hop", "qualified-next-hop", "next-table", *_NOWHERE))
"""What tells where a static route leads."""
_BOTH: tuple[Family, Family] = (4, 6)
_MOST_PIECES = 512


@dataclass(slots=True)
class Routing:
    """All about routes of one device."""

    routes: list[Route] = field(default_factory=list)
    policy_routes: list[PolicyRoute] = field(default_factory=list)
    dynamic: list[DynamicRouting] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Table:
    """`next-table`: where a route of an instance sends its packets."""

    vrf: str
    prefix: IPNetwork
    target: str
    sources: Sources


class Routes:
    """Reads the routes of the main instance and of every routing instance."""

    def __init__(self, scope: Scope, ports: Ports) -> None:
        self.scope = scope
        self.ports = ports
        self.result = Routing()
        self.tables: list[_Table] = []
        self.instances: dict[str, Statement] = {"": scope.root}
        section = scope.section("routing-instances")
        section.use()
        for one in section:
            one.use()
            self.instances[one.word] = one

    def read(self) -> Routing:
        for vrf, holder in self.instances.items():
            self._instance(vrf, holder)
        self._selectors()
        self._learnt_by_clients()
        for table in self.tables:
            self._other_table(table)
        return self.result

    def _selectors(self) -> None:
        """A VPN with traffic selectors puts a route to the far side of each into the table while it is up."""
        for vpn in self.scope.section("security", "ipsec").below("vpn"):
            name = vpn.value("bind-interface")
            unit = unit_name(name) if name else ""
            if unit not in self.ports.interfaces:
                continue
            for selector in vpn.below("traffic-selector"):
                selector.use_all()
                sources = selector.sources()
                vrf = self.ports.interfaces[unit].vrf
                try:
                    prefix = ipaddress.ip_network(selector.value("remote-ip"), strict=False)
                except ValueError:
                    self.result.dynamic.append(DynamicRouting("static", sources, vrf, frozenset((unit,))))
                    continue
                hop = NextHop(sources, interface=unit, conditional=True)
                self.result.routes.append(Route(prefix, (hop,), sources, vrf, self.scope.defaults.static_preference))

    def _learnt_by_clients(self) -> None:
        """A DHCP client puts the default route (and more) that the server gives into the table."""
        for name, family in self.ports.families.items():
            for word, version in (("inet", 4), ("inet6", 6)):
                found = [one for one in family.get(word) or () if one.word in DHCP_CLIENTS]
                if found and self.ports.interfaces[name].enabled:
                    own: Family = 4 if version == 4 else 6
                    vrf = self.ports.interfaces[name].vrf
                    self.result.dynamic.append(
                        DynamicRouting("DHCP", found[0].sources(), vrf, frozenset((name,)), own, transient=True)
                    )

    def _doubt(self, text: Text, sources: Sources, interfaces: frozenset[str] | None = None) -> None:
        self.scope.findings.doubt(DoubtKind.UNSUPPORTED, text, sources, interfaces=interfaces)

    def _instance(self, vrf: str, holder: Statement) -> None:
        if vrf:
            self._kind(holder)
        options = holder.get("routing-options")
        if options is not None:
            options.use()
            self._options(vrf, options)
        protocols = holder.get("protocols")
        if protocols is not None:
            protocols.use()
            self._protocols(vrf, protocols)

    def _kind(self, holder: Statement) -> None:
        kind = holder.value("instance-type") or self.scope.defaults.instance_type
        for word in ("instance-type", "interface", "description"):
            if word in holder.children:
                holder.children[word].use()
        if kind in _WITHOUT_INTERFACES and holder.below("interface"):
            # Its interfaces stay in the main table, or the line that makes it a router of its own was lost.
            self._doubt(_SHARED, join(*(one.sources() for one in holder.below("interface"))))
        elif kind not in (*_WITHOUT_INTERFACES, "virtual-router", "mgmt_junos"):
            text = Text(
                ja=f"ルーティングインスタンス「{holder.word}」の種類（{kind}）は判定していません。",
                en=f"The routing instance '{holder.word}' is of a kind ({kind}) that is not modelled.",
            )
            self._doubt(text, holder.children["instance-type"].sources())

    def _options(self, vrf: str, options: Statement) -> None:
        for word in _LEAKING:
            found = options.get(word)
            if found is not None:
                found.use_all()
                self._doubt(_LEAKED, found.sources())
        rib_group = options.get("interface-routes", "rib-group")
        if rib_group is not None:
            options.children["interface-routes"].use_all()
            self._doubt(_LEAKED, rib_group.sources())
        self._static(vrf, options.get("static"), 4)
        for rib in options.below("rib"):
            options.children["rib"].use()
            rib.use()
            self._rib(vrf, rib)
        for word in ("aggregate", "generate"):
            self._aggregate(vrf, options.get(word))

    def _rib(self, vrf: str, rib: Statement) -> None:
        """`rib inet6.0 static ...`; `rib X.inet.0` names another instance."""
        owner, dot, kind = rib.word.rpartition(".inet")
        family: Family = 6 if rib.word.endswith("inet6.0") else 4
        known = rib.word in ("inet.0", "inet6.0") or (dot and kind in (".0", "6.0") and owner in self.instances)
        if not known:
            rib.use_all()
            if rib.get("static") is not None:
                self._doubt(_LEAKED, rib.sources())
            return
        self._static(owner if dot and owner in self.instances else vrf, rib.get("static"), family)
        for word in ("aggregate", "generate"):
            self._aggregate(vrf, rib.get(word))

    # --- static routes ----------------------------------------------------------------------------------------

    def _static(self, vrf: str, static: Statement | None, family: Family) -> None:
        if static is None:
            return
        static.use()
        if "rib-group" in static.children:
            static.children["rib-group"].use_all()
            self._doubt(_LEAKED, static.children["rib-group"].sources())
        default = _preference(static.get("defaults"), self.scope.defaults.static_preference)
        kept_out = static.get("defaults", _KEPT_OUT) is not None
        if "defaults" in static.children:
            static.children["defaults"].use_all()
        for route in static.below("route"):
            static.children["route"].use()
            route.use()
            self._route(vrf, route, default, family, kept_out=kept_out)

    def _route(self, vrf: str, route: Statement, default: int, family: Family, *, kept_out: bool) -> None:
        sources = route.sources() or self.scope.identity
        try:
            prefix = ipaddress.ip_network(route.word, strict=False)
        except ValueError:
            route.leave()
            self.result.dynamic += of_unknown_prefix(family, sources, (vrf,))
            return
        try:
            hops = list(self._next_hops(vrf, prefix, route, default, kept_out=kept_out))
        except NotUnderstoodError:
            route.leave()
            connected = [
                a.address.network for one in self.ports.interfaces.values() if one.vrf == vrf for a in one.addresses
            ]
            unknown = not_understood(prefix, sources, connected, vrf)
            if unknown is None:
                self._doubt(_LEAKED, sources)
            else:
                self.result.dynamic.append(unknown)
            return
        for distance in sorted({distance for distance, _ in hops}):
            level = tuple(hop for own, hop in hops if own == distance)
            self.result.routes.append(Route(prefix, level, sources, vrf, distance))

    def _next_hops(
        self, vrf: str, prefix: IPNetwork, route: Statement, default: int, *, kept_out: bool
    ) -> Iterator[tuple[int, NextHop]]:
        """Every next hop with its preference. Raises `NotUnderstoodError`."""
        preference = _preference(route, default)
        settings = list(_flat(route))
        conditional = kept_out or any(word in child.children for child in (route, *route) for word in _MONITORED)
        conditional = conditional or any(child.word == _KEPT_OUT for child in settings)
        if not any(child.word in _LEADING and (child.children or child.word in _NOWHERE) for child in settings):
            raise NotUnderstoodError(route.word)  # where it leads is missing
        for child in settings:
            word = child.word
            if word in _LEADING and word not in _NOWHERE and not child.children:
                raise NotUnderstoodError(word)
            if word == "next-hop":
                for one in child:
                    one.use()
                    monitored = conditional or any(inner.word in _MONITORED for inner in one)
                    yield preference, self._hop(one, monitored, "")
            elif word == "qualified-next-hop":
                for one in child:
                    one.use()
                    own = _preference(one, preference)
                    monitored = conditional or any(inner.word in _MONITORED for inner in one)
                    yield own, self._hop(one, monitored, one.value("interface"))
                    one.use_all()
            elif word in _NOWHERE:
                child.use_all()
                yield preference, NextHop(route.sources(), discard=True, conditional=conditional)
            elif word == "next-table":
                self.tables.append(_Table(vrf, prefix, child.value(), route.sources()))
                child.use_all()
            elif word in ("resolve", "no-resolve", "preference", "preference2", _KEPT_OUT, *_HARMLESS, *_MONITORED):
                child.use_all()
            else:
                raise NotUnderstoodError(word)
            child.use()

    def _hop(self, one: Statement, conditional: bool, interface: str) -> NextHop:
        sources = one.sources()
        try:
            gateway: IPAddress | None = ipaddress.ip_address(one.word)
        except ValueError:
            gateway = None
            interface = unit_name(one.word)
            if interface not in self.ports.interfaces:
                raise NotUnderstoodError(one.word) from None
        name = unit_name(interface) if interface else None
        if name is not None and name not in self.ports.interfaces:
            name = None
        return NextHop(sources, gateway, name, conditional=conditional)

    def _aggregate(self, vrf: str, section: Statement | None) -> None:
        """An aggregate exists while a more specific route does, and discards what only it fits; `generate` goes by that route."""
        if section is None:
            return
        for route in section.below("route"):
            sources = route.sources()
            try:
                prefix = ipaddress.ip_network(route.word, strict=False)
            except ValueError:
                self.result.dynamic += [one for version in _BOTH for one in of_unknown_prefix(version, sources, (vrf,))]
                continue
            if section.word == "generate":
                family: Family = 4 if prefix.version == 4 else 6
                self.result.dynamic.append(DynamicRouting("generate", sources, vrf, None, family, destinations=prefix))
                continue
            hop = NextHop(sources, discard=True, conditional=True)
            self.result.routes.append(
                Route(prefix, (hop,), sources, vrf, _preference(route, self.scope.defaults.aggregate_preference))
            )
        section.use_all()

    # --- other tables -----------------------------------------------------------------------------------------

    def _other_table(self, table: _Table) -> None:
        owner, dot, _ = table.target.rpartition(".inet")
        target = owner if dot else ""
        if target not in self.instances or not (dot or table.target in ("inet.0", "inet6.0")):
            text = Text(
                ja="next-tableが指すテーブルの定義がありません。", en="The table that next-table names is not defined."
            )
            self.scope.findings.doubt(DoubtKind.UNDEFINED, text, table.sources)
            return
        if target in {one.vrf for one in self.result.dynamic} | {one.vrf for one in self.tables}:
            self._doubt(_LEAKED, table.sources)
        for prefix, hops, sources in self._content(target, table.prefix):
            lines = join(table.sources, sources)
            self.result.routes.append(Route(prefix, hops, lines, table.vrf, self.scope.defaults.static_preference))

    def _content(self, vrf: str, within: IPNetwork) -> Iterator[tuple[IPNetwork, tuple[NextHop, ...], Sources]]:
        """What a table has for the addresses of a prefix: connected subnets and static routes, by interface."""
        for one in self.ports.interfaces.values():
            if one.vrf != vrf or not one.enabled:
                continue
            for held in one.addresses:
                common = _common(held.address.network, within)
                if common is not None:
                    yield common, (NextHop(held.sources, interface=one.name),), held.sources
        for route in list(self.result.routes):
            common = _common(route.prefix, within) if route.vrf == vrf else None
            if common is not None:
                hops = tuple(self._by_interface(hop, vrf) for hop in route.next_hops)
                yield common, hops, route.sources

    def _by_interface(self, hop: NextHop, vrf: str) -> NextHop:
        if hop.gateway is None or hop.interface is not None:
            return hop
        # A forwarding instance has no interfaces: its gateways are on those of the main instance.
        for table in (vrf, "") if vrf else (vrf,):
            for one in self.ports.interfaces.values():
                reaches = any(hop.gateway in held.address.network for held in one.addresses)
                if one.vrf == table and one.enabled and reaches:
                    return NextHop(hop.sources, hop.gateway, one.name, hop.discard, conditional=hop.conditional)
        self._doubt(_LEAKED, hop.sources)
        return hop

    def divert(self, routed: list[tuple[str, Diverted]]) -> None:
        """`then routing-instance`: what a filter term sends to another table."""
        for ingress, one in routed:
            target = "" if one.target in ("default", "master") else one.target.rpartition("/")[2]
            here = self.ports.interfaces[ingress].vrf
            if target not in self.instances:
                text = Text(
                    ja=f"フィルターが指すルーティングインスタンス「{one.target}」の定義がありません。",
                    en=f"The routing instance '{one.target}' that a filter names is not defined.",
                )
                self.scope.findings.doubt(DoubtKind.UNDEFINED, text, one.sources, interfaces=frozenset((ingress,)))
                continue
            if any(other.vrf == target for other in self.result.dynamic):
                self._doubt(_OTHER_TABLE, one.sources)
            for family in (4, 6):
                everything = ipaddress.ip_network("0.0.0.0/0" if family == 4 else "::/0")
                content = sorted(self._content(target, everything), key=lambda each: -each[0].prefixlen)
                self._policy_routes(ingress, here, one, content, family)

    def _policy_routes(
        self,
        ingress: str,
        vrf: str,
        one: Diverted,
        content: list[tuple[IPNetwork, tuple[NextHop, ...], Sources]],
        family: int,
    ) -> None:
        wanted = tuple(match for match in one.matches if match.family == family)
        for prefix, hops, sources in content if wanted else ():
            low, high = of_network(prefix)
            own: Family = 4 if family == 4 else 6
            within = (Match(own, any_address(own), ((low, high),)),)
            try:
                matches = intersect_matches(wanted, within, _MOST_PIECES)
            except TooManyMatchesError:
                matches = within
            if matches:
                # The filter acts before translation and the tables may hold copied routes: it is not sure that exactly these go this way.
                self.result.policy_routes.append(
                    PolicyRoute(
                        one.label, matches, hops, join(one.sources, sources), frozenset((ingress,)), vrf, _OTHER_TABLE
                    )
                )

    # --- routing protocols ------------------------------------------------------------------------------------

    def _protocols(self, vrf: str, protocols: Statement) -> None:
        for word in _PROTOCOLS:
            section = protocols.get(word)
            if section is None:
                continue
            sources = section.sources() or self.scope.identity
            section.use_all()
            if "disable" in section.children:
                continue
            if word == "pim":
                for groups in _GROUPS:
                    family: Family = 4 if groups.version == 4 else 6
                    self.result.dynamic.append(
                        DynamicRouting(word, sources[:30], vrf, None, family, destinations=groups)
                    )
                continue
            families: dict[str, Family] = {"ospf": 4, "rip": 4, "ospf3": 6, "ripng": 6}
            keyed = authenticated(word, section, self.scope.root)
            self.result.dynamic.append(
                DynamicRouting(word, sources[:30], vrf, None, families.get(word), authenticated=keyed)
            )


def _flat(route: Statement) -> Iterator[Statement]:
    """The settings of a route. In one line they stand behind each other (`route P next-hop A preference 7`)."""
    for child in route:
        yield child
        if child.word in ("next-hop", "preference", "metric", "tag"):
            for value in child:
                yield from (inner for inner in value if inner.word not in _MONITORED)


def _preference(holder: Statement | None, otherwise: int) -> int:
    if holder is None:
        return otherwise
    said = holder.get("preference")
    if said is None:
        return otherwise
    value = said.value()
    said.use()
    return number(value, 0, 2**31) if value.isascii() and value.isdigit() and len(value) < 10 else otherwise


def _common(one: IPNetwork, within: IPNetwork) -> IPNetwork | None:
    """What two prefixes have in common: the longer one, or nothing."""
    if one.version != within.version:
        return None
    wide, narrow = (one, within) if one.prefixlen <= within.prefixlen else (within, one)
    return narrow if narrow.network_address in wide else None
