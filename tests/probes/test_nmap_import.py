"""Real nmap files: what each answer proves, and what it does not."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path

import pytest

from secaudit.errors import InputError
from secaudit.municipality.model import Zone
from secaudit.probes.metadata import Control, ProbeMetadata
from secaudit.probes.nmap_import import import_nmap, read_nmap
from secaudit.probes.nmap_xml import cleaned
from secaudit.probes.observation import PortObservation, PortState, Scan
from secaudit.text.source import SourceLine
from tests.probes.builders import FIXTURES

TARGET = ipaddress.ip_address("10.20.1.10")
GATEWAY = ipaddress.ip_address("10.10.1.1")
OPEN_PORT = Control(TARGET, "tcp", 443)


def scan(name: str, control: Control | None = None, **more: object) -> Scan:
    metadata = ProbeMetadata(
        Zone.MY_NUMBER,
        ipaddress.ip_address("10.10.1.50"),
        control,
        tuple(more.get("assumed", ())),  # type: ignore[arg-type]
        SourceLine("x.meta.yaml", 1, ""),
    )
    path = more.get("path", FIXTURES / f"{name}.xml")
    assert isinstance(path, Path)
    return import_nmap(path, f"probes/{name}.xml", metadata)


def port(of: Scan, number: int, target: str = "10.20.1.10", protocol: str = "tcp") -> PortObservation:
    (found,) = [seen for seen in of.ports if (seen.port, seen.protocol, str(seen.target)) == (number, protocol, target)]
    return found


def changed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = (FIXTURES / f"{name}.xml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{name}.xml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_syn_scan_proves_by_what_the_target_itself_answered() -> None:
    read = scan("syn", OPEN_PORT)
    assert {
        number: (seen.state, seen.reason, seen.proves_crossing, seen.may_have_crossed)
        for number in (22, 443, 445, 3389, 8443)
        for seen in [port(read, number)]
    } == {
        22: (PortState.FILTERED, "no-response", False, False),
        443: (PortState.OPEN, "syn-ack", True, True),
        445: (PortState.CLOSED, "reset", True, True),
        3389: (PortState.FILTERED, "port-unreach", False, False),
        8443: (PortState.OPEN, "syn-ack", True, True),
    }
    assert port(read, 3389).reason_address == GATEWAY
    assert read.positive_control is True
    assert read.complete
    assert read.scanned == (("tcp", ((22, 22), (443, 443), (445, 445), (3389, 3389), (8443, 8443))),)
    assert read.targets == read.targets_up == (TARGET, GATEWAY)
    assert read.started is not None and read.started.isoformat() == "2026-11-22T06:04:54+09:00"
    assert read.ended is not None and read.ended.isoformat() == "2026-11-22T06:04:55+09:00"
    assert read.blocked()[TARGET, "tcp"] == ((22, 22), (3389, 3389))
    assert read.shows_blocked(TARGET, "tcp", 22)
    assert not read.shows_blocked(TARGET, "tcp", 445)
    assert not read.shows_blocked(TARGET, "tcp", 23), "never asked"


def test_evidence_is_the_line_of_the_port_in_our_words() -> None:
    read = scan("syn", OPEN_PORT)
    lines = (FIXTURES / "syn.xml").read_text(encoding="utf-8").splitlines()
    source = port(read, 445).source
    assert source.file == "probes/syn.xml"
    assert 'portid="445"' in lines[source.number - 1]
    assert lines.index(lines[source.number - 1]) == source.number - 1
    assert source.text == "10.20.1.10 445/tcp closed (reset ttl 63) microsoft-ds"
    assert port(read, 3389).source.text == (
        "10.20.1.10 3389/tcp filtered (port-unreach from 10.10.1.1 ttl 64) ms-wbt-server"
    )
    assert read.control == (port(read, 443).source,)
    assert "<nmaprun" in lines[read.source.number - 1]
    assert read.source.text.startswith("nmap 7.93 2026-11-22 06:04:54 JST: nmap -n")


@pytest.mark.parametrize(
    ("control", "answered"),
    [
        (Control(TARGET, "tcp", 443), True),
        (Control(TARGET, "tcp", 445), True),
        (Control(TARGET, "tcp", 22), False),
        (Control(TARGET, "tcp", 3389), False),
        (Control(TARGET, "tcp", 80), None),
        (Control(ipaddress.ip_address("10.20.1.11"), "tcp", 443), None),
        (None, None),
    ],
)
def test_silence_proves_something_only_with_a_control_that_answered(
    control: Control | None, answered: bool | None
) -> None:
    read = scan("syn", control)
    assert read.positive_control is answered
    assert read.shows_blocked(TARGET, "tcp", 22) is (answered is True)


def test_a_prober_is_no_control_of_itself(tmp_path: Path) -> None:
    path = changed(tmp_path, "syn", 'state="up" reason="user-set"', 'state="up" reason="localhost-response"')
    assert scan("syn", OPEN_PORT, path=path).positive_control is None


def test_a_control_that_is_held_for_down_did_not_answer(tmp_path: Path) -> None:
    """As nmap writes it (with -v) for a host of the prober's own segment that does not answer ARP."""
    down = '<host><status state="down" reason="no-response"/><address addr="10.10.1.9" addrtype="ipv4"/></host>\n<host '
    path = changed(tmp_path, "syn", '<host starttime="1795295094"', down + 'starttime="1795295094"')
    read = scan("syn", Control(ipaddress.ip_address("10.10.1.9"), "tcp", 443), path=path)
    assert read.positive_control is False
    assert read.control[0].text == "10.10.1.9 down (no-response)"


