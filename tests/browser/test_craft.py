"""What holds for every page: everybody can use it, light or dark, wide or narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.axe import complaints
from tests.kit.chromium import PATIENCE
from tests.kit.desk import CALLER, ENTRY, PEOPLE
from tests.kit.pages import LOOKS, PAGES, enter, tab_to
from tests.kit.processes import comes_true

pytestmark = [pytest.mark.browser, pytest.mark.node]

LARGEST = 100_000  # bytes of a first visit, all in all
MOST_FILES = 15  # that are asked for before it can be used


FURTHEST = ("wide", "french")  # from each other, for what takes long


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_use_it(visit: Callable[..., Any], laptop: str, path: str, look: str) -> None:
    page = enter(visit, laptop, path, **LOOKS[look])
    for folded in page.locator("details").all():
        folded.evaluate("each => { each.open = true }")

    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["width"]
    assert page.evaluate("document.documentElement.lang") == ("fr" if look == "french" else "en")


def test_the_watchman_is_awake(visit: Callable[..., Any], laptop: str) -> None:
    page = enter(visit, laptop, "/sign-in")
    page.evaluate("document.querySelector('label').remove()")

    assert [each.partition(":")[0] for each in complaints(page)] == ["label"]


def do(page: Any, laptop: str, phone: str, action: str, value: str = "") -> None:
    asked = {"phone": phone, "action": action, "value": value}
    answer = page.request.post(f"{laptop}/handsets/do", data=asked)
    assert answer.ok, answer.text()


def listens(page: Any, laptop: str, number: str) -> bool:
    phones = page.request.get(f"{laptop}/handsets/state").json()["phones"]
    return any(each["listening"] for each in phones if each["number"] == number)


def ask_for_an_operator(page: Any, laptop: str) -> None:
    do(page, laptop, CALLER, "call", ENTRY)
    assert comes_true(lambda: listens(page, laptop, CALLER))
    do(page, laptop, CALLER, "press", "0")


@pytest.mark.parametrize("look", FURTHEST)
def test_everybody_can_use_the_card_while_it_rings_and_in_the_talk(
    visit: Callable[..., Any], laptop: str, look: str
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = enter(visit, laptop, "/console", **LOOKS[look])
    ask_for_an_operator(page, laptop)
    expect(page.locator("[data-ringing]")).to_be_visible()
    assert complaints(page) == []
    page.locator("[data-ringing] button.go").click()
    do(page, laptop, PEOPLE["OP1"], "answer")
    expect(page.locator("#talk-title")).to_be_visible()
    page.locator("#number").fill("C17349013")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Assemblies open slowly")).to_be_visible()
    for folded in page.locator("details").all():
        folded.evaluate("each => { each.open = true }")
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["width"]
    do(page, laptop, CALLER, "hang_up")
    expect(page.locator("#talk-title")).to_have_count(0)


@pytest.mark.parametrize("path", PAGES)
def test_a_first_visit_is_small(visit: Callable[..., Any], laptop: str, path: str) -> None:
    """How soon it can be used is a matter of the line and of the machine; this is ours."""
    page = enter(visit, laptop, path)
    page.goto(laptop + path)
    sizes = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .concat(performance.getEntriesByType("navigation"))
            .map((each) => each.decodedBodySize)"""
    )

    assert 0 < sum(sizes) < LARGEST
    assert len(sizes) <= MOST_FILES


def test_a_call_is_taken_and_put_through_by_keyboard_alone(
    visit: Callable[..., Any], laptop: str
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = enter(visit, laptop, "/console")
    ask_for_an_operator(page, laptop)
    expect(page.locator("[data-ringing]")).to_be_visible()
    tab_to(page, "Accept")
    page.keyboard.press("Enter")
    do(page, laptop, PEOPLE["OP1"], "answer")
    expect(page.locator("#talk-title")).to_be_visible()
    tab_to(page, "Case number")
    page.keyboard.type("C17349013")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Assemblies open slowly")).to_be_visible()
    tab_to(page, "Ring Paul Morel")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paul Morel: ringing", exact=True)).to_be_visible()
    tab_to(page, "Hang up")
    page.keyboard.press("Space")
    expect(page.get_by_text("No call for you right now")).to_be_visible()
    do(page, laptop, CALLER, "hang_up")


def test_what_is_being_typed_stays_while_the_page_is_brought_up_to_date(
    visit: Callable[..., Any], laptop: str
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = enter(visit, laptop, "/me")
    page.locator("summary").first.click()
    page.get_by_label("For how many hours").fill("7")
    do(page, laptop, CALLER, "call", ENTRY)
    desk = enter(visit, laptop, "/now")
    calls = desk.get_by_role("region", name="Calls", exact=True)
    expect(calls.get_by_text(CALLER)).to_be_visible()
    do(page, laptop, CALLER, "hang_up")
    expect(desk.get_by_text("No calls right now.")).to_be_visible()

    expect(page.get_by_label("For how many hours")).to_have_value("7")


def test_a_line_that_is_lost_is_said_and_found_again(
    visit: Callable[..., Any], laptop: str
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = enter(visit, laptop, "/console")
    lost = page.get_by_role("alert").filter(has_text="The line can't be reached.")
    page.context.set_offline(True)
    expect(lost).to_be_visible()
    page.context.set_offline(False)
    expect(lost).to_be_hidden()


@pytest.mark.parametrize("look", FURTHEST)
def test_everybody_can_use_the_phones_while_one_rings_and_two_talk(
    visit: Callable[..., Any], laptop: str, look: str
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = enter(visit, laptop, "/phones", **LOOKS[look])
    odile, marie = (
        page.locator(".phone", has_text=number).first for number in (PEOPLE["OP1"], CALLER)
    )
    ask_for_an_operator(page, laptop)
    expect(odile).to_have_attribute("data-rings", "true")
    assert complaints(page) == []
    do(page, laptop, PEOPLE["OP1"], "answer")
    assert comes_true(lambda: listens(page, laptop, PEOPLE["OP1"]))
    do(page, laptop, PEOPLE["OP1"], "press", "1")
    expect(marie.locator(".state")).to_contain_text("Odile Petit")
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["width"]
    do(page, laptop, CALLER, "hang_up")
    expect(page.locator("#live .empty")).to_be_visible()
