"""Whether the neighbours of EIGRP must authenticate themselves, in the classic form and in the named one.

Read (CISCO IOS in a Nutshell, "ip authentication", "passive-interface"; CIS benchmarks of IOS 15, IOS 16 and IOS XE 17, "Set 'authentication key-chain'",
"Set 'ip authentication key-chain eigrp'"; CCNP ROUTE 300-101, "Named EIGRP Authentication"): mode and chain of keys stand at the interface, in the named form at
`af-interface`; a passive interface has no neighbours. From memory, high: what `af-interface default` says holds where an interface does not say it
itself; `hmac-sha-256` brings its key along; the named form does not look at lines of the interface; of IPv6 it runs on every interface that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.text.source import Sources
from secaudit.vendors.cisco.words import interface_of
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import (
    NOT_TOLD,
    Answer,
    KeyChains,
    Network,
    Passive,
    Place,
    every,
    is_key,
    keyed,
    where_it_runs,
    without_no,
)
from secaudit.vendors.common.words import Words

_MD5 = frozenset(("md5",))
_DEFAULT = "default"
_SETTINGS = frozenset((
    "auto-summary", "autonomous-system", "bfd", "default-information", "default-metric", "distance", "distribute-list", "eigrp", "exit",
    "exit-address-family", "exit-af-interface", "exit-af-topology", "maximum-paths", "maximum-prefix", "metric", "nsf", "offset-list", "redistribute",
    "snmp", "summary-metric", "timers", "topology", "traffic-share", "variance",
))  # fmt: skip
"""What begins lines of a block that change nothing about who is heard."""
_AT_INTERFACES = frozenset((
    "add-paths", "bandwidth-percent", "bfd", "dampening-change", "dampening-interval", "exit", "exit-af-interface", "hello-interval", "hold-time",
    "next-hop-self", "split-horizon", "summary-address",
))  # fmt: skip
"""The same below `af-interface`."""
ReadNetwork = Callable[[Words, Node], Network]


@dataclass(slots=True)
class _Process:
    """One autonomous system in one VRF and address family."""

    line: Node
    vrf: str
    number: str
    passive: Passive
    named: bool = False
    ipv6: bool = False
    networks: list[Network] = field(default_factory=list)
    interfaces: dict[str, list[Node]] = field(default_factory=dict)
    """The lines below `af-interface`, by interface."""
    understood: bool = True
    runs: bool | None = True
    linked: bool = False
    """It has neighbours that no interface tells of."""


def eigrp(
    block: Node, vrf: str, places: Sequence[Place], ipv6: Mapping[str, bool], network: ReadNetwork, chains: KeyChains
) -> Iterator[Answer]:
    """What a `router eigrp` block comes to, with all its address families. `ipv6`: whether an interface has IPv6."""
    number = "".join(block.words[2:3])
    named = not number.isdecimal()
    processes = (
        []
        if named
        else [_read(block, _Process(block, vrf, number, Passive(interface_of, ipv6)), network, chains.ledger)]
    )
    for node in block.children:
        if node.keys[0] == "address-family":
            processes.append(_read(node, _of_family(node, named, ipv6), network, chains.ledger))
        elif named and without_no(node.keys)[1][0] not in _SETTINGS:
            yield NOT_TOLD
    for process in processes:
        yield from _answers(process, [one for one in places if one.vrf == process.vrf], ipv6, chains)


def _of_family(node: Node, named: bool, interfaces: Collection[str]) -> _Process:
    """`address-family ipv4|ipv6 [unicast] [vrf V] [autonomous-system N]`; in the classic form the number may stand below."""
    words = Words(node.words, node.keys, 1)
    family = words.peek()
    words.position = 2
    words.skip("unicast")
    vrf = words.take() if words.skip("vrf") and words else ""
    numbers = [words.take()] if words.skip("autonomous-system") and words else []
    numbers += [one.words[1] for one in node.children if one.keys[0] == "autonomous-system" and len(one.words) == 2]
    understood = not words and len(numbers) == 1 and (family == "ipv4" or (named and family == "ipv6"))
    understood = understood and (named or bool(vrf))
    number = "".join(numbers[:1])
    return _Process(
        node, vrf, number, Passive(interface_of, interfaces), named, family == "ipv6", understood=understood
    )


def _read(block: Node, process: _Process, network: ReadNetwork, ledger: Ledger) -> _Process:
    for node in block.children:
        taken_back, keys = without_no(node.keys)
        if keys[0] == "address-family" or (keys[0] == "topology" and process.named):
            continue
        if keys[0] == "af-interface" and process.named and not taken_back:
            _af_interface(node, process)
        elif node.children:
            process.understood = False
        elif keys[0] == "shutdown":
            process.runs = True if taken_back else None
        elif keys[0] == "neighbor":
            process.linked = True
        elif keys[0] == "network" and not taken_back:
            try:
                process.networks.append(network(Words(node.words, node.keys, 1), node))
            except NotUnderstoodError:
                process.understood = False
        elif process.passive.read(node):
            process.understood = process.understood and not process.named
        elif keys[0] in _SETTINGS:
            continue
        else:
            process.understood = False
            continue
        ledger.use(node)
    return process


def _af_interface(node: Node, process: _Process) -> None:
    words = Words(node.words, node.keys, 1)
    try:
        name = _DEFAULT if words.skip(_DEFAULT) else interface_of(words)
        words.finish()
    except NotUnderstoodError:
        process.understood = False
    else:
        process.interfaces.setdefault(name, []).extend(node.children)


def _answers(
    process: _Process, places: Sequence[Place], ipv6: Mapping[str, bool], chains: KeyChains
) -> Iterator[Answer]:
    if not process.understood or process.linked or not process.interfaces.keys() <= {_DEFAULT, *ipv6}:
        yield NOT_TOLD
    for place in places:
        covers = [(net, net.covers(place)) for net in process.networks]
        found = {covered for _, covered in covers}
        runs: bool | None = True if True in found else None if None in found else False
        if process.ipv6:
            runs = None if ipv6.get(place.name, False) else False
        said = (process.line.line, *(net.line.line for net, covered in covers if covered is not False), *place.head)
        if process.named:
            silent, answer = _named(process, place.name, said, chains)
        else:
            silent, answer = process.passive.silent(place.name), _classic(process, place, said, chains)
        runs = every(runs, None if silent is None else not silent, place.up, process.runs)
        if runs is not False:
            understood = place.understood and process.understood
            yield where_it_runs(runs, answer) if understood else NOT_TOLD


def _classic(process: _Process, place: Place, said: Sources, chains: KeyChains) -> Answer:
    """`ip authentication mode eigrp N md5`, `ip authentication key-chain eigrp N NAME`."""
    about = [
        node
        for node in place.lines
        for _, keys in (without_no(node.keys),)
        if keys[:2] == ("ip", "authentication") and (len(keys) < 5 or keys[4] == process.number)
    ]
    chains.ledger.use(*about)
    return keyed(about, ("ip", "authentication"), 3).answer(_MD5, chains, said)


def _named(process: _Process, name: str, said: Sources, chains: KeyChains) -> tuple[bool | None, Answer]:
    """Whether an interface is passive, and what its lines and those of `af-interface default` come to."""
    passive, off = False, False
    about: list[Node] = []
    understood = True
    for node in (*process.interfaces.get(_DEFAULT, ()), *process.interfaces.get(name, ())):
        taken_back, keys = without_no(node.keys)
        if node.children:
            understood = False
        elif keys == ("passive-interface",):
            passive = not taken_back
        elif keys == ("shutdown",):
            off = not taken_back
        elif keys[0] == "authentication":
            about.append(node)
        elif keys[0] not in _AT_INTERFACES:
            understood = False
        chains.ledger.use(node)
    silent = True if passive else None if off else False
    if not understood:
        return None, NOT_TOLD
    hashed = [node for node in about if node.keys[1:3] == ("mode", "hmac-sha-256")]
    modes = [node for node in about if without_no(node.keys)[1][1:2] == ("mode",)]
    if hashed and modes[-1] is hashed[-1]:
        lines = (*said, hashed[-1].line)
        return silent, (True, lines) if is_key(hashed[-1].keys[3:]) else NOT_TOLD
    return silent, keyed([one for one in about if one not in hashed], ("authentication",), 1).answer(_MD5, chains, said)
