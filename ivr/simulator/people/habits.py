"""What a telephone does by itself when it rings, and after it has answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

GREETING = "Please leave a message after the tone."

# Each habit, and the options that have an effect with it.
TAKES: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"after", "press", "say", "hang_up"}),
    "voicemail": frozenset({"after", "say", "hang_up"}),
    "decline": frozenset({"after"}),
    "ring": frozenset(),
    "busy": frozenset(),
    "unreachable": frozenset(),
}


class Habit(NamedTuple):
    """What a telephone does by itself.

    ``kind`` is a key of `TAKES`. ``after``: seconds that it rings; ``hang_up``: seconds after it
    has answered (None: it doesn't hang up). Options that the kind doesn't take have no effect.
    """

    kind: str = "ring"
    after: float = 0.0
    press: str = ""
    say: str = ""
    hang_up: float | None = None

    @property
    def options(self) -> list[str]:
        """The names of the options that are set."""
        given = {
            "after": self.after,
            "press": self.press,
            "say": self.say,
            "hang_up": self.hang_up is not None,
        }
        return [name for name, value in given.items() if value]


__all__ = ["GREETING", "TAKES", "Habit"]
