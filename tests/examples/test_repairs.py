"""Every forbidden flow of the sample with defects gets a repair with commands, proved on the configurations after them."""

from __future__ import annotations

import pytest

from secaudit.audit.preparation import PreparedFolder, prepare_folder
from secaudit.audit.repairs import RepairAnswer, forbidden_pairs, repair_pair
from tests.examples.folders import AOZORA, AS_OF, MIDORI

FORBIDDEN = {
    ("my_number", "lgwan"): "cisco_ios",
    ("my_number", "management"): "cisco_ios",
    ("my_number", "public_internet"): "fortios",
    ("my_number", "security_cloud"): "fortios",
}
"""The pairs with forbidden packets, and the maker of the device on which they are stopped."""


@pytest.fixture(scope="module")
def town() -> PreparedFolder:
    return prepare_folder(MIDORI)


def answer(prepared: PreparedFolder, source: str, destination: str) -> RepairAnswer:
    return repair_pair(prepared, source, destination, AS_OF, 5)


@pytest.mark.parametrize(("source", "destination"), sorted(FORBIDDEN))
def test_forbidden_flows_get_commands_that_read_back(town: PreparedFolder, source: str, destination: str) -> None:
    found = answer(town, source, destination)
    assert found.boxes
    assert found.repair is not None, found.refused
    assert found.repair.unsaid is None
    assert found.repair.proof.read_back
    assert not found.repair.proof.still_possible
    assert found.repair.fewest
    assert [one.vendor for one in found.repair.commands] == [FORBIDDEN[source, destination]]
    assert all(one.lines and one.notes for one in found.repair.commands)


def test_no_other_pair_has_anything_to_repair(town: PreparedFolder) -> None:
    assert set(forbidden_pairs(town, AS_OF)) == set(FORBIDDEN)
    assert not forbidden_pairs(prepare_folder(AOZORA), AS_OF)
