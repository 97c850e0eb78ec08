"""Whatever is in the file, the reader answers, and every line is accounted for once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from secaudit.network.device import DoubtKind
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.iptables import READER
from secaudit.vendors.reader import ReadConfig

CASES = sorted((Path(__file__).parent / "cases").glob("*.conf"))
START = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"


def config_text(content: str) -> ConfigText:
    lines = tuple(SourceLine("a.conf", number, line) for number, line in enumerate(content.splitlines(), 1))
    return ConfigText("a.conf", lines, "utf-8", len(content), "0" * 64)


def read(content: str) -> ReadConfig:
    text = config_text(content)
    config = READER.read(text)
    told = sorted(
        [*config.coverage.used, *config.coverage.irrelevant, *(one.line.number for one in config.coverage.unread)]
    )
    assert told == [line.number for line in text.lines]
    return config


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_damaged_cases(path: Path) -> None:
    if path.stem == "exploding_chains":
        return  # its damage is other tests' matter, and it takes its time
    rng = random.Random(path.stem)
    lines = path.read_text(encoding="utf-8").splitlines()
    words = sorted({word for line in lines for word in line.split()})
    for _ in range(15):
        damaged = list(lines)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(damaged))
            parts = damaged[at].split()
            match rng.randrange(5):
                case 0:
                    damaged[at] = damaged[at][: rng.randrange(len(damaged[at]) + 1)]
                case 1 if parts:
                    parts[rng.randrange(len(parts))] = rng.choice(words)
                    damaged[at] = " ".join(parts)
                case 2 if parts:
                    del parts[rng.randrange(len(parts))]
                    damaged[at] = " ".join(parts)
                case 3:
                    damaged.insert(at, rng.choice(lines))
                case _:
                    parts.insert(rng.randrange(len(parts) + 1), rng.choice(words))
                    damaged[at] = " ".join(parts)
        read("\n".join(damaged))


@pytest.mark.parametrize(
    "rule",
    [
        "-A FORWARD -s 10.0.0.0/255.0.255.0.255 -j ACCEPT",
        "-A FORWARD -s 10.0.0.0/85.85.85.85 -j ACCEPT",
        "-A FORWARD -s 300.1.1.1 -j ACCEPT",
        "-A FORWARD -p tcp -m tcp --dport 80:20 -j ACCEPT",
        "-A FORWARD -p tcp -m tcp --dport 99999 -j ACCEPT",
        "-A FORWARD -p nonsense -j ACCEPT",
        "-A FORWARD -m set --match-set",
        "-A FORWARD -m multiport --dports , -j ACCEPT",
        '-A FORWARD -m comment --comment "never closed -j ACCEPT',
        "-A FORWARD ! ! -s 10.0.0.0/8 -j ACCEPT",
        "-A FORWARD -m conntrack --ctstate SLEEPY -j ACCEPT",
        "-A FORWARD -p icmp -m icmp --icmp-type 999 -j ACCEPT",
        "-A FORWARD -p tcp -m tcp --tcp-flags FOO BAR -j ACCEPT",
        "-A FORWARD -j DNAT --to-destination",
    ],
)
def test_a_rule_that_cannot_be_read_may_do_anything(rule: str) -> None:
    """It never vanishes: some line of the filter is unsure of its match or of its action."""
    config = read(f"{START}{rule}\nCOMMIT\n")
    (device,) = config.devices
    lines = device.filters["filter FORWARD"].lines
    assert any(rule in source.text for line in lines if line.doubt is not None for source in line.sources), lines


def test_a_very_long_chain_of_chains_is_no_recursion_error() -> None:
    chains = "".join(f":C{n} - [0:0]\n" for n in range(2000))
    rules = "-A FORWARD -j C0\n" + "".join(f"-A C{n} -j C{n + 1}\n" for n in range(1999))
    config = read(f"{START}{chains}{rules}COMMIT\n")
    assert DoubtKind.TOO_COMPLEX in {doubt.kind for doubt in config.devices[0].doubts}


def test_many_returns_stay_within_bounds() -> None:
    """Each RETURN cuts the rest of its chain into more pieces."""
    rules = "".join(
        f"-A SUB -s 10.{n % 256}.{n * 7 % 256}.0/24 -d 10.9.{n * 3 % 256}.0/28 -p udp -m udp --sport {n} --dport {n * 2} -j RETURN\n"
        for n in range(1, 400)
    )
    config = read(f"{START}:SUB - [0:0]\n-A FORWARD -j SUB\n{rules}-A SUB -j ACCEPT\nCOMMIT\n")
    assert config.devices


def test_nothing_of_iptables() -> None:
    config = read("hello\n\n# world\n")
    assert config.devices == ()
    assert config.warnings
