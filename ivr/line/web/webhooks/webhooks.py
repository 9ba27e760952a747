"""The carrier's requests: the only place that knows Twilio's words, each way.

Every path answers in TwiML. A request that isn't signed by the carrier is refused; a turn that
fails says a sentence and goes to an operator; if even that fails, the static document takes over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Any

from ivr.errors import CallError
from ivr.line import metrics, tracing
from ivr.line.desk.hunt import EventName
from ivr.line.flow.steps import Customer
from ivr.line.records import Call
from ivr.line.service.services import Services
from ivr.line.store.faults import log_failure
from ivr.line.turns.call.begin import begin
from ivr.line.turns.call.heard import (
    Bridged,
    CallerLegEnded,
    CallHeard,
    CustomerAnswered,
    DialEnded,
    KeysInQueue,
    KeysPressed,
    LeftConference,
    LegAnswered,
    LegEnded,
    OutcomeHeard,
    Recorded,
    Report,
    RoomReported,
)
from ivr.line.web.webhooks.answering import REQUEST
from ivr.line.web.webhooks.forms import Form, fields_of
from ivr.line.web.webhooks.paths import Asked, Endpoint, Paths, Place, Reply, View
from ivr.line.web.webhooks.signature import Signature
from ivr.twiml import verbs
from ivr.twiml.writing import render

log = logging.getLogger(__name__)

SOON = 4.0  # seconds: what fails later isn't tried again, since the carrier waits for 15

LEAVE = render((verbs.Leave(),))
HANG_UP = render((verbs.Hangup(),))
NOTHING = render(())

OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
LAST_WORD: dict[str, EventName] = {
    "completed": "ended",
    "answered": "ended",
    "busy": "busy",
    "no-answer": "no_answer",
    "canceled": "no_answer",
    "failed": "failed",
}

IN_ROOM = {
    "participant-join": "here",
    "participant-leave": "gone",
    "participant-hold": "held",
    "participant-unhold": "back",
}

NOT_QUEUED = frozenset({"error", "system-error", "queue-full"})


class Webhooks:
    """The carrier's requests for one line. It knows no Flask: `doors` has the two doors to it."""

    def __init__(self, services: Services, signature: Signature, fallback: str) -> None:
        self.calls = services.calls
        self.duties = services.duties
        self.recordings = services.recordings
        self.line = services.line
        self.signature = signature
        self.fallback = fallback
        caller: dict[str, View] = {
            "": self.answer,
            "left": self.left,
            "talked": self.talked,
            "present": self.present,
            "status": self.status,
            "meet": self.meet,
            "hold": self.hold,
        }
        queue: dict[str, View] = {"wait": self.wait, "held": self.held}
        leg: dict[str, View] = {
            "": self.leg_answer,
            "talked": self.leg_talked,
            "present": self.leg_present,
            "bridged": self.leg_bridged,
            "status": self.leg_status,
            "meet": self.leg_meet,
            "announce": self.leg_announce,
        }
        nothing = Reply(NOTHING)
        voice, back = (
            _endpoints(kind, caller, self._caller_in_trouble, Reply(fallback))
            # No telephone can be dialled out of a queue's wait document; who leaves the queue is
            # asked for again, and gets the other one.
            | _endpoints(kind, queue, self._queued_in_trouble, Reply(LEAVE))
            for kind in ("voice", "back")
        )
        voice |= _endpoints(
            "fallback", {"fallback": self.fall_back}, self.fall_back, Reply(fallback)
        )
        voice |= _endpoints("recording", {"recording": self.recording}, self.recording, nothing)
        name = self.line.name
        self.paths = Paths(
            (
                Place(("voice", name), (), voice),
                Place(("back", name), ("sid",), back),
                Place(
                    ("leg", name),
                    ("sid", "attempt"),
                    _endpoints("leg", leg, self._leg_in_trouble, Reply(HANG_UP)),
                ),
                Place(
                    ("room", name),
                    ("sid",),
                    _endpoints("room", {"": self.room}, self.room, nothing),
                ),
            )
        )

    def serve(self, asked: Asked, environ: dict[str, Any], body: bytes) -> Reply | None:
        """Answer a request that has come to one of our paths; None if the carrier didn't sign it.

        ``environ`` is WSGI's; of it only the path, the query and three headers are read.
        """
        began, endpoint = perf_counter(), asked.endpoint
        named = REQUEST.set(environ.get("HTTP_I_TWILIO_IDEMPOTENCY_TOKEN", ""))
        try:
            form = self._signed(environ, body)
            if form is None:
                metrics.WEBHOOKS_REFUSED.inc()
                return None
            call = asked.where.get("sid") or form.get("CallSid", "")
            for attempt, view in enumerate((endpoint.view, endpoint.trouble)):
                try:
                    with tracing.span("webhook", call, webhook=endpoint.kind):
                        return view(form, **asked.where)
                except Exception as error:
                    if attempt == 0:
                        metrics.WEBHOOKS_FAILED.inc()
                    failed = f"webhook {environ['PATH_INFO']!r} of call {call!r}"
                    log_failure(log, failed, error, event="webhook.failed", call=call)
                if perf_counter() - began > SOON:
                    break
            return endpoint.last
        finally:
            REQUEST.reset(named)
            endpoint.seconds.observe(perf_counter() - began)

    def _signed(self, environ: dict[str, Any], body: bytes) -> Form | None:
        """The form with the query's own fields, if the carrier signed it."""
        query = environ.get("QUERY_STRING", "")
        target = environ["PATH_INFO"] + (f"?{query}" if query else "")
        fields = fields_of(body.decode("utf-8", "replace"))
        given = environ.get("HTTP_X_TWILIO_SIGNATURE", "")
        settings = environ.get("HTTP_X_TWILIO_WEBHOOKS_SIGNATURE_SETTINGS", "")
        if not self.signature.valid(target, fields, given, settings):
            log.warning(
                "refused: X-Twilio-Signature doesn't sign %r; is the public URL right?",
                self.signature.url(target),
                extra={"event": "webhook.refused"},
            )
            return None
        form = dict(fields)
        if query:
            form.update(fields_of(query))
        return form

    def after(self, due: datetime) -> None:
        """The duties of a turn are carried out when its answer has been sent."""
        self.duties.after(due)

    # --- the caller's leg ---

    def answer(self, form: Form, sid: str = "") -> Reply:
        """The first request, and keys or silence at a step.

        ``sid`` names the call when that isn't the leg's own SID: for a callback.
        """
        if "RecordingSid" in form:
            self.recordings.message(form["CallSid"], form["RecordingSid"], _seconds(form))
        if "turn" in form:
            return self._hear(sid or form["CallSid"], _answer(form))
        if sid:
            return self._hear(sid, CustomerAnswered(form["CallSid"]))
        return self._hear(form["CallSid"], None, fresh=lambda: self._call(form))

    def _call(self, form: Form) -> Call:
        now = self.calls.clock.now()
        return begin(self.line, form["CallSid"], form["From"], form["To"], now)

    def _hear(
        self,
        call: str,
        heard: CallHeard | Report | None,
        leg: str = "",
        fresh: Callable[[], Call] | None = None,
    ) -> Reply:
        """Have the call hear this; the answer is the document of the leg that asks."""
        turn = self.calls.hear(call, heard, deliver=leg, fresh=fresh)
        return Reply(turn.document(leg) or HANG_UP, turn.due)

    def wait(self, form: Form, sid: str = "") -> Reply:
        """The wait document, again and again; a caller who needn't wait any longer leaves."""
        state = self.calls.look(sid or form["CallSid"])
        if state.call.ended_at or state.call.waiting_for != form["queue"]:
            return Reply(LEAVE)
        self.calls.store.signs.good("database", self.calls.clock.now())  # or nobody could be rung
        first = form.get("QueueTime", "0") == "0"
        return Reply(state.caller_waiting(form.get("QueuePosition", "1"), first))

    def held(self, form: Form, sid: str = "") -> Reply:
        """A key while waiting. The answer stays in the queue, or leaves it."""
        pressed = KeysInQueue(form.get("Digits", ""), _turn(form))
        turn = self.calls.hear(sid or form["CallSid"], pressed)
        again = render((verbs.Redirect(turn.state.wait_url()),))
        return Reply(LEAVE if turn.state.leaves else again, turn.due)

    def left(self, form: Form, sid: str = "") -> Reply:
        """The caller is out of the queue, one way or another."""
        call, result = sid or form["CallSid"], form.get("QueueResult", "")
        if result == "hangup" or form.get("CallStatus") in OVER:
            return self._hear(call, OutcomeHeard("hangup"))
        if result in NOT_QUEUED:
            nobody = OutcomeHeard("nobody", data={"why": result}, turn=_turn(form))
            return self._hear(call, nobody)
        if result.startswith("redirected"):
            return Reply(NOTHING)  # the redirect says where to go
        state = self.calls.look(call)
        if result == "leave" and state.waiting and state.caller.turn == _turn(form):
            raise CallError(f"call {call} has left its queue because something failed")
        return self._hear(call, None)

    def talked(self, form: Form, sid: str = "") -> Reply:
        """The caller's <Dial> is over: a conference ended, or a telephone was dialled."""
        call = sid or form["CallSid"]
        if form.get("CallStatus") in OVER:
            return self._hear(call, OutcomeHeard("hangup"))
        status = LAST_WORD.get(form.get("DialCallStatus", ""), "failed")
        return self._hear(call, DialEnded(status, turn=_turn(form)))

    def present(self, form: Form, sid: str = "") -> Reply:
        """Where the caller is now; a leg that is redirected is sent here."""
        return self._hear(sid or form["CallSid"], None)

    def status(self, form: Form, sid: str = "") -> Reply:
        """The number's own status callback: the caller has hung up."""
        call, status = sid or form["CallSid"], form.get("CallStatus")
        state = self.calls.find(call) if status in OVER else None
        if state is None:
            return Reply(NOTHING)  # unknown: the line was down during the whole call
        answered = not sid or status == "completed"
        turn = self.calls.hear(call, CallerLegEnded(form["CallSid"], answered), known=state)
        return Reply(NOTHING, turn.due)

    def recording(self, form: Form, sid: str = "") -> Reply:
        """What became of a recorded conversation; its address in this form is left unread."""
        recording, state = form["RecordingSid"], form["RecordingStatus"]
        self.recordings.conversation(sid or form["CallSid"], recording, _seconds(form), state)
        return Reply(NOTHING)

    def meet(self, form: Form, sid: str = "") -> Reply:
        """What the caller hears in the conference until somebody else joins."""
        language = self.calls.look(sid or form["CallSid"]).caller.language
        return Reply(render(self._plainly("connecting", language)))

    def room(self, form: Form, sid: str) -> Reply:
        """Who comes into the conference, leaves it, or is put on hold there.

        https://www.twilio.com/docs/voice/twiml/conference names the events.
        """
        what = IN_ROOM.get(form["StatusCallbackEvent"])
        if what is None:
            return Reply(NOTHING)
        reported = RoomReported(
            form["CallSid"],
            what,
            form["ConferenceSid"],
            int(form["SequenceNumber"]),
            over=form.get("ParticipantCallStatus") in OVER,
        )
        return Reply(NOTHING, self.calls.hear(sid, reported).due)

    def hold(self, form: Form, sid: str = "") -> Reply:
        """What the caller hears while the operator is in the menu; it repeats, since silence sounds
        like the end of the call."""
        sentence = self._plainly("please_hold", form["language"])
        return Reply(render((*sentence, verbs.Pause(20), verbs.Redirect())))

    def _plainly(self, key: str, language: str) -> tuple[verbs.Spoken, ...]:
        return self.line.caller.spoken([(key, "")], language)

    def _caller_in_trouble(self, form: Form, sid: str = "") -> Reply:
        """A turn has failed: a sentence, then a person."""
        return self._hear(sid or form["CallSid"], OutcomeHeard("trouble"))

    def _queued_in_trouble(self, form: Form, sid: str = "") -> Reply:
        """The same for a document of the queue's, which can only be left."""
        return Reply(LEAVE, self._caller_in_trouble(form, sid).due)

    def fall_back(self, form: Form, **where: str) -> Reply:
        """The static document, for the number's fallback URL; it needs nothing but this process."""
        return Reply(self.fallback)

    # --- the legs of the people who are rung ---

    def leg_answer(self, form: Form, sid: str, attempt: str) -> Reply:
        """The person has answered, or pressed a key."""
        answered = LegAnswered(attempt, form["CallSid"], _answer(form, attempt))
        return self._hear(sid, answered, attempt)

    def leg_talked(self, form: Form, sid: str, attempt: str) -> Reply:
        """This leg is out of the conference: it hung up, pressed star, or the conference ended."""
        if form.get("CallStatus") in OVER:
            return self._hear(sid, LegEnded(attempt, "ended"), attempt)
        return self._hear(sid, LeftConference(attempt, turn=_turn(form)), attempt)

    def leg_present(self, form: Form, sid: str, attempt: str) -> Reply:
        return self._hear(sid, None, attempt)

    def leg_bridged(self, form: Form, sid: str, attempt: str) -> Reply:
        """A dialled leg has heard all; without another verb the carrier bridges it."""
        return Reply(NOTHING, self.calls.hear(sid, Bridged(attempt)).due)

    def leg_status(self, form: Form, sid: str, attempt: str) -> Reply:
        """A leg has ended."""
        if form.get("CallStatus") not in OVER:
            return Reply(NOTHING)
        ended = LegEnded(attempt, LAST_WORD[form["CallStatus"]], sid=form["CallSid"])
        return Reply(NOTHING, self.calls.hear(sid, ended).due)

    def leg_meet(self, form: Form, sid: str, attempt: str) -> Reply:
        """Until the caller joins: says what keeps them, also if they have hung up.

        Fetched again and again, in case the carrier can't be told to redirect this leg.
        """
        state = self.calls.look(sid)
        first = [("caller_left", "")] if state.call.ended_at else []
        calls = isinstance(state.step, Customer)
        then = [] if first else [("brief_callback" if calls else "caller_comes", "")]
        language = state.legs.talk(attempt).language
        before, after = (self.line.person.spoken(each, language) for each in (first, then))
        return Reply(render((*before, verbs.Pause(5), *after, verbs.Redirect())))

    def leg_announce(self, form: Form, sid: str, attempt: str) -> Reply:
        """An announcement to one person in the conference: how ringing somebody else went."""
        state = self.calls.look(sid)
        language = state.legs.talk(attempt).language
        name = state.legs.rows[form["about"]].name
        text = self.line.person.prompts.text(language, form["says"]).format(candidate=name)
        words = self.line.person.prompts.language(language)
        return Reply(render((verbs.Say(text, words.voice.name, words.voice.language),)))

    def _leg_in_trouble(self, form: Form, sid: str, attempt: str) -> Reply:
        return self._hear(sid, OutcomeHeard("trouble", attempt), attempt)


def _endpoints(
    kind: str, views: dict[str, View], trouble: View, last: Reply
) -> dict[str, Endpoint]:
    seconds = metrics.WEBHOOK_SECONDS.labels(kind)
    return {what: Endpoint(kind, view, trouble, last, seconds) for what, view in views.items()}


def _answer(form: Form, leg: str = "") -> KeysPressed | Recorded:
    """Keys, silence, or a recording."""
    pressed, turn = form.get("Digits", ""), _turn(form)
    if "RecordingSid" not in form:
        return KeysPressed(pressed, leg, turn)
    return Recorded(form["RecordingSid"], _seconds(form), pressed, turn, leg)


def _seconds(form: Form) -> int:
    """The length of a recording; 0 while it isn't known."""
    return max(0, int(form.get("RecordingDuration") or 0))


def _turn(form: Form) -> int:
    """The turn whose document is answered; -1, which is none, if the URL doesn't say."""
    turn = form.get("turn", "")
    return int(turn) if turn.isdecimal() else -1
