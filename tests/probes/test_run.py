"""Running nmap: nothing but our own text reaches it, and nothing half is left behind. No packet leaves in these tests."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
from pathlib import Path

import pytest

from secaudit.errors import InternalError, UsageError
from secaudit.municipality.model import Zone
from secaudit.network.intervals import IPAddress
from secaudit.probes import nmap_run, run
from secaudit.probes.folder import load_probes
from secaudit.probes.merge import merged
from secaudit.probes.metadata import Control
from secaudit.probes.nmap_import import reading_of
from secaudit.probes.nmap_run import NotAnswered, arguments, ask, find_nmap, host_text, ports_text
from secaudit.probes.nmap_xml import NmapDocument, parse
from secaudit.probes.plan import Expectation, Limits, ProbePlan, ProbeTarget
from secaudit.probes.run import Progress, run_plan
from tests.probes.builders import FIXTURES, binding, municipality
from tests.requirements import require_program

LIMITS = Limits(packets_per_second=1000, retries=1, target_timeout_seconds=10)
HOST = ipaddress.ip_address("10.20.1.10")
CONTROL = Control(HOST, "tcp", 443)
TOWN = municipality(binding(Zone.LGWAN, "10.20.0.0/16"))
INJECTIONS = [
    "-oN FILE 127.0.0.1",
    "127.0.0.1 -oN FILE",
    "127.0.0.1\n-oN FILE",
    "127.0.0.1 --script http-title",
    "-iL /etc/passwd",
    "10.20.1.10'",
    "10.20.0.0/16",
    "localhost",
]


class FakeScanner:
    """Stands where nmap stood and answers from files; notes what it was called with."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, str, str]] = []
        self.last = b""

    def scan(self, hosts: str, ports: str, arguments: str, timeout: int) -> None:
        self.calls.append((hosts, ports, arguments))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.last = answer

    def get_nmap_last_output(self) -> bytes:
        return self.last


def result(address: str, states: dict[int, tuple[str, str]], start: int, end: int, kind: str = "tcp") -> bytes:
    ports = "".join(
        f'<port protocol="{kind}" portid="{port}"><state state="{state}" reason="{reason}"/></port>'
        for port, (state, reason) in states.items()
    )
    services = ",".join(map(str, sorted(states)))
    return (
        f'<nmaprun scanner="nmap" args="nmap {address}" start="{start}" version="7.93">'
        f'<scaninfo type="{"udp" if kind == "udp" else "syn"}" protocol="{kind}" services="{services}"/>'
        f'<host starttime="{start}" endtime="{end}"><status state="up" reason="user-set"/>'
        f'<address addr="{address}" addrtype="ipv4"/><ports>{ports}</ports></host>'
        f'<runstats><finished time="{end}" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>'
    ).encode()


OPEN, SILENT = ("open", "syn-ack"), ("filtered", "no-response")


def target(address: str, *tcp: int, assumed: bool = False) -> ProbeTarget:
    return ProbeTarget(ipaddress.ip_address(address), Zone.LGWAN, Expectation.BLOCKED, "", tcp, (), assumed)


def plan(*targets: ProbeTarget) -> ProbePlan:
    return ProbePlan(Zone.MY_NUMBER, None, CONTROL, LIMITS, targets)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeScanner:
    scanner = FakeScanner()
    monkeypatch.setattr(run, "find_nmap", lambda: scanner)
    monkeypatch.setattr(run, "_own_address", lambda *_: ipaddress.ip_address("10.10.1.20"))
    return scanner


def test_files_are_kept_by_list_of_ports_with_the_control_around_them(fake: FakeScanner, tmp_path: Path) -> None:
    fake.answers = [
        result("10.20.1.10", {443: OPEN}, 100, 101),
        result("10.20.1.11", {22: SILENT, 80: OPEN}, 102, 104),
        result("10.20.1.12", {22: SILENT, 80: SILENT}, 104, 106),
        result("10.20.1.13", {443: ("closed", "reset")}, 106, 107),
        result("10.20.1.10", {443: OPEN}, 107, 108),
    ]
    seen: list[Progress] = []
    done = run_plan(
        plan(target("10.20.1.11", 22, 80), target("10.20.1.12", 22, 80, assumed=True), target("10.20.1.13", 443)),
        TOWN,
        tmp_path / "probes",
        seen.append,
    )
    assert [(entry.done, entry.total, str(entry.address)) for entry in seen] == [
        (1, 3, "10.20.1.11"),
        (2, 3, "10.20.1.12"),
        (3, 3, "10.20.1.13"),
    ]
    assert done.positive_control is True
    assert (done.answers, done.silent, done.unfinished) == (2, 3, ())
    names = sorted(path.name for path in (tmp_path / "probes").iterdir())
    assert len(names) == 6
    loaded = load_probes(tmp_path, [f"probes/{name}" for name in names])
    assert loaded.problems == ()
    first, second, control = loaded.scans
    assert [path.name for path in done.files] == [
        scan.file.removeprefix("probes/") for scan in (control, first, second)
    ]
    assert all(scan.positive_control and scan.complete and scan.from_zone == "my_number" for scan in loaded.scans)
    assert first.scanned == (("tcp", ((22, 22), (80, 80))),)
    assert first.blocked() == {(ipaddress.ip_address("10.20.1.11"), "tcp"): ((22, 22),)}
    assert first.assumed == {ipaddress.ip_address("10.20.1.12")}
    assert [(str(entry.target), entry.port) for entry in second.ports if entry.proves_crossing] == [("10.20.1.13", 443)]
    assert control.targets == (HOST,)


