"""Algorithms of IPsec tunnels: the crypto profiles that an IKE gateway and a tunnel name, the version of the key exchange and its mode.

A gateway or a tunnel that names no profile has the one called `default`. `exchange-mode auto` starts in main mode and takes callers in either, so whether
it is aggressive is not told (PAN-OS web interface help, "IKE gateway advanced options"; from memory, high). So is the version where no line says
it. A word that is not known stands for itself as a proposal that says nothing, so that nobody takes the others for complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from secaudit.network.tunnels import Proposal
from secaudit.text.source import Sources
from secaudit.vendors.panos.tree import Node, joined

_CIPHERS: Mapping[str, str] = {
    "des": "des",
    "3des": "3des",
    "null": "null",
    "aes128": "aes-128",
    "aes192": "aes-192",
    "aes256": "aes-256",
    "aes-128-cbc": "aes-128",
    "aes-192-cbc": "aes-192",
    "aes-256-cbc": "aes-256",
    "aes-128-gcm": "aes-gcm-128",
    "aes-256-gcm": "aes-gcm-256",
    "aes-128-ccm": "aes-ccm-128",
}
_HASHES = frozenset(("md5", "sha1", "sha256", "sha384", "sha512"))
_NO_HASH = frozenset(("none", "non-auth"))
"""Without an algorithm of its own for integrity, as with GCM."""
_MODES: Mapping[str, bool] = {"main": False, "aggressive": True}
_VERSIONS: Mapping[str, tuple[int, ...]] = {"ikev1": (1,), "ikev2": (2,), "ikev2-preferred": (2, 1)}
_DEFAULT = "default"
_MOST_WORDS = 64
"""How many words of a list are read; there are fewer algorithms."""


def proposals(network: Node, gateway: Node, tunnel: Node) -> tuple[Proposal, ...]:
    """What an end offers and accepts: of the key exchange, then of the tunnel."""
    return (*_first(network, gateway), *_second(network, tunnel))


def _first(network: Node, gateway: Node) -> Iterable[Proposal]:
    protocol = gateway.child("protocol")
    said = "" if protocol is None else protocol.value("version")
    versions = _VERSIONS.get(said)
    if versions is None:
        # Not told: what is written for either of them may be in force, and there is no version to name.
        held = [number for number in (1, 2) if protocol is not None and _names_profile(protocol, number)]
        for number in held or (1,):
            yield from _of_version(network, gateway, number, None, silent=not said)
        return
    for number in versions:
        yield from _of_version(network, gateway, number, number, silent=True)


def _names_profile(protocol: Node, number: int) -> bool:
    return protocol.child(f"ikev{number}", "ike-crypto-profile") is not None


def _of_version(network: Node, gateway: Node, number: int, told: int | None, *, silent: bool) -> Iterable[Proposal]:
    """`silent`: of what is not told of the version no line says anything."""
    settings = gateway.child("protocol", f"ikev{number}")
    name = _DEFAULT if settings is None else settings.value("ike-crypto-profile", default=_DEFAULT)
    lines = gateway.sources("protocol")
    word = "" if settings is None or number == 2 else settings.value("exchange-mode")
    mode = _MODES.get(word)
    silent = silent and (not word or mode is not None)
    profile = network.child("ike", "crypto-profiles", "ike-crypto-profiles", name)
    if profile is None:
        yield Proposal(1, (), (), (), lines, told, mode, silent and name == _DEFAULT)
        return
    lines = joined((*lines, *profile.sources("encryption", "hash", "dh-group")))
    yield from _written(
        1, _few(profile, "encryption"), _few(profile, "hash"), _few(profile, "dh-group"), lines, told, mode, silent
    )


def _second(network: Node, tunnel: Node) -> Iterable[Proposal]:
    name = tunnel.value("auto-key", "ipsec-crypto-profile", default=_DEFAULT)
    profile = network.child("ike", "crypto-profiles", "ipsec-crypto-profiles", name)
    lines = tunnel.sources("auto-key")
    if profile is None:
        yield Proposal(2, (), (), (), lines, silent=name == _DEFAULT)
        return
    lines = joined((*lines, *profile.sources("esp", "ah", "dh-group")))
    groups = tuple(word for word in _few(profile, "dh-group") if word != "no-pfs")
    header = profile.child("ah")
    if header is not None and header.children:
        yield from _written(2, ("null",), _few(header, "authentication"), groups, lines)
    if header is None or not header.children or profile.child("esp") is not None:
        yield from _written(
            2, _few(profile, "esp", "encryption"), _few(profile, "esp", "authentication"), groups, lines
        )


def _few(node: Node, *path: str) -> tuple[str, ...]:
    """The names below a path, `_MOST_WORDS` at most: every tunnel asks for those of its profile."""
    held = node.child(*path)
    return () if held is None else tuple(islice(held.children, _MOST_WORDS))


def _written(
    phase: int,
    ciphers: Sequence[str],
    hashes: Sequence[str],
    groups: Sequence[str],
    lines: Sources,
    ike: int | None = None,
    aggressive: bool | None = None,
    silent: bool = True,
) -> Iterable[Proposal]:
    """Words that are not known make a proposal of their own, which tells nothing."""
    encryption = tuple(_CIPHERS[word] for word in ciphers if word in _CIPHERS)
    integrity = tuple(word for word in hashes if word in _HASHES)
    numbers = tuple(number for word in groups if (number := _group(word)) is not None)
    yield Proposal(phase, encryption, integrity, numbers, lines, ike, aggressive, silent)
    known = len(encryption) == len(ciphers) and len(numbers) == len(groups)
    without = any(word in _NO_HASH for word in hashes) and not all("gcm" in word for word in encryption)
    if not known or without or any(word not in _HASHES | _NO_HASH for word in hashes):
        yield Proposal(phase, (), (), (), lines, ike, aggressive)


def _group(word: str) -> int | None:
    number = word.removeprefix("group")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else None
