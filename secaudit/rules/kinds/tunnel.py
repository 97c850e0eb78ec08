"""`tunnel`: the algorithms and the key exchange of IPsec tunnels are strong enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface
from secaudit.network.tunnels import Carrier, Proposal, group_strength, hash_bits, key_bits
from secaudit.rules.answers import answer, device_evidence, device_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, traffic_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.protection import failed, passed
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.untold import not_told, not_understood
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Parameters:
    zones: tuple[Zone, ...]
    weak_encryption: frozenset[str]
    weak_integrity: frozenset[str]
    least_key_bits: int
    least_hash_bits: int
    least_group: int
    least_ike: int
    aggressive_permitted: bool


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        zones=tuple(Zone(name) for name in data.get("zones", ())),
        weak_encryption=frozenset(data.get("weak_encryption", ())),
        weak_integrity=frozenset(data.get("weak_integrity", ())),
        least_key_bits=data.get("least_key_bits", 0),
        least_hash_bits=data.get("least_hash_bits", 0),
        least_group=data.get("least_group", 0),
        least_ike=data.get("least_ike", 0),
        aggressive_permitted=data.get("aggressive_permitted", False),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    return each_device(rule, context, parameters.zones, lambda device: (_judge(rule, parameters, context, device),))


def _judge(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    ends = [
        one
        for one in device.interfaces.values()
        if one.enabled
        and one.tunnel is not None
        and (one.tunnel.carrier in (Carrier.IPSEC, Carrier.L2TP) or one.tunnel.proposals is not None)
    ]
    offered = [proposal for one in ends for proposal in _proposals(one)]
    weak = [(one, fault) for one in offered for fault in _faults(one, parameters)]
    if weak:
        facts = list(dict.fromkeys(fault for _, fault in weak))
        return failed(rule, context, device, "weak_algorithm", facts, [s for one, _ in weak for s in one.sources])
    doubts = traffic_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    unknown = [one for one in ends if not _complete(_proposals(one), parameters)]
    if unknown:
        names = ", ".join(one.name for one in unknown)
        sources = [s for one in unknown for s in one.sources]
        untold = all(_is_silent(one, parameters) for one in unknown)
        return (not_told if untold else not_understood)(rule, context, device, _ABOUT, sources, names)
    if not ends:
        return answer(
            rule,
            Outcome.NOT_APPLICABLE,
            "no_tunnel",
            device_subject(device.name),
            Text(ja="この機器にIPsecのトンネルはない。", en="The device has no IPsec tunnel."),
            evidence=device_evidence(context, device),
        )
    fact = Text(
        ja=f"{len(ends)}本のトンネルの暗号方式は、いずれも求める条件を満たす。",
        en=f"The algorithms of all {len(ends)} tunnels are as asked.",
    )
    return passed(rule, context, device, "algorithms_as_asked", fact, [s for one in offered for s in one.sources])


def _proposals(interface: Interface) -> tuple[Proposal, ...]:
    return (interface.tunnel.proposals or ()) if interface.tunnel is not None else ()


def _is_silent(interface: Interface, parameters: _Parameters) -> bool:
    """Whether what is lacking is lacking because no line says it: a phase that no line speaks of, or words that no line gives."""
    if interface.tunnel is None or interface.tunnel.proposals is None:
        return False
    return all(one.silent or _tells(one, parameters) for one in interface.tunnel.proposals)


def _complete(proposals: tuple[Proposal, ...], parameters: _Parameters) -> bool:
    """Whether everything that is asked is told, of both phases."""
    return {one.phase for one in proposals} == {1, 2} and all(_tells(one, parameters) for one in proposals)


def _tells(one: Proposal, parameters: _Parameters) -> bool:
    """Whether a proposal tells everything that is asked of its phase."""
    first = one.phase == 1
    return (
        (bool(one.encryption) or not parameters.weak_encryption)
        and (_integrity_told(one) or not parameters.weak_integrity)
        and (None not in map(key_bits, one.encryption) or not parameters.least_key_bits)
        and (None not in map(hash_bits, _hashes(one)) or not parameters.least_hash_bits)
        and (None not in map(group_strength, one.groups) or not parameters.least_group)
        and (bool(one.groups) or not first or not parameters.least_group)
        and (one.ike is not None or not first or not parameters.least_ike)
        and (one.ike == 2 or one.aggressive is not None or not first or parameters.aggressive_permitted)
    )


def _is_weaker(group: int, least: int) -> bool:
    """Whether a group is a lower one than what is asked for, or a higher number that is weaker all the same."""
    strength, wanted = group_strength(group), group_strength(least)
    return group < least or (strength is not None and wanted is not None and strength < wanted)


def _integrity_told(one: Proposal) -> bool:
    """An authenticated encryption (GCM, CCM, ChaCha20-Poly1305: RFC 8221) needs no algorithm of its own for integrity."""
    return bool(one.integrity) or (bool(one.encryption) and all(map(_authenticates, one.encryption)))


def _hashes(one: Proposal) -> list[str]:
    """The algorithms for integrity that rest on a hash: the tag of an authenticated encryption does not."""
    return sorted(_own_integrity(one) - {"poly1305"})


def _own_integrity(one: Proposal) -> set[str]:
    """The algorithms for integrity; with nothing but authenticated encryption, `null` is none that is missing."""
    authenticated = bool(one.encryption) and all(map(_authenticates, one.encryption))
    return set(one.integrity) - ({"null"} if authenticated else set())


def _authenticates(encryption: str) -> bool:
    return any(word in encryption for word in ("gcm", "ccm", "poly1305"))


def _faults(one: Proposal, parameters: _Parameters) -> Iterable[Text]:
    for names, ja, en in (
        (parameters.weak_encryption & set(one.encryption), "暗号アルゴリズム", "encryption"),
        (parameters.weak_integrity & _own_integrity(one), "完全性のアルゴリズム", "integrity"),
    ):
        if names:
            shown = ", ".join(sorted(names))
            yield Text(
                ja=f"フェーズ{one.phase}の{ja}に {shown} を認めている。", en=f"Phase {one.phase} accepts {en} {shown}."
            )
    for short, least, ja, en in (
        (
            [
                name
                for name in one.encryption
                if (key_bits(name) or parameters.least_key_bits) < parameters.least_key_bits
            ],
            parameters.least_key_bits,
            "暗号アルゴリズムの鍵長",
            "keys",
        ),
        (
            [
                name
                for name in one.integrity
                if (hash_bits(name) or parameters.least_hash_bits) < parameters.least_hash_bits
            ],
            parameters.least_hash_bits,
            "ハッシュ値の長さ",
            "hashes",
        ),
    ):
        shown = ", ".join(sorted(set(short) - parameters.weak_encryption - parameters.weak_integrity))
        if shown:
            yield Text(
                ja=f"フェーズ{one.phase}の{ja}が{least}ビット未満である：{shown}。",
                en=f"Phase {one.phase} accepts {en} of less than {least} bits: {shown}.",
            )
    low = [group for group in one.groups if _is_weaker(group, parameters.least_group)]
    if low:
        shown = ", ".join(map(str, low))
        yield Text(
            ja=f"フェーズ{one.phase}のDHグループに {shown} を認めている（{parameters.least_group}以上の強度であること）。",
            en=f"Phase {one.phase} accepts group {shown} (asked for: at least as strong as {parameters.least_group}).",
        )
    if one.ike is not None and one.ike < parameters.least_ike:
        yield Text(ja=f"IKEv{one.ike} を用いている。", en=f"IKEv{one.ike} is used.")
    if one.aggressive and not parameters.aggressive_permitted:
        yield Text(ja="アグレッシブモードを用いている。", en="Aggressive mode is used.")


_ABOUT = Text(ja="トンネルの暗号方式", en="the algorithms of these tunnels")

KIND = Kind("tunnel", _parse, _check)
