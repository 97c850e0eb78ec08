"""`layer2`: VLANs, trunks and the protection of ports, port by port of every switch.

With `zones`, switches in or for these zones are asked, and of their ports for terminals only those whose VLAN belongs to one of the zones. A port whose
VLAN nobody has placed may belong to any zone: when it is not as asked, the answer is undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import Device, DoubtKind
from secaudit.network.interfaces import Interface, PortProtection, SwitchPort
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, traffic_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.protection import failed, passed
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import nothing_to_judge
from secaudit.rules.untold import not_told, not_understood
from secaudit.text.bilingual import Text

_SHOWN_PORTS = 12
_Port = tuple[Interface, SwitchPort]


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`needed`: a body has such ports, so that without one of them nothing was examined."""

    ask: str
    zones: tuple[Zone, ...]
    any_of: frozenset[PortProtection]
    needed: bool


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        ask=data["ask"],
        zones=tuple(Zone(name) for name in data.get("zones", ())),
        any_of=frozenset(PortProtection[name.upper()] for name in data.get("any_of", ())),
        needed=data.get("needed", False),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    results = tuple(
        each_device(
            rule,
            context,
            parameters.zones,
            lambda device: (_judge(rule, parameters, context, device),),
            lambda device: _serves(parameters, context, device),
        )
    )
    yield from results
    if parameters.needed and all(one.outcome is Outcome.NOT_APPLICABLE for one in results):
        yield nothing_to_judge(
            rule,
            context,
            "no_switch_port",
            Text(
                ja="端末を接続するポートのあるスイッチの設定ファイルが提出されていない。",
                en="No configuration of a switch with ports for terminals was submitted.",
            ),
            Text(
                ja="端末を接続するスイッチの設定ファイル",
                en="the configurations of the switches that terminals are connected to",
            ),
        )


def _serves(parameters: _Parameters, context: RuleContext, device: Device) -> bool:
    """Whether a switch is for one of the zones although it is not attached to it: by the ledger, or by the VLAN of a port."""
    asked = set(parameters.zones)
    stated = (one.zones for one in context.municipality.ledger if one.name == device.name)
    if any(asked & set(zones) for zones in stated):
        return True
    return any(asked & _zones_of(context, device, port) for port in _ports(device))


def _zones_of(context: RuleContext, device: Device, port: _Port) -> frozenset[Zone]:
    """The zones that a port for terminals belongs to by its VLAN; none when nobody has placed the VLAN."""
    interface, switched = port
    entrances = context.places.topology.entrances(device.name, interface.name)
    routed = (zone for name, entrance in entrances for zone in context.places.of_interface(name, entrance))
    declared = (one.zone for one in context.municipality.zones if switched.access_vlan in one.vlans)
    return frozenset((*routed, *declared))


def _ports(device: Device) -> list[_Port]:
    return [(one, one.switch_port) for one in device.interfaces.values() if one.switch_port is not None and one.enabled]


