"""The device of every vendor, exported in several files: the audit says what it says of one file, and never more when a part is missing."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from secaudit.audit.network import ReadNetwork, network_of_files
from secaudit.audit.preparation import prepare_folder
from secaudit.audit.repairs import repair_pair
from secaudit.audit.result import AuditResult
from secaudit.audit.run import audit_folder
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.outlines import outline_of
from secaudit.vendors.reader import Outline
from secaudit.vendors.registry import readers
from tests.across.town import AS_OF, Boundary, boundaries, town_with

WAY = "my_number->internet"
SPLITS = 3
each_vendor = pytest.mark.parametrize("boundary", boundaries(), ids=lambda one: one.vendor)
each_hole = pytest.mark.parametrize("hole", [None, "permit_too_many", "all_permitted"])
Verdicts = Mapping[tuple[str, str], frozenset[tuple[str, str]]]


@each_vendor
@each_hole
def test_declared_parts_are_the_whole_and_a_part_less_is_never_better(
    boundary: Boundary, hole: str | None, tmp_path: Path
) -> None:
    text = _text(boundary, hole)
    town = town_with(tmp_path / "whole", boundary, text)
    whole = _verdicts(audit_folder(town, AS_OF))
    for number, parts in enumerate(_splits(boundary, text)):
        result = audit_folder(_town(tmp_path / f"{number}", boundary, parts, declared=True), AS_OF)
        assert any("as the ledger says" in one.en for one in result.problems), result.problems
        _accounts_for(result, parts)
        found = _verdicts(result)
        different = {key for key in whole.keys() | found.keys() if whole.get(key) != found.get(key)}
        # A filter that nothing uses is what the hole leaves behind: what uses it may be in a part that was not exported.
        assert not different or hole == "all_permitted"
        for key in different:
            before = whole.get(key, frozenset())
            # Of a rule that had nothing to judge in the whole town, the device itself is told now.
            told = found.get(key, frozenset().union(*(one for other, one in found.items() if other[0] == key[0])))
            assert {outcome for outcome, _ in told - before} == {"undetermined"}, (key, before, told)
        lost = number % len(parts)
        fewer = _town(tmp_path / f"{number}-{lost}", boundary, [*parts[:lost], *parts[lost + 1 :]], declared=True)
        _is_no_better(town, whole, fewer)


@each_vendor
def test_parts_that_nobody_declared_are_joined_and_make_nothing_better(boundary: Boundary, tmp_path: Path) -> None:
    """Each printed at the device's prompt. Whether there are more of them nobody knows, so nothing passes by what is not there."""
    text = boundary.with_hole("permit_too_many")
    town = town_with(tmp_path / "whole", boundary, text)
    whole = _verdicts(audit_folder(town, AS_OF))
    joined = 0
    for number, parts in enumerate(_splits(boundary, text)):
        logs = [f"kyokai# show running-config\n{part}kyokai# exit\n" for part in parts]
        split = _town(tmp_path / f"{number}", boundary, logs, declared=False)
        result = _is_no_better(town, whole, split)
        joined += any("no section is in two of them" in one.en for one in result.problems)
        assert not _passes(result)
        lost = number % len(parts)
        fewer = _town(tmp_path / f"{number}-{lost}", boundary, [*logs[:lost], *logs[lost + 1 :]], declared=False)
        _is_no_better(town, whole, fewer)
    assert joined


@each_vendor
def test_a_declared_file_that_is_not_there_makes_nothing_pass(boundary: Boundary, tmp_path: Path) -> None:
    (parts, *_) = _splits(boundary, boundary.text)
    for lost in range(len(parts)):
        folder = _town(tmp_path / f"{lost}", boundary, parts, declared=True)
        (folder / "configs" / f"kyokai-{lost}.conf").unlink()
        result = audit_folder(folder, AS_OF)
        assert not _passes(result)
        (told,) = [one.en for one in result.problems if "there is no configs/" in one.en]
        assert re.match(
            rf"municipality.yaml:\d+ \[devices\[0\].files\[{lost}\]\]: there is no configs/kyokai-{lost}.conf", told
        )


@each_vendor
def test_a_part_alone_never_passes(boundary: Boundary, tmp_path: Path) -> None:
    """Every part of a split but the first, named in the ledger as if it were all."""
    (parts, *_) = _splits(boundary, boundary.with_hole("permit_too_many"))
    for number, part in enumerate(parts):
        result = audit_folder(_town(tmp_path / f"{number}", boundary, [part], declared=True), AS_OF)
        assert not _passes(result)


