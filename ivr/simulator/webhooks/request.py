"""One request to an application, as Twilio makes it: form, environ, answer.

What is sent: https://www.twilio.com/docs/usage/security (signature) and
https://www.twilio.com/docs/voice/twiml (parameters). A WSGI application is called directly, with
its response closed before anything else happens; everything else goes over HTTP, in
`ivr.simulator.webhooks.over_http`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlsplit

from ivr.simulator.network.targets import Target, requestable

Headers = list[tuple[str, str]]

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
MAX_BODY = 64 * 1024

# Twilio looks these up; where it knows nothing, "the keys are present with empty values".
PLACES = tuple(
    f"{who}{what}"
    for who in ("Called", "Caller", "From", "To")
    for what in ("City", "Country", "State", "Zip")
)


class HTTPReply(NamedTuple):
    """What came back. When nothing did, ``code`` is Twilio's error and ``error`` says why."""

    status: int
    headers: Headers
    body: bytes
    code: int = 0
    error: str = ""

    def header(self, name: str) -> str:
        """The first header of that (lower-case) name, or ""."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return ""


def failed(code: int, error: str) -> HTTPReply:
    """The reply that stands for none: Twilio's error, and why."""
    return HTTPReply(0, [], b"", code, error)


# ---- parameters --------------------------------------------------------------------------------

_plain = re.compile(r"[0-9A-Za-z_.~-]*").fullmatch
_templates: dict[tuple[str, ...], tuple[tuple[str, ...], str, str]] = {}


@lru_cache(maxsize=8192)
def _quoted(value: str) -> str:
    return value if _plain(value) else quote_plus(value)


def compose(values: Mapping[str, str]) -> tuple[str, str]:
    """Parameters as a form body, with keys in ASCII order, and as the tail of what is signed.

    A call's parameters (those with Caller) also get the empty geographic keys.
    """
    names = tuple(values)
    template = _templates.get(names)
    if template is None:
        template = _templates[names] = _template(names)
    order, body, tail = template
    ordered = tuple(map(values.__getitem__, order))
    encoded = [
        value if value.isalnum() and value.isascii() else _quoted(value) for value in ordered
    ]
    return body % tuple(encoded), tail % ordered


def _template(names: tuple[str, ...]) -> tuple[tuple[str, ...], str, str]:
    if len(_templates) > 1000:  # an application can make up any names
        _templates.clear()
    order = tuple(sorted(names))
    every = sorted({*names, *PLACES}) if "Caller" in names else order
    body = "&".join(
        quote_plus(name).replace("%", "%%") + ("=%s" if name in names else "=") for name in every
    )
    tail = "".join(name.replace("%", "%%") + ("%s" if name in names else "") for name in every)
    return order, body, tail


def refused_for_callbacks(url: str) -> bool:
    """Whether Twilio refuses the URL for status callbacks: its host name has an underscore."""
    return "_" in url and requestable(url) and "_" in (urlsplit(url).hostname or "")


# ---- one attempt ----------------------------------------------------------------------------

FORM = "application/x-www-form-urlencoded; charset=UTF-8"


class HTTPCall(NamedTuple):
    """One attempt, ready to be made, on any thread. Time-outs are in seconds."""

    target: Target
    method: str
    query: str
    body: bytes
    headers: dict[str, str]
    connect: float = CONNECT_SECONDS
    read: float = TOTAL_SECONDS
    total: float = TOTAL_SECONDS


# ---- in process --------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _variable(header: str) -> str:
    """Where a header stands in an environ."""
    return f"HTTP_{header.upper().replace('-', '_')}"


def call_application(call: HTTPCall) -> HTTPReply:
    """Call a WSGI application; its response is read and closed before this returns.

    An application that raises answers 500, as it would behind a server.
    """
    environ = call.target.environ.copy()
    environ["REQUEST_METHOD"] = call.method
    environ["QUERY_STRING"] = call.query
    environ["wsgi.input"] = io.BytesIO(call.body)
    if call.method == "POST":
        environ["CONTENT_TYPE"] = FORM
        environ["CONTENT_LENGTH"] = str(len(call.body))
    for name, value in call.headers.items():
        environ[_variable(name)] = value
    begun: tuple[str, Headers] = ("", [])
    pieces: list[bytes] = []

    def start(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        nonlocal begun
        begun = status, headers
        return pieces.append

    assert call.target.app is not None
    try:
        response = call.target.app(environ, start)
        try:
            pieces.extend(response)
        finally:
            close = getattr(response, "close", None)
            if close is not None:
                close()
        status, headers = begun
        return HTTPReply(int(status[:3]), headers, b"".join(pieces))
    except Exception as error:
        return HTTPReply(500, [], b"", error=f"the application raised {error!r}")
