"""Where numbers are: the country by the prefix, the rest as it is told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis.strategies import from_regex
from phonenumbers import NumberParseException, parse, region_code_for_number

from ivr.simulator import Exchange
from ivr.simulator.network.places import country
from tests.kit.twiml_app import LINE, App

VOICE = {"/voice": "<Response><Gather/></Response>", "/sms": "<Response/>"}


def line() -> tuple[Exchange, App]:
    exchange, app = Exchange(seed=1), App(VOICE)
    exchange.number(LINE, app, "/voice", sms="/sms")
    return exchange, app


# "CallerCountry: the country of the caller's phone number" (docs/voice/twiml#request-parameters)
@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+33155500101", "FR"),
        ("+12025550121", "US"),
        ("+14165550121", "CA"),
        ("+81355500013", "JP"),
        ("+266696687", ""),  # withheld: no number at all
        ("client:marie", ""),
        ("sip:marie@helio.example", ""),
    ],
)
def test_the_country_follows_from_the_prefix(number: str, country: str) -> None:
    exchange, app = line()

    exchange.phone(number).call(LINE)

    [asked] = app.asked("/voice")
    assert (asked["FromCountry"], asked["CallerCountry"]) == (country, country)
    assert (asked["ToCountry"], asked["CalledCountry"]) == ("FR", "FR")
    assert (asked["FromCity"], asked["FromState"], asked["FromZip"]) == ("", "", "")


@given(from_regex(r"\+[0-9]{1,17}", fullmatch=True))
def test_every_country_is_the_one_that_the_plans_say(number: str) -> None:
    try:
        planned = region_code_for_number(parse(number, None))
    except NumberParseException:
        planned = None
    known = planned is not None and len(planned) == 2  # "001" are numbers of no country

    assert country(number) == (planned if known else "")


def test_a_place_that_is_told() -> None:
    exchange, app = line()
    exchange.phone("+12025550121", city="WASHINGTON", state="DC", zip="20001").call(LINE)
    exchange.phone("+12025550121").text(LINE, "Hello")

    [asked] = app.asked("/voice")
    told = {name: value for name, value in asked.items() if name.startswith("Caller")}
    assert told == {
        "Caller": "+12025550121",
        "CallerCity": "WASHINGTON",
        "CallerState": "DC",
        "CallerZip": "20001",
        "CallerCountry": "US",
    }
    exchange.wait(5)
    [text] = app.asked("/sms")
    assert (text["FromCity"], text["FromCountry"], text["ToCountry"]) == ("WASHINGTON", "US", "FR")


# docs/add-ons: "the AddOns parameter … a JSON string"
def test_what_an_add_on_adds() -> None:
    exchange, app = line()
    exchange.adds(AddOns=json.dumps({"status": "successful"}))

    exchange.phone("+33155500101").call(LINE)

    [asked] = app.asked("/voice")
    assert json.loads(asked["AddOns"]) == {"status": "successful"}
