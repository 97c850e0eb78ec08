"""Which interfaces may be the two ends of one tunnel, as far as the configurations of both tell.

That two ends may belong together says nothing about whether the packets that carry the tunnel get from one to the other: each evaluator
finds that out for itself (docs/decisions/0013).
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from secaudit.network.device import Device
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import IPAddress
from secaudit.network.nat import NatStage
from secaudit.network.tunnels import TunnelEnd

_Port = tuple[str, str]
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"),
    )
)
"""Addresses by which nobody outside knows a device (RFC 1918, 6598, 4193, 4291)."""


@dataclass(frozen=True, slots=True)
class TunnelPair:
    """Two ends that may belong together. `agreed`: both configurations mean each other, and neither could mean a third one."""

    left: _Port
    right: _Port
    agreed: bool


def near_address(device: Device, end: TunnelEnd, family: int | None = None) -> IPAddress | None:
    """The outer address of an end where the file tells it."""
    if end.local is not None:
        return end.local
    version = family or (4 if end.remote is None else end.remote.version)
    interface = device.interfaces.get(end.local_interface or "")
    if interface is None or interface.dynamic_address:
        return None
    return next((one.address.ip for one in interface.addresses if one.address.version == version), None)


class TunnelPlan:
    """The ends of all tunnels and how they may belong together. Immutable once made."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self._devices = devices
        self._holders: dict[IPAddress, set[str]] = defaultdict(set)
        for name, device in devices.items():
            for interface in device.interfaces.values():
                for held in interface.addresses:
                    self._holders[held.address.ip].add(name)
        self.ends: dict[_Port, TunnelEnd] = {
            (name, interface.name): interface.tunnel
            for name, device in devices.items()
            for interface in device.interfaces.values()
            if interface.tunnel is not None and interface.enabled
        }
        self._translated = [
            (match.family, span)
            for device in devices.values()
            for rule in device.nat_rules
            if rule.stage is NatStage.INGRESS and rule.destination is not None
            for match in rule.matches
            for span in match.destinations
        ]
        self.pairs = tuple(self._pairs())
        peers: dict[_Port, list[_Port]] = defaultdict(list)
        for pair in self.pairs:
            peers[pair.left].append(pair.right)
            peers[pair.right].append(pair.left)
        self._peers = {port: frozenset(others) for port, others in peers.items()}

    def are_apart(self, left: _Port, right: _Port) -> bool:
        """Whether both are ends of tunnels, and not of the same one."""
        return left in self.ends and right in self.ends and right not in self._peers.get(left, ())

    def may_leave(self, port: _Port) -> bool:
        """Whether the other end may be a device that was not submitted."""
        end = self.ends.get(port)
        if end is None:
            return False
        return port not in self._peers or end.remote is None or end.remote not in self._holders

    def _pairs(self) -> Iterator[TunnelPair]:
        found = [
            (left, right)
            for left, right in combinations(sorted(self.ends), 2)
            if left[0] != right[0] and self._may_be_one(left, right)
        ]
        counts: dict[_Port, int] = defaultdict(int)
        meant = [(left, right) for left, right in found if self._agree(left, right)]
        for left, right in meant:
            counts[left] += 1
            counts[right] += 1
        for left, right in found:
            agreed = (left, right) in meant and counts[left] == counts[right] == 1
            yield TunnelPair(left, right, agreed)

    def _may_be_one(self, left: _Port, right: _Port) -> bool:
        """Too much is safe here: see `topology`."""
        here, there = self.ends[left], self.ends[right]
        if _ids_differ(here, there) or _ids_differ(there, here):
            return False
        if _inner_subnets_overlap(self._interface(left), self._interface(right)):
            return True
        towards, back = self._points(here, right[0]), self._points(there, left[0])
        if towards is None and back is None:
            return _ids_fit(here, there) or _ids_fit(there, here)
        return towards is not False and back is not False

    def _points(self, end: TunnelEnd, device: str) -> bool | None:
        """Whether an end sends to an address of a device; None when it cannot be told.

        An address that no submitted device holds may be in front of it (NAT), or one that it was given from outside.
        """
        if end.remote is None:
            return None
        holders = self._holders.get(end.remote)
        if holders is not None:
            return device in holders
        dynamic = any(one.enabled and one.dynamic_address for one in self._devices[device].interfaces.values())
        translated = any(
            family == end.remote.version and low <= int(end.remote) <= high for family, (low, high) in self._translated
        )
        return None if dynamic or translated or _behind_nat(self._devices[device]) else False

    def _agree(self, left: _Port, right: _Port) -> bool:
        """Whether each end names the other, by its address or by what it calls itself in the key exchange."""
        here, there = self.ends[left], self.ends[right]
        if here.carrier is not there.carrier:
            return False
        return all(
            _ids_fit(one, other) if one.remote is None else self._points(one, device) is not False
            for one, other, device in ((here, there, right[0]), (there, here, left[0]))
        )

    def _interface(self, port: _Port) -> Interface:
        return self._devices[port[0]].interfaces[port[1]]


def _behind_nat(device: Device) -> bool:
    """Whether all of its addresses are private, so that others know it by another one."""
    held: Iterable[IPAddress] = (
        one.address.ip for interface in device.interfaces.values() for one in interface.addresses
    )
    return all(any(one in network for network in _PRIVATE) for one in held)


def _ids_differ(asking: TunnelEnd, asked: TunnelEnd) -> bool:
    return bool(asking.remote_id and asked.local_id and asking.remote_id != asked.local_id)


def _ids_fit(asking: TunnelEnd, asked: TunnelEnd) -> bool:
    return bool(asking.remote_id) and asking.remote_id == asked.local_id


def _inner_subnets_overlap(left: Interface, right: Interface) -> bool:
    return any(
        one.address.version == other.address.version and one.address.network.overlaps(other.address.network)
        for one in left.addresses
        for other in right.addresses
    )
