"""What one person has heard of a call, and how much of it has been expected so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ivr.simulator.expectations.matching import (
    Met,
    Open,
    Pattern,
    Verdict,
    fold,
    glue,
    match,
)
from ivr.simulator.expectations.syntax import ANYTHING
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.people.handset import Handset


def words_of(utterance: Utterance) -> str:
    """How a dialogue writes what was said: its words, or [a recording's file name]."""
    match utterance.kind:
        case "say":
            return utterance.text
        case "play":
            return f"[{urlsplit(utterance.text).path.rpartition('/')[2] or utterance.text}]"
        case _:
            return ""


def saying(phone: Handset) -> list[Utterance]:
    """What is being said to a phone at this moment, if anything."""
    leg = phone.leg
    players = (leg.player, leg.background) if leg is not None else ()
    return [p.utterance for p in players if p is not None and p.utterance is not None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one utterance that no line has expected yet, in folded characters."""

    index: int
    skipped: int
    text: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Pieces in a row, as one folded text; ``starts`` are the places where they begin."""

    pieces: tuple[Piece, ...]
    text: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, pieces: list[Piece]) -> Pending:
        text, starts = "", []
        for piece in pieces:
            text += glue(text, piece.text)
            starts.append(len(text))
            text += piece.text
        return cls(tuple(pieces), text, tuple(starts))

    def touched(self, spans: tuple[tuple[int, int], ...]) -> set[int]:
        """The indexes of the utterances that these stretches of the text belong to."""
        return {
            piece.index
            for piece, start in zip(self.pieces, self.starts, strict=True)
            for begin, end in spans
            if begin < start + len(piece.text) and start < end
        }


@dataclass(slots=True)
class Ear:
    """A cursor over what a phone has heard.

    A prompt that was cut short may be expected, but doesn't have to be: how much of it was heard
    isn't known. ``anything``: the last expectation ended with `…`.
    """

    name: str
    phone: Handset
    index: int = 0
    offset: int = 0
    anything: bool = False
    _seen: tuple[Pending, Met] | None = field(default=None, repr=False)

    def pending(self, cut_short: bool = True) -> Pending:
        """What hasn't been expected yet, with or without prompts that were cut short."""
        pieces = []
        for index in range(self.index, len(self.phone.heard)):
            utterance = self.phone.heard[index]
            if not cut_short and self.was_cut(utterance):
                continue
            skipped = self.offset if index == self.index else 0
            text = fold(words_of(utterance))[skipped:].lstrip(f" {ANYTHING}")
            if text:
                skipped = len(fold(words_of(utterance))) - len(text)
                pieces.append(Piece(index, skipped, text))
        return Pending.of(pieces)

    def hears(self, wanted: Pattern) -> Verdict:
        """Compare what is pending with what is wanted, with and without prompts cut short."""
        verdicts: list[Verdict] = []
        for cut_short in (True, False):
            pending = self.pending(cut_short)
            verdict = match(wanted, pending.text, self.anything)
            if isinstance(verdict, Met):
                self._seen = (pending, verdict)
                return verdict
            verdicts.append(verdict)
        return next((v for v in verdicts if isinstance(v, Open)), verdicts[0])

    def take(self, open_end: bool) -> list[Utterance]:
        """Use up what matched last; returns the utterances whose words were expected."""
        if self._seen is None:
            raise RuntimeError("take() must follow a hears() that was Met")
        pending, met = self._seen
        self._seen = None
        self._move(pending, met.end)
        self.anything = open_end or (self.anything and not met.spans)
        return [self.phone.heard[index] for index in sorted(pending.touched(met.spans))]

    def take_all(self) -> None:
        """Use up everything that has been heard so far."""
        self.index = len(self.phone.heard)
        self.offset = 0
        self.anything = False

    def take_until(self, pending: Pending, end: int) -> None:
        """Use up the first ``end`` characters of what was pending."""
        self._move(pending, end)
        self.anything = False

    def unexpected(self) -> list[Utterance]:
        """What was heard to its end, or is being said, without a line that expects it."""
        if self.anything:
            return []
        return [self.phone.heard[piece.index] for piece in self.pending(cut_short=False).pieces]

    def was_cut(self, utterance: Utterance) -> bool:
        """Whether an utterance was cut short."""
        return not utterance.complete and utterance not in saying(self.phone)

    def _move(self, pending: Pending, end: int) -> None:
        for piece, start in zip(pending.pieces, pending.starts, strict=True):
            if end >= start + len(piece.text):
                self.index, self.offset = piece.index + 1, 0
            elif end > start:
                self.index, self.offset = piece.index, piece.skipped + end - start
