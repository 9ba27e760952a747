"""The whole story through four browsers: a caller, an operator, a manager who is on the telephone,
and one who is free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from ivr.line.records import Login
from ivr.line.web.pages.sign_in import hashed
from ivr.simulator.screens.phones_page import Phones
from tests.kit import processes
from tests.kit.chromium import PATIENCE
from tests.kit.databases import postgres
from tests.kit.desk import CALLER, ENTRY, PEOPLE
from tests.kit.processes import IVR, Served, comes_true, free_port, running, said, serving

pytestmark = pytest.mark.browser

PASSWORD = "a long enough word"
CASE = "C17349013"
NAMES = {
    CALLER: "Marie, a customer",
    PEOPLE["OP1"]: "Odile Petit, operator",
    PEOPLE["MGR1"]: "Paul Morel, manager",
    PEOPLE["MGR2"]: "Greta Vogel, manager",
}


@dataclass
class Place:
    """Where the pages and the phones are, and how somebody comes in."""

    pages: str
    phones: str
    sign_in: Callable[[Any, str], None]


@contextmanager
def laptop(folder: Path) -> Iterator[Place]:
    """`ivr run`: everything in one process; a click is enough to come in."""
    with processes.laptop(folder) as pages:
        yield Place(pages, f"{pages}/phones", _by_click)


def _by_click(page: Any, person: str) -> None:
    name = NAMES[PEOPLE[person]].partition(",")[0]
    page.get_by_role("button", name=name).click()


@contextmanager
def desk_of_many(folder: Path) -> Iterator[Place]:
    """PostgreSQL, two workers for the webhooks and two for the pages; the network is here."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres())
        served = stack.enter_context(serving(database, folder / "serve.log"))
        for person in ("OP1", "MGR1", "MGR2"):
            served.store.logins.save(_login(served, person))
        port = free_port()
        command: list[str | Path] = [IVR, "pages", "--port", str(port), "--workers", "2"]
        settings = {"IVR_DATABASE": database, "IVR_SECRET_KEY": "tests-sign-with-this-0f7a93c1d2e4"}
        stack.enter_context(running(command, folder / "pages.log", **settings))
        pages = f"http://127.0.0.1:{port}"
        assert comes_true(lambda: said(f"{pages}/sign-in")), (folder / "pages.log").read_text()
        phones = Phones(served.network, NAMES, {ENTRY: "EMEA"})
        server = make_server("127.0.0.1", free_port(), phones, threaded=True)  # type: ignore[arg-type]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        yield Place(pages, f"http://127.0.0.1:{server.port}/", _by_password)


def _login(served: Served, id: str) -> Login:
    person = served.store.people.get(id)
    assert person is not None
    roles = tuple(sorted(person.roles))
    return Login(id, f"{id}@acme.example", person.name, roles, person=id, hash=hashed(PASSWORD))


def _by_password(page: Any, person: str) -> None:
    page.get_by_label("Email").fill(f"{person}@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


PLACES = {
    "laptop": laptop,
    "postgres": desk_of_many,
}


@pytest.fixture(params=["laptop", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with PLACES[request.param](tmp_path) as made:
        yield made


def test_a_caller_an_operator_a_busy_manager_and_a_free_one(
    place: Place, visit: Callable[..., Any]
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    caller = visit(place.phones)
    desks = {}
    for person, path in (("OP1", "/console"), ("MGR1", "/me"), ("MGR2", "/me")):
        desks[person] = visit(f"{place.pages}/sign-in?next={path}")
        place.sign_in(desks[person], person)
        desks[person].wait_for_url(f"**{path}")
    phones = {person: visit(place.phones) for person in ("OP1", "MGR1", "MGR2")}

    def handset(person: str) -> Any:
        page = phones.get(person, caller)
        return page.get_by_role("region", name=NAMES[PEOPLE.get(person, CALLER)])

    def press(person: str, button: str) -> None:
        handset(person).get_by_role("button", name=button, exact=True).click()

    console, busy, free = desks["OP1"], desks["MGR1"], desks["MGR2"]
    expect(console.get_by_text("No one is waiting.")).to_be_visible()

    # The right manager is in another call.
    press("MGR1", "Call")
    expect(handset("MGR1").get_by_text("In a call")).to_be_visible()

    # The caller presses 0; the operator's screen lights up, and they accept there.
    press("CALLER", "Call")
    expect(handset("CALLER").get_by_text("listening for keys")).to_be_visible()
    press("CALLER", "0")
    expect(console.get_by_role("heading", name="A caller asks for an operator")).to_be_visible()
    expect(console.get_by_role("status").filter(has_text="Your phone is ringing")).to_be_attached()
    console.get_by_role("button", name="Accept").click()
    press("OP1", "Answer")
    expect(console.get_by_role("heading", name="Talking")).to_be_visible()

    # The operator types the case number and rings the right manager, who is busy.
    console.get_by_label("Case number").fill("C-1734 9013")
    console.get_by_role("button", name="Look up").click()
    expect(console.get_by_text("Assemblies open slowly")).to_be_visible()
    console.get_by_role("button", name="Ring Paul Morel").click()
    expect(console.get_by_text("Paul Morel, busy")).to_be_visible()

    # Another manager can answer the request.
    console.get_by_role("button", name="Ring Greta Vogel").click()
    expect(free.get_by_role("heading", name="An escalation")).to_be_visible()
    free.get_by_role("button", name="Accept").click()
    press("MGR2", "Answer")
    expect(free.get_by_role("heading", name="Talking")).to_be_visible()
    expect(free.get_by_text("Assemblies open slowly")).to_be_visible()
    expect(console.get_by_text("Greta Vogel: talking", exact=True)).to_be_visible()

    # The operator introduces and leaves; manager and caller go on.
    console.locator("#card").get_by_role("button", name="Hang up").click()
    expect(console.get_by_text("No call for you right now")).to_be_visible()
    expect(handset("CALLER").get_by_text("Talking with Greta Vogel")).to_be_visible()
    free.locator("summary", has_text="Action plan").click()
    free.get_by_label("Action plan").fill("A call each morning.")
    free.get_by_role("button", name="Save the plan").click()
    # Not "Saved.", which goes away by itself, perhaps before a slow machine looks.
    expect(free.get_by_text("Action plan: A call each morning.")).to_be_visible()
    press("CALLER", "Hang up")
    expect(free.get_by_text("No call for you right now")).to_be_visible()
    expect(free.get_by_role("link", name=CASE)).to_be_visible()
    press("MGR1", "Hang up")
    expect(busy.get_by_text("You have no callbacks to make.")).to_be_visible()
