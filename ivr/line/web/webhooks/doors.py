"""The two doors to the webhooks, made from one table of paths.

Flask's routes are the plain one, and the oracle: in the tests, requests of every kind, calls and a
day go through both. The short way stands in front of Flask and answers what has a length and is
short, as nearly everything that the carrier sends; whatever else comes goes on to Flask. It saves
about a quarter of a webhook's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from ivr.line.web.webhooks.paths import Asked, Place, Reply
from ivr.line.web.webhooks.webhooks import Webhooks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_REQUEST_BYTES = 1 << 20  # Twilio's own webhooks have about one thousand bytes

_NOT_SIGNED = "not signed by the carrier\n"
_LONGEST = len(str(MAX_REQUEST_BYTES))  # digits of a length


def plain_routes(app: Flask, webhooks: Webhooks) -> None:
    """Add routes of Flask's for every path of the line; few, since each takes its time to make."""
    for place in webhooks.paths.places:
        rule, view = place.rule(), _view(webhooks, place)
        if "" in place.endpoints:
            app.add_url_rule(rule, place.root[0], view, methods=["POST"])
        if below := ", ".join(filter(None, place.endpoints)):
            app.add_url_rule(f"{rule}/<any({below}):what>", place.root[0], view, methods=["POST"])


def _view(webhooks: Webhooks, place: Place) -> Callable[..., Response]:
    def serve(what: str = "", **where: str) -> Response:
        given = request._get_current_object()  # type: ignore[attr-defined]  # looked up once
        asked = Asked(place.endpoints[what], where)
        reply = webhooks.serve(asked, given.environ, given.get_data(cache=False))
        if reply is None:
            return Response(_NOT_SIGNED, 403, mimetype="text/plain")
        response = Response(reply.document, mimetype="text/xml")
        if reply.due is not None:
            due = reply.due
            response.call_on_close(lambda: webhooks.after(due))
        return response

    return serve


def short_way(webhooks: Webhooks, otherwise: WSGIApplication) -> WSGIApplication:
    """A WSGI application that answers the webhooks without Flask; the rest is for ``otherwise``."""
    paths = webhooks.paths

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH", "")
        asked = paths.find(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if asked is None or not _short(length) or "HTTP_TRANSFER_ENCODING" in environ:
            return otherwise(environ, start_response)
        reply = webhooks.serve(asked, environ, environ["wsgi.input"].read(int(length)))
        if reply is None:
            return _sent(start_response, "403 FORBIDDEN", "text/plain", _NOT_SIGNED)
        sent = _sent(start_response, "200 OK", "text/xml", reply.document)
        return sent if reply.due is None else _Then(sent, webhooks, reply)

    return application


def _short(length: str) -> bool:
    return length.isdecimal() and len(length) <= _LONGEST and int(length) <= MAX_REQUEST_BYTES


def _sent(start_response: StartResponse, status: str, kind: str, text: str) -> list[bytes]:
    body = text.encode()
    headers = [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]


class _Then:
    """An answer after which something is due: when the server has sent it, it closes it."""

    def __init__(self, sent: list[bytes], webhooks: Webhooks, reply: Reply) -> None:
        self._sent = sent
        self._webhooks = webhooks
        self._due = reply.due

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._sent)

    def close(self) -> None:
        due, self._due = self._due, None  # once, however often it is closed
        if due is not None:
            self._webhooks.after(due)
