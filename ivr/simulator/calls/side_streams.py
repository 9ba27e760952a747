"""Side streams: streams, session recorders and transcriptions beside a call.

Their status callbacks are called as at Twilio, and a transcription gets what is said; no sound is
sent. https://www.twilio.com/docs/voice/twiml/stream, /siprec, /transcription, /connect
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, MutableMapping

from ivr.simulator.calls.call import Call
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import resolve
from ivr.simulator.webhooks.delivery import Delivery
from ivr.twiml import verbs as v

KINDS = {v.Stream: ("MZ", "Stream"), v.Siprec: ("SR", "Siprec"), v.Transcription: ("GT", "")}
NO_URL = 31923  # https://www.twilio.com/docs/api/errors/31923: "Malformed URL"
INBOUND, OUTBOUND = "inbound_track", "outbound_track"  # what the person says; what the person hears


class SideStream:
    """One stream, recorder or transcription of a call, from its start to its stop.

    ``running`` are all that are running, by SID. ``on_close`` is called when the other side closes
    it; `close` is for a test that plays that side.
    """

    __slots__ = ("base", "call", "name", "noun", "on_close", "running", "sequence", "sid")

    def __init__(
        self,
        call: Call,
        noun: v.SideNoun,
        base: str,
        running: MutableMapping[str, SideStream],
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.call = call
        self.noun = noun
        self.base = base
        self.running = running
        self.on_close = on_close
        self.sid = call.network.seed.sid(KINDS[type(noun)][0])
        self.name = noun.name or self.sid
        self.sequence = 0

    def __repr__(self) -> str:
        return f"<{type(self.noun).__name__} {self.name} of {self.call.sid}>"

    @property
    def open(self) -> bool:
        """Whether it has been started and not stopped."""
        return self.sid in self.running

    @property
    def parameters(self) -> dict[str, str]:
        """The <Parameter>s: what the websocket's server gets when it starts."""
        if isinstance(self.noun, v.Transcription):
            return {}
        return {each.name: each.value for each in self.noun.parameters}

    def start(self, beside: Iterable[SideStream]) -> bool:
        """Announce it; whether it could be started ``beside`` the call's others."""
        call = self.call
        if isinstance(self.noun, v.Stream) and not self.noun.url:
            call.network.note("error", NO_URL, "<Stream> has no wss: URL", self.base, call.sid)
            return False
        if any(each.open and each.name == self.name for each in beside):
            self._tell("error", f'the call already has one named "{self.name}"')
            return False
        self.running[self.sid] = self
        self._tell("started")
        return True

    def stop(self) -> None:
        """Stop it: by <Stop>, or because the call is over."""
        if self.running.pop(self.sid, None) is not None:
            self._tell("stopped")

    def close(self) -> None:
        """End it as the other side would; a call that is connected to it goes on."""
        self.call.network.act(self._close)

    def _close(self) -> None:
        if self.open:
            self.stop()
            if self.on_close is not None:
                self.on_close()

    def said(self, text: str, track: str, confidence: float = 0.9) -> None:
        """Words on one of the two tracks; a transcription reports them."""
        noun = self.noun
        if not isinstance(noun, v.Transcription) or noun.track not in (track, "both_tracks"):
            return
        if not self.open:
            return
        data = json.dumps({"transcript": text, "confidence": confidence})
        for final in ("false", "true") if noun.partial_results else ("true",):
            self._tell(
                "content",
                extra=(("Final", final), ("Track", track), ("TranscriptionData", data)),
            )

    def _tell(self, event: str, error: str = "", extra: requests.Params = requests.NONE) -> None:
        self.sequence += 1
        call, noun = self.call, self.noun
        clock = call.network.clock
        if isinstance(noun, v.Transcription):
            callback = noun.status_callback_url
        else:
            callback = noun.status_callback
        if not callback:
            return
        values = {
            "AccountSid": call.network.account_sid,
            "CallSid": call.sid,
            "Timestamp": clock.stamp(),
            **self._as_its_kind(event, error),
            **dict(extra),
        }
        url = resolve(self.base, callback)
        delivery = Delivery(call.network, url, noun.status_callback_method, values)
        clock.soon(delivery.tell)

    def _as_its_kind(self, event: str, error: str) -> dict[str, str]:
        noun, kind = self.noun, KINDS[type(self.noun)][1]
        if isinstance(noun, v.Transcription):
            values = {
                "LanguageCode": noun.language_code,
                "SequenceId": str(self.sequence),
                "TranscriptionEvent": f"transcription-{event}",
                "TranscriptionSid": self.sid,
            }
            return values | ({"TranscriptionError": error} if error else {})
        values = {
            f"{kind}Event": f"{kind.lower()}-{event}",
            f"{kind}Name": self.name,
            f"{kind}Sid": self.sid,
        }
        return values | ({f"{kind}Error": error} if error else {})
