"""What nmap says about open ports beyond their numbers: a real file of two hosts, and what strangers can put into one."""

from __future__ import annotations

import ipaddress
import time
from pathlib import Path

import pytest

from secaudit.probes.nmap_import import read_nmap
from secaudit.probes.observation import PortObservation
from secaudit.probes.services import ServiceSeen, TlsVersion
from tests.probes.builders import FIXTURES

OLD, NEW = "10.20.1.10", "10.20.1.11"
PLAIN = "-n -Pn -sT -p 22"
DETECT = "-n -Pn -sT -sV -p 22"
PROBED = '<service name="{}" method="probed" conf="10" {}/>'


def by_port(path: Path) -> dict[tuple[str, str, int], PortObservation]:
    return {(str(one.target), one.protocol, one.port): one for one in read_nmap(path, "probes/x.xml").ports}


@pytest.fixture(scope="module")
def real() -> dict[tuple[str, str, int], PortObservation]:
    return by_port(FIXTURES / "services.xml")


def seen(
    tmp_path: Path, inside: str, *, args: str = DETECT, state: str = "open", protocol: str = "tcp"
) -> ServiceSeen | None:
    """What is read of port 22 (of 10.0.0.1) with these elements inside."""
    path = tmp_path / "x.xml"
    kind = "udp" if protocol == "udp" else "connect"
    path.write_text(
        f'<nmaprun scanner="nmap" args="nmap {args}">\n<scaninfo type="{kind}" protocol="{protocol}" services="22"/>\n'
        '<host><status state="up" reason="user-set"/><address addr="10.0.0.1" addrtype="ipv4"/>\n'
        f'<ports><port protocol="{protocol}" portid="22"><state state="{state}" reason="syn-ack"/>{inside}</port></ports></host>\n'
        '<runstats><finished time="1795295095" exit="success"/></runstats></nmaprun>',
        encoding="utf-8",
    )
    return by_port(path)["10.0.0.1", protocol, 22].seen


def tls_script(*versions: str, ciphers: str = "<table><elem>x</elem></table>") -> str:
    tables = "".join(f'<table key="{one}"><table key="ciphers">{ciphers}</table></table>' for one in versions)
    return f'<script id="ssl-enum-ciphers" output="...">{tables}<elem key="least strength">A</elem></script>'


# A real file.


def test_services_are_those_that_nmap_talked_to(real: dict[tuple[str, str, int], PortObservation]) -> None:
    names = {(key[0], key[2]): None if one.seen is None else one.seen.name for key, one in real.items()}
    assert names == {
        (OLD, 21): None,  # closed
        (OLD, 22): "ssh",
        (OLD, 23): "",  # tcpwrapped
        (OLD, 443): "http",
        (OLD, 9999): "",  # silent: nmap writes the name out of its table
        (NEW, 21): "ftp",
        (NEW, 22): "ssh",
        (NEW, 23): "telnet",
        (NEW, 443): "http",
        (NEW, 9999): None,
    }


def test_versions_of_tls_and_ssh(real: dict[tuple[str, str, int], PortObservation]) -> None:
    old, new = TlsVersion.TLS_1_0, TlsVersion.TLS_1_2
    assert real[OLD, "tcp", 443].seen == ServiceSeen(
        "http", encrypted=True, product="nginx", tls=(old, TlsVersion.TLS_1_1, new)
    )
    assert real[NEW, "tcp", 443].seen == ServiceSeen(
        "http", encrypted=True, product="nginx", tls=(new, TlsVersion.TLS_1_3)
    )
    assert real[OLD, "tcp", 22].seen == ServiceSeen(
        "ssh", product="OpenSSH 9.2p1 Debian 2+deb12u3 protocol 2.0", ssh=(2,)
    )
    assert real[NEW, "tcp", 22].seen == ServiceSeen("ssh", product="Cisco SSH 1.25 protocol 1.99", ssh=(1, 2))
    assert real[NEW, "tcp", 23].seen == ServiceSeen("telnet")


def test_the_evidence_is_the_line_of_the_port_with_what_it_offers(
    real: dict[tuple[str, str, int], PortObservation],
) -> None:
    lines = (FIXTURES / "services.xml").read_text(encoding="utf-8").splitlines()
    source = real[OLD, "tcp", 443].source
    assert 'portid="443"' in lines[source.number - 1]
    assert source.text == "10.20.1.10 443/tcp open (syn-ack ttl 0) http nginx TLS 1.0, TLS 1.1, TLS 1.2"
    assert real[NEW, "tcp", 22].source.text.endswith("ssh Cisco SSH 1.25 SSH 1, SSH 2")


def test_a_scan_that_asked_only_for_ports_knows_no_service() -> None:
    for name in ("syn", "connect", "udp", "ipv6", "summed", "discovery"):
        assert all(one.seen is None for one in by_port(FIXTURES / f"{name}.xml").values()), name


