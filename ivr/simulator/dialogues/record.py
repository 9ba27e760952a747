"""Recording what happens in a call, and writing it as a dialogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.ear import words_of
from ivr.simulator.expectations.phones import Phone, phone_line
from ivr.simulator.expectations.syntax import ANYTHING, CALLER
from ivr.simulator.people.handset import Handset

Row = tuple[str, str, str]  # who, mark, text
LONG_WAIT = 10.0  # seconds; shorter waits aren't written into a dialogue


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that was done (``mark`` is ">") or seen ("<").

    ``heard``: how many utterances each phone had heard by then.
    """

    at: datetime
    who: str
    mark: str
    text: str
    heard: tuple[int, ...]

    @property
    def over(self) -> datetime:
        """When it was done: a wait takes its time."""
        seconds = self.text.removeprefix("wait ")
        return self.at + timedelta(seconds=0 if seconds == self.text else float(seconds))


class CallRecord:
    """Notes on a call while it happens; `write` turns them into a dialogue.

    ``caller`` and ``called`` are numbers. ``phones`` are the other phones, as the dialogue is to
    describe them; they must already be set up so on the exchange, or be driven by the test.
    """

    def __init__(
        self, exchange: Exchange, caller: str, called: str, phones: Sequence[Phone] = ()
    ) -> None:
        self.caller = caller
        self.called = called
        self.described = tuple(phones)
        self.began: datetime = exchange.clock.now()
        self.notes: list[Noted] = []
        self.phones: dict[str, Handset] = {CALLER: exchange.phone(caller)}
        self.phones |= {phone.name: exchange.phone(phone.number) for phone in phones}
        # What was heard before doesn't belong to this call.
        self.first = tuple(len(phone.heard) for phone in self.phones.values())
        self._exchange = exchange

    @property
    def silent_recordings(self) -> str:
        """What the network does with them: the call may depend on it."""
        return self._exchange.silent_recordings

    @property
    def verified(self) -> list[str]:
        """The verified caller IDs of the network's account."""
        return list(self._exchange.verified)

    @property
    def origin(self) -> str:
        """The origin of the network's numbers, "" if each has its own."""
        return self._exchange.origin

    @property
    def services(self) -> list[str]:
        """The SIDs of the account's services of Verify."""
        return list(self._exchange.verifications.services)

    def did(self, who: str, what: str) -> None:
        """Note an action, before it is done, in the format's words: ``did("duty", "answer")``."""
        self._note(who, ">", what)

    def saw(self, who: str, state: str) -> None:
        """Note the state of a phone: ``saw("caller", "connected to duty")``."""
        self._note(who, "<", f"({state})")

    def last_did(self, who: str) -> str:
        """The last thing that a person did, "" if nothing."""
        done = (note.text for note in reversed(self.notes) if (note.who, note.mark) == (who, ">"))
        return next(done, "")

    def _note(self, who: str, mark: str, text: str) -> None:
        heard = tuple(len(phone.heard) for phone in self.phones.values())
        self.notes.append(Noted(self._exchange.clock.now(), who, mark, text, heard))


def write(record: CallRecord, comment: str = "") -> str:
    """The dialogue of what happened, as the text of a ``.call`` file.

    `parse` reads it, and it passes when it is played again. ``comment`` is its first line.
    """
    lines = [f"# {comment}"] if comment else []
    lines.append(f"from {record.caller} to {record.called}")
    lines.append(f"start {record.began.isoformat(timespec='seconds')}")
    if record.silent_recordings != "kept":
        lines.append(f"silent recordings {record.silent_recordings}")
    lines += [f"verified {number}" for number in record.verified]
    lines += [f"origin {record.origin}"] if record.origin else []
    lines += [f"verify service {sid}" for sid in record.services]
    lines.extend(map(phone_line, record.described))
    return "\n".join([*lines, *_joined(list(_body(record)))]) + "\n"


def as_line(words: str) -> str:
    """Words as they can follow `<` without being read as a state or a time limit."""
    words = " ".join(words.split())
    if words.startswith("within "):
        return words.capitalize()
    if words.startswith("(") and words.endswith(")"):
        return f"{ANYTHING} {words}"
    return words


def _body(record: CallRecord) -> Iterator[Row]:
    """Every line: what was done and seen, and the words in between."""
    before: Sequence[int] = record.first
    last = record.began
    for note in _waits_last(record.notes):
        yield from _heard(record, before, note.heard)
        last = max([last, *_instants(record, before, note.heard)])
        idle = int((note.at - last).total_seconds())
        if note.mark == ">" and idle >= LONG_WAIT:
            yield note.who, ">", f"wait {idle}"
        yield note.who, note.mark, note.text
        before, last = note.heard, max(last, note.over)
    yield from _heard(record, before, [len(phone.heard) for phone in record.phones.values()])


def _waits_last(notes: Sequence[Noted]) -> list[Noted]:
    """Move waits behind what was seen during them: a state is waited for anyway."""
    moved = list(notes)
    for wait in notes:
        place = moved.index(wait)
        seen = [n for n in moved[place + 1 :] if n.mark == "<" and n.at < wait.over]
        if wait.mark == ">" and seen:
            left = (wait.over - seen[-1].at).total_seconds()
            rest = replace(
                wait, at=seen[-1].at, text=f"wait {round(left, 1):g}", heard=seen[-1].heard
            )
            moved.insert(moved.index(seen[-1]) + 1, rest)
            del moved[place]
    return moved


def _heard(record: CallRecord, start: Sequence[int], end: Sequence[int]) -> Iterator[Row]:
    for (name, phone), first, last in zip(record.phones.items(), start, end, strict=True):
        for utterance in phone.heard[first:last]:
            if words := words_of(utterance):
                yield name, "<", as_line(words)


def _instants(record: CallRecord, start: Sequence[int], end: Sequence[int]) -> Iterator[datetime]:
    for phone, first, last in zip(record.phones.values(), start, end, strict=True):
        yield from (utterance.at for utterance in phone.heard[first:last] if words_of(utterance))


def _joined(body: list[Row]) -> Iterator[str]:
    """Lines of text; what one person does in a row is on one line."""
    for number, (who, mark, text) in enumerate(body):
        if number and mark == ">" and body[number - 1][:2] == (who, ">"):
            continue
        row = [text]
        for later in body[number + 1 :]:
            if mark != ">" or later[:2] != (who, ">"):
                break
            row.append(later[2])
        yield f"{'' if who == CALLER else who + ' '}{mark} {', '.join(row)}"
