"""Algorithms of IPsec tunnels: policies of IKEv1 and IKEv2 (phase 1), transform sets and proposals (phase 2).

The policies are those of the device: any of them may be agreed on with any peer that speaks this version. A version counts where `enable` names
the outer interface; where no version is named for it, both count. What a policy does not say is a default that differs by release, so it is left
empty. Where a name or a word is not known, the proposal says nothing, and nobody takes it for complete. Inbound aggressive mode is off with
`am-disable`; without it nothing is told. From memory, high: a proposal with an authenticated cipher is written with `integrity null`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from secaudit.network.tunnels import Proposal
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node

Setting = tuple[tuple[str, ...], SourceLine]
"""The words behind `set` in an entry of a crypto map or in a profile, and their line."""

_HASHES = {"sha": "sha1", "sha1": "sha1", "sha-1": "sha1", "md5": "md5", "null": "null", "none": "null"} | {
    f"sha{dash}{bits}": f"sha{bits}" for bits in (256, 384, 512) for dash in ("", "-")
}
_CIPHERS = {"des": "des", "3des": "3des", "null": "null", "aes": "aes-128", "aes-gcm": "aes-gcm-128"} | {
    f"{kind}-{bits}": f"{kind}-{bits}" for kind in ("aes", "aes-gcm") for bits in (128, 192, 256)
}
_TRANSFORM_HASHES = {"esp-md5-hmac": "md5", "esp-sha-hmac": "sha1", "esp-none": "null"}
_TRANSFORM_CIPHERS = {f"esp-{word}": name for word, name in _CIPHERS.items() if "gcm" not in word}
_POLICIES: Mapping[tuple[str, ...], tuple[int, int]] = {
    ("crypto", "ikev1", "policy"): (1, 3),
    ("crypto", "isakmp", "policy"): (1, 3),
    ("isakmp", "policy"): (1, 2),
    ("crypto", "ikev2", "policy"): (2, 3),
}
"""The leading words of a policy, its version of IKE, and where its number stands."""
_ENABLED: Mapping[tuple[str, ...], int] = {
    ("crypto", "ikev1", "enable"): 1,
    ("crypto", "isakmp", "enable"): 1,
    ("isakmp", "enable"): 1,
    ("crypto", "ikev2", "enable"): 2,
}
_Policy = dict[str, tuple[str, ...]]


_NO_ALGORITHMS = frozenset(
    ("connection-type", "df-bit", "nat-t-disable", "peer", "pre-shared-key", "reverse-route", "security-association", "tfc-packets", "trustpoint",
     "validate-icmp-errors")
)  # fmt: skip
"""What else is set for an entry; another word may be about algorithms."""


@dataclass(slots=True)
class Algorithms:
    """What the device defines, and from it what a tunnel offers and accepts."""

    ledger: Ledger
    _policies: dict[tuple[int, str], tuple[_Policy, list[SourceLine]]] = field(default_factory=dict)
    _transforms: dict[str, tuple[tuple[str, ...], Node]] = field(default_factory=dict)
    _proposals: dict[str, Node] = field(default_factory=dict)
    _profiles: dict[str, Node] = field(default_factory=dict)
    _enabled: dict[str, set[int]] = field(default_factory=dict)
    _main_only: SourceLine | None = None

    def read(self, nodes: Iterable[Node]) -> None:
        """Every definition, in the order of the file."""
        for node in nodes:
            self.ledger.use_all(node)
            if node.keys[0] != "no":
                self._define(node)

    def _define(self, node: Node) -> None:
        keys, words = node.keys, node.words
        length = 2 if keys[0] == "isakmp" else 3
        if keys[:length] in _POLICIES:
            self._policy(node, *_POLICIES[keys[:length]])
        elif keys[:length] in _ENABLED and len(words) > length:
            self._enabled.setdefault(words[length], set()).add(_ENABLED[keys[:length]])
        elif keys[-1] == "am-disable":
            self._main_only = node.line
        elif keys[:2] == ("crypto", "ipsec"):
            self._second_phase(node)

    def _second_phase(self, node: Node) -> None:
        """`crypto ipsec [ikev1] transform-set NAME ...`, `crypto ipsec ikev2 ipsec-proposal NAME`, `crypto ipsec profile NAME`."""
        at = 3 if node.keys[2] in ("ikev1", "ikev2") else 2
        kind = "".join(node.keys[at : at + 1])
        if len(node.words) < at + 2:
            return
        name = node.words[at + 1]
        if kind == "transform-set" and node.keys[at + 2 : at + 3] != ("mode",):
            self._transforms[name] = node.keys[at + 2 :], node
        elif kind == "ipsec-proposal":
            self._proposals[name] = node
        elif kind == "profile":
            self._profiles[name] = node

    def _policy(self, node: Node, version: int, at: int) -> None:
        """A policy with its settings below, or one setting on the line itself (before 7.2)."""
        if len(node.words) <= at:
            return
        values, lines = self._policies.setdefault((version, node.words[at]), ({}, []))
        lines.append(node.line)
        if len(node.keys) > at + 1:
            values[node.keys[at + 1]] = node.keys[at + 2 :]
        for child in node.children:
            values[child.keys[0]] = child.keys[1:]
            lines.append(child.line)

    def of_profile(self, name: str, outside: str, line: SourceLine) -> tuple[Proposal, ...]:
        """What `tunnel protection ipsec profile NAME` offers by an interface."""
        node = self._profiles.get(name)
        if node is None:
            return (Proposal(1, (), (), (), (line,)),)
        held = [(child.words[1:], child.line) for child in node.children if child.keys[0] == "set"]
        return tuple(replace(one, sources=(*one.sources, line)) for one in self.offered(held, outside))

    def offered(self, settings: Sequence[Setting], outside: str) -> tuple[Proposal, ...]:
        """What the settings of an entry offer by an interface; nothing where they name nothing."""
        named: dict[int, list[Setting]] = {1: [], 2: []}
        groups: tuple[int, ...] = ()
        secret: Sources = ()
        mode: Setting | None = None
        strange: list[Proposal] = []
        for words, line in settings:
            keys = tuple(word.lower() for word in words)
            version = 2 if keys[:1] == ("ikev2",) else 1
            rest = 1 if keys[:1] in (("ikev1",), ("ikev2",)) else 0
            kind = "".join(keys[rest : rest + 1])
            if kind in ("transform-set", "ipsec-proposal"):
                named[version].append((words[rest + 1 :], line))
            elif kind == "pfs":
                groups, secret = tuple(_group_numbers(keys[rest + 1 :])), (line,)
            elif kind == "phase1-mode" and keys[rest + 1 : rest + 2] == ("aggressive",):
                mode = words, line
            elif kind not in _NO_ALGORITHMS and (kind, keys[rest + 1 :]) != ("phase1-mode", ("main",)):
                strange.append(Proposal(1, (), (), (), (line,)))
        found: list[Proposal] = []
        spoken = self._enabled.get(outside) or {1, 2}
        for version, held in named.items():
            if held and version in spoken:
                # Without a policy of its own the device has one of its release.
                found += tuple(self._first(version, mode)) or (
                    Proposal(1, (), (), (), (held[0][1],), version, silent=True),
                )
                for names, line in held:
                    found += (self._second(version, name, groups, (line, *secret)) for name in names)
        return (*found, *strange)

    def _first(self, version: int, mode: Setting | None) -> Iterator[Proposal]:
        for (spoken, _), (values, lines) in self._policies.items():
            if spoken != version:
                continue
            ciphers = _all(values.get("encryption", ()), _CIPHERS)
            hashes = _all(values.get("hash" if version == 1 else "integrity", ()), _HASHES)
            groups = tuple(_group_numbers(values.get("group", ())))
            sources: Sources = tuple(lines)
            aggressive: bool | None = None
            if version == 1 and mode is not None:
                aggressive, sources = True, (*sources, mode[1])
            elif version == 1 and self._main_only is not None:
                aggressive, sources = False, (*sources, self._main_only)
            given = (("encryption", ciphers), ("hash" if version == 1 else "integrity", hashes), ("group", groups))
            silent = all(known or not values.get(word) for word, known in given)
            yield Proposal(1, ciphers, _beside(ciphers, hashes), groups, sources, version, aggressive, silent)

    def _second(self, version: int, name: str, groups: tuple[int, ...], sources: Sources) -> Proposal:
        if version == 1:
            return self._transform(name, groups, sources)
        node = self._proposals.get(name)
        if node is None:
            return Proposal(2, (), (), groups, sources)
        lines = (node.line, *(child.line for child in node.children), *sources)
        told = {
            child.keys[2]: child.keys[3:]
            for child in node.children
            if child.keys[:2] == ("protocol", "esp") and len(child.keys) > 3
        }
        ciphers, hashes = _all(told.get("encryption", ()), _CIPHERS), _all(told.get("integrity", ()), _HASHES)
        silent = all(known or word not in told for word, known in (("encryption", ciphers), ("integrity", hashes)))
        return Proposal(2, ciphers, _beside(ciphers, hashes), groups, lines, silent=silent)

    def _transform(self, name: str, groups: tuple[int, ...], sources: Sources) -> Proposal:
        words, node = self._transforms.get(name, ((), None))
        if node is None or not all(word in _TRANSFORM_CIPHERS or word in _TRANSFORM_HASHES for word in words):
            return Proposal(2, (), (), groups, sources if node is None else (node.line, *sources))
        ciphers = tuple(_TRANSFORM_CIPHERS[word] for word in words if word in _TRANSFORM_CIPHERS)
        hashes = tuple(_TRANSFORM_HASHES[word] for word in words if word in _TRANSFORM_HASHES)
        # Without a word for it, a transform set has no integrity at all.
        return Proposal(2, ciphers, hashes or (("null",) if ciphers else ()), groups, (node.line, *sources))


def _beside(ciphers: tuple[str, ...], hashes: tuple[str, ...]) -> tuple[str, ...]:
    """The integrity of ciphers: `null` belongs to those that authenticate by themselves, and is none of the others."""
    return tuple(one for one in hashes if one != "null") if any("gcm" in one for one in ciphers) else hashes


def _all(words: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """The names of all words; none where one is not known."""
    return tuple(names[word] for word in words) if all(word in names for word in words) else ()


def _group_numbers(words: Iterable[str]) -> Iterator[int]:
    for word in words:
        number = word.removeprefix("group")
        if number.isascii() and number.isdecimal() and len(number) < 4:
            yield int(number)
