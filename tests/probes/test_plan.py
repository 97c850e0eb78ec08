"""Plans: what is chosen, what is left out, and that nobody else's machines are ever asked."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
from pathlib import Path

import pytest

from secaudit.errors import InputError, UsageError
from secaudit.locations import schema_file
from secaudit.municipality.model import Municipality, Zone
from secaudit.probes.metadata import Control
from secaudit.probes.permission import refuse_strangers
from secaudit.probes.plan import Expectation, ProbePlan, ProbeTarget, plan_name, plan_text, read_plan
from secaudit.probes.planning import MAX_TARGETS_PER_ZONE, ZonePair, known_ports, make_plan
from tests.probes.builders import binding, flow, folder, municipality

MN, LG, IN, SPC, NET = Zone.MY_NUMBER, Zone.LGWAN, Zone.INTERNET, Zone.SPECIFIC_DESTINATION, Zone.PUBLIC_INTERNET
PROBER = ipaddress.ip_address("10.10.1.20")
GATEWAY = ipaddress.ip_address("10.20.1.1")
PAIRS = [ZonePair(MN, LG, True), ZonePair(MN, NET, True), ZonePair(MN, SPC, False), ZonePair(LG, MN, True)]


def town(*register: object) -> Municipality:
    flows = register or (
        flow(
            "SC-01", MN, SPC, ("10.10.1.20/32",), ("198.51.100.7/32",), ports=((443, 443), (8443, 8443)), two_way=True
        ),
        flow("SC-02", LG, SPC, ("10.20.1.30/32",), ("203.0.113.9/32",), ports=((5000, 5000),)),
        flow("SC-03", MN, LG, ("10.10.1.20/32",), ("10.20.1.30/32",), ports=((443, 443),)),
    )
    return municipality(
        binding(MN, "10.10.0.0/16"),
        binding(LG, "10.20.1.0/24", "10.20.2.0/24"),
        binding(IN, "10.30.0.0/16"),
        binding(NET),
        register=flows,  # type: ignore[arg-type]
    )


def plan_of(of: Municipality | None = None, **more: object) -> ProbePlan:
    options: dict[str, object] = {"source_address": PROBER, "device_addresses": (GATEWAY,), **more}
    return make_plan(folder(of or town()), PAIRS, MN, **options)  # type: ignore[arg-type]


def at(plan: ProbePlan, address: str) -> list[ProbeTarget]:
    return [target for target in plan.targets if str(target.address) == address]


def test_a_permitted_flow_is_asked_at_its_ports_only() -> None:
    (target,) = at(plan_of(), "198.51.100.7")
    assert (target.expect, target.tcp, target.udp, target.zone) == (Expectation.ANSWER, (443, 8443), (), SPC)
    assert target.because == "SC-01 電子申告"


def test_the_first_usable_permitted_flow_is_the_control() -> None:
    assert plan_of().control == Control(ipaddress.ip_address("198.51.100.7"), "tcp", 443)
    own = Control(ipaddress.ip_address("10.10.1.1"), "tcp", 22)
    assert plan_of(control=own).control == own


@pytest.mark.parametrize(
    ("source", "expected"),
    [("10.10.1.20", Expectation.ANSWER), ("10.10.1.21", Expectation.BLOCKED), (None, Expectation.EITHER)],
)
def test_a_flow_pinned_to_other_sources_is_expected_to_be_blocked(source: str | None, expected: Expectation) -> None:
    address = None if source is None else ipaddress.ip_address(source)
    control = Control(ipaddress.ip_address("10.10.1.1"), "tcp", 22)
    (target,) = at(plan_of(source_address=address, control=control), "198.51.100.7")
    assert target.expect is expected


def test_without_a_usable_flow_a_control_must_be_given() -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(source_address=None)
    assert caught.value.hint is not None and "--control" in caught.value.hint.ja


def test_a_host_of_a_forbidden_zone_is_asked_all_ports_but_those_permitted() -> None:
    permitted, forbidden = at(plan_of(), "10.20.1.30")
    assert (permitted.expect, permitted.tcp) == (Expectation.ANSWER, (443,))
    assert forbidden.expect is Expectation.BLOCKED
    assert set(forbidden.tcp) == {*known_ports("tcp"), 5000} - {443}
    assert set(forbidden.udp) == set(known_ports("udp"))
    assert not forbidden.assumed


def test_a_subnet_without_a_known_host_gets_assumed_ones_and_never_a_device() -> None:
    plan = plan_of(device_addresses=(ipaddress.ip_address("10.20.2.1"),))
    guessed = [str(target.address) for target in plan.targets if target.assumed]
    assert guessed == ["10.20.2.2", "10.20.2.3"]
    known = plan_of(known_hosts=(ipaddress.ip_address("10.20.2.9"), ipaddress.ip_address("172.16.0.1")))
    assert [str(target.address) for target in known.targets if target.assumed] == []
    assert not at(known, "10.20.2.9")[0].assumed
    assert at(known, "172.16.0.1") == [], "outside the zone"
    firewall = ipaddress.ip_address("10.20.2.254")
    assert at(plan_of(known_hosts=(firewall,), device_addresses=(firewall,)), "10.20.2.254") == []


def test_a_zone_of_somebody_else_is_not_swept() -> None:
    plan = plan_of()
    assert [target for target in plan.targets if target.zone is NET] == []
    assert any(note.startswith("public_internet") for note in plan.left_out)
    pairs = [ZonePair(IN, SPC, True)]
    control = Control(ipaddress.ip_address("10.30.0.1"), "tcp", 22)
    plan = make_plan(folder(town()), pairs, IN, control=control)
    assert [(str(target.address), target.tcp, target.expect) for target in plan.targets] == [
        ("198.51.100.7", (443, 8443), Expectation.BLOCKED),
        ("203.0.113.9", (5000,), Expectation.BLOCKED),
    ]


def test_wide_entries_are_cut_and_said() -> None:
    wide = town(
        flow("W-1", MN, SPC, ("10.10.1.20/32",), ("198.51.100.7/32",), ports=((1000, 60000),)),
        flow("W-2", MN, SPC, ("10.10.0.0/16",), ("0.0.0.0/0",)),
        flow("W-3", MN, SPC, ("10.10.0.0/16",), ("198.51.100.0/25",)),
        flow("W-4", MN, SPC, ("10.10.0.0/16",), ("198.51.100.8/32",), protocol="esp", ports=()),
        *(flow(f"H-{number}", LG, LG, ("10.20.1.5/32",), (f"10.20.1.{number}/32",)) for number in range(10, 40)),
    )
    plan = plan_of(wide)
    assert at(plan, "198.51.100.7")[0].tcp == tuple(range(1000, 1032))
    assert sum(target.zone is LG for target in plan.targets) == MAX_TARGETS_PER_ZONE
    notes = " / ".join(plan.left_out)
    for part in (
        "W-1: ポートが多い",
        "W-2: 宛先 0.0.0.0/0 は範囲が広い",
        "W-3: 宛先 198.51.100.0/25 は先頭の 4 台",
        "W-4: esp",
        "lgwan: 宛先 33 件",
    ):
        assert part in notes
    assert all(len(target.tcp) <= 200 for target in plan.targets)


def test_a_folder_that_names_nothing_to_probe() -> None:
    empty = municipality(binding(MN, "10.10.0.0/16"))
    with pytest.raises(UsageError) as caught:
        make_plan(folder(empty), PAIRS, MN, source_address=PROBER)
    assert "nothing to probe" in caught.value.text.en


def test_a_plan_survives_being_written_and_read(tmp_path: Path) -> None:
    plan = plan_of(town(flow("SC-01", MN, SPC, ("10.10.0.0/16",), ("198.51.100.7/32",))))
    odd = dataclasses.replace(plan.targets[0], because='a "quoted" \\ back # slash: [x]')
    plan = dataclasses.replace(plan, targets=(odd, *plan.targets[1:]))
    path = tmp_path / plan_name(MN)
    text = plan_text(plan)
    path.write_text(text, encoding="utf-8")
    assert read_plan(path, "probes/plan-my_number.yaml") == plan
    assert text == plan_text(read_plan(path, "x"))
    assert f"最大 {plan.packets_at_most:,} パケット" in text
    asked = sum(len(target.tcp) + len(target.udp) for target in plan.targets)
    assert plan.packets_at_most == (asked + 2) * 3


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "part"),
    [
        (
            'address: "198.51.100.7"',
            'address: "-oN FILE 127.0.0.1"',
            "-oN FILE",
            "positive_control.address",
            "IP address",
        ),
        ("tcp: [443, 8443]", "tcp: [443, '80 --script x']", "--script x", "targets[0].tcp[1]", "number"),
        ("tcp: [443, 8443]", "tcp: []", 'address: "198.51.100.7"', "targets[0]", "at least one"),
        ("tcp: [443, 8443]", "tcp: [0]", "[0]", "targets[0].tcp[0]", "`0`"),
        ("per_second: 50", "per_second: 100000", "100000", "limits.packets_per_second", "100000"),
        ("per_second: 50", "per_second: 50\n  arguments: -oN x", "-oN x", "limits.arguments", "arguments"),
        ("zone: specific_destination", "zone: somewhere", "somewhere", "targets[0].zone", "somewhere"),
        ("expect: answer", "expect: maybe", "expect: maybe", "targets[0].expect", "maybe"),
    ],
)
def test_a_changed_plan_is_checked(tmp_path: Path, old: str, new: str, line: str, field: str, part: str) -> None:
    text = plan_text(plan_of())
    assert old in text
    path = tmp_path / "plan.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_plan(path, "probes/plan-my_number.yaml")
    assert caught.value.field == field
    assert part in caught.value.text.en
    assert caught.value.line is not None
    assert line in path.read_text(encoding="utf-8").splitlines()[caught.value.line - 1]


def changed(plan: ProbePlan, **fields: object) -> ProbePlan:
    return dataclasses.replace(plan, targets=(dataclasses.replace(plan.targets[0], **fields),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"address": ipaddress.ip_address("192.0.2.1")}, "192.0.2.1"),
        ({"address": ipaddress.ip_address("8.8.8.8"), "tcp": (53,)}, "8.8.8.8"),
        ({"tcp": (443, 22)}, "198.51.100.7 (22/tcp)"),
        ({"tcp": (), "udp": (443,)}, "198.51.100.7 (443/udp)"),
        ({"address": ipaddress.ip_address("127.0.0.1")}, "127.0.0.1"),
        ({"address": ipaddress.ip_address("224.0.0.1")}, "224.0.0.1"),
        ({"address": ipaddress.ip_address("fe80::1%-oN x")}, "fe80::1%-oN x"),
        ({"address": "-oN FILE 127.0.0.1"}, "-oN FILE 127.0.0.1"),
    ],
)
def test_strangers_are_refused(fields: dict[str, object], refused: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_strangers(changed(plan_of(), **fields), town())
    assert refused in caught.value.text.ja
    assert refused in caught.value.text.en


def test_a_control_outside_the_folder_is_refused() -> None:
    with pytest.raises(UsageError):
        plan_of(control=Control(ipaddress.ip_address("8.8.8.8"), "tcp", 53))


def test_own_hosts_may_be_asked_any_port() -> None:
    refuse_strangers(changed(plan_of(), address=ipaddress.ip_address("10.20.2.200"), tcp=(1, 65535)), town())


def test_the_schemas_know_every_zone() -> None:
    probe, plan = (json.loads(schema_file(name).read_text(encoding="utf-8")) for name in ("probe", "probe_plan"))
    assert probe["properties"]["from_zone"]["enum"] == plan["$defs"]["zone"]["enum"] == [zone.value for zone in Zone]
