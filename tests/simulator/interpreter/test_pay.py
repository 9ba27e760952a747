"""<Pay>: a card or a bank account, key by key."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator import Handset
from ivr.twiml.verbs import Hangup, Pay, Prompt, Say
from tests.kit.twiml_app import LINE, App, network

VISA, AMEX, MASTERCARD = "4242424242424242", "378282246310005", "5555555555554444"


def paying(verb: Pay) -> tuple[Any, App, Handset]:
    exchange, app, caller = network({"/voice": (verb, Say("Nothing.")), "/paid": (Hangup(),)})
    caller.call(LINE)
    return exchange, app, caller


def result(app: App) -> dict[str, str]:
    (asked,) = app.asked("/paid")
    return asked


def key(caller: Handset, *entries: str) -> None:
    for entry in entries:
        caller.press(entry)


# twiml/pay: "captures … card number, expiration date, security code, postal code"
def test_a_card_is_captured_part_by_part() -> None:
    exchange, app, caller = paying(Pay(action="/paid", charge_amount="20.45"))
    key(caller, f"{VISA}#", "1228#", "123#", "94105#")
    exchange.wait(5)

    paid = result(app)
    assert paid["Result"] == "success"
    assert paid["PaymentCardNumber"] == "xxxxxxxxxxxx4242"
    assert paid["PaymentCardType"] == "visa"
    assert paid["ExpirationDate"] == "1228"
    assert paid["SecurityCode"] == "xxx"
    assert paid["PaymentCardPostalCode"] == "94105"
    assert paid["PaymentConfirmationCode"]
    assert "PaymentToken" not in paid
    assert VISA not in str(exchange.requests[-1].params)


# "chargeAmount … 0 or absent: a token is made"
def test_without_an_amount_there_is_a_token() -> None:
    exchange, app, caller = paying(Pay(action="/paid", postal_code="94105", security_code=False))
    key(caller, f"{VISA}#", "1228#")
    exchange.wait(5)

    assert result(app)["PaymentToken"]
    assert "SecurityCode" not in result(app)


def test_a_bank_account_is_captured() -> None:
    exchange, app, caller = paying(Pay(action="/paid", payment_method="ach-debit"))
    key(caller, "110000000#", "000123456789#")
    exchange.wait(5)

    assert result(app)["Result"] == "success"
    assert result(app)["BankAccountNumber"] == "xxxxxxxx6789"
    assert result(app)["PaymentMethod"] == "ach-debit"


# "<Pay> also handles retries"; maxAttempts 2
@pytest.mark.parametrize(
    ("verb", "entries", "outcome"),
    [
        (Pay(action="/paid"), ("4242424242424241#", "1#"), "too-many-failed-attempts"),
        (Pay(action="/paid"), (f"{VISA}#", "1326#", "0120#"), "too-many-failed-attempts"),
        (Pay(action="/paid"), (f"{AMEX}#", "1228#", "123#", "12#"), "too-many-failed-attempts"),
        (
            Pay(action="/paid", valid_card_types="visa", max_attempts=1),
            (f"{MASTERCARD}#",),
            "too-many-failed-attempts",
        ),
        (Pay(action="/paid"), (f"{VISA}#", "12*"), "caller-interrupted-with-star"),
        (
            Pay(action="/paid", min_postal_code_length=5),
            (f"{VISA}#", "1228#", "123#", "1#", "2#"),
            "too-many-failed-attempts",
        ),
        (
            Pay(action="/paid", payment_method="ach-debit"),
            ("110000001#", "#"),
            "too-many-failed-attempts",
        ),
    ],
)
def test_what_goes_wrong_is_the_result(verb: Pay, entries: tuple[str, ...], outcome: str) -> None:
    exchange, app, caller = paying(verb)
    key(caller, *entries)
    exchange.wait(60)

    assert result(app)["Result"] == outcome
    assert "PaymentToken" not in result(app)


def test_a_second_try_is_enough() -> None:
    exchange, app, caller = paying(Pay(action="/paid"))
    key(caller, "4242#", f"{AMEX}#", "1228#", "1234#", "75001#")
    exchange.wait(5)

    assert result(app)["Result"] == "success"
    assert result(app)["PaymentCardType"] == "amex"


def test_silence_counts_as_a_failed_attempt() -> None:
    exchange, app, _ = paying(Pay(action="/paid", timeout=3))
    exchange.wait(60)

    assert result(app)["Result"] == "too-many-failed-attempts"


def test_hanging_up_is_told_to_the_action() -> None:
    exchange, app, caller = paying(Pay(action="/paid"))
    exchange.wait(4)  # the prompt is over, and it listens
    caller.hang_up()

    assert result(app)["Result"] == "caller-hung-up"


def test_without_an_action_the_next_verb_follows() -> None:
    exchange, _, caller = paying(Pay(max_attempts=1, timeout=1))
    exchange.wait(10)

    assert caller.last_heard == "Nothing."


# twiml/pay/prompt: "for", "attempt", "errorType"
def test_prompts_are_the_applications_where_it_has_some() -> None:
    prompts = (
        Prompt("payment-card-number", verbs=(Say("Your card, please."),)),
        Prompt("payment-card-number", "invalid-card-number", verbs=(Say("That was no card."),)),
        Prompt("payment-card-number", "timeout", attempt="2 3", verbs=(Say("Are you there?"),)),
        Prompt("security-code", verbs=(Say("The three digits."),)),
        Prompt("security-code", card_type="amex", verbs=(Say("The four digits."),)),
        Prompt("payment-processing", verbs=(Say("One moment."),)),
    )
    verb = Pay(action="/paid", postal_code="false", nouns=prompts)
    exchange, _, caller = paying(verb)
    assert caller.last_heard == "Your card, please."
    key(caller, "1#")
    assert caller.last_heard == "That was no card."
    key(caller, f"{AMEX}#", "1228#")
    assert caller.last_heard == "The four digits."
    key(caller, "1234#")
    assert caller.last_heard == "One moment."
    caller.hang_up()

    caller.call(LINE)
    exchange.wait(7)
    assert caller.last_heard == "Are you there?"
    caller.hang_up()
