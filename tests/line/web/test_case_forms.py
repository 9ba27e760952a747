"""The forms about cases: they keep what was typed, mark what is wrong, and ask what is open."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Browser, Operator
from tests.kit.desk import Desk
from tests.kit.emergencies import DOWN
from tests.kit.telephones import reach_operator

# --- forms keep what was typed, mark what is wrong, and say so in the reader's language ---

REASON = {"reason": "kept words"}
# What a customer sends, the field that is marked, and what is said in both languages.
WRONG: list[tuple[str, dict[str, str], str, str, str]] = [
    (
        *("wish_severity", {"severity": "1", "reason": ""}, "reason"),
        *("Give a reason.", "Indiquez un motif."),
    ),
    (
        *("wish_severity", {"severity": "2"} | REASON, "severity"),
        *("has severity 2 already", "déjà la gravité 2"),
    ),
    (
        *("note", {"text": " "}, "text"),
        *("Write something first.", "Écrivez d'abord quelque chose."),
    ),
    (
        *("escalate", {"level": "M1", "callback": "12"} | REASON, "callback"),
        *("We can't call that number.", "Nous ne pouvons pas appeler ce numéro."),
    ),
    (
        *("declare", {"users": "some", "affected": "950"}, "users"),
        *("Give a whole number.", "Indiquez un nombre entier."),
    ),
    (
        *("declare", {"hours": "two", "users": "12"}, "down_for"),
        *("Give a whole number.", "Indiquez un nombre entier."),
    ),
]


@pytest.mark.parametrize(("what", "form", "field", "english", "french"), WRONG)
def test_a_form_keeps_what_was_typed_and_marks_what_is_wrong(
    browser: Browser,
    desk: Desk,
    what: str,
    form: dict[str, str],
    field: str,
    english: str,
    french: str,
) -> None:
    for language, said in (("en", english), ("fr", french)):
        browser.sign_in("marie").go(f"/cases/C17349013?lang={language}")
        browser.send(f"/cases/C17349013/{what}", key=language, **form)
        assert browser.status == 409
        assert said in browser.page
        assert f'id="{what}-{field}" aria-invalid="true"' in browser.page
        assert f'id="{what}-{field}-wrong"' in browser.page
        for value in form.values():
            assert not value.strip() or value in browser.page
    assert not desk.on_case("C17349013")


def test_all_that_is_wrong_with_the_answers_is_said_at_once(browser: Browser) -> None:
    browser.sign_in("marie").go("/cases/C17349013")
    form = DOWN | {"users": "0", "minutes": "half", "purpose": "7"}
    browser.send("/cases/C17349013/declare", key="d", **form)

    assert browser.page.count('aria-invalid="true"') == 3


def test_a_customer_reads_the_history_in_their_own_language(browser: Browser, desk: Desk) -> None:
    given = {"by": "contact:marie", "channel": "web"}
    desk.hear("C17349013", "escalate", key="e", level="M1", reason="Nothing moves.", **given)
    desk.hear("C17349013", "wish_severity", key="w", severity=1, reason="It grows.", **given)
    desk.hear("C17349013", "declare", key="d", **given)
    browser.sign_in("marie").go("/cases/C17349013?lang=fr")

    assert "Escalade M1 demandée sur le web: Nothing moves." in browser.page
    assert "Gravité 1, elle était 2: It grows." in browser.page
    assert "« Activité bloquée » déclaré par le client" in browser.page
    assert "requested" not in browser.page
    assert "Escalation M1 requested on the web" in browser.go("/cases/C17349013?lang=en").page


def test_what_is_left_open_is_marked_and_asked_by_whoever_sets_it(
    browser: Browser, pages: Any, desk: Desk
) -> None:
    """The same questions on every channel (R27); answers, conditions and the yes or no are stored
    and shown (R14)."""
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send("/cases/C17349013/declare", key="d", purpose="2", users="1200")
    assert "How many of them are affected? (still open)" in browser.page
    staff = Browser(pages.test_client()).sign_in("op1").go("/cases/C17349013")
    assert "Some questions are still open. Ask the customer" in staff.page
    assert "The server keeps hanging or stopping" in staff.page
    more = {"affected": "950", "actions": "nothing yet", "hours": "1", "stopped": "2"}
    staff.send("/cases/C17349013/set_emergency", key="s", purpose="2", users="1200", **more)

    file = desk.file("C17349013")["emergency"]
    assert (file["state"], file["answers"]["affected"], file["answers"]["stopped"]) == (
        "set", 950, 2,
    )  # fmt: skip
    assert "1 h 0 min" in staff.page
    assert [each["name"] for each in file["conditions"]] == [
        "contract", "production", "situation", "contact",
    ]  # fmt: skip


def test_the_customers_never_read_why_it_was_set(browser: Browser, desk: Desk) -> None:
    given = {"by": "OP1", "channel": "phone", "override": "the contract is being renewed"}
    desk.hear("C17349037", "set_emergency", key="s", answers={"purpose": 1}, **given)

    assert "being renewed" not in browser.sign_in("kenji").go("/cases/C17349037").page


# --- staff log cases, too ---


def test_staff_open_a_case_with_its_severity(browser: Browser, desk: Desk, store: Store) -> None:
    """On live calls the support engineer sets the severity. (R4)"""
    browser.sign_in("op1").go("/cases/new")
    assert "Helio · 100201" in browser.page
    form = {"account": "helio", "subject": "Prints are blank", "description": "All of them."}
    browser.send("/cases/new", key=browser.key(), severity="1", environment="production", **form)

    assert "The case is logged. Its number is C21734901." in browser.page
    case = store.cases.find("21734901")
    assert case is not None
    assert (case.severity, case.environment) == (1, "production")
    assert case.account is not None
    assert case.account.id == "helio"
    [logged] = desk.on_case("C21734901", "case.logged")
    assert logged.actor == "OP1"


def test_staff_open_a_case_on_a_live_call_which_is_about_it_from_there_on(
    pages: Any, desk: Desk, exchange: Exchange, caller: Handset
) -> None:
    reach_operator(caller, desk.phone("OP1"), exchange)
    operator = Operator(pages.test_client())
    operator.sign_in("op1").go("/console")
    sid = desk.sid(caller)
    assert f"/cases/new?call={sid}" in operator.page
    operator.go(f"/cases/new?call={sid}")
    assert "The call that you are in will be about this case." in operator.page
    form = {"account": "helio", "subject": "Prints are blank", "description": "All of them."}
    form |= {"severity": "1", "environment": "test", "call": sid}
    operator.send("/cases/new", key=operator.key(), **form)

    call = desk.store.calls.load(sid)
    assert call is not None
    assert call.data.shared.case.keyed == "21734901"
    [logged] = desk.on_case("C21734901", "case.logged")
    assert (logged.actor, logged.data["channel"], logged.data["call"]) == ("OP1", "phone", sid)
    caller.hang_up()
    exchange.wait(60)