def _judge(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    places = {one[0].name: _zones_of(context, device, one) for one in _ports(device) if _edge(one[1])}
    ports = [
        one
        for one in _ports(device)
        if _concerns(parameters, places.get(one[0].name))
        and (one[0].name in places or not _about_terminals(parameters))
    ]
    unplaced = [one for one in ports if parameters.zones and places.get(one[0].name) == frozenset()]
    question = _QUESTIONS[parameters.ask]
    wrong = [one for one in ports if one not in unplaced and question.wrong(one[1], parameters)]
    # What a port lacks is told by lines that are not there, and of a file that was cut, or not submitted whole, any may be missing.
    gone = tuple(one for one in traffic_doubts(device) if one.kind in (DoubtKind.TRUNCATED, DoubtKind.NOT_READ))
    if gone:
        return unread(rule, context, device, gone)
    if wrong:
        names, which = _names(wrong), _which(parameters)
        fact = Text(ja=f"{question.fault.ja}{which.ja}：{names}。", en=f"{question.fault.en}{which.en}: {names}.")
        sources = [source for interface, _ in wrong for source in interface.sources]
        return failed(rule, context, device, question.reason, [fact], sources)
    doubts = traffic_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    stray = [one for one in unplaced if question.wrong(one[1], parameters)]
    if stray:
        return _unplaced(rule, context, device, question, stray)
    unknown = [one for one in ports if question.unknown(one[1], parameters)]
    if unknown:
        which = _which(parameters)
        about = Text(ja=f"{question.about.ja}{which.ja}", en=f"{question.about.en}{which.en}")
        odd = [one for one in unknown if not _untold(one[1], parameters)]
        held = odd or unknown
        tell = not_understood if odd else not_told
        return tell(rule, context, device, about, [s for one, _ in held for s in one.sources], _names(held))
    if not ports:
        return answer(
            rule,
            Outcome.NOT_APPLICABLE,
            "no_switch_port",
            device_subject(device.name),
            Text(
                ja="この機器に、本項目の対象となるスイッチのポートはない。",
                en="The device has no switch port that is asked about here.",
            ),
            evidence=device_evidence(context, device),
        )
    which = _which(parameters)
    fact = Text(ja=f"{question.kept.ja}{which.ja}。", en=f"{question.kept.en}{which.en}.")
    return passed(rule, context, device, "ports_as_asked", fact, [s for one, _ in ports for s in one.sources])


def _which(parameters: _Parameters) -> Text:
    """The protections that are asked for, any of which is enough; nothing for other questions."""
    if not parameters.any_of:
        return Text(ja="", en="")
    names = ", ".join(sorted(one.value for one in parameters.any_of))
    return Text(ja=f"（{names}）", en=f" ({names})")


def _about_terminals(parameters: _Parameters) -> bool:
    """Whether trunks say nothing about a question: a switch with nothing but trunks has no port that is protected as asked."""
    return parameters.ask in ("edge_protection", "default_vlan_unused")


def _concerns(parameters: _Parameters, places: frozenset[Zone] | None) -> bool:
    """Whether a port is asked about: trunks always are (None), ports for terminals unless they surely belong to other zones."""
    return not places or not parameters.zones or bool(places & set(parameters.zones))


def _unplaced(rule: Rule, context: RuleContext, device: Device, question: _Question, ports: list[_Port]) -> RuleResult:
    vlans = ", ".join(str(number) for number in sorted({switched.access_vlan or 0 for _, switched in ports}))
    return answer(
        rule,
        Outcome.UNDETERMINED,
        "vlan_not_placed",
        device_subject(device.name),
        Text(
            ja=f"{question.fault.ja}が、そのVLAN（{vlans}）がどの領域に属するかを判断できない：{_names(ports)}。",
            en=f"{question.fault.en}, but nothing tells to which zone their VLAN ({vlans}) belongs: {_names(ports)}.",
        ),
        evidence=lines(context, [s for interface, _ in ports for s in interface.sources]),
        needs=(
            Text(
                ja=f"municipality.yaml の領域の vlans における VLAN {vlans} の記載",
                en=f"VLAN {vlans} under `vlans` of its zone in municipality.yaml",
            ),
        ),
    )


def _names(ports: list[_Port]) -> str:
    names = [interface.name for interface, _ in ports]
    more = "" if len(names) <= _SHOWN_PORTS else " ..."
    return ", ".join(names[:_SHOWN_PORTS]) + more


@dataclass(frozen=True, slots=True)
class _Question:
    """One thing asked of each port that is up: when it is wrong, when nobody can say, and the words for both."""

    reason: str
    about: Text
    fault: Text
    kept: Text
    wrong: Callable[[SwitchPort, _Parameters], bool]
    unknown: Callable[[SwitchPort, _Parameters], bool] = lambda port, parameters: False


def _edge(port: SwitchPort) -> bool:
    """A port for terminals: no trunk, but one that may become a trunk is not surely one."""
    return not port.trunk and port.access_vlan is not None


def _unprotected(port: SwitchPort, parameters: _Parameters) -> bool:
    held = {kind for kind, _ in port.protections}
    return _edge(port) and not held & parameters.any_of and parameters.any_of <= port.protections_read


def _not_seen(port: SwitchPort, parameters: _Parameters) -> bool:
    held = {kind for kind, _ in port.protections}
    return _edge(port) and not held & parameters.any_of and not parameters.any_of <= port.protections_read


def _untold(port: SwitchPort, parameters: _Parameters) -> bool:
    """Whether no line is about what is not known of a port."""
    return parameters.any_of <= port.protections_read | port.protections_untold


_QUESTIONS: Mapping[str, _Question] = {
    "edge_protection": _Question(
        "port_unprotected",
        Text(ja="端末を接続するポートの保護", en="the protection of ports for terminals"),
        Text(
            ja="端末を接続するポートに、求める保護の設定がない",
            en="Ports for terminals are not protected as asked",
        ),
        Text(
            ja="端末を接続する全てのポートに、求める保護の設定がある",
            en="Every port for terminals is protected as asked",
        ),
        _unprotected,
        _not_seen,
    ),
    "no_negotiation": _Question(
        "trunk_negotiated",
        Text(ja="トランクの自動判別", en="the negotiation of trunks"),
        Text(
            ja="トランクとするか否かを対向機器と自動で判別するポートがある",
            en="Ports negotiate whether they are trunks",
        ),
        Text(ja="トランクとするか否かを自動で判別するポートはない", en="No port negotiates whether it is a trunk"),
        lambda port, parameters: port.negotiated,
    ),
    "trunk_limited": _Question(
        "trunk_carries_all",
        Text(ja="トランクが通すVLAN", en="the VLANs of trunks"),
        Text(ja="通すVLANを限定していないトランクがある", en="Trunks carry every VLAN"),
        Text(ja="全てのトランクは通すVLANを限定している", en="Every trunk carries listed VLANs only"),
        lambda port, parameters: port.trunk and port.trunk_vlans is None,
    ),
    "native_vlan_unused": _Question(
        "native_vlan_default",
        Text(ja="トランクのネイティブVLAN", en="the native VLANs of trunks"),
        Text(ja="既定のVLAN 1をネイティブVLANとするトランクがある", en="Trunks have the default VLAN 1 as native VLAN"),
        Text(
            ja="既定のVLAN 1をネイティブVLANとするトランクはない", en="No trunk has the default VLAN 1 as native VLAN"
        ),
        lambda port, parameters: port.trunk and port.access_vlan == 1,
    ),
    "default_vlan_unused": _Question(
        "default_vlan_used",
        Text(ja="端末を接続するポートのVLAN", en="the VLANs of ports for terminals"),
        Text(ja="既定のVLAN 1に属する有効なポートがある", en="Ports that are up belong to the default VLAN 1"),
        Text(ja="既定のVLAN 1に属する有効なポートはない", en="No port that is up belongs to the default VLAN 1"),
        lambda port, parameters: _edge(port) and port.access_vlan == 1,
    ),
}

KIND = Kind("layer2", _parse, _check)
