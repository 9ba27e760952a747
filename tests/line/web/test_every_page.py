"""Every page, with everything on it that there can be: times are written for people, and a French
page is in French."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Browser
from tests.kit.desk import PEOPLE, Desk
from tests.kit.telephones import accept, ask_for_a_manager, reach_operator

NUMBER = "C17349013"
# What no person writes: an instant for machines, or the time of nobody's clock.
MACHINES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d|T\d\d:\d\d|\d\d:\d\d:\d\d[.+]|[+]00:00|UTC|GMT")


class Texts(HTMLParser):
    """What can be read on a page, outside of what is in another language."""

    SILENT = frozenset({"script", "style", "title", "svg"})
    VOID = frozenset({"br", "input", "meta", "link", "img", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.within: list[bool] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            foreign = tag in self.SILENT or (tag != "html" and "lang" in dict(attrs))
            self.within.append(foreign or bool(self.within and self.within[-1]))
        for name in ("aria-label", "placeholder", "title"):
            if value := dict(attrs).get(name):
                self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self.within:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self.within and self.within[-1]):
            self.found.append(" ".join(data.split()))


def texts(page: str) -> list[str]:
    reader = Texts()
    reader.feed(page)
    return reader.found


@pytest.fixture
def busy(exchange: Exchange, caller: Handset, desk: Desk, store: Store) -> Iterator[dict[str, str]]:
    """A desk on which everything goes on at once; calls of yesterday and of now, by their SIDs."""
    ask_for_a_manager(caller, exchange)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(30)
    caller.hang_up()
    exchange.wait(60)
    old = desk.sid(caller)
    for person in PEOPLE:
        desk.phone(person).will("busy")
    other = exchange.phone("+33155500102")
    ask_for_a_manager(other, exchange)
    exchange.wait(20)
    other.hang_up()
    exchange.wait(23 * 3600)
    for person in ("OP1", "MGR1"):
        desk.phone(person).will("ring")
    now = exchange.clock.now()
    store.people.set_status("MGR2", "away", at=now, by="MGR2", until=now.replace(hour=23))
    said = {"answers": {"purpose": "1"}, "contact": {}}
    desk.hear(NUMBER, "declare", key="down", by="OP1", channel="web", at=now, **said)
    desk.hear(NUMBER, "note", key="n", by="OP1", channel="web", at=now, text="7")
    third = exchange.phone("+33155500103")
    third.call("+33800000001")
    exchange.wait(5)
    reach_operator(caller, desk.phone("OP1"), exchange)
    yield {"OLD": old, "NOW": desk.sid(caller)}
    for phone in (caller, third):
        if phone.in_call:
            phone.hang_up()
    exchange.wait(60)


PAGES = {
    "/sign-in": "",
    "/console": "op1",
    "/me": "mgr1",
    "/wall": "mgr1",
    "/wall?period=month": "mgr1",
    "/now": "mgr1",
    "/calls": "mgr1",
    "/calls/OLD": "op1",
    "/calls/OLD?view=dialogue": "op1",
    "/calls/NOW": "op1",
    "/cases": "mgr1",
    f"/cases/{NUMBER}": "mgr1",
    "/cases/new": "marie",
    "/nothing": "op1",
}


def look(pages: Any, path: str, who: str, calls: dict[str, str], language: str) -> str:
    browser = Browser(pages.test_client())
    browser.go(f"/sign-in?lang={language}")
    if who:
        browser.sign_in(who)
    for name, sid in calls.items():
        path = path.replace(name, sid)
    return browser.go(path).page


def test_times_are_written_for_people_on_every_page(
    pages: Any, busy: dict[str, str], operator_with_case: Browser
) -> None:
    for path, who in PAGES.items():
        page = look(pages, path, who, busy, "en")
        wrong = [text for text in texts(page) if MACHINES.search(text)]
        assert not wrong, path
    assert "Times: Europe/Paris" in texts(look(pages, "/console", "op1", busy, "en"))


@pytest.fixture
def operator_with_case(pages: Any, busy: dict[str, str]) -> Browser:
    """The operator has found the caller's case, so that the card shows all of it."""
    operator = Browser(pages.test_client())
    operator.sign_in("op1").go("/console")
    leg = re.search(r'name="leg" value="([^"]+)"', operator.page)
    assert leg
    operator.send("/click/case", leg=leg.group(1), number=NUMBER)
    operator.send("/click/request", leg=leg.group(1), level="M1")
    return operator


def records(desk: Desk, store: Store) -> set[str]:
    """What pages show that is nobody's words: names, numbers, and what people have written."""
    found = {desk.line.config.title, desk.line.config.emergency_name, "production"}
    for case in store.cases.of_accounts(None):
        found |= {case.subject, case.product}
        found |= {note.text for note in store.case_files.notes(case.number)}
    for account in store.cases.accounts():
        found |= {account.name, account.contract_tier}
    return found | {each.name for each in store.people.all()}


def test_a_french_page_is_in_french(
    pages: Any, busy: dict[str, str], operator_with_case: Browser, store: Store, desk: Desk
) -> None:
    """A text of several words that is the same in English is one that nobody has translated."""
    written, left = records(desk, store), set()
    for path, who in PAGES.items():
        english = set(texts(look(pages, path, who, busy, "en")))
        for text in english.intersection(texts(look(pages, path, who, busy, "fr"))):
            words = text
            for each in sorted(written - {""}, key=len, reverse=True):
                words = words.replace(each, "")
            if " " in text and re.search("[a-z]{2}", words):
                left.add((path, text))
    assert not left, "\n".join(map(str, sorted(left)))
