"""A large firewall from its text: reading it, what it permits, which lines decide, and its dead lines.

A FortiGate is asked about every pair of its interfaces; a Linux host has one list for everything that it forwards.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from pathlib import Path

from bench.fortios_text import large
from bench.iptables_text import large_host
from bench.measure import Row, timed
from secaudit.audit.reading import ConfigFile, read_config_file
from secaudit.flows.budget import UNLIMITED
from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.dead_lines import dead_lines
from secaudit.flows.modes import Mode
from secaudit.network.device import Device
from secaudit.packets.space import Field, HeaderSpace

QUESTIONS = 20


def _device(file: ConfigFile) -> Device:
    if file.read is None or file.read.coverage.unread or file.read.devices[0].doubts:
        raise RuntimeError("the generated firewall is not read as it should be")
    return file.read.devices[0]


def _read(path: Path, text: str) -> tuple[float, ConfigFile]:
    path.write_text(text, encoding="utf-8")
    return timed(partial(read_config_file, path, path.name))


def _permit(device: Device) -> int:
    """Compiles every ordered pair of interfaces; the number of pairs that let something through."""
    compiler = FilterCompiler(HeaderSpace(4), Mode.CERTAIN)
    policy = device.filters[device.policies[0]]
    return sum(bool(compiler.permitted(policy, *pair)) for pair in permutations(device.interfaces, 2))


def _permit_one(device: Device) -> int:
    """Compiles the list from the first interface to the second."""
    policy = device.filters[device.policies[0]]
    FilterCompiler(HeaderSpace(4), Mode.CERTAIN).permitted(policy, *tuple(device.interfaces)[:2])
    return 1


def _deciding(device: Device) -> int:
    """The lines that decide about everything that a host sends, for some hosts a pair of interfaces; how many answers there were."""
    space = HeaderSpace(4)
    compiler = FilterCompiler(space, Mode.CERTAIN)
    policy = device.filters[device.policies[0]]
    rng = random.Random(1)
    answers = 0
    for ingress, egress in permutations(device.interfaces, 2):
        here = int(device.interfaces[ingress].addresses[0].address.ip) >> 8 & 255
        for _ in range(QUESTIONS):
            host = 10 << 24 | here << 16 | rng.randrange(30) << 8 | 10 + rng.randrange(12)
            packets = space.intersection(space.valid, space.guard(Field.SOURCE, ((host, host),)))
            answers += sum(1 for _ in compiler.rulings(policy, ingress, egress, packets, UNLIMITED))
    return answers


def _dead(device: Device) -> int:
    return len(dead_lines(device.filters[device.policies[0]]))


def _leaves(device: Device) -> int:
    """Everything that is forwarded, divided by the line that decides about it; into how many parts."""
    space = HeaderSpace(4)
    compiler = FilterCompiler(space, Mode.CERTAIN)
    policy = device.filters[device.policies[0]]
    return sum(1 for _ in compiler.rulings(policy, *tuple(device.interfaces)[:2], space.valid, UNLIMITED))


@dataclass(frozen=True, slots=True)
class Step:
    """One question about a device. `says` is what its answer, a number, counts."""

    what: str
    ask: Callable[[Device], int]
    says: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of firewall: what its lines are called, what writes one with so many of them, and what it is asked."""

    name: str
    lines: str
    text: Callable[[int, int], str]
    steps: tuple[Step, ...]


KINDS = (
    Kind(
        "firewall.conf",
        "policies",
        large,
        (
            Step("permitted sets", _permit, "ordered pairs of interfaces"),
            Step("deciding lines", _deciding, f"answers to {QUESTIONS} questions a pair"),
            Step("dead lines", _dead, "dead"),
        ),
    ),
    Kind(
        "host.txt",
        "rules of iptables",
        large_host,
        (
            Step("permitted set", _permit_one, "filter"),
            Step("deciding line of every leaf", _leaves, "leaves"),
            Step("dead lines", _dead, "dead"),
        ),
    ),
)


def measure(sizes: Sequence[int], rounds: int) -> list[Row]:
    """Each step for each kind and number of lines, a firewall of its own in every round."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            _read(Path(folder) / kind.name, kind.text(0, 40))  # what a reader imports is not what it costs to read
            for count in sizes:
                rows += _rows(kind, count, rounds, Path(folder))
    return rows


def _rows(kind: Kind, count: int, rounds: int, folder: Path) -> Iterator[Row]:
    seconds: dict[str, list[float]] = {}
    says: dict[str, str] = {}
    for seed in range(rounds):
        text = kind.text(seed, count)
        taken, file = _read(folder / kind.name, text)
        seconds.setdefault("read", []).append(taken)
        says["read"] = f"{text.count(chr(10))} lines of text"
        device = _device(file)
        for step in kind.steps:
            taken, answer = timed(partial(step.ask, device))
            seconds.setdefault(step.what, []).append(taken)
            says[step.what] = f"{answer} {step.says}"
    for what, held in seconds.items():
        yield Row(f"{count:6} {kind.lines}, {what}", tuple(held), says[what])
    yield Row(f"{count:6} {kind.lines}, all of it", tuple(map(sum, zip(*seconds.values(), strict=True))))
