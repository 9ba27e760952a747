"""A stranger can't hear which case numbers exist, from the words or from when they are said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.kit.desk import CALLER, ENTRY, PEOPLE, START, Desk
from tests.kit.fresh_desks import FreshDesks
from tests.kit.records import Down
from tests.kit.telephones import keyed

REAL = "17349013"  # open, with an owner and her manager
CASES = {
    "real": REAL,
    "unknown": "17349099",
    "closed": "17349045",
    "of another contract": "17349037",
    "of a test system": "17349076",
    "escalated already": "17349021",
    "without an owner": "17349068",
    "records down": REAL,
}
ENGINEER, MANAGER, NEXT_LEVEL, DOWN = "1", "2", "3", "E-Down"


def there(desk: Desk) -> None:
    for number in PEOPLE.values():
        desk.exchange.phone(number).will("answer", after=5, press="1")


def silent(desk: Desk) -> None:
    """Their telephones ring, and nobody answers."""


def away(desk: Desk) -> None:
    for person in PEOPLE:
        desk.store.people.set_status(person, "away")


def busy(desk: Desk) -> None:
    for person in PEOPLE:
        assert desk.store.people.claim(person, "another/1-1")


def resting(desk: Desk) -> None:
    """Everybody has just been rung by another caller, in vain."""
    for person in PEOPLE:
        desk.store.people.claim(person, "another/1-1")
        desk.store.people.release(person, "another/1-1", START, "no_answer")


def managers_away(desk: Desk) -> None:
    for person in ("MGR1", "MGR2", "MGR3", "MGR4", "DIR1", "DIR2", "ENG1", "ENG2"):
        desk.store.people.set_status(person, "away")


DESKS = [there, silent, away, busy, resting, managers_away]


Make = Callable[[str], Desk]  # by one of the names of `CASES`


@pytest.fixture(scope="module")
def desk_for() -> Iterator[Make]:
    with FreshDesks() as all_well, FreshDesks(case_system=Down) as down:
        yield lambda case: (down if case == "records down" else all_well).desk()


def heard(
    desk_for: Make, case: str, wish: str, people: Callable[[Desk], None], *later: str
) -> list[tuple[timedelta, str]]:
    """What a caller hears from their wish on, and when, until they are with a person.

    ``later`` are keys that they press, one at each time that they are offered something.
    """
    desk = desk_for(case)
    exchange = desk.exchange
    if case == "escalated already":
        for what, by in (("escalate", "caller"), ("accept", "MGR1")):
            then = START - timedelta(days=1)
            desk.hear("C17349021", what, key=what, by=by, channel="phone", at=then, level="M1")
    people(desk)
    caller = exchange.phone(CALLER)
    caller.call(ENTRY)
    *first, last = (
        ("2", "3", f"{CASES[case]}#", "1")
        if wish == DOWN
        else ("2", "1", f"{CASES[case]}#", "1", wish)
    )
    keyed(caller, exchange, *first)
    began, before = exchange.clock.now(), len(caller.heard)
    caller.press(last)
    offered = 0
    for _ in range(800):
        exchange.wait(1)
        if caller.connected_to or not caller.in_call:
            break
        offers = sum("To keep waiting" in each.text for each in caller.heard)
        if offers > offered and offered < len(later):
            caller.press(later[offered])
        offered = offers
    return [(each.at - began, each.text) for each in caller.heard[before:]]


@pytest.mark.parametrize("people", DESKS)
@pytest.mark.parametrize("wish", [ENGINEER, MANAGER, NEXT_LEVEL, DOWN])
def test_every_case_number_sounds_the_same(
    desk_for: Make, wish: str, people: Callable[[Desk], None]
) -> None:
    """Attackers drive menus with numbers to learn, from the path the call takes, which exist."""
    sounds = {case: heard(desk_for, case, wish, people) for case in CASES}

    assert len(sounds["real"]) >= (1 if people is there else 4)
    for case in CASES:
        assert sounds[case] == sounds["real"], case


@pytest.mark.parametrize("people", [silent, away])
@pytest.mark.parametrize("wish", [ENGINEER, MANAGER, NEXT_LEVEL])
def test_whoever_keeps_waiting_waits_in_the_same_place(
    desk_for: Make, wish: str, people: Callable[[Desk], None]
) -> None:
    keys = ("1", "2")
    real = heard(desk_for, "real", wish, people, *keys)

    looking = [at for at, text in real if text.startswith("I am looking for")]
    assert len(looking) == 2
    for case in ("unknown", "closed", "records down"):
        assert heard(desk_for, case, wish, people, *keys) == real, case
