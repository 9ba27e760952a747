"""Products with a host of their own: Lookup v2 and Verify v2, asked by an unmodified client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.simulator import Exchange
from tests.kit.twiml_app import CALLEE, network

OTHER = "+14155552671"


@pytest.fixture
def exchange() -> Exchange:
    return network({"/voice": ()})[0]


# ---- Lookup


# lookup/v2-api: "validation_errors: TOO_SHORT, TOO_LONG, INVALID_BUT_POSSIBLE, …"
@pytest.mark.parametrize(
    ("number", "options", "expected"),
    [
        (OTHER, {}, (OTHER, "US", "(415) 555-2671", [])),
        ("4155552671", {}, (OTHER, "US", "(415) 555-2671", [])),
        ("0155500101", {"country_code": "FR"}, ("+33155500101", "FR", "01 55 50 01 01", [])),
        ("+1415", {}, ("+1415", None, None, ["TOO_SHORT"])),
        ("+1415555267100", {}, ("+1415555267100", None, None, ["TOO_LONG"])),
        ("+11111111111", {}, ("+11111111111", None, None, ["INVALID_BUT_POSSIBLE"])),
        ("hello", {}, ("hello", None, None, ["NOT_A_NUMBER"])),
    ],
)
def test_a_number_is_looked_up(
    exchange: Exchange, number: str, options: Any, expected: tuple[Any, ...]
) -> None:
    shown = exchange.client.lookups.v2.phone_numbers(number).fetch(**options)

    found = (shown.phone_number, shown.country_code, shown.national_format, shown.validation_errors)
    assert found == expected
    assert shown.valid is (expected[3] == [])
    assert shown.line_type_intelligence is None


# twilio-php escapes whatever stands in a path; other libraries escape what they must.
@pytest.mark.parametrize(
    "path", ["%2B14155552671", "(415)%20555-2671?CountryCode=US", "%28415%29%20555-2671"]
)
def test_a_number_may_be_escaped(exchange: Exchange, path: str) -> None:
    with exchange.intercept():
        answer = httpx.get(
            f"https://lookups.twilio.com/v2/PhoneNumbers/{path}",
            auth=(exchange.account_sid, exchange.auth_token),
        )

    assert answer.json()["phone_number"] == OTHER


def test_what_lookup_says_is_scripted(exchange: Exchange) -> None:
    numbers = exchange.client.lookups.v2.phone_numbers
    fields = "line_type_intelligence,caller_name"
    unscripted = numbers("+33612345678").fetch(fields=fields)
    assert unscripted.line_type_intelligence["type"] == "mobile"
    assert unscripted.caller_name["caller_type"] == "UNDETERMINED"

    exchange.lookup_says(OTHER, caller_name="ANN LEE", caller_type="CONSUMER", line_type="landline")
    shown = numbers(OTHER).fetch(fields=fields)
    assert shown.caller_name == {
        "caller_name": "ANN LEE",
        "caller_type": "CONSUMER",
        "error_code": None,
    }
    assert shown.line_type_intelligence["type"] == "landline"

    exchange.lookup_says(OTHER, valid=False)
    assert not numbers(OTHER).fetch().valid


def test_a_package_that_is_not_simulated_is_refused_by_name(exchange: Exchange) -> None:
    with pytest.raises(TwilioRestException, match="Fields=sim_swap: this simulator") as refused:
        exchange.client.lookups.v2.phone_numbers(OTHER).fetch(fields="sim_swap")

    assert (refused.value.status, refused.value.code) == (501, 99501)


# ---- Verify


@pytest.fixture
def service(exchange: Exchange) -> Any:
    exchange.phone(CALLEE)
    exchange.verify_service("Desk", "VA" + "1" * 32)
    return exchange.client.verify.v2.services("VA" + "1" * 32)


def texted(exchange: Exchange) -> str:
    """The code in the last text that the callee got."""
    exchange.wait(5)
    return exchange.phone(CALLEE).messages[-1].body.rpartition(" ")[2]


# verify/api/verification-check: "status: approved … or pending when the code is wrong"
def test_a_code_is_texted_and_checked(exchange: Exchange, service: Any) -> None:
    started = service.verifications.create(to=CALLEE, channel="sms")
    assert (started.status, started.valid, started.channel) == ("pending", False, "sms")
    code = texted(exchange)
    assert exchange.phone(CALLEE).messages[-1].body == f"Your Desk verification code is: {code}"
    assert exchange.client.messages.list() == []

    wrong = service.verification_checks.create(to=CALLEE, code="0000")
    right = service.verification_checks.create(to=CALLEE, code=code)

    assert (wrong.status, wrong.valid) == ("pending", False)
    assert (right.status, right.valid, right.sid) == ("approved", True, started.sid)
    with pytest.raises(TwilioRestException) as refused:  # "deleted once it's approved"
        service.verification_checks.create(to=CALLEE, code=code)
    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_a_code_is_told_by_phone(exchange: Exchange, service: Any) -> None:
    started = service.verifications.create(to=CALLEE, channel="call")
    phone = exchange.phone(CALLEE)
    phone.answer()
    phone.hears("Your Desk verification code is: …")
    code = "".join(each for each in phone.last_heard if each.isdigit())

    assert len(code) == 6
    checked = service.verification_checks.create(verification_sid=started.sid, code=code)
    assert checked.status == "approved"


# "the verification expires in 10 minutes"; "the max attempts to check a code": 60202
def test_a_code_expires(exchange: Exchange, service: Any) -> None:
    service.verifications.create(to=CALLEE, channel="sms")
    code = texted(exchange)
    exchange.wait(600)

    with pytest.raises(TwilioRestException) as refused:
        service.verification_checks.create(to=CALLEE, code=code)
    assert refused.value.code == 20404


def test_five_checks_and_no_more(exchange: Exchange, service: Any) -> None:
    service.verifications.create(to=CALLEE, channel="sms")
    code = texted(exchange)
    for _ in range(5):
        service.verification_checks.create(to=CALLEE, code="0000")

    with pytest.raises(TwilioRestException) as refused:
        service.verification_checks.create(to=CALLEE, code=code)
    assert (refused.value.status, refused.value.code) == (429, 60202)


# 60203: "after starting 5 verification attempts to the same number within 10 minutes"
def test_a_code_is_sent_five_times_and_stays_the_same(exchange: Exchange, service: Any) -> None:
    codes = set()
    for _ in range(5):
        started = service.verifications.create(to=CALLEE, channel="sms")
        codes.add(texted(exchange))
    assert len(codes) == 1
    assert len(started.send_code_attempts) == 5

    with pytest.raises(TwilioRestException) as refused:
        service.verifications.create(to=CALLEE, channel="sms")
    assert (refused.value.status, refused.value.code) == (429, 60203)
    service.verifications(started.sid).update(status="canceled")
    assert service.verifications.create(to=CALLEE, channel="sms").sid != started.sid


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"to": CALLEE, "channel": "email"}, 501, 99501),
        ({"to": CALLEE, "channel": "pigeon"}, 400, 60200),
        ({"to": "hello", "channel": "sms"}, 400, 60200),
        ({"to": CALLEE, "channel": "sms", "custom_code": "1234"}, 403, 60204),
    ],
)
def test_what_is_refused(service: Any, options: Any, status: int, code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        service.verifications.create(**options)

    assert (refused.value.status, refused.value.code) == (status, code)


def test_services_are_made_by_rest(exchange: Exchange) -> None:
    services = exchange.client.verify.v2.services
    made = services.create(friendly_name="Desk", code_length=4, custom_code_enabled=True)
    started = services(made.sid).verifications.create(
        to=CALLEE, channel="sms", custom_code="987654"
    )

    assert [each.sid for each in services.list()] == [made.sid]
    assert services(made.sid).verifications(started.sid).fetch().to == CALLEE
    checks = services(made.sid).verification_checks
    assert checks.create(to=CALLEE, code="987654").valid
    assert services(made.sid).update(friendly_name="Line").friendly_name == "Line"
    assert services(made.sid).delete()
    with pytest.raises(TwilioRestException) as refused:
        services(made.sid).fetch()
    assert refused.value.code == 20404


def test_a_service_that_nobody_made_is_named_in_the_debugger(exchange: Exchange) -> None:
    with pytest.raises(TwilioRestException):
        exchange.client.verify.v2.services("VA" + "2" * 32).fetch()

    assert "make it with exchange.verify_service(sid=" in exchange.debugger[-1].text
