"""Writes abstract policies as Cisco ASA configurations; knows nothing of the reader."""

from __future__ import annotations

from itertools import product
from random import Random

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
    address,
    prefixes,
)
from tests.vendors.equality.written import Written

_PORT_NAMES = {
    TCP: {7: "echo", 20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 49: "tacacs", 53: "domain", 80: "www",
          110: "pop3", 143: "imap4", 443: "https", 514: "rsh"},
    UDP: {7: "echo", 53: "domain", 67: "bootps", 69: "tftp", 123: "ntp", 137: "netbios-ns", 161: "snmp", 500: "isakmp",
          514: "syslog", 520: "rip"},
}  # fmt: skip
_PROTOCOL_NAMES = {2: "igmp", 4: "ipinip", 47: "gre", 50: "esp", 51: "ah", 88: "eigrp", 89: "ospf", 94: "nos", 103: "pim",
                   108: "pcp", 132: "sctp"}  # fmt: skip
_ICMP_NAMES = {8: "echo", 0: "echo-reply", 3: "unreachable", 5: "redirect", 9: "router-advertisement", 10: "router-solicitation",
               11: "time-exceeded", 12: "parameter-problem", 13: "timestamp-request", 14: "timestamp-reply",
               15: "information-request", 17: "mask-request", 30: "traceroute"}  # fmt: skip
_ICMPV6_NAMES = {128: "echo", 129: "echo-reply", 1: "unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem",
                 130: "membership-query", 133: "router-solicitation", 134: "router-advertisement",
                 135: "neighbor-solicitation", 136: "neighbor-advertisement", 137: "neighbor-redirect"}  # fmt: skip
STYLES = ("ASA entries", "ASA objects", "ASA global")


