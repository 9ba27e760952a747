"""What each request of a document means on the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from ivr.simulator.calls import fetching
from ivr.simulator.calls.audio import Audio
from ivr.simulator.calls.engagements.conference import Conferences
from ivr.simulator.calls.engagements.connect import Connections, Echo
from ivr.simulator.calls.engagements.dial import NumberDial
from ivr.simulator.calls.engagements.participants import Participant
from ivr.simulator.calls.engagements.queues import Member, QueueDial, Queues
from ivr.simulator.calls.engagements.tasks import NOT_ENQUEUED, ReservationDial, TaskCalls
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.messages import Messages
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import Engagement
from ivr.simulator.calls.recordings import Recordings, callback_of, recording_callback
from ivr.simulator.calls.side_streams import SideStream
from ivr.simulator.interpreter import requests, speech
from ivr.simulator.interpreter.requests import PENDING
from ivr.simulator.network.routes import SIP, e164
from ivr.twiml import verbs as v

Handler = Callable[[Leg, Player, Any], object]
_LENGTHS: Mapping[str, Callable[[requests.Speak], float]] = {
    "pause": lambda request: request.seconds,
    "tones": lambda request: speech.dialling(request.text),
    "beep": lambda request: speech.BEEP,
}

SILENT_RECORDING = 16102  # https://www.twilio.com/docs/api/errors/16102


class Handlers:
    """Carries out the requests of every document on a network.

    A handler returns what the interpreter is sent, or PENDING: then the player goes on later.
    """

    def __init__(
        self,
        audio: Audio,
        recordings: Recordings,
        messages: Messages,
        conferences: Conferences,
        queues: Queues,
        side_streams: MutableMapping[str, SideStream],
        connections: Connections,
        tasks: TaskCalls,
    ) -> None:
        self._audio = audio
        self._recordings = recordings
        self._messages = messages
        self._conferences = conferences
        self._queues = queues
        self._side_streams = side_streams
        self._connections = connections
        self._tasks = tasks
        self.by_request: Mapping[type, Handler] = {
            requests.Speak: self._speak,
            requests.Listen: _listen,
            requests.Load: audio.load,
            requests.Fetch: fetching.fetch,
            requests.Fail: _fail,
            requests.Answer: _answer,
            requests.Now: _now,
            requests.Token: _token,
            requests.Begin: self._begin,
            requests.Halt: _halt,
            requests.Attach: self._attach,
            requests.Echo: _echo,
            requests.Transfer: _transfer,
            requests.Text: self._text,
            requests.Notify: _notify,
            requests.Warn: _warn,
            requests.End: _end,
            requests.Connect: self._connect,
            requests.Join: self._join,
            requests.Leave: _leave,
            requests.Tape: self._tape,
            requests.Keep: _keep,
        }

    # ---- what is heard

    def _speak(self, leg: Leg, player: Player, request: requests.Speak) -> object:
        kind = request.kind
        if kind == "say":
            seconds = speech.saying(request.text, request.language) + request.seconds
            return player.utter(request, max(0.1, seconds))
        if kind == "play":
            return self._audio.play(leg, player, request)
        if kind == "music":
            return _endless(leg, player, request)
        return player.utter(request, _LENGTHS[kind](request))

    # ---- other people

    def _connect(self, leg: Leg, player: Player, request: requests.Connect) -> object:
        return leg.engage(player, request, self._engagement(leg, player, request))

    def _engagement(self, leg: Leg, player: Player, request: requests.Connect) -> Engagement[Leg]:
        """What a Dial leads to."""
        dial, base, recordings = request.dial, request.base, self._recordings
        match dial.nouns:
            case (v.Conference() as noun,):
                conference = self._conferences.open(noun.name)
                return Participant(conference, leg, player, dial, noun, base, recordings)
            case (v.Queue(reservation_sid=reservation) as noun,) if reservation:
                return ReservationDial(self._tasks, leg, player, dial, noun, base, recordings)
            case (v.Queue() as noun,):
                queue = self._queues.named(noun.name)
                return QueueDial(leg, player, dial, noun, queue, base, recordings)
        return NumberDial(leg, player, dial, base, recordings)

    def _join(self, leg: Leg, player: Player, request: requests.Join) -> object:
        enqueue = request.enqueue
        if enqueue.workflow_sid:
            member = self._tasks.enqueue(leg, player, request)
            if member is None:
                return requests.Outcome(NOT_ENQUEUED)
            return leg.engage(player, request, member)
        queue = self._queues.named(enqueue.queue) or self._queues.create(enqueue.queue)
        if len(queue.members) >= min(queue.max_size, enqueue.max_queue_size or queue.max_size):
            return requests.Outcome((("QueueResult", "queue-full"),))
        return leg.engage(player, request, Member(queue, leg, player, enqueue, request.base))

    # ---- beside the call

    def _begin(self, leg: Leg, player: Player, request: requests.Begin) -> None:
        """<Start>: "Twilio continues with the next instruction at once"."""
        noun = request.noun
        if not isinstance(noun, v.Recording):
            leg.attend(SideStream(leg, noun, request.base, self._side_streams))
            return
        self._recordings.start(
            "StartCallRecordingTwiML",
            leg.sid,
            callback=callback_of(noun, request.base),
            channels=2 if noun.channels == "dual" else 1,
            track=noun.track,
        )

    def _attach(self, leg: Leg, player: Player, request: requests.Attach) -> object:
        connection = self._connections.engagement(leg, player, request)
        if connection is None:
            return requests.Outcome(requests.NONE)
        return leg.engage(player, request, connection)

    def _tape(self, leg: Leg, player: Player, request: requests.Tape) -> None:
        callback = recording_callback(*request.callback)
        player.tape = self._recordings.start("RecordVerb", leg.sid, callback=callback)

    def _text(self, leg: Leg, player: Player, request: requests.Text) -> requests.Params:
        """ "to: the caller; from: the called number", unless the verb says otherwise."""
        theirs = leg.address
        ours = leg.receiver if leg.direction == "inbound" else leg.sender
        sender, to = request.sender or ours, request.to or theirs
        flaw = self._messages.flaw(sender, to, request.body, ())
        if flaw is not None:
            code, why = flaw
            leg.network.note("warning", code, f"<Sms> isn't sent: {why}", call_sid=leg.sid)
            return (("SmsStatus", "invalid"),)
        message = self._messages.send(
            e164(sender), e164(to), request.body, "outbound-call", request.callback
        )
        return (("MessageSid", message.sid), ("SmsSid", message.sid), ("SmsStatus", "sent"))


# ---- those that need nothing but the leg and its document


def _endless(leg: Leg, player: Player, request: requests.Speak) -> object:
    player.waiting = request
    leg.hear(speech.Utterance(leg.network.clock.now(), "music"))
    return PENDING


def _listen(leg: Leg, player: Player, request: requests.Listen) -> object:
    return player.wait(request, request.seconds)


def _fail(leg: Leg, player: Player, request: requests.Fail) -> object:
    return fetching.fail(leg, player, request.code, request.message, "")


def _answer(leg: Leg, player: Player, request: requests.Answer) -> None:
    leg.answer()


def _now(leg: Leg, player: Player, request: requests.Now) -> object:
    clock = leg.network.clock
    return clock.now() if request.date else clock.seconds()


def _token(leg: Leg, player: Player, request: requests.Token) -> str:
    return leg.network.seed.token()


def _notify(leg: Leg, player: Player, request: requests.Notify) -> None:
    about = (*request.params, *fetching.about_the_wait(leg, player))
    leg.notify(request._replace(params=about))


def _warn(leg: Leg, player: Player, request: requests.Warn) -> None:
    leg.network.note("warning", request.code, request.message, "", leg.sid)


def _end(leg: Leg, player: Player, request: requests.End) -> object:
    leg.returned = request.returned
    if leg.picked_up:
        leg.end("completed", "its document says <Hangup>")
    else:
        leg.end(request.status, "its document refuses the call")
    return PENDING


def _leave(leg: Leg, player: Player, request: requests.Leave) -> object:
    if leg.engaged is not None:
        leg.engaged.left("leave")
    return PENDING


def _keep(leg: Leg, player: Player, request: requests.Keep) -> tuple[str, str] | None:
    tape, player.tape = player.tape, None
    assert tape is not None
    if request.silent and not leg.network.keeps_silence:
        text = "a silent recording isn't kept, and its action isn't requested"
        leg.network.note("warning", SILENT_RECORDING, text, "", leg.sid)
        tape.stop(seconds=0)
        return None
    tape.stop(seconds=request.seconds)
    if request.transcribe:
        tape.transcribe(request.words, request.callback, leg.fields())
    return tape.sid, tape.url


def _halt(leg: Leg, player: Player, request: requests.Halt) -> None:
    """<Stop>, by the name that it was started with."""
    noun = request.noun
    running = [each for each in leg.side_streams if each.open and each.name == noun.name]
    for stream in running:
        stream.stop()
    if not running:
        kind = type(noun).__name__
        text = f'<Stop><{kind} name="{noun.name}">: nothing with that name has been started'
        leg.network.note("warning", 0, text, "", leg.sid)


def _echo(leg: Leg, player: Player, request: requests.Echo) -> object:
    return leg.engage(player, request, Echo(leg))


def _transfer(leg: Leg, player: Player, request: requests.Transfer) -> object:
    """ "13801: Refer not allowed on non-SIP call legs"; the transfer itself always works."""
    if not leg.address.startswith(SIP):
        text = f"{leg.address} isn't a SIP call, so it can't be handed over by <Refer>"
        return fetching.fail(leg, player, 13801, text, "")
    return requests.Outcome(
        (
            ("ReferCallStatus", "completed"),
            ("ReferSipResponseCode", "202"),
            ("NotifySipResponseCode", "200"),
        )
    )
