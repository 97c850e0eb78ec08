"""The tables of defaults (`data/defaults.toml`): every key is used, and every release that a table is for has an entry of its own."""

from __future__ import annotations

import ast
import importlib
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

import secaudit.vendors
from secaudit.vendors.common.defaults import Release, Value, covers, entries, read_defaults

FOLDER = Path(secaudit.vendors.__file__).parent
VENDORS = sorted(path.parent.name for path in FOLDER.glob("*/defaults.py") if path.parent.name != "common")
COVERED: dict[str, list[tuple[Release, str]]] = {
    "aws": [],
    "cisco_nxos": [((major, minor), f"{major}.{minor}(1)") for major in range(6, 11) for minor in range(4)],
    "fortios": [
        ((major, minor, patch), "")
        for major, minors in ((4, (3,)), (5, (0, 2, 4, 6)), (6, (0, 2, 4)), (7, (0, 2, 4, 6)))
        for minor in minors
        for patch in range(20)
    ],
    "juniper_srx": [((major, minor), "") for major in range(12, 25) for minor in range(1, 5)]
    + [((15, 1, 49, 170), "")],
    "nec_ix": [((10, 7, 18), "")],
    "panos": [((8, 0, 0), ""), *(((major, minor, 3), "") for major in range(8, 12) for minor in range(3))],
}
"""Releases, as numbers and as they are printed; a service has none."""


def module(vendor: str) -> ModuleType:
    return importlib.import_module(f"secaudit.vendors.{vendor}.defaults")


def test_every_vendor_with_a_table_is_tested() -> None:
    assert sorted(COVERED) == VENDORS


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_key_is_a_field_and_is_used(vendor: str) -> None:
    names = set(entries(f"secaudit.vendors.{vendor}"))
    assert names == {one.name for one in fields(module(vendor).Defaults)}
    used = {
        node.attr
        for path in (FOLDER / vendor).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert names - used == set()


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_release_has_an_entry_and_values_are_of_their_type(vendor: str) -> None:
    package = f"secaudit.vendors.{vendor}"
    kinds = get_type_hints(module(vendor).Defaults)
    for release, printed in COVERED[vendor]:
        for name, held in entries(package).items():
            assert any(covers(entry, release, printed) for entry in held), (name, release)
    for release, printed in (*COVERED[vendor], (None, ""), ((99, 0, 0), "99.0(1)")):
        found = read_defaults(module(vendor).Defaults, package, release, printed)
        for name, kind in kinds.items():
            assert isinstance(getattr(found, name), kind), (name, release)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_differs_by_release_is_unsure_where_the_release_is_not_known(vendor: str) -> None:
    package = f"secaudit.vendors.{vendor}"
    for release in (None, (99, 0, 0)):
        found = read_defaults(module(vendor).Defaults, package, release)
        for name, held in entries(package).items():
            values = {entry["value"] for entry in held}
            assert (getattr(found, name) is None) == (len(values) > 1 or values == {"unsure"}), (name, release)


@pytest.mark.parametrize(
    ("release", "printed", "wanted"),
    [
        ((1, 9), "", True),
        ((2, 0), "", False),
        ((2, 9, 9), "", False),
        ((3, 0), "", None),
        (None, "", None),
        ((1, 0), "1.0(N)", 7),
    ],
)
def test_the_first_entry_whose_conditions_hold_counts(
    monkeypatch: pytest.MonkeyPatch, release: Release | None, printed: str, wanted: Value
) -> None:
    held = [{"contains": "N", "value": 7}, {"before": "2.0", "value": "on"}, {"before": "3", "value": "off"}]
    monkeypatch.setattr("secaudit.vendors.common.defaults.entries", lambda package: {"one": held})
    assert read_defaults(lambda one: one, "any", release, printed) == wanted
