"""A document being played to one leg: drives a `Line` with the exchange's clock and requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ivr.simulator.calls import fetching as pages
from ivr.simulator.calls import side_streams as forks
from ivr.simulator.calls.recordings import callback
from ivr.simulator.interpreter import requests as acts
from ivr.simulator.interpreter import speech
from ivr.simulator.interpreter.interpreter import Setting, resolve
from ivr.simulator.interpreter.requests import PENDING
from ivr.simulator.network.routes import SIP, e164
from ivr.twiml import verbs as v

if TYPE_CHECKING:
    from ivr.simulator.calls.leg import Leg
    from ivr.simulator.calls.recordings import Recording
    from ivr.simulator.network.virtual_clock import Bell


class Player:
    """One running document. A leg has its own, and maybe another over it (music, a whisper)."""

    __slots__ = ("alarm", "leg", "setting", "steps", "tape", "ticket", "utterance", "waiting")

    def __init__(self, leg: Leg, steps: acts.Steps, setting: Setting) -> None:
        self.leg = leg
        self.steps: acts.Steps | None = steps
        self.setting = setting
        self.waiting: Any = None
        self.alarm: Bell | None = None
        self.utterance: speech.Utterance | None = None
        self.tape: Recording | None = None
        self.ticket = 0

    def resume(self, answer: Any) -> None:
        """Go on with an answer, until something has to be waited for."""
        self.ticket += 1
        self.waiting = None
        while self.steps is not None:
            try:
                request = self.steps.send(answer)
            except StopIteration:
                self.steps = None
                self.leg.played_out(self)
                return
            answer = HANDLERS[type(request)](self, request)
            if answer is PENDING:
                return

    def soon(self, answer: Any) -> None:
        """Go on at this instant, after whatever is going on; unless it has gone on by then."""
        self.leg.exchange.clock.soon(self._soon, self.ticket, answer)

    def _soon(self, ticket: int, answer: Any) -> None:
        if ticket == self.ticket:
            self.resume(answer)

    def close(self) -> None:
        """Nothing more is heard of it."""
        self.quiet()
        if self.tape is not None:
            self.tape.stop()
        self.ticket += 1
        self.waiting = None
        if self.steps is not None:
            steps, self.steps = self.steps, None
            steps.close()

    def quiet(self) -> None:
        """Stop what is being said or waited for."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        self.utterance = None

    def time_up(self) -> None:
        self.alarm = None
        if self.utterance is not None:
            self.utterance.complete = True
            self.utterance = None
        self.resume(None)

    def hear(self, what: acts.Key | acts.Speech) -> None:
        """The person presses a key or speaks; nobody may be listening."""
        sense = "dtmf" if type(what) is acts.Key else "speech"
        if self.waiting is not None and sense in getattr(self.waiting, "ears", ""):
            self.quiet()
            self.resume(what)

    @property
    def listening(self) -> bool:
        """Is this inside a Gather (its prompts count) or a Record?"""
        return bool(getattr(self.waiting, "ears", ""))

    def wait(self, request: acts.Speak | acts.Listen, seconds: float) -> object:
        self.waiting = request
        leg = self.leg
        self.alarm = leg.exchange.clock.after(seconds, self.time_up)
        if request.ears and leg.phone is not None and leg.phone.eager:
            leg.phone.asked(leg)
        return PENDING


# ---- what each request means -------------------------------------------------------------------


def _speak(player: Player, request: acts.Speak) -> object:
    kind = request.kind
    if kind == "say":
        seconds = speech.saying(request.text, request.language) + request.seconds
        return _utter(player, request, max(0.1, seconds))
    if kind == "play":
        return player.leg.exchange.audio.play(player, request)
    if kind == "music":
        return _endless(player, request)
    return _utter(player, request, _LENGTHS[kind](request))


_LENGTHS: dict[str, Callable[[acts.Speak], float]] = {
    "pause": lambda request: request.seconds,
    "tones": lambda request: speech.dialling(request.text),
    "beep": lambda request: speech.BEEP,
}


def _endless(player: Player, request: acts.Speak) -> object:
    player.waiting = request
    player.leg.hear(speech.Utterance(player.leg.exchange.clock.now(), "music"))
    return PENDING


def _utter(player: Player, request: acts.Speak, seconds: float) -> object:
    leg = player.leg
    if leg.picked_up:
        kind = "tone" if request.kind == "beep" else request.kind
        player.utterance = speech.Utterance(
            leg.exchange.clock.now(), kind, request.text, request.language, request.voice, seconds
        )
        leg.hear(player.utterance)
    return player.wait(request, seconds)


utter = _utter


def _load(player: Player, request: acts.Load) -> object:
    return player.leg.exchange.audio.load(player, request)


def _listen(player: Player, request: acts.Listen) -> object:
    return player.wait(request, request.seconds)


