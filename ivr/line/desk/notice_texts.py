"""What people are told, in their language: a subject and a text for each kind of notice.

One TOML file a language, one table a kind::

    time = "%d %b %Y, %H:%M %Z"

    [escalation]
    subject = "{case}: escalation {level}"
    text = "The customer of {case} asks for {level}. {reason}"

``time`` is how an instant is written, as `datetime.strftime` takes it: in the zone of who reads it,
and with the zone, for an hour may come twice. A ``{name}`` is a slot. What a notice has no value
for is left empty, never refused: somebody has to be told.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from ivr.line.desk.names import name_in
from ivr.line.errors import FlowError

KINDS = (
    "escalation", "chase", "overdue", "deescalation", "report", "severity_wish", "severity_set",
    "escalation_wish", "form", "edown", "edown_checked", "edown_incomplete", "edown_ended",
    "hand_over", "hand_over_lapsed", "callback_owed", "callback_no_number", "callback_missed",
    "callback_done", "rota_gap", "feed_stale", "case_logged", "case_reopened",
    "undelivered", "suspicious",
)  # fmt: skip
SLOTS = frozenset(
    {
        "case", "level", "severity", "reason", "state", "report", "missing", "users", "affected",
        "down_since", "before", "engineer", "plan", "reference", "due", "number", "outcome", "feed",
        "region", "since", "why", "to", "what", "call", "emergency", "link",
    }
)  # fmt: skip
INSTANTS = ("due", "since", "down_since")  # slots that are given as ISO 8601
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
    """Every kind in every language, checked. ``times`` are the patterns of instants by language,
    ``levels`` the names of levels by code and language, ``emergency`` those of Enterprise Down by
    language, ``states`` those of its states by language."""

    languages: Mapping[str, Mapping[str, Words]]
    times: Mapping[str, str]
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    emergency: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        folder: Path,
        levels: Mapping[str, Mapping[str, str]],
        emergency: Mapping[str, str],
    ) -> Templates:
        """Read ``<language>.toml`` files. Raises `FlowError` with file and what is wrong."""
        read = {file.stem: _read(file) for file in sorted(folder.glob("*.toml"))}
        if FIRST not in read:
            raise FlowError(f"{folder}: there is no {FIRST}.toml, the language of last resort")
        words = {code: kinds for code, (kinds, _, _) in read.items()}
        times = {code: time for code, (_, time, _) in read.items()}
        states = {code: named for code, (_, _, named) in read.items()}
        return cls(words, times, levels, emergency, states)

    def words(
        self, what: str, languages: Iterable[str], values: Mapping[str, Any], zone: str = "UTC"
    ) -> Words:
        """What somebody who reads ``languages``, by the clock of ``zone``, is told: in the first
        that there are words for."""
        spoken = (each.partition("-")[0].lower() for each in languages)
        code = next((each for each in spoken if each in self.languages), FIRST)
        kinds = self.languages[code]
        template = kinds.get(what, self.languages[FIRST]["undelivered"])
        named = self._named(str(values.get("level") or ""), code)
        state = str(values.get("state") or "")
        named["state"] = self.states.get(code, {}).get(state, state)
        return template.fill({**values, **self._written(values, code, zone), **named})

    def _written(self, values: Mapping[str, Any], language: str, zone: str) -> dict[str, str]:
        """The instants as people write them; what isn't one stays as it is."""
        written = {}
        for name in INSTANTS:
            with suppress(ValueError):
                at = datetime.fromisoformat(str(values.get(name) or ""))
                written[name] = at.astimezone(ZoneInfo(zone)).strftime(self.times[language])
        return written

    def _named(self, level: str, language: str) -> dict[str, str]:
        """What is meant by a level, and Enterprise Down, as this language calls them."""
        emergency = name_in(self.emergency, language)
        names = emergency if level == "E-Down" else name_in(self.levels.get(level, {}), language)
        return {"level": names or level, "emergency": emergency}


def _read(file: Path) -> tuple[dict[str, Words], str, dict[str, str]]:
    """The notices in one language, how it writes an instant, and what it calls the states of an
    Enterprise Down."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise FlowError(f"{file}: not TOML: {error}") from error
    time = table.pop("time", "")
    if not (isinstance(time, str) and "%H" in time):
        raise FlowError(f'{file}: time is how an instant is written: time = "%d %b %Y, %H:%M %Z"')
    states = table.pop("states", {})
    words = {what: _words(file, what, table.get(what, {})) for what in KINDS}
    if unknown := table.keys() - set(KINDS):
        raise FlowError(
            f"{file}: there is no notice '{min(unknown)}'; there are {', '.join(KINDS)}"
        )
    return words, time, {str(key): str(name) for key, name in states.items()}


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
