"""The matrices as data: what holds in every edition, and what a mistake in the data leads to."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.municipality.model import Model, Zone
from secaudit.policy import (
    CellVerdict,
    Confidence,
    Denied,
    Exchange,
    Free,
    Policy,
    Registered,
    Via,
    editions,
    load_policy,
)
from secaudit.policy.matrix import split_cell

EDITIONS = editions()
SINCE = {
    Model.ALPHA: "mic-2018-09",
    Model.ALPHA_PRIME: "mic-2024-10",
    Model.BETA: "mic-2020-12",
    Model.BETA_PRIME: "mic-2020-12",
}
KINDS = [(edition, model) for edition in EDITIONS for model in Model if edition >= SINCE[model]]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1].value}")
def policy(request: pytest.FixtureRequest) -> Policy:
    return load_policy(*request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped data that a test may spoil."""
    return Path(shutil.copytree(data_folder("policies"), tmp_path / "policies"))


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def permits_nothing(policy: Policy, source: Zone, destination: Zone) -> bool:
    return all(isinstance(one, Denied) for one in policy.cell(source, destination).constraints)


def test_every_edition_is_there() -> None:
    assert EDITIONS == (
        "mic-2018-09",
        "mic-2020-12",
        "mic-2022-03",
        "mic-2023-03",
        "mic-2024-10",
        "mic-2025-03",
        "mic-2026-03",
    )


@pytest.mark.parametrize(("edition", "model"), [(e, m) for e in EDITIONS for m in Model if (e, m) not in KINDS])
def test_a_model_is_refused_before_the_edition_that_brought_it(edition: str, model: Model) -> None:
    with pytest.raises(PolicyError, match=model.value) as raised:
        load_policy(edition, model)
    assert raised.value.hint is not None and "alpha" in raised.value.hint.en


def test_every_ordered_pair_has_a_cell_with_known_codes(policy: Policy) -> None:
    assert len(policy.cells) == 256
    for (source, destination), cell in policy.cells.items():
        assert (cell.source, cell.destination) == (source, destination)
        assert set(cell.codes) == set(split_cell(cell.text))
        assert cell.reference


def test_inside_a_zone_everything_is_free(policy: Policy) -> None:
    assert {policy.cell(zone, zone).verdict for zone in Zone} == {CellVerdict.FREE}


# Guideline 4.9: what holds in every model.

OUTSIDE_MY_NUMBER = (
    Zone.PUBLIC_INTERNET,
    Zone.INTERNET,
    Zone.SECURITY_CLOUD,
    Zone.CLOUD_SERVICE,
    Zone.TELEWORK,
    Zone.GUEST_WIRELESS,
    Zone.EDUCATION,
    Zone.OTHER_INTERNAL,
)


@pytest.mark.parametrize("zone", [*OUTSIDE_MY_NUMBER, Zone.REMOTE_MAINTENANCE])
def test_nothing_opens_from_the_my_number_zone_to_these(policy: Policy, zone: Zone) -> None:
    assert permits_nothing(policy, Zone.MY_NUMBER, zone)
    assert not policy.cell(Zone.MY_NUMBER, zone).exceptable


@pytest.mark.parametrize("zone", [zone for zone in OUTSIDE_MY_NUMBER if zone is not Zone.OTHER_INTERNAL])
def test_nothing_opens_from_these_to_the_my_number_zone(policy: Policy, zone: Zone) -> None:
    assert permits_nothing(policy, zone, Zone.MY_NUMBER)


def test_no_cell_that_touches_the_my_number_zone_is_free(policy: Policy) -> None:
    for zone in Zone:
        if zone is not Zone.MY_NUMBER:
            for cell in (policy.cell(Zone.MY_NUMBER, zone), policy.cell(zone, Zone.MY_NUMBER)):
                assert all(isinstance(one, Denied | Registered) for one in cell.constraints), cell.text


def test_lgwan_and_the_internet_never_meet(policy: Policy) -> None:
    breakout = policy.model is Model.ALPHA_PRIME
    assert policy.cell(Zone.LGWAN, Zone.PUBLIC_INTERNET).codes == (("D", "A1") if breakout else ("D",))
    assert permits_nothing(policy, Zone.PUBLIC_INTERNET, Zone.LGWAN)


def test_into_lgwan_only_sanitised(policy: Policy) -> None:
    screens = policy.model in (Model.BETA, Model.BETA_PRIME)
    assert policy.cell(Zone.INTERNET, Zone.LGWAN).codes == (("B1", "M1", "M3") if screens else ("M1", "M3"))


def test_to_the_internet_only_through_the_security_cloud(policy: Policy) -> None:
    assert policy.cell(Zone.INTERNET, Zone.PUBLIC_INTERNET).constraints == (Via(Zone.SECURITY_CLOUD),)


