"""Case Logger and Case Tracker, and who may come in: through the front door, as people use it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.line.desk.roles import MAY, ROLES
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.store.streams import ACCESS
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.pages.words import Words
from ivr.simulator import Exchange, Handset
from tests.kit.browser import PASSWORD, Browser, login
from tests.kit.configured import SAMPLE, configured
from tests.kit.desk import Desk
from tests.kit.emergencies import DOWN
from tests.kit.records import Down
from tests.kit.telephones import ask_for_a_manager, nobody_rings

# --- coming in ---


@pytest.mark.parametrize(("id", "actor"), [("op1", "OP1"), ("auditor", "auditor")])
def test_looking_at_a_case_is_logged(browser: Browser, store: Store, id: str, actor: str) -> None:
    """Every console read of a case is logged (access.viewed)."""
    browser.sign_in(id)
    browser.go("/cases/C17349013")

    [viewed] = store.logs.events(ACCESS)
    assert (viewed.kind, viewed.actor) == ("access.viewed", actor)
    assert viewed.data == {"case": "C17349013"}


def test_signing_in_leads_to_the_page_that_was_asked_for(browser: Browser) -> None:
    browser.go("/cases/C17349013")
    assert "Sign in" in browser.page
    browser.send("/sign-in", email="Marie@acme.example", password=PASSWORD, next="/cases/C17349013")

    assert "C17349013" in browser.page
    assert "Assemblies open slowly" in browser.page


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_to_another_site(browser: Browser, next: str) -> None:
    browser.go("/sign-in")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.page)
    assert token
    answer = browser.client.post(
        "/sign-in",
        data={
            "csrf_token": token.group(1),
            "email": "marie@acme.example",
            "password": PASSWORD,
            "next": next,
        },
    )

    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(("id", "password"), [("marie", "wrong"), ("nobody", PASSWORD)])
def test_an_unknown_name_and_a_wrong_password_sound_the_same(
    browser: Browser, id: str, password: str
) -> None:
    browser.sign_in(id, password)

    assert browser.status == 401
    assert "Incorrect email or password." in browser.page


def test_wrong_passwords_make_the_next_try_wait(browser: Browser, exchange: Exchange) -> None:
    for _ in range(5):
        browser.sign_in("marie", "wrong")
    browser.sign_in("marie")
    assert browser.status == 429
    exchange.wait(60)

    assert "Cases" in browser.sign_in("marie").page


@pytest.mark.parametrize(("idle", "out"), [(29, False), (31, True)])
def test_a_session_ends_when_nothing_is_done(
    browser: Browser, exchange: Exchange, idle: int, out: bool
) -> None:
    browser.sign_in("marie")
    exchange.wait(60 * idle)

    assert ("You were signed out" in browser.go("/cases").page) is out


def test_any_session_ends_after_twelve_hours(browser: Browser, exchange: Exchange) -> None:
    browser.sign_in("marie")
    for _ in range(48):
        exchange.wait(60 * 15)
        browser.go("/cases")
    exchange.wait(60)

    assert "You were signed out" in browser.go("/cases").page


def test_who_is_disabled_is_out_at_once(browser: Browser, store: Store) -> None:
    browser.sign_in("marie")
    store.logins.change("marie", active=False)

    assert "Sign in" in browser.go("/cases").page


def test_a_form_without_its_token_is_refused(browser: Browser) -> None:
    browser.sign_in("marie")
    browser.send("/cases/C17349013/note", token="forged", text="hello", key="k")

    assert browser.status == 400
    assert "This form has expired" in browser.page


def test_a_click_is_enough_on_a_laptop_only(pages: Any, desk: Desk, store: Store) -> None:
    assert (
        Browser(pages.test_client()).go("/sign-in").send("/sign-in/as", login="op1").status == 404
    )
    laptop = create_pages(desk.services, entrance=Entrance(sample=True))
    browser = Browser(laptop.test_client()).go("/sign-in").send("/sign-in/as", login="op1")

    assert "Op1" in browser.page


def test_answers_forbid_what_a_page_never_needs(browser: Browser) -> None:
    answer = browser.client.get("/sign-in")

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    browser.sign_in("marie")
    cookie = browser.client.get("/cases").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


# --- a customer ---


def test_a_customer_logs_a_case_and_follows_it(browser: Browser, desk: Desk, store: Store) -> None:
    """In Case Logger the customer may set the severity themselves. (R5)"""
    browser.sign_in("marie").go("/cases/new")
    form = {"subject": "Drawings are blank", "description": "Since Monday.", "product": "CAD"}
    form |= {"environment": "production"}
    key = browser.key()
    browser.send("/cases/new", severity="2", key=key, **form)
    assert "Your case is logged. Its number is C21734901." in browser.page
    browser.send("/cases/new", severity="2", key=key, **form)  # a second click

    assert [case.number for case in store.cases.of_accounts(["helio"])].count("C21734901") == 1
    assert "C21734902" not in browser.go("/cases").page
    case = store.cases.find("21734901")
    assert case is not None
    assert (case.severity, case.subject) == (2, "Drawings are blank")
    assert case.environment == "production"
    assert [event.kind for event in desk.on_case("C21734901")] == ["case.logged"]
    assert desk.notices("case_logged") == {"MGR2"}
    assert "Since Monday." in browser.go("/cases/C21734901").page


def test_enterprise_down_cannot_be_chosen_when_a_case_is_logged(
    browser: Browser, store: Store
) -> None:
    """Case Tracker can set E-Down after the case was opened, not during initial logging. (R34)
    Calling at once is the best. (R33)"""
    before = len(store.cases.of_accounts(["helio"]))
    browser.sign_in("marie").go("/cases/new")
    assert 'value="0"' not in browser.page
    browser.send("/cases/new", subject="Down", description="All", severity="0", key="k")

    assert browser.status == 422
    assert "or better, call +33800000001 now" in browser.page
    assert len(store.cases.of_accounts(["helio"])) == before


def test_what_is_missing_is_said_beside_the_field_and_nothing_is_lost(browser: Browser) -> None:
    browser.sign_in("marie").go("/cases/new")
    browser.send("/cases/new", subject="Only this", key="k")

    assert browser.status == 422
    assert 'value="Only this"' in browser.page
    assert 'href="#new-description"' in browser.page
    assert 'id="new-description" aria-invalid="true"' in browser.page
    assert "Choose a severity." in browser.page
    assert "Say whether it is a production system." in browser.page


@pytest.mark.parametrize("number", ["C17349037", "C17349099", "17349013", "nonsense"])
def test_somebody_elses_case_looks_like_none(browser: Browser, number: str) -> None:
    browser.sign_in("marie").go(f"/cases/{number}")

    assert browser.status == 404
    assert "This page or case does not exist." in browser.page


def test_somebody_with_several_customer_numbers_switches_between_them(browser: Browser) -> None:
    """The active customer number isn't the primary association: switch? (S9)"""
    browser.sign_in("marie").go("/cases")
    assert "C17349013" in browser.page
    assert "isn't your primary one" not in browser.page
    browser.send("/customer-number", number="100203")
    assert "C17349068" in browser.page
    assert "C17349013" not in browser.page
    assert "The active customer number 100203 isn't your primary one, 100201." in browser.page
    browser.send("/customer-number", number="100201")
    assert "isn't your primary one" not in browser.page

    assert browser.send("/customer-number", number="100202").status == 404


