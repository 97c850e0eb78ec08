"""Judging whether the neighbours of routing protocols must authenticate themselves. Used by the kind `device_setting`."""

from __future__ import annotations

from secaudit.network.device import Device
from secaudit.network.routes import DynamicRouting
from secaudit.rules.answers import answer, device_evidence, device_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import traffic_doubts, unread
from secaudit.rules.protection import failed, passed
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.untold import not_understood
from secaudit.text.bilingual import Text

_PROTOCOLS = ("rip", "ospf", "bgp", "eigrp", "isis", "is-is")
"""How the names of routing protocols begin that can demand authentication, small letters."""
_ABOUT = Text(ja="経路制御の対向機器の認証", en="authentication of the neighbours of routing protocols")


def judge_routing(rule: Rule, context: RuleContext, device: Device) -> RuleResult:
    """Fails for a protocol that surely talks to anybody. Those whose routes a captured table tells run as well."""
    running = [one for one in (*device.dynamic_routing, *device.captured_routing) if _is_protocol(one)]
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
    if unknown:
        said = [s for one in unknown for s in one.sources]
        return not_understood(rule, context, device, _ABOUT, said, _names(unknown))
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
