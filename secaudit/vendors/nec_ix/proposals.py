"""The algorithms of IPsec: what the lines of IKEv1 and IKEv2 offer and accept.

IKEv1, as in configurations that the vendor and others publish: `ike proposal P encryption aes-256 hash sha2-256 group 2048-bit`, `ike policy N peer A
key K [mode aggressive] P,...`, `ipsec autokey-proposal P esp-aes-256 esp-sha2-256`, `ipsec autokey-map N LIST peer A P,... [pfs G]`,
`ipsec dynamic-map N LIST P,... [pfs G] [ike POLICY]` (Century Systems, connection to NEC IX, and exported configurations).

IKEv2: `sa-proposal enc|integrity|dh|prf WORD...`, `child-proposal enc|integrity WORD...` and `child-pfs G|off` stand in `ikev2 default-profile`, in
`ikev2 profile NAME`, which an interface takes by `ikev2 binding NAME`, and with `ikev2` in front on the interface itself.

- Forms and words: the IKEv2 example for NEC IX of Oracle (`aes-cbc-256`, `sha1`, `sha2-384`, `1536-bit`) and three configurations that people
  published (`aes-gcm-256-16`, `sha2-256`, `sha2-512`, `1024-bit` to `3072-bit`, several words a line, `child-pfs off`). Confidence high. The other
  lengths of key and 3DES are those of the list of algorithms in the IX-R/IX-V manual, 2.25.1.1, in the same spelling. Confidence medium.
- What the default profile says holds for a tunnel that names no profile: Oracle's example. Confidence high.
- Not confirmed, so nothing is told: the defaults of the release (a table of the manual that could not be read; people write `child-pfs off`, so
  even that is none to be taken for granted); which of interface, profile and default profile wins where two of them differ; whether the default
  profile counts beside another one; whether a second line adds to the first or replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from secaudit.network.tunnels import Proposal
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import is_ipv4
from secaudit.vendors.nec_ix.vocabulary import irrelevance

_Value = TypeVar("_Value")

_ENCRYPTION = {"aes": "aes-128", "aes-128": "aes-128", "aes-192": "aes-192", "aes-256": "aes-256", "3des": "3des"} | {
    "des": "des",
    "null": "null",
}
_INTEGRITY = {"md5": "md5", "sha": "sha1", "sha1": "sha1", "sha2-256": "sha256", "sha2-384": "sha384"} | {
    "sha2-512": "sha512"
}
_DEFAULT = "default"
"""The proposals of the device itself, which are in no file."""
_FORMS_OF_KEYS = (("char",), ("hex",), ("encrypted",), ("plain",), ("hash",))
_GROUPS = {"768-bit": 1, "1024-bit": 2, "1536-bit": 5, "2048-bit": 14, "3072-bit": 15, "4096-bit": 16}

_IKEV2_ENCRYPTION = {f"aes-cbc-{bits}": f"aes-{bits}" for bits in (128, 192, 256)} | {
    "aes-gcm-128-16": "aes-gcm-128",
    "aes-gcm-256-16": "aes-gcm-256",
    "3des": "3des",
    "3des-cbc": "3des",
}
_IKEV2_INTEGRITY = {"sha1": "sha1", "sha2-256": "sha256", "sha2-384": "sha384", "sha2-512": "sha512"}
_OFF = "off"
_SA_ENCRYPTION, _SA_INTEGRITY, _SA_GROUPS = "sa-proposal enc", "sa-proposal integrity", "sa-proposal dh"
_CHILD_ENCRYPTION, _CHILD_INTEGRITY, _CHILD_GROUPS = "child-proposal enc", "child-proposal integrity", "child-pfs"
_WORDS: Mapping[str, Mapping[str, object]] = {
    _SA_ENCRYPTION: _IKEV2_ENCRYPTION,
    _SA_INTEGRITY: _IKEV2_INTEGRITY,
    _SA_GROUPS: _GROUPS,
    _CHILD_ENCRYPTION: _IKEV2_ENCRYPTION,
    _CHILD_INTEGRITY: _IKEV2_INTEGRITY,
    _CHILD_GROUPS: _GROUPS | {_OFF: None},
}
"""What a line can be about, and the words that are known there. The pseudo-random function (`sa-proposal prf`) is not judged."""
_PRF = "prf"
_ABOUT = frozenset(("enc", "integrity", "dh", _PRF))
OFFERING = ("sa-proposal", "child-proposal", "child-pfs", "binding")
"""Words behind `ikev2` on an interface whose lines are kept for `Offers.of_tunnel`."""
_OFFERS = (("sa-proposal",), ("child-proposal",), ("child-pfs",))
_ENDS = (("source-address",), ("outgoing-interface",), ("peer",), ("exit",))
"""Lines of a profile that say who talks, not with which algorithms."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What lines say about one thing: the words in their order, None where they are not understood."""

    words: tuple[str, ...] | None
    sources: Sources

    def beside(self, other: _Said) -> _Said:
        """Two that say the same are one; of two that differ it is not confirmed which one holds, or whether both do."""
        sources = (*self.sources, *other.sources)
        same = self.words is not None and other.words is not None and set(self.words) == set(other.words)
        return _Said(self.words if same else None, sources)


