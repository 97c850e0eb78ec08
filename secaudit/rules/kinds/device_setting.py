"""`device_setting`: how a device itself is managed, logged and timed, setting by setting."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import Device, Doubt
from secaudit.network.management import Credential, ManagementService, Server, SettingKind, Storage
from secaudit.rules.answers import answer, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, management_doubts, unread, unsupported_settings
from secaudit.rules.firmware import judge_firmware
from secaudit.rules.kind import Kind
from secaudit.rules.neighbours import judge_routing
from secaudit.rules.places import may_be_on_the_internet
from secaudit.rules.protection import Bounds, failed, judge_accounts, judge_setting, judge_snmp, passed
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.untold import not_told, services_text
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Parameters:
    """With `at_border`, only devices that stand between one of `zones` and another zone are asked.

    Without `defaults_tell`, a default of the product says nothing: no line about redundancy, and a spare device may still be there.
    """

    setting: str
    zones: tuple[Zone, ...]
    at_border: bool = False
    defaults_tell: bool = True
    services: tuple[str, ...] = ()
    storages: frozenset[Storage] = field(default_factory=frozenset)
    minimum: int = 1
    servers: tuple[str, ...] = ()
    outside: tuple[Zone, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)
    shared_names: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()
    least: tuple[tuple[str, str], ...] = ()


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        setting=data["setting"],
        zones=tuple(Zone(name) for name in data.get("zones", ())),
        at_border=data.get("at_border", False),
        defaults_tell=data.get("defaults_tell", True),
        services=tuple(data.get("services", ())),
        storages=frozenset(Storage(name) for name in data.get("storages", ())),
        minimum=data.get("minimum", 1),
        servers=tuple(data.get("servers", ())),
        outside=tuple(Zone(name) for name in data.get("outside", ())),
        bounds=Bounds(data.get("at_least"), data.get("at_most")),
        shared_names=frozenset(name.lower() for name in data.get("shared_names", ())),
        least=tuple(sorted(data.get("least", {}).items())),
        left_out=tuple(name.lower() for name in data.get("left_out", ())),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    judge = _SETTINGS[parameters.setting]
    return each_device(
        rule,
        context,
        parameters.zones,
        lambda device: (judge(rule, parameters, context, device),),
        at_border=parameters.at_border,
    )


def _services_off(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    listed = [one for one in device.management.services if one.name in parameters.services]
    on = [one for one in listed if one.enabled and one.interfaces != frozenset()]
    supposed = [(one, doubt) for one in on for doubt in unsupported_settings(device) if _about(doubt, one)]
    if on and not supposed:
        sources = [source for one in on for source in one.sources]
        return failed(rule, context, device, "service_enabled", [_service_fact(one) for one in on], sources)
    if supposed:
        return unread(rule, context, device, tuple(doubt for _, doubt in supposed), reason="default_not_known")
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    names = ", ".join(parameters.services)
    unknown = [name for name in parameters.services if all(one.name != name for one in listed)]
    if unknown:
        found = not_told(rule, context, device, services_text(unknown))
        return replace(
            found, facts=(*found.facts, *dict.fromkeys(doubt.text for doubt in unsupported_settings(device)))
        )
    fact = Text(ja=f"{names} は有効になっていない。", en=f"{names} is not enabled.")
    return passed(rule, context, device, "service_disabled", fact, [s for one in listed for s in one.sources])


def _about(doubt: Doubt, service: ManagementService) -> bool:
    """Whether a doubt is about the lines from which a default was concluded."""
    return service.by_default and bool(set(doubt.sources) & set(service.sources))


def _service_fact(service: ManagementService) -> Text:
    where = "" if service.interfaces is None else f"（{', '.join(sorted(service.interfaces))}）"
    place = "" if service.interfaces is None else f" on {', '.join(sorted(service.interfaces))}"
    if service.by_default:
        return Text(
            ja=f"{service.name} を停止する設定がなく、既定値により有効である{where}。",
            en=f"{service.name} is enabled by default{place}, and nothing turns it off.",
        )
    return Text(ja=f"{service.name} が有効である{where}。", en=f"{service.name} is enabled{place}.")


def _no_default_community(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    communities = device.management.snmp_communities
    known = [one for one in communities if one.well_known]
    if known:
        facts = [
            Text(
                ja=f"SNMPコミュニティ名が初期設定等の広く知られた値である（{'読み書き可' if one.writable else '読み取りのみ'}）。",
                en=f"An SNMP community is a well-known default ({'read-write' if one.writable else 'read-only'}).",
            )
            for one in known
        ]
        return failed(rule, context, device, "default_community", facts, [s for one in known for s in one.sources])
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    if not communities:
        fact = Text(ja="SNMPコミュニティは設定されていない。", en="No SNMP community is configured.")
        return passed(rule, context, device, "no_community", fact, ())
    fact = Text(ja="SNMPコミュニティ名は広く知られた値でない。", en="No SNMP community is a well-known default.")
    return passed(rule, context, device, "own_community", fact, [s for one in communities for s in one.sources])


def _secrets_stored(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    held = [one for one in device.management.credentials if not one.what.lower().startswith(parameters.left_out)]
    refused = [one for one in held if one.storage in parameters.storages]
    if refused:
        facts = [_credential_fact(one) for one in refused]
        return failed(rule, context, device, "weak_storage", facts, [s for one in refused for s in one.sources])
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    hidden = [one for one in held if one.storage is Storage.UNKNOWN]
    if hidden:
        return answer(
            rule,
            Outcome.UNDETERMINED,
            "masked_before",
            device_subject(device.name),
            Text(
                ja="認証情報が提出前に伏せられており、保存の方式を確認できない。",
                en="Secrets were blanked out before submission, so the way they are stored cannot be seen.",
            ),
            evidence=lines(context, [s for one in hidden for s in one.sources]),
            needs=(
                Text(
                    ja=f"{device.name} の認証情報の保存方式が分かる出力",
                    en=f"an export of {device.name} that shows how secrets are stored",
                ),
            ),
        )
    fact = _STORED_WELL if Storage.REVERSIBLE in parameters.storages else _NOT_CLEAR
    return passed(rule, context, device, "hashed", fact, [s for one in held for s in one.sources])


_NOT_CLEAR = Text(ja="平文で保存された認証情報は見当たらない。", en="No secret is stored in clear text.")
_STORED_WELL = Text(
    ja="対象とする認証情報に、平文又は復元できる形で保存されたものは見当たらない。",
    en="No secret that is asked about is stored in clear text or in a reversible form.",
)


def _credential_fact(credential: Credential) -> Text:
    if credential.storage is Storage.CLEAR:
        return Text(ja=f"{credential.what} が平文で保存されている。", en=f"{credential.what} is stored in clear text.")
    return Text(
        ja=f"{credential.what} が復元できる形で保存されている。",
        en=f"{credential.what} is stored in a reversible form.",
    )


def _servers_present(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    kind = parameters.setting
    found = _servers(device, kind)
    names = ", ".join(sorted({server.address for server in found}))
    label = _SERVER_LABELS[kind]
    if len({server.address for server in found}) >= parameters.minimum:
        fact = Text(ja=f"{label.ja}として {names} が設定されている。", en=f"{label.en}: {names}.")
        return passed(rule, context, device, f"{kind}_configured", fact, [s for one in found for s in one.sources])
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    fact = Text(
        ja=f"{label.ja}が{len(found)}件しか設定されていない（{parameters.minimum}件以上必要）。"
        if found
        else f"{label.ja}が設定されていない。",
        en=f"Only {len(found)} of {parameters.minimum} needed: {label.en}."
        if found
        else f"None is configured: {label.en}.",
    )
    return failed(rule, context, device, f"no_{kind}", [fact], [s for one in found for s in one.sources])


def _servers_inside(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    used = [(kind, server) for kind in parameters.servers for server in _servers(device, kind)]
    outside, named = [], []
    for kind, server in used:
        place = _place(context, server, parameters.outside)
        if place is True:
            outside.append((kind, server))
        elif place is None:
            named.append((kind, server))
    if outside:
        facts = [
            Text(
                ja=f"{_SERVER_LABELS[kind].ja}としてインターネット上の {server.address} が設定されている。",
                en=f"{server.address} on the Internet is configured ({_SERVER_LABELS[kind].en}).",
            )
            for kind, server in outside
        ]
        return failed(rule, context, device, "internet_server", facts, [s for _, one in outside for s in one.sources])
    if named:
        names = ", ".join(sorted({server.address for _, server in named}))
        return answer(
            rule,
            Outcome.UNDETERMINED,
            "name_not_resolved",
            device_subject(device.name),
            Text(
                ja=f"名称で指定されたサーバ（{names}）がどこにあるかを、設定ファイルから判断できない。",
                en=f"The configuration does not tell where these servers are: {names}.",
            ),
            evidence=lines(context, [s for _, one in named for s in one.sources]),
            needs=(Text(ja=f"{names} のアドレス", en=f"the addresses of {names}"),),
        )
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    if not used:
        fact = Text(
            ja="名前解決及び時刻同期のサーバは設定されていない。", en="No resolver or time source is configured."
        )
        return passed(rule, context, device, "no_server", fact, ())
    fact = Text(
        ja="設定された名前解決及び時刻同期のサーバは、いずれもインターネット上のものでない。",
        en="No configured resolver or time source is on the Internet.",
    )
    return passed(rule, context, device, "inside", fact, [s for _, one in used for s in one.sources])


def _place(context: RuleContext, server: Server, outside: tuple[Zone, ...]) -> bool | None:
    """True when the server is on the Internet, False when surely not, None when a name hides it."""
    try:
        address = ipaddress.ip_address(server.address)
    except ValueError:
        return None
    zone = context.places.of_address(address)
    if zone is not None and context.places.claims(zone, address):
        return zone in outside
    return may_be_on_the_internet(address)


def _servers(device: Device, kind: str) -> tuple[Server, ...]:
    management = device.management
    match kind:
        case "syslog":
            return management.syslog_servers
        case "ntp":
            return management.ntp_servers
        case "dns":
            return management.dns_servers
        case _:
            raise ValueError(kind)


def _setting(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    kind = SettingKind[parameters.setting.upper()]
    return judge_setting(rule, context, device, kind, parameters.bounds, defaults_tell=parameters.defaults_tell)


def _accounts(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    return judge_accounts(rule, context, device, parameters.bounds, parameters.shared_names)


def _routing_authenticated(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    return judge_routing(rule, context, device)


def _firmware(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    return judge_firmware(rule, context, device, dict(parameters.least))


def _snmp(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    return judge_snmp(rule, context, device)


_SERVER_LABELS: Mapping[str, Text] = {
    "syslog": Text(ja="ログの送信先", en="log collector"),
    "ntp": Text(ja="時刻同期のサーバ", en="time source"),
    "dns": Text(ja="名前解決のサーバ", en="resolver"),
}

_SETTINGS: Mapping[str, Callable[[Rule, _Parameters, RuleContext, Device], RuleResult]] = {
    "services_off": _services_off,
    "no_default_community": _no_default_community,
    "secrets_stored": _secrets_stored,
    "syslog": _servers_present,
    "ntp": _servers_present,
    "servers_inside": _servers_inside,
    "accounts": _accounts,
    "snmp": _snmp,
    "routing_authenticated": _routing_authenticated,
    "firmware": _firmware,
    **{kind.name.lower(): _setting for kind in SettingKind},
}

KIND = Kind("device_setting", _parse, _check)
