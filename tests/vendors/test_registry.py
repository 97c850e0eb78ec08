"""Which vendor wrote a text, when that is sure; and what happens when a reader breaks its promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from secaudit.errors import InternalError
from secaudit.text.bilingual import Language
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors import registry
from secaudit.vendors.reader import Coverage, ReadConfig
from secaudit.vendors.registry import read_config, readers, recognise, vendor_hint


def text(content: str) -> ConfigText:
    return config_text_from_bytes(content.encode("utf-8"), "configs/some.txt")


@dataclass
class Vendor:
    """A reader that gives one score."""

    name: str
    given: int
    fails: str = ""
    title: str = "A vendor"

    def score(self, text: ConfigText) -> int:
        if self.fails == "score":
            raise ZeroDivisionError("score")
        return self.given

    def read(self, text: ConfigText) -> ReadConfig:
        if self.fails == "read":
            raise KeyError("read")
        return ReadConfig(self.name, (), Coverage(frozenset({1}), {}, ()))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Vendor]]:
    vendors: list[Vendor] = []
    monkeypatch.setattr(registry, "readers", lambda: tuple(vendors))
    yield vendors


@pytest.mark.parametrize(
    ("scores", "winner"),
    [
        ({"a": 90, "b": 20}, "a"),
        ({"a": 20, "b": 50}, "b"),
        ({"a": 49, "b": 0}, None),
        ({"a": 80, "b": 80}, None),
        ({"a": 80, "b": 75}, None),
        ({"a": 80, "b": 70}, "a"),
        ({}, None),
    ],
)
def test_only_a_clear_winner_is_believed(installed: list[Vendor], scores: dict[str, int], winner: str | None) -> None:
    installed += [Vendor(name, score) for name, score in scores.items()]
    some = text("hostname r1\n")
    found = recognise(some)
    read = read_config(some)
    assert (found.name if found else None) == winner
    assert (read.vendor if read else None) == winner


@pytest.mark.parametrize("step", ["score", "read"])
def test_a_reader_that_raises_is_an_internal_error_naming_vendor_and_file(installed: list[Vendor], step: str) -> None:
    installed.append(Vendor("fancy", 90, fails=step))
    with pytest.raises(InternalError) as caught:
        read_config(text("hostname r1\n"))
    assert caught.value.exit_status == 4
    for language in Language:
        message = caught.value.message(language)
        assert "fancy" in message
        assert "configs/some.txt" in message
    assert isinstance(caught.value.__cause__, ZeroDivisionError | KeyError)


def test_a_vendor_that_cannot_be_loaded_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name = "broken"

        def load(self) -> None:
            raise ImportError("gone")

    monkeypatch.setattr(registry, "entry_points", lambda group: [Entry()])
    readers.cache_clear()
    try:
        with pytest.raises(InternalError) as caught:
            readers()
    finally:
        readers.cache_clear()
    assert "broken" in caught.value.text.en
    assert "broken" in caught.value.text.ja


def test_the_three_vendors_are_installed_as_entry_points() -> None:
    names = [reader.name for reader in readers()]
    assert {"cisco_ios", "fortios", "yamaha"} <= set(names)
    assert names == sorted(names)


FORTIOS = """#config-version=FGT60F-7.4.4-FW-build2662-240514:opmode=0:vdom=0:user=admin
config system global
    set hostname "fw-lgwan"
end
config firewall policy
    edit 1
        set srcintf "port1"
        set dstintf "port2"
        set action accept
    next
end
"""
IOS = """Building configuration...

Current configuration : 4321 bytes
!
version 17.9
service timestamps log datetime msec
hostname core-sw
!
interface GigabitEthernet1/0/1
 switchport mode access
!
ip access-list extended MN-IN
 deny ip any any log
!
line vty 0 4
 transport input ssh