def test_guests_reach_no_internal_zone_and_nobody_reaches_them(policy: Policy) -> None:
    for zone in Zone:
        if zone is Zone.GUEST_WIRELESS:
            continue
        assert permits_nothing(policy, zone, Zone.GUEST_WIRELESS)
        if zone not in (Zone.PUBLIC_INTERNET, Zone.CLOUD_SERVICE):
            assert permits_nothing(policy, Zone.GUEST_WIRELESS, zone)


def test_devices_are_managed_from_the_management_segment_only(policy: Policy) -> None:
    for zone in Zone:
        codes = policy.cell(zone, Zone.MANAGEMENT).codes
        internal = zone in (Zone.MY_NUMBER, Zone.LGWAN, Zone.INTERNET)
        assert ("K1" in codes) == internal
        if not internal and zone not in (Zone.MANAGEMENT, Zone.REMOTE_MAINTENANCE):
            assert permits_nothing(policy, zone, Zone.MANAGEMENT)


# What the editions and models differ in: every cell that changed, and no other.


def changed(old: Policy, new: Policy) -> dict[str, str]:
    code = {zone: info.code for zone, info in new.zones.items()}
    return {
        f"{code[source]}→{code[destination]}": new.cells[source, destination].text
        for source, destination in old.cells
        if old.cells[source, destination].text != new.cells[source, destination].text
    }


CLOUD = {
    **{"MN→GCM": "G1", "LGW→GCM": "G1", "SPC→GCM": "S1", "MNT→GCM": "D*/V1"},
    **{"GCM→MN": "G1", "GCM→LGW": "G1", "GCM→SPC": "S1", "GCM→NET": "D*/G3"},
    **{"LG→GCL": "G2", "LGW→GCL": "G2", "MNT→GCL": "D*/V1"},
    **{"GCL→LG": "G2", "GCL→LGW": "G2", "GCL→SPC": "L1", "GCL→NET": "D*/G3"},
}
OF_EDITIONS = {
    "mic-2020-12": {"TW→LG": "T1", "TW→LGW": "T1"},
    "mic-2022-03": {},
    "mic-2023-03": CLOUD,
    "mic-2024-10": {},
    "mic-2025-03": {"LG→MN": "D*/S2"},
    "mic-2026-03": {},
}


@pytest.mark.parametrize("edition", OF_EDITIONS)
def test_an_edition_changes_these_cells_only(edition: str) -> None:
    before = EDITIONS[EDITIONS.index(edition) - 1]
    assert changed(load_policy(before, Model.ALPHA), load_policy(edition, Model.ALPHA)) == OF_EDITIONS[edition]


@pytest.mark.parametrize(
    ("left", "right", "cells"),
    [
        (Model.ALPHA, Model.ALPHA_PRIME, {"LG→SAAS": "A1", "LG→NET": "D/A1", "SAAS→LG": "D/M3"}),
        (Model.ALPHA, Model.BETA, {"IN→LG": "B1/M1/M3", "LG→IN": "D*/M2", "TW→LG": "T1/B1"}),
        (Model.BETA, Model.BETA_PRIME, {"IN→IN": "P0+I1"}),
    ],
)
def test_a_model_changes_these_cells_only(left: Model, right: Model, cells: dict[str, str]) -> None:
    for edition in EDITIONS:
        if edition >= max(SINCE[left], SINCE[right]):
            assert changed(load_policy(edition, left), load_policy(edition, right)) == cells


def test_a_cell_that_changed_says_why(policy: Policy) -> None:
    first = load_policy(EDITIONS[0], Model.ALPHA)
    for pair, cell in policy.cells.items():
        assert (cell.reason is None) == (cell.text == first.cells[pair].text), cell


def test_screen_transfer_towards_the_my_number_zone_is_not_surely_known() -> None:
    assert load_policy("mic-2026-03", Model.ALPHA).cell(Zone.LGWAN, Zone.MY_NUMBER).confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("edition", "second_class"),
    [
        ("mic-2018-09", Exchange.NONE),
        ("mic-2020-12", Exchange.IN),
        ("mic-2022-03", Exchange.BOTH),
        ("mic-2026-03", Exchange.BOTH),
    ],
)
def test_what_may_be_exchanged_with_destinations_that_reach_the_internet(edition: str, second_class: Exchange) -> None:
    pinned = load_policy(edition, Model.ALPHA).conditions["S1"].constraint
    assert isinstance(pinned, Registered)
    assert pinned.exchange_with(1) is Exchange.BOTH
    assert pinned.exchange_with(2) is second_class
    assert pinned.exchange_with(None) is second_class, "a class that nobody states is the worse one"


# Constraints as data.


