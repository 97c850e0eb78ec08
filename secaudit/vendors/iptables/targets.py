"""What a rule does: `-j TARGET options` as a verdict (iptables-extensions(8), section TARGET EXTENSIONS)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Certainty
from secaudit.network.intervals import Interval, Intervals
from secaudit.network.matches import Family
from secaudit.network.nat import Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.iptables import values
from secaudit.vendors.iptables.extensions import extensions
from secaudit.vendors.iptables.options import Parsed
from secaudit.vendors.iptables.sections import Quoted
from secaudit.vendors.netfilter.ruleset import Condition, Verdict, VerdictKind

_PLAIN = {
    "ACCEPT": VerdictKind.ACCEPT,
    "DROP": VerdictKind.DROP,
    "REJECT": VerdictKind.REJECT,
    "RETURN": VerdictKind.RETURN,
    "NOTRACK": VerdictKind.NOTRACK,
}
_VERDICTS = {kind: Verdict(kind) for kind in VerdictKind}
_SIDES = {"SNAT": False, "MASQUERADE": False, "DNAT": True, "REDIRECT": True}
"""Whether a NAT target changes destinations."""
_RANDOM = frozenset(("--random", "--random-fully", "--persistent"))
_COPIES = Text(
    ja="TEE はパケットの写しを別の機器へ送ります。これはモデル化していません",
    en="TEE sends a copy of the packet to another host, which is not modelled",
)
_MARKS = Text(
    ja="パケットに印を付けており、`ip rule` の出力がないため、別の経路表で転送される可能性を否定できません",
    en="packets are marked and the output of `ip rule` is not in the file, so another routing table may forward them",
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """A target as verdicts, each with its own condition; `understood` is false for one that nobody could read.

    `helper`: it lets a helper open related connections. `marks`: it marks packets, which a routing rule may look at.
    """

    verdicts: tuple[tuple[Condition, Verdict], ...]
    logged: bool = False
    understood: bool = True
    helper: bool = False
    marks: bool = False
    changed_set: str = ""
    doubts: tuple[Doubt, ...] = ()


def meaning(parsed: Parsed, family: Family, chain: str, chains: frozenset[str], sources: Sources) -> Meaning:
    """What a rule of `chain` does with what it matches. `chains` are the names of its table's chains."""
    conditions = parsed.draft.conditions()
    target = parsed.target
    if target is None:
        # a rule that breaks off may have lost its target; one that was read whole only counts packets
        kind = VerdictKind.UNKNOWN if parsed.unread else VerdictKind.CONTINUE
        return replace(_every(conditions, kind), understood=not parsed.unread)
    if parsed.goto:
        return _jump(conditions, VerdictKind.GOTO, target)
    if target in chains:
        return _jump(conditions, VerdictKind.JUMP, target)
    if target in _PLAIN:
        return _every(conditions, _PLAIN[target])
    known = extensions()
    if target in known.logging:
        return replace(_every(conditions, VerdictKind.CONTINUE), logged=True)
    if target in known.continuing:
        changed = _argument(parsed.arguments, "--add-set") or _argument(parsed.arguments, "--del-set")
        return replace(
            _every(conditions, VerdictKind.CONTINUE),
            marks=target in ("MARK", "CONNMARK"),
            changed_set=changed or "",
        )
    if target == "CT":
        return _connection(conditions, parsed.arguments)
    if target == "TEE":
        return replace(
            _every(conditions, VerdictKind.CONTINUE), doubts=(Doubt(DoubtKind.UNSUPPORTED, _COPIES, sources),)
        )
    try:
        if target == "NETMAP":
            return Meaning(_mapped(parsed, family, chain))
        translated = _translation(target, parsed, family) if target in _SIDES else None
    except ValueError:
        translated = None
    if translated is not None:
        verdict = _to_side(translated, destination=_SIDES[target])
        return Meaning(tuple((condition, verdict) for condition in conditions))
    return replace(_every(conditions, VerdictKind.UNKNOWN), understood=target in known.unknown)


def plain_verdicts(chains: frozenset[str]) -> dict[str, Verdict]:
    """The targets of a table that are a verdict by themselves; one of its chains comes before a target of that name."""
    verdicts = {target: _VERDICTS[kind] for target, kind in _PLAIN.items()}
    return verdicts | {name: Verdict(VerdictKind.JUMP, name) for name in chains}


def marks_doubt(sources: Sources) -> Doubt:
    """Packets are marked, and nobody showed whether a routing rule looks at the mark."""
    return Doubt(DoubtKind.UNSUPPORTED, _MARKS, sources)


def _every(conditions: Sequence[Condition], kind: VerdictKind) -> Meaning:
    verdict = _VERDICTS[kind]
    return Meaning(tuple([(condition, verdict) for condition in conditions]))


def _jump(conditions: Sequence[Condition], kind: VerdictKind, chain: str) -> Meaning:
    return Meaning(tuple((condition, Verdict(kind, chain)) for condition in conditions))


def _argument(arguments: Sequence[str], name: str) -> str | None:
    for word, following in pairwise(arguments):
        if _is(word, name):
            return following
    return None


def _is(word: str, option: str) -> bool:
    """Whether a word is this option; one in quotes is none."""
    return word == option and type(word) is not Quoted


