"""The matrices as data: what holds in every edition, and what a mistake in the data leads to."""

from __future__ import annotations

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
    Free,
    Policy,
    Registered,
    Via,
    editions,
    load_policy,
)
from secaudit.policy.loader import split_cell

EDITIONS = editions()


@pytest.fixture(params=EDITIONS)
def policy(request: pytest.FixtureRequest) -> Policy:
    return load_policy(request.param, Model.ALPHA)


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


def test_both_editions_are_there() -> None:
    assert EDITIONS == ("mic-2022-03", "mic-2026-03")


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
    assert permits_nothing(policy, Zone.LGWAN, Zone.PUBLIC_INTERNET)
    assert permits_nothing(policy, Zone.PUBLIC_INTERNET, Zone.LGWAN)


def test_into_lgwan_only_sanitised(policy: Policy) -> None:
    assert policy.cell(Zone.INTERNET, Zone.LGWAN).codes == ("M1", "M3")


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


# What the editions differ in.


def test_screen_transfer_towards_the_my_number_zone_came_later() -> None:
    old, new = (load_policy(edition, Model.ALPHA) for edition in EDITIONS)
    assert old.cell(Zone.LGWAN, Zone.MY_NUMBER).codes == ("D*",)
    assert new.cell(Zone.LGWAN, Zone.MY_NUMBER).codes == ("D*", "S2")
    assert new.cell(Zone.LGWAN, Zone.MY_NUMBER).confidence is Confidence.MEDIUM


def test_the_government_cloud_came_later() -> None:
    old, new = (load_policy(edition, Model.ALPHA) for edition in EDITIONS)
    assert new.cell(Zone.MY_NUMBER, Zone.GOVERNMENT_CLOUD).codes == ("G1",)
    for zone in Zone:
        if zone is not Zone.GOVERNMENT_CLOUD:
            assert permits_nothing(old, zone, Zone.GOVERNMENT_CLOUD)
    assert old.cell(Zone.MY_NUMBER, Zone.GOVERNMENT_CLOUD).confidence is Confidence.MEDIUM


def test_elsewhere_the_editions_agree() -> None:
    old, new = (load_policy(edition, Model.ALPHA) for edition in EDITIONS)
    changed = {pair for pair in old.cells if old.cells[pair].text != new.cells[pair].text}
    clouds = {Zone.GOVERNMENT_CLOUD, Zone.LGWAN_CLOUD}
    assert {pair for pair in changed if not clouds & set(pair)} == {(Zone.LGWAN, Zone.MY_NUMBER)}


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
    assert f"policies/{policy.edition}/alpha.yaml" in paths
    assert "policies/conditions.yaml" in paths
    if policy.edition == "mic-2022-03":
        assert "policies/mic-2026-03/alpha.yaml" in paths, "the base of a matrix is a file that the verdict rests on"
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
    error = failing(folder, model=Model.BETA)
    assert "beta" in error.text.en
    assert error.hint is not None and "alpha" in error.hint.en


def test_unknown_code_names_the_cell_and_the_file(folder: Path) -> None:
    spoil(folder / "mic-2026-03/alpha.yaml", "D*/S2", "D*/S9")
    error = failing(folder)
    assert error.file == "policies/mic-2026-03/alpha.yaml"
    assert "S9" in error.text.en and "LG→MN" in error.text.en
    assert error.line is not None and error.line > 1


def test_a_cell_too_few(folder: Path) -> None:
    spoil(folder / "mic-2026-03/alpha.yaml", "[D, M1/M3, P0, C1,", "[D, M1/M3, P0,")
    error = failing(folder)
    assert "16" in error.text.en and "15" in error.text.en


def test_a_row_too_few(folder: Path) -> None:
    path = folder / "mic-2026-03/alpha.yaml"
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


def test_a_matrix_that_extends_itself_ends(folder: Path) -> None:
    spoil(folder / "mic-2022-03/alpha.yaml", "extends: mic-2026-03/alpha", "extends: mic-2022-03/alpha")
    assert "mic-2022-03/alpha" in failing(folder, "mic-2022-03").text.en


def test_a_change_of_a_zone_that_does_not_exist(folder: Path) -> None:
    spoil(folder / "mic-2022-03/alpha.yaml", "{LG: {MN: D*}}", "{LG: {MNN: D*}}")
    error = failing(folder, "mic-2022-03")
    assert error.file == "policies/mic-2022-03/alpha.yaml"


def test_another_model_can_be_written_as_changes(folder: Path) -> None:
    (folder / "mic-2026-03/alpha_prime.yaml").write_text(
        "model: alpha_prime\n"
        'title: {ja: "α′モデル", en: "model α′"}\n'
        "confidence: source\n"
        "source: DECK-R8 p16\n"
        "extends: mic-2026-03/alpha\n"
        "changes:\n"
        "  - cells: {LG: {SAAS: A1, NET: D/A1}, SAAS: {LG: D/M3}}\n"
        "    confidence: source\n"
        "    source: DECK-R8 p16\n"
        '    reason: {ja: "接続先を限定した直接接続", en: "local breakout"}\n',
        encoding="utf-8",
    )
    policy = load_policy("mic-2026-03", Model.ALPHA_PRIME, folder)
    assert policy.model_title.en == "model α′"
    assert policy.cell(Zone.LGWAN, Zone.CLOUD_SERVICE).codes == ("A1",)
    assert policy.cell(Zone.LGWAN, Zone.PUBLIC_INTERNET).verdict is CellVerdict.CONDITIONAL
    assert policy.cell(Zone.MY_NUMBER, Zone.LGWAN).codes == ("D*",)
