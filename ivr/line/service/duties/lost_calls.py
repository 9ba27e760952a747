"""A duty that ends calls whose end the line wasn't told of: it asks the carrier from time to time.

The carrier reports once that a caller has hung up. If that request is lost (the line was down, or a
proxy answered in its place), the call would stay open for ever, and keep people busy.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from ivr.errors import CallError
from ivr.line.errors import NotYet
from ivr.line.outside.carrier import Carrier
from ivr.line.records import Duty
from ivr.line.service.calls import Calls
from ivr.line.turns.call.heard import LegEnded, OutcomeHeard
from ivr.line.turns.call.state import CallState

log = logging.getLogger(__name__)

PAUSE = timedelta(minutes=10)  # between two checks; younger calls aren't checked


class LostCalls:
    """Carries out the duty of the kind ``lost_calls``, which never ends."""

    def __init__(self, calls: Calls, carrier: Carrier) -> None:
        self.store = calls.store
        self.clock = calls.clock
        self.calls = calls
        self.carrier = carrier

    def look(self, duty: Duty) -> None:
        """End every open call, and every leg that keeps a person busy, that has ended at the
        carrier; then put the duty off."""
        for call in self.store.calls.open():
            state = self.calls.read(call)
            if self._lost(state, state.leg_sid):
                self.calls.hear(call.sid, OutcomeHeard("hangup"), known=state)
        for attempt in self.store.people.busy():
            self._free(attempt)
        raise NotYet(self.clock.now() + PAUSE)

    def _free(self, leg: str) -> None:
        """End this leg (``call/attempt``) if it is over, so that it keeps nobody busy."""
        call, _, attempt = leg.partition("/")
        state = self.calls.look(call)
        row = state.legs.rows.get(attempt)
        if row is not None and self._lost(state, row.sid):
            self.calls.hear(call, LegEnded(attempt, "ended"), known=state)

    def _lost(self, state: CallState, sid: str) -> bool:
        """Whether this leg of a call that is old enough has ended without the line being told."""
        call = state.call
        if not sid or self.clock.now() - call.started_at < PAUSE:
            return False
        try:
            over = self.carrier.over(sid)
        except CallError as error:  # the carrier is asked again at the next check
            more = {"event": "call.unknown", "call": call.sid}
            log.warning("can't ask whether call %s goes on: %s", call.sid, error, extra=more)
            return False
        if over:
            more = {"event": "call.lost", "call": call.sid}
            log.warning(
                "a leg of call %s had ended, and what said so was lost", call.sid, extra=more
            )
        return over


def first_check(now: datetime) -> Duty:
    """The duty with which the checks begin; there is one for the whole line."""
    return Duty("lost_calls", "lost_calls", "lost_calls", now + PAUSE)
