"""The operator's console: calls taken, put through and put on record by clicks."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ivr.line.desk.roles import CLICKS, PAGES, ROLES
from ivr.line.store.store import Store
from ivr.line.store.streams import ACCESS
from ivr.line.story.replay import replay
from ivr.line.values import needed
from ivr.line.web.pages.app import ENDPOINTS
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Browser, Operator, login
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk
from tests.kit.telephones import CASE, accept, ask_for_a_manager, free, keyed, nobody_rings


@pytest.fixture
def operator(pages: Any) -> Operator:
    made = Operator(pages.test_client())
    made.sign_in("op1")
    return made


@pytest.fixture
def colleague(pages: Any, store: Store) -> Operator:
    store.logins.save(login("op2", "operator", person="OP2"))
    made = Operator(pages.test_client())
    made.sign_in("op2")
    return made


@pytest.fixture
def manager(pages: Any) -> Operator:
    made = Operator(pages.test_client())
    made.page_of = "/me"
    made.sign_in("mgr1")
    return made


def zero(caller: Handset, exchange: Exchange) -> None:
    """A caller who only presses 0."""
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait(1)


def connected(operator: Operator, caller: Handset, desk: Desk) -> None:
    """The operator accepts on the page, and picks up."""
    operator.click("accept")
    desk.phone("OP1").answer()
    desk.exchange.wait_until(lambda: desk.phone("OP1") in caller.connected_to, at_most=30)
    desk.exchange.wait(1)


# --- it rings ---


def test_the_ringing_card_shows_little_and_the_connected_one_everything(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", "0")
    exchange.wait(1)
    page = operator.look().page

    assert "A caller asks for an operator" in page
    assert f"Entered {CASE}: case found" in page
    assert "Helio" not in page
    assert "Assemblies open slowly" not in page

    connected(operator, caller, desk)
    page = operator.look().page
    for fact in (CALLER, "C17349013", "Helio", "Assemblies open slowly", "Paul Morel", "V1"):
        assert fact in page
    caller.hang_up()
    exchange.wait(30)


def test_an_operator_who_accepts_on_the_page_is_connected_on_picking_up(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    zero(caller, exchange)
    phone = desk.phone("OP1")
    assert phone.ringing
    operator.click("accept")
    assert "Pick up your phone now." in operator.page
    phone.answer()
    exchange.wait(20)

    assert caller.connected_to == {phone}
    assert not any("press 1" in heard.text for heard in phone.heard)
    assert [event.actor for event in desk.events(caller, "operator.accepted")] == ["OP1"]
    caller.hang_up()
    exchange.wait(30)
    assert free(desk)


def test_who_has_picked_up_already_accepts_by_a_click_as_by_the_key(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    zero(caller, exchange)
    desk.phone("OP1").answer()
    exchange.wait(2)
    assert "You have picked up." in operator.look().page
    operator.click("accept")
    exchange.wait(10)

    assert caller.connected_to == {desk.phone("OP1")}
    caller.hang_up()
    exchange.wait(30)


@pytest.mark.parametrize("picked_up", [False, True])
def test_who_passes_on_the_page_is_left_alone_and_the_next_one_rings(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk, picked_up: bool
) -> None:
    zero(caller, exchange)
    if picked_up:
        desk.phone("OP1").answer()
        exchange.wait(2)
    operator.click("pass")
    exchange.wait(8)

    assert not desk.phone("OP1").ringing
    assert not desk.phone("OP1").in_call
    assert desk.phone("OP2").ringing
    assert "No call for you right now." in operator.look().page
    caller.hang_up()
    exchange.wait(30)


# --- who waits ---


def test_an_operator_takes_somebody_who_waits_for_others(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    page = operator.look().page
    assert "waiting for the person they asked for" in page
    assert "Paul Morel: ringing" in page
    operator.take(desk.sid(caller))
    exchange.wait(1)

    assert "Accepted. Pick up your phone now." in operator.look().page
    assert desk.phone("OP1").ringing
    desk.phone("OP1").answer()
    exchange.wait(10)
    assert caller.connected_to == {desk.phone("OP1")}
    assert not desk.phone("MGR1").ringing
    caller.hang_up()
    exchange.wait(30)
    assert free(desk)


def test_two_operators_never_take_the_same_caller(
    operator: Operator, colleague: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    operator.take(desk.sid(caller))
    assert "Odile Petit takes this call." in colleague.look().page
    colleague.take(desk.sid(caller))
    exchange.wait(1)

    assert "Someone else has already taken this caller" in colleague.page
    assert desk.phone("OP1").ringing
    assert not desk.phone("OP2").ringing
    caller.hang_up()
    exchange.wait(30)


def test_who_takes_a_caller_and_does_not_pick_up_loses_nobody(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    operator.take(desk.sid(caller))  # and then the operator's browser dies, and they are away
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(10)

    assert caller.connected_to == {desk.phone("MGR1")}
    assert not desk.phone("OP1").ringing
    caller.hang_up()
    exchange.wait(30)


def test_a_caller_who_has_gone_cannot_be_taken(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(5)
    operator.take(desk.sid(caller))

    assert "This caller isn't waiting anymore." in operator.page
    assert not desk.phone("OP1").ringing


def test_an_emergency_stands_before_callers_who_have_waited_longer(
    operator: Operator, exchange: Exchange, desk: Desk
) -> None:
    for person in ("OP1", "OP2"):
        desk.phone(person).will("busy")
    first, second = exchange.phone("+33155500102"), exchange.phone("+33155500103")
    first.call(ENTRY)
    keyed(first, exchange, "2", "0")
    exchange.wait(2)
    second.call(ENTRY)
    keyed(second, exchange, "2", "3", f"{CASE}#", "1")
    exchange.wait(2)
    page = operator.look().page

    assert page.index("+33155500103") < page.index("+33155500102")
    assert "▲ Enterprise Down" in page
    for phone in (first, second):
        phone.hang_up()
    exchange.wait(60)


def test_after_an_operators_browser_has_died_another_one_shows_the_same_call(
    operator: Operator,
    pages: Any,
    exchange: Exchange,
    caller: Handset,
    desk: Desk,
) -> None:
    zero(caller, exchange)
    connected(operator, caller, desk)
    again = Operator(pages.test_client())
    again.sign_in("op1")

    assert "Talking" in again.look().reads
    again.click("hold")
    exchange.wait(2)
    assert caller.connected_to == set()
    assert "The caller is on hold" in again.look().reads
    again.click("unhold")
    exchange.wait(2)
    assert caller.connected_to == {desk.phone("OP1")}
    caller.hang_up()
    exchange.wait(30)


# --- with the caller ---


@pytest.fixture
def talking(operator: Operator, exchange: Exchange, caller: Handset, desk: Desk) -> Operator:
    """The operator has a caller who has given no number."""
    zero(caller, exchange)
    connected(operator, caller, desk)
    return operator


def test_the_number_is_corrected_as_it_is_written(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    assert "No case number yet" in talking.look().reads
    talking.click("case", number="C-1734 90")
    assert "That isn't a valid case number" in talking.page
    talking.click("case", number="C-1734 9013")

    assert "Assemblies open slowly" in talking.page
    assert caller.connected_to == {desk.phone("OP1")}  # nobody was moved
    assert [each["digits"] for each in desk.told(caller, "entry.accepted")] == [CASE]
    caller.hang_up()
    exchange.wait(30)


def test_put_through_warm_to_the_right_manager(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """ "The operator transfers your call to the appropriate manager." """
    talking.click("case", number="C17349013")
    first = talking.reads.partition("Who takes it")[2]
    assert first.startswith(" Rung so far: Odile Petit, talking Paul Morel the right manager")
    talking.click("ring", person="MGR1")
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(10)
    manager = desk.phone("MGR1")

    assert caller.connected_to == {desk.phone("OP1"), manager}
    talking.click("hang_up")
    exchange.wait(2)
    assert caller.connected_to == {manager}
    exchange.wait(10)
    level = desk.file("C17349013")["levels"]["M1"]
    assert (level["set_by"], level["accepted_by"]) == ("OP1", "MGR1")
    caller.hang_up()
    exchange.wait(30)
    assert free(desk)


def test_the_right_manager_is_unavailable_and_another_one_is_chosen(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk, store: Store
) -> None:
    """ "If that manager isn't available, the operator finds a manager who can answer." """
    store.people.set_status("MGR1", "away", at=exchange.clock.now(), by="MGR1")
    talking.click("case", number="C17349013")
    assert "✕ out of office · set by themselves, 0 min ago" in talking.reads
    talking.click("ring", person="MGR4")
    exchange.wait(2)
    assert "Sam Ortiz: ringing" in talking.look().reads
    desk.phone("MGR4").decline()
    exchange.wait(5)
    assert "Sam Ortiz, busy" in talking.look().reads
    talking.click("ring", person="MGR2")
    accept(desk.phone("MGR2"), exchange)
    exchange.wait(10)

    assert desk.phone("MGR2") in caller.connected_to
    caller.hang_up()
    exchange.wait(30)


def test_left_to_the_line_it_rings_managers_until_one_accepts(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("case", number="C17349013")
    talking.click("blind")
    exchange.wait(3)
    assert not desk.phone("OP1").in_call
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(10)

    assert caller.connected_to == {desk.phone("MGR1")}
    caller.hang_up()
    exchange.wait(30)
    assert free(desk)


def test_levels_are_recorded_and_the_second_needs_the_first_or_a_reason(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("case", number="C17349013")
    talking.click("next_level")
    assert "The previous level wasn't requested" in talking.page
    assert desk.file("C17349013").get("levels", {}) == {}
    talking.click("override", reason="2")
    exchange.wait(5)
    stands = desk.file("C17349013")["levels"]
    assert (stands["M2"]["override"], stands["M2"]["set_by"]) == ("a deadline", "OP1")
    talking.click("request", level="M1")
    exchange.wait(5)

    assert set(desk.file("C17349013")["levels"]) == {"M1", "M2"}
    assert desk.phone("OP1") in caller.connected_to
    caller.hang_up()
    exchange.wait(30)


def test_a_promised_call_is_told_with_its_time_and_reference(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("promise", number="+33899000000")
    assert "That number can't be called back" in talking.page
    talking.click("promise", number="01 55 50 01 77")
    [promised] = desk.told(caller, "callback.promised")

    assert "promised to call, reference" in talking.reads
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    assert needed(call.data.shared.promise).number == "+33155500177"
    assert needed(call.data.shared.promise).reference in talking.page
    assert "+33155500177" not in str(desk.events(caller))
    assert promised["owner"]
    caller.hang_up()
    exchange.wait(30)


def test_a_note_a_severity_and_a_closed_case_are_written_with_the_operators_name(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("case", number="C17349013")
    talking.ask("note", "C17349013", text="He calls from the plant.")
    assert "Saved." in talking.page
    assert "He calls from the plant." in talking.page
    talking.ask("set_severity", "C17349013", severity="1", reason="the plant stands still")
    assert desk.file("C17349013")["severity"]["set_by"] == "OP1"
    talking.ask("set_severity", "C17349013", severity="3", reason="it was a slip")

    assert "That didn't work:" in talking.page  # lower only with the customer's agreement
    assert [note.author for note in desk.store.case_files.notes("C17349013")][:1] == ["OP1"]
    [event] = desk.on_case("C17349013", "severity.set")
    assert (event.data["channel"], event.data["call"]) == ("phone", desk.sid(caller))
    caller.hang_up()
    exchange.wait(30)


def test_enterprise_down_is_asked_judged_and_set_on_the_page(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("case", number="C17349013")
    said = {"purpose": "1", "users": "40", "affected": "38", "hours": "1", "minutes": "30"}
    talking.click("emergency", what="declare", key="a", **said)
    assert "The answers are saved." in talking.page
    assert "▲ Enterprise Down" in talking.page
    assert "Still missing: what was done" in talking.reads
    talking.click("emergency", what="set_emergency", key="b", **said)
    assert "Enterprise Down was not set. First read the definition" in talking.page
    talking.click("emergency", what="set_emergency", key="c", stopped="1", **said)
    exchange.wait(5)

    emergency = desk.file("C17349013")["emergency"]
    assert (emergency["state"], emergency["answers"]["affected"]) == ("set", 38)
    assert desk.file("C17349013")["severity"]["severity"] == 0
    told = [note.text for note in desk.store.case_files.notes("C17349013")]
    assert "Enterprise Down declared by the desk, for the customer" in told
    caller.hang_up()
    exchange.wait(30)
    nobody_rings(desk)


def test_who_has_no_contract_needs_a_reason_and_nothing_is_lost(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("case", number="C17349037")
    assert "✕ contract: not met (required)" in talking.reads
    said = {"purpose": "1", "stopped": "1"}
    talking.click("emergency", what="set_emergency", key="a", **said)
    assert "That didn't work:" in talking.page
    talking.click("emergency", what="set_emergency", key="b", override="being renewed", **said)
    exchange.wait(5)

    assert desk.file("C17349037")["emergency"]["state"] == "set"
    caller.hang_up()
    exchange.wait(30)
    nobody_rings(desk)


def test_a_card_of_a_call_that_is_over_changes_nothing(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    leg = re.search(r'name="leg" value="([^"]+)"', talking.look().page)
    assert leg
    caller.hang_up()
    exchange.wait(30)
    talking.press("hold", leg.group(1))

    assert "That call has ended" in talking.page


def test_what_is_not_possible_just_now_is_said(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    before = len(desk.events(caller))
    for click in ("unhold", "next", "stop", "accept", "request", "pause"):
        talking.click(click, level="M1")
        assert "That isn't possible right now" in talking.page, click

    assert len(desk.events(caller)) == before
    caller.hang_up()
    exchange.wait(30)


def test_a_call_worked_by_clicks_is_told_again_from_its_log_alone(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("case", number="C17349013")
    talking.click("hold")
    talking.click("ring", person="MGR1")
    exchange.wait(2)
    talking.click("promise", number="01 55 50 01 77")
    talking.click("stop")
    talking.click("unhold")
    caller.hang_up()
    exchange.wait(60)
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    *_, (_, turn) = replay(desk.line, call, desk.store.logs.events(call.sid))

    shared = call.data.shared
    assert turn.state.shared.promise == shared.promise
    assert turn.state.caller.state == call.step


# --- a manager's own page ---


def test_a_manager_accepts_on_their_own_page_and_works_on_the_case(
    manager: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    exchange.wait(2)
    assert "An escalation" in manager.look().page
    manager.click("accept")
    desk.phone("MGR1").answer()
    exchange.wait(10)
    assert caller.connected_to == {desk.phone("MGR1")}
    manager.ask("plan", "C17349013", text="Two engineers, a call each morning.")
    manager.ask("report", "C17349013", id="SPR1", state="asked")
    page = manager.look().page

    assert "Two engineers, a call each morning." in page
    assert "/click/ring" not in page  # that is the operator's
    manager.ask("deescalate", "C17349013", reason="solved", agreed="yes")
    assert desk.file("C17349013")["levels"]["M1"]["state"] == "over"
    caller.hang_up()
    exchange.wait(30)


def test_a_manager_says_that_they_will_call_back_themselves(
    manager: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    exchange.wait(2)
    manager.click("later")
    exchange.wait(60)

    [promised] = desk.told(caller, "callback.promised")
    assert promised["owner"] == "MGR1"
    assert "A call is owed" in manager.look().page or "reference" in manager.page
    exchange.wait(60)


# --- who may do what, and who has looked ---


def test_every_look_at_a_case_is_on_record_once_a_call(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    talking.click("case", number="C17349013")
    for _ in range(3):
        talking.look()
    looks = [event for event in desk.store.logs.events(ACCESS) if event.kind == "access.viewed"]

    assert [(event.actor, event.data["case"]) for event in looks] == [("OP1", "C17349013")]
    caller.hang_up()
    exchange.wait(30)


def test_no_manager_is_named_by_a_number(
    talking: Operator, exchange: Exchange, caller: Handset
) -> None:
    talking.click("case", number="C17349013")

    numbers = [number for number in PEOPLE.values() if number.startswith("+")]
    assert not any(number in talking.page for number in numbers)
    caller.hang_up()
    exchange.wait(30)


def path_of(page: str) -> str:
    return {"new": "/cases/new"}.get(page, f"/{page}")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_pages_and_no_others(
    pages: Any,
    store: Store,
    role: str,
) -> None:
    person = "" if role in ("customer", "supervisor", "admin", "auditor", "privacy") else "MGR1"
    store.logins.save(login("some", role, person=person))
    browser = Browser(pages.test_client()).sign_in("some")
    for page in ENDPOINTS:
        roles = PAGES[page]
        assert (browser.go(path_of(page)).status == 200) == (role in roles), page


@pytest.mark.parametrize("role", ROLES)
def test_each_role_clicks_what_it_may_and_nothing_else(
    pages: Any,
    store: Store,
    role: str,
) -> None:
    store.logins.save(login("some", role, person="MGR1"))
    browser = Browser(pages.test_client()).sign_in("some").go("/cases")
    for click, roles in CLICKS.items():
        form = {"csrf_token": _token(browser), "leg": "none"}
        status = browser.client.post(f"/click/{click}", data=form).status_code
        assert (status == 403) == (role not in roles), click


def _token(browser: Browser) -> str:
    browser.go("/cases")
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.page)
    assert found
    return found.group(1)


def test_a_click_without_the_pages_token_is_refused(
    talking: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    leg = re.search(r'name="leg" value="([^"]+)"', talking.look().page)
    assert leg
    talking.send("/click/hang_up", token="", leg=leg.group(1))

    assert talking.status == 400
    assert caller.connected_to == {desk.phone("OP1")}
    caller.hang_up()
    exchange.wait(30)
