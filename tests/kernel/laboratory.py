"""A router in a network namespace of this process, three networks beside it, and packets sent through it.

The process moves into namespaces that have no name, so nothing has to be removed: when it ends, however it ends, the kernel removes
them. The networks are the far ends of veth pairs in a second namespace in which nobody has an address: packets are put
on the wire and taken from it there as frames.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from secaudit.packets.packet import Packet
from tests.kernel.frames import from_bytes, received, to_bytes

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23
_IPV6_HDRINCL = 36
_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 3, 0x0800, 0x86DD
_SIOCGIFHWADDR = 0x8927
_NETLINK_NETFILTER, _FLUSH_CONNECTIONS = 12, 1 << 8 | 2
_BATCH = 128
_QUIET_SECONDS = 0.005
_MISSING_SECONDS = 0.2

INTERFACES = ("eth0", "eth1", "ens5")
ADDRESSES = {
    "eth0": ("10.1.0.1/24", "2001:db8:1::1/64"),
    "eth1": ("10.2.0.1/24", "2001:db8:2::1/64"),
    "ens5": ("192.0.2.1/24", "2001:db8:f::1/64"),
}
ROUTES = (
    ("10.3.0.0/16", "10.2.0.254"),
    ("default", "192.0.2.254"),
    ("2001:db8:3::/48", "2001:db8:2::254"),
    ("default", "2001:db8:f::254"),
)
SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/autoconf": "0",
    "net/ipv6/conf/default/mldv2_unsolicited_report_interval": "0",
    "net/netfilter/nf_conntrack_checksum": "0",
}
"""As a router of a municipality would have them, but that checksums are not verified and that nothing is dropped for its source address."""

_libc = ctypes.CDLL(None, use_errno=True)


class LoadError(Exception):
    """The kernel, or the program that loads rules into it, refused a rule set. Holds what it said."""


def _unshare(flags: int) -> None:
    if _libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def become_root() -> None:
    """Makes this process (single-threaded) root of a user namespace of its own, unless it is root already.

    Raises `OSError` where the machine does not allow that.
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        return
    _unshare(_CLONE_NEWUSER | _CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")


@cache
def _lock_file() -> int:
    """`iptables` locks a file of the whole machine: here one of this process, that nobody has to remove."""
    return os.memfd_create("xtables.lock")


def run(*words: str, text: str | None = None) -> str:
    """Runs a program; what it printed. Raises `LoadError` with what it complained about."""
    environment = {**os.environ, "XTABLES_LOCKFILE": f"/proc/{os.getpid()}/fd/{_lock_file()}", "LC_ALL": "C"}
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, timeout=60, check=False, env=environment
    )  # fmt: skip
    if done.returncode != 0:
        raise LoadError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Injected:
    """A packet for the wire of an interface; `data` starts with the IP header and carries `number`."""

    interface: str
    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Observed:
    """Where one packet came out and with which header: by an interface, or (None) at the router itself."""

    interface: str | None
    packet: Packet


