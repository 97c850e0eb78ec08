"""The text of the report: complete, deterministic, in words of advice, and honest about what it leaves out."""

from __future__ import annotations

import dataclasses
import html
import random
import re

import pytest

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import from_json, to_json
from secaudit.report.environment import percent
from secaudit.report.findings import EVIDENCE_FOLDED, EVIDENCE_SHOWN, IN_BRIEF, IN_FULL
from secaudit.report.html import render_html
from secaudit.report.wrapping import visible
from secaudit.rules.result import Evidence, Outcome
from secaudit.text.bilingual import Language, Text
from tests.report.sample import digest, empty_result, hostile_result, many_results, sample_result


def plain(page: str) -> str:
    """The text of a page without its elements."""
    body = page[page.index("<body>") :]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def test_the_same_result_gives_the_same_bytes_in_whatever_order_it_comes() -> None:
    result = sample_result()
    page = render_html(result, Language.JA)
    shuffler = random.Random(3)
    names = ("inputs", "flows", "register", "ledger", "exceptions", "deadlines", "rules", "results", "definitions")
    shuffled = {name: tuple(shuffler.sample(getattr(result, name), len(getattr(result, name)))) for name in names}
    assert render_html(dataclasses.replace(result, **shuffled), Language.JA) == page
    assert render_html(from_json(to_json(result), "result.json"), Language.JA) == page


def test_the_only_date_is_the_audits_own() -> None:
    page = render_html(empty_result(), Language.JA)
    assert set(re.findall(r"20\d\d年\d+月\d+日", page)) == {"2026年11月20日"}
    assert "令和8年11月20日（2026年11月20日）" in page


def test_the_cover_says_what_and_that_it_is_advice() -> None:
    page = plain(render_html(sample_result(), Language.JA))
    for words in (
        "若葉野市",
        "139998",
        "架空県",
        "αモデル",
        "総務省ガイドライン（令和8年3月版）",
        "secaudit 0.1.0",
        "助言型監査",
    ):
        assert words in page
    assert "机上検証の結果を、助言型監査として示すものである" in page
    assert "保証するものではない" in page
    assert "監査人" in page
    assert "被監査部門" in page


@pytest.mark.parametrize("language", list(Language))
def test_no_sentence_claims_assurance(language: Language) -> None:
    for result in (sample_result(), empty_result()):
        page = plain(render_html(result, language))
        for words in ("安全である", "保証する。", "保証します", "is secure", "guarantees"):
            assert words not in page


def test_separation_and_split_are_not_confused() -> None:
    page = plain(render_html(sample_result(), Language.JA))
    assert "マイナンバー利用事務系は、他の領域から分離されているか" in page
    assert "LGWAN接続系とインターネット接続系は分割されているか" in page
    assert "インターネット接続系は分離" not in page
    drawing = render_html(sample_result(), Language.JA).partition('<svg class="network"')[2].partition("</svg>")[0]
    marks = re.findall(r'text-anchor="middle">(分離|分割)</text>', drawing)
    # MN left of LG, LG left of IN.
    assert marks == ["分離", "分割"]


def test_a_finding_shows_everything_that_proves_it() -> None:
    page = render_html(sample_result(), Language.JA)
    article = plain("<body>" + page.partition('id="finding-2"')[2].partition("</article>")[0])
    for words in (
        "マイナンバー利用事務系をインターネットに接続しない",
        "重大",
        "MN-02",
        "マイナンバー利用事務系 → インターネット",
        "対策基準 3(1)①",
        "tcp/443で到達可能な経路を確認した。",
        "10.10.0.0/16 → 0.0.0.0/0 tcp/443",
        'set dstaddr "all"',
        "tcp 10.10.3.21:40000 > 198.51.100.80:443",
        "既定経路により 10.99.0.1 へ送る。",
        "tcp 203.0.113.10:40000 > 198.51.100.80:443",
        "fw-boundary のポリシー47（388行）を削除し",
    ):
        assert words in article, words
    assert re.search(r"configs/core-sw1\.txt\s*:212", article)


def test_findings_are_sorted_by_weight() -> None:
    page = render_html(sample_result(), Language.JA)
    found = re.findall(r'<article class="finding finding-(\w+)( finding-excepted)?" id="finding-(\d+)"', page)
    assert [severity for severity, _, _ in found] == ["critical"] * 4 + ["high"] * 2 + ["medium"]
    assert [bool(excepted) for _, excepted, _ in found] == [False, False, False, True, False, False, False]
    assert [number for _, _, number in found] == [str(number) for number in range(1, 8)]


def test_what_crosses_a_boundary_comes_before_other_findings_of_its_weight() -> None:
    result = sample_result()
    results = tuple(
        dataclasses.replace(item, outcome=Outcome.FAIL) if item.rule == "LAW-01" else item for item in result.results
    )
    page = render_html(dataclasses.replace(result, results=results), Language.JA)
    table = page.partition('class="compact list"')[2].partition("</table>")[0]
    assert re.findall(r'<td class="rule-id">([A-Z]+-\d+)</td>', table)[:5] == [
        "LG-01",
        "MN-02",
        "LAW-01",
        "MN-03",
        "MN-01",
    ]


