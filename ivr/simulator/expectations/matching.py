"""Whether what was heard matches what is expected: yes, not yet, or never.

Texts are compared folded: case, runs of white space, and white space beside wide characters
(Chinese and Japanese are written without) don't count; punctuation does. `…` stands for any words,
including none. A `…` that is spoken ends a word, and doesn't have to be expected. Pure functions on
strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from unicodedata import east_asian_width

from ivr.simulator.expectations.syntax import ANYTHING

_BREAKS = (" ", ANYTHING)
_WORD = re.compile(r"\S+")
_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*\s*|[.!?。！？]+\s*")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Folded words, and where anything may be heard before them.

    ``parts`` are (anything before?, words); ``open_end`` says that `…` comes last.
    """

    parts: tuple[tuple[bool, str], ...]
    open_end: bool


@dataclass(frozen=True, slots=True)
class Met:
    """It matches: the first ``end`` characters are used up, ``spans`` of them by words."""

    end: int
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """It doesn't match yet, but may when more is heard."""


@dataclass(frozen=True, slots=True)
class Missed:
    """It can't match any more: something else was heard at ``at``."""

    at: int


Verdict = Met | Open | Missed


def fold(text: str) -> str:
    """The form in which texts are compared."""
    words = text.replace(ANYTHING, f" {ANYTHING} ").casefold().split()
    return join(words)


def unfolded(text: str, skipped: int) -> str:
    """A text without its first ``skipped`` folded characters."""
    if not skipped:
        return text
    return next(text[at:].strip() for at in range(len(text) + 1) if len(fold(text[:at])) >= skipped)


def join(folded: list[str]) -> str:
    """Folded texts, one after another, as one."""
    joined = ""
    for text in folded:
        joined += glue(joined, text) + text
    return joined


def glue(before: str, after: str) -> str:
    """What separates two folded texts: a space, or nothing beside a wide character."""
    if not before or not after or _wide(before[-1]) or _wide(after[0]):
        return ""
    return " "


def pattern(text: str) -> Pattern:
    """Read the words of an expectation."""
    pieces = [fold(piece) for piece in text.split(ANYTHING)]
    parts = [(number > 0, piece) for number, piece in enumerate(pieces)]
    return Pattern(
        parts=tuple(part for part in _merge_gaps(parts) if part[1]),
        open_end=len(pieces) > 1 and not pieces[-1],
    )


def match(wanted: Pattern, heard: str, anything_first: bool = False) -> Verdict:
    """Compare with what was heard, from its beginning; the shortest match is taken.

    ``anything_first``: an earlier line ended with `…`.
    """
    at = 0
    spans: list[tuple[int, int]] = []
    for anything, words in wanted.parts:
        free = anything or anything_first
        verdict = _find(words, heard, at) if free else _here(words, heard, at)
        if not isinstance(verdict, Met):
            return verdict
        spans.extend(verdict.spans)
        at = verdict.end
        anything_first = False
    return Met(at, tuple(spans))


def sentences(text: str) -> list[str]:
    """A text, cut into sentences."""
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]


def nearest(wanted: str, candidates: list[str]) -> str | None:
    """The candidate most like what was wanted, None if there are no candidates."""
    scored = [(likeness(wanted, candidate), candidate) for candidate in candidates]
    return max(scored, key=lambda scored_one: scored_one[0])[1] if scored else None


def likeness(wanted: str, heard: str) -> float:
    """0 for nothing in common, 1 for the same."""
    return SequenceMatcher(None, fold(wanted), fold(heard), autojunk=False).ratio()


def difference(wanted: str, heard: str) -> list[str]:
    """What differs, in plain words, word by word; a `…` in ``wanted`` allows anything."""
    ours, theirs = _words(wanted), _words(heard)
    matcher = SequenceMatcher(
        None, [fold(word) for word in ours], [fold(word) for word in theirs], autojunk=False
    )
    changes = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal" or (ANYTHING in ours[a:b] and set(ours[a:b]) == {ANYTHING}):
            continue
        # Additional words beside a `…` are what the `…` stands for.
        expected = [word for word in ours[a:b] if word != ANYTHING]
        changes.append(_change(" ".join(expected), " ".join(theirs[c:d])))
    return changes


def _change(expected: str, heard: str) -> str:
    if expected and heard:
        return f"“{heard}” instead of “{expected}”"
    return f"“{expected}” is missing" if expected else f"“{heard}” was added"


def _words(text: str) -> list[str]:
    spaced = text.replace(ANYTHING, f" {ANYTHING} ")
    return list(_each_word(spaced))


def _each_word(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        if any(_wide(char) for char in word):
            yield from word
        else:
            yield word


def _merge_gaps(parts: list[tuple[bool, str]]) -> Iterator[tuple[bool, str]]:
    # "a … … b": the empty piece between two `…` leaves the next piece as free as before.
    anything = False
    for before, words in parts:
        anything = anything or before
        if words:
            yield anything, words
            anything = False


def _here(words: str, heard: str, at: int) -> Verdict:
    at = _skip_space(heard, at)
    rest = heard[at:]
    if rest.startswith(words):
        end = at + len(words)
        return Met(end, ((at, end),)) if _may_end(heard, end) else Missed(at)
    return Open() if words.startswith(rest) and _may_go_on(words, len(rest)) else Missed(at)


def _find(words: str, heard: str, at: int) -> Verdict:
    start = heard.find(words, at)
    while start >= 0:
        end = start + len(words)
        if _may_start(heard, start) and _may_end(heard, end):
            return Met(end, ((start, end),))
        start = heard.find(words, start + 1)
    return Open()


def _skip_space(heard: str, at: int) -> int:
    while heard[at : at + 1] in _BREAKS:
        at += 1
    return at


def _may_start(heard: str, at: int) -> bool:
    return at == 0 or heard[at - 1] in _BREAKS or _wide(heard[at - 1]) or _wide(heard[at])


def _may_end(heard: str, at: int) -> bool:
    # Words end before a space; between wide characters anywhere, but not before their punctuation.
    if at >= len(heard) or heard[at] in _BREAKS or at == 0:
        return True
    following = heard[at]
    return (_wide(following) or _wide(heard[at - 1])) and following.isalnum()


def _may_go_on(words: str, at: int) -> bool:
    return at == 0 or words[at] == " " or _wide(words[at - 1]) or _wide(words[at])


def _wide(char: str) -> bool:
    return east_asian_width(char) in "WF"
