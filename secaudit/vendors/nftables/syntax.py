"""A rule as its parts: tests, and what it does. Frozen; `rules` makes them and `meaning` turns them into conditions and verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.network.filters import Certainty
from secaudit.text.bilingual import Text
from secaudit.vendors.netfilter.ruleset import Verdict
from secaudit.vendors.nftables.selectors import Selector
from secaudit.vendors.nftables.tokens import Item


@dataclass(frozen=True, slots=True)
class Test:
    """`KEY OPERATOR VALUES`. `mask` are the items of `KEY & MASK`; `operator` is empty when none is written (for flags that is not `==`).

    `start` is the place of the first value in the rule; negative when the values are not written there.
    """

    key: tuple[Selector, ...]
    mask: tuple[Item, ...]
    operator: str
    values: tuple[Item, ...]
    start: int = -1


@dataclass(frozen=True, slots=True)
class VerdictMap:
    """`KEY vmap { VALUE : VERDICT, ... }` or `KEY vmap @NAME`."""

    key: tuple[Selector, ...]
    mask: tuple[Item, ...]
    mapping: Item


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A test that we cannot judge: it holds in some states (a rate limit), or nobody can tell from the text."""

    certainty: Certainty
    doubt: Text


@dataclass(frozen=True, slots=True)
class Does:
    """A verdict. `requires` are tests that nft adds itself (`reject with tcp reset` asks for TCP)."""

    verdict: Verdict
    requires: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True)
class Translate:
    """`snat`, `dnat`, `masquerade`, `redirect`: `family` is `ip`, `ip6` or empty, `items` what follows `to`, `places` where that is in the rule."""

    kind: str
    family: str
    items: tuple[Item, ...]
    prefix: bool
    random: bool
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """The rule logs what gets this far."""


@dataclass(frozen=True, slots=True)
class Changes:
    """It changes the packet or its connection in a way that is not modelled, and goes on."""

    doubt: Text


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """From here on the rule could do anything."""


Part = Test | VerdictMap | Narrowing | Does | Translate | Log | Changes | NotUnderstood
