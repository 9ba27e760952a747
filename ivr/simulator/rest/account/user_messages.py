"""REST: messages to a softphone that is in a call.

What a softphone sends to an application, for which that subscribes, is refused: nothing public says
what such a request looks like. https://www.twilio.com/docs/voice/api/userdefinedmessage-resource
"""

from __future__ import annotations

import json

from ivr.simulator.rest.account.calls import find as find_call
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Resources,
    Response,
    not_built,
    rfc2822,
)


def send(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Calls/{call}/UserDefinedMessages: "a call that is ringing or in-progress"."""
    leg = find_call(api, path[0])
    content = form.text("Content")
    form.given("IdempotencyKey")  # a request is carried out once here
    try:
        json.loads(content)
    except ValueError as error:
        raise ApiError(400, 20001, f"Content must be JSON, not {content or '(none)'}") from error
    if leg.phone is None or not leg.address.startswith("client:"):
        raise ApiError(400, 20001, f"{leg.address} isn't a softphone, so it gets no messages")
    if leg.status not in ("ringing", "in-progress"):
        raise ApiError(400, 21220, "Call is not in-progress.")
    leg.phone.told(content)
    return 201, {
        "account_sid": api.network.account_sid,
        "call_sid": leg.sid,
        "sid": api.network.seed.sid("KX"),
        "date_created": rfc2822(api.network.clock.now()),
    }


def subscribe(_api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    for name in ("Callback", "IdempotencyKey", "Method"):
        form.given(name)
    raise not_built("UserDefinedMessageSubscriptions", "this simulator doesn't support them")


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/Calls/{call}/UserDefinedMessages", send),
    ("POST", "/Calls/{call}/UserDefinedMessageSubscriptions", subscribe),
)
