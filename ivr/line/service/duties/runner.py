"""What must happen: carries out what is due.

There is one table and one way: `Duties.run` takes what is due, at once after a turn in the same
process, or later in another process if that one died. The kinds of `MOVES_LEGS` come first; others
may take their time (mail, another system), so they are carried out in the background.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event, Lock

from ivr.clock import Alarm, Clock
from ivr.line import metrics, tracing
from ivr.line.errors import GivenUp, NotYet
from ivr.line.outside.carrier import Refused, Unsure
from ivr.line.records import IN_A_WHILE, MOVES_LEGS, Duty
from ivr.line.store.faults import fault_of, log_failure
from ivr.line.store.store import Store

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 6
# tried until they succeed or the leg is over: given up, a caller would be left alone, or overheard
WITHOUT_LIMIT = ("send", "hold", "record")
PAUSE = 2.0  # seconds before the second attempt; doubled each time
GONE_BACK = timedelta(minutes=1)  # by less, the clock is put right all the time
AT_ONCE = 4  # taken together; a slow carrier must not outlast the lease of the last one

Handler = Callable[[Duty], None]


class Duties:
    """Carries out duties; ``handlers`` has a handler for each kind that this process carries out.
    Without handlers it carries out nothing, and never wakes.

    When a handler raises, the duty is tried again, at most `MAX_ATTEMPTS` times; `NotYet` puts it
    off without a limit, as a database that fails does, and `GivenUp` ends it.
    """

    def __init__(self, store: Store, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self.store = store
        self.clock = clock
        self._handlers = handlers
        self._kinds = tuple(handlers)
        self._legs = tuple(kind for kind in handlers if kind in MOVES_LEGS)
        self._others = tuple(kind for kind in handlers if kind not in MOVES_LEGS)
        self._lock = Lock()
        self._alarm: tuple[datetime, Alarm] | None = None
        self._latest = clock.now()
        self._waiting_for = ""  # the database's fault

    def run(self, call: str | None = None) -> int:
        """Move the legs of one call, or of all, as is due; how many duties were carried out."""
        return self._run(lambda: self._take_legs(call))

    def everything(self) -> int:
        """Carry out all that is due, slow kinds included; how many duties were carried out."""
        return self._run(lambda: self._take_legs() or self._take_other())

    def wake(self) -> None:
        """Look when something is due next, and run then. For what was added outside a turn: by a
        click on a page, for example."""
        if self._kinds:
            self.wake_at(self.store.duties.next_due(self._kinds))

    def wake_at(self, when: datetime | None) -> None:
        """Run again at ``when``, unless an earlier alarm is set."""
        if when is None:
            return
        with self._lock:
            if self._alarm and self._alarm[0] <= when:
                return
            if self._alarm:
                self._alarm[1].cancel()
            self._alarm = (when, self.clock.call_at(when, self._alarm_went_off))

    def stop(self) -> None:
        """Don't run by itself any more, until it is woken again."""
        with self._lock:
            if self._alarm:
                self._alarm[1].cancel()
            self._alarm = None

    def patrol(self, pause: float, stop: Event) -> None:
        """Run every ``pause`` seconds until ``stop``, for what a process that died left behind."""
        while not stop.wait(pause):
            self._run_safely()

    def _take_legs(self, call: str | None = None) -> list[Duty]:
        return self.store.duties.take(self.clock.now(), self._legs, call, AT_ONCE)

    def _take_other(self) -> list[Duty]:
        return self.store.duties.take(self.clock.now(), self._others, limit=1)

    def _run(self, take: Callable[[], list[Duty]]) -> int:
        """Carry out what ``take`` takes as long as something is due; then wait for what is due
        next."""
        self._watch_clock()
        done = 0
        while True:
            taken = take()
            for duty in taken:
                if duty.taken_until and self.clock.now() >= duty.taken_until:
                    continue  # the duties before it took so long that its lease has expired
                self._carry_out(duty)
                done += 1
            next_due = self.store.duties.next_due(self._kinds)
            if not taken or next_due is None or next_due > self.clock.now():
                break
        self.wake_at(next_due)
        return done

    def _watch_clock(self) -> None:
        """When the clock has been put back, what is to come soon would come as much later."""
        before, now = self._latest, self.clock.now()
        if now < before - GONE_BACK and self._kinds:
            by = before - now
            moved = self.store.duties.bring_forward(IN_A_WHILE, before - GONE_BACK, by)
            more = {"event": "clock.went_back", "seconds": by.total_seconds()}
            log.warning(
                "the clock went back by %s; %d duties are due earlier", by, moved, extra=more
            )
            self.stop()  # an alarm for an instant of before
        self._latest = now

    def _alarm_went_off(self) -> None:
        with self._lock:
            self._alarm = None
        if not self._run_safely():
            self.wake_at(self.clock.now() + timedelta(seconds=PAUSE))

    def _run_safely(self) -> bool:
        """False when the store doesn't answer; what is due waits until it does."""
        try:
            self.everything()
        except Exception as error:
            fault = str(fault_of(error) or "")
            if not fault or fault != self._waiting_for:  # said once, not every second
                log_failure(log, "what is due has to wait", error, event="duties.waiting")
            self._waiting_for = fault
            return False
        if self._waiting_for:
            more = {"event": "duties.going_on"}
            log.warning("what is due is carried out again", extra=more)
        self._waiting_for = ""
        return True

    def _carry_out(self, duty: Duty) -> None:
        try:
            with tracing.span("duty", duty.call, kind=duty.kind, attempt=duty.attempts):
                self._handlers[duty.kind](duty)
        except NotYet as error:
            self.store.duties.retry(duty, error.at, str(error))
        except GivenUp as error:
            self._give_up(duty, error)
        except (Refused, Unsure) as error:
            self._retry(duty, error)
        except Exception as error:
            about = _about("duty.failed", duty)
            log_failure(log, f"duty {duty.kind} of call {duty.call}", error, **about)
            self._retry(duty, None, without_limit=fault_of(error) is not None)
        else:
            metrics.DUTIES_DONE.labels(duty.kind).inc()
            self.store.duties.done(duty)

    def _retry(self, duty: Duty, error: Exception | None, *, without_limit: bool = False) -> None:
        metrics.DUTY_FAILURES.labels(duty.kind).inc()
        limited = not without_limit and duty.kind not in WITHOUT_LIMIT
        if duty.attempts >= MAX_ATTEMPTS and limited:
            self._give_up(duty, error)
            return
        pause = timedelta(seconds=PAUSE * 2 ** (min(duty.attempts, MAX_ATTEMPTS) - 1))
        self.store.duties.retry(duty, self.clock.now() + pause)

    def _give_up(self, duty: Duty, error: Exception | None) -> None:
        metrics.DUTIES_GIVEN_UP.labels(duty.kind).inc()
        log.error(
            "duty %s of call %s given up: %s", duty.kind, duty.call, error,
            extra=_about("duty.given_up", duty),
        )  # fmt: skip
        self.store.duties.drop(duty, str(error))


def _about(event: str, duty: Duty) -> dict[str, str | int]:
    return {"event": event, "call": duty.call, "kind": duty.kind, "attempt": duty.attempts}
