"""Playing a dialogue: people do what it says, and must hear and see what it says.

What an expectation means is decided here: it is met at the first moment at which it is true, and
the next line goes on from that moment. A line of words is met as soon as the prompt with its last
word *begins*, so a key that is pressed next interrupts that prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from ivr.errors import CallError
from ivr.simulator.dialogues.record import CallRecord
from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.ear import Ear, saying, words_of
from ivr.simulator.expectations.listening import (
    PATIENCE,
    comes_true,
    listen,
    other_languages,
)
from ivr.simulator.expectations.matching import Met, Open, pattern
from ivr.simulator.expectations.mismatch import DialogueError, Report, excerpt, names_of
from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import (
    CALLER,
    Act,
    Dialogue,
    Do,
    Language,
    State,
    Words,
    phrase,
)
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.network import START
from ivr.simulator.people.handset import Handset

SILENCE = 2.0  # seconds without words that count as (silence)
SETTLING = 5.0  # real seconds for the last webhooks of a call
MAX_ROUNDS = 20  # of phones that ring because others hung up
_REASONS = {
    "answer": "can't answer: it isn't ringing",
    "decline": "can't decline: it isn't ringing",
    "hang up": "can't hang up: it isn't in a call",
    "lose connection": "can't lose the connection: it isn't in a call",
    "call": "can't call: it is already in a call",
    "join": "can't join a room: it is already in a call",
    "say": "can't say anything: it isn't in a call",
}


class Corrections(Protocol):
    """What happens with words that weren't heard, instead of a failure."""

    def correct(self, stage: Stage, step: Words) -> None: ...
    def append(self, stage: Stage, ear: Ear) -> None: ...
    def skips(self, step: Words) -> bool: ...