# What was asked.


@pytest.mark.parametrize("args", ["-sV", "-sSV", "-A", "-sVC --version-light"])
def test_an_open_port_of_a_run_that_asked_is_not_identified_by_silence(tmp_path: Path, args: str) -> None:
    assert seen(tmp_path, "", args=args) == ServiceSeen("")
    table = '<service name="telnet" method="table" conf="3"/>'
    assert seen(tmp_path, table, args=args) == ServiceSeen("")


@pytest.mark.parametrize("args", [PLAIN, "-script x -sS", "--version-all", "-oX -sV.xml", "-oA V-A"])
def test_a_name_out_of_the_table_of_ports_is_no_answer(tmp_path: Path, args: str) -> None:
    assert seen(tmp_path, '<service name="telnet" method="table" conf="3"/>', args=args) is None


def test_an_answer_shows_that_it_was_asked_whatever_the_arguments_say(tmp_path: Path) -> None:
    assert seen(tmp_path, PROBED.format("telnet", ""), args=PLAIN) == ServiceSeen("telnet")
    assert seen(tmp_path, tls_script("TLSv1.2"), args=PLAIN) == ServiceSeen(None, tls=(TlsVersion.TLS_1_2,))


def test_a_tls_service_without_an_answer_of_the_script(tmp_path: Path) -> None:
    inside = PROBED.format("http", 'tunnel="ssl"')
    assert seen(tmp_path, inside) == ServiceSeen("http", encrypted=True)
    asked = f"{DETECT} --script ssl-enum-ciphers"
    assert seen(tmp_path, inside, args=asked) == ServiceSeen("http", encrypted=True, tls=())
    assert seen(tmp_path, PROBED.format("http", ""), args=asked) == ServiceSeen("http")


@pytest.mark.parametrize("state", ["closed", "filtered", "open|filtered"])
def test_only_an_open_port_has_a_service(tmp_path: Path, state: str) -> None:
    assert seen(tmp_path, PROBED.format("tftp", ""), state=state, protocol="udp") is None


def test_a_service_over_udp(tmp_path: Path) -> None:
    assert seen(tmp_path, PROBED.format("tftp", ""), protocol="udp") == ServiceSeen("tftp")


def test_open_ports_that_are_only_summed_up_are_not_identified(tmp_path: Path) -> None:
    """nmap lists every open port; a file that does not must not look as if they had been examined."""
    path = tmp_path / "x.xml"
    path.write_text(
        '<nmaprun scanner="nmap" args="nmap -sV"><scaninfo type="connect" protocol="tcp" services="23"/>'
        '<host><status state="up" reason="user-set"/><address addr="10.0.0.1" addrtype="ipv4"/><ports>'
        '<extraports state="open" count="1"><extrareasons reason="syn-ack" count="1" proto="tcp" ports="23"/></extraports>'
        "</ports></host></nmaprun>"
    )
    assert by_port(path)["10.0.0.1", "tcp", 23].seen == ServiceSeen("")


# TLS.


@pytest.mark.parametrize(
    ("inside", "versions"),
    [
        (tls_script("TLSv1.2", "SSLv3"), (TlsVersion.SSL_3_0, TlsVersion.TLS_1_2)),
        (tls_script("TLSv1.3") + tls_script("TLSv1.1"), (TlsVersion.TLS_1_1, TlsVersion.TLS_1_3)),
        (tls_script("TLSv1.2", "TLSv9.9", "warnings", ""), (TlsVersion.TLS_1_2,)),
        # No cipher was accepted: nmap writes the version with an empty list.
        (tls_script("TLSv1.0", ciphers="") + tls_script("TLSv1.2"), (TlsVersion.TLS_1_2,)),
        (tls_script("TLSv1.0", ciphers=""), ()),
        (tls_script("TLSv9.9"), ()),
        ('<script id="ssl-enum-ciphers" output="TLSv1.2: ciphers: ..."/>', ()),
        ('<script id="ssl-enum-ciphers" output="ERROR: Script execution failed"/>', ()),
        ('<script id="ssl-enum-ciphers" output=""><table key="TLSv1.0"/></script>' + tls_script("TLSv1.2"), ()),
        ('<script id="ssl-enum-cipher" output=""><table key="TLSv1.0"/></script>', None),
        ('<script output=""><table/></script><script/>', None),
    ],
)
def test_versions_of_tls_are_those_with_a_cipher(
    tmp_path: Path, inside: str, versions: tuple[TlsVersion, ...] | None
) -> None:
    found = seen(tmp_path, PROBED.format("http", "") + inside)
    assert found is not None
    assert found.tls == versions


