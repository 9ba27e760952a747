"""What must happen: does what is due, then has the call hear the result.

There is one table and one way: `Duties.run` takes what is due, at once after a turn in the same
process or later in another if that one died. The kinds of this module move the legs of a call;
``others`` may take their time (mail, another system), so they are done in the background.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event, Lock
from urllib.parse import urlencode

from ivr.clock import Alarm, Clock
from ivr.errors import GivenUp, NotYet
from ivr.line.desk.hunt import EventName
from ivr.line.flow.steps import Customer
from ivr.line.outside.carrier import Carrier, Refused, Unsure
from ivr.line.records import MOVES_LEGS, Duty
from ivr.line.service.calls import Calls
from ivr.line.service.duties.callbacks import BUCKET
from ivr.line.service.look_ups import LookUps
from ivr.line.store.store import Store
from ivr.line.turns.call.heard import (
    CandidatesRanked,
    CustomerLapsed,
    HuntTimedOut,
    LegEnded,
    LegPlaced,
    LookedAgain,
    OutcomeHeard,
    PlacementRefused,
    PlacementUnsure,
    RingLapsed,
)
from ivr.line.turns.call.state import CallState

log = logging.getLogger(__name__)

KINDS = MOVES_LEGS
TRIES = 6
LASTING = ("send", "hold", "record")  # else somebody is left alone, or overheard; moot by
# themselves once the leg is over
CUSTOMER_RINGS = 30  # seconds
PAUSE = 2.0  # seconds before the second try; doubled each time, as often as there are tries
AT_ONCE = 4  # taken together; a slow carrier must not outlast the lease of the last one
OVER = (21220, 20404)  # what the carrier says of a leg that has ended


Do = Callable[[Duty], None]


class Duties:
    """Carries out duties. ``public_url`` is where the carrier reaches the line.

    ``others`` do further kinds; those of `MOVES_LEGS` are done as promptly as the rest of it.
    Whatever one raises has it tried again, at the most `TRIES` times;
    `NotYet` puts it off and counts for nothing; `GivenUp` ends it.
    """

    def __init__(
        self,
        store: Store,
        calls: Calls,
        carrier: Carrier,
        look_ups: LookUps,
        clock: Clock,
        public_url: str,
        others: Mapping[str, Do] | None = None,
    ) -> None:
        self.store, self.calls, self.carrier = store, calls, carrier
        self.look_ups, self.clock, self.origin = look_ups, clock, public_url
        self._lock = Lock()
        self._alarm: tuple[datetime, Alarm] | None = None
        others = others or {}
        self._others = {kind: do for kind, do in others.items() if kind not in KINDS}
        self._do: dict[str, Do] = {
            "ring": self._ring,
            "lapse": self._lapse,
            "hang_up": self._hang_up,
            "send": self._send,
            "hold": self._hold,
            "announce": self._announce,
            "release": self._release,
            "time_up": self._time_up,
            "look_again": self._look_again,
            "ring_customer": self._ring_customer,
            **others,
        }

    def run(self, call: str | None = None) -> int:
        """Move the legs of one call, or of all, as is due; how many duties were done."""
        return self._run(lambda: self.store.duties.take(self.clock.now(), KINDS, call, AT_ONCE))

    def everything(self) -> int:
        """Do all that is due, what takes its time included; how many duties were done."""
        legs, others = KINDS, tuple(self._others)

        def take() -> list[Duty]:
            now = self.clock.now()
            return self.store.duties.take(now, legs, limit=AT_ONCE) or self.store.duties.take(
                now, others, limit=1
            )

        return self._run(take)

    def _run(self, take: Callable[[], list[Duty]]) -> int:
        """Do what ``take`` takes as long as something is due; then wait for what is due next."""
        done = 0
        while True:
            taken = take()
            for duty in taken:
                if duty.taken_until and self.clock.now() >= duty.taken_until:
                    continue  # the others took so long that it is anybody's again
                self._carry_out(duty)
                done += 1
            next_due = self.store.duties.next_due(tuple(self._do))
            if not taken or next_due is None or next_due > self.clock.now():
                break
        self.wake_at(next_due)
        return done

    def patrol(self, pause: float, stop: Event) -> None:
        """Run every ``pause`` seconds until ``stop``, for what a process that died left behind."""
        while not stop.wait(pause):
            self._run_safely()

    def wake_at(self, when: datetime | None) -> None:
        """Run again at ``when``, unless an earlier alarm is set."""
        if when is None:
            return
        with self._lock:
            if self._alarm and self.clock.now() < self._alarm[0] <= when:
                return
            if self._alarm:
                self._alarm[1].cancel()
            self._alarm = (when, self.clock.call_at(when, self._wake))

    def _wake(self) -> None:
        with self._lock:
            self._alarm = None
        if not self._run_safely():
            self.wake_at(self.clock.now() + timedelta(seconds=PAUSE))

    def _run_safely(self) -> bool:
        """Whether the store could be asked. What is due waits for it."""
        try:
            self.everything()
        except Exception:
            log.exception("what is due has to wait")
            return False
        return True

    def _carry_out(self, duty: Duty) -> None:
        try:
            self._do[duty.kind](duty)
        except NotYet as error:
            self.store.duties.retry(duty, error.at, str(error))
        except GivenUp as error:
            log.error("duty %s of %s given up: %s", duty.kind, duty.call, error)
            self.store.duties.drop(duty, str(error))
        except (Refused, Unsure) as error:
            self._again(duty, error)
        except Exception:
            log.exception("duty %s of call %s", duty.kind, duty.call)
            self._again(duty, None)
        else:
            self.store.duties.done(duty)

    def _again(self, duty: Duty, error: Exception | None) -> None:
        if duty.attempts >= TRIES and duty.kind not in LASTING:
            log.error("duty %s of call %s given up: %s", duty.kind, duty.call, error)
            self.store.duties.drop(duty, str(error))
            return
        pause = timedelta(seconds=PAUSE * 2 ** (min(duty.attempts, TRIES) - 1))
        self.store.duties.retry(duty, self.clock.now() + pause)

    # --- one by one ---

    def _ring(self, duty: Duty) -> None:
        """Ring once. Whatever may have rung already is never rung again: its lapse decides."""
        state, attempt = self.calls.look(duty.call), duty.data["leg"]
        row, mine = state.legs.rows[attempt], f"{duty.call}/{attempt}"
        if row.state == "over":  # whoever claimed him for this may have been killed since
            self.store.people.release(row.person, mine)
            return
        if duty.attempts > 1 or row.sid or row.state != "ringing":
            return
        if not state.legs.talk(attempt).own.wanted:
            self._status(duty.call, attempt, "no_answer")
            return
        if not self.store.people.claim(row.person, mine):
            self._status(duty.call, attempt, "busy")
            return
        if self.calls.look(duty.call).legs.rows[attempt].state == "over":
            self.store.people.release(row.person, mine)  # its release came before the claim
            return
        self._place(duty, state, attempt)

    def _place(self, duty: Duty, state: CallState, attempt: str) -> None:
        url = self.origin + state.here(attempt)
        try:
            sid = self.carrier.place(
                to=state.legs.rows[attempt].phone,
                shown=state.call.called,
                url=url,
                status=f"{url}/status",
                timeout=duty.data["timeout"],
            )
        except Refused as error:
            log.warning("can't ring for call %s: %s", duty.call, error)
            self.calls.hear(duty.call, PlacementRefused(attempt))
        except Unsure as error:
            log.warning("may be ringing for call %s: %s", duty.call, error)
            self.calls.hear(duty.call, PlacementUnsure(attempt))
        else:
            self.calls.hear(duty.call, LegPlaced(attempt, sid))

    def _ring_customer(self, duty: Duty) -> None:
        """Ring a customer who is called back, once; if nobody has said how it went, he didn't
        answer."""
        state = self.calls.look(duty.call)
        if duty.data.get("lapsed"):
            self.calls.hear(duty.call, CustomerLapsed())
            return
        if duty.attempts > 1 or state.leg_sid or not isinstance(state.step, Customer):
            return
        self.store.tallies.add(BUCKET, self.clock.now())
        url = self.origin + state.here()
        try:
            sid = self.carrier.place(
                to=state.call.caller,
                shown=state.call.called,
                url=url,
                status=f"{url}/status",
                timeout=CUSTOMER_RINGS,
            )
        except Refused as error:
            log.warning("can't call back for %s: %s", duty.call, error)
            self.calls.hear(duty.call, CustomerLapsed())
        except Unsure as error:
            log.warning("may be calling back for %s: %s", duty.call, error)
        else:
            self.calls.hear(duty.call, LegPlaced("", sid))

    def _lapse(self, duty: Duty) -> None:
        self.calls.hear(duty.call, RingLapsed(duty.data["leg"]))

    def _hang_up(self, duty: Duty) -> None:
        """End a leg, once its SID is known; one that never began has none."""
        state, attempt = self.calls.look(duty.call), duty.data["leg"]
        if not attempt:
            self.carrier.hang_up(duty.data["sid"])
            return
        row = state.legs.rows[attempt]
        sid = duty.data.get("sid") or (row.sid if row.state != "over" else "")
        if sid:
            self.carrier.hang_up(sid)
        elif state.legs.talk(attempt).own.by_dial:  # it may never have been dialled
            self._status(duty.call, attempt, "no_answer")

    def _send(self, duty: Duty) -> None:
        """Bring a leg to its present document, unless it has been there by itself."""
        state, attempt = self.calls.look(duty.call), duty.data["leg"]
        talk = state.legs.talk(attempt) if attempt else state.caller
        sid = state.legs.rows[attempt].sid if attempt else state.leg_sid
        gone = state.legs.rows[attempt].state == "over" if attempt else state.call.ended_at
        if gone or not sid or talk.seen >= duty.data["turn"]:
            return
        try:
            self.carrier.send(sid, f"{self.origin}{state.here(attempt)}/present")
        except Refused as error:
            if getattr(error.__cause__, "code", None) not in OVER:
                raise
            self._gone(duty.call, attempt)

    def _gone(self, call: str, attempt: str) -> None:
        """A leg has ended, and what said so was lost."""
        if attempt:
            self._status(call, attempt, "ended")
        else:
            self.calls.hear(call, OutcomeHeard("hangup"))

    def _hold(self, duty: Duty) -> None:
        state = self.calls.look(duty.call)
        if not state.call.ended_at and state.shared.held == duty.data["held"]:
            url = f"{self.origin}{state.here()}/hold?{urlencode({'language': state.call.language})}"
            self.carrier.hold(f"call-{duty.call}", state.leg_sid, duty.data["held"], url)

    def _announce(self, duty: Duty) -> None:
        state = self.calls.look(duty.call)
        row = state.legs.rows[duty.data["leg"]]
        if row.state == "talking":
            said = urlencode({"says": duty.data["says"], "about": duty.data["about"]})
            url = f"{self.origin}{state.here(duty.data['leg'])}/announce?{said}"
            self.carrier.announce(f"call-{duty.call}", row.sid, url)

    def _release(self, duty: Duty) -> None:
        """Free somebody at once, and let whoever waits longest look for him."""
        mine, now = f"{duty.call}/{duty.data['leg']}", self.clock.now()
        self.store.people.release(duty.data["person"], mine, now, duty.data["how"])
        waiting = self.store.calls.first_waiting("operators")
        if waiting is not None:
            self._look(waiting.sid)

    def _time_up(self, duty: Duty) -> None:
        self.calls.hear(duty.call, HuntTimedOut(duty.data["hunt"]))

    def _look_again(self, duty: Duty) -> None:
        """As long as the caller waits for an operator, see who has become free meanwhile."""
        state = self.calls.look(duty.call)
        if not state.waiting or state.shared.hunt.number != duty.data["hunt"]:
            return
        self._look(duty.call)
        self.calls.hear(duty.call, LookedAgain(duty.data["round"] + 1))

    def _look(self, sid: str) -> None:
        first = self.store.calls.first_waiting("operators")
        if first is None or first.sid != sid:
            return  # somebody has waited longer
        found = self.look_ups.answer("operators", self.calls.look(sid).shared)
        if found.value == "found":
            self.calls.hear(sid, CandidatesRanked(found.data["ranking"]))

    def _status(self, call: str, attempt: str, status: EventName) -> None:
        self.calls.hear(call, LegEnded(attempt, status))