def test_a_customer_changes_the_severity_and_the_engineer_is_told(
    browser: Browser, desk: Desk
) -> None:
    """Change case severity: the engineer assigned is notified. (R8) With a reason (R2). When needs
    change, it is modified in Case Tracker (R6)."""
    browser.sign_in("kenji").go("/cases/C17349037")
    browser.send("/cases/C17349037/wish_severity", severity="1", reason="The plant stops.", key="k")
    assert "The severity is 1 now, and the engineer is being told." in browser.page
    assert desk.notices("severity_set") == {"ENG2"}
    [changed] = desk.on_case("C17349037", "severity.set")
    by = "contact:kenji"
    assert (changed.data["requested_by"], changed.data["set_by"]) == (by, by)
    desk.exchange.wait(1)
    case = desk.store.cases.find("17349037")
    assert case is not None
    assert case.severity == 1


def test_a_severity_that_customers_may_not_set_is_a_wish_and_the_engineer_sets_it(
    exchange: Exchange, store: Store, tmp_path: Path
) -> None:
    """Within what the customer may set by configuration; else it is a wish, and says so."""
    heading = "[severities.1]\n"
    line = configured(tmp_path, SAMPLE.replace(heading, f"{heading}self_service = false\n"))
    services = build_services(line, store, clock=exchange.clock)
    for each in (login("kenji", "customer", contact="kenji", accounts=("kuro",)),
                 login("eng2", "engineer", person="ENG2")):  # fmt: skip
        store.logins.save(each)
    app = create_pages(services, entrance=Entrance("a secret"))
    browser = Browser(app.test_client()).sign_in("kenji").go("/cases/C17349037")
    browser.send("/cases/C17349037/wish_severity", severity="1", reason="The plant stops.", key="k")
    assert "recorded as a wish: support decides on it" in browser.page
    assert "requested: 1" in browser.page
    staff = Browser(app.test_client()).sign_in("eng2").go("/cases/C17349037")
    staff.send("/cases/C17349037/set_severity", severity="1", reason="agreed", key="k2")

    changed = [e for e in store.logs.events("case:C17349037") if e.kind == "severity.set"]
    assert (changed[0].data["requested_by"], changed[0].data["set_by"]) == ("contact:kenji", "ENG2")


