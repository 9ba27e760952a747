"""One leg: a call between Twilio and one telephone, its status, its requests, who it is with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from email.utils import format_datetime
from typing import TYPE_CHECKING, Protocol

from ivr.simulator.calls import detection
from ivr.simulator.calls.detection import Detects
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.side_streams import INBOUND, OUTBOUND, Fork
from ivr.simulator.interpreter import requests as acts
from ivr.simulator.interpreter.interpreter import (
    CALL,
    QUEUE_WHISPER,
    WHISPER,
    Line,
    Setting,
)
from ivr.simulator.interpreter.requests import PENDING
from ivr.simulator.network.routes import SIP, Callback, Route
from ivr.simulator.webhooks.delivery import Delivery, Jar

if TYPE_CHECKING:
    from ivr.simulator.calls.dial import NumberDial
    from ivr.simulator.calls.recordings import Recording
    from ivr.simulator.exchange import Exchange
    from ivr.simulator.interpreter.speech import Utterance
    from ivr.simulator.network.virtual_clock import Bell
    from ivr.simulator.people.handset import Handset

LONGEST = 14400.0  # seconds: "a call may last four hours" unless timeLimit says otherwise

NO_PARAMETERS: Mapping[str, str] = {}
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
SIP_CODES = {"busy": "486", "no-answer": "487", "canceled": "487"}


class Engagement(Protocol):
    """What a leg's Dial or Enqueue has led to: numbers ringing, a partner, a room, a queue."""

    def start(self) -> None:
        """Begin; called once, when it has become the leg's."""

    def star(self) -> None:
        """The leg pressed ``*`` where no document listens."""

    def leave(self, reason: str) -> acts.Params:
        """The leg goes ("hangup", "redirected"); returns the parameters of its action, if any."""
        ...

    def company(self) -> Iterable[Leg]:
        """Who the leg can talk to."""
        ...


