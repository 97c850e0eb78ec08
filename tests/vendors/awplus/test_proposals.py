"""What the algorithms of a tunnel are told by, and what is only not told."""

from __future__ import annotations

from time import process_time

import pytest

from secaudit.network.tunnels import Proposal
from secaudit.vendors.awplus import READER
from tests.vendors.texts import read_by

TUNNEL = (
    "interface tunnel1\n tunnel destination 192.0.2.1\n tunnel mode ipsec ipv4\n tunnel protection ipsec profile P\n"
    " ip address 10.0.0.1/30\n"
)
SECOND = "crypto ipsec profile P\n transform 1 protocol esp integrity SHA256 encryption AES256\n"
FIRST = "crypto isakmp profile I\n version 2\n transform 1 integrity SHA256 encryption AES256 group 14\n"
PEER = "crypto isakmp peer address 192.0.2.1 profile I\n"


def proposals(text: str) -> tuple[Proposal, ...]:
    (device,) = read_by(READER, text + "end\n").devices
    tunnel = device.interfaces["tunnel1"].tunnel
    assert tunnel is not None and tunnel.proposals is not None
    return tunnel.proposals


def test_the_lines_from_the_tunnel_to_the_transform_are_named() -> None:
    first, second = proposals(TUNNEL + SECOND + FIRST + PEER)
    assert (first.phase, second.phase) == (1, 2)
    assert [one.text.strip() for one in first.sources][:3] == [
        "transform 1 integrity SHA256 encryption AES256 group 14",
        "crypto isakmp profile I",
        "version 2",
    ]
    assert PEER.strip() in [one.text for one in first.sources]
    assert "tunnel protection ipsec profile P" in [one.text.strip() for one in second.sources]
    assert not first.silent and not second.silent


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        (TUNNEL + SECOND, (True, False)),  # the built-in profile
        (TUNNEL + SECOND + FIRST.replace(" version 2\n", "") + PEER, (True, False)),
        (TUNNEL + SECOND + FIRST.replace("version 2", "version 1") + PEER, (True, False)),
        (TUNNEL + "crypto ipsec profile P\n" + FIRST + PEER, (False, True)),
        (TUNNEL.replace(" profile P", "") + FIRST + PEER, (False, True)),
        (TUNNEL + FIRST + PEER, (False, False)),  # not defined
        (TUNNEL + SECOND + PEER, (False, False)),
        (TUNNEL + SECOND + FIRST.replace("version 2", "version 1 mode swift") + PEER, (False, False, False)),
        (TUNNEL + SECOND + FIRST.replace(" version 2\n", " no version\n") + PEER, (False, False, False)),
        (TUNNEL + SECOND + FIRST.replace(" version 2\n", " version 1\n version 1\n") + PEER, (False, False)),
        (TUNNEL + SECOND + FIRST.replace("group 14", "group 14 group 14") + PEER, (False, False, False)),
        (TUNNEL + SECOND.replace("AES256", "AES256GCM") + FIRST + PEER, (False, False, False)),
        (TUNNEL + SECOND + FIRST + PEER.replace(" profile", " 192.0.2.9 profile"), (True, False, False)),
        (TUNNEL + SECOND + FIRST + PEER.replace("192.0.2.1", "192.0.2.1/24"), (True, False, False)),
        (TUNNEL + SECOND + FIRST + PEER + PEER.replace("profile I", "profile J"), (False, False)),
    ],
)
def test_only_what_no_line_tells_is_silent(text: str, silent: tuple[bool, ...]) -> None:
    assert tuple(one.silent for one in proposals(text)) == silent


@pytest.mark.parametrize("block", ["ip dhcp pool X\n", "interface vlan1\n", "crypto isakmp profile Z\n"])
@pytest.mark.parametrize("line", [PEER, "no " + PEER, "crypto ipsec profile P\n"])
def test_a_line_that_stands_in_another_block_leaves_every_tunnel_open(block: str, line: str) -> None:
    found = proposals(TUNNEL + SECOND + FIRST + PEER + block + " " + line)
    assert found[-1] == Proposal(1, (), (), (), found[-1].sources)
    assert [one.text for one in found[-1].sources] == [" " + line.rstrip()]


def test_a_key_in_another_block_changes_no_algorithm() -> None:
    assert (
        len(proposals(TUNNEL + SECOND + FIRST + PEER + "interface vlan1\n crypto isakmp key X address 192.0.2.1\n"))
        == 2
    )


HOSTILE = {
    "transforms": FIRST + " transform 1 integrity SHA256 encryption AES256 group 14\n" * 5000 + PEER,
    "profiles": FIRST * 3000 + PEER,
    "peers": "".join(f"crypto isakmp peer hostname h{number} profile I\n" for number in range(5000)),
    "profiles of a peer": "".join(
        f"crypto isakmp peer address 192.0.2.1 profile I{number}\n" for number in range(5000)
    ),
    "unread": "crypto isakmp frobnicate\n" * 5000,
    "versions": FIRST + " version 2\n" * 5000 + PEER,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_read_in_time(name: str) -> None:
    tunnels = TUNNEL.replace("tunnel1\n", "tunnel1-2000\n")
    began = process_time()
    found = proposals(HOSTILE[name] + SECOND + tunnels)
    assert process_time() - began < 10
    assert any(not (one.silent or one.encryption) for one in found), "something of it is not understood"
