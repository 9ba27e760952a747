"""What a telephone does by itself when it is rung, and what it does once it has answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

GREETING = "Please leave a message after the tone."

# Each habit, and the options that have any effect with it.
TAKES: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"after", "press", "say", "hang_up"}),
    "voicemail": frozenset({"after", "say", "hang_up"}),
    "decline": frozenset({"after"}),
    "ring": frozenset(),
    "busy": frozenset(),
    "unreachable": frozenset(),
}


class Habit(NamedTuple):
    """``kind`` is a key of `TAKES`; ``after`` and ``hang_up`` are seconds since it began to ring
    and since it answered (None: it doesn't hang up). What a kind doesn't take has no effect."""

    kind: str = "ring"
    after: float = 0.0
    press: str = ""
    say: str = ""
    hang_up: float | None = None

    @property
    def options(self) -> list[str]:
        """The names of those that are given."""
        given = {
            "after": self.after,
            "press": self.press,
            "say": self.say,
            "hang_up": self.hang_up is not None,
        }
        return [name for name, value in given.items() if value]


__all__ = ["GREETING", "TAKES", "Habit"]
