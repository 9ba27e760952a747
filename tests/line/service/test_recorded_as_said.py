"""What is recorded of a case is so: wishes that can't be escalations, and conditions unchecked."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.simulator import Exchange
from tests.kit.browser import Browser, login
from tests.kit.desk import Desk, mount
from tests.kit.records import Down

BY_PHONE = {"by": "caller", "channel": "phone"}


@pytest.mark.parametrize(
    ("number", "level", "why"),
    [
        ("C17349013", "M2", "M1 comes first, and was never asked for"),
        ("C17349045", "M1", "it is closed"),
        ("C17349099", "M1", "it isn't in the records"),
    ],
)
def test_a_wish_that_is_no_escalation_is_kept_and_staff_see_it(
    desk: Desk, store: Store, number: str, level: str, why: str
) -> None:
    desk.hear(number, "escalate", key="a", level=level, **BY_PHONE)

    assert desk.file(number).get("levels", {}) == {}
    assert not store.case_files.escalations(number)
    [wish] = desk.file(number)["wishes"]
    assert (wish["level"], wish["why"], wish["count"]) == (level, why, 1)
    assert desk.notices("escalation_wish")
    assert not desk.notices("escalation")
    store.logins.save(login("op1", "operator", person="OP1"))
    app = create_pages(desk.services, entrance=Entrance("a secret"))
    page = Browser(app.test_client()).sign_in("op1").go(f"/cases/{number}").page
    assert "Wished for, not recorded yet" in page
    assert why in page


def test_a_wish_ends_when_staff_record_the_escalation(desk: Desk) -> None:
    desk.hear("C17349013", "escalate", key="a", level="M2", **BY_PHONE)
    given = {"by": "OP1", "channel": "phone", "level": "M2", "override": "a deadline"}
    desk.hear("C17349013", "escalate", key="b", **given)

    assert desk.file("C17349013")["wishes"] == []
    assert desk.file("C17349013")["level"] == "M2"


def conditions(desk: Desk, number: str) -> dict[str, str]:
    return {c["name"]: c["result"] for c in desk.file(number)["emergency"]["conditions"]}


@pytest.mark.parametrize(
    ("number", "result", "flagged"), [("C17349013", "yes", False), ("C17349037", "no", False)]
)
def test_what_could_not_be_checked_is_checked_when_the_records_are_back(
    store: Store, escalation: Line, number: str, result: str, flagged: bool
) -> None:
    """Unknown (system down): let through, flag for later check. (R12)"""
    exchange, records = Exchange(seed=2), Down(store)
    desk = mount(exchange, store, escalation, case_system=records)
    by: dict[str, Any] = {"by": "OP1", "channel": "phone", "answers": {"purpose": 1}}
    desk.hear(number, "set_emergency", key="s", **by)
    assert conditions(desk, number)["contract"] == "unknown"
    assert "the conditions are met" not in desk.file(number)["severity"]["reason"]
    assert desk.file(number)["emergency"]["flagged"]
    exchange.wait(10 * 60)
    assert not desk.notices("edown_checked")
    records.down = False
    exchange.wait(3 * 60)

    assert conditions(desk, number)["contract"] == result
    assert desk.file(number)["emergency"]["flagged"] is flagged
    assert desk.notices("edown_checked") >= {desk.file(number)["emergency"]["manager"]}
    [checked] = desk.on_case(number, "edown.checked")
    assert checked.data["result"] == result


def test_conditions_that_are_met_are_recorded_with_what_was_found(desk: Desk) -> None:
    by: dict[str, Any] = {"by": "OP1", "channel": "phone", "answers": {"purpose": 1}}
    desk.hear("C17349013", "set_emergency", key="s", **by)

    reason = desk.file("C17349013")["severity"]["reason"]
    assert "the conditions are met: contract met (Enterprise, valid to 2027-12-31)" in reason
