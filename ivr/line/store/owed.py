"""Tells who carries out duties what is owed now, so that nobody has to ask the database for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from ivr.line.records import Duty

Listener = Callable[[str, datetime], None]  # a kind of duty, and when one of that kind is due


class Owed:
    """What was stored through one `Connections`; other processes store duties too."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` of each duty from now on, as soon as it stands."""
        self._listeners.append(listener)

    def tell(self, duties: Iterable[Duty]) -> None:
        """These have been stored."""
        for duty in duties:
            self.due(duty.kind, duty.due)

    def due(self, kind: str, at: datetime) -> None:
        """One of this kind is due then."""
        for listener in self._listeners:
            listener(kind, at)


__all__ = ["Owed"]
