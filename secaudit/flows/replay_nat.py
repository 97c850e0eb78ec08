"""Address translation of one concrete packet: the first rule of a stage that fits, or what the deciding policy says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from secaudit.flows.modes import Mode
from secaudit.flows.replay_headers import Fit, Header, best_fit, translate
from secaudit.flows.replay_way import Outcome, Way, ended, step
from secaudit.flows.trace import TraceVerdict
from secaudit.network.device import Device, Stage
from secaudit.network.interfaces import Interface
from secaudit.network.matches import Match
from secaudit.network.nat import NatRule, NatStage
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


def ingress_rules(device: Device, way: Way) -> list[NatRule]:
    """The rules that are tried on a packet before routing."""
    return [
        rule
        for rule in device.nat_rules
        if rule.stage is NatStage.INGRESS and (rule.interfaces is None or way.ingress in rule.interfaces)
    ]


def egress_rules(device: Device, way: Way) -> list[NatRule]:
    """The rules that are tried on a packet about to leave."""
    return [
        rule
        for rule in device.nat_rules
        if rule.stage is NatStage.EGRESS
        and (rule.interfaces is None or way.egress in rule.interfaces)
        and (rule.from_interfaces is None or way.ingress in rule.from_interfaces)
    ]


def by_first_rule(device: Device, stage: Stage, way: Way, rules: Iterable[NatRule], mode: Mode) -> list[Outcome]:
    """The packet after the first rule that fits.

    A rule about which we are not sure: `POSSIBLE` follows the packet with and without it, the other modes can say nothing certain.
    """
    outcomes: list[Outcome] = []
    for rule in rules:
        fit, match = best_fit(rule.matches, way.header)
        if fit is Fit.NO:
            continue
        if rule.uncertain is None and fit is Fit.YES:
            return [*outcomes, *_applied(device, stage, way, rule, match)]
        if mode is not Mode.POSSIBLE:
            text = rule.uncertain or Text(
                ja=f"NAT「{rule.label}」が適用されるか確定できない",
                en=f'it cannot be told whether NAT rule "{rule.label}" applies',
            )
            unsure = step(way, stage, text, rule.sources, rule.sources)
            return [*outcomes, ended(unsure, TraceVerdict.UNDETERMINED, text)]
        applies = Text(ja=f"NAT「{rule.label}」が適用される場合", en=f'if NAT rule "{rule.label}" applies')
        outcomes += _applied(device, stage, step(way, stage, applies, rule.sources, rule.sources), rule, match)
        not_so = Text(ja=f"NAT「{rule.label}」が適用されない場合", en=f'if NAT rule "{rule.label}" does not apply')
        way = step(way, stage, not_so, rule.sources, rule.sources)
    return [*outcomes, way]


def by_policy(device: Device, way: Way) -> list[Way]:
    """The packet after the source translation of the policy that permitted it."""
    asked = way.translation
    assert asked is not None
    way = replace(way, translation=None)
    label = Text(ja=f"フィルター「{asked.policy}」の送信元変換", en=f'source translation of filter "{asked.policy}"')
    headers = translate(asked.translation, "source", asked.match, way.header, _interface(device, way.egress))
    return [translated(way, Stage.EGRESS_NAT, header, label, asked.sources) for header in headers]


def _applied(device: Device, stage: Stage, way: Way, rule: NatRule, match: Match | None) -> list[Way]:
    interface = _interface(device, way.egress if stage is Stage.EGRESS_NAT else way.ingress)
    headers: tuple[Header, ...] = (replace(way.header, mark=rule.mark or way.header.mark),)
    if rule.destination is not None:
        headers = translate(rule.destination, "destination", match, headers[0], interface)
    if rule.source is not None:
        headers = tuple(new for old in headers for new in translate(rule.source, "source", match, old, interface))
    label = Text(ja=f"NAT「{rule.label}」", en=f'NAT rule "{rule.label}"')
    return [translated(way, stage, header, label, rule.sources) for header in headers]


def translated(way: Way, stage: Stage, header: Header, label: Text, sources: Sources, *, binds: bool = True) -> Way:
    """The way with another header; `binds`: the device remembers the translation for the reply."""
    before, after = way.header.packet, header.packet
    passage = replace(way.passage, forms=(*way.passage.forms, after))
    if binds:
        passage = replace(passage, bindings=(*passage.bindings, (stage, before, after)))
    note = Text(ja="", en="")
    if not (header.source_known and header.destination_known):
        note = Text(
            ja="（変換後のアドレスは設定から分からないため、元のまま示す）",
            en=" (the new address is not in the files, so the old one is shown)",
        )
    what = Text(ja=f"{label.ja}: {before} → {after}{note.ja}", en=f"{label.en}: {before} -> {after}{note.en}")
    return step(replace(way, header=header, passage=passage), stage, what, sources)


def _interface(device: Device, name: str | None) -> Interface | None:
    return None if name is None else device.interfaces[name]
