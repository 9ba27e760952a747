"""Who is on shift: windows of the day, and the nights in which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.desk.people import Shift
from ivr.line.desk.rota import on_duty, on_shift, rota_gap, running_since, window

STEP = timedelta(minutes=5)
PARIS, NEW_YORK = "Europe/Paris", "America/New_York"
CHANGEOVERS = [
    (PARIS, date(2026, 3, 29), -1),
    (PARIS, date(2026, 10, 25), +1),
    (NEW_YORK, date(2026, 3, 8), -1),
    (NEW_YORK, date(2026, 11, 1), +1),
]


def at(text):
    """An instant: "2026-11-24 09:00" is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shift(id="s", starts="22:00", ends="06:00", zone="UTC", person="ann", role="duty", **more):
    hours = {"starts": time.fromisoformat(starts), "ends": time.fromisoformat(ends)}
    return Shift(id, person, role, zone=zone, **hours, **more)


def rounds(*times, zone):
    """Shifts that hand over to each other at these times, all day long."""
    pairs = zip(times, (*times[1:], times[0]), strict=True)
    return [shift(f"{starts}-{ends}", starts, ends, zone) for starts, ends in pairs]


def around(day):
    """Every five minutes from two days before the changeover to two days after it."""
    begin = datetime.combine(day, time(), tzinfo=UTC) - timedelta(days=2)
    return [begin + n * STEP for n in range(4 * 24 * 12)]


# 14:00-22:00 is an ordinary window, 22:00-06:00 crosses midnight, 00:00-00:00 is a whole day
@pytest.mark.parametrize(
    ("starts", "ends", "now", "since"),
    [
        ("14:00", "22:00", "2026-11-24 13:59", None),
        ("14:00", "22:00", "2026-11-24 14:00", "2026-11-24 14:00"),
        ("14:00", "22:00", "2026-11-24 21:59", "2026-11-24 14:00"),
        ("14:00", "22:00", "2026-11-24 22:00", None),
        ("22:00", "06:00", "2026-11-24 21:59", None),
        ("22:00", "06:00", "2026-11-24 22:00", "2026-11-24 22:00"),
        ("22:00", "06:00", "2026-11-25 05:59", "2026-11-24 22:00"),
        ("22:00", "06:00", "2026-11-25 06:00", None),
        ("00:00", "00:00", "2026-11-24 00:00", "2026-11-24 00:00"),
        ("00:00", "00:00", "2026-11-24 23:59", "2026-11-24 00:00"),
        ("08:00", "08:00", "2026-11-24 07:59", "2026-11-23 08:00"),
    ],
)
def test_a_window_holds_its_first_instant_and_not_its_last(starts, ends, now, since):
    assert on_shift(shift(starts=starts, ends=ends), at(now)) == (since and at(since))


def test_a_window_is_read_in_its_own_zone():
    tokyo = shift(starts="09:00", ends="17:00", zone="Asia/Tokyo")

    assert on_shift(tokyo, at("2026-11-24 00:00")) == at("2026-11-24 00:00")
    assert on_shift(tokyo, at("2026-11-24 08:00")) is None


# days, first and last are about the day on which the window starts: 2026-11-24 is a Tuesday
@pytest.mark.parametrize(
    ("limits", "now", "on"),
    [
        ({"days": frozenset({1})}, "2026-11-24 23:00", True),
        ({"days": frozenset({1})}, "2026-11-25 05:00", True),
        ({"days": frozenset({1})}, "2026-11-24 05:00", False),
        ({"days": frozenset({1})}, "2026-11-25 23:00", False),
        ({"days": frozenset()}, "2026-11-24 23:00", False),
        ({"first": date(2026, 11, 24)}, "2026-11-24 05:00", False),
        ({"first": date(2026, 11, 24)}, "2026-11-24 22:00", True),
        ({"last": date(2026, 11, 24)}, "2026-11-25 05:00", True),
        ({"last": date(2026, 11, 24)}, "2026-11-25 22:00", False),
        ({"first": date(2026, 11, 24), "last": date(2026, 11, 24)}, "2026-11-24 23:00", True),
    ],
)
def test_a_shift_is_worked_on_its_days_only(limits, now, on):
    assert (on_shift(shift(**limits), at(now)) is not None) is on


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        on_shift(shift(starts="00:00", ends="00:00"), datetime(2026, 11, 24, 9))


# "DST change inside a shift": "exactly one owner at any time", and each takes over once.
@pytest.mark.parametrize(("zone", "day", "change"), CHANGEOVERS)
@pytest.mark.parametrize(
    "times",
    [
        ("06:00", "14:00", "22:00"),
        ("02:30", "10:00", "22:00"),
        ("00:30", "12:00", "23:30"),
        ("01:00", "02:00", "03:00"),
        ("02:00",),
    ],
)
def test_shifts_hand_over_exactly_once_when_the_clocks_change(times, zone, day, change):
    rota = rounds(*times, zone=zone)
    running = []
    for now in around(day):
        on = [(s.id, since) for s in rota if (since := on_shift(s, now)) is not None]
        assert len(on) == 1
        running += on

    turns = [turn for turn, _ in groupby(running)]

    assert len(set(turns)) == len(turns)
    assert [since for _, since in turns] == sorted(since for _, since in turns)


# A night shift is an hour shorter in spring and an hour longer in autumn.
@pytest.mark.parametrize(("zone", "day", "change"), CHANGEOVERS)
def test_the_night_of_the_change_is_worked_as_long_as_it_is(zone, day, change):
    night = shift(zone=zone)
    worked = {}
    for now in around(day):
        if (since := on_shift(night, now)) is not None:
            local = since.astimezone(ZoneInfo(zone)).date()
            worked[local] = worked.get(local, timedelta()) + STEP

    assert worked[day - timedelta(days=1)] == timedelta(hours=8 + change)
    assert worked[day] == worked[day - timedelta(days=2)] == timedelta(hours=8)