@pytest.mark.parametrize(("first", "last"), [(OPEN, SILENT), (SILENT, OPEN), (SILENT, SILENT)])
def test_a_control_that_did_not_answer_each_time_marks_the_scan(
    fake: FakeScanner, tmp_path: Path, first: tuple[str, str], last: tuple[str, str]
) -> None:
    fake.answers = [
        result("10.20.1.10", {443: first}, 100, 101),
        result("10.20.1.11", {22: SILENT}, 102, 104),
        result("10.20.1.10", {443: last}, 107, 108),
    ]
    done = run_plan(plan(target("10.20.1.11", 22)), TOWN, tmp_path / "probes")
    assert done.positive_control is False
    names = [f"probes/{path.name}" for path in (tmp_path / "probes").iterdir()]
    scans = load_probes(tmp_path, names).scans
    assert [scan.positive_control for scan in scans] == [False, False]
    assert all(scan.blocked() == {} for scan in scans)


def test_a_port_believed_open_that_stayed_silent_is_asked_again_slowly(fake: FakeScanner, tmp_path: Path) -> None:
    fake.answers = [
        result("10.20.1.10", {443: OPEN}, 100, 101),
        result("10.20.1.11", {22: SILENT, 80: SILENT}, 102, 104),
        result("10.20.1.11", {22: SILENT, 80: OPEN}, 104, 109),
        result("10.20.1.10", {443: OPEN}, 109, 110),
    ]
    address = ipaddress.ip_address("10.20.1.11")
    run_plan(plan(target("10.20.1.11", 22, 80)), TOWN, tmp_path / "probes", ask_again=[(address, "tcp", 80)])
    assert [call[2].split("--max-rate ")[1].split(" --host")[0] for call in fake.calls] == [
        "1000 --max-retries 1",
        "1000 --max-retries 1",
        "5 --max-retries 4",
        "1000 --max-retries 1",
    ]
    names = [f"probes/{path.name}" for path in (tmp_path / "probes").iterdir()]
    (scan,) = [scan for scan in load_probes(tmp_path, names).scans if "control" not in scan.file]
    assert [entry.port for entry in scan.ports if entry.proves_crossing] == [80]
    assert scan.blocked() == {(address, "tcp"): ((22, 22),)}, "the later answer counts, the earlier silence does not"


def test_targets_without_a_result_are_said_and_not_counted(fake: FakeScanner, tmp_path: Path) -> None:
    import nmap

    secret = "<nmaprun><secret/>" * 1000
    skipped = (
        b'<nmaprun scanner="nmap" start="103"><scaninfo type="syn" protocol="tcp" services="22"/>'
        b'<target specification="10.20.1.14" status="skipped" reason="invalid"/>'
        b'<runstats><finished time="103" exit="success"/></runstats></nmaprun>'
    )
    fake.answers = [
        result("10.20.1.10", {443: OPEN}, 100, 101),
        nmap.PortScannerTimeout("Timeout from nmap process"),
        nmap.PortScannerError(secret),
        nmap.PortScannerError("dnet: Failed to open device\x1b[2J eth0\nQUITTING!"),
        skipped,
        result("10.20.1.15", {22: SILENT}, 104, 105),
        result("10.20.1.10", {443: OPEN}, 107, 108),
    ]
    done = run_plan(plan(*(target(f"10.20.1.{number}", 22) for number in range(11, 16))), TOWN, tmp_path / "probes")
    assert [text.en for text in done.unfinished] == [
        "10.20.1.11: stopped, because it took too long",
        "10.20.1.12: nmap gave no result",
        "10.20.1.13: nmap gave no result: dnet: Failed to open device [2J eth0 QUITTING!",
        "10.20.1.14: no route to it, or it took too long",
    ]
    names = [f"probes/{path.name}" for path in (tmp_path / "probes").iterdir()]
    (scan,) = [scan for scan in load_probes(tmp_path, names).scans if "control" not in scan.file]
    assert [str(address) for address in scan.targets_up] == ["10.20.1.15"]


