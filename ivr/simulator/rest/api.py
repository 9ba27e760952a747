"""Twilio's REST API over a network: which resource answers which request.

A request changes the network's state, schedules what follows from it, and is answered at once;
it never calls an application. (https://www.twilio.com/docs/usage/api,
https://www.twilio.com/docs/voice/api)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from ivr.simulator.rest.account import (
    accounts,
    applications,
    available_numbers,
    caller_ids,
    calls,
    conferences,
    messages,
    numbers,
    payments,
    queues,
    recordings,
    streams,
    user_messages,
)
from ivr.simulator.rest.hosts import url
from ivr.simulator.rest.parameters import REFUSED, SIMPLIFIED
from ivr.simulator.rest.products import lookups, verify
from ivr.simulator.rest.products.taskrouter import tasks, workers, workflows, workspaces
from ivr.simulator.rest.resource import (
    ACCOUNTS,
    NOT_BUILT,
    PAGING,
    VERSION,
    ApiError,
    Endpoint,
    Form,
    Handler,
    Resources,
    Response,
    not_built,
)

Route = tuple[str, re.Pattern[str], str, Handler]


def _compiled(routes: Iterable[Endpoint]) -> list[Route]:
    """(method, pattern of the path below the account, key in `parameters`, handler) of each
    route."""
    return [
        (method, re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), f"{method} {path}", handler)
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
        *accounts.ROUTES,
        *available_numbers.ROUTES,
        *caller_ids.ROUTES,
        *payments.ROUTES,
        *streams.ROUTES,
        *user_messages.ROUTES,
    )
)
# Products with a host of their own, by the host's first word.
PRODUCTS = {
    "lookups": _compiled(lookups.ROUTES),
    "taskrouter": _compiled(
        (*workspaces.ROUTES, *workers.ROUTES, *workflows.ROUTES, *tasks.ROUTES)
    ),
    "verify": _compiled(verify.ROUTES),
}

UNREAD = (
    "there is no such parameter, or it has no effect here (Twiml beside Url, StatusCallbackEvent"
    " without StatusCallback)"
)


class Api(Resources):
    """`respond` answers any request; `Exchange.api` is the one of an exchange."""

    def respond(
        self, method: str, path: str, params: Mapping[str, Sequence[str]], product: str = "api"
    ) -> Response:
        """(HTTP status, JSON or None) of a request.

        ``path`` begins with ``/2010-04-01`` where ``product`` is "api"; that is what the host
        begins with, such as "lookups" or "verify". ``params`` are those of query and form, each
        with all its values. What Twilio has and isn't built here answers 501, never 404, and is
        an error in the debugger's log.
        """
        try:
            if product != "api":
                asked = f"{method} {url(product, path)}"
                return self._routed(PRODUCTS.get(product, ()), method, path, Form(params), asked)
            return self._respond(method, path, Form(params))
        except ApiError as error:
            if error.status == NOT_BUILT:
                self.network.note("error", 0, error.message)
            return error.status, error.json()

    def _respond(self, method: str, path: str, form: Form) -> Response:
        if _of_another_account(path, self.root):
            known = f"this network is account {self.network.account_sid}, and has no other"
            self.network.note("error", 0, f"{method} {path}: {known}")
            raise self.missing(path)
        accounts = path == self.uri(ACCOUNTS)
        inner = ACCOUNTS if accounts else path[len(self.root) : -len(".json")]
        built = accounts or (path.startswith(self.root) and path.endswith(".json"))
        return self._routed(ROUTES if built else (), method, inner, form, f"{method} {path}")

    def _routed(
        self, routes: Iterable[Route], method: str, inner: str, form: Form, asked: str
    ) -> Response:
        there = False
        for verb, pattern, route, handler in routes:
            found = pattern.fullmatch(inner)
            if found is None:
                continue
            if verb == method:
                names = tuple(unquote(each) for each in found.groups())
                return self._carry_out(route, handler, form, names)
            there = True
        if there:
            raise ApiError(405, 20004, "Method not allowed")
        raise not_built(asked)

    def _carry_out(
        self, route: str, handler: Handler, form: Form, path: tuple[str, ...]
    ) -> Response:
        form.refuse(REFUSED.get(route, {}))
        answer = handler(self, form, path)
        for name in sorted(form.unread - SIMPLIFIED.get(route, {}).keys() - set(PAGING)):
            self.network.note("error", 0, f"{route}: {name} was ignored: {UNREAD}")
        return answer


def _of_another_account(path: str, root: str) -> bool:
    account = re.match(rf"/{VERSION}/Accounts/AC\w+", path)
    return account is not None and account[0] != root
