"""The simulated phones in browsers: who sees what, who hears what, and who may ask."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from ivr.simulator import Exchange
from ivr.simulator.people.browsers import GONE, MAX_LETTERS, Hands
from ivr.simulator.screens.phones_page import MAX_BODY, Phones
from ivr.twiml.verbs import Conference, Dial, Number
from tests.kit.twiml_app import CALLEE, CALLER, LINE, network

NAMES = {CALLER: "Marie", CALLEE: "Odile"}
CONNECTS = {"/voice": (Dial(nouns=(Number(CALLEE),)),)}


class Page:
    """One browser with the phones' page."""

    def __init__(self, phones: Phones, client: str = "") -> None:
        self.http, self.client, self.mark = Client(phones), client, ""

    def do(self, phone: str, action: str, value: str = "", **more: Any) -> Any:
        asked = {"phone": phone, "action": action, "value": value, "client": self.client}
        return self.http.post("/do", json=asked, **more)

    def look(self) -> dict[str, Any] | None:
        """What is new, ``None`` if nothing is."""
        asked = {"client": self.client, "after": self.mark}
        answer = self.http.get("/state", query_string=asked)
        if answer.status_code == 304:
            return None
        told: dict[str, Any] = answer.json or {}
        self.mark = told["mark"]
        return told

    def phone(self, number: str) -> dict[str, Any]:
        told = self.http.get("/state").json or {}
        return next(each for each in told["phones"] if each["number"] == number)

    def write(self, sender: str, receiver: str, letter: Any) -> Any:
        asked = {"client": self.client, "from": sender, "to": receiver, "letter": letter}
        return self.http.post("/signal", json=asked)


def phones(answers: Any = None) -> tuple[Phones, Exchange]:
    exchange, _, _ = network(CONNECTS if answers is None else answers)
    return Phones(exchange, NAMES, {LINE: "the line"}), exchange


def test_nothing_is_sent_twice() -> None:
    app, exchange = phones()
    page = Page(app)

    assert page.look() is not None
    assert page.look() is None
    page.do(CALLER, "call", LINE)
    exchange.wait(2)
    told = page.look()
    assert told is not None
    assert [each["ringing"] for each in told["phones"]] == [False, True]


def test_people_who_are_connected_talk_as_text() -> None:
    app, exchange = phones()
    page = Page(app)
    page.do(CALLER, "call", LINE)
    exchange.wait(2)
    page.do(CALLEE, "answer")

    page.do(CALLER, "say", "It has been down since noon.")

    assert page.phone(CALLEE)["heard"][-1] == {
        "text": "It has been down since noon.",
        "language": "",
        "kind": "person",
        "by": CALLER,
    }
    assert all(each["kind"] != "person" for each in page.phone(CALLER)["heard"])


def test_nobody_is_heard_on_hold() -> None:
    """https://www.twilio.com/docs/voice/api/conference-participant-resource: who is on hold neither
    hears nor is heard."""
    room = {"/voice": (Dial(nouns=(Conference("room"),)),)}
    exchange, _, caller = network(room)
    other = exchange.phone(CALLEE)
    page = Page(Phones(exchange, NAMES, {LINE: "the line"}))
    caller.call(LINE)
    other.call(LINE)
    page.do(CALLER, "say", "Hello?")
    assert [each["text"] for each in page.phone(CALLEE)["heard"]][-1:] == ["Hello?"]

    client = exchange.client
    held = client.conferences.list()[0]
    leg = next(each for each in held.participants.list() if each.call_sid == caller.leg.sid)  # type: ignore[union-attr]
    leg.update(hold=True)
    page.do(CALLER, "say", "Is anybody there?")

    assert "Is anybody there?" not in [each["text"] for each in page.phone(CALLEE)["heard"]]
    assert page.phone(CALLER)["with"] == []


