"""The rota, proved by force: every quarter of an hour of a year, against a model that only counts.

The model works on a list of minutes: each shift is laid out day by day from the wall clock's own
readings, and overrides are painted over it. It shares no code with the rules.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from ivr.line.desk.people import Shift, Stint
from ivr.line.desk.rota import on_duty, rota_gap
from ivr.line.desk.rota_plan import Asked, plan

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=15)
ZONES = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"]
STEPS = int((END - BEGIN) / STEP)


def follow_the_sun(zone: str, *times: str) -> list[Shift]:
    """Each region works from its time to the next one's, on one clock."""
    pairs = zip(times, (*times[1:], times[0]), strict=True)
    regions = ("EMEA", "AMER", "APAC")
    return [
        Shift(
            f"{region}-{starts}", f"on-{region}", "duty", region,
            starts=time.fromisoformat(starts), ends=time.fromisoformat(ends), zone=zone,
        )
        for region, (starts, ends) in zip(regions, pairs, strict=True)
    ]  # fmt: skip


@cache
def instant(day: date, wall: time, zone: str) -> datetime:
    """The first instant at which the clock on the wall has got as far as this reading."""
    local = ZoneInfo(zone)
    at = datetime.combine(day, wall, UTC) - timedelta(hours=15)  # no zone is that far ahead
    while at.astimezone(local).replace(tzinfo=None) < datetime.combine(day, wall):
        at += STEP
    return at


def painted(shifts: list[Shift]) -> list[list[str]]:
    """Who is on duty in each step of the year, by the wall clocks alone."""
    steps: list[list[str]] = [[] for _ in range(STEPS)]
    for shift in shifts:
        day = BEGIN.date() - timedelta(days=2)
        while day < END.date() + timedelta(days=2):
            last = day if shift.starts < shift.ends else day + timedelta(days=1)
            first = int((instant(day, shift.starts, shift.zone) - BEGIN) / STEP)
            after = int((instant(last, shift.ends, shift.zone) - BEGIN) / STEP)
            if day.weekday() in shift.days:
                for step in range(max(first, 0), min(after, STEPS)):
                    steps[step].append(shift.person)
            day += timedelta(days=1)
    return steps


@pytest.mark.parametrize("zone", ZONES)
def test_somebody_and_only_one_is_on_duty_at_every_quarter_of_a_year(zone: str) -> None:
    """ "Guides agree on: exactly one owner at any time", both changes of the clocks included."""
    rota = follow_the_sun(zone, "06:00", "14:00", "22:00")
    expected = painted(rota)
    for step in range(STEPS):
        duties = on_duty(rota, BEGIN + step * STEP, "duty", "EMEA")

        assert [duty.person for duty in duties] == expected[step]
        assert len(duties) == 1


def test_regions_on_their_own_clocks_agree_with_the_model_gaps_and_all() -> None:
    """Three clocks that change on different days leave gaps and overlaps; each is where it is."""
    week = frozenset(range(5))
    rota = [
        Shift("e", "greta", "duty", "EMEA", "", time(8), time(17), ZONES[0], week),
        Shift("a", "sam", "duty", "AMER", "", time(8), time(20), ZONES[1]),
        Shift("p", "yui", "duty", "APAC", "", time(9), time(18), ZONES[2]),
        Shift("l", "kim", "duty", "APAC", "", time(22, 30), time(6), ZONES[3]),
    ]
    expected = painted(rota)
    assert any(not step for step in expected)
    assert any(len(step) > 1 for step in expected)
    for step in range(STEPS):
        now = BEGIN + step * STEP
        duties = on_duty(rota, now, "duty", "EMEA")

        assert sorted(duty.person for duty in duties) == sorted(expected[step])
        assert rota_gap(rota, now, region="EMEA") is (not expected[step])


def test_a_year_of_overrides_is_as_a_model_paints_it_in_whatever_order_they_come() -> None:
    """ "manual status > on-call override > rota": the override that began last is on top."""
    rota, chance = follow_the_sun(ZONES[0], "06:00", "14:00", "22:00"), Random(2026)
    stints = []
    for number in range(120):
        starts = BEGIN + chance.randrange(STEPS) * STEP
        ends = starts + chance.randrange(1, 400) * STEP
        region = chance.choice(["EMEA", "AMER", "APAC"])
        name, absent = f"x{number:03}", f"on-{region}"
        stints.append(Stint(name, f"stand-in {number}", starts, ends, instead_of=absent))
    expected = [step[0] for step in painted(rota)]
    originals = list(expected)
    for stint in sorted(stints, key=lambda each: (each.starts, [-ord(c) for c in each.id])):
        first, after = int((stint.starts - BEGIN) / STEP), int((stint.ends - BEGIN) / STEP)
        for step in range(first, min(after, STEPS)):
            if originals[step] == stint.instead_of:
                expected[step] = stint.person
    shuffled, mixed = list(stints), list(rota)
    chance.shuffle(shuffled)
    chance.shuffle(mixed)
    near: list[list[Stint]] = [[] for _ in range(STEPS)]
    for stint in shuffled:
        first, after = int((stint.starts - BEGIN) / STEP), int((stint.ends - BEGIN) / STEP)
        for step in range(max(first - 1, 0), min(after + 1, STEPS)):
            near[step].append(stint)
    for step in range(STEPS):
        now = BEGIN + step * STEP

        assert [duty.person for duty in on_duty(mixed, now, "duty", stints=near[step])] == [
            expected[step]
        ]


@pytest.mark.parametrize("zone", ZONES)
def test_a_plan_of_the_year_says_of_every_instant_what_the_rules_say(zone: str) -> None:
    rota = follow_the_sun(zone, "06:00", "14:00", "22:00")
    stretches = plan(rota, (), BEGIN, END, Asked(region="AMER"))

    assert stretches[0].begins == BEGIN
    assert stretches[-1].ends == END
    for one, following in pairwise(stretches):
        assert one.ends == following.begins
        assert one.duty is not None
        assert following.duty is not None
        assert one.duty.person != following.duty.person
    for stretch in stretches:
        for now in (stretch.begins, stretch.ends - timedelta(microseconds=1)):
            [duty] = on_duty(rota, now, "duty", "AMER")
            assert stretch.duty is not None
            assert duty.person == stretch.duty.person
