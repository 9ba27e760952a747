"""The desk's scenarios, each with the records that it must leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from flows.escalation import FOLDER, line
from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk, mount
from tests.kit.records import Down
from tests.kit.telephones import CASE, accept, ask_for_a_manager, free, keyed, reach_operator


@pytest.fixture(autouse=True)
def manager_numbers_stay_hidden(
    request: pytest.FixtureRequest, exchange: Exchange
) -> Iterator[None]:
    """Never speak or show a manager's direct number to the caller, in any scenario."""
    yield
    hidden = [number for number in PEOPLE.values() if number.startswith("+")]
    caller = exchange.phone(CALLER)
    said = " ".join(each.text for each in caller.heard)
    shown = [leg.sid for leg in caller.calls]
    for number in hidden:
        assert number not in said
        assert caller.caller_id != number
        for asked in exchange.requests:
            if asked.call_sid in shown:
                assert number not in str(asked.params), asked.url


# --- S01: M1, first choice available ---


def test_s01_the_right_manager_takes_it(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    """Give the case number and you are directed to the appropriate manager. (R45)
    M1 is the engineer's line manager. (R37)"""
    manager = desk.phone("MGR1")

    ask_for_a_manager(caller, exchange, language="1")
    assert "responsable du support" in caller.last_heard  # by role, not by name
    accept(manager, exchange)
    exchange.wait(20)

    assert caller.connected_to == {manager}
    assert manager.caller_id == ENTRY
    first, *after = [each.text for each in manager.heard if each.text]
    assert first.startswith("Acme support. Une escalade, M1, en français. Tapez 1 pour accepter,")
    assert after == [
        "Demande M1.",
        "Requête un sept trois quatre, neuf zéro un trois.",
        "Gravité deux.",
        "Helio.",
        "Code non vérifié.",
    ]

    kinds = [event.kind for event in desk.events(caller)]
    assert kinds.index("escalation.requested") < kinds.index("escalation.accepted")
    requested, accepted = desk.events(caller, "escalation.requested", "escalation.accepted")
    assert accepted.at > requested.at
    assert accepted.actor == "MGR1"
    notices = desk.store.duties.all("notify")
    assert [(notice.owner, notice.due) for notice in notices] == [
        ("MGR1", requested.at),
        ("ENG1", requested.at),
    ]
    [escalation] = desk.store.case_files.escalations("C17349013")
    assert (escalation.level, escalation.requested_by, escalation.set_by) == ("M1", "caller", "")
    assert [note.text for note in desk.store.case_files.notes("C17349013")] == [
        "Escalation M1 requested by phone"
    ]
    assert desk.store.logs.verify(desk.sid(caller))

    manager.hang_up()
    exchange.wait(4)
    assert "La conversation est terminée" in caller.last_heard
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_nothing_of_the_case_is_said_before_the_person_who_picks_up_presses_1(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: manager.ringing, at_most=10)
    manager.answer()
    exchange.wait(30)  # a machine has picked up, and nobody presses a key

    said = " ".join(each.text for each in manager.heard)
    assert "Helio" not in said
    assert "sept" not in said.lower()
    assert desk.told(caller, "dial.noanswer")[0]["leg"] == "1-1"
    assert desk.phone("MGR2").ringing

    caller.hang_up()
    exchange.wait(60)


# --- S02: the operator puts the caller through ---


def test_s02_the_operator_takes_the_number_and_puts_through(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """The operator transfers your call to the appropriate manager. (R49)
    Tell the operator, and give the case number. (R48)"""
    operator, manager = desk.phone("OP1"), desk.phone("MGR1")
    reach_operator(caller, operator, exchange)

    operator.press("*")
    exchange.wait(2)
    assert caller.connected_to == set()
    assert "Restez en ligne" in caller.last_heard
    keyed(operator, exchange, "1", f"{CASE}#")
    exchange.wait(6)
    keyed(operator, exchange, "2")
    exchange.wait(10)
    assert caller.connected_to == {operator}
    accept(manager, exchange)
    exchange.wait(12)
    assert caller.connected_to == {operator, manager}
    operator.hang_up()
    exchange.wait(1)

    assert caller.connected_to == {manager}
    busy = {person.id for person in desk.store.people.all() if person.busy_with}
    assert busy == {"MGR1"}  # the operator is free at once
    [escalation] = desk.store.case_files.escalations("C17349013")
    assert (escalation.requested_by, escalation.set_by) == ("caller", "OP1")
    assert {notice.owner for notice in desk.store.duties.all("notify")} == {"MGR1", "ENG1"}
    assert desk.events(caller, "transfer.completed")

    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_the_operator_goes_back_to_the_caller_with_star(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)

    operator.press("*")
    exchange.wait(3)
    operator.press("*")
    exchange.wait(2)

    assert caller.connected_to == {operator}
    caller.hang_up()
    exchange.wait(10)
    assert "La personne a raccroché" in operator.last_heard
    assert not operator.in_call


def test_the_operator_may_leave_the_rest_to_the_line(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator, manager = desk.phone("OP1"), desk.phone("MGR1")
    reach_operator(caller, operator, exchange)

    operator.press("*")
    exchange.wait(1)
    keyed(operator, exchange, "1", f"{CASE}#")
    exchange.wait(1)
    operator.press("4")
    exchange.wait(8)

    assert not operator.in_call
    accept(manager, exchange)
    exchange.wait(12)
    assert caller.connected_to == {manager}
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


# --- S03: manager unavailable, delegate, duty ---


def test_s03_the_operator_rings_the_next_with_one_key(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """If that manager isn't there, the operator finds one who can answer. (R50)"""
    desk.store.people.set_status("MGR1", "away")
    operator = desk.phone("OP1")
    desk.phone("MGR2").will("ring")
    reach_operator(caller, operator, exchange)

    operator.press("*")
    exchange.wait(1)
    keyed(operator, exchange, "1", f"{CASE}#")
    exchange.wait(6)
    operator.press("2")
    exchange.wait_until(lambda: desk.phone("MGR2").ringing, at_most=20)
    exchange.wait(25)
    assert "Greta Vogel ne répond pas" in operator.last_heard
    assert caller.last_heard != operator.last_heard  # said to the operator alone
    operator.press("*")
    exchange.wait(1)
    operator.press("3")
    accept(desk.phone("MGR4"), exchange)
    exchange.wait(15)

    assert caller.connected_to == {operator, desk.phone("MGR4")}
    ranking = desk.told(caller, "candidate.ranked")[-1]["ranking"]
    assert [(each["person"], each["reason"], each["skipped"]) for each in ranking] == [
        ("MGR1", "owners_manager", "out_of_office"),
        ("MGR2", "delegate", ""),
        ("MGR4", "global_duty", ""),
    ]
    attempts = [each["person"] for each in desk.told(caller, "dial.started")]
    assert attempts == ["OP1", "MGR2", "MGR4"]

    operator.hang_up()
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_a_caller_on_hold_hears_something_at_least_every_thirty_seconds(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)
    before = len(caller.heard)

    operator.press("*")
    for _ in range(8):
        exchange.wait(10)
        operator.press("1")  # the operator takes a while, and starts again
        exchange.wait(0.5)
        operator.press("**#")

    spoken = [each.at for each in caller.heard[before:] if each.kind == "say"]
    gaps = [later - earlier for earlier, later in pairwise(spoken)]
    assert len(spoken) > 2
    assert max(gaps) <= timedelta(seconds=30)
    caller.hang_up()
    exchange.wait(30)


# --- S04: nobody available, a promise ---


def test_s04_nobody_accepts_and_the_caller_is_promised_a_call(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: "To keep waiting" in caller.last_heard, at_most=200)
    keyed(caller, exchange, "2")
    assert "three three, one five, five five, zero zero, one zero, one" in caller.last_heard
    keyed(caller, exchange, "1")

    assert "by 10:45 AM" in caller.last_heard
    [promise] = desk.store.duties.all("call_back")  # stored before it was spoken
    [requested] = desk.events(caller, "escalation.requested")
    assert (promise.owner, promise.data["number"]) == ("MGR2", CALLER)
    assert promise.due - requested.at == timedelta(minutes=30)
    assert promise.data["case"] == "C17349013"
    exchange.wait(30)
    assert not caller.in_call
    attempts = [each["person"] for each in desk.told(caller, "dial.started")]
    managers, operators = ["MGR1", "MGR2", "MGR4"], ["OP1", "OP2"]  # and again after a rest
    assert attempts == [*managers, *operators, *managers, *operators][: len(attempts)]
    assert len(attempts) >= 8
    exchange.wait(60)
    assert free(desk)


def test_a_caller_may_keep_waiting_and_everybody_is_tried_again(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: "To keep waiting" in caller.last_heard, at_most=200)
    exchange.wait(660)  # the caller thinks about it; silence repeats the question, then promises
    assert desk.store.duties.all("call_back")
    assert not caller.in_call


def test_a_withheld_number_is_asked_for_and_read_back(exchange: Exchange, desk: Desk) -> None:
    caller = exchange.phone("anonymous")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", "2", "2")
    assert "Enter the phone number" in caller.last_heard
    keyed(caller, exchange, "12#")
    assert "can't use that phone number" in " ".join(each.text for each in caller.heard[-2:])
    keyed(caller, exchange, "0155500101#")
    assert "three three, one five, five five" in caller.last_heard
    keyed(caller, exchange, "1")
    exchange.wait(30)

    [promise] = desk.store.duties.all("call_back")
    assert promise.data["number"] == CALLER
    logged = str([event.data for event in desk.events(caller)])
    assert "155500101" not in logged  # a telephone number is kept by reference
    exchange.wait(60)


# --- S12 to S15: the case number ---


def test_s12_wrong_entries_lead_to_an_operator_who_sees_not_found(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1")
    keyed(caller, exchange, "173490#")
    assert caller.last_heard == "That is too short for a case number."
    keyed(caller, exchange, "173490131#")
    assert caller.last_heard == "That was too long for a case number."
    keyed(caller, exchange, "17349099#", "1")
    assert caller.last_heard.startswith("To speak with the engineer")  # as for a known number
    keyed(caller, exchange, "2")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(10)

    told = " ".join(each.text for each in desk.phone("OP1").heard)
    assert "Introuvable dans les dossiers : un sept" in told
    assert desk.told(caller, "case.lookup") == [{"number": "17349099", "result": "not_found"}]
    assert "173490131" not in str([event.data for event in desk.events(caller)])
    caller.hang_up()
    exchange.wait(60)


def test_three_wrong_entries_lead_to_a_person(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Up to three tries for long entries, then a live person."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "1#", "2#", "3#")

    exchange.wait(5)
    assert "I will connect you to a person." in [each.text for each in caller.heard]
    assert desk.phone("OP1").ringing
    caller.hang_up()
    exchange.wait(60)


@pytest.fixture
def tenant(tmp_path: Path, store: Store, exchange: Exchange) -> Exchange:
    """A line whose case numbers may begin with zero."""
    config = (FOLDER / "line.toml").read_text()
    config = config.replace('prefix = "C"', 'prefix = ""').replace(
        "prefix_key = true", "prefix_key = false"
    )
    config = config.replace("lengths = [7, 8]", "lengths = [8]")
    config = config.replace('name = "escalation"', 'name = "tenant"')
    config = config.replace("80000000", "80000001")  # each of its numbers is one of its own
    (tmp_path / "line.toml").write_text(config)
    (tmp_path / "cases.csv").write_text("number,subject\n07349015,Starts with zero\n")
    store.import_csv(tmp_path / "cases.csv")
    mount(exchange, store, line(tmp_path / "line.toml"), origin="https://tenant.test")
    return exchange


def test_s13_a_zero_inside_the_number_is_a_digit_and_zero_alone_is_the_operator(
    tenant: Exchange, desk: Desk
) -> None:
    """0 alone is the operator; 0 followed by digits inside an entry is a number."""
    caller = tenant.phone(CALLER)
    caller.call("+33800000011")
    keyed(caller, tenant, "2", "1", "07349015#")
    assert "zero seven three four, nine zero one five" in caller.last_heard
    caller.hang_up()
    tenant.wait(5)

    caller.call("+33800000011")
    keyed(caller, tenant, "2", "1", "0#")
    assert desk.phone("OP1").ringing
    caller.hang_up()
    tenant.wait(30)


def test_s14_a_keyed_prefix_letter_is_understood(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "217349013#")

    assert "I have one seven three four, nine zero one three." in caller.last_heard
    caller.hang_up()
    exchange.wait(5)


def test_a_number_that_can_be_read_in_two_ways_is_asked_about(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Never decide by looking up which one exists: that would leak."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "21734900#")
    assert "Is it two one seven three, four nine zero zero?" in caller.last_heard
    keyed(caller, exchange, "2")

    assert "I have one seven three four, nine zero zero." in caller.last_heard
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    assert call.data.shared.case.other == ["21734900"]  # for whoever takes the call
    caller.hang_up()
    exchange.wait(5)


def test_s15_star_clears_and_keys_barge_in(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1")
    prompt = caller.heard[-1]
    keyed(caller, exchange, f"1734*{CASE}#")

    assert not prompt.complete
    assert "one seven three four, nine zero one three" in caller.last_heard
    assert desk.told(caller, "entry.accepted") == [{"digits": CASE, "tries": 1}]
    caller.hang_up()
    exchange.wait(5)


def test_s15_silence_slows_down_and_then_leads_to_a_person(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1")
    exchange.wait_until(lambda: "I didn't hear anything" in str(caller.heard[-2:]), at_most=30)
    exchange.wait_until(lambda: "Take your time" in str(caller.heard[-2:]), at_most=30)
    exchange.wait_until(lambda: desk.phone("OP1").ringing, at_most=40)

    caller.hang_up()
    exchange.wait(30)


# --- S16, S17: closed, and without an owner ---


def test_a_closed_case_leads_to_the_operator_and_the_line_says_nothing_of_it(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "17349045#", "1", "2")

    assert desk.phone("OP1").ringing
    assert "closed" not in " ".join(each.text for each in caller.heard)
    caller.hang_up()
    exchange.wait(30)


def test_s17_a_case_without_an_owner_goes_to_the_manager_of_its_queue(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "17349068#", "1", "2")
    exchange.wait(1)

    assert desk.phone("MGR2").ringing
    ranking = desk.told(caller, "candidate.ranked")[-1]["ranking"]
    assert (ranking[0]["person"], ranking[0]["reason"]) == ("MGR2", "queue_manager")
    assert [notice.owner for notice in desk.store.duties.all("notify")] == ["MGR2"]
    caller.hang_up()
    exchange.wait(60)


def test_the_engineer_is_rung_for_a_caller_who_asks_for_them(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", "1")
    accept(desk.phone("ENG1"), exchange)
    exchange.wait(12)

    assert caller.connected_to == {desk.phone("ENG1")}
    assert not desk.store.case_files.escalations()
    caller.hang_up()
    exchange.wait(30)


# --- S19: the case system is down ---


def test_s19_records_that_are_down_are_not_the_callers_trouble(
    store: Store, escalation: Line
) -> None:
    exchange = Exchange(seed=2)
    desk = mount(exchange, store, escalation, case_system=Down(store))
    caller = exchange.phone(CALLER)
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1")
    assert caller.last_heard.startswith("To speak with the engineer")
    keyed(caller, exchange, "2")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(12)

    operator = " ".join(each.text for each in desk.phone("OP1").heard)
    assert "un sept trois quatre, neuf zéro un trois" in operator
    assert "Dossiers inaccessibles" in operator
    [escalation] = desk.store.case_files.escalations(f"C{CASE}")
    assert escalation.level == "M1"
    caller.hang_up()
    exchange.wait(60)


# --- S20: the caller hangs up in the hunt ---


def test_s20_a_caller_who_hangs_up_in_the_hunt_is_owed_a_call(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: manager.ringing, at_most=10)
    exchange.wait(5)
    caller.hang_up()
    exchange.wait(1)

    assert not manager.ringing
    [promise] = desk.store.duties.all("call_back")
    [requested] = desk.events(caller, "escalation.requested")
    assert promise.due == requested.at + timedelta(minutes=30)
    assert (promise.owner, promise.data["why"]) == ("MGR2", "hung up")
    assert desk.told(caller, "queue.left") == [{"why": "abandoned", "stage": "wish_hold"}]
    assert len(desk.store.case_files.escalations("C17349013")) == 1
    exchange.wait(60)
    assert free(desk)


def test_s20_a_manager_who_has_just_picked_up_is_told_that_the_caller_left(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: manager.ringing, at_most=10)
    manager.answer()
    exchange.wait(2)
    caller.hang_up()
    exchange.wait(20)

    assert not manager.in_call
    assert free(desk)


# --- 0, and nobody there ---


def test_nobody_answers_zero_in_time_so_the_duty_manager_is_rung_and_then_a_promise_is_made(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait_until(lambda: desk.phone("MGR2").ringing, at_most=90)
    exchange.wait_until(lambda: "Pour un rappel, tapez 2" in caller.last_heard, at_most=120)
    exchange.wait_until(lambda: "personne n'est disponible" in caller.last_heard, at_most=120)
    keyed(caller, exchange, "2", "1")
    exchange.wait(40)

    rung = [each["person"] for each in desk.told(caller, "dial.started")]
    assert rung == ["OP1", "OP2", "MGR2", "MGR4", "OP1"]  # again after a rest
    assert [promise.owner for promise in desk.store.duties.all("call_back")] == ["MGR2"]
    assert free(desk)


def test_waiting_callers_hear_their_position_and_are_served_in_order(
    exchange: Exchange, desk: Desk
) -> None:
    desk.store.people.set_status("OP2", "away")
    operator = desk.phone("OP1")
    first, second, third = (exchange.phone(f"+3315550020{n}") for n in (1, 2, 3))
    reach_operator(first, operator, exchange)
    second.call(ENTRY)
    second.press("0")
    exchange.wait(3)
    third.call(ENTRY)
    third.press("0")
    exchange.wait(20)
    assert "en position 2" in third.last_heard

    operator.hang_up()
    exchange.wait(1)
    assert operator.ringing
    accept(operator, exchange)
    exchange.wait(12)

    assert second.connected_to == {operator}
    assert third.connected_to == set()
    for phone in (first, second, third):
        phone.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_a_call_back_can_be_asked_for_while_waiting(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait(5)
    keyed(caller, exchange, "2", "1")
    exchange.wait(30)

    assert not caller.in_call
    assert [promise.data["number"] for promise in desk.store.duties.all("call_back")] == [CALLER]
    assert not desk.phone("OP1").ringing
    exchange.wait(60)
    assert free(desk)


def test_zero_in_the_hold_of_a_manager_reaches_an_operator(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    exchange.wait(6)
    keyed(caller, exchange, "0")

    assert desk.phone("OP1").ringing
    assert not desk.phone("MGR1").ringing
    caller.hang_up()
    exchange.wait(60)


def test_two_callers_never_ring_one_operator(exchange: Exchange, desk: Desk) -> None:
    desk.store.people.set_status("OP2", "away")
    first, second = exchange.phone("+33155500201"), exchange.phone("+33155500202")
    for phone in (first, second):
        phone.call(ENTRY)
        phone.press("0")
    exchange.wait(2)

    ringing = [leg for leg in desk.phone("OP1").calls if leg.status in ("ringing", "queued")]
    assert len(ringing) == 1
    first.hang_up()
    exchange.wait(1)
    assert desk.phone("OP1").ringing  # and the second caller's turn comes at once
    second.hang_up()
    exchange.wait(30)
    assert free(desk)


def test_the_promise_counts_from_the_request_and_by_the_lines_own_hours(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    exchange.wait(
        datetime(2026, 11, 24, 20, 0, tzinfo=UTC).timestamp() - exchange.clock.now().timestamp()
    )
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)

    [promise] = desk.store.duties.all("call_back")
    [requested] = desk.events(caller, "escalation.requested")
    assert promise.due - requested.at == timedelta(minutes=60)


def test_the_pound_key_goes_on_to_the_tone_at_once(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """ "# alone with no digit before = no input", after which a <Gather>'s next verb is done.
    (https://www.twilio.com/docs/voice/twiml/gather#finishonkey)"""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", "4", "1", "#")
    exchange.wait(1)
    caller.say("Half of our designers wait.")
    exchange.wait(3)
    caller.press("#")
    exchange.wait(1)

    assert caller.last_heard.startswith("Your request is recorded")
    caller.hang_up()
    exchange.wait(30)
