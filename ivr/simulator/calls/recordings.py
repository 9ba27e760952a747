"""Recordings: what is being recorded of a call or a conference, and what has been.

No sound is made: a recording has a length, an address and a state.
https://www.twilio.com/docs/voice/api/recording, /docs/voice/twiml/record, /dial, /conference
"""

from __future__ import annotations

import io
import wave
from collections import OrderedDict
from collections.abc import Iterator
from email.utils import format_datetime

from ivr.simulator.network.network import Network
from ivr.simulator.network.routes import Callback
from ivr.simulator.webhooks.delivery import Delivery

NOBODY = Callback("")
TOO_SHORT = 16101  # https://www.twilio.com/docs/api/errors/16101: an absent recording says why
OUT_OF_RANGE = 13617  # https://www.twilio.com/docs/api/errors/13617
TRANSCRIBING = 10.0  # seconds; at Twilio "it can take some minutes"
RATE = 8000  # samples a second of a telephone's sound
KEPT = 10_000


class Recording:
    """One recording: in-progress or paused, then stopped or processing, then completed.

    ``seconds`` are whole; ``owner`` is the SID of the call or conference that it ends with.
    """

    def __init__(
        self,
        network: Network,
        source: str,
        call: str,
        conference: str,
        callback: Callback,
        channels: int,
        track: str,
    ) -> None:
        self.network = network
        self.source = source
        self.sid = network.seed.sid("RE")
        self.call = call
        self.conference = conference
        self.callback = callback
        self.channels = channels
        self.track = track
        self.status = "in-progress"
        self.error_code = 0
        self.seconds = 0
        self.started_at = self.updated_at = network.clock.now()
        self._left_out = 0.0  # seconds that a pause with PauseBehavior=skip takes away
        self._skipping: float | None = None
        self._began = network.clock.seconds()
        self.tell()

    @property
    def url(self) -> str:
        base = f"https://api.twilio.com/2010-04-01/Accounts/{self.network.account_sid}"
        return f"{base}/Recordings/{self.sid}"

    @property
    def owner(self) -> str:
        return self.conference or self.call

    @property
    def active(self) -> bool:
        return self.status in ("in-progress", "paused")

    def pause(self, skip: bool) -> None:
        """ "silence will replace the actual audio", and lasts as long; skip leaves the time out."""
        self._go("paused")
        if skip and self._skipping is None:
            self._skipping = self.network.clock.seconds()

    def resume(self) -> None:
        self._go("in-progress")
        if self._skipping is not None:
            self._left_out += self.network.clock.seconds() - self._skipping
            self._skipping = None

    def stop(self, status: str = "processing", seconds: int | None = None) -> None:
        """No more is recorded; it is completed, and told of, after whatever is going on.

        ``seconds`` is its length, if silence was cut off its ends.
        """
        if not self.active:
            return
        self.resume()
        length = self.network.clock.seconds() - self._began - self._left_out
        self.seconds = int(length) if seconds is None else seconds
        self._go(status)
        self.network.clock.soon(self._complete)

    def transcribe(self, words: str, url: str, fields: dict[str, str]) -> None:
        """Write down what was said, "for recordings of 2 to 120 seconds"; ``url`` is told."""
        if not 2 <= self.seconds <= 120:
            text = f"a recording of {self.seconds} s is not transcribed"
            self.network.note("warning", OUT_OF_RANGE, text, url, self.call)
            return
        sid = self.network.seed.sid("TR")
        base = self.url.rpartition("/Recordings/")[0]
        values = fields | {
            "RecordingSid": self.sid,
            "RecordingUrl": self.url,
            "TranscriptionSid": sid,
            "TranscriptionStatus": "completed" if words else "failed",
            "TranscriptionText": words,
            "TranscriptionType": "fast",
            "TranscriptionUrl": f"{base}/Recordings/{self.sid}/Transcriptions/{sid}",
            "url": self.url,
        }
        if url:
            delivery = Delivery(self.network, url, "POST", values, self.call)
            self.network.clock.after(TRANSCRIBING, delivery.tell)

    def _complete(self) -> None:
        self.error_code = 0 if self.seconds else TOO_SHORT
        self._go("completed" if self.seconds else "absent")
        self.tell()

    def _go(self, status: str) -> None:
        self.status, self.updated_at = status, self.network.clock.now()

    def tell(self) -> None:
        """The recordingStatusCallback: no From, To or CallStatus in it."""
        if not self.callback.url or self.status not in self.callback.events:
            return
        where = {"ConferenceSid": self.conference} if self.conference else {"CallSid": self.call}
        length = {} if self.active else {"RecordingDuration": str(self.seconds)}
        values = {
            "AccountSid": self.network.account_sid,
            **where,
            "RecordingSid": self.sid,
            "RecordingUrl": self.url,
            "RecordingStatus": self.status,
            **length,
            "RecordingChannels": str(self.channels),
            "RecordingStartTime": format_datetime(self.started_at),
            "RecordingSource": self.source,
            "RecordingTrack": self.track,
            "ErrorCode": str(self.error_code),
        }
        url, method = self.callback.url, self.callback.method
        self.network.clock.soon(Delivery(self.network, url, method, values).tell)

    def sound(self) -> bytes:
        """Silence of its length, as a WAV file."""
        file = io.BytesIO()
        with wave.open(file, "wb") as written:
            written.setnchannels(self.channels)
            written.setsampwidth(2)
            written.setframerate(RATE)
            written.writeframes(bytes(2 * self.channels * RATE * self.seconds))
        return file.getvalue()


class Recordings:
    """All recordings of an exchange, by SID."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._kept: OrderedDict[str, Recording] = OrderedDict()
        self._active: dict[str, list[Recording]] = {}  # by the SID of what is recorded

    def __iter__(self) -> Iterator[Recording]:
        return iter(self._kept.values())

    def get(self, sid: str) -> Recording | None:
        return self._kept.get(sid)

    def start(
        self,
        source: str,
        call: str,
        conference: str = "",
        callback: Callback = NOBODY,
        channels: int = 1,
        track: str = "both",
    ) -> Recording:
        made = Recording(self._network, source, call, conference, callback, channels, track)
        self._kept[made.sid] = made
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._active.setdefault(made.owner, []).append(made)
        return made

    def active(self, owner: str) -> list[Recording]:
        """What is being recorded of a call or conference, paused or not."""
        return [each for each in self._active.get(owner, ()) if each.active]

    def over(self, owner: str) -> None:
        """The call or conference has ended, and with it what was recorded of it."""
        for recording in self._active.pop(owner, ()):
            recording.stop()

    def delete(self, sid: str) -> None:
        del self._kept[sid]

    def at(self, url: str) -> Recording | None:
        """Of a recording's address, with or without an ending."""
        path, _, name = url.rpartition("/Recordings/")
        found = self._kept.get(name.removesuffix(".wav").removesuffix(".mp3"))
        return found if path and found and found.url.startswith(path) else None


def callback(url: str, method: str, events: str) -> Callback:
    """Who is told of a recording; "completed" only, unless more is asked for."""
    return Callback(url, method, frozenset(events.split() or ["completed"]))
