"""What the carrier asks: the only place that knows Twilio's words, each way.

Every path answers in TwiML. A request that isn't signed by the carrier is refused; a turn that
fails says a sentence and goes to an operator; if even that fails, the static document takes over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from ivr.line.desk.hunt import EventName
from ivr.line.flow.steps import RecordStep
from ivr.line.records import Call
from ivr.line.service.calls import Calls, Reply
from ivr.line.service.duties.recordings import Recordings
from ivr.line.service.duties.runner import Duties
from ivr.line.turns.call.turn import CallTurn, begin
from ivr.line.web.webhooks.forms import Form, body_of, fields_of
from ivr.line.web.webhooks.signature import Signature
from ivr.twiml import verbs
from ivr.twiml.writing import render

log = logging.getLogger(__name__)

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

NOT_QUEUED = frozenset({"error", "system-error", "queue-full"})


class Webhooks:
    """The carrier's requests for one line, as a blueprint."""

    def __init__(
        self,
        calls: Calls,
        duties: Duties,
        recordings: Recordings,
        signature: Signature,
        fallback: str,
    ) -> None:
        self.calls, self.duties, self.recordings = calls, duties, recordings
        self.signature, self.fallback = signature, fallback
        self.line = calls.line
        name = self.line.name
        self.blueprint = Blueprint(f"webhooks_{name}", __name__)
        caller: dict[str, Callable[[Form], Reply]] = {
            "": self.answer,
            "/wait": self.wait,
            "/held": self.held,
            "/left": self.left,
            "/talked": self.talked,
            "/present": self.present,
            "/status": self.status,
            "/meet": self.meet,
            "/hold": self.hold,
        }
        for path, view in caller.items():
            self._route(f"/voice/{name}{path}", view, self._caller_in_trouble)
            self._route(f"/back/{name}/<sid>{path}", view, self._caller_in_trouble)
        leg: dict[str, Callable[..., Reply]] = {
            "": self.leg_answer,
            "/talked": self.leg_talked,
            "/present": self.leg_present,
            "/status": self.leg_status,
            "/meet": self.leg_meet,
            "/announce": self.leg_announce,
        }
        for path, view in leg.items():
            self._route(f"/leg/{name}/<sid>/<attempt>{path}", view, self._leg_in_trouble)
        self._route(f"/voice/{name}/fallback", self.fall_back, self.fall_back)
        self._route(f"/voice/{name}/recording", self.recording, lambda form: Reply(NOTHING))

    def _route(self, rule: str, view: Callable[..., Reply], trouble: Callable[..., Reply]) -> None:
        def serve(**where: str) -> Response:
            form = self._signed()
            if form is None:
                return Response("not signed by the carrier\n", 403, mimetype="text/plain")
            try:
                return self._respond(view(form, **where))
            except Exception:
                log.exception("webhook %r of call %r", request.path, form.get("CallSid"))
                return self._respond(trouble(form, **where))

        endpoint = rule.replace("/", "_").replace("<", "").replace(">", "")
        self.blueprint.add_url_rule(rule, endpoint, serve, methods=["POST"])

    def _signed(self) -> Form | None:
        """The form with the query's own fields, if the carrier signed it."""
        environ = request.environ
        query = environ.get("QUERY_STRING", "")
        target = environ["PATH_INFO"] + (f"?{query}" if query else "")
        fields = fields_of(body_of(environ).decode("utf-8", "replace"))
        given = environ.get("HTTP_X_TWILIO_SIGNATURE", "")
        settings = environ.get("HTTP_X_TWILIO_WEBHOOKS_SIGNATURE_SETTINGS", "")
        if not self.signature.valid(target, fields, given, settings):
            log.warning(
                "refused: X-Twilio-Signature doesn't sign %r; is the public URL right?",
                self.signature.url(target),
            )
            return None
        form = dict(fields)
        form.update(fields_of(query))
        return form

    def _respond(self, reply: Reply) -> Response:
        response = Response(reply.document, mimetype="text/xml")
        if reply.due is not None:
            due = reply.due
            response.call_on_close(lambda: self._after(due))
        return response

    def _after(self, due: Any) -> None:
        """Duties of this turn are done once the answer is out."""
        if due <= self.duties.clock.now():
            self.duties.run()
        else:
            self.duties.wake_at(due)

    # --- the caller's leg ---

    def answer(self, form: Form, sid: str = "") -> Reply:
        """The first request, and keys or silence at a step.

        ``sid`` names the call where that isn't the carrier's name of the leg: when we call back.
        """

        def told(turn: CallTurn) -> Callable[[], str]:
            if not turn.state.call.version:
                turn.begin()
            elif sid and "turn" not in form:
                if turn.state.call.ended_at or not _customer_answers(turn, form["CallSid"]):
                    return lambda: HANG_UP
            elif _is_present(form, turn.state.caller.turn):
                _hear_answer(turn, "", form)
            return _deliver(turn)

        if "RecordingSid" in form:
            self.recordings.message(form["CallSid"], form["RecordingSid"], _seconds(form))

        def fresh() -> Call:
            now = self.calls.clock.now()
            return begin(self.line, form["CallSid"], form["From"], form["To"], now)

        known = sid or "turn" in form
        return self.calls.hear(sid or form["CallSid"], told, None if known else fresh)

    def wait(self, form: Form, sid: str = "") -> Reply:
        """The wait document, again and again; whoever need not wait any more leaves the queue."""
        state = self.calls.look(sid or form["CallSid"])
        if state.call.ended_at or state.call.waiting_for != form["queue"]:
            return Reply(LEAVE)
        first = form.get("QueueTime", "0") == "0"
        return Reply(state.caller_waiting(form.get("QueuePosition", "1"), first))

    def held(self, form: Form, sid: str = "") -> Reply:
        """A key while waiting. The answer stays in the queue, or leaves it."""

        def told(turn: CallTurn) -> Callable[[], str]:
            before = turn.state.caller.state
            if _is_present(form, turn.state.caller.turn):
                turn.hear("keys", value=form.get("Digits", ""))
            if turn.state.waiting and turn.state.caller.state == before:
                again = render((verbs.Redirect(turn.state.wait_url()),))
                return lambda: again
            turn.state.leaves = True
            return lambda: LEAVE

        return self.calls.hear(sid or form["CallSid"], told)

    def left(self, form: Form, sid: str = "") -> Reply:
        """The caller is out of the queue, one way or another."""
        result = form.get("QueueResult", "")

        def told(turn: CallTurn) -> Callable[[], str]:
            if result == "hangup" or form.get("CallStatus") in OVER:
                turn.hear("outcome", value="hangup")
            elif result in NOT_QUEUED and _is_present(form, turn.state.caller.turn):
                turn.hear("outcome", value="nobody", why=result)
            elif result.startswith("redirected"):
                return lambda: NOTHING  # whoever redirected him has said where to
            return _deliver(turn)

        return self.calls.hear(sid or form["CallSid"], told)

    def talked(self, form: Form, sid: str = "") -> Reply:
        """The caller's <Dial> is over: a conference ended, or a telephone was dialled."""

        def told(turn: CallTurn) -> Callable[[], str]:
            if form.get("CallStatus") in OVER:
                turn.hear("outcome", value="hangup")
            elif _is_present(form, turn.state.caller.turn):
                said = form.get("DialCallStatus", "")
                turn.hear("dialled", value=LAST_WORD.get(said, "failed"))
            return _deliver(turn)

        return self.calls.hear(sid or form["CallSid"], told)

    def present(self, form: Form, sid: str = "") -> Reply:
        """Where he is now; whoever redirects a leg sends it here."""
        return self.calls.hear(sid or form["CallSid"], _deliver)

    def status(self, form: Form, sid: str = "") -> Reply:
        """The number's own status callback: the caller has hung up."""
        if self.calls.store.calls.load(sid or form["CallSid"]) is None:
            return Reply(NOTHING)  # this line was down all the while

        def told(turn: CallTurn) -> Callable[[], str]:
            if form.get("CallStatus") not in OVER or _anothers(turn, form["CallSid"]):
                return lambda: NOTHING
            unanswered = sid and form["CallStatus"] != "completed"
            turn.hear("outcome", value="unanswered" if unanswered else "hangup")
            return lambda: NOTHING

        return self.calls.hear(sid or form["CallSid"], told)

    def recording(self, form: Form, sid: str = "") -> Reply:
        """What became of a recorded conversation; its address in this form is left unread."""
        made, state = form["RecordingSid"], form["RecordingStatus"]
        self.recordings.conversation(sid or form["CallSid"], made, _seconds(form), state)
        return Reply(NOTHING)

    def meet(self, form: Form, sid: str = "") -> Reply:
        """Heard in the conference until somebody else is there."""
        language = self.calls.look(sid or form["CallSid"]).caller.language
        return Reply(render(self._plainly("connecting", language)))

    def hold(self, form: Form, sid: str = "") -> Reply:
        """Heard while the operator is in his menu; it comes round, since silence sounds like an
        end."""
        said = self._plainly("please_hold", form["language"])
        return Reply(render((*said, verbs.Pause(20), verbs.Redirect())))

    def _plainly(self, key: str, language: str) -> tuple[verbs.Spoken, ...]:
        return self.line.caller.spoken([(key, "")], language)

    def _caller_in_trouble(self, form: Form, sid: str = "") -> Reply:
        """A sentence, then a person."""
        try:

            def told(turn: CallTurn) -> Callable[[], str]:
                turn.hear("outcome", value="trouble")
                return _deliver(turn)

            reply = self.calls.hear(sid or form["CallSid"], told)
        except Exception:
            log.exception("call %r falls back", form.get("CallSid"))
            return Reply(self.fallback)
        queued = request.path.endswith(("/wait", "/held"))
        return Reply(LEAVE, reply.due) if queued else reply

    def fall_back(self, form: Form, **where: str) -> Reply:
        """The static document, for the number's fallback URL; it needs nothing but this process."""
        return Reply(self.fallback)

    # --- the legs of the people who are rung ---

    def leg_answer(self, form: Form, sid: str, attempt: str) -> Reply:
        """Somebody picked up, or pressed a key."""

        def told(turn: CallTurn) -> Callable[[], str]:
            if not turn.adopt(attempt, form["CallSid"]):
                return lambda: HANG_UP
            talk = turn.state.legs.talk(attempt)
            if talk.state == self.line.person.start:
                turn.hear("outcome", attempt, "next")
            elif _is_present(form, talk.turn):
                _hear_answer(turn, attempt, form)
            return _deliver_leg(turn, attempt)

        return self.calls.hear(sid, told)

    def leg_talked(self, form: Form, sid: str, attempt: str) -> Reply:
        """This leg is out of the conference: it hung up, pressed star, or the conference ended."""

        def told(turn: CallTurn) -> Callable[[], str]:
            if form.get("CallStatus") in OVER:
                turn.hear("status", attempt, "ended")
            elif _is_present(form, turn.state.legs.talk(attempt).turn):
                turn.hear("out", attempt)
            return _deliver_leg(turn, attempt)

        return self.calls.hear(sid, told)

    def leg_present(self, form: Form, sid: str, attempt: str) -> Reply:
        return self.calls.hear(sid, lambda turn: _deliver_leg(turn, attempt))

    def leg_status(self, form: Form, sid: str, attempt: str) -> Reply:
        """A leg's last word."""

        def told(turn: CallTurn) -> Callable[[], str]:
            row = turn.state.legs.rows[attempt]
            ours = row["sid"] in ("", form["CallSid"])
            if ours and form.get("CallStatus") in OVER:
                turn.hear("status", attempt, LAST_WORD[form["CallStatus"]])
            return lambda: NOTHING

        return self.calls.hear(sid, told)

    def leg_meet(self, form: Form, sid: str, attempt: str) -> Reply:
        """Silence as long as the caller is on his way; that he has hung up, if he has.

        Asked again and again, for when the carrier can't be asked to fetch this leg from here.
        """
        state = self.calls.look(sid)
        phrases = [("caller_left", "")] if state.call.ended_at else []
        said = self.line.person.spoken(phrases, state.legs.talk(attempt).language)
        return Reply(render((*said, verbs.Pause(5), verbs.Redirect())))

    def leg_announce(self, form: Form, sid: str, attempt: str) -> Reply:
        """Said to one person in the conference: how it went with somebody else."""
        state = self.calls.look(sid)
        language = state.legs.talk(attempt).language
        name = state.legs.rows[form["about"]]["name"]
        text = self.line.person.prompts.text(language, form["says"]).format(candidate=name)
        words = self.line.person.prompts.language(language)
        return Reply(render((verbs.Say(text, words.voice, words.speech_code),)))

    def _leg_in_trouble(self, form: Form, sid: str, attempt: str) -> Reply:
        try:

            def told(turn: CallTurn) -> Callable[[], str]:
                turn.hear("outcome", attempt, "trouble")
                return _deliver_leg(turn, attempt)

            return self.calls.hear(sid, told)
        except Exception:
            log.exception("leg %s of call %s is let go", attempt, sid)
            return Reply(HANG_UP)


