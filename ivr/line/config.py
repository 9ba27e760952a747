"""What an administrator may change of a line: its ``line.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ivr.errors import SettingsError
from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.days_off import checked
from ivr.line.desk.emergency import EmergencyTerms
from ivr.line.desk.figures.figures import ServiceTerms
from ivr.line.desk.levels import Level
from ivr.line.desk.limits import Limits
from ivr.line.desk.notice_texts import KINDS
from ivr.line.desk.phone_numbers import country_of
from ivr.line.desk.promises import CallbackTerms, in_hours
from ivr.line.desk.recording_terms import RecordingTerms
from ivr.line.desk.retention import RetentionTerms
from ivr.line.desk.roles import ROLES
from ivr.line.errors import FlowError

LEVELS = (
    Level("M1", "manager", (30, 60)),
    Level("M2", "second_level", (15, 15), "M1", ("owner", "manager")),
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours in the line's own zone; days are 0 for Monday. ``holidays`` is a calendar."""

    opens: time
    closes: time
    days: frozenset[int]
    holidays: str = ""


@dataclass(frozen=True, slots=True)
class EntryNumber:
    """A number that callers dial: what it offers, and where it is.

    ``work`` are the hours, in ``zone``, in which the desk works in a language; outside them it does
    in ``after``. Languages without hours are worked in at any time.
    """

    number: str
    languages: tuple[str, ...]
    zone: str
    region: str
    work: Mapping[str, Hours] = field(default_factory=dict)
    after: str = "en"

    def works_in(self, language: str, now: datetime) -> str:
        """The language in which the desk works with a caller who has chosen ``language``."""
        hours = self.work.get(language)
        return language if hours is None or in_hours(now, hours, self.zone) else self.after

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
class RotaTerms:
    """Minutes between two looks for a gap (``check``) and at a calendar (``refresh``); hours after
    which a calendar that can't be had is ``stale``."""

    check: int = 5
    refresh: int = 15
    stale: int = 24

    def __post_init__(self) -> None:
        for name in ("check", "refresh", "stale"):
            if getattr(self, name) < 1:
                raise ValueError(f"rota.{name} is at least 1")


@dataclass(frozen=True, slots=True)
class Severity:
    """One severity, with its name by language. Not ``self_service``: it is declared, never chosen
    or wished for."""

    code: str
    names: Mapping[str, str] = field(default_factory=dict)
    self_service: bool = True


SEVERITIES = {
    "0": Severity("0", {"en": "Enterprise Down"}, self_service=False),
    "1": Severity("1", {"en": "Business critical"}),
    "2": Severity("2", {"en": "Moderate impact"}),
    "3": Severity("3", {"en": "Question or small impact"}),
}


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
    levels: tuple[Level, ...] = LEVELS  # lowest first
    join_minutes: int = 10  # in which a request by another channel is the same one
    severities: Mapping[str, Severity] = field(default_factory=lambda: SEVERITIES)  # highest first
    emergency: EmergencyTerms = field(default_factory=EmergencyTerms)
    callback: CallbackTerms = field(default_factory=CallbackTerms)
    session_idle: int = 30  # minutes until whoever is signed in and does nothing is signed out
    session_longest: int = 720  # … and until anybody is
    provider_roles: Mapping[str, str] = field(default_factory=dict)  # a provider's groups: roles
    resume_minutes: int = 10  # in which who was cut off is taken up where he was
    limits: Limits = field(default_factory=Limits)
    recording: RecordingTerms = field(default_factory=RecordingTerms)
    lists: Mapping[str, str] = field(default_factory=dict)  # the variable with each list's URLs
    told_also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # lists by notice
    rota: RotaTerms = field(default_factory=RotaTerms)
    retention: RetentionTerms = field(default_factory=RetentionTerms)
    wall: ServiceTerms = field(default_factory=ServiceTerms)

    @property
    def minutes(self) -> Mapping[str, tuple[int, int]]:
        """Minutes until the customer must have been called, in hours and off, by level."""
        return {level.code: level.due for level in self.levels} | {"E-Down": self.emergency.due}

    def also_told(self, what: str) -> tuple[str, ...]:
        """The lists that are told of ``what`` besides the people whom it concerns."""
        return self.told_also.get(what, ())

    @classmethod
    def load(cls, file: Path) -> LineConfig:
        """Read and check. Raises `FlowError` with file, key and what to do."""
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            return _config(table)
        except (SettingsError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            wrong = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise FlowError(f"{file}: {wrong}; see the README's line.toml") from error

    def callable_from(self, caller: str) -> list[str]:
        """The countries (ISO) to which somebody who calls from ``caller`` may be called back."""
        own = {country_of(caller), *(entry.country for entry in self.numbers.values())}
        return sorted(self.callback.countries or own - {"ZZ"})

    def number(self, called: str) -> EntryNumber:
        """The entry number that was called; a number nobody configured is served all the same."""
        if called in self.numbers:
            return self.numbers[called]
        first = next(iter(self.numbers.values()))
        return EntryNumber(called, first.languages, first.zone, first.region)


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
        hours=_hours(hours),
        promise_minutes=(promise["in_hours"], promise["off_hours"]),
        last_resort=promise["last_resort"],
        fallback=table["fallback"]["dial"],
        hunts={name: HuntRule(**rule) for name, rule in table["hunts"].items()},
        numbers=numbers,
        levels=_levels(table.get("levels", [])) or LEVELS,
        join_minutes=table.get("escalation", {}).get("join", 10),
        severities=_severities(table.get("severities", {})) or SEVERITIES,
        emergency=_emergency(table.get("emergency", {})),
        limits=Limits(**table.get("limits", {})),
        callback=_callback(table.get("callback", {})),
        resume_minutes=table.get("resume", {}).get("minutes", 10),
        **_sign_in(table.get("sign_in", {})),
        recording=RecordingTerms.read(**table.get("recording", {})),
        **_notices(table.get("notices", {})),
        rota=RotaTerms(**table.get("rota", {})),
        retention=RetentionTerms(**table.get("retention", {})),
        wall=ServiceTerms(**table.get("wall", {})),
    )


