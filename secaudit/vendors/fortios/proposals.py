"""Algorithms of IPsec tunnels: the words of `proposal` with `dhgrp`, `ike-version` and `mode` of phase 1, `pfs` of phase 2.

A word names the algorithms that go together, `aes256-sha256`; both ends accept no others. A device always prints `proposal`, and leaves
out the rest where it is as usual (CLI reference; new features of 5.2.1: group 14 and 5 instead of 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from secaudit.network.interfaces import Interface
from secaudit.network.tunnels import Proposal
from secaudit.text.source import Sources
from secaudit.vendors.fortios.findings import Scope
from secaudit.vendors.fortios.grammar import Section

_FIRST, _SECOND = "vpn ipsec phase1-interface", "vpn ipsec phase2-interface"
_CIPHERS = {
    "des": "des",
    "3des": "3des",
    "null": "null",
    "seed": "seed",
    **{f"{name}{bits}": f"{name}-{bits}" for name in ("aes", "aria") for bits in (128, 192, 256)},
}
_WITH_INTEGRITY = {
    "aes128gcm": ("aes-gcm-128", ()),
    "aes256gcm": ("aes-gcm-256", ()),
    "chacha20poly1305": ("chacha20", ("poly1305",)),
}
"""Ciphers that need no second algorithm; in phase 1 the word goes on with the one that keys are made by (`-prfsha256`)."""
_HASHES = frozenset(("md5", "sha1", "sha256", "sha384", "sha512", "null"))


def with_proposals(scope: Scope, interfaces: Mapping[str, Interface]) -> dict[str, Interface]:
    """The interfaces with what the IPsec tunnels among them offer and accept."""
    tunnels = scope.section(_FIRST).entries
    second: dict[str, list[Section]] = {}
    for entry in scope.entries(_SECOND) if tunnels else ():
        second.setdefault(entry.get("phase1name"), []).append(entry)
    homeless = [one for tunnel, entries in second.items() if tunnel not in tunnels for one in entries]
    # Which tunnel one belongs to that names none, or none that is there, was lost: it may be any.
    lost = tuple(Proposal(2, (), (), (), one.opening) for one in homeless)
    changed = dict(interfaces)
    for name, entry in tunnels.items():
        interface = interfaces.get(name)
        if interface is not None and interface.tunnel is not None:
            children = (one for each in second.get(name, ()) for one in _phase_2(scope, each))
            held = (*_phase_1(scope, entry), *children, *lost)
            changed[name] = replace(interface, tunnel=replace(interface.tunnel, proposals=held))
    return changed


@dataclass(frozen=True, slots=True)
class _Algorithms:
    encryption: tuple[str, ...] = ()
    integrity: tuple[str, ...] = ()


def _algorithms(word: str) -> _Algorithms:
    """What a word of `proposal` names; nothing where it is not known."""
    first, _, last = word.partition("-")
    if first in _WITH_INTEGRITY and (not last or last.startswith("prf")):
        cipher, integrity = _WITH_INTEGRITY[first]
        return _Algorithms((cipher,), integrity)
    if first in _CIPHERS and last in _HASHES:
        return _Algorithms((_CIPHERS[first],), (last,))
    return _Algorithms()


def _words(entry: Section) -> Iterable[_Algorithms]:
    return [_algorithms(word) for word in entry.values("proposal")] or [_Algorithms()]


def _phase_1(scope: Scope, entry: Section) -> Iterator[Proposal]:
    usual = _silent(scope, entry)
    defaults = scope.defaults
    ike = {"1": 1, "2": 2}.get(entry.get("ike-version")) if entry.get("ike-version") else defaults.ike_version
    if not usual and not entry.get("ike-version"):
        ike = None
    mode = entry.get("mode") or (defaults.ike_mode if usual else "")
    aggressive = None if ike == 2 else {"aggressive": True, "main": False}.get(mode)
    lines = (*entry.opening, *entry.lines_of("proposal", "dhgrp", "ike-version", "mode", "suite-b"))
    suite = entry.get("suite-b") not in ("", "disable")  # takes the place of what `proposal` says
    groups = _groups(scope, entry, usual)
    told = (("ike-version", ike), ("mode", aggressive is not None or ike == 2), ("dhgrp", groups))
    silent = usual and not suite and all(known or not entry.values(word) for word, known in told)
    for one in [_Algorithms()] if suite else _words(entry):
        open_ = silent and bool(one.encryption or not entry.values("proposal"))
        yield Proposal(1, one.encryption, one.integrity, groups, lines, ike, aggressive, open_)


def _phase_2(scope: Scope, entry: Section) -> Iterator[Proposal]:
    usual = _silent(scope, entry)
    renewed = entry.get("pfs") or ("enable" if usual else "")
    groups = _groups(scope, entry, usual) if renewed == "enable" else ()
    lines: Sources = (*entry.opening, *entry.lines_of("phase1name", "proposal", "pfs", "dhgrp"))
    for one in _words(entry):
        silent = usual and bool(one.encryption or not entry.values("proposal"))
        yield Proposal(2, one.encryption, one.integrity, groups, lines, silent=silent)


def _groups(scope: Scope, entry: Section, usual: bool) -> tuple[int, ...]:
    words = entry.values("dhgrp")
    if not words:
        words = tuple((scope.defaults.dh_groups or "").split()) if usual else ()
    numbers = [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) < 4]
    return tuple(numbers) if len(numbers) == len(words) else ()


def _silent(scope: Scope, entry: Section) -> bool:
    """Whether what the entry does not say is as usual: no line of it was lost."""
    if entry.garbage or scope.findings.cut_off:
        return False
    unread = scope.findings.ledger.unread
    return not unread or all(line.number not in unread for setting in entry.settings.values() for line in setting.lines)