def test_the_first_steps_are_the_remedies_of_failures_and_the_needs_of_gaps() -> None:
    result = sample_result()
    needs = (Text(ja="資料を出す。", en="Submit."),)
    results = tuple(
        dataclasses.replace(item, needs=needs) if item.outcome is Outcome.FAIL else item for item in result.results
    )
    steps = render_html(dataclasses.replace(result, results=results), Language.JA).partition('<ol class="steps">')[2]
    steps = steps.partition("</ol>")[0]
    assert "資料を出す。" not in steps
    assert "fw-boundary のポリシー47（388行）を削除し" in steps
    gaps = tuple(item for item in result.results if item.outcome is not Outcome.FAIL)
    steps = render_html(dataclasses.replace(result, results=gaps), Language.JA).partition('<ol class="steps">')[2]
    assert "機器 rt-water の設定ファイル（show config の全文）を提出すること。" in steps.partition("</ol>")[0]


def test_what_is_undetermined_says_what_to_submit() -> None:
    page = plain(render_html(sample_result(), Language.JA).partition('id="unknown"')[2].join(["<body>", ""]))
    assert "提出を要する資料" in page
    assert "機器 rt-water の設定ファイル（show config の全文）を提出すること。" in page
    assert "適合を意味しない" in page


def test_every_part_that_is_empty_says_so() -> None:
    page = render_html(empty_result(), Language.JA)
    for section in re.findall(r'<section class="chapter[^"]*" id="([a-z-]+)"', page):
        if section in ("summary", "glossary"):
            continue
        content = page.partition(f'id="{section}"')[2].partition("</section>")[0]
        assert 'class="none"' in content, section
    assert "判定できた事項がない。" in page


def test_english_is_as_complete_as_japanese() -> None:
    texts = [render_html(sample_result(), language) for language in Language]
    structures = [re.findall(r"<(\w+)", page[page.index("<body>") :]) for page in texts]
    # Conjunctions and counters differ; the elements must not.
    assert structures[0] == structures[1]
    english = plain(texts[1])
    left = re.findall(r"[ぁ-んァ-ヶ一-龠]{2,}", english)
    # Only what people wrote in Japanese themselves: names, roles, titles of register entries and reasons.
    allowed = plain(to_json(sample_result()).join(["<body>", ""]))
    assert [word for word in left if word not in allowed] == []


def test_every_language_has_its_own_words() -> None:
    page = render_html(hostile_result(), Language.EN)
    assert '<html lang="en">' in page
    assert "Audit report on the three-layer measures" in page


def test_hostile_text_is_shown_but_stays_text() -> None:
    page = render_html(hostile_result(), Language.JA)
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:alert(4)&#34;" in page
    assert "&lt;script&gt;window.hacked=1" in page
    assert "{{7*7}}" in page
    for character in "\x00\x1b\u202e\u2066\u200b":
        assert character not in page
    assert "⟨U+202E⟩gpj.exe⟨U+2066⟩⟨U+200B⟩" in page
    # The style sheet ends where ours ends.
    assert page.count("</style>") == 1
    assert page.index("</style>") < page.index("<body>")


def test_nothing_is_fetched_and_no_script_is_needed() -> None:
    page = render_html(sample_result(), Language.JA)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    assert page.index(policy) < page.index("<style>")
    rest = page.replace(policy, "")
    assert not re.search(r"https?://|//[a-z]|@import|url\((?!#)|\bsrc\b|srcset|\baction=", rest)


def test_long_lists_are_cut_and_say_how_much_is_left() -> None:
    result = sample_result()
    many = tuple(Evidence("configs/x.txt", number, f"line {number}", digest("x")) for number in range(1, 1001))
    results = tuple(
        dataclasses.replace(item, evidence=many) if item.reason == "telnet_enabled" else item for item in result.results
    )
    page = render_html(dataclasses.replace(result, results=results), Language.JA)
    article = page.partition('id="finding-6"')[2].partition("</article>")[0]
    assert article.count("configs/x.txt") == EVIDENCE_SHOWN + EVIDENCE_FOLDED
    assert f"さらに{1000 - EVIDENCE_SHOWN - EVIDENCE_FOLDED}件が result.json にある。" in article


def test_thousands_of_findings_are_cut_and_counted() -> None:
    page = render_html(many_results(3000), Language.JA)
    assert page.count('<article class="finding finding-critical" id="finding-') == IN_FULL
    assert f'id="finding-{IN_BRIEF}"' in page
    assert f'id="finding-{IN_BRIEF + 1}"' not in page
    assert f"さらに{3007 - IN_BRIEF:,}件が result.json にある。" in page
    assert "不適合と判定した3,007件を" in page
    assert len(page.encode()) < 4_000_000


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "－"), (1.0, "100.0 %"), (0.9999, "99.9 %"), (0.0, "0.0 %"), (0.29, "29.0 %"), (2 / 3, "66.6 %")],
)
def test_a_rate_is_never_rounded_up(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_control_characters_are_made_visible_and_text_is_kept() -> None:
    assert visible("設定 ok\tx\n") == "設定 ok\tx\n"
    assert visible("\ud800\ue000\x7f\u2028") == "⟨U+D800⟩⟨U+E000⟩⟨U+007F⟩⟨U+2028⟩"


def test_a_result_whose_flows_name_unknown_zones_is_still_drawn() -> None:
    result: AuditResult = dataclasses.replace(sample_result(), zones=())
    page = render_html(result, Language.JA)
    assert '<th scope="row"><b>my_number</b>' in page
    # Without zones nobody can say which pairs cross a boundary: that is not a good answer.
    checks = page.partition('class="checks"')[2].partition("</table>")[0]
    assert checks.count("領域が定義されておらず、判断できない。") == 2


def test_half_a_character_does_not_stop_the_report() -> None:
    page = render_html(dataclasses.replace(sample_result(), name="青\ud800市"), Language.JA)
    assert "青⟨U+D800⟩市" in page.encode("utf-8").decode("utf-8")
