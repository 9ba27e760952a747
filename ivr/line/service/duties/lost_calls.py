"""Calls whose end nobody told us: asked for at the carrier, from time to time.

The carrier says once that a caller has hung up. When that request is lost (this line was down, a
proxy answered in its place), the call would stay open for ever, with people kept busy by it.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from ivr.clock import Clock
from ivr.errors import CallError
from ivr.line.errors import NotYet
from ivr.line.outside.carrier import Carrier
from ivr.line.records import Duty
from ivr.line.service.calls import Calls
from ivr.line.store.store import Store
from ivr.line.turns.call.heard import OutcomeHeard

log = logging.getLogger(__name__)

PAUSE = timedelta(minutes=10)  # between two looks; a call that is younger isn't asked about


class LostCalls:
    """One duty that never ends, "lost_calls"."""

    def __init__(self, store: Store, calls: Calls, carrier: Carrier, clock: Clock) -> None:
        self.store, self.calls, self.carrier, self.clock = store, calls, carrier, clock

    def look(self, duty: Duty) -> None:
        """End every open call that has ended at the carrier; the duty is put off."""
        now = self.clock.now()
        for call in self.store.calls.open():
            if now - call.started_at >= PAUSE:
                self._ask(call.sid)
        raise NotYet(now + PAUSE)

    def _ask(self, call: str) -> None:
        state = self.calls.look(call)
        try:
            over = state.leg_sid and self.carrier.over(state.leg_sid)
        except CallError as error:  # the carrier is asked again at the next look
            log.warning("can't ask whether call %s goes on: %s", call, error)
            return
        if over:
            log.warning("call %s had ended, and what said so was lost", call)
            self.calls.hear(call, OutcomeHeard("hangup"))


def first_check(now: datetime) -> Duty:
    """The duty with which the checks begin; there is one for the whole line."""
    return Duty("lost_calls", "lost_calls", "lost_calls", now + PAUSE)
