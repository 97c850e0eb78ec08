"""`filter_hygiene`: what is wrong with a filter whatever it is meant for.

| check | fails when |
|---|---|
| `any_any` | a line between zones permits every source, every destination and every port |
| `default_deny` | a filter between zones does not end by discarding the rest, there is none, or it names lines that do not exist |
| `denied_logged` | what a filter at the border of `zone` discards in the end is not logged |
| `dead_lines` | a line of a filter contradicts earlier ones, or only repeats them: no packet reaches it; asked of every device |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import HIDING, Device, NoticeKind
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.boundary import (
    Crossing,
    any_address,
    any_service,
    boundary_devices,
    crossings,
    deciding_policies,
    families_routed,
    last_line,
    last_lines,
    may_permit,
    opens,
    permits,
    restricted_ways,
    unfiltered,
    unlimited,
    without_hidden,
)
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import traffic_doubts, unread, without_configuration
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import nothing_to_judge
from secaudit.rules.unreachable import applied_filters, inconsistencies
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class _Parameters:
    check: str
    zone: Zone | None


@dataclass(frozen=True, slots=True)
class _Fault:
    """One thing wrong (`sure`), or possibly wrong."""

    reason: str
    fact: Text
    sources: tuple[SourceLine, ...]
    sure: bool = True


def asks_for_dead_lines(rule: Rule) -> bool:
    """Whether a rule is about lines that nothing reaches."""
    return any(
        isinstance(check.parameters, _Parameters) and check.parameters.check == "dead_lines" for check in rule.checks
    )


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(data["check"], Zone(data["zone"]) if "zone" in data else None)


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    everywhere = parameters.check in _EVERYWHERE
    devices = _every_device(context) if everywhere else boundary_devices(context, parameters.zone)
    for device in devices:
        faults = list(_CHECKS[parameters.check](parameters, context, device))
        yield _result(rule, context, device, faults, parameters.check)
    for entry in without_configuration(context):
        relevant = everywhere or not entry.zones or (len(entry.zones) > 1 and parameters.zone in (None, *entry.zones))
        if entry.routes and relevant:
            fact = Text(
                ja=f"{entry.name} の設定を確認していない。", en=f"The settings of {entry.name} were not examined."
            )
            need = Text(ja=f"{entry.name} の設定ファイル", en=f"the configuration of {entry.name}")
            yield answer(
                rule,
                Outcome.UNDETERMINED,
                "missing_config",
                device_subject(entry.name),
                fact,
                evidence=lines(context, (entry.source,)),
                needs=(need,),
            )
    if not devices:
        yield nothing_to_judge(
            rule,
            context,
            "no_boundary_device",
            Text(
                ja="領域の境界にある機器の設定ファイルが提出されていない。",
                en="No configuration of a device between zones was submitted.",
            ),
            Text(ja="領域の境界にある機器の設定ファイル", en="the configurations of the devices between zones"),
        )


def _every_device(context: RuleContext) -> tuple[Device, ...]:
    return tuple(device for _, device in sorted(context.devices.items()))


def _result(rule: Rule, context: RuleContext, device: Device, faults: list[_Fault], check: str) -> RuleResult:
    subject = device_subject(device.name)
    sure = [fault for fault in faults if fault.sure]
    chosen = sure or faults
    if chosen:
        return answer(
            rule,
            Outcome.FAIL if sure else Outcome.UNDETERMINED,
            chosen[0].reason,
            subject,
            *dict.fromkeys(fault.fact for fault in chosen),
            evidence=lines(context, (source for fault in chosen for source in fault.sources))
            or device_evidence(context, device),
        )
    doubts = tuple(doubt for doubt in traffic_doubts(device) if doubt.kind in HIDING)
    if doubts:
        return unread(rule, context, device, doubts)
    if check == "dead_lines" and not applied_filters(device):
        return answer(
            rule,
            Outcome.NOT_APPLICABLE,
            "no_filter",
            subject,
            Text(ja="この機器に適用されたフィルタはない。", en="No filter is applied on the device."),
            evidence=device_evidence(context, device),
        )
    sources = [source for name in sorted(device.filters) for source in device.filters[name].sources[:1]]
    return answer(
        rule,
        Outcome.PASS,
        check,
        subject,
        _PASSED[check],
        evidence=lines(context, sources) or device_evidence(context, device),
    )


def _any_any(parameters: _Parameters, context: RuleContext, device: Device) -> Iterable[_Fault]:
    families = families_routed(device)
    for filter_, line in _lines_between_zones(context, device):
        if not (permits(line) or may_permit(line)) or not _is_any_any(line, families):
            continue
        yield _Fault(
            "any_any",
            Text(
                ja=f"{device.name} の {filter_.name} の {line.label} は、送信元、宛先及びサービスのいずれも限定していない。",
                en=f"{line.label} of {filter_.name} on {device.name} limits neither source, destination nor service.",
            ),
            line.sources,
            sure=permits(line),
        )
    for way in unlimited(context, device, None):
        yield _Fault("unlimited", way.fact, way.sources, sure=way.sure)


def _lines_between_zones(context: RuleContext, device: Device) -> Iterable[tuple[Filter, FilterLine]]:
    ways = restricted_ways(context, device)
    for table, between in _filters_between_zones(device, ways):
        for line in without_hidden(device, table):
            if any(
                (line.ingress is None or ingress in line.ingress) and (line.egress is None or egress in line.egress)
                for ingress, egress in between
            ):
                yield table, line


def _is_any_any(line: FilterLine, families: frozenset[int]) -> bool:
    return any(
        match.family in families
        and any_address(match.sources)
        and any_address(match.destinations)
        and any(any_service(service) for service in opens(match))
        for match in line.matches
    )


def _default_deny(parameters: _Parameters, context: RuleContext, device: Device) -> Iterable[_Fault]:
    for table, between in _filters_between_zones(device, restricted_ways(context, device)):
        ends = last_lines(table)
        last = [last_line(ends, ingress, egress) for ingress, egress in between]
        permitting = [one for one in last if one is not None and one.action is Action.PERMIT]
        if permitting:
            yield _Fault(
                "ends_with_permit",
                Text(
                    ja=f"{device.name} の {table.name} は、残りの全てを許可する規則（{permitting[0].label}）で終わる。",
                    en=f"{table.name} on {device.name} ends with a line that permits all the rest ({permitting[0].label}).",
                ),
                permitting[0].sources,
            )
        if None in last and table.default is not Action.DENY:
            yield _Fault(
                "no_default_deny",
                Text(
                    ja=f"{device.name} の {table.name} は、どの規則にも該当しないパケットを破棄しない。",
                    en=f"{table.name} on {device.name} does not discard packets that match no line.",
                ),
                table.default_sources or table.sources,
                sure=table.default is Action.PERMIT,
            )
    for left, right in unfiltered(context, device):
        yield _Fault(
            "unfiltered",
            Text(
                ja=f"{device.name} の {left.name} から {right.name} への通信にフィルタが適用されていない。",
                en=f"No filter is applied on {device.name} to what goes from {left.name} to {right.name}.",
            ),
            (*left.sources[:1], *right.sources[:1]),
        )
    for notice in device.notices:
        if notice.kind in (NoticeKind.UNDEFINED_FILTER, NoticeKind.UNDEFINED_LINE):
            reason = "undefined_filter" if notice.kind is NoticeKind.UNDEFINED_FILTER else "undefined_line"
            yield _Fault(reason, notice.text, notice.sources)


def _filters_between_zones(
    device: Device, ways: frozenset[tuple[str, str]]
) -> Iterable[tuple[Filter, list[tuple[str, str]]]]:
    """Each filter that stands between interfaces in restricted zones, with those pairs of interfaces."""
    found: dict[str, list[tuple[str, str]]] = {}
    for ingress, egress in sorted(ways):
        applied = (
            deciding_policies(device)
            if device.policies
            else (device.interfaces[ingress].filter_in, device.interfaces[egress].filter_out)
        )
        for name in applied:
            if name is not None and name in device.filters:
                found.setdefault(name, []).append((ingress, egress))
    for name, between in sorted(found.items()):
        yield device.filters[name], between


def _denied_logged(parameters: _Parameters, context: RuleContext, device: Device) -> Iterable[_Fault]:
    assert parameters.zone is not None
    found = crossings(context, device, parameters.zone)
    if not found:
        yield _Fault(
            "unfiltered",
            Text(
                ja=f"{device.name} には、{context.policy.title_of(parameters.zone).ja}との境界に適用されたフィルタがない。",
                en=f"No filter is applied on {device.name} at the border of: {context.policy.title_of(parameters.zone).en}.",
            ),
            tuple(
                source
                for name in sorted(context.places.interfaces_in(device.name, parameters.zone))
                for source in device.interfaces[name].sources[:1]
            ),
        )
    for crossing in found:
        yield from _unlogged(crossing)
    if found:
        for way in unlimited(context, device, parameters.zone):
            yield _Fault("unlimited", way.fact, way.sources, sure=way.sure)
    if device.management.logging_denied is False:
        yield _Fault(
            "denied_not_logged",
            Text(
                ja=f"{device.name} では、破棄したパケットのログが記録されない設定である。",
                en=f"{device.name} is set not to log discarded packets.",
            ),
            device.management.logging_denied_sources,
        )


def _unlogged(crossing: Crossing) -> Iterable[_Fault]:
    table = crossing.filter
    ends = last_lines(table)
    for ingress in sorted(crossing.ingress):
        for egress in sorted(crossing.egress):
            last = last_line(ends, ingress, egress)
            permitted = last is not None and last.action is Action.PERMIT
            if permitted or (last is None and table.default is not Action.DENY):
                fact = Text(
                    ja=f"{crossing.device.name} の {table.name} の末尾が拒否になっていない。",
                    en=f"{table.name} on {crossing.device.name} does not end with a deny.",
                )
                sources = table.default_sources or table.sources if last is None else last.sources
                yield _Fault("no_default_deny", fact, sources, sure=permitted or table.default is Action.PERMIT)
            elif last is not None and last.action is Action.DENY and not last.logged:
                fact = Text(
                    ja=f"{crossing.device.name} の {table.name} の末尾の拒否（{last.label}）がログを記録しない。",
                    en=f"The final deny ({last.label}) of {table.name} on {crossing.device.name} does not log.",
                )
                yield _Fault("denied_not_logged", fact, last.sources)
            elif last is None and not table.default_logged:
                fact = Text(
                    ja=f"{crossing.device.name} の {table.name} は、どの規則にも該当せず破棄したパケットのログを記録しない。",
                    en=f"{table.name} on {crossing.device.name} does not log what it discards because no line matches.",
                )
                yield _Fault("denied_not_logged", fact, table.default_sources or table.sources)


def _dead_lines(parameters: _Parameters, context: RuleContext, device: Device) -> Iterable[_Fault]:
    for one in inconsistencies(device):
        yield _Fault(one.reason, one.fact, one.sources, one.sure)


def _unused(parameters: _Parameters, context: RuleContext, device: Device) -> Iterable[_Fault]:
    """What the reader noticed: lists that nothing applies, lines that were replaced, settings without effect."""
    for notice in device.notices:
        if notice.kind in (NoticeKind.UNUSED_FILTER, NoticeKind.OVERWRITTEN, NoticeKind.INACTIVE):
            yield _Fault("without_effect", notice.text, notice.sources)


_EVERYWHERE = frozenset(("dead_lines", "unused"))
"""Questions about every device; the others are about devices between zones."""
_CHECKS: Mapping[str, Callable[[_Parameters, RuleContext, Device], Iterable[_Fault]]] = {
    "any_any": _any_any,
    "default_deny": _default_deny,
    "denied_logged": _denied_logged,
    "dead_lines": _dead_lines,
    "unused": _unused,
}

_PASSED: Mapping[str, Text] = {
    "any_any": Text(
        ja="領域間の規則に、送信元、宛先及びサービスのいずれも限定しない許可はない。",
        en="No line between zones permits any source to any destination with any service.",
    ),
    "default_deny": Text(
        ja="領域間に適用された全てのフィルタが、該当しないパケットを破棄する。",
        en="Every filter between zones discards what no line matches.",
    ),
    "denied_logged": Text(
        ja="境界のフィルタが最後に破棄するパケットはログに記録される。",
        en="What the filters at the border discard in the end is logged.",
    ),
    "unused": Text(
        ja="適用されていないフィルタ及び効果のない設定はない。",
        en="No filter is left unused, and no setting has no effect.",
    ),
    "dead_lines": Text(
        ja="適用されたフィルタに、先の規則と矛盾し、又は重複して到達しない規則はない。",
        en="No line of an applied filter contradicts or repeats earlier ones so that nothing reaches it.",
    ),
}

KIND = Kind("filter_hygiene", _parse, _check)
