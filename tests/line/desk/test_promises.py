"""Promises: when a call is due, and what time the caller hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.desk.promises import in_hours, promise_due, spoken_time

PARIS = "Europe/Paris"
WEEK = frozenset(range(5))


@dataclass(frozen=True)
class Hours:
    opens: time = time(8)
    closes: time = time(18)
    days: frozenset[int] = WEEK
    holidays: str = ""


@dataclass(frozen=True)
class Terms:
    hours: Hours = Hours()
    promise_minutes: tuple[int, int] = (30, 60)
    minutes: Mapping[str, tuple[int, int]] = field(
        default_factory=lambda: {"M1": (30, 60), "M2": (15, 15), "E-Down": (15, 15)}
    )


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 2026-11-24 is a Tuesday; Paris is an hour ahead of UTC then
@pytest.mark.parametrize(
    ("hours", "now", "inside"),
    [
        (Hours(), "2026-11-24 06:59", False),
        (Hours(), "2026-11-24 07:00", True),
        (Hours(), "2026-11-24 16:59", True),
        (Hours(), "2026-11-24 17:00", False),
        (Hours(), "2026-11-28 10:00", False),
        (Hours(time(22), time(6)), "2026-11-28 04:00", True),  # Friday's night goes on
        (Hours(time(22), time(6)), "2026-11-28 22:00", False),
        (Hours(time(0), time(0), frozenset(range(7))), "2026-11-28 22:00", True),
    ],
)
def test_hours_are_those_of_the_line(hours, now, inside):
    assert in_hours(at(now), hours, PARIS) is inside


# "M1 callback due 30 min in hours / 60 min off hours; M2 and E-Down 15 min"
@pytest.mark.parametrize(
    ("requested", "level", "due"),
    [
        ("2026-11-24 09:00", "M1", "2026-11-24 09:30"),
        ("2026-11-24 20:00", "M1", "2026-11-24 21:00"),
        ("2026-11-24 16:59", "M1", "2026-11-24 17:29"),
        ("2026-11-24 17:00", "M1", "2026-11-24 18:00"),
        ("2026-11-24 09:00", "M2", "2026-11-24 09:15"),
        ("2026-11-24 20:00", "M2", "2026-11-24 20:15"),
        ("2026-11-24 09:00", "E-Down", "2026-11-24 09:15"),
        ("2026-11-24 20:00", "E-Down", "2026-11-24 20:15"),
        ("2026-11-24 09:00", "", "2026-11-24 09:30"),
    ],
)
def test_a_call_is_due_by_level_and_hour_of_the_request(requested, level, due):
    assert promise_due(at(requested), Terms(), PARIS, level) == at(due)


def test_a_levels_own_minutes_are_a_setting():
    due = promise_due(at("2026-11-24 09:00"), Terms(minutes={"M2": (5, 10)}), PARIS, "M2")

    assert due == at("2026-11-24 09:05")


def test_the_due_time_is_said_in_utc_whatever_the_request_was_in():
    requested = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo(PARIS))

    assert promise_due(requested, Terms(), PARIS).tzinfo is UTC


# half an hour is half an hour, also when the clock on the wall goes back in between
def test_minutes_are_counted_in_time_and_not_on_the_wall():
    requested = datetime(2026, 10, 25, 2, 45, tzinfo=ZoneInfo(PARIS))

    assert promise_due(requested, Terms(), PARIS) == at("2026-10-25 01:45")


# S04: "hears 'before 10 45'"; the spoken time is the due time, up to the next full quarter
@pytest.mark.parametrize(
    ("due", "zone", "spoken"),
    [
        ("2026-11-24 09:31", PARIS, "2026-11-24T10:45:00+01:00"),
        ("2026-11-24 09:30:01", PARIS, "2026-11-24T10:45:00+01:00"),
        ("2026-11-24 09:30:00.000001", PARIS, "2026-11-24T10:45:00+01:00"),
        ("2026-11-24 09:30", PARIS, "2026-11-24T10:30:00+01:00"),
        ("2026-11-24 22:50", PARIS, "2026-11-25T00:00:00+01:00"),
        ("2026-11-24 09:31", "Asia/Kathmandu", "2026-11-24T15:30:00+05:45"),
        ("2026-03-29 00:50", PARIS, "2026-03-29T03:00:00+02:00"),
        # from two to three comes twice, and "half past two" could be either
        ("2026-10-24 23:50", PARIS, "2026-10-25T03:00:00+01:00"),
        ("2026-10-25 00:40", PARIS, "2026-10-25T03:00:00+01:00"),
        ("2026-10-25 01:30", PARIS, "2026-10-25T03:00:00+01:00"),
        ("2026-10-24 23:45", PARIS, "2026-10-25T01:45:00+02:00"),
        ("2026-10-25 02:01", PARIS, "2026-10-25T03:15:00+01:00"),
        ("2026-11-01 05:20", "America/New_York", "2026-11-01T02:00:00-05:00"),
        ("2026-11-01 05:20", "Asia/Tokyo", "2026-11-01T14:30:00+09:00"),
    ],
)
def test_the_caller_hears_a_full_quarter(due, zone, spoken):
    assert spoken_time(at(due), zone).isoformat() == spoken


ZONES = st.sampled_from([PARIS, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])


@given(st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), ZONES)
def test_what_is_said_is_never_before_what_is_owed(due, zone):
    spoken = spoken_time(due, zone)

    twice = timedelta(hours=2)  # the hour that comes twice, both times
    usual = timedelta(minutes=15)
    assert timedelta() <= spoken.astimezone(UTC) - due < usual + twice
    assert len({spoken.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}) == 1
    assert (spoken.minute % 15, spoken.second, spoken.microsecond) == (0, 0, 0)
