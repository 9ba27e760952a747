"""Two have met when they have heard each other for eight seconds: not when somebody pressed 1."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, Desk
from tests.kit.promises import promised, told
from tests.kit.scenes import Scene
from tests.kit.telephones import ask_for_a_manager, free, keyed, operator_menu, reach_operator

CASE = "C17349013"
ACCEPTED = ("dial.accepted", "operator.accepted", "escalation.accepted", "talk.ended")


def taken_by(person: Handset, exchange: Exchange) -> None:
    """They answer, and press 1; the briefing begins."""
    exchange.wait_until(lambda: person.ringing, at_most=90)
    person.answer()
    exchange.wait(8)
    person.press("1")


def level(desk: Desk) -> dict[str, Any]:
    stands: dict[str, Any] = desk.file(CASE)["levels"]["M1"]
    return stands


def owed(desk: Desk) -> list[str]:
    return [duty.owner for duty in desk.store.duties.all("call_back", owed=True)]


# --- acceptance counts from the meeting ---


def test_key_1_takes_the_call_and_the_meeting_accepts_it(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    taken_by(manager, exchange)
    exchange.wait_until(lambda: caller.connected_to == {manager}, at_most=30)
    together = exchange.clock.now()
    exchange.wait(7)
    assert desk.told(caller, "dial.taken") == [{"leg": "1-1"}]
    assert desk.events(caller, *ACCEPTED) == []
    assert level(desk)["state"] == "requested"

    exchange.wait(3)
    [accepted] = desk.events(caller, "dial.accepted")
    assert accepted.data["since"] == together.isoformat()
    assert level(desk)["accepted_by"] == "MGR1"
    caller.hang_up()
    exchange.wait(60)
    assert owed(desk) == []
    assert free(desk)


@pytest.mark.parametrize("after", [1, 6, 20], ids=["in the briefing", "later in it", "in the room"])
def test_a_caller_who_is_gone_before_the_meeting_is_owed_a_call(
    exchange: Exchange, caller: Handset, desk: Desk, after: float
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    taken_by(manager, exchange)
    exchange.wait(after if after < 20 else 0)
    if after == 20:
        exchange.wait_until(lambda: caller.connected_to == {manager}, at_most=30)
        exchange.wait(2)
    caller.hang_up()
    exchange.wait(60)

    assert desk.events(caller, *ACCEPTED) == []
    assert level(desk)["state"] == "requested"
    assert len(owed(desk)) == 1
    assert free(desk)


@pytest.mark.parametrize("gone", ["in the briefing", "in the room"])
def test_a_manager_who_is_gone_before_the_meeting_is_followed_by_another(
    exchange: Exchange, caller: Handset, desk: Desk, gone: str
) -> None:
    first, second = desk.phone("MGR1"), desk.phone("MGR2")
    ask_for_a_manager(caller, exchange)
    taken_by(first, exchange)
    if gone == "in the room":
        exchange.wait_until(lambda: caller.connected_to == {first}, at_most=30)
    exchange.wait(1)
    first.lose_connection(noticed=1)
    taken_by(second, exchange)
    exchange.wait_until(lambda: caller.connected_to == {second}, at_most=30)
    exchange.wait(10)

    assert [event.actor for event in desk.events(caller, "talk.missed")] == ["MGR1"]
    assert level(desk)["accepted_by"] == "MGR2"
    caller.hang_up()
    exchange.wait(60)
    assert owed(desk) == []


def test_an_operator_who_dies_in_the_briefing_is_followed_by_another(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    first, second = desk.phone("OP1"), desk.phone("OP2")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "0")
    taken_by(first, exchange)
    first.lose_connection(noticed=1)
    taken_by(second, exchange)
    exchange.wait_until(lambda: caller.connected_to == {second}, at_most=30)
    caller.hang_up()
    exchange.wait(90)
    assert free(desk)


@pytest.mark.parametrize(("key", "levels"), [("3", {"M1": 1, "M2": 1}), ("2", {"M1": 2})])
def test_who_has_met_a_manager_may_ask_again_in_the_same_call(
    exchange: Exchange, caller: Handset, desk: Desk, key: str, levels: dict[str, int]
) -> None:
    """If the answer doesn't satisfy, escalate a second time. (R40)"""
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    taken_by(manager, exchange)
    exchange.wait_until(lambda: caller.connected_to == {manager}, at_most=30)
    exchange.wait(20)
    manager.hang_up()
    exchange.wait(8)
    keyed(caller, exchange, "1", "17349013#", "1", key)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(60)

    stands = desk.file(CASE)["levels"]
    assert {code: each["count"] for code, each in stands.items()} == levels
    assert len(owed(desk)) == 1


