"""An application that runs on this machine, and is reached at a public origin, as by a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import flask
import pytest
from twilio.request_validator import RequestValidator
from werkzeug.middleware.proxy_fix import ProxyFix

from ivr.errors import CallError
from ivr.simulator import Exchange, Handset
from ivr.twiml.verbs import Dial, Gather, Number, Play, Redirect, Say
from tests.kit.small_apps import served
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, said

ORIGIN = "https://line.example"


@pytest.fixture
def running() -> Iterator[Any]:
    """Serves applications over HTTP until the test is over; gives the address of each."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(served(app))


def called(local: str, origin: str = ORIGIN, **more: Any) -> tuple[Exchange, Handset]:
    exchange = Exchange()
    exchange.number(LINE, f"{local}/voice", origin=origin, **more)
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    return exchange, caller


def test_an_application_hears_from_a_proxy_how_it_is_reached(running: Any) -> None:
    """What ngrok, nginx and the hosts' own proxies send."""
    app = App({"/voice": (Say("Hello."),)})
    exchange, caller = called(running(app))
    exchange.wait(10)

    assert said(caller) == ["Hello."]
    assert exchange.requests[0].url == "https://line.example/voice"
    sent = app.headers[0]
    assert sent["HTTP_HOST"] == sent["HTTP_X_FORWARDED_HOST"] == "line.example"
    assert sent["HTTP_X_FORWARDED_PROTO"] == "https"
    assert sent["HTTP_X_FORWARDED_FOR"] == "203.0.113.1"
    assert RequestValidator(exchange.auth_token).validate(
        "https://line.example/voice", app.seen[0][1], sent["HTTP_X_TWILIO_SIGNATURE"]
    )


def test_without_an_origin_an_application_is_reached_where_it_runs(running: Any) -> None:
    app = App({"/voice": (Say("Hello."),)})
    local = running(app)
    exchange = Exchange()
    exchange.number(LINE, f"{local}/voice")
    exchange.phone(CALLER).call(LINE)

    assert exchange.requests[0].url == f"{local}/voice"
    assert not [name for name in app.headers[0] if name.startswith("HTTP_X_FORWARDED")]


def test_every_url_of_the_origin_leads_back(running: Any) -> None:
    """Absolute actions, documents, media, whispers, status callbacks, Locations, REST's URLs."""
    place = ORIGIN
    app = App(
        {
            "/voice": (Gather(f"{place}/key", num_digits=1, verbs=(Play(f"{place}/hello.wav"),)),),
            "/key": (
                Dial(
                    action=f"{place}/dialed",
                    nouns=(
                        Number(
                            CALLEE,
                            url=f"{place}/whisper",
                            status_callback=f"{place}/status",
                        ),
                    ),
                ),
            ),
            "/whisper": (Say("A caller."),),
            "/dialed": (Redirect(f"{place}/moved"),),
            "/last": (Say("Goodbye."),),
            "/reminder": (Say("A reminder."),),
            "/status": "",
        },
        {
            "/moved": ("302 Found", [("Location", f"{place}/last")], b""),
            "/hello.wav": ("200 OK", [("Content-Type", "audio/wav")], b"RIFF" + bytes(40)),
        },
    )
    exchange, caller = called(running(app), status_callback="/status")
    callee = exchange.phone(CALLEE)
    callee.will("answer", hang_up=5)
    caller.press("1")
    exchange.wait(60)

    assert said(caller) == ["Goodbye."]
    assert {"/hello.wav", "/key", "/whisper", "/dialed", "/moved", "/last"} <= set(app.paths)
    assert [each["CallStatus"] for each in app.asked("/status")] == ["completed", "completed"]
    assert {each["HTTP_HOST"] for each in app.headers} == {"line.example"}

    exchange.client.calls.create(to=CALLEE, from_=LINE, url=f"{ORIGIN}/reminder")
    exchange.wait(30)

    assert "A reminder." in said(callee)
    exchange.strict()


def test_a_fallback_of_the_origin_answers(running: Any) -> None:
    app = App(
        {"/fallback": (Say("Please call again."),)},
        {"/voice": ("500 Internal Server Error", [], b"")},
    )
    _, caller = called(running(app), fallback="/fallback")

    assert said(caller) == ["Please call again."]


def test_cookies_belong_to_the_origin(running: Any) -> None:
    """Twilio keeps cookies per call. (docs/voice/twiml)"""
    app = App(
        {"/next": (Say("Again."),)},
        {
            "/voice": (
                "200 OK",
                [("Content-Type", "text/xml"), ("Set-Cookie", "basket=3; Secure; Path=/")],
                b"<Response><Redirect>/next</Redirect></Response>",
            )
        },
    )
    called(running(app))

    assert app.headers[1]["HTTP_COOKIE"] == "basket=3"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_other_scheme_leads_to_the_same_application(running: Any, scheme: str) -> None:
    """As at most hosts; it is requested, signed and forwarded as the URL says."""
    other = "http" if scheme == "https" else "https"
    app = App({"/voice": (Redirect(f"{other}://line.example/next"),), "/next": (Say("There."),)})
    port = {"https": 443, "http": 80}[scheme]
    exchange, caller = called(running(app), origin=f"{scheme}://LINE.example:{port}/")

    assert said(caller) == ["There."]
    assert exchange.requests[0].url == f"{scheme}://line.example/voice"
    assert [each["HTTP_X_FORWARDED_PROTO"] for each in app.headers] == [scheme, other]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_twilio_cant_reach_the_local_address(running: Any, name: str) -> None:
    """ "Webhook requests can't be sent to a private or local URL directly."
    (https://www.twilio.com/docs/api/errors/11100)"""
    app = App({"/voice": lambda _: (Redirect(f"http://{name}:{port}/next"),)})
    local = running(app)
    port = local.rpartition(":")[2]
    exchange, caller = called(local)

    assert said(caller) == ["We are sorry, an application error has occurred. Goodbye."]
    assert [(each.code, each.text) for each in exchange.debugger] == [
        (
            11100,
            f"http://{name}:{port}/next is on this machine, where Twilio can't reach it: the"
            " application's origin is https://line.example",
        )
    ]


