"""<Dial> with telephones and applications: ringing, whisper, connected.

https://www.twilio.com/docs/voice/twiml/dial, /number, /client, /sip, /dial/application
"""

from __future__ import annotations

from collections.abc import Iterable

from ivr.simulator.calls import caller_ids, sip
from ivr.simulator.calls.detection import of_noun
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import Engagement, Refusal
from ivr.simulator.calls.recordings import Recording, Recordings, of_dial, told_of
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import Interpreter, resolve
from ivr.simulator.interpreter.settings import WHISPER, Setting
from ivr.simulator.network.routes import (
    APPLICATION,
    CLIENT,
    SIM,
    SIP,
    Callback,
    Route,
    dialled,
    e164,
)
from ivr.simulator.network.virtual_clock import Bell
from ivr.twiml import verbs as v

INVALID_NUMBER = 13223  # https://www.twilio.com/docs/api/errors/13223
INVALID_URI = 13243  # https://www.twilio.com/docs/api/errors/13243
RING_BUFFER = 5.0  # "Twilio adds a buffer of about five seconds" to the timeout
Ringable = v.Number | v.Client | v.Sip | v.Sim | v.Application


def address(noun: Ringable) -> str:
    """The address that a noun rings, as To shows it; "" when it isn't valid."""
    match noun:
        case v.Number():
            return e164(noun.number)
        case v.Sip():
            return e164(_uri(noun))
        case v.Client():
            return e164(f"{CLIENT}{noun.identity}")
        case v.Sim():
            return e164(f"{SIM}{noun.sid}")
    return e164(f"{APPLICATION}{noun.sid}")


def _uri(noun: v.Sip) -> str:
    return noun.uri if noun.uri.lower().startswith(SIP) else f"sip:{noun.uri}"


