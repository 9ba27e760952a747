"""Pictures of every page at two widths, to be looked at, into a folder that is named.

Those that the documents show are in ``docs/pictures``; ``--docs`` takes them again.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.escalation import SAMPLE, line
from ivr.line.store.store import Store
from ivr.simulator import Exchange
from tests.kit import processes
from tests.kit.chromium import ARGUMENTS
from tests.kit.desk import CALLER, ENTRY, PEOPLE, mount
from tests.kit.processes import comes_true

ENGLISH = "+33800000002"  # the pages are in English, so callers hear English
SHOWN = Path(__file__).parents[2] / "docs/pictures"
WIDTHS = {"wide": (1280, 860), "narrow": (390, 844)}
DOCUMENTS = ("phones", "console", "wall")
KINDS = ["operator", "operator", "manager", "manager", "manager", "unknown", "gives_up", "gives_up"]


def yesterday(database: str, calls: int = 60) -> None:
    """A day of calls of all kinds, made in no time, for the wall to count."""
    rng, began = random.Random(1), datetime.now(UTC) - timedelta(days=1)
    store = Store(database)
    store.migrate()
    store.import_csv(SAMPLE)
    exchange = Exchange(seed=1, start=began.replace(hour=7, minute=0, second=0, microsecond=0))
    mount(exchange, store, line())
    for number in range(calls):
        for person in ("OP1", "MGR1", "MGR2", "MGR4"):
            habit = rng.choice(["answer", "answer", "answer", "answer", "ring", "busy"])
            exchange.phone(PEOPLE[person]).will(habit, after=rng.randint(2, 12), press="1")
        _call(exchange, f"+3315550{2000 + number}", rng.choice(KINDS), rng)
        exchange.wait(rng.choice([60, 300, 600, 900]))
        for person in PEOPLE.values():
            exchange.phone(person).will("answer", after=3, press="1")
        exchange.wait(600)  # promises are kept, most of them
    for duty in store.duties.all(
        owed=True
    ):  # nobody is rung for yesterday while pictures are taken
        store.duties.drop(duty, "the day is over")
    store.close()


def _call(exchange: Exchange, number: str, kind: str, rng: random.Random) -> None:
    caller = exchange.phone(number)
    caller.will("answer", after=4, press="1")
    caller.call(ENTRY)
    exchange.wait(rng.randint(1, 9))
    if kind == "operator":
        caller.press("0")
    elif kind in ("manager", "unknown"):
        case = rng.choice(["17349013", "17349037"]) if kind == "manager" else "99999999"
        for keys in ("2", "1", f"{case}#", "1", "2"):
            if caller.in_call:
                caller.press(keys)
                exchange.wait(2)
    exchange.wait(rng.choice([5, 40, 120, 240]))
    if caller.in_call and caller.listening and rng.random() < 0.5:
        caller.press("2")
        exchange.wait(2)
    if caller.in_call and caller.listening and rng.random() < 0.7:
        caller.press("1")
        exchange.wait(20)
    if caller.in_call:
        caller.hang_up()


@contextmanager
def laptop(folder: Path) -> Iterator[str]:
    """`ivr run` on yesterday's calls; the address of its pages."""
    database = f"sqlite:///{folder / 'ivr.db'}"
    yesterday(database)
    with processes.laptop(folder, database) as url:
        yield url


class Desk:
    """People at browsers of one width, and the phones."""

    def __init__(self, browser: Any, url: str, size: tuple[int, int], keep: Callable[..., None]):
        self.browser, self.url, self.size, self.keep = browser, url, size, keep

    def open(self, path: str, who: str = "") -> Any:
        page = self.browser.new_context(
            viewport={"width": self.size[0], "height": self.size[1]}
        ).new_page()
        page.goto(f"{self.url}/sign-in?next={path}" if who else self.url + path)
        if who:
            page.get_by_role("button", name=who).click()
            page.wait_for_url(f"**{path}")
        return page

    def do(self, page: Any, phone: str, action: str, value: str = "") -> None:
        asked = {"phone": phone, "action": action, "value": value}
        answer = page.request.post(f"{self.url}/handsets/do", data=asked)
        assert answer.ok, answer.text()

    def listens(self, page: Any, number: str) -> bool:
        phones = page.request.get(f"{self.url}/handsets/state").json()["phones"]
        return any(each["listening"] for each in phones if each["number"] == number)

    def take(self) -> None:
        """One call, with a picture of every page on the way."""
        phones = self.open("/phones")
        self.keep(phones, "sign-in", self.open("/sign-in"))
        console = self.open("/console", "Odile Petit")
        self.keep(phones, "console-empty", console)
        self.do(phones, CALLER, "call", ENGLISH)
        assert comes_true(lambda: self.listens(phones, CALLER))
        self.do(phones, CALLER, "press", "0")
        console.get_by_role("button", name="Accept").wait_for()
        self.keep(phones, "phones", phones)
        self.keep(phones, "console-ringing", console)
        console.get_by_role("button", name="Accept").click()
        self.do(phones, PEOPLE["OP1"], "answer")
        console.locator("#number").fill("C17349013")
        console.keyboard.press("Enter")
        console.get_by_text("Assemblies open slowly").first.wait_for()
        self.keep(phones, "console", console)
        console.get_by_role("button", name="Ring Paul Morel").click()
        me = self.open("/me", "Paul Morel")
        me.get_by_role("button", name="Accept").wait_for()
        self.keep(phones, "me", me)
        self.do(phones, CALLER, "hang_up")
        self.others(phones)

    def others(self, phones: Any) -> None:
        ines = self.open("/wall", "Ines Duarte")
        ines.goto(f"{self.url}/wall?period=yesterday")
        self.keep(phones, "wall", ines)
        ines.goto(f"{self.url}/calls")
        self.keep(phones, "calls", ines)
        ines.locator(".calls li", has_text="Spoke with").first.locator("a").first.click()
        self.keep(phones, "call", ines)
        for path in ("/now", "/cases", "/cases/C17349013", "/nothing"):
            ines.goto(self.url + path)
            self.keep(phones, path.strip("/").replace("/", "-"), ines)
        self.keep(phones, "cases-new", self.open("/cases/new", "Marie Aubert"))


def take(into: Path) -> None:
    """All pictures, into a folder."""
    from playwright.sync_api import sync_playwright

    into.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        laptop(Path(folder)) as url,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for name, size in WIDTHS.items():

            def keep(clock: Any, what: str, page: Any, name: str = name) -> None:
                page.wait_for_timeout(900)  # fonts, and what a page fetches after it has opened
                page.screenshot(path=into / f"{what}-{name}.png", full_page=name == "narrow")

            Desk(browser, url, size, keep).take()
        browser.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["--docs"]:
        with tempfile.TemporaryDirectory() as every:
            take(Path(every))
            for one in DOCUMENTS:
                shutil.copy(Path(every) / f"{one}-wide.png", SHOWN / f"{one}.png")
    else:
        take(Path(sys.argv[1] if len(sys.argv) > 1 else "build/pictures"))
