"""What people are told, in their language: a subject and a text for each kind of notice.

One TOML file a language, one table a kind::

    [escalation]
    subject = "{case}: escalation {level}"
    text = "The customer of {case} asks for {level}. {reason}"

A ``{name}`` is a slot. What a notice has no value for is left empty, never refused: somebody has to
be told.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from ivr.line.desk.names import name_in
from ivr.line.errors import FlowError

KINDS = (
    "escalation", "chase", "overdue", "deescalation", "report", "severity_wish", "severity_set",
    "escalation_wish", "edown", "edown_checked", "edown_incomplete", "edown_ended", "hand_over",
    "hand_over_lapsed", "callback_owed", "callback_missed", "callback_done", "rota_gap",
    "feed_stale", "case_logged", "case_reopened", "undelivered", "suspicious",
)  # fmt: skip
SLOTS = frozenset(
    {
        "case", "level", "severity", "reason", "state", "report", "missing", "users", "affected",
        "down_since", "before", "engineer", "plan", "reference", "due", "number", "outcome", "feed",
        "region", "since", "why", "to", "what", "call", "emergency",
    }
)  # fmt: skip
FIRST = "en"  # who speaks nothing that there are words for is told in English


@dataclass(frozen=True, slots=True)
class Words:
    """One kind of notice in one language."""

    subject: str
    text: str

    def fill(self, values: Mapping[str, Any]) -> Words:
        """The same with its slots filled; white space that an empty one leaves is taken out."""
        given = dict.fromkeys(SLOTS, "") | {
            name: "" if value is None else value for name, value in values.items()
        }
        lines = self.text.format_map(given).strip().splitlines()
        text = "\n".join(" ".join(line.split()) for line in lines)
        return Words(" ".join(self.subject.format_map(given).split()), text)


@dataclass(frozen=True, slots=True)
class Templates:
    """Every kind in every language, checked. ``levels`` are the names of levels by code and
    language, ``emergency`` those of Enterprise Down by language."""

    languages: Mapping[str, Mapping[str, Words]]
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    emergency: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        folder: Path,
        levels: Mapping[str, Mapping[str, str]],
        emergency: Mapping[str, str],
    ) -> Templates:
        """Read ``<language>.toml`` files. Raises `FlowError` with file and what is wrong."""
        languages = {file.stem: _read(file) for file in sorted(folder.glob("*.toml"))}
        if FIRST not in languages:
            raise FlowError(f"{folder}: there is no {FIRST}.toml, the language of last resort")
        return cls(languages, levels, emergency)

    def words(self, what: str, languages: Iterable[str], values: Mapping[str, Any]) -> Words:
        """What somebody who reads ``languages`` is told, in the first that there are words for."""
        spoken = (each.partition("-")[0].lower() for each in languages)
        code = next((each for each in spoken if each in self.languages), FIRST)
        kinds = self.languages[code]
        template = kinds.get(what, self.languages[FIRST]["undelivered"])
        return template.fill({**values, **self._named(str(values.get("level") or ""), code)})

    def _named(self, level: str, language: str) -> dict[str, str]:
        """What is meant by a level, and Enterprise Down, as this language calls them."""
        emergency = name_in(self.emergency, language)
        names = emergency if level == "E-Down" else name_in(self.levels.get(level, {}), language)
        return {"level": names or level, "emergency": emergency}


def _read(file: Path) -> dict[str, Words]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise FlowError(f"{file}: not TOML: {error}") from error
    words = {what: _words(file, what, table.get(what, {})) for what in KINDS}
    if unknown := table.keys() - set(KINDS):
        raise FlowError(
            f"{file}: there is no notice '{min(unknown)}'; there are {', '.join(KINDS)}"
        )
    return words


def _words(file: Path, what: str, row: Mapping[str, str]) -> Words:
    """One notice, filled once now, so that it can't fail when somebody has to be told."""
    if {"subject", "text"} - row.keys():
        raise FlowError(f"{file}: [{what}] needs a subject and a text")
    words = Words(row["subject"], row["text"])
    try:
        slots = {name for _, name, _, _ in Formatter().parse(f"{words.subject}\n{words.text}")}
        if wrong := slots - SLOTS - {None}:
            raise FlowError(
                f"{file}: [{what}] has the slot '{{{wrong.pop()}}}', which nobody fills"
            )
        words.fill({})
    except ValueError as error:
        raise FlowError(f"{file}: [{what}]: {error}; a slot is {{name}}, a brace {{{{") from error
    return words


__all__ = ["KINDS", "SLOTS", "Templates", "Words"]
