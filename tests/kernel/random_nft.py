"""Random rule sets in the syntax of `nft -f`."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Mapping, Sequence

from secaudit.network.matches import Family
from tests.kernel.laboratory import INTERFACES
from tests.kernel.values import Values

_ICMP: Mapping[Family, tuple[str, ...]] = {
    4: ("echo-request", "echo-reply", "destination-unreachable", "13", "30", "time-exceeded"),
    6: ("echo-request", "echo-reply", "destination-unreachable", "nd-neighbor-solicit", "packet-too-big", "200"),
}
_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg")
_STATES = ("new", "established", "related", "invalid", "untracked")
_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
_PRIORITIES = ("raw", "mangle", "filter", "filter", "filter", "security", "5", "filter + 10", "filter - 1", "-160")


_ODD = (
    "limit rate 5/second",
    "limit rate over 5/second",
    "meta length < 100",
    "meta mark 0x1",
    "meta mark != 0x1",
    "ct mark 0x2",
    "fib daddr type local",
    "fib saddr type != local",
    "meta pkttype host",
    "ct status dnat",
    "ct status != dnat",
    "ct direction original",
    "meta cpu 0",
    "numgen random mod 2 0",
    "ct state new",
)
"""Matches that a reader cannot, or need not, know exactly: what it says then must be on the safe side."""


class RandomNft:
    """One rule set for the families of `values`. `state`: connection states may be asked; `nat`: there are nat chains."""

    def __init__(self, rng: random.Random, values: Mapping[Family, Values], *, state: bool, nat: bool) -> None:
        self._random = rng
        self._values = values
        self._state = state
        self._nat = nat
        self._odd = rng.choice((0.0, 0.0, 0.15, 0.4))
        self._declared: list[str] = []
        self._count = 0
        self._family: Family = 4
        self._inet = False
        self._policy = "accept"
        """Of the base chain that is being written."""

    def text(self) -> str:
        """What `nft -f` loads."""
        families = tuple(self._values)
        if len(families) == 2:
            tables = ["inet"] if self._random.random() < 0.7 else ["ip", "ip6"]
        else:
            tables = ["inet" if self._random.random() < 0.3 else "ip" if families == (4,) else "ip6"]
        if self._random.random() < 0.2:
            tables.append(tables[0])
        return "".join(self._table(family, f"t{index}") for index, family in enumerate(tables))

    def _table(self, family: str, name: str) -> str:
        self._inet = family == "inet"
        self._declared = []
        chains = self._user_chains(family)
        hooks = [hook for hook in ("input", "forward", "output") if self._random.random() < 0.85]
        hooks += [hook for hook in _HOOKS if self._random.random() < 0.15]
        for index, hook in enumerate(hooks):
            priority = "filter" if index < 3 and self._random.random() < 0.7 else self._random.choice(_PRIORITIES)
            policy = self._policy = self._random.choice(("drop", "accept"))
            users = [one.split()[1] for one in chains if one.startswith("chain u")]
            chains.append(
                self._base(family, f"b{index}", f"type filter hook {hook} priority {priority}", hook, policy, users)
            )
        if self._state and self._random.random() < 0.3:
            chains.append(self._untracking(family))
        if self._nat:
            chains += self._nat_chains(family)
        return f"table {family} {name} {{\n" + "".join((*self._declared, *chains)) + "}\n"

    def _user_chains(self, family: str) -> list[str]:
        """Each may call those that stand before it in the text."""
        found: list[str] = []
        for index in range(self._random.choice((0, 1, 2, 3))):
            users = [f"u{one}" for one in range(index)]
            rules = [self._rule(family, "", users, True) for _ in range(self._random.randint(1, 4))]
            found.append(_chain(f"u{index}", rules))
        return found

    def _base(self, family: str, name: str, kind: str, hook: str, policy: str, users: Sequence[str]) -> str:
        rules = [self._rule(family, hook, users, False) for _ in range(self._random.randint(0, 7))]
        return _chain(name, [f"{kind}; policy {policy};", *rules])

    def _untracking(self, family: str) -> str:
        """A chain in front of connection tracking; most of its rules ask for no state, which is always `invalid` there."""
        hook = self._random.choice(("prerouting", "prerouting", "output"))
        self._policy = "accept"
        rules = []
        for _ in range(self._random.randint(1, 5)):
            self._state = self._random.random() < 0.05
            rule = self._rule(family, hook, (), False)
            self._state = True
            wanted = self._random.choice((" notrack", " notrack", " notrack accept", ""))
            rules.append(rule.rsplit(" ", 1)[0] + wanted if wanted and rule.endswith((" accept", " drop")) else rule)
        return _chain("raw", [f"type filter hook {hook} priority raw; policy accept;", *rules])

    def _rule(self, family: str, hook: str, users: Sequence[str], user: bool) -> str:
        self._family = {"ip": 4, "ip6": 6}.get(family) or self._random.choice(tuple(self._values))  # type: ignore[assignment]
        parts = []
        if self._random.random() < 0.2:
            parts.append(self._interface(hook))
        if self._random.random() < 0.75:
            parts.append(self._addresses(hook))
        with_service = any(" dport" in part for part in parts)
        if self._state and self._random.random() < 0.3:
            parts.append(self._states(users))
            if " vmap " in parts[-1]:
                return _rule(parts)
        draw = self._random.random()
        if draw < 0.15 and not with_service:
            return _rule([*parts, self._verdict_map(users)])
        if draw < 0.75 and not with_service:
            parts.append(self._service())
        if self._random.random() < self._odd:
            parts.append(self._random.choice(_ODD))
        if self._random.random() < 0.2:
            parts.append(self._random.choice(("counter", 'log prefix "seen "', "counter log")))
        return _rule([*parts, self._verdict(hook, users, user)])

    def _verdict(self, hook: str, users: Sequence[str], user: bool) -> str:
        draw = self._random.random()
        if users and draw < 0.25:
            return f"{self._random.choice(('jump', 'jump', 'goto'))} {self._random.choice(users)}"
        if user and draw < 0.4:
            return "return"
        if draw < 0.43:
            return "continue"
        if draw < 0.53 and hook in ("input", "forward", "output"):
            return "reject"
        # mostly what the chain's policy does not do anyway
        usual = self._policy if hook else self._random.choice(("accept", "drop"))
        return usual if self._random.random() < 0.2 else "drop" if usual == "accept" else "accept"

    # --- what is asked of a packet

    def _not(self) -> str:
        return "!= " if self._random.random() < 0.15 else ""

    def _interface(self, hook: str) -> str:
        words = {"input": ("iif",), "prerouting": ("iif",), "output": ("oif",), "postrouting": ("oif",)}
        word = self._random.choice(words.get(hook, ("iif", "oif")))
        draw = self._random.random()
        name = self._random.choice(INTERFACES)
        if draw < 0.4:
            return f'{word}name {self._not()}"{name}"'
        if draw < 0.55:
            return f'{word} {self._not()}"{name}"'
        if draw < 0.75:
            return f'{word}name {self._not()}"{self._random.choice(("eth*", "ens*", "wg*"))}"'
        return f'{word}name {self._not()}{{ "eth0", "{self._random.choice(("ens5", "wg0"))}" }}'

    @property
    def _ip(self) -> str:
        return "ip" if self._family == 4 else "ip6"

    def _addresses(self, hook: str) -> str:
        draw = self._random.random()
        if draw < 0.15:
            return self._concatenation()
        parts = [self._address(side, hook) for side in ("saddr", "daddr") if self._random.random() < 0.5]
        if self._inet and self._random.random() < 0.1:
            parts.insert(0, f"meta nfproto ipv{self._family}")
        return " ".join(parts)

    def _address(self, side: str, hook: str = "") -> str:
        values = self._values[self._family]
        draw = self._random.random()
        if hook == "input" and side == "daddr":
            return f"{self._ip} daddr {self._not()}{values.own()}"
        if draw < 0.45:
            wanted = values.prefix()
        elif draw < 0.6:
            wanted = "-".join(values.span())
        elif draw < 0.8:
            wanted = "{ " + ", ".join(self._elements()) + " }"
        else:
            wanted = "@" + self._named(f"type ipv{self._family}_addr; flags interval;", self._elements())
        return f"{self._ip} {side} {self._not()}{wanted}"

    def _elements(self) -> list[str]:
        """Addresses that do not overlap: `nft` refuses intervals that do."""
        values = self._values[self._family]
        return [
            values.text(value) for value in sorted({_number(values.host()) for _ in range(self._random.randint(1, 4))})
        ]

    def _concatenation(self) -> str:
        values = self._values[self._family]
        protocol = self._random.choice(("tcp", "udp"))
        pairs = {f"{values.host()} . {values.port()}" for _ in range(self._random.randint(1, 4))}
        if self._random.random() < 0.4:
            low, high = values.ports()
            pairs = {f"{values.prefix()} . {low}-{high}"}
        side = self._random.choice(("saddr", "daddr"))
        if self._random.random() < 0.3:
            kind = f"type ipv{self._family}_addr . inet_service; flags interval;"
            return f"{self._ip} {side} . {protocol} dport {self._not()}@{self._named(kind, sorted(pairs))}"
        return f"{self._ip} {side} . {protocol} dport {self._not()}{{ {', '.join(sorted(pairs))} }}"

    def _named(self, kind: str, elements: Sequence[str]) -> str:
        self._count += 1
        name = f"s{self._count}"
        self._declared.append(f"set {name} {{\n{kind}\nelements = {{ {', '.join(elements)} }}\n}}\n")
        return name

    def _service(self) -> str:
        draw = self._random.random()
        if draw < 0.45:
            protocol = self._random.choice(("tcp", "tcp", "udp", "sctp"))
            return self._port(protocol) if draw < 0.4 else self._two_ports(protocol)
        if draw < 0.55:
            return "meta l4proto { tcp, udp } " + self._port("th")
        if draw < 0.75:
            return self._tcp_flags()
        if draw < 0.88:
            return self._icmp()
        if self._random.random() < 0.5:
            return f"meta l4proto {self._not()}{self._random.choice(('tcp', 'udp', 'gre', 'sctp', '{ tcp, udp }', '{ esp, 89 }'))}"
        return f"{'ip protocol' if self._family == 4 else 'ip6 nexthdr'} {self._not()}{self._random.choice(('tcp', 'udp', 'gre', '89'))}"

    def _port(self, protocol: str) -> str:
        values = self._values[self._family]
        side = self._random.choice(("dport", "dport", "dport", "sport"))
        draw = self._random.random()
        low, high = values.ports()
        if draw < 0.3:
            return f"{protocol} {side} {self._not()}{values.port()}"
        if draw < 0.6:
            return f"{protocol} {side} {self._not()}{low}-{high}"
        if draw < 0.75:
            return f"{protocol} {side} {self._random.choice(('<', '<=', '>', '>='))} {low or 1}"
        some = sorted({values.port() for _ in range(self._random.randint(1, 4))})
        if draw < 0.88:
            return f"{protocol} {side} {self._not()}{{ {', '.join(map(str, some))} }}"
        return f"{protocol} {side} {self._not()}@{self._named('type inet_service; flags interval;', [str(one) for one in some])}"

    def _two_ports(self, protocol: str) -> str:
        """Not compared with `>=` and `<=`: `nft list` 1.0.6 shows `sport >= 100 dport <= 200` as `dport 100-200`, another rule."""
        while True:
            found = f"{self._port(protocol)} {self._port(protocol)}"
            if not ("<" in found and ">" in found):
                return found

    def _tcp_flags(self) -> str:
        draw = self._random.random()
        mask = self._random.sample(_FLAGS, self._random.randint(2, 5))
        wanted = [name for name in mask if self._random.random() < 0.5]
        if draw < 0.3:
            return f"tcp flags {self._random.choice(('syn', 'ack', 'rst', 'syn,ack', 'fin'))}"
        if draw < 0.4:
            return f"tcp flags {{ {', '.join(self._random.sample(_FLAGS, 2))} }}"
        if draw < 0.8:
            operator = self._random.choice(("==", "==", "!="))
            return f"tcp flags & ({' | '.join(mask)}) {operator} {'(' + ' | '.join(wanted) + ')' if len(wanted) > 1 else wanted[0] if wanted else '0x0'}"
        return f"tcp flags {self._not()}{','.join(wanted or mask[:1])} / {','.join(mask)}"

    def _icmp(self) -> str:
        word = "icmp" if self._family == 4 else "icmpv6"
        draw = self._random.random()
        types = _ICMP[self._family]
        if draw < 0.5:
            return f"{word} type {self._not()}{self._random.choice(types)}"
        if draw < 0.8:
            return f"{word} type {self._not()}{{ {', '.join(self._random.sample(types, 2))} }}"
        return f"{word} type {types[2]} {word} code {self._random.choice(('0', '1', '3'))}"

    def _states(self, users: Sequence[str]) -> str:
        draw = self._random.random()
        if draw < 0.3:
            some = self._random.sample(_STATES, self._random.randint(1, 3))
            verdicts = ["accept", "drop", "continue", *(f"jump {user}" for user in users)]
            pairs = [f"{state} : {self._random.choice(verdicts)}" for state in some]
            return f"ct state vmap {{ {', '.join(pairs)} }}"
        if draw < 0.45:
            return f"ct state != {self._random.choice(_STATES)}"
        return f"ct state {','.join(self._random.sample(_STATES, self._random.choice((1, 2, 2))))}"

    def _verdict_map(self, users: Sequence[str]) -> str:
        verdicts = ["accept", "drop", *(f"{word} {user}" for user in users for word in ("jump", "goto"))]
        values = self._values[self._family]
        draw = self._random.random()
        if draw < 0.35:
            low, high = values.ports()
            low = max(low, 1)
            single = next(port for port in (22, 80, 443, 0) if not low <= port <= high)
            pairs = [f"{single} : {self._random.choice(verdicts)}", f"{low}-{high} : {self._random.choice(verdicts)}"]
            return f"{self._random.choice(('tcp', 'udp'))} dport vmap {{ {', '.join(pairs)} }}"
        if draw < 0.6:
            keys = self._elements()
            return f"{self._ip} {self._random.choice(('saddr', 'daddr'))} vmap {{ {', '.join(f'{key} : {self._random.choice(verdicts)}' for key in keys)} }}"
        if draw < 0.8:
            pairs = [
                f"{key} : {self._random.choice(verdicts)}"
                for key in self._random.sample(("tcp", "udp", "sctp", "gre"), 2)
            ]
            return f"meta l4proto vmap {{ {', '.join(pairs)} }}"
        keys = sorted({f"{values.host()} . {values.port()}" for _ in range(2)})
        return f"{self._ip} saddr . tcp dport vmap {{ {', '.join(f'{key} : {self._random.choice(verdicts)}' for key in keys)} }}"

    # --- translating

    def _nat_chains(self, family: str) -> list[str]:
        destination = [self._destination(family) for _ in range(self._random.randint(0, 4))]
        source = [self._source(family) for _ in range(self._random.randint(0, 4))]
        return [
            _chain("dnat_in", ["type nat hook prerouting priority dstnat; policy accept;", *destination]),
            _chain("snat_out", ["type nat hook postrouting priority srcnat; policy accept;", *source]),
        ]

    def _nat_condition(self, family: str, word: str) -> tuple[list[str], Values]:
        self._family = {"ip": 4, "ip6": 6}.get(family) or self._random.choice(tuple(self._values))  # type: ignore[assignment]
        parts = []
        if self._random.random() < 0.4:
            parts.append(f'{word}name {self._not()}"{self._random.choice(INTERFACES)}"')
        if self._random.random() < 0.7:
            parts.append(self._address(self._random.choice(("saddr", "daddr"))))
        return parts, self._values[self._family]

    def _destination(self, family: str) -> str:
        parts, values = self._nat_condition(family, "iif")
        kind = f"dnat {self._ip} to" if self._inet else "dnat to"
        draw = self._random.random()
        if draw < 0.12:
            return _rule([*parts, self._service(), self._random.choice(("accept", "return"))])
        if draw < 0.25:
            return _rule(
                [*parts, self._port(self._random.choice(("tcp", "udp"))), f"redirect to :{values.port() or 8080}"]
            )
        if draw < 0.4:
            pairs = f"80 : {values.host()}, 443 : {values.host()}"
            return _rule([*parts, f"{kind} tcp dport map {{ {pairs} }}"])
        if draw < 0.6:
            return _rule([*parts, f"{kind} {values.host()}"])
        service = self._port(self._random.choice(("tcp", "udp")))
        address = values.host()
        return _rule(
            [
                *parts,
                service,
                f"{kind} {f'[{address}]' if self._family == 6 else address}:{self._random.choice((80, 8443))}",
            ]
        )

    def _source(self, family: str) -> str:
        parts, values = self._nat_condition(family, "oif")
        kind = f"snat {self._ip} to" if self._inet else "snat to"
        draw = self._random.random()
        if draw < 0.12:
            return _rule([*parts, self._service(), self._random.choice(("accept", "return"))])
        if draw < 0.55:
            return _rule([*parts, "masquerade"])
        if draw < 0.7:
            return _rule([*parts, f"{kind} {'-'.join(dict.fromkeys(values.span()))}"])
        return _rule([*parts, f"{kind} {values.host()}"])


def _rule(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if part)


def _chain(name: str, lines: Sequence[str]) -> str:
    return f"chain {name} {{\n" + "".join(f"{line}\n" for line in lines) + "}\n"


def _number(text: str) -> int:
    return int(ipaddress.ip_address(text))
