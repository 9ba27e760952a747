"""Duties about recordings: start, pause and stop one, and delete its audio."""

from __future__ import annotations

from ivr.line.desk.events import Event
from ivr.line.outside.carrier import Carrier
from ivr.line.records import Duty
from ivr.line.service.recordings import Recordings


class RecordingDuties:
    """Carries out duties of the kinds ``record`` and ``delete_recording``. ``origin`` is the scheme
    and host at which the carrier reaches the line."""

    def __init__(self, recordings: Recordings, carrier: Carrier, origin: str) -> None:
        self.recordings = recordings
        self.carrier = carrier
        self.origin = origin

    def record(self, duty: Duty) -> None:
        """Bring the recording of the caller's leg to the state that ``data["wanted"]`` names, if
        the call still wants it."""
        state, wanted = self.recordings.calls.look(duty.call), duty.data["wanted"]
        if state.call.ended_at or state.shared.recording.state != wanted:
            return
        url = f"{self.origin}{state.here()}/recording"
        for sid in self.carrier.record(duty.call, wanted, url):
            # Noted here as well, in case the callback is lost.
            self.recordings.conversation(duty.call, sid, 0, "in-progress")

    def delete(self, duty: Duty) -> None:
        """Delete the audio of the recording ``data["sid"]``, for the reason ``data["why"]``.

        The recording's row stays, and says when.
        """
        store, now = self.recordings.store, self.recordings.clock.now()
        sid = duty.data["sid"]
        self.carrier.delete_recording(sid)
        known = store.recordings.all(sid=sid)
        if store.recordings.mark_deleted(sid, now):
            data = {"sid": sid, "why": duty.data.get("why", "")}
            store.logs.append(known[0].call, Event("recording.deleted", now, "", data))