def _connection(conditions: Sequence[Condition], arguments: Sequence[str]) -> Meaning:
    """`CT`: `--notrack`, `--helper`, `--zone`."""
    names = set(arguments)
    if "--notrack" in names:
        return _every(conditions, VerdictKind.NOTRACK)
    zoned = any(one.startswith("--zone") for one in names)
    return replace(_every(conditions, VerdictKind.ZONE if zoned else VerdictKind.CONTINUE), helper="--helper" in names)


def _translation(target: str, parsed: Parsed, family: Family) -> Translation | None:
    """The translation of a target whose side its name tells."""
    arguments = [word for word in parsed.arguments if word not in _RANDOM]
    if target in ("SNAT", "DNAT"):
        option = "--to-source" if target == "SNAT" else "--to-destination"
        if len(arguments) != 2 or not _is(arguments[0], option):
            return None
        return _to(arguments[1], family, _first_ports(parsed))
    if arguments and (len(arguments) != 2 or not _is(arguments[0], "--to-ports")):
        return None
    ports = values.port_range(arguments[1]) if arguments else None
    return Translation(TranslationKind.INTERFACE, ports=ports)


def _to(word: str, family: Family, matched: Intervals) -> Translation:
    """`A`, `A-B`, `A:PORTS`, `:PORTS` (IPv6 addresses with ports in brackets), PORTS being `P`, `P-Q` or `P-Q/BASE`.

    Ports that are not given stay as they are; the kernel takes another one only when two connections would collide. With
    `/BASE` the port BASE becomes P, the next one P+1 and so on (measured on kernel 6.18; ports outside the range wrap around, which is
    not read). Raises `ValueError`.
    """
    host, ports_word = _parts(word, family)
    addresses = values.address_range(host, family) if host else None
    kind = TranslationKind.POOL
    if not ports_word:
        return Translation(kind, addresses)
    ports_text, slash, base_word = ports_word.partition("/")
    ports = values.port_range(ports_text)
    if not slash:
        return Translation(kind, addresses, ports)
    base = values.number(base_word, 65535)
    last = base + ports[1] - ports[0]
    if not matched or matched[0][0] < base or matched[-1][1] > last:
        raise ValueError(word)
    return Translation(kind, addresses, (ports[0] + matched[0][0] - base, ports[1]), ports_shift=True)


def _first_ports(parsed: Parsed) -> Intervals:
    """The destination ports that a rule matches, when it is one list of them; empty otherwise."""
    found = {service.destination_ports for match in parsed.draft.matches for service in match.services}
    return found.pop() if len(found) == 1 else ()


def _parts(word: str, family: Family) -> tuple[str, str]:
    if family == 4:
        host, _, ports = word.partition(":")
        return host, ports
    if word.startswith("["):
        host, bracket, rest = word[1:].partition("]")
        if not bracket:
            raise ValueError(word)
        host = host.replace("]-[", "-")
        return host, rest.removeprefix(":")
    return ("", word[1:]) if word.startswith(":") and not word.startswith("::") else (word, "")


def _mapped(parsed: Parsed, family: Family, chain: str) -> tuple[tuple[Condition, Verdict], ...]:
    """NETMAP: the network part is replaced and the host part kept, so every block of the network's size moves onto it.

    Destinations in PREROUTING, sources in POSTROUTING; a chain of the user's own may be called from both.
    """
    arguments = parsed.arguments
    if len(arguments) != 2 or not _is(arguments[0], "--to"):
        raise ValueError("NETMAP")
    network = values.netmap(arguments[1], family)
    sides = {"PREROUTING": (True,), "OUTPUT": (True,), "POSTROUTING": (False,), "INPUT": (False,)}.get(
        chain, (True, False)
    )
    return tuple(
        one
        for condition in parsed.draft.conditions()
        for destination in sides
        for one in _blocks(condition, network, destination=destination)
    )


def _blocks(condition: Condition, network: Interval, *, destination: bool) -> Iterator[tuple[Condition, Verdict]]:
    size = network[1] - network[0] + 1
    parts = [
        (match, pair) for match in condition.matches for pair in (match.destinations if destination else match.sources)
    ]
    if sum(high // size - low // size + 1 for _, (low, high) in parts) > _MOST_BLOCKS:
        unsure = replace(condition, certainty=Certainty.UNCERTAIN, doubt=_MANY_BLOCKS)
        yield unsure, _to_side(Translation(TranslationKind.POOL, network), destination=destination)
        return
    for match, (low, high) in parts:
        for number in range(low // size, high // size + 1):
            start = number * size
            part = (max(low, start), min(high, start + size - 1))
            moved = Translation(TranslationKind.SHIFT, (network[0] + part[0] - start, network[0] + part[1] - start))
            one = replace(match, destinations=(part,)) if destination else replace(match, sources=(part,))
            yield replace(condition, matches=(one,)), _to_side(moved, destination=destination)


def _to_side(translation: Translation, *, destination: bool) -> Verdict:
    if destination:
        return Verdict(VerdictKind.TRANSLATE, destination=translation)
    return Verdict(VerdictKind.TRANSLATE, source=translation)


_MOST_BLOCKS = 256
_MANY_BLOCKS = Text(
    ja="NETMAP の対象が変換先のネットワークよりずっと広く、1対1の対応を判断できません",
    en="NETMAP applies to much more than the size of its network, so which address becomes which cannot be told",
)
