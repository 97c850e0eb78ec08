"""A netfilter ruleset: tables, chains, rules, verdicts, as both `iptables-save` and `nft list ruleset` say it.

The readers write it and decide nothing about hooks, jumps or state; `conversion` does. Rules of a reader:

- One rule is a *conjunction*: all fields of its `Condition` must hold. What is a choice (a set, a verdict map, a list of addresses)
  is either one `Condition` whose `matches` say it, or several rules in a row.
- `matches` are the most that the rule could match. What the reader cannot tell makes `certainty` `UNCERTAIN`, with a `doubt`.
- A field that the packet does not have (a port test on ICMP) does not match in either syntax, so a `Service` names its
  protocols (see `network.matches.Service`).
- Interface names are as written in the rules, with a `*` at the end for "begins with" (`ppp+` of iptables, `"ppp*"` of nft).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from secaudit.network.device import Doubt
from secaudit.network.filters import Certainty
from secaudit.network.intervals import Intervals
from secaudit.network.matches import ANY_PACKET, Family, Match
from secaudit.network.nat import Translation
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

BOTH_FAMILIES: frozenset[Family] = frozenset((4, 6))

TRANSLATED_DESTINATION: Intervals = ((1, 65535),)
"""`Match.marks` for "a DNAT rule of this host changed the destination" (`--ctstate DNAT`, `ct status dnat`)."""
UNTRANSLATED_DESTINATION: Intervals = ((0, 0),)
"""The reverse."""


class Hook(Enum):
    """Where in the kernel a base chain is called (`ingress` and bridge hooks are not modelled: a reader makes them a `Doubt`)."""

    PREROUTING = "prerouting"
    INPUT = "input"
    FORWARD = "forward"
    OUTPUT = "output"
    POSTROUTING = "postrouting"


class Priority:
    """Priorities of iptables' tables and of nft's names (kernel `include/uapi/linux/netfilter_ipv4.h`; the same for IPv6)."""

    RAW = -300
    CONNTRACK = -200
    MANGLE = -150
    DESTINATION_NAT = -100
    FILTER = 0
    SECURITY = 50
    SOURCE_NAT = 100


class State(Enum):
    """What connection tracking says of a packet (`-m conntrack --ctstate`, `ct state`)."""

    NEW = "new"
    ESTABLISHED = "established"
    RELATED = "related"
    INVALID = "invalid"
    UNTRACKED = "untracked"


class VerdictKind(Enum):
    """What a rule does with a packet that it matches."""

    ACCEPT = "accept"
    """Ends this base chain; the next base chain of the hook is still asked."""
    DROP = "drop"
    REJECT = "reject"
    RETURN = "return"
    """Back to behind the jump; in a base chain: its policy."""
    JUMP = "jump"
    GOTO = "goto"
    """As a jump, but the chain's end returns to where this chain was called from."""
    CONTINUE = "continue"
    """Nothing that matters here (a counter, a log): the next rule is asked."""
    TRANSLATE = "translate"
    """NAT, for the first packet of a connection only; ends the base chain."""
    NOTRACK = "notrack"
    """The packet is not tracked; the next rule is asked."""
    ZONE = "zone"
    """Its connection is remembered apart from those of other zones; the next rule is asked."""
    UNKNOWN = "unknown"
    """It could do anything with the packet."""

    __hash__ = object.__hash__  # a member equals nothing but itself, and every rule asks tables by its verdict


@dataclass(frozen=True, slots=True)
class Verdict:
    """`chain` is the name (in the same table) of a `JUMP` or `GOTO`; the translations are those of a `TRANSLATE`.

    `SHIFT` translations move the whole matched interval of the address: one rule for each interval, with exactly one `Match`.
    """

    kind: VerdictKind
    chain: str = ""
    source: Translation | None = None
    destination: Translation | None = None


@dataclass(frozen=True, slots=True)
class InterfaceTest:
    """The interface is one of `names` (or, negated, none of them). A name may end in `*`."""

    names: frozenset[str]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """All of it must hold.

    `ingress`/`egress`: every test must hold (empty = any interface). `matches`: one of these (of the families that the table does not
    see none counts). `states`: one of these (None = not asked; an empty set never matches). `doubt` says why it is not certain.
    """

    ingress: tuple[InterfaceTest, ...] = ()
    egress: tuple[InterfaceTest, ...] = ()
    matches: tuple[Match, ...] = ANY_PACKET
    states: frozenset[State] | None = None
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `label` is how people find it ("FORWARD 3", "handle 12")."""

    condition: Condition
    verdict: Verdict
    sources: Sources
    label: str
    comment: str = ""
    logged: bool = False
    """It logs what it matches (`log` beside a verdict in nft; a `LOG` target of iptables is a `CONTINUE` with this set)."""


@dataclass(frozen=True, slots=True)
class BaseChain:
    """What makes a chain be called by the kernel. `accepts` is its policy, `nat` tells nft's `type nat` and iptables' table nat."""

    hook: Hook
    priority: int
    accepts: bool = True
    nat: bool = False
    sources: Sources = ()
    """The line that sets the policy."""


@dataclass(frozen=True, slots=True)
class ChainKey:
    """The full name of a chain. `family` is the table's as written by nft: `ip` (iptables), `ip6` (ip6tables) or `inet`."""

    family: str
    table: str
    chain: str

    @property
    def families(self) -> frozenset[Family]:
        """The packets that a table of this family sees."""
        return {"ip": frozenset[Family]((4,)), "ip6": frozenset[Family]((6,))}.get(self.family, BOTH_FAMILIES)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain, user-defined unless it has a `base`."""

    key: ChainKey
    rules: tuple[Rule, ...]
    sources: Sources
    base: BaseChain | None = None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything that was read of one host's packet filter.

    `families` are the address families whose rules the file shows completely: `iptables-save` alone says nothing about IPv6, so what
    it is silent about is unknown, not open; `nft list ruleset` shows both. `sources` are the lines that show it is a ruleset (the evidence
    for what follows from its silence).
    """

    chains: Mapping[ChainKey, Chain]
    families: frozenset[Family]
    sources: Sources
    doubts: tuple[Doubt, ...] = ()