def test_a_target_that_may_not_exist_proves_nothing_by_silence() -> None:
    read = scan("syn", OPEN_PORT, assumed=(TARGET,))
    assert read.positive_control is True
    assert not read.shows_blocked(TARGET, "tcp", 22)
    assert port(read, 445).proves_crossing, "an answer counts all the same"


def test_ports_that_nmap_only_sums_up_are_not_lost() -> None:
    read = scan("summed", OPEN_PORT)
    crossed = [seen.port for seen in read.ports if seen.proves_crossing]
    assert crossed == [443, 445, *range(2000, 2060)]
    assert port(read, 2031).source.text == "445,2000-2059 tcp closed (reset)"
    lines = (FIXTURES / "summed.xml").read_text(encoding="utf-8").splitlines()
    assert 'ports="445,2000-2059"' in lines[port(read, 2031).source.number - 1]
    assert [(group.ports, group.reason) for group in read.silent] == [
        (((1000, 1059),), "no-response"),
        (((3389, 3389),), "port-unreach"),
    ]
    # Who refused port 3389 is not said: it may have been the target, whose silence would then mean nothing.
    assert read.blocked() == {}


def test_summed_silence_is_proof_when_nothing_refused(tmp_path: Path) -> None:
    text = (FIXTURES / "summed.xml").read_text(encoding="utf-8")
    refusal = '<extrareasons reason="port-unreach" count="1" proto="tcp" ports="3389"/>\n'
    assert refusal in text
    path = tmp_path / "summed.xml"
    path.write_text(text.replace(refusal, "").replace('2000-2059,3389"/>', '2000-2059"/>'), encoding="utf-8")
    read = scan("summed", OPEN_PORT, path=path)
    assert read.complete
    assert read.blocked() == {(TARGET, "tcp"): ((1000, 1059),)}


def test_an_old_nmap_that_does_not_say_which_ports_it_summed(tmp_path: Path) -> None:
    """One sum is what is left over. Two sums are a riddle, and then nothing is proof."""
    old = tmp_path / "old.xml"
    head = (
        '<?xml version="1.0"?>\n<nmaprun scanner="nmap" args="nmap" start="1795295094" version="5.51">\n'
        '<scaninfo type="syn" protocol="tcp" numservices="4" services="22-25"/>\n'
        '<host><status state="up" reason="user-set"/><address addr="10.20.1.10" addrtype="ipv4"/>\n<ports>'
    )
    tail = (
        '<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/></port></ports></host>\n'
        '<runstats><finished time="1795295099"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>\n'
    )
    one = '<extraports state="closed" count="3"><extrareasons reason="resets" count="3"/></extraports>\n'
    old.write_text(head + one + tail)
    control = Control(TARGET, "tcp", 22)
    read = scan("old", control, path=old)
    assert [(seen.port, seen.proves_crossing) for seen in read.ports] == [
        (22, True),
        (23, True),
        (24, True),
        (25, True),
    ]
    assert read.complete

    two = (
        '<extraports state="closed" count="1"><extrareasons reason="resets" count="1"/></extraports>\n'
        '<extraports state="filtered" count="2"><extrareasons reason="no-responses" count="2"/></extraports>\n'
    )
    old.write_text(head + two + tail)
    read = scan("old", control, path=old)
    assert [seen.port for seen in read.ports] == [22]
    assert not read.complete
    assert read.targets_up == ()
    assert read.blocked() == {}


