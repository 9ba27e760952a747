"""What pages say is so: the state of every leg as it is at that moment, and what the caller
wants."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ivr.line.store.store import Store
from ivr.line.web.pages.shown import Shown
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Operator
from tests.kit.desk import ENTRY, PEOPLE, Desk
from tests.kit.telephones import accept, ask_for_a_manager, keyed, reach_operator


@pytest.fixture
def operator(pages: Any) -> Operator:
    made = Operator(pages.test_client())
    made.sign_in("op1")
    return made


@pytest.fixture
def shown(desk: Desk) -> Shown:
    return Shown(desk.services)


def state_of(shown: Shown, person: str) -> str:
    """What every list shows of a person."""
    return next(each.doing for each in shown.people() if each.id == person)


def with_case(operator: Operator, caller: Handset, exchange: Exchange, desk: Desk) -> None:
    """The operator talks with a caller, and has their case."""
    reach_operator(caller, desk.phone("OP1"), exchange)
    operator.click("case", number="C17349013")


# --- the legs ---


def test_ringing_listening_talking_on_hold_and_gone_are_different_words(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk, shown: Shown
) -> None:
    """And busy Paul isn't "available" in any list."""
    with_case(operator, caller, exchange, desk)
    paul = desk.phone("MGR1")
    assert "✓ available" in ranked(operator.look().reads, "Paul Morel")

    operator.click("ring", person="MGR1")
    exchange.wait(2)
    assert "Paul Morel: ringing" in operator.look().reads
    assert "● ringing" in ranked(operator.reads, "Paul Morel")
    assert state_of(shown, "MGR1") == "ringing"

    paul.answer()
    exchange.wait(1)
    assert "Paul Morel: has picked up, is listening" in operator.look().reads
    assert state_of(shown, "MGR1") == "listening"

    exchange.wait(6)
    paul.press("1")
    exchange.wait(15)
    assert "Paul Morel: talking" in operator.look().reads
    assert "● talking" in ranked(operator.reads, "Paul Morel")
    assert state_of(shown, "MGR1") == "talking"

    operator.click("hold")
    exchange.wait(2)
    assert "The caller is on hold" in operator.look().reads
    assert "Talking" not in operator.reads
    operator.click("unhold")
    exchange.wait(2)
    assert "Talking" in operator.look().reads

    paul.hang_up()
    exchange.wait(5)
    assert "Paul Morel: " not in operator.look().reads
    assert state_of(shown, "MGR1") == "available"
    caller.hang_up()
    exchange.wait(30)


def ranked(page: str, name: str) -> str:
    """What stands about a candidate in the list of who takes it."""
    return page.partition("Who takes it")[2].partition(name)[2][:120]


