"""What makes a policy apply only sometimes, or uncertainly: schedules, users, and matches on more than the header (FO-08)."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Certainty
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import MAXIMUM_DEPTH
from secaudit.vendors.fortios.findings import Scope
from secaudit.vendors.fortios.grammar import Section

_DAYS = frozenset(("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"))
_USERS = ("users", "groups", "fsso-groups")
_INERT = frozenset(("", "disable", "0", "0x00"))
_UNCERTAIN = {
    "src-vendor-mac": Text(ja="送信元機器の製造者", en="the vendor of the source device"),
    "devices": Text(ja="送信元機器の種類", en="the kind of the source device"),
    "vlan-filter": Text(ja="VLAN番号", en="the VLAN tag"),
    "sgt-check": Text(ja="セキュリティグループタグ", en="the security group tag"),
    "ztna-status": Text(ja="ZTNAの状態", en="the ZTNA posture"),
    "ztna-ems-tag": Text(ja="ZTNAタグ", en="a ZTNA tag"),
    "ztna-geo-tag": Text(ja="ZTNAタグ", en="a ZTNA tag"),
    "reputation-minimum": Text(ja="アドレスの評判", en="the reputation of the address"),
    "reputation-minimum6": Text(ja="アドレスの評判", en="the reputation of the address"),
    "network-service-dynamic": Text(ja="動的ネットワークサービス", en="a dynamic network service"),
    "network-service-src-dynamic": Text(ja="動的ネットワークサービス", en="a dynamic network service"),
    "tos-mask": Text(ja="TOS値", en="the TOS value"),
    "policy-expiry": Text(ja="ポリシーの有効期限", en="an expiry date"),
    "identity-based": Text(ja="認証された利用者", en="authenticated users"),
    "nat46": Text(ja="NAT46", en="NAT46"),
    "nat64": Text(ja="NAT64", en="NAT64"),
    "match-vip-only": Text(ja="VIPで変換された通信だけ", en="only what a VIP translated"),
    "pcp-inbound": Text(ja="PCPによる動的な宛先変換", en="mappings made by PCP"),
    "pcp-outbound": Text(ja="PCPによる動的な宛先変換", en="mappings made by PCP"),
    "permit-any-host": Text(ja="任意のホストからの返信の許可", en="replies admitted from any host"),
    "webproxy-forward-server": Text(ja="上位プロキシへの中継", en="relaying to another proxy"),
    "rtp-nat": Text(ja="RTP-NAT", en="RTP NAT"),
    "application": Text(ja="アプリケーション", en="the application"),
    "app-category": Text(ja="アプリケーション", en="the application"),
    "app-group": Text(ja="アプリケーション", en="the application"),
    "url-category": Text(ja="URLの分類", en="the URL category"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Why a policy does not always match what its addresses and services say."""

    certainty: Certainty
    text: Text
    sources: Sources


def conditions(entry: Section) -> list[Condition]:
    """The conditions of a policy, its schedule excepted."""
    found: list[Condition] = []
    users = [name for name in _USERS if entry.values(name)]
    if users:
        text = Text(ja="認証された利用者にだけ適用されます。", en="It applies to authenticated users only.")
        found.append(Condition(Certainty.SOMETIMES, text, entry.lines_of(*users)))
    asked = () if entry.settings.keys().isdisjoint(_UNCERTAIN) else _UNCERTAIN.items()
    for name, what in asked:
        if entry.get(name) not in _INERT:
            text = Text(
                ja=f"{what.ja}による条件があり、判定できません。", en=f"It depends on {what.en}, which is not modelled."
            )
            found.append(Condition(Certainty.UNCERTAIN, text, entry.lines_of(name)))
    if entry.get("action") == "ipsec":
        text = Text(ja="ポリシーベースIPsecです。", en="It is policy-based IPsec.")
        found.append(Condition(Certainty.UNCERTAIN, text, entry.lines_of("action", "vpntunnel")))
    return found


def logs_all(scope: Scope, entry: Section) -> bool:
    """Whether a policy logs every session; `enable` is how releases before 5.0 write it."""
    said = entry.get("logtraffic")
    return said in ("all", "enable") if said else scope.defaults.policy_logs_all


def schedule_condition(scope: Scope, entry: Section) -> Condition | None:
    """The condition that the schedule makes; None when it always holds."""
    name = entry.get("schedule")
    lines = entry.lines_of("schedule")
    if not name:
        # FortiOS always prints the schedule of a policy: without it a line was lost.
        text = Text(ja="ポリシーにスケジュールの指定がありません。", en="The policy names no schedule.")
        return Condition(Certainty.UNCERTAIN, text, entry.opening)
    return _resolve(scope, name, lines)


def _resolve(scope: Scope, name: str, lines: Sources) -> Condition | None:
    pending = [name]
    seen: set[str] = set()
    while pending:
        current = pending.pop()
        if current in seen or len(seen) > MAXIMUM_DEPTH:
            continue
        seen.add(current)
        recurring = scope.section("firewall schedule recurring").entries.get(current)
        onetime = scope.section("firewall schedule onetime").entries.get(current)
        group = scope.section("firewall schedule group").entries.get(current)
        if recurring is not None and _always(recurring):
            return None
        if group is not None:
            pending += group.values("member")
        elif recurring is None and onetime is None:
            if current == "always":
                return None
            if current != "none":
                return _undefined(scope, current, lines)
        found = recurring or onetime or group
        if found is not None:
            lines = (*lines, *found.opening, *found.lines_of("day", "start", "end", "member"))
    text = Text(
        ja=f"スケジュール「{name}」の時間だけ適用されます。", en=f"It applies only during the schedule '{name}'."
    )
    return Condition(Certainty.SOMETIMES, text, lines)


def _always(entry: Section) -> bool:
    """A recurring schedule of all seven days and the whole day (start equal to end, or neither set)."""
    if entry.unknown:
        return False
    start, end = entry.get("start", "00:00"), entry.get("end", "00:00")
    return set(entry.values("day")) >= _DAYS and start == end


def _undefined(scope: Scope, name: str, lines: Sources) -> Condition:
    text = Text(
        ja=f"スケジュール「{name}」の定義がありません。", en=f"The schedule '{name}' is not defined in the file."
    )
    scope.findings.doubt(DoubtKind.UNDEFINED, text, lines, interfaces=frozenset())
    return Condition(Certainty.UNCERTAIN, text, lines)
