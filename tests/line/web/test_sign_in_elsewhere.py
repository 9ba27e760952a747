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
from ivr.line.web.pages.sign_in import Provider
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
    elsewhere.claims = {"email": "paul@acme.example", "groups": ["support-managers"], **claims}
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
        ({"email": ""}, 403),
    ],
)
def test_a_token_that_is_not_for_us_or_not_for_that_person_lets_nobody_in(
    browser: Browser, elsewhere: Elsewhere, claims: dict[str, Any], status: int
) -> None:
    sign_in(browser, elsewhere, **claims)

    assert browser.status == status
    assert browser.go("/cases").page.count("Sign in") >= 1


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