def test_versions_have_names() -> None:
    assert list(map(str, TlsVersion)) == ["SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    assert TlsVersion.of("1.2") is TlsVersion.TLS_1_2
    with pytest.raises(KeyError):
        TlsVersion.of("1.9")


# SSH.


@pytest.mark.parametrize(
    ("extrainfo", "versions"),
    [
        ("protocol 2.0", (2,)),
        ("protocol 1.99", (1, 2)),
        ("protocol 1.5", (1,)),
        ("Ubuntu Linux; protocol 2.0", (2,)),
        ("sshlib 5.1; protocol 1.99; server version hidden", (1, 2)),
        ("**BACKDOOR** protocol 1.5", (1,)),
        ("protocol 2.0; name: protocol 1.99", (1, 2)),
        ("protocol 2.0 protocol 1.5", (1, 2)),
        ("protocol", ()),
        ("protocol ２.0", ()),
        ("protocol 3.0", ()),
        ("no protocol2.0", ()),
        ("", ()),
    ],
)
def test_versions_of_ssh(tmp_path: Path, extrainfo: str, versions: tuple[int, ...]) -> None:
    found = seen(tmp_path, PROBED.format("ssh", f'extrainfo="{extrainfo}"'))
    assert found is not None
    assert found.ssh == versions


def test_only_ssh_has_versions_of_ssh(tmp_path: Path) -> None:
    found = seen(tmp_path, PROBED.format("xmpp", 'extrainfo="protocol 1.0"'))
    assert found == ServiceSeen("xmpp", product="protocol 1.0")
    table = '<service name="ssh" extrainfo="protocol 2.0" method="table" conf="3"/>'
    assert seen(tmp_path, table) == ServiceSeen("")


def test_the_script_for_version_1_speaks_only_when_it_got_there(tmp_path: Path) -> None:
    reached = '<script id="sshv1" output="Server supports SSHv1">true</script>'
    assert seen(tmp_path, reached, args=PLAIN) == ServiceSeen(None, ssh=(1,))
    both = PROBED.format("ssh", 'extrainfo="protocol 2.0"') + reached
    found = seen(tmp_path, both)
    assert found is not None and found.ssh == (1, 2)
    broken = '<script id="sshv1" output="ERROR: Script execution failed (use -d to debug)"/>'
    assert seen(tmp_path, broken, args=PLAIN) is None


# Hostile files.


@pytest.mark.parametrize(
    "service",
    [
        '<service name="telnet" method="probed" conf="7"/>',
        '<service name="telnet" method="probed" conf="-10"/>',
        '<service name="telnet" method="probed" conf="１０"/>',
        '<service name="telnet" method="probed" conf="100000000000000000000"/>',
        '<service name="telnet" method="probed"/>',
        '<service name="telnet" method="PROBED" conf="10"/>',
        '<service method="probed" conf="10"/>',
        '<service name="tcpwrapped" method="probed" conf="10"/>',
        '<service name="unknown" method="probed" conf="10"/>',
        PROBED.format("ssh", "") + PROBED.format("telnet", ""),
        "<service/>",
    ],
)
def test_what_nmap_would_not_write_identifies_nothing(tmp_path: Path, service: str) -> None:
    found = seen(tmp_path, service)
    assert found is not None
    assert found.name == ""


def test_texts_of_strangers_are_short_and_on_one_line(tmp_path: Path) -> None:
    banner = "Evil&#x202e;&#10;&#9;&lt;b&gt;" + "A" * 100_000
    found = seen(tmp_path, PROBED.format("x" * 5000 + "&#10;", f'product="{banner}" version="{banner}"'))
    assert found is not None and found.name is not None
    assert (len(found.name), len(found.product)) == (40, 80)
    assert found.product.startswith("Evil <b>AAA")
    assert found.product.isprintable() and found.name.isprintable()


def test_a_name_is_compared_in_lower_case(tmp_path: Path) -> None:
    assert seen(tmp_path, PROBED.format(" Telnet ", "")) == ServiceSeen("telnet")


def test_a_huge_file_is_read_in_linear_time(tmp_path: Path) -> None:
    inside = tls_script(*["TLSv1.2"] * 20_000) + PROBED.format("ssh", f'extrainfo="{"protocol 2.0; " * 100_000}"')
    started = time.perf_counter()
    found = seen(tmp_path, inside)
    assert time.perf_counter() - started < 5
    assert found is not None
    assert (found.tls, found.ssh) == ((TlsVersion.TLS_1_2,), (2,))


def test_hosts_do_not_answer_for_each_other() -> None:
    read = read_nmap(FIXTURES / "services.xml", "probes/x.xml")
    telnet = [str(one.target) for one in read.ports if one.seen is not None and one.seen.name == "telnet"]
    assert telnet == [str(ipaddress.ip_address(NEW))]
