"""What the cases cannot say: hostile texts, linear time, several devices in one file, single lines, what a mask took."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.device import Device, DoubtKind
from secaudit.network.filters import Action
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.panos import READER
from secaudit.vendors.reader import ReadConfig

CASES = Path(__file__).with_name("cases")
XML = (CASES / "xml_form.conf").read_text(encoding="utf-8")
SET = (CASES / "prenat_port.conf").read_text(encoding="utf-8")
CURLY = (CASES / "curly_form.conf").read_text(encoding="utf-8")


def read(text: str, *, whole: bool = True) -> ReadConfig:
    """Reads a text; every line must be accounted for exactly once."""
    given_text = config_text_from_bytes(text.encode(), "a.conf")
    found = READER.read(given_text)
    told = [*found.coverage.used, *found.coverage.irrelevant, *(one.line.number for one in found.coverage.unread)]
    assert sorted(told) == sorted(line.number for line in given_text.lines)
    assert not whole or not found.coverage.unread
    return found


def one_of(text: str, *, whole: bool = True) -> Device:
    (device,) = read(text, whole=whole).devices
    return device


def kinds(device: Device) -> set[DoubtKind]:
    return {doubt.kind for doubt in device.doubts if doubt.interfaces is None}


def test_two_configurations_in_one_file() -> None:
    found = read(XML + XML.replace("PA-XML", "PA-SECOND"))
    assert [device.name for device in found.devices] == ["PA-XML", "PA-SECOND"]
    assert all(len(device.interfaces) == 3 for device in found.devices)
    curly = read(CURLY + CURLY.replace("PA-CURLY", "PA-SECOND"))
    assert [device.name for device in curly.devices] == ["PA-CURLY", "PA-SECOND"]


def test_two_devices_in_the_set_form_are_not_told_apart() -> None:
    device = one_of(SET + SET.replace("PA-PORT", "PA-SECOND"))
    assert DoubtKind.UNREAD in kinds(device)


def test_a_configuration_on_one_line() -> None:
    """The API answers without line breaks."""
    line = "".join(part.strip() for part in XML.splitlines())
    device = one_of(line + "\n")
    assert device.name == "PA-XML"
    assert [line.label for line in device.filters["security policy"].lines] == [
        "rule portal",
        "intrazone-default",
        "intrazone-default",
    ]


def test_all_three_forms_mean_the_same() -> None:
    names = {
        form: {one.address.ip for i in one_of(form).interfaces.values() for one in i.addresses} for form in (XML, CURLY)
    }
    assert len(set(map(frozenset, names.values()))) == 1


def test_a_mask_that_took_an_end_tag() -> None:
    text = XML.replace(
        "<action>allow</action>", "<description>the password is S3cret</description><action>allow</action>"
    )
    broken = XML.replace(
        "<action>allow</action>", "<description>the password is S3cret</description>\n<action>allow</action>"
    )
    assert one_of(broken).filters["security policy"].lines[0].action is Action.PERMIT
    # On one line the mask takes the action as well: then nothing may be taken for sure.
    device = one_of(text, whole=False)
    assert kinds(device) or device.filters["security policy"].lines[0].action is Action.UNKNOWN


def test_keys_over_several_lines() -> None:
    """A key over several lines is masked line by line; its end tag is still there."""
    keys = (
        '  <shared>\n    <certificate>\n      <entry name="web">\n'
        "        <public-key>-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0B\n-----END CERTIFICATE-----\n</public-key>\n"
        "        <private-key>AQ==abcdefgh\nijklmnop\n</private-key>\n"
        "        <description>the key is abc\nand more</description>\n      </entry>\n    </certificate>\n"
    )
    device = one_of(XML.replace("  <shared>\n", keys))
    assert not device.doubts
    assert device.filters["security policy"].lines[0].label == "rule portal"


def test_entities_and_document_types_are_refused() -> None:
    bomb = XML.replace(
        '<?xml version="1.0"?>\n', '<?xml version="1.0"?>\n<!DOCTYPE config [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n'
    ).replace("PA-XML", "&b;")
    found = read(bomb, whole=False)
    assert found.coverage.unread
    assert all(DoubtKind.TRUNCATED in kinds(device) or kinds(device) for device in found.devices)
    undefined = one_of(XML.replace("PA-XML", "&nope;"), whole=False)
    assert DoubtKind.TRUNCATED in kinds(undefined)


@pytest.mark.parametrize(
    "text",
    [
        '<config version="10.1.0" urldb="paloaltonetworks">' + "<a>" * 100_000,
        '<config version="10.1.0" urldb="paloaltonetworks">\n' + "<a>\n" * 100_000,
        "config {\n" + "a {\n" * 100_000,
        "config {\n" + "a { " * 100_000 + "\n",
        "set " + "a " * 200_000,
        "set " + "[ " * 200_000,
        'set a "' + "\n" * 100_000,
        "set address a ip-netmask 10.0.0.1\n" * 20_000,
        "config {\n" + "} " * 100_000,
        "config {\n" + '"' * 200_000,
        '<config version="10.1.0"><devices><entry name="localhost.localdomain"/>' + "<!--" * 50_000,
        "<response " * 50_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_is_read_in_time(text: str) -> None:
    started = time.process_time()
    found = read(text, whole=False)
    assert time.process_time() - started < 8
    assert all(device.doubts for device in found.devices)


def rules(count: int) -> str:
    lines = [SET]
    for number in range(count):
        lines.append(
            f"set address h{number} ip-netmask 10.{number // 250 % 200}.{number % 250}.1\n"
            f"set rulebase security rules r{number} from untrust\nset rulebase security rules r{number} to dmz\n"
            f"set rulebase security rules r{number} source h{number}\nset rulebase security rules r{number} destination any\n"
            f"set rulebase security rules r{number} application any\nset rulebase security rules r{number} service service-https\n"
            f"set rulebase security rules r{number} action allow\n"
        )
    return "".join(lines)


def seconds(text: str) -> float:
    """What reading takes at best. Python's search for cycles walks over all that the tests before have left, so it waits."""
    whole = config_text_from_bytes(text.encode(), "a.conf")

    def once() -> float:
        started = time.process_time()
        READER.read(whole)
        return time.process_time() - started

    gc.collect()
    gc.disable()
    try:
        return min(once() for _ in range(3))
    finally:
        gc.enable()