@each_vendor
def test_a_repair_of_a_joined_device_is_proved(boundary: Boundary, tmp_path: Path) -> None:
    (parts, *_) = _splits(boundary, boundary.with_hole("permit_too_many"))
    folder = _town(tmp_path / "town", boundary, parts, declared=True)
    answer = repair_pair(prepare_folder(folder), "my_number", "internet", AS_OF, 5)
    assert answer.repair is not None, answer.refused
    unsaid = boundary.holes["permit_too_many"].unsaid
    assert (answer.repair.unsaid.en if answer.repair.unsaid else None) == unsaid
    assert answer.repair.proof.read_back == (unsaid is None)


def test_every_section_of_a_fortigate_by_name_is_as_good_as_a_whole_export(tmp_path: Path) -> None:
    (boundary,) = [one for one in boundaries() if one.vendor == "fortios"]
    logs = _shown_sections(boundary.text)
    result = audit_folder(_town(tmp_path / "town", boundary, logs, declared=False), AS_OF)
    assert _passes(result)
    wanted = [
        number for number, log in enumerate(logs) if re.search(r"show (firewall|router static|system interface)", log)
    ]
    for lost in random.Random(3).sample(wanted, 6):
        fewer = _town(tmp_path / f"{lost}", boundary, [*logs[:lost], *logs[lost + 1 :]], declared=False)
        result = audit_folder(fewer, AS_OF)
        assert not _passes(result)
        section = logs[lost].splitlines()[0].partition("# ")[2]
        assert any("no file has the output of" in one.en and section in one.en for one in result.problems) or (
            "address" in section
        )


def test_plain_files_are_joined_as_those_of_a_folder(tmp_path: Path) -> None:
    (boundary,) = [one for one in boundaries() if one.vendor == "fortios"]
    (parts, *_) = _splits(boundary, boundary.text)
    network = _plain(tmp_path, [f"kyokai # show\n{part}" for part in parts])
    assert [one.name for one in network.devices] == ["kyokai"]
    files = {source.file for one in network.devices[0].interfaces.values() for source in one.sources}
    files |= {line.sources[0].file for line in network.devices[0].filters["policy"].lines if line.sources}
    assert len(files) > 1, "every line is shown in its own file"
    for one in network.devices[0].filters["policy"].lines:
        for source in one.sources:
            assert Path(source.file).read_text(encoding="utf-8").splitlines()[source.number - 1] == source.text


def test_two_whole_exports_stay_two(tmp_path: Path) -> None:
    (boundary,) = [one for one in boundaries() if one.vendor == "fortios"]
    network = _plain(tmp_path, [boundary.text, boundary.with_hole("permit_too_many")])
    assert not any("were read as the configuration of one device" in one.en for one in network.problems)
    assert any("two different configurations of kyokai" in one.en for one in network.problems)


@pytest.mark.parametrize("name", ["FortiGate-60E", "FGT60E4Q16000000"])
def test_a_factory_name_joins_nothing(name: str, tmp_path: Path) -> None:
    (boundary,) = [one for one in boundaries() if one.vendor == "fortios"]
    (parts, *_) = _splits(boundary, boundary.text.replace("kyokai", name))
    network = _plain(tmp_path, [f"{name} # show\n{part}" for part in parts])
    assert not any("were read as the configuration of one device" in one.en for one in network.problems)


# --- splitting ---------------------------------------------------------------------------------------------------


def _text(boundary: Boundary, hole: str | None) -> str:
    return boundary.text if hole is None else boundary.with_hole(hole)


def _splits(boundary: Boundary, text: str) -> Iterator[list[str]]:
    """A text cut at random borders of sections, in two to four."""
    lines = text.splitlines(keepends=True)
    borders = [at for at in range(1, len(lines)) if _is_border(boundary.vendor, lines[:at], lines[at:])]
    assert len(borders) >= 3
    chance = random.Random(f"{boundary.vendor} {len(text)}")
    for count in range(1, SPLITS + 1):
        cuts = [0, *sorted(chance.sample(borders, count)), len(lines)]
        yield ["".join(lines[left:right]) for left, right in pairwise(cuts)]


