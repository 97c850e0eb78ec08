"""Writes abstract policies with `aerleon`, a compiler of one policy language into many vendors' syntaxes; knows nothing of our readers.

Everything between the policy and the text is that project's work: its definitions, its policy language, its generators. Only the frame of
a configuration (interfaces, where a list is applied) is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from aerleon import api
from aerleon.lib import naming

from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace
from secaudit.vendors.netfilter.conntrack import first_packets
from secaudit.vendors.netfilter.ruleset import State
from tests.vendors.equality.policies import (
    ANY_SERVICE,
    ICMP,
    ICMPV6,
    PORTS,
    TCP,
    UDP,
    Policy,
    Rule,
    Service,
    Span,
    highest,
    merged,
    prefixes,
)
from tests.vendors.equality.reading import meant, service_set
from tests.vendors.equality.written import Written

TARGETS = (
    "cisco",
    "ciscoasa",
    "cisconx",
    "fortigate",
    "juniper",
    "srx",
    "paloalto",
    "speedway",
    "iptables",
    "nftables",
)
_OF_LISTS = ("cisco", "ciscoasa", "cisconx", "fortigate", "juniper", "srx", "paloalto")
"""Targets whose lines know no states."""

_PROTOCOLS = {
    TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6", 2: "igmp", 4: "ipip", 46: "rsvp", 47: "gre", 50: "esp",
    51: "ah", 88: "eigrp", 89: "ospf", 103: "pim", 112: "vrrp", 132: "sctp",
}  # fmt: skip
_TYPES = {
    ICMP: {
        0: "echo-reply", 3: "unreachable", 5: "redirect", 8: "echo-request", 9: "router-advertisement",
        10: "router-solicitation", 11: "time-exceeded", 12: "parameter-problem", 13: "timestamp-request",
        14: "timestamp-reply", 15: "information-request", 17: "mask-request",
    },
    ICMPV6: {
        1: "destination-unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem", 128: "echo-request",
        129: "echo-reply", 130: "multicast-listener-query", 133: "router-solicit", 134: "router-advertisement",
        135: "neighbor-solicit", 136: "neighbor-advertisement", 137: "redirect-message",
    },
}  # fmt: skip
_IPIP = 4
_NOT_SAID = {
    "ciscoasa": frozenset((_IPIP, 46, 51, 112)),
    "cisconx": frozenset((_IPIP, 46, 51, 112)),
    "fortigate": frozenset(_PROTOCOLS) - {TCP, UDP},
    "juniper": frozenset((88,)),
    "srx": frozenset((88,)),
    "paloalto": frozenset(_PROTOCOLS) - {TCP, UDP},
    "speedway": frozenset((_IPIP, 88)),
    "iptables": frozenset((_IPIP, 88)),
    "nftables": frozenset((_IPIP,)),
}
"""Protocols that a generator of version 1.18 cannot say, or says wrong: ICMP for FortiGate becomes the service ALL, "ipip" is 94 to Linux,
NX-OS has other names for some; what is neither TCP nor UDP is told by application to PAN-OS, which is nothing sure."""


def expressible(policy: Policy, target: str) -> Policy | None:
    """The policy without what the generator cannot say; None when nothing is left."""
    if target == "ciscoasa" and policy.family == 6:
        return None  # version 1.18 writes IPv4 only
    rules = []
    for rule in policy.rules:
        services = tuple(one for one in rule.services if _can_say(one, target))
        if services and not rule.negated:
            rules.append(Rule(rule.permit, rule.sources, rule.destinations, services))
    return Policy(policy.family, tuple(rules), policy.default) if rules else None


def _can_say(service: Service, target: str) -> bool:
    if service == ANY_SERVICE:
        return True
    protocol = service.protocol
    if protocol not in _PROTOCOLS or protocol in _NOT_SAID.get(target, ()):
        return False
    if protocol in _TYPES:
        if service.icmp_type is None:
            return True
        # For nftables version 1.18 fails on a single type.
        return target != "nftables" and service.icmp_code is None and service.icmp_type in _TYPES[protocol]
    if target != "fortigate":
        return True
    # Without destination ports version 1.18 writes the service ALL; port 0 it refuses.
    ports = (*service.destination_ports, *service.source_ports)
    return merged(service.destination_ports) != (PORTS,) and all(low > 0 for low, _ in set(ports) - {PORTS})


def meaning(target: str) -> Callable[[HeaderSpace, Policy], int]:
    """What the packets are that a generator's text must permit."""
    if target in _OF_LISTS:
        return meant
    return partial(_meant_with_states, but_icmpv6=target != "nftables")


