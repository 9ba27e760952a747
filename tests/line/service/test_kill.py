"""Killed at each point between receiving a webhook and marking a duty done: nothing is lost.

One webhook, or what is due, goes to a process that kills itself (SIGKILL) at a named point of the
way; another one carries on. See `tests.kit.killed`.
"""

from __future__ import annotations

import pytest

from tests.kit.desk import ENTRY
from tests.kit.killed_line import (
    ANSWERED,
    HERE,
    MET,
    TAKEN,
    World,
    ends_well,
    nothing_is_left,
)

# ---- what must hold whatever happened


# ---- the call begins


@pytest.mark.parametrize("habit", ["answer", "ring"])
@pytest.mark.parametrize("point", ANSWERED[:3])
def test_killed_when_the_call_begins(world: World, point: str, habit: str) -> None:
    world.everybody(habit, after=3, press="1" if habit == "answer" else "")

    world.killed(HERE, point, lambda: world.caller.call(ENTRY))

    ends_well(world)


# ---- an operator is rung

RINGING = [
    *ANSWERED,
    *TAKEN,
    "before claim",
    "after claim",
    "before place",
    "after place",
    "before save#2",
    "after save#2",
    "before done ring",
    "after done ring",
]


@pytest.mark.parametrize("point", RINGING)
def test_killed_while_an_operator_is_rung(world: World, point: str) -> None:
    world.everybody("answer", after=3, press="1")
    world.caller.call(ENTRY)

    world.killed(HERE, point, lambda: world.caller.press("0"))

    ends_well(world)


@pytest.mark.parametrize("point", [*ANSWERED, "after claim", "after place", "before done ring"])
def test_killed_while_people_are_rung_and_nobody_answers(world: World, point: str) -> None:
    world.caller.call(ENTRY)

    world.killed(HERE, point, lambda: world.caller.press("0"))

    ends_well(world)
    assert world.store.duties.all("call_back"), world.story()


@pytest.mark.parametrize("point", ["before place", "after place", "before save#2"])
def test_nobody_is_rung_again_who_may_be_ringing(world: World, point: str) -> None:
    late = world.exchange.delay("/1-1/status", 100)
    world.people["OP2"].will("answer", after=3, press="1")
    world.caller.call(ENTRY)

    world.killed(HERE, point, lambda: world.caller.press("0"))
    world.watch(34)  # longer than the lease
    late.stop()

    ends_well(world)
    assert len(world.people["OP1"].calls) == (0 if point == "before place" else 1)


@pytest.mark.parametrize("point", ["after claim", "before place", "after place", "before save#2"])
def test_killed_while_a_manager_is_rung_whose_caller_then_hangs_up(
    world: World, point: str
) -> None:
    world.caller.call(ENTRY)
    world.press("2", "1", "17349013#", "1")

    world.killed(HERE, point, lambda: world.caller.press("2"))
    world.exchange.wait(3)
    world.caller.hang_up()

    ends_well(world)
    assert len(world.store.case_files.escalations("C17349013")) == 1


@pytest.mark.parametrize("point", ["after place", "before save#2", "after save#2"])
def test_killed_while_the_carrier_refuses_to_ring(world: World, point: str) -> None:
    world.everybody("answer", after=3, press="1")
    world.caller.call(ENTRY)

    with world.exchange.rest_fails("429", "POST /Calls"):
        world.killed(HERE, point, lambda: world.caller.press("0"))
        world.until(lambda: world.caller.connected_to, at_most=200)

    ends_well(world)


@pytest.mark.parametrize("habit", ["answer", "ring", "hang up"])
@pytest.mark.parametrize("point", ANSWERED[:3])
def test_killed_while_a_document_dials_the_next(world: World, point: str, habit: str) -> None:
    world.caller.call(ENTRY)
    with world.exchange.rest_fails("429"):
        world.press("0")
        world.until(lambda: world.people["OP1"].ringing, at_most=60)
        world.everybody("ring" if habit == "hang up" else habit, after=3, press="1")

        world.killed(f"{HERE}/talked", point, world.people["OP1"].decline)
        if habit == "hang up":
            world.caller.hang_up()
        world.until(lambda: world.caller.connected_to or not world.caller.in_call, at_most=400)

    if habit == "hang up":
        nothing_is_left(world)  # who asked for nobody in particular isn't owed a call
    else:
        ends_well(world)


# ---- somebody accepts, and the caller is brought to them

JOINING = [*ANSWERED, *TAKEN, "before send", "after send", "before done send", "after done send"]


@pytest.mark.parametrize(
    ("path", "point", "habit"),
    [
        *(("/1-1", point, "answer") for point in ANSWERED),
        *(("/room/", point, "answer") for point in JOINING),
        ("/1-1", "after save", "ring"),
        ("/1-1", "before answer", "ring"),
    ],
)
def test_killed_while_somebody_accepts(world: World, path: str, point: str, habit: str) -> None:
    operator = world.people["OP1"]
    world.caller.call(ENTRY)
    world.press("0")
    operator.answer()
    world.until(lambda: operator.listening, at_most=10)
    world.everybody(habit, after=3, press="1" if habit == "answer" else "")

    world.killed(path, point, lambda: operator.press("1"))

    ends_well(world)


