"""A figure that a benchmark gives, beside the goals that it is held to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

HEAD = ("| Figure | Gate | Aim | Reached |", "|---|--:|--:|--:|")
MISSED = "✗"


class Goal(NamedTuple):
    """What must be reached, and what is wished for: at least so much, or at ``most``."""

    gate: float
    aim: float | None = None
    most: bool = False

    def written(self, value: float | None) -> str:
        return "" if value is None else f"{'≤' if self.most else '≥'} {value:,g}"

    def met(self, by: float) -> bool:
        return by <= self.gate if self.most else by >= self.gate


def at_most(gate: float, aim: float | None = None) -> Goal:
    """No more than this."""
    return Goal(gate, aim, most=True)


class Figure(NamedTuple):
    """``reached`` is shown with so many ``digits``; some have no goal."""

    figure: str
    reached: float
    goal: Goal | None = None
    digits: int = 2

    @property
    def missed(self) -> bool:
        """Whether what is shown misses the gate."""
        return self.goal is not None and not self.goal.met(round(self.reached, self.digits))

    def __str__(self) -> str:
        """A row of a table in Markdown."""
        goal = self.goal
        gate, aim = (goal.written(goal.gate), goal.written(goal.aim)) if goal else ("", "")
        reached = f"{self.reached:,.{self.digits}f}{f' {MISSED}' if self.missed else ''}"
        return f"| {self.figure} | {gate} | {aim} | {reached} |"


def table(figures: Iterable[Figure]) -> str:
    """In Markdown, as it stands in docs/develop/performance.md; what misses its gate is marked."""
    return "\n".join([*HEAD, *map(str, figures)])
