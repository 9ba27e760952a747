"""Callbacks that were promised: made, retried, and never forgotten.

The promise is the duty ``call_back``, which checks at the due time whether it was kept, and hands
it to the next level if not. ``try_back`` makes the call: a call of the line's own, which rings a
person of the desk first, and the customer when that person has accepted. The outcome is reported to
the call in which the callback was promised (``came``).
"""

from __future__ import annotations

from datetime import timedelta

from ivr.line.desk.candidates import Directory
from ivr.line.desk.phone_numbers import zone_of
from ivr.line.desk.promises import after_night
from ivr.line.desk.roster import promise_owner
from ivr.line.errors import NotYet
from ivr.line.flow.steps import Hold
from ivr.line.records import BACK, Duty
from ivr.line.service.calls import Calls
from ivr.line.turns.call.begin import call_back
from ivr.line.turns.call.heard import (
    CallbackMissed,
    CallbackTried,
    CallbackWent,
    OutcomeHeard,
)
from ivr.line.turns.call.state import CallState
from ivr.line.values import needed

BUCKET = "callbacks"  # the tally of customers who have been rung
LATER = timedelta(hours=1)


class Callbacks:
    """The callbacks of one line. Outside a duty, run `Duties.wake` after `kept`."""

    def __init__(self, calls: Calls) -> None:
        self.store = calls.store
        self.clock = calls.clock
        self.calls = calls

    def try_back(self, duty: Duty) -> None:
        """Start the call, once; not at night when it is overdue, nor beyond the day's limit."""
        promised = self.calls.look(duty.call)
        promise, number = needed(promised.shared.promise), duty.data["number"]
        if promise.state != "owed":
            return
        self._not_now(promised)
        self.calls.hear(duty.call, CallbackTried(number), known=promised)
        if self.calls.line.config.uncallable(promise.number):
            return  # the line never dials it; the owner sees it, and the due time stands
        sid = f"{BACK}{duty.call}-{number}"
        self.calls.hear(
            sid,
            None,
            fresh=lambda: call_back(self.calls.line, sid, promised.call, self.clock.now()),
        )

    def _not_now(self, promised: CallState) -> None:
        """Raise `NotYet` when this isn't the time to call a customer."""
        now, shared = self.clock.now(), promised.shared
        terms, promise = self.calls.line.config.callback, needed(shared.promise)
        if self.store.tallies.count(BUCKET, now - timedelta(days=1)) >= terms.per_day:
            raise NotYet(now + LATER, "the limit of callbacks a day has been reached")
        if now <= promise.due or shared.wish == "E-Down":
            return
        morning = after_night(now, zone_of(promise.number, shared.called.zone), terms.night)
        if morning > now:
            raise NotYet(morning, "it is night there")

    def due(self, duty: Duty) -> None:
        """The due time: if the promise wasn't kept, it has another owner from now on."""
        promised = self.calls.look(duty.call)
        promise = needed(promised.shared.promise)
        if promise.state == "owed" and promise.breaches == duty.data["breach"]:
            missed = CallbackMissed(to=self._next_owner(promised))
            self.calls.hear(duty.call, missed, known=promised)

    def _next_owner(self, promised: CallState) -> str:
        """The person on duty at the second level; after that, the last resort."""
        now, config = self.clock.now(), self.calls.line.config
        if needed(promised.shared.promise).breaches:
            return config.last_resort
        directory: Directory = self.store.people.directory(None, now)
        region, role = promised.shared.called.region, "second_level_duty"
        resort = config.last_resort
        owner = promise_owner(None, now, directory, region, role=role, last_resort=resort)
        return owner or resort

    def came(self, duty: Duty) -> None:
        """How a callback went, or that the customer has reached a person themselves."""
        self._went(duty.data["of"], duty.data["outcome"], duty.data["by"])

    def _went(self, of: str, how: str, by: str) -> None:
        self._stop_ringing(self.calls.hear(of, CallbackWent(how, by=by)).state)

    def _stop_ringing(self, promised: CallState) -> None:
        """A promise that is over rings nobody any more: the try that is still looking for somebody
        of the desk ends."""
        promise = promised.shared.promise
        if promise is None or promise.state == "owed":
            return
        sid = f"{BACK}{promised.call.sid}-{promise.tries}"
        ringing = self.calls.find(sid)
        if ringing and isinstance(ringing.step, Hold):
            self.calls.hear(sid, OutcomeHeard("hangup"), known=ringing)

    def kept(self, call: str, by: str) -> None:
        """A person of the desk says that they have called the customer themselves."""
        self._went(call, "kept", by)


__all__ = ["Callbacks"]
