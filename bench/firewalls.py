"""A large FortiGate from its text: reading it, the permitted set of every pair of interfaces, which lines decide, and its dead lines."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from pathlib import Path

from bench.fortios_text import large
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


def _read(folder: str, text: str) -> tuple[float, ConfigFile]:
    path = Path(folder) / "firewall.conf"
    path.write_text(text, encoding="utf-8")
    return timed(partial(read_config_file, path, path.name))


def _permit(device: Device) -> int:
    """Compiles every ordered pair of interfaces; the number of pairs that let something through."""
    compiler = FilterCompiler(HeaderSpace(4), Mode.CERTAIN)
    policy = device.filters[device.policies[0]]
    return sum(bool(compiler.permitted(policy, *pair)) for pair in permutations(device.interfaces, 2))


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


def measure(sizes: Sequence[int], rounds: int) -> list[Row]:
    """Each step for each number of policies, a firewall of its own in every round."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        _read(folder, large(0, 1))  # what the reader imports is not what it costs to read
        for count in sizes:
            seconds: dict[str, list[float]] = {}
            found: dict[str, str] = {}
            for seed in range(rounds):
                text = large(seed, count)
                taken, file = _read(folder, text)
                seconds.setdefault("read", []).append(taken)
                found["read"] = f"{text.count(chr(10))} lines of text"
                device = _device(file)
                taken, pairs = timed(partial(_permit, device))
                seconds.setdefault("permitted sets", []).append(taken)
                found["permitted sets"] = f"{pairs} ordered pairs of interfaces"
                taken, answers = timed(partial(_deciding, device))
                seconds.setdefault("deciding lines", []).append(taken)
                found["deciding lines"] = f"{answers} answers to {QUESTIONS} questions a pair"
                taken, dead = timed(partial(_dead, device))
                seconds.setdefault("dead lines", []).append(taken)
                found["dead lines"] = f"{dead} of {count}"
            rows.extend(
                Row(f"{count:6} policies, {what}", tuple(taken), found[what]) for what, taken in seconds.items()
            )
            total = tuple(map(sum, zip(*seconds.values(), strict=True)))
            rows.append(Row(f"{count:6} policies, all of it", total))
    return rows
