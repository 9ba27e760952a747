"""Calls whose end nobody told us are ended all the same."""

from __future__ import annotations

import pytest

from ivr.line.service.duties.lost_calls import first_check
from ivr.simulator import Handset
from tests.kit.desk import ENTRY, Desk

pytestmark = pytest.mark.lenient_calls  # a webhook fails, on purpose
STATUS = "/voice/escalation/status"


@pytest.fixture
def watched(desk: Desk) -> Desk:
    desk.store.duties.add([first_check(desk.exchange.clock.now())])
    desk.duties.run()
    return desk


def lost(watched: Desk, caller: Handset, *entries: str) -> None:
    """A caller who hangs up, which the line isn't told."""
    caller.call(ENTRY)
    for keys in entries:
        watched.exchange.wait(2)
        caller.press(keys)
    with watched.exchange.webhook_fails("503", STATUS):
        caller.hang_up()
        watched.exchange.wait(2)


def test_a_call_whose_end_was_lost_is_ended_at_the_next_look(
    watched: Desk, caller: Handset
) -> None:
    lost(watched, caller, "2")
    assert [call.sid for call in watched.store.calls.open()] == [watched.sid(caller)]
    watched.exchange.wait(15 * 60)

    assert watched.store.calls.open() == []
    assert watched.store.logs.verify(watched.sid(caller))


# Whoever hangs up while people are rung is owed a call.
def test_who_waited_for_a_manager_is_owed_a_call(watched: Desk, caller: Handset) -> None:
    lost(watched, caller, "2", "1", "17349013#", "1", "2")
    watched.exchange.wait(15 * 60)

    assert watched.store.calls.open() == []
    assert watched.store.duties.all("call_back")
    assert not [person.id for person in watched.store.people.all() if person.busy_with]


def test_a_person_whose_leg_ended_unheard_is_free_again(watched: Desk, caller: Handset) -> None:
    operator = watched.phone("OP1")
    operator.will("answer", press="1")
    caller.call(ENTRY)
    watched.exchange.wait(2)
    caller.press("0")
    watched.exchange.wait(30)
    with (
        watched.exchange.webhook_fails("503", "/leg/escalation/"),
        watched.exchange.webhook_fails("503", "/room/escalation/"),
    ):
        caller.hang_up()
        operator.hang_up()
        watched.exchange.wait(90)

    assert not [person.id for person in watched.store.people.all() if person.busy_with]
    assert watched.store.calls.open() == []


def test_a_call_that_goes_on_goes_on(watched: Desk, caller: Handset) -> None:
    operator = watched.phone("OP1")
    operator.will("answer", press="1")
    caller.call(ENTRY)
    watched.exchange.wait(2)
    caller.press("0")
    watched.exchange.wait(60 * 60)

    assert caller.connected_to == {operator}
    assert watched.told(caller, "call.ended") == []
    caller.hang_up()
    watched.exchange.wait(5)


def test_a_carrier_that_is_down_is_asked_again(watched: Desk, caller: Handset) -> None:
    lost(watched, caller, "2")
    with watched.exchange.rest_fails("500"):
        watched.exchange.wait(15 * 60)
        assert len(watched.store.calls.open()) == 1
    watched.exchange.wait(15 * 60)

    assert watched.store.calls.open() == []


# A call that is old enough for the carrier to have forgotten it has ended.
def test_a_call_that_the_carrier_doesnt_know_has_ended(watched: Desk, caller: Handset) -> None:
    lost(watched, caller, "2")
    watched.exchange.client.calls(watched.sid(caller)).delete()
    watched.exchange.wait(15 * 60)

    assert watched.store.calls.open() == []