# --- while somebody is on the way ---


def test_a_caller_hears_that_somebody_is_coming_and_keys_still_work(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "0")
    taken_by(operator, exchange)
    exchange.wait_until(lambda: caller.last_heard.startswith("Connecting you now"), at_most=20)
    keyed(caller, exchange, "2", "1")
    exchange.wait(5)

    assert caller.last_heard.startswith("Your request is recorded.")
    assert operator.last_heard.startswith("La personne qui appelait a choisi une autre option.")
    exchange.wait(60)
    assert free(desk)


@pytest.mark.lenient_calls
@pytest.mark.parametrize("lost", ["*/room/*", "*/leg/*/talked*"])
def test_a_lost_report_of_the_room_keeps_nobody_apart(
    exchange: Exchange, caller: Handset, desk: Desk, lost: str
) -> None:
    """The fact comes from the carrier; if its callback is lost, it is asked."""
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    with exchange.webhook_fails("503", lost):
        taken_by(manager, exchange)
        exchange.wait_until(lambda: caller.connected_to == {manager}, at_most=60)
        exchange.wait(30)

    assert level(desk)["accepted_by"] == "MGR1"
    caller.hang_up()
    exchange.wait(120)
    assert free(desk)


# --- an operator's leg dies ---


@pytest.mark.parametrize("where", ["with the caller", "in the menu", "on the way back"])
def test_a_caller_whose_operator_dies_goes_on_to_another(
    exchange: Exchange, caller: Handset, desk: Desk, where: str
) -> None:
    first, second = desk.phone("OP1"), desk.phone("OP2")
    reach_operator(caller, first, exchange)
    exchange.wait(12)
    if where != "with the caller":
        operator_menu(first, exchange)
    if where == "on the way back":
        first.press("*")
    first.lose_connection(noticed=1)
    exchange.wait_until(lambda: second.ringing, at_most=40)
    taken_by(second, exchange)
    exchange.wait_until(lambda: caller.connected_to == {second}, at_most=30)

    assert "La conversation est terminée" not in " ".join(each.text for each in caller.heard)
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


