"""Reads the algorithms of IPsec tunnels (command reference 15: `ipsec ike encryption`, `hash`, `group`, `version`, `ipsec sa policy`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from secaudit.network.tunnels import Proposal
from secaudit.text.source import Sources
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import Draft, Outcome
from secaudit.vendors.yamaha.table import Handler, read_data

_Settings = Mapping[str, Command]


def _of_exchange(command: Command, draft: Draft) -> Outcome:
    """`ipsec ike WHAT GATEWAY VALUE...`: a value that is not known is none, and the tunnel carries what it carries."""
    if len(command.words) < 4:
        return Outcome.UNREAD
    key = " ".join(command.words[1:4])
    if command.negated:
        draft.settings.pop(key, None)
    else:
        draft.settings[key] = command
    return Outcome.USED


def proposals(
    draft: Draft, gateway: str, policies: Iterable[Command], named: bool, sources: Sources
) -> tuple[Proposal, ...]:
    """What a tunnel offers and accepts, by the number of its gateway (empty: no line tells, or its policy is not there) and its policies.

    `named`: names of the ends are set, which IKEv1 has in aggressive mode only (15, introduction). The one that is called accepts whatever it
    is able to, of IKEv1 unless `ipsec ike negotiate-strictly` is on, of IKEv2 always (15.11, 15.22): that stands for itself, without names.
    """
    if not gateway:
        return tuple(Proposal(1, (), (), (), policy.sources) for policy in policies)
    words = {
        what: (held.words[4:], held.sources)
        for what in ("version", "encryption", "hash", "group", "pfs", "negotiate-strictly", "proposal-limitation")
        if (held := draft.settings.get(f"ike {what} {gateway}")) is not None
    }
    version = _version(words.get("version", (("1",), ()))[0])
    said = tuple(line for _, lines in words.values() for line in lines) or sources
    aggressive = named if version == 1 else None
    if version == 2 and words.get("proposal-limitation", ((), ()))[0] != ("on",):
        everything = read_data("protection")["ikev2"]
        encryption, integrity = tuple(everything["encryption"]), tuple(everything["integrity"])
        groups = _groups(draft, words.get("group"), 0)
        return (
            Proposal(1, encryption, integrity, groups, said, version, silent="group" not in words),
            Proposal(2, encryption, integrity, (), sources, version),
        )
    encryption = _names(draft, "encryption", words.get("encryption"))
    integrity = _names(draft, "integrity", words.get("hash"), "hash")
    groups = _groups(draft, words.get("group"), 0)
    told = (("encryption", encryption), ("hash", integrity), ("group", groups))
    silent = version is not None and all(known or what not in words for what, known in told)
    offered = Proposal(1, encryption, integrity, groups, said, version, aggressive, silent)
    second = _groups(draft, words.get("group"), 1) if words.get("pfs", ((), ()))[0] == ("on",) else ()
    found = [offered]
    if version != 1 or words.get("negotiate-strictly", ((), ()))[0] != ("on",):
        found.append(Proposal(1, (), (), (), sources, version, aggressive or None, version is not None))
    found += [one for policy in policies for one in _of_policy(draft, policy, second)]
    return tuple(found)


def _version(words: tuple[str, ...]) -> int | None:
    return {"1": 1, "2": 2}.get("".join(words))


_Held = tuple[tuple[str, ...], Sources] | None


def _default(draft: Draft, what: str) -> str:
    """The default of the model; empty where it is not documented."""
    table = read_data("protection")["ike_defaults"]
    return str(table[what]) if draft.model.upper().startswith(tuple(table["models"])) else ""


def _names(draft: Draft, table: str, held: _Held, what: str = "") -> tuple[str, ...]:
    word = _default(draft, what or table) if held is None else "".join(held[0])
    name = read_data("protection")[table].get(word)
    return () if name is None else (name,)


def _groups(draft: Draft, held: _Held, position: int) -> tuple[int, ...]:
    """One group is for both phases, of two the second is for phase 2 (15.24)."""
    words = (_default(draft, "group"),) if held is None else held[0]
    word = words[min(position, len(words) - 1)] if words else ""
    number = read_data("protection")["groups"].get(word)
    return () if number is None else (number,)


def _of_policy(draft: Draft, policy: Command, groups: tuple[int, ...]) -> Iterator[Proposal]:
    """`ipsec sa policy P G ah [HASH] ...` or `esp [ENCRYPTION] [HASH] ...`; ESP without a hash has no integrity at all (15.48.2)."""
    if policy.words[:3] != ("ipsec", "sa", "policy"):
        return
    kind = policy.words[5]
    words = tuple(word for word in policy.words[6:] if "=" not in word)
    table = read_data("protection")
    if kind == "ah":
        encryption: str | None = "null"
        rest = words or ("sha-hmac",)
    elif kind == "esp":
        encryption = table["encryption"].get(words[0] if words else _default(draft, "esp"))
        rest = words[1:]
    else:
        encryption, rest = None, ("",)
    integrity = table["integrity"].get(rest[0]) if rest else "null"
    yield Proposal(
        2,
        () if encryption is None else (encryption,),
        () if integrity is None else (integrity,),
        groups,
        policy.sources,
        silent=kind == "esp" and not words,
    )


HANDLERS: Mapping[str, Handler] = {
    "ipsec ike version|encryption|hash|group|pfs|negotiate-strictly|proposal-limitation": _of_exchange,
}
