"""Explaining a failed expectation: what was heard instead, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ivr.simulator.expectations.ear import Ear, words_of
from ivr.simulator.expectations.matching import (
    Met,
    difference,
    fold,
    likeness,
    match,
    nearest,
    pattern,
    sentences,
    unfolded,
)
from ivr.simulator.expectations.syntax import ANYTHING, Dialogue
from ivr.simulator.network.network import Network, Notice
from ivr.simulator.people.handset import Handset

MAX_LINES = 12
ALIKE = 0.6  # likeness from which other words than those that came may be the ones that were meant
MAX_CHANGES = 6
NEVER_CALLED = (
    "  It has never been called. If the application calls it later, from a worker or a timer of its"
    "\n  own, time must stand still that long: exchange.grace (docs/testing/requests-to-twilio.md)."
)


class DialogueError(AssertionError):
    """A call didn't go as its dialogue says; the message shows what happened instead.

    ``line`` is the dialogue's line, counted from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance: when, to which person, and its words."""

    at: datetime
    to: str
    text: str
    cut_short: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What is needed to explain a failed expectation.

    ``since``: what was said before this instant isn't shown. ``wanted``: the words expected, None
    where it wasn't about words.
    """

    ears: dict[str, Ear]
    network: Network
    since: datetime
    who: str
    wanted: str | None = None
    notes: tuple[str, ...] = ()

    def text(self, *above: list[str]) -> str:
        """The whole explanation; ``above`` are paragraphs on what went wrong, and where."""
        parts = list(above)
        if self.wanted is not None:
            parts.append(self._comparison(self.wanted))
        parts += [self._said(), self._phones(), self._noted(), list(self.notes)]
        return _paragraphs(parts)

    def lately(self) -> str:
        """What was said last, and the states of the phones."""
        return _paragraphs([self._said(), self._phones()])

    def _comparison(self, wanted: str) -> list[str]:
        heard = self._heard_by(self.who)
        rows = [f"  expected    {wanted}", f"  heard       {heard or 'nothing'}"]
        candidates = self._candidates()
        closest = nearest(wanted.replace(ANYTHING, " "), [one.text for one in candidates])
        if closest is None:
            return rows
        if fold(closest) != fold(heard):
            if likeness(wanted.replace(ANYTHING, " "), closest) < ALIKE:
                return rows + self._hints(wanted)
            best = next(one for one in candidates if one.text == closest)
            to = "" if best.to == self.who else f"  (said to {best.to})"
            rows.append(f"  nearest     {closest}{to}")
        if fold(wanted) != fold(closest):
            rows.append(f"  difference  {self._difference(wanted, closest)}")
        return rows + self._hints(wanted)

    def _hints(self, wanted: str) -> list[str]:
        hints = []
        if "..." in wanted:
            hints.append(f"three dots only match dots; use {ANYTHING} for any words")
        later = match(pattern(wanted), self.ears[self.who].pending().text, anything_first=True)
        if isinstance(later, Met):
            hints.append(f"it was heard after other words; a {ANYTHING} in front of it allows them")
        return [f"  hint        {hint}" for hint in hints]

    def _difference(self, wanted: str, closest: str) -> str:
        if likeness(wanted, closest) < 0.3:
            return "nothing in common"
        changes = difference(wanted, closest)
        more = f"; and {len(changes) - MAX_CHANGES} more" if len(changes) > MAX_CHANGES else ""
        return ("; ".join(changes[:MAX_CHANGES]) or "only where it ends") + more

    def _heard_by(self, who: str) -> str:
        ear = self.ears[who]
        texts = [
            unfolded(words_of(ear.phone.heard[piece.index]), piece.skipped)
            for piece in ear.pending(cut_short=False).pieces
        ]
        return " ".join(texts)

    def _candidates(self) -> list[Said]:
        # Whole utterances, their sentences, and all that this person heard: the one most like what
        # was expected is probably the one that was meant.
        said = list(self._since())
        cut = [
            Said(one.at, one.to, sentence, one.cut_short)
            for one in said
            for sentence in sentences(one.text)
        ]
        whole = self._heard_by(self.who)
        return [*([Said(self.since, self.who, whole, False)] if whole else []), *said, *cut]

    def _since(self) -> Iterator[Said]:
        said = [
            Said(utterance.at, name, words_of(utterance), ear.was_cut(utterance))
            for name, ear in self.ears.items()
            for index, utterance in enumerate(ear.phone.heard)
            if words_of(utterance) and (utterance.at >= self.since or index >= ear.index)
        ]
        yield from sorted(said, key=lambda one: one.at)

    def _said(self) -> list[str]:
        said = list(self._since())
        if not said:
            return ["  Nothing was said to anyone since then."]
        left_out = len(said) - MAX_LINES
        rows = [f"    ({left_out} earlier lines aren't shown)"] if left_out > 0 else []
        for one in said[-MAX_LINES:]:
            cut = "   (cut short)" if one.cut_short else ""
            rows.append(f"    {clock(one.at)}  to {one.to}:  {one.text}{cut}")
        return ["  What was said last, and to whom:", *rows]

    def _phones(self) -> list[str]:
        now = self.network.clock.now()
        people = {name: ear.phone for name, ear in self.ears.items()}
        rows = [f"    {name}: {state_of(phone, people)}" for name, phone in people.items()]
        return [f"  The phones at {clock(now)}:", *rows]

    def _noted(self) -> list[str]:
        notices = list(self.network.debugger)
        if not notices:
            return []
        rows = [f"    {notice_line(notice)}" for notice in notices[-MAX_LINES:]]
        return ["  The debugger's log:", *rows]


def _paragraphs(parts: list[list[str]]) -> str:
    return "\n\n".join("\n".join(part) for part in parts if part)


def excerpt(dialogue: Dialogue, line: int) -> list[str]:
    """A dialogue's line, and the two before it."""
    first = max(1, line - 2)
    return [
        f"  {'>' if number == line else ' '} {number:>3} | {text}"
        for number, text in enumerate(dialogue.lines[first - 1 : line], first)
    ]


