"""What a person types, against a real firewall: `probe plan`, `probe run`, `audit`.

One border router in two forms: its configuration (`folder/configs/rt-kyokai.txt`) in the audit folder, and the same lists for the
kernel (`rt-kyokai.nft`) in a network namespace. While they agree the audit must say so; a drift planted in the kernel must be the
only thing it reports; and with the positive control silenced no silence may count for anything.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from secaudit.audit.network import network_of_folder
from secaudit.audit.probing import expected_open
from secaudit.municipality.loader import load_audit_folder
from secaudit.probes.folder import load_probes
from secaudit.probes.observation import PortState, Scan
from secaudit.probes.plan import ProbePlan, read_plan
from tests.cli.program import Ran, command_line, environment, secaudit
from tests.probes.namespaces import Namespaces, namespaces

HERE = Path(__file__).parent
RULES = (HERE / "rt-kyokai.nft").read_text(encoding="utf-8")
CONFIG = "configs/rt-kyokai.txt"
INBOUND = "ip access-list extended FROM-MYNUMBER"
PLAN = "probes/plan-my_number.yaml"

PROBER = "10.10.1.20"
CONTROL = "203.0.113.6"
PERMITTED_SERVER = "203.0.113.5"
SERVER_FOR_OTHERS = "203.0.113.7"
"""The register permits it from lgwan, not from my_number."""
LGWAN_SERVER = "10.20.1.30"
UNCERTAIN_HOST = "10.30.1.2"
"""It is there and listens, but nothing in the audit folder says so."""

LINKS = {
    "prober": ("g0", f"{PROBER}/24", "10.10.1.1"),
    "lgwan": ("g1", f"{LGWAN_SERVER}/24", "10.20.1.1"),
    "internet": ("g2", f"{UNCERTAIN_HOST}/24", "10.30.1.1"),
    "upstream": ("g3", "192.168.255.2/30", "192.168.255.1"),
}
"""By namespace: the border's interface (`g0` is GigabitEthernet0/0), the host's address, the border's address."""

OPEN = {(PERMITTED_SERVER, 443), (PERMITTED_SERVER, 8443), (CONTROL, 443)}
PERMITTED_BUT_UNUSED = (PERMITTED_SERVER, 8444)
"""Permitted, but nobody listens: the server's own reset proves that the packet crossed."""


@pytest.fixture(scope="module")
def border() -> Iterator[Namespaces]:
    with namespaces("border", *LINKS) as made:
        for role, (device, address, gateway) in LINKS.items():
            made.link(role, "eth0", "border", device)
            made.address(role, "eth0", address)
            made.address("border", device, f"{gateway}/{address.partition('/')[2]}")
            made.route(role, "default", gateway)
        made.address("upstream", "lo", *(f"{host}/32" for host in (PERMITTED_SERVER, CONTROL, SERVER_FOR_OTHERS)))
        made.route("border", "203.0.113.0/28", "192.168.255.2")
        made.forward("border")
        made.listen("upstream", (22, 443, 8443))
        made.listen("lgwan", (22, 443, 445, 3389))
        made.listen("internet", (80, 443))
        yield made


