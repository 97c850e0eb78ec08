"""One thing wrong with the audit folder at a time: a clear message in both languages, the known exit status, the rest of the audit done,

and in every case no result is `pass` that would not be without the fault.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.folders import (
    ANOTHER_VENDOR,
    AS_OF,
    FORTIGATE,
    MUNICIPALITY,
    YAMAHA,
    Folder,
    audited,
    flow_passes,
    passes,
)
from tests.cli.program import secaudit

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
ZIP = b"PK\x03\x04" + bytes(range(256)) * 20

NMAP = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -sS -oX scan.xml 10.20.0.5" start="1789000000" version="7.94" xmloutputversion="1.05">
<host starttime="1789000000" endtime="1789000010"><status state="up" reason="syn-ack" reason_ttl="64"/>
<address addr="10.20.0.5" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="443"><state state="open" reason="syn-ack" reason_ttl="63"/></port></ports>
</host>
<runstats><finished time="1789000011" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""
META = "from_zone: my_number\nsource_address: 10.10.0.5\n"

XML_BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE nmaprun [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>\n<nmaprun>&j;</nmaprun>\n"
)
ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to the folder, and what a person must be told."""

    name: str
    damage: Callable[[Folder], object]
    ja: tuple[str, ...]
    en: tuple[str, ...]


def _no_configs(folder: Folder) -> None:
    shutil.rmtree(folder.path / "configs")


def _empty_configs(folder: Folder) -> None:
    _no_configs(folder)
    (folder.path / "configs").mkdir()


def _config(content: str | bytes, name: str = "configs/fw-lgwan.conf") -> Callable[[Folder], Path]:
    return lambda folder: folder.write(name, content)


def _scan(content: str) -> Callable[[Folder], None]:
    def damage(folder: Folder) -> None:
        folder.write("probes/scan.xml", content)
        folder.write("probes/scan.meta.yaml", META)

    return damage


def _link_to_outside(folder: Folder) -> None:
    outside = folder.path.parent / "outside.conf"
    outside.write_text(FORTIGATE, encoding="utf-8")
    (folder.path / "configs/link.conf").symlink_to(outside)


def _link_to_a_folder(folder: Folder) -> None:
    outside = folder.path.parent / "outside"
    outside.mkdir()
    (outside / "fw.conf").write_text(FORTIGATE, encoding="utf-8")
    (folder.path / "configs/link").symlink_to(outside)


def _link_to_itself(folder: Folder) -> None:
    (folder.path / "configs/loop.conf").symlink_to("loop.conf")


