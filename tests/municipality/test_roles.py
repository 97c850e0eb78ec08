"""The one table of the names of roles covers the words of all files, in the order of rank."""

from __future__ import annotations

import json

import pytest

from secaudit.locations import schema_file
from secaudit.municipality.roles import ROLES, in_order, span_of, title_of, titles_of


def test_every_role_of_the_files_has_a_name() -> None:
    municipality = json.loads(schema_file("municipality").read_text(encoding="utf-8"))
    statements = json.loads(schema_file("attestations").read_text(encoding="utf-8"))
    rules = json.loads(schema_file("ruleset_rule").read_text(encoding="utf-8"))
    assert set(municipality["properties"]["roles"]["properties"]) == set(ROLES)
    assert set(statements["$defs"]["attestation"]["properties"]["role"]["enum"]) == set(ROLES)
    assert set(rules["$defs"]["roles"]["items"]["enum"]) == set(ROLES)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_two_roles_have_one_name(language: str) -> None:
    assert len({getattr(title, language) for title in ROLES.values()}) == len(ROLES)


def test_names_stand_in_the_order_of_rank() -> None:
    assert in_order({"auditor", "ciso", "cio", "later"}) == ("cio", "ciso", "auditor", "later")
    assert titles_of({"security_officer", "ciso"}).ja == "最高情報セキュリティ責任者 (CISO)、情報セキュリティ責任者"
    assert title_of("later").ja == "later"


def test_many_roles_in_a_row_are_told_by_their_ends() -> None:
    told = span_of(
        ["system_manager", "ciso", "deputy_ciso", "chief_security_officer", "security_officer", "security_manager"]
    )
    assert told is not None
    assert told.ja == "最高情報セキュリティ責任者 (CISO)から情報システム管理者まで"
    assert span_of(["ciso", "deputy_ciso", "chief_security_officer"]) is None, "as short as a list"
    assert span_of(["cio", "ciso", "deputy_ciso", "system_manager"]) is None, "not in a row"
    assert span_of(["ciso", "deputy_ciso", "chief_security_officer", "security_officer", "someone"]) is None
