"""What codes of the result are called in a report."""

from __future__ import annotations

from collections.abc import Mapping

from secaudit.rules.result import Disposition, Outcome, Severity, SubjectKind
from secaudit.text.bilingual import Text

OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.PASS: Text(ja="適合", en="pass"),
    Outcome.FAIL: Text(ja="不適合", en="fail"),
    Outcome.NOT_APPLICABLE: Text(ja="対象外", en="not applicable"),
    Outcome.UNDETERMINED: Text(ja="確認不能", en="undetermined"),
    Outcome.ERROR: Text(ja="評価エラー", en="evaluation error"),
}
SEVERITIES: Mapping[Severity, Text] = {
    Severity.CRITICAL: Text(ja="重大", en="critical"),
    Severity.HIGH: Text(ja="高", en="high"),
    Severity.MEDIUM: Text(ja="中", en="medium"),
    Severity.LOW: Text(ja="低", en="low"),
}
DISPOSITIONS: Mapping[Disposition, Text] = {
    Disposition.OPEN: Text(ja="未対応", en="open"),
    Disposition.EXCEPTED: Text(ja="例外措置", en="excepted"),
    Disposition.EXCEPTION_EXPIRED: Text(ja="例外措置の期限切れ", en="exception expired"),
    Disposition.DISPUTED: Text(ja="見解相違", en="disputed"),
}
SUBJECTS: Mapping[SubjectKind, Text] = {
    SubjectKind.MUNICIPALITY: Text(ja="団体", en="municipality"),
    SubjectKind.ZONE_PAIR: Text(ja="領域間", en="zone pair"),
    SubjectKind.DEVICE: Text(ja="機器", en="device"),
    SubjectKind.REGISTER_ENTRY: Text(ja="台帳", en="register entry"),
    SubjectKind.OBSERVATION: Text(ja="実測", en="observation"),
}
INPUT_KINDS: Mapping[str, Text] = {
    "municipality": Text(ja="団体の情報", en="municipality"),
    "attestations": Text(ja="申告", en="attestations"),
    "exceptions": Text(ja="例外措置", en="exceptions"),
    "config": Text(ja="機器設定", en="configuration"),
    "routes": Text(ja="経路表", en="routing table"),
    "probe": Text(ja="実測結果", en="probe"),
    "document": Text(ja="文書", en="document"),
    "definition": Text(ja="定義", en="definition"),
    "other": Text(ja="その他", en="other"),
}
EXCEPTION_STATES: Mapping[str, Text] = {
    "valid": Text(ja="有効", en="valid"),
    "expired": Text(ja="期限切れ", en="expired"),
    "future": Text(ja="開始前", en="not yet valid"),
    "invalid": Text(ja="無効", en="invalid"),
}
FLOW_VERDICTS: Mapping[str, Text] = {
    "none": Text(ja="通信なし", en="nothing passes"),
    "some": Text(ja="通信あり", en="something passes"),
    "undetermined": Text(ja="確認不能", en="undetermined"),
}
JUDGEMENTS: Mapping[str, Text] = {
    "denied_ok": Text(ja="遮断", en="denied"),
    "permitted": Text(ja="許可内", en="permitted"),
    "violation": Text(ja="違反", en="violation"),
    "undetermined": Text(ja="確認不能", en="unknown"),
    "free": Text(ja="制限外", en="free"),
}
JUDGEMENT_MEANINGS: Mapping[str, Text] = {
    "denied_ok": Text(
        ja="開始できる通信は見つからず、遮断の要求どおりである。", en="nothing can open a connection, as demanded"
    ),
    "permitted": Text(
        ja="方針と台帳が許す通信だけが可能である。", en="only what the policy and the register permit can pass"
    ),
    "violation": Text(ja="方針と台帳が許さない通信が可能である。", en="something can pass that is not permitted"),
    "undetermined": Text(ja="提出された資料からは判断できない。", en="it cannot be judged from what was submitted"),
    "free": Text(ja="方針が制限しない、又は団体の管理の外にある。", en="not restricted, or outside the body's control"),
}
# Shapes differ, so that the meaning survives black-and-white print.
JUDGEMENT_SYMBOLS: Mapping[str, str] = {
    "denied_ok": "○",
    "permitted": "◇",
    "violation": "✕",
    "undetermined": "？",
    "free": "－",
}
STAGES: Mapping[str, Text] = {
    "ingress filter": Text(ja="入力フィルタ", en="ingress filter"),
    "ingress NAT": Text(ja="入力時のアドレス変換", en="ingress NAT"),
    "route": Text(ja="経路選択", en="route"),
    "policy": Text(ja="ポリシー", en="policy"),
    "egress NAT": Text(ja="出力時のアドレス変換", en="egress NAT"),
    "egress filter": Text(ja="出力フィルタ", en="egress filter"),
}
LAYERS: Mapping[str, Text] = {
    "my_number": Text(ja="マイナンバー利用事務系", en="My Number layer"),
    "lgwan": Text(ja="LGWAN接続系", en="LGWAN layer"),
    "internet": Text(ja="インターネット接続系", en="Internet layer"),
}


def named(table: Mapping[str, Text], code: str) -> Text:
    """What a code is called; a code that a later version has added is shown as it is."""
    return table.get(code, Text(ja=code, en=code))


DEVIATIONS: Mapping[str, Text] = {
    "added": Text(ja="追加", en="added"),
    "tightened": Text(ja="強化", en="tightened"),
    "loosened": Text(ja="緩和", en="loosened"),
    "off": Text(ja="適用除外", en="switched off"),
    "threshold_tightened": Text(ja="しきい値の強化", en="threshold tightened"),
    "threshold_loosened": Text(ja="しきい値の緩和", en="threshold loosened"),
}
"""How an own ruleset differs from the shipped one."""
