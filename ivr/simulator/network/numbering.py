"""Telephone numbers as their countries number them: kinds, formats, and numbers that are for sale.

What is known of a number follows from the plans that come with ``phonenumbers``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

NORTH_AMERICA = ("US", "CA")
KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
TRIES = 4000  # candidates for a search
VARIED = 7  # last digits of a number that differ between those for sale


class ForSale(NamedTuple):
    """A number that can be bought. ``city`` and ``state`` are known in North America only."""

    number: str
    national: str
    country: str
    city: str = ""
    state: str = ""


def kind(number: str) -> str:
    """Local, Mobile, TollFree, SharedCost, National, Voip; Local for what has no kind."""
    from phonenumbers import NumberParseException, PhoneNumberType, number_type, parse

    names = {
        PhoneNumberType.MOBILE: "Mobile",
        PhoneNumberType.TOLL_FREE: "TollFree",
        PhoneNumberType.SHARED_COST: "SharedCost",
        PhoneNumberType.UAN: "National",
        PhoneNumberType.VOIP: "Voip",
    }
    try:
        return names.get(number_type(parse(number, None)), "Local")
    except NumberParseException:
        return "Local"


def capabilities(country: str) -> dict[str, bool]:
    """What a number can carry: texts with pictures in North America only."""
    return {"voice": True, "sms": True, "mms": country in NORTH_AMERICA, "fax": False}


def national(number: str) -> str:
    """A number as it is written in its own country; as it is where it can't be parsed."""
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

    try:
        return format_number(parse(number, None), PhoneNumberFormat.NATIONAL)
    except NumberParseException:
        return number


def codes() -> list[str]:
    """The codes of all countries, in order."""
    from phonenumbers import SUPPORTED_REGIONS

    return sorted(SUPPORTED_REGIONS)


def country_name(code: str) -> str:
    """Its English name; the code itself where there is none."""
    from phonenumbers import example_number
    from phonenumbers.geocoder import country_name_for_number

    example = example_number(code)
    return (example and country_name_for_number(example, "en")) or code


def kinds_of(country: str) -> list[str]:
    """The kinds of number that a country has, of Local, Mobile and TollFree."""
    return [name for name in ("Local", "Mobile", "TollFree") if _example(country, name)]


def for_sale(
    seed: int,
    country: str,
    wanted: str,
    *,
    area: str = "",
    pattern: str = "",
    state: str = "",
    city: str = "",
) -> Iterator[ForSale]:
    """Numbers of a country and kind; the same ones for the same seed and search.

    ``area``: North America's area code; ``state`` and ``city`` are known there only.
    ``pattern``: Twilio's, of digits, letters of the keypad, ``*`` (one digit), ``%`` (any digits),
    ``+`` (the beginning) and ``$`` (the end).
    """
    chance = random.Random(f"{seed} {country} {wanted} {area} {pattern}")
    example = _example(country, wanted)
    digits = pattern.lower().translate(KEYPAD)
    found = _expression(digits)
    longest = max(re.findall(r"\d+", digits), key=len, default="")
    seen: set[str] = set()
    for _ in range(TRIES if example else 0):
        number = _candidate(chance, example, country, area, longest)
        if number in seen or not found.search(number.removeprefix("+")):
            continue
        seen.add(number)
        if not _is(number, country, wanted):
            continue
        offered = _described(number, country)
        if state in ("", offered.state) and city in ("", offered.city):
            yield offered


def _expression(digits: str) -> re.Pattern[str]:
    """A pattern of Twilio's (digits for letters) as a regular expression."""
    parts = {"*": r"\d", "%": r"\d*", "$": "$"}
    start = "^" if digits.startswith("+") else ""
    return re.compile(start + "".join(parts.get(each, each) for each in digits.lstrip("+")))


def _candidate(chance: random.Random, example: str, country: str, area: str, longest: str) -> str:
    """The example with other last digits, and the ``longest`` digits of a pattern somewhere."""
    kept = len(example) - VARIED
    start = example[:kept]
    if country in NORTH_AMERICA and not example.startswith("+18"):
        start = f"+1{area or chance.randint(201, 989)}"
    number = start + "".join(chance.choices("0123456789", k=len(example) - len(start)))
    if not longest or longest in number:
        return number
    first = len(start) if area else 1
    place = chance.randint(first, max(first, len(number) - len(longest)))
    return (number[:place] + longest + number[place + len(longest) :])[: len(example)]


@lru_cache(maxsize=256)
def _example(country: str, wanted: str) -> str:
    from phonenumbers import (
        PhoneNumberFormat,
        PhoneNumberType,
        example_number_for_type,
        format_number,
    )

    types = {
        "Local": PhoneNumberType.FIXED_LINE,
        "Mobile": PhoneNumberType.MOBILE,
        "TollFree": PhoneNumberType.TOLL_FREE,
    }
    if wanted == "Mobile" and country in NORTH_AMERICA:  # nobody can tell them from local ones
        return ""
    example = example_number_for_type(country, types[wanted])
    return format_number(example, PhoneNumberFormat.E164) if example else ""


def _is(number: str, country: str, wanted: str) -> bool:
    from phonenumbers import is_valid_number_for_region

    parsed = _parsed(number)
    if wanted == "TollFree" and country in NORTH_AMERICA:  # which the two share
        return kind(number) == wanted
    return is_valid_number_for_region(parsed, country) and kind(number) == wanted


def _parsed(number: str) -> Any:
    from phonenumbers import parse

    return parse(number, None)


def _described(number: str, country: str) -> ForSale:
    city, state = place(number) if country in NORTH_AMERICA else ("", "")
    return ForSale(number, national(number), country, city, state)


def place(number: str) -> tuple[str, str]:
    """(city, state) of a number of North America, as far as the plans know: "San Francisco", "CA"
    for +1415…; ("", "") for what they don't."""
    from phonenumbers.geocoder import description_for_number

    described: Sequence[str] = description_for_number(_parsed(number), "en").rsplit(", ", 1)
    city = described[0] if len(described) == 2 else ""
    return city, described[1] if city else STATES.get(described[0], "")


# States and provinces, for numbers of which no more is known.
_NAMES = (
    "Alabama AL,Alaska AK,Arizona AZ,Arkansas AR,California CA,Colorado CO,Connecticut CT,"
    "Delaware DE,Florida FL,Georgia GA,Hawaii HI,Idaho ID,Illinois IL,Indiana IN,Iowa IA,Kansas KS,"
    "Kentucky KY,Louisiana LA,Maine ME,Maryland MD,Massachusetts MA,Michigan MI,Minnesota MN,"
    "Mississippi MS,Missouri MO,Montana MT,Nebraska NE,Nevada NV,New Hampshire NH,New Jersey NJ,"
    "New Mexico NM,New York NY,North Carolina NC,North Dakota ND,Ohio OH,Oklahoma OK,Oregon OR,"
    "Pennsylvania PA,Rhode Island RI,South Carolina SC,South Dakota SD,Tennessee TN,Texas TX,"
    "Utah UT,Vermont VT,Virginia VA,Washington WA,Washington D.C. DC,West Virginia WV,Wisconsin WI,"
    "Wyoming WY,Alberta AB,British Columbia BC,Manitoba MB,New Brunswick NB,"
    "Newfoundland and Labrador NL,Nova Scotia NS,Ontario ON,Prince Edward Island PE,Quebec QC,"
    "Saskatchewan SK"
)
STATES = {name: code for name, _, code in (each.rpartition(" ") for each in _NAMES.split(","))}