def test_a_customer_escalates_and_then_asks_for_the_next_level(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    """Escalate this case: the engineer's manager is notified (R9); a second time, the second
    management level (R40)."""
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send("/cases/C17349013/escalate", level="M1", reason="No answer for days.", key="a")
    assert "a manager is being told. They will contact you by 10:30." in browser.page
    assert desk.notices("escalation") == {"MGR1", "ENG1"}
    browser.send("/cases/C17349013/escalate", level="M2", reason="", key="b")
    assert (
        desk.file("C17349013")["levels"]["M1"]["count"] == 2
    )  # a chase: the manager's time isn't over
    exchange.wait(31 * 60)
    assert desk.notices("callback_missed") == {"DIR1", "MGR1"}
    browser.sign_in("marie").go("/cases/C17349013")
    assert "Escalate to M2" in browser.page
    browser.send("/cases/C17349013/escalate", level="M2", reason="", key="c")

    assert desk.file("C17349013")["level"] == "M2"
    assert [each.level for each in desk.store.case_files.escalations("C17349013")] == ["M1", "M2"]


def test_telephone_and_web_at_once_are_one_request(
    browser: Browser, desk: Desk, exchange: Exchange, caller: Handset
) -> None:
    """Idempotent per case and level within some minutes; the second is logged as joined.
    Each way is a channel among others (R1), by phone or web (R44)."""
    ask_for_a_manager(caller, exchange)
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send("/cases/C17349013/escalate", level="M1", reason="as I said by phone", key="a")

    assert len(desk.store.case_files.escalations("C17349013")) == 1
    assert len(desk.on_case("C17349013", "escalation.joined")) == 1
    assert desk.file("C17349013")["levels"]["M1"]["count"] == 1
    caller.hang_up()
    exchange.wait(60)


def test_a_customer_declares_enterprise_down_with_the_same_questions_and_staff_set_it(
    browser: Browser, pages: Any, desk: Desk
) -> None:
    """Whether by representative or Case Tracker, the same questions must be answered. (R27)"""
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send("/cases/C17349013/declare", key="d", **DOWN)
    assert "Enterprise Down is declared" in browser.page
    file = desk.file("C17349013")["emergency"]
    assert file["answers"]["down_for"] == 150
    assert file["contact"]["english"] is True
    assert "contract" not in browser.page.lower().replace("contact", "")
    assert desk.notices("edown") == {"MGR2"}
    assert browser.send("/cases/C17349013/set_emergency", key="x").status == 403

    staff = Browser(pages.test_client()).sign_in("op1").go("/cases/C17349013")
    assert "met" in staff.page
    staff.send("/cases/C17349013/set_emergency", key="s", override="")
    assert desk.file("C17349013")["emergency"]["state"] == "set"
    assert desk.file("C17349013")["severity"]["set_by"] == "OP1"


def test_more_affected_than_users_is_said_and_nothing_is_stored(
    browser: Browser, desk: Desk
) -> None:
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send("/cases/C17349013/declare", key="d", **DOWN | {"affected": "1300"})

    assert browser.status == 409
    assert "1300 are affected, more than the 1200 there are." in browser.page
    assert desk.file("C17349013") == {}
    assert 'id="declare-affected" aria-invalid="true"' in browser.page
    for kept in ('value="1300"', 'value="1200"', "started it again", 'value="2" checked'):
        assert kept in browser.page


def test_who_has_no_contract_declares_all_the_same_and_staff_see_why_not(
    browser: Browser, pages: Any, desk: Desk
) -> None:
    """Unentitled customers reach a person all the same. (R12)"""
    browser.sign_in("kenji").go("/cases/C17349037")
    browser.send("/cases/C17349037/declare", key="d", **DOWN)
    assert "Gold" not in browser.page
    staff = Browser(pages.test_client()).sign_in("op1").go("/cases/C17349037")
    assert "Gold, not Enterprise" in staff.page
    staff.send("/cases/C17349037/set_emergency", key="s", override="")
    assert staff.status == 409
    assert "Not met: contract (Gold, not Enterprise)." in staff.page
    staff.send("/cases/C17349037/set_emergency", key="t", override="renewal is signed")

    assert desk.file("C17349037")["emergency"]["override"] == "renewal is signed"


def test_declared_and_nobody_comes_the_second_level_knows(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send("/cases/C17349013/declare", key="d", **DOWN)
    exchange.wait(16 * 60)

    assert desk.notices("overdue") == {"DIR1", "MGR2"}
    nobody_rings(desk)


def test_a_closed_case_is_opened_again_by_its_customer(browser: Browser, desk: Desk) -> None:
    browser.sign_in("marie").go("/cases/C17349045")
    browser.send("/cases/C17349045/reopen", reason="It is back.", key="k")
    desk.exchange.wait(1)

    case = desk.store.cases.find("17349045")
    assert case is not None
    assert case.status == "open"


def test_internal_notes_are_not_the_customers(browser: Browser, pages: Any, desk: Desk) -> None:
    staff = Browser(pages.test_client()).sign_in("eng2").go("/cases/C17349013")
    staff.send("/cases/C17349013/note", text="He is difficult.", key="k")
    assert "He is difficult." in staff.go("/cases/C17349013").page

    assert "He is difficult." not in browser.sign_in("marie").go("/cases/C17349013").page


# --- staff ---


def test_a_manager_ends_an_escalation_with_the_customers_agreement(
    browser: Browser, desk: Desk
) -> None:
    """Who may de-escalate: manager or engineer with the customer's agreement, with a reason.
    The manager records a plan (R38, R43), and reports that go with it (R42)."""
    given = {"by": "caller", "channel": "phone", "level": "M1"}
    desk.hear("C17349013", "escalate", key="e", **given)
    browser.sign_in("mgr1").go("/cases/C17349013")
    browser.send("/cases/C17349013/deescalate", reason="solved", key="a")
    assert browser.status == 409
    assert "ends with the customer's agreement" in browser.page
    browser.send("/cases/C17349013/plan", text="Two engineers until Friday.", key="p")
    browser.send("/cases/C17349013/report", id="SPR123456", state="asked", key="r")
    browser.send("/cases/C17349013/report", id="SPR123456", state="escalated", key="r2")
    browser.send("/cases/C17349013/accept", level="M1", key="c")
    browser.send("/cases/C17349013/deescalate", reason="solved", agreed="yes", key="b")

    kinds = [event.kind for event in desk.on_case("C17349013")]
    assert kinds == [
        "escalation.requested",
        "plan.written",
        "report.attached",
        "report.attached",
        "escalation.accepted",
        "escalation.deescalated",
    ]
    assert desk.file("C17349013")["reports"] == [
        {"id": "SPR123456", "state": "escalated", "level": "M1"}
    ]
    assert desk.notices("report") == {"ENG1", "MGR1"}


def test_a_severity_is_lowered_with_a_reason_and_the_customers_agreement(
    browser: Browser, desk: Desk
) -> None:
    browser.sign_in("eng2").go("/cases/C17349013")
    browser.send("/cases/C17349013/set_severity", severity="3", reason="a workaround", key="a")
    assert "lowered with the customer's agreement" in browser.page
    browser.send("/cases/C17349013/set_severity", severity="3", reason="ok", agreed="yes", key="b")

    assert desk.file("C17349013")["severity"]["severity"] == 3


def test_a_person_sets_a_status_its_end_and_who_stands_in(
    browser: Browser, store: Store, exchange: Exchange
) -> None:
    browser.sign_in("mgr1").go("/me")
    browser.send("/me", status="away", hours="8", delegate="MGR2")

    person = store.people.get("MGR1")
    assert person is not None
    assert (person.status, person.status_by, person.delegate) == ("away", "MGR1", "MGR2")
    assert person.status_until == exchange.clock.now() + timedelta(hours=8)


def test_cases_come_from_where_they_are_and_that_may_be_down(
    pages: Any, desk: Desk, store: Store
) -> None:
    services = build_services(desk.line, store, clock=desk.exchange.clock, case_system=Down(store))
    app = create_pages(services, entrance=Entrance("a secret"))
    browser = Browser(app.test_client()).sign_in("marie").go("/cases/C17349013")

    assert browser.status == 503
    assert "The case records can't be reached right now." in browser.page


def test_a_manager_who_has_called_from_another_phone_says_so(
    browser: Browser, desk: Desk, exchange: Exchange
) -> None:
    """The manager makes sure to contact the customer. (R39)"""
    caller = exchange.phone("anonymous")
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(5)
    browser.sign_in("op1").go("/cases/C17349013")
    assert "I've called" not in browser.page
    browser.sign_in("mgr1").go("/cases/C17349013")
    assert "Greta Vogel promised to call by" in browser.page
    assert browser.send("/cases/C17349013/kept", call="CA0").status == 403
    browser.go("/cases/C17349013")
    browser.send("/cases/C17349013/kept", call=desk.sid(caller))

    assert "promised to call by" not in browser.page
    assert [event.data["outcome"] for event in desk.events(caller, "callback.done")] == ["met"]
    exchange.wait(10)
    assert desk.file("C17349013")["levels"]["M1"]["accepted_by"] == "MGR1"
    exchange.wait(60)


def test_the_desks_page_is_for_staff(browser: Browser) -> None:
    assert browser.client.get("/changes").status_code == 401
    browser.sign_in("marie")
    assert browser.client.get("/changes").status_code == 403
    browser.send("/sign-out")
    browser.sign_in("op1")

    assert browser.client.get("/changes").status_code == 200


WHAT = {
    "customer": {"note", "wish_severity", "escalate", "declare", "reopen", "answer"},
    "operator": {
        "note", "escalate", "declare", "reopen", "answer", "set_severity", "set_emergency",
        "take_emergency", "report",
    },
    "auditor": set(), "supervisor": set(), "admin": set(), "privacy": set(),
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_it_may_and_nothing_else(pages: Any, store: Store, role: str) -> None:
    more = {"contact": "marie", "accounts": ("helio",)} if role == "customer" else {}
    store.logins.save(login("some", role, **more))
    browser = Browser(pages.test_client()).sign_in("some")
    seen = browser.go("/cases/C17349013").status
    assert seen == (404 if role == "privacy" else 200)
    for what in MAY:
        status = browser.go("/cases").send(f"/cases/C17349013/{what}", key=what).status
        allowed = status in (200, 409)
        assert allowed == (role in MAY[what] and seen == 200), what
    assert role not in WHAT or {what for what in MAY if role in MAY[what]} == WHAT[role]


# --- words ---


def test_every_text_is_there_in_every_language() -> None:
    languages = Words({}).languages

    assert languages["en"].keys() == languages["fr"].keys()


def test_the_pages_are_in_french_for_a_browser_that_asks_for_it(browser: Browser) -> None:
    assert "Se connecter" in browser.go("/sign-in?lang=fr").page
    browser.send("/sign-in", email="marie@acme.example", password=PASSWORD)

    assert "Requêtes" in browser.page