class Laboratory:
    """One router and the wires beside it. The process moves between its namespaces, so it must have one thread only."""

    def __init__(self) -> None:
        self._outside = _new_namespace()
        self._home = _new_namespace()
        self._wires: dict[str, socket.socket] = {}
        self._prepare()
        self._hardware = {name: _hardware_address(name) for name in INTERFACES}
        self._own = [(family, _own(family, protocol)) for family in (4, 6) for protocol in _OWN_PROTOCOLS[family]]
        self._senders = {4: _sender(4), 6: _sender(6)}
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self._last = 0

    def _prepare(self) -> None:
        for name, value in SETTINGS.items():
            Path("/proc/sys", name).write_text(value, encoding="ascii")
        outside = f"/proc/{os.getpid()}/fd/{self._outside}"
        near = ["link set lo up"]
        far = []
        for index, name in enumerate(INTERFACES):
            near.append(f"link add {name} type veth peer name far{index} netns {outside}")
            near.append(f"link set {name} arp off up")
            far.append(f"link set far{index} arp off up")
            near += [f"address add {one} dev {name}" + (" nodad" if ":" in one else "") for one in ADDRESSES[name]]
        self.run("ip", "-batch", "-", text="\n".join(near) + "\n")
        _change_namespace(self._outside)
        run("ip", "-batch", "-", text="\n".join(far) + "\n")
        self._wires = {name: _wire(f"far{index}") for index, name in enumerate(INTERFACES)}
        _change_namespace(self._home)
        for family in ("-4", "-6"):
            routes = [f"route add {prefix} via {to}\n" for prefix, to in ROUTES if (":" in to) is (family == "-6")]
            self.run("ip", family, "-batch", "-", text="".join(routes))

    def run(self, *words: str, text: str | None = None) -> str:
        """Runs a program on the router; what it printed. Raises `LoadError`."""
        _change_namespace(self._home)
        return run(*words, text=text)

    def flush_connections(self) -> None:
        """Forgets every connection."""
        self._netlink.send(struct.pack("=LHHLLBBH", 20, _FLUSH_CONNECTIONS, 1 | 4, 1, 0, 0, 0, 0))
        number = struct.unpack("=l", self._netlink.recv(4096)[16:20])[0]
        if number != 0:
            raise OSError(-number, os.strerror(-number))

    def number(self) -> int:
        """A number that no packet has had yet."""
        self._last += 1
        return self._last

    def send_own(self, packet: Packet) -> bool:
        """Sends a packet as the router itself; whether the kernel let it out."""
        try:
            self._senders[packet.family].sendto(to_bytes(packet, self.number()), (str(packet.destination), 0))
        except PermissionError:
            return False
        return True

    def clear(self) -> None:
        """Throws away what has come out and nobody asked for."""
        for one in (*self._wires.values(), *(own for _, own in self._own)):
            with contextlib.suppress(BlockingIOError):
                while True:
                    one.recv(4096)

    def inject(self, frames: Sequence[Injected]) -> Mapping[int, list[Observed]]:
        """Puts packets on the wires of the router; by number, where each came out."""
        found: dict[int, list[Observed]] = defaultdict(list)
        for start in range(0, len(frames), _BATCH):
            for one in frames[start : start + _BATCH]:
                kind = _ETH_P_IPV6 if one.data[0] >> 4 == 6 else _ETH_P_IP
                header = self._hardware[one.interface] + b"\x02\0\0\0\0\x99" + struct.pack("!H", kind)
                self._wires[one.interface].send(header + one.data)
            self._collect(found)
        time.sleep(_QUIET_SECONDS)
        self._collect(found)
        return found

    def wait_for(self, number: int) -> list[Observed]:
        """What comes out late of a packet that was expected."""
        found: dict[int, list[Observed]] = defaultdict(list)
        end = time.monotonic() + _MISSING_SECONDS
        while number not in found and time.monotonic() < end:
            time.sleep(_QUIET_SECONDS)
            self._collect(found)
        return found[number]

    def _collect(self, found: dict[int, list[Observed]]) -> None:
        for name, wire in self._wires.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    seen = from_bytes(wire.recv(4096)[14:])
                    if seen is not None:
                        found[seen.number].append(Observed(name, seen.packet))
        for family, own in self._own:
            with contextlib.suppress(BlockingIOError):
                while True:
                    seen = received(own) if family == 6 else from_bytes(own.recv(4096))
                    if seen is not None:
                        found[seen.number].append(Observed(None, seen.packet))

    def close(self) -> None:
        """Closes the sockets; the namespaces go with the process."""
        for one in (*self._wires.values(), *(own for _, own in self._own), *self._senders.values(), self._netlink):
            one.close()
        os.close(self._outside)
        os.close(self._home)


_OWN_PROTOCOLS = {4: (1, 6, 17, 47, 50, 89, 132), 6: (6, 17, 47, 50, 58, 89, 132)}


def _new_namespace() -> int:
    """A network namespace without anything in it, in which the process then is."""
    _unshare(_CLONE_NEWNET)
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _change_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _wire(name: str) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    wire.bind((name, _ETH_P_ALL))
    wire.setblocking(False)
    return wire


def _own(family: int, protocol: int) -> socket.socket:
    """What the router itself gets of a protocol, behind its INPUT rules."""
    own = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_RAW, protocol)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 << 20)
    if family == 6:
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    own.setblocking(False)
    return own


def _sender(family: int) -> socket.socket:
    sender = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if family == 4:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)
    return sender


def _hardware_address(name: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _SIOCGIFHWADDR, struct.pack("256s", name.encode()))
    return answer[18:24]
