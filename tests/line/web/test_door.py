"""The door of the pages: where people are sent, how often they may try, and when they are out."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix

from ivr.line.desk.limits import Limits
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.pages.sign_in import _NOBODYS, hashed
from ivr.simulator import Exchange
from tests.kit.browser import PASSWORD, Browser, login
from tests.kit.desk import Desk

OWNER, ATTACKER = "198.51.100.7", "203.0.113.9"


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found.group(1)


def try_(
    client: FlaskClient, id: str, password: str, address: str = OWNER, **form: str
) -> tuple[int, str]:
    """Try to sign in from an address: status, and where to."""
    here = {"REMOTE_ADDR": address}
    token = token_of(client.get("/sign-in", environ_base=here).text)
    data = {"csrf_token": token, "email": f"{id}@acme.example", "password": password, **form}
    answer = client.post("/sign-in", data=data, environ_base=here)
    return answer.status_code, answer.headers.get("Location", "")


# --- where somebody is sent ---

FOREIGN = [
    "https://evil.test/", "//evil.test", "///evil.test", "////evil.test", "/\\evil.test",
    "\\\\evil.test", "\\/evil.test", "/\t/evil.test", "/%09/evil.test", "/%2509/evil.test",
    "/\n/evil.test", "/\r\n/evil.test", "/%0a/evil.test", "/%0d%0aSet-Cookie:x=1", "/%2f/evil.test",
    "/%5cevil.test", "/%255cevil.test", "/%25252fevil.test/%2e", "/\x00/evil.test", "/%00",
    "\t//evil.test", " //evil.test", "/ /evil.test", "javascript:alert(1)", "data:text/html,x",
    "evil.test", "@evil.test", "?next=//evil.test", "#", "http:/evil.test", "http:evil.test",
    "/\x7f/evil.test", "%2f%2fevil.test", "/%2F%2Fevil.test", "//evil.test%2f..", "",
]  # fmt: skip
OURS = ["/cases/C17349013", "/calls?number=C1&how=", "/now", "/cases?number=%43%31%207", "/me#x"]


@pytest.mark.parametrize("next", [pytest.param(each, id=repr(each)) for each in FOREIGN])
def test_nobody_is_sent_to_another_site(pages: Any, next: str) -> None:
    status, goes = try_(pages.test_client(), "marie", PASSWORD, next=next)

    assert (status, goes) in {(302, "/"), (400, "")}


@pytest.mark.parametrize("next", OURS)
def test_somebody_is_sent_where_they_wanted_to_go(pages: Any, next: str) -> None:
    assert try_(pages.test_client(), "marie", PASSWORD, next=next) == (302, next)


# --- how often somebody may try ---


def test_a_name_that_is_nobodys_is_answered_like_any_other(pages: Any) -> None:
    """Same words, same pauses, same work."""

    def answers(id: str) -> list[tuple[int, str]]:
        browser, found = Browser(pages.test_client()), []
        for _ in range(7):
            browser.sign_in(id, "wrong")
            said = re.search(r'role="alert">([^<]+)', browser.page)
            found.append((browser.status, said.group(1) if said else ""))
        return found

    assert answers("marie") == answers("nobody")
    assert [status for status, _ in answers("other")] == [401] * 5 + [429] * 2
    assert _NOBODYS.split("$")[0] == hashed("a password of somebody").split("$")[0]


def test_many_tries_at_once_are_no_more_than_one_after_the_other(pages: Any) -> None:
    clients = [pages.test_client() for _ in range(12)]
    with ThreadPoolExecutor(len(clients)) as pool:
        tries = list(pool.map(lambda each: try_(each, "marie", "wrong")[0], clients))

    assert (tries.count(401), tries.count(429)) == (5, 7)


def test_who_tries_a_name_from_elsewhere_does_not_shut_its_owner_out(
    pages: Any, exchange: Exchange
) -> None:
    for _ in range(5):
        attempts = [try_(pages.test_client(), "marie", "wrong", ATTACKER)[0] for _ in range(6)]
        assert attempts[-1] == 429
        exchange.wait(60)

    assert try_(pages.test_client(), "marie", PASSWORD, ATTACKER)[0] == 429
    assert try_(pages.test_client(), "marie", PASSWORD, OWNER)[0] == 302


def test_who_tries_a_name_from_everywhere_does_not_shut_out_a_browser_that_is_known(
    pages: Any, exchange: Exchange
) -> None:
    """Others wait; and nobody waits for ever."""
    own = pages.test_client()
    assert try_(own, "marie", PASSWORD)[0] == 302
    for at in range(40):
        last = try_(pages.test_client(), "marie", "wrong", f"203.0.113.{at}")[0]
    assert last == 429

    assert try_(own, "marie", PASSWORD, "192.0.2.77")[0] == 302
    assert try_(pages.test_client(), "marie", PASSWORD, "192.0.2.78")[0] == 429
    exchange.wait(3600)
    assert try_(pages.test_client(), "marie", PASSWORD, "192.0.2.78")[0] == 302


def test_a_known_browser_is_that_of_one_account_until_its_password_changes(
    pages: Any, store: Store
) -> None:
    """Whoever has an account of their own doesn't get further with another's name."""
    own = pages.test_client()
    assert try_(own, "kenji", PASSWORD)[0] == 302
    for at in range(30):
        try_(pages.test_client(), "marie", "wrong", f"203.0.113.{at}")
        try_(pages.test_client(), "kenji", "wrong", f"203.0.113.{at}")

    assert try_(own, "marie", "wrong")[0] == 429
    store.logins.change("kenji", epoch=1)
    assert try_(own, "kenji", PASSWORD)[0] == 429


def test_one_address_tries_no_more_than_so_many_names(pages: Any, store: Store) -> None:
    """An IPv6 network counts as one address."""
    names = [f"name{at}" for at in range(21)]
    for name in names:
        store.logins.save(login(name, "engineer"))
    client = pages.test_client()
    tries = [
        try_(client, name, "wrong", f"2001:db8:1:2::{at:x}")[0] for at, name in enumerate(names * 3)
    ]

    assert tries == [401] * 60 + [429] * 3
    assert try_(pages.test_client(), "marie", PASSWORD, "2001:db8:1:3::1")[0] == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counts_as"),
    [
        (0, ATTACKER, "10.0.0.1"),
        (1, ATTACKER, ATTACKER),
        (1, f"{OWNER}, {ATTACKER}", ATTACKER),  # the first one is the client's own claim
        (2, f"{ATTACKER}, 10.0.0.2", ATTACKER),
    ],
)
def test_behind_proxies_the_address_is_the_one_that_they_have_seen(
    pages: Any, proxies: int, forwarded: str, counts_as: str
) -> None:
    for _ in range(5):
        try_(pages.test_client(), "marie", "wrong", counts_as)
    pages.wsgi_app = ProxyFix(pages.wsgi_app, x_for=proxies, x_proto=0)
    client = pages.test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded

    assert try_(client, "marie", PASSWORD, "10.0.0.1")[0] == 429


# --- when somebody is out ---


def stolen(browser: Browser, pages: Any) -> Browser:
    """Another browser, with a copy of the session's cookie."""
    copy = pages.test_client()
    copy.set_cookie("ivr", browser.client.get_cookie("ivr").value)  # type: ignore[union-attr]
    return Browser(copy)


