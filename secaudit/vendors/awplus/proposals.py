"""Algorithms of IPsec tunnels: `crypto isakmp profile` (phase 1), `crypto ipsec profile` (phase 2), and which of them a tunnel uses.

A profile of the file stands for itself: its transforms are all that it offers, and the profile `default` is another one, which is built in (IPsec feature
overview and configuration guide C613-22020-00, as others cite it; medium). `crypto isakmp peer` names the ISAKMP profile of a peer as `tunnel destination` names the peer, and
`tunnel protection ipsec` the IPsec profile; where neither names one, `default` holds. Its transforms are not known here, so it says nothing.
Whatever is not understood is a proposal that says nothing and is not silent, so that nobody takes the others for complete.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from secaudit.network.tunnels import Proposal
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.interface_facts import TunnelFacts
from secaudit.vendors.awplus.vocabulary import tunnel_words
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

_ABOUT_TUNNELS = frozenset((("crypto", "isakmp"), ("crypto", "ipsec")))
_DEFAULT = "default"
_MOST_LINES = 64
"""Lines of a profile that are read, and lines that a proposal names. There are fewer, and there may be thousands of tunnels."""
_MODES = {(): None, ("mode", "main"): False, ("mode", "aggressive"): True}
_Named = Mapping[str, SourceLine]
_Target = tuple[str, str]
"""How a peer is named (`address`, `hostname`, `policy`, `dynamic`), and its name in one spelling."""
_Meaning = TypeVar("_Meaning", str, int)


@dataclass(slots=True)
class _Profile:
    """One profile while it is being read."""

    phase: int
    lines: list[SourceLine]
    """Its head, and the lines that hold for all of its transforms."""
    transforms: list[Proposal] = field(default_factory=list)
    groups: tuple[int, ...] = ()
    versions: list[tuple[int, bool | None]] = field(default_factory=list)
    strange: list[SourceLine] = field(default_factory=list)
    """Lines that are not understood."""

    def offered(self) -> tuple[Proposal, ...]:
        """All that it offers. Without a transform, a version or a mode it is not documented what holds."""
        ike, aggressive = self.versions[0] if len(self.versions) == 1 else (None, None)
        untold = self.phase == 1 and (not self.versions or (ike == 1 and aggressive is None))
        lines = tuple(self.lines)
        silent = not self.strange and len(self.versions) < 2
        found = [
            replace(
                one,
                groups=one.groups or self.groups,
                sources=(*one.sources, *lines),
                ike=ike,
                aggressive=aggressive,
                silent=silent and untold and _is_whole(one),
            )
            for one in self.transforms
        ]
        if not found:
            found.append(Proposal(self.phase, (), (), self.groups, lines, ike, aggressive, silent))
        return (*found, *_nothing(self.phase, self.strange))


@dataclass(slots=True)
class Algorithms:
    """The profiles and peers of a device, and from them what a tunnel offers."""

    ledger: Ledger
    profiles: dict[tuple[str, str], list[_Profile]] = field(default_factory=lambda: defaultdict(list))
    """By kind (`isakmp`, `ipsec`) and name; the parts, where a profile comes again."""
    peers: dict[_Target, dict[str, SourceLine]] = field(default_factory=lambda: defaultdict(dict))
    """The profiles that lines name for a peer, each with its line."""
    strange: list[SourceLine] = field(default_factory=list)
    """Lines that are not understood and may be about any tunnel."""

    def read(self, sections: Sections) -> None:
        """Every line about IPsec. They are part of the model only where the device has a tunnel, but they are read all the same."""
        for node in filter(_is_about_tunnels, sections.of("irrelevant")):
            kind = node.keys[1]
            if node.keys[:3] == ("crypto", kind, "profile") and len(node.words) == 4:
                self.profiles[kind, node.words[3]].append(self._profile(node, kind))
            elif (peer := _peer(node)) is not None:
                self.peers[peer[0]][peer[1]] = node.line
                self.ledger.use(node)
            else:
                self._leave(node, *node.below())
        for nodes in sections.nodes.values():
            # In a block of something else, a line that lost or gained blanks.
            for node in nodes:
                self._leave(*(child for child in node.below() if _is_about_tunnels(child)))

    def of_tunnel(self, tunnel: TunnelFacts) -> tuple[Proposal, ...] | None:
        """What a tunnel offers; None when it does not encrypt, or not by IPsec."""
        if not tunnel.encrypts:
            return None
        return (*self._first(tunnel), *self._second(tunnel), *_nothing(1, self.strange))

    def _leave(self, *nodes: Node) -> None:
        """Lines that are not understood. The packets that a tunnel carries are the same whatever they say: only the algorithms are in doubt."""
        for node in nodes:
            self.ledger.leave_line(node.line)
        room = _MOST_LINES - len(self.strange)
        self.strange += [node.line for node in nodes[:room]]

    def _profile(self, node: Node, kind: str) -> _Profile:
        """One block; what stands below its lines counts as a line of it."""
        profile = _Profile(1 if kind == "isakmp" else 2, [node.line])
        self.ledger.use(node)
        for position, child in enumerate(node.below()):
            if position >= _MOST_LINES:
                self.ledger.leave_line(child.line)
            elif _line(profile, child, tunnel_words().irrelevant[kind]):
                self.ledger.use(child)
                continue
            else:
                self.ledger.leave_line(child.line)
            profile.strange = [*profile.strange, child.line][:_MOST_LINES]
        return profile

    def _first(self, tunnel: TunnelFacts) -> tuple[Proposal, ...]:
        sure, maybe = self._peers_of(tunnel)
        sources = (
            *tunnel.sources,
            *islice((line for named in (*sure, *maybe) for line in named.values()), _MOST_LINES),
        )
        if not sure and not maybe:
            return self._named("isakmp", _DEFAULT, sources)
        names = [name for named in (*sure, *maybe) for name in islice(named, 2)]
        if not sure or len(set(names)) > 1:
            return (Proposal(1, (), (), (), sources),)
        return self._named("isakmp", names[0], sources)

    def _second(self, tunnel: TunnelFacts) -> tuple[Proposal, ...]:
        sources = tuple(tunnel.sources)
        words = tunnel.protection
        keys = tuple(word.lower() for word in words[:2])
        if not tunnel.protected:
            # Whether `tunnel mode ipsec` alone encrypts is not documented.
            return (Proposal(2, (), (), (), sources, silent=True),)
        if keys == ("ipsec",):
            return self._named("ipsec", _DEFAULT, sources)
        if keys == ("ipsec", "profile") and len(words) == 3:
            return self._named("ipsec", words[2], sources)
        return (Proposal(2, (), (), (), sources),)

    def _peers_of(self, tunnel: TunnelFacts) -> tuple[list[_Named], list[_Named]]:
        """The lines that surely mean the other end of a tunnel, and those that may mean it: by a name, or as whoever calls."""
        target = _target(tunnel.destination)
        if target in self.peers:
            by_name = ("hostname", tunnel.remote_id.lower())
            return [self.peers[target]], [self.peers[by_name]] if by_name in self.peers and by_name != target else []
        fixed = target is not None and target[0] in ("address", "dynamic")
        found = (named for (kind, _), named in self.peers.items() if kind != "address" or not fixed)
        return [], list(islice(found, _MOST_LINES))

    def _named(self, kind: str, name: str, sources: Sources) -> tuple[Proposal, ...]:
        """What the profile of this name offers to a tunnel with these lines."""
        phase = 1 if kind == "isakmp" else 2
        parts = self.profiles.get((kind, name), [])
        if not parts and name == _DEFAULT:
            ike = tunnel_words().default_ike if phase == 1 else None
            return (Proposal(phase, (), (), (), sources, ike, silent=True),)
        found = [
            replace(one, sources=tuple(dict.fromkeys((*one.sources, *sources))))
            for part in parts[:2]
            for one in part.offered()
        ]
        if len(parts) != 1 or name == _DEFAULT:
            # Not defined; or it comes again, or changes the one that is built in, and how they go together is not documented.
            found.append(Proposal(phase, (), (), (), sources))
        return tuple(found)


def _nothing(phase: int, lines: Iterable[SourceLine]) -> tuple[Proposal, ...]:
    """A proposal that says nothing, for lines that are not understood; none where there are none."""
    sources = tuple(dict.fromkeys(lines))
    return (Proposal(phase, (), (), (), sources),) if sources else ()


def _is_about_tunnels(node: Node) -> bool:
    """Whether a line is about profiles or peers: whatever begins like them but sets a key."""
    keys = node.keys[1:] if node.keys[0] == "no" else node.keys
    return keys[:2] in _ABOUT_TUNNELS and keys[2:3] != ("key",)


def _target(destination: str) -> _Target | None:
    """The peer that `tunnel destination` names; None when it names none."""
    word = destination.lower()
    if word in ("", "dynamic"):
        return (word, "") if word else None
    try:
        return "address", str(ipaddress.ip_address(word))
    except ValueError:
        return "hostname", word


def _peer(node: Node) -> tuple[_Target, str] | None:
    """`crypto isakmp peer address A|dynamic|hostname H|policy P profile NAME`: a peer and its profile; None when it is not understood."""
    if node.keys[:3] != ("crypto", "isakmp", "peer"):
        return None
    keys, words = node.keys[3:], node.words[3:]
    if keys[:2] == ("address", "dynamic"):
        keys, words = keys[1:], words[1:]
    target: _Target | None
    if keys[:1] == ("dynamic",):
        target, keys, words = ("dynamic", ""), keys[1:], words[1:]
    elif len(keys) > 1 and keys[0] in ("hostname", "policy"):
        target, keys, words = (keys[0], keys[1]), keys[2:], words[2:]
    elif len(keys) > 1 and keys[0] == "address":
        target, keys, words = _target(keys[1]), keys[2:], words[2:]
        target = target if target is not None and target[0] == "address" else None
    else:
        target = None
    if target is None or keys[:1] != ("profile",) or len(words) != 2 or node.children:
        return None
    return target, words[1]


def _line(profile: _Profile, node: Node, irrelevant: Iterable[tuple[str, ...]]) -> bool:
    """Reads one line of a profile; False when it, or a word of it, is not understood."""
    keys = node.keys
    if keys[0] == "transform":
        transform = _transform(profile.phase, node)
        profile.transforms.append(transform)
        return _is_whole(transform)
    if keys[0] == "pfs" and profile.phase == 2:
        groups = _known(keys[1:], tunnel_words().groups)
        profile.groups += groups
        profile.lines.append(node.line)
        return len(groups) == 1 and len(keys) == 2
    if keys[0] == "version" and profile.phase == 1:
        return _version(profile, node)
    bare = keys[1:] if keys[0] == "no" else keys
    return any(bare[: len(start)] == start for start in irrelevant)


def _version(profile: _Profile, node: Node) -> bool:
    """`version 1 [mode main|aggressive]`, `version 2`."""
    keys = node.keys[1:]
    profile.lines.append(node.line)
    if keys == ("2",):
        profile.versions.append((2, None))
    elif keys[:1] == ("1",) and keys[1:] in _MODES:
        profile.versions.append((1, _MODES[keys[1:]]))
    else:
        return False
    return True


def _transform(phase: int, node: Node) -> Proposal:
    """`transform N [protocol esp] integrity X encryption Y [group G]`: what of it is known, and nothing where its form is not."""
    keys = node.keys[1:]
    told = dict(zip(keys[1::2], keys[2::2], strict=False))
    wanted = {"integrity", "encryption", "group"} if phase == 1 else {"protocol", "integrity", "encryption"}
    number = keys[0] if keys else ""
    formed = number.isascii() and number.isdecimal() and len(keys) == 2 * len(wanted) + 1 and told.keys() == wanted
    if not formed or told.get("protocol", "esp") != "esp":
        return Proposal(phase, (), (), (), (node.line,))
    words = tunnel_words()
    return Proposal(
        phase,
        _known((told["encryption"],), words.encryption),
        _known((told["integrity"],), words.integrity),
        _known((told["group"],), words.groups) if phase == 1 else (),
        (node.line,),
    )


def _is_whole(transform: Proposal) -> bool:
    """Whether every word of a transform is known."""
    return bool(transform.encryption and transform.integrity and (transform.groups or transform.phase == 2))


def _known(keys: Iterable[str], words: Mapping[str, _Meaning]) -> tuple[_Meaning, ...]:
    return tuple(words[key] for key in keys if key in words)
