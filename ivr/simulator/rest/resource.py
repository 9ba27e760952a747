"""What the resources of the REST API have in common: forms, errors, addresses, pages.

https://www.twilio.com/docs/usage/twilios-request, /twilios-response
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from ivr.simulator.calls.switchboard import Switchboard
from ivr.simulator.webhooks.request import refused_for_callbacks

Json = dict[str, Any]
Response = tuple[int, Json | None]
VERSION = "2010-04-01"
ACCOUNTS = "/Accounts"
PAGING = ("Page", "PageSize", "PageToken")
NOT_BUILT = 501  # the status of what Twilio has and isn't built here
OUR_CODE = 99501  # and its code, which Twilio doesn't have
OUR_PAGE = "docs/testing/fidelity.md"


class ApiError(Exception):
    """A refusal: an HTTP status, and a code of Twilio's error dictionary."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def json(self) -> Json:
        ours = self.code == OUR_CODE
        return {
            "code": self.code,
            "message": self.message,
            "more_info": OUR_PAGE if ours else f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def not_built(what: str, why: str = "this simulator doesn't support it") -> ApiError:
    """The refusal of what Twilio has and isn't built here."""
    return ApiError(NOT_BUILT, OUR_CODE, f"{what}: {why}")


class Form:
    """The parameters of a request, each with all its values.

    Every reading method raises `ApiError` for a value that Twilio refuses. ``unread`` are the names
    of those that nobody has asked for.
    """

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self.values = values
        self.unread = set(values)

    def text(self, name: str, default: str = "") -> str:
        values = self._all(name)
        return values[-1].strip() if values else default

    def several(self, name: str) -> list[str]:
        return [word for value in self._all(name) for word in value.split()]

    def has(self, name: str) -> bool:
        """Whether there is a value."""
        return bool(self._all(name))

    def given(self, name: str) -> bool:
        """Whether it is there, be it without a value."""
        self.unread.discard(name)
        return name in self.values

    def _all(self, name: str) -> Sequence[str]:
        self.unread.discard(name)
        return self.values.get(name, ())

    def whole(self, name: str, default: int, low: int = 0, high: int | None = None) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or int(text) < low or (high is not None and int(text) > high):
            to = f" to {high}" if high is not None else ""
            raise ApiError(
                400, 20001, f"{name} must be a whole number from {low}{to}, not {text!r}"
            )
        return int(text)

    def truth(self, name: str, default: bool) -> bool:
        """Any value but "true" is false."""
        return self.text(name).lower() == "true" if self.has(name) else default

    def word(self, name: str, *words: str) -> str:
        """One of ``words``, of which the first is Twilio's default."""
        word = self.text(name, words[0])
        if word not in words:
            raise ApiError(400, 20001, f"{name} must be {' or '.join(words)}, not {word!r}")
        return word

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
        """Raise for parameters that aren't built, unless they have their harmless value."""
        for name, harmless in unbuilt.items():
            if self.text(name, harmless).lower() != harmless:
                raise not_built(name)


Handler = Callable[["Resources", Form, tuple[str, ...]], Response]
Endpoint = tuple[str, str, Handler]  # method, path below the account with {names}, handler
Item = Callable[[Any], Json]


class Resources:
    """The resources of an account, as a handler needs them.

    ``network`` is what they are about; ``root`` is where their addresses begin.
    """

    def __init__(self, network: Switchboard) -> None:
        self.network = network

    @property
    def root(self) -> str:
        return f"/{VERSION}/Accounts/{self.network.account_sid}"

    def inner_path(self, path: str) -> str:
        """What `Exchange.rest_fails` matches: the path below the account, without ".json"."""
        return path.removeprefix(self.root).removesuffix(".json")

    def missing(self, path: str) -> ApiError:
        return ApiError(404, 20404, f"The requested resource {path} was not found")

    def uri(self, inner: str) -> str:
        if inner == ACCOUNTS:  # the only one that isn't below an account
            return f"/{VERSION}{ACCOUNTS}.json"
        return f"{self.root}{inner}.json"

    def below(self, inner: str, *names: str) -> Json:
        """The addresses of what is below a resource, such as of "user_defined_messages"."""
        here = f"{self.root}{inner}"
        return {name: f"{here}/{camel_case(name)}.json" for name in names}

    def page(
        self, form: Form, inner: str, name: str, items: Iterable[Any], show: Item, key: str = "sid"
    ) -> Response:
        """One page of a list: 50 items unless PageSize says otherwise."""
        size = form.whole("PageSize", 50, 1, 1000)
        number = form.whole("Page", 0)
        everything = list(items)
        start = number * size
        token = form.text("PageToken").removeprefix("PA")
        if token:  # the page after that item, whatever has been added before it
            sids = [_key(item, key) for item in everything]
            start = sids.index(token) + 1 if token in sids else start
        chosen = everything[start : start + size]
        filters = {n: v[-1] for n, v in form.values.items() if n not in PAGING}

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


def meta_page(form: Form, url: str, key: str, items: Iterable[Any], show: Item) -> Response:
    """One page of a list of a product with a host of its own, whose pages have a ``meta``: 50 items
    unless PageSize says otherwise."""
    size, number = form.whole("PageSize", 50, 1, 1000), form.whole("Page", 0)
    form.text("PageToken")
    everything = list(items)
    filters = {name: given[-1] for name, given in form.values.items() if name not in PAGING}

    def at(page: int) -> str:
        return f"{url}?{urlencode({**filters, 'PageSize': size, 'Page': page})}"

    more = (number + 1) * size < len(everything)
    return 200, {
        key: [show(each) for each in everything[number * size : (number + 1) * size]],
        "meta": {
            "first_page_url": at(0),
            "key": key,
            "next_page_url": at(number + 1) if more else None,
            "page": number,
            "page_size": size,
            "previous_page_url": at(number - 1) if number else None,
            "url": at(number),
        },
    }


@lru_cache(maxsize=256)
def camel_case(name: str) -> str:
    """The name of a resource in a path: "TaskQueues" for "task_queues"."""
    return name.title().replace("_", "")


def rfc2822(at: datetime | None) -> str | None:
    """A date in RFC 2822, as the API writes it."""
    return format_datetime(at) if at is not None else None


def iso8601(at: datetime) -> str:
    """A date as products with a host of their own write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def dumps(body: Json | None) -> str:
    """An answer's body as text; "" for none."""
    return "" if body is None else json.dumps(body)