def test_two_applications_on_one_network(running: Any) -> None:
    """Each has its origin, and one may send a call to the other."""
    first = App({"/voice": (Say("First."), Redirect("https://second.example/voice"))})
    second = App({"/voice": (Say("Second."),)})
    exchange = Exchange()
    exchange.number(LINE, f"{running(first)}/voice", origin="https://first.example")
    exchange.number("+33800000002", f"{running(second)}/voice", origin="https://second.example")
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    exchange.wait(10)

    assert said(caller) == ["First.", "Second."]
    assert [app.headers[0]["HTTP_HOST"] for app in (first, second)] == [
        "first.example",
        "second.example",
    ]


def test_an_application_without_a_number_is_mounted(running: Any) -> None:
    app = App({"/hold": (Say("Please hold."),)})
    exchange = Exchange()
    exchange.mount("https://hold.example", running(app))
    exchange.number(LINE, App({"/voice": (Redirect("https://hold.example/hold"),)}), "/voice")
    caller = exchange.phone(CALLER)
    caller.call(LINE)

    assert said(caller) == ["Please hold."]


def test_a_number_finds_the_origin_of_what_is_mounted(running: Any) -> None:
    local = running(App({"/voice": (Say("Hello."),)}))
    exchange = Exchange()
    exchange.origin = "https://another.example"
    exchange.mount(ORIGIN, local)

    assert exchange.number(LINE, f"{local}/voice?a=1").url == "https://line.example/voice?a=1"


def test_an_exchange_has_an_origin_for_its_numbers(running: Any) -> None:
    local = running(App({"/voice": (Say("Hello."),)}))
    exchange = Exchange()
    exchange.origin = ORIGIN

    assert exchange.number(LINE, f"{local}/voice", sms="/sms").sms_url == f"{ORIGIN}/sms"
    with pytest.raises(CallError, match="another application is already reached at https://line"):
        exchange.number("+33800000002", App({}), "/voice")


def test_a_user_name_and_password_stay(running: Any) -> None:
    exchange = Exchange()
    local = running(App({})).replace("http://", "http://ann:secret@")
    row = exchange.number(LINE, f"{local}/voice", origin=ORIGIN)

    assert row.url == "https://ann:secret@line.example/voice"


@pytest.mark.parametrize(
    "origin", ["line.example", "https://line.example/voice", "ftp://line.example", "https://a@b"]
)
def test_what_isnt_an_origin_is_refused(origin: str) -> None:
    with pytest.raises(CallError, match="write a scheme and a host, such as https"):
        Exchange().number(LINE, App({}), "/voice", origin=origin)


def test_what_isnt_a_url_is_refused() -> None:
    with pytest.raises(CallError, match="'localhost:3000/voice' isn't a URL such as http://local"):
        Exchange().number(LINE, "localhost:3000/voice")


def test_flask_behind_a_proxy_builds_urls_and_checks_signatures(running: Any) -> None:
    """Flask's own advice for an application behind a proxy, unmodified."""
    app = flask.Flask("line")
    app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1)  # type: ignore[method-assign]
    exchange = Exchange()

    @app.post("/voice", endpoint="voice")
    @app.post("/key", endpoint="key")
    def answer() -> str:
        request = flask.request
        validator = RequestValidator(exchange.auth_token)
        if not validator.validate(request.url, request.form, request.headers["X-Twilio-Signature"]):
            flask.abort(403)
        if request.path == "/key":
            return f"<Response><Say>From {request.remote_addr}.</Say></Response>"
        key = flask.url_for("key", _external=True)
        return f'<Response><Gather numDigits="1" action="{key}"><Say>Key?</Say></Gather></Response>'

    exchange.number(LINE, f"{running(app)}/voice", origin=ORIGIN)
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    caller.press("1")
    exchange.wait(10)

    assert said(caller) == ["Key?", "From 203.0.113.1."]
    assert [each.url for each in exchange.requests] == [f"{ORIGIN}/voice", f"{ORIGIN}/key"]
    exchange.strict()


@pytest.mark.parametrize("url", ["http://localhost:5000/next", "http://127.0.0.1/next"])
def test_an_application_in_process_cannot_send_twilio_to_this_machine(url: str) -> None:
    """Something else may well run there while somebody tests."""
    exchange = Exchange(seed=1)
    exchange.number(
        LINE, App({"/voice": f"<Response><Redirect>{url}</Redirect></Response>"}), "/voice"
    )
    exchange.phone(CALLER).call(LINE)

    (noted,) = exchange.debugger
    assert noted.code == 11100
    assert noted.text == (
        f"{url} is on this machine, where Twilio can't reach it: the application's origin is"
        " https://line.test"
    )
