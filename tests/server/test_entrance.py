"""What the settings of the pages must be before they are opened to people."""

from __future__ import annotations

import re
from secrets import token_hex, token_urlsafe

import pytest

from ivr.errors import SettingsError
from ivr.line.store.store import Store
from ivr.server import entrance, processes
from ivr.server.settings import Settings
from tests.kit.browser import PASSWORD, login
from tests.kit.commands import ivr

GOOD = "f3Yk-0Zp9_QmW7tXbR2sLd8VhJ4nCg6A"


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("x", "has 1 characters"),
        (GOOD[:31], "has 31 characters"),
        ("ab" * 40, "is the same few characters again and again"),
        (GOOD[:16] * 2, "is the same few characters again and again"),
        ("a" * 63 + "b", "has only 2 different characters"),
        ("this is my secret, and it is a long one", "has 'secret' in it"),
        ("CHANGEME-please-before-it-is-too-late", "has 'changeme' in it"),
        ("192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", "has '192b"),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused_before_anything_starts(
    secret: str, why: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IVR_SECRET_KEY", secret)
        refused = ivr("pages")

    assert refused.exit_code == 3
    assert f"IVR_SECRET_KEY {why}" in refused.output
    assert "secrets.token_urlsafe(48)" in refused.output


def test_a_secret_that_was_made_as_it_says_is_taken() -> None:
    for _ in range(200):
        for secret in (token_urlsafe(48), token_hex(16), GOOD):
            assert entrance.guessable(secret) == ""


@pytest.mark.parametrize("written", ["one", "-1", "1.5", "٣", "999", "127.0.0.1"])
def test_proxies_are_a_number(written: str) -> None:
    with pytest.raises(SettingsError, match="IVR_TRUSTED_PROXIES is"):
        entrance.check(Settings(secret_key=GOOD, trusted_proxies=written))


@pytest.mark.parametrize(
    "address", ["support.example.com", "ftp://x", "https://", "https://x/pages", "https://x?a=b"]
)
def test_the_address_of_the_pages_is_one(address: str) -> None:
    with pytest.raises(SettingsError, match="IVR_PAGES_URL is"):
        entrance.check(Settings(secret_key=GOOD, pages_url=address))


def test_a_provider_needs_the_public_address_of_the_pages() -> None:
    with pytest.raises(SettingsError, match="IVR_PAGES_URL"):
        entrance.check(
            Settings(
                secret_key=GOOD,
                oidc_issuer="https://id.example",
                oidc_client_id="ivr",
                oidc_client_secret="hush",
            )
        )
    assert entrance.pages_origin(Settings(pages_url="https://x.example/")) == "https://x.example"


def test_pages_as_they_are_served_trust_their_proxies_and_keep_cookies_to_https(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings, from the environment to the answer."""
    store.logins.save(login("op1", "operator", person="OP1"))
    for name, value in {
        "IVR_DATABASE": store.connections.url,
        "IVR_SECRET_KEY": GOOD,
        "IVR_TRUSTED_PROXIES": "1",
        "IVR_PAGES_URL": "https://support.example.com",
    }.items():
        monkeypatch.setenv(name, value)
    served = processes.pages()

    def tries(address: str, password: str) -> int:
        client = served.app.test_client()
        client.environ_base["HTTP_X_FORWARDED_FOR"] = f"192.0.2.1, {address}"
        page = client.get("/sign-in", base_url="https://support.example.com")
        assert "Secure" in page.headers["Set-Cookie"]
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found
        form = {"csrf_token": found.group(1), "email": "op1@acme.example", "password": password}
        there = "https://support.example.com"
        headers = {"Referer": f"{there}/sign-in"}
        answer = client.post("/sign-in", data=form, base_url=there, headers=headers)
        return answer.status_code

    assert [tries("203.0.113.9", "wrong") for _ in range(6)] == [401] * 5 + [429]
    assert tries("203.0.113.9", PASSWORD) == 429
    assert tries("198.51.100.7", PASSWORD) == 302
    served.close()