def test_after_signing_out_a_copy_of_the_cookie_is_worth_nothing(
    browser: Browser, pages: Any
) -> None:
    thief = stolen(browser.sign_in("marie"), pages)
    assert "Marie" in thief.go("/cases").page
    thief = stolen(browser, pages)
    browser.send("/sign-out")

    assert "You were signed out" in thief.go("/cases").page
    assert "Marie" in browser.sign_in("marie").page
    assert "Marie" not in thief.go("/cases").page


@pytest.mark.parametrize("how", ["disabled", "another password", "erased"])
def test_who_loses_their_login_loses_every_session(
    browser: Browser, pages: Any, store: Store, exchange: Exchange, how: str
) -> None:
    thief = stolen(browser.sign_in("marie"), pages)
    known = store.logins.find(id="marie")
    assert known is not None
    match how:
        case "disabled":
            store.logins.change("marie", active=False)
        case "another password":
            store.logins.save(replace(known, hash=hashed("something else"), epoch=known.epoch + 1))
        case _:
            [subject] = [each for each in store.privacy.known_as("marie") if "marie" in each.ids]
            store.privacy.erase(subject, "erased:1", exchange.clock.now())

    assert "Marie" not in thief.go("/cases").page
    assert "Marie" not in browser.go("/cases").page


