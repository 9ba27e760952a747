"""What is asked for on a page is owed a call, as by telephone: rung, reminded, shown, kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ivr.line.records import WEB, Call
from ivr.line.story.replay import from_the_start
from ivr.line.values import Promise, needed
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Browser
from tests.kit.desk import CALLER, START, Desk
from tests.kit.emergencies import DOWN
from tests.kit.promises import promise as promise_of
from tests.kit.promises import promised as promised_by_phone
from tests.kit.telephones import accept, ask_for_a_manager, nobody_rings


def web_calls(desk: Desk) -> list[Call]:
    sids = {duty.call for duty in desk.store.duties.all("call_back")}
    calls = [desk.store.calls.load(sid) for sid in sorted(sids) if sid.startswith(WEB)]
    return [call for call in calls if call]


def promised(desk: Desk) -> Promise:
    [call] = web_calls(desk)
    return needed(call.data.shared.promise)


def escalate(browser: Browser, key: str = "a", **form: str) -> Browser:
    browser.sign_in("marie").go("/cases/C17349013")
    given = {"level": "M1", "reason": "No answer for days.", "callback": CALLER}
    return browser.send("/cases/C17349013/escalate", key=key, **given | form)


def declare(browser: Browser, **form: str) -> Browser:
    browser.sign_in("marie").go("/cases/C17349013")
    return browser.send("/cases/C17349013/declare", key="d", **DOWN | form)


def meet(person: Handset, customer: Handset, exchange: Exchange) -> None:
    """This person takes the call back, and the customer is rung and comes in."""
    exchange.wait_until(lambda: person.ringing, at_most=6 * 60)
    accept(person, exchange, after=2)
    exchange.wait_until(lambda: customer.ringing, at_most=60)
    customer.answer()
    exchange.wait(12)
    customer.press("1")
    exchange.wait_until(lambda: person in customer.connected_to, at_most=20)
    exchange.wait(30)


def test_an_escalation_on_the_web_is_rung_and_kept_like_one_by_telephone(
    browser: Browser, desk: Desk, exchange: Exchange, caller: Handset
) -> None:
    escalate(browser)
    assert "a manager is being told. They will call you at +33155500101 by 10:30" in (browser.page)
    exchange.wait(1)
    promise = promised(desk)
    assert (promise.state, promise.owner, promise.number) == ("owed", "MGR1", CALLER)
    assert promise.due == START + timedelta(minutes=30)
    meet(desk.phone("MGR1"), caller, exchange)
    caller.hang_up()
    exchange.wait(5)

    assert promised(desk).outcome == "met"
    assert desk.file("C17349013")["levels"]["M1"]["accepted_by"] == "MGR1"
    exchange.wait(60 * 60)
    assert len(desk.phone("MGR1").calls) == 1
    assert not desk.notices("callback_missed")


def test_while_the_manager_is_away_the_delegate_and_duty_have_it(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    """If the manager isn't available, another one who can answer is found. (R50)"""
    desk.store.people.set_status("MGR1", "away", "MGR4", at=START, by="MGR1")
    escalate(browser)
    exchange.wait(1)

    assert desk.notices("escalation") == {"MGR1", "MGR2", "MGR4", "ENG1"}
    assert promised(desk).owner == "MGR4"
    assert desk.file("C17349013")["levels"]["M1"]["right"] == "MGR4"
    exchange.wait_until(lambda: desk.phone("MGR4").ringing, at_most=6 * 60)
    assert not desk.phone("MGR1").calls
    desk.phone("MGR4").decline()
    exchange.wait(60)


