"""Reading configurations: lines per second of every reader, from bytes on disk to devices."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.measure import Row, timed
from secaudit.audit.reading import read_config_file


def fortios(count: int) -> Iterator[str]:
    """A FortiGate with addresses, services and policies."""
    yield "#config-version=FGT60F-7.4.4-FW-build2662-240514:opmode=0:vdom=0:user=admin"
    yield from ("config system global", "    set hostname FW-BENCH", "end", "config system interface")
    for port in (1, 2):
        yield from (
            f'    edit "port{port}"',
            f"        set ip 10.{port}.0.1 255.255.0.0",
            "        set type physical",
            "    next",
        )
    yield from ("end", "config firewall address")
    for index in range(count // 14):
        yield from (
            f'    edit "host-{index}"',
            f"        set subnet 10.{1 + index % 2}.{index >> 8 & 255}.{index & 255} 255.255.255.255",
            "    next",
        )
    yield from ("end", "config firewall policy")
    for index in range(count // 14):
        yield from (
            f"    edit {index + 1}",
            f'        set name "rule {index}"',
            '        set srcintf "port1"',
            '        set dstintf "port2"',
            "        set action accept",
            f'        set srcaddr "host-{index}"',
            f'        set dstaddr "host-{index + 1 if index + 1 < count // 14 else 0}"',
            '        set schedule "always"',
            '        set service "HTTPS" "SSH"',
            "        set logtraffic all",
            "    next",
        )
    yield "end"


def cisco_ios(count: int) -> Iterator[str]:
    """A router with two interfaces and long access lists."""
    yield from ("Building configuration...", "!", "version 15.9", "hostname RT-BENCH", "!")
    for port in (0, 1):
        yield from (
            f"interface GigabitEthernet0/{port}",
            f" ip address 10.{port}.0.1 255.255.0.0",
            f" ip access-group LIST{port} in",
            "!",
        )
    for port in (0, 1):
        yield f"ip access-list extended LIST{port}"
        for index in range(count // 2):
            host = f"10.{port}.{index >> 8 & 255}.{index & 255}"
            yield f" permit tcp host {host} 10.{1 - port}.{index % 250}.0 0.0.0.255 eq {1000 + index % 5000}"
        yield from (" deny ip any any log", "!")
    yield from ("ip route 0.0.0.0 0.0.0.0 10.1.255.254", "!", "end")


def yamaha(count: int) -> Iterator[str]:
    """A router with many filters, applied in one list."""
    yield from (
        "# RTX1210 Rev.14.01.42 (Fri Jul  8 11:00:00 2022)",
        "# MAC Address : 00:00:5e:00:53:10, 00:00:5e:00:53:11",
    )
    yield from ("console prompt RTX-BENCH", "ip lan1 address 10.1.0.1/16", "ip lan2 address 10.2.0.1/16")
    for index in range(count):
        yield f"ip filter {index + 1} pass 10.1.{index >> 8 & 255}.{index & 255} 10.2.{index % 250}.0/24 tcp * {1000 + index % 5000}"
    used = " ".join(str(index + 1) for index in range(min(count, 120)))
    yield f"ip lan1 secure filter in {used}"


WRITERS: dict[str, Callable[[int], Iterator[str]]] = {"fortios": fortios, "cisco_ios": cisco_ios, "yamaha": yamaha}


def measure(count: int, rounds: int) -> list[Row]:
    """Reads a generated file of about `count` lines with every reader. A line that a reader does not understand is an error of ours."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for vendor, write in WRITERS.items():
            path = Path(folder) / f"{vendor}.conf"
            text = "\n".join(write(count)) + "\n"
            path.write_text(text, encoding="utf-8")
            lines = text.count("\n")
            seconds = []
            for _ in range(rounds):
                taken, found = timed(partial(read_config_file, path, path.name))
                seconds.append(taken)
                if found.read is None or found.read.vendor != vendor or found.read.coverage.unread:
                    raise RuntimeError(f"the generated {vendor} file is not read as it should be")
            best = Row(f"{vendor}, {lines} lines", tuple(seconds))
            rows.append(Row(best.what, best.seconds, f"{lines / best.median:,.0f} lines/s"))
    return rows