def test_mail_and_screens_name_their_ports(policy: Policy) -> None:
    mail = policy.conditions["M1"].constraint
    assert isinstance(mail, Registered)
    assert [(one.protocol, one.ports) for one in mail.services] == [("tcp", ((25, 25), (587, 587)))]
    screens = policy.conditions["M2"].constraint
    assert isinstance(screens, Registered)
    assert any((3389, 3389) in one.ports for one in screens.services)


def test_a_cell_with_several_codes_permits_what_any_permits(policy: Policy) -> None:
    cell = policy.cell(Zone.SECURITY_CLOUD, Zone.LGWAN)
    assert cell.codes == ("D*", "M1", "M3")
    assert cell.verdict is CellVerdict.CONDITIONAL
    assert cell.exceptable


def test_segmentation_inside_a_zone_is_still_permitted(policy: Policy) -> None:
    assert split_cell("P0+I1") == ("P0", "I1")
    assert all(isinstance(policy.conditions[code].constraint, Free) for code in split_cell("P0+I1"))
    assert split_cell("n/a") == ("n/a",)


def test_legal_dates_are_data(policy: Policy) -> None:
    dates = {name: str(one.date) for name, one in policy.legal_dates.items()}
    assert dates == {"local-autonomy-act-244-6": "2026-04-01", "enforcement-regulation-16-3": "2027-07-01"}


def test_every_file_that_was_read_has_its_digest(policy: Policy) -> None:
    paths = [file.path for file in policy.files]
    assert paths == sorted(paths)
    assert {f"policies/models/{policy.model.value}.yaml", "policies/models/alpha.yaml"} <= set(paths)
    assert {f"policies/editions/{one}.yaml" for one in EDITIONS if one <= policy.edition} <= set(paths)
    assert {"policies/conditions.yaml", "policies/invariants.yaml"} <= set(paths)
    for file in policy.files:
        size = (data_folder("policies").parent / file.path).stat().st_size
        assert file.size_bytes == size
        assert len(file.sha256) == 64


# Mistakes.


def failing(folder: Path, edition: str = "mic-2026-03", model: Model = Model.ALPHA) -> PolicyError:
    with pytest.raises(PolicyError) as raised:
        load_policy(edition, model, folder)
    assert raised.value.text.ja and raised.value.text.en
    return raised.value


def test_unknown_edition_is_suggested(folder: Path) -> None:
    error = failing(folder, "mic-2026-04")
    assert error.hint is not None
    assert "mic-2026-03" in error.hint.en


def test_a_model_without_data_is_refused(folder: Path) -> None:
    (folder / "models/beta.yaml").unlink()
    error = failing(folder, model=Model.BETA)
    assert "beta" in error.text.en
    assert error.hint is not None and "alpha" in error.hint.en
    assert "models/beta_prime.yaml" in (failing(folder, model=Model.BETA_PRIME).file or "")


def test_unknown_code_names_the_cell_and_the_file(folder: Path) -> None:
    spoil(folder / "models/alpha.yaml", "[D, M1/M3, P0", "[D, M1/M9, P0")
    error = failing(folder)
    assert error.file == "policies/models/alpha.yaml"
    assert "M9" in error.text.en and "IN→LG" in error.text.en
    assert error.line is not None and error.line > 1


def test_unknown_code_of_a_change_names_the_edition(folder: Path) -> None:
    spoil(folder / "editions/mic-2025-03.yaml", "D*/S2", "D*/S9")
    error = failing(folder)
    assert error.file == "policies/editions/mic-2025-03.yaml"
    assert "S9" in error.text.en and "LG→MN" in error.text.en


def test_a_change_that_changes_nothing(folder: Path) -> None:
    spoil(folder / "editions/mic-2025-03.yaml", "{LG: {MN: D*/S2}}", "{LG: {MN: D*}}")
    assert "LG→MN" in failing(folder).text.en


def test_a_cell_too_few(folder: Path) -> None:
    spoil(folder / "models/alpha.yaml", "[D, M1/M3, P0, C1,", "[D, M1/M3, P0,")
    error = failing(folder)
    assert "16" in error.text.en and "15" in error.text.en


def test_a_row_too_few(folder: Path) -> None:
    path = folder / "models/alpha.yaml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("  GST:")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "GST" in failing(folder).text.en


def test_a_mistyped_key_is_suggested(folder: Path) -> None:
    spoil(
        folder / "conditions.yaml",
        "    constraint: {type: via, zone: security_cloud}",
        "    constrant: {type: via, zone: security_cloud}",
    )
    error = failing(folder)
    assert error.file == "policies/conditions.yaml"
    assert error.line is not None
    assert error.hint is not None and "constraint" in error.hint.en + error.text.en


def test_a_mistyped_list_of_services_is_suggested(folder: Path) -> None:
    spoil(folder / "conditions.yaml", "services: mail}", "services: mial}")
    error = failing(folder)
    assert error.hint is not None and "mail" in error.hint.en


