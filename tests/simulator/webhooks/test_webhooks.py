"""One request to an application: what is signed, what is sent, what is made of the answer."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Iterator
from hashlib import md5, sha256
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client

from ivr.simulator import Exchange
from ivr.simulator.network.signing import sign
from ivr.simulator.network.targets import Target
from ivr.simulator.rest.serving.server import RestServer
from ivr.simulator.webhooks.delivery import Jar, Overrides, overrides_of
from ivr.simulator.webhooks.documents import document_of
from ivr.simulator.webhooks.request import (
    HTTPCall,
    HTTPReply,
    call_application,
    compose,
    failed,
)
from ivr.twiml import verbs
from ivr.twiml.verbs import Dial, Gather, Number, Redirect, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network, said

# ---- signature ---------------------------------------------------------------------------------


# docs/usage/security: the documented example
def test_the_documented_signature() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    params = {
        "CallSid": "CA1234567890ABCDE",
        "From": "+14158675310",
        "Digits": "1234",
        "To": "+18005551212",
    }
    tail = "".join(k + v for k, v in sorted({**params, "Caller": "+14158675310"}.items()))

    assert sign(b"12345", url, tail) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), min_size=1, max_size=6)
)
def test_any_form_is_encoded_and_signed_as_the_vendor_expects(values: dict[str, str]) -> None:
    values = {k: v for k, v in values.items() if k.isprintable() and "Caller" not in k}
    values = {k: v.encode("utf-8", "ignore").decode() for k, v in values.items()} or {"a": "b"}

    body, tail = compose(values)

    assert body.isascii()
    assert dict(parse_qsl(body, keep_blank_values=True)) == values
    expected = RequestValidator("secret").compute_signature("https://a.test/", values)
    assert sign(b"secret", "https://a.test/", tail) == expected


# docs/usage/security: voice drops userinfo, and over https the port; over http it keeps the port
@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://user:pass@a.test:8443/x", "https://a.test/x"),
        ("http://user:pass@a.test:5000/x", "http://a.test:5000/x"),
        ("https://a.test/x", "https://a.test/x"),
        ("https://a.test", "https://a.test"),
    ],
)
def test_what_of_a_url_is_signed(url: str, signed: str) -> None:
    assert Target(url, None).signed == signed


# ---- WSGI --------------------------------------------------------------------------------------


def _call(app: Any, method: str = "POST") -> HTTPReply:
    target = Target("https://a.test/p%C3%A9/x", app)
    return call_application(HTTPCall(target, method, "a=1", b"b=2", {"X-Twilio-Signature": "s"}))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_environ_is_proper_wsgi(method: str) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.update(environ)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"fine"]

    reply = _call(validator(app), method)

    assert (reply.status, reply.body) == (200, b"fine"), reply.error
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/pé/x"
    assert seen["QUERY_STRING"] == "a=1"
    assert seen["HTTP_HOST"] == "a.test"
    assert seen["HTTP_USER_AGENT"] == "TwilioProxy/1.1"


def test_an_application_may_write() -> None:
    def app(_environ: Any, start: Any) -> list[bytes]:
        write = start("200 OK", [])
        write(b"one ")
        return [b"two"]

    assert _call(app).body == b"one two"


def test_an_application_that_raises_has_answered_500() -> None:
    def app(_environ: Any, start: Any) -> Any:
        raise RuntimeError("broken")

    assert _call(app).status == 500
    assert "RuntimeError('broken')" in _call(app).error


# ---- documents ---------------------------------------------------------------------------------


def test_a_document_that_has_come_before_is_not_parsed_again() -> None:
    twiml = [("Content-Type", "text/xml")]
    first, again = (
        document_of(HTTPReply(200, twiml, f"<Response><Say>{text}</Say></Response>".encode()), "")
        for text in ("Hello", "Hello")
    )

    assert first is again


def test_what_calls_share_of_a_document_cannot_be_changed() -> None:
    written = [each for each in vars(verbs).values() if dataclasses.is_dataclass(each)]
    kept = [str(field.type) for each in written for field in dataclasses.fields(each)]

    assert written
    assert all(each.__dataclass_params__.frozen for each in written)
    assert not [each for each in kept if re.search(r"\b(list|dict|set|Mapping)\b", each)]


# ---- overrides ---------------------------------------------------------------------------------


# docs/usage/webhooks/webhooks-connection-overrides
def test_overrides_are_read() -> None:
    assert overrides_of("rc=3&rp=5xx,ct&ct=2000&tt=1000") == Overrides(
        3, frozenset({"5xx", "ct"}), 2.0, 15.0, 1.0
    )


@pytest.mark.parametrize("fragment", ["rc=6", "ct=50", "rt=15001", "rp=sometimes", "rc=many", "x"])
def test_overrides_that_twilio_refuses(fragment: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        overrides_of(fragment)


# "one retry, and only after a connect failure; never on a 5xx" unless the policy says so
@pytest.mark.parametrize(
    ("policy", "reply", "again"),
    [
        ("ct", failed(11201, ""), True),
        ("ct", failed(11202, ""), True),
        ("ct", HTTPReply(500, [], b""), False),
        ("ct", failed(11203, ""), False),
        ("5xx", HTTPReply(503, [], b""), True),
        ("4xx", HTTPReply(404, [], b""), True),
        ("rt", failed(11203, ""), True),
        ("all", HTTPReply(404, [], b""), True),
        ("all", HTTPReply(200, [], b""), False),
    ],
)
def test_what_is_tried_again(policy: str, reply: HTTPReply, again: bool) -> None:
    assert Overrides(policy=frozenset({policy})).allows(reply) is again


def test_each_attempt_has_the_same_token() -> None:
    replies = iter([("503 No", [], b""), ("503 No", [], b"")])
    ok = ("200 OK", [("Content-Type", "text/xml")], b"<Response><Say>Hello</Say></Response>")
    exchange, app, caller = network({}, answers={"/voice": lambda p: next(replies, ok)})
    exchange.numbers[LINE].url += "#rc=2&rp=5xx"

    caller.call(LINE)

    assert caller.last_heard == "Hello"
    assert len({h["HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"] for h in app.headers}) == 1
    assert [w.url for w in exchange.requests] == ["https://line.test/voice"] * 3


def test_a_bad_override_is_noted() -> None:
    exchange, _, caller = network({"/voice": (Say("Hello"),)})
    exchange.numbers[LINE].url += "#rc=99"

    caller.call(LINE)

    assert caller.last_heard == "Hello"
    assert [notice.code for notice in exchange.debugger] == [11240]


# "first request goes without Authorization; after a 401 it's repeated with it; stays logged in"
def test_a_url_with_a_password_logs_in_once_a_call() -> None:
    exchange, app, caller = network({})

    def guarded(_params: Any) -> Any:
        if "HTTP_AUTHORIZATION" not in app.headers[-1]:
            return "401 Unauthorized", [("WWW-Authenticate", "Basic")], b""
        return (
            "200 OK",
            [("Content-Type", "text/xml")],
            b"<Response><Redirect>/next</Redirect></Response>",
        )

    app.answers["/voice"] = guarded
    app.pages["/next"] = (Say("In"),)
    exchange.numbers[LINE].url = "https://user:p%40ss@line.test/voice"
    caller.call(LINE)

    assert caller.last_heard == "In"
    given = [h.get("HTTP_AUTHORIZATION") for h in app.headers]
    assert given == [None, "Basic dXNlcjpwQHNz", "Basic dXNlcjpwQHNz"]
    assert {w.url.partition("/")[2] for w in exchange.requests} == {
        "/line.test/voice",
        "/line.test/next",
    }


# docs/usage/security: "HTTP Basic and Digest Authentication"; RFC 7616, checked as a server does
@pytest.mark.parametrize("qop", ["", ', qop="auth,auth-int"'])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_digest_is_answered_for_each_request_anew(algorithm: str, qop: str) -> None:
    exchange, app, caller = network({})
    hashed = {"MD5": md5, "SHA-256": sha256}[algorithm]
    challenge = f'Digest realm="line", nonce="n1", opaque="o", algorithm={algorithm}{qop}'

    def digest(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    def guarded(path: str) -> Any:
        def answer(_params: Any) -> Any:
            given = app.headers[-1].get("HTTP_AUTHORIZATION", "")
            said = {k: v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[\w-]+)', given)}
            who, what = digest("user", "line", "p@ss"), digest("POST", path)
            middle = [said[k] for k in ("nc", "cnonce", "qop")] if qop and said else []
            if said.get("response") != digest(who, "n1", *middle, what):
                return "401 Unauthorized", [("WWW-Authenticate", challenge)], b""
            said_back = b"<Response><Redirect>/next?a=1</Redirect></Response>"
            return "200 OK", [("Content-Type", "text/xml")], said_back

        return answer

    app.answers["/voice"] = guarded("/voice")
    app.answers["/next"] = lambda p: (*guarded("/next?a=1")(p)[:2], b"<Response/>")
    exchange.numbers[LINE].url = "https://user:p%40ss@line.test/voice"
    caller.call(LINE)

    assert [w.status for w in exchange.requests] == [401, 200, 200]


def test_a_way_to_log_in_that_isnt_known_stays_a_401() -> None:
    exchange, _, caller = network(
        {},
        answers={
            "/voice": ("401 No", [("WWW-Authenticate", 'Digest nonce="n", algorithm=X')], b"")
        },
    )
    exchange.numbers[LINE].url = "https://user:pass@line.test/voice"
    caller.call(LINE)

    assert [w.status for w in exchange.requests] == [401]
    assert caller.last_heard.startswith("We are sorry")


# "cookies": one that is taken back isn't sent any more; nonsense isn't kept
def test_cookies_come_and_go() -> None:
    jar = Jar()
    jar.store(
        "a.test", HTTPReply(200, [("Set-Cookie", "one=1; Path=/"), ("Set-Cookie", "two=2")], b"")
    )
    jar.store(
        "a.test", HTTPReply(200, [("Set-Cookie", "one=; Max-Age=0"), ("X-Other", "x=y")], b"")
    )
    jar.store("b.test", HTTPReply(200, [("Set-Cookie", "bad name=1")], b""))

    assert jar.headers("a.test", "POST", "/") == {"Cookie": "two=2"}
    assert jar.headers("b.test", "POST", "/") == {}


# ---- over HTTP ---------------------------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None: ...


@pytest.fixture
def served() -> Iterator[Any]:
    app = App({"/voice": (Gather("menu", num_digits=1, timeout=600, verbs=(Say("Hello"),)),)})
    server = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield app, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_application_anywhere_is_called(served: Any) -> None:
    app, url = served
    app.pages["/menu"] = lambda p: (Say(f"Pressed {p['Digits']}"),)
    exchange = Exchange()
    exchange.number(LINE, f"{url}/voice")
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    caller.press("1")

    assert said(caller) == ["Hello", "Pressed 1"]
    request = exchange.requests[0]
    validator = RequestValidator(exchange.auth_token)
    assert validator.validate(
        request.url, app.seen[0][1], app.headers[0]["HTTP_X_TWILIO_SIGNATURE"]
    )
    exchange.wait(60)
    assert not caller.in_call


# an application that calls the REST API from inside its webhook never deadlocks
@pytest.mark.parametrize("rate", [0, 50])
def test_a_webhook_over_http_may_use_the_api_over_http(served: Any, rate: float) -> None:
    app, url = served
    exchange = Exchange(rate=rate)
    exchange.number(LINE, f"{url}/voice")
    callee, caller = exchange.phone(CALLEE), exchange.phone(CALLER)

    with RestServer(exchange.api) as server:
        client = Client(exchange.account_sid, exchange.auth_token)
        client.api.base_url = server.url

        def menu(_params: Any) -> Any:
            client.calls.create(to=CALLEE, from_=LINE, url=f"{url}/voice", timeout=600)
            client.http_client.session.close()
            return (Say("Ringing"), Gather(timeout=600))

        app.pages["/menu"] = menu
        if rate:
            exchange.start()
        caller.call(LINE)
        at_most = 3000  # of the exchange's time; a minute of ours, at that rate
        exchange.wait_until(lambda: caller.listening, at_most)
        caller.press("1")
        exchange.wait_until(lambda: callee.ringing, at_most)
        exchange.wait_until(lambda: caller.last_heard == "Ringing", at_most)
        exchange.stop()


def test_nobody_there_is_tried_twice_and_then_apologised_for() -> None:
    exchange = Exchange()
    exchange.number(LINE, "http://127.0.0.1:1/voice")
    caller = exchange.phone(CALLER)

    caller.call(LINE)

    assert caller.last_heard.startswith("We are sorry")
    assert [notice.code for notice in exchange.debugger] == [11202]
    assert len(exchange.requests) == 2


def test_a_host_that_does_not_exist() -> None:
    exchange = Exchange()
    exchange.number(LINE, "http://nowhere.invalid/voice")
    exchange.phone(CALLER).call(LINE)

    assert [notice.code for notice in exchange.debugger] == [11210]


def test_an_application_that_takes_too_long(served: Any) -> None:
    app, url = served
    hurry = threading.Event()
    app.pages["/voice"] = lambda p: hurry.wait(60) and (Redirect(),)
    exchange = Exchange()
    exchange.number(LINE, f"{url}/voice#tt=100")
    exchange.phone(CALLER).call(LINE)
    hurry.set()

    assert [notice.code for notice in exchange.debugger] == [11203]


def test_a_url_of_another_kind_is_an_error() -> None:
    exchange, _, caller = network({"/voice": (Redirect("https:///nowhere"),)})

    caller.call(LINE)

    assert [notice.code for notice in exchange.debugger] == [11100]


# "HMAC-SHA256 opt-in through header X-Twilio-Webhooks-Signature-Settings:
# key=webhooks_sharedkey_…,algorithm=HMAC_SHA256"
def test_who_asks_for_it_gets_sha_256() -> None:
    told: list[tuple[str, str]] = []

    def app(environ: Any, start: Any) -> list[bytes]:
        given, settings = (
            environ.get(f"HTTP_X_TWILIO_{name}", "")
            for name in ("SIGNATURE", "WEBHOOKS_SIGNATURE_SETTINGS")
        )
        told.append((given, settings))
        start("200 OK", [("Content-Type", "text/xml")])
        return [b"<Response/>"]

    exchange = Exchange(seed=1)
    exchange.number(LINE, app, "/voice")
    exchange.sign_with("HMAC_SHA256")
    exchange.phone(CALLER).call(LINE)

    ((given, settings),) = told
    assert settings.startswith("key=webhooks_sharedkey_")
    algorithm = get_signature_algorithm(settings)
    (request,) = exchange.requests
    validator = RequestValidator(exchange.auth_token)
    signed = validator.compute_signature(request.url, request.params, algorithm)
    assert (algorithm, given) == ("HMAC_SHA256", signed)
    with pytest.raises(ValueError, match="MD5 isn't one of HMAC_SHA1, HMAC_SHA256"):
        exchange.sign_with("MD5")


# "Host names with _ refused"
def test_a_callback_to_a_host_with_an_underscore_is_refused() -> None:
    dial = Dial((Number(CALLEE, status_callback="https://my_host.test/told"),))
    exchange, _, caller = network({"/voice": (dial,)})
    exchange.phone(CALLEE).will("busy")
    caller.call(LINE)

    assert [(note.code, "underscore" in note.text) for note in exchange.debugger] == [(11100, True)]
    with pytest.raises(TwilioRestException, match="underscore") as refused:
        exchange.client.calls.create(
            to=CALLEE, from_=LINE, twiml="<Response/>", status_callback="https://my_host.test/"
        )
    assert refused.value.code == 21609
