"""Every sample of the corpus beside the checkout: nothing crashes, ours are read, others are never taken for ours, no secret is shown.

The corpus is no part of the product. In a clone that stands alone these tests are skipped.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.program import secaudit
from tests.cli.validation import validate

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
OURS = (
    "alaxala",
    "awplus",
    "aws",
    "cisco_asa",
    "cisco_ios",
    "cisco_nxos",
    "fortios",
    "iptables",
    "juniper_srx",
    "nec_ix",
    "panos",
    "yamaha",
)
RECOGNISED = ("aruba", "checkpoint", "comware")
"""Named, and nothing is believed of them."""
LEAST_SHARE = 0.98
LISTS_ONLY = ("awplus/awplus_acl_config.cfg",)
"""What a show command printed: access lists, and nothing else of their device."""
WITHOUT_INTERFACES = ("cisco_nxos/N5548_7.3.13_output.txt",)
"""Abridged by those who published it: the lines about interfaces were left out, and the device says that a part is missing."""

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"no corpus beside this checkout ({CORPUS}): a clone that stands alone"
)


def corpus() -> list[Path]:
    return sorted(one for one in CORPUS.rglob("*") if one.is_file() and one.name not in ("SOURCES.md", "README.md"))


def name_of(path: Path) -> str:
    return path.relative_to(CORPUS).as_posix()


INTRODUCED = re.compile(
    r"""
    (?:
        \b(?:password|passwd|secret|psksecret|passphrase|pre-shared-key|key-string|phash|community|encrypted-password
           |authentication-key|private-key|login\ user\ \S+)
        (?:\s+(?:0|4|5|7|8|9|ENC|encrypted|sha512|md5|text|plain|ascii-text|cipher|simple|hash|ro|rw|read-only))*
      | \bENC
    )
    [\s:=]+["']?(?P<value>[^\s"';<>{}]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
WORDS_OF_THE_LANGUAGE = re.compile(
    r"""^(?:public|private|\*+|\d{1,4}|on|off|enable|disable|yes|no|none|clear|encrypted|hash|set|add|delete|read|write
    |ro|rw|policy|profile|minimum|maximum|recovery|strength|string|name|rounds|level|type|prompt|expire\S*|hidden|removed
    |encryption|authentication|complexity|history|for|is|the|and|to|of|in|with|not|or|required|regex\S*|[\[\](){}|=,.:;/-]+)$""",
    re.VERBOSE | re.IGNORECASE,
)
ALREADY_HIDDEN = re.compile(
    r"^(?:<.*|\*{3,}.*|SECRET.*|xxx+.*|\(?(?:removed|hidden|masked|redacted)\)?.*)$", re.IGNORECASE
)


def secrets_of(text: str) -> set[str]:
    """What follows a word that introduces a secret, as far as it looks like one; found by simpler means than those of the program."""
    found = {match["value"].rstrip(",)") for match in INTRODUCED.finditer(text)}
    found |= set(re.findall(r"\$(?:1|5|6|8|9|14)\$[^\s\"';<]{4,}", text))
    return {
        one
        for one in found
        if len(one) >= 5
        and not WORDS_OF_THE_LANGUAGE.match(one)
        and not ALREADY_HIDDEN.match(one)
        and re.search(r"\d|[A-Z]", one)
    }


@pytest.mark.parametrize("path", corpus(), ids=name_of)
def test_it_is_described(path: Path) -> None:
    ran = secaudit("config", path, "--format", "json")
    document = ran.json()
    validate(document, "config")
    (found,) = document["files"]
    vendor = path.parent.name
    if vendor in RECOGNISED:
        assert (ran.status, found["vendor"]) == (0, vendor), ran.err
        return
    if vendor not in OURS:
        assert found["vendor"] is None, f"taken for {found['vendor']}"
        assert ran.status == 2
        assert found["problem"] in ran.err
        return
    assert (ran.status, found["vendor"]) == (0, vendor), ran.err
    lines = found["lines"]
    assert lines["total"] == len(lines["unread"]) + lines["used"] + lines["irrelevant"] > 0
    share = (lines["used"] + lines["irrelevant"]) / lines["total"]
    assert share >= LEAST_SHARE, lines["unread"]
    if name_of(path) in LISTS_ONLY:
        assert found["filters"]
        return
    if name_of(path) in WITHOUT_INTERFACES:
        assert "truncated" in {doubt["kind"] for device in found["devices"] for doubt in device["doubts"]}
        return
    assert found["interfaces"], "a device without any interface was not really read"


@pytest.mark.parametrize("path", corpus(), ids=name_of)
def test_no_secret_of_it_is_shown(path: Path) -> None:
    secrets = secrets_of(path.read_bytes().decode("utf-8", errors="replace"))
    for arguments in (("--format", "json"), ()):
        shown = secaudit("config", path, *arguments).both
        assert not {one for one in secrets if one in shown}


def test_the_search_for_secrets_finds_some() -> None:
    """Otherwise the test above would prove nothing."""
    for vendor in ("fortios", "cisco_ios", "juniper_srx"):
        texts = [one.read_text(encoding="utf-8", errors="replace") for one in corpus() if one.parent.name == vendor]
        assert any(secrets_of(text) for text in texts), vendor


def test_all_of_it_at_once() -> None:
    """As one audit folder would hold it."""
    ran = secaudit("config", CORPUS, "--format", "json")
    assert ran.status == 2
    by_vendor = dict.fromkeys((*OURS, *RECOGNISED), 0)
    for one in ran.json()["files"]:
        if one["vendor"] is not None:
            by_vendor[one["vendor"]] += 1
    assert by_vendor == {vendor: sum(path.parent.name == vendor for path in corpus()) for vendor in by_vendor}
