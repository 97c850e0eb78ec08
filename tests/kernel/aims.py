"""What packets to send for a text of rules: for each line the corners of what it asks.

Found by words only (`-s`, `saddr`, `dport` ... and what looks like an address or a port behind them), not by our readers: what they misread
must not decide which packets are tried. A line that is understood wrongly here costs hits, nothing else.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.network.matches import ICMP, ICMPV6, Family

_SIDES = {
    "-s": "source", "--src-range": "source", "saddr": "source",
    "-d": "destination", "--dst-range": "destination", "daddr": "destination",
    "--sport": "source_port", "--sports": "source_port", "sport": "source_port",
    "--dport": "destination_port", "--dports": "destination_port", "dport": "destination_port",
    "--ports": "destination_port",
}  # fmt: skip
_PROTOCOLS = {
    "tcp": 6, "udp": 17, "sctp": 132, "gre": 47, "esp": 50, "icmp": 1, "icmpv6": 58, "ipv6-icmp": 58, "icmp6": 58,
}  # fmt: skip
_WORD = re.compile(r"@?[\w.:/*+-]+")
_SET = re.compile(r"\b(?:set|map)\s+(\w+)\s*\{[^}]*?elements = \{([^}]*)\}", re.DOTALL)
_CHAIN = re.compile(r"^\s*chain (\w+) \{")
_HOOK = re.compile(r"\bhook (\w+)")
_APPENDED = re.compile(r"^-A (\w+)")
_INGRESS = re.compile(r"""(?:-i|iifname|iif) "?(\w+)""")
_ICMP_TYPE = re.compile(r"(?:--icmp(?:v6)?-type|icmp(?:v6)? type)(?: !=)? \{? ?([\w-]+)")
_TYPES = {"echo-request": (8, 128), "echo-reply": (0, 129), "destination-unreachable": (3, 1), "packet-too-big": (3, 2)}
_END = ("-j", "-g", "dnat", "snat", "redirect", "masquerade")
HOOKS = ("prerouting", "input", "forward", "output", "postrouting")


@dataclass(slots=True)
class Aim:
    """What one line of rules is about; what is empty it does not say. `hook` is "" for a chain that others call.

    `inside` and `edges` are by field (`source`, `destination`, `source_port`, `destination_port`): numbers that the line asks for, and
    numbers at every bound and one beyond.
    """

    hook: str = ""
    protocols: list[int] = field(default_factory=list)
    icmp_types: list[int] = field(default_factory=list)
    ingress: list[str] = field(default_factory=list)
    inside: dict[str, list[int]] = field(default_factory=dict)
    edges: dict[str, list[int]] = field(default_factory=dict)


def aims(text: str, family: Family) -> list[Aim]:
    """Those of every line that asks for something."""
    sets = dict(_SET.findall(text))
    hook = ""
    found = []
    for line in text.splitlines():
        if _CHAIN.match(line):
            hook = ""
        called, appended = _HOOK.search(line), _APPENDED.match(line)
        if called is not None:
            hook = called.group(1)
        if appended is not None:
            hook = appended.group(1).lower() if appended.group(1).lower() in HOOKS else ""
        found.append(_aim(line, hook, family, sets))
    return [one for one in found if one.inside or one.protocols]


def _aim(line: str, hook: str, family: Family, sets: Mapping[str, str]) -> Aim:
    aim = Aim(hook, ingress=_INGRESS.findall(line))
    if line.lstrip().startswith("#"):
        return aim
    for name in _ICMP_TYPE.findall(line):
        aim.icmp_types += [_TYPES[name][family == 6]] if name in _TYPES else [int(name)] if name.isdigit() else []
    sides: dict[bool, str | None] = {True: None, False: None}
    for word in _words(line, sets):
        if word in _END:
            break
        if word in _SIDES:
            sides[not _SIDES[word].endswith("port")] = _SIDES[word]
        elif word in _PROTOCOLS:
            if _PROTOCOLS[word] != (ICMPV6 if family == 4 else ICMP):
                aim.protocols.append(_PROTOCOLS[word])
        else:
            for is_address, low, high, maximum in _bounds(word, family):
                side = sides[is_address]
                if side is not None:
                    aim.inside.setdefault(side, []).extend((low, high, (low + high) // 2))
                    around = (low - 1, low, high, high + 1)
                    aim.edges.setdefault(side, []).extend(one for one in around if 0 <= one <= maximum)
    return aim


def _words(line: str, sets: Mapping[str, str]) -> Iterator[str]:
    for word in _WORD.findall(line):
        if word.startswith("@"):
            yield from _WORD.findall(sets.get(word[1:], ""))
        else:
            yield word


def _bounds(word: str, family: Family) -> Iterator[tuple[bool, int, int, int]]:
    """A word as (is it an address?, low, high, maximum of the field); nothing for any other word."""
    if re.fullmatch(r"\d{1,5}", word):
        yield False, int(word), int(word), 65535
    elif re.fullmatch(r"\d{1,5}-\d{1,5}", word):
        low, _, high = word.partition("-")
        yield False, int(low), int(high), 65535
    elif re.fullmatch(r"\d{0,5}:\d{0,5}", word) and word != ":":
        low, _, high = word.partition(":")
        yield False, int(low or 0), int(high or 65535), 65535
    else:
        with contextlib.suppress(ValueError):
            low, _, high = word.partition("-")
            if high:
                first, last = ipaddress.ip_address(low), ipaddress.ip_address(high)
            else:
                network = ipaddress.ip_network(word, strict=False)
                first, last = network.network_address, network.broadcast_address
            if first.version == family:
                yield True, int(first), int(last), 2**first.max_prefixlen - 1
