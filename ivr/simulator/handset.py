"""The telephone in a person's hand: what it hears, and what the person does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ivr.errors import CallError

if TYPE_CHECKING:
    from ivr.simulator.exchange import Exchange
    from ivr.simulator.leg import Leg
    from ivr.simulator.speech import Utterance

KEYS = frozenset("0123456789*#")
TYPING = 0.25  # seconds between two keys
REACTION = 1.0  # seconds until a scripted person presses what is asked for
REMEMBERED = 5000  # utterances
HABITS = frozenset({"answer", "ring", "busy", "decline", "unreachable"})


class Handset:
    """One telephone, with one line: a second caller finds it busy.

    At rate 0 what the person does has all its immediate consequences before the method returns;
    only `press` with several keys moves time (``typing`` seconds between two).
    """

    def __init__(self, exchange: Exchange, number: str) -> None:
        self.exchange = exchange
        self.number = number
        self.typing = TYPING
        self.leg: Leg | None = None
        self.heard: list[Utterance] = []
        self.calls: list[Leg] = []
        self.caller_id = ""
        self.eager = ""  # keys that it types as soon as it is asked for some
        self._habit = "ring"
        self._after = 0.0
        self._keys = ""

    def __repr__(self) -> str:
        return f"<Handset {self.number}>"

    # ---- what the person does

    def call(self, number: str) -> None:
        """Dial a number that has an application."""
        self.exchange.act(lambda: self._call(number))

    def _call(self, number: str) -> None:
        if self.leg is not None:
            raise CallError(f"{self.number} is in use ({self.leg})")
        self.leg = self.exchange.dial_in(self.number, number)
        self._remember(self.leg)

    def press(self, keys: str) -> None:
        """Press keys one after the other. Raises CallError when there is no call."""
        wrong = set(keys) - KEYS
        if wrong or not keys:
            raise ValueError(f"a telephone has no key {''.join(sorted(wrong)) or '(none)'}")
        exchange = self.exchange
        if exchange.inside or exchange.clock.rate:
            exchange.do(lambda: self._type(keys))
            return
        exchange.act(lambda: self._in_use().key(keys[0]))
        for key in keys[1:]:
            leg = self.leg
            exchange.wait(self.typing)
            if leg is not None and self.leg is leg:
                exchange.act(partial(leg.key, key))

    def say(self, text: str) -> None:
        """Speak; only a Gather for speech or a Record takes notice."""
        self.exchange.act(lambda: self._in_use().speak(text))

    def answer(self) -> None:
        """Pick up. Raises CallError when it isn't ringing."""
        self.exchange.act(lambda: self._ringing().person_answers())

    def decline(self) -> None:
        """Refuse the call that is ringing: the caller finds the line busy."""
        self.exchange.act(lambda: self._ringing().end("busy"))

    def hang_up(self) -> None:
        """Put the receiver down."""
        self.exchange.act(lambda: self._in_use().end(self._final_status()))

    def will(self, habit: str, *, after: float = 0.0, press: str = "") -> None:
        """What it does by itself from now on when rung.

        "answer" (``after`` so many seconds; then it types ``press`` as soon as it is asked for
        keys), "ring" (nothing), "busy", "decline" (``after`` so many seconds), "unreachable".
        """
        if habit not in HABITS:
            raise ValueError(f"a phone can't {habit!r}; it may {', '.join(sorted(HABITS))}")
        self._habit, self._after, self._keys = habit, after, press

    # ---- what it is doing

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
        return {leg.phone for leg in self.leg.company() if leg.phone is not None}

    @property
    def last_heard(self) -> str:
        """The text that was said to it last; "" if nothing was."""
        return next((u.text for u in reversed(self.heard) if u.kind == "say"), "")

    # ---- for the exchange

    def refusal(self) -> str:
        """The final status of a call that can't ring here; "" if it can."""
        if self._habit == "unreachable":
            return "failed"
        return "busy" if self.leg is not None or self._habit == "busy" else ""

    def ring(self, leg: Leg) -> None:
        self.leg = leg
        self.caller_id = leg.sender
        self._remember(leg)
        clock = self.exchange.clock
        if self._habit == "answer":
            clock.after(self._after, self._answer_by_itself, leg, self._keys)
        elif self._habit == "decline":
            clock.after(self._after, self._decline_by_itself, leg)

    def hear(self, utterance: Utterance) -> None:
        self.heard.append(utterance)
        if len(self.heard) > REMEMBERED:
            del self.heard[: REMEMBERED // 2]

    def asked(self, leg: Leg) -> None:
        """A document begins to listen, and there are keys to be typed."""
        keys, self.eager = self.eager, ""
        self.exchange.clock.after(REACTION, self._react, leg, keys)

    def dropped(self, leg: Leg) -> None:
        if self.leg is leg:
            self.leg = None
            self.eager = ""

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
            self.exchange.clock.after(place * self.typing, self._key_if, leg, key)

    def _key_if(self, leg: Leg, key: str) -> None:
        if self.leg is leg:
            leg.key(key)

    def _answer_by_itself(self, leg: Leg, keys: str) -> None:
        if self.leg is leg and self.ringing:
            self.eager = keys
            leg.person_answers()

    def _react(self, leg: Leg, keys: str) -> None:
        if self.leg is leg:
            self._type(keys)

    def _decline_by_itself(self, leg: Leg) -> None:
        if self.leg is leg and self.ringing:
            leg.end("busy")
