"""What must happen: carries out what is due.

There is one table and one way: what is due is taken, at once after a turn in the same process, or
later in another process if that one died. The kinds of `MOVES_LEGS` come first; others
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
from ivr.line.service.duties.known import ANY, Known
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

    It wakes by itself for what was stored through the same `Store`; for what others have stored
    when the database is asked: by `run`, `everything`, `wake` or a `patrol`.

    When a handler raises, the duty is tried again, at most `MAX_ATTEMPTS` times; `NotYet` puts it
    off without a limit, as a database that fails does, and `GivenUp` ends it.
    """

    def __init__(self, store: Store, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self.store = store
        self.clock = clock
        self._handlers = handlers
        self._kinds = tuple(handlers)
        self._legs = Known(tuple(kind for kind in handlers if kind in MOVES_LEGS), AT_ONCE)
        self._others = Known(tuple(kind for kind in handlers if kind not in MOVES_LEGS), 1)
        self._known = {kind: known for known in self._both() for kind in known.kinds}
        self._lock = Lock()
        self._alarm: tuple[datetime, Alarm] | None = None
        self._told: datetime | None = None  # when the next is due, by the database
        self._latest = clock.now()
        self._waiting_for = ""  # the database's fault
        store.connections.owed.listen(self._owed)

    def run(self) -> int:
        """Move the legs of all calls as is due; how many duties were carried out."""
        return self._look_and_work(slow=False)

    def everything(self) -> int:
        """Carry out all that is due, slow kinds included; how many duties were carried out."""
        return self._look_and_work(slow=True)

    def after(self, due: datetime) -> None:
        """A turn has stored duties, of which the first is due then: move legs, if it is now."""
        if due <= self.clock.now():
            self._work(slow=False)
        else:
            self._set_alarm()

    def wake(self) -> None:
        """Ask when something is due next, and run then: for what other processes have stored, and
        for a click on a page."""
        if self._kinds:
            self._told = self.store.duties.next_due(self._kinds)
            if self._told is not None:
                self._look_at(self._told)
            self._set_alarm()

    def stop(self) -> None:
        """Don't run by itself any more, until it is woken again."""
        with self._lock:
            if self._alarm:
                self._alarm[1].cancel()
            self._alarm = None

    def patrol(self, pause: float, stop: Event) -> None:
        """Run every ``pause`` seconds until ``stop``, for what a process that died left behind."""
        while not stop.wait(pause):
            self._look_at(self.clock.now())
            self._run_safely()

    def _owed(self, kind: str, at: datetime) -> None:
        if known := self._known.get(kind):
            known.add(at, kind)

    def _look_at(self, when: datetime) -> None:
        """Something may be due then, of whichever kind."""
        for known in self._both():
            known.add(when)

    def _set_alarm(self) -> None:
        """Run again when the next that is known is due."""
        instants = [at for known in self._both() if (at := known.first()) is not None]
        if not instants:
            return
        when = min(instants)
        with self._lock:
            if self._alarm and self._alarm[0] <= when:
                return
            if self._alarm:
                self._alarm[1].cancel()
            self._alarm = (when, self.clock.call_at(when, self._alarm_went_off))

    def _both(self) -> tuple[Known, Known]:
        """In the order in which they are carried out."""
        return self._legs, self._others

    def _take(self, slow: bool) -> list[Duty]:
        """The next that are due, of those who are known to be."""
        now = self.clock.now()
        for known in self._both() if slow else (self._legs,):
            if come := known.come(now):
                one = len(set(come)) == 1 and ANY not in come
                kinds = (come[0],) if one else known.kinds  # few statements, again and again
                taken = self.store.duties.take(now, kinds, known.at_once)
                if len(taken) == known.at_once:  # there may be more
                    for kind in come[known.at_once :] if one else [ANY]:
                        known.add(now, kind)
                if taken:
                    return taken
        return []

    def _look_and_work(self, slow: bool) -> int:
        self._told = self.clock.now()
        self._look_at(self._told)
        return self._work(slow)

    def _work(self, slow: bool) -> int:
        """Carry out what is known to be due; then wait for what is due next."""
        try:
            self._watch_clock()
            done = 0
            while taken := self._take(slow):
                done += sum(map(self._carry_out_in_time, taken))
            if self._told is not None and self._told <= self.clock.now():
                self.wake()
            else:
                self._set_alarm()
        except Exception:
            self._told = self.clock.now() + timedelta(seconds=PAUSE)
            self._look_at(self._told)
            self._set_alarm()
            raise
        return done

    def _carry_out_in_time(self, duty: Duty) -> bool:
        """False if the duties before it took so long that its lease has expired."""
        if duty.taken_until and self.clock.now() >= duty.taken_until:
            self._known[duty.kind].add(duty.taken_until, duty.kind)
            return False
        self._carry_out(duty)
        return True

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
            for known in self._both():
                known.forget()
            self._told = now
            self._look_at(now)
        self._latest = now

    def _alarm_went_off(self) -> None:
        with self._lock:
            self._alarm = None
        self._run_safely()

    def _run_safely(self) -> None:
        """When the store doesn't answer, what is due waits until it does."""
        try:
            self._work(slow=True)
        except Exception as error:
            fault = str(fault_of(error) or "")
            if not fault or fault != self._waiting_for:  # said once, not every second
                log_failure(log, "what is due has to wait", error, event="duties.waiting")
            self._waiting_for = fault
            return
        if self._waiting_for:
            more = {"event": "duties.going_on"}
            log.warning("what is due is carried out again", extra=more)
        self._waiting_for = ""

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
