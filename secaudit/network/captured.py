"""Routing tables as people captured them (`show ip route` and the like), before anybody believes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from secaudit.network.intervals import IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import NextHop
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


class Origin(Enum):
    """Where a route of a table comes from."""

    CONNECTED = "connected"
    LOCAL = "local"
    """An address of the device itself, or of the peer of a dial-up line: it says nothing about subnets."""
    STATIC = "static"
    LEARNT = "learnt"


@dataclass(frozen=True, slots=True)
class CapturedRoute:
    """One prefix of a table. `protocol` is the word for who learnt it (`ospf`, `bgp`, `rip` ...), empty for the other origins."""

    prefix: IPNetwork
    origin: Origin
    next_hops: tuple[NextHop, ...]
    sources: Sources
    protocol: str = ""
    distance: int = 1


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a table cannot be believed: a line that was not understood, an end that is not there."""

    text: Text
    sources: Sources


@dataclass(frozen=True, slots=True)
class CapturedTable:
    """The table of one VRF and address family. `sources` are its heading; a table with `flaws` tells nothing for sure."""

    vendor: str
    vrf: str
    family: Family
    routes: tuple[CapturedRoute, ...]
    sources: Sources
    flaws: tuple[Flaw, ...] = ()

    @property
    def file(self) -> str:
        """The file that it was found in."""
        return self.sources[0].file