@pytest.mark.lenient_calls
def test_a_caller_is_not_left_alone_though_every_report_of_it_is_lost(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    first, second = desk.phone("OP1"), desk.phone("OP2")
    reach_operator(caller, first, exchange)
    exchange.wait(40)
    with (
        exchange.webhook_fails("dropped", "*/room/*"),
        exchange.webhook_fails("dropped", "*/leg/*"),
    ):
        first.hang_up()
        exchange.wait(5)
    exchange.wait_until(lambda: second.ringing, at_most=120)
    taken_by(second, exchange)
    exchange.wait_until(lambda: caller.connected_to == {second}, at_most=30)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(90)
    assert free(desk)


def test_a_caller_who_only_stays_on_the_line_is_not_put_through_for_ever(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """A hang-up and a lost connection look alike; silence may be a telephone off the hook."""
    for operator in ("OP1", "OP2"):
        desk.phone(operator).will("answer", after=3, press="1")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "0")
    for _ in range(2):
        exchange.wait_until(lambda: caller.connected_to, at_most=120)
        exchange.wait(20)
        for operator in caller.connected_to:
            operator.hang_up()
        exchange.wait(2)
    exchange.wait_until(lambda: not caller.in_call, at_most=60)

    assert caller.last_heard.startswith("Thank you for calling.")
    assert len(desk.events(caller, "operator.offered")) == 2


# --- calling back ---


def customer_is_rung(caller: Handset, exchange: Exchange, desk: Desk) -> Handset:
    """A promise is due, and a manager has taken it."""
    promised(caller, exchange, desk)
    manager = desk.phone("MGR1")
    exchange.wait_until(lambda: manager.ringing, at_most=4000)
    taken_by(manager, exchange)
    exchange.wait_until(lambda: caller.ringing, at_most=60)
    return manager


@pytest.mark.lenient_calls
def test_a_manager_whom_a_fault_takes_out_of_the_room_is_back_before_the_customer_comes(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    with exchange.webhook_fails("503", "*/leg/*/meet", times=1):
        manager = customer_is_rung(caller, exchange, desk)
        caller.answer()
        exchange.wait(9)
        caller.press("1")
    exchange.wait_until(lambda: caller.connected_to == {manager}, at_most=10)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(90)

    assert told(desk, caller)[-1] == ("done", "met")
    assert free(desk)


@pytest.mark.lenient_calls
def test_a_customer_is_not_left_alone_with_a_manager_of_whose_end_nothing_was_heard(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = customer_is_rung(caller, exchange, desk)
    caller.answer()
    exchange.wait(3)
    with (
        exchange.webhook_fails("dropped", "*/room/*"),
        exchange.webhook_fails("dropped", "*/leg/*"),
    ):
        manager.hang_up()
        exchange.wait(5)
    caller.press("1")
    operator = desk.phone("OP1")
    exchange.wait_until(lambda: operator.ringing, at_most=45)
    taken_by(operator, exchange)
    exchange.wait_until(lambda: caller.connected_to == {operator}, at_most=30)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(90)
    assert free(desk)


# --- without the REST API ---


def test_a_dial_counts_from_its_bridge(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    manager = desk.phone("MGR1")
    with exchange.rest_fails("429", "POST /Calls"):
        ask_for_a_manager(caller, exchange)
        taken_by(manager, exchange)
        exchange.wait_until(lambda: caller.connected_to == {manager}, at_most=30)
        exchange.wait(6)
        assert desk.events(caller, *ACCEPTED) == []
        exchange.wait(4)

    assert level(desk)["accepted_by"] == "MGR1"
    caller.hang_up()
    exchange.wait(60)
    assert owed(desk) == []


# --- a promise is kept only by its own meeting ---


@pytest.mark.parametrize("case", ["17349084", ""])
def test_a_colleague_from_the_same_number_keeps_no_promise_of_another_case(
    exchange: Exchange, caller: Handset, desk: Desk, case: str
) -> None:
    ask_for_a_manager(caller, exchange)
    keyed(caller, exchange, "2", "1")
    exchange.wait(20)
    before = owed(desk)
    assert len(before) == 1
    colleague = exchange.phone(CALLER)
    colleague.call(ENTRY)
    keyed(colleague, exchange, *(["2", "1", f"{case}#", "1", "2"] if case else ["2", "0"]))
    person = desk.phone("MGR1" if case else "OP1")
    taken_by(person, exchange)
    exchange.wait_until(lambda: colleague.connected_to == {person}, at_most=30)
    exchange.wait(15)
    colleague.hang_up()
    exchange.wait(10)

    assert owed(desk) == before
    exchange.wait(5)


# --- three of them ---


def test_a_caller_whose_manager_leaves_while_the_operator_is_in_the_menu_is_on_hold_again(
    desk: Desk,
) -> None:
    """They aren't alone in a silent room until the operator comes back."""
    scene = Scene(desk).play(
        "calls 2 1 17349013# 1 0 OP1:answers +8 OP1:1 +20 OP1:* +3 OP1:2 +5 OP1:* +3"
    )
    scene.play("MGR1:answers +8 MGR1:1 +16")
    manager = desk.phone("MGR1")
    assert manager in scene.caller.connected_to
    scene.play("MGR1:hangs +3")
    assert where(scene.caller, desk) == "held"

    scene.play("OP1:*")
    desk.exchange.wait_until(lambda: desk.phone("OP1") in scene.caller.connected_to, at_most=20)
    assert where(scene.caller, desk) == "resumed"
    assert not scene.play("hangs").over()


def where(caller: Handset, desk: Desk) -> str:
    """What last happened to the caller's leg in the conference."""
    kinds = ("joined", "left", "held", "resumed")
    happened = [each for each in desk.exchange.history if each.call_sid == desk.sid(caller)]
    return [each.what for each in happened if each.what in kinds][-1]


# --- lost reports ---


@pytest.mark.lenient_calls
def test_a_manager_is_not_kept_for_a_caller_of_whose_end_nothing_was_heard(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    taken_by(manager, exchange)
    with (
        exchange.webhook_fails("dropped", "*/room/*"),
        exchange.webhook_fails("dropped", "*/voice/*/left*"),
        exchange.webhook_fails("dropped", "*/voice/*/status*"),
    ):
        exchange.wait(12)
        caller.hang_up()
        exchange.wait(1)
    exchange.wait_until(lambda: not manager.in_call, at_most=45)
    exchange.wait(1)
    assert free(desk)
    assert len(owed(desk)) == 1
