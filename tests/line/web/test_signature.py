"""Whether a webhook comes from the carrier; the vendor's own validator is the oracle."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from werkzeug.datastructures import MultiDict

from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.line.web.webhooks.signature import Signature

TOKEN = "12345"
ORIGIN = "https://example.com"
SIGNED_WITH_256 = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"

FORM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675310"),
    ("Digits", "1234"),
    ("From", "+14158675310"),
    ("To", "+18005551212"),
]

# Short names, so that some come twice; separators, and what a form must quote.
texts = st.text(st.one_of(st.sampled_from("&=%+ \r\n26Dd~é中🎉"), st.characters(codec="utf-8")))
forms = st.lists(st.tuples(st.sampled_from("abAB") | texts, texts), max_size=8)


def sign(url: str, form: Any, algorithm: str = "HMAC_SHA1", token: str = TOKEN) -> str:
    signed: str = RequestValidator(token).compute_signature(url, MultiDict(form), algorithm)
    return signed


# ---- the signature alone -----------------------------------------------------------------------


# https://www.twilio.com/docs/usage/security: the documented example
def test_the_documented_signature() -> None:
    checks = Signature(TOKEN, "https://example.com")

    assert checks.valid("/myapp.php?foo=1&bar=2", FORM, "L/OH5YylLD5NRKLltdqwSvS0BnU=")
    assert not checks.valid("/myapp.php?foo=1&bar=3", FORM, "L/OH5YylLD5NRKLltdqwSvS0BnU=")


@given(form=forms, algorithm=st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]))
def test_any_form_is_judged_as_the_vendor_judges_it(
    form: list[tuple[str, str]], algorithm: str
) -> None:
    checks, header = Signature(TOKEN, ORIGIN), f"algorithm={algorithm}"
    signature = sign(f"{ORIGIN}/voice?turn=1", form, algorithm)

    assert checks.valid("/voice?turn=1", form, signature, header)
    assert checks.valid("/voice?turn=1", reversed(form), signature, header)
    assert not checks.valid("/voice?turn=2", form, signature, header)
    assert not checks.valid("/voice?turn=1", [*form, ("more", "1")], signature, header)


# The vendor's validator accepts a URL with and without its port.
@pytest.mark.parametrize(
    ("public", "signed"),
    [
        ("https://a.test", "https://a.test/x"),
        ("https://a.test", "https://a.test:443/x"),
        ("https://a.test/", "https://a.test/x"),
        ("https://a.test:8443", "https://a.test:8443/x"),
        ("https://a.test:8443", "https://a.test/x"),
        ("http://a.test", "http://a.test/x"),
        ("http://a.test", "http://a.test:80/x"),
        ("http://a.test:5000", "http://a.test:5000/x"),
        ("http://a.test:5000", "http://a.test/x"),
        ("https://a.test/tel/ivr", "https://a.test/tel/ivr/x"),
        ("https://Line.Test", "https://Line.Test/x"),
        ("http://[::1]:5000", "http://[::1]:5000/x"),
    ],
)
def test_both_forms_of_the_port_are_accepted(public: str, signed: str) -> None:
    assert Signature(TOKEN, public).valid("/x", FORM, sign(signed, FORM))


@pytest.mark.parametrize(
    "signed", ["https://a.test:8443/x", "http://a.test/x", "https://b.test/x", "https://a.test/y"]
)
def test_another_address_is_refused(signed: str) -> None:
    assert not Signature(TOKEN, "https://a.test").valid("/x", FORM, sign(signed, FORM))


# docs/usage/security: voice requests are signed without user name and password
def test_user_name_and_password_are_not_signed() -> None:
    checks = Signature(TOKEN, "https://user:pass@a.test:8443/tel")

    assert checks.valid("/x", FORM, sign("https://a.test/tel/x", FORM))
    assert checks.url("/x") == "https://a.test/tel/x"


def test_empty_values_and_repeated_names() -> None:
    form = [("b", ""), ("a", "2"), ("a", "1"), ("a", "2"), ("", "")]

    assert Signature(TOKEN, ORIGIN).valid("/x", form, sign(f"{ORIGIN}/x", form))


@pytest.mark.parametrize(
    ("header", "algorithm"),
    [
        ("", "HMAC_SHA1"),
        ("key=webhooks_sharedkey_1", "HMAC_SHA1"),
        ("algorithm=", "HMAC_SHA1"),
        (SIGNED_WITH_256, "HMAC_SHA256"),
        ("algorithm = hmac_sha256 ,key=1", "HMAC_SHA256"),
        ("algorithm=,algorithm=HMAC_SHA256", "HMAC_SHA256"),
    ],
)
def test_the_algorithm_is_the_headers(header: str, algorithm: str) -> None:
    checks = Signature(TOKEN, ORIGIN)
    other = "HMAC_SHA1" if algorithm == "HMAC_SHA256" else "HMAC_SHA256"

    assert checks.valid("/x", FORM, sign(f"{ORIGIN}/x", FORM, algorithm), header)
    assert not checks.valid("/x", FORM, sign(f"{ORIGIN}/x", FORM, other), header)


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ("", ""),
        ("no signature", ""),
        ("é", ""),
        (sign(f"{ORIGIN}/x", FORM, token="54321"), ""),
        (sign(f"{ORIGIN}/x", FORM), "algorithm=HMAC_MD5"),
    ],
)
def test_what_is_not_known_is_refused(given: str, header: str) -> None:
    assert not Signature(TOKEN, ORIGIN).valid("/x", FORM, given, header)


# docs/usage/security: of a body that is no form, the query says the SHA-256
def test_a_body_that_is_no_form_is_signed_by_its_hash() -> None:
    body, checks = json.dumps({"CallSid": "CA1"}), Signature(TOKEN, ORIGIN)
    target = f"/x?bodySHA256={sha256(body.encode()).hexdigest()}"
    signature = sign(ORIGIN + target, {})

    assert RequestValidator(TOKEN).validate(ORIGIN + target, body, signature)
    assert checks.valid(target, (), signature, body=body.encode())
    assert not checks.valid(target, (), signature, body=body.encode() + b" ")
    assert not checks.valid("/x", (), sign(f"{ORIGIN}/x", {}), body=body.encode())


# ---- at the door -------------------------------------------------------------------------------


def served(store: Store, line: Line, public_url: str) -> Flask:
    return create_app(
        build_services(line, store, twilio=Client("AC1", TOKEN), public_url=public_url)
    )


@pytest.fixture(scope="module")
def app(escalation: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The line where nothing is asked of its database."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('door') / 'ivr.db'}")
    yield served(store, escalation, ORIGIN)
    store.close()


FALLBACK = "/voice/escalation/fallback"


@settings(max_examples=60)
@given(form=forms, query=forms)
def test_whatever_is_posted_is_read_as_it_was_signed(
    app: Flask, form: list[tuple[str, str]], query: list[tuple[str, str]]
) -> None:
    target = f"{FALLBACK}?{urlencode(query)}" if query else FALLBACK
    headers = {"X-Twilio-Signature": sign(ORIGIN + target, form)}

    def posted(body: str) -> int:
        kind = "application/x-www-form-urlencoded; charset=UTF-8"
        answer = app.test_client().post(target, data=body, content_type=kind, headers=headers)
        return answer.status_code

    assert posted(urlencode(form)) == 200
    assert posted(urlencode([*form, ("a", "forged")])) == 403


def test_a_refused_webhook_names_the_url_that_was_expected(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong public URL is found by reading the log, where nothing personal stands."""
    signature = sign("https://other.test/voice/escalation", FORM)
    with caplog.at_level(logging.WARNING):
        answer = app.test_client().post(
            "/voice/escalation?turn=1",
            data=dict(FORM),
            headers={"X-Twilio-Signature": signature, "Host": "other.test"},
        )

    assert answer.status_code == 403
    assert "Response" not in answer.text
    assert "https://example.com/voice/escalation?turn=1" in caplog.text
    assert "+14158675310" not in caplog.text


