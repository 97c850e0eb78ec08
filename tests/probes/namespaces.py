"""Network namespaces of a test's own: hosts, links, firewall rules and listeners that exist nowhere else.

Nothing leaves the machine: every packet stays on veth pairs between namespaces that the test makes and removes.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator

from tests.requirements import require, require_program, require_root

_LISTENER = """
import socket, sys, time
kept = []
for port in map(int, sys.argv[1:]):
    server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    server.listen()
    kept.append(server)
print("ready", flush=True)
time.sleep(600)
"""
_numbers = itertools.count()


def command(*words: str, text: str | None = None) -> str:
    """Runs a program that must succeed, with `text` as its input; what it printed."""
    return subprocess.run(words, input=text, check=True, capture_output=True, text=True, timeout=120).stdout


class Namespaces:
    """Namespaces by their role in the test (`prober`, `firewall`, ...). Their real names hold the number of this process."""

    def __init__(self) -> None:
        self._tag = f"sa{os.getpid()}n{next(_numbers)}"
        self._listeners: list[subprocess.Popen[str]] = []
        self._added: list[str] = []

    def name(self, role: str) -> str:
        """The real name of a namespace."""
        return f"{self._tag}-{role}"

    def inside(self, role: str, *words: str) -> list[str]:
        """A command line that runs inside a namespace."""
        return ["ip", "netns", "exec", self.name(role), *words]

    def add(self, *roles: str) -> None:
        """Makes namespaces, each with its loopback device up."""
        for role in roles:
            try:
                command("ip", "netns", "add", self.name(role))
            except subprocess.CalledProcessError as error:
                require(False, f"network namespaces cannot be made here: {error.stderr}")
            self._added.append(role)
            command("ip", "-n", self.name(role), "link", "set", "lo", "up")

    def link(self, left: str, left_device: str, right: str, right_device: str) -> None:
        """Joins two namespaces by a pair of devices."""
        peer = ("peer", "name", right_device, "netns", self.name(right))
        command("ip", "link", "add", left_device, "netns", self.name(left), "type", "veth", *peer)
        for role, device in ((left, left_device), (right, right_device)):
            command("ip", "-n", self.name(role), "link", "set", device, "up")

    def address(self, role: str, device: str, *addresses: str) -> None:
        """Gives a device its addresses, written with their prefix lengths."""
        for address in addresses:
            nodad = (
                ("nodad",) if ":" in address else ()
            )  # duplicate address detection keeps an address unusable for a second
            command("ip", "-n", self.name(role), "address", "add", address, "dev", device, *nodad)

    def route(self, role: str, prefix: str, gateway: str) -> None:
        """A static route; `prefix` may be `default`."""
        family = "-6" if ":" in gateway else "-4"
        command("ip", "-n", self.name(role), family, "route", "add", prefix, "via", gateway)

    def forward(self, role: str) -> None:
        """Makes a router of a namespace, for both versions of IP."""
        command(*self.inside(role, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"))

    def firewall_rules(self, role: str, rules: str) -> None:
        """Replaces the rules; a load that fails must fail the test, because everything would then be open."""
        command(*self.inside(role, "nft", "flush", "ruleset"))
        command(*self.inside(role, "nft", "-f", "-"), text=rules)

    def listen(self, role: str, ports: Iterable[int]) -> None:
        """Real TCP services on all addresses of a namespace; they are listening when this returns."""
        words = self.inside(role, sys.executable, "-c", _LISTENER, *map(str, ports))
        listener = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self._listeners.append(listener)
        assert listener.stdout is not None and listener.stdout.readline() == "ready\n"

    def remove(self) -> None:
        """Ends everything that runs inside, and removes what was made."""
        for role in self._added:
            left = subprocess.run(["ip", "netns", "pids", self.name(role)], capture_output=True, text=True, check=False)
            for number in left.stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(number), signal.SIGKILL)
        for listener in self._listeners:
            listener.wait()
            assert listener.stdout is not None
            listener.stdout.close()
        for role in self._added:
            subprocess.run(["ip", "netns", "delete", self.name(role)], capture_output=True, check=False)


@contextlib.contextmanager
def namespaces(*roles: str) -> Iterator[Namespaces]:
    """Empty namespaces for these roles, removed at the end whatever happened. What the machine lacks: `tests.requirements`."""
    require_root()
    for program in ("ip", "nft", "nmap", "sysctl"):
        require_program(program)
    made = Namespaces()
    try:
        made.add(*roles)
        yield made
    finally:
        made.remove()
