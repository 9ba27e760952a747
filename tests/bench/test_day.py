"""A day of the desk, simulated twice from nothing: everything comes to the same bytes."""

from __future__ import annotations

import pytest

from tests.bench.day import Day, days

CALLS = 30


@pytest.fixture(scope="module")
def twice() -> list[Day]:
    return days(CALLS, seed=7, times=2)


def test_the_same_seed_gives_the_same_day_to_the_byte(twice: list[Day]) -> None:
    first, second = twice

    assert first.digest == second.digest
    assert (first.webhooks, first.events) == (second.webhooks, second.events)


def test_a_day_has_everything_in_it_and_nothing_goes_wrong(twice: list[Day]) -> None:
    day = twice[0]

    assert day.errors == ()
    assert day.misfits == ()
    assert day.webhooks >= 10 * CALLS
    assert day.events["call.started"] == day.events["call.ended"] >= CALLS
    happened = {"dial.answered", "operator.accepted", "escalation.accepted", "entry.rejected"}
    assert happened <= day.events.keys()


def test_another_seed_gives_another_day(twice: list[Day]) -> None:
    (other,) = days(3, seed=8, times=1)

    assert other.digest != twice[0].digest
