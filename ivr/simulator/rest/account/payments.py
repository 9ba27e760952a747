"""REST: payments that an agent guides. (https://www.twilio.com/docs/voice/api/payment-resource)"""

from __future__ import annotations

from ivr.simulator.calls.payments import Payment
from ivr.simulator.rest.account.calls import find as find_call
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    not_built,
    rfc2822,
)
from ivr.twiml import verbs as v


def create(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Calls/{call}/Payments: a session; the same key again is the same session."""
    leg = find_call(api, path[0])
    key, callback, verb = _key(form), _callback(form), _verb(form)
    connector = form.text("PaymentConnector", "Default")
    made = api.network.payments.get(leg.sid, {}).get(key)
    if made is None:
        if not leg.picked_up:
            raise ApiError(400, 21220, "Call is not in-progress.")
        made = Payment(leg, verb, connector, callback)
        api.network.payments.setdefault(leg.sid, {})[key] = made
    return 201, show(api, made)


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/Payments/{sid}: ``Capture`` waits for one piece, ``Status`` ends the session."""
    payment = _find(api, path)
    _key(form)
    callback = _callback(form)
    step, status = form.text("Capture"), form.text("Status")
    if not payment.open or not payment.leg.picked_up:
        raise ApiError(400, 20001, "The payment has ended")
    if step.endswith("-matcher"):
        raise not_built(f"Capture={step}")
    if status not in ("", "complete", "cancel") or bool(step) is bool(status):
        raise ApiError(400, 20001, "One of Capture and Status (complete or cancel) is required")
    if status == "cancel":
        payment.cancel()
    elif status:
        if payment.required:
            raise ApiError(400, 20001, f"Still required: {', '.join(payment.required)}")
        payment.complete(callback)
    elif step not in payment.parts:
        words = ", ".join(payment.parts)
        raise ApiError(400, 20001, f"Capture must be {words} of this payment, not {step}")
    else:
        api.network.clock.soon(payment.capture, step, callback)
    return 202, show(api, payment)


def _verb(form: Form) -> v.Pay:
    amount = form.text("ChargeAmount", "0.0")
    try:
        small = 0 <= float(amount) < 1_000_000
    except ValueError:
        small = False
    if not small:
        raise ApiError(400, 20001, f"ChargeAmount must be from 0 to 1,000,000, not {amount}")
    return v.Pay(
        timeout=form.whole("Timeout", 5, 1, 600),
        security_code=form.truth("SecurityCode", True),
        postal_code="true" if form.truth("PostalCode", True) else "false",
        min_postal_code_length=form.whole("MinPostalCodeLength", 0),
        payment_method=form.word("PaymentMethod", "credit-card", "ach-debit"),
        charge_amount=amount,
        valid_card_types=form.text("ValidCardTypes", "visa mastercard amex"),
    )


def _key(form: Form) -> str:
    key = form.text("IdempotencyKey")
    if not key:
        raise ApiError(400, 20001, "IdempotencyKey is required")
    return key


def _callback(form: Form) -> str:
    url = form.url("StatusCallback")
    if not url:
        raise ApiError(400, 20001, "StatusCallback is required")
    return url


def _find(api: Resources, path: tuple[str, ...]) -> Payment:
    leg = find_call(api, path[0])
    for payment in api.network.payments.get(leg.sid, {}).values():
        if payment.sid == path[1]:
            return payment
    raise api.missing(api.uri(f"/Calls/{leg.sid}/Payments/{path[1]}"))


def show(api: Resources, payment: Payment) -> Json:
    call = payment.leg.sid
    return {
        "account_sid": api.network.account_sid,
        "call_sid": call,
        "sid": payment.sid,
        "date_created": rfc2822(payment.created_at),
        "date_updated": rfc2822(payment.updated_at),
        "uri": api.uri(f"/Calls/{call}/Payments/{payment.sid}"),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/Calls/{call}/Payments", create),
    ("POST", "/Calls/{call}/Payments/{sid}", update),
)
