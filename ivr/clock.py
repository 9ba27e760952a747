"""Time as an argument: who needs to wait asks a clock, so that a test may jump.

Rules take ``now``; edges hold a `Clock`. The virtual clock lives with the exchange and has
this same shape.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Alarm(Protocol):
    """Something that will be called; ``cancel()`` forgets it, and does nothing once it has rung."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Now, and later."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...

    def call_at(self, when: datetime, what: Callable[[], None]) -> Alarm:
        """Call ``what`` once, at ``when`` or at once if that is past."""
        ...


class SystemClock:
    """The machine's own time; alarms ring on threads of their own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, when: datetime, what: Callable[[], None]) -> Alarm:
        timer = threading.Timer(max(0.0, (when - self.now()).total_seconds()), what)
        timer.daemon = True
        timer.start()
        return timer
