"""Judging how a device protects itself: sessions, logins, accounts, SNMP. Used by the kind `device_setting`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from secaudit.network.device import Device
from secaudit.network.management import Account, Setting, SettingKind, SnmpCommunity, SnmpUser
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import management_doubts, unread
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.untold import not_told, not_understood
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

_UNLIMITED_AT_ZERO = frozenset((SettingKind.IDLE_TIMEOUT, SettingKind.LOGIN_ATTEMPTS))
"""Kinds whose value 0 means that there is no limit at all."""

SETTING_NAMES: Mapping[SettingKind, Text] = {
    SettingKind.IDLE_TIMEOUT: Text(
        ja="操作がない場合に管理用の接続を終了するまでの時間（秒）",
        en="seconds until an idle administrator's session ends",
    ),
    SettingKind.LOGIN_ATTEMPTS: Text(
        ja="ログイン試行の失敗回数の上限", en="failed logins until the device locks or delays"
    ),
    SettingKind.LOGIN_BANNER: Text(ja="ログイン時のメッセージの表示", en="message at the login (1: shown)"),
    SettingKind.SSH_VERSION: Text(ja="受け付けるSSHの最も古い版", en="oldest version of SSH that is answered"),
    SettingKind.PASSWORD_LENGTH: Text(ja="パスワードの最小文字数", en="least length of a password"),
    SettingKind.CENTRAL_AUTHENTICATION: Text(
        ja="認証サーバによる管理者の認証", en="administrators are authenticated by a server (1: yes)"
    ),
    SettingKind.REDUNDANCY: Text(ja="機器の冗長化", en="a second device takes over (1: yes)"),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value must lie between; both ends belong to it, None = no bound."""

    at_least: int | None = None
    at_most: int | None = None

    def hold(self, value: int) -> bool:
        """Whether a value lies inside."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def words(self) -> Text:
        """The bounds for people."""
        if self.at_least is not None and self.at_least == self.at_most:
            return Text(ja=f"{self.at_least}", en=f"{self.at_least}")
        parts_ja, parts_en = [], []
        if self.at_least is not None:
            parts_ja.append(f"{self.at_least}以上")
            parts_en.append(f"at least {self.at_least}")
        if self.at_most is not None:
            parts_ja.append(f"{self.at_most}以下")
            parts_en.append(f"at most {self.at_most}")
        return Text(ja="".join(parts_ja), en=" and ".join(parts_en))


def judge_setting(
    rule: Rule, context: RuleContext, device: Device, kind: SettingKind, bounds: Bounds, *, defaults_tell: bool = True
) -> RuleResult:
    """Whether every value of one kind lies within bounds. A kind that the reader does not look for is undetermined.

    Without `defaults_tell` only values count that a line gives.
    """
    name = SETTING_NAMES[kind]
    held = [one for one in device.management.settings if one.kind is kind and (defaults_tell or not _is_default(one))]
    wrong = [one for one in held if one.value is not None and not _within(kind, bounds, one.value)]
    # A default holds only where no line says otherwise, and a line that is not understood may be the one.
    doubts = () if any(not one.by_default for one in wrong) else management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    if wrong:
        facts = [_setting_fact(name, one, bounds) for one in wrong]
        return failed(rule, context, device, "setting_out_of_bounds", facts, [s for one in wrong for s in one.sources])
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    unclear = [one for one in held if one.value is None and not one.by_default]
    if unclear or kind not in device.management.settings_read:
        return not_understood(rule, context, device, name, [s for one in unclear for s in one.sources])
    untold = [one for one in held if one.value is None]
    if untold or not held:
        return not_told(rule, context, device, name, [s for one in untold for s in one.sources])
    values = ", ".join(sorted({str(one.value) for one in held}))
    fact = Text(
        ja=f"{name.ja}は {values} であり、求める値（{bounds.words().ja}）を満たす。",
        en=f"{name.en}: {values}, as asked ({bounds.words().en}).",
    )
    return passed(rule, context, device, "setting_within_bounds", fact, [s for one in held for s in one.sources])


def _is_default(one: Setting) -> bool:
    return one.by_default and one.value is not None


def _within(kind: SettingKind, bounds: Bounds, value: int) -> bool:
    if value == 0 and kind in _UNLIMITED_AT_ZERO:
        return bounds.at_most is None
    return bounds.hold(value)


def _setting_fact(name: Text, one: Setting, bounds: Bounds) -> Text:
    where = f"（{one.where}）" if one.where else ""
    place = f" ({one.where})" if one.where else ""
    usual = Text(ja="既定値により", en=" by default") if one.by_default else Text(ja="", en="")
    return Text(
        ja=f"{name.ja}{where}が{usual.ja} {one.value} であり、求める値（{bounds.words().ja}）を満たさない。",
        en=f"{name.en}{place} is {one.value}{usual.en}; asked for: {bounds.words().en}.",
    )


def judge_accounts(
    rule: Rule, context: RuleContext, device: Device, bounds: Bounds, shared: frozenset[str]
) -> RuleResult:
    """Whether there are few administrators, each with a name of a person: none in `shared`, and not only a common password."""
    accounts = device.management.accounts
    name = Text(ja="管理者のアカウント", en="accounts of administrators")
    held = accounts or ()
    facts, sources = _account_faults(device, held, bounds, shared)
    if facts:
        return failed(rule, context, device, "accounts_not_as_asked", facts, sources)
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    if accounts is None:
        return not_told(rule, context, device, name)
    if not bounds.hold(len({one.name for one in held if one.privileged is not False})):
        rights = Text(ja="管理者の権限", en="rights of administrators")
        unsure = [one for one in held if one.privileged is None]
        unclear = [s for one in unsure if one.rights_told for s in one.sources]
        if unclear:
            return not_understood(rule, context, device, rights, unclear)
        return not_told(rule, context, device, rights, [s for one in unsure for s in one.sources])
    if shared and not held:
        return _without_accounts(rule, context, device, name)
    fact = Text(
        ja=f"機器に登録された管理者のアカウントは{len(held)}件であり、求める条件を満たす。",
        en=f"{len(held)} accounts of administrators are on the device, as asked.",
    )
    return passed(rule, context, device, "accounts_as_asked", fact, [s for one in held for s in one.sources])


def _account_faults(
    device: Device, held: tuple[Account, ...], bounds: Bounds, shared: frozenset[str]
) -> tuple[list[Text], list[SourceLine]]:
    facts: list[Text] = []
    sources: list[SourceLine] = []
    common = [one for one in held if one.name.lower() in shared]
    if common:
        names = ", ".join(sorted({one.name for one in common}))
        facts.append(
            Text(
                ja=f"個人を特定できない共用のアカウント（{names}）がある。",
                en=f"Accounts that name no person: {names}.",
            )
        )
        sources += [s for one in common for s in one.sources]
    strong = [one for one in held if one.privileged is not False]
    surely = [one for one in held if one.privileged]
    if not bounds.hold(len({one.name for one in surely})):
        facts.append(
            Text(
                ja=f"特権を持つアカウントが{len(surely)}件ある（{bounds.words().ja}であること）。",
                en=f"{len(surely)} accounts have all rights (asked for: {bounds.words().en}).",
            )
        )
        sources += [s for one in strong for s in one.sources]
    return facts, sources


def _without_accounts(rule: Rule, context: RuleContext, device: Device, name: Text) -> RuleResult:
    """No account of its own: a server knows the administrators, or everybody uses one password."""
    central = [
        one for one in device.management.settings if one.kind is SettingKind.CENTRAL_AUTHENTICATION and one.value == 1
    ]
    if central:
        fact = Text(
            ja="管理者の認証は認証サーバが行い、機器に共用のアカウントはない。",
            en="A server authenticates the administrators; the device has no account of its own.",
        )
        return passed(rule, context, device, "central_accounts", fact, [s for one in central for s in one.sources])
    passwords = [s for one in device.management.credentials for s in one.sources]
    if not passwords:
        return not_told(rule, context, device, name)
    fact = Text(
        ja="機器に個人ごとのアカウントがなく、共通のパスワードによりログインする設定である。",
        en="There is no account of a person on the device: everybody logs in with one password.",
    )
    return failed(rule, context, device, "no_personal_account", [fact], passwords)


def judge_snmp(rule: Rule, context: RuleContext, device: Device) -> RuleResult:
    """Whether SNMP is off, or v3 with authentication and encryption, or v1/v2c with own names, read-only and for listed hosts only."""
    management = device.management
    facts, sources = [], []
    for fault, text in (
        (lambda one: one.well_known, Text(ja="初期設定等の広く知られた値である", en="is a well-known default")),
        (lambda one: one.writable, Text(ja="書き込みを許可している", en="permits writing")),
        (lambda one: not one.restricted, Text(ja="アクセス元を限定していない", en="is open to every host")),
    ):
        found: list[SnmpCommunity] = [one for one in management.snmp_communities if fault(one)]
        if found:
            facts.append(Text(ja=f"SNMPコミュニティが{text.ja}。", en=f"An SNMP community {text.en}."))
            sources += [s for one in found for s in one.sources]
    weak: list[SnmpUser] = [one for one in management.snmp_users or () if not (one.authenticated and one.encrypted)]
    if weak:
        names = ", ".join(sorted({one.name for one in weak}))
        facts.append(
            Text(
                ja=f"SNMPv3 の利用者（{names}）に認証又は暗号化が設定されていない。",
                en=f"SNMPv3 without authentication or encryption: {names}.",
            )
        )
        sources += [s for one in weak for s in one.sources]
    if facts:
        return failed(rule, context, device, "snmp_weak", facts, sources)
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    answering = [one for one in management.services if one.name == "snmp" and one.enabled]
    known = management.snmp_communities or management.snmp_users
    about = Text(ja="SNMPの設定", en="settings of SNMP")
    if management.snmp_users is None and (answering or management.snmp_communities):
        return not_understood(rule, context, device, about, [s for one in answering for s in one.sources])
    if not known and (answering or not any(one.name == "snmp" for one in management.services)):
        return not_told(rule, context, device, about, [s for one in answering for s in one.sources])
    used = [s for one in management.snmp_communities for s in one.sources]
    used += [s for one in management.snmp_users or () for s in one.sources]
    fact = Text(ja="SNMPは、停止しているか、求める条件を満たす設定である。", en="SNMP is off, or set up as asked.")
    return passed(rule, context, device, "snmp_as_asked", fact, used)


def failed(
    rule: Rule, context: RuleContext, device: Device, reason: str, facts: list[Text], sources: Iterable[SourceLine]
) -> RuleResult:
    """A failure of one device, with its lines; with what identifies it when no line says it."""
    evidence = lines(context, sources) or device_evidence(context, device)
    return answer(rule, Outcome.FAIL, reason, device_subject(device.name), *facts, evidence=evidence)


def passed(
    rule: Rule, context: RuleContext, device: Device, reason: str, fact: Text, sources: Iterable[SourceLine]
) -> RuleResult:
    """A pass of one device, with its lines; with what identifies it when no line says it."""
    evidence = lines(context, sources) or device_evidence(context, device)
    return answer(rule, Outcome.PASS, reason, device_subject(device.name), fact, evidence=evidence)
