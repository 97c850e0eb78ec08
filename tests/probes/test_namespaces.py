"""The real nmap through a real firewall: two zones and nftables between them, in network namespaces of this test's own.

Nothing leaves the machine: every packet stays on veth pairs between namespaces that the test makes and removes.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

from secaudit.municipality.model import Zone
from secaudit.probes.folder import Probes, load_probes
from secaudit.probes.metadata import Control
from secaudit.probes.observation import PortState, Scan
from secaudit.probes.plan import Expectation, Limits, ProbePlan, ProbeTarget, plan_text
from tests.probes.namespace_runner import TOWN
from tests.probes.namespaces import Namespaces, namespaces

ROOT = Path(__file__).parents[2]
SERVER = ipaddress.ip_address("10.20.1.30")
SERVER6 = ipaddress.ip_address("fd00:20::30")
CONTROL = Control(ipaddress.ip_address("10.20.1.40"), "tcp", 443)
PORTS = (22, 80, 443, 445, 3389, 8080, 8443)
LISTENING = (22, 443, 445, 8080)
NOBODY = 65534

RULES = """
table inet separation {
  chain forwarding {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    ip daddr 10.20.1.40 tcp dport 443 accept comment "control"
    ip daddr 10.20.1.30 tcp dport { 22, 443, 8443 } accept
    ip6 daddr fd00:20::30 tcp dport 22 accept
    ip daddr 10.20.1.30 tcp dport 3389 reject
  }
}
"""


@dataclass(frozen=True)
class Lab:
    """Three namespaces: the zone with the prober, the firewall, the zone with the servers."""

    made: Namespaces

    def firewall_rules(self, rules: str) -> None:
        self.made.firewall_rules("firewall", rules)

    def probe(self, plan: ProbePlan, folder: Path, *, inside: str = "prober", user: int = 0) -> dict[str, object]:
        """Runs the plan inside the prober's namespace, as a process of its own."""
        (folder / "probes").mkdir()
        path = folder / "plan.yaml"
        path.write_text(plan_text(plan), encoding="utf-8")
        if user:
            below = takewhile(lambda one: one != Path(tempfile.gettempdir()), folder.parents)
            for parent in (folder, *below):
                parent.chmod(0o755)
            os.chown(folder / "probes", user, user)
        words = [sys.executable, "-m", "tests.probes.namespace_runner", str(path), str(folder / "probes"), str(user)]
        done = subprocess.run(
            self.made.inside(inside, *words),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with namespaces("prober", "firewall", "servers") as made:
        made.link("prober", "eth0", "firewall", "inside")
        made.link("servers", "eth0", "firewall", "outside")
        made.address("prober", "eth0", "10.10.1.20/24", "fd00:10::20/64")
        made.address("firewall", "inside", "10.10.1.1/24", "fd00:10::1/64")
        made.address("firewall", "outside", "10.20.1.1/24", "fd00:20::1/64")
        made.address("servers", "eth0", "10.20.1.30/24", "10.20.1.40/24", "fd00:20::30/64")
        for role, number in (("prober", 10), ("servers", 20)):
            made.route(role, "default", f"10.{number}.1.1")
            made.route(role, "default", f"fd00:{number}::1")
        made.forward("firewall")
        made.listen("servers", LISTENING)
        yield Lab(made)


PLAN = ProbePlan(
    from_zone=Zone.MY_NUMBER,
    source_address=None,
    control=CONTROL,
    limits=Limits(packets_per_second=1000, retries=1, target_timeout_seconds=60),
    targets=(
        ProbeTarget(SERVER, Zone.LGWAN, Expectation.BLOCKED, "", PORTS),
        ProbeTarget(SERVER6, Zone.LGWAN, Expectation.BLOCKED, "", (22, 80, 445)),
    ),
)


ONE_TARGET = dataclasses.replace(PLAN, targets=PLAN.targets[:1])


def scans_of(folder: Path) -> tuple[Probes, dict[str, Scan]]:
    names = [f"probes/{path.name}" for path in (folder / "probes").iterdir()]
    loaded = load_probes(folder, names, TOWN)
    by_target = {"control" if "control" in scan.file else str(scan.targets[0]): scan for scan in loaded.scans}
    return loaded, by_target


def states(scan: Scan, state: PortState) -> set[int]:
    return {seen.port for seen in scan.ports if seen.state is state}


def test_a_probe_finds_exactly_what_the_rules_leave_open(lab: Lab, tmp_path: Path) -> None:
    lab.firewall_rules(RULES)
    done = lab.probe(PLAN, tmp_path)
    assert done["control"] is True
    assert done["unfinished"] == []
    assert done["asked"] == ["10.20.1.30", "fd00:20::30"]
    assert done["answers"] == 4
    loaded, scans = scans_of(tmp_path)
    assert loaded.problems == ()
    server, server6 = scans["10.20.1.30"], scans["fd00:20::30"]
    assert all(scan.positive_control is True and scan.complete for scan in loaded.scans)
    assert str(server.source_address) == "10.10.1.20"

    assert states(server, PortState.OPEN) == {22, 443}
    assert states(server, PortState.CLOSED) == {8443}, "permitted, but nobody listens: the server's own answer"
    assert states(server, PortState.FILTERED) == {80, 445, 3389, 8080}
    assert {seen.port for seen in server.ports if seen.proves_crossing} == {22, 443, 8443}
    (refused,) = [seen for seen in server.ports if seen.port == 3389]
    assert (refused.reason, str(refused.reason_address)) == ("port-unreach", "10.10.1.1")
    assert server.blocked() == {(SERVER, "tcp"): ((80, 80), (445, 445), (3389, 3389), (8080, 8080))}

    assert states(server6, PortState.OPEN) == {22}
    assert server6.blocked() == {(SERVER6, "tcp"): ((80, 80), (445, 445))}
    assert states(scans["control"], PortState.OPEN) == {443}


def test_a_hole_in_the_rules_is_found(lab: Lab, tmp_path: Path) -> None:
    lab.firewall_rules(RULES.replace("{ 22, 443, 8443 }", "{ 22, 443, 445, 8443 }"))
    lab.probe(ONE_TARGET, tmp_path)
    _, scans = scans_of(tmp_path)
    assert states(scans["10.20.1.30"], PortState.OPEN) == {22, 443, 445}
    assert not scans["10.20.1.30"].shows_blocked(SERVER, "tcp", 445)


def test_with_the_control_blocked_silence_is_no_proof(lab: Lab, tmp_path: Path) -> None:
    lab.firewall_rules("\n".join(line for line in RULES.splitlines() if "control" not in line))
    done = lab.probe(ONE_TARGET, tmp_path)
    assert done["control"] is False
    loaded, scans = scans_of(tmp_path)
    assert [scan.positive_control for scan in loaded.scans] == [False, False]
    assert states(scans["10.20.1.30"], PortState.OPEN) == {22, 443}, "what answered still counts"
    assert all(scan.blocked() == {} for scan in loaded.scans)


def test_with_everything_blocked_nothing_is_claimed(lab: Lab, tmp_path: Path) -> None:
    """A pulled cable looks like perfect separation."""
    lab.firewall_rules(
        "table inet separation { chain forwarding { type filter hook forward priority 0; policy drop; }\n}"
    )
    done = lab.probe(ONE_TARGET, tmp_path)
    assert done["control"] is False
    loaded, _ = scans_of(tmp_path)
    assert not [seen for scan in loaded.scans for seen in scan.ports if seen.may_have_crossed]
    assert all(scan.blocked() == {} for scan in loaded.scans)


def test_without_root_a_refusal_cannot_be_told_from_a_closed_port(lab: Lab, tmp_path: Path) -> None:
    lab.firewall_rules(RULES)
    done = lab.probe(ONE_TARGET, tmp_path, user=NOBODY)
    assert done["control"] is True
    _, scans = scans_of(tmp_path)
    server = scans["10.20.1.30"]
    assert states(server, PortState.OPEN) == {22, 443}
    assert states(server, PortState.CLOSED) == {3389, 8443}
    assert {seen.port for seen in server.ports if seen.proves_crossing} == {22, 443}
    assert server.blocked() == {(SERVER, "tcp"): ((80, 80), (445, 445), (8080, 8080))}


def test_a_prober_plugged_into_the_wrong_zone_sends_nothing(lab: Lab, tmp_path: Path) -> None:
    lab.firewall_rules(RULES)
    done = lab.probe(ONE_TARGET, tmp_path, inside="servers")
    assert "10.20.1.30 is not one of the zone my_number" in str(done["error"])
    assert list((tmp_path / "probes").iterdir()) == []
