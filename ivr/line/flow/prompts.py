"""The words said: a key, a language and values give a text.

One TOML file a language::

    voice = { name = "Polly.Joanna", language = "en-US" }
    digits = ["zero", "one", …, "nine"]
    time = "{hour12}:{minute} {am_pm}"
    hour = "{hour12} {am_pm}"
    choice = "{name}, press {key}."
    names = { en = "English", fr = "French" }

    [counts]                    # of one, and of more
    hours = ["{n} hour", "{n} hours"]

    [prompts]
    read_back = "I have {digits}. If that is right, press 1."

    [recordings]                # if there are any: files played instead of the text
    notice = "https://example.com/notice-en.wav"

A ``{name}`` is a slot, filled at each turn. Those of a time are ``{hour}`` (of 24), ``{minute}``,
``{hour12}`` with ``{am_pm}``, and what stands under ``[counts]``. Numbers are read digit by digit
in words, in groups, since a speech synthesiser that is handed ``17349013`` may well say seventeen
million.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import urlsplit

from msgspec import ValidationError, convert

from ivr.line.errors import FlowError
from ivr.line.flow import voices


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks a language: Twilio's name of the voice, and the language's code."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Language:
    """One language's words and the voice that says them.

    Besides ``code`` and ``file``, the fields are the keys of its TOML file; those without a default
    must be there.
    """

    code: str
    file: str
    voice: Voice
    digits: tuple[str, ...]
    time: str
    hour: str
    choice: str
    names: Mapping[str, str]
    prompts: Mapping[str, str]
    recordings: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, list[str]] = field(default_factory=dict)

    def read_digits(self, number: str, group: int = 4) -> str:
        """``"17349013"`` as ``"one seven three four, nine zero one three"``; others are dropped."""
        words = [self.digits[int(key)] for key in number if key.isdecimal()]
        groups = [" ".join(words[at : at + group]) for at in range(0, len(words), group)]
        return ", ".join(groups)

    def read_time(self, local: datetime) -> str:
        """A time of day as said aloud; ``local`` is in the listener's zone."""
        pattern = self.time if local.minute else self.hour
        spoken = {unit: self.read_count(unit, local.hour) for unit in self.counts}
        return pattern.format(
            hour=local.hour,
            hour12=local.hour % 12 or 12,
            am_pm="AM" if local.hour < 12 else "PM",
            minute=f"{local.minute:02d}",
            **spoken,
        )

    def read_count(self, unit: str, number: int) -> str:
        """So many of something: ``"1 hour"``, ``"2 hours"``. In French none is like one."""
        forms = self.counts[unit]
        single = number == 1 or (number == 0 and self.code == "fr")
        return (forms[0] if single else forms[-1]).format(n=number)

    def read_choices(self, names: Mapping[str, str]) -> str:
        """``{"1": "High", "2": "Low"}`` as ``"High, press 1. Low, press 2."``"""
        return " ".join(self.choice.format(name=name, key=key) for key, name in names.items())

    def read_number(self, number: int) -> str:
        """A small number in words, a larger one in figures."""
        return self.digits[number] if 0 <= number < 10 else str(number)


class Prompts:
    """Every language of one flow. Raises `FlowError` for a file that can't serve."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._languages = {language.code: language for language in languages}

    @classmethod
    def load(cls, folder: Path) -> Prompts:
        """Read ``folder/*.toml``; the file's name is the language's code."""
        files = sorted(folder.glob("*.toml"))
        if not files:
            raise FlowError(f"{folder}: no prompts here; there should be one TOML file a language")
        return cls(_read(file) for file in files)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._languages)

    def language(self, code: str) -> Language:
        return self._languages[code]

    def text(self, code: str, key: str) -> str:
        """The text of ``key``; its slots still stand in it as ``{name}``."""
        return self._languages[code].prompts[key]

    def missing(self, keys: Iterable[str]) -> list[str]:
        """What is wanting or at odds, a sentence each: a key in a language, or its slots."""
        return [
            complaint
            for key in sorted(set(keys))
            for language in self._languages.values()
            for complaint in self._complaints(language, key)
        ]

    def _complaints(self, language: Language, key: str) -> Iterable[str]:
        if key not in language.prompts:
            yield f"{language.file}: no prompt '{key}'; add it under [prompts]"
            return
        others = [other.prompts[key] for other in self._languages.values() if key in other.prompts]
        if {slots(text) for text in others} != {slots(language.prompts[key])}:
            yield f"{language.file}: prompt '{key}' has not the slots that other languages have"


@cache
def slots(text: str) -> frozenset[str]:
    """The names of the slots in a text: each is asked for once for each language and flow."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _read(file: Path) -> Language:
    try:
        table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise FlowError(f"{file}: not TOML: {error}") from error
    if wanting := _needed() - table.keys():
        raise FlowError(f"{file}: {', '.join(sorted(wanting))} missing; see any other language")
    for key, text in table["prompts"].items():
        _check_text(file, key, text)
    for key, url in table.get("recordings", {}).items():
        _check_recording(file, key, url, table["prompts"].get(key))
    try:
        language = convert(table | {"code": file.stem, "file": str(file)}, Language)
    except ValidationError as error:
        raise FlowError(f"{file}: {error}; see any other language") from error
    if len(language.digits) != 10:
        raise FlowError(f"{file}: digits must be ten words, zero first; found {table['digits']}")
    if why := voices.refusal(language.voice.name, language.voice.language):
        raise FlowError(f"{file}: {why}")
    return language


def _needed() -> set[str]:
    """The keys that every language's file has."""
    needed = {each.name for each in fields(Language) if each.default_factory is MISSING}
    return needed - {"code", "file"}


def _check_text(file: Path, key: str, text: object) -> None:
    if not isinstance(text, str) or not text.strip():
        raise FlowError(f"{file}: prompt '{key}' is empty or not a text")
    try:
        slots(text)
    except ValueError as error:
        raise FlowError(f"{file}: prompt '{key}': {error}; write {{{{ for a brace") from error


def _check_recording(file: Path, key: str, url: object, text: str | None) -> None:
    """The text stays: it says what the file says, and has no slots, which a file couldn't fill."""
    here = f"{file}: recording '{key}'"
    if text is None:
        raise FlowError(f"{here} is of no prompt; give its text under [prompts]")
    if open_slots := sorted(slots(text)):
        raise FlowError(f"{here} can't fill {{{open_slots[0]}}}; leave it out, the text is said")
    if not isinstance(url, str) or not _is_address(url):
        raise FlowError(f"{here} is {url!r}; give the file's whole address, https://…")


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
