"""Masking. The fixtures are pairs of lines: `< as submitted`, `> as it may be shown`; every secret in them contains S3cret."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secaudit.text.secrets import MASK, mask_line, mask_lines

FOLDER = Path(__file__).parent / "masking"


def _pairs() -> list[tuple[str, str, str]]:
    pairs = []
    for path in sorted(FOLDER.glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for before, after in zip(lines[::2], lines[1::2], strict=True):
            assert before.startswith("< ")
            assert after.startswith("> ")
            pairs.append((path.stem, before[2:], after[2:]))
    assert len(pairs) > 150
    return pairs


PAIRS = _pairs()


@pytest.mark.parametrize(("vendor", "before", "after"), PAIRS)
def test_a_secret_is_masked_and_the_kind_of_storage_stays(vendor: str, before: str, after: str) -> None:
    assert mask_line(before) == after
    assert "S3cret" not in after


@pytest.mark.parametrize(("vendor", "before", "after"), [pair for pair in PAIRS if "S3cret" in pair[1]])
def test_odd_blanks_tabs_case_and_quotes_hide_no_secret(vendor: str, before: str, after: str) -> None:
    head = re.match(r"\s*", before)
    assert head is not None
    body = before[head.end() :]
    odd_lines = [
        "   " + before,
        "\t" + before + "   ",
        before + "\t",
        head[0] + re.sub(r" +", "   ", body),
        head[0] + re.sub(r" +", "\t", body),
        before.upper(),
    ]
    if '"' not in before and "://" not in before:
        for quoted in ('"S3cret! and S3cret"', "'S3cret! and S3cret'", 'S3cret!"S3cret S3cret"', '"S3cret! not closed'):
            odd_lines.append(before.replace("S3cret!", quoted))
    for odd in odd_lines:
        assert "s3cret" not in mask_line(odd).lower(), odd


def test_what_the_device_itself_masked_stays_as_it_was() -> None:
    assert mask_line("login password *") == "login password *"
    assert mask_line(" key *****") == " key *****"
    assert mask_line("snmp-server community <removed> RO") == "snmp-server community <removed> RO"


def test_names_of_objects_are_not_taken_for_secrets() -> None:
    for line in (
        '        edit "key server A"',
        '        set dstaddr "secret" "password server"',
        "ip access-list extended SECRET",
        " permit tcp object-group KEY object-group SECRET eq 443",
        "interface Key 1",
    ):
        assert mask_line(line) == line


def test_pem_blocks_lose_their_content_only() -> None:
    lines = [
        '        set private-key "-----BEGIN ENCRYPTED PRIVATE KEY-----',
        "S3cretMIIFHDBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0BBQwwHAQI",
        "Proc-Type: 4,ENCRYPTED",
        "",
        "S3cretend==",
        '-----END ENCRYPTED PRIVATE KEY-----"',
        "        set comment x",
    ]
    assert mask_lines(lines).lines == (lines[0], MASK, MASK, "", MASK, lines[5], lines[6])


def test_a_pem_block_on_one_line() -> None:
    line = r'"key": "-----BEGIN RSA PRIVATE KEY-----\nS3cretMIIE\n-----END RSA PRIVATE KEY-----", "size": 2048'
    masked = mask_line(line)
    whole = mask_lines([line]).lines[0]
    assert "S3cret" not in masked
    assert "S3cret" not in whole
    assert "-----END RSA PRIVATE KEY-----" in whole


def test_a_pem_block_that_never_ends_does_not_swallow_the_configuration() -> None:
    lines = ["-----BEGIN CERTIFICATE-----", "S3cretMIIE", "next", "end", "config firewall policy", "    edit 1"]
    assert mask_lines(lines).lines == (lines[0], MASK, "next", "end", "config firewall policy", "    edit 1")


def test_embedded_files_are_masked_up_to_their_end() -> None:
    lines = [
        "embedded file pass.lua <<EOF",
        "set PP1=joe:S3cret!",
        "",
        "print('S3cret')",
        "EOF",
        "ip route default gateway pp 1",
    ]
    assert mask_lines(lines).lines == (lines[0], MASK, "", MASK, "EOF", lines[5])


def test_a_quoted_value_over_several_lines() -> None:
    lines = ['        set psksecret "S3cret one', "S3cret two", 'S3cret three"', '        set comment "a']
    assert mask_lines(lines).lines == ("        set psksecret ********", MASK, MASK, lines[3])


def test_the_community_of_fortios_is_the_name_of_its_entry() -> None:
    lines = [
        "config system snmp community",
        "    edit 1",
        '        set name "S3cret!"',
        "        config hosts",
        "            edit 1",
        "                set ip 10.99.0.5 255.255.255.255",
        "            next",
        "        end",
        "    next",
        "    edit 2",
        '        set name "public"',
        "    next",
        "end",
        "config system interface",
        '    set name "lan"',
    ]
    masked = mask_lines(lines)
    assert masked.lines == (*lines[:2], "        set name ********", *lines[3:])
    assert masked.secrets == 1


def test_values_of_a_ddns_provider_in_the_xml_form() -> None:
    lines = [
        "<ddns-config>", "  <ddns-vendor-config>", '    <entry name="user">', "      <value>S3cret1</value>", "    </entry>",
        '    <entry name="word">', "      <value>S3cret2</value>", "    </entry>", "  </ddns-vendor-config>", "</ddns-config>", "<value>80</value>",
    ]  # fmt: skip
    shown = [re.sub("S3cret.", MASK, line) for line in lines]
    assert list(mask_lines(lines).lines) == shown
    assert list(mask_lines(shown).lines) == shown


def test_values_of_a_ddns_provider_in_the_curly_form() -> None:
    lines = [
        "ddns-config {", "  ddns-vendor-config {", "    user {", "      value S3cret1;", "    }", "    word {", '      value "S3cret2}; S3cret";', "    }",
        "    last {", "      value S3cret3;", "    }", "  }", "  ddns-hostname gw;", "}", "threshold {", "  value 80;", "}",
    ]  # fmt: skip
    masked = mask_lines(lines).lines
    assert "S3cret" not in " ".join(masked)
    assert masked[2:4] == ("    user {", f"      value {MASK};")
    assert masked[12:] == tuple(lines[12:])


def test_a_ddns_provider_that_never_ends_masks_values_alone() -> None:
    lines = [
        "<ddns-vendor-config>",
        "<zone>trust</zone>",
        "<value>S3cret1</value>",
        "set rulebase security rules a from trust",
    ]
    assert mask_lines(lines).lines == (lines[0], lines[1], f"<value>{MASK}</value>", lines[3])


def test_xml_values_over_several_lines() -> None:
    lines = ["<private-key>S3cretAAAA", "S3cretBBBB", "S3cretCCCC</private-key>", "<zone>trust</zone>"]
    assert mask_lines(lines).lines == ("<private-key>********", MASK, "********</private-key>", lines[3])


WORDS = [
    *(
        "password",
        "secret",
        "key",
        "ENC",
        "7",
        "0",
        "encrypted",
        "snmp-server",
        "community",
        "host",
        "10.0.0.1",
        "version",
        "2c",
    ),
    *(
        "auth",
        "priv",
        "sha",
        "public",
        '"a b"',
        "'",
        '"',
        "x",
        "pre-shared-key",
        "address",
        "text",
        "isakmp",
        MASK,
        "*",
        ";",
    ),
    *(
        "set",
        "description",
        "#",
        "://a:b@c",
        "$9$abc",
        "key-string",
        "username",
        "role",
        "-----BEGIN X-----",
        "<key>",
        "=",
        ":",
    ),
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=9), st.sampled_from([" ", "  ", "\t", ""]))
def test_masking_twice_changes_nothing(words: list[str], separator: str) -> None:
    masked = mask_line(separator.join(words))
    assert mask_line(masked) == masked


@pytest.mark.parametrize(
    "line",
    [
        "password " * 100_000,
        "password" + " " * 1_000_000 + "x",
        "snmp community " * 60_000,
        "auth sha " * 100_000 + "snmp user",
        "a" * 1_000_000 + " key ",
        "-----BEGIN " * 50_000,
        "<key>" * 100_000,
        "://a:" * 100_000,
        " encrypted" * 100_000 + " password" + " encrypted" * 100_000,
        'password "' + '\\"' * 100_000,
        '"password ' * 50_000,
        "pre-shared-key address " * 30_000 + " key",
        "<ddns-vendor-config></ddns-vendor-config>" * 30_000,
        "ddns-vendor-config {" + "value " * 100_000,
        'ddns-vendor-config { value "' + "\\" * 200_001,
    ],
    ids=range(15),
)
def test_time_grows_linearly_with_a_hostile_line(line: str) -> None:
    mask_lines([line])


def test_lines_without_a_secret_cost_little() -> None:
    lines = [f"ip filter {number} pass 10.1.{number % 250}.0/24 192.0.2.0/24 tcp * 443" for number in range(50_000)]
    assert mask_lines(lines).secrets == 0
    # 200,000 lines a second are promised; a tenth of that is asked here, for the machine may be busy.


def test_every_rule_says_where_it_comes_from_and_has_a_hint() -> None:
    data = json.loads((Path(__file__).parents[2] / "secaudit/text/secret_patterns.json").read_text(encoding="utf-8"))
    assert len({rule["id"] for rule in data["rules"]}) == len(data["rules"])
    for rule in data["rules"]:
        assert rule["source"], rule["id"]
        words = " ".join([rule["pattern"].lower(), *rule.get("requires", ())])
        assert any(hint in words for hint in data["hints"]), rule["id"]
