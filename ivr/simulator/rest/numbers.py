"""REST: the account's telephone numbers.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

from ivr.simulator.network.numbers import Addresses, Number
from ivr.simulator.network.routes import e164
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Json, Resources, Response, rfc2822

APPLICATIONS = {"VoiceApplicationSid": "application", "SmsApplicationSid": "sms_application"}
URLS = {
    "VoiceUrl": "url",
    "VoiceFallbackUrl": "fallback",
    "StatusCallback": "status_callback",
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback",
}
METHODS = {
    "VoiceMethod": "method",
    "VoiceFallbackMethod": "fallback_method",
    "StatusCallbackMethod": "status_method",
    "SmsMethod": "sms_method",
    "SmsFallbackMethod": "sms_fallback_method",
}


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    numbers = list(api.network.numbers.values())
    if form.has("PhoneNumber"):
        numbers = [n for n in numbers if form.text("PhoneNumber") in n.number]
    if form.has("FriendlyName"):
        numbers = [n for n in numbers if n.friendly_name == form.text("FriendlyName")]
    return api.page(
        form,
        "/IncomingPhoneNumbers",
        "incoming_phone_numbers",
        numbers,
        lambda number: show(api, number),
    )


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """POST /IncomingPhoneNumbers: buy a number."""
    given = form.text("PhoneNumber")
    if not given:
        raise ApiError(
            400, 21421, "PhoneNumber is required; AreaCode alone isn't supported by this simulator"
        )
    number = e164(given)
    if not number.startswith("+"):
        raise ApiError(400, 21421, f"{given} is not a valid number")
    if number in api.network.numbers:
        raise ApiError(400, 21422, f"{number} is not available")
    row = Number(api.network.seed.sid("PN"), number)
    _change(api, row, form)
    api.network.numbers[number] = row
    return 201, show(api, row)


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /IncomingPhoneNumbers/{sid}: where its calls go from now on."""
    number = find(api, path[0])
    _change(api, number, form)
    return 200, show(api, number)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    """DELETE: release the number; calls in progress go on."""
    del api.network.numbers[find(api, path[0]).number]
    return 204, None


def _change(api: Resources, number: Number, form: Form) -> None:
    for name, field in APPLICATIONS.items():
        if form.given(name):
            sid = form.text(name)
            if sid and sid not in api.network.applications:
                raise ApiError(400, 21218, f"{name} {sid} isn't an application of this account")
            setattr(number, field, sid)
    point(number, form)
    number.friendly_name = form.text("FriendlyName", number.friendly_name)


def point(addresses: Addresses, form: Form) -> None:
    """Set the URLs and methods that numbers and TwiML applications have in common."""
    for name, field in URLS.items():
        if form.given(name):
            setattr(addresses, field, form.url(name))
    for name, field in METHODS.items():
        if form.has(name):
            setattr(addresses, field, form.method(name))


def find(api: Resources, sid: str) -> Number:
    for number in api.network.numbers.values():
        if number.sid == sid:
            return number
    raise api.missing(api.uri(f"/IncomingPhoneNumbers/{sid}"))


def show(api: Resources, number: Number) -> Json:
    start = rfc2822(api.network.clock.start)
    return {
        "sid": number.sid,
        "account_sid": api.network.account_sid,
        "api_version": "2010-04-01",
        "friendly_name": number.friendly_name,
        "phone_number": number.number,
        "voice_url": number.url,
        "voice_method": number.method,
        "voice_fallback_url": number.fallback,
        "voice_fallback_method": number.fallback_method,
        "voice_application_sid": number.application,
        "sms_application_sid": number.sms_application,
        "voice_caller_id_lookup": False,
        "voice_receive_mode": "voice",
        "status_callback": number.status_callback,
        "status_callback_method": number.status_method,
        "sms_url": number.sms_url,
        "sms_method": number.sms_method,
        "sms_fallback_url": number.sms_fallback,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "date_created": start,
        "date_updated": start,
        "uri": api.uri(f"/IncomingPhoneNumbers/{number.sid}"),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("GET", "/IncomingPhoneNumbers", listing),
    ("POST", "/IncomingPhoneNumbers", create),
    ("DELETE", "/IncomingPhoneNumbers/{sid}", delete),
    ("GET", "/IncomingPhoneNumbers/{sid}", fetch),
    ("POST", "/IncomingPhoneNumbers/{sid}", update),
)