CANNOT_START = [
    Fault(
        "an empty folder",
        lambda folder: (shutil.rmtree(folder.path), folder.path.mkdir()),
        ("監査フォルダが空です", "secaudit init"),
        ("audit folder is empty", "secaudit init"),
    ),
    Fault(
        "no municipality.yaml",
        lambda folder: (folder.path / "municipality.yaml").unlink(),
        ("municipality.yaml がありません", "secaudit init"),
        ("There is no municipality.yaml", "secaudit init"),
    ),
    Fault(
        "another name for municipality.yaml",
        lambda folder: (folder.path / "municipality.yaml").rename(folder.path / "municipality.yml"),
        ("「municipality.yml」の名前を municipality.yaml に変えて",),
        ("Rename `municipality.yml` to municipality.yaml",),
    ),
    Fault(
        "a quotation mark forgotten",
        lambda folder: folder.change("municipality.yaml", "name: あおぞら市", 'name: "あおぞら市'),
        ("municipality.yaml:", "YAML として読めません", "引用符の閉じ忘れ"),
        ("municipality.yaml:", "YAML", "closing quotes"),
    ),
    Fault(
        "a tab",
        lambda folder: folder.change("municipality.yaml", "  name: あおぞら市", "\tname: あおぞら市"),
        ("municipality.yaml:3", "字下げにタブは使えません"),
        ("municipality.yaml:3", "tab"),
    ),
    Fault(
        "a full-width colon",
        lambda folder: folder.change("municipality.yaml", "name: あおぞら市", "name：あおぞら市"),
        ("municipality.yaml:4", "全角の空白やコロン"),
        ("municipality.yaml:4", "full-width"),
    ),
    Fault(
        "a key with a typing error",
        lambda folder: folder.change("municipality.yaml", "prefecture:", "prefectrue:"),
        ("[municipality.prefectrue]", "「prefecture」のことですか"),
        ("[municipality.prefectrue]", "prefecture"),
    ),
    Fault(
        "y and z changed places (a German keyboard)",
        lambda folder: folder.change("municipality.yaml", "  my_number:\n", "  mz_number:\n"),
        ("municipality.yaml:11 [zones.mz_number]", "「my_number」のことですか"),
        ("municipality.yaml:11 [zones.mz_number]", "my_number"),
    ),
    Fault(
        "a check digit that does not fit",
        lambda folder: folder.change("municipality.yaml", "202991", "202992"),
        ("municipality.yaml:2 [municipality.code]", "検査数字が合いません", "202991"),
        ("municipality.yaml:2 [municipality.code]", "check digit", "202991"),
    ),
    Fault(
        "a model that does not exist",
        lambda folder: folder.change("municipality.yaml", "model: alpha", "model: α"),
        ("[model]", "alpha, alpha_prime, beta, beta_prime"),
        ("[model]", "alpha, alpha_prime, beta, beta_prime"),
    ),
    Fault(
        "a subnet in two zones",
        lambda folder: folder.change("municipality.yaml", "[10.20.0.0/16]", "[10.20.0.0/16, 10.10.0.0/16]"),
        ("[zones.lgwan.subnets[1]]", "10.10.0.0/16（lgwan）は 12 行目の my_number にもあります", "どちらかを直す"),
        ("[zones.lgwan.subnets[1]]", "10.10.0.0/16", "my_number"),
    ),
    Fault(
        "overlapping zones",
        lambda folder: folder.change("municipality.yaml", "[10.20.0.0/16]", "[10.0.0.0/8]"),
        ("10.10.0.0/16（my_number）は 14 行目の lgwan の 10.0.0.0/8 に含まれています", "どちらかを直す"),
        ("10.10.0.0/16", "10.0.0.0/8", "lgwan"),
    ),
    Fault(
        "a zone without anything",
        lambda folder: folder.change("municipality.yaml", "  lgwan_network:", "  education:\n  lgwan_network:"),
        ("[zones.education]", "subnets"),
        ("[zones.education]", "subnets"),
    ),
    Fault(
        "an interface of a device that is not in the ledger",
        lambda folder: folder.change("municipality.yaml", "[fw-lgwan:port3]", "[fw-lgwann:port3]"),
        ("「fw-lgwann」が機器台帳", "「fw-lgwan」のことですか"),
        ("fw-lgwann", "fw-lgwan"),
    ),
    Fault(
        "a YAML alias bomb",
        lambda folder: folder.write("municipality.yaml", ALIAS_BOMB + MUNICIPALITY),
        ("municipality.yaml:1", "アンカー（`&`）は使えません"),
        ("municipality.yaml:1", "&"),
    ),
    Fault(
        "YAML that is nested without end",
        lambda folder: folder.write("municipality.yaml", "a: " + "[" * 100_000),
        ("入れ子が深すぎる",),
        ("Nested too deeply",),
    ),
    Fault(
        "an Excel file instead of YAML",
        lambda folder: folder.write("municipality.yaml", ZIP),
        ("municipality.yaml: テキストではありません", "UTF-8 として保存し直して"),
        ("municipality.yaml: This is not text", "UTF-8"),
    ),
    Fault(
        "a CSV file instead of YAML",
        lambda folder: folder.write("municipality.yaml", "code,name\n202991,あおぞら市\n"),
        ("municipality.yaml:1", "キー: 値"),
        ("municipality.yaml:1", "key: value"),
    ),
]


@pytest.mark.parametrize("fault", CANNOT_START, ids=lambda fault: fault.name)
def test_the_audit_cannot_start(fault: Fault, folder: Folder) -> None:
    fault.damage(folder)
    for language, wanted in (("ja", fault.ja), ("en", fault.en)):
        ran = secaudit("audit", folder.path, "--out", folder.out, "--as-of", AS_OF, "--lang", language)
        assert ran.status == 2, ran
        assert ran.out == ""
        assert "→" in ran.err, "what to do"
        for fragment in wanted:
            assert fragment in ran.err
        assert len(ran.err) < 2000, "one clear message"
    assert not folder.out.exists()


