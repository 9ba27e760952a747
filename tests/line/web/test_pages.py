"""The pages: who calls, what is owed, and the simulated phones."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ivr.line.store.store import Store
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.pages.shown import Shown
from ivr.simulator import Exchange, Handset
from ivr.simulator.screens.phones_page import Phones
from tests.kit.browser import Browser, login
from tests.kit.database_faults import Fault, damaged, gone
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk
from tests.kit.promises import promised
from tests.kit.telephones import ask_for_a_manager, reach_operator


@pytest.fixture
def pages(desk: Desk, store: Store) -> Flask:
    for id, roles in (("op1", "operator"), ("mgr1", "manager"), ("ines", "supervisor")):
        store.logins.save(login(id, roles, person="" if id == "ines" else id.upper()))
    phones = Phones(desk.exchange, {CALLER: "Marie", "client:op1": "Odile"}, {ENTRY: "EMEA"})
    return create_pages(desk.services, phones=phones, entrance=Entrance(sample=True))


@pytest.fixture
def page(pages: Flask) -> FlaskClient:
    return pages.test_client()


@pytest.fixture
def browser(pages: Flask) -> Browser:
    return Browser(pages.test_client()).go("/sign-in").send("/sign-in/as", login="op1")


def test_no_page_asks_another_host(browser: Browser) -> None:
    answer = browser.client.get("/now")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_a_waiting_caller_shows_with_what_was_keyed_and_no_managers_number(
    browser: Browser, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    page = browser.go("/now").page

    assert CALLER in page
    assert "waiting for the person they asked for" in page
    case = "C17349013 · Helio · Assemblies open slowly · open · Severity 2"
    assert f"Entered 17349013: {case}" in page
    assert "Paul Morel: ringing" in page
    assert "wants M1" in page
    assert not any(number in page for number in PEOPLE.values())

    caller.hang_up()
    exchange.wait(60)
    page = browser.go("/now").page
    assert "No calls right now." in page
    assert "promised by Greta Vogel" in page
    assert "/cases/C17349013" in page


def test_a_call_that_is_owed_shows_until_it_is_made_however_late(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    for person in PEOPLE:
        desk.phone(person).will("busy")

    def owed() -> list[tuple[object, ...]]:
        told = Shown(desk.services).owed()
        return [(each["owner"], each["overdue"], each["tries"] > 0) for each in told]

    assert owed() == [("MGR2", False, False)]
    exchange.wait(3 * 3600)
    assert owed() == [("DIR1", True, True)]
    for person in ("DIR1", "MGR2"):
        desk.phone(person).will("answer", after=2, press="1")
    caller.will("answer", after=2, press="1")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=900)
    exchange.wait(10)
    assert owed() == []
    caller.hang_up()
    exchange.wait(60)


def test_nothing_is_sent_again_until_something_has_changed(
    browser: Browser, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    def asked(after: str) -> int:
        return browser.client.get(f"/changes?after={after}").status_code

    latest = desk.store.logs.latest()
    assert asked(latest) == 304
    reach_operator(caller, desk.phone("OP1"), exchange)
    assert asked(latest) == 200
    latest = desk.store.logs.latest()
    desk.store.people.set_status("MGR1", "away", at=exchange.clock.now(), by="MGR1")
    assert asked(latest) == 200
    caller.hang_up()
    exchange.wait(30)


def test_everybody_begins_on_the_page_of_their_work(pages: Flask) -> None:
    begins = {"op1": "/console", "mgr1": "/me", "ines": "/wall"}
    for id, path in begins.items():
        browser = Browser(pages.test_client()).go("/sign-in").send("/sign-in/as", login=id)
        assert browser.client.get("/").headers["Location"] == path


def test_a_call_is_made_from_the_page(page: FlaskClient, exchange: Exchange, desk: Desk) -> None:
    def do(phone: str, action: str, value: str = "") -> None:
        asked = {"phone": phone, "action": action, "value": value}
        assert page.post("/handsets/do", json=asked).status_code == 200

    do(CALLER, "call", ENTRY)
    do(CALLER, "press", "0")
    exchange.wait(2)
    state = page.get("/handsets/state").json
    assert state is not None
    assert state["phones"][1]["ringing"]
    do("client:op1", "answer")
    exchange.wait(8)
    do("client:op1", "press", "1")
    exchange.wait(12)
    state = page.get("/handsets/state").json
    assert state is not None
    with_whom = [[each["name"] for each in phone["with"]] for phone in state["phones"]]
    assert with_whom == [["Odile"], ["Marie"]]
    do(CALLER, "hang_up")
    exchange.wait(30)


@pytest.mark.parametrize("path", ["/console", "/now", "/me", "/sign-in"])
@pytest.mark.parametrize("fault", [damaged, gone])
def test_a_database_that_fails_is_said_on_each_page(
    browser: Browser, desk: Desk, path: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    browser.sign_in("op1")
    with fault(desk.store):
        browser.go(path)
        assert browser.status == 503 or path == "/sign-in"
        assert browser.status != 503 or "the database fails" in browser.page
    browser.go(path)

    assert browser.status == 200
    assert [each for each in caplog.records if each.exc_info] == []
