"""A small WSGI application for tests of the network: paths to verbs, or other answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from ivr.simulator import Exchange, Handset
from ivr.twiml.writing import render
from tests.kit.rest_shapes import check

CALLER = "+33155500101"
CALLEE = "+33155500011"
LINE = "+33800000001"


class App:
    """``App({"/voice": (Say("Hello"),)})``; a value is verbs, XML, or a function of the parameters.

    ``answers`` holds (status, headers, body) for paths that don't answer 200 with TwiML. ``seen``
    is every (path, parameters) that came, and ``closed`` counts responses that were closed.
    """

    def __init__(self, pages: dict[str, Any], answers: dict[str, Any] | None = None) -> None:
        self.pages = pages
        self.answers = answers or {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        text = environ["wsgi.input"].read(length).decode() or environ["QUERY_STRING"]
        params = dict(parse_qsl(text, keep_blank_values=True))
        self.seen.append((path, params))
        self.headers.append({k: v for k, v in environ.items() if k.startswith("HTTP_")})
        status, headers, body = self.answer(path, params)
        start(status, headers)
        return Body(self, body)

    def answer(self, path: str, params: dict[str, str]) -> tuple[str, list[Any], bytes]:
        if path in self.answers:
            made = self.answers[path]
            status, headers, body = made(params) if callable(made) else made
            return status, list(headers), body
        page = self.pages[path]
        page = page(params) if callable(page) else page
        xml = page if isinstance(page, str) else render(page)
        return "200 OK", [("Content-Type", "text/xml")], xml.encode()

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of each request for a path."""
        return [params for seen, params in self.seen if seen == path]

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]


class Body:
    """A response that notices being closed."""

    def __init__(self, app: App, body: bytes) -> None:
        self.app, self.body = app, body

    def __iter__(self) -> Any:
        return iter([self.body])

    def close(self) -> None:
        self.app.closed += 1


def network(pages: dict[str, Any], **options: Any) -> tuple[Exchange, App, Handset]:
    """An exchange whose one number leads to ``/voice`` of an `App`, and a caller."""
    answers = options.pop("answers", None)
    exchange = Exchange(seed=1)
    exchange.taps.append(check)
    app = App(pages, answers)
    exchange.number(LINE, app, "/voice", **options)
    return exchange, app, exchange.phone(CALLER)


def said(phone: Handset) -> list[str]:
    """The texts that were said to a phone."""
    return [u.text for u in phone.heard if u.kind == "say"]
