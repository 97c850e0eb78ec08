"""Judging whether the neighbours of routing protocols must authenticate themselves. Used by the kind `device_setting`."""

from __future__ import annotations

from secaudit.network.device import Device
from secaudit.network.routes import DynamicRouting
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import traffic_doubts, unread
from secaudit.rules.protection import failed, passed
from secaudit.rules.result import NOT_STATED, Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text

_PROTOCOLS = ("rip", "ospf", "bgp", "eigrp", "isis", "is-is")
"""How the names of routing protocols begin that can demand authentication, small letters."""


def judge_routing(rule: Rule, context: RuleContext, device: Device) -> RuleResult:
    """Fails for a protocol that surely talks to anybody; a captured routing table hides which protocols run, so it is no proof of none."""
    running = [one for one in device.dynamic_routing if _is_protocol(one)]
    open_ = [one for one in running if one.authenticated is False]
    if open_:
        fact = Text(
            ja=f"経路制御の対向機器を認証していない：{_names(open_)}。",
            en=f"Neighbours of a routing protocol need not authenticate themselves: {_names(open_)}.",
        )
        return failed(
            rule, context, device, "neighbours_not_authenticated", [fact], [s for one in open_ for s in one.sources]
        )
    doubts = traffic_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    unknown = [one for one in running if one.authenticated is None]
    if unknown or device.captured:
        return _not_told(rule, context, device, unknown)
    if not running:
        return answer(
            rule,
            Outcome.NOT_APPLICABLE,
            "no_routing_protocol",
            device_subject(device.name),
            Text(ja="この機器で経路制御のプロトコルは動作していない。", en="No routing protocol runs on the device."),
            evidence=device_evidence(context, device),
        )
    fact = Text(
        ja=f"経路制御の対向機器を認証している：{_names(running)}。",
        en=f"Neighbours of these routing protocols authenticate themselves: {_names(running)}.",
    )
    return passed(rule, context, device, "neighbours_authenticated", fact, [s for one in running for s in one.sources])


def _is_protocol(one: DynamicRouting) -> bool:
    """Whether neighbours tell the routes. What a reader gives no reason for is taken as one; static routes and callers have one, or come and go."""
    return one.protocol.lower().startswith(_PROTOCOLS) or (one.reason is None and not one.transient)


def _names(protocols: list[DynamicRouting]) -> str:
    return ", ".join(sorted({one.protocol for one in protocols}))


def _not_told(rule: Rule, context: RuleContext, device: Device, unknown: list[DynamicRouting]) -> RuleResult:
    names = f"（{_names(unknown)}）" if unknown else ""
    which = f" ({_names(unknown)})" if unknown else ""
    return answer(
        rule,
        Outcome.UNDETERMINED,
        NOT_STATED,
        device_subject(device.name),
        Text(
            ja=f"経路制御の対向機器を認証しているか{names}を、この機器の設定ファイルから判断できない。",
            en=f"The configuration does not tell whether neighbours of routing protocols authenticate themselves{which}.",
        ),
        evidence=lines(context, [s for one in unknown for s in one.sources]) or device_evidence(context, device),
        needs=(
            Text(
                ja=f"{device.name} の経路制御の認証の設定が分かる出力",
                en=f"an output of {device.name} that shows the authentication of its routing protocols",
            ),
        ),
    )