def test_a_login_has_twenty_sessions_at_most(pages: Any, exchange: Exchange) -> None:
    """Whoever signs in again and again fills nothing."""
    browsers = []
    for _ in range(22):
        browsers.append(Browser(pages.test_client()).sign_in("marie"))
        exchange.wait(1)

    assert [each.go("/cases").status for each in browsers] == [200] * 22
    here = ["Marie" in each.go("/cases").page for each in browsers]
    assert here == [False] * 2 + [True] * 20


def test_roles_that_are_taken_are_gone_with_the_next_click(browser: Browser, store: Store) -> None:
    browser.sign_in("op1")
    assert browser.go("/console").status == 200
    store.logins.change("op1", roles=("engineer",))

    assert browser.go("/console").status == 403


# --- what somebody may leave here ---

CASE = {"subject": "It stops", "description": "Since noon.", "severity": "2", "product": "Viewer",
        "environment": "production"}  # fmt: skip


def logged(store: Store) -> list[str]:
    return [case.number for case in store.cases.of_accounts(["helio"])]


def test_a_form_that_comes_several_times_at_once_logs_one_case(
    browser: Browser, pages: Any, store: Store
) -> None:
    before = logged(store)
    page = browser.sign_in("marie").go("/cases/new").page
    form = {**CASE, "csrf_token": token_of(page), "key": browser.key()}
    cookie = browser.client.get_cookie("ivr")
    assert cookie is not None

    def send(_: int) -> str:
        client = pages.test_client()
        client.set_cookie("ivr", cookie.value)
        return str(client.post("/cases/new", data=form).headers["Location"])

    with ThreadPoolExecutor(6) as pool:
        went = set(pool.map(send, range(6)))

    [number] = set(logged(store)) - set(before)
    assert went == {f"/cases/{number}"}
    assert len(store.case_files.notes(number)) == 1
    assert browser.send("/cases/new", **CASE, key=form["key"]).page.count(number) >= 1
    assert len(logged(store)) == len(before) + 1


def test_two_forms_are_two_cases_though_somebody_gives_them_one_key(
    browser: Browser, pages: Any, store: Store
) -> None:
    before = len(logged(store))
    browser.sign_in("marie").go("/cases/new").send("/cases/new", **CASE, key="1")
    store.logins.save(login("other", "customer", contact="other", accounts=("helio",)))
    other = Browser(pages.test_client()).sign_in("other").go("/cases/new")
    other.send("/cases/new", **CASE, key="1")

    assert len(logged(store)) == before + 2


def test_one_key_for_two_cases_escalates_both(browser: Browser, desk: Desk) -> None:
    """A duty of the one isn't taken for the other's: somebody is told of each."""
    browser.sign_in("marie")
    for number in ("C17349013", "C17349021"):
        browser.go(f"/cases/{number}")
        browser.send(f"/cases/{number}/escalate", key="1", level="M1", callback="+33155500101")
    told = desk.store.duties.all("notify")

    both = {"case:C17349013", "case:C17349021"}
    assert {each.call for each in told if each.owner == "MGR1"} == both


@pytest.fixture
def strict(desk: Desk, store: Store, exchange: Exchange, pages: Any) -> Browser:
    """A customer, where three cases and comments a day are the most."""
    limits = replace(Limits(), cases_day=3, requests_day=3)
    line = replace(desk.line, config=replace(desk.line.config, limits=limits))
    services = build_services(line, store, clock=exchange.clock)
    app = create_pages(services, entrance=Entrance(secret="a secret"))
    return Browser(app.test_client()).sign_in("marie")