!
end
"""
YAMAHA = """# RTX1210 Rev.14.01.42 (Fri Jul  8 11:00:00 2022)
# MAC Address : 00:00:5e:00:53:01, 00:00:5e:00:53:02
ip route default gateway 192.0.2.1
ip lan1 address 10.30.1.1/24
ip lan1 secure filter in 1000 2000
ip filter 1000 reject * * tcp * 135
ip filter 2000 pass * *
telnetd service off
"""


@pytest.mark.parametrize(("content", "vendor"), [(FORTIOS, "fortios"), (IOS, "cisco_ios"), (YAMAHA, "yamaha")])
def test_supported_vendors_are_recognised(content: str, vendor: str) -> None:
    found = recognise(text(content))
    assert found is not None
    assert found.name == vendor
    assert vendor_hint(text(content)) is None


UNSUPPORTED = {
    "NEC UNIVERGE IX": "! NEC Portable Internetwork Core Operating System Software\n! IX Series IX2215 (magellan-sec) Software, Version 10.2.16\nhostname ix\nip ufs-cache enable\ninterface GigaEthernet0.0\n  ip address 192.0.2.1/24\n  no shutdown\n",
    "Allied Telesis AlliedWare Plus": "!\nservice password-encryption\n!\nhostname x530\nvlan database\n vlan 10 name kikan\n!\ninterface port1.0.1\n switchport\n switchport mode access\n!\nend\n",
    "ALAXALA AX": '#configuration list for AX3660S\n#Last modified by admin at Mon Apr  6 10:00:00 2026 with version 12.1\n!\nhostname "core"\n!\ninterface gigabitethernet 1/0/1\n  switchport mode access\n!\n',
    "Cisco ASA": ": Saved\n:\nASA Version 9.12(4)\n!\nhostname asa\n!\ninterface GigabitEthernet0/0\n nameif outside\n security-level 0\n ip address 192.0.2.1 255.255.255.0\n!\n",
    "Cisco NX-OS": "!Command: show running-config\n!Time: Mon Apr  6 10:00:00 2026\n\nversion 9.3(5)\nhostname nexus\nfeature interface-vlan\nvrf context management\n",
    "Juniper Junos (SRX)": "set version 22.4R3\nset system host-name srx\nset security policies from-zone trust to-zone untrust policy p match source-address any\nset interfaces ge-0/0/0 unit 0 family inet\n",
    "Palo Alto PAN-OS": '<?xml version="1.0"?>\n<config version="10.1.0" urldb="paloaltonetworks">\n  <mgt-config>\n  </mgt-config>\n</config>\n',
    "HPE / H3C Comware": "#\n version 7.1.070, Release 6616P01\n#\n sysname core\n#\nacl advanced 3000\n rule 5 permit ip\n#\nreturn\n",
    "iptables / nftables": "# Generated by iptables-save v1.8.9\n*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n",
    "Fujitsu Si-R / SR-S": "ether 1 1 vlan untag 1\nlan 0 ip address 192.0.2.1/24 3\nremote 0 ap 0 datalink bind wan 0\npassword admin set abc\n",
    "HPE Aruba AOS-CX": "!\n!Version ArubaOS-CX PL.10.13.0005\n!export-password: default\nhostname aruba\n",
    "AWS VPC": '{\n  "SecurityGroups": [\n  ]\n}\n',
}  # fmt: skip


@pytest.mark.parametrize("title", UNSUPPORTED)
def test_known_but_unsupported_vendors_are_named_and_not_read(title: str) -> None:
    some = text(UNSUPPORTED[title])
    assert vendor_hint(some) == title
    assert recognise(some) is None
    assert read_config(some) is None


@pytest.mark.parametrize("content", ["hello\nworld\n", "ip ip ip\n", "interface\n" * 500, "{}\n", "あ\n"])
def test_other_texts_are_nobodys(content: str) -> None:
    assert vendor_hint(text(content)) is None
    assert read_config(text(content)) is None