def _anothers(turn: CallTurn, leg: str) -> bool:
    """Whether this leg isn't the one on which a customer is called back."""
    return turn.state.leg_sid not in ("", leg)


def _customer_answers(turn: CallTurn, leg: str) -> bool:
    """Whoever we call back has picked up. A second leg is hung up before it speaks."""
    if _anothers(turn, leg):
        return False
    if not turn.state.leg_sid:
        turn.hear("placed", "", leg)
    turn.hear("outcome", value="answered")
    return True


def _deliver(turn: CallTurn) -> Callable[[], str]:
    """The caller is given the document of where he is."""
    if turn.state.caller.seen != turn.state.caller.turn:
        turn.state.caller.seen = turn.state.caller.turn
        turn.state.changed = True
    return lambda: turn.state.call.document


def _deliver_leg(turn: CallTurn, attempt: str) -> Callable[[], str]:
    talk = turn.state.legs.talk(attempt)
    if talk.seen != talk.turn:
        talk.seen = talk.turn
        turn.state.changed = True
    return lambda: str(turn.state.legs.rows[attempt]["document"]) or HANG_UP


def _hear_answer(turn: CallTurn, leg: str, form: Form) -> None:
    """Keys, silence, or what was spoken on a recording.

    Twilio reports silence as a recording too, of as many seconds as it waited.
    """
    pressed, seconds = form.get("Digits", ""), _seconds(form)
    silent = not seconds or (not pressed and seconds <= _pause(turn))
    if "RecordingSid" not in form:
        turn.hear("keys", leg, pressed)
    elif silent or pressed == "0":
        sid = form["RecordingSid"]
        turn.hear("keys", leg, pressed if pressed == "0" else "")
        turn.state.duty("delete_recording", f"delete:{sid}", sid=sid, why="nothing was said")
    else:
        turn.hear("outcome", leg, "recorded", sid=form["RecordingSid"], seconds=seconds)


def _seconds(form: Form) -> int:
    """How long a recording is; 0 while it isn't known."""
    return max(0, int(form.get("RecordingDuration") or 0))


def _pause(turn: CallTurn) -> int:
    """Seconds of silence that end the caller's recording."""
    step = turn.state.line.caller.steps[turn.state.caller.state]
    return step.pause(turn.state.caller) if isinstance(step, RecordStep) else 0


def _is_present(form: Form, turn: int) -> bool:
    """Whether an answer is to the question that stands; a late or second one moves nothing."""
    return form.get("turn") == str(turn)