def in_prober(border: Namespaces, *arguments: str | Path) -> Ran:
    """Runs the program on the machine of the person who probes."""
    done = subprocess.run(
        border.inside("prober", *command_line(arguments)),
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def planned(border: Namespaces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The audit folder with a plan that a person has read and edited: faster, without a host that is not there, with fewer ports."""
    folder = tmp_path_factory.mktemp("planned") / "folder"
    shutil.copytree(HERE / "folder", folder)
    ran = in_prober(
        border, "probe", "plan", folder, "--from", "my_number", "--source", PROBER, "--control", f"{CONTROL}:443"
    )
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == (folder / PLAN).as_posix()
    text = (folder / PLAN).read_text(encoding="utf-8")
    text, removed = re.subn(r'  - address: "10\.30\.1\.3"\n(?:    .*\n)+', "", text)
    text, fewer = re.subn(
        rf'(  - address: "{re.escape(UNCERTAIN_HOST)}"\n(?:    .*\n)+?)    tcp: .*\n    udp: .*\n',
        r"\1    tcp: [80, 443, 8080]\n",
        text,
    )
    assert (removed, fewer) == (1, 1)
    for before, after in (
        ("packets_per_second: 50\n", "packets_per_second: 1000\n"),
        ("target_timeout_seconds: 300\n", "target_timeout_seconds: 60\n"),
        ("    udp: [53, 123, 137, 161, 514]\n", "    udp: [161]\n"),
    ):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (folder / PLAN).write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Audited:
    """One probe and the audit after it. `files` are the nmap files of that probe, the control's first, as named in results."""

    folder: Path
    probe: Ran
    files: tuple[str, ...]
    scans: tuple[Scan, ...]
    audit: Ran
    results: list[dict[str, Any]]

    def file_of(self, target: str) -> str:
        """The file that holds what was asked of a target; not the control's own."""
        (found,) = [scan.file for scan in self.scans[1:] if ipaddress.ip_address(target) in scan.targets]
        return found

    def states(self) -> dict[tuple[str, str, int], set[PortState]]:
        """What was seen of each port; a port that was asked twice may have two states."""
        found: dict[tuple[str, str, int], set[PortState]] = {}
        for scan in self.scans[1:]:
            for seen in scan.ports:
                found.setdefault((str(seen.target), seen.protocol, seen.port), set()).add(seen.state)
        return found

    def tcp(self, state: PortState) -> set[tuple[str, int]]:
        """The TCP ports that were seen in a state, and in no other."""
        seen = self.states().items()
        return {(target, port) for (target, protocol, port), held in seen if protocol == "tcp" and held == {state}}

    def about_this_probe(self) -> dict[tuple[str, str], tuple[str, str]]:
        """By rule and subject, the results and reasons that are about the files of this probe."""
        return {
            (one["rule"], one["subject"]["name"]): (one["result"], one["reason"])
            for one in self.results
            # Nobody asked nmap which services answer.
            if one["subject"]["name"].startswith(self.files) and one["reason"] != "not_examined"
        }

    def the_others(self) -> list[dict[str, Any]]:
        """All other results."""
        return [one for one in self.results if not one["subject"]["name"].startswith(self.files)]

    def failures(self) -> dict[str, dict[str, Any]]:
        """What failed, by rule; no rule may have failed twice."""
        found = [one for one in self.results if one["result"] in ("fail", "error")]
        by_rule = {one["rule"]: one for one in found}
        assert len(by_rule) == len(found), found
        return by_rule

    def check_evidence(self, evidence: list[dict[str, Any]]) -> None:
        """Every line of evidence must be where it says, in a file that is what it was."""
        assert evidence
        for one in evidence:
            content = (self.folder / one["file"]).read_bytes()
            assert one["digest"] == hashlib.sha256(content).hexdigest()
            line = content.decode("utf-8").splitlines()[one["line"] - 1]
            if one["file"] == CONFIG:
                assert one["text"] == line
            elif (port := re.fullmatch(r"\S+ (\d+)/(tcp|udp) ([a-z|]+) .*", one["text"])) is not None:
                assert f'protocol="{port[2]}" portid="{port[1]}"><state state="{port[3]}"' in line
            else:
                assert "<nmaprun " in line


def probe_and_audit(border: Namespaces, folder: Path, *, probe_status: int = 0) -> Audited:
    """Probes inside the prober's namespace, then audits the folder as of the day of the probe."""
    ran = in_prober(border, "probe", "run", folder, "--from", "my_number")
    assert (ran.status, ran.err) == (probe_status, "")
    paths = [Path(line) for line in ran.out.splitlines() if line.endswith(".xml")]
    assert {path.parent for path in paths} == {folder / "probes"}
    files = tuple(f"probes/{path.name}" for path in paths)
    assert re.fullmatch(r"probes/my_number-\d{8}-\d{6}-control\.xml", files[0])
    loaded = load_audit_folder(folder)
    probes = load_probes(folder, loaded.probes, loaded.municipality)
    assert probes.problems == ()
    scans = {scan.file: scan for scan in probes.scans}
    day = re.sub(r".*-(\d{4})(\d\d)(\d\d)-.*", r"\1-\2-\3", files[0])
    out = folder.with_name(f"{folder.name}-out")
    audited = secaudit("audit", folder, "--as-of", day, "--out", out)
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert result["problems"] == []
    (config,) = [one for one in result["inputs"] if one["kind"] == "config"]
    assert (config["path"], config["vendor"], config["coverage"]["unread"]) == (CONFIG, "cisco_ios", 0)
    return Audited(folder, ran, files, tuple(scans[name] for name in files), audited, result["results"])


@pytest.fixture(scope="module")
def agreed(border: Namespaces, planned: Path, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Probed while the kernel does what the configuration says."""
    folder = tmp_path_factory.mktemp("agreed") / "folder"
    shutil.copytree(planned, folder)
    border.firewall_rules("border", RULES)
    return probe_and_audit(border, folder)


def plan_of(folder: Path) -> ProbePlan:
    return read_plan(folder / PLAN, PLAN)


def copy_of(folder: Path, parent: Path) -> Path:
    copied = parent / "folder"
    shutil.copytree(folder, copied)
    return copied


def changed(rules: str, old: str, new: str) -> str:
    """The kernel's rules with one drift."""
    assert rules.count(old) == 1
    return rules.replace(old, new)


def line_of_config(folder: Path, text: str, below: str) -> tuple[int, str]:
    """The first line of the configuration that says this below the line that says that."""
    lines = (folder / CONFIG).read_text(encoding="utf-8").splitlines()
    start = lines.index(below)
    return next((number, line) for number, line in enumerate(lines, 1) if number > start and line.strip() == text)


def test_the_probe_finds_exactly_what_the_rules_leave_open(agreed: Audited) -> None:
    plan = plan_of(agreed.folder)
    asked = {(str(target.address), port) for target in plan.targets for port in target.tcp}
    assert {host for host, _ in asked} == {
        PERMITTED_SERVER,
        CONTROL,
        SERVER_FOR_OTHERS,
        LGWAN_SERVER,
        UNCERTAIN_HOST,
    }
    assert {(LGWAN_SERVER, 22), (LGWAN_SERVER, 445), (UNCERTAIN_HOST, 443), (SERVER_FOR_OTHERS, 443)} <= asked, (
        "ports at which somebody listens behind the border"
    )
    assert agreed.tcp(PortState.OPEN) == OPEN
    assert agreed.tcp(PortState.CLOSED) == {PERMITTED_BUT_UNUSED}
    assert agreed.tcp(PortState.FILTERED) == asked - OPEN - {PERMITTED_BUT_UNUSED}
    udp = {(target, port): held for (target, protocol, port), held in agreed.states().items() if protocol == "udp"}
    assert set(udp) == {(str(target.address), port) for target in plan.targets for port in target.udp}
    assert all(held <= {PortState.OPEN_FILTERED, PortState.FILTERED} for held in udp.values())


def test_the_files_of_a_probe_are_whole(agreed: Audited) -> None:
    control, *scans = agreed.scans
    assert {path.name for path in (agreed.folder / "probes").iterdir()} == {
        Path(PLAN).name,
        *(Path(name).name for name in agreed.files),
        *(Path(name).with_suffix(".meta.yaml").name for name in agreed.files),
    }
    assert all(scan.complete and scan.positive_control is True for scan in agreed.scans)
    assert all(str(scan.source_address) == PROBER and scan.from_zone == "my_number" for scan in agreed.scans)
    assert [(str(seen.target), seen.port, seen.state) for seen in control.ports] == 2 * [
        (CONTROL, 443, PortState.OPEN)
    ], "asked before and after"
    assert {str(host) for scan in scans for host in scan.assumed} == {UNCERTAIN_HOST}
    refused = [seen for scan in scans for seen in scan.ports if seen.reason == "admin-prohibited"]
    assert {str(seen.reason_address) for seen in refused} == {"10.10.1.1"}, "the border says that it refuses"
    assert not any(seen.may_have_crossed for seen in refused)


def test_what_the_configuration_lets_through_is_what_answered(agreed: Audited) -> None:
    """The two forms of the border agree for every packet that was sent, by the flow engine's own word."""
    loaded = load_audit_folder(agreed.folder)
    predicted = expected_open(loaded, network_of_folder(loaded), plan_of(agreed.folder))
    crossed = {
        (seen.target, seen.protocol, seen.port)
        for scan in agreed.scans[1:]
        for seen in scan.ports
        if seen.proves_crossing
    }
    assert set(predicted) == crossed
    assert {(str(target), port) for target, _, port in predicted} == OPEN | {PERMITTED_BUT_UNUSED}


def test_the_audit_reports_agreement(agreed: Audited) -> None:
    assert agreed.audit.status == 0
    assert agreed.failures() == {}
    hosts = (PERMITTED_SERVER, SERVER_FOR_OTHERS, LGWAN_SERVER, UNCERTAIN_HOST)
    permitted, others, lgwan, internet = map(agreed.file_of, hosts)
    assert agreed.about_this_probe() == {
        (rule, f"{name}:my_number->{zone}"): judged
        for name, zone, agreement, separation in (
            (agreed.files[0], "specific_destination", ("pass", "agrees"), ("pass", "nothing_crossed")),
            (permitted, "specific_destination", ("pass", "agrees"), ("pass", "nothing_crossed")),
            (others, "specific_destination", ("pass", "agrees"), ("pass", "nothing_crossed")),
            (lgwan, "lgwan", ("pass", "agrees"), ("pass", "nothing_crossed")),
            # Nobody knows that a host is there, so its silence is no proof.
            (internet, "internet", ("undetermined", "no_proof"), ("undetermined", "no_target")),
        )
        for rule, judged in (("OWN-02", agreement), ("OWN-04", separation))
    }
    not_probed = {
        one["subject"]["name"] for one in agreed.results if (one["rule"], one["reason"]) == ("OWN-04", "not_probed")
    }
    assert not_probed == {"lgwan->my_number", "internet->my_number", "lgwan->internet", "internet->lgwan"}


def test_agreement_shows_its_evidence(agreed: Audited) -> None:
    passed = {
        (one["rule"], one["subject"]["name"]): one["evidence"]
        for one in agreed.results
        if one["rule"] in ("OWN-02", "OWN-04") and one["result"] == "pass"
    }
    for evidence in passed.values():
        agreed.check_evidence(evidence)
    answers = passed["OWN-02", f"{agreed.file_of(PERMITTED_SERVER)}:my_number->specific_destination"]
    seen = {one["text"].split(" (")[0] for one in answers if one["file"] == agreed.file_of(PERMITTED_SERVER)}
    assert {f"{PERMITTED_SERVER} 443/tcp open", f"{PERMITTED_SERVER} 8444/tcp closed"} <= seen
    silence = passed["OWN-04", f"{agreed.file_of(LGWAN_SERVER)}:my_number->lgwan"]
    assert [(one["file"], one["text"].split(" (")[0]) for one in silence[1:]] == 2 * [
        (agreed.files[0], f"{CONTROL} 443/tcp open")
    ], "silence is proof by the control, which answered before and after"


@pytest.fixture(scope="module")
def opened(border: Namespaces, agreed: Audited, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Probed again after somebody opened a port in the kernel only."""
    there = f"    ip saddr {PROBER} ip daddr {LGWAN_SERVER} tcp dport 445 accept\n"
    back = f"    ip saddr {LGWAN_SERVER} ip daddr {PROBER} tcp sport 445 tcp flags & (ack | rst) != 0 accept\n"
    rules = changed(RULES, "  chain from_mynumber {\n", "  chain from_mynumber {\n" + there)
    border.firewall_rules("border", changed(rules, "  chain from_lgwan {\n", "  chain from_lgwan {\n" + back))
    return probe_and_audit(border, copy_of(agreed.folder, tmp_path_factory.mktemp("opened")))


@pytest.fixture(scope="module")
def closed(border: Namespaces, agreed: Audited, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Probed again after somebody closed a port in the kernel only."""
    permit = f"ip saddr {PROBER} ip daddr {PERMITTED_SERVER} tcp dport "
    border.firewall_rules("border", changed(RULES, permit + "8443-8444 accept", permit + "8444 accept"))
    return probe_and_audit(border, copy_of(agreed.folder, tmp_path_factory.mktemp("closed")))


def test_a_port_that_is_open_against_the_configuration_is_found(agreed: Audited, opened: Audited) -> None:
    found = opened
    assert found.tcp(PortState.OPEN) == OPEN | {(LGWAN_SERVER, 445)}

    assert found.audit.status == 1
    failures = found.failures()
    subject = f"{found.file_of(LGWAN_SERVER)}:my_number->lgwan"
    assert {(rule, one["subject"]["name"], one["reason"]) for rule, one in failures.items()} == {
        ("OWN-02", subject, "drift_open"),
        ("OWN-04", subject, "answer_seen"),
    }
    for rule, failure in failures.items():
        (fact,) = failure["facts"]
        assert f"{LGWAN_SERVER} tcp/445" in fact["ja"] and f"{LGWAN_SERVER} tcp/445" in fact["en"]
        found.check_evidence(failure["evidence"])
        probed = [one for one in failure["evidence"] if one["file"] != CONFIG]
        assert [one["file"] for one in probed] == [found.file_of(LGWAN_SERVER)]
        assert probed[0]["text"].startswith(f"{LGWAN_SERVER} 445/tcp open (syn-ack ")
        assert re.search(rf"^\[高\] {rule} .*\({probed[0]['file']}:{probed[0]['line']}\)$", found.audit.out, re.M)
    only_the_drift(found, agreed, {("OWN-02", subject), ("OWN-04", subject)})


def test_a_port_that_is_closed_against_the_configuration_is_found(agreed: Audited, closed: Audited) -> None:
    found = closed
    assert found.tcp(PortState.OPEN) == OPEN - {(PERMITTED_SERVER, 8443)}
    assert (PERMITTED_SERVER, 8443) in found.tcp(PortState.FILTERED)

    assert found.audit.status == 1
    failures = found.failures()
    subject = f"{found.file_of(PERMITTED_SERVER)}:my_number->specific_destination"
    assert {(rule, one["subject"]["name"], one["reason"]) for rule, one in failures.items()} == {
        ("OWN-02", subject, "drift_closed")
    }
    failure = failures["OWN-02"]
    assert failure["boxes"] == [f"{PROBER} → {PERMITTED_SERVER} tcp/8443"]
    found.check_evidence(failure["evidence"])
    by_config = {(one["line"], one["text"]) for one in failure["evidence"] if one["file"] == CONFIG}
    permit = line_of_config(found.folder, f"permit tcp host {PROBER} host {PERMITTED_SERVER} range 8443 8444", INBOUND)
    another = line_of_config(found.folder, f"permit tcp host {PROBER} host {PERMITTED_SERVER} eq 443", INBOUND)
    assert permit in by_config and another not in by_config
    by_probe = {one["file"] for one in failure["evidence"]} - {CONFIG}
    assert by_probe == {found.file_of(PERMITTED_SERVER), found.files[0]}, (
        "the scan, and the control that makes it proof"
    )
    only_the_drift(found, agreed, {("OWN-02", subject)})


def test_an_open_port_comes_with_the_line_that_should_have_stopped_it(opened: Audited) -> None:
    evidence = opened.failures()["OWN-02"]["evidence"]
    by_config = [(one["line"], one["text"]) for one in evidence if one["file"] == CONFIG]
    assert by_config == [line_of_config(opened.folder, "deny   ip any any log", INBOUND)]


def test_a_closed_port_comes_with_its_own_line_of_the_scan(closed: Audited) -> None:
    evidence = closed.failures()["OWN-02"]["evidence"]
    by_probe = [one["text"] for one in evidence if one["file"] == closed.file_of(PERMITTED_SERVER)]
    ports = {text.split(" (")[0] for text in by_probe if text.startswith(PERMITTED_SERVER)}
    assert ports == {f"{PERMITTED_SERVER} 8443/tcp filtered"}


def only_the_drift(found: Audited, agreed: Audited, drift: set[tuple[str, str]]) -> None:
    """But for the drift, the new probe is judged as the old one was, and everything else is as it was."""
    assert found.the_others() == agreed.results, "the old probe and all other rules"

    def by_number(of: Audited) -> dict[tuple[str, str], tuple[str, str]]:
        return {(rule, re.sub(r"-\d{8}-\d{6}", "", name)): held for (rule, name), held in of.about_this_probe().items()}

    before, after = by_number(agreed), by_number(found)
    assert before.keys() == after.keys()
    differing = {(rule, name) for rule, name in found.about_this_probe()} & drift
    assert differing == drift
    assert {key for key in before if before[key] != after[key]} == {
        (rule, re.sub(r"-\d{8}-\d{6}", "", name)) for rule, name in drift
    }


def test_with_the_control_silenced_no_silence_counts(border: Namespaces, planned: Path, tmp_path: Path) -> None:
    permit = f"ip saddr {PROBER} ip daddr {CONTROL} tcp dport 443 "
    border.firewall_rules("border", changed(RULES, permit + "accept", permit + "drop"))
    found = probe_and_audit(border, copy_of(planned, tmp_path), probe_status=1)
    assert found.probe.out.splitlines()[-1] == "陽性対照が応答しなかったため、無応答は分離の証拠にならない。"
    assert found.tcp(PortState.OPEN) == OPEN - {(CONTROL, 443)}
    assert all(scan.positive_control is False and scan.blocked() == {} for scan in found.scans)

    no_control = ("undetermined", "no_positive_control")
    no_proof = ("undetermined", "no_proof")
    hosts = (PERMITTED_SERVER, SERVER_FOR_OTHERS, LGWAN_SERVER, UNCERTAIN_HOST)
    permitted, others, lgwan, internet = map(found.file_of, hosts)
    assert found.about_this_probe() == {
        (rule, f"{name}:my_number->{zone}"): judged
        for name, zone, agreement in (
            (found.files[0], "specific_destination", no_proof),
            # Every port that was asked here has answered: that needs no control.
            (permitted, "specific_destination", ("pass", "agrees")),
            (others, "specific_destination", no_proof),
            (lgwan, "lgwan", no_proof),
            (internet, "internet", no_proof),
        )
        for rule, judged in (("OWN-02", agreement), ("OWN-04", no_control))
    }
    assert found.failures() == {}, "silence does not convict either"
    needs = {
        need["ja"]
        for one in found.results
        if one["subject"]["name"].startswith(found.files) and one["result"] == "undetermined"
        for need in one["needs"]
    }
    assert needs == {"応答すべき対象（陽性対照）を含む、完了した探査の結果"}