def test_a_connect_scan_cannot_tell_a_closed_port_from_a_refusing_firewall() -> None:
    """In this file 445 was closed on the target and 3389 was refused by the firewall with an ICMP message: they look the same."""
    read = scan("connect", OPEN_PORT)
    for number in (445, 3389):
        seen = port(read, number)
        assert (seen.state, seen.reason) == (PortState.CLOSED, "conn-refused")
        assert not seen.proves_crossing
        assert seen.may_have_crossed
        assert not read.shows_blocked(TARGET, "tcp", number)
    assert read.shows_blocked(TARGET, "tcp", 22)


def test_a_refusal_by_the_target_itself_is_not_a_blocked_port() -> None:
    """The target's own firewall refused 22 and 445: the packets had crossed. "filtered" alone says the opposite."""
    target = ipaddress.ip_address("10.20.1.20")
    read = scan("host_firewall", Control(target, "tcp", 443))
    assert read.positive_control is True
    for number in (22, 445):
        seen = port(read, number, "10.20.1.20")
        assert (seen.state, seen.reason, seen.reason_address) == (PortState.FILTERED, "admin-prohibited", None)
        assert seen.may_have_crossed
    assert read.blocked() == {}


def test_one_refusal_of_the_target_takes_the_meaning_from_its_silence(tmp_path: Path) -> None:
    """Its refusals are rate-limited, so the ports after the first few stay silent although every packet arrived."""
    path = tmp_path / "x.xml"
    text = (FIXTURES / "host_firewall.xml").read_text(encoding="utf-8")
    parts = text.split("admin-prohibited")
    path.write_text(parts[0] + "no-response" + parts[1] + "admin-prohibited" + parts[2], encoding="utf-8")
    read = scan("x", Control(ipaddress.ip_address("10.20.1.20"), "tcp", 443), path=path)
    assert not port(read, 22, "10.20.1.20").may_have_crossed
    assert read.blocked() == {}


def test_the_answer_to_host_discovery_is_an_observation_too() -> None:
    read = scan("discovery", OPEN_PORT)
    ping = port(read, 0, "10.20.1.20", "icmp")
    assert (ping.state, ping.reason, ping.proves_crossing) == (PortState.OPEN, "echo-reply", True)
    assert port(read, 0).reason == "syn-ack"
    assert ipaddress.ip_address("10.20.1.99") not in read.targets_up, "held for down, so its ports were never asked"
    assert read.shows_blocked(TARGET, "tcp", 22)


def test_a_ping_scan_has_no_ports_and_proves_no_silence() -> None:
    read = scan("ping", Control(ipaddress.ip_address("10.20.1.20"), "tcp", 443))
    assert [(seen.protocol, seen.proves_crossing) for seen in read.ports] == [("icmp", True)]
    assert read.scanned == ()
    assert read.positive_control is None


def test_silence_over_udp_is_never_proof() -> None:
    read = scan("udp", Control(TARGET, "udp", 53))
    assert read.positive_control is True
    assert port(read, 53, protocol="udp").proves_crossing
    seen = port(read, 161, protocol="udp")
    assert (seen.state, seen.proves_crossing, seen.may_have_crossed) == (PortState.OPEN_FILTERED, False, True)
    assert read.blocked() == {}


def test_not_even_filtered_is_proof_over_udp(tmp_path: Path) -> None:
    path = changed(tmp_path, "udp", 'state="open|filtered"', 'state="filtered"')
    read = scan("udp", Control(TARGET, "udp", 53), path=path)
    assert read.positive_control is True
    assert read.blocked() == {}


def test_ipv6() -> None:
    target = ipaddress.ip_address("fd00:20::10")
    read = scan("ipv6", Control(target, "tcp", 443))
    assert read.positive_control is True
    assert read.blocked() == {(target, "tcp"): ((22, 22),)}
    assert port(read, 445, "fd00:20::10").proves_crossing


def test_a_target_that_nmap_gave_up_on_was_not_asked() -> None:
    read = scan("gave_up", OPEN_PORT)
    assert read.targets == (TARGET,)
    assert read.targets_up == ()
    assert not read.asked(TARGET, "tcp", 1000)
    assert read.positive_control is None


def test_a_scan_that_hides_closed_ports_still_counts_them() -> None:
    read = scan("only_open", OPEN_PORT)
    assert port(read, 445).proves_crossing
    assert read.shows_blocked(TARGET, "tcp", 22)