@pytest.mark.parametrize("part", ["configs", "municipality.yaml", "probes"])
def test_a_part_of_the_folder_is_answered_with_the_whole(part: str, folder: Folder) -> None:
    (folder.path / "probes").mkdir()
    for language, wanted in (("ja", "監査フォルダを指定する"), ("en", "name the folder")):
        ran = secaudit("audit", folder.path / part, "--out", folder.out, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert f'{wanted}: secaudit audit "{folder.path}"' in ran.err
    here = secaudit("audit", part, "--out", folder.out, cwd=folder.path)
    assert 'secaudit audit "."' in here.err


def test_the_command_forgotten(folder: Folder) -> None:
    for language, wanted in (("ja", "監査するには"), ("en", "to audit it")):
        ran = secaudit("--lang", language, folder.path)
        assert (ran.status, ran.out) == (2, "")
        assert f'{wanted}: secaudit audit "{folder.path}"' in ran.err


GOES_ON = [
    Fault(
        "no folder for configurations",
        _no_configs,
        ("設定ファイルが一つもありません", "configs/ に置いて"),
        ("not a single device configuration", "into configs/"),
    ),
    Fault(
        "no configuration",
        _empty_configs,
        ("設定ファイルが一つもありません", "configs/ に置いて"),
        ("not a single device configuration", "into configs/"),
    ),
    Fault(
        "a binary file",
        _config(bytes(range(256)) * 50),
        ("configs/fw-lgwan.conf: テキストではありません", "テキスト形式で書き出して"),
        ("configs/fw-lgwan.conf: This is not text", "as text"),
    ),
    Fault(
        "a zip",
        _config(ZIP),
        ("configs/fw-lgwan.conf: テキストではありません", "圧縮を解いて"),
        ("configs/fw-lgwan.conf: This is not text", "Unpack"),
    ),
    Fault(
        "a screenshot beside the configurations",
        _config(PNG, "configs/画面 コピー.png"),
        ("configs/画面 コピー.png: テキストではありません", "文書や画像ではなく", "configs/ の外へ移す"),
        ("configs/画面 コピー.png: This is not text", "not a document or picture", "out of configs/"),
    ),
    Fault(
        "an Excel file beside the configurations",
        _config(ZIP, "configs/機器台帳.xlsx"),
        ("configs/機器台帳.xlsx: テキストではありません", "configs/ の外へ移す"),
        ("configs/機器台帳.xlsx: This is not text", "out of configs/"),
    ),
    Fault(
        "an empty file",
        _config(b""),
        ("configs/fw-lgwan.conf: ファイルが空です", "書き出しをやり直して"),
        ("configs/fw-lgwan.conf: The file is empty", "again"),
    ),
    Fault(
        "more than 50 MB",
        _config(b"! syslog output\n" * (4 * 1024 * 1024)),
        ("configs/fw-lgwan.conf: ファイルが大きすぎます", "設定だけを書き出した"),
        ("configs/fw-lgwan.conf: The file is too large", "the configuration alone"),
    ),
    Fault(
        "an unknown vendor",
        _config("MUROMACHI SWITCH OS 3.1\nport 1 up\nport 2 down\n"),
        ("configs/fw-lgwan.conf: どの機器の設定ファイルか判別できない", "全設定を出力したテキスト"),
        ("configs/fw-lgwan.conf: the vendor of this configuration is not recognised", "show running-config"),
    ),
    Fault(
        "a CSV file as a configuration",
        _config("No,送信元,宛先,可否\n1,10.10.0.0/16,any,不可\n".encode("cp932")),
        ("configs/fw-lgwan.conf: どの機器の設定ファイルか判別できない",),
        ("configs/fw-lgwan.conf: the vendor of this configuration is not recognised",),
    ),
    Fault(
        "a vendor known and not supported",
        _config(ANOTHER_VENDOR, "configs/rt-inet.txt"),
        ("configs/rt-inet.txt: ALAXALA AX7800R / AX2000R の設定ファイルと思われる", "確認不能となる"),
        ("configs/rt-inet.txt: this looks like a configuration of ALAXALA AX7800R / AX2000R", "undetermined"),
    ),
    Fault(
        "two configurations with one hostname",
        _config(FORTIGATE.replace('"HTTPS"', '"ALL"'), "configs/old.conf"),
        (
            "機器 fw-lgwan の設定ファイルが二つ提出されている(configs/fw-lgwan.conf と configs/old.conf)",
            "古いものは configs/ から取り除き、一つの設定を分けて出力したものは、機器台帳の files にすべて挙げる",
        ),
        (
            "two different configurations of fw-lgwan",
            "take an older one out of configs/; where they are parts of one export, name them all in `files`",
        ),
    ),
    Fault(
        "a name with HTML in it",
        _config("hello\n", "configs/<script>alert(1)<b>.conf"),
        ("configs/<script>alert(1)<b>.conf: どの機器",),
        ("configs/<script>alert(1)<b>.conf: the vendor",),
    ),
    Fault(
        "a name with a line break",
        _config(FORTIGATE, "configs/a\nb.conf"),
        ("ファイル名に使えない文字があります", "含まない名前に変えて"),
        ("The file name contains characters that are refused", "without control"),
    ),
    Fault(
        "a name that turns the direction of writing",
        _config(FORTIGATE, "configs/a\u202efnoc.conf"),
        ("ファイル名に使えない文字があります",),
        ("The file name contains characters that are refused",),
    ),
    Fault(
        "a name with two points",
        _config("hello\n", "configs/fw..conf"),
        ("configs/fw..conf: どの機器",),
        ("configs/fw..conf: the vendor",),
    ),
    Fault(
        "a link out of the folder",
        _link_to_outside,
        ("configs/link.conf: 監査フォルダの外を指すリンクです", "ファイルそのものを"),
        ("configs/link.conf: This is a link that leaves the audit folder", "a copy of the file"),
    ),
    Fault(
        "a link to a folder",
        _link_to_a_folder,
        ("configs/link: フォルダへのリンクは読みません", "フォルダそのものを"),
        ("configs/link: Links to folders are not followed", "the folder itself"),
    ),
    Fault(
        "a link to itself",
        _link_to_itself,
        ("configs/loop.conf: ファイルを開けません", "実際のファイルを"),
        ("configs/loop.conf: It cannot be opened", "the file itself"),
    ),
    Fault(
        "an interface that does not exist",
        lambda folder: folder.change("municipality.yaml", "fw-lgwan:port3", "fw-lgwan:port9"),
        ("municipality.yaml:17", "接続点 fw-lgwan:port9 が", "見つからない", "設定の通りに書く"),
        ("municipality.yaml:17", "interface fw-lgwan:port9 is in no submitted configuration", "as they stand in it"),
    ),
    Fault(
        "a zone without any device",
        lambda folder: folder.change(
            "municipality.yaml", "  lgwan_network:", "  education:\n    subnets: [10.77.0.0/16]\n  lgwan_network:"
        ),
        ("領域 education に接続する機器の設定ファイルが提出されていない", "configs/ に置き"),
        ("no submitted configuration is connected to the zone education", "into configs/"),
    ),
    Fault(
        "an nmap file cut in half",
        _scan(NMAP[: len(NMAP) // 2]),
        ("probes/scan.xml", "途中で切れています", "最後まで実行し"),
        ("probes/scan.xml", "-oX"),
    ),
    Fault(
        "an XML bomb",
        _scan(XML_BOMB),
        ("probes/scan.xml:2", "実体宣言", "-oX"),
        ("probes/scan.xml:2", "entit", "-oX"),
    ),
    Fault(
        "a picture as a probe result",
        lambda folder: folder.write("probes/nmap.png", PNG),
        ("probes/nmap.png: 探査結果として読めるのは nmap の XML", "-oX"),
        ("probes/nmap.png", "-oX"),
    ),
    Fault(
        "attestations that are no YAML",
        lambda folder: folder.write("attestations.yaml", "attestations:\n  - id: [\n"),
        ("attestations.yaml:3: YAML として読めません", "字下げ"),
        ("attestations.yaml:3", "YAML"),
    ),
    Fault(
        "an alias bomb in the exceptions",
        lambda folder: folder.write("exceptions.yaml", ALIAS_BOMB),
        ("exceptions.yaml:1", "アンカー（`&`）は使えません"),
        ("exceptions.yaml:1", "&"),
    ),
]


@pytest.mark.parametrize("fault", GOES_ON, ids=lambda fault: fault.name)
def test_the_rest_of_the_audit_is_done(fault: Fault, folder: Folder, sound: Folder) -> None:
    fault.damage(folder)
    result = audited(folder)
    english = [problem["en"] for problem in result["problems"]]
    assert any(all(fragment in one for fragment in fault.en) for one in english), english
    japanese = [problem["ja"] for problem in result["problems"]]
    assert any(all(fragment in one for fragment in fault.ja) for one in japanese), japanese
    assert passes(result) <= passes(sound.result()), "a fault never makes anything pass"
    assert {one["rule"] for one in result["results"]} == {one["rule"] for one in sound.result()["results"]}
    assert "fail" in {one["result"] for one in result["results"]}, "what can be judged is judged"
    report = (folder.out / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in report
    assert "あおぞら市" in report


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_problem_is_in_the_summary(language: str, folder: Folder) -> None:
    for fault in GOES_ON:
        if fault.name in (
            "a binary file",
            "a screenshot beside the configurations",
            "an XML bomb",
            "a zone without any device",
        ):
            fault.damage(folder)
    ran = secaudit("audit", folder.path, "--out", folder.out, "--as-of", AS_OF, "--lang", language)
    assert (ran.status, ran.err) == (1, "")
    problems = folder.result()["problems"]
    assert len(problems) >= 4
    for problem in problems:
        assert f"! {problem[language]}\n" in ran.out


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_no_configs, id="no folder"),
        pytest.param(_empty_configs, id="empty folder"),
        pytest.param(
            lambda folder: (_config("?")(folder), _config("?", "configs/rt-inet.txt")(folder)), id="nothing readable"
        ),
        pytest.param(_config(PNG, "configs/screen.png"), id="a stray file that could be any device"),
    ],
)
def test_nothing_about_flows_passes_when_configurations_are_missing(
    damage: Callable[[Folder], object], folder: Folder
) -> None:
    damage(folder)
    result = audited(folder)
    assert not flow_passes(result)
    for one in result["flows"]:
        assert one["verdict"] != "none", (one["from"], one["to"])
        assert one["judgement"] != "denied_ok", (one["from"], one["to"])


@pytest.mark.parametrize("file", ["fw-lgwan.conf", "rt-inet.txt"])
def test_without_one_configuration_its_zones_are_undetermined(file: str, folder: Folder, sound: Folder) -> None:
    (folder.path / "configs" / file).unlink()
    result = audited(folder)
    assert passes(result) < passes(sound.result())
    zones = {"fw-lgwan.conf": {"my_number", "lgwan", "lgwan_network"}, "rt-inet.txt": {"internet", "security_cloud"}}[
        file
    ]
    for one in result["flows"]:
        if one["from"] in zones or one["to"] in zones:
            assert one["verdict"] != "none", (one["from"], one["to"])
            assert one["judgement"] != "denied_ok", (one["from"], one["to"])
    assert not [pair for _, pair in flow_passes(result) if set(pair.split("->")) & zones]
    assert {one["reason"] for one in result["results"] if one["subject"]["name"] == file.partition(".")[0]} == {
        "missing_config"
    }


ZONES_BY_INTERFACE_ALONE = MUNICIPALITY.replace("    subnets: [192.0.2.0/30, 198.51.100.0/24]\n", "")


def test_a_zone_given_by_its_interface_alone_is_not_out_of_reach(folder: Folder) -> None:
    folder.write("municipality.yaml", ZONES_BY_INTERFACE_ALONE)
    audited(folder)
    assert ("OWN-03", "lgwan->lgwan_network") not in passes(folder.result()), (
        "policy 10 lets HTTPS out by that interface"
    )


def test_a_zone_given_by_the_interface_of_a_missing_device_is_undetermined(folder: Folder) -> None:
    folder.write("municipality.yaml", ZONES_BY_INTERFACE_ALONE)
    (folder.path / "configs/fw-lgwan.conf").unlink()
    audited(folder)
    assert ("MN-06", "my_number->lgwan_network") not in passes(folder.result())


def test_two_configurations_with_one_hostname_settle_nothing_about_that_device(folder: Folder) -> None:
    folder.write(
        "configs/old.conf",
        FORTIGATE.replace("set type physical", "set allowaccess telnet http\n        set type physical", 1),
    )
    result = audited(folder)
    about = {rule for rule, subject in passes(result) if subject == "fw-lgwan"}
    assert about <= {"AST-02"}, about
    assert {"HD-03-TELNET", "MN-03", "MN-04", "NW-03"} <= {
        one["rule"]
        for one in result["results"]
        if one["subject"]["name"] == "fw-lgwan" and one["result"] == "undetermined"
    }


def test_the_same_file_twice_is_one_device(folder: Folder, sound: Folder) -> None:
    folder.write("configs/copy.conf", FORTIGATE)
    audited(folder)
    assert folder.result()["problems"] == sound.result()["problems"] == []
    assert passes(folder.result()) == passes(sound.result())


def test_a_configuration_without_any_filter_is_a_finding(folder: Folder, sound: Folder) -> None:
    folder.write("configs/rt-inet.txt", "".join(line for line in YAMAHA.splitlines(True) if "filter" not in line))
    result = audited(folder)
    assert passes(result) <= passes(sound.result())
    (found,) = [one for one in result["results"] if (one["rule"], one["subject"]["name"]) == ("NW-03", "rt-inet")]
    assert found["result"] == "fail"
    assert found["evidence"][0]["file"] == "configs/rt-inet.txt"
    (pair,) = [one for one in result["flows"] if (one["from"], one["to"]) == ("security_cloud", "internet")]
    assert pair["verdict"] == "some"


def test_folders_inside_configs_are_read(folder: Folder, sound: Folder) -> None:
    (folder.path / "configs/fw-lgwan.conf").unlink()
    folder.write("configs/本庁/1階 サーバ室/fw-lgwan.conf", FORTIGATE)
    audited(folder)
    assert passes(folder.result()) == passes(sound.result())
    assert "configs/本庁/1階 サーバ室/fw-lgwan.conf" in {one["path"] for one in folder.result()["inputs"]}


def test_a_hundred_thousand_lines_are_read_to_the_last(folder: Folder, sound: Folder) -> None:
    many = "".join(
        f"ip filter {1000 + n} pass 10.30.{n % 200}.{n % 250} * tcp * {n % 60000 + 1}\n" for n in range(100_000)
    )
    folder.write("configs/rt-inet.txt", YAMAHA + many + "telnetd service on\n")
    ran = secaudit("audit", folder.path, "--out", folder.out, "--as-of", AS_OF)
    assert ran.status == 1
    (read,) = [one for one in folder.result()["inputs"] if one["path"] == "configs/rt-inet.txt"]
    assert read["coverage"]["total"] == len(YAMAHA.splitlines()) + 100_001
    assert passes(folder.result()) < passes(sound.result())
    assert ("HD-03-TELNET", "rt-inet") in {
        (one["rule"], one["subject"]["name"]) for one in folder.result()["results"] if one["result"] == "fail"
    }, "the last line counts"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_encodings_of_windows_are_no_fault(codec: str, folder: Folder, sound: Folder) -> None:
    folder.write("municipality.yaml", MUNICIPALITY.replace("\n", "\r\n").encode(codec))
    folder.write(
        "configs/fw-lgwan.conf", FORTIGATE.replace("lgwan-asp", "LGWAN接続").replace("\n", "\r\n").encode(codec)
    )
    audited(folder)
    assert folder.result()["municipality"]["name"] == "あおぞら市"
    assert passes(folder.result()) == passes(sound.result())
