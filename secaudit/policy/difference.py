"""What two policies differ in: cells, exchanges with outside destinations, and what editions changed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.policy.model import Cell, ConditionChange, Policy, Registered, Remark


@dataclass(frozen=True, slots=True)
class CellChange:
    """One ordered pair whose cell is another one now."""

    before: Cell
    after: Cell


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """From one policy to another. `conditions` and `elsewhere` are what the editions in between say of themselves.

    Going back in time, they are what is undone.
    """

    cells: tuple[CellChange, ...]
    conditions: tuple[ConditionChange, ...]
    elsewhere: tuple[Remark, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two policies ask the same."""
        return not (self.cells or self.conditions or self.elsewhere)


def difference(before: Policy, after: Policy) -> PolicyDifference:
    """What changes for a municipality that goes from one edition or model to another."""
    cells = tuple(
        CellChange(cell, after.cells[pair])
        for pair, cell in before.cells.items()
        if cell.text != after.cells[pair].text
    )
    known = {one.id for one in before.history}, {one.id for one in after.history}
    between = [one for one in (*before.history, *after.history) if one.id not in known[0] & known[1]]
    conditions = tuple(
        change
        for one in between
        for change in one.conditions
        if _exchange(before, change.code) != _exchange(after, change.code)
    )
    return PolicyDifference(cells, conditions, tuple(remark for one in between for remark in one.elsewhere))


def _exchange(policy: Policy, code: str) -> object:
    constraint = policy.conditions[code].constraint
    return constraint.classes if isinstance(constraint, Registered) else ()