def test_ports_that_appear_in_no_state_make_a_file_incomplete(tmp_path: Path) -> None:
    path = changed(tmp_path, "only_open", '<extrareasons reason="no-response" count="1" proto="tcp" ports="22"/>\n', "")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('<extraports state="filtered" count="1">\n</extraports>\n', ""), encoding="utf-8")
    read = scan("only_open", OPEN_PORT, path=path)
    assert not read.complete
    assert read.targets_up == ()


@pytest.mark.parametrize("end", ['exit="error"', 'exit="something"'])
def test_a_run_that_ended_badly_is_incomplete(tmp_path: Path, end: str) -> None:
    read = scan("syn", OPEN_PORT, path=changed(tmp_path, "syn", 'exit="success"', end))
    assert not read.complete
    assert read.blocked() == {}
    assert port(read, 445).proves_crossing, "what was seen was seen"


def test_a_file_without_its_last_part_is_incomplete(tmp_path: Path) -> None:
    text = (FIXTURES / "syn.xml").read_text(encoding="utf-8")
    start = text.index("<runstats>")
    path = tmp_path / "syn.xml"
    path.write_text(text[:start] + "</nmaprun>\n", encoding="utf-8")
    read = scan("syn", OPEN_PORT, path=path)
    assert not read.complete
    assert not read.shows_blocked(TARGET, "tcp", 22)


def test_a_scan_that_opens_no_connections_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        scan("ack", OPEN_PORT)
    assert caught.value.line == 6
    assert "ack tcp" in caught.value.text.en
    assert "-sS" in caught.value.text.ja


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_file_cut_in_half_is_no_evidence(tmp_path: Path, share: float) -> None:
    data = (FIXTURES / "syn.xml").read_bytes().rstrip()
    path = tmp_path / "cut.xml"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError) as caught:
        scan("cut", OPEN_PORT, path=path)
    assert "途中で切れています" in caught.value.text.ja
    assert caught.value.file == "probes/cut.xml"
    assert caught.value.line == path.read_bytes().count(b"\n") + 1
    assert caught.value.hint is not None and "-oX" in caught.value.hint.en


BOMB = (
    b'<?xml version="1.0"?>\n<!DOCTYPE nmaprun [\n<!ENTITY a "aaaaaaaaaa">\n<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">\n]>\n'
    b'<nmaprun scanner="nmap">&b;</nmaprun>'
)
EXTERNAL = b'<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<nmaprun scanner="nmap">&x;</nmaprun>'
PARAMETER = b'<!DOCTYPE nmaprun [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>\n<nmaprun scanner="nmap"/>'


@pytest.mark.parametrize(
    ("data", "line", "part"),
    [
        (BOMB, 3, "entities"),
        (EXTERNAL, 1, "entities"),
        (PARAMETER, 1, "entities"),
        (b"", None, "empty"),
        (b"  \n ", None, "empty"),
        (b"\0" * 500, 1, "not an nmap XML"),
        (b"# Nmap 7.93 scan initiated\nHost: 10.20.1.10 () Ports: 22/open\n", 1, "not an nmap XML"),
        (b"<html><body>x</body></html>", 1, "not an nmap XML"),
        (b'<nmaprun scanner="masscan" start="1"/>', 1, "not an nmap XML"),
        (b'<nmaprun scanner="nmap">' + b"<a>" * 200_000, 1, "not an nmap XML"),
        (b'<?xml version="1.0" encoding="no-such"?><nmaprun scanner="nmap"/>', 1, "encoding"),
        (b'<?xml version="1.0" encoding="cp932"?><nmaprun scanner="nmap"/>', 1, "encoding"),
        (b'<nmaprun scanner="nmap">\n<a></b></nmaprun>', 2, "not well-formed"),
    ],
)
def test_what_is_no_nmap_file_is_one_clear_message(tmp_path: Path, data: bytes, line: int | None, part: str) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_nmap(path, "probes/x.xml")
    assert part in caught.value.text.en
    assert caught.value.line == line
    assert caught.value.hint is not None
    assert len(caught.value.text.en) < 200 and "passwd" not in caught.value.text.en