class NumberDial(Engagement[Leg]):
    """A <Dial> of telephones, from the side of the leg whose document it is in."""

    __slots__ = (
        "base",
        "bridged",
        "dial",
        "leg",
        "limit_bell",
        "player",
        "recording",
        "recordings",
        "redirected",
        "ringing",
        "waiting",
        "winner",
    )

    def __init__(
        self, leg: Leg, player: Player, dial: v.Dial, base: str, recordings: Recordings
    ) -> None:
        self.leg = leg
        self.player = player
        self.dial = dial
        self.base = base
        self.recordings = recordings
        self.waiting: list[Ringable] = [n for n in dial.nouns if isinstance(n, Ringable)]
        self.ringing: dict[Leg, Ringable] = {}
        self.winner: Leg | None = None
        self.bridged = False
        self.redirected = False
        self.limit_bell: Bell | None = None
        self.recording: Recording | None = None

    def start(self) -> None:
        """Ring everyone at once or, if ``sequential``, only the first."""
        self._record("ringing")
        if not self.waiting:
            text = "<Dial> names nobody to call, so it fails"
            self.leg.network.note("warning", INVALID_NUMBER, text, "", self.leg.sid)
            self.finish("failed", None)
        elif self.dial.sequential:
            self._ring(self.waiting.pop(0))
        else:
            nouns = self.waiting
            self.waiting = []
            for noun in nouns:
                self._ring(noun)

    def _ring(self, noun: Ringable) -> None:
        leg, network = self.leg, self.leg.network
        receiver = address(noun)
        caller_id = caller_ids.of_dial(leg, self.dial.caller_id, receiver)
        child = network.leg("outbound-dial", caller_id, receiver or _text(noun), leg)
        child.child_of = self
        self._take_along(child, noun)
        child.route = Route("", "POST", leg.route.fallback, leg.route.fallback_method)
        if not isinstance(noun, v.Sim) and noun.status_callback:
            events = frozenset(noun.status_callback_event.split() or ["completed"])
            url = resolve(self.base, noun.status_callback)
            child.callback = Callback(url, noun.status_callback_method, events)
        if isinstance(noun, v.Number | v.Sip) and noun.machine_detection:
            url = noun.amd_status_callback
            child.detection = of_noun(noun, resolve(self.base, url) if url else "")
        self.ringing[child] = noun
        if not receiver:
            code = INVALID_URI if isinstance(noun, v.Sip) else INVALID_NUMBER
            text = f'"{_text(noun)}" isn\'t valid in a <{type(noun).__name__}>'
            network.clock.soon(child.fail, Refusal("failed", text, "warning", code))
        elif not caller_id:
            network.clock.soon(child.end, "failed", "its callerId may not be shown")
        else:
            network.clock.soon(child.place, self.dial.timeout + RING_BUFFER)

    def _take_along(self, child: Leg, noun: Ringable) -> None:
        """What goes to the one who is called: parameters, or SIP headers."""
        match noun:
            case v.Client(parameters=parameters):
                child.parameters = {each.name: each.value for each in parameters}
            case v.Sip(headers=headers):
                given = [*dialled(_uri(noun)).more, *((each.name, each.value) for each in headers)]
                child.headers = sip.headers(self.leg.network, given, self.leg.sid)
            case v.Application(parameters=parameters):
                customer = noun.customer_id or self.leg.network.account_sid
                own = {f"Param_{each.name}": each.value for each in parameters}
                child.parameters = {"CustomerId": customer} | own
                child.shown_as = self.leg.receiver if noun.copy_parent_to else ""

    # ---- what callees do

    def picked_up(self, child: Leg) -> None:
        """The first to pick up is connected; the other calls end."""
        self.winner = child
        self._record("answer")
        noun = self.ringing.pop(child)
        others = list(self.ringing)
        self.ringing = {}
        for other in others:
            other.child_of = None
            other.end("canceled", f"{child.receiver} has picked up first")
        digits, whisper = _digits(noun), _whisper(noun, self.base)
        if digits or whisper:
            child.play_over(_before_bridge(digits, whisper), WHISPER)
        else:
            self._bridge(child)

    def _record(self, when: str) -> None:
        """Record both legs under the parent's SID, if it is to be recorded from then on."""
        if self.dial.record.startswith(f"record-from-{when}"):
            self.recording = of_dial(self.recordings, self.dial, self.base, self.leg.sid)

    def document_over(self, leg: Leg, setting: Setting, error: str) -> None:
        """The whisper has run out: connect the two."""
        if leg is self.winner and not leg.ended:
            self._bridge(leg)

    def _bridge(self, child: Leg) -> None:
        self.bridged = True
        self.leg.answer()
        self.leg.network.history.add(self.leg.sid, "bridged", child.sid)
        limit = self.dial.time_limit
        why = f"the <Dial> has a timeLimit of {limit} s"
        self.limit_bell = self.leg.network.clock.after(limit, child.end, "completed", why)

    def child_ended(self, child: Leg) -> None:
        if child is self.winner:
            self.finish("completed", child)
            return
        if self.ringing.pop(child, None) is None:
            return
        if not self.ringing and self.waiting:
            self._ring(self.waiting.pop(0))
        elif not self.ringing:
            self.finish(child.status, child)

    def child_redirected(self, child: Leg) -> None:
        """The callee was redirected by REST: the action "without DialCallDuration"."""
        self.redirected = True
        self.finish("completed", child)

    # ---- what the caller does

    def star(self) -> None:
        if self.dial.hangup_on_star and self.bridged and self.winner is not None:
            self.winner.end("completed", "the caller has pressed *")

    def leave(self, reason: str) -> requests.Params:
        """The caller goes, and every callee with them."""
        self._quiet()
        children = [*self.ringing, *([self.winner] if self.winner else [])]
        params = self.params("completed" if self.winner else "canceled", children[-1:])
        self.ringing = {}
        for child in children:
            child.child_of = None
            why = "the caller has hung up" if reason == "hangup" else "the caller was redirected"
            child.end("completed" if child.picked_up else "canceled", why)
        return params

    def company(self) -> Iterable[Leg]:
        return (self.winner,) if self.bridged and self.winner is not None else ()

    def company_of(self, child: Leg) -> Iterable[Leg]:
        return (self.leg,) if self.bridged and child is self.winner else ()

    # ---- the end

    def params(self, status: str, children: list[Leg]) -> requests.Params:
        """The parameters of the action. (docs/voice/twiml/dial#dialcallstatus-values)"""
        params = [("DialCallStatus", status), ("DialBridged", "true" if self.bridged else "false")]
        for child in children:
            params.append(("DialCallSid", child.sid))
            if child.answered_at >= 0 and not self.redirected:
                params.append(("DialCallDuration", str(child.duration)))
            params += _of_sip(child) if child.receiver.startswith(SIP) else child.returned
        return (*params, *told_of(self.recording))

    def finish(self, status: str, child: Leg | None) -> None:
        self._quiet()
        self.leg.engaged = None
        params = self.params(status, [child] if child else [])
        self.player.soon(requests.Outcome(params, answered=self.leg.picked_up))

    def _quiet(self) -> None:
        if self.limit_bell is not None:
            self.limit_bell.cancel()
            self.limit_bell = None
        if self.bridged and self.winner is not None:
            self.leg.network.history.add(self.leg.sid, "parted", self.winner.sid)


def _digits(noun: Ringable) -> str:
    """The tones that the callee's telephone is sent first."""
    return noun.send_digits if isinstance(noun, v.Number) else ""


def _text(noun: Ringable) -> str:
    match noun:
        case v.Client():
            return noun.identity
        case v.Sip():
            return noun.uri
        case v.Number():
            return noun.number
    return noun.sid


def _whisper(noun: Ringable, base: str) -> requests.Fetch | None:
    """The document at its ``url``, which only the callee hears."""
    if isinstance(noun, v.Sim) or not noun.url:
        return None
    return requests.Fetch(resolve(base, noun.url), noun.method)


def _of_sip(child: Leg) -> list[tuple[str, str]]:
    """ "The SIP Call-ID, the response code of the invite attempt, any X-headers passed back on the
    final SIP response." (docs/voice/twiml/sip)"""
    told = [("DialSipCallId", child.sip_call_id), ("DialSipResponseCode", child.sip_response)]
    back = sorted(child.replies.items())
    return told + [(f"DialSipHeader_{name}", value) for name, value in back]


def _before_bridge(digits: str, whisper: requests.Fetch | None) -> requests.Steps:
    """On the callee's leg, once it is picked up: sendDigits, then the whisper."""
    if digits:
        yield requests.Speak("tones", digits)
    if whisper is not None:
        yield from Interpreter(WHISPER).run(whisper)
