"""Every configuration in `*/cases/` must be read as its expected file says; adding a case is adding two files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from secaudit.flows.replay import Explanation, explain
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.network.device import Device
from secaudit.network.management import Credential, ManagementPlane, ManagementService, Server, SnmpCommunity
from secaudit.packets.packet import Packet
from secaudit.text.config_text import ConfigText
from secaudit.vendors.reader import GatheringReader, ReadConfig
from tests.vendors.cases import (
    HERE,
    BadFixtureError,
    Expected,
    ExpectedPacket,
    ExpectedWay,
    Plain,
    expected_of,
    found_cases,
    lonely_files,
    readers,
    texts_of,
)
from tests.vendors.protection import check_protection, check_protection_evidence

Fact = ManagementService | SnmpCommunity | Credential | Server

SHARED = {"cisco", "cloud", "common", "netfilter"}
"""Packages that several readers share and that read nothing themselves."""
CASES = found_cases()
BY_NAME = {f"{path.parent.parent.name}/{path.stem}": path for path in CASES}


@pytest.fixture(params=sorted(BY_NAME))
def case(request: pytest.FixtureRequest) -> Path:
    return BY_NAME[request.param]


def read_parts(path: Path) -> list[tuple[ConfigText, ReadConfig]]:
    """The texts of a case with what came out of each; those of a folder are read together."""
    texts = texts_of(path)
    reader = readers()[path.parent.parent.name]
    if not path.is_dir():
        return [(text, reader.read(text)) for text in texts]
    assert isinstance(reader, GatheringReader), "a folder is for readers that read several texts together"
    return list(zip(texts, reader.read_together(texts), strict=True))


def read(path: Path) -> ReadConfig:
    """What came out of a case; the devices are in the first of several texts."""
    return read_parts(path)[0][1]


def test_every_vendor_package_is_registered() -> None:
    folders = {path.parent.name for path in HERE.parent.parent.glob("secaudit/vendors/*/__init__.py")} - SHARED
    registered = {entry.name: entry.load() for entry in entry_points(group="secaudit.vendors")}
    assert set(registered) == folders
    assert {name: reader.name for name, reader in registered.items()} == {name: name for name in folders}


def test_every_config_has_an_expected_file_and_the_reverse() -> None:
    assert lonely_files() == []
    assert CASES, "there are no cases at all"


def test_recognition(case: Path) -> None:
    """The vendor of the folder scores highest, alone."""
    folder = case.parent.parent.name
    assert expected_of(case).vendor == folder
    for text in texts_of(case):
        scores = {name: reader.score(text) for name, reader in readers().items()}
        assert scores[folder] > 0
        assert [name for name, score in scores.items() if score >= scores[folder]] == [folder], scores


def test_every_line_is_accounted_for_once(case: Path) -> None:
    for text, config in read_parts(case):
        unread = [one.line.number for one in config.coverage.unread]
        told = sorted([*config.coverage.used, *config.coverage.irrelevant, *unread])
        assert told == sorted(line.number for line in text.lines)


def test_reading(case: Path) -> None:
    expected = expected_of(case)
    parts = [config for _, config in read_parts(case)]
    config = parts[0]
    names = [device.name for device in config.devices]
    assert config.vendor == expected.vendor
    assert any(name == expected.hostname or name.startswith(expected.hostname + "/") for name in names), names
    unread = [one.line for part in parts for one in part.coverage.unread]
    assert tuple(f"{one.file}:{one.number}" if case.is_dir() else one.number for one in unread) == expected.unread
    assert {doubt.kind.value for device in config.devices for doubt in device.doubts} == expected.doubts
    if expected.notices is not None:
        assert {notice.kind.value for device in config.devices for notice in device.notices} == expected.notices


def test_packets(case: Path) -> None:
    config = read(case)
    devices = {device.name: device for device in config.devices}
    topology = build_topology(config.devices)
    for packet in expected_of(case).packets:
        device = _device(packet, devices)
        check_packet(explain(topology, device, packet.at, Packet.parse(packet.packet)), packet)


def test_management(case: Path) -> None:
    expected = expected_of(case)
    config = read(case)
    planes = [device.management for device in config.devices]
    checks = {
        "services": _check_services,
        "syslog": lambda planes, wanted: _check_servers(planes, "syslog_servers", wanted),
        "ntp": lambda planes, wanted: _check_servers(planes, "ntp_servers", wanted),
        "dns": lambda planes, wanted: _check_servers(planes, "dns_servers", wanted),
        "snmp": _check_snmp,
        "credentials": _check_credentials,
    }
    for key, wanted in expected.management.items():
        checks[key](planes, wanted)
    _check_evidence(config, expected)


def test_protection(case: Path) -> None:
    devices = read(case).devices
    check_protection(devices, expected_of(case).protection)
    for device in devices:
        check_protection_evidence(device)


def _device(packet: ExpectedPacket, devices: Mapping[str, Device]) -> str:
    if packet.device is not None:
        return packet.device
    if len(devices) != 1:
        raise BadFixtureError(f"{packet.packet}: the key 'device' is needed, one of {sorted(devices)}")
    return next(iter(devices))


def check_packet(explanation: Explanation, packet: ExpectedPacket) -> None:
    """All ways that are expected are there, as expected; and no verdict that is not."""
    told = _told(explanation)
    first = packet.ways[0]
    assert explanation.verdict == first.verdict, f"{packet.packet}: {told}"
    for way in packet.ways:
        assert any(_is_way(trace, way) for trace in explanation.ways), f"{packet.packet}: no way is {way}\n{told}"
    if explanation.verdict is not TraceVerdict.UNDETERMINED:
        verdicts = {str(trace.verdict) for trace in explanation.ways}
        assert verdicts == {way.verdict for way in packet.ways}, f"{packet.packet}: ways not expected (also:)\n{told}"


def _is_way(trace: Trace, wanted: ExpectedWay) -> bool:
    sources = [source for hop in trace.hops for source in hop.sources]
    lines = {one.number for one in sources} | {f"{one.file}:{one.number}" for one in sources}
    return (
        trace.verdict == wanted.verdict
        and (wanted.out is None or trace.interface == wanted.out)
        and set(wanted.lines) <= lines
        and (wanted.arrives is None or _arrives(trace, wanted.arrives))
    )


def _arrives(trace: Trace, wanted: str) -> bool:
    """`*` stands for any port."""
    pattern = r"\d+".join(re.escape(part) for part in wanted.split("*"))
    return trace.arrives is not None and re.fullmatch(pattern, str(trace.arrives)) is not None


def _told(explanation: Explanation) -> str:
    """The whole explanation, for the message of a failed assertion."""
    parts = [f"{explanation.verdict}: {explanation.reason.en}"]
    for trace in explanation.ways:
        parts.append(f"  {trace.verdict} out of {trace.interface}, arrives {trace.arrives}: {trace.reason.en}")
        for hop in trace.hops:
            numbers = [source.number for source in hop.sources]
            parts.append(f"    {hop.device} {hop.stage.value if hop.stage else '-'}: {hop.what.en} {numbers}")
    return "\n".join(parts)


def _check_services(planes: Sequence[ManagementPlane], wanted: Plain) -> None:
    assert isinstance(wanted, Mapping), wanted
    enabled = {service.name: service for plane in planes for service in plane.services if service.enabled}
    for name, where in wanted.items():
        if where in (False, "off"):  # YAML reads a bare `off` as false
            assert name not in enabled
            continue
        assert name in enabled, f"{name} is not enabled; enabled are {sorted(enabled)}"
        assert _answers_on(enabled[name]) == (where if where == "all" else sorted(_strings(where))), name


def _answers_on(service: ManagementService) -> str | list[str]:
    return "all" if service.interfaces is None else sorted(service.interfaces)


def _check_servers(planes: Sequence[ManagementPlane], field: str, wanted: Plain) -> None:
    assert [server.address for plane in planes for server in getattr(plane, field)] == _strings(wanted), field


def _check_snmp(planes: Sequence[ManagementPlane], wanted: Plain) -> None:
    communities = [community for plane in planes for community in plane.snmp_communities]
    assert isinstance(wanted, Sequence)
    assert len(communities) == len(wanted), communities
    for community, one in zip(communities, wanted, strict=True):
        assert isinstance(one, Mapping)
        assert {key: getattr(community, key) for key in one} == dict(one)


def _check_credentials(planes: Sequence[ManagementPlane], wanted: Plain) -> None:
    """Exactly these; several of one name that are kept differently are given as a list."""
    assert isinstance(wanted, Mapping), wanted
    found: dict[str, set[str]] = {}
    for plane in planes:
        for credential in plane.credentials:
            found.setdefault(credential.what, set()).add(credential.storage.value)
    assert found == {what: set(_strings(how)) for what, how in wanted.items()}


def _check_evidence(config: ReadConfig, expected: Expected) -> None:
    """Whatever is said of the management plane carries the lines that say so."""
    for device in config.devices:
        plane = device.management
        facts: tuple[Fact, ...] = (
            *plane.services,
            *plane.snmp_communities,
            *plane.credentials,
            *plane.syslog_servers,
            *plane.ntp_servers,
            *plane.dns_servers,
        )
        assert all(fact.sources for fact in facts), f"{expected.hostname}: a fact without a line"


def _strings(wanted: Plain) -> list[str]:
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return [str(one) for one in wanted]
    return [str(wanted)]
