"""Twilio's REST API over a network: which resource answers which request.

A request changes the network's state, schedules what follows from it, and is answered at once;
it never calls an application. (https://www.twilio.com/docs/usage/api,
https://www.twilio.com/docs/voice/api)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ivr.simulator.rest import (
    applications,
    calls,
    conferences,
    messages,
    numbers,
    queues,
    recordings,
)
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Handler, Resources, Response


def _compiled(routes: Iterable[Endpoint]) -> list[tuple[str, re.Pattern[str], Handler]]:
    """(method, pattern of the path below the account, handler) of each route."""
    return [
        (method, re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), handler)
        for method, path, handler in routes
    ]


ROUTES = _compiled(
    (
        *calls.ROUTES,
        *conferences.ROUTES,
        *queues.ROUTES,
        *numbers.ROUTES,
        *recordings.ROUTES,
        *messages.ROUTES,
        *applications.ROUTES,
    )
)


class Api(Resources):
    """`respond` answers any request; `Exchange.api` is the one of an exchange."""

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
        there = False
        for verb, pattern, handler in ROUTES:
            found = pattern.fullmatch(inner)
            if found is None:
                continue
            if verb == method:
                return handler(self, form, found.groups())
            there = True
        if there:
            raise ApiError(405, 20004, "Method not allowed")
        raise self.missing(path)
