"""One line: its configuration, and the two flows that serve its callers and the people it rings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ivr.desk.cases import CaseNumbers
from ivr.desk.phone_numbers import country_of
from ivr.errors import FlowError, SettingsError
from ivr.flow import Flow

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class EntryNumber:
    """A number that callers dial: what it offers, and where it is."""

    number: str
    languages: tuple[str, ...]
    zone: str
    region: str

    @property
    def country(self) -> str:
        return country_of(self.number)


@dataclass(frozen=True, slots=True)
class HuntRule:
    """How long people are looked for, in seconds; ``at_once`` is how many are rung together.

    Who didn't answer isn't rung again for ``rest``. With ``look_again`` people who have become free
    are looked for that often, as long as the caller waits.
    """

    cap: int = 180
    ring: int = 20
    look_again: int = 0
    at_once: int = 1
    rest: int = 600


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours in the line's own zone; days are 0 for Monday."""

    opens: time
    closes: time
    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class LineConfig:
    """A line's ``line.toml``, checked."""

    name: str
    title: str
    version: str
    case_numbers: CaseNumbers
    hours: Hours
    promise_minutes: tuple[int, int]  # in hours, off hours
    last_resort: str  # who owes a call when nobody can be found who does
    fallback: str  # the telephone that is dialled when the line itself can't serve
    hunts: Mapping[str, HuntRule]
    numbers: Mapping[str, EntryNumber]

    @classmethod
    def load(cls, file: Path) -> LineConfig:
        """Read and check. Raises `FlowError` with file, key and what to do."""
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            return _config(table)
        except (SettingsError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            wrong = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise FlowError(f"{file}: {wrong}; see the README's line.toml") from error

    def number(self, called: str) -> EntryNumber:
        """The entry number that was called; a number nobody configured is served all the same."""
        if called in self.numbers:
            return self.numbers[called]
        first = next(iter(self.numbers.values()))
        return EntryNumber(called, first.languages, first.zone, first.region)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can take calls."""

    config: LineConfig
    caller: Flow
    person: Flow

    @property
    def name(self) -> str:
        return self.config.name

    def __post_init__(self) -> None:
        spoken = set(self.caller.prompts.codes)
        for entry in self.config.numbers.values():
            if wanting := set(entry.languages) - spoken:
                raise FlowError(
                    f"line '{self.name}': {entry.number} offers {', '.join(sorted(wanting))}, "
                    f"but there are prompts for {', '.join(sorted(spoken))} only"
                )


def _config(table: dict[str, Any]) -> LineConfig:
    rule, hours, promise = table["case_number"], table["hours"], table["promise"]
    numbers = {number: _number(number, entry) for number, entry in table["numbers"].items()}
    if not numbers:
        raise ValueError("there is no number under [numbers]")
    return LineConfig(
        name=table["name"],
        title=table["title"],
        version=table["version"],
        case_numbers=CaseNumbers(
            prefix=rule["prefix"],
            lengths=frozenset(rule["lengths"]),
            prefix_key=rule["prefix_key"],
            check_digit=rule["check_digit"],
        ),
        hours=Hours(
            time.fromisoformat(hours["opens"]),
            time.fromisoformat(hours["closes"]),
            frozenset(DAYS.index(day) for day in hours["days"]),
        ),
        promise_minutes=(promise["in_hours"], promise["off_hours"]),
        last_resort=promise["last_resort"],
        fallback=table["fallback"]["dial"],
        hunts={name: HuntRule(**rule) for name, rule in table["hunts"].items()},
        numbers=numbers,
    )


def _number(number: str, entry: dict[str, Any]) -> EntryNumber:
    if not entry["languages"]:
        raise ValueError(f'number "{number}" offers no language')
    try:
        ZoneInfo(entry["zone"])
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f'number "{number}": no time zone "{entry["zone"]}"') from error
    return EntryNumber(number, tuple(entry["languages"]), entry["zone"], entry.get("region", ""))
