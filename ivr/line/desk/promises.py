"""When a promised call is due, and what time is said to the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ivr.line.desk.days_off import is_holiday
from ivr.line.desk.rota import running_since

_QUARTER = timedelta(minutes=15)


class Hours(Protocol):
    """Working hours, in the zone of the number that was called.

    They begin on ``days`` (0 is Monday), except on ``holidays``: those of a country, or of
    a country with its region ("FR", "DE-BY"); "" for none.
    """

    @property
    def opens(self) -> time: ...
    @property
    def closes(self) -> time: ...
    @property
    def days(self) -> frozenset[int]: ...
    @property
    def holidays(self) -> str: ...


class Terms(Protocol):
    """What a line promises: minutes until the call is due, in hours and off hours; ``minutes`` by
    level, ``promise_minutes`` where there is none."""

    @property
    def hours(self) -> Hours: ...
    @property
    def promise_minutes(self) -> tuple[int, int]: ...
    @property
    def minutes(self) -> Mapping[str, tuple[int, int]]: ...


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """How promised calls are made, in minutes: ``first_try`` after the promise, ``again`` after one
    that reached nobody, ``later`` when the customer asks for it, ``breach`` between two breaches.

    ``tries`` are how often the customer is rung in vain before it is given up; ``per_day`` how many
    calls back are made in all. After it is due nobody is rung at ``night``, by the clock where the
    number is, unless it is an emergency. ``countries`` (ISO) are where customers are called; none
    named means those of the entry numbers.
    """

    first_try: int = 5
    again: int = 10
    later: int = 30
    breach: int = 15
    tries: int = 3
    per_day: int = 200
    night: tuple[time, time] = (time(21), time(8))
    countries: tuple[str, ...] = ()


def after_night(now: datetime, zone: str, night: tuple[time, time]) -> datetime:
    """``now``, or the end of the night in ``zone`` if it is night there."""
    begins, ends = night
    local = now.astimezone(ZoneInfo(zone))
    if running_since(now, begins, ends, zone, lambda day: True) is None:
        return now
    day = local.date() + (timedelta(days=1) if local.time() >= begins > ends else timedelta())
    return datetime.combine(day, ends, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def in_hours(at: datetime, hours: Hours, zone: str) -> bool:
    """Whether ``at`` is within working hours; they may cross midnight."""

    def counts(day: date) -> bool:
        return day.weekday() in hours.days and not is_holiday(hours.holidays, day)

    return running_since(at, hours.opens, hours.closes, zone, counts) is not None


def promise_due(requested: datetime, terms: Terms, zone: str, level: str = "") -> datetime:
    """The instant, in UTC, by which the callback is due; it counts from the request."""
    working, otherwise = terms.minutes.get(level, terms.promise_minutes)
    minutes = working if in_hours(requested, terms.hours, zone) else otherwise
    return requested.astimezone(UTC) + timedelta(minutes=minutes)


def spoken_time(due: datetime, zone: str) -> datetime:
    """``due`` in the caller's ``zone``, up to the next full quarter of an hour.

    Never before the call is due, so what the caller is told can be kept; a full quarter stays as it
    is. When the clock goes back, an hour comes twice, and nobody could tell which one is meant: the
    end of it is said then.
    """
    local = due.astimezone(ZoneInfo(zone))
    past = timedelta(
        minutes=local.minute % 15, seconds=local.second, microseconds=local.microsecond
    )
    # In UTC, for a wall clock can't be added to in the night in which it changes.
    whole = due.astimezone(UTC) - past
    if past:
        whole += _QUARTER
    while _comes_twice(whole.astimezone(local.tzinfo)):
        whole += _QUARTER
    return whole.astimezone(local.tzinfo)


def _comes_twice(local: datetime) -> bool:
    """Whether the clock on the wall shows this time twice that day."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


__all__ = ["CallbackTerms", "Hours", "Terms", "in_hours", "promise_due", "spoken_time"]
