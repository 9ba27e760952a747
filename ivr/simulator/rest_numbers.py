"""REST: the account's telephone numbers.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.simulator.rest import Api, Form, Json, Response, rfc2822

if TYPE_CHECKING:
    from ivr.simulator.exchange import Number

URLS = {
    "VoiceUrl": "url",
    "VoiceFallbackUrl": "fallback",
    "StatusCallback": "status_callback",
}
METHODS = {
    "VoiceMethod": "method",
    "VoiceFallbackMethod": "fallback_method",
    "StatusCallbackMethod": "status_method",
}


def listing(api: Api, form: Form, _path: tuple[str, ...]) -> Response:
    numbers = list(api.exchange.numbers.values())
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


def fetch(api: Api, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def update(api: Api, form: Form, path: tuple[str, ...]) -> Response:
    """POST /IncomingPhoneNumbers/{sid}: where its calls go from now on."""
    form.refuse({"VoiceApplicationSid": "", "TrunkSid": "", "VoiceCallerIdLookup": "false"})
    number = find(api, path[0])
    for name, field in URLS.items():
        if name in form.values:
            setattr(number, field, form.url(name))
    for name, field in METHODS.items():
        if form.has(name):
            setattr(number, field, form.method(name))
    number.friendly_name = form.text("FriendlyName", number.friendly_name)
    return 200, show(api, number)


def find(api: Api, sid: str) -> Number:
    for number in api.exchange.numbers.values():
        if number.sid == sid:
            return number
    raise api.missing(api.uri(f"/IncomingPhoneNumbers/{sid}"))


def show(api: Api, number: Number) -> Json:
    start = rfc2822(api.exchange.clock.start)
    return {
        "sid": number.sid,
        "account_sid": api.exchange.account_sid,
        "api_version": "2010-04-01",
        "friendly_name": number.friendly_name,
        "phone_number": number.number,
        "voice_url": number.url,
        "voice_method": number.method,
        "voice_fallback_url": number.fallback,
        "voice_fallback_method": number.fallback_method,
        "voice_application_sid": "",
        "voice_caller_id_lookup": False,
        "voice_receive_mode": "voice",
        "status_callback": number.status_callback,
        "status_callback_method": number.status_method,
        "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
        "date_created": start,
        "date_updated": start,
        "uri": api.uri(f"/IncomingPhoneNumbers/{number.sid}"),
    }


ROUTES = (
    ("GET", "/IncomingPhoneNumbers", listing),
    ("GET", "/IncomingPhoneNumbers/{sid}", fetch),
    ("POST", "/IncomingPhoneNumbers/{sid}", update),
)
