"""Writes abstract policies as FortiOS configurations; knows nothing of the reader."""

from __future__ import annotations

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
    highest,
    outside,
    prefixes,
    twins_bit,
)
from tests.vendors.equality.written import Written

_BUILT_IN = {
    (TCP, 21): "FTP", (TCP, 22): "SSH", (TCP, 23): "TELNET", (TCP, 25): "SMTP", (TCP, 80): "HTTP", (TCP, 110): "POP3",
    (TCP, 143): "IMAP", (TCP, 443): "HTTPS", (UDP, 69): "TFTP", (UDP, 514): "SYSLOG",
}  # fmt: skip
_BUILT_IN_PROTOCOLS = {47: "GRE", 50: "ESP", 51: "AH", 89: "OSPF"}
_NAMES = (
    "srv",
    "net one",
    "Segment A",
    "all-hosts",
    "any",
    "10.1.1.0/24",
    "窓口端末",
    "set member",
    "it's",
    "A&B",
    "端 末",
    "表示ソース",
)


class FortiosWriter:
    """One configuration; every choice of style comes from `random`."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self._policy = policy
        self._random = random
        self._six = policy.family == 6
        self._both = random.random() < 0.5
        self._old = random.random() < 0.3
        self._objects: dict[Span, str] = {}
        self._custom: dict[Service, str] = {}
        self._taken = {"all", "none"}
        self._addresses: list[list[str]] = []
        self._groups: list[list[str]] = []
        self._services: list[list[str]] = []
        self._service_groups: list[list[str]] = []
        self._zones = random.random() < 0.2
        self.inside, self.outside = random.choice((("port1", "port2"), ("internal", "wan1"), ("VLAN 10", "dmz")))

    def write(self) -> Written:
        """The whole configuration."""
        random = self._random
        table = self._policies()
        six = "6" if self._six else ""
        sections = [
            *self._split("system interface", self._interfaces(), whole=True),
            *self._split(f"firewall address{six}", self._addresses),
            *self._split(f"firewall addrgrp{six}", self._groups),
            *self._split("firewall service custom", self._services),
            *self._split("firewall service group", self._service_groups),
            *self._split("firewall policy6" if self._six and self._old else "firewall policy", table, whole=True),
        ]
        if self._zones:
            zones = [[f'edit "{name}"', f'    set interface "{port}"', "next"] for name, port in self._zone_names()]
            sections.append(["config system zone", *(f"    {line}" for zone in zones for line in zone), "end"])
        random.shuffle(sections)
        version = "6.2.9-FW-build1234-210930" if self._old else "7.2.8-FW-build1639-240313"
        head = [f"#config-version=FG100F-{version}:opmode=0:vdom=0:user=admin", "config system global"]
        head += ['    set hostname "FW-EQ"', "end"]
        lines = [*head, *(line for section in sections for line in section)]
        return Written("fortios", "policies", self._policy.family, tuple(lines), self.inside, self.outside)

    def _split(self, path: str, entries: list[list[str]], whole: bool = False) -> list[list[str]]:
        """A section, sometimes written in two blocks: they add up."""
        if not entries:
            return []
        if not whole:
            self._random.shuffle(entries)
        cut = self._random.randrange(len(entries)) if not whole and self._random.random() < 0.3 else 0
        blocks = [part for part in (entries[:cut], entries[cut:]) if part]
        return [[f"config {path}", *(f"    {line}" for entry in block for line in entry), "end"] for block in blocks]

    def _interfaces(self) -> list[list[str]]:
        result = []
        values = (("10.1.0.1 255.255.0.0", "2001:db8:1::1/48"), ("10.2.0.1 255.255.0.0", "2001:db8:2::1/48"))
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            lines = [f'edit "{name}"', '    set vdom "root"', f"    set ip {four}"]
            if name.startswith("VLAN"):
                lines += ['    set interface "port9"', "    set vlanid 10"]
            else:
                lines.append("    set type physical")
            if self._six or self._both:
                lines += ["    config ipv6", f"        set ip6-address {six}", "    end"]
            result.append([*lines, "next"])
        if self.inside.startswith("VLAN"):
            result.append(['edit "port9"', '    set vdom "root"', "    set type physical", "next"])
        return result

    def _zone_names(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("Z-IN", self.inside), ("Z-OUT", self.outside)

    def _policies(self) -> list[list[str]]:
        random = self._random
        rules = list(self._policy.rules)
        everywhere = (self._policy.everywhere,)
        if self._policy.default or random.random() < 0.3:
            rules.append(Rule(self._policy.default, everywhere, everywhere, (ANY_SERVICE,)))
        numbers = random.sample(range(1, 500), len(rules) + 4)
        table = [self._entry(rule, numbers.pop()) for rule in rules]
        if random.random() < 0.4:
            decoy = Rule(True, everywhere, everywhere, (ANY_SERVICE,))
            disabled = self._entry(decoy, numbers.pop())
            disabled.insert(-1, "    set status disable")
            table.insert(random.randrange(len(table) + 1), disabled)
        if random.random() < 0.4:
            elsewhere = self._entry(Rule(True, everywhere, everywhere, (ANY_SERVICE,)), numbers.pop(), back=True)
            table.insert(random.randrange(len(table) + 1), elsewhere)
        return table

    def _entry(self, rule: Rule, number: int, back: bool = False) -> list[str]:
        random = self._random
        names = [zone for zone, _ in self._zone_names()] if self._zones else [self.inside, self.outside]
        source, destination = reversed(names) if back else names
        negated = ["set service-negate enable"] if rule.negated else []
        settings = [
            *negated,
            "set srcintf " + (f'"{source}"' if back or random.random() < 0.9 else '"any"'),
            "set dstintf " + (f'"{destination}"' if back or random.random() < 0.9 else '"any"'),
            'set schedule "always"',
            "set service " + self._services_of(rule.services),
        ]
        if rule.permit:
            settings.append("set action accept")
        elif random.random() < 0.5:
            settings.append("set action deny")
        suffix = "6" if self._six and not self._old else ""
        for word, spans in (("src", rule.sources), ("dst", rule.destinations)):
            settings += self._address_lines(word, suffix, spans)
        if random.random() < 0.3:
            settings.append("set logtraffic all")
        if random.random() < 0.3:
            settings.append(
                'set comments "set srcaddr \\"all\\" next end"' if random.random() < 0.5 else 'set comments "許可"'
            )
        random.shuffle(settings)
        return [f"edit {number}", *(f"    {line}" for line in settings), "next"]

    # --- addresses ----------------------------------------------------------------------------------------

    def _address_lines(self, word: str, suffix: str, spans: tuple[Span, ...]) -> list[str]:
        everywhere = (self._policy.everywhere,)
        rest = outside(spans, highest(self._policy.family))
        if rest and self._random.random() < 0.08:
            return [f"set {word}addr{suffix} {self._members(rest)}", f"set {word}addr{suffix}-negate enable"]
        if spans == everywhere:
            return [f'set {word}addr{suffix} "all"']
        if rest and self._random.random() < 0.08:
            group = self._new_name("grp")
            members = self._members(rest)
            self._groups.append(
                [
                    f'edit "{group}"',
                    '    set member "all"',
                    "    set exclude enable",
                    f"    set exclude-member {members}",
                    "next",
                ]
            )
            return [f'set {word}addr{suffix} "{group}"']
        return [f"set {word}addr{suffix} {self._members(spans)}"]

    def _members(self, spans: tuple[Span, ...]) -> str:
        bit = twins_bit(spans)
        if bit is not None and not self._six and self._random.random() < 0.7:
            name = self._new_name("wild")
            mask = highest(4) ^ (spans[0][1] - spans[0][0]) ^ bit
            value = f"    set wildcard {address(spans[0][0], 4)} {address(mask, 4)}"
            self._addresses.append([f'edit "{name}"', "    set type wildcard", value, "next"])
            return f'"{name}"'
        names = [self._object(span) for span in dict.fromkeys(spans)]
        while len(names) > 1 and self._random.random() < 0.4:
            cut = self._random.randrange(1, len(names) + 1)
            names = [self._group(names[:cut]), *names[cut:]]
            if len(names) == 1:
                break
        return " ".join(f'"{name}"' for name in names)

    def _group(self, members: list[str]) -> str:
        name = self._new_name("grp")
        self._groups.append([f'edit "{name}"', "    set member " + " ".join(f'"{one}"' for one in members), "next"])
        return name

    def _object(self, span: Span) -> str:
        if span == self._policy.everywhere:
            return "all"
        name = self._objects.get(span)
        if name is None:
            name = self._objects[span] = self._new_name("adr")
            self._addresses.append([f'edit "{name}"', *(f"    {line}" for line in self._value(span)), "next"])
        return name

    def _value(self, span: Span) -> list[str]:
        family = self._policy.family
        low, high = address(span[0], family), address(span[1], family)
        nets = prefixes(span, family)
        if len(nets) > 1 or self._random.random() < 0.15:
            return ["set type iprange", f"set start-ip {low}", f"set end-ip {high}"]
        net = nets[0]
        if self._six:
            return [f"set ip6 {net}"]
        match self._random.randrange(4):
            case 0:
                inner = self._random.randint(*span)  # host bits behind a mask mean nothing
                return [f"set subnet {address(inner, 4)}/{net.prefixlen}"]
            case 1:
                return ["set type wildcard", f"set wildcard {net.network_address} {net.netmask}"]
            case _:
                return [f"set subnet {net.network_address} {net.netmask}"]

    def _new_name(self, stem: str) -> str:
        base = self._random.choice((stem, *_NAMES))
        number = len(self._taken)
        name = f"{base} {number}" if self._random.random() < 0.7 or base in self._taken else base
        self._taken.add(name)
        return name

    # --- services -----------------------------------------------------------------------------------------

    def _services_of(self, services: tuple[Service, ...]) -> str:
        names = self._single_services(list(dict.fromkeys(services)))
        if len(names) > 1 and self._random.random() < 0.3:
            cut = self._random.randrange(1, len(names) + 1)
            group = self._new_name("svcgrp")
            members = " ".join(f'"{name}"' for name in names[:cut])
            self._service_groups.append([f'edit "{group}"', f"    set member {members}", "next"])
            names = [group, *names[cut:]]
        return " ".join(f'"{name}"' for name in names)

    def _single_services(self, services: list[Service]) -> list[str]:
        """The names; one object may hold the ports of TCP and of UDP."""
        if {service.protocol for service in services[:2]} == {TCP, UDP} and self._random.random() < 0.5:
            name = self._new_name("svc")
            lines = [line for service in services[:2] for line in self._port_lines(service)]
            self._services.append([f'edit "{name}"', *(f"    {line}" for line in lines), "next"])
            return [name, *(self._service(service) for service in services[2:])]
        return [self._service(service) for service in services]

    def _service(self, service: Service) -> str:
        if service == ANY_SERVICE and self._random.random() < 0.9:
            return "ALL"
        known = self._known(service)
        if known is not None and self._random.random() < 0.5:
            return known
        name = self._custom.get(service)
        if name is None:
            name = self._custom[service] = self._new_name("svc")
            self._services.append([f'edit "{name}"', *(f"    {line}" for line in self._definition(service)), "next"])
        return name

    def _known(self, service: Service) -> str | None:
        if service.has_ports and service.source_ports == (PORTS,):
            low, high = service.destination_ports[0]
            if len(service.destination_ports) == 1 and low == high:
                return _BUILT_IN.get((service.protocol or 0, low))
        if service.protocol == ICMP and service.icmp_code is None:
            return {None: "ALL_ICMP", 8: "PING"}.get(service.icmp_type)
        if service.protocol == ICMPV6 and service.icmp_code is None:
            return {None: "ALL_ICMP6", 128: "PING6"}.get(service.icmp_type)
        return _BUILT_IN_PROTOCOLS.get(service.protocol or 0)

    def _definition(self, service: Service) -> list[str]:
        random = self._random
        if service.protocol in (ICMP, ICMPV6):
            lines = [f"set protocol {'ICMP' if service.protocol == ICMP else 'ICMP6'}"]
            if service.icmp_type is None:
                return [*lines, "unset icmptype"]
            lines.append(f"set icmptype {service.icmp_type}")
            return lines if service.icmp_code is None else [*lines, f"set icmpcode {service.icmp_code}"]
        if service == ANY_SERVICE:
            return ["set protocol IP"]
        plain = service.destination_ports == (PORTS,) and service.source_ports == (PORTS,)
        if not service.has_ports or (plain and random.random() < 0.5):
            return ["set protocol IP", f"set protocol-number {service.protocol}"]
        lines = ["set protocol TCP/UDP/SCTP"] if random.random() < 0.3 else []
        return [*lines, *self._port_lines(service)]

    def _port_lines(self, service: Service) -> list[str]:
        word = "tcp" if service.protocol == TCP else "udp"
        values = [
            _range(destination) + ("" if source == PORTS and self._random.random() < 0.8 else ":" + _range(source))
            for destination in service.destination_ports
            for source in service.source_ports
        ]
        return [f"set {word}-portrange {' '.join(values)}"]


def _range(span: Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"
