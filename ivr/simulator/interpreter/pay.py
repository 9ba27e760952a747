"""<Pay>: asking for a card or a bank account, key by key.

Each part is asked for, checked and asked for again as Twilio describes it. No payment is made:
every one that gets that far succeeds. https://www.twilio.com/docs/voice/twiml/pay, /pay/prompt
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.requests import HANGUP, Params, Steps
from ivr.twiml import verbs as v

Prompt = Callable[[tuple[v.Verb, ...], str], Steps]  # nested prompts, and what may break in
CARD_TYPES = (
    ("visa", re.compile(r"4\d{12}(\d{3})?")),
    ("mastercard", re.compile(r"(5[1-5]\d{4}|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)\d*)\d{8,12}")),
    ("amex", re.compile(r"3[47]\d{13}")),
    ("discover", re.compile(r"6(011|5\d\d)\d{12}")),
)
MAX_KEYS = 30  # more can't be the number of anything


class Part(NamedTuple):
    """One thing that is asked for: Twilio's name for it, the prompt, and how to check an answer.

    ``wrong`` returns the errorType of an answer, "" for a good one.
    """

    step: str
    words: str
    wrong: Callable[[str, v.Pay, dict[str, str]], str]


def card_type(number: str) -> str:
    """ "visa", "mastercard", "amex" or "discover"; "" for any other."""
    return next((name for name, form in CARD_TYPES if form.fullmatch(number)), "")


def luhn(number: str) -> bool:
    """Whether a card number's check digit is right."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _card(text: str, pay: v.Pay, _known: dict[str, str]) -> str:
    kind = card_type(text)
    if not kind or not luhn(text):
        return "invalid-card-number"
    return "" if kind in pay.valid_card_types.split() else "invalid-card-type"


def _date(text: str, _pay: v.Pay, known: dict[str, str]) -> str:
    """MMYY, and not in the past."""
    if not re.fullmatch(r"(0[1-9]|1[0-2])\d\d", text):
        return "invalid-date"
    return "" if text[2:] + text[:2] >= known["now"] else "invalid-date"


def _code(text: str, _pay: v.Pay, known: dict[str, str]) -> str:
    length = 4 if card_type(known.get("payment-card-number", "")) == "amex" else 3
    return "" if len(text) == length else "invalid-security-code"


def _postal(text: str, pay: v.Pay, _known: dict[str, str]) -> str:
    return "" if len(text) >= max(1, pay.min_postal_code_length) else "invalid-postal-code"


def _routing(text: str, _pay: v.Pay, _known: dict[str, str]) -> str:
    """The American Bankers Association's check digit, with the weights 3-7-1."""
    digits = [int(digit) for digit in text]
    good = (
        len(digits) == 9
        and sum(d * w for d, w in zip(digits, (3, 7, 1) * 3, strict=True)) % 10 == 0
    )
    return "" if good else "invalid-bank-routing-number"


def _account(text: str, _pay: v.Pay, _known: dict[str, str]) -> str:
    return "" if 4 <= len(text) <= 17 else "invalid-bank-account-number"


CARD = (
    Part("payment-card-number", "Please enter your credit card number.", _card),
    Part("expiration-date", "Please enter your card's expiration date: month and year.", _date),
    Part("security-code", "Please enter your card's security code.", _code),
    Part("postal-code", "Please enter your postal code.", _postal),
)
BANK = (
    Part("bank-routing-number", "Please enter your bank routing number.", _routing),
    Part("bank-account-number", "Please enter your bank account number.", _account),
)


def pay(verb: v.Pay, prompt: Prompt) -> Steps:
    """Ask for every part; returns the `requests.Outcome`. ``prompt`` plays the verb's prompts."""
    known: dict[str, str] = {}
    result = ""
    for part in parts(verb):
        result = yield from _ask(prompt, verb, part, known)
        if result:
            break
    else:
        card = card_type(known.get("payment-card-number", ""))
        words = "Processing your payment."
        yield from _say(prompt, verb, "payment-processing", "", 1, card, words)
        result = "success"
    params: Params = (("Result", result), ("PaymentMethod", verb.payment_method))
    if result == "success":
        params = (*params, *masked(known), *(yield from _receipt(verb)))
    return requests.Outcome(params, over=result == "caller-hung-up")


