"""A limit on the work of a search whose result can be very large: counted, not timed, so that runs agree."""

from __future__ import annotations


class Budget:
    """So many units of work and no more; None is no limit.

    Whoever works on it stops early once `spend` says no, and `exhausted` then tells that the result is not complete.
    """

    def __init__(self, units: int | None = None) -> None:
        self._left = units
        self.exhausted = False

    def spend(self, units: int) -> bool:
        """Takes some units; False when they were not there any more."""
        if self._left is not None:
            self._left -= units
            if self._left < 0:
                self.exhausted = True
        return not self.exhausted

    def share(self, units: int) -> Budget:
        """A budget of its own for a part of the work: at most so many units, taken from this one at once; see `give_back`."""
        if self._left is None:
            return Budget(units)
        given = max(0, min(units, self._left))
        self._left -= given
        return Budget(given)

    def give_back(self, part: Budget) -> None:
        """Takes back what a part of the work did not need."""
        if self._left is not None and part._left is not None:
            self._left += max(0, part._left)


UNLIMITED = Budget()
