"""One leg: a call with the telephone at its end, what is heard there and who it is with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ivr.simulator.calls.call import NO_PARAMETERS, Call
from ivr.simulator.calls.detection import Detection, answered_by
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import (
    CallNetwork,
    Engagement,
    Parent,
    Refusal,
    Telephone,
)
from ivr.simulator.calls.side_streams import INBOUND, OUTBOUND, SideStream
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import Interpreter
from ivr.simulator.interpreter.requests import PENDING
from ivr.simulator.interpreter.settings import CALL, QUEUE_WHISPER, WHISPER, Setting
from ivr.simulator.interpreter.speech import Utterance, saying
from ivr.simulator.network.routes import APPLICATION
from ivr.simulator.network.virtual_clock import Bell
from ivr.simulator.webhooks.delivery import Delivery

MAX_SECONDS = 14400.0  # "a call may last four hours", unless timeLimit says otherwise
INVALID_NUMBER = 13224  # https://www.twilio.com/docs/api/errors/13224
NO_RESULT_CALLBACK = 21262  # https://www.twilio.com/docs/api/errors/21262


class Leg(Call):
    """A call with the telephone at its end; created by the switchboard.

    A leg plays its own document (`player`), perhaps another one over it (`background`: music, a
    whisper), and is `engaged` in what its document has led to. A leg that a <Dial> has placed is
    its child (`child_of`).
    """

    __slots__ = (
        "background",
        "child_of",
        "detection",
        "engaged",
        "limit",
        "on_answer",
        "on_end",
        "over_bell",
        "parent",
        "phone",
        "player",
        "replies",
        "ring_bell",
        "side_streams",
        "start",
        "tones",
    )
    network: CallNetwork[Leg]

    def __init__(
        self,
        network: CallNetwork[Leg],
        direction: str,
        sender: str,
        receiver: str,
        phone: Telephone[Leg] | None,
        parent: Leg | None = None,
    ) -> None:
        super().__init__(network, direction, sender, receiver, parent.sid if parent else "")
        self.phone = phone
        self.parent = parent
        self.start: requests.Fetch | requests.Page | None = None  # played once it is answered
        self.tones = ""  # sent before that
        self.player: Player | None = None
        self.background: Player | None = None
        self.engaged: Engagement[Leg] | None = None
        self.child_of: Parent[Leg] | None = None
        self.side_streams: Sequence[SideStream] = ()
        self.replies = NO_PARAMETERS  # SIP headers of the response to the call
        self.on_answer: Callable[[], object] | None = None
        self.on_end: Callable[[], object] | None = None
        self.detection: Detection | None = None
        self.limit = MAX_SECONDS
        self.over_bell: Bell | None = None
        self.ring_bell: Bell | None = None

    def __repr__(self) -> str:
        why = f": {self.because}" if self.because else ""
        return f"<Leg {self.sid} {self.sender} to {self.receiver} {self.status}{why}>"

    # ---- state

    @property
    def listening(self) -> bool:
        """Whether a document is gathering keys or words, or recording."""
        return bool(self.ears)

    @property
    def ears(self) -> str:
        """What a document takes notice of at this moment: "dtmf", "speech", both or "". It may be
        another number's, which this call is connected to."""
        own = self._own_ears
        return own or next((each._own_ears for each in self._reach()[1] if each._own_ears), "")

    @property
    def _own_ears(self) -> str:
        over = self.background or self.player
        return over.ears if over is not None else ""

    @property
    def heard(self) -> bool:
        """Whether anything or anybody hears what the person says at this moment."""
        if "speech" in self.ears or self.side_streams:
            return True
        people, calls = self._reach()
        return bool(people) or any(each.side_streams for each in calls)

    def people(self) -> set[Leg]:
        """The legs with a telephone that this one can talk to at this moment."""
        return self._reach()[0] - {self}

    def _reach(self) -> tuple[set[Leg], list[Leg]]:
        """The company of this leg, also by way of numbers that have called numbers of the account:
        legs with a telephone, and the calls of such numbers."""
        people: set[Leg] = set()
        calls: list[Leg] = []
        todo = [self]
        while todo:
            for other in todo.pop().company():
                far = other.phone.far if other.phone is not None else None
                if far is None:
                    people.add(other)
                elif far not in calls:
                    calls.append(far)
                    todo.append(far)
        return people, calls

    def company(self) -> list[Leg]:
        """The legs that this one can talk to at this moment, in the same order every time."""
        if self.background is not None and self.background.setting in (WHISPER, QUEUE_WHISPER):
            return []
        found: Iterable[Leg] = ()
        if self.engaged is not None:
            found = self.engaged.company()
        elif self.child_of is not None:
            found = self.child_of.company_of(self)
        return sorted(found, key=lambda each: each.sid)

    # ---- a call's life

    def place(self, timeout: float) -> None:
        """Make an outgoing call: initiated, then ringing for up to ``timeout`` seconds."""
        if self.ended:
            return
        self.progress("initiated", "initiated")
        phone = self.phone = self.network.telephone(self)
        if phone is None:
            self.fail(_nobody(self))
            return
        self.replies = phone.sends
        refusal = phone.refusal(self)
        if refusal is not None:
            self.fail(refusal)
            return
        self.status = "ringing"
        self.network.history.add(self.sid, "ringing")
        self.progress("ringing")
        why = f"{self.receiver} didn't answer within {timeout:g} s"
        self.ring_bell = self.network.clock.after(timeout, self.end, "no-answer", why)
        phone.ring(self)

    def fail(self, refusal: Refusal) -> None:
        """The call doesn't come about; a failure is noted in the debugger's log."""
        if refusal.status == "failed":
            self.network.note(refusal.level, refusal.code, refusal.why, "", self.sid)
        self.sip_code = refusal.sip
        self.end(refusal.status, refusal.why)

    def person_answers(self) -> None:
        """The person, or a machine, picks up an outgoing call."""
        self.answer()
        if self.detection is not None:
            self._detect(self.detection)
        if self.child_of is not None:
            self.child_of.picked_up(self)
        elif self.start is not None and not (self.detection and self.detection.waits):
            self.run(self.start)

    def answer(self) -> None:
        """The call is answered; nothing happens if it already was, or is over."""
        if self.answered_at >= 0 or self.ended:
            return
        clock = self.network.clock
        if self.ring_bell is not None:
            self.ring_bell.cancel()
            self.ring_bell = None
        self.status = "in-progress"
        self.answered_at = clock.instant()
        self.over_bell = clock.after(self.limit, self._too_long)
        self.network.history.add(self.sid, "answered")
        self.progress("answered")
        if self.on_answer is not None:
            self.on_answer()

    def set_limit(self, seconds: float) -> None:
        """The call ends so many seconds after it was answered."""
        self.limit = seconds
        if self.over_bell is not None:
            clock = self.network.clock
            self.over_bell.cancel()
            talked = (clock.instant() - self.answered_at) / 1e6
            left = max(0.0, seconds - talked)
            self.over_bell = clock.after(left, self._too_long)

    def _too_long(self) -> None:
        self.end("completed", f"it has lasted {self.limit:g} s, the longest it may last")

    def run(self, start: requests.Fetch | requests.Page, answered: bool = True) -> None:
        """Play a document in place of what was played before."""
        self.play(Interpreter(CALL, answered=answered).run(start))

    def play(self, steps: requests.Steps) -> None:
        """Play a document, or what stands for one, in place of what was played before."""
        if self.player is not None:
            self.player.close()
        self.player = Player(self, _after_tones(self.tones, steps) if self.tones else steps, CALL)
        self.tones = ""
        self.player.resume(None)

    def redirect(self, start: requests.Fetch | requests.Page) -> None:
        """By REST: a new document for a live call, whatever it is engaged in. The action of what it
        leaves, a <Dial> or <Enqueue>, is requested first, and its answer isn't carried out."""
        if not self.picked_up:
            return
        self.disengage("redirected")
        if self.child_of is not None:
            self.child_of.child_redirected(self)
            self.child_of = None
        self.network.clock.soon(self._turn_to, start)

    def _turn_to(self, start: requests.Fetch | requests.Page) -> None:
        if not self.ended and self.player is None:
            self.run(start)

    def disengage(self, reason: str) -> None:
        """Leave the conference, queue or partner; the document that led there may report it."""
        self.stop_background()
        engaged, self.engaged = self.engaged, None
        player, self.player = self.player, None
        if engaged is not None:
            params = engaged.leave(reason)
            if player is not None:
                player.resume(requests.Outcome(params, over=True))
        elif reason == "hangup" and player is not None and player.hears_hang_up:
            player.quiet()
            player.resume(requests.HANGUP)
        if player is not None:
            player.close()

    def end(self, status: str = "completed", why: str = "") -> None:
        """The call is over; ``status`` is the final one, ``why`` the reason in words."""
        if self.ended:
            return
        self.status = status
        self.because = why
        self.ended_at = self.network.clock.instant()
        for bell in (self.over_bell, self.ring_bell):
            if bell is not None:
                bell.cancel()
        self.over_bell = self.ring_bell = None
        self.disengage("hangup")
        for stream in self.side_streams:
            stream.stop()
        self.network.history.add(self.sid, "ended", status, why)
        self.jar = None
        if self.phone is not None:
            self.phone.dropped(self)
        self.progress("completed")
        if self.child_of is not None:
            self.child_of.child_ended(self)
        if self.on_end is not None:
            self.on_end()
        self.network.ended(self)

    def lose_phone(self) -> None:
        """The telephone is gone, and the network doesn't know; what is being said breaks off."""
        phone, self.phone = self.phone, None
        self.network.history.add(self.sid, "lost")
        for player in (self.player, self.background):
            if player is not None:
                player.utterance = None
        if phone is not None:
            phone.dropped(self)

    # ---- what the person does and hears

    def key(self, key: str) -> None:
        """The person presses a key."""
        player = self.background or self.player
        if player is not None and (ears := player.ears):
            if "dtmf" in ears:
                player.hear(requests.Key(key))
            return
        company = self.company()
        if key == "*" and self.engaged is not None:
            self.engaged.star()
        for other in company:
            if other.phone is not None:
                other.phone.tone(key)

    def speak(self, text: str, confidence: float = 0.9) -> None:
        """The person says something."""
        for stream in self.side_streams:
            stream.said(text, INBOUND, confidence)
        if self.engaged is not None:
            self.engaged.spoke(text)
        player = self.background or self.player
        if player is not None and "speech" in player.ears:
            player.hear(requests.Speech(text, confidence))

    def hear(self, utterance: Utterance) -> None:
        """The person hears something."""
        if self.side_streams and utterance.kind in ("say", "person"):
            for stream in self.side_streams:
                stream.said(utterance.text, OUTBOUND)
        if self.phone is not None:
            self.phone.hear(utterance)

    # ---- documents that play over the leg's own

    def play_over(self, steps: requests.Steps, setting: Setting) -> None:
        """Play music, a whisper or an announcement until it ends or is stopped."""
        self.stop_background()
        self.background = Player(self, steps, setting)
        self.background.resume(None)

    def stop_background(self) -> None:
        background, self.background = self.background, None
        if background is not None:
            background.close()

    def played_out(self, player: Player) -> None:
        """A document has run out."""
        if player is self.player:
            if self.engaged is None:
                well = self.picked_up or self.direction == "inbound"
                self.end("completed" if well else "failed", "its document has ended")
            return
        if player is not self.background:
            return
        self.background = None
        self.over(player, "")

    def failed(self, player: Player, error: str) -> None:
        """A document that played over the leg's own can't go on."""
        if self.background is player:
            self.background = None
        player.close()
        self.over(player, error)

    def over(self, player: Player, error: str) -> None:
        """A document that played over the leg's own has ended; ``error`` is "" unless it failed."""
        led_here = self.child_of if player.setting is WHISPER else self.engaged
        if led_here is not None:
            led_here.document_over(self, player.setting, error)

    # ---- for its documents

    def asked(self) -> None:
        """A document has begun to listen."""
        if self.phone is not None and self.phone.eager:
            self.phone.asked(self)

    def engage(self, player: Player, request: object, engagement: Engagement[Leg]) -> object:
        """The document waits while the leg is engaged."""
        player.waiting = request
        self.engaged = engagement
        engagement.start()
        return PENDING

    def attend(self, stream: SideStream) -> bool:
        """Start something beside the call; whether it could be started."""
        if not stream.start(self.side_streams):
            return False
        self.side_streams = [*self.side_streams, stream]
        return True

    # ---- machine detection

    def _detect(self, detection: Detection) -> None:
        """The call was picked up: the result is known after a while."""
        phone = self.phone
        greeting = saying(phone.greeting, "") if phone is not None and phone.machine else None
        verdict, after = answered_by(greeting, detection)
        self.network.clock.after(after, self._detected, detection, verdict, after)

    def _detected(self, detection: Detection, verdict: str, after: float) -> None:
        if self.ended:
            return
        self.answered_by = verdict
        if detection.waits:
            if self.start is not None:
                self.run(self.start)
            return
        network = self.network
        if not detection.url:
            text = "machine detection has no callback for its result"
            network.note("warning", NO_RESULT_CALLBACK, text, "", self.sid)
            return
        values = {
            "AccountSid": network.account_sid,
            "AnsweredBy": verdict,
            "CallSid": self.sid,
            "MachineDetectionDuration": str(round(after * 1000)),
        }
        Delivery(network, detection.url, detection.method, values, self.sid).tell()


def _nobody(leg: Leg) -> Refusal:
    """There is nothing at the address that is called."""
    address = leg.receiver
    if address.startswith(APPLICATION):
        why = f"{address.removeprefix(APPLICATION)} isn't a TwiML application of this account"
        return Refusal("failed", why, "error")
    make = f'make it with exchange.phone("{address}")'
    if address.startswith("+"):
        code = INVALID_NUMBER if leg.child_of is not None else 0
        why = f"no phone has the number {address}: {make}"
        return Refusal("failed", why, "error", code, "404")
    return Refusal("failed", f"no phone is registered as {address}: {make}", "warning", sip="404")


def _after_tones(tones: str, steps: requests.Steps) -> requests.Steps:
    yield requests.Speak("tones", tones)
    yield from steps