HOST = '<host><status state="up" reason="user-set"/>{address}<ports>{ports}</ports></host>'
ADDRESS = '<address addr="10.20.1.10" addrtype="ipv4"/>'
PORT = '<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/></port>'


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (HOST.format(address='<address addr="10.20.1" addrtype="ipv4"/>', ports=""), "address"),
        (HOST.format(address="", ports=""), "address"),
        (HOST.format(address=ADDRESS + ADDRESS, ports=""), "address"),
        (HOST.format(address=ADDRESS, ports=PORT + PORT), "listed twice"),
        (HOST.format(address=ADDRESS, ports=PORT.replace('"22"', '"99999999999"')), "port entry"),
        (HOST.format(address=ADDRESS, ports=PORT.replace('"22"', '"٢٢"')), "port entry"),
        (HOST.format(address=ADDRESS, ports=PORT.replace('"tcp"', '"addresses"')), "port entry"),
        (HOST.format(address=ADDRESS, ports=PORT.replace('"open"', '"ajar"')), "port entry"),
        (HOST.format(address=ADDRESS, ports='<port protocol="tcp" portid="22"/>'), "port entry"),
        (HOST.format(address=ADDRESS, ports='<extraports state="closed" count="x"/>'), "summary"),
        ('<scaninfo type="syn" protocol="tcp" services="1-70000"/>', "list of scanned ports"),
        ('<scaninfo type="syn" protocol="tcp" services="9-1"/>', "list of scanned ports"),
        ('<scaninfo type="syn" protocol="udp" services="1"/>', "kind of scan"),
    ],
)
def test_values_that_nmap_cannot_have_written_are_refused_at_their_line(tmp_path: Path, body: str, part: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(f'<nmaprun scanner="nmap">\n\n{body}</nmaprun>', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_nmap(path, "probes/x.xml")
    assert part in caught.value.text.en
    assert caught.value.line == 3


def test_banners_are_hostile(tmp_path: Path) -> None:
    banner = "Apache&#x202e; &lt;script&gt;alert(1)&lt;/script&gt;&#10;&#9;" + "A" * 5000
    path = changed(
        tmp_path,
        "syn",
        '<service name="https" method="table" conf="3"/>',
        f'<service name="https" product="{banner}" method="probed" conf="10"/>',
    )
    service = port(scan("syn", OPEN_PORT, path=path), 443).service
    assert service.startswith("https Apache <script>alert(1)</script> AAA")
    assert len(service) == 80
    assert service.endswith("…")


def test_cleaned_text_has_one_line_and_no_control_characters() -> None:
    assert cleaned("a\x00b\x1b[31m\r\nc\u2028d\u202ee\u200bf\U000e0041 青空") == "a b [31m c d e f 青空"
    assert cleaned(None) == ""


def test_too_many_answers_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    extra = '<extraports state="closed" count="65536"><extrareasons reason="reset" count="65536"/></extraports>'
    hosts = "".join(
        HOST.format(address=f'<address addr="10.0.0.{number}" addrtype="ipv4"/>', ports=extra) for number in range(9)
    )
    info = '<scaninfo type="syn" protocol="tcp" services="0-65535"/>'
    path.write_text(f'<nmaprun scanner="nmap">{info}{hosts}</nmaprun>')
    with pytest.raises(InputError) as caught:
        read_nmap(path, "probes/x.xml")
    assert "500,000" in caught.value.text.ja


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    with path.open("wb") as stream:
        stream.truncate(33 * 1024 * 1024)
    with pytest.raises(InputError) as caught:
        read_nmap(path, "probes/x.xml")
    assert "32 MB" in caught.value.text.en
    with pytest.raises(InputError):
        read_nmap(tmp_path, "probes")
    with pytest.raises(InputError):
        read_nmap(tmp_path / "none.xml", "probes/none.xml")


def test_reading_needs_no_nmap_and_starts_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    def refuse(*_arguments: object, **_more: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert port(scan("syn", OPEN_PORT), 445).service == "microsoft-ds"


@pytest.mark.parametrize("name", ["syn", "summed", "discovery", "udp"])
def test_a_damaged_file_is_an_input_error_or_a_scan_and_never_a_crash(name: str, tmp_path: Path) -> None:
    original = (FIXTURES / f"{name}.xml").read_bytes()
    chance = random.Random(name)
    path = tmp_path / "x.xml"
    usable = 0
    for _ in range(250):
        data = bytearray(original)
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(data))
            piece = chance.choice(
                [b"", b"0", b'"', b"<", b"&#0;", b"\xff", b"-", b"99999", bytes(original[start : start + 40])]
            )
            data[start : start + chance.randint(0, 12)] = piece
        path.write_bytes(data)
        try:
            scan("x", OPEN_PORT, path=path).blocked()
            usable += 1
        except InputError as error:
            assert error.file == "probes/x.xml"
    assert 0 < usable < 250