# Where no edge of a shift falls into the change, the clock on the wall must agree at any instant.
@pytest.mark.parametrize(("zone", "day", "change"), CHANGEOVERS)
@pytest.mark.parametrize(("starts", "ends"), [("22:00", "06:00"), ("23:55", "00:05")])
def test_the_clock_on_the_wall_agrees(starts, ends, zone, day, change):
    night = shift(starts=starts, ends=ends, zone=zone)
    for now in around(day):
        wall = now.astimezone(ZoneInfo(zone)).time()

        assert (on_shift(night, now) is not None) == (wall >= night.starts or wall < night.ends)


# "A time that comes twice means the first; one that is missing means an hour later on the clock."
@pytest.mark.parametrize(
    ("day", "starts", "begins"),
    [
        (date(2026, 10, 25), "02:30", "2026-10-25 00:30"),
        (date(2026, 3, 29), "02:30", "2026-03-29 01:30"),
    ],
)
def test_a_time_that_is_odd_that_night_has_one_meaning(day, starts, begins):
    begin, end = window(day, time.fromisoformat(starts), time(10), PARIS)

    assert (begin, end) == (at(begins), datetime.combine(day, time(10), ZoneInfo(PARIS)))


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.times(),
    st.sampled_from([PARIS, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_a_day_that_hands_over_to_itself_has_no_gap(now, starts, zone):
    since = running_since(now, starts, starts, zone, lambda day: True)

    assert since is not None
    assert since <= now < since + timedelta(hours=26)


# --- who is asked first ---

EMEA = shift("emea", "06:00", "14:00", person="greta", region="EMEA")
AMER = shift("amer", "14:00", "22:00", person="sam", region="AMER")
APAC = shift("apac", "22:00", "06:00", person="yui", region="APAC")
WORLD = shift("world", "00:00", "00:00", person="sam")
CREO = shift("creo", "06:00", "14:00", person="carl", region="EMEA", product="Creo")
ANY_CREO = shift("any-creo", "00:00", "00:00", person="cora", product="Creo")
SECOND = shift("second", "06:00", "18:00", person="dir1", role="second_level_duty")
ROTA = (WORLD, APAC, AMER, EMEA, CREO, ANY_CREO, SECOND)


# "duty(region, product), most specific first; duty(region, *); follow the sun, product/*; global"
@pytest.mark.parametrize(
    ("now", "region", "product", "expected"),
    [
        ("09:00", "EMEA", "Creo", ["creo duty", "emea duty", "any-creo global", "world global"]),
        ("09:00", "EMEA", "Windchill", ["emea duty", "world global"]),
        ("09:00", "APAC", "Creo", ["creo sun", "emea sun", "any-creo global", "world global"]),
        ("15:00", "EMEA", "Windchill", ["amer sun", "world global"]),
        ("23:00", "APAC", "Windchill", ["apac duty", "world global"]),
        ("05:59", "APAC", "Windchill", ["apac duty", "world global"]),
        ("06:00", "APAC", "Windchill", ["emea sun", "world global"]),
        # a product that isn't known: any may be the right one, those for all products first
        ("09:00", "EMEA", "", ["emea duty", "creo duty", "world global", "any-creo global"]),
        # a region that isn't known
        ("09:00", "", "Windchill", ["emea sun", "world global"]),
    ],
)
def test_the_most_specific_duty_is_asked_first(now, region, product, expected):
    reasons = {"duty": "duty", "follow_the_sun": "sun", "global_duty": "global"}
    duties = on_duty(ROTA, at(f"2026-11-24 {now}"), "duty", region, product)

    assert [f"{duty.id} {reasons[duty.reason]}" for duty in duties] == expected


def test_each_level_has_a_rota_of_its_own():
    duties = on_duty(ROTA, at("2026-11-24 09:00"), "second_level_duty", "EMEA")

    assert [duty.id for duty in duties] == ["second"]


# "two rotas overlap -> earliest start wins, deterministic"
@pytest.mark.parametrize("rota", [("late", "early"), ("early", "late")])
def test_where_rotas_overlap_the_earliest_start_wins(rota):
    starts = {"early": "20:00", "late": "22:00"}
    shifts = [shift(id, starts[id], "06:00", region="EMEA") for id in rota]
    duties = on_duty(shifts, at("2026-11-25 01:00"), "duty", "EMEA")

    assert [duty.id for duty in duties] == ["early", "late"]


def test_two_who_start_together_are_a_tie_in_the_order_of_their_ids():
    shifts = [shift("b", person="bob"), shift("a", person="ann")]
    first, second = on_duty(shifts, at("2026-11-24 23:00"), "duty")

    assert (first.id, second.id) == ("a", "b")
    assert first.place == second.place


# "rota gap (nobody on duty) -> global duty + alarm"
@pytest.mark.parametrize(
    ("rota", "now", "gap"),
    [
        ((EMEA, WORLD), "09:00", False),
        ((EMEA, WORLD), "15:00", True),
        ((EMEA, AMER, WORLD), "15:00", False),
        ((EMEA,), "15:00", True),
        ((WORLD,), "15:00", False),
        ((SECOND,), "09:00", True),
        ((), "09:00", True),
    ],
)
def test_a_gap_in_the_rota_is_noticed(rota, now, gap):
    assert rota_gap(rota, at(f"2026-11-24 {now}"), region="EMEA") is gap
