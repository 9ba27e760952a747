"""REST: the account's telephone numbers.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from ivr.simulator.network.numbering import NORTH_AMERICA, capabilities, for_sale, kind, national
from ivr.simulator.network.numbers import Addresses, Number
from ivr.simulator.network.places import country
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
    numbers = api.network.numbers.values()
    return _page(api, form, "/IncomingPhoneNumbers", numbers, show)


def of_kind(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """GET /IncomingPhoneNumbers/{Local, Mobile or TollFree}"""
    numbers = [n for n in api.network.numbers.values() if kind(n.number) == path[0]]
    return _page(api, form, f"/IncomingPhoneNumbers/{path[0]}", numbers, show_of_kind)


def _page(
    api: Resources,
    form: Form,
    inner: str,
    numbers: Iterable[Number],
    shown: Callable[[Resources, Number], Json],
) -> Response:
    if form.has("PhoneNumber"):
        numbers = [n for n in numbers if form.text("PhoneNumber") in n.number]
    if form.has("FriendlyName"):
        numbers = [n for n in numbers if n.friendly_name == form.text("FriendlyName")]
    return api.page(form, inner, "incoming_phone_numbers", numbers, partial(shown, api))


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """POST /IncomingPhoneNumbers: buy a number, or any one of an area code."""
    area = form.text("AreaCode")
    given = form.text("PhoneNumber") or (_first_in(api, area) if area else "")
    if not given:
        raise ApiError(400, 21421, "PhoneNumber or AreaCode is required")
    return 201, show(api, _buy(api, form, given))


def create_of_kind(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /IncomingPhoneNumbers/{Local, Mobile or TollFree}: buy a number of that kind."""
    if form.text("AreaCode"):
        raise ApiError(400, 21457, "The AreaCode parameter isn't supported here: pass PhoneNumber")
    number = e164(form.text("PhoneNumber"))
    if kind(number) != path[0]:
        raise ApiError(400, 21421, f"{number or '(none)'} is not a valid {path[0]} number")
    return 201, show_of_kind(api, _buy(api, form, number))


def _buy(api: Resources, form: Form, given: str) -> Number:
    number = e164(given)
    if not number.startswith("+"):
        raise ApiError(400, 21421, f"{given} is not a valid number")
    if number in api.network.numbers:
        raise ApiError(400, 21422, f"{number} is not available")
    row = Number(api.network.seed.sid("PN"), number, api.network.clock.now())
    row.friendly_name = national(number)  # "defaults to a formatted version of the phone number"
    _change(api, row, form)
    api.network.numbers[number] = row
    return row


def _first_in(api: Resources, area: str) -> str:
    """The first number of an area code that isn't taken."""
    for code in NORTH_AMERICA:
        for each in for_sale(api.network.seed.number, code, "Local", area=area):
            if each.number not in api.network.numbers:
                return each.number
    raise ApiError(400, 21452, f"No phone numbers found in area code {area}")


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /IncomingPhoneNumbers/{sid}: where its calls go from now on."""
    number = find(api, path[0])
    _change(api, number, form)
    number.updated_at = api.network.clock.now()
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
        "voice_application_sid": number.application or None,
        "sms_application_sid": number.sms_application or None,
        "voice_caller_id_lookup": False,
        "voice_receive_mode": "voice",
        "status_callback": number.status_callback,
        "status_callback_method": number.status_method,
        "sms_url": number.sms_url,
        "sms_method": number.sms_method,
        "sms_fallback_url": number.sms_fallback,
        "sms_fallback_method": number.sms_fallback_method,
        "capabilities": capabilities(country(number.number)),
        "status": "in-use",
        "type": kind(number.number).lower(),
        "origin": "twilio",
        "beta": False,
        "address_requirements": "none",
        "address_sid": None,
        "bundle_sid": None,
        "identity_sid": None,
        "trunk_sid": None,
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "date_created": rfc2822(number.created_at),
        "date_updated": rfc2822(number.updated_at),
        "uri": api.uri(f"/IncomingPhoneNumbers/{number.sid}"),
    }


def show_of_kind(api: Resources, number: Number) -> Json:
    """The same in a list of one kind, which doesn't say the type."""
    return {name: value for name, value in show(api, number).items() if name != "type"}


ROUTES: tuple[Endpoint, ...] = (
    ("GET", "/IncomingPhoneNumbers", listing),
    ("POST", "/IncomingPhoneNumbers", create),
    ("GET", "/IncomingPhoneNumbers/(Local|Mobile|TollFree)", of_kind),
    ("POST", "/IncomingPhoneNumbers/(Local|Mobile|TollFree)", create_of_kind),
    ("DELETE", "/IncomingPhoneNumbers/{sid}", delete),
    ("GET", "/IncomingPhoneNumbers/{sid}", fetch),
    ("POST", "/IncomingPhoneNumbers/{sid}", update),
)
