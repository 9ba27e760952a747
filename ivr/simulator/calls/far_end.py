"""A number of the account that is called by a number of the account: two calls, end to end.

The call that was placed has no telephone at its end, but another call: an incoming one, "of its
own", at which the application of the number that was dialled answers.
(https://www.twilio.com/docs/voice/twiml/number)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ivr.simulator.calls.call import NO_PARAMETERS
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.protocols import Refusal
from ivr.simulator.interpreter.speech import SILENCES, Utterance, dialling
from ivr.simulator.network.network import Network

MOST = 30  # calls between numbers of the account at one time, and begun at one instant


class Guard:
    """Stops numbers that call each other without end: a limit of the simulator, not of Twilio."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.passed: set[tuple[FarEnd, str]] = set()  # by what is being passed on now
        self._calls: list[Leg] = []
        self._began = (-1, 0)  # an instant, and how many calls have begun at it

    def admits(self, leg: Leg) -> bool:
        """Whether one more call between numbers may begin."""
        self._calls = [each for each in self._calls if not each.ended]
        now = self._network.clock.instant()
        instant, many = self._began
        self._began = (now, many + 1 if now == instant else 1)
        if len(self._calls) >= MOST or self._began[1] > MOST:
            return False
        self._calls.append(leg)
        return True


class FarEnd:
    """What is at the end of a call instead of a telephone: the other call.

    ``begin`` makes it when this end is rung, and is None at the end that was made so.
    """

    __slots__ = ("_begin", "_guard", "far")
    eager = True
    machine = False
    greeting = ""
    sends = NO_PARAMETERS

    def __init__(
        self,
        guard: Guard,
        begin: Callable[[Leg, FarEnd], Leg] | None = None,
        other: Leg | None = None,
    ) -> None:
        self._guard = guard
        self._begin = begin
        self.far = other

    # ---- a call arrives

    def refusal(self, leg: Leg) -> Refusal | None:
        if self._guard.admits(leg):
            return None
        why = (
            f"simulator limit: {MOST} calls between numbers of this account; {leg.receiver} may be"
            " calling itself"
        )
        return Refusal("failed", why, "error", sip="482")

    def ring(self, leg: Leg) -> None:
        """The incoming call begins; when it is answered, so is the one that was placed."""
        assert self._begin is not None
        other = self.far = self._begin(leg, FarEnd(self._guard, other=leg))
        other.on_answer = lambda: _both_answered(leg, other)

    def dropped(self, leg: Leg) -> None:
        """One of the two is over: so is the other."""
        other, self.far = self.far, None
        if other is None or other.ended:
            return
        if self._begin is None:
            leg.network.clock.soon(_arrived_is_over, leg, other)
            return
        if leg.answered_at >= 0:
            leg.network.history.add(leg.sid, "parted", other.sid)
        other.end("completed" if other.picked_up else "no-answer", "the caller has hung up")

    # ---- what is heard at the other end

    def told(self, content: str) -> None:
        """An application at the other end isn't a softphone."""

    @contextmanager
    def _passing_on(self, what: str) -> Iterator[Leg | None]:
        """The other call, to pass something on to; None if it has come round, by way of
        conferences, to an end that it has passed."""
        passed = self._guard.passed
        first, here = not passed, (self, what)
        if here in passed:
            yield None
            return
        passed.add(here)
        try:
            yield self.far
        finally:
            if first:
                passed.clear()

    def hear(self, utterance: Utterance) -> None:
        """What is played or said here goes to the other call, and on to the people in it."""
        with self._passing_on("sound") as other:
            if other is not None:
                self._pass_on(other, utterance)

    def _pass_on(self, other: Leg, utterance: Utterance) -> None:
        for each in other.company():
            each.hear(utterance)
        clock = other.network.clock
        if utterance.kind == "person":
            other.speak(utterance.text)
        elif utterance.kind == "say":  # understood once it has been said
            clock.after(utterance.seconds, clock.soon, self._understood, utterance)
        elif utterance.kind == "tones":
            for place, digit in enumerate(utterance.text):
                if digit not in SILENCES:
                    clock.after(dialling(utterance.text[: place + 1]), self.tone, digit)

    def _understood(self, utterance: Utterance) -> None:
        if self.far is not None and utterance.complete:
            self.far.speak(utterance.text)

    def tone(self, key: str) -> None:
        """A key that is pressed here is a key there."""
        with self._passing_on("key") as other:
            if other is not None:
                other.key(key)

    def asked(self, leg: Leg) -> None:
        """A document listens: people in the other call may have something for it."""
        with self._passing_on("question") as other:
            for each in other.company() if other is not None else ():
                each.asked()


def _both_answered(placed: Leg, arrived: Leg) -> None:
    """At once, before the document that answers says anything."""
    if not placed.ended:
        placed.network.history.add(placed.sid, "bridged", arrived.sid)
        placed.person_answers()


def _arrived_is_over(arrived: Leg, placed: Leg) -> None:
    if placed.ended:
        return
    placed.returned = arrived.returned
    if placed.answered_at >= 0:
        placed.network.history.add(placed.sid, "parted", arrived.sid)
        placed.end("completed", arrived.because)
    else:
        refused = arrived.status != "completed"
        placed.end(arrived.status if refused else "no-answer", arrived.because)
