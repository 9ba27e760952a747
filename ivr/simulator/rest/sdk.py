"""An unmodified ``twilio.rest.Client`` that talks to a network in process."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from ivr.simulator.rest.api import Api
from ivr.simulator.rest.hosts import product, url
from ivr.simulator.rest.resource import dumps

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
    """A request to the REST API.

    ``outcome`` is (status, body), None if the client saw nothing but a time-out.
    """

    at: datetime
    method: str
    path: str
    values: dict[str, list[str]]
    outcome: tuple[int, str] | None


def client(api: Api) -> Any:
    """An unmodified ``twilio.rest.Client`` that talks to the API in process."""
    from twilio.rest import Client

    network = api.network
    return Client(network.account_sid, network.auth_token, http_client=http_client(api))


def http_client(api: Api) -> Any:
    """A ``twilio.http.HttpClient`` over the API; injected failures included."""
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
            parts = urlsplit(uri)
            values = as_lists(params, data, parts.query)
            of = product(parts.hostname or "")
            outcome = api.network.ask(lambda: answer(api, method, parts.path, values, of))
            if outcome is None:
                raise ReadTimeout("this request times out (injected fault)")
            return Response(*outcome)

    return ExchangeClient(log, False)


def answer(
    api: Api, method: str, path: str, values: dict[str, list[str]], product: str = "api"
) -> tuple[int, str] | None:
    """(status, body) for a REST request; None when the client sees only a time-out.

    ``product`` is what the host that is asked begins with: "api", "lookups", "verify", …
    """
    outcome = _outcome(api, method, path, values, product)
    network = api.network
    if network.taps:
        shown = path if product == "api" else url(product, path)
        network.tapped(RestRequest(network.clock.now(), method, shown, values, outcome))
    return outcome


def _outcome(
    api: Api, method: str, path: str, values: dict[str, list[str]], product: str
) -> tuple[int, str] | None:
    kind = api.network.faults.of_rest(method, api.inner_path(path))
    if kind == "timeout":
        return None
    if kind in BROKEN:
        return BROKEN[kind]
    status, body = api.respond(method, path, values, product)
    return None if kind == "answer lost" else (status, dumps(body))


def as_lists(
    params: dict[str, object] | None, data: dict[str, object] | None, query: str = ""
) -> dict[str, list[str]]:
    """Parameters as a form has them: a list repeats its key, None is left out."""
    values = parse_qs(query, keep_blank_values=True)
    for name, value in {**(params or {}), **(data or {})}.items():
        if isinstance(value, (list, tuple)):
            values[name] = [str(item) for item in value]
        elif value is not None:
            values[name] = [str(value)]
    return values