def _is_border(vendor: str, before: Sequence[str], after: Sequence[str]) -> bool:
    left, right = _outline(vendor, before), _outline(vendor, after)
    if left is None or right is None or left.inside or right.inside:
        return False
    return bool(left.sections and right.sections) and not left.sections & right.sections


def _outline(vendor: str, lines: Sequence[str]) -> Outline | None:
    if not "".join(lines).strip():
        return None
    (reader,) = [one for one in readers() if one.name == vendor]
    return outline_of(reader, config_text_from_bytes("".join(lines).encode(), "part.conf"))


def _shown_sections(text: str) -> list[str]:
    """The output of `show` for every section that matters, one file each; those that are not there are empty."""
    from secaudit.vendors.fortios.parts import outline

    sections = {
        block.split("\n", 1)[0].removeprefix("config "): block
        for block in re.findall(r"^config .*?^end\n", text, re.S | re.M)
    }
    empty = config_text_from_bytes(b"config firewall address\nend\n", "none.conf")
    lacking = outline(empty)
    (told, managed) = (lacking.lacking[0].en, lacking.lacking_management[0].en)
    wanted = re.findall(r"show ([\w -]+?)(?:,|$)", f"{told},{managed}")
    assert len(wanted) > 40
    names = dict.fromkeys((*sections, *wanted))
    return [
        f"kyokai # show {name}\n{sections.get(name, f'config {name}' + chr(10) + 'end' + chr(10))}" for name in names
    ]


def _town(folder: Path, boundary: Boundary, parts: Sequence[str], *, declared: bool) -> Path:
    town_with(folder, boundary, "")
    (folder / "configs" / "kyokai.conf").unlink()
    names = [f"kyokai-{number}.conf" for number in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        (folder / "configs" / name).write_text(part, encoding="utf-8")
    if declared:
        path = folder / "municipality.yaml"
        text = path.read_text(encoding="utf-8")
        role = "    role: boundary_firewall\n"
        assert text.count(role) == 1
        path.write_text(text.replace(role, f"{role}    files: [{', '.join(names)}]\n"), encoding="utf-8")
    return folder


def _plain(folder: Path, texts: Sequence[str]) -> ReadNetwork:
    paths = [folder / f"{number}.conf" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return network_of_files(paths)


def _passes(result: AuditResult) -> bool:
    """Whether any answer about the way with the hole is a pass."""
    found = [one.outcome for one in result.results if (one.rule, one.subject.name) == ("MN-02", WAY)]
    assert found
    return Outcome.PASS in found


# --- comparing ---------------------------------------------------------------------------------------------------


def _verdicts(result: AuditResult) -> Verdicts:
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one in result.results:
        found.setdefault((one.rule, one.subject.name), set()).add((one.outcome.value, one.reason))
    return {key: frozenset(one) for key, one in found.items()}


def _is_no_better(town: Path, whole: Verdicts, poorer: Path) -> AuditResult:
    """No rule passes in the poorer folder that did not pass in the whole one; answers with what the poorer one says.

    Nothing tells that a part which the ledger does not name was there. When it held the line that turns a service on, the rest of the file truly says
    that the service is off: a rule may then pass, but only one that asks about that very service.
    """
    result = audit_folder(poorer, AS_OF)
    for key, one in _verdicts(result).items():
        if key not in whole or "pass" not in {outcome for outcome, _ in one}:
            continue
        if {outcome for outcome, _ in whole[key]} & {"pass", "not_applicable"}:
            continue
        gone = _offered(town) - _offered(poorer)
        assert gone & _asked_services(key[0]), (key, whole[key], one)
    return result


def _offered(town: Path) -> frozenset[str]:
    """The services that the device offers for its management."""
    (device,) = [one for one in prepare_folder(town).network.devices if one.name == "kyokai"]
    return frozenset(one.name for one in device.management.services if one.enabled)


def _asked_services(rule: str) -> frozenset[str]:
    return frozenset(name for check in load_ruleset().rule(rule).checks for name in check.written.get("services", ()))


def _accounts_for(result: AuditResult, parts: Sequence[str]) -> None:
    """Every line of every file is in one of the three, under its own number."""
    inputs = {one.path: one for one in result.inputs}
    for number, part in enumerate(parts):
        one = inputs[f"configs/kyokai-{number}.conf"]
        assert one.problem is None
        assert one.lines_total == len(part.splitlines())
        assert one.lines_unread == 0
