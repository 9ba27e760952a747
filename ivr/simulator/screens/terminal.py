"""A phone in the terminal: dial any TwiML webhook, read or hear what is said, press keys."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread

from ivr.simulator.calls.leg import Leg
from ivr.simulator.dialogues.record import CallRecord
from ivr.simulator.dialogues.stage import Stage
from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.ear import words_of
from ivr.simulator.expectations.mismatch import DialogueError, names_of, notice_line
from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import CALLER, Act, Dialogue
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.people.handset import Handset
from ivr.simulator.screens.keyboard import Keyboard

KEYS = "0123456789*#"
QUIT = "qQ\x03\x04"
POLL = 0.05  # seconds between two looks at the phones
PACE = "190"  # words a minute, a little faster than the simulated pace
LAST_SENTENCE = 10.0  # seconds that it may take to end


@dataclass(frozen=True, slots=True)
class Written:
    """A line to show; ``spoken`` is (words, language) if the person at this phone hears it."""

    text: str
    spoken: tuple[str, str] | None = None


@dataclass(slots=True)
class Watch:
    """Watches the phones, and says what has changed since the last look."""

    exchange: Exchange
    phones: dict[str, Handset]
    record: CallRecord
    began: datetime
    _heard: dict[str, int] = field(default_factory=dict)
    _last_state: dict[str, str] = field(default_factory=dict)
    _rung: dict[str, Leg] = field(init=False)
    _done: int = 0
    _noted: int = 0

    def __post_init__(self) -> None:
        self._rung = {name: phone.calls[-1] for name, phone in self.phones.items() if phone.calls}

    def look(self) -> list[Written]:
        """Everything since the last look, in plain words."""
        lines = list(self._did())
        lines += [line for name in self.phones for line in self._said(name)]
        lines += [line for name in self.phones for line in self._changed(name)]
        return lines + self._notices()

    def _did(self) -> Iterable[Written]:
        first, self._done = self._done, len(self.record.notes)
        for note in self.record.notes[first:]:
            if note.mark == ">":
                yield Written(f"{self._clock(note.at)}  >> {note.text}")
            if note.text == "call":  # even if it is already over
                self._last_state[note.who] = _TALKING

    def _said(self, name: str) -> Iterable[Written]:
        heard = self.phones[name].heard
        first, self._heard[name] = self._heard.get(name, 0), len(heard)
        for utterance in heard[first:]:
            words = words_of(utterance) or self._by_a_person(utterance)
            if words:
                spoken = (words, utterance.language) if name == CALLER else None
                to = "" if name == CALLER else f"{name} hears: "
                yield Written(f"{self._clock(utterance.at)}  {to}{words}", spoken)

    def _by_a_person(self, utterance: Utterance) -> str:
        """What people on the call say, which isn't part of a dialogue."""
        names = {phone.number: name for name, phone in self.phones.items()}
        who = names.get(utterance.voice, utterance.voice)
        match utterance.kind:
            case "person":
                return f"{who}: “{utterance.text}”"
            case "tone" if utterance.voice:
                return f"{who}: (beep)"
        return ""

    def _changed(self, name: str) -> Iterable[Written]:
        phone = self.phones[name]
        state = self._state(phone)
        yield from self._rang(name, phone)
        before, self._last_state[name] = self._last_state.get(name, _IDLE), state
        if state == before:
            return
        if name == CALLER:
            self._note(before, state)
        over = (name, state) == (CALLER, _IDLE)
        text = "the call is over" if over else f"{self._is(name)} {state}"
        yield Written(f"{self._clock(self.exchange.clock.now())}  -- {text}")

    def _rang(self, name: str, phone: Handset) -> Iterable[Written]:
        """Phones that rang, even if that was over before this look."""
        last, calls = self._rung.get(name), phone.calls
        new = calls[calls.index(last) + 1 :] if last in calls else calls
        if new:
            self._rung[name] = new[-1]
        for leg in new:
            if leg.direction != "inbound" and not (phone.ringing and leg is phone.leg):
                self._last_state[name] = _RINGING
                at = self._clock(self.exchange.clock.at(leg.created_at))
                yield Written(f"{at}  -- {self._is(name)} {_RINGING}")

    def _is(self, name: str) -> str:
        return "you are" if name == CALLER else f"{name} ({self.phones[name].number}) is"

    def _note(self, before: str, state: str) -> None:
        if state.startswith("connected"):
            self.record.saw(CALLER, state)
        elif state != _IDLE and before.startswith("connected"):
            self.record.saw(CALLER, "connected to nobody")
        elif state == _IDLE and self.record.last_did(CALLER) != "hang up":
            self.record.saw(CALLER, "hung up")

    def _state(self, phone: Handset) -> str:
        if phone.ringing:
            return _RINGING
        if not phone.in_call:
            return _IDLE
        names = names_of(phone.connected_to, self.phones)
        return f"connected to {', '.join(names)}" if names else _TALKING

    def _notices(self) -> list[Written]:
        notices = list(self.exchange.debugger)[self._noted :]
        self._noted += len(notices)
        return [
            Written(f"{self._clock(notice.at)}  !! {notice_line(notice)}") for notice in notices
        ]

    def _clock(self, at: datetime) -> str:
        minutes, seconds = divmod(int((at - self.began).total_seconds()), 60)
        return f"{minutes:>2}:{seconds:02}"


