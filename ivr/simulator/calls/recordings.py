"""Recordings of calls and conferences.

There is no sound: a recording has a length, a URL and a status.
https://www.twilio.com/docs/voice/api/recording, /docs/voice/twiml/record, /dial, /conference
"""

from __future__ import annotations

import io
import wave
from collections import OrderedDict
from collections.abc import Iterator
from email.utils import format_datetime

from ivr.simulator.interpreter.interpreter import resolve
from ivr.simulator.network.network import Network
from ivr.simulator.network.routes import Callback
from ivr.simulator.webhooks.delivery import Delivery
from ivr.twiml import verbs as v

NO_CALLBACK = Callback("")
TOO_SHORT = 16101  # https://www.twilio.com/docs/api/errors/16101
OUT_OF_RANGE = 13617  # https://www.twilio.com/docs/api/errors/13617
TRANSCRIBING = 10.0  # seconds; at Twilio "it can take some minutes"
MP3_BIT_RATE = 32  # kbit/s
RATE = 8000  # samples a second, as on the phone
MAX_RECORDINGS = 10_000  # that can still be looked up


class Recording:
    """One recording.

    ``status``: in-progress or paused, then stopped or processing, then completed (or absent, when
    it has no length). ``seconds`` are whole. ``owner`` is the SID of the call or conference whose
    end stops it.
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
        self._left_out = 0.0  # seconds left out by pauses with PauseBehavior=skip
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
        """Pause: "silence will replace the actual audio", or with ``skip`` the time is left out."""
        self._go("paused")
        if skip and self._skipping is None:
            self._skipping = self.network.clock.seconds()

    def resume(self) -> None:
        self._go("in-progress")
        if self._skipping is not None:
            self._left_out += self.network.clock.seconds() - self._skipping
            self._skipping = None

    def stop(self, status: str = "processing", seconds: int | None = None) -> None:
        """Stop recording; it is completed, and reported, after the current event.

        ``seconds`` is its length if the silence at its ends was cut off.
        """
        if not self.active:
            return
        self.resume()
        length = self.network.clock.seconds() - self._began - self._left_out
        self.seconds = int(length) if seconds is None else seconds
        self._go(status)
        self.network.clock.soon(self._complete)

    def transcribe(self, words: str, url: str, fields: dict[str, str]) -> None:
        """Transcribe what was said, "for recordings of 2 to 120 seconds", and report to ``url``."""
        if not 2 <= self.seconds <= 120:
            text = f"a recording of {self.seconds} s isn't transcribed: it must last 2 to 120 s"
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
        """Send the recordingStatusCallback, which has no From, To or CallStatus."""
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
            written.writeframes(self._samples())
        return file.getvalue()

    def encoded(self) -> bytes | None:
        """The same as an MP3 file; None without the library that encodes it."""
        try:
            import lameenc
        except ImportError:
            return None
        encoder = lameenc.Encoder()
        encoder.set_channels(self.channels)
        encoder.set_in_sample_rate(RATE)
        encoder.set_bit_rate(MP3_BIT_RATE)
        encoder.silence()
        return bytes(encoder.encode(self._samples()) + encoder.flush())

    def _samples(self) -> bytes:
        return bytes(2 * self.channels * RATE * self.seconds)


class Recordings:
    """All recordings of a network, by SID."""

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
        callback: Callback = NO_CALLBACK,
        channels: int = 1,
        track: str = "both",
    ) -> Recording:
        """Begin to record. ``call`` and ``conference`` are SIDs; ``source`` is Twilio's word."""
        recording = Recording(self._network, source, call, conference, callback, channels, track)
        self._kept[recording.sid] = recording
        while len(self._kept) > MAX_RECORDINGS:
            self._kept.popitem(last=False)
        self._active.setdefault(recording.owner, []).append(recording)
        return recording

    def active(self, owner: str) -> list[Recording]:
        """The recordings of a call or conference that go on, paused or not."""
        return [each for each in self._active.get(owner, ()) if each.active]

    def over(self, owner: str) -> None:
        """A call or conference has ended, and with it its recordings."""
        for recording in self._active.pop(owner, ()):
            recording.stop()

    def delete(self, sid: str) -> None:
        del self._kept[sid]

    def at(self, url: str) -> Recording | None:
        """The recording with a URL, with or without a file extension."""
        path, _, name = url.rpartition("/Recordings/")
        recording = self._kept.get(name.removesuffix(".wav").removesuffix(".mp3"))
        if path and recording is not None and recording.url.startswith(path):
            return recording
        return None


def of_dial(recordings: Recordings, dial: v.Dial, base: str, call: str) -> Recording:
    """Begin the recording that <Dial record> asks for, under the SID of the call that dials."""
    return recordings.start(
        "DialVerb",
        call,
        callback=callback_of(dial, base),
        channels=2 if dial.record.endswith("-dual") else 1,
        track=dial.recording_track,
    )


def told_of(recording: Recording | None) -> list[tuple[str, str]]:
    """End the recording of a call or a <Dial>: what is told of it."""
    if recording is None:
        return []
    recording.stop()
    return [
        ("RecordingDuration", str(recording.seconds)),
        ("RecordingSid", recording.sid),
        ("RecordingUrl", recording.url),
    ]


def callback_of(verb: v.Dial | v.Conference | v.Recording, base: str) -> Callback:
    """Where a recording that a document asks for is reported."""
    url = verb.recording_status_callback
    return recording_callback(
        resolve(base, url) if url else "",
        verb.recording_status_callback_method,
        verb.recording_status_callback_event,
    )


def recording_callback(url: str, method: str, events: str) -> Callback:
    """A recording's status callback; only for "completed", unless ``events`` name others."""
    return Callback(url, method, frozenset(events.split() or ["completed"]))
