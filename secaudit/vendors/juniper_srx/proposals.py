"""Algorithms of IPsec tunnels: the proposals of the IKE policy of a gateway (phase 1) and of the IPsec policy of a VPN (phase 2).

Read (CLI reference, "policy (Security IKE)", "proposal (Security IKE)"): the names of algorithms, modes and sets. From memory, high: without
`version` a gateway speaks IKEv1 only, without `mode` a policy is in main mode. What a proposal does not say is a default that is not confirmed: it stays
empty, as do words and names that are not known, and nobody takes the proposal for complete.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from secaudit.network.tunnels import Proposal
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.tree import Statement, join

_CIPHERS = {"des-cbc": "des", "3des-cbc": "3des"} | {
    f"aes-{bits}-{mode}": name
    for bits in (128, 192, 256)
    for mode, name in (("cbc", f"aes-{bits}"), ("gcm", f"aes-gcm-{bits}"))
}
_HASHES = {"md5": "md5", "sha1": "sha1", "sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512"} | {
    "hmac-md5-96": "md5", "hmac-sha1-96": "sha1", "hmac-sha-256-128": "sha256", "hmac-sha-256-96": "sha256",
    "hmac-sha-384": "sha384", "hmac-sha-512": "sha512",
}  # fmt: skip
_VERSIONS = {"v1-only": 1, "v2-only": 2}
_WORDS = ("dh-group", "encryption-algorithm", "authentication-algorithm")
_MODES = {"main": False, "aggressive": True}


@cache
def _sets() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("data/proposal_sets.toml").read_text("utf-8"))


def proposals(scope: Scope, vpn: Statement, gateway: Statement | None) -> tuple[Proposal, ...]:
    """What a VPN offers and accepts; an empty one for a phase of which the file does not tell it."""
    first = () if gateway is None else tuple(_first(scope, gateway))
    second = tuple(_second(scope, vpn))
    unknown = vpn.sources() or scope.identity
    return (*(first or (Proposal(1, (), (), (), unknown),)), *(second or (Proposal(2, (), (), (), unknown),)))


def _first(scope: Scope, gateway: Statement) -> Iterator[Proposal]:
    policy = scope.root.get("security", "ike", "policy", gateway.value("ike-policy"))
    if policy is None:
        return
    said = gateway.value("version")
    version = _VERSIONS.get(said) if said else scope.defaults.ike_version
    mode = policy.value("mode")
    aggressive = _MODES.get(mode) if mode else False
    by = join(*(_lines(gateway, word) for word in ("ike-policy", "version")), _lines(policy, "mode"))
    clear = (version is not None or not said) and (aggressive is not None or not mode)
    for groups, ciphers, hashes, sources, silent in _named(scope, policy, "ike"):
        lines = join(sources, by) or gateway.sources()
        yield Proposal(
            1, ciphers, hashes, groups, lines, version, None if version == 2 else aggressive, clear and silent
        )


def _second(scope: Scope, vpn: Statement) -> Iterator[Proposal]:
    policy = scope.root.get("security", "ipsec", "policy", vpn.value("ike", "ipsec-policy"))
    if policy is None:
        return
    secret = policy.value("perfect-forward-secrecy", "keys")
    own = _group(secret)
    by = join(_lines(vpn, "ike"), _lines(policy, "perfect-forward-secrecy"))
    for groups, ciphers, hashes, sources, silent in _named(scope, policy, "ipsec"):
        lines = join(sources, by) or vpn.sources()
        yield Proposal(2, ciphers, hashes, own if secret else groups, lines, silent=silent)


_Read = tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...], Sources, bool]


def _named(scope: Scope, policy: Statement, kind: str) -> Iterator[_Read]:
    """The proposals that a policy names, and those of the set that it names."""
    for one in policy.below("proposals"):
        found = scope.root.get("security", kind, "proposal", one.word)
        if found is None:
            yield (), (), (), one.sources() or policy.sources(), False
        else:
            held = _written(found)
            silent = all(known or not found.value(word) for known, word in zip(held, _WORDS, strict=True))
            yield (*held, join(one.sources(), found.sources()), silent)
    chosen = policy.value("proposal-set")
    if chosen:
        lines = _lines(policy, "proposal-set")
        known: Iterable[tuple[str, str, int]] = _sets()[kind].get(chosen, [("", "", 0)])
        for cipher, digest, group in known:
            yield (group,) if group else (), _some(cipher), _some(digest), lines, False


def _written(proposal: Statement) -> tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]]:
    """The groups, ciphers and hashes of a proposal. An authentication header encrypts nothing."""
    cipher = _CIPHERS.get(proposal.value("encryption-algorithm"), "")
    if proposal.value("protocol") == "ah":
        cipher = "null"
    digest = _HASHES.get(proposal.value("authentication-algorithm"), "")
    return _group(proposal.value("dh-group")), _some(cipher), _some(digest)


def _some(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


def _group(word: str) -> tuple[int, ...]:
    number = word.removeprefix("group")
    return (int(number),) if number.isascii() and number.isdecimal() and len(number) < 4 else ()


def _lines(holder: Statement, word: str) -> Sources:
    found = holder.get(word)
    return () if found is None else found.sources()