_IDLE = "on the hook"
_TALKING = "in a call"
_RINGING = "ringing"


class Voice:
    """Speaks with `espeak-ng`; a key or a new sentence interrupts it."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._speaking: subprocess.Popen[bytes] | None = None

    @classmethod
    def found(cls) -> Voice | None:
        """The voice of this machine, None if `espeak-ng` isn't installed."""
        program = shutil.which("espeak-ng")
        return cls(program) if program else None

    def say(self, words: str, language: str) -> None:
        """Speak, in a language such as "fr-FR" ("" for English)."""
        self.stop()
        code = language.partition("-")[0].lower() or "en"
        command = [self._program, "-v", code, "-s", PACE, "--", words]
        self._speaking = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def finish(self) -> None:
        """Let the last sentence end, if that doesn't take too long."""
        if self._speaking is not None:
            with suppress(subprocess.TimeoutExpired):
                self._speaking.wait(LAST_SENTENCE)
        self.stop()

    def stop(self) -> None:
        """Be silent."""
        if self._speaking is not None:
            self._speaking.terminate()
            self._speaking.wait()
            self._speaking = None


class Session:
    """One call from a terminal, on an exchange that is running on its own thread."""

    def __init__(
        self,
        exchange: Exchange,
        caller: str,
        called: str,
        phones: Sequence[Phone] = (),
        show: Callable[[str], None] = print,
        voice: Voice | None = None,
    ) -> None:
        self.exchange = exchange
        self.dialogue = Dialogue("ivr phone", caller, called, tuple(phones), (), ())
        self.record = CallRecord(exchange, caller, called, phones)
        self.stage = Stage(self.dialogue, exchange, record=self.record)
        self.phone: Handset = self.stage.ears[CALLER].phone
        self.watch = Watch(exchange, self.record.phones, self.record, self.record.began)
        self._show = show
        self._voice = voice

    def type(self, keyboard: Keyboard) -> None:
        """Call, and press the keys that are typed; `q` or Ctrl-C hangs up."""
        self.exchange.do(self._call)
        try:
            while not self.over():
                self.show()
                for key in keyboard.read(POLL):
                    self._typed(key)
        except KeyboardInterrupt:
            self.hang_up()
        self._over()

    def follow(self, acts: Sequence[Act], stay: float) -> DialogueError | None:
        """Call, do these things as soon as each is possible, then stay for so many seconds.

        Returns the failure of one that wasn't possible.
        """
        failures: list[Exception] = []
        script = Thread(target=self._script, args=(acts, stay, failures), daemon=True)
        script.start()
        try:
            while script.is_alive():
                script.join(POLL)
                self.show()
        except KeyboardInterrupt:
            self.hang_up()
        self.hang_up()
        self._over()
        match failures:
            case [DialogueError() as failure]:
                return failure
            case [other]:
                raise other
        return None

    def over(self) -> bool:
        """Whether the call has ended."""
        return self.exchange.do(lambda: not self.phone.in_call)

    def hang_up(self) -> None:
        """Hang up, if the call isn't over."""
        self._act("hang up", self.phone.hang_up)

    def show(self) -> None:
        """Print, and speak, what happened since the last time."""
        for line in self.exchange.do(self.watch.look):
            self._show(line.text)
            if line.spoken is not None and self._voice is not None:
                self._voice.say(*line.spoken)

    def _over(self) -> None:
        self.show()
        if self._voice is not None:
            self._voice.finish()

    def _typed(self, key: str) -> None:
        if key in QUIT:
            self.hang_up()
        elif key in KEYS:
            if self._voice is not None:
                self._voice.stop()
            self._act(f"press {key}", lambda: self.phone.press(key))

    def _act(self, what: str, act: Callable[[], None]) -> None:
        def noted() -> None:
            if self.phone.in_call:
                self.record.did(CALLER, what)
                act()

        self.exchange.do(noted)

    def _call(self) -> None:
        self.record.did(CALLER, "call")
        self.phone.call(self.dialogue.called)

    def _script(self, acts: Sequence[Act], stay: float, failures: list[Exception]) -> None:
        try:
            for act in (Act("call"), *acts):
                self.stage.act(CALLER, act)
            self.stage.wait(lambda: not self.phone.in_call, stay)
        except Exception as error:  # raised again on the thread that shows the call
            failures.append(error)
