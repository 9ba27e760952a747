"""The telephone in a person's hand: what it hears, and what the person does."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from ivr.errors import CallError
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.messages import Message
from ivr.simulator.calls.switchboard import Switchboard
from ivr.simulator.interpreter.speech import BEEP, Utterance, saying
from ivr.simulator.network.routes import e164
from ivr.simulator.people.habits import GREETING, TAKES, Habit
from ivr.simulator.people.softphone import Access

KEYS = frozenset("0123456789*#")
TYPING = 0.25  # seconds between two keys
REACTION = 1.0  # seconds until a scripted person presses what is asked for
REMEMBERED = 5000  # utterances
NOTICED = 30.0  # seconds until a network gives somebody up of whom it hears nothing


class Listener(Protocol):
    """Follows what a telephone hears, and compares it with what is expected."""

    def hears(self, words: str, within: float, language: str) -> None: ...


class Handset:
    """One telephone, with one line: a second caller finds it busy.

    At rate 0 what the person does has all its immediate consequences before the method returns;
    only `press` with several keys moves time (``typing`` seconds between two).
    """

    def __init__(self, network: Switchboard, number: str) -> None:
        self.network = network
        self.number = number
        self.typing = TYPING
        self.leg: Leg | None = None
        self.heard: list[Utterance] = []
        self.calls: list[Leg] = []
        self.messages: list[Message] = []  # texts that it has got
        self.access: Access | None = None  # of a softphone: what its token grants
        self.caller_id = ""
        self.parameters: dict[str, str] = {}  # <Client><Parameter>: what a softphone is told
        self.eager = False  # there is something to key or say as soon as a document listens
        self._habit = Habit()
        self._keys = self._words = ""  # what that is
        self.listener: Listener | None = None  # what `hears` asks; `Exchange.phone` provides it

    def __repr__(self) -> str:
        return f"<Handset {self.number}>"

    # ---- what the person does

    def call(self, number: str) -> None:
        """Dial a number that has an application."""
        self.network.act(lambda: self._call(number))

    def _call(self, number: str) -> None:
        if self.leg is not None:
            raise CallError(f"{self.number} is in use ({self.leg})")
        self.leg = self.network.dial_in(self.number, number)
        self._remember(self.leg)

    def press(self, keys: str) -> None:
        """Press keys one after the other. Raises CallError when there is no call."""
        wrong = set(keys) - KEYS
        if wrong or not keys:
            raise ValueError(f"a telephone has no key {''.join(sorted(wrong)) or '(none)'}")
        network = self.network
        if network.inside or network.clock.rate:
            network.do(lambda: self._type(keys))
            return
        network.act(lambda: self._in_use().key(keys[0]))
        for key in keys[1:]:
            leg = self.leg
            network.wait(self.typing)
            if leg is not None and self.leg is leg:
                network.act(partial(leg.key, key))

    def say(self, text: str, confidence: float = 0.9) -> None:
        """Speak. A Gather for speech or a Record takes notice, and so do the people whom it is
        connected to: they hear an utterance of kind "person", whose ``voice`` is this number.

        ``confidence``: how sure a recogniser is to have heard that, from 0 to 1."""
        self.network.act(lambda: self._say(text, confidence))

    def _say(self, text: str, confidence: float = 0.9) -> None:
        leg = self._in_use()
        now = self.network.clock.now()
        for other in sorted(leg.company(), key=lambda each: each.sid):
            other.hear(Utterance(now, "person", text, voice=self.number))
        leg.speak(text, confidence)

    def connect(self, **parameters: str) -> None:
        """Call as a softphone does (`Exchange.softphone`): the application that its token names is
        asked, with the parameters of the token and with these."""
        self.network.act(lambda: self._connect(parameters))

    def _connect(self, parameters: dict[str, str]) -> None:
        if self.access is None:
            raise CallError(f"{self.number} has no access token; see Exchange.softphone")
        if self.leg is not None:
            raise CallError(f"{self.number} is in use ({self.leg})")
        given = self.access.params | parameters
        application = self.access.application
        self.leg = self.network.dial_application(self.number, application, given)
        self._remember(self.leg)

    def text(self, number: str, body: str) -> None:
        """Write to a number; its application's answer comes into `messages`."""
        if e164(number) not in self.network.numbers:
            raise CallError(f"nobody reads texts at {number}")
        self.network.act(lambda: self.network.messages.receive(self.number, e164(number), body))

    def answer(self) -> None:
        """Pick up. Raises CallError when it isn't ringing."""
        self.network.act(lambda: self._ringing().person_answers())

    def decline(self) -> None:
        """Refuse the call that is ringing: the caller finds the line busy."""
        self.network.act(lambda: self._ringing().end("busy"))

    def hang_up(self) -> None:
        """Put the receiver down."""
        self.network.act(lambda: self._in_use().end(self._final_status()))

    def lose_connection(self, noticed: float = NOTICED) -> None:
        """Be out of reach from now on: a tunnel, an empty battery. The phone hears nothing more,
        and can call again; the network, and whoever was connected, take so many seconds to notice.

        A call that was ringing goes on ringing, for nobody. Raises CallError without a call.
        """
        self.network.act(lambda: self._lose_connection(noticed))

    def _lose_connection(self, noticed: float) -> None:
        if self.ringing:
            self._ringing().lose_phone()
            return
        leg, final = self._in_use(), self._final_status()
        leg.lose_phone()
        self.network.clock.after(noticed, leg.end, final)

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
        """What it does by itself from now on when rung.

        "answer" (``after`` so many seconds; then it types ``press`` as soon as it is asked for
        keys, and says ``say`` as soon as it is asked for words or, after a second at least, is
        connected to somebody), "voicemail" (a machine answers ``after`` so many seconds, says its
        greeting, ``say``, to whoever is connected or asks for words; then it beeps, and records),
        "ring" (nothing), "busy", "decline" (``after`` so many seconds), "unreachable".

        ``hang_up``: so many seconds after it has answered. ``typing``: seconds between two keys,
        whoever presses them; it stays as it was when None.
        """
        if habit not in TAKES:
            raise ValueError(f"a phone can't {habit!r}; it may {', '.join(sorted(TAKES))}")
        self._habit = Habit(habit, after, press, say, hang_up)
        if typing is not None:
            self.typing = typing

    # ---- what must be heard

    def hears(self, words: str, *, within: float = 60.0, language: str = "") -> None:
        """Wait until it has heard these words; AssertionError with an explanation if it doesn't.

        They are compared as in a `.call` dialogue: in order, from where the last `hears` ended, and
        with nothing else between unless ``…`` stands there; a prompt that was cut short needn't be
        expected. They are heard as soon as the prompt with the last word begins. ``within``:
        seconds of the exchange's time. ``language``: which they must be spoken in, if any.
        """
        __tracebackhide__ = True  # pytest: what failed is the test's line
        if self.listener is None:
            raise CallError(f"{self.number} wasn't made by Exchange.phone: nothing listens to it")
        self.listener.hears(words, within, language)

    # ---- what it is doing

    @property
    def habit(self) -> str:
        """What it does by itself when rung, see `will`."""
        return self._habit.kind

    @property
    def script(self) -> Habit:
        """The same, with everything that was said to `will`."""
        return self._habit

    @property
    def machine(self) -> bool:
        """Is it a machine that answers here?"""
        return self._habit.kind == "voicemail"

    @property
    def greeting(self) -> str:
        """What that machine says; "" where there is none."""
        return (self._habit.say or GREETING) if self.machine else ""

    @property
    def ringing(self) -> bool:
        leg = self.leg
        return leg is not None and leg.direction != "inbound" and not leg.picked_up

    @property
    def in_call(self) -> bool:
        return self.leg is not None and not self.ringing

    @property
    def listening(self) -> bool:
        """Would a key be taken notice of: is a document gathering (or recording)?"""
        return self.leg is not None and self.leg.listening

    @property
    def connected_to(self) -> set[Handset]:
        """The telephones whose persons it can talk to at this moment."""
        if self.leg is None:
            return set()
        phones = (leg.phone for leg in self.leg.company())
        return {phone for phone in phones if isinstance(phone, Handset)}

    @property
    def last_heard(self) -> str:
        """The text that was said to it last; "" if nothing was."""
        return next((u.text for u in reversed(self.heard) if u.kind == "say"), "")

    # ---- for the exchange

    @property
    def reachable(self) -> bool:
        """Whether texts are delivered here."""
        return self._habit.kind != "unreachable"

    def refusal(self) -> str:
        """The final status of a call that can't ring here; "" if it can."""
        kind = self._habit.kind
        if kind == "unreachable" or (self.access is not None and not self.access.incoming):
            return "failed"
        return "busy" if self.leg is not None or kind == "busy" else ""

    def ring(self, leg: Leg) -> None:
        self.leg = leg
        self.caller_id = leg.sender
        self.parameters = dict(leg.parameters)
        self._remember(leg)
        clock, habit = self.network.clock, self._habit
        if habit.kind in ("answer", "voicemail"):
            clock.after(habit.after, self._answer_by_itself, leg, habit)
        elif habit.kind == "decline":
            clock.after(habit.after, self._decline_by_itself, leg)

    def hear(self, utterance: Utterance) -> None:
        self.heard.append(utterance)
        if len(self.heard) > REMEMBERED:
            del self.heard[: REMEMBERED // 2]

    def asked(self, leg: Leg) -> None:
        """A document begins to listen, and there is something to be keyed or said."""
        clock, ears = self.network.clock, leg.ears
        if self._keys and "dtmf" in ears:
            keys, self._keys = self._keys, ""
            clock.after(REACTION, self._react, leg, keys)
        if self._words and "speech" in ears:
            # A machine that has been talking all the time doesn't think about it first.
            clock.after(0.0 if self.machine else REACTION, self._speak, leg)
        self.eager = bool(self._keys or self._words)

    def dropped(self, leg: Leg) -> None:
        if self.leg is leg:
            self.leg = None
            self._keys = self._words = ""
            self.eager = False

    # ---- within

    def _remember(self, leg: Leg) -> None:
        self.calls.append(leg)
        del self.calls[:-100]

    def _in_use(self) -> Leg:
        if self.leg is None or self.ringing:
            raise CallError(f"{self.number} isn't in a call")
        return self.leg

    def _ringing(self) -> Leg:
        if self.leg is None or not self.ringing:
            raise CallError(f"{self.number} isn't ringing")
        return self.leg

    def _final_status(self) -> str:
        """A caller who hangs up before being answered leaves a call that wasn't."""
        return "completed" if self._in_use().picked_up else "no-answer"

    def _type(self, keys: str) -> None:
        leg = self._in_use()
        for place, key in enumerate(keys):
            self.network.clock.after(place * self.typing, self._key_if, leg, key)

    def _key_if(self, leg: Leg, key: str) -> None:
        if self.leg is leg:
            leg.key(key)

    def _answer_by_itself(self, leg: Leg, habit: Habit) -> None:
        if self.leg is not leg or not self.ringing:
            return
        self._keys, self._words = habit.press, habit.say
        if habit.kind == "voicemail":
            self._words = habit.say or GREETING
        self.eager = bool(self._keys or self._words)
        leg.person_answers()  # which may end it at once
        if self.leg is leg:
            self._answered_by_itself(leg, habit)

    def _answered_by_itself(self, leg: Leg, habit: Habit) -> None:
        clock = self.network.clock
        if habit.hang_up is not None:
            clock.after(habit.hang_up, self._leave, leg)
        if habit.kind == "voicemail":
            self._speak_to_company(leg)
            clock.after(saying(habit.say or GREETING, ""), self._beep, leg)
        elif habit.say:
            clock.after(REACTION, self._speak_to_company, leg)

    def _speak_to_company(self, leg: Leg) -> None:
        """Say it to whom it is connected to, now or as soon as it is."""
        if self.leg is not leg or not self._words:
            return
        if leg.company():
            self._speak(leg)
        else:
            self.network.clock.after(REACTION, self._speak_to_company, leg)

    def _speak(self, leg: Leg) -> None:
        words, self._words = self._words, ""
        self.eager = bool(self._keys)
        if self.leg is leg and words:
            self._say(words)

    def _beep(self, leg: Leg) -> None:
        """The greeting is over, whoever has heard it; from here on the machine is silent."""
        if self.leg is not leg:
            return
        self._words = ""
        self.eager = bool(self._keys)
        now = self.network.clock.now()
        for other in sorted(leg.company(), key=lambda each: each.sid):
            other.hear(Utterance(now, "tone", voice=self.number, seconds=BEEP))

    def _leave(self, leg: Leg) -> None:
        if self.leg is leg:
            leg.end(self._final_status())

    def _react(self, leg: Leg, keys: str) -> None:
        if self.leg is leg:
            self._type(keys)

    def _decline_by_itself(self, leg: Leg) -> None:
        if self.leg is leg and self.ringing:
            leg.end("busy")
