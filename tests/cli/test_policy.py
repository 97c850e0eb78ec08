"""`secaudit policy` as a person without practice meets it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from secaudit.policy import editions
from tests.cli.program import secaudit
from tests.cli.validation import validate


def test_the_matrix_of_the_newest_edition_is_shown() -> None:
    ran = secaudit("policy", "show")
    assert ran.status == 0
    assert "令和8年3月版" in ran.out and "αモデル" in ran.out
    rows = [line.split() for line in ran.out.splitlines() if line.startswith(("MN ", "GST "))]
    assert rows[0][1:6] == ["P0", "D*", "D", "D", "D"]
    assert rows[1][1:4] == ["D", "D", "D"]


def test_a_cell_is_shown_with_its_meaning_its_source_and_how_sure_it_is() -> None:
    ran = secaudit("policy", "show", "--from", "lgwan", "--to", "my_number", "--lang", "en")
    assert ran.status == 0
    assert "D*/S2" in ran.out and "medium" in ran.out and "DECK-R8: " in ran.out


def test_json_fits_its_schema() -> None:
    shown = secaudit("policy", "show", "--model", "beta_prime", "--format", "json").json()
    validate(shown, "policy")
    assert len(shown["cells"]) == 256
    assert [one["id"] for one in shown["editions"]] == list(editions())
    compared = secaudit("policy", "diff", "mic-2018-09", "mic-2026-03/alpha_prime", "--format", "json").json()
    validate(compared, "policy_diff")
    assert {"from": "lgwan", "to": "public_internet", "before": "D", "cell": "D/A1"}.items() <= next(
        one for one in compared["cells"] if (one["from"], one["to"]) == ("lgwan", "public_internet")
    ).items()
    listed = secaudit("policy", "systems", "--format", "json").json()
    validate(listed, "policy_systems")
    municipality = secaudit("schema", "municipality").json()
    names = municipality["$defs"]["permitted_flow"]["properties"]["system"]["enum"]
    assert [one["id"] for one in listed["systems"]] == names[:-2], "the register names every system of the catalogue"
    assert names[-2:] == ["other", None]


def test_what_changed_between_editions() -> None:
    ran = secaudit("policy", "diff", "mic-2024-10", "mic-2025-03")
    assert "LGWAN接続系 → マイナンバー利用事務系: D* → D*/S2" in ran.out
    assert "無線LAN" in ran.out
    ran = secaudit("policy", "diff", "mic-2020-12", "mic-2022-03", "--lang", "en")
    assert "Two-way exchange" in ran.out
    ran = secaudit("policy", "diff", "mic-2026-03/beta", "mic-2026-03/beta_prime")
    assert "P0 → P0+I1" in ran.out
    assert "違いはない" in secaudit("policy", "diff", "mic-2026-03", "mic-2026-03/alpha").out


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_picture_is_xml_that_needs_nothing_else(language: str) -> None:
    ran = secaudit("policy", "show", "--svg", "--lang", language)
    assert ran.status == 0
    root = ElementTree.fromstring(ran.out)
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("D*/S2") == 1
    assert "href" not in ran.out and "url(" not in ran.out


def test_an_external_system_says_what_must_be_pinned() -> None:
    ran = secaudit("policy", "systems", "eltax")
    assert "②" in ran.out and "MACアドレス" in ran.out and "tcp/" not in ran.out, "its ports are not publicly known"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "--edition", "mic-2026-04"), "mic-2026-03"),
        (("show", "--edition", "mic-2018-09", "--model", "beta"), "alpha"),
        (("show", "--model", "gamma"), "alpha_prime"),
        (("show", "--from", "my-number"), "my_number"),
        (("show", "--svg", "--format", "json"), "--svg"),
        (("diff", "mic-2026-03/alfa", "mic-2026-03"), "alpha"),
        (("diff", "mic-2026-03"), "NEW"),
        (("systems", "eltex"), "eltax"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(arguments: tuple[str, ...], told: str) -> None:
    for language in ("ja", "en"):
        ran = secaudit("policy", *arguments, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert told in ran.err
