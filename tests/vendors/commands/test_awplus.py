"""Random changes of random policies of AlliedWare Plus: the commands read back as the changed model."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from secaudit.network.changes import AddFilter, InsertDeny, changed
from secaudit.network.device import Device
from secaudit.network.intervals import ANY_IPV6
from secaudit.network.matches import Match, Service
from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import NotSaidError, apply_commands
from tests.vendors.commands.reading_back import FAMILIES, READERS, Spaces, commands_for, differences, text_of, wrong
from tests.vendors.commands.test_random import GOLDEN, changes_of, report
from tests.vendors.equality.awplus import STYLES
from tests.vendors.equality.test_awplus import write
from tests.vendors.equality.test_equality import ROUNDS, a_policy

LEAST_SHARE = {"named": 0.3, "numbered": 0.4, "sequence numbers": 0.7, "vlan map": 0.2, "firewall": 0.6}


@pytest.mark.parametrize("style", STYLES)
def test_commands_read_back_as_the_changed_model(style: str) -> None:
    said: list[bool] = []
    for family in FAMILIES:
        for number in range(15 * ROUNDS):
            spaces: Spaces = {one: HeaderSpace(one) for one in FAMILIES}
            random = Random(f"commands awplus {family} {style} {number}")
            written = write(a_policy(family, f"commands {number}"), style, f"commands {number}")
            text = text_of(written.text, "awplus")
            (device,) = READERS["awplus"].read(text).devices
            found = changes_of(random, device, written)
            for changes in ([one] for one in found):
                try:
                    commands = commands_for(device, changes, text)
                except NotSaidError as error:
                    said.append(False)
                    assert error.text.ja and error.text.en
                    continue
                said.append(True)
                message = wrong(spaces, written.text, device, changes, commands)
                assert not message, report(message, written, changes, commands)
            try:
                commands = commands_for(device, found, text)
            except NotSaidError:
                continue
            message = wrong(spaces, written.text, device, found, commands)
            assert not message, report(message, written, found, commands)
    assert sum(said) / len(said) > LEAST_SHARE[style], (style, sum(said), len(said))


def by_hand() -> tuple[str, Device]:
    content = (GOLDEN / "awplus" / "by_hand.conf").read_text(encoding="utf-8")
    (device,) = READERS["awplus"].read(text_of(content, "awplus")).devices
    return content, device


@pytest.mark.parametrize(
    ("match", "typed"),
    [
        (
            Match(4, ((0x0A011E00, 0x0A011EFF),), ((0x0A010A00, 0x0A010AFF),)),
            [
                "access-list hardware SECAUDIT-VLAN30",
                " deny ip 10.1.30.0/24 10.1.10.0/24",
                "interface port1.0.4",
                " access-group SECAUDIT-VLAN30",
            ],
        ),
        (
            Match(6, ANY_IPV6, ANY_IPV6, (Service(((6, 6),), ((22, 22),)),)),
            [
                "ipv6 access-list SECAUDIT-VLAN30-6",
                " deny tcp any any eq 22",
                "interface port1.0.4",
                " ipv6 traffic-filter SECAUDIT-VLAN30-6",
            ],
        ),
    ],
)
def test_a_new_list_goes_to_the_ports_of_a_vlan(match: Match, typed: list[str]) -> None:
    """The port shows the list as well; what counts is the interface of its VLAN, and that no other one changes."""
    content, device = by_hand()
    change = AddFilter(device.name, "vlan30", (match,))
    commands = commands_for(device, [change], text_of(content, "awplus"))
    assert list(commands.lines) == typed
    (typed,) = apply_commands([content], commands)
    (after,) = READERS["awplus"].read(text_of(typed, "awplus")).devices
    shown = {**after.interfaces, "port1.0.4": device.interfaces["port1.0.4"]}
    spaces: Spaces = {family: HeaderSpace(family) for family in FAMILIES}
    assert not differences(spaces, changed(device, [change]), replace(after, interfaces=shown))


@pytest.mark.parametrize(
    ("name", "says"),
    [("vlan10 in", "different lists"), ("3000 + OFFICE", "QoS class")],
)
def test_what_is_not_said(name: str, says: str) -> None:
    """Ports that differ, and a list that something else uses."""
    content, _ = by_hand()
    content = content.replace(
        "interface vlan10",
        "interface port1.0.9\n switchport access vlan 10\n!\ninterface vlan10"
        if name == "vlan10 in"
        else "interface port1.0.9\n switchport access vlan 60\n access-group OFFICE\n!\ninterface vlan60\n!\ninterface vlan10",
        1,
    )
    text = text_of(content, "awplus")
    (device,) = READERS["awplus"].read(text).devices
    denied = Match(4, ((0, 5),), ((0, 5),))
    with pytest.raises(NotSaidError) as error:
        commands_for(device, [InsertDeny(device.name, name, 1, (denied,))], text)
    assert says in error.value.text.en


def test_several_devices_in_one_file() -> None:
    content, device = by_hand()
    text = text_of(content + content.replace("SW-GOLDEN", "SW-OTHER"), "awplus")
    with pytest.raises(NotSaidError):
        commands_for(device, [AddFilter(device.name, "vlan30", (Match(4, ((0, 5),), ((0, 5),)),))], text)
