"""What goes on beside a call: streams, recorders and transcriptions that TwiML starts and stops.

They are announced as Twilio announces them, and what is said reaches a transcription; no sound is
sent anywhere. https://www.twilio.com/docs/voice/twiml/stream, /siprec, /transcription, /connect
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ivr.simulator.interpreter import requests as acts
from ivr.simulator.interpreter.interpreter import resolve
from ivr.simulator.webhooks.delivery import Delivery
from ivr.twiml import verbs as v

if TYPE_CHECKING:
    from ivr.simulator.calls.leg import Leg
    from ivr.simulator.calls.player import Player

KINDS = {v.Stream: ("MZ", "Stream"), v.Siprec: ("SR", "Siprec"), v.Transcription: ("GT", "")}
NO_URL = 31923  # https://www.twilio.com/docs/api/errors/31923: "Malformed URL"
INBOUND, OUTBOUND = "inbound_track", "outbound_track"  # what the person says; what he hears


class Fork:
    """One stream, recorder or transcription of a leg, from its start to its stop.

    ``on_close`` is called when the other side closes it; `close` is for a test that is that side.
    """

    __slots__ = ("base", "leg", "name", "noun", "on_close", "sequence", "sid")

    def __init__(
        self, leg: Leg, noun: v.Fork, base: str, on_close: Callable[[], None] | None = None
    ) -> None:
        self.leg = leg
        self.noun = noun
        self.base = base
        self.on_close = on_close
        self.sid = leg.exchange.seed.sid(KINDS[type(noun)][0])
        self.name = noun.name or self.sid
        self.sequence = 0

    def __repr__(self) -> str:
        return f"<{type(self.noun).__name__} {self.name} of {self.leg.sid}>"

    @property
    def parameters(self) -> dict[str, str]:
        """The <Parameter>s: what the websocket's server is told when it starts."""
        return {each.name: each.value for each in getattr(self.noun, "parameters", ())}

    def start(self) -> bool:
        """Announce it; False when it can't be."""
        leg, exchange = self.leg, self.leg.exchange
        if isinstance(self.noun, v.Stream) and not self.noun.url:
            exchange.note("error", NO_URL, "<Stream> has no wss: URL", self.base, leg.sid)
            return False
        if any(each.name == self.name for each in leg.forks):
            self._tell("error", f'"{self.name}" is the name of another one of this call')
            return False
        leg.forks = [*leg.forks, self]
        exchange.forks[self.sid] = self
        self._tell("started")
        return True

    def stop(self) -> None:
        """By <Stop>, or because the call is over."""
        if self.leg.exchange.forks.pop(self.sid, None) is not None:
            self.leg.forks = [each for each in self.leg.forks if each is not self]
            self._tell("stopped")

    def close(self) -> None:
        """The other side ends it; a call that was connected to it goes on with its document."""
        self.leg.exchange.act(self._close)

    def _close(self) -> None:
        if self.sid in self.leg.exchange.forks:
            self.stop()
            if self.on_close is not None:
                self.on_close()

    def said(self, text: str, track: str, confidence: float = 0.9) -> None:
        """Words on one of the two tracks; a transcription tells of them."""
        noun = self.noun
        if not isinstance(noun, v.Transcription) or noun.track not in (track, "both_tracks"):
            return
        data = json.dumps({"transcript": text, "confidence": confidence})
        for final in ("false", "true") if noun.partial_results else ("true",):
            self._tell(
                "content",
                extra=(("Final", final), ("Track", track), ("TranscriptionData", data)),
            )

    def _tell(self, event: str, error: str = "", extra: acts.Params = acts.NONE) -> None:
        self.sequence += 1
        leg, noun = self.leg, self.noun
        clock = leg.exchange.clock
        told = noun.status_callback_url if isinstance(noun, v.Transcription) else ""
        told = told or getattr(noun, "status_callback", "")
        if not told:
            return
        now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values = {
            "AccountSid": leg.exchange.account_sid,
            "CallSid": leg.sid,
            "Timestamp": now,
            **self._as_its_kind(event, error),
            **dict(extra),
        }
        url = resolve(self.base, told)
        delivery = Delivery(leg.exchange, url, noun.status_callback_method, values)
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


def begin(leg: Leg, noun: v.Fork, base: str) -> None:
    """<Start>: "Twilio continues with the next instruction at once"."""
    Fork(leg, noun, base).start()


def halt(leg: Leg, noun: v.Fork) -> None:
    """<Stop>, by the name that it was started with."""
    found = [each for each in leg.forks if each.name == noun.name]
    for each in found:
        each.stop()
    if not found:
        kind = type(noun).__name__
        text = f'<Stop><{kind} name="{noun.name}">: nothing of that name has been started'
        leg.exchange.note("warning", 0, text, "", leg.sid)


class Attached:
    """<Connect><Stream>: the call belongs to the websocket until that closes."""

    __slots__ = ("base", "fork", "leg", "noun", "player")

    def __init__(self, leg: Leg, player: Player, noun: v.Stream, base: str) -> None:
        self.leg = leg
        self.player = player
        self.fork = Fork(leg, noun, base, self._over)

    def start(self) -> None:
        if not self.fork.start():
            self._over()

    def star(self) -> None:
        """No document listens: the stream has the keys."""

    def leave(self, reason: str) -> acts.Params:
        self.fork.stop()
        return ()

    def company(self) -> Iterable[Leg]:
        return ()

    def _over(self) -> None:
        self.leg.engaged = None
        self.player.soon(acts.Outcome((("StreamSid", self.fork.sid),)))


class Mirror:
    """<Echo>: who speaks hears himself."""

    __slots__ = ("leg",)

    def __init__(self, leg: Leg) -> None:
        self.leg = leg

    def start(self) -> None:
        """Nothing to be begun."""

    def star(self) -> None:
        """A key is only a tone here."""

    def leave(self, reason: str) -> acts.Params:
        return ()

    def company(self) -> Iterable[Leg]:
        return (self.leg,)
