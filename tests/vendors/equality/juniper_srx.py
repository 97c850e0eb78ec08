"""Writes abstract policies as Junos configurations, in the `set` form or the curly one; knows nothing of the reader."""

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
    prefixes,
    twins_bit,
)
from tests.vendors.equality.written import Written

STYLES = ("junos policies", "junos filter")
_BUILT_IN = {
    (TCP, 21): "junos-ftp", (TCP, 22): "junos-ssh", (TCP, 23): "junos-telnet", (TCP, 25): "junos-smtp", (TCP, 80): "junos-http",
    (TCP, 110): "junos-pop3", (TCP, 143): "junos-imap", (TCP, 443): "junos-https", (UDP, 69): "junos-tftp", (UDP, 514): "junos-syslog",
}  # fmt: skip
_PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmp6", 47: "gre", 50: "esp", 51: "ah", 89: "ospf"}
_PORT_NAMES = {22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 80: "http", 123: "ntp", 443: "https", 514: "syslog"}
_NAMES = ("srv", "SEGMENT-A", "net_1", "term", "address", "then permit", "窓口端末", "10.1.1.0/24", "any-ish")


class JuniperWriter:
    """One configuration; every choice of style comes from `random`."""

    def __init__(self, policy: Policy, random: Random, style: str) -> None:
        self._policy = policy
        self._random = random
        self._style = style
        self._six = policy.family == 6
        self._both = self._six or random.random() < 0.4
        self._taken: set[str] = set()
        self._objects: dict[Span, str] = {}
        self._definitions: list[tuple[str, ...]] = []
        pairs = (("ge-0/0/1.0", "ge-0/0/2.0"), ("irb.10", "ge-0/0/0.0"), ("reth0.0", "ge-0/0/3.200"))
        self.inside, self.outside = random.choice(pairs)

    def write(self) -> Written:
        """The whole configuration."""
        random = self._random
        direction = ""
        if self._style == "junos filter":
            direction = random.choice(("in", "out"))
            body = self._filter(direction)
        else:
            body = self._policies()
        others = [*self._interfaces(), *self._definitions, *(() if direction else self._zones())]
        random.shuffle(others)
        statements = [*others, *body]
        curly = random.random() < 0.5
        head = ["## Last commit: 2026-01-10 10:00:00 JST by admin"]
        first = [("version", "21.4R3.15"), ("system", "host-name", "SRX-EQ")]
        lines = [*head, *(_curly if curly else _set)([*first, *statements])]
        style = f"{'curly' if curly else 'set'} {direction}".strip()
        return Written("juniper_srx", style, self._policy.family, tuple(lines), self.inside, self.outside, direction)

    def _interfaces(self) -> list[tuple[str, ...]]:
        values = (("10.1.0.1/16", "2001:db8:1::1/48"), ("10.2.0.1/16", "2001:db8:2::1/48"))
        result: list[tuple[str, ...]] = []
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            port, unit = name.split(".")
            if unit == "200":
                result += [("interfaces", port, "vlan-tagging"), ("interfaces", port, "unit", unit, "vlan-id", unit)]
            result.append(("interfaces", port, "unit", unit, "family", "inet", "address", four))
            if self._both:
                result.append(("interfaces", port, "unit", unit, "family", "inet6", "address", six))
        if "irb.10" in self.inside:
            result += [("vlans", "OFFICE", "vlan-id", "10"), ("vlans", "OFFICE", "l3-interface", "irb.10")]
        return result

    def _zones(self) -> list[tuple[str, ...]]:
        pairs = (("inner", self.inside), ("outer", self.outside))
        zones = [("security", "zones", "security-zone", zone, "interfaces", port) for zone, port in pairs]
        return [*zones, ("security", "forwarding-options", "family", "inet6", "mode", "flow-based")]

    def _rules(self) -> list[Rule]:
        everywhere = (self._policy.everywhere,)
        rules = list(self._policy.rules)
        if self._policy.default or self._random.random() < 0.3 or not rules:
            rules.append(Rule(self._policy.default, everywhere, everywhere, (ANY_SERVICE,)))
        return rules

    # --- policies ---------------------------------------------------------------------------------------------

    def _policies(self) -> list[tuple[str, ...]]:
        random = self._random
        pair = ("security", "policies", "from-zone", "inner", "to-zone", "outer", "policy")
        back = ("security", "policies", "from-zone", "outer", "to-zone", "inner", "policy")
        everywhere = (self._policy.everywhere,)
        result: list[tuple[str, ...]] = []
        rules = self._rules()
        last = rules.pop() if random.random() < 0.3 and len(rules) > 1 else None
        for rule in rules:
            result += self._entry((*pair, self._new_name("rule")), rule)
        if random.random() < 0.4:
            open_back = Rule(True, everywhere, everywhere, (ANY_SERVICE,))
            result += self._entry((*back, self._new_name("back")), open_back)
        if last is not None:
            result += self._entry(("security", "policies", "global", "policy", self._new_name("all")), last)
        return result

    def _entry(self, head: tuple[str, ...], rule: Rule) -> list[tuple[str, ...]]:
        random = self._random
        lines = [(*head, "match", "source-address", name) for name in self._address_names(rule.sources)]
        lines += [(*head, "match", "destination-address", name) for name in self._address_names(rule.destinations)]
        lines += [(*head, "match", "application", name) for name in self._applications(rule.services)]
        action = "permit" if rule.permit else random.choice(("deny", "reject"))
        lines.append((*head, "then", action))
        if random.random() < 0.3:
            lines.append((*head, "then", "log", "session-init"))
        return lines

    def _address_names(self, spans: tuple[Span, ...]) -> list[str]:
        if spans == (self._policy.everywhere,):
            return ["any-ipv6" if self._six else "any-ipv4"]
        bit = twins_bit(spans)
        if bit is not None and not self._six and self._random.random() < 0.7:
            mask = 0xFFFFFFFF ^ (spans[0][1] - spans[0][0]) ^ bit
            name = self._new_name("wild")
            self._define(name, "wildcard-address", f"{address(spans[0][0], 4)}/{address(mask, 4)}")
            return [name]
        names = [self._object(span) for span in dict.fromkeys(spans)]
        if len(names) > 1 and self._random.random() < 0.4:
            group = self._new_name("set")
            self._definitions += [
                ("security", "address-book", "global", "address-set", group, "address", one) for one in names
            ]
            if self._random.random() < 0.4:
                outer = self._new_name("outer")
                self._definitions.append(
                    ("security", "address-book", "global", "address-set", outer, "address-set", group)
                )
                group = outer
            return [group]
        return names

    def _object(self, span: Span) -> str:
        if span == self._policy.everywhere:
            return "any-ipv6" if self._six else "any-ipv4"
        known = self._objects.get(span)
        if known is not None:
            return known
        nets = prefixes(span, self._policy.family)
        if len(nets) == 1:
            name = self._new_name("adr")
            self._define(name, str(nets[0]))
        elif not self._six and self._random.random() < 0.7:
            name = self._new_name("range")
            self._define(name, "range-address", address(span[0], 4), "to", address(span[1], 4))
        else:
            name = self._new_name("parts")
            for net in nets:
                part = self._new_name("part")
                self._define(part, str(net))
                self._definitions.append(("security", "address-book", "global", "address-set", name, "address", part))
        self._objects[span] = name
        return name

    def _define(self, name: str, *value: str) -> None:
        self._definitions.append(("security", "address-book", "global", "address", name, *value))

    def _new_name(self, stem: str) -> str:
        base = self._random.choice((stem, *_NAMES))
        name = f"{base}-{len(self._taken)}"
        self._taken.add(name)
        return name

    def _applications(self, services: tuple[Service, ...]) -> list[str]:
        if ANY_SERVICE in services:
            return ["any"]
        return [self._application(service) for service in dict.fromkeys(services)]

    def _application(self, service: Service) -> str:
        ports = service.destination_ports
        if service.has_ports and service.source_ports == (PORTS,) and len(ports) == 1 and ports[0][0] == ports[0][1]:
            known = _BUILT_IN.get((service.protocol or 0, ports[0][0]))
            if known is not None and self._random.random() < 0.5:
                return known
        name = self._new_name("app")
        settings = self._terms(service)
        head = ("applications", "application", name)
        if len(settings) == 1 and self._random.random() < 0.5:
            self._definitions += [(*head, *pair) for pair in settings[0]]
        else:
            self._definitions += [
                (*head, "term", f"t{number}", *(word for pair in one for word in pair))
                for number, one in enumerate(settings)
            ]
        return name

    def _terms(self, service: Service) -> list[list[tuple[str, str]]]:
        protocol = ("protocol", _PROTOCOLS.get(service.protocol or 0, str(service.protocol)))
        if service.protocol in (ICMP, ICMPV6):
            six = "6" if service.protocol == ICMPV6 else ""
            values = ((f"icmp{six}-type", service.icmp_type), (f"icmp{six}-code", service.icmp_code))
            return [[protocol, *((word, str(value)) for word, value in values if value is not None)]]
        if not service.has_ports:
            return [[protocol]]
        return [
            [protocol, *_port_pair("source-port", source), *_port_pair("destination-port", destination)]
            for destination in service.destination_ports
            for source in service.source_ports
        ]

    # --- filters ----------------------------------------------------------------------------------------------

    def _filter(self, direction: str) -> list[tuple[str, ...]]:
        word = "inet6" if self._six else "inet"
        head = ("firewall", "family", word, "filter", "EDGE", "term")
        result: list[tuple[str, ...]] = []
        for number, rule in enumerate(self._rules()):
            services = (ANY_SERVICE,) if ANY_SERVICE in rule.services else tuple(dict.fromkeys(rule.services))
            for place, service in enumerate(services):
                result += self._term((*head, f"r{number}-{place}"), rule, service)
        port, unit = (self.inside if direction == "in" else self.outside).split(".")
        way = "input" if direction == "in" else "output"
        applied = ("interfaces", port, "unit", unit, "family", word, "filter", way, "EDGE")
        return [applied, *result]

    def _term(self, head: tuple[str, ...], rule: Rule, service: Service) -> list[tuple[str, ...]]:
        random = self._random
        lines: list[tuple[str, ...]] = []
        for side, spans in (("source", rule.sources), ("destination", rule.destinations)):
            if spans == (self._policy.everywhere,) and random.random() < 0.7:
                continue
            nets = [str(net) for span in spans for net in prefixes(span, self._policy.family)]
            if random.random() < 0.3:
                name = f"LIST-{len(self._definitions)}"
                self._definitions += [("policy-options", "prefix-list", name, net) for net in nets]
                lines.append((*head, "from", f"{side}-prefix-list", name))
            else:
                lines += [(*head, "from", f"{side}-address", net) for net in nets]
        if service != ANY_SERVICE:
            protocol = _PROTOCOLS.get(service.protocol or 0, str(service.protocol))
            lines.append((*head, "from", "next-header" if self._six else "protocol", protocol))
            for side, ports in (("source", service.source_ports), ("destination", service.destination_ports)):
                if service.has_ports and ports != (PORTS,):
                    lines += [(*head, "from", f"{side}-port", self._port(span)) for span in ports]
            for kind, value in (("icmp-type", service.icmp_type), ("icmp-code", service.icmp_code)):
                if value is not None:
                    lines.append((*head, "from", kind, str(value)))
        action = "accept" if rule.permit else random.choice(("discard", "reject"))
        if random.random() < 0.3:
            lines.append((*head, "then", "count", "HITS"))
        return [*lines, (*head, "then", action)]

    def _port(self, span: Span) -> str:
        if span[0] == span[1] and span[0] in _PORT_NAMES and self._random.random() < 0.5:
            return _PORT_NAMES[span[0]]
        return _range(span)


def _port_pair(word: str, span: Span) -> list[tuple[str, str]]:
    return [] if span == PORTS else [(word, _range(span))]


def _range(span: Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _set(statements: list[tuple[str, ...]]) -> list[str]:
    return [f"set {' '.join(map(_quoted, one))}" for one in statements]


def _curly(statements: list[tuple[str, ...]]) -> list[str]:
    """Statements with a common beginning in one block; every word opens one, but for the last two of a statement."""
    lines: list[str] = []
    opened: tuple[str, ...] = ()
    for one in sorted(statements, key=lambda each: each[:1]):
        path = one[:-2] if len(one) > 2 else ()
        common = 0
        while common < min(len(path), len(opened)) and path[common] == opened[common]:
            common += 1
        lines += ["    " * depth + "}" for depth in range(len(opened) - 1, common - 1, -1)]
        lines += ["    " * depth + f"{_quoted(path[depth])} {{" for depth in range(common, len(path))]
        opened = path
        lines.append("    " * len(path) + " ".join(map(_quoted, one[len(path) :])) + ";")
    return lines + ["    " * depth + "}" for depth in range(len(opened) - 1, -1, -1)]
