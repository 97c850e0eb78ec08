"""`tunnel`: the algorithms and the key exchange of IPsec tunnels are strong enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface
from secaudit.network.tunnels import Carrier, Proposal, hash_bits, key_bits
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, traffic_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.protection import failed, passed
from secaudit.rules.result import NOT_STATED, Outcome, RuleResult
from secaudit.rules.rule import Rule
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
        return answer(
            rule,
            Outcome.UNDETERMINED,
            NOT_STATED,
            device_subject(device.name),
            Text(
                ja=f"トンネルの暗号方式を、この機器の設定ファイルから判断できない：{names}。",
                en=f"The configuration does not tell the algorithms of these tunnels: {names}.",
            ),
            evidence=lines(context, [s for one in unknown for s in one.sources]),
            needs=(
                Text(
                    ja=f"{device.name} のトンネルの暗号方式が分かる出力",
                    en=f"an output of {device.name} that shows the algorithms of its tunnels",
                ),
            ),
        )
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


def _complete(proposals: tuple[Proposal, ...], parameters: _Parameters) -> bool:
    """Whether everything that is asked is told, of both phases."""
    if {one.phase for one in proposals} != {1, 2}:
        return False
    first = [one for one in proposals if one.phase == 1]
    return (
        (not parameters.weak_encryption or all(one.encryption for one in proposals))
        and (not parameters.weak_integrity or all(_integrity_told(one) for one in proposals))
        and (not parameters.least_key_bits or all(None not in map(key_bits, one.encryption) for one in proposals))
        and (not parameters.least_hash_bits or all(None not in map(hash_bits, _hashes(one)) for one in proposals))
        and (not parameters.least_group or all(one.groups for one in first))
        and (not parameters.least_ike or all(one.ike is not None for one in first))
        and (parameters.aggressive_permitted or all(one.ike == 2 or one.aggressive is not None for one in first))
    )


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
    low = [group for group in one.groups if group < parameters.least_group]
    if low:
        shown = ", ".join(map(str, low))
        yield Text(
            ja=f"フェーズ{one.phase}のDHグループに {shown} を認めている（{parameters.least_group}以上であること）。",
            en=f"Phase {one.phase} accepts group {shown} (asked for: {parameters.least_group} or higher).",
        )
    if one.ike is not None and one.ike < parameters.least_ike:
        yield Text(ja=f"IKEv{one.ike} を用いている。", en=f"IKEv{one.ike} is used.")
    if one.aggressive and not parameters.aggressive_permitted:
        yield Text(ja="アグレッシブモードを用いている。", en="Aggressive mode is used.")


KIND = Kind("tunnel", _parse, _check)
