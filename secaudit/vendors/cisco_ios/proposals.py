"""Algorithms of IPsec tunnels: ISAKMP policies and IKEv2 proposals (phase 1), transform sets (phase 2).

The policies are those of the device: any of them may be agreed on with any peer. What a policy does not say is a default that differs by release,
so it is left empty. Where a name or a word is not known, the proposal says nothing, and nobody takes it for complete or silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secaudit.network.tunnels import Proposal
from secaudit.text.source import Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

_HASHES = {"sha": "sha1", "sha1": "sha1", "md5": "md5", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
_CIPHERS = {
    "des": "des",
    "3des": "3des",
    "aes": "aes-128",
    "aes 128": "aes-128",
    "aes 192": "aes-192",
    "aes 256": "aes-256",
    "aes-cbc-128": "aes-128",
    "aes-cbc-192": "aes-192",
    "aes-cbc-256": "aes-256",
    "aes-gcm-128": "aes-gcm-128",
    "aes-gcm-256": "aes-gcm-256",
}
_TRANSFORM_CIPHERS = {
    "esp-des": "des",
    "esp-3des": "3des",
    "esp-null": "null",
    "esp-aes": "aes-128",
    "esp-aes 128": "aes-128",
    "esp-aes 192": "aes-192",
    "esp-aes 256": "aes-256",
    "esp-gcm": "aes-gcm-128",
    "esp-gcm 128": "aes-gcm-128",
    "esp-gcm 192": "aes-gcm-192",
    "esp-gcm 256": "aes-gcm-256",
}
_TRANSFORM_HASHES = {
    f"{protocol}-{word}-hmac": name for protocol in ("esp", "ah") for word, name in _HASHES.items() if word != "sha1"
}
_NO_DEFAULT: tuple[str, ...] = ()


@dataclass(slots=True)
class Algorithms:
    """The policies of a device, and from them what a tunnel offers."""

    ledger: Ledger
    transforms: dict[str, Node] = field(default_factory=dict)
    profiles: dict[str, Node] = field(default_factory=dict)
    first: dict[int, list[Proposal]] = field(default_factory=lambda: {1: [], 2: []})

    def read(self, sections: Sections) -> None:
        """Every definition. They are part of the model only where the device has a tunnel, but they are read all the same."""
        nodes = sections.of("algorithms")
        for node in nodes:
            self.ledger.use_all(node)
        aggressive = _aggressive(sections)
        chosen = {
            child.words[1]: child.line
            for node in nodes
            if node.keys[:3] == ("crypto", "ikev2", "policy")
            for child in node.children
            if child.keys[0] == "proposal" and len(child.words) == 2
        }
        defined: set[str] = set()
        for node in nodes:
            start = node.keys[1:3]
            if len(node.words) < 4 or node.keys[0] == "no":
                continue
            if start == ("isakmp", "policy"):
                self.first[1].append(_policy(node, aggressive))
            elif start == ("ikev2", "proposal") and node.words[3] in chosen:
                defined.add(node.words[3])
                self.first[2].append(_ikev2(node))
            elif start == ("ipsec", "transform-set"):
                self.transforms[node.words[3]] = node
            elif start == ("ipsec", "profile"):
                self.profiles[node.words[3]] = node
        self.first[2] += [Proposal(1, (), (), (), (line,), 2) for name, line in chosen.items() if name not in defined]

    def of_profile(self, words: tuple[str, ...], tunnel: Sources) -> tuple[Proposal, ...]:
        """What `tunnel protection ipsec profile NAME [shared] [ikev2-profile NAME]` offers; `tunnel` are the lines of the tunnel."""
        node = self.profiles.get(words[2]) if words[:2] == ("ipsec", "profile") and len(words) > 2 else None
        if node is None:
            return (Proposal(1, (), (), (), tunnel),) if words else ()
        return self.offered(node.children, "ikev2-profile" in words)

    def offered(self, settings: Iterable[Node], ikev2: bool = False) -> tuple[Proposal, ...]:
        """What the settings of a profile or of an entry of a crypto map offer."""
        settings = list(settings)
        ikev2 = ikev2 or any(node.keys[:2] == ("set", "ikev2-profile") for node in settings)
        groups = tuple(
            number for node in settings if node.keys[:2] == ("set", "pfs") for number in _group_numbers(node.keys[2:])
        )
        pfs = tuple(node.line for node in settings if node.keys[:2] == ("set", "pfs"))
        second = [
            self._transform(name, groups, (node.line, *pfs))
            for node in settings
            if node.keys[:2] == ("set", "transform-set")
            for name in node.words[2:]
        ]
        return (*self.first[2 if ikev2 else 1], *second)

    def _transform(self, name: str, groups: tuple[int, ...], sources: Sources) -> Proposal:
        node = self.transforms.get(name)
        if node is None:
            return Proposal(2, (), (), groups, sources)
        ciphers, hashes = [], []
        known = True
        words = list(node.keys[4:])
        while words:
            word = words.pop(0)
            if words and words[0].isdigit():
                word = f"{word} {words.pop(0)}"
            if word in _TRANSFORM_CIPHERS:
                ciphers.append(_TRANSFORM_CIPHERS[word])
            elif word in _TRANSFORM_HASHES:
                hashes.append(_TRANSFORM_HASHES[word])
            else:
                known = known and word == "comp-lzs"
        if known and ciphers and not hashes:
            hashes = ["null"]  # without a word for it, a transform set has no integrity at all
        if known and not ciphers and hashes:
            ciphers = ["null"]  # an authentication header alone encrypts nothing
        return Proposal(2, tuple(ciphers) if known else (), tuple(hashes), groups, (node.line, *sources))


def _aggressive(sections: Sections) -> tuple[bool | None, Sources]:
    """`crypto isakmp aggressive-mode disable`; a profile or a peer that begins in aggressive mode."""
    for node in sections.of("irrelevant"):
        if node.keys[:2] == ("crypto", "isakmp"):
            for child in node.below():
                if "aggressive" in child.keys or "aggressive-mode" in child.keys:
                    return True, (child.line,)
    for node in sections.of("algorithms"):
        if node.keys == ("crypto", "isakmp", "aggressive-mode", "disable"):
            return False, (node.line,)
    return None, ()


def _policy(node: Node, aggressive: tuple[bool | None, Sources]) -> Proposal:
    """`crypto isakmp policy N`."""
    ciphers = hashes = _NO_DEFAULT
    groups: tuple[int, ...] = ()
    silent = True
    for child in node.children:
        value = " ".join(child.keys[1:])
        if child.keys[0] in ("encr", "encryption"):
            ciphers = tuple(filter(None, (_CIPHERS.get(value),)))
            silent = silent and bool(ciphers)
        elif child.keys[0] == "hash":
            hashes = tuple(filter(None, (_HASHES.get(value),)))
            silent = silent and bool(hashes)
        elif child.keys[0] == "group":
            groups = tuple(_group_numbers(child.keys[1:]))
            silent = silent and bool(groups)
    lines = (node.line, *(child.line for child in node.children), *aggressive[1])
    return Proposal(1, ciphers, hashes, groups, lines, 1, aggressive[0], silent)


def _ikev2(node: Node) -> Proposal:
    """`crypto ikev2 proposal NAME`."""
    told: dict[str, tuple[str, ...]] = {child.keys[0]: child.keys[1:] for child in node.children}
    lines = (node.line, *(child.line for child in node.children))
    ciphers, hashes = _all(told.get("encryption", ()), _CIPHERS), _all(told.get("integrity", ()), _HASHES)
    groups = tuple(_group_numbers(told.get("group", ())))
    given = (("encryption", ciphers), ("integrity", hashes), ("group", groups))
    silent = all(known or not told.get(word) for word, known in given)
    return Proposal(1, ciphers, hashes, groups, lines, 2, silent=silent)


def _all(words: tuple[str, ...], names: dict[str, str]) -> tuple[str, ...]:
    """The names of all words; none where one is not known."""
    return tuple(names[word] for word in words) if all(word in names for word in words) else ()


def _group_numbers(words: Iterable[str]) -> Iterator[int]:
    for word in words:
        number = word.removeprefix("group")
        if number.isascii() and number.isdecimal() and len(number) < 4:
            yield int(number)
