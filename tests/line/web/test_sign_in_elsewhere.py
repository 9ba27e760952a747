"""Signing in through another provider (OpenID Connect), which is played here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from joserfc import jwt
from joserfc.jwk import RSAKey

from ivr.line.records import Login
from ivr.line.store.store import Store
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.pages.provider import Provider
from tests.kit.browser import Browser, login
from tests.kit.desk import Desk

ISSUER = "https://id.example"
ROLES = {"support-managers": "manager", "support-engineers": "engineer"}
KEY, OTHERS_KEY = (RSAKey.generate_key(2048, {"kid": "1"}) for _ in range(2))


class Elsewhere:
    """The provider: says who somebody is, honestly or not."""

    def __init__(self, network: responses.RequestsMock) -> None:
        self.claims: dict[str, Any] = {}
        self.key = KEY
        self.nonce = ""
        self.asked: dict[str, list[str]] = {}
        self.network = network
        about = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        network.add(responses.GET, f"{ISSUER}/.well-known/openid-configuration", json=about)
        keys = {"keys": [KEY.as_dict(private=False)]}
        network.add(responses.GET, f"{ISSUER}/keys", json=keys)
        network.add_callback(responses.POST, f"{ISSUER}/token", self.token)

    def token(self, request: Any) -> Any:
        self.asked = parse_qs(request.body)
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "ivr",
            "sub": "42",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            **self.claims,
        }
        header = {"alg": "RS256", "kid": "1"}
        told = {
            "access_token": "a",
            "token_type": "Bearer",
            "id_token": jwt.encode(header, claims, self.key),
        }
        return 200, {}, json.dumps(told)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        yield Elsewhere(network)


@pytest.fixture
def browser(desk: Desk, store: Store, elsewhere: Elsewhere) -> Browser:
    entrance = Entrance("a secret", provider=Provider(ISSUER, "ivr", "hush", ROLES))
    app = create_pages(desk.services, entrance=entrance)
    return Browser(app.test_client())


def sign_in(browser: Browser, elsewhere: Elsewhere, state: str = "", **claims: Any) -> Browser:
    """Go there, and come back with these claims."""
    sent = browser.client.get("/sign-in/provider")
    asked = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    usual = {"email": "paul@acme.example", "email_verified": True, "groups": ["support-managers"]}
    elsewhere.claims = {**usual, **claims}
    elsewhere.nonce = elsewhere.nonce or asked["nonce"][0]
    return browser.go(f"/sign-in/back?code=abc&state={state or asked['state'][0]}")


def test_an_employee_signs_in_with_their_groups_as_roles(
    browser: Browser, elsewhere: Elsewhere, store: Store
) -> None:
    sign_in(browser, elsewhere)

    assert "Cases" in browser.page
    assert elsewhere.asked["code_verifier"]
    made = store.logins.find(email="paul@acme.example")
    assert made is not None
    assert (made.person, made.roles) == ("MGR1", ("manager",))


def test_a_customer_who_is_known_comes_in_as_such(
    browser: Browser, elsewhere: Elsewhere, store: Store
) -> None:
    marie = Login("m", "marie@helio.example", "Marie", ("customer",), "", "marie", ("helio",))
    store.logins.save(marie)
    sign_in(browser, elsewhere, email="marie@helio.example", groups=[])

    assert "100201" in browser.page


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": "another application"}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"exp": 1}, 401),
        ({"nonce": "somebody else's"}, 401),
        ({"email": "nobody@acme.example"}, 403),
        ({"groups": ["gardeners"]}, 403),
        ({"email": "paul@acme.example", "email_verified": False}, 403),
        ({"email": "paul@acme.example", "email_verified": None}, 403),
        ({"email": "paul@acme.example", "email_verified": "true"}, 403),
        ({"email": "paul@acme.example", "email_verified": 1}, 403),
        ({"email": ""}, 403),
    ],
)
def test_a_token_that_is_not_for_us_or_not_for_that_person_lets_nobody_in(
    browser: Browser, elsewhere: Elsewhere, claims: dict[str, Any], status: int
) -> None:
    sign_in(browser, elsewhere, **claims)

    assert browser.status == status
    assert browser.go("/cases").page.count("Sign in") >= 1


DEEP: Any = []
for _ in range(50):
    DEEP = [DEEP, {"a": DEEP}][:1]
ODD = [None, True, 7, -1.5, "", "x", "x" * 100_000, [], {}, [None, 7, ["x"], {"x": 1}], DEEP,
       "\x00", "a\x00@acme.example", "\ud800", ["\ud800"], {"support-managers": 1}]  # fmt: skip


@pytest.mark.parametrize("claim", ["email", "email_verified", "groups", "roles", "name", "sub"])
def test_odd_claims_let_nobody_in_and_break_nothing(
    browser: Browser, elsewhere: Elsewhere, store: Store, claim: str
) -> None:
    for odd in ODD:
        elsewhere.nonce = ""
        browser.client.delete_cookie("ivr")
        sign_in(browser, elsewhere, **{claim: odd})
        let_in = browser.status == 200
        assert browser.status in {200, 401, 403}, str(odd)[:40]
        assert let_in <= (claim in ("roles", "name", "sub")) or odd is True, str(odd)[:40]
    for each in store.logins.all():
        assert each.roles in ((), ("manager",))
        assert len(each.name) <= 200


@pytest.mark.parametrize("groups", [["support-engineers"], "support-engineers"])
def test_roles_that_the_provider_no_longer_gives_are_dropped(
    browser: Browser, elsewhere: Elsewhere, store: Store, groups: Any
) -> None:
    sign_in(browser, elsewhere, groups=["support-managers", "support-engineers"])
    assert found(store).roles == ("engineer", "manager")
    elsewhere.nonce = ""
    sign_in(browser, elsewhere, groups=groups)

    assert found(store).roles == ("engineer",)


def test_a_group_of_customers_is_the_providers_if_it_has_one(
    desk: Desk, store: Store, elsewhere: Elsewhere
) -> None:
    store.logins.save(Login("m", "marie@helio.example", "Marie", ("customer",), "", "marie"))
    entrance = Entrance("a secret", provider=Provider(ISSUER, "ivr", "x", {"clients": "customer"}))
    browser = Browser(create_pages(desk.services, entrance=entrance).test_client())

    assert sign_in(browser, elsewhere, email="marie@helio.example", groups="clients").status == 200
    elsewhere.nonce = ""
    assert sign_in(browser, elsewhere, email="marie@helio.example", groups=[]).status == 403


@pytest.mark.parametrize("email", ["PAUL@acme.example", "Paul@Acme.Example"])
def test_an_address_is_the_same_in_capitals(
    browser: Browser, elsewhere: Elsewhere, store: Store, email: str
) -> None:
    sign_in(browser, elsewhere, email=email)
    elsewhere.nonce = ""
    sign_in(browser, elsewhere)

    assert [each.person for each in store.logins.all()] == ["MGR1"]


def test_an_address_that_only_looks_the_same_in_capitals_is_another(
    browser: Browser, elsewhere: Elsewhere, store: Store
) -> None:
    """The Kelvin sign becomes a k when it is written small."""
    store.logins.save(Login("k", "kate@acme.example", "Kate", ("manager",), "MGR1"))

    assert sign_in(browser, elsewhere, email="\u212aate@acme.example").status == 403
    assert browser.sign_in("\u212aate").status == 401


def test_who_has_no_role_left_is_out_wherever_they_are_signed_in(
    browser: Browser, elsewhere: Elsewhere, store: Store
) -> None:
    sign_in(browser, elsewhere)
    other = Browser(browser.client.application.test_client())
    elsewhere.nonce = ""
    sign_in(other, elsewhere, groups=["gardeners"])

    assert other.status == 403
    assert found(store).roles == ()
    assert "You were signed out" in browser.go("/me").page


def test_a_provider_that_gives_no_roles_leaves_those_that_were_given_here(
    desk: Desk, store: Store, elsewhere: Elsewhere
) -> None:
    store.logins.save(Login("p", "paul@acme.example", "Paul", ("manager",), "MGR1"))
    entrance = Entrance("a secret", provider=Provider(ISSUER, "ivr", "hush"))
    browser = Browser(create_pages(desk.services, entrance=entrance).test_client())
    sign_in(browser, elsewhere, groups=[])

    assert found(store).roles == ("manager",)


def found(store: Store) -> Login:
    login = store.logins.find(email="paul@acme.example")
    assert login is not None
    return login


@pytest.mark.parametrize(
    ("pages_url", "back"),
    [
        ("", "http://localhost/sign-in/back"),
        ("https://support.example.com", "https://support.example.com/sign-in/back"),
    ],
)
def test_the_provider_sends_people_back_to_the_public_address(
    desk: Desk, elsewhere: Elsewhere, pages_url: str, back: str
) -> None:
    """Behind a proxy that ends TLS the pages are asked for by another address."""
    entrance = Entrance("a secret", provider=Provider(ISSUER, "ivr", "hush", ROLES, pages_url))
    client = create_pages(desk.services, entrance=entrance).test_client()
    sent = client.get("/sign-in/provider")

    assert parse_qs(urlsplit(sent.headers["Location"]).query)["redirect_uri"] == [back]


def test_nobody_waits_for_a_provider_that_never_answers(
    browser: Browser, elsewhere: Elsewhere
) -> None:
    sign_in(browser, elsewhere)

    waits = [call.request.req_kwargs["timeout"] for call in elsewhere.network.calls]
    assert waits == [5, 5, 5]  # what it is, who it means, its keys


def test_a_provider_that_is_down_is_said(desk: Desk) -> None:
    entrance = Entrance("a secret", provider=Provider(ISSUER, "ivr", "hush"))
    browser = Browser(create_pages(desk.services, entrance=entrance).test_client())
    with responses.RequestsMock():  # nothing answers
        browser.go("/sign-in/provider")

    assert browser.status == 503
    assert "Your company's account couldn't be checked." in browser.page


def test_a_forged_signature_or_another_browsers_answer_lets_nobody_in(
    browser: Browser, elsewhere: Elsewhere
) -> None:
    assert sign_in(browser, elsewhere, state="forged").status == 401
    elsewhere.key = OTHERS_KEY

    assert sign_in(browser, elsewhere).status == 401


def test_local_accounts_go_on_working_and_who_is_disabled_stays_out(
    browser: Browser, elsewhere: Elsewhere, store: Store
) -> None:
    """A local administrator, should the provider be down."""
    store.logins.save(login("op1", "operator", person="OP1"))
    assert "Op1" in browser.sign_in("op1").page
    gone = Login("p", "paul@acme.example", "Paul", ("manager",), "MGR1", active=False)
    store.logins.save(gone)

    assert sign_in(browser, elsewhere).status == 403
