"""Killed while a promise is kept: the customer is rung, and by one leg only."""

from __future__ import annotations

import pytest

from ivr.line.values import Promise, needed
from ivr.simulator import Handset
from tests.kit.killed_line import ANSWERED, MET, TAKEN, World, nothing_is_left

OWNER = "MGR2"


def promised(world: World) -> None:
    """Nobody is free, the caller is promised a call, and then the owner is."""
    world.everybody("busy")
    world.ask_for_a_manager()
    world.until(lambda: "To be called back" in world.caller.last_heard, at_most=180)
    world.press("2", "1")
    world.until(lambda: not world.caller.in_call, at_most=60)
    world.everybody("ring")


def owner_rings(world: World) -> Handset:
    promised(world)
    owner = world.people[OWNER]
    world.until(lambda: owner.ringing, at_most=600)
    owner.answer()
    world.until(lambda: owner.listening, at_most=10)
    return owner


def customer_rings(world: World) -> str:
    """He is being called back; the path of that leg's webhooks."""
    owner_rings(world).press("1")
    world.until(lambda: world.caller.ringing, at_most=30)
    return f"/back/escalation/CB-{world.sid}-1"


def is_kept(world: World) -> None:
    """They meet, if not at this try, then at the next one; each try is one leg at the most."""
    world.people[OWNER].will("answer", after=3, press="1")
    world.caller.will("answer", after=3, press="1")
    world.until(lambda: world.caller.connected_to, at_most=1500)
    world.watch(MET)
    legs = {url: times for url, times in world.rings().items() if "/back/" in url}

    assert world.caller.connected_to == {world.people[OWNER]}, world.story()
    assert set(legs.values()) == {1}, legs
    nothing_is_left(world)
    assert promise(world).outcome == "met", world.story()


def promise(world: World) -> Promise:
    call = world.store.calls.load(world.sid)
    assert call is not None
    return needed(call.data.shared.promise)


@pytest.mark.parametrize(
    "point",
    [
        *TAKEN,
        "before save",
        "after save",
        "before save#2",
        "after save#2",
        "before done try_back",
        "after done try_back",
    ],
)
def test_killed_when_it_is_time_to_call(world: World, point: str) -> None:
    promised(world)

    world.killed_at_work("try_back", point)

    is_kept(world)


PLACING = [
    *ANSWERED,
    *TAKEN,
    "before place",
    "after place",
    "before save#2",
    "after save#2",
    "before done ring_customer",
    "after done ring_customer",
]


@pytest.mark.parametrize(
    ("path", "point"),
    [*(("/1-1", point) for point in ANSWERED), *(("/room/", point) for point in PLACING)],
)
def test_killed_while_the_customer_is_rung(world: World, path: str, point: str) -> None:
    owner = owner_rings(world)
    world.caller.will("answer", after=3, press="1")

    world.killed(path, point, lambda: owner.press("1"))

    is_kept(world)


@pytest.mark.parametrize("point", ANSWERED[:3])
def test_killed_when_the_customer_answers(world: World, point: str) -> None:
    path = customer_rings(world)

    world.killed(path, point, world.caller.answer)
    world.until(lambda: world.caller.listening or not world.caller.in_call, at_most=30)
    if world.caller.in_call:
        world.press("1")

    is_kept(world)


@pytest.mark.parametrize("point", ANSWERED)
def test_killed_when_the_customer_confirms_being_there(world: World, point: str) -> None:
    path = customer_rings(world)
    world.caller.answer()
    world.until(lambda: world.caller.listening, at_most=10)

    world.killed(path, point, lambda: world.caller.press("1"))

    is_kept(world)


@pytest.mark.parametrize(
    "point", [*TAKEN, "after take#2", "before save", "after save", "before done call_back"]
)
def test_killed_when_nobody_has_called_in_time(world: World, point: str) -> None:
    promised(world)
    world.everybody("busy")

    world.killed_at_work("call_back", point)
    world.watch(120)

    assert (promise(world).breaches, promise(world).owner) == (1, "DIR1")
    is_kept(world)
