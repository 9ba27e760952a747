"""Lookup v2: what is known of a number. (https://www.twilio.com/docs/lookup/v2-api)

Formats and validity follow from each country's plan; names, carriers and line types are as the test
has set them with `Exchange.lookup_says`.
"""

from __future__ import annotations

from typing import Any

from ivr.simulator.network.numbering import kind
from ivr.simulator.network.numbers import LookedUp
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    not_built,
)

BUILT = ("caller_name", "line_type_intelligence", "validation")
PACKAGES = (
    *("caller_name", "sim_swap", "call_forwarding", "line_type_intelligence", "line_status"),
    *("identity_match", "reassigned_number", "sms_pumping_risk", "phone_number_quality_score"),
    "pre_fill",
)
TYPES = {"Mobile": "mobile", "TollFree": "tollFree", "Voip": "nonFixedVoip", "National": "uan"}
UNKNOWN = LookedUp()


def fetch(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """GET /v2/PhoneNumbers/{number}; ``Fields`` names the packages. An invalid number is no error:
    ``valid`` is false, and ``validation_errors`` says why."""
    asked = [each.strip() for each in form.text("Fields").split(",") if each.strip()]
    for name in asked:
        if name not in BUILT:
            if name not in PACKAGES:
                raise ApiError(400, 20001, f"Fields: there is no package {name}")
            raise not_built(f"Fields={name}")
    shown = _basic(path[0], form.text("CountryCode").upper() or "US")
    known = api.network.looked_up.get(shown["phone_number"], UNKNOWN)
    if known.valid is not None:
        shown["valid"] = known.valid
        shown["validation_errors"] = [] if known.valid else ["INVALID_BUT_POSSIBLE"]
    shown |= dict.fromkeys(PACKAGES)
    if "caller_name" in asked:
        shown["caller_name"] = {
            "caller_name": known.caller_name or None,
            "caller_type": known.caller_type or "UNDETERMINED",
            "error_code": None,
        }
    if "line_type_intelligence" in asked:
        shown["line_type_intelligence"] = {
            "carrier_name": known.carrier or None,
            "error_code": None,
            "mobile_country_code": known.mobile_country_code or None,
            "mobile_network_code": known.mobile_network_code or None,
            "type": known.line_type or _type(shown["phone_number"]),
        }
    return 200, shown | {
        "url": f"https://lookups.twilio.com/v2/PhoneNumbers/{shown['phone_number']}"
    }


def _basic(given: str, country: str) -> Json:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(given, country)
    except phonenumbers.NumberParseException:
        return _answer(None, None, given, None, ["NOT_A_NUMBER"])
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    code = str(parsed.country_code)
    if not phonenumbers.is_valid_number(parsed):
        return _answer(code, None, number, None, [_reason(parsed)])
    region = phonenumbers.region_code_for_number(parsed)
    form = phonenumbers.PhoneNumberFormat.NATIONAL
    return _answer(code, region, number, phonenumbers.format_number(parsed, form), [])


def _answer(
    code: str | None, region: str | None, number: str, national: str | None, errors: list[str]
) -> Json:
    return {
        "calling_country_code": code,
        "country_code": region,
        "phone_number": number,
        "national_format": national,
        "valid": not errors,
        "validation_errors": errors,
    }


def _reason(parsed: Any) -> str:
    from phonenumbers import ValidationResult, is_possible_number_with_reason

    reasons = {
        ValidationResult.TOO_SHORT: "TOO_SHORT",
        ValidationResult.TOO_LONG: "TOO_LONG",
        ValidationResult.INVALID_LENGTH: "INVALID_LENGTH",
        ValidationResult.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
    }
    return reasons.get(is_possible_number_with_reason(parsed), "INVALID_BUT_POSSIBLE")


def _type(number: str) -> str | None:
    """By the plan; null in North America, where it doesn't tell mobile phones from others."""
    found = TYPES.get(kind(number))
    return found or (None if number.startswith("+1") else "landline")


ROUTES: tuple[Endpoint, ...] = (("GET", "/v2/PhoneNumbers/{number}", fetch),)
