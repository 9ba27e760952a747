"""Calls that were promised, and callers who were cut off: as calls, from both ends."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from ivr.line.desk.promises import after_night
from ivr.line.values import needed
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, Desk
from tests.kit.promises import promise, promised, told
from tests.kit.telephones import CASE, accept, ask_for_a_manager, free, keyed


def test_the_owner_accepts_and_the_customer_is_rung_and_they_meet(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Manager makes sure to contact the customer. (R39)"""
    promised(caller, exchange, desk)
    owner = desk.phone("MGR2")
    exchange.wait_until(lambda: owner.ringing, at_most=600)
    assert exchange.clock.now() - datetime(2026, 11, 24, 9, tzinfo=UTC) < timedelta(minutes=9)
    owner.answer()
    exchange.wait(8)
    assert owner.last_heard.startswith("Acme support. Ein versprochener Rückruf")
    assert not caller.ringing
    owner.press("1")
    exchange.wait_until(lambda: caller.ringing, at_most=20)
    assert caller.caller_id == ENTRY
    caller.answer()
    exchange.wait(1)
    assert caller.last_heard.startswith("This is technical support, calling you back as promised.")
    assert caller.connected_to == set()
    caller.press("1")
    exchange.wait(10)

    assert caller.connected_to == {owner}
    assert told(desk, caller) == [("promised", ""), ("done", "met")]
    level = desk.file("C17349013")["levels"]["M1"]
    assert (level["state"], level["accepted_by"]) == ("accepted", "MGR2")
    owner.hang_up()
    exchange.wait(3)
    caller.hang_up()
    exchange.wait(3600)
    assert not caller.ringing
    assert not desk.notices("callback_missed")
    assert free(desk)


