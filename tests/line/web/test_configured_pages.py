"""The pages of a line with other levels and severities than the sample's."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Browser, Operator, login
from tests.kit.configured import configured, levels, named, severities
from tests.kit.desk import ENTRY, Desk
from tests.kit.telephones import CASE, keyed

NUMBER = "C17349013"
LEVELS = [
    {"code": "L1", "target": "manager", "due": [30, 60], "names": named("team lead")},
    {"code": "L2", "target": "second_level", "due": [15, 15], "requires": "L1"},
    {"code": "L3", "target": "second_level", "due": [5, 5], "requires": "L2"},
]
SEVERITIES = {
    "0": {"names": named("Wish")},
    "1": {"names": named("Halt"), "emergency": True},
    "2": {"names": named("Internal"), "self_service": False},
    "7": {"names": named("Tiny")},
}


@pytest.fixture
def escalation(tmp_path: Path) -> Line:
    return configured(tmp_path, severities(SEVERITIES, levels(LEVELS)))


@pytest.fixture
def operator(pages: Any) -> Operator:
    operator = Operator(pages.test_client())
    operator.sign_in("op1")
    return operator


def asked(browser: Browser, what: str, **form: str) -> Browser:
    browser.go(f"/cases/{NUMBER}")
    return browser.send(f"/cases/{NUMBER}/{what}", key=browser.key(), **form)


def test_a_customer_asks_for_each_level_in_turn(browser: Browser, desk: Desk) -> None:
    browser.sign_in("marie")
    page = browser.go(f"/cases/{NUMBER}").page
    assert "Escalate to a manager" in page
    asked(browser, "escalate", level="L1", reason="it is slow")
    assert "team lead en:" in browser.page
    for before, level, person in (("L1", "L2", "MGR1"), ("L2", "L3", "DIR1")):
        desk.hear(NUMBER, "accept", key=before, by=person, channel="web", level=before)
        assert f"Escalate to {level}" in browser.go(f"/cases/{NUMBER}").page
        asked(browser, "escalate", level=level)

    assert list(desk.file(NUMBER)["levels"]) == ["L1", "L2", "L3"]
    assert desk.file(NUMBER)["level"] == "L3"


def test_a_customer_chooses_among_the_severities_that_may_be_wished_for(
    browser: Browser, desk: Desk
) -> None:
    browser.sign_in("marie")
    page = browser.go("/cases/new").page
    assert "0 · Wish en" in page.replace("\n", " ")
    assert "7 · Tiny en" in page
    assert "Halt en on it" in page
    assert "Internal" not in page
    for code, said in (("1", "Halt en can't be chosen here"), ("2", "Choose a severity")):
        browser.go("/cases/new")
        browser.send("/cases/new", subject="x", description="y", severity=code)
        assert said in browser.page

    asked(browser, "wish_severity", severity="7", reason="it is only a small thing")
    assert desk.file(NUMBER)["severity"]["severity"] == 7
    asked(browser, "wish_severity", severity="2", reason="support decides on this one")
    assert desk.file(NUMBER)["severity"]["severity"] == 7
    assert desk.file(NUMBER)["wish"]["severity"] == 2


def test_an_operator_records_levels_and_sets_severities(
    operator: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", "0")
    exchange.wait(1)
    operator.click("accept")
    desk.phone("OP1").answer()
    exchange.wait_until(lambda: desk.phone("OP1") in caller.connected_to, at_most=30)
    reads = operator.look().reads
    assert "Record team lead en" in reads
    assert "2 · Internal en" in reads
    assert "1 · Halt en" not in reads

    operator.click("next_level")
    operator.click("override", reason="2")
    assert desk.file(NUMBER).get("level") is None  # duties do it
    exchange.wait(5)
    assert desk.file(NUMBER)["levels"]["L2"]["override"] == "a deadline"
    operator.ask("set_severity", NUMBER, severity="7", reason="it says so", agreed="yes")
    assert desk.file(NUMBER)["severity"]["severity"] == 7
    caller.hang_up()
    exchange.wait(60)


def test_the_wall_counts_requests_for_the_first_level(pages: Any, desk: Desk, store: Store) -> None:
    store.logins.save(login("super", "supervisor"))
    browser = Browser(pages.test_client())
    browser.sign_in("super")
    for level, by in (("L1", "MGR1"), ("L2", "DIR1")):
        for what, who in (("escalate", "caller"), ("accept", by)):
            key = f"{what} {level}"
            desk.hear(NUMBER, what, key=key, by=who, channel="phone", level=level)
        desk.exchange.wait(60)

    answer = browser.client.get("/wall.csv?period=today")
    rows = {row["figure"]: row for row in csv.DictReader(answer.text.splitlines())}
    assert (rows["again"]["numerator"], rows["again"]["denominator"]) == ("1", "1")


def test_a_notice_names_the_level_and_enterprise_down(escalation: Line) -> None:
    words = escalation.notices.words("escalation", ["en"], {"case": NUMBER, "level": "L1"})
    down = escalation.notices.words("edown", ["fr"], {"case": NUMBER, "state": "set"})

    assert words.subject == f"{NUMBER}: escalation team lead en"
    assert "Halt fr" in down.subject
