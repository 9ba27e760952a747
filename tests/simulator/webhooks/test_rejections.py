"""An application that can't be called: what is wrong, where, and what to do, as a user reads it."""

from __future__ import annotations

import datetime as dt
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from ivr.simulator import Exchange, program
from ivr.simulator.programs import ProgramError
from ivr.simulator.webhooks.answers import first_words
from ivr.simulator.webhooks.over_http import unreachable
from tests.kit.commands import ivr
from tests.kit.small_apps import served
from tests.kit.twiml_app import CALLER, LINE, App

SIGN_IN = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title><style>p { color: red }</style></head>"
    b"<body><br><p>Welcome to Acme &amp; Co.</p><script>go()</script></body></html>"
)


def noted(url: str, **more: Any) -> tuple[int, str]:
    """The code and the words of what goes wrong when the line is called."""
    exchange = Exchange()
    exchange.number(LINE, url, **more)
    exchange.phone(CALLER).call(LINE)
    exchange.wait(1)
    [notice] = exchange.debugger
    return notice.code, notice.text


@contextmanager
def with_certificate(authority: trustme.CA, name: str, folder: Path, **more: Any) -> Iterator[str]:
    """The address of a server on this machine that has a certificate for this name."""
    certificate = authority.issue_cert(name, **more)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    class Voice(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b"<Response><Say>Hello.</Say></Response>"
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Voice)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_application_that_isnt_up() -> None:
    assert noted("http://127.0.0.1:1/voice") == (
        11202,
        "nothing listens at 127.0.0.1:1: is the application running, and at this port?",
    )


def test_an_application_that_isnt_up_behind_its_origin() -> None:
    """What is asked is where it runs, and that is what is wrong."""
    code, text = noted("http://127.0.0.1:1/voice", origin="https://line.example")

    assert (code, text.partition(":")[0]) == (11202, "nothing listens at 127.0.0.1")


def test_a_host_that_doesnt_exist() -> None:
    code, text = noted("https://line.invalid/voice")

    assert code == 11210
    assert text.startswith("no host is named line.invalid: is it spelled right? If the application")


