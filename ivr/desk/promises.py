"""When a promised call is due, and what time is said to the caller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ivr.desk.days_off import is_holiday
from ivr.desk.rota import running_since

_QUARTER = timedelta(minutes=15)


class Hours(Protocol):
    """Working hours, in the line's zone; ``days`` (0 is Monday) are those on which they begin, but
    for the ``holidays`` of a calendar ("FR", "DE-BY"; "" for none)."""

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


def in_hours(at: datetime, hours: Hours, zone: str) -> bool:
    """Whether ``at`` is within working hours; they may cross midnight."""

    def counts(day: date) -> bool:
        return day.weekday() in hours.days and not is_holiday(hours.holidays, day)

    return running_since(at, hours.opens, hours.closes, zone, counts) is not None


def promise_due(requested: datetime, terms: Terms, zone: str, level: str = "") -> datetime:
    """The instant, in UTC, by which somebody must call back; it counts from the request."""
    working, otherwise = terms.minutes.get(level, terms.promise_minutes)
    minutes = working if in_hours(requested, terms.hours, zone) else otherwise
    return requested.astimezone(UTC) + timedelta(minutes=minutes)


def spoken_time(due: datetime, zone: str) -> datetime:
    """``due`` in the caller's ``zone``, up to the next full quarter of an hour.

    Never before the call is due, so what he is told can be kept; a full quarter stays as it is.
    """
    local = due.astimezone(ZoneInfo(zone))
    past = timedelta(
        minutes=local.minute % 15, seconds=local.second, microseconds=local.microsecond
    )
    # In UTC, for a wall clock can't be added to in the night in which it changes.
    whole = due.astimezone(UTC) - past
    return (whole if not past else whole + _QUARTER).astimezone(local.tzinfo)


__all__ = ["Hours", "Terms", "in_hours", "promise_due", "spoken_time"]
