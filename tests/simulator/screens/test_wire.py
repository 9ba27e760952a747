"""What goes over the wire, for a page and for a log; calls made by hand, kept as dialogues."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from ivr.simulator import Exchange
from ivr.simulator.dialogues import exchange_for, parse, play
from ivr.simulator.screens.phones_page import Phones
from ivr.simulator.screens.saved_calls import Keeper
from ivr.simulator.screens.wire_view import Wire
from ivr.twiml.verbs import Dial, Gather, Number, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

NAMES = {CALLER: "Alice", CALLEE: "Bob", "+33155500012": "Bob too"}
ASKS = {
    "/voice": (Gather(action="/key", num_digits=1, verbs=(Say("Press 1 for Bob."),)),),
    "/key": (Dial(action="/after", nouns=(Number(CALLEE),)),),
    "/after": (Say("Goodbye."),),
}


class Page:
    """The page of a network, with one who keeps calls."""

    def __init__(self, folder: Path, pages: dict[str, Any] | None = None, **more: Any) -> None:
        self.exchange, self.app, _ = network(pages or ASKS, **more)
        self.said: list[str] = []
        self.log = io.StringIO()
        self.wire = Wire(self.exchange, self.log)
        keeper = Keeper(self.exchange, NAMES, folder, self.said.append)
        dial = {LINE: "the line"}
        self.http = Client(Phones(self.exchange, NAMES, dial, wire=self.wire, keeper=keeper))

    def do(self, phone: str, action: str, value: str = "") -> int:
        asked = {"phone": phone, "action": action, "value": value}
        status = self.http.post("/do", json=asked).status_code
        self.exchange.wait(2)
        return status

    def lines(self, after: int = 0) -> list[dict[str, Any]]:
        return (self.http.get(f"/wire?after={after}").json or {})["lines"]

    def call(self) -> None:
        """Alice calls, is put through to Bob, and they talk."""
        self.do(CALLER, "call", LINE)
        self.do(CALLER, "press", "1")
        self.do(CALLEE, "answer")
        self.do(CALLER, "say", 'It is "down".')
        self.do(CALLEE, "hang_up")
        self.exchange.wait(20)


def test_everything_is_a_line_in_the_order_in_which_it_happened(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.call()
    page.exchange.client.calls.list()

    lines = page.lines()

    assert [(each["kind"], each["what"], each["status"]) for each in lines] == [
        ("person", f"{CALLER} call {LINE}", 0),
        ("webhook", "POST https://line.test/voice", 200),
        ("person", f"{CALLER} press 1", 0),
        ("webhook", "POST https://line.test/key", 200),
        ("person", f"{CALLEE} answer", 0),
        ("person", f'{CALLER} say It is "down".', 0),
        ("person", f"{CALLEE} hang up", 0),
        ("webhook", "POST https://line.test/after", 200),
        ("rest", "GET /Calls", 200),
    ]
    assert [each["number"] for each in lines] == list(range(1, 10))
    assert lines[3]["params"]["Digits"] == "1"
    assert "<Dial" in lines[3]["body"]
    assert lines[3]["call"] == lines[1]["call"] != ""


def test_the_page_asks_only_for_what_is_new(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.do(CALLER, "call", LINE)

    assert [each["number"] for each in page.lines(after=1)] == [2]
    assert page.http.get("/wire?after=2").status_code == 304
    assert page.http.get("/wire?after=nonsense").status_code == 200
    assert "On the wire" in page.http.get("/").text
    page.do(CALLER, "hang_up")


def test_what_went_wrong_is_a_line_too(tmp_path: Path) -> None:
    broken = {"/key": ("500 Oh", [], b"boom")}
    page = Page(tmp_path, {"/voice": ASKS["/voice"]}, answers=broken)
    page.do(CALLER, "call", LINE)
    page.do(CALLER, "press", "1")

    webhook, noted = page.lines()[-2:]

    assert (webhook["status"], webhook["body"]) == (500, "boom")
    assert noted["kind"] == "debugger"
    assert noted["what"] == "error 11200 HTTP 500 (“boom”)"
    assert page.do(CALLER, "answer") == 409
    assert page.lines()[-1]["what"].startswith("failed: ")


def test_the_log_has_the_same_lines(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.call()

    assert [json.loads(line) for line in page.log.getvalue().splitlines()] == page.lines()


def test_a_call_made_by_hand_comes_true_again(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.call()

    [file] = tmp_path.glob("*.call")
    assert page.said == [f"saved {file}"]
    dialogue = parse(file.read_text())
    assert [phone.name for phone in dialogue.phones] == ["bob"]  # the other Bob wasn't in it
    again = exchange_for(dialogue)
    again.number(LINE, App(ASKS), "/voice")
    play(dialogue, again)
    again.strict()


def test_two_calls_one_after_the_other_are_two_dialogues(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.call()
    page.do(CALLEE, "call", LINE)
    page.do(CALLEE, "hang_up")

    first, second = sorted(tmp_path.glob("*.call"))
    assert "bob > answer" in first.read_text()
    assert second.read_text().splitlines()[1:] == [
        f"from {CALLEE} to {LINE}",
        "start 2026-11-24T09:00:30+00:00",
        "> call",
        "< Press 1 for Bob.",
        "> hang up",
    ]


SPOILS = {
    "another call began during the call": ("+33155500012", "call", LINE),
    "a phone's habit was changed during the call": (CALLEE, "will", "busy"),
}


@pytest.mark.parametrize("why", SPOILS)
def test_what_cannot_be_told_apart_is_not_kept_and_said(tmp_path: Path, why: str) -> None:
    page = Page(tmp_path)
    page.do(CALLER, "call", LINE)
    page.do(*SPOILS[why])
    page.do(CALLER, "hang_up")
    if "call" in SPOILS[why]:
        page.do("+33155500012", "hang_up")

    assert list(tmp_path.glob("*.call")) == []
    assert page.said == [f"the call from {CALLER} at 09:00:00 isn't saved: {why}"]


def test_what_could_not_be_done_is_not_kept(tmp_path: Path) -> None:
    page = Page(tmp_path)
    assert page.do(CALLER, "call", "+999") == 409
    assert page.do(CALLER, "hang_up") == 409
    page.do(CALLER, "call", LINE)
    assert page.do(CALLEE, "answer") == 409
    page.do(CALLER, "hang_up")

    [file] = tmp_path.glob("*.call")
    assert "answer" not in file.read_text()
    assert "999" not in file.read_text()


def test_a_folder_that_cannot_be_written_loses_no_call(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    page = Page(tmp_path / "taken")
    page.do(CALLER, "call", LINE)
    page.do(CALLER, "hang_up")

    [said] = page.said
    assert "can't be saved" in said
    assert not Exchange().taps
