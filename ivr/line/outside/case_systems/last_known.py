"""Reads a case within its budget, and remembers the last answer about it.

After several failures in a row the other system isn't asked for a while, and an answer of the last
quarter of an hour is given instead, marked as stale.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic

from ivr.clock import Clock
from ivr.errors import IVRError
from ivr.line.desk.cases import Case
from ivr.line.outside.case_systems.system import Unreachable

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=15)  # how long an answer is given when there is no new one
FAILURES = 5  # in a row, after which the system isn't asked …
REST = timedelta(seconds=30)  # … for so long
AT_ONCE = 32  # requests in progress, including those that are no longer waited for

Read = Callable[[float], Case | None]  # given the deadline, as `time.monotonic` counts
Whose = Callable[
    [str, str], str | None
]  # an owner's id and email there: the id of a person of the desk


@dataclass(slots=True)
class Breaker:
    """Keeps a system that is down from being asked again and again; a try in between shows when it
    is back."""

    failures: int = 0
    until: datetime | None = None

    def open(self, now: datetime) -> bool:
        """Whether the system isn't to be asked at ``now``."""
        return self.until is not None and now < self.until

    def failed(self, now: datetime) -> None:
        self.failures += 1
        if self.failures >= FAILURES:
            self.until = now + REST

    def worked(self) -> None:
        self.failures = 0
        self.until = None


class LastKnown:
    """The last answer about each case, of the system called ``name`` in the log."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.breaker = Breaker()
        self._known: dict[str, tuple[datetime, Case | None]] = {}
        self._lock = Lock()
        self._room = BoundedSemaphore(AT_ONCE)

    def case(self, digits: str, budget: float, read: Read) -> Case | None:
        """The case as ``read`` finds it within ``budget`` seconds, else as it was known. Raises
        `Unreachable` when neither can say."""
        now = self.clock.now()
        if self.breaker.open(now):
            return self._stale(digits, now, "it was down a moment ago")
        try:
            found = self._in_time(budget, read)
        except (OSError, IVRError, LookupError, TypeError, ValueError, AttributeError) as error:
            self.breaker.failed(now)
            log.warning(
                "case %s of %s: %s: %s", digits, self.name, type(error).__name__, error,
                extra={"event": "case_system.failed"},
            )  # fmt: skip
            return self._stale(digits, now, f"{type(error).__name__}: {error}")
        self.breaker.worked()
        self._remember(digits, now, found)
        return found

    def _in_time(self, budget: float, read: Read) -> Case | None:
        """A socket's timeout starts again with every byte, so the whole is waited for from outside.
        The thread is a daemon: those of a pool would be waited for at exit."""
        answer: Future[Case | None] = Future()
        deadline = monotonic() + budget

        def run() -> None:
            try:
                answer.set_result(read(deadline))
            except Exception as error:  # raised again where the answer is waited for
                answer.set_exception(error)
            finally:
                self._room.release()

        if not self._room.acquire(blocking=False):
            raise TimeoutError(f"{AT_ONCE} questions are without an answer")
        Thread(target=run, name="ivr-case", daemon=True).start()
        return answer.result(timeout=budget)

    def _remember(self, digits: str, now: datetime, found: Case | None) -> None:
        with self._lock:
            fresh = {each: kept for each, kept in self._known.items() if now - kept[0] <= FRESH}
            self._known = fresh | {digits: (now, found)}

    def _stale(self, digits: str, now: datetime, why: str) -> Case | None:
        at, case = self._known.get(digits, (None, None))
        if at is None or now - at > FRESH or case is None:
            raise Unreachable(f"the case system can't be asked: {why}")
        return replace(case, stale=True)


def as_they_say(id: str, email: str) -> str | None:
    """Foreign ids are our people's own."""
    return id or None


__all__ = ["Breaker", "LastKnown", "Read", "Whose", "as_they_say"]
