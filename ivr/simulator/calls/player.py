"""A document being played to one leg: drives its interpreter, request by request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ivr.simulator.calls.recordings import Recording
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.requests import PENDING
from ivr.simulator.interpreter.settings import Setting
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.virtual_clock import Bell, VirtualClock


class Studio(Protocol):
    """What a player asks of the network: the time, and what answers each kind of request."""

    @property
    def clock(self) -> VirtualClock: ...
    @property
    def handlers(self) -> Mapping[type, Callable[[Any, Player, Any], object]]: ...


class Audience(Protocol):
    """What a player asks of the leg that it plays to."""

    @property
    def network(self) -> Studio: ...
    @property
    def picked_up(self) -> bool: ...
    def hear(self, utterance: Utterance) -> None: ...
    def asked(self) -> None: ...
    def played_out(self, player: Player) -> None: ...


class Player:
    """One document that is being played.

    `waiting` is the request that hasn't been answered yet, `ticket` tells a late answer from one
    that is still wanted.
    """

    __slots__ = (
        "_hopped_at",
        "_hops",
        "alarm",
        "leg",
        "setting",
        "steps",
        "tape",
        "ticket",
        "utterance",
        "waiting",
    )

    def __init__(self, leg: Audience, steps: requests.Steps, setting: Setting) -> None:
        self.leg = leg
        self.steps: requests.Steps | None = steps
        self.setting = setting
        self.waiting: Any = None
        self.alarm: Bell | None = None
        self.utterance: Utterance | None = None
        self.tape: Recording | None = None
        self.ticket = 0
        self._hops = 0
        self._hopped_at = -1  # the clock's instant

    def resume(self, answer: Any) -> None:
        """Go on with an answer, until the next one has to be waited for."""
        self.ticket += 1
        self.waiting = None
        leg = self.leg
        handlers = leg.network.handlers
        while self.steps is not None:
            try:
                request = self.steps.send(answer)
            except StopIteration:
                self.steps = None
                leg.played_out(self)
                return
            answer = handlers[type(request)](leg, self, request)
            if answer is PENDING:
                return

    def hops(self) -> int:
        """It goes on to another document: the how many-th at this instant."""
        now = self.leg.network.clock.instant()
        self._hops = self._hops + 1 if now == self._hopped_at else 1
        self._hopped_at = now
        return self._hops

    def soon(self, answer: Any) -> None:
        """Go on at this instant, after the current event, unless it has gone on by then."""
        self.leg.network.clock.soon(self._soon, self.ticket, answer)

    def _soon(self, ticket: int, answer: Any) -> None:
        if ticket == self.ticket:
            self.resume(answer)

    def close(self) -> None:
        """End the document, wherever it is."""
        self.quiet()
        if self.tape is not None:
            self.tape.stop()
        self.ticket += 1
        self.waiting = None
        if self.steps is not None:
            steps, self.steps = self.steps, None
            steps.close()

    def quiet(self) -> None:
        """Stop what is being played or waited for."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        self.utterance = None

    def time_up(self) -> None:
        """What was played has ended, or what was waited for hasn't come."""
        self.alarm = None
        if self.utterance is not None:
            self.utterance.complete = True
            self.utterance = None
        self.resume(None)

    def hear(self, what: requests.Key | requests.Speech) -> None:
        """The person presses a key or speaks, and the document has `ears` for it."""
        self.quiet()
        self.resume(what)

    @property
    def ears(self) -> str:
        """What the document takes notice of at this moment: "dtmf", "speech", both or ""."""
        waiting = self.waiting
        if type(waiting) is requests.Listen or type(waiting) is requests.Speak:
            return waiting.ears
        return ""

    @property
    def hears_hang_up(self) -> bool:
        """Whether a hang-up is an answer to what the document waits for."""
        return isinstance(self.waiting, requests.Listen) and self.waiting.hangup

    def wait(self, request: requests.Speak | requests.Listen, seconds: float) -> object:
        """Go on in so many seconds, unless the person is heard before."""
        self.waiting = request
        leg = self.leg
        self.alarm = leg.network.clock.after(seconds, self.time_up)
        if request.ears:
            leg.asked()
        return PENDING

    def utter(self, request: requests.Speak, seconds: float) -> object:
        """Let the person hear something that takes so many seconds."""
        leg = self.leg
        if leg.picked_up:
            kind = "tone" if request.kind == "beep" else request.kind
            self.utterance = Utterance(
                leg.network.clock.now(),
                kind,
                request.text,
                request.language,
                request.voice,
                seconds,
            )
            leg.hear(self.utterance)
        return self.wait(request, seconds)
