"""Whose a shown number is, and at which numbers the line ever calls anybody."""

from __future__ import annotations

import pytest

from ivr.line.desk.phone_numbers import dialled, forbidden, shown, uncallable, withheld

CONTRACTS = ("DE", "FR", "US")
OWN = ("+33800000001",)


# "Withheld callers arrive as `anonymous`, `+266696687` (ANONYMOUS), `+7378742833`/`+17378742833`
# (RESTRICTED), `+2562533`/`+12562533` (BLOCKED), `+8656696`/`+18656696` (UNKNOWN), `+86282452253`
# (UNAVAILABLE)" (https://www.twilio.com/docs/voice/twiml, "Request parameters")
@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "anonymous",
        "Anonymous",
        "+266696687",
        "266696687",
        "+7378742833",
        "+17378742833",
        "+2562533",
        "+12562533",
        "+8656696",
        "+18656696",
        "+86282452253",
        "sip:anonymous@anonymous.invalid",
        "sip:+266696687@example.com",
        "+anonymous",
        "+10000000000",  # what some switchboards show for everybody
        "+331",
    ],
)
def test_who_withholds_their_number_is_nobody_however_it_is_spelled(spelled: str) -> None:
    assert shown(spelled) == ""


@pytest.mark.parametrize(
    ("caller", "so"),
    [
        ("anonymous", True),
        ("sip:anonymous@anonymous.invalid", True),
        ("+17378742833", True),
        ("", True),
        ("+33155500101", False),
        ("+10000000000", False),  # nobody's, but nobody withholds it
        ("sip:marie@helio.example", False),
        ("client:op1", False),
    ],
)
def test_pages_say_of_who_withholds_their_number_that_they_do(caller: str, so: bool) -> None:
    assert withheld(caller) == so


@pytest.mark.parametrize(
    "number", ["+33155500101", "+12025550104", "+881612345678", "+447012345678"]
)
def test_whose_number_is_shown_is_somebody_wherever_they_are(number: str) -> None:
    assert shown(number) == number


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+33155500101", ""),
        ("+4916093000000", ""),
        ("+33899700000", "premium-rate"),
        ("+33112", "emergency"),
        ("+3315550020", "too long or too short"),
        ("+331555002011", "too long or too short"),
        ("nonsense", "no telephone number"),
        ("", "no telephone number"),
    ],
)
def test_some_numbers_are_dialled_for_nobody(number: str, why: str) -> None:
    assert why in forbidden(number)
    assert bool(why) == bool(forbidden(number))


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+33155500101", ""),
        ("+12025550104", ""),
        ("+81355500102", "it is in JP, and only DE, FR, US are called"),
        ("+3225550102", "it is in BE"),
        ("+881612345678", "it is in no country"),  # a satellite's
        ("+870773111632", "it is in no country"),
        ("+80012345678", "it is in no country"),
        ("+447012345678", "a personal number"),
        ("+10000000000", "no such number"),
        ("+33800000001", "the line's own"),
        ("+33899700000", "premium-rate"),
        ("", "no telephone number"),
    ],
)
def test_a_customer_is_called_back_where_there_are_contracts_and_nowhere_else(
    number: str, why: str
) -> None:
    assert why in uncallable(number, CONTRACTS, OWN)
    assert bool(why) == bool(uncallable(number, CONTRACTS, OWN))


@pytest.mark.parametrize("keys", ["112", "911", "0899700000", "0044", "3115", "00252612345678"])
def test_a_caller_cannot_have_the_line_call_just_anybody(keys: str) -> None:
    number = dialled(keys, "FR")
    assert number is None or uncallable(number, CONTRACTS)
