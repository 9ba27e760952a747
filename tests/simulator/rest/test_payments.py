"""Payments that an agent guides by REST, while the caller and the agent go on talking."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.twiml.verbs import Conference, Dial, Number
from tests.kit.twiml_app import CALLEE, LINE, network

TOLD = "https://line.test/told"
NO_KEY = {"idempotency_key": "k", "status_callback": TOLD}


def talking(noun: Any) -> Any:
    exchange, app, caller = network({"/voice": (Dial((noun,)),), "/told": ""})
    exchange.phone(CALLEE).will("answer")
    caller.call(LINE)
    exchange.wait(1)
    return exchange, app, caller, exchange.client.calls(caller.calls[0].sid)


@pytest.fixture
def world() -> Any:
    return talking(Number(CALLEE))


def key(world: Any, payment: Any, step: str, keys: str) -> dict[str, str]:
    """Ask for a piece, key it, and return what the application is told."""
    exchange, app, caller, call = world
    call.payments(payment.sid).update(capture=step, **NO_KEY)
    exchange.wait(1)
    caller.press(keys)
    exchange.wait(1)
    told: dict[str, str] = app.asked("/told")[-1]
    return told


# payment-resource: "the agent requests … one item at a time"; "xxxx xxxx xxxx 4242"
def test_an_agent_guides_a_payment(world: Any) -> None:
    exchange, app, caller, call = world
    payment = call.payments.create(
        charge_amount=9.99, payment_connector="PGP_MOCK", postal_code=False, **NO_KEY
    )
    exchange.wait(0)
    (begun,) = app.asked("/told")
    assert (begun["Sid"], begun["PaymentConnector"]) == (payment.sid, "PGP_MOCK")
    assert (begun["ChargeAmount"], begun["PaymentMethod"]) == ("9.99", "credit-card")

    told = key(world, payment, "payment-card-number", "4242424242424242#")
    assert told["PaymentCardNumber"] == "xxxxxxxxxxxx4242"
    assert (told["PaymentCardType"], told["PartialResult"]) == ("visa", "true")
    assert told["Required"] == "expiration-date,security-code"
    caller.say("Is that all?")
    assert exchange.phone(CALLEE).heard[-1].text == "Is that all?"
    key(world, payment, "expiration-date", "1228#")
    told = key(world, payment, "security-code", "123#")
    assert "Required" not in told

    call.payments(payment.sid).update(status="complete", **NO_KEY)
    exchange.wait(0)
    paid = app.asked("/told")[-1]
    assert (paid["Result"], paid["SecurityCode"], paid["PaymentToken"]) == ("success", "xxx", "")
    assert paid["PaymentConfirmationCode"]
    assert "4242424242424242" not in str([each.params for each in exchange.requests])


def test_what_is_wrong_is_said_and_keyed_again(world: Any) -> None:
    payment = world[3].payments.create(**NO_KEY)

    wrong = key(world, payment, "payment-card-number", "4242424242424241#")
    right = key(world, payment, "payment-card-number", "4242424242424242#")

    assert wrong["ErrorType"] == "invalid-card-number"
    assert "payment-card-number" in wrong["Required"]
    assert "ErrorType" not in right


def test_people_in_a_conference_go_on_talking() -> None:
    world = talking(Conference("room", beep="false"))
    exchange, _, caller, call = world
    agent = exchange.phone(CALLEE)
    exchange.client.conferences("room").participants.create(from_=LINE, to=CALLEE)
    exchange.wait(2)
    payment = call.payments.create(**NO_KEY)
    call.payments(payment.sid).update(capture="security-code", **NO_KEY)
    exchange.wait(1)

    agent.say("Three digits, please.")
    assert caller.heard[-1].text == "Three digits, please."


def test_a_session_is_canceled_and_not_begun_twice(world: Any) -> None:
    call = world[3]
    first, again = call.payments.create(**NO_KEY), call.payments.create(**NO_KEY)
    assert first.sid == again.sid

    call.payments(first.sid).update(status="cancel", **NO_KEY)
    with pytest.raises(TwilioRestException, match="The payment has ended"):
        call.payments(first.sid).update(capture="security-code", **NO_KEY)


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"status": "complete"}, 400, "Still required: payment-card-number"),
        ({"capture": "bank-account-number"}, 400, "Capture must be"),
        ({"capture": "security-code-matcher"}, 501, "this simulator"),
        ({}, 400, "One of Capture and Status"),
    ],
)
def test_what_is_refused(world: Any, options: Any, status: int, words: str) -> None:
    payment = world[3].payments.create(**NO_KEY)

    with pytest.raises(TwilioRestException, match=words) as refused:
        world[3].payments(payment.sid).update(**options, **NO_KEY)
    assert refused.value.status == status


def test_a_call_that_is_forgotten_takes_its_payments_along(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.simulator.calls.switchboard.MAX_ENDED", 0)
    exchange, _, caller, call = world
    call.payments.create(**NO_KEY)
    caller.hang_up()

    assert exchange.payments == {}
