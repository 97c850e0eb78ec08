"""A right audit folder, and every mistake people make in one: with line, field and what to do, in both languages."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from secaudit.errors import InputError
from secaudit.municipality.loader import load_audit_folder
from secaudit.municipality.model import InterfaceRef, Model, Role, Zone
from secaudit.municipality.template import TEMPLATE_FILES, template_text
from secaudit.text.bilingual import Language

Edit = Callable[..., Path]


def refused(folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_audit_folder(folder)
    return caught.value


def problems(folder: Path) -> list[InputError]:
    found = []
    for problem in load_audit_folder(folder).problems:
        assert isinstance(problem, InputError)
        assert problem.hint is not None
        found.append(problem)
    return found


def test_a_right_folder_is_loaded_whole(folder: Path) -> None:
    audit = load_audit_folder(folder)
    body = audit.municipality
    assert (body.code, body.name, body.prefecture, body.population_band) == (
        "202991",
        "あおぞら市",
        "長野県",
        "50000-99999",
    )
    assert (body.model, body.edition, body.roles) == (Model.ALPHA, "mic-2026-03", (Role("ciso", "副市長"),))
    zones = {binding.zone: binding for binding in body.zones}
    assert zones[Zone.MY_NUMBER].subnets == (ipaddress.ip_network("10.10.0.0/16"),)
    assert zones[Zone.MY_NUMBER].vlans == (110,)
    assert zones[Zone.MY_NUMBER].source.number == 11
    assert zones[Zone.LGWAN_NETWORK].interfaces == (InterfaceRef("fw-lgwan", "port1"),)
    assert zones[Zone.SPECIFIC_DESTINATION].behind is Zone.LGWAN_NETWORK
    assert zones[Zone.PUBLIC_INTERNET].rest
    (flow,) = body.register
    assert (flow.id, flow.condition, flow.system, flow.destination_class) == ("TK-001", "S1", "eltax", 2)
    assert (flow.source_zone, flow.destination_zone) == (Zone.MY_NUMBER, Zone.SPECIFIC_DESTINATION)
    assert flow.sources == (ipaddress.ip_network("10.10.1.5/32"),)
    assert flow.ports == ((443, 443), (8000, 8010))
    assert flow.mac_addresses == ("00:00:5e:00:53:01",)
    assert (flow.two_way, flow.required) == (True, True)
    assert (flow.approved_on, flow.valid_until) == (datetime.date(2026, 4, 1), datetime.date(2027, 3, 31))
    assert (flow.source.file, flow.source.number) == ("municipality.yaml", 28)
    first, second = body.ledger
    assert (first.name, first.file, first.routes, first.config_expected) == ("fw-lgwan", "configs/fw.conf", True, True)
    assert first.zones == (Zone.MY_NUMBER, Zone.LGWAN)
    assert (second.file, second.routes, second.config_expected, second.zones) == (None, False, False, ())
    assert [str(link.right) for link in body.links] == ["fw-inet:port5"]
    (host,) = body.hosts
    assert (host.name, host.zones, host.forwards) == ("中継サーバ", (Zone.LGWAN, Zone.MY_NUMBER), False)
    assert host.source.number == 60
    (statement,) = audit.attestations
    assert (statement.subject, statement.answer, statement.stated_on) == ("LAW-01", "yes", datetime.date(2026, 4, 1))
    assert statement.items == (("議会", "yes"), ("長", "partly"))
    assert (statement.document, statement.document_verified) == ("情政第34号", None)
    (grant,) = audit.exceptions
    assert (grant.rule, grant.subject, grant.valid_until) == ("MN-03", "TK-001", datetime.date(2027, 3, 31))
    assert audit.configs == ("configs/branch/rtx.txt", "configs/fw.conf")
    assert audit.probes == ("probes/scan.xml",)
    assert audit.problems == ()


def test_every_file_that_was_read_is_listed_with_its_digest(folder: Path) -> None:
    inputs = load_audit_folder(folder).inputs
    assert [one.path for one in inputs] == [
        *(
            "attestations.yaml",
            "configs/branch/rtx.txt",
            "configs/fw.conf",
            "exceptions.yaml",
            "municipality.yaml",
            "probes/scan.xml",
        )
    ]
    for one in inputs:
        content = (folder / one.path).read_bytes()
        assert (one.size_bytes, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())


CASES = [
    ("code: \"202991\"", 'code: "202990"', 2, "municipality.code", "The check digit of 202990 is wrong.", "団体コード 202990 の検査数字が合いません。", "it is 202991"),
    ("code: \"202991\"", "code: 2029", 2, "municipality.code", "`2029` is not a municipality code.", "「2029」は団体コードではありません。", "six digits"),
    ("code: \"202991\"", "code: 232360", 2, "municipality.code", "232360 is a code of 愛知県, not of 長野県.", "団体コード 232360 は愛知県のもので、長野県と合いません。", "leading 0"),
    ("prefecture: 長野県", "prefecture: 長野", 4, "municipality.prefecture", "There is no prefecture `長野`.", "「長野」という都道府県はありません。", "Did you mean `長野県`?"),
    ("model: alpha", "model: alhpa", 6, "model", "`alhpa` is not accepted here.", "「alhpa」は書けません。", "Did you mean `alpha`?"),
    ("edition: mic-2026-03", "edition: 2026-03", 7, "edition", "`2026-03` is not accepted here.", "「2026-03」は書けません。", "such as mic-2026-03"),
    ("  lgwan:\n", "  lgwann:\n", 15, "zones.lgwann", "There is no key `lgwann` here.", "「lgwann」という項目はありません。", "Did you mean `lgwan`?"),
    ("    vlans: [110]", "    vlan: [110]", 14, "zones.my_number.vlan", "There is no key `vlan` here.", "「vlan」という項目はありません。", "Did you mean `vlans`?"),
    ("    vlans: [110]", "    vlans: [4095]", 14, "zones.my_number.vlans[0]", "`4095` is not accepted here.", "「4095」は書けません。", "VLAN id from 1 to 4094"),
    ("- 10.10.0.0/16", "- 10.10.0.5/16", 13, "zones.my_number.subnets[0]", "`10.10.0.5/16` has bits set behind its prefix length.", "「10.10.0.5/16」はホスト部が 0 ではありません。", "Write `10.10.0.0/16` for the subnet or `10.10.0.5`"),
    ("- 10.10.0.0/16", "- 10.10.0/16", 13, "zones.my_number.subnets[0]", "`10.10.0/16` is not an address or prefix.", "「10.10.0/16」はアドレスではありません。", "10.10.0.0/16"),
    ("[10.20.0.0/16]", "[10.10.0.0/16]", 16, "zones.lgwan.subnets[0]", "10.10.0.0/16 (lgwan) is also in my_number in line 13.", "10.10.0.0/16（lgwan）は 13 行目の my_number にもあります。", "cannot be in two zones"),
    ("[10.20.0.0/16]", "[10.10.99.0/24]", 16, "zones.lgwan.subnets[0]", "10.10.99.0/24 (lgwan) lies inside 10.10.0.0/16 of my_number in line 13.", "10.10.99.0/24（lgwan）は 13 行目の my_number の 10.10.0.0/16 に含まれています。", "split the larger prefix"),
    ("[10.20.0.0/16]", "[10.0.0.0/8]", 13, "zones.my_number.subnets[0]", "10.10.0.0/16 (my_number) lies inside 10.0.0.0/8 of lgwan in line 16.", "10.10.0.0/16（my_number）は 16 行目の lgwan の 10.0.0.0/8 に含まれています。", "split the larger prefix"),
    ("    subnets: [10.20.0.0/16]", "    rest: true", 16, "zones.lgwan.rest", "Only public_internet may have `rest`.", "rest を書けるのは public_internet だけです。", "`subnets`"),
    ("    subnets: [10.20.0.0/16]", "    vlans: [120]", 15, "zones.lgwan", "Nothing says where in the network this zone is.", "この領域がネットワークのどこにあるか書かれていません。", "`subnets`"),
    ("behind: lgwan_network", "behind: government_cloud", 21, "zones.specific_destination.behind", "The zone government_cloud is not under `zones`.", "領域 government_cloud が zones にありません。", "Describe government_cloud"),
    ("behind: lgwan_network", "behind: specific_destination", 21, "zones.specific_destination.behind", "Following `behind` leads back to the zone itself.", "behind をたどると元の領域に戻ります。", "nearer"),
    ('"fw-inet:wan1"', '"fw-lgwan:port1"', 23, "zones.security_cloud.interfaces", "fw-lgwan:port1 is an entrance of lgwan_network as well, so the two cannot be told apart.", "fw-lgwan:port1 は領域 lgwan_network の出入口でもあり、区別できません。", "`behind`"),
    ('"fw-inet:wan1"', '"fw-intet:wan1"', 23, "zones.security_cloud.interfaces[0]", "The device `fw-intet` is not in the ledger (`devices`).", "機器「fw-intet」が機器台帳（devices）にありません。", "Did you mean `fw-inet`?"),
    ('"fw-inet:wan1"', '"wan1"', 23, "zones.security_cloud.interfaces[0]", "`wan1` is not accepted here.", "「wan1」は書けません。", "DEVICE:INTERFACE"),
    ("condition: S1", "condition: s1", 30, "register[0].condition", "`s1` is not accepted here.", "「s1」は書けません。", "Did you mean `S1`?"),
    ("system: eltax", "system: eltacs", 31, "register[0].system", "`eltacs` is not accepted here.", "「eltacs」は書けません。", "Did you mean `eltax`?"),
    ("from: my_number", "from: my_numbr", 33, "register[0].from", "`my_numbr` is not accepted here.", "「my_numbr」は書けません。", "Did you mean `my_number`?"),
    ("from: my_number", "from: education", 33, "register[0].from", "The zone education is not under `zones`.", "領域 education が zones にありません。", "Describe education"),
    ("sources: [10.10.1.5]", "sources: [10.20.1.5]", 35, "register[0].sources[0]", "10.20.1.5/32 is not inside the subnets of my_number (it is in lgwan).", "10.20.1.5/32 は領域 my_number の subnets に含まれません（領域 lgwan のアドレスです）。", "`from`"),
    ("sources: [10.10.1.5]", "sources: [192.0.2.1]", 35, "register[0].sources[0]", "192.0.2.1/32 is not inside the subnets of my_number (it is in no zone).", "192.0.2.1/32 は領域 my_number の subnets に含まれません（どの領域にもないアドレスです）。", "`from`"),
    ("destinations: [203.0.113.5/32]", "destinations: [203.0.113.0/24]", 36, "register[0].destinations[0]", "203.0.113.0/24 is not inside the subnets of specific_destination (it is in no zone).", "203.0.113.0/24 は領域 specific_destination の subnets に含まれません（どの領域にもないアドレスです）。", "`to`"),
    ("to: specific_destination", "to: public_internet", 36, "register[0].destinations[0]", "203.0.113.5/32 is not inside the subnets of public_internet (it is in specific_destination).", "203.0.113.5/32 は領域 public_internet の subnets に含まれません（領域 specific_destination のアドレスです）。", "`to`"),
    ("protocol: tcp", "protocol: TCP/IP", 37, "register[0].protocol", "`TCP/IP` is not accepted here.", "「TCP/IP」は書けません。", "tcp"),
    ("protocol: tcp", "protocol: icmp", 38, "register[0].ports", "icmp has no ports.", "icmp にはポート番号がありません。", "Remove `ports`"),
    ("ports: [443, 8000-8010]", "ports: []", 38, "register[0].ports", "tcp needs ports.", "tcp にはポート番号が必要です。", "0-65535"),
    ("ports: [443, 8000-8010]", "ports: [70000]", 38, "register[0].ports[0]", "`70000` is not accepted here.", "「70000」は書けません。", "0 to 65535"),
    ("ports: [443, 8000-8010]", "ports: [443, 8010-8000]", 38, "register[0].ports[1]", "`8010-8000` is not a range of ports.", "「8010-8000」はポートの範囲ではありません。", "LOW-HIGH"),
    ("ports: [443, 8000-8010]", "ports: [https]", 38, "register[0].ports[0]", "`https` is not accepted here.", "「https」は書けません。", "8000-8010"),
    ("00-00-5E-00-53-01", "00-00-5E-00-53", 39, "register[0].mac_addresses[0]", "`00-00-5E-00-53` is not a MAC address.", "「00-00-5E-00-53」は MAC アドレスではありません。", "00:00:5e:00:53:01"),
    ("two_way: true", "two_way: yes", 40, "register[0].two_way", "This must be true or false.", "ここには「true」か「false」を書きます。", None),
    ("approved_on: 令和8年4月1日", "approved_on: 平成40年4月1日", 43, "register[0].approved_on", "`平成40年4月1日` is not a date.", "「平成40年4月1日」は日付として読めません。", "2026-04-01"),
    ("valid_until: 2027-03-31", "valid_until: R7.3.31", 44, "register[0].valid_until", "The end 2025-03-31 is before the beginning 2026-04-01.", "期限 2025-03-31 が開始日 2026-04-01 より前です。", "Check both dates"),
    ("valid_until: 2027-03-31", "document: ../../etc/passwd", 44, "register[0].document", "The document `../../etc/passwd` points outside of the audit folder.", "文書「../../etc/passwd」は監査フォルダの外を指しています。", "into the audit folder"),
    ("    role: インターネット側\n", "    role: 外側\n  - name: fw-lgwan\n    vendor: other\n    role: 予備\n", 54, "devices[2].name", "`fw-lgwan` is already used in line 46.", "「fw-lgwan」は 46 行目でも使われています。", "name of its own"),
    ("file: fw.conf", "file: ../fw.conf", 50, "devices[0].file", "`../fw.conf` points outside of configs/.", "「../fw.conf」は configs/ の外を指しています。", "below configs/"),
    ("file: fw.conf", "files: [fw.conf, ../fw2.conf]", 50, "devices[0].files[1]", "`../fw2.conf` points outside of configs/.", "「../fw2.conf」は configs/ の外を指しています。", "below configs/"),
    ("file: fw.conf", "files: [fw.conf, fw2.conf, configs/fw.conf]", 50, "devices[0].files[2]", "`configs/fw.conf` is already used in line 50.", "「configs/fw.conf」は 50 行目でも使われています。", "once only"),
    ("file: fw.conf", "file: fw.conf\n    files: [fw.conf, fw2.conf]", 51, "devices[0].files", "Both `file` and `files` are given.", "file と files の両方が書かれています。", "remove `file`"),
    ("file: fw.conf", "fils: [fw.conf]", 50, "devices[0].fils", "There is no key `fils` here.", "「fils」という項目はありません。", "Did you mean `files`?"),
    ("file: fw.conf", "fileS: [fw.conf, fw2.conf]", 50, "devices[0].fileS", "There is no key `fileS` here.", "「fileS」という項目はありません。", "Did you mean `files`?"),
    ("    vendor: fortios\n    role: インターネット側", "    role: インターネット側", 51, "devices[1]", "`vendor` is missing.", "「vendor」がありません。", "fortios"),
    ("right: fw-inet:port5", "right: fw-inett:port5", 58, "links[0].right", "The device `fw-inett` is not in the ledger (`devices`).", "機器「fw-inett」が機器台帳（devices）にありません。", "Did you mean `fw-inet`?"),
    ("addresses: [10.10.1.9, 10.20.1.9]", "addresses: [10.99.1.9]", 60, "hosts[0]", "Not every address of this host is in a zone, and no zones are stated.", "この端末・サーバのアドレスにどの領域にもないものがあり、領域も書かれていません。", "`zones`"),
    ("addresses: [10.10.1.9, 10.20.1.9]", "addresses: [10.10.1.9/16]", 61, "hosts[0].addresses[0]", "`10.10.1.9/16` has bits set behind its prefix length.", "「10.10.1.9/16」はホスト部が 0 ではありません。", "10.10.1.9"),
    ("    addresses: [10.10.1.9, 10.20.1.9]\n", "", 60, "hosts[0]", "Not every address of this host is in a zone, and no zones are stated.", "この端末・サーバのアドレスにどの領域にもないものがあり、領域も書かれていません。", "`addresses`"),
    ("register:\n", "registre:\n", 27, "registre", "There is no key `registre` here.", "「registre」という項目はありません。", "Did you mean `register`?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "field", "english", "japanese", "hint"), CASES)
def test_a_mistake_in_the_municipality_ends_the_audit_with_its_place(
    edit: Edit, old: str, new: str, line: int, field: str, english: str, japanese: str, hint: str | None
) -> None:
    error = refused(edit(old, new))
    assert (error.file, error.line, error.field) == ("municipality.yaml", line, field)
    assert error.text.en == english
    assert error.text.ja == japanese
    if hint is not None:
        assert error.hint is not None
        assert hint in error.hint.en
        assert error.hint.ja
    assert error.exit_status == 2


def test_ids_of_the_register_are_unique(folder: Path) -> None:
    path = folder / "municipality.yaml"
    text = path.read_text(encoding="utf-8")
    entry = text[text.index("  - id: TK-001") : text.index("devices:")]
    path.write_text(text.replace("devices:", entry + "devices:"), encoding="utf-8")
    error = refused(folder)
    assert (error.line, error.field) == (45, "register[1].id")
    assert error.text.en == "`TK-001` is already used in line 28."


def test_all_mistakes_are_told_at_once(edit: Edit) -> None:
    edit("sources: [10.10.1.5]", "sources: [10.20.1.5]")
    error = refused(edit('code: "202991"', 'code: "202990"'))
    assert error.line == 2
    assert error.hint is not None
    assert "municipality.yaml:35 [register[0].sources[0]]: 10.20.1.5/32 is not inside" in error.hint.en
    assert "ほかに 1 件の誤りがあります:" in error.hint.ja


@pytest.mark.parametrize(("written", "code"), [("20299", "202991"), ('"２０２９９１"', "202991"), ("202991", "202991")])
def test_codes_are_completed_to_six_digits(edit: Edit, written: str, code: str) -> None:
    assert load_audit_folder(edit('"202991"', written)).municipality.code == code


def test_a_code_with_a_leading_zero_needs_no_quotes(edit: Edit) -> None:
    edit('"202991"', "011002")
    assert load_audit_folder(edit("prefecture: 長野県", "prefecture: 北海道")).municipality.code == "011002"


def test_a_hostile_file_is_answered_in_time(folder: Path) -> None:
    path = folder / "municipality.yaml"
    text = path.read_text(encoding="utf-8")
    keys = "".join(f"colour{number}: 1\n" for number in range(60_000))
    path.write_text(text + keys, encoding="utf-8")
    assert refused(folder).field == "colour0"
    many = ", ".join(f'"fw{number}:p"' for number in range(5_000))
    devices = "".join(f"  - {{name: d{number}, vendor: other, role: x}}\n" for number in range(15_000))
    text = text.replace("links:", devices + "links:").replace('"fw-inet:wan1"', many)
    path.write_text(text, encoding="utf-8")
    assert "is not in the ledger" in refused(folder).text.en


def test_an_entry_may_span_neighbouring_subnets_of_its_zone(edit: Edit) -> None:
    edit("- 10.10.0.0/16", "- 10.10.0.0/24\n      - 10.10.1.0/24")
    (flow,) = load_audit_folder(edit("sources: [10.10.1.5]", "sources: [10.10.0.0/23]")).municipality.register
    assert flow.sources == (ipaddress.ip_network("10.10.0.0/23"),)


def test_subnets_of_the_rest_zone_may_enclose_others(edit: Edit) -> None:
    audit = load_audit_folder(edit("    rest: true", "    rest: true\n    subnets: [0.0.0.0/0]"))
    assert audit.problems == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "field", "english"),
    [
        ("exceptions.yaml", "approved_by: 副市長", "approved_by: 税務 課長", 8, "exceptions[0].approved_by", "The same person requested and approved it."),
        ("exceptions.yaml", "valid_until: 令和9年3月31日", "valid_until: 令和7年3月31日", 10, "exceptions[0].valid_until", "The end 2025-03-31 is before the beginning 2026-04-01."),
        ("exceptions.yaml", "rule: MN-03", "rul: MN-03", 2, "exceptions[0]", "`rule` is missing."),
        ("exceptions.yaml", "compensating_measure: 毎日確認する。", 'compensating_measure: " "', 6, "exceptions[0].compensating_measure", "` ` is not accepted here."),
        ("exceptions.yaml", "subject: TK-001", "flow: {from_addresses: [10.1.0.1], to_addresses: [10.2.0.1], protocol: any, port: [1]}", 4, "exceptions[0].flow.port", "There is no key `port` here."),
        ("exceptions.yaml", "subject: TK-001", "flow: {from_addresses: [10.1.0.1], to_addresses: [10.2.0.1/16], protocol: tcp, ports: [443]}", 4, "exceptions[0].flow.to_addresses[0]", "`10.2.0.1/16` has bits set behind its prefix length."),
        ("exceptions.yaml", "subject: TK-001", "flow: {from_addresses: [10.1.0.1], to_addresses: ['2001:db8::1'], protocol: tcp, ports: [443]}", 4, "exceptions[0].flow.to_addresses", "Sources and destinations mix IPv4 with IPv6."),
        ("exceptions.yaml", "subject: TK-001", "flow: {from_addresses: [10.1.0.1], to_addresses: [10.2.0.1], protocol: tcp}", 4, "exceptions[0].flow", "tcp needs ports."),
        ("exceptions.yaml", "subject: TK-001", "flow: {from_addresses: [10.1.0.1], to_addresses: [10.2.0.1], protocol: icmp, ports: [1]}", 4, "exceptions[0].flow.ports", "icmp has no ports."),
        ("exceptions.yaml", "subject: TK-001", "flow: {from_addresses: [10.1.0.1], to_addresses: [10.2.0.1], protocol: tcp, ports: [70000]}", 4, "exceptions[0].flow.ports[0]", "`70000` is not accepted here."),
        ("attestations.yaml", "answer: yes", "answer: maybe", 4, "attestations[0].answer", "`maybe` is not accepted here."),
        ("attestations.yaml", "長: partly", "長: はい", 13, "attestations[0].items.長", "`はい` is not accepted here."),
        ("attestations.yaml", "stated_on: 令和8年4月1日", "stated_on: 来月", 8, "attestations[0].stated_on", "`来月` is not a date."),
        ("attestations.yaml", "role: security_officer", "role: securty_officer", 7, "attestations[0].role", "`securty_officer` is not accepted here."),
        ("attestations.yaml", "document: 情政第34号", "document: /etc/passwd", 10, "attestations[0].document", "The document `/etc/passwd` points outside of the audit folder."),
        ("attestations.yaml", "attestations:", "attestations: &a", 1, "attestations", "Anchors (`&`) are not accepted."),
    ],
)  # fmt: skip
def test_a_broken_file_of_statements_is_a_problem_and_the_audit_goes_on(
    edit: Edit, file: str, old: str, new: str, line: int, field: str, english: str
) -> None:
    folder = edit(old, new, file)
    audit = load_audit_folder(folder)
    (problem,) = problems(folder)
    assert (problem.file, problem.line, problem.field) == (file, line, field)
    assert problem.text.en == english
    assert problem.text.ja != english
    assert (audit.attestations if file == "attestations.yaml" else audit.exceptions) == ()
    assert audit.municipality.name == "あおぞら市"
    assert file in [one.path for one in audit.inputs]


def test_an_exception_may_be_limited_to_a_flow(edit: Edit) -> None:
    scope = "flow: {from_addresses: [10.1.0.0/24], to_addresses: [10.2.0.5], protocol: udp, ports: [53, 5000-5010]}"
    (grant,) = load_audit_folder(edit("subject: TK-001", scope, "exceptions.yaml")).exceptions
    assert grant.flow is not None and grant.subject is None
    assert [str(one) for one in (*grant.flow.sources, *grant.flow.destinations)] == ["10.1.0.0/24", "10.2.0.5/32"]
    assert (grant.flow.protocol, grant.flow.ports) == ("udp", ((53, 53), (5000, 5010)))
    assert grant.rule_source is not None and grant.rule_source.number == 3


def test_a_document_in_the_folder_is_digested_and_compared(folder: Path, edit: Edit) -> None:
    (folder / "documents").mkdir()
    (folder / "documents" / "方針.txt").write_text("方針", encoding="utf-8")
    digest = hashlib.sha256("方針".encode()).hexdigest()
    edit(
        "document: 情政第34号",
        f"document: documents/方針.txt\n    document_sha256: {digest.upper()}",
        "attestations.yaml",
    )
    audit = load_audit_folder(folder)
    assert audit.attestations[0].document_verified is True
    assert audit.attestations[0].document_sha256 == digest
    assert "documents/方針.txt" in [one.path for one in audit.inputs]
    assert audit.problems == ()


def test_a_changed_document_is_told(folder: Path, edit: Edit) -> None:
    (folder / "方針.txt").write_text("変更後", encoding="utf-8")
    edit("document: 情政第34号", f"document: 方針.txt\n    document_sha256: {'0' * 64}", "attestations.yaml")
    (problem,) = problems(folder)
    assert load_audit_folder(folder).attestations[0].document_verified is False
    assert (problem.file, problem.line, problem.field) == ("attestations.yaml", 11, "attestations[0].document_sha256")
    assert "its SHA-256 differs" in problem.text.en
    assert "SHA-256 が一致しません" in problem.text.ja


def test_a_missing_document_is_told(folder: Path, edit: Edit) -> None:
    edit("document: 情政第34号", f"document: documents/none.pdf\n    document_sha256: {'0' * 64}", "attestations.yaml")
    (problem,) = problems(folder)
    assert load_audit_folder(folder).attestations[0].document_verified is None
    assert problem.text.en == "The document `documents/none.pdf` is not in the audit folder."


def test_a_document_that_leaves_the_folder_by_a_link_is_refused(folder: Path, edit: Edit, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("x", encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    edit("document: 情政第34号", "document: link.txt", "attestations.yaml")
    (problem,) = problems(folder)
    assert problem.text.en == "This is a link that leaves the audit folder."
    assert "link.txt" not in [one.path for one in load_audit_folder(folder).inputs]


def test_what_cannot_start_an_audit(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for path, english, japanese in (
        (tmp_path / "empty", "The audit folder is empty.", "監査フォルダが空です。"),
        (
            tmp_path / "file",
            "This is not a folder; name an audit folder.",
            "フォルダではありません。監査フォルダを指定してください。",
        ),
        (tmp_path / "none", "There is no such audit folder.", "監査フォルダが見つかりません。"),
        (folder / "configs", "There is no municipality.yaml.", "municipality.yaml がありません。"),
    ):
        error = refused(path)
        assert (error.text.en, error.text.ja) == (english, japanese)
        assert error.hint is not None
        assert "secaudit init" in error.hint.ja
        assert error.exit_status == 2


def test_a_misnamed_municipality_file_is_recognised(folder: Path) -> None:
    (folder / "municipality.yaml").rename(folder / "municipality.yml")
    error = refused(folder)
    assert error.hint is not None
    assert error.hint.en == "Rename `municipality.yml` to municipality.yaml."


@pytest.mark.parametrize("name", ["attestations.yml", "Attestations.yaml", "attestation.yaml", "attestations.yaml.txt"])
def test_a_misnamed_file_of_statements_is_not_ignored_in_silence(folder: Path, name: str) -> None:
    (folder / "attestations.yaml").rename(folder / name)
    (problem,) = problems(folder)
    assert problem.file == name
    assert problem.text.en == "This file is not read; is it meant to be attestations.yaml?"
    assert load_audit_folder(folder).attestations == ()


def test_broken_yaml_ends_the_audit(folder: Path) -> None:
    (folder / "municipality.yaml").write_text("municipality:\n\tcode: 1\n", encoding="utf-8")
    error = refused(folder)
    assert (error.file, error.line) == ("municipality.yaml", 2)
    assert error.message(Language.JA).endswith("字下げにタブは使えません。半角の空白にしてください。")


def test_no_configuration_at_all_is_said(folder: Path) -> None:
    for path in sorted((folder / "configs").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for _ in range(2):
        (problem,) = problems(folder)
        assert problem.file == "configs"
        assert problem.text.ja == "機器の設定ファイルが一つもありません。通信の判定はすべて確認不能になります。"
        assert problem.text.en.startswith("There is not a single device configuration")
        if (folder / "configs").exists():
            (folder / "configs").rmdir()


def test_links_that_leave_the_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.conf").write_text("x", encoding="utf-8")
    (folder / "configs" / "out.conf").symlink_to(tmp_path / "outside" / "secret.conf")
    (folder / "configs" / "outdir").symlink_to(tmp_path / "outside")
    (folder / "configs" / "broken.conf").symlink_to("nowhere")
    (folder / "configs" / "loop.conf").symlink_to("loop.conf")
    (folder / "configs" / "same.conf").symlink_to("fw.conf")
    found = {problem.file: problem.text.en for problem in problems(folder)}
    assert found == {
        "configs/out.conf": "This is a link that leaves the audit folder.",
        "configs/outdir": "Links to folders are not followed.",
        "configs/broken.conf": "It cannot be opened (a broken link, perhaps).",
        "configs/loop.conf": "It cannot be opened (a broken link, perhaps).",
    }
    assert load_audit_folder(folder).configs == ("configs/branch/rtx.txt", "configs/fw.conf", "configs/same.conf")


def test_a_linked_municipality_or_configs_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "configs").rename(tmp_path / "configs")
    (folder / "configs").symlink_to(tmp_path / "configs")
    assert "This is a link that leaves the audit folder." in [problem.text.en for problem in problems(folder)]
    assert load_audit_folder(folder).configs == ()
    (folder / "municipality.yaml").rename(tmp_path / "m.yaml")
    (folder / "municipality.yaml").symlink_to(tmp_path / "m.yaml")
    assert refused(folder).text.ja == "監査フォルダの外を指すリンクです。"


def test_hostile_file_names(folder: Path) -> None:
    configs = folder / "configs"
    (configs / "new\nline.conf").write_text("x", encoding="utf-8")
    (configs / "\u202egnp.conf").write_text("x", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(configs) + b"/\xff\xfe.conf")).write_text("x", encoding="utf-8")
    (configs / "..fw.conf").write_text("x", encoding="utf-8")
    (configs / "<script>alert(1)<").write_text("x", encoding="utf-8")
    (configs / "本庁　ルータ.conf").write_text("x", encoding="utf-8")
    (configs / ".DS_Store").write_text("x", encoding="utf-8")
    (configs / ".hidden.conf").write_text("x", encoding="utf-8")
    audit = load_audit_folder(folder)
    assert audit.configs == (
        "configs/..fw.conf",
        "configs/.hidden.conf",
        "configs/<script>alert(1)<",
        "configs/branch/rtx.txt",
        "configs/fw.conf",
        "configs/本庁　ルータ.conf",
    )
    found = problems(folder)
    assert [problem.text.en for problem in found] == ["The file name contains characters that are refused."] * 3
    for problem in found:
        assert problem.message(Language.JA).encode("utf-8")
        assert "\n" not in problem.file
        assert "\u202e" not in problem.file


def test_what_is_no_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "configs" / "pipe.conf")
    (problem,) = [one for one in load_audit_folder(folder).problems if isinstance(one, InputError)]
    assert (problem.file, problem.text.en) == ("configs/pipe.conf", "This is not an ordinary file.")


def test_loading_twice_gives_the_same(folder: Path) -> None:
    assert load_audit_folder(folder) == load_audit_folder(folder)


def filled(name: str) -> str:
    """A template as a person fills it in: blanks written, the example lines put in force."""
    text = template_text(name).replace("#| ", "")
    for key, value in (("code", "202991"), ("name", "あおぞら市"), ("prefecture", "長野県")):
        text = text.replace(f"  {key}:    ", f"  {key}: {value}    ", 1)
    return text


def test_the_filled_template_is_a_right_folder(folder: Path) -> None:
    for name in TEMPLATE_FILES:
        (folder / name).write_text(filled(name), encoding="utf-8")
    audit = load_audit_folder(folder)
    assert audit.problems == ()
    assert len(audit.municipality.zones) == 8
    assert [device.name for device in audit.municipality.ledger] == ["fw-lgwan", "fw-inet", "ap-lobby"]
    assert audit.municipality.register[0].required
    assert (len(audit.attestations), len(audit.exceptions)) == (1, 1)


def test_the_unfilled_template_says_what_is_missing(folder: Path) -> None:
    (folder / "municipality.yaml").write_text(template_text("municipality.yaml"), encoding="utf-8")
    error = refused(folder)
    assert error.field == "municipality.code"
    assert error.hint is not None
    for part in ("[municipality.name]", "[municipality.prefecture]", "[zones]", "[devices]"):
        assert part in error.hint.ja


def test_the_unfilled_templates_of_statements_are_empty_lists(folder: Path) -> None:
    for name in TEMPLATE_FILES[1:]:
        (folder / name).write_text(template_text(name), encoding="utf-8")
    audit = load_audit_folder(folder)
    assert (audit.attestations, audit.exceptions, audit.problems) == ((), (), ())