def test_a_customer_logs_so_many_cases_a_day_and_hears_what_to_do(
    strict: Browser, store: Store, exchange: Exchange
) -> None:
    before = len(logged(store))
    for _ in range(5):
        key = strict.go("/cases/new").key()
        strict.send("/cases/new", **CASE, key=key)

    assert strict.status == 429
    assert "You have sent 3 of these in the last 24 hours" in strict.page
    assert "Call +33800000001" in strict.page
    assert "Since noon." in strict.page  # what was typed stays
    assert len(logged(store)) == before + 3
    exchange.wait(24 * 3600)
    strict.sign_in("marie").go("/cases/new").send("/cases/new", **CASE)
    assert len(logged(store)) == before + 4


def test_comments_are_limited_and_do_not_use_up_what_an_escalation_needs(
    strict: Browser, store: Store
) -> None:
    for at in range(5):
        strict.go("/cases/C17349013").send("/cases/C17349013/note", text=f"comment {at}")

    assert "Call +33800000001" in strict.page
    assert len(store.case_files.notes("C17349013")) == 3
    strict.send("/cases/C17349013/escalate", level="M1", callback="+33155500101")
    assert len(store.case_files.escalations("C17349013")) == 1


def test_a_form_that_is_sent_again_uses_up_nothing(strict: Browser, store: Store) -> None:
    for _ in range(5):
        strict.go("/cases/C17349013")
        strict.send("/cases/C17349013/note", text="the same", key="k")
        strict.send("/cases/C17349013/note", text="")  # nothing came of it

    assert len(store.case_files.notes("C17349013")) == 1
    strict.send("/cases/C17349013/note", text="another")
    assert len(store.case_files.notes("C17349013")) == 2


@pytest.mark.parametrize(
    ("field", "most"), [("subject", 200), ("product", 100), ("description", 1200)]
)
def test_a_text_that_is_too_long_is_said_beside_its_field(
    browser: Browser, store: Store, field: str, most: int
) -> None:
    before = len(logged(store))
    browser.sign_in("marie").go("/cases/new")
    browser.send("/cases/new", **CASE | {field: "x" * (most + 1)})

    assert browser.status == 422
    assert f"{most} characters are the most" in browser.page
    assert len(logged(store)) == before


# --- who stands in ---


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"delegate": "NOBODY"}, "Choose a delegate from the list"),
        ({"delegate": "MGR1"}, "Choose a delegate from the list"),  # themselves
        ({"hours": "9" * 30}, "Give a whole number of hours"),
        ({"hours": "9000"}, "Give a whole number of hours"),
        ({"hours": "-1"}, "Give a whole number of hours"),
        ({"hours": "٣"}, "Give a whole number of hours"),
        ({"delegate": "MGR3", "hours": "8784"}, "Saved."),
    ],
)
def test_a_status_has_a_delegate_who_exists_and_an_end_that_comes(
    browser: Browser, store: Store, form: dict[str, str], said: str
) -> None:
    browser.sign_in("mgr1").go("/me").send("/me", status="away", **form)

    assert said in browser.page
    person = store.people.get("MGR1")
    assert person is not None
    assert (person.delegate, person.status) == (
        ("MGR3", "away") if said == "Saved." else ("MGR2", "available")
    )


@pytest.mark.parametrize(
    ("what", "field", "most"),
    [
        ("note", "text", 4000),
        ("escalate", "reason", 4000),
        ("wish_severity", "reason", 4000),
        ("declare", "name", 200),
        ("declare", "actions", 1200),
    ],
)
def test_whatever_a_customer_writes_has_a_longest_length(
    browser: Browser, desk: Desk, what: str, field: str, most: int
) -> None:
    form = {"level": "M1", "severity": "1", "callback": "+33155500101", "number": "+33155500101"}
    browser.sign_in("marie").go("/cases/C17349013")
    browser.send(f"/cases/C17349013/{what}", **form | {field: "x" * (most + 1)})

    assert browser.status == 409
    assert f"{most} characters are the most" in browser.page
    assert desk.file("C17349013") == {}
    browser.send(f"/cases/C17349013/{what}", **form | {field: "x" * most})
    assert desk.file("C17349013")