def test_time_grows_with_the_length_only() -> None:
    assert seconds(rules(4000)) < 12 * seconds(rules(1000))


def tunnels(count: int) -> str:
    lines = [SET]
    for number in range(count):
        lines.append(
            f"set network ike crypto-profiles ike-crypto-profiles default encryption e{number}\n"
            f"set network interface tunnel units tunnel.{number} comment c\n"
            f"set network tunnel ipsec t{number} tunnel-interface tunnel.{number}\n"
            f"set network tunnel ipsec t{number} auto-key ike-gateway g{number}\n"
            f"set network ike gateway g{number} protocol version ikev2\n"
            f"set mgt-config users u{number} authentication-profile a{number}\n"
            f"set shared authentication-profile a{number} method radius server-profile r{number}\n"
        )
    return "".join(lines)


def test_tunnels_and_administrators_take_time_by_their_number_only() -> None:
    assert seconds(tunnels(2000)) < 12 * seconds(tunnels(500))


@pytest.mark.parametrize("text", [XML, SET, CURLY], ids=["xml", "set", "curly"])
def test_a_file_that_ends_anywhere_says_so_or_permits_no_less(text: str) -> None:
    """Cut after any line it is read, and unless it is whole something is in doubt or nothing passes that passed before."""
    lines = text.splitlines(keepends=True)
    for end in range(1, len(lines), 3):
        for device in read("".join(lines[:end]), whole=False).devices:
            assert text is SET or device.doubts, end


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_raises(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from([XML, SET, CURLY])).splitlines()
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["drop", "double", "cut", "noise", "swap"]))
        if what == "drop" and len(lines) > 1:
            del lines[position]
        elif what == "double":
            lines.insert(position, lines[position])
        elif what == "cut":
            lines[position] = lines[position][: len(lines[position]) // 2]
        elif what == "noise":
            lines[position] += data.draw(st.text(max_size=8).filter(lambda one: "\n" not in one and "\r" not in one))
        else:
            lines[position], lines[0] = lines[0], lines[position]
    read("\n".join(lines), whole=False)


def test_the_order_of_shared_and_pushed_objects() -> None:
    """An object of the virtual system hides the shared one of the same name."""
    text = (
        SET.replace("protocol tcp port 8443", "protocol tcp port 9443")
        + "set shared service tcp-8443 protocol tcp port 8443\n"
    )
    (line,) = [one for one in one_of(text).filters["security policy"].lines if one.label == "rule yes"]
    assert {port for match in line.matches for service in match.services for port in service.destination_ports} == {
        (9443, 9443)
    } or any(match.marks != ((0, 0),) for match in line.matches)


def test_a_set_value_counts_once_more() -> None:
    device = one_of(SET + "set rulebase security rules yes action deny\n")
    (line,) = [one for one in device.filters["security policy"].lines if one.label == "rule yes"]
    assert line.action is Action.DENY


def test_a_terminal_cut_values_of_the_curly_form() -> None:
    """A piece of a value joins what stands before; a list that was cut is not believed."""
    cut = one_of(CURLY.replace("ip-netmask 10.1.0.80;", "ip-netmask 10.1.\n0.80;"))
    whole = one_of(CURLY)
    matches = [line.matches for line in cut.filters["security policy"].lines]
    assert matches == [line.matches for line in whole.filters["security policy"].lines]
    assert not cut.doubts
    listed = CURLY.replace("[ service-http service-https ]", "[ service-http service-\nhttps ]")
    assert DoubtKind.UNREAD in kinds(one_of(listed, whole=False))


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100])
@pytest.mark.parametrize("text", [XML, SET, CURLY], ids=["xml", "set", "curly"])
def test_hard_wraps_are_mended_or_told(text: str, width: int) -> None:
    """A terminal cut every line at its edge: the same policy comes out, or something is in doubt."""
    wrapped = "\n".join(line[at : at + width] for line in text.splitlines() for at in range(0, len(line) or 1, width))
    whole = one_of(text).filters["security policy"].lines
    for device in read(wrapped, whole=False).devices:
        found = device.filters["security policy"].lines
        same = [(line.label, line.action, line.matches) for line in found] == [
            (line.label, line.action, line.matches) for line in whole
        ]
        assert same or kinds(device), wrapped


