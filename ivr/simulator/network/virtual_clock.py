"""Simulated time: a heap of what is due, in order. It jumps, or moves with the wall clock."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

MICROSECOND = timedelta(microseconds=1)
FEW = 1000  # bells, among which it doesn't matter how many are canceled


class Bell:
    """An alarm of a `VirtualClock`; ``what`` is None once it has rung or was canceled."""

    __slots__ = ("arguments", "what")

    def __init__(self, what: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.what: Callable[..., object] | None = what
        self.arguments = arguments

    def cancel(self) -> None:
        """Cancel it; does nothing once it has rung."""
        self.what = None
        self.arguments = ()


class VirtualClock:
    """The network's clock; the same shape as `ivr.clock.Clock`.

    ``start`` must be aware; ValueError otherwise. ``rate`` 0: time stands still until it is moved.
    1: real time. 20: twenty times as fast. Bells that are due at the same time ring in the order
    in which they were set.
    """

    def __init__(self, start: datetime, rate: float = 0) -> None:
        if start.tzinfo is None:
            raise ValueError("start needs a time zone, such as tzinfo=UTC")
        self.start = start.astimezone(UTC)
        self.rate = rate
        self.elapsed = 0  # microseconds; whole numbers add up the same everywhere
        self.on_set: Callable[[], None] | None = None  # a bell was set, on any thread
        self._heap: list[tuple[int, int, Bell]] = []
        self._numbers = count()
        self._lock = threading.Lock()  # held while the heap changes, on any thread
        self._enough = FEW  # bells, after which those that were canceled are removed
        self._wall: float | None = None  # when elapsed was 0, while running
        self._shown = self.start
        self._shown_at = 0  # the instant that it shows

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        instant = self.elapsed if self._wall is None else self.instant()
        if self._shown_at != instant:
            self._shown, self._shown_at = self.at(instant), instant
        return self._shown

    def stamp(self) -> str:
        """The instant as most of Twilio's newer callbacks write it: in ISO 8601, to the
        millisecond."""
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def at(self, instant: int) -> datetime:
        """The date and time at so many microseconds after the start."""
        return self.start + instant * MICROSECOND

    def instant(self) -> int:
        """Microseconds since the start."""
        if self._wall is None:
            return self.elapsed
        return max(self.elapsed, int((time.monotonic() - self._wall) * self.rate * 1e6))

    def seconds(self) -> float:
        """Seconds since the start."""
        return self.instant() / 1e6

    def call_at(self, when: datetime, what: Callable[[], object]) -> Bell:
        """Call ``what`` once, at ``when``; if that is past, at once, but after this returns."""
        return self._set((when - self.start) // MICROSECOND, what, ())

    def after(self, seconds: float, what: Callable[..., object], *arguments: Any) -> Bell:
        """Call ``what(*arguments)`` in so many seconds."""
        instant = self.elapsed if self._wall is None else self.instant()
        return self._set(instant + round(seconds * 1e6), what, arguments)

    def soon(self, what: Callable[..., object], *arguments: Any) -> Bell:
        """Call it at this instant, after everything that is already due."""
        return self._set(self.instant(), what, arguments)

    def _set(self, due: int, what: Callable[..., object], arguments: tuple[Any, ...]) -> Bell:
        bell = Bell(what, arguments)
        if due < self.elapsed:
            due = self.elapsed
        with self._lock:
            heapq.heappush(self._heap, (due, next(self._numbers), bell))
            if len(self._heap) > self._enough:
                self._clear_out()
        if self.on_set is not None:
            self.on_set()
        return bell

    def _clear_out(self) -> None:
        """A canceled bell stays in the heap until there are twice as many as were left the last
        time, then all are removed."""
        self._heap[:] = [entry for entry in self._heap if entry[2].what is not None]
        heapq.heapify(self._heap)
        self._enough = FEW + 2 * len(self._heap)

    # ---- for the network

    def next_due(self) -> int | None:
        """When to look for the next bell, in microseconds since the start."""
        with self._lock:
            return self._heap[0][0] if self._heap else None

    def ring_next(self, until: int) -> bool:
        """Ring the next bell due by ``until``, and move time to it; False if there is none, and
        time has moved to ``until``."""
        heap = self._heap
        while True:
            with self._lock:
                if not heap or heap[0][0] > until:
                    break
                due, _, bell = heapq.heappop(heap)
            what = bell.what
            if what is None:
                continue
            bell.what = None
            if due > self.elapsed:
                self.elapsed = due
            what(*bell.arguments)
            return True
        if until > self.elapsed:
            self.elapsed = until
        return False

    def move_to(self, instant: int) -> None:
        self.elapsed = max(self.elapsed, instant)

    def run(self) -> None:
        """From here on, time moves by itself, at ``rate``."""
        self._wall = time.monotonic() - self.elapsed / 1e6 / self.rate

    def halt(self) -> None:
        self.elapsed = self.instant()
        self._wall = None
