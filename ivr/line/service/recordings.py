"""What the carrier has recorded, noted when the carrier reports it."""

from __future__ import annotations

from ivr.line.desk.events import Event
from ivr.line.records import Recording
from ivr.line.service.calls import Calls
from ivr.line.turns.call.case_link import case_number

EVENTS = {"in-progress": "recording.started", "completed": "recording.stopped"}


class Recordings:
    """The recordings of one line. The address of a recording isn't stored: it gives access to the
    audio."""

    def __init__(self, calls: Calls) -> None:
        self.store = calls.store
        self.clock = calls.clock
        self.calls = calls

    def message(self, call: str, sid: str, seconds: int) -> None:
        """A message that the caller has left; noted before the call hears of it, whatever the call
        makes of it."""
        self._keep(call, sid, "message", seconds, "completed")

    def conversation(self, call: str, sid: str, seconds: int, state: str) -> None:
        """The state of a recorded conversation: the carrier may report it in any order, and more
        than once."""
        if self._keep(call, sid, "conversation", seconds, state) and state in EVENTS:
            data = {"sid": sid} | ({"seconds": seconds} if state == "completed" else {})
            self.store.logs.append(call, Event(EVENTS[state], self.clock.now(), "", data))

    def _keep(self, call: str, sid: str, purpose: str, seconds: int, state: str) -> bool:
        case = case_number(self.calls.look(call))
        recording = Recording(sid, call, case, purpose, seconds, state, self.clock.now())
        return self.store.recordings.keep(recording)