def test_a_customer_who_does_not_answer_is_called_three_times_and_then_the_owner_knows(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Callback due stops: connected, or no answer three times."""
    promised(caller, exchange, desk)
    desk.phone("MGR2").will("answer", after=2, press="1")
    caller.will("ring")
    exchange.wait(2400)

    tried = [each for each in told(desk, caller) if each[0] != "breached"]
    assert tried[1:] == [
        ("attempted", "unanswered"),
        ("attempted", "unanswered"),
        ("attempted", "unanswered"),
        ("done", "unreachable"),
    ]
    assert len(desk.notices("callback_done")) == 1  # whoever owes it by then
    rung = [leg for leg in caller.calls if leg.direction != "inbound"]
    assert len(rung) == 3
    assert free(desk)


def test_a_machine_does_not_press_1_and_the_manager_is_told(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    manager = desk.phone("MGR2")
    manager.will("answer", after=2, press="1")
    caller.will("answer", after=2)
    exchange.wait_until(lambda: caller.in_call, at_most=600)
    exchange.wait(40)

    assert not caller.in_call
    assert "Der Kunde ist jetzt nicht erreichbar und wird noch einmal angerufen. Danke." in [
        each.text for each in manager.heard
    ]
    assert ("attempted", "unanswered") in told(desk, caller)
    caller.will("ring")
    manager.will("ring")
    exchange.wait(30)
    assert free(desk)


def test_a_promise_that_is_not_kept_goes_to_the_next_level_and_then_to_the_last_resort(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Alarm at due time: the second-level duty. (S04) A breach goes to the next level."""
    promised(caller, exchange, desk)
    desk.phone("DIR1").will("ring")
    [duty] = desk.store.duties.all("call_back")
    exchange.wait((duty.due - exchange.clock.now()).total_seconds() + 1)

    assert promise(desk, caller).owner == "DIR1"
    assert desk.notices("callback_missed") == {"DIR1", "MGR2"}
    exchange.wait(16 * 60)
    assert [event.data["after"] for event in desk.events(caller, "callback.breached")] == [
        "DIR1",
        "DIR1",
    ]
    open_ = [each for each in desk.store.duties.all("call_back", "try_back") if each.state == "due"]
    assert {each.kind for each in open_} == {"call_back", "try_back"}


def test_who_hung_up_with_a_withheld_number_is_owed_a_call_until_somebody_says_it_was_made(
    exchange: Exchange, desk: Desk
) -> None:
    """The owner has the case only; nobody forgets it because it was missed three times."""
    caller = exchange.phone("anonymous")
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(7200)
    assert desk.notices("callback_no_number") == {"MGR2"}
    assert not desk.store.duties.all("try_back")
    before = len(desk.events(caller, "callback.breached"))
    exchange.wait(24 * 3600)
    assert len(desk.events(caller, "callback.breached")) == before + 1

    desk.services.callbacks.kept(desk.sid(caller), "DIR1")
    exchange.wait(48 * 3600)

    assert told(desk, caller)[-1] == ("done", "met")
    assert not desk.store.duties.all("call_back", owed=True)


def test_a_caller_who_reaches_a_manager_is_not_called_back_any_more(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    first = desk.sid(caller)
    exchange.wait(60)
    ask_for_a_manager(caller, exchange)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(20)
    assert caller.connected_to == {desk.phone("MGR1")}

    call = desk.store.calls.load(first)
    assert call is not None
    assert needed(call.data.shared.promise).outcome == "met"
    caller.hang_up()
    exchange.wait(2400)
    assert len([leg for leg in caller.calls if leg.direction != "inbound"]) == 0


def test_a_customer_who_has_no_time_now_is_called_later(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    manager = desk.phone("MGR2")
    manager.will("answer", after=2, press="1")
    caller.will("answer", after=2, press="2")
    exchange.wait_until(lambda: caller.in_call, at_most=600)
    exchange.wait(60)

    assert told(desk, caller)[-1] == ("attempted", "later")
    tries = [each for each in desk.store.duties.all("try_back") if each.state == "due"]
    assert tries[0].due - exchange.clock.now() > timedelta(minutes=28)
    assert free(desk)


def test_a_manager_may_say_that_they_will_call_themselves(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: manager.ringing, at_most=20)
    manager.answer()
    exchange.wait(8)
    manager.press("3")
    exchange.wait(4)
    assert any("will call you within ten minutes" in each.text for each in caller.heard)
    keyed(caller, exchange, "1")
    exchange.wait(30)

    assert not manager.in_call
    found = promise(desk, caller)
    assert found.owner == "MGR1"
    due = found.due - exchange.clock.now()
    assert timedelta(minutes=8) < due < timedelta(minutes=10)
    exchange.wait_until(lambda: manager.ringing, at_most=400)
    manager.decline()
    exchange.wait(120)


def test_nobody_is_called_at_night_once_it_is_overdue(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """No automated retries at night, local time, unless it is an emergency."""
    exchange.wait(11 * 3600)  # 21:00 in Paris
    promised(caller, exchange, desk)
    exchange.wait(90 * 60)
    [waiting] = [each for each in desk.store.duties.all("try_back") if each.state == "due"]

    assert waiting.due == datetime(2026, 11, 25, 7, tzinfo=UTC)  # 08:00 in Paris


@pytest.mark.parametrize(
    ("now", "zone", "then"),
    [
        ("2026-11-24T20:30", "Europe/Paris", "2026-11-25T07:00"),
        ("2026-11-24T19:30", "Europe/Paris", "2026-11-24T19:30"),
        ("2026-11-25T05:00", "Europe/Paris", "2026-11-25T07:00"),
        ("2026-10-24T22:30", "Europe/Paris", "2026-10-25T07:00"),  # the hour comes twice
        ("2026-11-24T20:30", "America/New_York", "2026-11-24T20:30"),
    ],
)
def test_the_night_is_that_of_where_the_number_is(now: str, zone: str, then: str) -> None:
    at, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, then))

    assert after_night(at, zone, (time(21), time(8))) == end


def test_a_day_has_so_many_calls_back_and_not_more(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    for _ in range(200):
        desk.store.tallies.add("callbacks", exchange.clock.now())
    promised(caller, exchange, desk)
    exchange.wait(600)

    assert [each.state for each in desk.store.duties.all("try_back")] == ["due"]
    assert not desk.store.calls.load(f"CB-{desk.sid(caller)}-1")


# --- cut off ---


def test_a_caller_who_is_cut_off_and_calls_again_goes_on_at_the_same_step(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)
    caller.call(ENTRY)
    assert caller.last_heard.startswith("Welcome back to technical support.")
    caller.press("1")
    assert caller.last_heard.startswith("I am looking for a support manager")
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(10)

    assert caller.connected_to == {desk.phone("MGR1")}
    assert len(desk.store.case_files.escalations("C17349013")) == 1
    assert len(desk.on_case("C17349013", "escalation.requested")) == 1
    assert not desk.on_case("C17349013", "escalation.chased")
    caller.hang_up()
    exchange.wait(3600)
    assert not [leg for leg in caller.calls if leg.direction != "inbound"]  # met: not owed any more


def test_who_is_cut_off_twice_is_owed_one_call(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)
    caller.call(ENTRY)
    exchange.wait(1)
    caller.press("1")
    exchange.wait(5)
    caller.hang_up()
    exchange.wait(60)

    assert len(desk.store.duties.all("call_back", owed=True)) == 1
    assert len(desk.store.duties.all("try_back", owed=True)) == 1


@pytest.mark.parametrize("step", ["case", "wish", "users"])
def test_the_question_at_which_a_caller_was_cut_off_is_asked_again(
    exchange: Exchange, caller: Handset, desk: Desk, step: str
) -> None:
    entries = {
        "case": ["2", "1"],
        "wish": ["2", "1", f"{CASE}#", "1"],
        "users": ["2", "3", f"{CASE}#", "1", "2"],
    }[step]
    caller.call(ENTRY)
    keyed(caller, exchange, *entries)
    before = caller.last_heard
    caller.hang_up()
    exchange.wait(30)
    caller.call(ENTRY)
    exchange.wait(1)
    caller.press("1")
    exchange.wait(0.5)

    assert caller.last_heard == before
    caller.hang_up()
    exchange.wait(240)  # they are called back at once, and nobody answers


@pytest.mark.parametrize(("after", "number"), [(601, CALLER), (60, "anonymous")])
def test_later_or_with_a_withheld_number_a_call_is_a_new_one(
    exchange: Exchange, desk: Desk, after: int, number: str
) -> None:
    caller = exchange.phone(number)
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1")
    caller.hang_up()
    exchange.wait(after)
    caller.call(ENTRY)

    assert caller.last_heard.startswith("Bienvenue au support technique.")
    caller.hang_up()
    exchange.wait(10)


def test_nothing_of_the_case_is_said_just_because_the_number_is_known(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)
    before = len(caller.heard)
    caller.call(ENTRY)
    exchange.wait(20)

    said = " ".join(each.text for each in caller.heard[before:])
    assert "seven" not in said
    assert "manager" not in said
    caller.hang_up()
    exchange.wait(30)
