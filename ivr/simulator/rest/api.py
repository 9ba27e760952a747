"""Twilio's REST API over an exchange: who is asked what, errors, pages, failures on purpose.

A request changes the exchange's state, schedules what follows from it, and is answered at once;
it never calls an application. (https://www.twilio.com/docs/usage/api,
https://www.twilio.com/docs/voice/api)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ivr.simulator.webhooks.request import refused_for_callbacks

if TYPE_CHECKING:
    from ivr.simulator.exchange import Exchange
    from ivr.simulator.rest.server import RestServer

Json = dict[str, Any]
Response = tuple[int, Json | None]
VERSION = "2010-04-01"


class ApiError(Exception):
    """A refusal, as Twilio words it; ``code`` is the number in its error dictionary."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def json(self) -> Json:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class Form:
    """The parameters of a request; every one that is read is one that this simulator does."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        given = self.values.get(name)
        return given[-1].strip() if given else default

    def several(self, name: str) -> list[str]:
        return [word for value in self.values.get(name, ()) for word in value.split()]

    def has(self, name: str) -> bool:
        return bool(self.values.get(name))

    def whole(self, name: str, default: int, low: int = 0, high: int | None = None) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or int(text) < low or (high is not None and int(text) > high):
            raise ApiError(400, 20001, f"{name} must be a whole number from {low}, not {text!r}")
        return int(text)

    def truth(self, name: str, default: bool) -> bool:
        """Anything but "true" is false, once it is given."""
        return self.text(name).lower() == "true" if self.has(name) else default

    def method(self, name: str, default: str = "POST") -> str:
        word = self.text(name, default).upper()
        if word not in ("GET", "POST"):
            raise ApiError(400, 21200, f"{name} must be GET or POST, not {word!r}")
        return word

    def url(self, name: str) -> str:
        text = self.text(name)
        if text and not re.match(r"https?://[^/\s]", text):
            raise ApiError(400, 21205, f"{name} is not a valid URL: {text}")
        if "StatusCallback" in name and refused_for_callbacks(text):
            raise ApiError(400, 21609, f"{name} {text}: a host name with an underscore is refused")
        return text

    def refuse(self, unbuilt: Mapping[str, str]) -> None:
        """Raise for what Twilio knows and isn't built here, unless it has its harmless value."""
        for name, harmless in unbuilt.items():
            if self.text(name, harmless).lower() != harmless:
                raise ApiError(
                    400, 20001, f"{name} is Twilio's, but this simulator doesn't do it yet"
                )


Handler = Callable[["Api", Form, tuple[str, ...]], Response]
Item = Callable[[Any], Json]


class Api:
    """`respond` answers any request; `Exchange.api` is the one of an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.root = f"/{VERSION}/Accounts/{exchange.account_sid}"

    def respond(self, method: str, path: str, params: Mapping[str, Sequence[str]]) -> Response:
        """(HTTP status, JSON or None) of a request.

        ``path`` begins with ``/2010-04-01``; ``params`` are those of query and form, each with
        all its values.
        """
        try:
            return self._respond(method, path, Form(params))
        except ApiError as error:
            return error.status, error.json()

    def _respond(self, method: str, path: str, form: Form) -> Response:
        if not path.startswith(self.root) or not path.endswith(".json"):
            raise self.missing(path)
        inner = path[len(self.root) : -len(".json")]
        for verb, pattern, handler in _routes():
            found = pattern.fullmatch(inner)
            if found and verb == method:
                return handler(self, form, found.groups())
        if any(pattern.fullmatch(inner) for _, pattern, _ in _routes()):
            raise ApiError(405, 20004, "Method not allowed")
        raise self.missing(path)

    def inner_path(self, path: str) -> str:
        """What `Exchange.rest_fails` matches: the path below the account, without ".json"."""
        return path.removeprefix(self.root).removesuffix(".json")

    def missing(self, path: str) -> ApiError:
        return ApiError(404, 20404, f"The requested resource {path} was not found")

    def uri(self, inner: str) -> str:
        return f"{self.root}{inner}.json"

    def page(
        self, form: Form, inner: str, name: str, items: Iterable[Any], show: Item, key: str = "sid"
    ) -> Response:
        """One page of a list: 50 items unless PageSize says otherwise."""
        size = form.whole("PageSize", 50, 1, 1000)
        number = form.whole("Page", 0)
        everything = list(items)
        start = number * size
        token = form.text("PageToken").removeprefix("PA")
        if token:  # the page after that item, whatever has come before it meanwhile
            sids = [_key(item, key) for item in everything]
            start = sids.index(token) + 1 if token in sids else start
        chosen = everything[start : start + size]
        filters = {
            n: v[-1] for n, v in form.values.items() if n not in ("Page", "PageSize", "PageToken")
        }

        def uri(page: int, after: str = "") -> str:
            query = {**filters, "PageSize": size, "Page": page}
            if after:
                query["PageToken"] = f"PA{after}"
            return f"{self.uri(inner)}?{urlencode(query)}"

        more = start + size < len(everything)
        return 200, {
            name: [show(item) for item in chosen],
            "page": number,
            "page_size": size,
            "start": start,
            "end": max(start, start + len(chosen) - 1),
            "uri": uri(number),
            "first_page_uri": uri(0),
            "next_page_uri": uri(number + 1, _key(chosen[-1], key)) if more else None,
            "previous_page_uri": uri(number - 1) if number else None,
        }


def _key(item: Any, key: str) -> str:
    for name in key.split("."):
        item = getattr(item, name)
    return str(item)


def rfc2822(at: datetime | None) -> str | None:
    """A date as the API writes it."""
    return format_datetime(at) if at is not None else None


def dumps(body: Json | None) -> str:
    return "" if body is None else json.dumps(body)


_table: list[tuple[str, re.Pattern[str], Handler]] = []


def _routes() -> list[tuple[str, re.Pattern[str], Handler]]:
    if not _table:
        from ivr.simulator.rest import (
            applications as rest_applications,
        )
        from ivr.simulator.rest import (
            calls as rest_calls,
        )
        from ivr.simulator.rest import (
            conferences as rest_rooms,
        )
        from ivr.simulator.rest import (
            messages as rest_messages,
        )
        from ivr.simulator.rest import (
            numbers as rest_numbers,
        )
        from ivr.simulator.rest import (
            queues as rest_queues,
        )
        from ivr.simulator.rest import (
            recordings as rest_recordings,
        )

        modules = (rest_calls, rest_rooms, rest_queues, rest_numbers, rest_recordings)
        for module in (*modules, rest_messages, rest_applications):
            for verb, path, handler in module.ROUTES:
                pattern = re.sub(r"\{\w+\}", "([^/]+)", path)
                _table.append((verb, re.compile(pattern), handler))
    return _table


def serve(exchange: Exchange, host: str = "127.0.0.1", port: int = 0) -> RestServer:
    """Serve the API over HTTP, on threads of its own, until ``.close()``; port 0 picks one.

    Point a Twilio client at ``.url`` (twilio-python: ``client.api.base_url = server.url``).
    """
    from ivr.simulator.rest.server import RestServer

    return RestServer(exchange, host, port)
