"""A caller who was cut off goes on where they were, and never to an empty room."""

from __future__ import annotations

import pytest

from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk
from tests.kit.telephones import ask_for_a_manager, free, keyed, reach_operator


def taken_by(person: Handset, exchange: Exchange, caller: Handset) -> None:
    exchange.wait_until(lambda: person.ringing, at_most=60)
    person.answer()
    exchange.wait(8)
    person.press("1")
    exchange.wait_until(lambda: caller.connected_to == {person}, at_most=30)


def cut_off(caller: Handset, exchange: Exchange) -> None:
    exchange.wait(12)
    caller.lose_connection(noticed=1)
    exchange.wait(30)


def comes_back(caller: Handset, exchange: Exchange, key: str) -> None:
    caller.call(ENTRY)
    exchange.wait(2)
    caller.press(key)
    exchange.wait(1)


def test_who_was_with_an_operator_is_rung_through_to_the_same_one(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP2")
    desk.phone("OP1").will("busy")
    reach_operator(caller, operator, exchange)
    cut_off(caller, exchange)
    desk.phone("OP1").will("ring")
    comes_back(caller, exchange, "1")

    assert not desk.phone("OP1").ringing
    taken_by(operator, exchange, caller)
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_if_that_one_is_away_another_operator_is_rung(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    reach_operator(caller, desk.phone("OP1"), exchange)
    cut_off(caller, exchange)
    desk.store.people.set_status("OP1", "away")
    comes_back(caller, exchange, "1")

    taken_by(desk.phone("OP2"), exchange, caller)
    caller.hang_up()
    exchange.wait(60)


def test_who_was_with_the_manager_is_rung_through_to_them(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    taken_by(manager, exchange, caller)
    cut_off(caller, exchange)
    comes_back(caller, exchange, "1")

    taken_by(manager, exchange, caller)
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


@pytest.mark.parametrize("answers", [[], ["1"], ["1", "300#"]], ids=["none", "one", "two"])
def test_who_was_asked_about_an_outage_is_asked_on_while_people_are_rung(
    exchange: Exchange, caller: Handset, desk: Desk, answers: list[str]
) -> None:
    """In an emergency call the support line at once and speak with a representative. (R20)"""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", "17349013#", "1", *answers)
    asked = caller.last_heard
    caller.lose_connection(noticed=1)
    exchange.wait(30)
    comes_back(caller, exchange, "1")

    assert asked in caller.last_heard
    taken_by(desk.phone("OP1"), exchange, caller)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(60)


def test_a_fresh_start_is_one(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    ask_for_a_manager(caller, exchange, language="2")
    exchange.wait(2)
    caller.lose_connection(noticed=1)
    exchange.wait(30)
    comes_back(caller, exchange, "2")

    assert caller.last_heard.startswith("Bienvenue au support technique.")
    keyed(caller, exchange, "2", "0")
    exchange.wait(2)
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    assert (call.data.shared.wish, call.data.shared.case.keyed) == ("", "")
    assert call.data.shared.requested is None
    caller.hang_up()
    exchange.wait(60)
