"""What a process knows to be due: what was stored by itself, or what it was told of."""

from __future__ import annotations

from datetime import datetime
from heapq import heappop, heappush
from threading import Lock

ANY = ""  # whichever kind it may be


class Known:
    """When which of these ``kinds`` is due; at most ``at_once`` of them are taken together."""

    def __init__(self, kinds: tuple[str, ...], at_once: int) -> None:
        self.kinds = kinds
        self.at_once = at_once
        self._due: list[tuple[datetime, str]] = []
        self._lock = Lock()

    def add(self, at: datetime, kind: str = ANY) -> None:
        """One of this kind is due then."""
        with self._lock:
            heappush(self._due, (at, kind))

    def come(self, now: datetime) -> list[str]:
        """The kind of each that is due by now; that is known no longer."""
        come = []
        with self._lock:
            while self._due and self._due[0][0] <= now:
                come.append(heappop(self._due)[1])
        return come

    def first(self) -> datetime | None:
        """When the next is due."""
        with self._lock:
            return self._due[0][0] if self._due else None

    def forget(self) -> None:
        """Nothing is known any more."""
        with self._lock:
            self._due.clear()


__all__ = ["ANY", "Known"]
