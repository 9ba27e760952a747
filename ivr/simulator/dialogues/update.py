"""Rewriting a dialogue with what was really heard, and nothing else of it."""

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

ALIKE = 0.5  # from this likeness on, a sentence is the new wording of an old one
_BEFORE_WORDS = re.compile(r"\s*(?:[^\W\d][\w-]*)?\s*<\s*(?:within \d+(?:\.\d+)?\s+)?")


def update(dialogue: Dialogue, exchange: Exchange) -> str:
    """Play a dialogue and return its text with the words that were heard.

    Lines that still fit stay as they are, with their `…`; comments, headers, actions and states
    are never touched. Raises `DialogueError` where an action or a state fails: that is no matter of
    wording.
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
        """The dialogue as it should read."""
        lines: list[str] = []
        for number, line in enumerate(self.dialogue.lines, 1):
            new = self.changed.get(number)
            lines.extend([line] if new is None else self._lines(line, new))
        return "\n".join([*lines, *self.added]) + "\n"

    def skips(self, step: Words) -> bool:
        """Whether an earlier line of the same listening has taken this one's words."""
        return step.line in self.changed

    def correct(self, stage: Stage, step: Words) -> None:
        """Let the prompts end, and give this line what was heard until the next line that fits."""
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
        """At the end: what no line expected, until the prompts end."""
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
        """How many following lines are dropped, and how many sentences are this line's."""
        for kept, later in enumerate(following):
            wanted = pattern(later.text)
            for share in range(1, len(heard)):
                if isinstance(match(wanted, fold(" ".join(heard[share:]))), Met):
                    return kept, share
        return len(following), len(heard)

    def _lines(self, line: str, new: list[str]) -> list[str]:
        found = _BEFORE_WORDS.match(line)
        before = found.group() if found else "< "
        return [before + as_line(text) for text in new]


def reword(old: str, heard: list[str]) -> list[str]:
    """New lines for an old one: with its `…` where they still make sense, else all words heard."""
    everything = [" ".join(heard)] if heard else []
    if ANYTHING not in old or not heard:
        return everything
    pieces = [piece.strip() for piece in old.split(ANYTHING)]
    new: list[str] = []
    rest = heard
    for piece in pieces:
        found = _rewording(piece, rest) if piece else ("", rest)
        if found is None:
            return everything
        new.append(found[0])
        rest = found[1]
    line = f" {ANYTHING} ".join(new).strip()
    verdict = match(pattern(line), fold(everything[0]))
    whole = isinstance(verdict, Met) and (not pieces[-1] or verdict.end == len(fold(everything[0])))
    return [line] if whole else everything


def _rewording(piece: str, heard: list[str]) -> tuple[str, list[str]] | None:
    """What a piece between two `…` is called now, and the sentences after it."""
    runs = [
        (first, last) for first in range(len(heard)) for last in range(first + 1, len(heard) + 1)
    ]
    scored = [(likeness(piece, " ".join(heard[a:b])), -a, a, b) for a, b in runs]
    best = max(scored, default=(0.0, 0, 0, 0))
    if best[0] < ALIKE:
        return None
    return " ".join(heard[best[2] : best[3]]), heard[best[3] :]
