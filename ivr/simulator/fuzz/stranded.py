"""What callers may do, who counts as stranded, and which real callers would meet the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import Act, phrase

Habit = tuple[str, float, str]  # of a person who is called: (does, after, press)
Key = tuple[str, int, str]  # kind, code and document
UNREACHED = range(11201, 11216)  # Twilio's numbers for an application that gave no answer
SPOKEN = {  # how prompts name keys, besides the key itself
    "0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six",
    "7": "seven", "8": "eight", "9": "nine", "*": "star", "#": "pound|hash",
}  # fmt: skip
PEOPLE = {
    "answers": "answers",
    "voicemail": "has an answering machine",
    "busy": "is busy",
    "declines": "declines the call",
    "rings": "doesn't answer",
    "unreachable": "can't be reached",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What callers may do, and when they count as stranded. Seconds are simulated time.

    ``keys``, ``words``: what they may press and say. ``entries``: sequences of keys that they know,
    such as a case number. ``longest``: how many things one caller does. ``silence``: seconds in
    which nothing is heard, nothing is going on and no key is asked for. ``patience``: seconds in
    which a caller who does nothing more hears nothing new. ``warnings``: count Twilio's warnings as
    errors.
    """

    keys: str = "0123456789*#"
    entries: tuple[str, ...] = ()
    words: tuple[str, ...] = ("yes", "no", "help")
    longest: int = 12
    silence: float = 60.0
    patience: float = 600.0
    warnings: bool = False


@dataclass(frozen=True, slots=True)
class Stranded:
    """A caller who was stranded.

    ``kind``: error, silence or loop. ``why``: what happened, in a sentence. ``where``: the URL of
    the document, without its query. ``code``: Twilio's error code, or 0. ``acts``: what the caller
    did; ``habits``: what the people whom the test doesn't describe did, in the order in which they
    were called. ``dialogue``: the call as a ``.call``, which fails when it is played again, until
    the application is corrected. ``who``: which real callers meet it, in a sentence.
    """

    kind: str
    why: str
    where: str
    code: int
    acts: tuple[Act, ...]
    dialogue: str
    who: str
    habits: tuple[Habit, ...] = field(default=(), repr=False)

    @property
    def key(self) -> Key:
        """What makes it the same problem as another: kind, code and document."""
        return self.kind, self.code, self.where


@dataclass(frozen=True, slots=True)
class Done:
    """Something that a caller did. ``prompts``: what they had been told since they did something
    before; ``listening``: whether anything listened to keys."""

    act: Act
    prompts: str
    listening: bool

    @property
    def mistake(self) -> str:
        """What no caller does on purpose, "" if it is what the prompts ask for."""
        if self.act.kind != "press":
            return ""
        if not self.listening:
            return "before anything listens"
        keys = self.act.value
        if len(keys) == 1 and not announces(self.prompts, keys):
            return "a key that no prompt mentions"
        return ""


def announces(prompts: str, key: str) -> bool:
    """Whether a prompt names a key: "press 1", "press one", "star"."""
    # "One moment" and "press one key" aren't about the key 1.
    spoken = rf"\b(?:press|dial|push|hit|enter|number|or|the)\s+(?:{SPOKEN[key]})\b(?!\s+key)"
    names = rf"(?<!\d){re.escape(key)}(?!\d)|{spoken}"
    return re.search(names, prompts, re.IGNORECASE) is not None


def who_meets(
    code: int, why: str, done: Iterable[Done], people: Sequence[Phone], idle: float
) -> str:
    """Which real callers meet a problem, in a sentence; ``idle``: seconds in which they do nothing
    at the end."""
    if code in UNREACHED:
        return (
            "Callers meet this only while the application doesn't answer: check whether it is "
            "running, and how long it takes."
        )
    if not code and "simulator limit" in why:
        return "This is a limit of the simulator: a caller at Twilio may hear something else."
    steps = [each for each in done if each.act.kind != "call"]
    does = [_does(each) for each in steps]
    if idle:
        does.append(f"do nothing for {idle:g} s" if not steps else f"wait for {idle:g} s")
    when = [f"{each.number} {_behaves(each)}" for each in people]
    subject = f"Callers who {_joined(does)} meet this" if does else "Every caller meets this"
    if any(each.mistake for each in steps):
        subject = f"Only c{subject[1:]}"
    return subject + (f" when {_joined(when)}" if when else "") + "."


def _does(done: Done) -> str:
    match done.act:
        case Act(kind="wait", seconds=seconds):
            return f"wait {seconds:g} s"
        case Act(kind="press", value=keys):
            return f"press {keys}" + (f" ({done.mistake})" if done.mistake else "")
    return phrase(done.act)


def _joined(things: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(things[:-1]), things[-1])))


def _behaves(phone: Phone) -> str:
    return PEOPLE[phone.does] + (f" and presses {phone.press}" if phone.press else "")
