"""When a promised call is due, and what time is said to the caller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ivr.desk.rota import running_since

# The first level keeps the line's own minutes; in hours, off hours.
SOONER: Mapping[str, tuple[int, int]] = {"M2": (15, 15), "E-Down": (15, 15)}

_QUARTER = timedelta(minutes=15)


class Hours(Protocol):
    """Working hours, in the line's zone; ``days`` (0 is Monday) are those on which they begin."""

    @property
    def opens(self) -> time: ...
    @property
    def closes(self) -> time: ...
    @property
    def days(self) -> frozenset[int]: ...


class Terms(Protocol):
    """What a line promises: minutes until the call is due, in hours and off hours."""

    @property
    def hours(self) -> Hours: ...
    @property
    def promise_minutes(self) -> tuple[int, int]: ...


def in_hours(at: datetime, hours: Hours, zone: str) -> bool:
    """Whether ``at`` is within working hours; they may cross midnight."""

    def counts(day: date) -> bool:
        return day.weekday() in hours.days

    return running_since(at, hours.opens, hours.closes, zone, counts) is not None


def promise_due(
    requested: datetime,
    terms: Terms,
    zone: str,
    level: str = "M1",
    levels: Mapping[str, tuple[int, int]] = SOONER,
) -> datetime:
    """The instant, in UTC, by which somebody must call back; it counts from the request.

    ``levels`` has the minutes (in hours, off hours) of levels that don't wait as long as the line's
    own ``promise_minutes``.
    """
    working, otherwise = levels.get(level, terms.promise_minutes)
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


__all__ = ["SOONER", "Hours", "Terms", "in_hours", "promise_due", "spoken_time"]