def _meant_with_states(space: HeaderSpace, policy: Policy, *, but_icmpv6: bool) -> int:
    """The permitted packets where a permit asks for a new connection: what Linux does not take for one is decided by the other lines.

    As aerleon writes it: a deny asks for no state, and neither does, for iptables, a permit of ICMPv6.
    """
    new = space.matches(first_packets(frozenset((State.NEW,)), loose=True))
    remaining, result = space.valid, EMPTY
    for rule in policy.rules:
        addresses = space.product(
            [(Field.DESTINATION, merged(rule.destinations)), (Field.SOURCE, merged(rule.sources))]
        )
        for service in rule.services:
            hit = space.intersection(remaining, space.intersection(addresses, service_set(space, service)))
            if rule.permit and not (but_icmpv6 and service.protocol == ICMPV6):
                hit = space.intersection(hit, new)
            remaining = space.difference(remaining, hit)
            result = space.union(result, hit) if rule.permit else result
    return space.union(result, remaining) if policy.default else result


class AerleonWriter:
    """One policy for one generator."""

    def __init__(self, policy: Policy, target: str) -> None:
        self._policy = policy
        self._target = target
        self._networks: dict[str, Any] = {}
        self._services: dict[str, Any] = {}
        self._inet = "inet6" if policy.family == 6 else "inet"

    def write(self) -> Written:
        """The compiled text in the frame of a configuration."""
        terms = [
            self._term(f"t{number}-{place}", rule, service)
            for number, rule in enumerate(self._policy.rules)
            for place, service in enumerate(rule.services)
        ]
        if self._target in _OF_LISTS:
            terms.append({"name": "last", "action": _action(self._policy.default)})
        definitions = naming.Naming()
        definitions.ParseDefinitionsObject({"networks": self._networks, "services": self._services}, "")
        header = {"header": {"targets": {self._target: self._options()}}, "terms": terms}
        compiled = api.Generate([{"filename": "policy", "filters": [header]}], definitions)
        (text,) = compiled.values()
        return getattr(self, f"_in_{self._target}")(text)

    def _options(self) -> str:
        default = "ACCEPT" if self._policy.default else "DROP"
        match self._target:
            case "cisco" | "cisconx":
                return f"LIST {'inet6' if self._policy.family == 6 else 'extended'}"
            case "ciscoasa":
                return "LIST"
            case "juniper":
                return f"LIST {self._inet}"
            case "fortigate" | "srx" | "paloalto":
                return f"from-zone inside to-zone outside {self._inet}"
            case "nftables":
                return f"{self._inet} forward {'ACCEPT' if self._policy.default else ''}".strip()
            case _:
                return f"FORWARD {default} {self._inet}"

    def _term(self, name: str, rule: Rule, service: Service) -> dict[str, Any]:
        term: dict[str, Any] = {"name": name, "action": _action(rule.permit)}
        for side, spans in (("source-address", rule.sources), ("destination-address", rule.destinations)):
            if merged(spans) != ((0, highest(self._policy.family)),):
                term[side] = self._network(spans)
        if service.protocol is not None:
            term["protocol"] = _PROTOCOLS[service.protocol]
        if service.has_ports:
            for side, ports in (("destination-port", service.destination_ports), ("source-port", service.source_ports)):
                if merged(ports) != (PORTS,):
                    term[side] = self._ports(service.protocol, merged(ports))
        if service.protocol is not None and service.icmp_type is not None:
            term["icmp-type"] = [_TYPES[service.protocol][service.icmp_type]]
        return term

    def _network(self, spans: tuple[Span, ...]) -> str:
        name = f"NET{len(self._networks)}"
        parts = [str(one) for span in merged(spans) for one in prefixes(span, self._policy.family)]
        self._networks[name] = {"values": [{"address": one} for one in parts]}
        return name

    def _ports(self, protocol: int | None, spans: tuple[Span, ...]) -> str:
        name = f"SVC{len(self._services)}"
        word = "tcp" if protocol == TCP else "udp"
        texts = [str(low) if low == high else f"{low}-{high}" for low, high in spans]
        self._services[name] = [{"protocol": word, "port": one} for one in texts]
        return name

    # --- frames -------------------------------------------------------------------------------------------

    def _in_cisco(self, text: str) -> Written:
        six = self._policy.family == 6
        apply = " ipv6 traffic-filter LIST in" if six else " ip access-group LIST in"
        lines = ["hostname rt-eq", *(["ipv6 unicast-routing"] if six else [])]
        for name, four, other in (("Gi0", "10.1.0.1", "2001:db8:1::1/48"), ("Gi1", "10.2.0.1", "2001:db8:2::1/48")):
            lines += [f"interface {_CISCO[name]}", f" ip address {four} 255.255.0.0"]
            lines += [f" ipv6 address {other}"] if six else []
            lines += [apply] if name == "Gi0" else []
            lines += ["!"]
        # What a device prints: no command that deletes the list first, no "exit" behind it.
        body = [line for line in text.splitlines() if not line.startswith(("no ", "exit"))]
        return self._written("cisco_ios", [*lines, *body, "end"], _CISCO["Gi0"], _CISCO["Gi1"], "in")

    def _in_ciscoasa(self, text: str) -> Written:
        lines = ["ASA Version 9.12(4)", "hostname fw-eq"]
        for number, name, level, four in ((0, "inside", 100, "10.1.0.1"), (1, "outside", 0, "10.2.0.1")):
            lines += [f"interface GigabitEthernet0/{number}", f" nameif {name}", f" security-level {level}"]
            lines += [f" ip address {four} 255.255.0.0"]
        body = [line for line in text.splitlines() if not line.startswith("clear configure ")]
        group = "access-group LIST in interface inside"
        return self._written("cisco_asa", [*lines, *body, group, ": end"], "inside", "outside")

    def _in_cisconx(self, text: str) -> Written:
        six = self._policy.family == 6
        lines = ["version 9.3(8)", "hostname sw-eq", "feature interface-vlan"]
        lines += [line for line in text.splitlines() if not line.startswith(("no ", "exit"))]
        for name, four, other in (
            ("Vlan10", "10.1.0.1", "2001:db8:1::1/48"),
            ("Vlan20", "10.2.0.1", "2001:db8:2::1/48"),
        ):
            lines += [f"interface {name}", "  no shutdown", f"  ip address {four}/16"]
            lines += [f"  ipv6 address {other}"] if six else []
            lines += [f"  {'ipv6 traffic-filter' if six else 'ip access-group'} LIST in"] if name == "Vlan10" else []
        return self._written("cisco_nxos", [*lines, "line vty"], "Vlan10", "Vlan20", "in")

    def _in_fortigate(self, text: str) -> Written:
        lines = ["#config-version=FG100F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin"]
        lines += ["config system global", '    set hostname "EQ"', "end", "config system interface"]
        for name, four, six in (
            ("inside", "10.1.0.1", "2001:db8:1::1/48"),
            ("outside", "10.2.0.1", "2001:db8:2::1/48"),
        ):
            lines += [f'    edit "{name}"', '        set vdom "root"', f"        set ip {four} 255.255.0.0"]
            lines += ["        set type physical", "        config ipv6", f"            set ip6-address {six}"]
            lines += ["        end", "    next"]
        return self._written("fortios", [*lines, "end", *text.splitlines()], "inside", "outside")

    def _in_paloalto(self, text: str) -> Written:
        network, zones = [], []
        for name, zone, four, six in (
            ("ethernet1/1", "inside", "10.1.0.1/16", "2001:db8:1::1/48"),
            ("ethernet1/2", "outside", "10.2.0.1/16", "2001:db8:2::1/48"),
        ):
            network += [f'<entry name="{name}"><layer3><ip><entry name="{four}"/></ip>']
            network += [f'<ipv6><enabled>yes</enabled><address><entry name="{six}"/></address></ipv6></layer3></entry>']
            zones += [f'<entry name="{zone}"><network><layer3><member>{name}</member></layer3></network></entry>']
        members = "<member>ethernet1/1</member><member>ethernet1/2</member>"
        frame = [
            "<deviceconfig><system><hostname>eq</hostname></system>",
            "<setting><session><ipv6-firewalling>yes</ipv6-firewalling></session></setting></deviceconfig>",
            "<network><interface><ethernet>", *network, "</ethernet></interface>",
            f'<virtual-router><entry name="default"><interface>{members}</interface></entry></virtual-router></network>',
        ]  # fmt: skip
        lines = []
        for line in text.splitlines():
            lines.append(line)
            if '<entry name="localhost.localdomain">' in line:
                lines += frame
            elif '<entry name="vsys1">' in line:
                lines += ["<zone>", *zones, "</zone>"]
        return self._written("panos", lines, "ethernet1/1", "ethernet1/2")

    def _in_juniper(self, text: str) -> Written:
        inside = "ge-0/0/1.0"
        applied = f"set interfaces ge-0/0/1 unit 0 family {self._inet} filter input LIST"
        return self._written("juniper_srx", [*text.splitlines(), *_JUNOS, applied], inside, "ge-0/0/2.0", "in")

    def _in_srx(self, text: str) -> Written:
        zones = [
            "set security zones security-zone inside interfaces ge-0/0/1.0",
            "set security zones security-zone outside interfaces ge-0/0/2.0",
            "set security forwarding-options family inet6 mode flow-based",
        ]
        return self._written("juniper_srx", [*text.splitlines(), *_JUNOS, *zones], "ge-0/0/1.0", "ge-0/0/2.0")

    def _in_speedway(self, text: str) -> Written:
        tool = "ip6tables" if self._policy.family == 6 else "iptables"
        return self._on_linux("iptables", f"{tool}-save", [f"# Generated by {tool}-save v1.8.9", *text.splitlines()])

    def _in_iptables(self, text: str) -> Written:
        tool = "ip6tables" if self._policy.family == 6 else "iptables"
        return self._on_linux("iptables", f"{tool} -S", text.splitlines())

    def _in_nftables(self, text: str) -> Written:
        return self._on_linux("nftables", "nft list ruleset", text.splitlines())

    def _on_linux(self, vendor: str, command: str, rules: list[str]) -> Written:
        lines = ["root@eq:~# hostname", "eq", "root@eq:~# ip addr"]
        for number, name, four, six in (
            (2, "eth0", "10.1.0.1/16", "2001:db8:1::1/48"),
            (3, "eth1", "10.2.0.1/16", "2001:db8:2::1/48"),
        ):
            lines += [
                f"{number}: {name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000"
            ]
            lines += [f"    inet {four} scope global {name}", f"    inet6 {six} scope global"]
        lines += ["root@eq:~# ip route", "10.1.0.0/16 dev eth0 proto kernel scope link src 10.1.0.1"]
        lines += ["10.2.0.0/16 dev eth1 proto kernel scope link src 10.2.0.1", "root@eq:~# ip -6 route"]
        lines += ["2001:db8:1::/48 dev eth0 proto kernel metric 256 pref medium"]
        lines += ["2001:db8:2::/48 dev eth1 proto kernel metric 256 pref medium"]
        return self._written(vendor, [*lines, f"root@eq:~# {command}", *rules], "eth0", "eth1")

    def _written(self, vendor: str, lines: list[str], inside: str, outside: str, direction: str = "") -> Written:
        style = f"aerleon {self._target}"
        return Written(vendor, style, self._policy.family, tuple(lines), inside, outside, direction)


_JUNOS = (
    "set version 21.4R3.15",
    "set system host-name EQ",
    "set interfaces ge-0/0/1 unit 0 family inet address 10.1.0.1/16",
    "set interfaces ge-0/0/1 unit 0 family inet6 address 2001:db8:1::1/48",
    "set interfaces ge-0/0/2 unit 0 family inet address 10.2.0.1/16",
    "set interfaces ge-0/0/2 unit 0 family inet6 address 2001:db8:2::1/48",
)
_CISCO = {"Gi0": "GigabitEthernet0/0", "Gi1": "GigabitEthernet0/1"}


def _action(permit: bool) -> str:
    return "accept" if permit else "deny"