class Stage:
    """A dialogue that is being played on an exchange."""

    def __init__(
        self,
        dialogue: Dialogue,
        exchange: Exchange,
        corrections: Corrections | None = None,
        record: CallRecord | None = None,
    ) -> None:
        self.dialogue = dialogue
        self.exchange = exchange
        self.corrections = corrections
        self.record = record
        self.ears = {
            name: Ear(name, phone, len(phone.heard)) for name, phone in self._phones().items()
        }
        self.language = ""
        self.line = 1
        self.since: datetime = exchange.clock.now()

    def play(self) -> None:
        """Play every step, in order, then the end. Raises `DialogueError`."""
        for step in self.dialogue.steps:
            self.line = step.line
            match step:
                case Do():
                    self._do(step)
                case Words():
                    self._words(step)
                case State():
                    self._state(step)
                case Language(code=code):
                    self.language = code
        self._end()

    def leave(self) -> None:
        """Everyone hangs up, and every phone that then rings declines."""
        leave(self.exchange)

    def wait(self, until: Callable[[], bool], at_most: float = PATIENCE) -> bool:
        """Let at most so many seconds pass until something is so; whether it was."""
        return comes_true(self.exchange, until, at_most)

    def speaking(self, ear: Ear) -> bool:
        """Whether a prompt is being said to a person right now."""
        return any(words_of(utterance) for utterance in saying(ear.phone))

    def _phones(self) -> dict[str, Handset]:
        phones = {CALLER: self.exchange.phone(self.dialogue.caller)}
        for described in self.dialogue.phones:
            phones[described.name] = scripted(self.exchange, described)
        return phones

    # ---- what people do

    def _do(self, step: Do) -> None:
        for act in step.acts:
            self.act(step.who, act)
        self.since = self.exchange.clock.now()

    def act(self, who: str, act: Act) -> None:
        """Let a person do one thing, as soon as it is possible. Raises `DialogueError`."""
        ear = self.ears[who]
        match act.kind:
            case "press" | "type":
                self._listens(ear, act)
            case "answer" | "decline":
                self._possible(ear, act, self.wait(lambda: ear.phone.ringing))
            case "call" | "join":
                self._possible(ear, act, not ear.phone.in_call)
            case "say":
                self._possible(ear, act, ear.phone.in_call)
                self._listens(ear, act)
            case "hang up" | "lose connection":
                self._possible(ear, act, ear.phone.in_call)
        if self.record is not None:
            self.record.did(who, phrase(act))
        try:
            self._perform(ear.phone, act)
        except CallError as error:
            raise self.error(ear, str(error)) from error

    def _perform(self, phone: Handset, act: Act) -> None:
        match act.kind:
            case "call":
                phone.call(self.dialogue.called)
            case "join":
                phone.join(act.value)
            case "answer":
                phone.answer()
            case "decline":
                phone.decline()
            case "press" | "type":
                self._press(phone, act.value)
            case "hang up":
                phone.hang_up()
            case "lose connection":
                phone.lose_connection()
            case "say":
                phone.say(act.value)
            case "wait":
                self.exchange.wait(act.seconds)

    def _press(self, phone: Handset, keys: str) -> None:
        phone.press(keys)
        if self.exchange.clock.rate:  # then the keys are pressed while the dialogue goes on
            self.exchange.wait((len(keys) - 1) * phone.typing)

    def _listens(self, ear: Ear, act: Act) -> None:
        # Keys and words are lost on a prompt that doesn't gather. A polite person waits until a
        # document listens; on a call with people there is nothing to wait for.
        phone, speaks = ear.phone, act.kind == "say"
        ready = act.at_once or self.wait(
            lambda: (
                (phone.audible if speaks else phone.listening)
                or bool(phone.connected_to)
                or not phone.in_call
            )
        )
        does = phrase(act)
        if not ready:
            why = f"{ear.name} waited {PATIENCE:g} s to {does}, and nothing listened"
            raise self.error(ear, why)
        if not phone.in_call:
            raise self.error(ear, f"{ear.name} can't {does}: the call is over")

    def _possible(self, ear: Ear, act: Act, possible: bool) -> None:
        if not possible:
            raise self.error(ear, f"{ear.name} {_REASONS[act.kind]}")

    # ---- what they must hear and see

    def _words(self, step: Words) -> None:
        if self.corrections is not None and self.corrections.skips(step):
            return
        ear, wanted = self.ears[step.who], pattern(step.text)
        verdict = listen(self.exchange, ear, wanted, self._patience(step))
        if isinstance(verdict, Met):
            self._in_language(step, ear.take(wanted.open_end))
            self.since = self.exchange.clock.now()
        elif self.corrections is not None:
            self.corrections.correct(self, step)
        else:
            raise self._unheard(step, waited=isinstance(verdict, Open))

    def _unheard(self, step: Words, waited: bool) -> DialogueError:
        why = f"{step.who} didn't hear what was expected"
        if waited:
            why += f", and waited {self._patience(step):g} s for it"
        return self.error(self.ears[step.who], why, wanted=step.text)

    def _in_language(self, step: Words, utterances: list[Utterance]) -> None:
        if step.who != CALLER or not self.language:
            return
        wrong = other_languages(utterances, self.language)
        if wrong:
            why = f"the words match, but were spoken in {', '.join(wrong)}, not {self.language}"
            raise self.error(self.ears[step.who], why)

    def _state(self, step: State) -> None:
        ear = self.ears[step.who]
        if step.kind == "silence":
            reached = self._silent(ear, self._patience(step))
        else:
            reached = self.wait(lambda: self._stands(ear.phone, step), self._patience(step))
        if not reached:
            why = (
                f"{step.who} waited {self._patience(step):g} s for ({self._phrase(step)}), "
                f"but is {self._stand(ear.phone)}"
            )
            raise self.error(ear, why)
        if self.record is not None:
            self.record.saw(step.who, self._phrase(step))
        self.since = self.exchange.clock.now()

    def _stands(self, phone: Handset, step: State) -> bool:
        match step.kind:
            case "rings":
                return phone.ringing
            case "stops ringing":
                return bool(phone.calls) and not phone.ringing
            case "hung up":
                return bool(phone.calls) and not phone.in_call and not phone.ringing
            case _:
                expected = {self.ears[name].phone for name in step.names}
                return set(phone.connected_to) == expected

    def _silent(self, ear: Ear, at_most: float) -> bool:
        began = self.exchange.clock.now()
        while self.wait(lambda: not self.speaking(ear), at_most):
            heard = len(ear.phone.heard)
            self.exchange.wait(SILENCE)
            if not self.speaking(ear) and not any(map(words_of, ear.phone.heard[heard:])):
                return True
            if (self.exchange.clock.now() - began).total_seconds() >= at_most:
                return False
        return False

    def _phrase(self, step: State) -> str:
        if step.kind != "connected":
            return step.kind
        return f"connected to {', '.join(sorted(step.names)) or 'nobody'}"

    def _stand(self, phone: Handset) -> str:
        if phone.ringing:
            return "ringing"
        if not phone.in_call:
            return "on the hook"
        people = {name: ear.phone for name, ear in self.ears.items()}
        return f"connected to {', '.join(names_of(phone.connected_to, people)) or 'nobody'}"

    def _patience(self, step: Words | State) -> float:
        return PATIENCE if step.within is None else step.within

    # ---- the end

    def _end(self) -> None:
        if self.dialogue.open_end:
            self.leave()
            return
        over = self.exchange.clock.now() + timedelta(seconds=PATIENCE)
        while (left := (over - self.exchange.clock.now()).total_seconds()) > 0:
            at_rest = self.wait(lambda: bool(self._unexpected()) or self._at_rest(), left)
            unexpected = self._unexpected()
            for ear in unexpected:
                self._unforeseen(ear)
            if at_rest and not unexpected:
                return
        self._left()

    def _at_rest(self) -> bool:
        return not any(ear.phone.ringing or ear.phone.in_call for ear in self.ears.values())

    def _unforeseen(self, ear: Ear) -> None:
        if self.corrections is None:
            why = f"{ear.name} heard something that no line expects"
            raise self.error(ear, why, notes=(_ENDING,))
        self.corrections.append(self, ear)

    def _left(self) -> None:
        for ear in self.ears.values():
            if ear.phone.ringing or ear.phone.in_call:
                state = "ringing" if ear.phone.ringing else "in a call"
                why = f"the dialogue is over, and {ear.name} is left {state}"
                raise self.error(ear, why, notes=(_ENDING,))

    def _unexpected(self) -> list[Ear]:
        # The words at a phone only matter if some line mentions them; the caller's always do.
        named = {step.who for step in self.dialogue.steps if isinstance(step, Words)}
        return [
            ear for name, ear in self.ears.items() if name in named | {CALLER} and ear.unexpected()
        ]

    def error(
        self, ear: Ear, why: str, wanted: str | None = None, notes: tuple[str, ...] = ()
    ) -> DialogueError:
        """The error for one person, with everything that explains it."""
        report = Report(self.ears, self.exchange, self.since, ear.name, wanted, notes)
        top = [f"{self.dialogue.name}:{self.line}: {why}"]
        shown = excerpt(self.dialogue, self.line)
        return DialogueError(self.exchange.do(lambda: report.text(top, shown)), self.line)


