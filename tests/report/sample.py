"""An audit of a made-up city with something in every part of the result, and the same with hostile text everywhere."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import hashlib

from secaudit.audit.result import (
    SCHEMA_VERSION,
    AuditResult,
    ConditionSummary,
    Deadline,
    DeviationSummary,
    ExceptionSummary,
    FlowSummary,
    InputSummary,
    LedgerSummary,
    LineNote,
    Rates,
    RegisterSummary,
    RuleSummary,
    ZoneSummary,
)
from secaudit.rules.result import (
    Disposition,
    Evidence,
    Outcome,
    RuleResult,
    Severity,
    Subject,
    SubjectKind,
    Witness,
    WitnessHop,
)
from secaudit.text.bilingual import Text

AS_OF = datetime.date(2026, 11, 20)

_ZONES = (
    ("my_number", "MN", "マイナンバー利用事務系", "My Number zone", "my_number", False, "10.10.0.0/16"),
    ("lgwan", "LG", "LGWAN接続系", "LGWAN-connected zone", "lgwan", False, "10.20.0.0/16"),
    ("internet", "IN", "インターネット接続系", "Internet-connected zone", "internet", False, "10.30.0.0/16"),
    (
        "security_cloud",
        "SC",
        "自治体情報セキュリティクラウド",
        "prefectural security cloud",
        None,
        True,
        "172.16.8.0/24",
    ),
    ("public_internet", "NET", "インターネット", "the Internet", None, True, ""),
    ("lgwan_network", "LGW", "LGWAN / LGWAN-ASP", "LGWAN / LGWAN-ASP", None, True, "172.20.0.0/16"),
    ("specific_destination", "SPC", "特定通信先", "specific destinations", None, True, "172.21.5.0/24"),
    ("government_cloud", "GCM", "ガバメントクラウド", "Government Cloud", "my_number", True, "172.22.0.0/16"),
    ("guest_wireless", "GST", "来庁者用無線LAN", "guest wireless", None, False, "192.168.200.0/24"),
    ("other_internal", "OTH", "その他庁内ネットワーク", "other internal networks", None, False, "192.168.100.0/24"),
    ("management", "MGT", "管理用ネットワーク", "management segment", None, False, "10.99.0.0/24"),
)
_CELLS = {
    "my_number": "P0 D* D D D S1 S1 G1 D D K1",
    "lgwan": "D*/S2 P0 M2 D* D L1 L1 D* D D* K1",
    "internet": "D M1/M3 P0 C1 C1 D D D D D* K1",
    "security_cloud": "D D*/M1/M3 C1 P0 P0 D* D D D D D",
    "public_internet": "D D X1 X1 P0 D n/a D D D* D",
    "lgwan_network": "S1 L1 D D* D P0 n/a G1 D D D",
    "specific_destination": "S1 L1 D D n/a n/a P0 S1 D D D",
    "government_cloud": "G1 D* D D D*/G3 G1 S1 P0 D D D*",
    "guest_wireless": "D D D D P0 D D D P0 D D",
    "other_internal": "D D* D* D* D* D D D D P0 D",
    "management": "K1 K1 K1 D* D D* D D D D* P0",
}
_VIOLATIONS = {
    ("my_number", "public_internet"),
    ("my_number", "lgwan"),
    ("internet", "lgwan"),
    ("guest_wireless", "management"),
}
_UNDETERMINED = {("other_internal", "internet"), ("internet", "other_internal"), ("other_internal", "lgwan")}


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def line(file: str, number: int | None, text: str) -> Evidence:
    return Evidence(file, number, text, digest(file))


def _zones() -> tuple[ZoneSummary, ...]:
    return tuple(
        ZoneSummary(
            zone, code, Text(ja=ja, en=en), layer, external, (subnet,) if subnet else (), (f"fw-boundary:{zone[:4]}1",)
        )
        for zone, code, ja, en, layer, external, subnet in _ZONES
    )


def _witness() -> Witness:
    return Witness(
        packet="tcp 10.10.3.21:40000 > 198.51.100.80:443",
        arrives="tcp 203.0.113.10:40000 > 198.51.100.80:443",
        hops=(
            WitnessHop(
                "core-sw1",
                "route",
                Text(ja="既定経路により 10.99.0.1 へ送る。", en="Sent to 10.99.0.1 by the default route."),
                "tcp 10.10.3.21:40000 > 198.51.100.80:443",
                (line("configs/core-sw1.txt", 212, "ip route 0.0.0.0 0.0.0.0 10.99.0.1"),),
            ),
            WitnessHop(
                "fw-boundary",
                "policy",
                Text(ja="ポリシー 47 が許可する。", en="Permitted by policy 47."),
                "tcp 10.10.3.21:40000 > 198.51.100.80:443",
                (
                    line("configs/fw-boundary.conf", 388, "    edit 47"),
                    line("configs/fw-boundary.conf", 392, '        set dstaddr "all"'),
                    line("configs/fw-boundary.conf", 394, '        set service "ALL"'),
                ),
            ),
            WitnessHop(
                "fw-boundary",
                "egress NAT",
                Text(ja="送信元アドレスを 203.0.113.10 に変換する。", en="The source is translated to 203.0.113.10."),
                "tcp 203.0.113.10:40000 > 198.51.100.80:443",
                (line("configs/fw-boundary.conf", 396, "        set nat enable"),),
            ),
        ),
    )


def _flows() -> tuple[FlowSummary, ...]:
    flows = []
    ids = [zone[0] for zone in _ZONES]
    for source, cells in _CELLS.items():
        for destination, cell in zip(ids, cells.split(), strict=True):
            if source != destination:
                flows.append(_flow(source, destination, cell))
    return tuple(flows)


def _flow(source: str, destination: str, cell: str) -> FlowSummary:
    box = f"{source} 10.0.0.0/8 → {destination} 172.16.0.0/12 tcp/443"
    if (source, destination) in _VIOLATIONS:
        evidence = (line("configs/fw-boundary.conf", 394, '        set service "ALL"'),)
        return FlowSummary(
            source,
            destination,
            "some",
            cell,
            "violation",
            (box,),
            3,
            _witness(),
            evidence,
            (),
            (box + " (spoofed)",),
            (box + " (reply)",),
        )
    if (source, destination) in _UNDETERMINED:
        doubt = Text(
            ja="機器 rt-water の設定が提出されていない。", en="The configuration of rt-water was not submitted."
        )
        return FlowSummary(source, destination, "undetermined", cell, "undetermined", (), 0, None, (), (doubt,))
    if cell in ("P0", "n/a"):
        return FlowSummary(source, destination, "some" if cell == "P0" else "none", cell, "free")
    if not cell.startswith("D"):
        return FlowSummary(source, destination, "some", cell, "permitted", (box,))
    return FlowSummary(source, destination, "none", cell, "denied_ok")


def _rule(
    id_: str, kind: str, ja: str, en: str, severity: Severity, clause: str, reference_only: bool = False
) -> RuleSummary:
    return RuleSummary(
        id_,
        kind,
        Text(ja=ja, en=en),
        Text(
            ja=f"総務省ガイドライン（令和8年3月版）対策基準 {clause}",
            en=f"MIC guideline (March 2026), standard {clause}",
        ),
        Text(ja=f"{ja}こと。", en=f"Required: {en}."),
        Text(
            ja="速やかに当該許可設定を削除し、必要な場合は例外措置の手続を経ること。",
            en="Remove the permission at once; where it is needed, follow the exception procedure.",
        ),
        severity,
        "medium" if reference_only else "high",
        reference_only,
    )


def _rules() -> tuple[RuleSummary, ...]:
    return (
        _rule(
            "MN-01",
            "flow_denied",
            "マイナンバー利用事務系を他の領域から分離する",
            "separate the My Number zone",
            Severity.CRITICAL,
            "3(1)①",
        ),
        _rule(
            "MN-02",
            "flow_denied",
            "マイナンバー利用事務系をインターネットに接続しない",
            "no Internet for the My Number zone",
            Severity.CRITICAL,
            "3(1)①",
        ),
        _rule(
            "MN-03",
            "flow_pinned",
            "特定通信の経路とポートを限定する",
            "pin specific communications",
            Severity.CRITICAL,
            "3(1)①",
        ),
        _rule(
            "LG-01",
            "flow_only",
            "LGWAN接続系とインターネット接続系を分割する",
            "split LGWAN and Internet zones",
            Severity.CRITICAL,
            "3(2)①",
        ),
        _rule(
            "LINK-01",
            "flow_required",
            "eLTAX及びマイナポータルとの双方向通信が成立する",
            "eLTAX and Mynaportal links work both ways",
            Severity.HIGH,
            "3(1)①",
        ),
        _rule(
            "NW-02", "filter_hygiene", "不要な許可規則を残さない", "no needless permit lines", Severity.MEDIUM, "6.1(8)"
        ),
        _rule(
            "NW-05", "device_setting", "平文の管理通信を用いない", "no clear-text management", Severity.HIGH, "6.1(8)"
        ),
        _rule("NW-14", "device_setting", "ログを収集する", "logs are collected", Severity.MEDIUM, "6.1(6)", True),
        _rule(
            "LAW-01",
            "attestation",
            "サイバーセキュリティを確保するための方針を策定する",
            "the policy is laid down",
            Severity.CRITICAL,
            "地方自治法第244条の6",
        ),
        _rule(
            "LAW-03",
            "deadline",
            "施行規則第16条の3の措置を講ずる",
            "measures of article 16-3",
            Severity.HIGH,
            "施行規則第16条の3",
        ),
        _rule(
            "WL-01",
            "device_setting",
            "無線LANの認証を強固にする",
            "strong wireless authentication",
            Severity.HIGH,
            "6.1(13)",
        ),
    )


def _pair(source: str, destination: str) -> Subject:
    titles = {zone[0]: (zone[2], zone[3]) for zone in _ZONES}
    return Subject(
        SubjectKind.ZONE_PAIR,
        f"{source}->{destination}",
        Text(
            ja=f"{titles[source][0]} → {titles[destination][0]}", en=f"{titles[source][1]} → {titles[destination][1]}"
        ),
    )


def _device(name: str) -> Subject:
    return Subject(SubjectKind.DEVICE, name, Text(ja=f"機器 {name}", en=f"device {name}"))


_TOWN = Subject(SubjectKind.MUNICIPALITY, "municipality", Text(ja="団体全体", en="the municipality"))
_LINK = Subject(
    SubjectKind.REGISTER_ENTRY, "S1-03", Text(ja="特定通信台帳 S1-03（eLTAX）", en="register entry S1-03 (eLTAX)")
)
_FW = "configs/fw-boundary.conf"


def _failed() -> tuple[RuleResult, ...]:
    return (
        RuleResult(
            "MN-02",
            Outcome.FAIL,
            "flow_found",
            _pair("my_number", "public_internet"),
            Severity.CRITICAL,
            (
                Text(
                    ja="マイナンバー利用事務系の10.10.0.0/16からインターネットの任意の宛先へ、tcp/443で到達可能な経路を確認した。",
                    en="From 10.10.0.0/16 in the My Number zone any destination on the Internet can be reached by tcp/443.",
                ),
                Text(
                    ja="経路は管理用ネットワークを経由する二段の経路である。",
                    en="The path has two hops and crosses the management segment.",
                ),
            ),
            (
                line("configs/core-sw1.txt", 212, "ip route 0.0.0.0 0.0.0.0 10.99.0.1"),
                line(_FW, 388, "    edit 47"),
                line(_FW, 392, '        set dstaddr "all"'),
                line(_FW, 394, '        set service "ALL"'),
            ),
            ("10.10.0.0/16 → 0.0.0.0/0 tcp/443", "10.10.0.0/16 → 0.0.0.0/0 tcp/80"),
            _witness(),
            Text(
                ja="fw-boundary のポリシー47（388行）を削除し、core-sw1 の212行の既定経路を削除すること。",
                en="Delete policy 47 of fw-boundary (line 388) and the default route of core-sw1 (line 212).",
            ),
        ),
        RuleResult(
            "LG-01",
            Outcome.FAIL,
            "flow_found",
            _pair("internet", "lgwan"),
            Severity.CRITICAL,
            (
                Text(
                    ja="インターネット接続系の10.30.4.0/24からLGWAN接続系の10.20.1.15へ、tcp/445で到達可能な経路を確認した。",
                    en="From 10.30.4.0/24 in the Internet zone 10.20.1.15 in the LGWAN zone can be reached by tcp/445.",
                ),
            ),
            tuple(line(_FW, 400 + index, f'        set comments "line {index}"') for index in range(40)),
            tuple(f"10.30.4.{index}/32 → 10.20.1.15 tcp/445" for index in range(30)),
            _witness(),
            None,
            (),
            Disposition.EXCEPTION_EXPIRED,
            "EX-02",
        ),
        RuleResult(
            "MN-01",
            Outcome.FAIL,
            "flow_found",
            _pair("my_number", "lgwan"),
            Severity.CRITICAL,
            (
                Text(
                    ja="特定通信台帳に登録のない通信許可設定が1件存在する。",
                    en="One permission has no entry in the register.",
                ),
            ),
            (line(_FW, 210, "    edit 12"),),
            ("10.10.1.0/24 → 10.20.1.0/24 tcp/1433",),
            _witness(),
            None,
            (),
            Disposition.EXCEPTED,
            "EX-01",
        ),
        RuleResult(
            "MN-03",
            Outcome.FAIL,
            "any_service",
            _LINK,
            Severity.CRITICAL,
            (
                Text(
                    ja="当該規則は宛先ポートが限定されておらず、通信経路の限定の要件を満たさない。",
                    en="The rule does not limit the destination port.",
                ),
            ),
            (line(_FW, 233, '        set service "ALL"'),),
        ),
        RuleResult(
            "LINK-01",
            Outcome.FAIL,
            "blocked_one_way",
            _LINK,
            Severity.HIGH,
            (Text(ja="eLTAXからの折り返しの通信が拒否される。", en="Connections coming back from eLTAX are denied."),),
            (line("configs/rtx-honcho.txt", 57, "ip filter 100011 reject * 10.10.1.0/24 tcp * *"),),
            (),
            None,
            Text(ja="100011 の前に許可の行を置くこと。", en="Put a permit line before 100011."),
        ),
        RuleResult(
            "NW-05",
            Outcome.FAIL,
            "telnet_enabled",
            _device("core-sw1"),
            Severity.HIGH,
            (Text(ja="telnet による管理が有効である。", en="Management by telnet is enabled."),),
            (line("configs/core-sw1.txt", 340, " transport input telnet ssh"),),
            disposition=Disposition.DISPUTED,
        ),
        RuleResult(
            "NW-02",
            Outcome.FAIL,
            "shadowed_line",
            _device("fw-boundary"),
            Severity.MEDIUM,
            (
                Text(
                    ja="ポリシー31は先行する規則に覆われ、機能しない。",
                    en="Policy 31 is covered by earlier lines and has no effect.",
                ),
            ),
            (line(_FW, 301, "    edit 31"),),
        ),
    )


def _undetermined() -> tuple[RuleResult, ...]:
    needs = (
        Text(
            ja="機器 rt-water の設定ファイル（show config の全文）を提出すること。",
            en="Submit the configuration of rt-water (all of show config).",
        ),
    )
    return (
        *(
            RuleResult(
                "LG-01",
                Outcome.UNDETERMINED,
                "missing_config",
                _pair(source, destination),
                Severity.CRITICAL,
                (
                    Text(
                        ja="提出された証跡からは判断できないため、確認不能とした。",
                        en="It cannot be judged from the evidence submitted.",
                    ),
                ),
                (line("municipality.yaml", 88, "  - name: rt-water"),),
                needs=needs,
            )
            for source, destination in sorted(_UNDETERMINED)
        ),
        RuleResult(
            "LAW-03",
            Outcome.UNDETERMINED,
            "no_attestation",
            _TOWN,
            Severity.HIGH,
            (
                Text(
                    ja="施行規則第16条の3の八分野についての申告がない。",
                    en="There is no statement on the eight fields.",
                ),
            ),
            needs=(
                Text(ja="attestations.yaml に申告を記載すること。", en="Write the statement into attestations.yaml."),
            ),
            days_left=223,
        ),
        RuleResult(
            "NW-14",
            Outcome.ERROR,
            "evaluation_error",
            _device("rtx-honcho"),
            Severity.MEDIUM,
            (Text(ja="評価が複雑になりすぎ、打ち切った。", en="The evaluation grew too complex and was stopped."),),
        ),
    )


def _settled() -> tuple[RuleResult, ...]:
    return (
        *(
            RuleResult(
                "MN-02",
                Outcome.PASS,
                "no_flow",
                _pair("my_number", destination),
                Severity.CRITICAL,
                (Text(ja="通信の開始が可能な経路は存在しない。", en="No packet can open a connection."),),
                (line(_FW, 510, "    edit 99"), line(_FW, 516, "        set action deny")),
            )
            for destination in ("internet", "security_cloud", "guest_wireless", "other_internal")
        ),
        *(
            RuleResult(
                "NW-05",
                Outcome.PASS,
                "encrypted_only",
                _device(f"sw-floor{number:02}"),
                Severity.HIGH,
                (Text(ja="管理通信は ssh に限られている。", en="Management is by ssh only."),),
                (line(f"configs/sw-floor{number:02}.txt", 77, " transport input ssh"),),
            )
            for number in range(1, 7)
        ),
        RuleResult(
            "LAW-01",
            Outcome.PASS,
            "attested",
            _TOWN,
            Severity.CRITICAL,
            (Text(ja="令和8年3月20日付けの申告がある。", en="There is a statement of 20 March 2026."),),
            (line("attestations.yaml", 4, "  - id: AT-01"),),
        ),
        RuleResult(
            "WL-01",
            Outcome.NOT_APPLICABLE,
            "no_wireless",
            _TOWN,
            Severity.HIGH,
            (Text(ja="業務用の無線LANはない。", en="There is no wireless LAN for business."),),
        ),
    )


def _inputs() -> tuple[InputSummary, ...]:
    unread = (
        LineNote(
            141, "ip tunnel secure filter 5", Text(ja="読み取れない行である。", en="This line was not understood.")
        ),
        LineNote(305, "url bad-word filter on", None),
    )
    return (
        InputSummary("municipality.yaml", "municipality", 9_412, digest("municipality.yaml"), encoding="UTF-8"),
        InputSummary("attestations.yaml", "attestations", 3_010, digest("attestations.yaml"), encoding="UTF-8"),
        InputSummary("exceptions.yaml", "exceptions", 812, digest("exceptions.yaml"), encoding="UTF-8"),
        InputSummary(_FW, "config", 30_125, digest(_FW), "fortios", ("fw-boundary",), "UTF-8", 812, 700, 112, 0),
        InputSummary(
            "configs/core-sw1.txt",
            "config",
            12_400,
            digest("configs/core-sw1.txt"),
            "cisco_ios",
            ("core-sw1",),
            "UTF-8",
            402,
            371,
            31,
            0,
        ),
        InputSummary(
            "configs/rtx-honcho.txt",
            "config",
            8_811,
            digest("configs/rtx-honcho.txt"),
            "yamaha",
            ("rtx-honcho",),
            "CP932",
            310,
            290,
            18,
            2,
            unread,
        ),
        InputSummary(
            "configs/unknown.bin",
            "config",
            51_200,
            digest("configs/unknown.bin"),
            problem=Text(
                ja="バイナリファイルであり、設定として読めない。", en="It is a binary file, not a configuration."
            ),
        ),
        InputSummary("probes/from-internet.xml", "probe", 40_960, digest("probes/from-internet.xml")),
    )


def _register() -> tuple[RegisterSummary, ...]:
    day = datetime.date(2026, 3, 20)
    rows = (
        ("S1-01", "住民基本台帳ネットワーク", 8443),
        ("S1-02", "中間サーバー", 443),
        ("S1-03", "eLTAX 審査システム", 443),
        ("S1-04", "マイナポータル申請管理", 443),
    )
    return tuple(
        RegisterSummary(
            id_,
            title,
            "S1",
            "my_number",
            "specific_destination",
            number > 1,
            (f"10.10.1.{number + 5} → 172.21.5.{number + 10} tcp/{port}",),
            "情報政策課長",
            day,
            None if number else datetime.date(2027, 3, 31),
        )
        for number, (id_, title, port) in enumerate(rows)
    )


def _ledger() -> tuple[LedgerSummary, ...]:
    return (
        LedgerSummary("fw-boundary", "Fortinet", "境界FW", ("my_number", "lgwan", "internet"), True, _FW),
        LedgerSummary("core-sw1", "Cisco", "コアスイッチ", ("my_number", "management"), True, "configs/core-sw1.txt"),
        LedgerSummary("rtx-honcho", "YAMAHA", "拠点ルータ", ("lgwan",), True, "configs/rtx-honcho.txt"),
        LedgerSummary("rt-water", "YAMAHA", "水道庁舎ルータ", ("other_internal",), False, None),
    )


def sample_result() -> AuditResult:
    """A city with violations, gaps, exceptions, deadlines and passes."""
    results = (*_failed(), *_undetermined(), *_settled())
    counts = {outcome: sum(item.outcome is outcome for item in results) for outcome in Outcome}
    return AuditResult(
        schema_version=SCHEMA_VERSION,
        tool_version="0.1.0",
        code="139998",
        name="若葉野市",
        prefecture="架空県",
        model="alpha",
        model_title=Text(ja="αモデル", en="α model"),
        edition="mic-2026-03",
        edition_title=Text(ja="総務省ガイドライン（令和8年3月版）", en="MIC guideline, March 2026 edition"),
        as_of=AS_OF,
        newest_evidence=datetime.date(2026, 11, 12),
        rates=rates(counts, excepted=1),
        inputs=_inputs(),
        zones=_zones(),
        flows=_flows(),
        register=_register(),
        ledger=_ledger(),
        exceptions=(
            ExceptionSummary(
                "EX-01",
                "MN-01",
                "my_number->lgwan",
                "valid",
                datetime.date(2027, 3, 31),
                1,
                "基幹系更改までの経過措置",
                "接続元を端末2台に限定し、操作を記録する。",
                "副市長",
            ),
            ExceptionSummary("EX-02", "LG-01", None, "expired", datetime.date(2026, 9, 30), 1),
        ),
        deadlines=(
            Deadline(
                "act-244-6",
                Text(
                    ja="地方自治法第244条の6に基づく方針の策定及び公表",
                    en="Policy under article 244-6 of the Local Autonomy Act",
                ),
                datetime.date(2026, 4, 1),
                -233,
                True,
            ),
            Deadline(
                "rule-16-3",
                Text(ja="地方自治法施行規則第16条の3の措置", en="Measures of article 16-3 of the Enforcement Rules"),
                datetime.date(2027, 7, 1),
                223,
                None,
            ),
        ),
        rules=_rules(),
        results=results,
        problems=(
            Text(
                ja="configs/unknown.bin: バイナリファイルのため読み取らなかった。この機器に関わる判定は確認不能である。",
                en="configs/unknown.bin: not read, because it is a binary file; verdicts that depend on it are undetermined.",
            ),
        ),
        definitions=(
            InputSummary("policies/mic-2026-03/alpha.yaml", "definition", 7_300, digest("policy")),
            InputSummary("rulesets/mic/my-number/MN-01.yaml", "definition", 11_020, digest("ruleset")),
        ),
        deviations=(
            DeviationSummary(
                kind="tightened",
                ruleset="example",
                subject="NW-17",
                title=Text(ja="時刻同期", en="Time synchronisation"),
                severity=Severity.MEDIUM,
                what=Text(ja="重要度 中 → 高", en="severity medium → high"),
                reason=Text(ja="過去の事案を踏まえたため", en="because of what happened"),
                decided_by="最高情報セキュリティ責任者",
                decided_on=datetime.date(2026, 4, 1),
            ),
        ),
        conditions=(
            ConditionSummary(
                "D",
                Text(ja="遮断", en="denied"),
                Text(ja="到達可能な通信があってはならない。", en="No flow may be possible."),
            ),
            ConditionSummary(
                "S1",
                Text(ja="特定通信", en="specific communication"),
                Text(ja="特定通信台帳に登録した通信に限る。", en="Registered flows only."),
            ),
        ),
    )


def rates(counts: dict[Outcome, int], excepted: int = 0) -> Rates:
    passed, failed = counts[Outcome.PASS], counts[Outcome.FAIL]
    undetermined, errors = counts[Outcome.UNDETERMINED], counts[Outcome.ERROR]
    total = passed + failed + undetermined + errors
    shares = (None, None, None) if not total else tuple(n / total for n in (passed, passed + excepted, passed + failed))
    return Rates(passed, failed, undetermined, errors, counts[Outcome.NOT_APPLICABLE], excepted, *shares)


def empty_result() -> AuditResult:
    """An audit folder in which nothing was found: every part of the report must still say so."""
    return dataclasses.replace(
        sample_result(),
        newest_evidence=None,
        rates=rates(dict.fromkeys(Outcome, 0)),
        **dict.fromkeys(
            (
                "inputs",
                "zones",
                "flows",
                "register",
                "ledger",
                "exceptions",
                "deadlines",
                "rules",
                "results",
                "problems",
                "definitions",
                "conditions",
                "deviations",
            ),
            (),
        ),
    )


def many_results(count: int) -> AuditResult:
    """The sample with very many findings."""
    base = sample_result()
    template = _failed()[0]
    extra = tuple(dataclasses.replace(template, subject=_device(f"sw-{number:05}")) for number in range(count))
    results = (*base.results, *extra)
    counts = {outcome: sum(item.outcome is outcome for item in results) for outcome in Outcome}
    return dataclasses.replace(base, results=results, rates=rates(counts, excepted=1))


HOSTILE = (
    "</title></style></script><script>window.hacked=1;alert(1)</script><img src=x onerror=alert(2)>"
    '"\'><svg onload=alert(3)><a href="javascript:alert(4)">x</a>{{7*7}}{% raw %}&lt;b&gt;<!--]]>'
    "\x00\x1b[31m\u202egpj.exe\u2066\u200b" + "W" * 300
)
_KEPT = frozenset(
    ("sha256", "digest", "schema_version", "kind", "state", "verdict", "judgement", "layer", "model", "code_of_body")
)


def hostile_result() -> AuditResult:
    """The sample with `HOSTILE` behind every text that a person or a device could have written."""
    return _poison(sample_result())


def _poison(value: object, name: str = "") -> object:
    if isinstance(value, enum.Enum) or name in _KEPT:
        return value
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, tuple):
        return tuple(_poison(item, name) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _poison(getattr(value, field.name), field.name)
            for field in dataclasses.fields(value)
            if not (isinstance(value, AuditResult) and field.name in ("code", "tool_version", "name", "prefecture"))
            and not (isinstance(value, RuleSummary) and field.name == "kind_")
        }
        if isinstance(value, AuditResult):
            # The schema bounds these, so that a hostile file cannot fill a table with one name.
            short = HOSTILE[:190]
            changed |= {"name": short, "prefecture": short, "tool_version": HOSTILE[:79]}
        return dataclasses.replace(value, **changed)
    return value
