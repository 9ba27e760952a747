"""What a telephone does by itself, carried out: it answers, presses keys, speaks, hangs up."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.switchboard import Switchboard
from ivr.simulator.interpreter.speech import BEEP, Utterance, saying
from ivr.simulator.people.habits import GREETING, Habit

REACTION = 1.0  # seconds until a scripted person reacts
TYPING = 0.25  # seconds between two keys


class Scripted(ABC):
    """A telephone with a `Habit`: the part of a `Handset` that acts by itself."""

    def __init__(self, network: Switchboard, number: str) -> None:
        self.network = network
        self.number = number
        self.typing = TYPING
        self.leg: Leg | None = None
        self.eager = False  # a script has keys or words for the next document that listens
        self._habit = Habit()
        self._keys = ""  # those that the script still has
        self._words = ""

    @property
    @abstractmethod
    def ringing(self) -> bool: ...
    @abstractmethod
    def _in_use(self) -> Leg: ...
    @abstractmethod
    def _final_status(self) -> str: ...
    @abstractmethod
    def _say(self, text: str, confidence: float = 0.9) -> None: ...

    @property
    def habit(self) -> str:
        """What the phone does by itself when it rings; see `will`."""
        return self._habit.kind

    @property
    def script(self) -> Habit:
        """The same, with all its options."""
        return self._habit

    @property
    def machine(self) -> bool:
        """Whether an answering machine picks up here."""
        return self._habit.kind == "voicemail"

    @property
    def greeting(self) -> str:
        """What that machine says; "" where there is none."""
        return (self._habit.say or GREETING) if self.machine else ""

    @property
    def _declined(self) -> str:
        return f"{self.number} has declined the call"

    @property
    def _hung_up(self) -> str:
        return f"{self.number} has hung up"

    def asked(self, leg: Leg) -> None:
        """A document has begun to listen, and the script has keys or words for it."""
        clock, ears = self.network.clock, leg.ears
        if self._keys and "dtmf" in ears:
            keys, self._keys = self._keys, ""
            clock.after(REACTION, self._react, leg, keys)
        if self._words and "speech" in ears:
            # A machine is talking all the time; only people take a moment to react.
            clock.after(0.0 if self.machine else REACTION, self._speak, leg)
        self.eager = bool(self._keys or self._words)

    def _begin(self, leg: Leg) -> None:
        """It has begun to ring."""
        clock, habit = self.network.clock, self._habit
        if habit.kind in ("answer", "voicemail"):
            clock.after(habit.after, self._answer_by_itself, leg, habit)
        elif habit.kind == "decline":
            clock.after(habit.after, self._decline_by_itself, leg)

    def _forget(self) -> None:
        """The call is over, and with it the script."""
        self._keys = ""
        self._words = ""
        self.eager = False

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
        self._keys = habit.press
        self._words = habit.say
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
        """Say the words to the people on the call, now or as soon as there are any."""
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
        """The greeting is over, whether anyone heard it or not; the machine is silent now."""
        if self.leg is not leg:
            return
        self._words = ""
        self.eager = bool(self._keys)
        now = self.network.clock.now()
        for other in leg.company():
            other.hear(Utterance(now, "tone", voice=self.number, seconds=BEEP))

    def _leave(self, leg: Leg) -> None:
        if self.leg is leg:
            leg.end(self._final_status(), self._hung_up)

    def _react(self, leg: Leg, keys: str) -> None:
        if self.leg is leg:
            self._type(keys)

    def _decline_by_itself(self, leg: Leg) -> None:
        if self.leg is leg and self.ringing:
            leg.end("busy", self._declined)
