"""Writes abstract policies as Cisco NX-OS configurations; knows nothing of the reader. What IOS has alike is written by its writer."""

from __future__ import annotations

from random import Random

from tests.vendors.equality.cisco_ios import CiscoWriter
from tests.vendors.equality.policies import Policy, Rule, Span, address, prefixes
from tests.vendors.equality.written import Written


class NxosWriter(CiscoWriter):
    """One configuration; every choice comes from `random`."""

    def __init__(self, policy: Policy, random: Random) -> None:
        super().__init__(policy, random, random.choice(("named", "object groups")))
        self.inside, self.outside = random.choice(
            (("Vlan10", "Vlan20"), ("Ethernet1/1", "Ethernet1/2/1"), ("port-channel7.10", "Ethernet101/1/3"))
        )
        self._ports_groups: dict[tuple[Span, ...], str] = {}

    def write(self) -> Written:
        """The whole configuration."""
        random = self._random
        entries = [entry for rule in self._policy.rules for entry in self._entries(rule)]
        # The end of an IPv6 list permits four messages of ICMP before its deny; an entry of one's own leaves them unreached.
        if self._policy.default or self._six or not entries or random.random() < 0.3:
            whole = "ipv6" if self._six else "ip"
            entries.append(f"{'permit' if self._policy.default else 'deny'} {whole} any any")
        direction = random.choice(("in", "in", "out"))
        name = self._new_name()
        head = f"{'ipv6' if self._six else 'ip'} access-list {name}"
        held = [head, *(["  statistics per-entry"] if random.random() < 0.3 else [])]
        held += [" " + line for line in self._sequenced([f"{{}} {entry}" for entry in entries])]
        applied = f"ipv6 traffic-filter {name}" if self._six else f"ip access-group {name}"
        blocks = [held, *self._groups]
        random.shuffle(blocks)
        interfaces = self._interfaces(applied, direction)
        random.shuffle(interfaces)
        lines = ["!Command: show running-config", "version 9.3(8)", "hostname SW-EQ", "feature interface-vlan"]
        lines += [line for block in (*blocks, *interfaces) for line in (*block, "")]
        lines += ["line console", "line vty", "boot nxos bootflash:/nxos.9.3.8.bin"]
        style = f"{self._style} {direction}"
        return Written("cisco_nxos", style, self._policy.family, tuple(lines), self.inside, self.outside, direction)

    def _interfaces(self, applied: str, direction: str) -> list[list[str]]:
        blocks = []
        values = (("10.1.0.1/16", "2001:db8:1::1/48"), ("10.2.0.1/16", "2001:db8:2::1/48"))
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            lines = [f"interface {name}"]
            if "." in name:
                lines.append("  encapsulation dot1q 10")
            elif "Ethernet" in name:
                lines.append("  no switchport")
            lines += ["  no shutdown", f"  ip address {four}"]
            if self._both:
                lines.append(f"  ipv6 address {six}")
            if name == (self.inside if direction == "in" else self.outside):
                lines.append(f"  {applied} {direction}")
            blocks.append(lines)
        return blocks

    # --- entries ------------------------------------------------------------------------------------------

    def _logged(self, entry: str) -> str:
        return entry + (" log" if self._random.random() < 0.05 else "")

    def _addresses(self, span: Span) -> list[str]:
        found = super()._addresses(span)
        if self._six or span == self._policy.everywhere:
            return found
        return [
            str(net) if self._random.random() < 0.6 else one for one, net in zip(found, prefixes(span, 4), strict=True)
        ]

    def _ports(self, protocol: int, spans: tuple[Span, ...]) -> list[str]:
        random = self._random
        if len(spans) > 1 and random.random() < 0.4:
            name = self._ports_groups.get(spans)
            if name is None:
                name = self._ports_groups[spans] = self._new_name() + "-PORTS"
                members = [f"eq {low}" if low == high else f"range {low} {high}" for low, high in spans]
                self._add_group("port", name, members)
            return [f"portgroup {name}"]
        found = super()._ports(protocol, spans)
        return [
            f"eq {port}" if one.startswith("eq ") else one
            for one in found
            for port in (one.split()[1:] if one.startswith("eq ") else [""])
        ]

    def _grouped(self, rule: Rule, action: str) -> list[str]:
        source, destination = self._network(rule.sources), self._network(rule.destinations)
        services: list[tuple[str, str, str]] = [
            one for service in dict.fromkeys(rule.services) for one in self._service(service)
        ]
        return [
            self._logged(" ".join(filter(None, (action, protocol, source, from_ports, destination, tail))))
            for protocol, from_ports, tail in services
        ]

    def _network(self, spans: tuple[Span, ...]) -> str:
        return super()._network(spans).replace("object-group", "addrgroup")

    def _network_member(self, span: Span) -> list[str]:
        if span == self._policy.everywhere:
            return ["0.0.0.0/0"]
        return [
            f"host {net.network_address}"
            if net.prefixlen == 32
            else str(net)
            if self._random.random() < 0.6
            else f"{address(int(net.network_address), 4)} {net.hostmask}"
            for net in prefixes(span, 4)
        ]

    def _add_group(self, kind: str, name: str, members: list[str]) -> None:
        what = "port" if kind == "port" else "address"
        self._groups.append(
            [f"object-group ip {what} {name}", *(f"  {10 * number} {one}" for number, one in enumerate(members, 1))]
        )
