"""The pages: who calls, what is owed, and the simulated phones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ivr.simulator import Exchange, Handset
from ivr.simulator.web import Phones
from ivr.web.pages import create_pages
from tests.conftest import CALLER, ENTRY, PEOPLE, Desk
from tests.test_callbacks import promised
from tests.test_scenarios import ask_for_a_manager, reach_operator


@pytest.fixture
def page(desk: Desk) -> Iterator[FlaskClient]:
    phones = Phones(desk.exchange, {CALLER: "Marie", "client:op1": "Odile"}, {ENTRY: "EMEA"})
    app = create_pages(desk.line, desk.store, desk.exchange.clock, phones)
    with app.test_client() as client:
        yield client


def test_the_page_says_what_to_dial_and_lets_no_other_host_in(page: FlaskClient) -> None:
    answer = page.get("/")

    assert ENTRY in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_a_waiting_caller_shows_with_what_was_keyed_and_no_managers_number(
    page: FlaskClient, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    told = page.get("/changes?after=-1").json
    assert told is not None

    [call] = told["calls"]
    assert (call["caller"], call["waiting_for"], call["wish"]) == (CALLER, "managers", "M1")
    assert call["case"] == "C17349013 · Helio · Assemblies open slowly · open · severity 2"
    assert call["people"] == [{"name": "Paul Morel", "state": "ringing"}]
    assert not any(number in str(told) for number in PEOPLE.values())

    caller.hang_up()
    exchange.wait(60)
    after = page.get("/changes?after=-1").json
    assert after is not None
    assert after["calls"] == []
    assert [(each["owner"], each["case"]) for each in after["owed"]] == [("MGR2", "C17349013")]


def test_a_call_that_is_owed_shows_until_it_is_made_however_late(
    page: FlaskClient, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    promised(caller, exchange, desk)
    for person in PEOPLE:
        desk.phone(person).will("busy")

    def owed() -> list[tuple[object, ...]]:
        told = page.get("/changes?after=-1").json
        assert told is not None
        return [(each["owner"], each["state"], each["tries"] > 0) for each in told["owed"]]

    assert owed() == [("MGR2", "owed", False)]
    exchange.wait(3 * 3600)
    assert owed() == [("DIR1", "overdue", True)]
    for person in ("DIR1", "MGR2"):
        desk.phone(person).will("answer", after=2, press="1")
    caller.will("answer", after=2, press="1")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=900)
    exchange.wait(10)
    assert owed() == []
    caller.hang_up()
    exchange.wait(60)


def test_nothing_is_sent_again_until_something_has_changed(
    page: FlaskClient, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    latest = page.get("/changes?after=-1").json["latest"]  # type: ignore[index]

    assert page.get(f"/changes?after={latest}").status_code == 304
    reach_operator(caller, desk.phone("OP1"), exchange)
    assert page.get(f"/changes?after={latest}").status_code == 200
    caller.hang_up()
    exchange.wait(30)


def test_a_call_is_made_from_the_page(page: FlaskClient, exchange: Exchange, desk: Desk) -> None:
    def do(phone: str, action: str, value: str = "") -> None:
        asked = {"phone": phone, "action": action, "value": value}
        assert page.post("/phones/do", json=asked).status_code == 200

    do(CALLER, "call", ENTRY)
    do(CALLER, "press", "0")
    exchange.wait(2)
    state = page.get("/phones/state").json
    assert state is not None
    assert state["phones"][1]["ringing"]
    do("client:op1", "answer")
    exchange.wait(8)
    do("client:op1", "press", "1")
    exchange.wait(12)
    state = page.get("/phones/state").json
    assert state is not None
    assert [phone["with"] for phone in state["phones"]] == [["Odile"], ["Marie"]]
    do(CALLER, "hang_up")
    exchange.wait(30)


WRONG = {
    "not JSON": ({"data": "x"}, 415, "send JSON"),
    "no action": ({"json": {"phone": CALLER}}, 400, '"phone" and "action"'),
    "nobody's phone": ({"json": {"phone": "+1", "action": "call"}}, 404, "no phone +1"),
    "nothing a phone does": (
        {"json": {"phone": CALLER, "action": "fly"}},
        409,
        "a phone can't 'fly'; it can call",
    ),
    "nothing to answer": ({"json": {"phone": CALLER, "action": "answer"}}, 409, ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_phone_cannot_do_is_said(page: FlaskClient, name: str) -> None:
    asked, status, says = WRONG[name]

    answer = page.post("/phones/do", **asked)

    assert answer.status_code == status
    assert says in answer.json["error"]  # type: ignore[index]
