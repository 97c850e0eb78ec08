"""`secaudit diff`: what one changed line opens and closes, exactly, and nothing else."""

from __future__ import annotations

import datetime
import random
from pathlib import Path
from typing import Any

import pytest

from secaudit.audit.changes import Change, compare_folders
from secaudit.audit.preparation import PreparedFolder, prepare_folder
from secaudit.flows.modes import Mode
from secaudit.flows.replay import GETS_ACROSS, replay
from secaudit.flows.topology import build_topology
from secaudit.network.intervals import contains
from secaudit.packets.packet import Packet
from tests.cli.folders import AS_OF, Folder, small_folder
from tests.cli.program import secaudit
from tests.cli.validation import validate

DAY = datetime.date.fromisoformat(AS_OF)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Folder, Folder]:
    """The same folder twice: the second to change."""
    return small_folder(tmp_path / "old"), small_folder(tmp_path / "new")


def differences(old: Folder, new: Folder) -> Any:
    ran = secaudit("diff", old.path, new.path, "--as-of", AS_OF, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    answer = ran.json()
    validate(answer, "diff")
    return answer


def changes_of(answer: Any, source: str, destination: str) -> dict[str, list[str]]:
    found = [one for one in answer["pairs"] if (one["from"], one["to"]) == (source, destination)]
    return {one["change"]: one["boxes"] for pair in found for one in pair["changes"]}


def test_a_folder_and_its_copy(pair: tuple[Folder, Folder]) -> None:
    answer = differences(*pair)
    assert (answer["pairs"], answer["results"], answer["unchanged_pairs"]) == ([], [], 30)
    text = secaudit("diff", pair[0].path, pair[1].path, "--as-of", AS_OF)
    assert text.out == "領域間の通信に変化はない。\n判定に変化はない。\n"


def test_a_wider_address_opens_just_what_it_adds(pair: tuple[Folder, Folder]) -> None:
    old, new = pair
    new.change(
        "configs/fw-lgwan.conf", "set subnet 198.51.100.10 255.255.255.255", "set subnet 198.51.100.8 255.255.255.252"
    )
    answer = differences(old, new)
    assert [(one["from"], one["to"]) for one in answer["pairs"]] == [("lgwan", "lgwan_network")]
    (change,) = answer["pairs"][0]["changes"]
    assert change["change"] == "opened"
    assert change["boxes"] == ["10.20.0.0/24 → 198.51.100.8/31,198.51.100.11 tcp/443"]
    assert change["witness"].split(" > ")[1] in ("198.51.100.8:443", "198.51.100.9:443", "198.51.100.11:443")
    assert "set subnet 198.51.100.8 255.255.255.252" in {line["text"] for line in change["lines"]}
    back = differences(new, old)
    assert changes_of(back, "lgwan", "lgwan_network") == {"closed": change["boxes"]}


def test_a_removed_policy_closes_and_the_lines_are_those_of_before(pair: tuple[Folder, Folder]) -> None:
    old, new = pair
    new.change("configs/fw-lgwan.conf", "        set action accept\n", "        set action deny\n")
    (change,) = differences(old, new)["pairs"][0]["changes"]
    assert (change["change"], change["boxes"]) == ("closed", ["10.20.0.0/24 → 198.51.100.10 tcp/443"])
    assert "set action accept" in {line["text"] for line in change["lines"]}
    ran = secaudit("diff", old.path, new.path, "--as-of", AS_OF, "--lang", "en")
    assert "- closed" in ran.out and "let through by (before):" in ran.out
    assert "the other 29 zone pairs have not changed" in ran.out


def test_what_can_no_longer_be_told_is_neither_opened_nor_closed(pair: tuple[Folder, Folder]) -> None:
    old, new = pair
    new.change(
        "configs/fw-lgwan.conf",
        "set subnet 198.51.100.10 255.255.255.255",
        'set type fqdn\n        set fqdn "asp.example.jp"',
    )
    changes = changes_of(differences(old, new), "lgwan", "lgwan_network")
    assert set(changes) == {"maybe_closed", "maybe_opened"}
    assert changes["maybe_closed"] == ["10.20.0.0/24 → 198.51.100.10 tcp/443"]
    back = changes_of(differences(new, old), "lgwan", "lgwan_network")
    assert set(back) == {"known_open", "known_closed"}
    assert back["known_open"] == changes["maybe_closed"]
    assert back["known_closed"] == changes["maybe_opened"]


def test_a_missing_device_makes_its_pairs_unknown_and_is_named(pair: tuple[Folder, Folder]) -> None:
    old, new = pair
    (new.path / "configs/fw-lgwan.conf").unlink()
    ran = secaudit("diff", old.path, new.path, "--as-of", AS_OF, "--format", "json")
    answer = ran.json()
    validate(answer, "diff")
    assert "maybe_opened" in changes_of(answer, "my_number", "lgwan")
    assert {one["after"] for one in answer["results"] if one["before"] == "pass"} <= {"undetermined", "fail", None}
    assert not [one for one in answer["results"] if one["after"] == "pass"]


def test_results_that_became_others(pair: tuple[Folder, Folder]) -> None:
    old, new = pair
    new.change("configs/rt-inet.txt", "telnetd service off", "telnetd service on")
    results = differences(old, new)["results"]
    became = {one["rule"]: (one["before"], one["after"]) for one in results if "rt-inet" in one["subject"]}
    assert became == {"HD-03-TELNET": ("pass", "fail"), "HD-02": ("undetermined", "fail")}


def test_a_zone_that_only_one_folder_has(pair: tuple[Folder, Folder]) -> None:
    old, new = pair
    old.change(
        "municipality.yaml",
        "  lgwan_network:\n    subnets: [192.0.2.0/30, 198.51.100.0/24]\n    interfaces: [fw-lgwan:port3]\n",
        "",
    )
    old.change("municipality.yaml", "zones: [my_number, lgwan, lgwan_network]", "zones: [my_number, lgwan]")
    assert changes_of(differences(old, new), "lgwan", "lgwan_network") == {
        "opened": ["10.20.0.0/24 → 198.51.100.10 tcp/443"]
    }


@pytest.mark.parametrize("wrong", ["configs/fw-lgwan.conf", "nowhere"])
def test_what_is_no_folder(wrong: str, pair: tuple[Folder, Folder]) -> None:
    ran = secaudit("diff", pair[0].path, pair[1].path / wrong)
    assert (ran.status, ran.out) == (2, "")
    assert "→" in ran.err


def test_every_packet_changes_as_the_interpreter_says(pair: tuple[Folder, Folder]) -> None:
    """Random packets from the zones of the firewall: the second evaluator finds the same fate before and after."""
    old, new = pair
    new.change(
        "configs/fw-lgwan.conf", "set subnet 198.51.100.10 255.255.255.255", "set subnet 198.51.100.0 255.255.255.248"
    )
    new.change("configs/fw-lgwan.conf", 'set service "HTTPS"', 'set service "HTTPS" "DNS"')
    before, after = (prepare_folder(one.path) for one in pair)
    found = {
        change.change: change.packets
        for one in compare_folders(old.path, new.path, DAY, 5).pairs
        if (one.source, one.destination) == ("lgwan", "lgwan_network")
        for change in one.changes
    }
    assert set(found) == {Change.OPENED, Change.CLOSED}
    chosen = random.Random(20)
    fates = set()
    for _ in range(300):
        service = chosen.choice(("tcp", "udp"))
        source = f"10.20.0.{chosen.choice((2, 9))}"
        packet = Packet.parse(
            f"{service} {source}:40000 > 198.51.100.{chosen.choice((6, 7, 8, 9, 10, 11))}:{chosen.choice((52, 53, 443, 444))}"
        )
        was, is_ = (arrives(one, packet) for one in (before, after))
        fates.add((was, is_))
        assert found[Change.OPENED].contains(packet) == (is_ and not was), str(packet)
        assert found[Change.CLOSED].contains(packet) == (was and not is_), str(packet)
    assert len(fates) == 3, "a packet of every fate that occurs"


def arrives(prepared: PreparedFolder, packet: Packet) -> bool:
    topology = build_topology(prepared.network.devices)
    traces = replay(topology, "fw-lgwan", "port2", packet, Mode.CERTAIN)
    zone = prepared.plan.addresses["lgwan_network"][4]
    return any(one.verdict in GETS_ACROSS and contains(zone, int(packet.destination)) for one in traces)
