"""A newcomer makes a whole call alone on the page of `make run`; two browsers hear each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit import processes
from tests.kit.chromium import PATIENCE
from tests.kit.desk import CALLER, PEOPLE

pytestmark = pytest.mark.browser

NAMES = {
    CALLER: "Marie, a customer",
    PEOPLE["OP1"]: "Odile Petit, operator",
    PEOPLE["MGR1"]: "Paul Morel, manager",
    PEOPLE["MGR2"]: "Greta Vogel, manager",
}
QUIET = 0.01  # of 1; a fake microphone beeps far above


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[str]:
    """`ivr run` in a folder of its own; the address of its pages."""
    with processes.laptop(tmp_path) as url:
        yield url


def handset(page: Any, number: str) -> Any:
    return page.get_by_role("region", name=NAMES[number])


def press(page: Any, number: str, keys: str) -> None:
    """Press keys, or a button with a name."""
    names = [keys] if keys.isalpha() or " " in keys else list(keys)
    for name in names:
        handset(page, number).get_by_role("button", name=name, exact=True).click()


def test_each_page_offers_a_number_that_speaks_its_language(
    laptop: str, visit: Callable[..., Any]
) -> None:
    from playwright.sync_api import expect

    page = visit(f"{laptop}/phones?lang=en")
    expect(handset(page, CALLER).get_by_label("Number for")).to_have_value("+33800000002")
    press(page, CALLER, "Call")
    expect(handset(page, CALLER).get_by_text("Welcome to technical support.")).to_be_visible()

    page.goto(f"{laptop}/phones?lang=fr")
    expect(page.get_by_label("Numéro que Odile")).to_have_value("+33800000001")


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_a_newcomer_is_caller_operator_and_two_managers_on_one_page(
    laptop: str, visit: Callable[..., Any], width: int, height: int
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = visit(laptop, width, height)  # the front page leads here
    operator, busy, free = PEOPLE["OP1"], PEOPLE["MGR1"], PEOPLE["MGR2"]
    diagram = page.get_by_role("group", name="Where the call is")
    lit = diagram.locator("[aria-current=step]")
    expect(page.get_by_text("No calls right now.")).to_be_visible()
    handset(page, busy).get_by_label("When called").select_option("busy")

    press(page, CALLER, "Call")
    expect(handset(page, CALLER).get_by_text("listening for keys")).to_be_visible()
    expect(lit).to_have_text("language")
    press(page, CALLER, "0")
    expect(lit).to_have_text("operator hold")
    press(page, operator, "Answer")
    expect(handset(page, operator).get_by_text("Tapez 1 pour accepter")).to_be_visible()
    press(page, operator, "1")
    expect(handset(page, CALLER).get_by_text("Talking with Odile Petit")).to_be_visible()
    expect(page.get_by_text("Odile Petit: talking")).to_be_visible()
    expect(lit).to_have_text("talk")

    # They talk as text.
    handset(page, CALLER).get_by_label("Say something").fill("It has been down since noon.")
    handset(page, CALLER).get_by_role("button", name="Say", exact=True).click()
    expect(handset(page, operator).get_by_text("It has been down since noon.")).to_be_visible()

    # The operator keys the number; the right manager is busy, the next one takes it.
    press(page, operator, "*")
    expect(handset(page, operator).get_by_text("L'appel est en attente.")).to_be_visible()
    press(page, operator, "1")
    expect(handset(page, operator).get_by_text("Composez le numéro de requête")).to_be_visible()
    press(page, operator, "17349013#")
    expect(handset(page, operator).get_by_text("Requête un sept trois quatre")).to_be_visible()
    press(page, operator, "2")
    expect(handset(page, operator).get_by_text("étoile, puis 3")).to_be_visible()
    press(page, operator, "*")
    expect(handset(page, operator).get_by_text("listening for keys")).to_be_visible()
    press(page, operator, "3")
    press(page, free, "Answer")
    expect(handset(page, free).get_by_text("Zum Annehmen drücken Sie 1")).to_be_visible()
    press(page, free, "1")
    expect(handset(page, CALLER).get_by_text("Greta Vogel")).to_be_visible()
    press(page, operator, "Hang up")
    expect(handset(page, CALLER).get_by_text("Talking with Greta Vogel")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    press(page, CALLER, "Hang up")
    expect(page.get_by_text("No calls right now.")).to_be_visible()
    expect(lit).to_have_count(0)


def test_the_phones_speak_the_readers_language(laptop: str, visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = visit(f"{laptop}/phones", locale="fr-FR")
    odile = page.get_by_role("region", name="Odile Petit, opérateur")
    expect(odile.get_by_role("button", name="Appeler")).to_be_visible()
    expect(page.get_by_role("button", name="À voix haute : non")).to_be_visible()


def test_an_operator_has_her_own_phone_on_the_console(
    laptop: str, visit: Callable[..., Any]
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    caller = visit(f"{laptop}/phones")
    console = visit(f"{laptop}/sign-in?next=/console")
    console.get_by_role("button", name="Odile Petit").click()
    press(caller, CALLER, "Call")
    expect(handset(caller, CALLER).get_by_text("listening for keys")).to_be_visible()
    press(caller, CALLER, "0")
    console.get_by_role("button", name="Accept").click()
    handset(console, PEOPLE["OP1"]).get_by_role("button", name="Answer").click()
    expect(console.get_by_role("heading", name="Talking")).to_be_visible()
    expect(console.get_by_role("region", name=NAMES[PEOPLE["MGR1"]])).to_have_count(0)


def test_two_who_talk_hear_each_others_microphones(laptop: str, visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    operator = PEOPLE["OP1"]
    here, there = visit(f"{laptop}/phones"), visit(f"{laptop}/phones")
    press(here, CALLER, "Use my microphone")
    press(there, operator, "Use my microphone")
    expect(handset(here, operator).get_by_text("another browser's microphone")).to_be_visible()
    meters = [
        handset(here, CALLER).get_by_role("meter", name=f"Sound from {NAMES[operator]}"),
        handset(there, operator).get_by_role("meter", name=f"Sound from {NAMES[CALLER]}"),
    ]

    def silence() -> None:
        for meter in meters:
            expect(meter).to_have_count(0)

    press(here, CALLER, "Call")
    expect(handset(here, CALLER).get_by_text("listening for keys")).to_be_visible()
    press(here, CALLER, "0")
    press(there, operator, "Answer")
    expect(handset(there, operator).get_by_text("Tapez 1 pour accepter")).to_be_visible()
    silence()  # rung, and asked: not connected yet
    press(there, operator, "1")
    for meter in meters:
        expect(meter).to_be_visible()
        assert loudest(meter) > QUIET

    press(there, operator, "*")  # on hold nobody hears anybody
    silence()
    press(there, operator, "*")
    for meter in meters:
        expect(meter).to_be_visible()
        assert loudest(meter) > QUIET
    press(here, CALLER, "Hang up")
    silence()


def loudest(meter: Any) -> float:
    """The loudest until it is loud: a fake microphone beeps once a second."""
    return float(
        meter.evaluate(
            """async (meter) => {
              let most = 0;
              for (let i = 0; i < 600 && most < 0.05; i += 1) {
                most = Math.max(most, meter.value);
                await new Promise((go) => setTimeout(go, 100));
              }
              return most;
            }"""
        )
    )