class Leg:
    """A call as Twilio has it; created by the exchange.

    ``direction``: inbound, outbound-api, outbound-dial. ``sender`` and ``receiver`` are From
    and To.
    """

    __slots__ = (
        "answered_at",
        "answered_by",
        "background",
        "callback",
        "child_of",
        "created_at",
        "detects",
        "direction",
        "ended_at",
        "engaged",
        "exchange",
        "forks",
        "jar",
        "limit",
        "on_answer",
        "over_bell",
        "parameters",
        "parent",
        "phone",
        "player",
        "receiver",
        "recording",
        "ring_bell",
        "route",
        "sender",
        "sequence",
        "sid",
        "start",
        "status",
        "tones",
    )

    def __init__(
        self,
        exchange: Exchange,
        direction: str,
        sender: str,
        receiver: str,
        phone: Handset | None,
        parent: Leg | None = None,
    ) -> None:
        self.exchange = exchange
        self.sid = exchange.seed.sid("CA")
        self.direction = direction
        self.sender = sender
        self.receiver = receiver
        self.phone = phone
        self.parent = parent
        self.status = "ringing" if direction == "inbound" else "queued"
        self.route = Route("")
        self.callback: Callback | None = None
        self.start: acts.Fetch | acts.Page | None = None  # what is run once it is answered
        self.tones = ""  # and what is sent before that
        self.player: Player | None = None
        self.background: Player | None = None
        self.engaged: Engagement | None = None
        self.child_of: NumberDial | None = None
        self.jar: Jar | None = None
        self.on_answer: Callable[[], object] | None = None
        self.recording: Recording | None = None  # of the whole call, asked for by REST
        self.detects: Detects | None = None  # is it to be found out who answers?
        self.answered_by = ""  # and once it is known
        self.forks: Sequence[Fork] = ()  # what goes on beside it
        self.parameters = NO_PARAMETERS  # what a softphone is told of the call
        self.limit = LONGEST
        self.over_bell: Bell | None = None
        self.ring_bell: Bell | None = None
        self.created_at = exchange.clock.instant()
        self.answered_at = self.ended_at = -1
        self.sequence = 0

    def __repr__(self) -> str:
        return f"<Leg {self.sid} {self.sender} to {self.receiver} {self.status}>"

    # ---- state

    @property
    def picked_up(self) -> bool:
        return self.answered_at >= 0 and self.ended_at < 0

    @property
    def ended(self) -> bool:
        return self.ended_at >= 0

    @property
    def duration(self) -> int:
        """Whole seconds since it was answered; 0 if it never was."""
        if self.answered_at < 0:
            return 0
        until = self.ended_at if self.ended_at >= 0 else self.exchange.clock.instant()
        return (until - self.answered_at) // 1_000_000

    @property
    def address(self) -> str:
        """Of the telephone at this leg's end: a number, ``client:name`` or ``sip:…``."""
        return self.sender if self.direction == "inbound" else self.receiver

    @property
    def listening(self) -> bool:
        over = self.background or self.player
        return over is not None and over.listening

    @property
    def ears(self) -> str:
        """What a document takes notice of at this moment: "dtmf", "speech", both or ""."""
        over = self.background or self.player
        return getattr(over.waiting, "ears", "") if over is not None else ""

    def company(self) -> set[Leg]:
        """The legs it can talk to at this moment."""
        if self.background is not None and self.background.setting in (WHISPER, QUEUE_WHISPER):
            return set()
        if self.engaged is not None:
            return set(self.engaged.company())
        if self.child_of is not None:
            return set(self.child_of.company_of(self))
        return set()

    # ---- a call's life

    def place(self, timeout: float) -> None:
        """Make an outgoing call: initiated, ringing, and then it is up to the person."""
        if self.ended:
            return
        self.progress("initiated", "initiated")
        if self.phone is None:
            self.end("failed")
            return
        refusal = self.phone.refusal()
        if refusal:
            self.end(refusal)
            return
        self.status = "ringing"
        self.progress("ringing")
        self.ring_bell = self.exchange.clock.after(timeout, self.end, "no-answer")
        self.phone.ring(self)

    def person_answers(self) -> None:
        """The person picks up an outgoing call."""
        self.answer()
        if self.detects is not None:
            detection.begin(self, self.detects)
        if self.child_of is not None:
            self.child_of.picked_up(self)
        elif self.start is not None and not (self.detects and self.detects.waits):
            self.run(self.start)

    def answer(self) -> None:
        if self.answered_at >= 0 or self.ended:
            return
        clock = self.exchange.clock
        if self.ring_bell is not None:
            self.ring_bell.cancel()
            self.ring_bell = None
        self.status = "in-progress"
        self.answered_at = clock.instant()
        self.over_bell = clock.after(self.limit, self.end, "completed")
        self.progress("answered")
        if self.on_answer is not None:
            self.on_answer()

    def set_limit(self, seconds: float) -> None:
        """The call ends so long after it was answered."""
        self.limit = seconds
        if self.over_bell is not None:
            clock = self.exchange.clock
            self.over_bell.cancel()
            talked = (clock.instant() - self.answered_at) / 1e6
            self.over_bell = clock.after(max(0.0, seconds - talked), self.end, "completed")

    def run(self, start: acts.Fetch | acts.Page, answered: bool = True) -> None:
        """Play a document, in place of whatever was played before."""
        if self.player is not None:
            self.player.close()
        steps = Line(CALL, answered=answered).run(start)
        self.player = Player(self, _after_tones(self.tones, steps) if self.tones else steps, CALL)
        self.tones = ""
        self.player.resume(None)

    def redirect(self, start: acts.Fetch | acts.Page) -> None:
        """By REST: a new document for a live call, wherever it is at present."""
        if not self.picked_up:
            return
        self.disengage("redirected")
        if self.child_of is not None:
            self.child_of.child_redirected(self)
            self.child_of = None
        if not self.ended:
            self.run(start)

    def disengage(self, reason: str) -> None:
        """Leave the room, queue or partner; the document that led there may still report it."""
        self.stop_background()
        engaged, self.engaged = self.engaged, None
        player, self.player = self.player, None
        if engaged is not None:
            params = engaged.leave(reason)
            if player is not None:
                player.resume(acts.Outcome(params, over=True))
        elif reason == "hangup" and player is not None and getattr(player.waiting, "hangup", False):
            player.quiet()
            player.resume(acts.HANGUP)
        if player is not None:
            player.close()

    def end(self, status: str = "completed") -> None:
        """The call is over; ``status`` is the final one."""
        if self.ended:
            return
        self.status = status
        self.ended_at = self.exchange.clock.instant()
        for bell in (self.over_bell, self.ring_bell):
            if bell is not None:
                bell.cancel()
        self.over_bell = self.ring_bell = None
        self.disengage("hangup")
        for fork in self.forks:
            fork.stop()
        self.jar = None
        if self.phone is not None:
            self.phone.dropped(self)
        self.progress("completed")
        if self.child_of is not None:
            self.child_of.child_ended(self)
        self.exchange.ended(self)

    def lose_phone(self) -> None:
        """There is nobody at this end any more, and nobody knows; what is being said breaks off."""
        phone, self.phone = self.phone, None
        for player in (self.player, self.background):
            if player is not None:
                player.utterance = None
        if phone is not None:
            phone.dropped(self)

    # ---- what the person does and hears

    def key(self, key: str) -> None:
        player = self.background or self.player
        if player is not None and player.listening:
            player.hear(acts.Key(key))
        elif key == "*" and self.engaged is not None:
            self.engaged.star()

    def speak(self, text: str, confidence: float = 0.9) -> None:
        for fork in self.forks:
            fork.said(text, INBOUND, confidence)
        spoke = getattr(self.engaged, "spoke", None)
        if spoke is not None:
            spoke(text)
        player = self.background or self.player
        if player is not None:
            player.hear(acts.Speech(text, confidence))

    def hear(self, utterance: Utterance) -> None:
        if self.forks and utterance.kind in ("say", "person"):
            for fork in self.forks:
                fork.said(utterance.text, OUTBOUND)
        if self.phone is not None:
            self.phone.hear(utterance)

    # ---- documents that play over the leg's own

    def play_over(self, steps: acts.Steps, setting: Setting) -> None:
        """Music, a whisper, an announcement: heard until it ends or is stopped."""
        self.stop_background()
        self.background = Player(self, steps, setting)
        self.background.resume(None)

    def stop_background(self) -> None:
        background, self.background = self.background, None
        if background is not None:
            background.close()

    def played_out(self, player: Player) -> None:
        """A document has come to its end."""
        if player is self.player:
            if self.engaged is None:
                self.end("completed" if self.picked_up or self.direction == "inbound" else "failed")
            return
        if player is not self.background:
            return
        self.background = None
        self.over(player, "")

    def failed(self, player: Player, error: str) -> None:
        """A document played over the leg's own can't go on."""
        if self.background is player:
            self.background = None
        player.close()
        self.over(player, error)

    def over(self, player: Player, error: str) -> None:
        """A document played over the leg's own has ended, or failed."""
        engaged = self.child_of if player.setting is WHISPER else self.engaged
        over = getattr(engaged, "document_over", None)
        if over is not None:
            over(self, player.setting, error)

    # ---- requests

    def fields(self, extra: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
        """The standard parameters. (docs/voice/twiml#request-parameters)"""
        values = {
            "AccountSid": self.exchange.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Called": self.receiver,
            "Caller": self.sender,
            "Direction": self.direction,
            "From": self.sender,
            "To": self.receiver,
        }
        if self.direction == "inbound":
            values["CallToken"] = f"token-{self.sid}"
        if self.direction == "inbound" and self.sender.startswith(SIP):
            values |= self._sip()
        if self.answered_by:
            values["AnsweredBy"] = self.answered_by
        if self.parent is not None:
            values["ParentCallSid"] = self.parent.sid
        values.update(extra)
        return values

    def _sip(self) -> dict[str, str]:
        """What a call from a SIP address has besides. (docs/voice/api/sip-interface)"""
        user, _, domain = self.sender.partition(":")[2].rpartition("@")
        return {
            "SipCallId": f"{self.sid}@{domain}",
            "SipDomain": domain,
            "SipSourceIp": "127.0.0.1",
            "SipUsername": user,
        }

    def request(self, url: str, method: str, values: dict[str, str]) -> Delivery:
        if self.jar is None and not self.ended:
            self.jar = Jar()
        return Delivery(self.exchange, url, method, values, self.sid, self.jar)

    def notify(self, request: acts.Notify) -> None:
        """A request whose answer isn't carried out; made at once, answered whenever."""
        values = self.fields(request.params)
        self.exchange.clock.soon(self.tell, request.url, request.method, values)

    def tell(self, url: str, method: str, values: dict[str, str]) -> None:
        self.request(url, method, values).tell()

    # ---- who is told

    def progress(self, event: str, shown: str = "") -> None:
        """A call status callback, for those who asked. (docs/voice/api/call-resource)"""
        number, self.sequence = self.sequence, self.sequence + 1
        callback = self.callback
        if callback is None or not callback.url or event not in callback.events:
            return
        if self.direction == "inbound":  # a number's own: "standard parameters and CallDuration"
            values = self.fields((("CallDuration", str(self.duration)),))
        else:
            values = self.fields(self._progress(event, number, shown))
        self.exchange.clock.soon(self.tell, callback.url, callback.method, values)

    def _progress(self, event: str, number: int, shown: str) -> acts.Params:
        now = self.exchange.clock.now()
        values = [
            ("CallStatus", shown or self.status),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(number)),
            ("Timestamp", format_datetime(now)),
        ]
        if event == "completed":
            seconds = self.duration
            values += [("CallDuration", str(seconds)), ("Duration", str(-(-seconds // 60)))]
            if self.recording is not None:
                self.recording.stop()
                values += [
                    ("RecordingDuration", str(self.recording.seconds)),
                    ("RecordingSid", self.recording.sid),
                    ("RecordingUrl", self.recording.url),
                ]
            if self.status in SIP_CODES:
                values.append(("SipResponseCode", SIP_CODES[self.status]))
        return tuple(values)

    # ---- verbs that involve others

    def connect(self, player: Player, request: acts.Connect) -> object:
        return self.engage(player, request, self.exchange.engagement(self, player, request))

    def engage(self, player: Player, request: object, engaged: Engagement) -> object:
        """The document waits for what it has led to."""
        player.waiting = request
        self.engaged = engaged
        engaged.start()
        return PENDING

    def join(self, player: Player, request: acts.Join) -> object:
        player.waiting = request
        member = self.exchange.membership(self, player, request)
        if member is None:
            player.waiting = None
            return acts.Outcome((("QueueResult", "queue-full"),))
        self.engaged = member
        member.start()
        return PENDING

    def leave_queue(self) -> None:
        leave = getattr(self.engaged, "left", None)
        if leave is not None:
            leave("leave")


def _after_tones(tones: str, steps: acts.Steps) -> acts.Steps:
    yield acts.Speak("tones", tones)
    yield from steps