def test_ctrl_c_leaves_nothing(fake: FakeScanner, tmp_path: Path) -> None:
    def interrupt(_progress: Progress) -> None:
        raise KeyboardInterrupt

    fake.answers = [result("10.20.1.10", {443: OPEN}, 100, 101), result("10.20.1.11", {22: OPEN}, 102, 104)]
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(target("10.20.1.11", 22)), TOWN, tmp_path / "probes", interrupt)
    assert not (tmp_path / "probes").exists()


def test_a_disk_that_fills_up_leaves_nothing(
    fake: FakeScanner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.answers = [
        result("10.20.1.10", {443: OPEN}, 100, 101),
        result("10.20.1.11", {22: OPEN}, 102, 104),
        result("10.20.1.10", {443: OPEN}, 107, 108),
    ]
    written = run.write_new
    calls: list[Path] = []

    def third_fails(path: Path, content: bytes) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise KeyboardInterrupt
        written(path, content)

    monkeypatch.setattr(run, "write_new", third_fails)
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(target("10.20.1.11", 22)), TOWN, tmp_path / "probes")
    assert list((tmp_path / "probes").iterdir()) == []


def test_a_stranger_in_the_plan_stops_everything_before_nmap_is_even_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise AssertionError("nmap was looked for")

    monkeypatch.setattr(run, "find_nmap", refuse)
    for address in ("192.0.2.1", "127.0.0.1"):
        with pytest.raises(UsageError):
            run_plan(plan(target(address, 22)), TOWN, tmp_path)
    for text in INJECTIONS:
        smuggled = dataclasses.replace(target("10.20.1.11", 22), address=text)  # type: ignore[arg-type]
        with pytest.raises(UsageError):
            run_plan(plan(smuggled), TOWN, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_is_not_in_the_zone_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanner = FakeScanner()
    monkeypatch.setattr(run, "find_nmap", lambda: scanner)
    elsewhere = municipality(
        binding(Zone.MY_NUMBER, "10.10.0.0/16"), binding(Zone.LGWAN, "127.0.0.0/8", "10.20.0.0/16")
    )
    # Loopback stands for "reachable, but from an address outside the zone": the kernel then chooses 127.0.0.1.
    control = Control(ipaddress.ip_address("127.0.0.2"), "tcp", 9)
    monkeypatch.setattr(run, "refuse_strangers", lambda *_: None)
    with pytest.raises(UsageError) as caught:
        run_plan(dataclasses.replace(plan(target("10.20.1.11", 22)), control=control), elsewhere, tmp_path)
    assert "127.0.0.1" in caught.value.text.ja and "my_number" in caught.value.text.ja
    assert scanner.calls == []


@pytest.mark.parametrize("text", INJECTIONS)
def test_only_addresses_become_targets(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scanner = FakeScanner()
    with pytest.raises(UsageError):
        ask(scanner, text, (22,), (), LIMITS)  # type: ignore[arg-type]
    assert scanner.calls == []


def test_an_address_with_a_scope_cannot_carry_options() -> None:
    scoped = ipaddress.ip_address("fe80::1%-oN FILE 127.0.0.1")
    assert "-oN" in str(scoped), "the standard library lets the text through"
    with pytest.raises(UsageError):
        host_text(scoped)


class Disguised(ipaddress.IPv4Address):
    def __str__(self) -> str:
        return "-oN FILE 127.0.0.1"


def test_the_text_of_an_address_is_made_from_its_number() -> None:
    assert host_text(Disguised("10.20.1.10")) == "10.20.1.10"


@pytest.mark.parametrize("port", ["80", "80 --script x", 0, 65536, -1, True, 80.5])
def test_only_port_numbers_become_ports(port: object) -> None:
    with pytest.raises(UsageError):
        ports_text((port,), ())  # type: ignore[arg-type]


def test_arguments_are_our_own_constants() -> None:
    assert ports_text((22, 80), (53,)) == "T:22,80,U:53"
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    assert arguments(4, True, False, LIMITS) == (
        f"-n -Pn -vvv {'-sS' if root else '-sT'} --max-rate 1000 --max-retries 1 --host-timeout 10s"
    )
    assert "-6" in arguments(6, True, True, LIMITS).split()
    with pytest.raises(ValueError, match="invalid literal"):
        arguments(4, True, False, dataclasses.replace(LIMITS, retries="1 --script x"))  # type: ignore[arg-type]


def test_where_nobody_knows_the_rights_nmap_chooses_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "geteuid")
    assert arguments(4, True, False, LIMITS).split()[3] == "--max-rate"
    assert arguments(4, True, True, LIMITS).split()[3:5] == ["-sS", "-sU"]


def test_the_real_nmap_gets_a_target_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real python-nmap and nmap, against this machine itself."""
    require_program("nmap")
    monkeypatch.chdir(tmp_path)
    scanner = find_nmap()
    document = ask(scanner, ipaddress.ip_address("127.0.0.1"), (9,), (), LIMITS)
    assert isinstance(document, NmapDocument)
    (host,) = reading_of(document).hosts
    assert str(host.address) == "127.0.0.1"
    for text in INJECTIONS:
        with pytest.raises(UsageError):
            ask(scanner, text, (9,), (), LIMITS)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_missing_nmap_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import nmap

    def missing() -> None:
        raise nmap.PortScannerError("nmap program was not found in path. PATH is : /secret/path")

    monkeypatch.setattr(nmap, "PortScanner", missing)
    with pytest.raises(UsageError) as caught:
        find_nmap()
    assert "nmap" in caught.value.text.ja and "secret" not in caught.value.text.en
    assert caught.value.hint is not None and "apt install nmap" in caught.value.hint.ja


def test_a_control_that_cannot_even_be_asked_stops_the_run(fake: FakeScanner, tmp_path: Path) -> None:
    import nmap

    fake.answers = [nmap.PortScannerError("Operation not permitted")]
    with pytest.raises(UsageError) as caught:
        run_plan(plan(target("10.20.1.11", 22)), TOWN, tmp_path / "probes")
    assert "Operation not permitted" in caught.value.text.en
    assert not (tmp_path / "probes").exists()


def test_without_root_udp_is_said_to_be_missing(
    fake: FakeScanner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "can_send_raw", lambda: False)
    fake.answers = [
        result("10.20.1.10", {443: OPEN}, 100, 101),
        result("10.20.1.11", {22: OPEN}, 102, 104),
        result("10.20.1.10", {443: OPEN}, 107, 108),
    ]
    with_udp = dataclasses.replace(target("10.20.1.11", 22), udp=(53,))
    only_udp = dataclasses.replace(target("10.20.1.12"), udp=(53,))
    done = run_plan(plan(with_udp, only_udp), TOWN, tmp_path / "probes")
    assert [call[:2] for call in fake.calls[1:-1]] == [("10.20.1.11", "T:22")]
    assert [text.en for text in done.unfinished] == [
        "10.20.1.11: UDP was not asked: that needs root",
        "10.20.1.12: UDP was not asked: that needs root",
    ]


def test_merging_keeps_every_host_and_the_worst_end() -> None:
    one = parse(result("10.20.1.11", {22: OPEN}, 100, 104), "a")
    two = parse(result("10.20.1.12", {22: SILENT}, 90, 99).replace(b'exit="success"', b'exit="error"'), "b")
    read = reading_of(parse(merged([one, two]), "m"))
    assert [str(host.address) for host in read.hosts] == ["10.20.1.11", "10.20.1.12"]
    assert not read.finished
    assert read.started is not None and read.ended is not None
    assert (read.started.timestamp(), read.ended.timestamp()) == (90, 104)
    assert reading_of(parse(merged([one]), "m")).finished
    with pytest.raises(InternalError):
        merged([one, parse(result("10.20.1.12", {23: SILENT}, 90, 99), "b")])


def test_merging_keeps_a_real_file_as_it_was() -> None:
    document = parse((FIXTURES / "syn.xml").read_bytes(), "probes/syn.xml")
    again = reading_of(parse(merged([document]), "probes/syn.xml"))
    first = reading_of(document)

    def facts(port: object) -> tuple[object, ...]:
        return tuple(
            getattr(port, name) for name in ("target", "protocol", "port", "state", "reason", "reason_address")
        )

    assert [facts(port) for port in again.ports] == [facts(port) for port in first.ports]
    assert (again.started, again.ended, again.asked) == (first.started, first.ended, first.asked)


def test_what_cannot_be_parsed_is_not_an_answer() -> None:
    scanner = FakeScanner(b"<nmaprun scanner='nmap'><host>")
    assert isinstance(ask(scanner, HOST, (22,), (), LIMITS), NotAnswered)  # type: ignore[arg-type]
    address: IPAddress = HOST
    assert scanner.calls[0][0] == str(address)
    assert nmap_run.QUIET_ARGUMENTS in scanner.calls[0][2]
