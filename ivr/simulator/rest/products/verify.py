"""Verify v2: services, verifications by text and by phone, and their checks.

https://www.twilio.com/docs/verify/api/service, /verification, /verification-check,
https://www.twilio.com/blog/test-verify-no-rate-limits
"""

from __future__ import annotations

from ivr.simulator.calls.verification import MAX_CHECKS, MAX_SENT, Service, Verification
from ivr.simulator.network.routes import e164
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    iso8601,
    meta_page,
    not_built,
)

BASE = "https://verify.twilio.com/v2"
CHANNELS = ("sms", "call")
OTHERS = ("auto", "email", "rcs", "sna", "whatsapp")


# ---- services


def create_service(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    name = form.text("FriendlyName")
    if not name or len(name) > 30:
        raise _invalid("FriendlyName", name)
    service = api.network.verifications.service(name)
    _change(api, service, form)
    return 201, show_service(api, service)


def services(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    every = api.network.verifications.services.values()
    url = f"{BASE}/Services"
    return meta_page(form, url, "services", every, lambda each: show_service(api, each))


def fetch_service(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show_service(api, _service(api, path[0]))


def update_service(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    service = _service(api, path[0])
    service.friendly_name = form.text("FriendlyName", service.friendly_name)
    _change(api, service, form)
    return 200, show_service(api, service)


def delete_service(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    del api.network.verifications.services[_service(api, path[0]).sid]
    return 204, None


def _change(api: Resources, service: Service, form: Form) -> None:
    service.code_length = form.whole("CodeLength", service.code_length, 4, 10)
    service.custom_code_enabled = form.truth("CustomCodeEnabled", service.custom_code_enabled)
    warned = service.do_not_share_warning_enabled
    service.do_not_share_warning_enabled = form.truth("DoNotShareWarningEnabled", warned)
    service.updated_at = api.network.clock.now()


def _service(api: Resources, sid: str) -> Service:
    service = api.network.verifications.services.get(sid)
    if service is None:
        text = f'Verify has no service {sid}: make it with exchange.verify_service(sid="{sid}")'
        api.network.note("warning", 0, text)
        raise api.missing(f"/Services/{sid}")
    return service


# ---- verifications


def start(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/Verifications: send a code. While one is pending it is sent again, five times."""
    service = _service(api, path[0])
    to, channel = e164(form.text("To")), form.text("Channel").lower()
    if channel in OTHERS:
        raise not_built(f"Channel={channel}")
    if not to.startswith("+"):
        raise _invalid("To", form.text("To"))
    if channel not in CHANNELS:
        raise _invalid("Channel", channel)
    code = form.text("CustomCode")
    if code and not service.custom_code_enabled:
        raise ApiError(403, 60204, "Custom code not allowed: this service hasn't enabled it")
    if code and not 4 <= len(code) <= 10:
        raise _invalid("CustomCode", code)
    every = api.network.verifications
    verification = every.begin(service, to, code)
    if len(verification.attempts) >= MAX_SENT:
        raise ApiError(429, 60203, "Max send attempts reached")
    name = form.text("CustomFriendlyName", service.friendly_name)
    every.send(verification, channel, name, form.text("SendDigits"))
    return 201, show(api, verification)


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, _pending(api, path))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/Verifications/{SID or number}: canceled, or approved by other means."""
    verification, status = _pending(api, path), form.text("Status")
    if status not in ("approved", "canceled"):
        raise _invalid("Status", status)
    api.network.verifications.end(verification, status)
    return 200, show(api, verification)


def _pending(api: Resources, path: tuple[str, ...]) -> Verification:
    """ "Twilio deletes the verification once it expires, is approved, or the max attempts to check
    a code have been reached"."""
    found = api.network.verifications.pending(_service(api, path[0]), path[1])
    if found is None:
        raise api.missing(f"/Services/{path[0]}/Verifications/{path[1]}")
    return found


def check(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/VerificationCheck: "approved" for the right code, else still "pending"."""
    service, every = _service(api, path[0]), api.network.verifications
    whose = form.text("VerificationSid") or e164(form.text("To"))
    code = form.text("Code")
    if not whose:
        raise _invalid("To", form.text("To"))
    if not 4 <= len(code) <= 10:
        raise _invalid("Code", code)
    last = every.last(service, whose)
    if last is not None and last.status == "pending" and last.checks >= MAX_CHECKS:
        every.end(last, "max_attempts_reached")
    if last is not None and last.status == "max_attempts_reached":
        raise ApiError(429, 60202, "Max check attempts reached")
    if last is None or last.status != "pending":
        raise api.missing(f"/Services/{service.sid}/VerificationCheck")
    every.check(last, code)
    return 201, _common(api, last) | {"sna_attempts_error_codes": None}


def _invalid(name: str, given: str) -> ApiError:
    return ApiError(400, 60200, f"Invalid parameter `{name}`: {given}")


# ---- as JSON


def show_service(api: Resources, service: Service) -> Json:
    url = f"{BASE}/Services/{service.sid}"
    return {
        "sid": service.sid,
        "account_sid": api.network.account_sid,
        "friendly_name": service.friendly_name,
        "code_length": service.code_length,
        "lookup_enabled": False,
        "psd2_enabled": False,
        "skip_sms_to_landlines": False,
        "dtmf_input_required": False,
        "tts_name": None,
        "do_not_share_warning_enabled": service.do_not_share_warning_enabled,
        "custom_code_enabled": service.custom_code_enabled,
        "push": None,
        "totp": None,
        "default_template_sid": None,
        "whatsapp": None,
        "passkeys": None,
        "verify_event_subscription_enabled": False,
        "date_created": iso8601(service.created_at),
        "date_updated": iso8601(service.updated_at),
        "url": url,
        "links": {
            "verifications": f"{url}/Verifications",
            "verification_checks": f"{url}/VerificationCheck",
        },
    }


def show(api: Resources, verification: Verification) -> Json:
    url = f"{BASE}/Services/{verification.service.sid}/Verifications/{verification.sid}"
    return _common(api, verification) | {
        "lookup": {},
        "send_code_attempts": [
            {"time": iso8601(each.at), "channel": each.channel.upper(), "attempt_sid": each.sid}
            for each in verification.attempts
        ],
        "sna": None,
        "url": url,
    }


def _common(api: Resources, verification: Verification) -> Json:
    return {
        "sid": verification.sid,
        "service_sid": verification.service.sid,
        "account_sid": api.network.account_sid,
        "to": verification.to,
        "channel": verification.channel,
        "status": verification.status,
        "valid": verification.status == "approved",
        "amount": None,
        "payee": None,
        "date_created": iso8601(verification.created_at),
        "date_updated": iso8601(verification.updated_at),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/v2/Services", create_service),
    ("GET", "/v2/Services", services),
    ("GET", "/v2/Services/{sid}", fetch_service),
    ("POST", "/v2/Services/{sid}", update_service),
    ("DELETE", "/v2/Services/{sid}", delete_service),
    ("POST", "/v2/Services/{sid}/Verifications", start),
    ("GET", "/v2/Services/{sid}/Verifications/{to}", fetch),
    ("POST", "/v2/Services/{sid}/Verifications/{to}", update),
    ("POST", "/v2/Services/{sid}/VerificationCheck", check),
)
