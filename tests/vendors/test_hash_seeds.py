"""The order of sets, which is another one in every process, is nowhere in what a reader says: two processes read a file alike."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parent
SCRIPT = """
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

from secaudit.audit.reading import read_config_file


def told(value):
    if is_dataclass(value):
        return [type(value).__name__, *(told(getattr(value, one.name)) for one in fields(value))]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, map(told, value)))
    if hasattr(value, "items"):
        return [(told(key), told(held)) for key, held in value.items()]
    return [told(one) for one in value] if isinstance(value, tuple | list) else repr(value)


for name in sys.argv[1:]:
    print(told(read_config_file(Path(name), "gate.conf").read))
"""
UNTRACKED = """*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j NOTRACK
-A PREROUTING -i ppp0 -p udp -m udp --dport 123 -j NOTRACK
-A PREROUTING -i eth1 -p udp -m udp --dport 69 -j NOTRACK
-A PREROUTING -i eth2 -p udp -m udp --dport 514 -j NOTRACK
-A PREROUTING -i wan9 -p udp -m udp --dport 500 -j NOTRACK
-A OUTPUT -o eth3 -p udp -m udp --sport 53 -j NOTRACK
-A OUTPUT -o eth4 -p udp -m udp --sport 123 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A FORWARD -i eth1 -o eth2 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -i eth3 -o eth4 -m conntrack --ctstate UNTRACKED -j ACCEPT
-A FORWARD -i ppp0 -o wan9 -m conntrack --ctstate INVALID -j DROP
-A OUTPUT -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""


def told(files: list[Path], seed: int) -> list[str]:
    command = [sys.executable, "-c", SCRIPT, *map(str, files)]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    made = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=True)
    return made.stdout.splitlines()


def test_packets_that_are_not_tracked(tmp_path: Path) -> None:
    file = tmp_path / "gate.conf"
    file.write_text(UNTRACKED, encoding="utf-8")
    first = told([file], 1)
    assert all("FilterLine" in one and "untracked" in one for one in first)
    assert [told([file], seed) for seed in (2, 3, 4)] == [first] * 3


@pytest.mark.parametrize("vendor", ["iptables", "nftables"])
def test_cases(vendor: str) -> None:
    files = [one for one in sorted((CASES / vendor / "cases").glob("*.conf")) if one.stem != "exploding_chains"]
    assert told(files, 1) == told(files, 2)