def test_a_certificate_that_isnt_trusted(tmp_path: Path) -> None:
    """11237: "could not find path to certificate"."""
    with with_certificate(trustme.CA(), "localhost", tmp_path) as url:
        code, text = noted(f"{url}/voice")
        shown = ivr("phone", f"{url}/voice", "--press", "1", "--rest-port", "0")

    assert code == 11237
    assert text.startswith(f"the certificate of {url.removeprefix('https://')} isn't trusted (")
    assert text.endswith("test http:// and pass its public address as origin (--origin)")
    assert (shown.exit_code, shown.output) == (3, f"Error: {text}\n")


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("another.example", {}, 11235),
        ("localhost", {"not_after": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, 11236),
    ],
)
def test_a_certificate_of_another_host_or_that_has_expired(
    name: str, more: dict[str, Any], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """11235: "domain mismatch"; 11236: "certificate expired"."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with with_certificate(authority, name, tmp_path, **more) as url:
        assert noted(f"{url}/voice")[0] == code


def test_a_local_certificate_behind_an_origin_isnt_looked_at(tmp_path: Path) -> None:
    """What Twilio sees is the proxy's."""
    with with_certificate(trustme.CA(), "localhost", tmp_path) as url:
        exchange = Exchange()
        exchange.number(LINE, f"{url}/voice", origin="https://line.example")
        caller = exchange.phone(CALLER)
        caller.call(LINE)

        assert caller.last_heard == "Hello."


def test_https_where_http_is_spoken() -> None:
    with served(App({})) as url:
        code, text = noted(f"{url.replace('http:', 'https:')}/voice")

    assert (code, text) == (
        11220,
        f"{url.removeprefix('http://')} doesn't speak https: is its address {url}?",
    )


def test_http_where_https_is_spoken(tmp_path: Path) -> None:
    with with_certificate(trustme.CA(), "localhost", tmp_path) as url:
        _, text = noted(f"{url.replace('https:', 'http:')}/voice")

    assert "does it expect https://?" in text


def test_a_page_instead_of_twiml() -> None:
    """A sign-in, or a framework's error page."""
    app = App({}, {"/voice": ("200 OK", [("Content-Type", "text/html; charset=utf-8")], SIGN_IN)})
    with served(app) as url:
        code, text = noted(f"{url}/voice")

    assert code in (12100, 12102)
    assert text == (
        "the answer is an HTML page, not TwiML: HTTP 200 (text/html: “Sign in Welcome to Acme & "
        "Co.”)"
    )


def test_a_redirect_to_a_page_says_where_it_led() -> None:
    found = ("302 Found", [("Location", "/login")], b"")
    app = App({}, {"/voice": found, "/login": ("200 OK", [("Content-Type", "text/html")], SIGN_IN)})
    with served(app) as url:
        _, text = noted(f"{url}/voice")

    led = f"(HTTP 302 from {url}/voice led to {url}/login)"
    assert text.endswith(f"“Sign in Welcome to Acme & Co.”) {led}")


def test_a_redirect_to_https_names_the_origin() -> None:
    """What Django's SECURE_SSL_REDIRECT and its like do with a request that isn't forwarded."""
    app = App({}, {})
    with served(app) as url:
        secure = url.replace("http:", "https:") + "/voice"
        app.answers["/voice"] = ("301 Moved Permanently", [("Location", secure)], b"")
        _, text = noted(f"{url}/voice")

    assert text.endswith(
        f"(HTTP 301 from {url}/voice led to {secure}; if the application insists on https, pass "
        "its public address as origin (--origin))"
    )


@pytest.mark.parametrize(
    ("status", "headers", "body", "text"),
    [
        ("404 Not Found", [], b"no such page", "HTTP 404 (“no such page”); is the path right?"),
        (
            "405 Method Not Allowed",
            [("Allow", "GET, HEAD")],
            b"",
            "HTTP 405, an empty answer; it takes GET, HEAD only",
        ),
        ("500 Internal Server Error", [], b"", "HTTP 500, an empty answer"),
        (
            "400 Bad Request",
            [],
            b"DisallowedHost",
            "HTTP 400 (“DisallowedHost”); does it answer for this host (in Django: "
            "ALLOWED_HOSTS)? Its number's origin decides",
        ),
        (
            "403 Forbidden",
            [],
            b"CSRF verification failed.",
            "HTTP 403 (“CSRF verification failed.”); webhooks come from elsewhere: exempt their "
            "views from the check for CSRF",
        ),
        (
            "403 Forbidden",
            [],
            b"bad signature",
            "HTTP 403 (“bad signature”); if it checks signatures, it needs this account's auth "
            "token, and the URL that is signed is the one that it sees or its origin (--origin)",
        ),
    ],
)
def test_a_status_says_what_came_with_it(
    status: str, headers: list[Any], body: bytes, text: str
) -> None:
    with served(App({}, {"/voice": (status, headers, body)})) as url:
        assert noted(f"{url}/voice") == (11200, text)


def test_json_instead_of_twiml() -> None:
    answer = ("200 OK", [("Content-Type", "application/json")], b'{"detail": "hello"}')
    with served(App({}, {"/voice": answer})) as url:
        code, text = noted(f"{url}/voice")

    assert code == 12300
    assert text.endswith('is neither TwiML nor audio: “{"detail": "hello"}”')


def test_the_first_words_are_short() -> None:
    assert first_words(b"many words " * 30, most=20) == "many words many word …"


def test_a_port_that_is_in_use_isnt_taken_for_the_program() -> None:
    """Whoever listens there would answer the calls instead."""
    with served(App({})) as url:
        port = int(url.rpartition(":")[2])
        with (
            pytest.raises(ProgramError, match=f"another program already uses port {port}; stop"),
            program("node line.js", port=port),
        ):
            pass


def test_what_can_be_reached_isnt_complained_about() -> None:
    with served(App({})) as url:
        assert unreachable(f"{url}/voice") == ""
