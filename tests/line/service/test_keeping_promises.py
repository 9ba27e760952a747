"""What can come between a promise and its being kept: as calls, from both ends."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ivr.line.turns.call.promises import MAX_CALLBACK_TRIES
from ivr.line.values import needed
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk
from tests.kit.promises import promise, promised, told
from tests.kit.random_people import PEOPLES_HABITS, SETTINGS, network
from tests.kit.telephones import accept, ask_for_a_manager, free, keyed


def rung(caller: Handset) -> int:
    """How often the customer was called back."""
    return len([leg for leg in caller.calls if leg.direction != "inbound"])


def owner_calls(caller: Handset, exchange: Exchange, desk: Desk) -> Handset:
    """The owner has accepted, and the customer's telephone rings."""
    promised(caller, exchange, desk)
    owner = desk.phone("MGR2")
    exchange.wait_until(lambda: owner.ringing, at_most=600)
    accept(owner, exchange)
    exchange.wait_until(lambda: caller.ringing, at_most=20)
    return owner


def next_try(exchange: Exchange, desk: Desk) -> timedelta:
    [duty] = desk.store.duties.all("try_back", owed=True)
    return duty.due - exchange.clock.now()


# --- the customer ---


def test_zero_adds_an_operator_to_the_customer_and_the_owner(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """0 reaches an operator from anywhere, when we call too."""
    owner, operator = owner_calls(caller, exchange, desk), desk.phone("OP1")
    caller.answer()
    exchange.wait(2)
    caller.press("0")
    accept(operator, exchange)
    exchange.wait(20)

    assert caller.connected_to == {owner, operator}
    assert told(desk, caller)[-1] == ("done", "met")
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_who_prefers_an_operator_and_meets_nobody_else_is_called_again(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    owner, operator = owner_calls(caller, exchange, desk), desk.phone("OP1")
    caller.answer()
    exchange.wait(2)
    caller.press("0")
    owner.hang_up()
    accept(operator, exchange)
    exchange.wait(10)
    assert caller.connected_to == {operator}
    caller.hang_up()
    exchange.wait(20)

    assert told(desk, caller)[-1] == ("attempted", "operator")
    assert next_try(exchange, desk) > timedelta(minutes=9)
    exchange.wait(60)
    assert free(desk)


def test_what_the_customer_asks_for_afterwards_is_a_request_of_its_own(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Every spoken promise has an owner and a due time: the second one as well."""
    owner = owner_calls(caller, exchange, desk)
    caller.answer()
    exchange.wait(1)
    caller.press("1")
    exchange.wait(30)
    owner.hang_up()
    exchange.wait(2)
    for person in ("MGR1", "MGR2", "MGR4"):
        desk.phone(person).will("busy")
    keyed(caller, exchange, "1", "17349021#", "1", "2")
    exchange.wait_until(lambda: "To be called back" in caller.last_heard, at_most=180)
    keyed(caller, exchange, "2", "1")
    exchange.wait(40)

    call = desk.store.calls.load(f"CB-{desk.sid(caller)}-1")
    assert call is not None
    second = needed(call.data.shared.promise)
    assert second.state == "owed"
    assert second.due > exchange.clock.now() + timedelta(minutes=25)
    assert promise(desk, caller).state == "done"
    caller.will("answer", after=2, press="1")
    desk.phone("MGR2").will("answer", after=2, press="1")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=900)
    exchange.wait(10)
    again = desk.store.calls.load(call.sid)
    assert again is not None
    assert needed(again.data.shared.promise).outcome == "met"
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_a_promise_of_another_case_stands_whichever_manager_the_caller_reaches(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    first = desk.sid(caller)
    exchange.wait(60)
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "17349021#", "1", "2")
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(10)
    assert caller.connected_to == {desk.phone("MGR1")}
    caller.hang_up()
    exchange.wait(60)

    call = desk.store.calls.load(first)
    assert call is not None
    assert needed(call.data.shared.promise).state == "owed"


def test_an_operator_does_not_stand_in_for_the_manager_who_owes_a_call(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    first = desk.sid(caller)
    exchange.wait(60)
    caller.call(ENTRY)
    keyed(caller, exchange, "0")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(10)
    assert caller.connected_to == {desk.phone("OP1")}
    caller.hang_up()
    exchange.wait(60)

    call = desk.store.calls.load(first)
    assert call is not None
    assert needed(call.data.shared.promise).state == "owed"


def test_who_asks_again_is_owed_the_second_call_and_not_both(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    first = desk.sid(caller)
    exchange.wait(60)
    promised(caller, exchange, desk)

    call = desk.store.calls.load(first)
    assert call is not None
    assert needed(call.data.shared.promise).outcome == "renewed"
    assert promise(desk, caller).state == "owed"
    desk.phone("MGR2").will("answer", after=2, press="1")
    caller.will("answer", after=2, press="1")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=900)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(3600)
    assert rung(caller) == 1


def test_after_many_tries_a_customer_who_calls_is_still_known(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    first = desk.sid(caller)
    for person in PEOPLE:
        desk.phone(person).will("busy")
    exchange.wait(2 * 3600)
    for person in PEOPLE:
        desk.phone(person).will("ring")
    ask_for_a_manager(caller, exchange)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(20)

    call = desk.store.calls.load(first)
    assert call is not None
    assert needed(call.data.shared.promise).outcome == "met"
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


# --- the people who are to call ---


def test_when_the_owner_hangs_up_the_customers_telephone_stops_ringing(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Nobody picks up to hear nothing."""
    owner = owner_calls(caller, exchange, desk)
    owner.hang_up()
    exchange.wait(3)

    assert not caller.ringing
    assert told(desk, caller)[-1] == ("attempted", "nobody")
    assert promise(desk, caller).unanswered == 0
    exchange.wait(60)
    assert not desk.store.calls.open()
    assert free(desk)


def test_when_the_owner_hangs_up_on_a_customer_who_has_answered_an_operator_takes_over(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    owner = owner_calls(caller, exchange, desk)
    caller.answer()
    exchange.wait(1)
    owner.hang_up()
    exchange.wait(2)
    accept(desk.phone("OP1"), exchange)
    exchange.wait(10)

    assert caller.connected_to == {desk.phone("OP1")}
    caller.hang_up()
    exchange.wait(60)
    assert told(desk, caller)[-1] == ("attempted", "operator")
    assert free(desk)


def test_key_3_makes_the_promise_the_owners_and_rings_them_again(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    desk.phone("MGR2").will("busy")
    other = desk.phone("MGR1")
    exchange.wait_until(lambda: other.ringing, at_most=600)
    other.answer()
    exchange.wait(8)
    assert other.last_heard.endswith(
        "3 pour appeler dans les dix minutes, 4 si vous l'avez déjà appelé."
    )
    other.press("3")
    exchange.wait(10)

    assert not other.in_call
    assert told(desk, caller)[-1] == ("attempted", "himself")
    assert promise(desk, caller).owner == "MGR1"
    assert next_try(exchange, desk) > timedelta(minutes=9)
    exchange.wait_until(lambda: other.ringing, at_most=620)
    other.answer()
    exchange.wait(8)
    other.press("4")
    exchange.wait(10)
    [done] = desk.events(caller, "callback.done")
    assert (done.actor, done.data["outcome"]) == ("MGR1", "met")
    assert desk.file("C17349013")["levels"]["M1"]["accepted_by"] == "MGR1"
    exchange.wait(3600)
    assert rung(caller) == 0
    assert free(desk)


# --- the line and the carrier ---


@pytest.mark.parametrize("kind", ["429", "500", "timeout"])
def test_a_carrier_that_does_not_ring_is_not_the_customers_silence(
    exchange: Exchange, caller: Handset, desk: Desk, kind: str
) -> None:
    promised(caller, exchange, desk)
    owner = desk.phone("MGR2")
    exchange.wait_until(lambda: owner.ringing, at_most=600)
    owner.answer()
    exchange.wait(8)
    with exchange.rest_fails(kind, "POST /Calls"):
        owner.press("1")
        exchange.wait(15)
    exchange.wait(90)

    assert told(desk, caller)[-1] == ("attempted", "unplaced")
    assert promise(desk, caller).unanswered == 0
    assert not owner.in_call
    exchange.wait(30)
    assert free(desk)


def test_a_new_version_of_the_line_begins_a_call_back_anew(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """No operator is rung for a customer who isn't there."""
    promised(caller, exchange, desk)
    owner = desk.phone("MGR2")
    exchange.wait_until(lambda: owner.ringing, at_most=600)
    call = desk.store.calls.load(f"CB-{desk.sid(caller)}-1")
    assert call is not None
    assert desk.store.calls.save(replace(call, flow_version="0"), [], [], [])
    owner.answer()
    exchange.wait(10)

    assert not desk.phone("OP1").ringing
    assert told(desk, caller)[-1] == ("attempted", "nobody")
    exchange.wait(60)
    assert not desk.store.calls.open()
    assert free(desk)


def test_a_days_number_counts_customers_and_not_the_people_who_are_rung_for_them(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """One promise that nobody keeps must not use up the calls of all the others."""
    promised(caller, exchange, desk)
    for person in PEOPLE:
        desk.phone(person).will("busy")
    exchange.wait(3 * 3600)
    day = exchange.clock.now() - timedelta(days=1)
    assert desk.store.tallies.count("callbacks", day) == 0

    desk.phone("MGR2").will("answer", after=2, press="1")
    exchange.wait_until(lambda: caller.ringing, at_most=900)
    assert desk.store.tallies.count("callbacks", day) == 1
    caller.decline()
    exchange.wait(60)


def test_in_an_emergency_the_owner_is_called_at_night_as_well(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """No automated retries at night, local time, unless it is Enterprise Down."""
    exchange.wait(11 * 3600)  # 21:00 in Paris
    promised(caller, exchange, desk)
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    call.data.shared.wish = "E-Down"
    assert desk.store.calls.save(call, [], [], [])
    exchange.wait(90 * 60)

    assert promise(desk, caller).breaches
    last = desk.events(caller, "callback.attempted")[-1]
    assert exchange.clock.now() - last.at < timedelta(minutes=15)
    exchange.wait_until(lambda: not desk.store.calls.open(), at_most=200)


def test_a_number_that_costs_more_than_a_call_is_never_rung(exchange: Exchange, desk: Desk) -> None:
    """A premium number is never rung; the promise stays, and its owner is told."""
    caller = exchange.phone("+33899701234")
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(3 * 3600)

    assert rung(caller) == 0
    assert not desk.store.calls.load(f"CB-{desk.sid(caller)}-1")
    assert promise(desk, caller).state == "owed"
    assert len(desk.store.duties.all("call_back", owed=True)) == 1


# --- whatever people do ---

CUSTOMERS_HABITS = st.sampled_from(
    [
        ("ring", 0.0, ""),
        ("busy", 0.0, ""),
        ("decline", 2.0, ""),
        ("unreachable", 0.0, ""),
        ("answer", 2.0, ""),  # a machine
        ("answer", 2.0, "1"),
        ("answer", 29.0, "1"),
        ("answer", 1.0, "2"),
        ("answer", 3.0, "0"),
        ("answer", 3.0, "7"),
    ]
)
FAILURES = st.sampled_from(["", "429", "500", "timeout", "malformed", "answer lost"])


@SETTINGS
@given(
    customer=CUSTOMERS_HABITS,
    habits=PEOPLES_HABITS,
    later=PEOPLES_HABITS,
    failure=FAILURES,
    fails_after=st.integers(0, 900),
    talks=st.integers(0, 120),
    asks=st.booleans(),
)
def test_a_promise_is_done_or_somebodys_with_a_time_at_which_it_is_looked_at_again(
    sample_database: Path,
    customer: tuple[str, float, str],
    habits: dict[str, tuple[str, float, str]],
    later: dict[str, tuple[str, float, str]],
    failure: str,
    fails_after: int,
    talks: int,
    asks: bool,
) -> None:
    with network(sample_database, habits) as desk:
        exchange, caller = desk.exchange, desk.exchange.phone(CALLER)
        for person in ("MGR1", "MGR2", "MGR4"):
            desk.phone(person).will("busy")
        ask_for_a_manager(caller, exchange)
        exchange.wait(70)
        if asks and caller.in_call and not caller.connected_to:
            keyed(caller, exchange, "2", "1")
        if caller.in_call:
            caller.hang_up()
        first = desk.sid(caller)
        caller.will(customer[0], after=customer[1], press=customer[2])
        for person, (habit, after, press) in later.items():
            desk.phone(person).will(habit, after=after, press=press)
        exchange.wait(fails_after)
        failing = exchange.rest_fails(failure) if failure else None
        for _ in range(20):
            exchange.wait(30 + talks)
            hang_up_all(desk, caller)
        if failing:
            failing.stop()
        for _ in range(60):
            exchange.wait(60 + talks)
            hang_up_all(desk, caller)
        exchange.wait(700)
        hang_up_all(desk, caller)
        exchange.wait(300)

        in_order(desk, first)


def hang_up_all(desk: Desk, caller: Handset) -> None:
    """Nobody ever is in two calls; and no conversation lasts for ever."""
    for phone in (caller, *map(desk.phone, PEOPLE)):
        live = [leg for leg in phone.calls if leg.status in ("queued", "ringing", "in-progress")]
        assert len(live) <= 1, (phone, live)
        if phone.connected_to:
            phone.hang_up()


def in_order(desk: Desk, sid: str) -> None:
    call, now = desk.store.calls.load(sid), desk.exchange.clock.now()
    assert call is not None
    made = needed(call.data.shared.promise)
    ours = [leg for leg in desk.exchange.legs.values() if leg.direction == "outbound-api"]
    placed = Counter(str(leg.start.url) for leg in ours)
    backs = [times for url, times in placed.items() if "/back/" in url]
    looked_at = [each.due for each in desk.store.duties.all("call_back", owed=True)]
    tried = [each.due for each in desk.store.duties.all("try_back", owed=True)]
    attempts = [
        event.data["outcome"] for event in desk.store.logs.events(sid) if "outcome" in event.data
    ]
    assert made.owner in PEOPLE
    assert made.unanswered <= 3
    assert len(backs) >= made.unanswered
    assert set(backs) <= {1}, placed
    assert desk.store.logs.verify(sid)
    assert not [each for each in desk.store.duties.all() if each.state == "dropped"], attempts
    if made.state == "owed":
        assert [due for due in looked_at if due > now - timedelta(minutes=1)], attempts
        assert tried or desk.store.calls.open() or made.tries == MAX_CALLBACK_TRIES, attempts
        assert made.breaches >= 1
    else:
        assert made.outcome in ("met", "unreachable")
        assert made.outcome == "met" or made.unanswered == 3