def parts(verb: v.Pay) -> list[Part]:
    """What is asked for, one after the other."""
    if verb.payment_method == "ach-debit":
        return list(BANK)
    left_out = set()
    if not verb.security_code:
        left_out.add("security-code")
    if verb.postal_code != "true":  # "false", or the code itself
        left_out.add("postal-code")
    return [part for part in CARD if part.step not in left_out]


def _ask(prompt: Prompt, verb: v.Pay, part: Part, known: dict[str, str]) -> Steps:
    """Ask for one part. Returns "" once it is known, otherwise the Result that ends it."""
    error = ""
    for attempt in range(1, verb.max_attempts + 1):
        card = card_type(known.get("payment-card-number", ""))
        early = yield from _say(prompt, verb, part.step, error, attempt, card, part.words)
        text = yield from keys(verb, early)
        if text is HANGUP:
            return "caller-hung-up"
        if "*" in text:
            return "caller-interrupted-with-star"
        known["now"] = yield from month()
        error = part.wrong(text, verb, known) if text else "timeout"
        if not error:
            known[part.step] = text
            return ""
    return "too-many-failed-attempts"


def _say(
    prompt: Prompt, verb: v.Pay, step: str, error: str, attempt: int, card: str, words: str
) -> Steps:
    """The application's prompt for this step, error, attempt and card, or the built-in one."""
    given = [each for each in verb.nouns if isinstance(each, v.Prompt)]
    prompts = [p for p in given if _fits(p, step, error, attempt, card)]
    if not prompts:
        text = f"That isn't valid. {words}" if error else words
        return (yield requests.Speak("say", text, "en-US", "", "dtmf"))
    best = max(prompts, key=lambda p: bool(p.step) + bool(p.error_type) + bool(p.card_type))
    return (yield from prompt(best.verbs, "dtmf"))


def _fits(prompt: v.Prompt, step: str, error: str, attempt: int, card: str) -> bool:
    return (
        step in (prompt.step.split() or [step])
        and card in (prompt.card_type.split() or [card])
        and (error in prompt.error_type.split() if prompt.error_type else True)
        and str(attempt) in (prompt.attempt.split() or [str(attempt)])
    )


def keys(verb: v.Pay, first: str | None) -> Steps:
    """The keys until ``#``, ``*`` or a pause; HANGUP if the person hangs up."""
    text, key = "", first or (yield requests.Listen(verb.timeout, "dtmf", True))
    while key is not None and key is not HANGUP and key != "#" and len(text) < MAX_KEYS:
        text += key
        if key == "*":
            return text
        key = yield requests.Listen(verb.timeout, "dtmf", True)
    return HANGUP if key is HANGUP else text


def month() -> Steps:
    """This month as YYMM."""
    now = yield requests.Now(date=True)
    return now.strftime("%y%m")


def masked(known: dict[str, str]) -> Params:
    """What was keyed, as far as Twilio passes it on."""
    params: list[tuple[str, str]] = []
    if account := known.get("bank-account-number"):
        params.append(("BankAccountNumber", "x" * (len(account) - 4) + account[-4:]))
    if routing := known.get("bank-routing-number"):
        params.append(("BankRoutingNumber", routing))
    if date := known.get("expiration-date"):
        params.append(("ExpirationDate", date))
    if card := known.get("payment-card-number"):
        params.append(("PaymentCardNumber", "x" * (len(card) - 4) + card[-4:]))
        params.append(("PaymentCardType", card_type(card)))
    if code := known.get("security-code"):
        params.append(("SecurityCode", "x" * len(code)))
    if postal := known.get("postal-code"):
        params.append(("PaymentCardPostalCode", postal))
    return tuple(params)


def _receipt(verb: v.Pay) -> Steps:
    """A charge gets a confirmation code, anything else a token."""
    token = yield requests.Token()
    charged = float(verb.charge_amount) > 0
    return (("PaymentConfirmationCode" if charged else "PaymentToken", token),)