def _fetch(player: Player, request: acts.Fetch) -> object:
    return pages.fetch(player, request)


def _fail(player: Player, request: acts.Fail) -> object:
    return pages.fail(player, request.code, request.message, "")


def _answer(player: Player, _request: acts.Answer) -> None:
    player.leg.answer()


def _now(player: Player, request: acts.Now) -> object:
    clock = player.leg.exchange.clock
    return clock.now() if request.date else clock.seconds()


def _token(player: Player, _request: acts.Token) -> str:
    return player.leg.exchange.seed.token()


def _notify(player: Player, request: acts.Notify) -> None:
    player.leg.notify(request)


def _warn(player: Player, request: acts.Warn) -> None:
    leg = player.leg
    leg.exchange.note("warning", request.code, request.message, "", leg.sid)


def _limit(player: Player, request: acts.Limit) -> object:
    leg = player.leg
    leg.exchange.note("error", 0, f"simulator limit: {request.message}", "", leg.sid)
    leg.end("completed")
    return PENDING


def _end(player: Player, request: acts.End) -> object:
    leg = player.leg
    leg.end("completed" if leg.picked_up else request.status)
    return PENDING


def _connect(player: Player, request: acts.Connect) -> object:
    return player.leg.connect(player, request)


def _join(player: Player, request: acts.Join) -> object:
    return player.leg.join(player, request)


def _leave(player: Player, _request: acts.Leave) -> object:
    player.leg.leave_queue()
    return PENDING


def _tape(player: Player, request: acts.Tape) -> None:
    leg = player.leg
    told = callback(*request.told)
    player.tape = leg.exchange.recordings.start("RecordVerb", leg.sid, callback=told)


def _keep(player: Player, request: acts.Keep) -> tuple[str, str]:
    tape, player.tape = player.tape, None
    assert tape is not None
    tape.stop(seconds=request.seconds)
    if request.transcribe:
        tape.transcribe(request.words, request.callback, player.leg.fields())
    return tape.sid, tape.url


def _begin(player: Player, request: acts.Begin) -> None:
    leg, noun = player.leg, request.noun
    if not isinstance(noun, v.Recording):
        forks.begin(leg, noun, request.base)
        return
    told = noun.recording_status_callback
    told = resolve(request.base, told) if told else ""
    events, method = noun.recording_status_callback_event, noun.recording_status_callback_method
    leg.exchange.recordings.start(
        "StartCallRecordingTwiML",
        leg.sid,
        callback=callback(told, method, events),
        channels=2 if noun.channels == "dual" else 1,
        track=noun.track,
    )


def _halt(player: Player, request: acts.Halt) -> None:
    forks.halt(player.leg, request.noun)


def _attach(player: Player, request: acts.Attach) -> object:
    return player.leg.engage(
        player, request, forks.Attached(player.leg, player, request.noun, request.base)
    )


def _echo(player: Player, request: acts.Echo) -> object:
    return player.leg.engage(player, request, forks.Mirror(player.leg))


def _text(player: Player, request: acts.Text) -> acts.Params:
    """ "to: the caller; from: the called number", unless the verb says otherwise."""
    leg = player.leg
    theirs = leg.address
    ours = leg.receiver if leg.direction == "inbound" else leg.sender
    sent = leg.exchange.messages.send(
        e164(request.sender) or ours,
        e164(request.to) or theirs,
        request.body,
        "outbound-call",
        request.callback,
    )
    return (("MessageSid", sent.sid), ("SmsSid", sent.sid), ("SmsStatus", "sent"))


def _transfer(player: Player, request: acts.Transfer) -> object:
    """ "13801: Refer not allowed on non-SIP call legs"; the transfer itself always works."""
    leg = player.leg
    if not leg.address.startswith(SIP):
        return pages.fail(player, 13801, f"{leg.address} is no SIP call, so <Refer> can't be", "")
    return acts.Outcome(
        (
            ("ReferCallStatus", "completed"),
            ("ReferSipResponseCode", "202"),
            ("NotifySipResponseCode", "200"),
        )
    )


HANDLERS: dict[type, Callable[[Player, Any], Any]] = {
    acts.Speak: _speak,
    acts.Listen: _listen,
    acts.Load: _load,
    acts.Fetch: _fetch,
    acts.Fail: _fail,
    acts.Answer: _answer,
    acts.Now: _now,
    acts.Token: _token,
    acts.Begin: _begin,
    acts.Halt: _halt,
    acts.Attach: _attach,
    acts.Echo: _echo,
    acts.Transfer: _transfer,
    acts.Text: _text,
    acts.Notify: _notify,
    acts.Warn: _warn,
    acts.Limit: _limit,
    acts.End: _end,
    acts.Connect: _connect,
    acts.Join: _join,
    acts.Leave: _leave,
    acts.Tape: _tape,
    acts.Keep: _keep,
}