def _sign_in(table: dict[str, Any]) -> dict[str, Any]:
    roles = table.get("roles", {})
    if wrong := set(roles.values()) - set(ROLES):
        raise ValueError(f"sign_in.roles: no role '{wrong.pop()}'; there are {', '.join(ROLES)}")
    idle, longest = table.get("idle", 30), table.get("longest", 720)
    return {"session_idle": idle, "session_longest": longest, "provider_roles": roles}


def _callback(table: dict[str, Any]) -> CallbackTerms:
    night = tuple(time.fromisoformat(each) for each in table.get("night", ("21:00", "08:00")))
    countries = tuple(table.get("countries", ()))
    return CallbackTerms(**table | {"night": night, "countries": countries})


def _notices(table: dict[str, Any]) -> dict[str, Any]:
    lists, also = table.get("lists", {}), table.get("also", {})
    for what, names in also.items():
        if what not in KINDS:
            raise ValueError(f"notices.also: no notice '{what}'; there are {', '.join(KINDS)}")
        if unknown := set(names) - lists.keys():
            raise ValueError(f"notices.also.{what}: no list '{unknown.pop()}' in notices.lists")
    return {"lists": lists, "told_also": {what: tuple(names) for what, names in also.items()}}


def _levels(rows: list[dict[str, Any]]) -> tuple[Level, ...]:
    levels: list[Level] = []
    for row in rows:
        level = Level(**row | {"due": _pair(row["due"]), "informs": tuple(row.get("informs", ()))})
        if level.target not in ("manager", "second_level"):
            raise ValueError(f"level {level.code}: target is manager or second_level")
        if level.requires and level.requires not in [each.code for each in levels]:
            raise ValueError(f"level {level.code} requires {level.requires}, which isn't above it")
        if wrong := set(level.informs) - {"owner", "manager"}:
            raise ValueError(f"level {level.code} informs {wrong.pop()}: use owner, manager")
        levels.append(level)
    return tuple(levels)


def _severities(table: dict[str, Any]) -> dict[str, Severity]:
    return {
        code: Severity(code, row["names"], row.get("self_service", True))
        for code, row in table.items()
    }


def _emergency(table: dict[str, Any]) -> EmergencyTerms:
    terms = EmergencyTerms(**table | ({"due": _pair(table["due"])} if "due" in table else {}))
    for name in ("contract", "production", "situation", "contact"):
        if getattr(terms, name) not in ("hard", "warn", "ask"):
            raise ValueError(f"emergency.{name} is hard, warn or ask")
    return terms


def _pair(minutes: list[int]) -> tuple[int, int]:
    in_hours, off_hours = minutes
    return in_hours, off_hours


def _hours(hours: dict[str, Any]) -> Hours:
    return Hours(
        time.fromisoformat(hours["opens"]),
        time.fromisoformat(hours["closes"]),
        frozenset(DAYS.index(day) for day in hours["days"]),
        checked(hours.get("holidays", "")),
    )


def _number(number: str, entry: dict[str, Any]) -> EntryNumber:
    if not entry["languages"]:
        raise ValueError(f'number "{number}" offers no language')
    try:
        ZoneInfo(entry["zone"])
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f'number "{number}": no time zone "{entry["zone"]}"') from error
    languages, after = tuple(entry["languages"]), entry.get("after", "en")
    if wrong := entry.get("work", {}).keys() - set(languages):
        raise ValueError(f'number "{number}" has hours for {wrong.pop()}, which it doesn\'t offer')
    work = {code: _hours(hours) for code, hours in entry.get("work", {}).items()}
    return EntryNumber(number, languages, entry["zone"], entry.get("region", ""), work, after)
