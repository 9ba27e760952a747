"""Calls made by hand, each saved as a dialogue that can be played again.

Only one call at a time: while several callers are on the line, what happens can't be attributed, so
such calls aren't saved, and a message says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ivr.simulator.dialogues.record import CallRecord, write
from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.phones import BEHAVIOURS, Phone
from ivr.simulator.expectations.syntax import CALLER
from ivr.simulator.people.scripted import TYPING
from ivr.simulator.screens.terminal import Watch

POLL = 0.25  # seconds between two looks at the phones
DOES = {habit: words for words, habit in BEHAVIOURS.items()}
WORDS = {"press": "press {}", "say": 'say "{}"', "hang_up": "hang up"}


class Keeper:
    """Writes ``.call`` files into ``folder``.

    ``people`` are the phones, from number to name. ``say`` is called with a message about every
    file, or why there is none. Everything happens on the exchange's thread.
    """

    def __init__(
        self,
        exchange: Exchange,
        people: Mapping[str, str],
        folder: Path,
        say: Callable[[str], None] = print,
    ) -> None:
        self.exchange = exchange
        self.folder = folder
        self.say = say
        self.names = _names(people)
        self.record: CallRecord | None = None
        self._watch: Watch | None = None
        self._unusable = ""
        self._since = 0  # the instant at which the call began

    def did(self, number: str, action: str, value: str = "") -> None:
        """A person is about to do this at their phone."""
        if action == "call":
            self._begin(number, value)
        elif action == "will":
            self._unusable = self._unusable or "a phone's habit was changed during the call"
        elif self.record is not None:
            who = CALLER if number == self.record.caller else self.names[number]
            words = value.replace('"', "'")
            self.record.did(who, WORDS.get(action, action).format(words))

    def failed(self, problem: str) -> None:
        """What was about to be done couldn't be done."""
        if self.record is None or not self.record.notes:
            return
        if self.record.notes.pop().text == "call" and not self.record.notes:
            self.record = None

    def _begin(self, number: str, called: str) -> None:
        if self.record is not None:
            self._unusable = "another call began during the call"
            return
        phones = [
            self._described(name, other) for other, name in self.names.items() if other != number
        ]
        self._unusable = ""
        self._since = self.exchange.clock.instant()
        self.record = record = CallRecord(self.exchange, number, called, phones)
        self._watch = Watch(self.exchange, record.phones, record, record.began)
        self._watch.look()
        record.did(CALLER, "call")
        self.exchange.clock.after(POLL, self._look, record)

    def _described(self, name: str, number: str) -> Phone:
        phone = self.exchange.phone(number)
        _, after, press, say, hang_up = phone.script
        typing = phone.typing if phone.typing != TYPING else None
        say = say.replace('"', "'")
        return Phone(0, name, number, DOES[phone.habit], after, press, say, hang_up, typing)

    def _look(self, record: CallRecord) -> None:
        if self.record is not record or self._watch is None:
            return
        self._watch.look()
        if any(phone.leg is not None for phone in record.phones.values()):
            self.exchange.clock.after(POLL, self._look, record)
        else:
            self.record = None
            self._over(record)

    def _over(self, record: CallRecord) -> None:
        called = f"the call from {record.caller} at {record.began:%H:%M:%S}"
        if self._unusable:
            self.say(f"{called} isn't saved: {self._unusable}")
            return
        record.described = tuple(each for each in record.described if self._took_part(record, each))
        file = self.folder / f"{record.began:%Y-%m-%d_%H%M%S}.call"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file.write_text(write(record, f"{called[0].upper()}{called[1:]}"), encoding="utf-8")
        except OSError as error:
            self.say(f"{called} can't be saved: {error}")
            return
        self.say(f"saved {file}")

    def _took_part(self, record: CallRecord, phone: Phone) -> bool:
        place = list(record.phones).index(phone.name)
        heard = len(record.phones[phone.name].heard) > record.first[place]
        rung = any(leg.created_at >= self._since for leg in record.phones[phone.name].calls)
        return heard or rung or any(note.who == phone.name for note in record.notes)


def _names(people: Mapping[str, str]) -> dict[str, str]:
    """Names for a dialogue, from number to name, each name once."""
    names: dict[str, str] = {}
    for number, name in people.items():
        words = re.findall(r"\w+", name.lower()) or ["phone"]
        plain = words[0] if words[0][0].isalpha() else f"phone_{words[0]}"
        plain = f"{plain}_phone" if plain == CALLER else plain
        taken = sum(each.partition("-")[0] == plain for each in names.values())
        names[number] = f"{plain}-{taken + 1}" if taken else plain
    return names


__all__ = ["Keeper"]