def clock(at: datetime) -> str:
    """An instant, as in a message: 09:00:02.4 (UTC)."""
    return at.strftime("%H:%M:%S.") + str(at.microsecond // 100_000)


def notice_line(notice: Notice) -> str:
    """An entry of the debugger's log, on one line."""
    code = f" {notice.code}" if notice.code else ""
    return f"{notice.level}{code}: {notice.text}" + (f" ({notice.url})" if notice.url else "")


def state_of(phone: Handset, people: Mapping[str, Handset]) -> str:
    """The state of a phone, in words."""
    if phone.ringing:
        return f"ringing, its display shows {phone.caller_id or 'no number'}"
    if not phone.in_call:
        return "on the hook"
    others = names_of(phone.connected_to, people)
    listening = ", listening for keys" if phone.listening else ""
    return f"in a call, connected to {', '.join(others) or 'nobody'}{listening}"


def rang(phone: Handset) -> tuple[str, ...]:
    """When a phone has been called, and what became of it; each call is a line."""
    legs = phone.network.legs.values()
    calls = [leg for leg in legs if leg.phone is phone and leg.direction != "inbound"]
    at = phone.network.clock.at
    rows = []
    for leg in calls[-MAX_LINES:]:
        answered = " and answered" if leg.answered_at >= 0 else ""
        over = f"; that call ended at {clock(at(leg.ended_at))} ({leg.status})" if leg.ended else ""
        why = f": {leg.because}" if leg.ended and leg.because else ""
        rows.append(f"  It was called at {clock(at(leg.created_at))}{answered}{over}{why}.")
    return ("\n".join(rows) or NEVER_CALLED,)


def names_of(phones: Iterable[Handset], people: Mapping[str, Handset]) -> list[str]:
    """The names that a dialogue has for phones, or their numbers."""
    known = {phone: name for name, phone in people.items()}
    return sorted(known.get(phone) or phone.number for phone in phones)
