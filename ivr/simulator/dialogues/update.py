"""Rewriting the words of a dialogue with what was really heard."""

from __future__ import annotations

import re

from ivr.simulator.dialogues.record import as_line
from ivr.simulator.dialogues.stage import Stage
from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.ear import Ear, words_of
from ivr.simulator.expectations.listening import PATIENCE
from ivr.simulator.expectations.matching import (
    Met,
    fold,
    likeness,
    match,
    pattern,
    sentences,
    unfolded,
)
from ivr.simulator.expectations.syntax import ANYTHING, CALLER, Dialogue, Words

ALIKE = 0.5  # sentences at least this alike are the old and the new wording of the same
_BEFORE_WORDS = re.compile(r"\s*(?:[^\W\d][\w-]*)?\s*<\s*(?:within \d+(?:\.\d+)?\s+)?")


def update(dialogue: Dialogue, exchange: Exchange) -> str:
    """Play a dialogue, and return its text with the words that were heard.

    Lines that still match stay as they are, with their `…`; comments, headers, actions and states
    never change. Raises `DialogueError` where an action or a state fails: that isn't about wording.
    """
    rewriting = Rewriting(dialogue)
    Stage(dialogue, exchange, rewriting).play()
    return rewriting.text()


class Rewriting:
    """The new words, by line of the old dialogue."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.changed: dict[int, list[str]] = {}
        self.added: list[str] = []

    def text(self) -> str:
        """The dialogue with its new words."""
        lines: list[str] = []
        for number, line in enumerate(self.dialogue.lines, 1):
            new = self.changed.get(number)
            lines.extend([line] if new is None else self._lines(line, new))
        return "\n".join([*lines, *self.added]) + "\n"

    def skips(self, step: Words) -> bool:
        """Whether an earlier line has already taken this one's words."""
        return step.line in self.changed

    def correct(self, stage: Stage, step: Words) -> None:
        """Let the prompts end; this line gets what was heard, up to the next line that matches."""
        ear = stage.ears[step.who]
        stage.wait(lambda: not stage.speaking(ear), PATIENCE)
        heard = [text for utterance in self._heard(ear) for text in sentences(utterance)]
        following = self._following(step)
        kept, share = self._share(heard, following)
        for later in following[:kept]:
            self.changed[later.line] = []
        self.changed[step.line] = reword(step.text, heard[:share])
        pending = ear.pending(cut_short=False)
        rest = len(fold(" ".join(heard[share:])))
        ear.take_until(pending, len(pending.text) - rest)

    def append(self, stage: Stage, ear: Ear) -> None:
        """At the end, let the prompts end, and add what no line expected."""
        stage.wait(lambda: not stage.speaking(ear), PATIENCE)
        who = "" if ear.name == CALLER else f"{ear.name} "
        self.added.extend(f"{who}< {as_line(text)}" for text in self._heard(ear))
        ear.take_all()

    def _heard(self, ear: Ear) -> list[str]:
        return [
            unfolded(words_of(ear.phone.heard[piece.index]), piece.skipped)
            for piece in ear.pending(cut_short=False).pieces
        ]

    def _following(self, step: Words) -> list[Words]:
        steps = self.dialogue.steps
        following = []
        for later in steps[steps.index(step) + 1 :]:
            if not isinstance(later, Words) or later.who != step.who:
                break
            following.append(later)
        return following

    def _share(self, heard: list[str], following: list[Words]) -> tuple[int, int]:
        """How many following lines are dropped, and how many sentences belong to this line."""
        for kept, later in enumerate(following):
            wanted = pattern(later.text)
            for share in range(1, len(heard)):
                if isinstance(match(wanted, fold(" ".join(heard[share:]))), Met):
                    return kept, share
        return len(following), len(heard)

    def _lines(self, line: str, new: list[str]) -> list[str]:
        prefix = _BEFORE_WORDS.match(line)
        before = prefix.group() if prefix else "< "
        return [before + as_line(text) for text in new]


def reword(old: str, heard: list[str]) -> list[str]:
    """New lines for an old one: with its `…` if they still make sense, or all words heard."""
    everything = [" ".join(heard)] if heard else []
    if ANYTHING not in old or not heard:
        return everything
    pieces = [piece.strip() for piece in old.split(ANYTHING)]
    new: list[str] = []
    rest = heard
    for piece in pieces:
        rewording = _rewording(piece, rest) if piece else ("", rest)
        if rewording is None:
            return everything
        words, rest = rewording
        new.append(words)
    line = f" {ANYTHING} ".join(new).strip()
    verdict = match(pattern(line), fold(everything[0]))
    whole = isinstance(verdict, Met) and (not pieces[-1] or verdict.end == len(fold(everything[0])))
    return [line] if whole else everything


def _rewording(piece: str, heard: list[str]) -> tuple[str, list[str]] | None:
    """The new words of a piece between two `…`, and the sentences after it."""
    runs = [
        (first, last) for first in range(len(heard)) for last in range(first + 1, len(heard) + 1)
    ]
    scored = [(likeness(piece, " ".join(heard[a:b])), -a, a, b) for a, b in runs]
    best = max(scored, default=(0.0, 0, 0, 0))
    if best[0] < ALIKE:
        return None
    return " ".join(heard[best[2] : best[3]]), heard[best[3] :]
