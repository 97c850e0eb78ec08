"""The three questions that are asked of a network, and what an unsure line means to each.

The table of `docs/architecture.md`, for code that walks one packet. The engine of packet sets has its own copy: the two are
compared with each other, so they may share the names of the modes and nothing more.
"""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from secaudit.network.filters import Action, Certainty


class Mode(Enum):
    """The question; see `docs/architecture.md`."""

    POSSIBLE = "possible"
    """Could anything get across? Too much is safe."""
    CERTAIN = "certain"
    """Does something surely get across, in some state of the devices?"""
    RELIABLE = "reliable"
    """Does a required link surely work, in every state of the devices?"""


def line_applies(action: Action, certainty: Certainty, mode: Mode) -> Action | None:
    """What a filter line whose fields fit does to a packet, or None when it counts as not matching.

    The answer is `PERMIT` or `DENY`, never `UNKNOWN`: an unknown action is a permit to `POSSIBLE` and a deny to the others.

    >>> line_applies(Action.DENY, Certainty.UNCERTAIN, Mode.POSSIBLE) is None
    True
    >>> line_applies(Action.UNKNOWN, Certainty.ALWAYS, Mode.CERTAIN)
    <Action.DENY: 'deny'>
    """
    known = default_applies(action, mode)
    match mode:
        case Mode.POSSIBLE:
            applies = known is Action.PERMIT or certainty is Certainty.ALWAYS
        case Mode.CERTAIN if known is Action.PERMIT:
            applies = certainty is not Certainty.UNCERTAIN
        case Mode.CERTAIN:
            applies = certainty is not Certainty.SOMETIMES
        case Mode.RELIABLE:
            applies = known is Action.DENY or certainty is Certainty.ALWAYS
        case _:
            assert_never(mode)
    return known if applies else None


def default_applies(action: Action, mode: Mode) -> Action:
    """What an action means when it surely acts: `PERMIT` or `DENY`."""
    if action is Action.UNKNOWN:
        return Action.PERMIT if mode is Mode.POSSIBLE else Action.DENY
    return action