def test_nothing_is_announced_that_has_ended(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """A click is answered by what it has led to, never by a sentence that outlives it."""
    with_case(operator, caller, exchange, desk)
    operator.click("ring", person="MGR1")
    exchange.wait(2)
    assert 'class="done"' not in operator.page
    assert "Paul Morel: ringing" in operator.look().reads
    desk.phone("MGR1").decline()
    exchange.wait(5)

    assert "ringing" not in operator.look().reads
    assert "Paul Morel, busy" in operator.reads
    caller.hang_up()
    exchange.wait(30)


def main_button(operator: Operator) -> str:
    """The page's one filled button on the card of a call."""
    found = re.findall(r'<button class="main">(.*?)</button>', operator.look().page)
    assert len(found) <= 1, found
    return re.sub(r"<[^>]+>", "", found[0]).strip() if found else ""


def test_the_main_button_is_the_next_thing_to_do(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    reach_operator(caller, desk.phone("OP1"), exchange)
    assert main_button(operator) == "Look up"
    operator.click("case", number="C17349013")
    assert main_button(operator) == "Ring Paul Morel"
    operator.click("request", level="M1")
    exchange.wait(2)
    assert "Record M1" not in operator.look().reads  # it is recorded: that is said, with by whom
    assert "recorded by Odile Petit" in operator.reads
    assert main_button(operator) == "Ring Paul Morel"
    operator.click("ring", person="MGR1")
    exchange.wait(2)
    assert main_button(operator) == ""  # they are being rung: stop stands beside them
    desk.phone("MGR1").decline()
    exchange.wait(5)
    assert main_button(operator) == "Ring Greta Vogel"
    operator.click("hold")
    assert main_button(operator) == "Resume"
    caller.hang_up()
    exchange.wait(30)


# --- what is wished, and what is to be known ---


def test_a_manager_sees_what_is_wished_and_that_the_caller_is_not_verified(
    pages: Any, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = Operator(pages.test_client())
    manager.page_of = "/me"
    manager.sign_in("mgr1")
    ask_for_a_manager(caller, exchange)
    exchange.wait(2)
    assert "Wants: First level" in manager.look().reads or "Wants: M1" in manager.reads
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(15)

    assert "Not verified" in manager.look().reads
    assert "Wants: " in manager.reads
    caller.hang_up()
    exchange.wait(30)


def test_two_case_numbers_that_fit_are_both_shown(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "21734900#", "1", "1", "0")
    exchange.wait(2)
    reads = operator.look().reads
    assert "Two case numbers fit" in reads
    assert "C1734900" in reads
    accept(desk.phone("OP1"), exchange)
    exchange.wait(15)

    assert "/cases/C1734900" in operator.look().page
    assert "/cases/C21734900" in operator.page
    caller.hang_up()
    exchange.wait(30)


def test_a_closed_case_says_so_before_anything_else(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk, store: Store
) -> None:
    closed = next(case for case in store.cases.of_accounts(None) if case.status == "closed")
    reach_operator(caller, desk.phone("OP1"), exchange)
    operator.click("case", number=closed.number)

    assert "The case is closed" in operator.page
    assert operator.reads.index("The case is closed") < operator.reads.index("Who takes it")
    caller.hang_up()
    exchange.wait(30)


def test_who_was_cut_off_and_who_is_owed_a_call_shows(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    for person in PEOPLE:
        desk.phone(person).will("busy")
    ask_for_a_manager(caller, exchange)
    exchange.wait(20)
    caller.hang_up()
    exchange.wait(30)
    for person in ("OP1", "OP2"):
        desk.phone(person).will("ring")
    caller.call(ENTRY)
    exchange.wait(3)
    caller.press("0")
    exchange.wait(2)

    assert "An earlier call of theirs was cut off" in operator.look().reads
    accept(desk.phone("OP1"), exchange)
    exchange.wait(15)
    assert "A callback is owed" in operator.look().reads
    caller.hang_up()
    exchange.wait(60)


# --- who has been told ---


def test_nobody_has_been_told_before_the_notice_is_handed_over(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    with_case(operator, caller, exchange, desk)
    operator.click("request", level="M1")
    exchange.wait(2)
    assert "Paul Morel is being told" in operator.look().reads
    assert "has been told" not in operator.reads

    for duty in desk.store.duties.all("notify"):
        if duty.owner == "MGR1":
            desk.store.duties.done(duty)
    assert "Paul Morel has been told" in operator.look().reads
    caller.hang_up()
    exchange.wait(30)


def test_a_notice_that_failed_shows_with_the_reason(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    with_case(operator, caller, exchange, desk)
    operator.click("request", level="M1")
    exchange.wait(2)
    for duty in desk.store.duties.all("notify"):
        if duty.owner == "MGR1":
            desk.store.duties.drop(duty, "no address")

    assert "Paul Morel couldn't be told ( no address )" in operator.look().reads
    caller.hang_up()
    exchange.wait(30)


# --- one's own desk ---


@pytest.fixture
def manager(pages: Any) -> Operator:
    made = Operator(pages.test_client())
    made.page_of = "/me"
    made.sign_in("mgr1")
    return made


def test_a_busy_manager_is_not_available_on_their_own_page_and_on_the_wall(
    manager: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    assert "Paul Morel: available" in manager.look().reads
    ask_for_a_manager(caller, exchange)
    exchange.wait(2)
    assert "Paul Morel: ringing · set to available" in manager.look().reads
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(15)

    assert "Paul Morel: talking · set to available" in manager.look().reads
    assert "Paul Morel talking" in manager.go("/wall").reads
    caller.hang_up()
    exchange.wait(30)
    assert "Paul Morel available" in manager.go("/wall").reads


def test_who_has_no_pin_is_told_so_and_sets_one_with_which_the_phone_takes_a_status(
    manager: Operator, exchange: Exchange, desk: Desk, store: Store
) -> None:
    assert "You have no PIN yet" in manager.look().reads
    manager.send("/me/pin", pin="12")
    assert "A PIN is 6 digits or more" in manager.reads
    manager.send("/me/pin", pin="482913")
    assert "You have no PIN yet" not in manager.reads
    person = store.people.get("MGR1")
    assert person is not None
    assert "482913" not in person.pin

    phone = desk.phone("MGR1")
    phone.call(ENTRY)
    keyed(phone, exchange, "482913#", "2")
    exchange.wait(10)
    person = store.people.get("MGR1")
    assert person is not None
    assert person.status != "available"
    assert re.search(r"Paul Morel: [a-z ]+ ?, until (\d+ \w+ )?\d\d:\d\d", manager.look().reads)


def test_who_has_taken_the_call_is_on_the_way_until_the_room_has_both(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk, shown: Shown
) -> None:
    """Key 1 is only "takes it": the briefing comes before the room."""
    ask_for_a_manager(caller, exchange)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait_until(lambda: state_of(shown, "MGR1") == "coming", at_most=20)
    [row] = shown.open()
    assert row.doing == "coming"
    assert "Paul Morel: has taken it, on the way" in operator.look().reads
    assert "Talking" not in operator.reads  # the caller waits still

    exchange.wait_until(lambda: desk.phone("MGR1") in caller.connected_to, at_most=30)
    exchange.wait(1)
    assert state_of(shown, "MGR1") == "talking"
    assert "in conversation" in operator.go("/now").reads
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(30)


def test_nobody_is_offered_to_hold_a_caller_who_is_not_with_them_yet(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    caller.press("0")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(1)
    assert "On your way to the caller" in operator.look().reads
    assert "/click/hold" not in operator.page

    exchange.wait_until(lambda: desk.phone("OP1") in caller.connected_to, at_most=30)
    exchange.wait(1)
    assert "/click/hold" in operator.look().page
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(30)


@pytest.mark.parametrize("shows", ["anonymous", "+266696687", "Restricted"])
def test_a_withheld_number_is_nobodys_on_every_page(
    operator: Operator, exchange: Exchange, desk: Desk, shows: str
) -> None:
    caller = exchange.phone(shows)
    reach_operator(caller, desk.phone("OP1"), exchange)

    for page in ("/console", "/now", "/calls"):
        reads = operator.go(page).reads
        assert shows not in reads, page
        assert "Number withheld" in reads or "Number unknown" in reads, page
    caller.hang_up()
    exchange.wait(60)


# --- who waits ---


def test_whoever_is_shown_as_waiting_is_in_the_queue_though_a_sentence_is_still_being_said(
    exchange: Exchange, caller: Handset, desk: Desk, shown: Shown
) -> None:
    """That the caller is connected to a person is said in the queue, not on the way there."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "8", "8", "8", "8")

    assert shown.wall()["queues"] == {"operators": 1}
    assert [each.what for each in exchange.history if "queued" in each.what] == ["queued"]
    caller.hears("I will connect you to a person. I am connecting you", within=10)
    caller.hang_up()
    exchange.wait(1)
