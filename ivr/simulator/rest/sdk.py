"""The HTTP client that lets an unmodified ``twilio.rest.Client`` talk to an exchange in process."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from ivr.simulator.rest.api import dumps

if TYPE_CHECKING:
    from ivr.simulator.exchange import Exchange

log = logging.getLogger("ivr.simulator.rest.api")
BROKEN = {
    "429": (
        429,
        '{"code":20429,"message":"Too Many Requests","status":429,'
        '"more_info":"https://www.twilio.com/docs/errors/20429"}',
    ),
    "500": (
        500,
        '{"code":20500,"message":"Internal Server Error","status":500,'
        '"more_info":"https://www.twilio.com/docs/errors/20500"}',
    ),
    "malformed": (200, "<html><body>Bad gateway</body></html>"),
}


class RestRequest(NamedTuple):
    """A request to the REST API; ``outcome`` is (status, body), None if the client saw nothing."""

    at: datetime
    method: str
    path: str
    values: dict[str, list[str]]
    outcome: tuple[int, str] | None


def http_client(exchange: Exchange) -> Any:
    """A ``twilio.http.HttpClient`` over the exchange; failures on purpose included."""
    from requests.exceptions import ReadTimeout
    from twilio.http import HttpClient
    from twilio.http.response import Response

    class ExchangeClient(HttpClient):  # type: ignore[misc]
        """Carries requests to `Exchange.api` instead of to api.twilio.com."""

        def request(
            self,
            method: str,
            uri: str,
            params: dict[str, object] | None = None,
            data: dict[str, object] | None = None,
            headers: dict[str, str] | None = None,
            auth: tuple[str, str] | None = None,
            timeout: float | None = None,
            allow_redirects: bool = False,
        ) -> Response:
            values = as_lists(params, data, urlsplit(uri).query)
            path = urlsplit(uri).path
            outcome = exchange.ask(lambda: answer(exchange, method, path, values))
            if outcome is None:
                raise ReadTimeout("the exchange was told to let this request time out")
            return Response(*outcome)

    return ExchangeClient(log, False)


def answer(
    exchange: Exchange, method: str, path: str, values: dict[str, list[str]]
) -> tuple[int, str] | None:
    """(status, body) of a REST request; None if the client is to see nothing but a time-out."""
    outcome = _outcome(exchange, method, path, values)
    if exchange.taps:
        exchange.tapped(RestRequest(exchange.clock.now(), method, path, values, outcome))
    return outcome


def _outcome(
    exchange: Exchange, method: str, path: str, values: dict[str, list[str]]
) -> tuple[int, str] | None:
    kind = exchange.faults.of_rest(method, exchange.api.inner_path(path))
    if kind == "timeout":
        return None
    if kind in BROKEN:
        return BROKEN[kind]
    status, body = exchange.api.respond(method, path, values)
    return None if kind == "answer lost" else (status, dumps(body))


def as_lists(
    params: dict[str, object] | None, data: dict[str, object] | None, query: str = ""
) -> dict[str, list[str]]:
    """Parameters as they would come out of a form; a list repeats its key, None is left out."""
    values = parse_qs(query, keep_blank_values=True)
    for name, value in {**(params or {}), **(data or {})}.items():
        if isinstance(value, (list, tuple)):
            values[name] = [_text(item) for item in value]
        elif value is not None:
            values[name] = [_text(value)]
    return values


def _text(value: object) -> str:
    return str(value)
