"""A call afterwards, in a browser: everybody can use it, by keyboard too, and it can be played."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.browser.axe import complaints
from tests.kit.chromium import PATIENCE
from tests.kit.desk import CALLER, ENTRY, PEOPLE
from tests.kit.pages import LOOKS, enter, tab_to
from tests.kit.processes import comes_true

pytestmark = [pytest.mark.browser, pytest.mark.node]

LONGEST = 600  # milliseconds between two lines at the highest speed


@pytest.fixture(scope="module")
def called(laptop: str) -> str:
    """A line that an operator took one call of; the address of its pages."""

    def do(phone: str, action: str, value: str = "") -> None:
        asked = json.dumps({"phone": phone, "action": action, "value": value}).encode()
        headers = {"Content-Type": "application/json"}
        urlopen(Request(f"{laptop}/handsets/do", asked, headers), timeout=60).close()

    def stands(phone: str, how: str) -> bool:
        with urlopen(f"{laptop}/handsets/state", timeout=60) as answer:
            phones = json.load(answer)["phones"]
        return any(each[how] for each in phones if each["number"] == phone)

    operator = PEOPLE["OP1"]
    do(CALLER, "call", ENTRY)
    assert comes_true(lambda: stands(CALLER, "listening"))
    do(CALLER, "press", "0")
    assert comes_true(lambda: stands(operator, "ringing"))
    do(operator, "answer")
    assert comes_true(lambda: stands(operator, "listening"))
    do(operator, "press", "1")
    assert comes_true(lambda: stands(operator, "with"))
    do(CALLER, "hang_up")
    assert comes_true(lambda: not stands(operator, "with"))
    return laptop


def open_call(visit: Callable[..., Any], called: str, **look: Any) -> Any:
    """That call, from the list."""
    page = enter(visit, called, "/calls", **look)
    page.locator(".calls a").first.click()
    page.wait_for_url("**/calls/CA*")
    return page


def look_at(page: Any, view: int) -> None:
    """One of the two views, once it is there."""
    with page.expect_navigation():
        page.locator(".views a").nth(view).click()


@pytest.mark.parametrize("look", LOOKS)
def test_everybody_can_use_both_views(visit: Callable[..., Any], called: str, look: str) -> None:
    page = open_call(visit, called, **LOOKS[look])
    for number in (0, 1):
        look_at(page, number)
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["width"]


def test_one_steps_through_by_keyboard_and_the_lit_step_moves(
    visit: Callable[..., Any], called: str
) -> None:
    page = open_call(visit, called)
    last = page.locator(".flow .here").get_attribute("id")
    for _ in range(4):
        tab_to(page, "← Back")
        with page.expect_navigation():
            page.keyboard.press("Enter")

    assert page.locator(".moments [aria-current=step]").count() == 1
    page.goto(f"{page.url.partition('?')[0]}?at=0")
    assert page.locator(".flow .here").get_attribute("id") != last
    assert page.locator(".moments .here").inner_text().endswith("Takes the call")


def test_a_dialogue_is_played_line_by_line_and_all_of_it_stands_there_at_the_end(
    visit: Callable[..., Any], called: str
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = open_call(visit, called)
    look_at(page, 1)
    lines = page.locator("#dialogue > li")
    count = lines.count()
    assert count > 3
    assert not page.get_by_label("Read aloud").is_checked()
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # from here on, time passes when the test says so
    page.get_by_label("Speed").select_option("20")
    page.get_by_role("button", name="Play").click()
    expect(lines.last).to_be_hidden()
    page.clock.run_for(LONGEST)
    expect(lines.first).to_be_visible()
    expect(lines.last).to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    shown = page.locator("#dialogue > li:visible").count()
    page.clock.run_for(count * LONGEST)
    assert page.locator("#dialogue > li:visible").count() == shown
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(count * LONGEST)

    expect(lines.last).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert page.locator("#dialogue > li:visible").count() == count