def test_an_impossible_port(folder: Path) -> None:
    spoil(folder / "conditions.yaml", '["25", "587"]', '["25", "70000"]')
    assert "70000" in failing(folder).text.en


def test_a_condition_that_does_not_rest_on_the_register_has_no_exchange(folder: Path) -> None:
    spoil(folder / "editions/mic-2022-03.yaml", "code: S1", "code: P0")
    error = failing(folder)
    assert error.file == "policies/editions/mic-2022-03.yaml" and "P0" in error.text.en


def test_editions_in_a_circle_end(folder: Path) -> None:
    spoil(folder / "editions/mic-2020-12.yaml", "after: mic-2018-09", "after: mic-2026-03")
    error = failing(folder)
    assert error.file == "policies/editions/mic-2020-12.yaml" and error.field == "after"


def test_models_in_a_circle_end(folder: Path) -> None:
    spoil(folder / "models/beta.yaml", "differs_from: alpha", "differs_from: beta_prime")
    assert "beta" in failing(folder, model=Model.BETA_PRIME).text.en


def test_a_change_of_a_zone_that_does_not_exist(folder: Path) -> None:
    spoil(folder / "editions/mic-2025-03.yaml", "{LG: {MN:", "{LG: {MNN:")
    assert failing(folder).file == "policies/editions/mic-2025-03.yaml"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("MN:   [P0, D*, D, D, D,", "MN:   [P0, D*, D, D, S1,", "MN→NET"),
        ("NET:  [D,", "NET:  [S1,", "NET→MN"),
        ("IN:   [D, M1/M3,", "IN:   [D, M1/M3/B1,", "IN→LG"),
        ("P0, C1, C1, D, D, D, D, C1,", "P0, C1, C1/X1, D, D, D, D, C1,", "IN→NET"),
        ("GST:  [D, D,", "GST:  [D, D*,", "GST→LG"),
    ],
)
def test_a_matrix_that_breaks_what_holds_in_every_edition_is_refused(
    folder: Path, old: str, new: str, named: str
) -> None:
    spoil(folder / "models/alpha.yaml", old, new)
    error = failing(folder)
    assert error.file == "policies/invariants.yaml"
    assert named in error.text.en and error.hint is not None


def test_an_edition_that_breaks_what_holds_in_every_edition_is_refused(folder: Path) -> None:
    spoil(folder / "editions/mic-2025-03.yaml", "{LG: {MN: D*/S2}}", "{LG: {MN: L1}}")
    assert "LG→MN" in failing(folder).text.en
    load_policy("mic-2024-10", Model.ALPHA, folder)


# Where facts come from.


def test_every_reference_names_a_document_or_says_that_it_is_inferred(policy: Policy) -> None:
    told = [cell.reference for cell in policy.cells.values()]
    told += [one.reference for one in policy.systems.values()]
    told += [one.reference for edition in policy.history for one in (*edition.conditions, *edition.elsewhere)]
    for reference in told:
        words = re.findall(r"[A-Z0-9]+(?:-[A-Z0-9]+)*", reference)
        assert set(words) & set(policy.sources) or reference.startswith(("engineering inference", "believed"))


def test_external_systems_are_used_as_the_matrix_permits() -> None:
    for model in Model:
        policy = load_policy(EDITIONS[-1], model)
        for system in policy.systems.values():
            for use in system.uses:
                ways = [(use.zone, beyond) for beyond in use.beyond] + [(beyond, use.zone) for beyond in use.beyond]
                codes = {code for way in ways for code in policy.cell(*way).codes}
                if use.condition == "A1" and model is not Model.ALPHA_PRIME:
                    assert use.condition not in codes
                else:
                    assert use.condition in codes, (system.id, use, model)


def test_only_what_is_known_is_told_of_ports() -> None:
    systems = load_policy(EDITIONS[-1], Model.ALPHA).systems
    assert systems["eltax"].ports is None
    held = [one.ports for one in systems.values() if one.ports is not None]
    assert held and all(one.confidence is not Confidence.LOW for one in held)


def test_a_specific_communication_is_pinned_by_address_port_and_mac(policy: Policy) -> None:
    assert {pin.value for pin in policy.conditions["S1"].pins} == {"source", "destination", "port", "mac"}
    for condition in policy.conditions.values():
        assert bool(condition.pins) == isinstance(condition.constraint, Registered), condition.code


def test_a_system_with_a_code_that_does_not_exist(folder: Path) -> None:
    spoil(folder / "external-systems.yaml", "condition: S1}", "condition: S7}")
    assert "S7" in failing(folder).text.en


def test_a_system_written_twice(folder: Path) -> None:
    spoil(folder / "external-systems.yaml", "- id: jpki", "- id: eltax")
    assert "eltax" in failing(folder).text.en