@dataclass(slots=True)
class _Place:
    """What is said about IKEv2 in one place: the default profile, another profile, or an interface."""

    said: dict[str, _Said] = field(default_factory=dict)
    strange: list[SourceLine] = field(default_factory=list)
    """Lines that are not known: any of them may be about anything."""

    def read(self, keys: Sequence[str], line: SourceLine) -> None:
        """A line about algorithms, without the `ikev2` that stands in front of it on an interface."""
        for about, words in _statements(keys):
            known = words is not None and bool(words) and all(word in _WORDS[about] for word in words)
            alone = words is None or _OFF not in words or len(words) == 1
            one = _Said(words if known and alone else None, (line,))
            held = self.said.get(about)
            self.said[about] = one if held is None else held.beside(one)


def _statements(keys: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """What a line is about, with its words; None behind everything that it may be about where its form is not known."""
    undone = keys[0] == "no"
    head, *rest = keys[1:] if undone else keys
    if head == _CHILD_GROUPS:
        yield _CHILD_GROUPS, None if undone else tuple(rest)
        return
    parts: dict[str, tuple[str, ...]] = {}
    about = ""
    for key in rest:
        if key in _ABOUT and key not in parts:
            about = key
            parts[about] = ()
        else:
            parts[about] = (*parts.get(about, ()), key)
    told = {f"{head} {part}": words for part, words in parts.items() if part != _PRF}
    if undone or not parts or not told.keys() <= _WORDS.keys():
        phase = head.partition("-")[0]
        yield from ((one, None) for one in _WORDS if one.startswith(f"{phase}-"))
        return
    yield from told.items()


@dataclass(slots=True)
class _Ikev2:
    """The places that say something about the algorithms of IKEv2."""

    default: _Place = field(default_factory=_Place)
    profiles: dict[str, _Place] = field(default_factory=dict)
    strange: list[SourceLine] = field(default_factory=list)
    """Top-level lines that are not known."""

    def read(self, node: Node, ledger: Ledger) -> None:
        """A top-level line; one that is not known is booked as unread, and no tunnel is told then."""
        keys = node.keys[node.keys.index("ikev2") + 1 :]
        if node.keys == ("ikev2", "default-profile"):
            self._block(self.default, node, ledger)
        elif node.keys[:2] == ("ikev2", "profile") and len(keys) == 2:
            self._block(self.profiles.setdefault(node.words[2], _Place()), node, ledger)
        elif keys[:1] != ("authentication",) and not _known(keys):
            self.strange.append(node.line)
            ledger.leave_line(node.line)

    def _block(self, place: _Place, node: Node, ledger: Ledger) -> None:
        ledger.use(node)
        for below in node.below():
            keys = below.keys[1:] if below.keys[0] == "no" else below.keys
            if keys[:1] in _OFFERS:
                place.read(below.keys, below.line)
                ledger.use(below)
            elif not _known(keys):
                place.strange.append(below.line)
                ledger.leave_line(below.line)

    def places(self, lines: Iterable[Node]) -> tuple[_Place, _Place | None, list[SourceLine]]:
        """Of a tunnel: its own lines, the profile that it names, and lines that are not understood."""
        own, bound, strange = _Place(), None, list(self.strange)
        names: set[str] = set()
        for node in lines:
            undone = node.keys[0] == "no"
            if "binding" not in node.keys[1:3]:
                own.read(("no", *node.keys[2:]) if undone else node.keys[1:], node.line)
                continue
            names.update(node.words[2:3])
            bound = self.profiles.get(node.words[-1])
            if undone or bound is None or len(node.words) != 3 or len(names) > 1:
                strange.append(node.line)
        return own, bound, strange

    def proposals(self, lines: Iterable[Node], by: Sources, unread: bool) -> tuple[Proposal, ...]:
        """What a tunnel offers and accepts. `unread`: some line of its interface was not understood."""
        own, bound, strange = self.places(lines)
        strange += [*self.default.strange, *(bound.strange if bound is not None else ())]
        if strange:
            sources = (*by, *strange)
            return Proposal(1, (), (), (), sources, 2), Proposal(2, (), (), (), sources)
        said: dict[str, _Said] = {}
        for about in _WORDS:
            found = [place.said[about] for place in (own, bound) if place is not None and about in place.said]
            usual = self.default.said.get(about)
            if usual is not None:
                found.append(usual if found or bound is None else _Said(None, usual.sources))
            for one in found:
                held = said.get(about)
                said[about] = one if held is None else held.beside(one)
        return _of_ikev2(said, by, unread)


@dataclass(slots=True)
class Offers:
    """Proposals and policies of IKEv1 by name, policies by the address of the other end, and what is said of IKEv2."""

    _first: dict[str, Node] = field(default_factory=dict)
    _second: dict[str, Node] = field(default_factory=dict)
    _policies: dict[str, Node] = field(default_factory=dict)
    _ikev2: _Ikev2 = field(default_factory=_Ikev2)

    def read(self, nodes: Iterable[Node], ledger: Ledger) -> None:
        """The lines that define them."""
        kinds: Mapping[tuple[str, ...], dict[str, Node]] = {
            ("ike", "proposal"): self._first,
            ("ipsec", "autokey-proposal"): self._second,
            ("ike", "policy"): self._policies,
        }
        for node in nodes:
            held = kinds.get(node.keys[:2])
            if held is not None and len(node.words) > 3:
                held[node.words[2]] = node
                ledger.use_all(node)
            elif node.keys[0] == "ikev2" or node.keys[:2] == ("no", "ikev2"):
                self._ikev2.read(node, ledger)

    def of_tunnel(self, lines: Iterable[Node], by: Sources, unread: bool) -> tuple[Proposal, ...]:
        """What a tunnel of IKEv2 offers and accepts, whoever the other end is: `lines` are those of its interface that begin with `OFFERING`.

        `unread`: some line of the interface was not understood.
        """
        return self._ikev2.proposals(lines, by, unread)

    def of_map(self, line: Node) -> tuple[Proposal, ...]:
        """What the tunnel of a policy map offers and accepts; a name that is not defined here (`default` among them) tells nothing."""
        policy = self._policy(line)
        found: list[Proposal] = []
        if policy is not None:
            mode = policy.keys[policy.keys.index("mode") + 1] if "mode" in policy.keys[3:-1] else "main"
            if not _is_plain(policy):
                found.append(Proposal(1, (), (), (), (policy.line,)))
            for name in policy.words[-1].split(","):
                found.append(_of_ike(self._first.get(name), policy.line, mode == "aggressive", name == _DEFAULT))
        elif self._policies or "ike" in line.keys[4:-1]:
            found.append(Proposal(1, (), (), (), (line.line,)))
        words, keys = line.words, line.keys
        position = 6 if keys[4:5] == ("peer",) else 4
        behind = keys[position + 1 :]
        groups = _GROUPS.get("".join(behind[behind.index("pfs") + 1 :][:1])) if "pfs" in behind else None
        if "pfs" in behind and groups is None:
            found.append(Proposal(2, (), (), (), (line.line,)))
        for name in words[position].split(",") if len(words) > position else ():
            found.append(_of_esp(self._second.get(name), line.line, groups, name == _DEFAULT))
        return tuple(found)

    def _policy(self, line: Node) -> Node | None:
        """By the name behind `ike`, else by the address; two for one address are not told apart.

        Who calls by a dynamic map that names no policy is met by the only one of the device, where it is for any address: there is no other.
        """
        keys = line.keys
        if "ike" in keys[4:-1]:
            return self._policies.get(line.words[keys.index("ike", 4) + 1])
        if keys[1] == "dynamic-map":
            every = list(self._policies.values())
            return every[0] if len(every) == 1 and every[0].keys[3:5] == ("peer", "any") else None
        peer = keys[4:6]
        # One whose peer is no address may be for this end as well.
        found = [one for one in self._policies.values() if one.keys[3:5] == peer or not _has_address(one)]
        return found[0] if len(found) == 1 and peer[:1] == ("peer",) and found[0].keys[3:5] == peer else None


def _has_address(policy: Node) -> bool:
    """Whether a policy is for an address, or for any."""
    word = "".join(policy.keys[4:5])
    return policy.keys[3:4] == ("peer",) and (word == "any" or is_ipv4(word) or ":" in word)


def _is_plain(policy: Node) -> bool:
    """Whether behind the key stand nothing but the mode and the names of proposals."""
    behind = policy.keys[policy.keys.index("key") + 1 :] if "key" in policy.keys[3:] else ()
    behind = behind[1:] if behind[:1] in _FORMS_OF_KEYS and len(behind) > 2 else behind
    return len(behind) == 2 or (len(behind) == 4 and behind[1] == "mode" and behind[2] in ("main", "aggressive"))


def _of_ike(node: Node | None, by: SourceLine, aggressive: bool, silent: bool) -> Proposal:
    if node is None:
        return Proposal(1, (), (), (), (by,), 1, aggressive, silent)
    values = dict(zip(node.keys[3::2], node.keys[4::2], strict=False))
    encryption, integrity = _ENCRYPTION.get(values.get("encryption", "")), _INTEGRITY.get(values.get("hash", ""))
    group = _GROUPS.get(values.get("group", ""))
    given = (("encryption", encryption), ("hash", integrity), ("group", group))
    silent = all(known is not None or word not in values for word, known in given)
    return Proposal(1, _some(encryption), _some(integrity), _some(group), (node.line, by), 1, aggressive, silent)


def _of_esp(node: Node | None, by: SourceLine, group: int | None, silent: bool) -> Proposal:
    if node is None:
        return Proposal(2, (), (), _some(group), (by,), silent=silent)
    transforms = [key.removeprefix("esp-") for key in node.keys[3:] if key.startswith("esp-")]
    if any(one not in _ENCRYPTION and one not in _INTEGRITY for one in transforms):
        return Proposal(2, (), (), _some(group), (node.line, by))
    encryption = [_ENCRYPTION[one] for one in transforms if one in _ENCRYPTION]
    integrity = [_INTEGRITY[one] for one in transforms if one in _INTEGRITY]
    return Proposal(2, tuple(encryption), tuple(integrity), _some(group), (node.line, by))


def _some(value: _Value | None) -> tuple[_Value, ...]:
    return () if value is None else (value,)


def _known(keys: Sequence[str]) -> bool:
    """Whether a line of a profile is known to say nothing about algorithms: as on an interface, behind `ikev2`."""
    return keys[:1] in _ENDS or irrelevance().reason("interface", ("ikev2", *keys)) is not None


def _of_ikev2(said: Mapping[str, _Said], by: Sources, unread: bool) -> tuple[Proposal, ...]:
    """One proposal a phase, and one that tells nothing where the group of the second phase is not known.

    The second phase may do without a group, so one that lacks its group would count as complete.
    """

    def words(about: str) -> tuple[str, ...]:
        one = said.get(about)
        return () if one is None else one.words or ()

    def silent(*abouts: str) -> bool:
        return not unread and all(about not in said or said[about].words is not None for about in abouts)

    def sources(*abouts: str) -> Sources:
        return tuple(dict.fromkeys((*(line for about in abouts if about in said for line in said[about].sources), *by)))

    first, second = (_SA_ENCRYPTION, _SA_INTEGRITY, _SA_GROUPS), (_CHILD_ENCRYPTION, _CHILD_INTEGRITY, _CHILD_GROUPS)
    found = [
        Proposal(
            1,
            tuple(_IKEV2_ENCRYPTION[word] for word in words(_SA_ENCRYPTION)),
            tuple(_IKEV2_INTEGRITY[word] for word in words(_SA_INTEGRITY)),
            tuple(_GROUPS[word] for word in words(_SA_GROUPS)),
            sources(*first),
            ike=2,
            silent=silent(*first),
        ),
        Proposal(
            2,
            tuple(_IKEV2_ENCRYPTION[word] for word in words(_CHILD_ENCRYPTION)),
            tuple(_IKEV2_INTEGRITY[word] for word in words(_CHILD_INTEGRITY)),
            tuple(_GROUPS[word] for word in words(_CHILD_GROUPS) if word != _OFF),
            sources(*second),
            silent=silent(*second),
        ),
    ]
    if not words(_CHILD_GROUPS) and (found[1].encryption or found[1].integrity):
        found.append(Proposal(2, (), (), (), sources(_CHILD_GROUPS), silent=silent(_CHILD_GROUPS)))
    return tuple(found)
