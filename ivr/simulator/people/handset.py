"""A telephone: what the person who holds it does, and what they hear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ivr.errors import CallError
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.messages import Message
from ivr.simulator.calls.protocols import Refusal
from ivr.simulator.calls.switchboard import Switchboard
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.routes import e164
from ivr.simulator.people.habits import TAKES, Habit
from ivr.simulator.people.scripted import Scripted
from ivr.simulator.people.softphone import Access

KEYS = frozenset("0123456789*#")
MAX_HEARD = 5000  # utterances that are remembered
WAIT_TO_SAY = "exchange.wait_until(lambda: phone.audible) waits until something is"
NOTICED = 30.0  # seconds until the network notices that a phone is gone


class Listener(Protocol):
    """Follows what a telephone hears, and compares it with what is expected."""

    def hears(self, words: str, within: float, language: str) -> None: ...

    def rings(self, within: float) -> None: ...


class Handset(Scripted):
    """One telephone, with one line: a second caller finds it busy. `Exchange.phone` makes it.

    `heard` are the `Utterance`s that the person has heard, the oldest first; `calls` its calls;
    `messages` the texts that it has received.

    At rate 0, what the person does has all its immediate consequences before the method returns.
    Only `press` with several keys moves time (``typing`` seconds between two keys).
    """

    far = None

    def __init__(self, network: Switchboard, number: str) -> None:
        super().__init__(network, number)
        self.heard: list[Utterance] = []
        self.calls: list[Leg] = []
        self.messages: list[Message] = []  # texts that it has received
        self.call_messages: list[str] = []  # UserDefinedMessages, JSON, of a softphone's calls
        self.access: Access | None = None  # a softphone's: what its token grants
        self.caller_id = ""
        self.parameters: dict[str, str] = {}  # <Client><Parameter>: those that a softphone gets
        self.headers: dict[str, str] = {}  # the SIP headers that its last call came with
        self.sends: dict[str, str] = {}  # the SIP headers that it sends with calls and answers
        self.listener: Listener | None = None  # set by `Exchange.phone`, for `hears`

    def __repr__(self) -> str:
        return f"<Handset {self.number}>"

    # ---- what the person does

    def call(self, number: str) -> None:
        """Dial a number that has an application.

        Raises CallError when this phone is in use, or no application answers at the number.
        """
        self.network.act(self._call, number)

    def _call(self, number: str) -> None:
        if self.leg is not None:
            raise CallError(self._busy())
        self.leg = self.network.dial_in(self.number, number)
        self._remember(self.leg)

    def press(self, keys: str) -> None:
        """Press keys (0-9, * and #) one after the other, ``typing`` seconds apart.

        Raises ValueError for anything else, CallError when the phone isn't in a call.
        """
        wrong = set(keys) - KEYS
        if wrong or not keys:
            found = f"{keys!r} isn't keys" if keys else "no keys to press"
            raise ValueError(f"{found}: a phone has 0-9, * and #")
        network = self.network
        at_once = network.inside or network.clock.rate
        network.do(self._type if at_once else self._press, keys)

    def _press(self, keys: str) -> None:
        """Each key has all its consequences before time goes on to the next."""
        network = self.network
        self._in_use().key(keys[0])
        network.wait(0)
        for key in keys[1:]:
            leg = self.leg
            network.wait(self.typing)
            if leg is not None and self.leg is leg:
                leg.key(key)
                network.wait(0)

    def say(self, text: str, confidence: float = 0.9) -> None:
        """Say something. A <Gather> for speech and a <Record> hear it.

        So do the people on the call, as an `Utterance` of kind "person" whose ``voice`` is this
        phone's number. ``confidence``: the recognizer's, from 0 to 1. What nothing and nobody
        hears is noted in the debugger's log, so that a strict test of a voicemail can't pass on
        silence: `audible` says whether something would. Raises CallError when the phone isn't in
        a call.
        """
        self.network.act(self._say, text, confidence)

    def _say(self, text: str, confidence: float = 0.9) -> None:
        leg = self._in_use()
        now = self.network.clock.now()
        if not leg.heard:
            lost = f'{self.number} said "{text}", and nothing and nobody was listening; '
            self.network.note("warning", 0, lost + WAIT_TO_SAY, call_sid=leg.sid)
            return
        said = Utterance(now, "person", text, voice=self.number)
        for other in leg.company():
            other.hear(said)
        leg.speak(text, confidence)

    def connect(self, **parameters: str) -> None:
        """Call as a softphone does (see `Exchange.softphone`).

        The TwiML application in its token answers, and gets the parameters of the token and these.
        Raises CallError when there is no token or no such application, or the phone is in use.
        """
        self.network.act(self._connect, parameters)

    def _connect(self, parameters: dict[str, str]) -> None:
        if self.access is None:
            raise CallError(f"{self.number} has no access token; see Exchange.softphone")
        if self.leg is not None:
            raise CallError(self._busy())
        given = self.access.params | parameters
        application = self.access.application
        self.leg = self.network.dial_application(self.number, application, given)
        self._remember(self.leg)

    def join(self, room: str) -> None:
        """Join a video room by its name, in front of a screen: only a ``client:…`` can.

        A room that there isn't is opened. Raises CallError for another phone, or one in use.
        """
        self.network.act(self._join, room)

    def _join(self, room: str) -> None:
        if self.leg is not None:
            raise CallError(self._busy())
        self.leg = self.network.connections.rooms.join(self, self.number, room)
        self._remember(self.leg)

    def text(self, number: str, body: str, media: Sequence[str] = ()) -> None:
        """Send a text to a number; its application's replies arrive in `messages`. ``media`` are
        URLs of pictures that come with it.

        Raises CallError when no application has the number.
        """
        if e164(number) not in self.network.numbers:
            raise CallError(f"no application receives texts at {number}")
        network, receiver = self.network, e164(number)
        network.act(network.messages.receive, self.number, receiver, body, media)

    def answer(self, *, within: float = 60.0) -> None:
        """Pick up, as soon as the phone rings.

        ``within``: seconds of simulated time that this may take. Raises CallError when it doesn't
        ring by then; the message shows what happened instead.
        """
        self._await_ring(within)
        self.network.act(lambda: self._ringing().person_answers())

    def decline(self, *, within: float = 60.0) -> None:
        """Refuse the call, as soon as the phone rings: the caller finds the line busy.

        ``within`` and the error are those of `answer`.
        """
        self._await_ring(within)
        self.network.act(lambda: self._ringing().end("busy", self._declined))

    def hang_up(self) -> None:
        """Hang up. Raises CallError when the phone isn't in a call."""
        self.network.act(lambda: self._in_use().end(self._final_status(), self._hung_up))

    def lose_connection(self, noticed: float = NOTICED) -> None:
        """Lose the connection, as in a tunnel or with an empty battery.

        The phone hears nothing more of the call, and can make another. The network, and the people
        on the call, notice after ``noticed`` seconds. A call that is ringing goes on ringing, but
        it can't be answered. Raises CallError when there is no call.
        """
        self.network.act(self._lose_connection, noticed)

    def _lose_connection(self, noticed: float) -> None:
        if self.ringing:
            self._ringing().lose_phone()
            return
        leg, final = self._in_use(), self._final_status()
        leg.lose_phone()
        self.network.clock.after(noticed, leg.end, final, f"{self.number} has lost the connection")

    def will(
        self,
        habit: str,
        *,
        after: float = 0.0,
        press: str = "",
        say: str = "",
        hang_up: float | None = None,
        typing: float | None = None,
    ) -> None:
        """Set what the phone does by itself whenever it rings from now on. ``habit`` is one of

        - "answer": it answers ``after`` so many seconds, presses the keys ``press`` as soon as a
          document asks for keys, and says ``say`` as soon as a document asks for words or, after a
          second, to the people on the call;
        - "voicemail": an answering machine answers ``after`` so many seconds, says its greeting
          (``say``), beeps, and is silent from then on;
        - "decline": it refuses the call ``after`` so many seconds;
        - "ring": it only rings; "busy"; "unreachable".

        ``hang_up``: seconds after which it hangs up once it has answered (None: it doesn't).
        ``typing``: seconds between two keys from now on, also for `press`; None leaves it as it is.
        Raises ValueError for an unknown habit.
        """
        if habit not in TAKES:
            raise ValueError(f"unknown habit {habit!r}; use one of: {', '.join(sorted(TAKES))}")
        self._habit = Habit(habit, after, press, say, hang_up)
        if typing is not None:
            self.typing = typing

    # ---- what must be heard

    def hears(self, words: str, *, within: float = 60.0, language: str = "") -> None:
        """Wait until the person has heard these words.

        They are compared as in a ``.call`` dialogue: in order, from where the last `hears` ended,
        and with nothing in between unless ``…`` stands there. A prompt that was cut short doesn't
        have to be expected. Words count as heard as soon as the prompt with the last one begins.

        ``within``: seconds of simulated time. ``language``: the language code that they must be
        spoken in, such as "fr"; "" for any. Raises AssertionError, which shows what was heard
        instead.
        """
        if self.listener is None:
            raise CallError(f"{self.number} can't be listened to: get it from Exchange.phone")
        self.listener.hears(words, within, language)

    # ---- what it is doing

    @property
    def ringing(self) -> bool:
        """Whether it is ringing."""
        leg = self.leg
        return leg is not None and leg.direction != "inbound" and not leg.picked_up

    @property
    def in_call(self) -> bool:
        """Whether it is in a call: it has called, or has answered."""
        return self.leg is not None and not self.ringing

    @property
    def listening(self) -> bool:
        """Whether a document is listening: gathering keys or words, or recording."""
        return self.leg is not None and self.leg.listening

    @property
    def audible(self) -> bool:
        """Whether what is said now is heard: by a <Gather> for speech, a <Record>, whatever listens
        beside the call, or people."""
        return self.leg is not None and self.leg.heard

    @property
    def connected_to(self) -> set[Handset]:
        """The telephones of the people who can hear this one at this moment."""
        if self.leg is None:
            return set()
        phones = (leg.phone for leg in self.leg.people())
        return {phone for phone in phones if isinstance(phone, Handset)}

    @property
    def last_heard(self) -> str:
        """The last text that was said to the person; "" if there is none."""
        return next((u.text for u in reversed(self.heard) if u.kind == "say"), "")

    # ---- for the network

    @property
    def reachable(self) -> bool:
        """Whether texts are delivered here."""
        return self._habit.kind != "unreachable"

    def refusal(self, leg: Leg) -> Refusal | None:
        """Why a call can't ring here; None if it can."""
        kind, number = self._habit.kind, self.number
        if kind == "unreachable":
            return Refusal("failed", f"{number} can't be reached", sip="480")
        if self.access is not None and not self.access.incoming:
            why = f"{number} can't be called: its access token doesn't allow incoming calls"
            return Refusal("failed", why, "warning", sip="404")
        if self.leg is not None or kind == "busy":
            return Refusal("busy", f"{number} is {'in use' if self.leg is not None else 'busy'}")
        return None

    def tone(self, key: str) -> None:
        """Somebody on the call presses a key, which is of no use to a person."""

    def ring(self, leg: Leg) -> None:
        self.leg = leg
        self.caller_id = leg.sender
        self.parameters = dict(leg.parameters)
        self.headers = dict(leg.headers)
        self._remember(leg)
        self._begin(leg)

    def told(self, content: str) -> None:
        self.call_messages.append(content)

    def hear(self, utterance: Utterance) -> None:
        self.heard.append(utterance)
        if len(self.heard) > MAX_HEARD:
            del self.heard[: MAX_HEARD // 2]

    def dropped(self, leg: Leg) -> None:
        if self.leg is leg:
            self.leg = None
            self._forget()

    # ---- internals

    def _remember(self, leg: Leg) -> None:
        self.calls.append(leg)
        del self.calls[:-100]

    def _in_use(self) -> Leg:
        if self.leg is None or self.ringing:
            raise CallError(f"{self.number} isn't in a call")
        return self.leg

    def _busy(self) -> str:
        if self.ringing:
            return f"{self.number} is ringing: answer() or decline() before it makes another call"
        return f"{self.number} is already in a call: hang_up() before it makes another"

    def _ringing(self) -> Leg:
        if self.leg is None or not self.ringing:
            raise CallError(f"{self.number} isn't ringing")
        return self.leg

    def _await_ring(self, within: float) -> None:
        # In the middle of an event no time can pass: there the phone must be ringing already.
        if self.listener is not None and not self.network.inside:
            self.listener.rings(within)

    def _final_status(self) -> str:
        """A caller who hangs up before the call is answered leaves it unanswered."""
        return "completed" if self._in_use().picked_up else "no-answer"
