"""What the carrier has recorded: noted when it says so, brought about and deleted as duties."""

from __future__ import annotations

from ivr.clock import Clock
from ivr.line.desk.events import Event
from ivr.line.outside.carrier import Carrier
from ivr.line.records import Duty, Recording
from ivr.line.service.calls import Calls
from ivr.line.store.store import Store
from ivr.line.turns.call.case_link import case_number

EVENTS = {"in-progress": "recording.started", "completed": "recording.stopped"}


class Recordings:
    """The recordings of one line. The address of a recording is kept nowhere: it is the sound."""

    def __init__(
        self, store: Store, calls: Calls, carrier: Carrier, clock: Clock, public_url: str
    ) -> None:
        self.store, self.calls, self.carrier = store, calls, carrier
        self.clock, self.origin = clock, public_url

    def message(self, call: str, sid: str, seconds: int) -> None:
        """Something spoken on purpose; noted before the call hears of it, whatever it makes of
        it."""
        self._keep(call, sid, "message", seconds, "completed")

    def conversation(self, call: str, sid: str, seconds: int, state: str) -> None:
        """What the carrier says of a recorded conversation, in any order and more than once."""
        if self._keep(call, sid, "conversation", seconds, state) and state in EVENTS:
            data = {"sid": sid} | ({"seconds": seconds} if state == "completed" else {})
            self.store.logs.append(call, Event(EVENTS[state], self.clock.now(), "", data))

    def record(self, duty: Duty) -> None:
        """A ``record``: bring the recording of the caller's leg to what is wanted of it, if that
        still is."""
        state, wanted = self.calls.look(duty.call), duty.data["wanted"]
        if state.call.ended_at or state.shared.recording.state != wanted:
            return
        url = f"{self.origin}{state.here()}/recording"
        for sid in self.carrier.record(duty.call, wanted, url):
            self.conversation(duty.call, sid, 0, "in-progress")  # should its callback be lost

    def _keep(self, call: str, sid: str, purpose: str, seconds: int, state: str) -> bool:
        case = case_number(self.calls.look(call))
        kept = Recording(sid, call, case, purpose, seconds, state, self.clock.now())
        return self.store.recordings.keep(kept)

    def delete(self, duty: Duty) -> None:
        """A ``delete_recording``: of the recording ``data["sid"]``, for whatever ``data["why"]``.

        Its row stays, and says when.
        """
        sid, now = duty.data["sid"], self.clock.now()
        self.carrier.delete_recording(sid)
        known = self.store.recordings.all(sid=sid)
        if self.store.recordings.mark_deleted(sid, now):
            data = {"sid": sid, "why": duty.data.get("why", "")}
            self.store.logs.append(known[0].call, Event("recording.deleted", now, "", data))
