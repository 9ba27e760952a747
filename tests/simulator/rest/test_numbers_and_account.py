"""Numbers that can be bought, caller IDs, the account and its balance."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException

from ivr.twiml.verbs import Say
from tests.kit.twiml_app import CALLER, network

OTHER = "+14155550123"


@pytest.fixture
def world() -> Any:
    return network({"/voice": (Say("Welcome"),), "/bought": (Say("Bought"),)})


# availablephonenumberlocal: "AreaCode: applies to only phone numbers in the US and Canada"
def test_a_number_of_an_area_code_is_bought_and_called(world: Any) -> None:
    exchange, _, _ = world
    client = exchange.client
    offered = client.available_phone_numbers("US").local.list(area_code=415, limit=5)

    assert [each.phone_number[:5] for each in offered] == ["+1415"] * 5
    assert (
        offered[0].friendly_name
        == f"(415) {offered[0].phone_number[5:8]}-" + (offered[0].phone_number[8:])
    )
    assert offered[0].region == "CA"
    bought = client.incoming_phone_numbers.create(
        phone_number=offered[0].phone_number, voice_url="https://line.test/bought"
    )
    assert bought.friendly_name == offered[0].friendly_name
    phone = exchange.phone(CALLER)
    phone.call(bought.phone_number)
    phone.hears("Bought")
    again = client.available_phone_numbers("US").local.list(area_code=415)
    assert bought.phone_number not in [each.phone_number for each in again]


def test_the_same_seed_offers_the_same_numbers(world: Any) -> None:
    other, _, _ = network({"/voice": ()})
    offers = [
        [each.phone_number for each in exchange.client.available_phone_numbers("GB").mobile.list()]
        for exchange in (world[0], other)
    ]

    assert offers[0] == offers[1]
    assert len({*offers[0]}) == 30
    assert all(each.startswith("+447") for each in offers[0])


# "Contains: digits and letters; * matches a digit, % a sequence, + the beginning, $ the end"
@pytest.mark.parametrize(
    ("contains", "found"),
    [
        ("5105", lambda number: "5105" in number),
        ("STORM", lambda number: "78676" in number),
        ("+1510*******", lambda number: number.startswith("+1510")),
        ("99$", lambda number: number.endswith("99")),
        ("51%99", lambda number: "99" in number.partition("51")[2]),
    ],
)
def test_numbers_that_contain_something(world: Any, contains: str, found: Any) -> None:
    offered = world[0].client.available_phone_numbers("US").local.list(contains=contains, limit=5)

    assert len(offered) == 5
    assert [each.phone_number for each in offered if not found(each.phone_number)] == []


# "This pattern can be between 2 and 16 characters long"
@pytest.mark.parametrize("contains", ["5", "+", "+1510%%%%%%%%%%%$", "51-05"])
def test_patterns_that_are_refused(world: Any, contains: str) -> None:
    with pytest.raises(TwilioException, match=r'HTTP 400 \{"code": 20001, "message": "Contains'):
        world[0].client.available_phone_numbers("US").local.list(contains=contains)


@pytest.mark.parametrize(
    ("country", "kind", "options", "start"),
    [
        ("US", "toll_free", {}, "+18"),
        ("CA", "local", {"in_region": "ON"}, "+1"),
        ("FR", "mobile", {}, "+33"),
        ("US", "local", {"in_region": "NY", "sms_enabled": True}, "+1"),
    ],
)
def test_kinds_and_places(world: Any, country: str, kind: str, options: Any, start: str) -> None:
    numbers = getattr(world[0].client.available_phone_numbers(country), kind)
    offered = numbers.list(limit=3, **options)

    assert len(offered) == 3
    assert {each.phone_number.startswith(start) for each in offered} == {True}
    assert {each.iso_country for each in offered} == {country}
    if "in_region" in options:
        assert {each.region for each in offered} == {options["in_region"]}


def test_countries(world: Any) -> None:
    numbers = world[0].client.available_phone_numbers
    countries = {each.country_code: each.country for each in numbers.list()}

    assert countries["US"] == "United States"
    assert {*numbers("FR").fetch().subresource_uris} == {"local", "mobile", "toll_free"}
    with pytest.raises(TwilioRestException) as refused:
        numbers("XX").fetch()
    assert refused.value.code == 20404


# incomingphonenumber: "AreaCode … purchase a number in that area code without specifying one"
def test_any_number_of_an_area_code_is_bought(world: Any) -> None:
    client = world[0].client
    bought = client.incoming_phone_numbers.create(area_code="212")

    assert bought.phone_number.startswith("+1212")
    with pytest.raises(TwilioRestException) as refused:
        client.incoming_phone_numbers.create(area_code="999")
    assert (refused.value.status, refused.value.code) == (400, 21452)


def test_numbers_of_one_kind(world: Any) -> None:
    client = world[0].client
    made = client.incoming_phone_numbers.mobile.create(phone_number="+33612345678")
    mobile = client.incoming_phone_numbers.mobile.list()
    free = client.incoming_phone_numbers.toll_free.list()

    assert [each.sid for each in mobile] == [made.sid]
    assert [each.phone_number for each in free] == ["+33800000001"]
    with pytest.raises(TwilioRestException) as refused:
        client.incoming_phone_numbers.local.create(phone_number="+33612345679")
    assert refused.value.code == 21421


# docs/api/errors/21457: "The AreaCode parameter … is not supported on the
# IncomingPhoneNumbers/Local & IncomingPhoneNumbers/TollFree sub-resources."
def test_a_number_of_a_kind_is_not_bought_by_its_area_code(world: Any) -> None:
    exchange = world[0]
    sold = f"https://api.twilio.com/2010-04-01/Accounts/{exchange.account_sid}"

    refused = exchange.client.request(
        "POST", f"{sold}/IncomingPhoneNumbers/Local.json", data={"AreaCode": "212"}
    )

    assert refused.status_code == 400
    assert json.loads(refused.text)["code"] == 21457


# ---- the account


def test_the_account(world: Any) -> None:
    exchange = world[0]
    account = exchange.client.api.accounts(exchange.account_sid)

    assert account.update(friendly_name="Ohio").friendly_name == "Ohio"
    assert [each.sid for each in exchange.client.api.accounts.list()] == [exchange.account_sid]
    assert exchange.client.api.accounts.list(friendly_name="Texas") == []
    with pytest.raises(TwilioRestException) as refused:
        exchange.client.api.accounts.create(friendly_name="part")
    assert (refused.value.status, refused.value.code) == (501, 99501)


def test_the_balance_is_what_the_test_says(world: Any) -> None:
    exchange = world[0]
    exchange.account.balance, exchange.account.currency = "3.20", "EUR"

    shown = exchange.client.balance.fetch()

    assert (shown.balance, shown.currency) == ("3.20", "EUR")


def test_a_key_is_renamed(world: Any) -> None:
    client = world[0].client
    sid = client.new_keys.create(friendly_name="a").sid

    assert client.keys(sid).update(friendly_name="b").friendly_name == "b"
    assert client.keys(sid).fetch().friendly_name == "b"


# ---- verified caller IDs


def validating(exchange: Any, **options: Any) -> Any:
    return exchange.client.validation_requests.create(
        phone_number=OTHER, status_callback="https://line.test/verified", **options
    )


# "the number is called, and the person who answers must key the validation code"
def test_a_caller_id_is_verified_by_a_call() -> None:
    exchange, app, _ = network({"/voice": (Say("Welcome"),), "/verified": ""})
    other = exchange.phone(OTHER)
    request = validating(exchange, friendly_name="Jenny's cell", call_delay=5)
    assert request.friendly_name == "Jenny's cell"
    assert len(request.validation_code) == 6

    exchange.wait(4)
    assert not other.ringing
    other.answer()
    other.hears("… six digit verification code.")
    other.press(request.validation_code)
    other.hears("Thank you. Your caller ID has been verified.")
    exchange.wait(10)

    (row,) = exchange.client.outgoing_caller_ids.list(phone_number=OTHER)
    assert row.friendly_name == "Jenny's cell"
    (told,) = app.asked("/verified")
    assert (told["VerificationStatus"], told["CallStatus"]) == ("success", "completed")
    assert (told["To"], told["OutgoingCallerIdSid"]) == (OTHER, row.sid)
    exchange.client.calls.create(to=CALLER, from_=OTHER, url="https://line.test/voice")
    assert exchange.client.outgoing_caller_ids(row.sid).delete()
    with pytest.raises(TwilioRestException) as refused:
        exchange.client.calls.create(to=CALLER, from_=OTHER, url="https://line.test/voice")
    assert refused.value.code == 21210


# "if the call ends without the code being entered correctly … VerificationStatus=failed";
# "also … if a call is not answered or the line was busy"
@pytest.mark.parametrize(
    ("habit", "options", "status"),
    [
        ("answer", {"press": "000000"}, "completed"),
        ("busy", {}, "busy"),
        ("ring", {}, "no-answer"),
    ],
)
def test_a_caller_id_that_is_not_verified(habit: str, options: Any, status: str) -> None:
    exchange, app, _ = network({"/voice": (Say("Welcome"),), "/verified": ""})
    exchange.phone(OTHER).will(habit, **options)
    validating(exchange)
    exchange.wait(120)

    (told,) = app.asked("/verified")
    assert (told["VerificationStatus"], told["CallStatus"]) == ("failed", status)
    assert exchange.client.outgoing_caller_ids.list() == []


def test_a_verified_number_is_renamed_and_not_verified_again(world: Any) -> None:
    exchange = world[0]
    sid = exchange.verify(OTHER).sid
    rows = exchange.client.outgoing_caller_ids

    assert rows(sid).update(friendly_name="Office").friendly_name == "Office"
    assert rows(sid).fetch().phone_number == OTHER
    with pytest.raises(TwilioRestException) as refused:
        validating(exchange)
    assert refused.value.code == 21450
