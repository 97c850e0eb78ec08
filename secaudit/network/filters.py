"""Ordered filters: access lists, packet filters and firewall policies alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from secaudit.network.matches import Match
from secaudit.network.nat import Translation
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


class Action(Enum):
    """What a line does with a packet that it matches."""

    PERMIT = "permit"
    DENY = "deny"
    UNKNOWN = "unknown"
    """The line was not understood: it could permit or deny."""


class Certainty(Enum):
    """How sure it is that a packet inside `matches` is really matched.

    See `secaudit.flows.modes` for what each one means to a question of separation and of "must work".
    """

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    """At some times or in some states of the device (a schedule, a `restrict` filter): both states are real."""
    UNCERTAIN = "uncertain"
    """We cannot tell (an unread option, a name resolved by DNS): `matches` is the most that it could be."""


class Connection(Enum):
    """What a line asks of the connection to which a packet belongs, on a device that remembers connections."""

    NEW = "new"
    """It belongs to no connection that the device has let through."""
    ESTABLISHED = "established"
    """It belongs to one: such a line opens nothing, it lets replies and later packets pass."""


@dataclass(frozen=True, slots=True)
class FilterLine:
    """One line, tried in list order; the first that matches decides.

    `label` is what people call it ("policy 12", "10", "100011"). `ingress`/`egress` restrict the line to packets
    that came in and go out by these interfaces (None = all): a firewall policy table is a filter whose lines name
    interfaces. `connection` restricts it to packets of new or of remembered connections (None = both;
    `Device.tracks_connections`). `source_translation` is what a policy with NAT does to the packets it permits.
    """

    label: str
    action: Action
    matches: tuple[Match, ...]
    sources: Sources
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None
    """Why it is uncertain, when it is."""
    logged: bool = False
    ingress: frozenset[str] | None = None
    egress: frozenset[str] | None = None
    connection: Connection | None = None
    source_translation: Translation | None = None
    comment: str = ""
    implied: bool = False
    """Whether nobody wrote it: the product adds it. What comes before it leaves it nothing to do, and nothing is wrong with that."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A named list of lines and what happens when none matches.

    A filter with `stateful` admits only packets that can open a connection or belong to one it has seen; the
    replies of what it permits pass. `sessions` (for devices whose state is a second list, as YAMAHA's `dynamic`)
    are the packets whose permission lets the replies back through the same interface; it is ignored when
    `stateful`. `disabled` lines are kept for the hygiene checks and never match.
    """

    name: str
    lines: tuple[FilterLine, ...]
    default: Action
    sources: Sources
    default_logged: bool = False
    default_sources: Sources = ()
    stateful: bool = False
    sessions: tuple[Match, ...] = ()
    disabled: tuple[FilterLine, ...] = ()