DECLINING = [*ANSWERED, *TAKEN, "before claim", "after place", "before done ring"]


@pytest.mark.parametrize("point", DECLINING)
def test_killed_while_somebody_declines(world: World, point: str) -> None:
    operator = world.people["OP1"]
    world.caller.call(ENTRY)
    world.press("0")
    operator.answer()
    world.until(lambda: operator.listening, at_most=10)
    world.everybody("answer", after=3, press="1")

    world.killed("/1-1", point, lambda: operator.press("2"))

    ends_well(world)


# ---- nobody needs to be rung any more

STOPPING = [
    *ANSWERED,
    *TAKEN,
    "before hang_up",
    "after hang_up",
    "before done hang_up",
    "after done hang_up",
]


@pytest.mark.parametrize("point", STOPPING)
def test_killed_while_the_caller_asks_to_be_called_back(world: World, point: str) -> None:
    world.ask_for_a_manager()
    world.until(lambda: world.caller.listening and world.people["MGR1"].ringing, at_most=20)

    world.killed("/held", point, lambda: world.caller.press("2"))

    world.until(lambda: not world.people["MGR1"].ringing, at_most=40)
    ends_well(world)


@pytest.mark.parametrize(
    ("path", "point"), [("/status", "before answer"), *(("/left", point) for point in STOPPING)]
)
def test_killed_while_the_caller_hangs_up(world: World, path: str, point: str) -> None:
    world.ask_for_a_manager()

    world.killed(path, point, world.caller.hang_up)

    world.until(lambda: not world.people["MGR1"].ringing, at_most=40)
    ends_well(world)


def test_a_caller_who_has_hung_up_without_anybody_knowing_is_found_out(world: World) -> None:
    world.ask_for_a_manager()
    late = [world.exchange.delay(f"{HERE}/{path}", 3600) for path in ("left", "status")]
    world.caller.hang_up()

    world.watch(600)

    assert world.store.duties.all("call_back"), world.story()
    assert world.store.calls.open() == [], world.story()
    for each in late:
        each.stop()
    world.exchange.wait(3500)
    nothing_is_left(world)


# ---- people part

PARTING = [
    *ANSWERED,
    *TAKEN,
    "before release",
    "after release",
    "before done release",
    "after done release",
    "before send",
    "after send",
    "before done send",
]


@pytest.mark.parametrize(
    ("path", "point"), [("/status", "before answer"), *(("/room/", point) for point in PARTING)]
)
def test_killed_while_people_part(world: World, path: str, point: str) -> None:
    operator = world.people["OP1"]
    world.meets(operator)
    world.watch(MET)

    world.killed(path, point, operator.hang_up)

    world.until(lambda: world.people["OP2"].ringing, at_most=90)  # whom the caller may still need
    world.caller.hang_up()
    nothing_is_left(world)


HOLDING = [*ANSWERED, *TAKEN, "before find", "before hold", "after hold", "before done hold"]


@pytest.mark.parametrize("point", HOLDING)
def test_killed_while_the_operator_opens_the_menu(world: World, point: str) -> None:
    operator = world.people["OP1"]
    world.meets(operator)
    world.watch(5)

    world.killed("/1-1/talked", point, lambda: operator.press("*"))

    world.watch(40)  # whatever the owner makes of the silence
    if operator.in_call and operator not in world.caller.connected_to:
        operator.press("*")
        world.watch(40)
    assert operator in world.caller.connected_to or not operator.in_call, world.story()
    world.watch(60)
    nothing_is_left(world)


# ---- time passes


@pytest.mark.parametrize(
    "point", [*TAKEN, "before save", "after save", "before done time_up", "after done time_up"]
)
def test_killed_when_the_time_for_ringing_is_up(world: World, point: str) -> None:
    world.caller.call(ENTRY)
    world.press("0")

    world.killed_at_work("time_up", point)

    ends_well(world)


LOOKING = [*TAKEN, "before save", "after save", "before retry", "after retry"]


@pytest.mark.parametrize("point", LOOKING)
def test_killed_while_looking_for_a_freed_operator(world: World, point: str) -> None:
    for operator in ("OP1", "OP2"):
        world.store.people.claim(operator, "another/1-1")
    world.caller.call(ENTRY)
    world.press("0")
    world.store.people.release("OP2", "another/1-1")
    world.people["OP2"].will("answer", after=3, press="1")

    world.killed_at_work("look_again", point)
    world.until(lambda: world.caller.connected_to == {world.people["OP2"]}, at_most=60)

    world.store.people.release("OP1", "another/1-1")
    ends_well(world)


@pytest.mark.parametrize("point", [*TAKEN, "before save", "after save", "before done lapse"])
def test_killed_when_a_leg_says_nothing_any_more(world: World, point: str) -> None:
    late = world.exchange.delay("/1-1/status", 100)
    world.caller.call(ENTRY)
    world.press("0")
    world.people["OP2"].will("answer", after=3, press="1")

    world.killed_at_work("lapse", point)
    late.stop()

    ends_well(world)
