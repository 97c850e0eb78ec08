"""A small, right audit folder that each test breaks in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MUNICIPALITY = """\
municipality:
  code: "202991"
  name: あおぞら市
  prefecture: 長野県
  population_band: 50000-99999
model: alpha
edition: mic-2026-03
roles:
  ciso: 副市長
zones:
  my_number:
    subnets:
      - 10.10.0.0/16
    vlans: [110]
  lgwan:
    subnets: [10.20.0.0/16]
  lgwan_network:
    interfaces: ["fw-lgwan:port1"]
  specific_destination:
    subnets: [203.0.113.0/28]
    behind: lgwan_network
  security_cloud:
    interfaces: ["fw-inet:wan1"]
  public_internet:
    rest: true
    behind: security_cloud
register:
  - id: TK-001
    title: eLTAX
    condition: S1
    system: eltax
    destination_class: 2
    from: my_number
    to: specific_destination
    sources: [10.10.1.5]
    destinations: [203.0.113.5/32]
    protocol: tcp
    ports: [443, 8000-8010]
    mac_addresses: ["00-00-5E-00-53-01"]
    two_way: true
    required: true
    approved_by: 情報政策課長
    approved_on: 令和8年4月1日
    valid_until: 2027-03-31
devices:
  - name: fw-lgwan
    vendor: fortios
    role: 境界ファイアウォール
    zones: [my_number, lgwan]
    file: fw.conf
  - name: fw-inet
    vendor: fortios
    role: インターネット側
    routes: false
    config_expected: false
links:
  - left: fw-lgwan:port5
    right: fw-inet:port5
hosts:
  - name: 中継サーバ
    addresses: [10.10.1.9, 10.20.1.9]
    forwards: false
"""

ATTESTATIONS = """\
attestations:
  - id: AT-001
    subject: LAW-01
    answer: yes
    statement: 方針を定めた。
    stated_by: 情報政策課長
    role: security_officer
    stated_on: 令和8年4月1日
    valid_until: 2027-03-31
    document: 情政第34号
    items:
      議会: yes
      長: partly
"""

EXCEPTIONS = """\
exceptions:
  - id: EX-001
    rule: MN-03
    subject: TK-001
    reason: 更改まで絞れない。
    compensating_measure: 毎日確認する。
    requested_by: 税務課長
    approved_by: 副市長
    valid_from: 2026-04-01
    valid_until: 令和9年3月31日
"""

Edit = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole audit folder."""
    root = tmp_path / "aozora"
    (root / "configs" / "branch").mkdir(parents=True)
    (root / "probes").mkdir()
    (root / "municipality.yaml").write_text(MUNICIPALITY, encoding="utf-8")
    (root / "attestations.yaml").write_text(ATTESTATIONS, encoding="utf-8")
    (root / "exceptions.yaml").write_text(EXCEPTIONS, encoding="utf-8")
    (root / "configs" / "fw.conf").write_text("config system global\nend\n", encoding="utf-8")
    (root / "configs" / "branch" / "rtx.txt").write_text("ip lan1 address 10.10.9.1/24\n", encoding="utf-8")
    (root / "probes" / "scan.xml").write_text("<nmaprun/>", encoding="utf-8")
    return root


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replaces one text of one file, which must be there exactly once, and gives the folder."""

    def change(old: str, new: str, file: str = "municipality.yaml") -> Path:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")
        return folder

    return change
