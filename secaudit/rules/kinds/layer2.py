"""`layer2`: VLANs, trunks and the protection of ports, port by port of every switch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface, PortProtection, SwitchPort
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, traffic_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.protection import failed, passed
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text

_SHOWN_PORTS = 12


@dataclass(frozen=True, slots=True)
class _Parameters:
    ask: str
    zones: tuple[Zone, ...]
    any_of: frozenset[PortProtection]


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        ask=data["ask"],
        zones=tuple(Zone(name) for name in data.get("zones", ())),
        any_of=frozenset(PortProtection[name.upper()] for name in data.get("any_of", ())),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    return each_device(rule, context, parameters.zones, lambda device: (_judge(rule, parameters, context, device),))


_Port = tuple[Interface, SwitchPort]


def _judge(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    ports = [
        (one, one.switch_port) for one in device.interfaces.values() if one.switch_port is not None and one.enabled
    ]
    question = _QUESTIONS[parameters.ask]
    wrong = [one for one in ports if question.wrong(one[1], parameters)]
    if wrong:
        names, which = _names(wrong), _which(parameters)
        fact = Text(ja=f"{question.fault.ja}{which.ja}：{names}。", en=f"{question.fault.en}{which.en}: {names}.")
        sources = [source for interface, _ in wrong for source in interface.sources]
        return failed(rule, context, device, question.reason, [fact], sources)
    doubts = traffic_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    unknown = [one for one in ports if question.unknown(one[1], parameters)]
    if unknown:
        return answer(
            rule,
            Outcome.UNDETERMINED,
            "not_stated",
            device_subject(device.name),
            Text(
                ja=f"{question.about.ja}{_which(parameters).ja}を、この機器の設定ファイルから判断できない：{_names(unknown)}。",
                en=f"The configuration does not tell about {question.about.en}{_which(parameters).en}: {_names(unknown)}.",
            ),
            evidence=lines(context, [s for interface, _ in unknown for s in interface.sources]),
            needs=(
                Text(
                    ja=f"{device.name} の{question.about.ja}が分かる出力",
                    en=f"an output of {device.name} about {question.about.en}",
                ),
            ),
        )
    if not ports:
        return answer(
            rule,
            Outcome.NOT_APPLICABLE,
            "no_switch_port",
            device_subject(device.name),
            Text(ja="この機器にスイッチのポートはない。", en="The device has no switch port."),
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