def test_a_webhook_without_a_signature_is_refused(app: Flask) -> None:
    assert app.test_client().post(FALLBACK, data=dict(FORM)).status_code == 403


def test_a_form_of_unknown_length_is_read_too(app: Flask) -> None:
    """A proxy may pass a request on in chunks."""
    answer = app.test_client().post(
        FALLBACK,
        input_stream=BytesIO(urlencode(FORM).encode()),
        headers={"X-Twilio-Signature": sign(ORIGIN + FALLBACK, FORM)},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert answer.status_code == 200


def test_a_form_that_never_ends_is_refused(app: Flask) -> None:
    form = [("a", "x" * (2 << 20))]
    headers = {"X-Twilio-Signature": sign(ORIGIN + FALLBACK, form)}

    assert app.test_client().post(FALLBACK, data=dict(form), headers=headers).status_code == 413


def test_behind_a_proxy_the_paths_begin_with_its_prefix(store: Store, escalation: Line) -> None:
    """The proxy takes the prefix away; Twilio signs with it, and must be sent back to it."""
    app, url = served(store, escalation, "https://a.test/tel/"), "https://a.test/tel"
    headers = {"X-Twilio-Signature": sign(f"{url}/voice/escalation", FORM)}
    inner = app.test_client().post("/voice/escalation", data=dict(FORM), headers=headers)

    assert inner.status_code == 200
    assert 'action="/tel/voice/escalation?turn=2"' in inner.text