_ENDING = "  End the dialogue with “< …” if what comes after it doesn't matter."


def play(dialogue: Dialogue, exchange: Exchange, record: CallRecord | None = None) -> None:
    """Play a dialogue on an exchange that has its number; ``record`` takes notes of the call.

    Raises `DialogueError` at the first line that isn't met, with what was heard instead. Failed
    webhooks aren't checked here: see `Exchange.strict`.
    """
    Stage(dialogue, exchange, record=record).play()


def scripted(exchange: Exchange, described: Phone) -> Handset:
    """Set up a phone as a dialogue's header describes it, and return it."""
    phone = exchange.phone(described.number)
    kind, after, press, say, hang_up = described.habit
    phone.will(kind, after=after, press=press, say=say, hang_up=hang_up, typing=described.typing)
    return phone


def leave(exchange: Exchange) -> None:
    """Every phone hangs up, and those that then ring decline."""
    for _ in range(MAX_ROUNDS):
        busy = [phone for phone in exchange.phones.values() if phone.leg is not None]
        if not busy:
            return
        for phone in busy:
            exchange.do(partial(_put_down, phone))
        exchange.wait(0)


def settle(exchange: Exchange) -> None:
    """Wait for requests over HTTP that are in flight, so that none looks as if it had failed."""
    exchange.wait(0)
    with suppress(AssertionError):
        exchange.wait_until(lambda: not exchange.in_flight, SETTLING * max(1, exchange.clock.rate))


def _put_down(phone: Handset) -> None:
    if phone.ringing:
        phone.decline()
    elif phone.in_call:
        phone.hang_up()


def exchange_for(dialogue: Dialogue, seed: int = 1, rate: float = 0) -> Exchange:
    """A new exchange, with what the dialogue's header says of it."""
    seed = seed if dialogue.seed is None else dialogue.seed
    exchange = Exchange(seed, start=dialogue.start or START, rate=rate)
    if dialogue.silent_recordings:
        exchange.silent_recordings = dialogue.silent_recordings
    for number in dialogue.verified:
        exchange.verify(number)
    exchange.origin = dialogue.origin
    for sid in dialogue.services:
        exchange.verify_service(sid=sid)
    return exchange
