"""`subnet_match`: every subnet with room for hosts that a device is connected to belongs to a zone.

The flows of a subnet that no zone claims are not examined, so nothing else in an audit speaks about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.network.device import HIDING, Device
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, traffic_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Parameters:
    """No parameters."""


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters()


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    return each_device(rule, context, (), lambda device: (_judge(rule, context, device),))


def _judge(rule: Rule, context: RuleContext, device: Device) -> RuleResult:
    subject = device_subject(device.name)
    unclaimed = [(port[1], subnet) for port, subnet in context.flows.plan.unbound if port[0] == device.name]
    hiding = tuple(
        doubt
        for doubt in traffic_doubts(device)
        if doubt.kind in HIDING and (doubt.interfaces is None or doubt.interfaces)
    )
    if not unclaimed and hiding:
        return unread(rule, context, device, hiding)  # an address may be in what was not understood
    if not unclaimed:
        fact = Text(
            ja="この機器に接続する端末用のサブネットは、全ていずれかの領域に属している。",
            en="Every subnet with hosts on this device belongs to a zone.",
        )
        return answer(rule, Outcome.PASS, "all_in_zones", subject, fact, evidence=device_evidence(context, device))
    facts = [
        Text(
            ja=f"{interface} に接続するサブネット {subnet} はどの領域にも属しておらず、その通信は検証されていない。",
            en=f"The subnet {subnet} on {interface} belongs to no zone, so its traffic was not examined.",
        )
        for interface, subnet in unclaimed
    ]
    found = [
        source
        for interface, subnet in unclaimed
        for held in device.interfaces[interface].addresses
        if str(held.address.network) == subnet
        for source in held.sources
    ]
    return answer(rule, Outcome.FAIL, "in_no_zone", subject, *facts, evidence=lines(context, found))


KIND = Kind("subnet_match", _parse, _check)
