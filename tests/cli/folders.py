"""A small audit folder of our own: two boundary devices between three layers, nothing that fails at the border.

The tests break one thing at a time in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secaudit.audit.run import audit_folder
from secaudit.cli.audit import write_outputs
from secaudit.text.dates import parse_date

AS_OF = "2026-10-01"

MUNICIPALITY = """\
municipality:
  code: "202991"
  name: あおぞら市
  prefecture: 長野県
model: alpha
edition: mic-2026-03
roles:
  ciso: 副市長
  system_manager: 情報政策課長
zones:
  my_number:
    subnets: [10.10.0.0/16]
  lgwan:
    subnets: [10.20.0.0/16]
  internet:
    subnets: [10.30.0.0/16]
  lgwan_network:
    subnets: [192.0.2.0/30, 198.51.100.0/24]
    interfaces: [fw-lgwan:port3]
  security_cloud:
    subnets: [203.0.113.0/29]
    interfaces: [rt-inet:lan2]
  public_internet:
    rest: true
    behind: security_cloud
register: []
devices:
  - name: fw-lgwan
    vendor: fortios
    role: boundary_firewall
    zones: [my_number, lgwan, lgwan_network]
  - name: rt-inet
    vendor: yamaha
    role: internet_firewall
    zones: [internet, security_cloud]
"""

FORTIGATE = """\
#config-version=FG100F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin
config system global
    set hostname "fw-lgwan"
    set allow-traffic-redirect disable
    set ipv6-allow-traffic-redirect disable
end
config system interface
    edit "port1"
        set vdom "root"
        set ip 10.10.0.1 255.255.255.0
        set type physical
    next
    edit "port2"
        set vdom "root"
        set ip 10.20.0.1 255.255.255.0
        set type physical
    next
    edit "port3"
        set vdom "root"
        set ip 192.0.2.1 255.255.255.252
        set type physical
    next
end
config firewall address
    edit "gyomu-pc"
        set subnet 10.20.0.0 255.255.255.0
    next
    edit "asp-server"
        set subnet 198.51.100.10 255.255.255.255
    next
end
config router static
    edit 1
        set dst 198.51.100.0 255.255.255.0
        set gateway 192.0.2.2
        set device "port3"
    next
end
config firewall policy
    edit 10
        set name "lgwan-asp"
        set srcintf "port2"
        set dstintf "port3"
        set action accept
        set srcaddr "gyomu-pc"
        set dstaddr "asp-server"
        set schedule "always"
        set service "HTTPS"
        set logtraffic all
    next
end
"""

YAMAHA = """\
# RTX1210 Rev.14.01.42 (Fri Jul  8 11:00:00 2022)
# MAC Address : 00:00:5e:00:53:10, 00:00:5e:00:53:11
console prompt rt-inet
ip route default gateway 203.0.113.1
ip lan1 address 10.30.0.1/24
ip lan2 address 203.0.113.2/29
ip lan1 secure filter in 100 200
ip lan2 secure filter in 200
ip filter 100 pass 10.30.0.0/24 * tcp * www,https
ip filter 200 reject * *
ip lan2 secure filter out 100 200
telnetd service off
httpd service off
"""

ANOTHER_VENDOR = """\
flow filter TOKYO in
  list 10 ip 10.1.0.0/24 any
    action drop
  list 20 ip any any
    action forward
"""
"""A configuration whose vendor is known by its look and not read by this version."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An audit folder on disk, and where its results go."""

    path: Path
    out: Path

    def write(self, name: str, content: str | bytes) -> Path:
        """Writes a file of the folder."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return file

    def change(self, name: str, old: str, new: str) -> None:
        """Replaces what stands exactly once in a file."""
        text = (self.path / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, (name, old, text.count(old))
        self.write(name, text.replace(old, new))

    def result(self) -> dict[str, Any]:
        """The `result.json` of the last audit."""
        loaded: dict[str, Any] = json.loads((self.out / "result.json").read_text(encoding="utf-8"))
        return loaded


def audited(folder: Folder) -> dict[str, Any]:
    """Audits in this process, which saves the start of another: `result.json` and the report are written as the command writes them."""
    write_outputs(audit_folder(folder.path, parse_date(AS_OF)), folder.out)
    return folder.result()


def small_folder(parent: Path) -> Folder:
    """The audit folder as it is before anything is wrong with it."""
    folder = Folder(parent / "監査 フォルダ", parent / "結果 出力")
    folder.write("municipality.yaml", MUNICIPALITY)
    folder.write("configs/fw-lgwan.conf", FORTIGATE)
    folder.write("configs/rt-inet.txt", YAMAHA)
    return folder


def passes(result: dict[str, Any]) -> set[tuple[str, str]]:
    """Rule and subject of everything that passed."""
    return {(one["rule"], one["subject"]["name"]) for one in result["results"] if one["result"] == "pass"}


def flow_passes(result: dict[str, Any]) -> set[tuple[str, str]]:
    """Of these, what is about flows between two zones."""
    return {(rule, subject) for rule, subject in passes(result) if "->" in subject}