def test_quoted_text_of_the_curly_form_over_several_lines() -> None:
    banner = 'hostname PA-CURLY;\n          login-banner "\n*** { nobody; } ***\n"\n;'
    device = one_of(CURLY.replace("hostname PA-CURLY;", banner))
    assert device.name == "PA-CURLY"
    assert len(device.filters["security policy"].lines) == 3


def test_routes_of_routers_that_send_to_each_other() -> None:
    lines = ["set deviceconfig system hostname P", "set zone a network layer3 ethernet1/1"]
    lines.append("set network interface ethernet ethernet1/1 layer3 ip 10.0.0.1/24")
    for one, other in (("x", "y"), ("y", "x")):
        for number in range(300):
            path = f"set network virtual-router {one} routing-table ip static-route r{number}"
            lines += [f"{path} destination 10.{number % 250}.0.0/{12 + number % 8}", f"{path} nexthop next-vr {other}"]
    started = time.process_time()
    device = one_of("\n".join(lines) + "\n")
    assert time.process_time() - started < 10
    assert DoubtKind.UNSUPPORTED in kinds(device)


def test_gateways_behind_gateways() -> None:
    lines = [SET]
    for number in range(150):
        for way in range(20):
            path = f"set network virtual-router default routing-table ip static-route r{number}-{way}"
            lines.append(
                f"{path} destination 172.16.{number}.0/24\n{path} nexthop ip-address 172.16.{(number * 7 + way) % 150}.1\n"
            )
    started = time.process_time()
    one_of("".join(lines))
    assert time.process_time() - started < 10


def test_lookalikes_are_not_ours() -> None:
    junos = "set version 21.4R3\nset system host-name J\nset security zones security-zone trust\nset interfaces ge-0/0/0 unit 0\n"
    for text in (
        junos,
        "<profile>\n<for-version>12.5</for-version>\n<base-model>T40</base-model>\n</profile>\n",
        "hostname R1\n",
    ):
        assert READER.score(config_text_from_bytes(text.encode(), "a")) < 50
