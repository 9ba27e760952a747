"""Exceptions to the rota: overrides, dated delegation, statuses that end, holidays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from ivr.line.config import Hours
from ivr.line.desk.days_off import checked, is_holiday
from ivr.line.desk.people import Shift, Stint
from ivr.line.desk.promises import in_hours
from ivr.line.desk.roster import managers
from ivr.line.desk.rota import on_duty, on_shift
from ivr.line.desk.rota_plan import Asked, gap_began
from tests.kit.sample_desk import CASE, NOW, SHIFTS, desk, shift

HOUR = timedelta(hours=1)
ROTA = (shift("emea", "greta", "06-14", region="EMEA"), shift("world", "sam", "00-00"))


def stint(id, who, starts=-1, ends=1, **more):
    return Stint(id, who, NOW + starts * HOUR, NOW + ends * HOUR, **more)


SWAP = (stint("x", "sam", instead_of="greta"), stint("y", "greta", instead_of="sam"))


# "manual status set by the person > on-call override > rota"
@pytest.mark.parametrize(
    ("stints", "expected"),
    [
        ((), "greta sam"),
        ((stint("x", "yui", instead_of="greta"),), "yui sam"),
        ((stint("x", "yui", instead_of="greta", region="EMEA"),), "yui sam"),
        ((stint("x", "yui", instead_of="greta", region="AMER"),), "greta sam"),
        ((stint("x", "yui", instead_of="greta", role="second_level_duty"),), "greta sam"),
        ((stint("x", "yui", region="EMEA"),), "yui greta sam"),
        ((stint("x", "yui"),), "greta yui sam"),  # for the world, so after the region's own
        (SWAP, "sam greta"),
        # from its first instant, and not at its last
        ((stint("x", "yui", 0, 1, instead_of="greta"),), "yui sam"),
        ((stint("x", "yui", -1, 0, instead_of="greta"),), "greta sam"),
        # where they overlap: the later exception is the one that is meant, then the smaller id
        ((stint("x", "yui", -2, instead_of="greta"), stint("y", "ann", instead_of="greta")),
         "ann sam"),
        ((stint("x", "yui", instead_of="greta"), stint("y", "ann", instead_of="greta")),
         "yui sam"),
        ((stint("x", "yui", -2, region="EMEA"), stint("y", "ann", region="EMEA")),
         "ann yui greta sam"),
        # a calendar is part of the rota: the earliest start is in front, and can be overridden
        ((stint("c", "cal", region="EMEA", source="calendar"),), "greta cal sam"),
        ((stint("c", "cal", -9, region="EMEA", source="calendar"),
          stint("x", "yui", instead_of="cal")), "yui greta sam"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_an_override_beats_the_rota(stints, expected, turned):
    stints = tuple(reversed(stints)) if turned else stints
    duties = on_duty(ROTA, NOW, "duty", "EMEA", stints=stints)

    assert " ".join(duty.person for duty in duties) == expected


def test_an_override_shows_who_stands_in_and_who_is_replaced():
    override = stint("x", "mgr3", instead_of="mgr2")
    found = managers(CASE, "manager", NOW, replace(desk(), stints=(override,)))
    named = next(each for each in found if each.person.id == "mgr3")

    assert (named.reason, named.detail) == ("duty", "on duty: EMEA, for Mgr2")


# "Availability sources, in falling trust … Show the source and age."
@pytest.mark.parametrize(
    ("changes", "stints", "source", "age"),
    [
        ({}, (), "rota", 3),
        ({"status_since": NOW - HOUR}, (), "status", 1),
        ({}, (stint("x", "mgr2", -2, region="AMER"),), "override", 2),
        ({"status_since": NOW - HOUR}, (stint("x", "mgr2", region="AMER"),), "status", 1),
        ({}, (stint("c", "mgr2", source="calendar", region="EMEA"),), "rota", 3),
    ],
)
def test_the_most_trusted_source_is_shown_with_its_age(changes, stints, source, age):
    found = managers(CASE, "manager", NOW, replace(desk(mgr2=changes), stints=stints))
    mgr2 = next(each for each in found if each.person.id == "mgr2")

    assert (mgr2.source, mgr2.age) == (source, age * HOUR)


def test_a_calendars_age_is_when_it_was_read():
    entry = stint("c", "mgr1", source="calendar", as_of=NOW - 5 * HOUR)
    found = managers(CASE, "manager", NOW, replace(desk(), stints=(entry,)))

    assert (found[0].person.id, found[0].source, found[0].age) == ("mgr1", "calendar", 5 * HOUR)


def test_hours_are_the_least_that_is_known():
    hours = {"hours": (time(8), time(18)), "delegate": None}

    assert managers(CASE, "manager", NOW, desk(mgr1=hours))[0].source == "hours"
    assert managers(CASE, "manager", NOW, desk())[0].source == ""


@pytest.mark.parametrize(
    ("until", "status"), [(1, "away"), (0, "available"), (-1, "available"), (None, "away")]
)
def test_a_status_ends_by_itself(until, status):
    away = {"status": "away", "status_since": NOW - HOUR, "status_by": "mgr1"}
    until = None if until is None else NOW + until * HOUR
    person = desk(mgr1=away | {"status_until": until}).people["mgr1"].at(NOW)

    assert person.status == status
    assert (person.status_since is not None) == (status == "away")


@pytest.mark.parametrize(
    ("begins", "ends", "delegate"),
    [
        (None, None, "mgr2"),
        (0, None, "mgr2"),
        (1, None, None),
        (None, 1, "mgr2"),
        (None, 0, None),
        (-1, 1, "mgr2"),
    ],
)
def test_a_delegate_stands_in_within_the_given_dates_only(begins, ends, delegate):
    dates = {
        "delegate_from": None if begins is None else NOW + begins * HOUR,
        "delegate_until": None if ends is None else NOW + ends * HOUR,
    }

    assert desk(mgr1=dates).people["mgr1"].at(NOW).delegate == delegate


# 2026-11-24 is a Tuesday; 2026-05-14 (Ascension) is a holiday in France, 06-04 (Corpus Christi)
# in Bavaria and not in Berlin
@pytest.mark.parametrize(
    ("calendar", "day", "holiday"),
    [
        ("FR", "2026-05-14", True),
        ("FR", "2026-05-15", False),
        ("DE-BY", "2026-06-04", True),
        ("DE-BE", "2026-06-04", False),
        ("", "2026-12-25", False),
    ],
)
def test_a_holiday_is_one_where_it_is_kept(calendar, day, holiday):
    assert is_holiday(calendar, date.fromisoformat(day)) is holiday


@pytest.mark.parametrize("calendar", ["XX", "DE-XX", "-"])
def test_a_calendar_that_does_not_exist_is_refused(calendar):
    with pytest.raises(ValueError, match=f"no calendar of holidays '{calendar}'"):
        checked(calendar)


@pytest.mark.parametrize(
    ("changes", "skipped"),
    [
        ({"days": frozenset({1})}, ""),
        ({"days": frozenset({0, 2})}, "off_shift"),
        ({"days": frozenset({0, 2}), "on_call": True}, ""),
    ],
)
def test_nobody_is_rung_on_a_day_off(changes, skipped):
    hours = {"hours": (time(8), time(18)), "delegate": None}

    assert managers(CASE, "manager", NOW, desk(mgr1=hours | changes))[0].skipped == skipped


@pytest.mark.parametrize(("calendar", "skipped"), [("FR", "off_shift"), ("GB", "")])
def test_a_holiday_is_no_working_day(calendar, skipped):
    ascension = NOW.replace(month=5, day=14)
    off = {"hours": (time(8), time(18)), "delegate": None, "holidays": calendar}

    assert managers(CASE, "manager", ascension, desk(mgr1=off))[0].skipped == skipped


def test_the_line_itself_keeps_holidays():
    ascension, week = NOW.replace(month=5, day=14), frozenset(range(5))

    assert in_hours(ascension, Hours(time(8), time(18), week), "Europe/Paris")
    assert not in_hours(ascension, Hours(time(8), time(18), week, "FR"), "Europe/Paris")


def test_a_shift_is_worked_on_holidays_unless_it_says_otherwise():
    ascension = NOW.replace(month=5, day=14)
    every = Shift("s", "ann", "duty", starts=time(8), ends=time(18))

    assert on_shift(every, ascension) is not None
    assert on_shift(replace(every, holidays="FR"), ascension) is None


def test_a_gap_knows_since_when_it_has_been_one():
    alone = [each for each in SHIFTS if each.id == "emea"]

    assert gap_began(alone, (), NOW, Asked(region="EMEA")) is None
    assert gap_began(alone, (), NOW + 6 * HOUR, Asked(region="EMEA")) == NOW + 5 * HOUR
