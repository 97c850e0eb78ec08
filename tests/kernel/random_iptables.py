"""Random rule sets in the syntax of `iptables-restore`."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.kernel.laboratory import INTERFACES
from tests.kernel.values import Values

_TCP_FLAG_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
_ICMP_4 = (
    "echo-request",
    "echo-reply",
    "3",
    "3/1",
    "destination-unreachable",
    "port-unreachable",
    "8/0",
    "11",
    "13",
    "any",
    "30",
)
_ICMP_6 = (
    "echo-request",
    "echo-reply",
    "1",
    "1/3",
    "destination-unreachable",
    "packet-too-big",
    "135",
    "128/0",
    "200",
    "3/1",
)
_STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED")
_REJECTS = {
    4: ("", " --reject-with icmp-host-prohibited", " --reject-with icmp-port-unreachable"),
    6: ("", " --reject-with icmp6-adm-prohibited", " --reject-with icmp6-port-unreachable"),
}


_ODD = (
    " -m limit --limit 5/sec",
    " -m length --length 0:100",
    " -m length ! --length 1:20",
    " -m dscp --dscp 0x00",
    " -m mark --mark 0x1",
    " -m mark ! --mark 0x1/0xff",
    " -m connmark --mark 0x2",
    " -m pkttype --pkt-type unicast",
    " -m addrtype --dst-type LOCAL",
    " -m addrtype ! --src-type LOCAL",
    " -m statistic --mode random --probability 0.50000000000",
    ' -m string --string "nothing" --algo bm --to 65535',
    " -m conntrack --ctstate DNAT",
    " -m conntrack ! --ctstate SNAT",
    " -m conntrack --ctdir ORIGINAL",
    " -m time --timestart 00:00:00 --timestop 23:59:59",
)
"""Matches that a reader cannot, or need not, know exactly: what it says then must be on the safe side."""


class RandomIptables:
    """One rule set. `state`: connection states and NOTRACK may appear; `nat`: there is a nat table."""

    def __init__(self, rng: random.Random, values: Values, *, state: bool, nat: bool) -> None:
        self._random = rng
        self._values = values
        self._family = values.family
        self._state = state
        self._nat = nat
        self._odd = rng.choice((0.0, 0.0, 0.15, 0.4))
        self._drops: dict[str, bool] = {}
        """By built-in chain of the table that is being written: its policy."""

    def text(self) -> str:
        """What `iptables-restore` (or `ip6tables-restore`) loads."""
        tables = []
        if self._random.random() < 0.2:
            tables.append(self._filtering("raw", ("PREROUTING", "OUTPUT"), 2))
        if self._random.random() < 0.3:
            hooks = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
            tables.append(self._filtering("mangle", hooks, 3))
        if self._nat:
            tables.append(self._translating())
        tables.append(self._filtering("filter", ("INPUT", "FORWARD", "OUTPUT"), self._random.choice((4, 8, 8, 16))))
        return "".join(tables)

    # --- filtering

    def _filtering(self, table: str, hooks: Sequence[str], most: int) -> str:
        chains = [f"U{index}" for index in range(self._random.choice((0, 1, 2, 3)))]
        head = [f"*{table}"]
        self._drops = {hook: table == "filter" and self._random.random() < 0.5 for hook in hooks}
        head += [f":{hook} {'DROP' if drops else 'ACCEPT'} [0:0]" for hook, drops in self._drops.items()]
        head += [f":{name} - [0:0]" for name in chains]
        rules = []
        for hook in hooks:
            for _ in range(self._random.randint(0, most)):
                rules.append(f"-A {hook}{self._condition(table, hook)} -j {self._target(table, hook, chains, False)}")
        for position, name in enumerate(chains):
            for _ in range(self._random.randint(1, 5)):
                target = self._target(table, "", chains[position + 1 :], True)
                word = "-g" if target.startswith("U") and self._random.random() < 0.3 else "-j"
                rules.append(f"-A {name}{self._condition(table, '')} {word} {target}")
        return "\n".join((*head, *rules, "COMMIT")) + "\n"

    def _target(self, table: str, hook: str, chains: Sequence[str], user: bool) -> str:
        draw = self._random.random()
        if chains and draw < 0.3:
            return self._random.choice(chains)
        if user and draw < 0.45:
            return "RETURN"
        if draw < 0.48:
            return 'LOG --log-prefix "seen "'
        if table == "raw" and self._state and hook and draw < 0.6:
            return "CT --notrack"
        # mostly what the chain's policy does not do anyway
        if self._random.random() < (0.8 if self._drops.get(hook, self._random.random() < 0.5) else 0.2):
            return "ACCEPT"
        if table == "filter" and draw < 0.7:
            return "REJECT" + self._random.choice(_REJECTS[self._family])
        return "DROP"

    def _condition(self, table: str, hook: str) -> str:
        parts = [self._addresses(hook)]
        if hook in ("PREROUTING", "INPUT", "FORWARD") and self._random.random() < 0.25:
            parts.append(f"{self._not()} -i {self._interface()}")
        if hook in ("POSTROUTING", "OUTPUT", "FORWARD") and self._random.random() < 0.25:
            parts.append(f"{self._not()} -o {self._interface()}")
        parts.append(self._service())
        if self._state and table != "raw" and self._random.random() < 0.35:
            parts.append(self._states())
        if self._random.random() < self._odd:
            parts.append(self._random.choice(_ODD))
        if self._random.random() < 0.1:
            parts.append(' -m comment --comment "rule of a test"')
        return "".join(parts)

    def _not(self) -> str:
        return " !" if self._random.random() < 0.15 else ""

    def _interface(self) -> str:
        return self._random.choice((*INTERFACES, *INTERFACES, "eth+", "ens+", "wg0", "e+"))

    def _addresses(self, hook: str = "") -> str:
        parts = []
        for letter, word in (("s", "src"), ("d", "dst")):
            draw = self._random.random()
            if hook == "INPUT" and letter == "d":
                if draw < 0.5:
                    parts.append(f"{self._not()} -d {self._values.own()}")
            elif draw < 0.45:
                parts.append(f"{self._not()} -{letter} {self._values.prefix()}")
            elif draw < 0.55:
                low, high = self._values.span()
                parts.append(f" -m iprange{self._not()} --{word}-range {low}-{high}")
            elif draw < 0.58 and self._family == 4:
                parts.append(f" -{letter} {self._values.host()}/255.255.0.255")
        return "".join(parts)

    def _service(self) -> str:
        draw = self._random.random()
        if draw < 0.2:
            return ""
        if draw < 0.5:
            return f" -p tcp{self._tcp()}"
        if draw < 0.7:
            return f" -p udp -m udp{self._ports()}" if self._random.random() < 0.8 else " -p udp" + self._multiport()
        if draw < 0.85:
            return self._icmp()
        if draw < 0.9:
            return f" -p sctp -m sctp{self._ports()}"
        return self._random.choice((" -p gre", " -p esp", " -p 89", " ! -p tcp", " ! -p udp", " -p tcp", " -p sctp"))

    def _tcp(self) -> str:
        draw = self._random.random()
        if draw < 0.25:
            return self._multiport()
        text = " -m tcp" + self._ports()
        if draw < 0.4:
            return text + f"{self._not()} --syn"
        if draw < 0.55:
            mask = self._random.sample(_TCP_FLAG_NAMES, self._random.randint(1, 6))
            wanted = [name for name in mask if self._random.random() < 0.4]
            return text + f"{self._not()} --tcp-flags {','.join(mask)} {','.join(wanted) or 'NONE'}"
        return text

    def _ports(self) -> str:
        parts = []
        if self._random.random() < 0.75:
            parts.append(f"{self._not()} --dport {self._one_or_range()}")
        if self._random.random() < 0.2:
            parts.append(f"{self._not()} --sport {self._one_or_range()}")
        return "".join(parts)

    def _one_or_range(self) -> str:
        """Never all ports: `iptables-save` prints nothing for "not one of all ports", and the rule that staff submit is another."""
        if self._random.random() < 0.5:
            return str(self._values.port())
        low, high = self._values.ports()
        if low == 0 or high == 65535:
            return str(high) if low + 1 == high else f"{low + 1}:{high}"
        return self._random.choice((f"{low}:{high}", f"{low}:{high}", f"{low}:", f":{high}"))

    def _multiport(self) -> str:
        word = self._random.choice(("dports", "dports", "sports", "ports"))
        some = [self._one_or_range() for _ in range(self._random.randint(1, 4))]
        closed = [one + "65535" if one.endswith(":") else "0" + one if one.startswith(":") else one for one in some]
        return f" -m multiport{self._not()} --{word} {','.join(closed)}"

    def _icmp(self) -> str:
        if self._family == 4:
            return f" -p icmp -m icmp{self._not()} --icmp-type {self._random.choice(_ICMP_4)}"
        return f" -p ipv6-icmp -m icmp6{self._not()} --icmpv6-type {self._random.choice(_ICMP_6)}"

    def _states(self) -> str:
        some = self._random.sample(_STATES, self._random.choice((1, 1, 2, 2, 3)))
        if self._random.random() < 0.3:
            return f" -m state{self._not()} --state {','.join(some)}"
        return f" -m conntrack{self._not()} --ctstate {','.join(some)}"

    # --- translating

    def _translating(self) -> str:
        lines = ["*nat", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]
        lines += [":POSTROUTING ACCEPT [0:0]"]
        user = self._random.random() < 0.3
        if user:
            lines.append(":PORTS - [0:0]")
            lines.append(f"-A PREROUTING{self._addresses()} -j PORTS")
        for _ in range(self._random.randint(0, 4)):
            chain = self._random.choice(("PREROUTING", "PORTS")) if user else "PREROUTING"
            lines.append(f"-A {chain}{self._nat_condition(chain, '-i')} {self._destination()}")
        for _ in range(self._random.randint(0, 4)):
            lines.append(f"-A POSTROUTING{self._nat_condition('POSTROUTING', '-o')} {self._source()}")
        return "\n".join((*lines, "COMMIT")) + "\n"

    def _nat_condition(self, chain: str, word: str) -> str:
        text = self._addresses()
        if chain != "PORTS" and self._random.random() < 0.4:
            text += f"{self._not()} {word} {self._random.choice(INTERFACES)}"
        return text

    def _destination(self) -> str:
        draw = self._random.random()
        if draw < 0.12:
            return self._service() + " -j " + self._random.choice(("ACCEPT", "RETURN"))
        if draw < 0.24:
            return f"-j NETMAP --to {self._network()}"
        ported = self._random.random() < 0.6
        service = f"-p {self._random.choice(('tcp', 'udp'))}{self._ported()}" if ported else ""
        if draw < 0.4 and ported:
            return f"{service} -j REDIRECT --to-ports {self._values.port() or 8080}"
        return f"{service} -j DNAT --to-destination {self._new_address(ported)}"

    def _ported(self) -> str:
        return f" --dport {self._values.port()}" if self._random.random() < 0.7 else ""

    def _source(self) -> str:
        draw = self._random.random()
        if draw < 0.12:
            return self._service() + " -j " + self._random.choice(("ACCEPT", "RETURN"))
        if draw < 0.22:
            return f"-j NETMAP --to {self._network()}"
        ported = self._random.random() < 0.4
        service = f"-p {self._random.choice(('tcp', 'udp'))}{self._ported()}" if ported else ""
        if draw < 0.6:
            ports = " --to-ports 30000-30999" if ported and self._random.random() < 0.4 else ""
            return f"{service} -j MASQUERADE{ports}"
        return f"{service} -j SNAT --to-source {self._new_address(ported)}"

    def _new_address(self, ported: bool) -> str:
        address = self._values.host()
        several = self._random.random() < 0.2
        if several:
            low, high = self._values.span()
            address = f"{low}-{high}" if low != high else low
        if not ported or self._random.random() < 0.4:
            return address
        port = self._random.choice(("443", "8443", "30000-30999"))
        return f"[{address}]:{port}" if self._family == 6 else f"{address}:{port}"

    def _network(self) -> str:
        """A few addresses, the subnet's own and the router's not among them."""
        base = self._values.host()
        return f"{base.rsplit('.', 1)[0]}.64/28" if self._family == 4 else f"{base.rsplit(':', 1)[0]}:40/124"