class AsaWriter:
    """One configuration in one of `STYLES`; every choice within it comes from `random`."""

    def __init__(self, policy: Policy, random: Random, style: str) -> None:
        self._policy = policy
        self._random = random
        self._six = policy.family == 6
        self._style = style
        self._blocks: list[list[str]] = []
        self._known: dict[tuple[Span, ...], str] = {}
        self._names: set[str] = set()
        self.inside, self.outside = random.choice((("inside", "outside"), ("LAN", "WAN"), ("any-net", "DMZ_1")))

    def write(self) -> Written:
        """The whole configuration."""
        random = self._random
        rules = self._policy.rules
        entries = [entry for rule in rules for entry in self._entries(rule)]
        if self._policy.default or not entries or random.random() < 0.3:
            everything = "any6 any6" if self._six else "any4 any4"
            entries.append(f"{'permit' if self._policy.default else 'deny'} ip {everything}")
        cut = random.randrange(len(entries) // 2, len(entries)) + 1 if self._style == "ASA global" else len(entries)
        lists = [line for entry in entries[:cut] for line in self._entry("FROM-IN", entry)]
        applied = [f"access-group FROM-IN in interface {self.inside}"] if lists else []
        if cut < len(entries):
            lists += [line for entry in entries[cut:] for line in self._entry("EVERYWHERE", entry)]
            applied.append("access-group EVERYWHERE global")
        head = ["ASA Version 9.12(4)", "!", "hostname FW-EQ", *self._interfaces()]
        random.shuffle(self._blocks)
        objects = [line for block in self._blocks for line in block]
        lines = [*head, *objects, *lists, *applied, ": end"]
        return Written("cisco_asa", self._style, self._policy.family, tuple(lines), self.inside, self.outside)

    def _interfaces(self) -> list[str]:
        # The levels alone would decide otherwise in either direction.
        levels = self._random.choice(((100, 0), (0, 100)))
        values = (("10.1.0.1", "2001:db8:1::1/48"), ("10.2.0.1", "2001:db8:2::1/48"))
        lines = []
        for place, (name, (four, six)) in enumerate(zip((self.inside, self.outside), values, strict=True)):
            lines += [f"interface GigabitEthernet0/{place}", f" nameif {name}", f" security-level {levels[place]}"]
            lines += [f" ip address {four} 255.255.0.0", f" ipv6 address {six}", "!"]
        return lines

    def _entry(self, name: str, entry: str) -> list[str]:
        lines = [f"access-list {name} extended {entry}"]
        if self._random.random() < 0.15:
            remark = self._random.choice(("permit ip any any", "申請 12 号", "--- !"))
            lines.insert(0, f"access-list {name} remark {remark}")
        if self._random.random() < 0.1:
            lines.append(f"access-list {name} extended permit ip any any inactive")
        return lines

    # --- entries ------------------------------------------------------------------------------------------

    def _entries(self, rule: Rule) -> list[str]:
        action = "permit" if rule.permit else "deny"
        services = [one for service in dict.fromkeys(rule.services) for one in self._service(service)]
        sources, destinations = self._sides(rule.sources), self._sides(rule.destinations)
        if self._style == "ASA objects" and self._random.random() < 0.5 and rule.services != (ANY_SERVICE,):
            members = [
                " ".join(filter(None, ("service-object", protocol, from_ports and f"source {from_ports}",
                                       tail and (f"destination {tail}" if protocol in ("tcp", "udp") else tail))))
                for protocol, from_ports, tail in services
            ]  # fmt: skip
            name = self._add("object-group service", "SVC", members)
            services = [(f"object-group {name}", "", "")]
        combined = list(product(services, sources, destinations))
        self._random.shuffle(combined)  # entries of one action may change places
        return [
            self._logged(" ".join(filter(None, (action, protocol, source, from_ports, destination, tail))))
            for (protocol, from_ports, tail), source, destination in combined
        ]

    def _logged(self, entry: str) -> str:
        tail = self._random.choice((" log", " log disable", " log notifications interval 60", " log default"))
        return entry + (tail if self._random.random() < 0.1 else "")

    def _sides(self, spans: tuple[Span, ...]) -> list[str]:
        if spans == (self._policy.everywhere,):
            return ["any6" if self._six else "any4"]
        if self._style == "ASA objects" and self._random.random() < 0.7:
            return [self._group(spans)]
        return [one for span in dict.fromkeys(spans) for one in self._addresses(span)]

    def _addresses(self, span: Span) -> list[str]:
        if span == self._policy.everywhere:
            return ["any6" if self._six else "any4"]
        nets = prefixes(span, self._policy.family)
        if self._six:
            return [f"host {net.network_address}" if net.prefixlen == 128 else str(net) for net in nets]
        return [
            f"host {net.network_address}"
            if net.prefixlen == 32 and self._random.random() < 0.8
            else f"{net.network_address} {net.netmask}"
            for net in nets
        ]

    def _service(self, service: Service) -> list[tuple[str, str, str]]:
        """Protocol, source ports, and what stands behind the destination."""
        if service == ANY_SERVICE:
            return [("ip", "", "")]
        if service.has_ports:
            number = service.protocol or 0
            word = "tcp" if number == TCP else "udp"
            return [
                (word, source, destination)
                for source in self._ports(number, service.source_ports)
                for destination in self._ports(number, service.destination_ports)
            ]
        if service.protocol in (ICMP, ICMPV6) and (service.protocol == ICMPV6) == self._six:
            return [("icmp6" if self._six else "icmp", "", self._icmp(service))]
        named = _PROTOCOL_NAMES.get(service.protocol or 0)
        return [(named if named is not None and self._random.random() < 0.7 else str(service.protocol), "", "")]

    def _icmp(self, service: Service) -> str:
        if service.icmp_type is None:
            return ""
        name = (_ICMPV6_NAMES if self._six else _ICMP_NAMES).get(service.icmp_type)
        kind = name if name is not None and self._random.random() < 0.6 else str(service.icmp_type)
        return kind + ("" if service.icmp_code is None else f" {service.icmp_code}")

    def _ports(self, protocol: int, spans: tuple[Span, ...]) -> list[str]:
        if spans == (PORTS,):
            return [""]
        if len(spans) == 2 and spans[0][0] == 0 and spans[1][1] == 65535 and spans[0][1] + 2 == spans[1][0]:
            return [f"neq {self._port(protocol, spans[0][1] + 1)}"]
        return [self._operator(protocol, span) for span in spans]

    def _operator(self, protocol: int, span: Span) -> str:
        low, high = span
        if low == high:
            return f"eq {self._port(protocol, low)}"
        if low == 0 and self._random.random() < 0.7:
            return f"lt {self._port(protocol, high + 1)}"
        if high == 65535 and self._random.random() < 0.7:
            return f"gt {self._port(protocol, low - 1)}"
        return f"range {self._port(protocol, low)} {self._port(protocol, high)}"

    def _port(self, protocol: int, port: int) -> str:
        name = _PORT_NAMES[protocol].get(port)
        return name if name is not None and self._random.random() < 0.6 else str(port)

    # --- objects ------------------------------------------------------------------------------------------

    def _group(self, spans: tuple[Span, ...]) -> str:
        if len(spans) == 1 and self._random.random() < 0.5:
            return f"object {self._object(spans[0])}"
        name = self._known.get(spans)
        if name is None:
            members = [member for span in dict.fromkeys(spans) for member in self._member(span)]
            name = self._known[spans] = self._add("object-group network", "NET", members)
        return f"object-group {name}"

    def _object(self, span: Span) -> str:
        nets = prefixes(span, self._policy.family)
        if len(nets) > 1:
            first, last = (address(value, self._policy.family) for value in span)
            value = f"range {first} {last}"
        elif nets[0].prefixlen == nets[0].max_prefixlen:
            value = f"host {nets[0].network_address}"
        elif self._six:
            value = f"subnet {nets[0]}"
        else:
            value = f"subnet {nets[0].network_address} {nets[0].netmask}"
        return self._add("object network", "OBJ", [value])

    def _member(self, span: Span) -> list[str]:
        if len(prefixes(span, self._policy.family)) > 1 or self._random.random() < 0.3:
            return [f"network-object object {self._object(span)}"]
        return [
            f"network-object {'::/0' if self._six else '0.0.0.0 0.0.0.0'}"
            if one.startswith("any")
            else f"network-object {one}"
            for one in self._addresses(span)
        ]

    def _add(self, kind: str, base: str, members: list[str]) -> str:
        if kind.startswith("object-group") and len(members) > 1 and self._random.random() < 0.3:
            cut = self._random.randrange(1, len(members))
            inner = self._add(kind, f"{base}-IN", members[:cut])
            members = [*members[cut:], f"group-object {inner}"]
        name = f"{base}-{len(self._names)}"
        self._names.add(name)
        self._blocks.append([f"{kind} {name}", " description permit any", *(f" {one}" for one in members)])
        return name