def test_a_request_on_the_web_that_nobody_keeps_goes_to_the_next_level(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    escalate(browser)
    exchange.wait(31 * 60)

    assert promised(desk).owner == "DIR1"
    assert desk.notices("callback_missed") == {"MGR1", "DIR1"}


def test_who_leaves_no_number_is_owed_it_all_the_same(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    escalate(browser, callback="")
    assert "You left no phone number" in browser.page
    exchange.wait(1)
    promise = promised(desk)
    assert (promise.state, promise.owner, promise.number) == ("owed", "MGR1", "")
    assert desk.notices("callback_no_number") == {"MGR1"}
    exchange.wait(31 * 60)

    assert desk.notices("callback_missed") == {"MGR1", "DIR1"}
    assert not desk.phone("MGR1").calls


def test_a_number_that_is_never_called_is_refused(browser: Browser, desk: Desk) -> None:
    escalate(browser, callback="+33899700000")

    assert browser.status == 409
    assert "We can't call that number." in browser.page
    assert desk.file("C17349013") == {}


def test_who_is_on_the_telephone_about_it_is_not_owed_it_twice(
    browser: Browser, desk: Desk, exchange: Exchange, caller: Handset
) -> None:
    ask_for_a_manager(caller, exchange)
    escalate(browser)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(60)
    caller.hang_up()
    exchange.wait(5 * 60)

    assert not web_calls(desk)


def test_asked_twice_on_the_web_it_is_one_call(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    escalate(browser)
    exchange.wait(60)
    escalate(browser, key="b")
    exchange.wait(60)

    assert len(web_calls(desk)) == 1


def test_what_is_owed_to_somebody_else_about_the_case_stays_theirs(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    colleague = exchange.phone("+33155500102")
    promised_by_phone(colleague, exchange, desk)
    escalate(browser)
    exchange.wait(60)

    assert promise_of(desk, colleague).state == "owed"
    assert promised(desk).number == CALLER
    exchange.wait(4 * 60)
    nobody_rings(desk)


def test_a_manager_who_says_that_they_have_spoken_ends_it(
    browser: Browser, pages: Any, desk: Desk, exchange: Exchange
) -> None:
    escalate(browser)
    exchange.wait(1)
    manager = Browser(pages.test_client()).sign_in("mgr1")
    assert "C17349013" in manager.go("/me").page
    manager.go("/cases/C17349013").send("/cases/C17349013/accept", level="M1", key="c")
    exchange.wait(20 * 60)

    assert promised(desk).outcome == "met"
    assert not desk.phone("MGR1").calls


def test_what_the_customer_is_told_is_so(browser: Browser, desk: Desk, exchange: Exchange) -> None:
    """ "Has been told" appears when a notice was handed over; until then "is being told"."""
    escalate(browser)
    browser.go("/cases/C17349013")
    assert "Manager: being told" in browser.page
    for duty in desk.store.duties.all("notify", owed=True):
        desk.store.duties.done(duty)

    assert "Manager: told" in browser.go("/cases/C17349013").page


def test_enterprise_down_on_the_web_rings_the_desk_at_once(
    browser: Browser, pages: Any, desk: Desk, exchange: Exchange, caller: Handset
) -> None:
    declare(browser)
    assert "are being rung now, and will call you at +33155500101" in browser.page
    exchange.wait(3)
    assert desk.phone("OP1").ringing
    for path, who in (("/console", "op1"), ("/cases", "op1"), ("/me", "mgr1"), ("/wall", "mgr1")):
        page = Browser(pages.test_client()).sign_in(who).go(path).page
        assert "no one has it yet" in page, path
    meet(desk.phone("OP1"), caller, exchange)

    assert desk.file("C17349013")["emergency"]["manager"] == "OP1"
    assert "no one has it yet" not in Browser(pages.test_client()).sign_in("op1").go("/cases").page
    caller.hang_up()
    exchange.wait(5)
    assert promised(desk).outcome == "met"
    exchange.wait(10 * 60)
    assert len(desk.phone("OP1").calls) == 1


def test_enterprise_down_on_the_web_is_rung_again_and_reminded_until_somebody_has_it(
    browser: Browser, pages: Any, desk: Desk, exchange: Exchange
) -> None:
    declare(browser)
    exchange.wait(10 * 60)
    assert len(desk.phone("MGR2").calls) >= 2
    exchange.wait(25 * 60)
    assert desk.notices("overdue") == {"DIR1", "MGR2"}
    waiting = desk.on_case("C17349013", "edown.waiting")
    assert len(waiting) == 2
    operator = Browser(pages.test_client()).sign_in("op1").go("/cases")
    operator.send("/cases/C17349013/take_emergency", key="t")
    exchange.wait(60)
    rung = len(desk.phone("MGR2").calls)
    exchange.wait(20 * 60)

    assert desk.file("C17349013")["emergency"]["manager"] == "OP1"
    assert len(desk.phone("MGR2").calls) == rung
    assert desk.on_case("C17349013", "edown.waiting")[-1].data["manager"] == "OP1"


def test_a_severity_wish_reaches_whoever_stands_in(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    """A severity change informs the engineer (R8); while they are away, who stands in as well."""
    desk.store.people.set_status("ENG1", "away", at=START, by="ENG1")
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send("/cases/C17349013/wish_severity", severity="1", reason="It grows.", key="k")

    assert desk.notices("severity_set") == {"ENG1", "MGR1"}
    desk.hear("C17349013", "wish_severity", key="w", by="caller", channel="phone", severity=2)
    assert desk.notices("severity_wish") == {"ENG1", "MGR1"}


def test_a_request_on_the_web_can_be_replayed_and_read(
    browser: Browser, pages: Any, desk: Desk, exchange: Exchange
) -> None:
    escalate(browser)
    exchange.wait(20 * 60)
    [call] = web_calls(desk)
    events = desk.store.logs.events(call.sid)
    *_, (_, turn) = from_the_start(desk.line, call, events)

    assert turn.state.shared.promise == promised(desk)
    staff = Browser(pages.test_client()).sign_in("mgr1")
    assert staff.go(f"/calls/{call.sid}").status == 200
    assert staff.go("/calls").status == 200
