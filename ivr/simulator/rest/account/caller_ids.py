"""REST: verified caller IDs, and the call that verifies one.

https://www.twilio.com/docs/voice/api/outgoing-caller-ids,
https://www.twilio.com/blog/2012/03/introducing-status-callback-for-caller-id-verification-calls.html
"""

from __future__ import annotations

from ivr.simulator.calls.validation import validate
from ivr.simulator.network.numbering import national
from ivr.simulator.network.numbers import VerifiedNumber
from ivr.simulator.network.routes import e164
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Json, Resources, Response, rfc2822


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """POST /OutgoingCallerIds: the number is called, and the person there keys the code."""
    given = form.text("PhoneNumber")
    number = e164(given)
    if not number.startswith("+"):
        raise ApiError(400, 21401, f"Invalid phone number: {given or '(none)'}")
    if number in api.network.verified:
        raise ApiError(400, 21450, f"Phone number already validated for your account: {number}")
    name = form.text("FriendlyName") or national(number)
    _check_name(name)
    code, leg = validate(
        api.network,
        number,
        name,
        form.whole("CallDelay", 0, 0, 60),
        form.text("Extension"),
        form.url("StatusCallback"),
        form.method("StatusCallbackMethod"),
    )
    return 200, {
        "account_sid": api.network.account_sid,
        "call_sid": leg.sid,
        "friendly_name": name,
        "phone_number": number,
        "validation_code": code,
    }


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    rows = list(api.network.verified.values())
    if form.has("PhoneNumber"):
        rows = [each for each in rows if each.number == e164(form.text("PhoneNumber"))]
    if form.has("FriendlyName"):
        rows = [each for each in rows if each.friendly_name == form.text("FriendlyName")]
    inner = "/OutgoingCallerIds"
    return api.page(form, inner, "outgoing_caller_ids", rows, lambda each: show(api, each))


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    row = find(api, path[0])
    name = form.text("FriendlyName", row.friendly_name)
    _check_name(name)
    row.friendly_name, row.updated_at = name, api.network.clock.now()
    return 200, show(api, row)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    """DELETE: calls can't show the number any more."""
    del api.network.verified[find(api, path[0]).number]
    return 204, None


def _check_name(name: str) -> None:
    if len(name) > 64:
        raise ApiError(400, 21402, "FriendlyName is longer than 64 characters")


def find(api: Resources, sid: str) -> VerifiedNumber:
    for row in api.network.verified.values():
        if row.sid == sid:
            return row
    raise api.missing(api.uri(f"/OutgoingCallerIds/{sid}"))


def show(api: Resources, row: VerifiedNumber) -> Json:
    return {
        "sid": row.sid,
        "date_created": rfc2822(row.created_at),
        "date_updated": rfc2822(row.updated_at),
        "friendly_name": row.friendly_name or national(row.number),
        "account_sid": api.network.account_sid,
        "phone_number": row.number,
        "uri": api.uri(f"/OutgoingCallerIds/{row.sid}"),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/OutgoingCallerIds", create),
    ("GET", "/OutgoingCallerIds", listing),
    ("GET", "/OutgoingCallerIds/{sid}", fetch),
    ("POST", "/OutgoingCallerIds/{sid}", update),
    ("DELETE", "/OutgoingCallerIds/{sid}", delete),
)