def test_a_phone_can_be_told_what_it_does_when_rung() -> None:
    app, exchange = phones()
    page = Page(app)

    page.do(CALLEE, "will", "busy")
    page.do(CALLER, "call", LINE)
    exchange.wait(2)

    assert page.phone(CALLEE)["habit"] == "busy"
    assert not page.phone(CALLEE)["ringing"]


WRONG = {
    "not JSON": ({"data": "x"}, 403, "send JSON"),
    "a form": ({"data": {"phone": CALLER, "action": "call"}}, 403, "send JSON"),
    "another site": (
        {
            "json": {"phone": CALLER, "action": "call"},
            "headers": {"Origin": "https://evil.example"},
        },
        403,
        "requests from https://evil.example are refused",
    ),
    "too long": ({"json": {"phone": CALLER, "action": "x" * MAX_BODY}}, 400, "a JSON object"),
    "a list": ({"json": []}, 400, '"phone" and "action"'),
    "no action": ({"json": {"phone": CALLER}}, 400, '"phone" and "action"'),
    "nobody's phone": ({"json": {"phone": "+1", "action": "call"}}, 404, "no phone +1"),
    "nothing a phone does": (
        {"json": {"phone": CALLER, "action": "fly"}},
        409,
        "unknown action 'fly'; use one of: call",
    ),
    "no habit": (
        {"json": {"phone": CALLER, "action": "will", "value": "sing"}},
        409,
        "unknown habit 'sing'; use one of: answer",
    ),
    "nothing to answer": ({"json": {"phone": CALLER, "action": "answer"}}, 409, "isn't ringing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_phone_cannot_do_is_said(name: str) -> None:
    asked, status, says = WRONG[name]

    answer = Client(phones()[0]).post("/do", **asked)

    assert answer.status_code == status
    assert says in (answer.json or {})["error"]


def test_this_very_site_may_ask() -> None:
    page = Page(phones()[0])

    answer = page.do(CALLER, "call", LINE, headers={"Origin": "http://localhost"})

    assert answer.status_code == 200


def test_letters_go_from_one_hand_to_another() -> None:
    app, _ = phones()
    here, there = Page(app, "here"), Page(app, "there")
    here.do(CALLER, "take")
    there.do(CALLEE, "take")
    there.look()

    assert here.write(CALLER, CALLEE, {"candidate": 1}).status_code == 200

    assert (there.look() or {})["letters"] == [
        {"from": CALLER, "to": CALLEE, "letter": {"candidate": 1}}
    ]
    assert there.look() is None  # fetched once


def test_nobody_writes_in_anothers_name_nor_to_nobody() -> None:
    app, _ = phones()
    here, there = Page(app, "here"), Page(app, "there")
    here.do(CALLER, "take")

    nobody = here.write(CALLER, CALLEE, {})
    false = there.write(CALLER, CALLEE, {})

    assert (nobody.status_code, false.status_code) == (409, 409)
    assert "no other browser holds" in nobody.json["error"]
    assert "this browser doesn't hold" in false.json["error"]
    assert here.http.post("/signal", json={"client": "here"}).status_code == 400


def test_a_phone_is_in_one_hand_and_a_browser_that_is_gone_lets_go() -> None:
    now = [0.0]
    hands = Hands(lambda: now[0])
    hands.take(CALLER, "here")
    hands.take(CALLER, "there")
    hands.put_down(CALLER, "here")  # it isn't in that hand any more
    assert hands.of(CALLER) == "there"

    now[0] = GONE
    hands.seen("here")
    assert hands.of(CALLER) == "there"
    now[0] = 2 * GONE
    hands.seen("here")
    assert hands.of(CALLER) == ""


def test_letters_that_nobody_fetches_are_not_kept_for_ever() -> None:
    hands = Hands()
    hands.take(CALLER, "here")
    hands.take(CALLEE, "there")

    sent = [hands.send("here", CALLER, CALLEE, each) for each in range(MAX_LETTERS + 1)]

    assert sent == [""] * MAX_LETTERS + [
        f"the browser that holds {CALLEE} doesn't fetch its letters"
    ]
    assert len(hands.letters("there")) == MAX_LETTERS
